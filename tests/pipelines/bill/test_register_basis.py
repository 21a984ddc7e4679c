from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from pipelines.bill.due import Held
from pipelines.bill.holds import HoldCode
from pipelines.bill.register_basis import measure_registers
from pipelines.vee.register_spans import RegisterBook
from pipelines.vee.registers import Advance, AdvanceStatus

E1 = {"channel": "11"}
LATER = (
    '- from: 2026-03-16\n  charges: [{id: supply, kind: fixed, price: "1", per: day}, {id: usage, kind: energy, price: "0.4"}]\n'
)
BY_PERIOD = '{id: usage, kind: energy, price: {peak: "0.5", off_peak: "0.2"}}'
PERIODS = '  periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off_peak: [{else: true}]}\n'


def at(text):
    """An instant in Brisbane."""
    return datetime.fromisoformat(f"{text}+10:00").astimezone(UTC)


def advance(since="2026-02-27T10:00", until="2026-03-30T11:00", kwh="310", **changes):
    usual = {
        "meter_id": "M1", "period_from": at(since), "period_to": at(until), "index_from": Decimal(1000),
        "index_to": Decimal(1000) + Decimal(kwh), "advance": Decimal(kwh), "resolution": Decimal(1), "status": AdvanceStatus.OK,
    }  # fmt: skip
    return Advance(**(usual | changes))


@pytest.fixture(scope="module")
def measured(due_of, tariff_of, master_of):
    """What the registers of S1 counted, or why it is held."""

    def make(advances, *, registers=(E1,), meters=({},), tariff=None, **due):
        book = RegisterBook({("S1", channel): found for channel, found in advances.items()})
        due = due_of(billing_basis="register", **due)
        return measure_registers(due, tariff or tariff_of(), master_of(registers=registers, meters=meters), book)

    return make


def energy(found):
    return {name: made.values.sum() * Decimal(10) ** made.exponent for name, made in found.quantities.items()}


class TestPeriod:
    def test_is_the_read_dates(self, measured):
        (ready,) = measured({"11": [advance()]}).ready
        assert (ready.due.period_from, ready.due.period_to) == (date(2026, 2, 27), date(2026, 3, 30))

    def test_begins_and_ends_at_the_reads(self, measured):
        (ready,) = measured({"11": [advance()]}).ready
        assert (ready.due.starts_at, ready.due.ends_at) == (at("2026-02-27T10:00"), at("2026-03-30T11:00"))

    @pytest.mark.parametrize(
        ("read_at", "billed"),
        [
            pytest.param("2026-03-01T09:00", False, id="a read on the first closes the month before"),
            pytest.param("2026-03-02T09:00", True, id="one on the second closes this month"),
            pytest.param("2026-04-01T00:00", True, id="the midnight that ends the month closes it"),
            pytest.param("2026-04-01T09:00", True, id="so does the morning after"),
            pytest.param("2026-04-02T09:00", False, id="a read on the second is the next month's"),
        ],
    )
    def test_a_read_belongs_to_the_month_that_it_closes(self, measured, read_at, billed):
        found = measured({"11": [advance(until=read_at)]})
        assert isinstance(found, Held) is not billed

    def test_several_advances_of_a_month_are_added(self, measured):
        found = measured({"11": [advance(until="2026-03-10T10:00"), advance(since="2026-03-10T10:00", kwh="90")]})
        assert energy(found) == {"import_kwh": Decimal(400)}

    def test_an_advance_of_the_customer_before_is_not_this_one_s(self, measured):
        found = measured({"11": [advance()]}, valid_from=at("2026-03-13T00:00"), period_from=date(2026, 3, 13))
        assert found.code is HoldCode.READS_MISSING

    def test_two_reads_on_one_day_make_a_day(self, measured):
        (ready,) = measured({"11": [advance(since="2026-03-30T09:00")]}).ready
        assert ready.due.period_to - ready.due.period_from == timedelta(days=1)


class TestHeld:
    def test_without_reads(self, measured):
        assert measured({}).code is HoldCode.READS_MISSING

    def test_without_a_register_that_feeds_anything(self, measured):
        found = measured({"11": [advance()]}, registers=(E1 | {"role": "check", "determinant": None},))
        assert found.code is HoldCode.CHANNEL_UNMAPPED

    def test_where_an_advance_is_blocked(self, measured):
        blocked = advance(status=AdvanceStatus.BLOCKED, code="register.decrease")
        found = measured({"11": [blocked]})
        assert (found.code, "register.decrease" in found.message) == (HoldCode.READS_BLOCKED, True)

    def test_where_one_of_two_registers_was_not_read(self, measured):
        found = measured({"11": [advance()]}, registers=(E1, {"channel": "12"}))
        assert found.code is HoldCode.READS_MISSING

    def test_where_two_registers_were_read_on_different_days(self, measured):
        advances = {"11": [advance()], "12": [advance(until="2026-03-31T10:00")]}
        assert measured(advances, registers=(E1, {"channel": "12"})).code is HoldCode.READS_MISSING

    def test_not_where_the_other_register_hung_there_long_ago(self, measured):
        meters = [{}, {"meter_id": "M0", "installed_to": at("2022-01-01T00:00")}]
        found = measured({"11": [advance()]}, registers=(E1, {"channel": "12", "meter_id": "M0"}), meters=meters)
        assert energy(found) == {"import_kwh": Decimal(310)}

    def test_where_a_register_counts_for_a_period_that_the_tariff_lacks(self, measured, tariff_of):
        found = measured({"11": [advance()]}, registers=(E1 | {"rate_band": "night"},), tariff=tariff_of(BY_PERIOD, more=PERIODS))
        assert found.code is HoldCode.BAND_UNKNOWN

    def test_where_energy_was_used_that_no_charge_prices(self, measured):
        advances = {"11": [advance()], "12": [advance()]}
        found = measured(advances, registers=(E1, {"channel": "12", "determinant": "controlled_load_kwh"}))
        assert found.code is HoldCode.UNPRICED


class TestQuantities:
    def test_an_advance_falls_to_two_versions_by_days(self, measured, tariff_of):
        # 27 February 10:00 to 30 March 11:00: 31 midnights, 16 of them before 16 March
        found = measured({"11": [advance()]}, tariff=tariff_of(later=LATER))
        values = [value * Decimal(10) ** -9 for value in found.quantities["import_kwh"].values[0].tolist()]
        assert values == [Decimal(160), Decimal(150)]

    def test_no_watt_hour_is_lost_where_days_do_not_divide(self, measured, tariff_of):
        found = measured({"11": [advance(kwh="100.000000001")]}, tariff=tariff_of(later=LATER))
        assert energy(found) == {"import_kwh": Decimal("100.000000001")}

    def test_periods_come_from_rate_registers(self, measured, tariff_of):
        registers = [
            {"channel": "T1", "role": "rate", "rate_band": "peak"},
            {"channel": "T2", "role": "rate", "rate_band": "off_peak"},
        ]
        found = measured(
            {"T1": [advance(kwh="110")], "T2": [advance(kwh="200")]},
            registers=registers,
            tariff=tariff_of(BY_PERIOD, more=PERIODS),
        )
        made = found.quantities["import_kwh"]
        assert {combo.band: value // 10**9 for combo, value in zip(made.combos, made.values[0].tolist(), strict=True)} == {
            "peak": 110,
            "off_peak": 200,
        }

    def test_an_estimated_read_makes_all_its_energy_estimated(self, measured):
        (ready,) = measured({"11": [advance(estimated=True)]}).ready
        assert ready.estimated_share == Decimal(1)

    def test_reads_stand_on_the_bill_as_the_dial_showed_them(self, measured):
        (ready,) = measured({"11": [advance()]}).ready
        assert [(read["opening"], read["closing"], read["advance"]) for read in ready.registers] == [("1000", "1310", "310")]

    def test_export_is_left_to_feed_in(self, measured):
        registers = (E1, {"channel": "41", "direction": "export", "determinant": "export_kwh"})
        found = measured({"11": [advance()], "41": [advance(kwh="200")]}, registers=registers, exports_elsewhere=True)
        assert energy(found) == {"import_kwh": Decimal(310)}
