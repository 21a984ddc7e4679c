"""Intervals in a row: what charges need that look at more than sums, such as a peak, a ladder in time order or a price series.

Daily arrays are days of standard time; a timeline is the billing period from its first instant to its last, all channels of
a determinant added up, so that a window may cross midnight and a ladder fills as the intervals come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tariffs.clock import Integers


@dataclass(frozen=True)
class Stretch:
    """Agreements whose intervals are equally long.

    Attributes:
        rows: int64 (m,), positions among the n agreements rated together.
        minutes: length of an interval [min].
        starts: int64 (t,), start of each interval [s since 1970 UTC]: consecutive, from the first of the billing period that
            begins in it to the last.
        values: by determinant: int64 (m, t), what was used in each interval; one that nobody has is not there.
        exponents: by determinant: value times 10^exponent is the quantity in its unit.
    """

    rows: Integers
    minutes: int
    starts: Integers
    values: Mapping[str, Integers]
    exponents: Mapping[str, int]


@dataclass(frozen=True)
class Timeline:
    """The intervals of n agreements in one billing period; every agreement stands in exactly one stretch."""

    stretches: tuple[Stretch, ...]
