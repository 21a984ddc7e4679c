"""What a tariff document must satisfy beyond its shape: references that lead somewhere, every minute with one price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tariffs.charges.bank import BANK, TRUE_UP
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import CHARGE_ID, DETERMINANT
from tariffs.charges.percent import ALL
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge
from tariffs.checks_power import power_problems
from tariffs.energy_checks import conversion_problems, event_problems, ladder_problems, series_problems
from tariffs.export_checks import export_problems
from tariffs.holiday_calendar import names_of
from tariffs.model import Tariff, Version
from tariffs.periods import HOLIDAY, Periods, gaps_of
from tariffs.problems import Path, Problem, listed
from tariffs.scalars import GAP, INVALID, UNSUPPORTED
from tariffs.share_checks import share_problems

_RESERVED = (CHARGE_ID, BANK, TRUE_UP, "rounding", ALL)


def problems_of(tariff: Tariff) -> list[Problem]:
    """Return all that is wrong with a document of the right shape, in document order."""
    found = list(_holidays(tariff))
    found += _rounded_quantities(tariff)
    for number, version in enumerate(tariff.versions):
        found += [each._replace(path=("versions", number, *each.path)) for each in _version(tariff, version)]
    return found


def _holidays(tariff: Tariff) -> Iterator[Problem]:
    if tariff.holidays is None or not tariff.holidays.names:
        return
    known = names_of(tariff.holidays.calendar, tariff.holidays.observe)
    for position, name in enumerate(tariff.holidays.names):
        if name not in known:
            what = f"{name!r} is no holiday of {tariff.holidays.calendar}; there are {', '.join(sorted(known))}"
            yield Problem(("holidays", "names", position), INVALID, what)


def _rounded_quantities(tariff: Tariff) -> Iterator[Problem]:
    """Yield that a quantity is to be rounded whose every interval has a price of its own."""
    places = [getattr(part, "price", None) for version in tariff.versions for part in (*version.charges, version.export)]
    if tariff.rounding.quantity_rule is not None and any(isinstance(price, SeriesPrice) for price in places):
        what = "a quantity priced by a series is not rounded: each of its intervals has a price of its own"
        yield Problem(("rounding", "quantity"), UNSUPPORTED, what)


def _version(tariff: Tariff, version: Version) -> Iterator[Problem]:
    if version.periods is not None:
        yield from _periods(tariff, version, version.periods, ("periods",))
    yield from _charge_ids(version)
    for position, charge in enumerate(version.charges):
        path: Path = ("charges", position)
        if isinstance(charge, EnergyCharge):
            yield from _energy(version, charge, path)
            yield from ladder_problems(charge, path)
        elif isinstance(charge, DemandCharge):
            yield from _demand(tariff, version, charge, path)
        if isinstance(charge, EnergyCharge | RiderCharge):
            yield from series_problems(charge, path)
    yield from conversion_problems(version)
    yield from _price_lists_in_parts(version)
    yield from share_problems(version)
    if version.export is not None:
        yield from _export(tariff, version)
    yield from export_problems(version)
    yield from (Problem(*each) for each in power_problems(tariff, version))


def _periods(tariff: Tariff, version: Version, periods: Periods, path: Path) -> Iterator[Problem]:
    yield from event_problems(tariff, periods, path)
    apart = tariff.holidays is not None and tariff.holidays.kind == HOLIDAY
    broken = False
    elses = 0
    for name, rules in periods.items():
        for position, rule in enumerate(rules):
            where = (*path, name, position)
            elses += rule.else_ is not None
            if rule.else_ is not None and elses > 1:
                yield Problem(where, INVALID, "'else: true' stands in one period only")
            for season in rule.season:
                if season != "all" and season not in version.seasons:
                    broken = True
                    yield Problem((*where, "season"), INVALID, f"there is no season {season!r} among {listed(version.seasons)}")
            if HOLIDAY in rule.days and "days" in rule.model_fields_set and len(rule.days) <= HOLIDAY and not apart:
                why = "holidays have no calendar" if tariff.holidays is None else "priced_as makes them another day"
                yield Problem((*where, "days"), INVALID, f"'holiday' never comes: {why}")
    if not broken:
        kinds = (*range(7), HOLIDAY) if apart else tuple(range(7))
        for what in gaps_of(periods, version.seasons, kinds):
            yield Problem(path, GAP, what)


def _charge_ids(version: Version) -> Iterator[Problem]:
    seen: set[str] = set()
    for position, charge in enumerate(version.charges):
        path = ("charges", position, "id")
        if charge.id in _RESERVED:
            yield Problem(path, INVALID, f"{charge.id!r} is the program's own word; give the charge another id")
        if charge.id in seen:
            yield Problem(path, INVALID, f"two charges are called {charge.id!r}")
        seen.add(charge.id)


def _energy(version: Version, charge: EnergyCharge, path: Path) -> Iterator[Problem]:
    if isinstance(charge.price, dict):
        yield from _known_periods(version.periods, charge.price, (*path, "price"))
        if charge.quantity == DETERMINANT and version.export is not None and version.export.periods is not None:
            what = "a charge on export_kwh cannot have the prices of periods where export has periods of its own"
            yield Problem((*path, "price"), UNSUPPORTED, what)
        prices: dict[Path, object] = {(*path, "price", name): price for name, price in charge.price.items()}
    else:
        prices = {(*path, "price"): charge.price}
    steps = charge.tiers.steps if charge.tiers is not None else None
    for where, price in prices.items():
        if isinstance(price, tuple) and steps is None:
            yield Problem(where, INVALID, "a list of prices goes with tiers")
        elif isinstance(price, tuple) and len(price) != steps:
            yield Problem(where, INVALID, f"{len(price)} prices for {steps} steps: one for each limit and one above the last")
    if steps is not None and not any(isinstance(price, tuple) for price in prices.values()):
        yield Problem((*path, "tiers"), INVALID, "tiers go with a list of prices, one a step")


def _demand(tariff: Tariff, version: Version, charge: DemandCharge, path: Path) -> Iterator[Problem]:
    if charge.periods is not None:
        if charge.id == "import":
            yield Problem((*path, "id"), INVALID, "a charge with periods of its own is not called as the periods of import are")
        yield from _periods(tariff, version, charge.periods, (*path, "periods"))
    if isinstance(charge.price, dict):
        yield from _known_periods(version.periods_for(charge.calendar), charge.price, (*path, "price"))


def _price_lists_in_parts(version: Version) -> Iterator[Problem]:
    """Energy charges may share the periods among them, where ladders differ: each period is priced by one of them."""
    parts: dict[str, list[tuple[Path, EnergyCharge]]] = {}
    for position, charge in enumerate(version.charges):
        if isinstance(charge, EnergyCharge) and isinstance(charge.price, dict) and set(charge.price) < set(version.periods or ()):
            parts.setdefault(charge.quantity, []).append((("charges", position, "price"), charge))
    for charges in parts.values():
        path = charges[-1][0]
        priced = [name for _, charge in charges if isinstance(charge.price, dict) for name in charge.price]
        missing = [name for name in version.periods or () if name not in priced]
        if missing:
            yield Problem(path, GAP, f'no price for {listed(missing)}; write "0" where nothing is charged')
        twice = sorted({name for name in priced if priced.count(name) > 1})
        if twice:
            yield Problem(path, INVALID, f"{listed(twice)} has prices in two charges of which each prices some periods only")
        rules = {(charge.months, charge.only_for) for _, charge in charges}
        if len(rules) > 1:
            yield Problem(
                path, GAP, "charges that share the periods among them stand in the same months, for the same agreements"
            )


def _known_periods(periods: Periods | None, prices: Mapping[str, object], path: Path) -> Iterator[Problem]:
    known = tuple(periods or ())
    for name in prices:
        if name not in known:
            yield Problem((*path, name), INVALID, f"there is no period {name!r} among {listed(known)}")


def _period_prices(periods: Periods | None, prices: Mapping[str, object], path: Path) -> Iterator[Problem]:
    yield from _known_periods(periods, prices, path)
    missing = [name for name in periods or () if name not in prices]
    if missing:
        yield Problem(path, GAP, f'no price for {listed(missing)}; write "0" where nothing is charged')


def _export(tariff: Tariff, version: Version) -> Iterator[Problem]:
    export = version.export
    if export is None:
        return
    if export.periods is not None:
        yield from _periods(tariff, version, export.periods, ("export", "periods"))
    if isinstance(export.price, dict):
        yield from _period_prices(version.periods_for("export"), export.price, ("export", "price"))
