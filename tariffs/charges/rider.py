"""Riders: an adder on every kWh, kept apart from the energy charge because it changes on its own dates."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.charges.prices import RatePrice
from tariffs.exact import Exact, plain, total_of
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


def rider_lines(
    charge: RiderCharge, price: Decimal, *, use: Mapping[str | None, Exact], agreements: int, unit: str, currency: str
) -> list[Line]:
    """Return the one line of a rider.

    Args:
        charge: the charge.
        price: per unit [currency/unit].
        use: for each period of the version (or None alone), what was used in it [unit], (n,).
        agreements: number of agreements n.
        unit: unit of the quantity.
        currency: of the price.
    """
    used = total_of(list(use.values()), agreements)
    sentence = Sentence(f"{charge.id}: ", f" {unit} at {plain(price)} {currency}/{unit} = ", f" {currency}")
    return [Line(None, None, used, unit, price, used.times(price), sentence)]
