from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.operations.explain import Evidence, explain
from pipelines.operations.interval_evidence import IntervalRows
from schemas.bills import CHARGE_LINES
from schemas.codes import Method, Quality
from schemas.errors import InvariantError
from schemas.findings import EXCEPTIONS
from schemas.readings import DELIVERIES, READINGS_DAILY
from schemas.register_reads import REGISTER_READS
from tariffs.load import parse_tariff

TARIFF = parse_tariff(
    """\
tariff: two-bands
currency: EUR
clock: "+01:00"
versions:
- from: 2026-01-01
  periods: {day: [{days: all, from: "06:00", to: "22:00"}], night: [{else: true}]}
  charges:
  - {id: supply, kind: fixed, price: "0.5", per: day}
  - {id: usage, kind: energy, price: {day: "0.30", night: "0.20"}}
""",
    "two-bands",
)
DAY = date(2026, 1, 15)
STARTS, ENDS = datetime(2026, 1, 14, 23, tzinfo=UTC), datetime(2026, 1, 15, 23, tzinfo=UTC)
BILL = {
    "bill_id": "b1",
    "currency": "EUR",
    "tariff_sha256": "f" * 64,
    "billing_basis": "interval",
    "starts_at": STARTS,
    "ends_at": ENDS,
}


def line(number: int, kind: str, quantity: str, *, band: str | None = None, charge: str = "usage", price: str = "0.2"):
    amount = Decimal(quantity) * Decimal(price)
    return {
        "month": "2026-01", "bucket": 0, "bill_id": "b1", "line_no": number, "charge_id": charge, "kind": kind, "band": band,
        "tier": None, "quantity": Decimal(quantity), "unit": "kWh", "price": Decimal(price), "amount": amount, "currency": "EUR",
        "tax_code": None, "tariff_id": "two-bands", "tariff_version": "2026-01-01", "period_from": DAY,
        "period_to": date(2026, 1, 16), "text": "...",
    }  # fmt: skip


def reading(**changes):
    """A day of 24 hours with 1 kWh each, in thousandths."""
    row = {
        "month": "2026-01", "bucket": 0, "service_point_id": "SP1", "meter_id": "M1", "channel": "E1",
        "quantity": "active_energy", "direction": "import", "unit": "kWh", "day": DAY, "standard_offset_minutes": 60,
        "interval_minutes": 60, "slot_offset_minutes": 0, "exponent": -3, "values": [1000] * 24, "values64": None,
        "quality": None, "method": None, "native_quality": "A", "native_qualities": None, "value_sum": 24_000, "missing": 0,
        "estimated": 0, "version": None, "file_id": "f1", "record": "7",
    }  # fmt: skip
    return row | changes


def delivery(record: str, values: list[int], *, first_hour: int = 0, version: int = 1):
    return {
        "batch": "r1", "bucket": 0, "service_point_id": "SP1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
        "direction": "import", "unit": "kWh", "start": STARTS + timedelta(hours=first_hour), "clock_offset_minutes": 60,
        "interval_minutes": 60, "exponent": -3, "values": values, "values64": None, "quality": None, "native_quality": "A",
        "native_qualities": None, "native_reason": None, "version": datetime(2026, 1, 16, version, tzinfo=UTC), "record": record,
        "file_id": "f1",
    }  # fmt: skip


def register(channel: str = "E1", **changes):
    row = {
        "service_point_id": "SP1", "meter_id": "M1", "channel": channel, "role": "main", "determinant": "import_kwh",
        "valid_from": STARTS, "valid_to": ENDS, "mapped": True,
    }  # fmt: skip
    return row | changes


MAP_SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("service_point_id", "meter_id", "channel", "role", "determinant")),
        ("valid_from", pa.timestamp("us", "UTC")),
        ("valid_to", pa.timestamp("us", "UTC")),
        ("mapped", pa.bool_()),
    ]
)


def evidence(*lines, readings=(), deliveries=(), registers=(), exceptions=(), role="supply"):
    return Evidence(
        bill=BILL,
        lines=pa.Table.from_pylist(list(lines), schema=CHARGE_LINES.schema),
        tariff=TARIFF,
        role=role,
        rows=IntervalRows(
            pa.Table.from_pylist(list(readings), schema=READINGS_DAILY.schema),
            pa.Table.from_pylist(list(deliveries), schema=DELIVERIES.schema),
            pa.Table.from_pylist(list(registers), schema=MAP_SCHEMA),
            {"f1": "january.csv"},
        ),
        exceptions=pa.Table.from_pylist(list(exceptions), schema=EXCEPTIONS.schema),
        reads=REGISTER_READS.empty(),
    )


def test_a_band_is_the_slots_of_its_hours() -> None:
    day, night = explain(
        evidence(
            line(1, "energy", "16", band="day"),
            line(2, "energy", "8", band="night"),
            readings=[reading()],
            registers=[register()],
        )
    )
    assert (day.metered.quantity, night.metered.quantity) == (Decimal(16), Decimal(8))
    assert [i.interval_start.hour for i in day.metered.intervals] == list(range(5, 21))
    assert {i.source.name for i in day.metered.intervals} == {"january.csv"}
    assert day.metered.days[0].sources[0].record == "7"


def test_a_line_that_the_readings_do_not_make_is_an_error_and_no_explanation() -> None:
    with pytest.raises(InvariantError) as caught:
        explain(evidence(line(1, "energy", "16.001", band="day"), readings=[reading()], registers=[register()]))
    assert caught.value.code == "explain.sum"


def test_a_time_charge_needs_no_readings() -> None:
    (found,) = explain(evidence(line(1, "fixed", "1", charge="supply", price="0.5")))
    assert found.metered is None
    assert found.formula == "time x price: 1 kWh x 0.5 EUR/kWh = 0.5 EUR"


@pytest.mark.parametrize("changes", [{"role": "check"}, {"role": "rate"}, {"mapped": False}, {"determinant": "export_kwh"}])
def test_a_channel_that_does_not_feed_the_determinant_is_not_counted(changes) -> None:
    other = reading(channel="E9", file_id=None, record=None)
    (found,) = explain(
        evidence(
            line(1, "energy", "8", band="night"),
            readings=[reading(), other],
            registers=[register(), register("E9", **changes)],
        )
    )
    assert found.metered.channels == ("M1/E1",)


def test_a_register_counts_only_while_it_feeds_the_determinant() -> None:
    noon = datetime(2026, 1, 15, 12, tzinfo=UTC)
    (found,) = explain(evidence(line(1, "energy", "7", band="day"), readings=[reading()], registers=[register(valid_to=noon)]))
    assert found.metered.intervals[-1].interval_start == datetime(2026, 1, 15, 11, tzinfo=UTC)


def test_a_feed_in_agreement_bills_no_import() -> None:
    (found,) = explain(evidence(line(1, "energy", "0", band="day"), readings=[reading()], registers=[register()], role="feed_in"))
    assert found.metered.intervals == ()


def test_qualities_and_methods_are_counted() -> None:
    quality = [Quality.MEASURED] * 22 + [Quality.ESTIMATED] * 2
    method = [Method.NONE] * 22 + [Method.LINEAR] * 2
    (found,) = explain(
        evidence(
            line(1, "energy", "8", band="night"),
            readings=[reading(quality=quality, method=method, estimated=2)],
            registers=[register()],
        )
    )
    assert [(one.quality, one.method, one.slots) for one in found.metered.qualities] == [
        ("estimated", "linear", 2),
        ("measured", "none", 6),
    ]
    assert [i.source for i in found.metered.intervals[-2:]] == [None, None]


def test_a_day_that_several_rows_made_is_traced_slot_by_slot_to_the_newest_version() -> None:
    deliveries = [
        delivery("3", [2000] * 24, version=1),
        delivery("9", [1000] * 12, version=2),
        delivery("11", [1000] * 12, first_hour=12, version=2),
    ]
    (found,) = explain(
        evidence(
            line(1, "energy", "16", band="day"),
            readings=[reading(file_id=None, record=None)],
            deliveries=deliveries,
            registers=[register()],
        )
    )
    assert [i.source.record for i in found.metered.intervals] == ["9"] * 6 + ["11"] * 10


def test_findings_on_the_line_s_channels_and_days_are_told() -> None:
    finding = {
        "month": "2026-01", "bucket": 0, "service_point_id": "SP1", "meter_id": "M1", "channel": "E1", "day": DAY,
        "slot_from": 0, "slot_to": 1, "rule": "spike", "severity": "warn", "observed": None, "threshold": None,
        "message": "high", "status": "open",
    }  # fmt: skip
    elsewhere = finding | {"channel": "B1"}
    (found,) = explain(
        evidence(
            line(1, "energy", "8", band="night"), readings=[reading()], registers=[register()], exceptions=[finding, elsewhere]
        )
    )
    assert [(one.rule, one.channel) for one in found.metered.findings] == [("spike", "E1")]
