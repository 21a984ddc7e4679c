"""Billing determinants: the quantities that a tariff multiplies, by name."""

from __future__ import annotations

from tariffs.charges.energy import EnergyCharge
from tariffs.charges.rider import RiderCharge
from tariffs.model import Tariff


def required_determinants(tariff: Tariff) -> frozenset[str]:
    """Return the determinants that any version's charges name: ``import_kwh``, ``controlled_load_kwh``, ``kvarh``, ...

    ``export_kwh`` is among them only where a charge names it; for energy bought see ``prices_export``.
    """
    charges = [charge for version in tariff.versions for charge in version.charges]
    return frozenset(charge.quantity for charge in charges if isinstance(charge, EnergyCharge | RiderCharge))


def prices_export(tariff: Tariff) -> bool:
    """Tell whether any version pays for exported energy."""
    return any(version.export is not None for version in tariff.versions)
