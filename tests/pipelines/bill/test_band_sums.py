from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.bill.band_sums import band_sums
from schemas.codes import Quality
from schemas.errors import InvariantError
from tariffs.calendar import cycle_of
from tariffs.load import parse_tariff

STARTS_AT, ENDS_AT = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 31, 14, tzinfo=UTC)
PERIODS = """\
  periods:
    peak: [{days: mon-fri, from: "15:00", to: "21:00"}]
    off_peak: [{else: true}]
"""
BY_PERIOD = '{id: usage, kind: energy, price: {peak: "0.5", off_peak: "0.2"}}'
MONDAY, SATURDAY = date(2026, 3, 2), date(2026, 3, 7)


@pytest.fixture(scope="module")
def summed(tariff_of):
    """Sums of rows, all of them billed to agreement 0 unless said otherwise."""

    def make(rows, *, tariff=None, agreement=None, count=1, starts_at=STARTS_AT, ends_at=ENDS_AT):
        agreement = np.zeros(rows.num_rows, dtype=np.int64) if agreement is None else np.array(agreement)
        return band_sums(
            rows, agreement, count, tariff=tariff or tariff_of(), direction="import", starts_at=starts_at, ends_at=ends_at
        )

    return make


def by_band(made):
    return {combo.band: int(made.values[0, column]) for column, combo in enumerate(made.combos)}


class TestBands:
    def test_a_weekday_has_six_hours_of_peak(self, summed, daily, tariff_of):
        made = summed(daily({"day": MONDAY, "values": list(range(48))}), tariff=tariff_of(BY_PERIOD, more=PERIODS))
        assert by_band(made) == {"peak": sum(range(30, 42)), "off_peak": sum(range(48)) - sum(range(30, 42))}

    def test_a_saturday_has_none(self, summed, daily, tariff_of):
        made = summed(daily({"day": SATURDAY}), tariff=tariff_of(BY_PERIOD, more=PERIODS))
        assert by_band(made) == {"peak": 0, "off_peak": 24_000}

    def test_a_tariff_without_periods_has_one_sum(self, summed, daily):
        assert by_band(summed(daily())) == {None: 24_000}

    def test_rows_of_other_agreements_are_not_added(self, summed, daily):
        made = summed(daily({"day": [MONDAY, SATURDAY]}), agreement=[1, 0], count=2)
        assert made.values.tolist() == [[24_000], [24_000]]


class TestBorders:
    def test_slots_before_the_period_are_not_billed(self, summed, daily):
        made = summed(daily(), starts_at=STARTS_AT + timedelta(minutes=30))
        assert (made.values.tolist(), made.covered_minutes.tolist()) == ([[23_500]], [47 * 30])

    def test_a_slot_that_begins_at_the_end_is_not_billed(self, summed, daily):
        made = summed(daily(), ends_at=STARTS_AT + timedelta(minutes=30))
        assert made.values.tolist() == [[500]]

    def test_no_rows_make_no_sums(self, summed, daily):
        made = summed(daily().slice(0, 0))
        assert (made.values.shape, made.estimated.tolist()) == ((1, 0), [0])


class TestShapes:
    def test_half_hours_and_quarter_hours_are_added(self, summed, daily):
        rows = daily({}, {"interval_minutes": 15, "values": [250] * 96, "channel": "E2"})
        assert summed(rows).values.tolist() == [[48_000]]

    def test_values_of_several_exponents_are_added_at_the_finest(self, summed, daily):
        made = summed(daily({"exponent": -3}, {"exponent": -5, "values": [1] * 48}, {"exponent": 0, "values": [2] * 48}))
        assert made.exponent == -5
        assert made.values.tolist() == [[48 * 50_000 + 48 + 48 * 200_000]]

    def test_values_beyond_32_bits_are_added(self, summed, daily):
        made = summed(daily({"values": None, "values64": [2**40] * 48}))
        assert made.values.tolist() == [[48 * 2**40]]

    def test_a_slot_grid_that_begins_past_midnight_keeps_its_place(self, summed, daily):
        # 20 past: the last of the hourly slots of 28 February begins at 23:20 and is not March's
        rows = daily({"day": date(2026, 2, 28), "interval_minutes": 60, "slot_offset_minutes": 20, "values": [1] * 24})
        assert summed(rows, starts_at=STARTS_AT - timedelta(minutes=40)).values.tolist() == [[1]]

    def test_a_product_that_floats_could_not_hold_is_refused(self, summed, daily):
        with pytest.raises(InvariantError, match="summed exactly"):
            summed(daily({"values": None, "values64": [2**53 // 48 + 1] * 48}))


class TestQuality:
    @pytest.mark.parametrize("quality", [Quality.MISSING, Quality.CONFLICT, Quality.NOT_EXPECTED])
    def test_a_slot_without_a_value_is_not_covered(self, summed, daily, quality):
        made = summed(daily({"values": [0] + [500] * 47, "quality": [quality] + [0] * 47}))
        assert made.covered_minutes.tolist() == [47 * 30]

    @pytest.mark.parametrize(
        "quality", [Quality.DELIVERED_ESTIMATE, Quality.SUBSTITUTED, Quality.FINAL_SUBSTITUTED, Quality.ESTIMATED]
    )
    def test_estimates_and_substitutes_count_as_estimated(self, summed, daily, quality):
        assert summed(daily({"quality": [quality] * 2 + [0] * 46})).estimated.tolist() == [1_000]

    def test_what_a_person_set_is_no_estimate(self, summed, daily):
        assert summed(daily({"quality": [Quality.EDITED] * 48})).estimated.tolist() == [0]

    def test_an_estimate_outside_the_period_does_not_count(self, summed, daily):
        made = summed(daily({"quality": [Quality.ESTIMATED] + [0] * 47}), starts_at=STARTS_AT + timedelta(minutes=30))
        assert made.estimated.tolist() == [0]

    def test_estimates_of_a_net_channel_count_by_their_size(self, summed, daily):
        made = summed(daily({"values": [-5, 5] + [0] * 46, "quality": [Quality.ESTIMATED] * 48}))
        assert made.estimated.tolist() == [10]


SYDNEY = parse_tariff(
    """
tariff: home
currency: AUD
clock: Australia/Sydney
versions:
- from: 2020-01-01
  periods: {night: [{days: all, from: "22:00", to: "06:00"}], day: [{else: true}]}
  charges: [{id: usage, kind: energy, price: {night: "0.1", day: "0.3"}}]
- from: 2026-04-10
  periods: {night: [{days: weekend}], day: [{else: true}]}
  charges: [{id: usage, kind: energy, price: {night: "0.1", day: "0.3"}}]
""",
    "home.yaml",
)


@given(
    values=st.lists(st.integers(-(10**6), 10**6), min_size=96, max_size=96),
    begin=st.integers(0, 96),
    length=st.integers(0, 96),
)
def test_no_slot_is_lost_or_billed_twice(daily, values, begin, length):
    """Two days in which Sydney's clock goes back, cut anywhere: the bands add up to the slots inside the cut."""
    rows = daily({"day": date(2026, 4, 4), "values": values[:48]}, {"day": date(2026, 4, 5), "values": values[48:]})
    midnight = datetime(2026, 4, 3, 14, tzinfo=UTC)
    starts_at, ends_at = (midnight + timedelta(minutes=30 * slot) for slot in (begin, min(96, begin + length)))
    made = band_sums(
        rows, np.zeros(2, dtype=np.int64), 1, tariff=SYDNEY, direction="import", starts_at=starts_at, ends_at=ends_at
    )
    assert made.values.sum() == sum(values[begin : begin + length])


class TestSeasonsByBillingCycle:
    CYCLE = """\
tariff: t
currency: AUD
clock: "+10:00"
versions:
- from: 2020-01-01
  seasons: {hot: {from: 03-01, to: 04-01, by: billing_cycle, at: start}}
  periods: {dear: [{season: hot}], cheap: [{else: true}]}
  charges: [{id: use, kind: energy, price: {dear: "2", cheap: "1"}}]
"""

    def test_a_meter_that_comes_in_the_middle_counts_by_the_whole_billing_period(self, daily):
        tariff = parse_tariff(self.CYCLE, "t.yaml")
        begins, ends = datetime(2026, 3, 19, 14, tzinfo=UTC), datetime(2026, 4, 19, 14, tzinfo=UTC)
        rows = daily({"day": date(2026, 4, 10), "values": [100] * 48})
        sums = band_sums(
            rows,
            np.zeros(1, dtype=np.int64),
            1,
            tariff=tariff,
            direction="import",
            starts_at=datetime(2026, 4, 9, 14, tzinfo=UTC),
            ends_at=ends,
            cycle=cycle_of(tariff, begins, ends, "+10:00"),
        )
        assert by_band(sums) == {"dear": 4800, "cheap": 0}
