"""Export: what it earns, what a bank keeps of it, what the bank pays, and what a true-up pays out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvariantError, TariffError
from tariffs.clock import Clock
from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tariffs.series import PriceSeries
from tariffs.timeline import Stretch, Timeline

FLAT = """\
charges:
- {id: basic, kind: fixed, price: "5", per: month}
- {id: use, kind: energy, price: "0.30"}
"""
PERIODS = """\
periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}
charges:
- {id: basic, kind: fixed, price: "5", per: month}
- {id: use, kind: energy, price: {peak: "0.40", off: "0.20"}}
"""
MONTHS = [date(2025 + number // 12, number % 12 + 1, 1) for number in range(15)]


def value(column, row=0):
    return Decimal(int(column.values[row])).scaleb(-column.scale)


def money(*texts):
    return [Decimal(text) for text in texts]


def lines_of(rated, kind):
    return [row for row in rated.lines.to_pylist() if row["kind"] == kind]


def amount_of(rated, kind):
    return sum((row["amount"] for row in lines_of(rated, kind)), Decimal(0))


@pytest.fixture(scope="module")
def once(tariff_of):
    """A tariff of each text, made once."""
    return cache(tariff_of)


@pytest.fixture(scope="module")
def months(bill):
    """Rate months in a row, each given the state of the one before; for each month rows of kWh by period."""

    def make(tariff, imported, exported, *, first=0, carried=None):
        rated, state = [], carried or {}
        for number, (import_kwh, export_kwh) in enumerate(zip(imported, exported, strict=True), start=first):
            use = {"import_kwh": import_kwh, "export_kwh": export_kwh}
            begin, end = MONTHS[number].isoformat(), MONTHS[number + 1].isoformat()
            rated.append(bill(tariff, use, first=begin, after=end, exponent=0, carried=state))
            state = rated[-1].carried
        return rated

    return make


def one_customer(*kwh):
    return [[[each]] for each in kwh]


class TestFourteenMonthsOfNetMeteringInMoney:
    """A surplus earns 0.10, energy costs 0.30, true-up in December; each number worked out by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def rated(cls, tariff_of, months):
        tariff = tariff_of(FLAT + 'export: {mode: nem_money, price: "0.10", true_up: 12}')
        imported = one_customer(300, 200, 150, 100, 120, 130, 200, 250, 300, 400, 400, 300, 300, 300)
        exported = one_customer(100, 260, 400, 500, 520, 530, 300, 250, 200, 100, 50, 350, 330, 280)
        return months(tariff, imported, exported)

    def test_energy_is_billed_on_what_is_left_of_import(self, rated):
        # 200 kWh in January; 100, 300 and 350 kWh from September to November; 20 kWh in the second February
        expected = money("60", *["0"] * 7, "30", "90", "105", "0", "0", "6")
        assert [amount_of(each, "energy") for each in rated] == expected

    def test_the_bank_grows_by_the_surplus_and_pays_energy(self, rated):
        # 60, 250, 400, 400, 400, 100, 0 kWh at 0.10; then 30, 90 and the 41 that are left; December's 5 are paid out
        expected = money("0", "6", "31", "71", "111", "151", "161", "161", "131", "41", "0", "0", "3", "0")
        assert [value(each.carried["bank.money"]) for each in rated] == expected

    def test_what_it_pays_is_a_line_of_its_own(self, rated):
        expected = money(*["0"] * 8, "-30", "-90", "-41", "0", "0", "-3")
        assert [amount_of(each, "bank") for each in rated] == expected

    def test_the_true_up_pays_out_in_december_alone(self, rated):
        assert [amount_of(each, "true_up") for each in rated] == money(*["0"] * 11, "-5", "0", "0")

    def test_totals(self, rated):
        expected = money("65", *["5"] * 9, "69", "0", "5", "8")
        assert [each.total[0].as_py() for each in rated] == expected

    def test_lines_explain_themselves(self, rated):
        assert rated[10].lines["text"].to_pylist() == [
            "basic: 1 month at 5 EUR/month = 5.00 EUR",
            "use: 350 kWh at 0.3 EUR/kWh = 105.00 EUR",
            "bank: 41 EUR of the bank used for energy charges = -41.00 EUR",
        ]
        assert rated[11].lines["text"].to_pylist()[-1] == "true_up: 5 EUR of the bank paid out = -5.00 EUR"


class TestFourteenMonthsOfCreditForTheNextMonth:
    """Every exported kWh earns 0.10 for the months after, energy costs 0.30; each number worked out by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def rated(cls, tariff_of, months):
        tariff = tariff_of(FLAT + 'export: {mode: net_billing, price: "0.10", carry: next_month, true_up: 12}')
        imported = one_customer(100, 100, 100, 50, 50, 50, 60, 60, 100, 300, 500, 600, 500, 400)
        exported = one_customer(100, 500, 600, 700, 700, 800, 700, 600, 300, 100, 50, 20, 30, 100)
        return months(tariff, imported, exported)

    def test_every_imported_kwh_is_billed(self, rated):
        expected = money("30", "30", "30", "15", "15", "15", "18", "18", "30", "90", "150", "180", "150", "120")
        assert [amount_of(each, "energy") for each in rated] == expected

    def test_what_a_month_earns_is_not_used_in_it(self, rated):
        # January earns 10, which February uses, as it uses none of its own 50
        expected = money("0", "-10", "-30", "-15", "-15", "-15", "-18", "-18", "-30", "-90", "-150", "-124", "0", "-3")
        assert [amount_of(each, "bank") for each in rated] == expected
        assert all(amount_of(each, "export") == 0 for each in rated)

    def test_the_bank_keeps_the_rest(self, rated):
        expected = money("10", "50", "80", "135", "190", "255", "307", "349", "349", "269", "124", "0", "3", "10")
        assert [value(each.carried["bank.money"]) for each in rated] == expected

    def test_the_true_up_pays_decembers_own_earnings_too(self, rated):
        # 124 were used, 20 kWh x 0.10 came in
        assert [amount_of(each, "true_up") for each in rated] == money(*["0"] * 11, "-2", "0", "0")

    def test_totals(self, rated):
        expected = money("35", "25", "5", "5", "5", "5", "5", "5", "5", "5", "5", "59", "155", "122")
        assert [each.total[0].as_py() for each in rated] == expected


class TestNettingByPeriod:
    def test_kwh_of_one_period_do_not_pay_another(self, tariff_of, months):
        tariff = tariff_of(PERIODS + "export: {mode: nem_kwh}")
        (rated,) = months(tariff, [[[100, 300]]], [[[160, 100]]])
        assert [(row["band"], row["quantity"]) for row in lines_of(rated, "energy")] == [("off", 200)]
        assert {name: value(kwh) for name, kwh in rated.carried.items()} == {"bank.kwh|peak": 60, "bank.kwh|off": 0}

    def test_a_surplus_waits_for_its_own_period(self, tariff_of, months):
        tariff = tariff_of(PERIODS + "export: {mode: nem_kwh}")
        _, second = months(tariff, [[[100, 300]], [[100, 300]]], [[[160, 100]], [[0, 0]]])
        assert [(row["band"], row["quantity"]) for row in lines_of(second, "energy")] == [("peak", 40), ("off", 300)]

    def test_money_of_one_period_pays_another_in_the_same_month(self, tariff_of, months):
        tariff = tariff_of(PERIODS + 'export: {mode: nem_money, price: {peak: "0.25", off: "0.10"}}')
        (rated,) = months(tariff, [[[100, 300]]], [[[160, 100]]])
        # 60 kWh x 0.25 of the 200 kWh x 0.20
        assert (amount_of(rated, "energy"), amount_of(rated, "bank")) == (40, -15)
        assert rated.total[0].as_py() == 30

    def test_one_price_for_all_periods_is_netted_by_period_all_the_same(self, tariff_of, months):
        tariff = tariff_of(PERIODS.replace('{peak: "0.40", off: "0.20"}', '"0.30"') + "export: {mode: nem_kwh}")
        (rated,) = months(tariff, [[[100, 300]]], [[[160, 100]]])
        assert [(row["band"], row["quantity"]) for row in lines_of(rated, "energy")] == [(None, 200)]

    def test_a_ladder_climbs_on_the_net_kwh(self, tariff_of, months):
        body = PERIODS.replace('{peak: "0.40", off: "0.20"}', '["0.10", "0.20"], tiers: {limits: ["150"]}')
        (rated,) = months(tariff_of(body + "export: {mode: nem_kwh}"), [[[100, 300]]], [[[160, 100]]])
        assert [(row["tier"], row["quantity"]) for row in lines_of(rated, "energy")] == [(1, 150), (2, 50)]

    @pytest.mark.parametrize(("net", "kwh"), [("", 400), (", net: false", 400), (", net: true", 200)])
    def test_a_rider_is_on_all_kwh_unless_it_says_net(self, tariff_of, months, net, kwh):
        body = PERIODS + f'- {{id: fuel, kind: rider, price: "0.01"{net}}}\nexport: {{mode: nem_kwh}}'
        (rated,) = months(tariff_of(body), [[[100, 300]]], [[[160, 100]]])
        assert [row["quantity"] for row in lines_of(rated, "rider")] == [kwh]

    def test_other_meters_are_not_netted(self, tariff_of, bill):
        body = FLAT + '- {id: heat, kind: energy, quantity: heat_kwh, price: "0.20"}\nexport: {mode: nem_kwh}'
        rated = bill(tariff_of(body), {"import_kwh": [[10]], "heat_kwh": [[50]], "export_kwh": [[30]]}, exponent=0)
        assert [(row["charge_id"], row["quantity"]) for row in lines_of(rated, "energy")] == [("heat", 50)]

    def test_the_bank_is_used_where_nothing_was_exported(self, tariff_of, bill):
        tariff = tariff_of(FLAT + "export: {mode: nem_kwh}")
        rated = bill(tariff, {"import_kwh": [[100]]}, exponent=0, carried={"bank.kwh|": Exact(np.array([30]), 0)})
        assert [row["quantity"] for row in lines_of(rated, "energy")] == [70]
        assert value(rated.carried["bank.kwh|"]) == 0


class TestTrueUp:
    def test_pays_the_kwh_of_all_periods_in_one_line(self, tariff_of, months):
        tariff = tariff_of(PERIODS + 'export: {mode: nem_kwh, true_up: 1, pays: "0.03"}')
        (rated,) = months(tariff, [[[100, 300]]], [[[160, 340]]])
        (line,) = lines_of(rated, "true_up")
        assert [line[name] for name in ("charge_id", "band", "quantity", "unit", "price", "amount")] == [
            "true_up",
            None,
            100,
            "kWh",
            Decimal("-0.03"),
            -3,
        ]
        assert line["text"] == "true_up: 100 kWh of the bank paid out at 0.03 EUR/kWh = -3.00 EUR"
        assert not any(kwh.values.any() for kwh in rated.carried.values())

    def test_pays_kwh_of_a_period_that_the_tariff_no_longer_has(self, tariff_of, months):
        tariff = tariff_of(FLAT + 'export: {mode: nem_kwh, true_up: 1, pays: "0.03"}')
        (rated,) = months(tariff, one_customer(0), one_customer(10), carried={"bank.kwh|peak": Exact(np.array([7]), 0)})
        assert amount_of(rated, "true_up") == Decimal("-0.51")
        assert value(rated.carried["bank.kwh|peak"]) == 0

    @pytest.mark.parametrize(("month", "paid"), [(12, "0"), (1, "-2"), (2, "0")])
    def test_stands_on_the_bill_of_its_month_alone(self, tariff_of, months, month, paid):
        tariff = tariff_of(FLAT + f'export: {{mode: nem_money, price: "0.10", true_up: {month}}}')
        (rated,) = months(tariff, one_customer(0), one_customer(20))
        assert amount_of(rated, "true_up") == Decimal(paid)

    def test_a_billing_period_belongs_to_the_month_of_its_last_day(self, tariff_of, bill):
        tariff = tariff_of(FLAT + 'export: {mode: nem_money, price: "0.10", true_up: 2}')
        use = {"import_kwh": [[0]], "export_kwh": [[20]]}
        paid = [
            amount_of(bill(tariff, use, first="2026-01-05", after=after, exponent=0), "true_up")
            for after in ("2026-02-01", "2026-02-02", "2026-03-01", "2026-03-02")
        ]
        assert paid == money("0", "-2", "-2", "0")

    @pytest.mark.parametrize(
        ("export", "text"),
        [
            ("mode: nem_kwh, true_up: 1, expires: true", "true_up: 20 kWh of the bank lost = 0.00 EUR"),
            ('mode: nem_money, price: "0.10", true_up: 1, expires: true', "true_up: 2 EUR of the bank lost = 0.00 EUR"),
        ],
    )
    def test_a_bank_that_expires_is_emptied_and_says_so(self, tariff_of, months, export, text):
        (rated,) = months(tariff_of(FLAT + f"export: {{{export}}}"), one_customer(0), one_customer(20))
        assert [row["text"] for row in lines_of(rated, "true_up")] == [text]
        assert not any(each.values.any() for each in rated.carried.values())

    def test_comes_after_tax_and_bears_none(self, tariff_of, bill):
        body = FLAT + '- {id: vat, kind: tax, of: all, percent: "20"}\nexport: {mode: nem_money, price: "0.10", true_up: 1}'
        use = {"import_kwh": [[20]], "export_kwh": [[60]]}
        rated = bill(tariff_of(body), use, exponent=0, taxed=[True])
        assert [row["kind"] for row in rated.lines.to_pylist()] == ["fixed", "tax", "true_up"]
        assert rated.tax[0].as_py() == 1


class TestWhatBankedMoneyPays:
    @pytest.mark.parametrize(
        ("offsets", "paid"),
        [
            pytest.param("", "-30", id="energy charges where it says nothing"),
            pytest.param(", offsets: all", "-30", id="energy charges"),
            pytest.param(", offsets: [basic]", "-5", id="the charges that it names"),
            pytest.param(", offsets: [use, basic]", "-35", id="all of those"),
        ],
    )
    def test_is(self, tariff_of, months, offsets, paid):
        tariff = tariff_of(FLAT + f'export: {{mode: net_billing, price: "1", carry: next_month{offsets}}}')
        (rated,) = months(tariff, one_customer(100), one_customer(0), carried={"bank.money": Exact(np.array([100]), 0)})
        assert amount_of(rated, "bank") == Decimal(paid)
        assert value(rated.carried["bank.money"]) == 100 + Decimal(paid)

    def test_energy_charges_that_are_a_credit_take_nothing(self, tariff_of, months):
        tariff = tariff_of(FLAT.replace("0.30", "-0.30") + 'export: {mode: net_billing, price: "1", carry: next_month}')
        (rated,) = months(tariff, one_customer(100), one_customer(0), carried={"bank.money": Exact(np.array([100]), 0)})
        assert (amount_of(rated, "bank"), value(rated.carried["bank.money"])) == (0, 100)

    def test_money_that_export_cost_is_charged_the_next_month(self, tariff_of, months):
        tariff = tariff_of(FLAT + 'export: {mode: net_billing, price: "-0.05", carry: next_month}')
        first, second = months(tariff, one_customer(0, 0), one_customer(100, 0))
        assert (amount_of(first, "bank"), value(first.carried["bank.money"])) == (0, -5)
        assert (amount_of(second, "bank"), value(second.carried["bank.money"])) == (5, 0)

    def test_a_charge_that_does_not_stand_is_not_paid(self, tariff_of, months):
        body = FLAT.replace('price: "0.30"', 'price: "0.30", months: [2]')
        tariff = tariff_of(body + 'export: {mode: net_billing, price: "1", carry: next_month}')
        (rated,) = months(tariff, one_customer(100), one_customer(0), carried={"bank.money": Exact(np.array([100]), 0)})
        assert amount_of(rated, "bank") == 0


class TestTwoMeters:
    def test_all_generation_is_sold_in_the_same_month(self, tariff_of, months):
        tariff = tariff_of(PERIODS + 'export: {mode: buy_all_sell_all, price: {peak: "0.30", off: "0.10"}}')
        (rated,) = months(tariff, [[[100, 300]]], [[[160, 100]]])
        assert [(row["band"], row["amount"]) for row in lines_of(rated, "export")] == [("peak", -48), ("off", -10)]
        assert (amount_of(rated, "energy"), rated.total[0].as_py(), rated.carried) == (100, 47, {})


HOUR = 3600


@pytest.fixture
def four_hours(instants_of):
    """Two agreements: four hours of export each [Wh], the second measured in half hours; prices for them [EUR/MWh]."""

    def make(tariff, *, exponent=-3):
        period = instants_of(tariff, "2026-01-01", "2026-02-01")
        start = int(period["starts_at"].timestamp())
        hours, halves = start + HOUR * np.arange(4), start + HOUR // 2 * np.arange(8)
        stretches = (
            Stretch(np.array([0]), 60, hours, {"export_kwh": np.array([[1000, 2000, 0, 4000]])}, {"export_kwh": exponent}),
            Stretch(np.array([1]), 30, halves, {"export_kwh": np.array([[0, 500, 0, 0, 0, 0, 0, 0]])}, {"export_kwh": exponent}),
        )
        prices = PriceSeries("spot", hours, np.array([5000, -1000, 777, 8012]), 2)
        return {"timeline": Timeline(stretches), "series": {"spot": prices}}

    return make


USE = {"import_kwh": [[0], [0]], "export_kwh": [[7000], [500]]}


class TestPricesOfASeries:
    def test_each_interval_earns_the_price_at_its_start(self, tariff_of, bill, four_hours):
        tariff = tariff_of(FLAT + "export: {mode: net_billing, price: {series: spot, per: MWh}}")
        first, second = lines_of(bill(tariff, USE, **four_hours(tariff)), "export")
        # 1 kWh x 0.05 - 2 kWh x 0.01 + 4 kWh x 0.08012, over 7 kWh
        assert (first["quantity"], first["amount"], first["price"]) == (7, Decimal("-0.35048"), Decimal("-0.05006857"))
        assert first["text"] == "export: 7 kWh at the prices of spot = -0.35048 EUR"
        # the second half hour of the first hour
        assert (second["quantity"], second["amount"], second["price"]) == (Decimal("0.5"), Decimal("-0.025"), Decimal("-0.05"))

    @pytest.mark.parametrize(("exponent", "amount"), [(-3, "-0.35048"), (0, "-350.48"), (2, "-35048")])
    def test_in_any_power_of_ten(self, tariff_of, bill, four_hours, exponent, amount):
        tariff = tariff_of(FLAT + "export: {mode: net_billing, price: {series: spot, per: MWh}}")
        rated = bill(tariff, USE, exponent=exponent, **four_hours(tariff, exponent=exponent))
        assert lines_of(rated, "export")[0]["amount"] == Decimal(amount)

    def test_times_what_the_tariff_says(self, tariff_of, bill, four_hours):
        tariff = tariff_of(FLAT + 'export: {mode: net_billing, price: {series: spot, per: MWh, times: "0.9"}}')
        assert lines_of(bill(tariff, USE, **four_hours(tariff)), "export")[0]["amount"] == Decimal("-0.315432")

    def test_may_go_into_the_bank(self, tariff_of, bill, four_hours):
        tariff = tariff_of(FLAT + "export: {mode: net_billing, price: {series: spot, per: MWh}, carry: next_month}")
        rated = bill(tariff, USE, **four_hours(tariff))
        assert [value(rated.carried["bank.money"], row) for row in (0, 1)] == money("0.35048", "0.025")

    def test_sums_alone_are_refused(self, tariff_of, bill, four_hours):
        tariff = tariff_of(FLAT + "export: {mode: net_billing, price: {series: spot}}")
        with pytest.raises(TariffError) as refused:
            bill(tariff, USE, series=four_hours(tariff)["series"])
        assert refused.value.code == "tariff.needs_intervals"

    def test_a_hole_in_the_series_is_refused(self, tariff_of, bill, four_hours):
        tariff = tariff_of(FLAT + "export: {mode: net_billing, price: {series: spot}}")
        given_ = four_hours(tariff)
        given_["series"]["spot"] = PriceSeries("spot", given_["series"]["spot"].starts[1:], np.array([1, 2, 3]), 2)
        with pytest.raises(TariffError) as refused:
            bill(tariff, USE, **given_)
        assert refused.value.code == "series.missing"


TWO_VERSIONS = """\
tariff: t
currency: EUR
clock: Europe/Berlin
rounding: {line: none, total: sum_of_lines}
versions:
- from: 2026-01-01
  charges: [{id: use, kind: energy, price: "0.30"}]
  %s
- from: 2026-03-11
  charges: [{id: use, kind: energy, price: "0.50"}]
  %s
"""
CARRIES = 'export: {mode: net_billing, price: "%s", carry: next_month}'


MARCH = {"first": "2026-03-01", "after": "2026-04-01", "exponent": 0}


class TestVersionChangeInsideThePeriod:
    def test_what_each_version_earns_goes_into_one_bank(self, bill):
        tariff = parse_tariff(TWO_VERSIONS % (CARRIES % "0.10", CARRIES % "0.20"), "t.yaml")
        use = {"import_kwh": [[100, 200]], "export_kwh": [[50, 60]]}
        rated = bill(tariff, use, carried={"bank.money": Exact(np.array([140]), 0)}, **MARCH)
        # the bank pays 30 of the old version and 100 of the new one
        assert [row["amount"] for row in lines_of(rated, "bank")] == [-130]
        assert value(rated.carried["bank.money"]) == 140 - 130 + 5 + 12

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            pytest.param("export: {mode: nem_kwh}", "export: {mode: nem_kwh}", id="net metering nets all of a period"),
            pytest.param("", CARRIES % "0.1", id="one has a bank"),
            pytest.param(CARRIES % "0.1", 'export: {mode: net_billing, price: "0.1"}', id="the other has"),
            pytest.param(CARRIES % "0.1", (CARRIES % "0.1").replace("}", ", true_up: 3}"), id="one has a true-up"),
        ],
    )
    def test_versions_that_cannot_share_a_bank_are_refused(self, bill, old, new):
        tariff = parse_tariff(TWO_VERSIONS % (old, new), "t.yaml")
        with pytest.raises(TariffError) as refused:
            bill(tariff, {"import_kwh": [[100, 200]], "export_kwh": [[50, 60]]}, **MARCH)
        assert (refused.value.code, refused.value.where) == ("tariff.unsupported", "versions[1].export.mode")

    def test_each_of_them_alone_is_rated(self, bill):
        tariff = parse_tariff(TWO_VERSIONS % ("export: {mode: nem_kwh}", "export: {mode: nem_kwh}"), "t.yaml")
        for first, after in (("2026-02-01", "2026-03-11"), ("2026-03-11", "2026-04-01")):
            rated = bill(tariff, {"import_kwh": [[100]], "export_kwh": [[30]]}, first=first, after=after, exponent=0)
            assert [row["quantity"] for row in lines_of(rated, "energy")] == [70]

    def test_intervals_with_prices_of_a_series_belong_to_the_version_of_their_start(self, bill, instants_of):
        old, new = (f'export: {{mode: net_billing, price: {{series: spot, times: "{times}"}}}}' for times in (1, 10))
        tariff = parse_tariff(TWO_VERSIONS % (old, new), "t.yaml")
        period = instants_of(tariff, "2026-03-01", "2026-04-01")
        change = int(instants_of(tariff, "2026-03-01", "2026-03-11")["ends_at"].timestamp())
        hours = change + HOUR * np.array([-2, -1, 0, 1])
        stretch = Stretch(np.array([0]), 60, hours, {"export_kwh": np.array([[1, 2, 4, 8]])}, {"export_kwh": 0})
        prices = PriceSeries("spot", np.array([int(period["starts_at"].timestamp())]), np.array([1]), 2)
        use = {"import_kwh": [[0, 0]], "export_kwh": [[3, 12]]}
        rated = bill(tariff, use, timeline=Timeline((stretch,)), series={"spot": prices}, **MARCH)
        assert [(row["quantity"], row["amount"]) for row in lines_of(rated, "export")] == [
            (3, Decimal("-0.03")),
            (12, Decimal("-1.2")),
        ]


KWH = st.lists(st.integers(0, 10**7), min_size=2, max_size=2)
AGREEMENTS = st.integers(1, 4)
MODES = st.sampled_from(
    [
        'mode: nem_money, price: {peak: "0.123456789012", off: "0.07"}, true_up: 3',
        'mode: nem_money, price: "0.1", true_up: 2, offsets: [use, basic]',
        'mode: net_billing, price: {peak: "0.123456789012", off: "0.07"}, carry: next_month, true_up: 3',
        'mode: net_billing, price: "-0.01", carry: next_month',
    ]
)


def random_use(data, agreements, count):
    return [[data.draw(KWH) for _ in range(agreements)] for _ in range(count)]


class TestNothingIsLost:
    @given(st.data(), AGREEMENTS, MODES)
    @settings(max_examples=80, deadline=None)
    def test_money_earned_is_used_paid_out_or_still_in_the_bank(self, once, bill, data, agreements, export):
        """What a tariff without a bank pays for the same kWh, and over the months each cent of it is somewhere."""
        tariff = once(PERIODS + f"export: {{{export}}}")
        carried, earned, used = {}, Decimal(0), Decimal(0)
        for number in range(4):
            imported, exported = random_use(data, agreements, 1)[0], random_use(data, agreements, 1)[0]
            period = {"first": MONTHS[number].isoformat(), "after": MONTHS[number + 1].isoformat()}
            rated = bill(tariff, {"import_kwh": imported, "export_kwh": exported}, carried=carried, **period)
            carried = rated.carried
            nets = tariff.versions[0].export.nets
            for bought, sold in zip(imported, exported, strict=True):
                for band, wh_in, wh_out in zip(("peak", "off"), bought, sold, strict=True):
                    kwh = Decimal(max(0, wh_out - wh_in) if nets else wh_out) / 1000
                    earned += kwh * tariff.versions[0].export.price_in(band)
            used -= amount_of(rated, "bank") + amount_of(rated, "true_up")
        left = sum(value(carried["bank.money"], row) for row in range(agreements))
        assert abs(earned - used - left) < Decimal("1e-12")

    @given(st.data(), AGREEMENTS)
    @settings(max_examples=80, deadline=None)
    def test_kwh_exported_are_netted_banked_or_paid_out(self, once, months, data, agreements):
        tariff = once(PERIODS + 'export: {mode: nem_kwh, true_up: 3, pays: "0.03"}')
        imported, exported = (random_use(data, agreements, 4) for _ in range(2))
        rated = months(tariff, imported, exported)
        billed = sum(row["quantity"] for each in rated for row in lines_of(each, "energy"))
        paid_out = sum(row["quantity"] for each in rated for row in lines_of(each, "true_up"))
        left = sum(value(kwh, row) for kwh in rated[-1].carried.values() for row in range(agreements))
        netted = int(np.sum(imported)) - billed
        assert netted + paid_out + left == int(np.sum(exported))

    @given(st.data(), AGREEMENTS, MODES | st.just('mode: nem_kwh, true_up: 3, pays: "0.03"'))
    @settings(max_examples=80, deadline=None)
    def test_agreements_together_are_billed_as_each_alone(self, once, months, data, agreements, export):
        tariff = once(PERIODS + f'- {{id: floor, kind: minimum, amount: "40", per: year}}\nexport: {{{export}}}')
        imported, exported = (random_use(data, agreements, 3) for _ in range(2))
        together = months(tariff, imported, exported, first=10)
        for row in range(agreements):
            alone = months(tariff, [[each[row]] for each in imported], [[each[row]] for each in exported], first=10)
            for all_of, one in zip(together, alone, strict=True):
                assert all_of.total[row] == one.total[0]
                assert {name: value(each, row) for name, each in all_of.carried.items()} == {
                    name: value(each) for name, each in one.carried.items()
                }

    @given(st.data(), MODES)
    @settings(max_examples=80, deadline=None)
    def test_lines_add_up_to_the_total(self, once, months, data, export):
        body = PERIODS + (
            '- {id: floor, kind: minimum, amount: "40", per: month}\n'
            '- {id: vat, kind: tax, of: [use, floor], percent: "19"}\n'
            f"export: {{{export}}}"
        )
        for rated in months(once(body), *(random_use(data, 2, 3) for _ in range(2))):
            for row in (0, 1):
                lines = [line["amount"] for line in rated.lines.to_pylist() if line["agreement_index"] == row]
                assert sum(lines, Decimal(0)) == rated.total[row].as_py()


def test_net_metering_needs_the_import_it_nets(tariff_of, bill):
    with pytest.raises(InvariantError, match="import_kwh was not given"):
        bill(tariff_of(FLAT + "export: {mode: nem_kwh}"), {"export_kwh": [[1]]})


def test_the_first_day_of_the_months_is_that_of_the_clock():
    assert Clock("Europe/Berlin").midnight(MONTHS[0]) == 1735686000
