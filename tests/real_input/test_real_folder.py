"""The whole folder of real files in one go, as a utility's inbox: exit 3, and every file that is not taken says why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from tests.pipelines.cli.conftest import Called, call

REFUSED = {
    # file: code. Broken on purpose, or no delivery at all
    "Example_NEM12_15min_200_30min_300.csv": "record.length",
    "NEM12#InvalidIntervalDataLength#CNRGYMDP#NEMMCO.csv": "record.length",
    "Example_NEM12_powercor.csv": "conflict.same_version",
    "Example_empty_file.csv": "file.empty",
    "json_InvalidMeteredDataForMeteringPoint.json": "document.incomplete",
    "xml_BadVersionMeteredDataForMeteringPoint.xml": "schema.version",
    "v5_checksum_invalid.txt": "crc.mismatch",
    "dlmscosem_data_notification.hex": "list.unknown",
    "dsmr_event_types.csv": "format.code_list",
    "nmi_checksum.json": "format.unknown",
    "FACTS.json": "format.unknown",
    "PROVENANCE.md": "format.unknown",
    "eemeter.yaml": "mapping.missing",
}
PARTIAL = {
    "NEM12#Scenario10#ETSAMDP#NEMMCO.zip": {"record.length", "record.unknown"},
    "dlmscosem_get_response_with_block_profile.hex": {"frame.incomplete"},
    "ttyUSB0-mini.txt": {"frame.incomplete"},
    # three documents give one metering point other values of the same registration: neither is chosen
    "json_ValidMeteredDataForMeteringPoint.json": {"conflict.same_version"},
    "json_ValidMeteredDataForMeteringPointWithTwoTransactions.json": {"conflict.same_version"},
    "xml_ValidMeteredDataForMeteringPoint.xml": {"conflict.same_version"},
}
UNMAPPED = ("csv_eemeter", "csv_oed_vee")
"""Folders of tables that say neither whose nor what they are: without a mapping every file is refused."""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("inbox") / "store"


@pytest.fixture(scope="module")
def taken(reference_data, store) -> Called:
    return call("ingest", reference_data / "real_data", "--store", store, "--json")


@pytest.fixture(scope="module")
def codes(taken, store) -> Mapping[str, set[str]]:
    """Codes of rejections by file."""
    found: dict[str, set[str]] = {}
    for row in call("sql", "SELECT name, code FROM rejections", "--store", store, "--json").data["rows"]:
        found.setdefault(row["name"], set()).add(row["code"])
    return found


@pytest.fixture(scope="module")
def unmapped(reference_data) -> set[str]:
    return {path.name for folder in UNMAPPED for path in (reference_data / "real_data" / folder).iterdir()}


def files_of(taken: Called, status: str) -> list[dict[str, Any]]:
    return [file for file in taken.data["files"] if file["status"] == status]


def test_something_was_stored_and_something_set_aside(taken):
    assert (taken.code, taken.json["ok"]) == (3, True)


def test_every_row_of_every_file_is_accounted_for(taken):
    kept = ("rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded")
    assert all(file["rows_read"] == sum(file[name] for name in kept) for file in taken.data["files"])


def test_each_file_that_is_refused_has_the_code_it_deserves(taken, codes, unmapped):
    refused = {file["name"]: codes[file["name"]] for file in files_of(taken, "rejected") if file["name"] not in unmapped}
    assert refused == {name: {code} for name, code in REFUSED.items()}


def test_a_table_that_says_neither_whose_nor_what_it_is_is_not_guessed(taken, codes, unmapped):
    refused = [file["name"] for file in files_of(taken, "rejected") if file["name"] in unmapped]
    assert {code for name in refused for code in codes[name]} == {"mapping.missing"}
    # the same bytes under another name are duplicates
    assert {file["name"] for file in files_of(taken, "duplicate")} <= unmapped


def test_each_file_that_is_taken_in_part_says_what_is_not(taken, codes):
    assert {file["name"]: codes[file["name"]] for file in files_of(taken, "partial")} == PARTIAL


def test_all_others_are_taken_whole(taken, unmapped):
    assert Counter(file["status"] for file in taken.data["files"] if file["name"] not in unmapped) == Counter(
        {"accepted": 161, "rejected": len(REFUSED), "partial": len(PARTIAL)}
    )


def test_a_second_time_nothing_is_new(taken, reference_data, store):
    again = call("ingest", reference_data / "real_data", "--store", store, "--json")
    assert again.code == 0
    assert {file["status"] for file in again.data["files"]} == {"duplicate"}
