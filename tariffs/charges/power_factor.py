"""Power factor: so many percent of other charges for each step that the billing period's power factor is below a target."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from tariffs.charges.base import ChargeDocument
from tariffs.scalars import ListOf, Name, Percent, Price, Whole, one_of

KIND = "power_factor"


class PowerFactorCharge(ChargeDocument):
    """``{id: pf, kind: power_factor, of: [demand], target: "0.90", step: "0.01", percent: "1"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    of: Annotated[ListOf[Name], Field(min_length=1)]
    target: Annotated[Price, Field(gt=0, le=1)]
    step: Annotated[Price, Field(gt=0)]
    percent: Percent
    places: Annotated[Whole, Field(ge=1, le=9)] = 4
    quantity: Name = "import_kwh"
    reactive: Name = "kvarh"
