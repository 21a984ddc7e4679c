"""Every MSCONS file of the reference data: facts found with pydifact 0.2.3, see PROVENANCE.md there."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "mscons"
FILES = sorted(path.name for path in FOLDER.glob("*.txt")) or ["the reference data are not there"]
PROFILES = ["e66_ESLEVU14572840.txt", "e66_ESLEVU14572841.txt", "e66_ESLEVU14572842.txt", "tl_sample01.txt"]
EXAMPLES = ["mscons-message-example-simple.txt", "mscons-message-example.txt"]

_VALUES = """
SELECT service_point_id AS point, channel, native_quality, unit, quality, interval_minutes, value, file_id,
  interval_start AS begins
FROM delivered_readings
UNION ALL
SELECT service_point_id, channel, native_quality, unit, quality, NULL, value, file_id, period_from FROM register_reads
"""
_OF_FILE = f"SELECT v.* FROM ({_VALUES}) v JOIN files USING (file_id) WHERE files.name = ?"


@pytest.fixture(scope="module")
def mscons_facts(reference_data: Path) -> dict[str, dict[str, Any]]:
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "mscons"}


@pytest.fixture(scope="module")
def mscons_stores(reference_data: Path, ingested) -> dict[str, Stage]:
    """The store that holds each file; the examples repeat each other and are in different ones."""
    together = ingested([FOLDER / name for name in FILES if name not in EXAMPLES])
    return {name: ingested([FOLDER / name]) if name in EXAMPLES else together for name in FILES}


def told(stage: Stage, name: str) -> dict[str, Any]:
    return next(entry for entry in stage.reports[0].files if entry["name"] == name)


@pytest.mark.parametrize("file", FILES)
class TestEveryFile:
    def test_has_the_values_and_sums_of_its_provenance(self, file, mscons_stores, mscons_facts):
        rows = mscons_stores[file].query(_OF_FILE, file)
        found: dict[tuple[str, str], list[Decimal]] = {}
        for row in rows:
            found.setdefault((row["point"], row["native_quality"]), []).append(row["value"])
        expected = {}
        for name, (count, total) in mscons_facts[file]["pydifact"].items():
            point, _, said = name.split(" | ")
            expected[point, said.removeprefix("QTY+").split(" ")[0]] = (count, Decimal(total))
        assert {key: (len(values), sum(values)) for key, values in found.items()} == expected

    def test_loses_no_row(self, file, mscons_stores):
        entry = told(mscons_stores[file], file)
        assert (entry["status"], entry["rows_read"], entry["rows_rejected"]) == ("accepted", entry["rows_accepted"], 0)

    def test_says_where_its_counts_lie(self, file, mscons_stores, mscons_facts):
        lies = [claimed for claimed, actual in mscons_facts[file]["UNT claimed/actual"] if claimed != actual]
        warned = [warning["code"] for warning in told(mscons_stores[file], file)["warnings"]]
        assert warned.count("edifact.segment_count") == len(lies)
        assert "edifact.message_count" not in warned


@pytest.mark.parametrize("file", PROFILES)
class TestLoadProfiles:
    def test_are_quarter_hours_of_the_registers_of_their_provenance(self, file, mscons_stores, mscons_facts):
        rows = mscons_stores[file].query(_OF_FILE, file)
        (name,) = mscons_facts[file]["pydifact"]
        assert {row["channel"] for row in rows} == {name.split(" | ")[1].removesuffix(":SRW")}
        assert {(row["interval_minutes"], row["quality"]) for row in rows} == {(15, "measured")}

    def test_begin_and_end_where_their_provenance_says_without_a_gap(self, file, mscons_stores, mscons_facts):
        starts = sorted(row["begins"] for row in mscons_stores[file].query(_OF_FILE, file))
        first, last = (_instant(mscons_facts[file][name]) for name in ("min163", "max164"))
        assert starts == [first + timedelta(minutes=15 * number) for number in range(len(starts))]
        assert starts[-1] + timedelta(minutes=15) == last


UNITS = [
    ("e66_ESLEVU14572840.txt", "kWh", "import"),
    ("e66_ESLEVU14572841.txt", "kWh", "export"),
    ("e66_ESLEVU14572842.txt", "kvarh", "import"),
    ("tl_sample01.txt", "kWh", "import"),
]


@pytest.mark.parametrize(("file", "unit", "direction"), UNITS)
def test_a_value_without_a_unit_has_that_of_its_register(file, unit, direction, mscons_stores):
    query = "SELECT DISTINCT unit, direction FROM delivered_readings JOIN files USING (file_id) WHERE files.name = ?"
    assert mscons_stores[file].query(query, file) == [{"unit": unit, "direction": direction}]


def test_values_with_spoiled_stamps_stand_at_their_places_and_that_is_said(mscons_stores):
    # it looks as if the year was moved by one as text, and with it every 2014 and 2015 inside a stamp: 14:00 on the
    # 20th became 15:00, 20:15 became 20:16, 01:45 on the 2nd 01:55; 70 values do not begin where the one before them ends
    # or are no quarter of an hour, and seven more are whole but an hour late
    warnings = told(mscons_stores["tl_sample01.txt"], "tl_sample01.txt")["warnings"]
    assert [warning["code"] for warning in warnings] == ["edifact.stamp"]
    assert "77 values" in warnings[0]["message"]


class TestExamples:
    @pytest.mark.parametrize("file", EXAMPLES)
    def test_a_month_is_a_read_and_five_minutes_are_a_slot(self, file, mscons_stores):
        rows = mscons_stores[file].query(_OF_FILE, file)
        assert {(row["interval_minutes"], row["unit"], row["value"]) for row in rows} == {
            (None, "W/m2", Decimal("4250.465")),
            (5, "W/m2", Decimal("4250.465")),
        }

    def test_the_line_that_names_no_register_is_told_apart(self, mscons_stores):
        # pydifact's facts give its values to the register of the message before
        rows = mscons_stores["mscons-message-example.txt"].query(_OF_FILE, "mscons-message-example.txt")
        assert sorted(row["channel"] for row in rows) == ["", "", "1-1:1.29.1", "1-1:1.29.1"]


def _instant(text: str) -> datetime:
    """Return a stamp of format 303 in UTC."""
    return datetime.strptime(text + "00", "%Y%m%d%H%M%z").astimezone(UTC)
