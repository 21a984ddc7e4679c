"""Percentages: a share of other charges of the same tariff version, a discount where it is negative.

The share is taken of exact amounts, never of rounded ones. ``of: all`` means every fixed, energy and rider charge, and the
percentages that stand before it in the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Discriminator, Field, Tag

from tariffs.charges.base import ChargeDocument
from tariffs.charges.line import Line, LineColumn, Sentence
from tariffs.exact import AMOUNT_PLACES, plain, total_of
from tariffs.scalars import ListOf, Name, Percent, Price, one_of

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


def percent_lines(charge: PercentCharge, *, base: Sequence[LineColumn], agreements: int, currency: str) -> list[Line]:
    """Return the one line of a percentage.

    Args:
        charge: the charge.
        base: the lines it is a share of.
        agreements: number of agreements n.
        currency: of the amounts.
    """
    whole = total_of([line.amount for line in base], agreements)
    fraction = charge.percent / 100
    amount = whole.times(fraction).at_most(AMOUNT_PLACES)
    return [Line(None, None, whole, currency, fraction, amount, percent_sentence(charge.id, charge.percent, charge.of, currency))]


def percent_sentence(charge_id: str, percent: Decimal, of: str | tuple[str, ...], currency: str, *, also: str = "") -> Sentence:
    """Return the explanation of a share of other charges; ``also`` names what else it is taken of."""
    names = "all charges" if of == ALL else ", ".join(of)
    return Sentence(f"{charge_id}: {plain(percent)} % of ", f" {currency} ({names}{also}) = ", f" {currency}")
