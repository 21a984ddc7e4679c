"""What the makers of lines share: the inputs of one call, how its billing period falls to versions, and lines made so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np

from schemas.errors import InvariantError, TariffError
from tariffs.calendar import Combo, days_of_period
from tariffs.carried import bank_kwh
from tariffs.charges.bank import Netted, net
from tariffs.charges.base import ChargeDocument
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.charges.export import NEM_KWH, NETTED, Export
from tariffs.charges.line import Line, LineColumn, LineHeader
from tariffs.charges.measure import Measure
from tariffs.charges.tax import TaxCharge
from tariffs.clock import Integers
from tariffs.exact import Exact
from tariffs.model import Version
from tariffs.pricing.windows import Peak, Windows
from tariffs.rated import Measured, RatingInputs
from tariffs.rounding import Places
from tariffs.scalars import QUANTITY_PLACES, UNSUPPORTED
from tariffs.series import MISSING, PriceSeries
from tariffs.spans import VersionSpan
from tariffs.timeline import Timeline

Columns = dict[tuple[int, str], list[LineColumn]]
"""Lines by version and charge id."""
_QUANTITY_ROUNDED = frozenset({"energy", "rider", "demand", "contracted", "coincident", "reactive", "export"})
"""Kinds of line whose quantity was measured; those of others are days, months, pieces or money."""


@dataclass
class Work:
    """One call of ``rate``.

    Attributes:
        inputs: what is rated.
        spans: how the billing period falls to the tariff's versions.
        done: the lines made so far.
        carried: what the next billing period is to be given; makers add to it.
        measured: quantities measured on the way; makers add to it.
        windows: the windows of demand made so far, by how they are measured and whose periods: one for each stretch.
        peaks: the peaks measured so far, by how, whose periods, version and period.
    """

    inputs: RatingInputs
    spans: tuple[VersionSpan, ...]
    done: Columns = field(default_factory=dict)
    carried: dict[str, Exact] = field(default_factory=dict)
    measured: list[Measured] = field(default_factory=list)
    windows: dict[tuple[Measure, str], tuple[Windows, ...]] = field(default_factory=dict)
    peaks: dict[tuple[Measure, str, int, str | None], Peak] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of agreements n."""
        return len(self.inputs.export_taxed)

    @property
    def currency(self) -> str:
        """Currency of all amounts."""
        return self.inputs.tariff.currency

    @cached_property
    def days(self) -> tuple[date, date]:
        """First and last local day of the billing period, by the billing clock."""
        inputs = self.inputs
        return days_of_period(inputs.starts_at, inputs.ends_at, inputs.billing_clock or inputs.tariff.clock)

    @property
    def next_day(self) -> date:
        """First local day after the billing period."""
        return self.days[1] + timedelta(days=1)

    @property
    def month(self) -> int:
        """The month of the billing period: that of its last local day."""
        return self.days[1].month

    @property
    def line_rule(self) -> Places | None:
        """How the tariff rounds lines."""
        return self.inputs.tariff.rounding.line_rule(self.currency)

    @property
    def timeline(self) -> Timeline:
        """The intervals.

        Raises:
            TariffError: ``tariff.needs_intervals``: the agreement is billed on registers.
        """
        if self.inputs.timeline is None:
            code = "tariff.needs_intervals"
            what = f"tariff {self.inputs.tariff.tariff} prices single intervals, and only sums are known"
            raise TariffError(code, what, "bill the service point on intervals")
        return self.inputs.timeline

    def version(self, span: VersionSpan) -> Version:
        """Return the version of a span."""
        return self.inputs.tariff.versions[span.version]

    @cached_property
    def bank(self) -> Export | None:
        """What the tariff says of export where it has a bank; None where what export earns is used in the same month.

        Raises:
            TariffError: ``tariff.unsupported``: versions of one billing period share a bank, and do not agree in its rules;
                net metering nets a whole billing period, and a version ends inside it.
        """
        exports = [self.version(span).export for span in self.spans]
        rules = [export for export in exports if export is not None and export.has_bank]
        if not rules:
            return None
        agreed = len(rules) == len(self.spans) and all(rule.bank_rules == rules[0].bank_rules for rule in rules)
        if not agreed or (len(self.spans) > 1 and rules[0].nets):
            begin, end = self.days
            what = (
                f"tariff {self.inputs.tariff.tariff} changes between {begin} and {end}, and its export has one bank for that time"
            )
            hint = "let the billing period end where the version does"
            raise TariffError(UNSUPPORTED, what, hint, f"versions[{self.spans[-1].version}].export.mode")
        return rules[-1]

    @cached_property
    def netted(self) -> Netted | None:
        """The kWh of the billing period under net metering; None where the tariff nets nothing.

        Raises:
            TariffError: ``tariff.unsupported``: as ``bank``.
        """
        if self.bank is None or not self.bank.nets:
            return None
        (span,) = self.spans
        imported, unit = self.use(NETTED, span)
        exported = self.use(EXPORT_KWH, span)[0] if EXPORT_KWH in self.inputs.quantities else {}
        banked = {band: self.carried_in(bank_kwh(band)) for band in imported} if self.bank.mode == NEM_KWH else {}
        return net(imported, exported, banked, rows=self.rows, unit=unit)

    def billed_use(self, name: str, span: VersionSpan) -> tuple[dict[str | None, Exact], str]:
        """Return what energy charges on a determinant bill in each period of a version, and its unit.

        It is what was used; under net metering, of ``import_kwh``, what was used beyond export and bank.

        Raises:
            InvariantError: ``rating.inputs``: as ``use``.
            TariffError: ``tariff.unsupported``: as ``bank``.
        """
        if name == NETTED and self.netted is not None:
            return self.netted.billed, self.netted.unit
        return self.use(name, span)

    def carried_in(self, name: str) -> Exact:
        """Return what earlier billing periods handed over under a name: (n,), zeros where nothing."""
        return self.inputs.carried.get(name, Exact(np.zeros(self.rows, dtype=np.int64), 0))

    def series(self, name: str) -> PriceSeries:
        """Return a series of prices.

        Raises:
            TariffError: ``series.missing``.
        """
        if name not in self.inputs.series:
            raise TariffError(MISSING, f"series {name} was not given", "give its values")
        return self.inputs.series[name]

    def stands_for(self, charge: ChargeDocument) -> Integers | None:
        """Return the agreements that a charge stands for: booleans (n,); None for all."""
        if charge.only_for is None:
            return None
        return self.inputs.options.get(charge.only_for, np.zeros(self.rows, dtype=bool))

    def taxes_of(self, span: VersionSpan) -> list[TaxCharge]:
        """Return the taxes of a version that stand in the month of the billing period."""
        return [charge for charge in self.version(span).charges if isinstance(charge, TaxCharge) and charge.stands_in(self.month)]

    def add(self, charge: ChargeDocument, header: LineHeader, lines: Sequence[Line]) -> None:
        """Keep the lines of a charge for the agreements that it stands for."""
        mask = self.stands_for(charge)
        kept = lines if mask is None else [line.only_for(mask) for line in lines]
        self.done[header.version, charge.id] = self.finished(header, kept)

    def finished(self, header: LineHeader, lines: Sequence[Line]) -> list[LineColumn]:
        """Return lines as columns of the bill, quantities and amounts rounded as the tariff rounds them."""
        rule = self.inputs.tariff.rounding.quantity_rule
        if rule is not None and header.kind in _QUANTITY_ROUNDED:
            lines = [line.with_rounded_quantity(rule) for line in lines]
        return [line.finish(header, self.line_rule) for line in lines]

    def use(self, name: str, span: VersionSpan) -> tuple[dict[str | None, Exact], str]:
        """Return what was used of a determinant in each period of a version, and its unit.

        Raises:
            InvariantError: ``rating.inputs``: the determinant was not given, or does not fit the tariff.
        """
        if name not in self.inputs.quantities:
            what = f"{name} was not given, and a charge of {self.inputs.tariff.tariff} is on it"
            raise bad_inputs(what)
        determinant = self.inputs.quantities[name]
        if determinant.values.shape != (self.rows, len(determinant.combos)) or determinant.exponent < -QUANTITY_PLACES:
            what = f"{name}: values {determinant.values.shape} for {self.rows} agreements, exponent {determinant.exponent}"
            raise bad_inputs(what)
        bands = self.version(span).bands_for("export" if name == EXPORT_KWH else "import")
        columns = {combo: determinant.column(place) for place, combo in enumerate(determinant.combos)}
        use = {band: columns.pop(Combo(span.version, band)) for band in bands if (span.version, band) in columns}
        strange = [
            combo for combo in columns if combo[0] not in {span.version for span in self.spans} or combo[0] == span.version
        ]
        if strange:
            what = f"{name}: {strange} are no periods of the tariff in this billing period"
            raise bad_inputs(what)
        return use, determinant.unit


def bad_inputs(what: str) -> InvariantError:
    """Return the error of inputs that do not fit each other."""
    code = "rating.inputs"
    return InvariantError(code, what)
