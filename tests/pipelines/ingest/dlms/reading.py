"""Reads a capture as the store would, and holds the reader to its promise."""

from __future__ import annotations

import io

import pyarrow as pa

from pipelines.ingest.dlms.captures import read_dlms
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.files import PARSED_REJECTIONS
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS


def read(data: bytes, piece_bytes: int = 2**18, name: str = "push.hex", **context: str) -> Parsed:
    """A capture, whole."""
    pieces = list(read_dlms(io.BytesIO(data), ReadContext(name, **context), piece_bytes))
    for piece in pieces:
        PARSED_READS.check(piece.reads)
        PARSED_INTERVALS.check(piece.intervals)
        PARSED_REJECTIONS.check(piece.rejections)
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
    return Parsed(
        intervals=pa.concat_tables(piece.intervals for piece in pieces),
        reads=pa.concat_tables(piece.reads for piece in pieces),
        rejections=pa.concat_tables(piece.rejections for piece in pieces),
        rows_read=sum(piece.rows_read for piece in pieces),
        warnings=tuple(warning for piece in pieces for warning in piece.warnings),
        clock=next((piece.clock for piece in pieces if piece.clock), None),
    )


def values(parsed: Parsed) -> list[tuple[str, str]]:
    """Channel and value of every read, without the zeros that end it."""
    return [(row["channel"], f"{row['value'].normalize():f}") for row in parsed.reads.to_pylist()]


def codes(parsed: Parsed) -> list[str]:
    """The codes of what was set aside."""
    return parsed.rejections["code"].to_pylist()


def warned(parsed: Parsed) -> list[str]:
    """The codes of the warnings."""
    return [warning.code for warning in parsed.warnings]
