"""A file read whole: the pieces of a reader put together, its promises checked on the way."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa

from pipelines.ingest.reader import Parsed, ReadContext, Reader
from schemas.events import PARSED_EVENTS
from schemas.files import PARSED_REJECTIONS
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

_TABLES = {
    "intervals": PARSED_INTERVALS,
    "reads": PARSED_READS,
    "events": PARSED_EVENTS,
    "rejections": PARSED_REJECTIONS,
}


def read_whole(reader: Reader, data: bytes, *, name: str = "a", piece_bytes: int | None = None, **context: str) -> Parsed:
    """Return all pieces of a file as one; each must be what its tables declare and account for every row.

    Args:
        reader: of the format.
        data: the file.
        name: of the file.
        piece_bytes: read at a time, for a reader that can be told.
        context: more of what the reader is told.
    """
    options: dict[str, Any] = {} if piece_bytes is None else {"piece_bytes": piece_bytes}
    pieces = list(reader(io.BytesIO(data), ReadContext(name, **context), **options))
    for piece in pieces:
        for part, table in _TABLES.items():
            table.check(getattr(piece, part))
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
    return Parsed(
        **{part: pa.concat_tables(getattr(piece, part) for piece in pieces) for part in _TABLES},
        rows_read=sum(piece.rows_read for piece in pieces),
        event_rows=sum(piece.event_rows for piece in pieces),
        warnings=tuple(warning for piece in pieces for warning in piece.warnings),
        clock=pieces[-1].clock,
    )
