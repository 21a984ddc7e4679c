"""An event file read whole, with the promises of a reader checked on the way."""

from __future__ import annotations

from pipelines.ingest.events.event_files import read_csv_events, read_jsonl_events
from pipelines.ingest.reader import Parsed
from tests.pipelines.ingest.whole_files import read_whole

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
    """Read an event file; it must be what its tables declare, and account for every row."""
    reader = read_jsonl_events if data.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") else read_csv_events
    parsed = read_whole(reader, data, name="events.csv", **context)
    assert parsed.rows_taken == parsed.events.num_rows
    return parsed


def rejected(parsed: Parsed) -> list[tuple[str, str]]:
    """Place and code of what was set aside."""
    return [(row["record"], row["code"]) for row in parsed.rejections.to_pylist()]


def warned(parsed: Parsed) -> list[str]:
    """Codes of the warnings."""
    return [warning.code for warning in parsed.warnings]
