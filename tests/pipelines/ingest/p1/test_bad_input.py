"""Bytes in, outcome out: what a hostile, damaged or unlucky capture comes to."""

from __future__ import annotations

import pytest

from schemas.errors import InputRefusedError
from tests.head_end.p1.captures import V5, VALUES_OF_V5, changed, sent
from tests.pipelines.ingest.p1.reading import read, rejected

TWICE = sent() + sent()
NO_CRC = sent(changed(**{"1-3:0.2.8": None, "0-0:1.0.0": None}), crc="")


def value(text: str) -> bytes:
    """A telegram with one value of its own, its CRC right."""
    return sent(changed(**{"1-0:1.8.1": f"1-0:1.8.1({text})"}))


def clock(stamp: str) -> bytes:
    """A telegram with a gas reading of that time."""
    return sent(changed(**{"0-1:24.2.1": f"0-1:24.2.1({stamp})(00321.098*m3)"}))


def meter(text: str) -> bytes:
    return sent(changed(**{"0-0:96.1.1": f"0-0:96.1.1({text})"}))


ACCEPTED, REFUSED = "accepted", "refused"
CASES = [
    # name, bytes, outcome: accepted, codes of rejected rows, or refused with a code
    ("a whole telegram", sent(), ACCEPTED),
    ("line feeds alone", sent(ends=b"\n"), ACCEPTED),
    ("carriage returns alone", sent(ends=b"\r"), ACCEPTED),
    ("byte order mark", b"\xef\xbb\xbf" + sent(), ACCEPTED),
    ("NULs between telegrams", sent() + b"\x00\x00\r\n" + sent(), ACCEPTED),
    ("no line end after the CRC", sent().rstrip(), ACCEPTED),
    ("a version without CRC that ends with the mark", NO_CRC.rstrip(), ACCEPTED),
    ("no bytes", b"", (REFUSED, "file.empty")),
    ("blanks", b" \r\n\r\n", (REFUSED, "file.empty")),
    ("another format", b"100,NEM12,200405011135,MDA1,Ret1\n900\n", (REFUSED, "format.unknown")),
    ("an identification alone", b"/TST5\\253000001\r\n", (REFUSED, "format.unknown")),
    ("a mark alone", b"!6EEE\r\n", (REFUSED, "format.unknown")),
    ("UTF-16", sent().decode().encode("utf-16"), (REFUSED, "format.unknown")),
    ("no CRC digits of a version that has them, at the end of the file", sent(crc="").rstrip(), {"frame.incomplete"}),
    ("CRC of another telegram", sent(crc="0000"), {"crc.mismatch"}),
    ("CRC that is none", sent(crc="zzzz"), {"crc.mismatch"}),
    ("CRC with something after it", sent(crc="1234 1-0:1.8.1(1*kWh)"), {"crc.mismatch"}),
    ("NUL inside", sent().replace(b"1-0:1.7.0", b"1-0:\x001.7.0"), {"crc.mismatch"}),
    ("high bytes inside", sent().replace(b"(00.244", b"(\xff0.244"), {"crc.mismatch"}),
    ("a second beginning inside", sent()[:120] + b"\r\n" + sent(), {"frame.incomplete"}),
    ("no beginning", sent()[40:], {"frame.incomplete"}),
    ("no end", sent()[:-20], {"frame.incomplete"}),
    ("a million lines of one telegram", b"/TST5\r\n" + b"1-0:1.8.0(1*kWh)\r\n" * 20_000, {"frame.incomplete"}),
    ("one line of a megabyte", b"/TST5\r\n1-0:1.8.0(" + b"1" * 2**20, (REFUSED, "format.unknown")),
    ("a log of noise between telegrams", sent() + b"2026-01-15 DEBUG received\r\n" + sent(), {"frame.incomplete"}),
    ("negative zero", value("-0*kWh"), ACCEPTED),
    ("an index below zero", value("-5*kWh"), ACCEPTED),
    ("a value of 39 digits", value("9" * 39 + "*kWh"), {"value.range"}),
    ("a value of 61 characters", value("1" * 61 + "*kWh"), {"value.invalid"}),
    ("a scale too fine", value("0.0000000001*kWh"), {"value.precision"}),
    ("an exponent", value("1E3*kWh"), {"value.invalid"}),
    ("thousands marks", value("1'234*kWh"), {"value.invalid"}),
    ("decimal comma", value("1,5*kWh"), {"value.invalid"}),
    ("not a number", value("NaN*kWh"), {"value.invalid"}),
    ("no digits", value("-*kWh"), {"value.invalid"}),
    ("power for energy", value("5*kW"), {"unit.unknown"}),
    ("a unit nobody has", value("5*kWh/d"), {"unit.unknown"}),
    ("30 February", clock("260230120000W"), {"time.invalid"}),
    ("24:00", clock("260115240000W"), {"time.invalid"}),
    ("second 60", clock("260115235960W"), {"time.invalid"}),
    ("no such hour in spring", clock("260329023000"), {"time.invalid"}),
    ("the hour that comes twice, unsaid", clock("261025023000"), {"time.invalid"}),
    ("the hour that comes twice, said", clock("261025023000S"), ACCEPTED),
    ("a meter that is not ready", clock("632525252525W"), {"time.invalid"}),
    ("a reading from the future", clock("690115120000W"), ACCEPTED),
    ("SQL in an identifier", meter("'; DROP TABLE files; --"), ACCEPTED),
    ("a path in an identifier", meter("../../etc/passwd"), ACCEPTED),
    ("an identifier of 10 kB", meter("A" * 10_000), {"record.identifier"}),
    ("a control character in an identifier", meter("\x1b[31m"), {"record.identifier"}),
    ("letters of another script in an identifier", meter("\u0410\u0412\u0421"), {"record.identifier"}),
    ("an identifier that turns the text around", meter("1\u202e2"), {"record.identifier"}),
    ("two meters in one telegram", sent((*V5, "0-0:96.1.1(OTHER)")), {"frame.spliced"}),
]


def outcome(data: bytes) -> object:
    """What a capture came to: accepted, the codes of what was set aside, or the code it was refused with."""
    try:
        parsed = read(data)
    except InputRefusedError as refusal:
        return REFUSED, refusal.code
    return {code for _, code, _ in rejected(parsed)} or ACCEPTED


@pytest.mark.parametrize(("data", "expected"), [pytest.param(data, out, id=name) for name, data, out in CASES])
def test_bad_input(data, expected):
    assert outcome(data) == expected


def test_a_capture_cut_anywhere_gives_whole_telegrams_or_none():
    whole = read(TWICE).reads.to_pylist()
    for length in range(len(TWICE)):
        if outcome(TWICE[:length]) in ((REFUSED, "file.empty"), (REFUSED, "format.unknown")):
            assert length < len(TWICE) / 4
            continue
        parsed = read(TWICE[:length])
        assert parsed.reads.num_rows in (0, VALUES_OF_V5, 2 * VALUES_OF_V5)
        assert parsed.reads.to_pylist() == whole[: parsed.reads.num_rows]
        is_whole = length >= len(TWICE) - len(b"\r\n") or length in (len(TWICE) // 2 - 2, len(TWICE) // 2 - 1, len(TWICE) // 2)
        assert (outcome(TWICE[:length]) == ACCEPTED) == is_whole, length


def test_a_capture_without_crc_cut_before_its_mark_gives_nothing():
    for length in range(60, len(NO_CRC) - len(b"!\r\n") + 1):
        assert outcome(NO_CRC[:length]) in ({"frame.incomplete"}, (REFUSED, "format.unknown")), length
