"""Small files of the own shape."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq

_START = datetime(2026, 1, 1, tzinfo=UTC)


def _parquet() -> bytes:
    table = pa.table(
        {
            "service_point_id": ["0012345678"], "meter_id": ["007"], "channel": ["E1"], "direction": ["import"], "unit": ["kWh"],
            "start": pa.array([_START], pa.timestamp("us", tz="UTC")), "interval_minutes": pa.array([30], pa.int32()),
            "exponent": pa.array([-3], pa.int32()), "values": pa.array([[250, 500, 0]], pa.list_(pa.int64())),
        }
    )  # fmt: skip
    into = io.BytesIO()
    pq.write_table(table, into, write_page_checksum=True)
    return into.getvalue()


SAMPLES = {
    "jsonl": b'{"service_point_id":"0012345678","channel":"E1","direction":"import","unit":"kWh",'
    b'"interval_start":"2026-01-01T00:00:00Z","interval_minutes":30,"value":"0.25"}\n'
    b'{"service_point_id":"0012345678","channel":"1.8.0","unit":"kWh","read_at":"2026-01-01T00:00:00Z","value":"17.5","kind":"index"}\n',
    "parquet": _parquet(),
}
