"""Bad measure documents: bytes in, outcome out. Nothing but our own refusal comes out, and every row is accounted for."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.market_documents.cim_json import read_cim_json
from pipelines.ingest.market_documents.cim_xml import read_cim_xml
from pipelines.ingest.market_documents.ebix import read_ebix
from pipelines.ingest.reader import ReadContext
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.market_documents.samples import EBIX, JSON, XML

SAMPLES = {"XML": (read_cim_xml, XML), "JSON": (read_cim_json, JSON), "ebIX": (read_ebix, EBIX)}
ACCEPTED: tuple[str, ...] = ()


def outcome(kind: str, data: bytes) -> tuple[str, ...] | str:
    """Codes of the rows set aside; the code of the refusal where the file is refused."""
    try:
        pieces = list(SAMPLES[kind][0](io.BytesIO(data), ReadContext("a")))
    except InputRefusedError as refusal:
        return refusal.code
    for piece in pieces:
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
    return tuple(code for piece in pieces for code in piece.rejections["code"].to_pylist())


FIELDS: list[tuple[str, str, str, tuple[str, ...] | str]] = [
    ("the sample", "1.5", "1.5", ACCEPTED),
    ("a negative value", "1.5", "-1.5", ACCEPTED),
    ("minus zero", "1.5", "-0", ACCEPTED),
    ("a word for a number", "1.5", "NaN", ("value.invalid",)),
    ("an exponent", "1.5", "1e3", ("value.invalid",)),
    ("a decimal comma", "1.5", "1,5", ("value.invalid",)),
    ("39 digits", "1.5", "9" * 39, ("value.range",)),
    ("ten decimals", "1.5", "0.0000000001", ("value.precision",)),
    ("5,000 digits", "1.5", "9" * 5000, ("value.invalid",)),
    ("30 February", "2026-01-01T23:00", "2026-02-30T23:00", ("time.invalid",)),
    ("24:30", "2026-01-01T23:00", "2026-01-01T24:30", ("time.invalid",)),
    ("the year 1", "2026-01-01T23:00", "0001-01-01T23:00", ("time.invalid",)),
    ("the end before the start", "2026-01-01T23:00", "2026-01-03T23:00", ("time.invalid",)),
    ("13 minutes", "PT1H", "PT13M", ("record.length",)),
    ("a period of 7 hours", "2026-01-01T23:00", "2026-01-01T17:00", ACCEPTED),
    ("a resolution of none", "PT1H", "PT0H", ("resolution.unknown",)),
    ("a unit nobody knows", "KWH", "FURLONG", ("unit.unknown",)),
    ("SQL for an id", "0012", "'; DROP TABLE files; --", ACCEPTED),
    ("a path for an id", "0012", "../../x", ACCEPTED),
    ("an id of blanks", "0012", "   ", ("series.incomplete",)),
]


@pytest.mark.parametrize("kind", SAMPLES)
@pytest.mark.parametrize(("old", "new", "expected"), [row[1:] for row in FIELDS], ids=[row[0] for row in FIELDS])
def test_a_bad_field_has_its_outcome(kind, old, new, expected):
    assert outcome(kind, SAMPLES[kind][1].replace(old.encode(), new.encode())) == expected


def doctype(text: str) -> bytes:
    return XML.replace(b"\n", f"\n<!DOCTYPE a {text}>\n".encode(), 1)


FILES: list[tuple[str, str, bytes, tuple[str, ...] | str]] = [
    ("nothing", "XML", b"", "file.empty"),
    ("nothing", "JSON", b" \n", "file.empty"),
    ("not XML", "XML", JSON, "xml.malformed"),
    ("not JSON", "JSON", XML, "json.malformed"),
    ("another document", "XML", b"<a><b/></a>", "format.unknown"),
    ("another document", "JSON", b'{"a": 1}', "format.unknown"),
    ("two documents", "XML", XML + XML.partition(b"?>")[2], "xml.malformed"),
    ("two documents", "JSON", JSON + JSON, "json.malformed"),
    ("a DOCTYPE", "XML", doctype(""), "xml.doctype"),
    ("laughs", "XML", doctype('[<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]').replace(b"1.5", b"&b;"), "xml.doctype"),
    ("an external entity", "XML", doctype('[<!ENTITY a SYSTEM "file:///etc/passwd">]').replace(b"1.5", b"&a;"), "xml.doctype"),
    ("an unknown encoding", "XML", XML.replace(b"UTF-8", b"UTF-7"), "xml.encoding"),
    ("a byte order mark", "XML", b"\xef\xbb\xbf" + XML, ACCEPTED),
    ("a byte order mark", "JSON", b"\xef\xbb\xbf" + JSON, ACCEPTED),
    ("no declaration", "XML", XML.partition(b"?>")[2], ACCEPTED),
    ("too deep", "XML", XML.replace(b"<Point>", b"<a>" * 100 + b"</a>" * 100 + b"<Point>"), "xml.limit"),
    ("too deep", "JSON", b"[" * 100_000 + b"]" * 100_000, "json.limit"),
    ("no namespace", "XML", XML.replace(b' xmlns="urn:ediel.org:measure:notifyvalidatedmeasuredata:0:1"', b""), "schema.version"),
    ("points of a foreign namespace", "XML", XML.replace(b"<Point>", b'<Point xmlns="urn:x">'), ACCEPTED),
    ("not a number", "JSON", JSON.replace(b'"1.5"', b"NaN"), "json.number"),
    ("1e999", "JSON", JSON.replace(b'"1.5"', b"1e999"), "json.number"),
    ("5,000 digits", "JSON", JSON.replace(b'"1.5"', b"9" * 5000), "json.number"),
    ("a number", "JSON", JSON.replace(b'"1.5"', b"1.50"), ACCEPTED),
    ("a key twice", "JSON", JSON.replace(b'"quantity"', b'"quantity": "2", "quantity"'), "json.duplicate_key"),
    ("half a character", "JSON", JSON.replace(b"0012", b"\\ud800"), "json.text"),
    ("not UTF-8", "JSON", JSON.replace(b"0012", b"\xff"), "json.text"),
    ("points that are none", "JSON", JSON.replace(b'[{"position"', b'[7, null, {"position"'), ("record.length",)),
    (
        "a series that is none",
        "JSON",
        JSON.replace(b'"Series": [', b'"Series": [null, "x", '),
        ("series.incomplete", "series.incomplete"),
    ),
]


@pytest.mark.parametrize(("kind", "data", "expected"), [row[1:] for row in FILES], ids=[f"{row[0]} ({row[1]})" for row in FILES])
def test_a_bad_file_has_its_outcome(kind, data, expected):
    assert outcome(kind, data) == expected


@pytest.mark.parametrize("kind", SAMPLES)
def test_a_file_cut_anywhere_is_never_taken(kind):
    whole = SAMPLES[kind][1]
    assert {type(outcome(kind, whole[:cut])) for cut in range(len(whole))} == {str}


@st.composite
def mutations(draw: Callable[..., object]) -> tuple[str, bytes]:
    """A sample with pieces replaced, cut out or doubled."""
    kind = draw(st.sampled_from(sorted(SAMPLES)))
    data = SAMPLES[kind][1]
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(data)))
        end = draw(st.integers(begin, min(len(data), begin + 60)))
        piece = draw(
            st.one_of(st.binary(max_size=8), st.just(data[begin:end] * 2), st.sampled_from([b"", b"-", b"9" * 20, b"[{"]))
        )
        data = data[:begin] + piece + data[end:]
    return kind, data


@given(mutations())
@settings(max_examples=300)
def test_whatever_the_bytes_only_our_refusal_comes_out(mutated):
    assert isinstance(outcome(*mutated), (str, tuple))


TEXTS = ("2026-01-01T23:00", "2026-01-02T00:00", "2026-02-01T07:30:54Z", "PT1H", "KWH", "0012", "1.5", "A04", "E17", ">1<", '"1"')


@given(
    st.sampled_from(sorted(SAMPLES)),
    st.sampled_from(TEXTS),
    st.one_of(
        st.text(st.characters(exclude_characters='<&"\\', exclude_categories=["Cs", "Cc"]), max_size=30),
        st.sampled_from(["P1D", "P1M", "P999Y", "9999-12-31T23:00", "1900-01-01T00:00", "PT99999H"]),
    ),
)
@settings(max_examples=300)
def test_whatever_a_field_says_the_rest_is_accounted_for(kind, old, new):
    assert isinstance(outcome(kind, SAMPLES[kind][1].replace(old.encode(), new.encode())), (str, tuple))
