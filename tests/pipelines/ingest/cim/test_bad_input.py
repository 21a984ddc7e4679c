"""Bad meter readings: bytes in, outcome out. Nothing but our own refusal comes out, and every row is accounted for."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.cim.meter_readings import read_meter_readings
from pipelines.ingest.reader import ReadContext
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.cim.samples import KIND, SAMPLE

ACCEPTED: tuple[str, ...] = ()


def outcome(data: bytes) -> tuple[str, ...] | str:
    """Codes of the rows set aside; the code of the refusal where the file is refused."""
    try:
        pieces = list(read_meter_readings(io.BytesIO(data), ReadContext("a.xml")))
    except InputRefusedError as refusal:
        return refusal.code
    for piece in pieces:
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
    return tuple(code for piece in pieces for code in piece.rejections["code"].to_pylist())


def with_value(text: str) -> bytes:
    return SAMPLE.replace(b"1.5", text.encode())


def with_stamp(text: str) -> bytes:
    return SAMPLE.replace(b"2026-01-01T00:15:00Z", text.encode())


def with_meter(text: str) -> bytes:
    return SAMPLE.replace(b"0012", text.encode())


def doctype(text: str) -> bytes:
    return SAMPLE.replace(b"\n", f"\n<!DOCTYPE MeterReadings {text}>\n".encode(), 1)


TABLE: list[tuple[str, bytes, tuple[str, ...] | str]] = [
    ("the sample", SAMPLE, ACCEPTED),
    ("nothing", b"", "file.empty"),
    ("not XML", b"MeterReadings", "xml.malformed"),
    ("another document", b"<a><b/></a>", "format.unknown"),
    ("two roots", SAMPLE + b"<MeterReadings/>", "xml.malformed"),
    ("a NUL", SAMPLE.replace(b"0012", b"00\x0012"), "xml.malformed"),
    ("a DOCTYPE", doctype(""), "xml.doctype"),
    ("an internal entity", doctype('[<!ENTITY v "1.5">]').replace(b">1.5<", b">&v;<"), "xml.doctype"),
    ("an external entity", doctype('[<!ENTITY v SYSTEM "file:///etc/passwd">]').replace(b">1.5<", b">&v;<"), "xml.doctype"),
    ("an external DTD", doctype('SYSTEM "http://example.org/a.dtd"'), "xml.doctype"),
    ("an entity nobody declares", with_value("&v;"), "xml.malformed"),
    (
        "an inclusion",
        SAMPLE.replace(b"<Meter>", b'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="/etc/passwd"/><Meter>'),
        ACCEPTED,
    ),
    ("too deep", SAMPLE.replace(b"<value>", b"<a>" * 100 + b"</a>" * 100 + b"<value>"), "xml.limit"),
    ("an unknown encoding", SAMPLE.replace(b"UTF-8", b"UTF-7"), "xml.encoding"),
    ("another encoding than it says", SAMPLE.replace(b"0012", b"\xe9"), "xml.malformed"),
    ("Latin-1 that says so", SAMPLE.replace(b"UTF-8", b"ISO-8859-1").replace(b"0012", b"\xe9"), ACCEPTED),
    ("a byte order mark", b"\xef\xbb\xbf" + SAMPLE, ACCEPTED),
    ("UTF-16", SAMPLE.decode().replace("UTF-8", "UTF-16").encode("utf-16"), ACCEPTED),
    ("a comment inside a number", with_value("1<!-- . -->5"), ACCEPTED),
    ("a number in CDATA", with_value("<![CDATA[1.5]]>"), ACCEPTED),
    ("an instruction", SAMPLE.replace(b"<Meter>", b"<?php evil ?><Meter>"), ACCEPTED),
    ("no namespace", SAMPLE.replace(b' xmlns="http://iec.ch/TC57/2011/MeterReadings#"', b""), ACCEPTED),
    ("a word for a number", with_value("NaN"), ("value.invalid",)),
    ("an exponent", with_value("1e3"), ("value.invalid",)),
    ("a decimal comma", with_value("1,5"), ("value.invalid",)),
    ("digits of another script", with_value("\N{ARABIC-INDIC DIGIT ONE}"), ("value.invalid",)),
    ("39 digits", with_value("9" * 39), ("value.range",)),
    ("ten decimals", with_value("0.0000000001"), ("value.precision",)),
    ("minus zero", with_value("-0"), ACCEPTED),
    ("30 February", with_stamp("2026-02-30T00:15:00Z"), ("time.invalid",)),
    ("24:15", with_stamp("2026-01-01T24:15:00Z"), ("time.invalid",)),
    ("an offset of 25 hours", with_stamp("2026-01-01T00:15:00+25:00"), ("time.invalid",)),
    ("the year 1", with_stamp("0001-01-01T00:15:00Z"), ("time.invalid",)),
    ("an epoch", with_stamp("1767226500"), ("time.invalid",)),
    ("a time of 10 kB", with_stamp("2026-01-01T00:15:00Z" * 500), ("time.invalid",)),
    ("an interval that ends between minutes", with_stamp("2026-01-01T00:15:07.5Z"), ACCEPTED),
    ("SQL for an id", with_meter("'; DROP TABLE files; --"), ACCEPTED),
    ("a path for an id", with_meter("../../x"), ACCEPTED),
    ("an id of 10 kB", with_meter("9" * 10_000), ACCEPTED),
    ("an id of blanks", with_meter("   "), ("record.identifier", "record.identifier")),
    ("a reading type of 17 numbers", SAMPLE.replace(KIND.encode(), KIND[2:].encode()), ("reading_type.unknown",)),
]


@pytest.mark.parametrize(("data", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_bad_input_has_its_outcome(data, expected):
    assert outcome(data) == expected


def test_a_file_cut_anywhere_is_never_taken():
    whole = {cut: outcome(SAMPLE[:cut]) for cut in range(len(SAMPLE))}
    assert {code for code in whole.values() if not isinstance(code, str)} == set()


@st.composite
def mutations(draw: Callable[..., object]) -> bytes:
    """The sample with pieces replaced, cut out or doubled."""
    data = SAMPLE
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 60)))
        piece = draw(
            st.one_of(st.binary(max_size=8), st.just(data[begin:end] * 2), st.sampled_from([b"", b"-", b"9" * 20, b"<a>"]))
        )
        data = data[:begin] + piece + data[end:]
    return data


TEXTS = ("2026-01-01T00:00:00Z", "3.26.0.85", "2026-01-01T00:15:00Z", "1.5", "3.8.0", KIND, "0012")


@given(st.sampled_from(TEXTS), st.text(st.characters(exclude_characters='<&"', exclude_categories=["Cs", "Cc"]), max_size=30))
@settings(max_examples=300)
def test_whatever_a_field_says_the_rest_is_accounted_for(old, new):
    assert isinstance(outcome(SAMPLE.replace(old.encode(), new.encode())), (str, tuple))


@given(mutations())
@settings(max_examples=400)
def test_whatever_the_bytes_only_our_refusal_comes_out(data):
    assert isinstance(outcome(data), (str, tuple))
