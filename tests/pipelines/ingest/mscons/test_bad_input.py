"""Bytes that are wrong in some way, and what becomes of each: taken, rejected with a code, or refused with one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InputRefusedError
from tests.pipelines.ingest.mscons.interchanges import (
    HEADER,
    codes,
    dtm,
    interchange,
    line,
    message,
    place,
    quantity,
    quarter,
    read,
)
from tests.pipelines.ingest.mscons.samples import SAMPLE

BODY = message(place(line(quarter("1.5", "0000", "0015"))))
OPEN = BODY[: BODY.index("UNT+")]
VALUE = quarter("1.5", "0000", "0015")


def outcome(data: bytes) -> tuple[int, list[tuple[str, int]]] | str:
    """Rows taken and rejections, or the code with which the file is refused."""
    try:
        parsed = read(data)
    except InputRefusedError as refusal:
        return refusal.code
    return parsed.rows_taken, codes(parsed)


def whole(*parts: str) -> bytes:
    return interchange("".join(parts), count=1)


BAD = [
    ("no byte", b"", "file.empty"),
    ("blanks", b" \r\n\t\x1a", "file.empty"),
    ("a byte order mark alone", b"\xef\xbb\xbf", "file.empty"),
    ("another message type", interchange("UNH+1+UTILMD:D:11A:UN'UNT+2+1'"), "format.unknown"),
    ("no message", interchange(), "format.unknown"),
    ("text", b"hello world, this is no interchange", "format.unknown"),
    ("zeros", bytes(1000), "format.unknown"),
    ("UTF-16", SAMPLE.decode("latin-1").encode("utf-16"), "format.unknown"),
    ("a segment without an end", HEADER.encode() + OPEN.encode() + b"FTX+" + b"x" * 100_000, "record.size"),
    ("service characters that are the same", b"UNA::.? '" + SAMPLE[9:], "edifact.una"),
    ("a letter for a terminator", b"UNA:+.? X" + SAMPLE[9:], "edifact.una"),
    ("no UNB", BODY.encode(), (1, [("file.truncated", 1)])),
    ("no UNZ", (HEADER + BODY).encode(), (1, [("file.truncated", 1)])),
    ("UNZ without its terminator", (HEADER + BODY + "UNZ+1+IC1").encode(), (1, [])),
    ("UNZ cut in its reference", (HEADER + BODY + "UNZ+1+IC").encode(), (1, [("file.truncated", 1)])),
    ("UNZ cut before its count", (HEADER + BODY + "UNZ+").encode(), (1, [("file.truncated", 1)])),
    ("no UNT, then UNZ", whole(OPEN), (0, [("file.truncated", 1)])),
    ("no UNT, then a message", interchange(OPEN + BODY), (1, [("file.truncated", 1)])),
    ("no UNT, then an interchange", (HEADER + OPEN).encode() + SAMPLE, (3, [("file.truncated", 1)])),
    ("no UNZ, then an interchange", (HEADER + BODY).encode() + interchange(BODY), (2, [("file.truncated", 1)])),
    ("text after the end", SAMPLE + b"and more", (3, [("file.truncated", 1)])),
    ("a segment after the end", SAMPLE + b"and more'", (3, [("record.unknown", 1)])),
    ("Ctrl-Z after the end", SAMPLE + b"\r\n\x1a", (3, [])),
    ("UNT twice", whole(BODY + "UNT+1+M1'"), (1, [("record.unknown", 1)])),
    ("UNZ twice", SAMPLE + b"UNZ+2+IC1'", (3, [])),
    ("a tag that is none", whole(OPEN, "qq+1'", "UNT+1+M1'"), (1, [("record.unknown", 1)])),
    ("an empty segment", whole(OPEN, "'", "UNT+1+M1'"), (1, [("record.unknown", 1)])),
    ("a segment of another directory", whole(OPEN, "FTX+ACB+++text'", "UNT+1+M1'"), (1, [])),
    ("a value before any line", whole(message(place(VALUE, line(VALUE)))), (1, [("record.channel", 1)])),
    ("a value before any place", whole(message(VALUE)), (0, [("record.channel", 1)])),
    ("a line before any place", whole(message(line(VALUE))), (0, [("record.identifier", 1)])),
    ("a place without a name", whole(message(place(line(VALUE), loc="LOC+172'"))), (0, [("record.identifier", 1)])),
    ("a bare QTY", whole(message(place(line("QTY'")))), (0, [("quality.unknown", 1)])),
    ("a released terminator", whole(message(place(line(VALUE.replace("1.5'", "1.5?'"))))), (0, [("time.missing", 1)])),
    ("a date with the wrong format", whole(message(place(line(VALUE.replace(":303", ":204"))))), (0, [("time.invalid", 1)])),
    ("a newline inside a number", whole(message(place(line(VALUE.replace("1.5", "1.\n5"))))), (0, [("value.invalid", 1)])),
    ("an id of SQL", whole(message(place(line(VALUE), loc="LOC+172+?'; DROP TABLE x;--'"))), (1, [])),
    ("bytes that are no text", whole(message(place(line(VALUE), loc="LOC+172+\x80\xff\x00'"))), (1, [])),
    ("the sample", SAMPLE, (3, [])),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_becomes_of_wrong_bytes(data, expected):
    assert outcome(data) == expected


def test_a_cut_file_is_never_taken_as_whole():
    last = len(SAMPLE) - 1  # without the terminator of UNZ nothing is missing
    for end in range(1, last):
        found = outcome(SAMPLE[:end])
        assert isinstance(found, str) or ("file.truncated" in dict(found[1]) and found[0] <= 3), SAMPLE[:end]
    assert outcome(SAMPLE[:last]) == outcome(SAMPLE) == (3, [])


def test_values_that_wait_for_their_time_are_lost_with_the_cut_and_counted():
    dates = (dtm("163", "202601050000+01"), dtm("164", "202601050100+01"), "DTM+672:15:806'")
    data = whole(message(place(*dates, line(*map(quantity, "1234")))))
    assert outcome(data[: data.index(b"UNT+")]) == (0, [("file.truncated", 4)])


def test_a_value_with_a_wrong_stamp_is_judged_alone_when_the_row_is_cut():
    dates = (dtm("163", "202601050000+01"), dtm("164", "202601050100+01"))
    values = [quarter("1", "0000", "0015"), quarter("2", "0030", "0015"), quarter("3", "0030", "0045")]
    data = whole(message(place(*dates, line(*values))))
    assert outcome(data[: data.index(b"UNT+")]) == (1, [("file.truncated", 1), ("time.invalid", 1)])


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SAMPLE)),
            st.integers(0, 30),
            st.binary(max_size=12) | st.sampled_from([b"'", b"?", b"UNA", b"QTY+"]),
        ),
        min_size=1,
        max_size=5,
    ),
    st.integers(min_value=1, max_value=300),
)
def test_nothing_but_our_own_refusal_comes_out_of_spliced_files_and_rows_add_up(splices, piece_bytes):
    data = SAMPLE
    for place_, cut, inserted in splices:
        data = data[:place_] + inserted + data[place_ + cut :]
    try:
        parsed = read(data, piece_bytes)
    except InputRefusedError:
        return
    assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
