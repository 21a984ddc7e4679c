"""Single intervals of a determinant in one tariff version: for ladders in time order, prices and calorific values in time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from tariffs.calendar import combos_at
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.charges.tiers import Runs
from tariffs.clock import DAY_SECONDS, Clock, Integers
from tariffs.exact import Exact
from tariffs.pricing.work import Work, bad_inputs
from tariffs.spans import VersionSpan
from tariffs.timeline import Stretch

_LIMIT = 2**63


@dataclass(frozen=True)
class Intervals:
    """What m agreements with equally long intervals used while one tariff version was in force.

    Attributes:
        rows: int64 (m,), positions among the n agreements rated together.
        starts: int64 (t,), start of each interval [s since 1970 UTC]; t may be 0.
        bands: int (t,), position of each interval's period.
        names: the periods of the version, None alone where it has none.
        used: (m, t): the quantity; of energy made of a volume, times what the conversion divides by.
    """

    rows: Integers
    starts: Integers
    bands: Integers
    names: tuple[str | None, ...]
    used: Exact

    @cached_property
    def largest(self) -> int:
        """The largest use of an interval, whatever its sign."""
        return _largest(self.used.values)

    def weighted(self, weights: Integers, scale: int) -> Exact:
        """Return the sum over intervals of what was used times a weight (m,).

        Args:
            weights: int64 (t,), weight times 10^scale.
            scale: decimals of the weights.
        """
        values = self.used.values
        if len(weights) and self.largest * int(np.abs(weights.astype(object)).sum()) >= _LIMIT:
            values = values.astype(object)
        return Exact(values @ weights, self.used.scale + scale)

    def times(self, weights: Integers, scale: int) -> Intervals:
        """Return the intervals with each one's use times a weight (t,) [10^-scale]."""
        values = self.used.values
        if self.largest * _largest(weights) >= _LIMIT:
            values = values.astype(object)
        used = Exact(values * weights, self.used.scale + scale)
        return Intervals(self.rows, self.starts, self.bands, self.names, used)

    def runs(self, clock: Clock, *, joined: bool, daily: bool) -> Runs:
        """Return the sums of runs of intervals of one period.

        Args:
            clock: of the tariff.
            joined: periods are not told apart.
            daily: a run ends with its local day.
        """
        if not len(self.starts):
            nothing = np.zeros(1, dtype=np.int64)
            return Runs(_nothing(len(self.rows), 1), nothing, 1 if joined else len(self.names), nothing)
        bands = np.zeros_like(self.bands) if joined else self.bands
        days = (self.starts + clock.offsets(self.starts)) // DAY_SECONDS
        breaks = bands[1:] != bands[:-1]
        if daily:
            breaks |= days[1:] != days[:-1]
        opens = np.flatnonzero(np.append(True, breaks))
        values = self.used.values
        if self.largest * len(self.starts) >= _LIMIT:
            values = values.astype(object)
        sums = np.add.reduceat(values, opens, axis=1)
        return Runs(Exact(sums, self.used.scale), bands[opens], 1 if joined else len(self.names), days[opens])

    def by_band(self, clock: Clock) -> list[Exact]:
        """Return the sum of each period (m,)."""
        runs = self.runs(clock, joined=False, daily=False)
        values = runs.used.values
        if _largest(values) * values.shape[1] >= _LIMIT:
            values = values.astype(object)
        return [Exact(values[:, runs.bands == place].sum(axis=1), runs.used.scale) for place in range(len(self.names))]


def measured_intervals(work: Work, name: str, span: VersionSpan) -> list[Intervals]:
    """Return the intervals of a determinant as it was measured, a stretch of the timeline each.

    Raises:
        TariffError: ``tariff.needs_intervals``.
        InvariantError: ``rating.inputs``: the intervals do not add up to the sums that other charges are made of.
    """
    parts = [_of_stretch(work, stretch, name, span) for stretch in work.timeline.stretches]
    sums, _ = work.use(name, span)
    by_band = sums_by_band(work, parts, span)
    for band, added in by_band.items():
        measured = sums.get(band, _nothing(work.rows))
        scale = max(added.scale, measured.scale)
        if not np.array_equal(added.at(scale).values, measured.at(scale).values):
            what = f"{name}: the intervals of {band or 'the billing period'} do not add up to its sum"
            raise bad_inputs(what)
    return parts


def sums_by_band(work: Work, parts: Sequence[Intervals], span: VersionSpan) -> dict[str | None, Exact]:
    """Return the sum of the intervals of all agreements in each period of a version: (n,) each."""
    clock = work.inputs.tariff.tariff_clock
    sums = [(each.rows, each.by_band(clock)) for each in parts]
    names = parts[0].names if parts else work.version(span).bands_for("import")
    return {band: all_rows([(rows, own[place]) for rows, own in sums], work.rows) for place, band in enumerate(names)}


def _of_stretch(work: Work, stretch: Stretch, name: str, span: VersionSpan) -> Intervals:
    inputs = work.inputs
    direction = "export" if name == EXPORT_KWH else "import"
    if len(stretch.starts):
        places, combos = combos_at(
            inputs.tariff,
            direction=direction,
            starts=stretch.starts,
            starts_at=inputs.starts_at,
            ends_at=inputs.ends_at,
            billing_clock=inputs.billing_clock,
        )
        own = [place for place, combo in enumerate(combos) if combo.version_index == span.version]
        # versions follow each other in time, so those of one are one slice; a version may have days of the billing clock
        # and no interval by the tariff's clock
        here = np.flatnonzero((places >= own[0]) & (places <= own[-1])) if own else np.zeros(0, dtype=np.int64)
        part = slice(int(here[0]), int(here[-1]) + 1) if len(here) else slice(0, 0)
        bands = places[part].astype(np.int64) - (own[0] if own else 0)
    else:
        part, bands = slice(0, 0), np.zeros(0, dtype=np.int64)
    starts = stretch.starts[part]
    if name in stretch.values:
        exponent = stretch.exponents[name]
        values = stretch.values[name][:, part]
        used = Exact(values, -exponent) if exponent <= 0 else Exact(values.astype(object) * 10**exponent, 0)
    else:
        used = _nothing(len(stretch.rows), len(starts))
    return Intervals(stretch.rows, starts, bands, work.version(span).bands_for(direction), used)


def all_rows(parts: Sequence[tuple[Integers, Exact]], agreements: int) -> Exact:
    """Return columns of some agreements each as one column of all: (n,), of the largest scale.

    Args:
        parts: rows and column (m,) of each part.
        agreements: number of agreements n.
    """
    scale = max((column.scale for _, column in parts), default=0)
    columns = [column.at(scale).values for _, column in parts]
    wide = any(values.dtype == object for values in columns)
    whole = np.zeros(agreements, dtype=object if wide else np.int64)
    for (rows, _), values in zip(parts, columns, strict=True):
        whole[rows] = values
    return Exact(whole, scale)


def _nothing(*shape: int) -> Exact:
    return Exact(np.zeros(shape, dtype=np.int64), 0)


def _largest(values: Integers) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
