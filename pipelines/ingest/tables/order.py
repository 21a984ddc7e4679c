"""Rows of a plain table in order of time, window by window: which hour each stamp names, and how long it lasts.

Both depend on neighbours: a row's length on the next stamp of its meter, the hour that comes twice on what stood before
and after. A window of rows is put in order together with what earlier windows left open: the newest row of each
series, and stamps of the repeated hour whose end was not met yet. So a file may be of any length, forward or backward
in time, with its meters one after the other or side by side; in one window its rows may even come in any order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import Flags, Ints
from pipelines.ingest.rejected import Fault
from pipelines.ingest.tables.cells import Cells, State
from pipelines.ingest.tables.repeated_hours import RepeatedHours
from pipelines.ingest.tables.time_column import Label
from schemas.errors import InputRefusedError

MINUTE = 60
DAY_MINUTES = 1440
LONGEST_INTERVAL = 60
WINDOW_ROWS = 500_000
"""Rows put in order together: some 150 MB."""
MOST_OPEN_ROWS = 4_000_000
"""Rows that may wait for what comes after them."""
_NOMINAL_SECONDS = 3600
_FAR = np.iinfo(np.int64).max
_OVERLAP = Fault("interval.overlap", "the next row begins before this one's interval ends: the interval is shorter than said")


class Rows(NamedTuple):
    """Rows of a plain table whose stamp is an instant.

    Attributes:
        line: (rows,) line in the file.
        series: (rows,) number of the service point, meter and channel.
        local: (rows,) the stamp on its own clock [s].
        first: (rows,) the instant it names [s since 1970, UTC].
        second: (rows,) the other one it may name, in the hour that comes twice; equal to ``first`` elsewhere.
        native: (rows,) number of the source's quality code; -1 where there is none.
        version: (rows,) when the sender made it [us since 1970, UTC]; ``NO_TIME`` where nothing says.
        nominal: (rows,) seconds between its two ends as the source writes them; 0 where it does not say them.
        until: (rows, 2) instants that its other end may name.
        cells: the values in each column.
    """

    line: Ints
    series: Ints
    local: Ints
    first: Ints
    second: Ints
    native: Ints
    version: Ints
    nominal: Ints
    until: Ints
    cells: tuple[Cells, ...]

    def where(self, chosen: Any) -> Rows:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the rows."""
        return Rows._make([*(part[chosen] for part in self[:-1]), tuple(cells.where(chosen) for cells in self.cells)])

    @staticmethod
    def joined(parts: list[Rows]) -> Rows:
        """Return the rows of ``parts``, of which there is one at least."""
        if len(parts) == 1:
            return parts[0]
        columns = [np.concatenate(arrays) for arrays in zip(*(part[:-1] for part in parts), strict=True)]
        cells = tuple(
            Cells(*(np.concatenate(arrays) for arrays in zip(*column, strict=True)))
            for column in zip(*(part.cells for part in parts), strict=True)
        )
        return Rows._make([*columns, cells])

    @property
    def size(self) -> int:
        """The number of rows."""
        return len(self.line)

    def in_order(self, order: Ints) -> Rows:
        """Return the rows in another order, without a copy where it is the same."""
        return self if len(order) == self.size and bool((order == np.arange(self.size)).all()) else self.where(order)

    @property
    def hold_values(self) -> Flags:
        """Whether a row holds a value at all."""
        found = np.zeros(len(self.line), dtype=np.bool_)
        for cells in self.cells:
            found |= cells.state == State.VALUE
        return found


class Spans(NamedTuple):
    """Rows in order of series and time.

    Attributes:
        rows: the rows.
        stamp: (rows,) the instant it names [s since 1970, UTC].
        start: (rows,) start of its interval [s since 1970, UTC].
        seconds: (rows,) length of its interval [s]; 0 where nothing says.
    """

    rows: Rows
    stamp: Ints
    start: Ints
    seconds: Ints

    @property
    def is_slot(self) -> Flags:
        """Whether a row is a slot: it begins on a minute, lasts 1 to 60 minutes, and its length divides a day."""
        minutes, rest = np.divmod(self.seconds, MINUTE)
        fits = (rest == 0) & (minutes >= 1) & (minutes <= LONGEST_INTERVAL) & (self.start % MINUTE == 0)
        return fits & (DAY_MINUTES % np.maximum(minutes, 1) == 0)

    def where(self, chosen: Any) -> Spans:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the spans."""
        return Spans(self.rows.where(chosen), self.stamp[chosen], self.start[chosen], self.seconds[chosen])


class Ordered(NamedTuple):
    """What a window gave: rows with their lengths, and rows that are set aside with the reason."""

    spans: Spans | None
    refused: list[tuple[Rows, Fault]]


@dataclass
class _Borders:
    """Where the intervals that were handed over begin and end, by series: a window sees overlaps only inside itself.

    Attributes:
        low: (series,) start of the first interval [s]; ``_FAR`` before there is one.
        high: (series,) end of the last one [s].
    """

    low: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    high: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def check(self, spans: Spans) -> None:
        """Take note of a window.

        Raises:
            InputRefusedError: ``interval.overlap``: an interval reaches over the border of what was handed over.
        """
        rows = np.flatnonzero(spans.rows.hold_values & (spans.seconds > 0) & (spans.seconds <= LONGEST_INTERVAL * MINUTE))
        if not len(rows):
            return
        series, start = spans.rows.series[rows], spans.start[rows]
        end = start + spans.seconds[rows]
        count = int(series[-1]) + 1
        if count > len(self.low):
            more = max(count, 2 * len(self.low)) - len(self.low)
            self.low = np.concatenate((self.low, np.full(more, _FAR)))
            self.high = np.concatenate((self.high, np.full(more, -_FAR)))
        over = ((start < self.low[series]) & (end > self.low[series])) | ((start < self.high[series]) & (end > self.high[series]))
        if over.any():
            raise InputRefusedError(_OVERLAP.code, _OVERLAP.message, "correct 'interval_minutes'")
        np.minimum.at(self.low, series, start)
        np.maximum.at(self.high, series, end)


@dataclass
class Order:
    """Rows that were met, put in order.

    Attributes:
        label: the end of the interval that a stamp names.
        interval_minutes: length of every interval [min]; ``auto``, ``between``, ``step`` or ``row``; 0 where no value is
            one of an interval.
        window_rows: rows put in order together.
        sets_overlaps_aside: whether intervals that reach into each other cost both their values; what a register showed at the
            end of one stays true.
    """

    label: Label
    interval_minutes: int | str
    window_rows: int = WINDOW_ROWS
    sets_overlaps_aside: bool = True
    _hours: RepeatedHours = field(default_factory=RepeatedHours)
    _new: list[Rows] = field(default_factory=list)
    _waiting: list[Rows] = field(default_factory=list)
    _count: int = 0
    _open: list[tuple[Rows, Ints]] = field(default_factory=list)
    _edges: _Edges = field(default_factory=lambda: _Edges.of(0))
    _borders: _Borders = field(default_factory=_Borders)

    def add(self, rows: Rows) -> Iterator[Ordered]:
        """Take rows in the order of the file; yield what is in order whenever a window is full."""
        begin = 0
        while self._count + rows.size - begin >= self.window_rows:
            end = begin + self.window_rows - self._count
            self._new.append(rows.where(slice(begin, end)))
            yield self.hand_over(last=False)
            begin = end
        self._new.append(rows.where(slice(begin, None)) if begin else rows)
        self._count += rows.size - begin

    def hand_over(self, *, last: bool) -> Ordered:
        """Put what was met in order.

        Args:
            last: the file ends here.

        Raises:
            InputRefusedError: ``order.mixed``: rows so far apart in the file depend on each other.
        """
        met = [part for part in (*self._waiting, *self._new) if part.size]
        self._new, self._waiting, self._count = [], [], 0
        refused: list[tuple[Rows, Fault]] = []
        settled: list[tuple[Rows, Ints]] = []
        if met:
            rows = Rows.joined(met)
            del met
            told = self._hours.tell_apart(rows.series, rows.local, rows.first, rows.second, last=last)
            if len(told.unsure):
                refused.append((rows.where(told.unsure), told.why))
            if len(told.waiting):
                self._waiting = [rows.where(told.waiting)]
            settled = [(rows.in_order(told.settled), told.stamp)]
        self._check_open()
        if self.interval_minutes in ("auto", "between", "step"):
            spans = self._by_distance(settled, last=last)
        else:
            spans = self._by_length(*settled[0]) if settled else None
        if spans is not None and self.sets_overlaps_aside:
            spans, overlapping = _without_overlap(spans)
            if overlapping is not None:
                refused.append((overlapping, _OVERLAP))
            self._borders.check(spans)
        return Ordered(spans, refused)

    def _check_open(self) -> None:
        waiting = sum(part.size for part in self._waiting) + sum(part.size for part, _ in self._open)
        if waiting > max(MOST_OPEN_ROWS, self.window_rows):
            code = "order.mixed"
            message = f"more than {MOST_OPEN_ROWS} rows wait for what comes after them"
            raise InputRefusedError(code, message, "sort the rows by meter, or split the file")

    def _by_length(self, rows: Rows, stamp: Ints) -> Spans:
        """Return rows whose length is said, in order."""
        order = np.lexsort((stamp, rows.series))
        rows, stamp = rows.in_order(order), stamp[order]
        if isinstance(self.interval_minutes, int):
            seconds = np.full(len(stamp), self.interval_minutes * MINUTE, dtype=np.int64)
        else:
            seconds = _between_ends(rows, stamp)
        return Spans(rows, stamp, stamp - seconds if self.label is Label.END else stamp, seconds)

    def _by_distance(self, settled: list[tuple[Rows, Ints]], *, last: bool) -> Spans | None:
        """Return rows that last up to the next stamp of their series (from the last one, for labels that end), in order.

        With labels that end time runs backward here: the distance is always that to the next key.
        """
        parts = [*self._open, *(part for part in settled if part[0].size)]
        if not parts:
            return None
        rows = Rows.joined([part for part, _ in parts])
        stamp = np.concatenate([part for _, part in parts])
        new = np.ones(len(stamp), dtype=np.bool_)
        new[: sum(part.size for part, _ in self._open)] = False
        sign = -1 if self.label is Label.END else 1
        order = np.lexsort((sign * stamp, rows.series))
        rows, stamp, new = rows.in_order(order), stamp[order], new[order]
        lengths, held = self._edges.measure(rows.series, sign * stamp, new, str(self.interval_minutes), last=last)
        self._open = [(rows.where(held), stamp[held])] if held.any() else []
        ready = np.flatnonzero(~held)
        if not len(ready):
            return None
        ready = ready[np.lexsort((stamp[ready], rows.series[ready]))]
        rows, stamp, seconds = rows.in_order(ready), stamp[ready], lengths[ready]
        return Spans(rows, stamp, stamp - seconds if self.label is Label.END else stamp, seconds)


@dataclass
class _Edges:
    """How far each series was followed, on keys that grow the way its rows last.

    Attributes:
        low: (series,) its least key; ``_FAR`` before it was met.
        high: (series,) its greatest key, whose rows wait for the next one.
        low_gap: (series,) distance of its least key to the next one; 0 before there is one.
        smallest: (series,) the least distance met; ``_FAR`` before there is one.
        largest: (series,) the greatest one; 0 before there is one.
        step: (series,) the least distance of the window in which there first was one; 0 before.
    """

    low: Ints
    high: Ints
    low_gap: Ints
    smallest: Ints
    largest: Ints
    step: Ints

    @classmethod
    def of(cls, count: int) -> _Edges:
        """Return ``count`` series that were not met."""
        far, none = np.full(count, _FAR), np.zeros(count, dtype=np.int64)
        return cls(far, none, none.copy(), far.copy(), none.copy(), none.copy())

    def _grow(self, count: int) -> None:
        known = len(self.low)
        if count > known:
            more = _Edges.of(max(count, 2 * known) - known)
            for name, values in vars(more).items():
                setattr(self, name, np.concatenate((getattr(self, name), values)))

    def measure(self, series: Ints, keys: Ints, new: Flags, lengths_are: str, *, last: bool) -> tuple[Ints, Flags]:
        """Return the length of each row and whether it must wait.

        Args:
            series: (rows,) series of each row, in order of series and key.
            keys: (rows,) key of each row.
            new: (rows,) whether it was not here before.
            lengths_are: ``auto``, ``between`` or ``step``.
            last: nothing waits any more.

        Raises:
            InputRefusedError: ``order.mixed``: a row lies between rows that were handed over.
        """
        smallest = lengths_are == "step"
        self._grow(int(series[-1]) + 1)
        met = self.low[series] != _FAR
        inside = new & met & (keys > self.low[series]) & (keys < self.high[series])
        if inside.any():
            code = "order.mixed"
            message = "the rows of a meter are in no order of time, so far apart that the distance between them is not known"
            raise InputRefusedError(code, message, "sort the rows by time, or say 'interval_minutes' as a number")
        # The least key of a series met before stands among the rows, whose own rows may be gone.
        present = np.unique(series)
        known = present[self.low[present] != _FAR]
        all_series = np.concatenate((series, known))
        all_keys = np.concatenate((keys, self.low[known]))
        order = np.lexsort((all_keys, all_series))
        s, k = all_series[order], all_keys[order]
        first = np.ones(len(k), dtype=np.bool_)
        first[1:] = (s[1:] != s[:-1]) | (k[1:] != k[:-1])
        group = np.cumsum(first) - 1
        s, k = s[first], k[first]
        ends = np.append(s[1:] != s[:-1], True)
        gaps = np.where(ends, 0, np.append(k[1:] - k[:-1], 0))
        flushed = (self.low[s] == k) & (self.high[s] > k)
        gaps = np.where(flushed, self.low_gap[s], gaps)
        fresh = ~ends & ~flushed
        np.minimum.at(self.smallest, s[fresh], gaps[fresh])
        np.maximum.at(self.largest, s[fresh], gaps[fresh])
        begins = np.flatnonzero(np.append(True, s[1:] != s[:-1]))
        self.low[s[begins]], self.low_gap[s[begins]] = k[begins], gaps[begins]
        self.high[s[ends]] = k[ends]
        if smallest and bool((fresh & (self.step[s] > 0) & (gaps < self.step[s])).any()):
            code = "order.mixed"
            message = "the rows of a meter come closer together than they did for half a million rows before"
            raise InputRefusedError(code, message, "say 'interval_minutes' as a number")
        unknown = s[begins][(self.step[s[begins]] == 0) & (self.smallest[s[begins]] != _FAR)]
        self.step[unknown] = self.smallest[unknown]
        lengths = np.where(self.step[s] > 0, self.step[s], 0) if smallest else gaps
        even = np.where(self.smallest[s] == self.largest[s], self.largest[s], 0)
        lengths = np.where(ends & (lengths == 0), even, lengths) if last and lengths_are != "between" else lengths
        place = np.empty(len(order), dtype=np.int64)
        place[order] = group
        place = place[: len(series)]
        held = np.zeros(len(series), dtype=np.bool_) if last else ends[place]
        return lengths[place], held


def _between_ends(rows: Rows, stamp: Ints) -> Ints:
    """Return the seconds between the two ends that each row names; 0 where they are none.

    What the source writes counts where it is an hour at most: 01:45 to 02:00 is a quarter of an hour on the night the
    clocks go back, too. Else the clocks changed in between and the instants say it.
    """
    written = (rows.nominal > 0) & (rows.nominal <= _NOMINAL_SECONDS)
    after = np.where(rows.until > stamp[:, np.newaxis], rows.until - stamp[:, np.newaxis], _FAR).min(axis=1)
    return np.where(written, rows.nominal, np.where(after == _FAR, 0, after))


def _without_overlap(spans: Spans) -> tuple[Spans, Rows | None]:
    """Return spans without those that reach into the next one of their series, and the rows of those.

    A table of quarter hours that is said to hold hours would count everything four times. Rows without a value reach
    nowhere, and periods longer than an hour are left alone: a local day is not always 24 hours.
    """
    values = np.flatnonzero(spans.rows.hold_values & (spans.seconds > 0) & (spans.seconds <= LONGEST_INTERVAL * MINUTE))
    series, start, end = spans.rows.series[values], spans.start[values], spans.start[values] + spans.seconds[values]
    apart = np.flatnonzero((series[1:] != series[:-1]) | (start[1:] != start[:-1]))
    # Of rows with one start the last stands for all: it is the one before the next start.
    over = apart[(series[apart + 1] == series[apart]) & (end[apart] > start[apart + 1])]
    if not len(over):
        return spans, None
    begins = np.concatenate((np.zeros(1, np.int64), apart + 1))
    wrong = np.zeros(len(begins), dtype=np.bool_)
    at = np.searchsorted(apart, over)
    wrong[at], wrong[at + 1] = True, True
    chosen = np.zeros(len(spans.stamp), dtype=np.bool_)
    chosen[values] = np.repeat(wrong, np.diff(np.append(begins, len(values))))
    return spans.where(~chosen), spans.rows.where(chosen)
