"""Price series of the store as rating takes them: only where they cover the billing period without a hole."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.bill.carried_state import exact_column
from pipelines.bill.in_force import SeriesSpan
from pipelines.lakehouse.store import Snapshot
from schemas.errors import TariffError
from schemas.master_data import PRICE_SERIES
from schemas.table import UTC_TIME
from tariffs.series import MISSING, PriceSeries

_MICROSECONDS = 1_000_000


def series_for(snapshot: Snapshot, spans: Sequence[SeriesSpan]) -> dict[str, PriceSeries]:
    """Return the series that a tariff takes prices from in a billing period, cut to the part where they are needed.

    Args:
        snapshot: the store.
        spans: parts of the period and the series needed in each.

    Raises:
        TariffError: ``series.missing``, a series has no value at some instant of its part.
    """
    found: dict[str, PriceSeries] = {}
    for name in sorted({name for span in spans for name in span.names}):
        own = [span for span in spans if name in span.names]
        begin, end = min(span.starts_at for span in own), max(span.ends_at for span in own)
        rows = _rows(snapshot.root, snapshot.pins[PRICE_SERIES.name], name, begin, end)
        starts, ends = (_seconds(rows[column]) for column in ("starts_at", "ends_at"))
        for span in own:
            _require_covered(name, starts, ends, span)
        found[name] = _as_series(name, rows["value"], np.maximum(starts, begin), min(int(ends[-1]), end))
    return found


@lru_cache(maxsize=256)
def _rows(root: Path, version: int, name: str, begin: int, end: int) -> pa.Table:
    """Return the rows of a series that hold at some time between two instants, in order."""
    snapshot = Snapshot(root, "", 0, {PRICE_SERIES.name: version})
    first, last = (pa.scalar(datetime.fromtimestamp(at, UTC), UTC_TIME) for at in (begin, end))
    until = datetime.fromtimestamp(end, UTC).strftime("%Y-%m")
    months = sorted({file.partition["month"] for file in snapshot.files(PRICE_SERIES)})
    wanted = (pc.field("name") == name) & (pc.field("starts_at") < last) & (pc.field("ends_at") > first)
    parts = [snapshot.read(PRICE_SERIES, filters=wanted, month=month) for month in months if month <= until]
    return pa.concat_tables([PRICE_SERIES.empty(), *parts]).sort_by("starts_at").combine_chunks()


def _seconds(times: pa.ChunkedArray) -> np.ndarray:
    """Return instants as seconds since 1970 UTC, int64."""
    return times.combine_chunks().cast(pa.int64()).to_numpy() // _MICROSECONDS


def _require_covered(name: str, starts: np.ndarray, ends: np.ndarray, span: SeriesSpan) -> None:
    """Raise at the first instant of a span without a value."""
    at = span.starts_at
    for begin, end in zip(starts.tolist(), ends.tolist(), strict=True):
        if begin > at:
            break
        at = max(at, end)
    if at >= span.ends_at:
        return
    when = datetime.fromtimestamp(at, UTC)
    hint = f"load it: m2b tariff series load {name}=FILE.csv"
    raise TariffError(MISSING, f"series {name} has no value at {when:%Y-%m-%d %H:%M} UTC; {hint}", hint)


def _as_series(name: str, values: pa.ChunkedArray, starts: np.ndarray, ends: int) -> PriceSeries:
    """Return the rows with no more decimals than they need, so that products stay in 64 bits."""
    column = exact_column(values.to_pylist())
    return PriceSeries(name, starts, column.values, column.scale, ends)
