"""Bad input: bytes in, outcome out. Nothing but the project's own refusal comes out, and every row is accounted for."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.reader import Parsed
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.national.samples import QUARTER, SAMPLES, codes, datadis_row, dump, eda_document, eda_position, read

JSON_FORMATS = [name for name in SAMPLES if name != "eda"]


def outcome(name: str, data: bytes) -> tuple[str, str]:
    """``accepted``, ``rows rejected`` with their codes, or ``refused`` with its code."""
    try:
        parsed = read(name, data)
    except InputRefusedError as refusal:
        return "refused", refusal.code
    found = sorted({code for _, code, _ in codes(parsed)})
    return ("rows rejected", " ".join(found)) if found else ("accepted", "")


def rows_of(parsed: Parsed) -> list[list[dict[str, Any]]]:
    return [parsed.intervals.to_pylist(), parsed.reads.to_pylist(), parsed.rejections.to_pylist()]


def swapped(name: str, old: bytes, new: bytes) -> bytes:
    assert old in SAMPLES[name]
    return SAMPLES[name].replace(old, new, 1)


DEEP = b"[" * 100_000 + b"]" * 100_000
ROW = dump(datadis_row("01:00"))
POSITION = eda_position(*QUARTER)

JSON_CASES = {
    "empty": (b"", ("refused", "file.empty")),
    "blanks": (b" \r\n\t", ("refused", "file.empty")),
    "byte order mark alone": (b"\xef\xbb\xbf", ("refused", "file.empty")),
    "two documents": (b"{}{}", ("refused", "json.malformed")),
    "depth": (DEEP, ("refused", "json.limit")),
    "not a number": (b'[{"a": NaN}]', ("refused", "json.number")),
    "infinity": (b'[{"a": -Infinity}]', ("refused", "json.number")),
    "1e999": (b'[{"a": 1e999}]', ("refused", "json.number")),
    "5,000 digits": (b'[{"a": ' + b"9" * 5000 + b"}]", ("refused", "json.number")),
    "a key twice": (b'[{"a": 1, "a": 2}]', ("refused", "json.duplicate_key")),
    "half a character": (b'[{"a": "\\ud800"}]', ("refused", "json.text")),
    "not UTF-8": (b'[{"a": "\xff"}]', ("refused", "json.text")),
    "UTF-16": ('[{"a": 1}]'.encode("utf-16"), ("refused", "json.text")),
    "NUL": (b"[\x00]", ("refused", "json.malformed")),
    "a comment": (b"[] // end", ("refused", "json.malformed")),
}

CASES = {
    "datadis: rows of one kind and another": ("datadis", b"[7, " + ROW + b', "x"]', ("rows rejected", "record.unknown")),
    "datadis: 39 digits": ("datadis", dump([datadis_row("01:00", consumptionKWh=10**38)]), ("rows rejected", "value.range")),
    "datadis: ten decimals": (
        "datadis",
        ROW.replace(b"0.25", b"0.1234567891").join((b"[", b"]")),
        ("rows rejected", "value.precision"),
    ),
    "datadis: minus zero": ("datadis", ROW.replace(b"0.25", b"-0.0").join((b"[", b"]")), ("accepted", "")),
    "datadis: negative import": ("datadis", ROW.replace(b"0.25", b"-1.5").join((b"[", b"]")), ("accepted", "")),
    "datadis: 1E2": ("datadis", ROW.replace(b"0.25", b"1E2").join((b"[", b"]")), ("accepted", "")),
    "datadis: Feb 30": ("datadis", dump([datadis_row("01:00", date="2026/02/30")]), ("rows rejected", "time.invalid")),
    "datadis: second 60": ("datadis", dump([datadis_row("01:00:60")]), ("rows rejected", "time.invalid")),
    "datadis: a table in the list's place": ("datadis", b'{"timeCurve": {"cups": "ES"}}', ("refused", "format.unknown")),
    "enedis: year 9999": (
        "enedis",
        swapped("enedis", b"2026-01-15 00:30", b"9999-12-31 23:30"),
        ("rows rejected", "time.invalid"),
    ),
    "enedis: 13 minutes": ("enedis", swapped("enedis", b"PT30M", b"PT13M"), ("accepted", "")),
    "enedis: no minutes": ("enedis", swapped("enedis", b"PT30M", b"PT0M"), ("rows rejected", "interval.unknown")),
    "enedis: decimal comma": ("enedis", swapped("enedis", b'"1000"', b'"1000,5"'), ("rows rejected", "value.invalid")),
    "enedis: thousands": ("enedis", swapped("enedis", b'"1000"', b'"1 000"'), ("rows rejected", "value.invalid")),
    "enedis: no-break space": (
        "enedis",
        swapped("enedis", b'"1000"', '"1\u00a0000"'.encode()),
        ("rows rejected", "value.invalid"),
    ),
    "enedis: digits of another script": (
        "enedis",
        swapped("enedis", b'"1000"', b'"\xd9\xa1\xd9\xa0"'),
        ("rows rejected", "value.invalid"),
    ),
    "fingrid: epoch": (
        "fingrid",
        swapped("fingrid", b'"2026-01-14T22:15:00Z"', b"1768428900"),
        ("rows rejected", "time.missing"),
    ),
    "fingrid: overflow": ("fingrid", swapped("fingrid", b'"0.250000"', b'"9000000000"'), ("rows rejected", "value.range")),
    "fluvius: Wh instead of kWh is a thousandth": ("fluvius", swapped("fluvius", b'"kWh"', b'"Wh"'), ("accepted", "")),
    "fluvius: +25:00": ("fluvius", swapped("fluvius", b"+01:00", b"+25:00"), ("rows rejected", "time.invalid")),
    "mijn_aansluiting: 31 digits": (
        "mijn_aansluiting",
        swapped("mijn_aansluiting", b"100.5", b"9" * 31),
        ("rows rejected", "value.range"),
    ),
    "eda: empty": ("eda", b"", ("refused", "file.empty")),
    "eda: no XML": ("eda", b"not well-formed", ("refused", "xml.malformed")),
    "eda: two roots": ("eda", SAMPLES["eda"] + b"<a/>", ("refused", "xml.malformed")),
    "eda: NUL": ("eda", SAMPLES["eda"].replace(b"L1", b"L\x001"), ("refused", "xml.malformed")),
    "eda: entity": (
        "eda",
        SAMPLES["eda"].replace(b"?>", b'?><!DOCTYPE a [<!ENTITY e "0.25">]>', 1).replace(b"0.250000", b"&e;"),
        ("refused", "xml.doctype"),
    ),
    "eda: external DTD": (
        "eda",
        SAMPLES["eda"].replace(b"?>", b'?><!DOCTYPE a SYSTEM "http://example.org/a.dtd">', 1),
        ("refused", "xml.doctype"),
    ),
    "eda: depth": (
        "eda",
        SAMPLES["eda"].replace(b"<t:Routing", b"<x>" * 300 + b"</x>" * 300 + b"<t:Routing", 1),
        ("refused", "xml.limit"),
    ),
    "eda: UTF-7": ("eda", SAMPLES["eda"].replace(b"UTF-8", b"UTF-7"), ("refused", "xml.encoding")),
    "eda: UTF-16": ("eda", SAMPLES["eda"].decode().replace("UTF-8", "UTF-16").encode("utf-16"), ("accepted", "")),
    "eda: comment inside a number": ("eda", SAMPLES["eda"].replace(b"0.25", b"0.<!-- 9 -->25"), ("accepted", "")),
    "eda: CDATA": ("eda", SAMPLES["eda"].replace(b"0.250000", b"<![CDATA[0.250000]]>"), ("accepted", "")),
    "eda: processing instruction": ("eda", SAMPLES["eda"].replace(b"0.25", b"0.<?a b?>25"), ("accepted", "")),
    "eda: another root": ("eda", b"<MasterData/>", ("refused", "format.unknown")),
    "eda: wrong namespace": (
        "eda",
        SAMPLES["eda"].replace(b"consumptionrecord/01p41", b"masterdata/01p41"),
        ("refused", "format.unknown"),
    ),
    "eda: mixed namespaces": ("eda", SAMPLES["eda"].replace(b"c:EnergyData", b"t:EnergyData"), ("accepted", "")),
    "eda: kWh by another name": ("eda", eda_document(POSITION, unit="kw/h"), ("rows rejected", "unit.unknown")),
}


@pytest.mark.parametrize("case", JSON_CASES)
@pytest.mark.parametrize("name", JSON_FORMATS)
def test_json_of_every_portal(name, case):
    data, expected = JSON_CASES[case]
    assert outcome(name, data) == expected


@pytest.mark.parametrize("case", CASES)
def test_answers_of_one_portal(case):
    name, data, expected = CASES[case]
    assert outcome(name, data) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Robert'); DROP TABLE files;--",
        "0012",
        "1E5",
        "../../x",
        "a\u202eb",
        "=1+1",
        "<b>",
        "\uff21\uff22",
        "é",
        "\u200b",
        "😀",
        "a\nb",
    ],
)
def test_an_identifier_stays_as_it_is(text):
    assert read("datadis", dump([datadis_row("01:00", cups=text)])).intervals["service_point_id"].to_pylist() == [text]


@pytest.mark.parametrize("name", SAMPLES)
def test_an_answer_cut_anywhere_is_refused_as_a_whole(name):
    whole = SAMPLES[name].rstrip()
    found = {outcome(name, whole[:end])[0] for end in range(len(whole))}
    assert (found, outcome(name, whole)[0]) == ({"refused"}, "accepted")


@pytest.mark.parametrize("name", SAMPLES)
def test_the_same_bytes_give_the_same_rows(name):
    assert rows_of(read(name, SAMPLES[name])) == rows_of(read(name, SAMPLES[name]))


PIECES = sorted({piece for sample in SAMPLES.values() for piece in (sample[at : at + 40] for at in range(0, len(sample), 40))})
VALUES = [
    b"null",
    b"true",
    b"[]",
    b"{}",
    b'""',
    b"-1",
    b"1e5",
    b'"x"',
    b"[[1]]",
    b'{"a": null}',
    b"2026",
    b'"2026-10-25 02:30:00"',
    b"<c:EP/>",
]


@settings(max_examples=500)
@given(
    name=st.sampled_from(list(SAMPLES)),
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 60), st.sampled_from([*PIECES, *VALUES]) | st.binary(max_size=6)), max_size=4
    ),
)
def test_nothing_but_a_refusal_comes_out_of_a_spoiled_answer(name, edits):
    data = SAMPLES[name]
    for share, length, piece in edits:
        at = int(share * len(data))
        data = data[:at] + piece + data[at + length :]
    outcome(name, data)


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**12)
    | st.sampled_from(["", "x", "Z", "2026-01-15", "kWh", "PT15M", "1.8.1", "0.5"])
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["total", "unit", "value", "date"]), inner),
    max_leaves=6,
)


@settings(max_examples=500)
@given(data=st.data(), name=st.sampled_from(JSON_FORMATS), value=ANYTHING)
def test_any_value_may_stand_in_the_place_of_any_other(data, name, value):
    document = json.loads(SAMPLES[name])
    place = document
    while True:
        key = data.draw(st.sampled_from(list(place)) if isinstance(place, dict) else st.integers(0, len(place) - 1))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.booleans()):
            break
        place = inner
    place[key] = value
    outcome(name, dump(document))
