"""What analysts see: the views over the store that are more than a table."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import CHANNEL, DIRECTION, INTERVAL_MINUTES, METER, QUANTITY, RECORD, SERVICE_POINT, UNIT, VERSION
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

EVERY_DELIVERY_VIEW = Table(
    name="every_delivery",
    doc="Interval values of every file, copies, older versions and conflicts included: what each delivery said of a slot.",
    key=("service_point_id", "meter_id", "channel", "interval_start", "interval_minutes", "file_id", "record"),
    columns=(
        *_LONG,
        column("name", pa.string(), "name of the file as delivered", nullable=True),
        column("format", pa.string(), "format of the file", nullable=True),
        VERSION,
        RECORD,
    ),
)

REGISTER_ADVANCES_VIEW = Table(
    name="register_advances",
    doc="What each register counted between two index reads, and how sure that is. Needs no run of validation or billing.",
    key=("service_point_id", "meter_id", "channel", "read_from", "read_to"),
    columns=(
        SERVICE_POINT,
        METER,
        CHANNEL,
        QUANTITY,
        DIRECTION,
        UNIT,
        column("read_from", UTC_TIME, "when the earlier index was read"),
        column("read_to", UTC_TIME, "when the later index was read"),
        column("index_from", ENERGY, "the earlier index as read", unit="unit"),
        column("index_to", ENERGY, "the later index as read", unit="unit"),
        column("multiplier", ENERGY, "index advance times this is the quantity; null where nobody says", nullable=True),
        column("advance", ENERGY, "the quantity counted; null where that is not sure", unit="unit", nullable=True),
        column("verdict", pa.string(), "ok, rollover, dip_dropped; or without advance: reset, exchange, error"),
        column("code", pa.string(), "register.decrease, register.recovery, ...; null where the advance counts", nullable=True),
        column("estimated", pa.bool_(), "one of the two reads is an estimate or a substitute"),
    ),
)

RECONCILIATION_VIEW = Table(
    name="reconciliation",
    doc="One meter, two witnesses: what two formats delivered day by day, and intervals against registers between two reads.",
    key=("compared", "service_point_id", "meter_id", "channel", "direction", "day", "read_from", "one", "other"),
    columns=(
        column("compared", pa.string(), "formats or register"),
        SERVICE_POINT,
        column("meter_id", pa.string(), "serial number of the meter; null where formats are compared", nullable=True),
        column(
            "channel", pa.string(), "the register; null where formats are compared: the sum of all of a direction", nullable=True
        ),
        QUANTITY,
        DIRECTION,
        UNIT,
        column("day", pa.date32(), "date in the market's standard time; null where registers are compared", nullable=True),
        column("read_from", UTC_TIME, "when the earlier index was read; null where formats are compared", nullable=True),
        column("read_to", UTC_TIME, "when the later index was read; null where formats are compared", nullable=True),
        column("one", pa.string(), "a format, or intervals"),
        column("other", pa.string(), "another format, or the verdict on the register's advance"),
        column("one_value", ENERGY, "what the one says", unit="unit", nullable=True),
        column("other_value", ENERGY, "what the other says", unit="unit", nullable=True),
        column(
            "difference",
            ENERGY,
            "the one less the other; null where a register's advance is not sure",
            unit="unit",
            nullable=True,
        ),
        column("slots_in_doubt", pa.int64(), "slots that the formats say differently; slots without a value between the reads"),
    ),
)

VIEWS = (
    DELIVERED_READINGS_VIEW,
    READINGS_VIEW,
    READINGS_DAILY_VIEW,
    KPIS_VIEW,
    EVERY_DELIVERY_VIEW,
    REGISTER_ADVANCES_VIEW,
    RECONCILIATION_VIEW,
)
