"""Files of a work item become files of the store: what a refused one leaves, and how much is held in memory."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from pipelines.ingest import take_in as take_in_module
from pipelines.ingest.delivered_files import IngestWork, identify
from pipelines.ingest.take_in import take_in
from pipelines.lakehouse.data_files import read_data_files
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Snapshot
from pipelines.plan import RunPlan
from schemas.files import REJECTIONS
from schemas.readings import DELIVERIES
from schemas.register_reads import REGISTER_READS

DAY = ",".join(["0.5"] * 48)
UNKNOWN_VERSION = (
    b'<?xml version="1.0"?><NotifyValidatedMeasureData_MarketDocument '
    b'xmlns="urn:ediel.org:measure:notifyvalidatedmeasuredata:9:9"/>'
)


def nem12(days: int) -> bytes:
    rows = [f"300,202601{day + 1:02d},{DAY},A,,,20260201010000,\n" for day in range(days)]
    return ("100,NEM12,202602010000,MDP1,RET1\n200,4001234567,E1,E1,E1,,0012,kWh,30,\n" + "".join(rows) + "900\n").encode()


def nem13(reads: int) -> bytes:
    rows = [
        f"250,4001234567,11,01,11,11,0012,E,{n},20250101{n:02d}0000,A,,,{n + 1},20250102{n:02d}0000,A,,,1,kWh,"
        "20260401,20260102010000,\n"
        for n in range(reads)
    ]
    return ("100,NEM13,202601020000,MDP1,RET1\n" + "".join(rows) + "900\n").encode()


@pytest.fixture
def plan(tmp_path):
    root = tmp_path / "store"
    return RunPlan(root, "r1", datetime(2026, 2, 1, tzinfo=UTC), StoreSettings(buckets=1), Snapshot(root, "r0", 1, {}))


@pytest.fixture
def deliver(tmp_path, plan):
    """Write files, take them in, and give what they became."""

    def take(*contents: bytes):
        paths = [tmp_path / f"{number}.txt" for number in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            path.write_bytes(content)
        return take_in(IngestWork(0, tuple(identify(path) for path in paths)), plan)

    return take


def files_of(taken, table):
    return [file for file in taken.files if file.table == table.name]


def rejected(taken, plan) -> list[str]:
    return read_data_files(plan.root, REJECTIONS, files_of(taken, REJECTIONS))["code"].to_pylist()


def rows_of(taken, plan, table=DELIVERIES):
    rows = read_data_files(plan.root, table, files_of(taken, table)).drop_columns(["file_id"])
    return rows.sort_by([(name, "ascending") for name in table.key if name in rows.schema.names]).to_pylist()


class TestAFileThatChanges:
    @pytest.fixture
    def written_to(self, monkeypatch):
        """A reader under whose eyes the file goes on being written."""
        honest = take_in_module.READERS["nem12"]

        def reader(stream, context):
            yield from honest(stream, context)
            for path in self.paths:
                with path.open("ab") as file:
                    file.write(b"300,")
                os.utime(path, ns=(1, 1))

        monkeypatch.setitem(take_in_module.READERS, "nem12", reader)

    def test_is_refused_and_leaves_no_reading(self, tmp_path, deliver, written_to, plan):
        self.paths = [tmp_path / "0.txt"]
        taken = deliver(nem12(2))
        (account,) = taken.accounts
        assert (account.rows_read, account.rows_taken, account.rows_rejected) == (1, 0, 1)
        assert files_of(taken, DELIVERIES) == []
        assert rejected(taken, plan) == ["file.changed"]


class TestARefusedFile:
    def test_is_of_its_format_though_its_first_byte_was_refused(self, deliver, plan):
        taken = deliver(UNKNOWN_VERSION)
        assert [(account.format, account.rows_rejected) for account in taken.accounts] == [("cim_market_xml", 1)]
        assert rejected(taken, plan) == ["schema.version"]

    def test_costs_the_others_nothing(self, deliver):
        taken = deliver(UNKNOWN_VERSION, nem12(3))
        assert sorted((account.format, account.rows_taken) for account in taken.accounts) == [
            ("cim_market_xml", 0),
            ("nem12", 144),
        ]

    def test_that_was_written_in_part_leaves_nothing(self, deliver, monkeypatch, plan):
        def reader(stream, context):
            yield from honest(stream, context)
            raise KeyError(context.name)

        honest = take_in_module.READERS["nem12"]
        monkeypatch.setitem(take_in_module.READERS, "nem12", reader)
        monkeypatch.setattr(take_in_module, "FLUSH_SLOTS", 1)
        taken = deliver(nem12(3))
        assert files_of(taken, DELIVERIES) == []
        assert rejected(taken, plan) == ["reader.failed"]


class TestMemory:
    def test_what_is_written_early_is_the_same(self, deliver, monkeypatch, plan):
        whole = rows_of(deliver(nem12(3), nem13(3)), plan)
        monkeypatch.setattr(take_in_module, "FLUSH_SLOTS", 1)
        taken = deliver(nem12(3), nem13(3))
        assert len(files_of(taken, DELIVERIES)) == len(files_of(taken, REGISTER_READS)) == 1
        assert rows_of(taken, plan) == whole

    @pytest.mark.parametrize(("limit", "files"), [(20 * 3 * 32 + 1, 1), (20 * 3 * 32, 2)])
    def test_reads_fill_it_as_well_as_slots(self, deliver, monkeypatch, limit, files):
        # three reads a record; a row of any table weighs as much as 32 slots
        monkeypatch.setattr(take_in_module, "FLUSH_SLOTS", limit)
        taken = deliver(nem13(20), nem13(1))
        assert len(files_of(taken, REGISTER_READS)) == files
