"""Scalars of a tariff document: every one arrives as text and becomes exactly one kind of value.

YAML would read ``0.10`` as a binary float, ``12:30`` as 750 and ``off`` as false in one dialect or another; a tariff
is read as text and each field says here what text it takes.

>>> decimal_of("-0.0225", places=12), clock_time_of("24:00"), month_day_of("02-29")
(Decimal('-0.0225'), 1440, MonthDay(month=2, day=29))
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, NamedTuple, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Strict
from pydantic_core import PydanticCustomError

INVALID = "tariff.invalid"
"""Code: the document says something that cannot be."""
UNSUPPORTED = "tariff.unsupported"
"""Code: the document is sound, and asks for a rule that this program does not have."""
GAP = "tariff.gap"
"""Code: some minute has no period, or some period no price."""

PRICE_PLACES = 12
PERCENT_PLACES = 10
"""A percentage is stored as a fraction with two places more."""
QUANTITY_PLACES = 9
MINUTES_OF_DAY = 1440

_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]+)?")
_WHOLE = re.compile(r"[0-9]{1,6}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_CLOCK_TIME = re.compile(r"([0-9]{2}):([0-9]{2})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_CURRENCY = re.compile(r"[A-Z]{3}")


class MonthDay(NamedTuple):
    """A day of every year; comparing two of them needs no year, 29 February included."""

    month: int
    day: int


class Document(BaseModel):
    """A part of a tariff document: frozen, unknown fields refused, no value bent into another type."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def problem(code: str, what: str) -> PydanticCustomError:
    """Return the error a validator raises; ``code`` decides the code of the refusal."""
    return PydanticCustomError(code, "{what}", {"what": what})


def _text_of(value: object, wanted: str) -> str:
    if not isinstance(value, str):
        raise problem(INVALID, f"{wanted} is expected here, not {_shape_of(value)}")
    return value


def _shape_of(value: object) -> str:
    return {dict: "a mapping", list: "a list", type(None): "nothing"}.get(type(value), repr(value))


def decimal_of(value: object, *, places: int) -> Decimal:
    """Return a decimal from its text.

    Raises:
        PydanticCustomError: not plain digits, more than 15 of them before the point or more than ``places`` after it.
    """
    text = _text_of(value, "a decimal")
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise problem(INVALID, f"{text!r} is not a decimal such as 0.4863")
    if len(match[1] or ".") - 1 > places:
        raise problem(INVALID, f"{text!r} has more than {places} decimals")
    return Decimal(text)


def whole_of(value: object) -> int:
    """Return a whole number from its text."""
    text = _text_of(value, "a whole number")
    if not _WHOLE.fullmatch(text):
        raise problem(INVALID, f"{text!r} is not a whole number")
    return int(text)


def date_of(value: object) -> date:
    """Return a date from ``YYYY-MM-DD``."""
    text = _text_of(value, "a date")
    try:
        return date.fromisoformat(text if _DATE.fullmatch(text) else "")
    except ValueError:
        raise problem(INVALID, f"{text!r} is not a date such as 2026-07-01") from None


def month_day_of(value: object) -> MonthDay:
    """Return a day of the year from ``MM-DD``; 02-29 is one."""
    text = _text_of(value, "a day of the year")
    match = _MONTH_DAY.fullmatch(text)
    try:
        leap = date(2000, int(match[1]), int(match[2])) if match else None
    except ValueError:
        leap = None
    if leap is None:
        raise problem(INVALID, f"{text!r} is not a day of the year such as 06-01")
    return MonthDay(leap.month, leap.day)


def clock_time_of(value: object) -> int:
    """Return minutes after midnight [min] from ``HH:MM``; 24:00 is the end of the day."""
    text = _text_of(value, "a time of day")
    match = _CLOCK_TIME.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else None  # noqa: PLR2004 - minutes
    if minutes is None or minutes > MINUTES_OF_DAY:
        raise problem(INVALID, f"{text!r} is not a time of day such as 15:00")
    return minutes


def _matching(value: object, *, pattern: re.Pattern[str], wanted: str) -> str:
    text = _text_of(value, wanted)
    if not pattern.fullmatch(text):
        raise problem(INVALID, f"{text!r} is not {wanted}")
    return text


def one_of(*words: str) -> Callable[[object], str]:
    """Return a parser for a closed set of words."""

    def parse(value: object) -> str:
        text = _text_of(value, "one word")
        if text not in words:
            raise problem(INVALID, f"{text!r} is not one of: {', '.join(words)}")
        return text

    return parse


def yes_or_no(value: object) -> bool:
    """Return what ``true`` or ``false`` says."""
    return value if isinstance(value, bool) else one_of("true", "false")(value) == "true"


T = TypeVar("T")
ListOf = Annotated[tuple[T, ...], Strict(strict=False)]
"""A list of the document, kept as a tuple."""
Price = Annotated[Decimal, BeforeValidator(partial(decimal_of, places=PRICE_PLACES))]
Percent = Annotated[Decimal, BeforeValidator(partial(decimal_of, places=PERCENT_PLACES))]
Quantity = Annotated[Decimal, BeforeValidator(partial(decimal_of, places=QUANTITY_PLACES))]
Whole = Annotated[int, BeforeValidator(whole_of)]
Day = Annotated[date, BeforeValidator(date_of)]
DayOfYear = Annotated[MonthDay, BeforeValidator(month_day_of)]
ClockTime = Annotated[int, BeforeValidator(clock_time_of)]
Name = Annotated[
    str, BeforeValidator(partial(_matching, pattern=_NAME, wanted="a name of letters, digits, '_', '.' and '-' (128 at most)"))
]
Currency = Annotated[str, BeforeValidator(partial(_matching, pattern=_CURRENCY, wanted="an ISO 4217 code such as AUD"))]
Tree = Any
"""Information that is kept and never priced."""
