from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from schemas.errors import TariffError
from tariffs.load import parse_tariff

FEE = 'charges: [{id: connection, kind: fee, price: "45.50", when: %s}]'


def only(rated):
    (row,) = rated.lines.to_pylist()
    return row


class TestMoments:
    @pytest.mark.parametrize(("when", "given"), [("start", "started"), ("end", "ended")])
    def test_only_agreements_that_start_or_end_owe_it(self, tariff_of, bill, when, given):
        rated = bill(tariff_of(FEE % when), {}, taxed=[False] * 3, **{given: np.array([False, True, False])})
        line = only(rated)
        assert (line["agreement_index"], line["quantity"], line["unit"], line["price"], line["amount"]) == (
            1,
            1,
            "fee",
            Decimal("45.5"),
            Decimal("45.5"),
        )
        assert line["text"] == "connection: 1 fee of 45.5 EUR = 45.50 EUR"

    @pytest.mark.parametrize(("when", "given"), [("start", "ended"), ("end", "started")])
    def test_not_at_the_other_end(self, tariff_of, bill, when, given):
        assert bill(tariff_of(FEE % when), {}, **{given: np.array([True])}).lines.num_rows == 0

    @pytest.mark.parametrize("when", ["start", "end"])
    def test_nobody_owes_it_where_nobody_starts_or_ends(self, tariff_of, bill, when):
        assert bill(tariff_of(FEE % when), {}).lines.num_rows == 0

    @pytest.mark.parametrize(("day", "owed"), [("2025-12-31", 0), ("2026-01-01", 1), ("2026-01-31", 1), ("2026-02-01", 0)])
    def test_a_date_is_in_one_billing_period(self, tariff_of, bill, day, owed):
        assert bill(tariff_of(FEE % day), {}).lines.num_rows == owed

    def test_a_fee_may_be_a_credit(self, tariff_of, bill):
        tariff = tariff_of('charges: [{id: welcome, kind: fee, price: "-50", when: start}]')
        assert only(bill(tariff, {}, started=np.array([True])))["amount"] == -50

    def test_only_for_and_months_hold_for_it_too(self, tariff_of, bill):
        tariff = tariff_of((FEE % "start").replace("kind: fee", "kind: fee, only_for: new_line, months: [1]"))
        options = {"new_line": np.array([True, False])}
        rated = bill(tariff, {}, taxed=[False] * 2, started=np.array([True, True]), options=options)
        assert [row["agreement_index"] for row in rated.lines.to_pylist()] == [0]
        february = bill(tariff, {}, first="2026-02-01", after="2026-03-01", started=np.array([True]), options=options)
        assert february.lines.num_rows == 0

    def test_it_bears_tax_like_any_charge(self, tariff_of, bill):
        tariff = tariff_of((FEE % "start")[:-1] + ', {id: vat, kind: tax, of: all, percent: "20"}]')
        assert bill(tariff, {}, started=np.array([True])).tax[0].as_py() == Decimal("9.1")


TWO = """\
tariff: t
currency: EUR
clock: Europe/Berlin
versions:
- {from: 2020-01-01, charges: [{id: fee, kind: fee, price: "10", when: %s}]}
- {from: 2026-01-11, charges: [{id: fee, kind: fee, price: "20", when: %s}]}
"""


class TestPriceChangeInsideThePeriod:
    @pytest.mark.parametrize(
        ("when", "amount"), [("start", 10), ("end", 20), ("2026-01-10", 10), ("2026-01-11", 20), ("2026-01-31", 20)]
    )
    def test_it_is_owed_once_at_the_price_of_its_day(self, bill, when, amount):
        tariff = parse_tariff(TWO % (when, when), "t.yaml")
        rated = bill(tariff, {}, started=np.array([True]), ended=np.array([True]))
        assert only(rated)["amount"] == amount


class TestRefused:
    @pytest.mark.parametrize("when", ["soon", "2026-02-30", "'2026-1-1'"])
    def test_moments_that_are_none(self, tariff_of, when):
        with pytest.raises(TariffError) as refused:
            tariff_of(FEE % when)
        assert (refused.value.code, refused.value.where) == ("tariff.invalid", "versions[0].charges[0].when")
