"""What every document of the catalogue must be: found by its name, checked, priced at every minute, and true to its source."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from schemas.errors import InputRefusedError
from tariffs.calendar import combos_at
from tariffs.catalogue.entries import entry, names
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.clock import Clock
from tariffs.holiday_calendar import kept_in

DATED = ["2024-02-29", "2025-01-01", "2025-06-15"]
"""Dates on which a year of half hours begins that every version in force then must price: a leap day among them."""
CLOCKS = {
    "au-qld-ergon-tariff-12a": ("AUD", "Australia/Brisbane"),
    "au-wa-synergy-midday-saver": ("AUD", "Australia/Perth"),
    "ca-bc-hydro-net-metering": ("CAD", "America/Vancouver"),
    "ca-on-oeb-rpp-tiered": ("CAD", "America/Toronto"),
    "ca-on-oeb-rpp-time-of-use": ("CAD", "America/Toronto"),
    "ca-qc-hydro-quebec-flex-d": ("CAD", "America/Toronto"),
    "de-malchow-netz-ns-monat": ("EUR", "Europe/Berlin"),
    "dk-spot-2024": ("DKK", "Europe/Copenhagen"),
    "es-2.0td": ("EUR", "Europe/Madrid"),
    "fj-efl-small-business": ("FJD", "Pacific/Fiji"),
    "fr-edf-tarif-bleu-base-6kva": ("EUR", "Europe/Paris"),
    "gb-ofgem-cap-electricity": ("GBP", "Europe/London"),
    "gb-ofgem-cap-gas": ("GBP", "Europe/London"),
    "us-ca-sce-tou-8-d": ("USD", "America/Los_Angeles"),
    "us-fl-fpl-gsld-1": ("USD", "America/New_York"),
    "us-ga-georgia-power-pll": ("USD", "America/New_York"),
    "us-or-pge-schedule-7": ("USD", "America/Los_Angeles"),
}
WORDS_OF_A_SOURCE = {"publisher", "title", "url", "published", "retrieved", "second_hand", "numbers"}
GST = Decimal(10)
"""The rate of Australia's goods and services tax, which price lists there include and do not spell out [%]."""
WORDS_OF_THE_NEWEST = {"country", "place", "customers", "commodity", "summary"}


def versions():
    return [
        pytest.param(name, number, id=f"{name} from {version.from_}")
        for name in names()
        for number, version in enumerate(entry(name).tariff.versions)
    ]


def words_of(source):
    """All that a source says, as one text."""
    return " ".join(words_of(each) if isinstance(each, dict) else str(each) for each in source.values())


def numbers_in(text):
    """Every number of a text; 14,999 and 0,0307 and 1,102.5 may each be meant."""
    found = set()
    for token in re.findall(r"\d[\d.,]*\d|\d", text):
        for spelled in (token.replace(",", ""), token.replace(".", "").replace(",", "."), token):
            if re.fullmatch(r"\d+(\.\d+)?", spelled):
                found.add(Decimal(spelled))
    return found


def prices_in(value):
    """Every price of a charge, however it is nested."""
    if isinstance(value, Decimal):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else ():
        yield from prices_in(each)


def test_there_are_at_least_fourteen_tariffs_of_seven_countries():
    assert len(names()) >= 14
    assert len({entry(name).source["country"] for name in names()}) >= 7


def test_names_are_sorted_and_nothing_else_is_there():
    assert list(names()) == sorted(CLOCKS)


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(InputRefusedError, match="no tariff 'us-nowhere'") as refused:
        entry("us-nowhere")
    assert refused.value.code == "catalogue.unknown"


def test_events_without_windows_are_told():
    assert {name: entry(name).open_events for name in names() if entry(name).open_events} == {
        "ca-qc-hydro-quebec-flex-d": ("peak_demand_events",)
    }


WANTED = {
    "time of use with payment for solar export": lambda tariff, version: (
        version.periods and version.export and version.export.price
    ),
    "steps": lambda tariff, version: any(getattr(charge, "tiers", None) for charge in version.charges),
    "a demand charge": lambda tariff, version: any(charge.kind == "demand" for charge in version.charges),
    "a ratchet": lambda tariff, version: version.billing_demand is not None,
    "a price series": lambda tariff, version: "'series'" in str(version.model_dump()["charges"]),
    "gas by calorific value": lambda tariff, version: version.conversion is not None,
    "contracted power": lambda tariff, version: any(charge.kind == "contracted" for charge in version.charges),
    "reactive energy": lambda tariff, version: any(charge.kind == "reactive" for charge in version.charges),
    "net metering with a true-up": lambda tariff, version: version.export and version.export.pays is not None,
    "tax inside prices": lambda tariff, version: any(getattr(charge, "inclusive", False) for charge in version.charges),
    "critical peaks": lambda tariff, version: "peak_demand_events" in tariff.events,
    "a season round New Year": lambda tariff, version: any(each.to < each.from_ for each in version.seasons.values()),
    "holidays": lambda tariff, version: tariff.holidays is not None,
    "a minimum bill": lambda tariff, version: any(charge.kind == "minimum" for charge in version.charges),
}


@pytest.mark.parametrize("what", WANTED)
def test_what_people_look_for_is_there(what):
    tariffs = [entry(name).tariff for name in names()]
    assert any(WANTED[what](tariff, version) for tariff in tariffs for version in tariff.versions)


@pytest.mark.parametrize("name", CLOCKS)
class TestDocument:
    def test_it_is_called_as_its_file_and_has_the_currency_and_clock_of_its_place(self, name):
        found = entry(name)
        assert found.tariff.tariff == found.name == name
        assert (found.tariff.currency, found.tariff.clock) == CLOCKS[name]

    def test_it_says_how_it_rounds(self, name):
        assert {"line", "total"} <= entry(name).tariff.rounding.model_fields_set

    def test_the_newest_version_says_where_and_for_whom(self, name):
        source = entry(name).source
        assert source.keys() >= WORDS_OF_THE_NEWEST
        assert source["country"] == name[:2].upper()

    @pytest.mark.parametrize("begins", DATED)
    def test_every_half_hour_of_a_year_has_one_energy_price(self, name, begins):
        tariff = entry(name).tariff
        first = max(date.fromisoformat(begins), tariff.versions[0].from_)
        days = (first, first + timedelta(days=366))
        starts_at, ends_at = (datetime.fromtimestamp(Clock(tariff.clock).midnight(day), UTC) for day in days)
        starts = np.arange(int(starts_at.timestamp()), int(ends_at.timestamp()), 1800, dtype=np.int64)
        places, combos = combos_at(tariff, direction="import", starts=starts, starts_at=starts_at, ends_at=ends_at)
        assert (places >= 0).all()
        for place in np.unique(places):
            version, band = tariff.versions[combos[place].version_index], combos[place].band
            for month in range(1, 13):
                charges = [charge for charge in version.charges if isinstance(charge, EnergyCharge) and charge.stands_in(month)]
                assert len([charge for charge in charges if not charge.by_period or band in charge.price]) == 1


@pytest.mark.parametrize(("name", "number"), versions())
class TestSource:
    def test_it_says_who_published_what_when_and_where(self, name, number):
        version = entry(name).tariff.versions[number]
        source = version.source
        assert source.keys() >= WORDS_OF_A_SOURCE
        assert re.fullmatch(r"https?://\S+", source["url"])
        assert date.fromisoformat(source["retrieved"]) >= version.from_
        assert all(source[word] for word in WORDS_OF_A_SOURCE)

    def test_every_price_stands_in_the_words_of_its_source(self, name, number):
        """In the currency or in hundredths of it; or as the sum of a rate and an adjustment."""
        tariff = entry(name).tariff
        told = numbers_in(" ".join(words_of(version.source) for version in tariff.versions))
        sums = told | {one + other for one in told for other in told}
        for charge in tariff.versions[number].charges:
            for price in prices_in(getattr(charge, "price", None)):
                assert {price, price * 100} & sums, f"{charge.id}: {price}"
            if not isinstance(charge, FixedCharge) and hasattr(charge, "percent"):
                assert abs(charge.percent) in told | {GST}, charge.id


class TestHolidays:
    def test_ontario_keeps_nine_days_one_of_them_on_the_monday_after(self):
        holidays = entry("ca-on-oeb-rpp-time-of-use").tariff.holidays
        kept = kept_in(2026, calendar=holidays.calendar, names=holidays.names, observe=holidays.observe)
        # the holiday calendar of the Ontario Electricity Financial Corporation, without Civic Holiday
        wanted = ["01-01", "02-16", "04-03", "05-18", "07-01", "09-07", "10-12", "12-25", "12-28"]
        assert {f"2026-{day}" for day in wanted} == {str(day) for day in kept} - {"2026-12-26"}

    def test_spain_keeps_nine_fixed_dates(self):
        holidays = entry("es-2.0td").tariff.holidays
        kept = kept_in(2025, calendar=holidays.calendar, names=holidays.names, observe=holidays.observe)
        weekdays = [f"{day:%m-%d}" for day in kept if day.weekday() < 5]
        # 12 October, 1 November and 6 December 2025 are Saturdays or Sundays; Good Friday (18 April) has no fixed date
        assert weekdays == ["01-01", "01-06", "05-01", "08-15", "12-08", "12-25"]
        assert len(holidays.names) == 9
