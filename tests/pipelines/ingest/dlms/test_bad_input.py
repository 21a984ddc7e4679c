"""Bytes in, outcome out: accepted, rows set aside with a code, or refused with a code."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.dlms.captures import recognise_dlms
from pipelines.ingest.reader import Parsed
from schemas.errors import InputRefusedError
from tests.head_end.dlms.meter_bytes import (
    LINK,
    METER,
    array,
    clock,
    code,
    frame,
    hourly_list,
    notification,
    octets,
    register,
    segments,
    structure,
    u16,
    u32,
    wrapped,
)
from tests.pipelines.ingest.dlms.reading import codes, read, values

PUSH = notification(hourly_list(), clock("2026-01-31 14:00:00", -60))
FRAMED = frame(LINK + PUSH)
ACCEPTED: set[str] = set()


def framed(body: bytes) -> bytes:
    return frame(LINK + notification(body))


def named(meter: bytes) -> bytes:
    return framed(array(structure(code("0-0:96.1.0"), octets(meter)), register("1-0:1.8.0", 5)))


def lines(*units: bytes) -> bytes:
    return "\n".join(unit.hex() for unit in units).encode()


CASES = {
    # name: bytes, values taken, codes of what was set aside
    "whole": (FRAMED, 2, ACCEPTED),
    "twice the same": (FRAMED * 2, 4, ACCEPTED),
    "flags between": (b"\x7e" * 50 + FRAMED + b"\x7e" * 50, 2, ACCEPTED),
    "noise before": (b"\x00\x11" * 20 + FRAMED, 2, {"frame.unknown"}),
    "noise after": (FRAMED + b"\x00\x11" * 20, 2, {"frame.unknown"}),
    "noise between": (FRAMED + b"\x00" + FRAMED, 4, {"frame.unknown"}),
    "checksum wrong": (FRAMED[:-3] + b"\x00\x00\x7e", 0, {"frame.checksum"}),
    "header checksum wrong": (FRAMED[:7] + bytes([FRAMED[7] ^ 1]) + FRAMED[8:], 0, {"frame.checksum"}),
    "length too short": (FRAMED[:2] + bytes([FRAMED[2] - 1]) + FRAMED[3:], 0, {"frame.checksum"}),
    "length too long by one": (FRAMED[:2] + bytes([FRAMED[2] + 1]) + FRAMED[3:], 0, {"frame.checksum"}),
    "length too long by two": (FRAMED[:2] + bytes([FRAMED[2] + 2]) + FRAMED[3:], 0, {"frame.incomplete"}),
    "last flag missing": (FRAMED[:-1], 2, ACCEPTED),
    "no last segment": (b"".join(segments(LINK + PUSH, 30)[:-1]), 0, {"frame.incomplete"}),
    "no first segment": (b"".join(segments(LINK + PUSH, 30)[1:]), 0, {"frame.incomplete"}),
    "segments in the wrong order": (b"".join(reversed(segments(LINK + PUSH, 60))), 0, {"frame.incomplete"}),
    "ciphered": (frame(LINK + bytes.fromhex("db084b414d4501020304053000000001")), 0, {"encrypted.no_key"}),
    "opaque payload": (framed(octets(bytes(34))), 0, {"list.unknown"}),
    "a unit nobody knows": (frame(LINK + b"\x55\x01\x02"), 0, {"apdu.malformed"}),
    "a type nobody knows": (framed(structure(u32(1), b"\x07\x00")), 0, {"apdu.malformed"}),
    "a length that lies": (framed(b"\x01\x84\xff\xff\xff\xff"), 0, {"frame.incomplete"}),
    "nested too deep": (framed(b"\x02\x01" * 200 + b"\x00"), 0, {"apdu.limit"}),
    "a block transfer inside a block transfer": (
        frame(LINK + b"\xe0\xc0\x00\x01\x00\x00\x0a" + b"\xe0\xc0\x00\x01\x00\x00\x03abc"), 0, {"apdu.malformed"},
    ),
    "a compact array of nothing": (framed(b"\x13\x01\xff\xff\x01\xff\xff\x00\x01\x00"), 0, {"apdu.malformed"}),
    "30 February": (framed(hourly_list("2026-02-30 00:00:00")), 0, {"time.invalid"}),
    "24 o'clock": (framed(hourly_list("2026-01-31 24:00:00")), 0, {"time.invalid"}),
    "unit nobody knows": (framed(array(METER, register("1-0:1.8.0", 5, 0, 99))), 0, {"unit.unknown"}),
    "scaler -128": (framed(array(METER, register("1-0:1.8.0", 5, -128))), 0, {"value.precision"}),
    "scaler 127": (framed(array(METER, register("1-0:1.8.0", 5, 127))), 0, {"value.range"}),
    "not a number": (
        framed(array(METER, structure(code("1-0:1.8.0"), b"\x17\x7f\xc0\x00\x00", structure(b"\x0f\x00", b"\x16\x1e")))),
        0, {"value.invalid"},
    ),
    "rows of two widths": (
        array(structure(octets(clock("2026-01-31 14:00:00", 0)), u32(5)), structure(b"\x00")) , 0, {"list.unknown"},
    ),
    "a meter's name with a line break": (named(b"a\nb"), 1, ACCEPTED),
    "a meter's name out of another folder": (named(b"../../x"), 1, ACCEPTED),
    "a wrapper whose length lies": (wrapped(PUSH)[:-5], 0, {"frame.incomplete"}),
    "hex with a letter too many": (lines(hourly_list()) + b"\nxyz\n", 2, {"hex.invalid"}),
    "hex with half a byte": (lines(hourly_list()) + b"0", 2, {"hex.invalid"}),
    "hex cut": (lines(hourly_list(), hourly_list())[:-2], 2, {"frame.incomplete"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_comes_of_it(name):
    data, taken, expected = CASES[name]
    parsed = read(data)
    assert (parsed.rows_taken, set(codes(parsed))) == (taken, expected)


REFUSED = {
    "nothing": (b"", "file.empty"),
    "one byte": (b"\x7e", "format.unknown"),
    "flags alone": (b"\x7e" * 100, "format.unknown"),
    "frames that carry nothing": (frame(b"", control=0x73), "format.unknown"),
    "a list of texts": (array(METER), "format.unknown"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_holds_no_value_is_refused(name):
    data, expected = REFUSED[name]
    with pytest.raises(InputRefusedError) as refusal:
        read(data)
    assert refusal.value.code == expected


SAMPLES = {
    "a frame": FRAMED,
    "segments": b"".join(segments(LINK + PUSH, 40)),
    "a wrapper": wrapped(PUSH),
    "a push": PUSH,
    "a list": hourly_list(),
    "hex": lines(hourly_list()),
    "hex in lines": hourly_list().hex("\n", 16).encode(),
    "a frame in hex": FRAMED.hex(" ").encode(),
}
ALL_THERE = {"a frame": 1, "segments": 1, "a frame in hex": 3}
"""Bytes at the end that are not missed: the last flag."""


@pytest.mark.parametrize("name", SAMPLES)
def test_a_file_cut_anywhere_is_never_accepted_as_whole(name):
    data = SAMPLES[name]
    whole = values(read(data))
    for cut in range(len(data) - ALL_THERE.get(name, 0)):
        parsed = outcome(data[:cut])
        assert parsed is None or (values(parsed) == [] and parsed.rejections.num_rows)
    assert whole


def outcome(data: bytes, piece_bytes: int = 2**18) -> Parsed | None:
    """What is read; None where the file is refused."""
    try:
        return read(data, piece_bytes)
    except InputRefusedError:
        return None


def address(number: int) -> bytes:
    """One of many addresses of four bytes."""
    return bytes([number * 2 % 256, number * 2 // 256 % 128 * 2, 2, 1])


def first_block(number: int) -> bytes:
    """The first block of an answer that has no other."""
    return b"\xc4\x02" + bytes([number % 16]) + b"\0" + b"\0\0\0\1\0\x04" + bytes(4)


MUCH = b"\x01\x84\x00\x07\xff\xff"
BOMBS = {
    "flags and lengths": lambda: b"\x7e\xa7\xff" * 50_000,
    "arrays that announce half a million": lambda: MUCH * 20_000,
    "a long line and many short ones": lambda: (MUCH * 20).hex().encode() + b"\n" + b"0100\n" * 20_000,
    "lines that go on for ever": lambda: lines(*[b"\x01\x83\x07\xff\xff\x00"] * 10_000),
    "nothing but depth": lambda: b"\x02\x01" * 200_000,
    "links without end": lambda: b"".join(frame(LINK + b"\x0f", more=True, destination=address(n)) for n in range(3000)),
    "answers without end": lambda: b"".join(frame(LINK + first_block(n)) for n in range(3000)),
    "a compact array": lambda: framed(b"\x13\x02\x82\x02\xbc" + b"\x11" * 700 + b"\x82\x02\xbc" + bytes(700)),
    "wrappers that announce much": lambda: b"\x00\x01\x00\x01\x00\x10\xff\xff\x0f" * 10_000,
    "prefixes": lambda: b"0x" * 50_000,
    "one long line": lambda: b"00" * 300_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_small_file_that_asks_for_much_is_done_with_soon(name):
    data = BOMBS[name]()
    began = time.process_time()
    recognise_dlms(data[:4096])
    outcome(data)
    assert time.process_time() - began < 10


ROWS = array(structure(octets(clock("2026-01-31 14:00:00", 0)), u16(6), u32(1517)), structure(b"\0", b"\0", u32(9)))
SEEDS = [*SAMPLES.values(), ROWS]


@settings(max_examples=300)
@given(
    st.lists(st.sampled_from(SEEDS), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 40), st.binary(max_size=6)), max_size=5),
    st.booleans(),
    st.sampled_from([1, 13, 2**18]),
)
def test_whatever_happens_to_a_capture_every_row_is_accounted_for(seeds, changes, as_hex, piece_bytes):
    data = b"".join(seeds)
    for where, cut, new in changes:
        at = where % (len(data) + 1)
        data = data[:at] + new + data[at + cut :]
    if as_hex:
        data = data.hex("\n", 32).encode()
    recognise_dlms(data[:4096])
    outcome(data, piece_bytes)


@settings(max_examples=200)
@given(st.integers(1, 10**6), st.integers(0, 2**16), st.integers(1, 60))
def test_a_framed_value_is_right_or_not_there(energy, at, cut):
    data = FRAMED + frame(LINK + notification(hourly_list(energy=energy)))
    at %= len(data)
    parsed = outcome(data[:at] + data[at + cut :])
    taken = [value for channel, value in (values(parsed) if parsed is not None else []) if channel == "1-0:1.8.0"]
    assert set(taken) <= {"1234.56", f"{energy / 100:f}".rstrip("0").rstrip(".")}
