"""JSON of foreign hands: exact numbers, keys once, bounded."""

from __future__ import annotations

import contextlib
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import strict_json
from pipelines.ingest.strict_json import mapping_at, parse_json, read_json, sequence_at, text_at, value_at
from schemas.errors import InputRefusedError


def refusal(document: bytes) -> str:
    with pytest.raises(InputRefusedError) as refused:
        parse_json(document, "x.json")
    return refused.value.code


class TestNumbers:
    def test_a_number_keeps_its_digits(self):
        assert str(parse_json(b"[0.10, 1e2, 12345678901234567890.5]", "x")) == str(
            [Decimal("0.10"), Decimal("1e2"), Decimal("12345678901234567890.5")]
        )

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1e-31", "1" * 61, "0." + "1" * 60, "9" * 5000])
    def test_what_no_meter_shows_is_refused(self, number):
        assert refusal(f"[{number}]".encode()) == "json.number"

    @pytest.mark.parametrize("number", ["1e30", "1" * 60, "-0", "0e-30"])
    def test_the_longest_allowed_is_read(self, number):
        assert parse_json(f"[{number}]".encode(), "x") == [Decimal(number)]


class TestRefused:
    @pytest.mark.parametrize(
        ("document", "code"),
        [
            (b"", "file.empty"),
            (b"\xef\xbb\xbf \n", "file.empty"),
            (b"{", "json.malformed"),
            (b"{} {}", "json.malformed"),
            (b"{'a': 1}", "json.malformed"),
            (b'{"a": 1, "a": 1}', "json.duplicate_key"),
            (b'[{"b": {"a": 1, "c": 2, "a": 3}}]', "json.duplicate_key"),
            (b'["\xff"]', "json.text"),
            (b'["\\ud800"]', "json.text"),
            (b'{"\\udc00": 1}', "json.text"),
            ('["x"]'.encode("utf-16"), "json.text"),
            (b"[" * 100_000 + b"]" * 100_000, "json.limit"),
        ],
        ids=lambda value: value[:20].decode("latin-1") if isinstance(value, bytes) else value,
    )
    def test_a_document_is_refused_with_a_code(self, document, code):
        assert refusal(document) == code

    def test_a_pair_of_surrogates_is_a_character(self):
        assert parse_json(b'["\\ud83d\\ude00"]', "x") == ["😀"]

    def test_a_document_that_is_too_large_is_refused(self, monkeypatch):
        monkeypatch.setattr(strict_json, "MOST_BYTES", 4)
        assert read_json(io.BytesIO(b"[12]"), "x") == [12]
        with pytest.raises(InputRefusedError, match="larger"):
            read_json(io.BytesIO(b"[123]"), "x")


class TestWays:
    DOCUMENT = parse_json(b'{"a": [{"b": " x ", "c": {"d": 1}, "e": ""}]}', "x")

    def test_a_way_that_leads_nowhere_is_none(self):
        assert value_at(self.DOCUMENT, "a", 1, "b") is None
        assert value_at(self.DOCUMENT, "a", "b") is None
        assert value_at(self.DOCUMENT, "z", "b") is None

    def test_texts_objects_and_lists_are_told_apart(self):
        assert text_at(self.DOCUMENT, "a", 0, "b") == "x"
        assert text_at(self.DOCUMENT, "a", 0, "e") is None
        assert text_at(self.DOCUMENT, "a", 0, "c") is None
        assert mapping_at(self.DOCUMENT, "a", 0, "c") == {"d": 1}
        assert mapping_at(self.DOCUMENT, "a") is None
        assert len(sequence_at(self.DOCUMENT, "a")) == 1
        assert sequence_at(self.DOCUMENT, "a", 0) == ()


@given(st.binary(max_size=100))
def test_no_bytes_bring_anything_but_a_refusal(junk):
    with contextlib.suppress(InputRefusedError):
        parse_json(b'{"a": [1, ' + junk + b"2]}", "x")
