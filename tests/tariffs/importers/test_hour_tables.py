"""Tables of months and hours as rules of periods: the same hours, in few rules."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.importers.document_text import document_text
from tariffs.importers.hour_tables import HourTables, period_rules
from tariffs.load import parse_tariff
from tariffs.periods import DayClass, bands_of_day


def flat(period):
    return ((period,) * 24,) * 12


def from_to(first, last, *, inside=1, outside=0):
    """Twelve rows with a period inside some hours."""
    return (tuple(inside if first <= hour < last else outside for hour in range(24)),) * 12


def read_back(tables):
    """The tables that the rules say, read by the tariff's own calendar."""
    rules = period_rules(tables)
    charge = {"id": "energy", "kind": "energy", "price": dict.fromkeys(rules, "1")}
    version = {"from": "2020-01-01", "periods": rules, "charges": [charge]}
    document = {"tariff": "t", "currency": "USD", "clock": "+00:00", "versions": [version]}
    periods = parse_tariff(document_text(document), "t.yaml").versions[0].periods
    names = [int(name.removeprefix("p")) for name in periods]

    def table(kind):
        days = [bands_of_day(periods, DayClass(frozenset(), month, kind)) for month in range(1, 13)]
        return tuple(tuple(names[band] for band in minutes[::60]) for minutes in days)

    return HourTables(table(2), table(6))


ROWS = st.lists(st.integers(0, 4), min_size=24, max_size=24).map(tuple)
BLOCKS = st.tuples(st.integers(0, 23), st.integers(1, 24), st.integers(0, 3)).map(
    lambda block: tuple(block[2] if (hour - block[0]) % 24 < block[1] else 0 for hour in range(24))
)
TABLES = st.lists(st.one_of(ROWS, BLOCKS), min_size=12, max_size=12).map(tuple)


@settings(max_examples=40)
@given(TABLES, TABLES)
def test_any_two_tables_are_given_back(weekday, weekend):
    assert read_back(HourTables(weekday, weekend)) == HourTables(weekday, weekend)


class TestFewRules:
    def test_one_period_needs_none(self):
        assert period_rules(HourTables(flat(0), flat(0))) == {"p0": [{"else": True}]}

    def test_weekdays_and_weekends_that_agree_share_a_rule(self):
        tables = HourTables(from_to(15, 21), from_to(15, 21))
        assert period_rules(tables)["p1"] == [{"days": "all", "from": "15:00", "to": "21:00"}]

    def test_months_that_agree_share_a_rule(self):
        summer = tuple(from_to(15, 21)[0] if month in range(6, 10) else (0,) * 24 for month in range(1, 13))
        assert period_rules(HourTables(summer, flat(0)))["p1"] == [
            {"months": [6, 7, 8, 9], "days": "mon-fri", "from": "15:00", "to": "21:00"}
        ]

    def test_hours_round_midnight_are_one_rule(self):
        night = from_to(7, 22, inside=0, outside=1)
        assert period_rules(HourTables(night, flat(0)))["p1"] == [{"days": "mon-fri", "from": "22:00", "to": "07:00"}]

    def test_a_whole_day_has_no_times(self):
        assert period_rules(HourTables(flat(0), flat(1)))["p1"] == [{"days": "sat-sun"}]

    def test_months_of_whole_days_have_no_days(self):
        summer = tuple(((int(month in (6, 7)),) * 24) for month in range(1, 13))
        assert period_rules(HourTables(summer, summer))["p1"] == [{"months": [6, 7]}]

    def test_the_period_of_most_rules_takes_what_is_left(self):
        assert period_rules(HourTables(from_to(15, 21), flat(0)))["p0"] == [{"else": True}]

    def test_a_number_that_no_hour_names_is_no_period(self):
        assert list(period_rules(HourTables(flat(3), flat(1)))) == ["p1", "p3"]
