"""Cells of one column of a plain table as exact numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import POWERS_OF_TEN, Bytes, Ints
from pipelines.ingest.numbers import FINEST_EXPONENT, Number, parse_number, shortest
from pipelines.ingest.rejected import Fault
from pipelines.ingest.tables.rows import CsvBlock

States = np.ndarray[Any, np.dtype[np.int8]]
MISSING_WORDS = frozenset({"", "nan", "null"})
"""What stands for no value, whatever its case."""
MOST_DIGITS = 15
"""Digits of a value that is no plain number, such as a negative one: more than any meter has."""
LARGEST = 9_000_000_000
"""A value must be smaller [unit of the store]: then it fits 64 bits with nine decimals."""


class State(IntEnum):
    """What is in a cell."""

    VALUE = 0
    EMPTY = 1
    SET_ASIDE = 2


class Cells(NamedTuple):
    """Cells of some rows: ``digits / 10 ** decimals``, and what each is; ``digits`` are 0 where there is no value."""

    digits: Ints
    decimals: Bytes
    state: States

    def where(self, chosen: Any) -> Cells:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the cells."""
        return Cells(*(part[chosen] for part in self))


def read_cells(block: CsvBlock, column: str) -> tuple[Cells, dict[int, Fault]]:
    """Read the cells of a column.

    Returns:
        the cells, and why some are set aside, by row: ``value.invalid`` or ``value.range``.
    """
    fields = block.fields(column)
    good = block.numbers.good[fields]
    cells = Cells(
        np.where(good, block.numbers.digits[fields], 0),
        np.where(good, block.numbers.decimals[fields], np.uint8(0)),
        np.where(block.table.lengths(fields) == 0, State.EMPTY, State.VALUE).astype(np.int8),
    )
    faults: dict[int, Fault] = {}
    odd = np.flatnonzero(~good & (cells.state == State.VALUE))
    for row, text in zip(odd.tolist(), block.texts(fields[odd]), strict=True):
        found = _read_odd(text.strip())
        if isinstance(found, Number):
            cells.digits[row], cells.decimals[row] = found
        else:
            cells.state[row] = State.EMPTY if found is None else State.SET_ASIDE
            if found is not None:
                faults[row] = found
    return cells, faults


def _read_odd(text: str) -> Number | Fault | None:
    """Read a cell that is no plain number; None where it says that there is no value."""
    if text.lower() in MISSING_WORDS:
        return None
    number = parse_number(text)
    if number is None:
        return Fault("value.invalid", f"'{text[:40]}' is no number")
    number = shortest(number, 0)
    if abs(number.digits) >= 10**MOST_DIGITS:
        finest = number.decimals > -FINEST_EXPONENT
        return Fault("value.precision" if finest else "value.range", f"'{text[:40]}' has more digits than the store keeps")
    return number


def fit_cells(cells: Cells, exponent: int) -> tuple[Cells, dict[int, Fault]]:
    """Take off decimals that are zeros, and set aside what the store cannot hold.

    Args:
        cells: the cells.
        exponent: value times ``10 ** exponent`` is the value in the unit of the store.

    Returns:
        the cells, and why some are set aside, by row: ``value.precision`` or ``value.range``.
    """
    digits, decimals, state = cells.digits.copy(), cells.decimals.astype(np.int64), cells.state.copy()
    rows = np.flatnonzero(decimals > 0)
    while len(rows):
        rows = rows[digits[rows] % 10 == 0]
        digits[rows] //= 10
        decimals[rows] -= 1
        rows = rows[decimals[rows] > 0]
    too_fine = (exponent - decimals < FINEST_EXPONENT) & (state == State.VALUE)
    size = np.abs(digits).astype(np.float64) * 10.0 ** (exponent - decimals)
    too_large = (size >= LARGEST) & (state == State.VALUE) & ~too_fine
    faults = dict.fromkeys(
        np.flatnonzero(too_fine).tolist(), Fault("value.precision", "more than nine decimals in the unit of the store")
    )
    faults |= dict.fromkeys(np.flatnonzero(too_large).tolist(), Fault("value.range", "more than the store can hold"))
    state[too_fine | too_large] = State.SET_ASIDE
    digits[state != State.VALUE] = 0
    decimals[state != State.VALUE] = 0
    return Cells(digits, decimals.astype(np.uint8), state), faults


def scale_runs(cells: Cells, begins: Ints, exponent: int, base: int) -> tuple[Ints, Ints]:
    """Bring each run of cells to one exponent.

    Args:
        cells: fitted cells of the runs one after the other.
        begins: (runs,) where each run begins.
        exponent: of the cells' unit.
        base: decimals each run has at least.

    Returns:
        (cells,) integers and (runs,) exponents.
    """
    most = np.maximum(np.maximum.reduceat(cells.decimals.astype(np.int64), begins), base)
    lengths = np.diff(np.append(begins, len(cells.digits)))
    values = cells.digits * POWERS_OF_TEN[np.repeat(most, lengths) - cells.decimals]
    return values, exponent - most
