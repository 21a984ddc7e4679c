from __future__ import annotations

from decimal import Decimal

import pytest

from pipelines.operations.book_simulation.groups import GROUPINGS, labels_of
from pipelines.operations.book_simulation.positions import POSITIONS
from tests.pipelines.operations.book_simulation.bills import position, positions


def bands(*kwh: str, currency: str = "EUR") -> list[str]:
    rows = [position(n, "1", "2", import_kwh=Decimal(value), currency=currency) for n, value in enumerate(kwh)]
    return labels_of(positions(rows), "usage").to_pylist()


@pytest.mark.parametrize("name", [name for name in GROUPINGS if name != "usage"])
def test_a_grouping_is_a_column_of_positions(name):
    assert name in POSITIONS.schema.names
    assert labels_of(positions([position(1, "1", "2", **{name: "x"})]), name).to_pylist() == ["x"]


def test_quarters_hold_equally_many_bills_and_end_at_bills():
    assert bands("8", "1", "2", "3", "4", "5", "6", "7") == [
        "4: above 6 kWh", "1: up to 2 kWh", "1: up to 2 kWh", "2: above 2, up to 4 kWh", "2: above 2, up to 4 kWh",
        "3: above 4, up to 6 kWh", "3: above 4, up to 6 kWh", "4: above 6 kWh",
    ]  # fmt: skip


def test_bills_of_equal_energy_share_a_band():
    assert bands("5", "5", "5", "5", "9") == ["1: up to 5 kWh"] * 4 + ["2: above 5 kWh"]


def test_every_currency_has_quarters_of_its_own():
    rows = [position(1, "1", "2", import_kwh=Decimal(1)), position(2, "1", "2", import_kwh=Decimal(900), currency="AUD")]
    assert labels_of(positions(rows), "usage").to_pylist() == ["1: up to 1 kWh", "1: up to 900 kWh"]
