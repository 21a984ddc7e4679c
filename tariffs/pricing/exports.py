"""Lines of exported energy: what it earns, what banked money pays, what a true-up pays out."""

from __future__ import annotations

from tariffs.charges.export import CHARGE_ID, DETERMINANT, KIND, NET_BILLING, export_lines
from tariffs.charges.line import LineColumn, LineHeader
from tariffs.charges.prices import SeriesPrice
from tariffs.pricing.work import Work, not_yet
from tariffs.spans import VersionSpan


def export(work: Work, span: VersionSpan) -> list[LineColumn]:
    """Return the lines of export in a version's part of the billing period."""
    bought = work.version(span).export
    if bought is None or DETERMINANT not in work.inputs.quantities:
        return []
    if bought.mode != NET_BILLING or bought.carry is not None or isinstance(bought.price, SeriesPrice):
        raise not_yet(f"export of mode {bought.mode}")
    use, unit = work.use(DETERMINANT, span)
    lines = export_lines(bought, use=use, agreements=work.rows, unit=unit, currency=work.currency)
    codes = tuple(tax.tax_code for tax in work.taxes_of(span) if bought.bears(tax.id))
    header = LineHeader(CHARGE_ID, KIND, span.version, codes)
    return [line.finish(header, work.line_rule) for line in lines]
