"""Lines that are a share of other lines: percentages."""

from __future__ import annotations

from tariffs.charges.line import Line, LineColumn
from tariffs.charges.percent import ALL, PercentCharge, percent_lines
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def percent(work: Work, charge: PercentCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a percentage."""
    return percent_lines(charge, base=named(work, charge.of, span), agreements=work.rows, currency=work.currency)


def named(work: Work, of: str | tuple[str, ...], span: VersionSpan) -> list[LineColumn]:
    """Return the lines of a version that ``of`` names; for ``all``, those made before."""
    names = [name for version, name in work.done if version == span.version] if of == ALL else of
    return [column for name in names for column in work.done.get((span.version, name), ())]
