"""Expectation: which slots of a channel there should be, and what was found where none should be.

A slot is expected while the meter is installed, and, month by month, from the first slot delivered to the last one; all of
a month that is due to be billed, from local midnight to local midnight. Nothing estimates the future, nor a past in which
nobody delivered and nobody bills.

What is expected in a month depends on what was delivered in it and on the days next to it, never on which months happen to
be validated together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from pipelines.ingest.slots import flat_quality, slot_counts, starts_minutes
from pipelines.vee.assemble import Assembled
from pipelines.vee.block import MINUTES_PER_DAY, Block, Flags, Ints
from pipelines.vee.facts import FAR, ChannelFacts
from pipelines.vee.findings import gathered, report
from schemas.codes import NOT_A_VALUE, Method, Quality, Severity
from schemas.periods import start_of_day

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Window(NamedTuple):
    """A time of each channel, nothing where it begins at or after its end.

    Attributes:
        since: first minute [min since 1970 UTC], int64 [facts].
        until: end, exclusive, likewise.
    """

    since: Ints
    until: Ints

    @property
    def some(self) -> Flags:
        """Which channels have any time in it."""
        return self.since < self.until

    def hull(self, other: Window, where: Flags) -> Window:
        """Return the shortest time around this one and, for the channels in ``where``, another."""
        since = np.where(self.some, self.since, FAR)
        until = np.where(self.some, self.until, -FAR)
        also = where & other.some
        return Window(
            np.where(also, np.minimum(since, other.since), since), np.where(also, np.maximum(until, other.until), until)
        )

    def within(self, first_day: date, end_day: date, facts: ChannelFacts) -> Window:
        """Return the part that lies in the standard-time days ``[first_day, end_day)``."""
        opens, closes = (midnights(day, facts) for day in (first_day, end_day))
        return Window(np.maximum(self.since, opens), np.minimum(self.until, closes))


def midnights(day: date, facts: ChannelFacts) -> Ints:
    """Return when a standard-time day begins for each channel [min since 1970 UTC], int64 [facts]."""
    return (day - _EPOCH.date()).days * MINUTES_PER_DAY - facts.standard_offset_minutes


@dataclass(frozen=True)
class DeliveredSlots:
    """From when until when each row of deliveries reaches.

    Attributes:
        channel: channel of each row, int64 [rows].
        start: start of its first slot [min since 1970 UTC], likewise.
        end: end of its last slot.
    """

    channel: Ints
    start: Ints
    end: Ints

    @classmethod
    def of(cls, rows: pa.Table, facts: ChannelFacts) -> DeliveredSlots:
        """Return the extent of every row."""
        start = starts_minutes(rows)
        return cls(facts.index_of(rows), start, start + slot_counts(rows) * rows["interval_minutes"].to_numpy().astype(np.int64))

    @classmethod
    def with_a_value(cls, rows: pa.Table, facts: ChannelFacts) -> DeliveredSlots:
        """Return the extent of every row from its first slot with a value to its last one; rows without any left out."""
        minutes, start = rows["interval_minutes"].to_numpy().astype(np.int64), starts_minutes(rows)
        first, last = _slots_but(rows, slot_counts(rows), NOT_A_VALUE)
        some = np.flatnonzero(first < last)
        channel = facts.index_of(rows)
        return cls(channel[some], (start + first * minutes)[some], (start + last * minutes)[some])

    def extent(self, opens: Ints, closes: Ints) -> Window:
        """Return from the first slot to the last one of each channel, of rows that touch ``[opens, closes)``."""
        since, until = np.full(len(opens), FAR, dtype=np.int64), np.full(len(opens), -FAR, dtype=np.int64)
        touches = (self.end > opens[self.channel]) & (self.start < closes[self.channel])
        np.minimum.at(since, self.channel[touches], self.start[touches])
        np.maximum.at(until, self.channel[touches], self.end[touches])
        return Window(since, until)

    def inside(self, first_day: date, end_day: date, facts: ChannelFacts) -> Flags:
        """Return which channels have a slot in the standard-time days ``[first_day, end_day)``."""
        return self.extent(midnights(first_day, facts), midnights(end_day, facts)).some


def local_days(first_day: date, end_day: date, facts: ChannelFacts, agreements: pa.Table) -> Window:
    """Return the local days ``[first_day, end_day)`` of each channel.

    Args:
        first_day: the first one.
        end_day: the day after the last one.
        facts: the channels; their zone is the clock of their days.
        agreements: rows of ``AGREEMENTS``; where one is billed by another clock, the days of both are meant.
    """
    opens, closes = (np.array([_minute_of(day, zone) for zone in facts.zones], dtype=np.int64) for day in (first_day, end_day))
    since, until = opens[facts.zone_code], closes[facts.zone_code]
    clocks: dict[str, set[str]] = {}
    for point, clock in zip(agreements["service_point_id"].to_pylist(), agreements["billing_clock"].to_pylist(), strict=True):
        if clock not in facts.zones:
            clocks.setdefault(point, set()).add(clock)
    for number, point in enumerate(facts.keys["service_point_id"].to_pylist() if clocks else ()):
        for clock in clocks.get(point, ()):
            since[number] = min(since[number], _minute_of(first_day, clock))
            until[number] = max(until[number], _minute_of(end_day, clock))
    return Window(since, until)


def _minute_of(day: date, clock: str) -> int:
    return int((start_of_day(day, clock) - _EPOCH).total_seconds()) // 60


def delivered_in_several_ways(facts: ChannelFacts) -> list[list[int]]:
    """Return the groups of ``facts`` that are one channel: at several interval lengths, with and without a meter's name."""
    names = list(zip(*(facts.keys[name].to_pylist() for name in ("service_point_id", "meter_id", "channel")), strict=True))
    nameless = {(point, channel) for point, meter, channel in names if not meter}
    if not nameless and len(set(names)) == len(names):
        return []
    groups: dict[tuple[str, ...], list[int]] = {}
    for number, (point, meter, channel) in enumerate(names):
        key = (point, channel) if (point, channel) in nameless else (point, meter, channel)
        groups.setdefault(key, []).append(number)
    return [group for group in groups.values() if len(group) > 1]


def one_after_another(window: Window, near: Window, closes: Ints, groups: Sequence[Sequence[int]]) -> Window:
    """Return a month's window in which ways to deliver one channel take turns: a slot is expected in one way only.

    What lies between the last slot of one way and the first slot of the next is expected in the earlier way.

    Args:
        window: what would be expected of each way if it were alone.
        near: from the first to the last slot with a value delivered in and around the month.
        closes: end of the month, int64 [facts].
        groups: see ``delivered_in_several_ways``.
    """
    since, until = window.since.copy(), window.until.copy()
    for group in groups:
        ways = sorted((way for way in group if near.some[way]), key=lambda way: (near.since[way], near.until[way]))
        ends = {way: int(near.until[way]) for way in ways}
        for place, following in enumerate(ways[1:], 1):
            before = max(ways[:place], key=lambda way: int(near.until[way]))
            ends[before] = max(ends[before], int(near.since[following]))
        for way in ways[1:]:
            since[way] = max(since[way], near.since[way])
        last = max(ways, key=lambda way: int(near.until[way]), default=None)
        for way in ways:
            if way != last:
                until[way] = min(max(until[way], closes[way]), ends[way])
    return Window(since, until)


def stored_extent(before: pa.Table, facts: ChannelFacts) -> Window:
    """Return from when until when slots of each channel were expected in rows of ``READINGS_DAILY``, to the slot."""
    since, until = np.full(len(facts), FAR, dtype=np.int64), np.full(len(facts), -FAR, dtype=np.int64)
    index = facts.index_of(before)
    before, index = before.filter(pa.array(index >= 0)), index[index >= 0]
    if not len(index):
        return Window(since, until)
    minutes, offset, slot_offset = (
        before[name].to_numpy().astype(np.int64)
        for name in ("interval_minutes", "standard_offset_minutes", "slot_offset_minutes")
    )
    first, last = _slots_but(before, MINUTES_PER_DAY // minutes, (Quality.NOT_EXPECTED,))
    day = before["day"].cast(pa.int32()).to_numpy().astype(np.int64) * MINUTES_PER_DAY - offset + slot_offset
    np.minimum.at(since, index, day + first * minutes)
    np.maximum.at(until, index, day + last * minutes)
    return Window(since, until)


def _slots_but(rows: pa.Table, counts: Ints, absent: tuple[Quality, ...]) -> tuple[Ints, Ints]:
    """Return the place of the first slot of each row whose quality is not ``absent``, and the place after the last one.

    Args:
        rows: rows with ``quality`` lists; null where every slot is measured.
        counts: slots of each row; a row of which every slot is absent begins after its end.
        absent: qualities.
    """
    ends = np.cumsum(counts)
    position = np.arange(counts.sum()) - np.repeat(ends - counts, counts)
    present = ~np.isin(flat_quality(rows, counts), absent)
    first = np.minimum.reduceat(np.where(present, position, MINUTES_PER_DAY), ends - counts)
    return first, np.maximum.reduceat(np.where(present, position, -1), ends - counts) + 1


def joined(windows: Sequence[Window]) -> list[Window]:
    """Return windows in order of time with those that touch made one: a single one for most channels.

    >>> joined([Window(np.array([0]), np.array([5])), Window(np.array([5]), np.array([9]))])
    [Window(since=array([0]), until=array([9]))]
    """
    current, apart = windows[0], []
    for following in windows[1:]:
        hole = current.some & following.some & (following.since > current.until)
        if hole.any():
            apart.append(Window(np.where(hole, current.since, FAR), np.where(hole, current.until, -FAR)))
        grown = current.hull(following, ~hole)
        current = Window(np.where(hole, following.since, grown.since), np.where(hole, following.until, grown.until))
    return [*apart, current]


def slot_minutes(block: Block) -> Ints:
    """Return the start of every slot of a channel [min since 1970 UTC], int64 [d * s]."""
    first = int((block.start - _EPOCH).total_seconds()) // 60
    return first + np.arange(block.slots, dtype=np.int64) * block.interval_minutes


def expect(assembled: Assembled, facts: ChannelFacts, windows: Sequence[Window]) -> tuple[Block, pa.Table]:
    """Mark the slots nobody expects, and report energy found in them.

    Args:
        assembled: a block as delivered.
        facts: what is known of its channels.
        windows: when slots of each channel of ``facts`` are expected, while its meter is installed.

    Returns:
        the block with ``NOT_EXPECTED`` slots, and findings ``meter.not_installed`` (BLOCK).
    """
    block = assembled.block
    starts = slot_minutes(block)
    expected = np.zeros((len(block.channels), block.slots), dtype=bool)
    for begin, horizon in windows:
        for number, channel in enumerate(assembled.facts):
            for since, until in facts.installed[channel] or ((-FAR, FAR),):
                low, high = np.searchsorted(starts, [max(since, int(begin[channel])), min(until, int(horizon[channel]))])
                expected[number, low:high] = True
    flat = ~expected.reshape(block.values.shape)
    if not flat.any():
        return block, gathered([])
    stray = np.flatnonzero(flat.reshape(-1) & (block.values.reshape(-1) != 0))
    findings = _stray(block, stray)
    quality, values, method = block.quality.copy(), block.values.copy(), block.method.copy()
    quality[flat], values[flat], method[flat] = Quality.NOT_EXPECTED, 0, Method.NONE
    return replace(block, quality=quality, values=values, method=method), findings


def _stray(block: Block, stray: Ints) -> pa.Table:
    """Report energy outside the meter's installation, one finding a day."""
    if not len(stray):
        return gathered([])
    cell = stray // block.slots_per_day
    _, first = np.unique(cell, return_index=True)
    last = np.r_[first[1:], len(stray)] - 1
    energy = np.add.reduceat(block.values.reshape(-1)[stray], first)
    message = "energy while the meter is not installed at the service point"
    return report(
        block,
        slice(None),
        stray[first],
        stray[last] + 1,
        rule="meter.not_installed",
        severity=Severity.BLOCK,
        message=message,
        observed=energy,
    )
