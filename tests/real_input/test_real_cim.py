"""Every real IEC 61968-9 file of the reference data, through a store: facts of PROVENANCE.md there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

FILES = ("encourage_getLongXMLMeasure.xml", "encourage_getShortXMLMeasure.xml")


@pytest.fixture(scope="module")
def cim_facts(reference_data) -> Mapping[str, Mapping[str, Any]]:
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "cim_61968_9"}


@pytest.fixture(scope="module")
def cim_store(reference_data, ingested):
    return ingested([reference_data / "real_data" / "cim_61968_9" / file for file in FILES])


def reads_of(stage, file: str) -> list[dict[str, Any]]:
    return stage.query("SELECT register_reads.* FROM register_reads JOIN files USING (file_id) WHERE files.name = ?", file)


@pytest.mark.parametrize("file", FILES)
class TestEveryFile:
    def test_has_the_count_and_sum_of_its_provenance(self, file, cim_store, cim_facts):
        rows = reads_of(cim_store, file)
        assert (len(rows), sum(row["value"] for row in rows)) == (cim_facts[file]["values"], Decimal(cim_facts[file]["sum"]))

    def test_has_the_reading_types_of_its_provenance(self, file, cim_store, cim_facts):
        assert Counter(row["channel"] for row in reads_of(cim_store, file)) == cim_facts[file]["reading_types"]

    def test_has_the_first_and_last_time_of_its_provenance(self, file, cim_store, cim_facts):
        times = sorted(row["read_at"] for row in reads_of(cim_store, file))
        expected = [datetime.fromisoformat(cim_facts[file][end]) for end in ("first", "last")]
        assert [times[0], times[-1]] == expected

    def test_is_taken_whole(self, file, cim_store):
        told = next(entry for entry in cim_store.reports[0].files if entry["name"] == file)
        assert (told["format"], told["status"], told["rows_rejected"]) == ("cim_meter_readings", "accepted", 0)


def test_export_is_told_from_import_and_money_from_energy(cim_store):
    rows = cim_store.query(
        "SELECT direction, sum(value) AS total FROM register_reads WHERE unit = 'kWh' AND meter_id = 'DKDJ010101' GROUP BY ALL"
    )
    # the two types with a currency (978, 208) stand beside them: 10.0 and 20.0, of no unit
    assert {row["direction"]: row["total"] for row in rows} == {"import": Decimal(20), "export": Decimal(13)}
    money = cim_store.query("SELECT value FROM register_reads WHERE unit IS NULL AND channel LIKE '%.72.%' ORDER BY value")
    assert [row["value"] for row in money] == [Decimal(10), Decimal(20)]


def test_what_is_not_sure_is_told(cim_store):
    told = next(entry for entry in cim_store.reports[0].files if entry["name"] == FILES[0])
    assert Counter(warning["code"] for warning in told["warnings"]) == {
        "accumulation.missing": 8,
        "unit.unknown": 2,
        "reading_type.currency": 2,
    }
