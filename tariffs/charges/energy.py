"""Energy charges: so much a kWh, by period of the day, by step of a ladder, or both; or the prices of a series.

``quantity`` names the billing determinant: ``import_kwh`` where it says none, or any other that the registers feed.
A charge priced for periods names each of them; a price of zero is written down. Where ladders differ by period, charges
share the periods among them: each prices some, and its ladder counts the kWh of all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.charges.prices import EnergyPrice, SeriesPrice
from tariffs.charges.tiers import Tiers, shown
from tariffs.charges.use import Use
from tariffs.clock import Integers
from tariffs.exact import Exact, parts_of, plain, ratio, total_of
from tariffs.rounding import largest_remainder
from tariffs.scalars import QUANTITY_PLACES, Name, one_of

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

    def is_priced_in(self, band: str | None) -> bool:
        """Tell whether the charge has a price in a period."""
        return not isinstance(self.price, dict) or band in self.price

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


def energy_lines(charge: EnergyCharge, use: Use, *, agreements: int, currency: str) -> list[Line]:
    """Return the lines of an energy charge without steps: one for each period, or one alone where they share a price.

    Args:
        charge: the charge.
        use: what was used.
        agreements: number of agreements n.
        currency: of the price.
    """
    use = use if charge.by_period else use.together(agreements)
    return [
        Line(
            band,
            None,
            use.quantity(used),
            use.unit,
            charge.prices(band)[0],
            use.cost(used, charge.prices(band)[0]),
            _sentence(charge, band, None, use.unit, charge.prices(band)[0], currency),
        )
        for band, used in use.bands.items()
        if charge.is_priced_in(band)
    ]


def step_lines(charge: EnergyCharge, use: Use, climbed: Mapping[str | None, Sequence[Exact]], *, currency: str) -> list[Line]:
    """Return the lines of a ladder of which it is known what each period has on each step.

    Args:
        charge: the charge.
        use: what was used.
        climbed: for each period its steps, (n,) each: parts of ``use``.
        currency: of the price.
    """
    lines = []
    for band, steps in climbed.items():
        if not charge.is_priced_in(band):
            continue
        seen = shown(steps, QUANTITY_PLACES, divisor=use.divisor)
        for tier, (step, quantity, price) in enumerate(zip(steps, seen, charge.prices(band), strict=True), start=1):
            sentence = _sentence(charge, band, tier, use.unit, price, currency)
            lines.append(Line(band, tier, quantity, use.unit, price, use.cost(step, price), sentence))
    return lines


def shared_lines(charge: EnergyCharge, use: Use, steps: Sequence[Exact], *, standing: Integers, currency: str) -> list[Line]:
    """Return the lines of one ladder on the use of all periods, each step shared between them in proportion to theirs.

    Args:
        charge: the charge.
        use: what was used.
        steps: the steps of all periods together, (n,) each: parts of ``use``.
        standing: (n,) position of the step on which the ladder begins: it takes all where periods cancel each other out.
        currency: of the price.
    """
    whole = total_of(list(use.bands.values()), len(standing))
    weights = np.stack([used.at(whole.scale).values.astype(object) for used in use.bands.values()], axis=1)
    total = whole.values.astype(object)
    cancelled = (total == 0).astype(bool)
    lines = []
    tiers = zip(steps, shown(steps, QUANTITY_PLACES, divisor=use.divisor), strict=True)
    by_tier = []
    for number, (step, seen) in enumerate(tiers):
        unit = np.where(standing == number, 10 ** (step.scale - whole.scale), 0)
        parts = np.where(cancelled, unit, step.values)[:, np.newaxis] * weights
        shares = largest_remainder(weights, seen.at(QUANTITY_PLACES).values.astype(object))
        by_tier.append((parts, step.scale, shares))
    divisor = np.where(cancelled, 1, total) * use.divisor
    for position, band in enumerate(use.bands):
        if not charge.is_priced_in(band):
            continue
        own = use.quantity(Exact(weights[:, position], whole.scale)).at(QUANTITY_PLACES).values
        for number, ((parts, scale, shares), price) in enumerate(zip(by_tier, charge.prices(band), strict=True)):
            factor, places = parts_of(price)
            amount = ratio(parts[:, position] * factor, divisor, scale=scale + places)
            share = np.where(cancelled, np.where(standing == number, own, 0), shares[:, position])
            sentence = _sentence(charge, band, number + 1, use.unit, price, currency)
            lines.append(Line(band, number + 1, Exact(_narrow(share), QUANTITY_PLACES), use.unit, price, amount, sentence))
    return lines


def _sentence(charge: EnergyCharge, band: str | None, tier: int | None, unit: str, price: Decimal, currency: str) -> Sentence:
    place = (f" in {band}" if band is not None else "") + (f", step {tier}" if tier is not None else "")
    return Sentence(f"{charge.id}{place}: ", f" {unit} at {plain(price)} {currency}/{unit} = ", f" {currency}")


def _narrow(values: Integers) -> Integers:
    return values.astype(np.int64) if max(abs(values.min()), abs(values.max())) < 2**63 else values
