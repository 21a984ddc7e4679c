"""The grid of a period: its start, its end, and steps of one duration between them.

Steps of minutes and hours have a fixed length. Days, weeks, months and years are those of a local calendar: a day may
have 23 or 25 hours. A period must be made of whole steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.durations import Duration, after
from schemas.instants import instant_of, microseconds_of

_MICROSECOND = timedelta(microseconds=1)
MOST_STEPS = 100_000
"""Steps of a calendar, and steps that blocks of variable size may fill: nearly three years of quarter hours."""


def grid_of(start_us: int, end_us: int, step: Duration, clock: str) -> Sequence[int] | Fault:
    """Return the borders of the steps between two instants, both included.

    Args:
        start_us: start of the period, UTC [us since 1970].
        end_us: its end, exclusive.
        step: how long a step is: time that passes, or days and months.
        clock: zone or fixed offset of days and months.

    Returns:
        one border more than there are steps; or ``resolution.unknown`` (no step of a grid has both days and hours),
        ``time.invalid`` (the period does not last) or ``record.length`` (it is not made of whole steps, or of more than
        ``MOST_STEPS`` of a calendar).

    >>> from pipelines.ingest.times.durations import parse_duration
    >>> [at // 3_600_000_000 for at in grid_of(0, 7_200_000_000, parse_duration("PT1H"), "+00:00")]
    [0, 1, 2]
    >>> grid_of(0, 7_200_000_001, parse_duration("PT1H"), "+00:00").code
    'record.length'
    """
    if step.is_calendar and step.time:
        return Fault("resolution.unknown", "a resolution of days and hours at once is none of a measure document")
    if end_us <= start_us:
        return Fault("time.invalid", "the period ends before it begins")
    return _calendar(start_us, end_us, step, clock) if step.is_calendar else _fixed(start_us, end_us, step)


def _fixed(start_us: int, end_us: int, step: Duration) -> Sequence[int] | Fault:
    """Return borders of steps of a fixed length."""
    step_us = step.time // _MICROSECOND
    if (end_us - start_us) % step_us:
        return Fault("record.length", f"the period is not made of whole steps of {step.time}")
    return range(start_us, end_us + 1, step_us)


def _calendar(start_us: int, end_us: int, step: Duration, clock: str) -> Sequence[int] | Fault:
    """Return borders of steps of a local calendar: the wall clock time of the start on later dates."""
    borders = [start_us]
    try:
        first = instant_of(start_us)
        while borders[-1] < end_us and len(borders) <= MOST_STEPS:
            borders.append(microseconds_of(after(first, step.times(len(borders)), clock)))
    except (ValueError, OverflowError):
        return Fault("record.length", "the calendar has no such steps")
    if borders[-1] != end_us:
        return Fault("record.length", f"the period is not made of whole steps of its resolution in {clock}")
    return borders
