"""Two engines, one bill: random tariffs and loads, billed by both; every line, total and carried number is the same."""

from __future__ import annotations

import os
from fractions import Fraction

import pytest
from hypothesis import given, settings

from tariffs.load import parse_tariff
from tests.tariffs.reference.cases import random_cases
from tests.tariffs.reference.documents import FEATURES
from tests.tariffs.reference.engines import Case, Customer, at, both_agree, intervals_between, series_of

EXAMPLES_OF_EACH = 3
EXAMPLES = 80
MANY = int(os.environ.get("M2B_EXAMPLES", "3000"))


@given(random_cases(FEATURES))
@settings(max_examples=EXAMPLES)
def test_both_engines_make_the_same_bills(case):
    both_agree(case)


@pytest.mark.parametrize("feature", FEATURES)
def test_both_engines_agree_on_each_feature_alone(feature):
    @given(random_cases((), at_least=(feature,)))
    @settings(max_examples=EXAMPLES_OF_EACH)
    def agree(case):
        both_agree(case)

    agree()


@pytest.mark.parametrize(
    "charge",
    [
        pytest.param("{id: spot, kind: energy, price: {series: spot}}", id="a price in time"),
        pytest.param('{id: power, kind: demand, price: "3"}', id="demand"),
        pytest.param(
            '{id: use, kind: energy, price: ["1", "2"], tiers: {limits: ["1"], per: day, reset: day, fill: time_order}}',
            id="a ladder of each day",
        ),
    ],
)
def test_a_version_that_has_a_day_of_the_billing_period_and_none_of_its_intervals(charge):
    """The bill has the days of Perth, the tariff those of Berlin: 21 December begins for the customer before it does there."""
    versions = "".join(f"- {{from: {since}, charges: [{charge}]}}\n" for since in ("2025-01-01", "2025-12-21"))
    tariff = parse_tariff(f"tariff: t\ncurrency: EUR\nclock: Europe/Berlin\nversions:\n{versions}", "t.yaml")
    borders = at("2025-12-19T23:00"), at("2025-12-20T23:00")
    load = intervals_between(*borders, 60, {"import_kwh": {at("2025-12-20T10:00"): Fraction("2.5")}})
    case = Case("", tariff, (Customer(60, load),), borders, "Australia/Perth", {"spot": series_of("spot", {borders[0]: "0.3"})})
    assert both_agree(case) == 1


@pytest.mark.slow
@given(random_cases(FEATURES))
@settings(max_examples=MANY, derandomize=False)
def test_both_engines_make_the_same_bills_of_thousands_of_tariffs(case):
    both_agree(case)


@pytest.mark.slow
@pytest.mark.parametrize("feature", FEATURES)
def test_both_engines_agree_on_many_tariffs_with_each_feature(feature):
    @given(random_cases(FEATURES, at_least=(feature,)))
    @settings(max_examples=MANY // len(FEATURES), derandomize=False)
    def agree(case):
        both_agree(case)

    agree()
