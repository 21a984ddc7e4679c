"""The walk: every minute of a horizon in true time, by the tariff's clock, so that both clock changes are in it.

Each calendar month is walked as one billing period. A day of 23 hours has 1,380 minutes here and one of 25 has 1,500: a minute is
sixty seconds that pass, never a place on a dial.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import NamedTuple

import numpy as np

from tariffs.calendar import NOT_BILLED, combos_at
from tariffs.clock import DAY_SECONDS, EPOCH, Integers
from tariffs.model import Tariff
from tariffs.prover.horizon import Horizon
from tariffs.prover.reading import NO_VERSION, UNTAKEN, DayKey, Reading, Run, cycle_of

MINUTE_SECONDS = 60
HOURS = 24
NEVER = np.iinfo(np.int64).max
"""Stands for the first minute of a place that takes none."""


class Stretch(NamedTuple):
    """Days of one year, month and kind: what minutes are counted by."""

    year: int
    month: int
    kind: int


class HoleKey(NamedTuple):
    """Holes that are one finding: the same minutes of the day in one version, in one case of seasons by billing cycle."""

    version: int
    run: Run
    cycle: frozenset[str] | None


@dataclass
class Hole:
    """Minutes that no period takes.

    Attributes:
        first: the first of them [s since 1970 UTC].
        minutes: how many the horizon has; 0 where they lie after it.
        kinds: the kinds of day that have them.
        months: the months that have them.
    """

    first: int
    minutes: int = 0
    kinds: set[int] = field(default_factory=set)
    months: set[int] = field(default_factory=set)


class Difference(NamedTuple):
    """A minute that the calendar that bills puts elsewhere.

    Attributes:
        minute: the first such minute [s since 1970 UTC].
        read: the period that the prover reads.
        billed: the period that bills it; None where it is in no billing period.
        minutes: how many there are.
    """

    minute: int
    read: tuple[int, str | None]
    billed: tuple[int, str | None] | None
    minutes: int


@dataclass
class Direction:
    """What the walk found in one direction.

    Attributes:
        reading: how its periods are read.
        minutes: minutes of each place by year, month, kind of day and hour: int64 [24, places].
        firsts: int64 [places], first minute of each place [s since 1970 UTC], ``NEVER`` where there is none.
        holes: minutes without a period.
        difference: the first minute that the calendar that bills puts elsewhere; None where they agree.
    """

    reading: Reading
    firsts: Integers
    minutes: dict[Stretch, Integers] = field(default_factory=dict)
    holes: dict[HoleKey, Hole] = field(default_factory=dict)
    difference: Difference | None = None

    @cached_property
    def band_codes(self) -> Integers:
        """Number of the (version, period) of each place: int64 [places]."""
        codes = {band: code for code, band in enumerate(self.bands)}
        return np.array([codes[place.version, place.period] for place in self.reading.places], dtype=np.int64)

    @cached_property
    def bands(self) -> list[tuple[int, str | None]]:
        """Every period of every version, in document order."""
        return list(dict.fromkeys((place.version, place.period) for place in self.reading.places))

    def total(self) -> Integers:
        """Return the minutes of each place in the whole horizon: int64 [places]."""
        whole = np.zeros(len(self.reading.places), dtype=np.int64)
        for part in self.minutes.values():
            whole += part.sum(axis=0)
        return whole

    def first_of(self, version: int, period: str | None) -> int | None:
        """Return the first minute of a period [s since 1970 UTC]; None where it has none."""
        firsts = [int(self.firsts[at]) for at, place in enumerate(self.reading.places) if place[:2] == (version, period)]
        first = min(firsts, default=NEVER)
        return None if first == NEVER else first


class Pair(NamedTuple):
    """Periods of import and export that hold at the same minute, in a month."""

    version: int
    bought: str | None
    sold: str | None
    month: int


class Change(NamedTuple):
    """A change of the clock: instant [s since 1970 UTC] and offsets before and after it [s]."""

    instant: int
    before: int
    after: int


@dataclass
class Walk:
    """All that was seen.

    Attributes:
        bought: import.
        sold: export; the same as import where it has no periods of its own.
        minutes: minutes examined.
        days: local dates examined.
        changes: changes of the clock.
        before_first: the first minute without a version and how many there are; None where there is none.
        returns: the first minute at which an older version is in force again; None for never.
        pairs: first minute of each pair of periods [s since 1970 UTC].
    """

    bought: Direction
    sold: Direction
    minutes: int = 0
    days: int = 0
    changes: list[Change] = field(default_factory=list)
    before_first: tuple[int, int] | None = None
    returns: int | None = None
    pairs: dict[Pair, int] = field(default_factory=dict)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """The directions with periods of their own."""
        return (self.bought,) if self.sold is self.bought else (self.bought, self.sold)


class _Month(NamedTuple):
    """A part of a calendar month: its minutes by the tariff's clock.

    Attributes:
        starts_at: its first instant.
        ends_at: its end.
        instants: int64 (t,), start of each minute [s since 1970 UTC].
        dates: the local dates it touches.
        rows: int64 (t,), position of each minute's date.
        minutes: int64 (t,), minutes after midnight that the clock shows.
    """

    starts_at: int
    ends_at: int
    instants: Integers
    dates: list[date]
    rows: Integers
    minutes: Integers


def walk(tariff: Tariff, horizon: Horizon) -> Walk:
    """Examine every minute of a horizon.

    Args:
        tariff: a tariff whose references lead somewhere; its periods may have holes.
        horizon: the dates.
    """
    bought = _direction(tariff, "import")
    own = any(version.export is not None and version.export.periods is not None for version in tariff.versions)
    seen = Walk(bought, _direction(tariff, "export") if own else bought)
    newest = NO_VERSION
    for first, after in _spans(tariff, horizon):
        month = _month(tariff, first, after, seen)
        if not month.instants.size:
            continue
        taken = [_examine(direction, month) for direction in seen.directions]
        newest = _versions(seen, month, newest)
        _pairs(seen, month, taken[0], taken[-1])
    return seen


def _direction(tariff: Tariff, name: str) -> Direction:
    reading = Reading(tariff, name)
    return Direction(reading, np.full(len(reading.places), NEVER, dtype=np.int64))


def _spans(tariff: Tariff, horizon: Horizon) -> Iterator[tuple[date, date]]:
    """Yield the calendar months of a horizon; one in which the tariff begins is cut there."""
    day, begins = horizon.first, tariff.versions[0].from_
    while day < horizon.after:
        after = min((day.replace(day=28) + timedelta(days=4)).replace(day=1), horizon.after)
        if day < begins < after:
            after = begins
        yield day, after
        day = after


def _month(tariff: Tariff, first: date, after: date, seen: Walk) -> _Month:
    clock = tariff.tariff_clock
    starts_at, ends_at = clock.midnight(first), clock.midnight(after)
    instants = np.arange(starts_at, ends_at, MINUTE_SECONDS, dtype=np.int64)
    if not instants.size:
        return _Month(starts_at, ends_at, instants, [], instants, instants)
    # one more shows a change of the clock that falls on the end
    offsets = clock.offsets(np.append(instants, ends_at))
    for place in np.flatnonzero(np.diff(offsets)).tolist():
        instant = int(instants[place]) + MINUTE_SECONDS
        seen.changes.append(Change(instant, int(offsets[place]), int(offsets[place + 1])))
    local = instants + offsets[:-1]
    numbers = local // DAY_SECONDS
    low = int(numbers.min())
    dates = [EPOCH + timedelta(days=number) for number in range(low, int(numbers.max()) + 1)]
    seen.minutes += len(instants)
    seen.days += (after - first).days
    return _Month(starts_at, ends_at, instants, dates, numbers - low, local % DAY_SECONDS // MINUTE_SECONDS)


def _examine(direction: Direction, month: _Month) -> Integers:
    """Count the minutes of one month and return the place of each: int32 (t,)."""
    keys = _keys(direction.reading, month.dates)
    taken: Integers = np.stack([direction.reading.pattern(key) for key in keys])[month.rows, month.minutes]
    _count(direction, month, keys, taken)
    _holes(direction, month, keys, taken)
    if keys[0] is not None:
        _compare(direction, month, taken)
    return taken


def _keys(reading: Reading, dates: list[date]) -> list[DayKey | None]:
    keys: list[DayKey | None] = []
    for day in dates:
        number = reading.version_on(day)
        version = reading.tariff.versions[max(number, 0)]
        keys.append(reading.key_of(day, cycle_of(version, dates[0], dates[-1])))
    return keys


def _count(direction: Direction, month: _Month, keys: list[DayKey | None], taken: Integers) -> None:
    places = len(direction.reading.places)
    stretches = [
        Stretch(day.year, day.month, key.kind if key is not None else day.weekday())
        for day, key in zip(month.dates, keys, strict=True)
    ]
    kinds = list(dict.fromkeys(stretches))
    of_row = np.array([kinds.index(stretch) for stretch in stretches], dtype=np.int64)
    priced = taken >= 0
    rows, minutes, priced_taken = month.rows[priced], month.minutes[priced], taken[priced]
    cells = (of_row[rows] * HOURS + minutes // 60) * places + priced_taken
    counts = np.bincount(cells, minlength=len(kinds) * HOURS * places).reshape(len(kinds), HOURS, places)
    for stretch, part in zip(kinds, counts, strict=True):
        before = direction.minutes.get(stretch)
        direction.minutes[stretch] = part if before is None else before + part
    present = counts.sum(axis=(0, 1)) > 0
    for place in np.flatnonzero(present & (direction.firsts == NEVER)).tolist():
        direction.firsts[place] = month.instants[int(np.argmax(taken == place))]


def _holes(direction: Direction, month: _Month, keys: list[DayKey | None], taken: Integers) -> None:
    if not (taken == UNTAKEN).any():
        return
    for row, key in enumerate(keys):
        for run in direction.reading.untaken(key) if key is not None else ():
            inside = (month.rows == row) & (month.minutes >= run.first) & (month.minutes < run.end)
            if key is None or not inside.any():
                continue
            first = int(month.instants[int(np.argmax(inside))])
            hole = direction.holes.setdefault(HoleKey(key.version, run, None), Hole(first))
            hole.minutes += int(inside.sum())
            hole.kinds.add(key.kind)
            hole.months.add(key.month)


def _compare(direction: Direction, month: _Month, taken: Integers) -> None:
    """Compare what was read with the calendar that bills, the month being one billing period."""
    reading = direction.reading
    index, combos = combos_at(
        reading.tariff,
        direction=reading.direction,
        starts=month.instants,
        starts_at=datetime.fromtimestamp(month.starts_at, UTC),
        ends_at=datetime.fromtimestamp(month.ends_at, UTC),
    )
    codes = {band: code for code, band in enumerate(direction.bands)}
    billed = np.array([*(codes[combo.version_index, combo.band] for combo in combos), NOT_BILLED], dtype=np.int64)[index]
    read = direction.band_codes[np.maximum(taken, 0)]
    (differ,) = np.nonzero((billed != read) & (taken >= 0))
    if not differ.size:
        return
    at = int(differ[0])
    theirs = direction.bands[int(billed[at])] if billed[at] >= 0 else None
    before = direction.difference
    direction.difference = (
        Difference(int(month.instants[at]), direction.bands[int(read[at])], theirs, differ.size)
        if before is None
        else before._replace(minutes=before.minutes + differ.size)
    )


def _versions(seen: Walk, month: _Month, newest: int) -> int:
    """Look for minutes without a version and for versions that come back; return the newest version so far."""
    reading = seen.bought.reading
    versions = np.array([reading.version_on(day) for day in month.dates], dtype=np.int64)[month.rows]
    (none,) = np.nonzero(versions == NO_VERSION)
    if none.size:
        first, count = seen.before_first or (int(month.instants[int(none[0])]), 0)
        seen.before_first = (first, count + none.size)
    highest = np.maximum.accumulate(np.append(newest, versions))
    (older,) = np.nonzero(versions < highest[1:])
    if older.size and seen.returns is None:
        seen.returns = int(month.instants[int(older[0])])
    return int(highest[-1])


def _pairs(seen: Walk, month: _Month, bought: Integers, sold: Integers) -> None:
    """Keep the first minute of each pair of periods of import and export, by month."""
    both = (bought >= 0) & (sold >= 0)
    codes = seen.bought.band_codes[np.maximum(bought, 0)] * len(seen.sold.bands) + seen.sold.band_codes[np.maximum(sold, 0)]
    present = np.bincount(codes[both], minlength=len(seen.bought.bands) * len(seen.sold.bands))
    for code in np.flatnonzero(present).tolist():
        version, name = seen.bought.bands[code // len(seen.sold.bands)]
        other = seen.sold.bands[code % len(seen.sold.bands)][1]
        pair = Pair(version, name, other, month.dates[-1].month)
        if pair not in seen.pairs:
            seen.pairs[pair] = int(month.instants[int(np.argmax(both & (codes == code)))])
