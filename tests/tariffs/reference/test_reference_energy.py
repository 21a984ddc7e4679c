"""Charges on time and energy by the reference, by hand."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

import pytest
from hypothesis import given, settings

from schemas.errors import TariffError
from tariffs.reference.billing import bill_sums
from tariffs.reference.given import Agreement
from tests.tariffs.reference.by_hand import HEAD, NOBODY, amounts, carried, document, made, only, rows, text
from tests.tariffs.reference.cases import random_cases
from tests.tariffs.reference.engines import referred, series_of

PERIODS = "periods: {on: [{days: mon-fri}], off: [{else: true}]}\n"
MONDAY, SATURDAY = "2026-01-05T00:00", "2026-01-10T00:00"


class TestFixed:
    @pytest.mark.parametrize(
        ("rule", "first", "after", "quantity", "amount"),
        [
            pytest.param("per: day", "2026-01-05", "2026-01-15", "10", "120", id="ten days"),
            pytest.param("per: day, days: nominal_month", "2026-01-01", "2026-02-01", "30.416666667", "365", id="365/12 days"),
            pytest.param("per: month", "2026-01-05", "2026-01-15", "1", "12", id="once, however short"),
            pytest.param("per: month, prorate: days_of_month", "2026-01-01", "2026-02-15", "1.5", "18", id="31/31 and 14/28"),
            pytest.param(
                "per: month, prorate: days_of_nominal_month", "2026-01-01", "2026-03-15", "2.4", "28.8", id="73/(365/12)"
            ),
            pytest.param("per: year", "2026-01-01", "2026-02-01", "0.083333333", "1", id="a twelfth"),
        ],
    )
    def test_units(self, rule, first, after, quantity, amount):
        bill = made(document(f'charges: [{{id: a, kind: fixed, price: "12", {rule}}}]'), {}, first=first, after=after)
        assert rows(bill, "quantity", "amount") == [(quantity, amount)]

    def test_a_quotient_has_18_decimals(self):
        bill = made(document('charges: [{id: a, kind: fixed, price: "1", per: year}]'), {})
        assert bill.lines[0].amount == Fraction(83_333_333_333_333_333, 10**18)


class TestFees:
    def fee(self, when, **more):
        return amounts(made(document(f'charges: [{{id: a, kind: fee, price: "45", when: {when}}}]'), {}, **more))

    def test_when_the_agreement_starts_or_ends(self):
        assert self.fee("start", agreement=Agreement(started=True)) == {"a": "45"}
        assert self.fee("start", agreement=Agreement(ended=True)) == {}
        assert self.fee("end", agreement=Agreement(ended=True)) == {"a": "45"}

    @pytest.mark.parametrize(("when", "since"), [("start", "2020-01-01"), ("end", "2026-01-11"), ("2026-01-11", "2026-01-11")])
    def test_with_two_versions_are_charged_once(self, when, since):
        version = f'  charges: [{{id: a, kind: fee, price: "45", when: {when}}}]\n'
        body = f"versions:\n- from: 2020-01-01\n{version}- from: 2026-01-11\n{version}"
        bill = made(document(body), {}, agreement=Agreement(started=True, ended=True))
        assert [(str(line.version), text(line.amount)) for line in bill.lines] == [(since, "45")]

    @pytest.mark.parametrize(
        ("when", "owed"), [("2025-12-31", {}), ("2026-01-01", {"a": "45"}), ("2026-01-31", {"a": "45"}), ("2026-02-01", {})]
    )
    def test_on_a_date_of_the_period(self, when, owed):
        assert self.fee(when) == owed

    def test_on_a_day_that_two_periods_share_is_charged_by_the_one_that_has_its_start(self):
        assert self.fee("2026-01-15", first="2026-01-01", after="2026-01-15T12:00") == {"a": "45"}
        assert self.fee("2026-01-15", first="2026-01-15T12:00", after="2026-02-01") == {}


LADDER = 'charges: [{id: use, kind: energy, price: ["0.1", "0.2", "0.3"], tiers: {limits: ["200", "450"]%s}}]'
BY_BAND = (
    PERIODS + 'charges: [{id: use, kind: energy, price: {on: ["0.3", "0.4"], off: ["0.1", "0.2"]}, tiers: {limits: ["100"]%s}}]'
)


class TestLadders:
    @pytest.mark.parametrize(
        ("kwh", "steps"),
        [("199.999", ["199.999"]), ("200", ["200"]), ("200.001", ["200", "0.001"]), ("451", ["200", "250", "1"]), ("-5", ["-5"])],
    )
    def test_each_step_takes_what_fits(self, kwh, steps):
        bill = made(document(LADDER % ""), {"import_kwh": {MONDAY: kwh}})
        assert [quantity for (quantity,) in rows(bill, "quantity")] == steps

    @pytest.mark.parametrize(
        ("rule", "steps"),
        [
            # 30.5 nominal days of 31: 200 and 450 times 31/(365/12)
            pytest.param(
                ", prorate: days_of_nominal_month", ["203.835616438", "254.794520548", "41.369863014"], id="nominal month"
            ),
            pytest.param(", per: billing_period", ["200", "250", "50"], id="billing period"),
        ],
    )
    def test_limits_of_a_month(self, rule, steps):
        bill = made(document(LADDER % rule), {"import_kwh": {MONDAY: "500"}})
        assert [quantity for (quantity,) in rows(bill, "quantity")] == steps

    def test_a_limit_that_does_not_end_has_12_decimals(self):
        bill = made(
            document((LADDER % ", prorate: days_of_nominal_month").replace('"0.1"', '"1"')), {"import_kwh": {MONDAY: "500"}}
        )
        # 200 x 31 x 12 / 365
        assert bill.lines[0].amount == Fraction("203.835616438356")

    def test_limits_by_days_of_each_month(self):
        # half of January's 31 days would be 15.5; 14 of February's 28 are half a month
        bill = made(
            document(LADDER % ", prorate: days_of_month"),
            {"import_kwh": {"2026-02-05T00:00": "500"}},
            first="2026-02-01",
            after="2026-02-15",
        )
        assert [quantity for (quantity,) in rows(bill, "quantity")] == ["100", "125", "275"]

    def test_limits_of_each_day_times_the_days(self):
        bill = made(document((LADDER % ", per: day").replace('"200", "450"', '"10", "12"')), {"import_kwh": {MONDAY: "400"}})
        assert [quantity for (quantity,) in rows(bill, "quantity")] == ["310", "62", "28"]

    def test_limits_that_start_anew_each_day(self):
        use = {"2026-01-05T00:00": "15", "2026-01-05T12:00": "3", "2026-01-06T00:00": "4"}
        tariff = document((LADDER % ", per: day, reset: day").replace('"200", "450"', '"10", "12"'))
        # 10 + 2 + 6 on Monday, 4 on Tuesday
        assert rows(made(tariff, {"import_kwh": use}), "tier", "quantity") == [(1, "14"), (2, "2"), (3, "6")]

    def test_all_periods_share_a_ladder_pro_rata(self):
        bill = made(document(BY_BAND % ""), {"import_kwh": {MONDAY: "150", SATURDAY: "50"}})
        assert rows(bill, "band", "tier", "quantity") == [("on", 1, "75"), ("on", 2, "75"), ("off", 1, "25"), ("off", 2, "25")]

    def test_or_it_fills_in_time_order_and_splits_the_interval_that_crosses(self):
        use = {MONDAY: "90", SATURDAY: "50", "2026-01-12T00:00": "60"}
        bill = made(document(BY_BAND % ", fill: time_order"), {"import_kwh": use})
        assert rows(bill, "band", "tier", "quantity") == [("on", 1, "90"), ("on", 2, "60"), ("off", 1, "10"), ("off", 2, "40")]

    def test_in_time_order_what_is_given_back_comes_down_the_ladder(self):
        use = {MONDAY: "120", SATURDAY: "-30"}
        bill = made(document(BY_BAND % ", fill: time_order"), {"import_kwh": use})
        assert rows(bill, "band", "tier", "quantity") == [("on", 1, "100"), ("on", 2, "20"), ("off", 1, "-10"), ("off", 2, "-20")]

    def test_or_each_period_has_its_own(self):
        bill = made(document(BY_BAND % ", scope: each_period"), {"import_kwh": {MONDAY: "150", SATURDAY: "50"}})
        assert rows(bill, "band", "tier", "quantity") == [("on", 1, "100"), ("on", 2, "50"), ("off", 1, "50")]

    def test_of_its_own_days(self):
        tariff = document((BY_BAND % ", scope: each_period, per: day").replace('"100"', '"1"'))
        # January 2026 has 22 working days and 9 others
        bill = made(tariff, {"import_kwh": {MONDAY: "30", SATURDAY: "20"}})
        assert [quantity for (quantity,) in rows(bill, "quantity")] == ["22", "8", "9", "11"]

    def test_of_each_period_each_day(self):
        body = 'periods: {on: [{from: "12:00", to: "24:00"}], off: [{else: true}]}\n' + (BY_BAND % "").partition("\n")[2]
        tariff = document(
            body.replace('limits: ["100"]', 'limits: ["10"], per: day, reset: day, fill: time_order, scope: each_period')
        )
        use = {"2026-01-05T00:00": "12", "2026-01-05T13:00": "12", "2026-01-06T00:00": "12"}
        bill = made(tariff, {"import_kwh": use})
        assert rows(bill, "band", "tier", "quantity") == [("on", 1, "10"), ("on", 2, "2"), ("off", 1, "20"), ("off", 2, "4")]

    def test_quantities_that_do_not_end_add_up(self):
        bill = made(document(BY_BAND % ""), {"import_kwh": {MONDAY: "100", SATURDAY: "200"}})
        quantities = [line.quantity for line in bill.lines]
        assert [text(quantity) for quantity in quantities] == ["33.333333333", "66.666666667", "66.666666667", "133.333333333"]
        # 100 x (100 x 0.3 + 200 x 0.1) / 300 + 200 x (100 x 0.4 + 200 x 0.2) / 300
        assert abs(bill.total - Fraction(210, 3)) < Fraction(1, 10**17)


class TestLaddersOfAYear:
    RULE = ", per: year, year_from: 04-01"

    def test_go_on_where_the_period_before_left_them(self):
        use = {"import_kwh": {MONDAY: "100"}}
        bill = made(document(LADDER % self.RULE), use, carried={"ladder|use|2025-04-01": "150"})
        assert rows(bill, "tier", "quantity") == [(1, "50"), (2, "50")]
        assert carried(bill) == {"ladder|use|2025-04-01": "250"}

    @pytest.mark.parametrize(
        ("first", "name"), [("2026-03-31", "ladder|use|2025-04-01"), ("2026-04-01", "ladder|use|2026-04-01")]
    )
    def test_begin_anew_in_the_period_whose_first_day_is_in_the_next_year(self, first, name):
        bill = made(
            document(LADDER % self.RULE),
            {"import_kwh": {"2026-04-02T00:00": "10"}},
            first=first,
            after="2026-04-10",
            carried={"ladder|use|2025-04-01": "600"},
        )
        assert carried(bill) == {name: "610" if name.endswith("2025-04-01") else "10"}
        assert only(bill, "tier") == (3 if name.endswith("2025-04-01") else 1)

    def test_are_kept_where_the_charge_does_not_stand(self):
        tariff = document((LADDER % self.RULE).replace("id: use", "id: use, months: [6]"))
        bill = made(tariff, {"import_kwh": {MONDAY: "100"}}, carried={"ladder|use|2025-04-01": "150"})
        assert (bill.lines, carried(bill)) == ((), {"ladder|use|2025-04-01": "150"})

    def test_in_time_order_with_periods(self):
        tariff = document(BY_BAND % ", per: year, fill: time_order")
        bill = made(tariff, {"import_kwh": {MONDAY: "30", SATURDAY: "50"}}, carried={"ladder|use|2026-01-01": "60"})
        assert rows(bill, "band", "tier", "quantity") == [("on", 1, "30"), ("off", 1, "10"), ("off", 2, "40")]
        assert carried(bill) == {"ladder|use|2026-01-01": "140"}


class TestHoursUse:
    def test_blocks_end_at_kwh_per_kw_and_steps_are_inside_them(self):
        body = """\
charges:
- id: use
  kind: energy
  price: ["5", "4", "3", "2"]
  tiers: {blocks: [{kwh_per_kw: "20", limits: ["30"]}, {kwh_per_kw: "40"}, {}]}
"""
        # the peak is 4 kW: blocks end at 80 and 160 kWh
        use = {f"2026-01-{5 + hour // 24:02d}T{hour % 24:02d}:00": "4" for hour in range(45)}
        bill = made(document(body), {"import_kwh": use})
        assert rows(bill, "tier", "quantity") == [(1, "30"), (2, "50"), (3, "80"), (4, "20")]

    def test_a_step_ends_where_its_block_does(self):
        body = """\
charges:
- {id: use, kind: energy, price: ["5", "4", "3"], tiers: {blocks: [{kwh_per_kw: "2", limits: ["30"]}, {}]}}
"""
        bill = made(document(body), {"import_kwh": {MONDAY: "10", SATURDAY: "15"}})
        # 15 kW: the block ends at 30 kWh, exactly where its first step does; nothing is left for the second
        assert rows(bill, "tier", "quantity") == [(1, "25")]
        shorter = made(document(body.replace('"2"', '"1"')), {"import_kwh": {MONDAY: "10", SATURDAY: "15"}})
        assert rows(shorter, "tier", "quantity") == [(1, "15"), (3, "10")]

    def test_blocks_of_two_versions_are_in_proportion_to_their_days(self):
        ladder = '{blocks: [{kwh_per_kw: "31"}, {}]}'
        version = f'  charges: [{{id: use, kind: energy, price: ["2", "1"], tiers: {ladder}}}]\n'
        body = f"versions:\n- from: 2020-01-01\n{version}- from: 2026-01-11\n{version}"
        use = {f"2026-01-{day:02d}T00:00": "1" for day in range(1, 32)} | {"2026-01-01T01:00": "1", "2026-01-11T01:00": "1"}
        # 1 kW: 31 kWh x 10/31 and x 21/31; 11 and 22 kWh were used
        found = rows(made(document(body), {"import_kwh": use}), "tier", "quantity")
        assert found == [(1, "10"), (2, "1"), (1, "21"), (2, "1")]


class TestSeries:
    PRICES = series_of("spot", {datetime(2026, 1, 1, tzinfo=UTC): "40", datetime(2026, 1, 5, tzinfo=UTC): "-10"})
    BODY = 'charges: [{id: spot, kind: %s, price: {series: spot, per: MWh, times: "1.5"}}]'

    @pytest.mark.parametrize("kind", ["energy", "rider"])
    def test_each_interval_has_the_price_at_its_start(self, kind):
        # 5 January 00:00 UTC is 01:00 in Berlin
        use = {"import_kwh": {"2026-01-05T00:00": "2", "2026-01-05T01:00": "3"}}
        bill = made(document(self.BODY % kind), use, first="2026-01-02", series={"spot": self.PRICES})
        # 2 x 0.06 - 3 x 0.015
        assert rows(bill, "band", "tier", "quantity", "price", "amount") == [(None, None, "5", "0.015", "0.075")]

    def test_without_use_the_price_is_zero(self):
        use = {"import_kwh": {"2026-01-05T00:00": "1", "2026-01-05T02:00": "-1"}}
        bill = made(document(self.BODY % "energy"), use, first="2026-01-02", series={"spot": self.PRICES})
        assert rows(bill, "quantity", "price", "amount") == [("0", "0", "0.075")]

    def test_an_instant_before_the_first_value_is_refused(self):
        with pytest.raises(TariffError, match="2025-12-31 23:00") as refused:
            made(document(self.BODY % "energy"), {"import_kwh": {}}, series={"spot": self.PRICES})
        assert refused.value.code == "series.missing"

    def test_a_series_that_is_not_given_is_refused(self):
        with pytest.raises(TariffError, match="spot was not given"):
            made(document(self.BODY % "energy"), {"import_kwh": {}})


GAS = """\
conversion: {volume: volume_m3, energy: gas_kwh, correction: "1.02264", calorific_value: %s, divide_by: "3.6"}
charges: [{id: gas, kind: energy, quantity: gas_kwh, price: "0.05"}]
"""


class TestGas:
    def test_volume_becomes_energy_and_the_amount_is_of_the_exact_ratio(self):
        bill = made(document(GAS % '"39.5"'), {"volume_m3": {MONDAY: "100"}})
        # 100 x 1.02264 x 39.5 / 3.6 = 1122.063333...
        assert rows(bill, "quantity", "unit", "amount") == [("1122.063333333", "kWh", "56.103166667")]
        assert bill.lines[0].amount == round(Fraction(100) * Fraction("1.02264") * Fraction("39.5") / Fraction("3.6") / 20, 18)

    def test_the_value_of_the_day_counts(self):
        dated = '[{from: 2026-01-01, value: "36"}, {from: 2026-01-05, value: "72"}]'
        tariff = document((GAS % dated).replace("1.02264", "1"))
        bill = made(tariff, {"volume_m3": {"2026-01-04T23:00": "1", "2026-01-05T00:00": "1"}})
        assert only(bill, "quantity") == "30"

    def test_before_the_first_value_nothing_is_known(self):
        with pytest.raises(TariffError, match="no calorific value is in force on 2026-01-01") as refused:
            made(document(GAS % '[{from: 2026-01-02, value: "36"}]'), {"volume_m3": {}})
        assert refused.value.code == "series.missing"

    def test_a_series_of_values_counts_from_its_instants(self):
        values = series_of("cv", {datetime(2025, 12, 1, tzinfo=UTC): "36", datetime(2026, 1, 5, tzinfo=UTC): "72"})
        tariff = document((GAS % "{series: cv}").replace("1.02264", "1"))
        bill = made(tariff, {"volume_m3": {"2026-01-05T00:00": "1", "2026-01-05T01:00": "1"}}, series={"cv": values})
        assert only(bill, "quantity") == "30"

    def test_on_registers_the_values_are_weighed_by_days(self):
        dated = '[{from: 2026-01-01, value: "36"}, {from: 2026-01-11, value: "72"}]'
        starts, ends = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC)
        bill = bill_sums(
            document((GAS % dated).replace("1.02264", "1")),
            {"volume_m3": {(0, None): Fraction(31)}},
            starts_at=starts,
            ends_at=ends,
            agreement=NOBODY,
            carried={},
            series={},
        )
        # 31 m3 x (10 x 36 + 21 x 72) / 31 / 3.6
        assert text(bill.lines[0].quantity) == "520"

    def test_water_needs_no_conversion(self):
        bill = made(
            document('charges: [{id: water, kind: energy, quantity: volume_m3, price: "2"}]'), {"volume_m3": {MONDAY: "3"}}
        )
        assert rows(bill, "quantity", "unit", "amount") == [("3", "m3", "6")]


class TestSums:
    def test_bill_what_needs_no_intervals(self):
        tariff = document(PERIODS + 'charges: [{id: use, kind: energy, price: {on: "2", off: "1"}}]')
        sums = {"import_kwh": {(0, "on"): Fraction(3), (0, "off"): Fraction(4)}}
        bill = self.bill(tariff, sums)
        assert rows(bill, "band", "amount") == [("on", "6"), ("off", "4")]
        assert (bill.peak_kw, bill.billing_demand_kw) == (None, None)

    def test_refuse_what_does(self):
        with pytest.raises(TariffError, match="prices single intervals") as refused:
            self.bill(document('charges: [{id: power, kind: demand, price: "1"}]'), {})
        assert refused.value.code == "tariff.needs_intervals"

    def bill(self, tariff, sums):
        starts, ends = datetime(2025, 12, 31, 23, tzinfo=UTC), datetime(2026, 1, 31, 23, tzinfo=UTC)
        return bill_sums(tariff, sums, starts_at=starts, ends_at=ends, agreement=NOBODY, carried={}, series={})


def test_what_was_measured_may_be_rounded_before_it_is_multiplied_and_time_is_not():
    rounding = "rounding: {line: none, quantity: {places: 0, mode: half_even}}\n"
    tariff = document(
        'charges: [{id: use, kind: energy, price: "0.1"}, {id: supply, kind: fixed, price: "3", per: year}]', rounding=rounding
    )
    bill = made(tariff, {"import_kwh": {MONDAY: "2.5"}})
    assert rows(bill, "charge_id", "quantity", "amount") == [("use", "2", "0.2"), ("supply", "0.083333333", "0.25")]


def test_a_rider_is_on_all_kwh_of_all_periods():
    tariff = document(PERIODS + 'charges: [{id: fuel, kind: rider, price: "0.1"}]')
    bill = made(tariff, {"import_kwh": {MONDAY: "3", SATURDAY: "4"}})
    assert rows(bill, "band", "quantity", "unit", "amount") == [(None, "7", "kWh", "0.7")]


def test_charges_that_share_the_periods_climb_on_the_kwh_of_all():
    parts = "{id: a, kind: energy, price: {on: [1, 2]}, tiers: {limits: [10]%s}}, "
    parts += "{id: b, kind: energy, price: {off: [3, 5]}, tiers: {limits: [10]%s}}"
    use = {"import_kwh": {MONDAY: "15", SATURDAY: "5"}}
    # the 10 kWh of the first step are shared 3 to 1
    bill = made(document(PERIODS + f"charges: [{parts % ('', '')}]"), use)
    assert rows(bill, "charge_id", "band", "tier", "quantity", "amount") == [
        ("a", "on", 1, "7.5", "7.5"),
        ("a", "on", 2, "7.5", "15"),
        ("b", "off", 1, "2.5", "7.5"),
        ("b", "off", 2, "2.5", "12.5"),
    ]
    # in order of time Monday takes the first step, and 5 kWh of the second
    in_order = made(document(PERIODS + f"charges: [{parts % (', fill: time_order', ', fill: time_order')}]"), use)
    assert amounts(in_order) == {"a": "20", "b": "25"}


def test_periods_that_cancel_each_other_out_stay_on_the_step_where_the_ladder_stands():
    body = PERIODS + "charges: [{id: a, kind: energy, price: {on: [1, 2], off: [3, 5]}, tiers: {limits: [10], per: year}}]"
    for before, step, amount in (("9", 1, "-8"), ("10", 2, "-12")):
        bill = made(document(body), {"import_kwh": {MONDAY: "4", SATURDAY: "-4"}}, carried={"ladder|a|2026-01-01": before})
        assert {tier for (tier,) in rows(bill, "tier")} == {step}
        assert amounts(bill) == {"a": amount}


LADDERS = (
    "ladder",
    "days_of_month",
    "time_order",
    "daily_ladder",
    "year_ladder",
    "hours_use",
    "two_versions",
    "events",
    "holidays",
)


@given(random_cases(LADDERS))
@settings(max_examples=25)
def test_energy_in_is_energy_billed(case):
    carried_over = [{} for _ in case.customers]
    for number in range(len(case.borders) - 1):
        bills = referred(case, number, carried_over)
        carried_over = [bill.carried for bill in bills]
        if case.tariff.rounding.quantity != "none":
            continue
        for place, bill in enumerate(bills):
            used = sum((interval.use["import_kwh"] for interval in case.load(place, number)), Fraction(0))
            assert sum((line.quantity for line in bill.lines if line.charge_id == "use"), Fraction(0)) == used
            assert bill.total == sum((line.amount for line in bill.lines), Fraction(0))


def test_currencies_have_their_own_smallest_coin():
    yen = document('charges: [{id: use, kind: energy, price: "0.25"}]', head=HEAD.replace("EUR", "JPY"), rounding="")
    assert made(yen, {"import_kwh": {MONDAY: "10"}}).total_rounded == 3
    dinar = document('charges: [{id: use, kind: energy, price: "0.2505"}]', head=HEAD.replace("EUR", "KWD"), rounding="")
    assert made(dinar, {"import_kwh": {MONDAY: "1"}}).total_rounded == Fraction("0.251")
