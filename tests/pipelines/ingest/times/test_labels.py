from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.times.labels import resolve_ends
from schemas.periods import parse_clock, start_of_day

MADRID = "Europe/Madrid"
AUTUMN, SPRING = date(2026, 10, 25), date(2026, 3, 29)


def ends_of(day: date, labels: list[str], minutes: int = 60, clock: str = MADRID) -> list[str | None]:
    """Ends in UTC of labels of a day; 24:00 is the midnight that ends it."""
    walls = [
        datetime.combine(day, datetime.min.time()) + timedelta(hours=int(label[:2]), minutes=int(label[3:])) for label in labels
    ]
    found = resolve_ends(walls, [timedelta(minutes=minutes)] * len(walls), clock)
    return [f"{end.instant:%H:%M}" + ("?" if end.is_assumed else "") if end.instant else None for end in found]


class TestAnHourThatComesTwice:
    def test_equal_labels_are_two_hours_in_their_order(self):
        assert ends_of(AUTUMN, ["01:00", "02:00", "02:00", "03:00"]) == ["23:00", "00:00", "01:00", "02:00"]

    def test_the_clock_before_the_change_may_name_the_end(self):
        assert ends_of(AUTUMN, ["01:00", "02:00", "03:00", "03:00"]) == ["23:00", "00:00", "01:00", "02:00"]

    @pytest.mark.parametrize(
        "labels",
        [
            ["02:00", "02:30", "02:00", "02:30", "03:00"],  # by the clock after the change
            ["02:00", "02:30", "03:00", "02:30", "03:00"],  # by the clock before it
        ],
    )
    def test_half_hours_too(self, labels):
        assert ends_of(AUTUMN, labels, 30) == ["00:00", "00:30", "01:00", "01:30", "02:00"]

    def test_newest_first_is_told_apart_from_the_other_end(self):
        assert ends_of(AUTUMN, ["03:00", "02:00", "02:00", "01:00"]) == ["02:00", "01:00", "00:00", "23:00"]

    def test_a_label_that_is_there_once_is_taken_for_the_hour_that_follows_and_says_so(self):
        assert ends_of(AUTUMN, ["01:00", "02:00", "03:00"]) == ["23:00", "00:00?", "02:00"]
        assert ends_of(AUTUMN, ["02:15", "02:30", "02:15"], 15)[1] == "00:30?"

    def test_the_whole_day_twice_is_a_copy_and_no_other_hour(self):
        day = ["01:00", "02:00", "02:00", "03:00"]
        assert ends_of(AUTUMN, day + day[:]) == ["23:00", "00:00", "01:00", "02:00"] * 2


class TestAnHourThatDoesNotCome:
    @pytest.mark.parametrize("label", ["02:00", "03:00"])
    def test_either_clock_may_name_the_moment_of_the_leap(self, label):
        assert ends_of(SPRING, ["01:00", label, "04:00"]) == ["00:00", "01:00", "02:00"]

    def test_both_names_at_once_are_one_hour_too_many(self):
        assert ends_of(SPRING, ["01:00", "02:00", "03:00"]) == ["00:00", None, "01:00"]

    def test_a_time_inside_the_leap_ends_nothing(self):
        assert ends_of(SPRING, ["02:30"], 30) == [None]


def change_of_clocks(year: int, month: int) -> date:
    """The last Sunday of March or October."""
    last = date(year, month, 31)
    return last - timedelta(days=last.isoweekday() % 7)


@given(
    day=st.dates(date(1996, 11, 1), date(2090, 1, 1))
    | st.builds(change_of_clocks, st.integers(1997, 2037), st.sampled_from([3, 10])),
    minutes=st.sampled_from([10, 15, 30, 60]),
    clock=st.sampled_from([MADRID, "Europe/Helsinki", "+01:00"]),
    by_clock_before=st.booleans(),
    newest_first=st.booleans(),
)
def test_the_labels_of_a_whole_day_give_its_instants_back(day, minutes, clock, by_clock_before, newest_first):
    length, zone = timedelta(minutes=minutes), parse_clock(clock)
    instants, end = [], start_of_day(day, clock)
    while end < start_of_day(day + timedelta(days=1), clock):
        end += length
        instants.append(end)
    second = timedelta(seconds=1)
    if by_clock_before:
        labels = [(instant - second).astimezone(zone).replace(tzinfo=None) + second for instant in instants]
    else:
        labels = [instant.astimezone(zone).replace(tzinfo=None) for instant in instants]
    step = -1 if newest_first else 1
    found = resolve_ends(labels[::step], [length] * len(labels), clock)
    assert [end.instant for end in found] == instants[::step]
    assert not any(end.is_assumed for end in found)
