"""Every D0010 file of the reference data: facts counted by hand, see PROVENANCE.md there."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "uk_d0010"
FILES = sorted(path.name for path in FOLDER.glob("*.uff")) or ["the reference data are not there"]
_READS = "SELECT register_reads.* FROM register_reads JOIN files USING (file_id) WHERE files.name = ?"


@pytest.fixture(scope="module")
def d0010_facts(reference_data: Path) -> dict[str, dict[str, Any]]:
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "uk_d0010"}


@pytest.fixture(scope="module")
def d0010_store(reference_data: Path, ingested) -> Stage:
    return ingested([FOLDER / name for name in FILES])


@pytest.mark.parametrize("file", FILES)
class TestEveryFile:
    def test_has_the_readings_of_its_provenance(self, file, d0010_store, d0010_facts):
        rows, facts = d0010_store.query(_READS, file), d0010_facts[file]
        assert (len(rows), sum(row["value"] for row in rows)) == (facts["reads(030)"], Decimal(facts["sum_of_reads"]))
        assert Counter(row["channel"] for row in rows) == facts["register_ids"]
        assert len({row["service_point_id"] for row in rows}) == facts["MPAN(026)"]
        assert len({row["meter_id"] for row in rows}) == facts["meters(028)"]
        assert {(row["kind"], row["unit"]) for row in rows} == {("index", None)}

    def test_has_the_times_of_its_provenance(self, file, d0010_store, d0010_facts):
        times = [row["read_at"] for row in d0010_store.query(_READS, file)]
        first, last = (
            datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC) for text in d0010_facts[file]["dates"]
        )  # the store's clock is UTC
        assert (min(times), max(times)) == (first, last)

    def test_says_where_its_count_lies_and_loses_no_row(self, file, d0010_store, d0010_facts):
        facts = d0010_facts[file]
        told = next(entry for entry in d0010_store.reports[0].files if entry["name"] == file)
        lies = int(facts["ZPT_record_count_claimed"]) != facts["actual_data_records"]
        assert [warning["code"] for warning in told["warnings"]] == ["trailer.count"] * lies
        assert (told["status"], told["rows_read"], told["rows_accepted"]) == (
            "accepted",
            facts["reads(030)"],
            facts["reads(030)"],
        )


def test_deemed_readings_are_estimated(d0010_store):
    rows = d0010_store.query(_READS, "DTC5259515123502080915D0010.uff")
    # counted in the file: four meters of type D, one with two registers, and seven of type C, one with two registers
    assert Counter((row["native_quality"], row["quality"]) for row in rows) == {
        ("D|T|N", "estimated"): 5,
        ("C|T|N", "measured"): 8,
    }


def test_blanks_inside_a_serial_number_are_kept(d0010_store):
    meters = {row["meter_id"] for row in d0010_store.query(_READS, "residential_smart_meters.uff")}
    assert all(" " in meter for meter in meters)
