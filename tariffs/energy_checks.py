"""What a version must satisfy for its energy to be priced: how ladders fill, prices by series, conversions, events."""

from __future__ import annotations

from collections.abc import Iterator

from tariffs.charges.energy import EnergyCharge
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tiers import DAY, EACH_PERIOD, TIME_ORDER
from tariffs.determinants import named_by
from tariffs.model import Tariff, Version
from tariffs.periods import Periods
from tariffs.problems import Path, Problem
from tariffs.scalars import GAP, INVALID, UNSUPPORTED


def ladder_problems(charge: EnergyCharge, path: Path) -> Iterator[Problem]:
    """Yield what is wrong with how the steps of a charge fill."""
    tiers = charge.tiers
    if tiers is None:
        return
    together = charge.by_period and tiers.scope != EACH_PERIOD
    if tiers.reset == DAY and together and tiers.fill != TIME_ORDER:
        what = "'reset: day' on the kWh of all periods together needs 'fill: time_order' where periods have prices of their own"
        yield Problem((*path, "tiers", "fill"), INVALID, what)


def series_problems(charge: EnergyCharge | RiderCharge, path: Path) -> Iterator[Problem]:
    """Yield what is wrong with a price by series."""
    if isinstance(charge.price, SeriesPrice) and not charge.quantity.endswith("_kwh"):
        what = f"a series has prices per kWh or MWh, and {charge.quantity} is no energy"
        yield Problem((*path, "quantity"), INVALID, what)


def conversion_problems(version: Version) -> Iterator[Problem]:
    """Yield what is wrong with how a volume becomes energy."""
    conversion = version.conversion
    if conversion is None:
        return
    dated = conversion.calorific_value
    if isinstance(dated, tuple) and dated[0].from_ > version.from_:
        what = f"no calorific value from {version.from_} to {dated[0].from_}"
        yield Problem(("conversion", "calorific_value", 0, "from"), GAP, what)
    if version.billing_demand is not None and conversion.energy in version.billing_demand.measure.quantities:
        what = f"{conversion.energy} is made of a volume; a demand of it is not supported"
        yield Problem(("billing_demand", "measure", "quantity"), UNSUPPORTED, what)
    for position, charge in enumerate(version.charges):
        if conversion.energy in named_by(charge) and not isinstance(charge, EnergyCharge | RiderCharge):
            what = f"{conversion.energy} is made of a volume; a charge of kind {charge.kind} on it is not supported"
            yield Problem(("charges", position), UNSUPPORTED, what)


def event_problems(tariff: Tariff, periods: Periods, path: Path) -> Iterator[Problem]:
    """Yield the rules of periods that name events which are not there."""
    for name, rules in periods.items():
        for position, rule in enumerate(rules):
            if rule.events is not None and rule.events not in tariff.events:
                known = ", ".join(tariff.events) or "none"
                yield Problem((*path, name, position, "events"), INVALID, f"there are no events {rule.events!r} among {known}")
