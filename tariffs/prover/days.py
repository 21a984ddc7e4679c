"""Dates examined by kind of day: those after the horizon, and every case of seasons that go by billing cycle.

The rules of a version see of a date its kind, month, seasons and events, nothing else: dates that look alike are read alike.
Forty years show every date of the year on every weekday, and every holiday wherever its rule can put it.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from tariffs.clock import DAY_SECONDS, EPOCH, Clock
from tariffs.prover.horizon import Horizon
from tariffs.prover.reading import NO_VERSION, DayKey, Reading, Run
from tariffs.prover.walk import Direction, Hole, HoleKey


def look_by_day(direction: Direction, horizon: Horizon) -> tuple[int, set[int]]:
    """Add the holes of dates after the horizon, and of billing periods that are no calendar months.

    Args:
        direction: what the walk found; its holes are added to.
        horizon: the dates.

    Returns:
        the dates examined, and the places that take minutes of them.
    """
    reading = direction.reading
    examined, taking = 0, set[int]()
    kinds: dict[DayKey, tuple[list[Run], set[int]]] = {}
    day = horizon.first
    while day < horizon.ahead_to:
        for cycle in _cases(reading, day, beyond=day >= horizon.after):
            key = reading.key_of(day, cycle)
            if key is None:
                continue
            examined += 1
            if key not in kinds:
                kinds[key] = (reading.untaken(key), set(np.unique(reading.pattern(key)).tolist()))
            runs, places = kinds[key]
            taking |= places
            for run in runs:
                _add(direction, key, run, day, _case_of(reading, key, cycle))
        day += timedelta(days=1)
    return examined, taking


def _cases(reading: Reading, day: date, *, beyond: bool) -> list[frozenset[str]]:
    """Return the sets of seasons by billing cycle that a date is examined with: none where the walk has seen all there is."""
    number = reading.version_on(day)
    if number == NO_VERSION:
        return []
    cycles = reading.cycles[number]
    return cycles if beyond or len(cycles) > 1 else []


def _case_of(reading: Reading, key: DayKey, cycle: frozenset[str]) -> frozenset[str] | None:
    return cycle if len(reading.cycles[key.version]) > 1 else None


def _add(direction: Direction, key: DayKey, run: Run, day: date, case: frozenset[str] | None) -> None:
    for known in (None, case):
        seen = direction.holes.get(HoleKey(key.version, run, known))
        if seen is not None and key.kind in seen.kinds and key.month in seen.months:
            return
    first = first_minute(direction.reading.tariff.tariff_clock, day, run)
    if first is None:
        return
    hole = direction.holes.setdefault(HoleKey(key.version, run, case), Hole(first))
    hole.kinds.add(key.kind)
    hole.months.add(key.month)


def first_minute(clock: Clock, day: date, run: Run) -> int | None:
    """Return the first instant of some minutes of a local date; None where the clock skips all of them.

    >>> first_minute(Clock("Europe/Berlin"), date(2026, 3, 29), Run(150, 180)) is None
    True
    """
    shown = (day - EPOCH).days * DAY_SECONDS + np.arange(run.first, run.end, dtype=np.int64) * 60
    found = []
    for offset in sorted(set(clock.offsets(np.array([shown[0] - DAY_SECONDS, shown[0] + DAY_SECONDS])).tolist())):
        instants = shown - offset
        (real,) = np.nonzero(clock.offsets(instants) == offset)
        if real.size:
            found.append(int(instants[int(real[0])]))
    return min(found, default=None)
