"""Fixed charges: so much a day, a month or a year, whatever is used.

| per | quantity |
|---|---|
| day, ``days: actual`` | local days of the billing period: a day of 23 or 25 hours is one day |
| day, ``days: nominal_month`` | 365/12 for each calendar month, a part of a month in proportion to its days |
| month | once a billing period, however long it is |
| month, ``prorate: days_of_nominal_month`` | days / (365/12) |
| month, ``prorate: days_of_month`` | each calendar month's days / that month's length |
| year | a twelfth each billing period |

A billing period with two versions of the tariff is split between them by their days.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, Sentence
from tariffs.exact import Exact, constant, plain
from tariffs.scalars import INVALID, QUANTITY_PLACES, Price, one_of, problem
from tariffs.spans import VersionSpan

KIND = "fixed"
NOMINAL_MONTH = Fraction(365, 12)
"""Days of a month for charges that treat all months alike [day]."""


class FixedCharge(ChargeDocument):
    """A charge by time: ``{id: supply, kind: fixed, price: "1.0567", per: day}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    price: Price
    per: Annotated[str, BeforeValidator(one_of("day", "month", "year"))]
    days: Annotated[str, BeforeValidator(one_of("actual", "nominal_month"))] = "actual"
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if "days" in self.model_fields_set and self.per != "day":
            raise problem(INVALID, "'days' goes with 'per: day'")
        if "prorate" in self.model_fields_set and self.per != "month":
            raise problem(INVALID, "'prorate' goes with 'per: month'")
        return self

    def units_of(self, span: VersionSpan) -> Fraction:
        """Return how many days, months or years of a billing period fall to a tariff version, exactly."""
        if self.per == "day":
            return span.month_shares * NOMINAL_MONTH if self.days == "nominal_month" else Fraction(span.days)
        if self.prorate == "days_of_nominal_month":
            return span.days / NOMINAL_MONTH
        if self.prorate == "days_of_month":
            return span.month_shares
        return span.share / 12 if self.per == "year" else span.share


def fixed_lines(charge: FixedCharge, span: VersionSpan, *, agreements: int, currency: str) -> list[Line]:
    """Return the one line of a fixed charge.

    Args:
        charge: the charge.
        span: the tariff version's part of the billing period.
        agreements: number of agreements n.
        currency: of the price.
    """
    units = charge.units_of(span)
    quantity = constant(units, agreements, places=QUANTITY_PLACES)
    if charge.per == "month" and charge.prorate == "none":
        quantity = Exact(quantity.values * 0 + span.share_parts, QUANTITY_PLACES)
    amount = constant(units * Fraction(charge.price), agreements)
    # a version that prices some hours but has no day of the period charges nothing for time
    always = span.days > 0 or span.share == 1
    return [Line(None, None, quantity, charge.per, charge.price, amount, _sentence(charge, units, currency), always)]


def _sentence(charge: FixedCharge, units: Fraction, currency: str) -> Sentence:
    unit = charge.per if abs(units) <= 1 else f"{charge.per}s"
    return Sentence(f"{charge.id}: ", f" {unit} at {plain(charge.price)} {currency}/{charge.per} = ", f" {currency}")
