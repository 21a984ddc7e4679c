"""Export, percentages, minimum bills, taxes and totals by the reference, by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from types import MappingProxyType

import pytest

from schemas.errors import TariffError
from tariffs.reference.given import Agreement
from tests.tariffs.reference.by_hand import amounts, carried, document, made, only, rows
from tests.tariffs.reference.engines import series_of

ON_OFF = "periods: {on: [{days: mon-fri}], off: [{else: true}]}\n"
MONDAY, SATURDAY = "2026-01-05T00:00", "2026-01-10T00:00"
CENTS = "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}\n"
ONE = '{id: use, kind: energy, price: "1"}'


def traded(bought, sold, on=MONDAY):
    return {"import_kwh": {on: bought}, "export_kwh": {on: sold}}


class TestExport:
    @pytest.mark.parametrize("mode", ["net_billing", "buy_all_sell_all"])
    def test_earns_its_price_in_the_same_month(self, mode):
        body = f'charges: [{ONE}]\nexport: {{mode: {mode}, price: "0.1"}}'
        bill = made(document(body), traded("2", "30"))
        assert rows(bill, "kind", "quantity", "price", "amount") == [("energy", "2", "1", "2"), ("export", "30", "-0.1", "-3")]

    def test_may_have_periods_of_its_own(self):
        periods = '{evening: [{from: "15:00", to: "21:00"}], other: [{else: true}]}'
        body = f'charges: [{ONE}]\nexport: {{mode: net_billing, periods: {periods}, price: {{evening: "0.1", other: "0.02"}}}}'
        use = {"export_kwh": {"2026-01-05T14:00": "10", "2026-01-05T15:00": "20"}}
        assert rows(made(document(body), use), "band", "amount") == [("evening", "-2"), ("other", "-0.2")]

    def test_may_have_the_prices_of_a_series(self):
        prices = series_of("spot", {datetime(2025, 12, 1, tzinfo=UTC): "40", datetime(2026, 1, 5, tzinfo=UTC): "-10"})
        body = f"charges: [{ONE}]\nexport: {{mode: net_billing, price: {{series: spot, per: MWh}}}}"
        use = {"export_kwh": {"2026-01-05T00:00": "3", "2026-01-05T01:00": "1"}}
        bill = made(document(body), use, series={"spot": prices})
        # 3 x 0.04 - 0.01 are earned
        assert rows(bill, "quantity", "price", "amount") == [("4", "-0.0275", "-0.11")]


class TestNetBillingWithCarry:
    BODY = (
        f'charges: [{ONE}, {{id: supply, kind: fixed, price: "10", per: month}}]\n'
        'export: {mode: net_billing, carry: next_month, price: "0.1"%s}'
    )

    def test_what_is_earned_pays_energy_from_the_next_month_on(self):
        bill = made(document(self.BODY % ""), traded("5", "30"))
        assert amounts(bill) == {"use": "5", "supply": "10"}
        assert carried(bill) == {"bank.money": "3"}

    @pytest.mark.parametrize(("bank", "paid", "left"), [("2", "-2", "3"), ("5", "-5", "3"), ("8", "-5", "6")])
    def test_the_bank_pays_energy_and_nothing_else(self, bank, paid, left):
        bill = made(document(self.BODY % ""), traded("5", "30"), carried={"bank.money": bank})
        assert only(bill, "amount", kind="bank") == paid
        assert carried(bill) == {"bank.money": left}

    def test_or_the_charges_that_it_names(self):
        bill = made(document(self.BODY % ", offsets: [supply]"), traded("5", "0"), carried={"bank.money": "50"})
        assert only(bill, "amount", kind="bank") == "-10"

    def test_in_the_month_of_true_up_all_of_it_is_paid_out(self):
        bill = made(document(self.BODY % ", true_up: 1"), traded("5", "30"), carried={"bank.money": "8"})
        assert rows(bill, "kind", "amount")[2:] == [("bank", "-5"), ("true_up", "-6")]
        assert carried(bill) == {}

    def test_in_other_months_it_stays(self):
        bill = made(document(self.BODY % ", true_up: 2"), traded("5", "30"), carried={"bank.money": "8"})
        assert rows(bill, "kind", "amount")[2:] == [("bank", "-5")]
        assert carried(bill) == {"bank.money": "6"}

    def test_or_lost_where_it_expires(self):
        bill = made(document(self.BODY % ", true_up: 1, expires: true"), traded("5", "30"), carried={"bank.money": "8"})
        assert [kind for (kind,) in rows(bill, "kind")] == ["energy", "fixed", "bank"]
        assert carried(bill) == {}


class TestNetMeteringInKwh:
    BODY = (
        ON_OFF + 'charges: [{id: use, kind: energy, price: {on: "2", off: "1"}}, {id: fuel, kind: rider, price: "0.1"}, '
        '{id: net, kind: rider, price: "0.01", net: true}]\nexport: {mode: nem_kwh%s}'
    )
    USE = MappingProxyType({"import_kwh": {MONDAY: "10", SATURDAY: "4"}, "export_kwh": {MONDAY: "3", SATURDAY: "9"}})

    def test_energy_is_on_the_positive_net_of_each_period_and_a_surplus_stays_in_it(self):
        bill = made(document(self.BODY % ""), self.USE)
        assert rows(bill, "charge_id", "band", "quantity") == [("use", "on", "7"), ("fuel", None, "14"), ("net", None, "7")]
        assert carried(bill) == {"bank.kwh|off": "5"}

    @pytest.mark.parametrize(("bank", "billed", "left"), [("3", "4", {}), ("7", None, {}), ("9", None, {"bank.kwh|on": "2"})])
    def test_the_bank_of_a_period_pays_its_kwh(self, bank, billed, left):
        bill = made(document(self.BODY % ""), self.USE, carried={"bank.kwh|on": bank})
        assert rows(bill, "quantity", charge="use") == ([(billed,)] if billed else [])
        assert carried(bill) == left | {"bank.kwh|off": "5"}

    def test_a_period_that_the_version_does_not_have_keeps_its_bank(self):
        bill = made(document(self.BODY % ""), self.USE, carried={"bank.kwh|night": "8"})
        assert carried(bill) == {"bank.kwh|night": "8", "bank.kwh|off": "5"}

    def test_in_the_month_of_true_up_the_surplus_is_paid(self):
        bill = made(document(self.BODY % ', true_up: 1, pays: "0.03"'), self.USE, carried={"bank.kwh|off": "95"})
        assert rows(bill, "quantity", "amount", kind="true_up") == [("100", "-3")]
        assert carried(bill) == {}

    def test_one_price_without_periods_has_a_bank_without_a_name(self):
        body = f"charges: [{ONE}]\nexport: {{mode: nem_kwh}}"
        assert carried(made(document(body), {**self.USE, "export_kwh": {MONDAY: "20"}})) == {"bank.kwh|": "6"}

    def test_over_two_versions_it_is_refused(self):
        version = f"  charges: [{ONE}]\n  export: {{mode: nem_kwh}}\n"
        body = f"versions:\n- from: 2020-01-01\n{version}- from: 2026-01-11\n{version}"
        with pytest.raises(TariffError, match="net metering over two versions") as refused:
            made(document(body), self.USE)
        assert refused.value.code == "tariff.unsupported"

    @pytest.mark.parametrize(
        "charge",
        [
            'price: {on: ["2", "1"], off: "1"}, tiers: {limits: ["5"], fill: time_order}',
            'price: ["2", "1"], tiers: {limits: ["5"], per: day, reset: day}',
            "price: {series: spot}",
        ],
    )
    def test_what_looks_at_single_intervals_is_refused(self, charge):
        body = ON_OFF + f"charges: [{{id: use, kind: energy, {charge}}}]\nexport: {{mode: nem_kwh}}"
        with pytest.raises(TariffError, match="net kWh have no") as refused:
            made(document(body), self.USE)
        assert refused.value.code == "tariff.unsupported"


class TestNetMeteringInMoney:
    BODY = (
        ON_OFF
        + 'charges: [{id: use, kind: energy, price: {on: "2", off: "1"}}]\n'
        + 'export: {mode: nem_money, price: {on: "1", off: "0.5"}%s}'
    )
    USE = MappingProxyType({"import_kwh": {MONDAY: "10", SATURDAY: "4"}, "export_kwh": {MONDAY: "9", SATURDAY: "14"}})

    def test_a_surplus_earns_its_price_and_pays_energy_of_this_month_and_later_ones(self):
        bill = made(document(self.BODY % ""), self.USE)
        # 10 kWh earn 5, of which 1 kWh in the other period costs 2
        assert rows(bill, "kind", "amount") == [("energy", "2"), ("bank", "-2")]
        assert carried(bill) == {"bank.money": "3"}

    def test_in_the_month_of_true_up_it_is_paid_out(self):
        bill = made(document(self.BODY % ", true_up: 1"), self.USE, carried={"bank.money": "4"})
        assert rows(bill, "kind", "amount") == [("energy", "2"), ("bank", "-2"), ("true_up", "-7")]
        assert carried(bill) == {}


class TestPercentages:
    def test_are_taken_of_exact_amounts(self):
        body = 'charges: [{id: use, kind: energy, price: "0.005"}, {id: less, kind: percent, of: [use], percent: "50"}]'
        bill = made(document(body, rounding=CENTS), {"import_kwh": {MONDAY: "1"}})
        assert rows(bill, "quantity", "unit", "price", "amount", kind="percent") == [("0.005", "EUR", "0.5", "0.0025")]

    @pytest.mark.parametrize(("of", "amount"), [("all", "11"), ("[a]", "10"), ("[a, b]", "11")])
    def test_of_all_are_of_every_charge_and_the_percentages_before(self, of, amount):
        body = (
            'charges: [{id: a, kind: fixed, price: "100", per: month}, {id: b, kind: percent, of: all, percent: "10"}, '
            f'{{id: c, kind: percent, of: {of}, percent: "10"}}, {{id: vat, kind: tax, of: all, percent: "20"}}]'
        )
        assert amounts(made(document(body), {}))["c"] == amount

    @pytest.mark.parametrize(("kwh", "share"), [("99", {}), ("100", {}), ("130", {"less": "-3"})])
    def test_above_an_amount_are_of_what_exceeds_it(self, kwh, share):
        body = f'charges: [{ONE}, {{id: less, kind: percent, of: [use], percent: "-10", above: "100"}}]'
        assert {k: v for k, v in amounts(made(document(body), {"import_kwh": {MONDAY: kwh}})).items() if k == "less"} == share


class TestMinimumBills:
    def floor(self, rule, kwh, *, more="", sold="0", **period):
        floor = f'{{id: floor, kind: minimum, amount: "30", {rule}}}'
        body = f'charges: [{ONE}, {floor}{more}]\nexport: {{mode: net_billing, price: "1"}}'
        on = f"{period.get('first', '2026-01-01')[:8]}05T00:00"
        bill = made(document(body), traded(kwh, sold, on), **period)
        return bill, amounts(bill).get("floor", "0")

    @pytest.mark.parametrize(("kwh", "added"), [("29.99", "0.01"), ("30", "0"), ("31", "0"), ("0", "30")])
    def test_raise_the_other_lines_to_an_amount(self, kwh, added):
        assert self.floor("per: month", kwh)[1] == added

    def test_start_from_zero_where_the_bill_is_a_credit(self):
        assert self.floor("per: month", "5", sold="50")[1] == "30"
        assert self.floor("per: month", "25", sold="5")[1] == "10"

    def test_look_at_the_charges_they_cover(self):
        supply = ', {id: supply, kind: fixed, price: "100", per: month}'
        assert self.floor("per: month, covers: [use]", "5", more=supply)[1] == "25"
        assert self.floor("per: month", "5", more=supply)[1] == "0"

    @pytest.mark.parametrize(
        ("rule", "least"),
        [
            ("per: day", "420"),
            ("per: month", "30"),
            ("per: month, prorate: days_of_month", "15"),
            ("per: month, prorate: days_of_nominal_month", "13.808219178"),
        ],
    )
    def test_in_a_short_billing_period(self, rule, least):
        # 14 days of February; 30 x 14 x 12 / 365
        assert self.floor(rule, "0", first="2026-02-01", after="2026-02-15")[1] == least

    def test_of_a_year_wait_for_the_period_that_holds_its_last_day(self):
        bill, added = self.floor("per: year", "7", carried={"minimum|floor|2026": "4"})
        assert (added, carried(bill)) == ("0", {"minimum|floor|2026": "11"})

    @pytest.mark.parametrize(("first", "after"), [("2026-12-01", "2027-01-01"), ("2026-12-01", "2027-01-15")])
    def test_of_a_year_raise_the_sum_of_its_periods(self, first, after):
        bill, added = self.floor("per: year", "7", carried={"minimum|floor|2026": "4"}, first=first, after=after)
        assert (added, carried(bill)) == ("19", {})

    def test_of_a_year_take_credits_as_zero(self):
        bill, _ = self.floor("per: year", "7", sold="50", carried={"minimum|floor|2026": "4"})
        assert carried(bill) == {"minimum|floor|2026": "4"}

    def test_with_two_versions_are_those_of_the_newest_and_look_at_both(self):
        version = f'  charges: [{ONE}, {{id: floor, kind: minimum, amount: "%s", per: month}}]\n'
        body = f"versions:\n- from: 2020-01-01\n{version % '500'}- from: 2026-01-11\n{version % '30'}"
        bill = made(document(body), {"import_kwh": {MONDAY: "5", "2026-01-20T00:00": "6"}})
        assert amounts(bill) == {"use": "11", "floor": "19"}

    def test_come_before_tax_and_bear_it_only_where_it_names_them(self):
        body = 'charges: [{id: floor, kind: minimum, amount: "30", per: month}, {id: vat, kind: tax, of: %s, percent: "10"}]'
        assert amounts(made(document(body % "all"), {})) == {"floor": "30"}
        assert amounts(made(document(body % "[floor]"), {})) == {"floor": "30", "vat": "3"}


TAXED = """\
charges:
- {id: one, kind: energy, price: "0.105"}
- {id: two, kind: energy, price: "0.105"}
- {id: vat, kind: tax, of: [one, two], percent: "10"%s}
"""
USE = {"import_kwh": {MONDAY: "1"}}


class TestTaxes:
    @pytest.mark.parametrize(
        ("base", "rounding", "of", "tax"),
        [
            pytest.param("", CENTS, "0.22", "0.02", id="on rounded lines where lines are rounded"),
            pytest.param(", base: exact", CENTS, "0.21", "0.02", id="on exact lines where it says so"),
            pytest.param("", "rounding: {line: none}\n", "0.21", "0.021", id="on exact lines where none is rounded"),
        ],
    )
    def test_base(self, base, rounding, of, tax):
        assert rows(made(document(TAXED % base, rounding=rounding), USE), "quantity", "amount_rounded", kind="tax") == [(of, tax)]

    def test_are_one_line_for_each_rate_over_all_versions(self):
        version = f'  charges: [{ONE}, {{id: vat, kind: tax, of: all, percent: "%s"}}]\n'
        use = {"import_kwh": {MONDAY: "10", "2026-01-20T00:00": "20"}}
        same = f"versions:\n- from: 2020-01-01\n{version % '10'}- from: 2026-01-11\n{version % '10'}"
        other = f"versions:\n- from: 2020-01-01\n{version % '10'}- from: 2026-01-11\n{version % '20'}"
        assert rows(made(document(same), use), "quantity", "amount", kind="tax") == [("30", "3")]
        assert rows(made(document(other), use), "quantity", "amount", kind="tax") == [("10", "1"), ("20", "4")]

    @pytest.mark.parametrize(("taxed", "tax"), [(False, "1"), (True, "0.8")])
    def test_export_bears_them_only_by_agreement(self, taxed, tax):
        body = f'charges: [{ONE}, {{id: vat, kind: tax, of: all, percent: "10"}}]\nexport: {{mode: net_billing, price: "0.1"}}'
        bill = made(document(body), traded("10", "20"), agreement=Agreement(export_taxed=taxed))
        assert only(bill, "amount", kind="tax") == tax

    def test_export_bears_only_those_that_it_names(self):
        body = (
            'charges: [{id: a, kind: tax, of: all, percent: "10"}, {id: b, kind: tax, of: all, percent: "5"}]\n'
            'export: {mode: net_billing, price: "1", tax: [b]}'
        )
        bill = made(document(body), traded("0", "1"), agreement=Agreement(export_taxed=True))
        assert rows(bill, "charge_id", "amount", kind="tax") == [("b", "-0.05")]

    def test_may_be_laid_on_a_tax(self):
        city = '{id: city, kind: tax, of: [use, vat], percent: "5"}'
        body = f'charges: [{ONE}, {{id: vat, kind: tax, of: [use], percent: "10"}}, {city}]'
        assert amounts(made(document(body), {"import_kwh": {MONDAY: "100"}})) == {"use": "100", "vat": "10", "city": "5.5"}

    def test_on_a_tax_that_two_versions_name_are_laid_once(self):
        vat, city = '{id: vat, kind: tax, of: [use], percent: "10"}', '{id: city, kind: tax, of: [use, vat], percent: "5"}'
        version = f"  charges: [{ONE}, {vat}, {city}]\n"
        body = f"versions:\n- from: 2020-01-01\n{version}- from: 2026-01-11\n{version}"
        use = {"import_kwh": {MONDAY: "60", "2026-01-20T00:00": "40"}}
        assert amounts(made(document(body), use)) == {"use": "100", "vat": "10", "city": "5.5"}

    def test_on_lines_are_rounded_line_by_line(self):
        rounding = "rounding: {line: none, tax: {on: line, places: 2}}\n"
        bill = made(document(TAXED % "", rounding=rounding), {"import_kwh": {MONDAY: "0.5"}})
        # 10 % of twice 0.0525: each 0.00525 is rounded to 0.01
        assert rows(bill, "amount", "amount_rounded", kind="tax") == [("0.0105", "0.02")]

    def test_on_a_tax_is_laid_on_that_of_its_own_version(self):
        tax = "{id: vat, kind: tax, of: [a], percent: 10}, {id: city, kind: tax, of: [vat], percent: %s}"
        fixed = '{id: a, kind: fixed, price: "31", per: month}'
        body = "versions:\n" + "".join(
            f"- {{from: {since}, charges: [{fixed}, {tax % percent}]}}\n"
            for since, percent in (("2020-01-01", 5), ("2026-01-11", 50))
        )
        # 10 and 21 of 31 days: 1.00 and 2.10 of tax, and 5 % and 50 % of these
        assert rows(made(document(body), {}), "charge_id", "quantity", "amount", kind="tax") == [
            ("vat", "10", "1"),
            ("vat", "21", "2.1"),
            ("city", "1", "0.05"),
            ("city", "2.1", "1.05"),
        ]

    @pytest.mark.parametrize(
        ("rule", "tax"),
        [
            pytest.param("tax", "0.12", id="the tax is rounded: 0.115"),
            pytest.param("net", "0.11", id="the net is rounded: 2.875"),
        ],
    )
    def test_that_prices_contain_are_shown_and_taken_out_again(self, rule, tax):
        vat = f'{{id: vat, kind: tax, of: [a], percent: "4", inclusive: true, round: {rule}}}'
        body = f'charges: [{{id: a, kind: fixed, price: "2.99", per: month}}, {vat}]'
        bill = made(document(body, rounding=CENTS), {})
        assert rows(bill, "kind", "amount_rounded") == [("fixed", "2.99"), ("tax", tax), ("tax_included", f"-{tax}")]
        assert bill.total_rounded == Fraction("2.99")


class TestTotals:
    def test_are_the_sum_of_rounded_lines_or_the_exact_total_rounded_once(self):
        bill = made(document(TAXED % "", rounding=CENTS), USE)
        assert (bill.total, bill.total_rounded) == (Fraction("0.232"), Fraction("0.24"))
        once = "rounding: {line: {places: 2, mode: half_up}, total: {places: 2, mode: half_up}}\n"
        assert made(document(TAXED % "", rounding=once), USE).total_rounded == Fraction("0.23")

    def test_of_exact_lines_are_rounded_to_the_smallest_coin(self):
        assert made(document(TAXED % "", rounding="rounding: {line: none}\n"), USE).total_rounded == Fraction("0.23")

    @pytest.mark.parametrize(
        ("kwh", "mode", "total"),
        [("0.499", "half_up", "0.12"), ("0.5", "half_up", "0.13"), ("0.5", "half_even", "0.12"), ("-0.5", "half_up", "-0.13")],
    )
    def test_both_sides_of_half_a_cent(self, kwh, mode, total):
        rounding = f"rounding: {{line: none, total: {{places: 2, mode: {mode}}}}}\n"
        body = 'charges: [{id: use, kind: energy, price: "0.25"}]'
        assert made(document(body, rounding=rounding), {"import_kwh": {MONDAY: kwh}}).total_rounded == Fraction(total)
