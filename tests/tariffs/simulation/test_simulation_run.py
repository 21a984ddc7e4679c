from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InvariantError, TariffError
from schemas.periods import BillingPeriod, start_of_day
from schemas.table import AMOUNT
from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tariffs.rated import Measured
from tariffs.series import PriceSeries
from tariffs.simulation import run as running
from tariffs.simulation.load import Load, read_load
from tariffs.simulation.periods import billing_periods
from tariffs.simulation.report import lines_of, report
from tariffs.simulation.run import Customer, newest_only, simulate

DAY_AND_NIGHT = """
periods: {day: [{from: "06:00", to: "22:00"}], night: [{else: true}]}
charges:
- {id: usage, kind: energy, price: {day: "0.30", night: "0.20"}}
"""
FLAT = 'charges: [{id: usage, kind: energy, price: "0.25"}]'


def decimal(value):
    return value.to_arrow(AMOUNT)[0].as_py()


def amounts(rated):
    return {(line["charge_id"], line["band"], line["tier"]): line["amount"] for line in lines_of(rated)}


def totals(periods):
    return [each.rated.total[0].as_py() for each in periods]


def month(first, after, clock="Europe/Berlin"):
    return BillingPeriod(first, after, start_of_day(first, clock), start_of_day(after, clock))


class TestTimeOfUse:
    def test_an_hour_is_priced_by_its_local_start(self, version_of, load_of, priced):
        # 31 days of 1 kWh an hour: 16 hours of day, 8 of night
        (january,) = priced(version_of(DAY_AND_NIGHT), load_of("2026-01-01", 31 * 24))
        assert amounts(january) == {("usage", "day", None): Decimal("148.8"), ("usage", "night", None): Decimal("49.6")}

    @pytest.mark.parametrize(
        ("day", "hours", "night_kwh"),
        [("2026-03-29", 23, 7), ("2026-03-30", 24, 8), ("2026-10-25", 25, 9)],
        ids=["spring", "an ordinary day", "autumn"],
    )
    def test_a_day_of_23_or_25_hours_has_them_at_night(self, version_of, load_of, priced, day, hours, night_kwh):
        (rated,) = priced(version_of(DAY_AND_NIGHT), load_of(day, hours))
        assert amounts(rated) == {
            ("usage", "day", None): Decimal("4.8"),
            ("usage", "night", None): Decimal("0.2") * night_kwh,
        }

    @pytest.mark.parametrize(("first", "days", "hours"), [("2026-03-01", 31, -1), ("2026-10-01", 31, 1)])
    @pytest.mark.parametrize("minutes", [15, 60])
    def test_stamps_in_utc_and_in_local_time_make_the_same_bill(self, version_of, load_rows, priced, first, days, hours, minutes):
        count = (days * 24 + hours) * 60 // minutes
        rows = load_rows(first, count, lambda n: f"0.{n % 97:02d}", minutes=minutes)
        utc = []
        for row in rows:
            stamp, _, kwh = row.partition(",")
            utc.append(f"{datetime.fromisoformat(stamp).astimezone(UTC):%Y-%m-%dT%H:%M:%SZ},{kwh}")
        bills = [
            report(
                tariff := version_of(DAY_AND_NIGHT),
                priced(tariff, read_load("\n".join(["interval_start,import_kwh", *each]), "l")),
            )
            for each in (rows, utc)
        ]
        assert bills[0] == bills[1]
        assert bills[0]["periods"][0]["days"] == days

    @given(st.lists(st.integers(0, 10**7), min_size=48, max_size=48))
    def test_every_kwh_of_the_load_is_on_a_line_once(self, version_of, load_of, priced, wh):
        (rated,) = priced(version_of(DAY_AND_NIGHT), load_of("2026-01-01", 48, lambda n: f"{Decimal(wh[n]) / 1000:f}"))
        assert sum(line["quantity"] for line in lines_of(rated)) == Decimal(sum(wh)) / 1000 == decimal(rated.import_kwh)

    def test_a_new_version_inside_a_month_prices_its_own_hours(self, load_of, priced):
        text = """
tariff: example
currency: EUR
clock: Europe/Berlin
rounding: {line: none, total: {places: 2, mode: half_up}}
versions:
- {from: 2026-01-01, charges: [{id: usage, kind: energy, price: "0.10"}, {id: basic, kind: fixed, price: "31", per: month}]}
- {from: 2026-01-11, charges: [{id: usage, kind: energy, price: "0.20"}, {id: basic, kind: fixed, price: "62", per: month}]}
"""
        tariff = parse_tariff(text.lstrip(), "example.yaml")
        # 10 days at 0.10 and 31 a month, 21 days at 0.20 and 62 a month
        (january,) = priced(tariff, load_of("2026-01-01", 31 * 24))
        assert totals([january]) == [24 + Decimal("100.8") + 10 + 42]
        (january,) = priced(newest_only(tariff), load_of("2026-01-01", 31 * 24))
        assert totals([january]) == [Decimal("148.8") + 62]


class TestNewestOnly:
    def test_a_load_from_before_the_first_version_has_a_price(self, version_of, load_of, priced):
        tariff, load = version_of(FLAT), load_of("2015-06-01", 24)
        with pytest.raises(TariffError) as caught:
            priced(tariff, load)
        assert caught.value.code == "tariff.no_version"
        assert totals(priced(newest_only(tariff), load)) == [Decimal(6)]

    def test_it_is_another_document_than_the_one_it_is_made_of(self, version_of):
        tariff = version_of(FLAT)
        before = tariff.fingerprint
        newest = newest_only(tariff)
        assert (newest.versions[0].from_, newest == tariff) == (date.min, False)
        assert (tariff.fingerprint, tariff.versions[0].from_) == (before, date(2020, 1, 1))


class TestDeterminants:
    def test_import_export_and_the_highest_quarter_of_an_hour_are_told(self, version_of, priced, load_rows):
        rows = [f"{row},0.25" for row in load_rows("2026-01-01", 96, lambda n: "1.204" if n == 40 else "0.1", minutes=15)]
        load = read_load("\n".join(["interval_start,import_kwh,export_kwh", *rows]), "load.csv")
        (rated,) = priced(version_of(FLAT), load)
        # 95 x 0.1 + 1.204; 96 x 0.25; 1.204 kWh in a quarter of an hour
        assert [decimal(value) for value in rated[2:]] == [Decimal("10.704"), Decimal(24), Decimal("4.816"), Decimal("4.816")]

    def test_a_load_without_export_fed_in_nothing(self, version_of, load_of, priced):
        tariff = version_of(f'{FLAT}\nexport: {{mode: net_billing, price: "0.05"}}')
        (rated,) = priced(tariff, load_of("2026-01-01", 24))
        assert (decimal(rated.export_kwh), [line["kind"] for line in lines_of(rated)]) == (0, ["energy"])

    def test_export_is_summed_by_periods_of_its_own(self, version_of, load_rows, priced):
        tariff = version_of("""
        charges: [{id: usage, kind: energy, price: "0.25"}]
        export:
          mode: net_billing
          periods: {evening: [{from: "18:00", to: "24:00"}], other: [{else: true}]}
          price: {evening: "0.10", other: "0.02"}
        """)
        rows = [f"{row},2" for row in load_rows("2026-01-01", 24, lambda n: "1")]
        (rated,) = priced(tariff, read_load("\n".join(["interval_start,import_kwh,export_kwh", *rows]), "load.csv"))
        assert amounts(rated) == {
            ("usage", None, None): Decimal(6),
            ("export", "evening", None): Decimal("-1.2"),
            ("export", "other", None): Decimal("-0.72"),
        }

    def test_an_interval_of_ninety_minutes_has_a_demand_of_twelve_decimals(self, version_of, load_of, priced):
        (rated,) = priced(version_of(FLAT), load_of("2026-01-01", 16, minutes=90))
        assert decimal(rated.peak_kw) == Decimal("0.666666666667")

    def test_what_charges_had_measured_is_told_in_place_of_the_load(self, version_of, load_of, priced, monkeypatch):
        def exact(number):
            return Exact(np.array([number]), 1)

        measured = (
            Measured("peak_kw", 0, None, exact(21), "kW"),
            Measured("peak_kw", 0, "day", exact(99), "kW"),
            Measured("billing_demand_kw", 0, "day", exact(50), "kW"),
            Measured("billing_demand_kw", 0, None, exact(45), "kW"),
        )
        rate = running.rate

        def rated_with_demand(inputs):
            lines = rate(inputs)
            object.__setattr__(lines, "measured", measured)
            return lines

        monkeypatch.setattr(running, "rate", rated_with_demand)
        (rated,) = priced(version_of(FLAT), load_of("2026-01-01", 24))
        assert (decimal(rated.peak_kw), decimal(rated.billing_demand_kw)) == (Decimal("2.1"), Decimal(5))


class TestPeriodsInSequence:
    @pytest.fixture
    def calls(self, monkeypatch):
        """What each call of ``rate`` was given; what it hands over is the month's number."""
        made = []
        rate = running.rate

        def spied(inputs):
            made.append(inputs)
            lines = rate(inputs)
            object.__setattr__(lines, "carried", {"bank.money": Exact(np.array([len(made)]), 0)})
            return lines

        monkeypatch.setattr(running, "rate", spied)
        return made

    def test_each_period_is_given_what_the_one_before_handed_over_and_nothing_else(self, version_of, load_of, priced, calls):
        priced(
            version_of(FLAT), load_of("2026-01-01", 90 * 24 - 1), Customer(carried={"peak|*|2025-12": Exact(np.array([7]), 0)})
        )
        assert [{name: value.values.tolist() for name, value in call.carried.items()} for call in calls] == [
            {"peak|*|2025-12": [7]},
            {"bank.money": [1]},
            {"bank.money": [2]},
        ]

    def test_an_agreement_starts_with_the_first_and_ends_with_the_last_where_it_says_so(self, version_of, load_of, priced, calls):
        load = load_of("2026-01-01", 90 * 24 - 1)
        priced(version_of(FLAT), load)
        priced(version_of(FLAT), load, Customer(starts=True, ends=True))
        assert [(call.started.tolist(), call.ended.tolist()) for call in calls] == [
            *[([False], [False])] * 3,
            ([True], [False]),
            ([False], [False]),
            ([False], [True]),
        ]

    def test_the_timeline_holds_the_intervals_of_the_period(self, version_of, load_of, priced, calls):
        load = load_of("2026-01-30", 72, lambda n: f"{n}.5")
        priced(version_of(FLAT), load)
        (first,), (second,) = (call.timeline.stretches for call in calls)
        assert first.values["import_kwh"].tolist() == [[10 * n + 5 for n in range(48)]]
        assert second.values["import_kwh"].tolist() == [[10 * n + 5 for n in range(48, 72)]]
        assert (first.minutes, first.exponents, first.rows.tolist()) == (60, {"import_kwh": -1}, [0])
        assert [*first.starts.tolist(), *second.starts.tolist()] == load.starts.tolist()

    def test_what_is_known_of_the_customer_reaches_the_rating(self, version_of, load_of, priced, calls):
        series = {"day_ahead": PriceSeries("day_ahead", np.array([0]), np.array([1]), 0)}
        facts = {"contracted_kw": Exact(np.array([55]), 1)}
        priced(
            version_of(FLAT), load_of("2026-01-01", 24), Customer({}, series, facts, frozenset({"low_income"}), export_taxed=True)
        )
        (call,) = calls
        assert (call.series, call.facts, call.export_taxed.tolist()) == (series, facts, [True])
        assert {name: mask.tolist() for name, mask in call.options.items()} == {"low_income": [True]}

    def test_a_gap_between_periods_is_not_priced(self, version_of, load_of):
        periods = [month(date(2026, 1, 1), date(2026, 1, 2)), month(date(2026, 1, 3), date(2026, 1, 4))]
        rated = simulate(version_of(FLAT), load_of("2026-01-01", 72), periods, Customer())
        assert totals(rated) == [Decimal(6), Decimal(6)]

    @given(st.sets(st.integers(1, 9), max_size=6))
    def test_energy_costs_the_same_however_the_days_are_parted_into_periods(self, version_of, load_of, cuts):
        edges = [date(2026, 1, 1) + timedelta(days=each) for each in sorted({0, 10, *cuts})]
        load = load_of("2026-01-01", 240, lambda n: f"0.{n:03d}")
        periods = [month(first, after) for first, after in pairwise(edges)]
        tariff = version_of(DAY_AND_NIGHT)
        parted, whole = defaultdict(Decimal), simulate(tariff, load, [month(edges[0], edges[-1])], Customer())
        for each in simulate(tariff, load, periods, Customer()):
            for key, amount in amounts(each).items():
                parted[key] += amount
        assert parted == amounts(whole[0])


def test_an_option_of_the_agreement_brings_its_charges(version_of, load_of, priced):
    tariff = version_of("""
    charges:
    - {id: usage, kind: energy, price: "0.25"}
    - {id: relief, kind: fixed, price: "-2", per: month, only_for: low_income}
    """)
    load = load_of("2026-01-01", 31 * 24)
    assert totals(priced(tariff, load)) == [Decimal(186)]
    assert totals(priced(tariff, load, Customer(options=frozenset({"low_income"})))) == [Decimal(184)]


def test_export_bears_tax_where_the_agreement_says_so(version_of, load_rows, priced):
    tariff = version_of("""
    charges:
    - {id: usage, kind: energy, price: "0.25"}
    - {id: vat, kind: tax, of: [usage], percent: "20"}
    export: {mode: net_billing, price: "0.05"}
    """)
    rows = [f"{row},2" for row in load_rows("2026-01-01", 24, lambda n: "1")]
    load = read_load("\n".join(["interval_start,import_kwh,export_kwh", *rows]), "load.csv")
    # 6.00 used, 2.40 earned
    assert totals(priced(tariff, load)) == [Decimal("4.8")]
    assert totals(priced(tariff, load, Customer(export_taxed=True))) == [Decimal("4.32")]


def test_an_interval_without_a_price_is_never_passed_over(version_of):
    tariff, period = version_of(FLAT), month(date(2026, 1, 1), date(2026, 1, 2))
    load = Load(
        "load.csv",
        60,
        np.arange(24) * 3600 + int(period.starts_at.timestamp()),
        {"import_kwh": np.ones(24, int)},
        {"import_kwh": 0},
    )
    assert billing_periods(load, tariff.clock) == [period]
    with pytest.raises(InvariantError) as caught:
        running._determinant("import_kwh", load, load.values["import_kwh"], np.array([0] * 23 + [-1]), ())
    assert caught.value.code == "rating.inputs"
