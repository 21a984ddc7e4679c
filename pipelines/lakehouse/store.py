"""A store: settings, and snapshots of every table as one run left them.

Nobody reads a table's head. ``Store.snapshot()`` takes the latest row of ``runs`` and reads the versions it pins,
so a run that was killed between two commits never existed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.data_files import DataFile, read_data_files, write_data_file
from pipelines.lakehouse.delta import commit, create_table, head_version, list_files, table_folder
from pipelines.lakehouse.settings import StoreSettings, read_settings, write_settings
from schemas.errors import StoreError
from schemas.runs import RUNS
from schemas.table import Table
from schemas.tables import DATA_TABLES, TABLES


@dataclass(frozen=True)
class Snapshot:
    """Every table at the versions one run pinned."""

    root: Path
    run_id: str
    sequence: int
    pins: dict[str, int]
    _files: dict[str, tuple[DataFile, ...]] = field(default_factory=dict, compare=False, repr=False)

    def files(self, table: Table, **partition: str) -> tuple[DataFile, ...]:
        """Return the table's files, those of a partition where one is named."""
        if table.name not in self._files:
            self._files[table.name] = list_files(self.root, table, self.pins[table.name])
        found = self._files[table.name]
        return tuple(file for file in found if all(file.partition[name] == value for name, value in partition.items()))

    def read(
        self,
        table: Table,
        *,
        columns: Sequence[str] | None = None,
        filters: pc.Expression | None = None,
        **partition: str,
    ) -> pa.Table:
        """Read a table, or a partition of it."""
        return read_data_files(self.root, table, self.files(table, **partition), columns=columns, filters=filters)


@dataclass(frozen=True)
class RunRecord:
    """What a run says of itself in ``runs``; times and versions come from the command line."""

    run_id: str
    command: str
    started_at: datetime
    finished_at: datetime
    month: str | None = None
    as_at: date | None = None
    validated_months: tuple[str, ...] = ()
    counters: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Store:
    """A store on disk."""

    root: Path

    @cached_property
    def settings(self) -> StoreSettings:
        """The store's settings."""
        return read_settings(self.root)

    def runs(self) -> pa.Table:
        """Return every finished run, oldest first."""
        _ = self.settings
        files = list_files(self.root, RUNS, head_version(self.root, RUNS))
        return read_data_files(self.root, RUNS, files).sort_by("sequence")

    def run_files(self, snapshot: Snapshot) -> tuple[DataFile, ...]:
        """Return the files of ``runs``; rows after the snapshot's sequence did not exist for it."""
        return list_files(snapshot.root, RUNS, head_version(snapshot.root, RUNS))

    def snapshot(self, run_id: str | None = None) -> Snapshot:
        """Return the tables as ``run_id`` left them; as the latest run did when none is named.

        Raises:
            StoreError: there is no store, or no such run.
        """
        runs = self.runs().select(["run_id", "sequence", "pins"])
        if run_id is not None:
            runs = runs.filter(pc.field("run_id") == run_id)
        if not runs.num_rows:
            code = "run.unknown" if run_id else "store.missing"
            what = f"run {run_id} is not in the store" if run_id else f"the store at {self.root} was never finished"
            raise StoreError(
                code, what, "list the runs: m2b runs list" if run_id else f"make it again: m2b init --store {self.root}"
            )
        row = runs.slice(runs.num_rows - 1, 1).to_pylist()[0]
        pins = {pin["table"]: pin["version"] for pin in row["pins"]}
        return Snapshot(self.root, row["run_id"], row["sequence"], pins)

    def publish(
        self,
        run: RunRecord,
        base: Snapshot,
        adds: Sequence[DataFile],
        removes: Sequence[DataFile] = (),
    ) -> Snapshot:
        """Commit a run: each table atomically, then the row in ``runs`` that makes all of it exist.

        Safe to call again with the same run: what is done is found done. The caller holds the writer lock.

        Raises:
            InvariantError: a file is not what was announced.
        """
        at_ms = int(run.finished_at.timestamp() * 1000)
        pins = dict(base.pins)
        for table in DATA_TABLES:
            table_adds = [file for file in adds if file.table == table.name]
            table_removes = [file for file in removes if file.table == table.name]
            if table_adds or table_removes:
                pins[table.name] = commit(
                    self.root,
                    table,
                    base=base.pins[table.name],
                    adds=table_adds,
                    removes=table_removes,
                    run_id=run.run_id,
                    at_ms=at_ms,
                )
        row = _run_row(run, base.sequence + 1, pins, adds)
        file = write_data_file(self.root, RUNS, row, run.run_id)
        commit(self.root, RUNS, base=head_version(self.root, RUNS), adds=[file], removes=[], run_id=run.run_id, at_ms=at_ms)
        return Snapshot(self.root, run.run_id, base.sequence + 1, pins)


def create_store(root: Path, settings: StoreSettings, run: RunRecord) -> Store:
    """Make an empty store and its first run.

    Raises:
        StoreError: there is one already with other settings.
    """
    store = Store(root)
    if (root / "store.json").exists():
        if store.settings != settings:
            code = "store.exists"
            raise StoreError(code, f"there is a store at {root} with other settings", "use it as it is, or name another --store")
    else:
        write_settings(root, settings)
    for table in TABLES.values():
        create_table(root, table)
    if not store.runs().num_rows:
        store.publish(run, Snapshot(root, "", 0, {table.name: 0 for table in DATA_TABLES}), adds=[])
    return store


def _run_row(run: RunRecord, sequence: int, pins: dict[str, int], outputs: Sequence[DataFile]) -> pa.Table:
    """Return the run as a row of ``runs``."""
    made = sorted(outputs, key=lambda file: (file.table, file.path))
    row = {
        "run_id": run.run_id,
        "sequence": sequence,
        "command": run.command,
        "month": run.month,
        "as_at": run.as_at,
        "validated_months": sorted(run.validated_months),
        "started_at": run.started_at.astimezone(UTC),
        "finished_at": run.finished_at.astimezone(UTC),
        "pins": [{"table": name, "version": version} for name, version in sorted(pins.items())],
        "outputs": [
            {"table": file.table, "path": file.path, "bytes": file.size, "rows": file.rows, "sha256": file.sha256}
            for file in made
        ],
        "counters": json.dumps(run.counters, sort_keys=True),
        "versions": json.dumps(run.versions, sort_keys=True),
    }
    return pa.Table.from_pylist([row], schema=RUNS.schema)


def orphans(snapshot: Snapshot) -> list[Path]:
    """Return data files that no version of any table names: what killed runs left."""
    found = []
    for table in TABLES.values():
        folder = table_folder(snapshot.root, table)
        named = set()
        for version in range(head_version(snapshot.root, table) + 1):
            named |= {file.path for file in list_files(snapshot.root, table, version)}
        for path in sorted(folder.rglob("*.parquet")) + sorted(folder.rglob(".*.tmp")):
            relative = path.relative_to(folder).as_posix()
            if not relative.startswith("_delta_log/") and relative not in named:
                found.append(path)
    return found
