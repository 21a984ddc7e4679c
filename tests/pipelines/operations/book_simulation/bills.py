"""Positions made of little: the difference of each bill, and what it is grouped by."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.operations.book_simulation.positions import POSITIONS


def position(number: int, before: str | None, after: str | None, **others: Any) -> dict[str, Any]:
    """Return a position; without tax, so that net and total are the same."""
    now, then = (None if amount is None else Decimal(amount) for amount in (before, after))
    change = None if now is None or then is None else then - now
    row = {
        "agreement_id": f"A{number:05}", "account_id": f"C{number}", "service_point_id": f"S{number}",
        "period_from": date(2026, 3, 1), "period_to": date(2026, 4, 1), "tariff": "home", "role": "supply",
        "commodity": "electricity", "basis": "interval", "zone": "UTC", "transformer": "unknown", "generation": "no",
        "cycle": "none", "option": "none", "month": "2026-03", "import_kwh": Decimal(0), "export_kwh": Decimal(0),
        "currency": "EUR",
        "before_net": now, "after_net": then, "difference_net": change,
        "before_total": now, "after_total": then, "difference_total": change,
        "before_hold": "readings.missing" if now is None else None, "after_hold": "fact.missing" if then is None else None,
        "before_message": None if now is not None else "nothing came", "after_message": None if then is not None else "no kW",
        "bill_id": f"b{number}", "valid_from": datetime(2020, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return row | others


def positions(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """Return positions as a table."""
    return pa.Table.from_pylist(list(rows), schema=POSITIONS.schema)


def moved(*differences: str, **others: Any) -> pa.Table:
    """Return bills of 100.00 that move by so much."""
    hundred = Decimal(100)
    return positions([position(n, "100", str(hundred + Decimal(change)), **others) for n, change in enumerate(differences, 1)])
