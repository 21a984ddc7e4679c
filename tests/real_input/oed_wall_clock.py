"""What Open Energy Dashboard would store of our rows: a projection of true time onto a wall clock without offsets.

OED keeps local times without their offset. So a row has a place on the wall clock alone, and the two nights of a year
need rules. They were told from its tests and the values they expect, and are here only to compare:

- in spring the wall clock leaps: a row that reaches over the leap becomes two, one up to the leap and one from where
  the clock goes on, and its value is shared by their true minutes. A part of no length is left out;
- in autumn the wall clock shows an hour twice: what a row before already covers is not covered again. A row that ends
  there is dropped; one that reaches beyond begins where the other ended, with the share of its value that its minutes
  have.

We keep true time: the leap is no gap, and the hour that comes twice is two hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from typing import NamedTuple
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)


class Used(NamedTuple):
    """A value and the time it is of: instants with us, local times without an offset with OED."""

    value: Fraction
    start: datetime
    end: datetime


def project(rows: Iterable[Used], zone: str) -> list[Used]:
    """Return the rows of one meter as OED stores them.

    Args:
        rows: values with their instants, in any order.
        zone: the meter's clock.
    """
    stored: list[Used] = []
    for row in sorted(rows, key=lambda row: row.start):
        for part in _on_the_wall(row, ZoneInfo(zone)):
            covered = stored[-1].end if stored else part.start
            if part.end > covered:
                begin = max(part.start, covered)
                stored.append(Used(part.value * _share(part.end - begin, part.end - part.start), begin, part.end))
    return stored


def _on_the_wall(row: Used, zone: ZoneInfo) -> list[Used]:
    """Return a row on the wall clock: its two parts where the clock leaps inside it or at its end."""
    start, end = _wall(row.start, zone), _wall(row.end, zone)
    leap = next((at for at in _minutes(row) if _offset(at, zone) > _offset(at - _MINUTE, zone)), None)
    if leap is None:
        return [Used(row.value, start, end)]
    before = _share(leap - row.start, row.end - row.start)
    parts = [
        Used(row.value * before, start, _wall(leap - _MINUTE, zone) + _MINUTE),
        Used(row.value * (1 - before), _wall(leap, zone), end),
    ]
    return [part for part in parts if part.end > part.start]


def _share(part: timedelta, whole: timedelta) -> Fraction:
    return Fraction(part // _SECOND, whole // _SECOND)


def _minutes(row: Used) -> Iterator[datetime]:
    """Yield the minutes after the start of a row up to its end."""
    for number in range(1, (row.end - row.start) // _MINUTE + 1):
        yield row.start + number * _MINUTE


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta()


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None)
