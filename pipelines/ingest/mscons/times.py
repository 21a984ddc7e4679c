"""DTM: dates and times of MSCONS, formats 102, 203, 204, 303, 304 and 610, periods and interval lengths.

Formats 303 and 304 carry their offset. The others are local times; the EDI@Energy rules mean legal time in Germany.
A gas day begins at 06:00.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from pipelines.ingest.local_times import LocalClock, instants_of, wall_clock_us
from pipelines.ingest.rejected import Fault

OWN_CLOCK = "Europe/Berlin"
"""The clock of times that carry no offset (EDI@Energy, Allgemeine Festlegungen: legal time)."""
DATE, MONTH = "102", "610"
_SECOND_US = 1_000_000
_MINUTE_US = 60 * _SECOND_US
_HOUR_US = 60 * _MINUTE_US
_GAS_DAY_HOUR = "06"
_LOCAL_DIGITS = {DATE: 8, "203": 12, "204": 14}
_ZONED_DIGITS = {"303": 12, "304": 14}
_OFFSET = re.compile(r"([+-])(0[0-9]|1[0-4])([0-5][0-9])?")
_UTC_NAMES = frozenset({"UTC", "GMT"})
_LENGTH_US = {"805": _HOUR_US, "806": _MINUTE_US, "807": _SECOND_US}
_LENGTH = re.compile(r"[0-9]{1,6}")
_STAMP_DIGITS = 14


class Stamp(NamedTuple):
    """A date or time as it is written.

    Attributes:
        wall_us: its wall clock as if it were UTC [us since 1970].
        offset_minutes: its offset from UTC [min]; None where it has none.
    """

    wall_us: int
    offset_minutes: int | None

    def instants(self, clock: LocalClock) -> tuple[int, ...]:
        """Return the instants it means [us since 1970, UTC]: one, or two or none where it has no offset."""
        if self.offset_minutes is not None:
            return (self.wall_us - self.offset_minutes * _MINUTE_US,)
        return instants_of(self.wall_us, clock)


class Period(NamedTuple):
    """A period of time, UTC [us since 1970]; ``end_us`` is exclusive."""

    start_us: int
    end_us: int

    @property
    def seconds(self) -> int:
        """Its length, whole seconds [s]: no format is finer."""
        return (self.end_us - self.start_us) // _SECOND_US


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
        local = _LOCAL_DIGITS.get(form)
        wall_us = wall_clock_us(text.ljust(_STAMP_DIGITS, "0")) if len(text) == local else None
        return None if wall_us is None else Stamp(wall_us, None)
    wall_us, offset_minutes = wall_clock_us(text[:digits].ljust(_STAMP_DIGITS, "0")), _parse_offset(text[digits:])
    return None if wall_us is None or offset_minutes is None or len(text) <= digits else Stamp(wall_us, offset_minutes)


def _parse_offset(text: str) -> int | None:
    """Return the offset that ends formats 303 and 304 [min]: hours, or hours and minutes."""
    if text in _UTC_NAMES:
        return 0
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes = int(match[2]) * 60 + int(match[3] or 0)
    return -minutes if match[1] == "-" else minutes


def instant_of(stamp: Stamp, clock: LocalClock) -> int | Fault:
    """Return the instant of a stamp [us since 1970, UTC], or why it names none: the hour it is in comes twice, or never."""
    instants = stamp.instants(clock)
    if len(instants) == 1:
        return instants[0]
    return Fault("time.invalid", f"a time without an offset that comes {'twice' if instants else 'never'} in {clock.name}")


def period_of(begin: Stamp, end: Stamp, clock: LocalClock, previous_end_us: int | None) -> Period | Fault:
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
    start = previous_end_us if previous_end_us in starts else instant_of(begin, clock)
    if isinstance(start, Fault) or start is None:
        return start or Fault("time.missing", "the period has no beginning")
    apart_us = end.wall_us - begin.wall_us
    if begin.offset_minutes is None and end.offset_minutes is None and 0 < apart_us <= _HOUR_US:
        return Period(start, start + apart_us)
    ends = [instant for instant in end.instants(clock) if instant > start]
    return Period(start, ends[0]) if ends else Fault("time.invalid", "the period does not end after its beginning")


def named_period(text: str, form: str, clock: LocalClock, *, is_gas: bool) -> Period | Fault:
    """Return the period that DTM+306 names: a gas day (format 102) or a month (format 610), which gas begins at 06:00."""
    first = {DATE: text, MONTH: f"{text}01"}.get(form, "")
    after = _next_month(text) if form == MONTH else None
    hour = _GAS_DAY_HOUR if is_gas or form == DATE else "00"
    start_wall = wall_clock_us(f"{first}{hour}0000")
    if start_wall is None:
        return Fault("time.invalid", f"'{text[:40]}' of format '{form[:3]}' is no period")
    end_wall = wall_clock_us(f"{after}{hour}0000") if after else start_wall + 24 * _HOUR_US
    start, end = (None if wall is None else instant_of(Stamp(wall, None), clock) for wall in (start_wall, end_wall))
    if isinstance(start, int) and isinstance(end, int):
        return Period(start, end)
    return Fault("time.invalid", f"'{text[:40]}' of format '{form[:3]}' is no period in {clock.name}")


def _next_month(text: str) -> str | None:
    """Return the first day of the month after ``CCYYMM``."""
    if len(text) != len("CCYYMM") or not (text.isascii() and text.isdecimal()):
        return None
    months = int(text[:4]) * 12 + int(text[4:])
    return f"{months // 12:04d}{months % 12 + 1:02d}01"


def parse_length(text: str, form: str) -> int | None:
    """Return an interval length, DTM+672, of hours, minutes or seconds [us]; None when it is none.

    >>> parse_length("15", "806")
    900000000
    """
    if form not in _LENGTH_US or _LENGTH.fullmatch(text) is None:
        return None
    return int(text) * _LENGTH_US[form] or None
