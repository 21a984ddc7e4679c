"""Datadis: hourly and quarter-hourly consumption of Spanish supply points, as the private API answers it.

A row is an interval of a supply point (CUPS) with its energies. ``date`` and ``time`` are Spanish peninsular time and
name the end: ``01:00`` to ``24:00``. A spring day has 23 rows, an autumn day 25; the hour that comes twice has its label
twice. Version 1 of the API answers with a list, version 2 with ``timeCurve`` beside ``distributorError``.

Source of the rules: the Datadis user manual of the API (2023) and the description of version 2 on its web site.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO, NamedTuple

from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.national.payloads import (
    NO_IDENTIFIER,
    NO_OBJECT,
    entries_at,
    has_value,
    identifier_at,
    keys_of,
    quality_of,
    quantity_of,
    raw_of,
    warn_of,
)
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import mapping_at, read_json
from pipelines.ingest.times.clocks import clock_of
from pipelines.ingest.times.labels import End, resolve_ends
from pipelines.ingest.times.stamps import READING_YEARS
from schemas.codes import Direction, Quality
from schemas.instants import microseconds_of
from schemas.periods import standard_offset_minutes

ZONE = "Europe/Madrid"
_CURVE = "timeCurve"
_ENERGY = "KWh"
_CONSUMPTION = "consumptionKWh"
_DIRECTIONS = {_CONSUMPTION: Direction.IMPORT, "surplusEnergyKWh": Direction.EXPORT}
"""Energy that passes the grid meter; generation and own use do not."""
_QUALITIES = {"": Quality.MEASURED, "REAL": Quality.MEASURED, "ESTIMADA": Quality.DELIVERED_ESTIMATE}
_DATE = re.compile(r"([0-9]{4})[/-]([0-9]{2})[/-]([0-9]{2})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_HOUR, _QUARTER = timedelta(hours=1), timedelta(minutes=15)
_DAY_MINUTES, _HOUR_MINUTES, _QUARTER_MINUTES = 1440, 60, 15

_STARTS_OR_ENDS = Fault("time.invalid", "the day has 00:00 and no 24:00: nothing says whether its labels are starts or ends")
_NO_LABEL = Fault("time.invalid", "00:00 is no end of an interval: Datadis writes 24:00")
_NO_QUARTERS = Fault("time.invalid", "nothing says which quarters the labels name: none is 00:15, 00:30 or 00:45")
_LEAPT_OVER = Fault("time.invalid", "the clocks leapt over this hour")


class _Row(NamedTuple):
    """A row whose label can be read.

    Attributes:
        record: its place.
        entry: its keys and values.
        day: its date.
        minutes: its label, from the beginning of that day [min].
    """

    record: str
    entry: Mapping[str, Any]
    day: date
    minutes: int

    @property
    def label(self) -> datetime:
        """The end, as the clock showed it."""
        return datetime(self.day.year, self.day.month, self.day.day) + timedelta(minutes=self.minutes)  # noqa: DTZ001 - a wall clock


def recognise_datadis(head: bytes) -> bool:
    """Whether a document begins as an answer of Datadis with consumption."""
    keys = keys_of(head)
    return {b"cups", b"obtainMethod"} <= keys and b"consumptionKWh" in keys


def read_datadis(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read consumption of Datadis.

    Args:
        stream: the bytes of the document.
        context: name and prefix of its records; ``clock`` overrides Spanish peninsular time.

    Yields:
        intervals and rejections.

    Raises:
        InputRefusedError: it is no JSON, or holds no list of rows (``format.unknown``).
    """
    document = read_json(stream, context.name)
    clock = clock_of(context, ZONE)
    collector = Collector(context.prefix, clock)
    points: dict[str, list[_Row]] = {}
    for place, entry in enumerate(_entries(document, context, collector), start=1):
        _sort_in(entry, str(place), points, collector)
        if collector.is_full:
            yield collector.hand_over()
    for cups, rows in points.items():
        for _ in _Supply(cups, clock, collector).take(rows):
            yield collector.hand_over()
    yield collector.hand_over()


def _entries(document: object, context: ReadContext, collector: Collector) -> Sequence[Any]:
    """Return the rows of either version of the API."""
    envelope = mapping_at(document)
    if isinstance(document, list):
        entries = document
    elif envelope is not None and isinstance(envelope.get(_CURVE, ...), list | None):
        for error in entries_at(envelope, "distributorError"):
            warn_of(collector, error)
        entries = envelope[_CURVE] or []
    else:
        raise other_format(context.name, "list of consumption")
    if not entries:
        collector.warn("answer.empty", "the answer holds no values")
    return entries


def _sort_in(entry: object, record: str, points: dict[str, list[_Row]], collector: Collector) -> None:
    """Put a row with its supply point, or set it aside."""
    row = mapping_at(entry)
    if row is None:
        collector.reject(record, NO_OBJECT, raw_of(entry))
        return
    cups = identifier_at(row, "cups")
    label = _parse_label(identifier_at(row, "date"), identifier_at(row, "time"))
    fault = NO_IDENTIFIER if cups is None else label
    if isinstance(fault, Fault):
        collector.reject(record, fault, raw_of(entry), max(1, _values_of(row)))
    elif cups is not None and not isinstance(label, Fault):
        points.setdefault(cups, []).append(_Row(record, row, *label))


def _parse_label(day: str | None, time: str | None) -> tuple[date, int] | Fault:
    """Return the date of a row and its label in minutes of that day."""
    if day is None or time is None:
        return Fault("time.missing", "a row without date or time")
    date_match, time_match = _DATE.fullmatch(day), _TIME.fullmatch(time)
    if date_match is None or time_match is None:
        return Fault("time.invalid", f"'{day[:20]} {time[:20]}' is no date and time")
    hour, minute = int(time_match[1]), int(time_match[2])
    minutes = hour * _HOUR_MINUTES + minute
    try:
        found = date(*map(int, date_match.groups()))
    except ValueError:
        return Fault("time.invalid", f"'{day}' is no date")
    if minutes > _DAY_MINUTES or minute % _QUARTER_MINUTES or minute >= _HOUR_MINUTES or found.year not in READING_YEARS:
        return Fault("time.invalid", f"'{day} {time}' ends no hour or quarter of an hour")
    return found, minutes


@dataclass(frozen=True)
class _Supply:
    """A supply point and where its values go."""

    cups: str
    clock: str
    collector: Collector

    def take(self, rows: Sequence[_Row]) -> Iterator[None]:
        """Take the rows of a supply point; yields whenever it is time to hand over."""
        length = _QUARTER if any(row.minutes % _HOUR_MINUTES for row in rows) else _HOUR
        known = self._rows_that_end(rows, length)
        ends = resolve_ends([row.label for row in known], [length] * len(known), self.clock)
        columns = _columns(known)
        for row, end in zip(known, ends, strict=True):
            self._take_row(row, end, length, columns)
            if self.collector.is_full:
                yield

    def _rows_that_end(self, rows: Sequence[_Row], length: timedelta) -> list[_Row]:
        """Return the rows whose label is the end of an interval for certain, and set the others aside."""
        full_days = {row.day for row in rows if row.minutes == _DAY_MINUTES}
        midnights = {row.day for row in rows if row.minutes == 0}
        has_first_quarters = length == _HOUR or any(0 < row.minutes < _HOUR_MINUTES for row in rows)
        known = []
        for row in rows:
            if row.day in midnights - full_days:
                self._set_aside(row, _STARTS_OR_ENDS)
            elif row.minutes == 0:
                self._set_aside(row, _NO_LABEL)
            elif not has_first_quarters:
                self._set_aside(row, _NO_QUARTERS)
            else:
                known.append(row)
        return known

    def _take_row(self, row: _Row, end: End, length: timedelta, columns: Sequence[str]) -> None:
        """Take the energies of a row."""
        if end.instant is None:
            self._set_aside(row, _LEAPT_OVER)
            return
        if end.is_assumed:
            message = f"{row.day} {row.minutes // 60:02}:{row.minutes % 60:02} of {self.cups} is there once, its hour twice"
            self.collector.warn("time.ambiguous", f"{message}: it is taken for the first of the two, or may hold both")
        native = row.entry.get("obtainMethod")
        native = native.strip() if isinstance(native, str) else None
        quality = quality_of(native, _QUALITIES, self.collector)
        for name in columns:
            value = quantity_of(row.entry.get(name))
            if isinstance(value, Fault):
                self.collector.reject(f"{row.record}/{name}", value, raw_of(row.entry))
                continue
            self.collector.add_interval(
                self._series(name),
                microseconds_of(end.instant - length),
                length // timedelta(seconds=1),
                value,
                row.record,
                quality=quality,
                native_quality=native,
            )

    def _series(self, name: str) -> Series:
        """Return the channel of a column."""
        direction = _DIRECTIONS.get(name, Direction.NONE)
        return Series(self.cups, "", name, "active_energy", direction, "kWh", 0, standard_offset_minutes(self.clock))

    def _set_aside(self, row: _Row, fault: Fault) -> None:
        """Set a row aside; where it holds no value there is nothing to set aside."""
        rows = _values_of(row.entry)
        if rows:
            self.collector.reject(row.record, fault, raw_of(row.entry), rows)


def _columns(rows: Sequence[_Row]) -> list[str]:
    """Return the energies of a supply point: consumption, and whatever else has a value in some row.

    A column that is null throughout is no channel: the supply point feeds nothing in.
    """
    met = (item for row in rows for item in row.entry.items() if item[0].endswith(_ENERGY))
    return list(dict.fromkeys(name for name, value in met if has_value(value) or name == _CONSUMPTION))


def _values_of(entry: Mapping[str, Any]) -> int:
    """Return the number of values a row holds."""
    return sum(has_value(value) for name, value in entry.items() if name.endswith(_ENERGY))
