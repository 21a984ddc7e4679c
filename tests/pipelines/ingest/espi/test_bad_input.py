"""Feeds that lie, break off or are no feeds: what each family of bad input comes to."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.espi import feed as feed_module
from pipelines.ingest.espi import links as links_module
from pipelines.ingest.espi.espi import read_espi
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.espi.feeds import (
    READING,
    START,
    block,
    block_of,
    clock,
    entry,
    feed,
    meter_reading,
    read,
    reading,
    reading_type,
    rejected,
    resource,
    simple,
    usage_point,
)

HOUR = 3600
WHOLE = simple(reading(1, quality=17, cost=5), reading(2, START + HOUR), reading(3, START + 2 * HOUR, tou=1))
ATOM = "http://www.w3.org/2005/Atom"


class Outcome(NamedTuple):
    """What a file comes to: rows taken, code and rows of each rejection; or the code it is refused with."""

    taken: int = 0
    rejected: tuple[tuple[str, int], ...] = ()
    refused: str | None = None


def outcome(data: bytes) -> Outcome:
    try:
        parsed = read(data)
    except InputRefusedError as refusal:
        return Outcome(refused=refusal.code)
    return Outcome(parsed.rows_taken, tuple((code, rows) for _, code, rows in rejected(parsed)))


def sent(**changes: object) -> bytes:
    """A feed of three readings, the one in the middle changed."""
    return simple(reading(1), reading(**{"value": 2, "start": START + HOUR} | changes), reading(3, START + 2 * HOUR))


def typed(declaration: bytes) -> bytes:
    """A whole feed with a document type."""
    return WHOLE.replace(b"<feed", b"<!DOCTYPE feed " + declaration + b"><feed")


ONE_ASIDE = {
    "a text for a value": ("value", "n/a", "value.invalid"),
    "an exponent": ("value", "1e9", "value.invalid"),
    "a decimal comma": ("value", "1,5", "value.invalid"),
    "digits of another script": ("value", "١٢", "value.invalid"),
    "not a number": ("value", "NaN", "value.invalid"),
    "infinity": ("value", "-INF", "value.invalid"),
    "more than a meter counts": ("value", "9" * 25, "value.range"),
    "sixty digits and more": ("value", "9" * 61, "value.invalid"),
    "milliseconds for seconds": ("start", START * 1000, "time.invalid"),
    "a time before 1970": ("start", -1, "time.invalid"),
    "a date for an epoch": ("start", "2026-01-01", "time.invalid"),
    "a length below zero": ("duration", -3600, "time.invalid"),
    "no length at all": ("duration", 0, "time.invalid"),
}
WHOLE_BLOCK = {
    "a unit nobody knows": ({"uom": 777}, "unit.unknown"),
    "a multiplier nobody knows": ({"powerOfTenMultiplier": 77}, "unit.unknown"),
    "a behaviour nobody knows": ({"accumulationBehaviour": 77}, "accumulation.unknown"),
}
CASES = [
    *(pytest.param(sent(**{name: text}), Outcome(2, ((code, 1),)), id=case) for case, (name, text, code) in ONE_ASIDE.items()),
    *(pytest.param(simple(reading(), reading(2, START + HOUR), **facts), Outcome(0, ((code, 2),)), id=case)
      for case, (facts, code) in WHOLE_BLOCK.items()),
    pytest.param(b"", Outcome(refused="file.empty"), id="no byte"),
    pytest.param(b"  \n", Outcome(refused="xml.malformed"), id="blanks"),
    pytest.param(b"\x00" * 100, Outcome(refused="xml.malformed"), id="zero bytes"),
    pytest.param(b"<html><body>404 Not Found</body></html>", Outcome(refused="format.unknown"), id="an error page"),
    pytest.param(b'{"error": "unauthorized"}', Outcome(refused="xml.malformed"), id="an error in JSON"),
    pytest.param(gzip.compress(WHOLE), Outcome(refused="xml.malformed"), id="compressed bytes"),
    pytest.param(WHOLE + WHOLE, Outcome(refused="xml.malformed"), id="two documents in one file"),
    pytest.param(WHOLE + b"\x1a", Outcome(refused="xml.malformed"), id="bytes after the end"),
    pytest.param(WHOLE.replace(b"UTF-8", b"UTF-7"), Outcome(refused="xml.encoding"), id="an encoding nobody uses"),
    pytest.param(WHOLE.replace(b"17<", b"\xe9\xff<"), Outcome(refused="xml.malformed"), id="bytes that are no text"),
    pytest.param(b"\xef\xbb\xbf" + WHOLE, Outcome(3), id="a byte order mark"),
    pytest.param(WHOLE.decode().replace("UTF-8", "UTF-16").encode("utf-16"), Outcome(3), id="UTF-16"),
    pytest.param(WHOLE.replace(b"><", b">\r\n\t <"), Outcome(3), id="line ends and blanks everywhere"),
    pytest.param(typed(b'[<!ENTITY v "9">]'), Outcome(refused="xml.doctype"), id="an entity of its own"),
    pytest.param(typed(b'SYSTEM "http://127.0.0.1/x"'), Outcome(refused="xml.doctype"), id="a DTD elsewhere"),
    pytest.param(
        b"<feed xmlns='" + ATOM.encode() + b"'>" + b"<entry><content>" * 40 + b"</content></entry>" * 40 + b"</feed>",
        Outcome(refused="xml.limit"), id="eighty levels",
    ),
    pytest.param(feed(), Outcome(refused="format.unknown"), id="a feed of nothing"),
    pytest.param(
        feed('<link rel="self" href="https://utility.example/espi/1_1/resource/Subscription/5"/>'), Outcome(), id="nothing new"
    ),
    pytest.param(feed(usage_point(), meter_reading(), reading_type()), Outcome(), id="no readings"),
    pytest.param(feed(usage_point(), meter_reading(), reading_type(), block(block_of())), Outcome(), id="a block of nothing"),
    pytest.param(feed(usage_point(), meter_reading(), block()), Outcome(0, (("unit.unknown", 1),)), id="no type"),
    pytest.param(
        feed(usage_point(), meter_reading(), reading_type(), reading_type(uom=169), block()),
        Outcome(refused="resource.conflict"), id="one type described in two ways",
    ),
    pytest.param(
        feed(usage_point(), meter_reading(), reading_type(), block(), block()), Outcome(2),
        id="a block twice: a copy is told in the store",
    ),
    pytest.param(
        simple(reading(1), reading(1).replace("</value>", "</value><value>2</value>")), Outcome(1, (("value.invalid", 1),)),
        id="a reading with two values",
    ),
    pytest.param(
        feed(usage_point(), entry(resource("MeterReading"), READING, ["x" * 100_000]), reading_type(), block()),
        Outcome(1), id="a link of 100 KB",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), CASES)
def test_bad_input(data, expected):
    assert outcome(data) == expected


def test_a_feed_that_breaks_off_is_never_taken():
    taken = [cut for cut in range(len(WHOLE)) if outcome(WHOLE[:cut]).refused not in ("file.empty", "xml.malformed")]
    assert (taken, outcome(WHOLE)) == ([], Outcome(3))


@pytest.mark.parametrize(
    ("name", "limit", "data"),
    [
        ("MOST_LINKS", 5, feed(usage_point("/UsagePoint/1", *[f"/x/{n}" for n in range(6)]))),
        ("MOST_LINK_CHARACTERS", 50, feed(usage_point())),
        ("MOST_FACTS", 5, feed(clock(), reading_type())),
    ],
)
def test_an_entry_with_more_than_any_feed_has_is_refused(monkeypatch, name, limit, data):
    monkeypatch.setattr(feed_module, name, limit)
    assert outcome(data).refused == "xml.limit"


def test_more_descriptions_than_fit_into_memory_are_refused(monkeypatch):
    monkeypatch.setattr(links_module, "MOST_PATH_CHARACTERS", 100)
    assert outcome(WHOLE).refused == "xml.limit"


@pytest.mark.parametrize("length", [299, 5_000_000])
def test_a_text_of_any_length_is_no_value(length):
    assert outcome(simple(reading("1" * length), reading(2, START + HOUR))) == Outcome(1, (("value.invalid", 1),))


def test_a_remark_of_any_length_costs_nothing():
    assert outcome(WHOLE.replace(b"<entry>", b"<entry><title>" + b"long " * 2_000_000 + b"</title>", 1)) == Outcome(3)


PIECES = st.sampled_from(
    [
        b"<value>5</value>", b"<IntervalReading>", b"</IntervalReading>", b"<entry>", b"</entry>", b"<IntervalBlock>",
        b"</IntervalBlock>",
        b"<MeterReading/>", b"<UsagePoint>", b"</UsagePoint>", b"<ReadingType><uom>169</uom></ReadingType>", b"<uom>", b"</uom>",
        b"<timePeriod><start>0</start></timePeriod>", b'<link rel="related" href="/espi"/>',
        b"<UsageSummary><billToDate>1</billToDate></UsageSummary>",
        b"-", b"9999999999999999999", b".", b"<!--", b"-->", b"&amp;", b"\xff", b"",
    ]
)  # fmt: skip


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A feed with pieces cut out, doubled or put in."""
    data = WHOLE
    for _ in range(draw(st.integers(1, 4))):
        at, length = draw(st.integers(0, len(data))), draw(st.integers(0, 120))
        kept = data[at : at + length] if draw(st.booleans()) else b""
        data = data[:at] + kept + draw(PIECES) + data[at + (0 if kept else length) :]
    return data


@settings(max_examples=400)
@given(mutated())
def test_whatever_comes_every_value_is_accounted_for(data):
    pieces: list[Parsed] = []
    with suppress(InputRefusedError):
        pieces += read_espi(io.BytesIO(data), ReadContext("a.xml"))
    for piece in pieces:
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())


@settings(max_examples=60)
@given(st.permutations(range(6)), st.integers(1, 4))
def test_neither_order_nor_pieces_in_the_spool_change_what_is_read(order, rows_in_memory):
    blocks = [block(reading(n, START + n * HOUR), own=f"{READING}/IntervalBlock/{n}") for n in range(2)]
    parts = [usage_point(), clock(), meter_reading(), reading_type(), *blocks]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(feed_module, "ROWS_IN_MEMORY", rows_in_memory)
        shuffled = read(feed(*(parts[place] for place in order)))
    whole = read(feed(*parts))
    kept = [name for name in whole.intervals.column_names if name != "record"]
    assert shuffled.intervals.select(kept).to_pylist() == whole.intervals.select(kept).to_pylist()
