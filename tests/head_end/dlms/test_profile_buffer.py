from __future__ import annotations

import pytest

from head_end.dlms.axdr import Data, Tag, decode
from head_end.dlms.errors import ListError, MalformedError
from head_end.dlms.profile_buffer import capture_objects, is_buffer, read_rows
from tests.head_end.dlms.meter_bytes import array, clock, code, octets, structure, u16, u32

TIME = octets(clock("2026-01-31 14:00:00", -60))
NULL = b"\x00"


def status(value: int) -> bytes:
    return b"\x11" + bytes([value])


def rows(*raw: bytes, columns: bytes | None = None) -> list[tuple[int, dict[int, object], str | None]]:
    named = capture_objects(decode(columns)[0]) if columns is not None else None
    found = read_rows(decode(array(*raw))[0].elements, named)
    return [(row.periods, {at: cell.value for at, cell in row.cells.items()}, row.status) for row in found]


class TestNullData:
    def test_a_clock_is_the_one_before_and_a_period_more(self):
        found = rows(structure(TIME, u32(1)), structure(NULL, u32(2)), structure(NULL, u32(3)), structure(TIME, u32(4)))
        assert [periods for periods, _, _ in found] == [0, 1, 2, 0]

    def test_a_value_is_the_one_before(self):
        found = rows(structure(TIME, status(6), u32(1)), structure(NULL, NULL, NULL), structure(NULL, status(7), u32(2)))
        assert [(cells, flag) for _, cells, flag in found] == [({3: 1}, "6"), ({3: 1}, "6"), ({3: 2}, "7")]

    def test_a_value_that_was_never_there_stays_away(self):
        assert [cells for _, cells, _ in rows(structure(TIME, NULL), structure(NULL, u32(5)))] == [{2: None}, {2: 5}]

    def test_a_difference_is_added_to_the_value_before(self):
        # delta-unsigned 5, delta-long -3
        found = rows(structure(TIME, u32(100)), structure(NULL, b"\x1f\x05"), structure(NULL, b"\x1d\xff\xfd"))
        assert [cells[2] for _, cells, _ in found] == [100, 105, 102]


class TestColumns:
    def test_the_clock_may_stand_after_the_status(self):
        columns = array(
            structure(u16(1), code("0-0:96.10.1"), b"\x0f\x02", u16(0)),
            structure(u16(8), code("0-0:1.0.0"), b"\x0f\x02", u16(0)),
            structure(u16(3), code("1-0:1.8.0"), b"\x0f\x02", u16(0)),
        )
        assert rows(structure(status(1), TIME, u32(9)), columns=columns) == [(0, {3: 9}, "1")]

    def test_a_row_of_another_width_is_refused(self):
        with pytest.raises(MalformedError):
            rows(structure(TIME, u32(1)), structure(TIME))

    def test_rows_without_a_clock_are_refused(self):
        with pytest.raises(ListError):
            rows(structure(u32(1), u32(2)))

    def test_a_clock_that_shows_no_time_costs_the_rows_that_hang_on_it(self):
        wrong = octets(clock("2026-02-30 14:00:00"))
        raw = array(structure(TIME, u32(1)), structure(wrong, u32(2)), structure(NULL, u32(3)), structure(TIME, u32(4)))
        found = [row.clock_error is not None for row in read_rows(decode(raw)[0].elements, None)]
        assert found == [False, True, True, False]


class TestRecognising:
    @pytest.mark.parametrize(
        ("raw", "expected"),
        [
            pytest.param(array(structure(TIME, u32(1))), True, id="clock and value"),
            pytest.param(array(structure(u16(1), TIME, u32(1))), True, id="clock second"),
            pytest.param(array(structure(TIME)), False, id="nothing but a clock"),
            pytest.param(array(structure(code("1-0:1.8.0"), u32(1))), False, id="code and value"),
            pytest.param(array(structure(TIME, u32(1)), structure(TIME)), False, id="rows of two widths"),
            pytest.param(structure(TIME, u32(1)), False, id="no array"),
            pytest.param(array(), False, id="no row"),
        ],
    )
    def test_rows_begin_with_a_clock_and_are_of_one_width(self, raw, expected):
        assert is_buffer(decode(raw)[0]) is expected

    def test_objects_are_told_from_other_lists(self):
        assert capture_objects(Data(Tag.ARRAY, ())) is None
        assert capture_objects(decode(array(structure(u16(3), u16(4))))[0]) is None
