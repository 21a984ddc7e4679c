"""A micro-batch of the stream: what arrived together, and the plan every worker makes of it.

A stream has no plan at its beginning: each batch reads what the run before it published. The batch names that run, so
that all workers read the same versions; the plan itself, with its lists of files, is made where it is needed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from pipelines.ingest.delivered_files import Delivery, FileRef, IngestWork, deal
from pipelines.lakehouse.store import Snapshot, Store
from pipelines.operations.flow import FlowRequest, make_plan
from pipelines.plan import RunPlan
from schemas.files import FILES


@dataclass(frozen=True)
class StreamSettings:
    """What a stream is asked to do.

    Attributes:
        root: the store's folder.
        request: the command's name, how files are read, what to bill; its paths are not looked at.
        window_seconds: what arrives within a window is published together [s].
        lateness_seconds: how long after its window a straggler of the source is still waited for [s].
        lock_seconds: how long a commit waits for another writer [s].
    """

    root: Path
    request: FlowRequest
    window_seconds: float = 60
    lateness_seconds: int = 7 * 24 * 3600
    lock_seconds: float = 600


@dataclass(frozen=True)
class Batch:
    """Files to be published together.

    Attributes:
        run_id: the run they become: made from the window and the hashes, so a window that is played again is the same run.
        base_run_id: the run whose versions are read.
        closed_at: end of the window.
        files: references, none of them known to the base.
    """

    run_id: str
    base_run_id: str
    closed_at: datetime
    files: tuple[FileRef, ...]

    @property
    def work(self) -> list[IngestWork]:
        """The files, dealt into work items."""
        return deal(self.files)


def make_batch(base: Snapshot, files: Iterable[FileRef], closed_at: datetime) -> Batch | None:
    """Return the batch of the files that ``base`` does not know; None when it knows them all."""
    fresh = unknown(base, files)
    if not fresh:
        return None
    digest = hashlib.sha256("".join(file.sha256 for file in fresh).encode()).hexdigest()
    run_id = f"{closed_at:%Y%m%dT%H%M%S}{closed_at.microsecond // 1000:03d}Z-{digest[:6]}"
    return Batch(run_id, base.run_id, closed_at, fresh)


def unknown(base: Snapshot, files: Iterable[FileRef]) -> tuple[FileRef, ...]:
    """Return the files whose bytes are not in the store, in order of hash, each content once."""
    known = set(base.read(FILES, columns=["file_id"])["file_id"].to_pylist())
    named = sorted(files, key=lambda file: (file.name, file.path), reverse=True)
    fresh = {file.sha256: file for file in named if file.sha256 not in known}
    return tuple(fresh[sha256] for sha256 in sorted(fresh))


def rebased(batch: Batch, base: Snapshot) -> Batch:
    """Return the batch as it has to be made once another run came first."""
    return replace(batch, base_run_id=base.run_id, files=unknown(base, batch.files))


@lru_cache(maxsize=4)
def plan_of(settings: StreamSettings, batch: Batch) -> RunPlan:
    """Return the plan of a batch; a worker makes it once."""
    store = Store(settings.root)
    base = store.snapshot(batch.base_run_id)
    plan = make_plan(store, base, settings.request, Delivery(batch.files, ()), lambda: batch.closed_at)
    return replace(plan, run_id=batch.run_id)
