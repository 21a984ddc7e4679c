"""Readings: the values of a block become slots, register reads and costs."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from pipelines.ingest.collector import READ_QUALITY, Collector, Series, is_slot
from pipelines.ingest.espi.codes import COST_EXPONENT, DOUBTFUL_QUALITIES, QUALITIES, UNKNOWN_QUALITY, Behaviour, worst
from pipelines.ingest.espi.feed import Column, Row
from pipelines.ingest.espi.joined import Described
from pipelines.ingest.espi.times import parse_duration, parse_epoch
from pipelines.ingest.numbers import as_decimal, number_of
from pipelines.ingest.rejected import Fault
from schemas.codes import Quality, ReadKind

_MICROSECONDS = 1_000_000
_TARIFF_NAMES = ("tou", "cpp", "tier")
_NOT_APPLICABLE = (None, "", "0")
_MOST_MONEY_DIGITS = 20
"""Digits before the point that the store's amounts hold."""
_MOST_TARIFFS = 10_000
"""A feed has a dozen of them; a hostile one must not fill the memory."""
_RAW_NAMES = ("", "start", "duration", "value", "cost", "quality", "tou", "cpp", "consumptionTier", "")


class Period(NamedTuple):
    """When a value was measured [us since 1970, UTC; us]."""

    start_us: int
    length_us: int

    @property
    def end_us(self) -> int:
        """Its end, exclusive."""
        return self.start_us + self.length_us


@dataclass
class Readings:
    """Takes the readings of one block after another.

    Attributes:
        collector: takes what they become.
    """

    collector: Collector
    _tariffs: dict[tuple[str | int | None, ...], str | None] = field(default_factory=dict)

    def take(self, described: Described, rows: list[Row], path: str, version_us: int | None, after_us: int | None) -> int | None:
        """Take readings of a block.

        Args:
            described: what they are.
            rows: as they stand in the file.
            path: of their entry, to which each adds its number.
            version_us: when the sender made them.
            after_us: where the first one begins if it does not say itself [us since 1970].

        Returns:
            where the next one begins if it does not say itself.
        """
        for row in rows:
            record = f"{path}IntervalReading/{row[Column.NUMBER]}"
            if row[Column.FAULT] is not None:
                self._reject(row, record, Fault("value.invalid", f"the reading has {row[Column.FAULT]} elements"))
                continue
            period = _period(row, described, after_us)
            if isinstance(period, Fault):
                self._reject(row, record, period)
                continue
            after_us = period.end_us
            self._take_one(described, row, period, record, version_us)
            if row[Column.COST]:
                self._cost(described, row, period, record, version_us)
        return after_us

    def set_aside(self, rows: list[Row], path: str, fault: Fault) -> None:
        """Set aside readings of which nobody knows what they are."""
        count = sum(row[Column.VALUE] is not None for row in rows)
        if count:
            first = rows[0]
            self.collector.reject(f"{path}IntervalReading/{first[Column.NUMBER]}", fault, _raw(first), count)

    def _take_one(self, described: Described, row: Row, period: Period, record: str, version_us: int | None) -> None:
        """Take one value: a slot, or a read."""
        value = _value(row, described)
        if isinstance(value, Fault):
            self._reject(row, record, value)
            return
        quality, native = self._quality(row, described)
        tariff = self._tariff(row, described)
        series = described.series
        behaviour = described.reading_type.behaviour
        seconds, rest = divmod(period.length_us, _MICROSECONDS)
        if behaviour is Behaviour.INTERVAL and period.length_us == 0:
            self._reject(row, record, Fault("time.invalid", "a quantity of an interval that lasts no time"))
        elif behaviour is Behaviour.INTERVAL and not rest and is_slot(period.start_us, seconds):
            self.collector.add_interval(
                series, period.start_us, seconds, value, record,
                quality=quality, native_quality=native, reason=tariff, version_us=version_us,
            )  # fmt: skip
        else:
            kind = {Behaviour.INDEX: ReadKind.INDEX, Behaviour.INSTANT: ReadKind.INSTANT}.get(behaviour, ReadKind.PERIOD)
            self.collector.add_read(
                _with_tariff(series, tariff), period.end_us, value, record,
                kind=kind, quality=READ_QUALITY[quality], native_quality=native,
                period_from_us=period.start_us if kind is ReadKind.PERIOD else None, version_us=version_us,
            )  # fmt: skip

    def _quality(self, row: Row, described: Described) -> tuple[Quality, str | None]:
        """Return what is known about a value, and the source's code of it."""
        native = str(row[Column.QUALITY] or "") or described.reading_type.default_quality
        if native is None:
            return Quality.MEASURED, None
        known = QUALITIES.get(native)
        if known is not None and native not in DOUBTFUL_QUALITIES:
            return known, native
        codes = [code.strip() for code in native.split(",") if code.strip()]
        for code in codes:
            if code not in QUALITIES:
                message = f"quality {code[:20]} is none of the standard's: its values count as estimated"
                self.collector.warn("quality.unknown", message)
            elif code in DOUBTFUL_QUALITIES:
                self.collector.warn("quality.doubted", f"values of quality {code} are kept as measured")
        return worst([QUALITIES.get(code, UNKNOWN_QUALITY) for code in codes] or [Quality.MEASURED]), native

    def _tariff(self, row: Row, described: Described) -> str | None:
        """Return time of use, critical peak and consumption tier of a value as text; None where there is none of them."""
        said = tuple(row[Column.TOU : Column.TIER + 1])
        if said == (None, None, None) and described.reading_type.tariff == (None, None, None):
            return None
        key = (*said, *described.reading_type.tariff)
        if key not in self._tariffs:
            both = zip(_TARIFF_NAMES, said, described.reading_type.tariff, strict=True)
            parts = [(name, own if own is not None else default) for name, own, default in both]
            if len(self._tariffs) >= _MOST_TARIFFS:
                self._tariffs.clear()
            self._tariffs[key] = " ".join(f"{name}={part}" for name, part in parts if part not in _NOT_APPLICABLE) or None
        return self._tariffs[key]

    def _cost(self, described: Described, row: Row, period: Period, record: str, version_us: int | None) -> None:
        """Take what the sender charged for a reading."""
        amount = parse_amount(str(row[Column.COST]))
        if amount is None:
            self.collector.warn("cost.invalid", "a cost is no amount: it is left out")
            return
        self.collector.add_cost(
            described.series.service_point_id, described.series.meter_id, "interval_cost", record,
            channel=described.series.channel, period_from_us=period.start_us, period_to_us=period.end_us,
            amount=amount, currency=described.reading_type.currency, version_us=version_us,
        )  # fmt: skip

    def _reject(self, row: Row, record: str, fault: Fault) -> None:
        """Set a reading aside; one without a value is no row."""
        if row[Column.VALUE] is not None:
            self.collector.reject(record, fault, _raw(row))


def parse_amount(text: str) -> Decimal | None:
    """Return money as the standard writes it, in the currency; None where it is no number.

    >>> parse_amount("5100000"), parse_amount("n/a")
    (Decimal('51.00000'), None)
    """
    number = number_of(text, 0)
    found = number if isinstance(number, Fault) else as_decimal(number, COST_EXPONENT)
    return None if isinstance(found, Fault) or found.adjusted() >= _MOST_MONEY_DIGITS else found


def _period(row: Row, described: Described, after_us: int | None) -> Period | Fault:
    """Return when a value was measured, or why nobody knows."""
    start, duration = row[Column.START], row[Column.DURATION]
    start_us = after_us if not start else parse_epoch(str(start))
    if start_us is None:
        if start:
            return Fault("time.invalid", f"start '{str(start)[:40]}' is no time in seconds since 1970")
        return Fault("time.missing", "the reading has no start, and nothing says where its block begins")
    length_us = described.reading_type.length_us if not duration else parse_duration(str(duration))
    if length_us is None and duration:
        return Fault("time.invalid", f"duration '{str(duration)[:40]}' is no length in seconds")
    if length_us is None and described.reading_type.behaviour is Behaviour.INTERVAL:
        return Fault("time.missing", "neither the reading nor its ReadingType says how long it lasts")
    return Period(start_us, length_us or 0)


def _value(row: Row, described: Described) -> str | Decimal | Fault | None:
    """Return a value as the store's unit has it; None where there is none."""
    text = row[Column.VALUE]
    if not text:
        return None
    if described.shift is None:
        return str(text)
    number = number_of(str(text), 0)
    return number if isinstance(number, Fault) else as_decimal(number, described.shift)


def _with_tariff(series: Series, tariff: str | None) -> Series:
    """Return the register of a read: reads have no reason, so each bin of a tariff is a register of its own."""
    return series if tariff is None else series._replace(channel=f"{series.channel} {tariff}")


def _raw(row: Row) -> str:
    """Return a reading for the person who looks into its rejection."""
    return " ".join(f"{name}={part}" for name, part in zip(_RAW_NAMES, row, strict=True) if name and part is not None)
