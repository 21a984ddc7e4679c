"""Preview: a run on a copy of the store, compared with the store as it is; nothing of it stays."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipelines.lakehouse.store import Snapshot, Store
from pipelines.operations.flow import FlowReport, FlowRequest, run_flow
from pipelines.operations.opening import Clock
from pipelines.operations.store_copy import copied
from schemas.bills import BILLS, HOLDS


@dataclass(frozen=True)
class BillChange:
    """A bill before and after: None where it is not there."""

    bill_id: str
    agreement_id: str
    period_from: Any
    period_to: Any
    before: Decimal | None
    after: Decimal | None
    currency: str


@dataclass(frozen=True)
class Preview:
    """What a run would do.

    Attributes:
        report: of the run on the copy.
        changes: bills that would come, go or have another total.
        new_holds: agreements that would be held and are not.
        closed_holds: agreements that are held and would not be.
    """

    report: FlowReport
    changes: list[BillChange]
    new_holds: list[dict[str, Any]]
    closed_holds: list[dict[str, Any]]


def preview(store: Store, request: FlowRequest, now: Clock) -> Preview:
    """Run the flow on a copy of the store and say what would change.

    Raises:
        StoreError: there is no store.
        InvariantError: the run itself would fail.
    """
    before = store.snapshot()
    with copied(store) as copy:
        report = run_flow(copy, request, now)
        after = copy.snapshot()
        old_holds, new_holds = _open_holds(before), _open_holds(after)
        return Preview(
            report=report,
            changes=_bill_changes(_bills(before), _bills(after)),
            new_holds=[row for key, row in sorted(new_holds.items()) if key not in old_holds],
            closed_holds=[row for key, row in sorted(old_holds.items()) if key not in new_holds],
        )


def _bills(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    columns = ["bill_id", "agreement_id", "period_from", "period_to", "total", "currency"]
    return {row["bill_id"]: row for row in snapshot.read(BILLS, columns=columns).to_pylist()}


def _bill_changes(before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]]) -> list[BillChange]:
    changes = []
    for bill_id in sorted(before.keys() | after.keys()):
        old, new = before.get(bill_id), after.get(bill_id)
        row = new or old
        if row is None or (old is not None and new is not None and old["total"] == new["total"]):
            continue
        facts = {name: row[name] for name in ("bill_id", "agreement_id", "period_from", "period_to", "currency")}
        facts |= {"before": old["total"] if old else None, "after": new["total"] if new else None}
        changes.append(BillChange(**facts))
    return changes


def _open_holds(snapshot: Snapshot) -> dict[tuple[Any, ...], dict[str, Any]]:
    columns = ["account_id", "agreement_id", "period_from", "period_to", "code", "message", "owner", "status"]
    rows = snapshot.read(HOLDS, columns=columns).to_pylist()
    names = ("agreement_id", "period_from", "period_to", "code")
    return {tuple(row[name] for name in names): row for row in rows if row["status"] == "open"}
