"""Gas: a volume becomes energy by its calorific value and a correction factor, each from its date on.

``energy = volume [m3] x correction x calorific value [MJ/m3] / divide_by``, with 3.6 MJ in a kWh (the United Kingdom's Gas
(Calculation of Thermal Energy) Regulations 1996, whose correction for temperature and pressure is 1.02264).
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import Discriminator, Field, Tag, model_validator

from tariffs.clock import Clock
from tariffs.exact import parts_of
from tariffs.scalars import INVALID, Day, Document, ListOf, Name, Price, problem
from tariffs.series import PriceSeries

UNIT = "kWh"
"""Of the energy that a volume becomes."""


class DatedValue(Document):
    """``{from: 2026-01-01, value: "39.5"}``."""

    from_: Day = Field(alias="from")
    value: Price


class SeriesValue(Document):
    """``{series: calorific_values}``."""

    series: Name


def _shape(value: object) -> str:
    if isinstance(value, dict | SeriesValue):
        return "~series"
    return "~dated" if isinstance(value, list | tuple) else "~one"


class Conversion(Document):
    """``{volume: volume_m3, energy: gas_kwh, correction: "1.02264", calorific_value: "39.5", divide_by: "3.6"}``."""

    volume: Name
    energy: Name
    correction: Annotated[Price, Field(gt=0)] = Decimal(1)
    calorific_value: Annotated[
        Annotated[Price, Tag("~one")]
        | Annotated[Annotated[ListOf[DatedValue], Field(min_length=1)], Tag("~dated")]
        | Annotated[SeriesValue, Tag("~series")],
        Discriminator(_shape),
    ]
    divide_by: Annotated[Price, Field(gt=0)]

    @model_validator(mode="after")
    def _leads_somewhere(self) -> Self:
        if self.volume == self.energy:
            raise problem(INVALID, "'volume' and 'energy' are two determinants")
        dated = self.calorific_value
        if isinstance(dated, tuple) and any(later.from_ <= earlier.from_ for earlier, later in pairwise(dated)):
            raise problem(INVALID, "calorific values are in the order of their dates, each date once")
        return self

    @property
    def varies(self) -> bool:
        """Whether the calorific value changes in time."""
        return not isinstance(self.calorific_value, Decimal)

    def value_on(self, day: date) -> Decimal | None:
        """Return the calorific value of a local date [MJ/m3]; None where it is a series' or before the first."""
        if isinstance(self.calorific_value, Decimal):
            return self.calorific_value
        if isinstance(self.calorific_value, SeriesValue):
            return None
        return next((each.value for each in reversed(self.calorific_value) if each.from_ <= day), None)


def series_of(dated: tuple[DatedValue, ...], clock: Clock) -> PriceSeries:
    """Return dated calorific values in time, each from its local midnight on [MJ/m3]."""
    parts = [parts_of(each.value) for each in dated]
    scale = max(places for _, places in parts)
    values = np.array([number * 10 ** (scale - places) for number, places in parts], dtype=np.int64)
    starts = np.array([clock.midnight(each.from_) for each in dated], dtype=np.int64)
    return PriceSeries("calorific_value", starts, values, scale)
