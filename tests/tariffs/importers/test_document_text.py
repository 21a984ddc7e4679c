"""Documents as YAML: read back to the same, and as people would write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tariffs.importers.document_text import document_text, scalar_text
from tariffs.load import read_yaml

WORDS = st.text(st.characters(codec="utf-8"), max_size=30)
LEAVES = st.one_of(WORDS, st.integers(0, 999), st.booleans(), st.dates(), st.decimals(-(10**9), 10**9, places=6))
TREES = st.recursive(
    LEAVES, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)), max_leaves=12
)


def as_read(value):
    """The tree that a reader of texts finds."""
    if isinstance(value, dict):
        return {key: as_read(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_read(each) for each in value]
    if isinstance(value, bool):
        return str(value).lower()
    return Decimal(value) if isinstance(value, Decimal) else str(value)


def decimals_where(wanted, found):
    """What was found, with decimals where decimals were meant."""
    if isinstance(wanted, dict):
        return {key: decimals_where(wanted[key], each) for key, each in found.items()}
    if isinstance(wanted, list):
        return [decimals_where(one, other) for one, other in zip(wanted, found, strict=True)]
    return Decimal(found) if isinstance(wanted, Decimal) else found


@given(st.dictionaries(WORDS.filter(bool), TREES, min_size=1, max_size=5))
def test_what_is_written_is_read_back(document):
    assert decimals_where(as_read(document), read_yaml(document_text(document), "t").value) == as_read(document)


class TestScalars:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (Decimal("0.120"), '"0.12"'),
            (Decimal("1E+3"), '"1000"'),
            (Decimal("-0.05"), '"-0.05"'),
            (12, "12"),
            (True, "true"),
            (None, "null"),
            ("null", '"null"'),
            (date(2026, 7, 1), "2026-07-01"),
            ("America/Los_Angeles", "America/Los_Angeles"),
            ("-08:00", '"-08:00"'),
            ("15:00", '"15:00"'),
            ("yes: no", '"yes: no"'),
            ("a\nb", '"a\\nb"'),
            ("", '""'),
        ],
    )
    def test_are_written_so(self, value, text):
        assert scalar_text(value) == text


class TestOrder:
    def test_the_head_of_a_document_a_version_and_a_charge_stands_first(self):
        charge = {"price": Decimal(1), "kind": "fixed", "id": "basic", "per": "month"}
        version = {"export": {"mode": "nem_kwh"}, "charges": [charge], "from": date(2026, 1, 1)}
        document = {"versions": [version], "clock": "UTC", "extra": "x", "tariff": "t"}
        assert document_text(document).splitlines() == [
            "tariff: t",
            "clock: UTC",
            "versions:",
            "- from: 2026-01-01",
            "  charges:",
            '  - {id: basic, kind: fixed, price: "1", per: month}',
            "  export: {mode: nem_kwh}",
            "extra: x",
        ]

    def test_the_keys_of_a_rule_stand_as_they_come(self):
        assert document_text({"periods": {"p1": [{"months": [6], "days": "mon-fri", "from": "15:00"}]}}).splitlines() == [
            "periods:",
            '  p1: [{months: [6], days: mon-fri, from: "15:00"}]',
        ]


def test_a_comment_is_one_line_whatever_it_holds():
    assert document_text({"a": "b"}, comments=["one\ntariff: evil", ""]) == "# one tariff: evil\n#\na: b\n"
