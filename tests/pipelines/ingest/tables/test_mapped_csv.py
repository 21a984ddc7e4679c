from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

CHANNEL = "{column: kwh, channel: E1, quantity: active_energy, direction: import, unit: kWh}"


def mapping(*channels: str, time: str = "{column: at}", point: str = "{from: file_name}", more: str = "") -> str:
    listed = "".join(f"- {channel}\n" for channel in channels or (CHANNEL,))
    return f"service_point_id: {point}\ntime: {time}\n{more}\nchannels:\n{listed}"


def table(*rows: str, header: str = "at,kwh") -> bytes:
    return "".join(row + "\n" for row in (header, *rows)).encode()


def hours(*values: str, start: str = "2026-01-01", offset: str = "Z") -> list[str]:
    first = datetime.fromisoformat(start)
    return [f"{first + timedelta(hours=n):%Y-%m-%dT%H:%M:%S}{offset},{value}" for n, value in enumerate(values)]


def read(data: bytes, document: str | None = None, *, piece_bytes: int = 2**21, **context: Any) -> Parsed:
    context = {"name": "P1.csv", "zone": "+00:00", "mapping": document or mapping()} | context
    (parsed,) = read_mapped_csv(io.BytesIO(data), ReadContext(**context), piece_bytes)
    PARSED_INTERVALS.check(parsed.intervals)
    PARSED_READS.check(parsed.reads)
    assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
    return parsed


def slots(parsed: Parsed) -> dict[datetime, Decimal | None]:
    """Start and value of every slot; None where it is missing."""
    found: dict[datetime, Decimal | None] = {}
    for row in parsed.intervals.to_pylist():
        values = row["values"] or row["values64"]
        for place, value in enumerate(values):
            missing = row["quality"] is not None and row["quality"][place] == Quality.MISSING
            start = row["start"] + timedelta(minutes=place * row["interval_minutes"])
            assert start not in found
            found[start] = None if missing else Decimal(value).scaleb(row["exponent"])
    return found


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return sorted((row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist())


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def outcome(call: Callable[[], object]) -> str | None:
    """The code with which ``call`` refuses its input; None where it takes it."""
    try:
        call()
    except InputRefusedError as refusal:
        return refusal.code
    return None


class TestWhoseValues:
    @pytest.mark.parametrize("name", ["P1.csv", "inbox/P1.csv", "P1.csv.gz", "P1.CSV.GZ", "P1"])
    def test_the_name_of_the_file_may_name_the_service_point(self, name):
        assert read(table(*hours("1", "2")), name=name).intervals["service_point_id"].to_pylist() == ["P1"]

    def test_the_mapping_may_name_service_point_and_meter(self):
        document = mapping(point="{value: '0012'}", more="meter_id: {value: off}")
        row = read(table(*hours("1", "2")), document).intervals.to_pylist()[0]
        assert (row["service_point_id"], row["meter_id"]) == ("0012", "off")

    def test_columns_may_name_them_row_by_row(self):
        document = mapping(point="{column: p}", more="meter_id: {column: m}")
        rows = [f"{point},{meter},{row}" for point, meter in (("A", "1"), ("B", "2")) for row in hours("1", "2")]
        found = read(table(*rows, header="p,m,at,kwh"), document).intervals.to_pylist()
        assert [(row["service_point_id"], row["meter_id"], row["values"]) for row in found] == [
            ("A", "1", [1000, 2000]),
            ("B", "2", [1000, 2000]),
        ]

    def test_a_value_whose_row_names_no_service_point_is_set_aside(self):
        rows = [",2026-01-01T00:00Z,1", "A,2026-01-01T00:00Z,1", "A,2026-01-01T01:00Z,1"]
        assert codes(read(table(*rows, header="p,at,kwh"), mapping(point="{column: p}"))) == [("2", "record.identifier", 1)]

    def test_each_channel_is_a_column(self):
        document = mapping(CHANNEL, "{column: back, channel: B1, quantity: active_energy, direction: export, unit: Wh}")
        found = read(table(*(row + ",7" for row in hours("1", "2")), header="at,kwh,back"), document).intervals.to_pylist()
        assert [(row["channel"], row["direction"], row["unit"], row["exponent"], row["values"]) for row in found] == [
            ("E1", "import", "kWh", -3, [1000, 2000]),
            ("B1", "export", "kWh", -3, [7, 7]),
        ]

    def test_a_column_without_a_unit_has_none(self):
        found = read(table(*hours("1", "2")), mapping("{column: kwh, channel: X, quantity: count}"))
        assert found.intervals["unit"].to_pylist() == [None]


class TestStamps:
    @pytest.mark.parametrize(
        ("stamp", "expected"),
        [
            ("2026-01-01T12:30:00Z", "2026-01-01T12:30"),
            ("2026-01-01T12:30:00+01:00", "2026-01-01T11:30"),
            ("2026-01-01T12:30:00-0330", "2026-01-01T16:00"),
            ("2026-01-01 12:30:00+00:00", "2026-01-01T12:30"),
            ("2026-01-01 12:30+02", "2026-01-01T10:30"),
            ("2026-01-01T12:30:00.000000000Z", "2026-01-01T12:30"),
            ("2026-01-01", "2026-01-01T00:00"),
            ("2024-02-29 23:59:00", "2024-02-29T23:59"),
        ],
    )
    def test_a_stamp_names_an_instant(self, stamp, expected):
        found = read(table(f"{stamp},1"), mapping(more="interval_minutes: 60"))
        assert list(slots(found)) == [at(expected)]

    @pytest.mark.parametrize(
        "stamp",
        [
            "2026-02-29T00:00Z",
            "2026-13-01T00:00Z",
            "2026-00-01",
            "2026-01-32",
            "2026-01-01T24:00Z",
            "2026-01-01T00:60Z",
            "2026-01-01T00:00:00.5Z",
            "01/02/2026 00:00",
            "2026-1-1",
            "2026-01-01T00:00+99:00",
            "1969-12-31",
            "2100-01-01",
            "x" * 60,
        ],
    )
    def test_a_value_at_no_time_is_set_aside(self, stamp):
        assert codes(read(table(f"{stamp},1", *hours("1", "2")))) == [("2", "time.invalid", 1)]

    def test_a_value_without_a_time_is_set_aside(self):
        assert codes(read(table(",1", *hours("1", "2")))) == [("2", "time.missing", 1)]

    @pytest.mark.parametrize(
        ("zone", "context", "expected", "clock"),
        [
            ("", {"zone": "+10:00"}, "2025-12-31T14:00", "+10:00"),
            (", zone: Europe/Berlin", {"zone": "+10:00"}, "2025-12-31T23:00", "Europe/Berlin"),
            (", zone: Europe/Berlin", {"clock": "-05:00"}, "2026-01-01T05:00", "-05:00"),
        ],
    )
    def test_a_local_time_is_read_by_the_clock_said_closest_to_the_file(self, zone, context, expected, clock):
        document = mapping(time=f"{{column: at{zone}}}", more="interval_minutes: 60")
        parsed = read(table("2026-01-01 00:00,1"), document, **context)
        assert (list(slots(parsed)), parsed.clock) == ([at(expected)], clock)

    def test_stamps_with_their_own_offset_need_no_clock(self):
        parsed = read(table(*hours("1", "2")))
        assert parsed.clock is None
        assert parsed.intervals["clock_offset_minutes"].to_pylist() == [None]

    @pytest.mark.parametrize(
        ("zone", "minutes"), [("Europe/Berlin", 60), ("Europe/Dublin", 0), ("Australia/Sydney", 600), ("America/St_Johns", -210)]
    )
    @pytest.mark.parametrize("month", ["01", "07"])
    def test_the_standard_time_of_a_zone_is_without_daylight_saving(self, zone, minutes, month):
        document = mapping(time=f"{{column: at, zone: {zone}}}", more="interval_minutes: 60")
        found = read(table(f"2026-{month}-10 12:00,1"), document)
        assert found.intervals["clock_offset_minutes"].to_pylist() == [minutes]

    def test_a_label_may_name_the_end(self):
        document = mapping(time="{column: at, label: end}", more="interval_minutes: 30")
        assert list(slots(read(table("2026-01-01T00:00Z,1"), document))) == [at("2025-12-31T23:30")]

    def test_rows_may_come_in_any_order(self):
        rows = hours("1", "2", "3")
        assert slots(read(table(*rows[::-1]))) == slots(read(table(*rows)))

    def test_a_run_ends_with_the_day_of_standard_time(self):
        document = mapping(time="{column: at, zone: Europe/Berlin}")
        found = read(table(*(f"2026-07-0{1 + n // 24} {n % 24:02d}:00,1" for n in range(48))), document).intervals
        assert [len(values) for values in found["values"].to_pylist()] == [1, 24, 23]


class TestDaylightSaving:
    def read_local(self, *rows: str, label: str = "start", minutes: int = 60) -> Parsed:
        document = mapping(time=f"{{column: at, label: {label}, zone: Europe/Berlin}}", more=f"interval_minutes: {minutes}")
        return read(table(*rows), document)

    def test_the_hour_that_comes_twice_is_two_hours(self):
        rows = [f"2026-10-25 {hour},{value}" for value, hour in enumerate(["01:00", "02:00", "02:00", "03:00"])]
        expected = {at("2026-10-24T23:00") + timedelta(hours=n): Decimal(n) for n in range(4)}
        assert slots(self.read_local(*rows)) == expected

    def test_it_is_so_in_a_file_that_runs_backward(self):
        rows = [f"2026-10-25 {hour},{value}" for value, hour in enumerate(["01:00", "02:00", "02:00", "03:00"])]
        assert slots(self.read_local(*rows[::-1])) == slots(self.read_local(*rows))

    def test_it_is_so_for_quarter_hours_labelled_at_their_end(self):
        first = at("2026-10-24T23:00")
        berlin = [2] * 8 + [1] * 4  # hours ahead of UTC at the end of each quarter, from 23:15 UTC on; 01:00 UTC is already 1
        berlin[7] = 1
        ends = [first + timedelta(minutes=15 * (n + 1)) for n in range(12)]
        rows = [
            f"{end + timedelta(hours=ahead):%Y-%m-%d %H:%M},{n}" for n, (end, ahead) in enumerate(zip(ends, berlin, strict=True))
        ]
        found = slots(self.read_local(*rows, label="end", minutes=15))
        assert found == {end - timedelta(minutes=15): Decimal(n) for n, end in enumerate(ends)}

    def test_the_hour_that_does_not_come_is_none_where_its_row_is_empty(self):
        found = self.read_local("2026-03-29 01:00,1", "2026-03-29 02:00,", "2026-03-29 03:00,3")
        assert slots(found) == {at("2026-03-29T00:00"): Decimal(1), at("2026-03-29T01:00"): Decimal(3)}
        assert codes(found) == []

    def test_a_value_in_the_hour_that_does_not_come_is_set_aside(self):
        found = self.read_local("2026-03-29 01:00,1", "2026-03-29 02:00,2", "2026-03-29 03:00,3")
        assert codes(found) == [("3", "time.invalid", 1)]
        assert len(slots(found)) == 2

    def test_the_moment_of_the_leap_ends_the_interval_before_it(self):
        found = self.read_local("2026-03-29 02:00,1", "2026-03-29 04:00,2", label="end")
        assert list(slots(found)) == [at("2026-03-29T00:00"), at("2026-03-29T01:00")]


class TestLengths:
    def test_the_distance_to_the_next_row_is_the_length(self):
        found = read(table("2026-01-01T00:00Z,1", "2026-01-01T00:15Z,2", "2026-01-01T00:45Z,3", "2026-01-01T01:45Z,"))
        assert [(row["interval_minutes"], row["values"]) for row in found.intervals.to_pylist()] == [
            (15, [1000]),
            (30, [2000]),
            (60, [3000]),
        ]
        assert codes(found) == []

    def test_the_last_row_of_an_even_series_has_its_length(self):
        assert len(slots(read(table(*hours("1", "2", "3"))))) == 3

    def test_the_last_value_of_an_uneven_series_is_set_aside(self):
        found = read(table("2026-01-01T00:00Z,1", "2026-01-01T00:15Z,2", "2026-01-01T00:45Z,3"))
        assert codes(found) == [("4", "interval.unknown", 1)]

    def test_labels_that_end_look_back(self):
        rows = ("2026-01-01T00:00Z,", "2026-01-01T00:15Z,1", "2026-01-01T00:45Z,2")
        found = read(table(*rows), mapping(time="{column: at, label: end}"))
        assert slots(found) == {at("2026-01-01T00:00"): Decimal(1), at("2026-01-01T00:15"): Decimal(2)}

    def test_each_service_point_has_its_own_distances(self):
        rows = [f"A,{row}" for row in hours("1", "2")] + ["B,2026-01-01T00:00Z,3", "B,2026-01-01T00:15Z,4"]
        found = read(table(*rows, header="p,at,kwh"), mapping(point="{column: p}")).intervals.to_pylist()
        assert [(row["service_point_id"], row["interval_minutes"]) for row in found] == [("A", 60), ("B", 15)]

    @pytest.mark.parametrize(
        ("minutes", "kind"), [(60, "slot"), (61, "period"), (59, "period"), (24 * 60, "period"), (7, "period"), (1, "slot")]
    )
    def test_a_length_that_is_no_part_of_a_day_up_to_an_hour_is_a_period(self, minutes, kind):
        found = read(table("2026-01-01T00:00Z,5.5"), mapping(more=f"interval_minutes: {minutes}"))
        if kind == "slot":
            assert (len(slots(found)), found.reads.num_rows) == (1, 0)
        else:
            (row,) = found.reads.to_pylist()
            assert (row["kind"], row["value"]) == ("period", Decimal("5.5"))
            assert row["read_at"] - row["period_from"] == timedelta(minutes=minutes)

    def test_a_period_without_a_value_is_nothing(self):
        found = read(table("2026-01-01T00:00Z,725.1", "2026-02-01T00:00Z,nan", "2026-03-03T00:00Z,"))
        assert [row["value"] for row in found.reads.to_pylist()] == [Decimal("725.1")]
        assert found.rows_read == 1


class TestValues:
    @pytest.mark.parametrize("cell", ["", "nan", "NaN", "Null", "NULL", "  "])
    def test_what_stands_for_nothing_is_missing_and_never_zero(self, cell):
        assert list(slots(read(table(*hours("1", cell, "3")))).values()) == [Decimal(1), None, Decimal(3)]

    @pytest.mark.parametrize("cell", [" 0.219 ", "0.219", "00.2190", ".219", "'0.219'"])
    def test_padding_is_no_part_of_a_value(self, cell):
        found = read(table(*hours("1", cell.replace("'", '"'), "3")))
        assert list(slots(found).values()) == [Decimal(1), Decimal("0.219"), Decimal(3)]

    def test_a_negative_value_is_a_value(self):
        assert list(slots(read(table(*hours("-1.5", "2")))).values()) == [Decimal("-1.5"), Decimal(2)]

    @pytest.mark.parametrize(
        ("cell", "code"),
        [
            ("1e3", "value.invalid"),
            ("1,5", "record.length"),
            ("kWh", "value.invalid"),
            ("٣", "value.invalid"),
            ("0.0000000001", "value.precision"),
            ("0.1709999999999", "value.precision"),
            ("9" * 17, "value.range"),
        ],
    )
    def test_what_is_no_exact_decimal_is_set_aside_alone(self, cell, code):
        found = read(table(*hours("1", cell, "3", "4")), mapping(more="interval_minutes: 60"))
        assert codes(found) == [("3", code, 1)]
        assert sorted(slots(found)) == [at(f"2026-01-01T0{n}:00") for n in (0, 2, 3)]

    def test_what_int32_cannot_hold_stands_in_values64(self):
        (row,) = read(table(*hours("4000000.5", "1"))).intervals.to_pylist()
        assert (row["values"], row["values64"]) == ([], [4_000_000_500, 1000])

    def test_two_bad_cells_of_a_row_are_one_rejection(self):
        document = mapping(CHANNEL, CHANNEL.replace("kwh,", "b,").replace("E1", "E2"))
        found = read(table("2026-01-01T00:00Z,x,y", "2026-01-01T01:00Z,1,2", header="at,kwh,b"), document)
        assert codes(found) == [("2", "value.invalid", 2)]


class TestAveragePower:
    def read_power(self, minutes: int, value: str) -> dict[str, Any]:
        document = mapping(CHANNEL.replace("kWh}", "kW, average_power: true}"), more=f"interval_minutes: {minutes}")
        return read(table(f"2026-01-01T00:00Z,{value}"), document).intervals.to_pylist()[0]

    @pytest.mark.parametrize(
        ("minutes", "value", "energy"), [(60, "1.5", "1.5"), (30, "0.393", "0.1965"), (15, "1.001", "0.25025"), (3, "1", "0.05")]
    )
    def test_it_becomes_energy_where_that_is_exact(self, minutes, value, energy):
        row = self.read_power(minutes, value)
        assert (row["quantity"], row["unit"]) == ("active_energy", "kWh")
        assert Decimal(row["values"][0]).scaleb(row["exponent"]) == Decimal(energy)

    @pytest.mark.parametrize("minutes", [5, 10, 20, 1])
    def test_it_stays_power_where_its_energy_does_not_end(self, minutes):
        row = self.read_power(minutes, "3")
        assert (row["quantity"], row["unit"], row["exponent"], row["values"]) == ("power", "kW", -3, [3000])


class TestIndexColumns:
    def test_a_cumulative_register_gives_index_reads(self):
        document = mapping("{column: kwh, channel: R, quantity: active_energy, direction: import, unit: kWh, kind: index}")
        found = read(table("2026-01-01T00:00Z,100.5", "2026-01-05T00:00Z,", "2026-02-01T00:00Z,250"), document).reads.to_pylist()
        assert [(row["kind"], row["read_at"], row["period_from"], row["value"]) for row in found] == [
            ("index", at("2026-01-01T00:00"), None, Decimal("100.5")),
            ("index", at("2026-02-01T00:00"), None, Decimal(250)),
        ]


class TestQualityAndVersion:
    QUALITY = "quality: {column: q, codes: {A: measured, E: delivered_estimate, X: missing}}"

    def read_flags(self, *flags: str, document: str = QUALITY) -> Parsed:
        rows = (f"{row},{flag}" for row, flag in zip(hours(*("1" * len(flags))), flags, strict=True))
        return read(table(*rows, header="at,kwh,q"), mapping(more=document))

    def test_codes_say_what_the_quality_is(self):
        (row,) = self.read_flags("A", "E", "X", "").intervals.to_pylist()
        assert row["quality"] == [Quality.MEASURED, Quality.DELIVERED_ESTIMATE, Quality.MISSING, Quality.MEASURED]
        assert row["native_qualities"] == ["A", "E", "X", ""]
        assert row["values"] == [1000, 1000, 0, 1000]

    def test_one_code_for_a_whole_run_stands_once(self):
        (row,) = self.read_flags("E", "E").intervals.to_pylist()
        assert (row["native_quality"], row["native_qualities"]) == ("E", None)

    def test_a_code_that_is_not_explained_sets_its_values_aside(self):
        assert codes(self.read_flags("A", "Z", "A")) == [("3", "quality.unknown", 1)]

    def test_without_codes_the_code_is_only_kept(self):
        (row,) = self.read_flags("Z", "Z", document="quality: {column: q}").intervals.to_pylist()
        assert (row["native_quality"], row["quality"]) == ("Z", None)

    def test_a_run_has_one_version(self):
        rows = (f"{row},2026-01-0{2 + n // 2}" for n, row in enumerate(hours("1", "2", "3", "4")))
        found = read(table(*rows, header="at,kwh,v"), mapping(more="version: {column: v}")).intervals
        assert found["version"].to_pylist() == [at("2026-01-02"), at("2026-01-03")]


class TestFiles:
    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(lambda d: d.replace(b"\n", b"\r\n"), id="CR LF"),
            pytest.param(lambda d: b"\xef\xbb\xbf" + d, id="byte order mark"),
            pytest.param(lambda d: b"\n\n" + d.replace(b"\n", b"\n\n"), id="blank lines"),
            pytest.param(lambda d: d.replace(b"kwh", b'" kwh "').replace(b",1\n", b',"1"\n'), id="quotes"),
            pytest.param(lambda d: d.replace(b",", b"   ,  "), id="padding"),
            pytest.param(lambda d: d.replace(b",", b"," + b" " * 50), id="wide padding"),
            pytest.param(lambda d: d + b" ", id="a blank end"),
        ],
    )
    def test_how_a_file_is_laid_out_changes_nothing(self, data):
        plain = table(*hours("1", "2", "3"))
        assert slots(read(data(plain))) == slots(read(plain))

    def test_a_quoted_field_may_hold_the_delimiter(self):
        rows = ['"Foo St, 1",2026-01-01T00:00Z,1', '"Foo ""St"", 1",2026-01-01T01:00Z,2']
        assert len(slots(read(table(*rows, header="place,at,kwh"), mapping(more="interval_minutes: 60")))) == 2

    def test_a_quoted_field_may_not_hold_a_line_end(self):
        rows = ['"Foo', 'St",2026-01-01T00:00Z,1', "Bar,2026-01-01T01:00Z,2"]
        assert codes(read(table(*rows, header="place,at,kwh"), mapping(more="interval_minutes: 60"))) == [
            ("2", "record.length", 1),
            ("3", "record.length", 1),
        ]

    def test_another_delimiter_may_be_named(self):
        data = table(*hours("1", "2")).replace(b",", b";")
        assert len(slots(read(data, mapping(more='delimiter: ";"')))) == 2

    def test_the_unnamed_column_has_the_empty_name(self):
        found = read(table(*hours("1", "2"), header=",kwh"), mapping(time='{column: ""}'))
        assert len(slots(found)) == 2

    @pytest.mark.parametrize("row", ["2026-01-01T05:00Z", "2026-01-01T05:00Z,1,2"])
    def test_a_row_of_another_length_is_set_aside(self, row):
        assert codes(read(table(row, *hours("1", "2")))) == [("2", "record.length", 1)]

    def test_records_are_named_by_line_and_member(self):
        found = read(table("", *hours("1", "x", "3")), mapping(more="interval_minutes: 60"), prefix="m.csv:")
        assert found.intervals["record"].to_pylist() == ["m.csv:3", "m.csv:5"]
        assert found.rejections["record"].to_pylist() == ["m.csv:4"]

    def test_a_rejection_shows_the_row(self):
        found = read(table(*hours("1", "x", "3")))
        assert found.rejections["raw"].to_pylist() == ["2026-01-01T01:00:00Z,x"]

    @pytest.mark.parametrize(
        ("data", "document", "code"),
        [
            pytest.param(b"", None, "file.empty", id="nothing"),
            pytest.param(b"\n\n", None, "file.empty", id="blank lines"),
            pytest.param(table(*hours("1", "2"))[:-1], None, "file.truncated", id="a last line without end"),
            pytest.param(table(header="at,kw"), None, "mapping.column", id="a column that is not there"),
            pytest.param(table(header="at,kwh,kwh"), None, "mapping.column", id="a column that is there twice"),
            pytest.param(table(), "a: 1", "mapping.invalid", id="no mapping"),
        ],
    )
    def test_a_file_that_cannot_be_followed_is_refused(self, data, document, code):
        with pytest.raises(InputRefusedError) as refusal:
            read(data, document)
        assert refusal.value.code == code

    def test_a_table_without_a_mapping_is_refused(self):
        with pytest.raises(InputRefusedError) as refusal:
            next(read_mapped_csv(io.BytesIO(table()), ReadContext("a.csv")))
        assert refusal.value.code == "mapping.missing"


class TestProperties:
    @given(st.lists(st.decimals(-(10**6), 10**6, places=5), min_size=2, max_size=60))
    def test_what_was_written_is_read(self, values):
        assert list(slots(read(table(*hours(*map(str, values))))).values()) == values

    @given(
        st.lists(st.sampled_from(["1", "x", "", "nan", "-2.5", "1,2", '"3"', " 4"]), min_size=1, max_size=30), st.integers(1, 300)
    )
    def test_the_size_of_pieces_does_not_matter(self, cells, piece_bytes):
        data = table(*hours(*cells))
        whole, pieces = read(data), read(data, piece_bytes=piece_bytes)
        assert (pieces.intervals, pieces.reads, pieces.rejections) == (whole.intervals, whole.reads, whole.rejections)

    @given(st.binary(max_size=300))
    def test_arbitrary_bytes_are_read_or_refused(self, data):
        assert outcome(lambda: read(table(*hours("1")) + data)) in {None, "file.truncated"}

    @given(st.text(max_size=300))
    def test_arbitrary_mappings_are_read_or_refused(self, document):
        assert outcome(lambda: read(table(*hours("1")), document or "x")) in {None, "mapping.invalid"}


class TestRealFiles:
    @pytest.mark.parametrize(
        ("name", "rows", "total", "periods"),
        [  # rows and sums as written down beside the files; the last row of the monthly and the daily file is empty
            ("il-electricity-cdd-hdd-hourly.csv.gz", 19417, "21927.13", 0),
            ("il-gas-hdd-only-hourly.csv.gz", 19417, "2426.82", 0),
            ("il-electricity-cdd-hdd-daily.csv.gz", 809, "21925.83", 809),
            ("il-electricity-cdd-hdd-billing_monthly.csv.gz", 26, "21290.17", 26),
        ],
    )
    def test_the_eemeter_samples_hold_what_is_known_of_them(self, reference_data, name, rows, total, periods):
        data = gzip.decompress((reference_data / "real_data" / "csv_eemeter" / name).read_bytes())
        found = read(data, (reference_data / "real_data" / "maps" / "eemeter.yaml").read_text("utf-8"), name=name)
        values = [value for value in slots(found).values() if value is not None] + found.reads["value"].to_pylist()
        assert (len(values), sum(values), found.reads.num_rows) == (rows, Decimal(total), periods)

    def test_a_load_file_has_as_many_values_as_lines(self, reference_data):
        data = (reference_data / "oracles" / "tariffs" / "loads" / "res_hourly_pv.csv").read_bytes()
        document = mapping(CHANNEL.replace("kwh", "import_kwh"), time="{column: interval_start}")
        assert len(slots(read(data, document))) == data.count(b"\n") - 1
