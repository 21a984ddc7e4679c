"""Thresholds, rules and steps as a page: what people read is what the program does."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.vee.estimation.steps import STEPS
from pipelines.vee.profile.fields import Thresholds
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules.catalogue import RULES
from pipelines.vee.rules.rule import Rule

_HEAD = """# Thresholds

Generated from the code by `make docs`; a test compares the two. No threshold is a truth: each is to be signed off by the utility,
in a [profile](profiles.md). *Project default* means that no source was read that says so.
"""


def thresholds_reference() -> str:
    """Return the page of thresholds as Markdown."""
    lines = ["", "| threshold | default | meaning and basis | read by |", "|---|---|---|---|", *_threshold_rows()]
    rules = ["", "## Rules in order", "", "| code | rule | severity | a profile may say | basis |", "|---|---|---|---|---|"]
    rules += [
        f"| {rule.code} | `{rule.name}` | `{rule.severity.value}` | {', '.join(rule.allowed) if rule.is_optional else '-'} "
        f"| {rule.basis} |"
        for rule in RULES
    ]
    steps = ["", "## Steps of the ladder", "", "| step | method | scaled to a register | basis |", "|---|---|---|---|"]
    steps += [
        f"| `{step.name}` | `{step.method.name.lower()}` "
        f"| {f'`{step.scaled.name.lower()}`' if step.scaled is not None else 'stands as it is'} | {step.basis} |"
        for step in STEPS.values()
    ]
    return "\n".join([_HEAD.rstrip(), *lines, *rules, *steps, ""])


def _threshold_rows() -> Iterator[str]:
    readers: dict[str, list[str]] = {}
    for rule in RULES:
        for name in rule.thresholds:
            readers.setdefault(name, []).append(rule.name)
    for step in STEPS.values():
        for name in step.thresholds:
            readers.setdefault(name, []).append(step.name)
    for name, field in sorted(VeeProfile.model_fields.items()):
        read_by = ", ".join(f"`{reader}`" for reader in readers.get(name, ())) or "-"
        yield f"| `{name}` | {_spoken(field.default)} | {field.description} | {read_by} |"


def _spoken(default: object) -> str:
    if isinstance(default, Thresholds):
        return ", ".join(f"{name} {value}" for name, value in default)
    if isinstance(default, tuple):
        return ", ".join(f"`{one}`" for one in default) or "none"
    if isinstance(default, dict):
        return "none"
    return str(default).lower()


def rule_line(rule: Rule) -> str:
    """Return the line that a rule's section in the documentation begins with.

    >>> from pipelines.vee.rules.catalogue import rule_named
    >>> rule_line(rule_named("spike"))[:40]
    'V06 · `warn` (a profile may change it) ·'
    """
    changed = " (a profile may change it)" if rule.is_optional else ""
    read = f" · Thresholds: {', '.join(f'`{name}`' for name in rule.thresholds)}" if rule.thresholds else ""
    return f"{rule.code} · `{rule.severity.value}`{changed} · Basis: {rule.basis}{read}"
