"""One bill in the making: what is given, the lines made so far, and what the next billing period is to be given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from tariffs.charges.base import ChargeDocument
from tariffs.charges.measure import Measure
from tariffs.model import Charge, Tariff, Version
from tariffs.reference.bands import Calendar
from tariffs.reference.days import NOMINAL_MONTH_DAYS, Part, Period
from tariffs.reference.figures import AMOUNT_PLACES, HALF_UP, QUANTITY_PLACES, ZERO, half_even, rounded
from tariffs.reference.given import Agreement, Line
from tariffs.reference.use import Use, Window
from tariffs.series import PriceSeries

_NO_DECIMALS = frozenset(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF")
)
_THREE_DECIMALS = frozenset(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"))


@dataclass
class Work:
    """A bill in the making.

    Attributes:
        tariff: the document.
        period: the billing period.
        use: what was used.
        agreement: what is known of the agreement.
        given: what the billing period before handed over.
        series: prices in time.
        lines: the lines made so far.
        carried: what the next billing period is to be given, so far.
        windows: windows of demand that have been looked at, by position of the version and measure.
    """

    tariff: Tariff
    period: Period
    use: Use
    agreement: Agreement
    given: Mapping[str, Fraction]
    series: Mapping[str, PriceSeries]
    lines: list[Line] = field(default_factory=list)
    carried: dict[str, Fraction] = field(default_factory=dict)
    windows: dict[tuple[int, Measure], list[Window]] = field(default_factory=dict)

    def version(self, part: Part) -> Version:
        """Return the version of a part of the billing period."""
        return self.tariff.versions[part.version]

    def charges(self, part: Part) -> Sequence[Charge]:
        """Return the charges of a version, those that do not stand on this bill as well."""
        return self.version(part).charges

    def stands(self, charge: ChargeDocument) -> bool:
        """Tell whether a charge stands on this bill: in its months, and for agreements that have its option."""
        in_month = charge.months is None or self.period.month in charge.months
        return in_month and (charge.only_for is None or charge.only_for in self.agreement.options)

    def handed(self, name: str) -> Fraction:
        """Return what the billing period before handed over under a name; zero where nothing."""
        return self.given.get(name, ZERO)

    def lines_of(self, part: Part, charge_id: str) -> list[Line]:
        """Return the lines of a charge in one version."""
        since = self.version(part).from_
        return [line for line in self.lines if line.charge_id == charge_id and line.version == since]

    @cached_property
    def calendar(self) -> Calendar:
        """The periods of the tariff during the billing period."""
        return Calendar(self.tariff, self.period)

    @property
    def minor_unit(self) -> int:
        """Decimals of the currency's smallest coin."""
        if self.tariff.currency in _NO_DECIMALS:
            return 0
        return 3 if self.tariff.currency in _THREE_DECIMALS else 2

    def round_line(self, amount: Fraction) -> Fraction:
        """Round an amount as the tariff rounds lines: to the smallest coin where it says nothing."""
        rule = self.tariff.rounding.line
        if rule is None:
            return rounded(amount, self.minor_unit, HALF_UP)
        return amount if isinstance(rule, str) else rounded(amount, rule.places, rule.mode)

    def round_quantity(self, quantity: Fraction) -> Fraction:
        """Round a quantity before it is multiplied, where the tariff says so."""
        rule = self.tariff.rounding.quantity
        return quantity if isinstance(rule, str) else rounded(quantity, rule.places, rule.mode)

    def round_total(self) -> Fraction:
        """Return the total as the tariff rounds it: the sum of rounded lines, or the exact total rounded once."""
        rule = self.tariff.rounding.total
        exact = sum((line.amount for line in self.lines), ZERO)
        if rule is None and self.tariff.rounding.line == "none":
            return rounded(exact, self.minor_unit, HALF_UP)
        if rule is None or isinstance(rule, str):
            return sum((line.amount_rounded for line in self.lines), ZERO)
        return rounded(exact, rule.places, rule.mode)

    def write(
        self,
        part: Part,
        charge_id: str,
        kind: str,
        *,
        quantity: Fraction,
        unit: str,
        price: Fraction,
        amount: Fraction,
        amount_rounded: Fraction | None = None,
        band: str | None = None,
        tier: int | None = None,
        always: bool = False,
    ) -> None:
        """Put a line on the bill, if it has a quantity or an amount, or stands there always.

        Args:
            part: the version's part of the billing period.
            charge_id: the charge.
            kind: its kind.
            quantity: exact [unit].
            unit: of the quantity.
            price: per unit [currency/unit].
            amount: exact [currency].
            amount_rounded: where it is not the amount as the tariff rounds lines [currency].
            band: period of the tariff.
            tier: step of a ladder, from 1.
            always: the line stands there with nothing on it, too.
        """
        seen, amount = half_even(quantity, QUANTITY_PLACES), half_even(amount, AMOUNT_PLACES)
        on_bill = self.round_line(amount) if amount_rounded is None else amount_rounded
        if seen or amount or always:
            since = self.version(part).from_
            self.lines.append(Line(charge_id, kind, band, tier, since, seen, unit, price, amount, on_bill))


def part_of_months(part: Part, prorate: str) -> Fraction:
    """Return the months of a version's part of a billing period by a rule of proration [month]."""
    if prorate == "days_of_nominal_month":
        return len(part.days) / NOMINAL_MONTH_DAYS
    return part.months if prorate == "days_of_month" else part.share
