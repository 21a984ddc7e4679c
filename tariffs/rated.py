"""What rating takes and gives: determinants in, charge lines and totals out, both as columns over many agreements."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from schemas.table import AMOUNT, ENERGY, PRICE
from tariffs.calendar import Combo
from tariffs.clock import Integers
from tariffs.exact import Exact
from tariffs.lines import LINES
from tariffs.model import Tariff
from tariffs.series import PriceSeries
from tariffs.timeline import Timeline

ROUNDING = "rounding"
"""Id and kind of the line that closes a bill's total to the smallest coin."""


@dataclass(frozen=True)
class Determinant:
    """What each agreement used, by tariff version and period.

    Attributes:
        combos: as in the band map that the sums were made by.
        exponent: value times 10^exponent is the quantity in ``unit``; -9 or more.
        values: int64 [n, len(combos)].
        unit: ``kWh``, ``kvarh``, ...
    """

    combos: tuple[Combo, ...]
    exponent: int
    values: Integers
    unit: str

    def column(self, place: int) -> Exact:
        """Return what was used of one combo: (n,) [unit]."""
        return Exact.of(self.values[:, place].astype(np.int64, copy=False), self.exponent)


@dataclass(frozen=True)
class RatingInputs:
    """What is rated: n agreements that share a tariff and a billing period.

    Attributes:
        tariff: the tariff.
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        quantities: determinants by name; every one that a charge names is there (zeros where an agreement has none).
            Without ``export_kwh`` no export is paid: nothing was fed in, or another agreement bills it.
        export_taxed: booleans (n,): the agreement's export bears tax.
        billing_clock: clock of the period's days; None for the tariff's own.
        timeline: the intervals, for charges that look at single ones; None where only sums are known.
        series: prices in time, by name.
        carried: what the billing period before handed over, by name: (n,) each; a name that is not there is zero.
        facts: what agreements say in numbers, by name: (n,) each, such as ``contracted_kw`` [kW].
        options: what agreements are entitled to, by name: booleans (n,) each, such as ``low_income``.
        started: booleans (n,): the agreement begins in this billing period; None for nobody.
        ended: booleans (n,): the agreement ends with it; None for nobody.
    """

    tariff: Tariff
    starts_at: datetime
    ends_at: datetime
    quantities: Mapping[str, Determinant]
    export_taxed: Integers
    billing_clock: str | None = None
    timeline: Timeline | None = None
    series: Mapping[str, PriceSeries] = field(default_factory=dict)
    carried: Mapping[str, Exact] = field(default_factory=dict)
    facts: Mapping[str, Exact] = field(default_factory=dict)
    options: Mapping[str, Integers] = field(default_factory=dict)
    started: Integers | None = None
    ended: Integers | None = None


class Measured(NamedTuple):
    """A quantity that a charge had measured, for the record.

    Attributes:
        determinant: ``peak_kw``, ``billing_demand_kw``, ...
        version: position of the tariff version.
        band: period of the tariff; None where it is of all.
        value: (n,) [unit].
        unit: ``kW``, ``kVA``, ...
        at: int64 (n,), start of the window that was highest [s since 1970 UTC], -1 where there is none; None where a
            quantity has no time.
    """

    determinant: str
    version: int
    band: str | None
    value: Exact
    unit: str
    at: Integers | None = None


@dataclass(frozen=True)
class RatedLines:
    """Charge lines and totals.

    Attributes:
        lines: rows of ``LINES``, sorted by agreement_index and line_no; without the rounding line.
        total: (n,) exact sum of ``amount`` [currency], decimal128(38, 18).
        total_rounded: (n,) as the tariff rounds totals [currency], decimal128(38, 18).
        tax: (n,) sum of the tax lines' ``amount_rounded`` [currency], decimal128(38, 18).
        rounding: (n,) what a line must add so that all ``amount_rounded`` make ``total_due`` [currency], decimal128(38, 18).
        total_due: (n,) ``total_rounded`` in the currency's smallest coin [currency], decimal128(38, 3).
        currency: of all amounts.
        last_version: date of the newest tariff version in force, for the rounding line.
        carried: what the next billing period of the same agreements is to be given, by name: the whole state, with what this
            billing period did not look at.
        measured: peaks and other quantities that charges had measured.
    """

    lines: pa.Table
    total: pa.Array
    total_rounded: pa.Array
    tax: pa.Array
    rounding: pa.Array
    total_due: pa.Array
    currency: str
    last_version: str
    carried: Mapping[str, Exact]
    measured: tuple[Measured, ...]

    def bill_lines(self) -> pa.Table:
        """Return the lines of the bills: ``lines`` and, where cents do not close, a line of kind ``rounding`` at the end."""
        closing = np.flatnonzero(pc.not_equal(self.rounding, pa.scalar(Decimal(0), AMOUNT))).astype(np.int32)
        if not len(closing):
            return self.lines
        amounts = self.rounding.take(pa.array(closing))
        counts = np.bincount(self.lines["agreement_index"].to_numpy(), minlength=len(self.rounding))
        same: dict[str, Any] = {"charge_id": ROUNDING, "kind": ROUNDING, "unit": self.currency}
        same |= {"band": None, "tier": None, "tax_code": None, "tariff_version": self.last_version}
        rows = len(closing)
        columns = {name: pa.array([value] * rows, LINES.field(name).type) for name, value in same.items()}
        columns["agreement_index"] = pa.array(closing)
        columns["line_no"] = pa.array((counts[closing] + 1).astype(np.int32))
        columns["quantity"] = pa.array([Decimal(1)] * rows, ENERGY)
        columns["price"] = pc.round(amounts, PRICE.scale).cast(PRICE)
        columns["amount"] = columns["amount_rounded"] = amounts
        columns["text"] = pa.array([f"rounding: the total to the smallest coin of {self.currency}"] * rows)
        closed = pa.table([columns[field.name] for field in LINES], schema=LINES)
        both = pa.concat_tables([self.lines, closed])
        return both.sort_by([("agreement_index", "ascending"), ("line_no", "ascending")]).combine_chunks()
