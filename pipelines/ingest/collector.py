"""Collector: what a reader meets value by value becomes runs of slots, register reads, events, costs and rejections.

Readers of trees and segments (XML, JSON, EDIFACT, telegrams) say what each value is; here it is decided what that
makes of it, once for all formats:

- a value of an interval whose length is whole minutes, at most an hour and divides a day is a slot;
- a value of any other interval is a read of kind period;
- slots of one channel that follow each other are one run, cut at the midnights of the source's standard time;
- a value that cannot be kept exactly is set aside with its place and code.

A reader hands over what is collected whenever ``is_full`` says so: memory stays bounded however long the file is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.ingest.numbers import NO_TIME, Number, as_decimal, number_of
from pipelines.ingest.reader import FileWarning, Parsed
from pipelines.ingest.rejected import Fault, Rejection, rejection, rejections_table
from schemas.codes import Direction, Quality, ReadKind
from schemas.delivered_costs import PARSED_COSTS
from schemas.events import PARSED_EVENTS
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS

FULL_AT = 200_000
"""Values held before they are handed over: some 60 MB."""
MOST_WARNINGS = 50
LONGEST_SLOT_MINUTES = 60
DAY_MINUTES = 1440
_MINUTE_US = 60_000_000
_DAY_US = DAY_MINUTES * _MINUTE_US
_LARGEST_INT32 = 2**31 - 1
_LARGEST = 9_000_000_000
"""A slot's value must be smaller [unit of the store]: then it fits 64 bits with nine decimals."""

READ_QUALITY = {
    Quality.MEASURED: "measured",
    Quality.DELIVERED_ESTIMATE: "estimated",
    Quality.SUBSTITUTED: "substituted",
    Quality.FINAL_SUBSTITUTED: "final_substituted",
}
"""What the qualities of slots are called on a register read."""
UNVERIFIED = "unverified"
"""Quality of a read whose source could have carried a checksum and did not, or says nothing."""


class Series(NamedTuple):
    """A channel as the source describes it: whose values they are and what they mean.

    Attributes:
        service_point_id: where energy is delivered.
        meter_id: serial number; empty where the source names none.
        channel: what the source calls the register.
        quantity: active_energy, volume, voltage, ...
        direction: seen from the customer.
        unit: of the store; None where the source has none.
        exponent: source value times ``10 ** exponent`` is the value in ``unit``.
        clock_offset_minutes: the source's standard time [min]; None where it has none.
    """

    service_point_id: str
    meter_id: str
    channel: str
    quantity: str
    direction: Direction
    unit: str | None
    exponent: int = 0
    clock_offset_minutes: int | None = None


class _Slot(NamedTuple):
    """A value of an interval, before it joins its neighbours."""

    start: int
    minutes: int
    digits: int
    decimals: int
    quality: int
    native: str | None
    reason: str | None
    version: int
    record: str


def is_slot(start_us: int, seconds: int) -> bool:
    """Whether an interval can be a slot: it begins on a minute, takes whole minutes, an hour at most, and divides a day.

    >>> is_slot(0, 900), is_slot(0, 86_400), is_slot(30_000_000, 900), is_slot(0, 23 * 60)
    (True, False, False, False)
    """
    minutes, rest = divmod(seconds, 60)
    return rest == 0 and 1 <= minutes <= LONGEST_SLOT_MINUTES and DAY_MINUTES % minutes == 0 and start_us % _MINUTE_US == 0


@dataclass
class Collector:
    """Values of a file that were met and not yet handed over.

    Attributes:
        prefix: put before every record: the member of an archive and a colon, or nothing.
        clock: the clock local times were read by; None where every time names its own.
    """

    prefix: str = ""
    clock: str | None = None
    _slots: dict[Series, list[_Slot]] = field(default_factory=dict)
    _reads: list[dict[str, Any]] = field(default_factory=list)
    _events: list[dict[str, Any]] = field(default_factory=list)
    _costs: list[dict[str, Any]] = field(default_factory=list)
    _rejections: list[Rejection] = field(default_factory=list)
    _warnings: dict[FileWarning, None] = field(default_factory=dict)
    _warned: set[FileWarning] = field(default_factory=set)
    _held: int = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to hand over."""
        return self._held >= FULL_AT

    def add_interval(
        self,
        series: Series,
        start_us: int,
        seconds: int,
        value: str | Decimal | int | None,
        record: str,
        *,
        quality: Quality = Quality.MEASURED,
        native_quality: str | None = None,
        reason: str | None = None,
        version_us: int | None = None,
    ) -> None:
        """Take a quantity of an interval.

        Args:
            series: the channel.
            start_us: start of the interval, UTC [us since 1970].
            seconds: its length [s].
            value: as the source writes it; None where it has no value.
            record: where it stands in the file.
            quality: what is known about it; a value of quality ``MISSING`` is none.
            native_quality: the source's own code.
            reason: the source's reason code and text.
            version_us: when the sender made this version, UTC [us since 1970]; None where nothing says.
        """
        if value is None:
            quality = Quality.MISSING
        if not is_slot(start_us, seconds):
            if quality is not Quality.MISSING:
                self.add_read(
                    series,
                    start_us + seconds * 1_000_000,
                    value,
                    record,
                    kind=ReadKind.PERIOD,
                    quality=READ_QUALITY[quality],
                    native_quality=native_quality,
                    period_from_us=start_us,
                    version_us=version_us,
                )
            return
        number = Number(0, 0) if value is None or quality is Quality.MISSING else _slot_number(value, series.exponent)
        if isinstance(number, Fault):
            self.reject(record, number, str(value))
            return
        version = NO_TIME if version_us is None else version_us
        slot = _Slot(start_us, seconds // 60, *number, quality, native_quality, reason, version, self.prefix + record)
        self._slots.setdefault(series, []).append(slot)
        self._held += 1

    def add_read(
        self,
        series: Series,
        read_at_us: int | None,
        value: str | Decimal | int | None,
        record: str,
        *,
        kind: ReadKind = ReadKind.INDEX,
        quality: str = "measured",
        native_quality: str | None = None,
        period_from_us: int | None = None,
        version_us: int | None = None,
    ) -> None:
        """Take a register read; without a value it is none.

        Args:
            series: the register.
            read_at_us: when it was read, UTC [us since 1970]; None where the source has no clock.
            value: as the source writes it.
            record: where it stands in the file.
            kind: index, period or instant.
            quality: one of ``READ_QUALITY`` or ``UNVERIFIED``.
            native_quality: the source's own code.
            period_from_us: start of the period; None unless ``kind`` is period.
            version_us: when the sender made this version; None where nothing says.
        """
        if value is None:
            return
        number = number_of(value, series.exponent)
        found = number if isinstance(number, Fault) else as_decimal(number, series.exponent)
        if isinstance(found, Fault):
            self.reject(record, found, str(value))
            return
        row = {name: part for name, part in series._asdict().items() if name in _READ_IDENTITY}
        self._reads.append(
            {
                **row,
                "direction": str(series.direction),
                "read_at": read_at_us,
                "period_from": period_from_us,
                "value": found,
                "quality": quality,
                "native_quality": native_quality,
                "kind": str(kind),
                "version": version_us,
                "record": self.prefix + record,
            }
        )
        self._held += 1

    def add_event(
        self,
        service_point_id: str,
        meter_id: str,
        event_type: str,
        started_at_us: int | None,
        record: str,
        *,
        ended_at_us: int | None = None,
        magnitude: Decimal | None = None,
        unit: str | None = None,
        native_code: str | None = None,
    ) -> None:
        """Take an event; times in UTC [us since 1970], None where the source has no clock or the event lasts."""
        self._events.append(
            {
                "service_point_id": service_point_id,
                "meter_id": meter_id,
                "event_type": event_type,
                "started_at": started_at_us,
                "ended_at": ended_at_us,
                "magnitude": magnitude,
                "unit": unit,
                "native_code": native_code,
                "record": self.prefix + record,
            }
        )
        self._held += 1

    def add_cost(
        self,
        service_point_id: str,
        meter_id: str,
        item: str,
        record: str,
        *,
        channel: str = "",
        period_from_us: int | None = None,
        period_to_us: int | None = None,
        amount: Decimal | None = None,
        currency: str | None = None,
        quantity: Decimal | None = None,
        unit: str | None = None,
        native_code: str | None = None,
        note: str | None = None,
        version_us: int | None = None,
    ) -> None:
        """Take an amount or a total that the sender states; it is no row of the file's account.

        Args:
            service_point_id: where energy is delivered.
            meter_id: serial number; empty where the source names none.
            item: what is stated: ``interval_cost``, ``bill_last_period``, ...
            record: where it stands in the file.
            channel: what the source calls the register; empty where it speaks of the whole service point.
            period_from_us: start of what it is for, UTC [us since 1970]; None where the source does not say.
            period_to_us: end, or when it was stated.
            amount: money, with 18 decimals at most.
            currency: ISO 4217 code; None where the source does not say.
            quantity: what is stated or charged for, in ``unit``.
            unit: of the store.
            native_code: the source's own code.
            note: the source's own words.
            version_us: when the sender made this version; None where nothing says.
        """
        self._costs.append(
            {
                "service_point_id": service_point_id,
                "meter_id": meter_id,
                "channel": channel,
                "period_from": period_from_us,
                "period_to": period_to_us,
                "item": item,
                "amount": amount,
                "currency": currency,
                "quantity": quantity,
                "unit": unit,
                "native_code": native_code,
                "note": note,
                "version": version_us,
                "record": self.prefix + record,
            }
        )
        self._held += 1

    def reject(self, record: str, fault: Fault, raw: str | bytes, rows: int = 1) -> None:
        """Set aside ``rows`` values of a record."""
        text = raw if isinstance(raw, bytes) else raw.encode("utf-8", "replace")
        self._rejections.append(rejection(self.prefix + record, fault, text, rows))
        self._held += 1

    def warn(self, code: str, message: str) -> None:
        """Say something that costs no row; said once, and no more than 50 different things."""
        warning = FileWarning(code, message)
        if warning not in self._warned and len(self._warned) < MOST_WARNINGS:
            self._warned.add(warning)
            self._warnings[warning] = None

    def hand_over(self) -> Parsed:
        """Return what was collected and begin anew."""
        intervals = [run for series, slots in self._slots.items() for run in _runs(series, slots)]
        counted = sum(map(len, self._slots.values())) + len(self._reads) + sum(row.rows for row in self._rejections)
        parsed = Parsed(
            intervals=pa.Table.from_pylist(intervals, schema=PARSED_INTERVALS.schema),
            reads=pa.Table.from_pylist(self._reads, schema=PARSED_READS.schema),
            events=pa.Table.from_pylist(self._events, schema=PARSED_EVENTS.schema),
            costs=pa.Table.from_pylist(self._costs, schema=PARSED_COSTS.schema),
            rejections=rejections_table(self._rejections),
            rows_read=counted,
            warnings=tuple(self._warnings),
            clock=self.clock,
        )
        self._slots, self._reads, self._events, self._costs, self._rejections, self._warnings = {}, [], [], [], [], {}
        self._held = 0
        return parsed


_READ_IDENTITY = frozenset({"service_point_id", "meter_id", "channel", "quantity", "unit"})


def _slot_number(value: str | Decimal | int, exponent: int) -> Number | Fault:
    """Return a value as a slot can hold it: with nine decimals it must fit 64 bits."""
    number = number_of(value, exponent)
    if isinstance(number, Fault):
        return number
    too_large = abs(number.digits) * 10 ** max(0, exponent) >= _LARGEST * 10 ** (number.decimals - min(0, exponent))
    return Fault("value.range", f"'{value}' is more than the store can hold") if too_large else number


def _runs(series: Series, slots: list[_Slot]) -> list[dict[str, Any]]:
    """Return the slots of a channel as rows of ``PARSED_INTERVALS``, in order of time.

    Slots at one time keep the order of the file; each but the last begins a run of its own.
    """
    start = np.fromiter((slot.start for slot in slots), dtype=np.int64, count=len(slots))
    order = np.argsort(start, kind="stable")
    slots = [slots[at] for at in order.tolist()]
    start = start[order]
    minutes = np.fromiter((slot.minutes for slot in slots), dtype=np.int64, count=len(slots))
    version = np.fromiter((slot.version for slot in slots), dtype=np.int64, count=len(slots))
    day = (start + (series.clock_offset_minutes or 0) * _MINUTE_US) // _DAY_US
    new = np.ones(len(slots), dtype=np.bool_)
    new[1:] = (start[1:] != start[:-1] + minutes[:-1] * _MINUTE_US) | (minutes[1:] != minutes[:-1])
    new[1:] |= (day[1:] != day[:-1]) | (version[1:] != version[:-1])
    new[1:] |= np.array([later.reason != earlier.reason for earlier, later in pairwise(slots)], dtype=np.bool_)
    begins = np.flatnonzero(new).tolist()
    return [_run(series, slots[begin:end]) for begin, end in zip(begins, [*begins[1:], len(slots)], strict=True)]


def _run(series: Series, slots: list[_Slot]) -> dict[str, Any]:
    """Return consecutive slots as one row."""
    first = slots[0]
    decimals = max(slot.decimals for slot in slots)
    exponent = series.exponent - decimals
    # Below the limit and with nine decimals at most, every value fits 64 bits at the exponent of its finest neighbour.
    values = [slot.digits * 10 ** (decimals - slot.decimals) for slot in slots]
    fits = max(map(abs, values)) <= _LARGEST_INT32
    natives = [slot.native for slot in slots]
    same = len(set(natives)) == 1
    return {
        **{name: part for name, part in series._asdict().items() if name != "exponent"},
        "direction": str(series.direction),
        "start": first.start,
        "interval_minutes": first.minutes,
        "exponent": exponent,
        "values": values if fits else [],
        "values64": None if fits else values,
        "quality": [slot.quality for slot in slots] if any(slot.quality for slot in slots) else None,
        "native_quality": natives[0] if same else None,
        "native_qualities": None if same else [native or "" for native in natives],
        "native_reason": first.reason,
        "version": None if first.version == NO_TIME else first.version,
        "record": first.record,
    }
