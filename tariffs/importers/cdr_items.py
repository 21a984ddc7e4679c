"""Charges of a CDR plan on their way into a tariff: from when to when they stand, and which tax they bear."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

GST_PERCENT = Decimal(10)
"""A New Tax System (Goods and Services Tax) Act 1999, section 9-70."""
GST, GST_INCLUDED = "gst", "gst_included"


class Gst(StrEnum):
    """How a price stands to the goods and services tax."""

    EXCLUSIVE = "exclusive"
    """It comes on top: rates of usage, supply, demand and controlled load, and shares of them."""
    INCLUSIVE = "inclusive"
    """The price contains it: fees, metering charges and amounts of green power."""


class Base(StrEnum):
    """What a percentage is a share of."""

    BILL = "bill"
    USAGE = "usage"


class Item(NamedTuple):
    """A charge of the plan.

    Attributes:
        charge: as in a tariff document; the ``of`` of a percentage is not in it.
        gst: how its price stands to the tax.
        base: what a percentage is a share of; None for other charges.
        starts: first date it stands; None where it always has.
        ends: last date it stands; None where it always will.
    """

    charge: dict[str, Any]
    gst: Gst = Gst.EXCLUSIVE
    base: Base | None = None
    starts: date | None = None
    ends: date | None = None

    def stands_on(self, day: date) -> bool:
        """Tell whether the charge stands on a date."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)

    def cuts(self) -> list[date]:
        """Return the dates from which a version differs from the one before because of this charge."""
        return [*([self.starts] if self.starts else []), *([self.ends + timedelta(days=1)] if self.ends else [])]


def charges_on(items: list[Item], day: date) -> list[dict[str, Any]]:
    """Return the charges of a version that is in force from a date, with its taxes.

    A percentage of the bill is one of all charges but percentages, fees and what else contains the tax; a percentage of
    usage is one of the energy charges. Percentages are taken side by side, none of what another leaves.
    """
    standing = [item for item in items if item.stands_on(day)]
    bases = {
        Base.BILL: [item.charge["id"] for item in standing if item.base is None and item.gst is Gst.EXCLUSIVE],
        Base.USAGE: [item.charge["id"] for item in standing if item.charge["kind"] == "energy"],
    }
    charges = [item.charge | ({} if item.base is None else {"of": bases[item.base]}) for item in standing]
    for gst, tax in ((Gst.EXCLUSIVE, {"id": GST}), (Gst.INCLUSIVE, {"id": GST_INCLUDED, "inclusive": True, "round": "tax"})):
        taxed = [item.charge["id"] for item in standing if item.gst is gst]
        if taxed:
            charges.append({"kind": "tax", "of": taxed, "percent": GST_PERCENT} | tax | {"code": GST})
    return charges
