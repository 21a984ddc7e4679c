from __future__ import annotations

import csv
import json
from decimal import Decimal

import pyarrow.parquet as pq
import pytest


@pytest.fixture(scope="session")
def store(demo_folder):
    return demo_folder / "store"


def test_crm_records_are_lines_of_json_in_the_order_of_their_ids(m2b, store, tmp_path) -> None:
    target = tmp_path / "crm.jsonl"
    called = m2b("export", "crm", "--to", target, "--store", store, "--json")
    records = [json.loads(line) for line in target.read_text("utf-8").splitlines()]
    assert called.data == {"path": str(target), "rows": len(records)}
    assert [record["record_id"] for record in records] == sorted(record["record_id"] for record in records)


def test_there_is_one_crm_record_for_each_bill_and_each_hold(m2b, store, tmp_path) -> None:
    m2b("export", "crm", "--to", tmp_path / "crm.jsonl", "--store", store)
    states = [json.loads(line)["state"] for line in (tmp_path / "crm.jsonl").read_text("utf-8").splitlines()]
    counts = "SELECT (SELECT count(*) FROM bills) AS billed, (SELECT count(*) FROM holds) AS held"
    (row,) = m2b("sql", counts, "--store", store, "--json").data["rows"]
    assert (states.count("billed"), states.count("held")) == (row["billed"], row["held"])


def test_a_crm_record_answers_a_call_and_names_no_person(m2b, store, tmp_path) -> None:
    m2b("export", "crm", "--to", tmp_path / "crm.jsonl", "--store", store)
    text = (tmp_path / "crm.jsonl").read_text("utf-8")
    record = next(json.loads(line) for line in text.splitlines() if '"state":"billed"' in line)
    assert {"identity", "bill", "consumption", "exceptions", "events"} <= set(record)
    assert record["consumption"]["estimated_share"] is not None
    names = m2b("sql", "SELECT name FROM customers", "--store", store, "--json").data["rows"]
    assert [row["name"] for row in names if row["name"] in text] == []


def test_the_same_store_gives_the_same_bytes(m2b, store, tmp_path) -> None:
    for name in ("one", "two"):
        m2b("export", "crm", "--to", tmp_path / name, "--store", store)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_month_without_periods_gives_an_empty_file(m2b, store, tmp_path) -> None:
    called = m2b("export", "crm", "--month", "2031-01", "--to", tmp_path / "none", "--store", store, "--json")
    assert (called.data["rows"], (tmp_path / "none").read_bytes()) == (0, b"")


def test_crm_records_can_go_to_stdout(m2b, store) -> None:
    called = m2b("export", "crm", "--to", "-", "--store", store)
    assert {json.loads(line)["state"] for line in called.out.splitlines()} == {"billed", "held"}


def test_the_demo_exported_its_records_into_the_store(store, demo_data) -> None:
    assert (store / "exports" / "crm-2026-01.jsonl").samefile(demo_data["crm"])


def test_readings_of_a_month_are_a_csv_with_exact_values_and_utc(m2b, store, tmp_path) -> None:
    target = tmp_path / "readings.csv"
    called = m2b("export", "readings", "--month", "2026-01", "--to", target, "--store", store, "--json")
    rows = list(csv.DictReader(target.open(encoding="utf-8")))
    query = (
        "SELECT sum(value) AS kwh, count(*) AS n FROM readings"
        " WHERE interval_start >= '2026-01-01T00:00:00Z' AND interval_start < '2026-02-01T00:00:00Z'"
    )
    (wanted,) = m2b("sql", query, "--store", store, "--json").data["rows"]
    assert len(rows) == called.data["rows"] == wanted["n"]
    assert sum(Decimal(row["value"]) for row in rows if row["value"]) == Decimal(wanted["kwh"])
    assert rows[0]["interval_start"].endswith("Z")


def test_readings_are_parquet_on_request(m2b, store, tmp_path) -> None:
    target = tmp_path / "readings.parquet"
    called = m2b("export", "readings", "--format", "parquet", "--to", target, "--store", store, "--json")
    assert pq.read_metadata(target).num_rows == called.data["rows"] > 0


def test_an_export_that_fails_leaves_the_old_file(m2b, tmp_path) -> None:
    target = tmp_path / "crm.jsonl"
    target.write_text("old\n", "utf-8")
    assert m2b("export", "crm", "--to", target, "--store", tmp_path / "none").code == 4
    assert target.read_text("utf-8") == "old\n"


def test_before_a_release_the_journal_is_empty(m2b, store, tmp_path) -> None:
    called = m2b("export", "gl", "--to", tmp_path / "gl.csv", "--store", store, "--json")
    assert (called.code, called.data["rows"]) == (0, 0)
    assert (tmp_path / "gl.csv").read_text("utf-8").startswith('"month","bill_id"')
