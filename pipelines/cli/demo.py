"""``demo``: from raw files to bills in under a minute, offline."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from pipelines.cli.flows import billing_line
from pipelines.cli.grid import Grid
from pipelines.cli.options import json_option
from pipelines.cli.outcome import Outcome, say
from pipelines.cli.progress import progress
from pipelines.cli.session import Session
from pipelines.operations.demo import MONTH, DemoReport, make_demo
from schemas.bill_document import money, plain

_BILLS_SHOWN = 8
_SHARE_SQL = "SELECT account_id, total, estimated_share FROM bills ORDER BY total DESC LIMIT 5"


@click.command()
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="here",
    help="Where to make demo_inbox/ and store/.",
)
@click.option("--service-points", type=click.IntRange(1, 100_000), default=120, show_default=True, help="Size of the utility.")
@click.option("--seed", type=click.IntRange(min=0), default=7, show_default=True, help="Seed of the generator.")
@json_option
@click.pass_obj
def demo(session: Session, folder: Path, service_points: int, seed: int) -> Outcome:
    """From the files of a synthetic utility to its bills, offline.

    It is made with its master data and tariffs, and taken to bills and CRM records in under a minute. Its files and
    faults follow from the seed. demo_inbox/ and store/ are made anew; a store that the demo did not make is left
    alone.
    """
    with progress(folder / "store"):
        made = make_demo(folder, service_points, seed, session.now, say)
    return Outcome(_data(made, folder), _parts(made, folder, session.program), run_id=made.report.run_id)


def tries(made: DemoReport, folder: Path, program: str) -> list[str]:
    """Return commands worth trying next; they work from the demo's folder."""
    go = [] if folder.resolve() == Path.cwd() else [f"cd {shlex.quote(str(folder))}"]
    bill_id, line = made.shown or ("BILL", 1)
    return [
        *go,
        f"{program} bill show {bill_id}",
        f"{program} bill explain {bill_id} --line {line}",
        f"{program} holds list",
        f'{program} sql "{_SHARE_SQL}"',
        f"{program} {' '.join(made.command)}",
    ]


def _data(made: DemoReport, folder: Path) -> dict[str, Any]:
    root = made.store.root
    return {
        "store": root,
        "analytics": root / "analytics.duckdb",
        "crm": made.crm.path,
        "inbox": made.utility.inbox,
        "command": made.command,
        "files": made.report.files,
        "counters": made.report.counters,
        "bills": len(made.bills),
        "holds": [{name: row[name] for name in ("account_id", "agreement_id", "code", "message")} for row in made.holds],
        "try": tries(made, folder, "m2b"),
    }


def _parts(made: DemoReport, folder: Path, program: str) -> list[str | Grid]:
    counted = made.report.counters
    rows = [
        [
            bill["bill_number"],
            bill["account_id"],
            bill["tariff_id"],
            plain(bill["energy_kwh"]),
            f"{bill['estimated_share']:.2%}",
            f"{money(bill['total'])} {bill['currency']}",
        ]
        for bill in made.bills[:_BILLS_SHOWN]
    ]
    held = [[row["account_id"], row["code"], row["message"]] for row in made.holds]
    hold_parts: list[str | Grid] = ["", "held, and why:", Grid(["account", "code", "why"], held)] if held else []
    fates = ("accepted", "rejected", "duplicate", "superseded")
    rows_text = ", ".join(f"{counted.get(f'rows_{fate}', 0):,} {fate}" for fate in fates)
    rows_text += f"; {counted.get('exceptions', 0):,} exceptions"
    return [
        f"{len(made.report.files)} files, {counted.get('rows_read', 0):,} rows: {rows_text}",
        billing_line(counted),
        "",
        f"some of the bills of {MONTH}:",
        Grid(["bill", "account", "tariff", "kWh", "estimated", "total"], rows, right=["kWh", "estimated", "total"]),
        *hold_parts,
        "",
        f"store          {made.store.root}",
        f"for analysts   {made.store.root / 'analytics.duckdb'}",
        f"for the CRM    {made.crm.path} ({made.crm.rows} records)",
        f"what was made  {made.utility.inbox.parent} (truth/faults.csv says which faults were planted)",
        "",
        "try next:",
        *(f"  {command}" for command in tries(made, folder, program)),
    ]
