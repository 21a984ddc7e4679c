from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.simulation.comparison import Candidate, compare, comparison_report, refuse_other_currencies
from tariffs.simulation.periods import billing_periods
from tariffs.simulation.report import report
from tariffs.simulation.run import Customer, simulate

HEAD = "tariff: {name}\ncurrency: {currency}\nclock: {clock}\nrounding: {rounding}\nversions:\n- from: 2020-01-01\n"
EXACT = "{line: none, total: {places: 2, mode: half_up}}"


@pytest.fixture(scope="module")
def named(version_of):
    def make(name, body, *, currency="EUR", clock="Europe/Berlin", rounding=EXACT):
        return version_of(body, head=HEAD.format(name=name, currency=currency, clock=clock, rounding=rounding))

    return make


@pytest.fixture(scope="module")
def compared(load_of):
    def make(*tariffs, load=None):
        load = load or load_of("2026-01-01", 59 * 24)
        periods = billing_periods(load, tariffs[0].clock)
        clock = tariffs[0].clock
        rated = [simulate(each, load, periods, Customer(), billing_clock=clock) for each in tariffs]
        return compare([Candidate(tariff, f"{tariff.tariff}.yaml", each) for tariff, each in zip(tariffs, rated, strict=True)])

    return make


FLAT = '{id: usage, kind: energy, price: "0.25"}'


def test_the_cheapest_comes_first_and_differences_are_against_the_first_given(named, compared):
    # 1416 kWh in January and February
    mine = named("mine", f"charges: [{FLAT}]")
    dear = named("dear", 'charges: [{id: usage, kind: energy, price: "0.26"}]')
    cheap = named(
        "cheap", 'charges: [{id: usage, kind: energy, price: "0.20"}, {id: basic, kind: fixed, price: "10", per: month}]'
    )
    found = compared(mine, dear, cheap)
    assert [(each.candidate.tariff.tariff, each.total, each.difference) for each in found] == [
        ("cheap", Decimal("303.2"), Decimal("-50.8")),
        ("mine", Decimal(354), Decimal(0)),
        ("dear", Decimal("368.16"), Decimal("14.16")),
    ]


def test_each_charge_is_set_against_its_own_and_one_that_only_one_tariff_has_against_nothing(named, compared):
    mine = named("mine", f'charges: [{FLAT}, {{id: old, kind: fixed, price: "3", per: month}}]')
    other = named("other", f'charges: [{FLAT.replace("25", "20")}, {{id: basic, kind: fixed, price: "10", per: month}}]')
    (lines,) = (each.lines for each in compared(mine, other) if each.candidate.tariff == other)
    assert [(line.key.charge_id, line.line.quantity, line.line.amount, line.difference) for line in lines] == [
        ("usage", Decimal(1416), Decimal("283.2"), Decimal("-70.8")),
        ("basic", Decimal(2), Decimal(20), Decimal(20)),
        ("old", Decimal(0), Decimal(0), Decimal(-6)),
    ]


def test_equals_stand_in_the_order_given(named, compared):
    names = ["b", "a", "c"]
    found = compared(*(named(name, f"charges: [{FLAT}]") for name in names))
    assert [each.candidate.tariff.tariff for each in found] == names


def test_what_is_paid_decides_not_what_is_left_unrounded(named, compared, load_of):
    mine = named("mine", 'charges: [{id: usage, kind: energy, price: "0.251"}]')
    rounded = named("rounded", 'charges: [{id: usage, kind: energy, price: "0.252"}]', rounding="{line: {places: 1}}")
    found = compared(mine, rounded, load=load_of("2026-01-01", 24))
    # 6.024 is paid as 6.02; 6.048 rounds to 6.0
    assert [(each.candidate.tariff.tariff, each.total, each.total_rounded) for each in found] == [
        ("rounded", Decimal("6.048"), Decimal(6)),
        ("mine", Decimal("6.024"), Decimal("6.02")),
    ]
    assert (found[0].difference, found[0].difference_rounded) == (Decimal("0.024"), Decimal("-0.02"))


@given(st.lists(st.decimals(-5, 5, places=12), min_size=4, max_size=4))
def test_differences_of_lines_add_up_to_that_of_the_totals(named, compared, load_of, prices):
    day, night, flat, basic = (f"{price:f}" for price in prices)
    mine = named(
        "mine",
        f"""
        periods: {{day: [{{from: "06:00", to: "22:00"}}], night: [{{else: true}}]}}
        charges: [{{id: usage, kind: energy, price: {{day: "{day}", night: "{night}"}}}}]
        """,
    )
    other = named(
        "other",
        f'charges: [{{id: usage, kind: energy, price: "{flat}"}}, {{id: basic, kind: fixed, price: "{basic}", per: year}}]',
    )
    for each in compared(mine, other, load=load_of("2026-01-01", 48, lambda n: f"0.{n:09d}")):
        assert sum(line.difference for line in each.lines) == each.difference
        assert sum(line.line.amount for line in each.lines) == each.total


def test_a_tariff_with_another_clock_is_billed_for_the_days_of_the_first(named, compared, load_of):
    # when January ends in Berlin, it is noon of 1 February in Auckland
    charges = f'charges: [{FLAT}, {{id: supply, kind: fixed, price: "1", per: day, months: [1]}}]'
    here, there = named("here", charges), named("there", charges, clock="Pacific/Auckland")
    first, second = compared(here, there, load=load_of("2026-01-01", 31 * 24))
    assert first.total == second.total == Decimal(186 + 31)


def test_programs_read_every_number_as_plain_text(named, compared, load_of):
    mine = named("mine", f"charges: [{FLAT}]")
    other = named("other", 'charges: [{id: usage, kind: energy, price: "0.00000001"}]')
    found = comparison_report(compared(mine, other, load=load_of("2026-01-01", 24)))
    assert found[0] == {
        "tariff": "other",
        "path": "other.yaml",
        "total": "0.00000024",
        "total_rounded": "0",
        "difference": "-5.99999976",
        "difference_rounded": "-6",
        "lines": [
            {
                "charge_id": "usage",
                "kind": "energy",
                "band": None,
                "tier": None,
                "quantity": "24",
                "unit": "kWh",
                "amount": "0.00000024",
                "difference": "-5.99999976",
            }
        ],
    }


def test_another_currency_is_refused_by_file(named):
    tariffs = {"mine.yaml": named("mine", f"charges: [{FLAT}]"), "x.yaml": named("x", f"charges: [{FLAT}]", currency="USD")}
    with pytest.raises(TariffError) as caught:
        refuse_other_currencies(tariffs)
    assert (caught.value.code, caught.value.where) == ("tariff.currencies", "x.yaml: currency")
    assert caught.value.message == "x.yaml is in USD, mine.yaml in EUR"


class TestReport:
    def test_it_has_the_fields_of_the_contract_in_their_order(self, named, load_of, priced):
        tariff = named("mine", f'charges: [{{id: basic, kind: fixed, price: "16.30", per: month}}, {FLAT}]')
        found = report(tariff, priced(tariff, load_of("2026-01-01", 31 * 24)))
        assert list(found) == ["tariff", "currency", "periods"]
        (period,) = found["periods"]
        assert list(period) == ["period_from", "period_to", "days", "determinants", "lines", "total", "total_rounded"]
        assert list(period["determinants"]) == ["import_kwh", "export_kwh", "peak_kw", "billing_demand_kw"]
        names = ["charge_id", "kind", "band", "tier", "quantity", "unit", "price", "amount", "amount_rounded"]
        assert [list(line) for line in period["lines"]] == [names, names]
        assert list(period["lines"][0].values()) == ["basic", "fixed", None, None, "1", "month", "16.3", "16.3", "16.3"]
        assert (period["days"], period["total"], period["total_rounded"]) == (31, "202.3", "202.3")

    def test_a_division_keeps_twelve_decimals_and_more(self, named, load_of, priced):
        tariff = named("mine", 'charges: [{id: basic, kind: fixed, price: "10", per: year}]')
        (line,) = report(tariff, priced(tariff, load_of("2026-01-01", 31 * 24)))["periods"][0]["lines"]
        assert (line["quantity"], line["amount"]) == ("0.083333333", "0.833333333333333333")
