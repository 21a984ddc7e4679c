from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest.mdff.nem13 import read_nem13
from pipelines.ingest.reader import Parsed
from schemas.errors import InputRefusedError
from tests.pipelines.ingest.whole_files import read_whole

HEADER = "100,NEM13,202601021200,MDP1,RET1"
END = "900"


def advance(**changes: str) -> str:
    """A 250 record with some fields changed."""
    fields = {
        "nmi": "4000000001",
        "suffix": "11",
        "meter": "M1",
        "direction": "E",
        "previous": "100.5",
        "previous_at": "20251001093000",
        "previous_quality": "A",
        "current": "250.5",
        "current_at": "20260101100000",
        "current_quality": "A",
        "quantity": "150.0",
        "unit": "kWh",
        "updated": "20260102080000",
    } | changes
    return (
        "250,{nmi},11,1,{suffix},11,{meter},{direction},{previous},{previous_at},{previous_quality},,,{current},{current_at},"
        "{current_quality},,,{quantity},{unit},20260401,{updated},"
    ).format(**fields)


def text(*records: str) -> bytes:
    return "".join(record + "\n" for record in records).encode()


def read(data: bytes, piece_bytes: int = 2**21, **context: str) -> Parsed:
    return read_whole(read_nem13, data, name="a.csv", piece_bytes=piece_bytes, **context)


def codes(parsed: Parsed) -> list[tuple[str, str, int]]:
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def outcome(call: Callable[[], object]) -> str | None:
    """The code with which ``call`` refuses its input; None where it takes it."""
    try:
        call()
    except InputRefusedError as refusal:
        return refusal.code
    return None


class TestAdvance:
    def test_it_is_two_indexes_and_the_period_between(self):
        previous, current, period = read(text(HEADER, advance(), END)).reads.to_pylist()
        start, end = datetime(2025, 9, 30, 23, 30, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
        assert [(r["kind"], r["read_at"], r["period_from"], r["value"]) for r in (previous, current, period)] == [
            ("index", start, None, Decimal("100.5")),
            ("index", end, None, Decimal("250.5")),
            ("period", end, start, Decimal(150)),
        ]
        assert (period["service_point_id"], period["meter_id"], period["channel"]) == ("4000000001", "M1", "11")
        assert period["version"] == datetime(2026, 1, 1, 22, tzinfo=UTC)

    @pytest.mark.parametrize(("indicator", "direction"), [("E", "import"), ("I", "export"), ("", "none")])
    def test_the_indicator_gives_the_direction(self, indicator, direction):
        assert set(read(text(HEADER, advance(direction=indicator), END)).reads["direction"].to_pylist()) == {direction}

    @pytest.mark.parametrize(
        ("flag", "quality"),
        [("A", "measured"), ("E62", "estimated"), ("S52", "substituted"), ("F54", "final_substituted"), ("", "unverified")],
    )
    def test_each_read_has_its_own_quality(self, flag, quality):
        found = read(text(HEADER, advance(current_quality=flag), END)).reads
        assert found["quality"].to_pylist() == ["measured", quality, quality]
        assert found["native_quality"].to_pylist() == ["A", flag or None, flag or None]

    def test_null_data_is_no_row(self):
        assert read(text(HEADER, advance(current_quality="N"), END)).reads["kind"].to_pylist() == ["index"]

    def test_an_index_that_is_not_there_is_no_row(self):
        assert read(text(HEADER, advance(previous=""), END)).reads["kind"].to_pylist() == ["index", "period"]

    def test_western_power_has_its_own_clock(self):
        parsed = read(text(HEADER.replace("MDP1", "WPNTKS"), advance(), END))
        assert parsed.clock == "+08:00"
        assert parsed.reads["read_at"].to_pylist()[1] == datetime(2026, 1, 1, 2, tzinfo=UTC)

    def test_watt_hours_become_kilowatt_hours(self):
        assert read(text(HEADER, advance(unit="Wh"), END)).reads["value"].to_pylist()[2] == Decimal("0.15")

    @pytest.mark.parametrize(
        ("changes", "code"),
        [
            ({"previous": "x"}, "value.invalid"),
            ({"quantity": "1e3"}, "value.invalid"),
            ({"current": "0.0000000001"}, "value.precision"),
            ({"current": "9" * 30}, "value.range"),
            ({"unit": "furlong"}, "unit.unknown"),
            ({"previous_at": "20260230"}, "time.invalid"),
            ({"current_at": ""}, "time.invalid"),
            ({"current_at": "20250101"}, "time.invalid"),
            ({"updated": "now"}, "time.invalid"),
            ({"current_quality": "X"}, "quality.unknown"),
            ({"nmi": ""}, "record.length"),
        ],
    )
    def test_a_bad_record_is_set_aside_whole_and_alone(self, changes, code):
        parsed = read(text(HEADER, advance(**changes), advance(), END))
        assert codes(parsed) == [("2", code, 3)]
        assert parsed.reads.num_rows == 3

    def test_a_record_may_end_after_its_unit(self):
        assert read(text(HEADER, advance().rsplit(",", 3)[0], END)).reads.num_rows == 3

    def test_a_record_that_ends_before_its_unit_is_set_aside(self):
        assert codes(read(text(HEADER, advance().rsplit(",", 4)[0], END))) == [("2", "record.length", 3)]


class TestFiles:
    def test_transactions_are_no_rows(self):
        assert codes(read(text(HEADER, advance(), "550,N,,A,", "", END))) == []

    def test_an_unknown_record_is_set_aside(self):
        assert codes(read(text(HEADER, advance(), "300,20260101,1", END), prefix="m:")) == [("m:3", "record.unknown", 1)]

    def test_a_cut_file_loses_its_last_record(self):
        parsed = read(text(HEADER, advance(), advance())[:-1])
        assert codes(parsed) == [("3", "file.truncated", 3)]
        assert parsed.warnings == ()

    def test_a_file_without_header_and_end_is_read_and_told(self):
        parsed = read(text(advance()))
        assert [warning.code for warning in parsed.warnings] == ["header.missing", "trailer.missing"]
        assert parsed.reads.num_rows == 3

    @pytest.mark.parametrize(("data", "code"), [(b"", "file.empty"), (b"x\n", "format.unknown")])
    def test_a_file_that_is_none_is_refused(self, data, code):
        with pytest.raises(InputRefusedError) as refusal:
            read(data)
        assert refusal.value.code == code

    @given(st.integers(1, 400))
    def test_the_size_of_pieces_does_not_matter(self, piece_bytes):
        data = text(HEADER, *(advance(quantity=str(n)) for n in range(8)), "junk", END)
        whole, pieces = read(data), read(data, piece_bytes)
        assert (pieces.reads, pieces.rejections) == (whole.reads, whole.rejections)

    @given(st.binary(max_size=300), st.integers(1, 50))
    def test_arbitrary_bytes_are_read_or_refused(self, data, piece_bytes):
        assert outcome(lambda: read(text(HEADER) + data, piece_bytes)) in {None, "file.empty", "format.unknown"}
