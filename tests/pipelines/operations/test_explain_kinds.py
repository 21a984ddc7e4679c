"""Explanations of lines that rest on more than a sum: peaks, price series, net metering, gas."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from pipelines.operations.explain import Carried, Price, explain
from schemas.errors import InvariantError
from tariffs.load import parse_tariff
from tests.pipelines.operations.test_explain import STARTS, evidence, line, reading, register

HOUR = timedelta(hours=1)
PEAK_VALUES = [1000] * 17 + [4000, 6500] + [1000] * 5
"""4 kWh from 17:00, 6.5 kWh from 18:00."""


def tariff(charges, *more):
    head = 'tariff: two-bands\ncurrency: EUR\nclock: "+01:00"\nversions:\n- from: 2026-01-01\n'
    return parse_tariff(head + "".join(f"  {row}\n" for row in more) + f"  charges: [{charges}]\n", "two-bands")


def priced(name, *values):
    rows = [Price(STARTS + n * HOUR, STARTS + (n + 1) * HOUR, Decimal(value)) for n, value in enumerate(values)]
    return {name: rows}


def use(determinant, value, at=None, *, band=None, unit="kW"):
    return {
        "determinant": determinant, "band": band, "tariff_version": "2026-01-01", "value": Decimal(value), "unit": unit, "at": at,
    }  # fmt: skip


class TestDemand:
    DEMAND = '{id: power, kind: demand, price: "5"%s}'
    LINE = line(1, "demand", "6.5", charge="power", price="5")
    EVENING = STARTS + 18 * HOUR

    def explained(self, *usage, charge="", more=(), carried=(), found=None):
        rows = evidence(found or self.LINE, readings=[reading(values=PEAK_VALUES)], registers=[register()])
        document = tariff(self.DEMAND % charge, *more)
        (explained,) = explain(replace(rows, tariff=document, usage=list(usage), carried=carried))
        return explained

    def test_points_to_the_intervals_of_its_window(self):
        (peak,) = self.explained(use("peak_kw", "6.5", self.EVENING)).peaks
        assert (peak.value, peak.at, peak.minutes) == (Decimal("6.5"), self.EVENING, 60)
        assert [(i.interval_start, i.value, i.source.record) for i in peak.intervals] == [(self.EVENING, Decimal("6.5"), "7")]

    def test_a_longer_window_has_several(self):
        half_hours = [reading(values=[500] * 34 + [1000, 3000, 2500] + [500] * 11, interval_minutes=30)]
        rows = evidence(self.LINE, readings=half_hours, registers=[register()])
        document = tariff(self.DEMAND % ", measure: {window_min: 60, sliding: true}")
        at = STARTS + 17.5 * HOUR
        (found,) = explain(replace(rows, tariff=document, usage=[use("peak_kw.power", "5.5", at)]))
        assert [i.value for i in found.peaks[0].intervals] == [Decimal(3), Decimal("2.5")]

    def test_a_window_that_does_not_make_the_peak_is_not_shown(self):
        (peak,) = self.explained(use("peak_kw", "6.4", self.EVENING)).peaks
        assert (peak.value, peak.at, peak.intervals) == (Decimal("6.4"), self.EVENING, ())

    def test_a_mean_of_several_windows_shows_what_it_came_to(self):
        charge = ", measure: {agg: mean_of_top_n, n: 2}"
        (peak,) = self.explained(use("peak_kw.power", "5.25", self.EVENING), charge=charge).peaks
        assert (peak.value, peak.intervals) == (Decimal("5.25"), ())

    def test_earlier_peaks_behind_a_ratchet_are_listed(self):
        carried = (
            Carried("bank.money", Decimal(1), Decimal(1)),
            Carried("peak|*|2025-07", Decimal(9), Decimal(9)),
            Carried("peak|other|2025-07", Decimal(9), Decimal(9)),
        )
        found = self.explained(
            use("peak_kw", "6.5", self.EVENING), use("billing_demand_kw", "7.2"),
            more=('billing_demand: {percent: "80", months: 11}',),
            carried=carried, found=line(1, "demand", "7.2", charge="power", price="5"),
        )  # fmt: skip
        assert [(peak.determinant, peak.value, len(peak.intervals)) for peak in found.peaks] == [
            ("billing_demand_kw", Decimal("7.2"), 0),
            ("peak_kw", Decimal("6.5"), 1),
        ]
        assert [state.name for state in found.carried] == ["peak|*|2025-07"]

    def test_peaks_of_other_periods_of_the_tariff_are_left_out(self):
        periods = 'periods: {late: [{days: all, from: "17:00", to: "24:00"}], rest: [{else: true}]}'
        found = self.explained(
            use("peak_kw", "6.5", self.EVENING, band="late"), use("peak_kw", "1", STARTS, band="rest"),
            use("import_kwh", "31.5", unit="kWh"),
            more=(periods,), found=line(1, "demand", "6.5", charge="power", price="5", band="late"),
        )  # fmt: skip
        assert [peak.band for peak in found.peaks] == ["late"]

    def test_periods_of_its_own_are_not_those_of_the_version_by_the_same_name(self):
        periods = 'periods: {late: [{days: all, from: "00:00", to: "06:00"}], rest: [{else: true}]}'
        own = ', periods: {late: [{days: all, from: "17:00", to: "24:00"}], early: [{else: true}]}'
        charge = '{id: power, kind: demand, price: {late: "5"}%s}'
        rows = evidence(
            line(1, "demand", "6.5", charge="power", price="5", band="late"), readings=[reading(values=PEAK_VALUES)],
            registers=[register()],
        )  # fmt: skip
        usage = [
            use("peak_kw", "1", STARTS, band="late"), use("peak_kw.power", "6.5", self.EVENING, band="late"),
            use("peak_kw.other", "6.5", self.EVENING, band="late"), use("peak_kw.power.2", "4", None, band="late"),
        ]  # fmt: skip
        (found,) = explain(replace(rows, tariff=tariff(charge % own, periods), usage=usage))
        assert [(peak.determinant, peak.value, len(peak.intervals)) for peak in found.peaks] == [
            ("peak_kw.power", Decimal("6.5"), 1),
            ("peak_kw.power.2", Decimal(4), 0),
        ]

    def test_a_coincident_peak_shows_its_windows_and_no_other_peak(self):
        """From 18:00 to 20:00 local time 7.5 kWh in two hours."""
        text = """\
tariff: two-bands
currency: EUR
clock: "+01:00"
events: {system: [{from: "2026-01-15T18:00", to: "2026-01-15T20:00"}, {from: "2026-01-16T18:00", to: "2026-01-16T20:00"}]}
versions:
- from: 2026-01-01
  charges: [{id: cp, kind: coincident, price: "9", events: system}]
"""
        rows = evidence(
            line(1, "coincident", "3.75", charge="cp", price="9"), readings=[reading(values=PEAK_VALUES)], registers=[register()]
        )
        usage = [use("peak_kw", "6.5", self.EVENING)]
        (found,) = explain(replace(rows, tariff=parse_tariff(text, "two-bands"), usage=usage))
        (window,) = found.peaks
        assert (window.determinant, window.value, window.at, window.minutes) == ("system", Decimal("3.75"), self.EVENING, 120)
        assert [interval.value for interval in window.intervals] == [Decimal("6.5"), Decimal(1)]


class TestRoundedIntervals:
    """Each hour of 0.028 kWh counts as 0.03: 24 hours are 0.72 kWh, and not 0.672."""

    HEAD = 'tariff: two-bands\ncurrency: EUR\nclock: "+01:00"\nrounding: {interval_quantity: {places: 2}}\n'

    def explained(self, quantity, charge='{id: usage, kind: energy, price: "0.2"}', *, channels=("E1",), made=None, **more):
        document = parse_tariff(f"{self.HEAD}versions:\n- from: 2026-01-01\n  charges: [{charge}]\n", "two-bands")
        rows = evidence(
            made or line(1, "energy", quantity),
            readings=[reading(channel=channel, values=[28] * 24) for channel in channels],
            registers=[register(channel) for channel in channels],
        )
        (found,) = explain(replace(rows, tariff=document, **more))
        return found.metered

    def test_what_was_metered_is_listed_and_what_it_makes_is_told(self):
        found = self.explained("0.72")
        assert {interval.value for interval in found.intervals} == {Decimal("0.028")}
        assert (found.quantity, found.note) == (
            Decimal("0.672"),
            "each interval rounded to 2 decimals (half_up), together 0.72",
        )

    def test_two_channels_are_rounded_together(self):
        # 0.056 a slot
        assert self.explained("1.44", channels=("E1", "E2")).note.endswith("together 1.44")

    def test_prices_in_time_multiply_the_rounded_intervals(self):
        made = line(1, "energy", "0.72") | {"amount": Decimal("0.07")}
        charge = "{id: usage, kind: energy, price: {series: spot}}"
        found = self.explained("0.72", charge, made=made, series=priced("spot", *["0.1"] * 24))
        assert found.note == (
            "each interval rounded to 2 decimals (half_up), together 0.72; each interval at its own price of spot per kWh: 0.07"
        )

    @pytest.mark.parametrize("quantity", ["0.672", "0.71"])
    def test_another_quantity_is_no_explanation(self, quantity):
        with pytest.raises(InvariantError):
            self.explained(quantity)


class TestSeries:
    CHARGE = '{id: usage, kind: energy, price: {series: day_ahead, per: MWh, times: "1.1"}}'

    def explained(self, amount, prices, kind="energy", charge=CHARGE, more=(), **changes):
        made = line(1, kind, "24", charge=changes.pop("charge_id", "usage")) | {"amount": Decimal(amount)}
        rows = evidence(
            made, readings=[reading(**changes.pop("reading", {}))], registers=[register(**changes.pop("register", {}))]
        )
        (found,) = explain(replace(rows, tariff=tariff(charge, *more), series=priced("day_ahead", *prices)))
        return found.metered

    def test_every_interval_has_the_price_it_was_charged_at(self):
        # 23 kWh at 0.10 and one at -0.05, times 1.1: 2.53 - 0.055 = 2.475, to the cent 2.48
        found = self.explained("2.48", ["100"] * 23 + ["-50"])
        assert [interval.price for interval in found.intervals] == [Decimal(100)] * 23 + [Decimal(-50)]
        assert found.quantity == Decimal(24)
        assert "each interval at its own price of day_ahead per MWh times 1.1: 2.48" in found.note

    def test_prices_that_do_not_make_the_amount_are_no_explanation(self):
        with pytest.raises(InvariantError) as caught:
            self.explained("2.48", ["100"] * 24)
        assert caught.value.code == "explain.sum"

    def test_energy_that_is_bought_at_a_series_is_a_credit(self):
        found = self.explained(
            "-2.40", ["0.1"] * 24, kind="export", charge='{id: supply, kind: fixed, price: "1", per: day}', charge_id="export",
            more=("export: {mode: net_billing, price: {series: day_ahead}}",),
            register={"determinant": "export_kwh"},
        )  # fmt: skip
        assert found.quantity == Decimal(24)


class TestNetMetering:
    """24 kWh drawn, exported by hour as each test says."""

    def explained(self, billed, exported, mode="nem_kwh", bank="0"):
        price = ', price: "0.1"' if mode == "nem_money" else ""
        document = tariff('{id: usage, kind: energy, price: "0.2"}', f"export: {{mode: {mode}{price}}}")
        rows = evidence(
            line(1, "energy", billed), readings=[reading(), reading(channel="B1", values=exported)],
            registers=[register(), register("B1", determinant="export_kwh")],
        )  # fmt: skip
        carried = [Carried("bank.kwh|", Decimal(bank), Decimal(0))]
        (found,) = explain(replace(rows, tariff=document, carried=carried))
        return found

    def test_import_less_export_is_billed(self):
        found = self.explained("19", [5000] + [0] * 23)
        assert (found.metered.quantity, found.metered.less[0].quantity) == (Decimal(24), Decimal(5))
        assert "when export and the bank are taken off" in found.metered.note
        assert [state.name for state in found.carried] == ["bank.kwh|"]

    def test_what_is_in_the_bank_is_taken_off_too(self):
        assert self.explained("16.5", [5000] + [0] * 23, bank="2.5").metered.less[0].determinant == "export_kwh"

    def test_in_money_there_is_no_bank_of_energy(self):
        assert self.explained("19", [5000] + [0] * 23, mode="nem_money", bank="2.5").metered

    @pytest.mark.parametrize("billed", ["24", "19.001", "18"])
    def test_another_quantity_is_no_explanation(self, billed):
        with pytest.raises(InvariantError):
            self.explained(billed, [5000] + [0] * 23)

    def test_a_surplus_is_nothing_billed(self):
        assert self.explained("0", [30_000] + [0] * 23).metered.quantity == Decimal(24)


class TestBanks:
    @pytest.mark.parametrize("kind", ["bank", "true_up"])
    def test_money_paid_from_a_bank_points_to_the_bank(self, kind):
        carried = [Carried("bank.money", Decimal(20), Decimal(5)), Carried("peak|*|2025-12", Decimal(1), Decimal(1))]
        rows = replace(evidence(line(1, kind, "1", charge=kind, price="-15")), carried=carried)
        (found,) = explain(rows)
        assert (found.metered, found.carried) == (None, (carried[0],))

    def test_a_yearly_minimum_points_to_the_year(self):
        carried = [Carried("minimum|floor|2026", Decimal(80), Decimal(0)), Carried("minimum|other|2026", Decimal(1), Decimal(0))]
        (found,) = explain(replace(evidence(line(1, "minimum", "1", charge="floor", price="20")), carried=carried))
        assert found.carried == (carried[0],)


class TestGas:
    GAS = '{id: gas, kind: energy, quantity: gas_kwh, price: "0.1"}'
    CONVERSION = (
        'conversion: {volume: volume_m3, energy: gas_kwh, correction: "1.02264", calorific_value: "39.5", divide_by: "3.6"}'
    )

    def explained(self, quantity):
        rows = evidence(
            line(1, "energy", quantity, charge="gas"),
            readings=[reading(unit="m3")],
            registers=[register(determinant="volume_m3")],
        )
        (found,) = explain(replace(rows, tariff=tariff(self.GAS, self.CONVERSION)))
        return found.metered

    def test_a_volume_becomes_energy(self):
        # 24 m3 x 1.02264 x 39.5 / 3.6 = 269.2952 kWh
        found = self.explained("269.2952")
        assert (found.quantity, found.determinant) == (Decimal(24), "gas_kwh")
        assert found.note == "volume_m3 x 1.02264 x 39.5 / 3.6 = 269.2952"

    def test_another_energy_is_no_explanation(self):
        with pytest.raises(InvariantError):
            self.explained("269.2953")


def test_quantities_that_the_tariff_rounds_may_differ_by_their_last_digit():
    document = tariff('{id: usage, kind: energy, price: "0.2"}')
    head = 'tariff: two-bands\ncurrency: EUR\nclock: "+01:00"\nrounding: {quantity: {places: 0}}\n'
    text = head + 'versions:\n- from: 2026-01-01\n  charges: [{id: usage, kind: energy, price: "0.2"}]\n'
    rows = evidence(line(1, "energy", "24"), readings=[reading(values=[1000] * 23 + [1400])], registers=[register()])
    assert explain(replace(rows, tariff=parse_tariff(text, "two-bands")))
    with pytest.raises(InvariantError):
        explain(replace(rows, tariff=document))
