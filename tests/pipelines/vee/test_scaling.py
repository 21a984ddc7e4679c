from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.vee.estimation.ladder import estimate
from pipelines.vee.estimation.scaling import RegisterSpans, apportion
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.registers import Advance, AdvanceStatus
from schemas.codes import Method, Quality
from schemas.errors import InvariantError

ALL = slice(None)
PROFILE = VeeProfile()


def spans(*rows):
    """Spans of (channel, start, end, advance[, resolution])."""
    columns = np.array([(*row, 1)[:5] for row in rows], np.int64).T
    return RegisterSpans(*columns)


def rules(findings):
    return [(row["rule"], row["severity"], row["observed"], row["threshold"]) for row in findings.to_pylist()]


class TestApportion:
    # Catalogue vector 10.3: a flat day of 10.000 kWh, the remainder to the earliest slots.
    @pytest.mark.parametrize(
        ("slots", "expected"),
        [
            (92, [109] * 64 + [108] * 28),
            (96, [105] * 16 + [104] * 80),
            (100, [100] * 100),
            (46, [218] * 18 + [217] * 28),
            (48, [209] * 16 + [208] * 32),
            (50, [200] * 50),
        ],
    )
    def test_golden_flat_day(self, slots, expected):
        ones = np.ones(slots, np.int64)
        assert apportion(ones, ones * 0, np.array([10_000])).tolist() == expected

    def test_golden_rates_each_to_their_own_register(self):
        # Catalogue vector 10.4: peak 0.5 0.7 to 1.500, off-peak 0.2 0.2 0.3 to 0.600.
        parts = apportion(np.array([5, 7, 2, 2, 3]), np.array([0, 0, 1, 1, 1]), np.array([1500, 600]))
        assert parts.tolist() == [625, 875, 172, 171, 257]

    def test_large_numbers_do_not_overflow(self):
        parts = apportion(np.array([10**12, 2 * 10**12]), np.array([0, 0]), np.array([3 * 10**15 + 1]))
        assert parts.tolist() == [10**15, 2 * 10**15 + 1]

    @given(
        st.lists(st.lists(st.integers(0, 10**12), min_size=1, max_size=9).filter(any), min_size=1, max_size=6),
        st.lists(st.integers(-(10**13), 10**13), min_size=6, max_size=6),
    )
    @settings(deadline=None)
    def test_parts_add_up_to_their_totals_and_are_less_than_one_unit_off(self, shapes, targets):
        group = np.repeat(np.arange(len(shapes)), [len(shape) for shape in shapes])
        parts = apportion(np.concatenate(shapes), group, np.array(targets))
        for i, shape in enumerate(shapes):
            mine = parts[group == i].tolist()
            assert sum(mine) == targets[i]
            exact = [size * targets[i] / sum(shape) for size in shape]
            assert all(abs(part - wanted) <= 1 + abs(wanted) * 1e-9 for part, wanted in zip(mine, exact, strict=True))


class TestScaling:
    @staticmethod
    def like_days(make_block, measured, **changes):
        """Three days of references for slots 20 to 23, then a day of ``measured`` in all without slots 18 to 25."""
        # Catalogue vector 10.2, in thousandths of a kWh.
        values = np.zeros((4, 48), np.int64)
        values[:3, 20:24] = [[1200, 1000, 800, 1400], [1000, 900, 1000, 1300], [1400, 1100, 900, 1500]]
        values[3, 0] = measured
        missing = [*range(3 * 48 + 18, 3 * 48 + 26)]
        return make_block(values, marks={Quality.MISSING: missing}, **changes)

    def test_golden_like_days_scaled_to_the_register(self, make_block):
        block = self.like_days(make_block, 18_650)
        result = estimate(block, PROFILE, spans((0, 144, 192, 24_200)), ALL)
        assert result.block.values[0, 3, 18:26].tolist() == [0, 0, 1480, 1233, 1110, 1727, 0, 0]
        assert set(result.block.method[0, 3, 18:26]) == {Method.LIKE_DAY_SCALED}
        assert result.findings.num_rows == 0

    def test_linear_estimates_are_scaled_too(self, make_block):
        block = make_block([100] * 48, marks={Quality.MISSING: [10, 11]})
        result = estimate(block, PROFILE, spans((0, 0, 48, 4801)), ALL).block
        assert result.values[0, 0, 10:12].tolist() == [101, 100]
        assert set(result.method[0, 0, 10:12]) == {Method.LINEAR_SCALED}

    def test_without_a_like_day_the_residual_is_flat(self, make_block):
        block = make_block([100] * 48, marks={Quality.MISSING: [0, 1, 2]})
        result = estimate(block, PROFILE, spans((0, 0, 48, 4600)), ALL)
        assert result.block.values[0, 0, :3].tolist() == [34, 33, 33]
        assert set(result.block.method[0, 0, :3]) == {Method.FLAT_SCALED}
        assert result.findings.num_rows == 0

    def test_a_shape_of_zeros_is_flat(self, make_block):
        block = make_block([0] * 48, marks={Quality.MISSING: [10, 11]})
        result = estimate(block, PROFILE, spans((0, 0, 48, 5)), ALL).block
        assert (result.values[0, 0, 10:12].tolist(), result.method[0, 0, 10]) == ([3, 2], Method.FLAT_SCALED)

    # Catalogue vector 10.13: advance 10.0, measured 10.4, four gaps.
    @staticmethod
    def overfull(make_block):
        return make_block([104, *[0] * 47], exponent=-1, marks={Quality.MISSING: [10, 20, 30, 40]})

    def test_golden_negative_residual_blocks_and_is_not_scaled(self, make_block):
        result = estimate(self.overfull(make_block), PROFILE, spans((0, 0, 48, 100)), ALL)
        assert rules(result.findings) == [("sum_check", "block", -4, 2)]
        assert result.block.method[0, 0, 10] == Method.LINEAR

    def test_golden_negative_residual_within_tolerance_is_zeros_and_recorded(self, make_block):
        result = estimate(self.overfull(make_block), VeeProfile(sum_check_steps=5), spans((0, 0, 48, 100)), ALL)
        assert rules(result.findings) == [("sum_check", "info", -4, 5)]
        assert result.block.values[0, 0, [10, 20, 30, 40]].tolist() == [0, 0, 0, 0]

    @pytest.mark.parametrize(("advance", "severity"), [(102, "info"), (101, "block")])
    def test_the_tolerance_is_two_steps_of_the_register(self, make_block, advance, severity):
        result = estimate(self.overfull(make_block), PROFILE, spans((0, 0, 48, advance)), ALL)
        assert [row[1] for row in rules(result.findings)] == [severity]

    def test_negative_scaling_spreads_a_negative_residual(self, make_block):
        result = estimate(self.overfull(make_block), VeeProfile(negative_scaling=True), spans((0, 0, 48, 100)), ALL)
        assert result.block.values.sum() == 100
        assert result.findings.num_rows == 0

    def test_a_net_channel_may_have_a_negative_residual(self, make_block):
        block = make_block([-50] * 48, is_net=True, marks={Quality.MISSING: [10, 11]})
        assert estimate(block, PROFILE, spans((0, 0, 48, -2403)), ALL).block.values.sum() == -2403

    @pytest.mark.parametrize(("residual", "blocked"), [(200, False), (201, True)])
    def test_a_residual_that_the_connection_cannot_pass_blocks(self, make_block, residual, blocked):
        block = make_block([100] * 48, limit=100, marks={Quality.MISSING: [10, 11]})
        result = estimate(block, PROFILE, spans((0, 0, 48, 4600 + residual)), ALL)
        assert [row[1] for row in rules(result.findings)] == ["block"] * blocked
        assert (result.block.method[0, 0, 10] == Method.LINEAR) == blocked

    def test_a_conflict_leaves_the_span_alone(self, make_block):
        block = make_block([100] * 48, marks={Quality.MISSING: [10, 11], Quality.CONFLICT: [30]})
        result = estimate(block, PROFILE, spans((0, 0, 48, 9999)), ALL)
        assert (result.block.method[0, 0, 10], result.findings.num_rows) == (Method.LINEAR, 0)

    def test_what_the_sender_estimated_counts_as_known(self, make_block):
        block = make_block([100] * 48, marks={Quality.MISSING: [10, 11], Quality.SUBSTITUTED: [30]})
        assert estimate(block, PROFILE, spans((0, 0, 48, 4900)), ALL).block.values[0, 0, 10:12].tolist() == [150, 150]

    def test_a_gap_across_a_read_is_scaled_on_either_side(self, make_block):
        block = make_block([100] * 48, marks={Quality.MISSING: [22, 23, 24, 25]})
        result = estimate(block, PROFILE, spans((0, 0, 24, 2300), (0, 24, 48, 2202)), ALL).block
        assert result.values[0, 0, 22:26].tolist() == [50, 50, 1, 1]

    def test_a_span_that_reaches_out_of_the_days_shares_its_residual_with_all_its_gaps(self, make_block):
        block = make_block([100] * 144, marks={Quality.MISSING: [40, 41, 60, 61]})
        result = estimate(block, PROFILE, spans((0, 0, 144, 14_800)), slice(1, 2)).block
        assert result.values.reshape(-1)[[40, 41, 60, 61]].tolist() == [200, 200, 200, 200]

    def test_a_span_outside_the_days_is_not_looked_at(self, make_block):
        block = make_block([100] * 96)
        assert estimate(block, PROFILE, spans((0, 0, 48, 9999)), slice(1, 2)).findings.num_rows == 0

    def test_overlapping_spans_of_a_channel_are_refused(self, make_block):
        with pytest.raises(InvariantError, match="channel 0 overlap"):
            estimate(make_block([100] * 48), PROFILE, spans((0, 0, 24, 1), (0, 23, 48, 1)), ALL)

    @given(data=st.data())
    @settings(max_examples=80, deadline=None)
    def test_estimates_add_up_to_the_residual_and_twice_is_once(self, make_block, data):
        values = np.frombuffer(data.draw(st.binary(min_size=96, max_size=96)), np.uint8).reshape(2, 2, 24)
        missing = data.draw(st.sets(st.integers(0, 95), min_size=1, max_size=30))
        block = make_block(values, interval_minutes=60, marks={Quality.MISSING: [*missing]})
        known = block.values.reshape(2, 2, -1).sum(axis=2)
        extra = data.draw(st.lists(st.integers(0, 5000), min_size=4, max_size=4))
        has_gap = (block.quality == Quality.MISSING).any(axis=2)
        advance = known + np.array(extra).reshape(2, 2) * has_gap
        both = spans(*((c, d * 24, d * 24 + 24, advance[c, d]) for c in range(2) for d in range(2)))
        once = estimate(block, PROFILE, both, ALL)
        assert (once.block.values.sum(axis=2) == advance).all()
        assert not (once.block.quality == Quality.MISSING).any()
        assert estimate(once.block, PROFILE, both, ALL).block is once.block


class TestSumCheck:
    @pytest.mark.parametrize(
        ("advance", "found"),
        [
            pytest.param(4802, 0, id="two steps above"),
            pytest.param(4803, 1, id="three steps above"),
            pytest.param(4798, 0, id="two steps below"),
            pytest.param(4797, 1, id="three steps below"),
        ],
    )
    def test_border(self, make_block, advance, found):
        result = estimate(make_block([100] * 48), PROFILE, spans((0, 0, 48, advance)), ALL)
        assert rules(result.findings) == [("sum_check", "warn", advance - 4800, 2)] * found

    @pytest.mark.parametrize(("advance", "found"), [(6800, 0), (6801, 1)])
    def test_the_tolerance_grows_with_the_step_of_the_register(self, make_block, advance, found):
        result = estimate(make_block([100] * 48), PROFILE, spans((0, 0, 48, advance, 1000)), ALL)
        assert result.findings.num_rows == found

    @pytest.mark.parametrize(("advance", "found"), [(4848, 0), (4849, 1)])
    def test_the_tolerance_may_grow_with_the_advance(self, make_block, advance, found):
        profile = VeeProfile(sum_check_permille=10)
        assert estimate(make_block([100] * 48), profile, spans((0, 0, 48, advance)), ALL).findings.num_rows == found

    def test_many_channels_each_have_their_sum(self, make_block):
        values = np.arange(4000).reshape(4000, 1, 1) * np.ones((1, 1, 48), np.int64)
        rows = [(c, 12, 36, 24 * c + 3 * (c == 3777)) for c in range(0, 4000, 3)]
        result = estimate(make_block(values), PROFILE, spans(*rows), ALL)
        assert result.findings["channel_index"].to_pylist() == [3777]


class TestSpansOfAdvances:
    START = datetime(2026, 1, 4, 23, tzinfo=UTC)

    def advance(self, from_minutes, to_minutes, **changes):
        moments = [self.START + timedelta(minutes=m) for m in (from_minutes, to_minutes)]
        facts = {"advance": Decimal("4.8"), "resolution": Decimal(1), "status": AdvanceStatus.OK}
        return Advance("M1", *moments, Decimal(1), Decimal(2), **(facts | changes))

    def test_an_advance_between_slot_borders_is_a_span(self, make_block):
        made = RegisterSpans.of(make_block([1] * 96), [(0, self.advance(30, 1440))])
        assert [int(column[0]) for column in made.__dict__.values()] == [0, 1, 48, 4800, 1000]

    @pytest.mark.parametrize(
        ("begin", "end", "changes"),
        [
            pytest.param(-30, 1440, {}, id="begins before the block"),
            pytest.param(0, 2910, {}, id="ends after the block"),
            pytest.param(5, 1440, {}, id="begins inside a slot"),
            pytest.param(0, 1435, {}, id="ends inside a slot"),
            pytest.param(0, 1440, {"status": AdvanceStatus.BLOCKED}, id="blocked"),
            pytest.param(0, 1440, {"estimated": True}, id="estimated"),
        ],
    )
    def test_others_are_left_out(self, make_block, begin, end, changes):
        assert len(RegisterSpans.of(make_block([1] * 96), [(0, self.advance(begin, end, **changes))])) == 0

    def test_what_is_finer_than_the_intervals_is_rounded_half_up(self, make_block):
        advance = self.advance(0, 1440, advance=Decimal("4.8005"), resolution=Decimal("0.0001"))
        made = RegisterSpans.of(make_block([1] * 96), [(0, advance)])
        assert (made.advance.tolist(), made.resolution.tolist()) == ([4801], [1])
