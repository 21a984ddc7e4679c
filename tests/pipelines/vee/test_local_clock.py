from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from pipelines.vee.local_clock import DayType, day_types, local_clock, zone_of
from schemas.errors import InputRefusedError

# Catalogue vector 10.10: UTC range of the local day by the zone database; Casablanca depends on its release.
LOCAL_DAYS = [
    ("Europe/Berlin", 60, date(2026, 3, 29), 92, 46),
    ("Europe/Berlin", 60, date(2026, 10, 25), 100, 50),
    ("Europe/London", 0, date(2026, 3, 29), 92, 46),
    ("Europe/London", 0, date(2026, 10, 25), 100, 50),
    ("America/New_York", -300, date(2026, 3, 8), 92, 46),
    ("America/New_York", -300, date(2026, 11, 1), 100, 50),
    ("Australia/Lord_Howe", 630, date(2026, 4, 5), 98, 49),
    ("Australia/Lord_Howe", 630, date(2026, 10, 4), 94, 47),
    ("Australia/Brisbane", 600, date(2026, 10, 4), 96, 48),
    ("Asia/Kolkata", 330, date(2026, 10, 4), 96, 48),
    ("America/Santiago", -240, date(2026, 9, 6), 92, 46),
    ("Africa/Casablanca", 60, date(2026, 2, 15), 100, 50),
]


def around(zone: str, offset: int, day: date, interval_minutes: int):
    first = day - timedelta(days=2)
    return local_clock(zone, first, days=5, interval_minutes=interval_minutes, standard_offset_minutes=offset)


@pytest.mark.parametrize(("zone", "offset", "day", "quarters", "halves"), LOCAL_DAYS)
def test_a_local_day_has_as_many_slots_as_the_zone_database_says(zone, offset, day, quarters, halves):
    counts = [(around(zone, offset, day, minutes).ordinal == day.toordinal()).sum() for minutes in (15, 30)]
    assert counts == [quarters, halves]


@pytest.mark.parametrize(
    ("zone", "offset", "day", "repeated"),
    [
        pytest.param("Europe/Berlin", 60, date(2026, 10, 25), 4, id="an hour twice"),
        pytest.param("Europe/Berlin", 60, date(2026, 3, 29), 0, id="an hour skipped"),
        pytest.param("Australia/Lord_Howe", 630, date(2026, 4, 5), 2, id="half an hour twice"),
        pytest.param("Asia/Kolkata", 330, date(2026, 10, 4), 0, id="no daylight saving"),
    ],
)
def test_only_the_second_showing_of_a_time_is_a_repeat(zone, offset, day, repeated):
    assert around(zone, offset, day, 15).repeat.sum() == repeated


def test_a_day_may_begin_at_one_o_clock():
    clock = around("America/Santiago", -240, date(2026, 9, 6), 30)
    assert clock.minute[clock.ordinal == date(2026, 9, 6).toordinal()].min() == 60


def test_slots_may_begin_after_midnight():
    clock = local_clock(
        "+01:00", date(2026, 1, 5), days=1, interval_minutes=60, standard_offset_minutes=60, slot_offset_minutes=15
    )
    assert clock.minute[0, :2].tolist() == [15, 75]


def test_a_fixed_offset_is_a_zone():
    assert zone_of("-03:30").utcoffset(None) == -timedelta(hours=3, minutes=30)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", "+25:00", "", "Europe"])
def test_an_unknown_zone_is_refused_by_name(name):
    with pytest.raises(InputRefusedError, match="no zone is called"):
        zone_of(name)


def test_days_have_types_and_a_holiday_is_a_holiday_on_any_weekday():
    monday = date(2026, 1, 5)
    ordinals = np.arange(monday.toordinal(), monday.toordinal() + 7, dtype=np.int32)
    work, sat, sun, off = DayType.WORKDAY, DayType.SATURDAY, DayType.SUNDAY, DayType.HOLIDAY
    assert day_types(ordinals, {monday + timedelta(days=1)}).tolist() == [work, off, work, work, work, sat, sun]
