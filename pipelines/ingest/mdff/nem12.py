"""NEM12: interval data of the Australian National Electricity Market.

A file is a sequence of records: 100 header, 200 channel, 300 a day of it, 400 the quality of part of a day,
500 transaction and index read, 900 end. The reader walks the few records that are no 300 one by one; they say whose
the 300 records are. The 300 records themselves are read together (``nem12_days``), except those in which something is
out of the ordinary (``nem12_records``). A record that cannot be taken is set aside and costs no other:

- a bad 300 record takes its 400 records along, for they mean nothing without it; a 500 record after it stands by
  itself, as its index read does;
- the 300 and 500 records of a bad 200 record are set aside one by one with its fault;
- a line that is no record counts one value, unless it is the rest of a 300 record of the wrong length just before it,
  whose values are counted already.

Specification: AEMO, Meter Data File Format Specification NEM12 & NEM13 (v2.6, 2024).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from pipelines.ingest.digits import Flags, read_numbers
from pipelines.ingest.line_pieces import PIECE_BYTES, LinePiece, read_pieces
from pipelines.ingest.mdff.fields import START, Header, parse_header
from pipelines.ingest.mdff.nem12_days import Days, Piece, Records, read_days
from pipelines.ingest.mdff.nem12_records import NOTES, BadChannel, Channel, parse_day
from pipelines.ingest.mdff.nem12_tables import OddDay, days_table, odd_days_table, reads_table
from pipelines.ingest.mdff.nem12_walk import NO_CHANNEL, Lines, Place, Walk, is_cut
from pipelines.ingest.reader import FileWarning, Parsed, ReadContext
from pipelines.ingest.refusals import empty_file, other_format
from pipelines.ingest.rejected import Fault, rejections_table
from schemas.periods import offset_text
from schemas.readings import PARSED_INTERVALS

_HEADER = re.compile(START + rb"100[ \t]*,[ \t]*NEM12\b", re.IGNORECASE)
_BODY = re.compile(START + rb"200[ \t]*,[^\n]*(?:\s*\n\s*[23]00[ \t]*,|\s*\Z)")
_MARKS = (b"300,", b"200,", b"100,")
_LENGTH = "record.length"


def recognise_nem12(head: bytes) -> bool:
    """Whether a file begins as NEM12 does, with its 100 record or without."""
    return _HEADER.match(head) is not None or _BODY.match(head) is not None


def read_nem12(stream: BinaryIO, context: ReadContext, piece_bytes: int = PIECE_BYTES) -> Iterator[Parsed]:
    """Read a NEM12 file in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` overrides +10:00 (+08:00 for Western Power).
        piece_bytes: read at a time.

    Yields:
        intervals, index reads and rejections of each piece. The rows of one piece come grouped by the shape of their
        records, not in the order of the file.

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
        channel: the 200 record in force.
        lines_before: lines of the pieces read.
        warned: codes of warnings given; each is given once.
        met: record indicators met.
    """

    context: ReadContext
    header: Header
    channel: Channel | BadChannel = NO_CHANNEL
    lines_before: int = 0
    warned: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)

    def read(self, piece: LinePiece) -> Parsed:
        """Read a piece."""
        lines = Lines(piece.text)
        cut = piece.cut and is_cut(lines.raw(len(lines) - 1))
        count = len(lines) - cut
        walk = Walk(self.context, Place(self.context.prefix, self.lines_before), self.header, self.channel, self.met)
        walk.follow(lines, count)
        lost = walk.set_aside_cut(lines) if cut else -1
        days, odd, intervals = _read_days(walk, lines, np.arange(count) != lost)
        if piece.last:
            self._check_format(piece)
            if not cut and "900" not in self.met:
                walk.warnings.append(FileWarning("trailer.missing", "the file has no 900 record; its end may be missing"))
        parsed = Parsed(
            intervals=intervals,
            reads=reads_table(walk.reads),
            rejections=rejections_table(walk.rejections),
            warnings=self._new([*walk.warnings, *_warnings_of(days, odd, walk.place)]),
            clock=offset_text(walk.header.clock_minutes) if self.met else None,
        )
        self.header, self.channel = walk.header, walk.channel
        self.lines_before += len(lines)
        return replace(parsed, rows_read=parsed.rows_taken + sum(row.rows for row in walk.rejections))

    def _check_format(self, last: LinePiece) -> None:
        """Refuse a file in which no record of the format was met."""
        if not self.lines_before and not last.text:
            raise empty_file(self.context.name)
        if not self.met:
            raise other_format(self.context.name, "record of a NEM12 file")

    def _new(self, warnings: Sequence[FileWarning]) -> tuple[FileWarning, ...]:
        """Return the warnings of which none of the kind was given before."""
        new = {warning.code: warning for warning in reversed(warnings) if warning.code not in self.warned}
        self.warned.update(new)
        return tuple(reversed(new.values()))


def _read_days(walk: Walk, lines: Lines, kept: Flags) -> tuple[list[Days], list[OddDay], pa.Table]:
    """Read the 300 records of ``kept`` lines; those that cannot be taken are set aside in ``walk``."""
    line = np.flatnonzero(lines.is_day[: len(kept)] & kept)
    records = Records(line, lines.first_field[line], lines.end_field[line] - lines.first_field[line], walk.frames.of(line))
    piece = Piece(lines.text, lines.table, read_numbers(lines.table), walk.frames, walk.ranges)
    days, rest = read_days(piece, records)
    odd: list[OddDay] = []
    broken: set[int] = set()
    for at in sorted([*rest.tolist(), *(padded for padded in walk.padded if kept[padded])]):
        found = _read_odd_day(walk, at, lines.raw(at))
        if isinstance(found, OddDay):
            odd.append(found)
            continue
        walk.set_aside_day(at, found, lines.raw(at))
        if found.code == _LENGTH:
            broken.add(at)
    walk.set_aside_fragments(lines, broken)
    tables = [days_table(same, piece, walk.place) for same in days]
    tables += [odd_days_table(odd, walk.place)] if odd else []
    return days, odd, pa.concat_tables(tables) if tables else PARSED_INTERVALS.empty()


def _read_odd_day(walk: Walk, line: int, raw: bytes) -> OddDay | Fault:
    """Read a 300 record by itself, or say why it cannot be taken."""
    header, channel = walk.frames.at(line)
    if isinstance(channel, BadChannel):
        return channel.fault
    day = parse_day(raw, walk.ranges.get(line, ()), channel.kind, header)
    return day if isinstance(day, Fault) else OddDay(line, channel, header.clock_minutes, day)


def _warnings_of(days: Sequence[Days], odd: Sequence[OddDay], place: Place) -> list[FileWarning]:
    """Return what is remarkable about days that are taken."""
    warnings = []
    for code, message in NOTES.items():
        lines = [int(at) for same in days for at in same.line[same.noted[code]]]
        lines += [at.line for at in odd if code in at.day.notes]
        if lines:
            warnings.append(FileWarning(code, f"{message}, first in line {place.number(min(lines))}"))
    return warnings
