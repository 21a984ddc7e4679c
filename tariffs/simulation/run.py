"""A load priced by a tariff, billing period after billing period: what one hands over, the next is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np

from schemas.errors import InvariantError
from schemas.periods import BillingPeriod
from tariffs.calendar import Combo, combos_at
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.clock import Integers
from tariffs.exact import Exact, ratio
from tariffs.model import Tariff
from tariffs.rated import Determinant, RatedLines, RatingInputs
from tariffs.rating import rate
from tariffs.series import PriceSeries
from tariffs.simulation.load import EXPORT, IMPORT, Load
from tariffs.timeline import Stretch, Timeline

PEAK_PLACES = 12
"""Decimals of a measured demand where the division does not end."""
_UNITS = {"kwh": "kWh", "kvarh": "kvarh", "kvah": "kVAh", "m3": "m3"}
_ONE_ROW = np.zeros(1, dtype=np.int64)


@dataclass(frozen=True)
class Customer:
    """Who is simulated, beside what they use.

    Attributes:
        carried: state from before the first billing period, by name: (1,) each.
        series: prices in time, by name.
        facts: what the agreement says in numbers, by name: (1,) each, such as ``contracted_kw`` [kW].
        options: what it is entitled to, such as ``low_income``.
        export_taxed: its export bears tax.
        starts: the agreement begins with the first billing period.
        ends: it ends with the last one.
    """

    carried: Mapping[str, Exact] = field(default_factory=dict)
    series: Mapping[str, PriceSeries] = field(default_factory=dict)
    facts: Mapping[str, Exact] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    export_taxed: bool = False
    starts: bool = False
    ends: bool = False


class RatedPeriod(NamedTuple):
    """A billing period's lines, and what they were priced from.

    Attributes:
        period: its dates and instants.
        rated: lines and totals of one agreement.
        import_kwh: sum of the load [kWh], (1,).
        export_kwh: sum of what was fed in [kWh], (1,).
        peak_kw: highest demand [kW], (1,).
        billing_demand_kw: what demand charges used [kW], (1,).
    """

    period: BillingPeriod
    rated: RatedLines
    import_kwh: Exact
    export_kwh: Exact
    peak_kw: Exact
    billing_demand_kw: Exact


def simulate(
    tariff: Tariff, load: Load, periods: Sequence[BillingPeriod], customer: Customer, *, billing_clock: str | None = None
) -> list[RatedPeriod]:
    """Price a load.

    Args:
        tariff: the tariff.
        load: what was used; it covers every period.
        periods: the billing periods, in order.
        customer: what else is known of the agreement.
        billing_clock: clock of the periods' days; None for the tariff's own.

    Raises:
        TariffError: ``tariff.no_version``, ``series.missing``, ``tariff.unsupported``: see ``rate``.
        InvariantError: ``rating.inputs``: an interval of a billing period has no price.
    """
    carried = customer.carried
    rated: list[RatedPeriod] = []
    for number, period in enumerate(periods):
        part = _part_of(load, period)
        inputs = RatingInputs(
            tariff=tariff,
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            quantities=_determinants(tariff, part, period, billing_clock),
            export_taxed=np.array([customer.export_taxed]),
            billing_clock=billing_clock,
            timeline=_timeline(part),
            series=customer.series,
            carried=carried,
            facts=customer.facts,
            options={name: np.array([True]) for name in customer.options},
            started=np.array([customer.starts and number == 0]),
            ended=np.array([customer.ends and number == len(periods) - 1]),
        )
        lines = rate(inputs)
        rated.append(_with_determinants(period, lines, part))
        carried = lines.carried
    return rated


def newest_only(tariff: Tariff) -> Tariff:
    """Return the tariff as if its newest version had been in force since the year 1."""
    newest = tariff.versions[-1].model_copy(update={"from_": date.min})
    # not model_copy: that would take the fingerprint of the whole document along, which calendars are kept by
    fields = {name: getattr(tariff, name) for name in Tariff.model_fields}
    return Tariff.model_construct(**(fields | {"versions": (newest,)}))


def _part_of(load: Load, period: BillingPeriod) -> Load:
    """Return the intervals that begin in a billing period."""
    bounds = [int(period.starts_at.timestamp()), int(period.ends_at.timestamp())]
    low, high = np.searchsorted(load.starts, bounds).tolist()
    values = {name: column[low:high] for name, column in load.values.items()}
    return Load(load.where, load.minutes, load.starts[low:high], values, load.scales)


def _determinants(tariff: Tariff, part: Load, period: BillingPeriod, billing_clock: str | None) -> dict[str, Determinant]:
    """Return what was used of each quantity by tariff version and period; export is there, with zeros where none is known."""
    indexes = {
        way: combos_at(
            tariff,
            direction=way,
            starts=part.starts,
            starts_at=period.starts_at,
            ends_at=period.ends_at,
            billing_clock=billing_clock,
        )
        for way in ("import", "export")
    }
    known = dict(part.values)
    known.setdefault(EXPORT, np.zeros(len(part.starts), dtype=np.int64))
    return {name: _determinant(name, part, values, *indexes[_direction(name)]) for name, values in known.items()}


def _determinant(name: str, part: Load, values: Integers, index: Integers, combos: tuple[Combo, ...]) -> Determinant:
    if (index < 0).any():
        code, instant = "rating.inputs", int(part.starts[int(np.argmax(index < 0))])
        raise InvariantError(code, f"the interval at {instant} s since 1970 UTC lies in its billing period and has no price")
    sums = np.zeros((1, len(combos)), dtype=np.int64)
    np.add.at(sums[0], index, values)
    return Determinant(combos, -part.scales.get(name, 0), sums, unit_of(name))


def _direction(name: str) -> str:
    return "export" if name == EXPORT_KWH else "import"


def unit_of(name: str) -> str:
    """Return the unit that a quantity's name ends with.

    >>> unit_of("controlled_load_kwh"), unit_of("kvarh"), unit_of("volume_m3"), unit_of("visits")
    ('kWh', 'kvarh', 'm3', 'visits')
    """
    last = name.rpartition("_")[2]
    return _UNITS.get(last, last)


def _timeline(part: Load) -> Timeline:
    values = {name: column[np.newaxis, :] for name, column in part.values.items()}
    exponents = {name: -scale for name, scale in part.scales.items()}
    return Timeline((Stretch(_ONE_ROW, part.minutes, part.starts, values, exponents),))


def _with_determinants(period: BillingPeriod, lines: RatedLines, part: Load) -> RatedPeriod:
    """Return the lines with the quantities they were priced from."""
    measured = [each.value for each in lines.measured if each.determinant == "peak_kw" and each.band is None]
    peak = _highest(measured) if measured else _highest_import(part)
    used = [each.value for each in lines.measured if each.determinant == "billing_demand_kw"]
    demand = _highest(used) if used else peak
    return RatedPeriod(period, lines, _sum_of(part, IMPORT), _sum_of(part, EXPORT), peak, demand)


def _sum_of(part: Load, name: str) -> Exact:
    total = int(part.values[name].sum()) if name in part.values else 0
    return Exact(np.array([total], dtype=np.int64), part.scales.get(name, 0))


def _highest(columns: Sequence[Exact]) -> Exact:
    scale = max(column.scale for column in columns)
    highest = max(int(column.at(scale).values[0]) for column in columns)
    return Exact(np.array([highest], dtype=object), scale)


def _highest_import(part: Load) -> Exact:
    """Return the highest import of an interval, divided by its hours [kW]."""
    if IMPORT not in part.values:
        return Exact(np.zeros(1, dtype=np.int64), 0)
    highest = np.array([int(part.values[IMPORT].max()) * 60], dtype=object)
    return ratio(highest, np.array([part.minutes], dtype=object), scale=part.scales[IMPORT]).at_most(PEAK_PLACES)
