"""Runs and reads of one channel of a plain table."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.ingest.digits import POWERS_OF_TEN, Flags, Ints
from pipelines.ingest.numbers import NO_TIME
from pipelines.ingest.rejected import Fault
from pipelines.ingest.tables.cells import Cells, State, fit_cells, scale_runs
from pipelines.ingest.tables.channel_column import ChannelColumn, ChannelKind
from pipelines.ingest.tables.order import MINUTE, Spans
from schemas.codes import Quality, ReadKind
from schemas.readings import PARSED_INTERVALS, QUALITY, VALUES, VALUES64
from schemas.register_reads import PARSED_READS
from schemas.table import UTC_TIME

_LARGEST_INT32 = 2**31 - 1
_BASE_DECIMALS = 3
_SECOND = 1_000_000
_HOUR = 3600
_DAY = 86_400
_SIGN = 63
_MOST_PLACES = 9
_LARGEST_MULTIPLIER = 900  # times a number of 16 digits still fits 64 bits
_READ_QUALITY = {
    Quality.MEASURED: "measured",
    Quality.DELIVERED_ESTIMATE: "estimated",
    Quality.SUBSTITUTED: "substituted",
    Quality.FINAL_SUBSTITUTED: "final_substituted",
}


class Facts(NamedTuple):
    """What holds for all channels of a file.

    Attributes:
        names: service point, meter and channel of each series; an empty channel is the one that the mapping names.
        natives: the source's quality codes, by number.
        qualities: their meaning, by number.
        standard: (rows,) standard time of each row [s].
        has_clock: whether that is the source's own standard time.
        prefix: put before every line number.
    """

    names: Sequence[tuple[str, str, str]]
    natives: Sequence[str]
    qualities: Sequence[Quality]
    standard: Ints
    has_clock: bool
    prefix: str


class Taken(NamedTuple):
    """Rows of a channel, and why some of its cells are set aside, by row."""

    intervals: list[pa.Table]
    reads: pa.Table
    faults: dict[int, Fault]


def take_channel(channel: ChannelColumn, cells: Cells, spans: Spans, facts: Facts) -> Taken:
    """Return what a channel's cells become.

    Args:
        channel: what the mapping says of it.
        cells: its cells, in the order of ``spans``.
        spans: rows in order of time.
        facts: what holds for all channels.

    Returns:
        intervals, reads, and faults: ``value.precision``, ``value.range``, ``interval.unknown``.
    """
    if channel.kind is ChannelKind.INDEX:
        cells, faults = fit_cells(cells, channel.source_unit.exponent)
        rows = np.flatnonzero(cells.state == State.VALUE)
        return Taken([], _reads(channel, cells, spans, facts, rows), faults)
    faults = {}
    intervals: list[pa.Table] = []
    reads: list[pa.Table] = []
    for part, factor, chosen in _parts(channel, spans):
        fitted, found = fit_cells(_times(cells.where(chosen), factor), part.source_unit.exponent)
        rows = np.flatnonzero(chosen)
        faults |= {int(rows[at]): fault for at, fault in found.items()}
        whole = _spread(fitted, chosen)
        intervals += _runs(part, whole, spans, facts, np.flatnonzero(spans.is_slot & (whole.state != State.SET_ASIDE)))
        reads.append(_reads(part, whole, spans, facts, np.flatnonzero(~spans.is_slot & (whole.state == State.VALUE))))
    unknown = np.flatnonzero((spans.seconds == 0) & (cells.state == State.VALUE))
    message = "the outermost row of a series whose distances differ: nothing says how long its interval is"
    faults |= dict.fromkeys(unknown.tolist(), Fault("interval.unknown", message))
    return Taken(intervals, pa.concat_tables(reads) if reads else PARSED_READS.empty(), faults)


def _spread(cells: Cells, chosen: Flags) -> Cells:
    """Return ``cells`` at the ``chosen`` places; the others are set aside."""
    digits = np.zeros(len(chosen), dtype=np.int64)
    decimals = np.zeros(len(chosen), dtype=np.uint8)
    state = np.full(len(chosen), State.SET_ASIDE, dtype=np.int8)
    digits[chosen], decimals[chosen], state[chosen] = cells
    return Cells(digits, decimals, state)


class _Factor(NamedTuple):
    """A factor whose decimals end: ``multiplier / 10 ** places``."""

    multiplier: int
    places: int


def _parts(channel: ChannelColumn, spans: Spans) -> list[tuple[ChannelColumn, _Factor, Flags]]:
    """Return the column as energy and as power: which rows are which, and what their values are multiplied with."""
    known = spans.seconds > 0
    if not channel.average_power:
        return [(channel, _Factor(1, 0), known)]
    parts = []
    for seconds in np.unique(spans.seconds[known]).tolist():
        hours = _hours(seconds)
        parts.append((channel if hours else channel.power, hours or _Factor(1, 0), spans.seconds == seconds))
    return parts


def _hours(seconds: int) -> _Factor | None:
    """Return a duration in hours, or None where its decimals do not end or its multiplier might not fit 64 bits.

    >>> _hours(900), _hours(300)
    (_Factor(multiplier=25, places=2), None)
    """
    hours = Fraction(seconds, _HOUR)
    for places in range(_MOST_PLACES + 1):
        product = hours * 10**places
        if product.denominator == 1 and product <= _LARGEST_MULTIPLIER:
            return _Factor(int(product), places)
    return None


def _times(cells: Cells, factor: _Factor) -> Cells:
    """Return cells times a factor."""
    return Cells(cells.digits * factor.multiplier, cells.decimals + np.uint8(factor.places), cells.state)


def _runs(channel: ChannelColumn, cells: Cells, spans: Spans, facts: Facts, rows: Ints) -> list[pa.Table]:
    """Return the slots of ``rows`` as rows of ``PARSED_INTERVALS``: runs of one day of standard time and one version."""
    if not len(rows):
        return []
    cells = cells.where(rows)
    start, seconds, standard = spans.start[rows], spans.seconds[rows], facts.standard[rows]
    of = spans.rows.where(rows)
    new = np.ones(len(rows), dtype=np.bool_)
    new[1:] = start[1:] != start[:-1] + seconds[:-1]
    for part in (of.series, of.version, seconds, standard, (start + standard) // _DAY):
        new[1:] |= part[1:] != part[:-1]
    begins = np.flatnonzero(new)
    unit = channel.source_unit
    values, exponents = scale_runs(cells, begins, unit.exponent, max(0, _BASE_DECIMALS + unit.exponent))
    lengths = np.diff(np.append(begins, len(rows)))
    fits = np.maximum.reduceat(np.abs(values), begins) <= _LARGEST_INT32
    quality = np.array([*facts.qualities, Quality.MEASURED], dtype=np.int8)[of.native]
    quality[cells.state == State.EMPTY] = Quality.MISSING
    first = of.where(begins)
    columns = {
        **_identity(channel, facts, first.series),
        "start": pa.array(start[begins] * _SECOND).cast(UTC_TIME),
        "clock_offset_minutes": pa.array(
            (standard[begins] // MINUTE).astype(np.int16), mask=np.full(len(begins), not facts.has_clock)
        ),
        "interval_minutes": pa.array((seconds[begins] // MINUTE).astype(np.int16)),
        "exponent": pa.array(exponents.astype(np.int8)),
        "values": _lists(values, lengths, fits, VALUES.type, empty=True),
        "values64": _lists(values, lengths, ~fits, VALUES64.type),
        "quality": _lists(quality, lengths, np.maximum.reduceat(quality, begins) > Quality.MEASURED, QUALITY.type),
        **_natives(of.native, begins, lengths, facts),
        "native_reason": pa.nulls(len(begins), pa.string()),
        "version": _versions(first.version),
        "record": _records(facts.prefix, first.line),
    }
    return [pa.table([columns[field.name] for field in PARSED_INTERVALS.schema], schema=PARSED_INTERVALS.schema)]


def _identity(channel: ChannelColumn, facts: Facts, series: Ints) -> dict[str, pa.Array]:
    """Return the columns that say whose values these are, of rows of ``series``."""
    used, place = np.unique(series, return_inverse=True)
    points, meters, channels = zip(*(facts.names[at] for at in used.tolist()), strict=True) if len(used) else ((), (), ())
    rows = len(series)
    return {
        "service_point_id": pa.array(points, pa.string()).take(pa.array(place)),
        "meter_id": pa.array(meters, pa.string()).take(pa.array(place)),
        "channel": pa.repeat(channel.channel, rows)
        if isinstance(channel.channel, str)
        else pa.array(channels, pa.string()).take(pa.array(place)),
        "quantity": pa.repeat(channel.quantity, rows),
        "direction": pa.repeat(str(channel.direction), rows),
        "unit": pa.array([channel.store_unit] * rows, pa.string()),
    }


def _lists(values: np.ndarray[Any, Any], lengths: Ints, filled: Flags, kind: pa.DataType, *, empty: bool = False) -> pa.Array:
    """Return runs of values as a list array; runs that are not ``filled`` are null, or ``empty`` lists."""
    counts = np.where(filled, lengths, 0)
    offsets = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(counts, out=offsets[1:])
    flat = pa.array(values[np.repeat(filled, lengths)], kind.value_type)
    return pa.ListArray.from_arrays(pa.array(offsets), flat, type=kind, mask=None if empty else pa.array(~filled))


def _natives(native: Ints, begins: Ints, lengths: Ints, facts: Facts) -> dict[str, pa.Array]:
    """Return the source's quality codes: one for a run, or one for each slot where they differ."""
    if native.max() < 0:
        none = pa.nulls(len(begins), pa.string())
        return {
            "native_quality": none,
            "native_qualities": pa.nulls(len(begins), PARSED_INTERVALS.schema.field("native_qualities").type),
        }
    low, high = np.minimum.reduceat(native, begins), np.maximum.reduceat(native, begins)
    names = pa.array([*facts.natives, None], pa.string())
    codes = [*facts.natives, ""]
    each = [
        [codes[at] for at in native[begin : begin + length].tolist()] if differs else None
        for begin, length, differs in zip(begins.tolist(), lengths.tolist(), (low != high).tolist(), strict=True)
    ]
    one = names.take(pa.array(low % (len(names)))) if len(names) else names
    return {
        "native_quality": pc.if_else(pa.array(low == high), one, pa.scalar(None, pa.string())),
        "native_qualities": pa.array(each, PARSED_INTERVALS.schema.field("native_qualities").type),
    }


def _versions(version: Ints) -> pa.Array:
    return pa.array(version, mask=version == NO_TIME).cast(UTC_TIME)


def _records(prefix: str, lines: Ints) -> pa.Array:
    return pc.binary_join_element_wise(prefix, pa.array(lines).cast(pa.string()), "")


def _reads(channel: ChannelColumn, cells: Cells, spans: Spans, facts: Facts, rows: Ints) -> pa.Table:
    """Return the cells of ``rows`` as rows of ``PARSED_READS``: of kind index, or of kind period."""
    of = spans.rows.where(rows)
    index = channel.kind is ChannelKind.INDEX
    exponent = channel.source_unit.exponent
    values = _decimals(cells.where(rows), exponent)
    ends = spans.stamp[rows] if index else spans.start[rows] + spans.seconds[rows]
    words = [_READ_QUALITY.get(quality, "unverified") for quality in (*facts.qualities, Quality.MEASURED)]
    columns = {
        **_identity(channel, facts, of.series),
        "read_at": pa.array(ends * _SECOND).cast(UTC_TIME),
        "period_from": pa.array(spans.start[rows] * _SECOND, mask=np.full(len(rows), index)).cast(UTC_TIME),
        "value": values,
        "quality": pa.array([words[at] for at in of.native.tolist()], pa.string()),
        "native_quality": pa.array([*facts.natives, None], pa.string()).take(pa.array(of.native % (len(facts.natives) + 1))),
        "kind": pa.repeat(str(ReadKind.INDEX if index else ReadKind.PERIOD), len(rows)),
        "version": _versions(of.version),
        "record": _records(facts.prefix, of.line),
    }
    return pa.table([columns[field.name] for field in PARSED_READS.schema], schema=PARSED_READS.schema)


def _decimals(cells: Cells, exponent: int) -> pa.Array:
    """Return fitted cells as decimals of the store, exactly: below nine billion, their billionths fit 64 bits."""
    kind = PARSED_READS.schema.field("value").type
    billionths = cells.digits * POWERS_OF_TEN[kind.scale + exponent - cells.decimals.astype(np.int64)]
    halves = np.stack((billionths, billionths >> _SIGN), axis=1)  # 128 bits, the low half first
    return pa.Array.from_buffers(kind, len(billionths), [None, pa.py_buffer(halves.astype("<i8").tobytes())])
