"""A series of prices (or other values) in time: each holds from its start to the next one's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from schemas.errors import TariffError
from tariffs.clock import Integers

MISSING = "series.missing"
"""Code: a series that a charge needs is not given, or has no value at an instant."""


@dataclass(frozen=True)
class PriceSeries:
    """Values in time.

    Attributes:
        name: what tariffs call it.
        starts: int64 (k,), when each value begins to hold [s since 1970 UTC], rising.
        values: int64 (k,); value times 10^-scale is the decimal.
        scale: decimals of the values.
        ends: end of the last value [s since 1970 UTC]; None where it holds on.
    """

    name: str
    starts: Integers
    values: Integers
    scale: int
    ends: int | None = None

    def at(self, instants: Integers) -> Integers:
        """Return the value in force at each instant [10^-scale].

        Args:
            instants: int64 (t,) [s since 1970 UTC].

        Raises:
            TariffError: ``series.missing``: an instant before the first value or after the last.
        """
        place = np.searchsorted(self.starts, instants, side="right") - 1
        outside = (place < 0) if self.ends is None else (place < 0) | (instants >= self.ends)
        if outside.any():
            when = datetime.fromtimestamp(int(instants[np.argmax(outside)]), UTC)
            raise TariffError(MISSING, f"series {self.name} has no value at {when:%Y-%m-%d %H:%M} UTC", "give the missing values")
        values: Integers = self.values[place]
        return values
