"""Which dates a tariff keeps as holidays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import holidays

from tariffs.model import Holidays

_MONDAY, _THURSDAY, _FRIDAY, _SUNDAY = 0, 3, 4, 6


def _nth(day: date, *, month: int, weekday: int, n: int) -> bool:
    """Tell whether a date is the n-th of its weekday in a month."""
    return day.month == month and day.weekday() == weekday and 7 * (n - 1) < day.day <= 7 * n


def _is_last_monday_of_may(day: date) -> bool:
    return day.month == 5 and day.weekday() == _MONDAY and (day + timedelta(days=7)).month == 6  # noqa: PLR2004 - months


def _is_day_after_thanksgiving(day: date) -> bool:
    return _nth(day - timedelta(days=1), month=11, weekday=_THURSDAY, n=4)


_UNITED_STATES: dict[str, Callable[[date], bool]] = {
    "new_years_day": lambda day: (day.month, day.day) == (1, 1),
    "mlk_day": lambda day: _nth(day, month=1, weekday=_MONDAY, n=3),
    "washingtons_birthday": lambda day: _nth(day, month=2, weekday=_MONDAY, n=3),
    "memorial_day": _is_last_monday_of_may,
    "juneteenth": lambda day: (day.month, day.day) == (6, 19),
    "independence_day": lambda day: (day.month, day.day) == (7, 4),
    "labor_day": lambda day: _nth(day, month=9, weekday=_MONDAY, n=1),
    "columbus_day": lambda day: _nth(day, month=10, weekday=_MONDAY, n=2),
    "veterans_day": lambda day: (day.month, day.day) == (11, 11),
    "thanksgiving": lambda day: _nth(day, month=11, weekday=_THURSDAY, n=4),
    "day_after_thanksgiving": _is_day_after_thanksgiving,
    "christmas": lambda day: (day.month, day.day) == (12, 25),
}


def is_kept(day: date, rule: Holidays) -> bool:
    """Tell whether a tariff prices a date as a holiday."""
    if _is_named(day, rule):
        return True
    before = day - timedelta(days=1)
    return rule.observe == "sunday_to_monday" and before.weekday() == _SUNDAY and _is_named(before, rule)


def _is_named(day: date, rule: Holidays) -> bool:
    found = _names_on(rule.calendar, day.year, rule.observe == "calendar").get(day, frozenset())
    if not rule.names:
        return bool(found)
    own = rule.calendar.startswith("US") and rule.observe != "calendar"
    return any(_UNITED_STATES[name](day) if own and name in _UNITED_STATES else name in found for name in rule.names)


@cache
def _names_on(calendar: str, year: int, observed: bool) -> dict[date, frozenset[str]]:  # noqa: FBT001 - what the calendar asks
    country, _, region = calendar.partition("-")
    found = holidays.country_holidays(country, subdiv=region or None, years=year, observed=observed, language="en_US")
    return {day: frozenset(_word(name) for name in names.split(";")) for day, names in found.items()}


def _word(name: str) -> str:
    """Return a holiday's name as documents write it: lower case, words joined by ``_``, without a note that it is a substitute.

    >>> _word("New Year's Day (observed)")
    'new_years_day'
    """
    words = name.lower().replace("'", "").replace("\u2019", "")
    for note in ("(observed", "(substitute"):
        while note in words:
            before, _, rest = words.partition(note)
            words = before + rest.partition(")")[2]
    return "_".join("".join(letter if letter in "abcdefghijklmnopqrstuvwxyz0123456789" else " " for letter in words).split())
