"""Registers over intervals: estimates between two index reads add up to what the register counted.

A register is the better witness: whatever shape an estimate has, its sum between two reads must be the register's
advance minus what was measured (Elhub's invariant). The shape comes from the estimation ladder, the total from here,
exact to the last unit. Where nothing is missing the same residual is the sum check.

Registers are often coarser than intervals (whole kWh against Wh). The advance is taken as stated all the same: the next
span begins at the very read this one ends with, so what one span lacks the next one gets, and over time the sum is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.vee.block import UNKNOWN_LIMIT, Block, Flags, Ints, position_range
from pipelines.vee.estimation.filling import Estimates
from pipelines.vee.estimation.steps import STEPS
from pipelines.vee.findings import no_findings, report
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.registers import Advance, AdvanceStatus
from schemas.codes import Method, Quality, Severity
from schemas.errors import InvariantError

_CACHE_SLOTS = 131_072
_PRODUCT_LIMIT = 2**62
"""Below this a product fits int64 with room to spare."""
_SCALED = np.zeros(max(Method) + 1, np.int8)
"""What each method becomes when its energy is scaled."""
_STANDS = np.zeros(max(Method) + 1, np.bool_)
"""Methods whose energy no register changes."""
for _step in STEPS.values():
    _SCALED[_step.method] = _step.scaled if _step.scaled is not None else _step.method
    _STANDS[_step.method] = _step.scaled is None


@dataclass(frozen=True, eq=False)
class RegisterSpans:
    """What registers counted between consecutive reads on slot borders; spans of one channel do not overlap.

    Attributes:
        channel_index: channel of the block, int64 (m,).
        start: position of the first slot (m,).
        end: position after the last slot (m,).
        advance: what the register counted, multiplied [10^exponent units] (m,).
        resolution: one step of the register, multiplied [10^exponent units], at least 1 (m,).
    """

    channel_index: Ints
    start: Ints
    end: Ints
    advance: Ints
    resolution: Ints

    @classmethod
    def none(cls) -> RegisterSpans:
        """Return no spans: nothing is known from registers."""
        return cls(*(np.empty(0, np.int64) for _ in range(5)))

    @classmethod
    def of(cls, block: Block, advances: Iterable[tuple[int, Advance]]) -> RegisterSpans:
        """Return the spans of the advances that can be held against a block's intervals.

        Left out are advances that are blocked or estimated, that start or end outside the block or off its slot borders,
        and those finer than the block's integers are rounded half up to them.

        Args:
            block: the block.
            advances: pairs of channel index and an advance of that channel's register, in the channel's unit.
        """
        rows = []
        for channel, advance in advances:
            start, end = block.position_at(advance.period_from), block.position_at(advance.period_to)
            usable = advance.status is not AdvanceStatus.BLOCKED and not advance.estimated
            if usable and start is not None and end is not None and start < end:
                counted, step = (_units(value, block.exponent) for value in (advance.advance, advance.resolution))
                rows.append((channel, start, end, counted, max(1, step)))
        columns = np.array(rows, np.int64).reshape(-1, 5).T
        return cls(*(np.ascontiguousarray(column) for column in columns))

    def __len__(self) -> int:
        """Return the number of spans."""
        return len(self.channel_index)

    def touching(self, block: Block, days: slice) -> RegisterSpans:
        """Return the spans that overlap ``days``, in order of channel and time.

        Raises:
            InvariantError: two spans of one channel overlap.
        """
        first, last = position_range(block, days)
        chosen = np.flatnonzero((self.start < last) & (self.end > first))
        chosen = chosen[np.lexsort((self.start[chosen], self.channel_index[chosen]))]
        spans = RegisterSpans(*(column[chosen] for column in self.__dict__.values()))
        overlap = (spans.channel_index[1:] == spans.channel_index[:-1]) & (spans.start[1:] < spans.end[:-1])
        if overlap.any():
            at = int(np.flatnonzero(overlap)[0])
            code, message = "spans.overlap", f"register spans {at} and {at + 1} of channel {spans.channel_index[at]} overlap"
            raise InvariantError(code, message, "give the advances of one register only, without those across dropped reads")
        return spans


def apportion(shape: Ints, group: Ints, target: Ints) -> Ints:
    """Spread totals over slots in proportion to a shape; the parts of each group add up to its total exactly.

    Each part is rounded down; the units left over go to the largest fractional parts, ties to the earliest slot (largest
    remainder, catalogue 7.6).

    Args:
        shape: relative sizes (k,); their sum is positive in every group.
        group: group of each slot, ascending (k,).
        target: total of each group (g,).

    Returns:
        The parts (k,).

    >>> apportion(np.array([2, 2, 3]), np.zeros(3, np.int64), np.array([600])).tolist()
    [172, 171, 257]
    """
    if not len(shape):
        return shape
    new = np.concatenate(([True], group[1:] != group[:-1]))
    begins, index = np.flatnonzero(new), np.cumsum(new) - 1
    total = np.add.reduceat(shape, begins)[index]
    wanted = target[group]
    fits = int(np.abs(shape).max()) * int(np.abs(wanted).max()) < _PRODUCT_LIMIT
    product = shape * wanted if fits else shape.astype(object) * wanted.astype(object)
    part, rest = (product // total).astype(np.int64), (product % total).astype(np.int64)
    left_over = target[group[begins]] - np.add.reduceat(part, begins)
    order = np.lexsort((-rest, index))
    part[order] += np.arange(len(shape)) - begins[index] < left_over[index]
    return part


def scale(
    block: Block, estimates: Estimates, spans: RegisterSpans, profile: VeeProfile, days: slice
) -> tuple[Estimates, pa.Table]:
    """Hold intervals against registers: scale the estimates of each span with gaps, sum-check each span without.

    With ``residual = advance - sum(known intervals)`` and the tolerance of ``sum_check``:

    ===============================================  =========================================================
    span with missing slots                          outcome
    ===============================================  =========================================================
    residual >= 0                                    estimates scaled to it; flat where one of them has no shape
    -tolerance <= residual < 0                       zeros, residual recorded (``sum_check``, info)
    residual < -tolerance                            not scaled, ``sum_check`` blocks
    residual more than the connection can pass       not scaled, ``sum_check`` blocks
    ===============================================  =========================================================

    Estimates that stand as they are (a confirmed outage's zero, the check meter's copy) count as known: nothing is scaled in
    them. A net channel, and every channel under ``negative_scaling``, is scaled to a negative residual as well. Spans with a
    slot in conflict are left alone: their sum is not known.

    Args:
        block: the validated block; missing slots hold 0.
        estimates: all missing slots of the spans.
        spans: spans of ``RegisterSpans.touching``.
        profile: tolerance and switches.
        days: days to report.

    Returns:
        The estimates with scaled values and methods, and the findings.
    """
    if not len(spans):
        return estimates, no_findings()
    base = spans.channel_index * block.slots
    start, end = base + spans.start, base + spans.end
    free = np.flatnonzero(~_STANDS[estimates.method])
    movable = estimates.take(free)
    residual = spans.advance - _sums(block, spans) - _standing(estimates, start, end)
    tolerance = np.maximum(profile.sum_check_steps * spans.resolution, profile.sum_check_permille * np.abs(spans.advance) // 1000)
    begin, stop = np.searchsorted(movable.flat, start), np.searchsorted(movable.flat, end)
    conflicts = block.positions_with(Quality.CONFLICT)
    known = np.searchsorted(conflicts, start) == np.searchsorted(conflicts, end)
    missing = stop - begin

    may_be_negative = block.channels.is_net[spans.channel_index] | profile.negative_scaling
    limit = block.channels.limit[spans.channel_index]
    too_much = (limit != UNKNOWN_LIMIT) & (residual > limit * missing)
    below = (residual < 0) & ~may_be_negative
    blocked = too_much | (below & (residual < -tolerance))
    gaps = known & (missing > 0)
    scaled = _scaled(movable, begin, missing, np.where(below, 0, residual), gaps & ~blocked)

    def checked(chosen: Flags, severity: Severity, message: str) -> pa.Table:
        facts: dict[str, Any] = {"observed": residual[chosen], "threshold": tolerance[chosen]}
        return report(block, days, start[chosen], end[chosen], rule="sum_check", severity=severity, message=message, **facts)

    off = known & (missing == 0) & (np.abs(residual) > tolerance)
    findings = pa.concat_tables(
        [
            checked(off, Severity.WARN, "register advance differs from the sum of complete intervals"),
            checked(gaps & blocked, Severity.BLOCK, "no estimate of the missing slots agrees with the register advance"),
            checked(
                gaps & below & ~blocked, Severity.INFO, "measured intervals pass the register advance; missing slots are zero"
            ),
        ]
    )
    return _put_back(estimates, free, scaled), findings


def _standing(estimates: Estimates, start: Ints, end: Ints) -> Ints:
    """Return what the estimates that no register scales add up to in each range of flat positions (m,)."""
    running = np.concatenate(([0], np.cumsum(np.where(_STANDS[estimates.method], estimates.value, 0))))
    return running[np.searchsorted(estimates.flat, end)] - running[np.searchsorted(estimates.flat, start)]


def _put_back(estimates: Estimates, at: Ints, scaled: Estimates) -> Estimates:
    """Return all estimates, those at ``at`` replaced."""
    value, method = estimates.value.copy(), estimates.method.copy()
    value[at], method[at] = scaled.value, scaled.method
    return estimates._replace(value=value, method=method)


def _scaled(estimates: Estimates, begin: Ints, missing: Ints, target: Ints, chosen: Flags) -> Estimates:
    """Return the estimates with those of the chosen spans adding up to their targets.

    Args:
        estimates: the missing slots.
        begin: index in ``estimates`` of each span's first missing slot (m,).
        missing: number of missing slots of each span (m,).
        target: what they must add up to (m,).
        chosen: spans to scale (m,); each has a missing slot.
    """
    if not chosen.any():
        return estimates
    begin, missing = begin[chosen], missing[chosen]
    group = np.repeat(np.arange(len(begin)), missing)
    first = np.cumsum(missing) - missing
    slots = np.arange(len(group)) + (begin - first)[group]
    value, method = estimates.value.copy(), estimates.method.copy()
    shapeless = np.logical_or.reduceat(method[slots] == Method.NONE, first)
    flat = (shapeless | (np.add.reduceat(value[slots], first) <= 0))[group]
    value[slots] = apportion(np.where(flat, 1, value[slots]), group, target[chosen])
    method[slots] = np.where(flat, Method.FLAT_SCALED, _SCALED[method[slots]])
    return estimates._replace(value=value, method=method)


def _sums(block: Block, spans: RegisterSpans) -> Ints:
    """Return the sum of each span's values [10^exponent units] (m,); spans in order of channel."""
    values = block.values.reshape(len(block.channels), block.slots)
    channels = np.unique(spans.channel_index)
    step = max(1, _CACHE_SLOTS // block.slots)
    sums = np.empty(len(spans), np.int64)
    for part in (channels[i : i + step] for i in range(0, len(channels), step)):
        running = np.zeros((len(part), block.slots + 1), np.int64)
        np.cumsum(values[part], axis=1, out=running[:, 1:])
        some = slice(*np.searchsorted(spans.channel_index, [part[0], part[-1] + 1]))
        row = np.searchsorted(part, spans.channel_index[some])
        sums[some] = running[row, spans.end[some]] - running[row, spans.start[some]]
    return sums


def _units(quantity: Decimal, exponent: int) -> int:
    return int(quantity.scaleb(-exponent).to_integral_value(ROUND_HALF_UP))
