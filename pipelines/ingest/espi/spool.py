"""Spool: what waits for the rest of a feed, outside memory.

Entries of a feed may come in any order: values may stand before the ReadingType that says what they are. What cannot
be told yet is laid into a temporary file without a name and read back in order; memory holds 32 MiB of it at most.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

IN_MEMORY_BYTES = 32 * 2**20
_LENGTH_BYTES = 8


class Spool:
    """Pieces of JSON, one after another."""

    def __init__(self, file: IO[bytes]) -> None:
        """Lay pieces into an empty file."""
        self._file = file
        self.end = 0

    def append(self, piece: Any) -> int:  # noqa: ANN401 - any JSON
        """Lay a piece down; return where it begins."""
        data = json.dumps(piece, separators=(",", ":")).encode()
        at = self.end
        self._file.seek(at)
        self._file.write(len(data).to_bytes(_LENGTH_BYTES, "little"))
        self._file.write(data)
        self.end = at + _LENGTH_BYTES + len(data)
        return at

    def read(self, at: int) -> Any:  # noqa: ANN401 - any JSON
        """Return the piece that begins at ``at``."""
        self._file.seek(at)
        length = int.from_bytes(self._file.read(_LENGTH_BYTES), "little")
        return json.loads(self._file.read(length))

    def forget(self) -> None:
        """Forget every piece."""
        self.end = 0


@contextmanager
def open_spool() -> Iterator[Spool]:
    """Open an empty spool, gone when it is left."""
    with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as file:
        yield Spool(file)
