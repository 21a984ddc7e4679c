"""What thresholds are made of: strict, frozen families of fields."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)
Share = Annotated[Decimal, Field(ge=0, le=1)]


class Thresholds(BaseModel):
    """A family of thresholds; each field's description says unit and basis."""

    model_config = STRICT
