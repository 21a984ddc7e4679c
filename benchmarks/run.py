"""Run the benchmarks and print their figures as a table; JSON goes to ``benchmarks/results/``.

make bench          the small set, minutes
make bench-full     every full one, a quarter of an hour
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SMALL = {
    "parse_nem12": ["parse_nem12.py", "--json"],
    "settle_month": ["settle_month.py", "--service-points", "10000"],
    "determinants": ["determinants.py", "--service-points", "10000", "--buckets", "2"],
    "rate_year": ["rate_year.py", "--customers", "200"],
    "rerate_book": ["rerate_book.py", "--service-points", "2000"],
    "help": ["help_time.py"],
}
FULL = {
    "parse_nem12": ["parse_nem12.py", "--json", "--megabytes", "200"],
    "settle_month_10k": ["settle_month.py", "--service-points", "10000", "--buckets", "8"],
    "settle_month_100k": ["settle_month.py", "--service-points", "100000", "--buckets", "32"],
    "determinants": ["determinants.py", "--service-points", "100000", "--buckets", "16"],
    "rate_year": ["rate_year.py", "--customers", "1000"],
    "rerate_book": ["rerate_book.py", "--service-points", "10000"],
    "ingest_month": ["ingest_month.py", "--service-points", "20000"],
    "large_table": ["large_files.py", "--format", "csv_smart_meter_texas", "--megabytes", "1000"],
    "large_feed": ["large_files.py", "--format", "espi", "--megabytes", "500"],
    "large_nem12": ["large_files.py", "--format", "nem12", "--megabytes", "1000"],
    "help": ["help_time.py"],
}


def run(command: list[str]) -> dict[str, object]:
    """Run one benchmark script and return the JSON object it prints."""
    done = subprocess.run(
        [sys.executable, str(HERE / command[0]), *command[1:]], capture_output=True, text=True, check=True, cwd=HERE.parent
    )
    return json.loads(done.stdout)


def main() -> None:
    """Run the small or the full set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="every full benchmark, a quarter of an hour")
    parser.add_argument("--peers-python", help="an interpreter that has the peers of benchmarks/peers.lock")
    options = parser.parse_args()
    chosen = dict(FULL if options.full else SMALL)
    if options.peers_python:
        for name in ("parse_nem12", "rate_year"):
            chosen[name] = [*chosen[name], "--peers-python", options.peers_python]
    machine = {"cores": os.cpu_count(), "python": platform.python_version(), "machine": platform.machine()}
    results: dict[str, object] = {"machine": machine}
    for name, command in chosen.items():
        figures = run(command)
        results[name] = figures
        print(f"\n{name}: {' '.join(command)}")
        for key, value in figures.items():
            print(f"  {key:32} {value}")
    folder = HERE / "results"
    folder.mkdir(exist_ok=True)
    (folder / "latest.json").write_text(json.dumps(results, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
