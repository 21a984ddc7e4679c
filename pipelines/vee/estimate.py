"""The estimation ladder: a straight line for a short gap, the mean of like days for a long one, registers over both.

A gap is a contiguous run of missing slots of one channel. Its length is measured once, before anything is filled, and
decides the step of the ladder for the whole gap:

1. up to ``linear_max_minutes``, with a measured slot on either side: linear between them;
2. else, slot by slot, the mean of the nearest like days before: same day type, same wall-clock time, measured;
3. between two index reads the result is scaled to the register, see ``pipelines.vee.scaling``; with a register and no
   like day, the register's residual is spread evenly;
4. else the slot stays missing, and the finding ``no_estimate`` blocks its period.

Looking back only keeps an estimate what it was when later days arrive. References are measured slots: estimates, the
sender's substitutes and slots in an outage are neither end points nor like days. Nothing measured is ever changed.

All arithmetic is on integers; a quotient is rounded half up (towards plus infinity) to the channel's last decimal.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.vee.block import MINUTES_PER_DAY, Block, Flags, Ints, position_range, runs
from pipelines.vee.findings import gathered, report
from pipelines.vee.local_clock import DayType, clock_of, day_types
from pipelines.vee.profile import VeeProfile
from pipelines.vee.scaling import Estimates, RegisterSpans, scale
from schemas.codes import Method, Quality, Severity

_NOWHERE = -1


class Estimated(NamedTuple):
    """A block after estimation.

    Attributes:
        block: filled slots have quality ``ESTIMATED`` and a method; what could not be filled is still missing.
        findings: ``sum_check``, ``few_like_days`` and ``no_estimate``, a table of ``FINDINGS``.
    """

    block: Block
    findings: pa.Table


def estimate(
    block: Block,
    profile: VeeProfile,
    spans: RegisterSpans,
    days: slice,
    holidays: AbstractSet[date] = frozenset(),
) -> Estimated:
    """Fill the missing slots of ``days`` and hold the intervals against the registers.

    Days before ``days`` are references, days after give a gap at the end its right neighbour. A register span that
    reaches out of ``days`` has all its missing slots filled, because they share one residual.

    Args:
        block: the validated block.
        profile: parameters of the ladder.
        spans: what registers counted; ``RegisterSpans.none()`` where there are none.
        days: days of the block to fill and report.
        holidays: local dates that are like Sundays and like each other.

    Returns:
        The filled block and the findings; the same block when nothing was missing.

    Raises:
        InputRefusedError: nobody knows the block's zone.
        InvariantError: spans of one channel overlap.
    """
    spans = spans.touching(block, days)
    missing = block.positions_with(Quality.MISSING)
    first, last = position_range(block, days)
    wanted = _within(missing, spans.channel_index * block.slots + spans.start, spans.channel_index * block.slots + spans.end)
    wanted |= (missing % block.slots >= first) & (missing % block.slots < last)
    estimates = _linear(block, missing, wanted, profile)
    estimates = _like_day(block, estimates, profile, holidays)
    estimates, sum_checks = scale(block, estimates, spans, profile, days)
    filled = estimates.method != Method.NONE
    result = block.with_slots(
        estimates.flat[filled], values=estimates.value[filled], quality=Quality.ESTIMATED, method=estimates.method[filled]
    )
    return Estimated(result, gathered([sum_checks, *_shortcomings(block, estimates, profile, days)]))


def _within(flat: Ints, start: Ints, end: Ints) -> Flags:
    """Return which flat positions lie in one of the ranges, which are in order and do not overlap."""
    return np.searchsorted(start, flat, side="right") > np.searchsorted(end, flat, side="right")


def _linear(block: Block, missing: Ints, wanted: Flags, profile: VeeProfile) -> Estimates:
    """Return the wanted missing slots, those of short gaps between two measured slots with estimates.

    ``e_i = a + (b - a) i / (n + 1)`` for slot i of n between a and b (California VEE section 4.1).
    """
    start, end = runs(missing, block.slots)
    length = end - start
    measured = _reference(block)
    inner = (start % block.slots > 0) & (end % block.slots > 0)
    short = inner & (length * block.interval_minutes <= profile.linear_max_minutes)
    short[short] &= measured[start[short] - 1] & measured[end[short]]

    gap = np.repeat(np.arange(len(start)), length)[wanted]
    flat = missing[wanted]
    line = np.flatnonzero(short[gap])
    gap = gap[line]
    values = block.values.reshape(-1)
    before, after, steps = values[start[gap] - 1], values[end[gap]], length[gap] + 1
    value, method = np.zeros(len(flat), np.int64), np.full(len(flat), Method.NONE, np.int8)
    value[line] = rounded_quotient(before * steps + (after - before) * (flat[line] - start[gap] + 1), steps)
    method[line] = Method.LINEAR
    return Estimates(flat, value, method, np.zeros(len(flat), np.int64))


def _like_day(block: Block, estimates: Estimates, profile: VeeProfile, holidays: AbstractSet[date]) -> Estimates:
    """Return the estimates with the slots that have none filled from like days, where there is at least one."""
    open_slots = np.flatnonzero(estimates.method == Method.NONE)
    if not len(open_slots):
        return estimates
    total, count = _like_day_sums(block, estimates.flat[open_slots], profile, holidays)
    found = count > 0
    filled = open_slots[found]
    value, method, like_days = estimates.value.copy(), estimates.method.copy(), estimates.like_days.copy()
    value[filled] = rounded_quotient(total[found], count[found])
    method[filled] = Method.LIKE_DAY
    like_days[filled] = count[found]
    return Estimates(estimates.flat, value, method, like_days)


def _like_day_sums(block: Block, flat: Ints, profile: VeeProfile, holidays: AbstractSet[date]) -> tuple[Ints, Ints]:
    """Return sum and number of the nearest measured like-day slots of each slot.

    Slots match by wall clock: an hour that the clock shows twice takes the same references twice, a day on which
    the clock skipped it is no reference for it (Elhub; three nearest, Itron's historical method).
    """
    clock = clock_of(block)
    first = int(clock.ordinal[0, 0])
    ordinals = np.arange(first, int(clock.ordinal[-1, -1]) + 1, dtype=np.int32)
    kinds = day_types(ordinals, holidays)
    bin_of = clock.minute.reshape(-1) // block.interval_minutes
    day_of = clock.ordinal.reshape(-1) - first
    positions = np.full((len(ordinals), -(-MINUTES_PER_DAY // block.interval_minutes)), _NOWHERE, np.int64)
    # backwards, so that of two slots with one wall-clock time the first stays
    positions[day_of[::-1], bin_of[::-1]] = np.arange(block.slots)[::-1]

    values, measured = block.values.reshape(-1), _reference(block)
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


def _reference(block: Block) -> Flags:
    """Return which slots, by flat position, may be end points and references: measured, and not in an outage."""
    measured = block.quality.reshape(-1) == Quality.MEASURED
    return measured if block.outage is None else measured & ~block.outage.reshape(-1)


def rounded_quotient(numerator: Ints, denominator: Ints) -> Ints:
    """Return the quotients rounded half up, towards plus infinity; denominators are positive.

    >>> rounded_quotient(np.array([5, -5, 7]), np.array([2, 2, 3])).tolist()
    [3, -2, 2]
    """
    return (2 * numerator + denominator) // (2 * denominator)


def _shortcomings(block: Block, estimates: Estimates, profile: VeeProfile, days: slice) -> list[pa.Table]:
    """Report slots left missing, and means of fewer like days than the profile asks for."""
    few = (estimates.like_days > 0) & (estimates.like_days < profile.like_day_count) & (estimates.method != Method.FLAT_SCALED)
    kinds = (
        (
            estimates.method == Method.NONE,
            "no_estimate",
            Severity.BLOCK,
            "slots without measured neighbours, like day or register",
        ),
        (few, "few_like_days", Severity.INFO, f"slots estimated from fewer than {profile.like_day_count} like days"),
    )
    return [
        report(block, days, *runs(estimates.flat[chosen], block.slots), rule=rule, severity=severity, message=text, counted=True)
        for chosen, rule, severity, text in kinds
    ]
