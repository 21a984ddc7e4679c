from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.digits import read_numbers, text_table

PLAIN = re.compile(r"[0-9]*\.?[0-9]*")


def is_plain(text: str) -> bool:
    """The definition: up to sixteen characters of ``\\d*\\.?\\d*`` with at least one digit."""
    return PLAIN.fullmatch(text) is not None and any("0" <= c <= "9" for c in text) and len(text) <= 16


def read(*fields: str) -> list[tuple[int, int] | None]:
    table = text_table((",".join(fields) + "\n").encode("latin-1"))
    numbers = read_numbers(table)
    pairs = zip(numbers.digits.tolist(), numbers.decimals.tolist(), strict=True)
    return [pair if good else None for pair, good in zip(pairs, numbers.good.tolist(), strict=True)]


class TestReadNumbers:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("0", (0, 0), id="a digit"),
            pytest.param("1.500", (1500, 3), id="zeros that end it are decimals too"),
            pytest.param(".5", (5, 1), id="nothing before the point"),
            pytest.param("5.", (5, 0), id="nothing after the point"),
            pytest.param("12345678", (12345678, 0), id="one word full"),
            pytest.param("123456789", (123456789, 0), id="a character more than one word"),
            pytest.param("12345678.9", (123456789, 1), id="the point ends the first word"),
            pytest.param("1.23456789", (123456789, 8), id="the point in the first word"),
            pytest.param("123.4567890", (1234567890, 7), id="the point in the second word"),
            pytest.param("1234567890123456", (1234567890123456, 0), id="two words full"),
            pytest.param("12345678901234567", None, id="a character more than two words"),
            pytest.param("", None, id="nothing"),
            pytest.param(".", None, id="a point alone"),
            pytest.param("1.2.3", None, id="two points"),
            pytest.param("1.2345678.9", None, id="a point in each word"),
            pytest.param("-1", None, id="a sign is left to the complete reading"),
            pytest.param("1e5", None, id="an exponent"),
            pytest.param("nan", None, id="a word"),
            pytest.param(" 1", None, id="a space"),
        ],
    )
    def test_a_field_is_read_exactly_or_not_at_all(self, text, expected):
        assert read("7", text, "8") == [(7, 0), expected, (8, 0)]

    @pytest.mark.parametrize("pattern", ["{}", "1{}2", "{}123", "123{}", "12345678{}", "{}123456789", "1.5{}"])
    def test_no_other_character_of_the_code_table_passes_for_a_digit(self, pattern):
        characters = [chr(code) for code in range(1, 256) if chr(code) not in ",\n"]
        fields = [pattern.format(character) for character in characters]
        wrong = [f for f, found in zip(fields, read(*fields), strict=True) if (found is not None) != is_plain(f)]
        assert wrong == []

    @given(st.lists(st.text(alphabet="0123456789.-+ eE/", max_size=18), min_size=1, max_size=40))
    def test_what_is_read_is_what_was_written(self, fields):
        for field, found in zip(fields, read(*fields), strict=True):
            if found is None:
                assert not is_plain(field)
            else:
                assert is_plain(field)
                assert found == (int(field.replace(".", "")), len(field.partition(".")[2]))

    def test_fields_beyond_one_block_are_read_too(self):
        assert read(*map(str, range(20_000))) == [(n, 0) for n in range(20_000)]


class TestTextTable:
    def test_an_empty_text_has_no_field(self):
        assert len(text_table(b"").line_ends) == 0

    def test_a_line_end_ends_a_field(self):
        table = text_table(b"a,bb\n\nccc\n")
        assert table.line_ends.tolist() == [2, 3, 4]
        assert (table.borders[1:] - table.borders[:-1] - 1).tolist() == [1, 2, 0, 3]

    def test_another_delimiter_may_stand_between_fields(self):
        assert len(text_table(b"1;2,3;4\n", b";").borders) == 4
