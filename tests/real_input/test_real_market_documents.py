"""Every real measure document of the Danish hub and Eloverblik, through stores: facts of PROVENANCE.md there.

Some of them say the same hours of one metering point otherwise under one registration, or repeat them: they are in
different stores.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import pytest

from tests.scenarios.stage import Stage

TAKEN = {
    # file: format, metering point, channel, direction, minutes of a slot
    "ebix_ValidMeteredDataForMeteringPoint.xml": ("ebix", "571313000000002000", "E18/8716867000030", "export", 15),
    "eloverblik_short.json": ("eloverblik", "5713131791000XXXX1", "A04", "import", 60),
    "json_ValidMeteredDataForMeteringPoint.json": ("cim_market_json", "571313000000002000", "E18/8716867000030", "export", 60),
    "json_ValidMeteredDataForMeteringPointWithTwoTransactions.json": (
        "cim_market_json", "571313000000002000", "E18/8716867000030", "export", 60,
    ),
    "xml_ValidMeteredDataForMeteringPoint.xml": ("cim_market_xml", "571313000000002000", "E18/8716867000030", "export", 60),
}  # fmt: skip
TIMES = {
    # start of the first slot and end of the last one that is there; three documents hold six of the 24 points of a day
    "ebix_ValidMeteredDataForMeteringPoint.xml": ("2024-06-29T22:00", "2024-06-30T22:00"),
    "eloverblik_short.json": ("2024-02-11T23:00", "2024-02-12T01:00"),
    "json_ValidMeteredDataForMeteringPoint.json": ("2024-06-28T22:00", "2024-06-29T04:00"),
    "json_ValidMeteredDataForMeteringPointWithTwoTransactions.json": ("2024-06-28T22:00", "2024-06-30T04:00"),
    "xml_ValidMeteredDataForMeteringPoint.xml": ("2024-06-28T22:00", "2024-06-29T04:00"),
}
REFUSED = {
    # the sender's identification is not there: the key is written INVALID.mRID
    "json_InvalidMeteredDataForMeteringPoint.json": "document.incomplete",
    "xml_BadVersionMeteredDataForMeteringPoint.xml": "schema.version",
}


@pytest.fixture(scope="module")
def market_facts(reference_data) -> Mapping[str, Mapping[str, Any]]:
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "cim_ebix_dk"}


@pytest.fixture(scope="module")
def market_store(reference_data, ingested) -> Callable[[str], Stage]:
    apart = [file for file in TAKEN if file.startswith("json_")]
    together = [file for file in (*TAKEN, *REFUSED) if file not in apart]
    folder = reference_data / "real_data" / "cim_ebix_dk"
    made = {tuple(files): ingested([folder / file for file in files]) for files in (together, *([file] for file in apart))}
    return lambda file: next(stage for files, stage in made.items() if file in files)


def rows_of(stage: Stage, file: str, columns: str) -> list[dict[str, Any]]:
    return stage.query(f"SELECT {columns} FROM delivered_readings JOIN files USING (file_id) WHERE files.name = ?", file)


def test_no_document_is_forgotten(market_facts):
    assert set(market_facts) == {*TAKEN, *REFUSED}


@pytest.mark.parametrize("file", TAKEN)
class TestEveryDocumentThatIsTaken:
    def test_has_the_count_and_sum_of_its_provenance(self, file, market_store, market_facts):
        (found,) = rows_of(market_store(file), file, "count(value) AS n, sum(value) AS total")
        facts = market_facts[file]
        counted = next(iter(facts["numbers(n,sum)"].values())) if "numbers(n,sum)" in facts else (facts["values"], facts["sum"])
        assert (found["n"], found["total"]) == (counted[0], Decimal(counted[1]))

    def test_has_the_qualities_of_its_provenance(self, file, market_store, market_facts):
        rows = rows_of(market_store(file), file, "native_quality")
        assert Counter(row["native_quality"] for row in rows if row["native_quality"]) == market_facts[file]["quality"]

    def test_says_whose_values_they_are(self, file, market_store):
        columns = "DISTINCT format, service_point_id, channel, direction, interval_minutes, quantity, unit"
        found = rows_of(market_store(file), file, columns)
        assert [tuple(row.values()) for row in found] == [(*TAKEN[file], "active_energy", "kWh")]

    def test_has_its_first_and_last_time(self, file, market_store):
        ends = "min(interval_start) AS first_start, max(interval_start + to_minutes(interval_minutes::INTEGER)) AS last_end"
        (found,) = rows_of(market_store(file), file, ends)
        assert tuple(f"{at:%Y-%m-%dT%H:%M}" for at in found.values()) == TIMES[file]

    def test_not_available_is_missing_and_never_zero(self, file, market_store):
        rows = rows_of(market_store(file), file, "value, quality, native_quality")
        missing = [row for row in rows if row["native_quality"] == "A02"]
        assert {(row["value"], row["quality"]) for row in missing} <= {(None, "missing")}
        assert len(missing) == sum(row["value"] is None for row in rows)

    def test_accounts_for_every_row(self, file, market_store):
        told = next(entry for entry in market_store(file).reports[0].files if entry["name"] == file)
        assert (told["status"], told["rows_rejected"]) == ("accepted", 0)
        assert told["rows_read"] == told["rows_accepted"]


@pytest.mark.parametrize("file", REFUSED)
def test_a_document_that_must_be_refused_leaves_a_code_and_no_reading(file, market_store):
    stage = market_store(file)
    assert stage.query("SELECT code FROM rejections WHERE name = ?", file) == [{"code": REFUSED[file]}]
    assert rows_of(stage, file, "value") == []
    assert stage.query("SELECT status, rows_read, rows_rejected FROM files WHERE name = ?", file) == [
        {"status": "rejected", "rows_read": 1, "rows_rejected": 1}
    ]


def test_two_documents_that_contradict_each_other_are_a_conflict(reference_data, ingested):
    # XML and JSON of one registration: 56 in each hour, and 242, 242, 222, 202, 191, nothing
    folder = reference_data / "real_data" / "cim_ebix_dk"
    names = ("xml_ValidMeteredDataForMeteringPoint.xml", "json_ValidMeteredDataForMeteringPoint.json")
    stage = ingested([folder / name for name in names])
    assert {row["code"] for row in stage.query("SELECT DISTINCT code FROM rejections")} == {"conflict.same_version"}
