"""NEM13: accumulated metering data of the Australian National Electricity Market.

A 250 record says what a register showed at two times and the quantity between them: two index reads and one period.
A 550 record names transactions and holds no value. A record that cannot be taken is set aside whole.

Specification: AEMO, Meter Data File Format Specification NEM12 & NEM13 (v2.6, 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from pipelines.ingest.collector import READ_QUALITY, UNVERIFIED
from pipelines.ingest.line_pieces import PIECE_BYTES, LinePiece, read_pieces
from pipelines.ingest.mdff.fields import (
    FLAG_QUALITY,
    START,
    Header,
    direction_of,
    field_at,
    is_quality,
    parse_header,
    parse_moment,
    parse_version,
    service_point_of,
    split_record,
)
from pipelines.ingest.numbers import parse_quantity
from pipelines.ingest.reader import FileWarning, Parsed, ReadContext
from pipelines.ingest.refusals import empty_file, other_format
from pipelines.ingest.rejected import Fault, Rejection, rejection, rejections_table
from schemas.codes import Direction, ReadKind
from schemas.periods import offset_text
from schemas.register_reads import PARSED_READS
from schemas.units import Unit, parse_unit

_HEADER = re.compile(START + rb"100[ \t]*,[ \t]*NEM13\b", re.IGNORECASE)
_BODY = re.compile(START + rb"250[ \t]*,[^,\n]*,[^,\n]*,")
_MARKS = (b"250,", b"100,")
_NMI, _SUFFIX, _METER, _DIRECTION = 1, 4, 6, 7
_PREVIOUS, _CURRENT = 8, 13  # places of a read: index, time, quality, reason code, reason text
_QUANTITY, _UNIT, _UPDATED, _LOADED = 18, 19, 21, 22
_FIELDS_NEEDED = _UNIT + 1
_ROWS = 3
_BLANK = b", \t\r\x1a"
_NO_VALUE = "N"

# DirectionIndicator: I into the grid, E out of it, which is the customer's import.
_DIRECTIONS = {"I": str(Direction.EXPORT), "E": str(Direction.IMPORT)}

_UNKNOWN = Fault("record.unknown", "no record of a NEM13 file begins like this")
_CUT = Fault("file.truncated", "the file ends in the middle of this record")


class _Read(NamedTuple):
    """One of the two reads of a 250 record: index, time [us since 1970, UTC], quality in our word and the source's."""

    value: Decimal | None
    read_at: int
    quality: str
    native_quality: str | None


def recognise_nem13(head: bytes) -> bool:
    """Whether a file begins as NEM13 does, with its 100 record or without."""
    return _HEADER.match(head) is not None or _BODY.match(head) is not None


def read_nem13(stream: BinaryIO, context: ReadContext, piece_bytes: int = PIECE_BYTES) -> Iterator[Parsed]:
    """Read a NEM13 file in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` overrides +10:00 (+08:00 for Western Power).
        piece_bytes: read at a time.

    Yields:
        reads and rejections of each piece, in the order of the file.

    Raises:
        InputRefusedError: the file holds no record of this format (``format.unknown``) or nothing (``file.empty``).
    """
    file = _File(context, parse_header([], context))
    for piece in read_pieces(stream, _MARKS, piece_bytes):
        yield file.read(piece)


@dataclass
class _File:
    """A file while it is read: what one piece leaves to the next.

    Attributes:
        context: what the reader was told.
        header: the 100 record in force.
        lines_before: lines of the pieces read.
        met: record indicators met.
    """

    context: ReadContext
    header: Header
    lines_before: int = 0
    met: set[str] = field(default_factory=set)

    def read(self, piece: LinePiece) -> Parsed:
        """Read a piece."""
        lines = piece.text.split(b"\n")[:-1]
        reads: list[dict[str, Any]] = []
        rejections: list[Rejection] = []
        warnings: list[FileWarning] = []
        for number, raw in enumerate(lines, start=self.lines_before + 1):
            record = f"{self.context.prefix}{number}"
            indicator = raw.split(b",", 1)[0].strip()
            if not raw.strip(_BLANK):
                continue
            cut = piece.cut and number == self.lines_before + len(lines) and raw.strip(_BLANK) != b"900"
            found = _CUT if cut else self._follow(indicator, raw, record, warnings)
            if isinstance(found, Fault):
                rejections.append(rejection(record, found, raw, _ROWS if indicator == b"250" else 1))
            else:
                reads += found
        self.lines_before += len(lines)
        if piece.last:
            self._check_format(piece)
            if not piece.cut and "900" not in self.met:
                warnings.append(FileWarning("trailer.missing", "the file has no 900 record; its end may be missing"))
        return Parsed(
            reads=pa.Table.from_pylist(reads, schema=PARSED_READS.schema),
            rejections=rejections_table(rejections),
            rows_read=len(reads) + sum(row.rows for row in rejections),
            warnings=tuple(warnings),
            clock=offset_text(self.header.clock_minutes) if self.met else None,
        )

    def _follow(self, indicator: bytes, raw: bytes, record: str, warnings: list[FileWarning]) -> list[dict[str, Any]] | Fault:
        """Return the rows of a record, or why it cannot be taken."""
        found: list[dict[str, Any]] | Fault = []
        match indicator:
            case b"100":
                self.header = parse_header(split_record(raw), self.context)
            case b"250":
                if not self.met & {"100", "250"}:
                    warnings.append(FileWarning("header.missing", f"no 100 record before record {record}"))
                found = parse_advance(split_record(raw), self.header, record)
            case b"550" | b"900":
                pass
            case _:
                return _UNKNOWN
        self.met.add(indicator.decode())
        return found

    def _check_format(self, last: LinePiece) -> None:
        """Refuse a file in which no record of the format was met."""
        if self.lines_before == 0 and not last.text:
            raise empty_file(self.context.name)
        if not self.met:
            raise other_format(self.context.name, "record of a NEM13 file")


def parse_advance(fields: Sequence[str], header: Header, record: str) -> list[dict[str, Any]] | Fault:
    """Read a 250 record.

    Args:
        fields: its fields.
        header: clock and time of the 100 record.
        record: where it stands.

    Returns:
        rows of ``PARSED_READS``: the previous index, the current one and the period between, as far as they hold a
        value; or why none is taken: ``record.length``, ``unit.unknown``, ``quality.unknown``, ``time.invalid``,
        ``value.invalid``, ``value.precision`` or ``value.range``.
    """
    if len(fields) < _FIELDS_NEEDED or not fields[_NMI] or not fields[_SUFFIX]:
        return Fault("record.length", "the 250 record ends before its unit, or has no NMI or suffix")
    unit = parse_unit(fields[_UNIT])
    if unit is None:
        return Fault("unit.unknown", f"nobody knows the unit '{fields[_UNIT][:40]}'")
    version = parse_version(field_at(fields, _UPDATED), field_at(fields, _LOADED), header)
    reads = [_parse_read(fields[place : place + 3], unit, header) for place in (_PREVIOUS, _CURRENT)]
    quantity = parse_quantity(fields[_QUANTITY], unit.exponent) if fields[_QUANTITY] else None
    for found in (version, *reads, quantity):
        if isinstance(found, Fault):
            return found
    previous, current = (read for read in reads if isinstance(read, _Read))
    if current.read_at < previous.read_at:
        return Fault("time.invalid", "the current read was made before the previous one")
    period = _Read(quantity if isinstance(quantity, Decimal) else None, current.read_at, current.quality, current.native_quality)
    shared = {
        "service_point_id": service_point_of(fields[_NMI]),
        "meter_id": fields[_METER],
        "channel": fields[_SUFFIX],
        "quantity": unit.quantity,
        "direction": _DIRECTIONS.get(fields[_DIRECTION].upper(), direction_of(fields[_SUFFIX])),
        "unit": unit.unit,
        "version": version,
        "record": record,
    }
    return [
        {**shared, **read._asdict(), "kind": str(kind), "period_from": previous.read_at if kind is ReadKind.PERIOD else None}
        for read, kind in ((previous, ReadKind.INDEX), (current, ReadKind.INDEX), (period, ReadKind.PERIOD))
        if read.value is not None and (read.native_quality or "")[:1] != _NO_VALUE
    ]


def _parse_read(fields: Sequence[str], unit: Unit, header: Header) -> _Read | Fault:
    """Return index, time and quality of one of the two reads of a 250 record, or what is wrong with it."""
    index, when, flag = fields
    read_at = parse_moment(when, header.clock_minutes)
    if read_at is None:
        return Fault("time.invalid", f"'{when[:40]}' is no time")
    if flag and not is_quality(flag):
        return Fault("quality.unknown", f"'{flag[:40]}' is no quality flag")
    value = parse_quantity(index, unit.exponent) if index else None
    if isinstance(value, Fault):
        return value
    return _Read(value, read_at, _quality_word(flag), flag or None)


def _quality_word(flag: str) -> str:
    """Return the quality of a read by its flag; one without a flag is unverified."""
    quality = FLAG_QUALITY.get(flag[:1])
    return UNVERIFIED if quality is None else READ_QUALITY.get(quality, UNVERIFIED)
