"""``tariff``: price lists checked and loaded."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import FILE, common
from pipelines.cli.outcome import Outcome
from pipelines.cli.series import series
from pipelines.cli.session import Session
from pipelines.cli.tariff_catalogue import command as catalogue
from pipelines.cli.tariff_check import check
from pipelines.cli.tariff_entry import entry_of
from pipelines.cli.tariff_import import import_command
from pipelines.cli.tariff_simulate import command as simulate
from pipelines.operations.opening import open_or_make
from pipelines.operations.tariff_documents import store_tariffs


@click.group()
def tariff() -> None:
    """Tariff documents."""


tariff.add_command(simulate)
tariff.add_command(import_command)
tariff.add_command(check)
tariff.add_command(series)
tariff.add_command(catalogue)


@tariff.command()
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="FILE...")
@common
@click.pass_obj
def load(session: Session, paths: tuple[Path, ...], root: Path) -> Outcome:
    """Load tariff documents: the newest of a name counts, the same text again changes nothing."""
    store = open_or_make(root, session.now)
    report = store_tariffs(store, paths, session.now)
    entries = [
        entry_of(document.tariff, document.path, document.sha256) | {"changed": document.tariff.tariff in report.changed}
        for document in report.documents
    ]
    rows = [[entry["tariff_id"], entry["currency"], "loaded" if entry["changed"] else "unchanged"] for entry in entries]
    return Outcome({"tariffs": entries}, [Grid(["tariff", "currency", ""], rows)], run_id=report.run_id)
