"""A store of delivered, not yet validated readings by the hundred thousand: what the benchmark of validation starts from.

One slot in a hundred is missing: half of these in gaps of up to two hours, half in longer ones. Rows are written straight into
``deliveries`` as ingest leaves them: one day of a meter each, dealt to buckets. Same seed, same store.
"""

from __future__ import annotations

import argparse
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from plain_store import NOW, STANDARD_OFFSET_MINUTES, ZONE, write_empty_store

from pipelines.lakehouse.buckets import buckets_of
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.lakehouse.store import RunRecord, Store
from pipelines.synthetic.bulk import bulk_days, bulk_ids
from schemas.codes import Quality
from schemas.readings import DELIVERIES
from schemas.table import list_of

FIRST_DAY = date(2025, 12, 4)
DAYS = 60
"""January 2026, the four weeks before it that like days lie in, and a day after it."""
MISSING_PERCENT = 1
CHUNK = 4096
RUN_ID = "r2-deliveries"


def write_delivered_store(root: Path, *, seed: int, service_points: int, buckets: int) -> Store:
    """Write a store of plain half-hourly service points with deliveries that nobody validated."""
    store = write_empty_store(root, seed=seed, service_points=service_points, buckets=buckets)
    files = [
        _delivered(root, seed, first, min(CHUNK, service_points - first), buckets) for first in range(0, service_points, CHUNK)
    ]
    store.publish(RunRecord(RUN_ID, "ingest", NOW, NOW), store.snapshot(), files)
    return store


def _delivered(root: Path, seed: int, first: int, count: int, buckets: int) -> DataFile:
    energy = bulk_days(seed=seed, first_service_point=first, service_points=count, first_day=FIRST_DAY, days=DAYS, zone=ZONE)
    missing = missing_slots(energy.shape, np.random.default_rng([seed, first]))
    energy[missing] = 0
    rows = _rows(energy, missing, *bulk_ids(first, count), buckets)
    inside = rows.sort_by([("bucket", "ascending"), ("service_point_id", "ascending"), ("start", "ascending")])
    return write_data_file(root, DELIVERIES, inside.select(DELIVERIES.file_schema.names), RUN_ID, {"batch": RUN_ID})


def missing_slots(shape: tuple[int, int, int], rng: np.random.Generator) -> np.ndarray:
    """Return which slots are missing, bool of ``shape``: runs of one to four slots, and of five to forty-eight."""
    n, days, slots = shape
    length = days * slots
    missing = np.zeros(n * length, dtype=bool)
    wanted = missing.size * MISSING_PERCENT // 200
    for low, high in ((1, 5), (5, 49)):
        runs = 2 * wanted // (low + high - 1)
        start, size = rng.integers(0, missing.size - high, runs), rng.integers(low, high, runs)
        for place in range(high - 1):
            missing[start[size > place] + place] = True
    return missing.reshape(shape)


def _rows(energy: np.ndarray, missing: np.ndarray, points: list[str], meters: list[str], buckets: int) -> pa.Table:
    n, days, slots = energy.shape
    count = n * days
    point = pa.array(np.repeat(np.array(points, dtype=object), days), pa.string())
    midnight = datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC) - timedelta(minutes=STANDARD_OFFSET_MINUTES)
    starts = [midnight + timedelta(days=day) for day in range(days)]
    constants = {
        "batch": RUN_ID, "channel": "E1", "quantity": "active_energy", "direction": "import", "unit": "kWh",
        "clock_offset_minutes": STANDARD_OFFSET_MINUTES, "interval_minutes": 1440 // slots, "exponent": -3, "version": NOW,
        "native_quality": "A", "file_id": "0" * 64, "record": "1", "values64": None, "native_qualities": None,
        "native_reason": None,
    }  # fmt: skip
    columns = {name: pa.repeat(pa.scalar(value, DELIVERIES.schema.field(name).type), count) for name, value in constants.items()}
    gappy = missing.any(axis=2).reshape(-1)
    offsets = np.r_[0, np.cumsum(np.where(gappy, slots, 0))].astype(np.int32)
    codes = (missing.reshape(-1, slots)[gappy] * np.int8(Quality.MISSING)).astype(np.int8)
    columns |= {
        "bucket": pa.array(buckets_of(point, buckets)),
        "service_point_id": point,
        "meter_id": pa.array(np.repeat(np.array(meters, dtype=object), days), pa.string()),
        "start": pa.array(starts * n, pa.timestamp("us", tz="UTC")),
        "values": pa.ListArray.from_arrays(
            pa.array(np.arange(count + 1, dtype=np.int32) * slots),
            pa.array(energy.astype(np.int32).reshape(-1)),
            type=list_of(pa.int32()),
        ),
        "quality": pa.ListArray.from_arrays(
            pa.array(offsets), pa.array(codes.reshape(-1)), type=list_of(pa.int8()), mask=pa.array(~gappy)
        ),
    }
    return pa.table({name: columns[name] for name in DELIVERIES.schema.names}).cast(DELIVERIES.schema)


def main() -> None:
    """Write a store: a process of its own, so that its memory is not counted with the run that follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--service-points", type=int, required=True)
    parser.add_argument("--buckets", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    options = parser.parse_args()
    write_delivered_store(options.folder, seed=options.seed, service_points=options.service_points, buckets=options.buckets)


if __name__ == "__main__":
    main()
