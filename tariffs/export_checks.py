"""What a version says of export must satisfy: references that lead somewhere, and charges that its way of metering can bill."""

from __future__ import annotations

from collections.abc import Iterator

from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import NETTED, Export
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import ALL
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tax import TaxCharge
from tariffs.charges.tiers import TIME_ORDER
from tariffs.model import Version
from tariffs.problems import Path, Problem, listed
from tariffs.scalars import INVALID, UNSUPPORTED


def export_problems(version: Version) -> Iterator[Problem]:
    """Yield what is wrong with the export of a version, but for its periods and their prices."""
    export = version.export
    nets = export is not None and export.nets
    for position, charge in enumerate(version.charges):
        if isinstance(charge, EnergyCharge) and nets and charge.quantity == NETTED:
            yield from _netted(charge, ("charges", position))
        elif isinstance(charge, RiderCharge) and charge.net:
            yield from _net_rider(charge, ("charges", position), nets=nets)
    if export is not None:
        yield from _references(version, export)
        if nets and not any(isinstance(charge, EnergyCharge) and charge.quantity == NETTED for charge in version.charges):
            what = f"net metering nets what an energy charge on {NETTED} bills, and there is none"
            yield Problem(("export", "mode"), INVALID, what)


def _references(version: Version, export: Export) -> Iterator[Problem]:
    taxes = [charge.id for charge in version.charges if isinstance(charge, TaxCharge)]
    for number, name in enumerate(export.tax or ()):
        if name not in taxes:
            yield Problem(("export", "tax", number), INVALID, f"there is no tax {name!r} among {listed(taxes)}")
    payable = [charge.id for charge in version.charges if not isinstance(charge, TaxCharge | MinimumCharge)]
    for number, name in enumerate(() if export.offsets == ALL else export.offsets):
        if name not in payable:
            what = f"banked money pays charges before minimum and tax; {name!r} is not among {listed(payable)}"
            yield Problem(("export", "offsets", number), INVALID, what)
        elif name in export.offsets[:number]:
            yield Problem(("export", "offsets", number), INVALID, f"{name!r} stands twice")


def _netted(charge: EnergyCharge, path: Path) -> Iterator[Problem]:
    """Yield why an energy charge cannot be laid on the kWh that a month leaves when they are netted."""
    if isinstance(charge.price, SeriesPrice):
        yield Problem((*path, "price"), UNSUPPORTED, "net metering nets whole months, and a series prices single intervals")
    if charge.tiers is not None and charge.tiers.fill == TIME_ORDER:
        yield Problem((*path, "tiers", "fill"), UNSUPPORTED, "net metering nets whole months: there is no order in time")
    if charge.tiers is not None and charge.tiers.reset == "day":
        yield Problem((*path, "tiers", "reset"), UNSUPPORTED, "net metering nets whole months: no day has a ladder of its own")


def _net_rider(charge: RiderCharge, path: Path, *, nets: bool) -> Iterator[Problem]:
    if not nets or charge.quantity != NETTED:
        yield Problem((*path, "net"), INVALID, f"'net' goes with riders on {NETTED} under net metering")
    elif isinstance(charge.price, SeriesPrice):
        yield Problem((*path, "net"), UNSUPPORTED, "net metering nets whole months, and a series prices single intervals")
