"""The bill of one agreement and one billing period, by intervals or by sums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from fractions import Fraction

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.model import Charge, Tariff
from tariffs.reference.bands import Calendar
from tariffs.reference.days import Part, period_of
from tariffs.reference.energies import energy, fee, fixed, rider
from tariffs.reference.exports import exports, true_up
from tariffs.reference.figures import ZERO
from tariffs.reference.given import Agreement, Interval, ReferenceBill
from tariffs.reference.handing_on import hand_on
from tariffs.reference.netting import refuse_two_versions
from tariffs.reference.peaks import OWN_LENGTH, billing_demand, keep_peaks, peak_of, windows_of
from tariffs.reference.powers import coincident, contracted, demand, power_factor, reactive
from tariffs.reference.shares import minimums, percent, taxes
from tariffs.reference.use import IntervalUse, SumUse, Use
from tariffs.reference.work import Work
from tariffs.series import PriceSeries


def bill(
    tariff: Tariff,
    intervals: Iterable[Interval],
    *,
    starts_at: datetime,
    ends_at: datetime,
    billing_clock: str | None = None,
    agreement: Agreement,
    carried: Mapping[str, Fraction],
    series: Mapping[str, PriceSeries],
) -> ReferenceBill:
    """Return the bill of one agreement from its intervals.

    Args:
        tariff: the document.
        intervals: what was used; those that begin outside the billing period are left alone.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        billing_clock: clock of the billing period's days; None for the tariff's own.
        agreement: what is known of the agreement.
        carried: what the billing period before handed over.
        series: prices in time, by name.

    Returns:
        lines, totals, and what the next billing period is to be given.

    Raises:
        TariffError: as ``rate`` refuses.
    """
    period = period_of(tariff, starts_at=starts_at, ends_at=ends_at, billing_clock=billing_clock)
    use = IntervalUse(Calendar(tariff, period), period, intervals, series)
    work = Work(tariff, period, use, agreement, carried, series)
    part = period.parts[-1]
    peak = max(peak_of(windows_of(work, each, OWN_LENGTH), OWN_LENGTH) for each in period.parts)
    return _billed(work, peak, billing_demand(work, part))


def bill_sums(
    tariff: Tariff,
    sums: Mapping[str, Mapping[tuple[int, str | None], Fraction]],
    *,
    starts_at: datetime,
    ends_at: datetime,
    billing_clock: str | None = None,
    agreement: Agreement,
    carried: Mapping[str, Fraction],
    series: Mapping[str, PriceSeries],
) -> ReferenceBill:
    """Return the bill of one agreement from the sums of its registers.

    Args:
        tariff: the document.
        sums: for each determinant, by position of the version and period (None where it has none), the quantity in its unit.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        billing_clock: clock of the billing period's days; None for the tariff's own.
        agreement: what is known of the agreement.
        carried: what the billing period before handed over.
        series: prices in time, by name.

    Raises:
        TariffError: as ``rate`` refuses; ``tariff.needs_intervals``: a charge looks at single intervals.
    """
    period = period_of(tariff, starts_at=starts_at, ends_at=ends_at, billing_clock=billing_clock)
    use: Use = SumUse(tariff, sums, series)
    return _billed(Work(tariff, period, use, agreement, carried, series), None, None)


def _billed(work: Work, peak_kw: Fraction | None, billing_demand_kw: Fraction | None) -> ReferenceBill:
    refuse_two_versions(work)
    for part in work.period.parts:
        for charge in work.charges(part):
            if work.stands(charge):
                _own(work, charge, part)
        keep_peaks(work, part)
    for part in work.period.parts:
        for charge in work.charges(part):
            if isinstance(charge, PercentCharge) and work.stands(charge):
                percent(work, charge, part)
            elif isinstance(charge, PowerFactorCharge) and work.stands(charge):
                power_factor(work, charge, part)
    exports(work)
    minimums(work)
    taxes(work)
    true_up(work)
    hand_on(work)
    total = sum((line.amount for line in work.lines), ZERO)
    kept = {name: value for name, value in work.carried.items() if value}
    return ReferenceBill(tuple(work.lines), total, work.round_total(), kept, peak_kw, billing_demand_kw)


def _own(work: Work, charge: Charge, part: Part) -> None:
    """Write a charge on time, energy or power."""
    if isinstance(charge, FixedCharge):
        fixed(work, charge, part)
    elif isinstance(charge, EnergyCharge):
        energy(work, charge, part)
    elif isinstance(charge, DemandCharge):
        demand(work, charge, part)
    elif isinstance(charge, ContractedCharge):
        contracted(work, charge, part)
    elif isinstance(charge, CoincidentCharge):
        coincident(work, charge, part)
    elif isinstance(charge, ReactiveCharge):
        reactive(work, charge, part)
    elif isinstance(charge, RiderCharge):
        rider(work, charge, part)
    elif isinstance(charge, FeeCharge):
        fee(work, charge, part)
