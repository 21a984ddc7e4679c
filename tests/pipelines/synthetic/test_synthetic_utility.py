from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from pipelines.synthetic.utility import (
    MARKET_CLOCK,
    Cast,
    clock_changes,
    index_read_times,
    market_midnight,
    plan_utility,
)
from schemas.errors import InputRefusedError


def of_cast(plan, cast):
    return plan.service_points[cast]


class TestPlan:
    def test_the_data_reach_from_four_weeks_before_the_month_to_three_days_after_it(self, plan):
        assert (plan.first_day, plan.days) == (date(2025, 12, 4), 28 + 31 + 3)

    def test_the_same_arguments_give_the_same_plan(self, plan):
        assert plan_utility(seed=7, service_points=60, month="2026-01") == plan

    @pytest.mark.parametrize("plain", [False, True])
    def test_a_service_point_does_not_depend_on_how_many_there_are(self, plain):
        small, large = (plan_utility(seed=7, service_points=n, month="2026-01", plain=plain) for n in (10, 130))
        assert small.service_points == large.service_points[:10]

    @pytest.mark.parametrize("month", ["2026-13", "2026", "January", "2026-01-01"])
    def test_a_month_that_is_none_is_refused(self, month):
        with pytest.raises(InputRefusedError) as refused:
            plan_utility(seed=1, service_points=1, month=month)
        assert refused.value.code == "synthetic.month"

    def test_december_ends_with_the_year(self):
        assert plan_utility(seed=1, service_points=1, month="2026-12").month_end == date(2027, 1, 1)

    @pytest.mark.parametrize(("seed", "service_points"), [(1, 0), (-1, 1)])
    def test_a_utility_of_nobody_is_refused(self, seed, service_points):
        with pytest.raises(InputRefusedError) as refused:
            plan_utility(seed=seed, service_points=service_points, month="2026-01")
        assert refused.value.code == "synthetic.size"

    def test_one_service_point_is_enough(self):
        assert len(plan_utility(seed=0, service_points=1, month="2026-01").service_points) == 1

    def test_in_a_plain_utility_everybody_has_one_half_hourly_register_and_one_agreement(self):
        points = plan_utility(seed=7, service_points=120, month="2026-01", plain=True).service_points
        assert {(p.interval_minutes, len(p.meters), len(p.meters[0].registers), len(p.agreements), p.known) for p in points} == {
            (30, 1, 1, 1, True)
        }


class TestCast:
    def test_the_exchanged_meters_follow_each_other_without_a_gap(self, plan):
        old, new = of_cast(plan, Cast.METER_EXCHANGE).meters
        assert old.installed_to == new.installed_from

    def test_the_exchange_happens_inside_the_month(self, plan):
        at = of_cast(plan, Cast.METER_EXCHANGE).meters[1].installed_from.date()
        assert plan.month_start < at < plan.month_end

    def test_one_customer_moves_out_when_the_next_moves_in(self, plan):
        leaving, coming = of_cast(plan, Cast.MOVE).agreements
        assert plan.month_start < leaving.valid_to == coming.valid_from < plan.month_end

    def test_a_vacant_home_has_no_agreement(self, plan):
        assert of_cast(plan, Cast.VACANT).agreements == ()

    def test_one_service_point_is_unknown(self, plan):
        assert [p.number for p in plan.service_points if not p.known] == [Cast.UNKNOWN]

    def test_one_channel_feeds_nothing(self, plan):
        unmapped = [p.number for p in plan.service_points for r in p.meters[0].registers if r.determinant is None]
        assert unmapped == [Cast.UNMAPPED_CHANNEL]

    def test_one_clock_is_wrong(self, plan):
        assert [p.number for p in plan.service_points if p.standard_offset != "+10:00"] == [Cast.WRONG_CLOCK]

    def test_one_accumulation_meter_has_a_transformer_before_it(self, plan):
        multiplied = [p.number for p in plan.service_points if p.meters[0].registers[0].multiplier == 20]
        assert multiplied == [Cast.CURRENT_TRANSFORMER]


class TestIndexReadTimes:
    def test_registers_are_read_at_both_ends_of_the_data_and_of_the_month(self, plan):
        point = plan.service_points[0]
        days = (plan.first_day, plan.month_start, plan.month_end, plan.first_day + timedelta(days=plan.days))
        assert index_read_times(plan, point, point.meters[0]) == [(market_midnight(day), "N") for day in days]

    def test_a_move_is_read_at_local_midnight(self, plan):
        point = of_cast(plan, Cast.MOVE)
        special = [at for at, code in index_read_times(plan, point, point.meters[0]) if code == "S"]
        moved = point.agreements[1].valid_from
        assert special == [market_midnight(moved) - timedelta(hours=1)]  # Sydney is an hour ahead in January

    def test_an_exchange_ends_one_register_and_begins_another(self, plan):
        point = of_cast(plan, Cast.METER_EXCHANGE)
        old, new = (index_read_times(plan, point, meter) for meter in point.meters)
        assert (old[-1], new[0]) == ((point.meters[0].installed_to, "R"), (point.meters[1].installed_from, "C"))


class TestClockChanges:
    @pytest.mark.parametrize(
        ("month", "zone", "days"),
        [
            pytest.param("2026-01", "Australia/Sydney", [], id="none in January"),
            pytest.param("2026-04", "Australia/Sydney", [date(2026, 4, 5)], id="the first Sunday of April"),
            pytest.param("2026-10", "Australia/Adelaide", [date(2026, 10, 4)], id="the first Sunday of October"),
            pytest.param("2026-10", "Australia/Brisbane", [], id="Queensland keeps its time"),
        ],
    )
    def test_days_on_which_local_time_jumps(self, month, zone, days):
        assert clock_changes(plan_utility(seed=1, service_points=1, month=month, zone=zone)) == days


def test_midnight_is_that_of_the_market():
    assert market_midnight(date(2026, 1, 1)) == datetime(2026, 1, 1, tzinfo=MARKET_CLOCK)
