"""``rounding.interval_quantity``: the quantity of each interval is rounded before anything is made of it.

The published example W11 is a half hour of 0.028 kWh at 26.42 pence: 0.03 kWh, 0.7926 pence, and no rounding of the cost.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from schemas.errors import InvariantError, TariffError
from tariffs.calendar import Combo
from tariffs.determinants import needs_intervals
from tariffs.load import parse_tariff
from tariffs.pricing.rounded_intervals import with_rounded_intervals
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate
from tariffs.reference.billing import bill_sums
from tariffs.reference.given import Agreement, Interval
from tariffs.series import PriceSeries
from tariffs.timeline import Stretch, Timeline
from tests.tariffs.reference.engines import Case, Customer, both_agree, rated

DAY, NEXT = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)
USE = 'charges: [{id: use, kind: energy, price: "26.42"}]'


def tariff(body=USE, *, places=2, mode="half_even", more=""):
    rule = f"rounding: {{interval_quantity: {{places: {places}, mode: {mode}}}, line: none{more}}}\n"
    head = f'tariff: t\ncurrency: GBP\nclock: "+00:00"\n{rule}versions:\n'
    body = body if body.startswith("- ") else "- from: 2020-01-01\n" + "\n".join(f"  {line}" for line in body.splitlines())
    return parse_tariff(head + body + "\n", "t.yaml")


def case(document, *loads, minutes=30, name="import_kwh", also=None):
    """Agreements that used these quantities in the first intervals of a day, and nothing after."""
    customers = []
    for load in loads:
        use = [*load, *["0"] * (24 * 60 // minutes - len(load))]
        step = (NEXT - DAY) / len(use)
        more = {} if also is None else {also[0]: Fraction(also[1])}
        customers.append(
            Customer(minutes, tuple(Interval(DAY + n * step, minutes, {name: Fraction(kwh)} | more) for n, kwh in enumerate(use)))
        )
    return Case("", document, tuple(customers), (DAY, NEXT))


def seen(made, *names, agreement=0):
    return [tuple(row[name] for name in names) for row in made.lines.to_pylist() if row["agreement_index"] == agreement]


def test_w11_a_half_hour_of_the_published_example():
    one = case(tariff(), ["0.028"])
    assert seen(rated(one, 0, {}), "quantity", "amount", "amount_rounded") == [
        (Decimal("0.03"), Decimal("0.7926"), Decimal("0.7926"))
    ]
    assert both_agree(one) == 1


@pytest.mark.parametrize(
    ("loads", "mode", "kwh"),
    [
        pytest.param(["0.024"] * 2, "half_even", "0.04", id="each below the half, their sum above it"),
        pytest.param(["0.026"] * 2, "half_even", "0.06", id="each above the half, their sum below it"),
        pytest.param(["0.025", "0.035"], "half_even", "0.06", id="at the half, to the even"),
        pytest.param(["0.025", "0.035"], "half_up", "0.07", id="at the half, up"),
        pytest.param(["-0.025"], "half_up", "-0.03", id="a correction, away from zero"),
        pytest.param(["0.004"] * 20, "half_up", None, id="nothing is left of it"),
        pytest.param(["12.34", "0.66"], "half_up", "13", id="no more decimals than the rule has"),
    ],
)
def test_the_intervals_are_rounded_and_then_added_up(loads, mode, kwh):
    one = case(tariff(mode=mode), loads)
    assert seen(rated(one, 0, {}), "quantity") == ([] if kwh is None else [(Decimal(kwh),)])
    assert both_agree(one) == 1


def test_each_agreement_is_rounded_alone_whatever_decimals_the_others_have():
    together = case(tariff(), ["0.028"], ["7"], ["0.123456789"])
    made = rated(together, 0, {})
    assert [seen(made, "quantity", agreement=n) for n in range(3)] == [[(Decimal(q),)] for q in ("0.03", "7", "0.12")]
    assert both_agree(together) == 1


def test_agreements_of_other_interval_lengths_are_rounded_by_their_own_intervals():
    quarters, halves = case(tariff(), ["0.014", "0.014"], minutes=15), case(tariff(), ["0.028"])
    both = Case("", tariff(), (*quarters.customers, *halves.customers), (DAY, NEXT))
    made = rated(both, 0, {})
    assert [seen(made, "quantity", agreement=n) for n in (0, 1)] == [[(Decimal("0.02"),)], [(Decimal("0.03"),)]]
    assert both_agree(both) == 1


def test_the_sums_of_periods_are_those_of_their_rounded_intervals():
    body = 'periods: {early: [{days: all, to: "00:30"}], late: [{else: true}]}\n'
    body += 'charges: [{id: use, kind: energy, price: {early: "1", late: "2"}}]'
    one = case(tariff(body), ["0.026", "0.024", "0.024"])
    assert seen(rated(one, 0, {}), "band", "quantity") == [("early", Decimal("0.03")), ("late", Decimal("0.04"))]
    assert both_agree(one) == 1


def test_a_price_in_time_multiplies_the_rounded_interval():
    document = tariff("charges: [{id: use, kind: energy, price: {series: spot}}]")
    starts = np.array([int(DAY.timestamp()), int(DAY.timestamp()) + 1800], dtype=np.int64)
    one = case(document, ["0.028", "0.044"])
    one = Case("", document, one.customers, one.borders, series={"spot": PriceSeries("spot", starts, np.array([10, 20]), 0)})
    # 0.03 x 10 + 0.04 x 20
    assert seen(rated(one, 0, {}), "quantity", "amount") == [(Decimal("0.07"), Decimal("1.1"))]
    assert both_agree(one) == 1


def test_power_is_that_of_the_rounded_interval():
    document = tariff('charges: [{id: power, kind: demand, price: "1", measure: {window_min: 60}}]')
    one = case(document, ["0.026", "0.026"])
    assert seen(rated(one, 0, {}), "quantity") == [(Decimal("0.06"),)]
    assert both_agree(one) == 1


def test_a_volume_is_rounded_before_it_becomes_energy():
    values = '[{from: 2020-01-01, value: "36"}]'
    body = f'conversion: {{volume: volume_m3, energy: gas_kwh, correction: "1", calorific_value: {values}, divide_by: "3.6"}}\n'
    body += 'charges: [{id: gas, kind: energy, price: "0.1", quantity: gas_kwh}]'
    one = case(tariff(body), ["0.126"], name="volume_m3")
    assert seen(rated(one, 0, {}), "quantity") == [(Decimal("1.3"),)]
    assert both_agree(one) == 1


def test_export_is_rounded_too():
    document = tariff('charges: []\nexport: {mode: net_billing, price: "10"}')
    one = case(document, ["0.028"], name="export_kwh", also=("import_kwh", "0"))
    assert seen(rated(one, 0, {}), "quantity", "amount") == [(Decimal("0.03"), Decimal("-0.3"))]
    assert both_agree(one) == 1


def test_the_quantity_of_a_line_may_be_rounded_after_it():
    one = case(tariff(more=", quantity: {places: 1, mode: half_up}"), ["0.024", "0.024", "0.024"])
    # 0.02 + 0.02 + 0.02 = 0.06, and that to one decimal; without the first rounding 0.072
    assert seen(rated(one, 0, {}), "quantity", "amount") == [(Decimal("0.1"), Decimal("2.642"))]
    assert both_agree(one) == 1


def test_what_has_no_intervals_cannot_be_billed():
    document = tariff()
    assert needs_intervals(document)
    assert not needs_intervals(
        parse_tariff(f'tariff: t\ncurrency: GBP\nclock: "+00:00"\nversions: [{{from: 2020-01-01, {USE}}}]', "t")
    )
    span = {"starts_at": DAY, "ends_at": NEXT}
    with pytest.raises(TariffError) as refused:
        rate(RatingInputs(tariff=document, quantities={}, export_taxed=np.array([False]), **span))
    assert refused.value.code == "tariff.needs_intervals"
    with pytest.raises(TariffError) as refused:
        bill_sums(document, {}, agreement=Agreement(), carried={}, series={}, **span)
    assert refused.value.code == "tariff.needs_intervals"


def test_sums_without_their_intervals_are_never_passed_over():
    one = case(tariff(), ["0.028"])
    captured = {}

    def keep(inputs):
        captured["inputs"] = inputs
        return rate(inputs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.tariffs.reference.engines.rate", keep)
        rated(one, 0, {})
    inputs = captured["inputs"]
    (stretch,) = inputs.timeline.stretches
    empty = Timeline((Stretch(stretch.rows, stretch.minutes, stretch.starts, {}, {}),))
    lost = RatingInputs(**(vars(inputs) | {"timeline": empty}))
    with pytest.raises(InvariantError) as failed:
        with_rounded_intervals(lost)
    assert failed.value.code == "rating.inputs"


def test_a_tariff_without_the_rule_is_rated_as_it_came():
    document = parse_tariff(f'tariff: t\ncurrency: GBP\nclock: "+00:00"\nversions: [{{from: 2020-01-01, {USE}}}]', "t")
    inputs = RatingInputs(tariff=document, starts_at=DAY, ends_at=NEXT, quantities={}, export_taxed=np.array([False]))
    assert with_rounded_intervals(inputs) is inputs


def test_export_has_the_periods_of_export():
    body = 'periods: {early: [{days: all, to: "00:30"}], late: [{else: true}]}\n'
    body += 'charges: [{id: use, kind: energy, price: {early: "1", late: "2"}}]\n'
    body += 'export: {mode: net_billing, price: {noon: "1", rest: "2"}, '
    body += 'periods: {noon: [{days: all, from: "00:30", to: "01:00"}], rest: [{else: true}]}}'
    one = case(tariff(body), ["0.026", "0.016"], name="export_kwh", also=("import_kwh", "0"))
    assert seen(rated(one, 0, {}), "band", "quantity") == [("noon", Decimal("0.02")), ("rest", Decimal("0.03"))]
    assert both_agree(one) == 1


def test_stretches_that_are_written_with_other_decimals():
    """Two agreements: 0.028 kWh in thousandths, which is rounded, and 7 kWh in whole kWh, which has nothing to round."""
    starts = int(DAY.timestamp()) + 1800 * np.arange(48)
    fine, coarse = np.zeros((1, 48), dtype=np.int64), np.zeros((1, 48), dtype=np.int32)
    fine[0, 0], coarse[0, 0] = 28, 7
    stretches = (
        Stretch(np.array([0]), 30, starts, {"import_kwh": fine}, {"import_kwh": -3}),
        Stretch(np.array([1]), 30, starts, {"import_kwh": coarse}, {"import_kwh": 0}),
    )
    sums = Determinant((Combo(0, None),), -3, np.array([[28], [7000]], dtype=np.int64), "kWh")
    inputs = RatingInputs(
        tariff=tariff(), starts_at=DAY, ends_at=NEXT, quantities={"import_kwh": sums}, export_taxed=np.array([False] * 2),
        timeline=Timeline(stretches),
    )  # fmt: skip
    made = rate(inputs)
    assert [seen(made, "quantity", agreement=n) for n in (0, 1)] == [[(Decimal("0.03"),)], [(Decimal(7),)]]
