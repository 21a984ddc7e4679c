"""CRM records: for every bill or hold, one record from which a call can be answered.

It answers in the order a call is asked: how much, was it estimated, what was used when, what is open, what happened. It
holds ids only; names stay in ``customers``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.due import Due
from pipelines.bill.standing import Merged
from pipelines.lakehouse.data_files import read_data_files
from pipelines.plan import RunPlan
from schemas.codes import BillStatus
from schemas.crm import CRM_RECORDS
from schemas.events import EVENTS

LINE_FIELDS = ("line_no", "charge_id", "kind", "band", "tier", "quantity", "unit", "price", "amount", "tax_code", "text")
EXCEPTION_FIELDS = ("day", "meter_id", "channel", "rule", "severity", "message")


def crm_records(
    merged: Merged,
    before: pa.Table,
    dues: Sequence[Due],
    readings: pa.Table,
    exceptions: pa.Table,
    plan: RunPlan,
    bucket: int,
) -> pa.Table:
    """Return the records of every live bill and open hold; one whose content did not change keeps its row.

    Args:
        merged: bills, lines and holds after the run.
        before: records as they stand.
        dues: the agreements of the run.
        readings: validated rows around the period.
        exceptions: findings around the period.
        plan: the run.
        bucket: bucket of all rows.
    """
    book = _Book(merged, readings, exceptions, _events(plan, bucket), {due.agreement_id: due for due in dues})
    rows = [_row(book.of_bill(bill), bill, "billed", plan, bucket) for bill in book.live_bills()]
    rows += [_row(book.of_hold(hold), hold, "held", plan, bucket) for hold in book.open_holds()]
    known = {(r["agreement_id"], r["period_from"], r["period_to"]): r for r in before.to_pylist()}
    kept = []
    for row in rows:
        old = known.get((row["agreement_id"], row["period_from"], row["period_to"]))
        kept.append(old if old is not None and old["record"] == row["record"] else row)
    return pa.Table.from_pylist(kept, schema=CRM_RECORDS.schema)


def _events(plan: RunPlan, bucket: int) -> pa.Table:
    return read_data_files(plan.root, EVENTS, plan.base.files(EVENTS), filters=pc.field("bucket") == bucket)


def plain(values: pa.ChunkedArray | pa.Array) -> list[str]:
    """Return decimals as text without trailing zeros.

    >>> plain(pa.array([Decimal("1.50"), Decimal("20.00")]))
    ['1.5', '20']
    """
    return pc.utf8_rtrim(pc.utf8_rtrim(values.cast(pa.string()), "0"), ".").to_pylist()


class _Book:
    """Everything that is known of the bucket's agreements, by what a record asks for."""

    def __init__(self, merged: Merged, readings: pa.Table, exceptions: pa.Table, events: pa.Table, dues: dict[str, Due]) -> None:
        self.dues = dues
        self.bills = merged.bills
        self.holds = merged.holds
        self.lines = _grouped(_rows(merged.lines, LINE_FIELDS), merged.lines["bill_id"].to_pylist())
        keys = zip(*(merged.usage[name].to_pylist() for name in ("agreement_id", "period_from", "period_to")), strict=True)
        self.usage = _grouped(_rows(merged.usage, ("determinant", "band", "tariff_version", "value", "unit")), keys)
        self.exceptions = _grouped(_rows(exceptions, EXCEPTION_FIELDS), exceptions["service_point_id"].to_pylist())
        self.days = _daily_energy(readings)
        self.events = _grouped(
            _rows(events, ("event_type", "started_at", "ended_at", "magnitude", "unit", "native_code")),
            events["service_point_id"].to_pylist(),
        )

    def live_bills(self) -> list[dict[str, Any]]:
        """Return the bills that are not cancelled."""
        return self.bills.filter(pc.field("status") != BillStatus.CANCELLED.value).to_pylist()

    def open_holds(self) -> list[dict[str, Any]]:
        """Return the open holds."""
        return self.holds.filter(pc.field("status") == "open").to_pylist()

    def of_bill(self, bill: dict[str, Any]) -> dict[str, Any]:
        """Return the record of a bill."""
        key = (bill["agreement_id"], bill["period_from"], bill["period_to"])
        names = ("bill_id", "bill_number", "document_type", "status", "currency", "tariff_id", "replaces")
        return self._common(bill) | {
            "bill": {
                **{name: bill[name] for name in names},
                **{name: bill[name].isoformat() for name in ("issue_date", "due_date")},
                **{name: _text(bill[name]) for name in ("net", "tax", "total")},
                "registers": json.loads(bill["registers"]),
                "lines": self.lines.get(bill["bill_id"], []),
            },
            "hold": None,
            "consumption": self._consumption(bill)
            | {
                "billed": self.usage.get(key, []),
                "energy_kwh": _text(bill["energy_kwh"]),
                "estimated_share": _text(bill["estimated_share"]),
            },
        }

    def of_hold(self, hold: dict[str, Any]) -> dict[str, Any]:
        """Return the record of a hold."""
        return self._common(hold) | {
            "bill": None,
            "hold": {name: hold[name] for name in ("code", "message", "owner")},
            "consumption": self._consumption(hold) | {"billed": [], "energy_kwh": None, "estimated_share": None},
        }

    def _common(self, row: dict[str, Any]) -> dict[str, Any]:
        point, due = row["service_point_id"], self.dues.get(row["agreement_id"])
        first, end = row["period_from"].isoformat(), row["period_to"].isoformat()
        return {
            "identity": {
                "account_id": row["account_id"],
                "customer_id": due.customer_id if due else None,
                "agreement_id": row["agreement_id"],
                "service_point_id": point,
                "period_from": first,
                "period_to": end,
                "days": (row["period_to"] - row["period_from"]).days,
            },
            "exceptions": [found for found in self.exceptions.get(point, []) if first <= found["day"] < end],
            "events": [e for e in self.events.get(point, []) if e["started_at"] and first <= e["started_at"][:10] < end],
        }

    def _consumption(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return energy by standard-time day and direction [kWh]."""
        first, end = row["period_from"].isoformat(), row["period_to"].isoformat()
        days = [entry for entry in self.days.get(row["service_point_id"], []) if first <= entry["day"] < end]
        return {"by_day": days}


def _rows(table: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows with decimals and dates as text."""
    columns: list[list[Any]] = []
    for name in names:
        values = table[name]
        if pa.types.is_decimal(values.type):
            columns.append(list(plain(values)))
        elif pa.types.is_date(values.type):
            columns.append(values.cast(pa.string()).to_pylist())
        elif pa.types.is_timestamp(values.type):
            columns.append([None if v is None else v.isoformat().replace("+00:00", "Z") for v in values.to_pylist()])
        else:
            columns.append(values.to_pylist())
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _grouped(rows: Sequence[dict[str, Any]], keys: Any) -> dict[Any, list[dict[str, Any]]]:  # noqa: ANN401 - any iterable of keys
    found: dict[Any, list[dict[str, Any]]] = {}
    for key, row in zip(keys, rows, strict=True):
        found.setdefault(key, []).append(row)
    return found


def _daily_energy(readings: pa.Table) -> dict[str, list[dict[str, str]]]:
    """Return active energy per service point, standard-time day and direction [kWh]."""
    rows = readings.filter(pc.field("quantity") == "active_energy")
    if not rows.num_rows:
        return {}
    exponent = rows["exponent"].to_numpy().astype(np.int64)
    finest = int(exponent.min())
    energy = pa.array(rows["value_sum"].to_numpy() * 10 ** (exponent - finest))
    table = pa.table({"sp": rows["service_point_id"], "day": rows["day"], "direction": rows["direction"], "energy": energy})
    summed = (
        table.group_by(["sp", "day", "direction"])
        .aggregate([("energy", "sum")])
        .sort_by([("sp", "ascending"), ("day", "ascending"), ("direction", "ascending")])
    )
    found: dict[str, list[dict[str, str]]] = {}
    columns = zip(
        summed["sp"].to_pylist(), summed["day"].cast(pa.string()).to_pylist(), summed["direction"].to_pylist(),
        summed["energy_sum"].to_pylist(), strict=True,
    )  # fmt: skip
    for point, day, direction, value in columns:
        entries = found.setdefault(point, [])
        if not entries or entries[-1]["day"] != day:
            entries.append({"day": day})
        entries[-1][f"{direction}_kwh"] = _scaled(value, finest)
    return found


def _scaled(value: int, exponent: int) -> str:
    """Return an integer times a power of ten as text, without floats and without Decimal's cost."""
    if exponent >= 0:
        return str(value * 10**exponent)
    sign, digits = ("-", str(-value)) if value < 0 else ("", str(value))
    digits = digits.rjust(1 - exponent, "0")
    return (sign + digits[:exponent] + "." + digits[exponent:]).rstrip("0").rstrip(".")


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _row(record: dict[str, Any], source: dict[str, Any], state: str, plan: RunPlan, bucket: int) -> dict[str, Any]:
    """Return a record as a row of ``CRM_RECORDS``."""
    key = (source["agreement_id"], source["period_from"], source["period_to"])
    return {
        "month": source["month"],
        "bucket": bucket,
        "record_id": f"{key[0]}|{key[1]}|{key[2]}",
        "account_id": source["account_id"],
        "agreement_id": key[0],
        "service_point_id": source["service_point_id"],
        "period_from": key[1],
        "period_to": key[2],
        "bill_id": source.get("bill_id"),
        "state": state,
        "total": source.get("total"),
        "currency": source.get("currency"),
        "record": json.dumps(record, separators=(",", ":")),
        "run_id": plan.run_id,
    }
