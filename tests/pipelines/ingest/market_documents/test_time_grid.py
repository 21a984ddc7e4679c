from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import pytest

from pipelines.ingest.market_documents.time_grid import MOST_STEPS, grid_of
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.durations import parse_duration

COPENHAGEN = "Europe/Copenhagen"


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


def hours(start: str, end: str, resolution: str, clock: str = COPENHAGEN) -> list[float] | str:
    """Lengths of the steps [h]; the code where there is no grid."""
    step = parse_duration(resolution)
    borders = Fault("resolution.unknown", resolution) if step is None else grid_of(us(start), us(end), step, clock)
    if isinstance(borders, Fault):
        return borders.code
    assert (borders[0], borders[-1]) == (us(start), us(end))
    return [(later - earlier) / 3_600_000_000 for earlier, later in pairwise(borders)]


class TestFixedSteps:
    @pytest.mark.parametrize(
        ("resolution", "count"),
        [("PT5M", 12), ("PT15M", 4), ("PT30M", 2), ("PT60M", 1), ("PT1H", 1), ("PT1M", 60), ("PT1S", 3600)],
    )
    def test_an_hour_has_as_many_as_fit(self, resolution, count):
        found = hours("2026-01-01T00:00+00:00", "2026-01-01T01:00+00:00", resolution)
        assert (len(found), sum(found)) == (count, pytest.approx(1))

    @pytest.mark.parametrize("end", ["2026-01-01T00:59+00:00", "2026-01-01T01:01+00:00", "2026-01-01T00:10+00:00"])
    def test_a_period_of_broken_steps_is_none(self, end):
        assert hours("2026-01-01T00:00+00:00", end, "PT15M") == "record.length"

    @pytest.mark.parametrize("end", ["2026-01-01T00:00+00:00", "2025-12-31T23:00+00:00"])
    def test_a_period_must_last(self, end):
        assert hours("2026-01-01T00:00+00:00", end, "PT15M") == "time.invalid"

    @pytest.mark.parametrize(
        "resolution", ["", "P", "PT", "PT0M", "15M", "PT15", "P1H", "PT1D", "P1DT1H", "pt1h", "PT-1H", "PT1.5H"]
    )
    def test_another_word_is_no_resolution(self, resolution):
        assert hours("2026-01-01T00:00+00:00", "2026-01-01T01:00+00:00", resolution) == "resolution.unknown"


class TestCalendarSteps:
    def test_the_day_of_the_spring_change_has_23_hours(self):
        assert hours("2026-03-27T23:00+00:00", "2026-03-30T22:00+00:00", "P1D") == [24, 23, 24]

    def test_the_day_of_the_autumn_change_has_25_hours(self):
        assert hours("2026-10-23T22:00+00:00", "2026-10-26T23:00+00:00", "P1D") == [24, 25, 24]

    def test_months_have_their_length(self):
        found = hours("2025-12-31T23:00+00:00", "2026-04-30T22:00+00:00", "P1M")
        assert found == [31 * 24, 28 * 24, 31 * 24 - 1, 30 * 24]

    def test_a_year_and_a_week_are_counted_too(self):
        assert hours("2025-12-31T23:00+00:00", "2026-12-31T23:00+00:00", "P1Y") == [365 * 24]
        assert hours("2025-12-31T23:00+00:00", "2026-01-14T23:00+00:00", "P1W") == [7 * 24, 7 * 24]
        assert hours("2025-12-31T23:00+00:00", "2026-01-14T23:00+00:00", "P7D") == [7 * 24, 7 * 24]

    def test_a_fixed_offset_knows_no_change(self):
        assert hours("2026-03-27T23:00+00:00", "2026-03-30T23:00+00:00", "P1D", "+01:00") == [24, 24, 24]

    @pytest.mark.parametrize(
        ("start", "end", "resolution"),
        [
            ("2026-03-27T23:00+00:00", "2026-03-30T23:00+00:00", "P1D"),
            ("2026-01-01T00:00+00:00", "2026-01-01T12:00+00:00", "P1D"),
            ("2026-01-30T23:00+00:00", "2026-02-27T23:00+00:00", "P1M"),
            ("1900-01-02T00:00+00:00", "9999-12-30T00:00+00:00", "P1D"),
        ],
    )
    def test_a_period_of_broken_days_or_months_is_none(self, start, end, resolution):
        assert hours(start, end, resolution) == "record.length"

    def test_days_without_end_are_none(self):
        assert hours("1900-01-01T00:00+00:00", "2200-01-01T00:00+00:00", "P1D", "+00:00") == "record.length"
        assert MOST_STEPS == 100_000

    def test_the_end_of_time_is_no_failure(self):
        assert hours("9999-12-30T12:00+00:00", "9999-12-31T23:00+00:00", "P1D", "-05:00") == "record.length"


@pytest.mark.parametrize(("resolution", "expected"), [("P1D", True), ("P1M", True), ("PT1H", False)])
def test_days_and_months_are_of_a_calendar(resolution, expected):
    assert parse_duration(resolution).is_calendar is expected
