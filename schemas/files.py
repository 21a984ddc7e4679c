"""Files and rejections: every row of every delivered file is accounted for."""

from __future__ import annotations

import pyarrow as pa

from schemas.table import UTC_TIME, Table, column

PARSED_REJECTIONS = Table(
    name="parsed_rejections",
    doc="What a reader sets aside: a record it could not take, with a stable code.",
    key=("record", "code"),
    columns=(
        column("record", pa.string(), "line of the file, member:line inside an archive, or a path"),
        column("code", pa.string(), "stable code: record.length, time.invalid, conflict.same_version, ..."),
        column("message", pa.string(), "what is wrong, for a person"),
        column("raw", pa.string(), "the first 200 characters of the record"),
        column("rows", pa.int64(), "values of the record that were set aside", unit="rows"),
    ),
)

FILES = Table(
    name="files",
    doc="One row per delivered file; rows_read = accepted + rejected + duplicate + superseded.",
    key=("file_id",),
    columns=(
        column("file_id", pa.string(), "sha-256 of the file as delivered"),
        column("name", pa.string(), "name as delivered, without folders"),
        column("format", pa.string(), "nem12, csv, ...; unknown where nobody recognised it"),
        column("bytes", pa.int64(), "size as delivered", unit="B"),
        column("status", pa.string(), "accepted, partial, rejected"),
        column("rows_read", pa.int64(), "values that could become a reading or a read; events of an event file", unit="rows"),
        column("rows_accepted", pa.int64(), "values taken", unit="rows"),
        column("rows_rejected", pa.int64(), "values set aside with a code", unit="rows"),
        column("rows_duplicate", pa.int64(), "exact copies of a value already there", unit="rows"),
        column("rows_superseded", pa.int64(), "older versions of a value already there", unit="rows"),
        column("clock", pa.string(), "the clock of its local times; null where every time names its own", nullable=True),
        column("warnings", pa.string(), "JSON list of code and message", nullable=True),
        column("delivered_at", UTC_TIME, "when it was taken in"),
        column("run_id", pa.string(), "run that took it in"),
    ),
)

REJECTIONS = Table(
    name="rejections",
    doc="Every record set aside, with its file, place, code and text.",
    key=("file_id", "record", "code"),
    columns=(
        column("file_id", pa.string(), "sha-256 of the file"),
        column("name", pa.string(), "name of the file as delivered"),
        *PARSED_REJECTIONS.columns,
        column("run_id", pa.string(), "run that took the file in"),
    ),
)
