from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.ingest import reconcile as reconcile_module
from pipelines.ingest.reconcile import reconcile
from pipelines.lakehouse.data_files import write_data_file
from schemas.readings import DELIVERIES
from schemas.register_reads import REGISTER_READS

START = datetime(2026, 1, 1, tzinfo=UTC)
RUN = {
    "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
    "direction": "import", "unit": "kWh", "start": START, "clock_offset_minutes": 600, "interval_minutes": 30,
    "exponent": -3, "values": [1, 2], "record": "3", "file_id": "new",
}  # fmt: skip
READ = {
    "bucket": 0, "service_point_id": "N1", "meter_id": "M1", "channel": "E1", "quantity": "active_energy",
    "direction": "import", "unit": "kWh", "read_at": START, "value": Decimal(5), "quality": "measured", "kind": "index",
    "record": "3", "file_id": "new",
}  # fmt: skip


@pytest.fixture
def compared(tmp_path):
    """Compare new rows with old ones in bucket 0."""

    def compare(new, old=(), table=DELIVERIES, base=RUN):
        files = []
        for batch, rows in (("r2", new), ("r1", old)):
            made = pa.Table.from_pylist([base | {"batch": batch} | row for row in rows], schema=table.schema)
            files.append([write_data_file(tmp_path, table, made.drop_columns(["batch"]), batch, {"batch": batch})])
        return reconcile(tmp_path, 0, files[0], files[1], default_offset_minutes=0)

    return compare


class TestIntervals:
    def test_rows_that_touch_nothing_are_all_new(self, compared):
        result = compared([{}])
        assert (result.duplicate, result.superseded, result.conflicting) == ({}, {}, {})

    def test_a_copy_of_what_an_earlier_run_took_is_a_duplicate(self, compared):
        assert compared([{}], [{"file_id": "old"}]).duplicate == {"new": 2}

    def test_an_older_version_than_what_is_there_is_superseded(self, compared):
        assert compared([{}], [{"file_id": "old", "version": START, "values": [7, 8]}]).superseded == {"new": 2}

    def test_a_newer_version_is_accepted_and_the_old_file_keeps_its_account(self, compared):
        result = compared([{"version": START}], [{"file_id": "old"}])
        assert (result.duplicate, result.superseded, result.conflicting) == ({}, {}, {})

    def test_another_value_of_the_same_version_is_reported_with_its_record(self, compared):
        result = compared([{"values": [1, 9]}], [{"file_id": "old"}])
        assert result.conflicting == {"new": 1}
        assert [(r["record"], r["code"], r["rows"]) for r in result.rejections] == [("3", "conflict.same_version", 1)]

    def test_two_new_files_with_the_same_rows_make_one_accepted(self, compared):
        assert compared([{}, {"file_id": "other"}]).duplicate == {"other": 2}

    def test_rows_of_other_buckets_are_not_looked_at(self, compared):
        assert compared([{}, {"bucket": 1, "file_id": "other"}]).duplicate == {}

    @pytest.mark.parametrize(
        ("start", "months"),
        [
            pytest.param(
                datetime(2025, 12, 31, 13, 59, tzinfo=UTC), {"2025-12", "2026-01"}, id="a minute before market midnight"
            ),
            pytest.param(datetime(2025, 12, 31, 14, tzinfo=UTC), {"2026-01"}, id="market midnight of the new year"),
        ],
    )
    def test_months_are_those_of_the_market_clock(self, compared, start, months):
        assert compared([{"start": start}]).months == months


class TestReads:
    def reads(self, compared, new, old=()):
        return compared(new, old, table=REGISTER_READS, base=READ)

    def test_a_copy_is_a_duplicate(self, compared):
        assert self.reads(compared, [{}], [{"file_id": "old"}]).duplicate == {"new": 1}

    def test_another_value_at_the_same_instant_is_a_conflict(self, compared):
        assert self.reads(compared, [{"value": Decimal(6)}], [{"file_id": "old"}]).conflicting == {"new": 1}

    def test_reads_of_a_source_without_a_clock_are_like_no_others(self, compared):
        new = [{"read_at": None}, {"read_at": None, "record": "4", "value": Decimal(6)}, {"read_at": None, "record": "5"}]
        result = self.reads(compared, new, [{"file_id": "old", "read_at": None}])
        assert (result.duplicate, result.conflicting) == ({}, {})

    def test_a_later_read_is_new(self, compared):
        result = self.reads(compared, [{"read_at": START + timedelta(days=1)}], [{"file_id": "old"}])
        assert (result.duplicate, result.conflicting) == ({}, {})

    def test_an_older_version_is_superseded_and_one_without_a_version_is_older_than_any(self, compared):
        versioned = {"file_id": "old", "version": START, "value": Decimal(7)}
        assert self.reads(compared, [{"version": START - timedelta(days=1)}], [versioned]).superseded == {"new": 1}
        assert self.reads(compared, [{}], [versioned]).superseded == {"new": 1}

    def test_a_newer_version_is_accepted(self, compared):
        result = self.reads(compared, [{"version": START, "value": Decimal(7)}], [{"file_id": "old"}])
        assert (result.duplicate, result.superseded, result.conflicting) == ({}, {}, {})

    def test_all_values_that_contradict_each_other_are_reported(self, compared):
        result = self.reads(compared, [{}, {"file_id": "other", "value": Decimal(6)}])
        assert result.conflicting == {"new": 1, "other": 1}
        assert [row["code"] for row in result.rejections] == ["conflict.same_version"] * 2

    def test_of_two_new_copies_one_is_accepted(self, compared):
        assert self.reads(compared, [{}, {"file_id": "other"}]).duplicate == {"other": 1}

    def test_reads_without_a_clock_are_moments_nobody_can_compare(self, compared):
        result = self.reads(
            compared, [{"read_at": None}, {"read_at": None, "value": Decimal(6)}], [{"read_at": None, "file_id": "old"}]
        )
        assert (result.duplicate, result.conflicting) == ({}, {})

    @pytest.mark.parametrize(
        "other", [{"kind": "instant"}, {"direction": "export"}, {"channel": "E2"}, {"meter_id": "M2"}, {"period_from": START}]
    )
    def test_reads_of_another_register_or_kind_are_not_compared(self, compared, other):
        result = self.reads(compared, [{"value": Decimal(6)} | other], [{"file_id": "old"}])
        assert (result.duplicate, result.conflicting) == ({}, {})


def test_comparing_in_small_spans_finds_the_same(compared, monkeypatch):
    points = [f"N{n}" for n in range(7)]
    new = [{"service_point_id": point} for point in points for _ in range(2)] + [{"service_point_id": "N3", "values": [1, 9]}]
    old = [{"service_point_id": point, "file_id": "old", "version": START} for point in points[:3]]
    whole = compared(new, old)
    monkeypatch.setattr(reconcile_module, "SPAN_ROWS", 2)
    assert compared(new, old) == whole
    assert (whole.superseded, whole.duplicate, whole.conflicting) == ({"new": 12}, {"new": 8}, {"new": 3})
