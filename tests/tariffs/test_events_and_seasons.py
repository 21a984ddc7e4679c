"""Periods that hold in dated windows, and seasons that go by the billing period instead of the date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from schemas.errors import TariffError
from tariffs.calendar import band_map, combos_at, version_spans
from tariffs.clock import Clock
from tariffs.series import PriceSeries
from tests.tariffs.interval_bills import bill_of_intervals, instants, starts_between

CRITICAL = """\
periods: {critical: [{events: peaks%s}], day: [{from: "06:00", to: "22:00"}], night: [{else: true}]}
charges: [{id: use, kind: energy, price: {critical: "1", day: "0.3", night: "0.1"}}]
"""
HEAD = "tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nevents: {peaks: [%s]}\n"
STORM = '{from: "2026-07-01T22:00", to: "2026-07-02T02:00"}'


def taken(tariff, first, after, *, minutes=60, band="critical", **more):
    """The local starts of the intervals that a period takes."""
    period = instants(tariff, first, after, more.get("billing_clock"))
    starts = starts_between(minutes=minutes, **period)
    places, combos = combos_at(tariff, direction="import", starts=starts, **period, **more)
    zone = Clock(tariff.clock).zone
    return [
        datetime.fromtimestamp(int(start), UTC).astimezone(zone).isoformat()[5:16]
        for start, place in zip(starts, places, strict=True)
        if combos[place].band == band
    ]


class TestEvents:
    def test_a_window_begins_in_one_day_and_ends_in_the_next(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % STORM)
        assert taken(tariff, "2026-07-01", "2026-07-03") == ["07-01T22:00", "07-01T23:00", "07-02T00:00", "07-02T01:00"]

    def test_it_is_priced_in_both_billing_periods_that_share_it(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % STORM)
        use = {"import_kwh": [[1_000] * 24]}
        for first, after in (("2026-07-01", "2026-07-02"), ("2026-07-02", "2026-07-03")):
            lines = bill_of_intervals(tariff, use, first=first, after=after).lines.to_pylist()
            assert {row["band"]: row["quantity"] for row in lines}["critical"] == 2

    def test_both_sides_of_its_minutes(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % '{from: "2026-07-01T16:05", to: "2026-07-01T16:15"}')
        assert taken(tariff, "2026-07-01", "2026-07-02", minutes=5) == ["07-01T16:05", "07-01T16:10"]

    def test_a_whole_day_between_first_and_last(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % '{from: "2026-07-01T23:00", to: "2026-07-03T01:00"}')
        found = taken(tariff, "2026-07-01", "2026-07-04")
        assert (len(found), found[0], found[-1]) == (26, "07-01T23:00", "07-03T00:00")

    def test_up_to_midnight_takes_nothing_of_the_next_day(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % '{from: "2026-07-01T23:00", to: "2026-07-02T00:00"}')
        assert taken(tariff, "2026-07-01", "2026-07-03") == ["07-01T23:00"]

    def test_the_hour_that_is_left_out_is_in_no_window(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % '{from: "2026-03-29T01:00", to: "2026-03-29T04:00"}')
        assert taken(tariff, "2026-03-29", "2026-03-30") == ["03-29T01:00", "03-29T03:00"]

    def test_the_hour_that_comes_twice_is_twice_in_it(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % '{from: "2026-10-25T02:00", to: "2026-10-25T03:00"}')
        assert taken(tariff, "2026-10-25", "2026-10-26") == ["10-25T02:00", "10-25T02:00"]

    def test_of_a_leap_day(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % '{from: "2028-02-29T16:00", to: "2028-02-29T18:00"}')
        assert taken(tariff, "2028-02-29", "2028-03-01") == ["02-29T16:00", "02-29T17:00"]

    def test_a_rule_takes_what_fits_all_that_it_names(self, tariff_of):
        both = ', from: "17:00", to: "23:00"'
        tariff = tariff_of(CRITICAL % both, head=HEAD % STORM)
        assert taken(tariff, "2026-07-01", "2026-07-03") == ["07-01T22:00"]

    def test_other_events_are_not_meant(self, tariff_of):
        window = '{from: "2026-07-01T10:00", to: "2026-07-01T12:00"}'
        head = f"tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nevents: {{peaks: [], tests: [{window}]}}\n"
        assert taken(tariff_of(CRITICAL % "", head=head), "2026-07-01", "2026-07-02") == []

    def test_windows_that_overlap_are_one(self, tariff_of):
        windows = '{from: "2026-07-01T16:00", to: "2026-07-01T18:00"}, {from: "2026-07-01T17:00", to: "2026-07-01T19:00"}'
        assert len(taken(tariff_of(CRITICAL % "", head=HEAD % windows), "2026-07-01", "2026-07-02")) == 3

    def test_days_with_events_are_counted(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % STORM)
        (span,) = version_spans(tariff, **instants(tariff, "2026-07-01", "2026-08-01"))
        assert span.days_with == {"critical": 2, "day": 31, "night": 31}

    def test_daily_arrays_see_them_too(self, tariff_of):
        tariff = tariff_of(CRITICAL % "", head=HEAD % STORM)
        period = instants(tariff, "2026-07-01", "2026-07-03")
        shape = {"first_day": date(2026, 7, 1), "days": 3, "interval_minutes": 30, "standard_offset_minutes": 60}
        assert np.count_nonzero(band_map(tariff, direction="import", **shape, **period).index == 0) == 8

    def test_minutes_outside_events_need_a_period_as_well(self, tariff_of):
        with pytest.raises(TariffError) as refused:
            tariff_of("periods: {critical: [{events: peaks}]}\ncharges: []", head=HEAD % STORM)
        assert refused.value.code == "tariff.gap"

    def test_events_that_are_not_there_are_refused(self, tariff_of):
        with pytest.raises(TariffError) as refused:
            tariff_of(CRITICAL % "", head="tariff: t\ncurrency: EUR\nclock: Europe/Berlin\n")
        assert (refused.value.code, refused.value.where) == ("tariff.invalid", "versions[0].periods.critical[0].events")


BY_CYCLE = """\
seasons:
  summer: {from: 05-01, to: 11-01, by: billing_cycle, at: %s}
  winter: {from: 11-01, to: 05-01, by: billing_cycle, at: %s}
periods:
  summer_peak: [{season: summer, days: mon-fri, from: "14:00", to: "20:00"}]
  winter_peak: [{season: winter, days: mon-fri, from: "05:00", to: "09:00"}]
  off: [{else: true}]
charges: [{id: use, kind: energy, price: {summer_peak: "0.3", winter_peak: "0.2", off: "0.1"}}]
"""


class TestSeasonsByBillingCycle:
    @pytest.mark.parametrize(
        ("at", "first", "after", "season"),
        [
            pytest.param("end", "2026-04-02", "2026-05-01", "winter", id="ends on the last day of winter"),
            pytest.param("end", "2026-04-02", "2026-05-02", "summer", id="ends on the first day of summer"),
            pytest.param("start", "2026-04-30", "2026-06-01", "winter", id="starts on the last day of winter"),
            pytest.param("start", "2026-05-01", "2026-06-01", "summer", id="starts on the first day of summer"),
            pytest.param("end", "2026-10-05", "2026-11-01", "summer", id="ends on the last day of summer"),
            pytest.param("end", "2025-12-10", "2026-01-10", "winter", id="a season that goes round New Year"),
        ],
    )
    def test_all_of_a_billing_period_is_in_the_season_of_one_day(self, tariff_of, at, first, after, season):
        tariff = tariff_of(BY_CYCLE % (at, at))
        other = {"summer": "winter", "winter": "summer"}[season]
        days = (
            date.fromisoformat(first) + timedelta(days=n)
            for n in range((date.fromisoformat(after) - date.fromisoformat(first)).days)
        )
        weekdays = sum(day.weekday() < 5 for day in days)
        assert len(taken(tariff, first, after, band=f"{other}_peak")) == 0
        assert len(taken(tariff, first, after, band=f"{season}_peak")) == weekdays * {"summer": 6, "winter": 4}[season]

    def test_the_same_days_have_other_prices_in_another_billing_period(self, tariff_of):
        tariff = tariff_of(BY_CYCLE % ("end", "end"))
        shape = {
            "first_day": date(2026, 4, 1),
            "days": 40,
            "interval_minutes": 60,
            "standard_offset_minutes": 60,
            "direction": "import",
        }
        maps = [
            band_map(tariff, **shape, **instants(tariff, "2026-04-02", after)).index for after in ("2026-05-01", "2026-05-02")
        ]
        assert [bool((places == 0).any()) for places in maps] == [False, True]
        assert [bool((places == 1).any()) for places in maps] == [True, False]

    def test_the_days_are_those_of_the_billing_clock(self, tariff_of):
        tariff = tariff_of(BY_CYCLE % ("end", "end"))
        # the last day in Tokyo is 30 April, while Berlin is still in it
        assert taken(tariff, "2026-04-02", "2026-05-01", band="summer_peak", billing_clock="Asia/Tokyo") == []
        ends_at = instants(tariff, "2026-04-02", "2026-05-01", "America/Los_Angeles")
        starts = starts_between(minutes=60, **ends_at)
        by_own, combos = combos_at(tariff, direction="import", starts=starts, **ends_at)
        by_billing, _ = combos_at(tariff, direction="import", starts=starts, billing_clock="America/Los_Angeles", **ends_at)
        # midnight in Los Angeles is 09:00 on 1 May in Berlin
        assert [bool((places == 0).any()) for places in (by_own, by_billing)] == [True, False]
        assert combos[0].band == "summer_peak"

    def test_intervals_go_by_the_billing_clock_as_their_sums_do(self, tariff_of):
        body = (BY_CYCLE % ("end", "end")).replace('{summer_peak: "0.3", winter_peak: "0.2", off: "0.1"}', "{series: spot}")
        # the bill of April in Los Angeles ends on 1 May in Berlin, and is one of winter
        dates = {"first": "2026-04-02", "after": "2026-05-01", "billing_clock": "America/Los_Angeles"}
        series = {"spot": PriceSeries("spot", np.array([0]), np.array([1]), 0)}
        rated = bill_of_intervals(tariff_of(body), {"import_kwh": [[1_000] * 29 * 24]}, series=series, **dates)
        assert rated.total[0].as_py() == 29 * 24

    def test_bills_and_days_of_a_period_agree_with_it(self, tariff_of):
        body = (BY_CYCLE % ("end", "end")).replace('{summer_peak: "0.3", winter_peak: "0.2", off: "0.1"}', "%s")
        steps = '{summer_peak: ["3", "4"], winter_peak: ["1", "2"], off: ["0", "0"]}, '
        steps += 'tiers: {limits: ["1"], per: day, scope: each_period}'
        tariff = tariff_of(body % steps)
        dates = {"first": "2026-04-15", "after": "2026-05-15"}
        rated = bill_of_intervals(tariff, {"import_kwh": [[1_000] * 30 * 24]}, **dates)
        found = {(row["band"], row["tier"]): row["quantity"] for row in rated.lines.to_pylist() if row["band"] != "off"}
        # 22 working days, each with six hours of a kWh and one kWh at the first price
        assert found == {("summer_peak", 1): 22, ("summer_peak", 2): 110}

    def test_a_leap_day_decides_as_any_other(self, tariff_of):
        body = BY_CYCLE.replace("from: 05-01, to: 11-01", "from: 02-29, to: 11-01").replace(
            "from: 11-01, to: 05-01", "from: 11-01, to: 02-29"
        )
        tariff = tariff_of(body % ("end", "end"))
        assert taken(tariff, "2028-02-01", "2028-02-29", band="summer_peak") == []
        assert len(taken(tariff, "2028-02-01", "2028-03-01", band="summer_peak")) == 21 * 6

    @pytest.mark.parametrize(
        "periods",
        [
            pytest.param("a: [{season: summer}], b: [{season: winter, months: [1, 2, 3, 4, 11, 12]}]", id="winter in May"),
            pytest.param("a: [{season: summer, months: [5, 6, 7, 8, 9, 10]}], b: [{season: winter}]", id="summer in April"),
        ],
    )
    @pytest.mark.parametrize("at", ["start", "end"])
    def test_periods_have_to_hold_in_every_season_that_a_month_may_be_in(self, tariff_of, periods, at):
        seasons = BY_CYCLE[: BY_CYCLE.index("periods:")] % (at, at)
        with pytest.raises(TariffError) as refused:
            tariff_of(f"{seasons}periods: {{{periods}}}\ncharges: []")
        assert (refused.value.code, refused.value.where) == ("tariff.gap", "versions[0].periods")

    def test_which_day_decides_has_to_be_said(self, tariff_of):
        with pytest.raises(TariffError) as refused:
            tariff_of("seasons: {summer: {from: 05-01, to: 11-01, by: billing_cycle}}\ncharges: []")
        assert refused.value.where == "versions[0].seasons.summer"
