"""Event files: a table with a header, or JSON lines, of what happened to meters and their supply.

A row is an event: it counts in the account of the file as a value does in a file of readings. The columns are found by
their names; nothing else makes a file an event file.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import BinaryIO

from pipelines.ingest.events.columns import COLUMNS, NEEDED, EventRows
from pipelines.ingest.line_pieces import LinePiece, read_pieces
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import empty_file, unfit_file
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import parse_json
from schemas.errors import InputRefusedError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n\x1a"
_DELIMITERS = (",", ";", "\t")
_JSON_KEYS = tuple(re.compile(rb'"' + name.encode() + rb'"[ \t]*:') for name in sorted(NEEDED))
# A list of codes: the code, the standard it is of, its name; lines cut short by the end of the head do not count.
_CODE_LINE = re.compile(rb"(?:0[xX][0-9A-Fa-f]{1,8}|[0-9]{1,5})[ \t]*,[A-Za-z0-9_ ]*,[ \t]*[A-Z][A-Z0-9_]+[ \t]*")
_FEWEST_CODES = 3
_CUT = Fault("file.truncated", "the file ends in the middle of this line")
_ENCODING = Fault("text.encoding", "the line is not written in UTF-8")


def recognise_csv_events(head: bytes) -> bool:
    """Whether a file begins with the header of an event table, or is the list of codes that is none."""
    lines = _lines_of(head)
    return bool(lines) and (_delimiter_of(lines[0]) is not None or _is_code_list(head))


def recognise_jsonl_events(head: bytes) -> bool:
    """Whether the first line of a file is an event as a JSON object."""
    lines = _lines_of(head)
    return bool(lines) and lines[0].startswith(b"{") and all(key.search(lines[0]) for key in _JSON_KEYS)


def read_csv_events(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read an event table in pieces of bounded memory.

    Args:
        stream: the bytes of the file: UTF-8, separated by comma, semicolon or tab.
        context: its ``clock``, else its ``zone``, is the clock of times without an offset.

    Yields:
        events and rejections, in the order of the file.

    Raises:
        InputRefusedError: ``file.empty``; ``format.unknown``, no such header; ``format.code_list``; ``column.duplicate``;
            ``file.truncated``, the last line has no end; ``record.size``; ``clock.invalid``.
    """
    rows = EventRows.of(context)
    names: list[str] = []
    delimiter = ","
    number = 0
    for piece in read_pieces(stream, (b"",)):
        for raw in piece.text.split(b"\n")[:-1]:
            number += 1
            if not raw.strip(_BLANK):
                continue
            if not names:
                delimiter = _check_header(raw, piece, context.name)
                names = _names_of(raw, delimiter)
                rows.warn_of(set(names))
                continue
            found = _csv_row(raw, names, delimiter)
            if isinstance(found, Fault):
                rows.collector.reject(str(number), found, raw)
            else:
                rows.take(found, str(number), raw)
            if rows.collector.is_full:
                yield _hand_over(rows)
        _check_end(piece)
    if not names:
        raise empty_file(context.name)
    yield _hand_over(rows)


def read_jsonl_events(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read events as JSON lines in pieces of bounded memory; arguments and pieces as ``read_csv_events``.

    Raises:
        InputRefusedError: ``file.empty``, ``record.size``, ``clock.invalid``.
    """
    rows = EventRows.of(context)
    number = met = 0
    for piece in read_pieces(stream, (b"",)):
        lines = piece.text.split(b"\n")[:-1]
        for place, raw in enumerate(lines, 1):
            number += 1
            if not raw.strip(_BLANK):
                continue
            met += 1
            is_cut = piece.cut and place == len(lines)
            found = _json_row(raw)
            if isinstance(found, Fault):
                rows.collector.reject(str(number), _CUT if is_cut else found, raw)
            else:
                rows.warn_of(set(found))
                rows.take(found, str(number), raw)
            if rows.collector.is_full:
                yield _hand_over(rows)
    if not met:
        raise empty_file(context.name)
    yield _hand_over(rows)


def _hand_over(rows: EventRows) -> Parsed:
    """Hand over what was collected: here an event is a row of its own."""
    parsed = rows.collector.hand_over()
    events = parsed.events.num_rows
    return replace(parsed, event_rows=events, rows_read=parsed.rows_read + events)


def _lines_of(head: bytes) -> list[bytes]:
    """Return the lines of a head that hold something; the last one may be cut."""
    return [line.strip(_BLANK) for line in head.removeprefix(_BYTE_ORDER_MARK).splitlines() if line.strip(_BLANK)]


def _delimiter_of(header: bytes) -> str | None:
    """Return what separates the names of an event table; None where a line is no such header."""
    return next((mark for mark in _DELIMITERS if set(_names_of(header, mark)) >= NEEDED), None)


def _names_of(header: bytes, delimiter: str) -> list[str]:
    found = _split(header.decode("utf-8", "replace"), delimiter)
    return [name.strip().lower() for name in found] if found is not None else []


def _is_code_list(head: bytes) -> bool:
    """Whether a file is a list of event codes, such as a companion standard publishes."""
    lines = _lines_of(head)
    whole = lines if head.endswith((b"\n", b"\r")) else lines[:-1]
    return len(whole) >= _FEWEST_CODES and all(_CODE_LINE.fullmatch(line) for line in whole)


def _check_header(header: bytes, piece: LinePiece, name: str) -> str:
    """Return the delimiter of a table by its header.

    Raises:
        InputRefusedError: this is no event table.
    """
    delimiter = _delimiter_of(header)
    if delimiter is not None:
        names = _names_of(header, delimiter)
        twice = next((column for column in names if names.count(column) > 1), None)
        if twice is not None:
            code = "column.duplicate"
            raise InputRefusedError(code, f"{name} has the column '{twice[:60]}' twice", "ask the sender which one counts")
        return delimiter
    if _is_code_list(piece.text):
        code = "format.code_list"
        message = f"{name} is a list of event codes and what they mean; nothing happened to anybody in it"
        raise InputRefusedError(code, message, "deliver the events themselves; the codes of known standards are built in")
    code = "format.unknown"
    needed = ", ".join(sorted(NEEDED))
    raise InputRefusedError(code, f"{name} does not begin with the header of an event table", f"it needs the columns {needed}")


def _check_end(piece: LinePiece) -> None:
    """Refuse a table whose last line has no end: it was cut, and the value it ends with may be too."""
    if piece.cut and piece.text.rsplit(b"\n", 2)[-2].strip(_BLANK):
        raise unfit_file("file.truncated", "the last line of the file has no end: the file was cut")


def _csv_row(raw: bytes, names: list[str], delimiter: str) -> Mapping[str, str] | Fault:
    """Return a line of a table by column, or why it is none."""
    try:
        fields = _split(raw.decode("utf-8"), delimiter)
    except UnicodeDecodeError:
        return _ENCODING
    if fields is None or len(fields) != len(names):
        return Fault("record.length", f"the line has not {len(names)} fields as the header has, or its quotes do not match")
    return dict(zip(names, fields, strict=True))


def _split(line: str, delimiter: str) -> list[str] | None:
    """Return the fields of a line; None where its quotes do not match."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        rows = list(csv.reader([line], delimiter=delimiter, strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _json_row(raw: bytes) -> Mapping[str, str] | Fault:
    """Return a line of JSON by key, or why it is no event."""
    try:
        found = parse_json(raw, "the line")
    except InputRefusedError as refusal:
        return Fault(refusal.code, refusal.message)
    if not isinstance(found, dict):
        return Fault("event.shape", "the line is no JSON object")
    row: dict[str, str] = {}
    for name, value in found.items():
        if isinstance(value, Decimal) and name in ("code", "magnitude"):
            row[name] = f"{value:f}"
        elif value is None or isinstance(value, str):
            row[name] = value or ""
        elif name in COLUMNS:
            return Fault("event.shape", f"'{name}' is neither text nor empty")
        else:
            row[name] = ""
    return row
