from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from pipelines.masterdata.master import MasterData
from pipelines.vee.assemble import NO_ROW, SEVERAL_ROWS, assemble, native_codes
from pipelines.vee.daily_rows import daily_rows
from pipelines.vee.facts import channel_facts
from pipelines.vee.profile.book import ProfileBook
from schemas.codes import Method, Quality
from schemas.master_data import ACCOUNTS, AGREEMENTS, METERS, REGISTERS, SERVICE_POINTS
from schemas.readings import DELIVERIES, READINGS_DAILY

MIDNIGHT = datetime(2025, 12, 31, 14, tzinfo=UTC)
"""The start of 2026 on the market's clock, +10:00."""
NOTHING_KNOWN = MasterData(*(t.empty() for t in (SERVICE_POINTS, METERS, REGISTERS, AGREEMENTS, ACCOUNTS)))


def deliveries(*rows: dict) -> pa.Table:
    """Runs of hourly slots, a whole day of 24 ones unless said otherwise."""
    base = {
        "batch": "r1", "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
        "direction": "import", "unit": "kWh", "start": MIDNIGHT, "clock_offset_minutes": 600, "interval_minutes": 60,
        "exponent": -3, "values": [1] * 24, "native_quality": "A", "record": "3", "file_id": "f1",
    }  # fmt: skip
    return pa.Table.from_pylist([base | row for row in rows], schema=DELIVERIES.schema)


def blocks(rows, master=NOTHING_KNOWN, days=2):
    facts = channel_facts(
        rows,
        master,
        default_zone="+10:00",
        book=ProfileBook(),
        month="2026-01",
        starts_at=MIDNIGHT,
        ends_at=MIDNIGHT + timedelta(days=9),
    )
    return list(assemble(rows, facts, date(2026, 1, 1), days))


def only(rows, **options):
    (one,) = blocks(rows, **options)
    return one


class TestWholeDays:
    def test_a_whole_day_is_copied_and_the_rest_is_missing(self):
        block = only(deliveries({"values": list(range(24))})).block
        assert block.values[0, 0].tolist() == list(range(24))
        assert set(block.quality[0, 1].tolist()) == {Quality.MISSING}

    def test_its_row_is_the_source_of_the_day(self):
        assert only(deliveries({})).source.tolist() == [[0, NO_ROW]]

    def test_a_slot_the_sender_calls_missing_holds_no_value_whatever_stands_in_it(self):
        block = only(deliveries({"values": [7] * 24, "quality": [Quality.MISSING] * 24})).block
        assert block.values[0, 0].tolist() == [0] * 24

    def test_delivered_estimates_keep_their_quality_and_say_who_made_them(self):
        block = only(deliveries({"quality": [Quality.SUBSTITUTED] * 24})).block
        assert (block.quality[0, 0, 0], block.method[0, 0, 0]) == (Quality.SUBSTITUTED, Method.DELIVERED)


class TestSlotBySlot:
    def test_hourly_pushes_make_a_day(self):
        rows = [{"start": MIDNIGHT + timedelta(hours=hour), "values": [hour], "record": str(hour)} for hour in range(24)]
        one = only(deliveries(*rows))
        assert one.block.values[0, 0].tolist() == list(range(24))
        assert one.source[0, 0] == SEVERAL_ROWS

    def test_native_codes_of_a_day_of_several_rows_stand_slot_by_slot(self):
        rows = [
            {"values": [1] * 12, "native_quality": "A"},
            {"start": MIDNIGHT + timedelta(hours=12), "values": [1] * 12, "native_quality": "S14", "record": "4"},
        ]
        single, lists = native_codes(only(deliveries(*rows)), np.array([0]))
        assert (single.to_pylist(), lists.to_pylist()) == ([None], [["A"] * 12 + ["S14"] * 12])

    def test_the_newest_version_makes_the_whole_day(self):
        one = only(deliveries({}, {"values": [2] * 24, "version": MIDNIGHT, "record": "9"}))
        assert (one.block.values[0, 0, 0], one.source[0, 0]) == (2, 1)

    def test_values_that_contradict_each_other_hold_none(self):
        block = only(deliveries({}, {"values": [1] * 23 + [9], "file_id": "f2"})).block
        assert (block.quality[0, 0, 23], block.values[0, 0, 23]) == (Quality.CONFLICT, 0)

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    def test_the_order_of_rows_changes_nothing(self, order):
        rows = [{}, {"values": [2] * 24, "version": MIDNIGHT}]
        assert only(deliveries(*(rows[n] for n in order))).block.values[0, 0].tolist() == [2] * 24


class TestKinds:
    def test_exponents_of_one_channel_meet_at_the_finest(self):
        rows = deliveries({}, {"start": MIDNIGHT + timedelta(days=1), "exponent": -4, "record": "4"})
        block = only(rows).block
        assert (block.exponent, block.values[0, 0, 0], block.values[0, 1, 0]) == (-4, 10, 1)

    def test_interval_lengths_are_blocks_of_their_own(self):
        rows = deliveries({}, {"interval_minutes": 30, "values": [1] * 48, "channel": "E2"})
        assert sorted(one.block.interval_minutes for one in blocks(rows)) == [30, 60]

    def test_secondary_intervals_are_multiplied_once(self):
        registers = pa.Table.from_pylist(
            [
                {
                    "meter_id": "M1", "channel": "E1", "role": "main", "direction": "import", "quantity": "active_energy",
                    "unit": "kWh", "determinant": "import_kwh", "multiplier": Decimal("2.5"), "intervals": "secondary",
                    "valid_from": datetime(2020, 1, 1, tzinfo=UTC), "loaded_run_id": "r",
                }
            ],
            schema=REGISTERS.schema,
        )  # fmt: skip
        master = MasterData(SERVICE_POINTS.empty(), METERS.empty(), registers, AGREEMENTS.empty(), ACCOUNTS.empty())
        block = only(deliveries({"values": [2] * 24}), master=master).block
        assert Decimal(int(block.values[0, 0, 0])).scaleb(block.exponent) == Decimal("0.005")


class TestDailyRows:
    def rows_of(self, *rows):
        one = only(deliveries(*rows))
        return daily_rows(one, one.block, date(2026, 1, 1), date(2026, 1, 3), 0)

    def test_they_are_what_the_table_declares(self):
        READINGS_DAILY.check(self.rows_of({}))

    def test_a_measured_day_has_no_quality_list(self):
        first = self.rows_of({}).to_pylist()[0]
        assert (first["quality"], first["method"], first["value_sum"], first["missing"]) == (None, None, 24, 0)

    def test_a_missing_day_counts_its_slots(self):
        assert self.rows_of({}).to_pylist()[1]["missing"] == 24

    def test_wide_values_survive(self):
        rows = self.rows_of({"values": [], "values64": [2**40] * 24}).to_pylist()
        assert (rows[0]["values"], rows[0]["values64"][0], rows[1]["values"][0]) == ([], 2**40, 0)

    def test_the_line_of_the_file_stands_beside_the_day(self):
        first = self.rows_of({}).to_pylist()[0]
        assert (first["file_id"], first["record"]) == ("f1", "3")
