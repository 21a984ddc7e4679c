"""Demand charges: so much a kW (or kVA) of the highest window of the billing period, or of each of its periods."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.measure import ChargeRatchet, Measure
from tariffs.charges.prices import LadderPrice
from tariffs.charges.tiers import Rising
from tariffs.scalars import INVALID, Document, Price, Quantity, Whole, one_of, problem

KIND = "demand"


class DemandTiers(Document):
    """``{limits: ["50", "500"]}``: each kW at the price of its own step [kW]."""

    limits: Rising


class TargetPowerFactor(Document):
    """``{target: "0.90", places: 4}``: the measured kW times target / power factor where that is below the target."""

    target: Annotated[Price, Field(gt=0, le=1)]
    places: Annotated[Whole, Field(ge=1, le=9)] = 4


class DemandCharge(ChargeDocument):
    """``{id: power, kind: demand, price: {peak: "7.5"}, measure: {window_min: 60}}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: LadderPrice
    tiers: DemandTiers | None = None
    measure: Measure = Measure()
    minimum: Quantity | None = None
    ratchet: ChargeRatchet | None = None
    per: Annotated[str, BeforeValidator(one_of("month", "day"))] = "month"
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"
    power_factor: TargetPowerFactor | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat_is_one_price(cls, value: Any) -> Any:  # noqa: ANN401 - a document before it has a shape
        """Take ``price: {flat: P}`` for ``price: P``."""
        price = value.get("price") if isinstance(value, dict) else None
        return value | {"price": price["flat"]} if isinstance(price, dict) and set(price) == {"flat"} else value

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.per == "day" and self.prorate != "none":
            raise problem(INVALID, "'prorate' goes with 'per: month'")
        return self

    @property
    def by_period(self) -> bool:
        """Whether periods have prices of their own."""
        return isinstance(self.price, dict)

    def prices(self, band: str | None) -> tuple[Decimal, ...]:
        """Return the price of each step in a period [currency/kW]."""
        price = self.price[str(band)] if isinstance(self.price, dict) else self.price
        if isinstance(price, tuple):
            return price
        return (price,) * (len(self.tiers.limits) + 1 if self.tiers is not None else 1)
