from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.formats import detect
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.events.reading import HEADER, JSON, ROW, read, rejected, table, warned
from tests.scenarios.stage import Stage

CODE_LIST = (
    b"255,,EVENTLOG_CLEARED\n1,,POWER_FAILURE\n80,DSMR,PV_VOLTAGE_SAG_L1\n80,SMR,OVER_VOLTAGE_L1\n0x8080,,MBUS_BATTERY_LOW\n"
)
NOON = datetime(2026, 1, 15, 11, tzinfo=UTC)


def row(**changes: str) -> str:
    names = HEADER.split(",")
    return ",".join((dict(zip(names, ROW.split(","), strict=True)) | changes)[name] for name in names)


class TestRows:
    def test_a_row_is_an_event(self):
        (event,) = read(table(ROW)).events.to_pylist()
        assert event == {
            "service_point_id": "SP1",
            "meter_id": "M1",
            "event_type": "sag",
            "started_at": NOON,
            "ended_at": NOON.replace(second=2),
            "magnitude": Decimal("195.5"),
            "unit": "V",
            "native_code": "80",
            "record": "2",
        }

    @pytest.mark.parametrize(
        ("companion", "expected"), [("dsmr4", "sag"), ("smr5", "over_voltage"), ("idis", "over_voltage"), ("is15959", "unknown")]
    )
    def test_the_companion_standard_says_what_a_code_means(self, companion, expected):
        parsed = read(table(row(companion=companion)))
        assert parsed.events["event_type"].to_pylist() == [expected]
        assert warned(parsed) == (["event.unknown"] if expected == "unknown" else [])

    @pytest.mark.parametrize(("companion", "code"), [("dsmr4", "9999"), ("dsmr9", "80"), ("", "80"), ("dsmr4", "PWR-FAIL")])
    def test_an_unknown_pair_is_kept_as_it_stands_and_never_guessed(self, companion, code):
        parsed = read(table(row(companion=companion, code=code)))
        (event,) = parsed.events.to_pylist()
        assert (event["event_type"], event["native_code"]) == ("unknown", code)
        assert f"{code} of the standard '{companion}'" in parsed.warnings[0].message

    def test_identifiers_keep_leading_zeros(self):
        (event,) = read(table(row(service_point_id="0012", meter_id="007"))).events.to_pylist()
        assert (event["service_point_id"], event["meter_id"]) == ("0012", "007")

    @pytest.mark.parametrize(
        ("magnitude", "unit", "expected"),
        [
            ("195.5", "V", (Decimal("195.5"), "V")),
            ("0.1955", "kV", (Decimal("195.5"), "V")),
            ("3", "count", (Decimal(3), "count")),
            ("-10", "%", (Decimal(-10), "%")),
            ("3", "", (Decimal(3), None)),
            ("", "V", (None, None)),
        ],
    )
    def test_a_size_is_in_the_unit_of_the_store_where_it_has_one(self, magnitude, unit, expected):
        (event,) = read(table(row(magnitude=magnitude, unit=unit))).events.to_pylist()
        assert (event["magnitude"], event["unit"]) == expected

    def test_columns_are_found_by_name_in_any_order(self):
        (event,) = read(
            table("80;2026-01-15T11:00:00Z;dsmr4;SP1", header="Code;Started_At;Companion;Service_Point_Id")
        ).events.to_pylist()
        assert (event["service_point_id"], event["meter_id"], event["started_at"], event["ended_at"]) == ("SP1", "", NOON, None)

    def test_a_column_nobody_reads_is_told(self):
        parsed = read(table(ROW + ",x", header=HEADER + ",remark"))
        assert (parsed.event_rows, warned(parsed)) == (1, ["column.unknown"])

    def test_quotes_are_undone(self):
        (event,) = read(table(row(service_point_id='"SP ""1"", north"'))).events.to_pylist()
        assert event["service_point_id"] == 'SP "1", north'


class TestTimes:
    @pytest.mark.parametrize(
        ("text", "context", "expected", "clock"),
        [
            ("2026-01-15T12:00:00+01:00", {}, NOON, None),
            ("2026-01-15T11:00:00Z", {"zone": "Europe/Berlin"}, NOON, None),
            ("2026-01-15 12:00:00", {"zone": "Europe/Berlin"}, NOON, "Europe/Berlin"),
            ("2026-01-15T12:00", {"zone": "Europe/Berlin", "clock": "+02:00"}, NOON.replace(hour=10), "+02:00"),
        ],
    )
    def test_a_time_without_an_offset_is_read_on_the_clock_of_the_store(self, text, context, expected, clock):
        parsed = read(table(row(started_at=text, ended_at="")), **context)
        assert (parsed.events["started_at"].to_pylist(), parsed.clock) == ([expected], clock)

    @pytest.mark.parametrize("text", ["2026-10-25T02:30:00", "2026-03-29T02:30:00"])
    def test_a_local_time_that_exists_twice_or_never_is_set_aside(self, text):
        assert rejected(read(table(row(started_at=text, ended_at="")), zone="Europe/Berlin")) == [("2", "time.invalid")]

    def test_an_event_that_ends_before_it_begins_is_set_aside(self):
        assert rejected(read(table(row(ended_at="2026-01-15T11:59:59+01:00")))) == [("2", "time.invalid")]
        assert rejected(read(table(row(ended_at="2026-01-15T12:00:00+01:00")))) == []


class TestJsonLines:
    def test_a_line_is_an_event(self):
        (event,) = read((JSON + "\n").encode()).events.to_pylist()
        assert (event["event_type"], event["native_code"], event["magnitude"], event["record"]) == (
            "sag",
            "80",
            Decimal("195.5"),
            "1",
        )

    def test_the_last_line_needs_no_end_when_it_is_whole(self):
        assert read((JSON + "\n" + JSON).encode()).event_rows == 2


class TestRecognition:
    @pytest.mark.parametrize(
        ("head", "expected"),
        [
            (table(ROW), "csv_events"),
            (b"\xef\xbb\xbf" + table(ROW), "csv_events"),
            (table(ROW, header=HEADER.upper()), "csv_events"),
            (CODE_LIST, "csv_events"),
            (JSON.encode(), "jsonl_events"),
        ],
    )
    @pytest.mark.parametrize("mapping", [None, "service_point_id: {from: file_name}"])
    def test_an_event_file_shows_what_it_is(self, head, expected, mapping):
        assert detect(head, "x", mapping) == expected

    @pytest.mark.parametrize(
        "head",
        [
            b"service_point_id,meter_id,channel,started_at,value\nSP1,M1,E1,2026-01-01,5\n",
            b"time,value\n1,2\n3,4\n5,6\n",
            b"1,,2\n3,,4\n5,,6\n",
            b"1,2,3\n1,2,3\n1,2,3\n",
        ],
    )
    def test_another_table_is_none(self, head):
        assert detect(head, "x", "a: b") == "csv"

    def test_a_list_of_codes_is_refused_by_its_own_code(self):
        with pytest.raises(InputRefusedError) as refusal:
            read(CODE_LIST)
        assert refusal.value.code == "format.code_list"


class TestStore:
    def test_events_are_rows_of_their_file_and_stand_in_the_view(self, tmp_path: Path):
        file = tmp_path / "events.csv"
        file.write_bytes(table(ROW, row(code="83", started_at="2026-01-15T13:00:00+01:00", ended_at=""), row(code="")))
        again = tmp_path / "again.csv"
        again.write_bytes(table(ROW))
        stage = Stage.at(tmp_path / "store")
        stage.run([file])
        report = stage.run([again])
        assert report.stored
        found = stage.query("SELECT name, format, status, rows_read, rows_accepted, rows_rejected FROM files ORDER BY name")
        assert [tuple(entry.values()) for entry in found] == [
            ("again.csv", "csv_events", "accepted", 1, 1, 0),
            ("events.csv", "csv_events", "partial", 3, 2, 1),
        ]
        events = stage.query("SELECT service_point_id, event_type, started_at, native_code FROM events ORDER BY started_at")
        assert [tuple(event.values()) for event in events] == [
            ("SP1", "sag", NOON, "80"),
            ("SP1", "swell", NOON.replace(hour=12), "83"),
        ]
        assert [entry["code"] for entry in stage.query("SELECT code FROM rejections")] == ["event.code"]

    def test_the_public_list_of_codes_is_no_delivery(self, tmp_path: Path, reference_data: Path):
        stage = Stage.at(tmp_path / "store")
        stage.run([reference_data / "real_data" / "events_pq" / "dsmr_event_types.csv"])
        assert [entry["code"] for entry in stage.query("SELECT code FROM rejections")] == ["format.code_list"]
        assert [entry["status"] for entry in stage.query("SELECT status FROM files")] == ["rejected"]
        assert stage.query("FROM events") == []


class TestAnyBytes:
    @given(st.data())
    def test_whatever_is_cut_changed_or_joined_every_row_is_accounted_for(self, data):
        whole = data.draw(st.sampled_from([table(ROW, ROW), (JSON + "\n" + JSON + "\n").encode(), CODE_LIST]))
        begin = data.draw(st.integers(0, len(whole)))
        end = data.draw(st.integers(begin, len(whole)))
        put = data.draw(st.binary(max_size=4) | st.sampled_from([b"\n", b'"', b",", b"\x00", b"\xff", b"{", b"}", b"1e999"]))
        mutated = data.draw(
            st.sampled_from([whole[begin:end], whole[:begin] + put + whole[end:], whole[:begin] + put + whole[begin:]])
        )
        known = {"file.empty", "file.truncated", "format.unknown", "format.code_list", "column.duplicate"}
        try:
            read(mutated)
        except InputRefusedError as refusal:
            assert refusal.code in known  # noqa: PT017 - most mutants are read
