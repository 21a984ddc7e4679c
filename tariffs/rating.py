"""Billing determinants times a tariff: the charge lines of many agreements at once, each with its explanation.

All agreements of one call share tariff and billing period. A line is a column over them, so the Python work is per line of the
price list, not per customer. Order on the bill: charges as they stand in the document (each by version, period and step),
then export, then tax; a line that rounds the total to the currency's smallest coin comes last (``RatedLines.bill_lines``).

Order of the work: charges on energy, time and power; their percentages; export; minimum bills; taxes. Where a billing period has
two versions of the tariff, fixed, energy, percent and export lines stand once for each, rounded alone; a tax stands once for
each rate.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.table import AMOUNT, CENTS
from tariffs.calendar import version_spans
from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import CHARGE_ID as EXPORT_ID
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.line import Line, LineColumn
from tariffs.charges.minimum import KIND as MINIMUM
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.exact import total_of
from tariffs.lines import lines_table
from tariffs.model import Charge
from tariffs.pricing.energies import energy, fee, fixed, rider
from tariffs.pricing.exports import export
from tariffs.pricing.ladders import hand_on_ladders
from tariffs.pricing.minimums import minimum
from tariffs.pricing.peaks import record_power
from tariffs.pricing.powers import coincident, contracted, demand, power_factor, reactive
from tariffs.pricing.shares import percent
from tariffs.pricing.taxes import codes_of, taxes
from tariffs.pricing.work import Work
from tariffs.rated import RatedLines, RatingInputs
from tariffs.rounding import HALF_UP, minor_unit_places
from tariffs.spans import VersionSpan

Maker = Callable[[Work, Any, VersionSpan], list[Line]]
_OWN: dict[type[Charge], Maker] = {
    FixedCharge: fixed,
    EnergyCharge: energy,
    DemandCharge: demand,
    ContractedCharge: contracted,
    CoincidentCharge: coincident,
    ReactiveCharge: reactive,
    RiderCharge: rider,
    FeeCharge: fee,
}
"""Charges on what was used."""
_SHARES: dict[type[Charge], Maker] = {PercentCharge: percent, PowerFactorCharge: power_factor}
"""Charges on other charges; they come after what they are a share of, wherever it stands."""


def rate(inputs: RatingInputs) -> RatedLines:
    """Price the quantities of n agreements.

    Args:
        inputs: see ``RatingInputs``.

    Returns:
        lines and totals.

    Raises:
        TariffError: ``tariff.no_version``: the period begins before the tariff's first version; ``tariff.needs_intervals``: a
            charge looks at single intervals and none were given; ``series.missing``: a price series has a hole.
        InvariantError: ``rating.inputs``: a determinant that a charge names is absent, or quantities do not fit the tariff.
    """
    spans = version_spans(inputs.tariff, starts_at=inputs.starts_at, ends_at=inputs.ends_at, billing_clock=inputs.billing_clock)
    work = Work(inputs, spans)
    record_power(work)
    for makers in (_OWN, _SHARES):
        for span in spans:
            _make(work, makers, span)
    for span in spans:
        work.done[span.version, EXPORT_ID] = export(work, span)
    _minimums(work)
    hand_on_ladders(work)
    ids = dict.fromkeys(charge.id for span in spans for charge in work.version(span).charges)
    columns = [column for name in (*ids, EXPORT_ID) for span in spans for column in work.done.get((span.version, name), ())]
    return _totals(work, columns, taxes(work))


def _make(work: Work, makers: dict[type[Charge], Maker], span: VersionSpan) -> None:
    for charge in work.version(span).charges:
        maker = makers.get(type(charge))
        if maker is not None and charge.stands_in(work.month):
            work.add(charge, charge.kind, span, maker(work, charge, span), codes_of(work, charge.id, span))


def _minimums(work: Work) -> None:
    """Make the minimums of the newest version in the billing period: they look at all of it."""
    span = work.spans[-1]
    for charge in work.version(span).charges:
        if isinstance(charge, MinimumCharge) and charge.stands_in(work.month):
            work.add(charge, MINIMUM, span, minimum(work, charge), codes_of(work, charge.id, span))


def _totals(work: Work, columns: list[LineColumn], taxed: list[LineColumn]) -> RatedLines:
    inputs, tariff, rows = work.inputs, work.inputs.tariff, work.rows
    every = [*columns, *taxed]
    total = total_of([column.amount for column in every], rows)
    sum_of_lines = total_of([column.rounded for column in every], rows)
    rule = tariff.rounding.total_rule(tariff.currency)
    rounded = sum_of_lines if rule is None else total.rounded(rule.places, rule.mode)
    due = rounded.rounded(minor_unit_places(tariff.currency), HALF_UP)
    return RatedLines(
        lines=lines_table(every, tariff, export_taxed=inputs.export_taxed),
        total=total.to_arrow(AMOUNT),
        total_rounded=rounded.to_arrow(AMOUNT),
        tax=total_of([column.rounded for column in taxed], rows).to_arrow(AMOUNT),
        rounding=total_of([due, -sum_of_lines], rows).to_arrow(AMOUNT),
        total_due=due.to_arrow(CENTS),
        currency=tariff.currency,
        last_version=tariff.versions[work.spans[-1].version].from_.isoformat(),
        carried=work.carried,
        measured=tuple(work.measured),
    )
