"""Findings of the rules on a block, as a table that knows positions but no names.

Rules work on indexes (channel 17, day 3, slot 40); people read service points and dates. ``as_exceptions`` goes from
one to the other, once, when all rules have spoken.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.vee.block import Block, Ints
from schemas.codes import Severity
from schemas.table import ENERGY

FINDINGS = pa.schema(
    [
        pa.field("channel_index", pa.int32(), nullable=False),
        pa.field("day_index", pa.int32(), nullable=False),
        pa.field("slot_from", pa.int32(), nullable=False),
        pa.field("slot_to", pa.int32(), nullable=False),
        pa.field("rule", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("observed", pa.int64()),
        pa.field("threshold", pa.int64()),
        pa.field("message", pa.string(), nullable=False),
        pa.field("evidence", pa.string()),
    ]
)
"""One row per finding: ``slot_to`` may lie past the day's end; ``observed`` and ``threshold`` in 10^exponent units."""

_EPOCH = date(1970, 1, 1).toordinal()


def no_findings() -> pa.Table:
    """Return a table of findings without rows."""
    return FINDINGS.empty_table()


def report(
    block: Block,
    days: slice,
    start: Ints,
    end: Ints,
    *,
    rule: str,
    severity: Severity,
    message: str,
    counted: bool = False,
    observed: Ints | None = None,
    threshold: Ints | None = None,
    evidence: Sequence[str] | None = None,
) -> pa.Table:
    """Return findings on the runs ``[start, end)``: one per run and calendar month, as far as it lies in ``days``.

    Each month's findings stand alone and are the same whichever months are validated together.

    Args:
        block: the block the flat positions are of.
        days: days of the block to report.
        start: flat position of the first slot of each run (k,).
        end: flat position after the last slot of each run (k,).
        rule: stable name of the rule.
        severity: how much it matters.
        message: the finding in one sentence.
        counted: the message ends with the number of slots of the finding.
        observed: what was seen [10^exponent units] (k,); None: null.
        threshold: the limit it was held against [10^exponent units] (k,); None: null.
        evidence: what the verdict rests on, JSON text (k,); None: null.

    Returns:
        A table of ``FINDINGS`` in the order of the runs.
    """
    run, first, last = _monthly(block, days, start % block.slots, start % block.slots + end - start)
    count = len(run)
    day, slot_from = np.divmod(first, block.slots_per_day)

    def repeated(text: str) -> pa.StringArray:
        return pa.repeat(pa.scalar(text), count)

    def energies(values: Ints | None) -> pa.Int64Array:
        return pa.nulls(count, pa.int64()) if values is None else pa.array(values[run])

    text = repeated(message)
    if counted:
        text = pc.binary_join_element_wise(text, pa.array(last - first).cast(pa.string()), ": ")
    columns = [
        (start[run] // block.slots).astype(np.int32),
        day.astype(np.int32),
        slot_from.astype(np.int32),
        (slot_from + last - first).astype(np.int32),
        repeated(rule),
        repeated(severity.value),
        energies(observed),
        energies(threshold),
        text,
        pa.nulls(count, pa.string()) if evidence is None else pa.array([evidence[i] for i in run.tolist()], pa.string()),
    ]
    return pa.table(columns, schema=FINDINGS)


def _monthly(block: Block, days: slice, start: Ints, end: Ints) -> tuple[Ints, Ints, Ints]:
    """Cut runs of positions at the edges of ``days`` and of calendar months.

    Returns:
        Index of the run, first position and position after the last one of each piece, in order of run and time.
    """
    first_day, end_day, _ = days.indices(block.days)
    dates = (block.first_day + timedelta(days=day) for day in range(first_day, end_day))
    begins = [day for day, date_ in enumerate(dates, start=first_day) if day == first_day or date_.day == 1]
    edges = np.array([*begins, max(first_day, end_day)], np.int64) * block.slots_per_day
    start, end = np.maximum(start, edges[0]), np.minimum(end, edges[-1])
    run = np.flatnonzero(start < end)
    month = np.searchsorted(edges, start[run], side="right") - 1
    pieces = np.searchsorted(edges, end[run], side="left") - month
    piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces) + np.repeat(month, pieces)
    run = np.repeat(run, pieces)
    return run, np.maximum(start[run], edges[piece]), np.minimum(end[run], edges[piece + 1])


def gathered(parts: Sequence[pa.Table]) -> pa.Table:
    """Return findings of several rules as one table in order of channel, day and slot; ties keep the order of ``parts``."""
    rows = pa.concat_tables([no_findings(), *parts]).combine_chunks()
    keys = [rows.column(name).to_numpy() for name in ("slot_from", "day_index", "channel_index")]
    return rows.take(pa.array(np.lexsort(keys)))


def shifted(rows: pa.Table, channels: int) -> pa.Table:
    """Return findings of a part of a block with the channel indexes of the whole."""
    index = pc.add(rows.column("channel_index"), pa.scalar(channels, pa.int32()))
    return rows.set_column(0, FINDINGS.field("channel_index"), index)


def in_unit(values: pa.ChunkedArray, exponent: int) -> pa.Array:
    """Return integers times ``10 ** exponent`` as decimals of nine places, exactly; null stays null.

    >>> in_unit(pa.chunked_array([[1234, None]], pa.int64()), -3).to_pylist()
    [Decimal('1.234000000'), None]
    """
    factor = pa.scalar(Decimal(10 ** (ENERGY.scale + exponent)), pa.decimal128(18, 0))
    units = pc.multiply(values.combine_chunks().cast(pa.decimal128(19, 0)), factor)
    return pa.Array.from_buffers(ENERGY, len(units), units.buffers())


def as_exceptions(findings: pa.Table, block: Block) -> pa.Table:
    """Return findings with names, dates and units: the columns of ``EXCEPTIONS`` that the block knows.

    Args:
        findings: a table of ``FINDINGS`` on ``block``.
        block: the block the indexes are of.

    Returns:
        service_point_id, meter_id, channel, day, slot_from, slot_to, rule, severity, observed, threshold, message, evidence.
    """
    index = findings.column("channel_index").combine_chunks()
    day = findings.column("day_index").to_numpy() + (block.first_day.toordinal() - _EPOCH)
    names = {name: getattr(block.channels, name).take(index) for name in ("service_point_id", "meter_id", "channel")}
    return pa.table(
        names
        | {
            "day": pa.array(day.astype(np.int32)).cast(pa.date32()),
            "slot_from": findings.column("slot_from"),
            "slot_to": findings.column("slot_to"),
            "rule": findings.column("rule"),
            "severity": findings.column("severity"),
            "observed": in_unit(findings.column("observed"), block.exponent),
            "threshold": in_unit(findings.column("threshold"), block.exponent),
            "message": findings.column("message"),
            "evidence": findings.column("evidence"),
        }
    )
