from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.p1.crc import crc16
from head_end.p1.framing import MOST_FRAME_BYTES, Check, Frame, frames_of, lines_of
from tests.head_end.p1.captures import V5, crc_of, sent


def frames(data: bytes) -> list[Frame]:
    return list(frames_of(io.BytesIO(data)))


class OneByteAtATime(io.RawIOBase):
    """A stream that is never in a hurry."""

    def __init__(self, data: bytes) -> None:
        self.rest = data

    def read(self, _size: int = -1) -> bytes:
        first, self.rest = self.rest[:1], self.rest[1:]
        return first


class TestCrc:
    @given(st.binary(max_size=200))
    def test_two_bytes_at_once_give_what_bit_by_bit_gives(self, text):
        assert crc16(text) == crc_of(text)

    def test_the_check_value_of_this_crc(self):
        # CRC-16/ARC of the nine digits in the catalogue of parametrised CRC algorithms
        assert crc16(b"123456789") == 0xBB3D


class TestLineEnds:
    @pytest.mark.parametrize("ends", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
    def test_the_crc_is_that_of_what_the_meter_sent_whatever_the_capture_made_of_its_line_ends(self, ends):
        (frame,) = frames(sent(ends=ends))
        assert frame.is_whole
        assert frame.check is Check.RIGHT

    @pytest.mark.parametrize("ends", [b"\r\n", b"\n", b"\r", b"\r\r\n"])
    def test_lines_are_counted_alike_however_slowly_they_come(self, ends):
        data = sent(ends=ends)
        slowly = [(line.number, line.text) for line in lines_of(OneByteAtATime(data))]
        assert slowly == [(line.number, line.text) for line in lines_of(io.BytesIO(data))]
        assert slowly[: len(V5)] == [(number, text.encode()) for number, text in enumerate(V5, 1)]

    def test_a_byte_order_mark_is_passed_over(self):
        (frame,) = frames(b"\xef\xbb\xbf" + sent())
        assert frame.check is Check.RIGHT


class TestCheck:
    def test_a_crc_without_its_leading_zeros_is_right(self):
        lines = next(lines for n in range(1, 5000) if crc_of(b"/A%d\r\n!" % n) < 0x1000 for lines in [(f"/A{n}",)])
        padded = f"{crc_of(lines[0].encode() + chr(13).encode() + chr(10).encode() + b'!'):04X}"
        assert padded[0] == "0"
        assert frames(sent(lines, crc=padded[1:]))[0].check is Check.RIGHT

    def test_small_letters_are_digits_too(self):
        (frame,) = frames(sent())
        assert frames(sent(crc=frame.closing.decode().lower()))[0].check is Check.RIGHT

    @pytest.mark.parametrize("crc", ["0000", "XYZ1", "12345", "G"])
    def test_another_crc_is_wrong(self, crc):
        assert frames(sent(crc=crc))[0].check is Check.WRONG

    @pytest.mark.parametrize("crc", ["", " ", "\x00"])
    def test_no_crc_is_absent(self, crc):
        assert frames(sent(crc=crc))[0].check is Check.ABSENT

    def test_any_changed_character_is_found(self):
        data = sent()
        body = data[: data.index(b"!")]
        for place in range(1, len(body)):
            if body[place : place + 1] in (b"\r", b"\n") or b"!" in body[place : place + 1]:
                continue
            damaged = data[:place] + (b"8" if body[place : place + 1] != b"8" else b"3") + data[place + 1 :]
            assert not any(frame.is_whole and frame.check is Check.RIGHT for frame in frames(damaged)), place


class TestFrames:
    def test_telegrams_follow_each_other(self):
        found = frames(sent() + sent() + b"\r\n" + sent())
        assert [(frame.is_whole, frame.check) for frame in found] == [(True, Check.RIGHT)] * 3

    def test_a_capture_that_begins_inside_a_telegram_has_a_part_without_a_beginning(self):
        first, second = frames(sent()[100:] + sent())
        assert (first.begins, first.is_whole, second.is_whole) == (False, False, True)

    def test_a_capture_that_ends_inside_a_telegram_has_a_part_without_an_end(self):
        first, second = frames(sent() + sent()[:100])
        assert (first.is_whole, second.begins, second.closing) == (True, True, None)

    def test_a_telegram_that_begins_before_the_other_ended_is_whole_and_the_other_is_not(self):
        first, second = frames(sent()[:150] + b"\r\n" + sent())
        assert (first.is_whole, second.check) == (False, Check.RIGHT)

    def test_a_telegram_that_begins_inside_a_line_is_whole(self):
        first, second = frames(sent()[:150] + sent())
        assert (first.is_whole, second.check) == (False, Check.RIGHT)

    def test_a_slash_inside_a_unit_begins_nothing(self):
        (frame,) = frames(sent((*V5, "7-0:43.45.0(001.234*m3/h)")))
        assert frame.check is Check.RIGHT

    def test_a_telegram_longer_than_any_is_handed_over_in_parts_and_is_none(self):
        found = frames(b"/TST5\r\n" + b"1-0:1.8.0(1*kWh)\r\n" * (MOST_FRAME_BYTES // 10) + b"!\r\n" + sent())
        assert [frame.is_whole for frame in found[:-1]] == [False] * (len(found) - 1)
        assert found[-1].check is Check.RIGHT
        assert max(len(frame.raw) for frame in found) < 2 * MOST_FRAME_BYTES

    def test_a_line_without_an_end_in_sight_does_not_fill_the_memory(self):
        found = frames(b"/TST5" + b"7" * (MOST_FRAME_BYTES * 20))
        assert not any(frame.is_whole for frame in found)

    @pytest.mark.parametrize("data", [b"", b"\r\n\n \r", b"\x00\x00\n\x1a"])
    def test_nothing_holds_no_frame(self, data):
        assert frames(data) == []
