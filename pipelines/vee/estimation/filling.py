"""Filling: the gaps of a block while the ladder climbs, and the contract of its steps.

A gap is a contiguous run of missing slots of one channel. Its length is measured once, before anything is filled: what an
earlier step put into it makes it no shorter.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import NamedTuple, TypeAlias

import numpy as np

from pipelines.vee.block import Block, Codes, Flags, Ints, position_range, runs
from pipelines.vee.estimation.references import References
from pipelines.vee.profile.thresholds import VeeProfile
from schemas.codes import Method, Quality, SlotFlag

NO_REFERENCES = 0


class Estimates(NamedTuple):
    """Missing slots and what is put there.

    Attributes:
        flat: flat positions, ascending (k,).
        value: estimates [10^exponent units] (k,).
        method: ``Method`` codes, ``NONE`` where there is no estimate (k,).
        like_days: how many days each is the mean of, 0 for methods that take none (k,).
    """

    flat: Ints
    value: Ints
    method: Codes
    like_days: Ints

    @property
    def open(self) -> Ints:
        """Indexes of the slots that no step has filled yet."""
        return np.flatnonzero(self.method == Method.NONE)

    def take(self, at: Ints) -> Estimates:
        """Return some of the slots."""
        return Estimates(self.flat[at], self.value[at], self.method[at], self.like_days[at])

    def put(self, at: Ints, value: Ints | int, method: Method, references: Ints | int = NO_REFERENCES) -> Estimates:
        """Return the estimates with some slots filled.

        Args:
            at: indexes of slots (j,), none of them filled yet.
            value: what is put there [10^exponent units] (j,).
            method: how it was made.
            references: days it is the mean of (j,).
        """
        if not len(at):
            return self
        values, methods, days = self.value.copy(), self.method.copy(), self.like_days.copy()
        values[at], methods[at], days[at] = value, method, references
        return self._replace(value=values, method=methods, like_days=days)


@dataclass(frozen=True)
class Filling:
    """The gaps of a block, and what the steps may lean on.

    Attributes:
        block: the judged block; missing slots hold 0.
        profile: the thresholds.
        days: days to fill and report.
        wanted: flags over all missing slots of the block: those to fill.
        holidays: local dates that are like Sundays and like each other.
        references: what steps may lean on beside the block itself.
    """

    block: Block
    profile: VeeProfile
    days: slice
    wanted: Flags
    holidays: AbstractSet[date] = frozenset()
    references: References = field(default_factory=References)

    @cached_property
    def missing(self) -> Ints:
        """Flat positions of all missing slots, ascending."""
        return self.block.positions_with(Quality.MISSING)

    @cached_property
    def gaps(self) -> tuple[Ints, Ints]:
        """Start and exclusive end of every gap, flat positions."""
        return runs(self.missing, self.block.slots)

    @cached_property
    def gap_of(self) -> Ints:
        """Gap of each wanted slot, int64 (k,)."""
        start, end = self.gaps
        return np.repeat(np.arange(len(start)), end - start)[self.wanted]

    @cached_property
    def gap_slots(self) -> Ints:
        """Length of the whole gap of each wanted slot [slots], int64 (k,)."""
        start, end = self.gaps
        return (end - start)[self.gap_of]

    @cached_property
    def measured(self) -> Flags:
        """Which slots, by flat position, may be end points and references: measured, and not in an outage."""
        measured = self.block.quality.reshape(-1) == Quality.MEASURED
        out = self.block.has(SlotFlag.OUTAGE | SlotFlag.PARTIAL_OUTAGE)
        return measured if out is None else measured & ~out.reshape(-1)

    def nothing_filled(self) -> Estimates:
        """Return the wanted slots, none of them filled."""
        flat = self.missing[self.wanted]
        none = np.zeros(len(flat), np.int64)
        return Estimates(flat, none, np.full(len(flat), Method.NONE, np.int8), none)


Fill: TypeAlias = Callable[[Filling, Estimates], Estimates]
"""Fills some of the slots that are still open; what is filled stays as it is."""


@dataclass(frozen=True)
class Step:
    """One step of the ladder.

    Attributes:
        name: its stable name, in profiles.
        method: what it writes.
        scaled: what it becomes where registers scale it; None where its energy stands as it is.
        basis: the standard or product it is taken from.
        fill: the function.
        thresholds: parameters it reads.
        history_days: how far back it looks, from the thresholds; 0 where it looks at the gap's surroundings alone.
    """

    name: str
    method: Method
    scaled: Method | None
    basis: str
    fill: Fill
    thresholds: tuple[str, ...] = ()
    history_days: Callable[[VeeProfile], int] = lambda _: 0


def wanted_slots(block: Block, days: slice, start: Ints, end: Ints) -> Flags:
    """Return which missing slots are to be filled: those of ``days``, and all of register spans that touch them.

    Args:
        block: the block.
        days: days to fill.
        start: flat position of the first slot of each span, ascending, not overlapping (m,).
        end: flat position after its last slot (m,).
    """
    missing = block.positions_with(Quality.MISSING)
    first, last = position_range(block, days)
    within = np.searchsorted(start, missing, side="right") > np.searchsorted(end, missing, side="right")
    return within | ((missing % block.slots >= first) & (missing % block.slots < last))


def rounded_quotient(numerator: Ints, denominator: Ints) -> Ints:
    """Return the quotients rounded half up, towards plus infinity; denominators are positive.

    >>> rounded_quotient(np.array([5, -5, 7]), np.array([2, 2, 3])).tolist()
    [3, -2, 2]
    """
    return (2 * numerator + denominator) // (2 * denominator)
