"""Bills of real loads against bills that other programs computed: tariff-core (S10) and PySAM (S01-S03)."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tests.scenarios.stage import Stage

CENT = Decimal("0.01")
EXACT_ENOUGH = Decimal("0.0005")
"""PySAM prints six decimals of a sum of products; the oracles' README compares at this distance."""
TARIFFS = Path(__file__).parents[1] / "tariffs" / "data"


def write_table(folder: Path, name: str, *rows: str) -> Path:
    path = folder / f"{name}.csv"
    path.write_text("\n".join([*rows, ""]), "utf-8")
    return path


def write_master_data(folder: Path, zone: str, currency: str, points: Mapping[str, tuple[str, str]]) -> list[Path]:
    """Write master data of some homes: service point to meter and tariff; the channels are E1 and B1."""
    rows = {
        "service_points": ["service_point_id,zone,commodity,billing_basis"],
        "meters": ["meter_id,service_point_id,installed_from"],
        "agreements": ["agreement_id,account_id,service_point_id,role,tariff_id,valid_from"],
        "accounts": ["account_id,customer_id,currency", f"C1,P1,{currency}"],
    }
    for point, (meter, tariff) in sorted(points.items()):
        rows["service_points"].append(f"{point},{zone},electricity,interval")
        rows["meters"].append(f"{meter},{point},2015-01-01")
        rows["agreements"].append(f"A-{point},C1,{point},supply,{tariff},2015-01-01")
    return [write_table(folder, name, *lines) for name, lines in rows.items()]


class TestWesternAustralianMonth:
    """S10: a real month of 5-minute import and export, time of use, feed-in, discount and GST; exact to the last decimal."""

    @pytest.fixture(scope="class")
    @classmethod
    def case(cls, reference_data):
        return reference_data / "oracles" / "tariffs" / "cases" / "S10-au-tou-export-gst-nem12"

    @pytest.fixture(scope="class")
    @classmethod
    def billed(cls, reference_data, case, tmp_path_factory):
        folder = tmp_path_factory.mktemp("s10")
        stage = Stage.at(folder / "store", zone="Australia/Perth", currency="AUD")
        points = {"NMI1234567": ("SERNO1234", "wa-tou-with-feed-in")}
        stage.load(*write_master_data(folder, "Australia/Perth", "AUD", points), case / "tariff.yaml")
        file = reference_data / "real_data" / "nem12" / "Example_NEM12_month_solar.csv"
        stage.run([file], month="2023-03", as_at=date(2023, 4, 10))
        return stage

    @pytest.fixture(scope="class")
    @classmethod
    def lines(cls, billed):
        return billed.query("SELECT * FROM charge_lines ORDER BY line_no")

    def test_charges_and_credits_are_those_of_the_case(self, lines, case):
        with (case / "expected_lines.csv").open() as file:
            rows = list(csv.DictReader(file))
        expected = sorted(Decimal(row["amount"]) * (1 if row["cost_or_credit"] == "cost" else -1) for row in rows)
        found = [line["amount"] for line in lines if line["kind"] not in ("tax", "rounding")]
        # the engine prints eight decimals
        assert sorted(round(amount, 8) for amount in found) == expected

    def test_kwh_of_each_period_are_those_of_the_case(self, lines, case):
        with (case / "expected_lines.csv").open() as file:
            expected = sorted(Decimal(row["quantity"]) for row in csv.DictReader(file) if row["direction"])
        assert sorted(line["quantity"] for line in lines if line["unit"] == "kWh") == expected

    def test_tax_is_exact(self, billed, case):
        expected = Decimal(json.loads((case / "case.json").read_text("utf-8"))["gst_on_charges_plain"])
        assert billed.query("SELECT tax FROM bills") == [{"tax": expected}]
        assert expected == Decimal("10.3310661737")

    def test_total_is_in_cents(self, billed):
        assert billed.query("SELECT total, currency, document_type FROM bills") == [
            {"total": Decimal("95.14"), "currency": "AUD", "document_type": "invoice"}
        ]

    def test_a_rounding_line_closes_the_difference(self, lines):
        # case.json: total_incl_gst_plain 95.1421729107
        assert (lines[-1]["kind"], lines[-1]["amount"]) == ("rounding", Decimal("95.14") - Decimal("95.1421729107"))

    def test_nothing_is_estimated(self, billed):
        assert billed.query("SELECT estimated_share FROM bills") == [{"estimated_share": Decimal(0)}]

    def test_nobody_is_held(self, billed):
        assert billed.query("SELECT * FROM holds") == []


HOMES = {
    # service point: case, tariff file, tariff, factor of the load (README of the case)
    "S01": ("S01-flat-residential", "s01_flat.yaml", "duke-carolinas-rs", "1"),
    "S02": ("S02-seasonal-tiers", "s02_tiers.yaml", "dominion-va-schedule-1", "2.4"),
    "S03": ("S03-tou-weekday-weekend", "s03_tou.yaml", "ladwp-r1b-tou", "1"),
}
MONTHS = (1, 4, 7, 10)
"""A month of each season: July and October lie on either side of the tariffs' summers."""
MAPPING = """
service_point_id: {column: home}
time: {column: interval_start, label: start}
interval_minutes: 60
channels:
- {column: load_kwh, channel: E1, quantity: active_energy, direction: import, unit: kWh}
"""
UNROUNDED = "rounding: {line: none, total: {places: 2, mode: half_up}}\nversions:"


class TestAmericanYearThroughAMappedTable:
    """S01-S03: the hourly year of a home as a plain table, billed month by month."""

    @pytest.fixture(scope="class")
    @classmethod
    def billed(cls, reference_data, tmp_path_factory):
        folder = tmp_path_factory.mktemp("year")
        stage = Stage.at(folder / "store", zone="-07:00", currency="USD")
        master_data = write_master_data(
            folder, "-07:00", "USD", {point: (f"M-{point}", home[2]) for point, home in HOMES.items()}
        )
        stage.load(*master_data, *(cls.unrounded(folder, home[1]) for home in HOMES.values()))
        load = reference_data / "oracles" / "tariffs" / "loads" / "res_hourly_pv.csv"
        rows = [row for point, home in HOMES.items() for row in cls.scaled(load, point, Decimal(home[3]))]
        table = write_table(folder, "loads", "home,interval_start,load_kwh", *rows)
        for month in MONTHS:
            stage.run([table] if month == MONTHS[0] else [], month=f"2018-{month:02d}", as_at=date(2019, 1, 10), mapping=MAPPING)
        return stage

    @staticmethod
    def unrounded(folder, name):
        """The tariff of the case, rounded once at its end, as the oracle's totals are."""
        path = folder / name
        path.write_text((TARIFFS / name).read_text("utf-8").replace("versions:", UNROUNDED), "utf-8")
        return path

    @staticmethod
    def scaled(load, point, factor):
        """The load with every value times a factor, rounded half up to the watt-hour."""
        with load.open() as file:
            rows = [(row["interval_start"], Decimal(row["load_kwh"]) * factor) for row in csv.DictReader(file)]
        return [f"{point},{start},{kwh.quantize(Decimal('0.001'), ROUND_HALF_UP)}" for start, kwh in rows]

    @pytest.mark.parametrize("month", MONTHS)
    @pytest.mark.parametrize("point", HOMES)
    def test_the_total_is_right_to_the_cent(self, billed, reference_data, point, month):
        expected = self.expected(reference_data, point, "expected_monthly.csv", month)[0]
        rows = billed.query("SELECT total FROM bills WHERE service_point_id = ? AND period_from = ?", point, date(2018, month, 1))
        assert [row["total"] for row in rows] == [Decimal(expected["total"]).quantize(CENT, ROUND_HALF_UP)]

    @pytest.mark.parametrize("month", MONTHS)
    @pytest.mark.parametrize("point", HOMES)
    def test_energy_and_amount_of_each_line_are_right(self, billed, reference_data, point, month):
        expected = self.expected(reference_data, point, "expected_energy_detail.csv", month)
        lines = billed.query(
            """SELECT quantity, amount FROM charge_lines JOIN bills USING (bill_id)
            WHERE service_point_id = ? AND bills.period_from = ? AND kind = 'energy'""",
            point,
            date(2018, month, 1),
        )
        found = sorted((line["quantity"], line["amount"]) for line in lines if line["quantity"])
        wanted = sorted((Decimal(row["kwh"]), Decimal(row["charge"])) for row in expected if Decimal(row["kwh"]))
        assert [kwh for kwh, _ in found] == [kwh for kwh, _ in wanted]
        assert all(abs(amount - right) < EXACT_ENOUGH for (_, amount), (_, right) in zip(found, wanted, strict=True))

    def test_every_home_is_billed_once_a_month(self, billed):
        rows = billed.query("SELECT service_point_id FROM bills")
        assert Counter(row["service_point_id"] for row in rows) == dict.fromkeys(HOMES, len(MONTHS))

    def test_nobody_is_held(self, billed):
        assert billed.query("SELECT * FROM holds") == []

    @staticmethod
    def expected(reference_data, point, file, month):
        with (reference_data / "oracles" / "tariffs" / "cases" / HOMES[point][0] / file).open() as rows:
            return [row for row in csv.DictReader(rows) if int(row["month"]) == month]
