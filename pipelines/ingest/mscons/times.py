"""DTM: dates and times of MSCONS, formats 102, 203, 204, 303, 304 and 610, periods and interval lengths.

Formats 303 and 304 carry their offset. The others are local times; the EDI@Energy rules mean legal time in Germany.
A gas day begins at 06:00.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple

from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.wall_clocks import DATE_DIGITS, MINUTE_DIGITS, SECOND_DIGITS, wall_clock
from schemas.errors import InputRefusedError
from schemas.instants import HOUR_US, MINUTE_US, SECOND_US, instant_of, microseconds_of
from schemas.periods import instants_of, month_dates

OWN_CLOCK = "Europe/Berlin"
"""The clock of times that carry no offset (EDI@Energy, Allgemeine Festlegungen: legal time)."""
DATE, MONTH = "102", "610"
_DAY = timedelta(days=1)
_GAS_DAY_BEGINS, _MIDNIGHT = time(6), time()
_LOCAL_DIGITS = {DATE: DATE_DIGITS, "203": MINUTE_DIGITS, "204": SECOND_DIGITS}
_ZONED_DIGITS = {"303": MINUTE_DIGITS, "304": SECOND_DIGITS}
_OFFSET = re.compile(r"([+-])(0[0-9]|1[0-4])([0-5][0-9])?")
_UTC_NAMES = frozenset({"UTC", "GMT"})
_LENGTH_US = {"805": HOUR_US, "806": MINUTE_US, "807": SECOND_US}
_LENGTH = re.compile(r"[0-9]{1,6}")


class Stamp(NamedTuple):
    """A date or time as it is written.

    Attributes:
        wall_us: what its wall clock shows, as if it were UTC [us since 1970].
        offset_minutes: its offset from UTC [min]; None where it has none.
    """

    wall_us: int
    offset_minutes: int | None

    def instants(self, clock: str) -> tuple[int, ...]:
        """Return the instants it means [us since 1970, UTC]: one, or two or none where it has no offset."""
        if self.offset_minutes is not None:
            return (self.wall_us - self.offset_minutes * MINUTE_US,)
        wall = instant_of(self.wall_us).replace(tzinfo=None)
        return tuple(microseconds_of(instant) for instant in instants_of(wall, clock))


class Period(NamedTuple):
    """A period of time, UTC [us since 1970]; ``end_us`` is exclusive."""

    start_us: int
    end_us: int

    @property
    def seconds(self) -> int:
        """Its length, whole seconds [s]: no format is finer."""
        return (self.end_us - self.start_us) // SECOND_US


@lru_cache(maxsize=4096)
def parse_stamp(text: str, form: str) -> Stamp | None:
    """Return the stamp of a DTM segment, or None when it is none.

    Args:
        text: data element 2380.
        form: data element 2379, the format.

    >>> parse_stamp("201912140000+01", "303").offset_minutes, parse_stamp("20191214", "102").offset_minutes
    (60, None)
    >>> parse_stamp("201912142400+01", "303") is None
    True
    """
    digits = _ZONED_DIGITS.get(form)
    if digits is None:
        wall = wall_clock(text, _LOCAL_DIGITS[form]) if form in _LOCAL_DIGITS else None
        return None if wall is None else _stamp(wall, None)
    wall, offset_minutes = wall_clock(text[:digits], digits), _parse_offset(text[digits:])
    return None if wall is None or offset_minutes is None else _stamp(wall, offset_minutes)


def _stamp(wall: datetime, offset_minutes: int | None) -> Stamp:
    return Stamp(microseconds_of(wall.replace(tzinfo=UTC)), offset_minutes)


def _parse_offset(text: str) -> int | None:
    """Return the offset that ends formats 303 and 304 [min]: hours, or hours and minutes."""
    if text in _UTC_NAMES:
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return -minutes if match[1] == "-" else minutes


def instant_us(stamp: Stamp, clock: str) -> int | Fault:
    """Return the instant of a stamp [us since 1970, UTC], or why it names none: the hour it is in comes twice, or never."""
    instants = stamp.instants(clock)
    if len(instants) == 1:
        return instants[0]
    return Fault("time.invalid", f"a time without an offset that comes {'twice' if instants else 'never'} in {clock}")


def period_of(begin: Stamp, end: Stamp, clock: str, previous_end_us: int | None) -> Period | Fault:
    """Return the period between two stamps.

    Where neither has an offset, a period of an hour or less is as long as its wall clocks are apart, and one that begins
    in the hour that comes twice follows the value before it.

    Args:
        begin: DTM+163.
        end: DTM+164.
        clock: of stamps without an offset.
        previous_end_us: where the value before it ended, UTC [us since 1970]; None where it is the first.
    """
    starts = begin.instants(clock)
    start = previous_end_us if previous_end_us in starts else instant_us(begin, clock)
    if isinstance(start, Fault) or start is None:
        return start or Fault("time.missing", "the period has no beginning")
    apart_us = end.wall_us - begin.wall_us
    if begin.offset_minutes is None and end.offset_minutes is None and 0 < apart_us <= HOUR_US:
        return Period(start, start + apart_us)
    ends = [instant for instant in end.instants(clock) if instant > start]
    return Period(start, ends[0]) if ends else Fault("time.invalid", "the period does not end after its beginning")


def named_period(text: str, form: str, clock: str, *, is_gas: bool) -> Period | Fault:
    """Return the period that DTM+306 names: a gas day (format 102) or a month (format 610), which gas begins at 06:00."""
    first, after = _days_of_month(text) if form == MONTH else _gas_day(text, form)
    if first is None or after is None:
        return Fault("time.invalid", f"'{text[:40]}' of format '{form[:3]}' is no period")
    begins = _GAS_DAY_BEGINS if is_gas or form == DATE else _MIDNIGHT
    start, end = (instant_us(_stamp(datetime.combine(day, begins), None), clock) for day in (first, after))
    if isinstance(start, int) and isinstance(end, int):
        return Period(start, end)
    return Fault("time.invalid", f"'{text[:40]}' of format '{form[:3]}' is no period in {clock}")


def _gas_day(text: str, form: str) -> tuple[date, date] | tuple[None, None]:
    """Return a day and the next; none where it is no day of format 102."""
    wall = wall_clock(text, DATE_DIGITS) if form == DATE else None
    return (None, None) if wall is None else (wall.date(), (wall + _DAY).date())


def _days_of_month(text: str) -> tuple[date, date] | tuple[None, None]:
    """Return the first day of a month ``CCYYMM`` and the first day of the next; none where it is no month."""
    try:
        return month_dates(f"{text[:4]}-{text[4:]}")
    except InputRefusedError:
        return None, None


def parse_length(text: str, form: str) -> int | None:
    """Return an interval length, DTM+672, of hours, minutes or seconds [us]; None when it is none.

    >>> parse_length("15", "806")
    900000000
    """
    if form not in _LENGTH_US or _LENGTH.fullmatch(text) is None:
        return None
    return int(text) * _LENGTH_US[form] or None
