"""Lines of charges on energy and on time: fixed, energy, riders, fees."""

from __future__ import annotations

from tariffs.charges.energy import EnergyCharge, energy_lines
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge, fixed_lines
from tariffs.charges.line import Line
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge, rider_lines
from tariffs.pricing.work import Work, not_yet
from tariffs.spans import VersionSpan


def fixed(work: Work, charge: FixedCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of a fixed charge."""
    return fixed_lines(charge, span, agreements=work.rows, currency=work.currency)


def energy(work: Work, charge: EnergyCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of an energy charge."""
    if isinstance(charge.price, SeriesPrice):
        raise not_yet("an energy price by series")
    use, unit = work.use(charge.quantity, span)
    return energy_lines(charge, span, use=use, agreements=work.rows, unit=unit, currency=work.currency)


def rider(work: Work, charge: RiderCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of a rider."""
    if isinstance(charge.price, SeriesPrice):
        raise not_yet("a rider by series")
    use, unit = work.use(charge.quantity, span)
    return rider_lines(charge, charge.price, use=use, agreements=work.rows, unit=unit, currency=work.currency)


def fee(work: Work, charge: FeeCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a one-off fee."""
    raise not_yet("a fee")
