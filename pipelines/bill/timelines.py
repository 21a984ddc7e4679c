"""Timelines: daily arrays of standard time become the intervals of a billing period in a row.

All channels of a determinant are added up slot by slot, so a meter exchanged inside the period goes on where the old one ended.
Where the channels of an agreement have intervals of several lengths, all are added up to the shortest length that each of them
divides. A slot belongs to the period, and to the channel's register, that hold its start. Exact: 64-bit integers throughout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipelines.exact_product import exact_product
from pipelines.ingest.slots import flat_values, in_one
from schemas.errors import InvariantError
from tariffs.calendar import combos_at
from tariffs.charges.export import DETERMINANT as EXPORT
from tariffs.clock import DAY_SECONDS
from tariffs.model import Tariff
from tariffs.rated import Determinant
from tariffs.scalars import MINUTES_OF_DAY
from tariffs.timeline import Stretch, Timeline

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_MINUTE = 60
_WITHOUT_READINGS = 30
"""Interval of agreements without a reading of anything that is rated, where nobody in the group has one [min]."""
_MOST_LAYOUTS = 62
_SHIFTS = 8192
"""More minutes than lie between the latest first slot of a day east of everybody and the earliest west of them."""


@dataclass(frozen=True)
class Fed:
    """Daily rows that feed one determinant of some agreements.

    Attributes:
        rows: r rows of ``READINGS_DAILY``.
        agreement: (r,) position of the agreement that each row is billed to.
        since: (r,) from when its channel feeds the determinant [s since 1970 UTC].
        until: (r,) until when, exclusive [s since 1970 UTC].
    """

    rows: pa.Table
    agreement: Int64
    since: Int64
    until: Int64


@dataclass(frozen=True)
class _Layout:
    """How the slots of a daily row lie on the day: their length [min], and the row's first start after 00:00 UTC [s]."""

    minutes: int
    shift: int

    def phase(self, minutes: int) -> int:
        """Return where slots of ``minutes`` begin on a grid from 1970 on [s]."""
        return self.shift % (minutes * _MINUTE)


@dataclass(frozen=True)
class _Grid:
    """Intervals in a row, from the first of the billing period that begins in it [s since 1970 UTC].

    Attributes:
        minutes: their length [min].
        first: start of the first.
        count: how many begin in the period.
    """

    minutes: int
    first: int
    count: int

    @classmethod
    def over(cls, minutes: int, phase: int, begin: int, end: int) -> _Grid:
        """Return the grid of a billing period."""
        step = minutes * _MINUTE
        first = begin + (phase - begin) % step
        return cls(minutes, first, max(0, -(-(end - first) // step)))

    @property
    def step(self) -> int:
        """Length of an interval [s]."""
        return self.minutes * _MINUTE

    @property
    def a_day(self) -> int:
        """Intervals a day."""
        return MINUTES_OF_DAY // self.minutes


@dataclass(frozen=True)
class Laid:
    """The intervals of some agreements, and those that cannot be laid in a row.

    Attributes:
        timeline: of all n agreements; those of ``uneven`` hold nothing.
        uneven: position of an agreement to what is in the way.
        added_up: positions of the agreements with channels of several lengths.
    """

    timeline: Timeline
    uneven: dict[int, str]
    added_up: Int64


def lay_out(feeds: Mapping[str, Fed], count: int, *, starts_at: datetime, ends_at: datetime) -> Laid:
    """Lay the readings of n agreements in a row.

    Args:
        feeds: daily rows by determinant.
        count: number of agreements n.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).

    Returns:
        every agreement in one stretch; one without a reading stands, with zeros, among those of the shortest intervals.

    Raises:
        InvariantError: ``arithmetic.bound``, a value does not fit 64 bits.
    """
    begin, end = int(starts_at.timestamp()), int(ends_at.timestamp())
    layouts, number_of = _layouts(feeds)
    has = np.zeros(count, dtype=np.int64)
    for name, fed in feeds.items():
        np.bitwise_or.at(has, fed.agreement, np.left_shift(np.int64(1), number_of[name]))
    uneven: dict[int, str] = {}
    members: dict[_Grid, list[Int64]] = {}
    added_up: list[int] = []
    for mask in np.unique(has[has != 0]).tolist():
        mine = np.flatnonzero(has == mask)
        own = [layout for number, layout in enumerate(layouts) if mask >> number & 1]
        minutes = math.lcm(*(layout.minutes for layout in own))
        problem = _misfit(own, minutes, begin, end)
        if problem is None:
            members.setdefault(_Grid.over(minutes, own[0].phase(minutes), begin, end), []).append(mine)
            added_up += mine.tolist() if any(layout.minutes < minutes for layout in own) else []
        else:
            uneven |= dict.fromkeys(mine.tolist(), problem)
            has[mine] = 0
    rest = np.flatnonzero(has == 0)
    if len(rest):
        nothing = _Grid.over(_WITHOUT_READINGS, begin % (_WITHOUT_READINGS * _MINUTE), begin, end)
        members.setdefault(min(members, key=_by_length, default=nothing), []).append(rest)
    skipped = np.array(sorted(uneven), dtype=np.int64)
    stretches = tuple(
        _stretch(grid, np.sort(np.concatenate(members[grid])), feeds, count, skipped, begin, end)
        for grid in sorted(members, key=_by_length)
    )
    return Laid(Timeline(stretches), uneven, np.array(sorted(added_up), dtype=np.int64))


def _by_length(grid: _Grid) -> tuple[int, int]:
    return grid.minutes, grid.first


def _layouts(feeds: Mapping[str, Fed]) -> tuple[list[_Layout], dict[str, Int64]]:
    """Return every layout there is, and the number of that of each row.

    Raises:
        InvariantError: ``timeline.layouts``, more of them than a group of one tariff and month can have.
    """
    codes = {name: _layout_codes(fed.rows) for name, fed in feeds.items()}
    distinct = np.array(sorted({code for each in codes.values() for code in _distinct(each)}), dtype=np.int64)
    if len(distinct) > _MOST_LAYOUTS:
        code = "timeline.layouts"
        raise InvariantError(code, f"{len(distinct)} layouts of daily arrays in one group of agreements")
    return [_layout(code) for code in distinct.tolist()], {name: np.searchsorted(distinct, each) for name, each in codes.items()}


def _layout_codes(rows: pa.Table) -> Int64:
    """Return a number for the layout of each row, (r,): see ``_layout``."""
    minutes, slot, standard = (
        rows[name].to_numpy().astype(np.int64) for name in ("interval_minutes", "slot_offset_minutes", "standard_offset_minutes")
    )
    return minutes * _SHIFTS + (slot - standard) + _SHIFTS // 2


def _layout(code: int) -> _Layout:
    minutes, shift = divmod(code, _SHIFTS)
    return _Layout(minutes, (shift - _SHIFTS // 2) * _MINUTE)


def _distinct(codes: Int64) -> list[int]:
    """Return the codes that there are; nearly always it is one."""
    if len(codes) and (codes == codes[0]).all():
        return [int(codes[0])]
    found: list[int] = np.unique(codes).tolist()
    return found


def _misfit(layouts: Sequence[_Layout], minutes: int, begin: int, end: int) -> str | None:
    """Return why the channels of an agreement do not go into intervals of one length; None where they do."""
    lengths = sorted({layout.minutes for layout in layouts})
    named = " and ".join(str(length) for length in lengths)
    if len({layout.phase(minutes) for layout in layouts}) > 1:
        return f"its channels of {named} minutes do not begin at the same minutes"
    phase, step = layouts[0].phase(minutes), minutes * _MINUTE
    if len(lengths) > 1 and ((begin - phase) % step or (end - phase) % step):
        return f"its channels of {named} minutes add up to {minutes} minutes, and the period begins or ends inside one of these"
    return None


def _stretch(grid: _Grid, rows: Int64, feeds: Mapping[str, Fed], count: int, skipped: Int64, begin: int, end: int) -> Stretch:
    place = np.full(count, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    place[skipped] = -1
    values: dict[str, Int64] = {}
    exponents: dict[str, int] = {}
    for name, fed in feeds.items():
        mine = np.flatnonzero(place[fed.agreement] >= 0)
        if len(mine):
            values[name], exponents[name] = _poured(grid, _of(fed, mine), place, len(rows), begin, end)
    starts = grid.first + np.arange(grid.count, dtype=np.int64) * grid.step
    return Stretch(rows, grid.minutes, starts, values, exponents)


def _of(fed: Fed, picked: Int64) -> Fed:
    if len(picked) == fed.rows.num_rows:
        return fed
    return Fed(fed.rows.take(pa.array(picked)), fed.agreement[picked], fed.since[picked], fed.until[picked])


def _poured(grid: _Grid, fed: Fed, place: Int64, members: int, begin: int, end: int) -> tuple[Int64, int]:
    """Return what each member used in each interval, int64 [members, intervals], and its exponent."""
    codes = _layout_codes(fed.rows)
    exponent = fed.rows["exponent"].to_numpy().astype(np.int64)
    finest = int(exponent.min())
    plain = _plain(grid, fed, codes, place, members, begin, end) if (exponent == finest).all() else None
    if plain is not None:
        return plain, finest
    total: Int64 | None = None
    for code in _distinct(codes):
        layout = _layout(code)
        minutes = layout.minutes
        picked = np.flatnonzero(codes == code)
        part = _of(fed, picked)
        day = part.rows["day"].combine_chunks().cast(pa.int32()).to_numpy().astype(np.int64)
        first = day * DAY_SECONDS + layout.shift
        slots = flat_values(part.rows).reshape(len(picked), MINUTES_OF_DAY // minutes)
        slots = exact_product(slots, 10 ** (exponent[picked] - finest)[:, np.newaxis])
        slots = _within(slots, first, minutes, np.maximum(part.since, begin), np.minimum(part.until, end))
        if minutes != grid.minutes:
            slots = slots.reshape(len(picked), grid.a_day, grid.minutes // minutes).sum(axis=2)
        poured = _scattered(grid, slots, first, place[part.agreement], members)
        total = poured if total is None else total + poured
    return (np.zeros((members, grid.count), dtype=np.int64) if total is None else total), finest


def _plain(grid: _Grid, fed: Fed, codes: Int64, place: Int64, members: int, begin: int, end: int) -> Int64 | None:
    """Return the intervals of rows that are in a row already, as nearly all are; None where they are not.

    In a row they are when every member has one row for each of the same days, members and days in order, slots as long as the
    grid's, and none of it is cut short but by the billing period itself. They are then copied once, as wide as they are stored.
    """
    layout = _layout(int(codes[0]))
    if layout.minutes != grid.minutes or len(codes) % members or (codes != codes[0]).any():
        return None
    if (fed.since > begin).any() or (fed.until < end).any() or fed.rows["values64"].null_count < len(codes):
        return None
    days = len(codes) // members
    day = fed.rows["day"].combine_chunks().cast(pa.int32()).to_numpy().astype(np.int64)
    expected = np.arange(len(codes), dtype=np.int64)
    if (day != day[0] + expected % days).any() or (place[fed.agreement] != expected // days).any():
        return None
    slots = in_one(fed.rows["values"]).flatten().to_numpy().reshape(members, days * grid.a_day)
    at = (int(day[0]) * DAY_SECONDS + layout.shift - grid.first) // grid.step
    left, right = max(0, at), max(0, min(grid.count, at + slots.shape[1]))
    laid = np.zeros((members, grid.count), dtype=np.int64)
    laid[:, left:right] = slots[:, left - at : max(left, right) - at]
    return laid


def _within(slots: Int64, first: Int64, minutes: int, since: Int64, until: Int64) -> Int64:
    """Return the rows with zero in the slots that begin outside the time that counts."""
    cut = np.flatnonzero((since > first) | (until < first + DAY_SECONDS))
    if not len(cut):
        return slots
    starts = first[cut, np.newaxis] + np.arange(slots.shape[1], dtype=np.int64) * (minutes * _MINUTE)
    counts = (starts >= since[cut, np.newaxis]) & (starts < until[cut, np.newaxis])
    within = slots.copy()
    within[cut] = np.where(counts, slots[cut], 0)
    return within


def _scattered(grid: _Grid, slots: Int64, first: Int64, member: Int64, members: int) -> Int64:
    """Return the rows on the grid, those of one member added up: int64 [members, intervals]."""
    position = (first - grid.first) // grid.step
    found: Int64 | None = None
    for offset in np.unique(position % grid.a_day).tolist():
        here = np.flatnonzero(position % grid.a_day == offset)
        day = (position[here] - offset) // grid.a_day
        base, days = int(day.min()), int(day.max() - day.min()) + 1
        block = np.zeros((members, days, grid.a_day), dtype=np.int64)
        _add(block, member[here], day - base, slots if len(here) == len(slots) else slots[here])
        laid = block.reshape(members, days * grid.a_day)
        begin = base * grid.a_day + offset
        left, right = max(0, begin), max(0, min(grid.count, begin + laid.shape[1]))
        part = laid[:, left - begin : max(left, right) - begin]
        if found is None and (left, right) == (0, grid.count):
            found = part
            continue
        found = np.zeros((members, grid.count), dtype=np.int64) if found is None else found.copy()
        found[:, left : max(left, right)] += part
    return found if found is not None else np.zeros((members, grid.count), dtype=np.int64)


def _add(block: Int64, member: Int64, day: Int64, slots: Int64) -> None:
    """Add rows to their member and day; several of one member and day (two channels, an exchange) one after the other."""
    cell = member * block.shape[1] + day
    order = np.argsort(cell, kind="stable")
    ordered = cell[order]
    begins = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1]))
    rank = np.empty(len(cell), dtype=np.int64)
    rank[order] = np.arange(len(cell)) - np.repeat(begins, np.diff(np.append(begins, len(cell))))
    if not rank.any():
        block[member, day] = slots
        return
    for number in range(int(rank.max()) + 1):
        picked = np.flatnonzero(rank == number)
        block[member[picked], day[picked]] += slots[picked]


def only(timeline: Timeline, picked: Sequence[int]) -> Timeline:
    """Return the intervals of some agreements, numbered anew in the order given."""
    numbers = np.array(picked, dtype=np.int64)
    stretches = []
    for stretch in timeline.stretches:
        at = np.searchsorted(stretch.rows, numbers)
        at = np.minimum(at, len(stretch.rows) - 1)
        mine = np.flatnonzero(stretch.rows[at] == numbers)
        if len(mine):
            values = {name: used[at[mine]] for name, used in stretch.values.items()}
            stretches.append(replace(stretch, rows=mine, values=values))
    return Timeline(tuple(stretches))


def require_same_energy(timeline: Timeline, quantities: Mapping[str, Determinant]) -> None:
    """Raise if the intervals of an agreement do not make the sums that were taken of the same readings.

    Raises:
        InvariantError: ``timeline.sum``.
    """
    for stretch in timeline.stretches:
        for name, used in stretch.values.items():
            if name not in quantities:
                continue
            made = quantities[name]
            finest = min(made.exponent, stretch.exponents[name])
            laid = exact_product(used.sum(axis=1), 10 ** (stretch.exponents[name] - finest))
            summed = exact_product(made.values[stretch.rows].sum(axis=1), 10 ** (made.exponent - finest))
            if not np.array_equal(laid, summed):
                code = "timeline.sum"
                wrong = int(np.argmax(laid != summed))
                what = f"{name}: the intervals make {laid[wrong]}, the sums {summed[wrong]} (times 10^{finest})"
                raise InvariantError(code, what, "this is a bug: report it")


def in_other_bands(
    laid: Laid,
    quantities: Mapping[str, Determinant],
    tariff: Tariff,
    *,
    starts_at: datetime,
    ends_at: datetime,
    billing_clock: str,
) -> list[int]:
    """Return the agreements whose intervals fall into other periods of the tariff than their readings did.

    That can only be where intervals were added up to longer ones, and a price changes inside one of these.

    Args:
        laid: the intervals.
        quantities: the sums of the readings by version and period.
        tariff: the tariff.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        billing_clock: clock of the billing period's days.
    """
    found: set[int] = set()
    for stretch in laid.timeline.stretches if len(laid.added_up) else ():
        mine = np.flatnonzero(np.isin(stretch.rows, laid.added_up))
        for name in set(stretch.values) & set(quantities) if len(mine) and len(stretch.starts) else ():
            made = quantities[name]
            direction = "export" if name == EXPORT else "import"
            index, combos = combos_at(
                tariff,
                direction=direction,
                starts=stretch.starts,
                starts_at=starts_at,
                ends_at=ends_at,
                billing_clock=billing_clock,
            )
            finest = min(made.exponent, stretch.exponents[name])
            for place, combo in enumerate(combos):
                added = stretch.values[name][mine][:, index == place].sum(axis=1)
                summed = made.values[stretch.rows[mine], made.combos.index(combo)]
                scaled = exact_product(added, 10 ** (stretch.exponents[name] - finest))
                differs = scaled != exact_product(summed, 10 ** (made.exponent - finest))
                found |= set(stretch.rows[mine][differs].tolist())
    return sorted(found)
