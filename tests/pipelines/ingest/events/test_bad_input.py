"""Bytes in, outcome out: what a hostile, damaged or unlucky event file comes to."""

from __future__ import annotations

import pytest

from schemas.errors import InputRefusedError
from tests.pipelines.ingest.events.reading import HEADER, JSON, ROW, read, rejected, table

ACCEPTED, REFUSED = "accepted", "refused"
NAMES = HEADER.split(",")


def row(**changes: str) -> bytes:
    """A table of one row with some fields changed."""
    fields = dict(zip(NAMES, ROW.split(","), strict=True)) | changes
    return table(",".join(fields[name] for name in NAMES))


def json(old: str, new: str) -> bytes:
    """A line of JSON with something replaced."""
    assert old in JSON
    return (JSON.replace(old, new) + "\n").encode()


CASES = [
    ("a whole table", table(ROW), ACCEPTED),
    ("line ends of Windows", table(ROW).replace(b"\n", b"\r\n"), ACCEPTED),
    ("blank lines", table("", ROW, "", " "), ACCEPTED),
    ("a header alone", table(), ACCEPTED),
    ("no bytes", b"", (REFUSED, "file.empty")),
    ("blanks", b"\n \n", (REFUSED, "file.empty")),
    ("another header", b"a,b\n1,2\n", (REFUSED, "format.unknown")),
    ("a header without a needed column", table("1,2", header="service_point_id,code"), (REFUSED, "format.unknown")),
    ("a column twice", table(ROW + ",80", header=HEADER + ",code"), (REFUSED, "column.duplicate")),
    ("no end of the last line", table(ROW)[:-1], (REFUSED, "file.truncated")),
    ("a row too short", table(ROW.rsplit(",", 1)[0]), {"record.length"}),
    ("a row too long", table(ROW + ",1"), {"record.length"}),
    ("an unclosed quote", row(meter_id='"M1'), {"record.length"}),
    ("not UTF-8", table(ROW).replace(b"M1", b"M\xff"), {"text.encoding"}),
    ("UTF-16", table(ROW).decode().encode("utf-16"), (REFUSED, "format.unknown")),
    ("NUL in an identifier", row(meter_id="M\x001"), {"record.identifier"}),
    ("an identifier that turns the text around", row(service_point_id="1\u202e2"), {"record.identifier"}),
    ("a zero-width identifier", row(service_point_id="\u200b"), {"record.identifier"}),
    ("an identifier of 10 kB", row(service_point_id="A" * 10_000), {"record.identifier"}),
    ("SQL in an identifier", row(service_point_id="'; DROP TABLE files; --"), ACCEPTED),
    ("no service point", row(service_point_id=" "), {"record.identifier"}),
    ("no meter", row(meter_id=""), ACCEPTED),
    ("no code", row(code=""), {"event.code"}),
    ("no time", row(started_at=""), {"time.missing"}),
    ("30 February", row(started_at="2026-02-30T00:00:00Z"), {"time.invalid"}),
    ("24:00", row(started_at="2026-01-15T24:00:00Z"), {"time.invalid"}),
    ("second 60", row(started_at="2026-01-15T23:59:60Z"), {"time.invalid"}),
    ("an offset of 25 hours", row(started_at="2026-01-15T12:00:00+25:00"), {"time.invalid"}),
    ("seconds since 1970", row(started_at="1768474800"), {"time.invalid"}),
    ("month and day the other way round", row(started_at="15/01/2026 12:00"), {"time.invalid"}),
    ("year 1", row(started_at="0001-01-01T00:00:00Z"), {"time.invalid"}),
    ("the end of time", row(started_at="9999-12-31T23:59:59-05:00"), {"time.invalid"}),
    ("a size that is none", row(magnitude="1e5"), {"value.invalid"}),
    ("a size too fine", row(magnitude="0.0000000001"), {"value.precision"}),
    ("a size of 39 digits", row(magnitude="9" * 39), {"value.range"}),
    ("a whole line of JSON", JSON.encode() + b"\n", ACCEPTED),
    ("JSON cut in its last line", (JSON + "\n" + JSON)[:-20].encode(), {"file.truncated"}),
    ("JSON that is none", json('"code"', "code"), {"json.malformed"}),
    ("a list", (JSON + "\n[]\n").encode(), {"event.shape"}),
    ("a key twice", json('"unit"', '"code"'), {"json.duplicate_key"}),
    ("not a number", json("195.5", "NaN"), {"json.number"}),
    ("a number beyond all", json("195.5", "1e999"), {"json.number"}),
    ("half a character", json("SP1", "\\ud800"), {"json.text"}),
    ("an identifier that is a number", json('"SP1"', "12"), {"event.shape"}),
    ("an object inside", json('"M1"', '{"a": 1}'), {"event.shape"}),
    ("a hundred thousand brackets", (JSON + "\n" + "[" * 100_000 + "\n").encode(), {"json.limit"}),
]


def outcome(data: bytes) -> object:
    """What a file came to: accepted, the codes of what was set aside, or the code it was refused with."""
    try:
        parsed = read(data)
    except InputRefusedError as refusal:
        return REFUSED, refusal.code
    return {code for _, code in rejected(parsed)} or ACCEPTED


@pytest.mark.parametrize(("data", "expected"), [pytest.param(data, out, id=name) for name, data, out in CASES])
def test_bad_input(data, expected):
    assert outcome(data) == expected


@pytest.mark.parametrize("data", [table(ROW, ROW), (JSON + "\n" + JSON + "\n").encode()], ids=["table", "json"])
def test_a_file_cut_anywhere_but_at_a_line_end_is_never_taken_whole(data):
    ends = {place + 1 for place, byte in enumerate(data) if byte == ord("\n")}
    for length in range(len(data)):
        is_line = length in ends or (data[:1] == b"{" and length + 1 in ends)
        assert (outcome(data[:length]) == ACCEPTED) == is_line, length
