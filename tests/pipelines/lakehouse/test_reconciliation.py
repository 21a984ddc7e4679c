"""One meter, two witnesses: a NEM12 file and the retailer's copy, intervals and registers, day by day to the watt-hour."""

from __future__ import annotations

import csv
import io
import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.operations.master_data import store_master_data
from pipelines.operations.opening import make_store
from pipelines.operations.query import query
from pipelines.synthetic.files import UtilityFolders, write_utility
from tests.docs.pages import blocks

HOME, METER = "NMB0000002", "M0000002A"
"""The second service point: a home with panels on its roof."""
SETTINGS = StoreSettings(zone="Australia/Sydney", currency="AUD", buckets=1)


def now() -> datetime:
    return datetime(2026, 2, 9, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    return write_utility(tmp_path_factory.mktemp("pair"), seed=3, service_points=2, faults=False)


@pytest.fixture(scope="module")
def delivered(pair, tmp_path_factory):
    """A store that has the NEM12 files, to be copied."""
    store = make_store(tmp_path_factory.mktemp("delivered") / "store", SETTINGS, now)
    store_master_data(store, [pair.masterdata], now)
    run_flow(store, FlowRequest("ingest", (pair.inbox,), validates=False, workers=1), now)
    return store


@pytest.fixture(scope="module")
def with_copy(pair, delivered, tmp_path_factory):
    """``with_copy(old, new)``: a store that has both, with some text of the copy changed."""

    def take(old: str = "", new: str = "") -> Store:
        folder = tmp_path_factory.mktemp("copy")
        store = Store(shutil.copytree(delivered.root, folder / "store"))
        text = copy_of(pair).read_text("utf-8")
        assert old in text
        table = folder / copy_of(pair).name
        table.write_text(text.replace(old, new, 1) if old else text, "utf-8")
        request = FlowRequest("ingest", (table,), validates=False, workers=1)
        run_flow(store, request, now)
        return store

    return take


@pytest.fixture(scope="module")
def equal(with_copy):
    """A store in which both say the same."""
    return with_copy()


def rows_of(store: Store, where: str) -> list[dict[str, Any]]:
    return asked(store, f"SELECT * FROM reconciliation WHERE service_point_id = '{HOME}' AND {where}")


def asked(store: Store, statement: str) -> list[dict[str, Any]]:
    with query(store, statement, None) as reader:
        return reader.read_all().to_pylist()


def documented() -> str:
    (text,) = [block.text for block in blocks("operating/analysts.md", "sql") if "FROM reconciliation" in block.text]
    return text


def copy_of(pair: UtilityFolders) -> Path:
    (path,) = pair.retailer.iterdir()
    return path


def line(value: str, day: str = "2026-01-17", interval: int = 20) -> str:
    return f"{day},{interval},09:30,10:00,{value},"


def value_of(pair, direction="E1", day="2026-01-17", interval="20"):
    rows = csv.DictReader(io.StringIO(copy_of(pair).read_text("utf-8")))
    (found,) = (r["Value"] for r in rows if (r["Register"], r["Date"], r["Interval"]) == (direction, day, interval))
    return found


class TestFormats:
    def test_equal_copies_differ_on_no_day(self, equal):
        rows = rows_of(equal, "compared = 'formats'")
        assert len(rows) == 2 * 31
        assert {(row["difference"], row["slots_in_doubt"]) for row in rows} == {(Decimal(0), 0)}
        assert {(row["one"], row["other"]) for row in rows} == {("csv_red_energy", "nem12")}
        assert all(row["one_value"] == row["other_value"] for row in rows)

    def test_a_home_without_a_copy_is_compared_with_nothing(self, equal):
        statement = "SELECT DISTINCT service_point_id FROM reconciliation WHERE compared = 'formats'"
        assert asked(equal, statement) == [{"service_point_id": HOME}]

    def test_one_changed_value_shows_on_its_day_and_on_no_other(self, with_copy, pair):
        told = value_of(pair)
        store = with_copy(line(told), line(f"{Decimal(told) + Decimal('0.001')}"))
        assert [
            (row["compared"], str(row["day"]), row["direction"], row["difference"], row["slots_in_doubt"])
            for row in asked(store, documented())
        ] == [("formats", "2026-01-17", "import", Decimal("0.001"), 1)]

    def test_changes_that_even_out_over_a_day_show_all_the_same(self, with_copy, pair):
        text = copy_of(pair).read_text("utf-8").splitlines(keepends=True)
        at = next(n for n, row in enumerate(text) if line(value_of(pair)) in row and ",E1," in row)
        changed = [row.split(",") for row in text[at : at + 2]]
        for cells, by in zip(changed, (Decimal("0.001"), Decimal("-0.001")), strict=True):
            cells[8] = f"{Decimal(cells[8]) + by}"
        store = with_copy("".join(text[at : at + 2]), "".join(",".join(cells) for cells in changed))
        rows = asked(store, documented())
        assert [(str(row["day"]), row["difference"], row["slots_in_doubt"]) for row in rows] == [("2026-01-17", 0, 2)]

    def test_a_value_that_the_copy_lacks_is_in_doubt_and_not_zero(self, with_copy, pair):
        rows = rows_of(with_copy(line(value_of(pair)), line("")), "compared = 'formats' AND slots_in_doubt > 0")
        assert [(str(row["day"]), row["slots_in_doubt"]) for row in rows] == [("2026-01-17", 1)]

    def test_the_copy_replaces_nothing(self, equal):
        rows = asked(equal, "SELECT status, rows_read, rows_accepted, rows_superseded FROM files WHERE format = 'csv_red_energy'")
        both = 2 * 31 * 48
        assert rows == [{"status": "accepted", "rows_read": both, "rows_accepted": 0, "rows_superseded": both}]

    def test_every_delivery_of_a_slot_can_be_seen(self, equal):
        statement = (
            "SELECT format, value FROM every_delivery WHERE channel = 'E1' "
            f"AND service_point_id = '{HOME}' AND interval_start = TIMESTAMPTZ '2026-01-16 23:30:00+00' ORDER BY format"
        )
        rows = asked(equal, statement)
        assert [row["format"] for row in rows] == ["csv_red_energy", "nem12"]
        assert len({row["value"] for row in rows}) == 1


class TestRegisters:
    def test_intervals_add_up_to_what_the_registers_counted(self, equal):
        rows = rows_of(equal, "compared = 'register'")
        assert {row["channel"] for row in rows} == {"E1", "B1"}
        assert {(row["difference"], row["slots_in_doubt"], row["other"]) for row in rows} == {(Decimal(0), 0, "ok")}
        assert all(row["one_value"] > 0 for row in rows)

    def test_the_spans_are_those_between_the_reads(self, equal):
        rows = rows_of(equal, "compared = 'register' AND channel = 'E1'")
        assert sorted(row["read_from"].isoformat() for row in rows) == [
            "2025-12-03T14:00:00+00:00", "2025-12-31T14:00:00+00:00", "2026-01-31T14:00:00+00:00",
        ]  # fmt: skip

    def test_the_documented_query_says_that_all_is_well(self, equal):
        assert asked(equal, documented()) == []
