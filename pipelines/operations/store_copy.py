"""A copy of a store to try things out in: made of hard links, beside the store, and gone afterwards.

It costs no space: data files are never changed once written, and a commit only adds files to a table's log. Whoever has a copy
holds a lock beside it, which the operating system frees when the process dies; the next copy of the same store removes what
killed processes left.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.lakehouse.settings import SETTINGS_FILE
from pipelines.lakehouse.store import Store
from schemas.runs import RUNS
from schemas.tables import DATA_TABLES

_LOCK = ".lock"


@contextmanager
def copied(store: Store) -> Iterator[Store]:
    """Hand out a copy of the store beside it, gone afterwards.

    Raises:
        StoreError: there is no store.
    """
    _ = store.settings
    root = store.root.resolve()
    prefix = f".{root.name}-dry-run-"
    _remove_abandoned(root.parent, prefix)
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=_LOCK, dir=root.parent)
    os.close(handle)
    folder = Path(name.removesuffix(_LOCK))
    try:
        # locked before the folder is there: a folder whose lock is free belongs to nobody
        with FileLock(name):
            try:
                # runs first: what it pins is in the other tables by then, whatever another run commits meanwhile
                for table in (RUNS, *DATA_TABLES):
                    shutil.copytree(root / "tables" / table.name, folder / "tables" / table.name, copy_function=_link)
                shutil.copy2(root / SETTINGS_FILE, folder / SETTINGS_FILE)
                yield Store(folder)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    finally:
        Path(name).unlink(missing_ok=True)


def _remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the copies whose process is gone."""
    for folder in parent.glob(f"{prefix}*"):
        if not folder.is_dir():
            continue
        lock = folder.with_name(folder.name + _LOCK)
        try:
            with FileLock(str(lock), timeout=0):
                shutil.rmtree(folder, ignore_errors=True)
        except Timeout:
            continue
        lock.unlink(missing_ok=True)


def _link(source: str, target: str) -> None:
    """Link a file; copy it where the file system has no hard links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
