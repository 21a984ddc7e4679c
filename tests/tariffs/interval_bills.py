"""Bills of agreements whose single intervals are known: sums by band and a timeline of the same numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from tariffs.calendar import combos_at
from tariffs.clock import Clock
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate
from tariffs.timeline import Stretch, Timeline

UNITS = {"kwh": "kWh", "kvarh": "kvarh", "m3": "m3"}


def instants(tariff: Tariff, first: str, after: str, clock: str | None = None) -> dict[str, datetime]:
    """Return start and end of local dates."""
    own = Clock(clock or tariff.clock)
    starts_at, ends_at = (datetime.fromtimestamp(own.midnight(date.fromisoformat(day)), UTC) for day in (first, after))
    return {"starts_at": starts_at, "ends_at": ends_at}


def starts_between(starts_at: datetime, ends_at: datetime, minutes: int) -> np.ndarray[Any, Any]:
    """Return the start of each interval [s since 1970 UTC]."""
    return np.arange(int(starts_at.timestamp()), int(ends_at.timestamp()), minutes * 60, dtype=np.int64)


def sums_of(
    tariff: Tariff,
    name: str,
    values: np.ndarray[Any, Any],
    starts: np.ndarray[Any, Any],
    *,
    exponent: int = -3,
    billing_clock: str | None = None,
    **period: datetime,
) -> Determinant:
    """Return the sums by band of intervals (n, t)."""
    direction = "export" if name == "export_kwh" else "import"
    places, combos = combos_at(tariff, direction=direction, starts=starts, billing_clock=billing_clock, **period)
    sums = [[int(row[places == place].sum()) for place in range(len(combos))] for row in values]
    return Determinant(combos, exponent, np.array(sums, dtype=np.int64), UNITS[name.rpartition("_")[2]])


def inputs_of_intervals(
    tariff: Tariff,
    used: Mapping[str, Sequence[Sequence[int]]],
    *,
    first: str = "2026-01-01",
    after: str = "2026-02-01",
    minutes: int = 60,
    exponent: int = -3,
    groups: Sequence[Sequence[int]] | None = None,
    billing_clock: str | None = None,
    **more: Any,
) -> RatingInputs:
    """Return what is rated of some agreements: for each determinant, rows of what was used in each interval [10^exponent].

    ``groups`` are the agreements of each stretch of the timeline; one stretch holds all where nothing is said.
    """
    period = instants(tariff, first, after, billing_clock)
    starts = starts_between(minutes=minutes, **period)
    values = {name: np.array(rows, dtype=np.int64) for name, rows in used.items()}
    count = len(next(iter(values.values())))
    stretches = tuple(
        Stretch(
            np.array(rows),
            minutes,
            starts,
            {name: own[np.array(rows)] for name, own in values.items()},
            dict.fromkeys(values, exponent),
        )
        for rows in groups or [range(count)]
    )
    quantities = {
        name: sums_of(tariff, name, own, starts, exponent=exponent, billing_clock=billing_clock, **period)
        for name, own in values.items()
    }
    return RatingInputs(
        tariff,
        quantities=quantities,
        export_taxed=np.zeros(count, dtype=bool),
        timeline=Timeline(stretches),
        billing_clock=billing_clock,
        **period,
        **more,
    )


def bill_of_intervals(tariff: Tariff, used: Mapping[str, Sequence[Sequence[int]]], **more: Any) -> RatedLines:
    """Rate some agreements; the arguments are those of ``inputs_of_intervals``."""
    return rate(inputs_of_intervals(tariff, used, **more))
