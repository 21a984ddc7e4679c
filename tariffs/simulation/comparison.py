"""One load under several tariffs: the cheapest first, and for each charge what it costs more or less than under the first.

A line of the comparison is a charge's band and tier over all billing periods. A charge that only one of two tariffs has
counts zero under the other, so that the differences of the lines add up to that of the totals, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from schemas.errors import TariffError
from tariffs.exact import plain
from tariffs.model import Tariff
from tariffs.simulation.report import EXACT, lines_of, sum_of, total_of_periods
from tariffs.simulation.run import RatedPeriod


class LineKey(NamedTuple):
    """What the lines of two tariffs are matched by."""

    charge_id: str
    kind: str
    band: str | None
    tier: int | None
    unit: str


class YearLine(NamedTuple):
    """A charge's band and tier over all billing periods: quantity in its unit, amount [currency]."""

    quantity: Decimal
    amount: Decimal


_NONE = YearLine(Decimal(0), Decimal(0))


@dataclass(frozen=True)
class Candidate:
    """A tariff, and a load priced by it.

    Attributes:
        tariff: the tariff.
        path: its file, as the user named it.
        periods: the billing periods.
    """

    tariff: Tariff
    path: str
    periods: Sequence[RatedPeriod]


class ComparedLine(NamedTuple):
    """A charge under a tariff, and what it costs more than under the first [currency]."""

    key: LineKey
    line: YearLine
    difference: Decimal


@dataclass(frozen=True)
class Compared:
    """What a load costs under a tariff, and under the first [currency].

    Attributes:
        candidate: the tariff.
        total: exact sum of the periods' totals.
        total_rounded: sum of their rounded totals: what is paid.
        difference: exact total less that of the first tariff; negative where it is cheaper.
        difference_rounded: the same of what is paid.
        lines: in the order of the bill, then charges that only the first tariff has.
    """

    candidate: Candidate
    total: Decimal
    total_rounded: Decimal
    difference: Decimal
    difference_rounded: Decimal
    lines: tuple[ComparedLine, ...]


def refuse_other_currencies(tariffs: Mapping[str, Tariff]) -> None:
    """Refuse tariffs in several currencies.

    Args:
        tariffs: by file, the first one first.

    Raises:
        TariffError: ``tariff.currencies``.
    """
    paths = list(tariffs)
    for path in paths[1:]:
        if tariffs[path].currency != tariffs[paths[0]].currency:
            code, first = "tariff.currencies", tariffs[paths[0]]
            what = f"{path} is in {tariffs[path].currency}, {paths[0]} in {first.currency}"
            raise TariffError(code, what, "compare tariffs of one currency", f"{path}: currency")


def compare(candidates: Sequence[Candidate]) -> list[Compared]:
    """Return the candidates with the cheapest first; of equals, in the order given.

    Args:
        candidates: the first is what the others are compared with; all over the same billing periods.
    """
    first = candidates[0]
    total, rounded = total_of_periods(first.periods), total_of_periods(first.periods, rounded=True)
    base = _year_lines(first.periods)
    compared = [_compared(each, total, rounded, base) for each in candidates]
    return sorted(compared, key=lambda each: (each.total_rounded, each.total))


def comparison_report(compared: Sequence[Compared]) -> list[dict[str, Any]]:
    """Return a comparison as programs read it."""
    return [
        {
            "tariff": each.candidate.tariff.tariff,
            "path": each.candidate.path,
            "total": plain(each.total),
            "total_rounded": plain(each.total_rounded),
            "difference": plain(each.difference),
            "difference_rounded": plain(each.difference_rounded),
            "lines": [
                {
                    "charge_id": line.key.charge_id,
                    "kind": line.key.kind,
                    "band": line.key.band,
                    "tier": line.key.tier,
                    "quantity": plain(line.line.quantity),
                    "unit": line.key.unit,
                    "amount": plain(line.line.amount),
                    "difference": plain(line.difference),
                }
                for line in each.lines
            ],
        }
        for each in compared
    ]


def _compared(candidate: Candidate, total: Decimal, rounded: Decimal, base: dict[LineKey, YearLine]) -> Compared:
    own_total, own_rounded = total_of_periods(candidate.periods), total_of_periods(candidate.periods, rounded=True)
    own = _year_lines(candidate.periods)
    lines = [
        ComparedLine(key, own.get(key, _NONE), EXACT.subtract(own.get(key, _NONE).amount, base.get(key, _NONE).amount))
        for key in own | base
    ]
    return Compared(
        candidate,
        own_total,
        own_rounded,
        EXACT.subtract(own_total, total),
        EXACT.subtract(own_rounded, rounded),
        tuple(lines),
    )


def _year_lines(periods: Sequence[RatedPeriod]) -> dict[LineKey, YearLine]:
    """Return the lines of all billing periods added up, in the order in which they first stand on a bill."""
    parts: dict[LineKey, list[YearLine]] = {}
    for period in periods:
        for line in lines_of(period):
            key = LineKey(*(line[name] for name in LineKey._fields))
            parts.setdefault(key, []).append(YearLine(line["quantity"], line["amount"]))
    return {
        key: YearLine(sum_of([each.quantity for each in found]), sum_of([each.amount for each in found]))
        for key, found in parts.items()
    }
