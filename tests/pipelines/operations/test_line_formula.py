"""Every kind of line has a formula, and its numbers make the amount: shown on the bills of all examples of the documentation."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest

from pipelines.operations.line_formula import FORMULAS, formula_of, formula_text
from tariffs.charges import bank, export, tax
from tariffs.importers.overlay import KINDS
from tariffs.load import read_yaml
from tariffs.rated import ROUNDING
from tests.docs.charge_examples import CLOCK, ChargeExample, bill_of, charge_pages, examples_of, tariff_of

EVERY_KIND = {*KINDS, export.KIND, bank.BANK, bank.TRUE_UP, tax.INCLUDED, ROUNDING}
EXAMPLES = [pytest.param(example, id=example.name) for page in charge_pages() for example in examples_of(page)]
_FACTOR = re.compile(r"(-?[0-9.]+)(?:/([0-9.]+))?(?: (%))?")
CENT = Fraction(1, 100)


def rows_of(example):
    """The lines of an example's bill as ``CHARGE_LINES`` has them, the bill, the tariff, and the exact amounts."""
    rated, tariff, given = bill_of(example), tariff_of(example.charges), read_yaml(example.given, example.name).value
    starts_at, ends_at = (datetime.fromtimestamp(CLOCK.midnight(date.fromisoformat(given[key])), UTC) for key in ("from", "to"))
    bill = {"currency": rated.currency, "starts_at": starts_at, "ends_at": ends_at, "total": rated.total_due[0].as_py()}
    found = rated.bill_lines().to_pylist()
    return [(row | {"amount": row["amount_rounded"]}, Fraction(row["amount"])) for row in found], bill, tariff


def multiplied_out(numbers):
    """What the numbers of a formula make: factors with a cross between them, and a difference of two products."""
    terms = []
    for term in numbers.split(" - "):
        product = Fraction(1)
        for factor in term.split(" x "):
            number, below, percent = _FACTOR.match(factor).groups()
            product *= Fraction(number) / Fraction(below or 1) / (100 if percent else 1)
        terms.append(product)
    return terms[0] - sum(terms[1:])


def test_every_kind_of_line_has_a_formula_and_no_other():
    assert set(FORMULAS) == EVERY_KIND


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_every_kind_is_shown_by_an_example(kind):
    assert any(row["kind"] == kind for each in EXAMPLES for row, _ in rows_of(each.values[0])[0])


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_numbers_make_the_amount(example):
    rows, bill, tariff = rows_of(example)
    for row, exact in rows:
        made = formula_of(row, bill, tariff)
        # a quantity is shown at nine decimals and a mean price at eight: more than that no product may be off
        allowed = abs(Fraction(row["price"])) / 10**9 * 400 + abs(Fraction(row["quantity"])) / 10**8
        assert abs(multiplied_out(made.numbers) - made.result) <= Fraction(1, 10**9), made
        if row["kind"] not in ("tax", "tax_included"):
            assert abs(made.result - exact) <= allowed, (row["text"], made)
        else:
            # the tax of each line, or the net amount, may be what is rounded
            assert abs(made.result - exact) <= CENT * len(rows), (row["text"], made)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_sentence_ends_with_what_is_on_the_bill(example):
    rows, bill, tariff = rows_of(example)
    for row, _ in rows:
        text = formula_text(row, bill, tariff)
        assert text.endswith(f"{Decimal(row['amount']).normalize():f} AUD"), text
        assert text.startswith(f"{formula_of(row, bill, tariff).words}: ")


def example_of(charges, given="from: 2026-04-01\nto: 2026-05-01\nminutes: 60\nimport_kwh: {2026-04-06T16:00: '5'}\n"):
    return ChargeExample("here", given, charges, [])


@pytest.mark.parametrize(
    ("charges", "text"),
    [
        (
            '- {id: d, kind: demand, price: "4", per: day}',
            "power x time x price: 5 kW x 30 days x 4 AUD/kW/day = 600 AUD",
        ),
        (
            '- {id: d, kind: demand, price: "4", prorate: days_of_nominal_month}',
            "power x time x price: 5 kW x 72/73 month x 4 AUD/kW/month = 19.72602739726, on the bill 19.73 AUD",
        ),
        ('- {id: d, kind: demand, price: "4"}', "power x price: 5 kW x 4 AUD/kW = 20 AUD"),
        (
            '- {id: c, kind: contracted, price: "24", per: year, contracted: "5.5"}',
            "power x time x price: 5.5 kW x 1/12 year x 24 AUD/kW/year = 11 AUD",
        ),
        ('- {id: f, kind: fixed, price: "24", per: year}', "time x price: 1/12 year x 24 AUD/year = 2 AUD"),
        (
            '- {id: m, kind: minimum, amount: "30", per: month}',
            "time x minimum - what counts towards it: 1 month x 30 AUD/month - 0 AUD = 30 AUD",
        ),
    ],
)
def test_what_the_row_of_the_bill_does_not_say_comes_from_the_tariff(charges, text):
    rows, bill, tariff = rows_of(example_of(charges))
    assert formula_text(rows[0][0], bill, tariff) == text


def test_a_version_in_force_for_a_part_of_the_period():
    version = '{id: d, kind: demand, price: "6"}'
    charges = f"versions:\n- {{from: 2020-01-01, charges: [{version}]}}\n- {{from: 2026-04-11, charges: [{version}]}}\n"
    rows, bill, tariff = rows_of(example_of(charges))
    assert formula_text(rows[0][0], bill, tariff) == "power x time x price: 5 kW x 1/3 of the period x 6 AUD/kW = 10 AUD"


def test_prices_that_contain_the_tax_and_one_that_takes_it_out():
    charges = """\
- {id: f, kind: fixed, price: "11.90", per: month}
- {id: vat, kind: tax, of: [f], percent: "19", inclusive: true, round: tax}
"""
    rows, bill, tariff = rows_of(example_of(charges))
    assert [formula_text(row, bill, tariff) for row, _ in rows[1:]] == [
        "prices with tax x percentage / (100 + percentage): 11.9 AUD x 19/119 = 1.9 AUD",
        "prices with tax x percentage / (100 + percentage): 11.9 AUD x -19/119 = -1.9 AUD",
    ]
