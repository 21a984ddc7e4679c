"""Plain tables: a column of stamps, columns of values, and a mapping that says what they are.

The file is read block by block into a few numbers per row (some 60 bytes a row, 10 more a channel); a row's length and
the hour that comes twice depend on its neighbours, so runs are made when all rows are there.

- ``interval_minutes: auto`` takes the distance to the next stamp (the last one, for labels that end). A series whose
  distances are all equal gives its outermost row the same length; of any other series that row only bounds it.
- Rows whose length divides a day and is at most an hour are slots of intervals; all others are reads of kind period.
- Average power becomes energy where that is exact for every value: kW over 15 minutes is kW x 0.25 h. Over 5 minutes
  it is not, and the values stay power.
- The local hour that comes twice is two hours, by order of appearance; in the hour that does not come, an empty row
  is nothing and a value is set aside.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from pipelines.ingest.digits import Flags, Ints
from pipelines.ingest.line_pieces import PIECE_BYTES
from pipelines.ingest.numbers import NO_TIME
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.rejected import Fault, Rejection, rejection, rejections_table
from pipelines.ingest.tables.cells import Cells, State, read_cells
from pipelines.ingest.tables.mapping import QUALITY_WORDS, CsvMapping, Identifier, Label, parse_mapping
from pipelines.ingest.tables.rows import CsvBlock, read_rows
from pipelines.ingest.tables.runs import Facts, take_channel
from pipelines.ingest.tables.series import Rows, order_rows
from pipelines.ingest.tables.times import instants_of, read_stamps, standard_offset
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS
from tariffs.clock import Clock

_PACKED = (".gz", ".zip")
_MICROSECONDS_A_SECOND = 1_000_000
_RAGGED = Fault("record.length", "the row does not have as many fields as the first line has names")
_NO_POINT = Fault("record.identifier", "a value whose row names no service point")
_NOBODY = -1
_NO_TIME_GIVEN = Fault("time.missing", "a value without its time")
_NO_SUCH_HOUR = Fault("time.invalid", "a local time that does not exist: the clocks leapt over it")


def read_mapped_csv(stream: BinaryIO, context: ReadContext, piece_bytes: int = PIECE_BYTES) -> Iterator[Parsed]:
    """Read a plain table by its mapping.

    Args:
        stream: the bytes of the file.
        context: name, prefix and mapping. Stamps without an offset are read by ``context.clock``, else by the
            mapping's zone, else by ``context.zone``.
        piece_bytes: read at a time.

    Yields:
        all rows of the file at once.

    Raises:
        InputRefusedError: there is no mapping (``mapping.missing``), it cannot be followed (``mapping.invalid``,
            ``mapping.column``), the file is empty (``file.empty``) or cut (``file.truncated``).
    """
    if context.mapping is None:
        code, hint = "mapping.missing", "say which column is what with --map FILE"
        raise InputRefusedError(code, f"{context.name} is a plain table without a mapping", hint)
    table = _Table(context, parse_mapping(context.mapping))
    for block in read_rows(stream, table.mapping.delimiter, table.needed, piece_bytes):
        table.add(block)
    yield table.finish()


@dataclass
class _Table:
    """A plain table while it is read.

    Attributes:
        context: what the reader was told.
        mapping: which column is what.
        points: number of each (service point, meter) met.
        natives: number of each quality code met.
        rows: rows with their instants, block by block.
        cells: cells of each channel, block by block.
        rejections: what is set aside, by record and code.
        local: whether a stamp without its own offset was met.
    """

    context: ReadContext
    mapping: CsvMapping
    points: dict[tuple[str, str], int] = field(default_factory=dict)
    natives: dict[str, int] = field(default_factory=dict)
    rows: list[Rows] = field(default_factory=list)
    cells: list[list[Cells]] = field(default_factory=list)
    rejections: dict[tuple[int, str], Rejection] = field(default_factory=dict)
    local: bool = False

    @cached_property
    def clock(self) -> Clock:
        """The clock of local times."""
        return Clock(self.context.clock or self.mapping.time.zone or self.context.zone)

    @cached_property
    def needed(self) -> list[str]:
        """Names of the columns that the mapping uses."""
        optional = (self.mapping.service_point_id, self.mapping.meter_id, self.mapping.quality, self.mapping.version)
        names = [part.column for part in optional if part is not None and part.column is not None]
        return list(dict.fromkeys([self.mapping.time.column, *names, *(channel.column for channel in self.mapping.channels)]))

    def add(self, block: CsvBlock) -> None:
        """Keep the rows of a block whose stamps are instants; set aside the values of the others."""
        for line, raw in block.ragged:
            self._set_aside(line, _RAGGED, raw, len(self.mapping.channels))
        if not len(block.line):
            return
        cells = []
        for channel in self.mapping.channels:
            found, faults = read_cells(block, channel.column)
            cells.append(found)
            for row, fault in faults.items():
                message = f"column '{channel.column}': {fault.message}"
                self._set_aside(int(block.line[row]), Fault(fault.code, message), block.raw(row), 1)
        native = self._read_quality(block, cells)
        first, second, local, timed = self._read_times(block, cells)
        version = self._read_versions(block)
        series = self._number_series(block)
        for row in np.flatnonzero(timed & (series == _NOBODY)).tolist():
            self._set_aside_row(block, row, _NO_POINT, cells)
        timed &= series != _NOBODY
        rows = Rows(block.line, series, local, first, second, native, version)
        self.rows.append(rows.where(timed))
        self.cells.append([column.where(timed) for column in cells])

    def _read_quality(self, block: CsvBlock, cells: list[Cells]) -> Ints:
        """Return the number of each row's quality code, -1 where it has none; apply what it says to the cells."""
        if self.mapping.quality is None:
            return np.full(len(block.line), -1)
        native = np.empty(len(block.line), dtype=np.int64)
        codes = self.mapping.quality.codes
        for row, text in enumerate(block.texts(block.fields(self.mapping.quality.column))):
            code = text.strip()
            native[row] = self.natives.setdefault(code, len(self.natives)) if code else -1
            if code and codes and code not in codes:
                fault = Fault("quality.unknown", f"the mapping does not say what quality '{code[:40]}' means")
                self._set_aside_row(block, row, fault, cells)
            elif codes.get(code) == "missing":
                for column in cells:
                    column.digits[row], column.decimals[row] = 0, 0
                    column.state[row] = max(column.state[row], State.EMPTY)
        return native

    def _read_times(self, block: CsvBlock, cells: list[Cells]) -> tuple[Ints, Ints, Ints, Flags]:
        """Return the instants a stamp may name, the stamp itself [s], and whether it names one."""
        stamps = read_stamps(block, self.mapping.time.column)
        first = stamps.local - stamps.offset
        second = first.copy()
        exists = stamps.valid.copy()
        naive = np.flatnonzero(stamps.valid & ~stamps.has_offset)
        if len(naive):
            self.local = True
            instants = instants_of(stamps.local[naive], self.clock, ends=self.mapping.time.label is Label.END)
            first[naive], second[naive], exists[naive] = instants
        for row in np.flatnonzero(~exists).tolist():
            fault = _NO_SUCH_HOUR if stamps.valid[row] else _NO_TIME_GIVEN
            if not stamps.valid[row] and not stamps.empty[row]:
                text = block.texts(block.fields(self.mapping.time.column)[row : row + 1])[0]
                fault = Fault("time.invalid", f"'{text[:40]}' is no time")
            self._set_aside_row(block, row, fault, cells)
        return first, second, stamps.local, exists

    def _read_versions(self, block: CsvBlock) -> Ints:
        """Return when the sender made each row [us since 1970, UTC]; ``NO_TIME`` where nothing says."""
        if self.mapping.version is None:
            return np.full(len(block.line), NO_TIME)
        stamps = read_stamps(block, self.mapping.version.column)
        made = stamps.local - stamps.offset
        naive = np.flatnonzero(stamps.valid & ~stamps.has_offset)
        if len(naive):
            made[naive] = instants_of(stamps.local[naive], self.clock, ends=False).first
        return np.where(stamps.valid, made * _MICROSECONDS_A_SECOND, NO_TIME)

    def _number_series(self, block: CsvBlock) -> Ints:
        """Return the number of each row's service point and meter; ``_NOBODY`` where the row names no service point."""
        points = self._identifiers(self.mapping.service_point_id, block)
        meters = self._identifiers(self.mapping.meter_id, block) if self.mapping.meter_id is not None else ""
        if isinstance(points, str) and isinstance(meters, str):
            return np.full(len(block.line), self.points.setdefault((points, meters), len(self.points)))
        rows = len(block.line)
        pairs = zip(
            [points] * rows if isinstance(points, str) else points,
            [meters] * rows if isinstance(meters, str) else meters,
            strict=True,
        )
        numbers = (self.points.setdefault(pair, len(self.points)) if pair[0] else _NOBODY for pair in pairs)
        return np.fromiter(numbers, dtype=np.int64, count=rows)

    def _identifiers(self, identifier: Identifier, block: CsvBlock) -> str | list[str]:
        """Return an identifier: one for the file, or one a row."""
        if identifier.column is not None:
            return [text.strip() for text in block.texts(block.fields(identifier.column))]
        return identifier.value if identifier.value is not None else name_of_file(self.context.name)

    def _set_aside_row(self, block: CsvBlock, row: int, fault: Fault, cells: list[Cells]) -> None:
        """Set aside the values of a row; a row without any is nothing."""
        held = [column for column in cells if column.state[row] == State.VALUE]
        for column in held:
            column.digits[row], column.decimals[row], column.state[row] = 0, 0, State.SET_ASIDE
        if held:
            self._set_aside(int(block.line[row]), fault, block.raw(row), len(held))

    def _set_aside(self, line: int, fault: Fault, raw: bytes, rows: int) -> None:
        """Set values of a line aside; those with one code are one rejection."""
        known = self.rejections.get((line, fault.code))
        new = rejection(f"{self.context.prefix}{line}", fault, raw, rows)
        self.rejections[line, fault.code] = new if known is None else known._replace(rows=known.rows + rows)

    def finish(self) -> Parsed:
        """Return what the rows become."""
        intervals, reads = [], []
        if sum(len(rows.line) for rows in self.rows):
            rows = Rows(*(np.concatenate(parts) for parts in zip(*self.rows, strict=True)))
            spans = order_rows(rows, self.mapping.time.label, self.mapping.interval_minutes)
            facts = self._facts(standard_offset(spans.start, self.clock))
            for number, channel in enumerate(self.mapping.channels):
                parts = zip(*(block[number] for block in self.cells), strict=True)
                cells = Cells(*(np.concatenate(part) for part in parts)).where(spans.order)
                taken = take_channel(channel, cells, spans, facts)
                intervals += taken.intervals
                reads.append(taken.reads)
                for row, fault in taken.faults.items():
                    message = f"column '{channel.column}': {fault.message}"
                    self._set_aside(int(spans.rows.line[row]), Fault(fault.code, message), b"", 1)
        parsed = Parsed(
            intervals=pa.concat_tables(intervals) if intervals else PARSED_INTERVALS.empty(),
            reads=pa.concat_tables(reads) if reads else PARSED_READS.empty(),
            rejections=rejections_table(self.rejections[key] for key in sorted(self.rejections)),
            clock=self.clock.name if self.local else None,
        )
        return replace(parsed, rows_read=parsed.rows_taken + sum(row.rows for row in self.rejections.values()))

    def _facts(self, standard: Ints) -> Facts:
        """Return what holds for all channels."""
        codes = self.mapping.quality.codes if self.mapping.quality is not None else {}
        qualities = [QUALITY_WORDS[codes[native]] if native in codes else Quality.MEASURED for native in self.natives]
        has_clock = self.local or self.mapping.time.zone is not None
        return Facts(list(self.points), list(self.natives), qualities, standard, has_clock, self.context.prefix)


def name_of_file(name: str) -> str:
    """Return the name of a file without its folder and its endings.

    >>> name_of_file("inbox/il-hourly.csv.gz"), name_of_file("4001234567.csv")
    ('il-hourly', '4001234567')
    """
    path = PurePath(name)
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return path.with_suffix("").name
