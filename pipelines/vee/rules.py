"""The validation rules: pure, vectorised functions over a block of channels.

``validate`` runs them in order on slices of channels small enough to stay in the processor's cache, so a block without
faults is judged at about the speed of memory. Only rules with a hard limit (``negative``, ``above_limit``) replace a
measured value: they mark the slot missing, so that estimation fills it and later rules do not see it. Statistical
rules (``spike``, ``zero_run``) warn.

====================  ========  ==========================================================================
rule                  severity  test
====================  ========  ==========================================================================
``gap``               est       slots expected and not delivered
``conflict``          block     delivered twice with different values, neither newer
``negative``          est       below zero on a channel that only counts one way
``above_limit``       est       more energy than the connection can pass
``spike``             warn      highest slot of a day more than p % above the third highest
``zero_run``          warn      zeros for longer than the profile allows
====================  ========  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_FLOOR, Decimal
from typing import NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.vee.block import UNKNOWN_LIMIT, Block, Flags, Ints, runs
from pipelines.vee.findings import gathered, no_findings, report, shifted
from pipelines.vee.profile import VeeProfile
from schemas.codes import NOT_A_VALUE, Method, Quality, Severity

_CACHE_SLOTS = 131_072
"""Slots judged at once: 1 MiB of values stays in the second-level cache between two rules."""

_MINUTES_PER_HOUR = 60
_SPIKE_RANK = 3
_COUNTED = pa.array(["active_energy", "reactive_energy", "apparent_energy", "energy", "volume", "heat"])
"""Quantities that a one-way counter makes; power, current or a power factor may well be below zero."""
_FUSED = pa.array(["active_energy"])
"""Quantities that a main fuse limits [kWh]."""
_ZERO_RUN_QUANTITIES = {
    "electricity": ("active_energy",),
    "gas": ("volume", "energy"),
    "water": ("volume",),
    "heat": ("volume", "energy", "heat"),
}
"""Quantities whose zeros mean no consumption; reactive energy or a voltage of zero is another matter."""


SlotTest: TypeAlias = Callable[[Ints, Ints], Flags]
"""Values of some days (k, s) and their channels (k,) to flags (k, s)."""


class Validated(NamedTuple):
    """A block after validation.

    Attributes:
        block: slots that failed a hard limit are missing; everything else as delivered.
        findings: a table of ``pipelines.vee.findings.FINDINGS`` in order of channel, day, slot.
    """

    block: Block
    findings: pa.Table


class Marked(NamedTuple):
    """What a rule with a hard limit found.

    Attributes:
        findings: a table of ``FINDINGS``.
        flat: flat positions, ascending, of the measured slots that need an estimate.
    """

    findings: pa.Table
    flat: Ints


class _Outcome(NamedTuple):
    """What a broken hard limit means for slots of some qualities."""

    qualities: tuple[Quality, ...]
    severity: Severity
    suffix: str


_HARD_LIMIT_OUTCOMES = (
    _Outcome((Quality.MEASURED,), Severity.EST, ""),
    _Outcome(
        (Quality.DELIVERED_ESTIMATE, Quality.SUBSTITUTED, Quality.FINAL_SUBSTITUTED),
        Severity.BLOCK,
        "; the sender's substitute is not estimated again",
    ),
    _Outcome((Quality.EDITED,), Severity.WARN, "; set by a person"),
)
"""Only a measured value is replaced. Our own estimates are not judged: they are made from judged values."""


def slot_limit(fuse_kw: Decimal, *, interval_minutes: int, exponent: int, factor: Decimal) -> int:
    """Return the most energy that a connection can pass in one slot [10^exponent kWh], rounded down.

    Args:
        fuse_kw: rating of the main fuse [kW].
        interval_minutes: length of the slot [min].
        exponent: power of ten of the channel's integers.
        factor: how far above its rating a fuse holds, ``VeeProfile.fuse_factor``.

    >>> slot_limit(Decimal(10), interval_minutes=30, exponent=-3, factor=Decimal("1.2"))
    6000
    """
    return int((fuse_kw * factor * interval_minutes).scaleb(-exponent) // _MINUTES_PER_HOUR)


def validate(block: Block, profile: VeeProfile, days: slice) -> Validated:
    """Judge every slot of a block; report what concerns ``days``.

    Days before ``days`` are history: hard limits mark their slots too, because they may serve as references, but
    their findings are not reported again.

    Args:
        block: the channels, with history as far back as runs of zeros and like days need it.
        profile: the thresholds.
        days: days of the block to report, ``slice(28, 59)``.

    Returns:
        The block with failed slots missing, and the findings; the same block when nothing failed a hard limit.
    """
    step = max(1, _CACHE_SLOTS // max(1, block.slots))
    parts: list[pa.Table] = []
    marks: list[Ints] = []
    for first in range(0, len(block.channels), step):
        part, flat = _judge(block.span(first, first + step), profile, days)
        parts += [shifted(rows, first) for rows in part if rows.num_rows]
        marks.append(flat + first * block.slots)
    marked = np.concatenate([np.empty(0, np.int64), *marks])
    return Validated(_without(block, marked), gathered(parts))


def _judge(block: Block, profile: VeeProfile, days: slice) -> tuple[list[pa.Table], Ints]:
    """Return the findings of each rule on a slice of channels, and the slots that need an estimate."""
    findings = [gap(block, days), conflict(block, days)]
    below = negative(block, days)
    block = _without(block, below.flat)
    above = above_limit(block, days)
    block = _without(block, above.flat)
    findings += [below.findings, above.findings, spike(block, profile, days), zero_run(block, profile, days)]
    return findings, np.sort(np.concatenate((below.flat, above.flat)))


def _without(block: Block, flat: Ints) -> Block:
    return block.with_slots(flat, values=0, quality=Quality.MISSING, method=Method.NONE)


def gap(block: Block, days: slice) -> pa.Table:
    """Report each contiguous run of missing slots (catalogue T02, T03): one finding per run, channel and month.

    Slots outside a meter's installation (``NOT_EXPECTED``) are not missing.
    """
    if not block.quality.any():
        return no_findings()
    start, end = runs(block.positions_with(Quality.MISSING), block.slots)
    return report(block, days, start, end, rule="gap", severity=Severity.EST, message="slots missing", counted=True)


def conflict(block: Block, days: slice) -> pa.Table:
    """Report each run of slots delivered twice with different values: never chosen between, never estimated."""
    if not block.quality.any():
        return no_findings()
    start, end = runs(block.positions_with(Quality.CONFLICT), block.slots)
    message = "slots delivered with different values, none of them newer"
    return report(block, days, start, end, rule="conflict", severity=Severity.BLOCK, message=message, counted=True)


def negative(block: Block, days: slice) -> Marked:
    """Find energies and volumes below zero on channels that are not bidirectional (catalogue V04)."""
    one_way = _has_quantity(block, _COUNTED) & ~block.channels.is_net
    hit = (block.values.min(axis=2) < 0) & one_way[:, None]
    if not hit.any():
        return _nothing_marked()
    flat = _slots_where(block, hit, lambda values, _: values < 0)
    return _hard_limit(block, days, flat, rule="negative", message="below zero on a channel that counts one way")


def above_limit(block: Block, days: slice) -> Marked:
    """Find active energies above what the connection can pass (catalogue V05); export of a net channel counts the same."""
    limited = _has_quantity(block, _FUSED) & (block.channels.limit != UNKNOWN_LIMIT)
    limit = np.where(limited, block.channels.limit, np.iinfo(np.int64).max)
    hit = block.values.max(axis=2) > limit[:, None]
    net = np.flatnonzero(block.channels.is_net)
    if len(net):
        hit[net] |= block.values[net].min(axis=2) < -limit[net, None]
    if not hit.any():
        return _nothing_marked()
    flat = _slots_where(block, hit, lambda values, channel: np.abs(values) > limit[channel, None])
    return _hard_limit(block, days, flat, rule="above_limit", message="more energy than the connection can pass", limit=limit)


def _hard_limit(block: Block, days: slice, flat: Ints, *, rule: str, message: str, limit: Ints | None = None) -> Marked:
    """Report the slots at ``flat`` in runs, with the value furthest from zero, and mark the measured ones."""
    quality = block.quality.reshape(-1)[flat]
    parts = []
    for outcome in _HARD_LIMIT_OUTCOMES:
        chosen = flat[np.isin(quality, outcome.qualities)]
        if not len(chosen):
            continue
        start, end = runs(chosen, block.slots)
        values = block.values.reshape(-1)[chosen]
        first = np.searchsorted(chosen, start)
        lowest, highest = np.minimum.reduceat(values, first), np.maximum.reduceat(values, first)
        parts.append(
            report(
                block,
                days,
                start,
                end,
                rule=rule,
                severity=outcome.severity,
                message=message + outcome.suffix,
                observed=np.where(-lowest > highest, lowest, highest),
                threshold=np.zeros(len(start), np.int64) if limit is None else limit[start // block.slots],
            )
        )
    return Marked(pa.concat_tables([no_findings(), *parts]), flat[quality == Quality.MEASURED])


def _has_quantity(block: Block, quantities: pa.StringArray) -> Flags:
    return pc.is_in(block.channels.quantity, value_set=quantities).to_numpy(zero_copy_only=False)


def _nothing_marked() -> Marked:
    return Marked(no_findings(), np.empty(0, np.int64))


def _slots_where(block: Block, hit: Flags, test: SlotTest) -> Ints:
    """Return the flat positions of the values that fail ``test`` on the days that ``hit`` [n, d] names."""
    rows = np.flatnonzero(hit.reshape(-1))
    values = block.values.reshape(-1, block.slots_per_day)[rows]
    row, slot = np.nonzero(test(values, rows // block.days))
    flat = rows[row] * block.slots_per_day + slot
    return flat[~np.isin(block.quality.reshape(-1)[flat], NOT_A_VALUE)]


def spike(block: Block, profile: VeeProfile, days: slice) -> pa.Table:
    """Report days whose highest slot is far above the third highest (catalogue V06; California VEE section 3.4).

    The test is ``(x1 - x3) / x3 > p`` and ``x1 > floor``, on integers. It is the same as: fewer than three slots reach
    ``ceil(100 x1 / (100 + p))``, which needs no sorting. Where the third highest is zero the rule is not evaluated: such
    days are those of ``zero_run``. Days are standard-time days.
    """
    values = _delivered(block)
    first = days.indices(block.days)[0]
    values = values[:, days]
    highest = values.max(axis=2, initial=0)
    floor = int(profile.spike_floor.scaleb(-block.exponent).to_integral_value(ROUND_FLOOR))
    channel, day = np.nonzero(highest > floor)
    candidates = values[channel, day]
    highest = highest[channel, day]
    reach = -(-100 * highest // (100 + profile.spike_percent))
    lonely = np.flatnonzero(np.count_nonzero(candidates >= reach[:, None], axis=1) < _SPIKE_RANK)
    if not len(lonely):
        return no_findings()
    candidates, highest, day = candidates[lonely], highest[lonely], channel[lonely] * block.days + day[lonely] + first
    third = np.partition(candidates, -_SPIKE_RANK, axis=1)[:, -_SPIKE_RANK]
    found = third > 0
    start = (day * block.slots_per_day + candidates.argmax(axis=1))[found]
    return report(
        block,
        days,
        start,
        start + 1,
        rule="spike",
        severity=Severity.WARN,
        message=f"highest slot of the day more than {profile.spike_percent} % above the third highest",
        observed=highest[found],
        threshold=third[found] * (100 + profile.spike_percent) // 100,
    )


def zero_run(block: Block, profile: VeeProfile, days: slice) -> pa.Table:
    """Report runs of delivered zeros of at least the profile's length, across days (catalogue V10).

    No finding on an export channel, behind generation or during a recorded outage. The whole run counts, also the part
    before ``days``; a slot without a delivered value ends it.
    """
    least = _zero_run_lengths(block, profile)
    parts = [_zero_runs_of(block, days, np.flatnonzero(least == slots), int(slots)) for slots in np.unique(least[least > 0])]
    return pa.concat_tables([no_findings(), *parts])


def _zero_run_lengths(block: Block, profile: VeeProfile) -> Ints:
    """Return the shortest run that is reported for each channel; 0 where the rule does not apply."""
    channels = block.channels
    pairs = zip(channels.commodity.to_pylist(), channels.quantity.to_pylist(), strict=True)
    lengths = profile.zero_run_slots.model_dump()
    least = np.array([lengths[c] if q in _ZERO_RUN_QUANTITIES.get(c, ()) else 0 for c, q in pairs], np.int64)
    return np.where(channels.is_export | channels.has_generation, 0, least)


def _zero_runs_of(block: Block, days: slice, channels: Ints, least: int) -> pa.Table:
    """Return findings for the runs of at least ``least`` zeros in some channels.

    A run of ``2 k - 1`` zeros covers a whole aligned stretch of ``k`` slots. Looking for one such stretch first leaves few
    channels to look at slot by slot.
    """
    slots = block.slots_per_day
    stretch = max(k for k in range(1, slots + 1) if slots % k == 0 and 2 * k - 1 <= least)
    used = np.bitwise_or.reduce(block.values.reshape(len(block.channels), -1, stretch), axis=2)
    channels = channels[~used[channels].all(axis=1)]
    if not len(channels):
        return no_findings()
    quality = block.quality[channels]
    zero = (block.values[channels] == 0) & ~np.isin(quality, (*NOT_A_VALUE, Quality.ESTIMATED))
    if block.outage is not None:
        zero &= ~block.outage[channels]
    start, end = runs(np.flatnonzero(zero.reshape(-1)), block.slots)
    long = end - start >= least
    start, length = start[long], (end - start)[long]
    start = channels[start // block.slots] * block.slots + start % block.slots
    return report(
        block,
        days,
        start,
        start + length,
        rule="zero_run",
        severity=Severity.WARN,
        message=f"slots in a run of at least {least} zeros",
        counted=True,
        observed=np.zeros(len(start), np.int64),
    )


def _delivered(block: Block) -> Ints:
    """Return the values with 0 in place of our own estimates, which say nothing about the meter."""
    estimated = block.quality == Quality.ESTIMATED
    return np.where(estimated, 0, block.values) if estimated.any() else block.values
