"""JSON of foreign price lists: exact numbers, keys once, bounded."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.errors import TariffError
from tariffs.importers.exact_json import MAX_BYTES, parse_exact_json


def refusal_of(content):
    with pytest.raises(TariffError) as refused:
        parse_exact_json(content, "rate.json")
    return refused.value


def test_numbers_keep_their_digits():
    found = parse_exact_json(b"[0.1, 1e+38, 7, 0.10000000000000000000001]", "x")
    assert found == [Decimal("0.1"), Decimal("1e38"), Decimal(7), Decimal("0.10000000000000000000001")]


def test_a_byte_order_mark_is_no_letter():
    assert parse_exact_json(b'\xef\xbb\xbf{"a": 1}', "x") == {"a": Decimal(1)}


@pytest.mark.parametrize(
    ("content", "where"),
    [
        pytest.param(b'{"rate": 1,\n"adj": ', "rate.json:2", id="cut off"),
        pytest.param(b"", "rate.json:1", id="empty"),
        pytest.param(b'{"name": "\xff"}', "rate.json", id="no UTF-8"),
        pytest.param(b'{"name": "\\ud800"}', "rate.json", id="half a character"),
        pytest.param(b"[" * 100_000, "rate.json", id="too deep"),
        pytest.param(b" " * (MAX_BYTES + 1), "rate.json", id="too large"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(content, where):
    error = refusal_of(content)
    assert (error.code, error.where) == ("import.syntax", where)


def test_a_key_that_stands_twice_is_refused_by_its_name():
    error = refusal_of(b'{"items": [{"rate": 1, "adj": 2, "rate": 3}]}')
    assert (error.code, error.where) == ("import.invalid", "rate")
