"""``masterdata``: service points, meters, registers, agreements, accounts, customers."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import FILE, common
from pipelines.cli.outcome import Outcome
from pipelines.cli.session import Session
from pipelines.operations.master_data import default_channels, store_master_data
from pipelines.operations.opening import open_or_make


@click.group()
def masterdata() -> None:
    """Service points, meters, agreements and accounts."""


@masterdata.command()
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="PATH...")
@common
@click.pass_obj
def load(session: Session, paths: tuple[Path, ...], root: Path) -> Outcome:
    """Load master data: all of it, or nothing and every reason.

    PATH is a folder, or a file named after its table: service_points, meters, registers, agreements, agreement_facts,
    agreement_options, opening_state, accounts, customers (.csv, .parquet or .jsonl). The same again changes nothing; a
    newer row for a key replaces the old one.
    """
    report = store_master_data(open_or_make(root, session.now), paths, session.now)
    defaults = default_channels()
    grid = Grid(
        ["table", "rows", "changed"],
        [[one.table, f"{one.rows:,}", f"{one.changed:,}" if report.run_id else "0"] for one in report.tables],
        right=["rows", "changed"],
    )
    usual = ", ".join(f"{channel} feeds {determinant}" for channel, determinant in defaults.items())
    count = report.meters_without_registers
    return Outcome(
        data={
            "changed": report.run_id is not None,
            "tables": [asdict(one) | ({} if report.run_id else {"changed": 0}) for one in report.tables],
            "meters_without_registers": count,
            "default_channels": defaults,
        },
        shown=[grid, *([f"{count:,} meters without registers: {usual}; other channels are not billed"] if count else [])],
        talk=[] if report.run_id else ["nothing changed"],
        run_id=report.run_id,
    )
