"""What analysts see: the views over the store that are more than a table."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import CHANNEL, DIRECTION, INTERVAL_MINUTES, METER, QUANTITY, SERVICE_POINT, UNIT
from schemas.table import ENERGY, UTC_TIME, Table, column

_LONG = (
    SERVICE_POINT,
    METER,
    CHANNEL,
    QUANTITY,
    DIRECTION,
    UNIT,
    column("interval_start", UTC_TIME, "start of the half-open interval"),
    INTERVAL_MINUTES,
    column("value", ENERGY, "the quantity in unit; null when missing", unit="unit", nullable=True),
    column("quality", pa.string(), "measured, missing, delivered_estimate, substituted, final_substituted, estimated, ..."),
    column("method", pa.string(), "how an estimate was made; none for the rest"),
    column("native_quality", pa.string(), "the source's own code, untouched", nullable=True),
    column("file_id", pa.string(), "sha-256 of the file it came in", nullable=True),
)

DELIVERED_READINGS_VIEW = Table(
    name="delivered_readings",
    doc="Interval values as delivered, the newest version of each slot; slots in conflict are left out. Needs no master data.",
    key=("service_point_id", "meter_id", "channel", "interval_start", "interval_minutes"),
    columns=_LONG,
)

READINGS_VIEW = Table(
    name="readings",
    doc="Validated interval values, the truth bills rest on, one row a slot.",
    key=("service_point_id", "meter_id", "channel", "interval_start", "interval_minutes"),
    columns=_LONG,
)

READINGS_DAILY_VIEW = Table(
    name="readings_daily",
    doc="Validated readings summed by standard-time day.",
    key=("service_point_id", "meter_id", "channel", "day", "interval_minutes"),
    columns=(
        SERVICE_POINT,
        METER,
        CHANNEL,
        QUANTITY,
        DIRECTION,
        UNIT,
        column("day", pa.date32(), "date in the market's standard time"),
        INTERVAL_MINUTES,
        column("value_sum", ENERGY, "sum of the day's values", unit="unit"),
        column("missing", pa.int16(), "slots without a value"),
        column("estimated", pa.int16(), "slots estimated or substituted, by the sender or here"),
    ),
)

KPIS_VIEW = Table(
    name="kpis",
    doc="The figures metering and billing people share, one row per month and figure.",
    key=("month", "kpi"),
    columns=(
        column("month", pa.string(), "YYYY-MM"),
        column("kpi", pa.string(), "name of the figure, see the data dictionary"),
        column("value", pa.float64(), "the figure; never an input to a bill", nullable=True),
        column("unit", pa.string(), "share, slots, kWh, bills, accounts"),
    ),
)

VIEWS = (DELIVERED_READINGS_VIEW, READINGS_VIEW, READINGS_DAILY_VIEW, KPIS_VIEW)
