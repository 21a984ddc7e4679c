"""An inbox: which of its files have come to rest and are not in the store yet, in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.ingest.delivered_files import find_files, identify
from pipelines.lakehouse.store import Store
from schemas.files import FILES

BATCH_BYTES = 256 * 2**20
BATCH_FILES = 500
"""A batch is committed whole: bounded, so that what arrives is soon readable and a stop is soon obeyed."""

Look = tuple[int, int]
"""Size [B] and time of change [ns] of a file."""


@dataclass
class Inbox:
    """A folder that is looked at again and again.

    A file is taken when two looks in a row found it the same, so one still being written waits. What was taken is known
    by the hash of its bytes in the store: a restart loses nothing and doubles nothing.

    Attributes:
        folder: the folder, with all below it.
    """

    folder: Path
    _seen: dict[Path, Look] = field(default_factory=dict)
    _done: dict[Path, Look] = field(default_factory=dict)

    def settled(self) -> list[Path]:
        """Look once; return the files that are as the last look found them and were not taken, in order of name.

        Raises:
            InputRefusedError: the folder is not there.
        """
        found = {}
        for path in find_files([self.folder]):
            try:
                status = path.lstat()
            except FileNotFoundError:
                continue
            found[path] = (status.st_size, status.st_mtime_ns)
        ready = [path for path, look in found.items() if self._seen.get(path) == look and self._done.get(path) != look]
        self._seen = found
        return sorted(ready)

    def batch(self, store: Store, ready: Iterable[Path]) -> list[Path]:
        """Return the first files of ``ready`` that the store does not know, up to a batch; the rest waits for the next one."""
        known = set(store.snapshot().read(FILES, columns=["file_id"])["file_id"].to_pylist())
        chosen: list[Path] = []
        room = BATCH_BYTES
        for path in ready:
            size = self._seen[path][0]
            if chosen and (size > room or len(chosen) == BATCH_FILES):
                break
            if identify(path).sha256 in known:
                self.taken([path])
                continue
            chosen.append(path)
            room -= size
        return chosen

    def taken(self, paths: Iterable[Path]) -> None:
        """Note that files are in the store."""
        for path in paths:
            self._done[path] = self._seen[path]
