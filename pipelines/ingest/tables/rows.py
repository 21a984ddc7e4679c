"""Rows of a delimited text file, in blocks of fields.

Columns are found by their name in the first line. Quotes are undone where there are any; a quoted field may hold the
delimiter but no line break, so that a row is a line and its number is known.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO

import numpy as np

from pipelines.ingest.digits import PAD, Ints, Numbers, TextTable, read_numbers, text_table
from pipelines.ingest.line_pieces import PIECE_BYTES, read_pieces
from schemas.errors import InputRefusedError

_USUAL_PADDING = 8
_INSIDE = b"\x1f"  # the ASCII unit separator: between fields once quotes are undone


@dataclass(frozen=True)
class CsvBlock:
    """Some rows of a file.

    Attributes:
        text: lines without quotes and padding.
        delimiter: between the fields of the file.
        table: their fields.
        columns: place of each column in a row.
        line: (rows,) number of the row's line in the file.
        first: (rows,) index of the row's first field.
        ragged: lines that do not have as many fields as the first line has names, with their bytes.
    """

    text: bytes
    delimiter: bytes
    table: TextTable
    columns: Mapping[str, int]
    line: Ints
    first: Ints
    ragged: Sequence[tuple[int, bytes]]

    @cached_property
    def numbers(self) -> Numbers:
        """Every field as a number."""
        return read_numbers(self.table)

    def fields(self, column: str) -> Ints:
        """Return the index of each row's field of a column."""
        return self.first + self.columns[column]

    def texts(self, fields: Ints) -> list[str]:
        """Return fields as text."""
        begins = (self.table.borders[fields] + 1 - PAD).tolist()
        ends = (self.table.borders[fields + 1] - PAD).tolist()
        return [self.text[begin:end].decode("utf-8", "replace") for begin, end in zip(begins, ends, strict=True)]

    def raw(self, row: int) -> bytes:
        """Return the line of a row."""
        begin = self.table.borders[self.first[row]] + 1 - PAD
        return self.text[begin : self.text.index(b"\n", begin)].replace(_INSIDE, self.delimiter)


def read_rows(stream: BinaryIO, delimiter: str, needed: Sequence[str], piece_bytes: int = PIECE_BYTES) -> Iterator[CsvBlock]:
    """Read the rows of a file.

    Args:
        stream: bytes of the file, UTF-8.
        delimiter: between fields.
        needed: names of the columns that must be there.
        piece_bytes: read at a time.

    Raises:
        InputRefusedError: the file is empty (``file.empty``), misses a column or has it twice (``mapping.column``), or
            its last line has no end (``file.truncated``).
    """
    columns: dict[str, int] = {}
    names = 0
    number = 0
    for piece in read_pieces(stream, (b"",), piece_bytes):
        if piece.cut and piece.text.rsplit(b"\n", 2)[-2].strip():
            code = "file.truncated"
            raise InputRefusedError(code, "the last line of the file has no end: the file was cut", "ask for the file again")
        text, inside = _undo_quotes(piece.text, delimiter.encode())
        before = number
        number += text.count(b"\n")
        if not names:
            blank = _blank_lines(text)
            header, _, text = text[blank:].partition(b"\n")
            before += blank + 1
            if header:
                named = [name.strip().decode("utf-8", "replace") for name in header.split(inside)]
                names, columns = len(named), _find_columns(named, needed)
        if text:
            yield _block(text, (inside, delimiter.encode()), columns, names, before)
    if not names:
        code = "file.empty"
        raise InputRefusedError(code, "the file is empty", "ask for the file again")


def _blank_lines(text: bytes) -> int:
    """Return how many line ends come before the first line that is not blank."""
    return len(text) - len(text.lstrip(b"\n"))


def _find_columns(names: Sequence[str], needed: Sequence[str]) -> dict[str, int]:
    """Return the place of each needed column."""
    code = "mapping.column"
    places = {}
    for name in needed:
        if names.count(name.strip()) != 1:
            what = "twice" if name.strip() in names else "nowhere"
            message = f"the mapping names column '{name}', which stands {what} in the file: {', '.join(names)}"
            raise InputRefusedError(code, message[:1000], "name columns as the first line of the file does")
        places[name] = names.index(name.strip())
    return places


def _undo_quotes(text: bytes, delimiter: bytes) -> tuple[bytes, bytes]:
    """Return ``text`` without quotes and without spaces around fields, and the delimiter it has then."""
    inside = delimiter
    if b'"' in text:
        inside = _INSIDE
        lines = [_undo_line(line, delimiter) for line in text.split(b"\n")[:-1]]
        text = b"".join(line + b"\n" for line in lines)
    for border in (inside, b"\n"):
        for padded in (b" " + border, border + b" "):
            for _ in range(_USUAL_PADDING):  # what is padded wider is stripped cell by cell
                if padded not in text:
                    break
                text = text.replace(padded, border)
    return text, inside


def _undo_line(line: bytes, delimiter: bytes) -> bytes:
    """Return a line with its fields apart; one whose quotes do not match keeps them in a single field."""
    quotes = line.count(b'"')
    if not quotes:
        return line.replace(delimiter, _INSIDE)
    if quotes % 2:
        return line
    try:
        rows = list(csv.reader([line.decode("utf-8", "surrogateescape")], delimiter=delimiter.decode(), strict=True))
    except csv.Error:
        return line
    return _INSIDE.join(field.encode("utf-8", "surrogateescape") for field in rows[0])


def _block(text: bytes, delimiters: tuple[bytes, bytes], columns: Mapping[str, int], names: int, lines_before: int) -> CsvBlock:
    """Return the rows of some lines, whose delimiter is the first one and was the second one."""
    inside, delimiter = delimiters
    table = text_table(text, inside)
    first = np.concatenate((np.zeros(1, np.int64), table.line_ends))[:-1]
    fields = table.line_ends - first
    begins = table.borders[first] + 1 - PAD
    ends = table.borders[table.line_ends] - PAD
    whole = fields == names
    ragged = [
        (lines_before + int(line) + 1, text[begins[line] : ends[line]].replace(inside, delimiter))
        for line in np.flatnonzero(~whole)
        if text[begins[line] : ends[line]].strip(inside)
    ]
    blank = ends == begins
    rows = np.flatnonzero(whole & ~blank)
    return CsvBlock(text, delimiter, table, columns, rows + lines_before + 1, first[rows], ragged)
