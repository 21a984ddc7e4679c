"""Minimum bills: a line that raises the other charges of a billing period, or of a calendar year, to an amount."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BeforeValidator, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.percent import ALL, Of
from tariffs.scalars import INVALID, Price, one_of, problem

KIND = "minimum"


class MinimumCharge(ChargeDocument):
    """``{id: floor, kind: minimum, amount: "30", per: month}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    amount: Price
    per: Annotated[str, BeforeValidator(one_of("day", "month", "year"))]
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"
    covers: Of = ALL

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if self.prorate != "none" and self.per != "month":
            raise problem(INVALID, "'prorate' goes with 'per: month'")
        return self
