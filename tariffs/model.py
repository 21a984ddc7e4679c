"""The tariff document: what a price list says, with every rule that engines differ by written down.

A tariff is a clock, holidays, rounding, and dated versions; a version has seasons, periods, charges and what it pays for
export. What is known and not supported yet is refused by the name of its field; nothing is ever passed over.
"""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator

from schemas.errors import InputRefusedError
from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import Export
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.measure import Ratchet
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tax import TaxCharge
from tariffs.clock import Clock
from tariffs.conversion import Conversion
from tariffs.events import Window
from tariffs.holiday_calendar import CALENDAR, NONE, SUNDAY_TO_MONDAY, is_calendar
from tariffs.periods import HOLIDAY, SUNDAY, PeriodRule, Season, day_number
from tariffs.rounding import Rounding
from tariffs.scalars import INVALID, Currency, Day, Document, ListOf, Name, Tree, one_of, problem

_KINDS = "fixed, energy, demand, contracted, coincident, reactive, power_factor, rider, percent, minimum, fee, tax"


def _clock_name(value: object) -> str:
    if not isinstance(value, str):
        raise problem(INVALID, "a clock is a zone such as Europe/Berlin or an offset such as +10:00")
    try:
        return Clock(value).name
    except InputRefusedError as error:
        raise problem(INVALID, f"{error.message}; {error.hint}") from None


def _calendar_name(value: object) -> str:
    if not isinstance(value, str) or not is_calendar(value):
        raise problem(INVALID, f"{value!r} is no holiday calendar; write a country such as DE, or a region such as US-OR")
    return value


def _priced_as(value: object) -> int:
    if not isinstance(value, str):
        raise problem(INVALID, "priced_as is 'weekend' or a weekday")
    return SUNDAY if value == "weekend" else day_number(value)


class Holidays(Document):
    """Days priced apart: as a weekend (a Sunday) or another weekday, or by rules that say ``days: holiday``."""

    calendar: Annotated[str, BeforeValidator(_calendar_name)]
    names: ListOf[Name] = ()
    priced_as: Annotated[int, BeforeValidator(_priced_as)] | None = None
    observe: Annotated[str, BeforeValidator(one_of(NONE, SUNDAY_TO_MONDAY, CALENDAR))] = NONE

    @property
    def kind(self) -> int:
        """The kind of day a holiday is priced as."""
        return HOLIDAY if self.priced_as is None else self.priced_as


def _kind_of(value: object) -> str:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    return f"~{kind}"


Charge = Annotated[
    Annotated[FixedCharge, Tag("~fixed")]
    | Annotated[EnergyCharge, Tag("~energy")]
    | Annotated[DemandCharge, Tag("~demand")]
    | Annotated[ContractedCharge, Tag("~contracted")]
    | Annotated[CoincidentCharge, Tag("~coincident")]
    | Annotated[ReactiveCharge, Tag("~reactive")]
    | Annotated[PowerFactorCharge, Tag("~power_factor")]
    | Annotated[RiderCharge, Tag("~rider")]
    | Annotated[PercentCharge, Tag("~percent")]
    | Annotated[MinimumCharge, Tag("~minimum")]
    | Annotated[FeeCharge, Tag("~fee")]
    | Annotated[TaxCharge, Tag("~tax")],
    Discriminator(
        _kind_of,
        custom_error_type=INVALID,
        custom_error_message=f"a charge has a kind: {_KINDS}",
    ),
]


class Version(Document):
    """The prices in force from a date until the next version's."""

    from_: Day = Field(alias="from")
    source: Tree = None
    seasons: dict[Name, Season] = Field(default_factory=dict)
    periods: dict[Name, Annotated[ListOf[PeriodRule], Field(min_length=1)]] | None = None
    charges: ListOf[Charge]
    export: Export | None = None
    billing_demand: Ratchet | None = None
    conversion: Conversion | None = None

    def periods_for(self, direction: str) -> dict[str, tuple[PeriodRule, ...]] | None:
        """Return the periods of ``import`` or ``export`` energy, or those of a demand charge's own by its id.

        None where no price is per period.
        """
        if direction == "export" and self.export is not None and self.export.periods is not None:
            return self.export.periods
        own = next((each.periods for each in self.charges if isinstance(each, DemandCharge) and each.id == direction), None)
        return self.periods if own is None else own

    def bands_for(self, direction: str) -> tuple[str | None, ...]:
        """Return the names of the periods of a direction; None alone where there are none."""
        periods = self.periods_for(direction)
        return tuple(periods) if periods is not None else (None,)


class Tariff(Document):
    """A whole tariff document."""

    tariff: Name
    currency: Currency
    clock: Annotated[str, BeforeValidator(_clock_name)]
    holidays: Holidays | None = None
    rounding: Rounding = Rounding()
    events: dict[Name, ListOf[Window]] = Field(default_factory=dict)
    versions: Annotated[ListOf[Version], Field(min_length=1)]

    @model_validator(mode="after")
    def _versions_follow_each_other(self) -> Self:
        starts = [version.from_ for version in self.versions]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            raise problem(INVALID, "versions are in the order of their dates, each date once")
        return self

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all the tariff says: two documents with the same meaning have the same one."""
        return hashlib.sha256(self.model_dump_json(by_alias=True).encode()).hexdigest()

    def __hash__(self) -> int:
        """Hash by content: compiled calendars are kept per tariff."""
        return hash(self.fingerprint)

    def __eq__(self, other: object) -> bool:
        """Compare by content."""
        return isinstance(other, Tariff) and (self is other or self.fingerprint == other.fingerprint)

    @property
    def tariff_clock(self) -> Clock:
        """The clock that dates and times of the document are read by."""
        return Clock(self.clock)

    def version_on(self, day: date) -> int | None:
        """Return the position of the version in force on a local date; None before the first."""
        return next((number for number in range(len(self.versions) - 1, -1, -1) if self.versions[number].from_ <= day), None)
