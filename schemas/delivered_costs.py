"""Delivered costs: what the sender itself charged or stated beside the readings.

They are kept for comparison. No bill rests on them, and they are no readings: a total of a billing period stands
beside the intervals it sums up.
"""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, FILE_ID, METER, RECORD, SERVICE_POINT, VERSION
from schemas.table import AMOUNT, ENERGY, UTC_TIME, Table, column

PARSED_COSTS = Table(
    name="parsed_costs",
    doc="What a reader makes of an amount of money or a total that the sender states.",
    key=("service_point_id", "meter_id", "channel", "item", "period_from", "record"),
    columns=(
        SERVICE_POINT,
        METER,
        column("channel", pa.string(), "what the source calls the register; empty where it speaks of the whole service point"),
        column("period_from", UTC_TIME, "start of what it is for; null where the source does not say", nullable=True),
        column("period_to", UTC_TIME, "end, exclusive, or when it was stated; null where the source does not say", nullable=True),
        column("item", pa.string(), "interval_cost, bill_last_period, overall_consumption_last_period, ..."),
        column("amount", AMOUNT, "money; null where the item is a quantity alone", unit="currency", nullable=True),
        column("currency", pa.string(), "ISO 4217 code; null where the source does not say", nullable=True),
        column(
            "quantity", ENERGY, "quantity that is stated or charged for; null where there is none", unit="unit", nullable=True
        ),
        column("unit", pa.string(), "unit of the quantity", nullable=True),
        column("native_code", pa.string(), "the source's own code of the item", nullable=True),
        column("note", pa.string(), "the source's own words", nullable=True),
        VERSION,
        RECORD,
    ),
)

DELIVERED_COSTS = Table(
    name="delivered_costs",
    doc="Amounts and totals as the sender stated them, append-only; never an input to a bill.",
    key=("service_point_id", "meter_id", "channel", "item", "period_from", "file_id", "record"),
    partition_by=("batch",),
    columns=(column("batch", pa.string(), "run that ingested the row"), BUCKET, *PARSED_COSTS.columns, FILE_ID),
)
