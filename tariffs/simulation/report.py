"""What a simulation says to programs: one object, every number as exact plain text."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact
from functools import reduce
from typing import Any

from schemas.table import AMOUNT
from tariffs.exact import Exact, plain
from tariffs.model import Tariff
from tariffs.simulation.run import RatedPeriod

EXACT = Context(prec=120, traps=[Inexact])
"""Sums of amounts; a digit lost is an error."""
_NUMBERS = ("quantity", "price", "amount", "amount_rounded")
_COLUMNS = ["charge_id", "kind", "band", "tier", "quantity", "unit", "price", "amount", "amount_rounded"]


def report(tariff: Tariff, periods: Sequence[RatedPeriod]) -> dict[str, Any]:
    """Return the whole result."""
    return {"tariff": tariff.tariff, "currency": tariff.currency, "periods": [_period(each) for each in periods]}


def lines_of(rated: RatedPeriod) -> list[dict[str, Any]]:
    """Return the lines of a billing period with their numbers as decimals, in the order of the bill."""
    return rated.rated.lines.select(_COLUMNS).to_pylist()


def total_of_periods(periods: Sequence[RatedPeriod], *, rounded: bool = False) -> Decimal:
    """Return the exact sum of the periods' totals, or of their rounded totals."""
    totals = [(each.rated.total_rounded if rounded else each.rated.total)[0].as_py() for each in periods]
    return sum_of(totals)


def sum_of(amounts: Sequence[Decimal]) -> Decimal:
    """Return the exact sum of amounts."""
    return reduce(EXACT.add, amounts, Decimal(0))


def _period(each: RatedPeriod) -> dict[str, Any]:
    return {
        "period_from": each.period.period_from.isoformat(),
        "period_to": each.period.period_to.isoformat(),
        "days": (each.period.period_to - each.period.period_from).days,
        "determinants": {
            "import_kwh": _text(each.import_kwh),
            "export_kwh": _text(each.export_kwh),
            "peak_kw": _text(each.peak_kw),
            "billing_demand_kw": _text(each.billing_demand_kw),
        },
        "lines": [line | {name: plain(line[name]) for name in _NUMBERS} for line in lines_of(each)],
        "total": plain(each.rated.total[0].as_py()),
        "total_rounded": plain(each.rated.total_rounded[0].as_py()),
    }


def _text(value: Exact) -> str:
    return plain(value.to_arrow(AMOUNT)[0].as_py())
