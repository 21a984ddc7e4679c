"""Charges on power and on reactive energy: demand, contracted power, coincident peaks, reactive energy, power factor."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

from schemas.errors import TariffError
from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.reference.days import Part, instant_of, zone_of
from tariffs.reference.figures import MEAN_PLACES, ZERO, half_even
from tariffs.reference.ladders import climb, shown
from tariffs.reference.peaks import (
    band_of,
    billing_demand,
    corrected,
    peak_of,
    power_factor_of,
    ratchet_kw,
    ratchet_peak,
    windows_of,
)
from tariffs.reference.use import Placed, Window, unit_of
from tariffs.reference.work import Work, part_of_months


def demand(work: Work, charge: DemandCharge, part: Part) -> None:
    """Write a charge on the highest windows of the billing period, or of each of its priced periods."""
    windows = windows_of(work, part, charge.measure)
    if not isinstance(charge.price, dict):
        _demand(work, charge, part, None, windows, charge.price)
        return
    for band, price in charge.price.items():
        inside = [window for window in windows if band_of(work, charge, part, window) == band]
        # a period in which no window begins does not occur, and is not charged
        if inside:
            _demand(work, charge, part, band, inside, price)


def _demand(
    work: Work,
    charge: DemandCharge,
    part: Part,
    band: str | None,
    windows: Sequence[Window],
    price: Decimal | tuple[Decimal, ...],
) -> None:
    units = Fraction(len(part.days)) if charge.per == "day" else part_of_months(part, charge.prorate)
    if not units:
        return
    billed = max(_kw(work, charge, part, windows), Fraction(charge.minimum or 0))
    limits = [Fraction(limit) for limit in charge.tiers.limits] if charge.tiers is not None else []
    steps = climb(billed, limits)
    for place, (step, seen) in enumerate(zip(steps, shown(steps), strict=True)):
        each = Fraction(price[place] if isinstance(price, tuple) else price)
        quantity = work.round_quantity(step)
        work.write(
            part,
            charge.id,
            charge.kind,
            quantity=seen if quantity == step else quantity,
            unit=(work.version(part).billing_demand or charge).measure.unit,
            price=each,
            amount=quantity * each * units,
            band=band,
            tier=place + 1 if charge.tiers is not None else None,
        )


def _kw(work: Work, charge: DemandCharge, part: Part, windows: Sequence[Window]) -> Fraction:
    """Return the billing demand of the version, else what the charge's own ratchet bills, else the measured peak."""
    if work.version(part).billing_demand is not None:
        return billing_demand(work, part)
    if charge.ratchet is not None:
        return ratchet_kw(work, charge.ratchet, charge.id, ratchet_peak(work, charge, part))
    return corrected(work, charge, peak_of(windows, charge.measure))


def contracted(work: Work, charge: ContractedCharge, part: Part) -> None:
    """Write a charge on contracted power, of each priced period whether it occurs or not."""
    windows = windows_of(work, part, charge.measure) if charge.excess is not None else []
    prices = charge.price if isinstance(charge.price, dict) else {None: charge.price}
    units = {"day": Fraction(len(part.days)), "month": part.share, "year": part.share / 12}[charge.per]
    if not units:
        return
    for band, price in prices.items():
        inside = [window for window in windows if band is None or window.band == band]
        billed = _with_excess(charge, _contract(work, charge, band), inside)
        quantity = work.round_quantity(billed)
        amount = quantity * Fraction(price) * units
        unit = charge.measure.unit
        work.write(part, charge.id, charge.kind, quantity=quantity, unit=unit, price=Fraction(price), amount=amount, band=band)


def _contract(work: Work, charge: ContractedCharge, band: str | None) -> Fraction:
    """Return the contracted kW of a period: the document's, else the agreement's [kW].

    Raises:
        TariffError: ``agreement.fact``: neither says it, or the agreement says less than 0.
    """
    if isinstance(charge.contracted, Decimal):
        return Fraction(charge.contracted)
    if charge.contracted is not None:
        return Fraction(charge.contracted[str(band)])
    name = charge.power if band is None else f"{charge.power}.{band}"
    if name not in work.agreement.facts:
        code = "agreement.fact"
        raise TariffError(code, f"charge {charge.id} asks for {name}, and the agreement does not say it")
    if work.agreement.facts[name] < 0:
        code = "agreement.fact"
        raise TariffError(code, f"charge {charge.id} asks for {name}, and the agreement says less than 0")
    return work.agreement.facts[name]


def _with_excess(charge: ContractedCharge, contract: Fraction, windows: Sequence[Window]) -> Fraction:
    """Return the kW billed: at least a share of the contract; above another, the excess several times."""
    if charge.excess is None:
        return contract
    below = contract * Fraction(charge.excess.below_percent) / 100
    above = contract * Fraction(charge.excess.above_percent) / 100
    peak = peak_of(windows, charge.measure)
    if peak < below:
        return below
    return peak + Fraction(charge.excess.times) * (peak - above) if peak > above else peak


def coincident(work: Work, charge: CoincidentCharge, part: Part) -> None:
    """Write a charge on the demand in the windows of an event."""
    zone = zone_of(work.tariff.clock)
    demands = []
    for window in work.tariff.events[charge.events]:
        starts, ends = instant_of(window.from_, zone), instant_of(window.to, zone)
        if ends <= work.period.starts_at or starts >= work.period.ends_at:
            continue
        every = [placed for each in work.period.parts for placed in work.use.intervals(each)]
        is_whole = work.period.starts_at <= starts and ends <= work.period.ends_at
        if not is_whole or any(_is_cut(placed, starts) or _is_cut(placed, ends) for placed in every):
            code = "events.edge"
            what = f"window {window.from_:%Y-%m-%dT%H:%M} of {charge.events}"
            raise TariffError(code, f"{what} is not wholly in the billing period, or cuts an interval")
        if not part.starts_at <= starts < part.ends_at:
            continue
        used = sum((placed.use.get(charge.quantity, ZERO) for placed in every if starts <= placed.start < ends), ZERO)
        demands.append(used * 3600 / ((ends - starts) // timedelta(seconds=1)))
    if demands:
        whole = {"max": max(demands), "sum": sum(demands, ZERO), "mean": sum(demands, ZERO) / len(demands)}[charge.agg]
        quantity, price = work.round_quantity(half_even(whole, MEAN_PLACES)), Fraction(charge.price)
        work.write(part, charge.id, charge.kind, quantity=quantity, unit="kW", price=price, amount=quantity * price)


def _is_cut(placed: Placed, instant: datetime) -> bool:
    return placed.start < instant < placed.end


def reactive(work: Work, charge: ReactiveCharge, part: Part) -> None:
    """Write a charge on reactive energy above a share of the active."""
    idle, active = work.use.of(charge.quantity, part), work.use.of(charge.of, part)
    measured: dict[str | None, tuple[Fraction, Fraction, Decimal]] = {}
    if isinstance(charge.price, dict):
        measured.update({band: (idle[band], active[band], price) for band, price in charge.price.items()})
    else:
        measured[None] = (sum(idle.values(), ZERO), sum(active.values(), ZERO), charge.price)
    for band, (kvarh, kwh, price) in measured.items():
        quantity = work.round_quantity(max(ZERO, kvarh - Fraction(charge.free_percent) / 100 * kwh))
        amount = quantity * Fraction(price)
        unit = unit_of(charge.quantity)
        work.write(part, charge.id, charge.kind, quantity=quantity, unit=unit, price=Fraction(price), amount=amount, band=band)


def power_factor(work: Work, charge: PowerFactorCharge, part: Part) -> None:
    """Write so many percent of other charges for each whole step that the power factor is below its target."""
    factor = power_factor_of(work, charge.quantity, charge.reactive, charge.places)
    if factor >= Fraction(charge.target):
        return
    steps = floor((Fraction(charge.target) - factor) / Fraction(charge.step))
    share = steps * Fraction(charge.percent) / 100
    whole = sum((line.amount for name in charge.of for line in work.lines_of(part, name)), ZERO)
    if steps:
        currency = work.tariff.currency
        work.write(part, charge.id, charge.kind, quantity=whole, unit=currency, price=share, amount=whole * share)
