"""What the collector makes of single values: runs of slots, reads, events, rejections."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.ingest import collector as collector_module
from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.rejected import Fault
from schemas.codes import Direction, Quality, ReadKind

IMPORT = Series("SP1", "0012", "1-0:1.8.0", "active_energy", Direction.IMPORT, "kWh")
IN_WH = IMPORT._replace(exponent=-3)
QUARTER = 900
MINUTE_US = 60_000_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def collected(*values: object, series: Series = IMPORT, start: str = "2026-01-01T00:00", seconds: int = QUARTER):
    collector = Collector()
    for number, value in enumerate(values):
        collector.add_interval(series, at(start) + number * seconds * 1_000_000, seconds, value, str(number + 1))
    return collector.hand_over()


def long(parsed):
    """Slots of a piece: start, minutes, value, quality."""
    found = []
    for row in parsed.intervals.to_pylist():
        values = row["values64"] or row["values"]
        quality = row["quality"] or [0] * len(values)
        start = int(row["start"].timestamp()) * 1_000_000
        for place, value in enumerate(values):
            exact = None if quality[place] == Quality.MISSING else Decimal(value).scaleb(row["exponent"])
            found.append((start + place * row["interval_minutes"] * MINUTE_US, row["interval_minutes"], exact, quality[place]))
    return sorted(found, key=str)


class TestRuns:
    def test_slots_that_follow_each_other_are_one_row(self):
        rows = collected("0.1", "0.25", "1").intervals.to_pylist()
        assert [(row["values"], row["exponent"], row["record"]) for row in rows] == [([10, 25, 100], -2, "1")]

    def test_a_gap_begins_a_new_row(self):
        collector = Collector()
        for minute in (0, 15, 45):
            collector.add_interval(IMPORT, minute * MINUTE_US, QUARTER, "1", str(minute))
        assert [row["values"] for row in collector.hand_over().intervals.to_pylist()] == [[1, 1], [1]]

    def test_a_run_is_cut_at_midnight_of_the_sources_standard_time(self):
        east = IMPORT._replace(clock_offset_minutes=60)
        assert collected("1", "1", start="2026-01-01T22:45", series=east).intervals.num_rows == 2
        assert collected("1", "1", start="2026-01-01T22:45").intervals.num_rows == 1

    def test_values_out_of_order_are_put_in_order(self):
        collector = Collector()
        for minute in (30, 0, 15):
            collector.add_interval(IMPORT, minute * MINUTE_US, QUARTER, str(minute), str(minute))
        assert [row["values"] for row in collector.hand_over().intervals.to_pylist()] == [[0, 15, 30]]

    def test_a_slot_given_twice_stays_twice_for_the_store_to_judge(self):
        collector = Collector()
        for record, value in (("1", "1"), ("2", "2")):
            collector.add_interval(IMPORT, 0, QUARTER, value, record)
        parsed = collector.hand_over()
        assert ([row["values"] for row in parsed.intervals.to_pylist()], parsed.rows_read) == ([[1], [2]], 2)

    def test_another_version_begins_a_new_row(self):
        collector = Collector()
        collector.add_interval(IMPORT, 0, QUARTER, "1", "1", version_us=5)
        collector.add_interval(IMPORT, QUARTER * 1_000_000, QUARTER, "1", "2", version_us=6)
        assert collector.hand_over().intervals.num_rows == 2

    def test_native_qualities_are_kept_one_by_one_where_they_differ(self):
        collector = Collector()
        for number, code in enumerate(("A04", None)):
            collector.add_interval(IMPORT, number * QUARTER * 1_000_000, QUARTER, "1", "1", native_quality=code)
        row = collector.hand_over().intervals.to_pylist()[0]
        assert (row["native_quality"], row["native_qualities"]) == (None, ["A04", ""])

    def test_a_value_in_watt_hours_is_kept_in_kilowatt_hours(self):
        assert [row[2] for row in long(collected("1234", "5", series=IN_WH))] == [Decimal("1.234"), Decimal("0.005")]

    def test_a_large_value_takes_64_bits(self):
        row = collected("8999999999.123456789").intervals.to_pylist()[0]
        assert (row["values"], row["values64"], row["exponent"]) == ([], [8999999999123456789], -9)


class TestMissing:
    def test_no_value_is_a_missing_slot_and_counts(self):
        parsed = collected("1", None)
        assert (long(parsed)[1][2:], parsed.rows_read) == ((None, Quality.MISSING), 2)

    def test_a_value_the_source_calls_not_available_is_none(self):
        collector = Collector()
        collector.add_interval(IMPORT, 0, QUARTER, "5", "1", quality=Quality.MISSING, native_quality="A02")
        assert [row[2] for row in long(collector.hand_over())] == [None]

    def test_no_value_of_a_period_is_nothing(self):
        assert collected(None, seconds=86_400).rows_read == 0

    def test_no_index_is_nothing(self):
        collector = Collector()
        collector.add_read(IMPORT, 0, None, "1")
        assert collector.hand_over().rows_read == 0


class TestLength:
    @pytest.mark.parametrize("seconds", [60, 300, 900, 1800, 3600])
    def test_whole_minutes_that_divide_a_day_are_slots(self, seconds):
        parsed = collected("1", seconds=seconds)
        assert (parsed.intervals.num_rows, parsed.reads.num_rows) == (1, 0)

    @pytest.mark.parametrize("seconds", [30, 61, 23 * 60, 3660, 7200, 86_400])
    def test_every_other_length_is_a_read_of_its_period(self, seconds):
        read = collected("1", seconds=seconds).reads.to_pylist()[0]
        assert (read["kind"], (read["read_at"] - read["period_from"]).total_seconds()) == (str(ReadKind.PERIOD), seconds)

    def test_an_interval_that_begins_inside_a_minute_is_a_period(self):
        assert collected("1", start="2026-01-01T00:00:30").reads.num_rows == 1


class TestSetAside:
    @pytest.mark.parametrize(
        ("value", "code"),
        [
            ("1,5", "value.invalid"),
            ("1e3", "value.invalid"),
            ("\u0661", "value.invalid"),
            ("NaN", "value.invalid"),
            ("", "value.invalid"),
            (Decimal("NaN"), "value.invalid"),
            (Decimal("1E+70"), "value.invalid"),
            ("0.0000000001", "value.precision"),
            ("9000000000", "value.range"),
        ],
    )
    def test_a_slot_that_cannot_be_kept_exactly_is_set_aside_with_its_place(self, value, code):
        parsed = collected(value)
        assert [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()] == [("1", code, 1)]
        assert (parsed.rows_read, parsed.rows_taken) == (1, 0)

    def test_just_below_the_limit_it_is_kept(self):
        assert collected("8999999999.999999999").rows_taken == 1

    def test_zeros_at_the_end_are_no_precision(self):
        assert [row[2] for row in long(collected("0.10000000000000"))] == [Decimal("0.1")]

    def test_a_read_may_be_larger_than_a_slot(self):
        collector = Collector()
        collector.add_read(IMPORT, 0, "9" * 29, "1")
        collector.add_read(IMPORT, 0, "9" * 30, "2")
        parsed = collector.hand_over()
        assert (parsed.reads.num_rows, parsed.rejections["code"].to_pylist()) == (1, ["value.range"])

    def test_a_record_may_cost_several_values(self):
        collector = Collector(prefix="member.xml:")
        collector.reject("7", Fault("crc.mismatch", "wrong"), b"\xff/ISK5", rows=9)
        parsed = collector.hand_over()
        assert (parsed.rows_read, parsed.rejections["record"].to_pylist()) == (9, ["member.xml:7"])


class TestHandingOver:
    def test_what_was_handed_over_is_gone(self):
        collector = Collector()
        collector.add_interval(IMPORT, 0, QUARTER, "1", "1")
        collector.hand_over()
        assert collector.hand_over().rows_read == 0

    def test_it_is_full_at_its_limit_and_not_before(self, monkeypatch):
        monkeypatch.setattr(collector_module, "FULL_AT", 2)
        collector = Collector()
        collector.add_interval(IMPORT, 0, QUARTER, "1", "1")
        assert not collector.is_full
        collector.add_read(IMPORT, 0, "1", "2")
        assert collector.is_full

    def test_a_warning_is_said_once_and_fifty_at_most(self):
        collector = Collector()
        for number in range(60):
            collector.warn("enum.unknown", f"code {number}")
        collector.warn("enum.unknown", "code 0")
        assert len(collector.hand_over().warnings) == 50
        collector.warn("enum.unknown", "code 0")
        assert collector.hand_over().warnings == ()

    def test_events_are_no_rows(self):
        collector = Collector()
        collector.add_event("SP1", "0012", "sag", None, "1", magnitude=Decimal(3), unit="count", native_code="1-0:32.32.0")
        parsed = collector.hand_over()
        assert (parsed.events.num_rows, parsed.rows_read) == (1, 0)


@given(
    st.lists(
        st.tuples(st.integers(0, 200), st.one_of(st.none(), st.decimals(-(10**6), 10**6, places=3, allow_nan=False))),
        max_size=40,
    )
)
def test_every_value_comes_out_as_it_went_in(values):
    collector = Collector()
    expected = []
    for place, value in values:
        collector.add_interval(IMPORT, place * QUARTER * 1_000_000, QUARTER, value, "1")
        quality = Quality.MISSING if value is None else Quality.MEASURED
        expected.append((place * QUARTER * 1_000_000, 15, value, int(quality)))
    parsed = collector.hand_over()
    found = sorted(long(parsed), key=lambda row: (row[0], row[2] is None, row[2] or 0))
    assert found == sorted(expected, key=lambda row: (row[0], row[2] is None, row[2] or 0))
    assert parsed.rows_read == parsed.rows_taken == len(values)
