"""Figures: what a book is worth under both sets of tariffs, and how the bills of each group move.

Kernels over the rows of ``POSITIONS``, one statement each. Money is added and subtracted, never divided; every figure of a
distribution is the difference of one real bill (nearest rank: the value that at least p % of the bills do not exceed).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.sql import run_sql
from pipelines.operations.book_simulation.groups import labels_of
from pipelines.operations.book_simulation.histogram import Histogram, histograms_of
from tariffs.simulation.report import EXACT

PERCENTILES = {"p5": 5, "p25": 25, "median": 50, "p75": 75, "p95": 95}
OUTLIERS = 5
"""Bills named on either side of a group."""
_WHOLE = "all"
_WIDE = Context(prec=60)
"""For percentages, which are looked at and never billed."""


class Amounts(NamedTuple):
    """An amount by the store's tariffs, and by the drafts [currency]."""

    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        """What the drafts bring more."""
        return EXACT.subtract(self.after, self.before)

    @property
    def percent(self) -> Decimal | None:
        """The difference in percent of the amount before, two decimals; None where that is not above zero.

        >>> Amounts(Decimal("300.00"), Decimal("301.00")).percent, Amounts(Decimal(-5), Decimal(1)).percent
        (Decimal('0.33'), None)
        """
        if self.before <= 0:
            return None
        return _WIDE.divide(self.difference, self.before).scaleb(2).quantize(Decimal("0.01"), ROUND_HALF_EVEN)


class MovedBill(NamedTuple):
    """A bill that a group names: who, when, and its total under both [currency]."""

    agreement_id: str
    period_from: date
    period_to: date
    before: Decimal
    after: Decimal
    difference: Decimal


@dataclass(frozen=True)
class GroupFigures:
    """The bills of a group, all of them billed under both sets of tariffs.

    Attributes:
        label: the group.
        bills: how many.
        net: revenue without tax.
        total: revenue with tax: what customers pay.
        rises: bills that rise.
        falls: bills that fall.
        equal: bills that stay what they are.
        per_bill: difference of the total per bill: ``min``, ``p5``, ``p25``, ``median``, ``p75``, ``p95``, ``max``.
        largest_rises: the bills that rise most, the largest first.
        largest_falls: the bills that fall most, the largest first.
        histogram: bills by the difference of their total.
    """

    label: str
    bills: int
    net: Amounts
    total: Amounts
    rises: int
    falls: int
    equal: int
    per_bill: dict[str, Decimal]
    largest_rises: tuple[MovedBill, ...]
    largest_falls: tuple[MovedBill, ...]
    histogram: Histogram


class ChargeFigures(NamedTuple):
    """What a charge brings, over the bills that are billed under both [currency]."""

    tariff: str
    charge_id: str
    kind: str
    amount: Amounts


class Billed(NamedTuple):
    """All bills of one side, those that the other side holds included [currency]."""

    bills: int
    net: Decimal
    total: Decimal


@dataclass(frozen=True)
class BookFigures:
    """The book in one currency.

    Attributes:
        currency: ISO 4217 code.
        before: all that the store's tariffs bill.
        after: all that the drafts bill.
        whole: everything billed under both; None where nothing is.
        groups: by name of the grouping: its groups.
        charges: by tariff, charge and kind.
    """

    currency: str
    before: Billed
    after: Billed
    whole: GroupFigures | None
    groups: dict[str, tuple[GroupFigures, ...]]
    charges: tuple[ChargeFigures, ...]


_SUMS = """
SELECT label, count(*) AS bills, sum(before_net) AS before_net, sum(after_net) AS after_net,
    sum(before_total) AS before_total, sum(after_total) AS after_total,
    count(*) FILTER (difference_total > 0) AS rises, count(*) FILTER (difference_total < 0) AS falls,
    count(*) FILTER (difference_total = 0) AS equal
FROM positions GROUP BY label ORDER BY label
"""
_RANKED = """
WITH ranked AS (
    SELECT label, agreement_id, period_from, period_to, before_total, after_total, difference_total,
        row_number() OVER (PARTITION BY label ORDER BY difference_total, agreement_id, period_from) AS place,
        row_number() OVER (PARTITION BY label ORDER BY difference_total DESC, agreement_id, period_from) AS from_above,
        count(*) OVER (PARTITION BY label) AS n
    FROM positions
)
SELECT * FROM ranked
WHERE place <= $named OR from_above <= $named OR place = n
    OR list_contains(list_transform($percentiles, lambda p: (p * n + 99) // 100), place)
ORDER BY label, place
"""
_CHARGES = """
WITH sides AS (
    SELECT bill_id, charge_id, kind, amount AS before, 0 AS after FROM before
    UNION ALL
    SELECT bill_id, charge_id, kind, 0, amount FROM after
)
SELECT tariff, charge_id, kind, CAST(sum(before) AS DECIMAL(38, 18)) AS before, CAST(sum(after) AS DECIMAL(38, 18)) AS after
FROM sides JOIN positions USING (bill_id) GROUP BY ALL ORDER BY ALL
"""


def book_figures(positions: pa.Table, before: pa.Table, after: pa.Table, by: Sequence[str]) -> list[BookFigures]:
    """Return the figures of a book, by currency.

    Args:
        positions: rows of ``POSITIONS``.
        before: rows of ``CHARGE_LINES`` by the store's tariffs.
        after: likewise by the drafts.
        by: names of groupings.
    """
    currencies = sorted(value for value in pc.unique(positions["currency"]).to_pylist() if value is not None)
    return [
        _in_currency(positions.filter(pc.equal(positions["currency"], currency)), currency, before, after, by)
        for currency in currencies
    ]


def compared(positions: pa.Table) -> pa.Table:
    """Return the positions that are billed under both."""
    return positions.filter(positions["difference_total"].is_valid()).combine_chunks()


def _in_currency(positions: pa.Table, currency: str, before: pa.Table, after: pa.Table, by: Sequence[str]) -> BookFigures:
    both = compared(positions)
    whole = _groups(both, pa.repeat(_WHOLE, both.num_rows))
    names = ["bill_id", "charge_id", "kind", "amount"]
    charges = run_sql(
        _CHARGES, before=before.select(names), after=after.select(names), positions=both.select(["bill_id", "tariff"])
    )
    return BookFigures(
        currency=currency,
        before=_billed(positions, "before"),
        after=_billed(positions, "after"),
        whole=whole[0] if whole else None,
        groups={name: _groups(both, labels_of(both, name)) for name in by},
        charges=tuple(
            ChargeFigures(row["tariff"], row["charge_id"], row["kind"], Amounts(row["before"], row["after"]))
            for row in charges.to_pylist()
        ),
    )


def _billed(positions: pa.Table, side: str) -> Billed:
    """Return what one side bills."""
    statement = f"SELECT count({side}_total), coalesce(sum({side}_net), 0), coalesce(sum({side}_total), 0) FROM positions"  # noqa: S608 - two words of this module
    bills, net, total = run_sql(statement, positions=positions).to_pylist()[0].values()
    return Billed(bills, net, total)


def _groups(positions: pa.Table, labels: pa.Array) -> tuple[GroupFigures, ...]:
    """Return the figures of every group, in the order of their labels."""
    labelled = positions.append_column("label", labels)
    ranked: dict[str, list[dict[str, Any]]] = {}
    asked = {"named": OUTLIERS, "percentiles": list(PERCENTILES.values())}
    for row in run_sql(_RANKED, asked, positions=labelled).to_pylist():
        ranked.setdefault(row["label"], []).append(row)
    histograms = histograms_of(labelled)
    return tuple(
        _group(row, ranked[row["label"]], histograms[row["label"]]) for row in run_sql(_SUMS, positions=labelled).to_pylist()
    )


def _group(sums: dict[str, Any], ranked: Sequence[dict[str, Any]], histogram: Histogram) -> GroupFigures:
    at = {row["place"]: row["difference_total"] for row in ranked}
    bills = sums["bills"]
    per_bill = {"min": at[1]} | {name: at[(p * bills + 99) // 100] for name, p in PERCENTILES.items()} | {"max": at[bills]}
    upward = sorted(ranked, key=lambda row: row["from_above"])
    return GroupFigures(
        label=sums["label"],
        bills=bills,
        net=Amounts(sums["before_net"], sums["after_net"]),
        total=Amounts(sums["before_total"], sums["after_total"]),
        rises=sums["rises"],
        falls=sums["falls"],
        equal=sums["equal"],
        per_bill=per_bill,
        largest_rises=_named(row for row in upward if row["difference_total"] > 0 and row["from_above"] <= OUTLIERS),
        largest_falls=_named(row for row in ranked if row["difference_total"] < 0 and row["place"] <= OUTLIERS),
        histogram=histogram,
    )


def _named(rows: Iterable[dict[str, Any]]) -> tuple[MovedBill, ...]:
    names = ("agreement_id", "period_from", "period_to", "before_total", "after_total", "difference_total")
    return tuple(MovedBill(*(row[name] for name in names)) for row in rows)
