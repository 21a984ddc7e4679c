"""References that lead somewhere, without going round in circles; ladders that close; values that hold on every date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import CHARGE_ID as EXPORT
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import ALL, PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.tax import TaxCharge
from tariffs.model import Tariff, Version
from tariffs.periods import Periods
from tariffs.problems import Path
from tariffs.prover.findings import FAILURE, Finding, listed
from tariffs.scalars import INVALID


def references(tariff: Tariff) -> Iterator[Finding]:
    """Yield every reference of a document that leads nowhere, and every circle."""
    for number, version in enumerate(tariff.versions):
        for path, what in _version(tariff, version):
            yield Finding(FAILURE, INVALID, ("versions", number, *path), what)


def _version(tariff: Tariff, version: Version) -> Iterator[tuple[Path, str]]:
    for at, periods in _all_periods(version):
        yield from _rules(tariff, version, periods, at)
    for position, charge in enumerate(version.charges):
        path: Path = ("charges", position)
        yield from _periods_named(version, charge, path)
        if isinstance(charge, CoincidentCharge) and charge.events not in tariff.events:
            yield (*path, "events"), f"there are no events {charge.events!r} among {listed(tariff.events)}"
    yield from _charges_named(version)
    yield from _circles(version)
    yield from _ladders(version)
    yield from _calorific(version)


def _all_periods(version: Version) -> Iterator[tuple[Path, Periods]]:
    if version.periods is not None:
        yield ("periods",), version.periods
    if version.export is not None and version.export.periods is not None:
        yield ("export", "periods"), version.export.periods


def _rules(tariff: Tariff, version: Version, periods: Periods, path: Path) -> Iterator[tuple[Path, str]]:
    for name, rules in periods.items():
        for position, rule in enumerate(rules):
            for season in rule.season:
                if season != "all" and season not in version.seasons:
                    yield (*path, name, position, "season"), f"there is no season {season!r} among {listed(version.seasons)}"
            if rule.events is not None and rule.events not in tariff.events:
                yield (*path, name, position, "events"), f"there are no events {rule.events!r} among {listed(tariff.events)}"


def _charges_named(version: Version) -> Iterator[tuple[Path, str]]:
    """Yield names of charges that there are not, and charges that name themselves."""
    ids = [charge.id for charge in version.charges]
    names: list[tuple[Path, str, str | None]] = [
        (("charges", position, field, place), name, charge.id)
        for position, charge in enumerate(version.charges)
        for field, of in _named_charges(charge).items()
        for place, name in enumerate(of)
    ]
    if version.export is not None and version.export.offsets != ALL:
        names += [(("export", "offsets", place), name, None) for place, name in enumerate(version.export.offsets)]
    for path, name, own in names:
        if name == EXPORT:
            continue
        if name not in ids:
            yield path, f"there is no charge {name!r} among {listed(ids)}"
        elif name == own:
            yield path, f"{name!r} is named by itself"


def _periods_named(version: Version, charge: object, path: Path) -> Iterator[tuple[Path, str]]:
    """Yield names of periods that there are not."""
    for at, name in _named_periods(charge):
        periods = version.periods_for(charge.calendar if isinstance(charge, DemandCharge) else "import")
        if name not in (periods or {}):
            yield (*path, *at), f"there is no period {name!r} among {listed(periods or ())}"


def _named_charges(charge: object) -> dict[str, tuple[str, ...]]:
    """Return the charges that a charge names, by field."""
    if isinstance(charge, PercentCharge | TaxCharge | PowerFactorCharge) and not isinstance(charge.of, str):
        return {"of": charge.of}
    if isinstance(charge, MinimumCharge) and not isinstance(charge.covers, str):
        return {"covers": charge.covers}
    return {}


def _named_periods(charge: object) -> Iterator[tuple[Path, str]]:
    """Yield the periods that a charge names and where."""
    if isinstance(charge, EnergyCharge | DemandCharge | ContractedCharge | ReactiveCharge) and isinstance(charge.price, dict):
        yield from ((("price", name), name) for name in charge.price)
    if isinstance(charge, ContractedCharge) and isinstance(charge.contracted, dict):
        yield from ((("contracted", name), name) for name in charge.contracted)
    if isinstance(charge, DemandCharge) and charge.ratchet is not None and charge.ratchet.of is not None:
        yield ("ratchet", "of"), charge.ratchet.of


def _circles(version: Version) -> Iterator[tuple[Path, str]]:
    """Yield each charge that is, by way of others, a share of itself."""
    shares: Mapping[str, tuple[str, ...]] = {charge.id: _named_charges(charge).get("of", ()) for charge in version.charges}
    for position, charge in enumerate(version.charges):
        way = _way_back(charge.id, shares)
        if len(way) > 1:
            yield ("charges", position, "of"), f"{charge.id!r} is a share of itself, by way of {listed(way)}"


def _way_back(start: str, shares: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Return the charges on a way from one back to itself, itself first; empty where there is none."""
    waiting: list[list[str]] = [[start]]
    seen: set[str] = set()
    while waiting:
        way = waiting.pop()
        for name in shares.get(way[-1], ()):
            if name == start:
                return way
            if name not in seen:
                seen.add(name)
                waiting.append([*way, name])
    return []


def _ladders(version: Version) -> Iterator[tuple[Path, str]]:
    """Yield ladders whose prices are not one for each step and one above the last limit."""
    for position, charge in enumerate(version.charges):
        if not isinstance(charge, EnergyCharge | DemandCharge):
            continue
        steps = 0
        if charge.tiers is not None:
            steps = charge.tiers.steps if isinstance(charge, EnergyCharge) else len(charge.tiers.limits) + 1
        prices = charge.price if isinstance(charge.price, dict) else {None: charge.price}
        for band, price in prices.items():
            at: Path = ("charges", position, "price", *(() if band is None else (band,)))
            if isinstance(price, tuple) and not steps:
                yield at, "a list of prices goes with tiers"
            elif isinstance(price, tuple) and len(price) != steps:
                yield at, f"{len(price)} prices for {steps} steps: one for each limit and one above the last"
        if steps and not any(isinstance(price, tuple) for price in prices.values()):
            yield ("charges", position, "tiers"), "tiers go with a list of prices, one a step"


def _calorific(version: Version) -> Iterator[tuple[Path, str]]:
    conversion = version.conversion
    if conversion is not None and isinstance(conversion.calorific_value, tuple):
        first = conversion.calorific_value[0].from_
        if first > version.from_:
            what = f"no calorific value from {version.from_}, when the version begins, to {first}"
            yield ("conversion", "calorific_value", 0, "from"), what
