"""Power factor: so many percent of other charges for each step that the billing period's power factor is below a target.

The power factor is kWh / sqrt(kWh² + kvarh²) of the whole billing period, rounded half up to ``places`` decimals. A period
without energy has nothing to be penalised for: its power factor is 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Field

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, LineColumn, Sentence
from tariffs.clock import Integers
from tariffs.exact import AMOUNT_PLACES, Exact, plain, total_of
from tariffs.scalars import PRICE_PLACES, ListOf, Name, Percent, Price, Whole, one_of

KIND = "power_factor"
root = np.frompyfunc(math.isqrt, 1, 1)
"""The whole part of the square root of Python integers."""


class PowerFactorCharge(ChargeDocument):
    """``{id: pf, kind: power_factor, of: [demand], target: "0.90", step: "0.01", percent: "1"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    of: Annotated[ListOf[Name], Field(min_length=1)]
    target: Annotated[Price, Field(gt=0, le=1)]
    step: Annotated[Price, Field(gt=0)]
    percent: Percent
    places: Annotated[Whole, Field(ge=1, le=9)] = 4
    quantity: Name = "import_kwh"
    reactive: Name = "kvarh"

    @property
    def determinants(self) -> tuple[str, ...]:
        """What must be known to rate it."""
        return (self.quantity, self.reactive)

    def steps_below(self, factors: Exact) -> Integers:
        """Return how many whole steps each power factor is below the target: Python integers (n,)."""
        below = int(self.target.scaleb(PRICE_PLACES)) - factors.at(PRICE_PLACES).values.astype(object)
        return np.maximum(below, 0) // int(self.step.scaleb(PRICE_PLACES))


def power_factors(active: Exact, reactive: Exact, *, places: int) -> Exact:
    """Return kWh / sqrt(kWh² + kvarh²), rounded half up.

    Args:
        active: (n,) [kWh].
        reactive: (n,) [kvarh]; its sign makes no difference.
        places: decimals of the power factor.

    >>> power_factors(Exact(np.array([3, 0, 0]), 0), Exact(np.array([-4, 0, 7]), 0), places=4).values.tolist()
    [6000, 10000, 0]
    """
    scale = max(active.scale, reactive.scale)
    kwh, kvarh = (np.maximum(active.at(scale).values, 0).astype(object), reactive.at(scale).values.astype(object))
    squares = kwh * kwh + kvarh * kvarh
    idle = (squares == 0).astype(bool)
    # r is the largest whole number with r - 1/2 <= 10^places x kWh / sqrt(squares): squared, nothing is lost
    doubled = root(4 * 100**places * kwh * kwh // np.where(idle, 1, squares))
    factors = np.where(idle, 10**places, (doubled + 1) // 2)
    return Exact(factors.astype(np.int64), places)


def power_factor_lines(charge: PowerFactorCharge, *, base: Sequence[LineColumn], factors: Exact, currency: str) -> list[Line]:
    """Return a line for each number of steps below the target; on each bill stands at most one of them.

    Args:
        charge: the charge.
        base: the lines it is a share of.
        factors: (n,) power factor of the billing period.
        currency: of the amounts.
    """
    whole = total_of([line.amount for line in base], len(factors))
    below = charge.steps_below(factors)
    lines = []
    for steps in sorted(set(below.tolist()) - {0}):
        fraction = charge.percent * steps / 100
        quantity = whole.where(below == steps)
        words = f"{steps} {'step' if steps == 1 else 'steps'} of {plain(charge.step)} below {plain(charge.target)}"
        sentence = Sentence(
            f"{charge.id}: power factor {words}, {plain(fraction * 100)} % of ",
            f" {currency} ({', '.join(charge.of)}) = ",
            f" {currency}",
        )
        lines.append(Line(None, None, quantity, currency, fraction, quantity.times(fraction).at_most(AMOUNT_PLACES), sentence))
    return lines
