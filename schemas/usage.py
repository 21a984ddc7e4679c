"""Usage: what a tariff multiplies, per agreement, period, determinant and band; and what a period hands to the next."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, SERVICE_POINT
from schemas.table import AMOUNT, ENERGY, UTC_TIME, Table, column

BILL_MONTH = column("month", pa.string(), "month of the day before period_to, YYYY-MM")

USAGE = Table(
    name="usage",
    doc="Billing determinants per agreement, period, determinant and band: energy, and the peaks that charges had measured.",
    key=("agreement_id", "period_from", "period_to", "determinant", "band", "tariff_version"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("agreement_id", pa.string(), "the agreement billed"),
        SERVICE_POINT,
        column("period_from", pa.date32(), "first local day of the period in the billing clock"),
        column("period_to", pa.date32(), "day after the last one"),
        column(
            "determinant",
            pa.string(),
            "import_kwh, export_kwh, ..., peak_kw, billing_demand_kw; a second one of a name has a number behind it",
        ),
        column("band", pa.string(), "period of the tariff the energy fell into; null where it has none", nullable=True),
        column("tariff_version", pa.string(), "date the tariff version is in force from"),
        column("value", ENERGY, "the quantity", unit="unit"),
        column("unit", pa.string(), "kWh, kvarh, kW, ..."),
        column("at", UTC_TIME, "when the highest window began; null for sums", nullable=True),
        column("run_id", pa.string(), "run that made the row"),
    ),
)

CARRIED_STATE = Table(
    name="carried_state",
    doc="What each bill was handed by the billing period before, and what it hands to the next: banks, peaks, sums of a year.",
    key=("agreement_id", "period_from", "period_to", "name"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("agreement_id", pa.string(), "the agreement billed"),
        SERVICE_POINT,
        column("period_from", pa.date32(), "first local day of the period in the billing clock"),
        column("period_to", pa.date32(), "day after the last one"),
        column("name", pa.string(), "bank.money, bank.kwh|BAND, peak|CHARGE|YYYY-MM, minimum|CHARGE|YYYY, ladder|CHARGE|DAY"),
        column("opening", AMOUNT, "what the bill was made from; 0 where nothing was handed over"),
        column("closing", AMOUNT, "what the next period is handed; 0 where it is used up"),
        column("run_id", pa.string(), "run that made the row"),
    ),
)
