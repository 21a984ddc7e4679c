"""Prices that are legal and look like a slip: a lost decimal point, cents for euros, a sign, a step out of order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import pairwise

from tariffs.charges.percent import PercentCharge
from tariffs.charges.tax import TaxCharge
from tariffs.exact import plain
from tariffs.model import Tariff
from tariffs.problems import Path
from tariffs.prover.charging import IMPORT_KWH, energy_charges
from tariffs.prover.findings import WARNING, Finding
from tariffs.prover.prices import Priced, prices_of
from tariffs.prover.walk import Walk

JUMP = 10
"""A price this many times its neighbour is suspicious."""
DEAREST, CHEAPEST = Decimal(10), Decimal("0.001")
"""A price of energy above or below is suspicious: cents for euros, or MWh for kWh [currency/kWh]."""
_SMALL_COINS = (
    dict.fromkeys(
        [
            "ALL",
            "AMD",
            "AOA",
            "BDT",
            "CRC",
            "DOP",
            "DZD",
            "HUF",
            "INR",
            "ISK",
            "JMD",
            "JPY",
            "KES",
            "LKR",
            "MUR",
            "MZN",
            "NIO",
            "NPR",
            "PHP",
            "PKR",
            "RSD",
            "RUB",
            "UYU",
        ],
        100,
    )
    | dict.fromkeys(["ARS", "CLP", "IQD", "KRW", "KZT", "MMK", "MNT", "MWK", "NGN", "RWF", "TZS", "XAF", "XOF", "YER"], 1000)
    | dict.fromkeys(["COP", "IDR", "IRR", "KHR", "LAK", "LBP", "PYG", "UGX", "UZS", "VND"], 10_000)
)
"""Currencies of which a kWh costs tens or thousands: about how many of them are worth one of the large ones."""


def suspicious_prices(tariff: Tariff, seen: Walk | None) -> Iterator[Finding]:
    """Yield the prices that a reviewer should look at.

    Args:
        tariff: the tariff.
        seen: what the walk found; None where the minutes were not examined.
    """
    prices = prices_of(tariff)
    for priced in prices:
        yield from _alone(tariff, priced, seen)
    yield from _neighbours(prices)
    yield from _crooked(prices)
    yield from _percentages(tariff)
    if seen is not None:
        yield from _export_above_import(tariff, seen)


def _alone(tariff: Tariff, priced: Priced, seen: Walk | None) -> Iterator[Finding]:
    name = _name(priced)
    minute = _first(priced, seen)
    if priced.price < 0 and priced.kind != "fixed":
        yield Finding(WARNING, "price.negative", priced.path, f"{name} is negative: {plain(priced.price)}", minute)
    if priced.of.lower().endswith("kwh") and priced.price:
        size = _SMALL_COINS.get(tariff.currency, 1)
        amount = abs(priced.price)
        # an adder of a fraction of a mill is common
        if amount > DEAREST * size or (amount < CHEAPEST * size and priced.kind != "rider"):
            asked = "are these cents, or a price per MWh?" if amount > DEAREST * size else "is it per kWh, and in whole units?"
            what = f"{name} is {plain(priced.price)} {tariff.currency}/kWh: {asked}"
            yield Finding(WARNING, "price.unit", priced.path, what, minute)


def _first(priced: Priced, seen: Walk | None) -> int | None:
    if seen is None or priced.band is None:
        return None
    return (seen.sold if priced.kind == "export" else seen.bought).first_of(priced.version, priced.band)


def _name(priced: Priced) -> str:
    return (
        priced.charge
        + (f" in {priced.band}" if priced.band is not None else "")
        + (f", step {priced.tier}" if priced.tier is not None else "")
    )


def _neighbours(prices: Sequence[Priced]) -> Iterator[Finding]:
    """Yield prices ten times that of the next step, of the next dearer period, or of the version before."""
    by_step: dict[object, list[Priced]] = defaultdict(list)
    by_period: dict[object, list[Priced]] = defaultdict(list)
    by_version: dict[object, list[Priced]] = defaultdict(list)
    for priced in prices:
        by_step[priced.version, priced.charge, priced.kind, priced.band].append(priced)
        by_period[priced.version, priced.charge, priced.kind, priced.tier].append(priced)
        by_version[priced.charge, priced.kind, priced.of, priced.band, priced.tier].append(priced)
    for group in by_step.values():
        yield from _jumps(group, "the step before")
    for group in by_period.values():
        dear = sorted(group, key=lambda priced: abs(priced.price))
        if group[0].tier in (None, 1):
            yield from _jumps(dear, "the next cheaper period")
    for group in by_version.values():
        yield from _jumps(group, "the version before")


def _jumps(group: Sequence[Priced], what: str) -> Iterator[Finding]:
    for before, priced in pairwise(group):
        low, high = sorted((abs(before.price), abs(priced.price)))
        if low and high >= JUMP * low:
            text = f"{_name(priced)} is {plain(priced.price)}, {what} {plain(before.price)}: {JUMP} times or more apart"
            yield Finding(WARNING, "price.jump", priced.path, text)


def _crooked(prices: Sequence[Priced]) -> Iterator[Finding]:
    """Yield ladders whose prices neither rise nor fall all the way."""
    ladders: dict[object, list[Priced]] = defaultdict(list)
    for priced in prices:
        if priced.tier is not None:
            ladders[priced.version, priced.charge, priced.band].append(priced)
    for steps in ladders.values():
        turns = {(high.price > low.price) - (high.price < low.price) for low, high in pairwise(steps)} - {0}
        if len(turns) > 1:
            shown = ", ".join(plain(step.price) for step in steps)
            path: Path = steps[0].path[:-1]
            yield Finding(WARNING, "steps.crooked", path, f"the prices of the steps neither rise nor fall throughout: {shown}")


def _percentages(tariff: Tariff) -> Iterator[Finding]:
    for number, version in enumerate(tariff.versions):
        for position, charge in enumerate(version.charges):
            if isinstance(charge, PercentCharge | TaxCharge) and abs(charge.percent) > 100:  # noqa: PLR2004 - percent
                path = ("versions", number, "charges", position, "percent")
                yield Finding(WARNING, "percent.large", path, f"{charge.id} is {plain(charge.percent)} %: more than all of it")


def _export_above_import(tariff: Tariff, seen: Walk) -> Iterator[Finding]:
    """Yield, for each version, the first pair of periods in which a kWh earns more than it costs."""
    told: set[tuple[int, str | None]] = set()
    for pair, minute in sorted(seen.pairs.items(), key=lambda item: item[1]):
        export = tariff.versions[pair.version].export
        band = pair.sold if export is not None and isinstance(export.price, dict) else None
        earns = _earned(tariff, pair.version, band)
        costs = _cost(tariff, pair.version, pair.bought, pair.month)
        if earns is None or costs is None or earns <= costs or (pair.version, band) in told:
            continue
        told.add((pair.version, band))
        place = f" in {band}" if band is not None else ""
        what = f"export{place} earns {plain(earns)} {tariff.currency}/kWh, and a kWh of import costs {plain(costs)}"
        path: Path = ("versions", pair.version, "export", "price")
        yield Finding(WARNING, "export.above_import", path, what, minute)


def _earned(tariff: Tariff, number: int, band: str | None) -> Decimal | None:
    export = tariff.versions[number].export
    price = export.price if export is not None else None
    if isinstance(price, dict):
        price = price.get(str(band))
    return price if isinstance(price, Decimal) else None


def _cost(tariff: Tariff, number: int, band: str | None, month: int) -> Decimal | None:
    """Return the least that a kWh of import costs: the cheapest step of each charge; None where a series prices it."""
    version = tariff.versions[number]
    costs = []
    for charge in energy_charges(version, IMPORT_KWH):
        if not charge.stands_in(month) or charge.only_for is not None:
            continue
        price = charge.price.get(str(band)) if isinstance(charge.price, dict) else charge.price
        if isinstance(price, tuple):
            price = min(price)
        if not isinstance(price, Decimal):
            return None
        costs.append(price)
    return sum(costs, Decimal(0)) if costs else None
