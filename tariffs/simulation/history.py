"""Peaks from before the load: what a ratchet looks back at in the first months of a simulation."""

from __future__ import annotations

from datetime import date

import numpy as np

from schemas.errors import InputRefusedError
from schemas.periods import month_dates
from tariffs.charges.demand import DemandCharge
from tariffs.exact import Exact
from tariffs.model import Tariff
from tariffs.simulation.csv_table import read_table

PEAK_PLACES = 12
"""Decimals of a peak: a kWh of nine decimals times intervals an hour, and means."""
_EVERY_DEMAND = "*"
"""Stands for ``billing_demand`` of a version where carried peaks name a charge."""


def read_history(text: str, where: str, *, before: date) -> dict[str, Exact]:
    """Return measured peaks by month (``YYYY-MM``): (1,) each [kW].

    Args:
        text: CSV text with columns ``month`` and ``peak_kw``.
        where: its file name, for messages.
        before: first day of the simulation.

    Raises:
        InputRefusedError: ``table.…``: see ``read_table``; ``history.month``: a month twice, or with no day before the
            simulation; ``history.negative``: a peak below 0.
    """
    table = read_table(text, where, ["month", "peak_kw"])
    firsts = table.read("month", _first_day_of, "is no month such as 2025-12")
    values, scale = table.decimals("peak_kw", places=PEAK_PLACES)
    peaks: dict[str, Exact] = {}
    for row, (first, value) in enumerate(zip(firsts, values.tolist(), strict=True)):
        month = f"{first:%Y-%m}"
        if month in peaks or first >= before:
            code = "history.month"
            what = (
                f"{month} stands twice" if month in peaks else f"{month} is not before the simulation, which begins on {before}"
            )
            raise table.refusal(code, row, f"{month} {what}")
        if value < 0:
            code = "history.negative"
            raise table.refusal(code, row, f"the peak of {month} is below 0")
        peaks[month] = Exact(np.array([value], dtype=np.int64), scale)
    return peaks


def carried_peaks(peaks: dict[str, Exact], tariff: Tariff) -> dict[str, Exact]:
    """Return peaks as the state that a billing period is handed: for ``billing_demand`` and for each charge with a ratchet."""
    names = [_EVERY_DEMAND] if any(version.billing_demand is not None for version in tariff.versions) else []
    for version in tariff.versions:
        names += [each.id for each in version.charges if isinstance(each, DemandCharge) and each.ratchet is not None]
    return {f"peak|{name}|{month}": peak for name in dict.fromkeys(names) for month, peak in peaks.items()}


def _first_day_of(month: str) -> date:
    try:
        return month_dates(month)[0]
    except InputRefusedError as problem:
        raise ValueError(month) from problem
