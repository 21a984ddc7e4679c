"""Files for the systems downstream: written aside and swapped in whole, rows in the order of their keys."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipelines.lakehouse.store import Snapshot, Store
from pipelines.operations.query import query
from schemas.crm import CRM_RECORDS
from schemas.decimal_text import decimal_text
from schemas.periods import month_dates

EXPORTS = "exports"
"""Folder of the store for files whose place nobody names."""
QUERIES = {
    "readings": (
        "SELECT * FROM readings WHERE {when} ORDER BY service_point_id, meter_id, channel, interval_start, interval_minutes",
        "interval_start >= TIMESTAMPTZ '{first}T00:00:00Z' AND interval_start < TIMESTAMPTZ '{end}T00:00:00Z'",
    ),
    "gl": ("SELECT * EXCLUDE (bucket, run_id) FROM gl_journal WHERE {when} ORDER BY bill_id, posting_no", "month = '{month}'"),
}
"""What is exported as a table, and how a month of it is told."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: where.
        rows: rows or records in it.
        run_id: the run whose state it shows.
    """

    path: Path
    rows: int
    run_id: str


def default_path(store: Store, name: str, month: str | None, ending: str) -> Path:
    """Return where an export goes when nobody says."""
    return store.root / EXPORTS / (f"{name}-{month}.{ending}" if month else f"{name}.{ending}")


def crm_lines(snapshot: Snapshot, month: str | None) -> Iterator[str]:
    """Yield every CRM record as one JSON text, by ``record_id``.

    Args:
        snapshot: what is exported.
        month: month of the periods; None for all.
    """
    columns = ["record_id", "state", "bill_id", "total", "currency", "record"]
    partition = {"month": month} if month else {}
    for row in snapshot.read(CRM_RECORDS, columns=columns, **partition).sort_by("record_id").to_pylist():
        total: Decimal | None = row["total"]
        head = {name: row[name] for name in ("record_id", "state", "bill_id")}
        head |= {"total": None if total is None else f"{total.normalize():f}", "currency": row["currency"]}
        yield json.dumps(head | json.loads(row["record"]), separators=(",", ":"), ensure_ascii=False)


def export_crm(store: Store, month: str | None, target: Path) -> Exported:
    """Write the CRM records as JSON lines.

    Args:
        store: the store.
        month: month of the periods; None for all.
        target: the file, replaced whole.
    """
    snapshot = store.snapshot()
    count = 0
    with replaced(target) as out:
        for count, line in enumerate(crm_lines(snapshot, month), start=1):  # noqa: B007 - the count of lines written
            out.write(line.encode() + b"\n")
    return Exported(target, count, snapshot.run_id)


def export_table(store: Store, name: str, month: str | None, target: Path, *, as_parquet: bool) -> Exported:
    """Write readings or the journal as CSV or Parquet.

    Args:
        store: the store.
        name: a key of ``QUERIES``.
        month: ``YYYY-MM``, in UTC for readings; None for all.
        target: the file, replaced whole.
        as_parquet: Parquet instead of CSV.
    """
    snapshot = store.snapshot()
    text, when = QUERIES[name]
    statement = text.format(when=_when(when, month) if month else "true")
    with query(store, statement, snapshot.run_id) as reader:
        return Exported(target, write_table(reader, target, as_parquet=as_parquet), snapshot.run_id)


def write_table(table: pa.Table | pa.RecordBatchReader, target: Path, *, as_parquet: bool) -> int:
    """Write rows as CSV, decimals and times as text, or as Parquet, and return how many there are.

    Args:
        table: the rows.
        target: the file, replaced whole.
        as_parquet: Parquet instead of CSV.
    """
    rows = 0
    reader = table.to_reader() if isinstance(table, pa.Table) else table
    with replaced(target) as out:
        schema = reader.schema if as_parquet else _text_schema(reader.schema)
        writer = pq.ParquetWriter(out, schema, write_page_checksum=True) if as_parquet else pa_csv.CSVWriter(out, schema)
        with writer:
            for batch in reader:
                rows += batch.num_rows
                writer.write_batch(batch if as_parquet else _as_text(batch, schema))
    return rows


def _when(condition: str, month: str) -> str:
    first, end = month_dates(month)
    return condition.format(month=month, first=first, end=end)


def _text_schema(schema: pa.Schema) -> pa.Schema:
    """Return the schema of a CSV: decimals and times are text."""
    return pa.schema([pa.field(f.name, pa.string() if _is_text(f.type) else f.type) for f in schema])


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_decimal(kind) or pa.types.is_timestamp(kind)


def _as_text(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """Return a batch with decimals as text and instants as ISO 8601 in UTC."""
    columns = []
    for column in batch.columns:
        if pa.types.is_timestamp(column.type):
            columns.append(pc.strftime(column.cast(pa.timestamp("s", "UTC"), safe=False), "%Y-%m-%dT%H:%M:%SZ"))
        elif pa.types.is_decimal(column.type):
            columns.append(decimal_text(column))
        else:
            columns.append(column)
    return pa.RecordBatch.from_arrays(columns, schema=schema)


@contextmanager
def replaced(target: Path) -> Iterator[IO[bytes]]:
    """Hand out a file that takes the place of ``target`` when all of it is written, or never."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with part.open("wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
