"""Lines of exported energy: what it earns, on this bill or into a bank."""

from __future__ import annotations

from tariffs.charges.export import CHARGE_ID, DETERMINANT, KIND, NEM_MONEY, Export, export_lines, series_line
from tariffs.charges.line import LineColumn, LineHeader
from tariffs.charges.prices import SeriesPrice
from tariffs.exact import Exact, total_of
from tariffs.pricing.series_prices import priced_intervals
from tariffs.pricing.taxes import laid_on_export
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def export(work: Work, span: VersionSpan) -> list[LineColumn]:
    """Return the lines of export that a version pays in the same billing period."""
    bought = work.version(span).export
    return [] if bought is None or bought.has_bank else _columns(work, bought, span)


def earned(work: Work) -> Exact:
    """Return the money that export brings to the bank: (n,) [currency], below zero where a price is."""
    if work.bank is None or work.bank.price is None:
        return total_of([], work.rows)
    parts = [(work.version(span).export, span) for span in work.spans]
    lines = [column for bought, span in parts if bought is not None for column in _columns(work, bought, span)]
    return -total_of([line.amount for line in lines], work.rows)


def _columns(work: Work, bought: Export, span: VersionSpan) -> list[LineColumn]:
    header = LineHeader(CHARGE_ID, KIND, span.version, laid_on_export(work, span))
    if bought.mode == NEM_MONEY and work.netted is not None:
        use, unit = work.netted.surplus, work.netted.unit
    elif DETERMINANT not in work.inputs.quantities:
        return []
    elif isinstance(bought.price, SeriesPrice):
        priced = priced_intervals(work, DETERMINANT, bought.price, span)
        line = series_line(
            bought.price,
            quantity=priced.quantity,
            average=priced.average,
            amount=priced.amount,
            unit=work.inputs.quantities[DETERMINANT].unit,
            currency=work.currency,
        )
        return work.finished(header, [line])
    else:
        use, unit = work.use(DETERMINANT, span)
    return work.finished(header, export_lines(bought, use=use, agreements=work.rows, unit=unit, currency=work.currency))
