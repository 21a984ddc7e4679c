"""Demand charges: so much a kW (or kVA) of the highest window of the billing period, or of each of its periods.

The kW of a line are the version's ``billing_demand`` where it has one, else the charge's own ``ratchet``, else what was
measured; then at least ``minimum``. Tiers are marginal: each kW at the price of its own step; their limits are kW and
are never prorated. The price is paid once a billing period (``per: month``), in parts of it, or for each local day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line
from tariffs.charges.measure import KVA, ChargeRatchet, Measure
from tariffs.charges.power import POWER_PLACES, duration_of, paid, power_sentence, quotient
from tariffs.charges.prices import LadderPrice
from tariffs.charges.tiers import Rising, climb, shown
from tariffs.exact import Exact
from tariffs.periods import PeriodRule
from tariffs.scalars import (
    INVALID,
    PRICE_PLACES,
    QUANTITY_PLACES,
    Document,
    ListOf,
    Name,
    Price,
    Quantity,
    Whole,
    one_of,
    problem,
)
from tariffs.spans import VersionSpan

KIND = "demand"
FLAT = "flat"
"""In a price: over all intervals."""


class DemandTiers(Document):
    """``{limits: ["50", "500"]}``: each kW at the price of its own step [kW]."""

    limits: Rising


class TargetPowerFactor(Document):
    """``{target: "0.90", places: 4}``: the measured kW times target / power factor where that is below the target."""

    target: Annotated[Price, Field(gt=0, le=1)]
    places: Annotated[Whole, Field(ge=1, le=9)] = 4


class DemandCharge(ChargeDocument):
    """``{id: power, kind: demand, price: {peak: "7.5"}, measure: {window_min: 60}}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: LadderPrice
    periods: dict[Name, Annotated[ListOf[PeriodRule], Field(min_length=1)]] | None = None
    """Periods of its own, where they are not those of the version."""
    tiers: DemandTiers | None = None
    measure: Measure = Measure()
    minimum: Annotated[Quantity, Field(ge=0)] | None = None
    """The kW billed are at least these [kW]."""
    ratchet: ChargeRatchet | None = None
    per: Annotated[str, BeforeValidator(one_of("month", "day"))] = "month"
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"
    power_factor: TargetPowerFactor | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat_is_one_price(cls, value: Any) -> Any:  # noqa: ANN401 - a document before it has a shape
        """Take ``price: {flat: P}`` for ``price: P``."""
        price = value.get("price") if isinstance(value, dict) else None
        return value | {"price": price[FLAT]} if isinstance(price, dict) and set(price) == {FLAT} else value

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if "prorate" in self.model_fields_set and self.per == "day":
            raise problem(INVALID, "'prorate' goes with 'per: month'")
        if self.power_factor is not None and self.measure.unit == KVA:
            raise problem(INVALID, "'power_factor' corrects kW; kVA hold the reactive power already")
        if self.periods is not None and not self.by_period:
            raise problem(INVALID, "'periods' go with a price for each of some of them")
        return self

    @property
    def by_period(self) -> bool:
        """Whether periods have prices of their own."""
        return isinstance(self.price, dict)

    @property
    def calendar(self) -> str:
        """Whose periods these are, as ``Version.periods_for`` takes it: the charge's own, else those of import."""
        return "import" if self.periods is None else self.id

    def prices(self, band: str | None) -> tuple[Decimal, ...]:
        """Return the price of each step in a period [currency/kW]; one price where there are no steps."""
        price = self.price[str(band)] if isinstance(self.price, dict) else self.price
        if isinstance(price, tuple):
            return price
        return (price,) * (len(self.tiers.limits) + 1 if self.tiers is not None else 1)

    @property
    def determinants(self) -> tuple[str, ...]:
        """What must be known to rate it."""
        feeding = self.ratchet.measure.quantities if self.ratchet is not None and self.ratchet.measure is not None else ()
        corrected = (self.measure.quantity, self.measure.reactive) if self.power_factor is not None else ()
        return (*self.measure.quantities, *feeding, *corrected)


def corrected(measured: Exact, factors: Exact, rule: TargetPowerFactor) -> Exact:
    """Return measured power raised to what it would have to be at the target power factor.

    Args:
        measured: (n,) [kW].
        factors: (n,) power factor; at 0 there is none to correct by.
        rule: the target.

    Returns:
        measured x target / factor at 12 decimals where the factor is below the target, else what was measured [kW].
    """
    target = int(rule.target.scaleb(PRICE_PLACES))
    size = factors.at(PRICE_PLACES).values.astype(object)
    low = ((size > 0) & (size < target)).astype(bool)
    product = Exact(np.where(low, measured.values, 0).astype(object) * target, measured.scale)
    raised = quotient(product, np.where(low, size, 1), places=POWER_PLACES)
    return Exact(np.where(low, raised.values, measured.at(POWER_PLACES).values), POWER_PLACES)


def demand_lines(
    charge: DemandCharge, span: VersionSpan, *, power: Mapping[str | None, Exact], unit: str, note: str, currency: str
) -> list[Line]:
    """Return the lines of a demand charge in one tariff version.

    Args:
        charge: the charge.
        span: the version's part of the billing period.
        power: for each period that is priced (or None alone), what is billed: (n,) [unit].
        unit: ``kW`` or ``kVA``.
        note: how the power was arrived at, in words.
        currency: of the price.
    """
    duration = duration_of(charge.per, charge.prorate, span)
    lines: list[Line] = []
    for band, billed in power.items() if duration.units else ():
        place = charge.id if band is None else f"{charge.id} in {band}"
        for tier, quantity, seen, price in _steps(charge, band, billed):
            where = place if tier is None else f"{place}, step {tier}"
            sentence = power_sentence(where, unit, note, duration, price, currency)
            amount = paid(quantity, price, duration.units)
            lines.append(Line(band, tier, seen, unit, price, amount, sentence, factor=duration.units))
    return lines


def _steps(charge: DemandCharge, band: str | None, billed: Exact) -> Iterator[tuple[int | None, Exact, Exact, Decimal]]:
    """Yield number, exact power, power as it is shown and price of each step; the number is None where there is one."""
    prices = charge.prices(band)
    if charge.tiers is None:
        yield None, billed, billed, prices[0]
        return
    limits = tuple(Fraction(limit) for limit in charge.tiers.limits)
    if limits[-1] * 10**billed.scale >= 2**63:
        billed = Exact(billed.values.astype(object), billed.scale)
    steps = climb(billed, limits)
    for tier, (step, seen, price) in enumerate(zip(steps, shown(steps, QUANTITY_PLACES), prices, strict=True), start=1):
        yield tier, step, seen, price
