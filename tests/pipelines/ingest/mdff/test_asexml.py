"""NEM12 and NEM13 in the envelope of the Australian market."""

from __future__ import annotations

import io

import pytest

from pipelines.ingest.formats import detect
from pipelines.ingest.mdff.asexml import read_asexml
from pipelines.ingest.mdff.nem12 import read_nem12
from pipelines.ingest.mdff.nem13 import read_nem13
from pipelines.ingest.reader import ReadContext
from schemas.errors import InputRefusedError

DAY = "300,20260101," + ",".join(["0.5"] * 48) + ",A,,,20260102010000,"
NEM12 = f"100,NEM12,202601020000,MDP1,RET1\n200,4001234567,E1,E1,E1,,0012,kWh,30,\n{DAY}\n900"
NEM13 = (
    "100,NEM13,202601020000,MDP1,RET1\n"
    "250,4001234567,11,01,11,11,0012,E,100,20251001000000,A,,,131,20260101000000,A,,,31,kWh,20260401,20260102010000,\n900"
)


def document(*transactions: str, header: str = '<?xml version="1.0"?>\n') -> bytes:
    bodies = "".join(f"<Transaction transactionID='T-{n}'>{body}</Transaction>" for n, body in enumerate(transactions))
    return f"{header}<ase:aseXML xmlns:ase='urn:aseXML:r38'><Header/><Transactions>{bodies}</Transactions></ase:aseXML>".encode()


def interval_data(text: str) -> str:
    return f"<MeterDataNotification><CSVIntervalData>{text}</CSVIntervalData></MeterDataNotification>"


def consumption_data(text: str) -> str:
    return f"<MeterDataNotification><CSVConsumptionData>{text}</CSVConsumptionData></MeterDataNotification>"


def read(content: bytes):
    return list(read_asexml(io.BytesIO(content), ReadContext("x.xml")))


def without_place(table):
    return table.drop_columns(["record"])


@pytest.mark.parametrize("header", ["", '<?xml version="1.0" encoding="UTF-8"?>', "<!-- from MDP1 -->"])
def test_the_envelope_is_recognised(header):
    assert detect(document(interval_data(NEM12), header=header)[:4096], "x", None) == "asexml"


def test_another_document_is_not():
    with pytest.raises(InputRefusedError, match="recognises"):
        detect(b"<feed/>", "x", None)


def test_interval_data_are_those_of_the_nem12_file_inside():
    pieces = read(document(interval_data(NEM12)))
    alone = next(read_nem12(io.BytesIO(NEM12.encode() + b"\n"), ReadContext("x")))
    assert sum(piece.rows_read for piece in pieces) == 48
    assert without_place(pieces[0].intervals).equals(without_place(alone.intervals))
    assert pieces[0].intervals["record"].to_pylist() == ["T-0:3"]
    assert pieces[0].clock == "+10:00"


def test_consumption_data_are_those_of_the_nem13_file_inside():
    pieces = read(document(consumption_data(NEM13)))
    alone = next(read_nem13(io.BytesIO(NEM13.encode() + b"\n"), ReadContext("x")))
    assert without_place(pieces[0].reads).equals(without_place(alone.reads))


def test_every_transaction_is_read():
    pieces = read(document(interval_data(NEM12), consumption_data(NEM13)))
    assert sum(piece.rows_read for piece in pieces) == 48 + 3


def test_a_transaction_that_is_no_metering_data_is_set_aside_and_the_next_is_read():
    pieces = read(document(interval_data("hello"), interval_data(NEM12)))
    assert [row for piece in pieces for row in piece.rejections["code"].to_pylist()] == ["format.unknown"]
    assert sum(piece.rows_taken for piece in pieces) == 48


def test_a_document_without_metering_data_says_so():
    assert [warning.code for piece in read(document("<Other/>")) for warning in piece.warnings] == ["readings.none"]


def test_an_empty_notification_is_nothing():
    assert sum(piece.rows_read for piece in read(document(interval_data(" "), interval_data(NEM12)))) == 48


@pytest.mark.parametrize("size", [10, 60, 200, 500])
def test_a_cut_document_is_refused(size):
    with pytest.raises(InputRefusedError, match="read") as refused:
        read(document(interval_data(NEM12))[:size])
    assert refused.value.code == "xml.malformed"
