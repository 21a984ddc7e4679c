from __future__ import annotations

import pytest

from pipelines.masterdata.load import load_master_data
from schemas.errors import MasterDataError

# A National Metering Identifier in Adelaide: the market's clock is +10:00 there, the zone's own is +09:30.
FILES = {
    "service_points.csv": "service_point_id,zone,standard_offset,commodity,billing_basis\n"
    "4103000001,Australia/Adelaide,+10:00,electricity,interval\n",
    "meters.csv": "meter_id,service_point_id,installed_from,installed_to\n007,4103000001,2020-01-01,\n",
    "agreements.csv": "agreement_id,account_id,service_point_id,role,tariff_id,valid_from\n"
    "A1,C1,4103000001,supply,flat,2020-01-01\n",
    "accounts.jsonl": '{"account_id": "C1", "customer_id": "P1", "currency": "AUD"}\n',
    "customers.csv": 'customer_id,name\nP1,"Nguyen, Zoe"\n',
}


@pytest.fixture
def folder(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


class TestLoadMasterData:
    def test_a_folder_becomes_tables(self, folder):
        tables = load_master_data([folder], {}, "run-1")
        assert {name: rows.num_rows for name, rows in tables.items()} == {
            "service_points": 1, "meters": 1, "registers": 0, "agreements": 1, "accounts": 1, "customers": 1,
            "agreement_facts": 0, "agreement_options": 0, "opening_state": 0,
        }  # fmt: skip

    def test_the_markets_clock_is_not_the_zones(self, folder):
        (point,) = load_master_data([folder], {}, "run-1")["service_points"].to_pylist()
        assert (point["zone"], point["standard_offset_minutes"]) == ("Australia/Adelaide", 600)

    def test_the_billing_clock_is_the_zone(self, folder):
        (agreement,) = load_master_data([folder], {}, "run-1")["agreements"].to_pylist()
        assert (agreement["billing_clock"], agreement["valid_from"].isoformat()) == (
            "Australia/Adelaide",
            "2019-12-31T13:30:00+00:00",
        )

    def test_loading_again_changes_nothing(self, folder):
        first = load_master_data([folder], {}, "run-1")
        assert load_master_data([folder], first, "run-2") == first

    def test_files_one_by_one_give_the_same_as_together(self, folder):
        tables = {}
        for name in ("service_points.csv", "meters.csv", "customers.csv", "accounts.jsonl", "agreements.csv"):
            tables = load_master_data([folder / name], tables, "run-1")
        assert tables == load_master_data([folder], {}, "run-1")

    def test_the_order_of_paths_does_not_matter(self, folder):
        paths = [folder / name for name in FILES]
        assert load_master_data(paths, {}, "run-1") == load_master_data(paths[::-1], {}, "run-1")

    def test_what_contradicts_the_stored_rows_is_refused(self, folder, tmp_path_factory):
        existing = load_master_data([folder], {}, "run-1")
        second = tmp_path_factory.mktemp("second") / "agreements.csv"
        second.write_text(FILES["agreements.csv"].replace("A1", "A2").replace("2020-01-01", "2026-01-01"), "utf-8")
        with pytest.raises(MasterDataError, match="agreements A2 from 2025-12-31T13:30Z: overlaps agreements A1") as refused:
            load_master_data([second], existing, "run-2")
        assert (refused.value.code, refused.value.exit_code) == ("masterdata.impossible", 4)

    def test_an_unknown_service_point_is_told_as_such(self, folder):
        (folder / "meters.csv").write_text(FILES["meters.csv"].replace("4103000001", "4103000002"), "utf-8")
        with pytest.raises(MasterDataError, match="service_point_id 4103000002 is not in service_points"):
            load_master_data([folder], {}, "run-1")
