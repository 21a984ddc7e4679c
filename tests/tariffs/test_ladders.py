"""Energy charges with steps: how a ladder fills, when it starts anew, what its limits are; against a plain ladder by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import InvariantError, TariffError
from tariffs.calendar import combos_at
from tariffs.clock import Clock
from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tariffs.pricing import ladders
from tariffs.rating import rate
from tests.tariffs.interval_bills import bill_of_intervals, inputs_of_intervals, instants, starts_between

NIGHT_AND_DAY = """\
periods: {night: [{from: "22:00", to: "06:00"}], day: [{else: true}]}
charges: [{id: use, kind: energy, price: {night: ["0.1", "0.2", "0.3"], day: ["0.4", "0.5", "0.6"]}, tiers: {limits: %s}}]
"""
ONE_PRICE = 'charges: [{id: use, kind: energy, price: ["0.1", "0.2"], tiers: {limits: ["10"]%s}}]'
THREE_DAYS = {"first": "2026-03-28", "after": "2026-03-31"}
"""71 hours: the clocks go forward on the 29th."""
AUTUMN = {"first": "2026-10-24", "after": "2026-10-27"}
"""73 hours: the clocks go back on the 25th."""


def found(rated, agreement=0):
    return {
        (row["band"], row["tier"]): row["quantity"]
        for row in rated.lines.to_pylist()
        if row["kind"] == "energy" and row["agreement_index"] == agreement
    }


def plain_ladder(used, bands, days, limits, *, daily=False, since=Fraction(0)):
    """What each period has on each step, interval by interval: up the steps, and down again where a correction gives back."""
    taken, level, today = {}, Fraction(since), None
    for kwh, band, day in zip(used, bands, days, strict=True):
        if daily and day != today:
            level, today = Fraction(0), day
        rest = Fraction(kwh)
        while rest:
            if rest > 0:
                step = sum(level >= limit for limit in limits)
                part = min(rest, limits[step] - level) if step < len(limits) else rest
            else:
                step = sum(level > limit for limit in limits)
                part = max(rest, limits[step - 1] - level) if step else rest
            taken[band, step + 1] = taken.get((band, step + 1), Fraction(0)) + part
            level += part
            rest -= part
    return {place: kwh for place, kwh in taken.items() if kwh}


def bands_and_days(tariff, first, after):
    period = instants(tariff, first, after)
    starts = starts_between(minutes=60, **period)
    places, combos = combos_at(tariff, direction="import", starts=starts, **period)
    days = (starts + Clock(tariff.clock).offsets(starts)) // 86400
    return [combos[place].band for place in places], days.tolist()


HOURS = st.lists(st.integers(-2_000, 20_000), min_size=73, max_size=73)
LIMITS = st.lists(st.integers(1, 200_000), min_size=2, max_size=2, unique=True).map(sorted)


class TestTimeOrder:
    @given(HOURS, LIMITS, st.sampled_from([THREE_DAYS, AUTUMN]), st.booleans())
    @settings(max_examples=60)
    def test_agrees_with_a_plain_ladder_interval_by_interval(self, tariff_of, wh, limits, dates, daily):
        texts = "[" + ", ".join(f'"{Decimal(limit).scaleb(-3)}"' for limit in limits) + "]"
        reset = "per: day, reset: day, " if daily else ""
        tariff = tariff_of(NIGHT_AND_DAY % (texts + f", {reset}fill: time_order"))
        bands, days = bands_and_days(tariff, **dates)
        wh = wh[: len(bands)]
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, **dates)
        kwh, ends = [Fraction(each, 1000) for each in wh], [Fraction(limit, 1000) for limit in limits]
        expected = plain_ladder(kwh, bands, days, ends, daily=daily)
        assert {place: Fraction(used) for place, used in found(rated).items()} == expected
        prices = {"night": ("0.1", "0.2", "0.3"), "day": ("0.4", "0.5", "0.6")}
        total = sum(kwh * Fraction(prices[band][tier - 1]) for (band, tier), kwh in expected.items())
        assert Fraction(rated.total[0].as_py()) == total

    @given(st.lists(HOURS, min_size=2, max_size=4), LIMITS)
    @settings(max_examples=25)
    def test_each_agreement_has_the_bill_it_has_alone(self, tariff_of, uses, limits):
        texts = "[" + ", ".join(f'"{Decimal(limit).scaleb(-3)}"' for limit in limits) + "]"
        tariff = tariff_of(NIGHT_AND_DAY % (texts + ", fill: time_order"))
        uses = [wh[:71] for wh in uses]
        groups = [[number for number in range(len(uses)) if number % 2 == odd] for odd in (1, 0)]
        together = bill_of_intervals(tariff, {"import_kwh": uses}, groups=groups, **THREE_DAYS)
        alone = [bill_of_intervals(tariff, {"import_kwh": [wh]}, **THREE_DAYS).total[0].as_py() for wh in uses]
        assert together.total.to_pylist() == alone

    def test_an_interval_that_crosses_a_limit_is_split(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], fill: time_order')
        # 6 kWh at 21:00 and 6 kWh at 22:00: four of the night's fit below the limit
        wh = [0] * 21 + [6_000, 6_000, 0]
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, first="2026-01-10", after="2026-01-11")
        assert found(rated) == {("day", 1): 6, ("night", 1): 4, ("night", 2): 2}

    @pytest.mark.parametrize(("wh", "steps"), [(9_999, [1]), (10_000, [1]), (10_001, [1, 2])])
    def test_both_sides_of_a_limit(self, tariff_of, wh, steps):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], fill: time_order')
        rated = bill_of_intervals(tariff, {"import_kwh": [[wh, *[0] * 23]]}, first="2026-01-10", after="2026-01-11")
        assert [tier for _, tier in found(rated)] == steps

    def test_the_order_of_the_day_decides_which_period_bears_the_dear_step(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "100"], fill: time_order')
        early, late = [10_000] + [0] * 11 + [10_000] + [0] * 11, [0] * 12 + [10_000] + [0] * 10 + [10_000]
        rated = bill_of_intervals(tariff, {"import_kwh": [early, late]}, first="2026-01-10", after="2026-01-11")
        assert found(rated, 0) == {("night", 1): 10, ("day", 2): 10}
        assert found(rated, 1) == {("day", 1): 10, ("night", 2): 10}

    def test_a_total_below_zero_falls_on_the_first_step(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], fill: time_order')
        wh = [-3_000] + [0] * 11 + [1_000] + [0] * 11
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, first="2026-01-10", after="2026-01-11")
        assert found(rated) == {("night", 1): -3, ("day", 1): 1}

    def test_without_prices_of_periods_the_order_says_nothing_and_sums_are_enough(self, tariff_of, bill):
        rated = bill(tariff_of(ONE_PRICE % ", fill: time_order"), {"import_kwh": [[15_000]]})
        assert found(rated) == {(None, 1): 10, (None, 2): 5}

    def test_on_sums_alone_it_is_refused(self, tariff_of, bill):
        with pytest.raises(TariffError) as refused:
            bill(tariff_of(NIGHT_AND_DAY % '["10", "20"], fill: time_order'), {"import_kwh": [[1, 2]]})
        assert refused.value.code == "tariff.needs_intervals"

    def test_steps_that_do_not_end_add_up_to_what_was_used_in_each_period(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["1", "2"], fill: time_order, prorate: days_of_nominal_month')
        wh = [1] * 6 + [13] * 18
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, first="2026-01-10", after="2026-01-11")
        steps = found(rated)
        # the limits are 12/365 and 24/365 kWh, 0.032876712329 and 0.065753424658; 6 Wh of the night come before the day's
        assert (steps["day", 1], steps["day", 2]) == (Decimal("0.026876712"), Decimal("0.032876713"))
        for band, kwh in (("night", Decimal("0.032")), ("day", Decimal("0.208"))):
            assert sum(used for (own, _), used in steps.items() if own == band) == kwh

    def test_intervals_that_are_not_those_of_the_sums_are_refused(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], fill: time_order')
        inputs = inputs_of_intervals(tariff, {"import_kwh": [[1] * 24]}, first="2026-01-10", after="2026-01-11")
        inputs.quantities["import_kwh"].values[0, 0] += 1
        with pytest.raises(InvariantError, match="the intervals of night do not add up"):
            rate(inputs)

    HUGE = 5 * 10**18
    """Fits 64 bits, and twice as much does not."""

    @pytest.mark.parametrize(
        ("wh", "rule", "third_step"),
        [
            pytest.param([HUGE, *[0] * 11, HUGE, *[0] * 11], "", {"night": HUGE, "day": HUGE}, id="what was climbed"),
            pytest.param([HUGE, HUGE, *[0] * 20, -HUGE, 0], "", {"night": HUGE, "day": 0}, id="a run of the night"),
            pytest.param(
                [HUGE // 5, *[0] * 23], ", prorate: days_of_month", {"night": HUGE // 5, "day": 0}, id="a limit of many decimals"
            ),
            pytest.param(
                [HUGE // 1000, *[0] * 11, HUGE // 1000, *[0] * 10, HUGE // 1000],
                ", prorate: days_of_month",
                {"night": 2 * (HUGE // 1000), "day": HUGE // 1000},
                id="runs of as many decimals as a limit",
            ),
        ],
    )
    def test_values_beyond_64_bits_stay_exact(self, tariff_of, wh, rule, third_step):
        tariff = tariff_of(NIGHT_AND_DAY % f'["10", "31"], fill: time_order{rule}')
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, first="2026-01-10", after="2026-01-11", exponent=-9)
        steps, second_limit = found(rated), 1 if rule else 31
        kwh = {band: Decimal(value).scaleb(-9) for band, value in third_step.items()}
        assert steps["night", 1] + steps["night", 2] == second_limit
        assert steps["night", 3] == kwh["night"] - second_limit
        assert steps.get(("day", 3), 0) == kwh["day"]


class TestReset:
    def test_each_local_day_has_a_ladder_of_its_own(self, tariff_of):
        tariff = tariff_of(ONE_PRICE % ", per: day, reset: day")
        wh = [[12_000] + [0] * 23 + [5_000] + [0] * 22 + [11_000] + [0] * 23]
        rated = bill_of_intervals(tariff, {"import_kwh": wh}, **THREE_DAYS)
        # of 12, 5 and 11 kWh ten a day are cheap; the 29th has 23 hours
        assert found(rated) == {(None, 1): 25, (None, 2): 3}

    def test_without_it_the_days_share_their_limits(self, tariff_of):
        wh = [[12_000] + [0] * 23 + [5_000] + [0] * 22 + [11_000] + [0] * 23]
        rated = bill_of_intervals(tariff_of(ONE_PRICE % ", per: day"), {"import_kwh": wh}, **THREE_DAYS)
        assert found(rated) == {(None, 1): 28}

    @pytest.mark.parametrize(("hour", "steps"), [(24, {(None, 1): 10, (None, 2): 10}), (25, {(None, 1): 20})])
    def test_a_day_of_25_hours_ends_at_local_midnight(self, tariff_of, hour, steps):
        tariff = tariff_of(ONE_PRICE % ", per: day, reset: day")
        # ten kWh in the third hour of 25 October, ten more in its last hour or in the first of the 26th
        wh = [0] * 73
        wh[24 + 2], wh[24 + hour] = 10_000, 10_000
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, **AUTUMN)
        assert found(rated) == steps

    def test_periods_may_have_a_ladder_each_day_each(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["2", "4"], per: day, reset: day, scope: each_period')
        day = [3_000] * 2 + [0] * 10 + [3_000] + [0] * 11
        rated = bill_of_intervals(tariff, {"import_kwh": [day * 2]}, first="2026-01-10", after="2026-01-12")
        # each day six kWh at night (2 + 2 + 2) and three by day (2 + 1)
        assert found(rated) == {("night", 1): 4, ("night", 2): 4, ("night", 3): 4, ("day", 1): 4, ("day", 2): 2}

    def test_pro_rata_by_period_and_day_is_refused(self):
        text = "tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nversions:\n- from: 2020-01-01\n"
        body = NIGHT_AND_DAY % '["1", "2"], per: day, reset: day'
        with pytest.raises(TariffError) as refused:
            parse_tariff(text + "".join(f"  {line}\n" for line in body.splitlines()), "t.yaml")
        assert (refused.value.code, refused.value.where) == ("tariff.invalid", "versions[0].charges[0].tiers.fill")


class TestNetMetering:
    @pytest.mark.parametrize(
        ("rule", "field"),
        [("fill: time_order", "fill"), ("per: day, scope: each_period, reset: day", "reset")],
    )
    def test_nets_a_whole_period_and_goes_with_no_order_of_time(self, tariff_of, rule, field):
        with pytest.raises(TariffError) as refused:
            tariff_of(NIGHT_AND_DAY % f'["1", "2"], {rule}' + "export: {mode: nem_kwh}")
        assert (refused.value.code, refused.value.where) == ("tariff.unsupported", f"versions[0].charges[0].tiers.{field}")

    def test_other_meters_are_not_netted(self, tariff_of):
        body = (NIGHT_AND_DAY % '["1", "2"], fill: time_order').replace("kind: energy", "kind: energy, quantity: heater_kwh")
        body = body.replace("charges: [", 'charges: [{id: net, kind: energy, price: "0.2"}, ')
        assert tariff_of(body + "export: {mode: nem_kwh}").versions[0].export.mode == "nem_kwh"


class TestLimits:
    @pytest.mark.parametrize(
        ("first", "after", "kwh"),
        [
            pytest.param("2026-01-01", "2026-02-01", "310", id="a whole month"),
            pytest.param("2024-02-01", "2024-03-01", "310", id="a leap February"),
            pytest.param("2026-02-01", "2026-02-15", "155", id="half of February"),
            pytest.param("2024-02-01", "2024-02-15", "149.655172414", id="14 of 29 days"),
            pytest.param("2026-01-15", "2026-02-15", "325", id="17/31 of January and 14/28 of February"),
        ],
    )
    def test_prorated_by_the_days_of_each_month(self, tariff_of, bill, first, after, kwh):
        tariff = tariff_of(
            'charges: [{id: u, kind: energy, price: ["1", "2"], tiers: {limits: ["310"], prorate: days_of_month}}]'
        )
        rated = bill(tariff, {"import_kwh": [[10**6]]}, first=first, after=after)
        assert found(rated)[None, 1] == Decimal(kwh)

    def test_two_versions_have_a_ladder_each_in_time_order_too(self):
        body = NIGHT_AND_DAY % '["310", "620"], fill: time_order'
        parts = [
            f"- from: {day}\n" + "".join(f"  {line}\n" for line in body.splitlines()) for day in ("2020-01-01", "2026-01-11")
        ]
        tariff = parse_tariff("tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nversions:\n" + "".join(parts), "t.yaml")
        wh = [0] * (31 * 24)
        wh[0], wh[9 * 24 + 23], wh[10 * 24] = 90_000, 20_000, 215_000
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]})
        steps = [(row["tariff_version"], row["tier"], row["quantity"]) for row in rated.lines.to_pylist()]
        # 10 of 31 days: 100 kWh; 21 of 31 days: 210 kWh; the hour from 23:00 on the 10th is the old version's
        assert steps == [("2020-01-01", 1, 100), ("2020-01-01", 2, 10), ("2026-01-11", 1, 210), ("2026-01-11", 2, 5)]

    def test_periods_that_cancel_each_other_out_stay_on_the_step_where_a_year_stands(self, tariff_of, bill):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], per: year')
        carried = {"ladder|use|2026-01-01": Exact(np.array([9_999, 10_000, 20_001]), 3)}
        rated = bill(tariff, {"import_kwh": [[5_000, -5_000]] * 3}, carried=carried)
        assert [set(found(rated, row)) for row in range(3)] == [{("night", step), ("day", step)} for step in (1, 2, 3)]

    @pytest.mark.parametrize("rule", ["", ", prorate: days_of_nominal_month"])
    def test_periods_that_cancel_each_other_out_stay_on_the_first_step(self, tariff_of, bill, rule):
        tariff = tariff_of(NIGHT_AND_DAY % f'["10", "20"]{rule}')
        rated = bill(tariff, {"import_kwh": [[5_000, -5_000]]})
        assert found(rated) == {("night", 1): 5, ("day", 1): -5}
        assert rated.total[0].as_py() == Decimal("-1.5")


class TestYear:
    YEARLY = ", per: year"

    def test_goes_on_from_what_was_climbed_before(self, tariff_of, bill):
        tariff = tariff_of(ONE_PRICE % self.YEARLY)
        carried = {"ladder|use|2026-01-01": Exact(np.array([7_500, 0, 12_000]), 3)}
        rated = bill(tariff, {"import_kwh": [[4_000], [4_000], [4_000]]}, carried=carried)
        assert [found(rated, row) for row in range(3)] == [
            {(None, 1): Decimal("2.5"), (None, 2): Decimal("1.5")},
            {(None, 1): 4},
            {(None, 2): 4},
        ]
        assert rated.carried["ladder|use|2026-01-01"].to_text().to_pylist() == ["11.5", "4", "16"]

    @given(st.lists(st.integers(-3_000, 9_000), min_size=1, max_size=6))
    @settings(max_examples=30)
    def test_the_bills_of_a_year_are_one_ladder(self, tariff_of, bill, months):
        tariff, carried, sums = tariff_of(ONE_PRICE % self.YEARLY), {}, {1: Decimal(0), 2: Decimal(0)}
        for number, wh in enumerate(months, start=1):
            dates = {"first": f"2026-{number:02d}-01", "after": f"2026-{number + 1:02d}-01"}
            rated = bill(tariff, {"import_kwh": [[wh]]}, carried=carried, **dates)
            carried = rated.carried
            for (_, tier), kwh in found(rated).items():
                sums[tier] += kwh
        total = Decimal(sum(months)).scaleb(-3)
        assert sums == {1: min(total, Decimal(10)), 2: max(total - 10, Decimal(0))}

    @pytest.mark.parametrize(
        ("first", "after", "year"),
        [
            pytest.param("2026-06-30", "2026-07-30", "2025-07-01", id="the first day is the old year's"),
            pytest.param("2026-07-01", "2026-08-01", "2026-07-01", id="the first day is the new year's"),
        ],
    )
    def test_a_billing_period_belongs_to_the_year_of_its_first_day(self, tariff_of, bill, first, after, year):
        tariff = tariff_of(ONE_PRICE % ', per: year, year_from: "07-01"')
        rated = bill(tariff, {"import_kwh": [[1_000]]}, first=first, after=after)
        assert list(rated.carried) == [f"ladder|use|{year}"]

    def test_in_time_order_it_goes_on_too(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], per: year, fill: time_order')
        carried = {"ladder|use|2026-01-01": Exact(np.array([9]), 0)}
        wh = [2_000] + [0] * 11 + [2_000] + [0] * 11
        dates = {"first": "2026-01-10", "after": "2026-01-11"}
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]}, carried=carried, **dates)
        assert found(rated) == {("night", 1): 1, ("night", 2): 1, ("day", 2): 2}
        assert rated.carried["ladder|use|2026-01-01"].to_text().to_pylist() == ["13"]

    def test_each_period_goes_on_by_itself(self, tariff_of, bill):
        tariff = tariff_of(NIGHT_AND_DAY % '["10", "20"], per: year, scope: each_period')
        carried = {"ladder|use|2026-01-01|night": Exact(np.array([9]), 0)}
        rated = bill(tariff, {"import_kwh": [[2_000, 2_000]]}, carried=carried)
        assert found(rated) == {("night", 1): 1, ("night", 2): 1, ("day", 1): 2}
        texts = {name: state.to_text().to_pylist() for name, state in rated.carried.items()}
        assert texts == {"ladder|use|2026-01-01|night": ["11"], "ladder|use|2026-01-01|day": ["2"]}

    def test_a_month_without_the_charge_hands_it_on(self, tariff_of, bill):
        tariff = tariff_of((ONE_PRICE % self.YEARLY).replace("kind: energy", "kind: energy, months: [1, 3]"))
        carried = {"ladder|use|2026-01-01": Exact(np.array([9]), 0)}
        rated = bill(tariff, {"import_kwh": [[2_000]]}, carried=carried, first="2026-02-01", after="2026-03-01")
        assert found(rated) == {}
        assert rated.carried["ladder|use|2026-01-01"].to_text().to_pylist() == ["9"]

    def test_a_year_from_29_february_begins_on_1_march_where_there_is_none(self, tariff_of, bill):
        tariff = tariff_of(ONE_PRICE % ', per: year, year_from: "02-29"')
        rated = bill(tariff, {"import_kwh": [[1_000]]}, first="2026-03-01", after="2026-04-01")
        assert list(rated.carried) == ["ladder|use|2026-03-01"]
        # a tariff without the ladder hands it on until its year is over
        other = tariff_of('charges: [{id: use, kind: energy, price: "1"}]')
        for after, kept in (("2027-02-28", ["ladder|use|2026-03-01"]), ("2027-03-01", [])):
            later = bill(other, {"import_kwh": [[0]]}, first="2027-02-27", after=after, carried=rated.carried)
            assert list(later.carried) == kept
        leap = bill(tariff, {"import_kwh": [[1_000]]}, first="2028-02-29", after="2028-03-01")
        assert list(leap.carried) == ["ladder|use|2028-02-29"]

    def test_last_years_ladder_is_not_handed_on(self, tariff_of, bill):
        carried = {"ladder|use|2025-01-01": Exact(np.array([9]), 0)}
        rated = bill(tariff_of(ONE_PRICE % self.YEARLY), {"import_kwh": [[2_000]]}, carried=carried)
        assert list(rated.carried) == ["ladder|use|2026-01-01"]

    def test_a_new_version_goes_on_where_the_old_one_stood(self):
        body = "".join(f"  {line}\n" for line in (ONE_PRICE % self.YEARLY).splitlines())
        parts = [f"- from: {day}\n{body}" for day in ("2020-01-01", "2026-01-11")]
        tariff = parse_tariff("tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nversions:\n" + "".join(parts), "t.yaml")
        wh = [0] * (31 * 24)
        wh[0], wh[20 * 24] = 8_000, 5_000
        rated = bill_of_intervals(tariff, {"import_kwh": [wh]})
        steps = [
            (row["tariff_version"][:4], row["tier"], row["quantity"])
            for row in rated.lines.to_pylist()
            if row["kind"] == "energy"
        ]
        assert steps == [("2020", 1, 8), ("2026", 1, 2), ("2026", 2, 3)]

    def test_only_agreements_that_the_charge_stands_for_climb(self, tariff_of, bill):
        tariff = tariff_of((ONE_PRICE % self.YEARLY).replace("kind: energy", "kind: energy, only_for: heat_pump"))
        rated = bill(tariff, {"import_kwh": [[2_000], [2_000]]}, options={"heat_pump": np.array([True, False])})
        assert rated.carried["ladder|use|2026-01-01"].to_text().to_pylist() == ["2", "0"]


HOURS_USE = """\
charges: [{id: use, kind: energy, price: ["1", "2", "3", "4"], tiers: {blocks: [{kwh_per_kw: "200", limits: ["3000"]}, \
{kwh_per_kw: "400"}, {}]%s}}]
"""


@pytest.fixture
def demand_of(monkeypatch):
    """Let the billing demand be a given number of kW for each agreement."""

    def give(*kw):
        demand = Exact(np.array([int(Decimal(each).scaleb(3)) for each in kw]), 3)
        monkeypatch.setattr(ladders, "billing_demand_kw", lambda work, span: demand)

    return give


class TestHoursUse:
    @pytest.mark.parametrize(
        ("kw", "kwh", "steps"),
        [
            pytest.param("50", 2_999, ["2999"], id="inside the first step"),
            pytest.param("50", 3_001, ["3000", "1"], id="above the limit inside the block"),
            pytest.param("50", 10_000, ["3000", "7000"], id="200 hours of 50 kW"),
            pytest.param("50", 10_001, ["3000", "7000", "1"], id="above 200 hours"),
            pytest.param("50", 20_000, ["3000", "7000", "10000"], id="400 hours"),
            pytest.param("50", 20_500, ["3000", "7000", "10000", "500"], id="above 400 hours"),
            pytest.param("0.5", 500, ["100", None, "100", "300"], id="a block ends before the limit inside it"),
            pytest.param("0", 10, [None, None, None, "10"], id="no demand"),
        ],
    )
    def test_blocks_end_with_the_demand(self, tariff_of, bill, demand_of, kw, kwh, steps):
        demand_of(kw)
        rated = bill(tariff_of(HOURS_USE % ""), {"import_kwh": [[kwh * 1000]]})
        assert found(rated) == {(None, tier): Decimal(each) for tier, each in enumerate(steps, start=1) if each is not None}

    def test_each_agreement_has_its_own_demand(self, tariff_of, bill, demand_of):
        demand_of("50", "10")
        rated = bill(tariff_of(HOURS_USE % ""), {"import_kwh": [[12_000_000], [12_000_000]]})
        assert found(rated, 0) == {(None, 1): 3000, (None, 2): 7000, (None, 3): 2000}
        assert found(rated, 1) == {(None, 1): 2000, (None, 3): 2000, (None, 4): 8000}

    def test_limits_inside_a_block_are_prorated_and_blocks_are_not(self, tariff_of, bill, demand_of):
        demand_of("50")
        rated = bill(
            tariff_of(HOURS_USE % ", prorate: days_of_month"),
            {"import_kwh": [[12_000_000]]},
            first="2026-02-01",
            after="2026-02-15",
        )
        assert found(rated) == {(None, 1): 1500, (None, 2): 8500, (None, 3): 2000}

    def test_each_of_two_versions_has_blocks_for_its_part_of_the_days(self, demand_of, bill):
        demand_of("50")
        body = "".join(f"  {line}\n" for line in (HOURS_USE % "").splitlines())
        parts = [f"- from: {day}\n{body}" for day in ("2020-01-01", "2026-01-11")]
        tariff = parse_tariff("tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nversions:\n" + "".join(parts), "t.yaml")
        rated = bill(tariff, {"import_kwh": [[0, 10_000_000]]})
        steps = {row["tier"]: row["quantity"] for row in rated.lines.to_pylist()}
        # 21 of 31 days of 3,000, of 10,000 and of 20,000 kWh
        assert steps == {1: Decimal("2032.258064516"), 2: Decimal("4741.935483871"), 3: Decimal("3225.806451613")}

    @pytest.mark.parametrize("per", ["day", "year"])
    def test_blocks_of_a_day_or_a_year_are_refused(self, tariff_of, per):
        with pytest.raises(TariffError) as refused:
            tariff_of(HOURS_USE % f", per: {per}")
        assert refused.value.code == "tariff.unsupported"

    def test_time_order_splits_at_the_demands_own_limits(self, tariff_of, demand_of):
        demand_of("1", "2")
        body = 'periods: {night: [{from: "22:00", to: "06:00"}], day: [{else: true}]}\ncharges: [{id: use, kind: energy, price: '
        body += '{night: ["1", "2"], day: ["3", "4"]}, tiers: {blocks: [{kwh_per_kw: "5"}, {}], fill: time_order}}]'
        wh = [4_000] + [0] * 11 + [4_000] + [0] * 11
        dates = {"first": "2026-01-10", "after": "2026-01-11"}
        rated = bill_of_intervals(tariff_of(body), {"import_kwh": [wh, wh]}, groups=[[1], [0]], **dates)
        assert found(rated, 0) == {("night", 1): 4, ("day", 1): 1, ("day", 2): 3}
        assert found(rated, 1) == {("night", 1): 4, ("day", 1): 4}
