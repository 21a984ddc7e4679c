"""Stamps of a plain table: ISO 8601 dates and times, many at once, and local time made UTC.

A stamp is ``2026-03-29``, ``2026-03-29 02:30``, ``2026-03-29T02:30:00`` or finer down to zeros, with or without its
own offset (``Z``, ``+01:00``, ``+0100``, ``+01``). Stamps of one form are read together, digit by digit.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import Bytes, Flags, Ints
from pipelines.ingest.tables.rows import CsvBlock
from tariffs.clock import Clock

LONGEST_STAMP = 40
FIRST_YEAR, LAST_YEAR = 1970, 2099
"""Years of readings: a zone's changes are looked up for all years between the first and the last stamp."""
_ANY_DIGIT = ord("0")
_FORM = re.compile(
    r"(?P<date>0000-00-00)(?:[T ](?P<time>00:00)(?::(?P<second>00)(?:[.,](?P<fraction>0{1,9}))?)?)? ?"
    r"(?:(?P<utc>Z)|(?P<sign>[+-])(?P<hours>00)(?::?(?P<minutes>00))?)?"
)
_DAY_SECONDS = 86_400


class Stamps(NamedTuple):
    """Stamps of some rows.

    Attributes:
        local: (rows,) seconds since 1970 on the stamp's own clock.
        offset: (rows,) its offset from UTC [s]; without meaning where it has none.
        has_offset: (rows,) whether the stamp says its offset.
        valid: (rows,) whether it is a stamp at all.
        empty: (rows,) whether there is nothing.
    """

    local: Ints
    offset: Ints
    has_offset: Flags
    valid: Flags
    empty: Flags


class Instants(NamedTuple):
    """Local stamps as instants [s since 1970, UTC]: ``first`` and ``second`` differ in the hour that comes twice.

    ``exists`` is false in the hour that does not come.
    """

    first: Ints
    second: Ints
    exists: Flags


def read_stamps(block: CsvBlock, column: str) -> Stamps:
    """Read the stamps of a column."""
    fields = block.fields(column)
    lengths = block.table.lengths(fields)
    rows = len(fields)
    zero = np.zeros(rows, dtype=np.int64)
    stamps = Stamps(zero, zero.copy(), np.zeros(rows, bool), np.zeros(rows, bool), lengths == 0)
    begins = block.table.borders[fields] + 1
    for length in np.unique(lengths[(lengths > 0) & (lengths <= LONGEST_STAMP)]).tolist():
        same = np.flatnonzero(lengths == length)
        characters = block.table.buffer[begins[same][:, np.newaxis] + np.arange(length)]
        forms = np.where((characters >= ord("0")) & (characters <= ord("9")), np.uint8(_ANY_DIGIT), characters)
        keys = np.ascontiguousarray(forms).view(f"S{length}").ravel()
        for key in np.unique(keys):
            match = _FORM.fullmatch(key.decode("latin-1"))
            if match is not None:
                chosen = keys == key
                _read_form(match, characters[chosen], same[chosen], stamps)
    return stamps


def _read_form(match: re.Match[str], characters: Bytes, rows: Ints, into: Stamps) -> None:
    """Read stamps of one form into their ``rows``."""

    def number(begin: int, end: int) -> Ints:
        digits = characters[:, begin:end].astype(np.int64) - ord("0")
        return digits @ (10 ** np.arange(end - begin - 1, -1, -1))

    def group(name: str) -> Ints:
        return number(*match.span(name)) if match[name] else np.zeros(len(rows), dtype=np.int64)

    year, month, day = number(0, 4), number(5, 7), number(8, 10)
    hour, minute = (number(11, 13), number(14, 16)) if match["time"] else (group("time"), group("time"))
    second, offset_hours, offset_minutes = group("second"), group("hours"), group("minutes")
    valid = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004 - parts of a date
    valid &= (hour < 24) & (minute < 60) & (second < 60) & (offset_hours < 24) & (offset_minutes < 60)  # noqa: PLR2004
    valid &= group("fraction") == 0
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    valid &= day <= (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - first
    into.local[rows] = (first + day - 1) * _DAY_SECONDS + hour * 3600 + minute * 60 + second
    into.valid[rows] = valid
    into.has_offset[rows] = bool(match["utc"] or match["sign"])
    into.offset[rows] = (offset_hours * 3600 + offset_minutes * 60) * (-1 if match["sign"] == "-" else 1)


def instants_of(local: Ints, clock: Clock, *, ends: bool) -> Instants:
    """Return the instants that local times name.

    Args:
        local: seconds since 1970 on ``clock``, (n,), not empty.
        clock: the clock they are read by.
        ends: the times label ends of intervals: the moment at which the clock leaps forward ends one.
    """
    before, after = clock.offsets(local - _DAY_SECONDS), clock.offsets(local + _DAY_SECONDS)
    early, late = local - before, local - after
    early_fits, late_fits = clock.offsets(early) == before, clock.offsets(late) == after
    if ends:
        early_fits |= ~late_fits & (clock.offsets(early - 1) == before)
    one = np.where(early_fits, early, late)
    both = early_fits & late_fits
    return Instants(
        np.where(both, np.minimum(early, late), one), np.where(both, np.maximum(early, late), one), early_fits | late_fits
    )


def standard_offset(instants: Ints, clock: Clock) -> Ints:
    """Return the standard time of each instant's year: the lesser of the offsets of its first days of January and July [s].

    Args:
        instants: (n,) seconds since 1970, not empty.
        clock: the clock.
    """
    years: Any = instants.astype("datetime64[s]").astype("datetime64[Y]")
    january = years.astype("datetime64[s]").astype(np.int64)
    july = (years.astype("datetime64[M]") + 6).astype("datetime64[s]").astype(np.int64)
    return np.minimum(clock.offsets(january), clock.offsets(july))
