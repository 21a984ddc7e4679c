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
