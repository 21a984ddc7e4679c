"""``holds``: agreements that could not be billed, and why."""

from __future__ import annotations

from pathlib import Path

import click
import pyarrow.compute as pc

from pipelines.cli.grid import Grid
from pipelines.cli.options import common, month_option
from pipelines.cli.outcome import Outcome
from pipelines.lakehouse.store import Store
from schemas.bills import HOLDS


@click.group()
def holds() -> None:
    """Agreements that could not be billed, and why."""


@holds.command("list")
@click.option("--status", type=click.Choice(["open", "closed", "all"]), default="open", show_default=True, help="Which holds.")
@month_option(required=False, help_text="Month of the periods; all where none is named.")
@common
def list_holds(status: str, month: str | None, root: Path) -> Outcome:
    """List the holds with their code, and who clears them."""
    snapshot = Store(root).snapshot()
    partition = {"month": month} if month else {}
    filters = None if status == "all" else pc.field("status") == status
    rows = snapshot.read(HOLDS, filters=filters, **partition).drop_columns(["bucket", "month"])
    entries = rows.sort_by([(name, "ascending") for name in HOLDS.key]).to_pylist()
    shown = ("account_id", "agreement_id", "period_from", "period_to", "code", "owner", "status", "message")
    headers = ["account", "agreement", "from", "to", "code", "owner", "status", "why"]
    grid = Grid(headers, [[str(entry[name]) for name in shown] for entry in entries])
    return Outcome({"holds": entries}, [grid if entries else "no holds"])
