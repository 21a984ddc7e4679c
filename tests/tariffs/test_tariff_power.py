"""What a document may not say of charges on power, and the determinants that such charges need."""

from __future__ import annotations

import pytest

from schemas.errors import TariffError
from tariffs.determinants import required_determinants
from tests.tariffs.pricing.power_readings import PERIODS, tariff

RULE = 'percent: "80", months: 11'
EVENTS = 'events: {system: [{from: "2026-07-01T16:00", to: "2026-07-01T17:00"}]}\n'
CHARGE = "versions[0].charges[0]"


def one(text):
    return f"{PERIODS}charges:\n- {text}"


def demand(rest):
    return one(f"{{id: power, kind: demand, {rest}}}")


def contracted(rest):
    return one(f"{{id: power, kind: contracted, per: day, {rest}}}")


REFUSED = [
    pytest.param(
        demand('price: {dusk: "1"}'), f"{CHARGE}.price.dusk", "no period 'dusk' among peak, off", id="an unknown period"
    ),
    pytest.param(demand("price: {}"), f"{CHARGE}.price", "no period has a price", id="no price at all"),
    pytest.param(demand('price: ["1", "2"]'), f"{CHARGE}.price", "goes with tiers", id="a list without tiers"),
    pytest.param(
        demand('price: {peak: ["1", "2"]}'), f"{CHARGE}.price.peak", "goes with tiers", id="a period's list without tiers"
    ),
    pytest.param(
        demand('price: ["1", "2"], tiers: {limits: ["5", "9"]}'), f"{CHARGE}.price", "2 prices for 3 steps", id="a price too few"
    ),
    pytest.param(
        demand('price: {off: "1", peak: ["1", "2", "3"]}, tiers: {limits: ["5"]}'),
        f"{CHARGE}.price.peak",
        "3 prices for 2 steps",
        id="a price too many",
    ),
    pytest.param(
        demand('price: "1", tiers: {limits: ["5"]}'), f"{CHARGE}.tiers", "with a list of prices", id="tiers of one price"
    ),
    pytest.param(
        demand('price: "1", per: day, prorate: days_of_month'), CHARGE, "'prorate' goes with 'per: month'", id="proration of days"
    ),
    pytest.param(demand('price: "1", minimum: "-1"'), f"{CHARGE}.minimum", "greater than or equal to 0", id="a minimum below 0"),
    pytest.param(
        demand('price: "1", measure: {window_min: 45}'), f"{CHARGE}.measure.window_min", "do not divide the hour", id="45 minutes"
    ),
    pytest.param(
        demand('price: "1", measure: {sliding: true}'), f"{CHARGE}.measure", "goes with 'window_min'", id="sliding alone"
    ),
    pytest.param(demand('price: "1", measure: {n: 3}'), f"{CHARGE}.measure", "'n' goes with", id="n of a maximum"),
    pytest.param(
        demand('price: "1", measure: {days: holiday}'),
        f"{CHARGE}.measure.days",
        "holidays have no calendar",
        id="days that never come",
    ),
    pytest.param(
        demand('price: "1", measure: {unit: kVA}, power_factor: {target: "0.9"}'),
        CHARGE,
        "kVA hold the reactive power already",
        id="apparent power corrected",
    ),
    pytest.param(
        'periods: {flat: [{else: true}]}\ncharges:\n- {id: power, kind: demand, price: {flat: "1"}}',
        f"{CHARGE}.price",
        "means all intervals",
        id="a period called flat",
    ),
    pytest.param(
        demand(f'price: "1", ratchet: {{{RULE}, of: dusk}}'),
        f"{CHARGE}.ratchet.of",
        "no period 'dusk'",
        id="a ratchet of no period",
    ),
    pytest.param(
        demand(f'price: {{peak: "1"}}, ratchet: {{{RULE}}}'),
        f"{CHARGE}.ratchet.of",
        "which period's peaks",
        id="a ratchet of which?",
    ),
    pytest.param(
        demand(f'price: {{peak: "1", off: "1"}}, ratchet: {{{RULE}, of: peak}}'),
        f"{CHARGE}.ratchet.of",
        "one charge for each such period",
        id="one ratchet for two periods",
    ),
    pytest.param(
        demand('price: "1", ratchet: {months: 3}'), f"{CHARGE}.ratchet", "has 'percent'", id="a ratchet of no percentage"
    ),
    pytest.param(
        demand('price: "1", ratchet: {percent: "-5", months: 3}'), f"{CHARGE}.ratchet.percent", "greater than", id="one below 0"
    ),
    pytest.param(
        demand(f'price: "1", measure: {{unit: kVA}}, ratchet: {{{RULE}, measure: {{window_min: 60}}}}'),
        f"{CHARGE}.ratchet.measure.unit",
        "the charge is on kVA",
        id="a ratchet in another unit",
    ),
    pytest.param(
        f"billing_demand: {{{RULE}}}\n" + demand('price: "1", measure: {window_min: 60}'),
        f"{CHARGE}.measure",
        "write this measure there",
        id="a measure beside billing_demand",
    ),
    pytest.param(
        f"billing_demand: {{{RULE}}}\n" + demand(f'price: "1", ratchet: {{{RULE}}}'),
        f"{CHARGE}.ratchet",
        "no ratchet of its own",
        id="a ratchet beside billing_demand",
    ),
    pytest.param(
        f"billing_demand: {{{RULE}}}\n" + demand('price: "1", power_factor: {target: "0.9"}'),
        f"{CHARGE}.power_factor",
        "nothing measured is left",
        id="a power factor beside billing_demand",
    ),
    pytest.param(
        f"billing_demand: {{{RULE}, measure: {{days: holiday}}}}\ncharges: []",
        "versions[0].billing_demand.measure.days",
        "never comes",
        id="a billing demand of days that never come",
    ),
    pytest.param(
        contracted('price: {dusk: "1"}'), f"{CHARGE}.price.dusk", "no period 'dusk'", id="contracted power of an unknown period"
    ),
    pytest.param(
        contracted('price: {peak: "1"}, contracted: {peak: "5", off: "6"}'),
        f"{CHARGE}.contracted",
        "those priced: peak",
        id="a contract too many",
    ),
    pytest.param(
        contracted('price: "1", contracted: {peak: "5"}'),
        f"{CHARGE}.contracted",
        "those priced: none",
        id="a contract for a part",
    ),
    pytest.param(contracted('price: "1", contracted: "5", power: kva'), CHARGE, "the agreement's ('power')", id="two contracts"),
    pytest.param(contracted('price: "1", contracted: "-5"'), CHARGE, "not below 0", id="a contract below 0"),
    pytest.param(
        contracted('price: "1", measure: {window_min: 60}'), CHARGE, "'measure' goes with 'excess'", id="a measure of nothing"
    ),
    pytest.param(
        contracted('price: "1", excess: {below_percent: "110", above_percent: "105", times: "2"}'),
        f"{CHARGE}.excess",
        "not more than",
        id="an excess upside down",
    ),
    pytest.param(
        one('{id: cp, kind: coincident, price: "1", events: other}'),
        f"{CHARGE}.events",
        "no events 'other' among system",
        id="unknown events",
    ),
    pytest.param(
        one('{id: r, kind: reactive, price: {dusk: "1"}, free_percent: "33"}'),
        f"{CHARGE}.price.dusk",
        "no period 'dusk'",
        id="reactive energy of an unknown period",
    ),
    pytest.param(
        one('{id: pf, kind: power_factor, of: [power], target: "0.9", step: "0.01", percent: "1"}'),
        f"{CHARGE}.of[0]",
        "no charge 'power' among pf",
        id="a power factor of no charge",
    ),
    pytest.param(
        one('{id: pf, kind: power_factor, of: [pf], target: "0.9", step: "0.01", percent: "1"}'),
        f"{CHARGE}.of[0]",
        "stands before",
        id="a power factor of itself",
    ),
    pytest.param(
        one('{id: pf, kind: power_factor, of: [tax], target: "0.9", step: "0.01", percent: "1"}')
        + '\n- {id: tax, kind: tax, of: all, percent: "10"}',
        f"{CHARGE}.of[0]",
        "not of the tax",
        id="a power factor of a tax",
    ),
    pytest.param(
        one('{id: pf, kind: power_factor, of: [less], target: "0.9", step: "0.01", percent: "1"}')
        + '\n- {id: use, kind: energy, price: "1"}\n- {id: less, kind: percent, of: [use], percent: "-3"}',
        f"{CHARGE}.of[0]",
        "'less' stands before",
        id="a power factor of a later percentage",
    ),
]


@pytest.mark.parametrize(("body", "where", "what"), REFUSED)
def test_is_refused_at_its_field(body, where, what):
    with pytest.raises(TariffError) as error:
        tariff(body, head=EVENTS)
    assert error.value.code == "tariff.invalid"
    assert (error.value.where, what in error.value.message) == (where, True), error.value.message


def test_a_window_of_the_hour_that_the_clock_leaves_out_is_refused():
    head = 'events: {system: [{from: "2026-03-29T02:15", to: "2026-03-29T02:45"}]}\n'
    with pytest.raises(TariffError, match="the clock leaves out the window of system from 2026-03-29T02:15") as error:
        tariff(one('{id: cp, kind: coincident, price: "1", events: system}'), head=head, clock="Europe/Berlin")
    assert (error.value.code, error.value.where) == ("tariff.invalid", f"{CHARGE}.events")


SOUND = [
    pytest.param(demand('price: {peak: "1"}'), id="one period of two is priced"),
    pytest.param(demand('price: {off: "1", peak: ["1", "2"]}, tiers: {limits: ["5"]}'), id="steps in one period"),
    pytest.param(demand(f'price: "1", ratchet: {{{RULE}, of: peak}}'), id="a flat price, a ratchet of one period"),
    pytest.param(f"billing_demand: {{{RULE}}}\n" + demand('price: "1", measure: {agg: max}'), id="the same measure said twice"),
    pytest.param(demand('price: "1", measure: {days: all}'), id="all days though no holiday comes"),
    pytest.param(contracted('price: {peak: "1", off: "2"}, contracted: {off: "5", peak: "5"}'), id="contracts in another order"),
    pytest.param(
        one('{id: use, kind: energy, price: "1"}')
        + '\n- {id: less, kind: percent, of: [use], percent: "-3"}'
        + '\n- {id: pf, kind: power_factor, of: [less, use], target: "0.9", step: "0.01", percent: "1"}',
        id="a power factor of an earlier percentage",
    ),
]


@pytest.mark.parametrize("body", SOUND)
def test_is_sound(body):
    assert tariff(body, head=EVENTS).versions


class TestDeterminants:
    @pytest.mark.parametrize(
        ("body", "needed"),
        [
            pytest.param(demand('price: "1"'), {"import_kwh"}, id="demand"),
            pytest.param(demand('price: "1", measure: {unit: kVA}'), {"import_kwh", "kvarh"}, id="apparent power"),
            pytest.param(
                demand('price: "1", power_factor: {target: "0.9"}'), {"import_kwh", "kvarh"}, id="a target power factor"
            ),
            pytest.param(
                demand(f'price: "1", ratchet: {{{RULE}, measure: {{quantity: all_kwh}}}}'),
                {"import_kwh", "all_kwh"},
                id="a ratchet",
            ),
            pytest.param(
                f"billing_demand: {{{RULE}, measure: {{quantity: all_kwh}}}}\ncharges: []", {"all_kwh"}, id="a billing demand"
            ),
            pytest.param(contracted('price: "1"'), set(), id="contracted power"),
            pytest.param(
                contracted('price: "1", excess: {below_percent: "85", above_percent: "105", times: "2"}'),
                {"import_kwh"},
                id="excess",
            ),
            pytest.param(
                one('{id: cp, kind: coincident, price: "1", events: system, quantity: all_kwh}'),
                {"all_kwh"},
                id="a coincident peak",
            ),
            pytest.param(
                one('{id: r, kind: reactive, price: "1", free_percent: "33", quantity: lag, of: load}'),
                {"lag", "load"},
                id="reactive",
            ),
            pytest.param(
                one('{id: use, kind: energy, price: "1", quantity: all_kwh}')
                + '\n- {id: pf, kind: power_factor, of: [use], target: "0.9", step: "0.01", percent: "1"}',
                {"all_kwh", "import_kwh", "kvarh"},
                id="a power factor",
            ),
        ],
    )
    def test_are_all_that_is_measured(self, body, needed):
        assert required_determinants(tariff(body, head=EVENTS)) == needed
