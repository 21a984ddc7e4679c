"""Public holidays that a tariff prices apart, by country and region, or a named few of them.

United States tariffs name their holidays one by one and keep them whatever the state says, so those have rules of
their own here; everything else comes from the ``holidays`` package's calendar of that country and region.

>>> [str(day) for day in kept_in(2027, calendar="US-OR", names=("independence_day", "thanksgiving"), observe="sunday_to_monday")]
['2027-07-04', '2027-07-05', '2027-11-25']
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache

import holidays

NONE = "none"
SUNDAY_TO_MONDAY = "sunday_to_monday"
CALENDAR = "calendar"
"""Observe the days that the country's own law puts in place of a holiday on a weekend."""

_CALENDAR = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")
_OBSERVED = re.compile(r"\s*\((?:observed|substitute)[^)]*\)")
_MONDAY, _THURSDAY, _SUNDAY = 0, 3, 6


def _nth(year: int, month: int, weekday: int, n: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (n - 1))


def _last_monday_of_may(year: int) -> date:
    end = date(year, 5, 31)
    return end - timedelta(days=end.weekday())


_UNITED_STATES: dict[str, Callable[[int], date]] = {
    "new_years_day": lambda year: date(year, 1, 1),
    "mlk_day": lambda year: _nth(year, 1, _MONDAY, 3),
    "washingtons_birthday": lambda year: _nth(year, 2, _MONDAY, 3),
    "memorial_day": _last_monday_of_may,
    "juneteenth": lambda year: date(year, 6, 19),
    "independence_day": lambda year: date(year, 7, 4),
    "labor_day": lambda year: _nth(year, 9, _MONDAY, 1),
    "columbus_day": lambda year: _nth(year, 10, _MONDAY, 2),
    "veterans_day": lambda year: date(year, 11, 11),
    "thanksgiving": lambda year: _nth(year, 11, _THURSDAY, 4),
    "day_after_thanksgiving": lambda year: _nth(year, 11, _THURSDAY, 4) + timedelta(days=1),
    "christmas": lambda year: date(year, 12, 25),
}


def is_calendar(name: str) -> bool:
    """Tell whether ``name`` (``US-OR``, ``DE``) is a calendar that is known here."""
    match = _CALENDAR.fullmatch(name)
    if match is None:
        return False
    try:
        holidays.country_holidays(match[1], subdiv=match[2])
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=4096)
def _of_year(calendar: str, year: int, *, observed: bool) -> dict[str, tuple[date, ...]]:
    """Return the days of each holiday of a calendar's year; a name is lower case, words joined by '_'."""
    country, _, region = calendar.partition("-")
    days: dict[str, tuple[date, ...]] = {}
    found = holidays.country_holidays(country, subdiv=region or None, years=year, observed=observed, language="en_US")
    for day, names in sorted(found.items()):
        for name in names.split(";"):
            plain = _OBSERVED.sub("", name).lower()
            slug = re.sub(r"[^a-z0-9]+", "_", re.sub(r"['\u2019]", "", plain)).strip("_")
            if day.year == year:
                days[slug] = (*days.get(slug, ()), day)
    return days


def names_of(calendar: str, observe: str) -> frozenset[str]:
    """Return the names that a tariff may pick from a calendar; our own US names have no substitute days by law."""
    names = {name for year in range(2024, 2032) for name in _of_year(calendar, year, observed=False)}
    return frozenset(names | set(_own_rules(calendar, observe)))


def _own_rules(calendar: str, observe: str) -> dict[str, Callable[[int], date]]:
    return _UNITED_STATES if calendar.startswith("US") and observe != CALENDAR else {}


@lru_cache(maxsize=4096)
def kept_in(year: int, *, calendar: str, names: tuple[str, ...], observe: str) -> tuple[date, ...]:
    """Return the dates of a year that are kept as holidays, sorted.

    Args:
        year: calendar year.
        calendar: country and region, ``US-OR``.
        names: the holidays kept; empty for all of the calendar.
        observe: ``none``: the days themselves; ``sunday_to_monday``: one that falls on a Sunday is kept on Monday as well;
            ``calendar``: the substitute days of the calendar as well.
    """
    known = _of_year(calendar, year, observed=observe == CALENDAR)
    own = _own_rules(calendar, observe) if names else {}
    days: set[date] = set()
    for name in names or known:
        if name in own:
            days.add(own[name](year))
        else:
            days.update(known.get(name, ()))
    if observe == SUNDAY_TO_MONDAY:
        days.update([day + timedelta(days=1) for day in days if day.weekday() == _SUNDAY])
    return tuple(sorted(days))
