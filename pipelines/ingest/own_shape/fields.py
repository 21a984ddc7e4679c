"""Fields of a row of the own shape: what each may be, whichever file it comes from.

Texts are ``str``, numbers ``int`` or ``Decimal``; an instant is microseconds since 1970 where the file has a type for it,
else ISO 8601 text with its offset. Nothing is guessed, trimmed or rounded: a field that cannot be followed sets its row, or
its value, aside.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

from pipelines.ingest.collector import UNVERIFIED, Series
from pipelines.ingest.rejected import Fault
from schemas.codes import Direction, Quality, ReadKind
from schemas.units import parse_unit

MOST_CHARACTERS = 100
LONGEST_INTERVAL_MINUTES = 366 * 1440
LARGEST_EXPONENT = 9
"""What the views of the store can show, up or down."""
WIDEST_OFFSET_MINUTES = 14 * 60
_OF_A_SERIES = (
    "service_point_id", "meter_id", "channel", "quantity", "direction", "unit", "exponent", "clock_offset_minutes",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END_US = 4_102_444_800_000_000  # 2100-01-01: a later reading is a mistake
_STAMP = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,6})0*)?)?(?:Z|([+-])(\d\d):?(\d\d))", re.ASCII)
_WORD = re.compile(r"[a-z][a-z_]{0,39}")
_ENERGIES = frozenset({"active_energy", "energy", "heat"})
"""Quantities that share their units."""
_QUALITIES = {
    "measured": Quality.MEASURED,
    "missing": Quality.MISSING,
    "delivered_estimate": Quality.DELIVERED_ESTIMATE,
    "substituted": Quality.SUBSTITUTED,
    "final_substituted": Quality.FINAL_SUBSTITUTED,
    # What a sender of this kind says of its own work is the sender's work here.
    "estimated": Quality.DELIVERED_ESTIMATE,
    "edited": Quality.SUBSTITUTED,
    "conflict": Quality.MISSING,
}
_QUALITIES_BY_CODE = {int(Quality[word.upper()]): quality for word, quality in _QUALITIES.items()}
_READ_QUALITIES = frozenset({"measured", "estimated", "substituted", "final_substituted", UNVERIFIED})


class FieldError(Exception):
    """A field that cannot be followed; ``fault`` says why."""

    def __init__(self, code: str, message: str) -> None:
        """Keep what a rejection needs."""
        super().__init__(code, message)
        self.fault = Fault(code, message)


def series_of(fields: Mapping[str, Any]) -> Series:
    """Return whose values a row holds.

    Raises:
        FieldError: ``record.identifier``, ``direction.unknown``, ``unit.unknown``, ``unit.mismatch``, ``value.invalid``,
            ``value.range``, ``time.invalid`` or ``shape.type``.
    """
    told = tuple([fields.get(name) for name in _OF_A_SERIES])
    if any(isinstance(part, list | dict) for part in told):
        code = "shape.type"
        raise FieldError(code, f"one of {', '.join(_OF_A_SERIES)} is a list or an object")
    return _series(told)


@lru_cache(maxsize=10_000, typed=True)
def _series(told: tuple[Any, ...]) -> Series:
    """Return a series; rows of few series come many at a time."""
    fields = dict(zip(_OF_A_SERIES, told, strict=True))
    quantity, unit, power = _measured(fields["quantity"], fields["unit"])
    exponent = power + (whole_number(fields, "exponent") or 0)
    if abs(exponent) > LARGEST_EXPONENT:
        code = "value.range"
        raise FieldError(code, f"values in {unit} times ten to the {exponent} are none the store can show")
    return Series(
        identifier(fields, "service_point_id"),
        "" if fields["meter_id"] in (None, "") else identifier(fields, "meter_id"),
        identifier(fields, "channel"),
        quantity,
        direction_of(fields["direction"]),
        unit,
        exponent,
        _clock_offset(fields),
    )


def identifier(fields: Mapping[str, Any], name: str) -> str:
    """Return an id as it stands: text that a person can see whole.

    Raises:
        FieldError: ``record.identifier``.

    >>> identifier({"meter_id": "0012"}, "meter_id")
    '0012'
    """
    text, code = fields.get(name), "record.identifier"
    if not isinstance(text, str):
        raise FieldError(code, f"'{name}' is no text: a number has lost the zeros it began with")
    if not text or len(text) > MOST_CHARACTERS or not text.isprintable() or text != text.strip():
        raise FieldError(code, f"'{name}' is empty, too long, padded, or holds characters nobody sees: {text[:40]!a}")
    return text


def direction_of(text: object) -> Direction:
    """Return import, export or none.

    Raises:
        FieldError: ``direction.unknown``.
    """
    if text in tuple(Direction):
        return Direction(str(text))
    code = "direction.unknown"
    raise FieldError(code, f"'{str(text)[:40]}' is not import, export or none")


def _measured(quantity: object, unit: object) -> tuple[str, str | None, int]:
    """Return quantity, unit of the store and the power of ten between; each says what the other leaves out."""
    if quantity is not None and not (isinstance(quantity, str) and _WORD.fullmatch(quantity)):
        code = "unit.mismatch"
        raise FieldError(code, f"'{str(quantity)[:40]}' is no quantity")
    if unit is None and quantity is not None:
        return quantity, None, 0
    known = parse_unit(unit) if isinstance(unit, str) else None
    if known is None:
        code = "unit.unknown"
        raise FieldError(code, f"nobody knows the unit '{str(unit)[:40]}'")
    if quantity not in (None, known.quantity) and not {quantity, known.quantity} <= _ENERGIES:
        code = "unit.mismatch"
        raise FieldError(code, f"{unit} is a unit of {known.quantity}, not of {quantity}")
    return quantity or known.quantity, known.unit, known.exponent


def _clock_offset(fields: Mapping[str, Any]) -> int | None:
    """Return the source's standard time [min]."""
    offset = whole_number(fields, "clock_offset_minutes")
    if offset is not None and abs(offset) > WIDEST_OFFSET_MINUTES:
        code = "time.invalid"
        raise FieldError(code, f"{offset} minutes are no offset of a clock")
    return offset


def minutes_of(fields: Mapping[str, Any]) -> int:
    """Return the length of an interval [min].

    Raises:
        FieldError: ``value.invalid`` or ``interval.invalid``.
    """
    minutes = whole_number(fields, "interval_minutes")
    if minutes is None or not 1 <= minutes <= LONGEST_INTERVAL_MINUTES:
        code = "interval.invalid"
        raise FieldError(code, f"an interval of {minutes} minutes: 1 to {LONGEST_INTERVAL_MINUTES} are expected")
    return minutes


def whole_number(fields: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number that may be left out.

    Raises:
        FieldError: ``value.invalid``.
    """
    value = fields.get(name)
    if isinstance(value, Decimal) and value.adjusted() < LARGEST_EXPONENT and value == value.to_integral_value():
        return int(value)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    code = "value.invalid"
    raise FieldError(code, f"'{name}' is no whole number: '{str(value)[:40]}'")


def instant_of(value: object) -> int:
    """Return an instant [us since 1970, UTC]; a time that does not say its offset is none.

    Raises:
        FieldError: ``time.missing`` or ``time.invalid``.

    >>> instant_of("1970-01-01T10:00:00+10:00")
    0
    """
    if value is None:
        code = "time.missing"
        raise FieldError(code, "a value without its time")
    instant = value if isinstance(value, int) else _parsed(value) if isinstance(value, str) else None
    if instant is None or not 0 <= instant < _END_US:
        code = "time.invalid"
        raise FieldError(code, f"'{str(value)[:40]}' is no time of 1970 to 2099 with its offset, such as 2026-03-29T01:00:00Z")
    return instant


def _parsed(text: str) -> int | None:
    match = _STAMP.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0)) * (-1 if match[8] == "-" else 1)
    if abs(offset) > timedelta(minutes=WIDEST_OFFSET_MINUTES):
        return None
    try:
        moment = datetime(year, month, day, hour, minute, second, int((match[7] or "0").ljust(6, "0")), timezone(offset))
        return (moment - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def version_of(fields: Mapping[str, Any]) -> int | None:
    """Return when the sender made the row [us since 1970, UTC]; None where nothing says.

    Raises:
        FieldError: ``time.invalid``.
    """
    return None if fields.get("version") is None else instant_of(fields["version"])


def quality_of(value: object) -> Quality:
    """Return what a word, or a code of the store, says of a slot; nothing said is measured.

    Raises:
        FieldError: ``quality.unknown``.
    """
    found = None
    if value is None or isinstance(value, str):
        found = _QUALITIES.get(value or "measured")
    elif isinstance(value, int | Decimal) and not isinstance(value, bool) and value == int(value):
        found = _QUALITIES_BY_CODE.get(int(value))
    if found is None:
        code = "quality.unknown"
        raise FieldError(code, f"'{str(value)[:40]}' is no quality of a slot")
    return found


def read_quality_of(value: object) -> str:
    """Return the quality of a register read; nothing said is unverified.

    Raises:
        FieldError: ``quality.unknown``.
    """
    if value is None:
        return UNVERIFIED
    if isinstance(value, str) and value in _READ_QUALITIES:
        return value
    code = "quality.unknown"
    raise FieldError(code, f"'{str(value)[:40]}' is no quality of a register read")


def kind_of(value: object) -> ReadKind:
    """Return what a register read is; nothing said is an index.

    Raises:
        FieldError: ``kind.unknown``.
    """
    if value is None or value in tuple(ReadKind):
        return ReadKind(str(value or ReadKind.INDEX))
    code = "kind.unknown"
    raise FieldError(code, f"'{str(value)[:40]}' is not index, period or instant")


def text_of(value: object) -> str | None:
    """Return a text of the source that may be left out.

    Raises:
        FieldError: ``shape.type``.
    """
    if value is None or (isinstance(value, str) and len(value) <= MOST_CHARACTERS and value.isprintable()):
        return value or None
    code = "shape.type"
    raise FieldError(code, f"no text of at most {MOST_CHARACTERS} characters that can be seen: '{str(value)[:40]!a}'")


def number_in(value: object) -> str | int | Decimal | None:
    """Return a value as the collector takes it.

    Raises:
        FieldError: ``value.invalid``.
    """
    if value is None or (isinstance(value, str | int | Decimal) and not isinstance(value, bool)):
        return value
    code = "value.invalid"
    raise FieldError(code, f"'{str(value)[:40]}' is no number")
