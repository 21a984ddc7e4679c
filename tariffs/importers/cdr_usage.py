"""What CDR calls tariff periods: parts of the year with rates of usage, as seasons, periods and energy charges.

Tariff periods with rates of usage follow each other and together fill the year; no day has two. Inside of one, the windows of
time-of-use rates hold every minute once; each such rate may stand in a tariff period of its own, with the same dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from tariffs.importers.cdr_ladders import YEAR, PricedSteps, Steps, priced_steps
from tariffs.importers.cdr_values import days_of, end_time_of, month_day_of, start_time_of
from tariffs.importers.cdr_windows import ALL_DAYS, DayWindow, prove_partition
from tariffs.importers.field_tree import FieldNode, invalid, unsupported

_BY_TIME, _DEMAND = "timeOfUseRates", "demandCharges"
BLOCKS = ("singleRate", _BY_TIME, _DEMAND)
TYPES = ("PEAK", "OFF_PEAK", "SHOULDER", "SHOULDER1", "SHOULDER2", "SOLAR_SPONGE")
KINDS = ("ENVIRONMENTAL", "REGULATED", "NETWORK", "METERING", "RETAIL_SERVICE", "RCTI", "OTHER")
_LEAP_YEAR = 2024
_FEBRUARY = (2, 28)
_TWICE = "two tariff periods have rates of usage; whether they add up is not said"


class YearPart(NamedTuple):
    """A part of every year.

    Attributes:
        first: its first day (month, day).
        last: its last day; 28 February is the end of the month, leap year or not.
    """

    first: tuple[int, int]
    last: tuple[int, int]

    @property
    def after(self) -> tuple[int, int]:
        """The day after the last."""
        last = (2, 29) if self.last == _FEBRUARY else self.last
        day = date(_LEAP_YEAR, *last) + timedelta(days=1)
        return day.month, day.day

    @property
    def is_year(self) -> bool:
        """Whether it is the whole year."""
        return self.after == self.first

    @property
    def is_of_months(self) -> bool:
        """Whether it is made of whole months."""
        return self.first[1] == 1 and self.after[1] == 1

    def season(self) -> dict[str, str]:
        """Return the part as a season of a tariff."""
        return {"from": "{:02d}-{:02d}".format(*self.first), "to": "{:02d}-{:02d}".format(*self.after)}

    def holds(self, day: tuple[int, int]) -> bool:
        """Tell whether a day of the year is in it."""
        if self.is_year:
            return True
        if self.first < self.after:
            return self.first <= day < self.after
        return day >= self.first or day < self.after


class TariffPeriod(NamedTuple):
    """A tariff period: a part of the year, and the block of rates that holds in it."""

    node: FieldNode
    part: YearPart
    block: str


class _Rate(NamedTuple):
    """A rate of usage in a season: its name, when it holds and what it costs."""

    name: str
    windows: tuple[DayWindow, ...]
    priced: PricedSteps


class Usage(NamedTuple):
    """What the tariff has of rates of usage.

    Attributes:
        seasons: as in a tariff document.
        periods: the same; None where one rate holds always.
        charges: the energy charges.
    """

    seasons: dict[str, dict[str, str]]
    periods: dict[str, list[dict[str, Any]]] | None
    charges: list[dict[str, Any]]


def tariff_periods(contract: FieldNode) -> list[TariffPeriod]:
    """Return the tariff periods of a contract, and tell of what they have in common."""
    periods = []
    for node in contract.children("tariffPeriod"):
        node.word("type", KINDS)
        node.inform({"type": "kind of cost behind the charge", "displayName": "name of the tariff period"})
        part = YearPart(month_day_of(node, "startDate"), month_day_of(node, "endDate"))
        block = node.needed("rateBlockUType", node.word("rateBlockUType", BLOCKS))
        for name in ("startDate", "endDate"):
            node.carried(name, "no season: the whole year" if part.is_year else "a season")
        node.information("rateBlockUType", f"says that {block} is what holds")
        for other in BLOCKS:
            if other != block and node.get(other) is not None:
                raise unsupported(node.at(other), f"stands beside {block}, which is said to hold")
        if node.get(block) is None:
            raise invalid(node.at(block), "is missing")
        periods.append(TariffPeriod(node, part, block))
    if not periods:
        raise invalid(contract.at("tariffPeriod"), "no tariff period")
    return periods


def usage_of(periods: Sequence[TariffPeriod], path: str, *, holidays: bool) -> Usage:
    """Return what a tariff has of the rates of usage.

    Args:
        periods: all tariff periods of the contract.
        path: the field they are from.
        holidays: public holidays are days of their own.
    """
    parts = _by_part([period for period in periods if period.block != _DEMAND])
    _fill_the_year(parts, path)
    seasons = {} if len(parts) == 1 else {f"s{number}": part.season() for number, part in enumerate(parts, start=1)}
    names: list[str | None] = [*seasons] or [None]
    rates: dict[str | None, list[_Rate]] = {}
    for season, group in zip(names, parts.values(), strict=True):
        rates[season] = _rates_of(group, season)
        if group[0].block == _BY_TIME:
            by_name = {rate.name.removesuffix(f"_{season}"): rate.windows for rate in rates[season]}
            prove_partition(by_name, group[0].node.at(_BY_TIME) if len(group) == 1 else path, holidays=holidays)
    every = [(season, rate) for season, found in rates.items() for rate in found]
    if len(every) == 1:
        priced = every[0][1].priced
        charge = {"id": "usage", "kind": "energy", "quantity": "import_kwh", "price": priced.price}
        return Usage(seasons, None, [charge | priced.steps.document(each_period=False)])
    rules = {rate.name: [window.rule(season, holidays=holidays) for window in rate.windows] for season, rate in every}
    return Usage(seasons, rules, list(_charges({rate.name: rate.priced for _, rate in every})))


def _by_part(periods: Sequence[TariffPeriod]) -> dict[YearPart, list[TariffPeriod]]:
    """Return tariff periods by their part of the year: rates by time of use may each stand in a tariff period of its own."""
    parts: dict[YearPart, list[TariffPeriod]] = {}
    for period in periods:
        group = parts.setdefault(period.part, [])
        group.append(period)
        if len(group) > 1 and any(each.block != _BY_TIME for each in group):
            raise unsupported(period.node.path, _TWICE)
    return parts


def _fill_the_year(parts: Mapping[YearPart, Sequence[TariffPeriod]], path: str) -> None:
    if not parts:
        raise unsupported(path, "no tariff period has rates of usage")
    for number in range(366):
        day = date(_LEAP_YEAR, 1, 1) + timedelta(days=number)
        found = [group for part, group in parts.items() if part.holds((day.month, day.day))]
        if len(found) > 1:
            raise unsupported(found[1][0].node.path, f"on {day:%d %B} {_TWICE}")
        if not found:
            raise unsupported(path, f"no tariff period has rates of usage on {day:%d %B}")


def _rates_of(group: Sequence[TariffPeriod], season: str | None) -> list[_Rate]:
    node = group[0].node
    rate = node.child("singleRate") if group[0].block == "singleRate" else None
    if rate is not None:
        if rate.get("generalUnitPrice") is not None:
            raise unsupported(rate.at("generalUnitPrice"), "the price above a quota")
        rate.inform({"displayName": "name of the rate", "description": "text"})
        return [_Rate(season or "all", (DayWindow(ALL_DAYS),), priced_steps(rate, "charge usage"))]
    ending = "" if season is None else f"_{season}"
    rates: list[_Rate] = []
    for each in (child for period in group for child in period.node.children(_BY_TIME)):
        kind = each.needed("type", each.word("type", TYPES))
        each.carried("type", "the name of a period")
        each.inform({"displayName": "name of the rate", "description": "text"})
        base = kind.lower()
        same = sum(re.fullmatch(rf"{base}(_[0-9]+)?{ending}", rate.name) is not None for rate in rates)
        name = f"{base}{f'_{same + 1}' if same else ''}{ending}"
        priced = priced_steps(each, f"charge usage in {name}", default_period=YEAR)
        rates.append(_Rate(name, tuple(_windows(each, "timeOfUse")), priced))
    if not rates:
        raise invalid(node.at(_BY_TIME), "no rate is left")
    return rates


def _windows(node: FieldNode, name: str) -> Iterator[DayWindow]:
    """Yield the windows of a time-of-use rate; days, start and end are all needed."""
    windows = node.children(name)
    if not windows:
        raise invalid(node.at(name), "no window")
    for window in windows:
        yield window_of(window)
    node.carried(name, "periods")


def window_of(node: FieldNode, *, whole_day: bool = False, also: tuple[str, ...] = ()) -> DayWindow:
    """Return a window of days and times.

    Args:
        node: an object with ``days``, ``startTime`` and ``endTime``.
        whole_day: a window without times is the whole day, as for export and demand.
        also: other fields that the object may have.
    """
    node.only("days", "startTime", "endTime", *also)
    days, start, end = days_of(node, "days"), start_time_of(node, "startTime"), end_time_of(node, "endTime")
    if days is None and not whole_day:
        raise invalid(node.at("days"), "is missing")
    if not whole_day:
        node.needed("startTime", start)
        node.needed("endTime", end)
    window = DayWindow(ALL_DAYS if days is None else days, start or 0, 24 * 60 if end is None else end)
    if window.start == window.end:
        raise unsupported(node.at("endTime"), "a window that ends when it begins: the whole day or nothing")
    return window


def _charges(priced: Mapping[str, PricedSteps]) -> Iterator[dict[str, Any]]:
    """Yield a charge for the periods of each ladder; each ladder counts the kWh of a period."""
    groups: dict[Steps, dict[str, Decimal | list[Decimal]]] = {}
    for name, each in priced.items():
        groups.setdefault(each.steps, {})[name] = each.price
    for number, (steps, price) in enumerate(groups.items(), start=1):
        charge_id = "usage" if len(groups) == 1 else f"usage_{number}"
        charge: dict[str, Any] = {"id": charge_id, "kind": "energy", "quantity": "import_kwh", "price": price}
        yield charge | steps.document(each_period=True)
