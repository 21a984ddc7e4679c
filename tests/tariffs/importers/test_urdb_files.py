"""Ninety real rates of the Utility Rate Database: each imports with all its prices and hours, or is refused by a field."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from schemas.errors import TariffError
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.importers.carried_fields import Fate
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tariffs.load import parse_tariff
from tariffs.periods import DayClass, bands_of_day

CHARGES = {
    "basic, energy": """
        ameren-mo-1m-smart-saver-tou
        aps-r-tou-e
        bge-schedule-r-residential
        bge-schedule-rd-tou
        comed-bes-residential-single-family
        coned-sc-1-tod-rate-iii-nyc
        dominion-va-schedule-1t
        dte-d1-2-residential-time-of-day
        duke-carolinas-rs
        entergy-la-rs
        entergy-tx-rs-tod
        eversource-ct-rate-1
        eversource-ct-rate-7-tou
        georgia-power-tou-oa-14
        idaho-power-schedule-5-tou
        ladwp-r1b-tou
        national-grid-ma-r1
        national-grid-ma-r4-tou
        national-grid-ny-sc1-zone-a
        national-grid-ny-sc1c-tou-zone-a
        nevada-power-ors-tou
        nevada-power-rs
        pacificorp-ut-schedule-1-tou
        peco-rate-r-residential
        peco-rate-r-tou
        pepco-dc-schedule-rtm-tou
        pge-ev2-a
        ppl-rs-residential-service
        pseg-rs-tou-3p
        sce-tou-d-4-9pm
        sce-tou-d-prime
        sdge-ev-tou-5
        srp-e-23-basic
        srp-e-26-tou
        urdb-539f6a0aec4f024411ec8acd
        urdb-539f6a23ec4f024411ec8be1
        urdb-539f6a33ec4f024411ec8c45
        urdb-69e65026bc32447e430e25a9
        we-energies-rg1-residential
        we-energies-rg2-tou-option-a
        xcel-nsp-mn-a01-residential-standard
        xcel-nsp-mn-a02-tod-standard
        xcel-psco-re-tou
        xcel-psco-schedule-r-residential
    """,
    "basic, energy/2": """
        dominion-va-schedule-1
        pacificorp-ut-schedule-1
        pepco-dc-schedule-r-residential
        pge-or-rate-7-tou
        pge-or-rate-7
        pseg-rs-residential-service
        tampa-electric-rs
        urdb-539f6a0aec4f024411ec8ad1
        urdb-539f6abbec4f024411ec9349
    """,
    "basic, energy_1/2, energy_2": """
        ameren-mo-1m-residential-anytime
        consumers-rsm-residential-service
        el-paso-electric-residential-service
    """,
    "basic, energy/2, minimum": """
        duke-florida-rs-1
        fpl-rs-1
        fpl-rtr-1
    """,
    "basic, energy, demand_flat, demand_tou": """
        los-angeles-department-o--subtransmission-service-a-3-a
        pacific-gas-electric--e-19-medium-general-demand-tou-secondary
        southern-california-edis--time-of-use-general-service-demand-meter
    """,
    "basic, energy_1, energy_2/2": """
        coned-sc-1-residential-nyc
        entergy-tx-rs
    """,
    "basic, energy, demand_tou": """
        entergy-arkansas-inc-ark--large-power-service-time-of-use-pst
        florida-power-light--gsldt-1-general-service-large-demand-tim
    """,
    "basic, energy/3": """
        idaho-power-schedule-1
        x-synthetic-tou-tiers
    """,
    "basic, energy_1/3 a day, energy_2/3 a day": """
        pge-e-1
        sce-domestic-d
    """,
    "basic, energy_1/2 a day, energy_2/2 a day": """
        pge-e-tou-c
        sdge-tou-dr-1
    """,
    "basic, energy_1/2, energy_2/2": """
        alabama-power-family-dwelling
    """,
    "basic, energy, demand_flat_p0, demand_flat_p1, demand_tou": """
        consolidated-edison--sc-9-general-large-voluntary-tod-service
    """,
    "basic, energy/2 a day": """
        dte-d1-residential-full-service
    """,
    "basic, energy, minimum": """
        duke-florida-rst-1
    """,
    "basic, energy, demand_flat, minimum": """
        florida-power-light--gsld-1-general-service-large-demand
    """,
    "basic, energy/7": """
        georgia-power-pll-hours-use
    """,
    "basic, energy_1, energy_2/3": """
        georgia-power-r-30
    """,
    "energy/3, minimum": """
        ladwp-r1a
    """,
    "basic, energy, demand_flat_p0, demand_flat_p1": """
        public-service--residential-demand-service-schedule-rd
    """,
    "energy_1/2 a day, energy_2/2 a day, minimum": """
        sdge-dr
    """,
    "energy/2, demand_flat_p0, demand_flat_p1": """
        south-central-public-pwr--rate-scheduel-lp1-large-power-service
    """,
    "basic, energy_1/3, energy_2": """
        urdb-539f6a0aec4f024411ec8acb
    """,
}
"""The charges of a file by id; a slash tells the steps of its ladder, and whether its limits hold a day."""

REFUSED = {
    "consumers-rsp-summer-on-peak": ["sell"],
    "pacific-gas-electric--bev-2-s-business-electric-vehicle-second": ["demandreactivepowercharge"],
    "peco-energy--gs-ht-high-tension-power-procurement-3": ["coincidentratestructure", "sell"],
    "smud-residential-r": ["sell"],
    "southern-california-edis--time-of-use-general-service-large-tou-8": ["demandreactivepowercharge"],
    "virginia-electric-power--gs-3-large-general-service-secondary-vol": ["demandreactivepowercharge"],
}
IMPORTED = {name: charges for charges, names in CHARGES.items() for name in names.split()}
NAMES = sorted({*IMPORTED, *REFUSED})


@pytest.fixture(scope="session")
def content_of(reference_data):
    return lambda name: (reference_data / "oracles/tariffs/urdb" / f"{name}.json").read_bytes()


@pytest.fixture(scope="session")
def made_of(content_of):
    """The import of a file without the fields that cannot be carried, each made once."""
    made = {}

    def make(name):
        if name not in made:
            options = ImportOptions(f"{name}.json", frozenset(REFUSED.get(name, ())))
            made[name] = import_tariff(content_of(name), options, imported_on=date(2026, 7, 30))
        return made[name]

    return make


@pytest.fixture(scope="session")
def record_of(content_of):
    """The record, read without our own code; numbers by their digits."""

    def read(name):
        found = json.loads(content_of(name), parse_float=Decimal, parse_int=Decimal)
        return found["items"][0] if "items" in found else found

    return read


def named(charge):
    tiers = charge.tiers if isinstance(charge, EnergyCharge) else None
    return charge.id + (f"/{tiers.steps}{' a day' if tiers.per == 'day' else ''}" if tiers else "")


def hours_of(periods):
    """Which period each hour of a month's weekday and weekend has; every minute of an hour has the same."""
    names = list(periods)
    table = {}
    for kind in range(7):
        for month in range(1, 13):
            minutes = bands_of_day(periods, DayClass(frozenset(), month, kind)).reshape(24, 60)
            assert (minutes == minutes[:, :1]).all()
            table[month, kind] = [names[position] for position in minutes[:, 0]]
    return table


def wanted_hours(weekday, weekend):
    return {
        (month, kind): [f"p{period}" for period in (weekday if kind < 5 else weekend)[month - 1]]
        for kind in range(7)
        for month in range(1, 13)
    }


def prices_of(charges):
    """The price of each step, by period."""
    return {band: charge.prices(band) for charge in charges for band in charge.price}


def test_every_file_is_in_the_table(reference_data):
    files = (reference_data / "oracles/tariffs/urdb").glob("*.json")
    assert sorted(path.stem for path in files) == NAMES
    assert Counter(name in REFUSED for name in NAMES) == {False: 84, True: 6}


@pytest.mark.parametrize("name", sorted(IMPORTED))
def test_the_file_imports_with_these_charges(name, made_of, record_property):
    record_property("real_file", f"urdb/{name}")
    made = made_of(name)
    assert ", ".join(named(charge) for charge in made.tariff.versions[0].charges) == IMPORTED[name]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_the_file_is_refused_by_the_first_field_and_all_are_named(name, content_of, record_property):
    record_property("real_file", f"urdb/{name}")
    with pytest.raises(TariffError) as refused:
        import_tariff(content_of(name), ImportOptions(name), imported_on=date(2026, 7, 30))
    error = refused.value
    assert (error.code, error.where) == ("import.unsupported", REFUSED[name][0])
    assert [line.partition(":")[0] for line in error.message.splitlines()] == REFUSED[name]
    assert f"--without {error.where}" in error.hint


@pytest.mark.parametrize("name", NAMES)
class TestWhatIsWritten:
    def test_the_text_is_the_tariff(self, name, made_of):
        assert parse_tariff(made_of(name).text, "t.yaml") == made_of(name).tariff

    def test_every_field_is_told_once(self, name, made_of, record_of):
        told = [each.field for each in made_of(name).fields]
        assert sorted(told) == sorted({*record_of(name), *REFUSED.get(name, ())})

    def test_nothing_is_left_out_that_was_not_asked_for(self, name, made_of):
        assert {each.field for each in made_of(name).fields if each.fate is Fate.LEFT_OUT} == set(REFUSED.get(name, ()))

    def test_the_periods_give_back_the_tables_of_energy(self, name, made_of, record_of):
        record = record_of(name)
        wanted = wanted_hours(record["energyweekdayschedule"], record["energyweekendschedule"])
        assert hours_of(made_of(name).tariff.versions[0].periods) == wanted

    def test_the_periods_give_back_the_tables_of_demand(self, name, made_of, record_of):
        record, version = record_of(name), made_of(name).tariff.versions[0]
        demands = [charge for charge in version.charges if isinstance(charge, DemandCharge) and charge.by_period]
        assert bool(demands) == any(tier.get("rate") for period in record.get("demandratestructure", ()) for tier in period)
        for charge in demands:
            wanted = wanted_hours(record["demandweekdayschedule"], record["demandweekendschedule"])
            assert hours_of(version.periods_for(charge.calendar)) == wanted

    def test_every_price_of_energy_is_rate_and_adjustment(self, name, made_of, record_of):
        record, version = record_of(name), made_of(name).tariff.versions[0]
        used = {int(p) for t in ("energyweekdayschedule", "energyweekendschedule") for row in record[t] for p in row}
        wanted = {}
        for period in used:
            tiers = record["energyratestructure"][period]
            # a row in kWh/kW before rows in kWh is the width of a block
            widths = {n for n, (a, b) in enumerate(pairwise(tiers)) if (a["unit"], b["unit"]) == ("kWh/kW", "kWh")}
            wanted[f"p{period}"] = tuple(t["rate"] + t.get("adj", 0) for n, t in enumerate(tiers) if n not in widths)
        assert prices_of(charge for charge in version.charges if isinstance(charge, EnergyCharge)) == wanted

    def test_every_price_of_demand_is_rate_and_adjustment(self, name, made_of, record_of):
        record, version = record_of(name), made_of(name).tariff.versions[0]
        demands = [charge for charge in version.charges if isinstance(charge, DemandCharge)]
        by_month = {}
        for charge in demands:
            if not charge.by_period:
                by_month |= dict.fromkeys(charge.months or range(1, 13), charge.prices(None))
        flat = record.get("flatdemandstructure")
        totals = [
            [tuple(t["rate"] + t.get("adj", 0) for t in p) for p in record[key]] if record.get(key) else []
            for key in ("flatdemandstructure", "demandratestructure")
        ]
        assert by_month == ({m: totals[0][int(p)] for m, p in enumerate(record["flatdemandmonths"], start=1)} if flat else {})
        wanted = {f"p{n}": prices for n, prices in enumerate(totals[1]) if any(prices)}
        assert prices_of(charge for charge in demands if charge.by_period) == wanted

    def test_a_period_needs_few_rules(self, name, made_of):
        periods = made_of(name).tariff.versions[0].periods
        assert max(len(rules) for rules in periods.values()) <= 6


class TestLimits:
    def test_of_a_day_and_of_the_month(self, made_of):
        charges = {charge.id: charge.tiers for charge in made_of("pge-e-1").tariff.versions[0].charges if charge.kind == "energy"}
        assert {each.limits for each in charges.values()} == {(Decimal(11), Decimal(44)), (Decimal("13.5"), Decimal(54))}
        (dominion,) = [
            charge for charge in made_of("dominion-va-schedule-1").tariff.versions[0].charges if charge.kind == "energy"
        ]
        assert (dominion.tiers.limits, dominion.tiers.per, dominion.tiers.prorate) == ((Decimal(800),), "month", "none")

    def test_of_hours_use_with_steps_inside_the_first_block(self, made_of):
        (charge,) = [each for each in made_of("georgia-power-pll-hours-use").tariff.versions[0].charges if each.kind == "energy"]
        blocks = [(block.kwh_per_kw, block.limits) for block in charge.tiers.blocks]
        steps = tuple(map(Decimal, (3000, 10000, 200000)))
        assert blocks == [(Decimal(200), steps), (Decimal(400), None), (Decimal(600), None), (None, None)]

    def test_of_demand(self, made_of):
        charges = made_of("south-central-public-pwr--rate-scheduel-lp1-large-power-service").tariff.versions[0].charges
        demands = {
            charge.id: (charge.months, charge.prices(None), charge.tiers.limits) for charge in charges if charge.kind == "demand"
        }
        assert demands == {
            "demand_flat_p0": ((1, 2, 3, 4, 5, 10, 11, 12), (Decimal("13.5"), Decimal("12.1")), (Decimal(100),)),
            "demand_flat_p1": ((6, 7, 8, 9), (Decimal("16.3"), Decimal("14.9")), (Decimal(100),)),
        }
