"""Reactive energy: so much a kvarh above a share of the active energy."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.prices import BandPrice
from tariffs.scalars import Name, Percent, one_of

KIND = "reactive"


class ReactiveCharge(ChargeDocument):
    """``{id: reactive, kind: reactive, price: "0.02", free_percent: "33"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: BandPrice
    quantity: Name = "kvarh"
    of: Name = "import_kwh"
    free_percent: Percent
