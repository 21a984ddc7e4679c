"""Builders for billing: full valid rows of which a test changes what it is about.

The home of every test: service point S1 in Brisbane (+10:00, no daylight saving), meter M1 with E1 import and B1 export,
agreement A1 of account C1, billed for March 2026 in half hours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.bill.due import Due
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Snapshot
from pipelines.masterdata.master import MasterData
from pipelines.plan import BillingRequest, RunPlan
from schemas.master_data import ACCOUNTS, AGREEMENTS, METERS, REGISTERS, SERVICE_POINTS
from schemas.readings import READINGS_DAILY
from tariffs.load import parse_tariff
from tariffs.model import Tariff

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
STARTS_AT, ENDS_AT = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 31, 14, tzinfo=UTC)

_ROW: dict[str, dict[str, Any]] = {
    "service_points": {
        "service_point_id": "S1", "zone": "Australia/Brisbane", "standard_offset_minutes": 600, "commodity": "electricity",
        "billing_basis": "interval", "loaded_run_id": "r0",
    },
    "meters": {"meter_id": "M1", "service_point_id": "S1", "installed_from": BEGAN, "loaded_run_id": "r0"},
    "registers": {
        "meter_id": "M1", "channel": "E1", "role": "main", "direction": "import", "quantity": "active_energy", "unit": "kWh",
        "determinant": "import_kwh", "multiplier": Decimal(1), "intervals": "primary", "valid_from": BEGAN,
        "loaded_run_id": "r0",
    },
    "agreements": {
        "agreement_id": "A1", "account_id": "C1", "service_point_id": "S1", "role": "supply", "tariff_id": "home",
        "billing_clock": "Australia/Brisbane", "valid_from": BEGAN, "loaded_run_id": "r0",
    },
    "accounts": {"account_id": "C1", "customer_id": "P1", "currency": "AUD", "export_tax": False, "loaded_run_id": "r0"},
}  # fmt: skip
_TABLES = {
    "service_points": SERVICE_POINTS,
    "meters": METERS,
    "registers": REGISTERS,
    "agreements": AGREEMENTS,
    "accounts": ACCOUNTS,
}


@pytest.fixture(scope="session")
def master_of() -> Callable[..., MasterData]:
    """``master_of(registers=[{}, {"channel": "B1"}])``: master data of one usual row a table, but for those named."""

    def build(**rows: Sequence[dict[str, Any]]) -> MasterData:
        tables = {
            name: pa.Table.from_pylist([_ROW[name] | change for change in rows.get(name, [{}])], schema=table.schema)
            for name, table in _TABLES.items()
        }
        return MasterData(**tables)

    return build


@pytest.fixture(scope="session")
def daily() -> Callable[..., pa.Table]:
    """``daily({"values": [500] * 48})``: rows of ``readings_daily``; ``day`` may be a list of days, one row each."""

    def build(*changes: dict[str, Any]) -> pa.Table:
        usual = {
            "month": "2026-03", "bucket": 0, "service_point_id": "S1", "meter_id": "M1", "channel": "E1",
            "quantity": "active_energy", "direction": "import", "unit": "kWh", "day": FIRST, "standard_offset_minutes": 600,
            "interval_minutes": 30, "slot_offset_minutes": 0, "exponent": -3, "values": [500] * 48, "value_sum": 0, "missing": 0,
            "estimated": 0,
        }  # fmt: skip
        rows = []
        for change in changes or ({},):
            days = change.get("day", FIRST)
            rows += [usual | change | {"day": day} for day in (days if isinstance(days, list) else [days])]
        for row in rows:
            row["value_sum"] = sum(row["values"] or row["values64"])
        return pa.Table.from_pylist(rows, schema=READINGS_DAILY.schema)

    return build


@pytest.fixture(scope="session")
def march() -> list[date]:
    """All days of March."""
    return [FIRST + timedelta(days=number) for number in range(31)]


@pytest.fixture(scope="session")
def due_of() -> Callable[..., Due]:
    """``due_of(role="feed_in")``: the agreement and March, with some facts changed."""

    def build(**changes: Any) -> Due:
        usual: dict[str, Any] = {
            "agreement_id": "A1", "account_id": "C1", "service_point_id": "S1", "role": "supply", "tariff_id": "home",
            "billing_clock": "Australia/Brisbane", "currency": "AUD", "export_taxed": False, "billing_basis": "interval",
            "period_from": FIRST, "period_to": END, "starts_at": STARTS_AT, "ends_at": ENDS_AT, "valid_from": BEGAN,
            "exports_elsewhere": False, "customer_id": "P1",
        }  # fmt: skip
        return Due(**(usual | changes))

    return build


@pytest.fixture(scope="session")
def plan_of() -> Callable[..., RunPlan]:
    """``plan_of(as_at=date(2026, 4, 5))``: the run that bills March, as at 10 April, over a store that nobody reads."""

    def build(as_at: date = date(2026, 4, 10), **changes: Any) -> RunPlan:
        root = Path("nowhere")
        usual: dict[str, Any] = {
            "root": root, "run_id": "r1", "started_at": datetime(2026, 4, 10, tzinfo=UTC),
            "settings": StoreSettings(currency="AUD"), "base": Snapshot(root, "r0", 1, {}),
            "billing": BillingRequest(FIRST, END, as_at),
        }  # fmt: skip
        return RunPlan(**(usual | changes))

    return build


@pytest.fixture(scope="session")
def tariff_of() -> Callable[..., Tariff]:
    """``tariff_of(charges="...", periods="...")``: a tariff in force since 2020, one dollar a day and 30 cents a kWh."""

    def build(charges: str = "", *, more: str = "", head: str = "", later: str = "") -> Tariff:
        charges = charges or '{id: supply, kind: fixed, price: "1", per: day}, {id: usage, kind: energy, price: "0.3"}'
        version = f"- from: 2020-01-01\n  charges: [{charges}]\n{more}"
        text = f"tariff: home\ncurrency: AUD\nclock: Australia/Brisbane\n{head}versions:\n{version}{later}"
        return parse_tariff(text, "home.yaml")

    return build
