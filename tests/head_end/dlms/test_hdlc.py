from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.dlms.errors import ChecksumError, MalformedError
from head_end.dlms.hdlc import Assembler, Lost, Message, decode_frame, frame_check, frame_length
from tests.head_end.dlms.meter_bytes import LINK, frame, segments

UNIT = bytes(range(1, 200))


def inside(data: bytes) -> bytes:
    return data[1:-1]


class TestFrameCheck:
    def test_it_is_the_one_of_the_standard(self):
        # the check value of CRC-16/X-25 in Greg Cook's catalogue
        assert frame_check(b"123456789") == 0x906E

    @given(st.binary(max_size=300))
    def test_a_frame_of_any_content_fits_its_own_check(self, content):
        assert decode_frame(inside(frame(content))).information == content


class TestFrame:
    @pytest.mark.parametrize("address", [b"\x41", b"\x02\x23", b"\x02\x22\x04\x21"])
    def test_addresses_have_one_two_or_four_bytes(self, address):
        found = decode_frame(inside(frame(b"\x01", destination=address, source=b"\x21")))
        assert (found.destination, found.source) == (address, b"\x21")

    def test_an_address_of_three_bytes_is_none(self):
        with pytest.raises(MalformedError):
            decode_frame(inside(frame(b"\x01", destination=b"\x02\x02\x21")))

    @pytest.mark.parametrize("at", range(1, 21))
    def test_one_wrong_bit_anywhere_is_found(self, at):
        data = bytearray(frame(b"\x0f\x01\x02\x03"))
        data[at % (len(data) - 2) + 1] ^= 0x10
        with pytest.raises((ChecksumError, MalformedError)):
            decode_frame(inside(bytes(data)))

    def test_a_flag_inside_is_content(self):
        assert decode_frame(inside(frame(b"\x7e\x7e\x7e"))).information == b"\x7e\x7e\x7e"

    def test_a_frame_that_only_steers_the_link_carries_nothing(self):
        assert not decode_frame(inside(frame(b"", control=0x93))).is_information

    @pytest.mark.parametrize(("head", "expected"), [(b"\x7e\xa0\x07", 7), (b"\x7e\xa0\x06", None), (b"\x7e\x70\x07", None)])
    def test_a_frame_is_told_by_its_type_and_a_length_that_can_be(self, head, expected):
        assert frame_length(head, 0) == expected


class TestAssembler:
    def fed(self, *frames: bytes) -> list[Message | Lost]:
        assembler = Assembler()
        found = [one for n, data in enumerate(frames) for one in assembler.feed(decode_frame(inside(data)), f"F{n}")]
        return [*found, *assembler.drop_all()]

    def test_one_frame_is_one_message_without_its_link_header(self):
        assert self.fed(frame(LINK + UNIT)) == [Message("F0", UNIT)]

    @pytest.mark.parametrize("size", [4, 50, 150, 202])
    def test_segments_are_joined_and_the_place_is_that_of_the_first(self, size):
        assert self.fed(*segments(LINK + UNIT, size)) == [Message("F0", UNIT)]

    def test_a_message_without_its_last_segment_is_lost(self):
        assert [type(one) for one in self.fed(*segments(LINK + UNIT, 50)[:-1])] == [Lost]

    def test_a_new_message_ends_one_that_has_no_end(self):
        found = self.fed(*segments(LINK + UNIT, 50)[:-1], frame(LINK + b"\x0f"))
        assert [(type(one), one.place) for one in found] == [(Lost, "F0"), (Message, "F4")]

    def test_segments_whose_beginning_is_missing_are_lost_one_by_one(self):
        parts = segments(LINK + UNIT, 50)
        assert [one.place for one in self.fed(*parts[1:]) if isinstance(one, Lost)] == [f"F{n}" for n in range(len(parts) - 1)]

    def test_numbered_segments_tell_that_one_is_missing(self):
        numbered = [frame(part, more=n < 2, control=n << 1) for n, part in enumerate((LINK + b"\x0f", b"\x01", b"\x02"))]
        assert self.fed(*numbered) == [Message("F0", b"\x0f\x01\x02")]
        assert [type(one) for one in self.fed(numbered[0], numbered[2])] == [Lost, Lost]

    def test_a_numbered_segment_that_is_sent_again_counts_once(self):
        numbered = [frame(part, more=n < 1, control=n << 1) for n, part in enumerate((LINK + b"\x0f", b"\x01"))]
        assert self.fed(numbered[0], numbered[0], numbered[1]) == [Message("F0", b"\x0f\x01")]

    def test_two_links_do_not_mix(self):
        one, other = segments(LINK + b"\x01" * 20, 12), [frame(LINK + b"\x02", destination=b"\x21")]
        assert [found.apdu for found in self.fed(one[0], *other, one[1])] == [b"\x02", b"\x01" * 20]

    def test_blocks_may_come_without_the_link_header(self):
        # as the Landis+Gyr E450 sends all blocks but the first
        block = b"\xe0\x40\x00\x02\x00\x00\x01\x00"
        assert self.fed(frame(block)) == [Message("F0", block)]
