"""A load file: what was used in intervals of one length, one after the other without a hole.

=================  =====================================================================================
column             cells
=================  =====================================================================================
interval_start     ISO 8601 with an offset or Z, any offset, also a different one in each row
import_kwh         plain decimals of 0 or more, at most nine decimals; so are all other quantities
export_kwh, kvarh  may be left out
=================  =====================================================================================

A quantity that the tariff's charges name is a column of its own (``volume_m3``, ``controlled_load_kwh``, ...); every other
column is passed over.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from schemas.errors import InputRefusedError
from tariffs.clock import Integers
from tariffs.scalars import MINUTES_OF_DAY, QUANTITY_PLACES
from tariffs.simulation.csv_table import CsvTable, read_table

IMPORT, EXPORT, REACTIVE = "import_kwh", "export_kwh", "kvarh"
OPTIONAL = (IMPORT, EXPORT, REACTIVE)
"""Quantities that are read wherever the file has them."""
_MOST = 2**62
"""A quantity's sum stays well within 64 bits."""


@dataclass(frozen=True)
class Load:
    """What was used, interval by interval.

    Attributes:
        where: name of the file, for messages.
        minutes: length of an interval [min].
        starts: int64 (t,), start of each interval [s since 1970 UTC], consecutive.
        values: by quantity: int64 (t,); value times 10^-scale is the quantity in its unit.
        scales: by quantity.
    """

    where: str
    minutes: int
    starts: Integers
    values: Mapping[str, Integers]
    scales: Mapping[str, int]

    @property
    def step(self) -> int:
        """Length of an interval [s]."""
        return self.minutes * 60

    @property
    def ends_at(self) -> int:
        """End of the last interval [s since 1970 UTC]."""
        return int(self.starts[-1]) + self.step


def read_load(text: str, where: str, *, needed: Collection[str] = (IMPORT,)) -> Load:
    """Return the load of a CSV text.

    Args:
        text: the file's text.
        where: its name, for messages.
        needed: quantities that must be there, besides those that may.

    Raises:
        InputRefusedError: ``table.…``: see ``read_table``; ``load.negative``: a quantity below 0; ``load.order``: not in
            order, or twice; ``load.gap``: intervals are missing; ``load.length``: of several lengths, of one that is not
            whole minutes dividing the day, or a single interval, which shows none; ``load.size``: too large to be added up.
    """
    must = sorted(needed)
    may = [name for name in OPTIONAL if name not in needed]
    table = read_table(text, where, ["interval_start", *must], may)
    starts = table.instants("interval_start")
    minutes = _minutes_of(table, starts)
    values: dict[str, Integers] = {}
    scales: dict[str, int] = {}
    for name in (*must, *may):
        if name in table.columns:
            values[name], scales[name] = _quantities(table, name)
    return Load(where, minutes, starts, values, scales)


def _quantities(table: CsvTable, name: str) -> tuple[Integers, int]:
    values, scale = table.decimals(name, places=QUANTITY_PLACES)
    if values.min() < 0:
        code, row = "load.negative", int(np.argmax(values < 0))
        raise table.refusal(code, row, f"{name} is {table.columns[name][row]}", "what flows the other way is another quantity")
    if int(values.max()) * len(values) >= _MOST:
        code, row = "load.size", int(np.argmax(values))
        raise table.refusal(code, row, f"{name} {table.columns[name][row]} is too large to be added up")
    return values, scale


def _minutes_of(table: CsvTable, starts: Integers) -> int:
    """Return the length of the intervals [min], after every start has been looked at."""
    if len(starts) == 1:
        code, hint = "load.length", "a load has two intervals or more"
        raise table.refusal(code, 0, "a single interval does not show how long it is", hint)
    steps = np.diff(starts)
    lengths, counts = np.unique(steps, return_counts=True)
    usual = int(lengths[np.argmax(counts)])
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 1
        code, what = "load.order", "stands twice" if steps[row - 1] == 0 else "comes after a later one"
        raise table.refusal(code, row, f"the interval from {_utc(starts[row])} {what}", "order the rows by time, each once")
    if usual % 60 or MINUTES_OF_DAY % (usual // 60) or starts[0] % 60:
        code, what = "load.length", f"intervals of {usual} s from {_utc(starts[0])} are no whole minutes that divide the day"
        raise table.refusal(code, 0, what)
    odd = np.flatnonzero(steps != usual)
    if len(odd):
        raise _odd_step(table, starts, int(odd[0]), usual)
    return usual // 60


def _odd_step(table: CsvTable, starts: Integers, place: int, usual: int) -> InputRefusedError:
    """Return the error of an interval that does not begin where the one before ends."""
    before, after, row = int(starts[place]), int(starts[place + 1]), place + 1
    if after < before + usual:
        code, what = "load.length", f"the interval from {_utc(after)} begins inside the one before, of {usual // 60} minutes"
    elif (after - before) % usual:
        code, what = "load.length", f"{_utc(after)} is no multiple of {usual // 60} minutes after the interval before"
    else:
        code, what = "load.gap", f"nothing from {_utc(before + usual)} to {_utc(after)}"
    return table.refusal(code, row, what, f"give every interval of {usual // 60} minutes once, zeros written down")


def _utc(instant: int) -> str:
    return f"{datetime.fromtimestamp(int(instant), UTC):%Y-%m-%d %H:%M} UTC"
