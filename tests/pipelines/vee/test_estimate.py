from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.vee.estimation.ladder import estimate
from pipelines.vee.estimation.scaling import RegisterSpans
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.rules.judge import validate
from schemas.codes import Method, Quality

ALL = slice(None)
PROFILE = VeeProfile()
NONE = RegisterSpans.none()


def filled(block, *, days=ALL, profile=PROFILE, spans=NONE, **more):
    return estimate(block, profile, spans, days, **more).block


def with_gap(make_block, before, slots, after, **changes):
    """A day of 1 with ``before``, missing slots, ``after`` from slot 10 on."""
    values = [1] * 10 + [before] + [0] * slots + [after]
    values += [1] * (1440 // changes.get("interval_minutes", 30) - len(values))
    return make_block(values, marks={Quality.MISSING: [*range(11, 11 + slots)]}, **changes)


class TestLinear:
    # Catalogue vectors 10.1; the second is SAP's documented case. Quarter hours, so that four slots are an hour.
    @pytest.mark.parametrize(
        ("before", "after", "exponent", "expected"),
        [
            pytest.param(40, 90, -2, [50, 60, 70, 80], id="0.40 .. 0.90"),
            pytest.param(24530, 28430, -3, [25505, 26480, 27455], id="24.53 .. 28.43 to the watt-hour"),
            pytest.param(2453, 2843, -2, [2551, 2648, 2746], id="24.53 .. 28.43 in hundredths is rounded half up"),
            pytest.param(20, 26, -1, [22, 24], id="2.0 .. 2.6"),
            pytest.param(20, 24, -1, [22], id="2.0 .. 2.4"),
            pytest.param(90, 40, -2, [80, 70, 60, 50], id="falling"),
        ],
    )
    def test_golden(self, make_block, before, after, exponent, expected):
        block = with_gap(make_block, before, len(expected), after, exponent=exponent, interval_minutes=15)
        slots = slice(11, 11 + len(expected))
        result = filled(block)
        assert result.values[0, 0, slots].tolist() == expected
        assert set(result.method[0, 0, slots]) == {Method.LINEAR}
        assert set(result.quality[0, 0, slots]) == {Quality.ESTIMATED}

    @pytest.mark.parametrize(
        ("interval_minutes", "slots", "linear"),
        [(15, 8, True), (15, 9, False), (30, 4, True), (30, 5, False), (60, 2, True), (60, 3, False)],
    )
    def test_two_hours_are_short_and_more_is_not(self, make_block, interval_minutes, slots, linear):
        result = filled(with_gap(make_block, 5, slots, 5, interval_minutes=interval_minutes))
        assert (result.method == Method.LINEAR).sum() == (slots if linear else 0)

    @pytest.mark.parametrize(
        "quality",
        [
            Quality.ESTIMATED,
            Quality.SUBSTITUTED,
            Quality.DELIVERED_ESTIMATE,
            Quality.EDITED,
            Quality.CONFLICT,
            Quality.NOT_EXPECTED,
        ],
    )
    @pytest.mark.parametrize("neighbour", [10, 13])
    def test_both_neighbours_are_measured(self, make_block, quality, neighbour):
        block = make_block([1] * 48, marks={Quality.MISSING: [11, 12], quality: [neighbour]})
        assert not (filled(block).method == Method.LINEAR).any()

    @pytest.mark.parametrize("neighbour", [10, 13])
    def test_a_power_failure_is_no_end_point(self, make_block, neighbour):
        block = make_block([1] * 48, marks={Quality.MISSING: [11, 12]}, outage=[neighbour])
        assert not (filled(block).method == Method.LINEAR).any()

    @pytest.mark.parametrize("missing", [[0, 1], [46, 47]])
    def test_the_ends_of_the_block_are_no_neighbours(self, make_block, missing):
        assert (filled(make_block([1] * 48, marks={Quality.MISSING: missing})).quality == Quality.MISSING).sum() == 2

    def test_another_channel_is_no_neighbour(self, make_block):
        block = make_block(np.full((2, 1, 48), 1), marks={Quality.MISSING: [47, 48]})
        assert (filled(block).quality == Quality.MISSING).sum() == 2

    def test_a_gap_across_midnight_is_one_gap(self, make_block):
        block = make_block([10] * 47 + [0, 0] + [40] * 47, marks={Quality.MISSING: [47, 48]})
        assert filled(block).values.reshape(-1)[46:50].tolist() == [10, 20, 30, 40]

    def test_the_day_after_those_filled_gives_the_right_neighbour(self, make_block):
        block = make_block([10] * 96, marks={Quality.MISSING: [46, 47]})
        assert set(filled(block, days=slice(0, 1)).method[0, 0, 46:]) == {Method.LINEAR}

    def test_a_gap_is_as_long_as_it_is_also_beyond_the_days_filled(self, make_block):
        block = make_block([10] * 96, marks={Quality.MISSING: [*range(46, 51)]})
        assert not (filled(block, days=slice(0, 1)).method == Method.LINEAR).any()

    def test_a_value_that_failed_a_hard_limit_makes_the_gap_longer(self, make_block):
        values = [10] * 48
        values[15] = -1
        block = make_block(values, marks={Quality.MISSING: [11, 12, 13, 14]})
        judged = validate(block, PROFILE, ALL).block
        assert (filled(judged).quality == Quality.MISSING).sum() == 5


class TestLikeDay:
    @staticmethod
    def days(*values):
        """One value for each day, the same in all its slots."""
        return [value for value in values for _ in range(48)]

    def test_golden_mean_of_three(self, make_block):
        # Catalogue vector 10.2: references in hundredths of a kWh at slots 20 to 23.
        references = [[120, 100, 80, 140], [100, 90, 100, 130], [140, 110, 90, 150]]
        values = np.full((4, 48), 500)
        values[:3, 20:24] = references
        block = make_block(values, exponent=-2, marks={Quality.MISSING: [*range(3 * 48 + 18, 3 * 48 + 26)]})
        result = filled(block)
        assert result.values[0, 3, 20:24].tolist() == [120, 100, 90, 140]
        assert set(result.method[0, 3, 18:26]) == {Method.LIKE_DAY}

    def test_a_mean_is_rounded_half_up(self, make_block):
        block = make_block(self.days(1, 2, 0), marks={Quality.MISSING: [*range(96, 144)]})
        assert set(filled(block).values[0, 2]) == {2}

    def test_the_nearest_days_of_the_same_type_count(self, make_block):
        # Monday 5 to Tuesday 13 January 2026; the weekend between is no working day.
        values = self.days(1, 1000, 100, 10, 1, 7777, 7777, 4, 0)
        block = make_block(values, marks={Quality.MISSING: [*range(8 * 48, 9 * 48)]})
        assert set(filled(block).values[0, 8]) == {5}  # (4 + 1 + 10) / 3

    def test_saturday_is_like_saturday(self, make_block):
        values = self.days(*[1] * 5, 30, 1, *[1] * 5, 0)
        block = make_block(values, marks={Quality.MISSING: [*range(12 * 48, 13 * 48)]})
        assert set(filled(block).values[0, 12]) == {30}

    def test_a_holiday_is_like_a_sunday_and_no_working_day_is_like_it(self, make_block):
        values = self.days(*[1] * 6, 50, 0, 0)
        block = make_block(values, marks={Quality.MISSING: [*range(7 * 48, 9 * 48)]})
        result = filled(block, holidays={date(2026, 1, 12)})
        assert (set(result.values[0, 7]), set(result.values[0, 8])) == ({50}, {1})

    @pytest.mark.parametrize(("window", "found"), [pytest.param(7, True, id="in reach"), pytest.param(6, False, id="too far")])
    def test_days_are_looked_for_within_the_window(self, make_block, window, found):
        block = make_block(self.days(*[1] * 7, 9), marks={Quality.MISSING: [*range(48, 384)]})
        monday = filled(block, profile=VeeProfile(like_day_window_days=window)).quality[0, 7]
        assert (set(monday) == {Quality.ESTIMATED}) is found

    @pytest.mark.parametrize("quality", [Quality.ESTIMATED, Quality.SUBSTITUTED, Quality.CONFLICT, Quality.MISSING])
    def test_only_measured_slots_are_references(self, make_block, quality):
        marks = {Quality.MISSING: [*range(96, 144)]}
        marks[quality] = [*marks.get(quality, []), *range(48, 96)]
        block = make_block(self.days(8, 2, 0), marks=marks)
        assert set(filled(block).values[0, 2]) == {8}

    def test_slots_in_an_outage_are_no_references(self, make_block):
        block = make_block(self.days(8, 2, 0), marks={Quality.MISSING: [*range(96, 144)]}, outage=[*range(48, 96)])
        assert set(filled(block).values[0, 2]) == {8}

    def test_a_partial_day_serves_slot_by_slot(self, make_block):
        block = make_block(self.days(8, 2, 0), marks={Quality.MISSING: [*range(48, 60), *range(96, 144)]})
        assert filled(block).values[0, 2, 11:13].tolist() == [8, 5]

    @pytest.mark.parametrize(("history", "noted"), [(2, 1), (3, 0)])
    def test_fewer_like_days_than_asked_for_are_noted(self, make_block, history, noted):
        block = make_block(self.days(*[8] * history, 0), marks={Quality.MISSING: [*range(48 * history, 48 * history + 48)]})
        findings = estimate(block, PROFILE, NONE, ALL).findings
        assert [row["rule"] for row in findings.to_pylist()] == ["few_like_days"] * noted

    def test_without_any_the_slots_stay_missing_and_block(self, make_block):
        block = make_block(self.days(0, 8), marks={Quality.MISSING: [*range(48)]})
        result = estimate(block, PROFILE, NONE, ALL)
        assert result.block is block
        assert [(row["rule"], row["severity"], row["slot_to"]) for row in result.findings.to_pylist()] == [
            ("no_estimate", "block", 48)
        ]

    def test_days_after_do_not_change_it(self, make_block):
        values = self.days(3, 5, 0, 70, 90)
        marks = {Quality.MISSING: [*range(96, 144)]}
        assert (filled(make_block(values, marks=marks)).values[0, 2] == 4).all()

    def test_history_is_not_filled(self, make_block):
        block = make_block(self.days(3, 0, 0), marks={Quality.MISSING: [*range(48, 144)]})
        result = filled(block, days=slice(2, 3))
        assert (set(result.quality[0, 1]), set(result.values[0, 2])) == ({Quality.MISSING}, {3})


class TestWallClock:
    def test_slots_match_by_wall_clock_after_the_clocks_changed(self, make_block):
        # Berlin, Friday 27 March to Monday 30 March 2026: from the 29th on, standard-time slot 12 is 07:00, not 06:00.
        values = np.tile(np.arange(48), (4, 1))
        block = make_block(
            values, zone="Europe/Berlin", first_day=date(2026, 3, 27), marks={Quality.MISSING: [*range(3 * 48 + 10, 3 * 48 + 20)]}
        )
        assert filled(block).values[0, 3, 10:20].tolist() == [*range(12, 22)]

    def test_the_hour_shown_twice_takes_its_references_twice(self, make_block):
        # Berlin, Sundays 18 and 25 October 2026. On the 18th slot s begins at (s + 2) / 2 o'clock local time, on the 25th
        # until 03:00 too; then 02:00 comes again. Slots 2 and 3 as well as 4 and 5 are 02:00 and 02:30.
        values = np.tile(np.arange(48), (8, 1))
        gap = [*range(7 * 48, 7 * 48 + 8)]
        block = make_block(values, zone="Europe/Berlin", first_day=date(2026, 10, 18), marks={Quality.MISSING: gap})
        assert filled(block).values[0, 7, :8].tolist() == [0, 1, 2, 3, 2, 3, 4, 5]

    def test_a_day_whose_clock_skipped_the_hour_is_no_reference_for_it(self, make_block):
        # Berlin, Sundays 22 and 29 March, 5 April 2026: no 02:00 on the 29th. 02:00 is slot 4 on the 22nd, 2 on 5 April.
        values = np.zeros((15, 48), np.int64)
        values[0], values[7] = 100, 300
        gap = [*range(14 * 48, 14 * 48 + 8)]
        block = make_block(values, zone="Europe/Berlin", first_day=date(2026, 3, 22), marks={Quality.MISSING: gap})
        assert filled(block).values[0, 14, :8].tolist() == [200, 200, 100, 100, 200, 200, 200, 200]


def random_block(make_block, data, *, channels=2, days=10):
    """Draw hours of some channels with gaps of all lengths, conflicts, substitutes and outages."""
    size = channels * days * 24
    values = np.frombuffer(data.draw(st.binary(min_size=size, max_size=size)), np.uint8)
    gaps = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(1, 40)), max_size=8))
    missing = {i for start, length in gaps for i in range(start, min(start + length, size))}
    conflicts = data.draw(st.sets(st.integers(0, size - 1), max_size=4)) - missing
    substituted = data.draw(st.sets(st.integers(0, size - 1), max_size=8)) - missing - conflicts
    return make_block(
        values.reshape(channels, days, 24),
        interval_minutes=60,
        marks={Quality.MISSING: [*missing], Quality.CONFLICT: [*conflicts], Quality.SUBSTITUTED: [*substituted]},
        outage=[*data.draw(st.sets(st.integers(0, size - 1), max_size=4))],
    )


class TestProperties:
    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_what_was_delivered_is_never_changed(self, make_block, data):
        block = random_block(make_block, data)
        result = filled(block)
        kept = block.quality != Quality.MISSING
        assert (result.values[kept] == block.values[kept]).all()
        assert (result.quality[kept] == block.quality[kept]).all()
        assert (result.method[kept] == block.method[kept]).all()

    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_twice_is_once(self, make_block, data):
        once = filled(validate(random_block(make_block, data), PROFILE, ALL).block)
        again = filled(validate(once, PROFILE, ALL).block)
        assert again is once

    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_channels_together_are_filled_as_each_alone(self, make_block, data):
        block = random_block(make_block, data, channels=3, days=8)
        together = filled(block)
        alone = [filled(block.span(i, i + 1)) for i in range(3)]
        for name in ("values", "quality", "method"):
            assert (getattr(together, name) == np.concatenate([getattr(one, name) for one in alone])).all()

    @given(data=st.data())
    @settings(max_examples=60, deadline=None)
    def test_later_days_change_no_estimate_but_that_of_the_gap_at_the_end(self, make_block, data):
        block = random_block(make_block, data, channels=1)
        earlier = 6
        arrays = {name: getattr(block, name)[:, :earlier] for name in ("values", "quality", "method")}
        cut = replace(block, **arrays, flags=None if block.flags is None else block.flags[:, :earlier])
        short, long = filled(cut), filled(block, days=slice(0, earlier))
        last = np.flatnonzero(cut.quality.reshape(-1) != Quality.MISSING)[-1:].sum() + 1
        assert (short.values.reshape(-1)[:last] == long.values.reshape(-1)[:last]).all()
        assert (short.method.reshape(-1)[:last] == long.method.reshape(-1)[:last]).all()
