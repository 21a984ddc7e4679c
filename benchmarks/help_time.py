"""How long ``m2b --help`` takes: the fastest and the median of eleven starts."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

STARTS = 11


def main() -> None:
    """Measure and print one JSON object."""
    command = [str(Path(sys.executable).with_name("m2b")), "--help"]
    seconds = []
    for _ in range(STARTS):
        begin = time.perf_counter()
        subprocess.run(command, capture_output=True, check=True)
        seconds.append(time.perf_counter() - begin)
    print(json.dumps({"fastest_seconds": round(min(seconds), 3), "median_seconds": round(statistics.median(seconds), 3)}))


if __name__ == "__main__":
    main()
