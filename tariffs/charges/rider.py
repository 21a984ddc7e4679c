"""Riders: an adder on every kWh, kept apart from the energy charge because it changes on its own dates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator

from tariffs.charges.line import Line, Sentence
from tariffs.exact import Exact, plain, total_of
from tariffs.scalars import Document, Name, Price, one_of, refused

KIND = "rider"


class RiderCharge(Document):
    """``{id: fuel, kind: rider, per: kWh, price: "0.0123"}``."""

    id: Name
    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    per: Annotated[str, BeforeValidator(one_of("kWh"))] = "kWh"
    quantity: Name = "import_kwh"
    price: Price
    series: Annotated[None, refused("a price series")] = None


def rider_lines(charge: RiderCharge, *, use: Mapping[str | None, Exact], agreements: int, unit: str, currency: str) -> list[Line]:
    """Return the one line of a rider.

    Args:
        charge: the charge.
        use: for each period of the version (or None alone), what was used in it [unit], (n,).
        agreements: number of agreements n.
        unit: unit of the quantity.
        currency: of the price.
    """
    used = total_of(list(use.values()), agreements)
    sentence = Sentence(f"{charge.id}: ", f" {unit} at {plain(charge.price)} {currency}/{unit} = ", f" {currency}")
    return [Line(None, None, used, unit, charge.price, used.times(charge.price), sentence)]
