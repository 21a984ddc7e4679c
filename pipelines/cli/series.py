"""``tariff series``: prices in time that tariffs name."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import common
from pipelines.cli.outcome import Outcome, plain_value
from pipelines.cli.session import Session
from pipelines.operations.opening import open_or_make
from pipelines.operations.price_series import store_series


@click.group()
def series() -> None:
    """Prices in time that tariffs name."""


@series.command()
@click.argument("files", nargs=-1, required=True, metavar="NAME=FILE...")
@click.option("--until-next", is_flag=True, help="Rows may be unevenly spaced: each price holds until the next row.")
@common
@click.pass_obj
def load(session: Session, files: tuple[str, ...], *, until_next: bool, root: Path) -> Outcome:
    """Load price series: columns interval_start (with offset) and price, optionally interval_end.

    Where a delivery has a price it counts from now on, elsewhere what was known before stays. The last price of a file
    holds as long as the one before it. Bills that were made with another price are drawn up anew by the next run, final
    ones are not.
    """
    named = [(name, Path(path)) for name, _, path in (each.partition("=") for each in files)]
    if any(not name or path == Path() for name, path in named):
        message = "write NAME=FILE, such as day_ahead=prices.csv"
        raise click.UsageError(message)
    report = store_series(open_or_make(root, session.now), named, session.now, until_next=until_next)
    rows = [
        [each.name, f"{each.rows:,}", plain_value(each.first), plain_value(each.end), "loaded" if each.changed else "unchanged"]
        for each in report.series
    ]
    shown = [Grid(["series", "rows", "from", "until", ""], rows, right=["rows"])]
    return Outcome({"series": [asdict(each) for each in report.series]}, shown, run_id=report.run_id)
