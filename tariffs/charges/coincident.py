"""Coincident peak: so much a kW of what the customer drew in the system's own peak windows.

A window's kW are the kWh in it / its hours; of several windows the mean, the highest or the sum is billed, with
12 decimals where a division does not end. A billing period in which no window begins has no line.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line
from tariffs.charges.power import ONCE, power_sentence
from tariffs.exact import Exact
from tariffs.scalars import Name, Price, one_of

KIND = "coincident"
MEAN, MAX, SUM = "mean", "max", "sum"
_NOTES = {MEAN: "mean of", MAX: "highest of", SUM: "sum of"}


class CoincidentCharge(ChargeDocument):
    """``{id: cp, kind: coincident, price: "12.5", events: system_peaks, agg: mean}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: Price
    events: Name
    agg: Annotated[str, BeforeValidator(one_of(MEAN, MAX, SUM))] = MEAN
    quantity: Name = "import_kwh"

    @property
    def determinants(self) -> tuple[str, ...]:
        """What must be known to rate it."""
        return (self.quantity,)


def coincident_line(charge: CoincidentCharge, *, power: Exact, windows: int, currency: str) -> Line:
    """Return the line of a coincident peak.

    Args:
        charge: the charge.
        power: (n,) what was drawn in the windows [kW].
        windows: how many there were, for the explanation.
        currency: of the price.
    """
    note = f"in {charge.events}" if windows == 1 else f"{_NOTES[charge.agg]} {windows} windows of {charge.events}"
    sentence = power_sentence(charge.id, "kW", note, ONCE, charge.price, currency)
    return Line(None, None, power, "kW", charge.price, power.times(charge.price), sentence)
