"""What leaves for the CRM and the ledger."""

from __future__ import annotations

import pyarrow as pa

from schemas.bills import ACCOUNT, AGREEMENT, CURRENCY, PERIOD_FROM, PERIOD_TO, RUN
from schemas.readings import BUCKET, SERVICE_POINT
from schemas.table import AMOUNT, CENTS, Table, column
from schemas.usage import BILL_MONTH

CRM_RECORDS = Table(
    name="crm_records",
    doc="One record per bill or hold that answers a call: identity, bill, consumption, exceptions, events.",
    key=("agreement_id", "period_from", "period_to"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("record_id", pa.string(), "stable key for upserts"),
        ACCOUNT,
        AGREEMENT,
        SERVICE_POINT,
        PERIOD_FROM,
        PERIOD_TO,
        column("bill_id", pa.string(), "the bill; null while the period is held", nullable=True),
        column("state", pa.string(), "billed or held"),
        column("total", CENTS, "the bill's total; null while held", unit="currency", nullable=True),
        column("currency", pa.string(), "ISO 4217 code; null while held", nullable=True),
        column("record", pa.string(), "the whole record as JSON: identity, bill, consumption, exceptions, events"),
        RUN,
    ),
)

GL_JOURNAL = Table(
    name="gl_journal",
    doc="Balanced postings of final bills: debit receivable, credit revenue and tax payable.",
    key=("bill_id", "posting_no"),
    partition_by=("month", "bucket"),
    columns=(
        BILL_MONTH,
        BUCKET,
        column("bill_id", pa.string(), "the bill posted"),
        column("posting_no", pa.int32(), "place in the posting, from 1"),
        column("posted_on", pa.date32(), "the bill's issue date"),
        column(
            "ledger_account", pa.string(), "receivable, revenue.<kind> (bank and true_up: revenue.export), tax.<code>, rounding"
        ),
        column("debit", AMOUNT, "amount debited", unit="currency"),
        column("credit", AMOUNT, "amount credited", unit="currency"),
        CURRENCY,
        RUN,
    ),
)
