"""The shapes a price is written in: one, a list (one a step), by period, by period and step, or a series of prices in time."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag

from tariffs.scalars import Document, ListOf, Name, Price, one_of


class SeriesPrice(Document):
    """``{series: day_ahead, per: MWh, times: "1.08"}``: each interval has the price in force at its start."""

    series: Name
    per: Annotated[str, BeforeValidator(one_of("kWh", "MWh"))] = "kWh"
    times: Price = Decimal(1)

    @property
    def factor(self) -> Decimal:
        """What a value of the series is multiplied by to become a price per kWh."""
        return self.times / 1000 if self.per == "MWh" else self.times


def _shape(value: object) -> str:
    if isinstance(value, SeriesPrice):
        return "~series"
    if isinstance(value, dict):
        return "~series" if isinstance(value.get("series"), str) else "~periods"
    return "~steps" if isinstance(value, list | tuple) else "~one"


Steps = Annotated[ListOf[Price], Field(min_length=1)]
PeriodPrice = Annotated[Annotated[Price, Tag("~one")] | Annotated[Steps, Tag("~steps")], Discriminator(_shape)]
LadderPrice = Annotated[
    Annotated[Price, Tag("~one")] | Annotated[Steps, Tag("~steps")] | Annotated[dict[Name, PeriodPrice], Tag("~periods")],
    Discriminator(_shape),
]
"""One, a list, by period, or by period and step."""
EnergyPrice = Annotated[
    Annotated[Price, Tag("~one")]
    | Annotated[Steps, Tag("~steps")]
    | Annotated[dict[Name, PeriodPrice], Tag("~periods")]
    | Annotated[SeriesPrice, Tag("~series")],
    Discriminator(_shape),
]
"""As ``LadderPrice``, or a series."""
BandPrice = Annotated[Annotated[Price, Tag("~one")] | Annotated[dict[Name, Price], Tag("~periods")], Discriminator(_shape)]
"""One, or by period."""
RatePrice = Annotated[Annotated[Price, Tag("~one")] | Annotated[SeriesPrice, Tag("~series")], Discriminator(_shape)]
"""One, or a series."""
ExportPrice = Annotated[
    Annotated[Price, Tag("~one")] | Annotated[dict[Name, Price], Tag("~periods")] | Annotated[SeriesPrice, Tag("~series")],
    Discriminator(_shape),
]
"""One, by period, or a series."""
