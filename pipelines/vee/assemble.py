"""Assemble: delivered runs become blocks of whole standard-time days.

A row that covers exactly one day and shares no slot with another is copied as it is, thousands at a time. All others
(hourly pushes, corrections, copies) are taken apart into slots, and the newest version of each slot wins; a conflict
stays a conflict. The result depends on the set of rows alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.exact_product import exact_product
from pipelines.ingest.slots import (
    Outcome,
    Slots,
    expand,
    flat_quality,
    flat_values,
    outcomes,
    overlapping,
    slot_counts,
    starts_minutes,
)
from pipelines.vee.block import MINUTES_PER_DAY, Block, Flags, Ints
from pipelines.vee.facts import ChannelFacts
from pipelines.vee.profile.thresholds import VeeProfile
from schemas.codes import COUNTS_AS_ESTIMATED, Method, Quality
from schemas.errors import InvariantError

NO_ROW = -1
SEVERAL_ROWS = -2
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Assembled:
    """A block and where its days came from.

    Attributes:
        block: values, qualities and methods.
        units: unit of each channel; may hold nulls.
        additive: the slots of its channels add up.
        source: int64 [n, d], the row of ``rows`` that made the whole day; ``NO_ROW`` or ``SEVERAL_ROWS``.
        rows: the delivered rows.
        native: (channel * d + day) to the native quality codes of a day made of several rows.
        facts: index of each channel in the facts it was made with, int64 [n].
        profile: the thresholds that hold for all its channels.
    """

    block: Block
    units: pa.StringArray
    additive: bool
    source: Ints
    rows: pa.Table
    native: dict[int, list[str | None]]
    facts: Ints
    profile: VeeProfile


def assemble(rows: pa.Table, facts: ChannelFacts, first_day: date, days: int) -> Iterator[Assembled]:
    """Yield a block for every kind of channel met: interval length, exponent, clock, zone and thresholds.

    Args:
        rows: deliveries of the service points concerned.
        facts: what master data say of each channel of ``rows``, see ``pipelines.vee.facts``.
        first_day: first standard-time day of the blocks.
        days: days of the blocks.
    """
    if not rows.num_rows:
        return
    index = facts.index_of(rows)
    finest = np.full(len(facts), 127, dtype=np.int64)
    np.minimum.at(finest, index, rows["exponent"].to_numpy().astype(np.int64))
    minutes = rows["interval_minutes"].to_numpy().astype(np.int64)
    slot_offset = (starts_minutes(rows) + facts.standard_offset_minutes[index]) % minutes
    kinds, which = _kinds(facts, finest, index, minutes, slot_offset)
    for number, (interval_minutes, first_slot, standard_offset, exponent, zone_code, _, profile) in enumerate(kinds):
        if MINUTES_PER_DAY % interval_minutes:
            code = "interval.length"
            raise InvariantError(code, f"slots of {interval_minutes} minutes do not divide the day; a reader let them through")
        picked = np.flatnonzero(which == number)
        here = rows.take(pa.array(picked)) if len(kinds) > 1 else rows
        yield _block(
            here,
            facts,
            facts.profiles[profile],
            index[picked],
            Block(
                channels=facts.channels(np.zeros(0, dtype=np.int64), exponent, interval_minutes),
                first_day=first_day,
                zone=facts.zones[zone_code],
                standard_offset_minutes=standard_offset,
                interval_minutes=interval_minutes,
                exponent=exponent,
                values=np.zeros((0, days, MINUTES_PER_DAY // interval_minutes), dtype=np.int64),
                quality=np.zeros((0, days, MINUTES_PER_DAY // interval_minutes), dtype=np.int8),
                method=np.zeros((0, days, MINUTES_PER_DAY // interval_minutes), dtype=np.int8),
                slot_offset_minutes=first_slot,
            ),
        )


def _kinds(
    facts: ChannelFacts, finest: Ints, index: Ints, minutes: Ints, slot_offset: Ints
) -> tuple[list[tuple[int, ...]], Ints]:
    """Return every kind of row met, and which of them each row is, int64 [rows].

    All that makes a kind but the place of the slots on the day is that of the channel, of which there are few.
    """
    exponent = finest + facts.multiplier_exponent
    own = np.stack([facts.standard_offset_minutes, exponent, facts.zone_code, facts.additive, facts.profile_code], axis=1)
    own_kinds, own_which = np.unique(own, axis=0, return_inverse=True)
    code = (own_which.reshape(-1)[index] * MINUTES_PER_DAY + minutes) * MINUTES_PER_DAY + slot_offset
    codes, which = (
        (code[:1], np.zeros(len(code), dtype=np.int64)) if (code == code[0]).all() else np.unique(code, return_inverse=True)
    )
    kinds = []
    for one in codes.tolist():
        rest, place = divmod(one, MINUTES_PER_DAY)
        kind, length = divmod(rest, MINUTES_PER_DAY)
        kinds.append((length, place, *own_kinds[kind].tolist()))
    return kinds, which.reshape(-1)


def _block(rows: pa.Table, facts: ChannelFacts, profile: VeeProfile, index: Ints, shape: Block) -> Assembled:
    """Fill one block with ``rows``, all of its kind."""
    known, channel = np.unique(index, return_inverse=True)
    n, d, s = len(known), shape.days, shape.slots_per_day
    values = np.zeros((n, d, s), dtype=np.int64)
    quality = np.full((n, d, s), Quality.MISSING, dtype=np.int8)
    source = np.full((n, d), NO_ROW, dtype=np.int64)
    factor = facts.multiplier[index] * 10 ** (
        rows["exponent"].to_numpy().astype(np.int64) + facts.multiplier_exponent[index] - shape.exponent
    )
    origin = (shape.first_day - _EPOCH).days * MINUTES_PER_DAY + shape.slot_offset_minutes - shape.standard_offset_minutes
    position = (starts_minutes(rows) - origin) // shape.interval_minutes
    day, slot = np.divmod(position, s)
    counts = slot_counts(rows)
    shared = overlapping(rows, index)
    inside = (day >= 0) & (day < d)
    whole = (counts == s) & (slot == 0) & inside & ~shared
    _copy_whole_days(rows, whole, channel, day, factor, values, quality, source)
    native: dict[int, list[str | None]] = {}
    rest = np.flatnonzero(~whole & (position + counts > 0) & (position < d * s))
    if len(rest):
        target = _Target(values, quality, source, native, shape, origin)
        _place_slots(rows, rest, channel, factor, target)
    values[np.isin(quality, (Quality.MISSING, Quality.CONFLICT))] = 0
    method = np.where(np.isin(quality, COUNTS_AS_ESTIMATED), np.int8(Method.DELIVERED), np.int8(Method.NONE))
    block = Block(
        channels=facts.channels(known, shape.exponent, shape.interval_minutes),
        first_day=shape.first_day,
        zone=shape.zone,
        standard_offset_minutes=shape.standard_offset_minutes,
        interval_minutes=shape.interval_minutes,
        exponent=shape.exponent,
        values=values,
        quality=quality,
        method=method,
        slot_offset_minutes=shape.slot_offset_minutes,
    )
    first_row = np.zeros(n, dtype=np.int64)
    first_row[channel[::-1]] = np.arange(len(channel))[::-1]
    units = rows["unit"].combine_chunks().take(pa.array(first_row))
    return Assembled(block, units, bool(facts.additive[known].all()), source, rows, native, known, profile)


def _copy_whole_days(
    rows: pa.Table,
    whole: Flags,
    channel: Ints,
    day: Ints,
    factor: Ints,
    values: Ints,
    quality: npt.NDArray[np.int8],
    source: Ints,
) -> None:
    """Copy the rows that are exactly one day and share no slot with another."""
    picked = np.flatnonzero(whole)
    if not len(picked):
        return
    here = rows.take(pa.array(picked)) if len(picked) < rows.num_rows else rows
    _, d, s = values.shape
    cell = channel[picked] * d + day[picked]
    matrix = flat_values(here).reshape(-1, s)
    values.reshape(-1, s)[cell] = exact_product(matrix, factor[picked][:, None])
    quality.reshape(-1, s)[cell] = flat_quality(here, np.full(len(picked), s)).reshape(-1, s)
    source.reshape(-1)[cell] = picked


@dataclass(frozen=True)
class _Target:
    """The arrays that slots are placed into, and where the block begins."""

    values: Ints
    quality: npt.NDArray[np.int8]
    source: Ints
    native: dict[int, list[str | None]]
    shape: Block
    origin_minutes: int


def _place_slots(rows: pa.Table, picked: Ints, channel: Ints, factor: Ints, target: _Target) -> None:
    """Place the rows that are not whole days of their own, slot by slot, newest version first."""
    here = rows.take(pa.array(picked))
    slots = expand(here)
    found = outcomes(slots, np.arange(here.num_rows))
    position = (slots.at_minutes - target.origin_minutes) // target.shape.interval_minutes
    _, d, s = target.values.shape
    row = picked[slots.row]
    flat = channel[row] * (d * s) + position
    chosen = (found == Outcome.ACCEPTED) & (position >= 0) & (position < d * s)
    target.values.reshape(-1)[flat[chosen]] = exact_product(flat_values(here)[chosen], factor[row[chosen]])
    target.quality.reshape(-1)[flat[chosen]] = slots.quality[chosen]
    conflict = (found == Outcome.CONFLICT) & (position >= 0) & (position < d * s)
    target.quality.reshape(-1)[flat[conflict]] = Quality.CONFLICT
    _note_sources(rows, row[chosen], flat[chosen], slots, np.flatnonzero(chosen), target)


def _note_sources(rows: pa.Table, row: Ints, flat: Ints, slots: Slots, chosen: Ints, target: _Target) -> None:
    """Note which row made each day, and the native codes of days that several rows made."""
    s = target.values.shape[2]
    cell = flat // s
    order = np.argsort(cell, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(cell[order]) != 0]) if len(order) else np.zeros(0, dtype=np.int64)
    single, lists = rows["native_quality"], rows["native_qualities"]
    within = _slot_within_row(slots, chosen)
    for group in np.split(order, starts[1:]) if len(order) else []:
        at = int(cell[group[0]])
        made_by = np.unique(row[group])
        target.source.reshape(-1)[at] = made_by[0] if len(made_by) == 1 and len(group) == s else SEVERAL_ROWS
        if target.source.reshape(-1)[at] == SEVERAL_ROWS:
            codes: list[str | None] = [None] * s
            for one in group:
                listed = lists[int(row[one])].as_py()
                codes[int(flat[one] % s)] = listed[int(within[one])] if listed else single[int(row[one])].as_py()
            target.native[at] = codes


def _slot_within_row(slots: Slots, chosen: Ints) -> Ints:
    """Return the place of each chosen slot inside its delivered row."""
    row = slots.row
    first = np.flatnonzero(np.r_[True, np.diff(row) != 0])
    return (np.arange(len(row)) - first[np.cumsum(np.r_[True, np.diff(row) != 0]) - 1])[chosen]


def window(first_day: date, end_day: date, before_days: int, after_days: int) -> tuple[date, int]:
    """Return the first day and the number of days of a span with some days around it."""
    start = first_day - timedelta(days=before_days)
    return start, (end_day - start).days + after_days


def native_codes(assembled: Assembled, cells: Ints) -> tuple[pa.Array, pa.Array]:
    """Return the native quality of each day: one code, or a list where its slots differ.

    Args:
        assembled: the block and its sources.
        cells: channel * d + day of each row wanted.
    """
    source = assembled.source.reshape(-1)[cells]
    take = pa.array(source, mask=source < 0)
    single = assembled.rows["native_quality"].combine_chunks().take(take)
    lists = assembled.rows["native_qualities"].combine_chunks().take(take)
    if not assembled.native:
        return single, lists
    several = [[code or "" for code in assembled.native[cell]] if cell in assembled.native else None for cell in cells.tolist()]
    made = pa.array(several, type=lists.type)
    return single, pc.if_else(made.is_valid(), made, lists)
