"""Fingrid: time series of Finnish metering points, as the Datahub answers ``RetrieveTimeSeries``.

A series names its metering point, product, unit, reading type and resolution; each observation names the start of its
interval. Whether a point consumes or produces is not in the answer unless it names its type: direction ``none``.

Source of the rules: Fingrid Datahub, data model of time series (document ETS, process role EZ).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, BinaryIO

from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.national.payloads import (
    NO_IDENTIFIER,
    NO_OBJECT,
    entries_at,
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
from pipelines.ingest.strict_json import mapping_at, read_json, text_at
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.durations import parse_length
from pipelines.ingest.times.stamps import READING_YEARS, made_at_us
from schemas.codes import Direction, Quality
from schemas.instants import SECOND_US
from schemas.units import Unit, parse_unit

ZONE = "Europe/Helsinki"
_ROOT = "RetrieveTimeSeriesData"
_DAY = timedelta(days=1)
_QUALITIES = {
    "OK": Quality.MEASURED,
    "REV": Quality.MEASURED,  # revised
    "EST": Quality.DELIVERED_ESTIMATE,
    "ESTIMATED": Quality.DELIVERED_ESTIMATE,
    "UNC": Quality.DELIVERED_ESTIMATE,  # uncertain
    "UNCERTAIN": Quality.DELIVERED_ESTIMATE,
    "MISS": Quality.MISSING,
    "MISSING": Quality.MISSING,
}
_DIRECTIONS = {"AG01": Direction.IMPORT, "AG02": Direction.EXPORT}
"""Types of metering points: consumption, production."""


def recognise_fingrid(head: bytes) -> bool:
    """Whether a document begins as an answer of the Finnish Datahub with time series."""
    return _ROOT.encode() in keys_of(head)


def read_fingrid(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read time series of the Finnish Datahub.

    Args:
        stream: the bytes of the document.
        context: name and prefix of its records; ``clock`` overrides Finnish time where a stamp has no offset.

    Yields:
        intervals, reads and rejections.

    Raises:
        InputRefusedError: it is no JSON, or no answer with time series (``format.unknown``).
    """
    document = read_json(stream, context.name)
    transaction = mapping_at(document, _ROOT, "Transaction")
    if transaction is None:
        raise other_format(context.name, "transaction with time series")
    collector = Collector(context.prefix)
    clock = DocumentClock(clock_of(context, ZONE), collector, READING_YEARS)
    version = made_at_us(text_at(document, _ROOT, "Header", "Creation"))
    _tell_reasons(transaction, collector)
    for place, entry in enumerate(entries_at(transaction, "TimeSeries"), start=1):
        for _ in _TimeSeries(f"TimeSeries/{place}", clock, collector, version).take(entry):
            yield collector.hand_over()
    yield collector.hand_over()


def _tell_reasons(transaction: Mapping[str, Any], collector: Collector) -> None:
    """Say why the Datahub answers without values, or what else it reports."""
    for reason in entries_at(transaction, "EventReasons", "EventReason"):
        warn_of(collector, reason)
    if not entries_at(transaction, "TimeSeries"):
        collector.warn("answer.empty", f"the answer holds no values; reason '{text_at(transaction, 'ReasonCode') or ''}'")


@dataclass(frozen=True)
class _TimeSeries:
    """A time series, and where its values go."""

    record: str
    clock: DocumentClock
    collector: Collector
    version: int | None

    def take(self, entry: object) -> Iterator[None]:
        """Take the observations of a series; yields whenever it is time to hand over."""
        row = mapping_at(entry)
        if row is None:
            self.collector.reject(self.record, NO_OBJECT, raw_of(entry))
            return
        observations = entries_at(row, "Observations")
        point_id = identifier_at(row, "MeteringPointEAN")
        unit = parse_unit(text_at(row, "UnitType") or "")
        length = parse_length(text_at(row, "ResolutionDuration"))
        if point_id is None or unit is None or length is None:
            self._set_aside(row, observations, point_id, unit)
            return
        series = _series(row, point_id, unit)
        for place, observation in enumerate(observations, start=1):
            self._take_observation(observation, f"{self.record}/Observations/{place}", series, length)
            if self.collector.is_full:
                yield

    def _set_aside(self, row: Mapping[str, Any], observations: Sequence[Any], point_id: str | None, unit: Unit | None) -> None:
        """Set a whole series aside: what it is about is not known."""
        fault = Fault("interval.unknown", f"nobody knows the resolution '{raw_of(row.get('ResolutionDuration'))[:40]}'")
        if unit is None:
            fault = Fault("unit.unknown", f"nobody knows the unit '{raw_of(row.get('UnitType'))[:40]}'")
        if point_id is None:
            fault = NO_IDENTIFIER
        if observations:
            self.collector.reject(self.record, fault, raw_of(row), len(observations))

    def _take_observation(self, entry: object, record: str, series: Series, length: timedelta) -> None:
        row = mapping_at(entry)
        if row is None:
            self.collector.reject(record, NO_OBJECT, raw_of(entry))
            return
        start_us = self.clock.instant_us(text_at(row, "PeriodStartTime"))
        value = quantity_of(row.get("Quantity"))
        if isinstance(start_us, Fault):
            self.collector.reject(record, start_us, raw_of(row))
        elif isinstance(value, Fault):
            self.collector.reject(record, value, raw_of(row))
        else:
            native = text_at(row, "Quality")
            self.collector.add_interval(
                series,
                start_us,
                self._seconds(start_us, length),
                value,
                record,
                quality=quality_of(native, _QUALITIES, self.collector),
                native_quality=native,
                version_us=self.version,
            )

    def _seconds(self, start_us: int, length: timedelta) -> int:
        """Return the length of an interval [s]; a day is a Finnish one of 23, 24 or 25 hours."""
        if length == _DAY:
            return (self.clock.day_later_us(start_us) - start_us) // SECOND_US
        return length // timedelta(seconds=1)


def _series(row: Mapping[str, Any], point_id: str, unit: Unit) -> Series:
    """Return the channel of a series: product and reading type, for one point may have several of either."""
    names = (identifier_at(row, "ProductType"), identifier_at(row, "ReadingType"))
    direction = _DIRECTIONS.get(text_at(row, "MeteringPointType") or "", Direction.NONE)
    return Series(point_id, "", "/".join(name for name in names if name), unit.quantity, direction, unit.unit, unit.exponent)
