"""Demand: windows of the load, what is made of the highest, and what earlier months make of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from fractions import Fraction
from math import floor, isqrt

from schemas.errors import TariffError
from tariffs.charges.demand import DemandCharge
from tariffs.charges.measure import ChargeRatchet, Measure, Ratchet
from tariffs.reference.bands import kind_of
from tariffs.reference.days import Part
from tariffs.reference.figures import MEAN_PLACES, ROOT_PLACES, ZERO, half_even, root
from tariffs.reference.use import Placed, Window
from tariffs.reference.work import Work

OWN_LENGTH = Measure()
"""Demand where nothing else is said: the import of an interval divided by its hours."""
LONGEST_LOOK_BACK = 120
"""No ratchet looks further back [month]."""
ALL_CHARGES = "*"
"""Stands in the names of carried peaks for the billing demand of a whole version."""


def windows_of(work: Work, part: Part, measure: Measure) -> list[Window]:
    """Return the windows that count: wholly in the version's part of the billing period, beginning on a day that counts."""
    key = (part.version, measure)
    if key not in work.windows:
        work.windows[key] = _windows(work, part, measure)
    return work.windows[key]


def _windows(work: Work, part: Part, measure: Measure) -> list[Window]:
    intervals = work.use.intervals(part)
    windows = []
    for place, first in enumerate(intervals):
        minutes = first.minutes if measure.window_min is None else measure.window_min
        counts = measure.days is None or kind_of(work.tariff, first.wall.date()) in measure.days
        if not counts or not _may_begin(first, minutes, measure):
            continue
        inside = _filling(intervals[place : place + minutes], minutes)
        if inside and inside[-1].end <= part.ends_at:
            windows.append(Window(first.wall, first.band, _demand(inside, minutes, measure)))
    return windows


def _may_begin(first: Placed, minutes: int, measure: Measure) -> bool:
    """Tell whether a window may begin with an interval: any where it slides, else at multiples of its length on the clock."""
    on_the_clock = first.wall.minute % minutes == 0 and first.wall.second == 0
    return measure.window_min is None or measure.sliding or on_the_clock


def _filling(following: Sequence[Placed], minutes: int) -> list[Placed]:
    """Return the intervals that fill a window from the first on; none where one is missing.

    Args:
        following: the intervals from the first on, as many as may be needed: none is shorter than a minute.
        minutes: length of the window [min].

    Raises:
        TariffError: ``tariff.needs_intervals``: an interval is longer than the window, or crosses its end.
    """
    begins = following[0].start
    ends = begins + timedelta(minutes=minutes)
    filled: list[Placed] = []
    for placed in following:
        if begins == ends:
            break
        if placed.start != begins:
            return []
        if placed.end > ends:
            code = "tariff.needs_intervals"
            raise TariffError(code, f"a window of {minutes} minutes is no whole number of intervals of {placed.minutes} minutes")
        filled.append(placed)
        begins = placed.end
    return filled if begins == ends else []


def _demand(inside: Sequence[Placed], minutes: int, measure: Measure) -> Fraction:
    """Return the demand of a window [kW or kVA]."""
    active = sum((placed.use.get(measure.quantity, ZERO) for placed in inside), ZERO)
    if measure.unit == "kVA":
        reactive = sum((placed.use.get(measure.reactive, ZERO) for placed in inside), ZERO)
        active = root(active**2 + reactive**2, ROOT_PLACES)
    return active * 60 / minutes


def peak_of(windows: Sequence[Window], measure: Measure) -> Fraction:
    """Return what is made of the highest windows; below zero counts as zero [kW or kVA]."""
    if not windows:
        return ZERO
    demands = [window.demand for window in windows]
    if measure.agg == "max":
        return max(ZERO, *demands)
    if measure.agg == "mean_of_n_daily_max":
        days = {window.wall.date() for window in windows}
        demands = [max(window.demand for window in windows if window.wall.date() == day) for day in days]
    highest = sorted(demands, reverse=True)[: measure.n]
    return max(ZERO, half_even(sum(highest, ZERO) / len(highest), MEAN_PLACES))


def billing_demand(work: Work, part: Part) -> Fraction:
    """Return the kW that limits per kW use: the version's billing demand, else the measured peak [kW]."""
    said = work.version(part).billing_demand
    if said is None:
        return peak_of(windows_of(work, part, OWN_LENGTH), OWN_LENGTH)
    peak = peak_of(windows_of(work, part, said.measure), said.measure)
    return ratchet_kw(work, said, ALL_CHARGES, peak)


def keep_peaks(work: Work, part: Part) -> None:
    """Hand the peaks that ratchets look at to the next billing period, whether or not their charges stand on this bill."""
    said = work.version(part).billing_demand
    if said is not None:
        _keep(work, ALL_CHARGES, peak_of(windows_of(work, part, said.measure), said.measure))
    for charge in work.charges(part):
        if isinstance(charge, DemandCharge) and charge.ratchet is not None:
            _keep(work, charge.id, ratchet_peak(work, charge, part))


def furthest_look_back(work: Work, owner: str) -> int:
    """Return how many months back the ratchets of an owner look, in the version that looks furthest; ten years without one."""
    ratchets: list[Ratchet | ChargeRatchet] = []
    for version in work.tariff.versions:
        if owner == ALL_CHARGES and version.billing_demand is not None:
            ratchets.append(version.billing_demand)
        own = (charge for charge in version.charges if isinstance(charge, DemandCharge) and charge.id == owner)
        ratchets += [charge.ratchet for charge in own if charge.ratchet is not None]
    return max((ratchet.months for ratchet in ratchets), default=LONGEST_LOOK_BACK)


def ratchet_peak(work: Work, charge: DemandCharge, part: Part) -> Fraction:
    """Return the peak that feeds a charge's own ratchet: of its own measure where it has one, inside the period it names [kW]."""
    ratchet = charge.ratchet
    measure = ratchet.measure if ratchet is not None and ratchet.measure is not None else charge.measure
    windows = windows_of(work, part, measure)
    if ratchet is not None and ratchet.of is not None:
        windows = [window for window in windows if band_of(work, charge, part, window) == ratchet.of]
    return corrected(work, charge, peak_of(windows, measure))


def band_of(work: Work, charge: DemandCharge, part: Part, window: Window) -> str | None:
    """Return the period that a window begins in: of the charge's own periods where it has some, else of the version's."""
    if charge.periods is None:
        return window.band
    return work.calendar.band(part.version, charge.id, window.wall)


def ratchet_kw(work: Work, ratchet: Ratchet | ChargeRatchet, owner: str, peak: Fraction) -> Fraction:
    """Return the kW that a ratchet bills.

    The largest of: its minimum; for this month and each of the months before it, that month's peak times its own percentage;
    and, in the months of ``at_least_actual``, this month's peak. The peak of a month that an earlier billing period has
    rated already is the larger of the two.

    Args:
        work: the bill.
        ratchet: the rule.
        owner: whose peaks these are: a charge's id, or ``*``.
        peak: this month's, as measured [kW].
    """
    peaks = {ago: work.handed(_name(owner, _month(work, ago))) for ago in range(ratchet.months + 1)}
    peaks[0] = max(peaks[0], peak)
    candidates = [ZERO if ratchet.minimum is None else Fraction(ratchet.minimum)]
    candidates += [each * _percent(ratchet, _month(work, ago)) / 100 for ago, each in peaks.items()]
    if work.period.month in ratchet.at_least_actual:
        candidates.append(peaks[0])
    return max(candidates)


def _keep(work: Work, owner: str, peak: Fraction) -> None:
    name = _name(owner, _month(work, 0))
    work.carried[name] = max(work.handed(name), work.carried.get(name, ZERO), peak)


def _month(work: Work, ago: int) -> tuple[int, int]:
    """Return year and month so many months before that of the billing period."""
    day = work.period.last_day
    months = day.year * 12 + day.month - 1 - ago
    return months // 12, months % 12 + 1


def _name(owner: str, month: tuple[int, int]) -> str:
    return f"peak|{owner}|{month[0]:04d}-{month[1]:02d}"


def _percent(ratchet: Ratchet | ChargeRatchet, month: tuple[int, int]) -> Fraction:
    if ratchet.percent_by_month is not None:
        return Fraction(ratchet.percent_by_month[month[1] - 1])
    return Fraction(ratchet.percent or 0)


def corrected(work: Work, charge: DemandCharge, peak: Fraction) -> Fraction:
    """Return a measured peak, raised where the power factor is below the charge's target."""
    rule = charge.power_factor
    if rule is None:
        return peak
    factor = power_factor_of(work, charge.measure.quantity, charge.measure.reactive, rule.places)
    target = Fraction(rule.target)
    return half_even(peak * target / factor, MEAN_PLACES) if 0 < factor < target else peak


def power_factor_of(work: Work, quantity: str, reactive: str, places: int) -> Fraction:
    """Return the power factor of the billing period, rounded half up: 1 without any energy, 0 with reactive energy alone."""
    active, idle = (_all_of(work.use.of(name, part).values() for part in work.period.parts) for name in (quantity, reactive))
    if active <= 0:
        return Fraction(0 if idle else 1)
    # floor(x + 1/2) of the root x = active / sqrt(active^2 + idle^2), in units of the last place, without the root
    square = active**2 / (active**2 + idle**2) * 10 ** (2 * places)
    below = isqrt(floor(square))
    return Fraction(below + (square >= (below + Fraction(1, 2)) ** 2), 10**places)


def _all_of(parts: Iterable[Iterable[Fraction]]) -> Fraction:
    return sum((each for part in parts for each in part), ZERO)
