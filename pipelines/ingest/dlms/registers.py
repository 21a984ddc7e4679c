"""Lists of meters as register reads: what each number measures, and when it was read."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from head_end.dlms.errors import DlmsError
from head_end.dlms.profile_buffer import CaptureObject, Row, read_rows
from head_end.dlms.push_lists import Profile, Register
from head_end.dlms.units import UNITS, Scale
from pipelines.ingest.collector import UNVERIFIED, Collector, Series
from pipelines.ingest.dlms.conversation import Said
from pipelines.ingest.dlms.meter_clock import MeterClock
from pipelines.ingest.rejected import Fault
from schemas.codes import Direction, ReadKind
from schemas.obis import Obis, measured_by
from schemas.units import Unit, parse_unit

_COUNT = Unit("", "", 0)
_CUMULATIVE = frozenset({"active_energy", "reactive_energy", "apparent_energy", "volume", "energy", "heat"})
_VALUE = 2
_VALUE_CLASSES = frozenset({1, 3, 4, 5})
_MEASURED = "measured"
_UNKNOWN = "unknown"
_SECOND_US = 1_000_000
_LONGEST_PERIOD_SECONDS = 366 * 86_400
_LATEST_US = 7_258_118_400 * _SECOND_US  # 2200-01-01


@dataclass(frozen=True)
class Meaning:
    """What a number of a meter is.

    Attributes:
        series: whose it is and what it measures.
        kind: what it says about time.
    """

    series: Series
    kind: ReadKind


@dataclass(frozen=True)
class RegisterBook:
    """Writes what meters sent into a collector.

    Attributes:
        collector: takes the reads.
        clock: makes instants of the meters' times.
        fallback_id: service point of lists that name no meter.
    """

    collector: Collector
    clock: MeterClock
    fallback_id: str

    def write(self, said: Said, *, verified: bool) -> None:
        """Write a list.

        Args:
            said: the list, with its place and when it was sent.
            verified: whether a checksum fitted all of it.
        """
        quality = _MEASURED if verified else UNVERIFIED
        if said.values.registers:
            read_at = self.clock.instant_us(said.values.time or said.sent, self.collector)
            for register in said.values.registers:
                own = read_at if register.time is None else self.clock.instant_us(register.time, self.collector)
                self._write_register(said, register, own, quality)
        for profile in said.values.profiles:
            self._write_profile(said, profile, quality)

    def _write_register(self, said: Said, register: Register, read_at: int | Fault | None, quality: str) -> None:
        place = f"{said.place}/Value/{register.place}"
        meaning = self._meaning(said.values.meter_id, register.code, register.scale)
        if isinstance(meaning, Fault):
            self.collector.reject(place, meaning, _text(register))
        elif isinstance(read_at, Fault):
            self.collector.reject(place, read_at, _text(register))
        elif meaning.kind is ReadKind.PERIOD:
            self.collector.reject(place, _NO_PERIOD, _text(register))
        else:
            self.collector.add_read(meaning.series, read_at, register.value, place, kind=meaning.kind, quality=quality)

    # --- profiles

    def _write_profile(self, said: Said, profile: Profile, quality: str) -> None:
        rows = profile.buffer.elements
        if profile.columns is not None and len(profile.columns) != len(rows[0].elements):
            profile = profile._replace(columns=None)  # some columns were asked for, and nothing says which
        if profile.period_seconds is not None and profile.period_seconds > _LONGEST_PERIOD_SECONDS:
            profile = profile._replace(period_seconds=None)
        done = 0
        width = 1
        try:
            for row in read_rows(rows, profile.columns):
                self._write_row(said, profile, row, quality)
                done, width = row.number, max(1, len(row.cells))
        except DlmsError as error:
            place = f"{said.place}/Row/{done + 1}"
            lost = (len(rows) - done) * width
            self.collector.reject(place, Fault(error.code, error.message), str(rows[done]), lost)

    def _write_row(self, said: Said, profile: Profile, row: Row, quality: str) -> None:
        read_at = self._time_of_row(profile, row)
        for number, cell in row.cells.items():
            column = profile.columns[number - 1] if profile.columns is not None else None
            if cell.number is None or (column is not None and not _is_value(column)):
                continue
            place = f"{said.place}/Row/{row.number}/Column/{number}"
            meaning = self._meaning_of_cell(said.values.meter_id, profile, number, column)
            fault = next((found for found in (meaning, read_at) if isinstance(found, Fault)), None)
            if fault is None and isinstance(meaning, Meaning) and not isinstance(read_at, Fault):
                fault = self._write_cell(meaning, profile, read_at, cell.number, place, quality, row.status)
            if fault is not None:
                self.collector.reject(place, fault, str(cell.number))

    def _write_cell(
        self,
        meaning: Meaning,
        profile: Profile,
        read_at: int | None,
        value: int | Decimal,
        place: str,
        quality: str,
        status: str | None,
    ) -> Fault | None:
        """Write a cell; return why it cannot be."""
        if meaning.kind is not ReadKind.PERIOD:
            self.collector.add_read(
                meaning.series, read_at, value, place, kind=meaning.kind, quality=quality, native_quality=status
            )
            return None
        if read_at is None or profile.period_seconds is None:
            return _NO_PERIOD
        begin = read_at - profile.period_seconds * _SECOND_US  # a row is captured when its period ends
        self.collector.add_interval(meaning.series, begin, profile.period_seconds, value, place, native_quality=status)
        return None

    def _time_of_row(self, profile: Profile, row: Row) -> int | Fault | None:
        """Return when a row was captured: its clock, or that of a row before it and the periods between."""
        if row.clock_error is not None:
            return Fault(row.clock_error.code, row.clock_error.message)
        if row.periods and row.time is not None and profile.period_seconds is None:
            text = "rows of a profile leave out their clock, and nothing tells the capture period: they have no time"
            self.collector.warn("time.missing", text)
            return None
        read_at = self.clock.instant_us(row.time, self.collector)
        if not isinstance(read_at, int):
            return read_at
        read_at += row.periods * (profile.period_seconds or 0) * _SECOND_US
        return read_at if read_at < _LATEST_US else Fault("time.invalid", "the rows of the profile reach beyond the year 2200")

    # --- what numbers mean

    def _meaning_of_cell(
        self, meter_id: str | None, profile: Profile, number: int, column: CaptureObject | None
    ) -> Meaning | Fault:
        if column is not None:
            return self._meaning(meter_id, column.code, profile.scales.get(column.code))
        channel = f"column-{number}" if profile.code is None else f"{profile.code.channel}/column-{number}"
        return Meaning(self._series(meter_id, channel, _UNKNOWN, Direction.NONE, None, 0), ReadKind.INDEX)

    def _meaning(self, meter_id: str | None, code: Obis, scale: Scale | None) -> Meaning | Fault:
        """Return what a register measures, or why nobody can tell."""
        found = _measure(code, scale)
        if isinstance(found, Fault):
            return found
        return Meaning(
            self._series(meter_id, code.channel, found.quantity, found.direction, found.unit, found.exponent), found.kind
        )

    def _series(
        self, meter_id: str | None, channel: str, quantity: str, direction: Direction, unit: str | None, exponent: int
    ) -> Series:
        return Series(meter_id or self.fallback_id, meter_id or "", channel, quantity, direction, unit, exponent)


class _Measure(NamedTuple):
    """What a code and a scale say about a number, whosever it is."""

    quantity: str
    direction: Direction
    unit: str | None
    exponent: int
    kind: ReadKind


_NO_PERIOD = Fault("interval.unknown", "a quantity of a period, and nothing says how long the period is")


@lru_cache(maxsize=4096)
def _measure(code: Obis, scale: Scale | None) -> _Measure | Fault:
    """Return what a register measures, or why nobody can tell."""
    measured = measured_by(code)
    if scale is None and measured is not None:
        return Fault("unit.unknown", f"nothing gives scaler and unit of {code.channel}: its size is unknown")
    unit = _unit(scale)
    if unit is None:
        return Fault("unit.unknown", f"nobody knows the unit {scale.unit if scale is not None else ''} of {code.channel}")
    exponent = (scale.scaler if scale is not None else 0) + unit.exponent
    if measured is not None:
        quantity = unit.quantity or measured.quantity
        return _Measure(quantity, measured.direction, unit.unit or None, exponent, measured.kind)
    kind = ReadKind.INDEX if unit.quantity in _CUMULATIVE else ReadKind.INSTANT
    return _Measure(unit.quantity or _UNKNOWN, Direction.NONE, unit.unit or None, exponent, kind)


def _unit(scale: Scale | None) -> Unit | None:
    """Return the unit of a scale; one without a name for counts and bare numbers; None where nobody knows it."""
    if scale is None:
        return _COUNT
    if scale.unit not in UNITS:
        return None
    name = UNITS[scale.unit]
    return _COUNT if name is None else parse_unit(name)


def _text(register: Register) -> str:
    """Return a register as a person reads it."""
    return f"{register.code.channel} = {register.value}"


def _is_value(column: CaptureObject) -> bool:
    return column.class_id in _VALUE_CLASSES and column.attribute == _VALUE
