"""Energy fed into the grid: what it earns, what banked money pays, what a true-up pays out."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from schemas.errors import TariffError
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import Export
from tariffs.charges.prices import SeriesPrice
from tariffs.reference.days import Part
from tariffs.reference.figures import AMOUNT_PLACES, SERIES_PRICE_PLACES, ZERO, half_even
from tariffs.reference.netting import bank_name, net_kwh
from tariffs.reference.use import EXPORT_KWH, unit_of
from tariffs.reference.values import series_called, value_at
from tariffs.reference.work import Work
from tariffs.scalars import UNSUPPORTED

EXPORT, BANK, TRUE_UP = "export", "bank", "true_up"
BANKED_MONEY = "bank.money"
BANKED_KWH = bank_name(None)


def exports(work: Work) -> None:
    """Write what is earned and used in this billing period, and what banked money pays; keep what stays in the bank."""
    earned = ZERO
    for part in work.period.parts:
        export = work.version(part).export
        if export is None or not work.use.gives(EXPORT_KWH):
            continue
        if export.mode == "nem_money":
            earned += _surplus_money(work, export, part)
        elif export.mode != "nem_kwh":
            for band, quantity, price, amount in _earnings(work, export, part):
                if export.carry is None:
                    unit = unit_of(EXPORT_KWH)
                    work.write(part, EXPORT, EXPORT, quantity=quantity, unit=unit, price=price, amount=amount, band=band)
                else:
                    earned -= half_even(amount, AMOUNT_PLACES)
    _bank_money(work, earned)
    _bank_kwh(work)


def _earnings(work: Work, export: Export, part: Part) -> Sequence[tuple[str | None, Fraction, Fraction, Fraction]]:
    """Return for each line period, quantity, price and amount: a credit has a negative price."""
    use = work.use.of(EXPORT_KWH, part)
    if isinstance(export.price, SeriesPrice):
        return [_by_series(work, export.price, part)]
    if isinstance(export.price, dict):
        lines = [(band, work.round_quantity(used), -Fraction(export.price[str(band)])) for band, used in use.items()]
    else:
        lines = [(None, work.round_quantity(sum(use.values(), ZERO)), -Fraction(export.price or 0))]
    return [(band, quantity, price, quantity * price) for band, quantity, price in lines]


def _by_series(work: Work, price: SeriesPrice, part: Part) -> tuple[str | None, Fraction, Fraction, Fraction]:
    series = series_called(price.series, work.series)
    factor = -Fraction(price.times) / (1000 if price.per == "MWh" else 1)
    quantity = amount = ZERO
    for placed in work.use.intervals(part):
        used = placed.use.get(EXPORT_KWH, ZERO)
        quantity += used
        amount += used * value_at(series, placed.start) * factor
    return None, quantity, half_even(amount / quantity, SERIES_PRICE_PLACES) if quantity else ZERO, amount


def _surplus_money(work: Work, export: Export, part: Part) -> Fraction:
    """Return what the surplus of each period earns for the bank [currency]."""
    if isinstance(export.price, SeriesPrice):
        raise TariffError(UNSUPPORTED, "export.price: net kWh have no intervals that a series could price")
    earned = ZERO
    for band, net in net_kwh(work, part).items():
        price = export.price[str(band)] if isinstance(export.price, dict) else export.price
        surplus = work.round_quantity(max(ZERO, -net))
        earned += half_even(surplus * Fraction(price or 0), AMOUNT_PLACES)
    return earned


def _bank_money(work: Work, earned: Fraction) -> None:
    """Let the bank pay energy charges; money of ``carry: next_month`` comes into it afterwards."""
    before = work.handed(BANKED_MONEY)
    banks = [part for part in work.period.parts if _banks_money(work.version(part).export)]
    if not banks:
        work.carried[BANKED_MONEY] = before
        return
    part = banks[-1]
    export = work.version(part).export
    same_month = export is not None and export.mode == "nem_money"
    bank = before + earned if same_month else before
    used = max(ZERO, min(bank, _offset(work, export)))
    if used:
        work.write(part, BANK, BANK, quantity=Fraction(1), unit=work.tariff.currency, price=-used, amount=-used)
    work.carried[BANKED_MONEY] = bank - used if same_month else bank - used + earned


def _banks_money(export: Export | None) -> bool:
    return export is not None and (export.mode == "nem_money" or export.carry is not None)


def _offset(work: Work, export: Export | None) -> Fraction:
    """Return what banked money may pay: all lines of energy charges, or of the charges named [currency]."""
    names = None if export is None or isinstance(export.offsets, str) else export.offsets
    paid = ZERO
    for part in work.period.parts:
        for charge in work.charges(part):
            if isinstance(charge, EnergyCharge) if names is None else charge.id in names:
                paid += sum((line.amount for line in work.lines_of(part, charge.id)), ZERO)
    return paid


def _bank_kwh(work: Work) -> None:
    """Keep the surplus kWh of each period; a period that the version does not have keeps its own."""
    work.carried.update({name: kwh for name, kwh in work.given.items() if name.startswith(BANKED_KWH)})
    part = work.period.parts[-1]
    export = work.version(part).export
    if export is not None and export.mode == "nem_kwh":
        for band, net in net_kwh(work, part).items():
            work.carried[bank_name(band)] = max(ZERO, work.handed(bank_name(band)) - net)


def true_up(work: Work) -> None:
    """Write what the bank pays out in the month of true-up; it starts empty."""
    part = work.period.parts[-1]
    export = work.version(part).export
    if export is None or export.true_up != work.period.month:
        return
    names = [name for name in work.carried if name.startswith(BANKED_KWH)]
    kwh = sum((work.carried[name] for name in names), ZERO)
    if export.mode == "nem_kwh":
        price = -Fraction(export.pays or 0)
        if not export.expires:
            unit = unit_of(EXPORT_KWH)
            work.write(part, TRUE_UP, TRUE_UP, quantity=kwh, unit=unit, price=price, amount=kwh * price)
        work.carried.update(dict.fromkeys(names, ZERO))
        return
    money = work.carried.get(BANKED_MONEY, ZERO)
    if not export.expires and money:
        work.write(part, TRUE_UP, TRUE_UP, quantity=Fraction(1), unit=work.tariff.currency, price=-money, amount=-money)
    work.carried[BANKED_MONEY] = ZERO
