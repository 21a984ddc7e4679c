"""Events: outages, sags, swells, tamper, clock changes."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, FILE_ID, METER, RECORD, SERVICE_POINT
from schemas.table import ENERGY, UTC_TIME, Table, column

PARSED_EVENTS = Table(
    name="parsed_events",
    doc="What a reader makes of an event.",
    key=("service_point_id", "meter_id", "event_type", "started_at", "record"),
    columns=(
        SERVICE_POINT,
        METER,
        column(
            "event_type",
            pa.string(),
            "what happened: outage, sag, over_voltage, tamper, ...; unknown where nobody knows the code",
        ),
        column("started_at", UTC_TIME, "start; null where the source has no clock", nullable=True),
        column("ended_at", UTC_TIME, "end, exclusive; null while it lasts or where nothing says", nullable=True),
        column("magnitude", ENERGY, "size of the event in unit", nullable=True),
        column("unit", pa.string(), "unit of the magnitude", nullable=True),
        column("native_code", pa.string(), "the source's own code", nullable=True),
        RECORD,
    ),
)

EVENTS = Table(
    name="events",
    doc="Events as delivered, append-only.",
    key=("service_point_id", "meter_id", "event_type", "started_at", "file_id", "record"),
    partition_by=("batch",),
    columns=(column("batch", pa.string(), "run that ingested the row"), BUCKET, *PARSED_EVENTS.columns, FILE_ID),
)
