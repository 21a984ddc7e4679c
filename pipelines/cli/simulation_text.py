"""A simulated load as people read it: a table for each billing period, or tariffs side by side."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np

from pipelines.cli.grid import Grid
from tariffs.exact import Exact, parts_of, plain
from tariffs.rounding import HALF_UP, minor_unit_places
from tariffs.simulation.comparison import Candidate, Compared
from tariffs.simulation.report import lines_of, total_of_periods

_MORE_PLACES = 2


def bill_parts(candidate: Candidate) -> list[str | Grid]:
    """Return a table for each billing period, and what they cost together."""
    currency = candidate.tariff.currency
    parts: list[str | Grid] = []
    for each in candidate.periods:
        days = (each.period.period_to - each.period.period_from).days
        rows = [
            [
                line["charge_id"],
                line["band"] or "",
                "" if line["tier"] is None else str(line["tier"]),
                plain(line["quantity"]),
                line["unit"],
                plain(line["price"]),
                _money(line["amount_rounded"], currency),
            ]
            for line in lines_of(each)
        ]
        headers = ["charge", "period", "step", "quantity", "unit", "price", "amount"]
        total = _money(each.rated.total_rounded[0].as_py(), currency)
        parts += [
            f"{each.period.period_from} to {each.period.period_to} (exclusive), {_counted(days, 'day')}: {total} {currency}",
            Grid(headers, rows, right=["step", "quantity", "price", "amount"]),
            "",
        ]
    total, count = _money(total_of_periods(candidate.periods, rounded=True), currency), len(candidate.periods)
    return [*parts, f"{candidate.tariff.tariff}: {_counted(count, 'billing period')}, total {total} {currency}"]


def comparison_parts(main: Candidate, compared: Sequence[Compared]) -> list[str | Grid]:
    """Return the tariffs, the cheapest first, and for each of the others how its charges differ from the first tariff's."""
    currency = main.tariff.currency
    rows = [
        [
            each.candidate.tariff.tariff,
            each.candidate.path,
            _money(each.total_rounded, currency),
            "" if each.candidate is main else _signed(each.difference_rounded, currency),
        ]
        for each in compared
    ]
    first, last = main.periods[0].period.period_from, main.periods[-1].period.period_to
    parts: list[str | Grid] = [
        f"{first} to {last} (exclusive), {currency}; difference: against {main.path}",
        Grid(["tariff", "file", "total", "difference"], rows, right=["total", "difference"]),
    ]
    for each in compared:
        if each.candidate is not main:
            lines = [
                [
                    line.key.charge_id,
                    line.key.band or "",
                    "" if line.key.tier is None else str(line.key.tier),
                    plain(line.line.quantity),
                    line.key.unit,
                    _money(line.line.amount, currency),
                    _signed(line.difference, currency),
                ]
                for line in each.lines
            ]
            headers = ["charge", "period", "step", "quantity", "unit", "amount", "difference"]
            parts += ["", f"{each.candidate.tariff.tariff} ({each.candidate.path})"]
            parts.append(Grid(headers, lines, right=["step", "quantity", "amount", "difference"]))
    return parts


def _money(amount: Decimal, currency: str) -> str:
    """Return an amount to read: with the decimals of the currency, and at most two more where it has more."""
    places = minor_unit_places(currency)
    number, scale = parts_of(amount)
    column = Exact(np.array([number], dtype=object), scale).rounded(places + _MORE_PLACES, HALF_UP)
    return str(column.to_text(at_least=places)[0])


def _signed(amount: Decimal, currency: str) -> str:
    return ("+" if amount > 0 else "") + _money(amount, currency)


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
