"""Runs: the same for too long."""

from __future__ import annotations

import numpy as np

from pipelines.vee.block import Block, Ints, runs
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules.rule import NOT_JUDGED, USED_QUANTITIES, Judging, Marked, Rule, found
from schemas.codes import Severity, SlotFlag


def zero_run(judging: Judging) -> Marked:
    """Report runs of delivered zeros of at least the profile's length, across days (catalogue V10).

    No finding on an export channel, behind generation or during a recorded outage. The whole run counts, also the part
    before ``days``; a slot without a delivered value ends it.
    """
    least = _zero_run_lengths(judging.block, judging.profile)
    parts = [_zero_runs_of(judging, np.flatnonzero(least == slots), int(slots)) for slots in np.unique(least[least > 0])]
    return Marked.joined(parts)


def _zero_run_lengths(block: Block, profile: VeeProfile) -> Ints:
    """Return the shortest run that is reported for each channel; 0 where the rule does not apply."""
    channels = block.channels
    pairs = zip(channels.commodity.to_pylist(), channels.quantity.to_pylist(), strict=True)
    lengths = profile.zero_run_slots.model_dump()
    least = np.array([lengths[c] if q in USED_QUANTITIES.get(c, ()) else 0 for c, q in pairs], np.int64)
    return np.where(channels.is_export | channels.has_generation, 0, least)


def _zero_runs_of(judging: Judging, channels: Ints, least: int) -> Marked:
    """Return findings for the runs of at least ``least`` zeros in some channels.

    A run of ``2 k - 1`` zeros covers a whole aligned stretch of ``k`` slots. Looking for one such stretch first leaves few
    channels to look at slot by slot.
    """
    block = judging.block
    slots = block.slots_per_day
    stretch = max(k for k in range(1, slots + 1) if slots % k == 0 and 2 * k - 1 <= least)
    used = np.bitwise_or.reduce(block.values.reshape(len(block.channels), -1, stretch), axis=2)
    channels = channels[~used[channels].all(axis=1)]
    if not len(channels):
        return Marked.nothing()
    quality = block.quality[channels]
    zero = (block.values[channels] == 0) & ~np.isin(quality, NOT_JUDGED)
    if block.flags is not None:
        zero &= (block.flags[channels] & SlotFlag.OUTAGE) == 0
    start, end = runs(np.flatnonzero(zero.reshape(-1)), block.slots)
    long = end - start >= least
    start, length = start[long], (end - start)[long]
    start = channels[start // block.slots] * block.slots + start % block.slots
    return found(
        judging,
        start,
        start + length,
        rule="zero_run",
        severity=Severity.WARN,
        message=f"slots in a run of at least {least} zeros",
        counted=True,
        observed=np.zeros(len(start), np.int64),
    )


RULES = (
    Rule(
        "V10",
        "zero_run",
        Severity.WARN,
        "mako V05; Oracle Consecutive Interval Check",
        zero_run,
        thresholds=("zero_run_slots",),
        is_statistical=True,
        is_optional=True,
    ),
)
