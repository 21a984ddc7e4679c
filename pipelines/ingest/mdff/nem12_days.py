"""Plain days of a NEM12 file, many at once.

A 300 record is plain when its numbers are plain, its dates exist and its lengths are right. Nearly all of a file is
plain, and a file is mostly 300 records, so here no Python object is made for a reading and few for a record: records
of one shape (slots and fields) become matrices, read by ``digits``. A record in which anything is out of the ordinary
is handed back to be read by ``nem12_records.parse_day``, which alone decides what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from pipelines.ingest.digits import PAD, POWERS_OF_TEN, Bytes, Flags, Ints, Numbers, TextTable
from pipelines.ingest.mdff.fields import FLAG_QUALITY, is_quality, reason_text, split_record
from pipelines.ingest.mdff.nem12_frames import Frames
from pipelines.ingest.mdff.nem12_records import (
    BASE_DECIMALS,
    DATE,
    EMPTY_SLOT,
    FIRST_VALUE,
    TAIL_FIELDS,
    UNASKED_RANGE,
    VARIABLE,
    Slots,
    parse_quality,
)
from pipelines.ingest.numbers import FINEST_EXPONENT
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.wall_clocks import FIRST_YEAR, LAST_YEAR
from schemas.codes import Quality
from schemas.instants import HOUR_US, MINUTE_US, SECOND_US

Codes = np.ndarray[Any, np.dtype[np.int8]]
_DAY_US = 24 * HOUR_US
_FLAG_CHARACTERS = 3
_WORD_BYTES = 8
_SAFE = 9e18  # below 2^63 by more than a float64 rounds
_REASON_CODE, _REASON_TEXT, _UPDATED, _LOADED = 1, 2, 3, 4  # places after the quality flag
_DATE_DIGITS, _MINUTE_DIGITS, _SECOND_DIGITS = 8, 12, 14


class Records(NamedTuple):
    """300 records to be read.

    Attributes:
        line: (records,) line in the piece.
        field: (records,) index of the record's first field, the record indicator.
        fields: (records,) fields of the record.
        frame: (records,) index of the header and channel it belongs to.
    """

    line: Ints
    field: Ints
    fields: Ints
    frame: Ints

    def where(self, chosen: Flags) -> Records:
        """Return some of the records."""
        return Records(*(column[chosen] for column in self))


@dataclass(frozen=True)
class Piece:
    """A piece of a file and what its 100, 200 and 400 records say.

    Attributes:
        text: the piece; every line ends in a line feed.
        table: its fields.
        numbers: its fields as numbers.
        frames: headers and channels in force.
        ranges: 400 records by the line of their 300 record.
    """

    text: bytes
    table: TextTable
    numbers: Numbers
    frames: Frames
    ranges: Mapping[int, Sequence[bytes]]


class Days(NamedTuple):
    """300 records of one number of slots, as arrays over records.

    Attributes:
        line: (days,) line of the record in its piece.
        frame: (days,) index of the header and channel it belongs to.
        start: (days,) midnight [us since 1970, UTC].
        exponent: (days,) of the values, in the channel's unit.
        values: (days, slots) integers, 0 where there is no value.
        coded: places, ascending, of the records in which not every slot is measured.
        codes: (coded, slots) ``Quality`` of each slot of those.
        labels: quality flags with their methods.
        label: (days,) index of the record's label; -1 where its slots differ.
        natives: flag and method of each slot of the records whose slots differ, by place.
        reasons: reason of the records that have one, by place.
        version: (days,) when the sender made it [us since 1970, UTC]; ``NO_TIME`` where nothing says.
        noted: places of the records a person should know of, by the code of the warning.
    """

    line: Ints
    frame: Ints
    start: Ints
    exponent: Ints
    values: Ints
    coded: Ints
    codes: Codes
    labels: list[str]
    label: Ints
    natives: dict[int, list[str]]
    reasons: dict[int, str]
    version: Ints
    noted: dict[str, Ints]

    def where(self, chosen: Flags) -> Days:
        """Return some of the days."""
        place = np.cumsum(chosen) - 1
        kept = chosen[self.coded]
        return Days(
            line=self.line[chosen],
            frame=self.frame[chosen],
            start=self.start[chosen],
            exponent=self.exponent[chosen],
            values=self.values[chosen],
            coded=place[self.coded[kept]],
            codes=self.codes[kept],
            labels=self.labels,
            label=self.label[chosen],
            natives={int(place[at]): natives for at, natives in self.natives.items() if chosen[at]},
            reasons={int(place[at]): reason for at, reason in self.reasons.items() if chosen[at]},
            version=self.version[chosen],
            noted={code: place[places[chosen[places]]] for code, places in self.noted.items()},
        )


def read_days(piece: Piece, records: Records) -> tuple[list[Days], Ints]:
    """Read the plain ones among ``records``.

    Returns:
        the days, grouped by shape, and the lines of the records that are not plain, ascending.
    """
    slots = piece.frames.slots[records.frame]
    known = (slots > 0) & (records.fields > FIRST_VALUE + slots)
    shape = np.where(known, (slots << 32) + records.fields, -1)
    read: list[Days] = []
    odd = [records.line[~known]]
    for key in np.unique(shape[known]).tolist():
        same = records if (shape == key).all() else records.where(shape == key)
        days, plain = _read_shape(piece, same, key >> 32)
        read.append(days if plain.all() else days.where(plain))
        odd.append(same.line[~plain])
    return [days for days in read if len(days.line)], np.sort(np.concatenate(odd))


def _read_shape(piece: Piece, records: Records, slots: int) -> tuple[Days, Flags]:
    """Read records of one number of slots and of fields; say which are plain. The others are without meaning."""
    tail = _Tail(piece, records, records.field + FIRST_VALUE + slots, int(records.fields[0]) - FIRST_VALUE - slots)
    midnight, plain = _read_dates(piece, records.field + DATE)
    plain &= tail.is_over()
    version = tail.read_versions(plain)
    reasons = tail.read_reasons()
    labels, label = tail.read_labels()
    plain &= label >= 0
    values, decimals, empty = _read_cells(piece, records.field + FIRST_VALUE, slots, plain)
    ranged = np.isin(records.line, np.fromiter(piece.ranges, np.int64, len(piece.ranges)))
    varies = label == (labels.index(VARIABLE) if VARIABLE in labels else len(labels))
    plain &= ranged | ~varies
    mixed: dict[int, Slots] = {}
    for place in np.flatnonzero(ranged & plain).tolist():
        found = parse_quality(labels[label[place]], reasons.get(place), piece.ranges[int(records.line[place])], slots)
        if isinstance(found, Fault):
            plain[place] = False
        else:
            mixed[place] = found
    coded, codes = _code_slots(labels, label, mixed, empty, slots)
    surprising = _note_empty(codes, coded, empty)
    natives = _settle_labels(mixed, labels, label, reasons)
    if len(coded):
        without = codes == Quality.MISSING
        values[coded] = np.where(without, 0, values[coded])
        decimals[coded] = np.where(without, 0, decimals[coded])
    special = codes.any(axis=1)
    exponent = _scale(values, decimals, piece.frames.exponent[records.frame], plain)
    days = Days(
        line=records.line,
        frame=records.frame,
        start=midnight - piece.frames.clock_minutes[records.frame] * MINUTE_US,
        exponent=exponent,
        values=values,
        coded=coded[special],
        codes=codes[special],
        labels=labels,
        label=label,
        natives=natives,
        reasons=reasons,
        version=version,
        noted={EMPTY_SLOT: surprising, UNASKED_RANGE: np.flatnonzero(ranged & ~varies)},
    )
    return days, plain


class _Tail(NamedTuple):
    """What follows the values of 300 records of one shape: ``at`` is the field of each record's quality flag."""

    piece: Piece
    records: Records
    at: Ints
    fields: int

    def is_over(self) -> Flags:
        """Return whether nothing follows the format's last field but empty ones."""
        if self.fields <= TAIL_FIELDS:
            return np.ones(len(self.at), dtype=np.bool_)
        surplus = self.at[:, np.newaxis] + np.arange(TAIL_FIELDS, self.fields)
        return np.logical_not(self.piece.table.lengths(surplus).any(axis=1))

    def read_labels(self) -> tuple[list[str], Ints]:
        """Return the quality flags met and the index of each record's; -1 where it is none."""
        lengths = self.piece.table.lengths(self.at)
        words = self.piece.table.words[self.piece.table.borders[self.at + 1] - _WORD_BYTES]
        words >>= (8 * (_WORD_BYTES - np.clip(lengths, 0, _WORD_BYTES))).astype(np.uint64)
        words[(lengths < 1) | (lengths > _FLAG_CHARACTERS)] = 0
        if (words == words[0]).all():
            keys, label = words[:1], np.zeros(len(words), dtype=np.int64)
        else:
            keys, label = np.unique(words, return_inverse=True)
        labels = [int(key).to_bytes(_WORD_BYTES, "little").rstrip(b"\0").decode("latin-1") for key in keys]
        known = np.array([text == VARIABLE or is_quality(text) for text in labels], dtype=np.bool_)
        return labels, np.where(known[label], label, -1)

    def read_versions(self, plain: Flags) -> Ints:
        """Return when each record was made [us since 1970, UTC]; records with a time that is none are not plain."""
        frames, frame = self.piece.frames, self.records.frame
        version = frames.sent_at[frame]
        clock = frames.clock_minutes[frame]
        for place in (_LOADED, _UPDATED):
            if place < self.fields:
                moment, valid = _read_times(self.piece, self.at + place)
                given = self.piece.table.lengths(self.at + place) > 0
                plain &= valid | ~given
                version = np.where(given, moment - clock * MINUTE_US, version)
        return version

    def read_reasons(self) -> dict[int, str]:
        """Return the reasons of the records that have one, by place."""
        if self.fields <= _REASON_CODE:
            return {}
        table = self.piece.table
        stated = table.lengths(self.at + _REASON_CODE) > 0
        if self.fields > _REASON_TEXT:
            stated |= table.lengths(self.at + _REASON_TEXT) > 0
        places = np.flatnonzero(stated)
        firsts = table.borders[self.at[places] + _REASON_CODE] + 1 - PAD
        lasts = table.borders[self.at[places] + min(_REASON_TEXT + 1, self.fields)] - PAD
        texts: dict[bytes, str] = {}
        reasons: dict[int, str] = {}
        for place, first, last in zip(places.tolist(), firsts.tolist(), lasts.tolist(), strict=True):
            raw = self.piece.text[first:last]
            if raw not in texts:
                texts[raw] = reason_text(*split_record(raw + b",")[:2]) or ""
            if texts[raw]:
                reasons[place] = texts[raw]
        return reasons


def _code_slots(
    labels: Sequence[str], label: Ints, mixed: Mapping[int, Slots], empty: Flags | None, slots: int
) -> tuple[Ints, Codes]:
    """Return the places of the records in which not every slot is measured by its flag, and the codes of their slots."""
    by_label = np.array([FLAG_QUALITY.get(text[:1], Quality.MEASURED) for text in labels], dtype=np.int8)
    code = by_label[label]
    special = code != Quality.MEASURED
    special[list(mixed)] = True
    if empty is not None:
        special |= empty.any(axis=1)
    coded = np.flatnonzero(special)
    codes = np.repeat(code[coded][:, np.newaxis], slots, axis=1)
    row_of = {place: row for row, place in enumerate(coded.tolist())} if mixed else {}
    for place, found in mixed.items():
        codes[row_of[place]] = found.codes
    return coded, codes


def _note_empty(codes: Codes, coded: Ints, empty: Flags | None) -> Ints:
    """Give empty slots their code; return the places of the records in which a flag promised a value there."""
    if empty is None:
        return coded[:0]
    without = empty[coded]
    surprising = coded[(without & (codes != Quality.MISSING)).any(axis=1)]
    codes[without] = Quality.MISSING
    return surprising


def _settle_labels(mixed: Mapping[int, Slots], labels: list[str], label: Ints, reasons: dict[int, str]) -> dict[int, list[str]]:
    """Label the records with 400 records: by their one flag, or by a list where the slots differ; note their reasons."""
    natives: dict[int, list[str]] = {}
    for place, found in mixed.items():
        if found.reason:
            reasons[place] = found.reason
        if len(set(found.natives)) > 1:
            natives[place] = found.natives
            label[place] = -1
            continue
        if found.natives[0] not in labels:
            labels.append(found.natives[0])
        label[place] = labels.index(found.natives[0])
    return natives


def _read_cells(piece: Piece, first: Ints, slots: int, plain: Flags) -> tuple[Ints, Bytes, Flags | None]:
    """Return digits, decimals and emptiness of the slots; records with a cell that is no plain number are not plain.

    The third is None when no cell is empty. Empty and other cells have no digits.
    """
    digits = sliding_window_view(piece.numbers.digits, slots)[first]
    decimals = sliding_window_view(piece.numbers.decimals, slots)[first]
    good = sliding_window_view(piece.numbers.good, slots)[first]
    if good.all():
        return digits, decimals, None
    rows = np.flatnonzero(~good.all(axis=1))
    empty = np.zeros_like(good)
    empty[rows] = piece.table.lengths(first[rows][:, np.newaxis] + np.arange(slots)) == 0
    plain &= (good | empty).all(axis=1)
    digits[~good] = 0
    decimals[~good] = 0
    return digits, decimals, empty if empty.any() else None


def _scale(values: Ints, decimals: Bytes, unit_exponent: Ints, plain: Flags) -> Ints:
    """Bring each record's ``values`` to one exponent, in place; those that do not fit are not plain.

    The exponent is that of ``BASE_DECIMALS`` in the unit of the store, or the finest a value of the record needs.

    Returns:
        (records,) the exponent of each record.
    """
    base = BASE_DECIMALS + unit_exponent
    most = np.maximum(decimals.max(axis=1), base)
    if not (decimals == most[0]).all() or not (most == most[0]).all():
        largest = values.max(axis=1).astype(np.float64) * POWERS_OF_TEN[most]
        plain &= largest < _SAFE
        values *= POWERS_OF_TEN[most[:, np.newaxis] - decimals]
    rows = np.flatnonzero((most > base) & plain)
    while len(rows):  # zeros that end every value of a record are no decimals
        rows = rows[(values[rows] % 10 == 0).all(axis=1)]
        values[rows] //= 10
        most[rows] -= 1
        rows = rows[most[rows] > base[rows]]
    exponent = unit_exponent - most
    plain &= exponent >= FINEST_EXPONENT
    return exponent


def _read_dates(piece: Piece, fields: Ints) -> tuple[Ints, Flags]:
    """Return midnight of dates of eight digits [us since 1970, their own clock] and whether they exist."""
    valid = piece.numbers.good[fields] & (piece.table.lengths(fields) == _DATE_DIGITS) & (piece.numbers.decimals[fields] == 0)
    return _midnights(piece.numbers.digits[fields], valid)


def _read_times(piece: Piece, fields: Ints) -> tuple[Ints, Flags]:
    """Return times of 8, 12 or 14 digits [us since 1970, their own clock] and whether they exist."""
    digits, lengths = piece.numbers.digits[fields], piece.table.lengths(fields)
    valid = piece.numbers.good[fields] & (piece.numbers.decimals[fields] == 0)
    valid &= (lengths == _DATE_DIGITS) | (lengths == _MINUTE_DIGITS) | (lengths == _SECOND_DIGITS)
    scaled = np.where(valid, digits, 0) * POWERS_OF_TEN[_SECOND_DIGITS - np.clip(lengths, _DATE_DIGITS, _SECOND_DIGITS)]
    dates, clock_time = np.divmod(scaled, 1_000_000)
    hours, rest = np.divmod(clock_time, 10_000)
    minutes, seconds = np.divmod(rest, 100)
    midnight, valid = _midnights(dates, valid & (hours < 24) & (minutes < 60) & (seconds < 60))  # noqa: PLR2004
    return midnight + (hours * 3600 + minutes * 60 + seconds) * SECOND_US, valid


def _midnights(dates: Ints, valid: Flags) -> tuple[Ints, Flags]:
    """Return midnight of dates written YYYYMMDD and whether they exist, given that they are ``valid`` numbers."""
    year, rest = np.divmod(dates, 10_000)
    month, day = np.divmod(rest, 100)
    valid = valid & (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)  # noqa: PLR2004
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    next_first = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    days = first + day - 1
    valid = valid & (days < next_first)
    return np.where(valid, days, 0) * _DAY_US, valid
