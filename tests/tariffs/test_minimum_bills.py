"""Minimum bills: what counts towards them, for which days, and the year that is closed by its last bill."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.exact import Exact
from tariffs.load import parse_tariff

CHARGES = """\
charges:
- {id: use, kind: energy, price: "0.10"}
- {id: floor, kind: minimum, amount: "30", %s}
"""
NOMINAL = "per: month, prorate: days_of_nominal_month"
CENTS = "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}\n"


def value(column, row=0):
    return Decimal(int(column.values[row])).scaleb(-column.scale)


def minimum_of(rated):
    return [row["amount"] for row in rated.lines.to_pylist() if row["kind"] == "minimum"]


class TestMonthlyMinimum:
    @pytest.mark.parametrize(
        ("kwh", "short"),
        [
            pytest.param(0, ["30"], id="nothing used"),
            pytest.param(100, ["20"], id="a part"),
            pytest.param(299, ["0.1"], id="just under"),
            pytest.param(300, [], id="at it"),
            pytest.param(301, [], id="over it"),
            pytest.param(-50, ["30"], id="a credit counts as nothing"),
        ],
    )
    def test_raises_the_other_charges_to_it(self, tariff_of, bill, kwh, short):
        rated = bill(tariff_of(CHARGES % "per: month"), {"import_kwh": [[kwh]]}, exponent=0)
        assert minimum_of(rated) == [Decimal(each) for each in short]

    def test_says_what_was_missing(self, tariff_of, bill):
        rated = bill(tariff_of(CHARGES % "per: month", rounding=CENTS), {"import_kwh": [[100]]}, exponent=0)
        (line,) = (row for row in rated.lines.to_pylist() if row["kind"] == "minimum")
        assert [line[name] for name in ("charge_id", "quantity", "unit", "price")] == ["floor", 20, "EUR", 1]
        assert line["text"] == "floor: 20 EUR short of 1 month at 30 EUR/month = 20.00 EUR"

    @pytest.mark.parametrize(
        ("rule", "first", "after", "amount"),
        [
            pytest.param("per: month", "2026-01-05", "2026-01-15", "30", id="once a billing period"),
            pytest.param("per: month, prorate: days_of_month", "2026-01-05", "2026-01-15", "9.677419354838709677", id="10/31"),
            pytest.param("per: month, prorate: days_of_month", "2026-01-01", "2026-03-01", "60", id="two whole months"),
            pytest.param(NOMINAL, "2026-02-01", "2026-03-01", "27.616438356164383562", id="28 / (365/12)"),
            pytest.param("per: day", "2026-01-05", "2026-01-15", "300", id="ten days"),
            pytest.param("per: day", "2026-03-29", "2026-03-30", "30", id="a day of 23 hours"),
        ],
    )  # fmt: skip
    def test_is_for_the_days_of_the_billing_period(self, tariff_of, bill, rule, first, after, amount):
        rated = bill(tariff_of(CHARGES % rule), {"import_kwh": [[0]]}, first=first, after=after)
        assert minimum_of(rated) == [Decimal(amount)]

    def test_looks_at_exact_amounts(self, tariff_of, bill):
        body = 'charges: [{id: use, kind: energy, price: "0.001"}, {id: floor, kind: minimum, amount: "0.01", per: month}]'
        rated = bill(tariff_of(body, rounding=CENTS), {"import_kwh": [[6]]}, exponent=0)
        assert minimum_of(rated) == [Decimal("0.004")]

    @pytest.mark.parametrize(
        ("covers", "short"),
        [
            ("", "8.1"),
            (", covers: all", "8.1"),
            (", covers: [use]", "20"),
            (", covers: [use, basic]", "10"),
            (", covers: [basic]", "20"),
        ],
    )
    def test_covers_all_that_stands_before_tax_or_what_it_names(self, tariff_of, bill, covers, short):
        # 10 for use, 10 basic, 5 % of both, 1 of export counts against; no tax, no other minimum
        body = (CHARGES % f"per: month{covers}") + (
            '- {id: basic, kind: fixed, price: "10", per: month}\n'
            '- {id: levy, kind: percent, of: [use, basic], percent: "14.5"}\n'
            '- {id: vat, kind: tax, of: all, percent: "20"}\n'
            '- {id: other, kind: minimum, amount: "1000", per: month}\n'
            'export: {mode: net_billing, price: "1"}\n'
        )
        rated = bill(tariff_of(body), {"import_kwh": [[100]], "export_kwh": [[1]]}, exponent=0)
        assert minimum_of(rated)[0] == Decimal(short)

    def test_two_minimums_do_not_count_for_each_other(self, tariff_of, bill):
        body = (CHARGES % "per: month") + '- {id: other, kind: minimum, amount: "40", per: month}\n'
        rated = bill(tariff_of(body), {"import_kwh": [[100]]}, exponent=0)
        assert minimum_of(rated) == [20, 30]

    def test_money_from_the_bank_counts_against_it(self, tariff_of, bill):
        body = (CHARGES % "per: month") + 'export: {mode: net_billing, price: "1", carry: next_month}'
        rated = bill(
            tariff_of(body),
            {"import_kwh": [[400]], "export_kwh": [[0]]},
            exponent=0,
            carried={"bank.money": Exact(np.array([25]), 0)},
        )
        assert minimum_of(rated) == [15]

    def test_a_true_up_does_not(self, tariff_of, bill):
        body = (CHARGES % "per: month") + 'export: {mode: nem_money, price: "1", true_up: 1}'
        rated = bill(tariff_of(body), {"import_kwh": [[0]], "export_kwh": [[7]]}, exponent=0)
        assert (minimum_of(rated), rated.total[0].as_py()) == ([30], 23)

    @pytest.mark.parametrize(("of", "tax"), [("all", "2"), ("[use]", "2"), ("[use, floor]", "6")])
    def test_bears_a_tax_only_where_it_is_named(self, tariff_of, bill, of, tax):
        body = (CHARGES % "per: month") + f'- {{id: vat, kind: tax, of: {of}, percent: "20"}}\n'
        rated = bill(tariff_of(body), {"import_kwh": [[100]]}, exponent=0)
        assert rated.tax[0].as_py() == Decimal(tax)

    def test_stands_where_the_document_has_it(self, tariff_of, bill):
        body = (CHARGES % "per: month") + '- {id: basic, kind: fixed, price: "1", per: month}\n'
        rated = bill(tariff_of(body), {"import_kwh": [[100]]}, exponent=0)
        assert rated.lines["charge_id"].to_pylist() == ["use", "floor", "basic"]

    def test_of_the_newest_version_holds_for_the_whole_period(self, bill):
        version = """\
- from: {}
  charges: [{{id: use, kind: energy, price: "0.1"}}, {{id: floor, kind: minimum, amount: "{}", per: {}}}]
"""
        versions = version.format("2026-01-01", "1000", "month") + version.format("2026-03-11", "1", "day")
        text = f"tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nrounding: {{line: none}}\nversions:\n{versions}"
        rated = bill(parse_tariff(text, "t.yaml"), {"import_kwh": [[50, 60]]}, first="2026-03-01", after="2026-04-01", exponent=0)
        # 31 days at 1, less 5 and 6
        assert minimum_of(rated) == [20]


@pytest.fixture(scope="module")
def year(bill):
    """Bills in a row of some days, each with the kWh and the state of the one before."""

    def make(tariff, periods, carried=None):
        rated, state = [], carried or {}
        for (first, after), kwh in periods:
            rated.append(bill(tariff, {"import_kwh": [[kwh]]}, first=first, after=after, exponent=0, carried=state))
            state = rated[-1].carried
        return rated

    return make


def months_of(year_, *kwh):
    days = [f"{year_ + number // 12}-{number % 12 + 1:02d}-01" for number in range(13)]
    return list(zip(pairwise(days), kwh, strict=False))


class TestYearlyMinimum:
    def test_is_asked_for_once_on_the_last_bill_of_the_year(self, tariff_of, year):
        tariff = tariff_of((CHARGES % "per: year").replace('"30"', '"200"'))
        # 150, then nothing for ten months, then 20: 170 in the year, a credit in May counts as nothing
        rated = year(tariff, months_of(2026, 1500, 0, 0, 0, -900, 0, 0, 0, 0, 0, 0, 200))
        assert [minimum_of(each) for each in rated] == [[]] * 11 + [[30]]
        assert rated[11].lines["text"].to_pylist()[-1] == "floor: 30 EUR short of 1 year at 200 EUR/year = 30.00 EUR"

    def test_hands_on_what_counts_so_far_until_the_year_is_over(self, tariff_of, year):
        rated = year(tariff_of(CHARGES % "per: year"), months_of(2026, 10, 20, -5, 0, 0, 0, 0, 0, 0, 0, 0, 0))
        found = [{name: value(each) for name, each in one.carried.items()} for one in rated]
        assert found[:3] == [{"minimum|floor|2026": 1}, {"minimum|floor|2026": 3}, {"minimum|floor|2026": 3}]
        assert found[11] == {}

    @pytest.mark.parametrize(
        ("first", "after", "asked"),
        [
            pytest.param("2026-11-15", "2026-12-31", False, id="ends on 30 December"),
            pytest.param("2026-11-15", "2027-01-01", True, id="ends on 31 December"),
            pytest.param("2026-12-15", "2027-01-15", True, id="holds 31 December"),
            pytest.param("2026-12-31", "2027-01-01", True, id="is 31 December"),
            pytest.param("2027-01-01", "2027-02-01", False, id="begins after it"),
        ],
    )
    def test_the_last_bill_holds_31_december(self, tariff_of, year, first, after, asked):
        (rated,) = year(tariff_of(CHARGES % "per: year"), [((first, after), 100)])
        assert minimum_of(rated) == ([20] if asked else [])

    def test_a_bill_over_new_year_counts_for_the_year_it_begins_in(self, tariff_of, year):
        periods = [(("2026-12-15", "2027-01-15"), 100), (("2027-01-15", "2027-12-15"), 50), (("2027-12-15", "2028-01-15"), 60)]
        rated = year(tariff_of(CHARGES % "per: year"), periods)
        assert [minimum_of(each) for each in rated] == [[20], [], [19]]

    def test_a_sum_of_the_year_before_is_not_taken_over(self, tariff_of, year):
        old = {"minimum|floor|2025": Exact(np.array([500]), 0)}
        rated = year(tariff_of(CHARGES % "per: year"), months_of(2026, 0), carried=old)
        assert {name: value(each) for name, each in rated[0].carried.items()} == {"minimum|floor|2026": 0}

    def test_counts_for_all_and_is_asked_of_those_it_stands_for(self, tariff_of, bill):
        tariff = tariff_of(CHARGES % "per: year, only_for: large")
        rated = bill(
            tariff,
            {"import_kwh": [[100], [100]]},
            exponent=0,
            first="2026-12-01",
            after="2027-01-01",
            options={"large": np.array([False, True])},
            carried={"minimum|floor|2026": Exact(np.array([15, 15]), 0)},
        )
        assert [(row["agreement_index"], row["amount"]) for row in rated.lines.to_pylist() if row["kind"] == "minimum"] == [
            (1, 5)
        ]

    @given(st.lists(st.integers(-500, 500), min_size=12, max_size=12), st.integers(0, 300))
    @settings(max_examples=50, deadline=None)
    def test_the_year_comes_to_the_minimum_at_least(self, tariff_of, year, kwh, least):
        tariff = tariff_of((CHARGES % "per: year").replace('"30"', f'"{least}"'))
        rated = year(tariff, months_of(2026, *kwh))
        counted = sum(max(0, each) for each in kwh) * Decimal("0.1")
        (asked,) = minimum_of(rated[11]) or [Decimal(0)]
        assert counted + asked == max(counted, Decimal(least))
