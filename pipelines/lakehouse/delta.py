"""Delta tables: made, listed, committed to.

delta-rs records whatever it is given: a path that does not exist, another schema, a missing partition value. So
``commit`` looks first: the file is there, its size and hash are the ones announced, its schema is the table's, its
folder says its partition. A commit is made against the version the last run pinned: what an interrupted run left
above it is undone in the same breath.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, Schema, Transaction
from deltalake.transaction import AddAction, RemoveAction

from pipelines.lakehouse.data_files import DataFile
from schemas.errors import InvariantError
from schemas.table import Table

TABLE_CONFIGURATION = {"delta.logRetentionDuration": "interval 3650 days", "delta.checkpointInterval": "100"}


def table_folder(root: Path, table: Table) -> Path:
    """Return the folder of ``table`` in the store at ``root``."""
    return root / "tables" / table.name


def create_table(root: Path, table: Table) -> None:
    """Make the table, empty, at version 0; nothing happens where it exists."""
    DeltaTable.create(
        str(table_folder(root, table)),
        schema=Schema.from_arrow(_delta_schema(table)),
        mode="ignore",
        partition_by=list(table.partition_by),
        configuration=TABLE_CONFIGURATION,
        name=table.name,
        description=table.doc,
    )


def _delta_schema(table: Table) -> pa.Schema:
    """Return the table's schema with each column's meaning, for other engines."""
    return pa.schema([c.field.with_metadata({"comment": c.meaning + (f" [{c.unit}]" if c.unit else "")}) for c in table.columns])


def list_files(root: Path, table: Table, version: int) -> tuple[DataFile, ...]:
    """Return the files of one version, sorted by path."""
    actions = pa.table(DeltaTable(str(table_folder(root, table)), version=version).get_add_actions(flatten=True))
    names = actions.schema.names
    bound = "day" if "min.day" in names else "start"
    found = []
    for row in actions.to_pylist():
        low, high = row.get(f"min.{bound}"), row.get(f"max.{bound}")
        found.append(
            DataFile(
                table.name,
                row["path"],
                row["size_bytes"],
                row["num_records"],
                {name: str(row[f"partition.{name}"]) for name in table.partition_by},
                low=low.isoformat() if low is not None else None,
                high=high.isoformat() if high is not None else None,
            )
        )
    return tuple(sorted(found, key=lambda file: file.path))


def head_version(root: Path, table: Table) -> int:
    """Return the newest version in the log, pinned or not."""
    return int(DeltaTable(str(table_folder(root, table))).version())


def commit(
    root: Path, table: Table, *, base: int, adds: Sequence[DataFile], removes: Sequence[DataFile], run_id: str, at_ms: int
) -> int:
    """Commit files to ``table`` and return the version that has them.

    The same run again is a no-op. A head above ``base`` is what a killed run left: it is undone first.

    Args:
        root: the store's folder.
        table: the table.
        base: the version the last finished run pinned.
        adds: files to add, as ``write_data_file`` described them.
        removes: files of ``base`` that they replace.
        run_id: recorded as the transaction.
        at_ms: commit time [ms since the epoch].

    Raises:
        InvariantError: a file is not what was announced.
    """
    for file in adds:
        verify_file(root, table, file)
    delta = DeltaTable(str(table_folder(root, table)))
    if delta.transaction_version(run_id) is not None:
        return int(delta.version())
    if delta.version() != base:
        delta.restore(base)
        delta = DeltaTable(str(table_folder(root, table)))
    if not adds and not removes:
        return int(delta.version())
    actions: list[AddAction | RemoveAction] = [
        AddAction(file.path, file.size, file.partition, at_ms, data_change=True, stats=_stats(file, table)) for file in adds
    ]
    actions += [RemoveAction(file.path, True, at_ms, file.size, file.partition) for file in removes]  # noqa: FBT003 - positional in delta-rs
    delta.create_write_transaction(
        actions,
        "append",
        delta.schema(),
        partition_by=list(table.partition_by),
        commit_properties=CommitProperties(app_transactions=[Transaction(run_id, 1)], custom_metadata={"run_id": run_id}),
    )
    return int(DeltaTable(str(table_folder(root, table))).version())


def _stats(file: DataFile, table: Table) -> str:
    """Return Delta's statistics: the row count, and the extent in time."""
    stats: dict[str, object] = {"numRecords": file.rows}
    if file.low is not None:
        name = "day" if "day" in table.file_schema.names else "start"
        stats["minValues"] = {name: file.low}
        stats["maxValues"] = {name: file.high}
    return json.dumps(stats)


def verify_file(root: Path, table: Table, file: DataFile) -> None:
    """Check that a file on disk is the one described.

    Raises:
        InvariantError: it is absent, of another size, hash, schema or folder.
    """
    path = table_folder(root, table) / file.path
    folder = "".join(f"{name}={file.partition.get(name)}/" for name in table.partition_by)
    wrong = ""
    if not path.is_file():
        wrong = "the file does not exist"
    elif path.stat().st_size != file.size:
        wrong = f"the file has {path.stat().st_size} bytes"
    elif not file.path.startswith(folder) or "/" in file.path[len(folder) :]:
        wrong = f"the folder should be {folder}"
    elif hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
        wrong = "its hash differs"
    elif (found := pq.read_schema(path)).remove_metadata() != table.file_schema:
        wrong = f"its schema is {found}"
    elif pq.read_metadata(path).num_rows != file.rows:
        wrong = "its row count differs"
    if wrong:
        code = "commit.refused"
        raise InvariantError(code, f"{table.name}: {wrong}; announced {asdict(file)}")
