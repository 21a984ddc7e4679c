"""Registers of a plain table: what was used between two values of one register.

A row of a cumulative column says what a register showed at the row's end. What was used is the value less that of the
row before, and it was used between the two ends: where rows are missing in between, over that time, too. The first row
of a file says nothing of what was used before it.

A register that falls was exchanged, was reset, rolled over or was misread. Only the reset is said by the mapping, and
then the value itself was used since; every other fall refuses the file, as nothing after it is sure. Where a register
may begin again at any time, a fall to zero from which it comes back as if nothing had been is a dip of the
communication, not a reset, and refuses the file as well: else all that the register ever counted would be use.

Windows come in order of time, forward or backward. Of each register the first and the last end that were met wait for
the next window, with the rows that say what lies next to them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import POWERS_OF_TEN, Flags, Ints
from pipelines.ingest.numbers import FINEST_EXPONENT
from pipelines.ingest.rejected import Fault
from pipelines.ingest.tables.cells import Cells, State
from pipelines.ingest.tables.channel_column import ChannelColumn, ResetWindow
from pipelines.ingest.tables.order import Rows, Spans
from schemas.errors import InputRefusedError
from tariffs.clock import Clock

OVERLAP = Fault("interval.overlap", "the row begins before the row before ends: what was used in it cannot be told")
_DAY = 86_400
_FAR = np.iinfo(np.int64).max


class Advances(NamedTuple):
    """What was used, row by row.

    Attributes:
        spans: rows with the time in which it was used.
        cells: how much.
        overlapping: lines of rows that begin before the row before ends.
    """

    spans: Spans
    cells: Cells
    overlapping: Ints


class _Shown(NamedTuple):
    """Rows with what the register showed at their ends.

    Attributes:
        spans: the rows.
        value: (rows,) in billionths of the unit of the store.
        worse: (rows,) how little is known about it: 0 for measured.
        told: (rows,) whether what was used in it was told already.
    """

    spans: Spans
    value: Ints
    worse: Ints
    told: Flags

    def where(self, chosen: Any) -> _Shown:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the rows."""
        return _Shown(self.spans.where(chosen), self.value[chosen], self.worse[chosen], self.told[chosen])

    @staticmethod
    def joined(parts: list[_Shown]) -> _Shown:
        """Return the rows of ``parts``, of which there is one at least."""
        spans = [part.spans for part in parts]
        rows = Rows.joined([part.rows for part in spans])
        times = (np.concatenate(arrays) for arrays in zip(*(part[1:] for part in spans), strict=True))
        rest = (np.concatenate(arrays) for arrays in zip(*(part[1:] for part in parts), strict=True))
        return _Shown(Spans(rows, *times), *rest)


class _Ends(NamedTuple):
    """The ends of rows, each once, in order of series and time.

    Attributes:
        begins: (ends,) the first row of each.
        series: (ends,) of which register.
        end: (ends,) when [s since 1970, UTC].
        value: (ends,) what it showed.
        follows: (ends,) whether the one before is of the same register.
        leads: (ends,) whether the one after is.
    """

    begins: Ints
    series: Ints
    end: Ints
    value: Ints
    follows: Flags
    leads: Flags


@dataclass
class Registers:
    """The registers of a column.

    Attributes:
        channel: what the mapping says of them.
        clock: the clock of the time of day in which they may begin again.
    """

    channel: ChannelColumn
    clock: Clock
    _kept: _Shown | None = None
    _low: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _high: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    def advance(self, spans: Spans, cells: Cells, worse: Ints) -> Advances:
        """Return what was used in rows, as far as the rows next to them are known.

        Args:
            spans: rows of a window that hold a value.
            cells: their values, as the store can hold them.
            worse: (rows,) how little is known about each value: 0 for measured.

        Raises:
            InputRefusedError: a register shows less than nothing (``register.negative``), falls where it may not
                (``register.decrease``), shows two values at one time (``conflict.same_version``), or the rows of a register
                lie so far apart in the file that the one before is not known (``order.mixed``).
        """
        places = self.channel.source_unit.exponent - FINEST_EXPONENT - cells.decimals.astype(np.int64)
        value = cells.digits * POWERS_OF_TEN[places]
        plain = spans._replace(rows=spans.rows._replace(cells=()))
        for at in np.flatnonzero(value < 0)[:1].tolist():
            self._refuse("register.negative", int(plain.rows.line[at]), f"the register shows {_text(int(value[at]))}")
        self._check_order(plain)
        met = _Shown(plain, value, worse, np.zeros(len(value), dtype=np.bool_))
        return self._tell(met if self._kept is None else _Shown.joined([self._kept, met]), last=False)

    def finish(self) -> Advances | None:
        """Return what was used in the rows that waited for the next ones, where the file ends; None where there are none."""
        return None if self._kept is None else self._tell(self._kept, last=True)

    def _tell(self, shown: _Shown, *, last: bool) -> Advances:
        """Return what can be told of rows, and keep what the next ones need."""
        shown = shown.where(np.lexsort((_end(shown.spans), shown.spans.rows.series)))
        ends = self._ends(shown)
        told = shown.told[ends.begins]
        now = ~told & ends.follows & (ends.leads | last)
        advances = self._advances(shown, ends, now, self._used(shown, ends, now))
        self._keep(shown._replace(told=np.repeat(told | now, _sizes(ends, shown))), ends)
        return advances

    def _refuse(self, code: str, line: int, message: str) -> None:
        hint = "ask the sender; where the register may begin again at zero, say it with 'resets'"
        raise InputRefusedError(code, f"line {line}: {message}", hint)

    def _check_order(self, spans: Spans) -> None:
        """Check that no row lies between rows that were handed over, and take note of the window.

        Raises:
            InputRefusedError: ``order.mixed``.
        """
        series, end = spans.rows.series, _end(spans)
        count = int(series.max(initial=-1)) + 1
        if count > len(self._low):
            more = max(count, 2 * len(self._low)) - len(self._low)
            self._low = np.concatenate((self._low, np.full(more, _FAR)))
            self._high = np.concatenate((self._high, np.full(more, -_FAR)))
        if ((end > self._low[series]) & (end < self._high[series])).any():
            code = "order.mixed"
            message = "the rows of a register are in no order of time, so far apart that the row before is not known"
            raise InputRefusedError(code, message, "sort the rows by time")
        np.minimum.at(self._low, series, end)
        np.maximum.at(self._high, series, end)

    def _ends(self, shown: _Shown) -> _Ends:
        """Return the ends of rows in order; copies of a row are one."""
        series, end, value = shown.spans.rows.series, _end(shown.spans), shown.value
        new = np.ones(len(series), dtype=np.bool_)
        new[1:] = (series[1:] != series[:-1]) | (end[1:] != end[:-1])
        contrary = np.flatnonzero(~new[1:] & (value[1:] != value[:-1])) + 1
        if len(contrary):
            at = int(contrary[0])
            lines = sorted(shown.spans.rows.line[at - 1 : at + 1].tolist())
            values = f"{_text(int(value[at - 1]))} and {_text(int(value[at]))}"
            self._refuse("conflict.same_version", lines[1], f"the register shows {values} at one time, first in line {lines[0]}")
        begins = np.flatnonzero(new)
        follows = np.zeros(len(begins), dtype=np.bool_)
        follows[1:] = series[begins[1:]] == series[begins[:-1]]
        return _Ends(begins, series[begins], end[begins], value[begins], follows, np.append(follows[1:], False))

    def _used(self, shown: _Shown, ends: _Ends, now: Flags) -> Ints:
        """Return what was used up to each end that is told ``now``."""
        before = np.concatenate((np.zeros(1, np.int64), ends.value[:-1]))
        falls = np.flatnonzero(now & (ends.value < before))
        for at in falls[~self._may_begin_again(ends.end[falls])][:1].tolist():
            self._refuse_fall(shown, ends, at, int(before[at]))
        if self.channel.resets == "always":
            self._check_dips(shown, ends)
        return np.where(ends.value < before, ends.value, ends.value - before)

    def _refuse_fall(self, shown: _Shown, ends: _Ends, at: int, before: int) -> None:
        line = int(shown.spans.rows.line[ends.begins[at]])
        self._refuse("register.decrease", line, f"the register shows {_text(int(ends.value[at]))} after {_text(before)}")

    def _may_begin_again(self, end: Ints) -> Flags:
        """Whether a register may have begun again in a row that ends then."""
        if not len(end) or not isinstance(self.channel.resets, ResetWindow):
            return np.full(len(end), self.channel.resets == "always")
        begins, ends = self.channel.resets.seconds
        time = (end + self.clock.offsets(end)) % _DAY
        return (time >= begins) & (time <= ends) if begins <= ends else (time >= begins) | (time <= ends)

    def _check_dips(self, shown: _Shown, ends: _Ends) -> None:
        """Check that no register falls to zero and then shows no less than before.

        Raises:
            InputRefusedError: ``register.decrease``.
        """
        high = np.flatnonzero(ends.value > 0)
        over_zeros = (np.diff(high) > 1) & (ends.series[high[1:]] == ends.series[high[:-1]])
        dips = np.flatnonzero(over_zeros & (ends.value[high[1:]] >= ends.value[high[:-1]]))
        if len(dips):
            fell, rose = int(high[dips[0]]), int(high[dips[0] + 1])
            values = f"{_text(int(ends.value[fell]))}, then nothing, then {_text(int(ends.value[rose]))}"
            line = int(shown.spans.rows.line[ends.begins[rose]])
            self._refuse("register.decrease", line, f"the register shows {values}: that is a dip and no new beginning")

    def _advances(self, shown: _Shown, ends: _Ends, now: Flags, used: Ints) -> Advances:
        """Return what is told ``now``, for each row of an end."""
        of = np.repeat(np.arange(len(ends.begins)), _sizes(ends, shown))
        chosen = np.flatnonzero(now[of])
        of, rows = of[chosen], shown.where(chosen)
        before = shown.where(ends.begins[of - 1])
        start = _end(before.spans)
        over = (rows.spans.seconds > 0) & (rows.spans.start < start)
        cells = Cells(
            used[of],
            np.full(len(of), self.channel.source_unit.exponent - FINEST_EXPONENT, dtype=np.uint8),
            np.full(len(of), State.VALUE, dtype=np.int8),
        )
        # A difference is known as well as the worse of the two values, and is as new as the newer one.
        told = rows.spans.rows._replace(
            native=np.where(before.worse > rows.worse, before.spans.rows.native, rows.spans.rows.native),
            version=np.maximum(before.spans.rows.version, rows.spans.rows.version),
        )
        end = _end(rows.spans)
        spans = Spans(told, end, start, end - start)
        return Advances(spans.where(~over), cells.where(~over), told.line[over])

    def _keep(self, shown: _Shown, ends: _Ends) -> None:
        """Keep the first and the last end of each register, and what lies next to them.

        Next to them are the one before the last, from which it advances, and the values above zero around zeros.
        """
        places = np.arange(len(ends.begins))
        lowest, highest = places[~ends.follows], places[~ends.leads]
        before = highest[ends.follows[highest]] - 1
        is_high = ends.value > 0
        behind = np.maximum.accumulate(np.where(is_high, places, -1))
        ahead = np.minimum.accumulate(np.where(is_high, places, len(places))[::-1])[::-1]
        kept = np.zeros(len(places), dtype=np.bool_)
        kept[np.concatenate((lowest, highest, before))] = True
        kept[np.minimum(ahead[lowest], highest)] = True
        for place in (highest, np.maximum(highest - 1, lowest)):
            kept[np.maximum(behind[place], lowest)] = True
        self._kept = shown.where(np.repeat(kept, _sizes(ends, shown)))


def _end(spans: Spans) -> Ints:
    return spans.start + spans.seconds


def _sizes(ends: _Ends, shown: _Shown) -> Ints:
    """Return how many rows each end has."""
    return np.diff(np.append(ends.begins, len(shown.value)))


def _text(billionths: int) -> str:
    """Return a value as text.

    >>> _text(1_500_000_000)
    '1.5'
    """
    return f"{Decimal(billionths).scaleb(FINEST_EXPONENT).normalize():f}"
