"""Coincident peaks: what was drawn in the windows of the system's own peak."""

from __future__ import annotations

import pytest

from schemas.errors import TariffError
from tariffs.load import parse_tariff
from tests.tariffs.pricing.power_readings import JULY, drawn, lines, metered, sentences, tariff

TEXT = 'charges: [{id: cp, kind: coincident, price: "12.5", events: system, agg: %s}]'


def window(start, end):
    return f'{{from: "{start}", to: "{end}"}}'


def rated(*windows, draws, agg="mean", minutes=60, dates=JULY, clock="Australia/Perth"):
    made = tariff(TEXT % agg, head=f"events: {{system: [{', '.join(windows)}]}}\n", clock=clock)
    return metered(made, drawn(made, dates, minutes, import_kwh=draws), dates=dates)


FIRST = window("2026-07-01T16:00", "2026-07-01T17:00")
SECOND = window("2026-07-09T16:00", "2026-07-09T18:00")
DRAWS = {"2026-07-01T16:00": 10_000, "2026-07-09T16:00": 3000, "2026-07-09T17:00": 1000, "2026-07-02T16:00": 99_000}


class TestWhatIsBilled:
    @pytest.mark.parametrize(
        ("agg", "kilowatts", "said"),
        [
            pytest.param("mean", "6", "mean of 2 windows", id="the mean of 10 and (3 + 1) / 2"),
            pytest.param("max", "10", "highest of 2 windows", id="the highest"),
            pytest.param("sum", "12", "sum of 2 windows", id="the sum"),
        ],
    )
    def test_is_the_energy_of_each_window_by_its_hours(self, agg, kilowatts, said):
        bill = rated(FIRST, SECOND, draws=[DRAWS], agg=agg)
        amount = float(kilowatts) * 12.5
        assert lines(bill) == [(None, None, kilowatts, f"{amount:g}")]
        assert sentences(bill) == [f"cp: {kilowatts} kW ({said} of system) at 12.5 AUD/kW = {amount:.2f} AUD"]

    def test_one_window_is_named_alone(self):
        assert sentences(rated(FIRST, draws=[DRAWS])) == ["cp: 10 kW (in system) at 12.5 AUD/kW = 125.00 AUD"]

    def test_windows_of_other_billing_periods_count_in_those(self):
        far = window("2026-06-30T23:00", "2026-07-01T00:00"), window("2026-08-01T00:00", "2026-08-01T01:00")
        assert lines(rated(FIRST, *far, draws=[DRAWS]))[0][2] == "10"

    def test_without_a_window_there_is_no_line(self):
        assert lines(rated(window("2026-06-01T16:00", "2026-06-01T17:00"), draws=[DRAWS])) == []

    def test_a_third_is_divided_once_at_twelve_decimals(self):
        three_hours = window("2026-07-01T15:00", "2026-07-01T18:00")
        bill = rated(three_hours, FIRST, draws=[{"2026-07-01T16:00": 1000}])
        # a third of a kW and one kW, their mean
        assert lines(bill) == [(None, None, "0.666666667", "8.3333333333375")]

    def test_agreements_with_other_intervals_are_billed_together(self):
        made = tariff(TEXT % "mean", head=f"events: {{system: [{FIRST}]}}\n")
        hourly = drawn(made, JULY, 60, import_kwh=[DRAWS])
        quarters = drawn(made, JULY, 15, import_kwh=[{"2026-07-01T16:45": 500, "2026-07-01T17:00": 9000}])
        bill = metered(made, hourly, quarters)
        assert (lines(bill, 0)[0][2], lines(bill, 1)[0][2]) == ("10", "0.5")


class TestEdges:
    @pytest.mark.parametrize(
        "across",
        [
            pytest.param(window("2026-06-30T23:00", "2026-07-01T01:00"), id="at its beginning"),
            pytest.param(window("2026-07-31T23:00", "2026-08-01T01:00"), id="at its end"),
        ],
    )
    def test_a_window_that_the_billing_period_cuts_is_refused(self, across):
        with pytest.raises(TariffError, match="cut by the billing period") as error:
            rated(across, draws=[DRAWS])
        assert error.value.code == "events.edge"

    @pytest.mark.parametrize(
        "across",
        [window("2026-07-01T16:30", "2026-07-01T18:00"), window("2026-07-01T16:00", "2026-07-01T16:30")],
    )
    def test_a_window_that_cuts_an_interval_is_refused(self, across):
        with pytest.raises(TariffError, match="cuts an interval of 60 minutes") as error:
            rated(across, draws=[DRAWS])
        assert error.value.code == "events.edge"

    def test_windows_at_the_very_edges_are_whole(self):
        edges = window("2026-07-01T00:00", "2026-07-01T01:00"), window("2026-07-31T23:00", "2026-08-01T00:00")
        assert lines(rated(*edges, draws=[{"2026-07-01T00:00": 2000, "2026-07-31T23:00": 4000}]))[0][2] == "3"


class TestChangesOfTheClock:
    def test_a_window_over_the_hour_that_comes_twice_has_it_twice(self):
        dates = ("2026-10-25", "2026-10-26")
        bill = rated(
            window("2026-10-25T01:00", "2026-10-25T04:00"),
            draws=[{"2026-10-25T01:00": 4000, "2026-10-25T02:00": 4000}],
            dates=dates,
            clock="Europe/Berlin",
        )
        # 8 kWh in four hours
        assert lines(bill)[0][2] == "2"

    def test_one_over_the_hour_that_is_left_out_is_shorter(self):
        dates = ("2026-03-29", "2026-03-30")
        bill = rated(
            window("2026-03-29T02:15", "2026-03-29T04:00"),
            draws=[{"2026-03-29T03:00": 4000}],
            dates=dates,
            clock="Europe/Berlin",
        )
        assert lines(bill)[0][2] == "4"


class TestTwoVersionsInABillingPeriod:
    def test_a_window_is_billed_by_the_version_it_begins_in(self):
        text = f"""\
tariff: example
currency: AUD
clock: Australia/Perth
rounding: {{line: none}}
events: {{system: [{FIRST}, {SECOND}]}}
versions:
- from: 2026-01-01
  charges: [{{id: cp, kind: coincident, price: "10", events: system}}]
- from: 2026-07-09
  charges: [{{id: cp, kind: coincident, price: "20", events: system}}]
"""
        made = parse_tariff(text, "example.yaml")
        bill = metered(made, drawn(made, import_kwh=[DRAWS]))
        assert lines(bill) == [(None, None, "10", "100"), (None, None, "2", "40")]
