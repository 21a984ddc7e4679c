from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.ingest.instants import instant_of, instant_us, microseconds_of, names_offset
from pipelines.ingest.rejected import Fault

SECOND = 1_000_000


def code(text: str, clock: str = "+00:00") -> str | None:
    found = instant_us(text, clock)
    return found.code if isinstance(found, Fault) else None


class TestInstant:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1970-01-01T00:00Z", 0),
            ("1970-01-01T01:00:00+01:00", 0),
            (" 1970-01-01T00:00:01Z\n", SECOND),
            ("1970-01-01T00:00:00.000001Z", 1),
            ("1970-01-01T00:00:00.0000010Z", 1),
            ("1970-01-01T00:00:00.000001000", 1),
            ("1969-12-31T23:59:59Z", -SECOND),
        ],
    )
    def test_it_is_exact_to_the_microsecond(self, text, expected):
        assert instant_us(text, "+00:00") == expected

    def test_a_time_without_an_offset_is_read_by_the_clock(self):
        assert instant_us("2026-07-01T12:00", "Europe/Prague") == instant_us("2026-07-01T10:00Z", "Europe/Prague")

    @pytest.mark.parametrize("text", ["2026-10-25T02:30", "2026-03-29T02:30"])
    def test_a_local_time_that_comes_twice_or_never_is_none(self, text):
        assert code(text, "Europe/Prague") == "time.invalid"

    @pytest.mark.parametrize(
        "text",
        ["", "now", "2026-02-30", "2026-01-01T24:00Z", "2026-01-01T00:00:00.0000001Z", "0001-01-01", "20260101", "9" * 10_000],
    )
    def test_anything_else_is_none(self, text):
        assert code(text) == "time.invalid"

    def test_an_unknown_clock_is_told(self):
        assert code("2026-01-01T00:00", "Europe/Atlantis") == "clock.unknown"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("2026-01-01T00:00Z", True), ("2026-01-01T00:00-03:30", True), ("2026-01-01T00:00", False), ("2026-01-01", False)],
)
def test_a_time_says_its_offset_or_not(text, expected):
    assert names_offset(text) is expected


def test_instants_and_microseconds_are_the_same_thing():
    instant = datetime(2026, 1, 1, 0, 0, 0, 1, tzinfo=UTC)
    assert instant_of(microseconds_of(instant)) == instant
