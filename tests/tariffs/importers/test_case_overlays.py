"""The rates of the oracle cases with the overlays that the cases need: each becomes a tariff that says what the case says."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff
from tests.tariffs.importers.case_overlays import NOT_CARRIED, overlay_of


@pytest.fixture(scope="session")
def tariff_of_case(reference_data):
    def make(number):
        (folder,) = (reference_data / "oracles/tariffs/cases").glob(f"{number}-*")
        case = json.loads((folder / "case.json").read_text())
        content = (reference_data / "oracles/tariffs/urdb" / f"{case['tariff']}.json").read_bytes()
        options = ImportOptions(f"{case['tariff']}.json", frozenset((*NOT_CARRIED, *case.get("drop", ()))))
        return import_tariff(content, options, imported_on=date(2026, 7, 30), overlay=overlay_of(case)).tariff

    return make


CASES = [
    ("S01", ["basic", "energy"]),
    ("S02", ["basic", "energy"]),
    ("S03", ["basic", "energy"]),
    ("S04", ["basic", "energy", "demand_flat", "demand_tou"]),
    ("S05", ["basic", "energy"]),
    ("S06", ["basic", "energy"]),
    ("S07", ["energy"]),
    ("S08", ["basic", "energy", "demand_flat", "minimum"]),
    ("S09", ["basic", "energy"]),
    ("S11", ["basic", "energy"]),
    ("S12", ["basic", "energy"]),
]


@pytest.mark.parametrize(("number", "charges"), CASES)
def test_the_rate_of_the_case_imports(number, charges, tariff_of_case):
    assert [charge.id for charge in tariff_of_case(number).versions[0].charges] == charges


def test_every_case_of_a_rate_of_the_database_is_in_the_table(reference_data):
    cases = (reference_data / "oracles/tariffs/cases").glob("*/case.json")
    with_rates = sorted(path.parent.name[:3] for path in cases if "tariff" in json.loads(path.read_text()))
    assert with_rates == [number for number, _ in CASES]


def test_the_ratchet_of_a_case(tariff_of_case):
    ratchet = tariff_of_case("S05").versions[0].billing_demand
    assert ratchet.percent_by_month == tuple(map(Decimal, (60, 60, 60, 60, 60, 95, 95, 95, 95, 60, 60, 60)))
    assert (ratchet.months, ratchet.minimum, ratchet.at_least_actual) == (11, Decimal(100), (6, 7, 8, 9))
    assert tariff_of_case("S11").versions[0].billing_demand is None


def test_the_export_of_the_cases(tariff_of_case):
    netting, billing = (tariff_of_case(number).versions[0].export for number in ("S06", "S07"))
    assert (netting.mode, netting.true_up, netting.pays) == ("nem_kwh", 12, Decimal("0.03"))
    assert billing.price["p3"] == Decimal("0.071")
    assert list(billing.price) == list(tariff_of_case("S07").versions[0].periods)


def test_the_holidays_of_a_case(tariff_of_case):
    assert tariff_of_case("S09").holidays.names[-1] == "christmas"
    assert tariff_of_case("S07").holidays is None
