"""The prover's own reading of periods: which rule takes each minute of a local date.

It follows the document, not the calendar that bills (``tariffs.calendar``): the two are compared, minute by minute.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import product
from typing import NamedTuple

import numpy as np

from tariffs.clock import Integers
from tariffs.events import Window
from tariffs.holiday_calendar import kept_in
from tariffs.model import Tariff, Version
from tariffs.periods import BILLING_CYCLE, HOLIDAY, PeriodRule, Periods
from tariffs.scalars import MINUTES_OF_DAY, MonthDay

NO_VERSION, UNTAKEN = -1, -2
"""Stand for a minute before the first version, and for one that no period takes."""
_LEAP_YEAR = 2024
_MINUTE = timedelta(minutes=1)


class Place(NamedTuple):
    """What takes a minute: a rule (by position) of a period of a version; None for both where a version has no periods."""

    version: int
    period: str | None
    rule: int | None


class DayKey(NamedTuple):
    """All that rules can see of a date: dates of one key are read alike.

    Attributes:
        version: position of the version in force.
        kind: 0 for Monday to 6 for Sunday as holidays are priced; 7 for a holiday with rules of its own.
        month: 1-12.
        seasons: the seasons that hold it.
        events: minutes of the date inside windows, by event: (name, first, end).
    """

    version: int
    kind: int
    month: int
    seasons: frozenset[str]
    events: tuple[tuple[str, int, int], ...]


class Run(NamedTuple):
    """Minutes of a day that no period takes: from ``first`` until before ``end`` [min after midnight]."""

    first: int
    end: int


@dataclass(frozen=True, eq=False)
class Reading:
    """The periods of one direction, read.

    Attributes:
        tariff: the tariff.
        direction: ``import`` or ``export``.
        taken: for each place that fits some minute of a date that was read: the places that got such minutes.
    """

    tariff: Tariff
    direction: str
    taken: dict[int, set[int]] = field(default_factory=dict)
    _patterns: dict[DayKey, Integers] = field(default_factory=dict)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every rule of every version, in document order."""
        return tuple(
            Place(number, name, position)
            for number, version in enumerate(self.tariff.versions)
            for name, position in _rules_of(version.periods_for(self.direction))
        )

    @cached_property
    def place_of(self) -> dict[Place, int]:
        """The position of each place."""
        return {place: position for position, place in enumerate(self.places)}

    @cached_property
    def cycles(self) -> tuple[list[frozenset[str]], ...]:
        """For each version, every set of seasons by billing cycle that a billing period can be in."""
        return tuple(cycles_of(version) for version in self.tariff.versions)

    def version_on(self, day: date) -> int:
        """Return the version in force on a date: the last one that began; ``NO_VERSION`` before the first."""
        return sum(version.from_ <= day for version in self.tariff.versions) - 1

    def key_of(self, day: date, cycle: frozenset[str]) -> DayKey | None:
        """Return what rules see of a date; None before the first version.

        Args:
            day: the local date.
            cycle: the seasons by billing cycle that its billing period is in.
        """
        number = self.version_on(day)
        if number == NO_VERSION:
            return None
        version = self.tariff.versions[number]
        in_year = MonthDay(day.month, day.day)
        held = {name for name, season in version.seasons.items() if season.by != BILLING_CYCLE and season.holds(in_year)}
        windows = [(name, *part) for name in _events_of(version, self.direction) for part in _inside(self._windows(name), day)]
        return DayKey(number, self.kind_of(day), day.month, frozenset(held | cycle), tuple(windows))

    def kind_of(self, day: date) -> int:
        """Return the kind of day, a holiday as the tariff prices it."""
        rule = self.tariff.holidays
        if rule is None:
            return day.weekday()
        kept = _kept(rule.calendar, rule.names, rule.observe, day.year)
        return rule.kind if day in kept else day.weekday()

    def pattern(self, key: DayKey | None) -> Integers:
        """Return the place that takes each minute of a date: int32 (1440,), ``NO_VERSION`` or ``UNTAKEN`` where none does."""
        if key is None:
            return np.full(MINUTES_OF_DAY, NO_VERSION, dtype=np.int32)
        if key not in self._patterns:
            self._patterns[key] = self._read(key)
        return self._patterns[key]

    def untaken(self, key: DayKey | None) -> list[Run]:
        """Return the runs of minutes that no period takes."""
        pattern = self.pattern(key)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], pattern == UNTAKEN, [False])).astype(np.int8)))
        return [Run(int(first), int(end)) for first, end in edges.reshape(-1, 2)]

    def _windows(self, name: str) -> tuple[Window, ...]:
        return self.tariff.events.get(name, ())

    def _read(self, key: DayKey) -> Integers:
        periods = self.tariff.versions[key.version].periods_for(self.direction)
        pattern = np.full(MINUTES_OF_DAY, UNTAKEN, dtype=np.int32)
        if periods is None:
            pattern[:] = self.place_of[Place(key.version, None, None)]
            return pattern
        rules = {Place(key.version, name, position): rule for name, of in periods.items() for position, rule in enumerate(of)}
        fitting = {self.place_of[place]: _fits(rule, key) for place, rule in rules.items() if rule.else_ is None}
        for position, fits in fitting.items():
            pattern[fits & (pattern == UNTAKEN)] = position
        rest = pattern == UNTAKEN
        for place, rule in rules.items():
            if rule.else_ is not None:
                fitting[self.place_of[place]] = rest
                pattern[rest & (pattern == UNTAKEN)] = self.place_of[place]
        for position, fits in fitting.items():
            if fits.any():
                self.taken.setdefault(position, set()).update(np.unique(pattern[fits]).tolist())
        return pattern


def cycle_of(version: Version, first: date, last: date) -> frozenset[str]:
    """Return the seasons by billing cycle that a billing period is in.

    Args:
        version: the version.
        first: the billing period's first local date.
        last: its last.
    """
    days = {"start": MonthDay(first.month, first.day), "end": MonthDay(last.month, last.day)}
    return frozenset(
        name
        for name, season in version.seasons.items()
        if season.by == BILLING_CYCLE and season.at is not None and season.holds(days[season.at])
    )


def cycles_of(version: Version) -> list[frozenset[str]]:
    """Return every set of seasons by billing cycle that a billing period, of any dates, can be in; without any the empty one."""
    if not any(season.by == BILLING_CYCLE for season in version.seasons.values()):
        return [frozenset()]
    days = [date(_LEAP_YEAR, 1, 1) + timedelta(days=number) for number in range(366)]
    by_start, by_end = (
        {frozenset(name for name in cycle_of(version, day, day) if version.seasons[name].at == at) for day in days}
        for at in ("start", "end")
    )
    return sorted((start | end for start, end in product(by_start, by_end)), key=sorted)


def _rules_of(periods: Periods | None) -> list[tuple[str | None, int | None]]:
    """Return the name and position of each rule; one that has neither where there are no periods."""
    if periods is None:
        return [(None, None)]
    return [(name, position) for name, rules in periods.items() for position in range(len(rules))]


def _fits(rule: PeriodRule, key: DayKey) -> Integers:
    """Return which minutes of a date fit all that a rule names: booleans (1440,)."""
    fits = np.zeros(MINUTES_OF_DAY, dtype=bool)
    in_season = "all" in rule.season or bool(key.seasons & set(rule.season))
    if not in_season or key.kind not in rule.days or key.month not in rule.months:
        return fits
    minutes = np.arange(MINUTES_OF_DAY)
    late, early = minutes >= rule.from_, minutes < rule.end
    fits = late & early if rule.from_ < rule.end else late | early
    if rule.events is not None:
        inside = np.zeros(MINUTES_OF_DAY, dtype=bool)
        for name, first, after in key.events:
            if name == rule.events:
                inside[first:after] = True
        fits = fits & inside
    return fits


def _events_of(version: Version, direction: str) -> list[str]:
    rules = (rule for of in (version.periods_for(direction) or {}).values() for rule in of)
    return sorted({rule.events for rule in rules if rule.events is not None})


def _inside(windows: tuple[Window, ...], day: date) -> list[tuple[int, int]]:
    """Return the parts of a date that lie in windows [min after midnight]."""
    midnight = datetime.combine(day, time())
    parts = []
    for window in windows:
        first = max((window.from_ - midnight) // _MINUTE, 0)
        end = min((window.to - midnight) // _MINUTE, MINUTES_OF_DAY)
        if first < end:
            parts.append((first, end))
    return parts


@lru_cache(maxsize=1024)
def _kept(calendar: str, names: tuple[str, ...], observe: str, year: int) -> frozenset[date]:
    """Return the holidays kept in a year; a Sunday at the end of the year before may be kept on its first day."""
    return frozenset(
        day
        for each in (year - 1, year)
        for day in kept_in(each, calendar=calendar, names=names, observe=observe)
        if day.year == year
    )


def kinds_text(kinds: Mapping[int, object] | set[int]) -> str:
    """Return kinds of day as people say them.

    >>> kinds_text({0, 1, 2, 3, 4}), kinds_text({5}), kinds_text({5, 6, 7})
    ('Mondays to Fridays', 'Saturdays', 'Saturdays, Sundays and holidays')
    """
    names = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays", "holidays")
    days = sorted(kinds)
    if set(range(7)) <= set(days):
        return "all days" if HOLIDAY in days else "all days of the week"
    if days[:5] == [0, 1, 2, 3, 4]:
        return " and ".join(["Mondays to Fridays", *(names[day] for day in days[5:])])
    *first, last = (names[day] for day in days)
    return f"{', '.join(first)} and {last}" if first else last
