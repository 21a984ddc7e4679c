"""Validation and estimation of a month on disk: every rule of the generic profile, one slot in a hundred missing.

    python benchmarks/vee_month.py --service-points 100000 --buckets 16

Half-hourly, from deliveries to ``readings_daily`` and ``exceptions``, committed. The store is made first, by a process of its
own, and not counted. Readings are those of the month; the four weeks before it are read where a gap needs them, and not counted.
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
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pipelines.lakehouse.store import Store
from pipelines.operations.flow import FlowRequest, run_flow
from schemas.findings import EXCEPTIONS
from schemas.readings import READINGS_DAILY

MONTH = "2026-01"
DAYS = 31


def measure(*, seed: int, service_points: int, buckets: int, workers: int) -> dict[str, object]:
    """Make the store, validate the month, and return the figures."""
    folder = Path(tempfile.mkdtemp(prefix="m2b-bench-"))
    shutil.rmtree(folder)
    numbers = {"--service-points": service_points, "--buckets": buckets, "--seed": seed}
    script = str(Path(__file__).with_name("delivered_store.py"))
    subprocess.run([sys.executable, script, str(folder), *(str(part) for pair in numbers.items() for part in pair)], check=True)
    store = Store(folder)
    cpu, begin = _cpu_seconds(), time.perf_counter()
    request = FlowRequest("vee", months=(MONTH,), workers=workers)
    run_flow(store, request, lambda: datetime(2026, 2, 20, tzinfo=UTC))
    seconds, cpu = time.perf_counter() - begin, _cpu_seconds() - cpu
    snapshot = store.snapshot()
    rows = snapshot.read(READINGS_DAILY, columns=["missing", "estimated"], month=MONTH)
    readings = service_points * DAYS * 48
    figures = {
        "service_points": service_points,
        "readings": readings,
        "seed": seed,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "readings_per_second": round(readings / seconds),
        "readings_per_cpu_second": round(readings / cpu),
        "slots_estimated": sum(rows["estimated"].to_pylist()),
        "slots_missing": sum(rows["missing"].to_pylist()),
        "exceptions": sum(file.rows for file in snapshot.files(EXCEPTIONS, month=MONTH)),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "versions": {name: version(name) for name in ("apache-beam", "deltalake", "numpy", "pyarrow")},
    }
    if rows.num_rows != service_points * DAYS:
        message = f"{rows.num_rows} days validated, {service_points * DAYS} expected"
        raise SystemExit(message)
    shutil.rmtree(folder)
    return figures


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-points", type=int, default=10_000)
    parser.add_argument("--buckets", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    figures = measure(seed=options.seed, service_points=options.service_points, buckets=options.buckets, workers=options.workers)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
