"""Outliers: values far from the others of their day or their neighbourhood."""

from __future__ import annotations

from decimal import ROUND_FLOOR

import numpy as np

from pipelines.vee.rules.rule import Judging, Marked, Rule, delivered, found
from schemas.codes import Severity

_SPIKE_RANK = 3


def spike(judging: Judging) -> Marked:
    """Report days whose highest slot is far above the third highest (catalogue V06; California VEE section 3.4).

    The test is ``(x1 - x3) / x3 > p`` and ``x1 > floor``, on integers. It is the same as: fewer than three slots reach
    ``ceil(100 x1 / (100 + p))``, which needs no sorting. Where the third highest is zero the rule is not evaluated: such
    days are those of ``zero_run``. Days are standard-time days.
    """
    block, profile, days = judging
    values = delivered(block)
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
        return Marked.nothing()
    candidates, highest, day = candidates[lonely], highest[lonely], channel[lonely] * block.days + day[lonely] + first
    third = np.partition(candidates, -_SPIKE_RANK, axis=1)[:, -_SPIKE_RANK]
    known = third > 0
    start = (day * block.slots_per_day + candidates.argmax(axis=1))[known]
    return found(
        judging,
        start,
        start + 1,
        rule="spike",
        severity=Severity.WARN,
        message=f"highest slot of the day more than {profile.spike_percent} % above the third highest",
        observed=highest[known],
        threshold=third[known] * (100 + profile.spike_percent) // 100,
    )


RULES = (
    Rule(
        "V06",
        "spike",
        Severity.WARN,
        "California VEE section 3.4; Oracle Interval Spike",
        spike,
        thresholds=("spike_percent", "spike_floor"),
        is_statistical=True,
        is_optional=True,
    ),
)
