"""Band sums: validated daily arrays times a tariff's band maps, in exact integers.

Days with the same band map are multiplied together: a matrix of days by slots times a matrix of slots by bands. The
product runs in float64, which holds every integer below 2^53 exactly; a block that could pass that bound is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.exact_product import exact_product
from pipelines.ingest.slots import flat_quality, flat_values, in_one
from schemas.codes import COUNTS_AS_ESTIMATED, NOT_A_VALUE
from schemas.errors import InvariantError
from tariffs.calendar import BandMap, Combo, band_map
from tariffs.model import Tariff
from tariffs.periods import Cycle

EXACT_BOUND = 2**53
BLOCK_ROWS = 2048
"""Rows multiplied at a time: few enough for the processor's cache to hold them as float64."""
_EPOCH = date(1970, 1, 1)
SHAPE = ("interval_minutes", "slot_offset_minutes", "standard_offset_minutes", "exponent")


@dataclass(frozen=True)
class BandSums:
    """Energy of n agreements by combo of tariff version and band.

    Attributes:
        combos: the columns.
        exponent: a value times ``10 ** exponent`` is in the rows' unit.
        values: int64 [n, combos].
        estimated: int64 [n], absolute energy of slots estimated or substituted.
        covered_minutes: int64 [rows], minutes of each row that are billed and hold a value.
    """

    combos: tuple[Combo, ...]
    exponent: int
    values: np.ndarray
    estimated: np.ndarray
    covered_minutes: np.ndarray


def band_sums(
    rows: pa.Table,
    agreement: np.ndarray,
    count: int,
    *,
    tariff: Tariff,
    direction: str,
    starts_at: datetime,
    ends_at: datetime,
    cycle: Cycle | None = None,
) -> BandSums:
    """Sum validated rows by agreement and band.

    Args:
        rows: rows of ``READINGS_DAILY``.
        agreement: int64 [rows], which agreement each row is billed to.
        count: number of agreements.
        tariff: the tariff they share.
        direction: ``import`` or ``export``: which of the tariff's calendars.
        starts_at: first instant billed, UTC.
        ends_at: end, exclusive, UTC.
        cycle: the billing period, for seasons by billing cycle; see ``band_map``.

    Raises:
        InvariantError: the values are too large for an exact product.
    """
    exponent = int(pc.min(rows["exponent"]).as_py()) if rows.num_rows else -3
    columns: dict[Combo, int] = {}
    values = np.zeros((count, 0), dtype=np.int64)
    estimated = np.zeros(count, dtype=np.int64)
    covered = np.zeros(rows.num_rows, dtype=np.int64)
    for picked, (minutes, slot_offset, standard_offset, own_exponent) in _shapes(rows):
        here = rows.take(pa.array(picked)) if len(picked) < rows.num_rows else rows
        day = here["day"].combine_chunks().cast(pa.int32()).to_numpy().astype(np.int64)
        first = int(day.min())
        bands = band_map(
            tariff,
            direction=direction,
            first_day=date.fromordinal(_EPOCH.toordinal() + first),
            days=int(day.max()) - first + 1,
            interval_minutes=minutes,
            standard_offset_minutes=standard_offset,
            slot_offset_minutes=slot_offset,
            starts_at=starts_at,
            ends_at=ends_at,
            cycle=cycle,
        )
        matrix, quality = _matrices(here, bands.index.shape[1])
        scale = 10 ** (own_exponent - exponent)
        sums = _by_band(matrix, bands, day - first)
        values = _widened(values, columns, bands.combos)
        target = [columns[combo] for combo in bands.combos]
        for column, place in enumerate(target):
            np.add.at(values[:, place], agreement[picked], exact_product(sums[:, column], scale))
        billed = bands.index >= 0
        if quality is None:
            covered[picked] = (billed.sum(axis=1) * minutes)[day - first]
        else:
            of_row = billed[day - first]
            covered[picked] = (of_row & ~np.isin(quality, NOT_A_VALUE)).sum(axis=1) * minutes
            guess = np.where(of_row & np.isin(quality, COUNTS_AS_ESTIMATED), np.abs(matrix.astype(np.int64)), 0).sum(axis=1)
            np.add.at(estimated, agreement[picked], exact_product(guess, scale))
    return BandSums(tuple(columns), exponent, values, estimated, covered)


def _shapes(rows: pa.Table) -> list[tuple[np.ndarray, tuple[int, int, int, int]]]:
    """Return the row numbers of each kind of daily array, and the kind."""
    if not rows.num_rows:
        return []
    keys = np.stack([rows[name].to_numpy().astype(np.int64) for name in SHAPE], axis=1)
    if (keys == keys[0]).all():
        return [(np.arange(rows.num_rows), tuple(keys[0].tolist()))]
    kinds, which = np.unique(keys, axis=0, return_inverse=True)
    return [(np.flatnonzero(which.reshape(-1) == number), tuple(kind)) for number, kind in enumerate(kinds.tolist())]


def _matrices(rows: pa.Table, slots: int) -> tuple[np.ndarray, np.ndarray | None]:
    """Return values [rows, slots] as wide as they are stored, and quality codes; None where every slot is measured."""
    narrow = rows["values64"].null_count == rows.num_rows
    flat = in_one(rows["values"]).flatten().to_numpy() if narrow else flat_values(rows)
    matrix = flat.reshape(-1, slots)
    if rows["quality"].null_count == rows.num_rows:
        return matrix, None
    return matrix, flat_quality(rows, np.full(rows.num_rows, slots)).reshape(-1, slots)


def _by_band(matrix: np.ndarray, bands: BandMap, day: np.ndarray) -> np.ndarray:
    """Return the sum of each row by band, int64 [rows, combos]."""
    slots, combos = bands.index.shape[1], len(bands.combos)
    largest = max(int(matrix.max(initial=0)), -int(matrix.min(initial=0)))
    if largest * slots >= EXACT_BOUND:
        code = "arithmetic.bound"
        raise InvariantError(code, f"a day of {slots} slots of up to {largest} cannot be summed exactly in float64")
    sums = np.zeros((len(matrix), combos), dtype=np.int64)
    patterns, of_day = bands.patterns
    of_row = of_day[day]
    for number, pattern in enumerate(patterns):
        rows_of = np.flatnonzero(of_row == number)
        weights = (pattern[:, None] == np.arange(combos)).astype(np.float64)
        for begin in range(0, len(rows_of), BLOCK_ROWS):
            picked = rows_of[begin : begin + BLOCK_ROWS]
            sums[picked] = (matrix[picked].astype(np.float64) @ weights).astype(np.int64)
    return sums


def _widened(values: np.ndarray, columns: dict[Combo, int], combos: Sequence[Combo]) -> np.ndarray:
    """Return ``values`` with a column for every combo, numbering new ones in ``columns``."""
    for combo in combos:
        columns.setdefault(combo, len(columns))
    missing = len(columns) - values.shape[1]
    return np.pad(values, ((0, 0), (0, missing))) if missing else values
