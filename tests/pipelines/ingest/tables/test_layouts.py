"""What a mapping can say of how a table is laid out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from pipelines.ingest.tables.mapping import parse_mapping
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

KWH = "{column: kwh, channel: E1, quantity: active_energy, direction: import, unit: kWh}"


def mapping(*lines: str, channels: Sequence[str] = (KWH,), point: str = "{value: P}") -> str:
    return "\n".join([f"service_point_id: {point}", *lines, "channels:", *(f"- {channel}" for channel in channels), ""])


def read(data: bytes | str, document: str, **context: Any) -> Parsed:
    raw = data.encode() if isinstance(data, str) else data
    (parsed,) = read_mapped_csv(io.BytesIO(raw), ReadContext(**({"name": "P1.csv", "mapping": document} | context)))
    PARSED_INTERVALS.check(parsed.intervals)
    PARSED_READS.check(parsed.reads)
    assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
    return parsed


def slots(parsed: Parsed, channel: str | None = None) -> dict[str, Decimal | None]:
    """Start (UTC) and value of every slot; None where it is missing."""
    found: dict[str, Decimal | None] = {}
    for row in parsed.intervals.to_pylist():
        if channel is not None and row["channel"] != channel:
            continue
        for place, value in enumerate(row["values"] or row["values64"]):
            missing = row["quality"] is not None and row["quality"][place] == Quality.MISSING
            start = f"{row['start'] + timedelta(minutes=place * row['interval_minutes']):%Y-%m-%d %H:%M}"
            assert start not in found
            found[start] = None if missing else Decimal(value).scaleb(row["exponent"])
    return found


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return sorted((row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist())


def refusal(data: bytes | str, document: str) -> str:
    with pytest.raises(InputRefusedError) as refused:
        read(data, document)
    return refused.value.code


class TestDateFormats:
    @pytest.mark.parametrize(
        ("form", "stamp", "expected"),
        [
            ("DD/MM/YYYY HH:mm", "01/02/2026 03:30", "2026-02-01 03:30"),
            ("MM/DD/YYYY HH:mm", "01/02/2026 03:30", "2026-01-02 03:30"),
            ("DD-MM-YYYY HH:mm", "31-12-2026 23:45", "2026-12-31 23:45"),
            ("YYYY/MM/DD HH:mm:ss", "2026/02/01 03:30:00", "2026-02-01 03:30"),
            ("YYYYMMDDHHmm", "202602010330", "2026-02-01 03:30"),
            ("D/M/YYYY H:mm", "1/2/2026 3:30", "2026-02-01 03:30"),
            ("D/M/YYYY H:mm", "11/12/2026 13:30", "2026-12-11 13:30"),
            ("D-MMM-YY", "1-Jul-10", "2010-07-01 00:00"),
            ("DD.MM.YY HH:mm", "01.02.26 03:30", "2026-02-01 03:30"),
            ("MM/DD/YYYY h:mmA", "07/28/2025 12:15AM", "2025-07-28 00:15"),
            ("MM/DD/YYYY h:mmA", "07/28/2025 8:00pm", "2025-07-28 20:00"),
            ("MM/DD/YYYY h:mmA", "07/28/2025 12:00PM", "2025-07-28 12:00"),
            ("YYYY-MM-DDTHH:mm", "2026-02-01T03:30", "2026-02-01 03:30"),
        ],
    )
    def test_a_stamp_is_what_the_form_says(self, form, stamp, expected):
        document = mapping(f"time: {{column: at, date_format: '{form}'}}", "interval_minutes: 15")
        assert list(slots(read(f"at,kwh\n{stamp},1\n", document))) == [expected]

    @pytest.mark.parametrize(
        ("form", "stamp"),
        [
            ("DD/MM/YYYY", "02/13/2026"),
            ("MM/DD/YYYY", "13/02/2026"),
            ("DD/MM/YYYY", "2026-01-02"),
            ("DD/MM/YYYY", "1/2/2026"),
            ("MM/DD/YYYY h:mmA", "07/28/2025 13:00PM"),
            ("MM/DD/YYYY h:mmA", "07/28/2025 0:15AM"),
            ("D-MMM-YY", "1-Foo-10"),
            ("DD/MM/YYYY", "30/02/2026"),
        ],
    )
    def test_what_is_not_of_the_form_is_no_stamp(self, form, stamp):
        document = mapping(f"time: {{column: at, date_format: '{form}'}}", "interval_minutes: 60")
        assert codes(read(f"at,kwh\n{stamp},1\n", document)) == [("2", "time.invalid", 1)]

    def test_several_forms_may_be_named(self):
        document = mapping("time: {column: at, date_format: [YYYY/MM/DD HH:mm, DD-MM-YYYY HH:mm]}", "interval_minutes: 60")
        assert len(slots(read("at,kwh\n2026/01/01 00:00,1\n01-01-2026 01:00,1\n", document))) == 2

    @pytest.mark.parametrize(
        "form", ["", "DD/MM", "DD/MM/YYYY DD", "dd/mm/yyyy", "YYYY-MM-DD hh:mm", "x", "YYYY-MM-DD:mm", "Q" * 50]
    )
    def test_what_is_no_form_is_no_mapping(self, form):
        document = mapping(f"time: {{column: at, date_format: '{form}'}}")
        with pytest.raises(InputRefusedError, match="date_format") as refused:
            parse_mapping(document)
        assert refused.value.code == "mapping.invalid"


class TestDatesAndTimesApart:
    TIME = "time: {date_column: d, time_column: t, date_format: DD/MM/YYYY}"

    def test_a_date_and_a_time_make_a_stamp(self):
        assert list(slots(read("d,t,kwh\n01/02/2026,03:30,1\n", mapping(self.TIME, "interval_minutes: 30")))) == [
            "2026-02-01 03:30"
        ]

    def test_the_end_of_the_day_is_24_where_labels_are_ends(self):
        document = mapping(self.TIME.replace("}", ", label: end}"), "interval_minutes: 60")
        found = read("d,t,kwh\n01/02/2026,23:00,1\n01/02/2026,24:00,2\n", document)
        assert slots(found) == {"2026-02-01 22:00": Decimal(1), "2026-02-01 23:00": Decimal(2)}

    @pytest.mark.parametrize("time", ["24:00", "24:30", "25:00"])
    def test_it_is_no_start(self, time):
        found = read(f"d,t,kwh\n01/02/2026,{time},1\n", mapping(self.TIME, "interval_minutes: 60"))
        assert codes(found) == [("2", "time.invalid", 1)]

    @pytest.mark.parametrize(
        ("day", "hours"), [("29/03/2026", 23), ("28/03/2026", 24), ("25/10/2026", 25)], ids=["spring", "plain", "autumn"]
    )
    def test_numbered_hours_count_through_the_day_of_the_zone(self, day, hours):
        time = self.TIME.replace("}", ", time_format: hour of day, label: end, zone: Europe/Madrid}")
        rows = "".join(f"{day},{hour},{hour}\n" for hour in range(1, 27))
        found = read(f"d,t,kwh\n{rows}", mapping(time, "interval_minutes: 60"))
        begin = datetime.strptime(day, "%d/%m/%Y").replace(tzinfo=UTC) - timedelta(hours=2 if hours == 25 else 1)
        expected = {f"{begin + timedelta(hours=n):%Y-%m-%d %H:%M}": Decimal(n + 1) for n in range(hours)}
        assert slots(found) == expected
        assert [code for _, code, _ in codes(found)] == ["time.invalid"] * (26 - hours)


class TestBothEnds:
    RANGE = mapping("time: {column: at, range: to, zone: America/Los_Angeles}", "interval_minutes: row")

    @pytest.mark.parametrize("blank", [" ", "\u00a0", "\u00a0 "])
    def test_a_cell_may_hold_both(self, blank):
        found = read(f'at,kwh\n"2020-05-01 00:00:00{blank}to 2020-05-01 00:15:00",1\n', self.RANGE)
        assert (list(slots(found)), found.intervals["interval_minutes"].to_pylist()) == (["2020-05-01 07:00"], [15])

    def test_a_gap_changes_no_length(self):
        rows = ["2020-05-01 00:00 to 2020-05-01 00:15", "2020-05-01 03:00 to 2020-05-01 04:00"]
        found = read("at,kwh\n" + "".join(f"{row},1\n" for row in rows), self.RANGE)
        assert found.intervals["interval_minutes"].to_pylist() == [15, 60]

    @pytest.mark.parametrize("cell", ["2020-05-01 00:00", "2020-05-01 00:00 to", "2020-05-01 00:00 to x", "to", "a to b to c"])
    def test_a_cell_without_two_ends_is_at_no_time(self, cell):
        assert codes(read(f"at,kwh\n{cell},1\n", self.RANGE)) == [("2", "time.invalid", 1)]

    @pytest.mark.parametrize(
        ("rows", "expected"),
        [
            (["01:45 to 02:00", "03:00 to 03:15"], {"2026-03-08 09:45": 1, "2026-03-08 10:00": 2}),
            (["01:45 to 03:00", "03:00 to 03:15"], {"2026-03-08 09:45": 1, "2026-03-08 10:00": 2}),
        ],
        ids=["on paper", "on the clock"],
    )
    def test_the_spring_hour_is_in_no_interval(self, rows, expected):
        cells = ["2026-03-08 " + row.replace("to ", "to 2026-03-08 ") for row in rows]
        found = read("at,kwh\n" + "".join(f"{cell},{n}\n" for n, cell in enumerate(cells, 1)), self.RANGE)
        assert slots(found) == {start: Decimal(value) for start, value in expected.items()}
        assert found.intervals["interval_minutes"].to_pylist() == [15] * found.intervals.num_rows

    @pytest.mark.parametrize("last", ["02:00", "01:00"], ids=["on paper", "on the clock"])
    def test_the_autumn_hour_is_two(self, last):
        quarters = [("01:00", "01:15"), ("01:15", "01:30"), ("01:30", "01:45"), ("01:45", last)]
        quarters += [*quarters[:3], ("01:45", "02:00")]
        rows = [f"2026-11-01 {begin} to 2026-11-01 {end},{n}" for n, (begin, end) in enumerate(quarters)]
        found = read("at,kwh\n" + "".join(f"{row}\n" for row in rows), self.RANGE)
        begin = datetime(2026, 11, 1, 8, tzinfo=UTC)
        assert slots(found) == {f"{begin + timedelta(minutes=15 * n):%Y-%m-%d %H:%M}": Decimal(n) for n in range(8)}

    def test_the_end_may_stand_in_a_column_and_lie_on_the_next_day(self):
        document = mapping("time: {date_column: d, time_column: a, end_time_column: b}", "interval_minutes: row")
        found = read("d,a,b,kwh\n2026-01-01,23:30,00:00,1\n2026-01-02,00:00,00:30,2\n", document)
        assert slots(found) == {"2026-01-01 23:30": Decimal(1), "2026-01-02 00:00": Decimal(2)}

    def test_ends_that_make_a_day_are_a_period(self):
        document = mapping(
            "time: {date_column: d, time_column: a, end_date_column: e, end_time_column: b}", "interval_minutes: row"
        )
        (row,) = read("d,a,e,b,kwh\n2026-01-01,00:00,2026-01-02,00:00,24\n", document).reads.to_pylist()
        assert (row["kind"], row["read_at"] - row["period_from"]) == ("period", timedelta(days=1))

    def test_an_end_before_the_start_says_no_length(self):
        document = mapping("time: {column: a, end_column: b}", "interval_minutes: row")
        found = read("a,b,kwh\n2026-01-01 02:00,2026-01-01 00:00,1\n", document)
        assert codes(found) == [("2", "interval.unknown", 1)]


class TestPreambles:
    DOCUMENT = mapping(
        "time: {column: at}", "interval_minutes: 60", "header: {within: 5, repeats: true}", "skip: ['Data for', Total]"
    )
    TABLE = "at,kwh\n2026-01-01 00:00,1\n"

    @pytest.mark.parametrize("before", ["", "Usage\n", 'Usage\n\n"For: 1 Foo St, Bar"\n\n', "a\nb\nc\nd\n"])
    def test_the_header_is_the_first_line_with_all_names(self, before):
        assert len(slots(read(before + self.TABLE, self.DOCUMENT))) == 1

    def test_it_must_come_soon(self):
        assert refusal("a\nb\nc\nd\ne\n" + self.TABLE, self.DOCUMENT) == "mapping.column"

    def test_lines_are_left_out_where_the_mapping_says_so(self):
        more = "\nData for January\nat,kwh\n2026-01-01 01:00,2\nTotal,3\n"
        found = read(self.TABLE + more, self.DOCUMENT)
        assert (len(slots(found)), codes(found)) == (2, [])

    def test_and_nowhere_else(self):
        plain = mapping("time: {column: at}", "interval_minutes: 60")
        found = read(self.TABLE + "Data for January\nat,kwh\n2026-01-01 01:00,2\nTotal,3\n", plain)
        assert codes(found) == [("3", "record.length", 1), ("4", "value.invalid", 1), ("6", "time.invalid", 1)]

    def test_an_identifier_may_stand_below_its_name(self):
        document = mapping("time: {column: at}", "interval_minutes: 60", "header: {within: 9}", point="{below: PRM}")
        found = read("PRM,Unit\n0012,W\n\n" + self.TABLE, document)
        assert found.intervals["service_point_id"].to_pylist() == ["0012"]
        assert codes(read("Unit\nW\n" + self.TABLE, document)) == [("4", "record.identifier", 1)]

    def test_lines_are_counted_from_the_first_of_the_file(self):
        assert read("Usage\n\n" + self.TABLE, self.DOCUMENT).intervals["record"].to_pylist() == ["4"]


class TestLongTables:
    IMPORT = "{column: v, where: {type: [In, 'In *']}, channel: import, quantity: active_energy, direction: import, unit: kWh}"
    EXPORT = "{column: v, where: {type: Out}, channel: export, quantity: active_energy, direction: export, unit: kWh}"

    def read_types(self, *types: str, channels: Sequence[str] = (IMPORT, EXPORT)) -> Parsed:
        rows = "".join(f"2026-01-01 {n:02d}:00,{kind},{n}\n" for n, kind in enumerate(types))
        return read(f"at,type,v\n{rows}", mapping("time: {column: at}", "interval_minutes: 60", channels=channels))

    def test_a_column_says_which_channel_a_row_is(self):
        found = self.read_types("In", "Out", "In day")
        assert slots(found, "import") == {"2026-01-01 00:00": Decimal(0), "2026-01-01 02:00": Decimal(2)}
        assert slots(found, "export") == {"2026-01-01 01:00": Decimal(1)}

    def test_a_row_of_no_channel_is_set_aside_and_not_guessed(self):
        assert codes(self.read_types("In", "Net", "out")) == [("3", "channel.unknown", 1), ("4", "channel.unknown", 1)]

    def test_the_column_may_name_the_channel(self):
        dynamic = self.IMPORT.replace("channel: import", "channel: {column: type}")
        found = self.read_types("In", "In day", channels=[dynamic])
        assert sorted(found.intervals["channel"].to_pylist()) == ["In", "In day"]

    def test_the_distance_is_that_to_the_next_row_of_the_same_channel(self):
        rows = "".join(f"2026-01-01 {n // 2:02d}:00,{('In', 'Out')[n % 2]},{n}\n" for n in range(6))
        found = read(f"at,type,v\n{rows}", mapping("time: {column: at}", channels=[self.IMPORT, self.EXPORT]))
        assert found.intervals["interval_minutes"].to_pylist() == [60, 60]

    def test_each_channel_has_its_own_repeated_hour(self):
        rows = "".join(
            f"2026-10-25 {hour},{kind},{n}\n"
            for n, hour in enumerate(["01:00", "02:00", "02:00", "03:00"])
            for kind in ("In", "Out")
        )
        time = "time: {column: at, zone: Europe/Berlin}"
        found = read(f"at,type,v\n{rows}", mapping(time, channels=[self.IMPORT, self.EXPORT]))
        for channel in ("import", "export"):
            assert [
                slots(found, channel)[f"2026-10-{day} {hour}"]
                for day, hour in (("24", "23:00"), ("25", "00:00"), ("25", "01:00"), ("25", "02:00"))
            ] == [0, 1, 2, 3]

    def test_rows_name_their_unit(self):
        channel = "{column: v, channel: E1, quantity: active_energy, direction: import, unit: {column: u}}"
        values = ("1500,Wh", "2,kWh", "3,furlong", "4,", "5,kvarh")
        rows = "".join(f"2026-01-01 0{hour}:00,{value}\n" for hour, value in enumerate(values))
        found = read(f"at,v,u\n{rows}", mapping("time: {column: at}", "interval_minutes: 60", channels=[channel]))
        units = {(row["quantity"], row["unit"]) for row in found.intervals.to_pylist()}
        assert units == {("active_energy", "kWh"), ("reactive_energy", "kvarh")}
        assert list(slots(found).values()) == [Decimal("1.5"), Decimal(2), Decimal(5)]
        assert codes(found) == [("4", "unit.unknown", 1), ("5", "unit.unknown", 1)]

    def test_power_and_energy_may_stand_in_one_column(self):
        kw = "{column: v, where: {type: kW}, channel: P, quantity: active_energy, unit: kW, average_power: true}"
        kwh = "{column: v, where: {type: kWh}, channel: E, quantity: active_energy, unit: kWh}"
        data = "at,type,v\n2026-01-01 00:00,kW,3\n2026-01-01 00:00,kWh,3\n"
        found = read(data, mapping("time: {column: at}", "interval_minutes: 30", channels=[kw, kwh]))
        assert (slots(found, "P"), slots(found, "E")) == ({"2026-01-01 00:00": Decimal("1.5")}, {"2026-01-01 00:00": Decimal(3)})


class TestWideDays:
    HEADER = "id,day," + ",".join(f"h{n}" for n in range(24))
    CHANNEL = "{channel: E1, quantity: active_energy, direction: import, unit: kWh}"

    def document(self, *more: str, zone: str = "+10:00") -> str:
        time = f"time: {{date_column: day, date_format: DD/MM/YYYY, zone: '{zone}'}}"
        return mapping(time, "day: {first: h0, last: h23, minutes: 60}", *more, channels=[self.CHANNEL], point="{column: id}")

    def row(self, day: str, **other: str) -> str:
        return f"P,{day}," + ",".join(other.get(f"h{n}", str(n)) for n in range(24))

    def test_a_row_is_a_day_and_a_column_an_interval(self):
        found = read(f"{self.HEADER}\n{self.row('01/07/2026')}\n", self.document())
        begin = datetime(2026, 6, 30, 14, tzinfo=UTC)
        assert slots(found) == {f"{begin + timedelta(hours=n):%Y-%m-%d %H:%M}": Decimal(n) for n in range(24)}
        assert found.rows_read == 24

    def test_a_cell_that_is_no_number_is_set_aside_alone(self):
        found = read(f"{self.HEADER}\n{self.row('01/07/2026', h5='x', h7='')}\n", self.document())
        assert codes(found) == [("2", "value.invalid", 1)]
        assert "column 'h5'" in found.rejections["message"].to_pylist()[0]
        assert (len(slots(found)), list(slots(found).values()).count(None)) == (23, 1)

    def test_a_row_of_another_length_loses_a_whole_day(self):
        found = read(f"{self.HEADER}\n{self.row('01/07/2026')},9\n", self.document())
        assert codes(found) == [("2", "record.length", 24)]

    def test_a_day_that_does_not_exist_is_set_aside(self):
        assert codes(read(f"{self.HEADER}\n{self.row('31/06/2026')}\n", self.document())) == [("2", "time.invalid", 24)]

    def test_the_spring_hour_is_none_where_it_is_empty_and_set_aside_where_it_is_not(self):
        data = f"{self.HEADER}\n{self.row('29/03/2026', h2='')}\n"
        assert (
            len(slots(read(data, self.document(zone="Europe/Berlin")))),
            codes(read(data, self.document(zone="Europe/Berlin"))),
        ) == (23, [])
        full = f"{self.HEADER}\n{self.row('29/03/2026')}\n"
        assert codes(read(full, self.document(zone="Europe/Berlin"))) == [("2", "time.invalid", 1)]

    @pytest.mark.parametrize(("old", "new"), [("last: h23", "last: h22"), ("last: h23", "last: h99"), ("first: h0", "first: id")])
    def test_columns_that_do_not_make_a_day_are_refused(self, old, new):
        assert refusal(f"{self.HEADER}\n", self.document().replace(old, new)) == "mapping.column"

    def test_quality_holds_for_the_day(self):
        document = self.document("quality: {column: q, codes: {A: measured, E: delivered_estimate}}")
        found = read(f"{self.HEADER},q\n{self.row('01/07/2026')},E\n", document)
        assert {quality for row in found.intervals.to_pylist() for quality in row["quality"]} == {Quality.DELIVERED_ESTIMATE}


class TestHowValuesAreWritten:
    def value(self, cell: str, *more: str, header: str = "at;kwh") -> tuple[list[Decimal | None], list[str]]:
        document = mapping("time: {column: at}", "interval_minutes: 60", "delimiter: ';'", *more)
        found = read(f"{header}\n2026-01-01 00:00;{cell}\n", document)
        return list(slots(found).values()), [code for _, code, _ in codes(found)]

    @pytest.mark.parametrize(
        ("cell", "expected"),
        [("1,5", "1.5"), ("0,000000001", "0.000000001"), ("7", "7"), ("-1,5", "-1.5"), (" 2,50 ", "2.5"), (",5", "0.5")],
    )
    def test_a_decimal_comma_where_the_mapping_says_so(self, cell, expected):
        assert self.value(cell, "decimal: ','") == ([Decimal(expected)], [])

    @pytest.mark.parametrize("cell", ["1.234,5", "1.5", "1 234,5", "1,234,5", "1'234,5"])
    def test_no_thousands_mark_is_ever_taken(self, cell):
        assert self.value(cell, "decimal: ','") == ([], ["value.invalid"])

    @pytest.mark.parametrize("cell", ["1,5", "1,234.5", "1 234", "1\u00a0234", "1e5", "=1+1", "+5", "\u0661", "\u00bd"])
    def test_and_nothing_else_is_a_number(self, cell):
        assert self.value(cell) == ([], ["value.invalid"])

    @pytest.mark.parametrize("cell", ["\u00a01.5", "1.5\u00a0", "\t1.5"])
    def test_blanks_of_any_kind_around_a_number_are_none_of_it(self, cell):
        assert self.value(cell) == ([Decimal("1.5")], [])

    @pytest.mark.parametrize("cell", ["-", "n/a", "N/A", "Null"])
    def test_words_for_missing_may_be_named(self, cell):
        assert self.value(cell, "missing: ['-', N/A]") == ([None], [])

    def test_a_decimal_comma_inside_quotes_may_be_the_delimiter_too(self):
        document = mapping("time: {column: at}", "interval_minutes: 60", "decimal: ','")
        assert list(slots(read('at,kwh\n"2026-01-01 00:00","1,5"\n', document)).values()) == [Decimal("1.5")]

    @pytest.mark.parametrize(
        ("cell", "expected", "code"),
        [
            ("0.48200000000000004", "0.482", None),
            ("0.39799999999999996", "0.398", None),
            ("-0.17099999999999999", "-0.171", None),
            ("1.7099999999999997", "1.71", None),
            ("0.4820000000001", None, "value.precision"),
            ("0.12345678901234567", None, "value.precision"),
            ("0.0000000001", None, "value.precision"),
        ],
    )
    def test_what_binary_floating_point_adds_is_taken_off_and_said(self, cell, expected, code):
        found = read(f"at,kwh\n2026-01-01 00:00,{cell}\n", mapping("time: {column: at}", "interval_minutes: 60"))
        assert list(slots(found).values()) == ([] if expected is None else [Decimal(expected)])
        assert [found_code for _, found_code, _ in codes(found)] == ([] if code is None else [code])
        assert [warning.code for warning in found.warnings] == ([] if expected is None else ["value.float_noise"])

    def test_zeros_at_the_end_are_no_noise(self):
        found = read("at,kwh\n2026-01-01 00:00,0.5000000000000000\n", mapping("time: {column: at}", "interval_minutes: 60"))
        assert (list(slots(found).values()), found.warnings) == ([Decimal("0.5")], ())

    def test_a_mark_that_keeps_an_identifier_a_text_may_be_stripped(self):
        document = mapping("time: {column: at}", "interval_minutes: 60", point="""{column: id, strip: "'=\\""}""")
        rows = ["'0012", '"=""0012"""', "0012"]
        found = read("id,at,kwh\n" + "".join(f"{row},2026-01-01 0{n}:00,1\n" for n, row in enumerate(rows)), document)
        assert (set(found.intervals["service_point_id"].to_pylist()), len(slots(found))) == ({"0012"}, 3)

    def test_without_it_the_mark_is_part_of_the_identifier(self):
        document = mapping("time: {column: at}", "interval_minutes: 60", point="{column: id}")
        assert read("id,at,kwh\n'12,2026-01-01,1\n", document).intervals["service_point_id"].to_pylist() == ["'12"]

    def test_a_version_may_have_its_own_form(self):
        document = mapping("time: {column: at}", "interval_minutes: 60", "version: {column: v, date_format: MM/DD/YYYY HH:mm:ss}")
        found = read("at,kwh,v\n2026-01-01,1,03/02/2026 06:18:33\n", document)
        assert found.intervals["version"].to_pylist() == [datetime(2026, 3, 2, 6, 18, 33, tzinfo=UTC)]


class TestEncodings:
    DATA = "Zähler,at,kwh\nÄ 7,2026-01-01 00:00,1\n"

    def document(self, encoding: str = "") -> str:
        return mapping(
            "time: {column: at}", "interval_minutes: 60", f"encoding: {encoding}" if encoding else "", point="{column: Zähler}"
        )

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "UTF-16-LE", "utf-16-be", "latin-1", "windows-1252", "cp850"])
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
    def test_a_file_is_read_in_the_encoding_that_is_declared(self, encoding, end):
        found = read(self.DATA.replace("\n", end).encode(encoding), self.document(encoding))
        assert (found.intervals["service_point_id"].to_pylist(), len(slots(found))) == (["Ä 7"], 1)

    @pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
    def test_none_is_guessed(self, encoding):
        assert refusal(self.DATA.encode(encoding), self.document()) == "mapping.column"

    def test_bytes_that_are_not_of_it_refuse_the_file(self):
        assert refusal(self.DATA.encode("utf-16-le") + b"x", self.document("utf-16-le")) == "encoding.invalid"

    def test_others_cannot_be_declared(self):
        with pytest.raises(InputRefusedError, match="encoding"):
            parse_mapping(self.document("utf-7"))

    def test_two_identifiers_whose_bytes_are_no_text_do_not_become_one(self):
        document = mapping("time: {column: at}", "interval_minutes: 60", point="{column: id}")
        found = read(b"id,at,kwh\n\xe4,2026-01-01 00:00,1\n\xf6,2026-01-01 00:00,2\n", document)
        assert codes(found) == [("2", "record.identifier", 1), ("3", "record.identifier", 1)]


class TestControls:
    ROWS = "at,kwh\n2026-01-01 00:00,1\n\n2026-01-01 01:00,2\nragged\n"

    def document(self, *more: str) -> str:
        return mapping("time: {column: at}", "interval_minutes: 60", *more)

    @pytest.mark.parametrize("control", ["rows: 3", "total: 3", "bytes: 53", "rows: 3, total: 3.0, bytes: 53"])
    def test_a_file_with_what_was_sent_is_whole(self, control):
        assert len(slots(read(self.ROWS, self.document(f"control: {{{control}}}")))) == 2

    @pytest.mark.parametrize(
        "control", ["rows: 0", "rows: 2", "rows: 4", "total: 3.001", "total: 2", "bytes: 52", "rows: 3, total: 4"]
    )
    def test_another_number_refuses_it(self, control):
        assert refusal(self.ROWS, self.document(f"control: {{{control}}}")) == "control.mismatch"

    @pytest.mark.parametrize(("control", "taken"), [("rows: 3", False), ("total: 3", True), ("bytes: 52", True)])
    def test_without_its_last_line_end_a_total_or_a_size_proves_a_file_whole(self, control, taken):
        document = self.document(f"control: {{{control}}}")
        if taken:
            assert len(slots(read(self.ROWS[:-1], document))) == 2
        else:
            assert refusal(self.ROWS[:-1], document) == "file.truncated"

    def test_without_a_control_a_last_line_without_end_refuses_it(self):
        assert refusal(self.ROWS[:-1], self.document()) == "file.truncated"

    TRAILER = "trailer: {begins: 'END,', rows_field: 2}"

    @pytest.mark.parametrize("end", ["END,3\n", "END,3", "END, 3 \n\n", '"END","3"\n'])
    def test_a_line_that_ends_the_file_counts_its_rows(self, end):
        found = read(self.ROWS + end, self.document(self.TRAILER))
        assert (len(slots(found)), codes(found)) == (2, [("5", "record.length", 1)])

    @pytest.mark.parametrize(
        ("end", "code"),
        [
            ("", "file.truncated"),
            ("EN", "file.truncated"),
            ("END,2\n", "control.mismatch"),
            ("END,\n", "control.mismatch"),
            ("END,x\n", "control.mismatch"),
            ("END,3\nEND,3\n", "control.mismatch"),
            ("END,3\n2026-01-01 02:00,1\n", "control.mismatch"),
        ],
    )
    def test_without_it_or_with_another_count_the_file_is_refused(self, end, code):
        assert refusal(self.ROWS + end, self.document(self.TRAILER)) == code

    @pytest.mark.parametrize("place", range(len("2026-01-01 01:00,2\nEND,2")))
    def test_a_file_cut_anywhere_is_never_taken_for_whole(self, place):
        data = "at,kwh\n2026-01-01 00:00,1\n" + "2026-01-01 01:00,2\nEND,2"[:place]
        assert refusal(data, self.document(self.TRAILER)) in {"file.truncated", "control.mismatch"}


class TestMappingsThatContradictThemselves:
    @pytest.mark.parametrize(
        ("lines", "where"),
        [
            (["time: {}"], "time"),
            (["time: {column: at, date_column: d}"], "time"),
            (["time: {column: at, time_column: d}"], "time"),
            (["time: {column: at, end_column: b, range: to}"], "time"),
            (["time: {column: at, end_column: b, label: end}"], "time"),
            (["time: {date_column: at, end_date_column: b}"], "time"),
            (["time: {column: at, date_format: hour of day}"], "time"),
            (["time: {column: at}", "interval_minutes: row"], "mapping"),
            (["time: {column: at}", "day: {first: a, last: b, minutes: 7}"], "day"),
            (["time: {column: at}", "day: {first: a, last: b, minutes: 60}"], "mapping"),
            (["time: {column: at}", "decimal: x"], "decimal"),
            (["time: {column: at}", "header: {within: 0}"], "header.within"),
            (["time: {column: at}", "header: {within: 1000}"], "header.within"),
            (["time: {column: at}", "control: {rows: -1}"], "control.rows"),
            (["time: {column: at}", "control: {}"], "control"),
            (["time: {column: at}", "control: {total: 1e3}"], "control.total"),
            (["time: {column: at}", "trailer: {begins: '', rows_field: 1}"], "trailer.begins"),
            (["time: {column: at}", "meter_id: {below: x}"], "mapping"),
        ],
    )
    def test_is_refused_with_its_place(self, lines, where):
        with pytest.raises(InputRefusedError) as refused:
            parse_mapping(mapping(*lines))
        assert (refused.value.code, f" {where}" in refused.value.message) == ("mapping.invalid", True)

    def test_average_power_cannot_have_a_unit_a_row(self):
        channel = "{column: v, channel: P, quantity: power, unit: {column: u}, average_power: true}"
        with pytest.raises(InputRefusedError, match="average_power"):
            parse_mapping(mapping("time: {column: at}", channels=[channel]))
