from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InputRefusedError
from schemas.periods import (
    billing_period,
    instants_of,
    local_date,
    month_dates,
    parse_clock,
    parse_instant,
    parse_offset,
    parse_time,
    period_between,
    standard_offset_minutes,
    start_of_day,
)

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
# Zones whose clocks do odd things: midnight jumps, half hours, negative daylight saving, a skipped day.
ODD_ZONES = [
    "Europe/Prague", "Europe/Dublin", "Africa/Casablanca", "America/Santiago", "America/Havana", "America/St_Johns",
    "Atlantic/Azores", "Asia/Beirut", "Asia/Tehran", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Chatham", "UTC",
    "+10:00", "-03:30",
]  # fmt: skip


def at(text):
    return datetime.fromisoformat(text)


class TestParseOffset:
    @pytest.mark.parametrize(
        ("text", "minutes"), [("+10:00", 600), ("-03:30", -210), ("+00:00", 0), ("+14:00", 840), ("-14:00", -840)]
    )
    def test_an_offset_is_minutes_east(self, text, minutes):
        assert parse_offset(text) == minutes

    @pytest.mark.parametrize(
        "text", ["+14:01", "10:00", "+1:00", "+10", "+1000", "+10:60", "+10:00 ", "+\u0661\u0660:00", "", "UTC"]
    )
    def test_another_text_is_refused(self, text):
        with pytest.raises(InputRefusedError, match="no fixed offset"):
            parse_offset(text)


class TestParseClock:
    def test_a_zone_name_is_a_zone(self):
        assert parse_clock("Europe/Prague") == ZoneInfo("Europe/Prague")

    @pytest.mark.parametrize(
        "text", ["europe/prague", "Europe", "Mars/Base", "../etc/passwd", "/etc/localtime", "localtime", "Factory", "", "Z"]
    )
    def test_a_name_nobody_knows_is_refused(self, text):
        with pytest.raises(InputRefusedError) as refusal:
            parse_clock(text)
        assert refusal.value.code == "clock.unknown"


class TestStandardOffset:
    @pytest.mark.parametrize(
        ("clock", "minutes"),
        [
            pytest.param("Europe/Prague", 60, id="north"),
            pytest.param("Australia/Sydney", 600, id="south"),
            pytest.param("Australia/Adelaide", 570, id="half an hour"),
            pytest.param("Australia/Lord_Howe", 630, id="half an hour of daylight saving"),
            pytest.param("Europe/Dublin", 0, id="summer time is standard by law, winter time for us"),
            pytest.param("Africa/Casablanca", 60, id="back for Ramadan alone"),
            pytest.param("America/Santiago", -240, id="south and west"),
            pytest.param("Australia/Brisbane", 600, id="no daylight saving"),
            pytest.param("Antarctica/Troll", 0, id="two hours of daylight saving"),
            pytest.param("+10:00", 600, id="fixed"),
        ],
    )
    def test_it_is_the_offset_without_daylight_saving(self, clock, minutes):
        assert standard_offset_minutes(clock) == minutes


class TestStartOfDay:
    @pytest.mark.parametrize(
        ("day", "clock", "instant"),
        [
            pytest.param("2026-10-25", "Europe/Prague", "2026-10-24T22:00+00:00", id="before the clock goes back"),
            pytest.param("2026-10-26", "Europe/Prague", "2026-10-25T23:00+00:00", id="after it went back"),
            pytest.param("2026-09-06", "America/Santiago", "2026-09-06T04:00+00:00", id="midnight is skipped: the jump"),
            pytest.param("2026-04-05", "America/Santiago", "2026-04-05T04:00+00:00", id="the hour before midnight comes twice"),
            pytest.param("2026-11-01", "America/Havana", "2026-11-01T04:00+00:00", id="midnight comes twice: the first"),
            pytest.param("1919-03-31", "America/Toronto", "1919-03-31T04:30+00:00", id="midnight inside a gap: the jump"),
            pytest.param("2011-12-30", "Pacific/Apia", "2011-12-30T10:00+00:00", id="a day that never was"),
            pytest.param("2011-12-31", "Pacific/Apia", "2011-12-30T10:00+00:00", id="the day after it"),
            pytest.param("2026-01-01", "+10:00", "2025-12-31T14:00+00:00", id="fixed offset"),
        ],
    )
    def test_it_is_the_first_instant_of_the_day(self, day, clock, instant):
        assert start_of_day(date.fromisoformat(day), clock) == at(instant)

    @given(st.dates(date(2000, 1, 1), date(2040, 12, 30)), st.sampled_from(ODD_ZONES))
    def test_the_wall_clock_passes_midnight_there(self, day, clock):
        start, zone = start_of_day(day, clock), parse_clock(clock)
        midnight = datetime.combine(day, datetime.min.time())
        before = (start - timedelta(seconds=1)).astimezone(zone).replace(tzinfo=None)
        assert start.astimezone(zone).replace(tzinfo=None) >= midnight > before or (clock, day) == (
            "Pacific/Apia",
            date(2011, 12, 30),
        )

    @given(st.dates(date(2000, 1, 1), date(2040, 12, 30)), st.sampled_from(ODD_ZONES))
    def test_days_follow_each_other(self, day, clock):
        assert start_of_day(day, clock) <= start_of_day(day + timedelta(days=1), clock)


class TestParseTime:
    @pytest.mark.parametrize(
        ("text", "parsed"),
        [
            ("2026-10-01", datetime(2026, 10, 1)),  # noqa: DTZ001 - naive is the point
            ("2026-10-01 12:30", datetime(2026, 10, 1, 12, 30)),  # noqa: DTZ001
            ("2026-10-01T12:30:05.250Z", datetime(2026, 10, 1, 12, 30, 5, 250_000, tzinfo=UTC)),
            ("1900-01-01", datetime(1900, 1, 1)),  # noqa: DTZ001
            ("9999-12-31", datetime(9999, 12, 31)),  # noqa: DTZ001
        ],
    )
    def test_iso_8601_is_read(self, text, parsed):
        assert parse_time(text) == parsed

    @pytest.mark.parametrize(
        "text",
        [
            "", "2026-10", "20261001", "2026-W40-4", "01/10/2026", "2026-02-29", "2026-10-01T24:00", "2026-10-01T12",
            " 2026-10-01", "2026-10-01T00:00+25:00", "1899-12-31", "0001-01-01T00:00+10:00", "9999-12-31T23:59-10:00",
            "\u0662026-10-01", "2026-10-01T00:00:60",
        ],
    )  # fmt: skip
    def test_another_text_is_refused(self, text):
        with pytest.raises(InputRefusedError) as refusal:
            parse_time(text)
        assert refusal.value.code == "time.invalid"


class TestParseInstant:
    @pytest.mark.parametrize(
        ("text", "clock", "instant"),
        [
            pytest.param("2026-10-04", "Australia/Sydney", "2026-10-03T14:00+00:00", id="a bare date is local midnight"),
            pytest.param("2026-10-04T00:00", "Australia/Sydney", "2026-10-03T14:00+00:00", id="so is a local midnight"),
            pytest.param("2026-10-04T12:00", "Australia/Sydney", "2026-10-04T01:00+00:00", id="a local time"),
            pytest.param("2026-10-04T00:00:00+10:00", "Europe/Prague", "2026-10-03T14:00+00:00", id="its own offset counts"),
            pytest.param("2026-09-06", "America/Santiago", "2026-09-06T04:00+00:00", id="a midnight that is skipped"),
        ],
    )
    def test_a_text_is_an_instant(self, text, clock, instant):
        assert parse_instant(text, clock) == at(instant)

    @pytest.mark.parametrize(("text", "often"), [("2026-10-25T02:30", "twice"), ("2026-03-29T02:30", "never")])
    def test_a_local_time_that_is_not_one_instant_is_refused(self, text, often):
        with pytest.raises(InputRefusedError, match=f"exists {often} in Europe/Prague"):
            parse_instant(text, "Europe/Prague")

    def test_an_offset_tells_which_of_two_is_meant(self):
        assert parse_instant("2026-10-25T02:30+01:00", "Europe/Prague") == at("2026-10-25T01:30+00:00")


class TestMonthDates:
    @pytest.mark.parametrize(
        ("month", "dates"),
        [("2026-10", (date(2026, 10, 1), date(2026, 11, 1))), ("2026-12", (date(2026, 12, 1), date(2027, 1, 1)))],
    )
    def test_a_month_ends_where_the_next_begins(self, month, dates):
        assert month_dates(month) == dates

    @pytest.mark.parametrize("month", ["2026-13", "2026-00", "2026-1", "2026", "2026-10-01", "", "9999-12", "0000-01"])
    def test_another_text_is_refused(self, month):
        with pytest.raises(InputRefusedError, match="is no month"):
            month_dates(month)


class TestBillingPeriod:
    def test_october_in_prague_has_an_hour_more(self):
        period = billing_period("2026-10", "Europe/Prague", LONG_AGO, None)
        assert period.ends_at - period.starts_at == timedelta(days=31, hours=1)

    def test_october_in_sydney_has_an_hour_less(self):
        period = billing_period("2026-10", "Australia/Sydney", LONG_AGO, None)
        assert period.ends_at - period.starts_at == timedelta(days=31, hours=-1)

    def test_september_in_santiago_has_an_hour_less(self):
        period = billing_period("2026-09", "America/Santiago", LONG_AGO, None)
        assert period.ends_at - period.starts_at == timedelta(days=30, hours=-1)

    def test_it_is_clipped_to_the_agreement(self):
        period = billing_period("2026-10", "+10:00", at("2026-10-05T00:00+10:00"), at("2026-10-20T00:00+10:00"))
        assert (period.period_from, period.period_to) == (date(2026, 10, 5), date(2026, 10, 20))

    def test_a_part_of_a_day_has_that_day_among_its_dates(self):
        period = billing_period("2026-10", "+10:00", at("2026-10-05T12:00+10:00"), at("2026-10-20T00:01+10:00"))
        assert (period.period_from, period.period_to) == (date(2026, 10, 5), date(2026, 10, 21))

    def test_a_part_of_a_day_is_exact_in_its_instants(self):
        period = billing_period("2026-10", "+10:00", at("2026-10-05T12:00+10:00"), None)
        assert period.starts_at == at("2026-10-05T02:00+00:00")

    @pytest.mark.parametrize(
        ("valid_from", "valid_to", "active"),
        [
            pytest.param("2020-01-01T00:00+10:00", "2026-10-01T00:00+10:00", False, id="it ended when the month began"),
            pytest.param("2020-01-01T00:00+10:00", "2026-10-01T00:00:00.000001+10:00", True, id="one instant into the month"),
            pytest.param("2026-11-01T00:00+10:00", None, False, id="it begins when the month ends"),
            pytest.param("2026-10-31T23:59:59.999999+10:00", None, True, id="one instant before the month ends"),
            pytest.param("2026-10-05T00:00+10:00", "2026-10-05T00:00+10:00", False, id="it has no length"),
        ],
    )
    def test_only_an_agreement_of_the_month_has_one(self, valid_from, valid_to, active):
        assert (billing_period("2026-10", "+10:00", at(valid_from), valid_to and at(valid_to)) is not None) == active

    def test_days_from_to_need_not_be_a_month(self):
        period = period_between(date(2026, 3, 28), date(2026, 3, 30), "Europe/Prague", LONG_AGO, None)
        assert period.ends_at - period.starts_at == timedelta(hours=47)

    @given(st.integers(2005, 2039), st.sampled_from(ODD_ZONES))
    def test_the_months_of_a_year_tile_it(self, year, clock):
        periods = [billing_period(f"{year}-{month:02d}", clock, LONG_AGO, None) for month in range(1, 13)]
        assert all(a.ends_at == b.starts_at and a.period_to == b.period_from for a, b in pairwise(periods))

    @given(st.dates(date(2026, 10, 2), date(2026, 10, 30)), st.sampled_from(ODD_ZONES))
    def test_two_agreements_that_meet_at_midnight_share_the_month(self, day, clock):
        change = start_of_day(day, clock)
        old, new = billing_period("2026-10", clock, LONG_AGO, change), billing_period("2026-10", clock, change, None)
        assert (old.period_to, old.ends_at) == (new.period_from, new.starts_at) == (day, change)

    def test_the_local_date_is_that_of_the_clock(self):
        assert local_date(at("2026-09-30T22:00+00:00"), "Europe/Prague") == date(2026, 10, 1)


class TestAWallClock:
    @pytest.mark.parametrize(
        ("zone", "text", "expected"),
        [
            ("Europe/London", "20260105T120000", [(2026, 1, 5, 12)]),
            ("Europe/London", "20260705T120000", [(2026, 7, 5, 11)]),
            ("Europe/London", "20261025T013000", [(2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)]),
            ("Europe/London", "20261025T020000", [(2026, 10, 25, 2)]),
            ("Europe/London", "20260329T005959", [(2026, 3, 29, 0, 59, 59)]),
            ("Europe/London", "20260329T010000", []),
            ("Europe/London", "20260329T015959", []),
            ("Europe/London", "20260329T020000", [(2026, 3, 29, 1)]),
            ("+10:00", "20260105T000000", [(2026, 1, 4, 14)]),
            ("Australia/Lord_Howe", "20260405T014500", [(2026, 4, 4, 14, 45), (2026, 4, 4, 15, 15)]),
        ],
    )
    def test_means_one_instant_or_two_or_none(self, zone, text, expected):
        found = list(instants_of(datetime.fromisoformat(text), zone))
        assert found == [datetime(*parts, tzinfo=UTC) for parts in expected]


@pytest.mark.parametrize(("wall", "times"), [("2026-07-01T02:00", 1), ("2026-10-25T02:59", 2), ("2026-03-29T02:30", 0)])
def test_a_wall_clock_shows_a_time_once_twice_or_never(wall, times):
    assert len(instants_of(datetime.fromisoformat(wall), "Europe/Madrid")) == times
