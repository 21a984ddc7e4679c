"""Every rounding rule of the project, named, in one place.

Amounts are integers of a stated number of decimals, so rounding is integer division: nothing here has ever been a float.
The default is EN 16931: each line to the cent (BR-CO-10), tax per rate on the sum (BR-CO-17), half away from zero.

>>> import numpy as np
>>> cents = np.array([1005, 1015, -1005, 994])
>>> round_integers(cents, digits=1, mode="half_up").tolist(), round_integers(cents, digits=1, mode="half_even").tolist()
([101, 102, -101, 99], [100, 102, -100, 99])
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Discriminator, Field, Tag

from tariffs.clock import Integers
from tariffs.scalars import Document, Whole, one_of

HALF_UP = "half_up"
"""To the nearest; a half goes away from zero, for credits too."""
HALF_EVEN = "half_even"
"""To the nearest; a half goes to the even neighbour."""
RATE_SUM, LINE = "rate_sum", "line"
"""What the tax of a rate is rounded on."""

_MINOR_UNITS = dict.fromkeys(
    ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
) | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)


def minor_unit_places(currency: str) -> int:
    """Return the decimals of a currency's smallest coin in accounts (ISO 4217): 2 for most."""
    return _MINOR_UNITS.get(currency, 2)


def round_integers(values: Integers, *, digits: int, mode: str) -> Integers:
    """Drop the last ``digits`` decimal digits of integers, to the nearest.

    Args:
        values: int64 or Python integers (n,).
        digits: how many digits go, 0 or more.
        mode: ``HALF_UP`` or ``HALF_EVEN``.

    Returns:
        (n,) integers of the same kind, ``digits`` decimals fewer.
    """
    if digits == 0:
        return values
    unit = 10**digits
    if values.dtype != object and digits > 18:  # noqa: PLR2004 - 10**18 is the last power of ten that int64 holds
        values = values.astype(object)
    return divide(values, unit, mode=mode)


def divide(numerators: Integers, denominators: Integers | int, *, mode: str) -> Integers:
    """Return integer quotients to the nearest integer; the denominators are not zero.

    >>> divide(np.array([7, -7, 9], dtype=object), np.array([2, 2, -2], dtype=object), mode="half_even").tolist()
    [4, -4, -4]
    """
    size, negative = np.abs(numerators), (numerators < 0) ^ (denominators < 0)
    unit = np.abs(denominators)
    quotient, rest = size // unit, size % unit
    # rest >= unit - rest is 2 * rest >= unit without leaving 64 bits
    up = rest >= unit - rest if mode == HALF_UP else (rest > unit - rest) | ((rest == unit - rest) & (quotient % 2 == 1))
    quotient = quotient + up.astype(values_kind(quotient))
    return np.where(negative.astype(bool), -quotient, quotient)


def values_kind(values: Integers) -> type:
    """Return the numpy kind to convert to so that adding to ``values`` keeps theirs."""
    return object if values.dtype == object else np.int64


def largest_remainder(weights: Integers, totals: Integers) -> Integers:
    """Share whole numbers in proportion to weights so that the parts add up exactly.

    Each part is rounded down; what is left over goes, one by one, to the parts with the largest remainders, the
    first of equals first (Hamilton's method).

    Args:
        weights: Python integers (n, k), one row a share-out, whose sum is not zero unless the total is.
        totals: Python integers (n,), what is shared.

    Returns:
        Python integers (n, k); each row adds up to its total.

    >>> largest_remainder(np.array([[1, 1, 1], [0, 5, 1]], dtype=object), np.array([10, 7], dtype=object)).tolist()
    [[4, 3, 3], [0, 6, 1]]
    """
    sums = weights.sum(axis=1)
    sums = np.where((sums == 0).astype(bool), 1, sums)[:, np.newaxis]
    products = weights * totals[:, np.newaxis]
    parts, rests = products // sums, np.abs(products % sums)
    left = totals - parts.sum(axis=1)
    order = np.argsort(-rests, axis=1, kind="stable")
    rank = np.argsort(order, axis=1, kind="stable")
    return parts + (rank < left[:, np.newaxis]).astype(object) * 1


class Places(Document):
    """Round to decimals by a mode."""

    places: Annotated[Whole, Field(le=9)]
    mode: Annotated[str, BeforeValidator(one_of(HALF_UP, HALF_EVEN))] = HALF_UP


class TaxPlaces(Document):
    """How the tax of a rate is rounded: once, on the sum of what it is laid on, or on each of those lines, and then added up.

    Places and mode that it leaves out are those of lines.
    """

    on: Annotated[str, BeforeValidator(one_of(RATE_SUM, LINE))] = RATE_SUM
    places: Annotated[Whole, Field(le=9)] | None = None
    mode: Annotated[str, BeforeValidator(one_of(HALF_UP, HALF_EVEN))] | None = None


def _word_or_places(value: object) -> str:
    return "~places" if isinstance(value, dict | Places) else "~word"


_LineWord = Annotated[str, BeforeValidator(one_of("none"))]
_TotalWord = Annotated[str, BeforeValidator(one_of("sum_of_lines"))]
_Places = Annotated[Places, Tag("~places")]


class Rounding(Document):
    """What a tariff says of rounding; what it leaves out is that of EN 16931 in the currency's minor unit."""

    interval_quantity: Annotated[Annotated[_LineWord, Tag("~word")] | _Places, Discriminator(_word_or_places)] = "none"
    quantity: Annotated[Annotated[_LineWord, Tag("~word")] | _Places, Discriminator(_word_or_places)] = "none"
    line: Annotated[Annotated[_LineWord, Tag("~word")] | _Places, Discriminator(_word_or_places)] | None = None
    total: Annotated[Annotated[_TotalWord, Tag("~word")] | _Places, Discriminator(_word_or_places)] | None = None
    tax: TaxPlaces | None = None

    @property
    def interval_rule(self) -> Places | None:
        """How the quantity of each interval is rounded before anything is made of it; None where it is not."""
        return self.interval_quantity if isinstance(self.interval_quantity, Places) else None

    @property
    def quantity_rule(self) -> Places | None:
        """How the quantity of a line is rounded before its price multiplies it; None where it is not."""
        return self.quantity if isinstance(self.quantity, Places) else None

    @property
    def tax_of_each_line(self) -> bool:
        """Whether the tax of each line is rounded, not that of their sum."""
        return self.tax is not None and self.tax.on == LINE

    def line_rule(self, currency: str) -> Places | None:
        """Return how each line is rounded; None where it is not."""
        if self.line is None:
            return _to_places(minor_unit_places(currency), HALF_UP)
        return self.line if isinstance(self.line, Places) else None

    def total_rule(self, currency: str) -> Places | None:
        """Return how the exact total is rounded; None where the total is the sum of the lines."""
        if self.total is None and self.line == "none":
            return _to_places(minor_unit_places(currency), HALF_UP)
        return self.total if isinstance(self.total, Places) else None

    def tax_rule(self, currency: str) -> Places | None:
        """Return how the tax of a rate is rounded; None where it is not."""
        line = self.line_rule(currency)
        if self.tax is None:
            return line
        usual = line if line is not None else _to_places(minor_unit_places(currency), HALF_UP)
        return _to_places(usual.places if self.tax.places is None else self.tax.places, self.tax.mode or usual.mode)


def _to_places(places: int, mode: str) -> Places:
    return Places.model_construct(places=places, mode=mode)
