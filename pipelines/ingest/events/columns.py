"""Columns of an event file, and what one row of it becomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from head_end.event_codes import COMPANIONS, event_type_of
from pipelines.ingest.collector import Collector
from pipelines.ingest.numbers import parse_quantity
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import DocumentClock, clock_of
from schemas.event_types import EventType
from schemas.units import parse_unit

NEEDED = frozenset({"service_point_id", "companion", "code", "started_at"})
"""Columns an event file must have; they are what it is known by."""
COLUMNS = NEEDED | {"meter_id", "ended_at", "magnitude", "unit"}
MOST_CHARACTERS = 100
"""Of an identifier, a code, a unit or a time."""


class _Span(NamedTuple):
    """When an event began and ended, UTC [us since 1970]; ``ended_at`` is None while it lasts."""

    started_at: int
    ended_at: int | None


class _Size(NamedTuple):
    """Magnitude of an event in the unit of the store; None where the row says none."""

    magnitude: Decimal | None = None
    unit: str | None = None


@dataclass
class EventRows:
    """The rows of an event file on their way to the collector.

    Attributes:
        collector: where they go.
        clock: of times that name no offset.
    """

    collector: Collector
    clock: DocumentClock

    @classmethod
    def of(cls, context: ReadContext) -> EventRows:
        """Begin a file.

        Raises:
            InputRefusedError: ``clock.invalid``, ``clock.unknown``.
        """
        collector = Collector(context.prefix)
        return cls(collector, DocumentClock(clock_of(context, context.zone), collector))

    def warn_of(self, names: set[str]) -> None:
        """Say which columns nobody reads."""
        for name in sorted(names - COLUMNS):
            self.collector.warn("column.unknown", f"nobody reads the column '{name[:MOST_CHARACTERS]}'")

    def take(self, row: Mapping[str, str], record: str, raw: bytes) -> None:
        """Take a row as an event, or set it aside.

        Args:
            row: text by column; a column that is not there is empty.
            record: where it stands.
            raw: its bytes.
        """
        fault = self._take({name: row.get(name, "").strip() for name in COLUMNS}, record)
        if fault is not None:
            self.collector.reject(record, fault, raw)

    def _take(self, row: Mapping[str, str], record: str) -> Fault | None:
        """Take a row, or return why it cannot be taken."""
        fault = _unfit(row)
        if fault is not None:
            return fault
        span, size = self._span_of(row), _size_of(row["magnitude"], row["unit"])
        if isinstance(span, Fault):
            return span
        if isinstance(size, Fault):
            return size
        self.collector.add_event(
            row["service_point_id"],
            row["meter_id"],
            self._type_of(row["companion"], row["code"]),
            span.started_at,
            record,
            ended_at_us=span.ended_at,
            magnitude=size.magnitude,
            unit=size.unit,
            native_code=row["code"],
        )
        return None

    def _span_of(self, row: Mapping[str, str]) -> _Span | Fault:
        """Return when an event began and ended."""
        started_at = self.clock.instant_us(row["started_at"])
        ended_at = self.clock.instant_us(row["ended_at"]) if row["ended_at"] else None
        if isinstance(started_at, Fault):
            return started_at
        if isinstance(ended_at, Fault):
            return ended_at
        if ended_at is not None and ended_at < started_at:
            return Fault("time.invalid", "the event ends before it begins")
        return _Span(started_at, ended_at)

    def _type_of(self, companion: str, code: str) -> str:
        """Return what a code means; an unknown one keeps its own word, and a warning keeps its standard."""
        found = event_type_of(companion, code)
        if found is not None:
            return found
        message = f"nobody knows event code {code} of the standard '{companion}'; it is kept (known: {', '.join(COMPANIONS)})"
        self.collector.warn("event.unknown", message)
        return EventType.UNKNOWN


def _unfit(row: Mapping[str, str]) -> Fault | None:
    """Return what is missing in a row, or is there and nobody could read it."""
    odd = next((name for name, text in row.items() if len(text) > MOST_CHARACTERS or not text.isprintable()), None)
    if odd is not None:
        return Fault("record.identifier", f"'{odd}' is longer than {MOST_CHARACTERS} characters, or nobody can print it")
    if not row["service_point_id"]:
        return Fault("record.identifier", "the row names no service point")
    if not row["code"]:
        return Fault("event.code", "the row has no event code")
    return None if row["started_at"] else Fault("time.missing", "nothing says when the event began")


def _size_of(text: str, unit: str) -> _Size | Fault:
    """Return the size of an event; a unit that the store has none for keeps its name."""
    if not text:
        return _Size()
    known = parse_unit(unit)
    magnitude = parse_quantity(text, known.exponent if known is not None else 0)
    if isinstance(magnitude, Fault):
        return magnitude
    return _Size(magnitude, known.unit if known is not None else unit or None)
