"""Times of a telegram: ``YYMMDDhhmmss`` and ``S`` for summer time or ``W`` for winter time.

The letter gives the offset: the countries that use P1 as the Netherlands defined it (Belgium, Luxembourg, Sweden,
Hungary, Slovenia, Austria, Croatia) share Central European Time, so W is +01:00 and S is +02:00. Meters that stay on
standard time the whole year, as in Sweden, write W in summer too. Where the same letters stand for another time, as in
Finland, the offset of W must be said.

DSMR 2.2 and 3 write no letter; they exist in the Netherlands alone, so their times are read on the Dutch clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from schemas.instants import microseconds_of
from schemas.periods import instants_of, offset_text, parse_clock

DUTCH_ZONE = "Europe/Amsterdam"
WINTER_MINUTES = 60
"""Offset of W in Central Europe [min]."""
_SUMMER_MINUTES = 60
_STAMP = re.compile(r"([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})([SW]?)")
_FIRST_CENTURY = 2000
_CLOCK_SET_FROM = 2001
"""Meters that were never told the time begin in January 2000; none of these telegrams existed then."""
_FIRST_YEAR_OF_THE_PAST = 70
"""From here on two digits mean a clock that counts from 1970: it was never set either."""


class Stamp(NamedTuple):
    """A time of a telegram.

    Attributes:
        instant_us: UTC [us since 1970].
        has_season: whether it says summer or winter time; one that does not was read on the clock of the reader.
        fits_season: whether the letter is the one that Central Europe has on that day.
        is_set: whether the clock that made it was ever set.
    """

    instant_us: int
    has_season: bool
    fits_season: bool
    is_set: bool


@dataclass(frozen=True)
class P1Clock:
    """The clock of a telegram's times.

    Attributes:
        winter_minutes: offset of times with the letter W [min]; one hour more with S.
        plain: zone or offset of times without a letter.
    """

    winter_minutes: int = WINTER_MINUTES
    plain: str = DUTCH_ZONE

    @classmethod
    def at(cls, offset_minutes: int) -> P1Clock:
        """Return the clock of a country whose standard time has another offset."""
        return cls(offset_minutes, offset_text(offset_minutes))


@lru_cache(maxsize=4096)
def parse_stamp(text: str, clock: P1Clock) -> Stamp | None:
    """Return a time; None for what is none, or without a letter exists twice or never.

    >>> parse_stamp("170102192002W", P1Clock()) == parse_stamp("170102202002S", P1Clock())._replace(fits_season=True)
    True
    >>> parse_stamp("632525252525W", P1Clock()) is None
    True
    """
    match = _STAMP.fullmatch(text)
    if match is None or int(match[1]) >= _FIRST_YEAR_OF_THE_PAST:
        return None
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:-1])
    try:
        wall = datetime(_FIRST_CENTURY + year, month, day, hour, minute, second)  # noqa: DTZ001 - its offset comes next
    except ValueError:
        return None
    season = match[7]
    if season:
        offset = timedelta(minutes=clock.winter_minutes + (_SUMMER_MINUTES if season == "S" else 0))
        instants: tuple[datetime, ...] = (wall.replace(tzinfo=timezone(offset)),)
    else:
        instants = instants_of(wall, clock.plain)
    if len(instants) != 1:
        return None
    return Stamp(
        microseconds_of(instants[0]),
        has_season=bool(season),
        fits_season=not season or season in _seasons(wall),
        is_set=wall.year >= _CLOCK_SET_FROM,
    )


def _seasons(wall: datetime) -> set[str]:
    """Return the letters that a local time can have in Central Europe: both in the hours of the two changes."""
    offsets = (wall.replace(tzinfo=parse_clock(DUTCH_ZONE), fold=fold).utcoffset() for fold in (0, 1))
    return {"W" if offset == timedelta(minutes=WINTER_MINUTES) else "S" for offset in offsets}
