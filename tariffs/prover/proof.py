"""A proof: what was examined, what it rests on, and everything that was found, for a reviewer to sign."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from importlib.metadata import version as installed
from typing import NamedTuple

from tariffs.checks import problems_of
from tariffs.model import Tariff
from tariffs.problems import Problem
from tariffs.prover.charging import charging, taken_on_trust
from tariffs.prover.coverage import TWO_READINGS, coverage
from tariffs.prover.days import look_by_day
from tariffs.prover.findings import FAILURE, WARNING, Finding
from tariffs.prover.horizon import Horizon, horizon_of
from tariffs.prover.past import repriced
from tariffs.prover.references import references
from tariffs.prover.rules_in_force import Rule, rules_in_force
from tariffs.prover.shadows import shadows
from tariffs.prover.suspicious_prices import suspicious_prices
from tariffs.prover.suspicious_rules import suspicious_rules
from tariffs.prover.tables import VersionTable, tables_of
from tariffs.prover.walk import Walk, walk
from tariffs.scalars import GAP

_OF_TIME = ("periods", "seasons", "events", "holidays")
"""Fields without which minutes cannot be examined."""


class Proof(NamedTuple):
    """A proof, or why there is none.

    Attributes:
        tariff: what was examined.
        horizon: the dates.
        seen: what the walk found; None where the references of periods lead nowhere, so that no minute could be examined.
        by_day: dates examined by kind of day, besides the minutes.
        findings: failures, warnings and notes.
        tables: periods, hours and prices; the calendar.
        rules: every rule in force.
        zone_data: release of the time zone database that the clock follows.
    """

    tariff: Tariff
    horizon: Horizon
    seen: Walk | None
    by_day: int
    findings: tuple[Finding, ...]
    tables: tuple[VersionTable, ...]
    rules: tuple[Rule, ...]
    zone_data: str

    def of(self, severity: str) -> list[Finding]:
        """Return the findings of one severity."""
        return [finding for finding in self.findings if finding.severity == severity]

    @property
    def holds(self) -> bool:
        """Whether every minute of the horizon has exactly one price."""
        return not self.of(FAILURE)

    @property
    def is_ours(self) -> bool:
        """Whether the program contradicts itself: the document is not to blame."""
        return any(finding.code == TWO_READINGS for finding in self.findings)


def prove(
    tariff: Tariff,
    *,
    today: date,
    loaded: Tariff | None = None,
    from_year: int | None = None,
    to_year: int | None = None,
) -> Proof:
    """Examine a tariff.

    Args:
        tariff: a document of the right shape, whether it can be loaded or not.
        today: the day of the proof.
        loaded: what the store holds under its name; None where nothing.
        from_year: first year of the horizon; see ``horizon_of``.
        to_year: last year of the horizon.

    Raises:
        InputRefusedError: ``horizon.empty``.
    """
    horizon = horizon_of(tariff, today=today, from_year=from_year, to_year=to_year)
    problems = problems_of(tariff)
    refused = {problem.path for problem in problems}
    found = [finding for finding in references(tariff) if finding.path not in refused]
    known = [problem.path for problem in problems] + [finding.path for finding in found]
    holes = {(problem.path, problem.code) for problem in problems if problem.code == GAP}
    blocked = any(part in _OF_TIME for path in known if (path, GAP) not in holes for part in path)
    seen = None if blocked else walk(tariff, horizon)
    by_day = 0
    if seen is not None:
        shadowed: list[Finding] = []
        for direction in seen.directions:
            dates, taking = look_by_day(direction, horizon)
            by_day += dates
            shadowed += shadows(direction, taking)
        found += [*coverage(seen), *charging(tariff, horizon, seen), *shadowed]
    found += _not_found_yet(problems, found)
    found += [*suspicious_prices(tariff, seen), *suspicious_rules(tariff, horizon), *taken_on_trust(tariff)]
    if loaded is not None:
        found += repriced(loaded, tariff, today=today)
    tables = tables_of(tariff, horizon, seen) if seen is not None else []
    findings = tuple(dict.fromkeys(found))
    rules = tuple(rules_in_force(tariff))
    return Proof(tariff, horizon, seen, by_day, findings, tuple(tables), rules, installed("tzdata"))


def _not_found_yet(problems: Sequence[Problem], found: Sequence[Finding]) -> list[Finding]:
    """Return what the check at load refuses and the proof has not named by its field: a proof is never milder than a load."""
    named = {finding.path for finding in found if finding.severity == FAILURE}
    return [Finding(FAILURE, problem.code, problem.path, problem.what) for problem in problems if problem.path not in named]


def counts(proof: Proof) -> dict[str, int]:
    """Return how many failures and warnings there are."""
    return {"failures": len(proof.of(FAILURE)), "warnings": len(proof.of(WARNING))}
