"""One line of the bill for all agreements at once: a column of quantities, a column of amounts, one price."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from tariffs.clock import Integers
from tariffs.exact import AMOUNT_PLACES, Exact
from tariffs.rounding import Places
from tariffs.scalars import QUANTITY_PLACES


class Sentence(NamedTuple):
    """The explanation around the two numbers that differ from agreement to agreement."""

    before: str
    """Stands before the quantity: ``"usage in peak: "``."""
    between: str
    """Stands between quantity and amount: ``" kWh at 0.4863 AUD/kWh = "``."""
    after: str
    """Stands after the amount: ``" AUD"``."""


class LineHeader(NamedTuple):
    """Where a line stands in the tariff."""

    charge_id: str
    kind: str
    version: int
    """Position of the tariff version."""
    tax_codes: tuple[str, ...]
    """Taxes laid on it."""


class Line(NamedTuple):
    """What a kind of charge knows of a line; ``finish`` makes the column of it.

    Attributes:
        band: period of the tariff; None where the charge has none.
        tier: step of the ladder, from 1; None where there is none.
        quantity: (n,) what was multiplied [unit].
        unit: unit of the quantity.
        price: per unit [currency/unit]; a column (n,) where agreements pay different averages.
        amount: (n,) exact [currency]; divisions inside it at 18 decimals.
        sentence: the explanation.
        always: the line stands on the bill though its quantity is zero.
    """

    band: str | None
    tier: int | None
    quantity: Exact
    unit: str
    price: Decimal | Exact
    amount: Exact
    sentence: Sentence
    always: bool = False

    def only_for(self, mask: Integers) -> Line:
        """Return the line with nothing on it for the agreements that the mask leaves out."""
        return self._replace(quantity=self.quantity.where(mask), amount=self.amount.where(mask), always=False)

    def finish(self, header: LineHeader, rule: Places | None) -> LineColumn:
        """Return the line as a column of the bill: quantity at nine decimals at most, amount also as ``rule`` rounds it."""
        amount = self.amount.at_most(AMOUNT_PLACES)
        rounded = amount if rule is None else amount.rounded(rule.places, rule.mode)
        seen = self._replace(quantity=self.quantity.at_most(QUANTITY_PLACES), amount=amount)
        return LineColumn(header, seen, rounded)


@dataclass(frozen=True)
class LineColumn:
    """The same line of every agreement's bill.

    Attributes:
        header: its place in the tariff.
        line: quantity, price, exact amount and explanation.
        rounded: (n,) the amount as the tariff rounds lines [currency].
    """

    header: LineHeader
    line: Line
    rounded: Exact

    @property
    def amount(self) -> Exact:
        """The exact amounts (n,) [currency]."""
        return self.line.amount

    def present(self) -> Integers:
        """Return the agreements on whose bill the line stands: booleans (n,)."""
        if self.line.always:
            return np.ones(len(self.amount), dtype=bool)
        return ((self.line.quantity.values != 0) | (self.amount.values != 0)).astype(bool)
