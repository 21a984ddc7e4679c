"""Bad input, family by family: bytes in, one of four outcomes out: accepted, rows set aside, or the file refused, with a code."""

from __future__ import annotations

import io
from contextlib import suppress
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.ingest.formats import HEAD_BYTES, READERS, detect
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.tables.mapped_csv import read_mapped_csv
from schemas.errors import InputRefusedError

MAPPING = """
service_point_id: {column: id}
time: {column: at}
interval_minutes: 60
channels:
- {column: kwh, channel: E1, quantity: active_energy, direction: import, unit: kWh}
"""
HEAD = "id,at,kwh\n"
ROWS = "A,2026-01-01 00:00,1.5\nA,2026-01-01 01:00,2.5\nA,2026-01-01 02:00,3.5\n"
GOOD = (HEAD + ROWS).encode()


class Outcome(NamedTuple):
    """What became of a file: slots taken, codes of rows set aside, and the code it was refused with."""

    taken: int = 0
    rejected: dict[str, int] | None = None
    refused: str | None = None


def outcome(data: bytes, mapping: str | None = MAPPING, **options: Any) -> Outcome:
    taken, rejected = 0, {}
    try:
        name = detect(data[:HEAD_BYTES], "a.csv", mapping)
        for parsed in READERS[name](io.BytesIO(data), ReadContext("a.csv", mapping=mapping), **options):
            assert parsed.rows_read == parsed.rows_taken + sum(parsed.rejections["rows"].to_pylist())
            taken += parsed.rows_taken
            for row in parsed.rejections.to_pylist():
                rejected[row["code"]] = rejected.get(row["code"], 0) + row["rows"]
    except InputRefusedError as refusal:
        return Outcome(refused=refusal.code)
    return Outcome(taken, rejected)


def with_row(row: str) -> bytes:
    return (HEAD + row + "\n" + ROWS).encode()


ACCEPTED = [
    ("as it should be", GOOD, 3),
    ("a byte order mark", b"\xef\xbb\xbf" + GOOD, 3),
    ("CR LF", GOOD.replace(b"\n", b"\r\n"), 3),
    ("CR alone", GOOD.replace(b"\n", b"\r"), 3),
    ("blank lines", GOOD.replace(b"\n", b"\n\n"), 3),
    ("trailing blanks", GOOD.replace(b"\n", b"  \n"), 3),
    ("no-break spaces around", GOOD.replace(b",", "\u00a0,\u00a0".encode()), 3),
    ("a header only", HEAD.encode(), 0),
    ("a column more", GOOD.replace(b"\n", b",more\n"), 3),
    ("columns in another order", b"kwh,id,at\n1,A,2026-01-01 00:00\n", 1),
    (
        "10,000 columns",
        b"".join(line + b"," + b",".join(b"c%d" % n for n in range(9997)) + b"\n" for line in GOOD.splitlines()),
        3,
    ),
    ("a row twice", GOOD + b"A,2026-01-01 02:00,3.5\n", 4),
    ("an id with leading zeros", with_row("0012,2026-01-01 00:00,1"), 4),
    ("an id like a number with exponent", with_row("1E5,2026-01-01 00:00,1"), 4),
    ("an id like a formula", with_row("=1+1,2026-01-01 00:00,1"), 4),
    ("an id with blanks and umlauts", with_row("Zähler 7/b,2026-01-01 00:00,1"), 4),
    ("an id that is no query", with_row("'; DROP TABLE files; --,2026-01-01 00:00,1"), 4),
    ("an id that is a path", with_row("../../x,2026-01-01 00:00,1"), 4),
    ("a quoted delimiter", with_row('"A,1",2026-01-01 00:00,1'), 4),
    (
        "all quoted",
        "".join(f'"{line.replace(",", chr(34) + "," + chr(34))}"\n' for line in (HEAD + ROWS).splitlines()).encode(),
        3,
    ),
    ("a day of 29 February", with_row("B,2024-02-29 00:00,1"), 4),
    ("minus zero", with_row("B,2026-01-01 00:00,-0"), 4),
]

SET_ASIDE = [
    ("a field less", with_row("A,2026-01-01 03:00"), {"record.length": 1}),
    ("a field more", with_row("A,2026-01-01 03:00,1,2"), {"record.length": 1}),
    ("a decimal comma", with_row("A,2026-01-01 03:00,1,5"), {"record.length": 1}),
    ("a decimal comma in quotes", with_row('A,2026-01-01 03:00,"1,5"'), {"value.invalid": 1}),
    ("a thousands mark", with_row('A,2026-01-01 03:00,"1,234.5"'), {"value.invalid": 1}),
    ("a thousands blank", with_row("A,2026-01-01 03:00,1\u00a0234"), {"value.invalid": 1}),
    ("a quote that is never closed costs its own line", with_row('A,"2026-01-01 03:00,1'), {"record.length": 1}),
    ("a quote inside", with_row('A,2026-01-01 03:00,1"5'), {"record.length": 1}),
    ("a line break inside quotes", with_row('"A\nB",2026-01-01 03:00,1'), {"record.length": 2}),
    ("NUL in an id", GOOD + b"A\x00,2026-01-01 03:00,1\n" , {}),
    ("a header twice", GOOD + HEAD.encode(), {"value.invalid": 1}),
    ("a formula as value", with_row("A,2026-01-01 03:00,=1+1"), {"value.invalid": 1}),
    ("an exponent", with_row("A,2026-01-01 03:00,1e3"), {"value.invalid": 1}),
    ("1e308", with_row("A,2026-01-01 03:00,1e308"), {"value.invalid": 1}),
    ("infinity", with_row("A,2026-01-01 03:00,inf"), {"value.invalid": 1}),
    ("39 digits", with_row("A,2026-01-01 03:00," + "9" * 39), {"value.range": 1}),
    ("ten decimals", with_row("A,2026-01-01 03:00,0.0000000001"), {"value.precision": 1}),
    ("5,000 digits", with_row("A,2026-01-01 03:00," + "1" * 5000), {"value.invalid": 1}),
    ("digits of another script", with_row("A,2026-01-01 03:00,٣"), {"value.invalid": 1}),
    ("d/m or m/d is not guessed", with_row("A,01/02/2026 03:00,1"), {"time.invalid": 1}),
    ("30 February", with_row("A,2026-02-30 03:00,1"), {"time.invalid": 1}),
    ("24:00 as a start", with_row("A,2026-01-01 24:00,1"), {"time.invalid": 1}),
    ("second 60", with_row("A,2026-01-01 00:00:60,1"), {"time.invalid": 1}),
    ("an offset of 25 hours", with_row("A,2026-01-01 00:00+25:00,1"), {"time.invalid": 1}),
    ("seconds since 1970", with_row("A,1767225600,1"), {"time.invalid": 1}),
    ("year 1", with_row("A,0001-01-01 00:00,1"), {"time.invalid": 1}),
    ("year 9999", with_row("A,9999-01-01 00:00,1"), {"time.invalid": 1}),
    ("no time", with_row("A,,1"), {"time.missing": 1}),
    ("no id", with_row(",2026-01-01 03:00,1"), {"record.identifier": 1}),
    ("an id of 10 kB", with_row("A" * 10_000 + ",2026-01-01 03:00,1"), {"record.identifier": 1}),
    ("an id that turns the writing around", with_row("A\u202e1,2026-01-01 03:00,1"), {"record.identifier": 1}),
    ("an id with a mark of no width", with_row("A\u200b1,2026-01-01 03:00,1"), {"record.identifier": 1}),
    ("an id with an escape", with_row("A\x1b[2J,2026-01-01 03:00,1"), None),
    ("mixed encodings", with_row("A,2026-01-01 03:00,1") + b"Z\xe4hler,2026-01-01 04:00,1\n", {"record.identifier": 1}),
    ("another delimiter in the middle", with_row("A;2026-01-01 03:00;1"), {"record.length": 1}),
]  # fmt: skip

REFUSED = [
    ("nothing", b"", "file.empty"),
    ("blank lines only", b"\n\r\n \n", "file.empty"),
    ("a byte order mark only", b"\xef\xbb\xbf", "file.empty"),
    ("no end of the last line", GOOD[:-1], "file.truncated"),
    ("a header without end", HEAD.encode()[:-1], "file.truncated"),
    ("no header", ROWS.encode(), "mapping.column"),
    ("a column missing", GOOD.replace(b",kwh", b",kw"), "mapping.column"),
    ("a column twice", b"id,at,kwh,kwh\nA,2026-01-01,1,2\n", "mapping.column"),
    ("another delimiter", GOOD.replace(b",", b";"), "mapping.column"),
    ("UTF-16 that is not declared", (HEAD + ROWS).encode("utf-16"), "format.unknown"),
    ("NUL in the beginning", GOOD.replace(b"A", b"\x00", 1), "format.unknown"),
    ("binary", bytes(range(256)), "format.unknown"),
    ("more columns than any table has", b",".join(b"c%d" % n for n in range(30_000)) + b"\n", "record.size"),
]


class TestBadInput:
    @pytest.mark.parametrize(("data", "taken"), [pytest.param(*row[1:], id=row[0]) for row in ACCEPTED])
    def test_what_is_unusual_and_clear_is_accepted(self, data, taken):
        assert outcome(data) == Outcome(taken, {})

    @pytest.mark.parametrize(
        ("data", "rejected"),
        [pytest.param(*row[1:], id=row[0]) for row in SET_ASIDE if row[0] not in ("NUL in an id", "an id with an escape")],
    )
    def test_what_is_wrong_in_a_row_costs_that_row(self, data, rejected):
        found = outcome(data)
        assert found.rejected == rejected
        assert found.taken >= 3

    @pytest.mark.parametrize("sign", ["\x00", "\x1b[2J", "\x07", "\x7f"], ids=["NUL", "escape", "bell", "delete"])
    def test_control_characters_behind_the_first_bytes_cost_their_rows(self, sign):
        many = HEAD + "".join(f"A,2026-01-{day:02d} {hour:02d}:00,1\n" for day in range(1, 20) for hour in range(24))
        found = outcome((many + f"A{sign},2026-02-01 00:00,1\n").encode())
        assert found == Outcome(19 * 24, {"record.identifier": 1})

    @pytest.mark.parametrize(("data", "code"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
    def test_what_cannot_be_a_table_is_refused(self, data, code):
        assert outcome(data) == Outcome(refused=code)

    def test_a_line_of_100_mb_is_refused_without_holding_it(self):
        class Endless(io.RawIOBase):
            left = 100 * 2**20

            def readable(self) -> bool:
                return True

            def readinto(self, buffer: Any, /) -> int:
                count = min(len(buffer), self.left)
                memoryview(buffer)[:count] = b"x" * count
                self.left -= count
                return count

        stream = io.BufferedReader(Endless())
        with pytest.raises(InputRefusedError) as refusal:
            list(read_mapped_csv(stream, ReadContext("a.csv", mapping=MAPPING)))
        assert refusal.value.code == "record.size"

    def test_a_line_of_five_million_fields_is_refused(self):
        assert outcome(GOOD + b"," * (5 * 2**20) + b"\n").refused == "record.size"

    @pytest.mark.parametrize("codes", ["", "codes: {A: measured}"])
    def test_a_thousand_quality_codes_are_a_column_of_something_else(self, codes):
        mapping = MAPPING + f"quality: {{column: q{', ' if codes else ''}{codes}}}\n"
        rows = "".join(f"A,2026-{n // 672 + 1:02d}-{n // 24 % 28 + 1:02d} {n % 24:02d}:00,1,q{n}\n" for n in range(1010))
        found = outcome(("id,at,kwh,q\n" + rows).encode(), mapping)
        assert found.rejected == {"quality.unknown": 1010 if codes else 10}


class TestCutAnywhere:
    @pytest.mark.parametrize("end", range(len(GOOD)))
    def test_a_cut_file_is_refused_or_holds_the_whole_lines_before_the_cut(self, end):
        found = outcome(GOOD[:end])
        whole = GOOD[:end].count(b"\n") - 1
        if GOOD[:end].endswith(b"\n"):
            assert found == Outcome(whole, {})
        else:
            assert found.refused in {"file.truncated", "file.empty", "mapping.column"}

    @pytest.mark.parametrize(
        ("control", "whole_at"),
        # a count of rows does not see that 3.5 was cut to 3; a total does, and the line end alone adds nothing to it
        [("rows: 3", set()), ("bytes: 79", set()), ("total: 7.5", {len(GOOD) - 1}), ("total: 7.5, rows: 3", {len(GOOD) - 1})],
    )
    def test_with_a_control_it_is_taken_where_nothing_is_lost(self, control, whole_at):
        taken = {end for end in range(len(GOOD)) if outcome(GOOD[:end], MAPPING + f"control: {{{control}}}\n").refused is None}
        assert taken == whole_at

    def test_with_the_right_control_the_whole_file_is_taken(self):
        for control in ("rows: 3", "bytes: 79", "total: 7.5", "rows: 3, bytes: 79, total: 7.50"):
            assert outcome(GOOD, MAPPING + f"control: {{{control}}}\n") == Outcome(3, {})
        assert outcome(GOOD[:-1], MAPPING + "control: {bytes: 78}\n") == Outcome(3, {})

    def test_a_total_proves_nothing_of_a_column_after_the_values(self):
        data = b"id,at,kwh,q\nA,2026-01-01 00:00,1,AB\n"
        mapping = MAPPING + "quality: {column: q}\ncontrol: {total: 1}\n"
        assert [outcome(data[: len(data) - cut], mapping).refused for cut in (0, 1, 2)] == [
            None,
            "file.truncated",
            "file.truncated",
        ]


class TestAnyBytes:
    @settings(max_examples=60)
    @given(
        st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.binary(max_size=12)), max_size=4),
        st.integers(1, 80),
        st.sampled_from(
            [
                "",
                "decimal: ','\n",
                "delimiter: ';'\n",
                "header: {within: 3, repeats: true}\n",
                "encoding: utf-16\n",
                "trailer: {begins: A, rows_field: 2}\n",
            ]
        ),
    )
    def test_a_spliced_file_is_read_or_refused_and_every_row_counted(self, splices, piece_bytes, more):
        data = GOOD
        for place, length, new in splices:
            data = data[:place] + new + data[place + length :]
        mapping = MAPPING + more
        parsed = []
        with suppress(InputRefusedError):
            parsed += read_mapped_csv(io.BytesIO(data), ReadContext("a.csv", mapping=mapping), piece_bytes, 2)
        for part in parsed:
            assert part.rows_read == part.rows_taken + sum(part.rejections["rows"].to_pylist())

    @given(st.binary(max_size=200))
    def test_any_bytes_are_read_or_refused_without_a_mapping(self, data):
        assert outcome(data, None).refused is not None
