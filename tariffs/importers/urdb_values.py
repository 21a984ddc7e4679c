"""Values of a URDB record: numbers, dates, texts, tables of hours and structures of tiers, each refused by its field."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from schemas.errors import TariffError
from tariffs.importers.hour_tables import HOURS, MONTHS, Row
from tariffs.importers.importer import INVALID, UNSUPPORTED
from tariffs.scalars import PRICE_PLACES, QUANTITY_PLACES

KWH, KWH_DAILY, KWH_PER_KW = "kWh", "kWh daily", "kWh/kW"
OPEN = Decimal("1e30")
"""A ``max`` from here on is no limit: exporters write 1e+38 for an open tier."""
SELL = "sell"
"""What a tier pays for export; told of as a field of its own."""
WHOLE_DIGITS = 15
_WAY_OUT = "leave it out on purpose with --without"


def invalid(field: str, what: str) -> TariffError:
    """Return the refusal of a field that says something that cannot be."""
    return TariffError(INVALID, f"{field}: {what}", "", field)


def unsupported(field: str, what: str) -> TariffError:
    """Return the refusal of a field that cannot be carried."""
    return TariffError(UNSUPPORTED, f"{field}: {what}", f"{_WAY_OUT} {field}", field)


def number_of(value: object, field: str) -> Decimal:
    """Return a finite number of a size that is written out in digits."""
    if not isinstance(value, Decimal):
        raise invalid(field, f"a number is expected, not {_shape_of(value)}")
    if not value.is_finite():
        raise invalid(field, f"{value} is no number")
    if value and not -2 * OPEN.adjusted() <= value.adjusted() <= 2 * OPEN.adjusted():
        raise invalid(field, f"{value} is no number that a price list has")
    return value


def price_of(value: object, field: str) -> Decimal:
    """Return a price: 15 digits before the point and 12 after it at most, so that it is carried exactly."""
    return _exact(number_of(value, field), field, PRICE_PLACES)


def sum_of(first: Decimal, second: Decimal, field: str) -> Decimal:
    """Return the exact sum of a rate and its adjustment."""
    with localcontext() as exactly:
        exactly.prec = 2 * (WHOLE_DIGITS + PRICE_PLACES)
        return price_of(first + second, field)


def _exact(value: Decimal, field: str, places: int) -> Decimal:
    with localcontext() as exactly:
        exactly.prec = 8 * OPEN.adjusted()
        least = value.normalize()
        exponent = least.as_tuple().exponent
        if isinstance(exponent, int) and (-exponent > places or least.adjusted() >= WHOLE_DIGITS):
            raise invalid(field, f"{value} has more than {WHOLE_DIGITS} digits before the point or {places} after it")
        return Decimal(f"{least:f}")


def text_of(value: object, field: str) -> str:
    """Return a text."""
    if not isinstance(value, str):
        raise invalid(field, f"a text is expected, not {_shape_of(value)}")
    return value


def date_of(value: object, field: str) -> date:
    """Return a date from ``YYYY-MM-DD`` or from seconds since 1970.

    URDB keeps the midnight of the utility's own clock as an instant; the date is that of the midnight nearest to it in UTC,
    which holds for every clock of the Americas and all others less than twelve hours from UTC.
    """
    try:
        if isinstance(value, str):
            return date.fromisoformat(value)
        seconds = number_of(value, field)
        whole = int(seconds)
        if whole != seconds:
            raise invalid(field, f"{value} is no whole number of seconds")
        return (datetime.fromtimestamp(whole, UTC) + timedelta(hours=12)).date()
    except (ValueError, OverflowError, OSError):
        raise invalid(field, f"{value!s:.40} is no date") from None


def table_of(value: object, field: str, periods: int) -> tuple[Row, ...]:
    """Return a table of 12 months by 24 hours of positions of periods, each less than ``periods``."""
    if not isinstance(value, list) or len(value) != MONTHS:
        raise invalid(field, f"{MONTHS} rows are expected, one a month")
    return tuple(_row_of(row, field, periods, HOURS, f"month {month}") for month, row in enumerate(value, start=1))


def months_of(value: object, field: str, periods: int) -> Row:
    """Return twelve positions of periods, each less than ``periods``."""
    return _row_of(value, field, periods, MONTHS, "the year")


def _row_of(value: object, field: str, periods: int, length: int, name: str) -> Row:
    if not isinstance(value, list) or len(value) != length:
        raise invalid(field, f"{name} has {len(value) if isinstance(value, list) else 'no'} values in place of {length}")
    row = []
    for each in value:
        number = number_of(each, field)
        if number not in range(periods):
            raise invalid(field, f"{name} names period {number}; there are {periods}, counted from 0")
        row.append(int(number))
    return tuple(row)


class Tier(NamedTuple):
    """A step of a ladder.

    Attributes:
        price: rate and adjustment together [currency/unit].
        max: upper end, from the start of the ladder; None where it is open.
        unit: of the upper end.
        sell: what export earns; None where nothing is said.
    """

    price: Decimal
    max: Decimal | None
    unit: str
    sell: Decimal | None


def structure_of(value: object, field: str, *, units: Sequence[str] = (), default: str) -> list[list[Tier]]:
    """Return periods of tiers.

    Args:
        value: what the record says: a list of periods, each a list of tiers.
        field: its name.
        units: the units a tier may name; none where it names none.
        default: the unit of a tier that names none.
    """
    if not isinstance(value, list) or not value:
        raise invalid(field, "a list of periods is expected")
    return [_period_of(period, position, field, units, default) for position, period in enumerate(value)]


def _period_of(value: object, position: int, field: str, units: Sequence[str], default: str) -> list[Tier]:
    if not isinstance(value, list) or not value:
        raise invalid(field, f"period {position} has no tiers")
    return [_tier_of(tier, f"period {position}, tier {number}", field, units, default) for number, tier in enumerate(value)]


def _tier_of(value: object, place: str, field: str, units: Sequence[str], default: str) -> Tier:
    if not isinstance(value, dict):
        raise invalid(field, f"{place}: an object is expected, not {_shape_of(value)}")
    known = ("rate", "adj", "max", SELL, *(("unit",) if units else ()))
    for key, each in value.items():
        if key not in known and each is not None:
            raise unsupported(field, f"{place}: nobody here knows {key!r}, so nobody knows what it costs")
    if value.get("rate") is None and value.get("adj") is None:
        raise invalid(field, f"{place} has no rate")
    rate, adj = (Decimal(0) if value.get(key) is None else price_of(value[key], field) for key in ("rate", "adj"))
    sell = None if value.get(SELL) is None else price_of(value[SELL], SELL)
    return Tier(
        sum_of(rate, adj, field), _max_of(value.get("max"), place, field), _unit_of(value, place, field, units, default), sell
    )


def _max_of(value: object, place: str, field: str) -> Decimal | None:
    if value is None:
        return None
    limit = number_of(value, field)
    if limit >= OPEN:
        return None
    if limit <= 0:
        raise invalid(field, f"{place} ends at {limit}")
    return _exact(limit, field, QUANTITY_PLACES)


def _unit_of(tier: dict[str, Any], place: str, field: str, units: Sequence[str], default: str) -> str:
    unit = tier.get("unit") if units else None
    if unit is None:
        return default
    found = next((known for known in units if isinstance(unit, str) and unit.casefold() == known.casefold()), None)
    if found is None:
        raise unsupported(field, f"{place} counts in {unit!r}; carried are {', '.join(units)}")
    return found


def _shape_of(value: object) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(
        type(value), repr(value)
    )
