"""Contracted power: so much a kW of what the contract says, and more where the customer drew more than that.

| peak | kW billed with ``excess: {below_percent: b, above_percent: a, times: t}`` |
|---|---|
| below b % of the contract | b % of the contract |
| from b % to a % | the peak |
| above a % | the peak and t times what it exceeds a % by |
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Self

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line
from tariffs.charges.measure import Measure
from tariffs.charges.power import duration_of, highest, paid, power_sentence
from tariffs.charges.prices import BandPrice
from tariffs.exact import Exact, plain, total_of
from tariffs.scalars import INVALID, Document, Name, Price, Quantity, one_of, problem
from tariffs.spans import VersionSpan

KIND = "contracted"


class Excess(Document):
    """``{below_percent: "85", above_percent: "105", times: "2"}``.

    Below the first share of the contract that share is billed; between the two the peak; above the second the peak and
    ``times`` what it exceeds that share by.
    """

    below_percent: Annotated[Price, Field(ge=0)]
    above_percent: Annotated[Price, Field(ge=0)]
    times: Annotated[Price, Field(ge=0)]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if self.below_percent > self.above_percent:
            raise problem(INVALID, "'below_percent' is not more than 'above_percent'")
        return self


def _shape(value: object) -> str:
    return "~periods" if isinstance(value, dict) else "~one"


class ContractedCharge(ChargeDocument):
    """``{id: power, kind: contracted, price: {p1: "0.071", p2: "0.004"}, per: day, contracted: {p1: "4.6", p2: "4.6"}}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: BandPrice
    per: Annotated[str, BeforeValidator(one_of("day", "month", "year"))]
    power: Name = "contracted_kw"
    """The fact of the agreement that says the kW; of each period: ``contracted_kw.p1``."""
    contracted: (
        Annotated[
            Annotated[Quantity, Tag("~one")] | Annotated[dict[Name, Quantity], Tag("~periods")],
            Discriminator(_shape),
        ]
        | None
    ) = None
    """The kW where they are the tariff's, not the agreement's [kW]."""
    excess: Excess | None = None
    measure: Measure = Measure()

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.contracted is not None and "power" in self.model_fields_set:
            raise problem(INVALID, "the kW are the tariff's ('contracted') or the agreement's ('power')")
        written = self.contracted.values() if isinstance(self.contracted, dict) else (self.contracted or Decimal(0),)
        if min(written, default=Decimal(0)) < 0:
            raise problem(INVALID, "contracted power is not below 0")
        if self.excess is None and not self.measure.model_fields_set <= {"unit"}:
            raise problem(INVALID, "'measure' goes with 'excess'; without it nothing is measured")
        return self

    @property
    def bands(self) -> tuple[str | None, ...]:
        """The periods that are priced; None alone where the price is one."""
        return tuple(self.price) if isinstance(self.price, dict) else (None,)

    def price_in(self, band: str | None) -> Decimal:
        """Return the price in a period [currency/kW]."""
        return self.price[str(band)] if isinstance(self.price, dict) else self.price

    def written(self, band: str | None) -> Decimal | None:
        """Return the kW that the document contracts for a period; None where the agreement says them."""
        return self.contracted[str(band)] if isinstance(self.contracted, dict) else self.contracted

    def fact(self, band: str | None) -> str:
        """Return the name of the agreement's fact that says the kW of a period."""
        return self.power if band is None else f"{self.power}.{band}"

    @property
    def determinants(self) -> tuple[str, ...]:
        """What must be known to rate it."""
        return self.measure.quantities if self.excess is not None else ()


def with_excess(excess: Excess, contracted: Exact, peak: Exact) -> Exact:
    """Return the power billed for a peak: see the table above.

    Args:
        excess: the shares of the contract.
        contracted: (n,) [kW].
        peak: (n,) [kW].
    """
    floor = contracted.times(excess.below_percent / 100)
    above = total_of([peak, -contracted.times(excess.above_percent / 100)], len(peak))
    over = Exact(np.maximum(above.values, 0), above.scale).times(excess.times)
    return total_of([highest([floor, peak]), over], len(peak))


def contracted_lines(
    charge: ContractedCharge, span: VersionSpan, *, power: Mapping[str | None, Exact], currency: str
) -> list[Line]:
    """Return the lines of contracted power in one tariff version.

    Args:
        charge: the charge.
        span: the version's part of the billing period.
        power: for each period that is priced (or None alone), what is billed: (n,) [kW].
        currency: of the price.
    """
    duration = duration_of(charge.per, "none", span)
    lines: list[Line] = []
    for band, billed in power.items() if duration.units else ():
        price = charge.price_in(band)
        place = charge.id if band is None else f"{charge.id} in {band}"
        unit = charge.measure.unit
        sentence = power_sentence(place, unit, _note(charge), duration, price, currency)
        amount = paid(billed, price, duration.units)
        lines.append(Line(band, None, billed, unit, price, amount, sentence, factor=duration.units))
    return lines


def _note(charge: ContractedCharge) -> str:
    excess = charge.excess
    if excess is None:
        return "contracted"
    low, high, times = (plain(each) for each in (excess.below_percent, excess.above_percent, excess.times))
    return f"drawn, at least {low} % of the contract, and {times} times what is above {high} %"
