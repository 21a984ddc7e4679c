"""A portal's answer is known by its own keys, and none takes another's."""

from __future__ import annotations

import pytest

from pipelines.ingest.formats import FORMATS, HEAD_BYTES, detect
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.national.samples import SAMPLES, dump, read

ROOM = {known.name: known.recognises for known in FORMATS if known.name in SAMPLES}


@pytest.mark.parametrize("name", SAMPLES)
def test_each_answer_is_taken_by_its_reader_alone(name):
    head = SAMPLES[name][:HEAD_BYTES]
    assert [known.name for known in FORMATS if known.recognises(head)] == [name]
    assert detect(head, "file without an ending", None) == name


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "eda"])
@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\r\n\t ", b"\xef\xbb\xbf\n"])
def test_a_byte_order_mark_and_blanks_may_come_first(name, before):
    assert ROOM[name](before + SAMPLES[name])


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("before", [b"x", b"{", b"#\n", b'"'])
def test_the_keys_of_one_answer_inside_something_else_are_not_taken_by_another(name, before):
    heads = [before + SAMPLES[name], dump({"note": SAMPLES[name].decode()})]
    assert {found for head in heads for found, recognises in ROOM.items() if recognises(head)} <= {name}


OTHERS = {
    "market document": dump(
        {"NotifyValidatedMeasureData_MarketDocument": {"mRID": "1", "Series": [{"marketEvaluationPoint.mRID": {"value": "57"}}]}}
    ),
    "customer's market document": dump(
        {"result": [{"MyEnergyData_MarketDocument": {"TimeSeries": [{"MarketEvaluationPoint": {"mRID": {"name": "57"}}}]}}]}
    ),
    "customer data": dump(
        {"RetrieveCustomerResponse": {"Transaction": {"Agreements": [{"MeteringPoint": {"MeteringPointEAN": "6"}}]}}}
    ),
    "supplies": dump([{"cups": "ES0099", "distributorCode": "2", "pointType": 5}]),
    "maximum power": dump({"maxPower": [{"cups": "ES0099", "date": "2026/01/15", "time": "09:45", "maxPower": 3.5}]}),
    "contract": dump({"customer": {"usage_points": [{"usage_point": {"usage_point_id": "00123456789012"}}]}}),
    "mandates": dump({"data": {"mandates": [{"ean": "541440000000000028", "status": "Approved"}]}}),
    "own rows": dump({"service_point_id": "1", "interval_start": "2026-01-15T00:00:00Z", "value": "1"}),
    "text that names keys": dump({"keys": ["cups", "obtainMethod", "consumptionKWh", "headpoint", "RetrieveTimeSeriesData"]}),
    "master data": b'<n:MasterData xmlns:n="http://www.ebutilities.at/schemata/customerprocesses/masterdata/01p32"/>',
    "another record": b'<ConsumptionRecord xmlns="urn:example:consumption:1"/>',
    "nothing": b"",
    "list": b"[]",
    "object": b"{}",
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_documents_are_left_to_others(name):
    assert [found for found, recognises in ROOM.items() if recognises(OTHERS[name])] == []


@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "eda"])
@pytest.mark.parametrize("document", [b"[]", b"{}", b"7", b'"text"', b"null", b"[null]", b'{"a": []}'])
def test_json_of_something_else_is_refused_where_the_format_was_named(name, document):
    if (name, document) in {("datadis", b"[]"), ("datadis", b"[null]")}:
        assert read(name, document).rows_taken == 0
        return
    with pytest.raises(InputRefusedError) as refusal:
        read(name, document)
    assert refusal.value.code == "format.unknown"
