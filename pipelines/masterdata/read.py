"""Master data files to checked columns: every bad cell of every file is told, then all are refused together.

A folder is read for the files named after a table; beside them it may hold what belongs to the same delivery but is
no master data: tariffs (``*.yaml``, ``*.yml``), notes (``README*``, ``*.md``, ``*.txt``), hidden files and folders.
Any other file is refused by name, because ``registers_new.csv`` silently left out would be a wrong bill.

The cells are judged by ``schemas.master_documents``, a column at a time and every distinct text once: most columns
repeat a few zones, dates and words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
from pydantic import TypeAdapter, ValidationError

from pipelines.masterdata.cells import SOURCES, Cells
from pipelines.masterdata.problems import INVALID, Problem, refuse_if_any
from schemas.master_data import (
    ACCOUNTS,
    AGREEMENT_FACTS,
    AGREEMENT_OPTIONS,
    AGREEMENTS,
    CUSTOMERS,
    LOADED,
    METERS,
    OPENING_STATE,
    REGISTERS,
    SERVICE_POINTS,
)
from schemas.master_documents import ROWS
from schemas.table import UTC_TIME, Table

STORED: dict[str, Table] = {
    table.name: table
    for table in (
        SERVICE_POINTS, METERS, REGISTERS, AGREEMENTS, AGREEMENT_FACTS, AGREEMENT_OPTIONS, OPENING_STATE, ACCOUNTS, CUSTOMERS,
    )
}  # fmt: skip
PLACE = "place"
"""Column of the loaded rows that says ``file:line``."""
_STORED_AS = {"standard_offset": "standard_offset_minutes"}
_BESIDE = (".yaml", ".yml", ".md", ".txt")
_LONGEST_SHOWN = 80


class _File(NamedTuple):
    table: str
    path: Path


def read_master_data(paths: Sequence[Path]) -> dict[str, pa.Table]:
    """Read the master data files of ``paths``.

    Args:
        paths: files named after a table, or folders that hold them.

    Returns:
        table name to rows as delivered, for the tables that had a file: the stored columns (``loaded_columns``) with
        times still as text, plus ``place``. What has no default without other rows (``standard_offset_minutes``,
        ``billing_clock``) is null where it was not given.

    Raises:
        MasterDataError: ``masterdata.invalid``, with every problem of every file.
    """
    problems: list[Problem] = []
    found = _files(paths, problems)
    loaded: dict[str, list[pa.Table]] = {}
    for file in found:
        loaded.setdefault(file.table, []).extend(_read_file(file, problems))
    if not found and not problems:
        names = ", ".join(str(path) for path in paths)
        problems.append(Problem(names, f"no master data here: name files after a table ({', '.join(ROWS)})"))
    refuse_if_any(problems, code=INVALID)
    return {name: pa.concat_tables([loaded_schema(name).empty_table(), *loaded[name]]) for name in ROWS if name in loaded}


@cache
def loaded_schema(table: str) -> pa.Schema:
    """Return the Arrow schema of the loaded rows of a table: times are texts, ``place`` comes last."""
    fields = [
        pa.field(column.name, pa.string() if column.type == UTC_TIME else column.type)
        for column in STORED[table].columns
        if column != LOADED
    ]
    return pa.schema([*fields, pa.field(PLACE, pa.string())])


def _files(paths: Sequence[Path], problems: list[Problem]) -> list[_File]:
    """Return the files to read; names that cannot be taken are problems."""
    found = []
    for path in paths:
        if not path.exists():
            problems.append(Problem(str(path), "there is no such file or folder"))
        for file in [path] if path.is_file() else sorted(_named_in(path)):
            if file.stem in ROWS and file.suffix.lower() in SOURCES:
                found.append(_File(file.stem, file))
            else:
                names = f"({', '.join(ROWS)}) and ends with {', '.join(SOURCES)}"
                problems.append(Problem(str(file), f"no master data: a file is named after its table {names}"))
    return found


def _named_in(folder: Path) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.iterdir():
            ignored = path.name.startswith((".", "README")) or path.suffix.lower() in _BESIDE
            if path.is_file() and not ignored:
                yield path


def _read_file(file: _File, problems: list[Problem]) -> list[pa.Table]:
    """Return the good batches of a file; the problems of its cells come in the order of its lines."""
    batches = []
    named: set[str] = set()
    source = SOURCES[file.path.suffix.lower()]
    try:
        for cells in source(file.path, problems):
            bad: list[tuple[int, Problem]] = []
            batch = _judge(cells, file, named, bad)
            bad.sort(key=lambda line_and_problem: line_and_problem[0])
            problems.extend(problem for _, problem in bad)
            if not problems:
                batches.append(batch)
    except OSError as error:
        problems.append(Problem(str(file.path), f"cannot be read: {error.strerror}"))
    return batches


def _judge(cells: Cells, file: _File, named: set[str], bad: list[tuple[int, Problem]]) -> pa.Table:
    """Return the batch as checked columns.

    Args:
        cells: the texts.
        file: where they are from.
        named: columns already told to be unknown or absent; each is told once a file.
        bad: what is wrong is added here with its line.
    """
    fields = ROWS[file.table].model_fields
    wrong = {name: "not a column of this table" for name in cells.columns if name not in fields}
    wrong |= {name: "the column is missing" for name, f in fields.items() if f.is_required() and name not in cells.columns}
    bad.extend((0, Problem(f"{file.path}: {name[:_LONGEST_SHOWN]}", what)) for name, what in wrong.items() if name not in named)
    named.update(wrong)
    empty: list[str | None] = [None] * len(cells.lines)
    schema = loaded_schema(file.table)
    columns = []
    for name in fields:
        values, reasons = _checked(file.table, name, cells.columns.get(name, empty))
        if reasons and name not in wrong:
            texts = cells.columns.get(name, empty)
            for line, text in zip(cells.lines, texts, strict=True):
                if text in reasons:
                    bad.append((line, Problem(f"{file.path}:{line}: {name}", reasons[text])))
        columns.append(pa.array(values, schema.field(_STORED_AS.get(name, name)).type))
    places = pa.array([f"{file.path}:{line}" for line in cells.lines], pa.string())
    return pa.table([*columns, places], names=[*(_STORED_AS.get(name, name) for name in fields), PLACE]).select(schema.names)


@cache
def _adapter(table: str, column: str) -> TypeAdapter[list[Any]]:
    field = ROWS[table].model_fields[column]
    cell: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
    return TypeAdapter(list[cell])


def _checked(table: str, column: str, texts: list[str | None]) -> tuple[list[Any], dict[str | None, str]]:
    """Return the values of a column, None where a cell is bad, and what is wrong with each bad text."""
    field = ROWS[table].model_fields[column]
    distinct = [text for text in dict.fromkeys(texts) if text is not None]
    reasons: dict[str | None, str] = {}
    try:
        values = _adapter(table, column).validate_python(distinct)
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            bad = distinct[int(problem["loc"][0])]
            reasons[bad] = f"{problem['msg']}, found {bad[:_LONGEST_SHOWN]!r}"
        distinct = [text for text in distinct if text not in reasons]
        values = _adapter(table, column).validate_python(distinct)
    known: dict[str | None, Any] = dict(zip(distinct, values, strict=True))
    if field.is_required():
        reasons |= {None: "the cell is empty"} if None in texts else {}
    else:
        known[None] = field.default
    return [known.get(text) for text in texts], reasons
