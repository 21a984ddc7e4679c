"""All prices of a tariff in one list: whose they are, of what, in which period, on which step, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.model import Tariff, Version
from tariffs.problems import Path


class Priced(NamedTuple):
    """One price.

    Attributes:
        version: position of the version.
        charge: id of the charge; ``export`` for what export earns.
        kind: kind of the charge.
        of: what is multiplied: a determinant, ``kW``, ``day``, ``month``, ``year``.
        band: the period; None for all.
        tier: the step, from 1; None where there are none.
        price: the price.
        path: where it stands.
    """

    version: int
    charge: str
    kind: str
    of: str
    band: str | None
    tier: int | None
    price: Decimal
    path: Path


def prices_of(tariff: Tariff) -> list[Priced]:
    """Return every price that stands in a document, in its order; those of series do not."""
    return [priced for number, version in enumerate(tariff.versions) for priced in _of_version(number, version)]


def _of_version(number: int, version: Version) -> Iterator[Priced]:
    for position, charge in enumerate(version.charges):
        of = _multiplied(charge)
        if of is None:
            continue
        for band, tier, price, path in _shapes(
            getattr(charge, "price", None), ("versions", number, "charges", position, "price")
        ):
            yield Priced(number, charge.id, charge.kind, of, band, tier, price, path)
    if version.export is not None:
        for band, tier, price, path in _shapes(version.export.price, ("versions", number, "export", "price")):
            yield Priced(number, "export", "export", "export_kwh", band, tier, price, path)
        if version.export.pays is not None:
            pays = version.export.pays
            yield Priced(number, "export", "true_up", "export_kwh", None, None, pays, ("versions", number, "export", "pays"))


def _multiplied(charge: object) -> str | None:
    if isinstance(charge, EnergyCharge | RiderCharge | ReactiveCharge):
        return charge.quantity
    if isinstance(charge, DemandCharge):
        return charge.measure.unit
    if isinstance(charge, ContractedCharge | CoincidentCharge):
        return "kW"
    return charge.per if isinstance(charge, FixedCharge) else None


def _shapes(price: object, path: Path) -> Iterator[tuple[str | None, int | None, Decimal, Path]]:
    """Yield the prices of one field, whatever its shape."""
    by_band = price if isinstance(price, dict) else {None: price}
    for band, of in by_band.items():
        at = path if band is None else (*path, band)
        if isinstance(of, Decimal):
            yield band, None, of, at
        elif isinstance(of, tuple):
            for step, each in enumerate(of):
                yield band, step + 1, each, (*at, step)
