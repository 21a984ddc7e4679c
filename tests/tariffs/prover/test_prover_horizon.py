"""How far a proof looks."""

from __future__ import annotations

from datetime import date

import pytest

from schemas.errors import InputRefusedError
from tariffs.prover.horizon import horizon_of

USE = '  charges: [{id: use, kind: energy, price: "0.3"}]\n'


def versions(*days):
    return "".join(f"- from: {day}\n{USE}" for day in days)


@pytest.mark.parametrize(
    ("days", "today", "first", "last"),
    [
        pytest.param(["2020-07-01"], date(2020, 7, 1), date(2020, 7, 1), 2025, id="five years after the version"),
        pytest.param(["2020-07-01"], date(2026, 2, 1), date(2020, 7, 1), 2031, id="five years after today, which is later"),
        pytest.param(["2020-07-01", "2025-01-01"], date(2024, 2, 1), date(2020, 7, 1), 2030, id="of the newest version"),
        # 2100 is no leap year: from 2096 the next 29 February is in 2104
        pytest.param(["2096-07-01"], date(2096, 1, 1), date(2096, 7, 1), 2104, id="as far as the next leap day"),
        pytest.param(["1900-01-01"], date(2026, 2, 1), date(2001, 1, 1), 2031, id="thirty years of a version from ever"),
        pytest.param(["1900-01-01", "2020-07-01"], date(2026, 2, 1), date(1990, 1, 1), 2031, id="thirty years before the second"),
    ],
)
def test_goes_from_the_first_version_to_years_ahead(draft, days, today, first, last):
    horizon = horizon_of(draft(versions=versions(*days)), today=today)
    assert horizon == (first, date(last + 1, 1, 1), date(last + 41, 1, 1))


def test_years_that_are_given_count_alone(draft):
    horizon = horizon_of(draft(versions=versions("2020-07-01")), today=date(2026, 2, 1), from_year=2021, to_year=2022)
    assert horizon == (date(2021, 1, 1), date(2023, 1, 1), date(2023, 1, 1))


@pytest.mark.parametrize(
    "span", [{"from_year": 2022, "to_year": 2021}, {"to_year": 2019}, {"from_year": 1899}, {"to_year": 2901}]
)
def test_an_empty_one_is_refused(draft, span):
    with pytest.raises(InputRefusedError) as refused:
        horizon_of(draft(versions=versions("2020-07-01")), today=date(2026, 2, 1), **span)
    assert refused.value.code == "horizon.empty"


def test_forty_years_show_every_date_on_every_weekday_wherever_they_begin():
    # 1893 to 1933 and 2093 to 2133 go over a century without a leap day
    for begins in (1893, 1897, 2026, 2093, 2097):
        years = range(begins, begins + 40)
        leap = [
            date(year, 2, 29).weekday() for year in years if date(year, 3, 1).toordinal() - date(year, 2, 1).toordinal() == 29
        ]
        assert set(leap) == set(range(7))
        assert {date(year, 12, 31).weekday() for year in years} == set(range(7))
