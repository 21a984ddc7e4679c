"""Billing determinants: the quantities that a tariff multiplies, by name."""

from __future__ import annotations

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.model import Tariff

_POWER = DemandCharge | ContractedCharge | CoincidentCharge | ReactiveCharge | PowerFactorCharge


def required_determinants(tariff: Tariff) -> frozenset[str]:
    """Return the determinants that any version's charges name: ``import_kwh``, ``controlled_load_kwh``, ``kvarh``, ...

    ``export_kwh`` is among them only where a charge names it; for energy bought see ``prices_export``.
    """
    charges = [charge for version in tariff.versions for charge in version.charges]
    ratchets = [version.billing_demand for version in tariff.versions if version.billing_demand is not None]
    return frozenset(
        [
            *(charge.quantity for charge in charges if isinstance(charge, EnergyCharge | RiderCharge)),
            *(name for charge in charges if isinstance(charge, _POWER) for name in charge.determinants),
            *(name for ratchet in ratchets for name in ratchet.measure.quantities),
        ]
    )


def prices_export(tariff: Tariff) -> bool:
    """Tell whether any version pays for exported energy."""
    return any(version.export is not None for version in tariff.versions)
