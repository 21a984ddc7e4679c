"""Which period of the tariff a minute belongs to: the first of the document that takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol

from schemas.errors import TariffError
from tariffs.charges.demand import DemandCharge
from tariffs.model import Tariff, Version
from tariffs.reference.days import Period
from tariffs.reference.holiday_days import is_kept
from tariffs.scalars import GAP, MINUTES_OF_DAY, MonthDay

HOLIDAY = 7
IMPORT, EXPORT = "import", "export"


class Rule(Protocol):
    """A rule of a period, as the document has it."""

    else_: str | None
    season: tuple[str, ...]
    days: tuple[int, ...]
    from_: int
    to: int
    events: str | None
    months: tuple[int, ...]


class Season(Protocol):
    """A season, as the document has it."""

    from_: MonthDay
    to: MonthDay
    by: str
    at: str | None


def kind_of(tariff: Tariff, day: date) -> int:
    """Return how a date is priced: 0 for Monday to 6 for Sunday, 7 for a holiday that is no other day."""
    if tariff.holidays is None or not is_kept(day, tariff.holidays):
        return day.weekday()
    return HOLIDAY if tariff.holidays.priced_as is None else tariff.holidays.priced_as


def names_of(version: Version, direction: str) -> tuple[str | None, ...]:
    """Return the periods of a direction; None alone where the version has none."""
    rules = rules_of(version, direction)
    return (None,) if rules is None else tuple(rules)


def rules_of(version: Version, direction: str) -> Mapping[str, Sequence[Rule]] | None:
    """Return the rules of each period of a direction; export's own where it has some, and those of a demand charge by its id."""
    for charge in version.charges:
        if isinstance(charge, DemandCharge) and charge.id == direction and charge.periods is not None:
            return charge.periods
    if direction == EXPORT and version.export is not None and version.export.periods is not None:
        return version.export.periods
    return version.periods


class Calendar:
    """The periods of a tariff during one billing period."""

    def __init__(self, tariff: Tariff, period: Period) -> None:
        """Keep the tariff and the billing period, which seasons ``by: billing_cycle`` look at."""
        self.tariff = tariff
        self.period = period
        self._fitting: dict[tuple[int, str, date], list[tuple[str, Rule]]] = {}

    def band(self, version: int, direction: str, wall: datetime) -> str | None:
        """Return the period that prices a minute of the clock on the wall; None where the version has none."""
        periods = rules_of(self.tariff.versions[version], direction)
        if periods is None:
            return None
        for name, rule in self._rules_on(version, direction, wall.date()):
            if _takes_time(rule, wall) and self._takes_event(rule, wall):
                return name
        for name, rules in periods.items():
            if any(rule.else_ is not None for rule in rules):
                return name
        raise TariffError(GAP, f"no period of {self.tariff.tariff} takes {wall:%Y-%m-%d %H:%M}")

    def _rules_on(self, version: int, direction: str, day: date) -> list[tuple[str, Rule]]:
        """Return the rules that take some minute of a date, each with its period, in document order."""
        key = (version, direction, day)
        if key not in self._fitting:
            periods = rules_of(self.tariff.versions[version], direction) or {}
            kind = kind_of(self.tariff, day)
            self._fitting[key] = [
                (name, rule) for name, rules in periods.items() for rule in rules if self._takes_day(version, rule, day, kind)
            ]
        return self._fitting[key]

    def _takes_day(self, version: int, rule: Rule, day: date, kind: int) -> bool:
        if rule.else_ is not None:
            return False
        seasons = self.tariff.versions[version].seasons
        in_season = "all" in rule.season or any(self._holds(seasons[name], day) for name in rule.season)
        return in_season and kind in rule.days and day.month in rule.months

    def _holds(self, season: Season, day: date) -> bool:
        if season.by == "billing_cycle":
            day = self.period.first_day if season.at == "start" else self.period.last_day
        in_year, begins, ends = (day.month, day.day), tuple(season.from_), tuple(season.to)
        if begins < ends:
            return begins <= in_year < ends
        return in_year >= begins or in_year < ends

    def _takes_event(self, rule: Rule, wall: datetime) -> bool:
        if rule.events is None:
            return True
        return any(window.from_ <= wall < window.to for window in self.tariff.events[rule.events])


def _takes_time(rule: Rule, wall: datetime) -> bool:
    minute = wall.hour * 60 + wall.minute
    end = rule.to or MINUTES_OF_DAY
    if rule.from_ < end:
        return rule.from_ <= minute < end
    return minute >= rule.from_ or minute < end
