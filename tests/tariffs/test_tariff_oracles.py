"""Bills that other programs computed: PySAM (S01-S03), ratebook (S09), tariff-core (S10); see the reference data's README."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest

from tariffs.calendar import band_map
from tariffs.load import parse_tariff
from tariffs.rated import Determinant, RatingInputs
from tariffs.rating import rate

MONTHS = [(date(2018, month, 1), date(2018 + month // 12, month % 12 + 1, 1)) for month in range(1, 13)]
DENVER_MINUTES = -420
EXACT_ENOUGH = Decimal("0.0005")


def load_of_2018(path, scale):
    """The year's hourly import as integers [Wh], (365, 24)."""
    with path.open() as file:
        rows = [Decimal(row["load_kwh"]) * scale for row in csv.DictReader(file)]
    return np.array([int(kwh.quantize(Decimal("0.001"), ROUND_HALF_UP) * 1000) for kwh in rows]).reshape(365, 24)


def band_sums(values, bands):
    """Sum daily slots by the positions of a band map."""
    billed = bands.index >= 0
    sums = np.zeros(len(bands.combos), dtype=np.int64)
    np.add.at(sums, bands.index[billed], values[billed])
    return sums[np.newaxis, :]


def rated_window(tariff, load, first, after, *, offset, began):
    """Rate local days of an hourly load for one customer; the load's year starts over at its end."""
    midnight = timedelta(minutes=offset)
    starts, ends = (datetime(day.year, day.month, day.day, tzinfo=UTC) - midnight for day in (first, after))
    days = (after - first).days
    bands = band_map(
        tariff,
        direction="import",
        first_day=first,
        days=days,
        interval_minutes=60,
        standard_offset_minutes=offset,
        starts_at=starts,
        ends_at=ends,
    )
    rows = ((first - began).days + np.arange(days)) % len(load)
    use = Determinant(bands.combos, -3, band_sums(load[rows], bands), "kWh")
    return rate(RatingInputs(tariff, starts, ends, {"import_kwh": use}, np.array([False])))


def month_of(tariff, load, first, after):
    return rated_window(tariff, load, first, after, offset=DENVER_MINUTES, began=date(2018, 1, 1))


@pytest.fixture(scope="module")
def year(reference_data, data):
    """All twelve months of a case: expected rows and what was rated."""

    def make(case, file, scale):
        folder = reference_data / "oracles" / "tariffs"
        tariff = parse_tariff((data / file).read_text(), file)
        load = load_of_2018(folder / "loads" / "res_hourly_pv.csv", Decimal(scale))
        with (folder / "cases" / case / "expected_monthly.csv").open() as expected:
            return list(zip(csv.DictReader(expected), (month_of(tariff, load, *month) for month in MONTHS), strict=True))

    return make


CASES = [
    pytest.param("S01-flat-residential", "s01_flat.yaml", "1", id="S01 flat price"),
    pytest.param("S02-seasonal-tiers", "s02_tiers.yaml", "2.4", id="S02 seasonal tiers"),
    pytest.param("S03-tou-weekday-weekend", "s03_tou.yaml", "1", id="S03 time of use"),
]


@pytest.mark.parametrize(("case", "file", "scale"), CASES)
class TestPysamCases:
    def test_energy_and_fixed_charges_of_each_month_agree_unrounded(self, year, case, file, scale):
        for expected, rated in year(case, file, scale):
            sums = defaultdict(Decimal)
            for line in rated.lines.to_pylist():
                sums[line["kind"]] += line["amount"]
            assert abs(sums["energy"] - Decimal(expected["energy"])) < EXACT_ENOUGH
            assert sums["fixed"] == Decimal(expected["fixed"])

    def test_the_total_of_each_month_agrees_unrounded(self, year, case, file, scale):
        for expected, rated in year(case, file, scale):
            assert abs(rated.total[0].as_py() - Decimal(expected["total"])) < EXACT_ENOUGH

    def test_components_rounded_half_up_agree_to_the_cent(self, year, case, file, scale):
        cent = Decimal("0.01")
        for expected, rated in year(case, file, scale):
            sums = defaultdict(Decimal)
            for line in rated.lines.to_pylist():
                sums[line["kind"]] += line["amount"]
            total = sum(amount.quantize(cent, ROUND_HALF_UP) for amount in sums.values())
            assert total == Decimal(expected["total_lines_rounded_half_up"])


@pytest.mark.parametrize(("case", "file", "scale"), CASES)
def test_kwh_of_each_period_and_step_agree(year, reference_data, case, file, scale):
    detail = reference_data / "oracles" / "tariffs" / "cases" / case / "expected_energy_detail.csv"
    expected = defaultdict(list)
    with detail.open() as rows:
        for row in csv.DictReader(rows):
            expected[int(row["month"])].append((Decimal(row["kwh"]), Decimal(row["charge"])))
    for month, (_, rated) in enumerate(year(case, file, scale), start=1):
        lines = [line for line in rated.lines.to_pylist() if line["kind"] == "energy"]
        found = sorted((line["quantity"], line["amount"]) for line in lines)
        for (kwh, amount), (kwh_expected, amount_expected) in zip(found, sorted(expected[month]), strict=True):
            assert kwh == kwh_expected
            assert abs(amount - amount_expected) < EXACT_ENOUGH


class TestHolidaysAndMeterReadWindows:
    """S09: windows of 29 to 33 days, holidays priced as weekend; every amount is exact."""

    @pytest.fixture(scope="class")
    @classmethod
    def windows(cls, reference_data, data):
        folder = reference_data / "oracles" / "tariffs"
        tariff = parse_tariff((data / "s09_holidays.yaml").read_text(), "s09_holidays.yaml")
        load = load_of_2018(folder / "loads" / "res_hourly_pv.csv", Decimal("1.9"))
        case = folder / "cases" / "S09-holidays-and-meter-read-windows"
        with (case / "expected_bills.csv").open() as bills, (case / "expected_lines.csv").open() as lines:
            expected = list(csv.DictReader(bills))
            energy = defaultdict(list)
            for line in csv.DictReader(lines):
                energy[line["from_date"]].append((f"p{line['period']}", Decimal(line["kwh"]), Decimal(line["amount"])))
        days = [(date.fromisoformat(row["from_date"]), date.fromisoformat(row["to_date_exclusive"])) for row in expected]
        rated = [rated_window(tariff, load, *window, offset=-300, began=date(2026, 1, 1)) for window in days]
        return list(zip(expected, energy.values(), rated, strict=True))

    def test_kwh_and_amounts_of_each_period_are_exact(self, windows):
        for _, energy, rated in windows:
            lines = [line for line in rated.lines.to_pylist() if line["kind"] == "energy"]
            assert sorted((line["band"], line["quantity"], line["amount"]) for line in lines) == sorted(energy)

    def test_totals_are_exact(self, windows):
        assert [rated.total[0].as_py() for _, _, rated in windows] == [Decimal(row["total"]) for row, _, _ in windows]

    def test_totals_are_rounded_to_the_cent(self, windows):
        expected = [Decimal(row["total"]).quantize(Decimal("0.01"), ROUND_HALF_UP) for row, _, _ in windows]
        assert [rated.total_due[0].as_py() for _, _, rated in windows] == expected


class TestWesternAustralianMonth:
    """S10: a real 5-minute month with export; engine tariff-core 2026.10.1, GST by hand."""

    @pytest.fixture(scope="class")
    @classmethod
    def rated(cls, reference_data):
        folder = reference_data / "oracles" / "tariffs"
        tariff = parse_tariff((folder / "cases" / "S10-au-tou-export-gst-nem12" / "tariff.yaml").read_text(), "tariff.yaml")
        starts, ends = datetime(2023, 2, 28, 16, tzinfo=UTC), datetime(2023, 3, 31, 16, tzinfo=UTC)
        registers = {"E1": [], "B1": []}
        with (folder / "loads" / "nem12_month_solar_5min.csv").open() as file:
            for record in csv.reader(file):
                if record[0] == "200":
                    register = record[3]
                elif record[0] == "300":
                    registers[register].append([int(Decimal(kwh) * 1000) for kwh in record[2:290]])
        quantities = {}
        for name, direction, register in (("import_kwh", "import", "E1"), ("export_kwh", "export", "B1")):
            bands = band_map(
                tariff,
                direction=direction,
                first_day=date(2023, 3, 1),
                days=31,
                interval_minutes=5,
                standard_offset_minutes=480,
                starts_at=starts,
                ends_at=ends,
            )
            quantities[name] = Determinant(bands.combos, -3, band_sums(np.array(registers[register]), bands), "kWh")
        return rate(RatingInputs(tariff, starts, ends, quantities, np.array([False])))

    @pytest.fixture(scope="class")
    @classmethod
    def case(cls, reference_data):
        path = reference_data / "oracles" / "tariffs" / "cases" / "S10-au-tou-export-gst-nem12" / "case.json"
        return json.loads(path.read_text())

    def test_lines_are_exact(self, rated, reference_data):
        path = reference_data / "oracles" / "tariffs" / "cases" / "S10-au-tou-export-gst-nem12" / "expected_lines.csv"
        with path.open() as file:
            rows = list(csv.DictReader(file))
        expected = sorted((Decimal(row["amount"]) * (1 if row["cost_or_credit"] == "cost" else -1)) for row in rows)
        lines = [line for line in rated.lines.to_pylist() if line["kind"] != "tax"]
        # the engine prints eight decimals
        assert sorted(round(line["amount"], 8) for line in lines) == expected

    def test_gst_is_on_charges_after_the_discount_and_not_on_export(self, rated, case):
        assert rated.tax[0].as_py() == Decimal(case["gst_on_charges_plain"])

    def test_total_is_exact(self, rated, case):
        assert rated.total[0].as_py() == Decimal(case["total_incl_gst_plain"])

    def test_total_is_rounded_half_up_to_the_cent(self, rated):
        assert rated.total_rounded[0].as_py() == Decimal("95.14")

    def test_a_rounding_line_closes_the_bill(self, rated):
        lines = rated.bill_lines().to_pylist()
        assert lines[-1]["kind"] == "rounding"
        assert sum(line["amount_rounded"] for line in lines) == Decimal("95.14")
