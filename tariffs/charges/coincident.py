"""Coincident peak: so much a kW of what the customer drew in the system's own peak windows."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
from tariffs.scalars import Name, Price, one_of

KIND = "coincident"


class CoincidentCharge(ChargeDocument):
    """``{id: cp, kind: coincident, price: "12.5", events: system_peaks, agg: mean}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: Price
    events: Name
    agg: Annotated[str, BeforeValidator(one_of("mean", "max", "sum"))] = "mean"
    quantity: Name = "import_kwh"
