"""What percentages, taxes and minimums must satisfy: the charges they name are there, and are made before them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tariffs.charges.export import CHARGE_ID as EXPORT
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import ALL, PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.tax import TaxCharge
from tariffs.model import Charge, Version
from tariffs.problems import Path, Problem, listed
from tariffs.scalars import INVALID, UNSUPPORTED


def share_problems(version: Version) -> Iterator[Problem]:
    """Yield what is wrong with the charges that are laid on other charges of a version."""
    for position, charge in enumerate(version.charges):
        if isinstance(charge, PercentCharge | TaxCharge):
            yield from _references(version, charge, charge.of, ("charges", position, "of"))
        elif isinstance(charge, MinimumCharge):
            yield from _references(version, charge, charge.covers, ("charges", position, "covers"))
    yield from _contained_twice(version)


def _references(version: Version, charge: Charge, of: str | tuple[str, ...], path: Path) -> Iterator[Problem]:
    if of == ALL:
        return
    places = {other.id: place for place, other in enumerate(version.charges)}
    for number, name in enumerate(of):
        if name == EXPORT:
            what = "export bears a tax where the agreement says so ('export: {tax: …}'), and counts where a minimum covers all"
            yield Problem((*path, number), UNSUPPORTED, what)
        elif name not in places:
            yield Problem((*path, number), INVALID, f"there is no charge {name!r} among {listed(places)}")
        elif name in of[:number]:
            yield Problem((*path, number), INVALID, f"{name!r} stands twice")
        else:
            stands_before = places[name] < places[charge.id]
            for code, what in _unfit(charge, version.charges[places[name]], stands_before=stands_before):
                yield Problem((*path, number), code, what)


def _unfit(charge: Charge, other: Charge, *, stands_before: bool) -> Iterator[tuple[str, str]]:
    """Yield why a charge cannot be laid on another."""
    if isinstance(other, TaxCharge):
        yield from _unfit_for_tax(charge, other, stands_before=stands_before)
    elif isinstance(charge, PercentCharge) and isinstance(other, MinimumCharge):
        yield UNSUPPORTED, f"a share of the minimum {other.id!r} is not supported: it is made after all shares"
    elif isinstance(charge, MinimumCharge) and isinstance(other, MinimumCharge):
        yield INVALID, f"a minimum does not cover the minimum {other.id!r}"
    elif isinstance(charge, PercentCharge) and isinstance(other, PercentCharge | PowerFactorCharge) and not stands_before:
        yield INVALID, f"the share {other.id!r} stands before what is a share of it"


def _unfit_for_tax(charge: Charge, tax: TaxCharge, *, stands_before: bool) -> Iterator[tuple[str, str]]:
    if not isinstance(charge, TaxCharge):
        yield UNSUPPORTED, f"only a tax is laid on the tax {tax.id!r}"
    elif not stands_before:
        yield INVALID, f"the tax {tax.id!r} stands before a tax that is laid on it"
    elif charge.inclusive or tax.inclusive:
        yield UNSUPPORTED, "a tax contained in prices is not laid on a tax, and no tax on it"


def _contained_twice(version: Version) -> Iterator[Problem]:
    """Yield the taxes contained in a price that contains another tax: what each of them is, depends on the other."""
    taxes = [(position, tax) for position, tax in enumerate(version.charges) if isinstance(tax, TaxCharge) and tax.inclusive]
    for (_, one), (position, other) in combinations(taxes, 2):
        if ALL in (one.of, other.of) or set(one.of) & set(other.of):
            what = f"the same prices contain the taxes {one.id!r} and {other.id!r}; this is not supported"
            yield Problem(("charges", position, "inclusive"), UNSUPPORTED, what)
