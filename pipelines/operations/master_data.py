"""Master data into the store: all of it or nothing, as one run; the same again makes no run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.compute as pc

from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.data_files import DataFile, write_data_file
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.store import RunRecord, Store
from pipelines.masterdata.load import load_master_data
from pipelines.masterdata.master import stored_tables
from pipelines.masterdata.resolve import NEM12_DEFAULTS
from pipelines.operations.opening import Clock, new_run_id, versions
from schemas.tables import TABLES

COMMAND = "masterdata.load"


@dataclass(frozen=True)
class LoadedTable:
    """What a load did to one table: rows in it now, and how many of them are new or were replaced."""

    table: str
    rows: int
    changed: int


@dataclass(frozen=True)
class MasterDataReport:
    """What a load did.

    Attributes:
        run_id: the run; None where everything was there already.
        tables: every master data table.
        meters_without_registers: meters that have the usual suffixes of NEM12 by default.
    """

    run_id: str | None
    tables: list[LoadedTable]
    meters_without_registers: int


def store_master_data(store: Store, paths: Sequence[Path], now: Clock) -> MasterDataReport:
    """Load master data files into the store.

    Args:
        store: the store.
        paths: files named after a table, or folders that hold them.
        now: the clock.

    Raises:
        MasterDataError: they cannot be read, or contradict themselves or what is stored.
        StoreBusyError: another run is writing.
    """
    with writer_lock(store.root):
        base = store.snapshot()
        started_at = now()
        run_id = new_run_id(started_at)
        before = stored_tables(base)
        after = load_master_data(paths, before, run_id)
        adds: list[DataFile] = []
        removes: list[DataFile] = []
        for name, rows in after.items():
            table = TABLES[name]
            order = [(column, "ascending") for column in table.key]
            if not rows.equals(before[name].sort_by(order)):
                adds.append(write_data_file(store.root, table, rows, run_id))
                removes += base.files(table)
        tables = [LoadedTable(n, r.num_rows, _changed(r, run_id)) for n, r in after.items()]
        described = pc.is_in(after["meters"]["meter_id"], value_set=after["registers"]["meter_id"].combine_chunks())
        plain = len(pc.unique(after["meters"]["meter_id"].filter(pc.invert(described))))
        if not adds:
            return MasterDataReport(None, tables, plain)
        counters = {f"{one.table}_changed": one.changed for one in tables if one.changed}
        run = RunRecord(run_id, COMMAND, started_at, now(), counters=counters, versions=versions())
        publish_catalogue(store, store.publish(run, base, adds, removes))
    return MasterDataReport(run_id, tables, plain)


def _changed(rows: object, run_id: str) -> int:
    return pc.sum(pc.equal(rows["loaded_run_id"], run_id)).as_py() or 0  # type: ignore[index] # an Arrow table


def default_channels() -> dict[str, str]:
    """Return what the usual suffixes of a NEM12 meter without registers feed."""
    return dict(zip(NEM12_DEFAULTS["channel"].to_pylist(), NEM12_DEFAULTS["determinant"].to_pylist(), strict=True))
