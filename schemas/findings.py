"""Findings of validation and the edits people make."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, CHANNEL, METER, MONTH, SERVICE_POINT
from schemas.table import ENERGY, UTC_TIME, Table, column

EXCEPTIONS = Table(
    name="exceptions",
    doc="One row per finding of a validation rule on a channel and day.",
    key=("service_point_id", "meter_id", "channel", "day", "slot_from", "rule"),
    partition_by=("month", "bucket"),
    columns=(
        MONTH,
        BUCKET,
        SERVICE_POINT,
        METER,
        CHANNEL,
        column("day", pa.date32(), "standard-time day of the finding"),
        column("slot_from", pa.int32(), "first slot concerned, from 0"),
        column("slot_to", pa.int32(), "slot after the last one concerned; may lie past the day for a run of days"),
        column("rule", pa.string(), "stable name of the rule: gap, negative, above_limit, spike, zero_run, sum_check, ..."),
        column("severity", pa.string(), "info, warn, est or block"),
        column("observed", ENERGY, "what was seen, in the channel's unit", nullable=True),
        column("threshold", ENERGY, "the limit it was held against", nullable=True),
        column("message", pa.string(), "the finding in one sentence"),
        column("evidence", pa.string(), "what the verdict rests on, JSON; null where the message says all", nullable=True),
        column("status", pa.string(), "open, accepted, edited or resolved"),
    ),
)

EDITS = Table(
    name="edits",
    doc="What a person set, accepted or rejected: stored as versions, undone by another edit.",
    key=("edit_id",),
    columns=(
        column("edit_id", pa.string(), "stable id of the edit"),
        SERVICE_POINT,
        METER,
        CHANNEL,
        column("slot_start", UTC_TIME, "first instant concerned"),
        column("slot_end", UTC_TIME, "end, exclusive"),
        column("action", pa.string(), "set, accept, reject or lock"),
        column("value", ENERGY, "value of each slot in the channel's unit; null unless action is set", nullable=True),
        column("author", pa.string(), "who"),
        column("reason", pa.string(), "why"),
        column("ticket", pa.string(), "reference of the order; null where there is none", nullable=True),
        column("edited_at", UTC_TIME, "when"),
    ),
)
