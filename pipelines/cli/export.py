"""``export``: files for the systems downstream."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from pipelines.cli.options import common, month_option
from pipelines.cli.outcome import Outcome, hush_stdout
from pipelines.lakehouse.store import Store
from pipelines.operations.exports import Exported, crm_lines, default_path, export_crm, export_table

_TO = click.option(
    "--to", "target", type=click.Path(dir_okay=False, path_type=Path), help="The file, replaced whole; default: in STORE/exports."
)
_FORMAT = click.option("--format", "form", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True, help="Form.")
_STDOUT = Path("-")


@click.group()
def export() -> None:
    """Files for the systems downstream."""


@export.command()
@month_option(required=False, help_text="Month of the periods; all where none is named.")
@_TO
@common
def crm(month: str | None, target: Path | None, root: Path) -> Outcome:
    """Write the CRM records as JSON lines, by record_id; --to - writes them to stdout."""
    store = Store(root)
    if target == _STDOUT:
        try:
            for line in crm_lines(store.snapshot(), month):
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
        except BrokenPipeError:
            hush_stdout()
        return Outcome(printed=True)
    return _outcome(export_crm(store, month, target or default_path(store, "crm", month, "jsonl")))


@export.command()
@month_option(required=False, help_text="Month of the intervals' starts, UTC; all where none is named.")
@_TO
@_FORMAT
@common
def readings(month: str | None, target: Path | None, form: str, root: Path) -> Outcome:
    """Write the validated readings, one row an interval."""
    store = Store(root)
    path = target or default_path(store, "readings", month, form)
    return _outcome(export_table(store, "readings", month, path, as_parquet=form == "parquet"))


@export.command()
@month_option(required=False, help_text="Month of the periods; all where none is named.")
@_TO
@_FORMAT
@common
def gl(month: str | None, target: Path | None, form: str, root: Path) -> Outcome:
    """Write the journal of final bills."""
    store = Store(root)
    path = target or default_path(store, "gl", month, form)
    return _outcome(export_table(store, "gl", month, path, as_parquet=form == "parquet"))


def _outcome(made: Exported) -> Outcome:
    return Outcome({"path": made.path, "rows": made.rows}, [f"{made.rows:,} rows: {made.path}"], run_id=made.run_id)
