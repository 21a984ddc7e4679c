"""A quantity of MSCONS, its QTY segment and what follows it, becomes a slot, a register read, or a rejection.

What a value is, its register and its times say: OBIS ``x.8.x`` is an index, read at DTM+7 (the time the market uses
it at) or else DTM+9; a value with DTM+163 and DTM+164 is a quantity of that period. The process number (RFF+Z13) is
not looked at: senders give load profiles that of meter readings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from pipelines.ingest.collector import Collector, Series, is_slot
from pipelines.ingest.mscons.codes import QUALIFIERS, UNUSABLE, Qualifier, Register, register_of
from pipelines.ingest.mscons.rows import Row
from pipelines.ingest.mscons.times import Period, Stamp, instant_us, named_period, parse_length, parse_stamp, period_of
from pipelines.ingest.rejected import Fault
from schemas.codes import Quality, ReadKind

BEGIN, END, LENGTH = "163", "164", "672"
_READ_ON, _USED_AT, _PERIOD = "9", "7", "306"
DATES_OF_VALUES = frozenset({BEGIN, END, LENGTH, _READ_ON, _USED_AT, _PERIOD})
"""Qualifiers of DTM that give a value its time."""
MOST_UNTIMED = 100_000
"""Values of a line that name no time and are held until it ends; the message description allows 9,999."""

Date = tuple[str, str]
"""Value and format of a DTM segment."""
Dates = dict[str, Date]
"""DTM segments of a group, by their qualifier."""


@dataclass
class Quantity:
    """A QTY segment with the DTM and STS segments after it.

    Attributes:
        qualifier: data element 6063.
        text: the number as it is written.
        unit_code: data element 6411.
        decimal: the decimal mark in force; None where both are.
        record: where it stands.
        raw: its bytes.
        dates: its DTM segments.
        reasons: its STS segments.
    """

    qualifier: str
    text: str
    unit_code: str
    decimal: str | None
    record: str
    raw: bytes
    dates: Dates = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)


@dataclass
class Line:
    """A line item, LIN: one register of a place, and what its values have in common.

    Attributes:
        service_point_id: the place; empty where LOC names none.
        meter_id: RFF+MG; empty where there is none.
        version_us: when the sender made this version, UTC [us since 1970].
        place_dates: DTM segments of the place and of the line.
        is_cancelled: the message takes an earlier one back.
        channel: the code of PIA; empty until it came, and where none comes.
        previous_end_us: where the last value with a period ended, UTC [us since 1970].
        untimed: values that name no time, up to ``MOST_UNTIMED``.
        untimed_count: how many there are.
        has_stamped: a value came that names its period.
        row: such values, where the place has a period that they may fill.
    """

    service_point_id: str
    meter_id: str
    version_us: int | None
    place_dates: Dates
    is_cancelled: bool
    channel: str = ""
    previous_end_us: int | None = None
    untimed: list[_Value] = field(default_factory=list)
    untimed_count: int = 0
    has_stamped: bool = False
    row: Row[_Value] | None = None
    _registers: dict[tuple[str, str], Register | Fault] = field(default_factory=dict)

    def register(self, unit_code: str) -> Register | Fault:
        """Return what the line's register measures, in the unit of a value."""
        key = (self.channel, unit_code)
        if key not in self._registers:
            self._registers[key] = register_of(*key)
        return self._registers[key]


class _Value(NamedTuple):
    """A quantity that can be taken: what it is, without its time."""

    of: Quantity
    series: Series
    register: Register
    number: str | None
    qualifier: Qualifier


@dataclass
class Quantities:
    """Takes quantities, one after the other.

    Attributes:
        collector: where they go.
        clock: of times without an offset.
    """

    collector: Collector
    clock: str

    def take(self, quantity: Quantity, line: Line) -> None:
        """Take a quantity of a line; one without its time waits for the end of the line."""
        fault = self._take(quantity, line)
        if fault is not None:
            self.collector.reject(quantity.record, fault, quantity.raw)

    def _take(self, quantity: Quantity, line: Line) -> Fault | None:
        """Take a quantity, or say why it cannot be taken."""
        value = self._value_of(quantity, line)
        if isinstance(value, Fault):
            return value
        kind = value.register.kind
        if not quantity.dates and kind is not ReadKind.INDEX and not _reading_time(line.place_dates):
            _wait(value, line)
            return None
        if kind is not ReadKind.INDEX and BEGIN in quantity.dates and END in quantity.dates:
            return self._take_stamped(value, line)
        when = self._when(quantity.dates, value.register, line)
        if isinstance(when, Fault):
            return when
        if isinstance(when, Period):
            return self._add_period(value, when, line)
        return self._add_read(value, when, line, kind=ReadKind.INSTANT if kind is ReadKind.INSTANT else ReadKind.INDEX)

    def _value_of(self, quantity: Quantity, line: Line) -> _Value | Fault:
        """Return a quantity as a value of its line's register, or why it is none."""
        if line.is_cancelled:
            return Fault("edifact.cancelled", "the message takes an earlier one back: its values are none")
        if not line.service_point_id:
            return Fault("record.identifier", "no LOC segment names the place")
        qualifier = QUALIFIERS.get(quantity.qualifier)
        if qualifier is None:
            return Fault("quality.unknown", f"'{quantity.qualifier[:10]}' is no qualifier of a quantity")
        register = line.register(quantity.unit_code)
        if isinstance(register, Fault):
            return register
        number = plain_number(quantity.text, quantity.decimal)
        if isinstance(number, Fault):
            return number
        self._warn_of(number, qualifier, register, line)
        kept = None if qualifier.quality is Quality.MISSING else number
        return _Value(quantity, _series_of(line, register), register, kept, qualifier)

    def _warn_of(self, number: str | None, qualifier: Qualifier, register: Register, line: Line) -> None:
        """Say what is odd about a value that is taken."""
        if not line.channel:
            self.collector.warn(
                "edifact.channel", f"a line of {line.service_point_id} has no PIA segment: its register has no name"
            )
        if register.contradiction:
            self.collector.warn("edifact.unit", register.contradiction)
        if number is None and qualifier.quality is not Quality.MISSING:
            self.collector.warn(
                "value.missing", f"a quantity of {line.service_point_id} has no number, though its qualifier promises one"
            )

    def _when(self, dates: Dates, register: Register, line: Line) -> Period | int | Fault:
        """Return the period of a quantity or the time of a read, or why it has none."""
        if register.kind is ReadKind.INDEX:
            return self._read_at(dates, line)
        if _PERIOD in dates:
            self._note_clock()
            return named_period(*dates[_PERIOD], self.clock, is_gas=register.is_gas)
        if register.kind is ReadKind.PERIOD or not (_reading_time(dates) or _reading_time(line.place_dates)):
            return Fault("time.missing", "neither a period (DTM+163 and DTM+164) nor the time of a reading (DTM+7, DTM+9)")
        return self._read_at(dates, line)

    def _take_stamped(self, value: _Value, line: Line) -> Fault | None:
        """Take a value that names its period, or hold it where it stands in a row that may know better."""
        begin, end = self._stamp(value.of.dates[BEGIN]), self._stamp(value.of.dates[END])
        if isinstance(begin, Fault):
            return begin
        if isinstance(end, Fault):
            return end
        own = period_of(begin, end, self.clock, line.previous_end_us)
        line.previous_end_us = line.previous_end_us if isinstance(own, Fault) else own.end_us
        row = self._row_of(line)
        if row is not None and row.holds(value, own):
            return None
        return own if isinstance(own, Fault) else self._add_period(value, own, line)

    def _row_of(self, line: Line) -> Row[_Value] | None:
        """Return the row of a line whose place has a period."""
        if line.row is None and not line.has_stamped and BEGIN in line.place_dates and END in line.place_dates:
            whole = self._period(line.place_dates[BEGIN], line.place_dates[END], None)
            line.row = Row(whole) if isinstance(whole, Period) else None
        line.has_stamped = True
        return line.row

    def _period(self, begin: Date, end: Date, previous_end_us: int | None) -> Period | Fault:
        """Return the period between two DTM segments."""
        first, last = self._stamp(begin), self._stamp(end)
        if isinstance(first, Fault):
            return first
        return last if isinstance(last, Fault) else period_of(first, last, self.clock, previous_end_us)

    def _read_at(self, dates: Dates, line: Line) -> int | Fault:
        """Return when an index was read: the time it is used at, else the reading's, else the end of its period."""
        found = _reading_time(dates) or dates.get(END) or dates.get(BEGIN) or _reading_time(line.place_dates)
        if found is None:
            return Fault("time.missing", "an index without the time of its reading (DTM+7, DTM+9)")
        stamp = self._stamp(found)
        return stamp if isinstance(stamp, Fault) else instant_us(stamp, self.clock)

    def _stamp(self, date: Date) -> Stamp | Fault:
        """Return the stamp of a DTM segment, or what is wrong with it."""
        stamp = parse_stamp(*date)
        if stamp is None:
            return Fault("time.invalid", f"'{date[0][:40]}' of format '{date[1][:3]}' is no time")
        if stamp.offset_minutes is None:
            self._note_clock()
        return stamp

    def _note_clock(self) -> None:
        """Say by which clock times without an offset were read."""
        self.collector.clock = self.clock
        self.collector.warn("clock.assumed", f"times without an offset are read as {self.clock}")

    def _add_period(self, value: _Value, period: Period, line: Line) -> Fault | None:
        """Take the quantity of a period."""
        if not is_slot(period.start_us, period.seconds):
            return self._add_read(value, period.end_us, line, kind=ReadKind.PERIOD, period_from_us=period.start_us)
        self.collector.add_interval(
            value.series,
            period.start_us,
            period.seconds,
            value.number,
            value.of.record,
            quality=value.qualifier.quality,
            native_quality=value.of.qualifier,
            reason="; ".join(value.of.reasons) or None,
            version_us=line.version_us,
        )
        return None

    def _add_read(
        self, value: _Value, read_at_us: int, line: Line, *, kind: ReadKind, period_from_us: int | None = None
    ) -> Fault | None:
        """Take a register read; one that its sender calls unusable is set aside, one that is missing is none."""
        if value.of.qualifier == UNUSABLE:
            return Fault("value.unusable", "the sender says that this value cannot be used")
        self.collector.add_read(
            value.series,
            read_at_us,
            value.number,
            value.of.record,
            kind=kind,
            quality=value.qualifier.of_read,
            native_quality=value.of.qualifier,
            period_from_us=period_from_us,
            version_us=line.version_us,
        )
        return None

    def end_line(self, line: Line) -> None:
        """Take the values of a line that waited for its end."""
        if line.row is not None:
            self._end_row(line.row, line)
        if line.untimed:
            self._end_untimed(line)

    def _end_row(self, row: Row[_Value], line: Line) -> None:
        """Take the values that a row held back."""
        moved = 0
        for odd, period in row.end():
            fault = period if isinstance(period, Fault) else self._add_period(odd.value, period, line)
            if fault is not None:
                self.collector.reject(odd.value.of.record, fault, odd.value.of.raw)
            moved += period != odd.own
        if moved:
            said = f"{moved} values whose stamps contradict the others have the periods of their places in a row without a gap"
            self.collector.warn("edifact.stamp", f"{line.service_point_id} {line.channel}: {said}")

    def _end_untimed(self, line: Line) -> None:
        """Give the values of a line that name no time theirs: by their position, or that of the place where there is one."""
        first = line.untimed[0].of
        periods = self._periods_by_position(line)
        if isinstance(periods, Fault):
            self.collector.reject(first.record, periods, first.raw, line.untimed_count)
            return
        for value, period in zip(line.untimed, periods, strict=True):
            fault = self._add_period(value, period, line)
            if fault is not None:
                self.collector.reject(value.of.record, fault, value.of.raw)

    def _periods_by_position(self, line: Line) -> list[Period] | Fault:
        """Return the periods of values that name no time.

        With an interval length (DTM+672) they follow each other from DTM+163 of the place, and end at its DTM+164 where it
        has one; without a length a single value is of the place's whole period.
        """
        dates = line.place_dates
        if not line.has_stamped and BEGIN in dates:
            if LENGTH in dates:
                return self._evenly(dates, line.untimed_count)
            if END in dates and line.untimed_count == 1:
                whole = self._period(dates[BEGIN], dates[END], None)
                return whole if isinstance(whole, Fault) else [whole]
        return Fault("time.missing", "values without a time, and nothing that gives them one (DTM+163 with DTM+672)")

    def _evenly(self, dates: Dates, count: int) -> list[Period] | Fault:
        """Return ``count`` periods of one length from the beginning of the place's period, or why they do not fill it."""
        begin, text = self._stamp(dates[BEGIN]), dates[LENGTH][0][:20]
        start = begin if isinstance(begin, Fault) else instant_us(begin, self.clock)
        if isinstance(start, Fault):
            return start
        length_us = parse_length(*dates[LENGTH])
        if length_us is None:
            return Fault("time.invalid", f"'{text}' of format '{dates[LENGTH][1][:3]}' is no interval length")
        end = self._stamp(dates[END]) if END in dates else None
        if isinstance(end, Fault):
            return end
        if count > MOST_UNTIMED or (end is not None and start + count * length_us not in end.instants(self.clock)):
            return Fault("record.length", f"{count} values of length {text} do not fill the period of their place")
        return [Period(start + number * length_us, start + (number + 1) * length_us) for number in range(count)]


def _series_of(line: Line, register: Register) -> Series:
    """Return a line's register as a channel of the store."""
    return Series(
        line.service_point_id,
        line.meter_id,
        line.channel,
        register.quantity,
        register.direction,
        register.unit,
        register.exponent,
    )


def _wait(value: _Value, line: Line) -> None:
    """Have a value that names no time wait for the others of its line."""
    line.untimed_count += 1
    if line.untimed_count <= MOST_UNTIMED:
        line.untimed.append(value)


def _reading_time(dates: Dates) -> Date | None:
    """Return the time of a reading: the one it is used at, else when it was read."""
    return dates.get(_USED_AT) or dates.get(_READ_ON)


def plain_number(text: str, decimal: str | None) -> str | Fault | None:
    """Return a number with a decimal point, or why it is none; None where there is nothing.

    Args:
        text: as it is written.
        decimal: the decimal mark; None where ``.`` and ``,`` both are. ISO 9735 knows no thousands mark.

    >>> plain_number("1,5", None), plain_number("1,5", ","), plain_number("1.5", ",").code, plain_number("1.234,5", None).code
    ('1.5', '1.5', 'value.invalid', 'value.invalid')
    """
    if not text:
        return None
    others = {".": ",", ",": "."}.get(decimal or "", "")
    if (others and others in text) or ("." in text and "," in text):
        return Fault("value.invalid", f"'{text[:40]}' has a mark that is no decimal mark here")
    return text.replace(",", ".")
