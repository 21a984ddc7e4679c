"""Carried state: what a billing period is handed over by the one before it, such as a bank, earlier peaks, sums of the year.

What a period is handed is, in this order: the opening values that master data give for its first day; what the bill before it
handed on; nothing, where it is the agreement's first period ever. Where none of these is known the agreement is held: a bank or
a peak that is not known is not zero. The bill before is the one that ends where this period begins: a final one as it stands,
else the one that this run drew up, else the draft that stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.due import Due, Held
from pipelines.bill.holds import HoldCode
from pipelines.lakehouse.store import Snapshot
from pipelines.masterdata.master import MasterData
from schemas.bills import BILLS
from schemas.codes import BillStatus
from schemas.periods import local_date
from schemas.table import AMOUNT
from schemas.usage import CARRIED_STATE
from tariffs.exact import Exact

State = Mapping[str, Decimal]
"""Names to values; a name that is not there is zero."""
_NOTHING: State = {}
_PLACES = AMOUNT.scale
_NARROW = 2**62


@dataclass(frozen=True)
class _Left:
    """What a standing bill hands on."""

    final: bool
    state: State


@dataclass
class StateBook:
    """What the bills of a bucket handed on, those of this run included.

    Attributes:
        base: the store before this run.
        bucket: the bucket.
        master: its master data.
        drawn: what the bills that this run drew up hand on, by agreement and the end of their period.
        held: agreements and ends of periods that this run holds: a draft that stood there is withdrawn.
    """

    base: Snapshot
    bucket: int
    master: MasterData
    drawn: dict[tuple[str, datetime], State] = field(default_factory=dict)
    held: set[tuple[str, datetime]] = field(default_factory=set)
    _months: dict[str, dict[tuple[str, datetime], _Left]] = field(default_factory=dict)

    def note_held(self, held: Iterable[Held]) -> None:
        """Note what this run holds; a hold that waits for its day leaves a draft as it is."""
        self.held |= {(one.due.agreement_id, one.due.ends_at) for one in held if one.code is not HoldCode.PERIOD_OPEN}

    def opening(self, due: Due) -> State | None:
        """Return what a billing period is handed; None where nobody knows."""
        given = self._given.get((due.agreement_id, due.period_from))
        if given is not None:
            return given
        before = (due.agreement_id, due.starts_at)
        standing = self._standing(due)
        if standing is not None and standing.final:
            return standing.state
        if before in self.drawn:
            return self.drawn[before]
        if standing is not None and before not in self.held:
            return standing.state
        return _NOTHING if due.started else None

    def passed_on(self, due: Due) -> State:
        """Return what goes through a billing period whose tariff has no use for it, so that no bank is lost on the way."""
        if not self._anything_carried:
            return _NOTHING
        return self.opening(due) or _NOTHING

    @cached_property
    def _anything_carried(self) -> bool:
        return bool(self.base.files(CARRIED_STATE, bucket=str(self.bucket)) or self.master.opening.num_rows)

    def opening_or_hold(self, due: Due) -> State | Held:
        """Return what a billing period is handed, or the hold of an agreement of which that is not known."""
        found = self.opening(due)
        if found is not None:
            return found
        message = (
            f"tariff {due.tariff_id} goes on from the period before, and agreement {due.agreement_id} has no bill that ends "
            f"on {due.period_from}: bill that period first, or load its opening_state as of {due.period_from}"
        )
        return Held(due, HoldCode.PREVIOUS_MISSING, message)

    @cached_property
    def _given(self) -> dict[tuple[str, date], State]:
        """Opening values of master data by agreement and local day."""
        rows = self.master.agreements.select(["agreement_id", "billing_clock"]).to_pylist()
        clocks = {row["agreement_id"]: row["billing_clock"] for row in rows}
        found: dict[tuple[str, date], dict[str, Decimal]] = {}
        for row in self.master.opening.to_pylist():
            day = local_date(row["as_of"], clocks[row["agreement_id"]])
            found.setdefault((row["agreement_id"], day), {})[row["name"]] = row["value"]
        return dict(found)

    def _standing(self, due: Due) -> _Left | None:
        """Return what the standing bill that ends where a period begins hands on."""
        first = due.period_from
        for month in dict.fromkeys(day.isoformat()[:7] for day in (first - timedelta(days=1), first)):
            if month not in self._months:
                self._months[month] = _left_in(self.base, month, self.bucket)
            found = self._months[month].get((due.agreement_id, due.starts_at))
            if found is not None:
                return found
        return None


def _left_in(base: Snapshot, month: str, bucket: int) -> dict[tuple[str, datetime], _Left]:
    """Return what the bills of a month hand on, by agreement and end of the period."""
    partition = {"month": month, "bucket": str(bucket)}
    states: dict[tuple[str, date, date], dict[str, Decimal]] = {}
    names = ["agreement_id", "period_from", "period_to", "name", "closing"]
    for row in base.read(CARRIED_STATE, columns=names, **partition).to_pylist():
        states.setdefault((row["agreement_id"], row["period_from"], row["period_to"]), {})[row["name"]] = row["closing"]
    slim = ["agreement_id", "period_from", "period_to", "ends_at", "status"]
    live = pc.field("status") != BillStatus.CANCELLED.value
    return {
        (row["agreement_id"], row["ends_at"]): _Left(
            row["status"] == BillStatus.FINAL.value,
            states.get((row["agreement_id"], row["period_from"], row["period_to"]), _NOTHING),
        )
        for row in base.read(BILLS, columns=slim, filters=live, **partition).to_pylist()
    }


def columns_of(states: Sequence[State]) -> dict[str, Exact]:
    """Return the values of n agreements as columns by name, zero where an agreement has none.

    >>> columns_of([{"bank.money": Decimal("1.50")}, {}])["bank.money"]
    Exact(values=array([15,  0]), scale=1)
    """
    names = sorted({name for state in states for name in state})
    return {name: exact_column([state.get(name, Decimal(0)) for state in states]) for name in names}


def exact_column(values: Sequence[Decimal]) -> Exact:
    """Return decimals as integers with as many decimals as any of them needs."""
    parts = [_parts(value) for value in values]
    scale = max((places for _, places in parts), default=0)
    numbers = [number * 10 ** (scale - places) for number, places in parts]
    narrow = all(abs(number) < _NARROW for number in numbers)
    return Exact(np.array(numbers, dtype=np.int64 if narrow else object), scale)


def _parts(value: Decimal) -> tuple[int, int]:
    """Return a decimal as an integer and its number of decimals, none of them needless; nothing is ever rounded."""
    sign, digits, exponent = value.as_tuple()
    number = int("".join(map(str, digits))) * (-1 if sign else 1)
    places = -int(exponent)
    while places > 0 and number % 10 == 0:
        number, places = number // 10, places - 1
    return (number, places) if places >= 0 else (number * 10**-places, 0)


def states_of(columns: Mapping[str, Exact], agreements: int) -> list[dict[str, Decimal]]:
    """Return what each of n agreements hands on, zeros left out, at the 18 decimals that the store keeps."""
    states: list[dict[str, Decimal]] = [{} for _ in range(agreements)]
    for name, column in sorted(columns.items()):
        for number, value in zip(np.flatnonzero(column.values).tolist(), _decimals(column), strict=True):
            if value:
                states[number][name] = value
    return states


def _decimals(column: Exact) -> list[Decimal]:
    """Return the values that are not zero."""
    picked = column.take(np.flatnonzero(column.values))
    return picked.to_arrow(AMOUNT).to_pylist()


def state_rows(dues: Sequence[Due], opening: Sequence[State], closing: Sequence[State], *, bucket: int, run_id: str) -> pa.Table:
    """Return the rows of ``CARRIED_STATE`` of some bills.

    Args:
        dues: the agreements and periods.
        opening: what each was handed.
        closing: what each hands on.
        bucket: bucket of their service points.
        run_id: stands in the rows.
    """
    rows = [
        {
            "month": due.month,
            "bucket": bucket,
            "agreement_id": due.agreement_id,
            "service_point_id": due.service_point_id,
            "period_from": due.period_from,
            "period_to": due.period_to,
            "name": name,
            "opening": before.get(name, Decimal(0)),
            "closing": after.get(name, Decimal(0)),
            "run_id": run_id,
        }
        for due, before, after in zip(dues, opening, closing, strict=True)
        for name in sorted(before.keys() | after.keys())
    ]
    return pa.Table.from_pylist(rows, schema=CARRIED_STATE.schema)
