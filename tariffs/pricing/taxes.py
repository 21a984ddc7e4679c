"""Lines of tax: one for each rate, over all versions."""

from __future__ import annotations

from tariffs.charges.export import CHARGE_ID as EXPORT_ID
from tariffs.charges.line import LineColumn, LineHeader
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.percent import ALL
from tariffs.charges.tax import KIND as TAX
from tariffs.charges.tax import TaxCharge, tax_lines
from tariffs.model import Version
from tariffs.pricing.work import Work, not_yet
from tariffs.spans import VersionSpan


def taxes(work: Work) -> list[LineColumn]:
    """Return one line for each tax rate, over all versions."""
    rates: dict[tuple[object, ...], list[tuple[TaxCharge, VersionSpan]]] = {}
    for span in work.spans:
        for tax in work.taxes_of(span):
            rates.setdefault(tax.rate_key(), []).append((tax, span))
    return [column for parts in rates.values() for column in _tax(work, parts)]


def _tax(work: Work, parts: list[tuple[TaxCharge, VersionSpan]]) -> list[LineColumn]:
    tariff = work.inputs.tariff
    base: list[LineColumn] = []
    export: list[LineColumn] = []
    for tax, span in parts:
        if tax.inclusive:
            raise not_yet("a tax contained in the prices")
        base += [column for name in taxed_by(tax, work.version(span)) for column in work.done.get((span.version, name), ())]
        bought = work.version(span).export
        if bought is not None and bought.bears(tax.id):
            export += work.done[span.version, EXPORT_ID]
    tax, span = parts[-1]
    taxed = work.inputs.export_taxed
    lines = tax_lines(tax, base=base, export=export, export_taxed=taxed, currency=tariff.currency)
    header = LineHeader(tax.id, TAX, span.version, (tax.tax_code,))
    return [line.finish(header, tariff.rounding.tax_rule(tariff.currency)) for line in lines]


def codes_of(work: Work, charge_id: str, span: VersionSpan) -> tuple[str, ...]:
    """Return the codes of the taxes laid on a charge."""
    return tuple(tax.tax_code for tax in work.taxes_of(span) if charge_id in taxed_by(tax, work.version(span)))


def taxed_by(tax: TaxCharge, version: Version) -> tuple[str, ...]:
    """Return the charges of a version that a tax is laid on."""
    if tax.of != ALL:
        return tuple(tax.of)
    return tuple(charge.id for charge in version.charges if not isinstance(charge, TaxCharge | MinimumCharge))
