"""Files of the reference data that deliver no reading: lists that the project uses, and refuses to take for deliveries."""

from __future__ import annotations

import csv
import json

import pytest

from head_end.event_codes import event_type_of
from pipelines.ingest.mdff.fields import nmi_checksum

LISTS = {
    "nem12/nmi_checksum.json": "format.unknown",
    "events_pq/dsmr_event_types.csv": "format.code_list",
}


@pytest.mark.parametrize("file", LISTS)
def test_a_list_is_no_delivery(file, reference_data, ingested):
    stage = ingested([reference_data / "real_data" / file])
    assert stage.query("SELECT code FROM rejections") == [{"code": LISTS[file]}]
    assert [entry["status"] for entry in stage.reports[0].files] == ["rejected"]


@pytest.mark.real_files("nem12/nmi_checksum.json")
def test_every_nmi_of_the_official_list_has_its_checksum(reference_data):
    pairs = json.loads((reference_data / "real_data" / "nem12" / "nmi_checksum.json").read_text("utf-8"))
    assert len(pairs) > 20
    assert {pair["nmi"]: nmi_checksum(pair["nmi"]) for pair in pairs} == {pair["nmi"]: int(pair["checksum"]) for pair in pairs}


@pytest.mark.real_files("events_pq/dsmr_event_types.csv")
def test_every_code_of_the_public_list_is_known_under_a_dutch_standard(reference_data):
    with (reference_data / "real_data" / "events_pq" / "dsmr_event_types.csv").open(encoding="utf-8") as file:
        codes = [row[0] for row in csv.reader(file)]
    assert len(codes) == 299
    assert [code for code in codes if not (event_type_of("dsmr4", code) or event_type_of("smr5", code))] == []
