"""``rounding.quantity``: the quantity of a line is rounded before its price multiplies it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from schemas.errors import InvariantError, TariffError
from tariffs.charges.line import Line, Sentence
from tariffs.exact import Exact
from tariffs.rounding import Places

RULE = "rounding: {quantity: {places: %s, mode: %s}, line: none, total: sum_of_lines}\n"
USE = 'charges: [{id: use, kind: energy, price: "0.25"}]'


def lines_of(rated, *names):
    return [tuple(row[name] for name in names) for row in rated.lines.to_pylist()]


@pytest.mark.parametrize(
    ("wh", "places", "mode", "kwh"),
    [
        pytest.param(12_344, 2, "half_up", "12.34", id="below the half"),
        pytest.param(12_345, 2, "half_up", "12.35", id="at it, up"),
        pytest.param(12_345, 2, "half_even", "12.34", id="at it, to the even"),
        pytest.param(12_500, 0, "half_even", "12", id="whole kWh"),
        pytest.param(499, 0, "half_up", "0", id="nothing is left"),
        pytest.param(-12_345, 2, "half_up", "-12.35", id="a correction"),
        pytest.param(12_345, 3, "half_up", "12.345", id="no more decimals than the rule has"),
    ],
)
def test_the_amount_is_the_price_of_the_rounded_quantity(tariff_of, bill, wh, places, mode, kwh):
    rated = bill(tariff_of(USE, rounding=RULE % (places, mode)), {"import_kwh": [[wh]]})
    expected = [(Decimal(kwh), Decimal(kwh) / 4)] if Decimal(kwh) else []
    assert lines_of(rated, "quantity", "amount") == expected


def test_a_line_over_all_periods_is_rounded_once(tariff_of, bill):
    body = "periods: {a: [{days: mon-fri}], b: [{else: true}]}\n" + USE
    rated = bill(tariff_of(body, rounding=RULE % (0, "half_up")), {"import_kwh": [[400, 400]]})
    assert lines_of(rated, "quantity") == [(1,)]


def test_each_step_of_a_ladder_is_a_line(tariff_of, bill):
    body = 'charges: [{id: use, kind: energy, price: ["0.10", "0.20"], tiers: {limits: ["10.5"]}}]'
    rated = bill(tariff_of(body, rounding=RULE % (0, "half_up")), {"import_kwh": [[11_900]]})
    assert lines_of(rated, "quantity", "amount") == [(11, Decimal("1.1")), (1, Decimal("0.2"))]


def test_shares_of_a_step_are_rounded_too(tariff_of, bill):
    body = """\
periods: {a: [{days: mon-fri}], b: [{else: true}]}
charges: [{id: use, kind: energy, price: {a: ["0.1", "0.2"], b: ["0.3", "0.4"]}, tiers: {limits: ["10"]}}]
"""
    rated = bill(tariff_of(body, rounding=RULE % (0, "half_up")), {"import_kwh": [[10_000, 5_000]]})
    # two thirds of 10 and of 5 kWh, one third of them
    assert lines_of(rated, "quantity", "amount") == [
        (7, Decimal("0.7")),
        (3, Decimal("0.6")),
        (3, Decimal("0.9")),
        (2, Decimal("0.8")),
    ]


def test_export_and_riders_are_rounded(tariff_of, bill):
    body = 'charges: [{id: fuel, kind: rider, price: "0.01"}]\nexport: {mode: net_billing, price: "0.1"}'
    rated = bill(tariff_of(body, rounding=RULE % (0, "half_up")), {"import_kwh": [[1_500]], "export_kwh": [[2_499]]})
    assert lines_of(rated, "kind", "quantity", "amount") == [("rider", 2, Decimal("0.02")), ("export", 2, Decimal("-0.2"))]


def test_what_export_brings_to_a_bank_too(tariff_of, bill):
    body = USE + '\nexport: {mode: net_billing, price: "0.1", carry: next_month}'
    rated = bill(tariff_of(body, rounding=RULE % (0, "half_up")), {"import_kwh": [[0]], "export_kwh": [[2_499]]})
    money = rated.carried["bank.money"]
    assert Decimal(int(money.values[0])).scaleb(-money.scale) == Decimal("0.2")


def test_the_bank_of_kwh_is_not(tariff_of, bill):
    body = USE + '\nexport: {mode: nem_kwh, true_up: 2, pays: "0.1"}'
    rounding = RULE % (0, "half_up")
    rated = bill(tariff_of(body, rounding=rounding), {"import_kwh": [[0]], "export_kwh": [[2_499]]})
    assert (rated.carried["bank.kwh|"].values.tolist(), rated.carried["bank.kwh|"].scale) == ([2499], 3)


def test_days_months_and_money_are_not(tariff_of, bill):
    body = """\
charges:
- {id: supply, kind: fixed, price: "12", per: year}
- {id: share, kind: percent, of: [supply], percent: "0.5"}
- {id: floor, kind: minimum, amount: "1.255", per: month, covers: [supply]}
- {id: vat, kind: tax, of: all, percent: "10"}
"""
    rated = bill(tariff_of(body, rounding=RULE % (0, "half_up")), {})
    assert lines_of(rated, "charge_id", "amount") == [
        ("supply", 1),
        ("share", Decimal("0.005")),
        ("floor", Decimal("0.255")),
        ("vat", Decimal("0.1005")),
    ]


@pytest.mark.parametrize(
    "body",
    [
        "charges: [{id: use, kind: energy, price: {series: spot}}]",
        "charges: [{id: use, kind: rider, price: {series: spot}}]",
        "charges: []\nexport: {mode: net_billing, price: {series: spot}}",
    ],
)
def test_where_each_interval_has_its_price_it_is_refused(tariff_of, body):
    with pytest.raises(TariffError) as refused:
        tariff_of(body, rounding=RULE % (0, "half_up"))
    assert (refused.value.code, refused.value.where) == ("tariff.unsupported", "rounding.quantity")


def column(value, scale):
    return Exact(np.array([value]), scale)


def line(*, amount, price=Decimal(2), factor=Fraction(1)):
    return Line(None, None, column(1_500, 3), "kW", price, amount, Sentence("", "", ""), factor=factor)


class TestLine:
    RULE = Places.model_construct(places=0, mode="half_up")

    def test_a_factor_multiplies_the_rounded_quantity(self):
        rounded = line(amount=column(1, 0), factor=Fraction(1, 3)).with_rounded_quantity(self.RULE)
        assert (rounded.quantity.values.tolist(), rounded.quantity.scale) == ([2], 0)
        assert rounded.amount.values.tolist() == [1_333_333_333_333_333_333]

    @pytest.mark.parametrize(
        "wrong",
        [
            pytest.param(line(amount=column(31, 1)), id="an amount that is another product"),
            pytest.param(line(amount=column(3, 0), factor=Fraction(1, 3)), id="a factor that was not used"),
            pytest.param(line(amount=column(3, 0), price=column(2, 0)), id="a price for each agreement"),
        ],
    )
    def test_an_amount_that_is_no_product_is_not_rounded_in_silence(self, wrong):
        with pytest.raises(InvariantError) as failed:
            wrong.with_rounded_quantity(self.RULE)
        assert failed.value.code == "rating.quantity"
