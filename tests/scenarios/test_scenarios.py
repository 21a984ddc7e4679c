"""Business situations, played: what ``when`` holds goes through the whole flow, and every table in ``then`` follows exactly.

Every bill of every run is rated again by the reference engine: one that differs would end the run.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.scenarios.stage import Played, Stage, expected_rows, play, text_of

HERE = Path(__file__).parent
SCENARIOS = sorted(HERE.glob("given_*"))
CATALOGUE = YAML(typ="safe", pure=True).load(HERE / "cases.yaml")
CASES = {f"{chapter}.{case}" for chapter, cases in CATALOGUE.items() for case in cases}

_CLAIM = re.compile(r"^- `([a-z_]+\.[a-z_0-9]+)`", re.MULTILINE)
_WITH_AGREEMENT = {
    "charge_lines": "SELECT bills.agreement_id, charge_lines.* FROM charge_lines JOIN bills USING (bill_id)",
}
"""Tables whose rows are easier to read with the agreement they belong to."""
_ESTIMATED = "estimated"


@pytest.mark.parametrize("scenario", [pytest.param(path, id=path.name) for path in SCENARIOS])
def test_then_follows(scenario: Path, tmp_path: Path, new_stage: Callable[..., Stage]) -> None:
    """Each table in ``then`` equals what the flow made of ``when``; ``then/after_step_N`` what stood after step N."""
    last = 0
    for number, played in play(scenario / "when", tmp_path, new_stage):
        last = number
        _assert_tables(played, scenario / "then" / f"after_step_{number}")
    assert last, "no step was played"
    _assert_rated_again(scenario, played)
    _assert_tables(played, scenario / "then")
    assert not played.errors or (scenario / "then" / "errors.csv").exists(), played.errors


def _assert_rated_again(scenario: Path, played: Played) -> None:
    """All bills were rated again; by sums alone only those on registers."""
    by_sums = 0
    for report in played.stage.reports:
        assert report.counters.get("bills_cross_checked", 0) >= report.counters.get("bills_made", 0)
        by_sums += report.counters.get("bills_cross_checked_by_sums", 0)
    points = expected_rows(scenario / "when" / "service_points.csv")
    on_registers = any(point.get("billing_basis") == "register" for point in points)
    assert not by_sums or on_registers


def _assert_tables(played: Played, folder: Path) -> None:
    for path in sorted(folder.glob("*.csv")):
        expected = expected_rows(path)
        names = path.read_text("utf-8").splitlines()[0].split(",")
        found = _found(played, path.stem, names, expected)
        assert sorted(found, key=str) == sorted(expected, key=str), f"{path.parent.name}/{path.name}"


def _found(played: Played, table: str, names: Sequence[str], expected: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """Return what came of the scenario, in the columns that were asked for."""
    if table == "errors":
        return [_as_told(error, row, names) for error, row in zip(played.errors, [*expected, *([{}] * 9)], strict=False)]
    if table == "counters":
        return [{name: text_of(played.stage.reports[-1].counters.get(name, 0)) for name in names}]
    if table == "daily":
        return [row | {"pattern": _pattern(played, row)} for row in expected]
    source = _WITH_AGREEMENT.get(table, f"SELECT * FROM {table}")
    rows = played.stage.query(f"SELECT {', '.join(names)} FROM ({source})")
    return [{name: text_of(row[name]) for name in names} for row in rows]


def _as_told(error: dict[str, str], row: dict[str, str], names: Sequence[str]) -> dict[str, str]:
    """Return an error; a part of its message, in the column ``says``, stands for the whole."""
    says = row.get("says", "")
    return {name: says if name == "says" and says in error["message"] else error.get(name, error["message"]) for name in names}


def _pattern(played: Played, row: dict[str, str]) -> str:
    """Return a validated day in the words of ``daily.csv``: an estimate with ``@`` and its method, ``(missing)`` for no value."""
    keys = [name for name in ("service_point_id", "meter_id", "channel") if name in row]
    slots = played.stage.query(
        f"""SELECT value, quality, method, native_quality FROM readings
        JOIN service_points USING (service_point_id)
        WHERE {" AND ".join(f"{name} = ?" for name in keys)}
          AND (interval_start AT TIME ZONE 'UTC' + to_minutes(standard_offset_minutes::INTEGER))::DATE = ?::DATE
        ORDER BY interval_start""",
        *(row[name] for name in keys),
        row["day"],
    )
    marked = [_slot_text(slot) for slot in slots]
    return ",".join(f"{len(list(run))}x{text}" for text, run in groupby(marked))


def _slot_text(slot: dict[str, object]) -> str:
    if slot["value"] is None:
        return f"({slot['quality']})"
    if slot["quality"] == _ESTIMATED:
        return f"{text_of(slot['value'])}@{slot['method']}"
    native = slot["native_quality"]
    return text_of(slot["value"]) + ("" if native in (None, "", "A") else str(native))


def claims_of(scenario: Path) -> list[str]:
    return _CLAIM.findall((scenario / "README.md").read_text("utf-8"))


class TestCatalogue:
    @pytest.mark.parametrize("case", sorted(CASES))
    def test_every_business_case_has_a_scenario(self, case):
        assert [scenario.name for scenario in SCENARIOS if case in claims_of(scenario)]

    @pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
    def test_a_scenario_claims_only_cases_of_the_catalogue(self, scenario):
        claims = claims_of(scenario)
        assert claims
        assert set(claims) <= CASES

    @pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda path: path.name)
    def test_a_scenario_has_something_to_follow(self, scenario):
        assert list((scenario / "then").rglob("*.csv"))
