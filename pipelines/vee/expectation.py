"""Expectation: which slots of a channel there should be, and what was found where none should be.

A slot is expected while the meter is installed: from the first slot delivered or the start of a month that is to be billed,
up to the last slot delivered or, once a period is due to be billed, its end. Nothing estimates the future, nor a past in
which nobody delivered and nobody bills.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from pipelines.vee.assemble import Assembled
from pipelines.vee.block import Block, Ints
from pipelines.vee.facts import FAR, ChannelFacts
from pipelines.vee.findings import gathered, report
from schemas.codes import Method, Quality, Severity

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def slot_minutes(block: Block) -> Ints:
    """Return the start of every slot of a channel [min since 1970 UTC], int64 [d * s]."""
    first = int((block.start - _EPOCH).total_seconds()) // 60
    return first + np.arange(block.slots, dtype=np.int64) * block.interval_minutes


def expect(assembled: Assembled, facts: ChannelFacts, begin: Ints, horizon: Ints) -> tuple[Block, pa.Table]:
    """Mark the slots nobody expects, and report energy found in them.

    Args:
        assembled: a block as delivered.
        facts: what is known of its channels.
        begin: first minute expected of each channel of ``facts``, while its meter is installed; int64 [facts].
        horizon: end of what is expected [min since 1970 UTC], int64 [facts].

    Returns:
        the block with ``NOT_EXPECTED`` slots, and findings ``meter.not_installed`` (BLOCK).
    """
    block = assembled.block
    starts = slot_minutes(block)
    n = len(block.channels)
    expected = np.zeros((n, block.slots), dtype=bool)
    for number, channel in enumerate(assembled.facts):
        for since, until in facts.installed[channel] or ((-FAR, FAR),):
            low, high = np.searchsorted(starts, [max(since, int(begin[channel])), min(until, int(horizon[channel]))])
            expected[number, low:high] = True
    flat = ~expected.reshape(block.values.shape)
    if not flat.any():
        return block, gathered([])
    stray = np.flatnonzero(flat.reshape(-1) & (block.values.reshape(-1) != 0))
    findings = _stray(block, stray)
    quality, values, method = block.quality.copy(), block.values.copy(), block.method.copy()
    quality[flat], values[flat], method[flat] = Quality.NOT_EXPECTED, 0, Method.NONE
    return replace(block, quality=quality, values=values, method=method), findings


def _stray(block: Block, stray: Ints) -> pa.Table:
    """Report energy outside the meter's installation, one finding a day."""
    if not len(stray):
        return gathered([])
    cell = stray // block.slots_per_day
    _, first = np.unique(cell, return_index=True)
    last = np.r_[first[1:], len(stray)] - 1
    energy = np.add.reduceat(block.values.reshape(-1)[stray], first)
    message = "energy while the meter is not installed at the service point"
    return report(
        block,
        slice(None),
        stray[first],
        stray[last] + 1,
        rule="meter.not_installed",
        severity=Severity.BLOCK,
        message=message,
        observed=energy,
    )
