"""Fluvius: energy of Belgian (Flemish) access points, as the energy service of Fluvius answers it.

A head point (EAN) holds energies itself, or its physical meters do, or both; sub-head-points are meters behind it.
``quarterHourlyEnergy``, ``hourlyEnergy`` and ``dailyEnergy`` are lists of slices with start and end; a slice holds
measurements by flow (offtake, injection, production, auxiliary) and register (total, day, night, reactive, inductive,
capacitive). Each flow and register is a channel of its own: ``total`` holds what ``day`` and ``night`` hold, and a head
point what its meters hold, so they are never added up here.

Source of the rules: Fluvius, energy services API v3.
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
    quality_of,
    quantity_of,
    raw_of,
)
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import mapping_at, read_json, text_at
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from pipelines.ingest.times.stamps import READING_YEARS, made_at_us
from schemas.codes import Direction, Quality
from schemas.instants import SECOND_US
from schemas.units import Unit, parse_unit

ZONE = "Europe/Brussels"
_ENERGY = "Energy"
_FLOWS = {"offtake": Direction.IMPORT, "injection": Direction.EXPORT, "production": Direction.NONE, "auxiliary": Direction.NONE}
_QUALITIES = {
    "READ": Quality.MEASURED,
    "VAL": Quality.MEASURED,  # validated
    "NVAL": Quality.MEASURED,  # not validated
    "EST": Quality.DELIVERED_ESTIMATE,
}
_METER_NAMES = ("meterID", "meterId", "seqNumber")
_SUB_NAMES = ("ean", "vregId", "seqNumber")
_REACTIVE = frozenset({"reactive", "inductive", "capacitive"})
_NO_ORDER = Fault("time.invalid", "the slice ends before it begins")


def recognise_fluvius(head: bytes) -> bool:
    """Whether a document begins as an answer of Fluvius with energy of a head point."""
    keys = keys_of(head)
    return b"headpoint" in keys and bool(keys & {b"energyType", b"physicalMeters", b"ean"})


def read_fluvius(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read energy of Fluvius.

    Args:
        stream: the bytes of the document.
        context: name and prefix of its records; ``clock`` overrides Belgian time where a stamp has no offset.

    Yields:
        intervals, reads and rejections.

    Raises:
        InputRefusedError: it is no JSON, or names no head point (``format.unknown``).
    """
    document = read_json(stream, context.name)
    head = mapping_at(document, "data", "headpoint") or mapping_at(document, "headpoint")
    if head is None:
        raise other_format(context.name, "head point")
    collector = Collector(context.prefix)
    clock = DocumentClock(clock_of(context, ZONE), collector, READING_YEARS)
    version = made_at_us(text_at(document, "_meta", "fetchTime"))
    slices = 0
    for device in _devices(head, collector):
        for record, entry in device.slices():
            slices += 1
            _Slice(device, record, clock, collector, version).take(entry)
            if collector.is_full:
                yield collector.hand_over()
    if not slices:
        collector.warn("answer.empty", "the answer holds no values")
    yield collector.hand_over()


@dataclass(frozen=True)
class _Device:
    """What holds energies: the head point, a physical meter or a sub-head-point.

    Attributes:
        entry: its keys and values.
        record: its place.
        ean: of the head point; None where it names none.
        meter_id: of the meter; empty for the head point itself.
        role: what a sub-head-point is, such as ``submetering-auxiliary``; empty elsewhere.
        is_gas: whether it measures gas.
    """

    entry: Mapping[str, Any]
    record: str
    ean: str | None
    meter_id: str
    role: str
    is_gas: bool

    def slices(self) -> Iterator[tuple[str, object]]:
        """Yield each slice with its place, of every length of interval."""
        for name in self.entry:
            if name.endswith(_ENERGY):
                for place, entry in enumerate(entries_at(self.entry, name), start=1):
                    yield f"{self.record}/{name}/{place}", entry


def _devices(head: Mapping[str, Any], collector: Collector) -> Iterator[_Device]:
    """Yield everything that holds energies; an entry that is no object is set aside."""
    ean = identifier_at(head, "ean")
    is_gas = text_at(head, "energyType") == "G"
    yield _Device(head, "headpoint", ean, "", "", is_gas)
    for name in ("physicalMeters", "subHeadpoints"):
        for place, entry in enumerate(entries_at(head, name), start=1):
            device, record = mapping_at(entry), f"{name}/{place}"
            if device is None:
                collector.reject(record, NO_OBJECT, raw_of(entry))
                continue
            names = _METER_NAMES if name == "physicalMeters" else _SUB_NAMES
            meter_id = next((found for key in names if (found := identifier_at(device, key))), "")
            role = "" if name == "physicalMeters" else text_at(device, "$type") or "submetering"
            yield _Device(device, record, ean, meter_id, role, is_gas)


@dataclass(frozen=True)
class _Slice:
    """A slice of time of a device, and where its values go."""

    device: _Device
    record: str
    clock: DocumentClock
    collector: Collector
    version: int | None

    def take(self, entry: object) -> None:
        """Take the values of a slice."""
        row = mapping_at(entry)
        if row is None:
            self.collector.reject(self.record, NO_OBJECT, raw_of(entry))
            return
        times = self._times(row)
        for name, value in self._values(row):
            record = f"{self.record}/{name.replace('.', '/')}"
            if isinstance(times, Fault):
                self.collector.reject(record, times, raw_of(row))
            elif self.device.ean is None:
                self.collector.reject(record, NO_IDENTIFIER, raw_of(row))
            else:
                self._take_value(name, value, record, self.device.ean, times)

    def _times(self, row: Mapping[str, Any]) -> tuple[int, int] | Fault:
        """Return start [us since 1970, UTC] and length [s] of a slice."""
        start_us, end_us = self.clock.instant_us(text_at(row, "start")), self.clock.instant_us(text_at(row, "end"))
        if isinstance(start_us, Fault):
            return start_us
        if isinstance(end_us, Fault):
            return end_us
        seconds = (end_us - start_us) // SECOND_US
        return (start_us, seconds) if seconds > 0 else _NO_ORDER

    def _values(self, row: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
        """Yield flow and register of each value, and the value as it stands; also what should hold values and does not."""
        for measurement in entries_at(row, "measurements"):
            flows = mapping_at(measurement)
            if flows is None:
                yield "measurements", measurement
                continue
            for flow, registers in flows.items():
                if (values := mapping_at(registers)) is not None:
                    yield from ((f"{flow}.{register}", value) for register, value in values.items() if value is not None)
                elif registers is not None:
                    yield flow, registers

    def _take_value(self, name: str, entry: object, record: str, ean: str, times: tuple[int, int]) -> None:
        row = mapping_at(entry)
        unit = parse_unit(text_at(row, "unit") or "")
        value = quantity_of(row.get("value")) if row is not None else None
        if row is None:
            self.collector.reject(record, NO_OBJECT, raw_of(entry))
        elif unit is None:
            self.collector.reject(
                record, Fault("unit.unknown", f"nobody knows the unit '{raw_of(row.get('unit'))[:40]}'"), raw_of(row)
            )
        elif isinstance(value, Fault):
            self.collector.reject(record, value, raw_of(row))
        else:
            native, factor = text_at(row, "validationState"), text_at(row, "gasConversionFactor")
            self.collector.add_interval(
                self._series(name, ean, unit),
                *times,
                value,
                record,
                quality=quality_of(native, _QUALITIES, self.collector),
                native_quality=native,
                reason=f"gasConversionFactor {factor}" if factor else None,
                version_us=self.version,
            )

    def _series(self, name: str, ean: str, unit: Unit) -> Series:
        """Return the channel of a value: role of the meter, flow, register, and kWh beside m3 for gas."""
        flow, _, register = name.partition(".")
        if flow not in _FLOWS:
            self.collector.warn("channel.unknown", f"nobody knows the flow '{flow[:40]}': its values have no direction")
        if register in _REACTIVE and unit.quantity == "active_energy":
            self.collector.warn(
                "unit.contradiction", f"the register '{register}' is delivered in {unit.unit}, a unit of active energy"
            )
        parts = (self.device.role, name, unit.unit if self.device.is_gas and unit.quantity != "volume" else "")
        channel = ".".join(part for part in parts if part)
        return Series(
            ean, self.device.meter_id, channel, unit.quantity, _FLOWS.get(flow, Direction.NONE), unit.unit, unit.exponent
        )
