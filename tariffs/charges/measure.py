"""How a demand is measured: the length of its windows, which of them count, and what is made of the highest."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.periods import days_of
from tariffs.scalars import INVALID, Document, ListOf, Name, Price, Quantity, Whole, one_of, problem, yes_or_no

MAX = "max"
MEAN_OF_TOP = "mean_of_top_n"
MEAN_OF_DAYS = "mean_of_n_daily_max"
KW, KVA = "kW", "kVA"
MINUTES_OF_HOUR = 60
Percentages = Annotated[ListOf[Annotated[Price, Field(ge=0)]], Field(min_length=12, max_length=12)]
"""One for each month, January first [%]."""


def _divides_the_hour(value: object) -> object:
    if isinstance(value, str) and value.isdigit() and (int(value) == 0 or MINUTES_OF_HOUR % int(value)):
        raise problem(INVALID, f"{value} minutes do not divide the hour")
    return value


class Measure(Document):
    """``{window_min: 15, sliding: false, agg: max, days: all, unit: kW}``.

    ``window_min`` is the interval's own length where it says none. Windows begin at multiples of their length on the
    clock; with ``sliding`` one begins with every interval. A window's period and day are those it begins in.
    """

    window_min: Annotated[Whole, BeforeValidator(_divides_the_hour)] | None = None
    sliding: Annotated[bool, BeforeValidator(yes_or_no)] = False
    agg: Annotated[str, BeforeValidator(one_of(MAX, MEAN_OF_TOP, MEAN_OF_DAYS))] = MAX
    n: Annotated[Whole, Field(ge=1, le=100)] | None = None
    days: Annotated[ListOf[int], BeforeValidator(days_of)] | None = None
    unit: Annotated[str, BeforeValidator(one_of(KW, KVA))] = KW
    quantity: Name = "import_kwh"
    reactive: Name = "kvarh"

    @model_validator(mode="after")
    def _options_fit(self) -> Self:
        if (self.agg == MAX) != (self.n is None):
            raise problem(INVALID, "'n' goes with 'agg: mean_of_top_n' or 'mean_of_n_daily_max'")
        if self.sliding and self.window_min is None:
            raise problem(INVALID, "'sliding' goes with 'window_min'")
        if "reactive" in self.model_fields_set and self.unit != KVA:
            raise problem(INVALID, "'reactive' goes with 'unit: kVA'")
        return self

    @property
    def of_peaks(self) -> str:
        """What the highest windows become, in words; empty for the highest itself."""
        if self.agg == MAX:
            return ""
        what = "highest windows" if self.agg == MEAN_OF_TOP else "highest days"
        return f"mean of the {self.n} {what}"

    @property
    def quantities(self) -> tuple[str, ...]:
        """The determinants that are measured."""
        return (self.quantity, self.reactive) if self.unit == KVA else (self.quantity,)


class Lookback(Document):
    """``{percent_by_month: [...], months: 11, minimum: "100", at_least_actual: [6, 7, 8, 9]}``.

    The kW billed are the largest of: ``minimum``; for this month and each of the ``months`` before it, that month's peak
    times its own percentage; and, in the months of ``at_least_actual``, this month's peak.
    """

    percent: Annotated[Price, Field(ge=0)] | None = None
    percent_by_month: Percentages | None = None
    months: Annotated[Whole, Field(le=120)]
    minimum: Annotated[Quantity, Field(ge=0)] | None = None
    at_least_actual: ListOf[Annotated[Whole, Field(ge=1, le=12)]] = ()

    @model_validator(mode="after")
    def _has_percentages(self) -> Self:
        if (self.percent is None) == (self.percent_by_month is None):
            raise problem(INVALID, "a ratchet has 'percent' or 'percent_by_month'")
        return self

    def share_of(self, month: int) -> Decimal:
        """Return the part of a month's peak that counts; 1 is all of it.

        Args:
            month: the month of the peak, 1-12.
        """
        percent = self.percent if self.percent_by_month is None else self.percent_by_month[month - 1]
        return (percent or Decimal(0)) / 100


class Ratchet(Lookback):
    """A version's ``billing_demand``: the kW of all its demand charges and of limits per kW."""

    measure: Measure = Measure()


class ChargeRatchet(Lookback):
    """The same for one demand charge; ``of`` names the period whose peaks feed it.

    Its peaks are measured as the charge says, or in a way of its own.
    """

    of: Name | None = None
    measure: Measure | None = None
