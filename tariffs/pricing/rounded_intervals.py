"""``rounding.interval_quantity``: what was used in each interval is rounded before anything is made of it.

The bill is then made as if the meter had shown the rounded quantities: energy, export, volumes, ladders, windows of power, power
factors and prices in time all rest on them, and sums by period are the sums of rounded intervals.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from schemas.errors import TariffError
from tariffs.calendar import Combo, combos_at
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.clock import Integers
from tariffs.exact import Exact
from tariffs.pricing.work import bad_inputs
from tariffs.rated import Determinant, RatingInputs
from tariffs.rounding import Places, round_integers
from tariffs.timeline import Stretch, Timeline

_LIMIT = 2**63


def with_rounded_intervals(inputs: RatingInputs) -> RatingInputs:
    """Return what is rated with each interval's quantities rounded, where the tariff says so; else as it is.

    Args:
        inputs: what is rated.

    Raises:
        TariffError: ``tariff.needs_intervals``: only sums are known.
        InvariantError: ``rating.inputs``: a determinant has sums and no intervals.
    """
    rule = inputs.tariff.rounding.interval_rule
    if rule is None:
        return inputs
    if inputs.timeline is None:
        code = "tariff.needs_intervals"
        what = f"tariff {inputs.tariff.tariff} rounds the quantity of each interval, and only sums are known"
        raise TariffError(code, what, "bill the service point on intervals")
    timeline = Timeline(tuple(_rounded(stretch, rule) for stretch in inputs.timeline.stretches))
    quantities = {name: _sums(inputs, timeline, name, made) for name, made in inputs.quantities.items()}
    return replace(inputs, timeline=timeline, quantities=quantities)


def _rounded(stretch: Stretch, rule: Places) -> Stretch:
    values, exponents = {}, {}
    for name, used in stretch.values.items():
        digits = max(0, -stretch.exponents[name] - rule.places)
        wide = used.astype(np.int64, copy=False) if used.dtype != object else used
        values[name] = round_integers(wide, digits=digits, mode=rule.mode)
        exponents[name] = stretch.exponents[name] + digits
    return replace(stretch, values=values, exponents=exponents)


def _sums(inputs: RatingInputs, timeline: Timeline, name: str, made: Determinant) -> Determinant:
    """Return the sums of rounded intervals by version and period."""
    exponent = min((stretch.exponents[name] for stretch in timeline.stretches if name in stretch.values), default=0)
    sums = np.zeros(made.values.shape, dtype=np.int64)
    for stretch in timeline.stretches:
        if name not in stretch.values:
            if made.values[stretch.rows].any():
                what = f"{name} has sums and no intervals, and the quantity of each interval is to be rounded"
                raise bad_inputs(what)
            continue
        places, combos = _places(inputs, stretch, name)
        column = {combo: place for place, combo in enumerate(made.combos)}
        values = Exact.of(stretch.values[name], stretch.exponents[name] - exponent).values
        for place, combo in enumerate(combos):
            sums[stretch.rows, column[combo]] = _added(values[:, places == place])
    return Determinant(made.combos, exponent, sums, made.unit)


def _places(inputs: RatingInputs, stretch: Stretch, name: str) -> tuple[Integers, tuple[Combo, ...]]:
    if not len(stretch.starts):
        return np.zeros(0, dtype=np.int64), ()
    return combos_at(
        inputs.tariff,
        direction="export" if name == EXPORT_KWH else "import",
        starts=stretch.starts,
        starts_at=inputs.starts_at,
        ends_at=inputs.ends_at,
        billing_clock=inputs.billing_clock,
    )


def _added(values: Integers) -> Integers:
    """Return the sum of the intervals of each agreement (m,).

    Raises:
        InvariantError: ``rating.inputs``: it does not fit into 64 bits.
    """
    sums = values.astype(object).sum(axis=1) if _may_overflow(values) else values.sum(axis=1)
    if sums.dtype == object and any(abs(value) >= _LIMIT for value in sums.tolist()):
        what = "the sum of rounded intervals does not fit into 64 bits"
        raise bad_inputs(what)
    return sums.astype(np.int64)


def _may_overflow(values: Integers) -> bool:
    if not values.size or values.dtype == object:
        return values.dtype == object
    return max(abs(int(values.min())), abs(int(values.max()))) * values.shape[1] >= _LIMIT
