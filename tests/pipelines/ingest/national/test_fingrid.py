from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.pipelines.ingest.national.samples import GSRN, codes, dump, fingrid_document, observation, read, slots, warned

FIRST = "2026-01-14T22:00:00Z"


class TestObservations:
    def test_the_time_is_the_start_and_quantities_are_texts(self):
        parsed = read("fingrid", fingrid_document([observation(FIRST, "1.509000"), observation("2026-01-14T22:15:00Z", "2")]))
        assert slots(parsed) == [("2026-01-14 22:00", 1.509), ("2026-01-14 22:15", 2)]
        row = parsed.intervals.to_pylist()[0]
        assert (row["service_point_id"], row["channel"], row["unit"]) == (GSRN, "8716867000030/BN01", "kWh")
        assert (row["version"], parsed.clock) == (datetime(2026, 2, 1, 6, tzinfo=UTC), None)

    @pytest.mark.parametrize(("resolution", "minutes"), [("PT15M", 15), ("PT1H", 60), ("PT60M", 60)])
    def test_the_series_says_its_resolution(self, resolution, minutes):
        document = fingrid_document([observation(FIRST)], ResolutionDuration=resolution)
        assert read("fingrid", document).intervals["interval_minutes"].to_pylist() == [minutes]

    def test_a_day_is_a_finnish_one(self):
        starts = ["2026-01-14T22:00:00Z", "2026-03-28T22:00:00Z", "2026-10-24T21:00:00Z"]
        rows = read("fingrid", fingrid_document([observation(s) for s in starts], ResolutionDuration="P1D")).reads.to_pylist()
        assert [(row["read_at"] - row["period_from"]).total_seconds() / 3600 for row in rows] == [24, 23, 25]

    @pytest.mark.parametrize(
        ("quality", "quantity", "expected"),
        [
            ("OK", "1", 0),
            ("REV", "1", 0),
            (None, "1", 0),
            ("EST", "1", 2),
            ("UNC", "1", 2),
            ("XYZ", "1", 2),
            ("MISSING", "0.000", 1),
            ("OK", None, 1),
        ],
    )
    def test_its_quality(self, quality, quantity, expected):
        parsed = read("fingrid", fingrid_document([observation(FIRST, quantity, quality)]))
        (row,) = parsed.intervals.to_pylist()
        assert ((row["quality"] or [0])[0], row["native_quality"]) == (expected, quality)
        assert warned(parsed) == ({"quality.unknown"} if quality == "XYZ" else set())

    def test_a_value_flagged_missing_is_none_though_it_is_written_as_zero(self):
        assert slots(read("fingrid", fingrid_document([observation(FIRST, "0.000000", "MISSING")]))) == [
            ("2026-01-14 22:00", None)
        ]

    @pytest.mark.parametrize(
        ("entry", "code"),
        [
            (observation("2026-01-14T22:00:00"), None),
            (observation("yesterday"), "time.invalid"),
            ({"Quantity": "1", "Quality": "OK"}, "time.missing"),
            (observation(FIRST, "1,5"), "value.invalid"),
            (observation(FIRST, quantity=True), "value.invalid"),
            (observation(FIRST, "0.0000000001"), "value.precision"),
            (None, "record.unknown"),
        ],
    )
    def test_a_bad_observation_is_set_aside_alone(self, entry, code):
        parsed = read("fingrid", fingrid_document([observation("2026-01-14T22:15:00Z"), entry]))
        assert codes(parsed) == ([] if code is None else [("TimeSeries/1/Observations/2", code, 1)])
        assert len(slots(parsed)) == (2 if code is None else 1)

    def test_a_time_without_offset_is_finnish(self):
        parsed = read("fingrid", fingrid_document([observation("2026-01-15T00:00:00")]))
        assert (slots(parsed)[0][0], parsed.clock) == ("2026-01-14 22:00", "Europe/Helsinki")


class TestSeries:
    @pytest.mark.parametrize(("kind", "direction"), [(None, "none"), ("AG01", "import"), ("AG02", "export")])
    def test_only_the_type_of_the_metering_point_says_the_direction(self, kind, direction):
        document = fingrid_document([observation(FIRST)], MeteringPointType=kind)
        assert read("fingrid", document).intervals["direction"].to_pylist() == [direction]

    def test_reactive_energy_is_a_channel_of_its_own(self):
        document = fingrid_document([observation(FIRST)], ProductType="8716867000047", UnitType="kVArh")
        (row,) = read("fingrid", document).intervals.to_pylist()
        assert (row["channel"], row["quantity"], row["unit"]) == ("8716867000047/BN01", "reactive_energy", "kvarh")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"MeteringPointEAN": None}, "record.identifier"),
            ({"UnitType": "furlong"}, "unit.unknown"),
            ({"UnitType": None}, "unit.unknown"),
            ({"ResolutionDuration": "P1M"}, "interval.unknown"),
        ],
    )
    def test_a_series_about_nobody_knows_what_is_set_aside_whole(self, changes, code):
        assert codes(read("fingrid", fingrid_document([observation(FIRST)] * 2, **changes))) == [("TimeSeries/1", code, 2)]


class TestAnAnswerWithoutValues:
    def test_it_says_why(self):
        reason = {"EventReasonCode": "RC-MDM-RMV-100", "EventReasonText": "No data found"}
        transaction = {"ReasonCode": "RC-MDM-RMV-100", "EventReasons": {"EventReason": [reason]}}
        parsed = read("fingrid", dump({"RetrieveTimeSeriesData": {"Header": {}, "Transaction": transaction}}))
        assert (parsed.rows_read, warned(parsed)) == (0, {"answer.empty", "answer.error"})
