"""A proof as programs read it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tariffs.load import YamlTree, line_of, path_text
from tariffs.prover.coverage import summary_of_changes
from tariffs.prover.findings import Finding, local_text
from tariffs.prover.proof import Proof, counts
from tariffs.prover.rules_in_force import ALWAYS
from tariffs.prover.tables import VersionTable, ladders_of


def proof_tree(proof: Proof) -> dict[str, Any]:
    """Return what was examined and what it came to; all numbers are whole; a clock that goes back has minutes below 0."""
    day = timedelta(days=1)
    horizon: dict[str, Any] = {
        "first_day": proof.horizon.first,
        "last_day": proof.horizon.after - day,
        "minutes": proof.seen.minutes if proof.seen is not None else 0,
        "days": proof.seen.days if proof.seen is not None else 0,
        "clock_changes": summary_of_changes(proof.seen) if proof.seen is not None else [],
        "days_by_kind": proof.by_day,
        "days_by_kind_to": proof.horizon.ahead_to - day,
    }
    return {
        "proven": proof.holds,
        **counts(proof),
        "horizon": horizon,
        "tzdata": proof.zone_data,
        "tables": [_table(proof, table) for table in proof.tables],
        "ladders": [
            {"version": version.from_, "charge_id": charge, "steps": list(steps)}
            for version in proof.tariff.versions
            for charge, steps in ladders_of(version)
        ],
        "rules": [
            {
                "rule": rule.path,
                "value": rule.value,
                "default": rule.is_default,
                "versions": [proof.tariff.versions[number].from_ for number in rule.versions],
            }
            for rule in proof.rules
        ],
        "rules_of_the_program": list(ALWAYS),
    }


def _table(proof: Proof, table: VersionTable) -> dict[str, Any]:
    return {
        "version": proof.tariff.versions[table.version].from_,
        "direction": table.direction,
        "periods": [
            {
                "period": row.period,
                "minutes": row.minutes,
                "minutes_by_year": {str(year): minutes for year, minutes in row.by_year.items()},
                "prices": dict(row.prices),
            }
            for row in table.rows
        ],
        "calendar": table.calendar,
    }


def finding_tree(finding: Finding, proof: Proof, tree: YamlTree) -> dict[str, Any]:
    """Return a finding; its minute is local time with its offset, null where time does not come into it."""
    return {
        "severity": finding.severity,
        "code": finding.code,
        "path": path_text(finding.path),
        "line": line_of(finding.path, tree),
        "what": finding.what,
        "minute": local_text(proof.tariff.tariff_clock, finding.minute) if finding.minute is not None else None,
    }
