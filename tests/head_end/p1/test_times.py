from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from head_end.p1.times import P1Clock, parse_stamp


def utc(text: str, clock: P1Clock | None = None) -> str | None:
    stamp = parse_stamp(text, clock or P1Clock())
    return None if stamp is None else datetime.fromtimestamp(stamp.instant_us / 1e6, UTC).isoformat()[:19]


class TestLetters:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("260115120000W", "2026-01-15T11:00:00"),
            ("260715120000S", "2026-07-15T10:00:00"),
            ("261025023000S", "2026-10-25T00:30:00"),  # the hour that comes twice: first
            ("261025023000W", "2026-10-25T01:30:00"),  # and second
            ("260715120000W", "2026-07-15T11:00:00"),  # a meter that stays on standard time
            ("240229000000W", "2024-02-28T23:00:00"),
        ],
    )
    def test_w_is_one_hour_and_s_two_before_utc(self, text, expected):
        assert utc(text) == expected

    def test_elsewhere_w_is_the_standard_time_that_was_said(self):
        helsinki = P1Clock.at(120)
        assert utc("260115120000W", helsinki) == "2026-01-15T10:00:00"
        assert utc("260715120000S", helsinki) == "2026-07-15T09:00:00"
        assert utc("260115120000", helsinki) == "2026-01-15T10:00:00"

    @pytest.mark.parametrize(
        ("text", "fits"),
        [
            ("260115120000W", True),
            ("260715120000S", True),
            ("260715120000W", False),
            ("260115120000S", False),
            ("261025023000S", True),
            ("261025023000W", True),
            ("260715120000", True),
        ],
    )
    def test_a_letter_that_central_europe_does_not_have_on_that_day_is_known(self, text, fits):
        assert parse_stamp(text, P1Clock()).fits_season is fits


class TestWithoutLetter:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("161107190000", "2016-11-07T18:00:00"),
            ("160707190000", "2016-07-07T17:00:00"),
            ("160327015959", "2016-03-27T00:59:59"),
            ("160327030000", "2016-03-27T01:00:00"),
            ("161030015959", "2016-10-29T23:59:59"),
            ("161030030000", "2016-10-30T02:00:00"),
        ],
    )
    def test_it_is_read_on_the_dutch_clock(self, text, expected):
        assert utc(text) == expected

    @pytest.mark.parametrize("text", ["160327020000", "160327025959", "161030020000", "161030025959"])
    def test_a_time_that_exists_twice_or_never_is_none(self, text):
        assert utc(text) is None


class TestNoTime:
    @pytest.mark.parametrize(
        "text",
        [
            "632525252525W",  # what an M-Bus meter that is not ready has
            "632525252525",
            "260230120000W",
            "260115240000W",
            "260115236000W",
            "260115235960W",
            "26011512000W",
            "2601151200000W",
            "260115120000X",
            "260115120000 W",
            "\u0662\u0666\u0660\u0661\u0661\u0665\u0661\u0662\u0660\u0660\u0660\u0660W",
            "",
            "700101010000W",  # a clock that counts from 1970
            "991231235959W",
        ],
    )
    def test_it_is_none(self, text):
        assert parse_stamp(text, P1Clock()) is None

    @pytest.mark.parametrize(("text", "is_set"), [("000101010000W", False), ("001231235959W", False), ("010101000000W", True)])
    def test_a_clock_of_the_year_2000_was_never_set(self, text, is_set):
        assert parse_stamp(text, P1Clock()).is_set is is_set

    @given(st.text(max_size=20))
    def test_no_text_breaks_it(self, text):
        parse_stamp(text, P1Clock())
