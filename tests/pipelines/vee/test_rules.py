from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.vee.findings import gathered
from pipelines.vee.profile.run_thresholds import ZeroRunSlots
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules import limits, outliers, presence, runs_of_slots
from pipelines.vee.rules.judge import validate
from pipelines.vee.rules.limits import slot_limit
from pipelines.vee.rules.rule import Judging
from schemas.codes import Quality

ALL = slice(None)
PROFILE = VeeProfile()


def gap(block, days):
    return presence.gap(Judging(block, PROFILE, days)).findings


def conflict(block, days):
    return presence.conflict(Judging(block, PROFILE, days)).findings


def negative(block, days):
    return limits.negative(Judging(block, PROFILE, days))


def above_limit(block, days):
    return limits.above_limit(Judging(block, PROFILE, days))


def spike(block, profile, days):
    return outliers.spike(Judging(block, profile, days)).findings


def zero_run(block, profile, days):
    return runs_of_slots.zero_run(Judging(block, profile, days)).findings


def rows(findings, *names):
    return [tuple(row[name] for name in names) for row in findings.to_pylist()]


class TestGap:
    def test_each_run_of_missing_slots_is_one_finding_also_across_midnight(self, make_block):
        block = make_block([1] * 96, marks={Quality.MISSING: [3, 4, 46, 47, 48]})
        found = rows(gap(block, ALL), "day_index", "slot_from", "slot_to", "severity", "message")
        assert found == [(0, 3, 5, "est", "slots missing: 2"), (0, 46, 49, "est", "slots missing: 3")]

    def test_a_run_that_began_before_the_days_reported_is_clipped_to_them(self, make_block):
        block = make_block([1] * 144, marks={Quality.MISSING: [*range(46, 100)]})
        found = rows(gap(block, slice(1, 2)), "day_index", "slot_from", "slot_to", "message")
        assert found == [(1, 0, 48, "slots missing: 48")]

    def test_a_run_before_the_days_reported_is_not_reported_again(self, make_block):
        block = make_block([1] * 96, marks={Quality.MISSING: [46, 47]})
        assert gap(block, slice(1, 2)).num_rows == 0

    @pytest.mark.parametrize("quality", [Quality.NOT_EXPECTED, Quality.CONFLICT, Quality.SUBSTITUTED])
    def test_only_missing_slots_are_missing(self, make_block, quality):
        assert gap(make_block([1] * 48, marks={quality: [3]}), ALL).num_rows == 0


class TestConflict:
    def test_a_slot_delivered_with_two_values_blocks(self, make_block):
        found = conflict(make_block([1] * 48, marks={Quality.CONFLICT: [3, 4]}), ALL)
        assert rows(found, "rule", "severity", "slot_from", "slot_to") == [("conflict", "block", 3, 5)]

    def test_it_is_left_as_it_is(self, make_block):
        block = make_block([1] * 48, marks={Quality.CONFLICT: [3]})
        assert validate(block, PROFILE, ALL).block is block


class TestNegative:
    @pytest.mark.parametrize(("value", "found"), [pytest.param(0, 0, id="zero is fine"), pytest.param(-1, 1, id="less is not")])
    def test_border(self, make_block, value, found):
        assert len(negative(make_block([value, *[1] * 47]), ALL).flat) == found

    def test_the_slot_goes_missing_so_that_it_is_estimated(self, make_block):
        block = validate(make_block([-5, *[1] * 47]), PROFILE, ALL).block
        assert (block.values[0, 0, 0], block.quality[0, 0, 0]) == (0, Quality.MISSING)

    def test_a_run_is_one_finding_with_the_lowest_value(self, make_block):
        found = negative(make_block([-5, -9, *[1] * 46]), ALL).findings
        assert rows(found, "severity", "slot_to", "observed", "threshold") == [("est", 2, -9, 0)]

    def test_a_bidirectional_channel_may_be_negative(self, make_block):
        assert negative(make_block([-5, *[1] * 47], is_net=True), ALL).findings.num_rows == 0

    @pytest.mark.parametrize(
        ("quantity", "found"), [("volume", 1), ("reactive_energy", 1), ("power", 0), ("power_factor", 0), ("current", 0)]
    )
    def test_only_what_is_counted_cannot_be_negative(self, make_block, quantity, found):
        assert len(negative(make_block([-5, *[1] * 47], quantity=quantity), ALL).flat) == found

    def test_history_is_marked_but_not_reported_again(self, make_block):
        result = validate(make_block([-5, *[1] * 95]), PROFILE, slice(1, 2))
        assert (result.block.quality[0, 0, 0], result.findings.num_rows) == (Quality.MISSING, 0)

    @pytest.mark.parametrize("quality", [Quality.DELIVERED_ESTIMATE, Quality.SUBSTITUTED, Quality.FINAL_SUBSTITUTED])
    def test_the_senders_substitute_is_not_estimated_again_and_blocks(self, make_block, quality):
        block = make_block([-5, *[1] * 47], marks={quality: [0]})
        result = validate(block, PROFILE, ALL)
        assert (rows(result.findings, "rule", "severity"), result.block) == ([("negative", "block")], block)

    def test_what_a_person_set_warns(self, make_block):
        result = validate(make_block([-5, *[1] * 47], marks={Quality.EDITED: [0]}), PROFILE, ALL)
        assert rows(result.findings, "rule", "severity") == [("negative", "warn")]


class TestAboveLimit:
    @pytest.mark.parametrize(
        ("value", "found"), [pytest.param(6000, 0, id="at the limit is possible"), pytest.param(6001, 1, id="one above is not")]
    )
    def test_border(self, make_block, value, found):
        assert len(above_limit(make_block([value, *[1] * 47], limit=6000), ALL).flat) == found

    def test_nobody_knows_the_limit(self, make_block):
        assert len(above_limit(make_block([10**15, *[1] * 47]), ALL).flat) == 0

    def test_a_fuse_does_not_limit_a_voltage(self, make_block):
        assert len(above_limit(make_block([230] * 48, limit=6, quantity="voltage"), ALL).flat) == 0

    def test_the_finding_says_what_was_seen_and_allowed(self, make_block):
        found = above_limit(make_block([7000, 9000, *[1] * 46], limit=6000), ALL).findings
        assert rows(found, "severity", "slot_to", "observed", "threshold") == [("est", 2, 9000, 6000)]

    def test_a_net_channel_is_limited_both_ways(self, make_block):
        found = above_limit(make_block([-6001, -6000, *[1] * 46], limit=6000, is_net=True), ALL).findings
        assert rows(found, "slot_from", "slot_to", "observed") == [(0, 1, -6001)]

    def test_each_channel_has_its_own_limit(self, make_block):
        values = np.full((2, 1, 48), 5)
        assert above_limit(make_block(values, limit=[4, 5]), ALL).findings["channel_index"].to_pylist() == [0]

    @pytest.mark.parametrize(
        ("fuse_kw", "interval_minutes", "exponent", "limit"),
        [("10", 30, -3, 6000), ("10", 15, -3, 3000), ("10", 5, -3, 1000), ("11.1", 30, 0, 6), ("0.1", 30, -3, 60)],
    )
    def test_the_limit_of_a_slot_is_rounded_down(self, fuse_kw, interval_minutes, exponent, limit):
        made = slot_limit(Decimal(fuse_kw), interval_minutes=interval_minutes, exponent=exponent, factor=Decimal("1.2"))
        assert made == limit


class TestSpike:
    # Catalogue vector 10.5, in hundredths of a kWh: 90 slots of 0.4 and six others.
    @staticmethod
    def day(highest, make_block, **changes):
        values = [40] * 90 + [110, 120, 130, 140, 150, highest]
        return make_block(values, exponent=-2, interval_minutes=15, **changes)

    @pytest.mark.parametrize(
        ("highest", "found"),
        [
            pytest.param(960, 1, id="585.71 % fails"),
            pytest.param(390, 0, id="178.57 % passes"),
            pytest.param(392, 0, id="exactly 180 % passes"),
            pytest.param(393, 1, id="the next unit fails"),
        ],
    )
    def test_border(self, make_block, highest, found):
        assert spike(self.day(highest, make_block), PROFILE, ALL).num_rows == found

    def test_it_warns_and_says_the_highest_that_would_have_passed(self, make_block):
        found = spike(self.day(960, make_block), PROFILE, ALL)
        assert rows(found, "severity", "slot_from", "slot_to", "observed", "threshold") == [("warn", 95, 96, 960, 392)]

    def test_it_replaces_nothing(self, make_block):
        block = self.day(960, make_block)
        assert validate(block, PROFILE, ALL).block is block

    def test_a_day_of_zeros_is_not_evaluated(self, make_block):
        assert spike(make_block([0] * 48), PROFILE, ALL).num_rows == 0

    def test_a_third_highest_of_zero_is_not_evaluated(self, make_block):
        assert spike(make_block([9000, 9000, *[0] * 46]), PROFILE, ALL).num_rows == 0

    @pytest.mark.parametrize(("highest", "found"), [(500, 0), (501, 1)])
    def test_small_energies_are_no_spikes(self, make_block, highest, found):
        assert spike(make_block([highest, *[10] * 47]), PROFILE, ALL).num_rows == found

    def test_a_slot_that_failed_a_hard_limit_is_no_spike_too(self, make_block):
        result = validate(self.day(960, make_block, limit=900), PROFILE, ALL)
        assert rows(result.findings, "rule") == [("above_limit",)]

    def test_our_own_estimate_is_no_spike(self, make_block):
        block = self.day(960, make_block, marks={Quality.ESTIMATED: [95]})
        assert spike(block, PROFILE, ALL).num_rows == 0

    def test_only_the_days_asked_for_are_judged(self, make_block):
        values = [9000, *[10] * 47] * 3
        assert rows(spike(make_block(values), PROFILE, slice(1, 3)), "day_index", "slot_from") == [(1, 0), (2, 0)]

    @given(st.lists(st.integers(0, 2000), min_size=48, max_size=48), st.integers(1, 400))
    @settings(max_examples=200, deadline=None)
    def test_it_is_the_test_of_the_catalogue(self, make_block, values, percent):
        highest, _, third, *_ = sorted(values, reverse=True)
        expected = third > 0 and highest > 500 and 100 * (highest - third) > percent * third
        assert spike(make_block(values), VeeProfile(spike_percent=percent), ALL).num_rows == expected


class TestZeroRun:
    @pytest.mark.parametrize(("zeros", "found"), [(95, 0), (96, 1)])
    def test_border_across_midnight(self, make_block, zeros, found):
        values = [1] * 20 + [0] * zeros + [1] * (144 - 20 - zeros)
        assert zero_run(make_block(values), PROFILE, ALL).num_rows == found

    @pytest.mark.parametrize("start", range(7))
    def test_it_is_found_wherever_it_starts(self, make_block, start):
        profile = VeeProfile(zero_run_slots=ZeroRunSlots(electricity=5))
        values = [1] * start + [0] * 5 + [1] * (43 - start)
        found = zero_run(make_block(values), profile, ALL)
        assert rows(found, "slot_from", "slot_to", "severity", "observed") == [(start, start + 5, "warn", 0)]

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param({"is_export": True}, id="an export channel"),
            pytest.param({"has_generation": True}, id="behind generation"),
            pytest.param({"quantity": "reactive_energy"}, id="reactive energy"),
            pytest.param({"commodity": "water", "quantity": "volume"}, id="water may stand still for longer"),
        ],
    )
    def test_zero_is_normal(self, make_block, facts):
        assert zero_run(make_block([0] * 144, **facts), PROFILE, ALL).num_rows == 0

    def test_a_length_of_none_switches_it_off(self, make_block):
        profile = VeeProfile(zero_run_slots=ZeroRunSlots(electricity=0))
        assert zero_run(make_block([0] * 144), profile, ALL).num_rows == 0

    @pytest.mark.parametrize("quality", [Quality.MISSING, Quality.CONFLICT, Quality.NOT_EXPECTED, Quality.ESTIMATED])
    def test_what_was_not_delivered_is_no_zero(self, make_block, quality):
        assert zero_run(make_block([0] * 144, marks={quality: [70]}), PROFILE, ALL).num_rows == 0

    def test_a_delivered_estimate_of_zero_is_a_zero(self, make_block):
        assert zero_run(make_block([0] * 144, marks={Quality.DELIVERED_ESTIMATE: [70]}), PROFILE, ALL).num_rows == 1

    def test_an_outage_explains_zeros(self, make_block):
        assert zero_run(make_block([0] * 144, outage=[70]), PROFILE, ALL).num_rows == 0

    def test_the_whole_run_counts_and_the_days_asked_for_are_reported(self, make_block):
        values = [1] * 40 + [0] * 100 + [1] * 4
        found = zero_run(make_block(values), PROFILE, slice(2, 3))
        message = "slots in a run of at least 96 zeros: 44"
        assert rows(found, "day_index", "slot_from", "slot_to", "message") == [(2, 0, 44, message)]

    def test_each_channel_by_its_commodity(self, make_block):
        block = make_block(
            np.zeros((3, 1, 48)), commodity=["electricity", "gas", "gas"], quantity=["active_energy", "volume", "voltage"]
        )
        assert zero_run(block, PROFILE, ALL)["channel_index"].to_pylist() == [1]


class TestValidate:
    def test_a_block_without_faults_is_returned_as_it_is(self, make_block):
        block = make_block([100] * 48)
        assert validate(block, PROFILE, ALL).block is block

    def test_channels_beyond_one_cache_load_keep_their_index(self, make_block):
        values = np.full((3000, 1, 48), 100)
        values[2999, 0, 5] = -1
        result = validate(make_block(values), PROFILE, ALL)
        assert rows(result.findings, "channel_index", "slot_from") == [(2999, 5)]
        assert np.flatnonzero(result.block.quality) == [2999 * 48 + 5]

    def test_findings_are_in_order_of_channel_day_and_slot(self, make_block):
        values = np.full((2, 2, 48), 100)
        values[1, 0, 5], values[0, 1, 7] = -1, 9000
        block = make_block(values, marks={Quality.MISSING: [60, 100]})
        found = rows(validate(block, PROFILE, ALL).findings, "channel_index", "day_index", "slot_from", "rule")
        assert found == [(0, 1, 7, "spike"), (0, 1, 12, "gap"), (1, 0, 4, "gap"), (1, 0, 5, "negative")]

    def test_an_empty_block_has_no_findings(self, make_block):
        block = make_block(np.zeros((0, 2, 48)))
        assert validate(block, PROFILE, ALL).findings.num_rows == 0

    @given(data=st.data())
    @settings(max_examples=40, deadline=None)
    def test_channels_together_are_judged_as_each_alone(self, make_block, data):
        drawn = np.frombuffer(data.draw(st.binary(min_size=288, max_size=288)), np.uint8)
        values = np.array([0, 0, 0, 40, -3, 900, 4000])[drawn % 7]
        flat = st.sets(st.integers(0, 287), max_size=20)
        missing, conflicts = data.draw(flat), data.draw(flat)
        marks = {Quality.MISSING: list(missing), Quality.CONFLICT: list(conflicts - missing)}
        block = make_block(values.reshape(3, 2, 48), marks=marks, limit=[-1, 2000, 3999], is_net=[True, False, False])
        profile = VeeProfile(zero_run_slots=ZeroRunSlots(electricity=3))
        together = validate(block, profile, slice(1, 2))
        alone = [validate(block.span(i, i + 1), profile, slice(1, 2)) for i in range(3)]
        assert (together.block.values == np.concatenate([one.block.values for one in alone])).all()
        assert (together.block.quality == np.concatenate([one.block.quality for one in alone])).all()
        parts = [row | {"channel_index": i} for i, one in enumerate(alone) for row in one.findings.to_pylist()]
        assert together.findings.to_pylist() == parts

    def test_no_parts_gather_to_no_findings(self):
        assert gathered([]).num_rows == 0
