"""A capture read whole, with the promises of a reader checked on the way."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa

from pipelines.ingest.p1.reader import read_p1
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.events import PARSED_EVENTS
from schemas.register_reads import PARSED_READS


def read(data: bytes, **context: str) -> Parsed:
    """Read a capture; its pieces must be what their tables declare, and account for every row."""
    pieces = list(read_p1(io.BytesIO(data), ReadContext("capture.txt", **context)))
    for piece in pieces:
        PARSED_READS.check(piece.reads)
        PARSED_EVENTS.check(piece.events)
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
        assert piece.rows_taken == piece.reads.num_rows
    return Parsed(
        reads=pa.concat_tables(piece.reads for piece in pieces),
        events=pa.concat_tables(piece.events for piece in pieces),
        rejections=pa.concat_tables(piece.rejections for piece in pieces),
        rows_read=sum(piece.rows_read for piece in pieces),
        warnings=tuple(warning for piece in pieces for warning in piece.warnings),
        clock=pieces[-1].clock,
    )


def by_channel(parsed: Parsed) -> dict[str, dict[str, Any]]:
    """The reads of a capture in which no channel comes twice."""
    rows = parsed.reads.to_pylist()
    found = {row["channel"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def rejected(parsed: Parsed) -> list[tuple[str, str, int]]:
    """Place, code and rows of what was set aside."""
    return [(row["record"], row["code"], row["rows"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    """Codes of the warnings."""
    return [warning.code for warning in parsed.warnings]
