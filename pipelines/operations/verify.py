"""Verify: what the latest run pins is on disk, byte for byte, and its accounts add up."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.lakehouse.data_files import DataFile
from pipelines.lakehouse.delta import table_folder
from pipelines.lakehouse.store import Snapshot, Store, orphans
from schemas.bills import BILLS, CHARGE_LINES
from schemas.crm import GL_JOURNAL
from schemas.errors import StoreError
from schemas.files import FILES
from schemas.table import Table
from schemas.tables import DATA_TABLES


@dataclass
class Verdict:
    """What was looked at and what is wrong.

    Attributes:
        run_id: the run whose state was verified.
        files: data files hashed.
        bytes: their size [B].
        rows: their rows.
        bills: bills added up.
        delivered: delivered files accounted for.
        problems: one sentence each; empty where all is well.
        orphans: files that no version names, left by killed runs: harmless.
    """

    run_id: str
    files: int = 0
    bytes: int = 0
    rows: int = 0
    bills: int = 0
    delivered: int = 0
    problems: list[str] = field(default_factory=list)
    orphans: list[Path] = field(default_factory=list)


def verify(store: Store) -> Verdict:
    """Verify the store as its latest run left it.

    Raises:
        StoreError: there is no store.
    """
    snapshot = store.snapshot()
    verdict = Verdict(snapshot.run_id)
    hashes = _hashes(store)
    for table in DATA_TABLES:
        for file in snapshot.files(table):
            _verify_file(store, table, file, hashes, verdict)
    if not verdict.problems:
        _verify_accounts(snapshot, verdict)
    verdict.orphans = orphans(snapshot)
    return verdict


def _hashes(store: Store) -> dict[tuple[str, str], str]:
    """Return the hash of every file that a run announced."""
    return {
        (output["table"], output["path"]): output["sha256"]
        for outputs in store.runs()["outputs"].to_pylist()
        for output in outputs
    }


def _verify_file(store: Store, table: Table, file: DataFile, hashes: dict[tuple[str, str], str], verdict: Verdict) -> None:
    """Hold one file against its hash and row count."""
    path = table_folder(store.root, table) / file.path
    named = hashes.get((table.name, file.path))
    try:
        content = path.read_bytes()
    except OSError as problem:
        verdict.problems.append(f"{path}: cannot be read: {problem.strerror}")
        return
    verdict.files += 1
    verdict.bytes += len(content)
    if named is None:
        verdict.problems.append(f"{path}: no run announced it")
    elif hashlib.sha256(content).hexdigest() != named:
        verdict.problems.append(f"{path}: its bytes are not those that were written")
    else:
        rows = pq.read_metadata(pa.BufferReader(content)).num_rows
        verdict.rows += rows
        if rows != file.rows:
            verdict.problems.append(f"{path}: {rows} rows, the table's log says {file.rows}")


def _verify_accounts(snapshot: Snapshot, verdict: Verdict) -> None:
    """Check that bills are the sum of their lines, postings are balanced and every delivered row is accounted for."""
    try:
        bills = snapshot.read(BILLS, columns=["bill_id", "total", "net", "tax", "status"])
        lines = snapshot.read(CHARGE_LINES, columns=["bill_id", "amount"])
        journal = snapshot.read(GL_JOURNAL, columns=["bill_id", "debit", "credit"])
        files = snapshot.read(FILES)
    except StoreError as problem:
        verdict.problems.append(problem.message)
        return
    verdict.bills, verdict.delivered = bills.num_rows, files.num_rows
    sums = _sums(lines, "amount")
    for row in bills.to_pylist():
        if sums.get(row["bill_id"], Decimal(0)) != row["total"] or row["net"] + row["tax"] != row["total"]:
            made = sums.get(row["bill_id"], Decimal(0))
            verdict.problems.append(f"bill {row['bill_id']}: total {row['total']}, its lines make {made}")
    final = {row["bill_id"] for row in bills.to_pylist() if row["status"] != "draft"}
    debits, credits_ = _sums(journal, "debit"), _sums(journal, "credit")
    verdict.problems += [f"bill {name}: postings are not balanced" for name in sorted(debits) if debits[name] != credits_[name]]
    verdict.problems += [f"bill {name}: posted and not final" for name in sorted(debits.keys() - final)]
    parts = ("rows_accepted", "rows_rejected", "rows_duplicate", "rows_superseded")
    verdict.problems += [
        f"file {row['name']}: {row['rows_read']} rows read, but not accounted for"
        for row in files.to_pylist()
        if row["rows_read"] != sum(row[name] for name in parts)
    ]


def _sums(rows: pa.Table, name: str) -> dict[str, Decimal]:
    """Return the sum of a column by bill."""
    summed = rows.group_by("bill_id").aggregate([(name, "sum")])
    return dict(
        zip(summed["bill_id"].to_pylist(), pc.cast(summed[f"{name}_sum"], pa.decimal128(38, 18)).to_pylist(), strict=True)
    )
