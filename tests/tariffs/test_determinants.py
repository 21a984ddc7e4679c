"""What a tariff says that it needs, for every kind of charge."""

from __future__ import annotations

import pytest

from tariffs.determinants import carries_state, needs_intervals, required_determinants, required_facts, required_series

PERIODS = "periods: {peak: [{days: mon-fri}], off: [{else: true}]}\n"
CONVERSION = 'conversion: {volume: volume_m3, energy: gas_kwh, calorific_value: %s, divide_by: "3.6"}\n'
GAS = 'charges: [{id: a, kind: energy, quantity: gas_kwh, price: "1"}]'
BY_BAND = 'price: {peak: ["1", "2"], off: ["3", "4"]}'


def one(charge, more=""):
    return f"{PERIODS}{more}charges: [{{id: a, {charge}}}]"


DETERMINANTS = [
    pytest.param(one('kind: fixed, price: "1", per: day'), set(), id="fixed"),
    pytest.param(one('kind: fee, price: "1", when: start'), set(), id="fee"),
    pytest.param(one('kind: minimum, amount: "1", per: month'), set(), id="minimum"),
    pytest.param(one('kind: energy, price: "1"'), {"import_kwh"}, id="energy"),
    pytest.param(one("kind: rider, series: s, quantity: controlled_load_kwh"), {"controlled_load_kwh"}, id="rider"),
    pytest.param(one('kind: demand, price: "1"'), {"import_kwh"}, id="demand in kW"),
    pytest.param(one('kind: demand, price: "1", measure: {unit: kVA}'), {"import_kwh", "kvarh"}, id="demand in kVA"),
    pytest.param(
        one('kind: demand, price: "1", power_factor: {target: "0.9"}'), {"import_kwh", "kvarh"}, id="demand with a power factor"
    ),
    pytest.param(
        one('kind: demand, price: "1", ratchet: {percent: "75", months: 11, measure: {quantity: gross_kwh}}'),
        {"import_kwh", "gross_kwh"},
        id="demand with a ratchet of its own",
    ),
    pytest.param(one('kind: contracted, price: "1", per: day'), set(), id="contracted power"),
    pytest.param(
        one('kind: contracted, price: "1", per: day, excess: {below_percent: "85", above_percent: "105", times: "2"}'),
        {"import_kwh"},
        id="contracted power with an excess",
    ),
    pytest.param(one('kind: reactive, price: "1", free_percent: "33"'), {"import_kwh", "kvarh"}, id="reactive energy"),
    pytest.param(
        one('kind: power_factor, of: [b], target: "0.9", step: "0.01", percent: "1"').replace(
            "charges: [", 'charges: [{id: b, kind: fixed, price: "1", per: day}, '
        ),
        {"import_kwh", "kvarh"},
        id="power factor",
    ),
    pytest.param(
        one('kind: energy, quantity: night_kwh, price: ["1", "2"], tiers: {blocks: [{kwh_per_kw: "200"}, {}]}'),
        {"night_kwh", "import_kwh"},
        id="hours use by the measured peak",
    ),
    pytest.param(
        one('kind: fixed, price: "1", per: day', 'billing_demand: {percent: "75", months: 11, measure: {unit: kVA}}\n'),
        {"import_kwh", "kvarh"},
        id="billing demand in kVA",
    ),
    pytest.param(CONVERSION % '"39.5"' + GAS, {"volume_m3"}, id="energy of a volume"),
]


@pytest.mark.parametrize(("body", "names"), DETERMINANTS)
def test_the_determinants_of_every_kind_are_named(tariff_of, body, names):
    assert required_determinants(tariff_of(body)) == names


def test_those_of_every_version_are_named(tariff_of):
    tariff = tariff_of(one('kind: energy, quantity: a_kwh, price: "1"'))
    later = tariff_of(one('kind: energy, quantity: b_kwh, price: "1"'))
    both = tariff.model_copy(update={"versions": (*tariff.versions, *later.versions)})
    assert required_determinants(both) == {"a_kwh", "b_kwh"}


TIERS = 'tiers: {limits: ["1"]%s}'
LOOKS = [
    pytest.param(one('kind: energy, price: "1"'), False, id="sums"),
    pytest.param(one(f"kind: energy, {BY_BAND}, {TIERS % ''}"), False, id="a ladder pro rata"),
    pytest.param(one(f"kind: energy, {BY_BAND}, {TIERS % ', fill: time_order'}"), True, id="a ladder in time order"),
    pytest.param(
        one(f"kind: energy, {BY_BAND}, {TIERS % ', fill: time_order, scope: each_period'}"), False, id="a ladder for each period"
    ),
    pytest.param(one(f'kind: energy, price: ["1", "2"], {TIERS % ", fill: time_order"}'), False, id="a ladder of one price"),
    pytest.param(one(f'kind: energy, price: ["1", "2"], {TIERS % ", per: day, reset: day"}'), True, id="a ladder each day"),
    pytest.param(one(f'kind: energy, price: ["1", "2"], {TIERS % ", per: day"}'), False, id="limits by the day"),
    pytest.param(one('kind: energy, price: ["1", "2"], tiers: {blocks: [{kwh_per_kw: "200"}, {}]}'), True, id="hours use"),
    pytest.param(one("kind: energy, price: {series: s}"), True, id="energy by series"),
    pytest.param(one("kind: rider, series: s"), True, id="a rider by series"),
    pytest.param(one('kind: demand, price: "1"'), True, id="demand"),
    pytest.param(one('kind: contracted, price: "1", per: day'), False, id="contracted power"),
    pytest.param(
        one('kind: contracted, price: "1", per: day, excess: {below_percent: "85", above_percent: "105", times: "2"}'),
        True,
        id="contracted power with an excess",
    ),
    pytest.param(one('kind: reactive, price: "1", free_percent: "33"'), False, id="reactive energy"),
    pytest.param(
        one('kind: fixed, price: "1", per: day', 'billing_demand: {percent: "75", months: 11}\n'), True, id="billing demand"
    ),
    pytest.param("charges: []\nexport: {mode: net_billing, price: {series: s}}", True, id="export by series"),
    pytest.param('charges: []\nexport: {mode: net_billing, price: "1"}', False, id="export"),
    pytest.param(CONVERSION % '"39.5"' + GAS, False, id="one calorific value"),
    pytest.param(CONVERSION % "{series: cv}" + GAS, True, id="calorific values in time"),
    pytest.param(CONVERSION % "{series: cv}" + GAS.replace("gas_kwh", "volume_m3"), False, id="a charge on the volume itself"),
]


@pytest.mark.parametrize(("body", "needed"), LOOKS)
def test_it_says_whether_single_intervals_are_looked_at(tariff_of, body, needed):
    assert needs_intervals(tariff_of(body)) is needed


def test_series_of_prices_and_calorific_values_are_named(tariff_of):
    body = (
        CONVERSION % "{series: cv}"
        + "charges: [{id: a, kind: energy, price: {series: spot}}, {id: b, kind: rider, series: fuel}]\n"
    )
    assert required_series(tariff_of(body + "export: {mode: net_billing, price: {series: spot_out}}")) == {
        "cv",
        "spot",
        "fuel",
        "spot_out",
    }


@pytest.mark.parametrize(
    ("charge", "facts"),
    [
        ('price: "1", per: day', {"contracted_kw"}),
        ('price: "1", per: day, power: agreed_kw', {"agreed_kw"}),
        ('price: {peak: "1", off: "2"}, per: day', {"contracted_kw.peak", "contracted_kw.off"}),
        ('price: "1", per: day, contracted: "5.5"', set()),
    ],
)
def test_facts_of_agreements_are_named(tariff_of, charge, facts):
    assert required_facts(tariff_of(one(f"kind: contracted, {charge}"))) == facts


STATE = [
    pytest.param(one('kind: energy, price: "1"'), False, id="energy"),
    pytest.param(one(f'kind: energy, price: ["1", "2"], {TIERS % ", per: year"}'), True, id="a ladder of a year"),
    pytest.param(one(f'kind: energy, price: ["1", "2"], {TIERS % ", per: day"}'), False, id="a ladder by the day"),
    pytest.param(one('kind: demand, price: "1"'), False, id="demand"),
    pytest.param(one('kind: demand, price: "1", ratchet: {percent: "75", months: 11}'), True, id="a ratchet"),
    pytest.param(one('kind: minimum, amount: "1", per: year'), True, id="a minimum of a year"),
    pytest.param(one('kind: minimum, amount: "1", per: month'), False, id="a minimum of a month"),
    pytest.param('charges: [{id: u, kind: energy, price: "1"}]\nexport: {mode: nem_kwh}', True, id="banked kWh"),
    pytest.param('charges: [{id: u, kind: energy, price: "1"}]\nexport: {mode: nem_money, price: "1"}', True, id="banked money"),
    pytest.param('charges: []\nexport: {mode: net_billing, price: "1", carry: next_month}', True, id="carried money"),
    pytest.param('charges: []\nexport: {mode: net_billing, price: "1"}', False, id="net billing"),
    pytest.param('charges: []\nbilling_demand: {percent: "75", months: 11}', True, id="billing demand"),
]


@pytest.mark.parametrize(("body", "carries"), STATE)
def test_it_says_whether_a_bill_depends_on_those_before(tariff_of, body, carries):
    assert carries_state(tariff_of(body)) is carries
