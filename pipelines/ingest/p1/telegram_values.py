"""The values of one telegram on their way to the collector: reads, events, and what is set aside."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from head_end.p1.meaning import COUNT, meaning_of
from head_end.p1.telegram import Telegram
from head_end.p1.times import DUTCH_ZONE, P1Clock, Stamp, parse_stamp
from head_end.p1.values import Counted, Failure, Found, Measurement, Miscounted, Odd, Problem
from pipelines.ingest.collector import Collector, Series
from pipelines.ingest.numbers import parse_quantity
from pipelines.ingest.rejected import Fault
from schemas.event_types import EventType
from schemas.instants import SECOND_US
from schemas.obis import Measured
from schemas.units import Unit

_MOST_SHOWN = 40
_MOST_DURATION_DIGITS = 10
_COUNT_EVENTS = {Counted.SAGS: EventType.SAG, Counted.SWELLS: EventType.SWELL}
_SECONDS = "s"
_LONGEST_FAILURE_SECONDS = 20 * 366 * 86_400
"""No smart meter is older; a longer failure is a clock that leapt from its first day to the present."""


@dataclass
class TelegramValues:
    """A telegram whose values count.

    Attributes:
        telegram: whose values they are.
        clock: of its times.
        quality: of its reads.
        collector: where they go.
        told: events of the file that were told already; the new ones are added.
        meter: its identifier, or its model where it names none.
        sent_at: when it was sent, UTC [us since 1970]; None where nothing says.
    """

    telegram: Telegram
    clock: P1Clock
    quality: str
    collector: Collector
    told: set[tuple[object, ...]]
    meter: str = field(init=False)
    sent_at: int | None = field(init=False)

    def __post_init__(self) -> None:
        """Settle whose values these are and when they were sent."""
        named = self.telegram.equipment_id
        self.meter = named or self.telegram.identification
        if named is None:
            message = f"telegrams of {self.meter} name no meter, only its model: two meters of that model would be mixed"
            self.collector.warn("meter.unnamed", message)
        self.sent_at = self._sent_at()

    def take(self, found: list[Found]) -> None:
        """Hand every value to the collector."""
        for line in self.telegram.unreadable:
            self.collector.reject(str(line.line), Fault("record.unknown", "no object of a telegram looks like this"), line.raw)
        for part in found:
            match part:
                case Measurement():
                    self._take_measurement(part)
                case Failure():
                    self._take_failure(part)
                case Odd():
                    self._take_odd(part)
                case Miscounted(source, said, held):
                    message = f"{source.written} of {self.meter} says '{said[:_MOST_SHOWN]}' entries and has {held}"
                    self.collector.warn("count.mismatch", message)

    def _sent_at(self) -> int | None:
        """Return the time of the telegram; None, with a warning, where it says none or its clock was never set."""
        written = self.telegram.stamp
        stamp = self._stamp(written) if written is not None else None
        if stamp is not None and stamp.is_set:
            return stamp.instant_us
        what = "no time" if written is None else f"times that are none, such as '{written[:_MOST_SHOWN]}'"
        self.collector.warn("time.missing", f"telegrams of {self.meter} have {what}: their values are kept without a time")
        return None

    def _stamp(self, written: str) -> Stamp | None:
        """Return a time of the telegram, and say by which clock it was read where it does not say itself."""
        stamp = parse_stamp(written, self.clock)
        if stamp is None:
            return None
        if not stamp.has_season and self.collector.clock is None:
            self.collector.clock = DUTCH_ZONE
        if not stamp.fits_season and self.collector.clock is None:
            said = "winter time in summer" if written.endswith("W") else "summer time in winter"
            self.collector.warn("clock.season", f"times of {self.meter} say {said}; they were read by what they say")
        return stamp

    def _take_measurement(self, value: Measurement) -> None:
        """Hand a value over as a read, or set it aside."""
        unit, meaning = meaning_of(value, self.telegram.device_type(value.device) if value.device else None)
        fault = _fault_of(value, unit, meaning)
        stamp = self._stamp(value.stamp) if value.stamp is not None else None
        if fault is None and value.stamp is not None and (stamp is None or not stamp.is_set):
            fault = Fault("time.invalid", f"'{value.stamp[:_MOST_SHOWN]}' is no time of a clock that was set")
        if fault is not None or meaning is None:
            self.collector.reject(str(value.line), fault or _unknown(value.written), _raw(value))
            return
        made = self._stamp(value.made) if value.made is not None else None
        point, meter = self._whose(value.device)
        name, exponent = (None, 0) if unit is None else (unit.unit, unit.exponent)
        self.collector.add_read(
            Series(point, meter, value.written, meaning.quantity, meaning.direction, name, exponent),
            self.sent_at if stamp is None else stamp.instant_us,
            value.value,
            str(value.line),
            kind=meaning.kind,
            quality=self.quality,
            native_quality=value.status,
            version_us=None if made is None else made.instant_us,
        )
        if value.counted in _COUNT_EVENTS:
            self._take_count(value, _COUNT_EVENTS[value.counted])

    def _whose(self, device: int) -> tuple[str, str]:
        """Return service point and meter of a value: a gas, water or heat meter is a service point of its own."""
        if not device:
            return self.meter, self.meter
        named = self.telegram.device_id(device)
        if named is not None:
            return named, named
        message = (
            f"the meter on M-Bus channel {device} of {self.meter} names itself nowhere: its readings stand under {self.meter}"
        )
        self.collector.warn("meter.unnamed", message)
        return self.meter, ""

    def _take_count(self, value: Measurement, event_type: EventType) -> None:
        """Tell of sags or swells of a phase: how many there were, never when."""
        count = parse_quantity(value.value, 0)
        if isinstance(count, Decimal) and count > 0:
            self._tell(event_type, None, None, count, COUNT, value.written, value.line)

    def _take_failure(self, failure: Failure) -> None:
        """Tell of a long power failure: it began its duration before its end."""
        ended = self._stamp(failure.ended)
        digits, _, unit = failure.duration.partition("*")
        known = digits.isascii() and digits.isdecimal() and len(digits) <= _MOST_DURATION_DIGITS and unit == _SECONDS
        duration = int(digits) if known else None
        ended_at = None if ended is None else ended.instant_us
        started_at = None if ended_at is None or duration is None else ended_at - duration * SECOND_US
        if ended is None or duration is None:
            entry = f"({failure.ended[:_MOST_SHOWN]})({failure.duration[:_MOST_SHOWN]})"
            message = f"an entry {entry} of the failure log of {self.meter} has no time or no duration; it is kept without"
            self.collector.warn("time.invalid", message)
        elif not ended.is_set or duration > _LONGEST_FAILURE_SECONDS:
            message = f"the failure log of {self.meter} has entries of a time at which its clock was not set"
            self.collector.warn("clock.unset", message)
        magnitude, unit_name = (None, None) if duration is None else (Decimal(duration), _SECONDS)
        self._tell(EventType.OUTAGE, started_at, ended_at, magnitude, unit_name, failure.written, failure.line)

    def _tell(
        self,
        event_type: EventType,
        started_at: int | None,
        ended_at: int | None,
        magnitude: Decimal | None,
        unit: str | None,
        code: str,
        line: int,
    ) -> None:
        """Hand an event of the meter over, once."""
        event = (self.meter, event_type, started_at, ended_at, magnitude, code)
        if event in self.told:
            return
        self.told.add(event)
        self.collector.add_event(
            self.meter,
            self.meter,
            event_type,
            started_at,
            str(line),
            ended_at_us=ended_at,
            magnitude=magnitude,
            unit=unit,
            native_code=code,
        )

    def _take_odd(self, odd: Odd) -> None:
        """Set aside the values of an object that cannot be read; where it holds none, say so."""
        source = odd.source
        if odd.problem is Problem.UNKNOWN:
            fault = _unknown(source.written)
        else:
            fault = Fault("record.length", f"{source.written} has not the number of values that such an object has")
        if odd.values:
            self.collector.reject(str(source.line), fault, source.raw, odd.values)
        else:
            self.collector.warn(fault.code, fault.message)


def _fault_of(value: Measurement, unit: Unit | None, meaning: Measured | None) -> Fault | None:
    """Return why a value cannot be taken, whatever its time."""
    if value.unit is not None and unit is None:
        return Fault("unit.unknown", f"nobody knows the unit '{value.unit[:_MOST_SHOWN]}'")
    if meaning is None:
        return _unknown(value.written)
    if unit is not None and not value.device and unit.quantity != meaning.quantity:
        return Fault("unit.unknown", f"'{unit.unit}' is no unit of {meaning.quantity}, which {value.written} measures")
    return None


def _unknown(written: str) -> Fault:
    return Fault("object.unknown", f"nobody knows what {written} measures")


def _raw(value: Measurement) -> str:
    """Return a value as it stands in the telegram, with its own time if it has one."""
    stamp = "" if value.stamp is None else f"({value.stamp})"
    unit = "" if value.unit is None else f"*{value.unit}"
    return f"{value.written}{stamp}({value.value}{unit})"
