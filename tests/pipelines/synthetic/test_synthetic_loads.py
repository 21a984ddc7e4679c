from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.synthetic.loads import (
    BLOCK,
    FUSE_KW,
    Climate,
    controlled_load_wh,
    load_wh,
    net_at_the_meter,
    solar_wh,
    wall_shift_minutes,
)
from pipelines.synthetic.population import Kind, kind_of
from schemas.errors import InputRefusedError

SYDNEY = Climate(7, "Australia/Sydney")
JANUARY = date(2026, 1, 1)
SOURCES = pytest.mark.parametrize("source", [load_wh, solar_wh, controlled_load_wh])


@pytest.fixture(scope="module")
def month():
    """A January of 400 service points, (400, 31, 48) [Wh]."""
    return load_wh(SYDNEY, np.arange(400), first_day=JANUARY, days=31, interval_minutes=30)


@pytest.fixture(scope="module")
def kinds():
    return np.array([kind_of(index) for index in range(400)])


@pytest.fixture(scope="module")
def weekend():
    return np.array([(JANUARY + timedelta(days=place)).weekday() > 4 for place in range(31)])


class TestRepeatability:
    @SOURCES
    def test_the_same_seed_gives_the_same_energy(self, source):
        once, again = (source(SYDNEY, np.arange(5), first_day=JANUARY, days=2, interval_minutes=30) for _ in range(2))
        assert (once == again).all()

    @SOURCES
    def test_another_seed_gives_other_energy(self, source):
        one, other = (
            source(Climate(seed, "Australia/Sydney"), np.arange(5), first_day=JANUARY, days=2, interval_minutes=30)
            for seed in (7, 8)
        )
        assert (one != other).any()

    @settings(max_examples=15, deadline=None)
    @given(
        indices=st.lists(st.integers(0, 399), min_size=1, max_size=6),
        first=st.integers(0, 28),
        days=st.integers(1, 3),
    )
    def test_a_service_point_uses_the_same_whoever_and_whatever_else_is_asked_for(self, month, indices, first, days):
        part = load_wh(SYDNEY, np.array(indices), first_day=JANUARY + timedelta(days=first), days=days, interval_minutes=30)
        assert (part == month[indices, first : first + days]).all()

    @SOURCES
    def test_blocks_do_not_show_at_their_border(self, source):
        border = np.arange(BLOCK - 2, BLOCK + 2)
        together = source(SYDNEY, border, first_day=JANUARY, days=1, interval_minutes=30)
        alone = [source(SYDNEY, border[[place]], first_day=JANUARY, days=1, interval_minutes=30)[0] for place in range(4)]
        assert (together == np.array(alone)).all()

    def test_a_whole_block_is_the_same_as_its_parts(self):
        whole = load_wh(SYDNEY, np.arange(BLOCK), first_day=JANUARY, days=1, interval_minutes=30)
        part = load_wh(SYDNEY, np.array([1023, 5]), first_day=JANUARY, days=1, interval_minutes=30)
        assert (whole[[1023, 5]] == part).all()


class TestShape:
    def test_a_home_typically_uses_ten_to_twenty_kilowatt_hours_a_day(self, month, kinds):
        daily_kwh = month[kinds == Kind.HOME].sum(axis=2) / 1000
        assert 10 < np.median(daily_kwh) < 20

    def test_some_homes_use_several_times_what_others_do(self, month, kinds):
        low, high = np.percentile(month[kinds == Kind.HOME].sum(axis=(1, 2)), [5, 95])
        assert high > 3 * low

    def test_the_evening_is_above_the_night(self, month, kinds):
        homes = month[kinds == Kind.HOME].mean(axis=(0, 1))
        assert homes[34:40].mean() > 3 * homes[2:8].mean()

    def test_weekday_mornings_begin_earlier_than_those_at_weekends(self, month, kinds, weekend):
        homes = month[kinds == Kind.HOME]
        early = slice(10, 13)
        assert homes[:, ~weekend, early].mean() > 1.2 * homes[:, weekend, early].mean()

    def test_a_business_uses_less_on_sunday_than_on_monday(self, month, kinds):
        business = month[kinds == Kind.BUSINESS].sum(axis=2)
        assert business[:, 4].mean() > 1.5 * business[:, 3].mean()  # 5 and 4 January 2026

    def test_something_is_always_on(self, month):
        assert month.min() > 0

    def test_nobody_draws_more_than_the_fuse_lets_through(self, month, kinds):
        for kind, fuse_kw in FUSE_KW.items():
            assert month[kinds == kind].max() <= 0.85 * fuse_kw * 1000 / 2

    def test_a_highest_value_far_above_the_third_is_rare(self, month):
        ordered = np.sort(month, axis=2)
        assert ((ordered[..., -1] - ordered[..., -3]) > 1.8 * ordered[..., -3]).mean() < 0.0005  # the spike rule's 180 %

    @pytest.mark.parametrize("minutes", [5, 15])
    def test_finer_intervals_use_as_much_as_half_hours(self, month, minutes):
        fine = load_wh(SYDNEY, np.arange(40), first_day=JANUARY, days=31, interval_minutes=minutes)
        assert fine.sum() == pytest.approx(month[:40].sum(), rel=0.02)

    def test_people_live_by_the_wall_clock_that_the_market_does_not_follow(self, kinds):
        homes = np.nonzero(kinds == Kind.HOME)[0]
        rising = {
            zone: load_wh(Climate(7, zone), homes, first_day=JANUARY, days=31, interval_minutes=30)[:, :, 30:34].mean()
            for zone in ("Australia/Sydney", "Australia/Brisbane")
        }
        assert rising["Australia/Sydney"] > 1.15 * rising["Australia/Brisbane"]  # an hour ahead in January

    @pytest.mark.parametrize("minutes", [0, 1, 10, 60])
    def test_another_interval_length_is_refused(self, minutes):
        with pytest.raises(InputRefusedError):
            load_wh(SYDNEY, np.arange(1), first_day=JANUARY, days=1, interval_minutes=minutes)


class TestWallShift:
    @pytest.mark.parametrize(
        ("zone", "day", "minutes"),
        [
            pytest.param("Australia/Sydney", date(2026, 1, 1), 60, id="summer time"),
            pytest.param("Australia/Sydney", date(2026, 7, 1), 0, id="standard time"),
            pytest.param("Australia/Sydney", date(2026, 4, 4), 60, id="the day before it ends"),
            pytest.param("Australia/Sydney", date(2026, 4, 5), 0, id="the day it ends, at noon"),
            pytest.param("Australia/Adelaide", date(2026, 7, 1), -30, id="half an hour behind"),
            pytest.param("Australia/Brisbane", date(2026, 1, 1), 0, id="no summer time"),
        ],
    )
    def test_distance_to_the_market_clock(self, zone, day, minutes):
        assert wall_shift_minutes(zone, day) == minutes


@pytest.fixture(scope="module")
def sun():
    return solar_wh(SYDNEY, np.arange(50), first_day=JANUARY, days=31, interval_minutes=30)


class TestSolar:
    def test_nothing_is_made_at_night(self, sun):
        assert sun[:, :, [*range(9), *range(39, 48)]].max() == 0

    def test_noon_makes_most(self, sun):
        assert sun.mean(axis=(0, 1)).argmax() in (23, 24)

    def test_clouds_make_days_differ(self, sun):
        assert sun.sum(axis=2).mean(axis=0).std() > 1000

    def test_winter_makes_less(self, sun):
        winter = solar_wh(SYDNEY, np.arange(50), first_day=date(2026, 7, 1), days=31, interval_minutes=30)
        assert winter.sum() < 0.85 * sun.sum()

    def test_the_sun_stands_highest_half_an_hour_later_in_adelaide(self):
        adelaide = solar_wh(Climate(7, "Australia/Adelaide"), np.arange(50), first_day=JANUARY, days=31, interval_minutes=30)
        assert adelaide.mean(axis=(0, 1)).argmax() in (24, 25)


class TestNetAtTheMeter:
    @given(st.integers(0, 5000), st.integers(0, 5000))
    def test_import_less_export_is_load_less_sun(self, load, sun):
        imported, exported = net_at_the_meter(np.array([load], np.int32), np.array([sun], np.int32))
        assert imported[0] - exported[0] == load - sun

    @given(st.integers(0, 5000), st.integers(0, 5000))
    def test_little_goes_both_ways(self, load, sun):
        imported, exported = net_at_the_meter(np.array([load], np.int32), np.array([sun], np.int32))
        assert 0 <= min(imported[0], exported[0]) <= min(load, sun) / 20


@pytest.fixture(scope="module")
def heated():
    return controlled_load_wh(SYDNEY, np.arange(50), first_day=JANUARY, days=31, interval_minutes=30)


class TestControlledLoad:
    def test_the_heater_runs_at_night_only(self, heated):
        assert heated[:, :, 14:].max() == 0

    def test_the_element_has_three_and_six_tenths_kilowatts(self, heated):
        assert heated.max() == 1800

    def test_every_night_heats(self, heated):
        assert heated.sum(axis=2).min() > 5000
