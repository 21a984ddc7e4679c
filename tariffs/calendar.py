"""Which period of the tariff each interval falls into, and how a billing period falls to the tariff's versions.

Readings are days of standard time, prices are local time: a band map has one row a standard-time day and one column a slot,
and holds the position of the (version, period) that prices the slot by its start. Daylight saving is nothing but this
map: every slot of a billing period has exactly one place in it, whatever the clocks do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from schemas.errors import TariffError
from tariffs.clock import DAY_SECONDS, EPOCH, Clock, Integers
from tariffs.events import EventMinutes, minutes_by_date
from tariffs.holiday_calendar import kept_in
from tariffs.model import Tariff
from tariffs.periods import BILLING_CYCLE, Cycle, DayClass, bands_of_day, day_class
from tariffs.rounding import largest_remainder
from tariffs.scalars import MINUTES_OF_DAY, QUANTITY_PLACES, MonthDay
from tariffs.spans import VersionSpan

NOT_BILLED = -1
"""Stands in a band map for a slot that begins outside the billing period."""
_ONE_BAND = np.zeros(MINUTES_OF_DAY, dtype=np.int16)


class Combo(NamedTuple):
    """What a quantity is summed by: a tariff version and one of its periods (None where it has none)."""

    version_index: int
    band: str | None


@dataclass(frozen=True)
class BandMap:
    """The price of every slot.

    Attributes:
        index: int16 [days, slots]: position in ``combos``, ``NOT_BILLED`` outside the billing period. Read-only.
        combos: every period of every version in force in the billing period, by version, in document order; the same for
            every interval length.
    """

    index: Integers
    combos: tuple[Combo, ...]

    @cached_property
    def patterns(self) -> tuple[Integers, Integers]:
        """The different rows (p, slots), and which of them each day has (days,): most days of a month are alike."""
        rows, of_day = np.unique(self.index, axis=0, return_inverse=True)
        return rows, of_day.reshape(-1)


@lru_cache(maxsize=512)
def band_map(
    tariff: Tariff,
    *,
    direction: str,
    first_day: date,
    days: int,
    interval_minutes: int,
    standard_offset_minutes: int,
    slot_offset_minutes: int = 0,
    starts_at: datetime,
    ends_at: datetime,
    cycle: Cycle | None = None,
) -> BandMap:
    """Return the version and period that price each slot of some standard-time days.

    Args:
        tariff: the tariff.
        direction: ``import`` or ``export``: export may have periods of its own.
        first_day: date in standard time of the first row.
        days: number of rows.
        interval_minutes: length of a slot, a divisor of the day [min].
        standard_offset_minutes: standard time of the rows: their midnight is at 00:00 UTC minus this [min].
        slot_offset_minutes: start of the first slot after midnight [min].
        starts_at: first instant that counts (UTC).
        ends_at: end of what counts, exclusive (UTC).
        cycle: the billing period that seasons by billing cycle go by, as ``cycle_of`` gives it; None where what counts is all
            of a billing period by the tariff's own clock.

    Returns:
        the map; a slot belongs to the billing period, the version and the period that hold its start.

    Raises:
        TariffError: ``tariff.no_version``: no version is in force yet when the billing period begins.
        ValueError: the slots do not divide the day.
    """
    if MINUTES_OF_DAY % interval_minutes:
        message = f"slots of {interval_minutes} minutes do not divide a day"
        raise ValueError(message)
    combos = combos_of(tariff, direction=direction, starts_at=starts_at, ends_at=ends_at)
    base = _first_places(tariff, combos)
    shift = slot_offset_minutes - standard_offset_minutes
    grid = _Grid(first_day, days, interval_minutes, shift)
    starts = grid.starts()
    cycle = cycle if cycle is not None else cycle_of(tariff, starts_at, ends_at, None)
    versions, bands = _prices_of_slots(tariff, direction, grid, cycle)
    billed = (starts >= starts_at.timestamp()) & (starts < ends_at.timestamp())
    index = np.where(billed, base[versions] + bands, np.int16(NOT_BILLED))
    index.setflags(write=False)
    return BandMap(index, combos)


def combos_at(
    tariff: Tariff,
    *,
    direction: str,
    starts: Integers,
    starts_at: datetime,
    ends_at: datetime,
    billing_clock: str | None = None,
) -> tuple[Integers, tuple[Combo, ...]]:
    """Return the version and period that price intervals which are not laid out in days.

    Args:
        tariff: the tariff.
        direction: ``import`` or ``export``.
        starts: int64 (t,), start of each interval [s since 1970 UTC].
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        billing_clock: clock of the billing period's days, for seasons by billing cycle; None for the tariff's own.

    Returns:
        int16 (t,): position in the combos, ``NOT_BILLED`` outside the billing period; and the combos, as in ``combos_of``.

    Raises:
        TariffError: ``tariff.no_version``.
    """
    combos = combos_of(tariff, direction=direction, starts_at=starts_at, ends_at=ends_at)
    cycle = cycle_of(tariff, starts_at, ends_at, billing_clock)
    row = _Row.of(starts)
    versions, bands = (
        _prices_of(tariff, direction, starts, cycle) if row is None else _prices_in_a_row(tariff, direction, row, cycle)
    )
    billed = (starts >= starts_at.timestamp()) & (starts < ends_at.timestamp())
    return np.where(billed, _first_places(tariff, combos)[versions] + bands, np.int16(NOT_BILLED)), combos


def _first_places(tariff: Tariff, combos: tuple[Combo, ...]) -> Integers:
    """Return the position of the first combo of each version: int16 (versions + 1,), so that version -1 finds ``NOT_BILLED``."""
    base = np.full(len(tariff.versions) + 1, NOT_BILLED, dtype=np.int16)
    for position, combo in reversed(list(enumerate(combos))):
        base[combo.version_index] = position
    return base


def combos_of(tariff: Tariff, *, direction: str, starts_at: datetime, ends_at: datetime) -> tuple[Combo, ...]:
    """Return every period of every version in force between two instants, by version, in document order.

    Raises:
        TariffError: ``tariff.no_version``.
    """
    clock = tariff.tariff_clock
    first = _version_on(tariff, clock.day_of(starts_at))
    last = _version_on(tariff, clock.day_of(max(starts_at, ends_at - timedelta(seconds=1))))
    return tuple(
        Combo(number, band) for number in range(first, last + 1) for band in tariff.versions[number].bands_for(direction)
    )


def _version_on(tariff: Tariff, day: date) -> int:
    number = tariff.version_on(day)
    if number is None:
        code, first = "tariff.no_version", tariff.versions[0].from_
        hint = "add a version from an earlier date"
        raise TariffError(code, f"no version of {tariff.tariff} is in force on {day}; the first is from {first}", hint)
    return number


class _Grid(NamedTuple):
    """Slots of standard-time days: the first row's date, the rows, their step and the start of the first after 00:00 UTC."""

    first_day: date
    days: int
    interval_minutes: int
    shift_minutes: int

    def starts(self) -> Integers:
        """Return the start of each slot [s since 1970 UTC]: int64 [days, slots]."""
        day_starts = ((self.first_day - EPOCH).days + np.arange(self.days, dtype=np.int64)) * DAY_SECONDS
        slots = np.arange(MINUTES_OF_DAY // self.interval_minutes, dtype=np.int64) * self.interval_minutes
        starts: Integers = day_starts[:, np.newaxis] + (slots + self.shift_minutes) * 60
        return starts


def cycle_of(tariff: Tariff, starts_at: datetime, ends_at: datetime, billing_clock: str | None) -> Cycle | None:
    """Return the first and the last local day of a billing period; None where no season of the tariff goes by them.

    Args:
        tariff: the tariff.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        billing_clock: clock of the days; None for the tariff's own.
    """
    if all(season.by != BILLING_CYCLE for version in tariff.versions for season in version.seasons.values()):
        return None
    first, last = days_of_period(starts_at, ends_at, billing_clock or tariff.clock)
    return Cycle(MonthDay(first.month, first.day), MonthDay(last.month, last.day))


def days_of_period(starts_at: datetime, ends_at: datetime, clock: str) -> tuple[date, date]:
    """Return the first and the last local day that a billing period touches.

    Args:
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        clock: the billing clock.
    """
    own = Clock(clock)
    first = own.day_of(starts_at)
    return first, max(first, own.day_of(ends_at - timedelta(seconds=1)))


class _Row(NamedTuple):
    """Instants in a row: the first [s since 1970 UTC], their distance [s], and how many they are."""

    first: int
    step: int
    length: int

    @classmethod
    def of(cls, starts: Integers) -> _Row | None:
        """Return the row that some instants make; None where they are not evenly spaced."""
        steps = np.diff(starts)
        if not len(steps) or (steps != steps[0]).any():
            return None
        return cls(int(starts[0]), int(steps[0]), len(starts))


@lru_cache(maxsize=256)
def _prices_in_a_row(tariff: Tariff, direction: str, row: _Row, cycle: Cycle | None) -> tuple[Integers, Integers]:
    """Return version and period at each of some instants in a row: int16 (t,) each; version -1 before the first."""
    versions, bands = _prices_of(tariff, direction, row.first + np.arange(row.length, dtype=np.int64) * row.step, cycle)
    versions.setflags(write=False)  # shared by everybody who asks the cache
    bands.setflags(write=False)
    return versions, bands


@lru_cache(maxsize=256)
def _prices_of_slots(tariff: Tariff, direction: str, grid: _Grid, cycle: Cycle | None) -> tuple[Integers, Integers]:
    """Return version and period of each slot: int16 [days, slots] each; version -1 before the first."""
    return _prices_of(tariff, direction, grid.starts(), cycle)


def _prices_of(tariff: Tariff, direction: str, starts: Integers, cycle: Cycle | None) -> tuple[Integers, Integers]:
    """Return version and period in force at each instant, int16 of the same shape each; version -1 before the first."""
    local = starts + tariff.tariff_clock.offsets(starts)
    day_numbers = local // DAY_SECONDS
    first, last = int(day_numbers.min()), int(day_numbers.max())
    dates = [EPOCH + timedelta(days=number) for number in range(first, last + 1)]
    bands = np.stack([_bands_on(tariff, direction, day, cycle) for day in dates])
    versions = np.array([_or_none_yet(tariff.version_on(day)) for day in dates], dtype=np.int16)
    day_numbers -= first
    return versions[day_numbers], bands[day_numbers, local % DAY_SECONDS // 60]


def _or_none_yet(version: int | None) -> int:
    return NOT_BILLED if version is None else version


def _bands_on(tariff: Tariff, direction: str, day: date, cycle: Cycle | None) -> Integers:
    """Return the position of the period of each minute of a local date: int16 (1440,); 0 where there are no periods."""
    number = tariff.version_on(day)
    if number is None or tariff.versions[number].periods_for(direction) is None:
        return _ONE_BAND
    class_ = day_class(
        day,
        kind=kind_of_day(tariff, day),
        seasons=tariff.versions[number].seasons,
        cycle=cycle,
        events=_event_minutes(tariff).get(day, frozenset()),
    )
    return _bands_of_class(tariff, direction, number, class_)


@lru_cache(maxsize=4096)
def _bands_of_class(tariff: Tariff, direction: str, version: int, class_: DayClass) -> Integers:
    return bands_of_day(tariff.versions[version].periods_for(direction) or {}, class_)


@lru_cache(maxsize=256)
def _event_minutes(tariff: Tariff) -> dict[date, frozenset[EventMinutes]]:
    return minutes_by_date(tariff.events)


def kind_of_day(tariff: Tariff, day: date) -> int:
    """Return 0 for Monday to 6 for Sunday as the tariff prices the date; ``HOLIDAY`` for a day with rules of its own."""
    if tariff.holidays is not None and day in _holidays(tariff, day.year):
        return tariff.holidays.kind
    return day.weekday()


@lru_cache(maxsize=1024)
def _holidays(tariff: Tariff, year: int) -> frozenset[date]:
    rule = tariff.holidays
    if rule is None:
        return frozenset()
    # a Sunday at the end of the year before may be kept on the first day of this one
    return frozenset(
        day for each in (year - 1, year) for day in kept_in(each, calendar=rule.calendar, names=rule.names, observe=rule.observe)
    )


@lru_cache(maxsize=2048)
def version_spans(
    tariff: Tariff, *, starts_at: datetime, ends_at: datetime, billing_clock: str | None = None
) -> tuple[VersionSpan, ...]:
    """Return how a billing period falls to the tariff's versions, by local days.

    A day counts when its local midnight lies in the period: where a customer moves in at noon, the day is charged to
    whoever had its start. It belongs to the version in force on its date.

    Args:
        tariff: the tariff.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        billing_clock: clock of the days; None for the tariff's own. Where the two differ, the customer's month has the
            customer's days.

    Returns:
        one span for each version in force, in order; never empty.

    Raises:
        TariffError: ``tariff.no_version``.
    """
    clock = Clock(billing_clock or tariff.clock)
    day, begin, end = clock.day_of(starts_at), starts_at.timestamp(), ends_at.timestamp()
    days: list[date] = []
    while (midnight := clock.midnight(day)) < end:
        if midnight >= begin:
            days.append(day)
        day += timedelta(days=1)
    by_version: dict[int, list[date]] = {}
    for each in days:
        by_version.setdefault(_version_on(tariff, each), []).append(each)
    for combo in combos_of(tariff, direction="import", starts_at=starts_at, ends_at=ends_at):
        # some hours without a day: a period of hours, or one whose clock is not the tariff's
        by_version.setdefault(combo.version_index, [])
    by_version = dict(sorted(by_version.items()))
    cycle = cycle_of(tariff, starts_at, ends_at, billing_clock)
    shares = [Fraction(len(part), len(days)) if days else Fraction(1, len(by_version)) for part in by_version.values()]
    weights = np.array([[int(share * len(days or by_version)) for share in shares]], dtype=object)
    parts = largest_remainder(weights, np.array([10**QUANTITY_PLACES], dtype=object))[0]
    return tuple(
        VersionSpan(
            version=number,
            days=len(part),
            period_days=len(days),
            share=share,
            share_parts=int(billionths),
            month_shares=sum((Fraction(1, _month_length(each)) for each in part), Fraction(0)),
            days_with=_days_with(tariff, number, part, cycle),
            dates=tuple(part),
        )
        for (number, part), share, billionths in zip(by_version.items(), shares, parts, strict=True)
    )


def _month_length(day: date) -> int:
    after = (day.replace(day=28) + timedelta(days=4)).replace(day=1)
    return (after - timedelta(days=1)).day


def _days_with(tariff: Tariff, number: int, days: list[date], cycle: Cycle | None) -> dict[str, int]:
    """Return the number of days on which each period of a version occurs."""
    counts = dict.fromkeys((band for band in tariff.versions[number].bands_for("import") if band is not None), 0)
    names = list(counts)
    for day in days:
        for band in np.unique(_bands_on(tariff, "import", day, cycle)).tolist() if names else ():
            counts[names[band]] += 1
    return counts
