from __future__ import annotations

import io

import pytest

from pipelines.ingest.dlms.byte_source import ByteSource, is_hex_text
from pipelines.ingest.dlms.captures import recognise_dlms
from pipelines.ingest.formats import detect
from tests.head_end.dlms.meter_bytes import LINK, clock, frame, hourly_list, notification, octets, structure, u32, wrapped

PUSH = notification(hourly_list())
OURS = {
    "a frame": frame(LINK + PUSH),
    "a damaged frame": frame(LINK + PUSH)[:50] + b"\x00" + frame(LINK + PUSH)[51:],
    "the beginning of a frame": frame(LINK + PUSH)[:40],
    "the rest of a frame and a whole one": frame(LINK + PUSH)[-20:] + frame(LINK + PUSH),
    "a wrapper": wrapped(PUSH),
    "a push": PUSH,
    "a push with a time": notification(hourly_list(), clock("2026-01-31 14:00:00")),
    "a push of something else": notification(octets(bytes(34))),
    "a list": hourly_list(),
    "a Kaifa list": structure(octets(b"KFM_001"), octets(b"69706"), octets(b"MA304"), *[u32(5)] * 6),
    "the shortest list": structure(u32(1500)),
    "a ciphered push": bytes.fromhex("db084b414d450102030405" + "3000000001"),
    "an answer": b"\xc4\x01\xc1\x00" + hourly_list(),
    "an answer in blocks": b"\xc4\x02\xc1\x00\x00\x00\x00\x01\x00\x03abc",
}
WRITTEN = {
    "bytes": lambda raw: raw,
    "hex": lambda raw: raw.hex().encode(),
    "HEX with blanks": lambda raw: raw.hex(" ").upper().encode(),
}
FOREIGN = {
    "nothing": b"",
    "blanks": b" \r\n",
    "NEM12": b"100,NEM12,200405011135,MDA1,Ret1\n200,",
    "XML": b"<?xml version='1.0'?><feed/>",
    "JSON": b'{"values": [1, 2]}',
    "EDIFACT": b"UNA:+,? 'UNB+UNOC:3+",
    "a P1 telegram": b"/ISK5\\2M550T-1012\r\n\r\n1-3:0.2.8(50)\r\n",
    "a table": b"start,value\n2026-01-01,1\n",
    "a column of numbers": b"020304\n050607\n",
    "a date": b"20260131",
    "one long number": b"0201060000000001",
    "hex of something else": bytes(range(256)).hex().encode(),
    "zip": b"PK\x03\x04" + bytes(60),
    "gzip": b"\x1f\x8b\x08" + bytes(60),
    "Parquet": b"PAR1" + bytes(60),
    "zeros": bytes(200),
    "ones": b"\x01" * 200,
    "tildes": b"~" * 200,
    "a Kaifa-like number": b"02010600000001ff",
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "a table of a database": b"\x00\x01\x00\x00\x00\x10\x00\x80OS/2" + bytes(60),
}


class TestRecognising:
    @pytest.mark.parametrize("name", OURS)
    @pytest.mark.parametrize("written", WRITTEN)
    def test_a_capture_shows_what_it_is(self, name, written):
        assert recognise_dlms(WRITTEN[written](OURS[name]))
        assert detect(WRITTEN[written](OURS[name])[:4096], "x", None) == "dlms"

    @pytest.mark.parametrize("name", FOREIGN)
    def test_other_files_are_left_to_their_own_readers(self, name):
        assert not recognise_dlms(FOREIGN[name])

    def test_the_first_bytes_are_enough(self):
        text = (hourly_list().hex() + "\n").encode() * 100
        assert recognise_dlms(text[:4096])


class TestHexText:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (b"7EA0", True),
            (b"7e a0\r\n", True),
            (b"0x7E 0xA0", True),
            (b"7EA0\nnoise\n", True),
            (b"noise\n7EA0\n", False),
            (b"7EA0\n\x00\xff", False),
            (b"7E,A0", False),
            (b"7", False),
            (b"g0", False),
            (b"", False),
        ],
    )
    def test_it_is_digits_blanks_and_0x(self, text, expected):
        assert is_hex_text(text) is expected

    @pytest.mark.parametrize("piece_bytes", [1, 2, 3, 1000])
    def test_bytes_and_places_do_not_depend_on_how_it_is_read(self, piece_bytes):
        source = ByteSource(io.BytesIO(b"\n01 02\r\n\n0x03 0X04\n05\n"), piece_bytes)
        while source.more():
            pass
        assert bytes(source.data) == b"\x01\x02\x03\x04\x05"
        assert [source.place(at) for at in range(5)] == ["Line/2", "Line/2/Byte/1", "Line/4", "Line/4/Byte/1", "Line/5"]
        assert [source.opens_paragraph(at) for at in range(5)] == [True, False, True, False, False]

    def test_half_a_byte_at_the_end_of_a_line_is_told(self):
        source = ByteSource(io.BytesIO(b"0102\n03 4\n0506\n"))
        while source.more():
            pass
        assert [line.place for line in source.broken] == ["Line/2"]
        assert bytes(source.data) == b"\x01\x02\x03\x05\x06"
