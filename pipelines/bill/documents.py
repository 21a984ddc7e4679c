"""Documents: rated lines become bills and their charge lines, as columns over a group of agreements."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.due import Due, LoadedTariff
from pipelines.bill.interval_basis import Measured
from pipelines.plan import RunPlan
from schemas.bills import BILLS, CHARGE_LINES
from schemas.codes import BillStatus
from schemas.table import AMOUNT, CENTS, ENERGY
from schemas.usage import USAGE
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate

ID_DIGITS = 20
SHARE = pa.decimal128(9, 6)
WIDE = pa.decimal256(40, 18)
"""Room for the difference of two amounts; Arrow refuses to subtract at 38 digits."""


@dataclass(frozen=True)
class Documents:
    """The rows of a group of bills.

    Attributes:
        bills: rows of ``BILLS``.
        lines: rows of ``CHARGE_LINES``.
        usage: rows of ``USAGE``.
    """

    bills: pa.Table
    lines: pa.Table
    usage: pa.Table


def bill_id(due: Due, revision: int = 0) -> str:
    """Return the id of a bill: the same agreement, period and revision always have the same.

    >>> len(hashlib.sha256(b"x").hexdigest()[:ID_DIGITS])
    20
    """
    key = f"bill|1|{due.agreement_id}|{due.period_from}|{due.period_to}|{revision}"
    return "b" + hashlib.sha256(key.encode()).hexdigest()[:ID_DIGITS]


def draw_up(measured: Measured, loaded: LoadedTariff, plan: RunPlan, bucket: int) -> Documents:
    """Rate a group of agreements that share tariff and period, and draw up their bills.

    Args:
        measured: what they used.
        loaded: their tariff.
        plan: the run.
        bucket: bucket of their service points.

    Raises:
        TariffError: the tariff has no version in force.
    """
    dues = [ready.due for ready in measured.ready]
    rated = rate(
        RatingInputs(
            tariff=loaded.tariff,
            starts_at=dues[0].starts_at,
            ends_at=dues[0].ends_at,
            quantities=measured.quantities,
            export_taxed=np.array([due.export_taxed for due in dues], dtype=bool),
            billing_clock=dues[0].billing_clock,
        )
    )
    ids = pa.array([bill_id(due) for due in dues])
    months = pa.array([due.month for due in dues])
    return Documents(
        bills=_bills(measured, rated, loaded, plan, bucket, ids),
        lines=_lines(rated, dues, loaded, bucket, ids, months),
        usage=_usage(measured.quantities, dues, loaded, plan, bucket),
    )


def _lines(
    rated: RatedLines, dues: Sequence[Due], loaded: LoadedTariff, bucket: int, ids: pa.Array, months: pa.Array
) -> pa.Table:
    """Return the lines of the bills; an amount is as the tariff rounds lines."""
    rows = rated.bill_lines()
    index = rows["agreement_index"].combine_chunks()
    count = rows.num_rows
    columns = {name: rows[name] for name in CHARGE_LINES.schema.names if name in rows.schema.names}
    columns |= {
        "month": months.take(index),
        "bucket": pa.repeat(pa.scalar(bucket, pa.int32()), count),
        "bill_id": ids.take(index),
        "amount": rows["amount_rounded"],
        "currency": pa.repeat(rated.currency, count),
        "tariff_id": pa.repeat(loaded.tariff.tariff, count),
        "period_from": pa.array([due.period_from for due in dues]).take(index),
        "period_to": pa.array([due.period_to for due in dues]).take(index),
    }
    return pa.table({name: columns[name] for name in CHARGE_LINES.schema.names}).cast(CHARGE_LINES.schema)


def _bills(measured: Measured, rated: RatedLines, loaded: LoadedTariff, plan: RunPlan, bucket: int, ids: pa.Array) -> pa.Table:
    """Return one row per bill."""
    ready = measured.ready
    dues = [one.due for one in ready]
    count = len(dues)
    total = rated.total_due
    negative = pc.less(total, pa.scalar(Decimal(0), CENTS)).to_pylist()
    issue = [due.period_to + timedelta(days=plan.settings.read_deadline_days) for due in dues]
    columns: dict[str, Any] = {
        name: [getattr(due, name) for due in dues]
        for name in (
            "month", "account_id", "agreement_id", "service_point_id", "period_from", "period_to", "billing_clock",
            "starts_at", "ends_at", "billing_basis",
        )
    }  # fmt: skip
    columns |= {
        "bucket": [bucket] * count,
        "bill_id": ids,
        "bill_number": [
            f"{due.month.replace('-', '')}-{text[1:11].upper()}" for due, text in zip(dues, ids.to_pylist(), strict=True)
        ],
        "document_type": ["credit_note" if less else "invoice" for less in negative],
        "tariff_clock": [loaded.tariff.clock] * count,
        "issue_date": issue,
        "due_date": [day + timedelta(days=plan.settings.payment_days) for day in issue],
        "status": [BillStatus.DRAFT.value] * count,
        "net": pc.subtract(total.cast(WIDE), rated.tax.cast(WIDE)).cast(AMOUNT),
        "tax": rated.tax,
        "total": total,
        "currency": [rated.currency] * count,
        "tariff_id": [loaded.tariff.tariff] * count,
        "tariff_sha256": [loaded.sha256] * count,
        "energy_kwh": pa.array([one.energy for one in ready], ENERGY),
        "estimated_share": pa.array([one.estimated_share for one in ready], SHARE),
        "registers": [json.dumps(one.registers) for one in ready],
        "inputs_sha256": _input_hashes(measured, loaded),
        "revision": [0] * count,
        "replaces": pa.nulls(count, pa.string()),
        "run_id": [plan.run_id] * count,
    }
    arrays = [pa.array(columns[c.name], c.type) if isinstance(columns[c.name], list) else columns[c.name] for c in BILLS.columns]
    return pa.table(arrays, names=BILLS.schema.names).cast(BILLS.schema)


def _input_hashes(measured: Measured, loaded: LoadedTariff) -> list[str]:
    """Return a hash of everything each bill was made from: quantities, quality, reads, tariff, agreement."""
    rows = {
        name: (determinant.combos, determinant.exponent, determinant.values) for name, determinant in measured.quantities.items()
    }
    hashes = []
    for number, ready in enumerate(measured.ready):
        due = ready.due
        made = hashlib.sha256()
        facts = [
            loaded.tariff.fingerprint, due.agreement_id, due.account_id, due.service_point_id, due.role, due.currency,
            due.export_taxed,
            due.period_from, due.period_to, due.starts_at, due.ends_at, due.billing_clock, ready.energy, ready.estimated,
            ready.registers,
        ]  # fmt: skip
        made.update(repr(facts).encode())
        for name, (combos, exponent, values) in rows.items():
            made.update(f"{name}|{combos}|{exponent}|".encode())
            made.update(np.ascontiguousarray(values[number]).tobytes())
        hashes.append(made.hexdigest())
    return hashes


def _usage(quantities: dict[str, Determinant], dues: Sequence[Due], loaded: LoadedTariff, plan: RunPlan, bucket: int) -> pa.Table:
    """Return the determinants of the bills, zeros left out."""
    parts = [USAGE.empty()]
    versions = [version.from_.isoformat() for version in loaded.tariff.versions]
    facts = {
        name: pa.array([getattr(due, name) for due in dues])
        for name in ("month", "agreement_id", "service_point_id", "period_from", "period_to")
    }
    for name, determinant in sorted(quantities.items()):
        for column, combo in enumerate(determinant.combos):
            values = determinant.column(column)
            picked = np.flatnonzero(determinant.values[:, column])
            if not len(picked):
                continue
            index = pa.array(picked)
            count = len(picked)
            columns = {fact: array.take(index) for fact, array in facts.items()}
            columns |= {
                "bucket": pa.repeat(pa.scalar(bucket, pa.int32()), count),
                "determinant": pa.repeat(name, count),
                "band": pa.repeat(pa.scalar(combo.band, pa.string()), count),
                "tariff_version": pa.repeat(versions[combo.version_index], count),
                "value": values.to_arrow(ENERGY).take(index),
                "unit": pa.repeat(determinant.unit, count),
                "at": pa.nulls(count, USAGE.schema.field("at").type),
                "run_id": pa.repeat(plan.run_id, count),
            }
            parts.append(pa.table({c: columns[c] for c in USAGE.schema.names}).cast(USAGE.schema))
    return pa.concat_tables(parts).combine_chunks()
