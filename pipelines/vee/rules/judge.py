"""Judging: all rules over a block, in order.

Rules run on slices of channels small enough to stay in the processor's cache, so a block without faults is judged at about
the speed of memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.vee.block import Block, Ints
from pipelines.vee.findings import gathered, shifted
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules.catalogue import SLOT_RULES
from pipelines.vee.rules.rule import Judging, without

_CACHE_SLOTS = 131_072
"""Slots judged at once: 1 MiB of values stays in the second-level cache between two rules."""


class Validated(NamedTuple):
    """A block after validation.

    Attributes:
        block: slots that failed a hard limit are missing; everything else as delivered.
        findings: a table of ``pipelines.vee.findings.FINDINGS`` in order of channel, day, slot.
    """

    block: Block
    findings: pa.Table


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
        part, flat = _judge(Judging(block.span(first, first + step), profile, days))
        parts += [shifted(rows, first) for rows in part if rows.num_rows]
        marks.append(flat + first * block.slots)
    marked = np.concatenate([np.empty(0, np.int64), *marks])
    return Validated(without(block, marked), gathered(parts))


def _judge(judging: Judging) -> tuple[list[pa.Table], Ints]:
    """Return the findings of each rule on a slice of channels, and the slots that need an estimate."""
    findings: list[pa.Table] = []
    marks: list[Ints] = [np.empty(0, np.int64)]
    for rule in SLOT_RULES:
        if rule.judge is None or not judging.profile.is_on(rule.name):
            continue
        marked = rule.judge(judging)
        findings.append(marked.findings)
        if len(marked.flat):
            marks.append(marked.flat)
            judging = judging._replace(block=without(judging.block, marked.flat))
    return findings, np.sort(np.concatenate(marks))
