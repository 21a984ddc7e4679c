"""The local hour that comes twice: which of its two instants a stamp names, by the order in which rows appear.

Stamps of one series in that hour that follow each other are a block. Read forward in time, the first row with a stamp
is the hour that comes first. Whether the file runs forward or backward there is told by the rows before and after the
block and by the block's own stamps; where they contradict each other nothing is known, and the rows are set aside.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from pipelines.ingest.digits import Ints
from pipelines.ingest.rejected import Fault
from schemas.errors import InputRefusedError

_ONE_NIGHT_SECONDS = 6 * 3600
_NEVER = np.iinfo(np.int64).min
_UNSURE = Fault("time.ambiguous", "a time in the hour that comes twice, and the order of the rows does not say which of the two")


class ToldApart(NamedTuple):
    """Rows whose instant is known, in any order, with it; rows that wait for the next ones; and rows that are unsure."""

    settled: Ints
    stamp: Ints
    waiting: Ints
    unsure: Ints
    why: Fault


@dataclass
class RepeatedHours:
    """What was met of the hours that come twice.

    Attributes:
        before: (series,) the instant of the last row that is settled; ``_NEVER`` before there is one.
        alone: stamps that were met once in their block, by series and local time.
    """

    before: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    alone: set[tuple[int, int]] = field(default_factory=set)

    def tell_apart(self, series: Ints, local: Ints, first: Ints, second: Ints, *, last: bool) -> ToldApart:
        """Return which instant each row names.

        Args:
            series: (rows,) series of each row, in the order of the file.
            local: (rows,) its stamp on its own clock [s].
            first: (rows,) the instant it names [s].
            second: (rows,) the other one it may name.
            last: no rows follow.

        Raises:
            InputRefusedError: ``order.mixed``: the two rows of a stamp lie in different parts of the file.
        """
        if int(series.max(initial=-1)) >= len(self.before):
            more = max(int(series.max()) + 1, 2 * len(self.before)) - len(self.before)
            self.before = np.concatenate((self.before, np.full(more, _NEVER)))
        twice = first != second
        nothing = np.zeros(0, dtype=np.int64)
        if not twice.any():
            self.before[series] = first  # of several rows of a series the last one counts
            return ToldApart(np.arange(len(series)), first, nothing, nothing, _UNSURE)
        order = np.argsort(series, kind="stable")
        settled = _Settled(series[order], local[order], first[order], second[order], self.before, self.alone)
        settled.take_blocks(twice[order], last=last)
        known = np.flatnonzero(settled.state == _KNOWN)
        self.before[settled.series[known]] = settled.first[known]
        waiting, unsure = (order[settled.state == state] for state in (_WAITS, _IS_UNSURE))
        return ToldApart(order[known], settled.stamp[known], waiting, unsure, _UNSURE)


_KNOWN, _WAITS, _IS_UNSURE = 0, 1, 2


class _Settled:
    """Rows of a window, series by series in the order of the file, while they are told apart."""

    def __init__(self, series: Ints, local: Ints, first: Ints, second: Ints, before: Ints, alone: set[tuple[int, int]]) -> None:
        self.series, self.local, self.first, self.second = series, local, first, second
        self.stamp = first.copy()
        self.state = np.zeros(len(series), dtype=np.int8)
        self._before = before
        self._alone = alone
        self._met: dict[tuple[int, int], int] = {}

    def take_blocks(self, twice: Ints, *, last: bool) -> None:
        """Decide every block; one that ends with the window waits unless the file ends, too."""
        rows = np.flatnonzero(twice)
        new = np.ones(len(rows), dtype=np.bool_)
        new[1:] = (rows[1:] != rows[:-1] + 1) | (self.series[rows[1:]] != self.series[rows[:-1]])
        new[1:] |= np.abs(self.local[rows[1:]] - self.local[rows[:-1]]) > _ONE_NIGHT_SECONDS
        begins = rows[new].tolist()
        ends = (rows[np.append(new[1:], True)] + 1).tolist()
        for begin, end in zip(begins, ends, strict=True):
            follows = end < len(self.series) and self.series[end] == self.series[begin]
            if not follows and not last:
                self.state[begin:end] = _WAITS
            else:
                self._decide(begin, end, int(self.first[end]) if follows else None)

    def _decide(self, begin: int, end: int, after: int | None) -> None:
        """Decide a block, which ``after`` follows."""
        of = int(self.series[begin])
        inside = begin > 0 and self.series[begin - 1] == of
        before = int(self.first[begin - 1]) if inside else int(self._before[of])
        forward = _direction(self.local[begin:end].tolist(), self.first[begin:end].tolist(), before, after)
        counts = Counter(self.local[begin:end].tolist())
        if forward is None or max(counts.values()) > 2:  # noqa: PLR2004 - an hour comes twice
            self.state[begin:end] = _IS_UNSURE
            for row in range(begin, end):
                self._note_alone(row, (of, int(self.local[row])))
            return
        seen: set[int] = set()
        for row in range(begin, end) if forward else range(end - 1, begin - 1, -1):
            stamp = int(self.local[row])
            if stamp in seen:
                self.stamp[row] = self.second[row]
            seen.add(stamp)
            if counts[stamp] == 1:
                self._note_alone(row, (of, stamp))

    def _note_alone(self, row: int, key: tuple[int, int]) -> None:
        """Note a stamp without a partner in its block; with one in another block each may be either hour.

        Raises:
            InputRefusedError: ``order.mixed``: the other block was handed over.
        """
        other = self._met.get(key)
        if other is not None:
            self.state[[row, other]] = _IS_UNSURE
        elif key in self._alone:
            code = "order.mixed"
            message = "the two rows of a time in the hour that comes twice lie in different parts of the file"
            raise InputRefusedError(code, message, "sort the rows by time")
        self._alone.add(key)
        self._met[key] = row


def _direction(local: list[int], first: list[int], before: int, after: int | None) -> bool | None:
    """Return whether rows run forward in time around a block; None where they contradict each other."""
    signs = set()
    if before != _NEVER:
        signs |= {1} if before < min(first) else {-1} if before > max(first) else set()
    if after is not None:
        signs |= {1} if after > max(first) else {-1} if after < min(first) else set()
    change = next((later - earlier for earlier, later in pairwise(local) if later != earlier), 0)
    if change:
        signs.add(1 if change > 0 else -1)
    return None if len(signs) > 1 else signs != {-1}
