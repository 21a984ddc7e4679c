"""A store of validated readings by the hundred thousand: what the billing benchmark starts from.

Readings are written straight into ``readings_daily`` with the store's own writer and committer, master data and tariffs go
through their loaders. Same seed, same store.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipelines.lakehouse.buckets import buckets_of
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.lakehouse.settings import StoreSettings
from pipelines.lakehouse.store import RunRecord, Store, create_store
from pipelines.masterdata.load import load_master_data
from pipelines.synthetic.bulk import bulk_days, bulk_ids
from pipelines.synthetic.master_data import write_master_data
from pipelines.synthetic.tariff_documents import tariff_documents
from pipelines.synthetic.utility import plan_utility
from schemas.master_data import TARIFFS
from schemas.readings import READINGS_DAILY
from schemas.table import list_of
from schemas.tables import TABLES

ZONE = "Australia/Sydney"
MONTH = "2026-01"
FIRST_DAY = date(2025, 12, 30)
DAYS = 35
STANDARD_OFFSET_MINUTES = 600
CHUNK = 4096
NOW = datetime(2026, 2, 20, tzinfo=UTC)


def write_empty_store(root: Path, *, seed: int, service_points: int, buckets: int) -> Store:
    """Write a store with the master data and tariffs of plain half-hourly service points, and no readings."""
    root.mkdir(parents=True)
    store = create_store(root, StoreSettings(zone=ZONE, currency="AUD", buckets=buckets), RunRecord("r0-init", "init", NOW, NOW))
    adds = [*_master_data(root, seed, service_points, "r1-master"), *_tariffs(root, "r1-master")]
    store.publish(RunRecord("r1-master", "masterdata.load", NOW, NOW), store.snapshot(), adds)
    return store


def write_plain_store(root: Path, *, seed: int, service_points: int, buckets: int) -> Store:
    """Write a store of plain half-hourly service points whose January 2026 is validated and due."""
    store = write_empty_store(root, seed=seed, service_points=service_points, buckets=buckets)
    adds = _readings(root, seed, service_points, buckets, "r2-bulk")
    run = RunRecord("r2-bulk", "vee", NOW, NOW, as_at=NOW.date(), validated_months=("2025-12", "2026-01", "2026-02"))
    store.publish(run, store.snapshot(), adds)
    return store


def _master_data(root: Path, seed: int, service_points: int, run_id: str) -> list[DataFile]:
    utility = plan_utility(seed=seed, service_points=service_points, month=MONTH, zone=ZONE, plain=True)
    with tempfile.TemporaryDirectory() as folder:
        write_master_data(Path(folder), utility)
        tables = load_master_data([Path(folder)], {}, run_id)
    return [write_data_file(root, TABLES[name], rows, run_id) for name, rows in tables.items() if rows.num_rows]


def _tariffs(root: Path, run_id: str) -> list[DataFile]:
    rows = [
        {
            "tariff_id": name,
            "sha256": hashlib.sha256(text.encode()).hexdigest(),
            "sequence": number,
            "text": text,
            "loaded_run_id": run_id,
        }
        for number, (name, text) in enumerate(sorted(tariff_documents(ZONE, date(2024, 1, 1)).items()), start=1)
    ]
    return [write_data_file(root, TARIFFS, pa.Table.from_pylist(rows, schema=TARIFFS.schema), run_id)]


def _readings(root: Path, seed: int, service_points: int, buckets: int, run_id: str) -> list[DataFile]:
    parts: dict[tuple[str, int], list[pa.Table]] = {}
    for first in range(0, service_points, CHUNK):
        count = min(CHUNK, service_points - first)
        energy = bulk_days(seed=seed, first_service_point=first, service_points=count, first_day=FIRST_DAY, days=DAYS, zone=ZONE)
        points, meters = bulk_ids(first, count)
        rows = _daily_rows(energy, points, meters, buckets)
        months, of_bucket = rows["month"].to_numpy(zero_copy_only=False), rows["bucket"].to_numpy()
        for month in np.unique(months):
            for bucket in range(buckets):
                picked = np.flatnonzero((months == month) & (of_bucket == bucket))
                if len(picked):
                    parts.setdefault((str(month), bucket), []).append(rows.take(pa.array(picked)))
    files = []
    for (month, bucket), tables in sorted(parts.items()):
        rows = pa.concat_tables(tables).sort_by([(name, "ascending") for name in READINGS_DAILY.key])
        inside = rows.select(READINGS_DAILY.file_schema.names)
        files.append(write_data_file(root, READINGS_DAILY, inside, run_id, {"month": month, "bucket": str(bucket)}))
    return files


def _daily_rows(energy: np.ndarray, points: list[str], meters: list[str], buckets: int) -> pa.Table:
    """Return (n, days, slots) of watt-hours as rows of ``READINGS_DAILY``."""
    n, days, slots = energy.shape
    count = n * days
    point = pa.array(np.repeat(np.array(points, dtype=object), days), pa.string())
    dates = [FIRST_DAY + timedelta(days=day) for day in range(days)]
    constants = {
        "channel": "E1", "quantity": "active_energy", "direction": "import", "unit": "kWh", "native_quality": "A",
        "standard_offset_minutes": STANDARD_OFFSET_MINUTES, "interval_minutes": 1440 // slots, "slot_offset_minutes": 0,
        "exponent": -3, "missing": 0, "estimated": 0, "version": NOW, "file_id": "0" * 64, "record": "1",
        "values64": None, "quality": None, "method": None, "native_qualities": None,
    }  # fmt: skip
    columns = {
        name: pa.repeat(pa.scalar(value, READINGS_DAILY.schema.field(name).type), count) for name, value in constants.items()
    }
    columns |= {
        "month": pa.array([day.isoformat()[:7] for day in dates] * n),
        "bucket": pa.array(buckets_of(point, buckets)),
        "service_point_id": point,
        "meter_id": pa.array(np.repeat(np.array(meters, dtype=object), days), pa.string()),
        "day": pa.array(dates * n),
        "values": pa.ListArray.from_arrays(
            pa.array(np.arange(count + 1, dtype=np.int32) * slots),
            pa.array(energy.astype(np.int32).reshape(-1)),
            type=list_of(pa.int32()),
        ),
        "value_sum": pa.array(energy.astype(np.int64).sum(axis=2).reshape(-1)),
    }
    return pa.table({name: columns[name] for name in READINGS_DAILY.schema.names}).cast(READINGS_DAILY.schema)


def main() -> None:
    """Write a store: a process of its own, so that its memory is not counted with the run that follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--service-points", type=int, required=True)
    parser.add_argument("--buckets", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    write_plain_store(options.folder, seed=options.seed, service_points=options.service_points, buckets=options.buckets)


if __name__ == "__main__":
    main()
