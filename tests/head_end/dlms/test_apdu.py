from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.dlms.apdu import (
    Attribute,
    Ciphered,
    DataNotification,
    EventNotification,
    GeneralBlock,
    GetBlock,
    GetRequest,
    GetResponse,
    WithoutValues,
    decode_apdu,
)
from head_end.dlms.errors import ClockError, DlmsError, IncompleteError, MalformedError
from tests.head_end.dlms.meter_bytes import array, clock, notification, octets, structure, u16, u32

IMPORT = bytes.fromhex("0100010800ff")
VALUE = bytes([0, 3]) + IMPORT + b"\x02"
"""Attribute 2 of the register 1-0:1.8.0."""


def decoded(data: bytes) -> object:
    found, end = decode_apdu(data)
    assert end == len(data)
    return found


class TestPush:
    @pytest.mark.parametrize(
        "time",
        [
            pytest.param(b"\x0c" + clock("2026-01-31 13:00:00", -60), id="as the standard writes it"),
            pytest.param(b"\x09\x0c" + clock("2026-01-31 13:00:00", -60), id="with the tag that Kaifa writes before it"),
        ],
    )
    def test_its_time_is_read(self, time):
        found = decoded(b"\x0f\x40\x00\x00\x00" + time + structure(u16(5)))
        assert isinstance(found, DataNotification)
        assert found.time.utc.hour == 12

    def test_it_may_have_no_time(self):
        assert decoded(notification(structure(u16(5)))).time is None

    def test_a_time_that_does_not_exist_is_told(self):
        with pytest.raises(ClockError):
            decode_apdu(notification(structure(u16(5)), clock("2026-02-30 00:00:00")))

    def test_a_time_of_another_length_is_none(self):
        with pytest.raises(MalformedError):
            decode_apdu(notification(structure(u16(5)), b"\x07\xe4"))

    def test_one_attribute_can_be_pushed_alone(self):
        found = decoded(b"\xc2\x01\x0c" + clock("2026-01-31 13:00:00", 0) + VALUE + u32(7))
        assert isinstance(found, EventNotification)
        assert (found.attribute, found.data.value) == (Attribute(3, IMPORT, 2), 7)


class TestAnswers:
    def test_a_value_or_the_reason_why_there_is_none(self):
        assert decoded(b"\xc4\x01\xc1\x00" + u32(7)).results[0].value == 7
        assert decoded(b"\xc4\x01\xc1\x01\x03") == GetResponse(0xC1, (3,))

    def test_several_in_one(self):
        found = decoded(b"\xc4\x03\xc1\x02\x00" + u32(7) + b"\x01\x0b")
        assert [result if isinstance(result, int) else result.value for result in found.results] == [7, 11]

    def test_a_block(self):
        assert decoded(b"\xc4\x02\xc1\x01\x00\x00\x00\x02\x00\x03abc") == GetBlock(0xC1, 2, is_last=True, content=b"abc")

    def test_a_block_that_is_the_reason_why_there_is_no_more(self):
        assert decoded(b"\xc4\x02\xc1\x01\x00\x00\x00\x02\x01\x10") == GetBlock(0xC1, 2, is_last=True, content=16)

    def test_a_part_of_a_unit(self):
        assert decoded(b"\xe0\x40\x00\x01\x00\x00\x02ab") == GeneralBlock(1, is_last=False, content=b"ab")
        assert decoded(b"\xe0\xc0\x00\x02\x00\x00\x02cd") == GeneralBlock(2, is_last=True, content=b"cd")


class TestRequests:
    def test_what_was_asked_is_known_with_a_selection_or_without(self):
        entry = b"\x01\x02" + structure(u32(1), u32(0), u16(1), u16(0))
        assert decoded(b"\xc0\x01\xc1" + VALUE + b"\x00") == GetRequest(0xC1, (Attribute(3, IMPORT, 2),))
        assert decoded(b"\xc0\x01\xc1" + VALUE + entry) == GetRequest(0xC1, (Attribute(3, IMPORT, 2),))

    def test_a_request_for_the_next_block_asks_for_nothing_new(self):
        assert decoded(b"\xc0\x02\xc1\x00\x00\x00\x01") == GetRequest(0xC1, ())

    def test_several_can_be_asked_at_once(self):
        assert len(decoded(b"\xc0\x03\xc1\x02" + (VALUE + b"\x00") * 2).attributes) == 2


class TestSecrets:
    @pytest.mark.parametrize(
        ("unit", "service"),
        [
            ("db084b414d4501020304" + "03300000", "general-glo-ciphering"),
            ("dc084b414d4501020304" + "03300000", "general-ded-ciphering"),
            ("cc03300000", "glo-get-response"),
            ("ca03300000", "glo-event-notification-request"),
            ("d403300000", "ded-get-response"),
        ],
    )
    def test_a_ciphered_unit_is_named_and_passed_over(self, unit, service):
        assert decoded(bytes.fromhex(unit)) == Ciphered(service)

    def test_a_ciphered_unit_that_is_cut_is_incomplete(self):
        with pytest.raises(IncompleteError):
            decode_apdu(bytes.fromhex("db084b414d450102030405300000"))

    @pytest.mark.parametrize("tag", ["60", "61", "62", "63", "c7", "d8"])
    def test_what_opens_and_closes_an_association_has_no_values(self, tag):
        assert isinstance(decoded(bytes.fromhex(tag + "0100")), WithoutValues)


@pytest.mark.parametrize("cut", range(1, 33))
def test_a_unit_that_is_cut_is_incomplete(cut):
    unit = notification(array(structure(u16(5), octets(b"abcdef"))), clock("2026-01-31 13:00:00"))
    assert cut < len(unit)
    with pytest.raises(IncompleteError):
        decode_apdu(unit[:-cut])


@pytest.mark.parametrize("unit", ["", "55", "c409c100", "c401c102", "c009c100"])
def test_what_is_no_unit_is_refused(unit):
    with pytest.raises((MalformedError, IncompleteError)):
        decode_apdu(bytes.fromhex(unit))


@given(st.sampled_from([0x0F, 0xC0, 0xC2, 0xC4, 0xDB, 0xDD, 0xE0]), st.binary(max_size=200))
def test_whatever_the_bytes_only_our_own_error_comes_out(tag, rest):
    try:
        _, end = decode_apdu(bytes([tag]) + rest)
    except DlmsError:
        return
    assert 0 < end <= len(rest) + 1
