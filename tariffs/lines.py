"""Rated lines as Arrow columns: from one column a line to one row a line, without a Python step per row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import AMOUNT, ENERGY, PRICE
from tariffs.charges.export import KIND as EXPORT
from tariffs.charges.line import LineColumn
from tariffs.clock import Integers
from tariffs.exact import Exact
from tariffs.model import Tariff
from tariffs.rounding import minor_unit_places

LINES = pa.schema(
    [
        pa.field("agreement_index", pa.int32(), nullable=False),
        pa.field("line_no", pa.int32(), nullable=False),
        pa.field("charge_id", pa.string(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("band", pa.string()),
        pa.field("tier", pa.int32()),
        pa.field("quantity", ENERGY, nullable=False),
        pa.field("unit", pa.string(), nullable=False),
        pa.field("price", PRICE, nullable=False),
        pa.field("amount", AMOUNT, nullable=False),
        pa.field("amount_rounded", AMOUNT, nullable=False),
        pa.field("tax_code", pa.string()),
        pa.field("tariff_version", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)
"""Columns of rated lines, sorted by agreement and line number (both as the caller's rows and from 1)."""


def lines_table(columns: Sequence[LineColumn], tariff: Tariff, *, export_taxed: Integers) -> pa.Table:
    """Return the lines of all agreements as rows of ``LINES``.

    Args:
        columns: the lines in the order of the bill.
        tariff: the tariff, for the dates of its versions.
        export_taxed: booleans (n,): where false, export lines bear no tax code.
    """
    rows = [np.flatnonzero(column.present()) for column in columns]
    kept = [number for number, present in enumerate(rows) if len(present)]
    if not kept:
        return LINES.empty_table()
    columns, rows = [columns[number] for number in kept], [rows[number] for number in kept]
    agreement = np.concatenate(rows)
    order = np.argsort(agreement, kind="stable")
    agreement = agreement[order].astype(np.int32)
    column_of = np.repeat(np.arange(len(columns)), [len(present) for present in rows])[order]
    facts = _facts(columns, tariff).take(pa.array(column_of))
    numbers = _numbers(columns, rows, places=minor_unit_places(tariff.currency)).take(pa.array(order))
    text = pc.binary_join_element_wise(
        facts["before"], numbers["quantity_text"], facts["between"], numbers["amount_text"], facts["after"], ""
    )
    values = {
        "agreement_index": pa.array(agreement),
        "line_no": pa.array(_numbered(agreement)),
        **{name: facts[name] for name in ("charge_id", "kind", "band", "tier", "unit", "tariff_version")},
        **{name: numbers[name] for name in ("quantity", "price", "amount", "amount_rounded")},
        "tax_code": _tax_codes(facts, export_taxed[agreement]),
        "text": text,
    }
    return pa.table([values[field.name] for field in LINES], schema=LINES).combine_chunks()


def _facts(columns: Sequence[LineColumn], tariff: Tariff) -> pa.Table:
    """Return what is the same on every agreement's line: one row a column."""
    headers, lines = [column.header for column in columns], [column.line for column in columns]
    versions = [tariff.versions[header.version].from_.isoformat() for header in headers]
    return pa.table(
        {
            "charge_id": pa.array([header.charge_id for header in headers], pa.string()),
            "kind": pa.array([header.kind for header in headers], pa.string()),
            "band": pa.array([line.band for line in lines], pa.string()),
            "tier": pa.array([line.tier for line in lines], pa.int32()),
            "unit": pa.array([line.unit for line in lines], pa.string()),
            "tax_code": pa.array(["+".join(header.tax_codes) or None for header in headers], pa.string()),
            "tariff_version": pa.array(versions, pa.string()),
            "before": pa.array([line.sentence.before for line in lines], pa.string()),
            "between": pa.array([line.sentence.between for line in lines], pa.string()),
            "after": pa.array([line.sentence.after for line in lines], pa.string()),
        }
    )


def _numbers(columns: Sequence[LineColumn], rows: Sequence[Integers], *, places: int) -> pa.Table:
    """Return quantities and amounts of the rows that stand on a bill, column after column; money is written with ``places``."""
    parts = []
    for column, present in zip(columns, rows, strict=True):
        quantity, amount, rounded = (each.take(present) for each in (column.line.quantity, column.amount, column.rounded))
        parts.append(
            pa.table(
                {
                    "quantity": quantity.to_arrow(ENERGY),
                    "price": _prices(column.line.price, present),
                    "amount": amount.to_arrow(AMOUNT),
                    "amount_rounded": rounded.to_arrow(AMOUNT),
                    "quantity_text": quantity.to_text(),
                    "amount_text": rounded.to_text(at_least=places),
                }
            )
        )
    return pa.concat_tables(parts).combine_chunks()


def _prices(price: Decimal | Exact, present: Integers) -> pa.Array:
    """Return the price of the rows that stand on a bill: the same for all, or each its own."""
    return price.take(present).to_arrow(PRICE) if isinstance(price, Exact) else pa.repeat(pa.scalar(price, PRICE), len(present))


def _numbered(agreement: Integers) -> Integers:
    """Return 1, 2, 3, ... anew for each agreement of a sorted column."""
    position = np.arange(len(agreement))
    first = np.flatnonzero(np.append(True, agreement[1:] != agreement[:-1]))
    lengths = np.diff(np.append(first, len(agreement)))
    numbers: Integers = (position - np.repeat(first, lengths) + 1).astype(np.int32)
    return numbers


def _tax_codes(facts: pa.Table, taxed: Integers) -> pa.ChunkedArray:
    untaxed_export = pc.and_(pc.equal(facts["kind"], EXPORT), pa.array(~taxed))
    return pc.if_else(untaxed_export, pa.scalar(None, pa.string()), facts["tax_code"])
