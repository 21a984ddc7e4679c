"""Stepped rates of CDR: prices in the order of usage, each for a volume of a period of time.

``volume`` is the width of a step ("first 50 kWh at X, next 50 kWh at Y"), the last step is open. A volume for so many days is a
limit for each day of the billing period; for so many months one for each month, a part of a month in proportion to its days; for
a year one for the calendar year.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import accumulate
from typing import Any, NamedTuple

from tariffs.importers.cdr_values import Duration, amount_of, duration_of, volume_of
from tariffs.importers.field_tree import FieldNode, invalid, unsupported
from tariffs.scalars import QUANTITY_PLACES

YEAR = Duration(1, "year")
_KWH = "KWH"


class Steps(NamedTuple):
    """Where the steps of a ladder end, and what the limits are for.

    Attributes:
        limits: upper ends of all steps but the last [kWh]; empty where there is one step.
        per: ``day``, ``month`` or ``year``; empty where there is one step.
    """

    limits: tuple[Decimal, ...] = ()
    per: str = ""

    def document(self, *, each_period: bool) -> dict[str, Any]:
        """Return the ladder as the tiers of a charge; empty where there is one step."""
        if not self.limits:
            return {}
        tiers: dict[str, Any] = {"limits": list(self.limits), "per": self.per}
        if each_period:
            tiers["scope"] = "each_period"
        if self.per == "month":
            tiers["prorate"] = "days_of_month"
        return {"tiers": tiers}


class PricedSteps(NamedTuple):
    """A ladder and the price of each of its steps [AUD/kWh]."""

    steps: Steps
    prices: tuple[Decimal, ...]

    @property
    def price(self) -> Decimal | list[Decimal]:
        """The prices as a charge has them."""
        return list(self.prices) if self.steps.limits else self.prices[0]


def priced_steps(rate: FieldNode, carried_as: str, *, default_period: Duration | None = None) -> PricedSteps:
    """Return the ladder of a rate block, and tell of its fields.

    Args:
        rate: an object with ``rates`` and perhaps ``period``.
        carried_as: what it is carried as.
        default_period: the period where the block names none.
    """
    path = rate.at("rates")
    rows = rate.children("rates")
    if not rows:
        raise invalid(path, "no rate")
    prices, volumes = [], []
    for row in rows:
        row.only("unitPrice", "measureUnit", "volume")
        unit = row.text("measureUnit") or _KWH
        if unit != _KWH:
            raise unsupported(row.at("measureUnit"), f"{unit!r:.40}; energy is priced per {_KWH}")
        row.information("measureUnit", "the unit of the quantity")
        prices.append(row.needed("unitPrice", amount_of(row, "unitPrice")))
        volumes.append(volume_of(row, "volume"))
    if volumes[-1] is not None:
        raise unsupported(rows[-1].at("volume"), "what is used above the last volume has no price")
    if any(volume is None for volume in volumes[:-1]):
        raise invalid(path, "a rate without a volume stands before another rate")
    period = duration_of(rate, "period") or default_period
    widths = [volume for volume in volumes if volume is not None]
    rate.carried("rates", carried_as)
    if not widths:
        rate.information("period", "there are no steps")
        return PricedSteps(Steps(), tuple(prices))
    if period is None:
        raise invalid(rate.at("period"), "the time that the volumes are for is missing")
    steps = _steps(list(accumulate(widths)), period, rate.at("period") if "period" in rate.value else path)
    rate.carried("period", f"tiers per {steps.per}")
    return PricedSteps(steps, tuple(prices))


def _steps(limits: list[Decimal], period: Duration, path: str) -> Steps:
    days = period.number * 7 if period.unit == "week" else period.number
    per = {"week": "day"}.get(period.unit, period.unit)
    if per == "year" and days != 1:
        raise unsupported(path, f"steps for {period.number} years")
    return Steps(tuple(part_of(limit, days, path) for limit in limits), per)


def part_of(value: Decimal, count: int, path: str, *, places: int = QUANTITY_PLACES) -> Decimal:
    """Return a value divided by a count where that ends within so many decimals.

    Raises:
        TariffError: ``import.unsupported``: it does not, and an amount would not be exact.
    """
    scaled = Fraction(value) / count * 10**places
    if scaled.denominator != 1:
        raise unsupported(path, f"{value} for {count} days or months is no exact amount for one")
    return (Decimal(int(scaled)) / Decimal(10) ** places).normalize() + 0
