"""What the reference is given and what it gives back: one agreement, one billing period."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction


@dataclass(frozen=True)
class Interval:
    """What was used from one instant on.

    Attributes:
        start: first instant (UTC).
        minutes: length [min].
        use: by determinant, the quantity in its unit; one that is not there is zero.
    """

    start: datetime
    minutes: int
    use: Mapping[str, Fraction]


@dataclass(frozen=True)
class Agreement:
    """What is known of the agreement.

    Attributes:
        facts: numbers by name, such as ``contracted_kw`` [kW].
        options: what it is entitled to, such as ``low_income``.
        export_taxed: its export bears tax.
        started: it begins in this billing period.
        ended: it ends with it.
    """

    facts: Mapping[str, Fraction] = field(default_factory=dict)
    options: frozenset[str] = frozenset()
    export_taxed: bool = False
    started: bool = False
    ended: bool = False


@dataclass(frozen=True)
class Line:
    """A line of the bill.

    Attributes:
        charge_id: the charge.
        kind: its kind; ``export``, ``bank``, ``true_up``, ``tax_included`` for lines that are no charge of the document.
        band: period of the tariff; None where the line is of all.
        tier: step of a ladder, from 1; None where there is none.
        version: date of the tariff version.
        quantity: what was multiplied, at nine decimals [unit].
        unit: of the quantity.
        price: per unit [currency/unit].
        amount: at 18 decimals [currency].
        amount_rounded: as the tariff rounds [currency].
    """

    charge_id: str
    kind: str
    band: str | None
    tier: int | None
    version: date
    quantity: Fraction
    unit: str
    price: Fraction
    amount: Fraction
    amount_rounded: Fraction


@dataclass(frozen=True)
class ReferenceBill:
    """The bill of one agreement.

    Attributes:
        lines: in the order they were made.
        total: sum of the amounts [currency].
        total_rounded: as the tariff rounds totals [currency].
        carried: what the next billing period is to be given, by name; what is zero is left out.
        peak_kw: the highest demand by intervals of their own length [kW]; None where only sums are known.
        billing_demand_kw: what demand charges and limits per kW used, by the newest version [kW]; None likewise.
    """

    lines: tuple[Line, ...]
    total: Fraction
    total_rounded: Fraction
    carried: Mapping[str, Fraction]
    peak_kw: Fraction | None
    billing_demand_kw: Fraction | None
