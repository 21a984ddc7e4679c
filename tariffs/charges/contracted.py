"""Contracted power: so much a kW of what the contract says, and more where the customer drew more than that."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Tag

from tariffs.charges.base import ChargeDocument
from tariffs.charges.measure import Measure
from tariffs.charges.prices import BandPrice
from tariffs.scalars import Document, Name, Price, Quantity, one_of

KIND = "contracted"


class Excess(Document):
    """``{below_percent: "85", above_percent: "105", times: "2"}``.

    Below the first share of the contract that share is billed; between the two the peak; above the second the peak and
    ``times`` what it exceeds that share by.
    """

    below_percent: Price
    above_percent: Price
    times: Price


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
