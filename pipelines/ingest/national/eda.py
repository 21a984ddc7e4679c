"""EDA: consumption records of Austrian metering points (ConsumptionRecord, ebUtilities customer processes).

An ``EnergyData`` element is a channel: its ``MeterCode`` is an OBIS code with a profile, ``1-1:1.9.0 P.01`` for what the
meter took in and ``1-1:2.9.0 P.01`` for what it fed in. Profiles ``G.…`` are what an energy community computes of
them: channels of their own, never to be added to those of the meter. ``EP`` is a value with its start, end, quality
(``MM``) and quantity (``BQ``).

Versions: the namespace ends in ``01pNN``; the elements read here are the same in all of them. Another major version is
refused.

Source of the rules: ebUtilities.at, schema customerprocesses/consumptionrecord 01p10 to 01p41 and its description of
``MM``: L1 measured, L2 a substitute of good quality, computed, L3 a substitute of poor quality, estimated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from lxml import etree

from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.national.payloads import NO_IDENTIFIER, quality_of
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format
from pipelines.ingest.rejected import RAW_CHARACTERS, Fault
from pipelines.ingest.strict_xml import Element, child, local_name, namespace_of, stream_elements, text_at
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.stamps import READING_YEARS, made_at_us
from schemas.codes import Direction, Quality
from schemas.errors import InputRefusedError
from schemas.instants import SECOND_US
from schemas.obis import measured_by, parse_obis
from schemas.units import Unit, parse_unit

ZONE = "Europe/Vienna"
_ROOT = "ConsumptionRecord"
_FAMILY = "ebutilities.at/schemata/customerprocesses/consumptionrecord/"
_VERSION = re.compile(r"01p[0-9]{2}")
_BEGINNING = re.compile(rb"<(?:[\w.-]+:)?ConsumptionRecord[\s>]")
_QUALITIES = {"L1": Quality.MEASURED, "L2": Quality.SUBSTITUTED, "L3": Quality.DELIVERED_ESTIMATE}
_SECONDS = {"QH": 900, "H": 3600}
"""Lengths of intervals, for positions that do not say their end [s]."""
_NO_ORDER = Fault("time.invalid", "the position ends before it begins")
_TWICE = Fault("record.length", "a part of the position is there twice: nothing says which one counts")
_NO_END = Fault("interval.unknown", "nothing says when the position ends")


def recognise_eda(head: bytes) -> bool:
    """Whether a document begins as a consumption record of ebUtilities, of whatever version."""
    return _BEGINNING.search(head) is not None and _FAMILY.encode() in head


def read_eda(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read a consumption record.

    Args:
        stream: the bytes of the document.
        context: name and prefix of its records; ``clock`` overrides Austrian time where a time has no offset.

    Yields:
        intervals, reads and rejections.

    Raises:
        InputRefusedError: ``format.unknown``, another document; ``schema.version``, another major version; and as
            ``stream_elements``.
    """
    collector = Collector(context.prefix)
    record = _Record(DocumentClock(clock_of(context, ZONE), collector, READING_YEARS), collector)
    for event, element in stream_elements(stream, ("EP", "NumberOfMeteringIntervall"), context.name):
        if event == "start":
            _check_root(element, context)
        elif local_name(element) == "EP":
            record.take(element)
        else:
            record.expect(element)
        if collector.is_full:
            yield collector.hand_over()
    record.close()
    yield collector.hand_over()


def _check_root(root: Element, context: ReadContext) -> None:
    """Refuse another document, and a version nobody knows."""
    namespace = namespace_of(root)
    if local_name(root) != _ROOT or _FAMILY not in namespace:
        raise other_format(context.name, "consumption record")
    version = namespace.rpartition("/")[2]
    if _VERSION.fullmatch(version) is None:
        code, hint = "schema.version", "ask the sender for version 01p41 or another of version 1"
        raise InputRefusedError(code, f"{context.name} is a consumption record of version '{version[:20]}'", hint)


@dataclass
class _Record:
    """A consumption record while it is read.

    Attributes:
        clock: of times without an offset.
        collector: takes the values.
        data: the channel that is open.
        series: what that channel is, or why it is none.
        channels: channels met.
        positions: values met in the channel that is open.
        expected: values a channel should have.
        version: when the record was made [us since 1970, UTC].
    """

    clock: DocumentClock
    collector: Collector
    data: Element | None = None
    series: Series | Fault = NO_IDENTIFIER
    channels: int = 0
    positions: int = 0
    expected: str | None = None
    version: int | None = None

    def expect(self, element: Element) -> None:
        """Keep how many values each channel of the next energies has."""
        self._check_count()
        self.data, self.positions = None, 0
        self.expected = "".join(element.itertext()).strip()

    def take(self, position: Element) -> None:
        """Take a value."""
        data = position.getparent()
        if data is not self.data:
            self._open(data)
        self.positions += 1
        record = f"EnergyData/{self.channels}/EP/{self.positions}"
        parts = {local_name(part): ("".join(part.itertext()).strip() or None) for part in position}
        times = self._times(parts, data) if len(parts) == len(position) else _TWICE
        if isinstance(self.series, Fault):
            self.collector.reject(record, self.series, _raw(position))
        elif isinstance(times, Fault):
            self.collector.reject(record, times, _raw(position))
        else:
            native = parts.get("MM")
            self.collector.add_interval(
                self.series,
                *times,
                parts.get("BQ"),
                record,
                quality=quality_of(native, _QUALITIES, self.collector),
                native_quality=native,
                version_us=self.version,
            )

    def close(self) -> None:
        """Finish the record."""
        self._check_count()
        if not self.channels:
            self.collector.warn("answer.empty", "the record holds no values")

    def _open(self, data: Element) -> None:
        """Begin a channel."""
        self._check_count()
        self.data, self.positions = data, 0
        self.series = self._series(data)
        self.channels += 1
        if self.channels > 1:
            return
        directory = child(data.getroottree().getroot(), "MarketParticipantDirectory")
        if directory is not None:
            self.version = made_at_us(text_at(directory, "RoutingHeader", "DocumentCreationDateTime"))
            if directory.get("DocumentMode", "PROD") != "PROD":
                self.collector.warn(
                    "document.test", f"the record says it is no real one: DocumentMode '{directory.get('DocumentMode')[:20]}'"
                )

    def _check_count(self) -> None:
        """Say where a channel has not as many values as it should."""
        if self.data is not None and self.expected and self.expected != str(self.positions):
            message = (
                f"EnergyData/{self.channels} has {self.positions} values, NumberOfMeteringIntervall is '{self.expected[:20]}'"
            )
            self.collector.warn("count.mismatch", message)

    def _times(self, parts: Mapping[str, str | None], data: Element) -> tuple[int, int] | Fault:
        """Return start [us since 1970, UTC] and length [s] of a value."""
        start_us = self.clock.instant_us(parts.get("DTF"))
        if isinstance(start_us, Fault):
            return start_us
        text = parts.get("DTT")
        if text is None:
            energy = data.getparent()
            seconds = _SECONDS.get(text_at(energy, "MeteringIntervall") or "") if energy is not None else None
            return _NO_END if seconds is None else (start_us, seconds)
        end_us = self.clock.instant_us(text)
        if isinstance(end_us, Fault):
            return end_us
        seconds = (end_us - start_us) // SECOND_US
        return (start_us, seconds) if seconds > 0 else _NO_ORDER

    def _series(self, data: Element) -> Series | Fault:
        """Return the channel of energy data, or why it is none."""
        point_id = next((found for parent in data.iterancestors() if (found := text_at(parent, "MeteringPoint"))), None)
        channel = (data.get("MeterCode") or "").strip()
        if point_id is None or not channel:
            return NO_IDENTIFIER
        unit = parse_unit(data.get("UOM") or "")
        if unit is None:
            return Fault("unit.unknown", f"nobody knows the unit '{(data.get('UOM') or '')[:40]}'")
        return Series(point_id, "", channel, unit.quantity, self._direction(channel, unit), unit.unit, unit.exponent)

    def _direction(self, channel: str, unit: Unit) -> Direction:
        """Return the direction of a meter code; gas is always taken in."""
        if unit.quantity == "volume":
            return Direction.IMPORT
        code = parse_obis(channel.split(maxsplit=1)[0])
        measured = measured_by(code) if code is not None else None
        if measured is None:
            self.collector.warn("channel.unknown", f"the meter code '{channel[:40]}' says no direction")
            return Direction.NONE
        return measured.direction


def _raw(element: Element) -> str:
    """Return the beginning of an element as text."""
    return " ".join(etree.tostring(element, encoding="unicode", with_tail=False).split())[:RAW_CHARACTERS]
