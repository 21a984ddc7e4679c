"""Plain tables: stamps, values, and a mapping that says which column is what.

The file is read block by block into a few numbers per row; ``order`` puts them in order of time window by window, as a
row's length and the hour that comes twice depend on neighbours. Memory is bounded by the window and by one row per
series, not by the file.

- A register's value at the end of a row is an index read, and less the value of the row before it is what was used.
- ``interval_minutes: auto`` takes the distance to the next stamp (the last one, for labels that end). A series whose
  distances are all equal gives its outermost row the same length; of any other series that row only bounds it.
- Rows whose length divides a day and is at most an hour are slots of intervals; all others are reads of kind period.
- Average power becomes energy where that is exact for every value: kW over 15 minutes is kW x 0.25 h. Over 5 minutes
  it is not, and the values stay power.
- The local hour that comes twice is two hours, by order of appearance; in the hour that does not come, an empty row
  is nothing and a value is set aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import BinaryIO, NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.ingest.digits import Ints
from pipelines.ingest.file_names import name_of_file
from pipelines.ingest.identifiers import fault_of_text
from pipelines.ingest.line_pieces import PIECE_BYTES
from pipelines.ingest.numbers import NO_TIME
from pipelines.ingest.reader import FileWarning, Parsed, ReadContext
from pipelines.ingest.rejected import Fault, Rejection, rejection, rejections_table
from pipelines.ingest.tables.block_values import BlockValues
from pipelines.ingest.tables.cells import State, fit_cells, total_of
from pipelines.ingest.tables.channel_column import ChannelColumn, ChannelKind, FromColumn
from pipelines.ingest.tables.gaps import Gaps
from pipelines.ingest.tables.mapping import QUALITY_WORDS, CsvMapping, Identifier, parse_mapping
from pipelines.ingest.tables.order import WINDOW_ROWS, Order, Ordered, Rows, Spans
from pipelines.ingest.tables.registers import OVERLAP, Advances, Registers
from pipelines.ingest.tables.rows import CsvBlock, Layout, read_rows
from pipelines.ingest.tables.runs import Facts, Taken, take_channel
from pipelines.ingest.tables.time_column import Label
from pipelines.ingest.tables.times import Timed, instants_of, read_stamps, read_times, standard_offset
from schemas.codes import Quality
from schemas.errors import InputRefusedError
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS
from schemas.units import Unit, parse_unit
from tariffs.clock import Clock

MOST_REJECTIONS = 50_000
"""Rejections held before they are handed over, whether or not a window is full: rows at no time fill none."""
MOST_QUALITY_CODES = 1000
"""Quality codes that one file may use: more is a column of something else."""
_MICROSECONDS_A_SECOND = 1_000_000
_MINUTE = 60
_RAGGED = Fault("record.length", "the row does not have as many fields as the first line has names")
_NO_POINT = Fault(
    "record.identifier", "a value whose row names no service point, or names it with characters that no identifier has"
)
_NO_CHANNEL = Fault("channel.unknown", "a value in a row that is none of the mapping's channels")
_NO_TIME_GIVEN = Fault("time.missing", "a value without its time")
_NO_SUCH_HOUR = Fault("time.invalid", "a local time that does not exist: the clocks leapt over it")
_NO_HOLE = frozenset({"channel.unknown", OVERLAP.code})
"""Codes of values without which the rows of a register are still sure."""
_DOUBT = {Quality.MEASURED: 0, Quality.FINAL_SUBSTITUTED: 1, Quality.SUBSTITUTED: 2, Quality.DELIVERED_ESTIMATE: 3}
"""How little is known about a value, by its quality."""
_NOBODY = -1


def read_mapped_csv(
    stream: BinaryIO, context: ReadContext, piece_bytes: int = PIECE_BYTES, window_rows: int = WINDOW_ROWS
) -> Iterator[Parsed]:
    """Read a plain table by the mapping that was given with it.

    Args:
        stream: the bytes of the file.
        context: name, prefix and mapping. Stamps without an offset are read by ``context.clock``, else by the
            mapping's zone, else by ``context.zone``.
        piece_bytes: read at a time.
        window_rows: rows put in order together.

    Yields:
        the rows of each window.

    Raises:
        InputRefusedError: there is no mapping (``mapping.missing``), it cannot be followed (``mapping.invalid``,
            ``mapping.column``), the rows contradict each other over more than a window (``order.mixed``), or one of
            what ``read_rows`` says of the file itself.
    """
    if context.mapping is None:
        code, hint = "mapping.missing", "say which column is what with --map FILE"
        raise InputRefusedError(code, f"{context.name} is a plain table without a mapping", hint)
    yield from read_table(stream, context, parse_mapping(context.mapping), piece_bytes, window_rows)


def read_table(
    stream: BinaryIO,
    context: ReadContext,
    mapping: CsvMapping,
    piece_bytes: int = PIECE_BYTES,
    window_rows: int = WINDOW_ROWS,
) -> Iterator[Parsed]:
    """Read a plain table by ``mapping``; see ``read_mapped_csv``."""
    layout, blocks = read_rows(stream, mapping, piece_bytes)
    table = _Table(context, mapping, layout, window_rows)
    for block in blocks:
        for ordered in table.add(block):
            yield table.hand_over(ordered)
        if table.holds_many_rejections:
            yield table.hand_over(Ordered(None, []))
    yield table.finish(table.order.hand_over(last=True))


class _Kind(NamedTuple):
    """Channels that stand in the same rows, in the unit of those rows: their place among the value columns."""

    channels: tuple[ChannelColumn, ...]
    places: tuple[int, ...]


@dataclass
class _Table:
    """A plain table while it is read.

    Attributes:
        context: what the reader was told.
        mapping: which column is what.
        layout: how the file is laid out.
        window_rows: rows put in order together.
        names: service point, meter and channel of each series.
        natives: number of each quality code met.
        local: whether a stamp without its own offset was met.
        noisy: whether a value printed from binary floating point was met.
    """

    context: ReadContext
    mapping: CsvMapping
    layout: Layout
    window_rows: int
    names: list[tuple[str, str, str]] = field(default_factory=list)
    natives: dict[str, int] = field(default_factory=dict)
    local: bool = False
    noisy: bool = False
    _series: dict[tuple[str, str, str, int], int] = field(default_factory=dict)
    _kind_of: list[int] = field(default_factory=list)
    _kinds: list[_Kind] = field(default_factory=list)
    _kind_numbers: dict[tuple[int, Unit | None], int] = field(default_factory=dict)
    _rejections: dict[tuple[int, str], Rejection] = field(default_factory=dict)
    _registers: dict[tuple[int, int], Registers] = field(default_factory=dict)

    @cached_property
    def order(self) -> Order:
        """The rows in order of time."""
        minutes = self.mapping.interval_minutes if self.mapping.day is None else self.mapping.day.minutes
        # An index has no interval, and that of a register's row begins where the row before ends.
        indexes = all(channel.kind is ChannelKind.INDEX for channel in self.mapping.channels)
        if indexes or (self.mapping.is_cumulative and minutes in ("auto", "between")):
            minutes = 0
        if not self.mapping.is_cumulative:
            return Order(self.label, minutes, self.window_rows)
        # A row of a register becomes two, an index and what was used.
        return Order(self.label, minutes, (self.window_rows + 1) // 2, sets_overlaps_aside=False)

    @cached_property
    def gaps(self) -> Gaps | None:
        """The gaps between rows; None where lengths are said of all rows, and validation finds the slots that are missing."""
        known = self.mapping.is_cumulative or self.mapping.interval_minutes == "row"
        return Gaps(self.mapping.tolerance) if known else None

    @cached_property
    def label(self) -> Label:
        """The end of its interval that a stamp names; of a day's columns it is known which one begins at midnight."""
        return self.mapping.time.label if self.mapping.day is None else Label.START

    @cached_property
    def clock(self) -> Clock:
        """The clock of local times."""
        return Clock(self.context.clock or self.mapping.time.zone or self.context.zone)

    @cached_property
    def value_columns(self) -> list[str]:
        """Names of the columns of values, each once."""
        return list(dict.fromkeys(channel.column or "" for channel in self.mapping.channels))

    @cached_property
    def values_a_row(self) -> int:
        """Values that a row could hold at most: so many are lost with a row that cannot be taken apart."""
        most = max(len(channels) for _, channels in self.mapping.groups)
        return most if self.mapping.day is None else self.mapping.day.count

    @property
    def holds_many_rejections(self) -> bool:
        """Whether it is time to hand over what was set aside."""
        return len(self._rejections) >= MOST_REJECTIONS

    def add(self, block: CsvBlock) -> Iterator[Ordered]:
        """Keep the rows of a block whose stamps are instants; set aside the values of the others."""
        for line, raw in block.ragged:
            self._set_aside(line, _RAGGED, raw, self.values_a_row)
        if not len(block.line):
            return
        part = BlockValues(block, self.layout.names, self.value_columns, self.mapping, self._set_aside)
        self.noisy |= part.noisy
        if self.mapping.control is not None and self.mapping.control.total is not None:
            self.layout.total += sum(map(total_of, part.cells))
        timed = self._time(part)
        native = self._read_quality(part)
        kinds = self._read_kinds(part)
        series = self._number_series(part, kinds)
        good = timed.good & (series != _NOBODY)[part.row]
        nominal = timed.nominal if timed.nominal is not None else np.zeros(len(part.row), dtype=np.int64)
        until = timed.until if timed.until is not None else np.zeros((len(part.row), 0), dtype=np.int64)
        rows = Rows(
            block.line[part.row],
            series[part.row],
            timed.local,
            timed.first,
            timed.second,
            native[part.row],
            self._read_versions(block)[part.row],
            nominal,
            until,
            tuple(part.cells),
        )
        yield from self.order.add(rows if good.all() else rows.where(good))

    def _time(self, part: BlockValues) -> Timed:
        """Return when each row is; set aside the values of rows that are at no time."""
        timed = read_times(part.block, self.mapping.time, self.clock)
        if self.mapping.day is not None:
            timed = self._spread_over_day(timed, self.mapping.day.count, self.mapping.day.minutes)
        self.local |= timed.is_local
        for row in np.flatnonzero(~timed.good).tolist():
            fault = _NO_SUCH_HOUR if timed.stamped[row] else _NO_TIME_GIVEN
            if not timed.stamped[row] and not timed.empty[row]:
                texts = [part.text(name, row)[:40] for name in self.mapping.time.columns]
                fault = Fault("time.invalid", f"'{' '.join(texts)}' is no time")
            part.set_aside(row, fault)
        return timed

    def _spread_over_day(self, days: Timed, count: int, minutes: int) -> Timed:
        """Return the times of the columns of each day."""
        offsets = np.arange(count, dtype=np.int64) * (minutes * _MINUTE)
        local = (days.local[:, np.newaxis] + offsets).ravel()
        stamped, empty = np.repeat(days.stamped, count), np.repeat(days.empty, count)
        first, second, good = instants_of(local, self.clock, ends=False)
        return Timed(local, first, second, None, None, good & stamped, stamped, empty, days.is_local)

    def _read_quality(self, part: BlockValues) -> Ints:
        """Return the number of each row's quality code, -1 where it has none; apply what it says to the cells."""
        rows = len(part.block.line)
        if self.mapping.quality is None:
            return np.full(rows, _NOBODY)
        place, words = part.block.distinct(self.mapping.quality.column)
        codes = self.mapping.quality.codes
        numbers = np.full(len(words), _NOBODY)
        for at, word in enumerate(words):
            named = word in codes if codes else len(self.natives) < MOST_QUALITY_CODES or word in self.natives
            if word and named:
                numbers[at] = self.natives.setdefault(word, len(self.natives))
            if word and not named:
                fault = Fault("quality.unknown", f"the mapping does not say what quality '{word[:40]}' means")
                part.set_aside_rows(place == at, fault)
            elif word and codes.get(word) == "missing":
                part.empty_rows(place == at)
        return numbers[place]

    def _read_kinds(self, part: BlockValues) -> Ints:
        """Return the number of each row's kind; ``_NOBODY`` where it is none of the mapping's channels."""
        rows = len(part.block.line)
        kinds = np.full(rows, _NOBODY)
        for number, (where, channels) in enumerate(self.mapping.groups):
            matches = kinds == _NOBODY
            for column, words in where.items():
                place, met = part.block.distinct(column)
                matches &= np.array([_fits(word, words) for word in met])[place]
            if not matches.any():
                continue
            units = dict.fromkeys(channel.unit.column for channel in channels if isinstance(channel.unit, FromColumn))
            if not units:
                kinds[matches] = self._kind(number, None, "")
                continue
            for column in units:
                place, met = part.block.distinct(column)
                known = [parse_unit(word) for word in met]
                for at, unit in enumerate(known):
                    chosen = matches & (place == at)
                    if unit is None:
                        part.set_aside_rows(chosen, Fault("unit.unknown", f"nobody knows the unit '{met[at][:40]}'"))
                    else:
                        kinds[chosen] = self._kind(number, unit, met[at])
                matches &= kinds != _NOBODY
        part.set_aside_rows(kinds == _NOBODY, _NO_CHANNEL)
        if len(self.value_columns) > 1:
            part.empty_columns([self._kinds[kind].places for kind in range(len(self._kinds))], kinds)
        return kinds

    def _kind(self, group: int, unit: Unit | None, word: str) -> int:
        """Return the number of a group of channels in a unit."""
        key = (group, unit)
        if key not in self._kind_numbers:
            channels = self.mapping.groups[group][1]
            said = tuple(channel.in_unit(word) if isinstance(channel.unit, FromColumn) else channel for channel in channels)
            places = tuple(self.value_columns.index(channel.column or "") for channel in channels)
            self._kind_numbers[key] = len(self._kinds)
            self._kinds.append(_Kind(said, places))
        return self._kind_numbers[key]

    def _read_versions(self, block: CsvBlock) -> Ints:
        """Return when the sender made each row [us since 1970, UTC]; ``NO_TIME`` where nothing says."""
        if self.mapping.version is None:
            return np.full(len(block.line), NO_TIME)
        stamps = read_stamps(block.table, block.fields(self.mapping.version.column), self.mapping.version.date_format)
        made = stamps.local - stamps.offset
        naive = np.flatnonzero(stamps.valid & ~stamps.has_offset)
        if len(naive):
            made[naive] = instants_of(stamps.local[naive], self.clock, ends=False).first
        return np.where(stamps.valid, made * _MICROSECONDS_A_SECOND, NO_TIME)

    def _number_series(self, part: BlockValues, kinds: Ints) -> Ints:
        """Return the number of each row's series; ``_NOBODY`` where nothing names it, with its values set aside."""
        places, words = [], []
        for identifier in (self.mapping.service_point_id, self.mapping.meter_id):
            place, met = self._identifiers(identifier, part.block)
            places.append(place)
            words.append(met)
        named = [channel.channel.column for channel in self.mapping.channels if isinstance(channel.channel, FromColumn)]
        for column in dict.fromkeys(named):
            place, met = part.block.distinct(column)
            places.append(place)
            words.append(met)
        places.append(kinds + 1)
        sizes = [*(len(met) for met in words), len(self._kinds) + 1]
        key = np.ravel_multi_index(places, sizes)
        used, inverse = (key[:1], np.zeros(len(key), np.int64)) if (key == key[0]).all() else np.unique(key, return_inverse=True)
        numbers = np.full(len(used), _NOBODY)
        for at, each in enumerate(zip(*(column.tolist() for column in np.unravel_index(used, sizes)), strict=True)):
            kind = each[-1] - 1
            if kind == _NOBODY:
                continue
            texts = [met[which] for met, which in zip(words, each[:-1], strict=True)]
            numbers[at] = self._series_number(texts[0], texts[1], texts[2:], kind, dict.fromkeys(named))
            if numbers[at] == _NOBODY:
                part.set_aside_rows(inverse == at, _NO_POINT)
        return numbers[inverse]

    def _series_number(
        self, point: str, meter: str, channels: Sequence[str], kind: int, named: Sequence[str] | dict[str, None]
    ) -> int:
        """Return the number of a series; ``_NOBODY`` where a name of it is no identifier."""
        of = self._kinds[kind].channels[0].channel
        channel = channels[list(named).index(of.column)] if isinstance(of, FromColumn) else ""
        key = (point, meter, channel, kind)
        if key not in self._series:
            wanted = [point, *([meter] if meter else []), *([channel] if isinstance(of, FromColumn) else [])]
            if not all(text and fault_of_text(text) is None for text in wanted):
                return _NOBODY
            self._series[key] = len(self.names)
            self.names.append((point, meter, channel))
            self._kind_of.append(kind)
        return self._series[key]

    def _identifiers(self, identifier: Identifier | None, block: CsvBlock) -> tuple[Ints, list[str]]:
        """Return which identifier each row has, and the identifiers."""
        if identifier is not None and identifier.column is not None:
            place, words = block.distinct(identifier.column)
            return place, [word.strip(identifier.strip).strip() if identifier.strip else word for word in words]
        text = ""
        if identifier is not None and identifier.value is not None:
            text = identifier.value
        elif identifier is not None and identifier.below is not None:
            text = self.layout.below(identifier.below).strip(identifier.strip or None)
        elif identifier is not None:
            text = name_of_file(self.context.name)
        return np.zeros(len(block.line), dtype=np.int64), [text]

    def _set_aside(self, line: int, fault: Fault, raw: bytes, rows: int) -> None:
        """Set values of a line aside; those with one code are one rejection.

        Raises:
            InputRefusedError: a hole in the rows of registers, whatever its code.
        """
        if self.mapping.is_cumulative and fault.code not in _NO_HOLE:
            hint = "ask the sender: what a register shows is sure as long as every row before it is"
            raise InputRefusedError(fault.code, f"line {line}: {fault.message}", hint)
        known = self._rejections.get((line, fault.code))
        new = rejection(f"{self.context.prefix}{line}", fault, raw, rows)
        self._rejections[line, fault.code] = new if known is None else known._replace(rows=known.rows + rows)

    def hand_over(self, ordered: Ordered) -> Parsed:
        """Return what rows in order become, and what was set aside since the last time."""
        return self._parsed(self._take(ordered), self._warnings())

    def finish(self, ordered: Ordered) -> Parsed:
        """Return what the last rows become, and what waited for the end of the file."""
        taken = self._take(ordered)
        for (number, at), registers in self._registers.items():
            advances = registers.finish()
            if advances is not None:
                taken += self._take_advances(self._kinds[number].channels[at], advances)
        gaps = self.gaps.warnings() if self.gaps is not None else ()
        return self._parsed(taken, (*self._warnings(), *gaps))

    def _take(self, ordered: Ordered) -> list[Taken]:
        """Return what rows in order become."""
        for rows, fault in ordered.refused:
            values = sum((cells.state == State.VALUE).astype(np.int64) for cells in rows.cells)
            for at in np.flatnonzero(values).tolist():
                self._set_aside(int(rows.line[at]), fault, b"", int(values[at]))
        if ordered.spans is None or not ordered.spans.rows.size:
            return []
        if self.gaps is not None:
            self.gaps.add(ordered.spans.where(ordered.spans.rows.hold_values | (not self.mapping.is_cumulative)))
        kinds = np.array(self._kind_of, dtype=np.int64)[ordered.spans.rows.series]
        met = np.unique(kinds).tolist()
        parts = [ordered.spans if len(met) == 1 else ordered.spans.where(kinds == number) for number in met]
        return [taken for number, spans in zip(met, parts, strict=True) for taken in self._take_kind(number, spans)]

    def _take_kind(self, number: int, spans: Spans) -> list[Taken]:
        """Return what the rows of a kind become."""
        kind = self._kinds[number]
        if self.mapping.is_cumulative:
            return [taken for at in range(len(kind.channels)) for taken in self._take_register(number, at, spans)]
        facts = self._facts(standard_offset(spans.start, self.clock))
        found = []
        for channel, place in zip(kind.channels, kind.places, strict=True):
            found.append(take_channel(channel, spans.rows.cells[place], spans, facts))
            self._note_faults(channel, spans, found[-1].faults)
        return found

    def _take_register(self, number: int, at: int, spans: Spans) -> list[Taken]:
        """Return what the rows of a register become: what it showed at their ends, and what was used in them."""
        channel, place = self._kinds[number].channels[at], self._kinds[number].places[at]
        spans = spans.where(spans.rows.cells[place].state == State.VALUE)
        if not spans.rows.size:
            return []
        cells, faults = fit_cells(spans.rows.cells[place], channel.source_unit.exponent)
        self._note_faults(channel, spans, faults)
        if self.mapping.time.has_both_ends and (spans.seconds <= 0).any():
            line = int(spans.rows.line[np.argmin(spans.seconds)])
            self._set_aside(line, Fault("interval.unknown", "the row does not end after it begins"), b"", 1)
        facts = self._facts(standard_offset(spans.start, self.clock))
        shown = take_channel(channel.of_kind(ChannelKind.INDEX), cells, spans._replace(stamp=spans.start + spans.seconds), facts)
        doubt = np.array([*(_DOUBT.get(quality, 0) for quality in facts.qualities), 0], dtype=np.int64)
        registers = self._registers.setdefault((number, at), Registers(channel, self.clock))
        return [shown, *self._take_advances(channel, registers.advance(spans, cells, doubt[spans.rows.native]))]

    def _take_advances(self, channel: ChannelColumn, advances: Advances) -> list[Taken]:
        """Return what was used, as values of intervals."""
        for line in advances.overlapping.tolist():
            self._set_aside(line, OVERLAP, b"", 1)
        if not advances.spans.rows.size:
            return []
        facts = self._facts(standard_offset(advances.spans.start, self.clock))
        return [take_channel(channel.of_kind(ChannelKind.INTERVAL), advances.cells, advances.spans, facts)]

    def _note_faults(self, channel: ChannelColumn, spans: Spans, faults: dict[int, Fault]) -> None:
        """Set aside cells that a channel could not take, by row of ``spans``."""
        for row, fault in faults.items():
            message = f"column '{channel.column}': {fault.message}" if channel.column else fault.message
            self._set_aside(int(spans.rows.line[row]), Fault(fault.code, message), b"", 1)

    def _parsed(self, taken: Sequence[Taken], warnings: tuple[FileWarning, ...]) -> Parsed:
        """Return what was taken, and what was set aside since the last time."""
        intervals = [table for part in taken for table in part.intervals]
        reads = [part.reads for part in taken]
        refused = [self._rejections[key] for key in sorted(self._rejections)]
        self._rejections = {}
        taken_in = Parsed(
            intervals=pa.concat_tables(intervals) if intervals else PARSED_INTERVALS.empty(),
            reads=pa.concat_tables(reads) if reads else PARSED_READS.empty(),
        )
        return Parsed(
            intervals=taken_in.intervals,
            reads=taken_in.reads,
            rejections=rejections_table(refused),
            rows_read=taken_in.rows_taken + sum(row.rows for row in refused),
            warnings=warnings,
            clock=self.clock.name if self.local else None,
        )

    def _warnings(self) -> tuple[FileWarning, ...]:
        """Return what a person should know of the values."""
        if not self.noisy:
            return ()
        message = "values were printed from binary floating point; the decimals they stand for are kept"
        return (FileWarning("value.float_noise", message),)

    def _facts(self, standard: Ints) -> Facts:
        """Return what holds for all channels."""
        codes = self.mapping.quality.codes if self.mapping.quality is not None else {}
        qualities = [QUALITY_WORDS[codes[native]] if native in codes else Quality.MEASURED for native in self.natives]
        has_clock = self.local or self.mapping.time.zone is not None
        return Facts(self.names, list(self.natives), qualities, standard, has_clock, self.context.prefix)


def _fits(word: str, patterns: Sequence[str]) -> bool:
    """Whether a word is one of ``patterns``, or begins as one that ends in ``*`` does.

    >>> _fits("E1", ["E*"]), _fits("e1", ["E*"]), _fits("*", ["A"])
    (True, False, False)
    """
    return any(word.startswith(pattern[:-1]) if pattern.endswith("*") else word == pattern for pattern in patterns)
