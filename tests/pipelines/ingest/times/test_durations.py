from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.ingest.times.durations import A_DAY, Duration, after, parse_duration, parse_length


def test_a_day_later_is_23_24_or_25_hours_later():
    starts = [
        datetime(2026, 3, 28, 22, tzinfo=UTC),
        datetime(2026, 3, 29, 21, tzinfo=UTC),
        datetime(2026, 10, 24, 21, tzinfo=UTC),
    ]
    assert [(after(start, A_DAY, "Europe/Helsinki") - start) // timedelta(hours=1) for start in starts] == [23, 24, 25]


class TestAfter:
    def test_a_time_that_comes_twice_is_its_first(self):
        start = datetime(2026, 10, 24, 0, 30, tzinfo=UTC)  # 02:30 in Madrid
        assert after(start, A_DAY, "Europe/Madrid") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)

    def test_a_time_that_never_comes_is_24_hours_later(self):
        start = datetime(2026, 3, 28, 1, 30, tzinfo=UTC)  # 02:30 in Madrid
        assert after(start, A_DAY, "Europe/Madrid") == start + timedelta(hours=24)

    def test_a_month_ends_on_the_same_day_of_the_next(self):
        start = datetime(2026, 2, 28, 23, tzinfo=UTC)  # 1 March in Copenhagen
        assert after(start, Duration(1, 0, timedelta()), "Europe/Copenhagen") == datetime(2026, 3, 31, 22, tzinfo=UTC)

    def test_hours_pass_after_the_days(self):
        start = datetime(2026, 3, 28, 0, tzinfo=UTC)  # 01:00 in Madrid
        assert after(start, parse_duration("P1DT2H"), "Europe/Madrid") == datetime(2026, 3, 29, 2, tzinfo=UTC)

    def test_a_day_that_a_month_has_not_is_an_error(self):
        with pytest.raises(ValueError, match="day is out of range"):
            after(datetime(2026, 1, 31, tzinfo=UTC), Duration(1, 0, timedelta()), "+00:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT15M", Duration(0, 0, timedelta(minutes=15))),
        ("PT1H30M", Duration(0, 0, timedelta(minutes=90))),
        (" PT900S ", Duration(0, 0, timedelta(minutes=15))),
        ("P1D", Duration(0, 1, timedelta())),
        ("P2W", Duration(0, 14, timedelta())),
        ("P1M", Duration(1, 0, timedelta())),
        ("P1Y6M", Duration(18, 0, timedelta())),
        ("P1DT1H", Duration(0, 1, timedelta(hours=1))),
    ],
)
def test_durations_are_months_days_and_time(text, expected):
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "PT0M", "P0D", "PT0S", "-PT1H", "PT-1H", "PT1.5H", "pt1h", "P1H", "PT1D", "60"]
)
def test_another_word_is_no_duration(text):
    assert parse_duration(text) is None


@pytest.mark.parametrize("text", ["", "P", "PT", "P1M", "P1Y", "PT0M", "-PT1H", "PT1.5H", "60"])
def test_no_lengths(text):
    assert parse_length(text) is None


def test_nothing_has_no_length():
    assert parse_length(None) is None
