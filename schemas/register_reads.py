"""Register reads: cumulative indexes, period quantities and momentary values."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, CHANNEL, DIRECTION, FILE_ID, METER, QUANTITY, RECORD, SERVICE_POINT, UNIT, VERSION
from schemas.table import ENERGY, UTC_TIME, Table, column

PARSED_READS = Table(
    name="parsed_reads",
    doc="What a reader makes of a register read.",
    key=("service_point_id", "meter_id", "channel", "read_at", "record"),
    columns=(
        SERVICE_POINT,
        METER,
        CHANNEL,
        QUANTITY,
        DIRECTION,
        UNIT,
        column("read_at", UTC_TIME, "when the register was read; null where the source has no clock", nullable=True),
        column("period_from", UTC_TIME, "start of the period; null unless kind is period", nullable=True),
        column(
            "value", ENERGY, "the register's index as read, before any multiplier; null when no read", unit="unit", nullable=True
        ),
        column("quality", pa.string(), "measured, estimated, substituted, final_substituted, unverified"),
        column("native_quality", pa.string(), "the source's own quality code", nullable=True),
        column("kind", pa.string(), "index, period or instant"),
        VERSION,
        RECORD,
    ),
)

REGISTER_READS = Table(
    name="register_reads",
    doc="Register reads as delivered, append-only.",
    key=("service_point_id", "meter_id", "channel", "read_at", "file_id", "record"),
    partition_by=("batch",),
    columns=(
        column("batch", pa.string(), "run that ingested the row"),
        BUCKET,
        *PARSED_READS.columns,
        FILE_ID,
    ),
)
