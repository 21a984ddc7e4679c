"""Times of ESPI: seconds since 1970 in UTC, Atom's dates, the local clock of a feed.

Sources: NAESB REQ.21 (TimeType, DateTimeInterval, TimeConfiguration, DstRuleType); RFC 4287 and RFC 3339 for Atom.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

_MOST_DIGITS = 12
_FINEST_DIGITS = 6
"""Decimals of a second that the store holds."""
_EPOCH = re.compile(r"([0-9]{1,12})(?:\.([0-9]{1,30}))?")
_ATOM_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{1,30}))?([Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)
_OFFSET = re.compile(r"([+-]?)([0-9]{1,5})")
_RULE = re.compile(r"[0-9A-Fa-f]{8}")
_NO_RULE = 0xFFFFFFFF
_MONTHS, _HOURS, _SECONDS_PER_HOUR = range(1, 13), 24, 3600
_LAST_SECOND = 4_102_444_800
"""The year 2100: a later time is no time of a reading, but milliseconds or a slip of the pen."""
LONGEST_SECONDS = 50 * 366 * 86_400
_WIDEST_OFFSET_MINUTES = 14 * 60
_MICROSECONDS = 1_000_000


def parse_epoch(text: str) -> int | None:
    """Return seconds since 1970 as microseconds; None where it is no such time, or finer than a microsecond.

    >>> parse_epoch("1330578000"), parse_epoch("1330578000.500"), parse_epoch("1440109957976")
    (1330578000000000, 1330578000500000, None)
    """
    found = _microseconds(text)
    return found if found is not None and found <= _LAST_SECOND * _MICROSECONDS else None


@lru_cache(maxsize=4096)
def parse_duration(text: str) -> int | None:
    """Return a length in seconds as microseconds; None where it is none.

    >>> parse_duration("900.0"), parse_duration("-900")
    (900000000, None)
    """
    found = _microseconds(text)
    return found if found is not None and found <= LONGEST_SECONDS * _MICROSECONDS else None


def _microseconds(text: str) -> int | None:
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:  # nearly all of them
        return int(text) * _MICROSECONDS
    match = _EPOCH.fullmatch(text)
    if match is None:
        return None
    part = (match[2] or "").rstrip("0")
    return None if len(part) > _FINEST_DIGITS else int(match[1]) * _MICROSECONDS + int(part.ljust(_FINEST_DIGITS, "0"))


@lru_cache(maxsize=4096)
def parse_atom_time(text: str) -> int | None:
    """Return when an entry was made [us since 1970, UTC]; None where it is no time.

    Atom wants an offset. A time without one, or a bare date, is taken as UTC: it only tells older from newer.

    >>> parse_atom_time("2012-10-24T00:00:00Z"), parse_atom_time("2024-06-21"), parse_atom_time("now")
    (1351036800000000, 1718928000000000, None)
    """
    match = _ATOM_TIME.fullmatch(text)
    if match is None:
        return None
    day, clock, part, offset = match.groups()
    zone = "+00:00" if offset in (None, "Z", "z") else offset
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    seconds = int(moment.timestamp())
    if not 0 <= seconds <= _LAST_SECOND:
        return None
    return seconds * _MICROSECONDS + int((part or "")[:_FINEST_DIGITS].ljust(_FINEST_DIGITS, "0"))


def parse_offset_minutes(text: str) -> int | None:
    """Return a tzOffset in seconds as minutes east of UTC; None where no clock is so far away.

    >>> parse_offset_minutes("-28800"), parse_offset_minutes("90")
    (-480, None)
    """
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    minutes, rest = divmod(int(match[2]), 60)
    if rest or minutes > _WIDEST_OFFSET_MINUTES:
        return None
    return -minutes if match[1] == "-" else minutes


class DstRule(NamedTuple):
    """When daylight saving begins or ends each year.

    Attributes:
        month: 1 to 12.
        operator: 0 on the day of the month; 1 on the weekday on or after it; 2 to 6 on the first to fifth weekday of the
            month; 7 on the last.
        day: of the month; 0 where it does not matter.
        weekday: 1 Monday to 7 Sunday; 0 where it does not matter.
        hour: of the day.
        second: of the hour.
    """

    month: int
    operator: int
    day: int
    weekday: int
    hour: int
    second: int


def parse_dst_rule(text: str) -> DstRule | None:
    """Return a rule of eight hex digits; None where it is none of the standard's form.

    >>> parse_dst_rule("B40E2000")  # the first Sunday of November, 02:00
    DstRule(month=11, operator=2, day=0, weekday=7, hour=2, second=0)
    >>> parse_dst_rule("B40E") is None
    True
    """
    if _RULE.fullmatch(text) is None:
        return None
    bits = int(text, 16)
    rule = DstRule(bits >> 28, bits >> 25 & 7, bits >> 20 & 31, bits >> 17 & 7, bits >> 12 & 31, bits & 0xFFF)
    fits = rule.month in _MONTHS and rule.hour < _HOURS and rule.second < _SECONDS_PER_HOUR
    names_a_day = bool(rule.day) if rule.operator == 0 else bool(rule.weekday)
    return rule if fits and names_a_day else None


def is_dst_rule(text: str) -> bool:
    """Whether a rule can be followed, or says that there is no daylight saving.

    >>> is_dst_rule("360E2000"), is_dst_rule("FFFFFFFF"), is_dst_rule("B60E")
    (True, True, False)
    """
    switched_off = _RULE.fullmatch(text) is not None and int(text, 16) == _NO_RULE
    return switched_off or parse_dst_rule(text) is not None
