from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvariantError
from schemas.table import AMOUNT
from tariffs.lines import LINES
from tariffs.load import parse_tariff

CENT = Decimal("0.01")
FLAT = 'charges: [{id: use, kind: energy, price: "0.25"}]'
TOU = """\
periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], soak: [{from: "09:00", to: "15:00"}], off: [{else: true}]}
charges:
- {id: supply, kind: fixed, price: "1.0567", per: day}
- {id: use, kind: energy, price: {peak: "0.4863", soak: "0.082", off: "0.223"}}
- {id: discount, kind: percent, of: [use], percent: "-3"}
- {id: gst, kind: tax, of: [supply, use, discount], percent: "10"}
export: {mode: net_billing, price: "0.05"}
"""
EXACT_LINES = "rounding: {line: none, total: sum_of_lines}\n"
CENT_LINES = "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}\n"


def rows(rated, **wanted):
    return [row for row in rated.lines.to_pylist() if all(row[name] == value for name, value in wanted.items())]


def only(rated, **wanted):
    (row,) = rows(rated, **wanted)
    return row


def steps(rated):
    return [
        (row["band"], row["tier"], str(row["quantity"].normalize()), str(row["price"].normalize()))
        for row in rows(rated, kind="energy")
    ]


class TestFixedCharges:
    @pytest.mark.parametrize(
        ("charge", "quantity", "amount"),
        [
            pytest.param('price: "2", per: day', "31", "62", id="each local day"),
            pytest.param(
                'price: "12", per: day, days: nominal_month', "30.416666667", "365", id="a nominal month of 365/12 days"
            ),
            pytest.param('price: "10", per: month', "1", "10", id="once a billing period"),
            pytest.param('price: "365", per: month, prorate: days_of_nominal_month', "1.019178082", "372", id="31 / (365/12)"),
            pytest.param('price: "10", per: month, prorate: days_of_month', "1", "10", id="31 of 31 days"),
            pytest.param('price: "120", per: year', "0.083333333", "10", id="a twelfth of a year"),
            pytest.param('price: "-5", per: month', "1", "-5", id="a credit"),
        ],
    )
    def test_of_a_whole_month(self, tariff_of, bill, charge, quantity, amount):
        line = only(bill(tariff_of(f"charges: [{{id: basic, kind: fixed, {charge}}}]"), {}))
        assert (line["quantity"], line["amount"]) == (Decimal(quantity), Decimal(amount))

    @pytest.mark.parametrize(
        ("charge", "quantity"),
        [
            pytest.param("per: day", "10", id="ten days"),
            pytest.param("per: day, days: nominal_month", "9.812", id="10/31 of 365/12 days"),
            pytest.param("per: month", "1", id="not prorated unless it says so"),
            pytest.param("per: month, prorate: days_of_month", "0.323", id="10/31 of a month"),
            pytest.param("per: month, prorate: days_of_nominal_month", "0.329", id="10 / (365/12)"),
        ],
    )
    def test_of_ten_days(self, tariff_of, bill, charge, quantity):
        tariff = tariff_of(f'charges: [{{id: basic, kind: fixed, price: "1", {charge}}}]')
        line = only(bill(tariff, {}, first="2026-01-05", after="2026-01-15"))
        assert line["quantity"].quantize(Decimal("0.001")) == Decimal(quantity)

    def test_a_quotient_has_18_decimals(self, tariff_of, bill):
        line = only(bill(tariff_of('charges: [{id: basic, kind: fixed, price: "1", per: year}]'), {}))
        assert line["amount"] == Decimal("0.083333333333333333")

    def test_across_a_changeover_a_day_is_a_day(self, tariff_of, bill):
        tariff = tariff_of('charges: [{id: basic, kind: fixed, price: "1", per: day}]')
        assert only(bill(tariff, {}, first="2026-03-29", after="2026-03-30"))["amount"] == 1

    def test_stands_on_the_bill_though_it_is_zero(self, tariff_of, bill):
        tariff = tariff_of('charges: [{id: basic, kind: fixed, price: "0", per: day}]')
        assert only(bill(tariff, {}))["amount"] == 0


class TestEnergyCharges:
    def test_one_price_holds_for_all_periods_together(self, tariff_of, bill):
        tariff = tariff_of(TOU.replace('{peak: "0.4863", soak: "0.082", off: "0.223"}', '"0.2"'))
        line = only(bill(tariff, {"import_kwh": [[1000, 2000, 3000]]}), kind="energy")
        assert (line["band"], line["quantity"], line["amount"]) == (None, 6, Decimal("1.2"))

    def test_each_period_has_a_line_with_its_price(self, tariff_of, bill):
        rated = bill(tariff_of(TOU), {"import_kwh": [[1000, 2000, 3000]]})
        assert steps(rated) == [("peak", None, "1", "0.4863"), ("soak", None, "2", "0.082"), ("off", None, "3", "0.223")]

    def test_a_period_without_use_has_no_line(self, tariff_of, bill):
        rated = bill(tariff_of(TOU), {"import_kwh": [[0, 2000, 0]]})
        assert [row["band"] for row in rows(rated, kind="energy")] == ["soak"]

    def test_any_determinant_may_be_named(self, tariff_of, bill):
        tariff = tariff_of('charges: [{id: reactive, kind: energy, quantity: kvarh, price: "0.01"}]')
        line = only(bill(tariff, {"kvarh": [[5000]]}))
        assert (line["unit"], line["amount"]) == ("kvarh", Decimal("0.05"))

    def test_a_rider_is_on_all_kwh(self, tariff_of, bill):
        tariff = tariff_of(TOU.replace("charges:", 'charges:\n- {id: fuel, kind: rider, per: kWh, price: "0.01"}'))
        line = only(bill(tariff, {"import_kwh": [[1000, 2000, 3000]]}), kind="rider")
        assert (line["charge_id"], line["band"], line["amount"]) == ("fuel", None, Decimal("0.06"))

    @pytest.mark.parametrize(("exponent", "kwh"), [(-9, "0.000000007"), (-3, "0.007"), (0, "7"), (3, "7000")])
    def test_quantities_come_in_any_power_of_ten(self, tariff_of, bill, exponent, kwh):
        line = only(bill(tariff_of(FLAT), {"import_kwh": [[7]]}, exponent=exponent))
        assert (line["quantity"], line["amount"]) == (Decimal(kwh), Decimal(kwh) / 4)

    def test_a_determinant_that_is_not_given_is_refused(self, tariff_of, bill):
        with pytest.raises(InvariantError, match="import_kwh was not given"):
            bill(tariff_of(FLAT), {})

    def test_sums_of_another_tariffs_periods_are_refused(self, tariff_of, bill):
        with pytest.raises(InvariantError, match=r"import_kwh: values \(1, 2\)"):
            bill(tariff_of(FLAT), {"import_kwh": [[1, 2]]})

    def test_values_beyond_64_bits_after_the_price_stay_exact(self, tariff_of, bill):
        line = only(bill(tariff_of(FLAT.replace("0.25", "0.123456789012")), {"import_kwh": [[9_000_000_000_000_000_001]]}))
        with_all_digits = Fraction(9_000_000_000_000_000_001, 1000) * Fraction("0.123456789012")
        assert Fraction(line["amount"]) == with_all_digits


LADDER = 'charges: [{id: use, kind: energy, price: ["0.1", "0.2", "0.3"], tiers: {limits: ["200", "450"]%s}}]'
TWO_PERIODS = """\
periods: {on: [{days: mon-fri}], off: [{else: true}]}
charges: [{id: use, kind: energy, price: {on: ["0.3", "0.4"], off: ["0.1", "0.2"]}, tiers: {limits: ["100"]%s}}]
"""


class TestLadders:
    @pytest.mark.parametrize(
        ("wh", "kwh"),
        [
            pytest.param(199_999, ["199.999"], id="just under the first limit"),
            pytest.param(200_000, ["200"], id="at the first limit"),
            pytest.param(200_001, ["200", "0.001"], id="just over it"),
            pytest.param(450_000, ["200", "250"], id="at the second limit"),
            pytest.param(450_001, ["200", "250", "0.001"], id="just over it, too"),
            pytest.param(0, [], id="nothing"),
            pytest.param(-5_000, ["-5"], id="a correction stays on the first step"),
        ],
    )
    def test_each_step_takes_what_fits(self, tariff_of, bill, wh, kwh):
        rated = bill(tariff_of(LADDER % ""), {"import_kwh": [[wh]]})
        assert [row["quantity"] for row in rows(rated)] == [Decimal(each) for each in kwh]
        assert [row["tier"] for row in rows(rated)] == list(range(1, len(kwh) + 1))

    def test_limits_may_be_prorated_by_days(self, tariff_of, bill):
        rated = bill(tariff_of(LADDER % ", prorate: days_of_nominal_month"), {"import_kwh": [[500_000]]})
        # 200 and 450 times 31 / (365/12)
        assert [str(row["quantity"]) for row in rows(rated)] == ["203.835616438", "254.794520548", "41.369863014"]

    def test_daily_limits_are_multiplied_by_the_days(self, tariff_of, bill):
        rated = bill(tariff_of((LADDER % ", per: day").replace('"200", "450"', '"10", "12"')), {"import_kwh": [[400_000]]})
        assert [row["quantity"] for row in rows(rated)] == [310, 62, 28]

    @pytest.mark.parametrize("scope", ["", ", scope: all_periods", ", scope: charge"])
    def test_all_periods_share_one_ladder_in_proportion(self, tariff_of, bill, scope):
        rated = bill(tariff_of(TWO_PERIODS % scope), {"import_kwh": [[150_000, 50_000]]})
        assert steps(rated) == [("on", 1, "75", "0.3"), ("on", 2, "75", "0.4"), ("off", 1, "25", "0.1"), ("off", 2, "25", "0.2")]

    def test_or_each_period_has_its_own(self, tariff_of, bill):
        rated = bill(tariff_of(TWO_PERIODS % ", scope: each_period"), {"import_kwh": [[150_000, 50_000]]})
        assert steps(rated) == [("on", 1, "1E+2", "0.3"), ("on", 2, "5E+1", "0.4"), ("off", 1, "5E+1", "0.1")]

    def test_daily_limits_of_a_period_count_the_days_it_occurs(self, tariff_of, bill):
        tariff = tariff_of((TWO_PERIODS % ", scope: each_period, per: day").replace('"100"', '"1"'))
        # January 2026 has 22 working days and 9 others
        rated = bill(tariff, {"import_kwh": [[30_000, 20_000]]})
        assert [row["quantity"] for row in rows(rated)] == [22, 8, 9, 11]

    def test_shares_that_do_not_end_have_18_decimals_in_the_amount(self, tariff_of, bill):
        line = rows(bill(tariff_of(TWO_PERIODS % ""), {"import_kwh": [[100_000, 200_000]]}))[0]
        assert line["quantity"] == Decimal("33.333333333")
        assert abs(line["amount"] - 10) < Decimal("1e-17")

    @given(
        st.lists(st.integers(0, 10**9), min_size=3, max_size=3), st.sampled_from(["all_periods", "each_period"]), st.booleans()
    )
    @settings(max_examples=60, deadline=None)
    def test_energy_in_is_energy_billed(self, tariff_of, bill, use, scope, prorated):
        prices = ", ".join(f'{name}: ["0.1", "0.2", "0.3"]' for name in ("peak", "soak", "off"))
        extra = ", prorate: days_of_nominal_month" if prorated else ""
        charge = f'- {{id: use, kind: energy, price: {{{prices}}}, tiers: {{limits: ["333.3", "777"], scope: {scope}{extra}}}}}'
        body = TOU[: TOU.index("- {id: supply")] + charge
        rated = bill(tariff_of(body), {"import_kwh": [use]})
        assert sum((row["quantity"] for row in rows(rated)), Decimal(0)) == Decimal(sum(use)).scaleb(-3)

    @given(st.lists(st.integers(0, 10**8), min_size=2, max_size=2))
    @settings(max_examples=60, deadline=None)
    def test_a_shared_ladder_agrees_with_fractions(self, tariff_of, bill, use):
        rated = bill(tariff_of(TWO_PERIODS % ""), {"import_kwh": [use]})
        total = Fraction(sum(use), 1000)
        first = min(total, Fraction(100))
        expected = Fraction(0)
        for used, low, high in zip(use, (Fraction("0.3"), Fraction("0.1")), (Fraction("0.4"), Fraction("0.2")), strict=True):
            share = Fraction(used, 1000) / total if total else Fraction(0)
            expected += share * (first * low + (total - first) * high)
        assert abs(Fraction(rated.total[0].as_py()) - expected) <= Fraction(4, 10**18)


class TestPercentages:
    def test_are_taken_of_exact_amounts(self, tariff_of, bill):
        tariff = tariff_of(
            FLAT[:-1].replace("0.25", "0.005") + ', {id: less, kind: percent, of: [use], percent: "50"}]', rounding=CENT_LINES
        )
        line = only(bill(tariff, {"import_kwh": [[1000]]}), kind="percent")
        assert (line["quantity"], line["unit"], line["price"], line["amount"]) == (
            Decimal("0.005"),
            "EUR",
            Decimal("0.5"),
            Decimal("0.0025"),
        )

    def test_may_stand_before_what_they_are_a_share_of(self, tariff_of, bill):
        tariff = tariff_of('charges: [{id: less, kind: percent, of: [use], percent: "-10"}, {id: use, kind: energy, price: "1"}]')
        rated = bill(tariff, {"import_kwh": [[1000]]})
        assert [(row["charge_id"], row["amount"]) for row in rows(rated)] == [("less", Decimal("-0.1")), ("use", 1)]

    def test_of_all_are_of_every_charge_before_tax(self, tariff_of, bill):
        body = (
            'charges: [{id: a, kind: fixed, price: "100", per: month}, {id: b, kind: percent, of: all, percent: "10"}, '
            '{id: c, kind: percent, of: all, percent: "10"}, {id: vat, kind: tax, of: all, percent: "20"}]'
        )
        amounts = {row["charge_id"]: row["amount"] for row in rows(bill(tariff_of(body), {}))}
        assert amounts == {"a": 100, "b": 10, "c": 11, "vat": Decimal("24.2")}


TAXED = """\
charges:
- {id: one, kind: energy, quantity: import_kwh, price: "0.105"}
- {id: two, kind: energy, quantity: import_kwh, price: "0.105"}
- {id: vat, kind: tax, of: [one, two], percent: "10"%s}
"""


class TestTaxes:
    @pytest.mark.parametrize(
        ("base", "rounding", "quantity", "tax"),
        [
            pytest.param("", CENT_LINES, "0.22", "0.02", id="on rounded lines where lines are rounded"),
            pytest.param(", base: exact", CENT_LINES, "0.21", "0.02", id="on exact lines where it says so"),
            pytest.param("", EXACT_LINES, "0.21", "0.021", id="on exact lines where none is rounded"),
            pytest.param(", base: rounded", EXACT_LINES, "0.21", "0.021", id="nothing is rounded for the tax alone"),
        ],
    )
    def test_base(self, tariff_of, bill, base, rounding, quantity, tax):
        line = only(bill(tariff_of(TAXED % base, rounding=rounding), {"import_kwh": [[1000]]}), kind="tax")
        assert (line["quantity"], line["amount_rounded"]) == (Decimal(quantity), Decimal(tax))

    def test_may_be_rounded_where_lines_are_not(self, tariff_of, bill):
        rounding = "rounding: {line: none, tax: {places: 2, mode: half_up}}\n"
        line = only(bill(tariff_of(TAXED % "", rounding=rounding), {"import_kwh": [[1000]]}), kind="tax")
        assert (line["amount"], line["amount_rounded"]) == (Decimal("0.021"), Decimal("0.02"))

    def test_lines_carry_the_code_of_the_tax_laid_on_them(self, tariff_of, bill):
        rated = bill(tariff_of(TAXED.replace("[one, two]", "[one]") % ", code: VAT10"), {"import_kwh": [[1000]]})
        assert [row["tax_code"] for row in rows(rated)] == ["VAT10", None, "VAT10"]

    def test_two_taxes_are_two_lines(self, tariff_of, bill):
        body = (TAXED % "") + '- {id: city, kind: tax, of: [one], percent: "10"}\n'
        rated = bill(tariff_of(body), {"import_kwh": [[1000]]})
        assert [row["charge_id"] for row in rows(rated, kind="tax")] == ["vat", "city"]
        assert [row["tax_code"] for row in rows(rated, kind="energy")] == ["vat+city", "vat"]

    @pytest.mark.parametrize(("taxed", "tax", "code"), [(False, "0.1", None), (True, "0.06", "vat")])
    def test_export_bears_tax_only_by_agreement(self, tariff_of, bill, taxed, tax, code):
        charges = 'charges: [{id: use, kind: energy, price: "1"}, {id: vat, kind: tax, of: all, percent: "10"}]'
        body = charges + '\nexport: {mode: net_billing, price: "0.1"}'
        rated = bill(tariff_of(body), {"import_kwh": [[1000]], "export_kwh": [[4000]]}, taxed=[taxed])
        assert rated.tax[0].as_py() == Decimal(tax)
        assert only(rated, kind="export")["tax_code"] == code

    def test_agreements_of_one_call_may_differ_in_it(self, tariff_of, bill):
        body = 'charges: [{id: vat, kind: tax, of: all, percent: "10"}]\nexport: {mode: net_billing, price: "0.1"}'
        rated = bill(tariff_of(body), {"export_kwh": [[4000], [4000]]}, taxed=[False, True])
        assert [value.as_py() for value in rated.tax] == [0, Decimal("-0.04")]
        assert [row["agreement_index"] for row in rows(rated, kind="tax")] == [1]

    def test_export_bears_only_the_taxes_that_it_names(self, tariff_of, bill):
        body = (
            'charges: [{id: a, kind: tax, of: all, percent: "10"}, {id: b, kind: tax, of: all, percent: "5"}]\n'
            'export: {mode: net_billing, price: "1", tax: [b]}'
        )
        rated = bill(tariff_of(body), {"export_kwh": [[1000]]}, taxed=[True])
        assert rated.tax[0].as_py() == Decimal("-0.05")


class TestExport:
    def test_a_line_has_a_positive_quantity_and_a_negative_amount(self, tariff_of, bill):
        line = only(bill(tariff_of(TOU), {"import_kwh": [[0, 0, 0]], "export_kwh": [[1000, 500, 0]]}), kind="export")
        assert [line[name] for name in ("charge_id", "band", "quantity", "price", "amount")] == [
            "export",
            None,
            Decimal("1.5"),
            Decimal("-0.05"),
            Decimal("-0.075"),
        ]

    def test_is_not_billed_where_no_export_was_measured(self, tariff_of, bill):
        assert rows(bill(tariff_of(TOU), {"import_kwh": [[1, 1, 1]]}), kind="export") == []

    def test_is_not_paid_by_a_tariff_without_a_price(self, tariff_of, bill):
        assert rows(bill(tariff_of(FLAT), {"import_kwh": [[1]], "export_kwh": [[1000]]}), kind="export") == []

    def test_may_be_charged_for_as_any_determinant(self, tariff_of, bill):
        tariff = tariff_of('charges: [{id: network, kind: energy, quantity: export_kwh, price: "0.01"}]')
        assert only(bill(tariff, {"export_kwh": [[1000]]}))["amount"] == Decimal("0.01")


CHANGED = """\
tariff: t
currency: EUR
clock: Europe/Berlin
rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}
versions:
- from: 2026-01-01
  charges:
  - {id: supply, kind: fixed, price: "1", per: day}
  - {id: basic, kind: fixed, price: "30", per: month}
  - {id: use, kind: energy, price: ["0.10", "0.50"], tiers: {limits: ["310"]}}
  - {id: vat, kind: tax, of: all, percent: "20"}
- from: 2026-03-11
  charges:
  - {id: supply, kind: fixed, price: "2", per: day}
  - {id: basic, kind: fixed, price: "60", per: month}
  - {id: use, kind: energy, price: ["0.20", "0.60"], tiers: {limits: ["310"]}}
  - {id: vat, kind: tax, of: all, percent: "%s"}
"""


class TestVersionChangeInsideThePeriod:
    @pytest.fixture(scope="class")
    @classmethod
    def rated(cls, bill):
        tariff = parse_tariff(CHANGED % "20", "t.yaml")
        return bill(tariff, {"import_kwh": [[120_000, 200_000]]}, first="2026-03-01", after="2026-04-01")

    def test_days_follow_the_version_of_the_day(self, rated):
        found = [(row["tariff_version"], row["quantity"], row["amount"]) for row in rows(rated, charge_id="supply")]
        assert found == [("2026-01-01", 10, 10), ("2026-03-11", 21, 42)]

    def test_a_monthly_charge_is_split_by_days(self, rated):
        quantities = [row["quantity"] for row in rows(rated, charge_id="basic")]
        assert quantities == [Decimal("0.322580645"), Decimal("0.677419355")]
        assert [row["amount_rounded"] for row in rows(rated, charge_id="basic")] == [Decimal("9.68"), Decimal("40.65")]

    def test_each_version_has_a_ladder_with_its_part_of_the_limits(self, rated):
        found = [(row["tariff_version"][5:7], row["tier"], row["quantity"]) for row in rows(rated, kind="energy")]
        assert found == [("01", 1, 100), ("01", 2, 20), ("03", 1, 200)]

    def test_tax_stays_one_line_a_rate(self, rated):
        line = only(rated, kind="tax")
        assert line["quantity"] == sum(row["amount_rounded"] for row in rows(rated) if row["kind"] != "tax")
        assert line["tariff_version"] == "2026-03-11"

    def test_a_new_rate_is_a_line_of_its_own(self, bill):
        tariff = parse_tariff(CHANGED % "21", "t.yaml")
        rated = bill(tariff, {"import_kwh": [[0, 0]]}, first="2026-03-01", after="2026-04-01")
        assert [row["price"] for row in rows(rated, kind="tax")] == [Decimal("0.2"), Decimal("0.21")]

    def test_lines_stand_by_charge_then_version(self, rated):
        found = [row["charge_id"] for row in rows(rated)]
        assert found == ["supply", "supply", "basic", "basic", "use", "use", "use", "vat"]

    def test_a_period_before_the_change_knows_nothing_of_it(self, bill):
        tariff = parse_tariff(CHANGED % "20", "t.yaml")
        rated = bill(tariff, {"import_kwh": [[1000]]}, first="2026-02-01", after="2026-03-01")
        assert {row["tariff_version"] for row in rows(rated)} == {"2026-01-01"}


class TestTotals:
    def test_the_total_is_the_sum_of_rounded_lines(self, tariff_of, bill):
        rated = bill(tariff_of(TAXED % "", rounding=CENT_LINES), {"import_kwh": [[1000]]})
        assert (rated.total[0].as_py(), rated.total_rounded[0].as_py()) == (Decimal("0.232"), Decimal("0.24"))

    def test_or_the_exact_total_rounded_once(self, tariff_of, bill):
        rounding = "rounding: {line: {places: 2, mode: half_up}, total: {places: 2, mode: half_up}}\n"
        rated = bill(tariff_of(TAXED % "", rounding=rounding), {"import_kwh": [[1000]]})
        assert (rated.total_rounded[0].as_py(), rated.rounding[0].as_py()) == (Decimal("0.23"), Decimal("-0.01"))

    @pytest.mark.parametrize(
        ("wh", "mode", "total"),
        [
            (499, "half_up", "0.12"),
            (500, "half_up", "0.13"),
            (500, "half_even", "0.12"),
            (540, "half_even", "0.14"),
            (-500, "half_up", "-0.13"),
            (-500, "half_even", "-0.12"),
        ],
    )
    def test_both_sides_of_half_a_cent(self, tariff_of, bill, wh, mode, total):
        rated = bill(
            tariff_of(FLAT, rounding=f"rounding: {{line: none, total: {{places: 2, mode: {mode}}}}}\n"), {"import_kwh": [[wh]]}
        )
        assert rated.total_rounded[0].as_py() == Decimal(total)

    def test_yen_have_no_decimals(self, tariff_of, bill):
        rated = bill(
            tariff_of(FLAT, head="tariff: t\ncurrency: JPY\nclock: Asia/Tokyo\n", rounding=""), {"import_kwh": [[10_000]]}
        )
        assert rated.total_rounded[0].as_py() == 3

    def test_a_rounding_line_closes_only_what_is_open(self, tariff_of, bill):
        rated = bill(tariff_of(FLAT, rounding="rounding: {line: none}\n"), {"import_kwh": [[1000], [1001], [0]]})
        closing = [
            (row["agreement_index"], row["line_no"], row["amount"])
            for row in rated.bill_lines().to_pylist()
            if row["kind"] == "rounding"
        ]
        assert closing == [(1, 2, Decimal("-0.00025"))]

    def test_an_agreement_without_lines_owes_nothing(self, tariff_of, bill):
        rated = bill(tariff_of(FLAT), {"import_kwh": [[0]]})
        assert (rated.lines.num_rows, rated.total_due[0].as_py()) == (0, 0)


class TestLines:
    def test_are_numbered_from_one_for_each_agreement(self, tariff_of, bill):
        rated = bill(tariff_of(TOU), {"import_kwh": [[1, 0, 2], [0, 0, 0], [1, 1, 1]]})
        found = [(row["agreement_index"], row["line_no"]) for row in rows(rated)]
        assert found == [(0, 1), (0, 2), (0, 3), (0, 4), (0, 5), (1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (2, 4), (2, 5), (2, 6)]

    def test_have_the_declared_columns(self, tariff_of, bill):
        assert bill(tariff_of(TOU), {"import_kwh": [[1, 0, 2]]}).bill_lines().schema == LINES

    def test_explain_themselves(self, tariff_of, bill):
        rated = bill(tariff_of(TOU, rounding=CENT_LINES), {"import_kwh": [[74_657, 0, 0]], "export_kwh": [[67_654, 0, 0]]})
        assert [row["text"] for row in rows(rated)] == [
            "supply: 31 days at 1.0567 EUR/day = 32.76 EUR",
            "use in peak: 74.657 kWh at 0.4863 EUR/kWh = 36.31 EUR",
            "discount: -3 % of 36.3056991 EUR (use) = -1.09 EUR",
            "export: 67.654 kWh at -0.05 EUR/kWh = -3.38 EUR",
            "gst: 10 % of 67.98 EUR (supply, use, discount) = 6.80 EUR",
        ]


def slow_bill(use, exported):
    """The bill of ``TOU`` with lines to the cent, one agreement, in Decimal."""
    lines = [31 * Decimal("1.0567")]
    energy = [Decimal(wh) / 1000 * Decimal(price) for wh, price in zip(use, ("0.4863", "0.082", "0.223"), strict=True)]
    lines += [*energy, sum(energy) * Decimal("-0.03")]
    rounded = [line.quantize(CENT, ROUND_HALF_UP) for line in lines]
    tax = (sum(rounded) * Decimal("0.1")).quantize(CENT, ROUND_HALF_UP)
    credit = -(Decimal(sum(exported)) / 1000 * Decimal("0.05")).quantize(CENT, ROUND_HALF_UP)
    return sum(rounded) + tax + credit, tax


WATT_HOURS = st.lists(st.integers(0, 10**8), min_size=3, max_size=3)


class TestManyAgreements:
    @given(st.lists(st.tuples(WATT_HOURS, WATT_HOURS), min_size=1, max_size=5))
    @settings(max_examples=60, deadline=None)
    def test_each_has_the_bill_of_a_slow_calculation(self, tariff_of, bill, uses):
        tariff = tariff_of(TOU, rounding=CENT_LINES)
        rated = bill(tariff, {"import_kwh": [use for use, _ in uses], "export_kwh": [exported for _, exported in uses]})
        found = list(zip(rated.total_rounded.to_pylist(), rated.tax.to_pylist(), strict=True))
        assert found == [slow_bill(*use) for use in uses]

    @given(st.lists(WATT_HOURS, min_size=1, max_size=5))
    @settings(max_examples=40, deadline=None)
    def test_lines_add_up_to_totals(self, tariff_of, bill, uses):
        rated = bill(tariff_of(TOU, rounding="rounding: {line: none}\n"), {"import_kwh": uses})
        exact, on_bill = defaultdict(Decimal), defaultdict(Decimal)
        for row in rows(rated):
            exact[row["agreement_index"]] += row["amount"]
        for row in rated.bill_lines().to_pylist():
            on_bill[row["agreement_index"]] += row["amount_rounded"]
        assert [exact[place] for place in range(len(uses))] == rated.total.to_pylist()
        assert [on_bill[place] for place in range(len(uses))] == rated.total_due.to_pylist()

    def test_one_bill_does_not_depend_on_its_neighbours(self, tariff_of, bill):
        tariff, uses = tariff_of(TOU), np.random.default_rng(7).integers(0, 10**6, (20, 3)).tolist()
        together = bill(tariff, {"import_kwh": uses})
        alone = [bill(tariff, {"import_kwh": [use]}).total[0] for use in uses]
        assert together.total.to_pylist() == [value.as_py() for value in alone]
        assert together.total.type == AMOUNT
