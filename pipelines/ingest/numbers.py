"""Decimal numbers of delivered files, exactly: never a float, never rounded."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

import numpy as np

from pipelines.ingest.rejected import Fault

FINEST_EXPONENT = -9
"""Nine decimals: the finest the store accepts."""
MOST_CHARACTERS = 60
"""More than any meter writes, and short enough that no number of a hostile file is expensive."""
MOST_STORED_DIGITS = 38
"""Digits of the store's decimals."""
NO_TIME = np.iinfo(np.int64).min
"""Stands for 'nothing says when' in arrays of times."""

_NUMBER = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]*)\.?(?P<part>[0-9]*)")


class Number(NamedTuple):
    """A decimal number, exactly: ``digits / 10 ** decimals``."""

    digits: int
    decimals: int


def parse_number(text: str) -> Number | None:
    """Return a plain decimal number, or None: no exponent, no thousands mark, no digits of other scripts.

    >>> parse_number("-.50"), parse_number("1e5"), parse_number(".")
    (Number(digits=-50, decimals=2), None, None)
    """
    match = _NUMBER.fullmatch(text)
    if match is None or not (match["whole"] or match["part"]) or len(text) > MOST_CHARACTERS:
        return None
    digits = int(match["whole"] + match["part"])
    return Number(-digits if match["sign"] else digits, len(match["part"]))


def shortest(number: Number, decimals: int) -> Number:
    """Return ``number`` without the zeros that end it, but with no fewer than ``decimals`` decimals taken off.

    >>> shortest(Number(12300, 5), 3)
    Number(digits=123, decimals=3)
    """
    digits, places = number
    while places > decimals and digits % 10 == 0:
        digits, places = digits // 10, places - 1
    return Number(digits, places)


def number_of(value: str | Decimal | int, exponent: int) -> Number | Fault:
    """Return a value whose unit is ``10 ** exponent`` units of the store, or why it cannot be kept.

    >>> number_of("12.50", 0), number_of(Decimal("1E+3"), -3), number_of("1,5", 0).code
    (Number(digits=125, decimals=1), Number(digits=1000, decimals=0), 'value.invalid')
    """
    number = parse_number(value.strip()) if isinstance(value, str) else _number_of_decimal(Decimal(value))
    if number is None:
        return Fault("value.invalid", f"'{str(value)[:MOST_CHARACTERS]}' is no number")
    number = shortest(number, 0)
    if exponent - number.decimals < FINEST_EXPONENT:
        return Fault("value.precision", f"'{value}' has more than nine decimals in the unit of the store")
    return number


def _number_of_decimal(value: Decimal) -> Number | None:
    """Return a decimal as digits and decimals; None for one that is not finite or longer than any meter writes."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int) or len(digits) + abs(exponent) > MOST_CHARACTERS:
        return None
    whole = int("".join(map(str, digits))) * 10 ** max(0, exponent)
    return Number(-whole if sign else whole, max(0, -exponent))


def as_decimal(number: Number, exponent: int) -> Decimal | Fault:
    """Return ``number * 10 ** exponent``, exactly, or why the store cannot hold it."""
    value = Decimal((int(number.digits < 0), tuple(map(int, str(abs(number.digits)))), exponent - number.decimals))
    if value.adjusted() >= MOST_STORED_DIGITS + FINEST_EXPONENT:
        return Fault("value.range", f"'{value}' is more than the store can hold")
    return value


def parse_quantity(text: str, exponent: int) -> Decimal | Fault:
    """Return a number times ``10 ** exponent``, exactly, or why it cannot be kept."""
    number = number_of(text, exponent)
    return number if isinstance(number, Fault) else as_decimal(number, exponent)
