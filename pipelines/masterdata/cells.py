"""The cells of a CSV, JSON lines or Parquet file as texts, in batches of rows.

Whatever the format, a cell is its text or None where it is empty, so that one set of rules judges all three. A number
keeps the digits it was written with (JSON numbers are never parsed to floats).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.masterdata.problems import Problem

ROWS_A_BATCH = 50_000
_LONGEST_LINE = 1_000_000
_LONGEST_SHOWN = 200
_EXACT_BELOW = 2.0**53  # from here on a float skips whole numbers


class Cells(NamedTuple):
    """Some rows of a file.

    Attributes:
        columns: name to (n,) texts, None for an empty cell.
        lines: (n,) line of each row, from 1 (Parquet: number of the row).
    """

    columns: dict[str, list[str | None]]
    lines: list[int]


Source = Callable[[Path, list[Problem]], Iterator[Cells]]


def read_csv(path: Path, problems: list[Problem]) -> Iterator[Cells]:
    """Read a CSV file: comma, double quotes, UTF-8 with or without a mark, a header first.

    Args:
        path: the file.
        problems: what is wrong with the file or a whole row is added here; reading goes on where it can.

    Yields:
        batches of at least no rows: a file with a header alone gives one empty batch.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = csv.reader(stream, strict=True)
        try:
            header = next(rows, [])
            if not header or len(set(header)) < len(header):
                problems.append(Problem(f"{path}:1", "the header names a column twice" if header else "the file is empty"))
                return
            yield from _csv_batches(rows, header, path, problems)
        except UnicodeDecodeError:
            problems.append(Problem(str(path), "the text is not UTF-8"))
        except csv.Error as error:
            problems.append(Problem(f"{path}:{rows.line_num}", f"no valid CSV: {error}"))


def _csv_batches(rows: Any, header: list[str], path: Path, problems: list[Problem]) -> Iterator[Cells]:  # noqa: ANN401 - csv's reader has no public type
    kept: list[list[str]] = []
    lines: list[int] = []
    first_line = rows.line_num + 1
    for row in rows:
        if len(row) == len(header):
            kept.append(row)
            lines.append(first_line)
        elif row:
            problems.append(Problem(f"{path}:{first_line}", f"{len(row)} cells, the header has {len(header)}"))
        first_line = rows.line_num + 1
        if len(kept) == ROWS_A_BATCH:
            yield _csv_cells(kept, lines, header)
            kept, lines = [], []
    yield _csv_cells(kept, lines, header)


def _csv_cells(rows: list[list[str]], lines: list[int], header: list[str]) -> Cells:
    columns = zip(*rows, strict=True) if rows else ([] for _ in header)
    return Cells({name: [cell or None for cell in column] for name, column in zip(header, columns, strict=True)}, lines)


def read_jsonl(path: Path, problems: list[Problem]) -> Iterator[Cells]:
    """Read JSON lines: an object a line, UTF-8; see ``read_csv``.

    A key that stands twice, NaN, and objects or lists as cells are refused; numbers and true/false are taken as they
    are written.
    """
    kept: list[dict[str, str | None]] = []
    lines: list[int] = []
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="\n") as stream:
            while line := stream.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE:
                    problems.append(Problem(f"{path}:{number}", f"a line of {_LONGEST_LINE} characters or more"))
                    return
                if not line.strip():
                    continue
                try:
                    kept.append(_json_row(line))
                    lines.append(number)
                except (ValueError, RecursionError) as error:
                    problems.append(Problem(f"{path}:{number}", f"no valid row: {error}"))
                if len(kept) == ROWS_A_BATCH:
                    yield _json_cells(kept, lines)
                    kept, lines = [], []
    except UnicodeDecodeError:
        problems.append(Problem(f"{path}:{number + 1}", "the text is not UTF-8"))
        return
    if not number:
        problems.append(Problem(str(path), "the file is empty"))
    if kept:
        yield _json_cells(kept, lines)


def _json_row(line: str) -> dict[str, str | None]:
    row = json.loads(line, object_pairs_hook=_once, parse_int=str, parse_float=str, parse_constant=_no_constant)
    if not isinstance(row, dict):
        message = "a JSON object is expected"
        raise ValueError(message)  # noqa: TRY004 - a ValueError as json's own: one kind to catch
    for name, cell in row.items():
        if isinstance(cell, bool):
            row[name] = "true" if cell else "false"
        elif cell is not None and not isinstance(cell, str):
            message = f"{name} is an object or a list"
            raise ValueError(message)
        elif cell == "":
            row[name] = None
    return row


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        message = "a key stands twice"
        raise ValueError(message)
    return row


def _no_constant(text: str) -> str:
    message = f"{text} is no JSON"
    raise ValueError(message)


def _json_cells(rows: list[dict[str, str | None]], lines: list[int]) -> Cells:
    names = dict.fromkeys(name for row in rows for name in row)
    return Cells({name: [row.get(name) for row in rows] for name in names}, lines)


def read_parquet(path: Path, problems: list[Problem]) -> Iterator[Cells]:
    """Read a Parquet file of texts, whole numbers, decimals, booleans, dates and times; see ``read_csv``.

    A column of floats is taken where every value is a whole number (pandas writes optional integers so); another
    float is refused, for it may not be the number that was meant.
    """
    try:
        with pq.ParquetFile(path) as file:
            names = file.schema_arrow.names
            if len(set(names)) < len(names):
                problems.append(Problem(str(path), "the file names a column twice"))
                return
            first = 1
            for batch in [file.schema_arrow.empty_table()] if not file.metadata.num_rows else file.iter_batches(ROWS_A_BATCH):
                lines = list(range(first, first + batch.num_rows))
                first += batch.num_rows
                yield Cells({name: _texts(batch[name], name) for name in names}, lines)
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        problems.append(Problem(str(path), f"not readable as Parquet: {str(error)[:_LONGEST_SHOWN]}"))


def _texts(column: pa.Array, name: str) -> list[str | None]:
    """Return the texts of a Parquet column.

    Raises:
        ValueError: a value has no text that is exactly what was meant.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    to_text: Callable[[Any], str | None] = str
    if pa.types.is_floating(kind):
        _require_whole(column, name)
        to_text = _digits
    elif pa.types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", tz="UTC" if kind.tz else None))
        to_text = datetime.isoformat
    elif pa.types.is_decimal(kind):
        to_text = _plain
    elif pa.types.is_null(kind) or kind in (pa.string(), pa.large_string(), pa.string_view()):
        column.validate(full=True)  # Parquet promises UTF-8 and keeps whatever bytes it was given
        to_text = _or_none
    elif not (pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_date32(kind)):
        message = f"column {name}: {kind} cannot be read as text"
        raise ValueError(message)
    return [None if value is None else to_text(value) for value in column.to_pylist()]


def _require_whole(column: pa.Array, name: str) -> None:
    inexact = pc.invert(pc.and_(pc.equal(pc.round(column), column), pc.less(pc.abs(column), _EXACT_BELOW)))
    if pc.any(inexact).as_py():
        found = pc.filter(column, inexact)[0].as_py()
        message = f"column {name}: the float {found} is no whole number: deliver decimals or texts"
        raise ValueError(message)


def _digits(value: float) -> str:
    return str(int(value))


def _or_none(value: str) -> str | None:
    return value or None


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


SOURCES: dict[str, Source] = {".csv": read_csv, ".jsonl": read_jsonl, ".parquet": read_parquet}
"""How to read a file, by the end of its name."""
