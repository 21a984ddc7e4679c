"""The walk through a piece of a NEM12 file: its lines, and what the records say that are no 300 records."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from pipelines.ingest.digits import PAD, Ints, text_table
from pipelines.ingest.mdff.fields import NMI_CHARACTERS, Header, field_at, is_quality, parse_header, split_record
from pipelines.ingest.mdff.nem12_frames import Frames
from pipelines.ingest.mdff.nem12_records import (
    FIRST_VALUE,
    INDEX_READ,
    VARIABLE,
    BadChannel,
    Channel,
    IndexRead,
    parse_channel,
    parse_index_read,
)
from pipelines.ingest.reader import FileWarning, ReadContext
from pipelines.ingest.rejected import Fault, Rejection, rejection

NO_CHANNEL = BadChannel(Fault("record.channel", "no 200 record says whose values these are"), None)
_CUT = Fault("file.truncated", "the file ends in the middle of this record")
_NO_RECORD = Fault("record.unknown", "no record of a NEM12 file begins like this")
_STRAY_RANGE = Fault("quality.ranges", "a 400 record without a 300 record before it")
_DAY, _CHANNEL = (int.from_bytes(mark, "little") for mark in (b"300,", b"200,"))
_BLANK = b", \t\r\x1a"
_MARK_BITS = np.uint64(0xFFFFFFFF)


class Lines:
    """Lines of a piece.

    Attributes:
        text: the piece.
        table: fields of the piece.
        first_field: (lines,) index of each line's first field.
        end_field: (lines,) index after each line's last field.
        mark: (lines,) the first four bytes as an integer.
        is_day: (lines,) whether the line begins with ``300,``.
    """

    def __init__(self, text: bytes) -> None:
        """Find the lines of ``text``, each ended by a line feed."""
        self.text = text
        self.table = text_table(text)
        self.end_field = self.table.line_ends
        self.first_field = np.concatenate((np.zeros(1, np.int64), self.end_field))[:-1]
        self.begin = self.table.borders[self.first_field] + 1 - PAD
        self.end = self.table.borders[self.end_field] - PAD
        self.mark = self.table.words[self.begin + PAD] & _MARK_BITS
        self.is_day = self.mark == _DAY

    def __len__(self) -> int:
        """Return the number of lines."""
        return len(self.mark)

    def raw(self, line: int) -> bytes:
        """Return the bytes of a line without its end."""
        return self.text[self.begin[line] : self.end[line]]

    def day_before(self) -> Ints:
        """Return the last ``300,`` line at or before each line; -1 where there is none."""
        return np.maximum.accumulate(np.where(self.is_day, np.arange(len(self)), -1))


class Place(NamedTuple):
    """Where a piece stands: what is put before its line numbers, and how many lines of the file come before it."""

    prefix: str
    lines_before: int

    def number(self, line: int) -> int:
        """Return the number of a line of the piece in the file."""
        return self.lines_before + line + 1

    def record(self, line: int) -> str:
        """Return the name of a line of the piece."""
        return f"{self.prefix}{self.number(line)}"


class ReadRecord(NamedTuple):
    """An index read: where it stands, whose it is, when it was sent, what it says."""

    record: str
    channel: Channel
    version: int | None
    read: IndexRead


@dataclass
class Walk:
    """What the records of a piece say that are no 300 records, and what the next piece must know.

    Attributes:
        context: what the reader was told.
        place: where the piece stands.
        header: 100 record in force.
        channel: 200 record in force.
        met: record indicators met in the file.
        frames: frames of the piece.
        ranges: 400 records by the line of their 300 record.
        padded: lines of 300 records whose record indicator is padded.
        fragments: lines that are no record, with the 300 record just before them or -1.
        reads: index reads taken.
        rejections: records set aside.
        warnings: what a person should know.
    """

    context: ReadContext
    place: Place
    header: Header
    channel: Channel | BadChannel
    met: set[str]
    frames: Frames = field(init=False)
    ranges: dict[int, list[bytes]] = field(default_factory=dict)
    padded: list[int] = field(default_factory=list)
    fragments: list[tuple[int, int]] = field(default_factory=list)
    reads: list[ReadRecord] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    warnings: list[FileWarning] = field(default_factory=list)
    _last_part: int = -1

    def __post_init__(self) -> None:
        """Begin with what was in force before."""
        self.frames = Frames([-1], [self.header], [self.channel])

    def follow(self, lines: Lines, count: int) -> None:
        """Walk through the first ``count`` lines."""
        others = np.flatnonzero(~lines.is_day[:count])
        columns = (others, lines.mark[others], lines.begin[others], lines.end[others], lines.day_before()[others])
        text = lines.text
        for line, mark, begin, end, day in zip(*(column.tolist() for column in columns), strict=True):
            if mark == _CHANNEL:
                self._start_channel(line, text[begin:end])
            else:
                self._follow_record(line, text[begin:end], day)
        if lines.is_day[:count].any():
            self.met.add("300")

    def _follow_record(self, line: int, raw: bytes, plain_day: int) -> None:
        """Follow a line that begins with neither ``300,`` nor ``200,``."""
        if not raw.strip(_BLANK):
            return
        day = self.day_before(plain_day)
        indicator = raw.split(b",", 1)[0].strip()
        match indicator:
            case b"100":
                self.header = parse_header(split_record(raw), self.context)
                self._end_channel(line)
            case b"200":
                self._start_channel(line, raw)
            case b"300":
                self.padded.append(line)
            case b"400" if day >= 0:
                self.ranges.setdefault(day, []).append(raw)
            case b"400":
                self.set_aside(line, _STRAY_RANGE, raw, 0)
            case b"500":
                self._take_read(line, raw)
            case b"900":
                self._end_channel(line)
            case _:
                self.fragments.append((line, day if day >= self._last_part else -1))
                return
        self._last_part = line
        self.met.add(indicator.decode())

    def day_before(self, plain_day: int) -> int:
        """Return the 300 record that a record belongs to; -1 where a 100, 200 or 900 stands between.

        Args:
            plain_day: the last ``300,`` line before the record.
        """
        day = max(plain_day, self.padded[-1] if self.padded else -1)
        return day if day > self.frames.lines[-1] else -1

    def _end_channel(self, line: int) -> None:
        self.channel = NO_CHANNEL
        self.frames.put(line, self.header, self.channel)

    def _start_channel(self, line: int, raw: bytes) -> None:
        """Follow a 200 record."""
        channel = parse_channel(raw)
        self.channel = channel
        self.frames.put(line, self.header, channel)
        if not self.met & {"100", "200"}:
            self.warnings.append(FileWarning("header.missing", f"no 100 record before line {self.place.number(line)}"))
        self.met.add("200")
        if isinstance(channel, BadChannel):
            self.set_aside(line, channel.fault, raw, 0)
        elif len(channel.service_point_id) == NMI_CHARACTERS + 1:
            message = f"the checksum digit of NMI {channel.service_point_id} is wrong; it is kept as it stands"
            self.warnings.append(FileWarning("nmi.checksum", message))

    def _take_read(self, line: int, raw: bytes) -> None:
        """Follow a 500 record."""
        if isinstance(self.channel, BadChannel):
            if field_at(split_record(raw), INDEX_READ):
                self.set_aside(line, self.channel.fault, raw, 1)
            return
        read = parse_index_read(raw, self.channel.kind, self.header)
        if isinstance(read, Fault):
            self.set_aside(line, read, raw, 1)
        elif read is not None:
            self.reads.append(ReadRecord(self.place.record(line), self.channel, self.header.sent_at, read))

    def set_aside(self, line: int, fault: Fault, raw: bytes, rows: int) -> None:
        """Set a record aside."""
        self.rejections.append(rejection(self.place.record(line), fault, raw, rows))

    def set_aside_day(self, line: int, fault: Fault, raw: bytes) -> None:
        """Set a 300 record aside, with as many values as it should hold."""
        _, channel = self.frames.at(line)
        self.set_aside(line, fault, raw, _rows_of(raw, channel))

    def set_aside_cut(self, lines: Lines) -> int:
        """Set aside the last record, which the file's end cuts; return the 300 record that is lost with it, or -1."""
        line = len(lines) - 1
        raw = lines.raw(line)
        if lines.is_day[line]:
            self.set_aside_day(line, _CUT, raw)
            return line
        day = self.day_before(int(lines.day_before()[line]))
        if raw.startswith(b"400") and day >= 0:
            self.set_aside_day(day, _CUT, lines.raw(day))
            return day
        self.set_aside(line, _CUT, raw, 1)
        return -1

    def set_aside_fragments(self, lines: Lines, broken: AbstractSet[int]) -> None:
        """Set aside the lines that are no record: one value each, but for what is left of a ``broken`` 300 record."""
        for line, day in self.fragments:
            self.set_aside(line, _NO_RECORD, lines.raw(line), 0 if day in broken else 1)


def _rows_of(raw: bytes, channel: Channel | BadChannel) -> int:
    """Return the values that a 300 record should hold; where no 200 record says it, those before its quality flag."""
    slots = channel.kind.slots if isinstance(channel, Channel) else channel.slots
    if slots:
        return slots
    cells = split_record(raw)[FIRST_VALUE:]
    return max(1, next((n for n, cell in enumerate(cells) if is_quality(cell) or cell == VARIABLE), len(cells)))


def is_cut(raw: bytes) -> bool:
    """Whether a last line without its end lost something: nothing follows a 900, and nothing is lost of a blank line."""
    content = raw.strip(_BLANK)
    return bool(content) and content != b"900"
