"""What rows of the own shape become; each test reads them as JSON lines and as Parquet."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.codes import Quality

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


class TestRuns:
    def test_a_row_is_consecutive_slots(self, own, read_rows):
        (row,) = read_rows(own.run()).intervals.to_pylist()
        assert (row["start"], row["interval_minutes"], row["exponent"]) == (NEW_YEAR, 30, -2)
        assert (row["values"], row["quality"]) == ([50, 0, 25], [Quality.MEASURED, Quality.MISSING, Quality.MEASURED])

    def test_the_series_is_what_the_row_says(self, own, read_rows):
        (row,) = read_rows(own.run()).intervals.to_pylist()
        assert [row[name] for name in ("service_point_id", "meter_id", "channel", "quantity", "direction", "unit")] == [
            "0012345678", "007", "E1", "active_energy", "import", "kWh",
        ]  # fmt: skip
        assert (row["version"], row["native_quality"], row["clock_offset_minutes"]) == (None, None, None)

    def test_the_exponent_scales_whole_numbers(self, own, read_rows, values):
        parsed = read_rows(own.run(values=["164", "120"], exponent=-3))
        assert values(parsed) == [Decimal("0.164"), Decimal("0.120")]

    def test_the_unit_becomes_that_of_the_store(self, own, read_rows, values):
        parsed = read_rows(own.run(values=["164"], exponent=1, unit="Wh"))
        assert (values(parsed), parsed.intervals["unit"].to_pylist()) == ([Decimal("1.64")], ["kWh"])

    @pytest.mark.parametrize(
        ("quality", "codes"),
        [
            (None, None),
            ("substituted", [3, 1, 3]),
            (["measured", "measured", "final_substituted"], [0, 1, 4]),
            (["estimated", "conflict", "edited"], [2, 1, 3]),
        ],
        ids=["none", "one for all", "each", "words of another store"],
    )
    def test_qualities_are_one_for_all_or_one_each(self, own, read_rows, quality, codes):
        found = read_rows(own.run(quality=quality)).intervals["quality"].to_pylist()
        assert found == [codes or [0, 1, 0]]

    def test_a_value_that_is_missing_by_its_quality_is_none(self, own, read_rows, values):
        assert values(read_rows(own.run(values=["1", "2"], quality=["missing", "measured"]))) == [None, 2]

    def test_the_senders_codes_stay_as_they_are(self, own, read_rows):
        (row,) = read_rows(own.run(native_quality="A", native_qualities=["S14", None, "E52"])).intervals.to_pylist()
        assert row["native_qualities"] == ["S14", "A", "E52"]

    def test_reason_version_and_clock_are_kept(self, own, read_rows):
        parsed = read_rows(own.run(native_reason="79", version="2026-01-02T02:15:00+10:00", clock_offset_minutes=600))
        (row,) = parsed.intervals.to_pylist()
        assert (row["native_reason"], row["clock_offset_minutes"]) == ("79", 600)
        assert row["version"] == datetime(2026, 1, 1, 16, 15, tzinfo=UTC)

    def test_a_run_is_cut_at_midnight_of_the_senders_clock(self, own, read_rows):
        parsed = read_rows(own.run(start="2026-01-01T13:30:00Z", clock_offset_minutes=600, values=["1", "2"]))
        assert [row["values"] for row in parsed.intervals.to_pylist()] == [[1], [2]]

    @pytest.mark.parametrize(("minutes", "slots", "reads"), [(60, 3, 0), (61, 0, 2), (1440, 0, 2), (13, 0, 2)])
    def test_only_whole_parts_of_a_day_up_to_an_hour_are_slots(self, own, read_rows, minutes, slots, reads):
        parsed = read_rows(own.run(interval_minutes=minutes))
        assert (sum(map(len, parsed.intervals["values"].to_pylist())), parsed.reads.num_rows) == (slots, reads)

    def test_one_bad_value_is_set_aside_alone(self, own, read_rows, values):
        parsed = read_rows(own.run(values=["1", "9000000000", "3"]), prefix="m:")
        assert (own.codes(parsed), values(parsed)) == ([("m:1/2", "value.range", 1)], [1, 3])

    def test_one_bad_field_sets_all_its_values_aside(self, own, read_rows):
        parsed = read_rows(own.run(unit="furlong"), own.run())
        assert (own.codes(parsed), parsed.rows_read) == ([("1", "unit.unknown", 3)], 6)


class TestSlots:
    def test_slots_that_follow_each_other_are_one_run(self, own, read_rows):
        parsed = read_rows(own.slot(), own.slot(interval_start="2026-01-01T00:30:00Z", value="0.75"))
        assert [row["values"] for row in parsed.intervals.to_pylist()] == [[50, 75]]

    def test_no_value_is_missing_and_never_zero(self, own, read_rows, values):
        assert values(read_rows(own.slot(value=None), own.slot(value="0", interval_start="2026-01-01T00:30:00Z"))) == [None, 0]

    def test_the_hour_that_comes_twice_is_two_instants(self, own, read_rows, values):
        first, second = "2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"
        parsed = read_rows(own.slot(interval_start=first, value="1"), own.slot(interval_start=second, value="2"))
        assert (len(set(parsed.intervals["start"].to_pylist())), values(parsed)) == (2, [1, 2])

    def test_another_stores_method_is_the_reason(self, own, read_rows):
        parsed = read_rows(own.slot(quality="estimated", method="like_day", file_id="ab"))
        (row,) = parsed.intervals.to_pylist()
        assert (row["quality"], row["native_reason"]) == ([Quality.DELIVERED_ESTIMATE], "like_day")


class TestReads:
    def test_a_read_is_an_index_unless_it_says_otherwise(self, own, read_rows):
        (row,) = read_rows(own.read()).reads.to_pylist()
        assert (row["kind"], row["value"], row["read_at"], row["quality"]) == ("index", Decimal("1234.5"), NEW_YEAR, "unverified")

    def test_a_period_begins_before_it_ends(self, own, read_rows):
        row = own.read(kind="period", period_from="2025-12-01T00:00:00Z", quality="estimated", native_quality="E")
        (found,) = read_rows(row).reads.to_pylist()
        assert (found["kind"], found["period_from"]) == ("period", datetime(2025, 12, 1, tzinfo=UTC))
        assert (found["quality"], found["native_quality"]) == ("estimated", "E")

    @pytest.mark.parametrize(
        "changes",
        [
            {"kind": "period"},
            {"kind": "period", "period_from": "2026-01-01T00:00:00Z"},
            {"kind": "index", "period_from": "2025-12-01T00:00:00Z"},
        ],
        ids=["no begin", "no length", "an index of a period"],
    )
    def test_only_a_period_has_a_begin(self, own, read_rows, changes):
        assert own.codes(read_rows(own.read(**changes))) == [("1", "time.invalid", 1)]

    def test_no_value_is_no_row(self, own, read_rows):
        parsed = read_rows(own.read(value=None))
        assert (parsed.rows_read, parsed.reads.num_rows) == (0, 0)


FAULTY_FIELDS = [
    ("service_point_id", "", "record.identifier"),
    ("service_point_id", None, "record.identifier"),
    ("service_point_id", " 1", "record.identifier"),
    ("service_point_id", "1" * 101, "record.identifier"),
    ("meter_id", "1\u202e2", "record.identifier"),
    ("channel", "E\u200b1", "record.identifier"),
    ("channel", "E1\n", "record.identifier"),
    ("direction", "Import", "direction.unknown"),
    ("direction", None, "direction.unknown"),
    ("unit", "kWh/h", "unit.unknown"),
    ("unit", None, "unit.unknown"),
    ("quantity", "volume", "unit.mismatch"),
    ("quantity", "power", "unit.mismatch"),
    ("quantity", "'; DROP", "unit.mismatch"),
    ("version", "1969-12-31T23:59:59Z", "time.invalid"),
    ("native_quality", "\x07", "shape.type"),
    ("native_quality", "x" * 101, "shape.type"),
]


@pytest.mark.parametrize(("name", "value", "code"), FAULTY_FIELDS, ids=lambda part: repr(part)[:30])
@pytest.mark.parametrize("shape", ["run", "slot", "read"])
def test_a_field_that_cannot_be_followed_sets_its_row_aside(own, read_rows, shape, name, value, code):
    make = getattr(own, shape)
    assert own.codes(read_rows(make(**{name: value}), make())) == [("1", code, 3 if shape == "run" else 1)]


@pytest.mark.parametrize(
    ("shape", "name", "value", "code"),
    [
        ("run", "start", None, "time.missing"),
        ("run", "start", "2099-12-31T23:00:00Z", "time.invalid"),
        ("run", "interval_minutes", 0, "interval.invalid"),
        ("run", "interval_minutes", -30, "interval.invalid"),
        ("run", "interval_minutes", None, "interval.invalid"),
        ("run", "exponent", 10, "value.range"),
        ("run", "exponent", -10, "value.range"),
        ("run", "clock_offset_minutes", 841, "time.invalid"),
        ("run", "quality", ["measured"], "record.length"),
        ("run", "values", [], "record.length"),
        ("run", "quality", "not_expected", "quality.unknown"),
        ("slot", "interval_start", None, "time.missing"),
        ("slot", "quality", "good", "quality.unknown"),
        ("slot", "interval_minutes", 366 * 1440 + 1, "interval.invalid"),
        ("read", "read_at", None, "time.missing"),
        ("read", "kind", "total", "kind.unknown"),
        ("read", "quality", "missing", "quality.unknown"),
    ],
)
def test_a_field_of_one_shape_that_cannot_be_followed_is_set_aside(own, read_rows, shape, name, value, code):
    assert {found for _, found, _ in own.codes(read_rows(getattr(own, shape)(**{name: value})))} == {code}


@pytest.mark.parametrize(("unit", "codes"), [("kWh", []), ("MWh", [("1", "value.range", 1)])])
def test_a_read_has_no_more_digits_than_the_store_holds(own, read_rows, unit, codes):
    assert own.codes(read_rows(own.read(value="9" * 29, unit=unit))) == codes


@pytest.mark.parametrize(("exponent", "values"), [(9, ["1"]), (-9, ["1"])])
def test_exponents_up_to_nine_are_those_of_the_views(own, read_rows, exponent, values):
    assert own.codes(read_rows(own.run(values=values, exponent=exponent))) == []


quantities = st.decimals(-9_999_999, 9_999_999, places=3).map(lambda value: f"{value:f}")
rows_of_slots = st.lists(
    st.tuples(st.integers(0, 47), st.none() | quantities, st.sampled_from(["measured", "substituted", "missing"])), max_size=20
)


@given(rows_of_slots)
def test_both_forms_and_both_shapes_of_intervals_say_the_same(own, values, slots):
    def at(place):
        return f"2026-01-01T{place // 2:02d}:{place % 2 * 30:02d}:00Z"

    rows = [own.slot(interval_start=at(place), value=value, quality=quality) for place, value, quality in slots]
    runs = [own.run(start=at(place), values=[value], quality=[quality]) for place, value, quality in slots]
    told = []
    for form, data in (
        ("jsonl", own.jsonl(*rows)), ("jsonl", own.jsonl(*runs)), ("parquet", own.parquet(own.slot(), *rows)),
        ("parquet", own.parquet(own.run(values=["0.5"]), *runs)),
    ):  # fmt: skip
        prefix = own.jsonl(own.slot()) if form == "jsonl" else b""
        parsed = own.parse(form, prefix + data)
        told.append((parsed.intervals.drop(["record"]).to_pylist(), values(parsed), parsed.rows_read))
    assert told[0] == told[1] == told[2] == told[3]
