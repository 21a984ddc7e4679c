"""The mean of like days: same day type, same wall-clock time, measured, before the gap.

Looking back only keeps an estimate what it was when later days arrive.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from pipelines.vee.block import MINUTES_PER_DAY, Ints
from pipelines.vee.estimation.filling import Estimates, Filling, Step, rounded_quotient
from pipelines.vee.local_clock import DayType, clock_of, day_types
from schemas.codes import Method

_NOWHERE = -1


def like_days(filling: Filling, estimates: Estimates) -> Estimates:
    """Fill, slot by slot, with the mean of the nearest like days, where there is at least one."""
    at = estimates.open
    if not len(at):
        return estimates
    total, count = _sums(filling, estimates.flat[at])
    found = count > 0
    return estimates.put(at[found], rounded_quotient(total[found], count[found]), Method.LIKE_DAY, count[found])


def _sums(filling: Filling, flat: Ints) -> tuple[Ints, Ints]:
    """Return sum and number of the nearest measured like-day slots of each slot.

    Slots match by wall clock: an hour that the clock shows twice takes the same references twice, a day on which
    the clock skipped it is no reference for it (Elhub; three nearest, Itron's historical method).
    """
    block, profile = filling.block, filling.profile
    clock = clock_of(block)
    first = int(clock.ordinal[0, 0])
    ordinals = np.arange(first, int(clock.ordinal[-1, -1]) + 1, dtype=np.int32)
    kinds = day_types(ordinals, filling.holidays)
    bin_of = clock.minute.reshape(-1) // block.interval_minutes
    day_of = clock.ordinal.reshape(-1) - first
    positions = np.full((len(ordinals), -(-MINUTES_PER_DAY // block.interval_minutes)), _NOWHERE, np.int64)
    # backwards, so that of two slots with one wall-clock time the first stays
    positions[day_of[::-1], bin_of[::-1]] = np.arange(block.slots)[::-1]

    values, measured = block.values.reshape(-1), filling.measured
    channel, position = np.divmod(flat, block.slots)
    day = day_of[position]
    total, count = np.zeros(len(flat), np.int64), np.zeros(len(flat), np.int64)
    for target in np.unique(day):
        short = np.flatnonzero(day == target)
        for like in _like_days(kinds, int(target), profile.like_day_window_days):
            at = positions[like, bin_of[position[short]]]
            reference = channel[short] * block.slots + at
            usable = (at != _NOWHERE) & measured[reference]
            total[short[usable]] += values[reference[usable]]
            count[short[usable]] += 1
            short = short[count[short] < profile.like_day_count]
            if not len(short):
                break
    return total, count


def _like_days(kinds: npt.NDArray[np.int8], target: int, window: int) -> Ints:
    """Return the days like ``target`` before it, nearest first; a holiday is also like a Sunday (Itron's day table)."""
    first = max(0, target - window)
    like = kinds[first:target] == kinds[target]
    if kinds[target] == DayType.HOLIDAY:
        like |= kinds[first:target] == DayType.SUNDAY
    return (np.flatnonzero(like) + first)[::-1]


LIKE_DAYS = Step(
    "like_days",
    Method.LIKE_DAY,
    Method.LIKE_DAY_SCALED,
    "Elhub VEE standard, Itron's historical method, ERCOT's Oncor: the mean of three like days",
    like_days,
    ("like_day_count", "like_day_window_days"),
    lambda profile: profile.like_day_window_days,
)
