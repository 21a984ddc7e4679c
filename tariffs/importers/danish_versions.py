"""Charges with dated prices as versions of a tariff: one for each stretch of days in which no price changes.

Hours of the day that cost the same in every charge are one period. A tariff whose prices change often becomes a price series.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tariffs.importers.danish_charges import (
    FEE,
    HOURS,
    SUBSCRIPTION,
    TARIFF,
    ZONE,
    DanishCharge,
    FeeDay,
    local_midnight,
    unsupported,
)
from tariffs.importers.hour_tables import MONTHS, HourTables, period_rules
from tariffs.importers.importer import SeriesRow

VAT, VAT_PERCENT = "vat", Decimal(25)
"""Momsloven § 33: 25 %."""
MOST_RANGES = 60
"""A tariff whose prices change more often is carried as a price series."""
MOST_VERSIONS = 400
"""Versions beyond that are no document that people read."""


@dataclass(frozen=True)
class Versions:
    """Versions of a tariff, and the price series they name."""

    versions: list[dict[str, Any]]
    series: dict[str, tuple[SeriesRow, ...]]


def versions_of(charges: Sequence[DanishCharge], source: Mapping[str, Any]) -> Versions:
    """Return the versions that say the same as dated charges.

    Args:
        charges: the charges.
        source: what each version keeps of where it is from.

    Raises:
        TariffError: ``import.unsupported``: prices of many charges change on too many dates.
    """
    moving = {charge.id: _moves_until(charge) for charge in charges if _moves(charge)}
    series = {charge.id: tuple(_rows(charge, moving[charge.id])) for charge in charges if charge.id in moving}
    cuts = {day for charge in charges for day in _cuts(charge, moving.get(charge.id))}
    if len(cuts) > MOST_VERSIONS:
        raise unsupported("versions", f"prices change on {len(cuts)} dates; {MOST_VERSIONS} at most", way_out="a charge's code")
    versions: list[dict[str, Any]] = []
    for day, after in _spans(sorted(cuts)):
        version = _version(charges, day, after, moving)
        if not versions or {name: each for name, each in versions[-1].items() if name not in ("from", "source")} != version:
            versions.append({"from": day, "source": dict(source)} | version)
    return Versions(versions, series)


def _moves(charge: DanishCharge) -> bool:
    return charge.kind == TARIFF and (len(charge.ranges) > MOST_RANGES or bool(charge.twofold))


def _moves_until(charge: DanishCharge) -> date:
    """Return the date until which a charge has the prices of a series: after that its last prices hold, or it has ended."""
    last = charge.ranges[-1]
    return last.start if last.end is None else last.end


def _cuts(charge: DanishCharge, moves_until: date | None) -> Iterator[date]:
    if charge.kind == FEE:
        yield from (each.day for each in charge.fee_days)
    elif moves_until is not None:
        yield from (charge.ranges[0].start, moves_until)
    else:
        for each in charge.ranges:
            yield each.start
            yield from () if each.end is None else (each.end,)


def _spans(cuts: Sequence[date]) -> Iterator[tuple[date, date | None]]:
    ends: list[date | None] = [*cuts[1:], None][: len(cuts)]
    yield from zip(cuts, ends, strict=True)


def _version(charges: Sequence[DanishCharge], day: date, after: date | None, moving: Mapping[str, date]) -> dict[str, Any]:
    in_series = {charge.id for charge in charges if charge.ranges and charge.ranges[0].start <= day < moving.get(charge.id, day)}
    priced = {charge.id: charge.prices_on(day) for charge in charges if charge.kind != FEE and charge.id not in in_series}
    by_hour = {name: prices for name, prices in priced.items() if prices is not None and len(prices) == HOURS}
    hours = list(zip(*by_hour.values(), strict=True))
    kinds = list(dict.fromkeys(hours))
    row = tuple(kinds.index(hour) for hour in hours)
    names = {position: f"p{position}" for position in range(len(kinds))}
    version: dict[str, Any] = {"periods": period_rules(HourTables((row,) * MONTHS, (row,) * MONTHS))} if by_hour else {}
    found: list[tuple[DanishCharge, dict[str, Any]]] = []
    for charge in charges:
        prices = priced.get(charge.id)
        if charge.kind == FEE:
            days = [each for each in charge.fee_days if day <= each.day and (after is None or each.day < after)]
            found += [(charge, each) for each in _fees(charge, days)]
        elif charge.id in in_series:
            found += [(charge, each) for each in _linked(charge, {"kind": "energy", "price": {"series": charge.id}})]
        elif prices is not None and charge.id in by_hour:
            column = list(by_hour).index(charge.id)
            price = {names[position]: kind[column] for position, kind in enumerate(kinds)}
            found += [(charge, each) for each in _linked(charge, {"kind": "energy", "price": price})]
        elif prices is not None:
            found += [(charge, each) for each in _linked(charge, _flat(charge, prices[0]))]
    version["charges"] = [each for _, each in found]
    taxed = [each["id"] for charge, each in found if charge.vat]
    if taxed:
        version["charges"].append({"id": VAT, "kind": "tax", "of": taxed, "percent": VAT_PERCENT})
    return version


def _flat(charge: DanishCharge, price: Decimal | None) -> dict[str, Any]:
    if charge.kind == SUBSCRIPTION:
        return {"kind": "fixed", "price": price, "per": "month", "prorate": "days_of_month"}
    return {"kind": "energy", "price": price}


def _linked(charge: DanishCharge, rest: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a charge, and once more for each quantity of it that metering points have."""
    for quantity in sorted({1, *(charge.quantities or ())}):
        name = _name(charge, quantity)
        option = {} if charge.quantities is None else {"only_for": name}
        yield {"id": name} | _times(rest, quantity) | option


def _times(rest: dict[str, Any], quantity: int) -> dict[str, Any]:
    price = rest["price"]
    if quantity == 1:
        return rest
    if not isinstance(price, dict):
        return rest | {"price": price * quantity}
    if "series" in price:
        return rest | {"price": price | {"times": Decimal(quantity)}}
    return rest | {"price": {name: each * quantity for name, each in price.items()}}


def _fees(charge: DanishCharge, days: Sequence[FeeDay]) -> Iterator[dict[str, Any]]:
    for each in days:
        prices = charge.prices_on(each.day)
        price = prices[0] if prices is not None else None
        if price is not None:
            name = _name(charge, each.quantity)
            yield {"id": f"{name}.{each.day}", "kind": "fee", "price": price * each.quantity, "when": each.day, "only_for": name}


def _name(charge: DanishCharge, quantity: int) -> str:
    return charge.id if quantity == 1 else f"{charge.id}.x{quantity}"


def _rows(charge: DanishCharge, until: date) -> Iterator[SeriesRow]:
    """Yield a charge's prices until a date as rows of a series: an hour that costs what the hour before it cost has none.

    An hour without a price costs nothing: whoever left it unpriced without leave has been refused.
    """
    points = dict(charge.points)
    price: Decimal | None = None
    day = charge.ranges[0].start
    while day < until:
        prices = charge.prices_on(day)
        for instant in _hours(day):
            local = instant.astimezone(ZONE)
            known = None if prices is None else points.get(instant) if points else prices[local.hour if len(prices) > 1 else 0]
            found = Decimal(0) if known is None else known
            if found != price:
                price = found
                yield SeriesRow(local, found)
        day += timedelta(days=1)


def _hours(day: date) -> Iterator[datetime]:
    """Yield the hours of a local date, 23 to 25 of them."""
    instant, after = (local_midnight(each).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    while instant < after:
        yield instant
        instant += timedelta(hours=1)
