from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.pipelines.ingest.national.samples import (
    EAN_NL,
    codes,
    dump,
    dutch_document,
    dutch_reading,
    dutch_register,
    read,
    warned,
)

MIDNIGHT = {"DateTime": "2026-01-15T00:00:00.000+01:00"}


def one(code: object = "1.8.1", value: object = 100.5, **kind: object) -> bytes:
    return dutch_document(dutch_register([dutch_reading(MIDNIGHT, value, **kind)], code))


class TestReads:
    def test_they_are_indexes_of_the_registers_of_a_meter(self):
        (row,) = read("mijn_aansluiting", one()).reads.to_pylist()
        assert (row["service_point_id"], row["meter_id"], row["channel"]) == (EAN_NL, "E0001", "1.8.1")
        assert (row["kind"], row["value"], row["unit"], row["direction"]) == ("index", Decimal("100.5"), "kWh", "import")
        assert row["read_at"] == datetime(2026, 1, 14, 23, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("kind", "value", "unit"),
        [
            ({"Multiplier": "k", "Unit": "Wh"}, Decimal(1500), "kWh"),
            ({"Unit": "Wh"}, Decimal("1.5"), "kWh"),
            ({"Multiplier": "M", "Unit": "Wh"}, Decimal(1_500_000), "kWh"),
            ({"Multiplier": None, "Unit": "m3"}, Decimal(1500), "m3"),
        ],
    )
    def test_the_multiplier_belongs_to_the_unit(self, kind, value, unit):
        (row,) = read("mijn_aansluiting", one(value=1500, **kind)).reads.to_pylist()
        assert (row["value"], row["unit"]) == (value, unit)

    @pytest.mark.parametrize(
        "kind", [{"Unit": "furlong"}, {"Multiplier": "m", "Unit": "Wh"}, {"Multiplier": ["k"], "Unit": "Wh"}, {"Multiplier": "k"}]
    )
    def test_no_unit(self, kind):
        assert codes(read("mijn_aansluiting", one(**kind))) == [
            ("MarketEvaluationPoint/1/RegisterList/1/ReadingList/1", "unit.unknown", 1)
        ]

    @pytest.mark.parametrize(
        ("code", "kind", "direction", "warning"),
        [
            ("1.8.2", {"Multiplier": "k", "Unit": "Wh"}, "import", set()),
            ("2.8.1", {"Multiplier": "k", "Unit": "Wh"}, "export", set()),
            ("2.8.1", {"Unit": "m3"}, "import", set()),
            ("20.8.1", {"Multiplier": "k", "Unit": "Wh"}, "none", {"channel.unknown"}),
            ("T1", {"Multiplier": "k", "Unit": "Wh"}, "none", {"channel.unknown"}),
        ],
    )
    def test_the_register_says_the_direction_and_gas_is_always_taken_in(self, code, kind, direction, warning):
        parsed = read("mijn_aansluiting", one(code, **kind))
        assert (parsed.reads["direction"].to_pylist(), warned(parsed)) == ([direction], warning)

    def test_an_empty_read_is_none(self):
        assert read("mijn_aansluiting", one(value=None)).rows_read == 0


class TestTimes:
    @pytest.mark.parametrize(
        ("when", "read_at"),
        [
            ({"DateTime": "2023-05-01T00:00:00.000+02:00"}, datetime(2023, 4, 30, 22, tzinfo=UTC)),
            ({"Date": "2026-07-01"}, datetime(2026, 6, 30, 22, tzinfo=UTC)),
            ({"Date": "2026-01-15", "Time": "12:30:00"}, datetime(2026, 1, 15, 11, 30, tzinfo=UTC)),
            ({"DateTime": "2026-01-15"}, datetime(2026, 1, 14, 23, tzinfo=UTC)),
        ],
    )
    def test_a_date_alone_is_the_midnight_that_begins_it(self, when, read_at):
        parsed = read("mijn_aansluiting", dutch_document(dutch_register([dutch_reading(when)])))
        assert parsed.reads["read_at"].to_pylist() == [read_at]
        assert parsed.clock == (None if "+" in when.get("DateTime", "") else "Europe/Amsterdam")

    @pytest.mark.parametrize(
        ("when", "code"),
        [
            ({"DateTime": "2026-10-25T02:30:00"}, "time.invalid"),
            ({"DateTime": "2026-03-29T02:30:00"}, "time.invalid"),
            ({"Date": "2026-02-30"}, "time.invalid"),
            ({"Time": "12:00:00"}, "time.missing"),
            ({}, "time.missing"),
        ],
    )
    def test_a_time_that_does_not_exist_or_exists_twice_is_set_aside(self, when, code):
        parsed = read("mijn_aansluiting", dutch_document(dutch_register([dutch_reading(when), dutch_reading(MIDNIGHT)])))
        assert ([found for _, found, _ in codes(parsed)], parsed.reads.num_rows) == ([code], 1)


class TestPoints:
    def test_registers_and_points_are_kept_apart(self):
        document = [
            {
                "MarketEvaluationPoint": {
                    "MRID": ean,
                    "RegisterList": [dutch_register([dutch_reading(MIDNIGHT)], code) for code in ("1.8.1", "1.8.2")],
                }
            }
            for ean in ("871690000000000031", "071690000000000048")
        ]
        rows = read("mijn_aansluiting", dump(document)).reads.to_pylist()
        assert [(row["service_point_id"], row["channel"]) for row in rows] == [
            ("871690000000000031", "1.8.1"),
            ("871690000000000031", "1.8.2"),
            ("071690000000000048", "1.8.1"),
            ("071690000000000048", "1.8.2"),
        ]

    def test_nothing_that_stands_for_reads_is_passed_over(self):
        document = [
            7,
            {"MarketEvaluationPoint": {"MRID": None, "RegisterList": [8, dutch_register([9, dutch_reading(MIDNIGHT)])]}},
        ]
        assert codes(read("mijn_aansluiting", dump(document))) == [
            ("MarketEvaluationPoint/1", "record.unknown", 1),
            ("MarketEvaluationPoint/2/RegisterList/1", "record.unknown", 1),
            ("MarketEvaluationPoint/2/RegisterList/2/ReadingList/1", "record.unknown", 1),
            ("MarketEvaluationPoint/2/RegisterList/2/ReadingList/2", "record.identifier", 1),
        ]

    def test_an_answer_without_reads_says_so(self):
        assert warned(read("mijn_aansluiting", dutch_document())) == {"answer.empty"}
