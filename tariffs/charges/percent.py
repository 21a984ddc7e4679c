"""Percentages: a share of other charges of the same tariff version, a discount where it is negative.

The share is taken of exact amounts, never of rounded ones. ``of: all`` means every charge but the percentages that stand after
it in the document, power factors, minimums and taxes. With ``above`` it is a share only of what the base exceeds that amount by;
where a billing period has two versions of the tariff, each has its part of the amount, by days.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, LineColumn, Sentence
from tariffs.exact import AMOUNT_PLACES, constant, plain, total_of
from tariffs.scalars import ListOf, Name, Percent, Price, one_of
from tariffs.spans import VersionSpan

KIND = "percent"
ALL = "all"


def _of_shape(value: object) -> str:
    return "~all" if isinstance(value, str) else "~list"


Of = Annotated[
    Annotated[Annotated[str, BeforeValidator(one_of(ALL))], Tag("~all")]
    | Annotated[Annotated[ListOf[Name], Field(min_length=1)], Tag("~list")],
    Discriminator(_of_shape),
]
"""Charges by id, or all of them."""


class PercentCharge(ChargeDocument):
    """``{id: discount, kind: percent, of: [usage], percent: "-3"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    of: Of
    percent: Percent
    above: Price | None = None
    """The share is taken of what the base exceeds this amount by [currency]."""


def percent_lines(
    charge: PercentCharge, span: VersionSpan, *, base: Sequence[LineColumn], agreements: int, currency: str
) -> list[Line]:
    """Return the one line of a percentage.

    Args:
        charge: the charge.
        span: the version's part of the billing period.
        base: the lines it is a share of.
        agreements: number of agreements n.
        currency: of the amounts.
    """
    whole = total_of([line.amount for line in base], agreements)
    beyond = ""
    if charge.above is not None:
        threshold = constant(Fraction(charge.above) * span.share, agreements)
        whole = total_of([whole, -threshold], agreements).positive()
        beyond = f" above {plain(charge.above)} {currency}"
    fraction = charge.percent / 100
    amount = whole.times(fraction).at_most(AMOUNT_PLACES)
    sentence = percent_sentence(charge.id, charge.percent, charge.of, currency, also=beyond)
    return [Line(None, None, whole, currency, fraction, amount, sentence)]


def percent_sentence(charge_id: str, percent: Decimal, of: str | tuple[str, ...], currency: str, *, also: str = "") -> Sentence:
    """Return the explanation of a share of other charges; ``also`` says what else there is to know of the base."""
    return Sentence(f"{charge_id}: {plain(percent)} % of ", f" {currency} ({names_of(of)}{also}) = ", f" {currency}")


def names_of(of: str | tuple[str, ...]) -> str:
    """Return the charges of a base in words."""
    return "all charges" if of == ALL else ", ".join(of)
