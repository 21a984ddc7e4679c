from __future__ import annotations

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.dlms.axdr import DEEPEST, MOST_VALUES, Data, Tag, decode, decode_beginning
from head_end.dlms.errors import DlmsError, IncompleteError, LimitError, MalformedError
from tests.head_end.dlms.meter_bytes import array, length, octets, structure, u16, u32


def value_of(raw: str) -> object:
    data = bytes.fromhex(raw)
    found, end = decode(data)
    assert end == len(data)
    return found.value


class TestSimpleValues:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            ("00", None),
            ("0301", 1),
            ("0403a0", "101"),
            ("0500000064", 100),
            ("05ffffffff", -1),
            ("06ffffffff", 2**32 - 1),
            ("0903010203", b"\x01\x02\x03"),
            ("0a024142", b"AB"),
            ("0c02c3a9", b"\xc3\xa9"),
            ("0d42", 42),
            ("0fff", -1),
            ("10ff00", -256),
            ("11ff", 255),
            ("12ff00", 65280),
            ("14ffffffffffffffff", -1),
            ("15ffffffffffffffff", 2**64 - 1),
            ("161e", 30),
            ("1907e4011502100000ff000000", bytes.fromhex("07e4011502100000ff000000")),
            ("1a07e4011502", bytes.fromhex("07e4011502")),
            ("1b10000000", bytes.fromhex("10000000")),
            ("ff", None),
        ],
    )
    def test_each_type_is_read_as_the_standard_writes_it(self, raw, expected):
        assert value_of(raw) == expected

    @pytest.mark.parametrize("raw", ["07", "0b00", "0d4a", "0980", "098500000000ff", "13"])
    def test_what_the_encoding_does_not_know_is_refused(self, raw):
        with pytest.raises((MalformedError, IncompleteError)):
            decode(bytes.fromhex(raw))

    @pytest.mark.parametrize("raw", ["", "06000000", "09", "0905ff", "0981", "02", "0202", "020211", "13", "0409ff"])
    def test_what_is_cut_is_incomplete(self, raw):
        with pytest.raises(IncompleteError):
            decode(bytes.fromhex(raw))


class TestFloats:
    # 230.1 has no finite binary form; its nearest float of 32 bits is 230.1000061...
    def test_a_float_of_32_bits_is_its_shortest_decimal(self):
        assert value_of("1743661 99a".replace(" ", "")) == Decimal("230.1")

    def test_a_float_of_64_bits_is_its_shortest_decimal(self):
        assert value_of("18" + struct.pack(">d", 0.1).hex()) == Decimal("0.1")

    @given(st.floats(width=32, allow_nan=False, allow_infinity=False))
    def test_the_decimal_reads_back_as_the_same_float(self, number):
        found = decode(b"\x17" + struct.pack(">f", number))[0].value
        assert struct.pack(">f", float(found)) == struct.pack(">f", number)

    @pytest.mark.parametrize("raw", ["177fc00000", "177f800000", "18fff0000000000000"])
    def test_what_is_not_finite_is_no_number(self, raw):
        assert value_of(raw).is_nan()


class TestContainers:
    def test_arrays_and_structures_hold_values(self):
        found = decode(array(structure(u16(1), octets(b"a")), structure(u16(2), b"\x00")))[0]
        assert [[member.value for member in row.elements] for row in found.elements] == [[1, b"a"], [2, None]]

    def test_a_compact_array_is_an_array(self):
        # structure of a long-unsigned and an unsigned, twice
        found = value_of("13" + "02" + "02" + "12" + "11" + "06" + "000105" + "000206")
        rows = [[member.value for member in row.elements] for row in found]
        assert rows == [[1, 5], [2, 6]]

    @pytest.mark.parametrize(
        "raw",
        [
            pytest.param("1312" + "03" + "000100", id="content that does not fit"),
            pytest.param("1300" + "01" + "00", id="elements without bytes"),
            pytest.param("1301ffff01ffff00" + "01" + "00", id="arrays of arrays of nothing"),
            pytest.param("130200" + "01" + "00", id="an empty structure"),
            pytest.param("1313" + "11" + "01" + "00", id="a compact array inside"),
        ],
    )
    def test_a_compact_array_that_nothing_bounds_is_refused(self, raw):
        with pytest.raises(MalformedError):
            decode(bytes.fromhex(raw))

    @pytest.mark.parametrize(("levels", "allowed"), [(DEEPEST, True), (DEEPEST + 1, False), (100_000, False)])
    def test_nesting_has_an_end(self, levels, allowed):
        raw = b"\x02\x01" * levels + b"\x00"
        if allowed:
            assert decode(raw)[1] == len(raw)
        else:
            with pytest.raises(LimitError):
                decode(raw)

    def test_the_number_of_values_has_an_end(self):
        many = b"\x01" + length(MOST_VALUES) + b"\x00" * MOST_VALUES
        with pytest.raises(LimitError):
            decode(many)

    def test_a_count_beyond_the_bytes_is_incomplete_at_once(self):
        with pytest.raises(IncompleteError):
            decode(b"\x01\x84\xff\xff\xff\xff" + b"\x00" * 100)

    @pytest.mark.parametrize("cut", range(1, 30))
    def test_what_is_cut_is_never_a_whole_value(self, cut):
        raw = array(structure(u32(1), octets(b"abc")), structure(u16(2), b"\x00"), structure(u32(5), octets(b"defgh")))
        with pytest.raises(IncompleteError):
            decode(raw[:-cut])


class TestBeginning:
    def test_whole_elements_of_a_cut_array_are_there(self):
        raw = array(structure(u16(1)), structure(u16(2)), structure(u16(3)))
        found = decode_beginning(raw[:-1])
        assert (found.announced, len(found.elements), found.end) == (3, 2, len(raw) - 5)

    def test_only_an_array_has_a_beginning(self):
        with pytest.raises(MalformedError):
            decode_beginning(structure(u16(1)))


class TestText:
    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (Data(Tag.OCTET_STRING, b"00123456"), "00123456"),
            (Data(Tag.VISIBLE_STRING, b"RATE2\0\0\0"), "RATE2"),
            (Data(Tag.UTF8_STRING, "Zähler".encode()), "Zähler"),
            (Data(Tag.OCTET_STRING, b"\x01\x02"), None),
            (Data(Tag.OCTET_STRING, b"\xc3\xa9"), None),
            (Data(Tag.OCTET_STRING, b"  "), None),
            (Data(Tag.LONG_UNSIGNED, 5), None),
        ],
    )
    def test_a_string_is_a_text_where_a_person_can_read_it(self, data, expected):
        assert data.text == expected


@given(st.binary(max_size=400))
def test_whatever_the_bytes_only_our_own_error_comes_out(raw):
    try:
        found, end = decode(raw)
    except DlmsError:
        return
    assert isinstance(found, Data)
    assert 0 < end <= len(raw)
