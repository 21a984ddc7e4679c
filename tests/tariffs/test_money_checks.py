"""Percentages, taxes, minimums and export that cannot be followed are refused when the document is read."""

from __future__ import annotations

import pytest

from schemas.errors import TariffError

INVALID, UNSUPPORTED = "tariff.invalid", "tariff.unsupported"
CHARGES = """\
charges:
- {id: basic, kind: fixed, price: "5", per: month}
- {id: use, kind: energy, price: "0.30"}
- {id: less, kind: percent, of: [use], percent: "-3"}
- {id: floor, kind: minimum, amount: "30", per: month}
- {id: levy, kind: tax, of: [use], percent: "5"}
- {id: vat, kind: tax, of: [use, levy], percent: "20"}
"""
SALE = 'export: {mode: net_billing, price: "0.10"}\n'
WHOLE = CHARGES + SALE
NEM = 'export: {mode: nem_money, price: "0.10"}'
CASES = [
    pytest.param(
        'of: [use], percent: "-3"', 'of: [floor], percent: "-3"', UNSUPPORTED, "charges[2].of[0]", id="a share of a minimum"
    ),
    pytest.param('of: [use], percent: "-3"', 'of: [vat], percent: "-3"', UNSUPPORTED, "charges[2].of[0]", id="a share of a tax"),
    pytest.param(
        'of: [use], percent: "-3"', 'of: [export], percent: "-3"', UNSUPPORTED, "charges[2].of[0]", id="a share of export"
    ),
    pytest.param('of: [use], percent: "-3"', 'of: [bank], percent: "-3"', INVALID, "charges[2].of[0]", id="a share of the bank"),
    pytest.param(
        'of: [use], percent: "-3"', 'of: [use, use], percent: "-3"', INVALID, "charges[2].of[1]", id="a charge named twice"
    ),
    pytest.param("of: [use, levy]", "of: [use, vat]", INVALID, "charges[5].of[1]", id="a tax on itself"),
    pytest.param(
        'of: [use], percent: "5"', 'of: [use, vat], percent: "5"', INVALID, "charges[4].of[1]", id="a tax on one after it"
    ),
    pytest.param(
        'of: [use, levy], percent: "20"',
        'of: [use, levy], percent: "20", inclusive: true, round: tax',
        UNSUPPORTED,
        "charges[5].of[1]",
        id="a contained tax on a tax",
    ),
    pytest.param(
        'of: [use], percent: "5"',
        'of: [use], percent: "5", inclusive: true, round: net',
        UNSUPPORTED,
        "charges[5].of[1]",
        id="a tax on a contained tax",
    ),
    pytest.param('percent: "20"', 'percent: "20", inclusive: true', INVALID, "charges[5]", id="contained, and nothing rounded"),
    pytest.param('percent: "20"', 'percent: "20", round: net', INVALID, "charges[5]", id="rounded net, and not contained"),
    pytest.param('percent: "20"', 'percent: "-1", inclusive: true, round: net', INVALID, "charges[5]", id="a contained credit"),
    pytest.param(
        "per: month}\n- {id: levy",
        "per: month, covers: [vat]}\n- {id: levy",
        UNSUPPORTED,
        "charges[3].covers[0]",
        id="a minimum over a tax",
    ),
    pytest.param(
        "per: month}\n- {id: levy",
        "per: month, covers: [floor]}\n- {id: levy",
        INVALID,
        "charges[3].covers[0]",
        id="a minimum over itself",
    ),
    pytest.param(
        "per: month}\n- {id: levy",
        "per: month, covers: [gone]}\n- {id: levy",
        INVALID,
        "charges[3].covers[0]",
        id="a minimum over nothing",
    ),
    pytest.param(
        "per: month}\n- {id: levy", "per: day, prorate: days_of_month}\n- {id: levy", INVALID, "charges[3]", id="a prorated day"
    ),
    pytest.param(
        "per: month}\n- {id: levy", "per: year, prorate: none}\n- {id: levy", INVALID, "charges[3]", id="a rule without effect"
    ),
    pytest.param(
        "per: month}\n- {id: levy", "per: year, months: [12]}\n- {id: levy", INVALID, "charges[3]", id="a year of one month"
    ),
    pytest.param('amount: "30"', 'amount: "-30"', INVALID, "charges[3].amount", id="a minimum below zero"),
    pytest.param("id: basic", "id: bank", INVALID, "charges[0].id", id="the bank's own name"),
    pytest.param("id: basic", "id: true_up", INVALID, "charges[0].id", id="the true-up's own name"),
    pytest.param(SALE, SALE.replace("}", ", true_up: 3}"), INVALID, "export", id="a true-up without a bank"),
    pytest.param(SALE, SALE.replace("}", ", expires: true}"), INVALID, "export", id="nothing that expires"),
    pytest.param(SALE, SALE.replace("}", ", offsets: all}"), INVALID, "export", id="nothing that pays"),
    pytest.param(SALE, SALE.replace("}", ', pays: "1"}'), INVALID, "export", id="a sale that pays twice"),
    pytest.param(SALE, NEM.replace("}", ", expires: true}"), INVALID, "export", id="expires, and never"),
    pytest.param(SALE, NEM.replace("}", ", carry: next_month}"), INVALID, "export", id="carries what it nets"),
    pytest.param(SALE, NEM.replace("}", ", true_up: 13}"), INVALID, "export.true_up", id="a 13th month"),
    pytest.param(SALE, NEM.replace("}", ", tax: [vat]}"), INVALID, "export", id="a tax on what a bank pays"),
    pytest.param(SALE, NEM.replace("}", ", offsets: [vat]}"), INVALID, "export.offsets[0]", id="a bank that pays a tax"),
    pytest.param(SALE, NEM.replace("}", ", offsets: [floor]}"), INVALID, "export.offsets[0]", id="a bank that pays a minimum"),
    pytest.param(SALE, NEM.replace("}", ", offsets: [gone]}"), INVALID, "export.offsets[0]", id="a bank that pays nothing"),
    pytest.param(SALE, NEM.replace('"0.10"', "{series: spot}"), INVALID, "export", id="a series for a month's surplus"),
    pytest.param(SALE, "export: {mode: nem_kwh, true_up: 3}", INVALID, "export", id="a true-up without a price"),
    pytest.param(SALE, "export: {mode: nem_kwh, offsets: all}", INVALID, "export", id="kWh that pay money"),
    pytest.param(SALE, 'export: {mode: nem_kwh, price: "0.1"}', INVALID, "export", id="kWh that have a price"),
    pytest.param(SALE, "export: {mode: net_billing}", INVALID, "export", id="a sale without a price"),
    pytest.param(
        SALE, NEM.replace("}", ", periods: {all: [{else: true}]}}"), INVALID, "export", id="periods that import has not"
    ),
]


@pytest.mark.parametrize(("old", "new", "code", "where"), CASES)
def test_what_cannot_be_followed_is_refused_at_its_field(tariff_of, old, new, code, where):
    assert old in WHOLE
    with pytest.raises(TariffError) as refused:
        tariff_of(WHOLE.replace(old, new))
    assert (refused.value.code, refused.value.where) == (code, f"versions[0].{where}")


def test_the_whole_document_is_sound(tariff_of):
    assert tariff_of(WHOLE).versions[0].export.mode == "net_billing"


@pytest.mark.parametrize(
    ("one", "other"), [("[use]", "[use]"), ("[use, basic]", "[basic]"), ("all", "[use]"), ("[use]", "all"), ("all", "all")]
)
def test_a_price_does_not_contain_two_taxes(tariff_of, one, other):
    body = CHARGES[: CHARGES.index("- {id: levy")] + "".join(
        f'- {{id: {name}, kind: tax, of: {of}, percent: "5", inclusive: true, round: tax}}\n'
        for name, of in (("a", one), ("b", other))
    )
    with pytest.raises(TariffError) as refused:
        tariff_of(body)
    assert (refused.value.code, refused.value.where) == (UNSUPPORTED, "versions[0].charges[5].inclusive")


def test_two_prices_contain_one_each(tariff_of):
    body = CHARGES[: CHARGES.index("- {id: levy")] + "".join(
        f'- {{id: {name}, kind: tax, of: [{of}], percent: "5", inclusive: true, round: tax}}\n'
        for name, of in (("a", "use"), ("b", "basic"))
    )
    assert len(tariff_of(body).versions[0].charges) == 6


NETTED = [
    pytest.param('"0.30"', "{series: spot}", UNSUPPORTED, "charges[1].price", id="prices of intervals"),
    pytest.param(
        '"0.30"',
        '["0.1", "0.2"], tiers: {limits: ["9"], fill: time_order}',
        UNSUPPORTED,
        "charges[1].tiers.fill",
        id="an order in time",
    ),
    pytest.param(
        '"0.30"',
        '["0.1", "0.2"], tiers: {limits: ["9"], per: day, reset: day}',
        UNSUPPORTED,
        "charges[1].tiers.reset",
        id="a ladder a day",
    ),
    pytest.param(
        'energy, price: "0.30"', 'energy, quantity: heat_kwh, price: "0.30"', INVALID, "export.mode", id="nothing to net"
    ),
    pytest.param(
        'fixed, price: "5", per: month',
        "rider, net: true, price: {series: fuel}",
        UNSUPPORTED,
        "charges[0].net",
        id="a rider by series",
    ),
    pytest.param(
        'fixed, price: "5", per: month',
        'rider, net: true, quantity: heat_kwh, price: "1"',
        INVALID,
        "charges[0].net",
        id="a rider on another meter",
    ),
]


@pytest.mark.parametrize(("old", "new", "code", "where"), NETTED)
def test_what_net_metering_cannot_bill_is_refused(tariff_of, old, new, code, where):
    body = CHARGES + NEM
    assert old in body
    with pytest.raises(TariffError) as refused:
        tariff_of(body.replace(old, new, 1))
    assert (refused.value.code, refused.value.where) == (code, f"versions[0].{where}")


def test_a_net_rider_needs_net_metering(tariff_of):
    with pytest.raises(TariffError) as refused:
        tariff_of(WHOLE.replace('fixed, price: "5", per: month', 'rider, price: "1", net: true'))
    assert (refused.value.code, refused.value.where) == (INVALID, "versions[0].charges[0].net")
