from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipelines.bill.in_force import SeriesSpan, asked_of
from schemas.errors import TariffError
from tariffs.load import parse_tariff

TEXT = """\
tariff: changing
currency: AUD
clock: Australia/Brisbane
versions:
- from: 2020-01-01
  charges: [{id: usage, kind: energy, price: "0.3"}]
- from: 2026-03-11
  charges:
  - {id: usage, kind: energy, price: {series: day_ahead, per: MWh}}
  - {id: power, kind: contracted, price: "2", per: month}
  - {id: help, kind: fixed, price: "-5", per: month, only_for: low_income}
- from: 2026-06-01
  charges: [{id: power, kind: demand, price: "2"}, {id: in, kind: fee, price: "45", when: start}]
  billing_demand: {percent: "75", months: 11}
"""


@pytest.fixture(scope="module")
def asked():
    tariff = parse_tariff(TEXT, "changing")

    def ask(first, last):
        starts_at, ends_at = (datetime(2026, *day, tzinfo=UTC).replace(hour=14) for day in (first, last))
        return asked_of(tariff, starts_at=starts_at, ends_at=ends_at)

    return ask


def seconds(*day):
    return int(datetime(2026, *day, 14, tzinfo=UTC).timestamp())


def test_a_period_asks_for_what_its_own_version_does(asked):
    before = asked((1, 31), (2, 28))
    assert (before.intervals, before.state, before.facts, before.options, before.series) == (False, False, (), (), ())


def test_what_a_later_version_asks_for_is_asked_from_its_first_day_on(asked):
    march = asked((2, 28), (3, 31))
    assert march.series == (SeriesSpan(seconds(3, 10), seconds(3, 31), ("day_ahead",)),)
    assert (march.facts, march.options) == (("contracted_kw",), ("low_income",))


def test_what_an_earlier_version_asked_for_is_asked_no_more(asked):
    june = asked((5, 31), (6, 30))
    assert (june.intervals, june.state, june.borders, june.facts, june.series) == (True, True, True, (), ())


def test_before_the_first_version_nothing_can_be_asked(asked):
    tariff = parse_tariff(TEXT, "changing")
    with pytest.raises(TariffError) as caught:
        asked_of(tariff, starts_at=datetime(2019, 1, 1, tzinfo=UTC), ends_at=datetime(2019, 2, 1, tzinfo=UTC))
    assert caught.value.code == "tariff.no_version"


class TestOfOneAgreement:
    """What only charges need that are for others, or that do not stand in the month, is not asked."""

    TEXT = """\
tariff: several
currency: AUD
clock: Australia/Brisbane
versions:
- from: 2020-01-01
  charges:
  - {id: usage, kind: energy, price: "0.3"}
  - {id: spot, kind: rider, price: {series: spot}, only_for: dynamic}
  - {id: power, kind: contracted, price: "2", per: month, months: [7]}
  - {id: peak, kind: demand, price: "2", ratchet: {percent: "80", months: 11}, months: [7], only_for: large}
  - {id: in, kind: fee, price: "45", when: start, only_for: dynamic}
"""

    def ask(self, **more):
        span = {"starts_at": datetime(2026, 2, 28, 14, tzinfo=UTC), "ends_at": datetime(2026, 3, 31, 14, tzinfo=UTC)}
        return asked_of(parse_tariff(self.TEXT, "several"), **span, **more)

    def test_of_everybody_all_is_asked(self):
        every = self.ask()
        assert (every.intervals, every.state, every.facts, every.borders) == (True, True, ("contracted_kw",), True)
        assert [span.names for span in every.series] == [("spot",)]

    def test_who_has_no_option_is_asked_for_what_stands_for_all(self):
        nobody = self.ask(options=frozenset())
        assert (nobody.intervals, nobody.state, nobody.borders, nobody.series) == (False, False, False, ())

    def test_the_words_that_matter_are_known_whoever_asks(self):
        assert self.ask(options=frozenset()).options == self.ask().options == ("dynamic", "large")

    def test_a_month_without_the_charge_asks_for_no_fact(self):
        assert (self.ask(month=3).facts, self.ask(month=7).facts) == ((), ("contracted_kw",))

    def test_a_ratchet_goes_on_in_months_without_its_charge(self):
        assert self.ask(options=frozenset({"large"}), month=3).state
