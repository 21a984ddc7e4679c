"""Ladders: the first kWh at one price, the next at another.

The rule for a ladder under time of use is never in a price list, and engines differ by it; here it is said:
``scope: all_periods`` (the default) is one ladder on the kWh of all periods together, ``each_period`` a ladder per period;
with ``fill: pro_rata`` (the default) each step's kWh are shared between the periods in proportion to their kWh, with
``time_order`` the ladder fills as the intervals come and each part of it bears the price of its interval's period.

A step's limit holds for one billing period (``per: month`` and ``per: billing_period`` say the same), for each of its
days (``per: day``: of the billing period, or, for a ladder per period, those on which the period occurs; with ``reset: day``
each local day has a ladder of its own), or for a year of billing periods (``per: year``). Hours use: a block ends at so many
kWh for each kW of billing demand. Where a billing period has two tariff versions, each has a ladder of its own with its
limits in proportion to its days; the ladder of a year goes on.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Annotated, Self

import numpy as np
from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tariffs.charges.fixed import NOMINAL_MONTH
from tariffs.clock import Integers
from tariffs.exact import Exact, constant, ratio, total_of
from tariffs.scalars import INVALID, UNSUPPORTED, DayOfYear, Document, ListOf, MonthDay, Quantity, one_of, problem
from tariffs.spans import VersionSpan

LIMIT_PLACES = 12
"""Decimals of a limit that a division made."""
EACH_PERIOD = "each_period"
TIME_ORDER = "time_order"
DAY, YEAR = "day", "year"
_ROOM = 2**62
"""Sums and differences of two integers below it fit 64 bits."""


def _rise(limits: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
    if limits[0] <= 0 or any(high <= low for low, high in pairwise(limits)):
        raise problem(INVALID, "limits are above 0 and rise")
    return limits


Rising = Annotated[ListOf[Quantity], Field(min_length=1, max_length=50), AfterValidator(_rise)]


class Block(Document):
    """A block of hours use: it ends at so many kWh for each kW of billing demand; ``limits`` are steps inside it [kWh]."""

    kwh_per_kw: Annotated[Quantity, Field(gt=0)] | None = None
    limits: Rising | None = None


class Tiers(Document):
    """``{limits: ["200", "450"], per: month, scope: all_periods, fill: pro_rata, prorate: none}``."""

    limits: Rising | None = None
    blocks: Annotated[ListOf[Block], Field(min_length=1, max_length=50)] | None = None
    per: Annotated[str, BeforeValidator(one_of("month", "billing_period", DAY, YEAR))] = "month"
    year_from: DayOfYear = MonthDay(1, 1)
    reset: Annotated[str, BeforeValidator(one_of("billing_period", DAY))] = "billing_period"
    scope: Annotated[str, BeforeValidator(one_of("all_periods", "charge", EACH_PERIOD))] = "all_periods"
    fill: Annotated[str, BeforeValidator(one_of("pro_rata", TIME_ORDER))] = "pro_rata"
    prorate: Annotated[str, BeforeValidator(one_of("none", "days_of_nominal_month", "days_of_month"))] = "none"

    @model_validator(mode="after")
    def _is_one_ladder(self) -> Self:
        if (self.limits is None) == (self.blocks is None):
            raise problem(INVALID, "tiers have 'limits' or 'blocks'")
        if self.per in (DAY, YEAR) and self.prorate != "none":
            raise problem(INVALID, "'prorate' goes with limits per month or billing period")
        if "year_from" in self.model_fields_set and self.per != YEAR:
            raise problem(INVALID, "'year_from' goes with 'per: year'")
        if self.reset == DAY and self.per != DAY:
            raise problem(INVALID, "'reset: day' goes with 'per: day'")
        if self.blocks is not None:
            if self.per in (DAY, YEAR):
                raise problem(UNSUPPORTED, f"'blocks' with 'per: {self.per}' are not supported by this version")
            widths = [block.kwh_per_kw for block in self.blocks]
            closed = [width for width in widths[:-1] if width is not None]
            if len(closed) < len(widths) - 1 or widths[-1] is not None:
                raise problem(INVALID, "every block but the last has 'kwh_per_kw', the last is open")
            if any(high <= low for low, high in pairwise(closed)):
                raise problem(INVALID, "blocks rise")
            if self.steps == 1:
                raise problem(INVALID, "one block without limits is no ladder")
        return self

    @property
    def steps(self) -> int:
        """Number of steps, which is that of prices."""
        if self.blocks is not None:
            return sum(len(block.limits or ()) + 1 for block in self.blocks)
        return len(self.limits or ()) + 1

    def limits_in(self, span: VersionSpan, *, band: str | None, demand: Exact | None = None) -> tuple[Exact, ...]:
        """Return the upper ends of the steps but the last for a version's part of a billing period [unit].

        Args:
            span: the part.
            band: the period whose own ladder this is; None for the ladder of all periods.
            demand: (n,) billing demand, for hours use [kW].

        Returns:
            for each step one limit for all agreements (1,), or one for each (n,); what does not end has 12 decimals.

        Raises:
            ValueError: hours use without a demand.
        """
        factor = self._factor(span, band)
        if self.blocks is None:
            return tuple(constant(Fraction(limit) * factor, 1, places=LIMIT_PLACES) for limit in self.limits or ())
        if demand is None:
            message = "hours use needs a billing demand"
            raise ValueError(message)
        start = constant(Fraction(0), 1)
        ends: list[Exact] = []
        for block in self.blocks:
            steps = [constant(Fraction(limit) * factor, 1, places=LIMIT_PLACES) for limit in block.limits or ()]
            inside = [_added(start, step) for step in steps]
            if block.kwh_per_kw is None:
                return (*ends, *inside)
            start = _hours_of(demand, Fraction(block.kwh_per_kw) * span.share)
            ends += [*(_lower(limit, start) for limit in inside), start]
        return tuple(ends)

    def _factor(self, span: VersionSpan, band: str | None) -> Fraction:
        """Return what a limit of the document is multiplied by."""
        if self.reset == DAY or self.per == YEAR:
            return Fraction(1)
        if self.per == DAY:
            return Fraction(span.days if band is None else span.days_with[band])
        if self.prorate == "days_of_nominal_month":
            return span.days / NOMINAL_MONTH
        return span.month_shares if self.prorate == "days_of_month" else span.share

    def year_of(self, day: date) -> str:
        """Return the first day of the ladder's year that holds a day, as ``YYYY-MM-DD``; for 29 February else 1 March."""
        year = day.year if (day.month, day.day) >= self.year_from else day.year - 1
        leaps = isleap(year) or self.year_from != (2, 29)
        month, number = self.year_from if leaps else (3, 1)
        return f"{year:04d}-{month:02d}-{number:02d}"


def _hours_of(demand: Exact, hours: Fraction) -> Exact:
    """Return the kWh of so many hours' use of a demand: (n,), at most 12 decimals."""
    number = demand.values.astype(object) * hours.numerator
    return ratio(number, hours.denominator, scale=demand.scale, places=LIMIT_PLACES)


def _added(one: Exact, other: Exact) -> Exact:
    scale = max(one.scale, other.scale)
    return Exact(one.at(scale).values + other.at(scale).values, scale)


def _lower(one: Exact, other: Exact) -> Exact:
    scale = max(one.scale, other.scale)
    return Exact(np.minimum(one.at(scale).values, other.at(scale).values), scale)


def climb(quantity: Exact, limits: Sequence[Fraction | Exact], *, since: Exact | None = None) -> list[Exact]:
    """Return what of a quantity falls on each step of a ladder.

    Args:
        quantity: (n,); a negative one falls on the first step.
        limits: upper ends of all steps but the last, rising [unit]: one for all, or (n,); a fraction that does not end is
            rounded to 12 decimals.
        since: (n,) what had been climbed before; None where the ladder begins.

    Returns:
        one column (n,) a step, of one scale; together they are the quantity exactly.

    >>> [step.values.tolist() for step in climb(Exact(np.array([250, -3]), 0), (Fraction(200), Fraction(450)))]
    [[200, -3], [50, 0], [0, 0]]
    """
    rungs = _exact(limits)
    begin = Exact(np.zeros_like(quantity.values), 0) if since is None else since
    scale = max(quantity.scale, begin.scale, *(rung.scale for rung in rungs))
    before = _with_room(begin.at(scale).values)
    after = _with_room(total_of([begin.at(scale), quantity], len(quantity)).values)
    steps, below = [], np.zeros_like(after)
    for rung in rungs:
        limit = rung.at(scale).values
        reached = np.minimum(after, limit) - np.minimum(before, limit)
        steps.append(Exact(reached - below, scale))
        below = reached
    return [*steps, Exact(after - before - below, scale)]


def standing_on(limits: Sequence[Exact], since: Exact) -> Integers:
    """Return the position of the step that the next unit falls on: int64 (n,)."""
    found = np.zeros(len(since), dtype=np.int64)
    for limit in limits:
        scale = max(limit.scale, since.scale)
        found += (since.at(scale).values >= limit.at(scale).values).astype(np.int64)
    return found


@dataclass(frozen=True)
class Runs:
    """What was used in each run of intervals of one period (and, where the ladder starts anew each day, of one day), in order.

    A ladder that fills in time order needs no more than these: inside a run every unit bears the same period's prices.

    Attributes:
        used: (m, r) for m agreements.
        bands: int (r,), position of each run's period.
        count: number of periods.
        days: int (r,), each run's local date.
    """

    used: Exact
    bands: Integers
    count: int
    days: Integers


def climb_in_order(runs: Runs, limits: Sequence[Exact], *, since: Exact | None = None, daily: bool = False) -> list[list[Exact]]:
    """Return what of each period falls on each step of a ladder that fills as the runs come.

    Args:
        runs: what was used.
        limits: upper ends of all steps but the last, rising: one for all, or (m,).
        since: (m,) what had been climbed before; None where the ladder begins.
        daily: the ladder starts anew each day.

    Returns:
        for each period one column (m,) a step, all of one scale. A total below zero falls on the first step.
    """
    begin = Exact(np.zeros(1, dtype=np.int64), 0) if since is None else since
    scale = max(runs.used.scale, begin.scale, *(limit.scale for limit in limits))
    used, start = runs.used.at(scale).values, begin.at(scale).values[:, np.newaxis]
    rungs = [limit.at(scale).values[:, np.newaxis] for limit in limits]
    if _largest(used) * used.shape[1] + _largest(start) + max(_largest(rung) for rung in rungs) >= _ROOM:
        used = used.astype(object)
    after = used.cumsum(axis=1) + start
    before = after - used
    if daily:
        opens = np.append(True, runs.days[1:] != runs.days[:-1])
        floor = before[:, np.maximum.accumulate(np.where(opens, np.arange(len(opens)), 0))]
        after, before = after - floor, before - floor
    ups = [np.minimum(after, rung) - np.minimum(before, rung) for rung in rungs]
    steps = [high - low for low, high in pairwise([np.zeros_like(used), *ups, used])]
    return [[Exact(step[:, runs.bands == band].sum(axis=1), scale) for step in steps] for band in range(runs.count)]


def shown(steps: Sequence[Exact], places: int, *, divisor: int = 1) -> list[Exact]:
    """Return steps divided by ``divisor`` at ``places`` decimals, so that they add up to what the sum of the steps gives."""
    if divisor == 1 and all(step.scale <= places for step in steps):
        return list(steps)
    scale = max(step.scale for step in steps)
    done = Exact(np.zeros_like(steps[0].values), scale)
    sums = []
    for step in steps:
        done = Exact(done.values + step.at(scale).values, scale)
        sums.append(_rounded(done, places, divisor))
    return [sums[0], *(Exact(high.values - low.values, places) for low, high in pairwise(sums))]


def _rounded(column: Exact, places: int, divisor: int) -> Exact:
    """Return a column divided, at exactly ``places`` decimals."""
    if divisor == 1:
        return column.at(places)
    return ratio(column.values.astype(object), divisor, scale=column.scale, places=places)


def _exact(limits: Sequence[Fraction | Exact]) -> list[Exact]:
    return [limit if isinstance(limit, Exact) else constant(limit, 1, places=LIMIT_PLACES) for limit in limits]


def _with_room(values: Integers) -> Integers:
    """Return integers as Python's own where a difference of two of them may not fit 64 bits."""
    return values.astype(object) if _largest(values) >= _ROOM else values


def _largest(values: Integers) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if values.size else 0
