"""Demand charges: what is measured, in which windows, and what a kW of it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from schemas.errors import InvariantError, TariffError
from tariffs.load import parse_tariff
from tariffs.rating import rate
from tariffs.timeline import Stretch, Timeline
from tests.tariffs.pricing.power_readings import (
    JULY,
    PERIODS,
    Readings,
    bill,
    charge,
    drawn,
    inputs_of,
    instant,
    instants,
    interval_starts,
    lines,
    metered,
    noted,
    sentences,
    tariff,
)

HOURS_OF_JULY = 31 * 24


class TestWhatIsMeasured:
    def test_a_price_is_on_the_highest_interval_of_the_billing_period(self):
        draws = {"2026-07-01T16:00": 17400, "2026-07-02T03:00": 17500, "2026-07-31T23:00": 9000}
        rated = bill('{id: power, kind: demand, price: "7.5"}', draws)
        assert lines(rated) == [(None, None, "17.5", "131.25")]
        assert sentences(rated) == ["power: 17.5 kW at 7.5 AUD/kW = 131.25 AUD"]

    def test_flat_is_another_word_for_it(self):
        rated = bill('{id: power, kind: demand, price: {flat: "7.5"}}', {"2026-07-02T03:00": 17500})
        assert lines(rated) == [(None, None, "17.5", "131.25")]

    def test_a_price_by_period_is_on_the_highest_interval_that_begins_in_it(self):
        draws = {"2026-07-01T14:00": 30000, "2026-07-01T15:00": 17400, "2026-07-01T20:00": 17300, "2026-07-01T21:00": 20000}
        rated = bill('{id: power, kind: demand, price: {peak: "7.5"}}', draws)
        assert lines(rated) == [("peak", None, "17.4", "130.5")]
        assert sentences(rated) == ["power in peak: 17.4 kW at 7.5 AUD/kW = 130.50 AUD"]

    def test_each_period_that_is_priced_has_its_own_peak(self):
        draws = {"2026-07-01T14:00": 30000, "2026-07-01T15:00": 17400}
        rated = bill('{id: power, kind: demand, price: {off: "2", peak: "7.5"}}', draws)
        assert lines(rated) == [("off", None, "30", "60"), ("peak", None, "17.4", "130.5")]

    def test_a_quarter_hour_counts_four_times_its_energy(self):
        rated = bill('{id: power, kind: demand, price: "1"}', {"2026-07-01T15:15": 1001}, minutes=15)
        assert lines(rated) == [(None, None, "4.004", "4.004")]

    def test_a_day_of_one_reading_counts_a_24th_of_its_energy(self):
        made = tariff('charges: [{id: power, kind: demand, price: "1"}]', clock="+00:00")
        rated = metered(made, drawn(made, JULY, 1440, import_kwh=[{"2026-07-02T00:00": 100_000}]))
        assert lines(rated) == [(None, None, "4.166666667", "4.166666666667")]

    def test_nothing_drawn_makes_no_line(self):
        assert lines(bill('{id: power, kind: demand, price: "7.5"}', {})) == []

    def test_energy_below_zero_counts_as_it_is_and_a_peak_below_zero_as_nothing(self):
        values = np.full((2, HOURS_OF_JULY), -500)
        values[1, 7] = 250
        rated = metered(charge('{id: power, kind: demand, price: "1", minimum: "0.1"}'), Readings({"import_kwh": values}))
        assert [lines(rated, 0), lines(rated, 1)] == [[(None, None, "0.1", "0.1")], [(None, None, "0.25", "0.25")]]

    def test_a_peak_below_zero_is_never_paid_out(self):
        values = np.full((1, HOURS_OF_JULY), -500)
        assert lines(metered(charge('{id: power, kind: demand, price: "1"}'), Readings({"import_kwh": values}))) == []

    def test_another_determinant_can_be_measured(self):
        made = charge('{id: power, kind: demand, price: "2", measure: {quantity: controlled_load_kwh}}')
        draws = drawn(made, import_kwh=[{"2026-07-01T15:00": 9000}], controlled_load_kwh=[{"2026-07-01T15:00": 4000}])
        assert lines(metered(made, draws)) == [(None, None, "4", "8")]

    def test_a_determinant_that_was_not_given_is_never_taken_for_zero(self):
        made = charge('{id: power, kind: demand, price: "2", measure: {unit: kVA}}')
        with pytest.raises(InvariantError, match="kvarh was not given"):
            metered(made, drawn(made, import_kwh=[{"2026-07-01T15:00": 9000}]))

    def test_one_that_has_sums_and_no_intervals_neither(self):
        made = charge('{id: power, kind: demand, price: "2", measure: {unit: kVA}}')
        both = drawn(made, import_kwh=[{"2026-07-01T15:00": 9000}], kvarh=[{"2026-07-01T15:00": 1000}])
        starts = interval_starts(**instants(made, JULY), minutes=60)
        only_kwh = Stretch(np.array([0]), 60, starts, {"import_kwh": both.values["import_kwh"]}, {"import_kwh": -3})
        with pytest.raises(InvariantError, match="kvarh has sums and no intervals"):
            metered(made, both, timeline=Timeline((only_kwh,)))

    def test_an_agreement_without_reactive_energy_has_none_beside_one_that_has(self):
        made = charge('{id: power, kind: demand, price: "2", measure: {unit: kVA}}')
        both = drawn(made, import_kwh=[{"2026-07-01T15:00": 9000}], kvarh=[{"2026-07-01T15:00": 1000}])
        only_kwh = drawn(made, import_kwh=[{"2026-07-01T15:00": 9000}])
        rated = metered(made, both, only_kwh)
        assert [line[2] for line in (*lines(rated, 0), *lines(rated, 1))] == ["9.055385138", "9"]

    def test_an_agreement_without_intervals_is_refused(self):
        with pytest.raises(TariffError) as error:
            bill('{id: power, kind: demand, price: "2"}', {"2026-07-01T15:00": 9000}, timeline=None)
        assert error.value.code == "tariff.needs_intervals"


class TestWindows:
    def test_begin_at_multiples_of_their_length_on_the_clock(self):
        draws = {"2026-07-01T15:30": 4000, "2026-07-01T16:00": 5000, "2026-07-01T16:30": 1000}
        rated = bill('{id: power, kind: demand, price: "1", measure: {window_min: 60}}', draws, minutes=30)
        assert lines(rated) == [(None, None, "6", "6")]

    def test_sliding_ones_begin_with_every_interval(self):
        draws = {"2026-07-01T15:30": 4000, "2026-07-01T16:00": 5000, "2026-07-01T16:30": 1000}
        rated = bill('{id: power, kind: demand, price: "1", measure: {window_min: 60, sliding: true}}', draws, minutes=30)
        assert lines(rated) == [(None, None, "9", "9")]

    def test_of_a_half_hour_on_five_minutes_hold_six_of_them(self):
        draws = {f"2026-07-01T15:{minute:02d}": 100 for minute in range(30, 60, 5)} | {"2026-07-01T16:00": 100}
        rated = bill('{id: power, kind: demand, price: "1", measure: {window_min: 30}}', draws, minutes=5)
        assert lines(rated) == [(None, None, "1.2", "1.2")]

    def test_belong_to_the_period_they_begin_in(self):
        draws = {"2026-07-01T14:30": 9000, "2026-07-01T20:30": 1000, "2026-07-01T21:00": 2000}
        measure = "measure: {window_min: 60, sliding: true}"
        rated = bill(f'{{id: power, kind: demand, price: {{peak: "1"}}, {measure}}}', draws, minutes=30)
        assert lines(rated) == [("peak", None, "3", "3")]

    def test_never_reach_past_the_end_of_the_billing_period(self):
        draws = {"2026-07-31T23:00": 1000, "2026-07-31T23:30": 5000}
        rated = bill('{id: power, kind: demand, price: "1", measure: {window_min: 60, sliding: true}}', draws, minutes=30)
        assert lines(rated) == [(None, None, "6", "6")]

    def test_lie_on_the_local_clock_where_it_is_half_an_hour_off(self):
        made = tariff('charges: [{id: power, kind: demand, price: "1", measure: {window_min: 60}}]', clock="Australia/Adelaide")
        draws = {"2026-07-01T15:30": 4000, "2026-07-01T16:00": 5000, "2026-07-01T16:30": 1000}
        assert lines(metered(made, drawn(made, JULY, 30, import_kwh=[draws]))) == [(None, None, "6", "6")]

    def test_cannot_be_made_of_intervals_that_lie_across_the_clock(self):
        made = tariff('charges: [{id: power, kind: demand, price: "1", measure: {window_min: 60}}]', clock="Australia/Adelaide")
        with pytest.raises(TariffError, match="do not begin on the clock's 60 minutes") as error:
            metered(made, drawn(made, JULY, 60, import_kwh=[{}]))
        assert error.value.code == "tariff.needs_intervals"

    def test_cannot_be_made_of_longer_intervals(self):
        with pytest.raises(TariffError, match="windows of 15 minutes cannot be made of intervals of 60 minutes") as error:
            bill('{id: power, kind: demand, price: "1", measure: {window_min: 15}}', {"2026-07-01T15:00": 9000})
        assert error.value.code == "tariff.needs_intervals"

    def test_on_the_day_of_25_hours_both_hours_of_the_same_name_count(self):
        made = tariff('charges: [{id: power, kind: demand, price: "1", measure: {window_min: 60}}]', clock="Europe/Berlin")
        starts = instant(made, "2026-10-25T02:00")
        values = np.zeros((2, 31 * 48 + 2), dtype=np.int64)
        first = (starts - instant(made, "2026-10-01T00:00")) // 1800
        values[0, first : first + 2] = 3000
        values[1, first + 1 : first + 3] = 3000
        rated = metered(made, Readings({"import_kwh": values}, 30), dates=("2026-10-01", "2026-11-01"))
        assert [lines(rated, 0)[0][2], lines(rated, 1)[0][2]] == ["6", "3"]


DRAWS = {"2026-07-01T15:00": 10_000, "2026-07-01T16:00": 9000, "2026-07-02T03:00": 7000, "2026-07-09T12:00": 5000}


class TestMeans:
    @pytest.mark.parametrize(
        ("measure", "kilowatts"),
        [
            pytest.param("{agg: mean_of_top_n, n: 1}", "10", id="the highest window"),
            pytest.param("{agg: mean_of_top_n, n: 3}", "8.666666667", id="three windows, two of one day"),
            pytest.param("{agg: mean_of_n_daily_max, n: 3}", "7.333333333", id="three days"),
            pytest.param("{agg: mean_of_n_daily_max, n: 100}", "0.709677419", id="no more days than there are"),
        ],
    )
    def test_are_of_the_highest_there_are(self, measure, kilowatts):
        rated = bill(f'{{id: power, kind: demand, price: "3", measure: {measure}}}', DRAWS)
        assert lines(rated)[0][2] == kilowatts

    def test_have_twelve_decimals_before_they_are_priced(self):
        rated = bill('{id: power, kind: demand, price: "3", measure: {agg: mean_of_top_n, n: 3}}', DRAWS)
        assert lines(rated) == [(None, None, "8.666666667", "26.000000000001")]

    def test_are_told_in_the_sentence(self):
        rated = bill('{id: power, kind: demand, price: "3", measure: {agg: mean_of_n_daily_max, n: 2}}', DRAWS)
        assert sentences(rated) == ["power: 8.5 kW (mean of the 2 highest days) at 3 AUD/kW = 25.50 AUD"]

    def test_days_are_those_of_the_tariff_clock(self):
        draws = {"2026-07-01T23:00": 8000, "2026-07-02T00:00": 6000}
        rated = bill('{id: power, kind: demand, price: "1", measure: {agg: mean_of_n_daily_max, n: 2}}', draws)
        assert lines(rated)[0][2] == "7"


class TestDaysThatCount:
    def test_only_windows_that_begin_on_them_are_looked_at(self):
        draws = {"2026-07-04T12:00": 9000, "2026-07-06T12:00": 5000}
        weekdays = bill('{id: power, kind: demand, price: "1", measure: {days: mon-fri}}', draws)
        weekend = bill('{id: power, kind: demand, price: "1", measure: {days: weekend}}', draws)
        assert (lines(weekdays)[0][2], lines(weekend)[0][2]) == ("5", "9")

    def test_a_holiday_is_the_day_it_is_priced_as(self):
        head = "holidays: {calendar: US, names: [independence_day], priced_as: weekend, observe: none}\n"
        made = tariff('charges: [{id: power, kind: demand, price: "1", measure: {days: mon-fri}}]', head=head)
        # 4 July 2025 is a Friday
        dates = ("2025-07-01", "2025-08-01")
        draws = [{"2025-07-04T12:00": 9000, "2025-07-07T12:00": 5000}]
        assert lines(metered(made, drawn(made, dates, import_kwh=draws), dates=dates))[0][2] == "5"


class TestApparentPower:
    def test_is_the_root_of_both_squares_in_each_window(self):
        active = {"2026-07-01T15:00": 3000, "2026-07-01T16:00": 4500}
        reactive = {"2026-07-01T15:00": 4000, "2026-07-01T16:00": 0}
        rated = bill('{id: power, kind: demand, price: "2", measure: {unit: kVA}}', active, kvarh=[reactive])
        assert lines(rated) == [(None, None, "5", "10")]
        assert sentences(rated) == ["power: 5 kVA at 2 AUD/kVA = 10.00 AUD"]

    def test_has_nine_decimals_in_each_window_to_the_nearest(self):
        # sqrt(1 + 1) = 1.41421356237309...; sqrt(2² + 1) = 2.2360679774997...
        low = bill(
            '{id: power, kind: demand, price: "1", measure: {unit: kVA}}',
            {"2026-07-01T15:00": 1000},
            kvarh=[{"2026-07-01T15:00": 1000}],
        )
        high = bill(
            '{id: power, kind: demand, price: "1", measure: {unit: kVA}}',
            {"2026-07-01T15:00": 2000},
            kvarh=[{"2026-07-01T15:00": 1000}],
        )
        assert (lines(low)[0][2], lines(high)[0][2]) == ("1.414213562", "2.236067977")

    def test_of_half_hours_is_twice_the_root(self):
        reactive = [{"2026-07-01T15:30": 1000}]
        rated = bill(
            '{id: p, kind: demand, price: "1", measure: {unit: kVA}}', {"2026-07-01T15:30": 1000}, minutes=30, kvarh=reactive
        )
        assert lines(rated)[0][2] == "2.828427124"

    def test_fed_in_and_lagging_reactive_energy_weigh_the_same(self):
        reactive = [{"2026-07-01T15:00": -4000}]
        rated = bill('{id: p, kind: demand, price: "1", measure: {unit: kVA}}', {"2026-07-01T15:00": 3000}, kvarh=reactive)
        assert lines(rated)[0][2] == "5"

    def test_energy_of_any_size_is_exact(self):
        # 3 and 4 times 10^15 Wh: the squares leave 64 bits
        reactive = [{"2026-07-01T15:00": 4 * 10**15}]
        rated = bill('{id: p, kind: demand, price: "1", measure: {unit: kVA}}', {"2026-07-01T15:00": 3 * 10**15}, kvarh=reactive)
        assert lines(rated)[0][2] == "5000000000000"

    def test_means_are_of_rounded_windows(self):
        measure = "{unit: kVA, agg: mean_of_top_n, n: 2}"
        active = {"2026-07-01T15:00": 1000, "2026-07-01T16:00": 2000}
        reactive = [{"2026-07-01T15:00": 1000, "2026-07-01T16:00": 1000}]
        rated = bill(f'{{id: p, kind: demand, price: "1", measure: {measure}}}', active, kvarh=reactive)
        # the mean of 1.414213562 and 2.236067977
        assert lines(rated)[0][3] == "1.8251407695"


class TestPriceSteps:
    STEPS = '{id: power, kind: demand, price: ["2", "3", "5"], tiers: {limits: ["50", "500"]}}'

    @pytest.mark.parametrize(
        ("watts", "expected"),
        [
            pytest.param(50_000, [(None, 1, "50", "100")], id="to the first limit"),
            pytest.param(50_001, [(None, 1, "50", "100"), (None, 2, "0.001", "0.003")], id="just above it"),
            pytest.param(
                620_000, [(None, 1, "50", "100"), (None, 2, "450", "1350"), (None, 3, "120", "600")], id="above the last"
            ),
        ],
    )
    def test_each_kilowatt_costs_what_its_own_step_says(self, watts, expected):
        assert lines(bill(self.STEPS, {"2026-07-01T15:00": watts})) == expected

    def test_the_sentence_names_the_step(self):
        text = '{id: power, kind: demand, price: {peak: ["2", "3"]}, tiers: {limits: ["50"]}}'
        assert sentences(bill(text, {"2026-07-01T15:00": 60_000})) == [
            "power in peak, step 1: 50 kW at 2 AUD/kW = 100.00 AUD",
            "power in peak, step 2: 10 kW at 3 AUD/kW = 30.00 AUD",
        ]

    def test_one_period_may_have_steps_and_another_one_price(self):
        text = '{id: power, kind: demand, price: {peak: ["2", "3"], off: "1"}, tiers: {limits: ["50"]}}'
        rated = bill(text, {"2026-07-01T15:00": 60_000, "2026-07-01T03:00": 70_000})
        assert lines(rated) == [("peak", 1, "50", "100"), ("peak", 2, "10", "30"), ("off", 1, "50", "50"), ("off", 2, "20", "20")]

    def test_steps_of_a_mean_add_up_to_it(self):
        text = '{id: p, kind: demand, price: ["2", "3"], tiers: {limits: ["8"]}, measure: {agg: mean_of_top_n, n: 3}}'
        draws = {"2026-07-01T15:00": 10_000, "2026-07-01T16:00": 9000, "2026-07-02T03:00": 7000}
        assert lines(bill(text, draws)) == [(None, 1, "8", "16"), (None, 2, "0.666666667", "2.000000000001")]

    def test_a_limit_beyond_any_demand_is_sound(self):
        text = (
            '{id: p, kind: demand, price: ["2", "3"], tiers: {limits: ["99999999999999"]}, measure: {agg: mean_of_top_n, n: 3}}'
        )
        assert lines(bill(text, {"2026-07-01T15:00": 3000})) == [(None, 1, "1", "2")]


class TestMinimumBilled:
    @pytest.mark.parametrize(("watts", "billed"), [(4999, "5"), (5000, "5"), (5001, "5.001")])
    def test_no_less_is_billed(self, watts, billed):
        rated = bill('{id: power, kind: demand, price: "2", minimum: "5"}', {"2026-07-01T15:00": watts})
        assert lines(rated)[0][2] == billed

    def test_the_sentence_tells_it(self):
        rated = bill('{id: power, kind: demand, price: "2", minimum: "5"}', {"2026-07-01T15:00": 1000})
        assert sentences(rated) == ["power: 5 kW (at least 5 kW) at 2 AUD/kW = 10.00 AUD"]

    def test_a_period_that_does_not_occur_is_not_charged_the_minimum(self):
        text = '{id: power, kind: demand, price: {peak: "2", off: "1"}, minimum: "5"}'
        # a weekend
        rated = bill(text, {"2026-07-04T15:00": 1000}, dates=("2026-07-04", "2026-07-06"))
        assert lines(rated) == [("off", None, "5", "5")]

    def test_nor_where_it_occurs_for_another_length_of_interval_only(self):
        periods = 'periods: {dusk: [{from: "17:30", to: "18:00"}], rest: [{else: true}]}\n'
        made = tariff(f'{periods}charges: [{{id: power, kind: demand, price: {{dusk: "2"}}, minimum: "5"}}]')
        rated = metered(made, drawn(made, JULY, 30, import_kwh=[{}]), drawn(made, JULY, 60, import_kwh=[{}]))
        assert [lines(rated, 0), lines(rated, 1)] == [[("dusk", None, "5", "10")], []]


class TestTheTimeItIsPaidFor:
    def test_per_day_is_for_each_local_day(self):
        rated = bill('{id: power, kind: demand, price: "0.25", per: day}', {"2026-07-01T15:00": 2000})
        assert lines(rated) == [(None, None, "2", "15.5")]
        assert sentences(rated) == ["power: 2 kW for 31 days at 0.25 AUD/kW/day = 15.50 AUD"]

    def test_per_day_counts_a_day_of_25_hours_as_one(self):
        made = tariff('charges: [{id: power, kind: demand, price: "1", per: day}]', clock="Europe/Berlin")
        dates = ("2026-10-25", "2026-10-26")
        rated = metered(made, drawn(made, dates, import_kwh=[{"2026-10-25T15:00": 1000}]), dates=dates)
        assert sentences(rated) == ["power: 1 kW for 1 day at 1 AUD/kW/day = 1.00 AUD"]

    def test_per_month_is_once_a_billing_period_however_long(self):
        dates = ("2026-07-01", "2026-07-11")
        rated = bill('{id: power, kind: demand, price: "7.5"}', {"2026-07-01T15:00": 2000}, dates=dates)
        assert lines(rated) == [(None, None, "2", "15")]

    def test_hours_without_a_day_cost_nothing_by_the_day(self):
        made = charge('{id: power, kind: demand, price: "1", per: day}')
        readings = drawn(made, ("2026-07-01", "2026-07-02"), import_kwh=[{"2026-07-01T15:00": 1000}])
        inputs = inputs_of(made, readings, dates=("2026-07-01", "2026-07-02"))
        noon = inputs.starts_at + timedelta(hours=12)
        stretch = inputs.timeline.stretches[0]
        values = {name: rows[:, 12:] for name, rows in stretch.values.items()}
        timeline = Timeline((replace(stretch, starts=stretch.starts[12:], values=values),))
        assert lines(rate(replace(inputs, starts_at=noon, timeline=timeline))) == []

    @pytest.mark.parametrize("rule", ["none", "days_of_month", "days_of_nominal_month"])
    def test_days_are_not_prorated_whatever_the_rule_says(self, rule):
        with pytest.raises(TariffError) as refused:
            tariff(f'charges: [{{id: power, kind: demand, price: "1", per: day, prorate: {rule}}}]')
        assert (refused.value.code, refused.value.where) == ("tariff.invalid", "versions[0].charges[0]")

    def test_prorated_by_a_nominal_month(self):
        text = '{id: power, kind: demand, price: "7.3", prorate: days_of_nominal_month}'
        rated = bill(text, {"2026-07-01T15:00": 2000}, dates=("2026-07-01", "2026-07-11"))
        # 2 kW x 7.3 x 10 / (365 / 12)
        assert lines(rated) == [(None, None, "2", "4.8")]
        assert sentences(rated) == ["power: 2 kW for 0.328767123 month at 7.3 AUD/kW/month = 4.80 AUD"]

    def test_prorated_by_the_days_of_each_month(self):
        text = '{id: power, kind: demand, price: "31", prorate: days_of_month}'
        rated = bill(text, {"2026-07-01T15:00": 2000}, dates=("2026-07-01", "2026-07-11"))
        assert lines(rated) == [(None, None, "2", "20")]


TWO_VERSIONS = """\
- from: 2026-01-01
  charges: [{id: power, kind: demand, price: "31"}]
- from: 2026-07-11
  charges: [{id: power, kind: demand, price: "62"}]
"""


class TestTwoVersionsInABillingPeriod:
    def rated(self, draws, measure=""):
        text = TWO_VERSIONS.replace('"}]', f'"{measure}}}]')
        head = "tariff: example\ncurrency: AUD\nclock: Australia/Perth\nrounding: {line: none}\nversions:\n"
        made = parse_tariff(head + text, "example.yaml")
        return metered(made, drawn(made, JULY, 30, import_kwh=[draws]))

    def test_each_has_the_peak_of_its_own_intervals_and_its_share_of_the_days(self):
        rated = self.rated({"2026-07-10T23:30": 1000, "2026-07-11T00:00": 1500})
        # 2 kW x 31 x 10/31 and 3 kW x 62 x 21/31
        assert lines(rated) == [(None, None, "2", "20"), (None, None, "3", "126")]
        assert sentences(rated) == [
            "power: 2 kW for 10 of 31 days at 31 AUD/kW = 20.00 AUD",
            "power: 3 kW for 21 of 31 days at 62 AUD/kW = 126.00 AUD",
        ]

    def test_a_sliding_window_lies_in_one_of_them(self):
        rated = self.rated({"2026-07-10T23:30": 1000, "2026-07-11T00:00": 1500}, ", measure: {window_min: 60, sliding: true}")
        assert [line[2] for line in lines(rated)] == ["1", "1.5"]


class TestPowerFactorTarget:
    TEXT = '{id: power, kind: demand, price: "1", power_factor: {target: "0.90"}}'

    def test_raises_the_measured_power_where_the_power_factor_is_below_it(self):
        # 3000 kWh and 4000 kvarh: power factor 0.6; 30 kW x 0.9 / 0.6
        active = {"2026-07-01T15:00": 30_000, "2026-07-02T15:00": 0}
        rated = bill(self.TEXT, active, kvarh=[{"2026-07-02T03:00": 40_000}])
        assert lines(rated) == [(None, None, "45", "45")]
        assert sentences(rated) == ["power: 45 kW (at power factor 0.9) at 1 AUD/kW = 45.00 AUD"]

    def test_leaves_it_alone_at_the_target(self):
        text = self.TEXT.replace("0.90", "0.6")
        rated = bill(text, {"2026-07-01T15:00": 30_000}, kvarh=[{"2026-07-02T03:00": 40_000}])
        assert lines(rated)[0][2] == "30"

    def test_divides_by_the_power_factor_as_it_is_rounded(self):
        # 1 / sqrt(2) = 0.70710678... -> 0.7071 or 0.71; x 0.9 / pf
        for places, billed in (("4", "1.272804412389"), ("2", "1.267605633803")):
            text = self.TEXT.replace('"0.90"', f'"0.90", places: "{places}"')
            rated = bill(text, {"2026-07-01T15:00": 1000}, kvarh=[{"2026-07-02T03:00": 1000}])
            assert lines(rated)[0][3] == billed

    def test_corrects_no_power_by_a_power_factor_of_zero(self):
        values = {
            "import_kwh": np.zeros((1, HOURS_OF_JULY), dtype=np.int64),
            "kvarh": np.ones((1, HOURS_OF_JULY), dtype=np.int64),
        }
        made = charge(self.TEXT)
        assert lines(metered(made, Readings(values))) == []
        # 5 kWh in and 5 out again: no active energy in the end, and no power factor to correct 0.005 kW by
        values["import_kwh"][0, :2] = 5, -5
        assert lines(metered(made, Readings(values))) == [(None, None, "0.005", "0.005")]

    def test_is_noted(self):
        rated = bill(self.TEXT, {"2026-07-01T15:00": 30_000}, kvarh=[{"2026-07-02T03:00": 40_000}])
        assert noted(rated, "power_factor.power") == [(0, None, ["0.6"], "1", None)]


class TestWhatIsNoted:
    def test_the_peak_with_its_time_the_first_of_equals(self):
        made = charge('{id: power, kind: demand, price: {peak: "1"}}')
        draws = [{"2026-07-02T03:00": 8000, "2026-07-05T03:00": 8000, "2026-07-03T16:00": 7000}]
        rated = metered(made, drawn(made, import_kwh=draws))
        times = [instant(made, "2026-07-02T03:00")], [instant(made, "2026-07-03T16:00")]
        assert noted(rated, "peak_kw") == [(0, None, ["8"], "kW", times[0]), (0, "peak", ["7"], "kW", times[1])]
        assert noted(rated, "billing_demand_kw") == [(0, None, ["8"], "kW", None)]

    def test_a_peak_measured_in_another_way_under_the_name_of_its_charge(self):
        made = charge('{id: power, kind: demand, price: "1", measure: {window_min: 60}}')
        rated = metered(made, drawn(made, JULY, 30, import_kwh=[{"2026-07-02T03:30": 8000}]))
        at = [instant(made, "2026-07-02T03:00")]
        assert noted(rated, "peak_kw.power") == [(0, None, ["8"], "kW", at)]
        assert noted(rated, "peak_kw")[0][2] == ["16"]

    def test_the_peak_of_a_tariff_without_a_charge_on_power(self):
        made = tariff('charges: [{id: use, kind: energy, price: "0.1"}]')
        rated = metered(made, drawn(made, import_kwh=[{"2026-07-02T03:00": 8000}]))
        assert noted(rated, "peak_kw") == [(0, None, ["8"], "kW", [instant(made, "2026-07-02T03:00")])]

    def test_a_period_without_any_window_has_no_time(self):
        made = charge('{id: power, kind: demand, price: "1", measure: {days: mon}}')
        dates = ("2026-07-04", "2026-07-05")
        rated = metered(made, drawn(made, dates, import_kwh=[{"2026-07-04T03:00": 8000}]), dates=dates)
        assert noted(rated, "peak_kw.power") == [(0, None, ["0"], "kW", [-1])]


class TestOptions:
    def test_a_charge_for_some_agreements_stands_on_their_bills_only(self):
        made = tariff(f'{PERIODS}charges: [{{id: power, kind: demand, price: "1", only_for: heat_pump, minimum: "5"}}]')
        readings = drawn(made, import_kwh=[{"2026-07-02T03:00": 8000}, {"2026-07-02T03:00": 9000}])
        rated = metered(made, readings, options={"heat_pump": np.array([False, True])})
        assert [lines(rated, 0), lines(rated, 1)] == [[], [(None, None, "9", "9")]]
