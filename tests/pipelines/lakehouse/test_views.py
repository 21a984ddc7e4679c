from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest

from pipelines.lakehouse.buckets import bucket_of
from pipelines.lakehouse.catalogue import connect, publish_catalogue
from pipelines.lakehouse.data_files import write_data_file
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import RunRecord, create_store
from schemas.readings import DELIVERIES
from schemas.runs import RUNS
from schemas.tables import DATA_TABLES
from schemas.views import VIEWS

NOW = datetime(2026, 2, 10, tzinfo=UTC)
START = datetime(2025, 12, 31, 14, tzinfo=UTC)
ROW = {
    "batch": "r1", "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
    "direction": "import", "unit": "kWh", "start": START, "clock_offset_minutes": 600, "interval_minutes": 30, "exponent": -3,
    "values": [1, 250, 0], "quality": [0, 0, 1], "native_quality": "A", "version": NOW, "record": "3", "file_id": "f1",
}  # fmt: skip


@pytest.fixture
def store(tmp_path):
    settings = StoreSettings(zone="+10:00", currency="AUD", buckets=2)
    return create_store(tmp_path / "it's a store", settings, RunRecord("r0", "init", NOW, NOW))


def deliver(store, *rows):
    table = pa.Table.from_pylist([ROW | row for row in rows], schema=DELIVERIES.schema)
    file = write_data_file(store.root, DELIVERIES, table.drop_columns(["batch"]), "r1", {"batch": "r1"})
    return store.publish(RunRecord("r1", "ingest", NOW, NOW), store.snapshot(), [file])


def query(store, sql, run_id=None):
    with connect(store, store.snapshot(run_id)) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize("name", [t.name for t in (*DATA_TABLES, RUNS) if t.name != "deliveries"] + [v.name for v in VIEWS])
def test_every_table_has_a_view_with_its_meaning(store, name):
    comment = query(store, f"SELECT comment FROM duckdb_views() WHERE view_name = '{name}' AND schema_name = 'main'")
    assert comment[0][0]


def test_an_empty_store_can_be_asked_anything(store):
    assert query(store, "SELECT count(*) FROM delivered_readings") == [(0,)]


class TestDeliveredReadings:
    def test_values_are_scaled_exactly_and_missing_is_null(self, store):
        deliver(store, {})
        rows = query(store, "SELECT value FROM delivered_readings ORDER BY interval_start")
        assert [row[0] for row in rows] == [Decimal("0.001"), Decimal("0.25"), None]

    def test_the_interval_starts_in_utc(self, store):
        deliver(store, {})
        assert query(store, "SELECT min(epoch_us(interval_start)) FROM delivered_readings")[0][0] == START.timestamp() * 1e6

    def test_the_newest_version_of_a_slot_wins(self, store):
        deliver(store, {}, {"values": [7, 7, 7], "quality": None, "version": NOW.replace(hour=1), "record": "4"})
        assert {row[0] for row in query(store, "SELECT value FROM delivered_readings")} == {Decimal("0.007")}

    def test_a_copy_is_shown_once(self, store):
        deliver(store, {}, {"file_id": "f2"})
        assert query(store, "SELECT count(*) FROM delivered_readings") == [(3,)]

    def test_slots_in_conflict_are_left_out(self, store):
        deliver(store, {}, {"values": [1, 999, 0], "file_id": "f2"})
        rows = query(store, "SELECT value FROM delivered_readings ORDER BY interval_start")
        assert [row[0] for row in rows] == [Decimal("0.001"), None]

    def test_wide_values_keep_every_digit(self, store):
        deliver(store, {"values": [], "values64": [2**40, 1, 0]})
        assert query(store, "SELECT max(value) FROM delivered_readings")[0][0] == Decimal(2**40).scaleb(-3)


class TestReadOnly:
    @pytest.mark.parametrize(
        "sql",
        [
            "COPY (SELECT 1) TO '/tmp/m2b_out.csv'",
            "SELECT * FROM read_csv('/etc/passwd')",
            "ATTACH '/tmp/x.duckdb'",
            "INSTALL httpfs",
        ],
    )
    def test_nothing_outside_the_store_can_be_reached(self, store, sql):
        with connect(store, store.snapshot()) as connection, pytest.raises(duckdb.Error):
            connection.execute(sql)

    def test_the_lock_cannot_be_opened_again(self, store):
        with connect(store, store.snapshot()) as connection, pytest.raises(duckdb.Error):
            connection.execute("SET enable_external_access = true")


class TestCatalogue:
    def test_the_file_and_the_script_show_what_the_connection_shows(self, store):
        snapshot = deliver(store, {})
        path = publish_catalogue(store, snapshot)
        with duckdb.connect(str(path), read_only=True) as file, duckdb.connect() as script:
            script.execute((store.root / "init.sql").read_text())
            counts = [c.execute("SELECT count(*) FROM delivered_readings").fetchall() for c in (file, script)]
        assert counts == [[(3,)], [(3,)]]

    def test_an_earlier_run_does_not_see_later_ones(self, store):
        deliver(store, {})
        assert query(store, "SELECT run_id FROM runs", "r0") == [("r0",)]


def test_duckdb_agrees_on_the_bucket(store):
    found = query(store, "SELECT (md5_number_upper('NMI1234567') % 64)::INTEGER")
    assert found == [(bucket_of("NMI1234567", 64),)]
