"""Ladders: where the steps end, what falls on each, and how that is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction

from tariffs.charges.tiers import Tiers
from tariffs.reference.bands import IMPORT, Calendar
from tariffs.reference.days import MINUTE, Part
from tariffs.reference.figures import LIMIT_PLACES, QUANTITY_PLACES, ZERO, half_even
from tariffs.reference.peaks import billing_demand
from tariffs.reference.work import Work, part_of_months


def limits_of(work: Work, tiers: Tiers, part: Part, band: str | None) -> list[Fraction]:
    """Return the upper ends of all steps but the last in a version's part of a billing period [unit].

    Args:
        work: the bill.
        tiers: the ladder.
        part: the version's part.
        band: the period whose own ladder it is; None for the ladder of all periods.
    """
    factor = _factor(work, tiers, part, band)
    if tiers.blocks is None:
        ends = [Fraction(limit) * factor for limit in tiers.limits or ()]
    else:
        ends, begins, demand = [], ZERO, billing_demand(work, part)
        for block in tiers.blocks:
            inner = [begins + Fraction(limit) * factor for limit in block.limits or ()]
            if block.kwh_per_kw is None:
                ends += inner
                break
            end = Fraction(block.kwh_per_kw) * demand * part.share
            ends += [min(each, end) for each in inner] + [end]
            begins = end
    return [half_even(end, LIMIT_PLACES) for end in ends]


def _factor(work: Work, tiers: Tiers, part: Part, band: str | None) -> Fraction:
    """Return what a limit of the document is multiplied by."""
    if tiers.per == "year" or tiers.reset == "day":
        return Fraction(1)
    if tiers.per == "day":
        return Fraction(len(part.days) if band is None else len(_days_with(work, part, band)))
    return part_of_months(part, tiers.prorate)


def _days_with(work: Work, part: Part, band: str) -> list[date]:
    """Return the local days of a part on which a period occurs."""
    calendar = Calendar(work.tariff, work.period)
    return [day for day in part.days if any(calendar.band(part.version, IMPORT, wall) == band for wall in _minutes_of(day))]


def _minutes_of(day: date) -> list[datetime]:
    midnight = datetime.combine(day, time())
    return [midnight + number * MINUTE for number in range(timedelta(days=1) // MINUTE)]


def climb(quantity: Fraction, limits: Sequence[Fraction]) -> list[Fraction]:
    """Return what of a quantity falls on each step; a negative one falls on the first.

    >>> [int(step) for step in climb(Fraction(250), [Fraction(200), Fraction(450)])]
    [200, 50, 0]
    """
    steps, below = [], ZERO
    for limit in limits:
        reached = min(quantity, limit)
        steps.append(reached - below)
        below = reached
    return [*steps, quantity - below]


def climb_on(before: Fraction, quantity: Fraction, limits: Sequence[Fraction]) -> list[Fraction]:
    """Return what of a quantity falls on each step of a ladder that has been climbed before."""
    pairs = zip(climb(before + quantity, limits), climb(before, limits), strict=True)
    return [after - earlier for after, earlier in pairs]


def shown(steps: Sequence[Fraction]) -> list[Fraction]:
    """Return steps at nine decimals that add up to the whole at nine decimals: each sum of the first ones is rounded."""
    sums = [half_even(sum(steps[: place + 1], ZERO), QUANTITY_PLACES) for place in range(len(steps))]
    return [high - low for high, low in zip(sums, [ZERO, *sums[:-1]], strict=True)]
