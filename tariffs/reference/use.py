"""What was used: by interval, each in its version and period; or sums alone, where a customer is billed on registers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Protocol

from schemas.errors import TariffError
from tariffs.conversion import Conversion
from tariffs.model import Tariff
from tariffs.reference.bands import EXPORT, IMPORT, Calendar, names_of
from tariffs.reference.days import Part, Period, first_instant, local_time, zone_of
from tariffs.reference.figures import ZERO, rounded
from tariffs.reference.given import Interval
from tariffs.reference.values import series_called, value_at
from tariffs.series import MISSING, PriceSeries

EXPORT_KWH = "export_kwh"
IMPORT_KWH = "import_kwh"

Bands = dict[str | None, Fraction]
"""A quantity in each period of a version, in document order."""


def unit_of(name: str) -> str:
    """Return the unit of a determinant, which its name ends with.

    >>> unit_of("import_kwh"), unit_of("kvarh"), unit_of("volume_m3")
    ('kWh', 'kvarh', 'm3')
    """
    return name.rpartition("_")[2].replace("kwh", "kWh")


@dataclass(frozen=True)
class Placed:
    """An interval in its place.

    Attributes:
        start: first instant (UTC).
        minutes: length [min].
        wall: what the tariff's clock shows at its start.
        version: position of the version in force then.
        band: period of import energy then; None where the version has none.
        export_band: period of export energy then.
        use: by determinant, the quantity in its unit; gas also as energy.
    """

    start: datetime
    minutes: int
    wall: datetime
    version: int
    band: str | None
    export_band: str | None
    use: Mapping[str, Fraction]

    @property
    def end(self) -> datetime:
        """End, exclusive (UTC)."""
        return self.start + timedelta(minutes=self.minutes)

    def band_of(self, name: str) -> str | None:
        """Return the period that a determinant's use belongs to."""
        return self.export_band if name == EXPORT_KWH else self.band


@dataclass(frozen=True)
class Window:
    """A window of the load: what the tariff's clock shows at its start, the period it begins in, and its demand [kW or kVA]."""

    wall: datetime
    band: str | None
    demand: Fraction


class Use(Protocol):
    """What charges ask for."""

    def gives(self, name: str) -> bool:
        """Tell whether a determinant was measured."""

    def of(self, name: str, part: Part) -> Bands:
        """Return a determinant in each period of a version's part of the billing period."""

    def intervals(self, part: Part) -> list[Placed]:
        """Return the intervals that begin in a version's part of the billing period, in order."""


class IntervalUse:
    """What was used by interval."""

    def __init__(
        self, calendar: Calendar, period: Period, intervals: Iterable[Interval], series: Mapping[str, PriceSeries]
    ) -> None:
        """Put the intervals that begin in the billing period in their places."""
        self._tariff = calendar.tariff
        zone = zone_of(self._tariff.clock)
        self._placed: dict[int, list[Placed]] = {part.version: [] for part in period.parts}
        for interval in sorted(intervals, key=lambda each: each.start):
            for part in period.parts:
                if part.starts_at <= interval.start < part.ends_at:
                    interval = _as_rounded(self._tariff, interval)  # noqa: PLW2901 - what was used is what is billed
                    wall = local_time(interval.start, zone)
                    bands = [calendar.band(part.version, direction, wall) for direction in (IMPORT, EXPORT)]
                    use = _with_energy(self._tariff.versions[part.version].conversion, interval, wall.date(), series)
                    placed = Placed(interval.start, interval.minutes, wall, part.version, bands[0], bands[1], use)
                    self._placed[part.version].append(placed)

    def gives(self, name: str) -> bool:
        """Tell whether a determinant was measured."""
        return any(name in placed.use for part in self._placed.values() for placed in part)

    def of(self, name: str, part: Part) -> Bands:
        """Return a determinant in each period of a version's part of the billing period."""
        direction = EXPORT if name == EXPORT_KWH else IMPORT
        bands: Bands = dict.fromkeys(names_of(self._tariff.versions[part.version], direction), ZERO)
        for placed in self._placed[part.version]:
            bands[placed.band_of(name)] += placed.use.get(name, ZERO)
        return bands

    def intervals(self, part: Part) -> list[Placed]:
        """Return the intervals that begin in a version's part of the billing period, in order."""
        return self._placed[part.version]


class SumUse:
    """Sums by version and period, where nothing is known of single intervals."""

    def __init__(
        self, tariff: Tariff, sums: Mapping[str, Mapping[tuple[int, str | None], Fraction]], series: Mapping[str, PriceSeries]
    ) -> None:
        """Keep the sums: for each determinant, by position of the version and period.

        Raises:
            TariffError: ``tariff.needs_intervals``: the document rounds the quantity of each interval.
        """
        if not isinstance(tariff.rounding.interval_quantity, str):
            code = "tariff.needs_intervals"
            what = f"{tariff.tariff} rounds the quantity of each interval, and only sums are known"
            raise TariffError(code, what)
        self._tariff = tariff
        self._sums = sums
        self._series = series

    def gives(self, name: str) -> bool:
        """Tell whether a determinant was measured."""
        return name in self._sums

    def of(self, name: str, part: Part) -> Bands:
        """Return a determinant in each period of a version's part of the billing period."""
        version = self._tariff.versions[part.version]
        conversion = version.conversion
        if conversion is not None and name == conversion.energy:
            volumes = self.of(conversion.volume, part)
            # a day-weighted mean: every local day of the part weighs the same; hours without a day have the value they begin with
            begins = [(day, self._morning(day)) for day in part.days] or [self._first_of(part)]
            values = [_value_on(conversion, day, instant, self._series) for day, instant in begins]
            mean = sum(values, ZERO) / len(values)
            return {band: _energy(conversion, volume, mean) for band, volume in volumes.items()}
        known = self._sums.get(name, {})
        direction = EXPORT if name == EXPORT_KWH else IMPORT
        return {band: known.get((part.version, band), ZERO) for band in names_of(version, direction)}

    def intervals(self, part: Part) -> list[Placed]:
        """Refuse: nothing is known of single intervals.

        Raises:
            TariffError: ``tariff.needs_intervals``.
        """
        code = "tariff.needs_intervals"
        what = f"version {self._tariff.versions[part.version].from_} of {self._tariff.tariff} prices single intervals"
        raise TariffError(code, f"{what}, and only sums are known")

    def _first_of(self, part: Part) -> tuple[date, datetime]:
        return local_time(part.starts_at, zone_of(self._tariff.clock)).date(), part.starts_at

    def _morning(self, day: date) -> datetime:
        return first_instant(day, zone_of(self._tariff.clock))


def _as_rounded(tariff: Tariff, interval: Interval) -> Interval:
    """Return an interval with its quantities as the document rounds those of each interval."""
    rule = tariff.rounding.interval_quantity
    if isinstance(rule, str):
        return interval
    use = {name: rounded(quantity, rule.places, rule.mode) for name, quantity in interval.use.items()}
    return Interval(interval.start, interval.minutes, use)


def _with_energy(
    conversion: Conversion | None, interval: Interval, day: date, series: Mapping[str, PriceSeries]
) -> Mapping[str, Fraction]:
    """Return what was used in an interval, gas also as energy."""
    if conversion is None or conversion.volume not in interval.use:
        return interval.use
    value = _value_on(conversion, day, interval.start, series)
    return {**interval.use, conversion.energy: _energy(conversion, interval.use[conversion.volume], value)}


def _energy(conversion: Conversion, volume: Fraction, value: Fraction) -> Fraction:
    """Return volume x correction x calorific value / what it is divided by."""
    return volume * Fraction(conversion.correction) * value / Fraction(conversion.divide_by)


def _value_on(conversion: Conversion, day: date, instant: datetime, series: Mapping[str, PriceSeries]) -> Fraction:
    """Return the calorific value of a local date, or of a series at an instant.

    Raises:
        TariffError: ``series.missing``: no value is in force yet.
    """
    said = conversion.calorific_value
    if isinstance(said, Decimal):
        return Fraction(said)
    if not isinstance(said, tuple):
        return value_at(series_called(said.series, series), instant)
    begun = [dated for dated in said if dated.from_ <= day]
    if not begun:
        raise TariffError(MISSING, f"no calorific value is in force on {day}")
    return Fraction(begun[-1].value)
