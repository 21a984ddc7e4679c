"""Lines that raise a bill to its minimum."""

from __future__ import annotations

from fractions import Fraction

from tariffs.carried import counted_to_minimum
from tariffs.charges.bank import BANK
from tariffs.charges.export import CHARGE_ID as EXPORT
from tariffs.charges.line import Line
from tariffs.charges.minimum import MinimumCharge, minimum_line
from tariffs.charges.percent import ALL
from tariffs.exact import AMOUNT_PLACES, Exact, total_of
from tariffs.model import Version
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def minimum(work: Work, charge: MinimumCharge, _: VersionSpan) -> list[Line]:
    """Return the line of a minimum bill; one per year stands on the last bill of the calendar year.

    A billing period belongs to the year that it begins in, and is the last of it where it holds 31 December.
    """
    counted = _counted(work, charge)
    if charge.per == "year":
        year = work.days[0].year
        name = counted_to_minimum(charge.id, year)
        counted = total_of([work.carried_in(name), counted], work.rows)
        if work.next_day.year == year:
            work.carried[name] = counted.at_most(AMOUNT_PLACES)
            return []
    days, months = sum(span.days for span in work.spans), sum((span.month_shares for span in work.spans), Fraction(0))
    return [minimum_line(charge, counted, days=days, month_shares=months, currency=work.currency)]


def _counted(work: Work, charge: MinimumCharge) -> Exact:
    """Return what of the bill counts towards the minimum, 0 where that is a credit: (n,) [currency], exact."""
    names = [(span.version, name) for span in work.spans for name in _covered(work.version(span), charge)]
    lines = [column for name in names for column in work.done.get(name, ())]
    return total_of([column.amount for column in lines], work.rows).positive()


def _covered(version: Version, charge: MinimumCharge) -> tuple[str, ...]:
    if charge.covers != ALL:
        return tuple(charge.covers)
    return (*(other.id for other in version.charges if not isinstance(other, MinimumCharge)), EXPORT, BANK)
