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
from tests.pipelines.ingest.mdff.samples import NEM12_LINES, NEM13_LINES, consumption_data, document, interval_data


def read(content: bytes):
    return list(read_asexml(io.BytesIO(content), ReadContext("x.xml")))


def without_place(table):
    return table.drop_columns(["record"])


@pytest.mark.parametrize("header", ["", '<?xml version="1.0" encoding="UTF-8"?>', "<!-- from MDP1 -->"])
def test_the_envelope_is_recognised(header):
    assert detect(document(interval_data(NEM12_LINES), header=header)[:4096], "x", None) == "asexml"


def test_another_document_is_not():
    with pytest.raises(InputRefusedError, match="recognises"):
        detect(b"<feed/>", "x", None)


def test_interval_data_are_those_of_the_nem12_file_inside():
    pieces = read(document(interval_data(NEM12_LINES)))
    alone = next(read_nem12(io.BytesIO(NEM12_LINES.encode() + b"\n"), ReadContext("x")))
    assert sum(piece.rows_read for piece in pieces) == 48
    assert without_place(pieces[0].intervals).equals(without_place(alone.intervals))
    assert pieces[0].intervals["record"].to_pylist() == ["T-0:3"]
    assert pieces[0].clock == "+10:00"


def test_consumption_data_are_those_of_the_nem13_file_inside():
    pieces = read(document(consumption_data(NEM13_LINES)))
    alone = next(read_nem13(io.BytesIO(NEM13_LINES.encode() + b"\n"), ReadContext("x")))
    assert without_place(pieces[0].reads).equals(without_place(alone.reads))


def test_every_transaction_is_read():
    pieces = read(document(interval_data(NEM12_LINES), consumption_data(NEM13_LINES)))
    assert sum(piece.rows_read for piece in pieces) == 48 + 3


def test_a_transaction_that_is_no_metering_data_is_set_aside_and_the_next_is_read():
    pieces = read(document(interval_data("hello"), interval_data(NEM12_LINES)))
    assert [row for piece in pieces for row in piece.rejections["code"].to_pylist()] == ["format.unknown"]
    assert sum(piece.rows_taken for piece in pieces) == 48


def test_a_document_without_metering_data_says_so():
    assert [warning.code for piece in read(document("<Other/>")) for warning in piece.warnings] == ["readings.none"]


def test_an_empty_notification_is_nothing():
    assert sum(piece.rows_read for piece in read(document(interval_data(" "), interval_data(NEM12_LINES)))) == 48


@pytest.mark.parametrize("size", [10, 60, 200, 500])
def test_a_cut_document_is_refused(size):
    with pytest.raises(InputRefusedError, match="read") as refused:
        read(document(interval_data(NEM12_LINES))[:size])
    assert refused.value.code == "xml.malformed"
