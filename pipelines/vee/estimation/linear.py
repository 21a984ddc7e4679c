"""A straight line over a short gap."""

from __future__ import annotations

from pipelines.vee.estimation.filling import Estimates, Filling, Step, rounded_quotient
from schemas.codes import Method


def linear(filling: Filling, estimates: Estimates) -> Estimates:
    """Fill short gaps between two measured slots: ``e_i = a + (b - a) i / (n + 1)`` for slot i of n (California VEE 4.1).

    The gap's whole length decides, also where another step has filled a part of it. A slot in an outage is no end point.
    """
    block, (start, end) = filling.block, filling.gaps
    length = end - start
    inner = (start % block.slots > 0) & (end % block.slots > 0)
    short = inner & (length * block.interval_minutes <= filling.profile.linear_max_minutes)
    short[short] &= filling.measured[start[short] - 1] & filling.measured[end[short]]
    at = estimates.open[short[filling.gap_of[estimates.open]]]
    gap = filling.gap_of[at]
    values = block.values.reshape(-1)
    before, after, steps = values[start[gap] - 1], values[end[gap]], length[gap] + 1
    place = estimates.flat[at] - start[gap] + 1
    return estimates.put(at, rounded_quotient(before * steps + (after - before) * place, steps), Method.LINEAR)


LINEAR = Step(
    "linear",
    Method.LINEAR,
    Method.LINEAR_SCALED,
    "California VEE 4.1: two hours; Ontario wholesale: one; German public summaries: three quarter-hours",
    linear,
    ("linear_max_minutes",),
)
