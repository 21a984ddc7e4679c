"""Bills, their lines, and the agreements that could not be billed."""

from __future__ import annotations

import pyarrow as pa

from schemas.readings import BUCKET, SERVICE_POINT
from schemas.table import AMOUNT, CENTS, ENERGY, PRICE, UTC_TIME, Table, column
from schemas.usage import BILL_MONTH

ACCOUNT = column("account_id", pa.string(), "the account that pays")
AGREEMENT = column("agreement_id", pa.string(), "the agreement billed")
PERIOD_FROM = column("period_from", pa.date32(), "first local day in the billing clock")
PERIOD_TO = column("period_to", pa.date32(), "day after the last one")
CURRENCY = column("currency", pa.string(), "ISO 4217 code")
RUN = column("run_id", pa.string(), "run that made the row")

CHARGE_LINES = Table(
    name="charge_lines",
    doc="The lines of every bill: quantity, unit, price, amount and the sentence that explains it.",
    key=("bill_id", "line_no"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("bill_id", pa.string(), "the bill"),
        column("line_no", pa.int32(), "place on the bill, from 1"),
        column(
            "charge_id",
            pa.string(),
            "the charge of the tariff; 'export', 'bank', 'true_up' for energy bought, 'rounding' for the cents",
        ),
        column(
            "kind",
            pa.string(),
            "fixed, energy, demand, contracted, coincident, reactive, power_factor, rider, fee, percent, export, bank, minimum, "
            "tax, tax_included, true_up, rounding",
        ),
        column("band", pa.string(), "period of the tariff; null where the charge has none", nullable=True),
        column("tier", pa.int32(), "step of the ladder, from 1; null where there is none", nullable=True),
        column("quantity", ENERGY, "what was multiplied", unit="unit"),
        column("unit", pa.string(), "kWh, kW, m3, day, month, ... or the currency for a percentage"),
        column("price", PRICE, "per unit; a percentage as a fraction; of a price series the mean, rounded", unit="currency/unit"),
        column("amount", AMOUNT, "as the tariff rounds lines; a credit is negative", unit="currency"),
        CURRENCY,
        column("tax_code", pa.string(), "the tax laid on it; null where none is", nullable=True),
        column("tariff_id", pa.string(), "the tariff"),
        column("tariff_version", pa.string(), "date the tariff version is in force from"),
        PERIOD_FROM,
        PERIOD_TO,
        column("text", pa.string(), "the sentence that explains the amount"),
    ),
)

BILLS = Table(
    name="bills",
    doc="One bill per agreement and period. Draft, then final, then perhaps cancelled: never changed.",
    key=("bill_id",),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("bill_id", pa.string(), "made from agreement, period and revision: the same bill has the same id for ever"),
        column("bill_number", pa.string(), "for people"),
        column("document_type", pa.string(), "invoice or credit_note"),
        ACCOUNT,
        AGREEMENT,
        SERVICE_POINT,
        PERIOD_FROM,
        PERIOD_TO,
        column("billing_clock", pa.string(), "zone or fixed offset of the period's dates"),
        column("tariff_clock", pa.string(), "zone or fixed offset of the tariff's bands"),
        column("starts_at", UTC_TIME, "first instant billed"),
        column("ends_at", UTC_TIME, "end, exclusive"),
        column("issue_date", pa.date32(), "the period's read deadline"),
        column("due_date", pa.date32(), "when it is to be paid"),
        column("status", pa.string(), "draft, final or cancelled"),
        column("net", AMOUNT, "total less tax", unit="currency"),
        column("tax", AMOUNT, "sum of the lines of kind tax", unit="currency"),
        column("total", CENTS, "sum of all lines; a credit is negative", unit="currency"),
        CURRENCY,
        column("tariff_id", pa.string(), "the tariff"),
        column("tariff_sha256", pa.string(), "the document it was rated by"),
        column("energy_kwh", ENERGY, "all energy billed, import and export", unit="kWh"),
        column("estimated_share", pa.decimal128(9, 6), "energy with estimated or substituted quality / energy"),
        column("billing_basis", pa.string(), "interval or register"),
        column("registers", pa.string(), "JSON list of meter, channel, opening and closing read, advance"),
        column("inputs_sha256", pa.string(), "hash of readings, tariff, series, master data and carried state it was made from"),
        column("revision", pa.int32(), "0 for the first bill of a period, one more for each rebill"),
        column("replaces", pa.string(), "bill that this one replaces or credits", nullable=True),
        RUN,
    ),
)

HOLDS = Table(
    name="holds",
    doc="Agreements and periods that were not billed, with the reason.",
    key=("agreement_id", "period_from", "period_to"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        ACCOUNT,
        AGREEMENT,
        SERVICE_POINT,
        PERIOD_FROM,
        PERIOD_TO,
        column("code", pa.string(), "period.open, tariff.missing, series.missing, previous.missing, readings.missing, ..."),
        column("message", pa.string(), "what is in the way, for a person"),
        column("owner", pa.string(), "who clears it: metering, billing, pricing or crm"),
        column("opened_at", UTC_TIME, "when it was first held"),
        column("status", pa.string(), "open or closed"),
        RUN,
    ),
)
