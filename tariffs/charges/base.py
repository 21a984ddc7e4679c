"""What every charge has: a name of its own, its kind, and when and for whom it stands on the bill."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tariffs.scalars import Document, ListOf, Name, Whole

Months = Annotated[ListOf[Annotated[Whole, Field(ge=1, le=12)]], Field(min_length=1)]


class ChargeDocument(Document):
    """The fields common to all kinds.

    ``months`` are those of the billing period: a period belongs to the calendar month of its last local day.
    ``only_for`` names an option that an agreement carries, such as ``low_income``.
    """

    id: Name
    months: Months | None = None
    only_for: Name | None = None

    def stands_in(self, month: int) -> bool:
        """Tell whether the charge stands in billing periods of a month, 1-12."""
        return self.months is None or month in self.months
