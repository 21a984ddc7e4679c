"""In force: what a tariff asks of one billing period depends on its versions in that period, not on all it ever says.

Nor does it ask an agreement for what only charges need that are not for this agreement, or that do not stand in the month.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from tariffs.calendar import combos_of
from tariffs.charges.fee import FeeCharge
from tariffs.determinants import carries_state, needs_intervals, required_facts, required_series
from tariffs.model import Tariff, Version


@dataclass(frozen=True)
class SeriesSpan:
    """A part of a billing period, and the series that a version takes prices from in it.

    Attributes:
        starts_at: first instant [s since 1970 UTC].
        ends_at: end, exclusive [s since 1970 UTC].
        names: names of series, sorted.
    """

    starts_at: int
    ends_at: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What a tariff asks for beside sums of energy, in one billing period.

    Attributes:
        intervals: it looks at single intervals.
        state: it is given something by the period before, and hands something on.
        facts: names of the facts that an agreement must have, sorted.
        options: words that charges stand only for, sorted.
        series: the series needed, version by version.
        borders: it matters whether the agreement begins or ends in the period.
    """

    intervals: bool
    state: bool
    facts: tuple[str, ...]
    options: tuple[str, ...]
    series: tuple[SeriesSpan, ...]
    borders: bool


@lru_cache(maxsize=512)
def asked_of(
    tariff: Tariff, *, starts_at: datetime, ends_at: datetime, options: frozenset[str] | None = None, month: int | None = None
) -> Asked:
    """Return what the versions in force in a billing period ask for.

    Args:
        tariff: the tariff.
        starts_at: first instant billed (UTC).
        ends_at: end, exclusive (UTC).
        options: what an agreement is entitled to: charges that are only for others ask nothing. None for every agreement.
        month: month of the billing period: charges that do not stand in it ask for no fact and no series. State is asked for all
            the same: what a year or a ratchet looks back at goes on in months without the charge. None for every month.

    Raises:
        TariffError: ``tariff.no_version``.
    """
    numbers = sorted(
        {combo.version_index for combo in combos_of(tariff, direction="import", starts_at=starts_at, ends_at=ends_at)}
    )
    every = [charge for number in numbers for charge in tariff.versions[number].charges]
    whole = _only(tariff, tuple(numbers), options, None)
    charges = [charge for version in whole.versions for charge in version.charges]
    clock = tariff.tariff_clock
    cuts = [
        int(starts_at.timestamp()),
        *(clock.midnight(tariff.versions[n].from_) for n in numbers[1:]),
        int(ends_at.timestamp()),
    ]
    spans = []
    for place, number in enumerate(numbers):
        names = tuple(sorted(required_series(_only(tariff, (number,), options, month))))
        if names:
            spans.append(SeriesSpan(cuts[place], cuts[place + 1], names))
    return Asked(
        intervals=needs_intervals(whole),
        state=carries_state(whole),
        facts=tuple(sorted(required_facts(_only(tariff, tuple(numbers), options, month)))),
        options=tuple(sorted({charge.only_for for charge in every if charge.only_for is not None})),
        series=tuple(spans),
        borders=any(isinstance(charge, FeeCharge) for charge in charges),
    )


def _only(tariff: Tariff, numbers: tuple[int, ...], options: frozenset[str] | None, month: int | None) -> Tariff:
    """Return the document with some versions and charges alone: to be asked, never to rate by (positions of versions differ)."""
    parts = {name: getattr(tariff, name) for name in Tariff.model_fields}
    versions = tuple(_with_charges(tariff.versions[number], options, month) for number in numbers)
    return Tariff.model_construct(**parts | {"versions": versions})


def _with_charges(version: Version, options: frozenset[str] | None, month: int | None) -> Version:
    charges = tuple(
        charge
        for charge in version.charges
        if (options is None or charge.only_for is None or charge.only_for in options)
        and (month is None or charge.stands_in(month))
    )
    return version if len(charges) == len(version.charges) else version.model_copy(update={"charges": charges})
