"""Every NEM12 file of the reference data: facts of nemreader 0.9.2, see PROVENANCE.md there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "nem12"
VALID = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.[cz][si][vp]") if path.parent.name != "invalid")
FILES = VALID or ["the reference data are not there"]
A_THOUSANDTH = ("wh", "varh")
"""Units of some files; the store has kWh and kvarh."""

READ_BETTER = {
    # a line break splits the 300 record of 13 January; nemreader lays its 400 records (A 1-24, E 25-48) on the 12th, which is
    # actual throughout: 11 F and 37 A on the 11th, 48 A on the 12th
    ("aemo_scenarios/NEM12#Scenario10#ETSAMDP#NEMMCO.zip", "NEM1210191/B2"): {"A": 85, "F": 11},
}
"""Facts in which the reader that PROVENANCE.md quotes is wrong."""

_FACTS = """
SELECT service_point_id || '/' || channel AS name, count(*) AS n, sum(value) AS total, min(interval_start) AS first_start,
  max(interval_start + to_minutes(interval_minutes::INTEGER)) AS last_end, any_value(clock) AS clock
FROM delivered_readings JOIN files USING (file_id) WHERE files.name = ? GROUP BY ALL
"""
_QUALITIES = """
SELECT service_point_id || '/' || channel AS name, native_quality[1] AS flag, count(*) AS n
FROM delivered_readings JOIN files USING (file_id) WHERE files.name = ? GROUP BY ALL
"""


@pytest.fixture(scope="module")
def store_of(nem12_facts: Mapping[str, Mapping[str, object]], ingested) -> Callable[[str], Stage]:
    """The store that holds a file; files that speak of the same NMI are in different ones."""
    groups: list[tuple[set[str], list[str]]] = []
    for file in VALID:
        points = {name.split("/")[0] for name in nem12_facts[file]}
        room = next((group for group in groups if not group[0] & points), None)
        if room is None:
            groups.append((points, [file]))
        else:
            room[0].update(points)
            room[1].append(file)
    made = [(files, ingested([FOLDER / file for file in files])) for _, files in groups]
    return lambda file: next(stage for files, stage in made if file in files)


@pytest.mark.parametrize("file", FILES)
class TestEveryValidFile:
    def test_has_the_slots_sums_and_ends_of_its_provenance(self, file, store_of, nem12_facts):
        rows = store_of(file).query(_FACTS, Path(file).name)
        found = {row["name"]: (row["n"], row["total"], *_local(row)) for row in rows}
        expected = {}
        for name, facts in nem12_facts[file].items():
            total = Decimal(str(facts["sum"])).scaleb(-3 if facts["uom"].lower() in A_THOUSANDTH else 0)
            expected[name] = (facts["n"], total, facts["first"], facts["last"])
        assert found == expected

    def test_has_the_quality_flags_of_its_provenance(self, file, store_of, nem12_facts):
        found: dict[str, dict[str, int]] = {}
        for row in store_of(file).query(_QUALITIES, Path(file).name):
            found.setdefault(row["name"], {})[row["flag"]] = row["n"]
        assert found == {name: READ_BETTER.get((file, name), facts["q"]) for name, facts in nem12_facts[file].items()}

    def test_accounts_for_every_row(self, file, store_of):
        told = next(entry for entry in store_of(file).reports[0].files if entry["name"] == Path(file).name)
        kept = ("rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded")
        assert told["rows_read"] == sum(told[name] for name in kept)


def _local(row: Mapping[str, object]) -> tuple[str, str]:
    """Return first start and last end on the file's own clock, as PROVENANCE.md shows them."""
    sign = -1 if row["clock"].startswith("-") else 1
    hours, minutes = (int(part) for part in row["clock"][1:].split(":"))
    offset = sign * timedelta(hours=hours, minutes=minutes)
    return tuple(f"{(at + offset):%Y-%m-%d %H:%M}" for at in (row["first_start"], row["last_end"]))


@pytest.fixture(scope="module")
def mixed(reference_data: Path, ingested) -> Stage:
    """A store that was given every invalid file and a valid one, all at once."""
    folder = reference_data / "real_data" / "nem12"
    return ingested([*sorted((folder / "invalid").iterdir()), folder / "Example_NEM12_multiple_quality.csv"])


INVALID = [
    pytest.param("Example_NEM12_15min_200_30min_300.csv", "rejected", {"record.length"}, id="48 values in a 15-minute day"),
    pytest.param("NEM12#InvalidIntervalDataLength#CNRGYMDP#NEMMCO.csv", "rejected", {"record.length"}, id="44 values"),
    pytest.param("Example_empty_file.csv", "rejected", {"file.empty"}, id="no byte at all"),
    pytest.param("Example_NEM12_powercor.csv", "rejected", {"conflict.same_version"}, id="two values for each slot"),
    pytest.param("Example_NEM12_missing_header.csv", "accepted", set(), id="no header: all else is there"),
    pytest.param("NEM12#EmptyCells300Record#CNRGYMDP#NEMMCO.csv", "accepted", set(), id="empty cells"),
]
WARNED = [
    pytest.param("Example_NEM12_missing_header.csv", "header.missing", id="no header"),
    pytest.param("NEM12#EmptyCells300Record#CNRGYMDP#NEMMCO.csv", "value.missing", id="empty cells"),
]


class TestInvalidFiles:
    @pytest.mark.parametrize(("file", "status", "codes"), INVALID)
    def test_is_refused_with_a_code(self, mixed, file, status, codes):
        told = mixed.query("SELECT status FROM files WHERE name = ?", file)
        why = mixed.query("SELECT DISTINCT code FROM rejections WHERE name = ?", file)
        assert ([row["status"] for row in told], {row["code"] for row in why}) == ([status], codes)

    @pytest.mark.parametrize(("file", "code"), WARNED)
    def test_what_cost_no_row_is_a_warning(self, mixed, file, code):
        told = next(entry for entry in mixed.reports[0].files if entry["name"] == file)
        assert [warning["code"] for warning in told["warnings"]] == [code]

    def test_an_empty_cell_is_missing_and_never_zero(self, mixed):
        rows = mixed.query("SELECT DISTINCT value, quality FROM delivered_readings WHERE service_point_id = 'NEM1201002'")
        assert rows == [{"value": None, "quality": "missing"}]

    def test_costs_no_other_file_a_row(self, mixed):
        # PROVENANCE.md: CCCC123456/E1 n=48 sum=896.99
        rows = mixed.query(
            "SELECT count(*) AS n, sum(value) AS total FROM delivered_readings WHERE service_point_id = 'CCCC123456'"
        )
        assert rows == [{"n": 48, "total": Decimal("896.99")}]

    def test_a_file_that_contradicts_itself_does_not_speak_against_another(self, mixed):
        # PROVENANCE.md: Example_NEM12_missing_header.csv, VABD000163/E1 n=48 sum=53.328
        rows = mixed.query(
            "SELECT sum(value) AS total FROM delivered_readings WHERE service_point_id = 'VABD000163' AND channel = 'E1'"
        )
        assert rows == [{"total": Decimal("53.328")}]


def test_the_first_interval_is_at_midnight_in_market_time(store_of, reference_data):
    stage = store_of("Example_NEM12_month_solar.csv")
    rows = stage.query(
        "SELECT min(interval_start) AS first_start FROM delivered_readings WHERE channel = 'B1' AND interval_minutes = 5"
    )
    # sent by WBAYM: Western Power, +08:00 (contract, section 2)
    assert rows == [{"first_start": datetime.fromisoformat("2023-02-28T16:00:00+00:00")}]
