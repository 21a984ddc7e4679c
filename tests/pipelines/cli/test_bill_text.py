from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipelines.cli.bill_text import document_parts, explanation_parts
from pipelines.operations.explain import Carried, LineExplanation
from pipelines.operations.interval_evidence import Interval, Source
from pipelines.operations.metered_energy import Metered
from pipelines.operations.power_evidence import Peak
from schemas.bill_document import BillDocument

AT = datetime(2026, 3, 12, 7, 30, tzinfo=UTC)
BILL = {
    "bill_number": "n",
    "bill_id": "b1",
    "period_from": "2026-03-01",
    "period_to": "2026-04-01",
    "total": Decimal(1),
    "currency": "AUD",
}
INTERVAL = Interval(
    date(2026, 3, 12), AT, 30, "M1", "E1", "2020-01-01", None, Decimal("6.25"), "measured", "none", Source("f1", "march.csv", "7")
)
LINE = LineExplanation(1, "power", "demand", None, None, "power: 12.5 kW", "12.5 kW x 1 = 12.5", "home", "2020-01-01", "f" * 64)


def told(line, *, with_intervals=False):
    """Return an explanation as lines of text, the cells of a grid with one space between them."""
    lines = []
    for part in explanation_parts(BILL, [line], with_intervals=with_intervals):
        lines += [part] if isinstance(part, str) else [" ".join(row) for row in (part.headers, *part.rows)]
    return lines


def test_a_peak_is_told_with_its_window_and_what_was_drawn_in_it() -> None:
    found = told(replace(LINE, peaks=(Peak("peak_kw", "day", Decimal("12.5"), "kW", AT, 30, (INTERVAL,)),)))
    assert found[-3:] == [
        "  peak_kw in day: 12.5 kW, 30 minutes from 2026-03-12T07:30:00Z",
        "interval start minutes channel value quality method from",
        "2026-03-12T07:30:00Z 30 E1 6.25 measured none march.csv:7",
    ]


def test_a_power_without_a_window_is_told_alone() -> None:
    assert (
        told(replace(LINE, peaks=(Peak("billing_demand_kw", None, Decimal(16), "kW", None),)))[-1] == "  billing_demand_kw: 16 kW"
    )


def test_a_bank_is_told_before_and_after() -> None:
    found = told(replace(LINE, carried=(Carried("bank.kwh|day", Decimal(168), Decimal("44.50")),)))
    assert found[-1] == "  bank.kwh|day: 168 before this bill, 44.5 after it"


def test_intervals_of_a_price_series_stand_with_their_prices() -> None:
    metered = Metered(
        "import_kwh", (), ("M1/E1",), (1,), Decimal("6.25"), intervals=(replace(INTERVAL, price=Decimal("-3.50")),), note="mean"
    )
    found = told(replace(LINE, metered=metered), with_intervals=True)
    assert found[-3:] == [
        "interval start minutes channel value price quality method from",
        "2026-03-12T07:30:00Z 30 E1 6.25 -3.5 measured none march.csv:7",
        "  sum 6.25: mean, of line 1",
    ]


def test_export_that_was_taken_off_is_told_beside_import() -> None:
    export = Metered("export_kwh", (), ("M1/B1",), (1,), Decimal(5))
    metered = Metered("import_kwh", (), ("M1/E1",), (1,), Decimal(24), less=(export,), note="what is left: 19")
    assert told(replace(LINE, metered=metered))[-2:] == [
        "  less export_kwh of M1/B1: 5",
        "  sum 24: what is left: 19, of line 1",
    ]


@pytest.fixture
def document():
    facts = {
        "bill_number": "n", "bill_id": "b1", "document_type": "invoice", "account_id": "C1", "agreement_id": "A1",
        "service_point_id": "S1", "period_from": date(2026, 3, 1), "period_to": date(2026, 4, 1), "billing_clock": "+10:00",
        "tariff_clock": "+10:00", "starts_at": AT, "ends_at": AT, "issue_date": date(2026, 4, 6), "due_date": date(2026, 4, 20),
        "status": "draft", "net": Decimal(1), "tax": Decimal(0), "total": Decimal(1), "currency": "AUD", "tariff_id": "home",
        "tariff_sha256": "f" * 64, "energy_kwh": Decimal(1), "estimated_share": Decimal(0), "billing_basis": "interval",
        "registers": [], "revision": 0, "replaces": None, "run_id": "r1", "lines": [],
        "measured": [{"determinant": "peak_kw", "band": None, "value": Decimal("12.50"), "unit": "kW", "at": AT}],
        "carried": [{"name": "bank.money", "opening": Decimal("20.50"), "closing": Decimal(0)}],
    }  # fmt: skip
    return BillDocument.model_validate(facts)


def test_a_bill_shows_its_peaks_and_its_bank(document) -> None:
    shown = [part for part in document_parts(document) if isinstance(part, str)]
    assert "peak_kw: 12.5 kW, from 2026-03-12T07:30:00Z" in shown
    assert "bank.money: 20.5 before, 0 after this bill" in shown


def test_as_a_document_they_are_text(document) -> None:
    dumped = document.model_dump(mode="json")
    assert dumped["measured"][0] == {
        "determinant": "peak_kw",
        "band": None,
        "value": "12.5",
        "unit": "kW",
        "at": "2026-03-12T07:30:00Z",
    }
    assert dumped["carried"] == [{"name": "bank.money", "opening": "20.5", "closing": "0"}]
