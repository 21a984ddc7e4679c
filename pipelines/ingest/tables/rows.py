"""Rows of a delimited text file, in blocks of fields.

Columns are found by their name in the header: the first line, or the first one that names all of them where the
mapping says that a preamble comes before it; in a table without header, by their number. Quotes are undone where there
are any; a quoted field may hold the delimiter but no line break, so that a row is a line, its number is known, and a
quote that is never closed costs its own line alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import pairwise
from typing import BinaryIO

import numpy as np

from pipelines.ingest.digits import PAD, Flags, Ints, Numbers, TextTable, read_numbers, text_table
from pipelines.ingest.line_pieces import PIECE_BYTES, LinePiece, read_pieces
from pipelines.ingest.tables.encodings import Counted, open_text
from pipelines.ingest.tables.mapping import CsvMapping
from schemas.errors import InputRefusedError

MOST_LINE_BYTES = 4 * 2**20
"""A line of a table is shorter: a hostile one must not become millions of fields."""
MOST_COLUMNS = 20_000
_USUAL_PADDING = 8
_INSIDE = b"\x1f"  # the ASCII unit separator: between fields once quotes are undone
_SHOWN_NAMES = 1000
_LONGEST_COUNT = 12
_HARD_BLANK = "\u00a0".encode()


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
        ragged: lines that do not have as many fields as the header has names, with their bytes.
        decimal: the decimal mark of values.
    """

    text: bytes
    delimiter: bytes
    table: TextTable
    columns: Mapping[str, int]
    line: Ints
    first: Ints
    ragged: Sequence[tuple[int, bytes]]
    decimal: str = "."

    @cached_property
    def numbers(self) -> Numbers:
        """Every field as a number."""
        if self.decimal == ".":
            return read_numbers(self.table)
        # The two marks change places: what stands for thousands is no number then.
        swapped = text_table(self.text.replace(b".", b"\x00").replace(b",", b".").replace(b"\x00", b","), b"\n")
        words = self.table._replace(buffer=swapped.buffer, words=swapped.words)
        return read_numbers(words)

    def fields(self, column: str) -> Ints:
        """Return the index of each row's field of a column."""
        return self.first + self.columns[column]

    def texts(self, fields: Ints) -> list[str]:
        """Return fields as text."""
        begins = (self.table.borders[fields] + 1 - PAD).tolist()
        ends = (self.table.borders[fields + 1] - PAD).tolist()
        return [self.text[begin:end].decode("utf-8", "replace") for begin, end in zip(begins, ends, strict=True)]

    def number_texts(self, fields: Ints) -> list[str]:
        """Return fields as the text of numbers, with a decimal point."""
        texts = self.texts(fields)
        return texts if self.decimal == "." else [text.translate(_SWAPPED) for text in texts]

    def distinct(self, column: str) -> tuple[Ints, list[str]]:
        """Return the words of a column: which one each row has, and the words, without blanks around them."""
        fields = self.fields(column)
        new = self._differs(fields)
        begins = (self.table.borders[fields[new]] + 1 - PAD).tolist()
        ends = (self.table.borders[fields[new] + 1] - PAD).tolist()
        spelt: dict[bytes, int] = {}
        numbers = [spelt.setdefault(self.text[a:b], len(spelt)) for a, b in zip(begins, ends, strict=True)]
        words: dict[str, int] = {}
        meant = [words.setdefault(text.decode("utf-8", "replace").strip(), len(words)) for text in spelt]
        return np.array(meant, dtype=np.int64)[numbers][np.cumsum(new) - 1], list(words)

    def _differs(self, fields: Ints) -> Flags:
        """Whether a field differs from the same one a row before; by its length and its last sixteen bytes."""
        ends = self.table.borders[fields + 1]
        lengths = self.table.lengths(fields)
        new = np.ones(len(fields), dtype=np.bool_)
        new[1:] = (lengths[1:] != lengths[:-1]) | (lengths[1:] > PAD)
        for word in (1, 2):
            own = np.where(lengths >= 8 * word, 8, np.maximum(lengths - 8 * (word - 1), 0))
            found = self.table.words[ends - 8 * word] >> ((8 - own) * 8).astype(np.uint64)
            found = np.where(own > 0, found, np.uint64(0))
            new[1:] |= found[1:] != found[:-1]
        return new

    def raw(self, row: int) -> bytes:
        """Return the line of a row."""
        begin = self.table.borders[self.first[row]] + 1 - PAD
        return self.text[begin : self.text.index(b"\n", begin)].replace(_INSIDE, self.delimiter)


_SWAPPED = str.maketrans(".,", ",.")


def read_rows(stream: BinaryIO, mapping: CsvMapping, piece_bytes: int = PIECE_BYTES) -> tuple[Layout, Iterator[CsvBlock]]:
    """Find the header of a file and read its rows.

    Args:
        stream: bytes of the file.
        mapping: which columns must be there, and how the file is laid out.
        piece_bytes: read at a time.

    Returns:
        the layout, known before the first block, and the blocks.

    Raises:
        InputRefusedError: the file is empty (``file.empty``), misses a column or has it twice (``mapping.column``), is not
            whole (``file.truncated``, ``control.mismatch``), is no text of its encoding (``encoding.invalid``), or has a
            line of more than 4 MiB (``record.size``).
    """
    counted = Counted(stream)
    layout = Layout(mapping, counted)
    pieces = read_pieces(open_text(io.BufferedReader(counted, PIECE_BYTES), mapping.encoding), (b"",), piece_bytes)
    rest = layout.find_header(pieces)
    return layout, layout.blocks(pieces, rest)


@dataclass
class Layout:
    """How a file is laid out, and how far it was read.

    Attributes:
        mapping: what the mapping says.
        source: the bytes of the file.
        names: names of the columns, in order.
        columns: place of each column the mapping uses.
        preamble: fields of the lines before the header.
        rows: rows met so far.
        total: sum of the values met so far, which the reader of the rows adds up.
    """

    mapping: CsvMapping
    source: Counted
    names: list[str] = field(default_factory=list)
    columns: dict[str, int] = field(default_factory=dict)
    preamble: list[list[str]] = field(default_factory=list)
    rows: int = 0
    total: Decimal = Decimal(0)
    _lines: int = 0
    _trailer: bytes | None = None

    @property
    def _delimiter(self) -> bytes:
        return self.mapping.delimiter.encode()

    def find_header(self, pieces: Iterator[LinePiece]) -> LinePiece:
        """Return what follows the header in the piece that holds it."""
        for piece in pieces:
            _check_lines(piece.text)
            begin = 0
            while begin < len(piece.text):
                end = piece.text.index(b"\n", begin)
                line = piece.text[begin:end]
                if not self.mapping.has_header and self._is_row(line):
                    self._take_names([str(number + 1) for number in range(len(split_line(line, self._delimiter)))])
                    return piece._replace(text=piece.text[begin:])
                self._lines += 1
                if self._is_header(line):
                    return piece._replace(text=piece.text[end + 1 :])
                begin = end + 1
        if self.preamble:
            self._refuse_columns(self.mapping.columns, [name for line in self.preamble[:1] for name in line])
        code = "file.empty"
        raise InputRefusedError(code, "the file is empty", "ask for the file again")

    def _is_row(self, line: bytes) -> bool:
        """Whether a line of a table without header is a row: neither blank nor one that the mapping says holds none."""
        return bool(line.strip()) and not any(line.startswith(words.encode()) for words in self.mapping.skip)

    def _is_header(self, line: bytes) -> bool:
        """Take the line as header if it is one; else keep it as preamble."""
        if not line.strip() or not self.mapping.has_header:
            return False
        names = [name.strip() for name in split_line(line, self._delimiter)]
        header = self.mapping.preamble
        needed = [name.strip() for name in self.mapping.columns]
        if header is not None and not set(needed) <= set(names):
            self.preamble.append(names)
            if self._lines >= header.within:
                self._refuse_columns(self.mapping.columns, self.preamble[0])
            return False
        self._take_names(names)
        return True

    def _take_names(self, names: list[str]) -> None:
        """Find the columns of the mapping among the names of the columns."""
        if len(names) > MOST_COLUMNS:
            code = "record.size"
            raise InputRefusedError(code, f"the first line names {len(names)} columns", "check the delimiter of the mapping")
        self.names = names
        wrong = [name for name in self.mapping.columns if names.count(name.strip()) != 1]
        if wrong:
            self._refuse_columns(wrong, names)
        self.columns = {name: names.index(name.strip()) for name in self.mapping.columns}
        if self.mapping.day is not None:
            self._find_day()

    def _find_day(self) -> None:
        """Find the columns of the intervals of a day."""
        day = self.mapping.day
        if day is None:
            return
        places = []
        for name in (day.first, day.last):
            if self.names.count(name.strip()) != 1:
                self._refuse_columns([name], self.names)
            places.append(self.names.index(name.strip()))
        if places[1] - places[0] + 1 != day.count:
            code = "mapping.column"
            message = f"from '{day.first}' to '{day.last}' there are {places[1] - places[0] + 1} columns, not {day.count}"
            raise InputRefusedError(code, message, "correct 'day' in the mapping, or the file")
        self.columns |= {f"\x00{place}": places[0] + place for place in range(day.count)}

    @staticmethod
    def _refuse_columns(wrong: Sequence[str], names: Sequence[str]) -> None:
        code = "mapping.column"
        name = next((name for name in wrong if names.count(name.strip()) != 1), wrong[0] if wrong else "")
        what = "twice" if name.strip() in names else "nowhere"
        message = f"the mapping names column '{name}', which stands {what} in the file: {', '.join(names)}"
        raise InputRefusedError(code, message[:_SHOWN_NAMES], "name columns as the first line of the file does")

    def below(self, name: str) -> str:
        """Return what stands below a name in the preamble; empty where it is not there."""
        return below(self.preamble, name)

    def blocks(self, pieces: Iterator[LinePiece], first: LinePiece) -> Iterator[CsvBlock]:
        """Yield the rows of the rest of a file, which begins with what is left of its first piece."""
        piece: LinePiece | None = first
        while piece is not None:
            if piece.text:
                _check_lines(piece.text)
                block = self._block(piece.text)
                self.rows += len(block.line) + len(block.ragged)
                self._lines += piece.text.count(b"\n")
                yield block
            if piece.last:
                self._check_end(piece)
            piece = next(pieces, None)

    def _block(self, text: bytes) -> CsvBlock:
        """Return the rows of some lines."""
        text, inside = _undo_quotes(text, self._delimiter)
        table = text_table(text, inside)
        first = np.concatenate((np.zeros(1, np.int64), table.line_ends))[:-1]
        fields = table.line_ends - first
        begins = table.borders[first] + 1
        ends = table.borders[table.line_ends]
        left_out = self._left_out(table, begins, ends, inside)
        whole = (fields == len(self.names)) & ~left_out
        ragged = []
        for line in np.flatnonzero(~whole & ~left_out):
            raw = text[begins[line] - PAD : ends[line] - PAD]
            if raw.strip(inside):
                ragged.append((self._lines + int(line) + 1, raw.replace(inside, self._delimiter)))
        rows = np.flatnonzero(whole & (ends != begins))
        lines = rows + self._lines + 1
        return CsvBlock(text, self._delimiter, table, self.columns, lines, first[rows], ragged, self.mapping.decimal)

    def _left_out(self, table: TextTable, begins: Ints, ends: Ints, inside: bytes) -> Flags:
        """Whether a line is one of those that the mapping says hold no row."""
        found = np.zeros(len(begins), dtype=np.bool_)
        for words in self.mapping.skip:
            found |= _begin_with(table, begins, ends, words.encode().replace(self._delimiter, inside))
        if self.mapping.preamble is not None and self.mapping.preamble.repeats:
            names = inside.join(name.encode() for name in self.names)
            found |= _begin_with(table, begins, ends, names) & (ends - begins == len(names))
        if self.mapping.trailer is not None:
            mark = self.mapping.trailer.begins.encode().replace(self._delimiter, inside)
            last = _begin_with(table, begins, ends, mark)
            for line in np.flatnonzero(last).tolist():
                self._take_trailer(table.buffer[begins[line] : ends[line]].tobytes().split(inside))
            found |= last
        return found

    def _take_trailer(self, fields: list[bytes]) -> None:
        if self._trailer is not None:
            code = "control.mismatch"
            raise InputRefusedError(code, "the line that ends the file stands there twice", "ask for the file again")
        place = self.mapping.trailer.rows_field - 1 if self.mapping.trailer is not None else 0
        self._trailer = fields[place].strip() if place < len(fields) else b""

    def _check_end(self, piece: LinePiece) -> None:
        """Check that the file is whole.

        A last line without an end may have lost digits: then only a size, a total that its last field counts in, or a
        line after all rows proves that it did not.

        Raises:
            InputRefusedError: ``file.truncated``, ``control.mismatch``.
        """
        self._check_trailer()
        control = self.mapping.control
        if control is not None:
            self._check_control("rows", self.rows, control.rows)
            self._check_control("bytes", self.source.count, control.bytes)
            self._check_control("in total", self.total, None if control.total is None else Decimal(control.total))
        proven = self._trailer is not None or (control is not None and control.bytes is not None)
        proven |= control is not None and control.total is not None and self._ends_in_a_value
        if piece.cut and not proven and (not piece.text or piece.text.rsplit(b"\n", 2)[-2].strip()):
            code = "file.truncated"
            hint = "ask for the file again, or say in the mapping what proves that it is whole: 'control', 'trailer'"
            raise InputRefusedError(code, "the last line of the file has no end: the file was cut", hint)

    @property
    def _ends_in_a_value(self) -> bool:
        """Whether the last column of the file holds values."""
        last = len(self.names) - 1
        if self.mapping.day is not None:
            return self.names.index(self.mapping.day.last.strip()) == last
        return last in {self.columns[channel.column] for channel in self.mapping.channels if channel.column is not None}

    def _check_trailer(self) -> None:
        """Check the line that ends the file, where there must be one."""
        if self.mapping.trailer is None:
            return
        if self._trailer is None:
            code = "file.truncated"
            message = f"no line begins with '{self.mapping.trailer.begins}': the file was cut"
            raise InputRefusedError(code, message, "ask for the file again")
        if not (self._trailer.isdigit() and len(self._trailer) <= _LONGEST_COUNT):
            code = "control.mismatch"
            raise InputRefusedError(code, "the line that ends the file holds no count of rows", "ask for the file again")
        self._check_control("rows", self.rows, int(self._trailer))

    @staticmethod
    def _check_control(what: str, found: int | Decimal, sent: int | Decimal | None) -> None:
        if sent is not None and found != sent:
            code = "control.mismatch"
            message = f"the file has {found} {what}, and {sent} were sent"
            raise InputRefusedError(code, message, "ask for the file again")


def below(lines: Sequence[Sequence[str]], name: str) -> str:
    """Return the field that stands in the line below a name; empty where it is nowhere.

    >>> below([["PRM", "Unit"], ["123", "W"]], "Unit")
    'W'
    """
    for names, values in pairwise(lines):
        if name in names and names.index(name) < len(values):
            return values[names.index(name)]
    return ""


def _begin_with(table: TextTable, begins: Ints, ends: Ints, words: bytes) -> Flags:
    """Whether a line begins with some words."""
    found: Flags = ends - begins >= len(words)
    for place, byte in enumerate(words):
        at = np.flatnonzero(found)
        if not len(at):
            break
        found[at] = table.buffer[begins[at] + place] == byte
    return found


def _check_lines(text: bytes) -> None:
    """Refuse a line that no table has.

    Raises:
        InputRefusedError: ``record.size``.
    """
    if len(text) <= MOST_LINE_BYTES:
        return
    ends = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord("\n"))
    if np.diff(ends, prepend=-1).max() > MOST_LINE_BYTES:
        code = "record.size"
        raise InputRefusedError(code, f"a line of more than {MOST_LINE_BYTES >> 20} MiB", "check the format of the file")


def split_line(line: bytes, delimiter: bytes) -> list[str]:
    """Return the fields of one line."""
    return [part.decode("utf-8", "replace") for part in _undo_line(line, delimiter).split(_INSIDE)]


def _undo_quotes(text: bytes, delimiter: bytes) -> tuple[bytes, bytes]:
    """Return ``text`` without quotes and without spaces around fields, and the delimiter it has then."""
    inside = delimiter
    if b'"' in text:
        inside = _INSIDE
        text = _undo_all(text, delimiter) or b"".join(_undo_line(line, delimiter) + b"\n" for line in text.split(b"\n")[:-1])
    text = text.lstrip(b" ")
    if _HARD_BLANK in text:
        border = re.escape(inside) + rb"\n"
        blanks = rb"[ ]*(?:" + _HARD_BLANK + rb"[ ]*)+"
        text = re.sub(rb"(?:(?<=[" + border + rb"])|\A)" + blanks + rb"|" + blanks + rb"(?=[" + border + rb"])", b"", text)
    for border in (inside, b"\n"):
        for padded in (b" " + border, border + b" "):
            for _ in range(_USUAL_PADDING):  # what is padded wider is stripped cell by cell
                if padded not in text:
                    break
                text = text.replace(padded, border)
    return text, inside


def _undo_all(text: bytes, delimiter: bytes) -> bytes:
    """Return lines whose every field is quoted, with their fields apart; nothing where a line is otherwise."""
    apart = text.replace(b'"' + delimiter + b'"', _INSIDE).replace(b'"\n"', b"\n")
    inner = apart[1:-2]
    # A border that stood inside a field, as in "a"",""b", leaves quotes behind; a line break inside one counts as a line.
    odd = b'"' in inner or _INSIDE in text or text.count(b"\n") != text.count(b'"\n"') + 1
    return b"" if odd or not (apart.startswith(b'"') and apart.endswith(b'"\n')) else inner + b"\n"


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
