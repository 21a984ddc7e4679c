"""Net metering: import minus export, period by period, over the billing period."""

from __future__ import annotations

from schemas.errors import TariffError
from tariffs.charges.export import Export
from tariffs.model import Version
from tariffs.reference.days import Part
from tariffs.reference.figures import ZERO
from tariffs.reference.use import EXPORT_KWH, IMPORT_KWH, Bands
from tariffs.reference.work import Work
from tariffs.scalars import UNSUPPORTED

NETTING = ("nem_kwh", "nem_money")


def nets(version: Version) -> bool:
    """Tell whether a version nets import and export."""
    return version.export is not None and version.export.mode in NETTING


def is_netted(version: Version, quantity: str) -> bool:
    """Tell whether charges on a determinant are on net kWh."""
    return nets(version) and quantity == IMPORT_KWH


def refuse_two_versions(work: Work) -> None:
    """Refuse to net over a change of versions, and banks that two versions have different rules for.

    Raises:
        TariffError: ``tariff.unsupported``.
    """
    versions = [work.version(part) for part in work.period.parts]
    if len(versions) == 1:
        return
    rules = {_bank_of(version.export) for version in versions}
    if any(nets(version) for version in versions) or len(rules) > 1:
        what = f"export.mode of {work.tariff.tariff}: net metering over two versions in one billing period, or two banks"
        raise TariffError(UNSUPPORTED, what, "end the billing period where the new version begins")


def _bank_of(export: Export | None) -> tuple[object, ...] | None:
    """Return what is said of a bank; None where there is none."""
    if export is None or (export.carry is None and export.mode not in NETTING):
        return None
    return export.mode, export.carry, export.true_up, export.pays, export.offsets, export.expires


def bank_name(band: str | None) -> str:
    """Return the name that surplus kWh of a period are carried under."""
    return f"bank.kwh|{band or ''}"


def net_kwh(work: Work, part: Part) -> Bands:
    """Return import minus export in each period [kWh]."""
    exported = work.use.of(EXPORT_KWH, part)
    return {band: imported - exported[band] for band, imported in work.use.of(IMPORT_KWH, part).items()}


def billed_kwh(work: Work, name: str, part: Part) -> Bands:
    """Return what a charge is laid on in each period: of net kWh those above zero, less the kWh of the bank [unit]."""
    version = work.version(part)
    if version.export is None or not is_netted(version, name):
        return work.use.of(name, part)
    banked = version.export.mode == "nem_kwh"
    net = net_kwh(work, part)
    return {band: max(ZERO, each - (work.handed(bank_name(band)) if banked else ZERO)) for band, each in net.items()}
