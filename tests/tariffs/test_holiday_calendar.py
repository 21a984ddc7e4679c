from __future__ import annotations

from datetime import date

import pytest

from tariffs.holiday_calendar import is_calendar, kept_in, names_of

# dates of 2026 from the United States Office of Personnel Management's list; the day after Thanksgiving is a utility's own
US_2026 = {
    "new_years_day": "2026-01-01",
    "mlk_day": "2026-01-19",
    "washingtons_birthday": "2026-02-16",
    "memorial_day": "2026-05-25",
    "juneteenth": "2026-06-19",
    "independence_day": "2026-07-04",
    "labor_day": "2026-09-07",
    "columbus_day": "2026-10-12",
    "veterans_day": "2026-11-11",
    "thanksgiving": "2026-11-26",
    "day_after_thanksgiving": "2026-11-27",
    "christmas": "2026-12-25",
}


def kept(year, **rule):
    return [str(day) for day in kept_in(year, **{"calendar": "US-OR", "names": (), "observe": "none"} | rule)]


@pytest.mark.parametrize(("name", "day"), US_2026.items())
def test_named_holidays_of_the_united_states_fall_on_their_days(name, day):
    assert kept(2026, names=(name,)) == [day]


@pytest.mark.parametrize("name", US_2026)
def test_a_name_is_good_in_every_state(name):
    assert name in names_of("US-CA", "none")


class TestObserve:
    @pytest.mark.parametrize(
        ("year", "expected"),
        [
            pytest.param(2026, ["2026-07-04"], id="on a Saturday"),
            pytest.param(2027, ["2027-07-04", "2027-07-05"], id="on a Sunday, Monday as well"),
            pytest.param(2028, ["2028-07-04"], id="on a Tuesday"),
        ],
    )
    def test_sunday_to_monday(self, year, expected):
        assert kept(year, names=("independence_day",), observe="sunday_to_monday") == expected

    def test_none_keeps_the_day_itself(self):
        assert kept(2027, names=("independence_day",)) == ["2027-07-04"]

    def test_calendar_adds_the_substitute_days_of_the_law(self):
        # Boxing Day 2026 is a Saturday; New South Wales gives Monday 28 December
        days = kept(2026, calendar="AU-NSW", names=("boxing_day",), observe="calendar")
        assert days == ["2026-12-26", "2026-12-28"]


def test_a_region_has_its_own_days():
    bavaria, berlin = (kept_in(2026, calendar=name, names=(), observe="none") for name in ("DE-BY", "DE-BE"))
    assert date(2026, 1, 6) in bavaria
    assert date(2026, 1, 6) not in berlin


@pytest.mark.parametrize(("name", "known"), [("US", True), ("DE-BY", True), ("DE-XX", False), ("XX", False), ("us-or", False)])
def test_calendars_are_known_by_country_and_region(name, known):
    assert is_calendar(name) is known
