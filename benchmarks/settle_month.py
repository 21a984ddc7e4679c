"""Validated readings to bills and CRM records on disk, beside one DuckDB statement that does only the time-of-use sums.

    python benchmarks/settle_month.py --service-points 100000

One month, half-hourly. The store is made first, by a process of its own, and not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import duckdb

from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.plan import BillingRequest
from schemas.bills import BILLS, CHARGE_LINES
from schemas.crm import CRM_RECORDS
from schemas.readings import READINGS_DAILY

REQUEST = FlowRequest("bill.run", billing=BillingRequest(date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 20)))
PEAK = "[CASE WHEN i BETWEEN 14 AND 40 THEN 1 ELSE 0 END FOR i IN range(48)]::DOUBLE[]"
OFF_PEAK = "[CASE WHEN i BETWEEN 14 AND 40 THEN 0 ELSE 1 END FOR i IN range(48)]::DOUBLE[]"
BANDS_SQL = f"""
SELECT service_point_id, isodow(day) > 5 AS weekend,
  sum(list_dot_product("values"::DOUBLE[], {PEAK})) AS peak, sum(list_dot_product("values"::DOUBLE[], {OFF_PEAK})) AS off_peak
FROM read_parquet($files) GROUP BY ALL
"""


def duckdb_seconds(root: Path, files: list[str]) -> float:
    """Time one statement: two bands, weekdays and weekends apart, over the month's files."""
    paths = [str(root / "tables" / READINGS_DAILY.name / file) for file in files]
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2")
        begin = time.perf_counter()
        connection.execute(BANDS_SQL, {"files": paths}).fetchall()
        return time.perf_counter() - begin


def measure(*, seed: int, service_points: int, buckets: int, keep: Path | None) -> dict[str, object]:
    """Make the store, bill the month, and return the figures."""
    folder = keep or Path(tempfile.mkdtemp(prefix="m2b-bench-"))
    shutil.rmtree(folder, ignore_errors=True)
    begin = time.perf_counter()
    numbers = {"--service-points": service_points, "--buckets": buckets, "--seed": seed}
    script = str(Path(__file__).with_name("plain_store.py"))
    subprocess.run([sys.executable, script, str(folder), *(str(part) for pair in numbers.items() for part in pair)], check=True)
    store = Store(folder)
    made = time.perf_counter() - begin
    readings = service_points * 31 * 48
    cpu = _cpu_seconds()
    begin = time.perf_counter()
    report = run_flow(store, REQUEST, lambda: datetime(2026, 2, 20, tzinfo=UTC))
    seconds = time.perf_counter() - begin
    cpu = _cpu_seconds() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    snapshot = store.snapshot()
    files = [file.path for file in snapshot.files(READINGS_DAILY, month="2026-01")]
    sql = duckdb_seconds(folder, files)
    figures = {
        "service_points": service_points,
        "readings": readings,
        "seed": seed,
        "store_seconds": round(made, 1),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "readings_per_second": round(readings / seconds),
        "bills": report.counters["bills_made"],
        "bills_per_second": round(report.counters["bills_made"] / seconds),
        "charge_lines": sum(file.rows for file in snapshot.files(CHARGE_LINES)),
        "crm_records": sum(file.rows for file in snapshot.files(CRM_RECORDS)),
        "holds": report.counters["holds_open"],
        "peak_memory_mb": round(peak),
        "duckdb_tou_sums_seconds": round(sql, 2),
        "ratio_to_duckdb": round(seconds / sql, 1),
        "versions": {name: version(name) for name in ("apache-beam", "duckdb", "numpy", "pyarrow", "deltalake")},
    }
    if sum(file.rows for file in snapshot.files(BILLS)) != service_points:
        message = f"{report.counters} does not bill every service point"
        raise SystemExit(message)
    if keep is None:
        shutil.rmtree(folder)
    return figures


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-points", type=int, default=10_000)
    parser.add_argument("--buckets", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="keep the store here")
    options = parser.parse_args()
    figures = measure(seed=options.seed, service_points=options.service_points, buckets=options.buckets, keep=options.keep)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
