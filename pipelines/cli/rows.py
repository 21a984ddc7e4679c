"""Rows of a query as people and programs want them: a table, CSV, JSON, or Arrow."""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from pipelines.cli.grid import Grid, show
from pipelines.cli.outcome import plain_value

FORMATS = ("table", "csv", "json", "arrow")
TABLE_ROWS = 1000
"""Rows that a table shows; more are told on stderr."""


def write_rows(reader: pa.RecordBatchReader, form: str) -> int:
    """Write rows to stdout and return how many were left out.

    Args:
        reader: the rows.
        form: one of ``FORMATS``.
    """
    if form == "table":
        return _write_table(reader)
    if form == "csv":
        _write_csv(reader)
    elif form == "json":
        _write_json(reader)
    else:
        with pa.ipc.new_stream(sys.stdout.buffer, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
    sys.stdout.flush()
    return 0


def as_objects(batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    """Yield rows as JSON can hold them: decimals and times as text, no NaN."""
    columns = [[_plain(value) for value in column.to_pylist()] for column in batch.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(batch.schema.names, row, strict=True))


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a cell holds
    """Return a cell as JSON can hold it."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return plain_value(value)


def _write_json(reader: pa.RecordBatchReader) -> None:
    separator = "["
    for batch in reader:
        for row in as_objects(batch):
            sys.stdout.write(separator + json.dumps(row))
            separator = ",\n "
    sys.stdout.write("]\n" if separator != "[" else "[]\n")


def _write_csv(reader: pa.RecordBatchReader) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(reader.schema.names)
    for batch in reader:
        writer.writerows([_cell(value, null="") for value in row.values()] for row in as_objects(batch))


def _write_table(reader: pa.RecordBatchReader) -> int:
    rows: list[list[str]] = []
    more = 0
    for batch in reader:
        room = TABLE_ROWS - len(rows)
        rows += [[_cell(value, null="-") for value in row.values()] for row in as_objects(batch.slice(0, room))]
        more += max(0, batch.num_rows - room)
    names = reader.schema.names
    right = [
        f.name
        for f in reader.schema
        if pa.types.is_integer(f.type) or pa.types.is_decimal(f.type) or pa.types.is_floating(f.type)
    ]
    show(Grid(names, rows, right=right), sys.stdout)
    return more


def _cell(value: Any, *, null: str) -> str:  # noqa: ANN401 - whatever JSON holds
    if value is None:
        return null
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, list | dict | bool) else str(value)
