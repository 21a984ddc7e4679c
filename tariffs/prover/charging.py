"""Every minute bears its price: what a determinant costs in every period, in every month, in every version.

A determinant is priced where an energy charge is on it. The proof asks: in each version, for billing periods of each of the
twelve months, does at least one energy charge stand for every agreement, and does each charge price every period? Several
charges on one determinant (supply and grid, say) add up; each is priced exactly once a minute.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.charges.prices import SeriesPrice
from tariffs.model import Tariff, Version
from tariffs.problems import Path
from tariffs.prover.findings import FAILURE, NOTE, WARNING, Finding, listed
from tariffs.prover.horizon import Horizon
from tariffs.prover.walk import Walk
from tariffs.scalars import GAP

IMPORT_KWH = "import_kwh"


def energy_charges(version: Version, determinant: str) -> list[EnergyCharge]:
    """Return the energy charges on a determinant."""
    return [charge for charge in version.charges if isinstance(charge, EnergyCharge) and charge.quantity == determinant]


def charging(tariff: Tariff, horizon: Horizon, seen: Walk) -> Iterator[Finding]:
    """Yield the minutes that bear no price, and the charges that make one doubtful."""
    priced = list(
        dict.fromkeys(
            charge.quantity for version in tariff.versions for charge in version.charges if isinstance(charge, EnergyCharge)
        )
    )
    if IMPORT_KWH not in priced and not _of_gas(tariff):
        what = "no energy charge prices import_kwh: right for a tariff of the grid, of water or of export alone"
        yield Finding(WARNING, "energy.none", ("versions", 0, "charges"), what, _life(tariff, 0, horizon)[0])
    for number, version in enumerate(tariff.versions):
        for determinant in priced:
            yield from _determinant(tariff, number, determinant, horizon)
        yield from _bands(version, number, seen)
        if version.export is None and any(other.export is not None for other in tariff.versions):
            what = "pays nothing for export, and another version does"
            yield Finding(WARNING, "export.dropped", ("versions", number), what, _life(tariff, number, horizon)[0])


def _of_gas(tariff: Tariff) -> bool:
    """Tell whether every version prices the energy it makes of a volume."""
    return all(
        version.conversion is not None and bool(energy_charges(version, version.conversion.energy)) for version in tariff.versions
    )


def _determinant(tariff: Tariff, number: int, determinant: str, horizon: Horizon) -> Iterator[Finding]:
    version = tariff.versions[number]
    charges = energy_charges(version, determinant)
    path = ("versions", number, "charges")
    if not charges:
        needed = determinant == IMPORT_KWH or (version.conversion is not None and determinant == version.conversion.energy)
        what = f"no energy charge prices {determinant}, and another version does"
        kind = (FAILURE, GAP) if needed else (WARNING, "determinant.dropped")
        yield Finding(*kind, path, what, _life(tariff, number, horizon)[0])
        return
    standing = {month: [charge for charge in charges if charge.stands_in(month)] for month in range(1, 13)}
    for month, those in standing.items():
        if not those:
            what = f"no energy charge prices {determinant} in billing periods of month {month}"
            yield Finding(FAILURE, GAP, path, what, minute_of_month(tariff, number, month, horizon))
    counts = {len(those) for those in standing.values()}
    if len(counts) > 1 and min(counts) > 0:
        most = max(standing, key=lambda month: len(standing[month]))
        several = listed(charge.id for charge in standing[most])
        what = f"{determinant} bears {len(standing[most])} energy charges in month {most} ({several}), and fewer in others"
        yield Finding(WARNING, "energy.months", path, what, minute_of_month(tariff, number, most, horizon))
    for month, those in standing.items():
        if those and all(charge.only_for is not None for charge in those):
            options = listed(sorted({str(charge.only_for) for charge in those}))
            what = f"an agreement without an option ({options}) pays nothing for {determinant}"
            yield Finding(WARNING, "energy.optional", path, what, minute_of_month(tariff, number, month, horizon))
            break


def _bands(version: Version, number: int, seen: Walk) -> Iterator[Finding]:
    """Yield the periods that an energy charge or export leaves without a price."""
    for position, charge in enumerate(version.charges):
        if isinstance(charge, EnergyCharge) and isinstance(charge.price, dict):
            direction = seen.sold if charge.quantity == EXPORT_KWH else seen.bought
            elsewhere = _priced_in_other_parts(version, charge)
            for band in version.bands_for("export" if charge.quantity == EXPORT_KWH else "import"):
                if band is not None and band not in charge.price and band not in elsewhere:
                    path: Path = ("versions", number, "charges", position, "price")
                    yield Finding(FAILURE, GAP, path, f"{charge.id} has no price for {band}", direction.first_of(number, band))
    export = version.export
    if export is None or not isinstance(export.price, dict):
        return
    for band in version.bands_for("export"):
        if band is not None and band not in export.price:
            path = ("versions", number, "export", "price")
            yield Finding(FAILURE, GAP, path, f"export has no price for {band}", seen.sold.first_of(number, band))


def _priced_in_other_parts(version: Version, charge: EnergyCharge) -> frozenset[str]:
    """Return the periods of other charges of the same determinant that price some periods only: price lists in parts."""
    others = [each for each in energy_charges(version, charge.quantity) if each is not charge and isinstance(each.price, dict)]
    return frozenset(
        band
        for each in others
        if isinstance(each.price, dict) and set(each.price) < set(version.periods or ())
        for band in each.price
    )


def taken_on_trust(tariff: Tariff) -> Iterator[Finding]:
    """Yield what the proof takes for granted: prices that stand in series, not in the document."""
    for number, version in enumerate(tariff.versions):
        prices: list[tuple[Path, object]] = [
            (("charges", position, "price"), getattr(charge, "price", None)) for position, charge in enumerate(version.charges)
        ]
        prices.append((("export", "price"), version.export.price if version.export is not None else None))
        for path, price in prices:
            if isinstance(price, SeriesPrice):
                what = f"takes its price from the series {price.series}: proven where the series has one value at every instant"
                yield Finding(NOTE, "price.series", ("versions", number, *path), what)


def _life(tariff: Tariff, number: int, horizon: Horizon) -> tuple[int, int]:
    """Return the first instant of a version in the horizon and its end [s since 1970 UTC]."""
    first, after = life_of(tariff, number, horizon)
    return tariff.tariff_clock.midnight(first), tariff.tariff_clock.midnight(after)


def life_of(tariff: Tariff, number: int, horizon: Horizon) -> tuple[date, date]:
    """Return the first local date of a version in the horizon and the date after its last one."""
    begins = max(tariff.versions[number].from_, horizon.first)
    following = tariff.versions[number + 1].from_ if number + 1 < len(tariff.versions) else horizon.after
    return begins, max(min(following, horizon.after), begins)


def minute_of_month(tariff: Tariff, number: int, month: int, horizon: Horizon) -> int:
    """Return the first minute of a version in a month; where it has none, that of its last day: its billing period ends later."""
    first, after = life_of(tariff, number, horizon)
    day = first if first.month == month else date(first.year + (month < first.month), month, 1)
    clock = tariff.tariff_clock
    if day < after:
        return clock.midnight(day)
    return clock.midnight(after - timedelta(days=1)) if after > first else clock.midnight(first)
