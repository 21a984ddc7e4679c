r"""CSV text to columns of exact values: every cell that cannot be read is refused with its line.

The text has one line of names and one row a line (RFC 4180: commas, double quotes). Numbers are plain decimals and become
integers with a number of decimals; instants are ISO 8601 with an offset and become seconds. Nothing is ever a float.

>>> table = read_table("hour,kwh\n0,0.50\n1,12\n", "load.csv", ["kwh"])
>>> table.decimals("kwh", places=9)
(array([  5, 120]), 1)
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.errors import InputRefusedError
from tariffs.clock import Integers

_DECIMAL = r"^-?([0-9]{1,15}(\.[0-9]*)?|\.[0-9]+)$"
_INSTANT = r"^(19|2[0-9])[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.0+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"
_FRACTION = r"\.0+(Z|[+-])"
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LONGEST_SHOWN = 40
T = TypeVar("T")


@dataclass(frozen=True)
class CsvTable:
    """Some columns of a CSV text.

    Attributes:
        where: its file name, for messages.
        columns: cells by column name, blanks around them taken off.
        lines: the line of the text that each row ends on.
    """

    where: str
    columns: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)

    def place(self, row: int) -> str:
        """Return file and line of a row."""
        return f"{self.where}:{self.lines[row]}"

    def refusal(self, code: str, row: int, what: str, hint: str = "") -> InputRefusedError:
        """Return the error that points at a row."""
        return InputRefusedError(code, what, hint, self.place(row))

    def decimals(self, name: str, *, places: int) -> tuple[Integers, int]:
        """Return a column of plain decimals as integers.

        Args:
            name: the column.
            places: decimals that a cell may have, needless zeros not counted.

        Returns:
            int64 (rows,) and their scale, the fewest decimals that hold every cell: value times 10^-scale is the decimal.

        Raises:
            InputRefusedError: ``table.cell``: an empty cell, no plain decimal, too many decimals, or too large for 64 bits.
        """
        cells = pa.array(self.columns[name], pa.string())
        self._all(name, pc.match_substring_regex(cells, _DECIMAL), "is no plain decimal such as 0.25")
        cells = pc.replace_substring_regex(cells, r"^(-?)\.", r"\10.")
        point = pc.find_substring(cells, ".")
        cells = pc.if_else(pc.greater_equal(point, 0), pc.utf8_rtrim(cells, "0"), cells)
        after = pc.if_else(pc.less(point, 0), 0, pc.subtract(pc.subtract(pc.utf8_length(cells), point), 1))
        self._all(name, pc.less_equal(after, places), f"has more than {places} decimals")
        scale = pc.max(after).as_py() or 0
        words = np.frombuffer(cells.cast(pa.decimal128(38, scale)).buffers()[1], dtype=np.int64).reshape(-1, 2)
        self._all(name, pa.array(words[:, 1] == words[:, 0] >> 63), "is too large")
        return words[:, 0].copy(), scale

    def instants(self, name: str) -> Integers:
        """Return a column of instants: int64 (rows,) [s since 1970 UTC].

        Raises:
            InputRefusedError: ``table.cell``: no ISO 8601 time, or one without an offset.
        """
        cells = pa.array(self.columns[name], pa.string())
        shaped = pc.match_substring_regex(cells, _INSTANT)
        wrong = pc.index(shaped, value=False).as_py()
        if wrong >= 0 and _LOCAL.fullmatch(self.columns[name][wrong]):
            raise self._cell(name, wrong, "has no offset from UTC", "write 2026-07-01T15:00:00+10:00, or a Z at the end")
        self._all(name, shaped, "is no time such as 2026-07-01T15:00:00+10:00")
        cells = pc.replace_substring_regex(cells, _FRACTION, r"\1")
        kind = pa.timestamp("s", "UTC")
        try:
            instants = cells.cast(kind)
        except pa.ArrowInvalid:
            raise self._cell(name, _first_not_of(kind, cells), "is no time that exists") from None
        return np.array(instants.cast(pa.int64()))

    def dates(self, name: str) -> list[date]:
        """Return a column of dates.

        Raises:
            InputRefusedError: ``table.cell``.
        """
        return self.read(name, _date_of, "is no date such as 2026-07-01")

    def read(self, name: str, parse: Callable[[str], T], what: str) -> list[T]:
        """Return a column read cell by cell; where ``parse`` raises ``ValueError``, the cell is refused with ``what``.

        Raises:
            InputRefusedError: ``table.cell``.
        """
        values: list[T] = []
        for row, cell in enumerate(self.columns[name]):
            try:
                values.append(parse(cell))
            except ValueError:
                raise self._cell(name, row, what) from None
        return values

    def _all(self, name: str, fits: pa.BooleanArray, what: str) -> None:
        row = pc.index(fits, value=False).as_py()
        if row >= 0:
            raise self._cell(name, row, what)

    def _cell(self, name: str, row: int, what: str, hint: str = "") -> InputRefusedError:
        code, cell = "table.cell", self.columns[name][row]
        shown = repr(cell if len(cell) <= _LONGEST_SHOWN else f"{cell[:_LONGEST_SHOWN]}…")
        return self.refusal(code, row, f"{name} is empty" if cell == "" else f"{name} {shown} {what}", hint)


def read_table(text: str, where: str, names: Sequence[str], optional: Sequence[str] = ()) -> CsvTable:
    """Return some columns of a CSV text; other columns are passed over.

    Args:
        text: the text; a byte order mark at its start is passed over.
        where: its file name, for messages.
        names: columns that must be there.
        optional: columns that may be.

    Raises:
        InputRefusedError: ``table.syntax``: no CSV, or a row with more or fewer cells than there are names;
            ``table.column``: a column is missing or stands twice; ``table.empty``: no rows.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        rows = [(reader.line_num, row) for row in reader if row]
    except csv.Error as problem:
        code, place = "table.syntax", f"{where}:{reader.line_num}"
        raise InputRefusedError(code, str(problem), "write it as CSV: commas, double quotes", place) from None
    if not rows:
        code = "table.empty"
        raise InputRefusedError(code, "the file is empty", "the first line names the columns", where)
    header = [cell.strip() for cell in rows[0][1]]
    table = CsvTable(where, {}, [line for line, _ in rows[1:]])
    for row, (_, cells) in enumerate(rows[1:]):
        if len(cells) != len(header):
            code = "table.syntax"
            raise table.refusal(code, row, f"{len(cells)} cells, and {len(header)} columns have a name")
    place = f"{where}:{rows[0][0]}"
    for name in (*names, *(name for name in optional if name in header)):
        if header.count(name) != 1:
            code, often = "table.column", "stands twice" if name in header else "is missing"
            hint = f"the first line names the columns; here: {', '.join(header)}"
            raise InputRefusedError(code, f"column {name} {often}", hint, place)
        number = header.index(name)
        table.columns[name] = [cells[number].strip() for _, cells in rows[1:]]
    if not len(table):
        code = "table.empty"
        raise InputRefusedError(code, "the file has no rows", "", where)
    return table


def _first_not_of(kind: pa.DataType, cells: pa.StringArray) -> int:
    """Return the row of the first text that is no value of a kind, where there is one."""
    low, high = 0, len(cells)
    while high - low > 1:
        middle = (low + high) // 2
        try:
            cells.slice(low, middle - low).cast(kind)
        except pa.ArrowInvalid:
            high = middle
        else:
            low = middle
    return low


def _date_of(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    return date.fromisoformat(text)
