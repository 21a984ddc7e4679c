"""Ladders: the first kWh at one price, the next at another.

The rule for a ladder under time of use is never in a price list, and engines differ by it; here it is said:
``scope: all_periods`` (the default) is one ladder on the kWh of all periods together, ``each_period`` a ladder per period;
with ``fill: pro_rata`` (the default) each step's kWh are shared between the periods in proportion to their kWh.

A step's limit holds for one billing period (``per: month`` and ``per: billing_period`` say the same), or for each of its
days (``per: day``: of the billing period, or, for a ladder per period, those on which the period occurs). Where a billing
period has two tariff versions, each has a ladder of its own with its limits in proportion to its days.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tariffs.charges.fixed import NOMINAL_MONTH
from tariffs.clock import Integers
from tariffs.exact import Exact, constant
from tariffs.scalars import INVALID, DayOfYear, Document, ListOf, MonthDay, Quantity, one_of, problem
from tariffs.spans import VersionSpan

LIMIT_PLACES = 12
"""Decimals of a limit that a division made."""
EACH_PERIOD = "each_period"
TIME_ORDER = "time_order"


def _rise(limits: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    if limits[0] <= 0 or any(high <= low for low, high in pairwise(limits)):
        raise problem(INVALID, "limits are above 0 and rise")
    return limits


Rising = Annotated[ListOf[Quantity], Field(min_length=1, max_length=50), AfterValidator(_rise)]


class Block(Document):
    """A block of hours use: it ends at so many kWh for each kW of billing demand; ``limits`` are steps inside it [kWh]."""

    kwh_per_kw: Quantity | None = None
    limits: Rising | None = None


class Tiers(Document):
    """``{limits: ["200", "450"], per: month, scope: all_periods, fill: pro_rata, prorate: none}``."""

    limits: Rising | None = None
    blocks: Annotated[ListOf[Block], Field(min_length=1, max_length=50)] | None = None
    per: Annotated[str, BeforeValidator(one_of("month", "billing_period", "day", "year"))] = "month"
    year_from: DayOfYear = MonthDay(1, 1)
    reset: Annotated[str, BeforeValidator(one_of("billing_period", "day"))] = "billing_period"
    scope: Annotated[str, BeforeValidator(one_of("all_periods", "charge", EACH_PERIOD))] = "all_periods"
    fill: Annotated[str, BeforeValidator(one_of("pro_rata", TIME_ORDER))] = "pro_rata"
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"

    @model_validator(mode="after")
    def _is_one_ladder(self) -> Self:
        if (self.limits is None) == (self.blocks is None):
            raise problem(INVALID, "tiers have 'limits' or 'blocks'")
        if self.per in ("day", "year") and self.prorate != "none":
            raise problem(INVALID, "'prorate' goes with limits per month or billing period")
        if "year_from" in self.model_fields_set and self.per != "year":
            raise problem(INVALID, "'year_from' goes with 'per: year'")
        if self.reset == "day" and self.per != "day":
            raise problem(INVALID, "'reset: day' goes with 'per: day'")
        if self.blocks is not None:
            widths = [block.kwh_per_kw for block in self.blocks]
            closed = [width for width in widths[:-1] if width is not None]
            if len(closed) < len(widths) - 1 or widths[-1] is not None:
                raise problem(INVALID, "every block but the last has 'kwh_per_kw', the last is open")
            if any(high <= low for low, high in pairwise(closed)):
                raise problem(INVALID, "blocks rise")
        return self

    @property
    def steps(self) -> int:
        """Number of steps, which is that of prices."""
        if self.blocks is not None:
            return sum(len(block.limits or ()) + 1 for block in self.blocks)
        return len(self.limits or ()) + 1

    def limits_in(self, span: VersionSpan, *, band: str | None) -> tuple[Fraction, ...]:
        """Return the upper ends of the steps but the last for a version's part of a billing period [unit].

        Args:
            span: the part.
            band: the period whose own ladder this is; None for the ladder of all periods.
        """
        if self.per == "day":
            factor = Fraction(span.days if band is None else span.days_with[band])
        elif self.prorate == "days_of_nominal_month":
            factor = span.days / NOMINAL_MONTH
        else:
            factor = span.share
        return tuple(Fraction(limit) * factor for limit in self.limits or ())


def climb(quantity: Exact, limits: tuple[Fraction, ...]) -> list[Exact]:
    """Return what of a quantity falls on each step of a ladder.

    Args:
        quantity: (n,) at most nine decimals; a negative one falls on the first step.
        limits: upper ends of all steps but the last, rising [unit]; one that does not end is rounded to 12 decimals.

    Returns:
        one column (n,) a step, of one scale; together they are the quantity exactly.

    >>> [step.values.tolist() for step in climb(Exact(np.array([250, -3]), 0), (Fraction(200), Fraction(450)))]
    [[200, -3], [50, 0], [0, 0]]
    """
    rungs = [constant(limit, 1, places=LIMIT_PLACES) for limit in limits]
    scale = max(quantity.scale, *(rung.scale for rung in rungs))
    whole = quantity.at(scale).values
    below: Integers = np.zeros_like(whole)
    steps = []
    for rung in rungs:
        reached = np.minimum(whole, int(rung.at(scale).values[0]))
        steps.append(Exact(reached - below, scale))
        below = reached
    return [*steps, Exact(whole - below, scale)]


def shown(steps: list[Exact], places: int) -> list[Exact]:
    """Return the steps at ``places`` decimals so that they still add up to the same quantity."""
    if all(step.scale <= places for step in steps):
        return steps
    done, sums = Exact(np.zeros_like(steps[0].values), steps[0].scale), []
    for step in steps:
        done = Exact(done.values + step.values, step.scale)
        sums.append(done.at(places))
    return [sums[0], *(Exact(high.values - low.values, places) for low, high in pairwise(sums))]
