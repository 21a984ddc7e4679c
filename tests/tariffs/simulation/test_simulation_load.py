from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InputRefusedError
from tariffs.simulation.load import read_load

HEAD = "interval_start,import_kwh"
HOURS = [f"2026-01-01T{hour:02d}:00:00+01:00,0.{hour:02d}" for hour in range(4)]
MIDNIGHT = int(datetime(2025, 12, 31, 23, tzinfo=UTC).timestamp())


def text_of(rows, head=HEAD):
    return "\n".join([head, *rows]) + "\n"


def refused(text, **more):
    with pytest.raises(InputRefusedError) as caught:
        read_load(text, "load.csv", **more)
    return caught.value


class TestWhatIsRead:
    def test_kwh_are_integers_with_a_scale_and_starts_are_seconds(self):
        load = read_load(text_of(HOURS), "load.csv")
        assert (load.minutes, load.starts.tolist()) == (60, [MIDNIGHT + 3600 * n for n in range(4)])
        assert (load.values["import_kwh"].tolist(), load.scales["import_kwh"]) == ([0, 1, 2, 3], 2)

    def test_export_and_kvarh_are_read_where_the_file_has_them_and_other_columns_are_passed_over(self):
        rows = [f"x,{row},{n},0.5,y" for n, row in enumerate(HOURS)]
        load = read_load(text_of(rows, f"note,{HEAD},export_kwh,kvarh,remark"), "load.csv")
        assert {name: values.tolist() for name, values in load.values.items()} == {
            "import_kwh": [0, 1, 2, 3],
            "export_kwh": [0, 1, 2, 3],
            "kvarh": [5, 5, 5, 5],
        }

    def test_a_quantity_that_a_tariff_names_is_a_column_of_its_own(self):
        load = read_load(text_of(HOURS, "interval_start,volume_m3"), "load.csv", needed={"volume_m3"})
        assert list(load.values) == ["volume_m3"]

    @pytest.mark.parametrize(
        "stamps",
        [
            ["2026-01-01T00:00:00+01:00", "2026-01-01T01:00:00+01:00"],
            ["2025-12-31T23:00:00Z", "2026-01-01T00:00:00Z"],
            ["2025-12-31T23:00Z", "2026-01-01T00:00Z"],
            ["2026-01-01 00:00:00+0100", "2026-01-01 01:00:00+01"],
            ["2025-12-31T23:00:00.000Z", "2025-12-31T19:00:00.000-05:00"],
        ],
        ids=["an offset", "Z", "no seconds", "blank and short offsets", "zero fractions, an offset in each row"],
    )
    def test_stamps_of_any_offset_are_the_same_instants(self, stamps):
        load = read_load(text_of([f"{stamp},1" for stamp in stamps]), "load.csv")
        assert load.starts.tolist() == [MIDNIGHT, MIDNIGHT + 3600]

    @pytest.mark.parametrize(
        "text",
        [
            "\ufeff" + text_of(HOURS),
            text_of(HOURS).replace("\n", "\r\n"),
            text_of(HOURS).rstrip("\n"),
            text_of(HOURS).replace(",", " , "),
            text_of([f'"{row}"'.replace(",", '","') for row in HOURS]),
            text_of([HOURS[0], "", *HOURS[1:], ""]),
        ],
        ids=["byte order mark", "CRLF", "no last line end", "blanks", "quotes", "empty lines"],
    )
    def test_the_dress_of_a_file_changes_nothing(self, text):
        load = read_load(text, "load.csv")
        assert load.values["import_kwh"].tolist() == [0, 1, 2, 3]

    @pytest.mark.parametrize(
        ("cells", "values", "scale"),
        [
            (["0.5", ".25"], [50, 25], 2),
            (["5.", "12"], [5, 12], 0),
            (["-0", "0.000"], [0, 0], 0),
            ([".0", "1.10"], [0, 11], 1),
            (["0.000000001", "7"], [1, 7_000_000_000], 9),
            (["0007", "1." + "0" * 3000], [7, 1], 0),
        ],
    )
    def test_decimals_are_exact_and_needless_zeros_are_none(self, cells, values, scale):
        load = read_load(text_of([f"{HOURS[n].partition(',')[0]},{cell}" for n, cell in enumerate(cells)]), "load.csv")
        assert (load.values["import_kwh"].tolist(), load.scales["import_kwh"]) == (values, scale)

    @given(st.lists(st.decimals(0, 10**6, places=9) | st.integers(0, 10**6).map(Decimal), min_size=2, max_size=20))
    def test_every_kwh_of_a_file_comes_back_to_the_last_digit(self, kwh):
        began = datetime(2026, 1, 1, tzinfo=UTC)
        load = read_load(text_of([f"{(began + timedelta(hours=n)).isoformat()},{each:f}" for n, each in enumerate(kwh)]), "l")
        scale = load.scales["import_kwh"]
        assert [Decimal(value) / 10**scale for value in load.values["import_kwh"].tolist()] == kwh

    @given(st.integers(0, 10**9 // 2), st.integers(-14 * 60, 14 * 60))
    def test_a_stamp_is_the_instant_that_it_says(self, minute, offset):
        began = datetime(1901, 1, 1, tzinfo=timezone(timedelta(minutes=offset)))
        stamp = began + timedelta(minutes=minute)
        load = read_load(text_of([f"{(stamp + timedelta(hours=n)).isoformat()},1" for n in range(2)]), "load.csv")
        assert load.starts[0] == stamp.timestamp()


class TestRowsThatDoNotFollow:
    def test_a_gap_is_refused_with_what_is_missing(self):
        error = refused(text_of([HOURS[0], HOURS[1], HOURS[3]]))
        assert (error.code, error.where) == ("load.gap", "load.csv:4")
        assert "nothing from 2026-01-01 01:00 UTC to 2026-01-01 02:00 UTC" in error.message

    def test_a_gap_right_after_the_first_row_is_one_too(self):
        error = refused(text_of([HOURS[0], *HOURS[2:]]))
        assert (error.code, error.where) == ("load.gap", "load.csv:3")
        assert "nothing from 2026-01-01 00:00 UTC to 2026-01-01 01:00 UTC" in error.message

    def test_a_row_that_stands_twice_is_refused(self):
        error = refused(text_of([HOURS[0], HOURS[1], HOURS[1], HOURS[2]]))
        assert (error.code, error.where) == ("load.order", "load.csv:4")
        assert "stands twice" in error.message

    def test_rows_out_of_order_are_refused(self):
        error = refused(text_of([HOURS[0], HOURS[2], HOURS[1], HOURS[3]]))
        assert (error.code, error.where) == ("load.order", "load.csv:4")
        assert "comes after a later one" in error.message

    def test_an_interval_inside_the_one_before_is_refused(self):
        error = refused(text_of([*HOURS, "2026-01-01T03:30:00+01:00,1"]))
        assert (error.code, error.where) == ("load.length", "load.csv:6")

    def test_intervals_of_two_lengths_are_refused(self):
        quarters = [f"2026-01-01T04:{minute:02d}:00+01:00,1" for minute in (0, 15, 30, 45)]
        error = refused(text_of([*HOURS, *quarters[:3]]))
        assert (error.code, error.where) == ("load.length", "load.csv:7")
        assert "begins inside the one before, of 60 minutes" in error.message

    def test_a_step_between_multiples_is_refused(self):
        error = refused(text_of([*HOURS, "2026-01-01T05:30:00+01:00,1"]))
        assert (error.code, error.where) == ("load.length", "load.csv:6")

    def test_a_single_row_does_not_show_its_length(self):
        assert refused(text_of(HOURS[:1])).code == "load.length"

    @pytest.mark.parametrize("step", [timedelta(seconds=30), timedelta(minutes=7), timedelta(hours=25)])
    def test_a_length_that_does_not_divide_the_day_is_refused(self, step):
        began = datetime(2026, 1, 1, tzinfo=UTC)
        assert refused(text_of([f"{(began + step * n).isoformat()},1" for n in range(3)])).code == "load.length"

    def test_intervals_that_begin_between_minutes_are_refused(self):
        assert refused(text_of([row.replace(":00:00+", ":00:30+") for row in HOURS])).code == "load.length"


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "told"),
        [
            ("", "import_kwh is empty"),
            ("1e-3", "'1e-3' is no plain decimal"),
            ("1E3", "no plain decimal"),
            ("NaN", "no plain decimal"),
            ("inf", "no plain decimal"),
            ("+1", "no plain decimal"),
            ("1_000", "no plain decimal"),
            ("0x1", "no plain decimal"),
            ('"0,5"', "no plain decimal"),
            ("٣", "no plain decimal"),
            (".", "no plain decimal"),
            ("1" * 16, "no plain decimal"),
            ("0.0000000001", "has more than 9 decimals"),
            ("0." + "3" * 4000, "has more than 9 decimals"),
            ("0.30000000000000004", "has more than 9 decimals"),
        ],
    )
    def test_what_is_no_plain_decimal_is_refused_with_its_line(self, cell, told):
        error = refused(text_of([HOURS[0], f"2026-01-01T01:00:00+01:00,{cell}"]))
        assert (error.code, error.where) == ("table.cell", "load.csv:3")
        assert told in error.message
        assert len(error.message) < 200

    def test_too_large_a_number_for_64_bits_is_refused(self):
        error = refused(text_of([HOURS[0], "2026-01-01T01:00:00+01:00,999999999999999.000000001"]))
        assert (error.code, error.where) == ("table.cell", "load.csv:3")

    def test_numbers_too_large_to_be_added_up_are_refused(self):
        error = refused(text_of([HOURS[0], "2026-01-01T01:00:00+01:00,4000000000.000000001"]))
        assert (error.code, error.where) == ("load.size", "load.csv:3")

    @pytest.mark.parametrize("column", ["import_kwh", "export_kwh", "kvarh"])
    def test_a_negative_quantity_is_refused(self, column):
        head = HEAD if column == "import_kwh" else f"{HEAD},{column}"
        rest = "" if column == "import_kwh" else ",-0.001"
        first, second = HOURS[0] + (",1" if rest else ""), "2026-01-01T01:00:00+01:00," + ("1" + rest if rest else "-0.001")
        error = refused(text_of([first, second], head))
        assert (error.code, error.where) == ("load.negative", "load.csv:3")
        assert f"{column} is -0.001" in error.message

    @pytest.mark.parametrize(
        ("stamp", "told"),
        [
            ("2026-01-01T01:00:00", "has no offset"),
            ("2026-01-01 01:00", "has no offset"),
            ("2026-01-01", "is no time such as"),
            ("01/01/2026 01:00+01:00", "is no time such as"),
            ("2026-01-01T01:00:00.5Z", "is no time such as"),
            ("2026-02-30T01:00:00Z", "is no time that exists"),
            ("2026-01-01T24:00:00Z", "is no time that exists"),
            ("2026-01-01T01:00:00+25:00", "is no time that exists"),
            ("", "interval_start is empty"),
        ],
    )
    def test_what_is_no_instant_is_refused_with_its_line(self, stamp, told):
        error = refused(text_of([HOURS[0], f"{stamp},1", HOURS[2], HOURS[3]]))
        assert (error.code, error.where) == ("table.cell", "load.csv:3")
        assert told in error.message


class TestTables:
    @pytest.mark.parametrize("head", ["interval_start,kwh", "start,import_kwh", "interval_start,Import_kwh"])
    def test_a_missing_column_is_refused_with_those_that_are_there(self, head):
        error = refused(text_of(HOURS, head))
        assert (error.code, error.where) == ("table.column", "load.csv:1")
        assert head.replace(",", ", ") in error.hint

    def test_a_column_that_a_tariff_names_and_the_file_has_not_is_refused(self):
        error = refused(text_of(HOURS), needed={"import_kwh", "kvarh"})
        assert (error.code, error.message) == ("table.column", "column kvarh is missing")

    def test_a_column_that_stands_twice_is_refused(self):
        assert refused(text_of([f"{row},1" for row in HOURS], f"{HEAD},import_kwh")).code == "table.column"
        assert refused(text_of([f"{row},1,1" for row in HOURS], f"{HEAD},kvarh,kvarh")).code == "table.column"

    @pytest.mark.parametrize("text", ["", "\n\n", f"{HEAD}\n"])
    def test_a_file_without_rows_is_refused(self, text):
        assert refused(text).code == "table.empty"

    @pytest.mark.parametrize("row", ["2026-01-01T01:00:00+01:00", "2026-01-01T01:00:00+01:00,1,2"])
    def test_a_row_with_other_cells_than_the_first_line_is_refused(self, row):
        error = refused(text_of([HOURS[0], row]))
        assert (error.code, error.where) == ("table.syntax", "load.csv:3")

    def test_a_quote_that_never_ends_is_refused(self):
        error = refused(text_of([HOURS[0], '2026-01-01T01:00:00+01:00,"1']))
        assert error.code == "table.syntax"
