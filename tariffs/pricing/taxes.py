"""Lines of tax: one for each rate, over all versions."""

from __future__ import annotations

from dataclasses import dataclass, field

from tariffs.charges.export import CHARGE_ID as EXPORT_ID
from tariffs.charges.line import LaidTax, LineColumn, LineHeader
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import ALL
from tariffs.charges.tax import INCLUDED, TaxCharge, included_line, tax_lines
from tariffs.charges.tax import KIND as TAX
from tariffs.model import Version
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan

Key = tuple[object, ...]


@dataclass
class _Rate:
    """A tax rate of the billing period: the tax charges of one or more versions that make one line.

    Attributes:
        tax: the newest of the charges.
        span: its version's part of the billing period.
        charged: the lines it is laid on, other taxes apart.
        exported: the lines of export that may bear it.
        taxes: the rates that it is laid on.
    """

    tax: TaxCharge
    span: VersionSpan
    charged: list[LineColumn] = field(default_factory=list)
    exported: list[LineColumn] = field(default_factory=list)
    taxes: dict[Key, None] = field(default_factory=dict)


def taxes(work: Work) -> list[LineColumn]:
    """Return one line for each tax rate over all versions, and where prices contain it, one that takes it out of them."""
    rates = _rates(work)
    made: dict[Key, list[LineColumn]] = {}
    for key in sorted(rates, key=_depth, reverse=True):
        made[key] = _lines(work, rates[key], [column for other in rates[key].taxes for column in made[other]])
    return [column for key in rates for column in made[key]]


def _rates(work: Work) -> dict[Key, _Rate]:
    rates: dict[Key, _Rate] = {}
    for span in work.spans:
        keys = _keys(work, span)
        version = work.version(span)
        for tax in work.taxes_of(span):
            rate = rates.setdefault(keys[tax.id], _Rate(tax, span))
            rate.tax, rate.span = tax, span
            names = taxed_by(tax, version)
            rate.charged += [column for name in names for column in work.done.get((span.version, name), ())]
            rate.taxes |= {keys[name]: None for name in names if name in keys}
            if version.export is not None and version.export.bears(tax.id):
                rate.exported += work.done.get((span.version, EXPORT_ID), ())
    return rates


def _keys(work: Work, span: VersionSpan) -> dict[str, Key]:
    """Return what makes taxes of several versions one line: their rate, and the rates that are laid on them in turn.

    A tax that another is laid on is one line only as far as the other is: so each is known without splitting a line.
    """
    keys: dict[str, Key] = {}
    taxes = work.taxes_of(span)
    for place, tax in reversed(list(enumerate(taxes))):
        above = tuple(keys[other.id] for other in taxes[place + 1 :] if other.of != ALL and tax.id in other.of)
        keys[tax.id] = (*tax.rate_key(), above)
    return keys


def _depth(key: Key) -> int:
    """Return how many taxes are laid one on the other above this one: a tax comes before those that are laid on it."""
    above = key[-1]
    return 1 + max((_depth(each) for each in above), default=0) if isinstance(above, tuple) else 0


def _lines(work: Work, rate: _Rate, below: list[LineColumn]) -> list[LineColumn]:
    tax, version, rounding = rate.tax, rate.span.version, work.inputs.tariff.rounding
    lines = tax_lines(
        tax,
        base=[*rate.charged, *below],
        export=rate.exported,
        export_taxed=work.inputs.export_taxed,
        currency=work.currency,
        rule=rounding.tax_rule(work.currency),
        each_line=rounding.tax_of_each_line,
    )
    mask = work.stands_for(tax)
    laid = (LaidTax(tax.tax_code),)
    columns = []
    for line, rounded in lines:
        kept, charged = (line, rounded) if mask is None else (line.only_for(mask), rounded.where(mask))
        columns.append(LineColumn(LineHeader(tax.id, TAX, version, laid), kept.seen(), charged))
        if tax.inclusive:
            columns.append(LineColumn(LineHeader(tax.id, INCLUDED, version, laid), included_line(tax, kept).seen(), -charged))
    return columns


def laid_on(work: Work, charge_id: str, span: VersionSpan) -> tuple[LaidTax, ...]:
    """Return the taxes laid on a charge."""
    return tuple(_laid(work, tax) for tax in work.taxes_of(span) if charge_id in taxed_by(tax, work.version(span)))


def laid_on_export(work: Work, span: VersionSpan) -> tuple[LaidTax, ...]:
    """Return the taxes laid on export, where an agreement says that its export bears tax."""
    bought = work.version(span).export
    taxes = [_laid(work, tax) for tax in work.taxes_of(span) if bought is not None and bought.bears(tax.id)]
    bears = work.inputs.export_taxed
    return tuple(LaidTax(tax.code, bears if tax.rows is None else bears & tax.rows) for tax in taxes)


def _laid(work: Work, tax: TaxCharge) -> LaidTax:
    return LaidTax(tax.tax_code, work.stands_for(tax))


def taxed_by(tax: TaxCharge, version: Version) -> tuple[str, ...]:
    """Return the charges of a version that a tax is laid on."""
    if tax.of != ALL:
        return tuple(tax.of)
    return tuple(charge.id for charge in version.charges if not isinstance(charge, TaxCharge | MinimumCharge))
