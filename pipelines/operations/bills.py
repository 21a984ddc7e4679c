"""Bills as stored: found by id or number, and shown as one document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.store import Snapshot
from schemas.bill_document import BillDocument
from schemas.bills import BILLS, CHARGE_LINES
from schemas.errors import InputRefusedError
from schemas.table import Table
from schemas.usage import CARRIED_STATE, USAGE


def find_bills(snapshot: Snapshot, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return the rows of bills by id or number, in the order asked for, each once.

    Raises:
        InputRefusedError: ``bill.unknown``.
    """
    wanted = pa.array(list(names), pa.string())
    named = pc.field("bill_id").isin(wanted) | pc.field("bill_number").isin(wanted)
    rows = snapshot.read(BILLS, filters=named).to_pylist()
    by_name = {row["bill_number"]: row for row in rows} | {row["bill_id"]: row for row in rows}
    missing = [name for name in names if name not in by_name]
    if missing:
        code = "bill.unknown"
        hint = "list them: m2b sql 'SELECT bill_id, account_id, total FROM bills'"
        raise InputRefusedError(code, f"there is no bill {', '.join(missing)}", hint, missing[0])
    return list({by_name[name]["bill_id"]: by_name[name] for name in names}.values())


def lines_of(snapshot: Snapshot, bill: dict[str, Any]) -> pa.Table:
    """Return the charge lines of a bill, in order."""
    lines = snapshot.read(
        CHARGE_LINES, filters=pc.field("bill_id") == bill["bill_id"], month=bill["month"], bucket=str(bill["bucket"])
    )
    return lines.sort_by("line_no")


def bill_rows(snapshot: Snapshot, table: Table, bill: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table of agreements and periods that belong to a bill, in order of the table's key."""
    own = pc.field("agreement_id") == bill["agreement_id"]
    for name in ("period_from", "period_to"):
        own &= pc.field(name) == pa.scalar(bill[name])
    rows = snapshot.read(table, filters=own, month=bill["month"], bucket=str(bill["bucket"]))
    return rows.sort_by([(name, "ascending") for name in table.key]).to_pylist()


def bill_document(snapshot: Snapshot, name: str) -> BillDocument:
    """Return a bill with its lines as a document.

    Raises:
        InputRefusedError: ``bill.unknown``.
    """
    bill = find_bills(snapshot, [name])[0]
    lines = [{key: row[key] for key in row if key not in _NOT_ON_A_LINE} for row in lines_of(snapshot, bill).to_pylist()]
    body = {key: value for key, value in bill.items() if key not in ("month", "bucket", "registers", "inputs_sha256")}
    measured = [
        {name: row[name] for name in ("determinant", "band", "value", "unit", "at")}
        for row in bill_rows(snapshot, USAGE, bill)
        if row["unit"] in ("kW", "kVA")
    ]
    carried = [{name: row[name] for name in ("name", "opening", "closing")} for row in bill_rows(snapshot, CARRIED_STATE, bill)]
    body |= {"registers": json.loads(bill["registers"]), "lines": lines, "measured": measured, "carried": carried}
    return BillDocument.model_validate(body)


_NOT_ON_A_LINE = ("month", "bucket", "bill_id", "currency", "period_from", "period_to")
"""Columns that repeat the bill's own."""
