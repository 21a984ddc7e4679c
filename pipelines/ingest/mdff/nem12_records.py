"""Records of a NEM12 file, one at a time and to the letter.

200 says whose channel follows, 300 is a day of it, 400 the quality of a range of the day's slots, 500 a transaction
with an optional index read. This is the complete reading of a record; ``nem12_days`` reads the plain 300 records,
nearly all of a file, many at once and comes back to this one for every row that is not plain.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pipelines.ingest.mdff.fields import (
    FLAG_QUALITY,
    Header,
    direction_of,
    field_at,
    is_quality,
    parse_moment,
    parse_version,
    reason_text,
    service_point_of,
    split_record,
)
from pipelines.ingest.numbers import FINEST_EXPONENT, Number, parse_number, parse_quantity, shortest
from pipelines.ingest.rejected import Fault
from schemas.codes import Quality
from schemas.units import parse_unit

MINUTES_A_DAY = 1440
LONGEST_INTERVAL = 60
BASE_DECIMALS = 3
"""Decimals kept of a value in the unit of the store unless it has more."""
_NMI, _SUFFIX, _METER, _UNIT, _INTERVAL_LENGTH = 1, 4, 6, 7, 8  # places in a 200 record
DATE, FIRST_VALUE = 1, 2
READ_TIME, INDEX_READ = 3, 4
VARIABLE = "V"
"""Quality flag of a day whose slots differ: 400 records tell how."""
TAIL_FIELDS = 5
"""After the values: QualityMethod, ReasonCode, ReasonDescription, UpdateDateTime, MSATSLoadDateTime."""
EMPTY_SLOT, UNASKED_RANGE = "value.missing", "quality.ranges"
NOTES = {
    EMPTY_SLOT: "slots are empty though their quality flag promises a value",
    UNASKED_RANGE: "400 records follow a 300 record whose quality is not V",
}
"""Warnings about days that are taken."""
_INTEGER = re.compile(r"[0-9]{1,4}")
_LARGEST = 2**63 - 1


class ChannelKind(NamedTuple):
    """What a 200 record says that many share.

    Attributes:
        channel: NMISuffix.
        quantity: what is measured.
        direction: import, export or none, seen from the customer.
        unit: unit of the store.
        exponent: source value times ``10 ** exponent`` is the value in ``unit``.
        interval_minutes: IntervalLength [min].
        slots: intervals of a day.
    """

    channel: str
    quantity: str
    direction: str
    unit: str
    exponent: int
    interval_minutes: int
    slots: int


class Channel(NamedTuple):
    """A 200 record: the NMI without its checksum digit, MeterSerialNumber (empty where there is none) and the rest."""

    service_point_id: str
    meter_id: str
    kind: ChannelKind


class BadChannel(NamedTuple):
    """A 200 record that cannot be followed, or none at all: why, and its slots where it at least says those."""

    fault: Fault
    slots: int | None


class Slots(NamedTuple):
    """Quality of a day's slots.

    Attributes:
        codes: (slots,) ``Quality`` of each slot before its value is looked at.
        natives: (slots,) the source's flag and method of each slot.
        reason: reason codes and texts of the ranges, each once.
    """

    codes: list[int]
    natives: list[str]
    reason: str | None


class Day(NamedTuple):
    """A 300 record with its 400 records: the columns of ``PARSED_INTERVALS`` that are its own.

    Attributes:
        start: midnight of the day [us since 1970, UTC].
        values: (slots,) integers, 0 where there is no value; times ``10 ** exponent`` in the channel's unit.
        codes: (slots,) ``Quality`` of each slot.
        natives: (slots,) the source's flag and method of each slot.
        notes: what a person should know, as codes of warnings: see ``NOTES``.
    """

    start: int
    exponent: int
    values: list[int]
    codes: list[int]
    natives: list[str]
    reason: str | None
    version: int | None
    notes: list[str]


class IndexRead(NamedTuple):
    """A 500 record with an index: when [us since 1970, UTC] and what the register showed [unit of the channel]."""

    read_at: int
    value: Decimal


def parse_channel(raw: bytes) -> Channel | BadChannel:
    """Read a 200 record.

    Returns:
        the channel, or why its days cannot be taken: ``record.channel`` or ``unit.unknown``.
    """
    fields = raw.split(b",")
    if len(fields) <= _INTERVAL_LENGTH:
        return BadChannel(Fault("record.channel", "the 200 record ends before its interval length"), None)
    kind = _parse_kind(fields[_SUFFIX], fields[_UNIT], fields[_INTERVAL_LENGTH])
    if isinstance(kind, BadChannel):
        return kind
    nmi = fields[_NMI].strip().decode("utf-8", "replace")
    if not nmi:
        return BadChannel(Fault("record.channel", "the 200 record has no NMI"), kind.slots)
    return Channel(service_point_of(nmi), fields[_METER].strip().decode("utf-8", "replace"), kind)


@lru_cache(maxsize=1024)
def _parse_kind(suffix_field: bytes, unit_field: bytes, length_field: bytes) -> ChannelKind | BadChannel:
    """Return what three fields of a 200 record say; a file holds few combinations and each many times."""
    suffix, unit_text, length = (field.strip().decode("utf-8", "replace") for field in (suffix_field, unit_field, length_field))
    minutes = int(length) if _INTEGER.fullmatch(length) else 0
    if not 1 <= minutes <= LONGEST_INTERVAL or MINUTES_A_DAY % minutes:
        fault = Fault("record.channel", f"interval length '{length[:40]}' of the 200 record does not divide a day")
        return BadChannel(fault, None)
    slots = MINUTES_A_DAY // minutes
    if not suffix:
        return BadChannel(Fault("record.channel", "the 200 record has no NMI suffix"), slots)
    unit = parse_unit(unit_text)
    if unit is None:
        return BadChannel(Fault("unit.unknown", f"nobody knows the unit '{unit_text[:40]}'"), slots)
    return ChannelKind(suffix, unit.quantity, direction_of(suffix), unit.unit, unit.exponent, minutes, slots)


def parse_day(raw: bytes, ranges: Sequence[bytes], kind: ChannelKind, header: Header) -> Day | Fault:
    """Read a 300 record with the 400 records that follow it.

    Returns:
        the day, or why none of it can be taken: ``record.length``, ``quality.unknown``, ``quality.ranges``,
        ``time.invalid``, ``value.invalid``, ``value.precision`` or ``value.range``.
    """
    fields = split_record(raw)
    fault = _wrong_length(fields, kind.slots)
    if fault is not None:
        return fault
    start = parse_moment(fields[DATE], header.clock_minutes) if len(fields[DATE]) == len("YYYYMMDD") else None
    if start is None:
        return Fault("time.invalid", f"'{fields[DATE][:40]}' is no date")
    values, tail = fields[FIRST_VALUE : FIRST_VALUE + kind.slots], fields[FIRST_VALUE + kind.slots :]
    version = parse_version(field_at(tail, 3), field_at(tail, 4), header)
    if isinstance(version, Fault):
        return version
    slots = parse_quality(tail[0], reason_text(field_at(tail, 1), field_at(tail, 2)), ranges, kind.slots)
    if isinstance(slots, Fault):
        return slots
    numbers = _parse_cells(values, slots.codes)
    scaled = numbers if isinstance(numbers, Fault) else _scale(numbers, kind.exponent)
    if isinstance(scaled, Fault):
        return scaled
    return _fill_day(start, slots, scaled, version, unasked=bool(ranges) and tail[0] != VARIABLE)


def _fill_day(start: int, slots: Slots, scaled: _Scaled, version: int | None, *, unasked: bool) -> Day:
    """Return the day whose slots are known."""
    codes = [int(Quality.MISSING) if empty else code for empty, code in zip(scaled.empty, slots.codes, strict=True)]
    notes = [EMPTY_SLOT] if codes != slots.codes else []
    notes += [UNASKED_RANGE] if unasked else []
    return Day(start, scaled.exponent, scaled.values, codes, slots.natives, slots.reason, version, notes)


def _wrong_length(fields: Sequence[str], slots: int) -> Fault | None:
    """Return why a 300 record does not hold ``slots`` values and a quality flag, or None when it does."""
    place = FIRST_VALUE + slots
    cells, tail = fields[FIRST_VALUE:place], fields[place:]
    misplaced = any(is_quality(cell) or cell == VARIABLE for cell in cells)
    if tail and not misplaced and not any(tail[TAIL_FIELDS:]):
        if is_quality(tail[0]) or tail[0] == VARIABLE:
            return None
        if parse_number(tail[0]) is None:
            return Fault("quality.unknown", f"'{tail[0][:40]}' is no quality flag")
    return Fault("record.length", f"the 300 record does not hold {slots} values followed by a quality flag")


def parse_quality(flag: str, reason: str | None, ranges: Sequence[bytes], slots: int) -> Slots | Fault:
    """Return the quality of each slot from a 300 record's flag and its 400 records.

    Args:
        flag: QualityMethod of the 300 record.
        reason: its reason code and description.
        ranges: the 400 records, in any order.
        slots: intervals of the day.

    A flag other than V holds for the slots that no 400 record names: the format forbids such records, senders write
    them, and what they say is plain.

    Returns:
        the slots, or ``quality.ranges``: ranges that overlap, leave the day or, after V, leave a gap.
    """
    natives = [flag] * slots
    reasons = [reason] if reason else []
    covered = 0
    for first, last, method, why in sorted(map(_parse_range, ranges)):
        if not covered < first <= last <= slots or not is_quality(method):
            return Fault("quality.ranges", f"the 400 records do not give each of {slots} slots one quality flag")
        natives[first - 1 : last] = [method] * (last - first + 1)
        covered = last
        if why and why not in reasons:
            reasons.append(why)
    if VARIABLE in natives:
        return Fault("quality.ranges", f"no 400 record gives the quality of slot {natives.index(VARIABLE) + 1}")
    codes = [int(FLAG_QUALITY[native[0]]) for native in natives]
    return Slots(codes, natives, "; ".join(reasons) or None)


def _parse_range(raw: bytes) -> tuple[int, int, str, str]:
    """Return first and last slot, quality method and reason of a 400 record; slot 0 where it names none."""
    fields = split_record(raw)
    first, last = (int(text) if _INTEGER.fullmatch(text) else 0 for text in (field_at(fields, 1), field_at(fields, 2)))
    return first, last, field_at(fields, 3), reason_text(field_at(fields, 4), field_at(fields, 5)) or ""


def _parse_cells(cells: Sequence[str], codes: Sequence[int]) -> list[Number | None] | Fault:
    """Return the number of each slot, None where it is empty or its flag says that there is no value."""
    numbers: list[Number | None] = []
    for place, (cell, code) in enumerate(zip(cells, codes, strict=True), start=1):
        if not cell or code == Quality.MISSING:
            numbers.append(None)
            continue
        number = parse_number(cell)
        if number is None:
            return Fault("value.invalid", f"'{cell[:40]}' in slot {place} is no number")
        numbers.append(number)
    return numbers


class _Scaled(NamedTuple):
    """Integers times ``10 ** exponent``, 0 where the slot is empty."""

    exponent: int
    values: list[int]
    empty: list[bool]


def _scale(numbers: Sequence[Number | None], unit_exponent: int) -> _Scaled | Fault:
    """Return one exponent and the integers that are exactly ``numbers`` times ``10 ** unit_exponent``."""
    base = BASE_DECIMALS + unit_exponent
    kept = [Number(0, base) if number is None else shortest(number, base) for number in numbers]
    decimals = max(number.decimals for number in kept)
    decimals = max(base, decimals)
    if unit_exponent - decimals < FINEST_EXPONENT:
        return Fault("value.precision", "a value has more than nine decimals in the unit of the store")
    values = [number.digits * 10 ** (decimals - number.decimals) for number in kept]
    if max(map(abs, values)) > _LARGEST:
        return Fault("value.range", "a value is more than the store can hold")
    return _Scaled(unit_exponent - decimals, values, [number is None for number in numbers])


def parse_index_read(raw: bytes, kind: ChannelKind, header: Header) -> IndexRead | Fault | None:
    """Read a 500 record: TransCode, RetServiceOrder, ReadDateTime, IndexRead.

    Returns:
        the read; None where the record has no index; or why it cannot be taken: ``time.missing``, ``time.invalid``,
        ``value.invalid``, ``value.precision`` or ``value.range``.
    """
    fields = split_record(raw)
    when, index = field_at(fields, READ_TIME), field_at(fields, INDEX_READ)
    if not index:
        return None
    read_at = parse_moment(when, header.clock_minutes)
    if read_at is None:
        return Fault("time.invalid", f"'{when}' is no time") if when else Fault("time.missing", "an index read without its time")
    value = parse_quantity(index, kind.exponent)
    return value if isinstance(value, Fault) else IndexRead(read_at, value)
