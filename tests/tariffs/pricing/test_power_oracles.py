"""Demand that other programs computed: PySAM (S04, S05, S08, S12), REopt (W03-W05), Arcadia (W06)."""

from __future__ import annotations

import csv
import json
from decimal import Decimal

import numpy as np
import pytest

from tariffs.load import parse_tariff
from tests.tariffs.pricing.power_readings import Readings, drawn, exact, lines, metered, noted, tariff

EXACT_ENOUGH = Decimal("0.0005")
MONTHS = [(f"2018-{month:02d}-01", f"{2018 + month // 12}-{month % 12 + 1:02d}-01") for month in range(1, 13)]
PERCENT_BY_MONTH = '["60", "60", "60", "60", "60", "95", "95", "95", "95", "60", "60", "60"]'
RATCHET = f'{{percent_by_month: {PERCENT_BY_MONTH}, months: 11, minimum: "100", at_least_actual: [6, 7, 8, 9]}}'


class Case:
    """A case of the reference data: its tariff's demand, its load month by month, and what is expected."""

    def __init__(self, folder, name, load, minutes, clock):
        self.case = next((folder / "cases").glob(f"{name}-*"))
        self.facts = json.loads((self.case / "case.json").read_text())
        self.record = json.loads((folder / "urdb" / f"{self.facts['tariff']}.json").read_text())
        self.record = self.record.get("items", [self.record])[0]
        self.clock, self.minutes = clock, minutes
        with (folder / "loads" / f"{load}.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert rows[0]["interval_start"] == f"2018-01-01T00:00:00{clock}"
        self.months = [[] for _ in range(12)]
        for row in rows:
            self.months[int(row["interval_start"][5:7]) - 1].append(int(Decimal(row["load_kwh"]) * 1000))

    def expected(self):
        with (self.case / "expected_monthly.csv").open() as file:
            return list(csv.DictReader(file))

    def tariff(self, **fields):
        body = "".join(f"{name}: {text}\n" for name, text in ({"charges": "[]"} | fields).items())
        return tariff(body, clock=self.clock, since="2018-01-01")

    def bills(self, made, carried=None):
        """The twelve bills of the year, each given what the one before handed over."""
        carried = carried or {}
        for dates, month in zip(MONTHS, self.months, strict=True):
            bill = metered(made, Readings({"import_kwh": np.array([month])}, self.minutes), dates=dates, carried=carried)
            carried = bill.carried
            yield bill

    def flat_charges(self):
        structure, months = self.record["flatdemandstructure"], self.record["flatdemandmonths"]
        for number, (tier,) in enumerate(structure):
            price = Decimal(str(tier["rate"])) + Decimal(str(tier.get("adj", 0)))
            named = [month for month, place in enumerate(months, start=1) if place == number]
            yield f'{{id: flat{number}, kind: demand, price: "{price}", months: {named}}}'

    def periods(self):
        """The periods of demand, hour by hour of weekdays and weekends."""
        rules = {}
        for days, schedule in (("mon-fri", "demandweekdayschedule"), ("weekend", "demandweekendschedule")):
            for month, hours in enumerate(self.record[schedule], start=1):
                for hour, number in enumerate(hours):
                    rule = f'{{months: [{month}], days: {days}, from: "{hour:02d}:00", to: "{hour + 1:02d}:00"}}'
                    rules.setdefault(number, []).append(rule)
        return "{" + ", ".join(f"p{number}: [{', '.join(rules[number])}]" for number in sorted(rules)) + "}"

    def period_charge(self):
        prices = [f'p{number}: "{tier["rate"]}"' for number, (tier,) in enumerate(self.record["demandratestructure"])]
        return f"{{id: tou, kind: demand, price: {{{', '.join(prices)}}}}}"


def amount(bill, start):
    return sum((row["amount"] for row in bill.lines.to_pylist() if row["charge_id"].startswith(start)), Decimal(0))


@pytest.fixture(scope="module")
def folder(reference_data):
    return reference_data / "oracles" / "tariffs"


@pytest.fixture(scope="module")
def example(folder):
    listed = json.loads((folder / "published" / "worked_examples.json").read_text())["examples"]
    return lambda start: next(each for each in listed if each["id"].startswith(start))


class TestDemandOfPysamCases:
    def test_s04_flat_and_by_period_on_quarter_hours(self, folder):
        case = Case(folder, "S04", "com_large_15min", 15, "-08:00")
        charges = [*case.flat_charges(), case.period_charge()]
        made = case.tariff(periods=case.periods(), charges=f"[{', '.join(charges)}]")
        for expected, bill in zip(case.expected(), case.bills(made), strict=True):
            assert abs(amount(bill, "flat") - Decimal(expected["demand_flat"])) < EXACT_ENOUGH
            assert abs(amount(bill, "tou") - Decimal(expected["demand_tou"])) < EXACT_ENOUGH
            assert Decimal(noted(bill, "billing_demand_kw")[0][2][0]) == Decimal(expected["billing_demand_kw"])

    def test_s08_flat_on_hours(self, folder):
        case = Case(folder, "S08", "com_hourly_pv", 60, "-05:00")
        made = case.tariff(charges=f"[{', '.join(case.flat_charges())}]")
        for expected, bill in zip(case.expected(), case.bills(made), strict=True):
            assert abs(amount(bill, "flat") - Decimal(expected["demand_flat"])) < EXACT_ENOUGH
            assert Decimal(noted(bill, "billing_demand_kw")[0][2][0]) == Decimal(expected["billing_demand_kw"])

    @pytest.mark.parametrize("name", ["S05", "S12"])
    def test_s05_and_s12_billing_demand_with_a_ratchet(self, folder, name):
        case = Case(folder, name, "com_large_hourly", 60, "-05:00")
        before = case.facts["year_zero_peaks_kw"]
        carried = {f"peak|*|2017-{month:02d}": exact(peak) for month, peak in enumerate(before, start=1)}
        billed = []
        for expected, bill in zip(case.expected(), case.bills(case.tariff(billing_demand=RATCHET), carried), strict=True):
            (kilowatts,) = noted(bill, "billing_demand_kw")[0][2]
            assert Decimal(kilowatts) == Decimal(expected["billing_demand_kw"])
            billed.append(kilowatts)
        # published by NREL: 709.26 kW in July of the first year
        assert name != "S12" or (billed[6], f"{Decimal(billed[6]):.2f}") == ("709.2586", "709.26")


class TestPublishedExamples:
    def year(self, prices, ratchet, peaks, before):
        """Billing demand and charge of each month, for monthly peaks [kW] and those of the year before."""
        charges = "\n".join(
            f'- {{id: m{month}, kind: demand, price: "{price}", months: [{month}]}}'
            for month, price in enumerate(prices, start=1)
        )
        made = tariff(f"billing_demand: {ratchet}\ncharges:\n{charges}", clock="+00:00", since="2018-01-01")
        carried = {f"peak|*|2017-{month:02d}": exact(str(peak)) for month, peak in enumerate(before, start=1)}
        for dates, peak in zip(MONTHS, peaks, strict=True):
            readings = drawn(made, dates, import_kwh=[{f"{dates[0]}T08:00": peak * 1000, f"{dates[0]}T09:00": 1000}])
            bill = metered(made, readings, dates=dates, carried=carried)
            carried = bill.carried
            yield [line[2:] for line in lines(bill)]

    def test_w03_a_percentage_of_the_highest_month(self, example):
        # 1 kW in every hour and 100 kW in one of January; six cold months at 10.5, six warm ones at 11.5
        cold, warm = (example("W03")["demand_price_per_kw"][f"6 {season} months"] for season in ("cold", "warm"))
        prices = [cold] * 4 + [warm] * 6 + [cold] * 2
        ratchet = f'{{percent: "35", months: 11, at_least_actual: {list(range(1, 13))}}}'
        months = list(self.year(prices, ratchet, [100] + [1] * 11, [0] * 12))
        assert [line[0][0] for line in months] == ["100"] + ["35"] * 11
        assert sum(Decimal(line[0][1]) for line in months) == Decimal(example("W03")["annual_demand_charge"])

    @pytest.mark.parametrize(
        ("name", "ratchet"),
        [
            pytest.param(
                "W04",
                'percent_by_month: ["75", "0", "0", "75", "0", "0", "0", "0", "0", "0", "0", "75"], months: 11',
                id="W04 some months only",
            ),
            pytest.param("W05", 'percent: "75", months: 6', id="W05 six months back"),
        ],
    )
    def test_w04_and_w05_the_year_taken_as_a_circle(self, example, name, ratchet):
        facts = example(name)
        peaks = facts["monthly_peaks_kw"]
        rule = f"{{{ratchet}, at_least_actual: {list(range(1, 13))}}}"
        months = list(self.year(facts["price_per_kw"], rule, peaks, peaks))
        assert [Decimal(line[0][0]) for line in months] == facts["billing_demand_kw"]
        assert sum(Decimal(line[0][1]) for line in months) == Decimal(facts["annual_demand_charge"])

    def test_w06_the_average_of_four_coincident_peaks(self, example):
        facts = example("W06")
        days = ["2017-06-23", "2017-07-28", "2017-08-16", "2017-09-20"]
        windows = ", ".join(f'{{from: "{day}T16:45", to: "{day}T17:00"}}' for day in days)
        text = f"""\
tariff: four-peaks
currency: USD
clock: America/Chicago
events: {{system: [{windows}]}}
versions: [{{from: 2017-01-01, charges: [{{id: cp, kind: coincident, price: "1", events: system}}]}}]
"""
        made, dates = parse_tariff(text, "four-peaks.yaml"), ("2017-06-01", "2017-10-01")
        draws = {f"{day}T16:45": peak * 250 for day, peak in zip(days, facts["peaks_kw"], strict=True)}
        bill = metered(made, drawn(made, dates, 15, import_kwh=[draws | {"2017-07-01T12:00": 999_000}]), dates=dates)
        assert lines(bill)[0][2] == facts["system_peak_demand_kw"]
