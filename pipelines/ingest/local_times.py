"""Local times that name no offset: which instants a wall clock may mean, and whose clock it is.

In the hour that comes twice a wall clock means two instants, in the hour that the clocks leap over it means none. A
reader decides what it makes of that; nothing is guessed here.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import NamedTuple

from pipelines.ingest.reader import ReadContext
from schemas.errors import InputRefusedError
from schemas.periods import parse_clock, parse_offset

FIRST_YEAR, LAST_YEAR = 1900, 2999
"""Years of readings; outside of them a stamp is a mistake."""
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - wall clocks are counted from it, each on its own clock
_MICROSECOND = timedelta(microseconds=1)


class LocalClock(NamedTuple):
    """A clock that local times are read by: zone name or offset, and what the standard library makes of it."""

    name: str
    zone: tzinfo


def clock_of(context: ReadContext, default: str) -> LocalClock:
    """Return the clock of a file's local times: the one a person gave, else ``default``.

    Args:
        context: what the reader was told.
        default: the format's own clock, or the store's zone.

    Raises:
        InputRefusedError: ``clock.invalid``, the clock a person gave is no offset; ``clock.unknown``, the default is none.
    """
    if context.clock is None:
        return LocalClock(default, parse_clock(default))
    try:
        parse_offset(context.clock)
    except InputRefusedError as refusal:
        code = "clock.invalid"
        raise InputRefusedError(code, f"'{context.clock}' is no clock", "give an offset such as +10:00") from refusal
    return LocalClock(context.clock, parse_clock(context.clock))


def wall_clock_us(text: str) -> int | None:
    """Return a wall clock of 14 digits, ``CCYYMMDDHHMMSS``, as if it were UTC [us since 1970]; None when it is none.

    >>> wall_clock_us("19700101000001"), wall_clock_us("20240230000000") is None
    (1000000, True)
    """
    if len(text) != 14 or not (text.isascii() and text.isdecimal()):  # noqa: PLR2004 - digits of a stamp
        return None
    if not FIRST_YEAR <= int(text[:4]) <= LAST_YEAR:
        return None
    try:
        wall = datetime(int(text[:4]), *(int(text[at : at + 2]) for at in range(4, 14, 2)))  # type: ignore[arg-type]  # noqa: DTZ001 - a wall clock
    except ValueError:
        return None
    return (wall - _EPOCH) // _MICROSECOND


def instants_of(wall_us: int, clock: LocalClock) -> tuple[int, ...]:
    """Return the instants a wall clock means [us since 1970, UTC], in order: one, two or none.

    Args:
        wall_us: the wall clock as if it were UTC [us since 1970].
        clock: whose it is.

    >>> berlin = LocalClock("Europe/Berlin", parse_clock("Europe/Berlin"))
    >>> [len(instants_of(wall_clock_us(text), berlin)) for text in ("20251026023000", "20260329023000", "20260101000000")]
    [2, 0, 1]
    """
    wall = _EPOCH + timedelta(microseconds=wall_us)
    found = set()
    for fold in (0, 1):
        instant = wall.replace(tzinfo=clock.zone, fold=fold).astimezone(UTC)
        if instant.astimezone(clock.zone).replace(tzinfo=None) == wall:
            found.add((instant.replace(tzinfo=None) - _EPOCH) // _MICROSECOND)
    return tuple(sorted(found))
