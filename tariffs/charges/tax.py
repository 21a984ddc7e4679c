"""Taxes: one line per rate on the sum of what they are laid on, over all versions of the tariff (EN 16931, BR-CO-17).

``base: rounded`` taxes the amounts as they stand on the bill, ``exact`` those before rounding; without a word it is
``rounded`` where the tariff rounds lines. Export bears tax only where the agreement says so. A tax may be laid on a tax that
stands before it.

With ``inclusive: true`` the prices contain the tax: of a base B at p percent, B x p / (100 + p) is tax. Either that is rounded
(``round: tax``), or the amount without it, and the tax is what remains (``round: net``); never both. A second line of kind
``tax_included`` takes the tax out of the prices, so that the total stays what it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.export import CHARGE_ID as EXPORT_ID
from tariffs.charges.line import Line, LineColumn, Sentence
from tariffs.charges.percent import Of, names_of, percent_sentence
from tariffs.clock import Integers
from tariffs.exact import AMOUNT_PLACES, Exact, plain, total_of
from tariffs.rounding import Places
from tariffs.scalars import INVALID, PRICE_PLACES, Name, Percent, one_of, problem, yes_or_no

KIND = "tax"
INCLUDED = "tax_included"
"""Kind of the line that takes a tax out of the prices that contain it."""
EXACT = "exact"
TAX, NET = "tax", "net"
_HUNDRED = 100


class TaxCharge(ChargeDocument):
    """``{id: gst, kind: tax, of: [supply, usage, discount], percent: "10"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    of: Of
    percent: Percent
    code: Name | None = None
    base: Annotated[str, BeforeValidator(one_of(EXACT, "rounded"))] | None = None
    inclusive: Annotated[bool, BeforeValidator(yes_or_no)] = False
    """The prices contain the tax."""
    round_: Annotated[str, BeforeValidator(one_of(TAX, NET))] | None = Field(default=None, alias="round")
    """What is rounded where prices contain the tax: the tax, or the amount without it."""

    @model_validator(mode="after")
    def _says_what_is_rounded(self) -> Self:
        if self.inclusive != (self.round_ is not None):
            raise problem(INVALID, "'inclusive: true' and 'round: tax' or 'round: net' go together")
        if self.inclusive and self.percent < 0:
            raise problem(INVALID, "a tax that prices contain is 0 percent or more")
        return self

    @property
    def tax_code(self) -> str:
        """What the lines that bear it are marked with: its code, else its id."""
        return self.code if self.code is not None else self.id

    @property
    def fraction(self) -> Fraction:
        """What of its base is tax."""
        return Fraction(self.percent) / (_HUNDRED + Fraction(self.percent) if self.inclusive else _HUNDRED)

    @property
    def shown_fraction(self) -> Decimal:
        """The fraction as the price of a line: 12 decimals, half to even."""
        if not self.inclusive:
            return self.percent / _HUNDRED
        number = self.fraction * 10**PRICE_PLACES
        return Decimal(round(number)).scaleb(-PRICE_PLACES)

    def rate_key(self) -> tuple[object, ...]:
        """Return what makes two tax charges (of two versions) one line."""
        return (self.tax_code, self.percent, self.base, self.inclusive, self.round_, self.only_for)


class TaxLine(NamedTuple):
    """A line of tax, and its amount as the tax is rounded: (n,) [currency]."""

    line: Line
    rounded: Exact


def tax_lines(
    charge: TaxCharge,
    *,
    base: Sequence[LineColumn],
    export: Sequence[LineColumn],
    export_taxed: Integers,
    currency: str,
    rule: Places | None,
    each_line: bool,
) -> list[TaxLine]:
    """Return the line of one tax rate, and where export bears it, the line of the agreements whose export does.

    Args:
        charge: the tax.
        base: the lines it is laid on.
        export: the lines of export that may bear it.
        export_taxed: booleans (n,): the agreement's export bears tax.
        currency: of the amounts.
        rule: how a tax is rounded; None where it is not.
        each_line: the tax of each line is rounded, and then they are added up.

    Returns:
        one or two lines, of which every agreement has at most one.
    """
    groups = [(base, ~export_taxed, ""), ([*base, *export], export_taxed, f", {EXPORT_ID}")]
    lines = []
    for columns, mask, named in groups if export and export_taxed.any() else [(base, None, "")]:
        amounts = [column.amount if charge.base == EXACT else column.rounded for column in columns]
        amounts = amounts if mask is None else [amount.where(mask) for amount in amounts]
        lines.append(_tax_line(charge, amounts, len(export_taxed), currency, rule, named, each_line=each_line))
    return lines


def _tax_line(
    charge: TaxCharge, amounts: Sequence[Exact], rows: int, currency: str, rule: Places | None, named: str, *, each_line: bool
) -> TaxLine:
    whole = total_of(amounts, rows)
    rounded = total_of([_rounded_tax(charge, amount, rule) for amount in (amounts if each_line else [whole])], rows)
    amount = _rounded_tax(charge, whole, None)
    if charge.inclusive:
        before, base = f"{charge.id}: {plain(charge.percent)} % contained in ", f"({names_of(charge.of)}{named})"
        sentence = Sentence(before, f" {currency} {base} = ", f" {currency}")
    else:
        sentence = percent_sentence(charge.id, charge.percent, charge.of, currency, also=named)
    return TaxLine(Line(None, None, whole, currency, charge.shown_fraction, amount, sentence), rounded)


def _rounded_tax(charge: TaxCharge, amount: Exact, rule: Places | None) -> Exact:
    """Return the tax on an amount as the rule rounds it: the amount as the line shows it, at 18 decimals, is what is rounded."""
    if rule is not None and charge.round_ == NET:
        net = amount.by(1 - charge.fraction).at_most(AMOUNT_PLACES)
        return total_of([amount, -net.rounded(rule.places, rule.mode)], len(amount))
    tax = amount.by(charge.fraction) if charge.inclusive else amount.times(charge.shown_fraction)
    tax = tax.at_most(AMOUNT_PLACES)
    return tax if rule is None else tax.rounded(rule.places, rule.mode)


def included_line(charge: TaxCharge, line: Line) -> Line:
    """Return the line that takes a tax out of the prices that contain it, so that the total stays.

    Args:
        charge: the tax.
        line: the line of the tax.
    """
    sentence = Sentence(f"{charge.id}: taken out of ", f"{line.sentence.after} of prices that contain it = ", line.sentence.after)
    return line._replace(price=-charge.shown_fraction, amount=-line.amount, sentence=sentence)
