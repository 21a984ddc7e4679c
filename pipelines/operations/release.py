"""Release: drafts become final, and final bills are posted. Final is final.

A posting is balanced: receivable is debited with the total, revenue, tax and rounding are credited with their lines.
What is negative stands on the other side: a credit note credits receivable.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import RunRecord, Snapshot, Store
from pipelines.operations.bills import find_bills
from pipelines.operations.opening import Clock, new_run_id, versions
from pipelines.operations.release_order import not_yet
from schemas.bills import BILLS, CHARGE_LINES
from schemas.codes import BillStatus
from schemas.crm import CRM_RECORDS, GL_JOURNAL
from schemas.errors import InputRefusedError, InvariantError
from schemas.table import Table

COMMAND = "release"
RECEIVABLE = "receivable"
_FAMILY = {"bank": "export", "true_up": "export"}
"""Kinds of lines that are posted with another kind: banked money and what a true-up pays were earned by export."""


@dataclass(frozen=True)
class ReleaseReport:
    """What a release did.

    Attributes:
        run_id: the run; None where there was nothing to release.
        released: ids of the bills that are final now and were drafts before.
        already_final: ids of those that were final before.
        totals: sum of the released totals by currency.
        waiting: drafts that go on from another bill and have to wait for it, with the reason.
    """

    run_id: str | None
    released: list[str]
    already_final: list[str]
    totals: dict[str, Decimal]
    waiting: dict[str, str] = field(default_factory=dict)


def release(store: Store, names: Sequence[str] | None, now: Clock) -> ReleaseReport:
    """Make drafts final and post them.

    Args:
        store: the store.
        names: ids or numbers of bills; None for every draft.
        now: the clock.

    Raises:
        InputRefusedError: ``bill.unknown``, ``bill.cancelled``, or ``bill.waits`` where a bill named goes on from a draft:
            nothing is released. Of all drafts, those that wait are left as they are.
        InvariantError: a posting is not balanced.
        StoreBusyError: another run is writing.
    """
    with writer_lock(store.root):
        base = store.snapshot()
        bills = _wanted(base, names)
        drafts = [bill for bill in bills if bill["status"] == BillStatus.DRAFT.value]
        final = [bill["bill_id"] for bill in bills if bill["status"] == BillStatus.FINAL.value]
        waiting = not_yet(base, drafts)
        if waiting and names is not None:
            code, (first, why) = "bill.waits", next(iter(waiting.items()))
            raise InputRefusedError(code, f"bill {first} waits: {why}", "release bills in the order of their periods", first)
        drafts = [bill for bill in drafts if bill["bill_id"] not in waiting]
        totals: dict[str, Decimal] = {}
        for bill in drafts:
            totals[bill["currency"]] = totals.get(bill["currency"], Decimal(0)) + bill["total"]
        if not drafts:
            return ReleaseReport(None, [], final, totals, waiting)
        started_at = now()
        run_id = new_run_id(started_at)
        adds: list[DataFile] = []
        removes: list[DataFile] = []
        for partition, ids in _by_partition(drafts).items():
            _release_partition(base, dict(partition), ids, run_id, adds, removes)
        counters = {"bills_released": len(drafts)}
        run = RunRecord(run_id, COMMAND, started_at, now(), counters=counters, versions=versions())
        publish_catalogue(store, store.publish(run, base, adds, removes))
    return ReleaseReport(run_id, [bill["bill_id"] for bill in drafts], final, totals, waiting)


def _wanted(base: Snapshot, names: Sequence[str] | None) -> list[dict[str, Any]]:
    """Return the bills to release, slim.

    Raises:
        InputRefusedError: one is not there or was cancelled.
    """
    if names is None:
        columns = ["bill_id", "month", "bucket", "status", "total", "currency"]
        drafts = base.read(BILLS, columns=columns, filters=pc.field("status") == BillStatus.DRAFT.value)
        return drafts.sort_by("bill_id").to_pylist()
    bills = find_bills(base, names)
    cancelled = [bill["bill_id"] for bill in bills if bill["status"] == BillStatus.CANCELLED.value]
    if cancelled:
        code = "bill.cancelled"
        raise InputRefusedError(
            code, f"bill {', '.join(cancelled)} is cancelled", "release the one that replaces it", cancelled[0]
        )
    return bills


def _by_partition(bills: Sequence[dict[str, Any]]) -> dict[tuple[tuple[str, str], ...], list[str]]:
    found: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for bill in bills:
        found.setdefault((("month", bill["month"]), ("bucket", str(bill["bucket"]))), []).append(bill["bill_id"])
    return found


def _release_partition(
    base: Snapshot, partition: dict[str, str], ids: Sequence[str], run_id: str, adds: list[DataFile], removes: list[DataFile]
) -> None:
    """Write the rows of a partition anew with the bills of ``ids`` final, and their postings."""
    chosen = pa.array(list(ids), pa.string())
    bills = base.read(BILLS, **partition)
    mask = pc.is_in(bills["bill_id"], value_set=chosen)
    status = pc.if_else(mask, BillStatus.FINAL.value, bills["status"])
    final = bills.set_column(bills.schema.get_field_index("status"), "status", status)
    lines = base.read(CHARGE_LINES, filters=pc.field("bill_id").isin(chosen), **partition)
    records = base.read(CRM_RECORDS, **partition)
    for table, rows in ((BILLS, final), (CRM_RECORDS, _with_final(records, set(ids), run_id))):
        adds.append(_write(base, table, rows, run_id, partition))
        removes += base.files(table, **partition)
    journal = postings(final.filter(mask), lines, run_id)
    adds.append(_write(base, GL_JOURNAL, journal, run_id, partition))


def _write(base: Snapshot, table: Table, rows: pa.Table, run_id: str, partition: dict[str, str]) -> DataFile:
    inside = rows.select(table.file_schema.names).sort_by([(name, "ascending") for name in table.key])
    return write_data_file(base.root, table, inside, run_id, partition)


def _with_final(records: pa.Table, ids: set[str], run_id: str) -> pa.Table:
    """Return CRM records in which the bills of ``ids`` are final."""
    rows = records.to_pylist()
    for row in rows:
        if row["bill_id"] in ids:
            record = json.loads(row["record"])
            record["bill"]["status"] = BillStatus.FINAL.value
            row["record"] = json.dumps(record, separators=(",", ":"))
            row["run_id"] = run_id
    return pa.Table.from_pylist(rows, schema=CRM_RECORDS.schema)


def postings(bills: pa.Table, lines: pa.Table, run_id: str) -> pa.Table:
    """Return the postings of bills.

    Args:
        bills: rows of ``BILLS``.
        lines: all their rows of ``CHARGE_LINES``.
        run_id: stands in the rows.

    Returns:
        rows of ``GL_JOURNAL``: debits and credits of each bill are equal, and its receivable is its total.

    Raises:
        InvariantError: ``journal.unbalanced``, the lines of a bill do not make its total.
    """
    by_bill: dict[str, dict[str, Decimal]] = {}
    for line in lines.to_pylist():
        accounts = by_bill.setdefault(line["bill_id"], {})
        name = ledger_account(line["kind"], line["tax_code"])
        accounts[name] = accounts.get(name, Decimal(0)) + line["amount"]
    rows: list[dict[str, Any]] = []
    for bill in bills.to_pylist():
        accounts = by_bill.get(bill["bill_id"], {})
        if sum(accounts.values(), Decimal(0)) != bill["total"]:
            code = "journal.unbalanced"
            raise InvariantError(code, f"bill {bill['bill_id']}: the lines do not make the total {bill['total']}")
        sides = [(RECEIVABLE, bill["total"]), *((name, -accounts[name]) for name in sorted(accounts) if accounts[name])]
        rows += [_posting(bill, number, name, amount, run_id) for number, (name, amount) in enumerate(sides, start=1)]
    return pa.Table.from_pylist(rows, schema=GL_JOURNAL.schema)


def ledger_account(kind: str, tax_code: str | None) -> str:
    """Return the account that a charge line is posted to.

    Tax that prices contain is credited to its tax by the line of kind ``tax``, and taken out of revenue by that of kind
    ``tax_included``.

    >>> ledger_account("energy", "gst"), ledger_account("tax", "gst"), ledger_account("rounding", None)
    ('revenue.energy', 'tax.gst', 'rounding')
    >>> ledger_account("true_up", None), ledger_account("tax_included", "vat")
    ('revenue.export', 'revenue.tax_included')
    """
    if kind == "tax":
        return f"tax.{tax_code}"
    return kind if kind == "rounding" else f"revenue.{_FAMILY.get(kind, kind)}"


def _posting(bill: dict[str, Any], number: int, name: str, amount: Decimal, run_id: str) -> dict[str, Any]:
    """Return one posting; a negative amount stands on the credit side."""
    return {
        "month": bill["month"],
        "bucket": bill["bucket"],
        "bill_id": bill["bill_id"],
        "posting_no": number,
        "posted_on": bill["issue_date"],
        "ledger_account": name,
        "debit": max(amount, Decimal(0)),
        "credit": max(-amount, Decimal(0)),
        "currency": bill["currency"],
        "run_id": run_id,
    }
