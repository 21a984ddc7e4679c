"""What a bucket's work came to, and how all of a run's work becomes one commit."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.sample import Sample
from pipelines.ingest.reconcile import Reconciled, conflict_table
from pipelines.ingest.slots import in_one
from pipelines.ingest.take_in import FileAccount, TakenIn
from pipelines.lakehouse.data_files import DataFile, read_data_files, write_data_file
from pipelines.lakehouse.store import RunRecord, Snapshot, Store
from pipelines.plan import RunPlan
from schemas.codes import FileStatus
from schemas.errors import InvariantError
from schemas.files import FILES, REJECTIONS
from schemas.table import Table
from schemas.tables import TABLES


@dataclass(frozen=True)
class Replaced:
    """A partition whose rows this run replaces."""

    table: str
    partition: tuple[tuple[str, str], ...]


@dataclass
class BucketResult:
    """What the work on one bucket came to.

    Attributes:
        bucket: which bucket.
        reconciled: what its new rows turned out to be.
        files: files written.
        replaced: partitions whose earlier files they replace.
        counters: figures for the report.
        samples: bills that may be rated again by the reference engine.
        fresh: files of deliveries and reads that hold new rows of the bucket.
        readings: month to validated rows, for the next stage of the same worker.
        exceptions: month to findings, likewise.
    """

    bucket: int
    reconciled: Reconciled = field(default_factory=Reconciled)
    fresh: list[DataFile] = field(default_factory=list)
    readings: dict[str, pa.Table] = field(default_factory=dict)
    exceptions: dict[str, pa.Table] = field(default_factory=dict)
    files: list[DataFile] = field(default_factory=list)
    replaced: list[Replaced] = field(default_factory=list)
    counters: Counter[str] = field(default_factory=Counter)
    samples: list[Sample] = field(default_factory=list)

    def without_rows(self) -> BucketResult:
        """Return the result without the tables in memory: what may cross to another worker."""
        return replace(self, fresh=[], readings={}, exceptions={})

    def put(self, plan: RunPlan, table: Table, partition: dict[str, str], rows: pa.Table) -> None:
        """Write ``rows`` as the new content of a partition, unless they are what is there already."""
        before = plan.base.files(table, **partition)
        old = read_data_files(plan.root, table, before)
        rows = in_order(rows, table)
        if old.num_rows == rows.num_rows and in_order(old, table).equals(rows):
            return
        if rows.num_rows:
            inside = rows.select(table.file_schema.names)
            self.files.append(write_data_file(plan.root, table, inside, plan.run_id, partition))
        if before:
            self.replaced.append(Replaced(table.name, tuple(sorted(partition.items()))))


def in_order(rows: pa.Table, table: Table) -> pa.Table:
    """Return rows in the order of a table on disk, by key: the very rows where they are in order already, as they mostly are."""
    undecided = np.ones(max(rows.num_rows - 1, 0), dtype=bool)
    for name in table.key:
        column = in_one(rows[name])
        before, after = column[:-1], column[1:]
        if (undecided & pc.greater(before, after).fill_null(True).to_numpy(zero_copy_only=False)).any():  # noqa: FBT003 - Arrow's
            return rows.sort_by([(name, "ascending") for name in table.key])
        undecided &= pc.equal(before, after).fill_null(True).to_numpy(zero_copy_only=False)  # noqa: FBT003 - Arrow's signature
    return rows


def publish(
    plan: RunPlan, command: str, taken: Iterable[TakenIn], buckets: Iterable[BucketResult], finished_at: datetime
) -> Snapshot:
    """Commit everything a run made: tables one by one, the row in ``runs`` last.

    Raises:
        InvariantError: the accounts do not add up, or a file is not what was announced.
    """
    taken, buckets = list(taken), sorted(buckets, key=lambda b: b.bucket)
    adds = [file for work in taken for file in work.files] + [file for work in buckets for file in work.files]
    accounts = sorted((account for work in taken for account in work.accounts), key=lambda a: a.file.sha256)
    if accounts and not plan.known_files and not any(account.rows_taken for account in accounts):
        # Nothing that came could be read: the account of it is published, and no reading, no bill.
        buckets = [BucketResult(b.bucket, reconciled=b.reconciled) for b in buckets]
        adds = [file for work in taken for file in work.files]
        plan = replace(plan, validate_months=(), billing=None)
    counters: Counter[str] = Counter()
    if accounts:
        rows = [_file_row(account, [b.reconciled for b in buckets], plan) for account in accounts]
        adds.append(write_data_file(plan.root, FILES, pa.Table.from_pylist(rows, schema=FILES.schema), plan.run_id))
        for row in rows:
            counters.update({name: row[name] for name in row if name.startswith("rows_")})
            counters[f"files_{row['status']}"] += 1
    conflicts = [rejection for b in buckets for rejection in b.reconciled.rejections]
    if conflicts:
        names = {account.file.sha256: account.file.name for account in accounts}
        table = conflict_table(conflicts)
        table = table.append_column("name", pa.array([names[file_id] for file_id in table["file_id"].to_pylist()]))
        table = table.append_column("run_id", pa.repeat(plan.run_id, table.num_rows))
        adds.append(write_data_file(plan.root, REJECTIONS, table, plan.run_id))
    for bucket in buckets:
        counters.update(bucket.counters)
    run = RunRecord(
        run_id=plan.run_id,
        command=command,
        started_at=plan.started_at,
        finished_at=finished_at,
        month=plan.billing.first_day.isoformat()[:7] if plan.billing else None,
        as_at=plan.billing.as_at if plan.billing else None,
        validated_months=plan.validate_months if plan.validates else (),
        counters=dict(counters),
        versions=plan.versions,
    )
    return Store(plan.root).publish(run, plan.base, adds, _replaced_files(plan.base, buckets))


def _replaced_files(base: Snapshot, buckets: list[BucketResult]) -> list[DataFile]:
    """Return the files of every partition that a bucket replaces."""
    found: list[DataFile] = []
    for bucket in buckets:
        for replaced in bucket.replaced:
            found += base.files(TABLES[replaced.table], **dict(replaced.partition))
    return found


def _file_row(account: FileAccount, reconciled: list[Reconciled], plan: RunPlan) -> dict[str, Any]:
    """Return the file's row in ``files``; read = accepted + rejected + duplicate + superseded.

    Raises:
        InvariantError: a row is not accounted for.
    """
    file_id = account.file.sha256
    duplicate = sum(r.duplicate.get(file_id, 0) for r in reconciled)
    superseded = sum(r.superseded.get(file_id, 0) for r in reconciled)
    conflicting = sum(r.conflicting.get(file_id, 0) for r in reconciled)
    accepted = account.rows_taken - duplicate - superseded - conflicting
    rejected = account.rows_rejected + conflicting
    if account.rows_read != accepted + rejected + duplicate + superseded or accepted < 0:
        code = "accounting.rows"
        raise InvariantError(
            code, f"{account.file.name}: {account.rows_read} rows read, but {account.rows_taken} taken, {rejected} rejected"
        )
    if (account.rows_rejected and not account.rows_taken) or account.rows_read == conflicting > 0:
        status = FileStatus.REJECTED
    else:
        status = FileStatus.PARTIAL if rejected else FileStatus.ACCEPTED
    return {
        "file_id": file_id,
        "name": account.file.name,
        "format": account.format,
        "bytes": account.file.size,
        "status": status.value,
        "rows_read": account.rows_read,
        "rows_accepted": accepted,
        "rows_rejected": rejected,
        "rows_duplicate": duplicate,
        "rows_superseded": superseded,
        "clock": account.clock,
        "warnings": account.warnings_json,
        "delivered_at": plan.started_at,
        "run_id": plan.run_id,
    }


def file_warnings(text: str | None) -> list[dict[str, str]]:
    """Return the warnings of a ``files`` row."""
    return json.loads(text) if text else []
