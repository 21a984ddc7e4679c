"""Charges on power and reactive energy by the reference, by hand."""

from __future__ import annotations

from fractions import Fraction
from types import MappingProxyType

import pytest

from schemas.errors import TariffError
from tariffs.reference.figures import half_even, half_up, root, share_out
from tariffs.reference.given import Agreement
from tests.tariffs.reference.by_hand import HEAD, amounts, carried, document, each_hour, made, only, rows

ON_OFF = 'periods: {on: [{days: mon-fri, from: "08:00", to: "20:00"}], off: [{else: true}]}\n'
MONDAY = "2026-01-05"


def demand(rest: str, *, price: str = '"1"', before: str = "") -> str:
    return f"{before}charges: [{{id: power, kind: demand, price: {price}{rest}}}]"


def kw(body, use, *, minutes=60, **more):
    return [quantity for (quantity,) in rows(made(document(body), {"import_kwh": use}, minutes=minutes, **more), "quantity")]


def test_a_demand_charge_may_have_periods_of_its_own_by_the_same_names():
    own = ', periods: {on: [{days: all, from: "00:00", to: "08:00"}], off: [{else: true}]}'
    body = demand(own, price='{on: "1", off: "2"}', before=ON_OFF)
    use = {"import_kwh": {f"{MONDAY}T07:00": "3", f"{MONDAY}T09:00": "5"}}
    assert rows(made(document(body), use), "band", "quantity") == [("on", "3"), ("off", "5")]
    ratchet = demand(own + ", ratchet: {percent: 100, months: 1, of: on}", price='{on: "1"}', before=ON_OFF)
    assert carried(made(document(ratchet), use)) == {"peak|power|2026-01": "3"}


class TestNumbers:
    def test_are_rounded_half_up_away_from_zero_or_half_even(self):
        assert [half_up(Fraction(each, 10), 0) for each in (5, 14, 15, -5, -14)] == [1, 1, 2, -1, -1]
        assert [half_even(Fraction(each, 10), 0) for each in (5, 14, 15, 25, -5)] == [0, 1, 2, 2, 0]

    def test_a_root_is_to_the_nearest_never_down(self):
        # the root of 2 is 1.41421356237..., that of 7 is 2.6457513110645..., that of 3 is 1.7320508075688...
        assert root(Fraction(3), 9) == Fraction("1.732050808")
        assert root(Fraction(2), 3) == Fraction("1.414")
        assert root(Fraction(7), 9) == Fraction("2.645751311")
        assert root(Fraction("6.25"), 0) == 2

    def test_a_share_out_gives_the_rest_to_the_largest_remainders(self):
        assert share_out([Fraction(1), Fraction(1), Fraction(2)], 7) == [2, 2, 3]
        assert share_out([Fraction(-1), Fraction(3)], 5) == [-2, 7]
        assert share_out([Fraction(0), Fraction(0)], 0) == [0, 0]


class TestWindows:
    def test_demand_is_the_import_of_an_interval_divided_by_its_hours(self):
        assert kw(demand(""), {f"{MONDAY}T10:15": "2"}, minutes=15) == ["8"]

    def test_windows_begin_at_multiples_of_their_length_on_the_clock(self):
        use = {f"{MONDAY}T10:30": "2", f"{MONDAY}T11:00": "3"}
        assert kw(demand(", measure: {window_min: 60}"), use, minutes=30) == ["3"]

    def test_or_with_every_interval_where_they_slide(self):
        use = {f"{MONDAY}T10:30": "2", f"{MONDAY}T11:00": "3"}
        assert kw(demand(", measure: {window_min: 60, sliding: true}"), use, minutes=30) == ["5"]

    def test_they_lie_wholly_inside_the_billing_period(self):
        use = {"2026-01-31T23:45": "5"}
        body = demand(", measure: {window_min: 30, sliding: true}")
        # the window from 23:45 would end in February; that from 23:30 holds 5 kWh
        assert kw(body, use, minutes=15) == ["10"]
        assert kw(body, {"2026-01-01T00:00": "5"}, minutes=15) == ["10"]

    def test_an_interval_that_ends_after_the_period_is_energy_and_no_demand(self):
        body = 'charges: [{id: power, kind: demand, price: "1"}, {id: use, kind: energy, price: "1"}]'
        bill = made(document(body), {"import_kwh": {f"{MONDAY}T10:00": "7"}}, after=f"{MONDAY}T10:30")
        assert amounts(bill) == {"use": "7"}

    def test_and_inside_the_version(self):
        body = """\
versions:
- from: 2020-01-01
  charges: [{id: power, kind: demand, price: "31", measure: {window_min: 60, sliding: true}}]
- from: 2026-01-11
  charges: [{id: power, kind: demand, price: "31", measure: {window_min: 60, sliding: true}}]
"""
        use = {"2026-01-10T23:30": "4", "2026-01-11T00:00": "3"}
        bill = made(document(body), {"import_kwh": use}, minutes=30)
        # no window holds both; 10 and 21 of 31 days
        assert rows(bill, "quantity", "amount") == [("4", "40"), ("3", "63")]

    def test_a_longer_interval_than_the_window_is_refused(self):
        with pytest.raises(TariffError, match="no whole number of intervals of 60 minutes") as refused:
            kw(demand(", measure: {window_min: 30}"), {})
        assert refused.value.code == "tariff.needs_intervals"

    @pytest.mark.parametrize(
        ("measure", "expected"),
        [
            pytest.param("agg: max", "9", id="the highest"),
            pytest.param("agg: mean_of_top_n, n: 3", "8", id="the mean of the three highest"),
            pytest.param("agg: mean_of_n_daily_max, n: 3", "5.333333333", id="the mean of the highest of three days"),
            pytest.param("agg: mean_of_n_daily_max, n: 2", "7", id="of two days"),
            pytest.param("agg: max, days: [sat]", "2", id="on the days that count"),
        ],
    )
    def test_what_is_made_of_the_highest(self, measure, expected):
        use = each_hour(MONDAY, ["7", "8", "9"]) | {"2026-01-06T00:00": "5", "2026-01-10T00:00": "2"}
        assert kw(demand(f", measure: {{{measure}}}"), use) == [expected]

    def test_fewer_windows_than_the_mean_asks_for_are_all_there_is(self):
        use = each_hour("2026-01-01", ["1", "2"])
        body = demand(", measure: {agg: mean_of_top_n, n: 100}")
        # 48 intervals of two days, of which two are not zero
        assert kw(body, use, after="2026-01-03") == ["0.0625"]

    def test_a_negative_demand_counts_as_zero(self):
        use = dict.fromkeys([f"2026-01-01T{hour:02d}:00" for hour in range(24)], "-1")
        assert kw(demand(', minimum: "0.5"'), use, after="2026-01-02") == ["0.5"]
        assert kw(demand(""), use, after="2026-01-02") == []
        assert made(document(demand("")), {"import_kwh": use}, after="2026-01-02").peak_kw == 0

    def test_kva_are_the_root_of_active_and_reactive_energy(self):
        use = {"import_kwh": {f"{MONDAY}T10:00": "3"}, "kvarh": {f"{MONDAY}T10:00": "4"}}
        bill = made(document(demand(", measure: {unit: kVA}")), use)
        assert rows(bill, "quantity", "unit") == [("5", "kVA")]
        quarters = made(
            document(demand(", measure: {unit: kVA}")),
            {"import_kwh": {f"{MONDAY}T10:00": "1"}, "kvarh": {f"{MONDAY}T10:00": "1"}},
            minutes=15,
        )
        # 1.414213562 kVAh in a quarter of an hour
        assert only(quarters, "quantity") == "5.656854248"


class TestPeriodsAndSteps:
    USE = MappingProxyType({f"{MONDAY}T10:00": "8", "2026-01-10T10:00": "3"})

    def test_each_priced_period_has_its_own_peak(self):
        bill = made(document(demand("", price='{on: "2", off: "5"}', before=ON_OFF)), {"import_kwh": self.USE})
        assert rows(bill, "band", "quantity", "amount") == [("on", "8", "16"), ("off", "3", "15")]

    def test_periods_without_a_price_have_no_charge(self):
        bill = made(document(demand("", price='{off: "5"}', before=ON_OFF)), {"import_kwh": self.USE})
        assert rows(bill, "band", "quantity") == [("off", "3")]

    def test_a_period_that_does_not_occur_has_no_line_not_even_a_minimum(self):
        body = demand(', minimum: "4"', price='{on: "2", off: "5"}', before=ON_OFF)
        bill = made(document(body), {"import_kwh": {}}, first="2026-01-10", after="2026-01-12")
        assert rows(bill, "band", "quantity") == [("off", "4")]

    def test_steps_are_marginal(self):
        bill = made(document(demand(', tiers: {limits: ["5", "7"]}', price='["1", "2", "4"]')), {"import_kwh": self.USE})
        assert rows(bill, "tier", "quantity", "amount") == [(1, "5", "5"), (2, "2", "4"), (3, "1", "4")]

    @pytest.mark.parametrize(
        ("rule", "amount"),
        [
            ("", "8"),
            (", per: day", "112"),
            (", prorate: days_of_month", "4"),
            (", prorate: days_of_nominal_month", "3.682191781"),
        ],
    )
    def test_a_short_billing_period(self, rule, amount):
        # 14 days of February: 8 x 14 x 12 / 365 = 3.68219...
        bill = made(document(demand(rule)), {"import_kwh": {"2026-02-03T10:00": "8"}}, first="2026-02-01", after="2026-02-15")
        assert rows(bill, "quantity", "amount") == [("8", amount)]


class TestRatchets:
    RULE = 'billing_demand: {percent: "50", months: 2, minimum: "3"}\n'

    def billed(self, body, peak, **history):
        handed = {f"peak|*|{month.replace('_', '-')[1:]}": kw for month, kw in history.items()}
        bill = made(document(body), {"import_kwh": {f"{MONDAY}T10:00": peak}}, carried=handed)
        return only(bill, "quantity", charge="power")

    @pytest.mark.parametrize(
        ("peak", "history", "expected"),
        [
            pytest.param("10", {}, "5", id="a share of this month's peak"),
            pytest.param("10", {"m2025_11": "30"}, "15", id="of that of two months ago"),
            pytest.param("10", {"m2025_10": "30"}, "5", id="not of three months ago"),
            pytest.param("1", {}, "3", id="at least the minimum"),
            pytest.param("10", {"m2026_01": "14"}, "7", id="an earlier billing period of the month had the larger peak"),
        ],
    )
    def test_bill_the_largest_of_past_shares(self, peak, history, expected):
        assert self.billed(self.RULE + demand(""), peak, **history) == expected

    def test_at_least_the_actual_peak_in_its_months(self):
        body = self.RULE.replace("months: 2", "months: 2, at_least_actual: [1]") + demand("")
        assert self.billed(body, "10") == "10"
        assert self.billed(body.replace("[1]", "[2]"), "10") == "5"

    def test_each_month_has_its_own_percentage(self):
        body = "billing_demand: {percent_by_month: [10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40, 0], months: 2}\n" + demand("")
        assert self.billed(body, "10", m2025_11="30", m2025_12="90") == "12"

    def test_hand_on_the_peaks_that_may_still_be_looked_at(self):
        handed = {"peak|*|2025-10": "1", "peak|*|2025-11": "2", "peak|*|2026-01": "14"}
        bill = made(document(self.RULE + demand("")), {"import_kwh": {f"{MONDAY}T10:00": "10"}}, carried=handed)
        assert carried(bill) == {"peak|*|2025-11": "2", "peak|*|2026-01": "14"}

    def test_apply_to_every_demand_charge_and_every_limit_per_kw(self):
        body = (
            self.RULE
            + 'charges: [{id: power, kind: demand, price: {on: "1", off: "2"}}, {id: use, kind: energy, price: ["2", "1"], '
            'tiers: {blocks: [{kwh_per_kw: "2"}, {}]}}]'
        )
        bill = made(document(ON_OFF + body), {"import_kwh": {f"{MONDAY}T10:00": "10", f"{MONDAY}T11:00": "5"}})
        assert rows(bill, "band", "quantity") == [("on", "5"), ("off", "5"), (None, "10"), (None, "5")]
        assert (bill.peak_kw, bill.billing_demand_kw) == (10, 5)

    def test_of_one_charge_may_look_at_one_period_alone(self):
        body = demand(', ratchet: {percent: "100", months: 1, of: on}', before=ON_OFF)
        bill = made(
            document(body), {"import_kwh": {f"{MONDAY}T10:00": "4", "2026-01-10T10:00": "9"}}, carried={"peak|power|2025-12": "6"}
        )
        assert only(bill, "quantity") == "6"
        assert carried(bill) == {"peak|power|2025-12": "6", "peak|power|2026-01": "4"}

    def test_of_one_charge_measure_as_the_charge_unless_they_say_how(self):
        use = {f"{MONDAY}T10:00": "4", f"{MONDAY}T10:30": "2"}
        body = demand(', measure: {window_min: 60}, ratchet: {percent: "100", months: 1}')
        assert kw(body, use, minutes=30) == ["6"]
        assert kw(body.replace("months: 1", "months: 1, measure: {window_min: 30}"), use, minutes=30) == ["8"]

    def test_peaks_are_kept_while_the_charge_does_not_stand(self):
        body = demand(', months: [6], ratchet: {percent: "100", months: 1}')
        bill = made(document(body), {"import_kwh": {f"{MONDAY}T10:00": "4"}})
        assert (bill.lines, carried(bill)) == ((), {"peak|power|2026-01": "4"})


class TestPowerFactor:
    def use(self, kvarh):
        return {"import_kwh": {f"{MONDAY}T10:00": "3"}, "kvarh": {f"{MONDAY}T10:00": kvarh}}

    def test_a_demand_is_raised_where_it_is_below_the_target(self):
        # 3 / root(9 + 16) = 0.6; 3 kW x 0.9 / 0.6
        body = demand(', power_factor: {target: "0.9"}')
        assert only(made(document(body), self.use("4")), "quantity") == "4.5"
        assert only(made(document(body), self.use("1")), "quantity") == "3"

    @pytest.mark.parametrize(("places", "expected"), [("1", "0.8"), ("2", "0.83"), ("4", "0.8321")])
    def test_it_is_rounded_half_up(self, places, expected):
        # 3 / root(13) = 0.83205...
        body = demand(f', power_factor: {{target: "1", places: {places}}}', price='"1"')
        measured = made(document(body), self.use("2")).lines[0].quantity
        assert measured == half_even(Fraction(3) / Fraction(expected), 9)

    CHARGE = (
        'charges: [{id: power, kind: demand, price: "100"}, '
        '{id: pf, kind: power_factor, of: [power], target: "0.9", step: "0.05", percent: "2"}]'
    )

    def test_a_surcharge_for_each_whole_step_below_the_target(self):
        # 0.9 - 0.8321 is one step of 0.05: 2 % of 300
        assert rows(made(document(self.CHARGE), self.use("2")), "quantity", "price", "amount", charge="pf") == [
            ("300", "0.02", "6")
        ]
        # 3 / root(13.84) = 0.8064: nearly two steps are one
        assert only(made(document(self.CHARGE), self.use("2.2")), "price", charge="pf") == "0.02"
        # 0.9 - 0.6 is six: 12 %
        assert only(made(document(self.CHARGE), self.use("4")), "amount", charge="pf") == "36"

    def test_none_at_the_target_or_within_its_first_step(self):
        assert amounts(made(document(self.CHARGE), self.use("1"))) == {"power": "300"}
        # 3 / root(9 + 2.25) = 0.8944 is below 0.9 by less than a step
        assert amounts(made(document(self.CHARGE), self.use("1.5"))) == {"power": "300"}

    def test_none_without_any_energy(self):
        use = {"import_kwh": {f"{MONDAY}T10:00": "3", f"{MONDAY}T11:00": "-3"}}
        assert amounts(made(document(self.CHARGE), use)) == {"power": "300"}

    def test_of_reactive_energy_alone_it_is_zero(self):
        use = {"import_kwh": {f"{MONDAY}T10:00": "3", f"{MONDAY}T11:00": "-3"}, "kvarh": {f"{MONDAY}T10:00": "9"}}
        # 0.9 - 0 is 18 steps of 0.05, 2 % each, of 300
        assert amounts(made(document(self.CHARGE), use)) == {"power": "300", "pf": "108"}
        # and there is nothing to correct a demand by
        body = demand(', power_factor: {target: "1"}', price='"1"')
        assert made(document(body), use).lines[0].quantity == 3


class TestContractedPower:
    def test_of_the_agreement(self):
        body = 'charges: [{id: c, kind: contracted, price: "0.1", per: day}]'
        bill = made(document(body), {}, agreement=Agreement({"contracted_kw": Fraction("5.5")}))
        assert rows(bill, "quantity", "unit", "amount") == [("5.5", "kW", "17.05")]

    def test_of_each_period_whether_it_occurs_or_not(self):
        body = ON_OFF + 'charges: [{id: c, kind: contracted, price: {on: "1", off: "2"}, per: month}]'
        facts = {"contracted_kw.on": Fraction(4), "contracted_kw.off": Fraction(3)}
        bill = made(document(body), {}, first="2026-01-10", after="2026-01-12", agreement=Agreement(facts))
        assert rows(bill, "band", "quantity", "amount") == [("on", "4", "4"), ("off", "3", "6")]

    def test_of_the_document(self):
        body = 'charges: [{id: c, kind: contracted, price: "12", per: year, contracted: "5"}]'
        assert only(made(document(body), {}), "amount") == "5"

    def test_that_nobody_says_is_refused(self):
        with pytest.raises(TariffError, match="asks for contracted_kw") as refused:
            made(document('charges: [{id: c, kind: contracted, price: "1", per: month}]'), {})
        assert refused.value.code == "agreement.fact"

    @pytest.mark.parametrize(
        ("peak", "billed"),
        [
            pytest.param("8.4", "8.5", id="below 85 percent"),
            pytest.param("8.5", "8.5", id="at 85 percent"),
            pytest.param("9", "9", id="between"),
            pytest.param("10.2", "10.2", id="between, above the contract"),
            pytest.param("10.5", "10.5", id="at 105 percent"),
            pytest.param("11", "12", id="above: the peak and twice the half kW above 10.5"),
        ],
    )
    def test_with_a_band_around_the_contract(self, peak, billed):
        excess = 'excess: {below_percent: "85", above_percent: "105", times: "2"}'
        body = f'charges: [{{id: c, kind: contracted, price: "1", per: month, contracted: "10", {excess}}}]'
        assert kw(body, {f"{MONDAY}T10:00": peak}) == [billed]


class TestCoincidentPeaks:
    HEAD = (
        HEAD
        + 'events: {system: [{from: "2026-01-05T17:00", to: "2026-01-05T19:00"}, '
        + '{from: "2026-01-06T17:00", to: "2026-01-06T18:00"}]}\n'
    )
    USE = MappingProxyType({f"{MONDAY}T17:00": "3", f"{MONDAY}T18:00": "5", f"{MONDAY}T19:00": "99", "2026-01-06T17:00": "6"})

    @pytest.mark.parametrize(("agg", "kw"), [("mean", "5"), ("max", "6"), ("sum", "10")])
    def test_are_the_kw_in_the_windows_of_the_event(self, agg, kw):
        body = f'charges: [{{id: cp, kind: coincident, price: "2", events: system, agg: {agg}}}]'
        bill = made(document(body, head=self.HEAD), {"import_kwh": self.USE})
        assert rows(bill, "quantity", "unit", "price") == [(kw, "kW", "2")]

    BODY = 'charges: [{id: cp, kind: coincident, price: "2", events: system}]'

    def test_without_a_window_there_is_no_line(self):
        assert made(document(self.BODY, head=self.HEAD), {}, first="2026-02-01", after="2026-03-01").lines == ()

    @pytest.mark.parametrize("after", ["2026-01-06T17:30", "2026-01-05T18:00"])
    def test_a_window_that_is_not_wholly_in_the_period_is_refused(self, after):
        with pytest.raises(TariffError, match="is not wholly in the billing period") as refused:
            made(document(self.BODY, head=self.HEAD), {}, after=after, minutes=30)
        assert refused.value.code == "events.edge"

    def test_a_window_that_cuts_an_interval_is_refused(self):
        head = self.HEAD.replace("T19:00", "T18:30")
        with pytest.raises(TariffError, match="cuts an interval"):
            made(document(self.BODY, head=head), {})
        assert only(made(document(self.BODY, head=head), {"import_kwh": {f"{MONDAY}T18:00": "3"}}, minutes=30), "quantity") == "1"

    def test_a_window_has_the_hours_that_pass(self):
        head = HEAD + 'events: {system: [{from: "2026-03-29T00:00", to: "2026-03-29T06:00"}]}\n'
        bill = made(
            document(self.BODY, head=head), {"import_kwh": {"2026-03-29T05:00": "10"}}, first="2026-03-01", after="2026-04-01"
        )
        assert only(bill, "quantity") == "2"


class TestReactiveEnergy:
    def test_is_charged_above_a_share_of_the_active(self):
        body = 'charges: [{id: r, kind: reactive, price: "0.1", free_percent: "33"}]'
        use = {"import_kwh": {f"{MONDAY}T10:00": "100"}, "kvarh": {"2026-01-10T10:00": "50"}}
        assert rows(made(document(body), use), "quantity", "unit", "amount") == [("17", "kvarh", "1.7")]
        assert made(document(body), use | {"kvarh": {f"{MONDAY}T10:00": "33"}}).lines == ()

    def test_in_each_period_by_itself_where_periods_have_prices(self):
        body = ON_OFF + 'charges: [{id: r, kind: reactive, price: {on: "0.1", off: "1"}, free_percent: "33"}]'
        use = {"import_kwh": {f"{MONDAY}T10:00": "100"}, "kvarh": {"2026-01-10T10:00": "50"}}
        assert rows(made(document(body), use), "band", "quantity") == [("off", "50")]
