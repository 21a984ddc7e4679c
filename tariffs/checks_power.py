"""What charges on power must satisfy beyond their shape: periods, charges and events that exist, rules that do not contradict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import FLAT, DemandCharge
from tariffs.charges.measure import Measure, Ratchet
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.tax import TaxCharge
from tariffs.event_windows import instants_of
from tariffs.model import Charge, Tariff, Version
from tariffs.periods import HOLIDAY
from tariffs.scalars import INVALID

Path = tuple[str | int, ...]
Found = Iterator[tuple[Path, str, str]]
"""Path of a field, code, and what is wrong with it."""


def power_problems(tariff: Tariff, version: Version) -> Found:
    """Yield all that is wrong with a version's charges on power; paths begin in the version."""
    if version.billing_demand is not None:
        yield from _measure(tariff, version.billing_demand.measure, ("billing_demand", "measure"))
    for position, charge in enumerate(version.charges):
        yield from _charge(tariff, version, charge, ("charges", position))


def _charge(tariff: Tariff, version: Version, charge: Charge, path: Path) -> Found:
    if isinstance(charge, DemandCharge):
        yield from _demand(tariff, version, charge, path)
    elif isinstance(charge, ContractedCharge):
        yield from _contracted(tariff, version, charge, path)
    elif isinstance(charge, CoincidentCharge):
        yield from _coincident(tariff, charge, path)
    elif isinstance(charge, ReactiveCharge):
        yield from _prices(version, charge.price, path)
    elif isinstance(charge, PowerFactorCharge):
        yield from _shared(version, charge, path)


def _demand(tariff: Tariff, version: Version, charge: DemandCharge, path: Path) -> Found:
    if charge.price == {}:
        yield (*path, "price"), INVALID, "no period has a price"
    yield from _steps(charge, path)
    yield from _measure(tariff, charge.measure, (*path, "measure"))
    if FLAT in (version.periods_for(charge.calendar) or {}):
        what = f"in the price of a demand charge {FLAT!r} means all intervals; call the period {FLAT!r} something else"
        yield (*path, "price"), INVALID, what
    if version.billing_demand is not None:
        yield from _beside_billing_demand(version.billing_demand, charge, path)
    if charge.ratchet is not None:
        yield from _ratchet(tariff, version, charge, path)


def _steps(charge: DemandCharge, path: Path) -> Found:
    steps = len(charge.tiers.limits) + 1 if charge.tiers is not None else None
    by_period = charge.price.items() if isinstance(charge.price, dict) else ()
    prices: dict[Path, object] = {(*path, "price", name): price for name, price in by_period} or {(*path, "price"): charge.price}
    for where, price in prices.items():
        if isinstance(price, tuple) and steps is None:
            yield where, INVALID, "a list of prices goes with tiers"
        elif isinstance(price, tuple) and len(price) != steps:
            yield where, INVALID, f"{len(price)} prices for {steps} steps: one for each limit and one above the last"
    if steps is not None and not any(isinstance(price, tuple) for price in prices.values()):
        yield (*path, "tiers"), INVALID, "tiers go with a list of prices, one a step"


def _beside_billing_demand(ratchet: Ratchet, charge: DemandCharge, path: Path) -> Found:
    """Yield what a charge says that the version's billing demand leaves without effect."""
    where = "the version's 'billing_demand' says the kW of every demand charge"
    if "measure" in charge.model_fields_set and charge.measure != ratchet.measure:
        yield (*path, "measure"), INVALID, f"{where}; write this measure there"
    if charge.ratchet is not None:
        yield (*path, "ratchet"), INVALID, f"{where}; a charge has no ratchet of its own beside it"
    if charge.power_factor is not None:
        yield (*path, "power_factor"), INVALID, f"{where}; nothing measured is left to correct"


def _ratchet(tariff: Tariff, version: Version, charge: DemandCharge, path: Path) -> Found:
    ratchet, where = charge.ratchet, (*path, "ratchet")
    if ratchet is None:
        return
    if ratchet.of is not None:
        yield from _known_periods(version, (ratchet.of,), (*where, "of"), calendar=charge.calendar)
    if isinstance(charge.price, dict) and set(charge.price) != {ratchet.of}:
        what = "a ratchet on the prices of periods says 'of' which period's peaks it is, one charge for each such period"
        yield (*where, "of"), INVALID, what
    if ratchet.measure is not None:
        yield from _measure(tariff, ratchet.measure, (*where, "measure"))
        if ratchet.measure.unit != charge.measure.unit:
            yield (*where, "measure", "unit"), INVALID, f"the charge is on {charge.measure.unit}"


def _contracted(tariff: Tariff, version: Version, charge: ContractedCharge, path: Path) -> Found:
    yield from _prices(version, charge.price, path)
    yield from _measure(tariff, charge.measure, (*path, "measure"))
    if not isinstance(charge.contracted, dict):
        return
    priced = tuple(charge.price) if isinstance(charge.price, dict) else ()
    if set(charge.contracted) != set(priced):
        what = f"the periods contracted are those priced: {_names(priced)}"
        yield (*path, "contracted"), INVALID, what


def _coincident(tariff: Tariff, charge: CoincidentCharge, path: Path) -> Found:
    if charge.events not in tariff.events:
        yield (*path, "events"), INVALID, f"there are no events {charge.events!r} among {_names(tariff.events)}"
        return
    for window in tariff.events[charge.events]:
        if not instants_of(window, tariff.tariff_clock).minutes:
            what = f"the clock leaves out the window of {charge.events} from {window.from_.isoformat()}"
            yield (*path, "events"), INVALID, what


def _shared(version: Version, charge: PowerFactorCharge, path: Path) -> Found:
    """Yield the charges of a power factor that it cannot be a share of."""
    places = {other.id: place for place, other in enumerate(version.charges)}
    for number, name in enumerate(charge.of):
        where = (*path, "of", number)
        other = version.charges[places[name]] if name in places else None
        if other is None:
            yield where, INVALID, f"there is no charge {name!r} among {_names(places)}"
        elif isinstance(other, TaxCharge | MinimumCharge):
            yield where, INVALID, f"a power factor is a share of other charges, not of the {other.kind} {name!r}"
        elif isinstance(other, PercentCharge | PowerFactorCharge) and places[name] >= places[charge.id]:
            yield where, INVALID, f"{name!r} stands before what is a share of it"


def _prices(version: Version, price: object, path: Path) -> Found:
    if isinstance(price, dict):
        if not price:
            yield (*path, "price"), INVALID, "no period has a price"
        yield from _known_periods(version, tuple(price), (*path, "price"))


def _known_periods(version: Version, names: tuple[str, ...], path: Path, *, calendar: str = "import") -> Found:
    known = tuple(version.periods_for(calendar) or ())
    for name in names:
        if name not in known:
            where = path if path[-1] == "of" else (*path, name)
            yield where, INVALID, f"there is no period {name!r} among {_names(known)}"


def _measure(tariff: Tariff, measure: Measure, path: Path) -> Found:
    apart = tariff.holidays is not None and tariff.holidays.kind == HOLIDAY
    if measure.days is not None and HOLIDAY in measure.days and len(measure.days) <= HOLIDAY and not apart:
        why = "holidays have no calendar" if tariff.holidays is None else "priced_as makes them another day"
        yield (*path, "days"), INVALID, f"'holiday' never comes: {why}"


def _names(names: Mapping[str, object] | tuple[str, ...]) -> str:
    return ", ".join(names) or "none"
