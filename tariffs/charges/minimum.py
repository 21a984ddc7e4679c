"""Minimum bills: a line that raises the other charges of a billing period, or of a calendar year, to an amount.

``line = max(0, amount x units - what counts)``, where what counts are the exact amounts of the lines before tax and true-up, or
of those that ``covers`` names, and 0 where they are a credit.

| per | units |
|---|---|
| day | local days of the billing period |
| month | 1, however long the billing period is |
| month, ``prorate: days_of_nominal_month`` | days / (365/12) |
| month, ``prorate: days_of_month`` | each calendar month's days / that month's length |
| year | 1, on the last bill of the calendar year; what counts is the sum over the year's bills |
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.fixed import NOMINAL_MONTH
from tariffs.charges.line import Line, Sentence
from tariffs.charges.percent import ALL, Of
from tariffs.exact import AMOUNT_PLACES, Exact, constant, plain, total_of
from tariffs.scalars import INVALID, QUANTITY_PLACES, Price, one_of, problem

KIND = "minimum"


class MinimumCharge(ChargeDocument):
    """``{id: floor, kind: minimum, amount: "30", per: month}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    amount: Annotated[Price, Field(ge=0)]
    per: Annotated[str, BeforeValidator(one_of("day", "month", "year"))]
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"
    covers: Of = ALL

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if "prorate" in self.model_fields_set and self.per != "month":
            raise problem(INVALID, "'prorate' goes with 'per: month'")
        if self.months is not None and self.per == "year":
            raise problem(INVALID, "'months' does not go with 'per: year': every month of the year counts")
        return self

    def units_of(self, days: int, month_shares: Fraction) -> Fraction:
        """Return how many days, months or years the minimum is for."""
        if self.per == "day":
            return Fraction(days)
        if self.prorate == "days_of_nominal_month":
            return days / NOMINAL_MONTH
        return month_shares if self.prorate == "days_of_month" else Fraction(1)


def minimum_line(charge: MinimumCharge, counted: Exact, *, days: int, month_shares: Fraction, currency: str) -> Line:
    """Return the line of a minimum.

    Args:
        charge: the charge.
        counted: (n,) what counts towards it, 0 or more [currency].
        days: local days of the billing period [day].
        month_shares: sum over calendar months of its days / the month's length [month].
        currency: of the amount.
    """
    units = charge.units_of(days, month_shares)
    least = constant(units * Fraction(charge.amount), len(counted))
    short = total_of([least, -counted], len(counted)).positive().at_most(AMOUNT_PLACES)
    (said,) = constant(units, 1, places=QUANTITY_PLACES).to_text().to_pylist()
    unit = charge.per if units <= 1 else f"{charge.per}s"
    least_said = f"{said} {unit} at {plain(charge.amount)} {currency}/{charge.per}"
    sentence = Sentence(f"{charge.id}: ", f" {currency} short of {least_said} = ", f" {currency}")
    return Line(None, None, short, currency, Decimal(1), short, sentence)
