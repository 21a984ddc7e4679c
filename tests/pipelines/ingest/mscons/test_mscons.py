from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from pipelines.ingest.formats import detect
from pipelines.ingest.mscons import quantities
from schemas.codes import Quality
from tests.pipelines.ingest.mscons.interchanges import (
    INDEX,
    POINT,
    codes,
    dtm,
    interchange,
    line,
    message,
    place,
    quantity,
    quarter,
    read,
    warned,
)

FOUR = (
    quarter("1.5", "0000", "0015"),
    quarter("2", "0015", "0030"),
    quarter("0", "0030", "0045"),
    quarter("0.25", "0045", "0100"),
)
DAY = datetime(2026, 1, 4, 23, tzinfo=UTC)  # midnight of 5 January at +01


def read_lines(*parts: str, **context: str):
    return read(interchange(message(place(*parts))), **context)


def slots(parsed) -> list[tuple[datetime, int, Decimal | None]]:
    """Start, minutes and value of each slot, in order of time; None where it is missing."""
    found = []
    for row in parsed.intervals.to_pylist():
        missing = [quality == Quality.MISSING for quality in row["quality"] or [0] * len(row["values"])]
        for number, (value, is_missing) in enumerate(zip(row["values"], missing, strict=True)):
            start = row["start"] + timedelta(minutes=number * row["interval_minutes"])
            found.append((start, row["interval_minutes"], None if is_missing else Decimal(value).scaleb(row["exponent"])))
    return sorted(found)


def reads(parsed, *columns: str) -> list[tuple]:
    return [tuple(row[column] for column in columns) for row in parsed.reads.to_pylist()]


class TestALoadProfile:
    def test_its_values_are_slots_of_their_register(self):
        parsed = read_lines(line(*FOUR))
        assert slots(parsed) == [
            (DAY + timedelta(minutes=15 * number), 15, value)
            for number, value in enumerate([Decimal("1.5"), Decimal(2), Decimal(0), Decimal("0.25")])
        ]
        (row,) = parsed.intervals.to_pylist()
        named = ("service_point_id", "meter_id", "channel", "quantity", "direction", "unit", "native_quality", "record")
        expected = (POINT, "", "1-1:1.29.0", "active_energy", "import", "kWh", "220", "message/1/segment/10")
        assert tuple(row[name] for name in named) == expected
        assert parsed.warnings == ()
        assert parsed.clock is None

    @pytest.mark.parametrize(
        ("register", "quantity_", "direction", "unit"),
        [
            ("1-1:2.29.0*255", "active_energy", "export", "kWh"),
            ("1-1:5.29.0", "reactive_energy", "import", "kvarh"),
            ("1-1:1.9.0", "active_energy", "import", "kWh"),
            ("1-1:1.10.0", "active_energy", "import", "kWh"),
            ("7-20:99.33.17", "unknown", "none", None),
            ("AUA", "unknown", "none", None),
        ],
    )
    def test_the_code_of_a_register_says_what_it_measures(self, register, quantity_, direction, unit):
        (row,) = read_lines(line(FOUR[0], register=register)).intervals.to_pylist()
        assert (row["channel"], row["quantity"], row["direction"], row["unit"]) == (register, quantity_, direction, unit)

    def test_the_meter_is_kept_as_it_is_written(self):
        assert read_lines("RFF+MG:0012 A'", line(*FOUR)).intervals["meter_id"].to_pylist() == ["0012 A"]

    def test_several_registers_and_places_are_told_apart(self):
        other = place(line(FOUR[2]), loc="LOC+172+DE2'")
        parsed = read(interchange(message(place(line(FOUR[0]), line(FOUR[1], register="1-1:2.29.0", number=2)), other)))
        found = [(row["service_point_id"], row["channel"]) for row in parsed.intervals.to_pylist()]
        assert found == [(POINT, "1-1:1.29.0"), (POINT, "1-1:2.29.0"), ("DE2", "1-1:1.29.0")]

    def test_a_second_place_of_the_same_address_is_another_place(self):
        parsed = read_lines(line(FOUR[0]), "LOC+172+DE2'", line(FOUR[1]))
        assert parsed.intervals["service_point_id"].to_pylist() == [POINT, "DE2"]

    @pytest.mark.parametrize(
        ("locs", "point"),
        [
            ("LOC+237+11XUENBSOLS----X+11XVNBSOLS-----X'", "11XUENBSOLS----X"),
            ("LOC+237+11XUENBSOLS----X'LOC+107+11YR000000011247'", "11XUENBSOLS----X"),
            ("LOC+237+11XUENBSOLS----X'LOC+172+DE1'", "DE1"),
            ("LOC+172+DE1'LOC+107+11YR000000011247'", "DE1"),
            ("LOC+172+::87:CH1022201234500000000000000022079'", "CH1022201234500000000000000022079"),
        ],
        ids=["a balancing group", "with its area", "and a metering point", "a metering point first", "by its name, as in D.99A"],
    )
    def test_the_metering_point_counts_else_the_first_place(self, locs, point):
        parsed = read(interchange(message(place(line(FOUR[0]), loc=locs))))
        assert parsed.intervals["service_point_id"].to_pylist() == [point]

    @pytest.mark.parametrize(
        "pia",
        [
            "PIA+5+1-1?:1.29.0:SRW'",
            "PIA+5+1-1:1.29.0:SRW'",
            "PIA+5+AUA:Z08+1-1?:1.29.0:SRW'",
            "PIA+5+1-1?:1.29.0:SRW'PIA+5+X:Z08'",
        ],
        ids=["released", "its colon not released", "after a medium", "the first of two"],
    )
    def test_the_register_is_the_obis_code(self, pia):
        assert read_lines("LIN+1'" + pia + FOUR[0]).intervals["channel"].to_pylist() == ["1-1:1.29.0"]

    def test_a_line_may_name_its_register_itself(self):
        assert read_lines("LIN+1++1-1?:1.29.0:SRW'" + FOUR[0]).intervals["channel"].to_pylist() == ["1-1:1.29.0"]

    def test_a_register_without_a_name_is_kept_and_said(self):
        parsed = read_lines(line(FOUR[0], register=""))
        assert (parsed.intervals["channel"].to_pylist(), warned(parsed)) == ([""], ["edifact.channel"])


class TestTimes:
    @pytest.mark.parametrize(
        ("at", "until", "start"),
        [
            ("202601050000+01", "202601050015+01", DAY),
            ("202601042300+00", "202601042315+00", DAY),
            ("202601042300UTC", "202601042315UTC", DAY),
            ("202601050430+0530", "202601050445+0530", DAY),
            ("202601041800-05", "202601041815-05", DAY),
            ("202607050000+02", "202607050015+02", datetime(2026, 7, 4, 22, tzinfo=UTC)),
        ],
    )
    def test_format_303_carries_its_offset(self, at, until, start):
        parsed = read_lines(line(quantity("1", dtm("163", at), dtm("164", until))), zone="Australia/Perth")
        assert slots(parsed) == [(start, 15, Decimal(1))]
        assert parsed.clock is None

    def test_format_304_has_seconds(self):
        value = quantity("1", dtm("163", "20260105000000+01", "304"), dtm("164", "20260105001500+01", "304"))
        assert slots(read_lines(line(value))) == [(DAY, 15, Decimal(1))]

    def test_the_hour_that_comes_twice_is_two_hours_where_times_carry_their_offset(self):
        value = [
            quantity("1", dtm("163", f"2026102502{m:02d}+{o}"), dtm("164", end))
            for m, o, end in (
                (0, "02", "202610250230+02"),
                (30, "02", "202610250200+01"),
                (0, "01", "202610250230+01"),
                (30, "01", "202610250300+01"),
            )
        ]
        assert [start.hour * 60 + start.minute for start, _, _ in slots(read_lines(line(*value)))] == [0, 30, 60, 90]

    def test_a_time_without_offset_is_legal_time_in_germany_whatever_the_store_says(self):
        value = quantity("1", dtm("163", "202607050000", "203"), dtm("164", "202607050015", "203"))
        parsed = read_lines(line(value), zone="Australia/Perth")
        assert slots(parsed) == [(datetime(2026, 7, 4, 22, tzinfo=UTC), 15, Decimal(1))]
        assert (parsed.clock, warned(parsed)) == ("Europe/Berlin", ["clock.assumed"])

    def test_a_person_may_give_another_clock(self):
        value = quantity("1", dtm("163", "202607050000", "203"), dtm("164", "202607050015", "203"))
        parsed = read_lines(line(value), clock="+01:00")
        assert slots(parsed) == [(datetime(2026, 7, 4, 23, tzinfo=UTC), 15, Decimal(1))]
        assert parsed.clock == "+01:00"

    def test_local_hours_that_come_twice_follow_the_values_before_them(self):
        quarters = [f"20261025{hour:02d}{minute:02d}" for hour in (1, 2, 2, 3) for minute in (0, 15, 30, 45)]
        stamps = [*quarters, "202610250400"]
        values = [quantity("1", dtm("163", a, "203"), dtm("164", b, "203")) for a, b in pairwise(stamps)]
        # the end of 02:45 is written 02:00 the first time the hour ends, and 03:00 the second time
        values[7] = quantity("1", dtm("163", "202610250245", "203"), dtm("164", "202610250200", "203"))
        found = slots(read_lines(line(*values)))
        first = datetime(2026, 10, 24, 23, tzinfo=UTC)
        assert [start for start, _, _ in found] == [first + timedelta(minutes=15 * number) for number in range(16)]
        assert {minutes for _, minutes, _ in found} == {15}

    def test_a_local_hour_that_comes_twice_without_a_value_before_it_is_rejected(self):
        value = quantity("1", dtm("163", "202610250230", "203"), dtm("164", "202610250245", "203"))
        assert codes(read_lines(line(value))) == [("time.invalid", 1)]

    @pytest.mark.parametrize("until", ["0200", "0300"])
    def test_the_quarter_before_the_hour_that_does_not_come_ends_however_its_end_is_written(self, until):
        value = quantity("1", dtm("163", "202603290145", "203"), dtm("164", f"20260329{until}", "203"))
        assert slots(read_lines(line(value))) == [(datetime(2026, 3, 29, 0, 45, tzinfo=UTC), 15, Decimal(1))]

    def test_a_value_in_the_hour_that_does_not_come_is_rejected(self):
        value = quantity("1", dtm("163", "202603290215", "203"), dtm("164", "202603290230", "203"))
        assert codes(read_lines(line(value))) == [("time.invalid", 1)]

    @pytest.mark.parametrize(("minutes", "kind"), [(1, "slot"), (60, "slot"), (61, "period"), (14, "period"), (1440, "period")])
    def test_an_interval_of_whole_minutes_up_to_an_hour_that_divides_the_day_is_a_slot(self, minutes, kind):
        end = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=minutes)
        parsed = read_lines(line(quantity("1", dtm("163", "202601050000+01"), dtm("164", f"{end:%Y%m%d%H%M}+01"))))
        assert (len(slots(parsed)), reads(parsed, "kind", "period_from", "read_at")) == (
            (1, []) if kind == "slot" else (0, [("period", DAY, DAY + timedelta(minutes=minutes))])
        )

    @pytest.mark.parametrize(
        ("dates", "code"),
        [
            ((dtm("163", "202601050015+01"), dtm("164", "202601050000+01")), "time.invalid"),
            ((dtm("163", "202601050000+01"), dtm("164", "202601050000+01")), "time.invalid"),
            ((dtm("163", "202602300000+01"), dtm("164", "202602300015+01")), "time.invalid"),
            ((dtm("163", "202601052400+01"), dtm("164", "202601060015+01")), "time.invalid"),
            ((dtm("163", "202601050000+25"), dtm("164", "202601050015+25")), "time.invalid"),
            ((dtm("163", "202601050000"), dtm("164", "202601050015")), "time.invalid"),
            ((dtm("163", "202601050000+01", "203"), dtm("164", "202601050015+01")), "time.invalid"),
            ((dtm("163", "000101010000+01"), dtm("164", "000101010015+01")), "time.invalid"),
            ((dtm("163", "202601050000+01"),), "time.missing"),
            ((dtm("164", "202601050015+01"),), "time.missing"),
            ((dtm("9", "20260105", "102"),), "time.missing"),
            ((), "time.missing"),
        ],
        ids=["ends before", "empty", "Feb 30", "24:00", "+25", "303 without offset", "203 with one", "year 1", "no end",
             "no start", "a reading's date for a period", "no time at all"],
    )  # fmt: skip
    def test_a_period_that_is_none_is_rejected(self, dates, code):
        assert codes(read_lines(line(quantity("1", *dates)))) == [(code, 1)]

    @pytest.mark.parametrize(
        ("register", "date", "start", "end"),
        [
            ("1-1:1.6.0", dtm("306", "202604", "610"), (2026, 3, 31, 22), (2026, 4, 30, 22)),
            ("7-20:1.9.0", dtm("306", "202604", "610"), (2026, 4, 1, 4), (2026, 5, 1, 4)),
            ("7-20:1.9.0", dtm("306", "20260401", "102"), (2026, 4, 1, 4), (2026, 4, 2, 4)),
            ("7-20:1.9.0", dtm("306", "20260328", "102"), (2026, 3, 28, 5), (2026, 3, 29, 4)),
            ("1-1:1.6.0", dtm("306", "202512", "610"), (2025, 11, 30, 23), (2025, 12, 31, 23)),
        ],
        ids=["a month", "a month of gas", "a gas day", "a gas day of 23 hours", "December"],
    )
    def test_a_named_period_is_a_month_or_a_gas_day(self, register, date, start, end):
        parsed = read_lines(line(quantity("7.5", date), register=register))
        found = reads(parsed, "kind", "period_from", "read_at")
        assert found == [("period", datetime(*start, tzinfo=UTC), datetime(*end, tzinfo=UTC))]

    @pytest.mark.parametrize("date", [dtm("306", "202613", "610"), dtm("306", "20260230", "102"), dtm("306", "2026", "602")])
    def test_a_named_period_that_is_none_is_rejected(self, date):
        assert codes(read_lines(line(quantity("1", date), register="7-20:1.9.0"))) == [("time.invalid", 1)]


class TestAMeterReading:
    @pytest.mark.parametrize(
        ("dates", "read_at"),
        [
            ((dtm("9", "202601051655+01"),), (2026, 1, 5, 15, 55)),
            ((dtm("9", "20260104", "102"), dtm("7", "202601042300+00")), (2026, 1, 4, 23)),
            ((dtm("9", "202601051655+01"), dtm("7", "202601042300+00")), (2026, 1, 4, 23)),
            ((dtm("9", "20260105", "102"),), (2026, 1, 4, 23)),
            ((dtm("163", "202601010000+01"), dtm("164", "202601050000+01")), (2026, 1, 4, 23)),
        ],
        ids=[
            "when it was read",
            "a date, and when it is used",
            "both: the time it is used at",
            "a date alone",
            "a period: its end",
        ],
    )
    def test_an_index_has_one_time(self, dates, read_at):
        parsed = read_lines("RFF+MG:0042'", line(quantity("10614.5", *dates), register=INDEX))
        names = (
            "service_point_id",
            "meter_id",
            "channel",
            "kind",
            "value",
            "unit",
            "read_at",
            "period_from",
            "quality",
            "native_quality",
        )
        at = datetime(*read_at, tzinfo=UTC)
        assert reads(parsed, *names) == [
            (POINT, "0042", INDEX, "index", Decimal("10614.5"), "kWh", at, None, "measured", "220")
        ]  # fmt: skip

    def test_older_messages_give_the_time_with_the_place(self):
        parsed = read_lines(dtm("9", "20260104", "102"), "RFF+MG:42'", line(quantity("7000"), register=INDEX))
        assert reads(parsed, "kind", "read_at") == [("index", datetime(2026, 1, 3, 23, tzinfo=UTC))]

    def test_an_index_without_its_time_is_rejected(self):
        assert codes(read_lines(line(quantity("7000"), register=INDEX))) == [("time.missing", 1)]

    def test_the_process_number_decides_nothing(self):
        data = interchange(message(place(line(*FOUR)))).replace(b"Z13:13008", b"Z13:13002")
        assert len(slots(read(data))) == 4

    def test_a_register_whose_code_says_nothing_is_read_where_only_a_reading_has_a_time(self):
        parsed = read_lines(line(quantity("12", dtm("9", "202601051655+01")), register="AUA"))
        assert reads(parsed, "kind", "unit") == [("index", None)]

    def test_a_momentary_value_is_one(self):
        parsed = read_lines(line(quantity("230.1", dtm("7", "202601050000+01")), register="1-1:32.7.0"))
        assert reads(parsed, "kind", "quantity", "unit") == [("instant", "voltage", "V")]

    def test_the_times_of_a_characteristic_are_its_own(self):
        parsed = read_lines("CCI+16++MRV'", dtm("9", "20250101", "102"), line(quantity("7000"), register=INDEX))
        assert codes(parsed) == [("time.missing", 1)]


class TestValuesWithoutATime:
    DATES = (dtm("163", "202601050000+01"), dtm("164", "202601050100+01"))

    def test_follow_each_other_at_the_interval_length_of_their_place(self):
        parsed = read_lines(*self.DATES, "DTM+672:15:806'", line(*map(quantity, "1234")))
        assert slots(parsed) == [(DAY + timedelta(minutes=15 * n), 15, Decimal(n + 1)) for n in range(4)]

    def test_the_length_may_stand_in_the_line_and_be_of_hours(self):
        parsed = read_lines(*self.DATES, "LIN+1'DTM+672:1:805'PIA+5+1-1?:1.29.0:SRW'", quantity("7"))
        assert slots(parsed) == [(DAY, 60, Decimal(7))]

    @pytest.mark.parametrize("count", [3, 5])
    def test_they_must_fill_the_period_of_their_place(self, count):
        parsed = read_lines(*self.DATES, "DTM+672:15:806'", line(*[quantity("1")] * count))
        assert (codes(parsed), parsed.rows_read) == ([("record.length", count)], count)

    def test_a_period_without_an_end_is_filled_by_whatever_comes(self):
        assert len(slots(read_lines(self.DATES[0], "DTM+672:15:806'", line(*map(quantity, "123"))))) == 3

    def test_a_single_one_is_of_the_whole_period(self):
        assert slots(read_lines(*self.DATES, line(quantity("9")))) == [(DAY, 60, Decimal(9))]

    def test_several_without_a_length_have_no_time(self):
        assert codes(read_lines(*self.DATES, line(*map(quantity, "12")))) == [("time.missing", 2)]

    def test_beside_values_with_times_they_have_no_place(self):
        parsed = read_lines(*self.DATES, "DTM+672:15:806'", line(FOUR[0], quantity("2")))
        assert (codes(parsed), len(slots(parsed))) == ([("time.missing", 1)], 1)

    @pytest.mark.parametrize("length", ["DTM+672:0:806'", "DTM+672:1:802'", "DTM+672:x:806'"])
    def test_a_length_that_is_none_is_rejected(self, length):
        assert codes(read_lines(*self.DATES, length, line(*map(quantity, "12")))) == [("time.invalid", 2)]

    def test_one_that_is_no_number_is_rejected_and_the_others_keep_their_places(self):
        parsed = read_lines(*self.DATES, "DTM+672:15:806'", line(*map(quantity, ["1", "x", "3", "4"])))
        assert codes(parsed) == [("value.invalid", 1)]
        assert [(at, value) for at, _, value in slots(parsed)] == [(DAY + timedelta(minutes=15 * n), n + 1) for n in (0, 2, 3)]

    def test_a_missing_one_keeps_its_place(self):
        values = [quantity("1"), quantity("", qualifier="Z30"), quantity("3"), quantity("4")]
        assert [value for _, _, value in slots(read_lines(*self.DATES, "DTM+672:15:806'", line(*values)))] == [1, None, 3, 4]

    def test_more_of_them_than_a_line_can_hold_are_rejected_and_counted(self, monkeypatch):
        monkeypatch.setattr(quantities, "MOST_UNTIMED", 3)
        parsed = read_lines(*self.DATES, "DTM+672:15:806'", line(*map(quantity, "1234")))
        assert codes(parsed) == [("record.length", 4)]


class TestStampsThatContradictEachOther:
    """A line that announces two days of quarter hours, in which a few stamps are wrong."""

    PERIOD = (dtm("163", "202601050000+01"), dtm("164", "202601070000+01"))

    def values(self, wrong: dict[int, tuple[int, int]]) -> list[str]:
        """192 quarters of value 0, 1, 2, ...; those of ``wrong`` begin and end so many minutes after midnight."""
        first = datetime(2026, 1, 5, tzinfo=UTC)
        stamps = [wrong.get(number, (15 * number, 15 * number + 15)) for number in range(192)]
        written = [tuple(f"{first + timedelta(minutes=minute):%Y%m%d%H%M}+01" for minute in pair) for pair in stamps]
        return [quantity(str(n), dtm("163", begin), dtm("164", end)) for n, (begin, end) in enumerate(written)]

    @pytest.mark.parametrize(
        "wrong",
        [
            {80: (1200, 1216), 81: (1216, 1230)},
            {80: (1200, 1260)},
            {80: (1260, 1215)},
            {80: (1260, 1275), 81: (1275, 1290)},
            {number: (15 * number, 15 * number + 16) for number in range(100, 109)},
        ],
        ids=["16 and 14 minutes", "an hour too long", "ends before it begins", "an hour late, there twice", "nine of 192"],
    )
    def test_the_row_is_right_where_it_fills_its_period_and_nearly_all_stand_at_their_places(self, wrong):
        parsed = read_lines(*self.PERIOD, line(*self.values(wrong)))
        assert slots(parsed) == [(DAY + timedelta(minutes=15 * n), 15, Decimal(n)) for n in range(192)]
        assert (warned(parsed), codes(parsed)) == (["edifact.stamp"], [])
        assert parsed.warnings[0].message.startswith(f"{POINT} 1-1:1.29.0: {len(wrong)} values")

    def test_values_in_another_order_keep_their_stamps(self):
        swapped = {10: (165, 180), 11: (150, 165)}
        parsed = read_lines(*self.PERIOD, line(*self.values(swapped)))
        assert [value for _, _, value in slots(parsed)][9:13] == [9, 11, 10, 12]
        assert warned(parsed) == []

    def test_one_in_twenty_may_be_wrong_and_no_more(self):
        wrong = {number: (15 * number, 15 * number + 16) for number in range(100, 110)}
        parsed = read_lines(*self.PERIOD, line(*self.values(wrong)))
        assert (len(slots(parsed)), warned(parsed)) == (192, [])
        assert {minutes for _, minutes, _ in slots(parsed)} == {15, 16}

    @pytest.mark.parametrize("count", [191, 193])
    def test_a_row_that_does_not_fill_its_period_proves_nothing(self, count):
        values = [*self.values({80: (1215, 1200)}), quarter("1", "0000", "0015").replace("20260105", "20260107")]
        parsed = read_lines(*self.PERIOD, line(*values[:count]))
        assert (codes(parsed), warned(parsed)) == ([("time.invalid", 1)], [])

    def test_without_a_period_of_the_place_a_value_is_of_its_own(self):
        parsed = read_lines(line(*self.values({80: (1215, 1200)})))
        assert (codes(parsed), len(slots(parsed))) == ([("time.invalid", 1)], 191)


class TestQualifiers:
    @pytest.mark.parametrize(
        ("qualifier", "of_slot", "of_read"),
        [
            ("220", Quality.MEASURED, "measured"),
            ("67", Quality.SUBSTITUTED, "substituted"),
            ("201", Quality.DELIVERED_ESTIMATE, "estimated"),
            ("187", Quality.DELIVERED_ESTIMATE, "estimated"),
            ("Z18", Quality.DELIVERED_ESTIMATE, "estimated"),
            ("79", Quality.MEASURED, "unverified"),
            ("Z31", Quality.MEASURED, "unverified"),
            ("Z47", Quality.MEASURED, "unverified"),
            ("46", Quality.MEASURED, "unverified"),
        ],
    )
    def test_say_what_is_known_of_a_value(self, qualifier, of_slot, of_read):
        month = quantity("5", dtm("163", "202601010000+01"), dtm("164", "202602010000+01"), qualifier=qualifier)
        parsed = read_lines(line(quarter("1", "0000", "0015", qualifier=qualifier), month))
        (row,) = parsed.intervals.to_pylist()
        assert (row["quality"] or [0], row["native_quality"]) == ([of_slot], qualifier)
        assert reads(parsed, "quality", "native_quality") == [(of_read, qualifier)]

    @pytest.mark.parametrize("qualifier", ["20", "Z30"])
    @pytest.mark.parametrize("text", ["5", "0", ""])
    def test_a_slot_that_is_missing_or_unusable_has_no_value(self, qualifier, text):
        parsed = read_lines(line(quarter(text, "0000", "0015", qualifier=qualifier)))
        assert slots(parsed) == [(DAY, 15, None)]
        assert parsed.intervals["native_quality"].to_pylist() == [qualifier]

    def test_an_unusable_reading_is_set_aside_and_a_missing_one_is_none(self):
        at = dtm("7", "202601050000+01")
        assert codes(read_lines(line(quantity("5", at, qualifier="20"), register=INDEX))) == [("value.unusable", 1)]
        missing = read_lines(line(quantity("", at, qualifier="Z30"), register=INDEX))
        assert (missing.rows_read, warned(missing)) == (0, [])

    def test_one_that_nobody_knows_is_rejected(self):
        assert codes(read_lines(line(quarter("1", "0000", "0015", qualifier="999")))) == [("quality.unknown", 1)]

    def test_a_value_that_is_promised_and_not_there_is_missing(self):
        parsed = read_lines(line(quarter("", "0000", "0015")))
        assert (slots(parsed), warned(parsed)) == ([(DAY, 15, None)], ["value.missing"])

    def test_the_reasons_of_a_substitute_are_kept(self):
        value = quarter("1", "0000", "0015", qualifier="67") + "STS+Z32++Z92'STS+Z40++Z74'"
        assert read_lines(line(value)).intervals["native_reason"].to_pylist() == ["Z32 Z92; Z40 Z74"]


class TestNumbers:
    @pytest.mark.parametrize(
        ("advice", "text", "value"),
        [
            ("UNA:+,? '", "1,5", "1.5"),
            ("UNA:+.? '", "1.5", "1.5"),
            ("", "1.5", "1.5"),
            ("", "1,5", "1.5"),
            ("", "-4.987", "-4.987"),
            ("UNA:+,? '", "15", "15"),
        ],
    )
    def test_have_the_decimal_mark_of_the_advice_or_either_without_one(self, advice, text, value):
        parsed = read(interchange(message(place(line(quarter(text, "0000", "0015")))), advice=advice))
        assert slots(parsed) == [(DAY, 15, Decimal(value))]

    @pytest.mark.parametrize(
        ("advice", "text"),
        [
            ("UNA:+,? '", "1.5"), ("UNA:+.? '", "1,5"), ("", "1.234,5"), ("", "1,234.5"), ("", "1.2.3"), ("", "1e5"),
            ("", "NaN"), ("", "1 000"), ("", "--1"), ("", "\xb2"), ("", "9" * 61),
        ],
    )  # fmt: skip
    def test_that_are_none_are_rejected(self, advice, text):
        parsed = read(interchange(message(place(line(quarter(text, "0000", "0015")))), advice=advice))
        assert codes(parsed) == [("value.invalid", 1)]

    @pytest.mark.parametrize(("text", "code"), [("0.0000000001", "value.precision"), ("9000000000", "value.range")])
    def test_that_the_store_cannot_hold_are_rejected(self, text, code):
        assert codes(read_lines(line(quarter(text, "0000", "0015")))) == [(code, 1)]


class TestUnits:
    @pytest.mark.parametrize(
        ("register", "code", "unit", "value", "quantity_"),
        [
            ("1-1:1.29.0", "KWH", "kWh", "1500", "active_energy"),
            ("1-1:1.29.0", "MWH", "kWh", "1500000", "active_energy"),
            ("1-1:1.29.0", "WHR", "kWh", "1.5", "active_energy"),
            ("1-1:5.29.0", "K3", "kvarh", "1500", "reactive_energy"),
            ("1-1:1.25.0", "KWT", "kW", "1500", "power"),
            ("7-20:1.9.0", "MTQ", "m3", "1500", "volume"),
            ("7-20:99.33.17", "KWH", "kWh", "1500", "energy"),
            ("AUA", "D54", "W/m2", "1500", "irradiance"),
            ("AUA", "MTS", "m/s", "1500", "wind_speed"),
            ("AUA", "P1", "%", "1500", "share"),
            ("AUA", "kWh", "kWh", "1500", "active_energy"),
        ],
    )
    def test_are_those_of_the_recommendation(self, register, code, unit, value, quantity_):
        parsed = read_lines(line(quarter("1500", "0000", "0015", unit=code), register=register))
        ((_, _, found),) = slots(parsed)
        assert (parsed.intervals["unit"].to_pylist(), found) == ([unit], Decimal(value))
        assert (parsed.intervals["quantity"].to_pylist(), warned(parsed)) == ([quantity_], [])

    def test_one_that_nobody_knows_is_rejected(self):
        assert codes(read_lines(line(quarter("1", "0000", "0015", unit="FUR")))) == [("unit.unknown", 1)]

    def test_the_unit_is_followed_where_the_register_says_something_else(self):
        parsed = read_lines(line(quarter("4250.465", "0000", "0015", unit="D54")))
        (row,) = parsed.intervals.to_pylist()
        assert (row["quantity"], row["direction"], row["unit"]) == ("irradiance", "none", "W/m2")
        assert warned(parsed) == ["edifact.unit"]

    def test_average_power_stays_power(self):
        parsed = read_lines(line(quarter("4", "0000", "0015", unit="KWT")))
        assert (parsed.intervals["quantity"].to_pylist(), parsed.intervals["direction"].to_pylist()) == (["power"], ["import"])


class TestVersions:
    @pytest.mark.parametrize(
        ("made", "version"),
        [
            ("DTM+137:202601050700?+00:303'", datetime(2026, 1, 5, 7, tzinfo=UTC)),
            ("DTM+137:202601050700:203'", datetime(2026, 1, 5, 6, tzinfo=UTC)),
            (
                "DTM+137:202601050700?+00:303'RFF+AGI:A'DTM+293:20260104060030?+00:304'",
                datetime(2026, 1, 4, 6, 0, 30, tzinfo=UTC),
            ),
            ("", None),
            ("DTM+137:20260230:102'", None),
        ],
        ids=["when it was made", "without offset", "when it was completed", "nothing", "no date"],
    )
    def test_are_told_by_the_message(self, made, version):
        parsed = read(interchange(message(place(line(FOUR[0])), made=made)))
        assert parsed.intervals["version"].to_pylist() == [version]
        assert codes(parsed) == []

    def test_are_told_by_the_place_where_it_has_its_own(self):
        parsed = read_lines("DTM+293:20260103060000?+00:304'", line(FOUR[0]))
        assert parsed.intervals["version"].to_pylist() == [datetime(2026, 1, 3, 6, tzinfo=UTC)]


class TestMessagesAndInterchanges:
    def test_several_of_each_are_read(self):
        first = interchange(message(place(line(FOUR[0]))), message(place(line(FOUR[2])), reference="M2"))
        second = interchange(message(place(line(quarter("0,5", "0100", "0115")))), advice="UNA:+,? '")
        parsed = read(first + b"\r\n" + second)
        assert [value for _, _, value in slots(parsed)] == [Decimal("1.5"), 0, Decimal("0.5")]
        assert sorted(parsed.intervals["record"].to_pylist()) == [f"message/{n}/segment/10" for n in (1, 2, 3)]
        assert parsed.warnings == ()

    def test_groups_of_messages_are_counted_by_the_interchange(self):
        group = "UNG+MSCONS'" + message(place(line(FOUR[0]))) + "UNE+1+G'"
        parsed = read(interchange(group, group.replace("20260105", "20260106"), count=2))
        assert (len(slots(parsed)), parsed.warnings) == (2, ())

    def test_line_ends_after_segments_do_not_matter(self):
        data = interchange(message(place(line(*FOUR))), advice="UNA:+.? '")
        assert slots(read(data.replace(b"'", b"'\r\n"))) == slots(read(data.replace(b"'", b"'\n\n"))) == slots(read(data))

    @pytest.mark.parametrize("piece_bytes", [1, 7, 64])
    def test_where_a_piece_of_the_file_ends_does_not_matter(self, piece_bytes):
        data = interchange(message(place(line(*FOUR))), advice="UNA:+.? '")
        assert read(data, piece_bytes).intervals.equals(read(data).intervals)

    def test_a_byte_order_mark_is_skipped(self):
        assert len(slots(read(b"\xef\xbb\xbf" + interchange(message(place(line(*FOUR))))))) == 4

    def test_another_type_of_message_is_left_out_and_said(self):
        other = "UNH+X1+UTILMD:D:11A:UN:S1.1'BGM+E01+X+9'UNT+3+X1'"
        parsed = read(interchange(other, message(place(line(*FOUR)))))
        assert (len(slots(parsed)), warned(parsed)) == (4, ["edifact.message_type"])

    def test_a_test_is_read_and_said(self):
        header = "UNB+UNOC:3+A:500+B:500+260105:0800+IC1++TL++++1'"
        parsed = read(interchange(message(place(line(*FOUR))), header=header))
        assert (len(slots(parsed)), warned(parsed)) == (4, ["edifact.test"])

    @pytest.mark.parametrize(("count", "expected"), [(13, []), (12, ["edifact.segment_count"]), (14, ["edifact.segment_count"])])
    def test_a_count_of_segments_that_lies_is_a_warning(self, count, expected):
        parsed = read(interchange(message(place(line(FOUR[0])), count=count)))
        assert (len(slots(parsed)), warned(parsed), codes(parsed)) == (1, expected, [])

    @pytest.mark.parametrize(("count", "expected"), [(1, []), (0, ["edifact.message_count"]), (2, ["edifact.message_count"])])
    def test_a_count_of_messages_that_lies_is_a_warning(self, count, expected):
        assert warned(read(interchange(message(place(line(FOUR[0]))), count=count))) == expected

    def test_a_trailer_of_another_file_is_a_warning(self):
        assert warned(read(interchange(message(place(line(FOUR[0]))), reference="IC2"))) == ["edifact.reference"]

    def test_a_message_that_takes_an_earlier_one_back_brings_no_value(self):
        assert codes(read(interchange(message(place(line(*FOUR)), function="1")))) == [("edifact.cancelled", 1)] * 4

    def test_one_that_names_no_value_is_still_seen(self):
        parsed = read(interchange(message("RFF+ACW:B0'", place(), function="1"), message(place(line(*FOUR)), reference="M2")))
        assert (codes(parsed), len(slots(parsed))) == ([("edifact.cancelled", 1)], 4)


class TestDetect:
    @pytest.mark.parametrize(
        "head",
        [
            interchange(message()),
            interchange(message(), advice="UNA:+,? '"),
            b"\xef\xbb\xbfUNA:+.? '\r\n\r\n" + interchange(message()),
            b"UNA|*.? ~UNB*UNOC|3*A*B*260105|0800*1~UNH*1*MSCONS|D|04B|UN|2.4c~",
            b"UNB+UNOC:3+A+B+1+1'UNG+MSCONS'UNH+1+MSCONS:D:99A:UN'",
        ],
    )
    def test_an_interchange_with_an_mscons_message_is_one(self, head):
        assert detect(head[:4096], "a.txt", None) == "mscons"

    @pytest.mark.parametrize(
        "head", [b"UNB+UNOC:3+A+B+1+1'UNH+1+UTILMD:D:11A:UN'", b"MSCONS;1;2\n", b"UNBUTTON,MSCONS\n1,2\n", b"UNH+1+MSCONS:D'"]
    )
    def test_what_only_names_it_is_none(self, head):
        assert detect(head, "a.csv", "a mapping") == "csv"
