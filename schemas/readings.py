"""Readings: as delivered (runs of slots) and as validated (daily arrays)."""

from __future__ import annotations

import pyarrow as pa

from schemas.table import UTC_TIME, Table, column, list_of

SERVICE_POINT = column("service_point_id", pa.string(), "where energy is delivered: the NMI, GSRN, MPAN, ESIID")
METER = column("meter_id", pa.string(), "serial number of the meter; empty where the source names none")
CHANNEL = column("channel", pa.string(), "what the source calls the register: NEM12 suffix, OBIS code, column name")
QUANTITY = column("quantity", pa.string(), "what is measured: active_energy, reactive_energy, volume, voltage, ...")
DIRECTION = column("direction", pa.string(), "import, export or none, seen from the customer")
UNIT = column("unit", pa.string(), "unit of the values after the exponent; null where the source has none", nullable=True)
BUCKET = column("bucket", pa.int32(), "stable hash of the service point modulo the number of buckets")
MONTH = column("month", pa.string(), "calendar month of the row's day, YYYY-MM")
EXPONENT = column("exponent", pa.int8(), "value times 10^exponent is the value in unit")
VALUES = column("values", list_of(pa.int32()), "one integer a slot; 0 where the slot holds no value")
VALUES64 = column("values64", list_of(pa.int64()), "in place of values where int32 overflows", nullable=True)
QUALITY = column("quality", list_of(pa.int8()), "one Quality code a slot; null when every slot is measured", nullable=True)
NATIVE_QUALITY = column("native_quality", pa.string(), "the source's own quality code; null when slots differ", nullable=True)
NATIVE_QUALITIES = column(
    "native_qualities", list_of(pa.string()), "the source's quality code of each slot, where they differ", nullable=True
)
NATIVE_REASON = column("native_reason", pa.string(), "the source's reason code and text", nullable=True)
VERSION = column("version", UTC_TIME, "when the sender made this version; null when nothing says", nullable=True)
FILE_ID = column("file_id", pa.string(), "sha-256 of the delivered file")
RECORD = column("record", pa.string(), "line of the file, member:line inside an archive, or a path")
INTERVAL_MINUTES = column("interval_minutes", pa.int16(), "length of a slot", unit="min")

PARSED_INTERVALS = Table(
    name="parsed_intervals",
    doc="What a reader makes of interval data: a row is a run of consecutive slots of one channel.",
    key=("service_point_id", "meter_id", "channel", "start", "interval_minutes", "record"),
    columns=(
        SERVICE_POINT,
        METER,
        CHANNEL,
        QUANTITY,
        DIRECTION,
        UNIT,
        column("start", UTC_TIME, "start of the first slot"),
        column(
            "clock_offset_minutes", pa.int16(), "the source's standard time; null when it has none", unit="min", nullable=True
        ),
        INTERVAL_MINUTES,
        EXPONENT,
        VALUES,
        VALUES64,
        QUALITY,
        NATIVE_QUALITY,
        NATIVE_QUALITIES,
        NATIVE_REASON,
        VERSION,
        RECORD,
    ),
)

DELIVERIES = Table(
    name="deliveries",
    doc="Interval data as it came, append-only, every version kept; a row is a run of consecutive slots.",
    key=("service_point_id", "meter_id", "channel", "start", "interval_minutes", "file_id", "record"),
    partition_by=("batch",),
    columns=(
        column("batch", pa.string(), "run that ingested the row"),
        BUCKET,
        *PARSED_INTERVALS.columns,
        FILE_ID,
    ),
)

READINGS_DAILY = Table(
    name="readings_daily",
    doc="Validated readings, the truth bills rest on: one row per service point, meter, channel and standard-time day.",
    key=("service_point_id", "meter_id", "channel", "day", "interval_minutes", "slot_offset_minutes"),
    partition_by=("month", "bucket"),
    columns=(
        MONTH,
        BUCKET,
        SERVICE_POINT,
        METER,
        CHANNEL,
        QUANTITY,
        DIRECTION,
        UNIT,
        column("day", pa.date32(), "date in the market's standard time"),
        column(
            "standard_offset_minutes", pa.int16(), "standard time of the day: its midnight is at 00:00 minus this", unit="min"
        ),
        INTERVAL_MINUTES,
        column("slot_offset_minutes", pa.int16(), "start of the first slot after midnight", unit="min"),
        EXPONENT,
        VALUES,
        VALUES64,
        QUALITY,
        column("method", list_of(pa.int8()), "one Method code a slot; null when every slot has none", nullable=True),
        NATIVE_QUALITY,
        NATIVE_QUALITIES,
        column("value_sum", pa.int64(), "sum of the slots that hold a value, times 10^exponent in unit"),
        column("missing", pa.int16(), "slots without a value"),
        column("estimated", pa.int16(), "slots estimated or substituted, by the sender or here"),
        VERSION,
        column("file_id", pa.string(), "file of the newest delivery; null when none or several made the day", nullable=True),
        column("record", pa.string(), "line of the newest delivery; null when none or several made the day", nullable=True),
    ),
)
