"""Slots: delivered runs taken apart, so that copies, newer versions and conflicts can be told apart.

What a slot's value is depends only on the set of delivered rows, never on their order: the newest version wins;
equal values of one version are copies of each other; different values of one version are a conflict, and neither is
chosen. A file that contradicts itself speaks for nothing but itself: what other files say of the slot still counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.exact_product import exact_product
from schemas.codes import NOT_A_VALUE

CHANNEL_KEY = ("service_point_id", "meter_id", "channel", "interval_minutes")


class Outcome(IntEnum):
    """What became of a delivered slot."""

    ACCEPTED = 0
    DUPLICATE = 1
    SUPERSEDED = 2
    CONFLICT = 3


@dataclass(frozen=True)
class Slots:
    """Delivered slots, flat, (n,) each.

    Attributes:
        row: index of the delivered row.
        channel: number of the channel and interval length.
        at_minutes: start of the slot [min since 1970 UTC].
        version: when the sender made the version [us]; 0 where nothing says.
        value: integer at the smallest exponent met on its channel.
        quality: ``Quality`` code.
        file: number of the file.
    """

    row: np.ndarray
    channel: np.ndarray
    at_minutes: np.ndarray
    version: np.ndarray
    value: np.ndarray
    quality: np.ndarray
    file: np.ndarray

    @property
    def has_value(self) -> np.ndarray:
        """True where the slot holds a value."""
        return ~np.isin(self.quality, NOT_A_VALUE)


def channel_codes(rows: pa.Table) -> np.ndarray:
    """Return a number for each row's service point, meter, channel and interval length, (n,) int64.

    Rows of one channel mostly follow each other, so only the first of each run is looked at.
    """
    first = firsts_of_runs(rows, CHANNEL_KEY)
    few = rows.select(CHANNEL_KEY) if len(first) == rows.num_rows else rows.select(CHANNEL_KEY).take(pa.array(first))
    code = np.zeros(few.num_rows, dtype=np.int64)
    for name in CHANNEL_KEY:
        encoded = pc.dictionary_encode(few[name].combine_chunks())
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        code = code * max(len(encoded.dictionary), 1) + encoded.indices.to_numpy(zero_copy_only=False)
        _, code = np.unique(code, return_inverse=True)
    return np.repeat(code.astype(np.int64), np.diff(np.append(first, rows.num_rows)))


def firsts_of_runs(rows: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Return the place of each row that differs from the one before it in some of its columns, int64; the first row does.

    >>> firsts_of_runs(pa.table({"a": ["x", "x", "y"], "b": [1, 1, 1]}), ["a", "b"]).tolist()
    [0, 2]
    """
    if not rows.num_rows:
        return np.zeros(0, dtype=np.int64)
    differs = np.ones(rows.num_rows, dtype=bool)
    differs[1:] = False
    for name in names:
        column = in_one(rows[name])
        same = pc.equal(column[1:], column[:-1]).fill_null(False)  # noqa: FBT003 - Arrow's signature
        differs[1:] |= ~same.to_numpy(zero_copy_only=False)
    return np.flatnonzero(differs)


def starts_minutes(rows: pa.Table) -> np.ndarray:
    """Return the start of each row [min since 1970 UTC], (n,) int64."""
    return rows["start"].combine_chunks().cast(pa.int64()).to_numpy() // 60_000_000


def slot_counts(rows: pa.Table) -> np.ndarray:
    """Return the number of slots of each row, (n,) int64."""
    narrow = pc.list_value_length(rows["values"])
    wide = pc.list_value_length(rows["values64"])
    return pc.max_element_wise(narrow, wide).to_numpy(zero_copy_only=False).astype(np.int64)


def overlapping(rows: pa.Table, channel: np.ndarray | None = None) -> np.ndarray:
    """Return which rows share a slot with another row, (n,) bool.

    Args:
        rows: delivered rows.
        channel: a number for the channel of each row, where somebody knows it already.
    """
    if rows.num_rows == 0:
        return np.zeros(0, dtype=bool)
    channel = channel_codes(rows) if channel is None else channel
    start = starts_minutes(rows)
    end = start + slot_counts(rows) * rows["interval_minutes"].to_numpy().astype(np.int64)
    order = np.lexsort((start, channel))
    channel, start, end = channel[order], start[order], end[order]
    span = int(end.max() - start.min()) + 1
    reach = np.maximum.accumulate(end - start.min() + channel * span)
    begins = start - start.min() + channel * span
    touches_before = np.zeros(len(order), dtype=bool)
    touches_before[1:] = begins[1:] < reach[:-1]
    if not touches_before.any():
        return touches_before
    touched = touches_before.copy()
    # A row reached by a later one belongs to the cluster too: spread each cluster back to its first row.
    cluster = np.cumsum(~touches_before)
    touched |= np.isin(cluster, np.unique(cluster[touches_before]))
    result = np.empty(len(order), dtype=bool)
    result[order] = touched
    return result


def expand(rows: pa.Table) -> Slots:
    """Take rows of interval data apart into slots.

    Args:
        rows: at least the key columns, start, exponent, values, values64, quality, version and file_id.
    """
    counts = slot_counts(rows)
    row = np.repeat(np.arange(rows.num_rows), counts)
    within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    minutes = rows["interval_minutes"].to_numpy().astype(np.int64)
    channel = channel_codes(rows)
    exponent = rows["exponent"].to_numpy().astype(np.int64)
    finest = np.full(int(channel.max(initial=-1)) + 1, 127, dtype=np.int64)
    np.minimum.at(finest, channel, exponent)
    scale = 10 ** (exponent - finest[channel])
    version = rows["version"].combine_chunks().cast(pa.int64()).fill_null(0).to_numpy()
    return Slots(
        row=row,
        channel=channel[row],
        at_minutes=starts_minutes(rows)[row] + within * minutes[row],
        version=version[row],
        value=exact_product(flat_values(rows), scale[row]),
        quality=flat_quality(rows, counts),
        file=pc.dictionary_encode(rows["file_id"].combine_chunks()).indices.to_numpy(zero_copy_only=False)[row],
    )


def in_one(column: pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; ``combine_chunks`` copies a column that is one already."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def flat_values(rows: pa.Table) -> np.ndarray:
    """Return the integers of all rows one after the other, whichever width holds them, (slots,) int64."""
    wide, narrow = in_one(rows["values64"]), in_one(rows["values"])
    if wide.null_count == len(wide):
        return narrow.flatten().to_numpy().astype(np.int64)
    return pc.if_else(wide.is_valid(), wide, narrow.cast(wide.type)).flatten().to_numpy()


def flat_quality(rows: pa.Table, counts: np.ndarray) -> np.ndarray:
    """Return the quality code of every slot, 0 where a row has no list, (slots,) int8."""
    lists = in_one(rows["quality"])
    quality = np.zeros(int(counts.sum()), dtype=np.int8)
    given = lists.is_valid().to_numpy(zero_copy_only=False)
    if given.any():
        quality[np.repeat(given, counts)] = lists.drop_null().flatten().to_numpy()
    return quality


def outcomes(slots: Slots, rank: np.ndarray) -> np.ndarray:
    """Say what becomes of each slot, given all slots that were ever delivered for it.

    Args:
        slots: every delivered slot of the channels concerned.
        rank: (rows,) order of arrival between rows: of several equal copies the lowest is the one accepted.

    Returns:
        (n,) ``Outcome`` codes. Slots without a value never conflict: at one version a value wins over none.
    """
    found = np.zeros(len(slots.row), dtype=np.int8)
    if not len(found):
        return found
    valued, torn = slots.has_value, _contradicted_in_file(slots)
    order = np.lexsort((rank[slots.row], ~valued, torn, -slots.version, slots.at_minutes, slots.channel))
    at, channel, version = slots.at_minutes[order], slots.channel[order], slots.version[order]
    value, valued, torn = slots.value[order], valued[order], torn[order]
    new_slot = np.ones(len(order), dtype=bool)
    new_slot[1:] = (at[1:] != at[:-1]) | (channel[1:] != channel[:-1])
    first = np.flatnonzero(new_slot)[np.cumsum(new_slot) - 1]
    newest = version == version[first]
    state = np.where(newest, Outcome.DUPLICATE, Outcome.SUPERSEDED).astype(np.int8)
    state[new_slot] = Outcome.ACCEPTED
    clean = newest & ~torn
    differs = clean & valued & valued[first] & (value != value[first])
    conflicted = np.zeros(len(order), dtype=bool)
    np.logical_or.at(conflicted, first, differs)
    state[conflicted[first] & clean & valued] = Outcome.CONFLICT
    state[newest & torn] = Outcome.CONFLICT
    found[order] = state
    return found


def _contradicted_in_file(slots: Slots) -> np.ndarray:
    """Return which slots their own file gives another value for, at the same version; bool (n,)."""
    order = np.lexsort((slots.value, ~slots.has_value, slots.file, slots.version, slots.at_minutes, slots.channel))
    keys = [key[order] for key in (slots.channel, slots.at_minutes, slots.version, slots.file)]
    value, valued = slots.value[order], slots.has_value[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    group = np.cumsum(new) - 1
    first = np.flatnonzero(new)
    differs = valued & valued[first][group] & (value != value[first][group])
    torn = np.zeros(len(first), dtype=bool)
    np.logical_or.at(torn, group, differs)
    result = np.empty(len(order), dtype=bool)
    result[order] = torn[group] & valued
    return result
