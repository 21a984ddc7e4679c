"""Datadis. The hours of 2023-10-29 and 2024-03-31 are those of an answer kept with eddie-energy/eddie (Apache-2.0)."""

from __future__ import annotations

import pytest

from tests.pipelines.ingest.national.samples import CUPS, codes, datadis_day, datadis_row, dump, read, slots, warned

HOURS = [f"{hour:02}:00" for hour in range(1, 25)]
CONSUMPTION, SURPLUS = "consumptionKWh", "surplusEnergyKWh"


class TestHours:
    def test_the_label_is_the_end_and_24_00_ends_the_day(self):
        parsed = read("datadis", datadis_day("2026/01/15", HOURS))
        assert slots(parsed) == [(f"2026-01-{14 + (h + 23) // 24} {(h + 23) % 24:02}:00", h + 1) for h in range(24)]
        assert parsed.clock == "Europe/Madrid"
        assert set(parsed.intervals["clock_offset_minutes"].to_pylist()) == {60}

    def test_a_spring_day_has_23_hours(self):
        labels = [label for label in HOURS if label != "02:00"]
        found = slots(read("datadis", datadis_day("2024/03/31", labels)))
        assert found[:2] == [("2024-03-30 23:00", 1), ("2024-03-31 00:00", 2)]
        assert (len(found), found[-1][0]) == (23, "2024-03-31 21:00")

    def test_an_autumn_day_has_25_hours_told_apart_by_their_order(self):
        found = slots(read("datadis", datadis_day("2026/10/25", sorted([*HOURS, "02:00"]))))
        assert found[1:4] == [("2026-10-24 23:00", 2), ("2026-10-25 00:00", 3), ("2026-10-25 01:00", 4)]
        assert (len(found), found[-1][0]) == (25, "2026-10-25 22:00")

    def test_an_autumn_day_of_24_rows_is_taken_and_told(self):
        parsed = read("datadis", datadis_day("2023/10/29", HOURS))
        assert len(slots(parsed)) == 24
        assert ("2023-10-29 00:00", 3) not in slots(parsed)
        assert [warning.code for warning in parsed.warnings] == ["time.ambiguous"]

    def test_a_row_for_the_hour_that_does_not_come_is_set_aside_and_without_value_is_none(self):
        assert codes(read("datadis", datadis_day("2024/03/31", HOURS))) == [("2", "time.invalid", 1)]
        rows = [datadis_row("02:00", date="2024/03/31", consumptionKWh=None), datadis_row("03:00", date="2024/03/31")]
        parsed = read("datadis", dump(rows))
        assert (codes(parsed), slots(parsed)) == ([], [("2024-03-31 00:00", 0.25)])

    def test_another_clock_may_be_told(self):
        parsed = read("datadis", datadis_day("2026/07/15", ["01:00"]), clock="+00:00")
        assert (slots(parsed), parsed.clock) == ([("2026-07-15 00:00", 1)], "+00:00")

    def test_quarters_of_an_hour(self):
        parsed = read("datadis", datadis_day("2026/01/15", ["00:15", "00:30", "00:45", "01:00"]))
        assert parsed.intervals["interval_minutes"].to_pylist() == [15]
        assert [start[-5:] for start, _ in slots(parsed)] == ["23:00", "23:15", "23:30", "23:45"]


class TestLabelsThatSayTooLittle:
    def test_a_day_from_00_00_to_23_00_is_set_aside_for_its_labels_may_be_starts(self):
        labels = [f"{hour:02}:00" for hour in range(24)]
        assert {code for _, code, _ in codes(read("datadis", datadis_day("2026/01/15", labels)))} == {"time.invalid"}
        assert slots(read("datadis", datadis_day("2026/01/15", labels))) == []

    def test_one_row_of_00_00_beside_24_00_is_set_aside_alone(self):
        parsed = read("datadis", datadis_day("2026/01/15", ["00:00", *HOURS]))
        assert (codes(parsed), len(slots(parsed))) == ([("1", "time.invalid", 1)], 24)

    def test_quarters_named_by_the_hour_that_ends_are_set_aside(self):
        parsed = read("datadis", datadis_day("2026/01/15", ["01:00", "01:15", "01:30", "01:45"]))
        assert (len(codes(parsed)), slots(parsed)) == (4, [])

    @pytest.mark.parametrize("time", ["24:15", "25:00", "01:20", "1", "", "01:00:00", "-1:00"])
    def test_no_label(self, time):
        (rejected,) = codes(read("datadis", dump([datadis_row(time)])))
        assert rejected[1] in ("time.invalid", "time.missing")

    @pytest.mark.parametrize("date", ["2026/02/30", "15/01/2026", "0001/01/01", "9999/12/31", "20260115"])
    def test_no_date(self, date):
        assert codes(read("datadis", dump([datadis_row("01:00", date=date)]))) == [("1", "time.invalid", 1)]


class TestEnergies:
    def test_surplus_is_export_in_a_channel_of_its_own(self):
        parsed = read("datadis", dump([datadis_row("01:00", surplusEnergyKWh=0.5)]))
        found = {(row["channel"], row["direction"], row["unit"]) for row in parsed.intervals.to_pylist()}
        assert found == {(CONSUMPTION, "import", "kWh"), (SURPLUS, "export", "kWh")}
        assert slots(parsed, SURPLUS) == [("2026-01-14 23:00", 0.5)]

    def test_a_null_is_no_value_and_never_zero(self):
        rows = [datadis_row("01:00", surplusEnergyKWh=0), datadis_row("02:00", consumptionKWh=None)]
        parsed = read("datadis", dump(rows))
        assert slots(parsed, CONSUMPTION) == [("2026-01-14 23:00", 0.25), ("2026-01-15 00:00", None)]
        assert slots(parsed, SURPLUS) == [("2026-01-14 23:00", 0), ("2026-01-15 00:00", None)]

    def test_a_column_that_is_null_throughout_is_no_channel(self):
        assert read("datadis", dump([datadis_row("01:00")])).intervals["channel"].to_pylist() == [CONSUMPTION]

    def test_generation_and_own_use_do_not_pass_the_grid_meter(self):
        row = datadis_row("01:00", generationEnergyKWh=1.5, selfConsumptionEnergyKWh=1)
        found = {row["channel"]: row["direction"] for row in read("datadis", dump([row])).intervals.to_pylist()}
        assert found == {CONSUMPTION: "import", "generationEnergyKWh": "none", "selfConsumptionEnergyKWh": "none"}

    @pytest.mark.parametrize(
        ("method", "quality"), [("Real", None), ("", None), (None, None), ("Estimada", [2]), ("Calculada", [2])]
    )
    def test_how_it_was_obtained_is_the_quality(self, method, quality):
        parsed = read("datadis", dump([datadis_row("01:00", obtainMethod=method)]))
        (row,) = parsed.intervals.to_pylist()
        assert (row["quality"], row["native_quality"]) == (quality, method)
        assert warned(parsed) == ({"quality.unknown"} if method == "Calculada" else set())

    @pytest.mark.parametrize("value", ["0,25", "x", True, [], {}, "1e3"])
    def test_no_number(self, value):
        assert codes(read("datadis", dump([datadis_row("01:00", consumptionKWh=value)]))) == [
            ("1/consumptionKWh" if isinstance(value, bool | list | dict) else "1", "value.invalid", 1)
        ]

    def test_a_rejected_row_counts_every_value_it_holds(self):
        assert codes(read("datadis", dump([datadis_row("x", surplusEnergyKWh=0.5)]))) == [("1", "time.invalid", 2)]

    def test_supply_points_are_kept_apart(self):
        parsed = read("datadis", dump([datadis_row("01:00"), datadis_row("01:00", cups="ES0099000000000002XY")]))
        assert parsed.intervals["service_point_id"].to_pylist() == [CUPS, "ES0099000000000002XY"]

    def test_a_row_without_supply_point_is_set_aside(self):
        assert codes(read("datadis", dump([datadis_row("01:00", cups=None), 7]))) == [
            ("1", "record.identifier", 1),
            ("2", "record.unknown", 1),
        ]


class TestVersionTwo:
    def test_its_rows_are_in_an_envelope(self):
        parsed = read("datadis", dump({"timeCurve": [datadis_row("01:00")], "distributorError": []}))
        assert (len(slots(parsed)), warned(parsed)) == (1, set())

    def test_what_a_distributor_could_not_answer_is_told(self):
        error = {"distributorCode": "8", "errorCode": "500", "errorDescription": "Error interno distribuidora"}
        parsed = read("datadis", dump({"timeCurve": [], "distributorError": [error]}))
        assert (parsed.rows_read, warned(parsed)) == (0, {"answer.error", "answer.empty"})
        assert "Error interno distribuidora" in parsed.warnings[0].message
