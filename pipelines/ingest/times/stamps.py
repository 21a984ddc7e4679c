"""Stamps: ISO 8601 dates and times of foreign hands, with an offset or without one.

What senders write is wider than what our own documents allow (``schemas.periods.parse_time``): offsets without a colon,
a comma before the parts of a second, and more digits of them than a microsecond has.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from pipelines.ingest.rejected import Fault
from schemas.errors import InputRefusedError
from schemas.instants import microseconds_of
from schemas.periods import instants_of, start_of_day

STAMP_YEARS = range(1900, 10_000)
"""Years a stamp can lie in; some senders write 9999 for a time without end."""
READING_YEARS = range(1970, 2100)
"""Years of readings; any other is a mistake of the sender."""
_STAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,](?P<fraction>[0-9]{1,18}))?)? ?"
    r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-5][0-9]))?"
)
_WIDEST = timedelta(hours=14)
_MICROSECOND_DIGITS = 6
_LONGEST = 48
"""Characters of a stamp: longer ones are none, and are not kept in memory."""


class Stamp(NamedTuple):
    """A stamp as it is written.

    Attributes:
        wall: date and time on its own clock, down to the microsecond; midnight where it is a bare date.
        offset: from UTC; None where it names none.
        is_date: whether it is a bare date.
        is_finer: whether it says more than microseconds.
    """

    wall: datetime
    offset: timedelta | None
    is_date: bool
    is_finer: bool


def parse_stamp(text: str, years: range = STAMP_YEARS) -> Stamp | None:
    """Return a stamp, or None when ``text`` is none that exists in some ``years``.

    >>> parse_stamp("2024-04-02T14:40:48.7049360Z").wall.microsecond, parse_stamp("2024-02-30"), parse_stamp("2024-02-01").is_date
    (704936, None, True)
    >>> parse_stamp("2024-07-29T00:00:00.000+0300").offset
    datetime.timedelta(seconds=10800)
    """
    stamp = _parse_stamp(text) if len(text) <= _LONGEST else None
    return stamp if stamp is not None and stamp.wall.year in years else None


@lru_cache(maxsize=65536)
def _parse_stamp(text: str) -> Stamp | None:
    match = _STAMP.fullmatch(text.strip())
    if match is None:
        return None
    try:
        wall = datetime.fromisoformat(match["date"] + ("T" + match["time"] if match["time"] else ""))
    except ValueError:
        return None
    offset = timedelta(0) if match["utc"] else None
    if match["sign"]:
        offset = timedelta(hours=int(match["hours"]), minutes=int(match["minutes"])) * (-1 if match["sign"] == "-" else 1)
    if offset is not None and abs(offset) > _WIDEST:
        return None
    fraction = (match["fraction"] or "").ljust(_MICROSECOND_DIGITS, "0")
    wall = wall.replace(microsecond=int(fraction[:_MICROSECOND_DIGITS]))
    return Stamp(wall, offset, match["time"] is None, bool(fraction[_MICROSECOND_DIGITS:].strip("0")))


def instant_us(text: str, clock: str, years: range = STAMP_YEARS) -> int | Fault:
    """Return a stamp as an instant, UTC [us since 1970], or why it is none.

    A date, or midnight, without an offset is the first instant of that local day.

    Args:
        text: as the source writes it; digits after the microsecond, which some libraries write, must be zeros.
        clock: zone or fixed offset of a stamp that names none.
        years: in which it can lie.

    >>> instant_us("2024-06-28T22:00Z", "+01:00"), instant_us("1970-01-01T01:00:00.0000010", "+01:00")
    (1719612000000000, 1)
    >>> instant_us("2026-02-30T00:00Z", "+01:00").code
    'time.invalid'
    """
    if len(text) > _LONGEST:
        return Fault("time.invalid", f"'{text[:_LONGEST]}...' is no date or time")
    return _instant_us(text, clock, years)


@lru_cache(maxsize=65536)
def _instant_us(text: str, clock: str, years: range) -> int | Fault:
    stamp = parse_stamp(text, years)
    if stamp is None or stamp.is_finer:
        return Fault("time.invalid", f"'{text}' is no date or time")
    try:
        found = _instants(stamp, clock)
    except InputRefusedError as refusal:
        return Fault(refusal.code, refusal.message)
    except OverflowError:
        found = ()
    if len(found) != 1:
        return Fault("time.invalid", f"'{text}' is there {'twice' if found else 'never'} in {clock}")
    return microseconds_of(found[0])


def _instants(stamp: Stamp, clock: str) -> tuple[datetime, ...]:
    """Return the instants that a stamp means."""
    if stamp.offset is not None:
        return (stamp.wall.replace(tzinfo=timezone(stamp.offset)).astimezone(UTC),)
    if stamp.wall.time() == time():
        return (start_of_day(stamp.wall.date(), clock),)
    return instants_of(stamp.wall, clock)


def made_at_us(text: str | None) -> int | None:
    """Return when a document was made, where it says so with an offset [us since 1970, UTC].

    >>> made_at_us("2024-04-02T14:40:48.7049367Z"), made_at_us("2024-04-02T14:40:48"), made_at_us(None)
    (1712068848704936, None, None)
    """
    stamp = parse_stamp(text, READING_YEARS) if text else None
    if stamp is None or stamp.offset is None:
        return None
    return microseconds_of(stamp.wall.replace(tzinfo=timezone(stamp.offset)))
