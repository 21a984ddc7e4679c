"""A simulated book as programs read it: every number exact, as text; nothing left out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from pipelines.operations.book_simulation.figures import Amounts, Billed, BookFigures, GroupFigures, MovedBill
from pipelines.operations.book_simulation.histogram import Bin
from pipelines.operations.book_simulation.simulation import SimulatedBook
from tariffs.exact import plain


def book_data(book: SimulatedBook) -> dict[str, Any]:
    """Return a simulated book as dicts, lists and text."""
    names = ("agreement_id", "period_from", "period_to", "tariff", "before_hold", "after_hold", "before_message", "after_message")
    return {
        "pinned_run": book.run_id,
        "as_at": book.as_at,
        "periods": [{"period_from": first, "period_to": end} for first, end in book.periods],
        "drafts": [
            {
                "tariff": draft.name,
                "path": str(draft.path),
                "sha256": draft.sha256,
                "replaces": [{"tariff": name, "sha256": sha256} for name, sha256 in draft.replaces.items()],
            }
            for draft in book.drafts
        ],
        "unused": book.unused,
        "positions": book.positions.num_rows,
        "compared": book.compared,
        "currencies": [_currency(figures) for figures in book.figures],
        "held": book.held.select(names).to_pylist(),
    }


def _currency(figures: BookFigures) -> dict[str, Any]:
    return {
        "currency": figures.currency,
        "billed": {"before": _billed(figures.before), "after": _billed(figures.after)},
        "whole": None if figures.whole is None else _group(figures.whole),
        "by": {name: [_group(group) for group in groups] for name, groups in figures.groups.items()},
        "charges": [
            {"tariff": charge.tariff, "charge_id": charge.charge_id, "kind": charge.kind, **_amounts(charge.amount)}
            for charge in figures.charges
        ],
    }


def _billed(side: Billed) -> dict[str, Any]:
    return {"bills": side.bills, "net": plain(side.net), "total": plain(side.total)}


def _group(group: GroupFigures) -> dict[str, Any]:
    return {
        "group": group.label,
        "bills": group.bills,
        "net": _amounts(group.net),
        "total": _amounts(group.total),
        "rises": group.rises,
        "falls": group.falls,
        "equal": group.equal,
        "per_bill": {name: plain(value) for name, value in group.per_bill.items()},
        "largest_rises": [_moved(bill) for bill in group.largest_rises],
        "largest_falls": [_moved(bill) for bill in group.largest_falls],
        "histogram": {"width": plain(group.histogram.width), "bins": [_bin(bin_) for bin_ in group.histogram.bins]},
    }


def _amounts(amounts: Amounts) -> dict[str, str | None]:
    exact = {"before": amounts.before, "after": amounts.after, "difference": amounts.difference}
    return {name: plain(value) for name, value in exact.items()} | {"percent": _text(amounts.percent)}


def _moved(bill: MovedBill) -> dict[str, Any]:
    return bill._asdict() | {name: plain(getattr(bill, name)) for name in ("before", "after", "difference")}


def _bin(bin_: Bin) -> dict[str, Any]:
    return {"from": _text(bin_.low), "to": _text(bin_.high), "bills": bin_.bills}


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
