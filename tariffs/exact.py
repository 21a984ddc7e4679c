"""Columns of exact decimals: integers and a number of decimals, 64 bits wide as long as they fit.

A price times a quantity is one integer product; whether it fits into 64 bits is known from the largest value before
it is made. Where it does not fit, the same code goes on with Python's own integers, slower and just as exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tariffs.clock import Integers
from tariffs.rounding import HALF_EVEN, divide, round_integers

AMOUNT_PLACES = 18
"""Decimals of an exact amount: products have them all, quotients are rounded half to even at the last."""
_LIMIT = 2**63
_LOW_64 = 2**64 - 1


@dataclass(frozen=True)
class Exact:
    """A column of exact decimals.

    Attributes:
        values: int64 (n,), or Python integers where those do not fit.
        scale: value times 10^-scale is the decimal.
    """

    values: Integers
    scale: int

    @classmethod
    def of(cls, values: Integers, exponent: int) -> Exact:
        """Return integers times 10^exponent as a column."""
        return cls(values, -exponent) if exponent <= 0 else cls(_times(values, 10**exponent), 0)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def __neg__(self) -> Exact:
        """Return the column with the opposite sign."""
        return Exact(-self.values, self.scale)

    def times(self, factor: Decimal) -> Exact:
        """Return every row times a decimal, nothing rounded."""
        number, scale = parts_of(factor)
        return Exact(_times(self.values, number), self.scale + scale)

    def by(self, factor: Fraction) -> Exact:
        """Return every row times a fraction: exactly, or where that does not end, half to even at ``AMOUNT_PLACES`` decimals."""
        if factor.denominator == 1:
            return self.times(Decimal(factor.numerator))
        return ratio(self.values.astype(object) * factor.numerator, factor.denominator, scale=self.scale)

    def positive(self) -> Exact:
        """Return the column with zero in the place of what is below it."""
        return Exact(np.maximum(self.values, 0), self.scale)

    def at(self, scale: int) -> Exact:
        """Return the column with exactly ``scale`` decimals; where that is fewer, rounded half to even."""
        if scale < self.scale:
            return self.rounded(scale, HALF_EVEN)
        return Exact(_times(self.values, 10 ** (scale - self.scale)), scale)

    def at_most(self, scale: int) -> Exact:
        """Return the column with no more than ``scale`` decimals."""
        return self.at(scale) if self.scale > scale else self

    def rounded(self, places: int, mode: str) -> Exact:
        """Return the column rounded to ``places`` decimals; as it is where it has no more."""
        if self.scale <= places:
            return self
        return Exact(round_integers(self.values, digits=self.scale - places, mode=mode), places)

    def take(self, rows: Integers) -> Exact:
        """Return the rows at the given positions."""
        return Exact(self.values[rows], self.scale)

    def placed(self, rows: Integers, count: int) -> Exact:
        """Return a column of ``count`` rows with these at the given positions, and zeros elsewhere."""
        values = np.zeros(count, dtype=self.values.dtype)
        values[rows] = self.values
        return Exact(values, self.scale)

    def where(self, mask: Integers) -> Exact:
        """Return the column with zero in the rows that the mask leaves out."""
        return Exact(np.where(mask, self.values, 0), self.scale)

    def to_arrow(self, kind: pa.Decimal128Type) -> pa.Array:
        """Return the column as Arrow decimals of ``kind``; digits beyond its scale are rounded half to even."""
        column = self.at_most(kind.scale)
        words = np.empty((len(column), 2), dtype=np.int64)
        if column.values.dtype == object:
            words[:, 0] = (column.values & _LOW_64).astype(np.uint64).view(np.int64)
            words[:, 1] = (column.values >> 64).astype(np.int64)
        else:
            words[:, 0] = column.values
            words[:, 1] = column.values >> 63
        held = pa.decimal128(38, column.scale)
        return pa.Array.from_buffers(held, len(column), [None, pa.py_buffer(words)]).cast(kind)

    def to_text(self, *, at_least: int = 0) -> pa.Array:
        """Return the column as text with ``at_least`` so many decimals, and no needless zeros: ``-3``, ``0.082``."""
        size = np.abs(self.values)
        whole = pa.array((size // 10**self.scale).astype(np.int64)).cast(pa.string())
        sign = pa.array(np.where((self.values < 0).astype(bool), "-", ""))
        rest = pa.array((size % 10**self.scale).astype(np.int64)).cast(pa.string())
        rest = pc.utf8_rtrim(pc.utf8_lpad(rest, self.scale, padding="0"), characters="0")
        rest = pc.utf8_rpad(rest, at_least, padding="0")
        point = pc.if_else(pc.equal(rest, ""), "", ".")
        return pc.binary_join_element_wise(sign, whole, point, rest, "")


def constant(value: Fraction | Decimal, rows: int, *, places: int = AMOUNT_PLACES) -> Exact:
    """Return ``rows`` times the same decimal, rounded half to even at ``places`` where it does not end before.

    >>> constant(Fraction(365, 12), 1, places=9)
    Exact(values=array([30416666667]), scale=9)
    """
    value = Fraction(value)
    scale = next((scale for scale in range(places) if (10**scale) % value.denominator == 0), places)
    number = int(divide(np.array([value.numerator * 10**scale], dtype=object), value.denominator, mode=HALF_EVEN)[0])
    return Exact(np.full(rows, number, dtype=np.int64 if abs(number) < _LIMIT else object), scale)


def total_of(columns: Sequence[Exact], rows: int) -> Exact:
    """Return the exact sum of columns, zero where there are none."""
    if not columns:
        return Exact(np.zeros(rows, dtype=np.int64), 0)
    scale = max(column.scale for column in columns)
    wide = [column.at(scale).values for column in columns]
    if sum(_largest(values) for values in wide) >= _LIMIT:
        wide = [values.astype(object) for values in wide]
    total = wide[0]
    for values in wide[1:]:
        total = total + values
    return Exact(total, scale)


def least_of(one: Exact, other: Exact) -> Exact:
    """Return the smaller of two columns, row by row."""
    scale = max(one.scale, other.scale)
    return Exact(np.minimum(one.at(scale).values, other.at(scale).values), scale)


def ratio(
    numbers: Integers, divisors: Integers | int, *, scale: int, places: int = AMOUNT_PLACES, mode: str = HALF_EVEN
) -> Exact:
    """Return Python integers divided by Python integers, rounded once.

    Args:
        numbers: (n,) values times 10^scale.
        divisors: (n,) or one for all, not zero.
        scale: decimals of the quotient as it stands; it may be more than ``places``.
        places: decimals of the result.
        mode: how the last of them is rounded.
    """
    if scale > places:
        return Exact(divide(numbers, divisors * 10 ** (scale - places), mode=mode), places)
    return Exact(divide(numbers * 10 ** (places - scale), divisors, mode=mode), places)


def parts_of(value: Decimal) -> tuple[int, int]:
    """Return a decimal as an integer and its number of decimals, without trailing zeros.

    >>> parts_of(Decimal("0.4800")), parts_of(Decimal("520"))
    ((48, 2), (520, 0))
    """
    fraction = Fraction(value)
    exponent = value.normalize().as_tuple().exponent
    scale = max(0, -exponent) if isinstance(exponent, int) else 0
    return int(fraction * 10**scale), scale


def plain(value: Decimal) -> str:
    """Return a decimal as people write it: no exponent, no needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _largest(values: Integers) -> int:
    return max(abs(int(values.min())), abs(int(values.max()))) if len(values) else 0


def _times(values: Integers, factor: int) -> Integers:
    if values.dtype != object and _largest(values) * abs(factor) >= _LIMIT:
        values = values.astype(object)
    # a factor beyond 64 bits meets either Python integers or zeros
    return values * factor if abs(factor) < _LIMIT or values.dtype == object else values
