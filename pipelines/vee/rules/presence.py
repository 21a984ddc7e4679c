"""Presence: slots that should be there and are not, or are there twice."""

from __future__ import annotations

from pipelines.vee.block import runs
from pipelines.vee.findings import report
from pipelines.vee.rules.rule import Judging, Marked, Rule
from schemas.codes import Quality, Severity


def gap(judging: Judging) -> Marked:
    """Report each contiguous run of missing slots (catalogue T02, T03): one finding per run, channel and month.

    Slots outside a meter's installation (``NOT_EXPECTED``) are not missing.
    """
    return _runs_with(judging, Quality.MISSING, GAP, "slots missing")


def conflict(judging: Judging) -> Marked:
    """Report each run of slots delivered twice with different values: never chosen between, never estimated."""
    return _runs_with(judging, Quality.CONFLICT, CONFLICT, "slots delivered with different values, none of them newer")


def _runs_with(judging: Judging, quality: Quality, rule: Rule, message: str) -> Marked:
    block = judging.block
    if not block.quality.any():
        return Marked.nothing()
    start, end = runs(block.positions_with(quality), block.slots)
    findings = report(block, judging.days, start, end, rule=rule.name, severity=rule.severity, message=message, counted=True)
    return Marked.nothing()._replace(findings=findings)


GAP = Rule("T03", "gap", Severity.EST, "all standards; the count of a local day by the zone database", gap)
CONFLICT = Rule("F03", "conflict", Severity.BLOCK, "Oracle Duplicate IMD Check; decision 0003", conflict)
RULES = (GAP, CONFLICT)
