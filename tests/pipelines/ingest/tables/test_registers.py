"""Tables of what registers showed: an index at each end, what was used between two ends, and never a guess."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from pipelines.ingest.tables.mapping import parse_mapping
from pipelines.ingest.tables.registers import Registers
from schemas.errors import InputRefusedError

ONE_WINDOW = 10**6
BOTH_ENDS = 'time: {column: "2", end_column: "3", zone: Europe/Berlin}\ninterval_minutes: row\n'
END_ONLY = 'time: {column: "2", label: end, zone: Europe/Berlin}\n'


def document(resets: str = "none", time: str = END_ONLY, more: str = "", unit: str = "kWh") -> str:
    return (
        f"service_point_id: {{value: P}}\nheader: none\n{time}{more}channels:\n"
        f'- {{column: "1", channel: R, quantity: active_energy, direction: import, unit: {unit}, kind: cumulative, '
        f"resets: {resets}}}\n"
    )


def hourly(*values: str, start: str = "2026-01-01 00:00") -> list[str]:
    first = datetime.fromisoformat(start)
    return [f"{value},{first + timedelta(hours=n):%Y-%m-%d %H:%M}" for n, value in enumerate(values)]


def parts(rows: Sequence[str], mapping: str, window: int = ONE_WINDOW, piece_bytes: int = 2**21) -> list[Parsed]:
    data = "".join(f"{row}\n" for row in rows).encode()
    found = list(read_mapped_csv(io.BytesIO(data), ReadContext("p.csv", mapping=mapping), piece_bytes, window))
    for parsed in found:
        assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
    return found


class Found:
    """What came of a file, however it was handed over: times on the clock of Berlin's winter."""

    def __init__(self, rows: Sequence[str], mapping: str, window: int = ONE_WINDOW, piece_bytes: int = 2**21) -> None:
        self.indexes: Counter[Any] = Counter()
        self.used: Counter[Any] = Counter()
        self.qualities: dict[str, str] = {}
        self.rejected: Counter[Any] = Counter()
        self.warnings: list[tuple[str, str]] = []
        for parsed in parts(rows, mapping, window, piece_bytes):
            self._add(parsed)

    def _add(self, parsed: Parsed) -> None:
        for row in parsed.reads.to_pylist():
            if row["kind"] == "index":
                self.indexes[row["service_point_id"], local(row["read_at"]), row["value"]] += 1
            else:
                self.used[row["service_point_id"], local(row["period_from"]), local(row["read_at"]), row["value"]] += 1
                self.qualities[local(row["read_at"])] = row["quality"]
        for row in parsed.intervals.to_pylist():
            minutes = timedelta(minutes=row["interval_minutes"])
            for place, value in enumerate(row["values"] or row["values64"]):
                start = row["start"] + place * minutes
                amount = Decimal(value).scaleb(row["exponent"])
                self.used[row["service_point_id"], local(start), local(start + minutes), amount] += 1
        for row in parsed.rejections.to_pylist():
            self.rejected[row["record"], row["code"], row["rows"]] += 1
        self.warnings += [tuple(warning) for warning in parsed.warnings]

    @property
    def amounts(self) -> list[Decimal]:
        return [amount for (_, _, _, amount), count in sorted(self.used.items()) for _ in range(count)]

    @property
    def all(self) -> tuple[Any, ...]:
        return self.indexes, self.used, self.rejected, self.warnings


def local(instant: datetime) -> str:
    return f"{instant.astimezone(UTC) + timedelta(hours=1):%m-%d %H:%M}"


def refusal(rows: Sequence[str], mapping: str, window: int = ONE_WINDOW) -> tuple[str, str]:
    with pytest.raises(InputRefusedError) as refused:
        parts(rows, mapping, window)
    return refused.value.code, refused.value.message


class TestWhatWasUsed:
    def test_is_the_difference_between_two_rows_and_the_first_row_has_none(self):
        found = Found(hourly("1000.5", "1001", "1001"), document())
        assert found.indexes == Counter(
            {
                ("P", "01-01 00:00", Decimal("1000.5")): 1,
                ("P", "01-01 01:00", Decimal(1001)): 1,
                ("P", "01-01 02:00", Decimal(1001)): 1,
            }
        )
        assert found.used == Counter(
            {("P", "01-01 00:00", "01-01 01:00", Decimal("0.5")): 1, ("P", "01-01 01:00", "01-01 02:00", Decimal(0)): 1}
        )

    def test_a_single_row_is_an_index_alone(self):
        found = Found(hourly("7"), document())
        assert (found.indexes.total(), found.used.total(), found.rejected.total()) == (1, 0, 0)

    def test_between_ends_of_rows_that_follow_each_other_it_lies_in_the_row(self):
        rows = ["1,2026-01-01 00:00,2026-01-01 01:00", "3,2026-01-01 01:00,2026-01-01 02:00"]
        assert Found(rows, document(time=BOTH_ENDS)).used == Counter({("P", "01-01 01:00", "01-01 02:00", Decimal(2)): 1})

    def test_where_rows_are_missing_it_was_used_since_the_last_row_that_is_there(self):
        rows = ["1,2026-01-01 00:00,2026-01-01 01:00", "9,2026-01-01 05:00,2026-01-01 06:00"]
        found = Found(rows, document(time=BOTH_ENDS))
        assert found.used == Counter({("P", "01-01 01:00", "01-01 06:00", Decimal(8)): 1})
        assert found.warnings == [("interval.gap", "rows that begin later than the row before ends: line 2")]

    def test_an_empty_value_is_no_zero(self):
        found = Found(["5,2026-01-01 00:00", ",2026-01-01 01:00", "8,2026-01-01 02:00"], document())
        assert found.used == Counter({("P", "01-01 00:00", "01-01 02:00", Decimal(3)): 1})

    def test_a_row_that_begins_before_the_row_before_ends_keeps_its_index_alone(self):
        rows = [
            "24,2026-01-01 00:00:00,2026-01-02 00:00:00",
            "72,2026-01-01 23:59:59,2026-01-03 00:00:00",
            "144,2026-01-03 00:00:00,2026-01-04 00:00:00",
        ]
        found = Found(rows, document(time=BOTH_ENDS))
        assert found.rejected == Counter({("2", "interval.overlap", 1): 1})
        assert (found.amounts, found.indexes.total()) == ([Decimal(72)], 3)

    def test_units_are_converted_and_long_registers_keep_every_digit(self):
        found = Found(hourly("899999.123456789", "899999.123456790"), document())
        assert found.amounts == [Decimal("0.000000001")]
        assert Found(hourly("1500", "2750"), document(unit="Wh")).amounts == [Decimal("1.25")]

    def test_each_meter_and_each_column_counts_for_itself(self):
        mapping = (
            "service_point_id: {column: p}\ntime: {column: at, label: end}\nchannels:\n"
            "- {column: a, channel: A, quantity: active_energy, kind: cumulative}\n"
            "- {column: b, channel: B, quantity: active_energy, kind: cumulative}\n"
        )
        rows = [
            "p,at,a,b",
            "X,2026-01-01 00:00,1,100",
            "Y,2026-01-01 00:00,50,",
            "X,2026-01-01 01:00,3,",
            "Y,2026-01-01 01:00,51,7",
        ]
        rows.append("X,2026-01-01 02:00,,130")
        found = Found(rows, mapping)
        assert sorted(key[0::3] for key in found.used) == [("X", Decimal(2)), ("X", Decimal(30)), ("Y", Decimal(1))]

    def test_over_the_spring_night_the_leap_is_no_gap(self):
        rows = ["1,2026-03-29 01:00,2026-03-29 02:00", "2,2026-03-29 03:00,2026-03-29 04:00"]
        found = Found(rows, document(time=BOTH_ENDS))
        assert (found.amounts, found.warnings) == ([Decimal(1)], [])
        assert list(found.used) == [("P", "03-29 02:00", "03-29 03:00", Decimal(1))]

    def test_the_autumn_hour_that_comes_twice_is_two(self):
        rows = ["1,2026-10-25 02:00", "2,2026-10-25 02:30", "4,2026-10-25 02:00", "8,2026-10-25 02:30", "16,2026-10-25 03:00"]
        assert Found(rows, document()).amounts == [Decimal(n) for n in (1, 2, 4, 8)]

    def test_a_row_twice_is_a_copy(self):
        rows = hourly("1", "2", "2", "3")
        rows[2] = rows[1]
        found = Found(rows, document())
        assert found.indexes["P", "01-01 01:00", Decimal(2)] == 2
        assert found.used["P", "01-01 00:00", "01-01 01:00", Decimal(1)] == 2
        assert sum(found.amounts) == 3

    def test_it_is_known_as_well_as_the_worse_of_its_two_values(self):
        more = 'quality: {column: "3", codes: {A: measured, E: delivered_estimate}}\n'
        rows = [
            f"{value},2026-01-0{day} 00:00,{code}" for value, day, code in ((1, 1, "A"), (2, 2, "E"), (3, 3, "A"), (4, 4, "A"))
        ]
        found = Found(rows, document(more=more))
        assert found.qualities == {"01-02 00:00": "estimated", "01-03 00:00": "estimated", "01-04 00:00": "measured"}

    def test_it_is_as_new_as_the_newer_of_its_two_values(self):
        rows = ["1,2026-01-01 00:00,2026-02-02T00:00Z", "2,2026-01-02 00:00,2026-02-01T00:00Z"]
        (parsed,) = parts(rows, document(more='version: {column: "3"}\n'))
        assert [row["version"].day for row in parsed.reads.to_pylist() if row["kind"] == "period"] == [2]


class TestARegisterThatFalls:
    def test_refuses_the_file(self):
        assert refusal(hourly("10", "12", "11", "13"), document()) == (
            "register.decrease",
            "line 3: the register shows 11 after 12",
        )

    def test_that_may_always_begin_again_was_used_by_what_it_shows(self):
        assert Found(hourly("10", "12", "1", "3"), document("always")).amounts == [Decimal(n) for n in (2, 1, 2)]

    @pytest.mark.parametrize(
        ("end", "falls"), [("23:44", True), ("23:45", False), ("00:00", False), ("00:15", False), ("00:16", True)]
    )
    def test_may_begin_again_in_its_time_of_day_alone(self, end, falls):
        day = 1 if end.startswith("23") else 2
        rows = ["10,2026-07-01 12:00", f"4,2026-07-0{day} {end}"]
        mapping = document('{from: "23:45", to: "00:15"}')
        if falls:
            assert refusal(rows, mapping)[0] == "register.decrease"
        else:
            assert Found(rows, mapping).amounts == [Decimal(4)]

    @pytest.mark.parametrize("end", ["11:59", "12:00", "12:30", "12:31"])
    def test_a_time_of_day_may_lie_inside_the_day(self, end):
        rows = ["10,2026-07-01 00:00", f"4,2026-07-01 {end}"]
        mapping = document('{from: "12:00", to: "12:30"}')
        taken = end in ("12:00", "12:30")
        assert (Found(rows, mapping).amounts == [Decimal(4)]) if taken else refusal(rows, mapping)[0] == "register.decrease"

    @pytest.mark.parametrize("window", [1, 2, 3, ONE_WINDOW])
    @pytest.mark.parametrize("order", [1, -1], ids=["forward", "backward"])
    @pytest.mark.parametrize("values", [("5", "100", "0", "101"), ("100", "0", "0", "100"), ("100", "0", "0", "0", "0", "120")])
    def test_to_zero_and_comes_back_is_a_dip_and_never_use(self, values, order, window):
        assert refusal(hourly(*values)[::order], document("always"), window)[0] == "register.decrease"

    @pytest.mark.parametrize("window", [1, 2, ONE_WINDOW])
    @pytest.mark.parametrize("order", [1, -1], ids=["forward", "backward"])
    def test_to_zero_and_counts_on_from_there_began_again(self, order, window):
        found = Found(hourly("50", "100", "0", "0", "99", "120", "0", "3")[::order], document("always"), window)
        assert found.amounts == [Decimal(n) for n in (50, 0, 0, 99, 21, 0, 3)]


class TestHoles:
    @pytest.mark.parametrize(
        ("row", "code"),
        [
            ("240.x,2026-01-01 02:00", "value.invalid"),
            ("1e3,2026-01-01 02:00", "value.invalid"),
            ("-1,2026-01-01 02:00", "register.negative"),
            ("9000000000,2026-01-01 02:00", "value.range"),
            ("1.0123456789,2026-01-01 02:00", "value.precision"),
            ("9,never", "time.invalid"),
            ("9,", "time.missing"),
            ("9,2026-03-29 02:30", "time.invalid"),
            ("9", "record.length"),
            ("5,2026-01-01 01:00", "conflict.same_version"),
        ],
    )
    def test_refuse_the_file_with_their_line(self, row, code):
        rows = [*hourly("1", "2"), row, *hourly("9", start="2026-04-01 03:00")]
        found = refusal(rows, document("always"))
        assert found[0] == code
        assert found[1].startswith("line 3: ")

    def test_a_row_that_does_not_end_after_it_begins_is_one(self):
        rows = ["1,2026-01-01 00:00,2026-01-01 01:00", "2,2026-01-01 01:00,2026-01-01 01:00"]
        assert refusal(rows, document(time=BOTH_ENDS))[0] == "interval.unknown"

    def test_rows_of_other_channels_are_none(self):
        mapping = (
            "service_point_id: {value: P}\ntime: {column: at, label: end}\nchannels:\n"
            "- {column: v, where: {k: R}, channel: R, quantity: active_energy, kind: cumulative}\n"
        )
        found = Found(["at,k,v", "2026-01-01 00:00,R,1", "2026-01-01 00:30,X,77", "2026-01-01 01:00,R,2"], mapping)
        assert (found.amounts, found.rejected) == ([Decimal(1)], Counter({("3", "channel.unknown", 1): 1}))


@st.composite
def tables(draw: st.DrawFn) -> tuple[list[str], str]:
    """Rows of some registers, some of them twice, side by side or one after the other, forward or backward; and resets."""
    resets = draw(st.sampled_from(["none", "always", '{from: "22:00", to: "03:00"}']))
    rows = []
    for meter in range(draw(st.integers(1, 3))):
        shown = 0
        for place in range(draw(st.integers(1, 14))):
            shown = draw(st.integers(0, 3)) if draw(st.integers(0, 9)) == 0 else shown + draw(st.integers(0, 5))
            at = datetime.fromisoformat("2026-01-01 20:00") + timedelta(hours=place)
            row = f"{shown},{at:%Y-%m-%d %H:%M},{at + timedelta(hours=1):%Y-%m-%d %H:%M},M{meter}"
            rows += [(meter, place, row)] * draw(st.sampled_from([1, 1, 1, 1, 2]))
    side_by_side, backward = draw(st.booleans()), draw(st.booleans())
    rows.sort(key=lambda row: (row[1], row[0]) if side_by_side else (row[0], row[1]), reverse=backward)
    return [row for _, _, row in rows], resets


class TestTheWindowChangesNothing:
    @settings(max_examples=120)
    @given(tables(), st.integers(1, 20), st.integers(20, 120))
    def test_of_files_in_order_forward_or_backward_side_by_side_or_not(self, rows_and_resets, window, piece_bytes):
        rows, resets = rows_and_resets
        mapping = document(resets, BOTH_ENDS).replace("{value: P}", '{column: "4"}')
        outcomes = []
        for size, read in ((ONE_WINDOW, 2**21), (window, piece_bytes)):
            try:
                outcomes.append(Found(rows, mapping, size, read).all)
            except InputRefusedError as refused:
                outcomes.append(refused.code)
        assert outcomes[0] == outcomes[1]

    @settings(max_examples=60)
    @given(st.lists(st.integers(0, 40), min_size=1, max_size=20))
    def test_what_was_used_is_what_a_register_counted_on_paper(self, values):
        found = Found(hourly(*map(str, values)), document('{from: "00:00", to: "23:59"}'))
        expected = [now - before if now >= before else now for before, now in pairwise(values)]
        assert found.amounts == [Decimal(value) for value in expected]

    def test_rows_between_rows_that_were_handed_over_refuse_the_file(self):
        rows = hourly("1", "2", "3", "4", "5", "6")
        mixed = [*rows[:2], *rows[3:], rows[2]]
        assert refusal(mixed, document(), 3)[0] == "order.mixed"
        assert Found(mixed, document()).all == Found(rows, document()).all

    def test_no_more_than_a_few_rows_a_register_are_kept(self, monkeypatch):
        kept = []
        keep = Registers._keep

        def note(self: Registers, shown: Any, ends: Any) -> None:
            keep(self, shown, ends)
            kept.append(len(self._kept.value))

        monkeypatch.setattr(Registers, "_keep", note)
        first = datetime.fromisoformat("2026-01-01")
        rows = [f"{n // 7},{first + timedelta(minutes=n // 7):%Y-%m-%d %H:%M},,M{n % 7}" for n in range(7000)]
        mapping = document().replace("{value: P}", '{column: "4"}')
        assert Found(rows, mapping, 100, 2000).used.total() == 7 * 999
        assert len(kept) > 50
        assert max(kept) <= 5 * 7


class TestAnyBytes:
    GOOD = b"".join(f"{row},A\n".encode() for row in hourly("1", "2.5", "0", "2", "4"))

    @settings(max_examples=100)
    @given(
        st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.binary(max_size=12)), max_size=4),
        st.integers(1, 80),
        st.sampled_from(["none", "always", '{from: "00:00", to: "02:00"}']),
        st.sampled_from(
            ["", "interval_minutes: 60\n", "interval_minutes: step\n", 'quality: {column: "3", codes: {A: missing}}\n']
        ),
    )
    def test_are_read_or_refused_and_every_row_counted(self, splices, piece_bytes, resets, more):
        data = self.GOOD
        for place, length, new in splices:
            data = data[:place] + new + data[place + length :]
        with suppress(InputRefusedError):
            for part in read_mapped_csv(
                io.BytesIO(data), ReadContext("p.csv", mapping=document(resets, more=more)), piece_bytes, 2
            ):
                assert part.rows_read == part.rows_taken + sum(part.rejections["rows"].to_pylist())

    @pytest.mark.parametrize("end", range(1, len(GOOD)))
    def test_a_cut_file_is_refused_or_holds_the_whole_rows_before_the_cut(self, end):
        cut = self.GOOD[:end].decode()
        if cut.endswith("\n"):
            assert Found(cut.splitlines(), document("always")).indexes.total() == cut.count("\n")
        else:
            with pytest.raises(InputRefusedError) as refused:
                list(read_mapped_csv(io.BytesIO(cut.encode()), ReadContext("p.csv", mapping=document("always"))))
            # a cut first row has fewer columns than the mapping names
            assert refused.value.code in {"file.truncated", "mapping.column", "record.length", "time.invalid", "time.missing"}


class TestGaps:
    ROWS = (
        "1,2026-01-01 00:00,2026-01-02 00:00",
        "1,2026-01-02 00:01,2026-01-03 00:00",
        "1,2026-01-03 00:00,2026-01-04 00:00",
        "1,2026-01-04 00:02,2026-01-05 00:04",
    )

    def warnings(self, tolerance: str, rows: Sequence[str] = ROWS, window: int = ONE_WINDOW) -> list[tuple[str, str]]:
        mapping = document(time=BOTH_ENDS, more=f"tolerance: {tolerance}\n").replace(", kind: cumulative, resets: none", "")
        return [(code, text.rpartition(": ")[2]) for code, text in Found(rows, mapping, window).warnings]

    @pytest.mark.parametrize(
        ("tolerance", "expected"),
        [
            ("{}", [("interval.gap", "lines 2, 4")]),
            ("{gap_seconds: 59}", [("interval.gap", "lines 2, 4")]),
            ("{gap_seconds: 60}", [("interval.gap", "line 4")]),
            ("{gap_seconds: 120}", []),
            ("{gap_seconds: 120, variation_seconds: 60}", [("interval.variation", "line 4")]),
            ("{gap_seconds: 120, variation_seconds: 59}", [("interval.variation", "lines 2, 3, 4")]),
            ("{gap_seconds: 120, variation_seconds: 120}", []),
        ],
    )
    def test_above_the_tolerance_are_told_with_their_lines(self, tolerance, expected):
        assert self.warnings(tolerance) == expected

    @pytest.mark.parametrize("window", [1, 2, 3])
    @pytest.mark.parametrize("order", [1, -1], ids=["forward", "backward"])
    def test_are_the_same_whatever_the_window(self, window, order):
        rows = self.ROWS[::order]
        assert self.warnings("{variation_seconds: 60}", rows, window) == self.warnings("{variation_seconds: 60}", rows)

    def test_between_rows_of_earlier_windows_are_not_looked_for(self):
        rows = [f"1,2026-01-01 {hour:02d}:00,2026-01-01 {hour:02d}:59" for hour in (0, 9, 4, 5)]
        # line 2 came when nothing was known of lines 3 and 4, and these when nobody knew what else lay there
        assert self.warnings("{}", rows, 2) == [("interval.gap", "line 2")]
        assert self.warnings("{}", rows) == [("interval.gap", "lines 2, 3, 4")]

    def test_of_many_rows_the_first_are_named(self):
        rows = [f"1,2026-01-01 {hour:02d}:00,2026-01-01 {hour:02d}:30" for hour in range(24)]
        assert self.warnings("{}", rows) == [("interval.gap", "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 13 more")]


class TestMappings:
    @pytest.mark.parametrize(
        ("old", "new", "where"),
        [
            ("resets: none", "resets: never", "resets"),
            ("resets: none", "resets: {from: '24:00', to: '00:15'}", "resets"),
            ("resets: none", "resets: {from: '23:45'}", "resets"),
            ("kind: cumulative, resets: none", "resets: always", "'resets' is for kind: cumulative"),
            ("kind: cumulative, resets: none", "kind: index, resets: always", "'resets' is for kind: cumulative"),
            ("unit: kWh", "unit: kW, average_power: true", "average_power"),
            ("label: end", "label: start", "needs the end of each row"),
            ("label: end", "end_column: '3'", "needs the end of each row"),
            ("channels:", "interval_minutes: row\nchannels:", "needs both ends"),
            ("channels:", "channels:\n- {column: '4', channel: X, quantity: power}", "tables of their own"),
            ('column: "1"', "column: kwh", "named by their number"),
            ('column: "1"', "column: '0'", "named by their number"),
            ("header: none", "header: never", "header"),
        ],
    )
    def test_that_cannot_be_followed_say_why(self, old, new, where):
        with pytest.raises(InputRefusedError) as refused:
            parse_mapping(document().replace(old, new))
        assert refused.value.code == "mapping.invalid"
        assert where in refused.value.message


class TestTablesWithoutHeader:
    def test_have_columns_by_number_and_lose_no_row(self):
        mapping = document().replace(", kind: cumulative, resets: none", "") + "skip: '#'\n"
        rows = ["# made by hand", "", *hourly("1", "2", "3", start="2026-01-02 00:00")]
        found = Found(rows, mapping)
        assert (found.amounts, found.rejected) == ([Decimal(1), Decimal(2), Decimal(3)], Counter())

    def test_a_header_nevertheless_is_a_row_that_cannot_be_read(self):
        mapping = document().replace(", kind: cumulative, resets: none", "")
        found = Found(["kwh,until", *hourly("1", "2")], mapping)
        assert found.rejected == Counter({("1", "value.invalid", 1): 1})

    def test_a_number_that_no_column_has_refuses_the_file(self):
        assert refusal(hourly("1"), document(time='time: {column: "3", label: end}\n'))[0] == "mapping.column"

    def test_a_file_of_blank_lines_is_empty(self):
        assert refusal(["", ""], document())[0] == "file.empty"


class TestBetween:
    MAPPING = document(more="interval_minutes: between\n").replace(", kind: cumulative, resets: none", "")

    @pytest.mark.parametrize("window", [1, 2, ONE_WINDOW])
    def test_a_row_lasts_since_the_one_before_and_nobody_knows_how_long_the_first_did(self, window):
        found = Found(hourly("99", "1", "2"), self.MAPPING, window)
        assert found.used == Counter(
            {("P", "01-01 00:00", "01-01 01:00", Decimal(1)): 1, ("P", "01-01 01:00", "01-01 02:00", Decimal(2)): 1}
        )
        assert found.rejected == Counter({("1", "interval.unknown", 1): 1})

    def test_with_auto_the_first_of_even_rows_is_as_long_as_the_others(self):
        rows = hourly("99", "1", "2", start="2026-01-01 01:00")
        assert Found(rows, self.MAPPING.replace("between", "auto")).amounts == [Decimal(n) for n in (99, 1, 2)]
