from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.d0010 import MOST_LINE_BYTES, read_d0010
from pipelines.ingest.formats import detect
from pipelines.ingest.reader import Parsed
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.d0010_flows import HEADER, METER, POINT, READING, SAMPLE, flow
from tests.pipelines.ingest.whole_files import read_whole


def read(data: bytes, **context: str) -> Parsed:
    return read_whole(read_d0010, data, name="a.uff", **context)


def codes(parsed: Parsed) -> list[tuple[str, str]]:
    return [(row["record"], row["code"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    return [warning.code for warning in parsed.warnings]


class TestAReading:
    def test_is_an_index_of_its_register(self):
        (row,) = read(flow(POINT, METER, READING)).reads.to_pylist()
        assert row == {
            "service_point_id": "1012345678907",
            "meter_id": "A12B 00345",
            "channel": "S",
            "quantity": "unknown",
            "direction": "none",
            "unit": None,
            "read_at": datetime(2026, 1, 5, tzinfo=UTC),
            "period_from": None,
            "value": Decimal("12345.6"),
            "quality": "measured",
            "native_quality": "R|T|N",
            "kind": "index",
            "version": datetime(2026, 1, 5, 9, 15, tzinfo=UTC),
            "record": "4",
        }

    def test_registers_meters_and_points_are_told_apart(self):
        second = ["026|0012345678907|V|", "028|00042|R|", READING.replace("|S|", "|DY|"), READING.replace("|S|", "|NT|")]
        third = ["028|00043|R|", READING.replace("|S|", "|01|")]
        parsed = read(flow(POINT, METER, READING, *second, *third))
        found = [(row["service_point_id"], row["meter_id"], row["channel"]) for row in parsed.reads.to_pylist()]
        assert found == [
            ("1012345678907", "A12B 00345", "S"),
            ("0012345678907", "00042", "DY"),
            ("0012345678907", "00042", "NT"),
            ("0012345678907", "00043", "01"),
        ]
        assert warned(parsed) == []

    def test_padding_and_further_fields_do_not_matter(self):
        padded = flow(POINT + " | |", " 028 | A12B 00345 |R| | |", READING + " | |", header=HEADER + " | |")
        assert read(padded).reads.equals(read(flow(POINT, METER, READING)).reads)

    def test_windows_line_ends_and_a_byte_order_mark_do_not_matter(self):
        data = flow(POINT, METER, READING)
        assert read(b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")).reads.equals(read(data).reads)

    @pytest.mark.parametrize(
        ("context", "stamp", "instant"),
        [
            ({}, "20260705000000", (2026, 7, 5)),
            ({"zone": "Europe/London"}, "20260705000000", (2026, 7, 4, 23)),
            ({"zone": "Europe/London"}, "20260105133015", (2026, 1, 5, 13, 30, 15)),
            ({"zone": "Europe/London", "clock": "+00:00"}, "20260705000000", (2026, 7, 5)),
        ],
    )
    def test_is_timed_by_the_stores_clock_or_the_one_a_person_gave(self, context, stamp, instant):
        parsed = read(flow(POINT, METER, READING.replace("20260105000000", stamp)), **context)
        assert parsed.reads["read_at"].to_pylist() == [datetime(*instant, tzinfo=UTC)]
        assert parsed.clock == context.get("clock", context.get("zone", "+00:00"))

    @pytest.mark.parametrize(
        "stamp", ["", "20260105", "20260230000000", "20260105240000", "20260329013000", "20261025013000", "2026-01-05 00:00"]
    )
    def test_without_a_time_that_exists_once_is_rejected(self, stamp):
        parsed = read(flow(POINT, METER, READING.replace("20260105000000", stamp)), zone="Europe/London")
        assert codes(parsed) == [("4", "time.invalid")]

    @pytest.mark.parametrize("value", ["", "-1.0", "1,5", "1e5", "NaN", "12 345"])
    def test_that_is_no_number_is_rejected(self, value):
        assert codes(read(flow(POINT, METER, READING.replace("12345.6", value)))) == [("4", "value.invalid")]

    def test_a_zero_is_a_reading(self):
        assert read(flow(POINT, METER, READING.replace("12345.6", "0.0"))).reads["value"].to_pylist() == [Decimal(0)]

    @pytest.mark.parametrize(
        ("records", "code"),
        [
            ([METER, READING], "record.identifier"),
            ([POINT, READING], "record.identifier"),
            (["026||V|", METER, READING], "record.identifier"),
            ([POINT, METER, POINT, READING], "record.identifier"),
            ([POINT, METER, "030||20260105000000|1.0|||T|N|"], "record.channel"),
        ],
        ids=["no point", "no meter", "an empty point", "a new point has no meter yet", "no register"],
    )
    def test_that_names_not_all_it_belongs_to_is_rejected(self, records, code):
        assert codes(read(flow(*records))) == [(str(len(records) + 1), code)]


class TestQuality:
    @pytest.mark.parametrize(
        ("kind", "quality"),
        [(letter, "measured") for letter in "ACFIMPRSZ"]
        + [(letter, "estimated") for letter in "DO"]
        + [("Q", "substituted")]
        + [(letter, "unverified") for letter in "TUVXY"],
    )
    def test_the_type_of_the_reading_decides(self, kind, quality):
        parsed = read(flow(POINT, METER.replace("|R|", f"|{kind}|"), READING))
        assert parsed.reads["quality"].to_pylist() == [quality]
        assert parsed.reads["native_quality"].to_pylist() == [f"{kind}|T|N"]
        assert warned(parsed) == []

    @pytest.mark.parametrize("kind", ["", "9"])
    def test_a_type_that_nobody_knows_is_unverified_and_said(self, kind):
        parsed = read(flow(POINT, METER.replace("|R|", f"|{kind}|"), READING))
        assert (parsed.reads["quality"].to_pylist(), warned(parsed)) == (["unverified"], ["quality.unknown"])

    @pytest.mark.parametrize("point", ["026|1012345678907|U|", "026|1012345678907||"])
    def test_what_nobody_validated_is_not_called_measured(self, point):
        assert read(flow(point, METER, READING)).reads["quality"].to_pylist() == ["unverified"]

    def test_a_reading_without_its_flag_is_not_called_measured(self):
        parsed = read(flow(POINT, METER, READING.replace("|T|", "||")))
        assert (parsed.reads["quality"].to_pylist(), parsed.reads["native_quality"].to_pylist()) == (["unverified"], ["R||N"])

    def test_an_estimate_stays_one_whoever_validated_it(self):
        parsed = read(flow("026|1012345678907|U|", METER.replace("|R|", "|D|"), READING))
        assert parsed.reads["quality"].to_pylist() == ["estimated"]

    @pytest.mark.parametrize(
        ("records", "code"),
        [
            ([POINT, METER.replace("|R|", "|W|"), READING], "read.withdrawn"),
            ([POINT, METER, READING.replace("|T|", "|F|")], "read.suspect"),
            ([POINT, METER, READING, "032|03|F|"], "read.suspect"),
            (["026|1012345678907|F|", METER, READING], "read.suspect"),
        ],
        ids=["withdrawn", "flagged suspect", "its validation failed", "its point failed"],
    )
    def test_a_reading_that_may_not_be_used_is_set_aside(self, records, code):
        parsed = read(flow(*records))
        assert (codes(parsed), parsed.reads.num_rows) == ([("4", code)], 0)

    def test_a_validation_that_passed_changes_nothing(self):
        parsed = read(flow(POINT, METER, READING, "032|27|T|"))
        assert (parsed.reads["quality"].to_pylist(), codes(parsed)) == (["measured"], [])

    def test_a_validation_is_of_the_reading_before_it_alone(self):
        parsed = read(flow(POINT, METER, READING.replace("|S|", "|DY|"), READING.replace("|S|", "|NT|"), "032|03|F|"))
        assert (parsed.reads["channel"].to_pylist(), codes(parsed)) == (["DY"], [("5", "read.suspect")])


class TestTheFlow:
    def test_site_visits_hold_no_reading_and_are_counted(self):
        visits = ["027|20|no access|", METER, "029|02||", READING, "033|02|dog|"]
        parsed = read(flow(POINT, *visits))
        assert (parsed.reads.num_rows, codes(parsed), warned(parsed)) == (1, [], ["flow.site_visit"])
        assert parsed.warnings[0].message.startswith("3 records")

    def test_a_site_visit_parts_a_reading_from_its_validation(self):
        assert codes(read(flow(POINT, METER, READING, "033|02||", "032|03|F|"))) == [("6", "record.unknown")]

    @pytest.mark.parametrize(("count", "expected"), [("3", []), ("0003", []), ("2", ["trailer.count"]), ("", ["trailer.count"])])
    def test_a_count_that_lies_is_a_warning(self, count, expected):
        parsed = read(flow(POINT, METER, READING, trailer=f"ZPT|0000000001|{count}||1||"))
        assert (parsed.reads.num_rows, warned(parsed), codes(parsed)) == (1, expected, [])

    def test_a_trailer_of_another_file_is_a_warning(self):
        assert warned(read(flow(POINT, METER, READING, trailer="ZPT|0000000002|3||1||"))) == ["trailer.reference"]

    def test_several_flows_may_follow_each_other(self):
        parsed = read(flow(POINT, METER, READING) + flow("026|1099999999999|V|", METER, READING))
        assert (parsed.reads.num_rows, warned(parsed), codes(parsed)) == (2, [], [])

    def test_a_newer_version_is_read_and_said(self):
        parsed = read(flow(POINT, METER, READING, header=HEADER.replace("D0010002", "D0010003")))
        assert (parsed.reads.num_rows, warned(parsed)) == (1, ["schema.version"])

    def test_a_test_is_read_and_said(self):
        parsed = read(flow(POINT, METER, READING, header=HEADER.replace("OPER", "TR01")))
        assert (parsed.reads.num_rows, warned(parsed)) == (1, ["flow.test"])

    def test_a_header_without_its_time_gives_no_version(self):
        parsed = read(flow(POINT, METER, READING, header=HEADER.replace("20260105091500", "")))
        assert parsed.reads["version"].to_pylist() == [None]


class TestDetect:
    @pytest.mark.parametrize("head", [HEADER.encode(), b"\xef\xbb\xbf\r\n" + HEADER.encode()])
    def test_the_header_names_the_flow(self, head):
        assert detect(head, "a.uff", "a mapping") == "d0010"

    @pytest.mark.parametrize("head", [b"ZHV|1|D0019001|D|A|\n", b"026|1012345678907|V|\n", b"ZHV|D0010002|\n"])
    def test_another_flow_is_none(self, head):
        assert detect(head, "a.uff", "a mapping") == "csv"


def outcome(data: bytes) -> tuple[int, list[str]] | str:
    """Reads taken and codes of rejections, or the code with which the file is refused."""
    try:
        parsed = read(data)
    except InputRefusedError as refusal:
        return refusal.code
    return parsed.reads.num_rows, [code for _, code in codes(parsed)]


BAD = [
    ("no byte", b"", "file.empty"),
    ("blanks", b" \n\n||\n", "format.unknown"),
    ("another flow", flow(header=HEADER.replace("D0010", "D0019")), "format.unknown"),
    ("no header", flow(POINT, METER, READING, header=""), "format.unknown"),
    ("binary", bytes(range(256)) * 4, "format.unknown"),
    ("a line that does not end", HEADER.encode() + b"\n" + b"x" * (MOST_LINE_BYTES + 1), "record.size"),
    ("no trailer", flow(POINT, METER, READING, trailer=""), (1, ["file.truncated"])),
    ("a last line that is cut", flow(POINT, METER, trailer="") + READING[:-6].encode(), (0, ["file.truncated"])),
    ("a trailer without its end that counts right", flow(POINT, METER, READING)[:-1], (1, [])),
    ("a trailer cut in its count", SAMPLE[: SAMPLE.index(b"|5||") + 1], (2, ["file.truncated"])),
    ("one without its end that lies", flow(POINT, METER, READING, trailer="ZPT|0000000001|9|")[:-1], (1, ["file.truncated"])),
    ("a new flow before the trailer", flow(POINT, METER, READING, trailer="") + SAMPLE, (3, ["file.truncated"])),
    ("two trailers", SAMPLE + b"ZPT|0000000001|5||1||\n", (2, [])),
    ("text after the trailer", SAMPLE + b"and more", (2, ["file.truncated"])),
    ("Ctrl-Z after the trailer", SAMPLE + b"\x1a", (2, [])),
    ("a record nobody knows", flow(POINT, METER, "031|x|", READING), (1, ["record.unknown"])),
    ("CR alone ends lines", SAMPLE.replace(b"\n", b"\r"), (0, ["file.truncated"])),
    ("an id of SQL", flow("026|'; DROP TABLE x;--|V|", METER, READING), (1, [])),
    ("bytes that are no text", flow(POINT, METER, READING).replace(b"A12B", b"\xff\x00\x80"), (1, [])),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_what_becomes_of_wrong_bytes(data, expected):
    assert outcome(data) == expected


def test_a_cut_file_is_never_taken_as_whole():
    whole = SAMPLE.index(b"|5||") + len(b"|5")  # from here on the trailer says that all is there
    for end in range(1, whole):
        found = outcome(SAMPLE[:end])
        assert isinstance(found, str) or "file.truncated" in found[1], SAMPLE[:end]
    for end in range(whole, len(SAMPLE) + 1):
        assert outcome(SAMPLE[:end]) == (2, [])


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SAMPLE)),
            st.integers(0, 30),
            st.binary(max_size=12) | st.sampled_from([b"|", b"\n", b"030|", b"ZPT"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_nothing_but_our_own_refusal_comes_out_of_spliced_files_and_rows_add_up(splices):
    data = SAMPLE
    for place, cut, inserted in splices:
        data = data[:place] + inserted + data[place + cut :]
    try:
        parsed = read(data, zone="Europe/London")
    except InputRefusedError:
        return
    assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
