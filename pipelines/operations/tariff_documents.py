"""Tariff documents into the store: parsed before anything is written, known by the hash of their text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.data_files import write_data_file
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import RunRecord, Snapshot, Store
from pipelines.operations.opening import Clock, new_run_id, versions
from schemas.errors import InputRefusedError, TariffError
from schemas.master_data import TARIFFS
from tariffs.load import parse_tariff
from tariffs.model import Tariff

COMMAND = "tariff.load"


@dataclass(frozen=True)
class TariffDocument:
    """A tariff file that can be followed.

    Attributes:
        path: the file.
        text: its text, kept as it is.
        sha256: hash of the text.
        tariff: what it says.
    """

    path: Path
    text: str
    sha256: str
    tariff: Tariff


@dataclass(frozen=True)
class TariffReport:
    """What a load did.

    Attributes:
        run_id: the run; None where everything was there already.
        documents: what was given.
        changed: names of the tariffs whose newest document is another one now.
    """

    run_id: str | None
    documents: list[TariffDocument]
    changed: list[str]


def read_documents(paths: Sequence[Path]) -> list[TariffDocument]:
    """Read tariff files; every problem of every file in one message.

    Raises:
        TariffError: a file cannot be followed, or two files of one name say different things.
        InputRefusedError: a file cannot be opened.
    """
    documents: list[TariffDocument] = []
    problems: list[TariffError] = []
    for path in paths:
        try:
            documents.append(_read(path))
        except TariffError as problem:
            problems.append(problem)
    if problems:
        first = problems[0]
        raise TariffError(first.code, "\n".join(problem.message for problem in problems), first.hint, first.where)
    by_name: dict[str, TariffDocument] = {}
    for document in documents:
        other = by_name.setdefault(document.tariff.tariff, document)
        if other.sha256 != document.sha256:
            code = "tariff.twice"
            what = f"tariff {document.tariff.tariff} stands in {other.path} and, otherwise, in {document.path}"
            raise TariffError(code, what, "load the one that is to count", str(document.path))
    return list(by_name.values())


def _read(path: Path) -> TariffDocument:
    text, sha256 = read_text(path)
    return TariffDocument(path, text, sha256, parse_tariff(text, str(path)))


def read_text(path: Path) -> tuple[str, str]:
    """Return the text of a tariff file and the SHA-256 of its bytes.

    Raises:
        TariffError: ``tariff.syntax``: it is not UTF-8.
        InputRefusedError: ``file.missing``, ``file.unreadable``.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        code = "file.missing" if isinstance(problem, FileNotFoundError) else "file.unreadable"
        raise InputRefusedError(code, f"{path} cannot be read: {problem.strerror}", "check the path", str(path)) from None
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        code = "tariff.syntax"
        raise TariffError(code, f"{path}:{line}: the text is not UTF-8", "save it as UTF-8", f"{path}:{line}") from None
    return text, hashlib.sha256(content).hexdigest()


def newest_hashes(snapshot: Snapshot) -> dict[str, str]:
    """Return the hash of the document in force of each name."""
    rows = snapshot.read(TARIFFS, columns=["tariff_id", "sha256", "sequence"]).sort_by("sequence")
    return dict(zip(rows["tariff_id"].to_pylist(), rows["sha256"].to_pylist(), strict=True))


def newest_text(snapshot: Snapshot, tariff_id: str) -> str | None:
    """Return the document in force of a name; None where there is none."""
    rows = snapshot.read(TARIFFS, columns=["tariff_id", "text", "sequence"]).sort_by("sequence")
    texts = dict(zip(rows["tariff_id"].to_pylist(), rows["text"].to_pylist(), strict=True))
    return texts.get(tariff_id)


def store_tariffs(store: Store, paths: Sequence[Path], now: Clock) -> TariffReport:
    """Load tariff documents: the newest of a name counts, the same text again changes nothing.

    Raises:
        TariffError: a document cannot be followed; nothing is loaded.
        InputRefusedError: a file cannot be opened.
        StoreBusyError: another run is writing.
    """
    documents = read_documents(paths)
    with writer_lock(store.root):
        base = store.snapshot()
        started_at = now()
        run_id = new_run_id(started_at)
        known = newest_hashes(base)
        fresh = [document for document in documents if known.get(document.tariff.tariff) != document.sha256]
        changed = [document.tariff.tariff for document in fresh]
        if not fresh:
            return TariffReport(None, documents, changed)
        rows = _with(base.read(TARIFFS), fresh, run_id)
        add = write_data_file(store.root, TARIFFS, rows, run_id)
        run = RunRecord(run_id, COMMAND, started_at, now(), counters={"tariffs_changed": len(fresh)}, versions=versions())
        publish_catalogue(store, store.publish(run, base, [add], base.files(TARIFFS)))
    return TariffReport(run_id, documents, changed)


def _with(stored: pa.Table, fresh: Sequence[TariffDocument], run_id: str) -> pa.Table:
    """Return the stored documents and the new ones after them; one that comes back becomes the newest of its name."""
    first = (pc.max(stored["sequence"]).as_py() or 0) + 1
    again = {(document.tariff.tariff, document.sha256) for document in fresh}
    kept = [row for row in stored.to_pylist() if (row["tariff_id"], row["sha256"]) not in again]
    added = [
        {
            "tariff_id": document.tariff.tariff,
            "sha256": document.sha256,
            "sequence": first + number,
            "text": document.text,
            "loaded_run_id": run_id,
        }
        for number, document in enumerate(fresh)
    ]
    return pa.Table.from_pylist(kept + added, schema=TARIFFS.schema).sort_by([(name, "ascending") for name in TARIFFS.key])
