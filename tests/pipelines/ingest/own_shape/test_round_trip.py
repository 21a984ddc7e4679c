"""What the documentation shows can be read, and what one store exports another one can take in."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.operations.exports import export_table
from pipelines.operations.query import query
from tests.docs.pages import blocks

PAGE = "reference/formats/own_shape.md"


def test_the_documented_lines_are_read_whole(own, values):
    (lines,) = blocks(PAGE, "jsonl")
    parsed = own.parse("jsonl", lines.text.encode())
    assert (own.codes(parsed), parsed.rows_read) == ([], 10)
    assert {value for value in values(parsed) if value} == {
        Decimal(text) for text in ("0.125", "0.130", "0.118", "0.015", "0.02", "231.4")
    }


def test_the_documented_program_writes_the_same_runs(own, values, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (program,) = blocks(PAGE, "python")
    exec(compile(program.text, program.name, "exec"), {})  # noqa: S102 - the page's own program
    parsed = own.parse("parquet", (tmp_path / "readings.parquet").read_bytes())
    (lines,) = blocks(PAGE, "jsonl")
    runs = own.parse("jsonl", b"".join(lines.text.encode().splitlines(keepends=True)[:2]))
    assert (values(parsed), parsed.warnings) == (values(runs), ())
    assert parsed.intervals["start"].to_pylist() == runs.intervals["start"].to_pylist()


def test_exported_readings_are_slots_of_another_store(own, january_billed, tmp_path, values):
    path = tmp_path / "readings.parquet"
    exported = export_table(january_billed, "readings", "2026-01", path, as_parquet=True)
    parsed = own.parse("parquet", path.read_bytes())
    assert (own.codes(parsed), parsed.rows_read, parsed.warnings) == ([], exported.rows, ())
    counted = (
        "SELECT sum(value) AS total, count(value) AS valued, count(*) FILTER (quality = 'estimated') AS estimated FROM readings"
    )
    month = " WHERE interval_start >= TIMESTAMPTZ '2026-01-01T00:00:00Z' AND interval_start < TIMESTAMPTZ '2026-02-01T00:00:00Z'"
    with query(january_billed, counted + month, None) as reader:
        (expected,) = reader.read_all().to_pylist()
    found = [value for value in values(parsed) if value is not None]
    assert (sum(found), len(found)) == (expected["total"], expected["valued"])
    assert expected["estimated"] > 0
    qualities = pa.concat_arrays([chunk.flatten() for chunk in parsed.intervals["quality"].chunks]).to_pylist()
    reasons = {row["native_reason"] for row in parsed.intervals.to_pylist()}
    assert qualities.count(2) >= expected["estimated"]
    assert reasons & {"linear", "linear_scaled", "like_day", "like_day_scaled"}
    assert pq.read_schema(path).field("value").type == pa.decimal128(38, 9)
