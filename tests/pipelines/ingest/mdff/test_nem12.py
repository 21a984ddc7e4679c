from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.mdff import nem12
from pipelines.ingest.mdff.nem12 import read_nem12
from pipelines.ingest.mdff.nem12_days import Piece, Records
from pipelines.ingest.reader import Parsed
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.whole_files import read_whole

HEADER = "100,NEM12,202601021200,MDP1,RET1"
END = "900"
MIDNIGHT = datetime(2025, 12, 31, 14, tzinfo=UTC)  # 2026-01-01 00:00 at +10:00


def channel(
    nmi: str = "4000000001", suffix: str = "E1", unit: str = "KWH", minutes: int | str = 30, meter: str = "M1", tail: str = ","
) -> str:
    return f"200,{nmi},E1,1,{suffix},N1,{meter},{unit},{minutes}{tail}"


def day(
    values: Iterable[object] = ("0.5",) * 48,
    flag: str = "A",
    date: str = "20260101",
    reason: str = ",",
    tail: str = ",20260102101112,20260102111213",
) -> str:
    return f"300,{date},{','.join(map(str, values))},{flag},{reason}{tail}"


def text(*records: str) -> bytes:
    return "".join(record + "\n" for record in records).encode()


def read(data: bytes, piece_bytes: int = 2**21, **context: str) -> Parsed:
    """All pieces of a file as one."""
    return read_whole(read_nem12, data, name="a.csv", piece_bytes=piece_bytes, **context)


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    return sorted(parsed.intervals.to_pylist(), key=lambda row: int(row["record"]))


def only(*records: str, **context: str) -> dict[str, Any]:
    """The one row of a file that has one."""
    (row,) = rows(read(text(*records), **context))
    return row


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(r["record"], r["code"], r["rows"]) for r in parsed.rejections.to_pylist()]


def read_day(record: str, *ranges: str, unit: str = "KWH", minutes: int = 30) -> dict[str, Any]:
    return only(HEADER, channel(unit=unit, minutes=minutes), record, *ranges, END)


def outcome(call: Callable[[], object]) -> str | None:
    """The code with which ``call`` refuses its input; None where it takes it."""
    try:
        call()
    except InputRefusedError as refusal:
        return refusal.code
    return None


class TestWhatAChannelSays:
    def test_a_day_becomes_one_row(self):
        row = read_day(day())
        assert row["service_point_id"] == "4000000001"
        assert row["meter_id"] == "M1"
        assert (row["channel"], row["quantity"], row["direction"], row["unit"]) == ("E1", "active_energy", "import", "kWh")
        assert (row["exponent"], row["values"], row["values64"]) == (-3, [500] * 48, None)
        assert (row["quality"], row["native_quality"], row["native_qualities"]) == (None, "A", None)

    @pytest.mark.parametrize(
        ("suffix", "direction"),
        [("E1", "import"), ("B1", "export"), ("Q1", "import"), ("K1", "export"), ("T1", "none"), ("e2", "import")],
    )
    def test_the_suffix_gives_the_direction(self, suffix, direction):
        assert only(HEADER, channel(suffix=suffix), day(), END)["direction"] == direction

    def test_a_valid_checksum_digit_is_no_part_of_the_service_point(self):
        # AEMO's own pair: 2001985732 has the checksum 8
        assert only(HEADER, channel(nmi="20019857328"), day(), END)["service_point_id"] == "2001985732"

    def test_a_wrong_checksum_digit_stays_and_is_told(self):
        parsed = read(text(HEADER, channel(nmi="20019857329"), day(), END))
        assert rows(parsed)[0]["service_point_id"] == "20019857329"
        assert [warning.code for warning in parsed.warnings] == ["nmi.checksum"]

    def test_a_channel_without_a_meter_has_an_empty_one(self):
        assert only(HEADER, channel(meter=""), day(), END)["meter_id"] == ""

    def test_a_200_record_may_end_at_its_interval_length(self):
        assert only(HEADER, channel(tail=""), day(), END)["values"] == [500] * 48

    @pytest.mark.parametrize("minutes", [1, 5, 10, 15, 30, 60])
    def test_any_interval_length_that_divides_a_day_is_read(self, minutes):
        slots = 1440 // minutes
        row = read_day(day(range(slots)), minutes=minutes)
        assert row["interval_minutes"] == minutes
        assert row["values"] == [1000 * n for n in range(slots)]

    @pytest.mark.parametrize("minutes", [0, 7, 61, 120, "", "x", "-30", "30.0"])
    def test_another_interval_length_rejects_the_days_of_the_channel(self, minutes):
        parsed = read(text(HEADER, channel(minutes=minutes), day(), END))
        assert codes(parsed) == [("2", "record.channel", 0), ("3", "record.channel", 48)]

    def test_an_unknown_unit_rejects_the_days_of_the_channel_and_no_other(self):
        parsed = read(text(HEADER, channel(unit="furlong"), day(), channel(), day(), END))
        assert codes(parsed) == [("2", "unit.unknown", 0), ("3", "unit.unknown", 48)]
        assert [row["record"] for row in rows(parsed)] == ["5"]

    @pytest.mark.parametrize("record", [channel(nmi=""), channel(suffix=""), "200,4000000001,E1"])
    def test_a_200_record_without_its_names_rejects_its_days(self, record):
        assert {code for _, code, _ in codes(read(text(HEADER, record, day(), END)))} == {"record.channel"}

    @pytest.mark.parametrize("before", [(), (channel(), END), (channel(), HEADER)])
    def test_a_day_without_a_channel_is_rejected(self, before):
        parsed = read(text(HEADER, *before, day(), END))
        assert codes(parsed) == [(str(2 + len(before)), "record.channel", 48)]


class TestClockAndTime:
    @pytest.mark.parametrize(
        ("sender", "clock", "minutes"),
        [("MDP1", "+10:00", 600), ("WPNTKS", "+08:00", 480), ("WBAYM", "+08:00", 480), ("wbaym ", "+08:00", 480)],
    )
    def test_the_sender_decides_the_clock(self, sender, clock, minutes):
        parsed = read(text(f"100,NEM12,202601021200,{sender},RET1", channel(), day(), END))
        (row,) = rows(parsed)
        assert (parsed.clock, row["clock_offset_minutes"]) == (clock, minutes)
        assert row["start"] == datetime(2026, 1, 1, tzinfo=UTC) - timedelta(minutes=minutes)
        assert row["version"] == datetime(2026, 1, 2, 10, 11, 12, tzinfo=UTC) - timedelta(minutes=minutes)

    def test_a_clock_that_is_given_overrides_the_sender(self):
        row = only("100,NEM12,202601021200,WBAYM,RET1", channel(), day(), END, clock="+09:30")
        assert row["clock_offset_minutes"] == 570
        assert row["start"] == datetime(2025, 12, 31, 14, 30, tzinfo=UTC)

    def test_a_clock_that_is_none_is_refused(self):
        with pytest.raises(InputRefusedError, match="'Perth' is no clock"):
            read(text(HEADER), clock="Perth")

    def test_each_header_of_joined_files_has_its_own_clock(self):
        parsed = read(text(HEADER, channel(), day(), END, "100,NEM12,202601021200,WBAYM,RET1", channel(), day(), END))
        assert [row["clock_offset_minutes"] for row in rows(parsed)] == [600, 480]

    @pytest.mark.parametrize(
        ("tail", "version"),
        [
            pytest.param(",20260102101112,20260103000000", datetime(2026, 1, 2, 0, 11, 12, tzinfo=UTC), id="UpdateDateTime"),
            pytest.param(",,20260103000000", datetime(2026, 1, 2, 14, tzinfo=UTC), id="MSATSLoadDateTime without it"),
            pytest.param(",,", datetime(2026, 1, 2, 2, tzinfo=UTC), id="the 100 record's time without both"),
            pytest.param("", datetime(2026, 1, 2, 2, tzinfo=UTC), id="both left out"),
            pytest.param(",20260102101112", datetime(2026, 1, 2, 0, 11, 12, tzinfo=UTC), id="the last one left out"),
            pytest.param(",20260102", datetime(2026, 1, 1, 14, tzinfo=UTC), id="a date"),
            pytest.param(",202601021011", datetime(2026, 1, 2, 0, 11, tzinfo=UTC), id="to the minute"),
        ],
    )
    def test_the_version_is_when_the_sender_made_it(self, tail, version):
        assert read_day(day(tail=tail))["version"] == version

    def test_without_any_time_there_is_no_version(self):
        assert only("100,NEM12,,MDP1,RET1", channel(), day(tail=",,"), END)["version"] is None

    @pytest.mark.parametrize(
        "date",
        [
            "20260230",
            "20261301",
            "20260100",
            "20260001",
            "2026010",
            "202601011",
            "2026-1-1",
            "",
            "00000000",
            "20.60101",
            "18991231",
        ],
    )
    def test_a_date_that_does_not_exist_rejects_its_day(self, date):
        assert codes(read(text(HEADER, channel(), day(date=date), END))) == [("3", "time.invalid", 48)]

    @pytest.mark.parametrize("date", ["20240229", "20260228", "19000101", "29991231"])
    def test_a_date_that_exists_is_read(self, date):
        expected = datetime.strptime(date, "%Y%m%d").replace(tzinfo=UTC) - timedelta(hours=10)
        assert read_day(day(date=date))["start"] == expected

    @pytest.mark.parametrize("time", ["20260102240000", "20260102006000", "20260102000060", "2026010210111", "yesterday"])
    def test_an_update_time_that_does_not_exist_rejects_its_day(self, time):
        assert codes(read(text(HEADER, channel(), day(tail=f",{time},"), END))) == [("3", "time.invalid", 48)]

    def test_days_may_come_in_any_order(self):
        parsed = read(text(HEADER, channel(), *(day(date=f"202601{n:02d}") for n in (3, 1, 2)), END))
        assert [row["start"].day for row in rows(parsed)] == [2, 31, 1]


class TestValues:
    def values(self, cell: str, unit: str = "KWH") -> tuple[int, int]:
        """Exponent and first value of a day whose first slot is ``cell``."""
        row = read_day(day([cell, *["0"] * 47]), unit=unit)
        return row["exponent"], (row["values"] or row["values64"])[0]

    @pytest.mark.parametrize(
        ("cell", "expected"),
        [
            ("0", (-3, 0)),
            ("1.234", (-3, 1234)),
            ("1.2340000", (-3, 1234)),
            ("1.2345", (-4, 12345)),
            ("0.123456789", (-9, 123456789)),
            (".5", (-3, 500)),
            ("5.", (-3, 5000)),
            ("-1.5", (-3, -1500)),
            ("-.0015", (-4, -15)),
            ("000950.0", (-3, 950000)),
            ("0.1230000000000000000", (-3, 123)),
            ("2147483.647", (-3, 2**31 - 1)),
        ],
    )
    def test_a_value_is_kept_exactly(self, cell, expected):
        assert self.values(cell) == expected

    @pytest.mark.parametrize(
        ("unit", "cell", "expected"),
        [
            ("WH", "1234", (-3, 1234)),
            ("wh", "1.5", (-4, 15)),
            ("MWh", "1.5", (-3, 1_500_000)),
            ("kvarh", "1", (-3, 1000)),
            ("VARH", "7", (-3, 7)),
        ],
    )
    def test_a_unit_changes_the_exponent_alone(self, unit, cell, expected):
        assert self.values(cell, unit) == expected

    @pytest.mark.parametrize("cell", ["2147483.648", "-2147483.648", "999999999999"])
    def test_what_int32_cannot_hold_stands_in_values64(self, cell):
        row = read_day(day([cell, *["0"] * 47]))
        assert row["values"] == []
        assert Decimal(row["values64"][0]).scaleb(-3) == Decimal(cell)

    def test_wide_and_narrow_rows_stand_side_by_side(self):
        parsed = read(text(HEADER, channel(), day(), day(["999999999999"] * 48, date="20260102"), day(date="20260103"), END))
        assert [len(row["values"]) for row in rows(parsed)] == [48, 0, 48]
        assert [row["values64"] and len(row["values64"]) for row in rows(parsed)] == [None, 48, None]

    @pytest.mark.parametrize("cell", ["nan", "1e5", "١", "1,5 ", "--1", "+1", "1.2.3", ".", "-", "inf", "0x1", "1_000", "1 000"])  # noqa: RUF001
    def test_what_is_no_decimal_number_rejects_its_day(self, cell):
        record = day([cell.replace(",", ";"), *["0"] * 47])
        assert codes(read(text(HEADER, channel(), record, day(date="20260102"), END))) == [("3", "value.invalid", 48)]

    @pytest.mark.parametrize(("unit", "cell"), [("KWH", "0.1234567891"), ("WH", "0.1234567"), ("KWH", "0.00000000000000001")])
    def test_a_value_finer_than_nine_decimals_rejects_its_day(self, unit, cell):
        assert codes(read(text(HEADER, channel(unit=unit), day([cell, *["0"] * 47]), END))) == [("3", "value.precision", 48)]

    @pytest.mark.parametrize(("unit", "cell"), [("KWH", "0.123456789"), ("WH", "0.123456"), ("MWH", "0.123456789012")])
    def test_nine_decimals_in_the_unit_of_the_store_are_kept(self, unit, cell):
        assert self.values(cell, unit)[0] == -9

    @pytest.mark.parametrize(("cell", "fits"), [(str(2**63 // 1000), True), (str(2**63), False), ("9" * 60, False)])
    def test_what_64_bits_cannot_hold_rejects_its_day(self, cell, fits):
        parsed = read(text(HEADER, channel(), day([cell, *["0"] * 47]), END))
        assert [code for _, code, _ in codes(parsed)] == ([] if fits else ["value.range"])

    def test_an_empty_cell_is_missing_and_never_zero(self):
        parsed = read(text(HEADER, channel(), day(["", *["0.5"] * 47]), END))
        (row,) = rows(parsed)
        assert row["quality"] == [Quality.MISSING, *[Quality.MEASURED] * 47]
        assert row["values"][0] == 0
        assert [warning.code for warning in parsed.warnings] == ["value.missing"]


class TestQuality:
    @pytest.mark.parametrize(
        ("flag", "quality"),
        [
            ("E52", Quality.DELIVERED_ESTIMATE),
            ("S14", Quality.SUBSTITUTED),
            ("F14", Quality.FINAL_SUBSTITUTED),
            ("N", Quality.MISSING),
        ],
    )
    def test_a_flag_is_the_quality_of_every_slot(self, flag, quality):
        row = read_day(day(flag=flag))
        assert row["quality"] == [quality] * 48
        assert row["native_quality"] == flag

    @pytest.mark.parametrize("cell", ["7.5", "", "none", "-1"])
    def test_null_data_has_no_value_whatever_the_cell_says(self, cell):
        parsed = read(text(HEADER, channel(), day([cell] * 48, flag="N"), END))
        (row,) = rows(parsed)
        assert (row["values"], row["quality"]) == ([0] * 48, [Quality.MISSING] * 48)
        assert parsed.warnings == ()

    @pytest.mark.parametrize("flag", ["", "X", "A1234", "a", "AA"])
    def test_an_unknown_flag_rejects_its_day(self, flag):
        assert codes(read(text(HEADER, channel(), day(flag=flag), END))) == [("3", "quality.unknown", 48)]

    @pytest.mark.parametrize(
        ("reason", "expected"),
        [(",", None), ("79,", "79"), ("79,Power Outage", "79 Power Outage"), (",Free text", "Free text")],
    )
    def test_reason_code_and_text_are_kept(self, reason, expected):
        assert read_day(day(flag="S14", reason=reason))["native_reason"] == expected

    def test_v_takes_the_flags_of_its_ranges(self):
        row = read_day(day(flag="V"), "400,1,20,F14,76,Late", "400,21,24,A,,", "400,25,48,S14,76,Late")
        assert row["native_quality"] is None
        assert row["native_qualities"] == ["F14"] * 20 + ["A"] * 4 + ["S14"] * 24
        assert row["quality"] == [Quality.FINAL_SUBSTITUTED] * 20 + [Quality.MEASURED] * 4 + [Quality.SUBSTITUTED] * 24
        assert row["native_reason"] == "76 Late"

    def test_ranges_may_come_in_any_order(self):
        row = read_day(day(flag="V"), "400,31,48,A,,", "400,30,30,S14,79,", "400,1,29,A,,")
        assert row["native_qualities"] == ["A"] * 29 + ["S14"] + ["A"] * 18

    def test_ranges_of_one_flag_are_one_flag(self):
        row = read_day(day(flag="V"), "400,1,24,A,,", "400,25,48,A,,")
        assert (row["native_quality"], row["native_qualities"], row["quality"]) == ("A", None, None)

    def test_a_range_of_null_data_has_no_value(self):
        row = read_day(day(["nonsense", *["0.5"] * 47], flag="V"), "400,1,1,N,,", "400,2,48,A,,")
        assert row["values"] == [0] + [500] * 47
        assert row["quality"] == [Quality.MISSING] + [Quality.MEASURED] * 47

    @pytest.mark.parametrize(
        "ranges",
        [
            pytest.param((), id="none"),
            pytest.param(("400,1,47,A,,",), id="the last slot is left out"),
            pytest.param(("400,2,48,A,,",), id="the first slot is left out"),
            pytest.param(("400,1,20,A,,", "400,22,48,A,,"), id="a gap"),
            pytest.param(("400,1,20,A,,", "400,20,48,A,,"), id="an overlap"),
            pytest.param(("400,1,49,A,,",), id="beyond the day"),
            pytest.param(("400,0,48,A,,",), id="before the day"),
            pytest.param(("400,1,48,V,,",), id="V again"),
            pytest.param(("400,1,48,,,",), id="no flag"),
            pytest.param(("400,1,x,A,,",), id="no number"),
            pytest.param(("400",), id="nothing at all"),
        ],
    )
    def test_ranges_that_do_not_give_each_slot_one_flag_reject_their_day(self, ranges):
        parsed = read(text(HEADER, channel(), day(flag="V"), *ranges, day(date="20260102"), END))
        assert codes(parsed) == [("3", "quality.ranges", 48)]
        assert len(rows(parsed)) == 1

    def test_ranges_after_another_flag_hold_for_their_slots_and_are_told(self):
        # Seen in the wild: the sample of aemo-mdff-reader, whose readers apply the range.
        parsed = read(text(HEADER, channel(), day(), "400,1,5,S14,1,Opening", END))
        (row,) = rows(parsed)
        assert row["native_qualities"] == ["S14"] * 5 + ["A"] * 43
        assert [warning.code for warning in parsed.warnings] == ["quality.ranges"]

    def test_a_range_without_a_day_is_told(self):
        assert codes(read(text(HEADER, channel(), "400,1,48,A,,", day(), END))) == [("3", "quality.ranges", 0)]


class TestLength:
    @pytest.mark.parametrize("slots", [0, 1, 44, 46, 47, 49, 50, 96])
    def test_a_wrong_number_of_values_rejects_that_day_alone(self, slots):
        data = text(HEADER, channel(), day(), day(["1"] * slots, date="20260102"), day(date="20260103"), END)
        parsed = read(data)
        assert codes(parsed) == [("4", "record.length", 48)]
        assert [row["record"] for row in rows(parsed)] == ["3", "5"]

    def test_its_ranges_go_with_it_and_its_index_read_stands(self):
        records = (day(["1"] * 47, flag="V"), "400,1,48,A,,", "500,N,,20260102101112,950.5")
        parsed = read(text(HEADER, channel(), *records, day(date="20260102"), END))
        assert codes(parsed) == [("3", "record.length", 48)]
        assert parsed.reads["value"].to_pylist() == [Decimal("950.5")]
        assert len(rows(parsed)) == 1

    def test_a_day_broken_by_a_line_end_counts_once_and_costs_nothing_after_it(self):
        broken = day()
        parsed = read(text(HEADER, channel(), broken[:20], broken[20:], day(date="20260102"), END))
        assert codes(parsed) == [("3", "record.length", 48), ("4", "record.unknown", 0)]
        assert [row["record"] for row in rows(parsed)] == ["5"]

    @pytest.mark.parametrize("commas", [1, 5, 20])
    def test_commas_that_end_a_line_are_nothing(self, commas):
        padded = [record + "," * commas for record in (HEADER, channel(), day(), END)]
        assert only(*padded)["values"] == [500] * 48

    def test_something_after_the_last_field_is_too_much(self):
        assert codes(read(text(HEADER, channel(), day() + ",,x", END))) == [("3", "record.length", 48)]


class TestIndexReads:
    @pytest.mark.parametrize(
        ("when", "read_at"),
        [("20260102101112", datetime(2026, 1, 2, 0, 11, 12, tzinfo=UTC)), ("20260102", datetime(2026, 1, 1, 14, tzinfo=UTC))],
    )
    def test_an_index_read_is_a_read_of_the_channel(self, when, read_at):
        parsed = read(text(HEADER, channel(unit="WH"), day(), f"500,N,SO1,{when},000950.5", END))
        (found,) = parsed.reads.to_pylist()
        assert found["read_at"] == read_at
        assert found["value"] == Decimal("0.9505")
        assert (found["kind"], found["channel"], found["unit"], found["quality"]) == ("index", "E1", "kWh", "measured")

    def test_a_transaction_without_an_index_is_no_row(self):
        parsed = read(text(HEADER, channel(), day(), "500,S,RETNSRVCEORD1,20260102101112,", "500,O,", END))
        assert (parsed.reads.num_rows, parsed.rows_read) == (0, 48)

    @pytest.mark.parametrize(
        ("record", "code"),
        [
            ("500,N,,,950", "time.missing"),
            ("500,N,,20260230,950", "time.invalid"),
            ("500,N,,20260101,95O", "value.invalid"),
            ("500,N,,20260101,1.0000000001", "value.precision"),
            ("500,N,,20260101," + "9" * 40, "value.range"),
        ],
    )
    def test_a_bad_index_read_is_rejected_alone(self, record, code):
        assert codes(read(text(HEADER, channel(), day(), record, END))) == [("4", code, 1)]

    def test_an_index_read_without_a_channel_is_rejected(self):
        assert codes(read(text(HEADER, "500,N,,20260101,950", END))) == [("2", "record.channel", 1)]


class TestFiles:
    def test_a_file_without_a_header_is_read_and_told(self):
        parsed = read(text(channel(), day(), END))
        assert [warning.code for warning in parsed.warnings] == ["header.missing"]
        assert rows(parsed)[0]["start"] == MIDNIGHT

    def test_a_file_without_an_end_record_is_read_and_told(self):
        parsed = read(text(HEADER, channel(), day()))
        assert [warning.code for warning in parsed.warnings] == ["trailer.missing"]
        assert len(rows(parsed)) == 1

    @pytest.mark.parametrize(
        "data",
        [
            pytest.param(lambda d: d.replace(b"\n", b"\r\n"), id="CR LF"),
            pytest.param(lambda d: b"\xef\xbb\xbf" + d, id="byte order mark"),
            pytest.param(lambda d: d.replace(b"\n", b"\n\n  \n,,,\n"), id="blank lines"),
            pytest.param(lambda d: d.replace(b",", b" , "), id="padded fields"),
            pytest.param(lambda d: d.removesuffix(b"\n"), id="no line end after 900"),
            pytest.param(lambda d: d + b"\x1a", id="a DOS end mark"),
            pytest.param(lambda d: d + d, id="the same file twice"),
        ],
    )
    def test_how_a_file_is_laid_out_changes_nothing(self, data):
        plain = text(HEADER, channel(), day(flag="V"), "400,1,48,E52,,", day(date="20260102"), "500,N,,20260102,5", END)
        found = read(data(plain))
        keep = ("start", "values", "quality", "native_quality", "version")
        kept = {tuple(map(str, (row[name] for name in keep))) for row in rows(found)}
        assert kept == {tuple(map(str, (row[name] for name in keep))) for row in rows(read(plain))}
        assert codes(found) == []
        assert found.reads.num_rows in {1, 2}

    def test_a_record_is_named_by_its_line_in_the_file_and_its_member(self):
        parsed = read(text(HEADER, "", channel(), day(), "junk", END), prefix="m.csv:")
        assert parsed.intervals["record"].to_pylist() == ["m.csv:4"]
        assert parsed.rejections["record"].to_pylist() == ["m.csv:5"]

    def test_an_unknown_record_is_rejected_with_its_beginning(self):
        parsed = read(text(HEADER, channel(), day(), "600," + "x" * 300, END))
        assert codes(parsed) == [("4", "record.unknown", 1)]
        assert parsed.rejections["raw"].to_pylist() == ["600," + "x" * 196]

    @pytest.mark.parametrize("cut", [1, 30, 200])
    def test_a_file_cut_in_a_day_keeps_what_comes_before(self, cut):
        parsed = read(text(HEADER, channel(), day(), day(date="20260102"))[:-cut])
        assert codes(parsed) == [("4", "file.truncated", 48)]
        assert [row["record"] for row in rows(parsed)] == ["3"]

    def test_a_file_cut_in_a_range_loses_its_day(self):
        parsed = read(text(HEADER, channel(), day(), day(flag="V"), "400,1,24,A,,", "400,25,48,A,,")[:-6])
        assert codes(parsed) == [("4", "file.truncated", 48)]
        assert [row["record"] for row in rows(parsed)] == ["3"]

    def test_a_file_cut_in_another_record_counts_one(self):
        assert codes(read(text(HEADER, channel(), day(), channel())[:-10])) == [("4", "file.truncated", 1)]

    @pytest.mark.parametrize(
        ("data", "code"), [(b"", "file.empty"), (b"\n\n", "format.unknown"), (b"a,b\n1,2\n", "format.unknown")]
    )
    def test_a_file_that_is_none_is_refused(self, data, code):
        with pytest.raises(InputRefusedError) as refusal:
            read(data)
        assert refusal.value.code == code

    def test_a_line_without_end_is_refused_before_it_fills_the_memory(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(b"100,NEM12,,,\n" + b"x" * (65 * 2**20), 2**24)
        assert refusal.value.code == "record.size"


FLAGS = st.sampled_from(["A", "A", "A", "E52", "S14", "F76", "N", "V", "X", ""])
CELLS = st.one_of(
    st.decimals(min_value=-10, max_value=10**7, places=3).map(str),
    st.sampled_from(
        ["0", "1.5", ".25", "7.", "", "", "0.000001", "123456789.123", "nan", "1e3", " 4 ", "-2", "0.1230", "9" * 20]
    ),
)


@st.composite
def messy_days(draw: st.DrawFn) -> list[str]:
    """A 300 record with what may follow it, plain, odd or wrong."""
    minutes = draw(st.sampled_from([60, 60, 60, 30]))
    kind = draw(st.sampled_from(["plain", "plain", "messy"]))
    cells = st.decimals(min_value=0, max_value=99, places=3).map(str) if kind == "plain" else CELLS
    values = draw(st.lists(cells, min_size=1440 // minutes, max_size=1440 // minutes))
    if kind == "messy" and draw(st.booleans()):
        values = values[: draw(st.integers(0, len(values)))]
    date = draw(st.sampled_from(["20260101", "20260102", "20260229", "2026011"]))
    tail = draw(
        st.sampled_from(["", ",", ",20260102101112", ",20260102101112,20260103000000", ",,,,,", ",bad", ",20260102101112,,x"])
    )
    flag = draw(FLAGS)
    ranges = draw(st.sampled_from([[], [], ["400,1,12,A,,", "400,13,24,S14,9,Why"], ["400,1,24,E52,,"], ["400,2,24,A,,"]]))
    after = draw(st.sampled_from([[], ["500,N,,20260102,5.5"], ["500,N,,,x"], ["junk"], [""], ["900"], ["200,X,,,E1,,,KWH,60,"]]))
    return [day(values, flag, date, draw(st.sampled_from([",", "79,Power outage"])), tail), *ranges, *after]


MESSY_FILES = st.lists(messy_days(), min_size=1, max_size=6).map(
    lambda parts: text(HEADER, channel(minutes=60), *(record for part in parts for record in part), END)
)


def canonical(parsed: Parsed) -> tuple[list[str], ...]:
    """Everything a file gave, in no order."""
    tables = (parsed.intervals, parsed.reads, parsed.rejections)
    return (*(sorted(map(str, table.to_pylist())) for table in tables), sorted(warning.code for warning in parsed.warnings))


class TestProperties:
    @given(
        st.lists(
            st.tuples(st.integers(0, 3000), st.lists(st.decimals(0, 10**6, places=4), min_size=48, max_size=48)),
            min_size=1,
            max_size=4,
            unique_by=lambda pair: pair[0],
        )
    )
    def test_what_was_written_is_read(self, days):
        first = datetime(2020, 1, 1, tzinfo=UTC)
        written = {first + timedelta(days=number, hours=-10): values for number, values in days}
        records = [day(values, date=f"{start + timedelta(hours=10):%Y%m%d}") for start, values in written.items()]
        found = rows(read(text(HEADER, channel(), *records, END)))
        assert {
            row["start"]: [Decimal(v).scaleb(row["exponent"]) for v in row["values"] or row["values64"]] for row in found
        } == written

    @given(MESSY_FILES)
    def test_days_read_together_are_as_if_read_alone(self, data):
        together = read(data)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(nem12, "read_days", _none_plain)
            alone = read(data)
        assert canonical(together) == canonical(alone)

    @given(MESSY_FILES, st.integers(1, 900))
    def test_the_size_of_pieces_does_not_matter(self, data, piece_bytes):
        assert canonical(read(data, piece_bytes)) == canonical(read(data))

    @given(st.binary(max_size=300), st.integers(1, 50))
    def test_arbitrary_bytes_are_read_or_refused(self, data, piece_bytes):
        assert outcome(lambda: read(data, piece_bytes)) in {None, "file.empty", "format.unknown"}

    @given(MESSY_FILES, st.data())
    def test_a_damaged_file_is_read_or_refused(self, data, draw):
        damaged = bytearray(data)
        for _ in range(draw.draw(st.integers(1, 4))):
            damaged[draw.draw(st.integers(0, len(damaged) - 1))] = draw.draw(st.integers(0, 255))
        cut = draw.draw(st.integers(0, len(damaged)))
        assert outcome(lambda: read(bytes(damaged[:cut]))) in {None, "file.empty", "format.unknown"}


def _none_plain(_piece: Piece, records: Records) -> tuple[Sequence[Any], np.ndarray]:
    return [], records.line
