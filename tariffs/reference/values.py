"""The value of a series at an instant."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from schemas.errors import TariffError
from tariffs.series import MISSING, PriceSeries

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def value_at(series: PriceSeries, instant: datetime) -> Fraction:
    """Return the value in force at an instant: that of the last row that begins at it or before.

    Raises:
        TariffError: ``series.missing``: the instant lies before the first row, or after the end.
    """
    seconds = (instant - _EPOCH) // timedelta(seconds=1)
    begun = bisect_right(series.starts, seconds)
    if not begun or (series.ends is not None and seconds >= series.ends):
        raise TariffError(MISSING, f"series {series.name} has no value at {instant:%Y-%m-%d %H:%M} UTC")
    return Fraction(int(series.values[begun - 1]), 10**series.scale)


def series_called(name: str, given: Mapping[str, PriceSeries]) -> PriceSeries:
    """Return a series by its name.

    Raises:
        TariffError: ``series.missing``.
    """
    if name not in given:
        raise TariffError(MISSING, f"series {name} was not given")
    return given[name]
