"""Riders: an adder on every kWh, kept apart from the energy charge because it changes on its own dates."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.charges.prices import RatePrice
from tariffs.charges.use import Use
from tariffs.exact import plain
from tariffs.scalars import INVALID, Name, one_of, problem, yes_or_no

KIND = "rider"


class RiderCharge(ChargeDocument):
    """``{id: fuel, kind: rider, per: kWh, price: "0.0123"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    per: Annotated[str, BeforeValidator(one_of("kWh"))] = "kWh"
    quantity: Name = "import_kwh"
    net: Annotated[bool, BeforeValidator(yes_or_no)] = False
    """Under net metering: laid on the net kWh that are billed, not on all that were imported."""
    price: RatePrice

    @model_validator(mode="before")
    @classmethod
    def _series_alone(cls, value: Any) -> Any:  # noqa: ANN401 - a document before it has a shape
        """Take ``series: NAME`` for ``price: {series: NAME}``."""
        if not isinstance(value, dict) or "series" not in value:
            return value
        if "price" in value:
            raise problem(INVALID, "a rider has a 'price' or a 'series'")
        rest = {name: each for name, each in value.items() if name != "series"}
        return rest | {"price": {"series": value["series"]}}


def rider_lines(charge: RiderCharge, price: Decimal, use: Use, *, agreements: int, currency: str) -> list[Line]:
    """Return the one line of a rider.

    Args:
        charge: the charge.
        price: per unit [currency/unit].
        use: what was used.
        agreements: number of agreements n.
        currency: of the price.
    """
    (used,) = use.together(agreements).bands.values()
    sentence = Sentence(f"{charge.id}: ", f" {use.unit} at {plain(price)} {currency}/{use.unit} = ", f" {currency}")
    return [Line(None, None, use.quantity(used), use.unit, price, use.cost(used, price), sentence)]
