"""Lines that are a share of other lines: percentages."""

from __future__ import annotations

from tariffs.charges.line import Line, LineColumn
from tariffs.charges.percent import ALL, PercentCharge, percent_lines
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.pricing.work import Work
from tariffs.spans import VersionSpan


def percent(work: Work, charge: PercentCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a percentage."""
    base = named(work, charge.of, span)
    return percent_lines(charge, span, base=base, agreements=work.rows, currency=work.currency)


def named(work: Work, of: str | tuple[str, ...], span: VersionSpan) -> list[LineColumn]:
    """Return the lines of a version that ``of`` names; for ``all``, those made before but of power factors."""
    if of == ALL:
        of = tuple(charge.id for charge in work.version(span).charges if not isinstance(charge, PowerFactorCharge))
    return [column for name in of for column in work.done.get((span.version, name), ())]
