"""CRM records: for every bill or hold, one record from which a call can be answered.

It answers in the order a call is asked: how much, was it estimated, what was used when, what is open, what happened. It
holds ids only; names stay in ``customers``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.due import Due
from pipelines.bill.standing import Merged
from pipelines.plan import RunPlan
from pipelines.vee.findings import in_unit
from schemas.codes import BillStatus
from schemas.crm import CRM_RECORDS
from schemas.decimal_text import decimal_text
from schemas.events import EVENTS
from schemas.findings import EXCEPTIONS
from schemas.table import Table
from schemas.usage import USAGE

_EPOCH = date(1970, 1, 1)
LINE_FIELDS = ("line_no", "charge_id", "kind", "band", "tier", "quantity", "unit", "price", "amount", "tax_code", "text")
EXCEPTION_FIELDS = ("day", "meter_id", "channel", "rule", "severity", "message")


def crm_records(
    merged: Merged,
    before: pa.Table,
    dues: Sequence[Due],
    readings: pa.Table,
    exceptions: pa.Table,
    events: pa.Table,
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
        events: rows of ``EVENTS``.
        plan: the run.
        bucket: bucket of all rows.
    """
    book = _Book(merged, readings, exceptions, events, {due.agreement_id: due for due in dues})
    rows = [_row(book.of_bill(bill), book.by_day(bill), bill, "billed", plan, bucket) for bill in book.live_bills()]
    rows += [_row(book.of_hold(hold), book.by_day(hold), hold, "held", plan, bucket) for hold in book.open_holds()]
    known = {(r["agreement_id"], r["period_from"], r["period_to"]): r for r in before.to_pylist()}
    kept = []
    for row in rows:
        old = known.get((row["agreement_id"], row["period_from"], row["period_to"]))
        kept.append(old if old is not None and old["record"] == row["record"] else row)
    return pa.Table.from_pylist(kept, schema=CRM_RECORDS.schema)


class _Book:
    """Everything that is known of the bucket's agreements, by what a record asks for."""

    def __init__(self, merged: Merged, readings: pa.Table, exceptions: pa.Table, events: pa.Table, dues: dict[str, Due]) -> None:
        usage, exceptions, events = _by_key(merged.usage, USAGE), _by_key(exceptions, EXCEPTIONS), _by_key(events, EVENTS)
        self.dues = dues
        self.bills = merged.bills
        self.holds = merged.holds
        self.lines = _grouped(_rows(merged.lines, LINE_FIELDS), merged.lines["bill_id"].to_pylist())
        keys = zip(*(usage[name].to_pylist() for name in ("agreement_id", "period_from", "period_to")), strict=True)
        self.usage = _grouped(_rows(usage, ("determinant", "band", "tariff_version", "value", "unit", "at")), keys)
        self.exceptions = _grouped(_rows(exceptions, EXCEPTION_FIELDS), exceptions["service_point_id"].to_pylist())
        self.days = _DailyEnergy(readings)
        told = _grouped(
            _rows(events, ("event_type", "started_at", "ended_at", "magnitude", "unit", "native_code")),
            events["service_point_id"].to_pylist(),
        )
        self.events = {point: _once(rows) for point, rows in told.items()}

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
            "consumption": {
                "billed": self.usage.get(key, []),
                "energy_kwh": _text(bill["energy_kwh"]),
                "estimated_share": _text(bill["estimated_share"]),
                "by_day": None,
            },
        }

    def of_hold(self, hold: dict[str, Any]) -> dict[str, Any]:
        """Return the record of a hold."""
        return self._common(hold) | {
            "bill": None,
            "hold": {name: hold[name] for name in ("code", "message", "owner")},
            "consumption": {"billed": [], "energy_kwh": None, "estimated_share": None, "by_day": None},
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
            "events": [event for event in self.events.get(point, []) if _touches(event, *_instants(row, due))],
        }

    def by_day(self, row: dict[str, Any]) -> str:
        """Return energy by standard-time day [kWh] as JSON text."""
        return self.days.of(row["service_point_id"], row["period_from"], row["period_to"])


def _instants(row: dict[str, Any], due: Due | None) -> tuple[datetime, datetime]:
    """Return the first instant of a period and its end, on the billing clock; of a closed agreement's hold on UTC."""
    if "starts_at" in row:
        return row["starts_at"], row["ends_at"]
    if due is not None:
        return due.starts_at, due.ends_at
    midnights = (datetime.combine(row[name], time(), UTC) for name in ("period_from", "period_to"))
    return next(midnights), next(midnights)


def _touches(event: dict[str, Any], begin: datetime, end: datetime) -> bool:
    """Whether an event happened in a period, wholly or in part; one without a time is not known to."""
    if event["started_at"] is None:
        return False
    started, ended = (datetime.fromisoformat(event[name] or event["started_at"]) for name in ("started_at", "ended_at"))
    return started < end and (ended > begin or started >= begin)


def _rows(table: pa.Table, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return rows with decimals and dates as text."""
    columns: list[list[Any]] = []
    for name in names:
        values = table[name]
        if pa.types.is_decimal(values.type):
            columns.append(decimal_text(values).to_pylist())
        elif pa.types.is_date(values.type):
            columns.append(values.cast(pa.string()).to_pylist())
        elif pa.types.is_timestamp(values.type):
            columns.append([None if v is None else v.isoformat().replace("+00:00", "Z") for v in values.to_pylist()])
        else:
            columns.append(values.to_pylist())
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _by_key(rows: pa.Table, table: Table) -> pa.Table:
    """Return rows in the order of the table: rows just made and rows read again give the same record."""
    return rows.sort_by([(name, "ascending") for name in table.key])


def _grouped(rows: Sequence[dict[str, Any]], keys: Any) -> dict[Any, list[dict[str, Any]]]:  # noqa: ANN401 - any iterable of keys
    found: dict[Any, list[dict[str, Any]]] = {}
    for key, row in zip(keys, rows, strict=True):
        found.setdefault(key, []).append(row)
    return found


def _once(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return events without their copies: a meter tells its log again with every telegram, and it happened once."""
    return list({tuple(row.values()): row for row in rows}.values())


class _DailyEnergy:
    """Active energy of every service point by standard-time day [kWh], as JSON text ready to be put in records.

    A record per agreement holds a month of days: writing them as columns costs a tenth of writing them one by one.
    """

    def __init__(self, readings: pa.Table) -> None:
        rows = readings.filter(pc.field("quantity") == "active_energy")
        exponent = rows["exponent"].to_numpy().astype(np.int64)
        finest = int(exponent.min(initial=0))
        energy = rows["value_sum"].to_numpy() * 10 ** (exponent - finest)
        export = pc.equal(rows["direction"], "export").to_numpy(zero_copy_only=False)
        table = pa.table(
            {
                "point": rows["service_point_id"],
                "day": rows["day"],
                "import": pa.array(np.where(export, 0, energy)),
                "export": pa.array(np.where(export, energy, 0)),
            }
        )
        summed = table.group_by(["point", "day"]).aggregate([("import", "sum"), ("export", "sum")])
        summed = summed.sort_by([("point", "ascending"), ("day", "ascending")]).combine_chunks()
        self._days = summed["day"].cast(pa.int32()).to_numpy()
        points = summed["point"].to_pylist()
        starts = [n for n, point in enumerate(points) if n == 0 or points[n - 1] != point]
        self._rows = dict(zip((points[n] for n in starts), pairwise([*starts, len(points)]), strict=True))
        self._texts = pc.binary_join_element_wise(
            '{"day":"',
            summed["day"].cast(pa.string()),
            '","import_kwh":"',
            _scaled(summed["import_sum"], finest),
            '","export_kwh":"',
            _scaled(summed["export_sum"], finest),
            '"}',
            "",
        ).to_pylist()

    def of(self, service_point_id: str, first: date, end: date) -> str:
        """Return the days ``[first, end)`` of a service point as a JSON list."""
        begin, stop = self._rows.get(service_point_id, (0, 0))
        days = self._days[begin:stop]
        low, high = np.searchsorted(days, [(first - _EPOCH).days, (end - _EPOCH).days])
        return "[" + ",".join(self._texts[begin + int(low) : begin + int(high)]) + "]"


def _scaled(values: pa.ChunkedArray, exponent: int) -> pa.ChunkedArray:
    """Return integers times a power of ten as decimals in text, without trailing zeros."""
    return decimal_text(in_unit(values, exponent))


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _row(record: dict[str, Any], by_day: str, source: dict[str, Any], state: str, plan: RunPlan, bucket: int) -> dict[str, Any]:
    """Return a record as a row of ``CRM_RECORDS``; its days are JSON text already and take the place of ``null``."""
    text = json.dumps(record, separators=(",", ":"))
    before, after = text.rsplit('"by_day":null', 1)
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
        "record": f'{before}"by_day":{by_day}{after}',
        "run_id": plan.run_id,
    }
