"""The rates of the oracle cases with the overlays that the cases need: each becomes a tariff that says what the case says."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal

import pytest

from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import import_tariff

PYSAM = """\
clock: "-07:00"
rounding: {line: none, total: {places: 2, mode: half_up}}
charges:
  energy: {tiers: {scope: all_periods, fill: pro_rata}}
  fixed: {days: nominal_month}
"""
RATEBOOK = """\
clock: "-05:00"
rounding: {line: {places: 2, mode: half_up}, total: sum_of_lines}
charges: {energy: {tiers: {scope: each_period}}}
"""
NOT_CARRIED = ("demandreactivepowercharge",)
"""What the rates of the cases have and the engines leave out, beside the fields that a case names."""


def overlay_of(case):
    """The overlay that says what a case's options say."""
    options = case.get("options", {})
    text = RATEBOOK if "meter_reads" in case else PYSAM
    if "ratchet" in options:
        ratchet = options["ratchet"]
        months = [month for month, actual in enumerate(ratchet["actual_by_month"], start=1) if actual]
        percent = json.dumps([str(each) for each in ratchet["percent_by_month"]])
        text += (
            f"billing_demand: {{percent_by_month: {percent}, months: {ratchet['lookback_months']}, "
            f'minimum: "{ratchet["minimum_kw"]}", at_least_actual: {months}}}\n'
        )
    if options.get("metering") == "nem_kwh":
        text += f'export: {{mode: nem_kwh, true_up: {options["true_up_month"]}, pays: "{options["true_up_rate"]}"}}\n'
    if options.get("metering") == "net_billing":
        prices = ", ".join(f'p{period}: "{price}"' for period, price in options["sell"]["by_period"].items())
        text += f"export: {{mode: net_billing, price: {{{prices}}}}}\n"
    return text


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
