from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.pipelines.ingest.national.samples import (
    EAN_BE,
    codes,
    fluvius_document,
    fluvius_slice,
    fluvius_value,
    read,
    slots,
    warned,
)

QUARTER = ("2026-01-15T00:00:00Z", "2026-01-15T00:15:00Z")
HOUR = ("2026-01-15T00:00:00Z", "2026-01-15T01:00:00Z")


def one(**flows: object) -> bytes:
    return fluvius_document(quarterHourlyEnergy=[fluvius_slice(*QUARTER, **flows)])


def channels(parsed) -> dict[tuple[str, str], str]:
    return {(row["meter_id"], row["channel"]): row["direction"] for row in parsed.intervals.to_pylist()}


class TestRegisters:
    def test_offtake_is_import_and_injection_export(self):
        parsed = read("fluvius", one(offtake={"total": fluvius_value(0.25)}, injection={"total": fluvius_value(0.5)}))
        assert channels(parsed) == {("", "offtake.total"): "import", ("", "injection.total"): "export"}
        assert slots(parsed, "injection.total") == [("2026-01-15 00:00", 0.5)]
        assert parsed.intervals["service_point_id"].to_pylist() == [EAN_BE, EAN_BE]

    def test_total_day_and_night_are_channels_of_their_own(self):
        values = {name: fluvius_value(n) for n, name in enumerate(("total", "day", "night"), 1)}
        parsed = read("fluvius", one(offtake=values))
        assert {channel for _, channel in channels(parsed)} == {"offtake.total", "offtake.day", "offtake.night"}
        assert slots(parsed, "offtake.total") == [("2026-01-15 00:00", 1)]

    def test_a_head_point_and_its_meter_are_never_one_channel(self):
        entry = fluvius_slice(*QUARTER, offtake={"total": fluvius_value(0.25)})
        meter = {"seqNumber": "1", "meterID": "0SAG0001", "quarterHourlyEnergy": [entry]}
        assert channels(read("fluvius", fluvius_document(quarterHourlyEnergy=[entry], physicalMeters=[meter]))) == {
            ("", "offtake.total"): "import",
            ("0SAG0001", "offtake.total"): "import",
        }

    def test_a_meter_behind_the_head_point_says_what_it_is(self):
        entry = fluvius_slice(*QUARTER, production={"total": fluvius_value(0.25)})
        sub = {"$type": "submetering-production", "ean": "001", "type": "PV", "quarterHourlyEnergy": [entry]}
        assert channels(read("fluvius", fluvius_document(subHeadpoints=[sub]))) == {
            ("001", "submetering-production.production.total"): "none"
        }

    def test_a_flow_nobody_knows_has_no_direction(self):
        parsed = read("fluvius", one(sideways={"total": fluvius_value(1)}))
        assert (channels(parsed), warned(parsed)) == ({("", "sideways.total"): "none"}, {"channel.unknown"})


class TestTimes:
    def test_days_are_periods_and_hours_are_slots(self):
        day = fluvius_slice("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", offtake={"total": fluvius_value(12.5)})
        hour = fluvius_slice(*HOUR, offtake={"total": fluvius_value(0.5)})
        parsed = read("fluvius", fluvius_document(dailyEnergy=[day], hourlyEnergy=[hour]))
        (row,) = parsed.reads.to_pylist()
        assert (row["kind"], row["period_from"], row["read_at"]) == (
            "period",
            datetime(2026, 3, 28, 23, tzinfo=UTC),
            datetime(2026, 3, 29, 22, tzinfo=UTC),
        )
        assert parsed.intervals["interval_minutes"].to_pylist() == [60]

    def test_an_offset_is_followed(self):
        entry = fluvius_slice("2026-01-15T01:00:00+01:00", "2026-01-15T01:15:00+01:00", offtake={"total": fluvius_value(1)})
        parsed = read("fluvius", fluvius_document(quarterHourlyEnergy=[entry]))
        assert (slots(parsed), parsed.clock) == ([("2026-01-15 00:00", 1)], None)

    def test_a_later_answer_is_a_later_version(self):
        parsed = read(
            "fluvius",
            fluvius_document(
                "2026-05-28T09:37:08Z", quarterHourlyEnergy=[fluvius_slice(*QUARTER, offtake={"total": fluvius_value(1)})]
            ),
        )
        assert parsed.intervals["version"].to_pylist() == [datetime(2026, 5, 28, 9, 37, 8, tzinfo=UTC)]

    @pytest.mark.parametrize(
        ("start", "end", "code"),
        [
            ("2026-01-15T00:15:00Z", "2026-01-15T00:15:00Z", "time.invalid"),
            ("2026-01-15T00:15:00Z", "2026-01-15T00:00:00Z", "time.invalid"),
            ("x", "2026-01-15T00:00:00Z", "time.invalid"),
            ("2026-01-15T00:15:00Z", None, "time.missing"),
        ],
    )
    def test_a_slice_without_order_is_set_aside(self, start, end, code):
        document = fluvius_document(quarterHourlyEnergy=[fluvius_slice(start, end, offtake={"total": fluvius_value(1)})])
        assert codes(read("fluvius", document)) == [("headpoint/quarterHourlyEnergy/1/offtake/total", code, 1)]


class TestGas:
    def test_cubic_metres_and_kilowatt_hours_are_two_channels(self):
        both = [
            {"offtake": {"total": fluvius_value(1.5, "m3")}},
            {"offtake": {"total": fluvius_value(16.2, gasConversionFactor="P")}},
        ]
        entry = {"start": HOUR[0], "end": HOUR[1], "measurements": both}
        rows = read("fluvius", fluvius_document(energyType="G", hourlyEnergy=[entry])).intervals.to_pylist()
        assert {(row["channel"], row["quantity"], row["unit"], row["native_reason"]) for row in rows} == {
            ("offtake.total", "volume", "m3", None),
            ("offtake.total.kWh", "active_energy", "kWh", "gasConversionFactor P"),
        }


class TestValues:
    @pytest.mark.parametrize(
        ("state", "quality"), [("READ", None), ("VAL", None), ("NVAL", None), (None, None), ("EST", [2]), ("??", [2])]
    )
    def test_the_validation_state_is_the_quality(self, state, quality):
        (row,) = read("fluvius", one(offtake={"total": fluvius_value(1, state=state)})).intervals.to_pylist()
        assert (row["native_quality"], row["quality"]) == (state, quality)

    def test_a_null_is_a_slot_without_value(self):
        assert slots(read("fluvius", one(offtake={"total": fluvius_value(None)}))) == [("2026-01-15 00:00", None)]

    def test_reactive_energy_in_a_unit_of_active_energy_is_told(self):
        assert warned(read("fluvius", one(offtake={"reactive": fluvius_value(1)}))) == {"unit.contradiction"}
        parsed = read("fluvius", one(offtake={"reactive": fluvius_value(1, "KVArh")}))
        assert (warned(parsed), parsed.intervals["unit"].to_pylist()) == (set(), ["kvarh"])

    @pytest.mark.parametrize(
        ("flows", "code"),
        [
            ({"offtake": {"total": fluvius_value(1, "?")}}, "unit.unknown"),
            ({"offtake": {"total": fluvius_value(1, None)}}, "unit.unknown"),
            ({"offtake": {"total": fluvius_value("x")}}, "value.invalid"),
            ({"offtake": {"total": fluvius_value([])}}, "value.invalid"),
            ({"offtake": {"total": 1}}, "record.unknown"),
            ({"offtake": 1}, "record.unknown"),
        ],
    )
    def test_a_bad_value_is_set_aside_alone(self, flows, code):
        parsed = read("fluvius", one(injection={"total": fluvius_value(0.5)}, **flows))
        assert [found for _, found, _ in codes(parsed)] == [code]
        assert len(slots(parsed)) == 1

    def test_nothing_that_stands_for_values_is_passed_over(self):
        document = fluvius_document(
            quarterHourlyEnergy=[{"start": QUARTER[0], "end": QUARTER[1], "measurements": [7]}, 8], physicalMeters=[9]
        )
        assert sorted(codes(read("fluvius", document))) == [
            ("headpoint/quarterHourlyEnergy/1/measurements", "record.unknown", 1),
            ("headpoint/quarterHourlyEnergy/2", "record.unknown", 1),
            ("physicalMeters/1", "record.unknown", 1),
        ]

    def test_a_head_point_without_number_is_set_aside(self):
        document = fluvius_document(ean=None, quarterHourlyEnergy=[fluvius_slice(*QUARTER, offtake={"total": fluvius_value(1)})])
        assert codes(read("fluvius", document)) == [("headpoint/quarterHourlyEnergy/1/offtake/total", "record.identifier", 1)]

    def test_an_answer_without_values_says_so(self):
        parsed = read("fluvius", fluvius_document(quarterHourlyEnergy=None))
        assert (parsed.rows_read, warned(parsed)) == (0, {"answer.empty"})
