"""Lines that raise a bill to its minimum."""

from __future__ import annotations

from tariffs.charges.line import Line
from tariffs.charges.minimum import MinimumCharge
from tariffs.pricing.work import Work, not_yet


def minimum(work: Work, charge: MinimumCharge) -> list[Line]:
    """Return the line of a minimum bill."""
    raise not_yet("a minimum bill")
