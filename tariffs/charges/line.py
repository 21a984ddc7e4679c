"""One line of the bill for all agreements at once: a column of quantities, a column of amounts, one price or a column of them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from schemas.errors import InvariantError
from tariffs.clock import Integers
from tariffs.exact import AMOUNT_PLACES, Exact, total_of
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


class LaidTax(NamedTuple):
    """A tax that is laid on a line.

    Attributes:
        code: what the line is marked with.
        rows: booleans (n,): the agreements whose line bears it; None for all.
    """

    code: str
    rows: Integers | None = None


class LineHeader(NamedTuple):
    """Where a line stands in the tariff."""

    charge_id: str
    kind: str
    version: int
    """Position of the tariff version."""
    taxes: tuple[LaidTax, ...]
    """Taxes laid on it."""


class Line(NamedTuple):
    """What a kind of charge knows of a line; ``finish`` makes the column of it.

    Attributes:
        band: period of the tariff; None where the charge has none.
        tier: step of the ladder, from 1; None where there is none.
        quantity: (n,) what was multiplied [unit].
        unit: unit of the quantity.
        price: per unit [currency/unit]; a column (n,) where each agreement has its own, such as the mean of a series.
        amount: (n,) exact [currency]; divisions inside it at 18 decimals.
        sentence: the explanation.
        always: the line stands on the bill though its quantity is zero.
        factor: what multiplies quantity and price besides, such as days or a part of a month; amount = quantity x price x factor.
    """

    band: str | None
    tier: int | None
    quantity: Exact
    unit: str
    price: Decimal | Exact
    amount: Exact
    sentence: Sentence
    always: bool = False
    factor: Fraction = Fraction(1)

    def only_for(self, mask: Integers) -> Line:
        """Return the line with nothing on it for the agreements that the mask leaves out."""
        return self._replace(quantity=self.quantity.where(mask), amount=self.amount.where(mask), always=False)

    def with_rounded_quantity(self, rule: Places) -> Line:
        """Return the line with its quantity rounded before it is multiplied.

        Raises:
            InvariantError: ``rating.quantity``: the amount is not the product of what the line shows.
        """
        if isinstance(self.price, Exact) or not self._is_a_product(self.price):
            code, what = "rating.quantity", f"{self.sentence.before}the amount is no product, its quantity cannot be rounded"
            raise InvariantError(code, what)
        quantity = self.quantity.rounded(rule.places, rule.mode)
        return self._replace(quantity=quantity, amount=quantity.times(self.price).by(self.factor))

    def _is_a_product(self, price: Decimal) -> bool:
        """Tell whether quantity x price x factor is the amount, but for what a share of a quantity leaves beyond 9 decimals."""
        product = self.quantity.times(price).by(self.factor)
        error = total_of([self.amount, -product], len(self.amount))
        allowed = abs(Fraction(price) * self.factor) / 10**QUANTITY_PLACES + Fraction(2, 10**AMOUNT_PLACES)
        return all(abs(value) <= allowed * 10**error.scale for value in (int(error.values.min()), int(error.values.max())))

    def seen(self) -> Line:
        """Return the line as a bill shows it: quantity at nine decimals at most, amount at 18."""
        return self._replace(quantity=self.quantity.at_most(QUANTITY_PLACES), amount=self.amount.at_most(AMOUNT_PLACES))

    def finish(self, header: LineHeader, rule: Places | None) -> LineColumn:
        """Return the line as a column of the bill, its amount also as ``rule`` rounds it."""
        seen = self.seen()
        rounded = seen.amount if rule is None else seen.amount.rounded(rule.places, rule.mode)
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
