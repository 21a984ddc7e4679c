from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.synthetic import nem12
from pipelines.synthetic.nem12 import DayRow, QualityRange, covering, day_line, day_lines
from pipelines.synthetic.utility import MARKET_CLOCK, Register

DAY = date(2026, 1, 9)
SENT = datetime(2026, 1, 10, 2, 15, tzinfo=MARKET_CLOCK)
REGISTER = Register("E1", "main", "import", "import_kwh", start_wh=0)


def day(*energy_wh: int) -> np.ndarray:
    return np.array([*energy_wh, *[7] * (48 - len(energy_wh))], np.int32)


class TestDayLines:
    @given(st.lists(st.integers(0, 60_000), min_size=2 * 2 * 4, max_size=2 * 2 * 4))
    def test_both_ways_write_the_same_text(self, energy_wh):
        values = np.array(energy_wh, np.int32).reshape(2, 2, 4)
        slowly = [
            b"".join(day_line(DayRow(row, covering(4, ())), date(2026, 1, 9 + place), SENT) for place, row in enumerate(channel))
            for channel in values
        ]
        assert day_lines(values, DAY, SENT) == slowly

    @pytest.mark.parametrize(("energy_wh", "text"), [(9_999, b",9.999,"), (10_000, b",10.000,"), (0, b",0.000,")])
    def test_values_on_both_sides_of_ten_kilowatt_hours_keep_every_watt_hour(self, energy_wh, text):
        (line,) = day_lines(day(1, energy_wh)[None, None], DAY, SENT)
        assert text in line

    def test_a_row_names_its_day_quality_and_version(self):
        (line,) = day_lines(day()[None, None], DAY, SENT)
        assert (line[:13], line[-26:]) == (b"300,20260109,", b"0.007,A,,,20260110021500,\n")


class TestDayLine:
    def test_a_day_of_one_quality_needs_no_400_record(self):
        assert b",E52,,,2026" in day_line(DayRow(day(), (QualityRange(0, 48, "E52"),)), DAY, SENT)

    def test_a_day_of_several_qualities_lists_them_all(self):
        row = DayRow(day(), covering(48, [QualityRange(3, 5, "S14", "79")]))
        assert day_line(row, DAY, SENT).decode().split("\n")[1:] == ["400,1,3,A,,", "400,4,5,S14,79,", "400,6,48,A,,", ""]

    def test_a_negative_value_keeps_its_sign(self):
        assert b",-0.350," in day_line(DayRow(day(1, -350), covering(48, ())), DAY, SENT)

    def test_a_version_of_its_own_replaces_that_of_the_file(self):
        row = DayRow(day(), covering(48, ()), datetime(2026, 2, 1, tzinfo=MARKET_CLOCK))
        assert b",A,,,20260201000000,\n" in day_line(row, DAY, SENT)


class TestIndexLine:
    @pytest.mark.parametrize(
        ("energy_wh", "shown"),
        [
            (0, b"000000.000"),
            (1_234_567, b"001234.567"),
            pytest.param(999_999_999, b"999999.999", id="the last before the dials begin again"),
            pytest.param(1_000_000_001, b"000000.001", id="the dials have begun again"),
        ],
    )
    def test_the_dials_show_the_index(self, energy_wh, shown):
        assert nem12.index_line(SENT, "N", REGISTER, energy_wh) == b"500,N,,20260110021500," + shown + b"\n"


class TestCovering:
    @given(st.lists(st.integers(0, 48), min_size=2, max_size=6, unique=True))
    def test_ranges_follow_each_other_from_the_first_slot_to_the_last(self, borders):
        ordered = sorted(borders)
        marked = [QualityRange(a, b, "N") for a, b in zip(ordered[::2], ordered[1::2], strict=False)]
        ranges = covering(48, marked)
        assert [r.slot_from for r in ranges] == [0, *[r.slot_to for r in ranges[:-1]]]
        assert ranges[-1].slot_to == 48
        assert set(marked) <= set(ranges)
