"""Rules that are legal and look like a slip: taxes on nothing, holidays no rule knows, events unused, idle minimums."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import TypeGuard

import numpy as np

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import ALL, PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.tax import TaxCharge
from tariffs.clock import DAY_SECONDS
from tariffs.exact import plain
from tariffs.holiday_calendar import kept_in
from tariffs.model import Charge, Tariff, Version
from tariffs.periods import HOLIDAY, Periods
from tariffs.problems import Path
from tariffs.prover.charging import life_of
from tariffs.prover.findings import WARNING, Finding, listed
from tariffs.prover.horizon import Horizon

_MONTHS = frozenset(range(1, 13))


def suspicious_rules(tariff: Tariff, horizon: Horizon) -> Iterator[Finding]:
    """Yield the rules that a reviewer should look at."""
    yield from _holidays(tariff, horizon)
    yield from _events(tariff, horizon)
    yield from _clock(tariff, horizon)
    for number, version in enumerate(tariff.versions):
        for path, code, what in (*_on_nothing(version), *_minimums(version), *_conversion(version)):
            yield Finding(WARNING, code, ("versions", number, *path), what)
        yield from _fees(tariff, number, horizon)


def _holidays(tariff: Tariff, horizon: Horizon) -> Iterator[Finding]:
    rule = tariff.holidays
    if rule is None:
        return
    for position, name in enumerate(rule.names or (None,)):
        names = () if name is None else (name,)
        lacking = [
            year
            for year in range(horizon.first.year, horizon.after.year)
            if not kept_in(year, calendar=rule.calendar, names=names, observe=rule.observe)
        ]
        if lacking:
            path: Path = ("holidays", "calendar") if name is None else ("holidays", "names", position)
            what = f"{rule.calendar} has no {name or 'holiday'} in {listed(map(str, lacking[:5]))}" + (
                f" and {len(lacking) - 5} more years" if len(lacking) > 5 else ""  # noqa: PLR2004 - as many as are told
            )
            yield Finding(WARNING, "holiday.missing", path, what)
    if rule.kind != HOLIDAY:
        return
    for number, version in enumerate(tariff.versions):
        periods = [each for each in (version.periods, version.export.periods if version.export else None) if each is not None]
        if periods and not any(_knows_holidays(each) for each in periods):
            what = (
                "holidays are days of their own, and no rule of this version says 'days: holiday': they fall to what says no day"
            )
            yield Finding(WARNING, "holiday.unused", ("versions", number, "periods"), what)


def _knows_holidays(periods: Periods) -> bool:
    return any(HOLIDAY in rule.days and len(rule.days) <= HOLIDAY for rules in periods.values() for rule in rules)


def _events(tariff: Tariff, horizon: Horizon) -> Iterator[Finding]:
    for name, windows in tariff.events.items():
        users = [number for number, version in enumerate(tariff.versions) if _uses(version, name)]
        if not users:
            yield Finding(WARNING, "event.unused", ("events", name), f"no rule and no charge uses {name}")
        for position, window in enumerate(windows):
            if users and not any(_within(tariff, number, window.from_, window.to, horizon) for number in users):
                what = f"this window lies outside every version that uses {name}, or after the horizon"
                minute = _first_instant(tariff, window.from_)
                yield Finding(WARNING, "event.outside", ("events", name, position), what, minute)
        order = sorted(range(len(windows)), key=lambda position: windows[position].from_)
        for before, after in pairwise(order):
            if windows[after].from_ < windows[before].to:
                what = f"this window begins before {name}[{before}] ends"
                minute = _first_instant(tariff, windows[after].from_)
                yield Finding(WARNING, "event.overlap", ("events", name, after), what, minute)


def _uses(version: Version, name: str) -> bool:
    periods = [each for each in (version.periods, version.export.periods if version.export else None) if each is not None]
    in_rules = any(rule.events == name for each in periods for rules in each.values() for rule in rules)
    return in_rules or any(isinstance(charge, CoincidentCharge) and charge.events == name for charge in version.charges)


def _within(tariff: Tariff, number: int, begins: datetime, ends: datetime, horizon: Horizon) -> bool:
    first, after = life_of(tariff, number, horizon)
    return begins < datetime.combine(after, time()) and ends > datetime.combine(first, time())


def _first_instant(tariff: Tariff, local: datetime) -> int:
    return int(local.replace(tzinfo=tariff.tariff_clock.zone).timestamp())


def _clock(tariff: Tariff, horizon: Horizon) -> Iterator[Finding]:
    """Yield the years from which on a zone has other offsets than in the year before: laws change, and so do zones."""
    clock = tariff.tariff_clock
    known: dict[int, frozenset[int]] = {}
    for year in range(horizon.first.year, horizon.after.year):
        begins, ends = clock.midnight(date(year, 1, 1)), clock.midnight(date(year + 1, 1, 1))
        known[year] = frozenset(clock.offsets(np.arange(begins, ends, DAY_SECONDS, dtype=np.int64)).tolist())
    for before, year in pairwise(known):
        if known[before] != known[year]:
            what = f"{clock.name} is {_offsets(known[before])} in {before} and {_offsets(known[year])} in {year}: the law changed"
            yield Finding(WARNING, "clock.law", ("clock",), what, clock.midnight(date(year, 1, 1)))


def _offsets(seconds: frozenset[int]) -> str:
    return listed(f"{'-' if each < 0 else '+'}{abs(each) // 3600:02d}:{abs(each) % 3600 // 60:02d}" for each in sorted(seconds))


def _on_nothing(version: Version) -> Iterator[tuple[Path, str, str]]:
    """Yield shares and taxes that are laid on no charge that stands when they do."""
    for position, charge in enumerate(version.charges):
        if not isinstance(charge, PercentCharge | TaxCharge | PowerFactorCharge):
            continue
        bearing = [
            other
            for other in version.charges
            if (other.id in charge.of if charge.of != ALL else not isinstance(other, TaxCharge) and other.id != charge.id)
        ]
        if not any(_months(other) & _months(charge) for other in bearing):
            why = "there is none" if not bearing else f"{listed(other.id for other in bearing)} stands in other months"
            laid = "tax.nothing" if isinstance(charge, TaxCharge) else "percent.nothing"
            yield ("charges", position, "of"), laid, f"{charge.id} is a share of no charge: {why}"


def _months(charge: Charge) -> frozenset[int]:
    return frozenset(charge.months) if charge.months is not None else _MONTHS


def _minimums(version: Version) -> Iterator[tuple[Path, str, str]]:
    """Yield minimums that never bind, as the fixed charges alone are as high or another minimum is."""
    a_month = sum((charge.price for charge in version.charges if _is_each_month(charge)), Decimal(0))
    minimums = [(position, charge) for position, charge in enumerate(version.charges) if isinstance(charge, MinimumCharge)]
    monthly = [charge for _, charge in minimums if charge.per == "month" and charge.prorate == "none" and charge.covers == ALL]
    for position, charge in minimums:
        path: Path = ("charges", position, "amount")
        if charge.amount <= 0:
            yield path, "minimum.never", f"{charge.id} is {plain(charge.amount)}: it raises no bill"
        elif charge in monthly and _unconditional(charge) and charge.amount <= a_month:
            asked, there = plain(charge.amount), plain(a_month)
            what = f"{charge.id} is {asked} a month, and the fixed charges alone are {there}: only credits make it bind"
            yield path, "minimum.never", what
        elif charge.per == "year" and charge.covers == ALL:
            of_year = sum((12 * other.amount for other in monthly if _unconditional(other)), Decimal(0))
            if of_year >= charge.amount:
                what = f"{charge.id} is {plain(charge.amount)} a year, and the minimum of twelve months is {plain(of_year)}"
                yield path, "minimum.never", what


def _is_each_month(charge: Charge) -> TypeGuard[FixedCharge]:
    return isinstance(charge, FixedCharge) and charge.per == "month" and charge.prorate == "none" and _unconditional(charge)


def _unconditional(charge: Charge) -> bool:
    return charge.only_for is None and _months(charge) == _MONTHS


def _conversion(version: Version) -> Iterator[tuple[Path, str, str]]:
    if version.conversion is None:
        return
    made = version.conversion.energy
    if not any(getattr(charge, "quantity", None) == made for charge in version.charges):
        yield ("conversion", "energy"), "conversion.unused", f"no charge is on {made}"


def _fees(tariff: Tariff, number: int, horizon: Horizon) -> Iterator[Finding]:
    first, after = life_of(tariff, number, horizon)
    for position, charge in enumerate(tariff.versions[number].charges):
        if isinstance(charge, FeeCharge) and isinstance(charge.when, date) and not first <= charge.when < after:
            what = f"{charge.id} falls on {charge.when}, and its version holds from {first} to {after}: it is never charged"
            yield Finding(WARNING, "fee.never", ("versions", number, "charges", position, "when"), what)
