"""Blocks and the rows of ``readings_daily``: there and back."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from pipelines.vee.assemble import Assembled, native_codes
from pipelines.vee.block import Block, Ints
from schemas.codes import COUNTS_AS_ESTIMATED, Quality
from schemas.readings import READINGS_DAILY
from schemas.table import list_of

_EPOCH = date(1970, 1, 1)
_INT32 = np.iinfo(np.int32)


def daily_rows(assembled: Assembled, block: Block, first_day: date, end_day: date, bucket: int) -> pa.Table:
    """Return the days of a validated block as rows of ``READINGS_DAILY``.

    Days of which no slot is expected make no row.

    Args:
        assembled: the block as delivered, for where its days came from.
        block: the same block validated and estimated.
        first_day: first day wanted.
        end_day: day after the last one wanted.
        bucket: bucket of the service points.
    """
    n, d, s = block.values.shape
    wanted = np.zeros((n, d), dtype=bool)
    wanted[:, (first_day - block.first_day).days : (end_day - block.first_day).days] = True
    wanted &= (block.quality != Quality.NOT_EXPECTED).any(axis=2)
    cells = np.flatnonzero(wanted)
    channel, day = np.divmod(cells, d)
    picked = pa.array(channel)
    values = block.values.reshape(-1, s)[cells]
    quality = block.quality.reshape(-1, s)[cells]
    method = block.method.reshape(-1, s)[cells]
    source = assembled.source.reshape(-1)[cells]
    take = pa.array(source, mask=source < 0)
    native_quality, native_qualities = native_codes(assembled, cells)
    days = pa.array((day + (block.first_day - _EPOCH).days).astype(np.int32)).cast(pa.date32())
    narrow, wide = _lists(values)
    columns = {
        "month": _months(block, day),
        "bucket": pa.array(np.full(len(cells), bucket, dtype=np.int32)),
        "service_point_id": block.channels.service_point_id.take(picked),
        "meter_id": block.channels.meter_id.take(picked),
        "channel": block.channels.channel.take(picked),
        "quantity": block.channels.quantity.take(picked),
        "direction": block.channels.direction.take(picked),
        "unit": assembled.units.take(picked),
        "day": days,
        "standard_offset_minutes": _constant(len(cells), block.standard_offset_minutes, pa.int16()),
        "interval_minutes": _constant(len(cells), block.interval_minutes, pa.int16()),
        "slot_offset_minutes": _constant(len(cells), block.slot_offset_minutes, pa.int16()),
        "exponent": _constant(len(cells), block.exponent, pa.int8()),
        "values": narrow,
        "values64": wide,
        "quality": _codes(quality),
        "method": _codes(method),
        "native_quality": native_quality,
        "native_qualities": native_qualities,
        "value_sum": pa.array(values.sum(axis=1)),
        "missing": pa.array(np.isin(quality, (Quality.MISSING, Quality.CONFLICT)).sum(axis=1).astype(np.int16)),
        "estimated": pa.array(np.isin(quality, COUNTS_AS_ESTIMATED).sum(axis=1).astype(np.int16)),
        "version": assembled.rows["version"].combine_chunks().take(take),
        "file_id": assembled.rows["file_id"].combine_chunks().take(take),
        "record": assembled.rows["record"].combine_chunks().take(take),
    }
    return pa.table(columns).cast(READINGS_DAILY.schema)


def _months(block: Block, day: Ints) -> pa.Array:
    """Return the calendar month of days of a block, YYYY-MM."""
    names = [(block.first_day + timedelta(days=number)).isoformat()[:7] for number in range(block.days)]
    return pa.array(names, pa.string()).take(pa.array(day))


def _constant(count: int, value: int, kind: pa.DataType) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), count)


def _offsets(count: int, width: int) -> pa.Array:
    return pa.array(np.arange(count + 1, dtype=np.int32) * width)


def _lists(values: Ints) -> tuple[pa.Array, pa.Array]:
    """Return values as 32-bit lists, and as 64-bit lists where a row does not fit."""
    count, width = values.shape
    fits = ((values >= _INT32.min) & (values <= _INT32.max)).all(axis=1)
    if fits.all():
        narrow = pa.ListArray.from_arrays(
            _offsets(count, width), pa.array(values.astype(np.int32).reshape(-1)), type=list_of(pa.int32())
        )
        return narrow, pa.nulls(count, list_of(pa.int64()))
    widths = np.where(fits, width, 0)
    narrow = pa.ListArray.from_arrays(
        pa.array(np.r_[0, np.cumsum(widths)].astype(np.int32)),
        pa.array(values[fits].astype(np.int32).reshape(-1)),
        type=list_of(pa.int32()),
    )
    too_large = set(np.flatnonzero(~fits).tolist())
    wide = [values[number].tolist() if number in too_large else None for number in range(count)]
    return narrow, pa.array(wide, type=list_of(pa.int64()))


def _codes(codes: np.ndarray) -> pa.Array:
    """Return a list of codes for each row, null where all of a row's are 0."""
    given = (codes != 0).any(axis=1)
    widths = np.where(given, codes.shape[1], 0)
    return pa.ListArray.from_arrays(
        pa.array(np.r_[0, np.cumsum(widths)].astype(np.int32)),
        pa.array(codes[given].reshape(-1).astype(np.int8)),
        type=list_of(pa.int8()),
        mask=pa.array(~given),
    )
