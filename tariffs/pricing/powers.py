"""Lines of charges on power: demand, contracted power, coincident peaks; and reactive energy."""

from __future__ import annotations

from tariffs.charges.coincident import CoincidentCharge
from tariffs.charges.contracted import ContractedCharge
from tariffs.charges.demand import DemandCharge
from tariffs.charges.line import Line
from tariffs.charges.power_factor import PowerFactorCharge
from tariffs.charges.reactive import ReactiveCharge
from tariffs.pricing.work import Work, not_yet
from tariffs.spans import VersionSpan


def demand(work: Work, charge: DemandCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of a demand charge."""
    raise not_yet("a demand charge")


def contracted(work: Work, charge: ContractedCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of contracted power."""
    raise not_yet("contracted power")


def coincident(work: Work, charge: CoincidentCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a coincident peak."""
    raise not_yet("a coincident peak")


def reactive(work: Work, charge: ReactiveCharge, span: VersionSpan) -> list[Line]:
    """Return the lines of reactive energy."""
    raise not_yet("reactive energy")


def power_factor(work: Work, charge: PowerFactorCharge, span: VersionSpan) -> list[Line]:
    """Return the line of a power factor below its target."""
    raise not_yet("a power factor")
