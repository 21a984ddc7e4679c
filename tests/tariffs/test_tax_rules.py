"""Taxes on taxes, taxes that prices contain, tax rounded line by line, and whose line bears which."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.calendar import version_spans
from tariffs.charges.line import Line, LineHeader, Sentence
from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tariffs.pricing.shares import named
from tariffs.pricing.work import Work
from tariffs.rated import RatingInputs

CENT = Decimal("0.01")
ON = "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines, tax: {on: %s}}\n"
NONE = "rounding: {line: none, total: sum_of_lines}\n"


def found(rated, *names, **wanted):
    rows = [row for row in rated.lines.to_pylist() if all(row[name] == each for name, each in wanted.items())]
    return [tuple(row[name] for name in names) for row in rows]


class TestTaxOnTax:
    BODY = """\
charges:
- {id: use, kind: fixed, price: "100", per: month}
- {id: levy, kind: tax, of: [use], percent: "5"}
- {id: vat, kind: tax, of: [use, levy], percent: "20"}
"""

    def test_is_laid_on_the_sum(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY), {})
        assert found(rated, "charge_id", "quantity", "amount", kind="tax") == [("levy", 100, 5), ("vat", 105, 21)]
        assert rated.tax[0].as_py() == 26

    def test_is_not_what_all_means(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY.replace("[use, levy]", "all")), {})
        assert found(rated, "amount", charge_id="vat") == [(20,)]

    def test_of_a_tax_alone(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY.replace("[use, levy]", "[levy]")), {})
        assert found(rated, "quantity", "amount", charge_id="vat") == [(5, 1)]

    def test_takes_the_tax_as_it_is_rounded(self, tariff_of, bill):
        body = self.BODY.replace('"100"', '"1.10"')
        # 5 % of 1.10 is 0.055, on the bill 0.06; exact: 1.155 x 20 %
        rounded = bill(tariff_of(body, rounding=ON % "rate_sum"), {})
        assert found(rounded, "quantity", charge_id="vat") == [(Decimal("1.16"),)]
        exact = bill(tariff_of(body.replace('"20"', '"20", base: exact'), rounding=ON % "rate_sum"), {})
        assert found(exact, "quantity", charge_id="vat") == [(Decimal("1.155"),)]

    def test_a_tax_that_does_not_stand_this_month_is_none(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY.replace('"5"', '"5", months: [7]')), {})
        assert found(rated, "charge_id", "amount", kind="tax") == [("vat", 20)]

    def test_where_the_rate_above_changes_both_are_split(self, bill):
        version = self.BODY.replace("\n", "\n  ").rstrip()
        text = f"""\
tariff: t
currency: EUR
clock: Europe/Berlin
rounding: {{line: none, total: sum_of_lines}}
versions:
- from: 2026-01-01
  {version}
- from: 2026-04-16
  {version.replace('"20"', '"10"')}
"""
        rated = bill(parse_tariff(text, "t.yaml"), {}, first="2026-04-01", after="2026-05-01")
        assert found(rated, "charge_id", "quantity", "amount", kind="tax") == [
            ("levy", 50, Decimal("2.5")),
            ("vat", Decimal("52.5"), Decimal("10.5")),
            ("levy", 50, Decimal("2.5")),
            ("vat", Decimal("52.5"), Decimal("5.25")),
        ]

    def test_where_the_rate_below_changes_the_one_above_is_one_line(self, bill):
        version = self.BODY.replace("\n", "\n  ").rstrip()
        text = f"""\
tariff: t
currency: EUR
clock: Europe/Berlin
rounding: {{line: none, total: sum_of_lines}}
versions:
- from: 2026-01-01
  {version}
- from: 2026-04-16
  {version.replace('"5"', '"10"')}
"""
        rated = bill(parse_tariff(text, "t.yaml"), {}, first="2026-04-01", after="2026-05-01")
        # 50 + 50, 5 % and 10 % of one 50 each, and 20 % of 107.5
        assert found(rated, "charge_id", "amount", kind="tax") == [
            ("levy", Decimal("2.5")),
            ("vat", Decimal("21.5")),
            ("levy", 5),
        ]


class TestTaxContainedInPrices:
    BODY = """\
charges:
- {id: use, kind: fixed, price: "%s", per: month}
- {id: vat, kind: tax, of: [use], percent: "%s", inclusive: true, round: %s}
"""

    def test_stands_on_two_lines_that_leave_the_total(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY % ("119", "19", "tax"), rounding=ON % "rate_sum"), {})
        assert found(rated, "kind", "amount_rounded") == [("fixed", 119), ("tax", 19), ("tax_included", -19)]
        assert (rated.tax[0].as_py(), rated.total[0].as_py(), rated.total_due[0].as_py()) == (19, 119, 119)
        assert rated.lines["text"].to_pylist()[1:] == [
            "vat: 19 % contained in 119 EUR (use) = 19.00 EUR",
            "vat: taken out of 119 EUR of prices that contain it = -19.00 EUR",
        ]

    def test_lines_with_the_code_add_up_to_the_net_amount(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY % ("119", "19", "tax"), rounding=ON % "rate_sum"), {})
        net = sum(amount for amount, kind in found(rated, "amount_rounded", "kind", tax_code="vat") if kind != "tax")
        assert net == 100

    def test_is_a_quotient_of_18_decimals_where_nothing_is_rounded(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY % ("1", "19", "net"), rounding=NONE), {})
        assert found(rated, "amount", "price", kind="tax") == [(Decimal("0.159663865546218487"), Decimal("0.159663865546"))]

    @given(st.decimals("0", "99999", places=2), st.decimals("0", "99", places=2), st.sampled_from(["tax", "net"]))
    @settings(max_examples=60, deadline=None)
    def test_rounds_the_tax_or_the_net_amount_once(self, tariff_of, bill, gross, percent, rounds):
        rated = bill(tariff_of(self.BODY % (gross, percent, rounds), rounding=ON % "rate_sum"), {})
        tax, exact = Fraction(rated.tax[0].as_py()), Fraction(gross) * Fraction(percent) / (100 + Fraction(percent))
        assert abs(tax - exact) <= Fraction(1, 200)
        assert rated.total_due[0].as_py() == gross
        if abs(tax - exact) == Fraction(1, 200):
            # a half goes away from zero: up for the tax, up for the net amount and so down for the tax
            assert (tax > exact) == (rounds == "tax")


class TestModeOfTheTax:
    """A rule for tax that leaves out its mode has that of lines; 15 % of 0.30 is 0.045."""

    BODY = """\
charges:
- {id: use, kind: fixed, price: "0.30", per: month}
- {id: vat, kind: tax, of: [use], percent: "15"}
"""

    @pytest.mark.parametrize(
        ("line", "tax", "expected"),
        [
            pytest.param("{places: 2, mode: half_even}", "", "0.04", id="no rule for tax"),
            pytest.param("{places: 2, mode: half_even}", ", tax: {on: rate_sum}", "0.04", id="a rule without a mode"),
            pytest.param("{places: 2, mode: half_even}", ", tax: {on: line}", "0.04", id="on each line"),
            pytest.param("{places: 2, mode: half_even}", ", tax: {mode: half_up}", "0.05", id="a mode of its own"),
            pytest.param("{places: 2}", ", tax: {on: rate_sum}", "0.05", id="lines half up"),
            pytest.param("none", ", tax: {on: rate_sum}", "0.05", id="lines that are not rounded"),
        ],
    )
    def test_is_that_of_lines(self, tariff_of, bill, line, tax, expected):
        rounding = f"rounding: {{line: {line}, total: sum_of_lines{tax}}}\n"
        rated = bill(tariff_of(self.BODY, rounding=rounding), {})
        assert found(rated, "amount_rounded", kind="tax") == [(Decimal(expected),)]


def test_what_is_rounded_is_the_amount_that_the_line_shows(tariff_of, bill):
    """A twelfth of 1.04 ends nowhere, 7.5 % of it are 0.0065: half to even that is 0.006, whatever stands beyond 18 decimals."""
    body = """\
charges:
- {id: use, kind: fixed, price: "1.04", per: year}
- {id: city, kind: tax, of: [use], percent: "7.5"}
"""
    rounding = "rounding: {line: none, total: sum_of_lines, tax: {places: 3, mode: half_even}}\n"
    rated = bill(tariff_of(body, rounding=rounding), {})
    assert found(rated, "amount", "amount_rounded", kind="tax") == [(Decimal("0.0065"), Decimal("0.006"))]


class TestTaxRoundedOnEachLine:
    BODY = """\
charges:
- {id: one, kind: fixed, price: "1.15", per: month}
- {id: two, kind: fixed, price: "1.15", per: month}
- {id: vat, kind: tax, of: [one, two], percent: "10"}
"""

    @pytest.mark.parametrize(("on", "tax"), [("rate_sum", "0.23"), ("line", "0.24")])
    def test_is_the_sum_of_each_lines_own(self, tariff_of, bill, on, tax):
        # 0.115 is 0.12 on each line, 0.23 on both
        rated = bill(tariff_of(self.BODY, rounding=ON % on), {})
        assert rated.tax[0].as_py() == Decimal(tax)
        assert found(rated, "amount", kind="tax") == [(Decimal("0.23"),)]

    def test_periods_are_lines(self, tariff_of, bill):
        body = """\
periods: {on: [{days: mon-fri}], off: [{else: true}]}
charges:
- {id: use, kind: energy, price: {on: "1.15", off: "1.15"}}
- {id: vat, kind: tax, of: [use], percent: "10"}
"""
        rated = bill(tariff_of(body, rounding=ON % "line"), {"import_kwh": [[1, 1]]}, exponent=0)
        assert rated.tax[0].as_py() == Decimal("0.24")

    @given(st.lists(st.decimals("-999", "999", places=2), min_size=2, max_size=2), st.decimals("0", "99", places=1))
    @settings(max_examples=40, deadline=None)
    def test_agrees_with_decimal(self, tariff_of, bill, prices, percent):
        body = self.BODY
        for price in prices:
            body = body.replace('"1.15"', f'"{price}"', 1)
        rated = bill(tariff_of(body.replace('"10"', f'"{percent}"'), rounding=ON % "line"), {})
        assert rated.tax[0].as_py() == sum((price * percent / 100).quantize(CENT, "ROUND_HALF_UP") for price in prices)


class TestWhoBearsATax:
    BODY = """\
charges:
- {id: use, kind: energy, price: "1"}
- {id: vat, kind: tax, of: all, percent: "20"}
- {id: city, kind: tax, of: all, percent: "5", only_for: in_town}
export: {mode: net_billing, price: "0.1"}
"""

    @pytest.fixture
    def rated(self, tariff_of, bill):
        return bill(
            tariff_of(self.BODY),
            {"import_kwh": [[10], [10], [10], [10]], "export_kwh": [[10], [10], [10], [10]]},
            exponent=0,
            taxed=[False, False, True, True],
            options={"in_town": np.array([False, True, False, True])},
        )

    def test_depends_on_the_option_and_on_the_agreement(self, rated):
        amounts = found(rated, "agreement_index", "charge_id", "amount", kind="tax")
        assert amounts == [
            (0, "vat", 2),
            (1, "vat", 2),
            (1, "city", Decimal("0.5")),
            (2, "vat", Decimal("1.8")),
            (3, "vat", Decimal("1.8")),
            (3, "city", Decimal("0.45")),
        ]

    def test_lines_are_marked_with_the_taxes_that_they_bear(self, rated):
        codes = found(rated, "agreement_index", "charge_id", "tax_code")
        assert [code for _, charge, code in codes if charge == "use"] == ["vat", "vat+city", "vat", "vat+city"]
        assert [code for _, charge, code in codes if charge == "export"] == [None, None, "vat", "vat+city"]

    def test_is_what_the_bill_says_of_tax(self, rated):
        assert [tax.as_py() for tax in rated.tax] == [Decimal(text) for text in ("2", "2.5", "1.8", "2.25")]
        assert [total.as_py() for total in rated.total] == [Decimal(text) for text in ("11", "11.5", "10.8", "11.25")]

    def test_may_change_in_the_middle_of_a_billing_period(self, bill):
        text = "tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nrounding: {line: none}\nversions:\n" + "".join(
            f"- from: {day}\n  charges:\n"
            '  - {id: use, kind: fixed, price: "100", per: month}\n'
            f'  - {{id: city, kind: tax, of: [use], percent: "10"{whom}}}\n'
            for day, whom in (("2026-01-01", ""), ("2026-04-16", ", only_for: in_town"))
        )
        rated = bill(parse_tariff(text, "t.yaml"), {}, first="2026-04-01", after="2026-05-01", taxed=[False, False],
                     options={"in_town": np.array([False, True])})  # fmt: skip
        assert [tax.as_py() for tax in rated.tax] == [5, 10]

    def test_an_option_that_nobody_has_is_a_tax_that_nobody_bears(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY), {"import_kwh": [[10]]}, exponent=0)
        assert found(rated, "charge_id", "tax_code") == [("use", "vat"), ("vat", "vat")]


EACH_KIND = """\
charges:
- {id: use, kind: energy, price: "1"}
- {id: extra, kind: %s}
- {id: share, kind: percent, of: [use, extra], percent: "10"}
- {id: rest, kind: percent, of: all, percent: "1"}
- {id: floor, kind: minimum, amount: "100", per: month, covers: [use, extra]}
- {id: vat, kind: tax, of: [use, extra], percent: "20"}
"""
EXTRAS = [
    pytest.param('fixed, price: "7", per: month', id="fixed"),
    pytest.param('energy, price: "0.7"', id="energy"),
    pytest.param('rider, price: "0.7"', id="rider"),
    pytest.param('percent, of: [use], percent: "70"', id="percent"),
]


class TestAChargeThatDoesNotStand:
    @pytest.mark.parametrize("extra", EXTRAS)
    @pytest.mark.parametrize("mask", [", months: [7]", ", only_for: nobody"])
    def test_counts_nowhere(self, tariff_of, bill, extra, mask):
        rated = bill(tariff_of(EACH_KIND % (extra + mask)), {"import_kwh": [[10]]}, exponent=0)
        amounts = dict(found(rated, "charge_id", "amount"))
        assert amounts == {"use": 10, "share": 1, "rest": Decimal("0.11"), "floor": 90, "vat": 2}

    @pytest.mark.parametrize("extra", EXTRAS)
    @pytest.mark.parametrize("mask", ["", ", months: [1]", ", only_for: everybody"])
    def test_and_where_it_stands_it_counts_everywhere(self, tariff_of, bill, extra, mask):
        options = {"everybody": np.array([True])}
        rated = bill(tariff_of(EACH_KIND % (extra + mask)), {"import_kwh": [[10]]}, exponent=0, options=options)
        amounts = dict(found(rated, "charge_id", "amount"))
        shares = {"share": Decimal("1.7"), "rest": Decimal("0.187"), "floor": 83, "vat": Decimal("3.4")}
        assert amounts == {"use": 10, "extra": 7} | shares

    @pytest.mark.parametrize("charge", ["share", "rest", "floor", "vat"])
    def test_shares_and_floors_may_be_left_out_too(self, tariff_of, bill, charge):
        lines = (EACH_KIND % 'fixed, price: "7", per: month').splitlines()
        body = "\n".join(line.replace("}", ", only_for: nobody}") if f"id: {charge}," in line else line for line in lines)
        rated = bill(tariff_of(body), {"import_kwh": [[10]]}, exponent=0)
        assert charge not in rated.lines["charge_id"].to_pylist()
        assert len(rated.lines["charge_id"].to_pylist()) == 5


class TestSharesAboveAnAmount:
    BODY = 'charges: [{id: use, kind: energy, price: "1"}, {id: less, kind: percent, of: [use], percent: "-5", above: "100"}]'

    @pytest.mark.parametrize(
        ("kwh", "amounts"),
        [
            pytest.param(99_999, [], id="below it"),
            pytest.param(100_000, [], id="at it"),
            pytest.param(100_001, ["-0.00005"], id="just above it"),
            pytest.param(300_000, ["-10"], id="above it"),
            pytest.param(-300_000, [], id="a credit"),
        ],
    )
    def test_are_taken_of_what_exceeds_it(self, tariff_of, bill, kwh, amounts):
        rated = bill(tariff_of(self.BODY), {"import_kwh": [[kwh]]})
        assert found(rated, "amount", kind="percent") == [(Decimal(each),) for each in amounts]

    def test_say_so(self, tariff_of, bill):
        rated = bill(tariff_of(self.BODY), {"import_kwh": [[300_000]]})
        assert rated.lines["text"].to_pylist()[1] == "less: -5 % of 200 EUR (use above 100 EUR) = -10.00 EUR"

    def test_each_version_has_its_part_of_the_amount(self, bill):
        text = "tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nrounding: {line: none}\nversions:\n" + "".join(
            f"- from: {day}\n  {self.BODY}\n" for day in ("2026-01-01", "2026-04-16")
        )
        rated = bill(parse_tariff(text, "t.yaml"), {"import_kwh": [[60, 40]]}, first="2026-04-01", after="2026-05-01", exponent=0)
        # 60 - 50; 40 is below 50
        assert found(rated, "quantity", "amount", kind="percent") == [(10, Decimal("-0.5"))]


def test_a_share_of_all_leaves_out_power_factors(tariff_of, instants_of):
    body = """\
charges:
- {id: use, kind: energy, price: "1"}
- {id: pf, kind: power_factor, of: [use], target: "0.90", step: "0.01", percent: "1"}
- {id: rest, kind: percent, of: all, percent: "1"}
"""
    tariff = tariff_of(body)
    period = instants_of(tariff, "2026-01-01", "2026-02-01")
    work = Work(RatingInputs(tariff, **period, quantities={}, export_taxed=np.array([False])), version_spans(tariff, **period))
    column = Exact(np.array([7]), 0)
    for charge in tariff.versions[0].charges[:2]:
        line = Line(None, None, column, "EUR", Decimal(1), column, Sentence("", "", ""))
        work.add(charge, LineHeader(charge.id, charge.kind, 0, ()), [line])
    assert [column.header.charge_id for column in named(work, "all", work.spans[0])] == ["use"]


def test_a_share_of_all_leaves_out_minimums_taxes_and_shares_after_it(tariff_of, bill):
    body = """\
charges:
- {id: a, kind: fixed, price: "100", per: month}
- {id: first, kind: percent, of: all, percent: "10"}
- {id: second, kind: percent, of: all, percent: "10"}
- {id: floor, kind: minimum, amount: "1000", per: month}
- {id: vat, kind: tax, of: all, percent: "20"}
"""
    assert dict(found(bill(tariff_of(body), {}), "charge_id", "amount")) == {
        "a": 100,
        "first": 10,
        "second": 11,
        "floor": 879,
        "vat": Decimal("24.2"),
    }
