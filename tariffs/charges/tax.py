"""Taxes: one line per rate on the sum of what they are laid on, over all versions of the tariff (EN 16931, BR-CO-17).

``base: rounded`` taxes the amounts as they stand on the bill, ``exact`` those before rounding; without a word it is
``rounded`` where the tariff rounds lines. Export bears tax only where the agreement says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tariffs.charges.base import ChargeDocument
from tariffs.charges.export import CHARGE_ID as EXPORT_ID
from tariffs.charges.line import Line, LineColumn
from tariffs.charges.percent import Of, percent_sentence
from tariffs.clock import Integers
from tariffs.exact import AMOUNT_PLACES, total_of
from tariffs.scalars import INVALID, Name, Percent, one_of, problem, yes_or_no

KIND = "tax"
EXACT = "exact"


class TaxCharge(ChargeDocument):
    """``{id: gst, kind: tax, of: [supply, usage, discount], percent: "10"}``."""

    kind: Annotated[str, BeforeValidator(one_of(KIND))]
    of: Of
    percent: Percent
    code: Name | None = None
    base: Annotated[str, BeforeValidator(one_of(EXACT, "rounded"))] | None = None
    inclusive: Annotated[bool, BeforeValidator(yes_or_no)] = False
    """The prices contain the tax."""
    round_: Annotated[str, BeforeValidator(one_of("tax", "net"))] | None = Field(default=None, alias="round")
    """What is rounded where prices contain the tax: the tax, or the amount without it."""

    @model_validator(mode="after")
    def _says_what_is_rounded(self) -> Self:
        if self.inclusive != (self.round_ is not None):
            raise problem(INVALID, "'inclusive: true' and 'round: tax' or 'round: net' go together")
        return self

    @property
    def tax_code(self) -> str:
        """What the lines that bear it are marked with: its code, else its id."""
        return self.code if self.code is not None else self.id

    def rate_key(self) -> tuple[object, ...]:
        """Return what makes two tax charges (of two versions) one line."""
        return (self.tax_code, self.percent, self.base, self.inclusive, self.round_)


def tax_lines(
    charge: TaxCharge,
    *,
    base: Sequence[LineColumn],
    export: Sequence[LineColumn],
    export_taxed: Integers,
    currency: str,
) -> list[Line]:
    """Return the line of one tax rate, and where export bears it, the line of the agreements whose export does.

    Args:
        charge: the tax.
        base: the lines it is laid on.
        export: the lines of export that may bear it.
        export_taxed: booleans (n,): the agreement's export bears tax.
        currency: of the amounts.

    Returns:
        one or two lines, of which every agreement has at most one.
    """
    groups = [(base, ~export_taxed, ""), ([*base, *export], export_taxed, f", {EXPORT_ID}")]
    lines = []
    for columns, mask, named in groups if export and export_taxed.any() else [(base, None, "")]:
        amounts = [column.amount if charge.base == EXACT else column.rounded for column in columns]
        whole = total_of(amounts, len(export_taxed))
        whole = whole if mask is None else whole.where(mask)
        fraction = charge.percent / 100
        sentence = percent_sentence(charge.id, charge.percent, charge.of, currency, also=named)
        lines.append(Line(None, None, whole, currency, fraction, whole.times(fraction).at_most(AMOUNT_PLACES), sentence))
    return lines
