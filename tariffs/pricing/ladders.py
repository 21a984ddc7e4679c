"""Lines of energy charges with steps: which ladder agreements climb, how it fills, and how far a year's ladder was climbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from tariffs.charges.energy import EnergyCharge, shared_lines, step_lines
from tariffs.charges.line import Line
from tariffs.charges.tiers import DAY, EACH_PERIOD, TIME_ORDER, YEAR, Runs, Tiers, climb, climb_in_order, standing_on
from tariffs.charges.use import Use
from tariffs.exact import AMOUNT_PLACES, Exact, ratio, total_of
from tariffs.pricing.intervals import all_rows
from tariffs.pricing.peaks import billing_demand_kw
from tariffs.pricing.uses import intervals_of
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan

Climbed = dict[str | None, Sequence[Exact]]
"""For each period its steps, (n,) each."""


def ladder_lines(work: Work, charge: EnergyCharge, tiers: Tiers, span: VersionSpan, use: Use) -> list[Line]:
    """Return the lines of an energy charge with steps, and hand on how far a year's ladder was climbed.

    Args:
        work: what is rated.
        charge: the charge.
        tiers: its steps.
        span: the version's part of the billing period.
        use: what was used in it, by period.

    Raises:
        TariffError: ``tariff.needs_intervals``: the ladder fills in time order, or by the demand of windows.
    """
    ladder = _Ladder(work, charge, tiers, span, use.divisor)
    if tiers.scope == EACH_PERIOD:
        climbed = (
            ladder.in_order(use) if tiers.reset == DAY else {band: ladder.climb(band, used) for band, used in use.bands.items()}
        )
        return step_lines(charge, use, climbed, currency=work.currency)
    whole = total_of(list(use.bands.values()), work.rows)
    if not charge.by_period:
        use = Use({None: whole}, use.unit, use.divisor)
    if tiers.reset == DAY or (tiers.fill == TIME_ORDER and len(use.bands) > 1):
        climbed = ladder.in_order(use)
        ladder.hand_on(None, whole)
        return step_lines(charge, use, climbed, currency=work.currency)
    if len(use.bands) > 1:
        standing = standing_on(ladder.limits(None), ladder.since(None))
        return shared_lines(charge, use, ladder.climb(None, whole), standing=standing, currency=work.currency)
    return step_lines(charge, use, {band: ladder.climb(None, whole) for band in use.bands}, currency=work.currency)


def hand_on_ladders(work: Work) -> None:
    """Hand on the ladders of charges that stand in no line of this billing period, so that their year goes on after it."""
    first = work.days[0]
    for span in work.spans:
        for charge in work.version(span).charges:
            if isinstance(charge, EnergyCharge) and charge.tiers is not None and charge.tiers.per == YEAR:
                begin = _state_name(charge.id, charge.tiers.year_of(first), None)
                for name, climbed in work.inputs.carried.items():
                    if name == begin or name.startswith(f"{begin}|"):
                        work.carried.setdefault(name, climbed)


def _state_name(charge_id: str, year: str, band: str | None) -> str:
    return f"ladder|{charge_id}|{year}" if band is None else f"ladder|{charge_id}|{year}|{band}"


@dataclass(frozen=True)
class _Ladder:
    """The ladders of one charge in a version's part of a billing period: one, or one for each period.

    Attributes:
        divisor: the use is a quantity times this; so are limits and what was climbed before.
    """

    work: Work
    charge: EnergyCharge
    tiers: Tiers
    span: VersionSpan
    divisor: int

    def limits(self, band: str | None) -> list[Exact]:
        """Return the upper ends of the steps but the last."""
        demand = None if self.tiers.blocks is None else billing_demand_kw(self.work, self.span)
        limits = self.tiers.limits_in(self.span, band=band, demand=demand)
        return [limit.times(Decimal(self.divisor)) for limit in limits]

    def since(self, band: str | None) -> Exact:
        """Return how far the ladder was climbed before (n,): by earlier billing periods, and earlier versions in this one."""
        if self.tiers.per != YEAR:
            return Exact(np.zeros(self.work.rows, dtype=np.int64), 0)
        name = self._state(band)
        before = self.work.carried[name] if name in self.work.carried else self.work.carried_in(name)
        return before.times(Decimal(self.divisor))

    def climb(self, band: str | None, used: Exact) -> list[Exact]:
        """Return what falls on each step, and hand on a year's ladder."""
        steps = climb(used, self.limits(band), since=self.since(band))
        self.hand_on(band, used)
        return steps

    def hand_on(self, band: str | None, used: Exact) -> None:
        """Add what was used to what the next billing period is told of a year's ladder."""
        if self.tiers.per != YEAR:
            return
        mask = self.work.stands_for(self.charge)
        climbed = total_of([self.since(band), used if mask is None else used.where(mask)], self.work.rows)
        if self.divisor != 1:
            climbed = ratio(climbed.values.astype(object), self.divisor, scale=climbed.scale, places=AMOUNT_PLACES)
        self.work.carried[self._state(band)] = climbed

    def in_order(self, use: Use) -> Climbed:
        """Return what falls on each step as the intervals come."""
        daily, apart = self.tiers.reset == DAY, self.tiers.scope == EACH_PERIOD
        clock = self.work.inputs.tariff.tariff_clock
        parts = [
            (each.rows, each.runs(clock, joined=len(use.bands) == 1, daily=daily))
            for each in intervals_of(self.work, self.charge.quantity, self.span)
        ]
        if apart:
            climbed: Climbed = {}
            for place, band in enumerate(use.bands):
                climbed |= self._filled([(rows, _only(runs, place)) for rows, runs in parts], [band], daily=daily)
            return climbed
        return self._filled(parts, list(use.bands), daily=daily)

    def _filled(self, parts: Sequence[tuple[np.ndarray, Runs]], bands: Sequence[str | None], *, daily: bool) -> Climbed:
        own = bands[0] if self.tiers.scope == EACH_PERIOD else None
        limits, since = self.limits(own), self.since(own)
        filled = []
        for rows, runs in parts:
            here = [limit if len(limit) == 1 else limit.take(rows) for limit in limits]
            filled.append((rows, climb_in_order(runs, here, since=since.take(rows), daily=daily)))
        return {
            band: [
                all_rows([(rows, steps[place][step]) for rows, steps in filled], self.work.rows)
                for step in range(self.tiers.steps)
            ]
            for place, band in enumerate(bands)
        }

    def _state(self, band: str | None) -> str:
        return _state_name(self.charge.id, self.tiers.year_of(self.work.days[0]), band)


def _only(runs: Runs, place: int) -> Runs:
    """Return the runs of one period, as those of a ladder of its own."""
    own = runs.bands == place
    if not own.any():
        return Runs(Exact(runs.used.values[:, :1] * 0, 0), runs.bands[:1] * 0, 1, runs.days[:1])
    return Runs(Exact(runs.used.values[:, own], runs.used.scale), runs.bands[own] * 0, 1, runs.days[own])
