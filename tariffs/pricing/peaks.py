"""Peaks: the highest demand of a billing period, what is kept of it for later ones, and the billing demand they make.

A peak is measured in a version's part of the billing period. Of each month the highest peak is carried to the billing
periods that may look back at it, under ``peak|*|2026-07`` (``*``: the version's billing demand, else a charge's id). A month
nobody measured counts 0; so does one before the tariff had the ratchet.
"""

from __future__ import annotations

import numpy as np

from tariffs.charges.demand import DemandCharge
from tariffs.charges.measure import KVA, Lookback, Measure
from tariffs.charges.power import highest
from tariffs.exact import Exact, constant
from tariffs.model import Tariff, Version
from tariffs.pricing.windows import IMPORT, Frame, Peak, Windows, peak_in, windows_of
from tariffs.pricing.work import Work, bad_inputs
from tariffs.rated import Measured
from tariffs.spans import VersionSpan
from tariffs.timeline import Stretch, Timeline

ALL_CHARGES = "*"
"""Stands in a name of the state for the billing demand of a version."""
PEAK_KW, BILLING_DEMAND_KW = "peak_kw", "billing_demand_kw"
_PREFIX = "peak"
_PLAIN = Measure()
_MONTHS = 12


def peak_of(work: Work, span: VersionSpan, measure: Measure, band: str | None = None, *, calendar: str = IMPORT) -> Peak:
    """Return the highest demand in a version's part of the billing period, or in one of its periods.

    Args:
        work: the call.
        span: the part.
        measure: how it is measured.
        band: the period; None for all intervals.
        calendar: whose period: that of ``import``, or of a demand charge by its id.

    Raises:
        TariffError: ``tariff.needs_intervals``: no intervals, or too long ones.
        InvariantError: ``rating.inputs``: a determinant that is measured was not given.
    """
    key = (measure, calendar, span.version, band)
    if key not in work.peaks:
        work.peaks[key] = peak_in(_windows(work, measure, calendar), work.rows, span.version, band)
    return work.peaks[key]


def billing_demand_kw(work: Work, span: VersionSpan) -> Exact:
    """Return the power of limits per kW in a version's part: (n,) [kW].

    It is the version's ``billing_demand`` where it has one, else the measured peak.
    """
    ratchet = work.version(span).billing_demand
    if ratchet is None:
        return peak_of(work, span, _PLAIN).demand
    return ratcheted(work, ratchet, ALL_CHARGES, peak_of(work, span, ratchet.measure).demand)


def ratcheted(work: Work, ratchet: Lookback, name: str, measured: Exact) -> Exact:
    """Return what a ratchet makes of a measured peak: (n,) [kW].

    Args:
        work: the call.
        ratchet: the rule.
        name: what the peaks are kept under: a charge's id, or ``ALL_CHARGES``.
        measured: the peak of this billing period's part [kW].
    """
    now = _month_number(work)
    # of a month that an earlier billing period has rated already, the larger peak
    own = highest([measured, work.carried_in(_key(name, now))])
    columns = [own.times(ratchet.share_of(work.month))]
    for month in range(now - ratchet.months, now):
        key = _key(name, month)
        if key in work.inputs.carried:
            columns.append(work.inputs.carried[key].times(ratchet.share_of(month % _MONTHS + 1)))
    if work.month in ratchet.at_least_actual:
        columns.append(own)
    if ratchet.minimum is not None:
        columns.append(constant(ratchet.minimum, work.rows))
    return highest(columns)


def keep_peak(work: Work, name: str, measured: Exact) -> None:
    """Hand a peak of this month to later billing periods; the highest of a month stands."""
    key = _key(name, _month_number(work))
    kept = work.carried[key] if key in work.carried else work.carried_in(key)
    work.carried[key] = highest([measured, kept])


def record_power(work: Work) -> None:
    """Keep what later billing periods look back at, and note the peaks and the billing demand of this one.

    Peaks are noted over all intervals, and in the periods that a demand charge prices.
    """
    _pass_on(work)
    for span in work.spans:
        version = work.version(span)
        if version.billing_demand is not None:
            keep_peak(work, ALL_CHARGES, peak_of(work, span, version.billing_demand.measure).demand)
        if not _measurable(work):
            continue
        for band in (None, *_priced_bands(version)):
            note_peak(work, PEAK_KW, span, band, _PLAIN)
        unit = version.billing_demand.measure.unit if version.billing_demand is not None else _PLAIN.unit
        work.measured.append(Measured(BILLING_DEMAND_KW, span.version, None, billing_demand_kw(work, span), unit))


def note_charged_peak(
    work: Work, charge_id: str, span: VersionSpan, band: str | None, measure: Measure, *, calendar: str = IMPORT
) -> None:
    """Note a peak that a charge measured in a way, or in periods, of its own: ``peak_kw.<id>`` or ``peak_kva.<id>``."""
    if measure != _PLAIN or calendar != IMPORT:
        name = "peak_kva" if measure.unit == KVA else PEAK_KW
        note_peak(work, f"{name}.{charge_id}", span, band, measure, calendar=calendar)


def note_peak(work: Work, name: str, span: VersionSpan, band: str | None, measure: Measure, *, calendar: str = IMPORT) -> None:
    """Note a peak for the record, with the time of its highest window."""
    peak = peak_of(work, span, measure, band, calendar=calendar)
    if band is None or peak.occurs.any():
        work.measured.append(Measured(name, span.version, band, peak.demand, measure.unit, peak.at))


def _measurable(work: Work) -> bool:
    """Tell whether all imported energy is there in intervals: without a charge on power it need not be."""
    if work.inputs.timeline is None or _PLAIN.quantity not in work.inputs.quantities:
        return False
    return all(_PLAIN.quantity in stretch.values or not len(stretch.rows) for stretch in work.inputs.timeline.stretches)


def _priced_bands(version: Version) -> dict[str, None]:
    """Return the version's periods that demand charges price, each once; a charge with its own notes those itself."""
    charges = [charge for charge in version.charges if isinstance(charge, DemandCharge) and charge.periods is None]
    return {band: None for charge in charges if isinstance(charge.price, dict) for band in charge.price}


def _windows(work: Work, measure: Measure, calendar: str) -> tuple[Windows, ...]:
    if (measure, calendar) not in work.windows:
        inputs, timeline = work.inputs, work.timeline
        one_stretch_each(timeline, work.rows)
        for name in measure.quantities:
            for stretch in timeline.stretches:
                known(work, name, stretch)
        frame = Frame(inputs.tariff, inputs.starts_at, inputs.ends_at, inputs.billing_clock, calendar)
        work.windows[measure, calendar] = tuple(windows_of(stretch, measure, frame) for stretch in timeline.stretches)
    return work.windows[measure, calendar]


def known(work: Work, name: str, stretch: Stretch) -> None:
    """Refuse to take a determinant for zero that was not given, or not in intervals.

    Raises:
        InvariantError: ``rating.inputs``.
    """
    if name not in work.inputs.quantities:
        what = f"{name} was not given, and a charge of {work.inputs.tariff.tariff} measures it"
        raise bad_inputs(what)
    if name not in stretch.values and work.inputs.quantities[name].values[stretch.rows].any():
        what = f"{name} has sums and no intervals"
        raise bad_inputs(what)


def one_stretch_each(timeline: Timeline, agreements: int) -> None:
    """Refuse a timeline in which an agreement is missing or stands twice.

    Raises:
        InvariantError: ``rating.inputs``.
    """
    rows = [stretch.rows for stretch in timeline.stretches]
    counts = np.bincount(np.concatenate(rows), minlength=agreements) if rows else np.zeros(agreements, dtype=np.int64)
    if len(counts) != agreements or (counts != 1).any():
        what = "every agreement stands in one stretch of the timeline"
        raise bad_inputs(what)


def _pass_on(work: Work) -> None:
    """Keep the peaks handed over that some version of the tariff may still look back at."""
    now, lookbacks = _month_number(work), _lookbacks(work.inputs.tariff)
    for key, peaks in work.inputs.carried.items():
        prefix, _, rest = key.partition("|")
        name, _, month = rest.rpartition("|")
        if prefix == _PREFIX and name in lookbacks and _number_of(month) >= now - lookbacks[name]:
            work.carried[key] = peaks


def _lookbacks(tariff: Tariff) -> dict[str, int]:
    """Return how many months back each ratchet looks, in the version that looks furthest."""
    found: dict[str, int] = {}
    for version in tariff.versions:
        ratchets = {charge.id: charge.ratchet for charge in version.charges if isinstance(charge, DemandCharge)}
        for name, ratchet in ({ALL_CHARGES: version.billing_demand} | ratchets).items():
            if ratchet is not None:
                found[name] = max(found.get(name, 0), ratchet.months)
    return found


def _month_number(work: Work) -> int:
    day = work.days[1]
    return day.year * _MONTHS + day.month - 1


def _key(name: str, month: int) -> str:
    return f"{_PREFIX}|{name}|{month // _MONTHS:04d}-{month % _MONTHS + 1:02d}"


def _number_of(month: str) -> int:
    """Return the number of a month written ``YYYY-MM``."""
    year, _, number = month.partition("-")
    return int(year) * _MONTHS + int(number) - 1
