"""Charges on time and on energy: fixed, energy, riders, fees."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from schemas.errors import TariffError
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tiers import Tiers
from tariffs.reference.days import NOMINAL_MONTH_DAYS, Part
from tariffs.reference.figures import QUANTITY_PLACES, SERIES_PRICE_PLACES, ZERO, half_even, share_out
from tariffs.reference.ladders import climb, climb_on, limits_of, shown
from tariffs.reference.netting import billed_kwh, is_netted
from tariffs.reference.use import Bands, Placed, unit_of
from tariffs.reference.values import series_called, value_at
from tariffs.reference.work import Work, part_of_months
from tariffs.scalars import UNSUPPORTED, MonthDay

Steps = dict[str | None, list[Fraction]]
"""For each period (None for all together), what falls on each step of the ladder."""


def fixed(work: Work, charge: FixedCharge, part: Part) -> None:
    """Write a charge by time."""
    quantity, price = _units(charge, part), Fraction(charge.price)
    by_share = charge.per == "month" and charge.prorate == "none"
    always = (bool(part.days) or part.share == 1) and charge.only_for is None
    seen = part.shown if by_share else quantity
    work.write(part, charge.id, charge.kind, quantity=seen, unit=charge.per, price=price, amount=quantity * price, always=always)


def _units(charge: FixedCharge, part: Part) -> Fraction:
    """Return the days, months or years that fall to a version."""
    if charge.per == "day":
        return part.months * NOMINAL_MONTH_DAYS if charge.days == "nominal_month" else Fraction(len(part.days))
    return part.share / 12 if charge.per == "year" else part_of_months(part, charge.prorate)


def fee(work: Work, charge: FeeCharge, part: Part) -> None:
    """Write a one-off fee where its moment has come."""
    if _has_come(work, charge, part):
        price = Fraction(charge.price)
        work.write(part, charge.id, charge.kind, quantity=Fraction(1), unit="fee", price=price, amount=price)


def _has_come(work: Work, charge: FeeCharge, part: Part) -> bool:
    if isinstance(charge.when, date):
        return charge.when in part.days
    if charge.when == "start":
        return work.agreement.started and part == work.period.parts[0]
    return work.agreement.ended and part == work.period.parts[-1]


def rider(work: Work, charge: RiderCharge, part: Part) -> None:
    """Write an adder on every kWh."""
    netted = charge.net and is_netted(work.version(part), charge.quantity)
    if isinstance(charge.price, SeriesPrice):
        if netted:
            raise TariffError(UNSUPPORTED, f"rider {charge.id} has a price for each interval, and net kWh have no intervals")
        _by_series(work, charge, charge.price, part)
        return
    use = billed_kwh(work, charge.quantity, part) if netted else work.use.of(charge.quantity, part)
    quantity, price = work.round_quantity(sum(use.values(), ZERO)), Fraction(charge.price)
    unit = unit_of(charge.quantity)
    work.write(part, charge.id, charge.kind, quantity=quantity, unit=unit, price=price, amount=quantity * price)


def energy(work: Work, charge: EnergyCharge, part: Part) -> None:
    """Write a charge on energy."""
    if isinstance(charge.price, SeriesPrice):
        if is_netted(work.version(part), charge.quantity):
            raise TariffError(UNSUPPORTED, f"charge {charge.id} has a price for each interval, and net kWh have no intervals")
        _by_series(work, charge, charge.price, part)
        return
    use = billed_kwh(work, charge.quantity, part)
    if charge.tiers is None:
        together: Bands = use if isinstance(charge.price, dict) else {None: sum(use.values(), ZERO)}
        for band, used in together.items():
            if _is_priced(charge, band):
                _write(work, charge, part, band, None, used, used)
        return
    steps = _steps(work, charge, charge.tiers, part, use)
    for (band, tier), seen in _seen(charge, steps).items():
        if _is_priced(charge, band):
            _write(work, charge, part, band, tier, steps[band][tier - 1], seen)


def _is_priced(charge: EnergyCharge, band: str | None) -> bool:
    """Tell whether a charge prices a period; charges that share the periods among them each price some."""
    return not isinstance(charge.price, dict) or band in charge.price


def _write(
    work: Work, charge: EnergyCharge, part: Part, band: str | None, tier: int | None, used: Fraction, seen: Fraction
) -> None:
    price = _price(charge, band, tier)
    quantity = work.round_quantity(used)
    seen = seen if quantity == used else quantity
    unit = unit_of(charge.quantity)
    amount = quantity * price
    work.write(part, charge.id, charge.kind, quantity=seen, unit=unit, price=price, amount=amount, band=band, tier=tier)


def _price(charge: EnergyCharge, band: str | None, tier: int | None) -> Fraction:
    """Return the price of a step in a period; one price holds for all steps, and for all periods."""
    price = charge.price[str(band)] if isinstance(charge.price, dict) else charge.price
    if isinstance(price, SeriesPrice):
        message = f"charge {charge.id} has the prices of a series"
        raise TypeError(message)
    return Fraction(price[(tier or 1) - 1] if isinstance(price, tuple) else price)


def _by_series(work: Work, charge: EnergyCharge | RiderCharge, price: SeriesPrice, part: Part) -> None:
    """Write the one line of a price that each interval has of its own."""
    series = series_called(price.series, work.series)
    factor = Fraction(price.times) / (1000 if price.per == "MWh" else 1)
    quantity = amount = ZERO
    for placed in work.use.intervals(part):
        used = placed.use.get(charge.quantity, ZERO)
        quantity += used
        amount += used * value_at(series, placed.start) * factor
    mean = half_even(amount / quantity, SERIES_PRICE_PLACES) if quantity else ZERO
    work.write(part, charge.id, charge.kind, quantity=quantity, unit=unit_of(charge.quantity), price=mean, amount=amount)


def _seen(charge: EnergyCharge, steps: Steps) -> dict[tuple[str | None, int], Fraction]:
    """Return the quantities as lines show them: at nine decimals, adding up."""
    tiers = charge.tiers
    if len(steps) <= 1 or tiers is None or tiers.scope == "each_period" or tiers.fill == "time_order":
        return {(band, tier): each for band, of in steps.items() for tier, each in enumerate(shown(of), start=1)}
    # a step that all periods share: what its periods show adds up to what it shows
    wholes = [sum(step, ZERO) for step in zip(*steps.values(), strict=True)]
    if not sum(wholes, ZERO):
        return {(band, tier): half_even(each, QUANTITY_PLACES) for band, of in steps.items() for tier, each in enumerate(of, 1)}
    weights = [sum(of, ZERO) for of in steps.values()]
    seen = {}
    for tier, whole in enumerate(shown(wholes), start=1):
        parts = share_out(weights, int(whole * 10**QUANTITY_PLACES))
        seen.update({(band, tier): Fraction(each, 10**QUANTITY_PLACES) for band, each in zip(steps, parts, strict=True)})
    return dict(sorted(seen.items(), key=lambda item: list(steps).index(item[0][0])))


def _steps(work: Work, charge: EnergyCharge, tiers: Tiers, part: Part, use: Bands) -> Steps:
    """Return what falls on each step of a ladder."""
    if tiers.reset == "day" or (tiers.fill == "time_order" and tiers.scope != "each_period" and isinstance(charge.price, dict)):
        return _in_time_order(work, charge, tiers, part)
    if tiers.scope == "each_period":
        return {band: _climbed(work, charge, part, band, used) for band, used in use.items() if used}
    whole = sum(use.values(), ZERO)
    standing = _standing_on(work, charge, tiers, part)
    together = _climbed(work, charge, part, None, whole)
    if not isinstance(charge.price, dict):
        return {None: together}
    # pro rata: each step is shared between the periods in proportion to their kWh
    if whole:
        return {band: [step * used / whole for step in together] for band, used in use.items() if used}
    # periods that cancel each other out stand where the ladder stands
    return {band: [used * (place == standing) for place in range(tiers.steps)] for band, used in use.items() if used}


def _standing_on(work: Work, charge: EnergyCharge, tiers: Tiers, part: Part) -> int:
    """Return the position of the step that the next kWh on the ladder of all periods falls on."""
    before = _before(work, charge, tiers)
    return sum(limit <= before for limit in limits_of(work, tiers, part, None))


def _climbed(work: Work, charge: EnergyCharge, part: Part, band: str | None, used: Fraction) -> list[Fraction]:
    """Return what falls on each step of one ladder; that of a year goes on from where the billing period before left it."""
    tiers = charge.tiers
    if tiers is None:
        return [used]
    limits = limits_of(work, tiers, part, band)
    if tiers.per != "year":
        return climb(used, limits)
    name = ladder_name(work, charge, tiers, band)
    before = work.carried.get(name, work.handed(name))
    work.carried[name] = before + used
    return climb_on(before, used, limits)


def _in_time_order(work: Work, charge: EnergyCharge, tiers: Tiers, part: Part) -> Steps:
    """Return what falls on each step where a ladder fills as the intervals come; it may start anew each local day."""
    if is_netted(work.version(part), charge.quantity):
        raise TariffError(UNSUPPORTED, f"charge {charge.id} climbs its ladder in time order, and net kWh have no order")
    by_band = tiers.scope == "each_period"
    limits = {band: limits_of(work, tiers, part, band) for band in (work.use.of(charge.quantity, part) if by_band else [None])}
    lines: Steps = {}
    reached: dict[tuple[str | None, date | None], Fraction] = {}
    for placed in work.use.intervals(part):
        ladder = placed.band_of(charge.quantity) if by_band else None
        day = placed.wall.date() if tiers.reset == "day" else None
        before = reached.get((ladder, day), _before(work, charge, tiers))
        used = placed.use.get(charge.quantity, ZERO)
        reached[ladder, day] = before + used
        _add(lines, _line_of(charge, tiers, placed), climb_on(before, used, limits[ladder]))
    if tiers.per == "year":
        name = ladder_name(work, charge, tiers, None)
        work.carried[name] = reached.get((None, None), _before(work, charge, tiers))
    # the periods stand in document order, whichever of them came first
    order = list(work.use.of(charge.quantity, part))
    return dict(sorted(lines.items(), key=lambda item: order.index(item[0]) if item[0] in order else 0))


def _before(work: Work, charge: EnergyCharge, tiers: Tiers) -> Fraction:
    """Return how far a ladder has been climbed before this part of the billing period."""
    if tiers.per != "year":
        return ZERO
    name = ladder_name(work, charge, tiers, None)
    return work.carried.get(name, work.handed(name))


def _line_of(charge: EnergyCharge, tiers: Tiers, placed: Placed) -> str | None:
    """Return the period of the line that an interval's use stands on."""
    apart = isinstance(charge.price, dict) or tiers.scope == "each_period"
    return placed.band_of(charge.quantity) if apart else None


def _add(lines: Steps, band: str | None, steps: list[Fraction]) -> None:
    so_far = lines.get(band, [ZERO] * len(steps))
    lines[band] = [low + high for low, high in zip(so_far, steps, strict=True)]


def ladder_name(work: Work, charge: EnergyCharge, tiers: Tiers, band: str | None) -> str:
    """Return the name that the climb of a year is carried under: that of the year of the billing period's first local day."""
    day = work.period.first_day
    year = day.year if (day.month, day.day) >= tuple(tiers.year_from) else day.year - 1
    own = "" if band is None else f"|{band}"
    return f"ladder|{charge.id}|{_first_day(year, tiers.year_from)}{own}"


def _first_day(year: int, begins: MonthDay) -> date:
    """Return the day that a ladder's year begins on; 29 February is 1 March in years that have none."""
    try:
        return date(year, begins.month, begins.day)
    except ValueError:
        return date(year, 3, 1)
