"""The order of releases: a bill that goes on from the one before is final only after it, and made from what it hands on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pyarrow.compute as pc

from pipelines.lakehouse.store import Snapshot
from schemas.bills import BILLS
from schemas.codes import BillStatus
from schemas.master_data import OPENING_STATE
from schemas.periods import local_date
from schemas.usage import CARRIED_STATE

_Key = tuple[str, date, date]
_State = dict[str, Decimal]


def not_yet(base: Snapshot, drafts: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return the drafts that may not be released now, and why.

    A draft made from what an earlier bill handed on waits until that bill is final, or is released with it; where the earlier
    bill was drawn up anew since, the draft is out of date.

    Args:
        base: the store.
        drafts: ids and partitions of the bills to release.
    """
    if not base.files(CARRIED_STATE):
        return {}
    partitions = {(bill["month"], str(bill["bucket"])) for bill in drafts}
    bills = _bills(base, partitions)
    wanted = {bill["bill_id"] for bill in drafts}
    mine = sorted((bill for bill in bills if bill["bill_id"] in wanted), key=lambda bill: (bill["starts_at"], bill["bill_id"]))
    earlier = {(_month(bill["period_from"] - timedelta(days=back)), str(bill["bucket"])) for bill in mine for back in (0, 1)}
    before = {(bill["agreement_id"], bill["ends_at"]): bill for bill in _bills(base, earlier)}
    states = _states(base, partitions | earlier)
    given = {(row["agreement_id"], row["as_of"]) for row in base.read(OPENING_STATE).to_pylist()}
    releasing: set[str] = set()
    waiting: dict[str, str] = {}
    for bill in mine:
        why = _obstacle(bill, before.get((bill["agreement_id"], bill["starts_at"])), states, releasing)
        if why is None or _is_given(bill, given):
            releasing.add(bill["bill_id"])
        else:
            waiting[bill["bill_id"]] = why
    return waiting


def _obstacle(
    bill: dict[str, Any], before: dict[str, Any] | None, states: dict[_Key, list[dict[str, Any]]], releasing: set[str]
) -> str | None:
    """Return why a bill waits for the one before it; None where it does not."""
    opening = _values(states.get(_key(bill), ()), "opening")
    if before is None:
        return None
    closing = _values(states.get(_key(before), ()), "closing")
    if not opening and not closing:
        return None
    name, period = before["bill_number"], f"{before['period_from']} to {before['period_to']}"
    if opening != closing:
        return f"bill {name} of {period} hands on something else now: bill the period of this one again"
    if before["status"] == BillStatus.DRAFT.value and before["bill_id"] not in releasing:
        return f"bill {name} of {period}, which it goes on from, is a draft: release that one first, or both together"
    return None


def _is_given(bill: dict[str, Any], given: Iterable[tuple[str, Any]]) -> bool:
    """Tell whether master data say what the bill's period was handed."""
    mine = [as_of for agreement, as_of in given if agreement == bill["agreement_id"]]
    return any(local_date(as_of, bill["billing_clock"]) == bill["period_from"] for as_of in mine)


def _bills(base: Snapshot, partitions: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
    columns = [
        "bill_id", "bill_number", "agreement_id", "period_from", "period_to", "starts_at", "ends_at", "billing_clock", "status",
        "bucket",
    ]  # fmt: skip
    live = pc.field("status") != BillStatus.CANCELLED.value
    found: list[dict[str, Any]] = []
    for month, bucket in sorted(partitions):
        found += base.read(BILLS, columns=columns, filters=live, month=month, bucket=bucket).to_pylist()
    return found


def _states(base: Snapshot, partitions: Iterable[tuple[str, str]]) -> dict[_Key, list[dict[str, Any]]]:
    found: dict[_Key, list[dict[str, Any]]] = {}
    for month, bucket in sorted(partitions):
        for row in base.read(CARRIED_STATE, month=month, bucket=bucket).to_pylist():
            found.setdefault(_key(row), []).append(row)
    return found


def _values(rows: Iterable[dict[str, Any]], column: str) -> _State:
    return {row["name"]: row[column] for row in rows if row[column]}


def _key(row: dict[str, Any]) -> _Key:
    return row["agreement_id"], row["period_from"], row["period_to"]


def _month(day: date) -> str:
    return day.isoformat()[:7]
