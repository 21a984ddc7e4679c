"""The ladder: the steps of a profile in order, then registers over them.

The steps are data: a profile names them in order (``pipelines.vee.estimation.steps`` has them all). Each fills, of what is
still open, what it can. Between two index reads the result is scaled to the register, see ``scaling``; with a register and
no shape, the register's residual is spread evenly. What no step could fill stays missing, and the finding ``no_estimate``
blocks its period.

References are measured slots: estimates, the sender's substitutes and slots in an outage are neither end points nor like
days. Nothing measured is ever changed. All arithmetic is on integers; a quotient is rounded half up (towards plus infinity)
to the channel's last decimal.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from pipelines.vee.block import Block, runs
from pipelines.vee.estimation.filling import Estimates, Filling, wanted_slots
from pipelines.vee.estimation.references import References
from pipelines.vee.estimation.scaling import RegisterSpans, scale
from pipelines.vee.estimation.steps import STEPS
from pipelines.vee.findings import gathered, report
from pipelines.vee.profile.thresholds import VeeProfile
from schemas.codes import Method, Quality, Severity


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
    references: References | None = None,
) -> Estimated:
    """Fill the missing slots of ``days`` and hold the intervals against the registers.

    Days before ``days`` are references, days after give a gap at the end its right neighbour. A register span that
    reaches out of ``days`` has all its missing slots filled, because they share one residual.

    Args:
        block: the validated block.
        profile: the ladder and its thresholds.
        spans: what registers counted; ``RegisterSpans.none()`` where there are none.
        days: days of the block to fill and report.
        holidays: local dates that are like Sundays and like each other.
        references: what steps may lean on beside the block; None where nothing else is known.

    Returns:
        The filled block and the findings; the same block when nothing was missing.

    Raises:
        InputRefusedError: nobody knows the block's zone.
        InvariantError: spans of one channel overlap.
    """
    spans = spans.touching(block, days)
    base = spans.channel_index * block.slots
    wanted = wanted_slots(block, days, base + spans.start, base + spans.end)
    filling = Filling(block, profile, days, wanted, holidays, references or References())
    estimates = filling.nothing_filled()
    for name in profile.ladder if len(estimates.flat) else ():
        estimates = STEPS[name].fill(filling, estimates)
    estimates, sum_checks = scale(block, estimates, spans, profile, days)
    filled = estimates.method != Method.NONE
    result = block.with_slots(
        estimates.flat[filled], values=estimates.value[filled], quality=Quality.ESTIMATED, method=estimates.method[filled]
    )
    return Estimated(result, gathered([sum_checks, *_shortcomings(filling, estimates)]))


def history_days(profile: VeeProfile) -> int:
    """Return how far back the steps of a profile look [d]."""
    return max(STEPS[name].history_days(profile) for name in profile.ladder)


def _shortcomings(filling: Filling, estimates: Estimates) -> list[pa.Table]:
    """Report slots left missing, and means of fewer like days than the profile asks for."""
    block, days, wanted = filling.block, filling.days, filling.profile.like_day_count
    few = (estimates.like_days > 0) & (estimates.like_days < wanted) & (estimates.method != Method.FLAT_SCALED)
    kinds = (
        (
            estimates.method == Method.NONE,
            "no_estimate",
            Severity.BLOCK,
            "slots without measured neighbours, like day or register",
        ),
        (few, "few_like_days", Severity.INFO, f"slots estimated from fewer than {wanted} like days"),
    )
    return [
        report(block, days, *runs(estimates.flat[chosen], block.slots), rule=rule, severity=severity, message=text, counted=True)
        for chosen, rule, severity, text in kinds
    ]
