"""Billing determinants of a month over fifty tariffs, beside one DuckDB statement that does only the time-of-use sums.

    python benchmarks/determinants.py --service-points 100000

Half-hourly, from the validated files of a store. Of the fifty tariffs thirty have time of use (ten of them with steps), ten
time of use and a demand by period, ten a ladder in time order. Ours reads the files, sums by version and period in local time,
lays intervals in a row where a tariff looks at them, and measures the peaks. DuckDB sums the weekday and weekend periods of the
fifty calendars at fixed hours of the day, nothing else. Two threads each, the same files, in turns in one process; the fastest of
three counts. The store is made first, by a process of its own, and not counted.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.band_sums import band_sums
from pipelines.bill.timelines import Fed, lay_out
from pipelines.lakehouse.data_files import DataFile, read_data_files
from pipelines.lakehouse.store import Snapshot, Store
from schemas.readings import READINGS_DAILY
from tariffs.charges.measure import Measure
from tariffs.load import parse_tariff
from tariffs.model import Tariff
from tariffs.pricing.windows import Frame, peak_in, windows_of

MONTH = "2026-01"
STARTS_AT, ENDS_AT = datetime(2025, 12, 31, 13, tzinfo=UTC), datetime(2026, 1, 31, 13, tzinfo=UTC)
TARIFFS = 50
THREADS = 2
ROUNDS = 3
COLUMNS = [
    "service_point_id", "day", "values", "values64", "quality", "exponent", "interval_minutes", "slot_offset_minutes",
    "standard_offset_minutes",
]  # fmt: skip
PEAK_KW = Measure()
SHAPES = {
    "time_of_use": '{id: use, kind: energy, price: {on: "0.3", off: "0.1"}}',
    "steps": '{id: use, kind: energy, price: {on: ["0.3", "0.4"], off: ["0.1", "0.2"]}, tiers: {limits: ["300"]}}',
    "demand": '{id: use, kind: energy, price: {on: "0.3", off: "0.1"}}, {id: power, kind: demand, price: {on: "7", off: "2"}}',
    "time_order": (
        '{id: use, kind: energy, price: {on: ["0.3", "0.4"], off: ["0.1", "0.2"]}, tiers: {limits: ["300"], fill: time_order}}'
    ),
}
MIX = ["time_of_use"] * 20 + ["steps"] * 10 + ["demand"] * 10 + ["time_order"] * 10
NEED_INTERVALS = ("demand", "time_order")


def hours_of(number: int) -> tuple[int, int]:
    """Return the half hours between which a tariff's weekday period lies."""
    return 12 + number % 10, 34 + number % 7


def tariff_of(number: int) -> Tariff:
    """Return one of the fifty tariffs."""
    first, last = (f"{slot // 2:02d}:{slot % 2 * 30:02d}" for slot in hours_of(number))
    return parse_tariff(
        f"tariff: bench-{number}\ncurrency: AUD\nclock: Australia/Sydney\nversions:\n- from: 2020-01-01\n"
        f'  periods: {{on: [{{days: mon-fri, from: "{first}", to: "{last}"}}], off: [{{else: true}}]}}\n'
        f"  charges: [{SHAPES[MIX[number]]}]\n",
        f"bench-{number}.yaml",
    )


def determine(snapshot: Snapshot, file: DataFile, tariffs: list[Tariff]) -> tuple[int, int]:
    """Make the determinants of a file's service points, a fiftieth of them by each tariff; return energy [Wh] and kW made."""
    rows = read_data_files(snapshot.root, READINGS_DAILY, [file], columns=COLUMNS)
    points = pc.dictionary_encode(rows["service_point_id"].combine_chunks()).indices.to_numpy().astype(np.int64)
    bounds = np.linspace(0, int(points.max()) + 1, TARIFFS + 1).astype(np.int64)
    edges = np.searchsorted(points, bounds).tolist()
    energy = peaks = 0
    for number, tariff in enumerate(tariffs):
        here = rows.slice(edges[number], edges[number + 1] - edges[number])
        agreement = points[edges[number] : edges[number + 1]] - bounds[number]
        count = int(bounds[number + 1] - bounds[number])
        sums = band_sums(here, agreement, count, tariff=tariff, direction="import", starts_at=STARTS_AT, ends_at=ENDS_AT)
        energy += int(sums.values.sum())
        if MIX[number] in NEED_INTERVALS:
            peaks += _peaks(here, agreement, count, tariff)
    return energy, peaks


def _peaks(rows: pa.Table, agreement: np.ndarray, count: int, tariff: Tariff) -> int:
    since, until = (np.full(len(agreement), int(each.timestamp())) for each in (STARTS_AT, ENDS_AT))
    laid = lay_out({"import_kwh": Fed(rows, agreement, since, until)}, count, starts_at=STARTS_AT, ends_at=ENDS_AT)
    frame = Frame(tariff, STARTS_AT, ENDS_AT)
    windows = [windows_of(stretch, PEAK_KW, frame) for stretch in laid.timeline.stretches]
    return sum(int(peak_in(windows, count, 0, band).occurs.sum()) for band in ("on", "off"))


def ours(snapshot: Snapshot, files: list[DataFile], tariffs: list[Tariff]) -> tuple[float, int, int]:
    """Return seconds, energy [Wh] and peaks of all files."""
    begin = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(lambda file: determine(snapshot, file, tariffs), files))
    return time.perf_counter() - begin, sum(energy for energy, _ in made), sum(peaks for _, peaks in made)


def duckdb_sums(root: Path, files: list[DataFile]) -> float:
    """Return the seconds of one statement: sums by calendar, weekday and weekend, of the files."""
    weights = ", ".join(f"({number}, [{', '.join(_on_peak(number))}]::DOUBLE[])" for number in range(TARIFFS))
    query = f"""
    WITH calendars(number, on_peak) AS (VALUES {weights})
    SELECT service_point_id, isodow(day) > 5 AS weekend, sum(list_dot_product("values"::DOUBLE[], on_peak)) AS on_peak,
      sum(list_sum("values")) AS whole
    FROM read_parquet($files) JOIN calendars ON number = hash(service_point_id) % {TARIFFS}
    GROUP BY ALL
    """
    paths = [str(root / "tables" / READINGS_DAILY.name / file.path) for file in files]
    with duckdb.connect() as connection:
        connection.execute(f"SET threads = {THREADS}")
        begin = time.perf_counter()
        connection.execute(query, {"files": paths}).fetchall()
        return time.perf_counter() - begin


def _on_peak(number: int) -> list[str]:
    first, last = hours_of(number)
    return ["1" if first <= slot < last else "0" for slot in range(48)]


def measure(*, seed: int, service_points: int, buckets: int) -> dict[str, object]:
    """Make the store and the determinants, and return the figures."""
    folder = Path(tempfile.mkdtemp(prefix="m2b-bench-"))
    shutil.rmtree(folder)
    script = str(Path(__file__).with_name("plain_store.py"))
    numbers = {"--service-points": service_points, "--buckets": buckets, "--seed": seed}
    subprocess.run([sys.executable, script, str(folder), *(str(part) for pair in numbers.items() for part in pair)], check=True)
    snapshot = Store(folder).snapshot()
    files = snapshot.files(READINGS_DAILY, month=MONTH)
    readings = sum(file.rows for file in files) * 48
    tariffs = [tariff_of(number) for number in range(TARIFFS)]
    best, peer, energy, peaks = float("inf"), float("inf"), 0, 0
    for _ in range(ROUNDS):
        seconds, energy, peaks = ours(snapshot, files, tariffs)
        best, peer = min(best, seconds), min(peer, duckdb_sums(folder, files))
    shutil.rmtree(folder)
    return {
        "service_points": service_points,
        "readings": readings,
        "tariffs": TARIFFS,
        "seed": seed,
        "seconds": round(best, 2),
        "readings_per_second": round(readings / best),
        "energy_kwh": energy / 1000,
        "peaks": peaks,
        "duckdb_seconds": round(peer, 2),
        "times_duckdb": round(best / peer, 2),
        "versions": {name: version(name) for name in ("duckdb", "numpy", "pyarrow")},
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-points", type=int, default=10_000)
    parser.add_argument("--buckets", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(measure(seed=options.seed, service_points=options.service_points, buckets=options.buckets), indent=1))


if __name__ == "__main__":
    main()
