"""Gaps between the rows of a plain table, and rows of another length than the one before: a warning says where.

Slots that nobody delivered are found by validation. Of longer periods, and of registers, only the rows themselves say
that they do not follow each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import Ints
from pipelines.ingest.reader import FileWarning
from pipelines.ingest.tables.mapping import Tolerance
from pipelines.ingest.tables.order import Spans

MOST_LINES = 10
"""Lines that a warning names."""
_SERIES_BIT = 33  # ends are below 2 ** 33 seconds: series and end fit one number, greater for a later series


@dataclass
class _Lines:
    """Lines of which a warning speaks: how many, and the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, lines: Ints) -> None:
        self.count += len(lines)
        self.first = sorted((*self.first, *np.sort(lines)[:MOST_LINES].tolist()))[:MOST_LINES]

    def warning(self, code: str, message: str) -> FileWarning:
        more = f" and {self.count - len(self.first)} more" if self.count > len(self.first) else ""
        return FileWarning(code, f"{message}: line{'s' if self.count > 1 else ''} {', '.join(map(str, self.first))}{more}")


class _Rows(NamedTuple):
    """Rows that say how long they last."""

    series: Ints
    start: Ints
    seconds: Ints
    line: Ints

    def where(self, chosen: Any) -> _Rows:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the rows."""
        return _Rows(*(part[chosen] for part in self))


@dataclass
class Gaps:
    """What was met of a file's rows, window by window.

    Rows are compared with the one before where nothing was handed over in between; a row that lies between rows of
    earlier windows is compared with none.

    Attributes:
        tolerance: what calls for no warning.
    """

    tolerance: Tolerance
    _gaps: _Lines = field(default_factory=_Lines)
    _odd: _Lines = field(default_factory=_Lines)
    _kept: _Rows | None = None

    def add(self, spans: Spans) -> None:
        """Compare the rows of a window, in order of series and time."""
        known = spans.seconds > 0
        met = _Rows(spans.rows.series[known], spans.start[known], spans.seconds[known], spans.rows.line[known])
        if not len(met.line):
            return
        kept = 0 if self._kept is None else len(self._kept.line)
        old = np.arange(kept + len(met.line)) < kept
        rows = met if self._kept is None else _Rows(*(np.concatenate(pair) for pair in zip(self._kept, met, strict=True)))
        order = np.lexsort((rows.start, rows.series))
        rows, old = rows.where(order), old[order]
        first = np.append(True, rows.series[1:] != rows.series[:-1])
        last = np.append(first[1:], True)
        of = np.cumsum(first) - 1
        before: Ints = np.cumsum(old) - old
        before -= before[np.flatnonzero(first)][of]
        all_old = np.add.reduceat(old.astype(np.int64), np.flatnonzero(first))[of]
        # Between the first and the last row of earlier windows nobody knows what was there.
        compared = ~first & ~((before == 1) & (all_old > 1))
        shift = rows.series << _SERIES_BIT
        until = np.maximum.accumulate(rows.start + rows.seconds + shift) - shift
        gap = np.append(0, rows.start[1:] - until[:-1])
        self._gaps.add(rows.line[compared & (gap > self.tolerance.gap_seconds)])
        if self.tolerance.variation_seconds is not None:
            change = np.append(0, np.abs(np.diff(rows.seconds)))
            self._odd.add(rows.line[compared & (change > self.tolerance.variation_seconds)])
        self._kept = rows._replace(seconds=np.where(last, until - rows.start, rows.seconds)).where(first | last)

    def warnings(self) -> list[FileWarning]:
        """Return what there is to say of the whole file."""
        found = []
        if self._gaps.count:
            found.append(self._gaps.warning("interval.gap", "rows that begin later than the row before ends"))
        if self._odd.count:
            message = "rows that are longer or shorter than the row before"
            found.append(self._odd.warning("interval.variation", message))
        return found
