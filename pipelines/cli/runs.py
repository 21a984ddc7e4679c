"""``runs``: what ran, and what it did."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import common
from pipelines.cli.outcome import Outcome, plain_value
from pipelines.journal import read_journal
from pipelines.lakehouse.store import Store
from schemas.errors import StoreError


@click.group()
def runs() -> None:
    """What ran, and what it did."""


@runs.command("list")
@click.option("--last", type=click.IntRange(min=1), default=50, show_default=True, help="Only the newest runs.")
@common
def list_runs(last: int, root: Path) -> Outcome:
    """List the runs, newest last. A run that is not here was killed: nothing of it exists."""
    table = Store(root).runs()
    entries = [_entry(row) for row in table.slice(max(0, table.num_rows - last)).to_pylist()]
    cells = [
        [
            str(entry["sequence"]),
            entry["run_id"],
            entry["command"],
            entry["month"] or "",
            plain_value(entry["finished_at"])[:19] + "Z",
            f"{entry['seconds']:.1f}",
            _summary(entry["counters"]),
        ]
        for entry in entries
    ]
    grid = Grid(["no", "run", "command", "month", "finished", "seconds", "what"], cells, right=["no", "seconds"])
    return Outcome({"runs": entries}, [grid])


@runs.command()
@click.argument("run_id", metavar="RUN")
@common
def show(run_id: str, root: Path) -> Outcome:
    """Show a run: counters, versions, tables it pinned, files it wrote, stages of its journal."""
    found = [row for row in Store(root).runs().to_pylist() if row["run_id"] == run_id]
    if not found:
        code = "run.unknown"
        raise StoreError(code, f"run {run_id} is not in the store", "list the runs: m2b runs list", run_id)
    entry = _entry(found[0]) | {
        "versions": json.loads(found[0]["versions"]),
        "validated_months": found[0]["validated_months"],
        "pins": {pin["table"]: pin["version"] for pin in found[0]["pins"]},
        "outputs": found[0]["outputs"],
        "journal": _stages(root, run_id),
    }
    made = Counter(output["table"] for output in entry["outputs"])
    head = [
        f"run {run_id} (no {entry['sequence']}): {entry['command']}" + (f", month {entry['month']}" if entry["month"] else ""),
        f"from {plain_value(entry['started_at'])} to {plain_value(entry['finished_at'])}, {entry['seconds']:.1f} s",
        f"wrote {sum(made.values())} files: " + ", ".join(f"{count} {table}" for table, count in sorted(made.items())),
    ]
    counters = Grid(["counter", "value"], [[k, f"{v:,}"] for k, v in sorted(entry["counters"].items())], right=["value"])
    versions = Grid(["program", "version"], [[name, text] for name, text in sorted(entry["versions"].items())])
    return Outcome(entry, [*head, "", counters, "", versions], run_id=run_id)


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    names = ("sequence", "run_id", "command", "month", "as_at", "started_at", "finished_at")
    seconds = (row["finished_at"] - row["started_at"]).total_seconds()
    return {name: row[name] for name in names} | {"seconds": seconds, "counters": json.loads(row["counters"])}


def _summary(counters: dict[str, Any]) -> str:
    """Return the counters that are not zero, in words."""
    return ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in sorted(counters.items()) if value)


def _stages(root: Path, run_id: str) -> dict[str, int]:
    """Return how many units of work each stage of a run finished."""
    return dict(Counter(line["stage"] for line, _ in read_journal(root, run_id) if line["stage"] != "plan"))
