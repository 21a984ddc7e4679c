"""Charges of the Danish electricity market as their price lists have them: what they are, and which price holds when.

A tariff is so much a kWh, for the whole day or for each of its hours; a subscription so much a month, shared by the month's days;
a fee so much once. Days are those of Danish time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

from schemas.errors import TariffError
from tariffs.importers.carried_fields import CarriedField, Fate
from tariffs.importers.importer import INVALID, UNSUPPORTED

CLOCK = "Europe/Copenhagen"
ZONE = ZoneInfo(CLOCK)
TARIFF, SUBSCRIPTION, FEE = "tariff", "subscription", "fee"
HOURS = 24
MISSING_PRICES = "missing_prices"
"""What ``--without`` leaves out so that days and hours without a price are charged nothing."""

Prices = tuple[Decimal | None, ...]
"""One price, or one for each local hour of the day; None where the table has none."""


class PriceRange(NamedTuple):
    """Prices and when they hold.

    Attributes:
        start: first local date.
        end: local date after the last; None where they hold on.
        prices: see ``Prices``.
    """

    start: date
    end: date | None
    prices: Prices

    def holds_on(self, day: date) -> bool:
        """Tell whether the prices hold on a date."""
        return self.start <= day and (self.end is None or day < self.end)


class FeeDay(NamedTuple):
    """A day on which metering points pay a fee, and how many times."""

    day: date
    quantity: int


@dataclass(frozen=True)
class DanishCharge:
    """A charge of a price list.

    Attributes:
        id: what the tariff calls it.
        code: what its owner calls it.
        kind: ``TARIFF``, ``SUBSCRIPTION`` or ``FEE``.
        ranges: its prices, in order, none twice on one day.
        vat: whether VAT comes on top; None where the list does not say.
        quantities: how many of it metering points have (2 subscriptions, …), where the list has links; None where it has none.
        fee_days: days on which a fee is paid.
        points: price of each hour, where the list has them one by one: (instant in UTC, price), in order.
        twofold: days that have an hour twice with two prices: no table of 24 hours tells those.
    """

    id: str
    code: str
    kind: str
    ranges: tuple[PriceRange, ...]
    vat: bool | None = None
    quantities: tuple[int, ...] | None = None
    fee_days: tuple[FeeDay, ...] = ()
    points: tuple[tuple[datetime, Decimal], ...] = ()
    twofold: tuple[date, ...] = ()

    def prices_on(self, day: date) -> Prices | None:
        """Return the prices of a date; None where there are none."""
        return next((each.prices for each in self.ranges if each.holds_on(day)), None)


@dataclass(frozen=True)
class PriceList:
    """A price list as it was read.

    Attributes:
        charges: its charges.
        owner: name or id of the one owner of all; empty where there are several.
        fields: what became of every field.
        notes: sentences for the reader of the written file.
    """

    charges: tuple[DanishCharge, ...]
    owner: str
    fields: tuple[CarriedField, ...]
    notes: tuple[str, ...]


def invalid(where: str, what: str) -> TariffError:
    """Return the refusal of a field that says something that cannot be."""
    return TariffError(INVALID, f"{where}: {what}", "", where)


def unsupported(where: str, what: str, *, way_out: str | None = None) -> TariffError:
    """Return the refusal of a field that cannot be carried; ``way_out``: what ``--without`` leaves out instead."""
    return TariffError(UNSUPPORTED, f"{where}: {what}", f"leave it out on purpose with --without '{way_out or where}'", where)


def names_of(codes: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], str]:
    """Return a name for each charge: its code with what a name cannot hold replaced, and a number where two have the same.

    Args:
        codes: keys of charges, which begin with the code.

    >>> names_of([("CD R", "a"), ("CD-R", "a"), ("CD R", "b")])
    {('CD R', 'a'): 'CD-R', ('CD-R', 'a'): 'CD-R.2', ('CD R', 'b'): 'CD-R.3'}
    """
    names: dict[tuple[str, ...], str] = {}
    count: dict[str, int] = {}
    for key in codes:
        plain = re.sub(r"[^A-Za-z0-9_.-]+", "-", key[0]).strip("-.")[:100] or "charge"
        plain = plain if plain[0].isalnum() else f"x{plain}"
        count[plain] = count.get(plain, 0) + 1
        names[key] = plain if count[plain] == 1 else f"{plain}.{count[plain]}"
    return names


def local_midnight(day: date) -> datetime:
    """Return the first instant of a local date."""
    return datetime.combine(day, time(), ZONE)


def joined(ranges: Sequence[PriceRange], where: str) -> tuple[PriceRange, ...]:
    """Return price ranges in order, neighbours of the same prices as one.

    Raises:
        TariffError: ``import.unsupported``: two hold on one day.
    """
    found: list[PriceRange] = []
    for each in sorted(ranges, key=lambda each: each.start):
        if each.end is not None and each.end <= each.start:
            raise invalid(where, f"prices from {each.start} to {each.end}")
        if found and (found[-1].end is None or found[-1].end > each.start):
            raise unsupported(where, f"two prices hold on {each.start}")
        if found and found[-1].end == each.start and found[-1].prices == each.prices:
            found[-1] = found[-1]._replace(end=each.end)
        else:
            found.append(each)
    return tuple(found)


def clipped(ranges: Sequence[PriceRange], periods: Sequence[tuple[date, date | None]]) -> Iterator[PriceRange]:
    """Yield the parts of price ranges that lie in some periods."""
    for each in ranges:
        for first, after in periods:
            start = max(each.start, first)
            ends = [end for end in (each.end, after) if end is not None]
            if not ends or start < min(ends):
                yield PriceRange(start, min(ends, default=None), each.prices)


def filled(
    charges: Sequence[DanishCharge],
    periods: Callable[[DanishCharge], Sequence[tuple[date, date | None]]],
    where: str,
    *,
    leave_out: bool,
) -> Iterator[DanishCharge]:
    """Yield the charges with what their tables leave open settled.

    Prices are known from the first day any tariff has one to the last. Each tariff must have a price on every day of its own
    inside of that, for every hour; the last prices hold on.

    Args:
        charges: the charges.
        periods: when a charge exists.
        where: the field of the prices.
        leave_out: a day or hour without a price is charged nothing, and the last prices end when they end.

    Raises:
        TariffError: ``import.unsupported``: a day or hour without a price.
    """
    bounded = [each for charge in charges if charge.kind == TARIFF for each in charge.ranges if each.end is not None]
    known = (min(each.start for each in bounded), max(each.end for each in bounded if each.end)) if bounded else None
    for charge in charges:
        if leave_out or known is None or charge.kind != TARIFF:
            yield charge
            continue
        for first, after in periods(charge):
            hole = _hole(charge.ranges, max(first, known[0]), known[1] if after is None else min(after, known[1]))
            if hole is not None:
                raise unsupported(where, f"{charge.code} has no price {hole}", way_out=MISSING_PRICES)
        last = charge.ranges[-1] if charge.ranges else None
        open_end = any(after is None for _, after in periods(charge))
        if last is not None and last.end == known[1] and open_end:
            if last.start in charge.twofold:
                what = f"the prices of {charge.code} end with {last.start}, when an hour comes twice; nothing says how they go on"
                raise unsupported(where, what, way_out=charge.code)
            yield held_on(charge)
        else:
            yield charge


def held_on(charge: DanishCharge) -> DanishCharge:
    """Return a charge whose last prices have no end."""
    return replace(charge, ranges=(*charge.ranges[:-1], charge.ranges[-1]._replace(end=None)))


def _hole(ranges: Sequence[PriceRange], first: date, after: date) -> str | None:
    """Return the first day or hour between two dates that has no price, in words."""
    day = first
    for each in ranges:
        if each.end is not None and each.end <= day:
            continue
        if day >= after:
            break
        if each.start > day:
            return f"on {day}"
        if None in each.prices:
            return f"on {max(day, each.start)} at {each.prices.index(None):02d}:00"
        day = after if each.end is None else each.end
    return f"on {day}" if day < after else None


def price_profile(points: Mapping[datetime, Decimal], day: date, before: Prices | None, where: str) -> tuple[Prices, bool]:
    """Return the prices of the 24 hours of a local date, and whether one price an hour tells all.

    The hour that a spring day lacks has the price of the day before, or of the hour before it; an autumn day has an hour
    twice, and where its two prices differ no table of 24 hours tells them.

    Args:
        points: price by instant.
        day: the date.
        before: prices of the day before, where it has any.
        where: the field of the prices.
    """
    prices: list[Decimal | None] = [None] * HOURS
    seen: set[int] = set()
    one_each = True
    instant, after = (local_midnight(each).timestamp() for each in (day, day + timedelta(days=1)))
    while instant < after:
        moment = datetime.fromtimestamp(instant, ZONE)
        price = points.get(moment.astimezone(UTC))
        if moment.hour in seen and prices[moment.hour] != price:
            one_each = False
        seen.add(moment.hour)
        prices[moment.hour] = price
        instant += 3600
    for hour in set(range(HOURS)) - seen:
        prices[hour] = before[hour] if before is not None and len(before) == HOURS else prices[hour - 1]
    if not seen:
        raise invalid(where, f"{day} has no hours")
    return tuple(prices), one_each


def tell_columns(fates: Mapping[str, tuple[Fate, str]], columns: Sequence[str], table: str) -> Iterator[CarriedField]:
    """Yield what became of the columns of a table."""
    for column in columns:
        fate, carried_as = fates[column]
        yield CarriedField(f"{table}.{column}" if table else column, fate, carried_as)


def spans_overlap(spans: Sequence[tuple[date, date | None]]) -> bool:
    """Tell whether two of some spans of dates share a day."""
    return any(first[1] is None or first[1] > second[0] for first, second in pairwise(sorted(spans, key=lambda span: span[0])))
