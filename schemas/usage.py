"""Usage: what a tariff multiplies, per agreement, period, determinant and band."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, SERVICE_POINT
from schemas.table import ENERGY, UTC_TIME, Table, column

BILL_MONTH = column("month", pa.string(), "month of the day before period_to, YYYY-MM")

USAGE = Table(
    name="usage",
    doc="Billing determinants: energy per agreement, period, determinant and band.",
    key=("agreement_id", "period_from", "period_to", "determinant", "band", "tariff_version"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("agreement_id", pa.string(), "the agreement billed"),
        SERVICE_POINT,
        column("period_from", pa.date32(), "first local day of the period in the billing clock"),
        column("period_to", pa.date32(), "day after the last one"),
        column("determinant", pa.string(), "import_kwh, export_kwh, controlled_load_kwh, ..."),
        column("band", pa.string(), "period of the tariff the energy fell into; null where it has none", nullable=True),
        column("tariff_version", pa.string(), "date the tariff version is in force from"),
        column("value", ENERGY, "the quantity", unit="unit"),
        column("unit", pa.string(), "kWh, kvarh, kW, ..."),
        column("at", UTC_TIME, "when a maximum occurred; null for sums", nullable=True),
        column("run_id", pa.string(), "run that made the row"),
    ),
)
