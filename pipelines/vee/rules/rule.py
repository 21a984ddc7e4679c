"""What a rule is, what it judges and what it says.

A rule is data: its code in the catalogue, its stable name, which severities it may report, which thresholds it reads and on
what it is based. Behind it stands a function over a block; rules that are judged elsewhere (registers, identity, whole
months) have none, and say where.

Only a rule with a hard limit replaces a *measured* value: it marks the slot missing, so that estimation fills it and later
rules do not see it. A statistical rule warns, unless a profile that somebody signed gives it the severity ``est``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.vee.block import Block, Flags, Ints, runs
from pipelines.vee.findings import no_findings, report
from pipelines.vee.profile.thresholds import OFF, VeeProfile
from schemas.codes import NOT_A_VALUE, Method, Quality, Severity

COUNTED = pa.array(["active_energy", "reactive_energy", "apparent_energy", "energy", "volume", "heat"])
"""Quantities that a one-way counter makes; power, current or a power factor may well be below zero."""
USED_QUANTITIES = {
    "electricity": ("active_energy",),
    "gas": ("volume", "energy"),
    "water": ("volume",),
    "heat": ("volume", "energy", "heat"),
}
"""Quantities whose zeros mean no consumption; reactive energy or a voltage of zero is another matter."""

SlotTest: TypeAlias = Callable[[Ints, Ints], Flags]
"""Values of some days (k, s) and their channels (k,) to flags (k, s)."""


class Judging(NamedTuple):
    """What a rule looks at.

    Attributes:
        block: the channels; slots that an earlier rule marked are missing. It holds history before ``days``.
        profile: the thresholds, the same for all its channels.
        days: days of the block to report.
    """

    block: Block
    profile: VeeProfile
    days: slice

    def severity(self, rule: str, own: Severity) -> Severity:
        """Return how much a finding matters: as the profile says, else the rule's own severity."""
        return Severity(self.profile.severities.get(rule, own))


class Marked(NamedTuple):
    """What a rule found.

    Attributes:
        findings: a table of ``FINDINGS``.
        flat: flat positions, ascending, of the measured slots that need an estimate.
    """

    findings: pa.Table
    flat: Ints

    @classmethod
    def nothing(cls) -> Marked:
        """Return that there is nothing to say."""
        return cls(no_findings(), np.empty(0, np.int64))

    @classmethod
    def joined(cls, parts: Iterable[Marked]) -> Marked:
        """Return what several looks found together."""
        every = [cls.nothing(), *parts]
        return cls(pa.concat_tables([part.findings for part in every]), np.unique(np.concatenate([part.flat for part in every])))


Judge: TypeAlias = Callable[[Judging], Marked]


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue.

    Attributes:
        code: its code in the catalogue: V06.
        name: its stable name in ``exceptions``.
        severity: what it reports unless the profile says otherwise.
        basis: the standard or product it is taken from.
        judge: the function; None where it is judged elsewhere.
        where: module that judges it, where that is not a function over a block.
        thresholds: parameters it reads.
        is_statistical: it knows what is unusual, not what is impossible.
        is_optional: it may be switched off, or given another severity.
        may_report: further severities it may report by itself.
    """

    code: str
    name: str
    severity: Severity
    basis: str
    judge: Judge | None = None
    where: str = ""
    thresholds: tuple[str, ...] = ()
    is_statistical: bool = False
    is_optional: bool = False
    may_report: tuple[Severity, ...] = ()

    @property
    def allowed(self) -> tuple[str, ...]:
        """What a profile may give it as severity."""
        if not self.is_optional:
            return (self.severity.value,)
        may = [OFF, Severity.INFO.value, Severity.WARN.value, Severity.BLOCK.value]
        return tuple([*may, Severity.EST.value] if self.judge is not None else may)

    def allows(self, severity: str) -> bool:
        """Tell whether a profile may give the rule this severity."""
        return severity in self.allowed


def found(
    judging: Judging,
    start: Ints,
    end: Ints,
    *,
    rule: str,
    severity: Severity,
    message: str,
    **facts: Any,  # noqa: ANN401 - of report
) -> Marked:
    """Return findings on runs of slots, at the severity that the profile gives the rule.

    With the severity ``est`` the measured slots of the runs are marked; slots that nobody measured are only reported.

    Args:
        judging: what is judged.
        start: flat position of the first slot of each run (k,).
        end: flat position after the last slot of each run (k,).
        rule: name of the rule.
        severity: its own severity.
        message: the finding in one sentence.
        facts: ``observed``, ``threshold``, ``counted``, ``evidence`` of ``report``.
    """
    given = judging.severity(rule, severity)
    rows = report(judging.block, judging.days, start, end, rule=rule, severity=given, message=message, **facts)
    if given is not Severity.EST or not len(start):
        return Marked(rows, np.empty(0, np.int64))
    length = end - start
    flat = np.repeat(start - np.cumsum(length) + length, length) + np.arange(length.sum())
    return Marked(rows, np.unique(flat[judging.block.quality.reshape(-1)[flat] == Quality.MEASURED]))


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


def hard_limit(judging: Judging, flat: Ints, *, rule: str, message: str, limit: Ints | None = None) -> Marked:
    """Report the slots at ``flat`` in runs, with the value furthest from zero, and mark the measured ones.

    Args:
        judging: what is judged.
        flat: flat positions, ascending.
        rule: name of the rule.
        message: the finding in one sentence.
        limit: the limit of each channel [10^exponent units] (n,); None: zero.
    """
    block, days = judging.block, judging.days
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


def has_quantity(block: Block, quantities: pa.StringArray) -> Flags:
    """Return which channels measure one of ``quantities``, bool (n,)."""
    return pc.is_in(block.channels.quantity, value_set=quantities).to_numpy(zero_copy_only=False)


def slots_where(block: Block, hit: Flags, test: SlotTest) -> Ints:
    """Return the flat positions of the values that fail ``test`` on the days that ``hit`` [n, d] names."""
    rows = np.flatnonzero(hit.reshape(-1))
    values = block.values.reshape(-1, block.slots_per_day)[rows]
    row, slot = np.nonzero(test(values, rows // block.days))
    flat = rows[row] * block.slots_per_day + slot
    return flat[~np.isin(block.quality.reshape(-1)[flat], NOT_A_VALUE)]


def delivered(block: Block) -> Ints:
    """Return the values with 0 in place of our own estimates, which say nothing about the meter."""
    estimated = (block.quality == Quality.ESTIMATED) | (block.quality == Quality.FINAL_ESTIMATED)
    return np.where(estimated, 0, block.values) if estimated.any() else block.values


def without(block: Block, flat: Ints) -> Block:
    """Return a block whose slots at ``flat`` are missing."""
    return block.with_slots(flat, values=0, quality=Quality.MISSING, method=Method.NONE)


NOT_JUDGED = (*NOT_A_VALUE, Quality.ESTIMATED, Quality.FINAL_ESTIMATED)
"""Qualities of slots that say nothing about the meter."""
