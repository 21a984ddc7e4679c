"""Enedis: load curves, daily energy and daily maximum power of French delivery points, as Data Connect answers them.

- A load curve is the average power of each interval [W]; ``date`` is the end of the interval on the clock of Paris and
  ``interval_length`` its length, which may change from point to point. It stays power.
- Daily energy [Wh] belongs to a local day of 23, 24 or 25 hours.
- Daily maximum power [VA] is a momentary value at its date.

The answers of consumption and of production have one shape. Which of them an answer is, its name says: that of the
service, such as ``production_load_curve``, where the payload does not say it itself.

Source of the rules: Enedis Data Connect, services metering_data v5 (load curves, daily energy, daily maximum power).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, NamedTuple

from pipelines.ingest.collector import READ_QUALITY, Collector, Series
from pipelines.ingest.national.payloads import (
    NO_IDENTIFIER,
    NO_OBJECT,
    identifier_at,
    keys_of,
    quality_of,
    quantity_of,
    raw_of,
)
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import mapping_at, read_json, sequence_at, text_at
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.durations import parse_length
from pipelines.ingest.times.labels import End, resolve_ends
from pipelines.ingest.times.stamps import READING_YEARS, parse_stamp
from schemas.codes import Direction, Quality, ReadKind
from schemas.instants import SECOND_US, microseconds_of
from schemas.periods import standard_offset_minutes
from schemas.units import Unit, parse_unit

ZONE = "Europe/Paris"
_POINTS = "interval_reading"
_QUALITIES = {
    "B": Quality.MEASURED,  # brut: as read
    "BRUT": Quality.MEASURED,
    "C": Quality.FINAL_SUBSTITUTED,  # corrigé
    "CORR": Quality.FINAL_SUBSTITUTED,
    "CORRIGE": Quality.FINAL_SUBSTITUTED,
    "CORRIGEE": Quality.FINAL_SUBSTITUTED,
    "E": Quality.DELIVERED_ESTIMATE,  # estimé
    "ESTIME": Quality.DELIVERED_ESTIMATE,
    "ESTIMEE": Quality.DELIVERED_ESTIMATE,
}
_PRODUCTION = re.compile(r"production|injection", re.IGNORECASE)
_CONSUMPTION = re.compile(r"consumption|consommation|soutirage", re.IGNORECASE)
_UNKNOWN_SERIES = Fault("series.unknown", "the reading type is neither average power, daily energy nor daily maximum power")
_NO_LENGTH = Fault("interval.unknown", "nothing says how long the interval is")
_NO_TIME = Fault("time.missing", "a value without its date")
_LEAPT_OVER = Fault("time.invalid", "the clocks leapt over this time")


class _Point(NamedTuple):
    """A value with its local time.

    Attributes:
        record: its place.
        entry: its keys and values.
        wall: the time its clock showed.
        length: of its interval; none for a momentary value.
    """

    record: str
    entry: Mapping[str, Any]
    wall: datetime
    length: timedelta


def recognise_enedis(head: bytes) -> bool:
    """Whether a document begins as an answer of Data Connect with readings."""
    keys = keys_of(head)
    return b"usage_point_id" in keys and bool(keys & {b"meter_reading", b"interval_reading"})


def read_enedis(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read load curves, daily energies or daily maxima of Enedis.

    Args:
        stream: the bytes of the document.
        context: name, which says consumption or production, and prefix of its records; ``clock`` overrides Paris time.

    Yields:
        intervals, reads and rejections.

    Raises:
        InputRefusedError: it is no JSON, or holds no list of readings (``format.unknown``).
    """
    document = read_json(stream, context.name)
    name = clock_of(context, ZONE)
    collector = Collector(context.prefix, name)
    clock = DocumentClock(name, collector, READING_YEARS)
    reading = mapping_at(document, "meter_reading") or mapping_at(document)
    if reading is None or not isinstance(reading.get(_POINTS), list):
        raise other_format(context.name, "list of readings")
    points = sequence_at(reading, _POINTS)
    if not points:
        collector.warn("answer.empty", "the answer holds no values")
    for _ in _Answer(reading, clock, collector, context.name).take(points):
        yield collector.hand_over()
    yield collector.hand_over()


@dataclass(frozen=True)
class _Answer:
    """An answer, and where its values go."""

    reading: Mapping[str, Any]
    clock: DocumentClock
    collector: Collector
    name: str

    def take(self, points: Sequence[Any]) -> Iterator[None]:
        """Take the points of an answer; yields whenever it is time to hand over."""
        kind = mapping_at(self.reading, "reading_type") or {}
        point_id = identifier_at(self.reading, "usage_point_id")
        unit = parse_unit(text_at(kind, "unit") or "")
        if point_id is None:
            self._set_aside(points, NO_IDENTIFIER)
            return
        if unit is None:
            self._set_aside(points, Fault("unit.unknown", f"nobody knows the unit '{raw_of(kind.get('unit'))[:40]}'"))
            return
        flow, clock = self._flow(), self.clock.name
        match text_at(kind, "aggregate"), text_at(kind, "measuring_period"):
            case "average", _:
                taken = self._take_curve(points, _series(point_id, f"{flow.name}_load_curve", flow.direction, unit, clock))
            case "sum", None | "P1D":
                taken = self._take_days(points, _series(point_id, f"daily_{flow.name}", flow.direction, unit, clock))
            case "maximum", None | "P1D":
                taken = self._take_maxima(points, _series(point_id, f"daily_{flow.name}_max_power", flow.direction, unit, clock))
            case _:
                self._set_aside(points, _UNKNOWN_SERIES)
                return
        for _ in taken:
            if self.collector.is_full:
                yield

    def _set_aside(self, points: Sequence[Any], fault: Fault) -> None:
        """Set every point aside: what they are about is not known."""
        if points:
            self.collector.reject(_POINTS, fault, raw_of(self.reading), len(points))

    def _flow(self) -> _Flow:
        """Return whether the answer is consumption or production."""
        kind = mapping_at(self.reading, "reading_type") or {}
        said = " ".join(text for part in (self.reading, kind) for text in part.values() if isinstance(text, str))
        for text in (said, self.name):
            if _PRODUCTION.search(text):
                return _PRODUCED
            if _CONSUMPTION.search(text):
                return _CONSUMED
        self.collector.warn(
            "direction.assumed", "neither the answer nor its name says consumption or production: consumption is assumed"
        )
        return _CONSUMED

    def _take_curve(self, points: Sequence[Any], series: Series) -> Iterator[None]:
        """Take average powers of intervals whose ends are labelled."""
        for point, end in self._resolved(points, self._length):
            self._take_average(point, end, series)
            yield

    def _take_average(self, point: _Point, end: datetime, series: Series) -> None:
        native, quality = self._quality(point.entry)
        value = quantity_of(point.entry.get("value"))
        if isinstance(value, Fault):
            self.collector.reject(point.record, value, raw_of(point.entry))
            return
        start_us, seconds = microseconds_of(end - point.length), point.length // timedelta(seconds=1)
        self.collector.add_interval(series, start_us, seconds, value, point.record, quality=quality, native_quality=native)

    def _take_maxima(self, points: Sequence[Any], series: Series) -> Iterator[None]:
        """Take momentary values."""
        for point, instant in self._resolved(points, _momentary):
            native, quality = self._quality(point.entry)
            value = quantity_of(point.entry.get("value"))
            if isinstance(value, Fault):
                self.collector.reject(point.record, value, raw_of(point.entry))
            else:
                at_us, word = microseconds_of(instant), READ_QUALITY[quality]
                self.collector.add_read(
                    series, at_us, value, point.record, kind=ReadKind.INSTANT, quality=word, native_quality=native
                )
            yield

    def _take_days(self, points: Sequence[Any], series: Series) -> Iterator[None]:
        """Take energies of local days."""
        for place, entry in enumerate(points, start=1):
            self._take_day(entry, f"{_POINTS}/{place}", series)
            yield

    def _take_day(self, entry: object, record: str, series: Series) -> None:
        row = mapping_at(entry)
        stamp = parse_stamp(identifier_at(row, "date") or "", READING_YEARS)
        value = quantity_of(row.get("value")) if row is not None else None
        if row is None:
            self.collector.reject(record, NO_OBJECT, raw_of(entry))
        elif stamp is None or stamp.offset is not None or stamp.wall.time() != datetime.min.time():
            self.collector.reject(
                record, Fault("time.invalid", "the date is no local day") if "date" in row else _NO_TIME, raw_of(row)
            )
        elif isinstance(value, Fault):
            self.collector.reject(record, value, raw_of(row))
        else:
            native, quality = self._quality(row)
            start_us = self.clock.midnight_us(stamp.wall.date())
            seconds = (self.clock.day_later_us(start_us) - start_us) // SECOND_US
            self.collector.add_interval(series, start_us, seconds, value, record, quality=quality, native_quality=native)

    def _resolved(self, points: Sequence[Any], length_of: _LengthOf) -> Iterator[tuple[_Point, datetime]]:
        """Yield the points whose time exists, with it, and set the others aside."""
        read = (self._point(entry, f"{_POINTS}/{place}", length_of) for place, entry in enumerate(points, start=1))
        known = [point for point in read if point is not None]
        ends = resolve_ends([point.wall for point in known], [point.length for point in known], self.clock.name)
        for point, end in zip(known, ends, strict=True):
            if end.instant is None:
                self.collector.reject(point.record, _LEAPT_OVER, raw_of(point.entry))
            else:
                self._tell_assumed(point, end)
                yield point, end.instant

    def _tell_assumed(self, point: _Point, end: End) -> None:
        if end.is_assumed:
            message = f"{point.wall} is there once, its hour twice: it is taken for the first of the two that fits"
            self.collector.warn("time.ambiguous", message)

    def _point(self, entry: object, record: str, length_of: _LengthOf) -> _Point | None:
        """Return a point with its local time, or set it aside."""
        row = mapping_at(entry)
        stamp = parse_stamp(identifier_at(row, "date") or "", READING_YEARS)
        length = length_of(row or {})
        if row is None:
            self.collector.reject(record, NO_OBJECT, raw_of(entry))
        elif stamp is None or stamp.is_date or stamp.offset is not None:
            fault = Fault("time.invalid", "the date is no local date and time") if "date" in row else _NO_TIME
            self.collector.reject(record, fault, raw_of(row))
        elif length is None:
            self.collector.reject(record, _NO_LENGTH, raw_of(row))
        else:
            return _Point(record, row, stamp.wall, length)
        return None

    def _length(self, row: Mapping[str, Any]) -> timedelta | None:
        """Return the length of a point's interval; where the point does not say it, the reading type may."""
        kind = mapping_at(self.reading, "reading_type")
        said = text_at(row, "interval_length") or text_at(kind, "interval_length") or text_at(kind, "measuring_period")
        return parse_length(said)

    def _quality(self, row: Mapping[str, Any]) -> tuple[str | None, Quality]:
        """Return the source's code of a point, else that of the answer, and what it says."""
        native = text_at(row, "measure_type") or text_at(self.reading, "quality")
        return native, quality_of(native, _QUALITIES, self.collector)


_LengthOf = Callable[[Mapping[str, Any]], timedelta | None]
"""Says how long the interval of a point is; None where nothing does."""


def _momentary(_: Mapping[str, Any]) -> timedelta:
    """A momentary value has no length."""
    return timedelta(0)


class _Flow(NamedTuple):
    """What an answer is about, as the services are named, and what that is to the customer."""

    name: str
    direction: Direction


_CONSUMED = _Flow("consumption", Direction.IMPORT)
_PRODUCED = _Flow("production", Direction.EXPORT)


def _series(point_id: str, channel: str, direction: Direction, unit: Unit, clock: str) -> Series:
    """Return a channel, named as the service that answers it."""
    return Series(point_id, "", channel, unit.quantity, direction, unit.unit, unit.exponent, standard_offset_minutes(clock))
