"""Periods of a tariff: rules of season, day, time and month that say which minutes a price holds for.

A minute belongs to the first period of the document that takes it; ``{else: true}`` takes what is left, wherever it
stands. A rule looks at the minute's own local date: the hours after midnight of ``{days: fri, from: "22:00", to: "06:00"}``
are those of Friday morning. A season goes by the date, or, ``by: billing_cycle``, by the billing period's first or last day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from itertools import product
from typing import Annotated, NamedTuple, Self

import numpy as np
from pydantic import BeforeValidator, Field, model_validator

from tariffs.clock import Integers
from tariffs.events import EventMinutes
from tariffs.scalars import (
    INVALID,
    MINUTES_OF_DAY,
    ClockTime,
    DayOfYear,
    Document,
    ListOf,
    MonthDay,
    Name,
    Whole,
    one_of,
    problem,
)

UNTAKEN = -1
"""Stands for a minute that no period takes."""
BILLING_CYCLE = "billing_cycle"
HOLIDAY = 7
"""The kind of day after Monday (0) to Sunday (6): a holiday that the tariff does not price as another day."""
SUNDAY = 6
_DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LONG_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_GROUPS = {
    "all": tuple(range(8)),
    "weekdays": (0, 1, 2, 3, 4),
    "weekend": (5, 6),
    "holiday": (HOLIDAY,),
}
_LEAP_YEAR = 2024


def day_number(word: str) -> int:
    """Return 0 for Monday to 6 for Sunday, from ``mon`` or ``monday``."""
    for names in (_DAY_NAMES, _LONG_NAMES):
        if word in names:
            return names.index(word)
    raise problem(INVALID, f"{word!r} is no day; write mon to sun, all, weekdays, weekend or holiday")


def days_of(value: object) -> tuple[int, ...]:
    """Return the kinds of day that a rule's ``days`` names, sorted.

    >>> days_of("mon-wed"), days_of(["sat,sun", "holiday"]), days_of("fri-mon")
    ((0, 1, 2), (5, 6, 7), (0, 4, 5, 6))
    """
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not words or not all(isinstance(word, str) for word in words):
        raise problem(INVALID, "days are a word such as mon-fri, or a list of words")
    days: set[int] = set()
    for word in (part.strip() for text in words for part in text.split(",")):
        first, dash, last = word.partition("-")
        if word in _GROUPS:
            days.update(_GROUPS[word])
        elif dash:
            start, end = day_number(first), day_number(last)
            days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
        else:
            days.add(day_number(word))
    return tuple(sorted(days))


def _season_names(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Cycle(NamedTuple):
    """The first and the last local day of a billing period: all that seasons by billing cycle go by."""

    start: MonthDay
    end: MonthDay


class Season(Document):
    """A part of every year: from a day (included) to a day (not included); it may go round New Year."""

    from_: DayOfYear = Field(alias="from")
    to: DayOfYear
    by: Annotated[str, BeforeValidator(one_of("calendar", BILLING_CYCLE))] = "calendar"
    at: Annotated[str, BeforeValidator(one_of("start", "end"))] | None = None
    """With ``by: billing_cycle``: the day of the billing period that decides for all of it."""

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.from_ == self.to:
            raise problem(INVALID, "a season ends on another day than it begins (the end is not included)")
        if (self.by == BILLING_CYCLE) != (self.at is not None):
            raise problem(INVALID, "'by: billing_cycle' and 'at: start' or 'at: end' go together")
        return self

    def is_on(self, day: MonthDay, cycle: Cycle | None) -> bool:
        """Tell whether a day is priced as one of the season.

        Args:
            day: the day.
            cycle: of the billing period it is billed in; None is for tariffs whose seasons go by calendar.

        Raises:
            ValueError: the season goes by billing cycle and no cycle is given.
        """
        if self.by != BILLING_CYCLE:
            return self.holds(day)
        if cycle is None:
            message = "a season by billing cycle needs the billing period"
            raise ValueError(message)
        return self.holds(cycle.start if self.at == "start" else cycle.end)

    def holds(self, day: MonthDay) -> bool:
        """Tell whether the season holds a day of the year."""
        if self.from_ < self.to:
            return self.from_ <= day < self.to
        return day >= self.from_ or day < self.to


class PeriodRule(Document):
    """One rule of a period: it takes the minutes that fit all it names. ``{else: true}`` takes whatever is left."""

    else_: Annotated[str, BeforeValidator(one_of("true"))] | None = Field(default=None, alias="else")
    season: Annotated[ListOf[Name], BeforeValidator(_season_names)] = ("all",)
    days: Annotated[ListOf[int], BeforeValidator(days_of)] = _GROUPS["all"]
    from_: ClockTime = Field(default=0, alias="from")
    to: ClockTime = MINUTES_OF_DAY
    events: Name | None = None
    """Only inside the windows of these events."""
    months: Annotated[ListOf[Annotated[Whole, Field(ge=1, le=12)]], Field(min_length=1)] = tuple(range(1, 13))

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if self.else_ is not None and self.model_fields_set != {"else_"}:
            raise problem(INVALID, "'else: true' stands alone")
        if self.from_ == MINUTES_OF_DAY:
            raise problem(INVALID, "'from' is before 24:00")
        if self.from_ == self.end:
            raise problem(INVALID, "'from' and 'to' are the same time; for the whole day leave them out")
        return self

    @property
    def end(self) -> int:
        """End of the rule's time of day [min after midnight]; 00:00 as an end is that of the day."""
        return self.to or MINUTES_OF_DAY

    def takes_day(self, day: DayClass) -> bool:
        """Tell whether any minute of such a day fits the rule."""
        in_season = "all" in self.season or not day.seasons.isdisjoint(self.season)
        return in_season and day.kind in self.days and day.month in self.months

    def minutes(self) -> tuple[slice, ...]:
        """Return the minutes of a day that the rule takes, in one piece or two."""
        if self.from_ < self.end:
            return (slice(self.from_, self.end),)
        return (slice(self.from_, MINUTES_OF_DAY), slice(0, self.end))


Periods = Mapping[str, tuple[PeriodRule, ...]]


class DayClass(NamedTuple):
    """All that the rules can see of a local date: days of one class have the same bands."""

    seasons: frozenset[str]
    month: int
    kind: int
    events: frozenset[EventMinutes] = frozenset()


def day_class(
    day: date,
    *,
    kind: int,
    seasons: Mapping[str, Season],
    cycle: Cycle | None = None,
    events: frozenset[EventMinutes] = frozenset(),
) -> DayClass:
    """Return the class of a local date.

    Args:
        day: the date.
        kind: its weekday 0-6, as a holiday is priced; or ``HOLIDAY``.
        seasons: the seasons of the tariff version.
        cycle: of the billing period, for seasons that go by it.
        events: the minutes of events on the date.
    """
    in_year = MonthDay(day.month, day.day)
    return DayClass(frozenset(name for name, season in seasons.items() if season.is_on(in_year, cycle)), day.month, kind, events)


def bands_of_day(periods: Periods, day: DayClass) -> Integers:
    """Return the position in ``periods`` of the period of each minute: int16 (1440,), ``UNTAKEN`` where none takes it."""
    bands = np.full(MINUTES_OF_DAY, UNTAKEN, dtype=np.int16)
    for position, rules in enumerate(periods.values()):
        taken = np.zeros(MINUTES_OF_DAY, dtype=bool)
        for rule in rules:
            if rule.else_ is None and rule.takes_day(day):
                taken |= _minutes_of(rule, day)
        bands[taken & (bands == UNTAKEN)] = position
    for position, rules in enumerate(periods.values()):
        if any(rule.else_ is not None for rule in rules):
            bands[bands == UNTAKEN] = position
    return bands


def _minutes_of(rule: PeriodRule, day: DayClass) -> Integers:
    """Return the minutes that a rule takes of a day that it takes some of: booleans (1440,)."""
    taken = np.zeros(MINUTES_OF_DAY, dtype=bool)
    for minutes in rule.minutes():
        taken[minutes] = True
    if rule.events is None:
        return taken
    inside = np.zeros(MINUTES_OF_DAY, dtype=bool)
    for event, from_, to in day.events:
        if event == rule.events:
            inside[from_:to] = True
    return taken & inside


def day_classes(seasons: Mapping[str, Season], kinds: tuple[int, ...]) -> Iterator[DayClass]:
    """Yield every class of day without events that a leap year can bring, in whatever billing period, each once."""
    days = [date(_LEAP_YEAR, 1, 1) + timedelta(days=number) for number in range(366)]
    cycles = _cycles(seasons, [MonthDay(day.month, day.day) for day in days])
    seen: set[DayClass] = set()
    for day, kind, cycle in product(days, kinds, cycles):
        found = day_class(day, kind=kind, seasons=seasons, cycle=cycle)
        if found not in seen:
            seen.add(found)
            yield found


def _cycles(seasons: Mapping[str, Season], days: list[MonthDay]) -> list[Cycle | None]:
    """Return billing periods that between them bring every choice of seasons by billing cycle; None alone without such."""
    if all(season.by != BILLING_CYCLE for season in seasons.values()):
        return [None]
    starts, ends = (
        {frozenset(name for name, season in seasons.items() if season.at == at and season.holds(day)): day for day in days}
        for at in ("start", "end")
    )
    return [Cycle(start, end) for start, end in product(starts.values(), ends.values())]


def gaps_of(periods: Periods, seasons: Mapping[str, Season], kinds: tuple[int, ...]) -> list[str]:
    """Return a sentence for the first minutes of each kind of day that no period takes; empty when all are taken.

    Args:
        periods: the periods of a version.
        seasons: its seasons.
        kinds: the kinds of day that occur.
    """
    found: dict[int, str] = {}
    for day in day_classes(seasons, kinds):
        (untaken,) = np.nonzero(bands_of_day(periods, day) == UNTAKEN)
        if untaken.size and day.kind not in found:
            first = int(untaken[0])
            end = first + int(np.argmax(np.append(np.diff(untaken), 2) > 1)) + 1
            name = "a holiday" if day.kind == HOLIDAY else _LONG_NAMES[day.kind]
            found[day.kind] = f"no period takes {name} {_clock_text(first)} to {_clock_text(end)} in month {day.month}"
    return list(found.values())


def _clock_text(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
