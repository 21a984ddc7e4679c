"""A proof as a reviewer reads it: what was examined, hours and prices, a calendar, the rules in force."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from pipelines.cli.grid import Grid
from tariffs.exact import plain
from tariffs.load import YamlTree, line_of, path_text
from tariffs.prover.charging import life_of
from tariffs.prover.findings import FAILURE, WARNING, Finding, local_text
from tariffs.prover.proof import Proof
from tariffs.prover.rules_in_force import ALWAYS, Rule
from tariffs.prover.tables import MIXED, PeriodRow, VersionTable, ladders_of, letters_of

_DAY = timedelta(days=1)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NOTHING = "."
"""Stands for an hour of a month in which the version is not in force."""


def finding_text(finding: Finding, proof: Proof, tree: YamlTree, path: Path, *, named: bool = True) -> str:
    """Return a finding as ``file:line: field: what``, with the minute that shows it, and its severity and code if named."""
    minute = f", first at {local_text(proof.tariff.tariff_clock, finding.minute)}" if finding.minute is not None else ""
    name = f"{finding.severity} {finding.code}: " if named else ""
    return f"{name}{path}:{line_of(finding.path, tree)}: {path_text(finding.path)}: {finding.what}{minute}"


def proof_parts(proof: Proof, sha256: str, stored: str) -> list[str | Grid]:
    """Return a proof in sentences and tables, its findings left out.

    Args:
        proof: the proof.
        sha256: of the document.
        stored: whether the store has it, in words.
    """
    parts: list[str | Grid] = [*_verdict(proof), f"document {sha256}, time zones of tzdata {proof.zone_data}, {stored}"]
    calendars: dict[str, str] = {}
    for table in proof.tables:
        parts += ["", *_table(proof, table, calendars)]
    parts += ["", "Rules in force:", _rules(proof), "", "Rules of the program:", *(f"  {rule}" for rule in ALWAYS)]
    return [*parts, ""] if proof.of(WARNING) else parts


def _verdict(proof: Proof) -> Iterator[str]:
    tariff, horizon = proof.tariff, proof.horizon
    failures, warnings = len(proof.of(FAILURE)), len(proof.of(WARNING))
    verdict = "proven" if proof.holds else f"NOT proven, {failures} {'failure' if failures == 1 else 'failures'}"
    warned = "1 warning" if warnings == 1 else f"{warnings} warnings"
    yield f"{tariff.tariff}: {verdict}, {warned} ({tariff.currency}, {tariff.clock})"
    span = f"{horizon.first} to {horizon.after - _DAY}"
    if proof.seen is None:
        yield f"{span}: no minute was examined, as seasons, holidays, events or periods cannot be followed"
        return
    held = "each with one version, one period and one price per direction, the same in the calendar that bills"
    leap_days = _leap_days(horizon.first, horizon.after)
    yield (
        f"{span}: {proof.seen.minutes:,} minutes in {proof.seen.days:,} days, {leap_days} leap days"
        f" and {len(proof.seen.changes)} changes of the clock" + (f"; {held}" if proof.holds else "")
    )
    if proof.by_day:
        yield f"to {horizon.ahead_to - _DAY}: {proof.by_day:,} dates by kind of day, season and holiday"


def _leap_days(first: date, after: date) -> int:
    days = (date(year, 2, 28) + _DAY for year in range(first.year, after.year + 1))
    return sum(day.day > 1 and first <= day < after for day in days)


def _table(proof: Proof, table: VersionTable, calendars: dict[str, str]) -> Iterator[str | Grid]:
    version = proof.tariff.versions[table.version]
    first, after = life_of(proof.tariff, table.version, proof.horizon)
    title = f"{table.direction}, version from {version.from_}"
    until = "" if after == proof.horizon.after else f" until {after} (not included)"
    yield f"{title}: {first}{until}" if until else title
    charges = [charge for charge, _ in table.rows[0].prices]
    total = sum(row.minutes for row in table.rows)
    rows = [
        [
            row.period or "all minutes",
            _hours(row.minutes),
            _a_year(row),
            _share(row.minutes, total),
            *(text for _, text in row.prices),
        ]
        for row in table.rows
    ]
    numbers = ["hours", "hours a year", "share", *charges]
    yield Grid(["period", *numbers], rows, right=numbers)
    if table.direction == "import":
        for charge, steps in ladders_of(version):
            yield f"steps of {charge}: {'; '.join(steps)}"
    if not table.calendar:
        return
    letters = letters_of([row.period for row in table.rows if row.period is not None])
    drawn = "\n".join(_calendar(table, letters))
    same = calendars.setdefault(drawn, title)
    yield f"calendar: as {same}" if same != title else drawn


def _calendar(table: VersionTable, letters: dict[str, str]) -> Iterator[str]:
    types = list(table.calendar)
    yield "     " + "  ".join(day_type.ljust(24) for day_type in types).rstrip()
    for digits in ("".join(str(hour // 10) for hour in range(24)), "".join(str(hour % 10) for hour in range(24))):
        yield "     " + "  ".join(digits for _ in types)
    for month, name in enumerate(_MONTHS):
        yield f"{name}  " + "  ".join("".join(_letter(cell, letters) for cell in table.calendar[kind][month]) for kind in types)
    yield "; ".join([*(f"{letter} {name}" for name, letter in letters.items()), f"{MIXED} several", f"{_NOTHING} not in force"])


def _letter(cell: tuple[str, ...], letters: dict[str, str]) -> str:
    if not cell:
        return _NOTHING
    return letters[cell[0]] if len(cell) == 1 else MIXED


def _hours(minutes: int) -> str:
    whole, rest = divmod(minutes, 60)
    return f"{whole:,}" + (f":{rest:02d}" if rest else "")


def _a_year(row: PeriodRow) -> str:
    years = sorted(set(row.by_year.values()))
    if not years:
        return "-"
    return _hours(years[0]) if len(years) == 1 else f"{_hours(years[0])} to {_hours(years[-1])}"


def _share(minutes: int, total: int) -> str:
    if not total:
        return "-"
    return f"{plain((Decimal(100 * minutes) / total).quantize(Decimal('0.01'), ROUND_HALF_UP))} %"


def _rules(proof: Proof) -> Grid:
    several = len(proof.tariff.versions) > 1
    rows = [
        [rule.path, rule.value, "default" if rule.is_default else "document", *([_versions(proof, rule)] if several else [])]
        for rule in proof.rules
    ]
    return Grid(["rule", "value", "said by", *(["versions from"] if several else [])], rows)


def _versions(proof: Proof, rule: Rule) -> str:
    if len(rule.versions) in (0, len(proof.tariff.versions)):
        return "all"
    return ", ".join(str(proof.tariff.versions[number].from_) for number in rule.versions)
