"""``tariff``: price lists checked and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import FILE, common
from pipelines.cli.outcome import Outcome
from pipelines.cli.session import Session
from pipelines.cli.tariff_import import import_command
from pipelines.cli.tariff_simulate import command as simulate
from pipelines.lakehouse.settings import SETTINGS_FILE
from pipelines.lakehouse.store import Store
from pipelines.operations.opening import open_or_make
from pipelines.operations.tariff_documents import TariffDocument, newest_hashes, read_documents, store_tariffs
from tariffs.determinants import prices_export, required_determinants


@click.group()
def tariff() -> None:
    """Tariff documents."""


tariff.add_command(simulate)
tariff.add_command(import_command)


@tariff.command()
@click.argument("paths", nargs=-1, required=True, type=FILE, metavar="FILE...")
@common
@click.pass_obj
def load(session: Session, paths: tuple[Path, ...], root: Path) -> Outcome:
    """Load tariff documents: the newest of a name counts, the same text again changes nothing."""
    store = open_or_make(root, session.now)
    report = store_tariffs(store, paths, session.now)
    entries = [_entry(document) | {"changed": document.tariff.tariff in report.changed} for document in report.documents]
    rows = [[entry["tariff_id"], entry["currency"], "loaded" if entry["changed"] else "unchanged"] for entry in entries]
    return Outcome({"tariffs": entries}, [Grid(["tariff", "currency", ""], rows)], run_id=report.run_id)


@tariff.command()
@click.argument("path", type=FILE, metavar="FILE")
@common
def check(path: Path, root: Path) -> Outcome:
    """Check a tariff document, and say whether the store has this text.

    Every problem is told with its line and the path of its field.
    """
    document = read_documents([path])[0]
    loaded = newest_hashes(Store(root).snapshot()) if (root / SETTINGS_FILE).exists() else {}
    known = loaded.get(document.tariff.tariff)
    in_store = "absent" if known is None else "same" if known == document.sha256 else "other"
    entry = _entry(document) | {"in_store": in_store}
    versions = ", ".join(f"from {version['from']}: {len(version['charges'])} charges" for version in entry["versions"])
    told = {"absent": "not in the store", "same": "in the store as it is here", "other": "in the store with another text"}
    return Outcome(entry, [f"{entry['tariff_id']} can be followed: {entry['currency']}, {versions}; {told[in_store]}"])


def _entry(document: TariffDocument) -> dict[str, Any]:
    parsed = document.tariff
    return {
        "tariff_id": parsed.tariff,
        "path": document.path,
        "sha256": document.sha256,
        "currency": parsed.currency,
        "clock": parsed.clock,
        "determinants": sorted(required_determinants(parsed)),
        "pays_export": prices_export(parsed),
        "versions": [
            {
                "from": version.from_,
                "periods": [band for band in version.bands_for("import") if band is not None],
                "charges": [{"id": charge.id, "kind": charge.kind} for charge in version.charges],
            }
            for version in parsed.versions
        ],
    }
