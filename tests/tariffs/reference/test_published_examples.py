"""Worked examples that others published (W01 to W12 of the reference data), by the reference; W12 is with the oracle cases."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from tariffs.reference.billing import bill
from tariffs.reference.given import Interval
from tests.tariffs.reference.by_hand import HEAD, NOBODY, amounts, document, made, only, rows

CENTS = "rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}\n"
DOLLARS = HEAD.replace("EUR", "USD")
NOON = "2026-01-05T12:00"


@pytest.fixture(scope="module")
def examples(reference_data):
    path = reference_data / "oracles" / "tariffs" / "published" / "worked_examples.json"
    return {each["id"][:3]: each for each in json.loads(path.read_text(), parse_float=str, parse_int=str)["examples"]}


def test_w01_a_convenience_store_with_an_energy_cost_adjustment(examples):
    lines = {line["name"]: line for line in examples["W01"]["lines"]}
    body = f"""\
charges:
- {{id: customer, kind: fixed, price: "{lines["customer charge"]["amount"]}", per: month}}
- {{id: energy, kind: energy, price: "{lines["energy"]["rate"]}"}}
- {{id: adjustment, kind: rider, price: "{lines["energy cost adjustment"]["rate"]}"}}
- {{id: demand, kind: fixed, price: "{lines["demand charge"]["amount"]}", per: month}}
"""
    made_of = made(document(body, head=DOLLARS, rounding=CENTS), {"import_kwh": {NOON: examples["W01"]["kwh"]}})
    assert [line.amount_rounded for line in made_of.lines] == [Fraction(line["amount"]) for line in examples["W01"]["lines"]]
    assert made_of.total_rounded == Fraction(examples["W01"]["total"])


def test_w02_a_residential_bill_of_may(examples):
    lines = {line["name"]: line for line in examples["W02"]["lines"]}
    charges = [
        f'- {{id: c{place}, kind: energy, price: "{line["rate"]}"}}'
        if "rate" in line
        else f'- {{id: c{place}, kind: fixed, price: "{line["amount"]}", per: month}}'
        for place, line in enumerate(examples["W02"]["lines"])
    ]
    tariff = document("charges:\n" + "\n".join(charges), head=DOLLARS, rounding=CENTS)
    made_of = made(tariff, {"import_kwh": {NOON: examples["W02"]["kwh"]}})
    assert made_of.lines[0].amount_rounded == Fraction(lines["distribution"]["amount"])
    assert made_of.total_rounded == Fraction(examples["W02"]["total"])


def year_of_peaks(tariff, peaks, *, others="0", history=None):
    """Twelve months, each with its peak in the first hour and something else in every other one."""
    carried = {f"peak|*|2025-{month:02d}": Fraction(peak) for month, peak in enumerate(history or (), start=1)}
    bills = []
    for month, peak in enumerate(peaks, start=1):
        starts, ends = datetime(2026, month, 1, tzinfo=UTC), datetime(2026 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        hours = (ends - starts) // timedelta(hours=1)
        load = [
            Interval(starts + timedelta(hours=hour), 60, {"import_kwh": Fraction(others if hour else peak)})
            for hour in range(hours)
        ]
        bills.append(bill(tariff, load, starts_at=starts, ends_at=ends, agreement=NOBODY, carried=carried, series={}))
        carried = bills[-1].carried
    return bills


UTC_HEAD = 'tariff: t\ncurrency: USD\nclock: "+00:00"\n'
EVERY_MONTH = ", ".join(str(month) for month in range(1, 13))


def by_month(prices):
    charges = [
        f'- {{id: d{month}, kind: demand, price: "{price}", months: [{month}]}}' for month, price in enumerate(prices, start=1)
    ]
    return "charges:\n" + "\n".join(charges)


def test_w03_a_look_back_of_35_percent_at_all_months_of_the_year(examples):
    cold, warm = examples["W03"]["demand_price_per_kw"].values()
    prices = [cold] * 3 + [warm] * 6 + [cold] * 3
    ratchet = f'billing_demand: {{percent: "35", months: 11, at_least_actual: [{EVERY_MONTH}]}}\n'
    bills = year_of_peaks(document(ratchet + by_month(prices), head=UTC_HEAD), ["100"] + ["1"] * 11, others="1")
    assert sum(each.total for each in bills) == Fraction(examples["W03"]["annual_demand_charge"])


@pytest.mark.parametrize(
    ("name", "ratchet"),
    [
        pytest.param(
            "W04", "percent_by_month: [75, 0, 0, 75, 0, 0, 0, 0, 0, 0, 0, 75], months: 11", id="W04 of three months only"
        ),
        pytest.param("W05", 'percent: "75", months: 6', id="W05 of the six months before"),
    ],
)
def test_w04_and_w05_a_look_back_of_75_percent(examples, name, ratchet):
    example = examples[name]
    rule = f"billing_demand: {{{ratchet}, at_least_actual: [{EVERY_MONTH}]}}\n"
    tariff = document(rule + by_month(example["price_per_kw"]), head=UTC_HEAD)
    # the source takes the year as a circle: the year before is the same
    bills = year_of_peaks(tariff, example["monthly_peaks_kw"], history=example["monthly_peaks_kw"])
    assert [each.billing_demand_kw for each in bills] == [Fraction(kw) for kw in example["billing_demand_kw"]]
    assert sum(each.total for each in bills) == Fraction(example["annual_demand_charge"])


def test_w06_four_coincident_peaks(examples):
    quarters = [f"2026-{month:02d}-15T16:45" for month in (6, 7, 8, 9)]
    windows = ", ".join(f'{{from: "{quarter}", to: "{quarter[:11]}17:00"}}' for quarter in quarters)
    body = 'charges: [{id: cp, kind: coincident, price: "1", events: system}]'
    tariff = document(body, head=f"{HEAD}events: {{system: [{windows}]}}\n")
    kwh = {quarter: str(Fraction(kw) / 4) for quarter, kw in zip(quarters, examples["W06"]["peaks_kw"], strict=True)}
    made_of = made(tariff, {"import_kwh": kwh}, first="2026-06-01", after="2026-10-01", minutes=15)
    assert only(made_of, "quantity") == examples["W06"]["system_peak_demand_kw"]


def test_w07_a_factor_that_changes_inside_the_period():
    base = '{{id: base, kind: fixed, price: "100", per: month}}'
    version = f'  charges: [{base}, {{{{id: share, kind: percent, of: [base], percent: "{{}}"}}}}]\n'
    body = f"versions:\n- from: 2020-01-01\n{version.format('6')}- from: 2026-04-16\n{version.format('6.5')}"
    made_of = made(document(body), {}, first="2026-04-01", after="2026-05-01")
    assert amounts(made_of) == {"base": "100", "share": "6.25"}


def test_w08_periods_that_name_their_last_day_are_one_day_longer_here(examples):
    (_, _, before), (_, _, after) = examples["W08"]["parts_of_second_segment_inclusive"]
    version = '  charges: [{id: supply, kind: fixed, price: "1", per: day}]\n'
    body = f"versions:\n- from: 2020-01-01\n{version}- from: {examples['W08']['price_change']}\n{version}"
    # from 2 July to 1 August, the last day included, is to 2 August where it is not
    made_of = made(document(body), {}, first="2026-07-02", after="2026-08-02")
    assert [quantity for (quantity,) in rows(made_of, "quantity")] == [before, after]


@pytest.mark.parametrize(("rule", "key"), [("net", "round_net"), ("tax", "round_tax_half_up")])
def test_w09_a_tax_in_the_price_rounds_the_net_or_the_tax(examples, rule, key):
    example = examples["W09"]
    body = (
        f'charges: [{{id: a, kind: fixed, price: "{example["gross"]}", per: month}}, '
        f'{{id: vat, kind: tax, of: all, percent: "{example["vat_percent"]}", inclusive: true, round: {rule}}}]'
    )
    made_of = made(document(body, rounding=CENTS), {})
    (tax,) = [line.amount_rounded for line in made_of.lines if line.kind == "tax"]
    assert tax == Fraction(example[key]["tax"])
    assert made_of.total_rounded - tax == Fraction(example[key]["net"])


@pytest.mark.parametrize(("on", "key"), [("rate_sum", "net_rounded_together"), ("line", "net_rounded_per_line")])
def test_w10_the_net_of_a_tax_in_prices_is_rounded_together_or_line_by_line(examples, on, key):
    example = examples["W10"]
    charges = [
        f'{{id: c{place}, kind: fixed, price: "{gross}", per: month}}' for place, gross in enumerate(example["gross_lines"])
    ]
    vat = f'{{id: vat, kind: tax, of: all, percent: "{example["tax_percent"]}", inclusive: true, round: net}}'
    rounding = f"rounding: {{line: {{places: 2}}, total: sum_of_lines, tax: {{on: {on}, places: 2}}}}\n"
    made_of = made(document(f"charges: [{', '.join([*charges, vat])}]", rounding=rounding), {})
    (tax,) = [line.amount_rounded for line in made_of.lines if line.kind == "tax"]
    assert made_of.total_rounded - tax == Fraction(example[key])


def test_w11_the_kwh_of_a_half_hour_are_rounded_and_its_cost_is_not(examples):
    example = examples["W11"]["example"]
    rounding = "rounding: {line: none, interval_quantity: {places: 2, mode: half_even}}\n"
    body = f'charges: [{{id: use, kind: energy, price: "{example["price_rounded_p"]}"}}]'
    made_of = made(document(body, rounding=rounding), {"import_kwh": {NOON: example["kwh"]}}, minutes=30)
    assert rows(made_of, "quantity", "amount_rounded") == [(example["kwh_rounded"], example["cost_p"])]
