"""Rates of an OpenTariff tariff: prices in pence, and when each holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from tariffs.importers.cdr_windows import DayWindow, clock_text, day_words, prove_partition
from tariffs.importers.field_tree import FieldNode, invalid, unsupported
from tariffs.importers.importer import SeriesRow
from tariffs.importers.urdb_values import price_of
from tariffs.scalars import MINUTES_OF_DAY

FUELS = ("electricity", "gas")
BOTH = "both"
SINGLE, STATIC, DYNAMIC = "single_rate", "time_of_use_static", "time_of_use_dynamic"
TIERED, BY_USE = "demand_tiered", "type_of_use"
RATE_TYPES = (SINGLE, STATIC, DYNAMIC, TIERED, BY_USE)
USES = ("electric_vehicle", "heat_pump", "any")
_FIELDS = {
    STATIC: ("time_from", "time_to", "day_from", "day_to", "month_from", "month_to"),
    DYNAMIC: ("datetime_from", "datetime_to"),
    TIERED: ("consumption_from", "consumption_to"),
    BY_USE: ("consumption_type",),
}
"""What tells the rates of a type apart."""
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,12})?")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2})(?::00(?:\.0+)?)?")
_MONTHS = 12
_WEEK = 7


class Rate(NamedTuple):
    """A rate.

    Attributes:
        node: where it stands.
        kind: its type.
        direction: ``import`` or ``export``.
        price: per kWh [GBP].
        use: what the energy is used for; ``any`` where it is not said.
    """

    node: FieldNode
    kind: str
    direction: str
    price: Decimal
    use: str


def pounds_of(node: FieldNode, name: str) -> Decimal | None:
    """Return a price in pence as pounds; None where there is none."""
    value = node.get(name)
    if value is None:
        return None
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        value = Decimal(value)
    return price_of(price_of(value, node.at(name)) / 100, node.at(name))


def rates_of(tariff: FieldNode, kind: str, fuel: str, *, default: str) -> list[Rate]:
    """Return the rates of a fuel, and tell of their fields.

    Args:
        tariff: the tariff.
        kind: its rate type, which is that of each of its rates.
        fuel: the fuel whose rates are wanted.
        default: the direction of rates that have none.
    """
    rates = []
    for node in tariff.children("rates"):
        found = node.needed("fuel", node.word("fuel", FUELS))
        if found in node.tree.without:
            node.left_out(f"{found} was left out on request")
            continue
        if found != fuel:
            raise invalid(node.at("fuel"), f"{found} in a tariff for {fuel}")
        if node.needed("rate_type", node.word("rate_type", RATE_TYPES)) != kind:
            raise invalid(node.at("rate_type"), f"the rates of a tariff are of its own type, {kind}")
        direction = node.word("direction", ("import", "export")) or default
        if direction not in ("import", "export"):
            raise invalid(node.at("direction"), "the product has both directions, and the rate does not say which it is of")
        _told_apart(node, kind)
        price = node.needed("unit_rate", pounds_of(node, "unit_rate"))
        if not 0 < price < 1:
            raise invalid(node.at("unit_rate"), "a unit rate is above 0 and below 100 pence")
        use = node.needed("consumption_type", node.word("consumption_type", USES)) if kind == BY_USE else "any"
        node.carried("unit_rate", "charge energy" if direction == "import" else "export.price")
        node.inform({"fuel": "the fuel of the tariff", "rate_type": "the type of the tariff", "direction": "import or export"})
        for name in _FIELDS.get(kind, ()):
            node.carried(name, "when or for what the rate holds")
        rates.append(Rate(node, kind, direction, price, use))
    if not rates:
        raise invalid(tariff.at("rates"), f"no rate for {fuel}")
    return rates


def _told_apart(node: FieldNode, kind: str) -> None:
    """Refuse fields that belong to rates of another type: they would change when the rate holds."""
    for other, names in _FIELDS.items():
        for name in names:
            if other != kind and node.get(name) is not None:
                raise unsupported(node.at(name), f"belongs to rates of type {other}, and this one is of type {kind}")


class _Held(NamedTuple):
    """When a rate by time of use holds: its months and its window."""

    months: tuple[int, ...]
    window: DayWindow


def periods_of(rates: Sequence[Rate], path: str) -> tuple[dict[str, list[dict[str, Any]]], dict[str, Decimal]]:
    """Return periods and their prices; rates of one price are one period.

    Args:
        rates: rates by time of use, of one direction.
        path: the field they are from.

    Raises:
        TariffError: ``import.unsupported``: a minute of the year has two rates, or none.
    """
    held = {rate.node.path: _held(rate.node) for rate in rates}
    for month in range(1, _MONTHS + 1):
        windows = {name: [each.window] for name, each in held.items() if month in each.months}
        prove_partition(windows, f"{path} in month {month}", holidays=False)
    names: dict[Decimal, str] = {}
    periods: dict[str, list[dict[str, Any]]] = {}
    for rate in rates:
        name = names.setdefault(rate.price, f"p{len(names) + 1}")
        periods.setdefault(name, []).append(_rule(held[rate.node.path]))
    return periods, {name: price for price, name in names.items()}


def _held(node: FieldNode) -> _Held:
    pairs = {name: _pair(node, name) for name in ("time", "day", "month")}
    if not any(pairs.values()):
        raise invalid(node.path, "a rate by time of use says times, days or months")
    start, end = pairs["time"] or (0, MINUTES_OF_DAY)
    days = _round(pairs["day"] or (0, _WEEK - 1), _WEEK, first=0)
    months = _round(pairs["month"] or (1, _MONTHS), _MONTHS, first=1)
    return _Held(tuple(sorted(months)), DayWindow(frozenset(days), start, end or MINUTES_OF_DAY))


def _pair(node: FieldNode, name: str) -> tuple[int, int] | None:
    """Return both ends of a span; None where it has none."""
    first, last = f"{name}_from", f"{name}_to"
    if node.get(first) is None and node.get(last) is None:
        return None
    for each in (first, last):
        node.needed(each, node.get(each))
    ends = (_end_of(node, first, name), _end_of(node, last, name))
    if ends[0] == ends[1]:
        raise invalid(node.at(last), f"is the same as {first}")
    return ends


def _end_of(node: FieldNode, name: str, kind: str) -> int:
    value = node.get(name)
    if kind == "time":
        match = _TIME.fullmatch(value) if isinstance(value, str) else None
        minutes = int(match[1]) * 60 + int(match[2]) if match and int(match[2]) < 60 else MINUTES_OF_DAY  # noqa: PLR2004 - minutes of an hour
        if minutes >= MINUTES_OF_DAY:
            raise invalid(node.at(name), f"{value!s:.40} is no time of day on a minute")
        return minutes
    least, most = (0, _WEEK - 1) if kind == "day" else (1, _MONTHS)
    if not isinstance(value, Decimal) or value not in range(least, most + 1):
        raise invalid(node.at(name), f"{value!s:.40} is not {least} to {most}")
    return int(value)


def _round(ends: tuple[int, int], length: int, *, first: int) -> list[int]:
    """Return the numbers from one to another, both included, round the end of the week or year."""
    start, end = ends
    return [(start - first + step) % length + first for step in range((end - start) % length + 1)]


def _rule(held: _Held) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if len(held.months) < _MONTHS:
        rule["months"] = list(held.months)
    if len(held.window.days) < _WEEK or not rule:
        rule["days"] = day_words(held.window.days, holidays=False)
    if (held.window.start, held.window.end) != (0, MINUTES_OF_DAY):
        rule["from"], rule["to"] = clock_text(held.window.start), clock_text(held.window.end)
    return rule


def dynamic_rows(rates: Sequence[Rate]) -> tuple[SeriesRow, ...]:
    """Return rates by date and time as rows of a price series, in order.

    Raises:
        TariffError: ``import.unsupported``: a hole between two rates, two at once, or a time without an offset.
    """
    spans = sorted(
        ((_instant(rate.node, "datetime_from"), _instant(rate.node, "datetime_to"), rate) for rate in rates),
        key=lambda span: span[0],
    )
    for number, (start, end, rate) in enumerate(spans):
        if end <= start:
            raise invalid(rate.node.at("datetime_to"), "is not after datetime_from")
        if number and start != spans[number - 1][1]:
            what = "begins before the rate before it has ended" if start < spans[number - 1][1] else "leaves a hole before it"
            raise unsupported(rate.node.at("datetime_from"), what)
    return tuple(SeriesRow(start, rate.price) for start, _, rate in spans)


def _instant(node: FieldNode, name: str) -> datetime:
    text = node.needed(name, node.text(name))
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise invalid(node.at(name), f"{text!r:.40} is no date and time") from None
    if instant.tzinfo is None:
        raise unsupported(node.at(name), f"{text!r:.40} has no offset from UTC, and the schema has no clock")
    return instant
