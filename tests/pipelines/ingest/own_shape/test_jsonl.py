from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.own_shape import jsonl as module
from pipelines.ingest.own_shape.jsonl import recognise_jsonl


class TestRecognition:
    @pytest.mark.parametrize("before", [b"", b"\xef\xbb\xbf", b"\n"])
    def test_a_line_that_names_a_service_point_is_ours(self, own, before):
        assert recognise_jsonl(before + own.jsonl(own.run()))

    @pytest.mark.parametrize(
        "head", [b"[", b'{"MarketDocument": {}}', b'{\n  "service_point_id": 1', b"service_point_id,value\n", b"100,NEM12"]
    )
    def test_other_documents_are_not(self, head):
        assert not recognise_jsonl(head)


class TestNumbers:
    @pytest.mark.parametrize("text", ["0.1", '"0.1"', "1e-1", "0.10000000000000000000"])
    def test_a_number_is_the_digits_that_are_written(self, own, values, text):
        line = own.jsonl(own.slot(value=None)).replace(b'"value": null', b'"value": ' + text.encode())
        assert str(values(own.parse("jsonl", line))[0].normalize()) == "0.1"


class TestLines:
    def test_lines_of_all_shapes_may_mix(self, own):
        parsed = own.parse("jsonl", own.jsonl(own.run(), own.read(), own.slot(channel="B1", direction="export")))
        assert (parsed.rows_read, parsed.intervals.num_rows, parsed.reads.num_rows) == (5, 2, 1)

    def test_blank_lines_and_other_line_ends_are_nothing(self, own):
        data = b"\xef\xbb\xbf" + own.jsonl(own.run(), own.read()).replace(b"\n", b"\r\n\r\n")
        assert own.parse("jsonl", data).rows_read == 4

    def test_the_last_line_needs_no_end(self, own):
        assert own.outcome("jsonl", own.jsonl(own.run())[:-1]) == "accepted"

    def test_a_line_too_long_is_set_aside_alone(self, own, monkeypatch):
        monkeypatch.setattr(module, "MOST_LINE_BYTES", 400)
        long = own.run(values=["0"] * 200)
        parsed = own.parse("jsonl", own.jsonl(own.read(), long, own.read(value="2")))
        assert (own.codes(parsed), parsed.reads.num_rows) == ([("2", "json.limit", 1)], 2)

    def test_a_line_as_long_as_a_line_may_be_is_taken(self, own, monkeypatch):
        line = own.jsonl(own.run())
        monkeypatch.setattr(module, "MOST_LINE_BYTES", len(line))
        assert own.outcome("jsonl", line) == "accepted"
        monkeypatch.setattr(module, "MOST_LINE_BYTES", len(line) - 1)
        assert own.outcome("jsonl", line) == "json.limit"


class TestControlTotal:
    @pytest.mark.parametrize(("told", "outcome"), [(2, "accepted"), (1, "refused file.truncated"), (3, "refused file.truncated")])
    def test_the_last_line_may_say_how_many_there_are_before(self, own, told, outcome):
        assert own.outcome("jsonl", own.jsonl(own.run(), own.read(), {"lines": told})) == outcome

    def test_a_line_set_aside_counts_as_a_line(self, own):
        assert own.outcome("jsonl", own.jsonl(own.run(), {"x": 1}, {"lines": 2})) == "shape.unknown"

    def test_nothing_comes_after_it(self, own):
        assert own.outcome("jsonl", own.jsonl({"lines": 0}, own.run())) == "refused file.truncated"


def with_value(text):
    return '{"service_point_id":"1","channel":"E1","direction":"import","unit":"kWh","interval_minutes":30,' + text + "}"


TIMED = '"interval_start":"2026-01-01T00:00:00Z",'
BAD_INPUT = [
    ("not a number", with_value(TIMED + '"value":NaN'), "json.number"),
    ("infinity", with_value(TIMED + '"value":-Infinity'), "json.number"),
    ("beyond a float", with_value(TIMED + '"value":1e999'), "json.number"),
    ("beyond the store", with_value(TIMED + '"value":1e30'), "value.range"),
    ("5,000 digits", with_value(TIMED + '"value":' + "1" * 5000), "json.number"),
    ("5,000 digits as text", with_value(TIMED + '"value":"' + "1" * 5000 + '"'), "value.invalid"),
    ("too fine", with_value(TIMED + '"value":0.0000000001'), "value.precision"),
    ("a thousands mark", with_value(TIMED + '"value":"1,000"'), "value.invalid"),
    ("an exponent as text", with_value(TIMED + '"value":"1e3"'), "value.invalid"),
    ("digits of another script", with_value(TIMED + '"value":"१२"'), "value.invalid"),
    ("minus zero", with_value(TIMED + '"value":-0'), "accepted"),
    ("true", with_value(TIMED + '"value":true'), "value.invalid"),
    ("a list", with_value(TIMED + '"value":[1]'), "value.invalid"),
    ("an object", with_value(TIMED + '"value":{"kWh":1}'), "value.invalid"),
    ("a value twice", with_value(TIMED + '"value":1,"value":2'), "json.duplicate_key"),
    ("half a character", with_value(TIMED + '"value":1,"meter_id":"\\ud800"'), "json.text"),
    ("NUL in an id", with_value(TIMED + '"value":1,"meter_id":"\\u0000"'), "record.identifier"),
    ("an id of 10 kB", with_value(TIMED + '"value":1,"meter_id":"' + "7" * 10_000 + '"'), "record.identifier"),
    ("an id as a number", with_value(TIMED + '"value":1,"meter_id":7'), "record.identifier"),
    ("SQL as an id", with_value(TIMED + '"value":1,"meter_id":"\'; DROP TABLE x; --"'), "accepted"),
    ("a path as an id", with_value(TIMED + '"value":1,"meter_id":"../../x"'), "accepted"),
    ("100,000 deep", with_value(TIMED + '"value":' + "[" * 100_000 + "]" * 100_000), "json.limit"),
    ("no zone", with_value('"interval_start":"2026-01-01T00:00:00","value":1'), "time.invalid"),
    ("a date alone", with_value('"interval_start":"2026-01-01","value":1'), "time.invalid"),
    ("30 February", with_value('"interval_start":"2026-02-30T00:00:00Z","value":1'), "time.invalid"),
    ("24:00", with_value('"interval_start":"2026-01-01T24:00:00Z","value":1'), "time.invalid"),
    ("second 60", with_value('"interval_start":"2026-01-01T00:00:60Z","value":1'), "time.invalid"),
    ("+25:00", with_value('"interval_start":"2026-01-01T00:00:00+25:00","value":1'), "time.invalid"),
    ("seconds since 1970", with_value('"interval_start":1767225600,"value":1'), "time.invalid"),
    ("year 1", with_value('"interval_start":"0001-01-01T00:00:00+14:00","value":1'), "time.invalid"),
    ("year 9999", with_value('"interval_start":"9999-12-31T23:59:59-14:00","value":1'), "time.invalid"),
    ("a second off the minute", with_value('"interval_start":"2026-01-01T00:00:01Z","value":1'), "accepted"),
    ("half a minute", with_value(TIMED + '"value":1').replace(":30,", ":0.5,"), "value.invalid"),
    ("a misspelt column", with_value(TIMED + '"value":1,"exponnet":-3'), "shape.column"),
    ("a missing column", with_value(TIMED + '"quality":"measured"'), "shape.column"),
    ("two shapes at once", with_value(TIMED + '"value":1,"values":[1]'), "shape.unknown"),
    ("a list of rows", "[" + with_value(TIMED + '"value":1') + "]", "shape.unknown"),
    ("a word", '"reading"', "shape.unknown"),
    ("two objects", with_value(TIMED + '"value":1') * 2, "json.malformed"),
    ("a comment", "// no JSON", "json.malformed"),
    ("nothing", "", "refused file.empty"),
    ("blanks", " \n\n", "refused file.empty"),
]


@pytest.mark.parametrize(("text", "expected"), [row[1:] for row in BAD_INPUT], ids=[row[0] for row in BAD_INPUT])
def test_bad_input(own, text, expected):
    assert own.outcome("jsonl", text.encode() + b"\n") == expected


@pytest.mark.parametrize(
    ("encoding", "expected"), [("utf-16", "json.text"), ("utf-16-le", "json.text"), ("latin-1", "json.text")]
)
def test_another_encoding_is_set_aside(own, encoding, expected):
    line = json.dumps(own.slot(meter_id="Zähler"), ensure_ascii=False)
    assert own.outcome("jsonl", line.encode(encoding) + b"\n") == expected


def test_a_file_cut_anywhere_gives_its_whole_lines_and_no_other(own):
    lines = [own.jsonl(row) for row in (own.run(), own.read(), own.slot(channel="Ü1"))]
    data = b"".join(lines)
    counts = [3, 1, 1]
    for cut in range(1, len(data)):
        parsed = own.parse("jsonl", data[:cut])
        ends = [sum(map(len, lines[: number + 1])) for number in range(3)]
        whole = sum(count for count, end in zip(counts, ends, strict=True) if cut >= end - 1)
        codes = parsed.rejections["code"].to_pylist()
        assert (parsed.rows_taken, codes) == (whole, [] if cut in ends or cut + 1 in ends else ["file.truncated"]), cut


def test_with_a_control_total_no_cut_file_passes_for_a_whole_one(own):
    data = own.jsonl(own.run(), own.read(), {"lines": 2})
    for cut in range(1, len(data) - 1):
        outcome = own.outcome("jsonl", data[:cut])
        assert outcome != "accepted" or data[cut - 1 : cut + 1] in (b"}\n", b"\n{"), cut


@given(st.data())
def test_whatever_the_bytes_rows_are_accounted_for(own, data):
    good = own.jsonl(own.run(), own.slot(interval_start="2026-01-01T03:00:00Z"), own.read(), {"lines": 3})
    begin = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(begin, min(len(good), begin + 40)))
    piece = data.draw(
        st.binary(max_size=20) | st.just(good[10:90]) | st.text('{}[]",:0123456789eE+-\\uNa', max_size=20).map(str.encode)
    )
    outcome = own.outcome("jsonl", good[:begin] + piece + good[end:])
    assert not outcome.startswith("refused") or outcome in {"refused file.truncated", "refused file.empty"}


def test_a_long_file_is_handed_over_in_pieces(own, monkeypatch):
    monkeypatch.setattr("pipelines.ingest.collector.FULL_AT", 10)
    lines = own.jsonl(*(own.read(read_at=f"2026-01-{day:02d}T00:00:00Z") for day in range(1, 29)))
    pieces = list(module.read_jsonl(io.BytesIO(lines), module.ReadContext("a")))
    assert [piece.reads.num_rows for piece in pieces] == [10, 10, 8]
