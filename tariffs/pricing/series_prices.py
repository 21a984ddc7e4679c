"""Lines of charges whose price is a series in time: each interval costs the price in force at its start."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import numpy as np

from tariffs.charges.line import Line, Sentence
from tariffs.charges.prices import SeriesPrice
from tariffs.exact import Exact, plain, ratio
from tariffs.pricing.intervals import all_rows
from tariffs.pricing.uses import intervals_of, used
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan

AVERAGE_PLACES = 8
"""Decimals of the average price that stands on the line."""
_UNIT = "kWh"


class PricedIntervals(NamedTuple):
    """What n agreements used of a determinant in a version's part of the billing period, and what it costs.

    Attributes:
        quantity: (n,) [kWh].
        amount: (n,) exact [currency].
        average: (n,) amount / quantity at eight decimals, half to even; zero where nothing was used [currency/kWh].
    """

    quantity: Exact
    amount: Exact
    average: Exact


def priced_intervals(work: Work, name: str, price: SeriesPrice, span: VersionSpan) -> PricedIntervals:
    """Price each interval of a determinant by a series.

    Args:
        work: what is rated.
        name: the determinant.
        price: the series and what its values are multiplied by.
        span: the version's part of the billing period.

    Raises:
        TariffError: ``series.missing``; ``tariff.needs_intervals``.
    """
    series = work.series(price.series)
    parts = intervals_of(work, name, span)
    costs = [(each.rows, each.weighted(series.at(each.starts), series.scale)) for each in parts]
    cost = all_rows(costs, work.rows).times(price.factor)
    use = used(work, name, span).together(work.rows)
    whole = use.bands[None]
    return PricedIntervals(use.quantity(whole), use.cost(cost, Decimal(1)), _average(cost, whole))


def _average(cost: Exact, whole: Exact) -> Exact:
    amounts, quantities = cost.values.astype(object), whole.values.astype(object)
    nothing = (quantities == 0).astype(bool)
    number = np.where(nothing, 0, amounts * 10**whole.scale)
    return ratio(number, np.where(nothing, 1, quantities), scale=cost.scale, places=AVERAGE_PLACES)


def series_lines(work: Work, charge_id: str, name: str, price: SeriesPrice, span: VersionSpan) -> list[Line]:
    """Return the one line of a charge priced by a series.

    Args:
        work: what is rated.
        charge_id: the charge.
        name: its determinant.
        price: its price.
        span: the version's part of the billing period.
    """
    priced = priced_intervals(work, name, price, span)
    factor = "" if price.times == 1 else f"{plain(price.times)} times "
    sentence = Sentence(f"{charge_id}: ", f" {_UNIT} at {factor}the prices of {price.series} = ", f" {work.currency}")
    return [Line(None, None, priced.quantity, _UNIT, priced.average, priced.amount, sentence)]
