"""A month of the whole book on draft tariffs, beside the billing run of the same month over the same store.

    python benchmarks/rerate_book.py --service-points 10000

Both start from validated readings. Every tariff of the book has a draft; the draft of homes on the flat tariff is dearer by a
cent a kilowatt-hour. The store is made first, by a process of its own, and not counted.
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
from contextlib import nullcontext
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import pipelines.meter_to_bill  # noqa: F401 - Beam is imported before the clock starts: it would count for the first of the two
from pipelines.lakehouse.store import Store
from pipelines.operations.book_simulation.files import write_book
from pipelines.operations.book_simulation.simulation import BookRequest, simulate_book
from pipelines.operations.flow import FlowRequest, run_flow
from pipelines.plan import BillingRequest
from pipelines.synthetic.tariff_documents import tariff_documents

ZONE = "Australia/Sydney"
JANUARY = (date(2026, 1, 1), date(2026, 2, 1))
AS_AT = date(2026, 2, 20)
NOW = datetime(2026, 2, 20, tzinfo=UTC)


def write_drafts(folder: Path) -> list[Path]:
    """Write a draft of every tariff of the book."""
    paths = []
    for name, text in tariff_documents(ZONE, date(2024, 1, 1)).items():
        path = folder / f"{name}.yaml"
        path.write_text(text.replace('"0.3421"', '"0.3521"'), "utf-8")
        paths.append(path)
    return paths


def measure(*, seed: int, service_points: int, buckets: int) -> dict[str, object]:
    """Make the store, re-rate the month, bill it, and return the figures."""
    folder = Path(tempfile.mkdtemp(prefix="m2b-bench-"))
    root = folder / "store"
    numbers = {"--service-points": service_points, "--buckets": buckets, "--seed": seed}
    script = str(Path(__file__).with_name("plain_store.py"))
    subprocess.run([sys.executable, script, str(root), *(str(part) for pair in numbers.items() for part in pair)], check=True)
    store = Store(root)
    paths = write_drafts(folder)
    request = BookRequest(paths, (), False, [JANUARY], AS_AT, (), ("tariff", "usage"))  # noqa: FBT003 - as dated
    begin = time.perf_counter()
    book = simulate_book(store, request, lambda: NOW, lambda _: nullcontext())
    rerated = time.perf_counter() - begin
    begin = time.perf_counter()
    write_book(book, [folder / name for name in ("report.html", "charts.svg", "rows.parquet")])
    written = time.perf_counter() - begin
    begin = time.perf_counter()
    report = run_flow(store, FlowRequest("bill.run", billing=BillingRequest(*JANUARY, AS_AT)), lambda: NOW)
    billed = time.perf_counter() - begin
    if not book.compared == book.positions.num_rows == report.counters["bills_made"] == service_points:
        message = f"{book.compared} bills compared, {report.counters} made: not every home is in both"
        raise SystemExit(message)
    (aud,) = book.figures
    shutil.rmtree(folder)
    return {
        "service_points": service_points,
        "seed": seed,
        "rerate_seconds": round(rerated, 2),
        "homes_per_second": round(service_points / rerated),
        "report_chart_rows_seconds": round(written, 2),
        "bill_run_seconds": round(billed, 2),
        "ratio_to_bill_run": round(rerated / billed, 2),
        "difference": str(aud.whole.total.difference) if aud.whole is not None else "",
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        "versions": {name: version(name) for name in ("altair", "vl-convert-python", "apache-beam", "duckdb", "pyarrow")},
    }


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--service-points", type=int, default=10_000)
    parser.add_argument("--buckets", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(json.dumps(measure(seed=options.seed, service_points=options.service_points, buckets=options.buckets), indent=1))


if __name__ == "__main__":
    main()
