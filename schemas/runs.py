"""Runs: written last; the versions a run pins are what everybody reads."""

from __future__ import annotations

import pyarrow as pa

from schemas.table import UTC_TIME, Table, column, list_of

PIN = pa.struct([pa.field("table", pa.string(), nullable=False), pa.field("version", pa.int64(), nullable=False)])
OUTPUT = pa.struct(
    [
        pa.field("table", pa.string(), nullable=False),
        pa.field("path", pa.string(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
        pa.field("rows", pa.int64(), nullable=False),
        pa.field("sha256", pa.string(), nullable=False),
    ]
)

RUNS = Table(
    name="runs",
    doc="One row per finished run: a run exists when its row does.",
    key=("run_id",),
    columns=(
        column("run_id", pa.string(), "time-ordered id"),
        column("sequence", pa.int64(), "1 for the store's first run, one more for each"),
        column(
            "command",
            pa.string(),
            "init, masterdata.load, tariff.load, tariff.series.load, ingest, vee, bill.run, run, watch, release",
        ),
        column("month", pa.string(), "the month billed, YYYY-MM; null where none was", nullable=True),
        column("as_at", pa.date32(), "the day it was run as at; null where it does not matter", nullable=True),
        column("validated_months", list_of(pa.string()), "months whose readings were validated in every bucket"),
        column("started_at", UTC_TIME, "when it began"),
        column("finished_at", UTC_TIME, "when this row was written"),
        column("pins", list_of(PIN), "version of every table after the run"),
        column("outputs", list_of(OUTPUT), "every file the run published, with its hash"),
        column("counters", pa.string(), "JSON: files, rows, bills, holds, exceptions, seconds by stage"),
        column("versions", pa.string(), "JSON: this program, tzdata, Python and the libraries"),
    ),
)
