"""Memory and speed of taking in one very large file: does memory stay flat while the file grows?

Writes a seeded file of a format, takes it into an empty store in a process of its own, and prints the time and the
largest resident memory of that process. ``--megabytes 5000`` is the size the project promises to hold under 1 GB.

python benchmarks/large_files.py --format csv_smart_meter_texas --megabytes 200
python benchmarks/large_files.py --format espi --megabytes 200
python benchmarks/large_files.py --format nem12 --megabytes 200
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

SEED = 20260101
FIRST_DAY = date(2026, 1, 1)
DAYS = 31


def smart_meter_texas(chance: random.Random) -> Iterator[str]:
    """Yield the lines of a Smart Meter Texas export: one row a quarter of an hour, home by home."""
    yield "ESIID,USAGE_DATE,REVISION_DATE,USAGE_START_TIME,USAGE_END_TIME,USAGE_KWH,ESTIMATED_ACTUAL,"
    yield "CONSUMPTION_SURPLUSGENERATION\n"
    home = 0
    while True:
        home += 1
        for day in range(DAYS):
            when = f"{FIRST_DAY + timedelta(days=day):%m/%d/%Y}"
            for slot in range(96):
                start, end = slot * 15, slot * 15 + 15
                yield (
                    f"'1044372{home:010d},{when},02/02/2026 06:18:33,{start // 60:02d}:{start % 60:02d},"
                    f"{end // 60 % 24:02d}:{end % 60:02d},.{chance.randrange(1000):03d},A,Consumption\n"
                )


def green_button(chance: random.Random) -> Iterator[str]:
    """Yield the entries of a Green Button feed: one usage point after the other, hourly, a block a day."""
    yield (
        '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">'
        "<id>urn:uuid:0</id><title>bulk</title>\n"
    )
    home = 0
    while True:
        home += 1
        root = f"/espi/1_1/resource/RetailCustomer/{home}/UsagePoint/{home}"
        yield (
            f'<entry><id>urn:uuid:{home}-1</id><link rel="self" href="{root}"/>'
            f'<link rel="related" href="{root}/MeterReading"/>'
            "<content><e:UsagePoint><e:ServiceCategory><e:kind>0</e:kind></e:ServiceCategory></e:UsagePoint></content></entry>\n"
            f'<entry><id>urn:uuid:{home}-2</id><link rel="self" href="{root}/MeterReading/1"/>'
            f'<link rel="up" href="{root}/MeterReading"/>'
            f'<link rel="related" href="{root}/MeterReading/1/IntervalBlock"/>'
            f'<link rel="related" href="/espi/1_1/resource/ReadingType/{home}"/>'
            "<content><e:MeterReading/></content></entry>\n"
            f'<entry><id>urn:uuid:{home}-3</id><link rel="self" href="/espi/1_1/resource/ReadingType/{home}"/>'
            "<content><e:ReadingType>"
            "<e:accumulationBehaviour>4</e:accumulationBehaviour><e:commodity>1</e:commodity><e:flowDirection>1</e:flowDirection>"
            "<e:intervalLength>3600</e:intervalLength><e:powerOfTenMultiplier>0</e:powerOfTenMultiplier><e:uom>72</e:uom>"
            "</e:ReadingType></content></entry>\n"
        )
        for day in range(DAYS):
            start = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + day * 86_400
            yield (
                f'<entry><id>urn:uuid:{home}-{day + 4}</id><link rel="self" href="{root}/MeterReading/1/IntervalBlock/{day}"/>'
                f'<link rel="up" href="{root}/MeterReading/1/IntervalBlock"/><content><e:IntervalBlock>'
                f"<e:interval><e:duration>86400</e:duration><e:start>{start}</e:start></e:interval>"
            )
            for hour in range(24):
                yield (
                    f"<e:IntervalReading><e:timePeriod><e:duration>3600</e:duration><e:start>{start + hour * 3600}</e:start>"
                    f"</e:timePeriod><e:value>{chance.randrange(3000)}</e:value></e:IntervalReading>"
                )
            yield "</e:IntervalBlock></content></entry>\n"


def nem12(chance: random.Random) -> Iterator[str]:
    """Yield the lines of a NEM12 file: half hours, home by home."""
    yield "100,NEM12,202602010000,MDP1,RET1\n"
    home = 0
    while True:
        home += 1
        yield f"200,4{home:09d},E1,E1,E1,,{home:08d},kWh,30,\n"
        for day in range(DAYS):
            values = ",".join(f"{chance.randrange(3000) / 1000:.3f}" for _ in range(48))
            yield f"300,{FIRST_DAY + timedelta(days=day):%Y%m%d},{values},A,,,20260201010000,\n"


WRITERS: dict[str, tuple[Callable[[random.Random], Iterator[str]], str]] = {
    "csv_smart_meter_texas": (smart_meter_texas, ""),
    "espi": (green_button, "</feed>\n"),
    "nem12": (nem12, "900\n"),
}
"""Format: what writes its lines, and how its files end."""


def write_file(path: Path, name: str, megabytes: int) -> None:
    """Write a file of at least ``megabytes``."""
    lines, end = WRITERS[name]
    wanted = megabytes * 10**6
    written = 0
    with path.open("w", encoding="utf-8") as file:
        for line in lines(random.Random(SEED)):  # noqa: S311 - a seeded load, not a secret
            if written >= wanted and (name != "espi" or (line.startswith("<entry><id>") and line.count("UsagePoint>") > 1)):
                break
            written += file.write(line)
        file.write(end)


def measure(path: Path, store: Path) -> dict[str, object]:
    """Take a file into an empty store in a process of its own; return its figures."""
    command = [str(Path(sys.executable).with_name("m2b")), "ingest", str(path), "--store", str(store), "--json"]
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    output = process.stdout.read() if process.stdout is not None else b""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    told = json.loads(output)["data"]["files"][0]
    return {
        "exit_code": os.waitstatus_to_exitcode(status),
        "format": told["format"],
        "megabytes": round(path.stat().st_size / 1e6),
        "rows": told["rows_read"],
        "rows_accepted": told["rows_accepted"],
        "seconds": round(seconds, 1),
        "megabytes_per_second": round(path.stat().st_size / 1e6 / seconds, 1),
        "peak_memory_megabytes": round(usage.ru_maxrss / 1024),
    }


def main() -> None:
    """Measure one format at one size and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--format", choices=WRITERS, default="csv_smart_meter_texas")
    parser.add_argument("--megabytes", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.dat"
        write_file(path, options.format, options.megabytes)
        print(json.dumps({"seed": SEED, **measure(path, Path(folder) / "store")}))


if __name__ == "__main__":
    main()
