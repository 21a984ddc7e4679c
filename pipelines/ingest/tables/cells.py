"""Cells of one column of a plain table as exact numbers."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, localcontext
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import POWERS_OF_TEN, Bytes, Ints
from pipelines.ingest.numbers import FINEST_EXPONENT, Number, parse_number, shortest
from pipelines.ingest.rejected import Fault
from pipelines.ingest.tables.rows import CsvBlock

States = np.ndarray[Any, np.dtype[np.int8]]
MISSING_WORDS = frozenset({"", "nan", "null"})
"""What stands for no value, whatever its case."""
MOST_DIGITS = 15
"""Digits of a value that is no plain number, such as a negative one: more than any meter has."""
_DIGITS_OF_NOISE = 15
"""Digits that a printed binary number with an error has at least."""
_HALF = 32
_PRECISION = 60
_NOISE_SHARE = 2**50
"""An error of four units in the last of 53 bits, as a share of the value."""
LARGEST = 9_000_000_000
"""A value must be smaller [unit of the store]: then it fits 64 bits with nine decimals."""


class State(IntEnum):
    """What is in a cell."""

    VALUE = 0
    EMPTY = 1
    SET_ASIDE = 2


class Cells(NamedTuple):
    """Cells of some rows: ``digits / 10 ** decimals``, and what each is; ``digits`` are 0 where there is no value."""

    digits: Ints
    decimals: Bytes
    state: States

    def where(self, chosen: Any) -> Cells:  # noqa: ANN401 - whatever numpy takes as an index
        """Return some of the cells."""
        return Cells(*(part[chosen] for part in self))


class ReadCells(NamedTuple):
    """Cells of a column, and what there is to say of them.

    Attributes:
        cells: the cells.
        faults: why some are set aside, by cell: ``value.invalid``, ``value.precision`` or ``value.range``.
        noisy: whether a value was printed from binary floating point; what that added is taken off.
    """

    cells: Cells
    faults: dict[int, Fault]
    noisy: bool


def read_cells(block: CsvBlock, fields: Ints, missing: Collection[str] = ()) -> ReadCells:
    """Read fields as cells.

    Args:
        block: the rows they stand in.
        fields: which fields, (cells,).
        missing: what stands for no value besides ``MISSING_WORDS``, in lower case.
    """
    good = block.numbers.good[fields]
    cells = Cells(
        np.where(good, block.numbers.digits[fields], 0),
        np.where(good, block.numbers.decimals[fields], np.uint8(0)),
        np.where(block.table.lengths(fields) == 0, State.EMPTY, State.VALUE).astype(np.int8),
    )
    faults: dict[int, Fault] = {}
    fine = good & (cells.decimals > -FINEST_EXPONENT)
    noisy = False
    odd = np.flatnonzero((~good | fine) & (cells.state == State.VALUE))
    for cell, text in zip(odd.tolist(), block.number_texts(fields[odd]), strict=True):
        found = _read_odd(text.strip(), missing)
        if isinstance(found, Number):
            noisy |= _is_cleaned(text.strip(), found)
            cells.digits[cell], cells.decimals[cell] = found
        else:
            cells.digits[cell], cells.decimals[cell] = 0, 0
            cells.state[cell] = State.EMPTY if found is None else State.SET_ASIDE
            if found is not None:
                faults[cell] = found
    return ReadCells(cells, faults, noisy)


def _read_odd(text: str, missing: Collection[str]) -> Number | Fault | None:
    """Read a cell that is no plain number; None where it says that there is no value."""
    if text.lower() in MISSING_WORDS or text.lower() in missing:
        return None
    number = parse_number(text)
    if number is None:
        return Fault("value.invalid", f"'{text[:40]}' is no number")
    number = shortest(number, 0)
    if number.decimals > -FINEST_EXPONENT:
        number = without_float_noise(text, number)
    if abs(number.digits) >= 10**MOST_DIGITS:
        finest = number.decimals > -FINEST_EXPONENT
        return Fault("value.precision" if finest else "value.range", f"'{text[:40]}' has more digits than the store keeps")
    return number


def _is_cleaned(text: str, found: Number) -> bool:
    """Whether a number has fewer decimals than its cell, zeros at its end apart."""
    written = parse_number(text)
    return written is not None and shortest(written, 0).decimals > found.decimals


def without_float_noise(text: str, number: Number) -> Number:
    """Return the decimal of nine places that a printed binary number stands for, where there is one.

    A sum or product of decimals in binary floating point misses the decimal by a few units in the last place, and
    prints seventeen digits. The nearest decimal of nine places is meant if it lies within that distance; a number
    with real digits that fine does not change. The distance is measured on integers; no value passes through a float.

    >>> without_float_noise("0.48200000000000004", Number(48200000000000004, 17))
    Number(digits=482, decimals=3)
    >>> without_float_noise("0.4820000001", Number(4820000001, 10))
    Number(digits=4820000001, decimals=10)
    """
    extra = 10 ** (number.decimals + FINEST_EXPONENT)
    nearest = (abs(number.digits) + extra // 2) // extra
    distance = abs(abs(number.digits) - nearest * extra)
    if distance * _NOISE_SHARE > abs(number.digits) or len(text.lstrip("-0.").replace(".", "")) < _DIGITS_OF_NOISE:
        return number
    return shortest(Number(-nearest if number.digits < 0 else nearest, -FINEST_EXPONENT), 0)


def total_of(cells: Cells) -> Decimal:
    """Return the sum of cells, exactly."""
    total = Decimal(0)
    with localcontext() as exact:
        exact.prec = _PRECISION
        for decimals in np.unique(cells.decimals[cells.state == State.VALUE]).tolist():
            digits = cells.digits[(cells.state == State.VALUE) & (cells.decimals == decimals)]
            # Halves of 32 bits: sums of whole numbers of 15 digits would not fit 64.
            whole = (int((digits >> _HALF).sum()) << _HALF) + int((digits & ((1 << _HALF) - 1)).sum())
            total += Decimal(whole).scaleb(-decimals)
    return total


def fit_cells(cells: Cells, exponent: int) -> tuple[Cells, dict[int, Fault]]:
    """Take off decimals that are zeros, and set aside what the store cannot hold.

    Args:
        cells: the cells.
        exponent: value times ``10 ** exponent`` is the value in the unit of the store.

    Returns:
        the cells, and why some are set aside, by row: ``value.precision`` or ``value.range``.
    """
    digits, decimals, state = cells.digits.copy(), cells.decimals.astype(np.int64), cells.state.copy()
    rows = np.flatnonzero(decimals > 0)
    while len(rows):
        rows = rows[digits[rows] % 10 == 0]
        digits[rows] //= 10
        decimals[rows] -= 1
        rows = rows[decimals[rows] > 0]
    too_fine = (exponent - decimals < FINEST_EXPONENT) & (state == State.VALUE)
    size = np.abs(digits).astype(np.float64) * 10.0 ** (exponent - decimals)
    too_large = (size >= LARGEST) & (state == State.VALUE) & ~too_fine
    faults = dict.fromkeys(
        np.flatnonzero(too_fine).tolist(), Fault("value.precision", "more than nine decimals in the unit of the store")
    )
    faults |= dict.fromkeys(np.flatnonzero(too_large).tolist(), Fault("value.range", "more than the store can hold"))
    state[too_fine | too_large] = State.SET_ASIDE
    digits[state != State.VALUE] = 0
    decimals[state != State.VALUE] = 0
    return Cells(digits, decimals.astype(np.uint8), state), faults


def scale_runs(cells: Cells, begins: Ints, exponent: int, base: int) -> tuple[Ints, Ints]:
    """Bring each run of cells to one exponent.

    Args:
        cells: fitted cells of the runs one after the other.
        begins: (runs,) where each run begins.
        exponent: of the cells' unit.
        base: decimals each run has at least.

    Returns:
        (cells,) integers and (runs,) exponents.
    """
    most = np.maximum(np.maximum.reduceat(cells.decimals.astype(np.int64), begins), base)
    lengths = np.diff(np.append(begins, len(cells.digits)))
    values = cells.digits * POWERS_OF_TEN[np.repeat(most, lengths) - cells.decimals]
    return values, exponent - most
