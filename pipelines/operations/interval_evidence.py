"""The intervals behind a determinant: each slot with its price period, quality, method, and the file and row it came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.slots import Outcome, expand, outcomes
from schemas.codes import NOT_A_VALUE, Method, Quality
from tariffs.calendar import Combo, band_map
from tariffs.model import Tariff
from tariffs.periods import Cycle

_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MADE_HERE = (Quality.ESTIMATED, Quality.EDITED, Quality.MISSING, Quality.CONFLICT)
"""Qualities of slots whose value no file delivered."""


@dataclass(frozen=True)
class Source:
    """A place in a delivered file."""

    file_id: str
    name: str
    record: str


@dataclass(frozen=True)
class Interval:
    """One slot of a billed channel.

    Attributes:
        day: its standard-time day.
        interval_start: UTC.
        interval_minutes: its length [min].
        meter_id: the meter.
        channel: what the source calls the register.
        tariff_version: date of the version that prices it.
        band: period that prices it; None where the version has none.
        value: in the determinant's unit; None where there is no value.
        quality: name of its ``Quality``.
        method: name of its ``Method``.
        source: file and record that delivered the value; None where it was made here.
        price: value of the price series in force at its start; None where no series prices it.
    """

    day: date
    interval_start: datetime
    interval_minutes: int
    meter_id: str
    channel: str
    tariff_version: str
    band: str | None
    value: Decimal | None
    quality: str
    method: str
    source: Source | None
    price: Decimal | None = None


@dataclass(frozen=True)
class IntervalRows:
    """Rows of one service point around a billing period.

    Attributes:
        readings: rows of ``READINGS_DAILY``.
        deliveries: rows of ``DELIVERIES``; needed for the days that several files made.
        register_map: what each channel is, as ``masterdata.resolve`` gives it.
        names: file id to the file's name as delivered.
        cycle: the billing period, for seasons by billing cycle; None where the tariff has none.
    """

    readings: pa.Table
    deliveries: pa.Table
    register_map: pa.Table
    names: dict[str, str]
    cycle: Cycle | None = None

    def source(self, file_id: str, record: str) -> Source:
        """Return a place in a delivered file."""
        return Source(file_id, self.names.get(file_id, ""), record)

    @cached_property
    def delivered(self) -> dict[tuple[str, str, int, int], Source]:
        """Meter, channel, interval length and start [min since 1970 UTC] to the delivered row that counts for the slot."""
        rows = self.deliveries.combine_chunks()
        if not rows.num_rows:
            return {}
        order = pc.sort_indices(rows, [(name, "ascending") for name in ("batch", "file_id", "record")]).to_numpy()
        rank = np.empty(len(order), dtype=np.int64)
        rank[order] = np.arange(len(order))
        slots = expand(rows)
        accepted = np.flatnonzero(outcomes(slots, rank) == Outcome.ACCEPTED)
        names = [rows[name].to_pylist() for name in ("meter_id", "channel", "interval_minutes")]
        places = [self.source(*place) for place in zip(rows["file_id"].to_pylist(), rows["record"].to_pylist(), strict=True)]
        found = {}
        for row, at in zip(slots.row[accepted].tolist(), slots.at_minutes[accepted].tolist(), strict=True):
            found[names[0][row], names[1][row], names[2][row], at] = places[row]
        return found


def intervals_of(rows: IntervalRows, tariff: Tariff, determinant: str, direction: str) -> list[Interval]:
    """Return every slot that feeds a determinant, in order of channel and time.

    A channel counts while its register feeds the determinant; check and rate registers never do.

    Args:
        rows: what is stored of the service point; the register map covers the billing period and no more.
        tariff: whose periods price the slots.
        determinant: ``import_kwh``, ...
        direction: ``import`` or ``export``: which of the tariff's calendars.
    """
    found: list[Interval] = []
    readings = rows.readings.to_pylist()
    for use in rows.register_map.to_pylist():
        if not use["mapped"] or use["determinant"] != determinant or use["role"] in ("check", "rate"):
            continue
        for row in readings:
            if (row["meter_id"], row["channel"]) == (use["meter_id"], use["channel"]):
                found += _slots(rows, row, tariff, direction, use["valid_from"], use["valid_to"])
    return sorted(found, key=lambda i: (i.meter_id, i.channel, i.interval_start))


def _slots(
    rows: IntervalRows, row: dict[str, Any], tariff: Tariff, direction: str, since: datetime, until: datetime
) -> Iterator[Interval]:
    """Yield the slots of a day that begin in ``[since, until)``."""
    minutes = row["interval_minutes"]
    bands = band_map(
        tariff,
        direction=direction,
        first_day=row["day"],
        days=1,
        interval_minutes=minutes,
        standard_offset_minutes=row["standard_offset_minutes"],
        slot_offset_minutes=row["slot_offset_minutes"],
        starts_at=since,
        ends_at=until,
        cycle=rows.cycle,
    )
    values = row["values64"] if row["values64"] is not None else row["values"]
    midnight = datetime(row["day"].year, row["day"].month, row["day"].day, tzinfo=UTC)
    first = midnight + (row["slot_offset_minutes"] - row["standard_offset_minutes"]) * _MINUTE
    for slot in np.flatnonzero(bands.index[0] >= 0).tolist():
        quality = Quality(row["quality"][slot]) if row["quality"] is not None else Quality.MEASURED
        if quality is Quality.NOT_EXPECTED:
            continue
        combo: Combo = bands.combos[int(bands.index[0][slot])]
        start = first + slot * minutes * _MINUTE
        yield Interval(
            day=row["day"],
            interval_start=start,
            interval_minutes=minutes,
            meter_id=row["meter_id"],
            channel=row["channel"],
            tariff_version=tariff.versions[combo.version_index].from_.isoformat(),
            band=combo.band,
            value=None if quality in NOT_A_VALUE else Decimal(values[slot]).scaleb(row["exponent"]),
            quality=quality.name.lower(),
            method=(Method(row["method"][slot]) if row["method"] is not None else Method.NONE).name.lower(),
            source=None if quality in _MADE_HERE else _source(rows, row, start),
        )


def _source(rows: IntervalRows, row: dict[str, Any], start: datetime) -> Source | None:
    """Return where a slot's value came from: the day's own file, else the delivered row that counts for the slot."""
    if row["file_id"] is not None and row["record"] is not None:
        return rows.source(row["file_id"], row["record"])
    at = (start - _EPOCH) // _MINUTE
    return rows.delivered.get((row["meter_id"], row["channel"], row["interval_minutes"], at))
