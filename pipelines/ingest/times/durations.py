"""Durations of ISO 8601: hours, minutes and seconds pass; days, weeks, months and years are those of a local calendar."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from schemas.periods import parse_clock

_DURATION = re.compile(
    r"P(?:(?P<years>[0-9]{1,3})Y)?(?:(?P<months>[0-9]{1,3})M)?(?:(?P<weeks>[0-9]{1,3})W)?(?:(?P<days>[0-9]{1,3})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,5})H)?(?:(?P<minutes>[0-9]{1,5})M)?(?:(?P<seconds>[0-9]{1,5})S)?)?"
)
_WEEK_DAYS = 7
_YEAR_MONTHS = 12


class Duration(NamedTuple):
    """A duration.

    Attributes:
        months: of a calendar, years among them.
        days: of a calendar, weeks among them.
        time: hours, minutes and seconds.
    """

    months: int
    days: int
    time: timedelta

    @property
    def is_calendar(self) -> bool:
        """Whether days, months or years are in it: how long they are depends on the calendar."""
        return bool(self.months or self.days)

    def times(self, count: int) -> Duration:
        """Return ``count`` of it, one after the other."""
        return Duration(self.months * count, self.days * count, self.time * count)


A_DAY = Duration(0, 1, timedelta())


@lru_cache(maxsize=1024)
def parse_duration(text: str) -> Duration | None:
    """Return an ISO 8601 duration; None where it is none, or no time at all.

    >>> parse_duration("P2W").days, parse_duration("PT60M") == parse_duration("PT1H"), parse_duration("PT0S")
    (14, True, None)
    """
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        return None
    part = {name: int(number or 0) for name, number in match.groupdict().items()}
    duration = Duration(
        _YEAR_MONTHS * part["years"] + part["months"],
        _WEEK_DAYS * part["weeks"] + part["days"],
        timedelta(hours=part["hours"], minutes=part["minutes"], seconds=part["seconds"]),
    )
    return duration if duration.is_calendar or duration.time else None


def parse_length(text: str | None) -> timedelta | None:
    """Return the length of a duration in days of 24 hours; None where it is none, or counts months.

    >>> parse_length("PT30M"), parse_length("P1D"), parse_length("P1M")
    (datetime.timedelta(seconds=1800), datetime.timedelta(days=1), None)
    """
    duration = parse_duration(text) if text else None
    if duration is None or duration.months:
        return None
    return timedelta(days=duration.days) + duration.time


def after(instant: datetime, duration: Duration, clock: str) -> datetime:
    """Return the instant a duration later: months and days by the wall clock, then hours, minutes and seconds as they pass.

    Where the clock shows the time twice it is the first; where it never does, as if the clock had not leapt.

    Args:
        instant: aware.
        duration: what passes.
        clock: zone name or fixed offset.

    Raises:
        ValueError: the month has no such day.
        OverflowError: outside of the years 1 to 9999.

    >>> after(datetime(2026, 3, 28, 22, tzinfo=UTC), A_DAY, "Europe/Helsinki") - datetime(2026, 3, 28, 22, tzinfo=UTC)
    datetime.timedelta(seconds=82800)
    """
    zone = parse_clock(clock)
    wall = instant.astimezone(zone).replace(tzinfo=None)
    months = wall.year * _YEAR_MONTHS + wall.month - 1 + duration.months
    wall = wall.replace(year=months // _YEAR_MONTHS, month=months % _YEAR_MONTHS + 1) + timedelta(days=duration.days)
    return wall.replace(tzinfo=zone).astimezone(UTC) + duration.time
