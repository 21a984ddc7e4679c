"""What a tariff needs to be told before it can be rated: determinants, intervals, series, facts, what was carried over."""

from __future__ import annotations

from collections.abc import Iterator

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import NEM_KWH, NEM_MONEY
from tariffs.charges.measure import Measure
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tiers import DAY, EACH_PERIOD, TIME_ORDER, YEAR
from tariffs.conversion import SeriesValue
from tariffs.model import Charge, Tariff, Version


def required_determinants(tariff: Tariff) -> frozenset[str]:
    """Return the determinants that any version's charges are made of: ``import_kwh``, ``controlled_load_kwh``, ``kvarh``, ...

    Where a version makes energy of a volume, the volume stands for it. ``export_kwh`` is among them only where a charge names
    it; for energy bought see ``prices_export``.
    """
    return frozenset(
        version.conversion.volume if version.conversion is not None and name == version.conversion.energy else name
        for version in tariff.versions
        for name in _named(version)
    )


def named_by(charge: Charge) -> Iterator[str]:
    """Yield the determinants that a charge is made of."""
    match charge:
        case EnergyCharge() | RiderCharge() | CoincidentCharge():
            yield charge.quantity
        case DemandCharge() | ContractedCharge() | ReactiveCharge() | PowerFactorCharge():
            yield from charge.determinants


def prices_export(tariff: Tariff) -> bool:
    """Tell whether any version pays for exported energy."""
    return any(version.export is not None for version in tariff.versions)


def needs_intervals(tariff: Tariff) -> bool:
    """Tell whether any charge, or the rounding of each interval's quantity, looks at single intervals where they are known.

    All but one kind of these cannot be billed on sums; a volume whose calorific value changes in time can: by the mean of
    the days' values.
    """
    return tariff.rounding.interval_rule is not None or any(_looks_at_intervals(version) for version in tariff.versions)


def required_series(tariff: Tariff) -> frozenset[str]:
    """Return the series of prices and of calorific values that any version names."""
    return frozenset(name for version in tariff.versions for name in _series(version))


def required_facts(tariff: Tariff) -> frozenset[str]:
    """Return what agreements have to say in numbers: ``contracted_kw``, or by period ``contracted_kw.p1``, ... [kW]."""
    return frozenset(
        fact
        for version in tariff.versions
        for charge in version.charges
        if isinstance(charge, ContractedCharge) and charge.contracted is None
        for fact in _contracts(charge)
    )


def carries_state(tariff: Tariff) -> bool:
    """Tell whether a billing period depends on those before it: ratchets, ladders and minimums of a year, banks."""
    return any(_carries(version) for version in tariff.versions)


def _named(version: Version) -> Iterator[str]:
    """Yield the determinants that the charges of a version name."""
    for charge in version.charges:
        yield from named_by(charge)
    if version.billing_demand is not None:
        yield from version.billing_demand.measure.quantities
    elif any(_is_hours_use(charge) for charge in version.charges):
        yield from Measure().quantities


def _looks_at_intervals(version: Version) -> bool:
    exported = version.export is not None and isinstance(version.export.price, SeriesPrice)
    return exported or version.billing_demand is not None or any(_charge_looks(version, charge) for charge in version.charges)


def _charge_looks(version: Version, charge: Charge) -> bool:
    match charge:
        case DemandCharge() | CoincidentCharge():
            return True
        case ContractedCharge():
            return charge.excess is not None
        case EnergyCharge() | RiderCharge():
            by_time = isinstance(charge.price, SeriesPrice) or (isinstance(charge, EnergyCharge) and _climbs_in_time(charge))
            conversion = version.conversion
            converted = conversion is not None and conversion.varies and conversion.energy == charge.quantity
            return by_time or converted
    return False


def _climbs_in_time(charge: EnergyCharge) -> bool:
    tiers = charge.tiers
    if tiers is None:
        return False
    in_order = tiers.fill == TIME_ORDER and tiers.scope != EACH_PERIOD and charge.by_period
    return in_order or tiers.reset == DAY or tiers.blocks is not None


def _is_hours_use(charge: Charge) -> bool:
    return isinstance(charge, EnergyCharge) and charge.tiers is not None and charge.tiers.blocks is not None


def _series(version: Version) -> Iterator[str]:
    for charge in version.charges:
        if isinstance(charge, EnergyCharge | RiderCharge) and isinstance(charge.price, SeriesPrice):
            yield charge.price.series
    if version.export is not None and isinstance(version.export.price, SeriesPrice):
        yield version.export.price.series
    if version.conversion is not None and isinstance(version.conversion.calorific_value, SeriesValue):
        yield version.conversion.calorific_value.series


def _contracts(charge: ContractedCharge) -> Iterator[str]:
    if isinstance(charge.price, dict):
        yield from (f"{charge.power}.{band}" for band in charge.price)
    else:
        yield charge.power


def _carries(version: Version) -> bool:
    export = version.export
    banks = export is not None and (export.carry is not None or export.mode in (NEM_KWH, NEM_MONEY))
    return banks or version.billing_demand is not None or any(_charge_carries(charge) for charge in version.charges)


def _charge_carries(charge: Charge) -> bool:
    match charge:
        case DemandCharge():
            return charge.ratchet is not None
        case EnergyCharge():
            return charge.tiers is not None and charge.tiers.per == YEAR
        case MinimumCharge():
            return charge.per == YEAR
    return False
