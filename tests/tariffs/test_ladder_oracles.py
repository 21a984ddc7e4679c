"""Ladders that other programs climbed: PySAM's hours use (S05, S11, S12), and one load under three rules of filling."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from tariffs.exact import Exact
from tariffs.load import parse_tariff
from tariffs.pricing import ladders
from tests.tariffs.interval_bills import bill_of_intervals

EXACT_ENOUGH = Decimal("0.0005")
MONTHS = [(date(2018, month, 1), date(2018 + month // 12, month % 12 + 1, 1)) for month in range(1, 13)]


def months_of(path, scale="1"):
    """The year's hourly load as integers [Wh], a list a month."""
    with path.open() as file:
        kwh = [Decimal(row["load_kwh"]) * Decimal(scale) for row in csv.DictReader(file)]
    wh = [int(each.quantize(Decimal("0.001"), ROUND_HALF_UP) * 1000) for each in kwh]
    hours = [(after - first).days * 24 for first, after in MONTHS]
    ends = np.cumsum(hours).tolist()
    return [wh[end - length : end] for end, length in zip(ends, hours, strict=True)]


@pytest.fixture(
    scope="module", params=["S05-hours-use-and-ratchet", "S11-hours-use-no-ratchet", "S12-hours-use-ratchet-first-year"]
)
def hours_use(request, reference_data, data):
    """Twelve months of a case, each with the billing demand that the case gives."""
    folder = reference_data / "oracles" / "tariffs"
    tariff = parse_tariff((data / "hours_use.yaml").read_text(), "hours_use.yaml")
    with (folder / "cases" / request.param / "expected_monthly.csv").open() as file:
        expected = list(csv.DictReader(file))
    detail = defaultdict(dict)
    with (folder / "cases" / request.param / "expected_energy_detail.csv").open() as file:
        for row in csv.DictReader(file):
            detail[int(row["month"])][int(row["tier"])] = Decimal(row["kwh"])
    rated = []
    for row, wh, (first, after) in zip(expected, months_of(folder / "loads" / "com_large_hourly.csv"), MONTHS, strict=True):
        demand = Exact(np.array([int(Decimal(row["billing_demand_kw"]).scaleb(6))]), 6)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(ladders, "billing_demand_kw", lambda work, span, demand=demand: demand)
            rated.append(bill_of_intervals(tariff, {"import_kwh": [wh]}, first=str(first), after=str(after)))
    return list(zip(expected, detail.values(), rated, strict=True))


class TestHoursUse:
    def test_totals_of_each_month_agree_unrounded(self, hours_use):
        for expected, _, rated in hours_use:
            assert abs(rated.total[0].as_py() - Decimal(expected["total"])) < EXACT_ENOUGH

    def test_components_rounded_half_up_agree_to_the_cent(self, hours_use):
        cent = Decimal("0.01")
        for expected, _, rated in hours_use:
            sums = defaultdict(Decimal)
            for line in rated.lines.to_pylist():
                sums[line["kind"]] += line["amount"]
            total = sum(amount.quantize(cent, ROUND_HALF_UP) for amount in sums.values())
            assert total == Decimal(expected["total_lines_rounded_half_up"])

    def test_kwh_of_each_step_agree(self, hours_use):
        for _, steps, rated in hours_use:
            found = {line["tier"]: line["quantity"] for line in rated.lines.to_pylist() if line["kind"] == "energy"}
            assert found == steps


@pytest.fixture(scope="module")
def rate7(reference_data, data):
    """What the residential load, 2.9 times, costs in a year under a rule of filling, fixed charges with it."""
    months = months_of(reference_data / "oracles" / "tariffs" / "loads" / "res_hourly_pv.csv", "2.9")
    text = (data / "rate7_tou.yaml").read_text()

    def make(rule):
        tariff = parse_tariff(text.replace('limits: ["2000"]', f'limits: ["2000"], {rule}'), "rate7_tou.yaml")
        bills = (
            bill_of_intervals(tariff, {"import_kwh": [wh]}, first=str(first), after=str(after))
            for wh, (first, after) in zip(months, MONTHS, strict=True)
        )
        return sum(rated.total[0].as_py() for rated in bills)

    return make


class TestRate7:
    """The comparison does not name its load: the residential one, 2.9 times, is within 5 cents a year of it."""

    @pytest.mark.parametrize(
        ("rule", "total"),
        [("fill: pro_rata", "2979.70"), ("fill: time_order", "2979.70"), ("scope: each_period", "2985.21")],
    )
    def test_a_year_costs_what_others_found(self, rate7, rule, total):
        assert abs(rate7(rule) - Decimal(total)) < Decimal("0.06")

    def test_a_ladder_for_each_period_costs_so_much_more(self, rate7):
        assert round(rate7("scope: each_period") - rate7("fill: time_order"), 2) == Decimal("5.51")

    def test_the_two_rules_of_one_ladder_differ_by_less_than_a_cent(self, rate7):
        difference = rate7("fill: time_order") - rate7("fill: pro_rata")
        assert 0 < abs(difference) < Decimal("0.01")
