"""The grid of a period: its start, its end, and steps of one resolution between them.

Steps of minutes and hours have a fixed length. Days, weeks, months and years are those of a local calendar: a day may
have 23 or 25 hours. A period must be made of whole steps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from pipelines.ingest.instants import instant_of, microseconds_of
from pipelines.ingest.rejected import Fault
from schemas.periods import parse_clock

MOST_STEPS = 100_000
"""Steps of a calendar, and steps that blocks of variable size may fill: nearly three years of quarter hours."""

_RESOLUTION = re.compile(r"P(?:T(?P<count>[0-9]{1,5})(?P<unit>[HMS])|(?P<many>[0-9]{1,3})(?P<calendar>[YMWD]))")
_SECOND_US = 1_000_000
_UNIT_US = {"S": _SECOND_US, "M": 60 * _SECOND_US, "H": 3600 * _SECOND_US}
_MONTHS = {"M": 1, "Y": 12}
_DAYS = {"D": 1, "W": 7}
_MONTHS_OF_YEAR = 12


def is_calendar(resolution: str) -> bool:
    """Whether a resolution counts days, weeks, months or years.

    >>> is_calendar("P1D"), is_calendar("PT15M")
    (True, False)
    """
    match = _RESOLUTION.fullmatch(resolution)
    return match is not None and match["calendar"] is not None


def grid_of(start_us: int, end_us: int, resolution: str, clock: str) -> Sequence[int] | Fault:
    """Return the borders of the steps between two instants, both included.

    Args:
        start_us: start of the period, UTC [us since 1970].
        end_us: its end, exclusive.
        resolution: ISO 8601 duration of a step.
        clock: zone or fixed offset of days and months.

    Returns:
        one border more than there are steps; or ``resolution.unknown``, ``time.invalid`` (it does not last) or
        ``record.length`` (it is not made of whole steps, or of more than ``MOST_STEPS`` of a calendar).

    >>> [at // 3_600_000_000 for at in grid_of(0, 7_200_000_000, "PT1H", "+00:00")]
    [0, 1, 2]
    >>> grid_of(0, 7_200_000_001, "PT1H", "+00:00").code
    'record.length'
    """
    match = _RESOLUTION.fullmatch(resolution)
    if match is None or not int(match["count"] or match["many"]):
        return Fault("resolution.unknown", f"'{resolution[:20]}' is no resolution of a measure document")
    if end_us <= start_us:
        return Fault("time.invalid", "the period ends before it begins")
    if match["unit"]:
        return _fixed(start_us, end_us, int(match["count"]) * _UNIT_US[match["unit"]], resolution)
    return _calendar(start_us, end_us, match, clock)


def _fixed(start_us: int, end_us: int, step_us: int, resolution: str) -> Sequence[int] | Fault:
    """Return borders of steps of a fixed length."""
    if (end_us - start_us) % step_us:
        return Fault("record.length", f"the period is not made of whole steps of {resolution}")
    return range(start_us, end_us + 1, step_us)


def _calendar(start_us: int, end_us: int, match: re.Match[str], clock: str) -> Sequence[int] | Fault:
    """Return borders of steps of a local calendar: the wall clock time of the start on later dates."""
    zone = parse_clock(clock)
    borders = [start_us]
    try:
        first = instant_of(start_us).astimezone(zone).replace(tzinfo=None)
        while borders[-1] < end_us and len(borders) <= MOST_STEPS:
            wall = _later(first, match["calendar"], int(match["many"]) * len(borders))
            borders.append(microseconds_of(wall.replace(tzinfo=zone).astimezone(UTC)))
    except (ValueError, OverflowError):
        return Fault("record.length", f"the calendar has no such steps of {match[0]}")
    if borders[-1] != end_us:
        return Fault("record.length", f"the period is not made of whole steps of {match[0]} in {clock}")
    return borders


def _later(first: datetime, unit: str, count: int) -> datetime:
    """Return a local time some days or months later.

    Raises:
        ValueError, OverflowError: there is none.
    """
    if unit in _DAYS:
        return first + timedelta(days=count * _DAYS[unit])
    months = first.year * _MONTHS_OF_YEAR + first.month - 1 + count * _MONTHS[unit]
    return first.replace(year=months // _MONTHS_OF_YEAR, month=months % _MONTHS_OF_YEAR + 1)
