from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest

from pipelines.lakehouse.data_files import read_data_files, write_data_file
from pipelines.lakehouse.delta import commit, head_version, list_files
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import RunRecord, create_store, orphans
from schemas.errors import InvariantError, SchemaMismatchError, StoreBusyError, StoreError
from schemas.findings import EXCEPTIONS
from schemas.master_data import ACCOUNTS

NOW = datetime(2026, 2, 10, tzinfo=UTC)


def run(name: str) -> RunRecord:
    return RunRecord(name, "test", NOW, NOW)


def accounts(*ids: str) -> pa.Table:
    rows = [{"account_id": one, "customer_id": "C1", "currency": "AUD", "export_tax": False, "loaded_run_id": "r"} for one in ids]
    return pa.Table.from_pylist(rows, schema=ACCOUNTS.schema)


def exceptions(month: str, rule: str) -> pa.Table:
    row = {
        "month": month, "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1", "day": date(2026, 1, 5),
        "slot_from": 0, "slot_to": 1, "rule": rule, "severity": "warn", "message": "?", "status": "open",
    }  # fmt: skip
    return pa.Table.from_pylist([row], schema=EXCEPTIONS.schema).select(EXCEPTIONS.file_schema.names)


@pytest.fixture
def store(tmp_path):
    return create_store(tmp_path / "store", StoreSettings(zone="+10:00", currency="AUD", buckets=2), run("r0"))


def ids(store, run_id=None) -> list[str]:
    return sorted(store.snapshot(run_id).read(ACCOUNTS)["account_id"].to_pylist())


class TestSnapshot:
    def test_a_new_store_has_one_run_and_no_rows(self, store):
        assert (store.runs().num_rows, ids(store)) == (1, [])

    def test_a_run_exists_when_its_row_does(self, store):
        file = write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1")
        store.publish(run("r1"), store.snapshot(), [file])
        assert ids(store) == ["A1"]

    def test_a_commit_without_its_run_is_not_seen(self, store):
        file = write_data_file(store.root, ACCOUNTS, accounts("A1"), "killed")
        commit(store.root, ACCOUNTS, base=0, adds=[file], removes=[], run_id="killed", at_ms=0)
        assert ids(store) == []

    def test_the_next_run_undoes_what_a_killed_one_committed(self, store):
        left = write_data_file(store.root, ACCOUNTS, accounts("KILLED"), "killed")
        commit(store.root, ACCOUNTS, base=0, adds=[left], removes=[], run_id="killed", at_ms=0)
        store.publish(run("r1"), store.snapshot(), [write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1")])
        assert ids(store) == ["A1"]

    def test_publishing_the_same_run_twice_changes_nothing(self, store):
        base = store.snapshot()
        file = write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1")
        store.publish(run("r1"), base, [file])
        store.publish(run("r1"), base, [file])
        assert (ids(store), store.runs().num_rows) == (["A1"], 2)

    def test_an_earlier_run_is_read_as_it_left_the_store(self, store):
        first = write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1")
        store.publish(run("r1"), store.snapshot(), [first])
        second = write_data_file(store.root, ACCOUNTS, accounts("A1", "A2"), "r2")
        store.publish(run("r2"), store.snapshot(), [second], [first])
        assert (ids(store, "r1"), ids(store)) == (["A1"], ["A1", "A2"])

    def test_replacing_one_partition_leaves_the_others(self, store):
        files = [
            write_data_file(store.root, EXCEPTIONS, exceptions(month, "old"), "r1", {"month": month, "bucket": "0"})
            for month in ("2026-01", "2026-02")
        ]
        store.publish(run("r1"), store.snapshot(), files)
        new = write_data_file(store.root, EXCEPTIONS, exceptions("2026-01", "new"), "r2", {"month": "2026-01", "bucket": "0"})
        base = store.snapshot()
        store.publish(run("r2"), base, [new], base.files(EXCEPTIONS, month="2026-01"))
        rows = store.snapshot().read(EXCEPTIONS).to_pylist()
        assert sorted((row["month"], row["rule"]) for row in rows) == [("2026-01", "new"), ("2026-02", "old")]

    def test_an_unknown_run_names_the_way_out(self, store):
        with pytest.raises(StoreError, match="m2b runs list"):
            store.snapshot("nobody")

    def test_files_that_no_version_names_are_orphans(self, store):
        write_data_file(store.root, ACCOUNTS, accounts("A9"), "lost")
        assert [path.name.split("-")[0] for path in orphans(store.snapshot())] == ["lost"]

    def test_a_store_with_other_settings_is_refused(self, store):
        with pytest.raises(StoreError, match="other settings"):
            create_store(store.root, StoreSettings(currency="EUR"), run("again"))


class TestCommitterLooksFirst:
    @pytest.mark.parametrize(
        ("change", "words"),
        [
            pytest.param({"path": "nowhere.parquet"}, "does not exist", id="the file is absent"),
            pytest.param({"size": 1}, "bytes", id="the size differs"),
            pytest.param({"sha256": "0" * 64}, "hash", id="the hash differs"),
            pytest.param({"rows": 7}, "row count", id="the row count differs"),
        ],
    )
    def test_a_file_that_is_not_what_was_announced_is_refused(self, store, change, words):
        file = replace(write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1"), **change)
        with pytest.raises(InvariantError, match=words):
            store.publish(run("r1"), store.snapshot(), [file])

    def test_a_file_in_another_partition_than_it_says_is_refused(self, store):
        file = write_data_file(store.root, EXCEPTIONS, exceptions("2026-01", "x"), "r1", {"month": "2026-01", "bucket": "0"})
        with pytest.raises(InvariantError, match="folder"):
            store.publish(run("r1"), store.snapshot(), [replace(file, partition={"month": "2026-02", "bucket": "0"})])

    def test_nothing_is_published_when_one_file_is_refused(self, store):
        file = replace(write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1"), size=1)
        with pytest.raises(InvariantError):
            store.publish(run("r1"), store.snapshot(), [file])
        assert (store.runs().num_rows, head_version(store.root, ACCOUNTS)) == (1, 0)


class TestDataFiles:
    def test_the_same_rows_make_the_same_file(self, store):
        first, second = (write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1") for _ in range(2))
        assert first == second

    def test_a_flipped_bit_is_found_before_a_row_is_used(self, store):
        file = write_data_file(store.root, ACCOUNTS, accounts("A1"), "r1")
        path = store.root / "tables" / "accounts" / file.path
        content = bytearray(path.read_bytes())
        content[40] ^= 1
        path.write_bytes(bytes(content))
        with pytest.raises(StoreError, match="cannot be read"):
            read_data_files(store.root, ACCOUNTS, [file])

    def test_rows_of_another_shape_are_not_written(self, store):
        with pytest.raises(SchemaMismatchError, match="customer_id: missing"):
            write_data_file(store.root, ACCOUNTS, accounts("A1").drop_columns(["customer_id"]), "r1")

    def test_a_null_where_none_may_be_is_not_written(self, store):
        rows = accounts("A1")
        rows = rows.set_column(0, "account_id", pa.array([None], pa.string()))
        with pytest.raises(SchemaMismatchError, match="account_id: 1 null"):
            write_data_file(store.root, ACCOUNTS, rows, "r1")

    def test_the_log_knows_the_extent_of_days(self, store):
        file = write_data_file(store.root, EXCEPTIONS, exceptions("2026-01", "x"), "r1", {"month": "2026-01", "bucket": "0"})
        snapshot = store.publish(run("r1"), store.snapshot(), [file])
        listed = list_files(store.root, EXCEPTIONS, snapshot.pins["exceptions"])
        assert [(one.low, one.rows) for one in listed] == [("2026-01-05", 1)]


def test_a_second_writer_is_told_to_come_back(store):
    with writer_lock(store.root), pytest.raises(StoreBusyError), writer_lock(store.root):
        pass
