"""Billing demand: what a month's own peak and those of earlier months come to, and what is kept for later ones."""

from __future__ import annotations

import pytest

from tariffs.calendar import version_spans
from tariffs.load import parse_tariff
from tariffs.pricing.peaks import billing_demand_kw
from tariffs.pricing.work import Work
from tests.tariffs.pricing.power_readings import (
    PERIODS,
    charge,
    decimals,
    drawn,
    exact,
    inputs_of,
    instants,
    lines,
    metered,
    noted,
    sentences,
    tariff,
)

PERCENT_BY_MONTH = '["60", "60", "60", "60", "60", "95", "95", "95", "95", "60", "60", "60"]'
RULE = f'percent_by_month: {PERCENT_BY_MONTH}, months: 11, minimum: "100", at_least_actual: [6, 7, 8, 9]'
MONTHS = {
    "2026-01": ("2026-01-01", "2026-02-01"),
    "2026-02": ("2026-02-01", "2026-03-01"),
    "2026-07": ("2026-07-01", "2026-08-01"),
}


def of_version(rule=RULE, charges='[{id: power, kind: demand, price: "1"}]'):
    return tariff(f"{PERIODS}billing_demand: {{{rule}}}\ncharges: {charges}")


def rated(made, month, peak, **carried):
    """The bill of a month in which the highest hour, at noon on its second day (a weekday), was so many watts."""
    dates = MONTHS[month]
    state = {name.replace("_", "-"): value for name, value in carried.items()}
    draws = [{f"{month}-02T12:00": peak}]
    kept = {f"peak|*|{name[1:]}": exact(value) for name, value in state.items()}
    return metered(made, drawn(made, dates, import_kwh=draws), dates=dates, carried=kept)


class TestBillingDemandOfAVersion:
    @pytest.mark.parametrize(
        ("month", "peak", "before", "billed"),
        [
            pytest.param("2026-07", 700_000, {}, "700", id="in a month of at_least_actual, its own peak"),
            pytest.param("2026-02", 700_000, {}, "420", id="in another month its own share of it"),
            pytest.param("2026-02", 100_000, {}, "100", id="at least the minimum"),
            pytest.param("2026-02", 100_000, {"m2025_07": "700"}, "665", id="an earlier month by that month's percentage"),
            pytest.param("2026-02", 100_000, {"m2025_10": "700"}, "420", id="which may be a lower one"),
            pytest.param("2026-02", 100_000, {"m2025_03": "700"}, "420", id="eleven months back"),
            pytest.param("2026-02", 100_000, {"m2025_02": "700"}, "100", id="and not twelve"),
            pytest.param("2026-02", 100_000, {"m2026_03": "700"}, "100", id="nor ahead"),
            pytest.param("2026-07", 700_000, {"m2025_09": "800"}, "760", id="more than the month's own peak"),
        ],
    )
    def test_is_the_largest_of_minimum_shares_of_peaks_and_own_peak(self, month, peak, before, billed):
        assert lines(rated(of_version(), month, peak, **before)) == [(None, None, billed, billed)]

    def test_one_percentage_may_stand_for_all_months(self):
        made = of_version('percent: "75", months: 1')
        assert lines(rated(made, "2026-02", 100_000, m2026_01="200"))[0][2] == "150"

    def test_every_demand_charge_uses_it_that_of_a_period_too(self):
        made = of_version(charges='[{id: a, kind: demand, price: {peak: "2", off: "1"}}, {id: b, kind: demand, price: "3"}]')
        assert lines(rated(made, "2026-07", 700_000)) == [
            ("peak", None, "700", "1400"),
            ("off", None, "700", "700"),
            (None, None, "700", "2100"),
        ]

    def test_the_minimum_of_a_charge_comes_after_it(self):
        made = of_version(charges='[{id: a, kind: demand, price: "2", minimum: "150"}]')
        assert lines(rated(made, "2026-02", 1000)) == [(None, None, "150", "300")]

    def test_is_told_and_noted(self):
        bill = rated(of_version(), "2026-02", 700_000)
        assert sentences(bill) == ["power: 420 kW (billing demand) at 1 AUD/kW = 420.00 AUD"]
        assert noted(bill, "billing_demand_kw") == [(0, None, ["420"], "kW", None)]
        assert noted(bill, "peak_kw")[0][2] == ["700"]

    def test_is_measured_as_it_says(self):
        made = of_version('percent: "100", months: 0, measure: {days: weekend}')
        dates = MONTHS["2026-02"]
        draws = [{"2026-02-02T12:00": 9000, "2026-02-07T12:00": 4000}]
        bill = metered(made, drawn(made, dates, import_kwh=draws), dates=dates)
        assert lines(bill)[0][2] == "4"
        assert decimals(bill.carried["peak|*|2026-02"]) == ["4"]


class TestWhatIsKept:
    def test_the_measured_peak_of_the_month_not_what_is_billed(self):
        bill = rated(of_version(), "2026-02", 50_000)
        assert {name: decimals(value) for name, value in bill.carried.items()} == {"peak|*|2026-02": ["50"]}

    def test_months_that_may_still_be_looked_at_and_no_others(self):
        before = {"m2025_03": "3", "m2025_02": "2", "m2025_12": "12"}
        bill = rated(of_version('percent: "100", months: 10'), "2026-01", 1000, **before)
        # a billing period that ends in January too would look back at March 2025
        assert sorted(bill.carried) == ["peak|*|2025-03", "peak|*|2025-12", "peak|*|2026-01"]

    def test_the_larger_peak_of_a_month_with_two_billing_periods(self):
        for first, second, kept in ((8000, 5000, "8"), (5000, 8000, "8")):
            made = of_version('percent: "50", months: 1, at_least_actual: [7]')
            dates = ("2026-07-01", "2026-07-11"), ("2026-07-11", "2026-08-01")
            before = metered(made, drawn(made, dates[0], import_kwh=[{"2026-07-02T12:00": first}]), dates=dates[0])
            draws = drawn(made, dates[1], import_kwh=[{"2026-07-12T12:00": second}])
            after = metered(made, draws, dates=dates[1], carried=before.carried)
            assert decimals(after.carried["peak|*|2026-07"]) == [kept]
            # and it is the month's own peak for ``at_least_actual``, too
            assert lines(after)[0][2] == kept

    def test_the_percentage_of_a_month_is_of_that_peak_though_the_own_one_is_lower(self):
        made = of_version('percent: "50", months: 0')
        dates = ("2026-07-11", "2026-08-01")
        readings = drawn(made, dates, import_kwh=[{"2026-07-12T12:00": 5000}])
        bill = metered(made, readings, dates=dates, carried={"peak|*|2026-07": exact("8")})
        assert lines(bill)[0][2] == "4"

    def test_the_month_is_that_of_the_last_local_day(self):
        made = of_version('percent: "50", months: 1')
        dates = ("2026-06-15", "2026-07-15")
        bill = metered(made, drawn(made, dates, import_kwh=[{"2026-06-20T12:00": 9000}]), dates=dates)
        assert list(bill.carried) == ["peak|*|2026-07"]

    def test_a_year_of_bills_hands_each_peak_on(self):
        made = of_version('percent: "100", months: 11')
        carried, billed = {}, []
        for month in range(1, 13):
            dates = (f"2026-{month:02d}-01", f"{2026 + month // 12}-{month % 12 + 1:02d}-01")
            peak = 9000 if month == 1 else 1000
            bill = metered(
                made, drawn(made, dates, import_kwh=[{f"2026-{month:02d}-02T12:00": peak}]), dates=dates, carried=carried
            )
            carried, billed = bill.carried, [*billed, lines(bill)[0][2]]
        assert billed == ["9"] * 12

    def test_the_higher_peak_where_a_price_change_splits_the_billing_period(self):
        rule = '{percent: "100", months: 0, at_least_actual: [7]}'
        versions = "".join(
            f'- {{from: {day}, billing_demand: {rule}, charges: [{{id: power, kind: demand, price: "31"}}]}}\n'
            for day in ("2026-01-01", "2026-07-11")
        )
        head = "tariff: example\ncurrency: AUD\nclock: Australia/Perth\nrounding: {line: none}\nversions:\n"
        made = parse_tariff(head + versions, "example.yaml")
        for first, second in ((8000, 5000), (5000, 8000)):
            bill = metered(made, drawn(made, import_kwh=[{"2026-07-02T12:00": first, "2026-07-12T12:00": second}]))
            assert decimals(bill.carried["peak|*|2026-07"]) == ["8"]
            # each version bills the peak of its own part
            assert [line[2] for line in lines(bill)] == [str(first // 1000), str(second // 1000)]

    def test_a_tariff_without_ratchet_keeps_nothing_of_its_own(self):
        made = charge('{id: power, kind: demand, price: "1"}')
        assert rated(made, "2026-07", 1000).carried == {}

    def test_and_hands_on_what_it_was_given(self):
        made = charge('{id: power, kind: demand, price: "1"}')
        assert list(rated(made, "2026-07", 1000, m2026_06="5").carried) == ["peak|*|2026-06"]

    def test_what_a_version_does_not_look_at_is_kept_for_one_that_does(self):
        text = """\
tariff: example
currency: AUD
clock: Australia/Perth
versions:
- {from: 2025-01-01, billing_demand: {percent: "100", months: 3}, charges: []}
- {from: 2026-07-01, charges: []}
- {from: 2026-08-01, billing_demand: {percent: "100", months: 3}, charges: []}
"""
        bill = rated(parse_tariff(text, "example.yaml"), "2026-07", 1000, m2026_06="5", m2026_03="4")
        assert {name: decimals(value) for name, value in bill.carried.items()} == {"peak|*|2026-06": ["5"]}

    def test_a_shorter_look_back_of_a_later_version_drops_nothing_before_it_is_in_force(self):
        text = """\
tariff: example
currency: AUD
clock: Australia/Perth
versions:
- {from: 2025-01-01, billing_demand: {percent: "100", months: 11}, charges: []}
- {from: 2027-01-01, billing_demand: {percent: "100", months: 2}, charges: []}
"""
        bill = rated(parse_tariff(text, "example.yaml"), "2026-07", 1000, m2025_09="5")
        assert sorted(bill.carried) == ["peak|*|2025-09", "peak|*|2026-07"]


class TestRatchetOfACharge:
    RULE = '{id: power, kind: demand, price: %s, ratchet: {percent: "80", months: 2, at_least_actual: [7], of: peak}}'

    def carried(self, made, draws, month="2026-07", **before):
        dates = MONTHS[month]
        state = {f"peak|power|{name[1:].replace('_', '-')}": exact(value) for name, value in before.items()}
        return metered(made, drawn(made, dates, import_kwh=[draws]), dates=dates, carried=state)

    def test_is_fed_by_the_peaks_inside_its_period(self):
        made = charge(self.RULE % '{peak: "1"}')
        bill = self.carried(made, {"2026-07-02T16:00": 5000, "2026-07-02T03:00": 9000}, m2026_05="10")
        assert lines(bill) == [("peak", None, "8", "8")]
        assert decimals(bill.carried["peak|power|2026-07"]) == ["5"]
        assert noted(bill, "billing_demand_kw.power") == [(0, None, ["8"], "kW", None)]

    def test_bills_them_on_a_flat_price_too(self):
        made = charge(self.RULE % '"1"')
        bill = self.carried(made, {"2026-07-02T16:00": 5000, "2026-07-02T03:00": 9000})
        assert lines(bill) == [(None, None, "5", "5")]

    def test_without_a_period_is_fed_by_all_peaks(self):
        made = charge('{id: power, kind: demand, price: "1", ratchet: {percent: "80", months: 2}}')
        assert lines(self.carried(made, {"2026-07-02T03:00": 9000}, m2026_06="10"))[0][2] == "8"

    def test_has_its_own_memory_beside_other_charges(self):
        made = charge('{id: other, kind: demand, price: "1", ratchet: {percent: "80", months: 2}}')
        bill = self.carried(made, {"2026-07-02T03:00": 1000}, m2026_06="10")
        assert (lines(bill)[0][2], list(bill.carried)) == ("0.8", ["peak|power|2026-06", "peak|other|2026-07"])

    def test_measures_as_its_charge_does_or_in_its_own_way(self):
        text = (
            '{id: power, kind: demand, price: "1", measure: {agg: mean_of_top_n, n: 2}, ratchet: {percent: "100", months: 0%s}}'
        )
        draws = {"2026-07-02T03:00": 9000, "2026-07-02T04:00": 5000}
        as_charge, own = charge(text % ""), charge(text % ", measure: {days: all}")
        assert (lines(self.carried(as_charge, draws))[0][2], lines(self.carried(own, draws))[0][2]) == ("7", "9")

    def test_remembers_the_peaks_of_months_in_which_the_charge_does_not_stand(self):
        made = charge('{id: power, kind: demand, price: "1", months: [2], ratchet: {percent: "80", months: 11}}')
        bill = self.carried(made, {"2026-07-02T03:00": 9000}, m2026_06="7")
        assert lines(bill) == []
        kept = {"peak|power|2026-06": ["7"], "peak|power|2026-07": ["9"]}
        assert {name: decimals(value) for name, value in bill.carried.items()} == kept
        # February looks eleven months back, and finds July: 80 % of 9 kW
        assert lines(self.carried(made, {"2026-02-02T03:00": 1000}, "2026-02", m2025_07="9")) == [(None, None, "7.2", "7.2")]

    def test_remembers_them_as_they_are_corrected_by_the_power_factor(self):
        rule = 'power_factor: {target: "0.90"}, ratchet: {percent: "50", months: 1}'
        made = charge(f'{{id: power, kind: demand, price: "1", months: [8], {rule}}}')
        dates = MONTHS["2026-07"]
        both = drawn(made, dates, import_kwh=[{"2026-07-02T03:00": 30_000}], kvarh=[{"2026-07-02T03:00": 40_000}])
        bill = metered(made, both, dates=dates)
        # power factor 0.6: 30 kW x 0.9 / 0.6; nothing is noted of a charge that does not stand
        assert (lines(bill), decimals(bill.carried["peak|power|2026-07"]), noted(bill, "power_factor.power")) == ([], ["45"], [])

    def test_keeps_power_as_corrected_by_the_power_factor(self):
        text = '{id: power, kind: demand, price: "1", power_factor: {target: "0.90"}, ratchet: {percent: "50", months: 1}}'
        made = charge(text)
        dates = MONTHS["2026-07"]
        both = drawn(made, dates, import_kwh=[{"2026-07-02T03:00": 30_000}], kvarh=[{"2026-07-02T03:00": 40_000}])
        bill = metered(made, both, dates=dates)
        assert (lines(bill)[0][2], decimals(bill.carried["peak|power|2026-07"])) == ("22.5", ["45"])


class TestForLimitsPerKilowatt:
    def test_the_billing_demand_is_there_for_other_charges(self):
        made = of_version()
        dates = MONTHS["2026-02"]
        found = self.work(made, dates, {"2026-02-02T12:00": 700_000}, {"peak|*|2025-07": exact("800", "10")})
        assert decimals(billing_demand_kw(found, found.spans[0])) == ["760", "420"]

    def test_without_a_rule_it_is_the_measured_peak(self):
        made = tariff("charges: []")
        found = self.work(made, MONTHS["2026-02"], {"2026-02-02T12:00": 700_000}, {})
        assert decimals(billing_demand_kw(found, found.spans[0])) == ["700", "700"]

    def work(self, made, dates, draws, carried):
        inputs = inputs_of(made, drawn(made, dates, import_kwh=[draws, draws]), dates=dates, carried=carried)
        return Work(inputs, version_spans(made, **instants(made, dates)))
