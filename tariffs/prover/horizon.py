"""How far a proof looks: the dates whose every minute is examined, and the dates after them that are examined by kind of day."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from schemas.errors import InputRefusedError
from tariffs.model import Tariff

YEARS_AFTER = 5
"""Years of minutes after the newest version's date, or after today where that is later."""
YEARS_BEFORE = 30
"""Longest stretch of the first version whose minutes are examined: ``from: 1900-01-01`` means 'always'."""
YEARS_AHEAD = 40
"""Years that show every date on every weekday, 29 February too, across a century without a leap day (1896 to 1904) as well."""
_FIRST_YEAR, _LAST_YEAR = 1900, 2900


class Horizon(NamedTuple):
    """Local dates of a proof.

    Attributes:
        first: first date whose minutes are examined.
        after: the date after the last one.
        ahead_to: dates from ``after`` to this one (not included) are examined by kind of day; equal to ``after`` for none.
    """

    first: date
    after: date
    ahead_to: date


def horizon_of(tariff: Tariff, *, today: date, from_year: int | None = None, to_year: int | None = None) -> Horizon:
    """Return the horizon of a proof.

    Args:
        tariff: the tariff.
        today: the day of the proof.
        from_year: first year; None for the first version's date (at most 30 years before what follows it).
        to_year: last year; None for the year five years after the newest version, or after today, and on to one with a
            29 February, and then 40 years by kind of day.

    Raises:
        InputRefusedError: ``horizon.empty``: the last year is before the first, or a year is none of 1900 to 2900.
    """
    newest = tariff.versions[-1].from_
    last = to_year
    if last is None:
        last = max(newest.year, today.year) + YEARS_AFTER
        while not any(_is_leap(year) for year in range(newest.year + 1, last + 1)):
            last += 1
    first = _first_day(tariff, last) if from_year is None else date(_known(from_year), 1, 1)
    after = date(_known(last) + 1, 1, 1)
    if after <= first:
        code = "horizon.empty"
        raise InputRefusedError(code, f"nothing lies between {first} and the end of {last}", "choose a later --to")
    return Horizon(first, after, after if to_year is not None else date(after.year + YEARS_AHEAD, 1, 1))


def _first_day(tariff: Tariff, last_year: int) -> date:
    starts = [version.from_ for version in tariff.versions]
    limit = starts[1].year if len(starts) > 1 else last_year
    return max(starts[0], date(max(limit - YEARS_BEFORE, 1), 1, 1))


def _known(year: int) -> int:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        code = "horizon.empty"
        raise InputRefusedError(code, f"{year} is no year of a tariff", f"choose one of {_FIRST_YEAR} to {_LAST_YEAR}")
    return year


def _is_leap(year: int) -> bool:
    return date(year, 3, 1).toordinal() - date(year, 2, 1).toordinal() == 29  # noqa: PLR2004 - days of a leap February
