from __future__ import annotations

import csv
import re
from datetime import date

import pytest

from pipelines.synthetic.tariff_documents import tariff_documents
from schemas.master_documents import ROWS


@pytest.fixture(scope="module")
def tables(folders):
    def rows(table):
        with (folders.masterdata / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return [{name: cell for name, cell in row.items() if cell} for row in csv.DictReader(file)]

    return {path.stem: rows(path.stem) for path in folders.masterdata.glob("*.csv")}


def test_every_row_is_a_sound_master_data_document(tables):
    assert set(tables) >= {"service_points", "meters", "registers", "agreements", "accounts", "customers"}
    for table, rows in tables.items():
        assert rows
        for row in rows:
            ROWS[table].model_validate(row)


def test_the_unknown_service_point_is_left_out(tables):
    assert {row["service_point_id"] for row in tables["service_points"]} == {
        f"NMB{number:07d}" for number in range(1, 61) if number != 19
    }


def test_every_meter_hangs_at_a_known_service_point(tables):
    points = {row["service_point_id"] for row in tables["service_points"]}
    assert {row["service_point_id"] for row in tables["meters"]} == points


def test_every_register_belongs_to_a_known_meter(tables):
    assert {row["meter_id"] for row in tables["registers"]} == {row["meter_id"] for row in tables["meters"]}


def test_the_unmapped_channel_has_no_register(tables):
    assert "E3" not in {row["channel"] for row in tables["registers"]}


def test_the_vacant_home_has_no_agreement(tables):
    assert "NMB0000009" not in {row["service_point_id"] for row in tables["agreements"]}


def test_every_agreement_has_its_account_and_customer(tables):
    accounts = {row["account_id"]: row["customer_id"] for row in tables["accounts"]}
    assert {row["account_id"] for row in tables["agreements"]} == set(accounts)
    assert {row["customer_id"] for row in tables["customers"]} == set(accounts.values())


def test_all_tariffs_but_one_are_loaded(tables, folders):
    named = {row["tariff_id"] for row in tables["agreements"]}
    assert named - {path.stem for path in folders.tariffs.iterdir()} == {"home-saver-next-year"}


def test_all_tariffs_of_the_price_list_are_used(tables, folders):
    assert {path.stem for path in folders.tariffs.iterdir()} <= {row["tariff_id"] for row in tables["agreements"]}


def test_register_billing_is_for_accumulation_meters(tables):
    counted = [row["service_point_id"] for row in tables["service_points"] if row["billing_basis"] == "register"]
    assert counted == ["NMB0000020", "NMB0000040", "NMB0000060"]


def test_people_have_names_and_no_real_address(tables):
    assert all(row["email"].endswith("@example.com") for row in tables["customers"])


class TestTariffDocuments:
    @pytest.mark.parametrize(("zone", "calendar"), [("Australia/Sydney", "AU-NSW"), ("Australia/Adelaide", "AU-SA")])
    def test_holidays_are_those_of_the_region(self, folders, zone, calendar):
        documents = tariff_documents(zone, since=date(2025, 7, 1))
        assert f"calendar: {calendar}," in documents["home-time-of-use"]

    def test_every_decimal_stands_in_quotes(self):
        for text in tariff_documents("Australia/Sydney", since=date(2025, 7, 1)).values():
            assert re.findall(r'[^"0-9][0-9]+\.[0-9]+[^"0-9]', text) == []
