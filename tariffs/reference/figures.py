"""Exact numbers: every figure is a fraction, rounded only where a rule of the document or of its reading says so."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import floor, isqrt

HALF_UP = "half_up"
ZERO = Fraction(0)
AMOUNT_PLACES = 18
"""Decimals of an amount as it stands on the bill; a quotient is rounded half to even at the last."""
QUANTITY_PLACES = 9
LIMIT_PLACES = 12
"""Decimals of a step's limit that a division made."""
MEAN_PLACES = 12
"""Decimals of a mean of windows, and of a demand that a power factor raises."""
ROOT_PLACES = 9
SERIES_PRICE_PLACES = 8
"""Decimals of the mean price that the line of a series shows."""


def half_even(value: Fraction, places: int) -> Fraction:
    """Return a number rounded to decimals; a half goes to the even neighbour."""
    return Fraction(round(value * 10**places), 10**places)


def half_up(value: Fraction, places: int) -> Fraction:
    """Return a number rounded to decimals; a half goes away from zero.

    >>> half_up(Fraction("2.875"), 2) == Fraction("2.88"), half_up(Fraction("-0.125"), 2) == Fraction("-0.13")
    (True, True)
    """
    size = Fraction(floor(abs(value) * 10**places + Fraction(1, 2)), 10**places)
    return -size if value < 0 else size


def rounded(value: Fraction, places: int, mode: str) -> Fraction:
    """Return a number rounded as a document says."""
    return half_up(value, places) if mode == HALF_UP else half_even(value, places)


def root(value: Fraction, places: int) -> Fraction:
    """Return the square root at decimals, to the nearest.

    >>> root(Fraction(2), 9) == Fraction("1.414213562"), root(Fraction(9, 4), 9) == Fraction(3, 2)
    (True, True)
    """
    square = value * 10 ** (2 * places)
    below = isqrt(floor(square))
    middle = (below + Fraction(1, 2)) ** 2
    up = square > middle or (square == middle and below % 2 == 1)
    return Fraction(below + up, 10**places)


def share_out(weights: Sequence[Fraction], total: int) -> list[int]:
    """Share a whole number in proportion to weights: each part rounded down, the rest to the largest remainders, the first first.

    >>> share_out([Fraction(1), Fraction(1), Fraction(1)], 10)
    [4, 3, 3]
    """
    whole = sum(weights, ZERO)
    exact = [weight * total / whole if whole else ZERO for weight in weights]
    parts = [floor(each) for each in exact]
    left = total - sum(parts)
    by_remainder = sorted(range(len(parts)), key=lambda place: parts[place] - exact[place])
    for place in by_remainder[:left]:
        parts[place] += 1
    return parts
