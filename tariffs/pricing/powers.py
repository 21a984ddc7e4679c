"""Lines of charges on power: demand, contracted power, coincident peaks; and reactive energy."""

from __future__ import annotations

from schemas.errors import TariffError
from tariffs.charges.coincident import CoincidentCharge, coincident_line
from tariffs.charges.contracted import ContractedCharge, contracted_lines, with_excess
from tariffs.charges.demand import DemandCharge, corrected, demand_lines
from tariffs.charges.line import Line
from tariffs.charges.measure import ChargeRatchet
from tariffs.charges.power import at_least
from tariffs.charges.power_factor import PowerFactorCharge, power_factor_lines, power_factors
from tariffs.charges.reactive import ReactiveCharge, reactive_lines
from tariffs.exact import Exact, constant, plain, total_of
from tariffs.pricing.coincidence import drawn_in, windows_beginning_in
from tariffs.pricing.peaks import billing_demand_kw, keep_peak, note_charged_peak, peak_of, ratcheted
from tariffs.pricing.shares import named
from tariffs.pricing.work import Work
from tariffs.rated import Measured
from tariffs.spans import VersionSpan


def demand(work: Work, charge: DemandCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of a demand charge; its peaks are kept where a ratchet looks back at them."""
    power = _billed(work, charge, span)
    unit = _unit_of(work, charge, span)
    note = _note(work, charge, span, unit)
    return demand_lines(charge, span, power=power, unit=unit, note=note, currency=work.currency)


def _billed(work: Work, charge: DemandCharge, span: VersionSpan) -> dict[str | None, Exact]:
    """Return the power billed in each period that is priced, 0 where it does not occur; or under None."""
    factors = _own_factors(work, charge, span)
    together = _of_all_bands(work, charge, span, factors)
    power: dict[str | None, Exact] = {}
    for band in tuple(charge.price) if isinstance(charge.price, dict) else (None,):
        peak = peak_of(work, span, charge.measure, band, calendar=charge.calendar)
        note_charged_peak(work, charge.id, span, band, charge.measure, calendar=charge.calendar)
        billed = together if together is not None else _corrected(charge, peak.demand, factors)
        if charge.minimum is not None:
            billed = at_least(billed, charge.minimum)
        power[band] = billed if band is None else billed.where(peak.occurs)
    return power


def _of_all_bands(work: Work, charge: DemandCharge, span: VersionSpan, factors: Exact | None) -> Exact | None:
    """Return the billing demand of the version or of the charge; None where what is measured is billed."""
    if work.version(span).billing_demand is not None:
        return billing_demand_kw(work, span)
    if charge.ratchet is None:
        return None
    measured = _feeding(work, charge, charge.ratchet, span, factors)
    billed = ratcheted(work, charge.ratchet, charge.id, measured)
    work.measured.append(Measured(f"billing_demand_kw.{charge.id}", span.version, None, billed, charge.measure.unit))
    return billed


def keep_ratchet_peaks(work: Work) -> None:
    """Keep the peaks that charges' own ratchets look back at, also in months in which the charge does not stand."""
    for span in work.spans:
        for charge in work.version(span).charges:
            if isinstance(charge, DemandCharge) and charge.ratchet is not None:
                rule, measure = charge.power_factor, charge.measure
                factors = None if rule is None else _power_factors(work, measure.quantity, measure.reactive, rule.places)
                keep_peak(work, charge.id, _feeding(work, charge, charge.ratchet, span, factors))


def _feeding(work: Work, charge: DemandCharge, ratchet: ChargeRatchet, span: VersionSpan, factors: Exact | None) -> Exact:
    """Return the peak of this billing period that feeds a charge's own ratchet: (n,) [kW or kVA]."""
    measure = ratchet.measure or charge.measure
    return _corrected(charge, peak_of(work, span, measure, ratchet.of, calendar=charge.calendar).demand, factors)


def _own_factors(work: Work, charge: DemandCharge, span: VersionSpan) -> Exact | None:
    """Return the power factors that a charge corrects what is measured by; None where it does not."""
    rule, measure = charge.power_factor, charge.measure
    return None if rule is None else _factors(work, charge.id, span, measure.quantity, measure.reactive, rule.places)


def _corrected(charge: DemandCharge, measured: Exact, factors: Exact | None) -> Exact:
    rule = charge.power_factor
    return measured if rule is None or factors is None else corrected(measured, factors, rule)


def _unit_of(work: Work, charge: DemandCharge, span: VersionSpan) -> str:
    ratchet = work.version(span).billing_demand
    return charge.measure.unit if ratchet is None else ratchet.measure.unit


def _note(work: Work, charge: DemandCharge, span: VersionSpan, unit: str) -> str:
    """Return how the power was arrived at, in words."""
    ratchet = work.version(span).billing_demand or charge.ratchet
    parts = [
        "billing demand" if ratchet is not None else charge.measure.of_peaks,
        f"at power factor {plain(charge.power_factor.target)}" if charge.power_factor is not None else "",
        f"at least {plain(charge.minimum)} {unit}" if charge.minimum is not None else "",
    ]
    return ", ".join(part for part in parts if part)


def contracted(work: Work, charge: ContractedCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of contracted power."""
    power: dict[str | None, Exact] = {}
    for band in charge.bands:
        power[band] = _contracted(work, charge, band)
        if charge.excess is not None:
            note_charged_peak(work, charge.id, span, band, charge.measure)
            power[band] = with_excess(charge.excess, power[band], peak_of(work, span, charge.measure, band).demand)
    return contracted_lines(charge, span, power=power, currency=work.currency)


def _contracted(work: Work, charge: ContractedCharge, band: str | None) -> Exact:
    written = charge.written(band)
    if written is not None:
        return constant(written, work.rows)
    name, code = charge.fact(band), "agreement.fact"
    if name not in work.inputs.facts:
        what = f"charge {charge.id} is on {name}, and the agreement does not say it"
        raise TariffError(code, what, f"write {name} in the agreement")
    said, mask = work.inputs.facts[name], work.stands_for(charge)
    if ((said if mask is None else said.where(mask)).values < 0).any():
        raise TariffError(code, f"charge {charge.id} is on {name}, and an agreement says less than 0", f"correct {name}")
    return said


def coincident(work: Work, charge: CoincidentCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a coincident peak; none where no window begins in the part."""
    windows = windows_beginning_in(work, charge.events, span)
    if not windows:
        return []
    power = drawn_in(work, charge, windows)
    return [coincident_line(charge, power=power, windows=len(windows), currency=work.currency)]


def reactive(work: Work, charge: ReactiveCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of reactive energy."""
    (kvarh, unit), (kwh, _) = work.use(charge.quantity, span), work.use(charge.of, span)
    return reactive_lines(charge, reactive=kvarh, active=kwh, agreements=work.rows, unit=unit, currency=work.currency)


def power_factor(work: Work, charge: PowerFactorCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a power factor below its target."""
    factors = _factors(work, charge.id, span, charge.quantity, charge.reactive, charge.places)
    return power_factor_lines(charge, base=named(work, charge.of, span), factors=factors, currency=work.currency)


def _factors(work: Work, charge_id: str, span: VersionSpan, active: str, reactive: str, places: int) -> Exact:
    """Return the power factor of the whole billing period, and note it."""
    factors = _power_factors(work, active, reactive, places)
    work.measured.append(Measured(f"power_factor.{charge_id}", span.version, None, factors, "1"))
    return factors


def _power_factors(work: Work, active: str, reactive: str, places: int) -> Exact:
    kwh, kvarh = (_whole(work, name) for name in (active, reactive))
    return power_factors(kwh, kvarh, places=places)


def _whole(work: Work, name: str) -> Exact:
    """Return what was used of a determinant in all of the billing period: (n,)."""
    return total_of([column for span in work.spans for column in work.use(name, span)[0].values()], work.rows)
