"""Values of a CDR energy plan: amounts, rates, durations, times of day, days, days of the year, dates.

Source: Consumer Data Standards (Australia), common field types and the schemas of the Energy API.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from tariffs.importers.field_tree import FieldNode, invalid, shape_of, unsupported
from tariffs.importers.urdb_values import price_of
from tariffs.scalars import MINUTES_OF_DAY, QUANTITY_PLACES

HOLIDAY = 7
DAYS = {"MON": 0, "TUE": 1, "WED": 2, "THU": 3, "FRI": 4, "SAT": 5, "SUN": 6, "PUBLIC_HOLIDAYS": HOLIDAY}
AEST = "+10:00"
"""The clock of the National Electricity Market: Australian eastern standard time, no daylight saving."""
_LATEST_HOURS = 11
_LAST_YEAR = 9999
_DECIMAL = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,16})?")
_DURATION = re.compile(r"P(?:([0-9]{1,3})Y|([0-9]{1,3})M|([0-9]{1,3})W|([0-9]{1,3})D)")
_TIME = re.compile(r"T?([0-9]{1,2}):?([0-9]{2})(?::?([0-9]{2})(?:\.0+)?)?(Z|[+-][0-9]{2}:?[0-9]{2})?")
_MONTH_DAY = re.compile(r"([0-9]{2})-([0-9]{2})")
_SECONDS = 60


class Duration(NamedTuple):
    """An ISO 8601 duration of one unit.

    Attributes:
        number: how many.
        unit: ``day``, ``week``, ``month`` or ``year``.
    """

    number: int
    unit: str


def amount_of(node: FieldNode, name: str) -> Decimal | None:
    """Return an ``AmountString`` [AUD], 12 decimals at most; None where there is none."""
    value = node.get(name)
    if value is None:
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    if not isinstance(value, Decimal):
        raise invalid(node.at(name), f"an amount such as 0.25 is expected, not {value!r:.40}")
    return price_of(value, node.at(name))


def percent_of(node: FieldNode, name: str) -> Decimal | None:
    """Return a ``RateString`` (``0.05`` is 5 %) as a percentage; None where there is none."""
    rate = amount_of(node, name)
    return None if rate is None else rate * 100


def volume_of(node: FieldNode, name: str) -> Decimal | None:
    """Return a volume above 0, 9 decimals at most; None where there is none, or it is 0 as holders write for one rate."""
    value = node.get(name)
    if value is None:
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise invalid(node.at(name), f"a number is expected, not {shape_of(value)}")
    if not value:
        return None
    exponent = value.normalize().as_tuple().exponent
    if value < 0 or value.adjusted() >= 15 or (isinstance(exponent, int) and -exponent > QUANTITY_PLACES):  # noqa: PLR2004 - digits before the point
        raise invalid(node.at(name), f"{value} is no volume of at most {QUANTITY_PLACES} decimals")
    return value


def duration_of(node: FieldNode, name: str) -> Duration | None:
    """Return a duration of one unit, such as ``P1D`` or ``P3M``; None where there is none."""
    text = node.text(name)
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    if match is None or not any(int(part or 0) for part in match.groups()):
        raise unsupported(node.at(name), f"{text!r:.40}; carried are durations of one unit, such as P1D, P1M, P3M, P1Y")
    place = next(position for position, part in enumerate(match.groups()) if part)
    count, unit = int(match[place + 1]), ("year", "month", "week", "day")[place]
    return Duration(count // 12, "year") if unit == "month" and count % 12 == 0 else Duration(count, unit)


def start_time_of(node: FieldNode, name: str) -> int | None:
    """Return the start of a window [min after midnight]; None where there is none."""
    time = _time_of(node, name)
    if time is None:
        return None
    minutes, seconds = time
    if seconds or minutes == MINUTES_OF_DAY:
        raise unsupported(node.at(name), f"{node.text(name)!r:.40}; a window begins on a minute of the day")
    return minutes


def end_time_of(node: FieldNode, name: str) -> int | None:
    """Return the end of a window [min after midnight], not included; None where there is none.

    An end at minute or second 59 is that of a window that is written with its last minute or second: 20:59 ends at 21:00.
    The end at 00:00 is that of the day.
    """
    time = _time_of(node, name)
    if time is None:
        return None
    minutes, seconds = time
    if seconds not in (0, _SECONDS - 1):
        raise unsupported(node.at(name), f"{node.text(name)!r:.40}; a window ends on a minute of the day")
    if seconds or minutes % 60 == _SECONDS - 1:
        minutes += 1
    return minutes or MINUTES_OF_DAY


def _time_of(node: FieldNode, name: str) -> tuple[int, int] | None:
    text = node.text(name)
    if text is None:
        return None
    match = _TIME.fullmatch(text)
    minutes = int(match[1]) * 60 + int(match[2]) if match else MINUTES_OF_DAY + 1
    if match is None or int(match[2]) >= _SECONDS or int(match[3] or 0) >= _SECONDS or minutes > MINUTES_OF_DAY:
        raise invalid(node.at(name), f"{text!r:.40} is no time of day such as 15:00")
    if match[4] not in (None, AEST, AEST.replace(":", "")):
        raise unsupported(node.at(name), f"{text!r:.40} is a time of another clock than the plan's")
    return minutes, int(match[3] or 0)


def days_of(node: FieldNode, name: str) -> frozenset[int] | None:
    """Return kinds of day: 0 for Monday to 6 for Sunday, 7 for public holidays; None where none are named."""
    value = node.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) and each in DAYS for each in value):
        raise invalid(node.at(name), f"a list of {', '.join(DAYS)} is expected")
    return frozenset(DAYS[each] for each in value)


def month_day_of(node: FieldNode, name: str) -> tuple[int, int]:
    """Return a day of the year (month, day) from ``mm-dd``."""
    text = node.needed(name, node.text(name))
    match = _MONTH_DAY.fullmatch(text)
    try:
        day = date(2000, int(match[1]), int(match[2])) if match else None
    except ValueError:
        day = None
    if day is None:
        raise invalid(node.at(name), f"{text!r:.40} is no day of the year such as 07-01")
    return day.month, day.day


def date_of(node: FieldNode, name: str) -> date | None:
    """Return a date from ``YYYY-MM-DD`` or of an instant; None where there is none, or it is the end of all time.

    Plans begin at midnight of one Australian clock or another; at +11:00, the latest of them, each of those is on its date.
    """
    text = node.text(name)
    if text is None:
        return None
    if text.startswith(str(_LAST_YEAR)):
        return None
    try:
        if "T" not in text:
            day = date.fromisoformat(text)
        else:
            instant = datetime.fromisoformat(text)
            aware = instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
            day = (aware.astimezone(UTC) + timedelta(hours=_LATEST_HOURS)).date()
    except (ValueError, OverflowError):
        raise invalid(node.at(name), f"{text!r:.40} is no date such as 2026-07-01") from None
    return day
