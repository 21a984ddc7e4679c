"""Stamps of a plain table, many at once, and local time made UTC.

Stamps of one form are read together, digit by digit. Without ``date_format`` a stamp is ISO 8601: ``2026-03-29``,
``2026-03-29 02:30``, ``2026-03-29T02:30:00`` or finer down to zeros, with or without its own offset (``Z``,
``+01:00``, ``+0100``, ``+01``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pipelines.ingest.digits import Bytes, Flags, Ints, TextTable, text_table
from pipelines.ingest.tables.rows import CsvBlock
from pipelines.ingest.tables.stamp_forms import ISO, MONTHS, compile_form
from pipelines.ingest.tables.time_column import Label, TimeColumn
from tariffs.clock import Clock

LONGEST_STAMP = 40
FIRST_YEAR, LAST_YEAR = 1970, 2099
"""Years of readings: a zone's changes are looked up for all years between the first and the last stamp."""
_FIRST_CENTURY = 2000
_ANY_DIGIT = ord("0")
_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
_HALF_DAY_HOURS = 12
_LONGEST_NOMINAL_SECONDS = 3600


class Stamps(NamedTuple):
    """Stamps of some rows.

    Attributes:
        local: (rows,) seconds since 1970 on the stamp's own clock; seconds since midnight of a time of day.
        offset: (rows,) its offset from UTC [s]; without meaning where it has none.
        has_offset: (rows,) whether the stamp says its offset.
        valid: (rows,) whether it is a stamp at all.
        empty: (rows,) whether there is nothing.
        ordinal: (rows,) the number of the hour of the day that it names in place of a time; 0 where it does not.
    """

    local: Ints
    offset: Ints
    has_offset: Flags
    valid: Flags
    empty: Flags
    ordinal: Ints


class Instants(NamedTuple):
    """Local stamps as instants [s since 1970, UTC]: ``first`` and ``second`` differ in the hour that comes twice.

    ``exists`` is false in the hour that does not come.
    """

    first: Ints
    second: Ints
    exists: Flags


class Timed(NamedTuple):
    """When the rows of a block are.

    Attributes:
        local: (rows,) the stamp on its own clock [s].
        first: (rows,) the instant it names [s since 1970, UTC].
        second: (rows,) the other one it may name; equal to ``first`` elsewhere.
        until: (rows, 2) the instants that the other end may name; None where rows do not say it.
        nominal: (rows,) seconds between the two ends as the source writes them; None where rows do not say it.
        good: (rows,) whether the stamp names an instant.
        stamped: (rows,) whether the stamp is one, whether or not its instant exists.
        empty: (rows,) whether there is nothing.
        is_local: whether a stamp without its own offset was met.
    """

    local: Ints
    first: Ints
    second: Ints
    until: Ints | None
    nominal: Ints | None
    good: Flags
    stamped: Flags
    empty: Flags
    is_local: bool


def read_times(block: CsvBlock, time: TimeColumn, clock: Clock) -> Timed:
    """Read when the rows of a block are, as the mapping says."""
    begin, end = _both_ends(block, time)
    first, second, exists, is_local = _instants(begin, clock, ends=time.label is Label.END)
    good, until, nominal = exists.copy(), None, None
    if end is not None:
        late_first, late_second, late_exists, _ = _instants(end, clock, ends=True)
        until = np.stack((late_first, late_second), axis=1)
        nominal = (end.local - end.offset * end.has_offset) - (begin.local - begin.offset * begin.has_offset)
        # An end that the clocks leapt over still says how long its interval is on paper.
        written = (nominal > 0) & (nominal <= _LONGEST_NOMINAL_SECONDS)
        good &= end.valid & (late_exists | written)
    return Timed(begin.local, first, second, until, nominal, good, begin.valid, begin.empty, is_local)


def read_stamps(table: TextTable, fields: Ints, forms: Sequence[str] | None, *, midnight_is_24: bool = False) -> Stamps:
    """Read fields as stamps.

    Args:
        table: a text and its fields.
        fields: which of them, (rows,).
        forms: their forms; None for ISO 8601.
        midnight_is_24: 24:00 is the midnight that ends the day.
    """
    patterns = [ISO] if forms is None else [compile_form(form) for form in forms]
    lengths = table.lengths(fields)
    rows = len(fields)
    zero = np.zeros(rows, dtype=np.int64)
    stamps = Stamps(zero, zero.copy(), np.zeros(rows, bool), np.zeros(rows, bool), lengths == 0, zero.copy())
    begins = table.borders[fields] + 1
    for length in np.unique(lengths[(lengths > 0) & (lengths <= LONGEST_STAMP)]).tolist():
        same = np.flatnonzero(lengths == length)
        characters = table.buffer[begins[same][:, np.newaxis] + np.arange(length)]
        shapes = np.where((characters >= ord("0")) & (characters <= ord("9")), np.uint8(_ANY_DIGIT), characters)
        keys = np.ascontiguousarray(shapes).view(f"S{length}").ravel()
        for key in [keys[0]] if (keys == keys[0]).all() else np.unique(keys):
            text = key.decode("latin-1")
            match = next(filter(None, (pattern.fullmatch(text) for pattern in patterns)), None)
            if match is not None:
                chosen = keys == key
                _read_form(match, characters[chosen], same[chosen], stamps, midnight_is_24=midnight_is_24)
    return stamps


def _both_ends(block: CsvBlock, time: TimeColumn) -> tuple[Stamps, Stamps | None]:
    """Return the stamps of a block, and the other ends of its intervals where the rows say them."""
    if time.column is None:
        return _ends_on_dates(block, time)
    if time.range is not None:
        parts = zip(_cut_ranges(block, time.column, time.range), (False, True), strict=True)
        begin, end = (read_stamps(*part, time.date_format, midnight_is_24=late) for part, late in parts)
        return begin, end
    ends = time.label is Label.END
    begin = read_stamps(block.table, block.fields(time.column), time.date_format, midnight_is_24=ends)
    if time.end_column is None:
        return begin, None
    return begin, read_stamps(block.table, block.fields(time.end_column), time.date_format, midnight_is_24=True)


def _ends_on_dates(block: CsvBlock, time: TimeColumn) -> tuple[Stamps, Stamps | None]:
    """Return the stamps of a block whose dates stand apart, and the other ends of its intervals."""
    dates = read_stamps(block.table, block.fields(time.date_column or ""), time.date_format)
    if time.time_column is None:
        return dates, None
    ends = time.label is Label.END
    begin = _on_date(dates, read_stamps(block.table, block.fields(time.time_column), time.time_format, midnight_is_24=ends))
    if time.end_time_column is None:
        return begin, None
    clock_times = read_stamps(block.table, block.fields(time.end_time_column), time.time_format, midnight_is_24=True)
    if time.end_date_column is not None:
        return begin, _on_date(read_stamps(block.table, block.fields(time.end_date_column), time.date_format), clock_times)
    end = _on_date(dates, clock_times)
    over = end.local <= begin.local - np.where(_repeats(begin, end), _DAY_SECONDS, 0)
    return begin, end._replace(local=end.local + np.where(over, _DAY_SECONDS, 0))


def _repeats(begin: Stamps, end: Stamps) -> Flags:
    """Whether an end before its start is the clock going back, not the next day: no more than two hours."""
    back = begin.local - end.local
    a_day = (back == 0) & (begin.local % _DAY_SECONDS == 0)
    return (back >= 0) & (back <= 2 * _HOUR_SECONDS) & ~a_day


def _cut_ranges(block: CsvBlock, column: str, word: str) -> list[tuple[TextTable, Ints]]:
    """Return the two ends of cells such as ``A to B`` as texts of their own; both are empty where a cell is no such thing."""
    parts: list[list[str]] = [[], []]
    between = re.compile(rf"\s+{re.escape(word.strip())}\s+")
    for text in block.texts(block.fields(column)):
        found = between.split(text)
        both = found if len(found) == 2 else ("?", "?") if text.strip() else ("", "")  # noqa: PLR2004 - two ends
        for part, end in zip(parts, both, strict=True):
            part.append(end.strip().replace("\n", "?"))
    return [(text_table("".join(f"{end}\n" for end in part).encode(), b"\n"), np.arange(len(part))) for part in parts]


def _on_date(dates: Stamps, times: Stamps) -> Stamps:
    """Return times of day on their dates."""
    return Stamps(
        dates.local + times.local,
        dates.offset,
        dates.has_offset,
        dates.valid & times.valid,
        dates.empty | times.empty,
        times.ordinal,
    )


def _instants(stamps: Stamps, clock: Clock, *, ends: bool) -> tuple[Ints, Ints, Flags, bool]:
    """Return the instants that stamps may name, whether they name one, and whether one of them needed the clock."""
    first = stamps.local - stamps.offset
    second = first.copy()
    exists = stamps.valid.copy()
    naive = stamps.valid & ~stamps.has_offset
    plain = np.flatnonzero(naive & (stamps.ordinal == 0))
    if len(plain):
        first[plain], second[plain], exists[plain] = instants_of(stamps.local[plain], clock, ends=ends)
    numbered = np.flatnonzero(naive & (stamps.ordinal > 0))
    if len(numbered):
        instants = _hours_of_days(stamps.local[numbered], stamps.ordinal[numbered], clock, ends=ends)
        first[numbered], exists[numbered] = instants
        second[numbered] = first[numbered]
    return first, second, exists, bool(naive.any())


def _hours_of_days(midnights: Ints, numbers: Ints, clock: Clock, *, ends: bool) -> tuple[Ints, Flags]:
    """Return the instants of numbered hours: hour 1 begins with the local day, whose 23, 24 or 25 are counted through.

    Args:
        midnights: local midnight of each hour's day [s].
        numbers: the number of each hour.
        clock: the clock whose days they are.
        ends: the end of the hour is asked for.
    """
    midnight = instants_of(midnights, clock, ends=True).first
    following = instants_of(midnights + _DAY_SECONDS, clock, ends=True).first
    start = midnight + (numbers - 1) * _HOUR_SECONDS
    return np.where(ends, start + _HOUR_SECONDS, start), start < following


def _read_form(match: re.Match[str], characters: Bytes, rows: Ints, into: Stamps, *, midnight_is_24: bool) -> None:
    """Read stamps of one form into their ``rows``."""
    parts = match.re.groupindex
    zero = np.zeros(len(rows), dtype=np.int64)

    def number(name: str) -> Ints:
        if name not in parts or not match[name]:
            return zero
        begin, end = match.span(name)
        digits = characters[:, begin:end].astype(np.int64) - ord("0")
        return digits @ (10 ** np.arange(end - begin - 1, -1, -1))

    into.has_offset[rows] = "utc" in parts and bool(match["utc"] or match["sign"])
    if "ordinal" in parts:
        into.ordinal[rows] = number("ordinal")
        into.valid[rows] = into.ordinal[rows] >= 1
        return
    hour, minute, second = number("hour"), number("minute"), number("second")
    if "half" in parts:
        half = number("half_hour")
        hour = half % _HALF_DAY_HOURS + (_HALF_DAY_HOURS if match["half"].upper() == "PM" else 0)
        valid = (half >= 1) & (half <= _HALF_DAY_HOURS)
    else:
        valid = (hour < 24) | (midnight_is_24 & (hour == 24) & (minute == 0) & (second == 0))  # noqa: PLR2004 - hours of a day
    offset_hours, offset_minutes = number("hours"), number("minutes")
    valid &= (minute < 60) & (second < 60) & (offset_hours < 24) & (offset_minutes < 60)  # noqa: PLR2004 - parts of a clock
    valid &= number("fraction") == 0
    days = zero
    if "day" in parts:
        days, dated = _days(match, number)
        valid &= dated
    into.local[rows] = days * _DAY_SECONDS + hour * _HOUR_SECONDS + minute * 60 + second
    into.valid[rows] = valid
    sign = -1 if "sign" in parts and match["sign"] == "-" else 1
    into.offset[rows] = (offset_hours * _HOUR_SECONDS + offset_minutes * 60) * sign


def _days(match: re.Match[str], number: Any) -> tuple[Ints, Flags]:  # noqa: ANN401 - a closure over the characters
    """Return days since 1970 and whether there is such a day."""
    parts = match.re.groupindex
    year = number("year") if "year" in parts else number("short_year") + _FIRST_CENTURY
    month = number("month") if "month" in parts else np.full(len(year), MONTHS.index(match["month_name"].lower()) + 1)
    day = number("day")
    valid = (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1)  # noqa: PLR2004 - of a year
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    valid &= day <= (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - first
    return first + day - 1, valid


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
