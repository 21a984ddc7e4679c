"""Bills and prices that the ratebook project publishes as vectors for its engines.

Its tariffs have the tables and tiers of URDB in another shape; they are turned into URDB records here and imported like any.
What a record cannot say (a second fixed charge, days that holidays are kept on) is said in an overlay.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from schemas.errors import TariffError
from tariffs.calendar import combos_at
from tariffs.clock import Clock
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate

CLOCK = "-05:00"
OVERLAY = f'clock: "{CLOCK}"\nrounding: {{line: none, total: {{places: 2, mode: half_up}}}}\n'
CENT = Decimal("0.01")
EXACT_ENOUGH = Decimal("0.0005")
BILLS = [
    "peco_rate_r_flat_900kwh",
    "tiered_800kwh_crosses_boundary",
    "seasonal_summer_1000kwh",
    "tou_2day_hourly",
    "min_charge_floor_applied",
    "kwh_daily_tier_scaling",
    "fixed_daily_proration",
    "identical_ladder_tou_aggregate",
    "negative_fixed_credit",
]
REFUSED = ["demand_charge_refused"]


def record_of(tariff):
    """A tariff of the vectors as a URDB record, numbers as they are written."""
    schedule = tariff["schedule"]
    record = {
        "name": tariff["identity"]["plan_name"] or "example",
        "sector": tariff["identity"]["sector"],
        "startdate": "2025-01-01",
        "energyratestructure": [
            [
                # an open step counts in what the steps before it count in; the vectors leave its unit at the default
                {"rate": f"#{tier['rate']}#", "adj": f"#{tier['adj']}#", "unit": period["tiers"][0]["max_unit"]}
                | ({} if tier["max"] is None else {"max": f"#{tier['max']}#"})
                for tier in period["tiers"]
            ]
            for period in tariff["energy"]["periods"]
        ],
        "energyweekdayschedule": schedule["weekday"],
        "energyweekendschedule": schedule["weekend"],
    }
    for charge in tariff["fixed_charges"][:1]:
        record |= {"fixedchargefirstmeter": f"#{charge['amount']}#", "fixedchargeunits": charge["unit"]}
    if tariff["min_charge"] is not None:
        record |= {"mincharge": f"#{tariff['min_charge']['amount']}#", "minchargeunits": tariff["min_charge"]["unit"]}
    if "holidays" in schedule:
        record["x_holidays"] = schedule["holidays"]
    record["x_holiday_policy"] = schedule["holiday_policy"] if "holidays" in schedule else None
    # what ratebook found in the rate and cannot price; its vectors say it in words only
    record |= {each["kind"]: each["detail"] for each in tariff["unsupported"]}
    return re.sub(r'"#(-?[0-9.]+)#"', r"\1", json.dumps(record)).encode()


def overlay_of(tariff):
    """What a record cannot say."""
    more = [
        f'- {{id: basic_{number}, kind: fixed, price: "{charge["amount"]}", per: {charge["unit"].removeprefix("$/")}}}\n'
        for number, charge in enumerate(tariff["fixed_charges"][1:], start=2)
    ]
    names = tariff["schedule"].get("holidays")
    kept = ""
    if tariff["schedule"].get("holiday_observance") == "actual_day":
        kept = f"holidays: {{calendar: US, names: [{', '.join(names)}], priced_as: weekend, observe: none}}\n"
    return OVERLAY + kept + ("add_charges:\n" + "".join(more) if more else "")


def imported(tariff, *without):
    options = ImportOptions("rate.json", frozenset(without))
    return import_tariff(record_of(tariff), options, imported_on=date(2026, 7, 30), overlay=overlay_of(tariff)).tariff


def instants_of(window):
    first = date.fromisoformat(window["start"])
    clock = Clock(CLOCK)
    days = (first, first + timedelta(days=window["days"]))
    return tuple(datetime.fromtimestamp(clock.midnight(day), UTC) for day in days)


def wh_by_hour(usage, hours):
    """A load by hour; a total without hours is used in the first afternoon, wherever the price does not look."""
    if "hourly_kwh" in usage:
        return [int(Decimal(kwh) * 1000) for kwh in usage["hourly_kwh"]]
    return [int(Decimal(usage["total_kwh"]) * 1000) if hour == 14 else 0 for hour in range(hours)]


def rated(tariff, case):
    starts_at, ends_at = instants_of(case["window"])
    hours = np.arange(int(starts_at.timestamp()), int(ends_at.timestamp()), 3600)
    places, combos = combos_at(tariff, direction="import", starts=hours, starts_at=starts_at, ends_at=ends_at)
    used = np.array(wh_by_hour(case["usage"], len(hours)))
    sums = np.array([[int(used[places == place].sum()) for place in range(len(combos))]])
    use = Determinant(combos, -3, sums, "kWh")
    return rate(RatingInputs(tariff, starts_at, ends_at, {"import_kwh": use}, np.array([False])))


def prices_of(tariff, window):
    """The price of the first step in each hour."""
    starts_at, ends_at = instants_of(window)
    hours = np.arange(int(starts_at.timestamp()), int(ends_at.timestamp()), 3600)
    places, combos = combos_at(tariff, direction="import", starts=hours, starts_at=starts_at, ends_at=ends_at)
    (charge,) = [charge for charge in tariff.versions[0].charges if charge.kind == "energy"]
    return [charge.prices(combos[place].band)[0] for place in places.tolist()]


@pytest.fixture(scope="module")
def bills(reference_data):
    path = reference_data / "oracles" / "tariffs" / "published" / "ratebook-vectors" / "v0_bills.json"
    return {case["name"]: case for case in json.loads(path.read_text())["cases"]}


@pytest.fixture(scope="module")
def holidays(reference_data):
    path = reference_data / "oracles" / "tariffs" / "published" / "ratebook-vectors" / "v0_holidays.json"
    return json.loads(path.read_text())


def test_every_published_case_is_tried(bills, holidays):
    assert set(bills) == {*BILLS, *REFUSED}
    assert {kind: len(cases) for kind, cases in holidays.items()} == {"price_cases": 4, "bill_cases": 2, "charge_cases": 1}


def sum_of(lines, *kinds):
    return sum((line["amount"] for line in lines if line["kind"] in kinds), Decimal(0))


def same_bill(found, expected):
    lines = found.lines.to_pylist()
    assert abs(sum_of(lines, "energy") - Decimal(expected["energy_charge"])) < EXACT_ENOUGH
    assert abs(sum_of(lines, "fixed") - Decimal(expected["fixed_charge"])) < EXACT_ENOUGH
    assert abs(found.total[0].as_py() - Decimal(expected["total"])) < EXACT_ENOUGH
    assert found.total_rounded[0].as_py() == Decimal(expected["total"]).quantize(CENT)
    assert any(line["kind"] == "minimum" for line in lines) == expected["min_charge_floor_applied"]


class TestBills:
    @pytest.mark.parametrize("name", BILLS)
    def test_components_and_total_are_those_published(self, bills, name):
        case = bills[name]
        same_bill(rated(imported(case["tariff"]), case), case["expected"])

    @pytest.mark.parametrize("name", [name for name in BILLS if name != "identical_ladder_tou_aggregate"])
    def test_kwh_price_and_amount_of_each_step_are_those_published(self, bills, name):
        case = bills[name]
        lines = rated(imported(case["tariff"]), case).lines.to_pylist()
        found = [
            (line["band"] or "p0", line["tier"] or 1, line["quantity"], line["price"], line["amount"])
            for line in lines
            if line["kind"] == "energy"
        ]
        expected = [
            (f"p{line['period']}", line["tier"] + 1, Decimal(line["kwh"]), Decimal(line["rate"]), Decimal(line["subtotal"]))
            for line in case["expected"]["line_items"]
            if line["period"] >= 0
        ]
        assert sorted(found) == sorted(expected)

    @pytest.mark.parametrize("name", REFUSED)
    def test_a_price_that_is_told_in_words_is_refused_by_its_name(self, bills, name):
        case = bills[name]
        with pytest.raises(TariffError) as refused:
            imported(case["tariff"])
        assert refused.value.where == case["expected"]["refusal"]["reason"]


class TestHolidays:
    @pytest.mark.parametrize("place", [0, 2, 3])
    def test_each_hour_of_a_holiday_has_the_published_price(self, holidays, place):
        case = holidays["price_cases"][place]
        assert case["tariff"]["schedule"]["holiday_policy"] == "as_weekend"
        assert prices_of(imported(case["tariff"]), case["window"]) == [Decimal(price) for price in case["expected"]]

    def test_holidays_of_an_unknown_policy_are_refused_and_left_out_they_are_days_like_any(self, holidays):
        case = holidays["price_cases"][1]
        with pytest.raises(TariffError) as refused:
            imported(case["tariff"])
        assert refused.value.where == "x_holiday_policy"
        tariff = imported(case["tariff"], "x_holidays", "x_holiday_policy")
        assert prices_of(tariff, case["window"]) == [Decimal(price) for price in case["expected"]]

    @pytest.mark.parametrize("place", [0, 1])
    def test_bills_of_a_holiday_are_those_published(self, holidays, place):
        case = holidays["bill_cases"][place]
        same_bill(rated(imported(case["tariff"]), case), case["expected"])

    def test_the_cheapest_hours_of_a_week_with_two_holidays_are_those_published(self, holidays):
        (case,) = holidays["charge_cases"]
        prices = prices_of(imported(case["tariff"]), case["window"])
        length = case["charge_hours"]
        means = [sum(prices[hour : hour + length], Decimal(0)) / length for hour in range(len(prices) - length + 1)]
        first = means.index(min(means))
        start = datetime.fromisoformat(case["window"]["start"]) + timedelta(hours=first)
        assert start.isoformat() == case["expected"]["start"]
        assert Fraction(means[first]) == Fraction(Decimal(case["expected"]["avg_rate"]))
        assert prices[first : first + length] == [Decimal(price) for price in case["expected"]["hourly_rates"]]
        # the evening of Wednesday is dear, those of Thanksgiving and the day after are not
        assert [max(prices[day * 24 : day * 24 + 24]) for day in range(3)] == [Decimal("0.3"), Decimal("0.1"), Decimal("0.1")]
