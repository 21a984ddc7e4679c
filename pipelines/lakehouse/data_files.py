"""Parquet files of the store: how they are written, hashed and read back.

Files are written under a name that carries the run and the content's hash, so writing the same rows again makes
the same file, and a file that no commit names is an orphan that nobody reads. Page checksums are written and
verified: a flipped bit would otherwise give a wrong number in silence.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.errors import StoreError
from schemas.table import Table

ROW_GROUP_ROWS = 8192
"""About 393,000 half-hourly readings: measured as the best size to write and the fastest to settle."""


@dataclass(frozen=True)
class DataFile:
    """A Parquet file of a table.

    Attributes:
        table: name of the table.
        path: below the table's folder, with its partition folders.
        size: bytes.
        rows: rows.
        partition: partition column to text.
        sha256: hash of the file; empty where only the table's log was read.
        low: smallest ``start`` or ``day`` in the file as ISO text; None where the table has neither.
        high: largest, likewise.
    """

    table: str
    path: str
    size: int
    rows: int
    partition: dict[str, str] = field(default_factory=dict)
    sha256: str = ""
    low: str | None = None
    high: str | None = None


def write_data_file(root: Path, table: Table, rows: pa.Table, run_id: str, partition: dict[str, str] | None = None) -> DataFile:
    """Write ``rows`` as one file of ``table`` and return its description.

    Args:
        root: the store's folder.
        table: declaration of the rows.
        rows: all columns but the partition's, in any order.
        run_id: the run that writes.
        partition: value of each partition column.

    Raises:
        SchemaMismatchError: the rows are not the table's.
    """
    partition = partition or {}
    table.check(rows, schema=table.file_schema)
    rows = rows.select(table.file_schema.names).cast(table.file_schema)
    folder = "/".join(f"{name}={partition[name]}" for name in table.partition_by)
    target = root / "tables" / table.name / folder
    target.mkdir(parents=True, exist_ok=True)
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows,
        sink,
        compression="zstd",
        compression_level=1,
        row_group_size=ROW_GROUP_ROWS,
        write_page_checksum=True,
        write_page_index=False,
    )
    content = sink.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    name = f"{run_id}-{digest[:16]}.parquet"
    part = target / f".{name}.{os.getpid()}.tmp"
    with part.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
    part.replace(target / name)
    low, high = _extent(rows)
    path = f"{folder}/{name}" if folder else name
    return DataFile(table.name, path, len(content), rows.num_rows, dict(partition), digest, low, high)


def _extent(rows: pa.Table) -> tuple[str | None, str | None]:
    """Return the smallest and largest day or start, for skipping files that cannot matter."""
    for name in ("day", "start"):
        if name in rows.schema.names and rows.num_rows:
            found = pc.min_max(rows[name]).as_py()
            if found["min"] is not None:
                return found["min"].isoformat(), found["max"].isoformat()
    return None, None


def read_data_files(
    root: Path,
    table: Table,
    files: Sequence[DataFile],
    *,
    columns: Sequence[str] | None = None,
    filters: pc.Expression | None = None,
) -> pa.Table:
    """Read rows of ``files``, partition columns added, checked against the table's declaration.

    Args:
        root: the store's folder.
        table: declaration of the rows.
        files: which files.
        columns: columns to return; None for all.
        filters: an expression over the file's own columns.

    Raises:
        StoreError: a file is gone, cut or has a flipped bit.
        SchemaMismatchError: a file is not the table's.
    """
    wanted = list(columns) if columns is not None else table.schema.names
    inside = [name for name in wanted if name not in table.partition_by]
    parts = []
    for file in files:
        path = root / "tables" / table.name / file.path
        try:
            rows = pq.read_table(
                path,
                columns=inside,
                filters=filters,
                page_checksum_verification=True,
                partitioning=None,
                use_threads=False,
            )
        except (OSError, pa.ArrowInvalid) as problem:
            code = "store.damaged"
            raise StoreError(code, f"{path} cannot be read: {problem}", "restore the file from a copy of the store") from None
        for name in wanted:
            if name in table.partition_by:
                kind = table.schema.field(name).type
                rows = rows.append_column(name, pa.repeat(pa.scalar(file.partition[name]).cast(kind), rows.num_rows))
        parts.append(rows.select(wanted))
    schema = pa.schema([table.schema.field(name) for name in wanted])
    if not parts:
        return schema.empty_table()
    joined = pa.concat_tables(parts)
    table.check(joined, schema=schema)
    return joined.cast(schema)
