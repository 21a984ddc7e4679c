from __future__ import annotations

import pytest

from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.stamps import READING_YEARS, instant_us, made_at_us, parse_stamp

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
    assert (parse_stamp(text).offset is not None) is expected


@pytest.mark.parametrize(
    "text", ["2026-07-01T12:00:00+0200", "2026-07-01 12:00:00,000 +02:00", "2026-07-01T10:00:00.0000000Z", " 2026-07-01T10:00Z"]
)
def test_senders_write_one_time_in_several_ways(text):
    assert instant_us(text, "+00:00") == instant_us("2026-07-01T10:00:00Z", "+00:00")


def test_a_time_by_an_offset_that_nobody_has_is_none():
    assert (code("2026-07-01T12:00+14:00"), code("2026-07-01T12:00+14:01")) == (None, "time.invalid")


def test_the_end_of_time_has_an_instant_and_what_is_after_it_has_none():
    assert code("9999-12-31T23:59:59Z") is None
    assert code("9999-12-31T23:59:59-01:00") == code("9999-12-31T23:59:59", "-01:00") == "time.invalid"


def test_when_a_document_was_made_is_known_where_it_names_its_offset():
    assert made_at_us("1970-01-01T00:00:00.0000019Z") == 1
    assert (made_at_us("2026-07-01T12:00"), made_at_us("2026-07-01"), made_at_us("yesterday"), made_at_us(None)) == (None,) * 4


@pytest.mark.parametrize(
    "text",
    [
        "", "2026-02-30", "2026-01-15T24:00:00Z", "2026-01-15T23:59:60Z", "2026-01-15T00:00:00+25:00", "1969-12-31", "2100-01-01",
        "0001-01-01T00:00:00Z", "9999-12-31T23:00:00Z", "1768435200", "15.01.2026", "\u0662\u0660\u0662\u0666-01-15",
        "2026-01-15T00:00:00+01",
    ],
)  # fmt: skip
def test_no_stamps_of_a_reading(text):
    assert parse_stamp(text, READING_YEARS) is None
