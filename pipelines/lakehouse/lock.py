"""One writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from schemas.errors import StoreBusyError


@contextmanager
def writer_lock(root: Path, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the store's writer lock; the operating system frees it when the process dies.

    Raises:
        StoreBusyError: another writer has it still after ``wait_seconds``.
    """
    lock = FileLock(str(root / ".writer.lock"))
    try:
        lock.acquire(timeout=wait_seconds)
    except Timeout:
        code = "store.busy"
        raise StoreBusyError(code, f"another run is writing to {root}", "try again when it has ended") from None
    try:
        yield
    finally:
        lock.release()
