"""Lines of charges on energy and on time: fixed, energy, riders, fees."""

from __future__ import annotations

import numpy as np

from tariffs.charges.energy import EnergyCharge, energy_lines
from tariffs.charges.fee import END, START, FeeCharge, fee_lines
from tariffs.charges.fixed import FixedCharge, fixed_lines
from tariffs.charges.line import Line
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge, rider_lines
from tariffs.pricing.ladders import ladder_lines
from tariffs.pricing.series_prices import series_lines
from tariffs.pricing.uses import billed, used
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def fixed(work: Work, charge: FixedCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a fixed charge."""
    return fixed_lines(charge, span, agreements=work.rows, currency=work.currency)


def energy(work: Work, charge: EnergyCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of an energy charge."""
    if isinstance(charge.price, SeriesPrice):
        return series_lines(work, charge.id, charge.quantity, charge.price, span)
    use = billed(work, charge.quantity, span)
    if charge.tiers is not None:
        return ladder_lines(work, charge, charge.tiers, span, use)
    return energy_lines(charge, use, agreements=work.rows, currency=work.currency)


def rider(work: Work, charge: RiderCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a rider."""
    if isinstance(charge.price, SeriesPrice):
        return series_lines(work, charge.id, charge.quantity, charge.price, span)
    use = billed(work, charge.quantity, span) if charge.net else used(work, charge.quantity, span)
    return rider_lines(charge, charge.price, use, agreements=work.rows, currency=work.currency)


def fee(work: Work, charge: FeeCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a one-off fee, at the price in force when it falls due."""
    if charge.when == START:
        due = work.inputs.started if span == work.spans[0] else None
    elif charge.when == END:
        due = work.inputs.ended if span == work.spans[-1] else None
    else:
        due = np.ones(work.rows, dtype=bool) if charge.when in span.dates else None
    return [] if due is None else fee_lines(charge, due, currency=work.currency)
