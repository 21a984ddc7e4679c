"""Reactive energy: so much a kvarh above a share of the active energy."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.charges.prices import BandPrice
from tariffs.exact import Exact, plain, total_of
from tariffs.scalars import Name, Percent, one_of

KIND = "reactive"


class ReactiveCharge(ChargeDocument):
    """``{id: reactive, kind: reactive, price: "0.02", free_percent: "33"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: BandPrice
    quantity: Name = "kvarh"
    of: Name = "import_kwh"
    free_percent: Annotated[Percent, Field(ge=0)]

    @property
    def determinants(self) -> tuple[str, ...]:
        """What must be known to rate it."""
        return (self.quantity, self.of)


def reactive_lines(
    charge: ReactiveCharge,
    *,
    reactive: Mapping[str | None, Exact],
    active: Mapping[str | None, Exact],
    agreements: int,
    unit: str,
    currency: str,
) -> list[Line]:
    """Return the lines of reactive energy in one tariff version.

    Args:
        charge: the charge.
        reactive: for each period of the version (or None alone), reactive energy: (n,) [unit].
        active: the same of active energy: (n,) [kWh].
        agreements: number of agreements n.
        unit: of reactive energy.
        currency: of the price.
    """
    if isinstance(charge.price, dict):
        return [
            _line(charge, band, _excess(charge, reactive[band], active[band]), price, unit, currency)
            for band, price in charge.price.items()
            if band in reactive
        ]
    whole = (total_of(list(each.values()), agreements) for each in (reactive, active))
    return [_line(charge, None, _excess(charge, *whole), charge.price, unit, currency)]


def _excess(charge: ReactiveCharge, reactive: Exact, active: Exact) -> Exact:
    above = total_of([reactive, -active.times(charge.free_percent / 100)], len(reactive))
    return Exact(np.maximum(above.values, 0), above.scale)


def _line(charge: ReactiveCharge, band: str | None, excess: Exact, price: Decimal, unit: str, currency: str) -> Line:
    place = charge.id if band is None else f"{charge.id} in {band}"
    share = f"above {plain(charge.free_percent)} % of the active energy"
    sentence = Sentence(f"{place}: ", f" {unit} {share} at {plain(price)} {currency}/{unit} = ", f" {currency}")
    return Line(band, None, excess, unit, price, excess.times(price), sentence)
