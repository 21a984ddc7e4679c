"""AU CDR energy plans: every field of a plan is carried, kept as information, or refused by its name."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.importers.carried_fields import Fate
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tests.tariffs.importers.cdr_plans import (
    FLAT,
    HOLIDAYS,
    PLAN,
    WEEK,
    WEEKDAYS,
    WEEKEND,
    by_time,
    demand,
    plan_text,
    rate,
    window,
)
from tests.tariffs.interval_bills import bill_of_intervals

SYDNEY = "clock: Australia/Sydney\n"
NSW = "holidays: {calendar: AU-NSW}\n"
PEAK = rate("PEAK", "0.50", window(WEEKDAYS, "15:00", "20:59"))
OFF_PEAK = rate(
    "OFF_PEAK",
    "0.20",
    window(WEEKDAYS, "21:00", "14:59"),
    window(WEEKEND, "00:00", "23:59"),
)


def imported(*, without=(), overlay=None, enclosed=True, plan=None, **contract):
    content = plan_text(plan=plan, enclosed=enclosed, **contract)
    options = ImportOptions("plan.json", frozenset(without))
    return import_tariff(content, options, imported_on=date(2026, 7, 30), overlay=overlay, overlay_where="overlay.yaml")


def version_of(made):
    (version,) = made.tariff.versions
    return version


def charges_of(made):
    return {charge.id: charge for charge in version_of(made).charges}


def refusal_of(**changes):
    with pytest.raises(TariffError) as refused:
        imported(**changes)
    return refused.value.code, refused.value.where


def bill(made, first, after, *, options=(), started=False, ended=False, minutes=60, **used):
    """Rate one agreement; loads are functions of the interval's number [Wh]."""
    days = (date.fromisoformat(after) - date.fromisoformat(first)).days
    count = days * 24 * 60 // minutes
    loads = {name: [[load(number) for number in range(count)]] for name, load in used.items()}
    return bill_of_intervals(
        made.tariff,
        loads or {"import_kwh": [[0] * count]},
        first=first,
        after=after,
        minutes=minutes,
        options={name: np.array([True]) for name in options},
        started=np.array([started]),
        ended=np.array([ended]),
    )


def amounts(rated):
    found = {}
    for line in rated.lines.to_pylist():
        key = line["charge_id"] if line["band"] is None else f"{line['charge_id']} {line['band']}"
        key = key if line["tier"] is None else f"{key}/{line['tier']}"
        found[key] = line["amount_rounded"]
    return found


class TestHead:
    def test_a_flat_plan_is_a_tariff_with_every_rule_written_down(self):
        text = imported().text.splitlines()
        assert text[2:6] == [
            "tariff: exa100001mre1-eme",
            "currency: AUD",
            'clock: "+10:00"',
            "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}",
        ]
        assert text[-4:] == [
            "  charges:",
            '  - {id: supply, kind: fixed, price: "1.05", per: day}',
            '  - {id: usage, kind: energy, quantity: import_kwh, price: "0.3"}',
            '  - {id: gst, kind: tax, of: [supply, usage], percent: "10", code: gst}',
        ]

    def test_a_plan_alone_says_the_same_as_one_in_its_answer(self):
        assert imported(enclosed=False).tariff == imported().tariff

    @pytest.mark.parametrize(
        ("effective", "day"),
        [
            ("2025-07-01T00:00:00+10:00", date(2025, 7, 1)),
            ("2025-06-30T14:00:00Z", date(2025, 7, 1)),
            ("2025-06-30T13:00:00Z", date(2025, 7, 1)),
            ("2025-06-30T12:59:59Z", date(2025, 6, 30)),
            (None, date(1970, 1, 1)),
        ],
    )
    def test_the_plan_holds_from_the_date_whose_midnight_it_is_offered_from_in_any_clock(self, effective, day):
        assert version_of(imported(plan={"effectiveFrom": effective})).from_ == day

    def test_the_end_of_an_offer_ends_no_price_and_is_noted(self):
        made = imported(plan={"effectiveTo": "2026-06-30T00:00:00+10:00"})
        assert "the plan is offered until 2026-06-30; its prices stay in force until a new version" in made.notes
        assert len(made.tariff.versions) == 1

    def test_texts_are_kept_in_the_source_of_the_version(self):
        source = version_of(imported()).source
        assert (source["planId"], source["variation"]) == ("EXA100001MRE1@EME", "Prices may change with five days' notice.")

    def test_an_incentive_is_noted_because_words_may_hold_a_price(self):
        gift = {"displayName": "Welcome credit", "description": "$50 off", "category": "ACCOUNT_CREDIT"}
        made = imported(incentives=[gift])
        assert made.notes == (
            "electricityContract.incentives[0]: an incentive is told in words and is not in the tariff: Welcome credit",
        )


class TestClock:
    @pytest.mark.parametrize("zone", ["AEST", None])
    def test_a_plan_without_a_word_is_in_eastern_standard_time_all_the_year(self, zone):
        assert imported(timeZone=zone).tariff.clock == "+10:00"

    def test_local_time_needs_an_overlay_with_the_customers_clock(self):
        assert refusal_of(timeZone="LOCAL") == ("import.unsupported", "electricityContract.timeZone")
        assert imported(timeZone="LOCAL", overlay=SYDNEY).tariff.clock == "Australia/Sydney"

    def test_a_tariff_period_with_another_clock_is_refused(self):
        period = FLAT | {"timeZone": "LOCAL"}
        assert refusal_of(tariffPeriod=[period])[1] == "electricityContract.tariffPeriod[0].timeZone"

    def test_a_time_with_the_offset_of_aest_is_that_time(self):
        peak = rate("PEAK", "0.50", window(WEEK, "T15:00+10:00", "T20:59:59+10:00"))
        rest = rate("OFF_PEAK", "0.20", window(WEEK, "2100", "1459"))
        rated = amounts(bill(imported(tariffPeriod=[by_time(peak, rest)]), "2026-01-05", "2026-01-06", import_kwh=lambda _: 1000))
        assert (rated["usage peak"], rated["usage off_peak"]) == (Decimal("3.00"), Decimal("3.60"))
        other = rate("PEAK", "0.50", window(WEEK, "15:00Z", "20:59Z"))
        assert refusal_of(tariffPeriod=[by_time(other, rest)])[1].endswith("timeOfUse[0].startTime")


class TestUsage:
    def test_a_month_is_priced_by_hand(self):
        # 31 days x 1.05 = 32.55; 31 x 24 kWh x 0.30 = 223.20; GST 10 % of 255.75 = 25.575 -> 25.58
        rated = bill(imported(), "2026-01-01", "2026-02-01", import_kwh=lambda _: 1000)
        assert amounts(rated) == {"supply": Decimal("32.55"), "usage": Decimal("223.20"), "gst": Decimal("25.58")}

    def test_rates_by_time_of_use_hold_in_their_windows_and_an_end_at_minute_59_is_included(self):
        made = imported(pricingModel="TIME_OF_USE", tariffPeriod=[by_time(PEAK, OFF_PEAK)])
        # Monday 5 January 2026: 6 peak hours of 24; Saturday has none
        monday = amounts(bill(made, "2026-01-05", "2026-01-06", import_kwh=lambda _: 1000))
        saturday = amounts(bill(made, "2026-01-10", "2026-01-11", import_kwh=lambda _: 1000))
        assert (monday["usage peak"], monday["usage off_peak"]) == (Decimal("3.00"), Decimal("3.60"))
        assert "usage peak" not in saturday
        assert saturday["usage off_peak"] == Decimal("4.80")

    def test_each_rate_may_stand_in_a_tariff_period_of_its_own(self):
        apart = [by_time(PEAK), by_time(OFF_PEAK, dailySupplyCharge=None)]
        one = imported(pricingModel="TIME_OF_USE", tariffPeriod=[by_time(PEAK, OFF_PEAK)])
        assert imported(pricingModel="TIME_OF_USE", tariffPeriod=apart).tariff == one.tariff

    def test_rates_of_two_tariff_periods_that_hold_at_once_are_refused(self):
        both = [by_time(PEAK, OFF_PEAK), by_time(PEAK | {"type": "SHOULDER"}, dailySupplyCharge=None)]
        assert refusal_of(tariffPeriod=both) == ("import.unsupported", "electricityContract.tariffPeriod")

    def test_a_volume_of_zero_on_an_only_rate_is_no_step(self):
        period = FLAT | {"singleRate": {"displayName": "x", "rates": [{"unitPrice": "0.30", "volume": 0.0}]}}
        assert imported(tariffPeriod=[period]).tariff == imported().tariff

    def test_both_sides_of_the_borders_of_a_window(self):
        made = imported(pricingModel="TIME_OF_USE", tariffPeriod=[by_time(PEAK, OFF_PEAK)])
        peaks = []
        for half_hour in (29, 30, 41, 42):
            rated = bill(made, "2026-01-05", "2026-01-06", minutes=30, import_kwh=lambda n, at=half_hour: 1000 if n == at else 0)
            peaks.append("usage peak" in amounts(rated))
        assert peaks == [False, True, True, False]

    def test_steps_of_a_day_hold_for_each_day_of_the_billing_period(self):
        steps = [{"unitPrice": "0.25", "volume": 10}, {"unitPrice": "0.35"}]
        period = FLAT | {"singleRate": {"displayName": "x", "rates": steps, "period": "P1D"}}
        # 24 kWh a day for 2 days: 20 kWh at 0.25, 28 at 0.35
        rated = amounts(bill(imported(tariffPeriod=[period]), "2026-01-05", "2026-01-07", import_kwh=lambda _: 1000))
        assert (rated["usage/1"], rated["usage/2"]) == (Decimal("5.00"), Decimal("9.80"))

    def test_volumes_are_the_widths_of_steps(self):
        steps = [{"unitPrice": "0.25", "volume": 10}, {"unitPrice": "0.30", "volume": 5}, {"unitPrice": "0.35"}]
        period = FLAT | {"singleRate": {"displayName": "x", "rates": steps, "period": "P1D"}}
        assert charges_of(imported(tariffPeriod=[period]))["usage"].tiers.limits == (Decimal(10), Decimal(15))

    @pytest.mark.parametrize(
        ("period", "volume", "limit", "per", "prorate"),
        [
            ("P1D", 10, "10", "day", "none"),
            ("P1W", 70, "10", "day", "none"),
            ("P1M", 300, "300", "month", "days_of_month"),
            ("P3M", 1020, "340", "month", "days_of_month"),
            ("P1Y", 4000, "4000", "year", "none"),
            ("P12M", 4000, "4000", "year", "none"),
        ],
    )
    def test_the_time_that_a_volume_is_for(self, period, volume, limit, per, prorate):
        steps = {"displayName": "x", "rates": [{"unitPrice": "0.25", "volume": volume}, {"unitPrice": "0.35"}], "period": period}
        tiers = charges_of(imported(tariffPeriod=[FLAT | {"singleRate": steps}]))["usage"].tiers
        assert (tiers.limits, tiers.per, tiers.prorate) == ((Decimal(limit),), per, prorate)

    def test_a_quarter_of_whole_months_has_the_whole_volume(self):
        steps = {"displayName": "x", "rates": [{"unitPrice": "0.25", "volume": 1020}, {"unitPrice": "0.35"}], "period": "P3M"}
        made = imported(tariffPeriod=[FLAT | {"singleRate": steps}])
        # 90 days x 24 kWh = 2160 kWh: 1020 at 0.25 = 255.00, 1140 at 0.35 = 399.00
        rated = amounts(bill(made, "2026-01-01", "2026-04-01", import_kwh=lambda _: 1000))
        assert (rated["usage/1"], rated["usage/2"]) == (Decimal("255.00"), Decimal("399.00"))

    def test_periods_with_steps_of_their_own_have_ladders_of_their_own(self):
        stepped = PEAK | {"rates": [{"unitPrice": "0.50", "volume": 2}, {"unitPrice": "0.60"}], "period": "P1D"}
        made = imported(pricingModel="TIME_OF_USE", tariffPeriod=[by_time(stepped, OFF_PEAK)])
        # one Monday: 2 kWh peak at 0.50, 4 at 0.60, 18 off peak at 0.20
        rated = amounts(bill(made, "2026-01-05", "2026-01-06", import_kwh=lambda _: 1000))
        assert {key: value for key, value in rated.items() if key.startswith("usage")} == {
            "usage_1 peak/1": Decimal("1.00"),
            "usage_1 peak/2": Decimal("2.40"),
            "usage_2 off_peak": Decimal("3.60"),
        }

    def test_parts_of_the_year_follow_each_other(self):
        summer = FLAT | {"startDate": "11-01", "endDate": "03-31"}
        winter = FLAT | {
            "startDate": "04-01",
            "endDate": "10-31",
            "singleRate": {"displayName": "w", "rates": [{"unitPrice": "0.40"}]},
        }
        made = imported(tariffPeriod=[summer, winter])
        # 31 March and 1 April 2026: a day at each price
        rated = amounts(bill(made, "2026-03-31", "2026-04-02", import_kwh=lambda _: 1000))
        assert (rated["usage s1"], rated["usage s2"], rated["supply"]) == (Decimal("7.20"), Decimal("9.60"), Decimal("2.10"))

    @pytest.mark.parametrize("end", ["02-28", "02-29"])
    def test_the_end_of_february_is_its_end_in_leap_years_too(self, end):
        first = FLAT | {"endDate": end}
        rest = FLAT | {"startDate": "03-01", "singleRate": {"displayName": "w", "rates": [{"unitPrice": "0.40"}]}}
        made = imported(tariffPeriod=[first, rest], plan={"effectiveFrom": "2024-01-01"})
        rated = amounts(bill(made, "2024-02-29", "2024-03-01", import_kwh=lambda _: 1000))
        assert rated["usage s1"] == Decimal("7.20")

    def test_public_holidays_that_a_window_names_need_a_calendar(self):
        peak = rate("PEAK", "0.50", window(WEEKDAYS, "07:00", "22:00"))
        rest = rate("OFF_PEAK", "0.20", window(WEEKDAYS, "22:00", "07:00"), window([*WEEKEND, HOLIDAYS], "00:00", "24:00"))
        plan = {"pricingModel": "TIME_OF_USE", "tariffPeriod": [by_time(peak, rest)]}
        assert refusal_of(**plan) == ("import.unsupported", "electricityContract.tariffPeriod")
        # Monday 26 January 2026 is Australia Day
        rated = amounts(bill(imported(overlay=NSW, **plan), "2026-01-26", "2026-01-27", import_kwh=lambda _: 1000))
        assert rated["usage off_peak"] == Decimal("4.80")
        assert "usage peak" not in rated

    def test_windows_of_all_eight_days_need_none(self):
        always = rate("PEAK", "0.50", window([*WEEK, HOLIDAYS], "00:00", "23:59"))
        assert imported(tariffPeriod=[by_time(always)]).tariff.holidays is None


class TestSupply:
    def test_the_older_name_of_the_field_is_read_too(self):
        period = {name: value for name, value in FLAT.items() if not name.startswith("dailySupply")} | {
            "dailySupplyCharges": "0.99"
        }
        assert charges_of(imported(tariffPeriod=[period]))["supply"].price == Decimal("0.99")

    def test_one_band_for_all_days_is_a_supply_charge(self):
        bands = [{"unitPrice": "1.10", "measureUnit": "DAYS"}]
        period = {name: value for name, value in FLAT.items() if not name.startswith("dailySupply")}
        period |= {"dailySupplyChargeType": "BAND", "bandedDailySupplyCharges": bands}
        assert charges_of(imported(tariffPeriod=[period]))["supply"].price == Decimal("1.10")

    def test_supply_of_two_tariff_periods_at_once_is_charged_twice(self):
        network = demand() | {"dailySupplyCharge": "0.20"}
        made = imported(tariffPeriod=[FLAT, network])
        assert {charge.id: charge.price for charge in charges_of(made).values() if charge.kind == "fixed"} == {
            "supply": Decimal("0.2"),
            "supply_2": Decimal("1.05"),
        }

    def test_supply_that_differs_by_season_is_refused(self):
        summer = FLAT | {"startDate": "11-01", "endDate": "03-31"}
        winter = FLAT | {"startDate": "04-01", "endDate": "10-31", "dailySupplyCharge": "1.06"}
        assert refusal_of(tariffPeriod=[summer, winter])[1] == "electricityContract.tariffPeriod[0].dailySupplyCharge"


class TestDemand:
    def test_a_peak_in_a_window_is_charged_for_each_day(self):
        made = imported(tariffPeriod=[FLAT, demand()])
        # 2 kW on Monday 5 January at 15:00, 9 kW at 21:00 and on Saturday: 2 kW x 0.35 x 31 days = 21.70
        peaks = {4 * 24 + 15: 2000, 4 * 24 + 21: 9000, 9 * 24 + 15: 9000}
        rated = amounts(bill(made, "2026-01-01", "2026-02-01", import_kwh=lambda n: peaks.get(n, 0)))
        assert rated["demand demand"] == Decimal("21.70")

    def test_of_a_season_it_stands_in_the_season_only(self):
        made = imported(tariffPeriod=[FLAT, demand(start="11-01", end="03-31", chargePeriod="MONTH", amount="10")])
        by_month = [
            amounts(bill(made, *month, import_kwh=lambda _: 1000))
            for month in (("2026-03-01", "2026-04-01"), ("2026-04-01", "2026-05-01"))
        ]
        assert by_month[0]["demand demand"] == Decimal("10.00")
        assert "demand demand" not in by_month[1]

    def test_all_day_all_year_it_needs_no_periods_of_its_own(self):
        made = imported(tariffPeriod=[FLAT, demand(startTime="00:00", endTime="23:59", days=None, measureUnit="KVA")])
        charge = charges_of(made)["demand"]
        assert (charge.price, charge.periods, charge.measure.unit, charge.per) == (Decimal("0.35"), None, "kVA", "day")

    def test_that_the_peak_is_of_a_billing_period_is_noted(self):
        assert any("bill calendar months" in note for note in imported(tariffPeriod=[FLAT, demand()]).notes)


LOAD = {
    "displayName": "CL1",
    "rateBlockUType": "singleRate",
    "singleRate": {"displayName": "Hot water", "dailySupplyCharge": "0.05", "rates": [{"unitPrice": "0.18"}]},
}


class TestControlledLoad:
    def test_it_has_a_register_and_its_supply_an_option_of_its_own(self):
        made = imported(controlledLoad=[LOAD])
        used = {"import_kwh": lambda _: 1000, "controlled_load_kwh": lambda _: 500}
        rated = amounts(bill(made, "2026-01-05", "2026-01-06", options=["controlled_load"], **used))
        # 12 kWh x 0.18 = 2.16; supply 0.05; GST 10 % of 1.05 + 7.20 + 2.16 + 0.05 = 1.046 -> 1.05
        assert (rated["controlled_load"], rated["controlled_load_supply"]) == (Decimal("2.16"), Decimal("0.05"))
        assert rated["gst"] == Decimal("1.05")
        assert "controlled_load_supply" not in amounts(bill(made, "2026-01-05", "2026-01-06", **used))

    def test_dated_it_is_a_version(self):
        made = imported(controlledLoad=[LOAD | {"startDate": "2026-01-01", "endDate": "2026-12-31"}])
        assert [
            (version.from_, any(charge.id == "controlled_load" for charge in version.charges)) for version in made.tariff.versions
        ] == [
            (date(2025, 7, 1), False),
            (date(2026, 1, 1), True),
            (date(2027, 1, 1), False),
        ]

    def test_two_rates_by_time_are_refused(self):
        rates = [rate("PEAK", "0.2", {"days": WEEK}), rate("OFF_PEAK", "0.1", {"days": WEEK})]
        load = {"displayName": "CL", "rateBlockUType": "timeOfUseRates", "timeOfUseRates": rates}
        assert refusal_of(controlledLoad=[load])[1] == "electricityContract.controlledLoad[0].timeOfUseRates"

    def test_one_rate_with_its_switching_times_is_carried(self):
        rates = [rate("OFF_PEAK", "0.1", {"days": WEEK, "startTime": "22:00", "endTime": "07:00"})]
        load = {"displayName": "CL", "rateBlockUType": "timeOfUseRates", "timeOfUseRates": rates}
        assert charges_of(imported(controlledLoad=[load]))["controlled_load"].price == Decimal("0.1")


class TestDiscounts:
    def test_shares_are_taken_side_by_side_before_gst(self):
        guaranteed = {"displayName": "g", "type": "GUARANTEED", "methodUType": "percentOfBill", "percentOfBill": {"rate": "0.10"}}
        on_time = {
            "displayName": "p",
            "type": "CONDITIONAL",
            "category": "PAY_ON_TIME",
            "methodUType": "percentOfUse",
            "percentOfUse": {"rate": "0.05"},
        }
        made = imported(discounts=[guaranteed, on_time])
        # supply 32.55, usage 223.20: -10 % of 255.75 = -25.575 -> -25.58; -5 % of 223.20 = -11.16; GST of 219.01 = 21.90
        paid = amounts(bill(made, "2026-01-01", "2026-02-01", options=["pay_on_time"], import_kwh=lambda _: 1000))
        late = amounts(bill(made, "2026-01-01", "2026-02-01", import_kwh=lambda _: 1000))
        assert (paid["discount_1"], paid["discount_2"], paid["gst"]) == (Decimal("-25.58"), Decimal("-11.16"), Decimal("21.90"))
        assert "discount_2" not in late

    def test_a_share_over_a_threshold_is_of_what_is_above_it(self):
        discount = {
            "displayName": "t",
            "type": "GUARANTEED",
            "methodUType": "percentOverThreshold",
            "percentOverThreshold": {"rate": "0.10", "usageAmount": "200.00"},
        }
        rated = amounts(bill(imported(discounts=[discount]), "2026-01-01", "2026-02-01", import_kwh=lambda _: 1000))
        # 10 % of 223.20 - 200.00
        assert rated["discount_1"] == Decimal("-2.32")

    def test_one_that_ends_is_gone_from_the_day_after(self):
        discount = {
            "displayName": "g",
            "type": "GUARANTEED",
            "methodUType": "percentOfUse",
            "percentOfUse": {"rate": "0.10"},
            "endDate": "2026-06-30",
        }
        versions = imported(discounts=[discount]).tariff.versions
        assert [(version.from_, len(version.charges)) for version in versions] == [(date(2025, 7, 1), 4), (date(2026, 7, 1), 3)]

    def test_on_its_last_day_it_still_stands(self):
        discount = {
            "displayName": "g",
            "type": "GUARANTEED",
            "methodUType": "percentOfUse",
            "percentOfUse": {"rate": "0.10"},
            "endDate": "2026-06-30",
        }
        made = imported(discounts=[discount], controlledLoad=[LOAD | {"startDate": "2026-06-30"}])
        found = [
            (version.from_, any(charge.id == "discount_1" for charge in version.charges)) for version in made.tariff.versions
        ]
        assert found == [(date(2025, 7, 1), True), (date(2026, 6, 30), True), (date(2026, 7, 1), False)]

    def test_a_share_of_the_bill_is_none_of_fees_that_contain_gst(self):
        guaranteed = {"displayName": "g", "type": "GUARANTEED", "methodUType": "percentOfBill", "percentOfBill": {"rate": "0.10"}}
        fees = [{"type": "MEMBERSHIP", "term": "MONTHLY", "amount": "11.00"}]
        assert charges_of(imported(discounts=[guaranteed], fees=fees))["discount_1"].of == ("supply", "usage")

    def test_an_amount_without_a_time_is_refused(self):
        discount = {"displayName": "f", "type": "GUARANTEED", "methodUType": "fixedAmount", "fixedAmount": {"amount": "50.00"}}
        assert refusal_of(discounts=[discount])[1] == "electricityContract.discounts[0].fixedAmount.amount"
        assert imported(discounts=[discount], without=["discounts[0]"]).tariff == imported().tariff

    def test_a_condition_of_another_kind_has_an_option_of_its_own(self):
        discount = {"displayName": "o", "type": "OTHER", "methodUType": "percentOfUse", "percentOfUse": {"rate": "0.10"}}
        assert charges_of(imported(discounts=[discount]))["discount_1"].only_for == "discount_1"


class TestPricesThatContainGst:
    def test_a_fee_at_the_start_contains_its_gst(self):
        fees = [{"type": "ESTABLISHMENT", "term": "FIXED", "amount": "22.00"}]
        rated = bill(imported(fees=fees), "2026-01-05", "2026-01-06", started=True, import_kwh=lambda _: 1000)
        # GST 10 % of 1.05 + 7.20 = 0.825 -> 0.83; of the fee 22 x 10 / 110 = 2.00, which is inside it
        lines = [(line["charge_id"], line["kind"], line["amount_rounded"]) for line in rated.lines.to_pylist()]
        assert lines[2:] == [
            ("fee_establishment", "fee", Decimal(22)),
            ("gst", "tax", Decimal("0.83")),
            ("gst_included", "tax", Decimal(2)),
            ("gst_included", "tax_included", Decimal(-2)),
        ]
        assert rated.total_rounded[0].as_py() == Decimal("1.05") + Decimal("7.20") + Decimal("0.83") + Decimal("22.00")

    @pytest.mark.parametrize(
        ("fee", "charge"),
        [
            (("MEMBERSHIP", "MONTHLY"), {"kind": "fixed", "per": "month", "prorate": "days_of_month", "only_for": None}),
            (("MEMBERSHIP", "ANNUAL"), {"kind": "fixed", "per": "year", "only_for": None}),
            (("MEMBERSHIP", "DAILY"), {"kind": "fixed", "per": "day", "only_for": None}),
            (("CONTRIBUTION", "MONTHLY"), {"kind": "fixed", "per": "month", "only_for": None}),
            (("PAPER_BILL", "FIXED"), {"kind": "fixed", "per": "month", "prorate": "none", "only_for": "paper_bill"}),
            (("EXIT", "FIXED"), {"kind": "fee", "when": "end", "only_for": "exit"}),
            (("CONNECTION", "FIXED"), {"kind": "fee", "when": "start", "only_for": "connection"}),
            (("ESTABLISHMENT", "FIXED"), {"kind": "fee", "when": "start", "only_for": None}),
        ],
    )
    def test_fees_that_dates_bring_about(self, fee, charge):
        kind, term = fee
        made = charges_of(imported(fees=[{"type": kind, "term": term, "amount": "5.50"}]))[f"fee_{kind.lower()}"]
        assert {name: getattr(made, name) for name in charge} == charge
        assert made.price == Decimal("5.5")

    def test_a_week_is_seven_days_where_that_is_exact(self):
        fee = {"type": "MEMBERSHIP", "term": "WEEKLY", "amount": "1.40"}
        assert charges_of(imported(fees=[fee]))["fee_membership"].price == Decimal("0.2")
        assert refusal_of(fees=[fee | {"amount": "1.00"}])[1] == "electricityContract.fees[0]"

    def test_a_surcharge_for_cards_is_a_share_of_the_bill_for_those_who_pay_so(self):
        charge = charges_of(imported(fees=[{"type": "CC_PROCESSING", "term": "PERCENT_OF_BILL", "rate": "0.0075"}]))[
            "fee_cc_processing"
        ]
        assert (charge.percent, charge.of, charge.only_for) == (Decimal("0.75"), ("supply", "usage"), "cc_processing")

    @pytest.mark.parametrize(
        ("kind", "term"),
        [
            ("LATE_PAYMENT", "FIXED"),
            ("RECONNECTION", "FIXED"),
            ("EXIT", "1_YEAR"),
            ("OTHER", "ANNUAL"),
            ("MEMBERSHIP", "VARIABLE"),
        ],
    )
    def test_fees_that_events_bring_about_are_refused_and_can_be_left_out(self, kind, term):
        fees = [{"type": "ESTABLISHMENT", "term": "FIXED", "amount": "11.00"}, {"type": kind, "term": term, "amount": "15.00"}]
        assert refusal_of(fees=fees) == ("import.unsupported", "electricityContract.fees[1]")
        made = imported(fees=fees, without=["electricityContract.fees[1]"])
        assert "fee_establishment" in charges_of(made)
        assert "# Left out on request: electricityContract.fees[1]" in made.text.splitlines()

    def test_a_free_fee_costs_nothing(self):
        assert imported(fees=[{"type": "LATE_PAYMENT", "term": "FIXED", "amount": "0.00"}]).tariff == imported().tariff

    def test_metering_charges_of_one_price(self):
        charge = {"displayName": "Meter", "minimumValue": "3.30", "period": "P1M"}
        assert charges_of(imported(plan={"meteringCharges": [charge]}))["metering_1"].price == Decimal("3.3")
        assert refusal_of(plan={"meteringCharges": [charge | {"maximumValue": "4.40"}]})[1] == "meteringCharges[0]"
        assert refusal_of(plan={"meteringCharges": [{"displayName": "Meter", "minimumValue": "3.30"}]})[1] == "meteringCharges[0]"

    @pytest.mark.parametrize(
        ("kind", "tier", "charge"),
        [
            ("FIXED_PER_DAY", {"amount": "0.20"}, {"kind": "fixed", "per": "day", "price": Decimal("0.2")}),
            ("FIXED_PER_WEEK", {"amount": "1.40"}, {"kind": "fixed", "per": "day", "price": Decimal("0.2")}),
            ("FIXED_PER_MONTH", {"amount": "6.60"}, {"kind": "fixed", "per": "month", "price": Decimal("6.6")}),
            ("FIXED_PER_UNIT", {"amount": "0.066"}, {"kind": "rider", "price": Decimal("0.066")}),
            ("PERCENT_OF_USE", {"rate": "0.05"}, {"kind": "percent", "percent": Decimal(5), "of": ("usage",)}),
            ("PERCENT_OF_BILL", {"rate": "0.05"}, {"kind": "percent", "percent": Decimal(5), "of": ("supply", "usage")}),
        ],
    )
    def test_green_power_is_an_option_for_each_share(self, kind, tier, charge):
        green = {"displayName": "GP", "scheme": "GREENPOWER", "type": kind, "tiers": [{"percentGreen": "0.25"} | tier]}
        made = charges_of(imported(greenPowerCharges=[green]))["green_25"]
        assert made.only_for == "green_25"
        assert {name: getattr(made, name) for name in charge} == charge

    def test_a_share_of_green_power_stands_once(self):
        tiers = [{"percentGreen": "0.25", "amount": "0.01"}, {"percentGreen": "0.250", "amount": "0.02"}]
        green = {"displayName": "GP", "scheme": "GREENPOWER", "type": "FIXED_PER_UNIT", "tiers": tiers}
        assert refusal_of(greenPowerCharges=[green]) == ("import.invalid", "electricityContract.greenPowerCharges[0].tiers")

    def test_fees_of_one_type_are_options_of_their_own(self):
        fees = [{"type": "CONNECTION", "term": "FIXED", "amount": amount} for amount in ("16.50", "5.00")]
        assert {charge.only_for: charge.price for charge in charges_of(imported(fees=fees)).values() if charge.kind == "fee"} == {
            "connection_1": Decimal("16.5"),
            "connection_2": Decimal(5),
        }


class TestExport:
    @staticmethod
    def feed_in(**changes):
        return {
            "displayName": "FiT",
            "scheme": "OTHER",
            "payerType": "RETAILER",
            "tariffUType": "singleTariff",
            "singleTariff": {"rates": [{"unitPrice": "0.05"}]},
        } | changes

    def test_a_feed_in_tariff_is_paid_without_gst(self):
        made = imported(solarFeedInTariff=[self.feed_in()])
        rated = amounts(bill(made, "2026-01-05", "2026-01-06", import_kwh=lambda _: 0, export_kwh=lambda _: 1000))
        # 24 kWh x 0.05; GST on supply alone
        assert (rated["export"], rated["gst"]) == (Decimal("-1.20"), Decimal("0.11"))

    def test_hours_without_a_price_earn_nothing_and_that_is_noted(self):
        evening = {
            "type": "PEAK",
            "displayName": "Evening",
            "rates": [{"unitPrice": "0.12"}],
            "timeVariations": [window(WEEK, "16:00", "20:59")],
        }
        made = imported(
            solarFeedInTariff=[self.feed_in(tariffUType="timeVaryingTariffs", singleTariff=None, timeVaryingTariffs=[evening])]
        )
        rated = amounts(bill(made, "2026-01-05", "2026-01-06", import_kwh=lambda _: 0, export_kwh=lambda _: 1000))
        assert rated["export peak"] == Decimal("-0.60")
        assert rated.get("export other", 0) == 0
        assert any("export earns nothing" in note for note in made.notes)

    def test_the_shape_of_version_2_is_read_too(self):
        varying = {"type": "PEAK", "rates": [{"unitPrice": "0.12"}], "timeVariations": [{"days": WEEK}]}
        made = imported(
            solarFeedInTariff=[self.feed_in(tariffUType="timeVaryingTariffs", singleTariff=None, timeVaryingTariffs=varying)]
        )
        assert version_of(made).export.price == Decimal("0.12")

    def test_dates_make_versions_and_the_end_of_time_is_no_date(self):
        made = imported(solarFeedInTariff=[self.feed_in(startDate="2025-01-01", endDate="9999-12-31")])
        assert len(made.tariff.versions) == 1
        made = imported(solarFeedInTariff=[self.feed_in(endDate="2026-06-30")])
        assert [version.export is not None for version in made.tariff.versions] == [True, False]

    def test_two_at_once_are_refused_and_one_of_them_can_be_left_out(self):
        government = self.feed_in(payerType="GOVERNMENT", scheme="PREMIUM", singleTariff={"rates": [{"unitPrice": "0.25"}]})
        both = [self.feed_in(), government]
        assert refusal_of(solarFeedInTariff=both)[1] == "electricityContract.solarFeedInTariff[1]"
        made = imported(solarFeedInTariff=both, without=["solarFeedInTariff[0]"])
        assert version_of(made).export.price == Decimal("0.25")

    def test_steps_of_a_volume_are_refused(self):
        stepped = {"rates": [{"unitPrice": "0.12", "volume": 10}, {"unitPrice": "0.05"}], "period": "P1D"}
        assert refusal_of(solarFeedInTariff=[self.feed_in(singleTariff=stepped)])[1].endswith("singleTariff.rates")


CONTRACT = "electricityContract"
PERIOD = f"{CONTRACT}.tariffPeriod[0]"
BAD = [
    ({"tariffPeriod": []}, "import.invalid", f"{CONTRACT}.tariffPeriod"),
    ({"tariffPeriod": [FLAT | {"endDate": "11-30"}]}, "import.unsupported", f"{CONTRACT}.tariffPeriod"),
    ({"tariffPeriod": [FLAT, FLAT]}, "import.unsupported", f"{CONTRACT}.tariffPeriod[1]"),
    (
        {"tariffPeriod": [FLAT, FLAT | {"startDate": "06-01", "endDate": "08-31", "dailySupplyCharge": None}]},
        "import.unsupported",
        f"{CONTRACT}.tariffPeriod[1]",
    ),
    ({"tariffPeriod": [FLAT | {"startDate": "13-01"}]}, "import.invalid", f"{PERIOD}.startDate"),
    ({"tariffPeriod": [FLAT | {"rateBlockUType": "blocks"}]}, "import.invalid", f"{PERIOD}.rateBlockUType"),
    ({"tariffPeriod": [FLAT | {"singleRate": None}]}, "import.invalid", f"{PERIOD}.singleRate"),
    ({"tariffPeriod": [FLAT | {"timeOfUseRates": [PEAK]}]}, "import.unsupported", f"{PERIOD}.timeOfUseRates"),
    ({"tariffPeriod": [FLAT | {"dailySupplyCharge": "one"}]}, "import.invalid", f"{PERIOD}.dailySupplyCharge"),
    ({"tariffPeriod": [FLAT | {"dailySupplyCharges": "1.05"}]}, "import.unsupported", f"{PERIOD}.dailySupplyCharge"),
    ({"tariffPeriod": [demand()]}, "import.unsupported", f"{CONTRACT}.tariffPeriod"),
    ({"tariffPeriod": [by_time(PEAK)]}, "import.unsupported", f"{PERIOD}.timeOfUseRates"),
    (
        {"tariffPeriod": [by_time(PEAK, OFF_PEAK, rate("SHOULDER", "0.3", window(["SUN"], "10:00", "11:00")))]},
        "import.unsupported",
        f"{PERIOD}.timeOfUseRates",
    ),
    ({"tariffPeriod": [by_time(PEAK | {"type": "NIGHT"}, OFF_PEAK)]}, "import.invalid", f"{PERIOD}.timeOfUseRates[0].type"),
    ({"tariffPeriod": [by_time(PEAK | {"timeOfUse": []}, OFF_PEAK)]}, "import.invalid", f"{PERIOD}.timeOfUseRates[0].timeOfUse"),
    (
        {"tariffPeriod": [by_time(rate("PEAK", "0.5", window(WEEK, "15:00", "25:00")))]},
        "import.invalid",
        f"{PERIOD}.timeOfUseRates[0].timeOfUse[0].endTime",
    ),
    (
        {"tariffPeriod": [by_time(rate("PEAK", "0.5", window(["MONDAY"], "15:00", "20:00")))]},
        "import.invalid",
        f"{PERIOD}.timeOfUseRates[0].timeOfUse[0].days",
    ),
    (
        {"tariffPeriod": [by_time(rate("PEAK", "0.5", window(WEEK, "15:00", "15:00")))]},
        "import.unsupported",
        f"{PERIOD}.timeOfUseRates[0].timeOfUse[0].endTime",
    ),
    (
        {"tariffPeriod": [by_time(rate("PEAK", "0.5", window(WEEK, "15:00", "20:00") | {"season": "x"}))]},
        "import.unknown",
        f"{PERIOD}.timeOfUseRates[0].timeOfUse[0].season",
    ),
    (
        {"tariffPeriod": [FLAT | {"singleRate": FLAT["singleRate"] | {"generalUnitPrice": "0.4"}}]},
        "import.unsupported",
        f"{PERIOD}.singleRate.generalUnitPrice",
    ),
    (
        {"tariffPeriod": [FLAT, demand(measureUnit=None)]},
        "import.unsupported",
        f"{CONTRACT}.tariffPeriod[1].demandCharges[0].measureUnit",
    ),
    (
        {"tariffPeriod": [FLAT, demand(minDemand="5.00")]},
        "import.unsupported",
        f"{CONTRACT}.tariffPeriod[1].demandCharges[0].minDemand",
    ),
    (
        {"tariffPeriod": [FLAT, demand(maxDemand="50.00")]},
        "import.unsupported",
        f"{CONTRACT}.tariffPeriod[1].demandCharges[0].maxDemand",
    ),
    (
        {"tariffPeriod": [FLAT, demand(measurementPeriod="DAY")]},
        "import.unsupported",
        f"{CONTRACT}.tariffPeriod[1].demandCharges[0].measurementPeriod",
    ),
    (
        {"tariffPeriod": [FLAT, demand(chargePeriod="TARIFF_PERIOD")]},
        "import.unsupported",
        f"{CONTRACT}.tariffPeriod[1].demandCharges[0].chargePeriod",
    ),
    ({"tariffPeriod": [FLAT, demand(start="11-15", end="03-31")]}, "import.unsupported", f"{CONTRACT}.tariffPeriod[1].startDate"),
    ({"pricingModel": "QUOTA"}, "import.unsupported", f"{CONTRACT}.pricingModel"),
    ({"pricingModel": "FLEXIBLE"}, "import.unsupported", f"{CONTRACT}.pricingModel"),
    ({"pricingModel": "CHEAP"}, "import.invalid", f"{CONTRACT}.pricingModel"),
    ({"surcharge": "0.5"}, "import.unknown", f"{CONTRACT}.surcharge"),
    (
        {"fees": [{"type": "ESTABLISHMENT", "term": "FIXED", "amount": "5.00", "gst": "0.5"}]},
        "import.unknown",
        f"{CONTRACT}.fees[0].gst",
    ),
    ({"fees": {"type": "EXIT"}}, "import.invalid", f"{CONTRACT}.fees"),
    ({"plan": {"electricityContract": None}}, "import.invalid", f"{CONTRACT}.tariffPeriod"),
    ({"plan": {"gasContract": {"pricingModel": "SINGLE_RATE"}}}, "import.unsupported", "gasContract"),
    ({"plan": {"fuelType": "STEAM"}}, "import.invalid", "fuelType"),
    ({"plan": {"effectiveFrom": "soon"}}, "import.invalid", "effectiveFrom"),
    ({"plan": {"price": "0.3"}}, "import.unknown", "price"),
]


def rates(*found, **more):
    return {"tariffPeriod": [FLAT | {"singleRate": {"displayName": "x", "rates": list(found)} | more}]}


BAD_RATES = [
    (rates(), "import.invalid", f"{PERIOD}.singleRate.rates"),
    (rates({"unitPrice": "0.30", "measureUnit": "MJ"}), "import.unsupported", f"{PERIOD}.singleRate.rates[0].measureUnit"),
    (rates({"unitPrice": "0.30", "discount": "0.1"}), "import.unknown", f"{PERIOD}.singleRate.rates[0].discount"),
    (rates({"unitPrice": "30c"}), "import.invalid", f"{PERIOD}.singleRate.rates[0].unitPrice"),
    (rates({"unitPrice": "0.1234567890123"}), "import.invalid", f"{PERIOD}.singleRate.rates[0].unitPrice"),
    (rates({"volume": 10}), "import.invalid", f"{PERIOD}.singleRate.rates[0].unitPrice"),
    (rates({"unitPrice": "0.30", "volume": 10}, period="P1D"), "import.unsupported", f"{PERIOD}.singleRate.rates[0].volume"),
    (
        rates({"unitPrice": "0.30", "volume": -1}, {"unitPrice": "0.4"}, period="P1D"),
        "import.invalid",
        f"{PERIOD}.singleRate.rates[0].volume",
    ),
    (rates({"unitPrice": "0.30"}, {"unitPrice": "0.4"}, period="P1D"), "import.invalid", f"{PERIOD}.singleRate.rates"),
    (rates({"unitPrice": "0.30", "volume": 10}, {"unitPrice": "0.4"}), "import.invalid", f"{PERIOD}.singleRate.period"),
    (
        rates({"unitPrice": "0.30", "volume": 10}, {"unitPrice": "0.4"}, period="P1M15D"),
        "import.unsupported",
        f"{PERIOD}.singleRate.period",
    ),
    (
        rates({"unitPrice": "0.30", "volume": 1000}, {"unitPrice": "0.4"}, period="P3M"),
        "import.unsupported",
        f"{PERIOD}.singleRate.period",
    ),
    (
        rates({"unitPrice": "0.30", "volume": 1000}, {"unitPrice": "0.4"}, period="P2Y"),
        "import.unsupported",
        f"{PERIOD}.singleRate.period",
    ),
]


class TestRefusals:
    @pytest.mark.parametrize(
        ("changes", "code", "where"),
        [*BAD, *BAD_RATES],
        ids=[f"{number} {bad[2]}" for number, bad in enumerate([*BAD, *BAD_RATES])],
    )
    def test_a_field_that_cannot_be_carried_is_refused_by_its_name(self, changes, code, where):
        changes = dict(changes)
        if changes.get("plan") == {"electricityContract": None}:
            changes = {"plan": {}, "tariffPeriod": None}
        assert refusal_of(**changes) == (code, where)

    def test_every_refusal_is_told_at_once(self):
        fees = [{"type": kind, "term": "FIXED", "amount": "50.00"} for kind in ("LATE_PAYMENT", "EXIT", "RECONNECTION")]
        with pytest.raises(TariffError) as refused:
            imported(pricingModel="QUOTA", fees=fees, surcharge="1")
        assert [line.split(":")[0] for line in refused.value.message.splitlines()] == [
            f"{CONTRACT}.pricingModel",
            f"{CONTRACT}.fees[0]",
            f"{CONTRACT}.fees[2]",
        ]

    def test_a_word_beside_the_plan_is_refused(self):
        answer = json.loads(plan_text()) | {"price": "0.3"}
        with pytest.raises(TariffError) as refused:
            import_tariff(json.dumps(answer).encode(), ImportOptions("plan.json"), imported_on=date(2026, 7, 30))
        assert (refused.value.code, refused.value.where) == ("import.unknown", "price")

    def test_a_plan_without_a_contract_is_refused(self):
        content = json.dumps({"gasContract": None, "planId": "x", "fuelType": "ELECTRICITY"}).encode()
        with pytest.raises(TariffError) as refused:
            import_tariff(content, ImportOptions("plan.json"), imported_on=date(2026, 7, 30))
        assert refused.value.where == CONTRACT


class TestFields:
    def test_each_field_of_a_plan_is_told_once(self):
        fields = [each.field for each in imported().fields]
        assert len(fields) == len(set(fields))
        assert {each.field: each.fate for each in imported().fields if "." not in each.field} == {
            name: Fate.CARRIED if name == "effectiveFrom" else Fate.INFORMATION for name in PLAN if name != CONTRACT
        }

    @given(st.sampled_from(["planId", f"{CONTRACT}.isFixed", "fees", f"{PERIOD}.displayName", "nowhere"]))
    @settings(max_examples=5)
    def test_what_is_left_out_on_request_is_told_so_and_what_is_not_there_is_no_mistake(self, field):
        made = imported(without=[field])
        told = [each.field for each in made.fields if each.fate is Fate.LEFT_OUT]
        assert told == ([] if field in ("fees", "nowhere") else [field])
