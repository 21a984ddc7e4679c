"""Builders of master data: full valid rows of which a test changes what it is about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from pipelines.masterdata.read import STORED, loaded_schema

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)
# What one table of each kind holds when nothing is changed: S1 with meter M1, its import register and its agreement.
ROW: dict[str, dict[str, Any]] = {
    "service_points": {
        "service_point_id": "S1", "zone": "Europe/Prague", "standard_offset_minutes": 60, "commodity": "electricity",
        "billing_basis": "interval",
    },
    "meters": {"meter_id": "M1", "service_point_id": "S1", "installed_from": BEGIN},
    "registers": {
        "meter_id": "M1", "channel": "E1", "role": "main", "direction": "import", "quantity": "active_energy", "unit": "kWh",
        "determinant": "import_kwh", "multiplier": Decimal(1), "intervals": "primary", "valid_from": BEGIN,
    },
    "agreements": {
        "agreement_id": "A1", "account_id": "C1", "service_point_id": "S1", "role": "supply", "tariff_id": "flat",
        "billing_clock": "Europe/Prague", "valid_from": BEGIN,
    },
    "agreement_facts": {"agreement_id": "A1", "fact": "contracted_kw", "value": Decimal(50), "valid_from": BEGIN},
    "agreement_options": {"agreement_id": "A1", "option": "low_income", "valid_from": BEGIN},
    "opening_state": {"agreement_id": "A1", "name": "bank.money", "value": Decimal("12.5"), "as_of": BEGIN},
    "accounts": {"account_id": "C1", "customer_id": "P1", "currency": "CZK", "export_tax": False},
    "customers": {"customer_id": "P1", "name": "Jana"},
}  # fmt: skip

Rows = Callable[..., pa.Table]


@pytest.fixture(scope="session")
def stored() -> Rows:
    """``stored("meters", {"meter_id": "M2"})``: stored rows, each the usual one with some cells changed."""

    def build(table: str, *changes: dict[str, Any]) -> pa.Table:
        rows = [ROW[table] | {"loaded_run_id": "run-0"} | change for change in changes]
        return pa.Table.from_pylist(rows, STORED[table].schema)

    return build


@pytest.fixture(scope="session")
def everything(stored: Rows) -> Callable[..., dict[str, pa.Table]]:
    """``everything(meters=[{...}])``: all tables with one usual row each, but for those named."""

    def build(**changes: list[dict[str, Any]]) -> dict[str, pa.Table]:
        return {table: stored(table, *changes.get(table, [{}])) for table in STORED}

    return build


@pytest.fixture(scope="session")
def loaded() -> Rows:
    """``loaded("meters", {"installed_from": "2026-01-01"})``: rows as ``read_master_data`` gives them."""

    def build(table: str, *changes: dict[str, Any]) -> pa.Table:
        usual = {name: cell.isoformat() if isinstance(cell, datetime) else cell for name, cell in ROW[table].items()}
        rows = [usual | {"place": f"{table}.csv:{line}"} | change for line, change in enumerate(changes, 2)]
        return pa.Table.from_pylist(rows, loaded_schema(table))

    return build
