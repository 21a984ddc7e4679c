"""What a charge's determinant amounts to: as measured, or made of a volume by the version's conversion."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import numpy as np

from tariffs.charges.use import Use
from tariffs.clock import Integers
from tariffs.conversion import UNIT, Conversion, SeriesValue, series_of
from tariffs.exact import Exact, constant
from tariffs.pricing.intervals import Intervals, measured_intervals, sums_by_band
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def used(work: Work, name: str, span: VersionSpan) -> Use:
    """Return what was used of a determinant in each period of a version.

    A volume whose calorific value changes in time is converted interval by interval; where only sums are known, by the mean
    of the values of the days.

    Raises:
        InvariantError: ``rating.inputs``.
        TariffError: ``series.missing``: no calorific value at some time.
    """
    conversion = _conversion_to(work, name, span)
    if conversion is None:
        bands, unit = work.use(name, span)
        return Use(bands, unit)
    factor = _factor(conversion)
    if conversion.varies and work.inputs.timeline is not None:
        return Use(sums_by_band(work, intervals_of(work, name, span), span), UNIT, factor.denominator)
    value = conversion.calorific_value
    if not isinstance(value, Decimal):
        factor, value = factor * _mean_value(work, conversion, span), Decimal(1)
    volumes, _ = work.use(conversion.volume, span)
    energy = {band: volume.times(value).times(Decimal(factor.numerator)) for band, volume in volumes.items()}
    return Use(energy, UNIT, factor.denominator)


def billed(work: Work, name: str, span: VersionSpan) -> Use:
    """Return what is billed of a determinant: under net metering what is left of imported energy, else all that was used.

    Raises:
        InvariantError: ``rating.inputs``.
        TariffError: ``series.missing``.
    """
    return used(work, name, span) if _conversion_to(work, name, span) is not None else Use(*work.billed_use(name, span))


def intervals_of(work: Work, name: str, span: VersionSpan) -> list[Intervals]:
    """Return what was used of a determinant interval by interval, times the divisor of ``used``, a stretch of the timeline each.

    Raises:
        TariffError: ``tariff.needs_intervals``; ``series.missing``: no calorific value at some time.
    """
    conversion = _conversion_to(work, name, span)
    if conversion is None:
        return measured_intervals(work, name, span)
    factor = _factor(conversion)
    parts = []
    for each in measured_intervals(work, conversion.volume, span):
        values = _values_at(work, conversion, each.starts).times(Decimal(factor.numerator))
        parts.append(each.times(values.values, values.scale))
    return parts


def _conversion_to(work: Work, name: str, span: VersionSpan) -> Conversion | None:
    conversion = work.version(span).conversion
    return conversion if conversion is not None and conversion.energy == name else None


def _factor(conversion: Conversion) -> Fraction:
    return Fraction(conversion.correction) / Fraction(conversion.divide_by)


def _values_at(work: Work, conversion: Conversion, instants: Integers) -> Exact:
    """Return the calorific value in force at each instant (t,) [MJ/m3]."""
    value = conversion.calorific_value
    if isinstance(value, Decimal):
        return constant(value, len(instants))
    series = work.series(value.series) if isinstance(value, SeriesValue) else series_of(value, work.inputs.tariff.tariff_clock)
    return Exact(series.at(instants), series.scale)


def _mean_value(work: Work, conversion: Conversion, span: VersionSpan) -> Fraction:
    """Return the mean of the calorific values in force at the local midnights of a version's days, exactly [MJ/m3]."""
    clock = work.inputs.tariff.tariff_clock
    midnights = [clock.midnight(day) for day in span.dates]
    # hours without a day have the value in force when they begin
    instants = midnights or [int(work.inputs.starts_at.timestamp())]
    values = _values_at(work, conversion, np.array(instants, dtype=np.int64))
    return Fraction(sum(values.values.tolist()), len(instants) * 10**values.scale)
