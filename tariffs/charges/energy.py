"""Energy charges: so much a kWh, by period of the day, by step of a ladder, or both.

``quantity`` names the billing determinant: ``import_kwh`` where it says none, or any other that the registers feed.
A charge priced for periods names each of them; a price of zero is written down.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.charges.prices import EnergyPrice, SeriesPrice
from tariffs.charges.tiers import EACH_PERIOD, Tiers, climb, shown
from tariffs.clock import Integers
from tariffs.exact import Exact, parts_of, plain, ratio, total_of
from tariffs.rounding import largest_remainder
from tariffs.scalars import QUANTITY_PLACES, Name, one_of
from tariffs.spans import VersionSpan

KIND = "energy"


class EnergyCharge(ChargeDocument):
    """``{id: usage, kind: energy, price: {peak: "0.4863", off: "0.223"}}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    quantity: Name = "import_kwh"
    price: EnergyPrice
    tiers: Tiers | None = None

    @property
    def by_period(self) -> bool:
        """Whether periods have prices of their own."""
        return isinstance(self.price, dict)

    def prices(self, band: str | None) -> tuple[Decimal, ...]:
        """Return the price of each step in a period [currency/unit]; one price where there are no steps.

        Raises:
            TypeError: the charge is priced by a series.
        """
        price = self.price[str(band)] if isinstance(self.price, dict) else self.price
        if isinstance(price, SeriesPrice):
            message = f"charge {self.id} has the prices of a series"
            raise TypeError(message)
        if isinstance(price, tuple):
            return price
        return (price,) * (self.tiers.steps if self.tiers is not None else 1)


@dataclass(frozen=True)
class _Naming:
    """What all lines of a charge share."""

    charge_id: str
    unit: str
    currency: str

    def line(self, band: str | None, tier: int | None, quantity: Exact, price: Decimal, *, amount: Exact | None = None) -> Line:
        place = (f" in {band}" if band is not None else "") + (f", step {tier}" if tier is not None else "")
        sentence = Sentence(
            f"{self.charge_id}{place}: ", f" {self.unit} at {plain(price)} {self.currency}/{self.unit} = ", f" {self.currency}"
        )
        return Line(band, tier, quantity, self.unit, price, quantity.times(price) if amount is None else amount, sentence)


def energy_lines(
    charge: EnergyCharge, span: VersionSpan, *, use: Mapping[str | None, Exact], agreements: int, unit: str, currency: str
) -> list[Line]:
    """Return the lines of an energy charge in one tariff version.

    Args:
        charge: the charge.
        span: the version's part of the billing period.
        use: for each period of the version (or None alone), what was used in it [unit], (n,).
        agreements: number of agreements n.
        unit: unit of the quantity.
        currency: of the price.
    """
    naming = _Naming(charge.id, unit, currency)
    together = charge.tiers is None or charge.tiers.scope != EACH_PERIOD
    if not charge.by_period and together:
        use = {None: total_of(list(use.values()), agreements)}
    if charge.tiers is None:
        return [naming.line(band, None, used, charge.prices(band)[0]) for band, used in use.items()]
    use = {band: used for band, used in use.items() if used.values.any()}
    if together and len(use) > 1:
        return _shared_lines(charge, charge.tiers, span, use, naming)
    lines = []
    for band, used in use.items():
        limits = charge.tiers.limits_in(span, band=None if together else band)
        steps = climb(used, limits)
        prices = charge.prices(band)
        for tier, (step, seen, price) in enumerate(zip(steps, shown(steps, QUANTITY_PLACES), prices, strict=True), start=1):
            lines.append(naming.line(band, tier, seen, price, amount=step.times(price)))
    return lines


def _shared_lines(
    charge: EnergyCharge, tiers: Tiers, span: VersionSpan, use: Mapping[str | None, Exact], naming: _Naming
) -> list[Line]:
    """Return the lines of one ladder on the kWh of all periods, each step shared between them pro rata."""
    whole = total_of(list(use.values()), 0)
    steps = climb(whole, tiers.limits_in(span, band=None))
    seen = shown(steps, QUANTITY_PLACES)
    weights = np.stack([used.at(whole.scale).values.astype(object) for used in use.values()], axis=1)
    total = whole.values.astype(object)
    divisor = np.where((total == 0).astype(bool), 1, total)
    shares = [largest_remainder(weights, step.at(QUANTITY_PLACES).values.astype(object)) for step in seen]
    lines = []
    for position, band in enumerate(use):
        for tier, (step, price) in enumerate(zip(steps, charge.prices(band), strict=True), start=1):
            number, places = parts_of(price)
            product = step.values.astype(object) * weights[:, position] * number
            amount = ratio(product, divisor, scale=step.scale + places)
            quantity = Exact(_narrow(shares[tier - 1][:, position]), QUANTITY_PLACES)
            lines.append(naming.line(band, tier, quantity, price, amount=amount))
    return lines


def _narrow(values: Integers) -> Integers:
    return values.astype(np.int64) if max(abs(values.min()), abs(values.max())) < 2**63 else values
