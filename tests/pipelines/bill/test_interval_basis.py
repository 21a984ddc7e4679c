from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pipelines.bill.holds import HoldCode
from pipelines.bill.interval_basis import measure
from schemas.codes import Quality

B1 = {"channel": "B1", "direction": "export", "determinant": "export_kwh"}
EXPORT = '  export: {mode: net_billing, price: "0.05"}\n'


@pytest.fixture(scope="module")
def month(daily, march):
    """All of March of some channels: 24 kWh a day each, but for what is changed."""
    return lambda *changes: daily(*({"day": march} | change for change in changes or ({},)))


@pytest.fixture(scope="module")
def measured(due_of, tariff_of, master_of):
    """What a due used, of readings and of registers."""

    def make(readings, *, registers=({},), meters=({},), due=None, tariff=None):
        return measure([due or due_of()], tariff or tariff_of(), readings, master_of(registers=registers, meters=meters))

    return make


def codes(found):
    return [held.code for held in found.held]


class TestReady:
    def test_every_slot_of_the_period_is_counted_once(self, measured, month):
        found = measured(month())
        assert (found.held, found.ready[0].energy) == ([], Decimal(744))

    def test_the_meter_without_registers_has_the_usual_suffixes(self, measured, month):
        assert measured(month(), registers=()).ready[0].energy == Decimal(744)

    def test_a_channel_that_is_not_billed_is_left_out(self, measured, month):
        found = measured(month({}, {"channel": "E9"}), registers=({}, {"channel": "E9", "role": "check", "determinant": None}))
        assert (found.held, found.ready[0].energy) == ([], Decimal(744))

    def test_rate_registers_without_a_total_are_added(self, measured, month):
        rates = [{"role": "rate", "rate_band": "peak"}, {"role": "rate", "rate_band": "off_peak", "channel": "E2"}]
        assert measured(month({}, {"channel": "E2"}), registers=rates).ready[0].energy == Decimal(1488)

    def test_two_meters_that_share_the_month_are_added(self, measured, daily, march):
        noon = datetime(2026, 3, 15, 2, tzinfo=UTC)
        first = {"values": [500] * 24 + [0] * 24, "quality": [0] * 24 + [Quality.NOT_EXPECTED] * 24}
        second = {"values": [0] * 24 + [500] * 24, "quality": [Quality.NOT_EXPECTED] * 24 + [0] * 24, "meter_id": "M2"}
        rows = daily(
            {"day": march[:14]}, {"day": march[14]} | first, {"day": march[14]} | second, {"day": march[15:], "meter_id": "M2"}
        )
        meters = [{"installed_to": noon}, {"meter_id": "M2", "installed_from": noon}]
        found = measured(rows, meters=meters, registers=({}, {"meter_id": "M2", "valid_from": noon}))
        assert (found.held, found.ready[0].energy) == ([], Decimal(744))

    def test_a_source_that_names_no_meter_means_the_one_installed(self, measured, month):
        found = measured(month({"meter_id": ""}))
        assert (found.held, found.ready[0].energy) == ([], Decimal(744))

    def test_nor_does_a_second_meter_beside_it_count_its_time_twice(self, measured, month):
        meters = [{}, {"meter_id": "M2"}]
        registers = [{}, {"meter_id": "M2", "channel": "E2", "role": "check", "determinant": None}]
        assert measured(month({"meter_id": ""}), meters=meters, registers=registers).held == []

    def test_the_estimated_part_is_known(self, measured, daily, march):
        rows = daily({"day": march[1:]}, {"day": march[0], "quality": [Quality.SUBSTITUTED] * 48})
        assert measured(rows).ready[0].estimated == Decimal(24)


class TestHeld:
    def test_without_readings(self, measured, month):
        assert codes(measured(month().slice(0, 0))) == [HoldCode.READINGS_MISSING]

    def test_where_a_slot_has_no_value_and_says_how_many_minutes(self, measured, daily, march):
        rows = daily({"day": march[1:]}, {"day": march[0], "values": [0] + [500] * 47, "quality": [Quality.MISSING] + [0] * 47})
        (held,) = measured(rows).held
        assert (held.code, "30 of 44640 minutes" in held.message) == (HoldCode.READINGS_INCOMPLETE, True)

    def test_where_a_day_is_not_there(self, measured, daily, march):
        assert codes(measured(daily({"day": march[1:]}))) == [HoldCode.READINGS_INCOMPLETE]

    def test_where_a_billed_register_delivered_nothing(self, measured, month):
        assert codes(measured(month(), registers=({}, B1))) == [HoldCode.READINGS_MISSING]

    def test_where_a_channel_with_values_is_not_mapped(self, measured, month):
        assert codes(measured(month({}, {"channel": "E3"}))) == [HoldCode.CHANNEL_UNMAPPED]

    def test_not_where_an_unmapped_channel_has_no_value_at_all(self, measured, month):
        empty = {"channel": "E3", "values": [0] * 48, "quality": [Quality.MISSING] * 48}
        assert measured(month({}, empty)).held == []

    def test_where_energy_was_used_that_no_charge_prices(self, measured, month):
        registers = ({}, {"channel": "E2", "determinant": "controlled_load_kwh"})
        assert codes(measured(month({}, {"channel": "E2"}), registers=registers)) == [HoldCode.UNPRICED]

    def test_not_where_that_register_counted_nothing(self, measured, month):
        registers = ({}, {"channel": "E2", "determinant": "controlled_load_kwh"})
        assert measured(month({}, {"channel": "E2", "values": [0] * 48}), registers=registers).held == []

    def test_one_does_not_hold_another(self, due_of, tariff_of, master_of, month):
        dues = [due_of(), due_of(agreement_id="A2", service_point_id="S2")]
        found = measure(dues, tariff_of(), month(), master_of())
        assert ([ready.due.agreement_id for ready in found.ready], codes(found)) == (["A1"], [HoldCode.READINGS_MISSING])


class TestExport:
    def test_is_a_determinant_where_the_tariff_pays_for_it(self, measured, month, tariff_of):
        found = measured(month({}, B1), registers=({}, B1), tariff=tariff_of(more=EXPORT))
        assert sorted(found.quantities) == ["export_kwh", "import_kwh"]

    def test_is_none_where_it_does_not(self, measured, month):
        assert sorted(measured(month({}, B1), registers=({}, B1)).quantities) == ["import_kwh"]

    def test_of_a_feed_in_agreement_is_all_that_it_bills(self, measured, month, due_of, tariff_of):
        found = measured(month({}, B1), registers=({}, B1), due=due_of(role="feed_in"), tariff=tariff_of(more=EXPORT))
        assert (found.ready[0].energy, found.quantities["import_kwh"].values.sum()) == (Decimal(744), 0)

    def test_beside_a_feed_in_agreement_is_not_the_supplier_s(self, measured, month, due_of, tariff_of):
        found = measured(month({}, B1), registers=({}, B1), due=due_of(exports_elsewhere=True), tariff=tariff_of(more=EXPORT))
        assert (found.ready[0].energy, sorted(found.quantities)) == (Decimal(744), ["import_kwh"])

    def test_that_is_incomplete_does_not_hold_the_supplier_of_import(self, measured, daily, march, due_of, tariff_of):
        rows = daily({"day": march}, {"day": march[5:]} | B1)
        found = measured(rows, registers=({}, B1), due=due_of(exports_elsewhere=True), tariff=tariff_of(more=EXPORT))
        assert found.held == []


class TestParts:
    def test_some_of_the_agreements_keep_their_quantities(self, due_of, tariff_of, master_of, month):
        points = [{}, {"service_point_id": "S2"}]
        master = master_of(service_points=points, meters=[{}, {"service_point_id": "S2", "meter_id": "M2"}], registers=())
        rows = month({}, {"service_point_id": "S2", "meter_id": "M2", "values": [100] * 48})
        found = measure([due_of(), due_of(agreement_id="A2", service_point_id="S2")], tariff_of(), rows, master).only([1])
        assert [ready.due.agreement_id for ready in found.ready] == ["A2"]
        assert found.quantities["import_kwh"].values.tolist() == [[31 * 4_800]]

    def test_of_a_period_inside_the_month_are_counted_alone(self, measured, month, due_of):
        starts_at = datetime(2026, 3, 12, 14, tzinfo=UTC)
        found = measured(month(), due=due_of(starts_at=starts_at, period_from=date(2026, 3, 13)))
        assert (found.held, found.ready[0].energy) == ([], Decimal(19 * 24))


class TestIntervals:
    """Tariffs that look at single intervals get them in a row."""

    DEMAND = '{id: power, kind: demand, price: "5"}, {id: usage, kind: energy, price: "0.3"}'

    def test_a_tariff_on_sums_gets_none(self, measured, month):
        assert measured(month()).timeline is None

    def test_a_tariff_on_peaks_gets_those_of_the_period(self, measured, month, tariff_of):
        (stretch,) = measured(month(), tariff=tariff_of(self.DEMAND)).timeline.stretches
        assert (stretch.minutes, stretch.values["import_kwh"].shape, stretch.exponents) == (30, (1, 1488), {"import_kwh": -3})
        assert set(stretch.values["import_kwh"].reshape(-1).tolist()) == {500}

    def test_agreements_that_are_held_are_not_among_them(self, due_of, tariff_of, master_of, month, march):
        dues = [due_of(agreement_id=f"A{n}", service_point_id=f"S{n}") for n in (1, 2, 3)]
        points = [{"service_point_id": f"S{n}", "meter_id": f"M{n}"} for n in (1, 2, 3)]
        values = {1: 100, 2: 200, 3: 300}
        rows = month(
            *(
                {**point, "values": [values[n]] * 48, **({"day": march[1:]} if n == 2 else {})}
                for n, point in enumerate(points, 1)
            )
        )
        master = master_of(meters=points, registers=[{"meter_id": f"M{n}"} for n in (1, 2, 3)])
        found = measure(dues, tariff_of(self.DEMAND), rows, master)
        (stretch,) = found.timeline.stretches
        assert [ready.due.agreement_id for ready in found.ready] == ["A1", "A3"]
        assert [
            (row, used[0]) for row, used in zip(stretch.rows.tolist(), stretch.values["import_kwh"].tolist(), strict=True)
        ] == [
            (0, 100),
            (1, 300),
        ]
        assert found.only([1]).timeline.stretches[0].values["import_kwh"][0, 0] == 300

    def test_what_another_agreement_bills_is_not_among_them(self, measured, month, due_of, tariff_of):
        tariff = tariff_of(self.DEMAND, more=EXPORT)
        found = measured(month({}, B1), registers=({}, B1), due=due_of(exports_elsewhere=True), tariff=tariff)
        (stretch,) = found.timeline.stretches
        assert list(stretch.values) == ["import_kwh"]

    def test_intervals_of_two_lengths_are_added_up(self, measured, month, march, tariff_of):
        rows = month({"day": march[:14]}, {"day": march[14:], "values": [100] * 288, "interval_minutes": 5})
        (stretch,) = measured(rows, tariff=tariff_of(self.DEMAND)).timeline.stretches
        assert (stretch.minutes, stretch.values["import_kwh"][0, 0], stretch.values["import_kwh"][0, -1]) == (30, 500, 600)

    def test_where_the_price_changes_inside_the_longer_ones_the_agreement_is_held(self, measured, month, march, tariff_of):
        rows = month({"day": march[:14]}, {"day": march[14:], "values": [100] * 288, "interval_minutes": 5})
        charges = '{id: power, kind: demand, price: {late: "5"}}, {id: usage, kind: energy, price: "0.3"}'
        at = '  periods: {late: [{days: all, from: "%s", to: "20:00"}], other: [{else: true}]}\n'
        assert codes(measured(rows, tariff=tariff_of(charges, more=at % "16:05"))) == [HoldCode.INTERVALS_UNEVEN]
        assert codes(measured(rows, tariff=tariff_of(charges, more=at % "16:30"))) == []

    def test_a_gas_meter_has_a_share_of_its_volume_estimated(self, measured, daily, march, tariff_of):
        gas = {"quantity": "volume", "unit": "m3"}
        rows = daily({"day": march[1:]} | gas, {"day": march[0], "quality": [Quality.ESTIMATED] * 48} | gas)
        register = gas | {"determinant": "volume_m3"}
        tariff = tariff_of('{id: water, kind: energy, quantity: volume_m3, price: "1"}')
        (ready,) = measured(rows, registers=[register], tariff=tariff).ready
        assert (ready.energy, ready.volume, ready.estimated_share) == (0, Decimal(744), Decimal("0.032258"))
