"""An event file read whole, with the promises of a reader checked on the way."""

from __future__ import annotations

import io

import pyarrow as pa

from pipelines.ingest.events.event_files import read_csv_events, read_jsonl_events
from pipelines.ingest.reader import Parsed, ReadContext
from schemas.events import PARSED_EVENTS

HEADER = "service_point_id,meter_id,companion,code,started_at,ended_at,magnitude,unit"
ROW = "SP1,M1,dsmr4,80,2026-01-15T12:00:00+01:00,2026-01-15T12:00:02+01:00,195.5,V"
JSON = (
    '{"service_point_id": "SP1", "meter_id": "M1", "companion": "dsmr4", "code": 80, "started_at": "2026-01-15T12:00:00+01:00", '
    '"ended_at": null, "magnitude": 195.5, "unit": "V"}'
)


def table(*rows: str, header: str = HEADER) -> bytes:
    """An event table."""
    return "".join(line + "\n" for line in (header, *rows)).encode()


def read(data: bytes, **context: str) -> Parsed:
    """Read an event file; its pieces must be what their tables declare, and account for every row."""
    reader = read_jsonl_events if data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") else read_csv_events
    pieces = list(reader(io.BytesIO(data), ReadContext("events.csv", **context)))
    for piece in pieces:
        PARSED_EVENTS.check(piece.events)
        assert piece.rows_read == piece.rows_taken + sum(piece.rejections["rows"].to_pylist())
        assert piece.rows_taken == piece.events.num_rows
    return Parsed(
        events=pa.concat_tables(piece.events for piece in pieces),
        rejections=pa.concat_tables(piece.rejections for piece in pieces),
        rows_read=sum(piece.rows_read for piece in pieces),
        event_rows=sum(piece.event_rows for piece in pieces),
        warnings=tuple(warning for piece in pieces for warning in piece.warnings),
        clock=pieces[-1].clock,
    )


def rejected(parsed: Parsed) -> list[tuple[str, str]]:
    """Place and code of what was set aside."""
    return [(row["record"], row["code"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    """Codes of the warnings."""
    return [warning.code for warning in parsed.warnings]
