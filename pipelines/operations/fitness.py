"""Fitness: is this computer, and this store, fit to run?"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date
from importlib import import_module
from pathlib import Path

from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.settings import SETTINGS_FILE
from pipelines.lakehouse.store import Store
from pipelines.operations.opening import versions
from schemas.errors import MeterToBillError, StoreBusyError
from schemas.periods import start_of_day

LEAST_FREE_BYTES = 2**30


@dataclass(frozen=True)
class Check:
    """One thing looked at: its name, whether it is well, and what was found."""

    name: str
    ok: bool
    found: str


def examine(root: Path) -> list[Check]:
    """Look at the libraries, the time zones, Beam, the disk and the store at ``root``."""
    return [*_libraries(), _zones(), _beam(), _disk(root), *_store(root)]


def _libraries() -> Iterator[Check]:
    for name, found in sorted(versions().items()):
        yield Check(f"version of {name}", ok=True, found=found)


def _zones() -> Check:
    """Look up a day of 25 hours: zones work, and summer time with them."""
    first, end = (start_of_day(date(2026, 10, day), "Europe/Prague").astimezone(UTC) for day in (25, 26))
    hours = (end - first).total_seconds() / 3600
    return Check("time zones", hours == 25, f"25 October 2026 in Prague has {hours:g} hours")  # noqa: PLR2004 - the day of 25 hours


def _beam() -> Check:
    try:
        import_module("pipelines.meter_to_bill")
    except Exception as failure:  # noqa: BLE001 - whatever it is, it is what the doctor is asked for
        return Check("pipeline", ok=False, found=f"cannot be imported: {type(failure).__name__}: {failure}")
    return Check("pipeline", ok=True, found="Beam and the flow can be imported")


def _disk(root: Path) -> Check:
    folder = root.resolve()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return Check("disk", free >= LEAST_FREE_BYTES, f"{free / 2**30:.1f} GiB free at {folder}")


def _store(root: Path) -> Iterator[Check]:
    if not (root / SETTINGS_FILE).exists():
        yield Check("store", ok=True, found=f"none at {root}: m2b init or the first run makes it")
        return
    try:
        snapshot = Store(root).snapshot()
        yield Check("store", ok=True, found=f"{root} after run {snapshot.run_id} (no {snapshot.sequence})")
        with writer_lock(root):
            yield Check("lock", ok=True, found="free")
    except StoreBusyError:
        yield Check("lock", ok=True, found="held: another run is writing")
    except (MeterToBillError, OSError) as problem:
        yield Check("store", ok=False, found=str(problem))
