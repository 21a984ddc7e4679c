"""Overlays: what a foreign format cannot say, merged as people expect, refused with its path where it names nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from schemas.errors import TariffError

LADDERS = [[{"rate": 1, "max": 10}, {"rate": 2}], [{"rate": 3, "max": 20}, {"rate": 4}]]
PEAK = [[0] * 15 + [1] * 6 + [0] * 3] * 12
BY_PERIOD = {"energyratestructure": LADDERS, "energyweekdayschedule": PEAK, "energyweekendschedule": PEAK}
TWO_DEMANDS = {
    "flatdemandstructure": [[{"rate": 7}]],
    "flatdemandmonths": [0] * 12,
    "demandratestructure": [[{"rate": 1}], [{"rate": 2}]],
    "demandweekdayschedule": PEAK,
    "demandweekendschedule": PEAK,
}
FIXED = {"fixedchargefirstmeter": 5, "fixedchargeunits": "$/day"}

EXAMPLE = """\
clock: "-08:00"
rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}
charges:
  energy: {tiers: {scope: all_periods, fill: pro_rata}}
  fixed: {days: nominal_month}
add_charges:
- {id: floor, kind: minimum, amount: "520", per: year}
billing_demand:
  percent_by_month: ["60", "60", "60", "60", "60", "95", "95", "95", "95", "60", "60", "60"]
  months: 11
  minimum: "100"
  at_least_actual: [6, 7, 8, 9]
export: {mode: nem_kwh, true_up: 12, pays: "0.03"}
"""


@pytest.fixture
def refusal_of(imported):
    def make(overlay, **changes):
        with pytest.raises(TariffError) as refused:
            imported(overlay=overlay, **changes)
        return refused.value

    return make


class TestNamesOfCharges:
    """An overlay says ``energy`` or ``demand``, whatever charges the import made of them."""

    DISCOUNT = 'add_charges: [{id: help, kind: percent, of: [%s], percent: "-3"}]'

    def of(self, version):
        return next(charge.of for charge in version.charges if charge.id == "help")

    def test_the_parts_of_a_divided_charge(self, version_of):
        assert self.of(version_of(overlay=self.DISCOUNT % "energy", **BY_PERIOD)) == ("energy_1", "energy_2")

    def test_the_one_charge_where_nothing_was_divided(self, version_of):
        assert self.of(version_of(overlay=self.DISCOUNT % "energy")) == ("energy",)

    def test_every_charge_of_the_kind(self, version_of):
        version = version_of(overlay=self.DISCOUNT % "demand", **TWO_DEMANDS)
        assert self.of(version) == ("demand_flat", "demand_tou")

    def test_a_part_named_by_itself_stands_alone_and_none_twice(self, version_of):
        assert self.of(version_of(overlay=self.DISCOUNT % "energy_2", **BY_PERIOD)) == ("energy_2",)
        assert self.of(version_of(overlay=self.DISCOUNT % "energy_2, energy", **BY_PERIOD)) == ("energy_2", "energy_1")

    def test_minimums_taxes_and_banks_name_charges_too(self, version_of):
        overlay = """\
add_charges:
- {id: floor, kind: minimum, amount: "5", per: month, covers: [energy]}
- {id: gst, kind: tax, of: [energy, basic], percent: "10"}
export: {mode: nem_money, price: "0.05", offsets: [energy]}
"""
        version = version_of(overlay=overlay, **BY_PERIOD, **FIXED)
        by_id = {charge.id: charge for charge in version.charges}
        assert by_id["floor"].covers == ("energy_1", "energy_2")
        assert by_id["gst"].of == ("energy_1", "energy_2", "basic")
        assert version.export.offsets == ("energy_1", "energy_2")

    def test_the_written_file_names_each(self, imported):
        text = imported(overlay=self.DISCOUNT % "energy", **BY_PERIOD).text
        assert "of: [energy_1, energy_2]" in text

    @pytest.mark.parametrize("name", ["enregy", "energy_3", "rider", "basic"])
    def test_a_name_that_nothing_has_is_refused(self, refusal_of, name):
        assert refusal_of(self.DISCOUNT % name, **BY_PERIOD).code.startswith("tariff.")


class TestMerged:
    def test_all_that_an_overlay_may_say(self, imported):
        made = imported(overlay=EXAMPLE, **FIXED, energyratestructure=LADDERS[:1])
        version = made.tariff.versions[0]
        assert made.tariff.clock == "-08:00"
        assert [charge.id for charge in version.charges] == ["basic", "energy", "floor"]
        assert version.charges[0].days == "nominal_month"
        assert (version.billing_demand.months, version.billing_demand.at_least_actual) == (11, (6, 7, 8, 9))
        assert (version.export.mode, version.export.true_up, version.export.pays) == ("nem_kwh", 12, Decimal("0.03"))
        assert not made.notes

    def test_the_head_replaces_whole(self, imported):
        changes = {"x_holidays": ["christmas"], "x_holiday_policy": "as_weekend"}
        overlay = "currency: CAD\nholidays: {calendar: CA}\nrounding: {line: none}\n"
        tariff = imported(overlay=overlay, **changes).tariff
        assert (tariff.currency, tariff.holidays.calendar, tariff.holidays.names) == ("CAD", "CA", ())
        assert (tariff.rounding.line, tariff.rounding.total) == ("none", None)

    def test_null_removes(self, imported):
        changes = {"x_holidays": ["christmas"], "x_holiday_policy": "as_weekend"}
        assert imported(overlay="holidays: null", **changes).tariff.holidays is None
        source = imported(overlay="source: {utility: null, checked: 2026-07-30}").tariff.versions[0].source
        assert source == {"format": "URDB v8", "name": "Schedule R", "checked": "2026-07-30"}

    def test_a_clock_that_is_said_is_no_note(self, imported):
        assert any("no clock" in note for note in imported().notes)
        assert not any("no clock" in note for note in imported(overlay="clock: America/Denver").notes)

    def test_an_empty_overlay_changes_nothing(self, imported):
        assert imported(overlay="# nothing yet\n").tariff == imported().tariff

    def test_a_rule_is_merged_into_every_charge_of_its_kind(self, version_of):
        version = version_of(overlay="charges: {energy: {tiers: {scope: each_period}}}", **BY_PERIOD)
        assert [charge.tiers.scope for charge in version.charges] == ["each_period", "each_period"]

    def test_a_rule_that_a_charge_has_no_use_for_has_no_effect_and_is_told(self, imported):
        fixed = "fixed: {days: nominal_month, prorate: days_of_month}"
        overlay = f"charges: {{energy: {{tiers: {{fill: time_order}}}}, {fixed}, demand: {{per: day}}}}"
        made = imported(overlay=overlay, **FIXED)
        assert (made.tariff.versions[0].charges[0].days, made.tariff.versions[0].charges[1].tiers) == ("nominal_month", None)
        assert [note.removeprefix("overlay without effect: ") for note in made.notes[1:]] == [
            "charges.energy.tiers: energy has no tiers",
            "charges.fixed.prorate: basic is not per month",
            "charges.demand: the tariff has no charge of this kind",
        ]

    def test_a_rule_counts_where_the_overlay_makes_room_for_it(self, charges_of):
        charge = charges_of(overlay="charges: {fixed: {per: month, prorate: days_of_month}}", **FIXED)["basic"]
        assert (charge.per, charge.prorate) == ("month", "days_of_month")

    def test_a_series_replaces_prices_and_ladders_of_all_charges_that_share_the_periods(self, imported):
        made = imported(overlay="charges: {energy: {price: {series: spot, per: MWh}}}", **BY_PERIOD)
        (charge,) = made.tariff.versions[0].charges
        assert (charge.price.series, charge.tiers, charge.by_period) == ("spot", None, False)
        assert (
            "overlay without effect: charges.energy.price: the series prices what energy_2 priced; it is left out" in made.notes
        )

    def test_a_price_of_a_period_goes_to_the_charge_that_prices_it(self, charges_of):
        charges = charges_of(overlay='charges: {energy: {price: {p1: ["8", "9"]}}}', **BY_PERIOD)
        assert charges["energy_1"].price == {"p0": (Decimal(1), Decimal(2))}
        assert charges["energy_2"].price == {"p1": (Decimal(8), Decimal(9))}

    def test_the_written_file_says_which_overlay(self, imported):
        assert "# With the overlay overlay.yaml." in imported(overlay=EXAMPLE).text.splitlines()


class TestRefused:
    @pytest.mark.parametrize(
        ("overlay", "code", "where"),
        [
            ("exports: {}", "overlay.unknown", "exports"),
            ("versions: []", "overlay.unknown", "versions"),
            ("charges: {engery: {}}", "overlay.unknown", "charges.engery"),
            ("charges: {energy: {tier: {}}}", "overlay.unknown", "charges.energy.tier"),
            ("charges: {energy: {tiers: {scoop: all_periods}}}", "overlay.unknown", "charges.energy.tiers.scoop"),
            ("charges: {energy: {id: x}}", "overlay.unknown", "charges.energy.id"),
            ("charges: {energy: {kind: rider}}", "overlay.unknown", "charges.energy.kind"),
            ("charges: [x]", "overlay.invalid", "charges"),
            ("charges: {energy: null}", "overlay.invalid", "charges.energy"),
            ("charges: {energy: {tiers: x}}", "overlay.invalid", "charges.energy.tiers"),
            ("add_charges: {}", "overlay.invalid", "add_charges"),
            ("add_charges: [x]", "overlay.invalid", "add_charges"),
            ("[1, 2]", "overlay.invalid", "document"),
            ("clock: Mars/Olympus", "tariff.invalid", "clock"),
            ("export: {mode: nem_kwh, true_up: 13}", "tariff.invalid", "export.true_up"),
            ("charges: {energy: {price: {p7: '1'}}}", "tariff.invalid", "charges.energy.price.p7"),
            ("add_charges: [{id: a, kind: fixed, price: '1', per: week}]", "tariff.invalid", "add_charges[0].per"),
            ("add_charges: [{id: a, kind: fixed, price: '1', per: day}, {id: energy}]", "tariff.invalid", "add_charges[1]"),
            ("add_charges: [{id: energy, kind: fee, price: '1', when: start}]", "tariff.invalid", "add_charges[0].id"),
            ("charges: {energy: {tiers: {scope: sideways}}}", "tariff.invalid", "charges.energy.tiers.scope"),
            ("clock: [", "tariff.syntax", "overlay.yaml:1"),
            ("clock: +1\nclock: +2", "tariff.syntax", "overlay.yaml:2"),
        ],
    )
    def test_with_the_path_in_the_overlay(self, refusal_of, overlay, code, where):
        changes = {"energyratestructure": LADDERS[:1]}
        error = refusal_of(overlay, **changes)
        assert (error.code, error.where) == (code, where)

    def test_every_problem_is_told_in_the_overlays_words(self, refusal_of):
        error = refusal_of("clock: Mars/Olympus\nadd_charges: [{id: a, kind: fixed, price: x, per: week}]")
        assert [line.split(": ")[:2] for line in error.message.splitlines()] == [
            ["overlay.yaml", "clock"],
            ["overlay.yaml", "add_charges[0].per"],
            ["overlay.yaml", "add_charges[0].price"],
        ]
        assert "document" not in error.message
