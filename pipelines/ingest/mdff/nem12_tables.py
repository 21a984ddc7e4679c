"""Days and reads of a NEM12 file as rows of the project's tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.digits import Ints
from pipelines.ingest.mdff.nem12_days import Days, Piece
from pipelines.ingest.mdff.nem12_records import Channel, Day
from pipelines.ingest.mdff.nem12_walk import Place, ReadRecord
from pipelines.ingest.numbers import NO_TIME
from schemas.codes import Quality, ReadKind
from schemas.readings import PARSED_INTERVALS, QUALITY, VALUES, VALUES64
from schemas.register_reads import PARSED_READS
from schemas.table import UTC_TIME

_LARGEST_INT32 = 2**31 - 1
_NUMPY = {pa.int8(): np.int8, pa.int32(): np.int32, pa.int64(): np.int64}
_KIND_COLUMNS = ("channel", "quantity", "direction", "unit", "interval_minutes")


class OddDay(NamedTuple):
    """A 300 record read by itself: where it stands, whose it is, how its clock runs, what it says."""

    line: int
    channel: Channel
    clock_minutes: int
    day: Day


def days_table(days: Days, piece: Piece, place: Place) -> pa.Table:
    """Return plain days as rows of ``PARSED_INTERVALS``.

    Args:
        days: the days.
        piece: the piece they stand in.
        place: where that piece stands.
    """
    rows, slots = days.values.shape
    fits = days.values.max(axis=1) <= _LARGEST_INT32
    wide = None if fits.all() else ~fits
    coded = np.zeros(rows, dtype=np.bool_)
    coded[days.coded] = True
    frames, frame = piece.frames, pa.array(days.frame)
    columns = {
        "service_point_id": pa.array([channel.service_point_id for channel in frames.known]).take(frame),
        "meter_id": pa.array([channel.meter_id for channel in frames.known]).take(frame),
        **{name: pa.array(frames.kinds[name], PARSED_INTERVALS.schema.field(name).type).take(frame) for name in _KIND_COLUMNS},
        "start": pa.array(days.start).view(pa.int64()).cast(UTC_TIME),
        "clock_offset_minutes": pa.array(frames.clock_minutes[days.frame].astype(np.int16)),
        "exponent": pa.array(days.exponent.astype(np.int8)),
        "values": _lists(days.values[fits] if wide is not None else days.values, np.where(fits, slots, 0), None, VALUES.type),
        "values64": _lists(days.values[~fits], np.where(fits, 0, slots), fits, VALUES64.type),
        "quality": _lists(days.codes, np.where(coded, slots, 0), ~coded, QUALITY.type),
        "native_quality": pa.array([*days.labels, None], pa.string()).take(pa.array(days.label % (len(days.labels) + 1))),
        "native_qualities": _sparse(days.natives, rows, PARSED_INTERVALS.schema.field("native_qualities").type),
        "native_reason": _sparse(days.reasons, rows, pa.string()),
        "version": pa.array(days.version, mask=days.version == NO_TIME).cast(UTC_TIME),
        "record": _records(place, days.line),
    }
    return pa.table([columns[field.name] for field in PARSED_INTERVALS.schema], schema=PARSED_INTERVALS.schema)


def _lists(
    values: np.ndarray[Any, Any], counts: Ints, absent: np.ndarray[Any, np.dtype[np.bool_]] | None, kind: pa.DataType
) -> pa.Array:
    """Return rows of ``counts`` values each as a list array; ``absent`` rows are null."""
    if absent is not None and absent.all():
        return pa.nulls(len(absent), kind)
    offsets = np.zeros(len(counts) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    flat = np.ascontiguousarray(values, dtype=_NUMPY[kind.value_type]).reshape(-1)
    mask = None if absent is None else pa.array(absent)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(flat), type=kind, mask=mask)


def _sparse(found: dict[int, Any], rows: int, kind: pa.DataType) -> pa.Array:
    """Return a column that is null but for the places ``found``."""
    if not found:
        return pa.nulls(rows, kind)
    place = np.zeros(rows, dtype=np.int64)
    place[list(found)] = np.arange(len(found))
    absent = np.ones(rows, dtype=np.bool_)
    absent[list(found)] = False
    return pa.array(list(found.values()), kind).take(pa.array(place, mask=absent))


def _records(place: Place, lines: Ints) -> pa.Array:
    """Return the names of lines."""
    numbers = pa.array(lines + place.number(0)).cast(pa.string())
    return pc.binary_join_element_wise(place.prefix, numbers, "") if place.prefix else numbers


def odd_days_table(days: Sequence[OddDay], place: Place) -> pa.Table:
    """Return days read one at a time as rows of ``PARSED_INTERVALS``."""
    rows = []
    for line, channel, clock_minutes, day in days:
        wide = max(map(abs, day.values)) > _LARGEST_INT32
        uniform = len(set(day.natives)) == 1
        rows.append(
            {
                **{name: getattr(channel.kind, name) for name in _KIND_COLUMNS},
                "service_point_id": channel.service_point_id,
                "meter_id": channel.meter_id,
                "start": day.start,
                "clock_offset_minutes": clock_minutes,
                "exponent": day.exponent,
                "values": [] if wide else day.values,
                "values64": day.values if wide else None,
                "quality": day.codes if any(code != Quality.MEASURED for code in day.codes) else None,
                "native_quality": day.natives[0] if uniform else None,
                "native_qualities": None if uniform else day.natives,
                "native_reason": day.reason,
                "version": day.version,
                "record": place.record(line),
            }
        )
    return pa.Table.from_pylist(rows, schema=PARSED_INTERVALS.schema)


def reads_table(reads: Sequence[ReadRecord]) -> pa.Table:
    """Return index reads as rows of ``PARSED_READS``; a 500 record says nothing of quality: they are measured."""
    rows = [
        {
            "service_point_id": channel.service_point_id,
            "meter_id": channel.meter_id,
            "channel": channel.kind.channel,
            "quantity": channel.kind.quantity,
            "direction": channel.kind.direction,
            "unit": channel.kind.unit,
            "read_at": read.read_at,
            "period_from": None,
            "value": read.value,
            "quality": Quality.MEASURED.name.lower(),
            "native_quality": None,
            "kind": str(ReadKind.INDEX),
            "version": version,
            "record": record,
        }
        for record, channel, version, read in reads
    ]
    return pa.Table.from_pylist(rows, schema=PARSED_READS.schema)
