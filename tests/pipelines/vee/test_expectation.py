from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest

from pipelines.masterdata.master import MasterData
from pipelines.vee.expectation import (
    DeliveredSlots,
    Window,
    delivered_in_several_ways,
    joined,
    local_days,
    midnights,
    one_after_another,
    stored_extent,
)
from pipelines.vee.facts import FAR, channel_facts
from pipelines.vee.profile.book import ProfileBook
from schemas.codes import Quality
from schemas.master_data import ACCOUNTS, AGREEMENTS, METERS, REGISTERS, SERVICE_POINTS
from schemas.readings import DELIVERIES, READINGS_DAILY

MIDNIGHT = datetime(2026, 2, 28, 14, tzinfo=UTC)
"""The start of March on the market's clock, +10:00."""
FIRST, END = date(2026, 3, 1), date(2026, 4, 1)
DAY = 1440


def minute(instant):
    return int((instant - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) // 60


MARCH = minute(MIDNIGHT)


def deliveries(*rows):
    """Half-hourly days of channel E1 of meter M1, the first of March unless said otherwise; ``day`` counts from there."""
    usual = {
        "batch": "r1", "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
        "direction": "import", "unit": "kWh", "clock_offset_minutes": 600, "interval_minutes": 30, "exponent": -3,
        "values": [1] * 48, "native_quality": "A", "record": "3", "file_id": "f1",
    }  # fmt: skip
    made = [usual | {"start": MIDNIGHT + timedelta(days=row.pop("day", 0))} | row for row in rows]
    return pa.Table.from_pylist(made, schema=DELIVERIES.schema)


def points(*rows):
    usual = {
        "service_point_id": "N1", "zone": "Australia/Brisbane", "standard_offset_minutes": 600, "commodity": "electricity",
        "billing_basis": "interval", "loaded_run_id": "r0",
    }  # fmt: skip
    return pa.Table.from_pylist([usual | row for row in rows], schema=SERVICE_POINTS.schema)


def agreements(*clocks):
    usual = {
        "agreement_id": "A1", "account_id": "C1", "service_point_id": "N1", "role": "supply", "tariff_id": "home",
        "valid_from": MIDNIGHT, "loaded_run_id": "r0",
    }  # fmt: skip
    return pa.Table.from_pylist([usual | {"billing_clock": clock} for clock in clocks], schema=AGREEMENTS.schema)


def facts_of(rows, *point):
    master = MasterData(points(*(point or ({},))), METERS.empty(), REGISTERS.empty(), AGREEMENTS.empty(), ACCOUNTS.empty())
    span = {"starts_at": MIDNIGHT, "ends_at": MIDNIGHT + timedelta(days=31)}
    return channel_facts(rows, master, default_zone="+10:00", book=ProfileBook(), month="2026-01", **span)


def window(*spans):
    """A window of each channel, in days of March."""
    return Window(*(np.array([MARCH + day * DAY for day in column]) for column in zip(*spans, strict=True)))


def in_days(found):
    return [
        ((since - MARCH) / DAY, (until - MARCH) / DAY) if since < until else None
        for since, until in zip(found.since.tolist(), found.until.tolist(), strict=True)
    ]


class TestDelivered:
    def test_reaches_from_the_first_slot_to_the_last(self):
        rows = deliveries({"day": 3}, {"day": 9})
        facts = facts_of(rows)
        found = DeliveredSlots.of(rows, facts).extent(*(midnights(day, facts) for day in (FIRST, END)))
        assert in_days(found) == [(3, 10)]

    @pytest.mark.parametrize(
        ("day", "inside"),
        [
            pytest.param(-1, False, id="the day before"),
            pytest.param(0, True, id="the first"),
            pytest.param(30, True, id="the last"),
            pytest.param(31, False, id="the day after"),
        ],
    )
    def test_is_inside_a_month_by_its_slots(self, day, inside):
        rows = deliveries({"day": day})
        facts = facts_of(rows)
        assert DeliveredSlots.of(rows, facts).inside(FIRST, END, facts).tolist() == [inside]


class TestLocalDays:
    @pytest.mark.parametrize(
        ("zone", "clocks", "days"),
        [
            pytest.param("Australia/Brisbane", [], (0, 31), id="no daylight saving"),
            pytest.param("Australia/Sydney", [], (-1 / 24, 31 - 1 / 24), id="daylight saving: an hour earlier"),
            pytest.param("Australia/Sydney", ["Australia/Sydney"], (-1 / 24, 31 - 1 / 24), id="billed by its own clock"),
            pytest.param("Australia/Sydney", ["+10:00"], (-1 / 24, 31), id="billed by the market's clock: both"),
        ],
    )
    def test_are_those_of_the_clocks_that_bill(self, zone, clocks, days):
        facts = facts_of(deliveries({}), {"zone": zone})
        (found,) = in_days(local_days(FIRST, END, facts, agreements(*clocks)))
        assert found == pytest.approx(days)


class TestStored:
    def row(self, **changes):
        usual = {
            "month": "2026-03", "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1",
            "quantity": "active_energy", "direction": "import", "unit": "kWh", "day": FIRST, "standard_offset_minutes": 600,
            "interval_minutes": 30, "slot_offset_minutes": 0, "exponent": -3, "values": [1] * 48, "value_sum": 48, "missing": 0,
            "estimated": 0,
        }  # fmt: skip
        return pa.Table.from_pylist([usual | changes], schema=READINGS_DAILY.schema)

    def test_a_day_was_expected_whole(self):
        assert in_days(stored_extent(self.row(), facts_of(deliveries({})))) == [(0, 1)]

    def test_a_part_of_a_day_to_the_slot(self):
        quality = [Quality.NOT_EXPECTED] * 6 + [Quality.MISSING] * 12 + [0] * 12 + [Quality.NOT_EXPECTED] * 18
        assert in_days(stored_extent(self.row(quality=quality), facts_of(deliveries({})))) == [(0.125, 0.625)]

    def test_a_channel_that_is_not_there_any_more_is_left_out(self):
        assert in_days(stored_extent(self.row(channel="E9"), facts_of(deliveries({})))) == [None]


class TestJoined:
    def test_windows_that_touch_are_one(self):
        assert [in_days(one) for one in joined([window((0, 5)), window((5, 9))])] == [[(0, 9)]]

    def test_windows_apart_stay_two(self):
        assert [in_days(one) for one in joined([window((0, 5)), window((6, 9))])] == [[(0, 5)], [(6, 9)]]

    def test_channels_are_joined_each_for_itself(self):
        found = [in_days(one) for one in joined([window((0, 5), (0, 5)), window((5, 9), (6, 9))])]
        assert found == [[None, (0, 5)], [(0, 9), (6, 9)]]

    def test_nothing_between_two_windows_changes_nothing(self):
        nothing = Window(np.array([FAR]), np.array([-FAR]))
        assert [in_days(one) for one in joined([nothing, window((0, 5)), nothing, window((5, 9)), nothing])] == [[(0, 9)]]


class TestSeveralWays:
    def test_one_length_and_one_meter_is_one_way(self):
        assert delivered_in_several_ways(facts_of(deliveries({}, {"channel": "B1"}, {"meter_id": "M2"}))) == []

    def test_two_interval_lengths_are_two_ways_of_one_channel(self):
        facts = facts_of(deliveries({}, {"interval_minutes": 60, "values": [1] * 24}))
        assert delivered_in_several_ways(facts) == [[0, 1]]

    def test_with_and_without_a_meter_are_two_ways(self):
        assert delivered_in_several_ways(facts_of(deliveries({}, {"meter_id": ""}))) == [[0, 1]]


class TestOneAfterAnother:
    """All of March is due: each way alone would be expected for all of it."""

    @pytest.mark.parametrize(
        ("near", "expected"),
        [
            pytest.param([(0, 15), (15, 31)], [(0, 15), (15, 31)], id="one follows the other"),
            pytest.param([(0, 14), (16, 31)], [(0, 16), (16, 31)], id="a hole is the earlier one's"),
            pytest.param([(2, 14), (16, 29)], [(0, 16), (16, 31)], id="the ends are the first one's and the last one's"),
            pytest.param([(0, 31), (9, 10)], [(0, 31), (9, 10)], id="a day inside stays a day"),
            pytest.param([(0, 20), (15, 31)], [(0, 20), (15, 31)], id="what was delivered twice is not hidden"),
            pytest.param([(-3, -1), (-1, 31)], [None, (0, 31)], id="one that ended before the month"),
            pytest.param([(0, 31), (31, 33)], [(0, 31), None], id="one that begins after it"),
        ],
    )
    def test_takes_turns(self, near, expected):
        closes = np.array([MARCH + 31 * DAY] * 2)
        found = one_after_another(window((0, 31), (0, 31)), window(*near), closes, [[0, 1]])
        assert in_days(found) == expected

    def test_three_ways_leave_no_hole_and_no_overlap(self):
        near = window((0, 10), (5, 20), (25, 31))
        closes = np.array([MARCH + 31 * DAY] * 3)
        found = one_after_another(window((0, 31), (0, 31), (0, 31)), near, closes, [[0, 1, 2]])
        assert in_days(found) == [(0, 10), (5, 25), (25, 31)]
