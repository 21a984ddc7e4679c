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

from pipelines.bill.carried_state import State, columns_of, state_rows, states_of
from pipelines.bill.due import Due, LoadedTariff
from pipelines.bill.interval_basis import Measured
from pipelines.bill.terms import Terms
from pipelines.plan import RunPlan
from schemas.bills import BILLS, CHARGE_LINES
from schemas.codes import BillStatus
from schemas.table import AMOUNT, CENTS, ENERGY, UTC_TIME
from schemas.usage import USAGE
from tariffs.clock import Integers
from tariffs.exact import Exact, plain
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rated import Measured as MeasuredPeak
from tariffs.rating import rate
from tariffs.scalars import QUANTITY_PLACES

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
        state: rows of ``CARRIED_STATE``.
        closing: what each bill hands to the next, in the order of ``bills``.
        dues: the agreements and periods, likewise.
        inputs: what was rated.
        rated: what rating made of it.
    """

    bills: pa.Table
    lines: pa.Table
    usage: pa.Table
    state: pa.Table
    closing: Sequence[State]
    dues: Sequence[Due]
    inputs: RatingInputs
    rated: RatedLines


def bill_id(due: Due, revision: int = 0) -> str:
    """Return the id of a bill: the same agreement, period and revision always have the same.

    >>> len(hashlib.sha256(b"x").hexdigest()[:ID_DIGITS])
    20
    """
    key = f"bill|1|{due.agreement_id}|{due.period_from}|{due.period_to}|{revision}"
    return "b" + hashlib.sha256(key.encode()).hexdigest()[:ID_DIGITS]


def draw_up(measured: Measured, loaded: LoadedTariff, plan: RunPlan, bucket: int, terms: Terms | None = None) -> Documents:
    """Rate a group of agreements that share tariff and period, and draw up their bills.

    Args:
        measured: what they used.
        loaded: their tariff.
        plan: the run.
        bucket: bucket of their service points.
        terms: facts, options, series and carried state; None where the tariff asks for none.

    Raises:
        TariffError: the tariff has no version in force, or cannot price what was measured.
    """
    dues = [ready.due for ready in measured.ready]
    terms = terms or Terms.plain(len(dues))
    inputs = RatingInputs(
        tariff=loaded.tariff,
        starts_at=dues[0].starts_at,
        ends_at=dues[0].ends_at,
        quantities=measured.quantities,
        export_taxed=np.array([due.export_taxed for due in dues], dtype=bool),
        billing_clock=dues[0].billing_clock,
        timeline=measured.timeline,
        series=terms.series,
        carried=columns_of(terms.opening),
        facts=terms.facts(),
        options=terms.options(),
        started=np.array([due.started for due in dues], dtype=bool),
        ended=np.array([due.ended for due in dues], dtype=bool),
    )
    rated = rate(inputs)
    closing = states_of(rated.carried, len(dues)) if terms.state else list(terms.opening)
    ids = pa.array([bill_id(due) for due in dues])
    months = pa.array([due.month for due in dues])
    return Documents(
        bills=_bills(measured, rated, loaded, plan, bucket, ids, terms),
        lines=_lines(rated, dues, loaded, bucket, ids, months),
        usage=_usage(measured.quantities, rated.measured, dues, loaded, plan, bucket),
        state=state_rows(dues, terms.opening, closing, bucket=bucket, run_id=plan.run_id),
        closing=closing,
        dues=dues,
        inputs=inputs,
        rated=rated,
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


def _bills(
    measured: Measured, rated: RatedLines, loaded: LoadedTariff, plan: RunPlan, bucket: int, ids: pa.Array, terms: Terms
) -> pa.Table:
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
        "inputs_sha256": _input_hashes(measured, loaded, terms),
        "revision": [0] * count,
        "replaces": pa.nulls(count, pa.string()),
        "run_id": [plan.run_id] * count,
    }
    arrays = [pa.array(columns[c.name], c.type) if isinstance(columns[c.name], list) else columns[c.name] for c in BILLS.columns]
    return pa.table(arrays, names=BILLS.schema.names).cast(BILLS.schema)


def _input_hashes(measured: Measured, loaded: LoadedTariff, terms: Terms) -> list[str]:
    """Return a hash of all that each bill was made from: quantities, quality, reads, tariff, agreement, terms, intervals."""
    rows = {
        name: (determinant.combos, determinant.exponent, determinant.values) for name, determinant in measured.quantities.items()
    }
    prices = _series_hash(terms)
    intervals = _interval_hashes(measured)
    hashes = []
    for number, ready in enumerate(measured.ready):
        due, said = ready.due, terms.said[number]
        made = hashlib.sha256()
        facts = [
            loaded.tariff.fingerprint, due.agreement_id, due.account_id, due.service_point_id, due.role, due.currency,
            due.export_taxed,
            due.period_from, due.period_to, due.starts_at, due.ends_at, due.billing_clock, ready.energy, ready.estimated,
            ready.registers, (due.started, due.ended) if terms.borders else (), sorted(said.facts.items()), sorted(said.options),
            _told(terms.opening[number]), prices, intervals[number], ready.volume, ready.estimated_volume,
        ]  # fmt: skip
        made.update(repr(facts).encode())
        for name, (combos, exponent, values) in rows.items():
            # in billionths: the exponent is the finest of all agreements rated together, and theirs are no concern of this one
            billionths = [value * 10 ** (exponent + QUANTITY_PLACES) for value in values[number].tolist()]
            made.update(f"{name}|{combos}|{billionths}|".encode())
        hashes.append(made.hexdigest())
    return hashes


def _told(state: State) -> list[tuple[str, str]]:
    """Return a state as text: the same value is the same text, however many zeros stand behind it."""
    return [(name, plain(value)) for name, value in sorted(state.items()) if value]


def _series_hash(terms: Terms) -> str:
    """Return a hash of the prices in time; empty where there are none."""
    made = hashlib.sha256()
    for name, series in sorted(terms.series.items()):
        made.update(f"{name}|{series.scale}|{series.ends}|".encode())
        made.update(np.ascontiguousarray(series.starts).tobytes())
        made.update(np.ascontiguousarray(series.values).tobytes())
    return made.hexdigest() if terms.series else ""


def _interval_hashes(measured: Measured) -> list[str]:
    """Return a hash of each agreement's intervals; empty where single ones do not matter."""
    hashes = [""] * len(measured.ready)
    for stretch in measured.timeline.stretches if measured.timeline is not None else ():
        head = f"{stretch.minutes}|{stretch.starts[:1].tolist()}|{len(stretch.starts)}".encode()
        for place, row in enumerate(stretch.rows.tolist()):
            made = hashlib.sha256(head)
            for name in sorted(stretch.values):
                made.update(f"{name}|".encode())
                made.update(_billionths(stretch.values[name][place], stretch.exponents[name]))
            hashes[row] = made.hexdigest()
    return hashes


def _billionths(values: Integers, exponent: int) -> bytes:
    """Return quantities as bytes that do not depend on the exponent they are written with."""
    factor = 10 ** (exponent + QUANTITY_PLACES)
    if int(np.abs(values).max(initial=0)) * factor < 2**63:
        return (values * factor).tobytes()
    return repr([value * factor for value in values.tolist()]).encode()


def _usage(
    quantities: dict[str, Determinant],
    peaks: Sequence[MeasuredPeak],
    dues: Sequence[Due],
    loaded: LoadedTariff,
    plan: RunPlan,
    bucket: int,
) -> pa.Table:
    """Return the determinants of the bills and what charges had measured, zeros left out."""
    parts = [USAGE.empty()]
    versions = [version.from_.isoformat() for version in loaded.tariff.versions]
    facts = {
        name: pa.array([getattr(due, name) for due in dues])
        for name in ("month", "agreement_id", "service_point_id", "period_from", "period_to")
    }

    def add(name: str, version: int, band: str | None, value: Exact, unit: str, at: Integers | None) -> None:
        picked = np.flatnonzero(value.values)
        if not len(picked):
            return
        index = pa.array(picked)
        count = len(picked)
        columns = {fact: array.take(index) for fact, array in facts.items()}
        columns |= {
            "bucket": pa.repeat(pa.scalar(bucket, pa.int32()), count),
            "determinant": pa.repeat(name, count),
            "band": pa.repeat(pa.scalar(band, pa.string()), count),
            "tariff_version": pa.repeat(versions[version], count),
            "value": value.to_arrow(ENERGY).take(index),
            "unit": pa.repeat(unit, count),
            "at": _instants(at[picked]) if at is not None else pa.nulls(count, UTC_TIME),
            "run_id": pa.repeat(plan.run_id, count),
        }
        parts.append(pa.table({c: columns[c] for c in USAGE.schema.names}).cast(USAGE.schema))

    for name, determinant in sorted(quantities.items()):
        for place, combo in enumerate(determinant.combos):
            add(name, combo.version_index, combo.band, determinant.column(place), determinant.unit, None)
    for name, peak in _named_apart(peaks):
        add(name, peak.version, peak.band, peak.value, peak.unit, peak.at)
    return pa.concat_tables(parts).combine_chunks()


def _named_apart(peaks: Sequence[MeasuredPeak]) -> list[tuple[str, MeasuredPeak]]:
    """Return what was measured, each under a name of its own: two charges may measure one peak alike, or in two ways."""
    found: list[tuple[str, MeasuredPeak]] = []
    for peak in peaks:
        same = [other for _, other in found if _stands_at(other) == _stands_at(peak)]
        if any(_equal(other, peak) for other in same):
            continue
        found.append((peak.determinant if not same else f"{peak.determinant}.{len(same) + 1}", peak))
    return found


def _stands_at(peak: MeasuredPeak) -> tuple[str, int, str | None]:
    return peak.determinant, peak.version, peak.band


def _equal(one: MeasuredPeak, other: MeasuredPeak) -> bool:
    times = [None if peak.at is None else peak.at.tolist() for peak in (one, other)]
    scale = max(one.value.scale, other.value.scale)
    return (
        one.unit == other.unit
        and times[0] == times[1]
        and np.array_equal(one.value.at(scale).values, other.value.at(scale).values)
    )


def _instants(seconds: Integers) -> pa.Array:
    """Return instants, null where there is none."""
    return pa.array(seconds.astype(np.int64) * 1_000_000, pa.int64(), mask=seconds < 0).cast(UTC_TIME)
