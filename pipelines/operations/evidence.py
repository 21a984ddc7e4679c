"""What a bill rests on, read from the store at the versions that the bill's own run pinned."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.data_files import read_data_files
from pipelines.lakehouse.store import Snapshot, Store
from pipelines.masterdata.master import MasterData
from pipelines.operations.bills import bill_rows, find_bills, lines_of
from pipelines.operations.explain import Carried, Evidence, Price
from pipelines.operations.interval_evidence import IntervalRows
from schemas.errors import InvariantError
from schemas.files import FILES
from schemas.findings import EXCEPTIONS
from schemas.master_data import ACCOUNTS, AGREEMENTS, METERS, PRICE_SERIES, REGISTERS, SERVICE_POINTS, TARIFFS
from schemas.readings import DELIVERIES, READINGS_DAILY
from schemas.register_reads import REGISTER_READS
from schemas.table import UTC_TIME, Table
from schemas.usage import CARRIED_STATE, USAGE
from tariffs.calendar import cycle_of
from tariffs.determinants import required_series
from tariffs.load import parse_tariff
from tariffs.model import Tariff

_EDGE = timedelta(days=2)
"""Standard-time days around a local period that may hold part of it."""


def bill_evidence(store: Store, name: str) -> Evidence:
    """Read everything behind a bill.

    Args:
        store: the store.
        name: the bill's id or number.

    Raises:
        InputRefusedError: ``bill.unknown``.
        InvariantError: ``tariff.lost``, the tariff document is not in the store.
    """
    now = store.snapshot()
    bill = find_bills(now, [name])[0]
    then = store.snapshot(bill["run_id"])
    readings = _days(then, READINGS_DAILY, bill)
    registers = json.loads(bill["registers"])
    master = _master(then, bill)
    channels = readings.select(["service_point_id", "meter_id", "channel"])
    channels = channels.group_by(channels.schema.names).aggregate([])
    made_of_several = readings["file_id"].null_count > 0
    tariff = _tariff(then, bill)
    rows = IntervalRows(
        readings=readings,
        deliveries=_deliveries(then, bill) if made_of_several else DELIVERIES.empty(),
        register_map=master.register_map(channels, bill["starts_at"], bill["ends_at"]),
        names=_names(then),
        cycle=cycle_of(tariff, bill["starts_at"], bill["ends_at"], bill["billing_clock"]),
    )
    return Evidence(
        bill=bill,
        lines=lines_of(now, bill),
        tariff=tariff,
        role=_role(master, bill),
        rows=rows,
        exceptions=_days(then, EXCEPTIONS, bill),
        reads=_reads(then, bill) if registers else REGISTER_READS.empty(),
        registers=registers,
        determinants={
            (row["meter_id"], row["channel"]): row["determinant"] for row in master.registers.to_pylist() if row["determinant"]
        },
        usage=bill_rows(now, USAGE, bill),
        carried=[Carried(row["name"], row["opening"], row["closing"]) for row in bill_rows(now, CARRIED_STATE, bill)],
        series=_series(then, bill, tariff),
    )


def _master(snapshot: Snapshot, bill: dict[str, Any]) -> MasterData:
    """Return the master data of the bill's service point."""
    here = pc.field("service_point_id") == bill["service_point_id"]
    points, meters, agreements = (
        snapshot.read(table, filters=here).combine_chunks() for table in (SERVICE_POINTS, METERS, AGREEMENTS)
    )
    own = pc.field("meter_id").isin(meters["meter_id"].combine_chunks())
    registers = snapshot.read(REGISTERS, filters=own).combine_chunks()
    payers = pc.field("account_id").isin(agreements["account_id"].combine_chunks())
    return MasterData(points, meters, registers, agreements, snapshot.read(ACCOUNTS, filters=payers).combine_chunks())


def _months(first: date, end: date) -> list[str]:
    months, day = [], first.replace(day=1)
    while day < end:
        months.append(day.isoformat()[:7])
        day = (day + timedelta(days=32)).replace(day=1)
    return months


def _days(snapshot: Snapshot, table: Table, bill: dict[str, Any]) -> pa.Table:
    """Return the rows of the bill's service point on the days around its period."""
    first, end = bill["period_from"] - _EDGE, bill["period_to"] + _EDGE
    here = pc.field("service_point_id") == bill["service_point_id"]
    when = (pc.field("day") >= pa.scalar(first)) & (pc.field("day") < pa.scalar(end))
    parts = [snapshot.read(table, filters=here & when, month=month, bucket=str(bill["bucket"])) for month in _months(first, end)]
    return pa.concat_tables([table.empty(), *parts]).combine_chunks()


def _deliveries(snapshot: Snapshot, bill: dict[str, Any]) -> pa.Table:
    """Return what was delivered for the service point around the period."""
    first, end = (bill["period_from"] - _EDGE).isoformat(), (bill["period_to"] + _EDGE).isoformat()
    files = [
        file
        for file in snapshot.files(DELIVERIES)
        if file.low is None or file.high is None or (file.low[:10] <= end and file.high[:10] >= first)
    ]
    here = (pc.field("bucket") == bill["bucket"]) & (pc.field("service_point_id") == bill["service_point_id"])
    return read_data_files(snapshot.root, DELIVERIES, files, filters=here)


def _reads(snapshot: Snapshot, bill: dict[str, Any]) -> pa.Table:
    here = (pc.field("bucket") == bill["bucket"]) & (pc.field("service_point_id") == bill["service_point_id"])
    return snapshot.read(REGISTER_READS, filters=here)


def _names(snapshot: Snapshot) -> dict[str, str]:
    files = snapshot.read(FILES, columns=["file_id", "name"])
    return dict(zip(files["file_id"].to_pylist(), files["name"].to_pylist(), strict=True))


def _tariff(snapshot: Snapshot, bill: dict[str, Any]) -> Tariff:
    found = snapshot.read(TARIFFS, filters=pc.field("sha256") == bill["tariff_sha256"]).to_pylist()
    if not found:
        code = "tariff.lost"
        raise InvariantError(code, f"tariff {bill['tariff_id']} with hash {bill['tariff_sha256']} is not in the store")
    return parse_tariff(found[0]["text"], bill["tariff_id"])


def _series(snapshot: Snapshot, bill: dict[str, Any], tariff: Tariff) -> dict[str, list[Price]]:
    """Return the rows of the series that the tariff names, as they were around the bill's period."""
    names = required_series(tariff)
    if not names:
        return {}
    wanted = (pc.field("ends_at") > pa.scalar(bill["starts_at"], UTC_TIME)) & (
        pc.field("starts_at") < pa.scalar(bill["ends_at"], UTC_TIME)
    )
    found: dict[str, list[Price]] = {}
    for row in snapshot.read(PRICE_SERIES, filters=wanted).sort_by("starts_at").to_pylist():
        if row["name"] in names:
            found.setdefault(row["name"], []).append(Price(row["starts_at"], row["ends_at"], row["value"]))
    return found


def _role(master: MasterData, bill: dict[str, Any]) -> str:
    roles = [row["role"] for row in master.agreements.to_pylist() if row["agreement_id"] == bill["agreement_id"]]
    return roles[0] if roles else "supply"
