"""Windows of a demand: the intervals of a stretch in rows of equal length, and what the highest of them come to.

A window's energy is the difference of two running sums, so a window of any length costs the same, sliding or not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from schemas.errors import TariffError
from tariffs.calendar import NOT_BILLED, Combo, combos_at, kind_of_day
from tariffs.charges.measure import KVA, MAX, MEAN_OF_TOP, MINUTES_OF_HOUR, Measure
from tariffs.charges.power import narrow, quotient
from tariffs.charges.power_factor import root
from tariffs.clock import DAY_SECONDS, EPOCH, Integers
from tariffs.exact import Exact
from tariffs.model import Tariff
from tariffs.scalars import QUANTITY_PLACES
from tariffs.timeline import Stretch

NEVER = -1
"""Stands for the time of what did not occur."""
_MINUTE = 60
_LIMIT = 2**63
_ROOT_LIMIT = 2**31
_AT_HAND = 2**15
"""Values that are worked on at once: with what is made of them they stay in a processor's own memory."""


IMPORT = "import"
"""Whose periods a demand is measured in: those of imported energy."""


class Frame(NamedTuple):
    """By what intervals are told apart: the tariff and the billing period, and whose periods of the tariff."""

    tariff: Tariff
    starts_at: datetime
    ends_at: datetime
    billing_clock: str | None = None
    calendar: str = IMPORT
    """``import``, or the id of a demand charge that has periods of its own."""


@dataclass(frozen=True)
class Highest:
    """The highest demand of some agreements.

    Attributes:
        demand: (m,) [kW or kVA], not below 0.
        at: int64 (m,), start of the highest window, the first of equals [s since 1970 UTC]; ``NEVER`` where there is none.
        occurs: whether any window was looked at.
    """

    demand: Exact
    at: Integers
    occurs: bool


@dataclass(frozen=True)
class Windows:
    """The windows of a stretch, in the order of time.

    Attributes:
        rows: int64 (m,), positions among the n agreements rated together.
        minutes: length of a window [min].
        starts: int64 (w,), start of each window [s since 1970 UTC].
        places: int16 (w,), position in ``combos`` of the version and period that each begins in.
        combos: versions and their periods.
        days: int64 (w,), local day that each begins on [days since 1970].
        sizes: (m, w) energy of each [10^exponent kWh]; with kVA its square.
        exponent: see ``sizes``.
        measure: how they are measured.
    """

    rows: Integers
    minutes: int
    starts: Integers
    places: Integers
    combos: tuple[Combo, ...]
    days: Integers
    sizes: Integers
    exponent: int
    measure: Measure

    def highest(self, version: int, band: str | None) -> Highest:
        """Return the highest demand in a version, or in one of its periods.

        Args:
            version: position of the version.
            band: the period; None for all intervals.
        """
        wanted = [
            place for place, combo in enumerate(self.combos) if combo.version_index == version and band in (None, combo.band)
        ]
        chosen = np.flatnonzero(np.isin(self.places, wanted))
        agreements = len(self.rows)
        if not len(chosen) or not agreements:
            zeros = np.zeros(agreements, dtype=np.int64)
            return Highest(Exact(zeros, 0), zeros + NEVER, occurs=False)
        columns = _evenly(chosen)
        parts = [self._best(self.sizes[rows][:, columns], chosen) for rows in _blocks(self.sizes)]
        top = np.concatenate([part for part, _ in parts])
        demand = self._demand(np.concatenate([best for _, best in parts]))
        return Highest(demand, self.starts[chosen][top], occurs=True)

    def _best(self, sizes: Integers, chosen: Integers) -> tuple[Integers, Integers]:
        """Return which of the chosen windows is the highest, and the energy of those that make the demand.

        Args:
            sizes: (b, c) energy of the chosen windows.
            chosen: (c,) their positions.

        Returns:
            (b,) position among the chosen; (b, number of windows) energy.
        """
        top = sizes.argmax(axis=1)
        if self.measure.agg == MAX:
            return top, np.take_along_axis(sizes, top[:, np.newaxis], axis=1)
        if self.measure.agg == MEAN_OF_TOP:
            return top, _largest_of(sizes, self.measure.n or 1)
        return top, _largest_of(_by_day(sizes, self.days[chosen]), self.measure.n or 1)

    def _demand(self, best: Integers) -> Exact:
        """Return the demand that some windows of each agreement make: (m,) [kW or kVA]."""
        hours = Fraction(MINUTES_OF_HOUR, self.minutes * best.shape[1])
        demand = self._energy(best).times(Decimal(hours.numerator))
        if hours.denominator > 1:
            demand = quotient(demand, hours.denominator)
        return Exact(np.maximum(demand.values, 0), demand.scale)

    def _energy(self, best: Integers) -> Exact:
        """Return the sum of some windows of each agreement: (m,) [kWh or kVAh]."""
        if self.measure.unit == KVA:
            squares = best.astype(object) * 100 ** (QUANTITY_PLACES + self.exponent)
            below = root(squares)
            # a root of a whole number is never half way between two
            nearest = below + (squares - below * below > below)
            return Exact(narrow(nearest.sum(axis=1)), QUANTITY_PLACES)
        total = with_room(best, best.shape[1]).sum(axis=1)
        return exact_of(total, self.exponent)


@dataclass(frozen=True)
class Peak:
    """The highest demand of the agreements that are rated together.

    Attributes:
        demand: (n,) [kW or kVA], not below 0.
        at: int64 (n,), start of the highest window, the first of equals [s since 1970 UTC]; ``NEVER`` where there is none.
        occurs: booleans (n,): any window was looked at.
    """

    demand: Exact
    at: Integers
    occurs: Integers


def peak_in(windows: Sequence[Windows], agreements: int, version: int, band: str | None) -> Peak:
    """Return the peaks of all stretches in the order of the agreements.

    Args:
        windows: those of each stretch.
        agreements: number of agreements n.
        version: position of the version.
        band: one of its periods; None for all intervals.
    """
    parts = [(each.rows, each.highest(version, band)) for each in windows]
    at, occurs = np.full(agreements, NEVER, dtype=np.int64), np.zeros(agreements, dtype=bool)
    for rows, part in parts:
        at[rows], occurs[rows] = part.at, part.occurs
    return Peak(joined([(rows, part.demand) for rows, part in parts], agreements), at, occurs)


def joined(parts: Sequence[tuple[Integers, Exact]], agreements: int) -> Exact:
    """Return the columns of some stretches as one.

    Args:
        parts: for each stretch the positions of its agreements (m,) and their column (m,).
        agreements: number of agreements n.
    """
    scale = max((column.scale for _, column in parts), default=0)
    columns = [(rows, column.at(scale).values) for rows, column in parts]
    wide = any(values.dtype == object for _, values in columns)
    whole = np.zeros(agreements, dtype=object if wide else np.int64)
    for rows, values in columns:
        whole[rows] = values
    return Exact(whole, scale)


def windows_of(stretch: Stretch, measure: Measure, frame: Frame) -> Windows:
    """Return the windows of a stretch that lie wholly inside one version's part of the billing period.

    Args:
        stretch: the intervals.
        measure: how long windows are, when they begin and on which days.
        frame: tariff and billing period.

    Raises:
        TariffError: ``tariff.needs_intervals``: the intervals are longer than a window, or lie across its edges.
    """
    tariff, starts = frame.tariff, stretch.starts
    minutes = measure.window_min or stretch.minutes
    if minutes % stretch.minutes:
        raise _no_windows(minutes, f"intervals of {stretch.minutes} minutes")
    length = minutes // stretch.minutes
    if not len(starts):
        empty = np.zeros(0, dtype=np.int64)
        sizes = np.zeros((len(stretch.rows), 0), dtype=np.int64)
        return Windows(stretch.rows, minutes, empty, empty, (), empty, sizes, 0, measure)
    local = starts + tariff.tariff_clock.offsets(starts)
    on_the_clock = measure.window_min is not None and not measure.sliding
    if on_the_clock and (local % (stretch.minutes * _MINUTE)).any():
        at = datetime.fromtimestamp(int(starts[0]), UTC).isoformat()
        raise _no_windows(
            minutes, f"intervals that do not begin on the clock's {stretch.minutes} minutes, such as the one at {at}"
        )
    places, combos = combos_at(
        tariff,
        direction=frame.calendar,
        starts=starts,
        starts_at=frame.starts_at,
        ends_at=frame.ends_at,
        billing_clock=frame.billing_clock,
    )
    begins = local % (minutes * _MINUTE) == 0 if on_the_clock else np.ones(len(starts), dtype=bool)
    first = _whole(np.flatnonzero(begins), length, _versions(places, combos))
    first = first[_on_days(local[first] // DAY_SECONDS, measure.days, tariff)]
    sizes, exponent = _sizes(stretch, measure, first, length)
    return Windows(
        stretch.rows, minutes, starts[first], places[first], combos, local[first] // DAY_SECONDS, sizes, exponent, measure
    )


def exact_of(values: Integers, exponent: int) -> Exact:
    """Return values times 10^exponent as decimals."""
    return Exact(values, -exponent) if exponent <= 0 else Exact(values, 0).times(Decimal(10) ** exponent)


def energies(stretch: Stretch, name: str) -> tuple[Integers, int]:
    """Return what was used in each interval, and its exponent; zeros of a determinant that nobody has."""
    if name in stretch.values:
        return stretch.values[name], stretch.exponents[name]
    return np.zeros((len(stretch.rows), len(stretch.starts)), dtype=np.int64), 0


def with_room(values: Integers, terms: int) -> Integers:
    """Return values of which so many can be added up."""
    return values.astype(object) if values.dtype != object and _size(values) * terms >= _LIMIT else values


def _no_windows(minutes: int, what: str) -> TariffError:
    code = "tariff.needs_intervals"
    return TariffError(code, f"windows of {minutes} minutes cannot be made of {what}", "bill it on shorter intervals")


def _versions(places: Integers, combos: tuple[Combo, ...]) -> Integers:
    """Return the version in force at the start of each interval; ``NOT_BILLED`` outside the billing period."""
    versions = np.array([combo.version_index for combo in combos] + [NOT_BILLED], dtype=np.int64)
    return versions[places]


def _whole(first: Integers, length: int, versions: Integers) -> Integers:
    """Return the windows that begin and end in the same version."""
    first = first[first + length <= len(versions)]
    return first[(versions[first] == versions[first + length - 1]) & (versions[first] != NOT_BILLED)]


def _on_days(days: Integers, kinds: tuple[int, ...] | None, tariff: Tariff) -> Integers:
    """Return which local days are of a kind that counts: booleans."""
    if kinds is None:
        return np.ones(len(days), dtype=bool)
    each, place = np.unique(days, return_inverse=True)
    counts = [kind_of_day(tariff, EPOCH + timedelta(days=int(day))) in kinds for day in each]
    return np.array(counts, dtype=bool)[place]


def _sizes(stretch: Stretch, measure: Measure, first: Integers, length: int) -> tuple[Integers, int]:
    """Return the energy of each window, or with kVA its square, and its exponent."""
    found = [energies(stretch, name) for name in measure.quantities]
    exponent = min(own for _, own in found)
    values = [_with_square(each, length * 10 ** (own - exponent), measure) for each, own in found]
    factors = [10 ** (own - exponent) for _, own in found]
    if length == 1 and measure.unit != KVA:
        return values[0][:, _evenly(first)], exponent
    wide = any(each.dtype == object for each in values)
    sizes = np.empty((len(stretch.rows), len(first)), dtype=object if wide else np.int64)
    begin, end = _evenly(first), _evenly(first + length)
    for rows in _blocks(values[0]):
        sums = [_sums(each[rows], begin, end) if length > 1 else each[rows][:, begin] for each in values]
        grown = [each * factor if factor > 1 else each for each, factor in zip(sums, factors, strict=True)]
        sizes[rows] = grown[0] if measure.unit != KVA else grown[0] * grown[0] + grown[1] * grown[1]
    return sizes, exponent


def _with_square(values: Integers, terms: int, measure: Measure) -> Integers:
    """Return values of which so many can be added up, and with kVA two such sums squared."""
    if measure.unit == KVA and values.dtype != object and _size(values) * terms >= _ROOT_LIMIT:
        return values.astype(object)
    return with_room(values, terms)


def _sums(values: Integers, begin: slice | Integers, end: slice | Integers) -> Integers:
    """Return the sum of the intervals from each of ``begin`` to the one before each of ``end``: (m, w)."""
    sums = np.zeros((values.shape[0], values.shape[1] + 1), dtype=values.dtype)
    # where the sum of all leaves 64 bits it goes round, and so does the difference: what is left of the two is right
    np.cumsum(values, axis=1, out=sums[:, 1:])
    return sums[:, end] - sums[:, begin]


def _blocks(values: Integers) -> list[slice]:
    """Return the rows in blocks that a processor keeps at hand."""
    rows = max(1, _AT_HAND // max(1, values.shape[1]))
    return [slice(first, first + rows) for first in range(0, values.shape[0], rows)]


def _evenly(chosen: Integers) -> slice | Integers:
    """Return positions as a slice where they are evenly spaced: columns of a slice are not copied."""
    step = int(chosen[1] - chosen[0]) if len(chosen) > 1 else 1
    if len(chosen) and step > 0 and (np.diff(chosen) == step).all():
        return slice(int(chosen[0]), int(chosen[-1]) + 1, step)
    return chosen


def _by_day(sizes: Integers, days: Integers) -> Integers:
    """Return the highest window of each local day: (m, days)."""
    order = np.argsort(days, kind="stable")
    days = days[order]
    first = np.flatnonzero(np.append(True, days[1:] != days[:-1]))
    return np.maximum.reduceat(sizes[:, _evenly(order)], first, axis=1)


def _largest_of(sizes: Integers, count: int) -> Integers:
    """Return the ``count`` largest of each row, or all where there are fewer."""
    count = min(count, sizes.shape[1])
    return np.partition(sizes, sizes.shape[1] - count, axis=1)[:, -count:]


def _size(values: Integers) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
