"""Every NEM13 file of the reference data through a store: facts of nemreader 0.9.2, see PROVENANCE.md there."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import REFERENCE_DATA

FOLDER = REFERENCE_DATA / "real_data" / "nem13"
FILES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.[cz][si][vp]")) or [
    "the reference data are not there"
]
NEM = timedelta(hours=10)

_PERIODS = """
SELECT service_point_id || '/' || channel AS name, value, native_quality[1] AS flag, period_from, read_at
FROM register_reads JOIN files USING (file_id) WHERE files.name = ? AND kind = 'period'
"""


@pytest.fixture(scope="module")
def nem13_facts(reference_data):
    """What nemreader found in each file: NMI and suffix to facts."""
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"]["nemreader"] for entry in entries if entry["fmt"] == "nem13"}


@pytest.fixture(scope="module")
def store_of(nem13_facts, ingested):
    """The store that holds a file; files that speak of the same register are in different ones."""
    rooms: list[tuple[set[str], list[str]]] = []
    for file in FILES:
        names = set(nem13_facts[file])
        room = next((room for room in rooms if not room[0] & names), None)
        if room is None:
            rooms.append((names, [file]))
        else:
            room[0].update(names)
            room[1].append(file)
    made = [(files, ingested([FOLDER / file for file in files])) for _, files in rooms]
    return lambda file: next(stage for files, stage in made if file in files)


@pytest.mark.parametrize("file", FILES)
class TestEveryFile:
    def test_has_the_quantities_flags_and_ends_of_its_provenance(self, file, store_of, nem13_facts):
        found: dict[str, list[dict[str, object]]] = {}
        for row in store_of(file).query(_PERIODS, Path(file).name):
            found.setdefault(row["name"], []).append(row)
        expected = nem13_facts[file]
        assert found.keys() == expected.keys()
        for name, rows in found.items():
            fact = expected[name]
            assert (len(rows), sum(row["value"] for row in rows)) == (fact["n"], Decimal(str(fact["sum"])))
            assert Counter(row["flag"] for row in rows) == Counter(fact["q"])
            assert (_local(min(row["period_from"] for row in rows)), _local(max(row["read_at"] for row in rows))) == (
                fact["first"],
                fact["last"],
            )

    def test_is_taken_whole_with_two_indexes_a_quantity(self, file, store_of):
        told = next(entry for entry in store_of(file).reports[0].files if entry["name"] == Path(file).name)
        assert (told["format"], told["status"], told["rows_rejected"]) == ("nem13", "accepted", 0)


def _local(instant: datetime) -> str:
    return f"{instant.astimezone(UTC) + NEM:%Y-%m-%d %H:%M}"
