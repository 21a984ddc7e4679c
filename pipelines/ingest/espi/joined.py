"""Joined: a block of readings with everything its feed says about it, or why nobody can tell.

While the feed is still being read, only what links lead to is certain; what links name and nobody has described yet
may still come. At its end the places in the feed decide what is left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from pipelines.ingest.collector import Series
from pipelines.ingest.espi.codes import ELECTRICITY_SERVICE
from pipelines.ingest.espi.feed import Kind
from pipelines.ingest.espi.links import Definition, Definitions, Links
from pipelines.ingest.espi.resources import ReadingType, Warn
from pipelines.ingest.file_names import name_of_file
from pipelines.ingest.numbers import FINEST_EXPONENT
from pipelines.ingest.rejected import Fault

_BROKEN = "readings were joined by their place in the feed: what they link to is not in it"
_NO_TYPE = Fault("unit.unknown", "the feed has no ReadingType for these readings: nobody knows what they are")
_NO_LINK = "readings without links were joined by their place in the feed"


class Pending(Enum):
    """It cannot be told before the rest of the feed is read."""

    PENDING = auto()


PENDING = Pending.PENDING


@dataclass(frozen=True, slots=True)
class Place:
    """Where readings or a summary stand.

    Attributes:
        links: of their entry.
        beside: definitions they stand inside or beside, in the same entry.
        near: what was last described before them.
    """

    links: Links
    beside: dict[Kind, int]
    near: dict[Kind, list[int]]


@dataclass(frozen=True, slots=True)
class Described:
    """A block of readings with what its feed says about it.

    Attributes:
        series: whose values they are; ``exponent`` is 0 where ``shift`` is not None.
        reading_type: what they are.
        shift: power of ten to apply to each value, where the store's exponent cannot carry it.
    """

    series: Series
    reading_type: ReadingType
    shift: int | None


@dataclass
class Joiner:
    """Joins the readings of a feed.

    Attributes:
        definitions: what the feed describes.
        file_name: as delivered: the name of service points that the feed does not name.
        warn: says what costs no row.
    """

    definitions: Definitions
    file_name: str
    warn: Warn
    _channels: dict[tuple[str, str], int] = field(default_factory=dict)
    _anonymous: dict[int, int] = field(default_factory=dict)

    def describe(self, place: Place, *, is_final: bool) -> Described | Fault | Pending:
        """Return what the feed says about readings.

        Args:
            place: where they stand.
            is_final: the feed was read to its end: nothing will come that could tell better.

        Returns:
            the description; a fault, ``link.ambiguous`` or ``unit.unknown``; or that it cannot be told yet.
        """
        reading = self._owner(Kind.METER_READING, place, is_final=is_final)
        if isinstance(reading, Fault | Pending):
            return reading
        own = place
        if isinstance(reading, Definition):
            own = Place(reading.links, place.beside | (reading.beside or {}), place.near)
        is_missing = isinstance(reading, str) and bool(reading)
        found = self._reading_type(own, place, is_missing=is_missing, is_final=is_final)
        if isinstance(found, Fault | Pending):
            return found
        point = self._owner(Kind.USAGE_POINT, own, is_final=is_final)
        if isinstance(point, Fault | Pending):
            return point
        offset = self._offset_minutes(point, place, is_final=is_final)
        if isinstance(offset, Pending):
            return offset
        return self._described(reading, found, point, offset)

    def service_point(self, place: Place, *, is_final: bool) -> str | Fault | Pending:
        """Return the service point of a summary, as ``describe`` does that of readings."""
        point = self._owner(Kind.USAGE_POINT, place, is_final=is_final)
        return point if isinstance(point, Fault | Pending) else self._service_point_id(point)

    def _owner(self, kind: Kind, place: Place, *, is_final: bool) -> Definition | str | Fault | Pending:
        """Return the definition that something belongs to; its path where nobody describes it; empty where nobody names it."""
        if kind in place.beside:
            return self.definitions.all[place.beside[kind]]
        found = self.definitions.find(kind, place.links)
        if not found:
            if not is_final and (any(place.links) or not place.near[kind]):
                return PENDING
            if named := place.links.names(kind):
                return named
            found = place.near[kind] or self.definitions.met(kind)
            if len(found) == 1:
                self._warn_of_place(place)
        if len(found) > 1:
            return Fault("link.ambiguous", f"the feed does not say which {kind} of several it is")
        return self.definitions.all[found[0]] if found else ""

    def _reading_type(self, own: Place, place: Place, *, is_missing: bool, is_final: bool) -> Definition | Fault | Pending:
        """Return the ReadingType of a MeterReading, or of readings that have none.

        Where a MeterReading or ReadingType is named and not described, the place in the feed says nothing about it: then
        the ReadingType is only certain if the feed has no other.
        """
        kind = Kind.READING_TYPE
        if kind in own.beside:
            return self.definitions.all[own.beside[kind]]
        found = {self.definitions.all[order].meaning: order for order in self.definitions.find(kind, own.links)}
        if not found and not is_final and (any(own.links) or not place.near[kind]):
            return PENDING
        near = [] if own.links.names(kind) or is_missing else place.near[kind]
        orders = list(found.values()) or near or self.definitions.met(kind)
        if len(orders) > 1:
            return Fault("link.ambiguous", "no link says which ReadingType of several describes these readings")
        if not orders:
            return _NO_TYPE
        if not found:
            self._warn_of_place(own)
        return self.definitions.all[orders[0]]

    def _offset_minutes(self, point: Definition | str, place: Place, *, is_final: bool) -> int | Pending | None:
        """Return the standard time of a UsagePoint; None where the feed names none."""
        kind = Kind.LOCAL_TIME
        beside = point.beside or {} if isinstance(point, Definition) else {}
        links = point.links if isinstance(point, Definition) else Links()
        orders = [beside[kind]] if kind in beside else self.definitions.find(kind, links)
        if not orders and links.names(kind):
            if not is_final:
                return PENDING
            orders = self.definitions.met(kind)
        if not orders:
            orders = place.near[kind]
        offsets = {self.definitions.all[order].offset_minutes for order in orders}
        if len(offsets) > 1:
            self.warn("clock.ambiguous", "no link says which LocalTimeParameters are those of a UsagePoint: none are used")
        return offsets.pop() if len(offsets) == 1 else None

    def _described(
        self, reading: Definition | str, found: Definition, point: Definition | str, offset_minutes: int | None
    ) -> Described | Fault:
        """Put together what was found."""
        reading_type = found.reading_type
        if reading_type is None:
            return _NO_TYPE
        if reading_type.fault is not None:
            return reading_type.fault
        is_electric_service = not isinstance(point, Definition) or point.service_kind in ("", ELECTRICITY_SERVICE)
        service_point_id = self._service_point_id(point)
        exponent = reading_type.exponent
        shift = None if FINEST_EXPONENT <= exponent <= 0 else exponent
        series = Series(
            service_point_id=service_point_id,
            meter_id="",
            channel=self._channel(service_point_id, reading, found, f"{reading_type.flow}.{reading_type.uom}"),
            quantity=reading_type.quantity(is_electric_service=is_electric_service),
            direction=reading_type.direction,
            unit=reading_type.unit.unit or None,
            exponent=exponent if shift is None else 0,
            clock_offset_minutes=offset_minutes,
        )
        return Described(series, reading_type, shift)

    def _service_point_id(self, point: Definition | str) -> str:
        """Return the identity of a UsagePoint: id of its entry, else its path, else the name of the file."""
        if isinstance(point, str):
            return point or self._stem
        if name := point.identity or point.links.own:
            return name
        number = self._anonymous.setdefault(point.order, len(self._anonymous) + 1)
        return self._stem if number == 1 else f"{self._stem}#{number}"

    @property
    def _stem(self) -> str:
        """The file's name without folder and endings."""
        return name_of_file(self.file_name)

    def _channel(self, service_point_id: str, reading: Definition | str, found: Definition, measured: str) -> str:
        """Return the name of a MeterReading, else of its ReadingType, and what it measures; never that of another.

        What it measures stands in the name, so that values of two units never meet in one channel.
        """
        if isinstance(reading, Definition):
            name, order = reading.name, reading.order
        else:
            name, order = reading.rpartition("/")[2] or found.name, -1 - found.order
        base = f"{name}/{measured}" if name else measured
        number, channel = 1, base
        while self._channels.setdefault((service_point_id, channel), order) != order:
            number += 1
            channel = f"{base}#{number}"
        return channel

    def _warn_of_place(self, place: Place) -> None:
        self.warn(*(("link.broken", _BROKEN) if any(place.links) else ("link.missing", _NO_LINK)))
