"""Rated lines as Arrow columns: from one column a line to one row a line, without a Python step per row."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import AMOUNT, ENERGY, PRICE
from tariffs.charges.line import LaidTax, LineColumn
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


def lines_table(columns: Sequence[LineColumn], tariff: Tariff) -> pa.Table:
    """Return the lines of all agreements as rows of ``LINES``.

    Args:
        columns: the lines in the order of the bill.
        tariff: the tariff, for the dates of its versions and the currency.
    """
    kept = [part for part in map(_Present.of, columns) if len(part.rows)]
    if not kept:
        return LINES.empty_table()
    agreement = np.concatenate([part.rows for part in kept])
    order = np.argsort(agreement, kind="stable")
    agreement = agreement[order].astype(np.int32)
    facts = _facts(kept, tariff).take(pa.array(_places_of_facts(kept)[order]))
    numbers = _numbers(kept, places=minor_unit_places(tariff.currency)).take(pa.array(order))
    text = pc.binary_join_element_wise(
        facts["before"], numbers["quantity_text"], facts["between"], numbers["amount_text"], facts["after"], ""
    )
    values = {
        "agreement_index": pa.array(agreement),
        "line_no": pa.array(_numbered(agreement)),
        **{name: facts[name] for name in ("charge_id", "kind", "band", "tier", "unit", "tax_code", "tariff_version")},
        **{name: numbers[name] for name in ("quantity", "price", "amount", "amount_rounded")},
        "text": text,
    }
    return pa.table([values[field.name] for field in LINES], schema=LINES).combine_chunks()


class _Present(NamedTuple):
    """A column, the agreements on whose bill it stands, and the taxes laid on each of those lines.

    Attributes:
        column: the line.
        rows: int64 (m,), the agreements.
        codes: every combination of taxes that the lines bear.
        which: int64 (m,), position in ``codes``; None where there is only one.
    """

    column: LineColumn
    rows: Integers
    codes: tuple[str | None, ...]
    which: Integers | None

    @classmethod
    def of(cls, column: LineColumn) -> _Present:
        rows, taxes = np.flatnonzero(column.present()), column.header.taxes
        if all(tax.rows is None for tax in taxes):
            return cls(column, rows, (_joined(taxes),), None)
        laid = [np.ones(len(rows), dtype=bool) if tax.rows is None else tax.rows[rows] for tax in taxes]
        sets, which = np.unique(np.stack(laid, axis=1), axis=0, return_inverse=True)
        codes = tuple(_joined([tax for tax, bears in zip(taxes, each, strict=True) if bears]) for each in sets.tolist())
        return cls(column, rows, codes, which.reshape(-1))


def _joined(taxes: Sequence[LaidTax]) -> str | None:
    return "+".join(tax.code for tax in taxes) or None


def _places_of_facts(parts: Sequence[_Present]) -> Integers:
    """Return the row of ``_facts`` of each line, column after column."""
    places, first = [], 0
    for part in parts:
        places.append(np.full(len(part.rows), first) if part.which is None else first + part.which)
        first += len(part.codes)
    return np.concatenate(places)


def _facts(parts: Sequence[_Present], tariff: Tariff) -> pa.Table:
    """Return what is the same on every agreement's line: a row a column and set of taxes."""
    columns = [part.column for part in parts for _ in part.codes]
    headers, lines = [column.header for column in columns], [column.line for column in columns]
    versions = [tariff.versions[header.version].from_.isoformat() for header in headers]
    return pa.table(
        {
            "charge_id": pa.array([header.charge_id for header in headers], pa.string()),
            "kind": pa.array([header.kind for header in headers], pa.string()),
            "band": pa.array([line.band for line in lines], pa.string()),
            "tier": pa.array([line.tier for line in lines], pa.int32()),
            "unit": pa.array([line.unit for line in lines], pa.string()),
            "tax_code": pa.array([code for part in parts for code in part.codes], pa.string()),
            "tariff_version": pa.array(versions, pa.string()),
            "before": pa.array([line.sentence.before for line in lines], pa.string()),
            "between": pa.array([line.sentence.between for line in lines], pa.string()),
            "after": pa.array([line.sentence.after for line in lines], pa.string()),
        }
    )


def _numbers(parts: Sequence[_Present], *, places: int) -> pa.Table:
    """Return quantities, prices and amounts of the lines, column after column; money is written with ``places``."""
    tables = []
    for column, rows, _, _ in parts:
        quantity, amount, rounded = (each.take(rows) for each in (column.line.quantity, column.amount, column.rounded))
        numbers = {
            "quantity": quantity.to_arrow(ENERGY),
            "price": _prices(column.line.price, rows),
            "amount": amount.to_arrow(AMOUNT),
            "amount_rounded": rounded.to_arrow(AMOUNT),
            "quantity_text": quantity.to_text(),
            "amount_text": rounded.to_text(at_least=places),
        }
        tables.append(pa.table(numbers))
    return pa.concat_tables(tables).combine_chunks()


def _prices(price: Decimal | Exact, rows: Integers) -> pa.Array:
    return price.take(rows).to_arrow(PRICE) if isinstance(price, Exact) else pa.repeat(pa.scalar(price, PRICE), len(rows))


def _numbered(agreement: Integers) -> Integers:
    """Return 1, 2, 3, ... anew for each agreement of a sorted column."""
    position = np.arange(len(agreement))
    first = np.flatnonzero(np.append(True, agreement[1:] != agreement[:-1]))
    lengths = np.diff(np.append(first, len(agreement)))
    numbers: Integers = (position - np.repeat(first, lengths) + 1).astype(np.int32)
    return numbers
