"""A file of prices in time: each holds from its start until the next row's, the last one from then on."""

from __future__ import annotations

import numpy as np

from tariffs.scalars import PRICE_PLACES
from tariffs.series import PriceSeries
from tariffs.simulation.csv_table import read_table


def read_series(text: str, where: str, name: str) -> PriceSeries:
    """Return the series of a CSV text with columns ``interval_start`` and ``price``.

    Args:
        text: the text.
        where: its file name, for messages.
        name: what tariffs call the series.

    Raises:
        InputRefusedError: ``table.…``: see ``read_table``; ``series.order``: a row is not later than the one before.
    """
    table = read_table(text, where, ["interval_start", "price"])
    starts = table.instants("interval_start")
    late = np.diff(starts) <= 0
    if late.any():
        code, row = "series.order", int(np.argmax(late)) + 1
        raise table.refusal(code, row, f"{table.columns['interval_start'][row]} is not later than the row before")
    values, scale = table.decimals("price", places=PRICE_PLACES)
    return PriceSeries(name, starts, values, scale)
