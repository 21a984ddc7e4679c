from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InputRefusedError
from tariffs.clock import Clock

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata", "+10:00", "-03:30")

# UTC start and end of local days, from the time zone vectors of the validation rules' reference (section 10.10)
LOCAL_DAYS = [
    ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", "2026-03-29T22:00"),
    ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", "2026-10-25T23:00"),
    ("Europe/London", "2026-03-29", "2026-03-29T00:00", "2026-03-29T23:00"),
    ("Europe/London", "2026-10-25", "2026-10-24T23:00", "2026-10-26T00:00"),
    ("America/New_York", "2026-03-08", "2026-03-08T05:00", "2026-03-09T04:00"),
    ("America/New_York", "2026-11-01", "2026-11-01T04:00", "2026-11-02T05:00"),
    ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00", "2026-04-05T13:30"),
    ("Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30", "2026-10-04T13:00"),
    ("Australia/Brisbane", "2026-10-04", "2026-10-03T14:00", "2026-10-04T14:00"),
    ("Asia/Kolkata", "2026-10-04", "2026-10-03T18:30", "2026-10-04T18:30"),
    ("America/Santiago", "2026-09-06", "2026-09-06T04:00", "2026-09-07T03:00"),
]


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(("zone", "day", "starts", "ends"), LOCAL_DAYS)
def test_local_days_begin_and_end_where_the_zone_database_says(zone, day, starts, ends):
    local = date.fromisoformat(day)
    assert Clock(zone).midnight(local) == utc(starts).timestamp()
    assert Clock(zone).midnight(local.replace(day=local.day + 1)) == utc(ends).timestamp()


@pytest.mark.parametrize("zone", ZONES)
@given(st.integers(946_684_800, 2_114_380_800), st.integers(1, 4000))
def test_offsets_are_those_of_the_zone_at_every_instant(zone, first, hours):
    instants = first + np.arange(0, hours * 3600, 3600 * 7)
    offsets = Clock(zone).offsets(instants)
    for place in (0, len(instants) // 2, len(instants) - 1):
        local = datetime.fromtimestamp(int(instants[place]), UTC).astimezone(Clock(zone).zone)
        assert local.utcoffset().total_seconds() == offsets[place]


@pytest.mark.parametrize(("second", "hours"), [(-1, 1), (0, 2)])
def test_a_changeover_takes_effect_at_its_second(second, hours):
    changeover = int(utc("2026-03-29T01:00").timestamp())
    assert Clock("Europe/Berlin").offsets(np.array([changeover + second])).tolist() == [hours * 3600]


@pytest.mark.parametrize("name", ["Europe/Atlantis", "+1:00", "+10:60", "+18:00", "../etc/passwd", "", "Europe"])
def test_what_is_no_clock_is_refused(name):
    with pytest.raises(InputRefusedError) as refused:
        Clock(name)
    assert refused.value.code == "clock.unknown"
