from __future__ import annotations

from datetime import date
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.operations.release import postings
from schemas.errors import InvariantError

BILL = {
    "month": "2026-01",
    "bucket": 0,
    "bill_id": "b1",
    "issue_date": date(2026, 2, 6),
    "total": Decimal("0.00"),
    "currency": "AUD",
}


def bill(total: str | Decimal):
    return pa.Table.from_pylist([BILL | {"total": Decimal(total)}])


def lines(*rows: tuple[str, str | None, str | Decimal]):
    schema = pa.schema(
        [("bill_id", pa.string()), ("kind", pa.string()), ("tax_code", pa.string()), ("amount", pa.decimal128(38, 18))]
    )
    return pa.Table.from_pylist(
        [{"bill_id": "b1", "kind": kind, "tax_code": code, "amount": Decimal(amount)} for kind, code, amount in rows],
        schema=schema,
    )


def shown(total, *rows):
    made = postings(bill(total), lines(*rows), "r1").to_pylist()
    return [(row["ledger_account"], f"{row['debit'].normalize():f}", f"{row['credit'].normalize():f}") for row in made]


def test_a_bill_debits_receivable_and_credits_revenue_and_tax() -> None:
    assert shown("11.11", ("fixed", "gst", "4"), ("energy", "gst", "6.1"), ("tax", "gst", "1.01")) == [
        ("receivable", "11.11", "0"),
        ("revenue.energy", "0", "6.1"),
        ("revenue.fixed", "0", "4"),
        ("tax.gst", "0", "1.01"),
    ]


def test_lines_of_one_kind_are_one_posting() -> None:
    assert shown("3", ("energy", None, "1"), ("energy", None, "2")) == [("receivable", "3", "0"), ("revenue.energy", "0", "3")]


def test_earnings_of_export_stand_on_the_other_side() -> None:
    assert shown("2", ("energy", None, "5"), ("export", None, "-3")) == [
        ("receivable", "2", "0"),
        ("revenue.energy", "0", "5"),
        ("revenue.export", "3", "0"),
    ]


def test_a_credit_note_is_mirrored() -> None:
    assert shown("-3", ("export", None, "-3")) == [("receivable", "0", "3"), ("revenue.export", "3", "0")]


def test_rounding_has_an_account_of_its_own() -> None:
    assert shown("1.01", ("energy", None, "1.0123"), ("rounding", None, "-0.0023")) == [
        ("receivable", "1.01", "0"),
        ("revenue.energy", "0", "1.0123"),
        ("rounding", "0.0023", "0"),
    ]


def test_lines_that_do_not_make_the_total_are_never_posted() -> None:
    with pytest.raises(InvariantError) as caught:
        postings(bill("2"), lines(("energy", None, "1")), "r1")
    assert caught.value.code == "journal.unbalanced"


AMOUNTS = st.decimals(-10_000, 10_000, places=2)
KINDS = st.sampled_from(
    [("fixed", "gst"), ("energy", None), ("percent", None), ("tax", "gst"), ("tax", "levy"), ("export", None)]
)


@given(st.lists(st.tuples(KINDS, AMOUNTS), max_size=12))
def test_every_posting_is_balanced_and_makes_the_total(rows) -> None:
    total = sum((amount for _, amount in rows), Decimal(0))
    made = postings(bill(total), lines(*((kind, code, amount) for (kind, code), amount in rows)), "r1").to_pylist()
    assert sum(row["debit"] for row in made) == sum(row["credit"] for row in made)
    assert made[0]["debit"] - made[0]["credit"] == total
    assert all(row["debit"] >= 0 and row["credit"] >= 0 for row in made)


def test_banked_money_and_what_a_true_up_pays_are_earnings_of_export() -> None:
    assert shown("0", ("energy", None, "5"), ("bank", None, "-3"), ("true_up", None, "-2")) == [
        ("receivable", "0", "0"),
        ("revenue.energy", "0", "5"),
        ("revenue.export", "5", "0"),
    ]


def test_tax_that_prices_contain_is_taken_out_of_revenue() -> None:
    # 119.00 with 19 % inside: 19.00 is owed to the tax office, the customer pays 119.00
    assert shown("119", ("energy", "vat", "119"), ("tax", "vat", "19"), ("tax_included", "vat", "-19")) == [
        ("receivable", "119", "0"),
        ("revenue.energy", "0", "119"),
        ("revenue.tax_included", "19", "0"),
        ("tax.vat", "0", "19"),
    ]


@pytest.mark.parametrize("kind", ["demand", "contracted", "coincident", "reactive", "power_factor", "fee", "minimum"])
def test_every_kind_has_a_revenue_of_its_own(kind) -> None:
    assert shown("7", (kind, None, "7")) == [("receivable", "7", "0"), (f"revenue.{kind}", "0", "7")]
