"""Local time: clocks, midnights and billing periods, exact where a day has 23, 25 or no hours.

A *clock* is the text of a zone name or of a fixed offset. A local day begins at the first instant whose wall clock
has reached its midnight: where midnight comes twice (Havana in autumn) that is the first, where it is skipped
(Santiago in spring) it is the jump itself. Ends are exclusive, so days and months tile time without a gap.

>>> billing_period("2026-10", "Europe/Prague", datetime(2025, 1, 1, tzinfo=UTC), None).ends_at.isoformat()
'2026-10-31T23:00:00+00:00'
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.errors import InputRefusedError

_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-5][0-9])")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
)
_WIDEST_OFFSET_MINUTES = 14 * 60
_FIRST_YEAR = 1900
_STANDARD_YEAR = 2026
_NOT_A_PLACE = frozenset({"Factory", "localtime"})
_DAY = timedelta(days=1)
_INSTANT = timedelta(microseconds=1)


class BillingPeriod(NamedTuple):
    """What one bill covers.

    Attributes:
        period_from: first local day in the billing clock.
        period_to: day after the last one.
        starts_at: first instant billed, UTC.
        ends_at: end, exclusive, UTC.
    """

    period_from: date
    period_to: date
    starts_at: datetime
    ends_at: datetime


@lru_cache(maxsize=1)
def _zone_names() -> frozenset[str]:
    """Return the names of the pinned ``tzdata`` package: the same on every computer."""
    return frozenset(files("tzdata").joinpath("zones").read_text("utf-8").split()) - _NOT_A_PLACE


def parse_offset(text: str) -> int:
    """Return a fixed offset such as ``+10:00`` as minutes east of UTC [min].

    Raises:
        InputRefusedError: ``clock.unknown``, it is not ``+HH:MM`` or ``-HH:MM`` within 14 hours.

    >>> parse_offset("-03:30")
    -210
    """
    match = _OFFSET.fullmatch(text)
    minutes = int(match[2]) * 60 + int(match[3]) if match else 0
    if match is None or minutes > _WIDEST_OFFSET_MINUTES:
        code = "clock.unknown"
        raise InputRefusedError(code, f"{text!r} is no fixed offset", hint="write it like +10:00, at most 14 hours from UTC")
    return -minutes if match[1] == "-" else minutes


def offset_text(minutes: int) -> str:
    """Return a fixed offset in minutes east of UTC as text, as ``parse_offset`` reads it.

    >>> offset_text(600), offset_text(-570)
    ('+10:00', '-09:30')
    """
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@lru_cache(maxsize=1024)
def parse_clock(text: str) -> tzinfo:
    """Return the clock a zone name or a fixed offset stands for.

    Args:
        text: a name of the zone database (``Europe/Prague``, exactly so) or an offset (``+10:00``).

    Raises:
        InputRefusedError: ``clock.unknown``, it is neither.

    >>> parse_clock("+10:00").utcoffset(None) == timedelta(hours=10)
    True
    """
    if text[:1] in ("+", "-"):
        return timezone(timedelta(minutes=parse_offset(text)))
    if text not in _zone_names():
        code = "clock.unknown"
        hint = "write a name such as Europe/Prague or an offset such as +10:00"
        raise InputRefusedError(code, f"{text!r} is no zone name or fixed offset", hint=hint)
    return ZoneInfo(text)


@lru_cache(maxsize=1024)
def standard_offset_minutes(clock: str) -> int:
    """Return the standard time of a clock, without daylight saving [min].

    It is the smaller of the offsets in January and July of 2026, which holds north and south of the equator, for half
    an hour of daylight saving (Lord Howe, +10:30), where the law calls summer time standard (Dublin, +00:00) and where
    the clock goes back for Ramadan alone (Casablanca, +01:00). ``datetime.dst()`` is wrong for the last two.

    Raises:
        InputRefusedError: ``clock.unknown``.

    >>> standard_offset_minutes("Australia/Adelaide"), standard_offset_minutes("Europe/Dublin")
    (570, 0)
    """
    zone = parse_clock(clock)
    offsets = (datetime(_STANDARD_YEAR, month, 1, tzinfo=zone).utcoffset() or timedelta() for month in (1, 7))
    return int(min(offsets) / timedelta(minutes=1))


@lru_cache(maxsize=65536)
def start_of_day(day: date, clock: str) -> datetime:
    """Return the first instant of a local day.

    Args:
        day: the local date.
        clock: zone name or fixed offset.

    Returns:
        the instant in UTC; a day the zone skipped altogether (Apia, 2011-12-30) begins where the next one does.

    Raises:
        InputRefusedError: ``clock.unknown``.

    >>> start_of_day(date(2026, 9, 6), "America/Santiago").isoformat()
    '2026-09-06T04:00:00+00:00'
    """
    zone = parse_clock(clock)
    midnight = datetime.combine(day, time())
    before, after = _both_readings(midnight, zone)
    if after >= before:
        return before
    # Midnight is inside a gap: look for the jump, the first instant whose wall clock is past midnight.
    low, high = after, before
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if middle.astimezone(zone).replace(tzinfo=None) >= midnight:
            high = middle
        else:
            low = middle
    return high


def _both_readings(wall: datetime, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the instants of a wall-clock time by the offsets before and after a nearby jump: equal on ordinary days."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC), wall.replace(tzinfo=zone, fold=1).astimezone(UTC)


@lru_cache(maxsize=65536)
def instants_of(wall: datetime, clock: str) -> tuple[datetime, ...]:
    """Return the instants at which a clock shows a time: one; two in the hour that comes twice; none where it leaps over it.

    Args:
        wall: what the clock shows; naive.
        clock: zone name or fixed offset.

    Returns:
        the instants in UTC, the earlier one first.

    Raises:
        InputRefusedError: ``clock.unknown``.
        OverflowError: outside of the years 1 to 9999.

    >>> [instant.hour for instant in instants_of(datetime(2026, 10, 25, 2), "Europe/Madrid")]
    [0, 1]
    >>> instants_of(datetime(2026, 3, 29, 2), "Europe/Madrid")
    ()
    """
    before, after = _both_readings(wall, parse_clock(clock))
    if before == after:
        return (before,)
    return (before, after) if before < after else ()


@lru_cache(maxsize=65536)
def parse_time(text: str) -> datetime:
    """Return an ISO 8601 date or time; without an offset it stays naive: a local time whose zone comes later.

    Raises:
        InputRefusedError: ``time.invalid``.

    >>> parse_time("2026-10-01"), parse_time("2026-10-01T00:00:00+10:00").utcoffset() == timedelta(hours=10)
    (datetime.datetime(2026, 10, 1, 0, 0), True)
    """
    code = "time.invalid"
    hint = "write 2026-10-01 or 2026-10-01T00:00:00+10:00"
    if _TIME.fullmatch(text) is None:
        raise InputRefusedError(code, f"{text!r} is no ISO 8601 date or time", hint=hint)
    try:
        parsed = datetime.fromisoformat(text)
        if parsed.tzinfo is not None:
            parsed.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputRefusedError(code, f"{text!r} is no date or time that exists", hint=hint) from None
    if parsed.year < _FIRST_YEAR:
        raise InputRefusedError(code, f"{text!r} is before {_FIRST_YEAR}", hint=hint)
    return parsed


@lru_cache(maxsize=65536)
def parse_instant(text: str, clock: str) -> datetime:
    """Return an ISO 8601 date or time as an instant in UTC.

    Args:
        text: a bare date is the start of that local day; a time with an offset stands by itself.
        clock: zone or fixed offset of a date or time that names none.

    Raises:
        InputRefusedError: ``time.invalid``, also where the local time exists twice or never and no offset tells which;
            ``clock.unknown``.

    >>> parse_instant("2026-10-04", "Australia/Sydney").isoformat()
    '2026-10-03T14:00:00+00:00'
    """
    parsed = parse_time(text)
    if parsed.tzinfo is not None:
        return parsed.astimezone(UTC)
    if parsed.time() == time():
        return start_of_day(parsed.date(), clock)
    found = instants_of(parsed, clock)
    if len(found) != 1:
        code, often = "time.invalid", "twice" if found else "never"
        raise InputRefusedError(code, f"{text!r} exists {often} in {clock}", hint="write its offset: 2026-10-25T02:30:00+01:00")
    return found[0]


def month_dates(month: str) -> tuple[date, date]:
    """Return the first day of a month and the first of the next.

    Raises:
        InputRefusedError: ``month.invalid``, it is not ``YYYY-MM``.

    >>> month_dates("2026-12")
    (datetime.date(2026, 12, 1), datetime.date(2027, 1, 1))
    """
    match = _MONTH.fullmatch(month)
    if match is None or not _FIRST_YEAR <= int(match[1]) < date.max.year:
        code = "month.invalid"
        raise InputRefusedError(code, f"{month!r} is no month", hint="write it like 2026-10")
    year, number = int(match[1]), int(match[2])
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)


def billing_period(month: str, billing_clock: str, valid_from: datetime, valid_to: datetime | None) -> BillingPeriod | None:
    """Return what a bill of ``month`` covers: the local month clipped to the agreement.

    Args:
        month: ``YYYY-MM``.
        billing_clock: zone or fixed offset of the period's dates.
        valid_from: the agreement's first instant, aware.
        valid_to: its end, exclusive, aware; None while it is in force.

    Returns:
        the period, or None where the agreement is not active in the month.

    Raises:
        InputRefusedError: ``month.invalid``, ``clock.unknown``.
    """
    return period_between(*month_dates(month), billing_clock, valid_from, valid_to)


def period_between(
    first: date, until: date, billing_clock: str, valid_from: datetime, valid_to: datetime | None
) -> BillingPeriod | None:
    """Return what a bill of the local days ``[first, until)`` covers, clipped to the agreement; see ``billing_period``.

    An agreement that begins or ends inside a day has a part of that day: the day is among the dates, the instants are
    exact.

    Raises:
        InputRefusedError: ``clock.unknown``.
    """
    starts_at, ends_at = start_of_day(first, billing_clock), start_of_day(until, billing_clock)
    period_from, period_to = first, until
    if valid_from > starts_at:
        starts_at = valid_from.astimezone(UTC)
        period_from = local_date(starts_at, billing_clock)
    if valid_to is not None and valid_to < ends_at:
        ends_at = valid_to.astimezone(UTC)
        period_to = local_date(ends_at - _INSTANT, billing_clock) + _DAY
    return BillingPeriod(period_from, period_to, starts_at, ends_at) if starts_at < ends_at else None


def local_date(instant: datetime, clock: str) -> date:
    """Return the date an instant has on a clock.

    Raises:
        InputRefusedError: ``clock.unknown``.

    >>> local_date(datetime(2026, 9, 30, 22, tzinfo=UTC), "Europe/Prague")
    datetime.date(2026, 10, 1)
    """
    return instant.astimezone(parse_clock(clock)).date()
