"""The formula of a line: what was multiplied with what, in words and in numbers that make the amount.

Every kind of line has one. What a bill row does not say by itself (days, parts of a month, the percentage behind a fraction, what
counted towards a minimum) is taken from the tariff that the bill was rated by.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from tariffs.calendar import version_spans
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power import Duration, duration_of
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.tax import TaxCharge
from tariffs.exact import plain
from tariffs.model import Charge, Tariff, Version
from tariffs.spans import VersionSpan

_LONGEST = 9
"""Decimals of a number that is written out; one that does not end there is written as a fraction."""
_SHOWN = 12


class Formula(NamedTuple):
    """What makes an amount.

    Attributes:
        words: what is multiplied: ``kW x days x price``.
        numbers: the same in numbers: ``5 kW x 31 days x 4 EUR/kW/day``.
        result: what the numbers make [currency].
    """

    words: str
    numbers: str
    result: Fraction


@dataclass(frozen=True)
class _Line:
    """A line with the part of the tariff that it is made by.

    Attributes:
        row: its row of ``CHARGE_LINES``.
        bill: its row of ``BILLS``.
        tariff: the document.
    """

    row: dict[str, Any]
    bill: dict[str, Any]
    tariff: Tariff

    @property
    def quantity(self) -> Decimal:
        return Decimal(self.row["quantity"])

    @property
    def price(self) -> Decimal:
        return Decimal(self.row["price"])

    @property
    def unit(self) -> str:
        return str(self.row["unit"])

    @property
    def currency(self) -> str:
        return str(self.bill["currency"])

    @property
    def version(self) -> Version:
        return next(version for version in self.tariff.versions if version.from_.isoformat() == self.row["tariff_version"])

    @property
    def charge(self) -> Charge | None:
        """The charge; None for lines of export, banks and rounding."""
        return next((charge for charge in self.version.charges if charge.id == self.row["charge_id"]), None)

    @property
    def spans(self) -> tuple[VersionSpan, ...]:
        starts_at, ends_at, clock = self.bill["starts_at"], self.bill["ends_at"], self.bill.get("billing_clock")
        return version_spans(self.tariff, starts_at=starts_at, ends_at=ends_at, billing_clock=clock)

    @property
    def span(self) -> VersionSpan:
        """The part of the billing period in which the line's version is in force."""
        return next(span for span in self.spans if self.tariff.versions[span.version] is self.version)

    def priced(self, per: str = "") -> str:
        """Return the price with its unit."""
        return f"{plain(self.price)} {self.currency}/{self.unit}{per}"

    def counted(self) -> str:
        """Return the quantity with its unit."""
        return f"{plain(self.quantity)} {self.unit}"


def formula_of(row: dict[str, Any], bill: dict[str, Any], tariff: Tariff) -> Formula:
    """Return the formula of a line.

    Args:
        row: its row of ``CHARGE_LINES``.
        bill: its row of ``BILLS``.
        tariff: the document that the bill was rated by.

    Raises:
        KeyError: a kind of line that has none; there is no such kind.
    """
    return FORMULAS[row["kind"]](_Line(row, bill, tariff))


def formula_text(row: dict[str, Any], bill: dict[str, Any], tariff: Tariff) -> str:
    """Return the formula of a line as a sentence; what the numbers make stands there too where the bill has it rounded."""
    words, numbers, result = formula_of(row, bill, tariff)
    amount = Fraction(row["amount"])
    exact = "" if result == amount else f"{_shown(result)}, on the bill "
    return f"{words}: {numbers} = {exact}{plain(row['amount'])} {bill['currency']}"


def _fixed(line: _Line) -> Formula:
    charge = line.charge
    units = charge.units_of(line.span) if isinstance(charge, FixedCharge) else Fraction(line.quantity)
    numbers = f"{_number(units)} {_plural(line.unit, units)} x {line.priced()}"
    return Formula("time x price", numbers, units * Fraction(line.price))


def _product(line: _Line) -> Formula:
    result = Fraction(line.quantity) * Fraction(line.price)
    if isinstance(_price_of(line), SeriesPrice):
        words = "the sum of each interval's quantity x its price, which is quantity x mean price"
        return Formula(words, f"{line.counted()} x {line.priced()} on average", result)
    return Formula("quantity x price", f"{line.counted()} x {line.priced()}", result)


def _price_of(line: _Line) -> object:
    export = line.version.export
    if line.row["kind"] == "export":
        return None if export is None else export.price
    return getattr(line.charge, "price", None)


def _power(line: _Line) -> Formula:
    charge = line.charge
    duration = Duration(Fraction(1), "", "")
    if isinstance(charge, DemandCharge):
        duration = duration_of(charge.per, charge.prorate, line.span)
    elif isinstance(charge, ContractedCharge):
        duration = duration_of(charge.per, "none", line.span)
    result = Fraction(line.quantity) * Fraction(line.price) * duration.units
    unit = duration.per.removeprefix("/")
    if not unit and duration.units == 1:
        return Formula("power x price", f"{line.counted()} x {line.priced()}", result)
    time = f"{_number(duration.units)} {_plural(unit, duration.units)}" if unit else f"{_number(duration.units)} of the period"
    return Formula("power x time x price", f"{line.counted()} x {time} x {line.priced(duration.per)}", result)


def _share(line: _Line) -> Formula:
    charge = line.charge
    words = "base x percentage"
    if isinstance(charge, PercentCharge) and charge.above is not None:
        words = f"what the base is above {plain(charge.above)} {line.currency} x percentage"
    return Formula(words, f"{line.counted()} x {plain(line.price * 100)} %", Fraction(line.quantity) * Fraction(line.price))


def _tax(line: _Line) -> Formula:
    charge = line.charge
    if not isinstance(charge, TaxCharge) or not charge.inclusive:
        return _share(line)
    sign = "-" if line.price < 0 else ""
    numbers = f"{line.counted()} x {sign}{plain(charge.percent)}/{plain(100 + charge.percent)}"
    result = Fraction(line.quantity) * charge.fraction * (-1 if sign else 1)
    return Formula("prices with tax x percentage / (100 + percentage)", numbers, result)


def _minimum(line: _Line) -> Formula:
    charge = line.charge
    if not isinstance(charge, MinimumCharge):
        return _money(line)
    spans = line.spans
    units = charge.units_of(sum(span.days for span in spans), sum((span.month_shares for span in spans), Fraction(0)))
    least = units * Fraction(charge.amount)
    counted = least - Fraction(line.quantity)
    unit = f"{_plural(charge.per, units)} x {plain(charge.amount)} {line.currency}/{charge.per}"
    numbers = f"{_number(units)} {unit} - {_number(counted)} {line.currency}"
    return Formula("time x minimum - what counts towards it", numbers, least - counted)


def _money(line: _Line) -> Formula:
    return Formula("money x sign", f"{line.counted()} x {plain(line.price)}", Fraction(line.quantity) * Fraction(line.price))


def _true_up(line: _Line) -> Formula:
    if line.unit == line.currency:
        return _money(line)
    return Formula("banked energy x price", f"{line.counted()} x {line.priced()}", Fraction(line.quantity) * Fraction(line.price))


def _rounding(line: _Line) -> Formula:
    total, amount = Decimal(line.bill["total"]), Decimal(line.row["amount"])
    numbers = f"{plain(total)} {line.currency} - {plain(total - amount)} {line.currency}"
    return Formula("total due - lines", numbers, Fraction(amount))


FORMULAS: dict[str, Callable[[_Line], Formula]] = {
    "fixed": _fixed,
    "energy": _product,
    "demand": _power,
    "contracted": _power,
    "coincident": _power,
    "reactive": _product,
    "power_factor": _share,
    "rider": _product,
    "percent": _share,
    "minimum": _minimum,
    "fee": _product,
    "tax": _tax,
    "tax_included": _tax,
    "export": _product,
    "bank": _money,
    "true_up": _true_up,
    "rounding": _rounding,
}
"""The formula of each kind of line."""


def _plural(unit: str, count: Fraction) -> str:
    return unit if abs(count) <= 1 or not unit else f"{unit}s"


def _number(value: Fraction) -> str:
    """Return a number written out, or as a fraction where its decimals do not end.

    >>> _number(Fraction(31, 4)), _number(Fraction(10, 31))
    ('7.75', '10/31')
    """
    if (10**_LONGEST * value).denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    return _shown(value)


def _shown(value: Fraction) -> str:
    return plain(Decimal(round(value * 10**_SHOWN)).scaleb(-_SHOWN))
