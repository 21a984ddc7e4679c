"""Standing: what a bucket's bills and holds were before this run, and how new ones join them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.due import Due, Held
from pipelines.bill.holds import OWNERS, HoldCode
from pipelines.plan import RunPlan
from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.codes import BillStatus
from schemas.crm import CRM_RECORDS
from schemas.periods import month_dates
from schemas.table import Table
from schemas.usage import CARRIED_STATE, USAGE

SETTLED_TABLES = (BILLS, CHARGE_LINES, USAGE, CARRIED_STATE, HOLDS, CRM_RECORDS)
_SLIM = [
    "bill_id", "agreement_id", "period_from", "period_to", "starts_at", "ends_at", "status", "inputs_sha256", "billing_basis",
]  # fmt: skip


@dataclass(frozen=True)
class Merged:
    """Bills and holds after the run.

    Attributes:
        bills: every bill of the months, cancelled ones included.
        lines: their lines.
        usage: their determinants.
        state: what they were handed and hand on.
        holds: open and closed.
        counters: figures for the report.
    """

    bills: pa.Table
    lines: pa.Table
    usage: pa.Table
    state: pa.Table
    holds: pa.Table
    counters: Counter[str] = field(default_factory=Counter)

    @property
    def months(self) -> list[str]:
        """Months that have a row."""
        return sorted({m for table in (self.bills, self.holds) for m in pc.unique(table["month"]).to_pylist()})


@dataclass(frozen=True)
class _Verdict:
    """Which rows stay and which come."""

    dropped: set[str]
    taken: set[str]
    settled: set[tuple[str, date, date]]
    candidates: int


@dataclass(frozen=True)
class Standing:
    """Rows of the months a run may touch, as they were."""

    months: tuple[str, ...]
    bills: pa.Table
    lines: pa.Table
    usage: pa.Table
    state: pa.Table
    holds: pa.Table
    records: pa.Table
    first_day: date
    end_day: date

    def merge(
        self,
        drafts: pa.Table,
        lines: pa.Table,
        usage: pa.Table,
        state: pa.Table,
        held: Sequence[Held],
        *,
        opened_at: datetime,
        run_id: str,
        bucket: int,
    ) -> Merged:
        """Join new drafts and holds with what stands.

        Args:
            drafts: new bills.
            lines: their lines.
            usage: their determinants.
            state: what they were handed and hand on.
            held: agreements that were not billed.
            opened_at: stamped on new holds.
            run_id: likewise.
            bucket: bucket of all rows.
        """
        verdict = self._judge(drafts, held)
        keep_bills = pc.invert(pc.is_in(self.bills["bill_id"], value_set=_texts(verdict.dropped)))
        keep_lines = pc.invert(pc.is_in(self.lines["bill_id"], value_set=_texts(verdict.dropped)))
        new = drafts.filter(pc.is_in(drafts["bill_id"], value_set=_texts(verdict.taken)))
        new_lines = lines.filter(pc.is_in(lines["bill_id"], value_set=_texts(verdict.taken)))
        bills = pa.concat_tables([self.bills.filter(keep_bills), new]).combine_chunks()
        usage, state = _rows_of(bills, self.usage, usage, new), _rows_of(bills, self.state, state, new)
        held = [one for one in held if one.due.key not in verdict.settled]
        holds, opened = self._holds(held, opened_at=opened_at, run_id=run_id, bucket=bucket)
        counters = Counter(
            bills_made=new.num_rows,
            bills_kept=bills.num_rows - new.num_rows,
            bills_withdrawn=len(verdict.dropped - verdict.taken),
            rebill_candidates=verdict.candidates,
            holds_open=len(held),
            holds_new=opened,
        )
        kept_lines = pa.concat_tables([self.lines.filter(keep_lines), new_lines]).combine_chunks()
        return Merged(bills, kept_lines, usage, state, holds, counters)

    def _judge(self, drafts: pa.Table, held: Sequence[Held]) -> _Verdict:
        """Decide, agreement by agreement, whether a new draft or the standing bill counts."""
        standing: dict[str, list[dict[str, Any]]] = {}
        for row in self.bills.select(_SLIM).to_pylist():
            standing.setdefault(row["agreement_id"], []).append(row)
        if not standing:
            return _Verdict(set(), set(drafts["bill_id"].to_pylist()), set(), 0)
        taken, dropped, confirmed, candidates = _weigh(drafts, standing)
        settled: set[tuple[str, date, date]] = set()
        for one in held:
            for bill in standing.get(one.due.agreement_id, ()):
                if _outlasts(bill, one):
                    settled.add(one.due.key)
                    confirmed.add(bill["bill_id"])
        for bill in (bill for rows in standing.values() for bill in rows):
            by_reads = bill["billing_basis"] == "register"  # its period began with a read before the first day
            inside = self.first_day < bill["period_to"] <= self.end_day and (by_reads or self.first_day <= bill["period_from"])
            if bill["status"] == BillStatus.DRAFT.value and inside and bill["bill_id"] not in confirmed:
                dropped.add(bill["bill_id"])
        return _Verdict(dropped, taken, settled, candidates)

    def _holds(self, held: Sequence[Held], *, opened_at: datetime, run_id: str, bucket: int) -> tuple[pa.Table, int]:
        """Return the holds after the run and how many of them are new."""
        before = {(r["agreement_id"], r["period_from"], r["period_to"]): r for r in self.holds.to_pylist()}
        after = {
            key: row | {"status": "closed"}
            for key, row in before.items()
            if self.first_day <= row["period_from"] and row["period_to"] <= self.end_day
        }
        after = before | after
        opened = 0
        for one in held:
            key = one.due.key
            known = before.get(key)
            if known is not None and known["status"] == "open" and known["code"] == one.code.value:
                after[key] = known | {"message": one.message}
                continue
            opened += 1
            after[key] = _hold_row(one, opened_at, run_id, bucket)
        return pa.Table.from_pylist([after[key] for key in sorted(after)], schema=HOLDS.schema), opened


def _weigh(drafts: pa.Table, standing: dict[str, list[dict[str, Any]]]) -> tuple[set[str], set[str], set[str], int]:
    """Weigh new drafts against standing bills; return the new ones taken, the old ones dropped and confirmed, the candidates."""
    taken: set[str] = set()
    dropped: set[str] = set()
    confirmed: set[str] = set()
    candidates = 0
    for row in drafts.select(_SLIM).to_pylist():
        touching = [b for b in standing.get(row["agreement_id"], ()) if _overlap(b, row)]
        live = [b for b in touching if b["status"] != BillStatus.CANCELLED.value]
        same = [b for b in live if b["inputs_sha256"] == row["inputs_sha256"]]
        if any(b["status"] == BillStatus.FINAL.value for b in live) or (touching and not live):
            candidates += not same
            confirmed |= {b["bill_id"] for b in live}
        elif same:
            confirmed |= {b["bill_id"] for b in same}
        else:
            dropped |= {b["bill_id"] for b in live}
            taken.add(row["bill_id"])
    return taken, dropped, confirmed, candidates


def _outlasts(bill: dict[str, Any], held: Held) -> bool:
    """A final bill outlasts every hold; a draft outlasts the hold of a run as at an earlier day."""
    final = bill["status"] == BillStatus.FINAL.value
    waiting = held.code is HoldCode.PERIOD_OPEN and bill["status"] == BillStatus.DRAFT.value
    return (final or waiting) and _overlap(bill, {"starts_at": held.due.starts_at, "ends_at": held.due.ends_at})


def standing_rows(plan: RunPlan, bucket: int, dues: Sequence[Due]) -> Standing:
    """Read the bills, holds and records of the months that the plan may touch."""
    request = plan.billing
    if request is None:
        bills, lines, usage, state, holds, records = (table.empty() for table in SETTLED_TABLES)
        return Standing((), bills, lines, usage, state, holds, records, date.min, date.min)
    months = {due.month for due in dues}
    month = request.first_day.isoformat()[:7]
    while month_dates(month)[0] < request.end_day:
        if any(plan.base.files(table, month=month, bucket=str(bucket)) for table in (BILLS, HOLDS)):
            months.add(month)
        month = (month_dates(month)[1]).isoformat()[:7]
    read = (_read(plan, table, sorted(months), bucket) for table in SETTLED_TABLES)
    bills, lines, usage, state, holds, records = read
    return Standing(tuple(sorted(months)), bills, lines, usage, state, holds, records, request.first_day, request.end_day)


def _read(plan: RunPlan, table: Table, months: Sequence[str], bucket: int) -> pa.Table:
    parts = [plan.base.read(table, month=month, bucket=str(bucket)) for month in months]
    return pa.concat_tables([table.empty(), *parts]).combine_chunks()


def _overlap(bill: dict[str, Any], other: dict[str, Any]) -> bool:
    return bill["starts_at"] < other["ends_at"] and other["starts_at"] < bill["ends_at"]


def _texts(values: set[str]) -> pa.Array:
    return pa.array(sorted(values), pa.string())


def _rows_of(bills: pa.Table, before: pa.Table, new: pa.Table, new_bills: pa.Table) -> pa.Table:
    """Return the determinants, or the state, of the bills that stand: new rows for new bills, the old rows for the rest."""
    fresh = _keys(new_bills)
    kept = _keys(bills) - fresh
    rows = [
        table.filter(pa.array([key in wanted for key in _key_rows(table)], pa.bool_()))
        for table, wanted in ((before, kept), (new, fresh))
    ]
    return pa.concat_tables(rows).combine_chunks()


def _key_rows(table: pa.Table) -> list[tuple[Any, ...]]:
    return list(zip(*(table[name].to_pylist() for name in ("agreement_id", "period_from", "period_to")), strict=True))


def _keys(table: pa.Table) -> set[tuple[Any, ...]]:
    return set(_key_rows(table))


def _hold_row(one: Held, opened_at: datetime, run_id: str, bucket: int) -> dict[str, Any]:
    due = one.due
    return {
        "month": due.month,
        "bucket": bucket,
        "account_id": due.account_id,
        "agreement_id": due.agreement_id,
        "service_point_id": due.service_point_id,
        "period_from": due.period_from,
        "period_to": due.period_to,
        "code": one.code.value,
        "message": one.message,
        "owner": OWNERS[one.code],
        "opened_at": opened_at,
        "status": "open",
        "run_id": run_id,
    }
