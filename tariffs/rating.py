"""Billing determinants times a tariff: the charge lines of many agreements at once, each with its explanation.

All agreements of one call share tariff and billing period. A line is a column over them, so the Python work is per line of the
price list, not per customer. Order on the bill: charges as they stand in the document (each by version, period and step),
then export, the bank, taxes and what a true-up pays out; a line that rounds the total to the currency's smallest coin comes
last (``RatedLines.bill_lines``).

Order of the work: charges on energy, time and power; their percentages; export; what the bank pays; minimums; taxes; true-up.
Where a billing period has two versions of the tariff, lines stand once for each, rounded alone; a tax stands once for each
rate, bank, minimum and true-up once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from schemas.table import AMOUNT, CENTS
from tariffs.calendar import version_spans
from tariffs.carried import handed_on
from tariffs.charges.bank import BANK
from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import CHARGE_ID as EXPORT
from tariffs.charges.fee import FeeCharge
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.line import Line, LineColumn, LineHeader
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import PercentCharge
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tax import KIND as TAX
from tariffs.exact import total_of
from tariffs.lines import lines_table
from tariffs.model import Charge
from tariffs.pricing.banks import bank, true_up
from tariffs.pricing.energies import energy, fee, fixed, rider
from tariffs.pricing.exports import export
from tariffs.pricing.ladders import hand_on_ladders
from tariffs.pricing.minimums import minimum
from tariffs.pricing.peaks import record_power
from tariffs.pricing.powers import coincident, contracted, demand, keep_ratchet_peaks, power_factor, reactive
from tariffs.pricing.rounded_intervals import with_rounded_intervals
from tariffs.pricing.shares import percent
from tariffs.pricing.taxes import laid_on, taxes
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
_FLOORS: dict[type[Charge], Maker] = {MinimumCharge: minimum}
"""Charges that look at the whole billing period; those of the newest version in it hold."""


def rate(inputs: RatingInputs) -> RatedLines:
    """Price the quantities of n agreements.

    Args:
        inputs: see ``RatingInputs``.

    Returns:
        lines and totals.

    Raises:
        TariffError: ``tariff.no_version``: the period begins before the tariff's first version; ``tariff.needs_intervals``: a
            charge looks at single intervals and none were given; ``series.missing``: a price series has a hole;
            ``tariff.unsupported``: the tariff's versions of the period cannot share a bank.
        InvariantError: ``rating.inputs``: a determinant that a charge names is absent, or quantities do not fit the tariff;
            ``rating.quantity``: a quantity is to be rounded on a line whose amount is no product.
    """
    inputs = with_rounded_intervals(inputs)
    spans = version_spans(inputs.tariff, starts_at=inputs.starts_at, ends_at=inputs.ends_at, billing_clock=inputs.billing_clock)
    work = Work(inputs, spans)
    record_power(work)
    keep_ratchet_peaks(work)
    for makers in (_OWN, _SHARES):
        for span in spans:
            _make(work, makers, span)
    for span in spans:
        work.done[span.version, EXPORT] = export(work, span)
    work.done[spans[-1].version, BANK] = bank(work)
    _make(work, _FLOORS, spans[-1])
    hand_on_ladders(work)
    after = [*taxes(work), *true_up(work)]
    ids = dict.fromkeys(charge.id for span in spans for charge in work.version(span).charges)
    before = [column for name in (*ids, EXPORT, BANK) for span in spans for column in work.done.get((span.version, name), ())]
    return _totals(work, [*before, *after])


def _make(work: Work, makers: dict[type[Charge], Maker], span: VersionSpan) -> None:
    for charge in work.version(span).charges:
        maker = makers.get(type(charge))
        if maker is not None and charge.stands_in(work.month):
            mask = work.stands_for(charge)
            if makers is _OWN and mask is not None and not mask.any():
                continue  # it stands for nobody: the facts, prices and intervals that it would need are not asked for
            header = LineHeader(charge.id, charge.kind, span.version, laid_on(work, charge.id, span))
            work.add(charge, header, maker(work, charge, span))


def _totals(work: Work, columns: list[LineColumn]) -> RatedLines:
    tariff, rows = work.inputs.tariff, work.rows
    total = total_of([column.amount for column in columns], rows)
    sum_of_lines = total_of([column.rounded for column in columns], rows)
    rule = tariff.rounding.total_rule(tariff.currency)
    rounded = sum_of_lines if rule is None else total.rounded(rule.places, rule.mode)
    due = rounded.rounded(minor_unit_places(tariff.currency), HALF_UP)
    return RatedLines(
        lines=lines_table(columns, tariff),
        total=total.to_arrow(AMOUNT),
        total_rounded=rounded.to_arrow(AMOUNT),
        tax=total_of([column.rounded for column in columns if column.header.kind == TAX], rows).to_arrow(AMOUNT),
        rounding=total_of([due, -sum_of_lines], rows).to_arrow(AMOUNT),
        total_due=due.to_arrow(CENTS),
        currency=tariff.currency,
        last_version=tariff.versions[work.spans[-1].version].from_.isoformat(),
        carried=handed_on(work.inputs.carried, work.carried, next_day=work.next_day),
        measured=tuple(work.measured),
    )
