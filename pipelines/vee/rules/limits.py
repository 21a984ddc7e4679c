"""Hard limits: values that cannot be."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pyarrow as pa

from pipelines.vee.block import UNKNOWN_LIMIT
from pipelines.vee.rules.rule import COUNTED, Judging, Marked, Rule, hard_limit, has_quantity, slots_where
from schemas.codes import Severity

_MINUTES_PER_HOUR = 60
_FUSED = pa.array(["active_energy"])
"""Quantities that a main fuse limits [kWh]."""


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


def negative(judging: Judging) -> Marked:
    """Find energies and volumes below zero on channels that are not bidirectional (catalogue V04)."""
    block = judging.block
    one_way = has_quantity(block, COUNTED) & ~block.channels.is_net
    hit = (block.values.min(axis=2) < 0) & one_way[:, None]
    if not hit.any():
        return Marked.nothing()
    flat = slots_where(block, hit, lambda values, _: values < 0)
    return hard_limit(judging, flat, rule="negative", message="below zero on a channel that counts one way")


def above_limit(judging: Judging) -> Marked:
    """Find active energies above what the connection can pass (catalogue V05); export of a net channel counts the same."""
    block = judging.block
    limited = has_quantity(block, _FUSED) & (block.channels.limit != UNKNOWN_LIMIT)
    limit = np.where(limited, block.channels.limit, np.iinfo(np.int64).max)
    hit = block.values.max(axis=2) > limit[:, None]
    net = np.flatnonzero(block.channels.is_net)
    if len(net):
        hit[net] |= block.values[net].min(axis=2) < -limit[net, None]
    if not hit.any():
        return Marked.nothing()
    flat = slots_where(block, hit, lambda values, channel: np.abs(values) > limit[channel, None])
    return hard_limit(judging, flat, rule="above_limit", message="more energy than the connection can pass", limit=limit)


RULES = (
    Rule(
        "V04",
        "negative",
        Severity.EST,
        "all standards; Oracle Negative Consumption, mako V03",
        negative,
        may_report=(Severity.BLOCK, Severity.WARN),
    ),
    Rule(
        "V05",
        "above_limit",
        Severity.EST,
        "mako V12; the factor is a project default",
        above_limit,
        thresholds=("fuse_factor",),
        may_report=(Severity.BLOCK, Severity.WARN),
    ),
)
