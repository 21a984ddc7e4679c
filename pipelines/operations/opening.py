"""Opening a store for a command: its run id, the versions that stand in the run, the store itself."""

from __future__ import annotations

import platform
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pipelines.lakehouse.catalogue import publish_catalogue
from pipelines.lakehouse.lock import writer_lock
from pipelines.lakehouse.settings import SETTINGS_FILE, StoreSettings
from pipelines.lakehouse.store import RunRecord, Store, create_store

Clock = Callable[[], datetime]
LIBRARIES = ("apache-beam", "deltalake", "duckdb", "holidays", "numpy", "pyarrow", "tzdata")


def utc_now() -> datetime:
    """The clock of the command line: nothing below it looks at one."""
    return datetime.now(UTC)


def new_run_id(now: datetime) -> str:
    """Return a run id that sorts by time; it names the run and stands in no business key."""
    return f"{now:%Y%m%dT%H%M%S}{now.microsecond // 1000:03d}Z-{secrets.token_hex(3)}"


def versions() -> dict[str, str]:
    """Return the versions of this program, of Python and of the libraries that results depend on."""
    found = {name: version(name) for name in LIBRARIES}
    return found | {"python": platform.python_version(), "meter-to-bill": version("meter-to-bill")}


def make_store(root: Path, settings: StoreSettings, now: Clock = utc_now) -> Store:
    """Make an empty store; one that is there already with the same settings is left as it is.

    Raises:
        StoreError: there is a store with other settings, or another run is writing.
    """
    root.mkdir(parents=True, exist_ok=True)
    with writer_lock(root):
        at = now()
        store = create_store(root, settings, RunRecord(new_run_id(at), "init", at, at, versions=versions()))
        publish_catalogue(store, store.snapshot())
    return store


def open_or_make(root: Path, now: Clock = utc_now) -> Store:
    """Return the store at ``root``, made with default settings when it is not there."""
    if not (root / SETTINGS_FILE).exists():
        return make_store(root, StoreSettings(), now)
    return Store(root)
