"""Enedis. The changing resolution is that of an answer kept with eddie-energy/eddie (Apache-2.0)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.pipelines.ingest.national.samples import PRM, codes, curve_point, dump, enedis_document, read, slots, warned


class TestLoadCurve:
    def test_the_date_is_the_end_and_power_stays_power(self):
        parsed = read("enedis", enedis_document([curve_point("2026-01-15 00:30:00", "1520")]))
        (row,) = parsed.intervals.to_pylist()
        assert (row["quantity"], row["unit"], row["interval_minutes"]) == ("power", "kW", 30)
        assert slots(parsed) == [("2026-01-14 23:00", 1.52)]
        assert (row["service_point_id"], row["channel"], parsed.clock) == (PRM, "consumption_load_curve", "Europe/Paris")

    def test_the_length_may_change_from_point_to_point(self):
        ends = [("01:00:00", "PT30M"), ("01:10:00", "PT10M"), ("01:25:00", "PT15M"), ("02:25:00", "PT60M"), ("03:25:00", "PT1H")]
        points = [curve_point(f"2024-02-26 {end}", interval_length=length) for end, length in ends]
        rows = read("enedis", enedis_document(points)).intervals.to_pylist()
        assert sorted((row["start"].strftime("%H:%M"), row["interval_minutes"]) for row in rows) == [
            ("00:00", 10),
            ("00:10", 15),
            ("00:25", 60),
            ("23:30", 30),
        ]

    def test_the_hour_that_comes_twice_is_two(self):
        times = ["02:00", "02:30", "02:00", "02:30", "03:00"]
        points = [curve_point(f"2026-10-25 {time}:00", str(number)) for number, time in enumerate(times)]
        starts = [start for start, _ in slots(read("enedis", enedis_document(points)))]
        assert starts == [
            f"2026-10-{day} {time}"
            for day, time in (("24", "23:30"), ("25", "00:00"), ("25", "00:30"), ("25", "01:00"), ("25", "01:30"))
        ]

    def test_a_half_of_that_hour_alone_is_taken_and_told(self):
        parsed = read("enedis", enedis_document([curve_point("2026-10-25 02:30:00")]))
        assert (slots(parsed), warned(parsed)) == ([("2026-10-25 00:00", 1)], {"time.ambiguous"})

    def test_the_hour_that_does_not_come_is_set_aside(self):
        assert codes(read("enedis", enedis_document([curve_point("2026-03-29 02:30:00")]))) == [
            ("interval_reading/1", "time.invalid", 1)
        ]

    def test_a_missing_value_is_a_slot_without_one(self):
        assert slots(read("enedis", enedis_document([curve_point("2026-01-15 00:30:00", None)]))) == [("2026-01-14 23:00", None)]

    @pytest.mark.parametrize(("code", "quality"), [("B", None), ("C", [4]), ("E", [2]), ("?", [2])])
    def test_the_measure_type_is_the_quality(self, code, quality):
        (row,) = read("enedis", enedis_document([curve_point("2026-01-15 00:30:00", measure_type=code)])).intervals.to_pylist()
        assert (row["native_quality"], row["quality"]) == (code, quality)

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"interval_length": None}, "interval.unknown"),
            ({"interval_length": "1 hour"}, "interval.unknown"),
            ({"date": None}, "time.invalid"),
            ({"date": "2026-01-15"}, "time.invalid"),
            ({"date": "2026-01-15T00:30:00Z"}, "time.invalid"),
            ({"value": "12 W"}, "value.invalid"),
            ({"value": False}, "value.invalid"),
        ],
    )
    def test_a_bad_point_is_set_aside_alone(self, changes, code):
        points = [curve_point("2026-01-15 00:30:00"), {**curve_point("2026-01-15 01:00:00"), **changes}, "x"]
        parsed = read("enedis", enedis_document(points))
        assert sorted(codes(parsed)) == [("interval_reading/2", code, 1), ("interval_reading/3", "record.unknown", 1)]
        assert len(slots(parsed)) == 1

    def test_a_point_without_date_has_no_time(self):
        assert codes(read("enedis", enedis_document([{"value": "1", "interval_length": "PT30M"}])))[0][1] == "time.missing"


class TestConsumptionOrProduction:
    def test_the_name_of_the_service_says_it(self):
        document = enedis_document([curve_point("2026-01-15 00:30:00")])
        found = {}
        for name in ("consumption_load_curve.json", "production_load_curve.json", "courbe.json"):
            parsed = read("enedis", document, name)
            (row,) = parsed.intervals.to_pylist()
            found[name] = (row["channel"], row["direction"], warned(parsed))
        assert found == {
            "consumption_load_curve.json": ("consumption_load_curve", "import", set()),
            "production_load_curve.json": ("production_load_curve", "export", set()),
            "courbe.json": ("consumption_load_curve", "import", {"direction.assumed"}),
        }

    def test_what_the_answer_says_itself_comes_first(self):
        document = enedis_document([curve_point("2026-01-15 00:30:00")], resource="production_load_curve")
        assert read("enedis", document, "consumption.json").intervals["direction"].to_pylist() == ["export"]


class TestDailyEnergy:
    def test_it_belongs_to_local_days_of_23_24_and_25_hours(self):
        points = [{"value": "12500", "date": day} for day in ("2026-01-15", "2026-03-29", "2026-10-25")]
        rows = read("enedis", enedis_document(points, "sum", "Wh")).reads.to_pylist()
        assert {row["channel"] for row in rows} == {"daily_consumption"}
        assert {(row["kind"], row["unit"], row["value"], row["native_quality"]) for row in rows} == {
            ("period", "kWh", Decimal("12.5"), "BRUT")
        }
        assert [(row["read_at"] - row["period_from"]).total_seconds() / 3600 for row in rows] == [24, 23, 25]
        assert rows[0]["period_from"] == datetime(2026, 1, 14, 23, tzinfo=UTC)

    def test_a_day_without_value_is_no_row(self):
        assert read("enedis", enedis_document([{"value": None, "date": "2026-01-15"}], "sum", "Wh")).rows_read == 0

    @pytest.mark.parametrize("date", ["2026-01-15 12:00:00", "2026-01-15T00:00:00Z", "15/01/2026", ""])
    def test_no_local_day(self, date):
        assert codes(read("enedis", enedis_document([{"value": "1", "date": date}], "sum", "Wh")))[0][1] == "time.invalid"


class TestDailyMaximum:
    def test_it_is_a_momentary_value_at_its_time(self):
        document = enedis_document([{"value": "4250", "date": "2026-01-15 19:12:30"}], "maximum", "VA")
        (row,) = read("enedis", document).reads.to_pylist()
        assert (row["kind"], row["quantity"], row["unit"], row["value"]) == ("instant", "apparent_power", "kVA", Decimal("4.25"))
        assert row["read_at"] == datetime(2026, 1, 15, 18, 12, 30, tzinfo=UTC)
        assert row["channel"] == "daily_consumption_max_power"


class TestAnswers:
    @pytest.mark.parametrize(
        ("document", "code"),
        [
            (enedis_document([curve_point("2026-01-15 00:30:00")] * 3, usage_point_id=None), "record.identifier"),
            (enedis_document([curve_point("2026-01-15 00:30:00")] * 3, unit="furlong"), "unit.unknown"),
            (enedis_document([curve_point("2026-01-15 00:30:00")] * 3, reading_type={"unit": "W"}), "series.unknown"),
            (
                enedis_document(
                    [curve_point("2026-01-01")] * 3, reading_type={"unit": "Wh", "aggregate": "sum", "measuring_period": "P1M"}
                ),
                "series.unknown",
            ),
        ],
    )
    def test_an_answer_about_nobody_knows_what_is_set_aside_whole(self, document, code):
        assert codes(read("enedis", document)) == [("interval_reading", code, 3)]

    def test_an_answer_without_values_says_so(self):
        parsed = read("enedis", enedis_document([]))
        assert (parsed.rows_read, warned(parsed)) == (0, {"answer.empty"})

    def test_the_envelope_may_be_left_out(self):
        reading = {"usage_point_id": PRM, "reading_type": {"unit": "W", "aggregate": "average"}}
        parsed = read("enedis", dump({**reading, "interval_reading": [curve_point("2026-01-15 00:30:00")]}))
        assert len(slots(parsed)) == 1
