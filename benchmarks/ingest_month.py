"""Raw NEM12 files to bills and CRM records: the nightly job on a month of half-hourly files.

    python benchmarks/ingest_month.py --service-points 20000

Files, master data and tariffs are made first and not counted.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import tempfile
import time
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from plain_store import DAYS, FIRST_DAY, write_empty_store

from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.plan import BillingRequest
from pipelines.synthetic.bulk import write_bulk_nem12

BILLING = BillingRequest(date(2026, 1, 1), date(2026, 2, 1), date(2026, 2, 20))


def measure(*, seed: int, service_points: int, buckets: int) -> dict[str, object]:
    """Make the files, run the whole job, and return the figures."""
    folder = Path(tempfile.mkdtemp(prefix="m2b-bench-"))
    store = write_empty_store(folder / "store", seed=seed, service_points=service_points, buckets=buckets)
    inbox = folder / "inbox"
    per_file = max(512, service_points // 8)
    files = write_bulk_nem12(
        inbox, seed=seed, service_points=service_points, first_day=FIRST_DAY, days=DAYS, service_points_per_file=per_file
    )
    size = sum(path.stat().st_size for path in files)
    begin = time.perf_counter()
    report = run_flow(store, FlowRequest("run", (inbox,), billing=BILLING), lambda: datetime(2026, 2, 20, tzinfo=UTC))
    seconds = time.perf_counter() - begin
    shutil.rmtree(folder)
    readings = service_points * DAYS * 48
    return {
        "service_points": service_points,
        "readings": readings,
        "megabytes": round(size / 1e6),
        "seconds": round(seconds, 2),
        "megabytes_per_second": round(size / 1e6 / seconds, 1),
        "readings_per_second": round(readings / seconds),
        "bills": report.counters["bills_made"],
        "holds": report.counters["holds_open"],
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "seed": seed,
        "versions": {name: version(name) for name in ("apache-beam", "numpy", "pyarrow", "deltalake")},
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-points", type=int, default=5000)
    parser.add_argument("--buckets", type=int, default=16)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(measure(seed=options.seed, service_points=options.service_points, buckets=options.buckets), indent=1))


if __name__ == "__main__":
    main()
