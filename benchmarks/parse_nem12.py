"""Reading NEM12, per core, beside other readers of the format.

    python benchmarks/parse_nem12.py --megabytes 40

Makes a seeded file (half-hourly values of three decimals, one day in a hundred substituted, one in a hundred with
400 records), reads it with our reader into Arrow tables and with every peer that can be imported, in the same run,
and compares CPU time per megabyte. Peers are slow and hold all readings: they get a shorter file of the same kind.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipelines.ingest.mdff.nem12 import read_nem12
from pipelines.ingest.reader import ReadContext

SLOTS = 48
FIRST_DAY = date(2024, 1, 1)
VALUES = [f"{number // 1000}.{number % 1000:03d}" for number in range(4000)]
PEERS = {
    "aemo-mdff-reader, readings": "from aemo_mdff_reader import parse\nfor reading in parse(path): pass",
    "aemo-mdff-reader, columns": "from aemo_mdff_reader import parse_to_columns\nparse_to_columns(path)",
    "nemreader": "from nemreader import NEMFile\nNEMFile(path).nem_data()",
}
MEASURE = """
import json, sys, time
from importlib.metadata import version
path = sys.argv[1]
code = compile(sys.argv[2], "peer", "exec")
begin = time.process_time()
exec(code)
print(json.dumps({"seconds": time.process_time() - begin, "version": version(sys.argv[3])}))
"""
ROUNDS = 3


def write_file(path: Path, *, seed: int, size: float, days: int) -> int:
    """Write a NEM12 file of about ``size`` bytes, ``days`` days a channel; return its size [B]."""
    chance = random.Random(seed)  # noqa: S311 - made data
    with path.open("w", encoding="ascii", newline="\n") as file:
        file.write("100,NEM12,202402010000,MDP1,RET1\n")
        number = 0
        while file.tell() < size:
            file.write(f"200,{4_000_000_000 + number},E1,1,E1,N1,{number:08d},KWH,30,20240301\n")
            file.write("".join(day_text(chance, FIRST_DAY + timedelta(days=n)) for n in range(days)))
            number += 1
        file.write("900\n")
        return file.tell()


def day_text(chance: random.Random, day: date) -> str:
    """Return a 300 record, with its 400 records where it has some."""
    values = ",".join(chance.choices(VALUES, k=SLOTS))
    kind = chance.random()
    made = f"{day + timedelta(days=1):%Y%m%d}063015"
    if kind < 0.01:  # noqa: PLR2004 - one in a hundred
        return f"300,{day:%Y%m%d},{values},V,,,{made},{made}\n400,1,20,A,,\n400,21,48,S14,76,\n"
    flag, reason = ("S14", "76") if kind < 0.02 else ("A", "")  # noqa: PLR2004 - one in a hundred
    return f"300,{day:%Y%m%d},{values},{flag},{reason},,{made},{made}\n"


def measure_ours(path: Path) -> tuple[float, int]:
    """Return CPU seconds of the best of some rounds, and the values read."""
    best, rows = float("inf"), 0
    for _ in range(ROUNDS):
        begin = time.process_time()
        with path.open("rb") as stream:
            rows = sum(parsed.rows_read for parsed in read_nem12(stream, ReadContext(path.name)))
        best = min(best, time.process_time() - begin)
    return best, rows


def measure_peer(name: str, path: Path, python: str) -> dict[str, object] | None:
    """Return CPU seconds and version of a peer; None where it cannot be imported."""
    command = [python, "-c", MEASURE, str(path), PEERS[name], name.partition(",")[0]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def measure(*, seed: int, megabytes: float, peer_megabytes: float, days: int, python: str) -> dict[str, object]:
    """Make the files, read them, and return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        path, shorter = Path(folder) / "nem12.csv", Path(folder) / "shorter.csv"
        size = write_file(path, seed=seed, size=megabytes * 1e6, days=days)
        peer_size = write_file(shorter, seed=seed, size=min(megabytes, peer_megabytes) * 1e6, days=days)
        seconds, rows = measure_ours(path)
        ours = size / 1e6 / seconds
        figures: dict[str, object] = {
            "megabytes": round(size / 1e6, 1),
            "readings": rows,
            "days_a_channel": days,
            "cpu_seconds": round(seconds, 3),
            "megabytes_per_cpu_second": round(ours, 1),
            "readings_per_cpu_second": round(rows / seconds),
        }
        peers: dict[str, object] = {}
        for name in PEERS:
            found = measure_peer(name, shorter, python)
            if found is not None:
                speed = peer_size / 1e6 / float(str(found["seconds"]))
                peers[name] = {
                    "version": found["version"],
                    "megabytes_per_cpu_second": round(speed, 2),
                    "ratio": round(ours / speed, 1),
                }
        versions = {name: version(name) for name in ("numpy", "pyarrow")} | {"python": platform.python_version()}
        return {**figures, "peers": peers, "seed": seed, "versions": versions}


def print_table(figures: dict[str, object]) -> None:
    """Print the figures for a person."""
    print(f"{figures['megabytes']} MB of NEM12, {figures['readings']:,} readings, seed {figures['seed']}, {figures['versions']}")
    print(f"{'reader':32}{'MB per CPU second':>20}{'times slower':>14}")
    print(f"{'this one':32}{figures['megabytes_per_cpu_second']:>20}")
    peers = figures["peers"]
    for name, peer in peers.items() if isinstance(peers, dict) else ():
        print(f"{name + ' ' + peer['version']:32}{peer['megabytes_per_cpu_second']:>20}{peer['ratio']:>14}")
    if not peers:
        print("no peer can be imported: name an interpreter that has them with --peers-python")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=float, default=40.0)
    parser.add_argument("--peer-megabytes", type=float, default=10.0)
    parser.add_argument("--days", type=int, default=31, help="days a channel: 1 is a daily delivery, 31 a monthly one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers-python", default=sys.executable, help="interpreter in which the peers are installed")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    figures = measure(
        seed=options.seed,
        megabytes=options.megabytes,
        peer_megabytes=options.peer_megabytes,
        days=options.days,
        python=options.peers_python,
    )
    if options.json:
        print(json.dumps(figures, indent=1))
    else:
        print_table(figures)


if __name__ == "__main__":
    main()
