"""Master data as a worker holds it: read once, handed out bucket by bucket."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.lakehouse.buckets import buckets_of
from pipelines.lakehouse.store import Snapshot
from pipelines.masterdata.resolve import NEM12, register_map
from schemas.master_data import (
    ACCOUNTS,
    AGREEMENT_FACTS,
    AGREEMENT_OPTIONS,
    AGREEMENTS,
    CUSTOMERS,
    METERS,
    OPENING_STATE,
    REGISTERS,
    SERVICE_POINTS,
)

MASTER_TABLES = (
    SERVICE_POINTS, METERS, REGISTERS, AGREEMENTS, AGREEMENT_FACTS, AGREEMENT_OPTIONS, OPENING_STATE, ACCOUNTS, CUSTOMERS,
)  # fmt: skip


@dataclass(frozen=True)
class MasterData:
    """The master data of some service points.

    Attributes:
        service_points: rows of ``SERVICE_POINTS``.
        meters: rows of ``METERS``.
        registers: rows of ``REGISTERS``.
        agreements: rows of ``AGREEMENTS``.
        accounts: rows of ``ACCOUNTS`` that pay for them.
        facts: rows of ``AGREEMENT_FACTS``.
        options: rows of ``AGREEMENT_OPTIONS``.
        opening: rows of ``OPENING_STATE``.
    """

    service_points: pa.Table
    meters: pa.Table
    registers: pa.Table
    agreements: pa.Table
    accounts: pa.Table
    facts: pa.Table = field(default_factory=AGREEMENT_FACTS.empty)
    options: pa.Table = field(default_factory=AGREEMENT_OPTIONS.empty)
    opening: pa.Table = field(default_factory=OPENING_STATE.empty)

    def register_map(self, channels: pa.Table, starts_at: datetime, ends_at: datetime) -> pa.Table:
        """Return what each of ``channels`` is during ``[starts_at, ends_at)``, see ``masterdata.resolve``.

        The suffixes E1 and B1 of a meter nobody described mean what they mean in NEM12, whichever format brought them.
        """
        keys = channels.select(["service_point_id", "meter_id", "channel"])
        keys = keys.append_column("source_format", pa.repeat(NEM12, keys.num_rows))
        return register_map(self.meters, self.registers, keys, starts_at=starts_at, ends_at=ends_at)


def master_data(snapshot: Snapshot, bucket: int, buckets: int) -> MasterData:
    """Return the master data of a bucket's service points; a worker reads and deals them once."""
    pins = tuple((table.name, snapshot.pins[table.name]) for table in MASTER_TABLES)
    return _dealt(snapshot.root, pins, buckets)[bucket]


@lru_cache(maxsize=2)
def _dealt(root: Path, pins: tuple[tuple[str, int], ...], buckets: int) -> tuple[MasterData, ...]:
    """Read all master data and deal them to buckets."""
    snapshot = Snapshot(root, "", 0, dict(pins))
    points, meters, agreements = (_by_bucket(snapshot.read(table), buckets) for table in (SERVICE_POINTS, METERS, AGREEMENTS))
    registers, accounts = snapshot.read(REGISTERS).combine_chunks(), snapshot.read(ACCOUNTS).combine_chunks()
    said = [snapshot.read(table).combine_chunks() for table in (AGREEMENT_FACTS, AGREEMENT_OPTIONS, OPENING_STATE)]
    dealt = []
    for bucket in range(buckets):
        own = pc.is_in(registers["meter_id"], value_set=pc.unique(meters[bucket]["meter_id"]))
        payers = pc.is_in(accounts["account_id"], value_set=pc.unique(agreements[bucket]["account_id"]))
        ids = pc.unique(agreements[bucket]["agreement_id"])
        dealt.append(
            MasterData(
                points[bucket],
                meters[bucket],
                registers.filter(own),
                agreements[bucket],
                accounts.filter(payers),
                *(rows.filter(pc.is_in(rows["agreement_id"], value_set=ids)) if rows.num_rows else rows for rows in said),
            )
        )
    return tuple(dealt)


def _by_bucket(rows: pa.Table, buckets: int) -> list[pa.Table]:
    """Return the rows of each bucket, in their order."""
    codes = buckets_of(rows["service_point_id"], buckets)
    order = np.argsort(codes, kind="stable")
    dealt = rows.take(pa.array(order)).combine_chunks()
    edges = np.searchsorted(codes[order], np.arange(buckets + 1))
    return [dealt.slice(first, last - first).combine_chunks() for first, last in pairwise(edges.tolist())]


def stored_tables(snapshot: Snapshot) -> Mapping[str, pa.Table]:
    """Return every stored master data table by name."""
    return {table.name: snapshot.read(table) for table in MASTER_TABLES}


def by_service_point(points: pa.Table) -> dict[str, dict[str, Any]]:
    """Return service points by id."""
    return {str(row["service_point_id"]): row for row in points.to_pylist()}


def epoch_minutes(times: pa.ChunkedArray | pa.Array, default: int) -> np.ndarray:
    """Return instants as minutes since 1970 UTC, ``default`` where null, (n,) int64."""
    minutes = pc.floor_temporal(times, unit="minute").cast(pa.timestamp("s", tz="UTC")).cast(pa.int64())
    return pc.fill_null(pc.divide(minutes, 60), default).to_numpy(zero_copy_only=False)
