"""Bills that other programs computed, from the command line: PySAM (S01-S08, S11, S12), ratebook (S09), tariff-core (S10).

Where the numbers come from is told by the reference data's README. Tariffs: ``tests/tariffs/simulation/data``, made from
records of the U.S. Utility Rate Database (CC0).
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.tariffs.importers.case_overlays import NOT_CARRIED, overlay_of

EXACT_ENOUGH = Decimal("0.0005")
CENT = Decimal("0.01")
TARIFFS = Path(__file__).parents[2] / "tariffs" / "simulation" / "data"
PYSAM = ["S01", "S02", "S03", "S04", "S05", "S06", "S07", "S08", "S11", "S12"]
WITH_DEMAND = ["S04", "S05", "S08", "S11", "S12"]


class NotPricedError(AssertionError):
    """A case ended without a bill."""


def cases(names):
    """Each case as a parameter."""
    return pytest.mark.parametrize("name", names)


@pytest.fixture(scope="module")
def folder(reference_data: Path) -> Path:
    return reference_data / "oracles" / "tariffs"


@pytest.fixture(scope="module")
def case_folder(folder: Path) -> Callable[[str], Path]:
    def find(name: str) -> Path:
        (found,) = (folder / "cases").glob(f"{name}-*")
        return found

    return find


@pytest.fixture(scope="module")
def simulated(m2b, folder, case_folder, tmp_path_factory) -> Callable[[str], Any]:
    """The result of a PySAM case, with --json; each case runs once."""
    done: dict[str, Any] = {}

    def run(name: str) -> Any:
        if name not in done:
            case = json.loads((case_folder(name) / "case.json").read_text())
            scratch = tmp_path_factory.mktemp(name)
            load = load_of_case(folder, case["load"], scratch / "load.csv")
            options = ["--history", history_of_case(case, scratch / "history.csv")] if "year_zero_peaks_kw" in case else []
            done[name] = m2b("tariff", "simulate", "--tariff", TARIFFS / f"{name}.yaml", "--load", load, *options, "--json")
        called = done[name]
        if called.code != 0:
            raise NotPricedError(called.out)
        return called.data

    return run


def load_of_case(folder: Path, load: dict[str, Any], path: Path) -> Path:
    """A load file of a case: the whole load without generation, times its scale, rounded half up to 0.001 kWh."""
    source = folder / "loads" / f"{load['file']}.csv"
    if load.get("use_gen"):
        assert load.get("scale", "1") == "1"
        return source
    scale = Decimal(load.get("scale", "1"))
    with source.open() as rows, path.open("w") as out:
        out.write("interval_start,import_kwh\n")
        for row in csv.DictReader(rows):
            kwh = (Decimal(row["load_kwh"]) * scale).quantize(Decimal("0.001"), ROUND_HALF_UP)
            out.write(f"{row['interval_start']},{kwh}\n")
    return path


def history_of_case(case: dict[str, Any], path: Path) -> Path:
    """The peaks of the year before a case."""
    rows = [f"2017-{month:02d},{peak}" for month, peak in enumerate(case["year_zero_peaks_kw"], start=1)]
    path.write_text("\n".join(["month,peak_kw", *rows]) + "\n")
    return path


def expected_months(folder: Path) -> list[dict[str, Decimal]]:
    with (folder / "expected_monthly.csv").open() as rows:
        return [{name: Decimal(value) for name, value in row.items()} for row in csv.DictReader(rows)]


def components(period: dict[str, Any]) -> dict[str, Decimal]:
    """The exact amounts of a billing period by the components of the oracle."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for line in period["lines"]:
        name = line["kind"]
        if name == "demand":
            name = "demand_flat" if line["band"] is None else "demand_tou"
        sums[name] += Decimal(line["amount"])
    return sums


def together(sums: dict[str, Decimal]) -> list[Decimal]:
    """Components as PySAM has them: what export earned in the month is in its energy."""
    return [sums["energy"] + sums["export"], sums["demand_flat"], sums["demand_tou"], sums["fixed"], sums["minimum"]]


@cases(PYSAM)
class TestPysamCases:
    def test_there_are_the_twelve_months_of_2018(self, simulated, name):
        periods = simulated(name)["periods"]
        assert [period["period_from"] for period in periods] == [f"2018-{month:02d}-01" for month in range(1, 13)]
        assert sum(period["days"] for period in periods) == 365

    def test_components_of_each_month_agree_unrounded(self, simulated, case_folder, name):
        for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
            names = ("energy", "demand_flat", "demand_tou", "fixed", "minimum_adjustment")
            for component, found in zip(names, together(components(period)), strict=True):
                assert abs(found - expected[component]) < EXACT_ENOUGH, (period["period_from"], component)

    def test_the_total_of_each_month_agrees_unrounded(self, simulated, case_folder, name):
        for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
            assert abs(Decimal(period["total"]) - expected["total"]) < EXACT_ENOUGH
            assert Decimal(period["total_rounded"]) == Decimal(period["total"]).quantize(CENT, ROUND_HALF_UP)

    def test_components_rounded_half_up_agree_to_the_cent(self, simulated, case_folder, name):
        for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
            rounded = sum(found.quantize(CENT, ROUND_HALF_UP) for found in together(components(period)))
            assert rounded == expected["total_lines_rounded_half_up"]

    def test_the_load_of_each_month_is_told_before_any_netting(self, simulated, case_folder, name):
        for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
            assert Decimal(period["determinants"]["import_kwh"]) == expected["import_kwh"]
            assert Decimal(period["determinants"]["export_kwh"]) == expected["export_kwh"]


@cases(WITH_DEMAND)
def test_the_billing_demand_of_each_month_agrees(simulated, case_folder, name):
    for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
        assert Decimal(period["determinants"]["billing_demand_kw"]) == expected["billing_demand_kw"]


@cases(["S07"])
def test_net_billing_earns_the_credit_of_each_month(simulated, case_folder, name):
    for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
        sums = components(period)
        assert abs(sums["energy"] - expected["energy_before_credits"]) < EXACT_ENOUGH
        assert abs(-sums["export"] - expected["net_billing_credit"]) < EXACT_ENOUGH


@cases(["S06"])
def test_the_bank_is_paid_out_in_december_and_never_before(simulated, case_folder, name):
    for period, expected in zip(simulated(name)["periods"], expected_months(case_folder(name)), strict=True):
        assert abs(-components(period)["true_up"] - expected["true_up_credit"]) < EXACT_ENOUGH


@cases(["S01", "S02", "S03", "S05", "S11", "S12"])
def test_kwh_of_each_period_and_step_agree(simulated, case_folder, name):
    expected = defaultdict(list)
    with (case_folder(name) / "expected_energy_detail.csv").open() as rows:
        for row in csv.DictReader(rows):
            expected[int(row["month"])].append((Decimal(row["kwh"]), Decimal(row["charge"])))
    for month, period in enumerate(simulated(name)["periods"], start=1):
        lines = [line for line in period["lines"] if line["kind"] == "energy"]
        found = sorted((Decimal(line["quantity"]), Decimal(line["amount"])) for line in lines)
        for (kwh, amount), (kwh_expected, amount_expected) in zip(found, sorted(expected[month]), strict=True):
            assert abs(kwh - kwh_expected) < Decimal("0.000001")
            assert abs(amount - amount_expected) < EXACT_ENOUGH


class TestHolidaysAndMeterReadWindows:
    """S09: windows of 29 to 33 days, holidays priced as weekend; every amount is exact."""

    @pytest.fixture(scope="class")
    @classmethod
    def case(cls, case_folder) -> Path:
        return case_folder("S09")

    @pytest.fixture(scope="class")
    @classmethod
    def periods(cls, m2b, folder, case, tmp_path_factory):
        scratch, told = tmp_path_factory.mktemp("S09"), json.loads((case / "case.json").read_text())
        reads = told["meter_reads"]
        windows = [f"{first},{after}" for first, after in pairwise(reads)]
        (scratch / "periods.csv").write_text("\n".join(["period_from,period_to", *windows]) + "\n")
        called = m2b(
            "tariff", "simulate", "--tariff", TARIFFS / "S09.yaml", "--load", cls._load(folder, scratch / "load.csv"),
            "--periods", scratch / "periods.csv", "--json",
        )  # fmt: skip
        assert called.code == 0, called.out
        return called.data["periods"]

    @staticmethod
    def _load(folder: Path, path: Path) -> Path:
        """The year's kWh times 1.9 on the hours from 1 January 2026, then from its start again: no daylight saving."""
        with (folder / "loads" / "res_hourly_pv.csv").open() as rows:
            kwh = [
                (Decimal(row["load_kwh"]) * Decimal("1.9")).quantize(Decimal("0.001"), ROUND_HALF_UP)
                for row in csv.DictReader(rows)
            ]
        began = datetime(2026, 1, 1)  # noqa: DTZ001 - the offset is written beside it
        hours = [f"{(began + timedelta(hours=n)).isoformat()}-05:00,{kwh[n % 8760]}" for n in range(372 * 24)]
        path.write_text("\n".join(["interval_start,import_kwh", *hours]) + "\n")
        return path

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, case):
        with (case / "expected_bills.csv").open() as rows:
            return list(csv.DictReader(rows))

    def test_windows_are_those_between_meter_reads(self, periods, expected):
        windows = [(row["from_date"], row["to_date_exclusive"], int(row["days"])) for row in expected]
        assert [(period["period_from"], period["period_to"], period["days"]) for period in periods] == windows

    def test_kwh_and_amounts_of_each_period_are_exact(self, periods, case):
        expected = defaultdict(list)
        with (case / "expected_lines.csv").open() as rows:
            for row in csv.DictReader(rows):
                expected[row["from_date"]].append((f"p{row['period']}", Decimal(row["kwh"]), Decimal(row["amount"])))
        for period in periods:
            lines = [line for line in period["lines"] if line["kind"] == "energy"]
            found = [(line["band"], Decimal(line["quantity"]), Decimal(line["amount"])) for line in lines]
            assert sorted(found) == sorted(expected[period["period_from"]])

    def test_totals_are_exact(self, periods, expected):
        assert [Decimal(period["total"]) for period in periods] == [Decimal(row["total"]) for row in expected]

    def test_lines_rounded_each_on_its_own_make_the_total(self, periods, expected):
        totals = [Decimal(row["total_lines_rounded_half_up"]) for row in expected]
        assert [Decimal(period["total_rounded"]) for period in periods] == totals


class TestWesternAustralianMonth:
    """S10: a real 5-minute month with export, stamps of interval ends turned into starts; GST by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def case(cls, case_folder) -> Path:
        return case_folder("S10")

    @pytest.fixture(scope="class")
    @classmethod
    def period(cls, m2b, folder, case, tmp_path_factory):
        load = cls._load(folder, tmp_path_factory.mktemp("S10") / "load.csv")
        called = m2b("tariff", "simulate", "--tariff", case / "tariff.yaml", "--load", load, "--json")
        assert called.code == 0, called.out
        (period,) = called.data["periods"]
        return period

    @staticmethod
    def _load(folder: Path, path: Path) -> Path:
        registers: dict[str, list[str]] = {"E1": [], "B1": []}
        with (folder / "loads" / "nem12_month_solar_5min.csv").open() as rows:
            for record in csv.reader(rows):
                if record[0] == "200":
                    register = record[3]
                elif record[0] == "300":
                    registers[register] += record[2:290]
        began = datetime(2023, 3, 1)  # noqa: DTZ001 - the offset is written beside it
        lines = [
            f"{(began + timedelta(minutes=5 * n)).isoformat()}+08:00,{taken},{fed}"
            for n, (taken, fed) in enumerate(zip(registers["E1"], registers["B1"], strict=True))
        ]
        path.write_text("\n".join(["interval_start,import_kwh,export_kwh", *lines]) + "\n")
        return path

    def test_lines_are_exact(self, period, case):
        with (case / "expected_lines.csv").open() as rows:
            signed = [("-" if row["cost_or_credit"] == "credit" else "") + row["amount"] for row in csv.DictReader(rows)]
        # the engine prints eight decimals
        assert sorted(round(Decimal(line["amount"]), 8) for line in period["lines"] if line["kind"] != "tax") == sorted(
            map(Decimal, signed)
        )

    def test_gst_is_on_charges_after_the_discount_and_not_on_export(self, period, case):
        (tax,) = (line for line in period["lines"] if line["kind"] == "tax")
        assert tax["amount"] == json.loads((case / "case.json").read_text())["gst_on_charges_plain"]

    def test_the_total_is_exact_and_rounded_to_the_cent(self, period, case):
        told = json.loads((case / "case.json").read_text())
        assert (period["total"], period["total_rounded"]) == (told["total_incl_gst_plain"], told["total_incl_gst_cents_half_up"])


@cases(PYSAM)
def test_the_rate_imported_with_its_overlay_makes_the_same_bills(m2b, folder, case_folder, simulated, tmp_path, name):
    case = json.loads((case_folder(name) / "case.json").read_text())
    overlay, tariff = tmp_path / "overlay.yaml", tmp_path / "tariff.yaml"
    load = load_of_case(folder, case["load"], tmp_path / "load.csv")
    offset = load.read_text().splitlines()[1].split(",")[0][-6:]
    overlay.write_text(overlay_of(case).replace('clock: "-07:00"', f'clock: "{offset}"'))
    left_out = [part for field in (*NOT_CARRIED, *case.get("drop", ())) for part in ("--without", field)]
    record = folder / "urdb" / f"{case['tariff']}.json"
    imported = m2b("tariff", "import", record, "--to", tariff, "--overlay", overlay, *left_out, "--json")
    assert imported.code == 0, imported.out
    options = ["--tariff-version", "latest"]
    options += ["--history", history_of_case(case, tmp_path / "history.csv")] if "year_zero_peaks_kw" in case else []
    called = m2b("tariff", "simulate", "--tariff", tariff, "--load", load, *options, "--json")
    assert called.code == 0, called.out
    found = [Decimal(period["total"]) for period in called.data["periods"]]
    assert found == [Decimal(period["total"]) for period in simulated(name)["periods"]]
