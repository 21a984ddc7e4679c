from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.dlms.clock import parse_date_time
from head_end.dlms.errors import ClockError
from tests.head_end.dlms.meter_bytes import clock


class TestDeviation:
    @pytest.mark.parametrize(
        ("deviation", "hour"),
        [pytest.param(-60, 12, id="Central Europe, winter"), pytest.param(-120, 11, id="summer"), (0, 13), (300, 18)],
    )
    def test_it_leads_from_local_time_to_utc(self, deviation, hour):
        assert parse_date_time(clock("2026-01-31 13:00:00", deviation)).utc == datetime(2026, 1, 31, hour, tzinfo=UTC)

    def test_left_open_it_leads_nowhere(self):
        found = parse_date_time(clock("2026-01-31 13:00:00", None))
        assert (found.deviation_minutes, found.utc) == (None, None)

    @pytest.mark.parametrize(("deviation", "exists"), [(840, True), (841, False), (-840, True), (-841, False)])
    def test_no_place_is_more_than_fourteen_hours_away(self, deviation, exists):
        if exists:
            assert parse_date_time(clock("2026-01-31 13:00:00", deviation)).deviation_minutes == deviation
        else:
            with pytest.raises(ClockError):
                parse_date_time(clock("2026-01-31 13:00:00", deviation))


class TestParts:
    @pytest.mark.parametrize("at", [0, 2, 3, 5, 6])
    def test_a_time_left_open_down_to_the_minute_is_none(self, at):
        raw = bytearray(clock("2026-01-31 13:45:10", 0))
        raw[at : at + (2 if at == 0 else 1)] = b"\xff\xff" if at == 0 else b"\xff"
        assert parse_date_time(bytes(raw)) is None

    def test_seconds_and_hundredths_left_open_are_none(self):
        raw = bytearray(clock("2026-01-31 13:45:10", 0))
        raw[7] = raw[8] = 0xFF
        assert parse_date_time(bytes(raw)).local.isoformat() == "2026-01-31T13:45:00"

    def test_hundredths_count(self):
        raw = bytearray(clock("2026-01-31 13:45:10", 0))
        raw[8] = 25
        assert parse_date_time(bytes(raw)).local.microsecond == 250_000

    @pytest.mark.parametrize(
        "text",
        ["2026-02-30 00:00:00", "2026-13-01 00:00:00", "2026-01-01 24:00:00", "2026-01-01 00:60:00", "1969-12-31 00:00:00"],
    )
    def test_a_time_that_does_not_exist_is_refused(self, text):
        with pytest.raises(ClockError):
            parse_date_time(clock(text, 0))

    @pytest.mark.parametrize("wildcard", [0xFD, 0xFE])
    def test_the_last_days_of_calendars_are_no_time(self, wildcard):
        raw = bytearray(clock("2026-01-31 13:45:10", 0))
        raw[3] = wildcard
        with pytest.raises(ClockError):
            parse_date_time(bytes(raw))

    @pytest.mark.parametrize(
        ("status", "summer", "invalid", "doubtful"),
        [(0, False, False, False), (0x80, True, False, False), (0x81, True, True, False), (2, False, False, True)],
    )
    def test_the_status_tells_what_the_clock_is_worth(self, status, summer, invalid, doubtful):
        found = parse_date_time(clock("2026-01-31 13:45:10", 0, status))
        assert (found.is_daylight_saving, found.is_invalid, found.is_doubtful) == (summer, invalid, doubtful)

    def test_a_status_left_open_says_nothing(self):
        found = parse_date_time(clock("2026-01-31 13:45:10", 0, 0xFF))
        assert (found.is_daylight_saving, found.is_invalid, found.is_doubtful) == (None, False, False)


@given(st.binary(max_size=14))
def test_whatever_the_bytes_only_our_own_error_comes_out(raw):
    try:
        found = parse_date_time(raw)
    except ClockError:
        return
    assert found is None or 1970 <= found.local.year < 2200
