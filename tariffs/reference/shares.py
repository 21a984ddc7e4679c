"""Charges on other charges: percentages, minimum bills, taxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from tariffs.charges.export import Export
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.tax import TaxCharge
from tariffs.reference.days import Part
from tariffs.reference.figures import AMOUNT_PLACES, HALF_UP, ZERO, half_even, rounded
from tariffs.reference.given import Line
from tariffs.reference.work import Work, part_of_months

EXPORT = "export"
Rate = tuple[Any, ...]
"""What makes taxes of several versions one line; last the rates that are laid on it."""
_OF_NO_SHARE = (TaxCharge, MinimumCharge, PowerFactorCharge)
"""Kinds that a percentage of ``all`` leaves out."""


def percent(work: Work, charge: PercentCharge, part: Part) -> None:
    """Write a share of the exact amounts of other charges of the version."""
    whole = sum((line.amount for name in _named(work, charge, part) for line in work.lines_of(part, name)), ZERO)
    if charge.above is not None:
        whole = max(ZERO, whole - half_even(Fraction(charge.above) * part.share, AMOUNT_PLACES))
    share = Fraction(charge.percent) / 100
    work.write(part, charge.id, charge.kind, quantity=whole, unit=work.tariff.currency, price=share, amount=whole * share)


def _named(work: Work, charge: PercentCharge, part: Part) -> Sequence[str]:
    if not isinstance(charge.of, str):
        return charge.of
    charges = work.charges(part)
    place = charges.index(charge)
    return [
        other.id
        for number, other in enumerate(charges)
        if not isinstance(other, _OF_NO_SHARE) and (number < place or not isinstance(other, PercentCharge))
    ]


def minimums(work: Work) -> None:
    """Write what the newest version's minimum bills add; they look at the whole billing period."""
    part = work.period.parts[-1]
    before = tuple(work.lines)
    for charge in work.charges(part):
        if isinstance(charge, MinimumCharge):
            covered = [line.amount for line in before if isinstance(charge.covers, str) or line.charge_id in charge.covers]
            _minimum(work, charge, part, max(ZERO, sum(covered, ZERO)))


def _minimum(work: Work, charge: MinimumCharge, part: Part, reached: Fraction) -> None:
    """Write one minimum bill, given what the lines it covers come to [currency]."""
    least = _least(work, charge)
    if charge.per == "year":
        name = f"minimum|{charge.id}|{work.period.first_day.year}"
        reached += work.handed(name)
        if not work.period.ends_the_year:
            work.carried[name] = reached
            return
    added = max(ZERO, least - reached)
    if added and work.stands(charge):
        price = Fraction(charge.amount)
        work.write(part, charge.id, charge.kind, quantity=Fraction(1), unit=charge.per, price=price, amount=added)


def _least(work: Work, charge: MinimumCharge) -> Fraction:
    """Return what the billing period, or the year, comes to at least [currency]."""
    amount = Fraction(charge.amount)
    if charge.per == "day":
        return amount * len(work.period.days)
    if charge.per == "year" or charge.prorate == "none":
        return amount
    return amount * sum((part_of_months(part, charge.prorate) for part in work.period.parts), ZERO)


def taxes(work: Work) -> None:
    """Write a line for each rate of tax, over all versions; a tax before those that are laid on it."""
    rates: dict[Rate, list[tuple[TaxCharge, Part]]] = {}
    for part in work.period.parts:
        for charge, rate in _rates_of(work, part).values():
            if work.stands(charge):
                rates.setdefault(rate, []).append((charge, part))
    made: dict[Rate, list[Line]] = {}
    for rate in sorted(rates, key=_taxed_above, reverse=True):
        before = len(work.lines)
        _tax(work, rates[rate], made)
        made[rate] = [line for line in work.lines[before:] if line.kind == "tax"]


def _rates_of(work: Work, part: Part) -> dict[str, tuple[TaxCharge, Rate]]:
    """Return the taxes of a version, each with what makes it one line with that of another version.

    That is its own rate, and those of the taxes laid on it: they are laid on whole lines.
    """
    taxes = [charge for charge in work.charges(part) if isinstance(charge, TaxCharge)]
    taxes = [tax for tax in taxes if tax.months is None or work.period.month in tax.months]
    found: dict[str, tuple[TaxCharge, Rate]] = {}
    for tax in reversed(taxes):
        above = tuple(found[other.id][1] for other in taxes if other.id in found and tax.id in _named_by(other))
        rate = (tax.code or tax.id, tax.percent, tax.base, tax.inclusive, tax.round_, tax.only_for, above)
        found[tax.id] = (tax, rate)
    return {tax.id: found[tax.id] for tax in taxes}


def _named_by(tax: TaxCharge) -> Sequence[str]:
    return () if isinstance(tax.of, str) else tax.of


def _taxed_above(rate: Rate) -> int:
    """Return how many taxes lie one on the other above a rate."""
    return max((1 + _taxed_above(above) for above in rate[-1]), default=0)


def _tax(work: Work, laid: Sequence[tuple[TaxCharge, Part]], made: Mapping[Rate, Sequence[Line]]) -> None:
    """Write the line of one rate: of prices that contain it, a second one takes it out of them again."""
    charge, part = laid[-1]
    lines = [line for each, of_part in laid for line in _taxed(work, each, of_part)]
    # a tax on a tax that two versions name is laid on it once
    below = {rate: None for each, of_part in laid for rate in _rates_below(work, each, of_part)}
    lines += [line for rate in below for line in made.get(rate, ())]
    base = [line.amount if charge.base == "exact" else line.amount_rounded for line in lines]
    whole, percent_ = sum(base, ZERO), Fraction(charge.percent)
    share = percent_ / (100 + percent_) if charge.inclusive else percent_ / 100
    each = base if _by_line(work) else [whole]
    if charge.round_ == "net":
        on_bill = whole - sum((_round_tax(work, amount * (1 - share)) for amount in each), ZERO)
    else:
        on_bill = sum((_round_tax(work, amount * share) for amount in each), ZERO)
    unit = work.tariff.currency
    work.write(part, charge.id, charge.kind, quantity=whole, unit=unit, price=share, amount=whole * share, amount_rounded=on_bill)
    if charge.inclusive:
        kind = "tax_included"
        work.write(part, charge.id, kind, quantity=whole, unit=unit, price=-share, amount=-whole * share, amount_rounded=-on_bill)


def _rates_below(work: Work, charge: TaxCharge, part: Part) -> list[Rate]:
    """Return the rates that a tax is laid on."""
    rates = _rates_of(work, part)
    return [rates[name][1] for name in _named_by(charge) if name in rates]


def _taxed(work: Work, charge: TaxCharge, part: Part) -> list[Line]:
    """Return the lines of a version that a tax is laid on, taxes apart; of all: every charge but taxes and minimum bills."""
    taxes = {each.id for each in work.charges(part) if isinstance(each, TaxCharge)}
    if isinstance(charge.of, str):
        names: Sequence[str] = [each.id for each in work.charges(part) if not isinstance(each, TaxCharge | MinimumCharge)]
    else:
        names = [name for name in charge.of if name not in taxes]
    lines = [line for name in names for line in work.lines_of(part, name)]
    export = work.version(part).export
    if export is not None and work.agreement.export_taxed and _bears(export, charge):
        lines += [line for line in work.lines_of(part, EXPORT) if line.kind == EXPORT]
    return lines


def _bears(export: Export, charge: TaxCharge) -> bool:
    return export.tax is None or charge.id in export.tax


def _by_line(work: Work) -> bool:
    return work.tariff.rounding.tax is not None and work.tariff.rounding.tax.on == "line"


def _round_tax(work: Work, amount: Fraction) -> Fraction:
    """Round a tax as the tariff rounds taxes: as lines where it says nothing."""
    amount = half_even(amount, AMOUNT_PLACES)
    rule, line = work.tariff.rounding.tax, work.tariff.rounding.line
    if rule is None:
        return work.round_line(amount)
    places, mode = (work.minor_unit, HALF_UP) if line is None or isinstance(line, str) else (line.places, line.mode)
    return rounded(amount, places if rule.places is None else rule.places, rule.mode or mode)
