"""Every stored table, by name."""

from __future__ import annotations

from schemas.bills import BILLS, CHARGE_LINES, HOLDS
from schemas.crm import CRM_RECORDS, GL_JOURNAL
from schemas.delivered_costs import DELIVERED_COSTS
from schemas.events import EVENTS
from schemas.files import FILES, REJECTIONS
from schemas.findings import EDITS, EXCEPTIONS
from schemas.master_data import (
    ACCOUNTS,
    AGREEMENT_FACTS,
    AGREEMENT_OPTIONS,
    AGREEMENTS,
    CUSTOMERS,
    METERS,
    OPENING_STATE,
    PRICE_SERIES,
    REGISTERS,
    SERVICE_POINTS,
    TARIFFS,
)
from schemas.readings import DELIVERIES, READINGS_DAILY
from schemas.register_reads import REGISTER_READS
from schemas.runs import RUNS
from schemas.usage import CARRIED_STATE, USAGE

DATA_TABLES = (
    SERVICE_POINTS, METERS, REGISTERS, AGREEMENTS, AGREEMENT_FACTS, AGREEMENT_OPTIONS, OPENING_STATE, ACCOUNTS, CUSTOMERS,
    TARIFFS, PRICE_SERIES,
    DELIVERIES, REGISTER_READS, EVENTS, DELIVERED_COSTS, FILES, REJECTIONS,
    READINGS_DAILY, EXCEPTIONS, EDITS,
    USAGE, CARRIED_STATE, CHARGE_LINES, BILLS, HOLDS, CRM_RECORDS, GL_JOURNAL,
)  # fmt: skip
"""The tables a run pins; ``runs`` itself is read at its head."""

TABLES = {table.name: table for table in (*DATA_TABLES, RUNS)}
