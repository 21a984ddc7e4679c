"""Every rule, in the order in which they are judged: F, T, V01 to V05, V06 to V11; then what looks at whole months."""

from __future__ import annotations

from pipelines.vee.rules import elsewhere, limits, outliers, presence, runs_of_slots
from pipelines.vee.rules.rule import Rule

SLOT_RULES: tuple[Rule, ...] = (*presence.RULES, *limits.RULES, *outliers.RULES, *runs_of_slots.RULES)
"""Rules over a block of channels; a later one does not see what an earlier one took out."""
RULES: tuple[Rule, ...] = (*SLOT_RULES, *elsewhere.RULES)
_BY_NAME = {rule.name: rule for rule in RULES}


def rule_named(name: str) -> Rule | None:
    """Return a rule by its stable name; None where there is none."""
    return _BY_NAME.get(name)
