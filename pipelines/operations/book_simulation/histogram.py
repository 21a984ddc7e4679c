"""Bills by how much they move: bins of one width on both sides of zero, and one for bills that stay what they are.

Every group has bins of its own: the width is the smallest of 1, 2 and 5 times a power of ten with which 98 of 100 bills fit into
``MOST_BINS`` bins a side; what lies beyond is in the outermost bin, which is open. Bins count whole thousandths of the
currency: nothing is rounded.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.masterdata.sql import run_sql

MOST_BINS = 12
_PLACES = 3
_OF_100 = 99


class Bin(NamedTuple):
    """A bin of a histogram.

    A fall of exactly ``low``, a rise of exactly ``high`` is inside, the end next to zero is not; the bin of bills that stay equal
    has 0 at both ends.

    Attributes:
        low: lower end [currency]; None where it is open.
        high: upper end [currency]; None where it is open.
        bills: how many.
    """

    low: Decimal | None
    high: Decimal | None
    bills: int

    @property
    def is_equal(self) -> bool:
        """Whether it holds the bills that stay what they are."""
        return self.low is not None and self.low == self.high

    @property
    def is_open(self) -> bool:
        """Whether it has one end only."""
        return self.low is None or self.high is None


class Histogram(NamedTuple):
    """The bills of a group by how much they move.

    Attributes:
        width: of a bin [currency].
        bins: from the largest fall to the largest rise, those without a bill too.
    """

    width: Decimal
    bins: tuple[Bin, ...]


class _Scale(NamedTuple):
    """The bins of a group.

    Attributes:
        width: of a bin [thousandths of the currency].
        falls: bins below zero.
        rises: bins above zero.
        open_below: the lowest bin has no lower end.
        open_above: the highest bin has no upper end.
    """

    width: int
    falls: int
    rises: int
    open_below: bool
    open_above: bool


_RANGES = """
WITH ranked AS (
    SELECT label, thousandths, row_number() OVER (PARTITION BY label ORDER BY thousandths) AS place,
        count(*) OVER (PARTITION BY label) AS n
    FROM differences
)
SELECT label, min(thousandths) AS lowest, max(thousandths) AS highest,
    max(thousandths) FILTER (place = n + 1 - ($of_100 * n + 99) // 100) AS low,
    max(thousandths) FILTER (place = ($of_100 * n + 99) // 100) AS high
FROM ranked GROUP BY label
"""
_COUNTS = """
SELECT label, greatest(-falls, least(rises, sign(thousandths) * ((abs(thousandths) + width - 1) // width))) AS bin,
    count(*) AS bills
FROM differences JOIN scales USING (label) GROUP BY ALL
"""
_SCALES = pa.schema([("label", pa.string()), ("width", pa.int64()), ("falls", pa.int64()), ("rises", pa.int64())])


def histograms_of(positions: pa.Table) -> dict[str, Histogram]:
    """Return the histogram of each group.

    Args:
        positions: ``label`` and ``difference_total`` [currency] of bills.
    """
    table = pa.table({"label": positions["label"], "thousandths": _thousandths(positions["difference_total"])})
    scales = {row.pop("label"): _scale(**row) for row in run_sql(_RANGES, {"of_100": _OF_100}, differences=table).to_pylist()}
    rows = [{"label": label, "width": at.width, "falls": at.falls, "rises": at.rises} for label, at in scales.items()]
    counts: dict[str, dict[int, int]] = {}
    for row in run_sql(_COUNTS, differences=table, scales=pa.Table.from_pylist(rows, schema=_SCALES)).to_pylist():
        counts.setdefault(row["label"], {})[int(row["bin"])] = row["bills"]
    return {label: Histogram(_money(scale.width), _bins(scale, counts[label])) for label, scale in scales.items()}


def _scale(lowest: int, highest: int, low: int, high: int) -> _Scale:
    """Return the bins for bills that move between two ends, 98 of 100 of them between two others [thousandths]."""
    width = _width(max(-low, high, 0))
    falls, rises = max(-(low // width), 0), max(-(-high // width), 0)
    falls, rises = max(falls, int(lowest < 0)), max(rises, int(highest > 0))
    return _Scale(width, falls, rises, lowest < -falls * width, highest > rises * width)


def _width(reach: int) -> int:
    """Return the smallest of 1, 2, 5 times a power of ten of which ``MOST_BINS`` cover a distance, from a hundredth on.

    >>> _width(0), _width(120), _width(121), _width(700_000)
    (10, 10, 20, 100000)
    """
    power = 10
    while True:
        for factor in (1, 2, 5):
            if factor * power * MOST_BINS >= reach:
                return factor * power
        power *= 10


def _bins(scale: _Scale, counts: dict[int, int]) -> tuple[Bin, ...]:
    return tuple(Bin(*_ends(number, scale), counts.get(number, 0)) for number in range(-scale.falls, scale.rises + 1))


def _ends(number: int, scale: _Scale) -> tuple[Decimal | None, Decimal | None]:
    """Return both ends of a bin."""
    low, high = (number, number + 1) if number < 0 else (number - 1, number) if number else (0, 0)
    open_below = number and number == -scale.falls and scale.open_below
    open_above = number and number == scale.rises and scale.open_above
    return (None if open_below else _money(low * scale.width)), (None if open_above else _money(high * scale.width))


def _money(thousandths: int) -> Decimal:
    return Decimal(thousandths).scaleb(-_PLACES)


def _thousandths(differences: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return amounts as whole numbers of thousandths; ``CENTS`` has no more decimals."""
    return pc.multiply(differences.cast(pa.decimal128(18, _PLACES)), pa.scalar(Decimal(10**_PLACES))).cast(pa.int64())
