"""Mijn Aansluiting: index reads of Dutch connections, as the grid operators' service answers them.

A market evaluation point (EAN) holds registers; a register names its meter and its OBIS code without the medium, such as
``1.8.1`` (tariff 1 is the low one in the Netherlands), and lists what it showed at which time. Gas has the unit m3,
whatever its register is called.

Source of the rules: EDSN, Mijn Aansluiting, data service (codes after IEC 61968).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.national.payloads import (
    NO_IDENTIFIER,
    NO_OBJECT,
    entries_at,
    identifier_at,
    keys_of,
    quantity_of,
    raw_of,
)
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import mapping_at, read_json, text_at, value_at
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.stamps import READING_YEARS
from schemas.codes import Direction
from schemas.obis import measured_by, parse_obis
from schemas.units import Unit, parse_unit

ZONE = "Europe/Amsterdam"
_POINT = "MarketEvaluationPoint"
_REGISTERS = "RegisterList"
_MULTIPLIERS = frozenset({"", "k", "M", "G"})
"""Prefixes of units; their case counts, as m is a thousandth."""
_NO_TIME = Fault("time.missing", "a read without its time")


def recognise_mijn_aansluiting(head: bytes) -> bool:
    """Whether a document begins as an answer of Mijn Aansluiting with reads."""
    return {_POINT.encode(), _REGISTERS.encode()} <= keys_of(head)


def read_mijn_aansluiting(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read index reads of Mijn Aansluiting.

    Args:
        stream: the bytes of the document.
        context: name and prefix of its records; ``clock`` overrides Dutch time where a stamp has no offset.

    Yields:
        reads and rejections.

    Raises:
        InputRefusedError: it is no JSON, or holds no market evaluation point (``format.unknown``).
    """
    document = read_json(stream, context.name)
    points = document if isinstance(document, list) else [document]
    if not any(mapping_at(point, _POINT) for point in points):
        raise other_format(context.name, "market evaluation point")
    collector = Collector(context.prefix)
    clock = DocumentClock(clock_of(context, ZONE), collector, READING_YEARS)
    readings = 0
    for place, entry in enumerate(points, start=1):
        for register in _registers(entry, f"{_POINT}/{place}", clock, collector):
            for _ in register.take():
                readings += 1
                if collector.is_full:
                    yield collector.hand_over()
    if not readings:
        collector.warn("answer.empty", "the answer holds no values")
    yield collector.hand_over()


def _registers(entry: object, record: str, clock: DocumentClock, collector: Collector) -> Iterator[_Register]:
    """Yield the registers of a point; an entry that is no point is set aside."""
    point = mapping_at(entry, _POINT)
    if point is None:
        collector.reject(record, NO_OBJECT, raw_of(entry))
        return
    point_id = identifier_at(point, "MRID")
    for place, register in enumerate(entries_at(point, _REGISTERS), start=1):
        row, at = mapping_at(register), f"{record}/{_REGISTERS}/{place}"
        if row is None:
            collector.reject(at, NO_OBJECT, raw_of(register))
        else:
            yield _Register(row, at, point_id, clock, collector)


@dataclass(frozen=True)
class _Register:
    """A register, and where its reads go.

    Attributes:
        entry: its keys and values.
        record: its place.
        point_id: EAN of the connection; None where it names none.
        clock: of stamps without an offset.
        collector: takes the reads.
    """

    entry: Mapping[str, Any]
    record: str
    point_id: str | None
    clock: DocumentClock
    collector: Collector

    def take(self) -> Iterator[None]:
        """Take the reads of the register, one by one."""
        for place, entry in enumerate(entries_at(self.entry, "ReadingList"), start=1):
            self._take_reading(entry, f"{self.record}/ReadingList/{place}")
            yield

    def _take_reading(self, entry: object, record: str) -> None:
        row = mapping_at(entry)
        if row is None:
            self.collector.reject(record, NO_OBJECT, raw_of(entry))
            return
        series, read_at_us, value = self._series(row), self._read_at_us(row), quantity_of(row.get("Value"))
        if isinstance(series, Fault):
            self.collector.reject(record, series, raw_of(row))
        elif isinstance(read_at_us, Fault):
            self.collector.reject(record, read_at_us, raw_of(row))
        elif isinstance(value, Fault):
            self.collector.reject(record, value, raw_of(row))
        else:
            self.collector.add_read(series, read_at_us, value, record)

    def _read_at_us(self, row: Mapping[str, Any]) -> int | Fault:
        """Return when the register was read: a time, or the beginning of a local day where only the date is known."""
        when = value_at(row, "DateAndOrTime")
        moment, day, time = text_at(when, "DateTime"), text_at(when, "Date"), text_at(when, "Time")
        if moment is None and day is None:
            return _NO_TIME
        return self.clock.instant_us(moment or (f"{day}T{time}" if time else day))

    def _series(self, row: Mapping[str, Any]) -> Series | Fault:
        """Return the channel of a read, or why it is none."""
        channel = identifier_at(self.entry, "MRID")
        if self.point_id is None or channel is None:
            return NO_IDENTIFIER
        kind = value_at(row, "ReadingType")
        multiplier, name = value_at(kind, "Multiplier"), text_at(kind, "Unit")
        unit = None
        if name is not None and (multiplier is None or (isinstance(multiplier, str) and multiplier in _MULTIPLIERS)):
            unit = parse_unit(f"{multiplier or ''}{name}")
        if unit is None:
            return Fault("unit.unknown", f"nobody knows the unit {raw_of(kind)[:80]}")
        meter_id = identifier_at(self.entry, "Meter", "MRID") or ""
        return Series(self.point_id, meter_id, channel, unit.quantity, self._direction(channel, unit), unit.unit, unit.exponent)

    def _direction(self, channel: str, unit: Unit) -> Direction:
        """Return the direction of a register: gas is always taken in."""
        if unit.quantity == "volume":
            return Direction.IMPORT
        code = parse_obis(channel)
        measured = measured_by(code) if code is not None else None
        if measured is None or measured.quantity != unit.quantity:
            self.collector.warn(
                "channel.unknown", f"the register '{channel[:40]}' is none that measures {unit.quantity}: no direction"
            )
            return Direction.NONE
        return measured.direction
