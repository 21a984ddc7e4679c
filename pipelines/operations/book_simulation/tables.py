"""The tables of a simulated book, as people read them: on a terminal and in a report the same cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa

from pipelines.masterdata.sql import run_sql
from pipelines.operations.book_simulation.figures import Amounts, Billed, BookFigures, GroupFigures
from pipelines.operations.book_simulation.groups import GROUPINGS
from pipelines.operations.book_simulation.histogram import Bin
from pipelines.operations.book_simulation.positions import BILLED
from pipelines.operations.book_simulation.simulation import SimulatedBook
from tariffs.exact import Exact, parts_of
from tariffs.rounding import HALF_UP, minor_unit_places

_MORE_PLACES = 2
_HASH = 12
_HELD = """
SELECT tariff, coalesce(before_hold, $billed) AS now, coalesce(after_hold, $billed) AS draft, count(*) AS n,
    arg_min(coalesce(after_message, before_message), agreement_id) AS why
FROM held GROUP BY ALL ORDER BY ALL
"""


@dataclass(frozen=True)
class Sheet:
    """A table.

    Attributes:
        title: what stands above it.
        headers: names of the columns.
        rows: cells as text.
        right: columns set flush right.
    """

    title: str
    headers: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    right: tuple[str, ...] = ()


def facts_of(book: SimulatedBook) -> list[str]:
    """Return what was compared with what, one sentence each."""
    first, end = book.periods[0][0], book.periods[-1][1]
    several = f", {len(book.periods)} billing periods by calendar month" if len(book.periods) > 1 else ""
    facts = [f"{first} to {end} (exclusive){several}, as at {book.as_at}; readings and master data of run {book.run_id}"]
    for draft in book.drafts:
        replaced = ", ".join(f"{name} (sha256 {sha256[:_HASH]})" for name, sha256 in draft.replaces.items())
        facts.append(f"draft {draft.name} ({draft.path}, sha256 {draft.sha256[:_HASH]}) in place of {replaced}")
    facts += [f"no agreement has {name} in this time" for name in book.unused]
    made = f"{book.compared:,} of {counted(book.positions.num_rows, 'bill')}"
    facts.append(f"{made} made both now and by draft: these are compared; {book.held.num_rows:,} held under one or both")
    for figures in book.figures:
        now, then = (_billed(side, figures.currency) for side in (figures.before, figures.after))
        facts.append(f"all bills now: {now}; all bills by draft: {then}")
    return facts


def _billed(side: Billed, currency: str) -> str:
    net, total = money_text(side.net, currency), money_text(side.total, currency)
    return f"{counted(side.bills, 'bill')}, net {net}, total {total} {currency}"


def counted(number: int, thing: str) -> str:
    """Return a number of things.

    >>> counted(1, "bill"), counted(1200, "bill")
    ('1 bill', '1,200 bills')
    """
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def money_text(amount: Decimal, currency: str) -> str:
    """Return an amount with the decimals of the currency, and at most two more where it has more.

    >>> money_text(Decimal("12.5"), "AUD"), money_text(Decimal("1.23456"), "AUD"), money_text(Decimal("1200"), "JPY")
    ('12.50', '1.2346', '1200')
    """
    places = minor_unit_places(currency)
    number, scale = parts_of(amount)
    column = Exact(np.array([number], dtype=object), scale).rounded(places + _MORE_PLACES, HALF_UP)
    return str(column.to_text(at_least=places)[0])


def signed_text(amount: Decimal, currency: str) -> str:
    """Return a difference: a rise has its sign too."""
    return ("+" if amount > 0 else "") + money_text(amount, currency)


def revenue_sheet(figures: BookFigures, name: str) -> Sheet:
    """Return what each group of a grouping brings, the whole at the end."""
    rows = [_revenue_row(group, figures.currency) for group in _with_whole(figures, name)]
    right = (
        "bills",
        "net now",
        "net draft",
        "net difference",
        "total now",
        "total draft",
        "difference",
        "%",
        "rise",
        "fall",
        "equal",
    )
    return Sheet(f"Revenue by {GROUPINGS[name]} [{figures.currency}]", (name, *right), rows, right)


def _with_whole(figures: BookFigures, name: str) -> list[GroupFigures]:
    groups = list(figures.groups[name])
    return groups if len(groups) == 1 or figures.whole is None else [*groups, figures.whole]


def _revenue_row(group: GroupFigures, currency: str) -> list[str]:
    counts = (f"{count:,}" for count in (group.rises, group.falls, group.equal))
    net = _amounts(group.net, currency)
    return [group.label, f"{group.bills:,}", *net, *_amounts(group.total, currency), _percent(group.total), *counts]


def _amounts(amounts: Amounts, currency: str) -> list[str]:
    now, draft = (money_text(amount, currency) for amount in amounts)
    return [now, draft, signed_text(amounts.difference, currency)]


def _percent(amounts: Amounts) -> str:
    return "" if amounts.percent is None else f"{amounts.percent:+}" if amounts.percent else "0"


def spread_sheet(figures: BookFigures, name: str) -> Sheet:
    """Return how the bills of each group move: each figure is the difference of one bill."""
    groups = _with_whole(figures, name)
    right = tuple(groups[0].per_bill) if groups else ()
    rows = [[group.label, *(signed_text(value, figures.currency) for value in group.per_bill.values())] for group in groups]
    return Sheet(f"Total of a bill, draft less now, by {GROUPINGS[name]} [{figures.currency}]", (name, *right), rows, right)


def moved_sheet(figures: BookFigures, groups: Iterable[GroupFigures], name: str) -> Sheet:
    """Return the bills that rise and fall most in some groups."""
    rows = [
        [
            group.label,
            bill.agreement_id,
            bill.period_from.isoformat(),
            bill.period_to.isoformat(),
            *(money_text(amount, figures.currency) for amount in (bill.before, bill.after)),
            signed_text(bill.difference, figures.currency),
        ]
        for group in groups
        for bill in (*group.largest_rises, *reversed(group.largest_falls))
    ]
    right = ("now", "draft", "difference")
    headers = (name, "agreement", "from", "to", *right)
    return Sheet(f"Bills that rise or fall most [{figures.currency}]", headers, rows, right)


def charges_sheet(figures: BookFigures) -> Sheet:
    """Return what each charge brings."""
    rows = [
        [charge.tariff, charge.charge_id, charge.kind, *_amounts(charge.amount, figures.currency), _percent(charge.amount)]
        for charge in figures.charges
    ]
    right = ("now", "draft", "difference", "%")
    return Sheet(f"Revenue by charge [{figures.currency}]", ("tariff", "charge", "kind", *right), rows, right)


def histogram_sheet(figures: BookFigures, groups: Sequence[GroupFigures], name: str) -> Sheet:
    """Return the bins of some groups, one below the other."""
    rows = [
        [group.label, bin_text(bin_, figures.currency), f"{bin_.bills:,}"] for group in groups for bin_ in group.histogram.bins
    ]
    title = f"Bills by how much their total moves, draft less now [{figures.currency}]"
    return Sheet(title, (name, "moves by", "bills"), rows, ("moves by", "bills"))


def bin_text(bin_: Bin, currency: str) -> str:
    """Return the ends of a bin; the end that is not inside it is the one next to zero.

    >>> from decimal import Decimal
    >>> bin_text(Bin(Decimal(-2), Decimal(0), 3), "AUD"), bin_text(Bin(Decimal(2), None, 3), "AUD")
    ('-2.00 to 0.00', 'above +2.00')
    """
    if bin_.is_equal:
        return "stays equal"
    low, high = (None if end is None else signed_text(end, currency) for end in (bin_.low, bin_.high))
    if low is None:
        return f"below {high}"
    return f"above {low}" if high is None else f"{low} to {high}"


def held_sheet(book: SimulatedBook) -> Sheet:
    """Return how many agreements and periods are held, by code under both, with what one of them is told."""
    found = run_sql(_HELD, {"billed": BILLED}, held=book.held).to_pylist()
    rows = [[row["tariff"], row["now"], row["draft"], f"{row['n']:,}", row["why"]] for row in found]
    return Sheet(
        "Not compared: held now, by draft, or both", ("tariff", "now", "draft", "bills", "for example"), rows, ("bills",)
    )


def held_agreements_sheet(held: pa.Table, most: int) -> Sheet:
    """Return the agreements that are held, one row a billing period."""
    shown = held.slice(0, most).to_pylist()
    rows = [
        [
            row["agreement_id"],
            row["period_from"].isoformat(),
            row["period_to"].isoformat(),
            row["before_hold"] or BILLED,
            row["after_hold"] or BILLED,
            row["after_message"] or row["before_message"] or "",
        ]
        for row in shown
    ]
    more = f", the first {most:,} of {held.num_rows:,}" if held.num_rows > most else ""
    return Sheet(f"Agreements that are not compared{more}", ("agreement", "from", "to", "now", "draft", "why"), rows)
