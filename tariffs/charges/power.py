"""So many kW for so long: what lines of demand and of contracted power have in common.

A price on power is per kW and billing period, day or year. The line's quantity is the kW; what they are multiplied by
beside the price (days, a part of the billing period) stands in the sentence.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from tariffs.charges.fixed import NOMINAL_MONTH
from tariffs.charges.line import Sentence
from tariffs.clock import Integers
from tariffs.exact import Exact, constant, parts_of, plain, ratio
from tariffs.rounding import HALF_EVEN, divide
from tariffs.scalars import QUANTITY_PLACES
from tariffs.spans import VersionSpan

POWER_PLACES = 12
"""Decimals of a power that a division made [kW]."""
DAY, MONTH, YEAR = "day", "month", "year"
_LIMIT = 2**63


class Duration(NamedTuple):
    """For how long power is paid in a version's part of a billing period."""

    units: Fraction
    """Times that the price is paid."""
    words: str
    """How the sentence tells it, with a blank before it; empty where the price is paid once."""
    per: str
    """What the price is per beside the kW, with its stroke; empty where it is per billing period."""


ONCE = Duration(Fraction(1), "", "")
"""Paid once, whatever the billing period is like."""


def duration_of(per: str, prorate: str, span: VersionSpan) -> Duration:
    """Return for how long power is paid.

    Args:
        per: ``day``, ``month`` or ``year``.
        prorate: with ``month``: ``none``, ``days_of_nominal_month`` or ``days_of_month``.
        span: the version's part of the billing period.
    """
    if per == DAY:
        return Duration(Fraction(span.days), f" for {span.days} {_plural(DAY, span.days)}", f"/{DAY}")
    if per == YEAR:
        return _measured(span.share / 12, YEAR)
    if prorate == "days_of_nominal_month":
        return _measured(span.days / NOMINAL_MONTH, MONTH)
    if prorate == "days_of_month":
        return _measured(span.month_shares, MONTH)
    part = "" if span.share == 1 else f" for {span.days} of {span.period_days} days"
    return Duration(span.share, part, "")


def _measured(units: Fraction, unit: str) -> Duration:
    rounded = Decimal(int(constant(units, 1, places=QUANTITY_PLACES).at(QUANTITY_PLACES).values[0])).scaleb(-QUANTITY_PLACES)
    return Duration(units, f" for {plain(rounded)} {_plural(unit, units)}", f"/{unit}")


def _plural(unit: str, count: Fraction | int) -> str:
    return unit if count <= 1 else f"{unit}s"


def paid(power: Exact, price: Decimal, units: Fraction) -> Exact:
    """Return power times price times units: exact, or at 18 decimals where the units do not end.

    Args:
        power: (n,) [kW].
        price: [currency/kW].
        units: times that it is paid.

    >>> paid(Exact(np.array([174]), 1), Decimal("7.5"), Fraction(1))
    Exact(values=array([13050]), scale=2)
    """
    if units.denominator == 1:
        return power.times(price).times(Decimal(units.numerator))
    number, scale = parts_of(price)
    products = power.values.astype(object) * number * units.numerator
    return ratio(products, np.full(len(power), units.denominator, dtype=object), scale=power.scale + scale)


def power_sentence(place: str, unit: str, note: str, duration: Duration, price: Decimal, currency: str) -> Sentence:
    """Return the explanation of a line on power.

    Args:
        place: charge, period and step: ``power in peak``.
        unit: ``kW`` or ``kVA``.
        note: how the power was arrived at; empty where it is the highest that was measured.
        duration: for how long it is paid.
        price: [currency/unit].
        currency: of the price.
    """
    said = f" {unit} ({note})" if note else f" {unit}"
    return Sentence(f"{place}: ", f"{said}{duration.words} at {plain(price)} {currency}/{unit}{duration.per} = ", f" {currency}")


def highest(columns: Sequence[Exact]) -> Exact:
    """Return the highest of some columns, row by row.

    >>> highest([Exact(np.array([5, 30]), 1), Exact(np.array([2, 2]), 0)])
    Exact(values=array([20, 30]), scale=1)
    """
    scale = max(column.scale for column in columns)
    return Exact(np.maximum.reduce([column.at(scale).values for column in columns]), scale)


def at_least(power: Exact, floor: Decimal) -> Exact:
    """Return power, or ``floor`` where that is more [kW]."""
    return highest([power, constant(floor, len(power))])


def quotient(numbers: Exact, divisors: Integers | int, *, places: int = POWER_PLACES) -> Exact:
    """Return a column divided by whole numbers, half to even at ``places`` decimals.

    Args:
        numbers: (n,).
        divisors: one above 0, or one a row.
        places: decimals.

    >>> quotient(Exact(np.array([20]), 1), 3, places=4)
    Exact(values=array([6667]), scale=4)
    """
    values = numbers.values.astype(object)
    if numbers.scale <= places:
        values = values * 10 ** (places - numbers.scale)
    else:
        divisors = divisors * 10 ** (numbers.scale - places)
    return Exact(narrow(divide(values, divisors, mode=HALF_EVEN)), places)


def narrow(values: Integers) -> Integers:
    """Return Python integers as int64 where all fit."""
    fit = not len(values) or (min(values) >= -_LIMIT and max(values) < _LIMIT)
    return values.astype(np.int64) if fit else values
