"""Every DLMS/COSEM capture of the reference data: facts of amshan 2.1.1 and dlms-cosem 21.3.2, see PROVENANCE.md there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

FOLDER = REFERENCE_DATA / "real_data" / "dlms_cosem"
LISTS = sorted(path.name for path in FOLDER.glob("amshan_*.hex")) or ["the reference data are not there"]
NAMES_OF_FACTS = ("meter_manufacturer", "list_ver_id", "meter_id", "meter_type", "meter_datetime")
GROUPS = {
    # amshan's word: groups C.D.E of the code, and the power of ten from its unit (W, var, Wh, varh, A, V) to the store's
    "active_power_import": ("1.7.0", -3),
    "active_power_export": ("2.7.0", -3),
    "reactive_power_import": ("3.7.0", -3),
    "reactive_power_export": ("4.7.0", -3),
    "current_l1": ("31.7.0", 0),
    "current_l2": ("51.7.0", 0),
    "current_l3": ("71.7.0", 0),
    "voltage_l1": ("32.7.0", 0),
    "voltage_l2": ("52.7.0", 0),
    "voltage_l3": ("72.7.0", 0),
    "active_power_import_total": ("1.8.0", -3),
    "active_power_export_total": ("2.8.0", -3),
    "reactive_power_import_total": ("3.8.0", -3),
    "reactive_power_export_total": ("4.8.0", -3),
}
UNITS = {
    "power": "kW",
    "reactive_power": "kvar",
    "current": "A",
    "voltage": "V",
    "active_energy": "kWh",
    "reactive_energy": "kvarh",
}
BY_ITSELF = "amshan_kamstrup_notification_body_no_list_2_single_phase.hex"


class Taken(NamedTuple):
    """A file in a store."""

    stage: Stage
    name: str

    @property
    def account(self) -> dict[str, Any]:
        return next(told for told in self.stage.reports[0].files if told["name"] == self.name)

    @property
    def warnings(self) -> list[str]:
        return [warning["code"] for warning in self.account["warnings"]]

    @property
    def rejections(self) -> list[dict[str, Any]]:
        return self.stage.query("SELECT code, rows, message FROM rejections WHERE name = ?", self.name)

    def reads(self, columns: str) -> list[dict[str, Any]]:
        order = "ORDER BY record" if "record" in columns else ""
        return self.stage.query(
            f"SELECT {columns} FROM register_reads JOIN files USING (file_id) WHERE files.name = ? {order}", self.name
        )


@pytest.fixture(scope="module")
def dlms_facts(reference_data):
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"] for entry in entries if entry["fmt"] == "dlms_cosem"}


@pytest.fixture(scope="module")
def taken(reference_data, ingested) -> Callable[[str], Taken]:
    """Every file, taken in; one by itself, as two Kamstrup lists show the same meter at the same second."""
    stages = [
        ingested([path for path in sorted(FOLDER.iterdir()) if path.name != BY_ITSELF]),
        ingested([FOLDER / BY_ITSELF]),
    ]
    return lambda name: Taken(stages[name == BY_ITSELF], name)


@pytest.mark.parametrize("name", LISTS)
class TestPushedLists:
    def test_every_value_is_that_of_its_facts(self, name, taken, dlms_facts):
        facts = {key: value for key, value in dlms_facts[name]["first"].items() if key not in NAMES_OF_FACTS}
        area = "1-1:" if "kamstrup" in name else "1-0:"
        expected = {area + GROUPS[key][0]: Decimal(str(value)).scaleb(GROUPS[key][1]) for key, value in facts.items()}
        rows = taken(name).reads("channel, value")
        assert {row["channel"]: row["value"] for row in rows} == expected
        assert len(rows) == len(expected)

    def test_the_meter_is_the_one_in_the_list(self, name, taken, dlms_facts):
        meter_id = dlms_facts[name]["first"]["meter_id"]
        rows = taken(name).reads("DISTINCT service_point_id, meter_id")
        assert rows == [{"service_point_id": meter_id, "meter_id": meter_id}]

    def test_the_time_is_the_meter_s_or_none(self, name, taken, dlms_facts):
        # without a deviation it is read by the store's zone, which is +00:00 here
        shown = dlms_facts[name]["first"].get("meter_datetime")
        expected = datetime.fromisoformat(shown).replace(tzinfo=UTC) if shown else None
        assert taken(name).reads("DISTINCT read_at") == [{"read_at": expected}]
        assert taken(name).warnings == ([] if shown else ["time.missing"])

    def test_energies_are_indexes_and_nothing_was_verified(self, name, taken):
        for row in taken(name).reads("quantity, unit, kind, quality"):
            assert row["unit"] == UNITS[row["quantity"]]
            assert row["kind"] == ("index" if row["quantity"].endswith("energy") else "instant")
            assert row["quality"] == "unverified"

    def test_every_row_is_accounted_for(self, name, taken):
        told = taken(name).account
        assert (told["format"], told["status"], told["rows_rejected"]) == ("dlms", "accepted", 0)
        assert told["rows_read"] == told["rows_accepted"]


@pytest.mark.real_files("dlms_cosem/dlmscosem_profile_buffer.hex")
class TestProfileBuffer:
    NAME = "dlmscosem_profile_buffer.hex"

    def test_it_has_the_rows_of_its_facts(self, taken, dlms_facts):
        rows = taken(self.NAME).reads("channel, value, native_quality, record")
        pairs = list(zip(rows[::2], rows[1::2], strict=True))
        found = [[row["native_quality"], str(int(row["value"])), str(int(beside["value"]))] for row, beside in pairs]
        assert found == [row[1:] for row in dlms_facts[self.NAME]["dlms_cosem"]["row"]]
        assert [row["channel"] for row in rows] == ["column-3", "column-4"] * 4

    def test_the_first_row_has_the_time_of_its_facts(self, taken, dlms_facts):
        first = datetime.fromisoformat(dlms_facts[self.NAME]["dlms_cosem"]["row"][0][0])
        assert [row["read_at"] for row in taken(self.NAME).reads("read_at, record")][:2] == [first] * 2

    def test_rows_that_leave_their_clock_out_have_no_time_as_nothing_tells_the_capture_period(self, taken):
        # the facts show full hours because their reader was told a period of 60 minutes
        assert [row["read_at"] for row in taken(self.NAME).reads("read_at, record")][2:] == [None] * 6
        assert taken(self.NAME).warnings == ["time.missing"]


@pytest.mark.real_files("dlms_cosem/dlmscosem_get_response_with_block_profile.hex")
class TestFirstBlockOfALongProfile:
    NAME = "dlmscosem_get_response_with_block_profile.hex"

    def test_it_is_never_taken_as_whole(self, taken):
        assert (taken(self.NAME).account["status"], taken(self.NAME).account["rows_rejected"]) == ("partial", 2)
        (row,) = taken(self.NAME).rejections
        assert (row["code"], row["rows"]) == ("frame.incomplete", 2)
        assert "77 of 1440 rows are whole" in row["message"]

    def test_its_whole_rows_are_taken(self, taken):
        # 1,182 bytes: 4 of the array, 28 of the first row, 76 rows of 15 bytes each, and 10 of a row that is cut
        rows = taken(self.NAME).reads("channel, value::BIGINT AS value")
        assert Counter((row["channel"], row["value"]) for row in rows) == {("column-3", 1517): 77, ("column-4", 1620): 77}


@pytest.mark.real_files("dlms_cosem/dlmscosem_data_notification.hex")
def test_an_opaque_payload_is_refused_with_a_code(taken):
    found = taken("dlmscosem_data_notification.hex")
    assert found.account["status"] == "rejected"
    assert [row["code"] for row in found.rejections] == ["list.unknown"]


def test_an_hourly_list_that_comes_again_in_another_file_is_no_second_reading(ingested, tmp_path, reference_data):
    name = "amshan_aidon_notification_body_no_list_3.hex"
    again = tmp_path / "again.hex"
    again.write_bytes((FOLDER / name).read_bytes() + b"\n")
    stage = ingested([FOLDER / name, again])
    assert sorted((told["rows_accepted"], told["rows_duplicate"]) for told in stage.reports[0].files) == [(0, 13), (13, 0)]
    rows = stage.query("SELECT value FROM register_reads WHERE channel = '1-0:1.8.0'")
    assert [row["value"] for row in rows] == [Decimal("22721.38")]
