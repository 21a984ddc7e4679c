"""Energy charges that share the periods among them, because each period's ladder is another; and demand by periods of its own."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from schemas.errors import TariffError
from tariffs.calendar import combos_at, combos_of
from tariffs.timeline import Stretch, Timeline

PERIODS = """
periods:
  summer: [{months: [6, 7, 8, 9]}]
  winter: [{else: true}]
charges:
"""
PARTS = (
    PERIODS
    + """
- {id: energy_1, kind: energy, price: {summer: ["0.30", "0.40"]}, tiers: {limits: ["300"]}}
- {id: energy_2, kind: energy, price: {winter: ["0.20", "0.25"]}, tiers: {limits: ["500"]}}
"""
)


def refusal_of(tariff_of, charges):
    with pytest.raises(TariffError) as refused:
        tariff_of(PERIODS + charges)
    return refused.value.code, refused.value.where


def shown(lines):
    rows = lines.lines.to_pylist()
    return [(row["charge_id"], row["band"], row["tier"], row["quantity"], row["amount"]) for row in rows]


class TestParts:
    def test_in_one_season_only_its_own_ladder_is_on_the_bill(self, tariff_of, bill):
        found = shown(bill(tariff_of(PARTS), {"import_kwh": [[0, 400_000]]}, first="2026-01-01", after="2026-02-01"))
        assert found == [("energy_2", "winter", 1, Decimal(400), Decimal(80))]

    def test_each_ladder_counts_the_kwh_of_all_periods_and_bills_its_own_share(self, tariff_of, bill):
        """May to June, 600 kWh in summer and 200 in winter: a ladder to 300 has 300 and 500 kWh, one to 500 has 500 and 300.

        Summer has three quarters: 225 x 0.30 + 375 x 0.40 = 217.50; winter a quarter: 125 x 0.20 + 75 x 0.25 = 43.75.
        """
        found = shown(bill(tariff_of(PARTS), {"import_kwh": [[600_000, 200_000]]}, first="2026-05-20", after="2026-06-20"))
        assert found == [
            ("energy_1", "summer", 1, Decimal(225), Decimal("67.5")),
            ("energy_1", "summer", 2, Decimal(375), Decimal(150)),
            ("energy_2", "winter", 1, Decimal(125), Decimal(25)),
            ("energy_2", "winter", 2, Decimal(75), Decimal("18.75")),
        ]

    def test_a_ladder_a_period_counts_its_own_kwh(self, tariff_of, bill):
        tariff = tariff_of(PARTS.replace("}}\n", ", scope: each_period}}\n"))
        found = shown(bill(tariff, {"import_kwh": [[600_000, 200_000]]}, first="2026-05-20", after="2026-06-20"))
        assert [row[3] for row in found] == [Decimal(300), Decimal(300), Decimal(200)]

    def test_one_of_them_may_have_no_ladder(self, tariff_of, bill):
        tariff = tariff_of(PARTS.replace('["0.20", "0.25"]}, tiers: {limits: ["500"]}}', '"0.20"}}'))
        found = shown(bill(tariff, {"import_kwh": [[600_000, 200_000]]}, first="2026-05-20", after="2026-06-20"))
        assert found[-1] == ("energy_2", "winter", None, Decimal(200), Decimal(40))

    @pytest.mark.parametrize(
        ("charges", "code", "where"),
        [
            pytest.param(
                '- {id: a, kind: energy, price: {summer: "1"}}', "tariff.gap", "charges[0].price", id="a period of none"
            ),
            pytest.param(
                '- {id: a, kind: energy, price: {summer: "1"}}\n- {id: b, kind: energy, price: {summer: "2"}}',
                "tariff.gap",
                "charges[1].price",
                id="a period of none and one of two",
            ),
            pytest.param(
                '- {id: a, kind: energy, price: {summer: "1"}}\n- {id: b, kind: energy, quantity: heat, price: {winter: "2"}}',
                "tariff.gap",
                "charges[0].price",
                id="another quantity does not help",
            ),
            pytest.param(
                '- {id: a, kind: energy, price: {summer: "1"}}\n- {id: b, kind: energy, price: {winter: "2"}, months: [1]}',
                "tariff.gap",
                "charges[1].price",
                id="in some months only",
            ),
            pytest.param(
                '- {id: a, kind: energy, price: {autumn: "1"}}',
                "tariff.invalid",
                "charges[0].price.autumn",
                id="an unknown period",
            ),
        ],
    )
    def test_every_period_is_priced_by_one_of_them(self, tariff_of, charges, code, where):
        assert refusal_of(tariff_of, charges) == (code, f"versions[0].{where}")

    def test_no_period_is_priced_by_two_of_them(self, tariff_of):
        three = PERIODS.replace("winter: [{else: true}]", "spring: [{months: [3, 4, 5]}]\n  winter: [{else: true}]")
        charges = """
- {id: a, kind: energy, price: {summer: "1", spring: "1"}}
- {id: b, kind: energy, price: {winter: "2", spring: "1"}}
"""
        with pytest.raises(TariffError, match="spring has prices in two charges") as refused:
            tariff_of(three + charges)
        assert refused.value.code == "tariff.invalid"


DEMAND = (
    PERIODS
    + """
- id: power
  kind: demand
  price: {on: "9"}
  periods:
    on: [{days: mon-fri, from: "15:00", to: "21:00"}]
    off: [{else: true}]
- {id: usage, kind: energy, price: {summer: "1", winter: "2"}}
"""
)


class TestDemandByPeriodsOfItsOwn:
    def test_the_calendar_knows_them_by_the_charge(self, tariff_of, instants_of):
        tariff = tariff_of(DEMAND)
        instants = instants_of(tariff, "2026-01-01", "2026-02-01")
        charge = tariff.versions[0].charges[0]
        assert [combo.band for combo in combos_of(tariff, direction=charge.calendar, **instants)] == ["on", "off"]
        assert [combo.band for combo in combos_of(tariff, direction="import", **instants)] == ["summer", "winter"]

    def test_an_interval_belongs_to_the_period_of_its_start(self, tariff_of, instants_of):
        tariff = tariff_of(DEMAND)
        instants = instants_of(tariff, "2026-01-01", "2026-02-01")
        begin = int(instants["starts_at"].timestamp())
        # Thursday, 1 January 2026: 14:45, 15:00, 20:45 and 21:00; Saturday the 3rd, 15:00
        starts = [begin + 3600 * hours for hours in (14.75, 15, 20.75, 21, 48 + 15)]
        found, combos = combos_at(tariff, direction="power", starts=np.array(starts, dtype=np.int64), **instants)
        assert [combos[place].band for place in found] == ["off", "on", "on", "off", "off"]

    @pytest.mark.parametrize(
        ("old", "new", "where"),
        [
            ('price: {on: "9"}', 'price: {summer: "9"}', "price.summer"),
            ('price: {on: "9"}', 'price: "9"', ""),
            ("off: [{else: true}]", "off: [{days: sat-sun}]", "periods"),
            ("id: power", "id: import", "id"),
            ("days: mon-fri, from", "season: spring, from", "periods.on[0].season"),
        ],
    )
    def test_they_are_complete_and_priced_by_their_names(self, tariff_of, old, new, where):
        with pytest.raises(TariffError) as refused:
            tariff_of(DEMAND.replace(old, new))
        assert refused.value.where == f"versions[0].charges[0]{'.' if where else ''}{where}"

    def test_it_is_billed_by_them_and_not_by_those_of_the_version(self, tariff_of, bill):
        """Where demand is priced at all: the periods of the version have no price of it, so they cannot make its lines."""
        starts = np.arange(31 * 24, dtype=np.int64) * 3600 + 1767222000  # Europe/Berlin, 1 January 2026
        values = np.zeros((1, len(starts)), dtype=np.int64)
        values[0, 15], values[0, 21] = 4_000, 7_000  # Thursday 15:00 and 21:00
        stretch = Stretch(np.array([0]), 60, starts, {"import_kwh": values}, {"import_kwh": -3})
        try:
            lines = bill(tariff_of(DEMAND), {"import_kwh": [[0, 11_000]]}, timeline=Timeline((stretch,)))
        except TariffError as refusal:
            if refusal.code == "tariff.unsupported":
                pytest.skip("nothing prices demand here yet")
            raise
        power = [row for row in shown(lines) if row[0] == "power"]
        assert power == [("power", "on", None, Decimal(4), Decimal(36))]
