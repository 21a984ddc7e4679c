"""MeterReadings and EndDeviceEvents of IEC 61968-9, whatever their namespace, with or without a message around them.

A MeterReading holds blocks of interval readings and readings of registers of one meter. Their reading type says what a
value is, an index or a quantity of an interval, far more surely than where it stands: head-ends also deliver profiles
of registers as interval blocks. A reading is stamped with the end of its interval.

A reading type is named by its id, or by a name whose definition may only follow at the end of the document: such values
wait for it, up to ``MOST_WAITING``.

Standard: IEC 61968-9 (editions 2 and 3), profiles MeterReadings and EndDeviceEvents; IEC 61968-100, message header.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timezone
from typing import BinaryIO, NamedTuple

from pipelines.ingest.cim.end_device_events import UNKNOWN, event_type_of
from pipelines.ingest.cim.reading_elements import (
    BLOCKS,
    EVENT,
    EVENTS_OF_READING,
    INTERVALS,
    READING,
    READINGS,
    Event,
    Value,
    defined_reading_types,
    event_of,
    identity,
    named,
    reading_type_name,
    value_of,
)
from pipelines.ingest.cim.reading_quality import Judged, judge
from pipelines.ingest.cim.reading_type import Meaning, meaning_of, parse_reading_type
from pipelines.ingest.collector import READ_QUALITY, Collector, Series
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format, unfit_file
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_xml import Element, child, children, local_name, stream_elements, text_at
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.stamps import parse_stamp
from schemas.codes import Quality, ReadKind
from schemas.instants import MINUTE_US, SECOND_US, microseconds_of
from schemas.periods import instants_of

MOST_WAITING = 200_000
"""Values that wait for the definition of their reading type; more are set aside, and so are long ones."""

_HEAD = re.compile(
    rb"<(?:[A-Za-z_][\w.-]*:)?(?:MeterReadings|EndDeviceEvents)[\s>/]"
    rb"|http://iec\.ch/TC57/[0-9]{4}/(?:schema/message|MeterReadings#?|EndDeviceEvents#?)[\"']"
)
_DOCUMENTS = frozenset({"MeterReadings", "EndDeviceEvents"})
_WITHDRAWING = frozenset({"delete", "deleted", "cancel", "canceled", "cancelled", "close", "closed"})
_DAY_MINUTES = 1440
_DECEMBER = 12
_NAME_CHARACTERS = 80
_WAITING_CHARACTERS = 1000
_MOST_MEANINGS = 10_000
"""Reading types that are remembered; a head-end has some dozens."""


class _Span(NamedTuple):
    """The period of a quantity, UTC [us since 1970]; ``start`` is None where nothing says when it began."""

    start: int | None
    end: int


def recognise_meter_readings(head: bytes) -> bool:
    """Whether a document begins as MeterReadings or EndDeviceEvents do, or with the message of IEC 61968-100 around them."""
    return _HEAD.search(head) is not None


def read_meter_readings(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read a document meter by meter.

    Args:
        stream: the bytes of the document.
        context: name and prefix of its records; ``clock``, or else ``zone``, reads times that name no offset.

    Yields:
        intervals, reads, events and rejections, in the order of the document.

    Raises:
        InputRefusedError: as ``stream_elements``; ``format.unknown``, nothing of this format is in it;
            ``document.withdrawn``, the message withdraws readings; ``time.invalid``, the time of the message is none;
            ``clock.invalid``.
    """
    collector = Collector(context.prefix)
    file = _File(context.name, DocumentClock(clock_of(context, context.zone), collector), collector)
    for event, element in stream_elements(stream, (READING, EVENT), context.name):
        if event == "start":
            file.root = element
            continue
        file.take(element)
        if file.collector.is_full:
            yield file.collector.hand_over()
    file.finish()
    yield file.collector.hand_over()


@dataclass
class _File:
    """A document while it is read.

    Attributes:
        name: of the document.
        clock: of times that name no offset.
        collector: what was met.
        root: of the document; keeps what is neither meter reading nor event.
        version_us: when the message was made; None where nothing says.
        has_read_header: whether the header of the message was looked at.
        readings: meter readings met.
        events: events met outside of meter readings.
        inside: events met in the meter reading that is not finished.
        waiting: values whose reading type is not known yet.
        meanings: reading types met.
    """

    name: str
    clock: DocumentClock
    collector: Collector
    root: Element = None
    version_us: int | None = None
    has_read_header: bool = False
    readings: int = 0
    events: int = 0
    inside: list[Event] = field(default_factory=list)
    waiting: list[Value] = field(default_factory=list)
    meanings: dict[str, Meaning] = field(default_factory=dict)

    def take(self, element: Element) -> None:
        """Take a meter reading or an event that is finished."""
        self._read_header()
        if local_name(element) == READING:
            self.readings += 1
            self._take_reading(element, f"{READING}/{self.readings}")
        elif any(local_name(ancestor) == READING for ancestor in element.iterancestors()):
            self.inside.append(event_of(element, f"{READING}/{self.readings + 1}/{EVENT}/{len(self.inside) + 1}"))
        else:
            self.events += 1
            self._take_event(event_of(element, f"{EVENT}/{self.events}"))

    def finish(self) -> None:
        """Take what waited for the end of the document."""
        self._read_header()
        if not any(local_name(element) in _DOCUMENTS for element in self.root.iter()):
            raise other_format(self.name, "meter readings and no events of IEC 61968-9")
        defined = defined_reading_types(self.root) if self.waiting else {}
        for value in self.waiting:
            meaning = self._meaning(value.channel, defined.get(value.channel, ""))
            if meaning is None:
                self._reject_type(value)
            else:
                self._take_value(value, meaning)
        if not self.readings and not self.events:
            self.collector.warn("document.empty", "the document holds no meter reading and no event")

    def _read_header(self) -> None:
        """Look at the header of the message, once: it stands before everything else."""
        if self.has_read_header:
            return
        self.has_read_header = True
        header = next((part for part in self.root.iter() if child(part, "Verb") is not None), None)
        if header is None:
            return
        verb = text_at(header, "Verb") or ""
        if verb.lower() in _WITHDRAWING:
            raise unfit_file("document.withdrawn", f"{self.name} withdraws readings ('{verb}'); nothing is taken from it")
        made = text_at(header, "Timestamp")
        found = None if made is None else self.clock.instant_us(made)
        if isinstance(found, Fault):
            raise unfit_file(found.code, f"{self.name}: the time of the message: {found.message}")
        self.version_us = found

    def _take_reading(self, reading: Element, record: str) -> None:
        """Take the events and values of a meter."""
        meter_id = identity(child(reading, "Meter")) or identity(child(reading, "EndDevice"))
        point = identity(child(reading, "UsagePoint")) or meter_id
        for place, element in enumerate(children(reading, EVENTS_OF_READING), start=1):
            if child(element, EVENT) is None:
                self.inside.append(event_of(element, f"{record}/{EVENTS_OF_READING}/{place}"))
        for event in self.inside:
            self._take_event(
                event._replace(service_point_id=event.service_point_id or point, meter_id=event.meter_id or meter_id)
            )
        self.inside = []
        ids_of_values = (point or "", meter_id or "")
        for place, block in enumerate(named(reading, BLOCKS), start=1):
            self._take_block(block, ids_of_values, f"{record}/{local_name(block)}/{place}")
        for place, element in enumerate(named(reading, READINGS), start=1):
            channel = reading_type_name(child(element, "ReadingType"))
            self._take_or_wait(value_of(element, ids_of_values, channel, f"{record}/{local_name(element)}/{place}"))

    def _take_block(self, block: Element, ids: tuple[str, str], record: str) -> None:
        """Take the interval readings of a block, or set them aside together."""
        channel = reading_type_name(child(block, "ReadingType"))
        elements = list(named(block, INTERVALS))
        if child(block, "pending") is not None:
            fault = Fault("calculation.pending", "the block asks for a calculation that nobody has made on its values yet")
            self.collector.reject(record, fault, f"{channel}: {len(elements)} values", max(1, len(elements)))
            return
        for place, element in enumerate(elements, start=1):
            self._take_or_wait(value_of(element, ids, channel, f"{record}/{local_name(element)}/{place}"))

    def _take_or_wait(self, value: Value) -> None:
        """Take a value, or let it wait for the definition of its reading type."""
        if not value.service_point_id:
            fault = Fault("record.identifier", "the reading names no usage point and no meter")
            self.collector.reject(value.record, fault, value.raw)
            return
        meaning = self._meaning(value.channel, value.channel)
        if meaning is not None:
            self._take_value(value, meaning)
        elif value.channel and len(self.waiting) < MOST_WAITING and value.characters <= _WAITING_CHARACTERS:
            self.waiting.append(value)
        else:
            self._reject_type(value)

    def _reject_type(self, value: Value) -> None:
        fault = Fault("reading_type.unknown", f"nobody says what reading type '{value.channel[:_NAME_CHARACTERS]}' is")
        self.collector.reject(value.record, fault, value.raw)

    def _meaning(self, name: str, identifier: str) -> Meaning | None:
        """Return what values of a reading type are, and say once what is not sure about it; None where it is no id."""
        known = self.meanings.get(name)
        if known is not None:
            return known
        kind = parse_reading_type(identifier)
        if kind is None:
            return None
        if len(self.meanings) >= _MOST_MEANINGS:
            self.meanings.clear()
        meaning = self.meanings[name] = meaning_of(kind)
        for doubt in meaning.doubts:
            self.collector.warn(doubt.code, f"reading type {name[:_NAME_CHARACTERS]}: {doubt.message}")
        return meaning

    def _take_value(self, value: Value, meaning: Meaning) -> None:
        """Take a value whose reading type is known."""
        series = Series(
            value.service_point_id,
            value.meter_id,
            value.channel,
            meaning.quantity,
            meaning.direction,
            meaning.unit,
            meaning.exponent,
        )
        judged = judge(value.qualities)
        self._warn_of_qualities(judged)
        if meaning.kind is ReadKind.PERIOD:
            self._take_quantity(series, value, meaning, judged)
            return
        stamp = value.stamp or value.period_end
        read_at = None if stamp is None else self.clock.instant_us(stamp)
        if isinstance(read_at, Fault):
            self.collector.reject(value.record, read_at, value.raw)
            return
        if read_at is None:
            self.collector.warn("time.missing", "there are readings without a time: nothing says when they were made")
        self._add_read(series, value, judged, _Span(None, read_at) if read_at is not None else None, meaning.kind)

    def _take_quantity(self, series: Series, value: Value, meaning: Meaning, judged: Judged) -> None:
        """Take a quantity of a period: a slot where the period can be one, else a read."""
        span = self._span(value, meaning)
        if isinstance(span, Fault):
            self.collector.reject(value.record, span, value.raw)
            return
        if span.start is None:
            self.collector.warn(
                "period.unknown", f"reading type {series.channel[:_NAME_CHARACTERS]}: nothing says when its periods begin"
            )
        if span.start is None or (span.end - span.start) % SECOND_US:
            self._add_read(series, value, judged, span, ReadKind.PERIOD)
            return
        self.collector.add_interval(
            series,
            span.start,
            (span.end - span.start) // SECOND_US,
            value.text,
            value.record,
            quality=judged.quality,
            native_quality=judged.native,
            version_us=self.version_us,
        )

    def _add_read(self, series: Series, value: Value, judged: Judged, span: _Span | None, kind: ReadKind) -> None:
        """Take a read; a value that is not there, or said to be missing, is none."""
        if value.text is None or judged.quality is Quality.MISSING:
            self.collector.warn("value.missing", f"reading type {series.channel[:_NAME_CHARACTERS]}: readings without a value")
            return
        self.collector.add_read(
            series,
            None if span is None else span.end,
            value.text,
            value.record,
            kind=kind,
            quality=READ_QUALITY[judged.quality],
            native_quality=judged.native,
            period_from_us=None if span is None else span.start,
            version_us=self.version_us,
        )

    def _span(self, value: Value, meaning: Meaning) -> _Span | Fault:
        """Return the period of a value: the one that is written, else what its reading type makes of its end."""
        if value.period_start is not None and value.period_end is not None:
            start, end = self.clock.instant_us(value.period_start), self.clock.instant_us(value.period_end)
            if isinstance(start, Fault) or isinstance(end, Fault):
                return start if isinstance(start, Fault) else Fault("time.invalid", f"'{value.period_end[:40]}' is no time")
            return _checked(_Span(start, end), meaning)
        stamp = value.stamp or value.period_end
        if stamp is None:
            return Fault("time.missing", "a quantity of a period without a time")
        end = self.clock.instant_us(stamp)
        return end if isinstance(end, Fault) else self._span_before(stamp, end, meaning)

    def _span_before(self, stamp: str, end: int, meaning: Meaning) -> _Span:
        """Return the period that ends at a time, as long as the reading type says."""
        if meaning.is_monthly:
            return _Span(self._month_before(stamp), end)
        if meaning.minutes is None:
            return _Span(None, end)
        if meaning.minutes >= _DAY_MINUTES:
            self._warn_of_assumed_period()
        return _Span(end - meaning.minutes * MINUTE_US, end)

    def _month_before(self, stamp: str) -> int | None:
        """Return the start of the calendar month that ends at a time, by the time's own offset."""
        end = parse_stamp(stamp)
        if end is None:
            return None
        year, month = (end.wall.year, end.wall.month - 1) if end.wall.month > 1 else (end.wall.year - 1, _DECEMBER)
        try:
            start = end.wall.replace(year=year, month=month)
        except ValueError:
            return None
        self._warn_of_assumed_period()
        if end.offset is not None:
            return microseconds_of(start.replace(tzinfo=timezone(end.offset)))
        found = instants_of(start, self.clock.name)
        return microseconds_of(found[0]) if len(found) == 1 else None

    def _warn_of_assumed_period(self) -> None:
        message = "days and months name only their end; they are counted back in the offset it is written in"
        self.collector.warn("period.assumed", message)

    def _warn_of_qualities(self, judged: Judged) -> None:
        for code in judged.doubted:
            self.collector.warn("quality.doubted", f"the sender doubts values by quality {code}; they are kept as measured")
        for code in judged.unknown:
            self.collector.warn("quality.unknown", f"nobody knows quality '{code[:40]}'; its values are kept as measured")

    def _take_event(self, event: Event) -> None:
        """Take an event, or set it aside where it names no device or a time that is none."""
        if not (event.service_point_id or event.meter_id):
            fault = Fault("record.identifier", "the event names no usage point and no device")
            self.collector.reject(event.record, fault, f"{event.time} {event.code}")
            return
        started = None if event.time is None else self.clock.instant_us(event.time)
        if isinstance(started, Fault):
            self.collector.reject(event.record, started, f"{event.time} {event.code}")
            return
        if started is None:
            self.collector.warn("time.missing", "there are events without a time")
        self.collector.add_event(
            event.service_point_id or event.meter_id or "",
            event.meter_id or "",
            event_type_of(event.code) if event.code else UNKNOWN,
            started,
            event.record,
            native_code=event.code,
        )


def _checked(span: _Span, meaning: Meaning) -> _Span | Fault:
    """Return a written period, or why it cannot be one: it does not last, or lasts other than its reading type says."""
    start = span.start or 0
    if span.end <= start:
        return Fault("time.invalid", "the time period ends before it begins")
    lasts = span.end - start
    if meaning.minutes is not None and meaning.minutes < _DAY_MINUTES and lasts != meaning.minutes * MINUTE_US:
        return Fault(
            "record.length", f"the time period lasts {lasts // SECOND_US} s, the reading type says {meaning.minutes} min"
        )
    return span
