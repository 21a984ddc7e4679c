"""Series of a plain table: rows of one service point and meter in order of time, each with its length."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import Flags, Ints
from pipelines.ingest.tables.mapping import Label

MINUTE = 60
DAY_MINUTES = 1440
LONGEST_INTERVAL = 60


class Rows(NamedTuple):
    """Rows of a plain table whose stamp is an instant.

    Attributes:
        line: (rows,) line in the file.
        series: (rows,) number of the service point and meter.
        local: (rows,) the stamp on its own clock [s].
        first: (rows,) the instant it names [s since 1970, UTC].
        second: (rows,) the other one it may name, in the hour that comes twice; equal to ``first`` elsewhere.
        native: (rows,) number of the source's quality code; -1 where there is none.
        version: (rows,) when the sender made it [us since 1970, UTC]; ``NO_TIME`` where nothing says.
    """

    line: Ints
    series: Ints
    local: Ints
    first: Ints
    second: Ints
    native: Ints
    version: Ints

    def where(self, chosen: Any) -> Rows:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the rows."""
        return Rows(*(part[chosen] for part in self))


class Spans(NamedTuple):
    """Rows in order of series and time.

    Attributes:
        rows: the rows.
        order: (rows,) where each row stood before.
        stamp: (rows,) the instant it names [s since 1970, UTC].
        start: (rows,) start of its interval [s since 1970, UTC].
        seconds: (rows,) length of its interval [s]; 0 where nothing says.
    """

    rows: Rows
    order: Ints
    stamp: Ints
    start: Ints
    seconds: Ints

    @property
    def is_slot(self) -> Flags:
        """Whether a row is a slot of an interval of 1 to 60 minutes that divides a day."""
        minutes, rest = np.divmod(self.seconds, MINUTE)
        fits = (rest == 0) & (minutes >= 1) & (minutes <= LONGEST_INTERVAL)
        return fits & (DAY_MINUTES % np.maximum(minutes, 1) == 0)


def order_rows(rows: Rows, label: Label, interval_minutes: int | str) -> Spans:
    """Put rows in order and give each its length.

    Args:
        rows: in the order of the file.
        label: the end of the interval that a stamp names.
        interval_minutes: length of every interval [min], or ``auto``.
    """
    order = _by_appearance(rows)
    stamp = _tell_twins_apart(rows.where(order))
    by_time = np.lexsort((stamp, rows.series[order]))
    order, stamp = order[by_time], stamp[by_time]
    rows = rows.where(order)
    if isinstance(interval_minutes, int):
        seconds = np.full(len(stamp), interval_minutes * MINUTE, dtype=np.int64)
    else:
        seconds = _distances(rows.series, stamp, label)
    return Spans(rows, order, stamp, stamp - seconds if label is Label.END else stamp, seconds)


def _by_appearance(rows: Rows) -> Ints:
    """Return the rows series by series, each as it would appear if the file ran forward in time."""
    order = np.argsort(rows.series, kind="stable")
    begins = np.flatnonzero(np.diff(rows.series[order], prepend=-1))
    for begin, end in zip(begins.tolist(), [*begins[1:].tolist(), len(order)], strict=True):
        if rows.first[order[end - 1]] < rows.first[order[begin]]:
            order[begin:end] = order[begin:end][::-1].copy()
    return order


def _tell_twins_apart(rows: Rows) -> Ints:
    """Return the instant of each stamp: of the stamps that come twice, the second one names the later hour."""
    stamp = rows.first.copy()
    seen: set[tuple[int, int]] = set()
    for row in np.flatnonzero(rows.first != rows.second).tolist():
        key = (int(rows.series[row]), int(rows.local[row]))
        if key in seen:
            stamp[row] = rows.second[row]
        seen.add(key)
    return stamp


def _distances(series: Ints, stamp: Ints, label: Label) -> Ints:
    """Return the distance to the next stamp of the series (the last one, for labels that end) [s]; 0 for the outermost.

    Where all distances of a series are equal, its outermost row has the same one.
    """
    new = np.ones(len(stamp), dtype=np.bool_)
    new[1:] = (series[1:] != series[:-1]) | (stamp[1:] != stamp[:-1])
    place = np.cumsum(new) - 1
    series, stamp = series[new], stamp[new]
    inside = series[1:] == series[:-1]
    gaps = np.where(inside, stamp[1:] - stamp[:-1], 0)
    distance = np.zeros(len(stamp), dtype=np.int64)
    if label is Label.END:
        distance[1:] = gaps
    else:
        distance[:-1] = gaps
    begins = np.flatnonzero(np.diff(series, prepend=-1))
    largest = np.maximum.reduceat(distance, begins)
    smallest = np.minimum.reduceat(np.where(distance == 0, np.iinfo(np.int64).max, distance), begins)
    even = np.repeat(np.where(largest == smallest, largest, 0), np.diff(np.append(begins, len(stamp))))
    return np.where(distance == 0, even, distance)[place]
