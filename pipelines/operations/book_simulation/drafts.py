"""Drafts: tariff documents that are not in the store, and the tariffs that each of them replaces."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.data_files import write_data_file
from pipelines.lakehouse.store import RunRecord, Snapshot, Store
from pipelines.operations.opening import Clock, new_run_id, versions
from pipelines.operations.tariff_documents import TariffDocument, newest_hashes, newest_text
from schemas.errors import InvariantError, TariffError
from schemas.master_data import TARIFFS
from tariffs.importers.document_text import document_text
from tariffs.load import parse_tariff, read_tariff
from tariffs.simulation.run import newest_only

COMMAND = "tariff.simulate"


@dataclass(frozen=True)
class Draft:
    """A document, and what it replaces.

    Attributes:
        name: its ``tariff:``.
        path: its file, as the user named it.
        text: the document that agreements are rated by.
        sha256: hash of the file.
        replaces: tariffs of the store by name, and the hash of the document of each that it is compared with.
    """

    name: str
    path: Path
    text: str
    sha256: str
    replaces: Mapping[str, str]


def match_drafts(
    snapshot: Snapshot, documents: Sequence[TariffDocument], replaces: Sequence[str], *, end_day: date
) -> list[Draft]:
    """Return the drafts, each with the tariffs that it replaces: those named, else the one of its own name.

    Args:
        snapshot: the store.
        documents: the drafts; one alone where ``replaces`` names tariffs.
        replaces: names of tariffs of the store; empty where every draft has the name of the tariff it replaces.
        end_day: day after the last one that is rated: a draft has to be in force before it.

    Raises:
        TariffError: ``tariff.unknown``, ``tariff.currencies``, ``tariff.no_version``.
    """
    stored = newest_hashes(snapshot)
    drafts = []
    for document in documents:
        names = tuple(dict.fromkeys(replaces)) or (document.tariff.tariff,)
        for name in names:
            _require_stored(name, document, stored, named=bool(replaces))
            _require_currency(snapshot, name, document)
        first = document.tariff.versions[0].from_
        if first >= end_day:
            code, what = "tariff.no_version", f"the first version of {document.path} is in force from {first} on"
            hint = "rate a later period, or price it by the newest version whatever its date: --tariff-version latest"
            raise TariffError(code, f"{what}, after the period that is rated", hint, f"{document.path}: versions[0].from")
        hashes = {name: stored[name] for name in names}
        drafts.append(Draft(document.tariff.tariff, document.path, document.text, document.sha256, hashes))
    return drafts


def _require_stored(name: str, document: TariffDocument, stored: Mapping[str, str], *, named: bool) -> None:
    if name in stored:
        return
    known = ", ".join(sorted(stored)) or "none"
    hint = f"tariffs of the store: {known}" if named else f"name the one that it replaces: --replaces TARIFF, one of: {known}"
    where = "--replaces" if named else f"{document.path}: tariff"
    code, what = "tariff.unknown", f"the store has no tariff {name} that {document.path} could replace"
    raise TariffError(code, what, hint, where)


def _require_currency(snapshot: Snapshot, name: str, document: TariffDocument) -> None:
    replaced = parse_tariff(newest_text(snapshot, name) or "", name)
    if replaced.currency != document.tariff.currency:
        code, own = "tariff.currencies", document.tariff.currency
        what = f"{document.path} is in {own}, tariff {name} that it replaces in {replaced.currency}"
        raise TariffError(code, what, "bills are compared in one currency", f"{document.path}: currency")


def of_newest_version(document: TariffDocument) -> TariffDocument:
    """Return a document as if its newest version had always been in force.

    Raises:
        InvariantError: ``tariff.rewritten``: the text that was made of it says something else.
    """
    _, tree = read_tariff(document.text, str(document.path))
    newest = tree.value["versions"][-1] | {"from": date.min}
    text = document_text(tree.value | {"versions": [newest]})
    tariff = parse_tariff(text, str(document.path))
    if tariff != newest_only(document.tariff):
        code = "tariff.rewritten"
        raise InvariantError(code, f"the newest version of {document.path} alone says something else than in its document")
    return TariffDocument(document.path, text, document.sha256, tariff)


def put_in_place(copy: Store, drafts: Sequence[Draft], now: Clock) -> None:
    """Store every draft under the names of the tariffs that it replaces, in a copy of a store."""
    base = copy.snapshot()
    at = now()
    run_id = new_run_id(at)
    stored = base.read(TARIFFS)
    sequence = pc.max(stored["sequence"]).as_py() or 0
    added = []
    for draft in drafts:
        for name in draft.replaces:
            sequence += 1
            text_hash = hashlib.sha256(draft.text.encode()).hexdigest()
            added.append(
                {"tariff_id": name, "sha256": text_hash, "sequence": sequence, "text": draft.text, "loaded_run_id": run_id}
            )
    new = {(row["tariff_id"], row["sha256"]) for row in added}
    kept = [row for row in stored.to_pylist() if (row["tariff_id"], row["sha256"]) not in new]
    rows = pa.Table.from_pylist(kept + added, schema=TARIFFS.schema).sort_by([(name, "ascending") for name in TARIFFS.key])
    add = write_data_file(copy.root, TARIFFS, rows, run_id)
    copy.publish(RunRecord(run_id, COMMAND, at, at, versions=versions()), base, [add], base.files(TARIFFS))
