"""Billing determinants times a tariff: the charge lines of many agreements at once, each with its explanation.

All agreements of one call share tariff and billing period. A line is a column over them, so the Python work is per line of the
price list, not per customer. Order on the bill: charges as they stand in the document (each by version, period and step),
then export, then tax; a line that rounds the total to the currency's smallest coin comes last (``RatedLines.bill_lines``).

Where a billing period has two versions of the tariff, fixed, energy, percent and export lines stand once for each, rounded
alone; a tax stands once for each rate.
"""

from __future__ import annotations

from dataclasses import dataclass

from schemas.errors import InvariantError
from schemas.table import AMOUNT, CENTS
from tariffs.calendar import Combo, version_spans
from tariffs.charges.energy import EnergyCharge, energy_lines
from tariffs.charges.export import CHARGE_ID as EXPORT_ID
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.charges.export import KIND as EXPORT
from tariffs.charges.export import export_lines
from tariffs.charges.fixed import FixedCharge, fixed_lines
from tariffs.charges.line import Line, LineColumn, LineHeader
from tariffs.charges.percent import ALL, PercentCharge, percent_lines
from tariffs.charges.rider import RiderCharge, rider_lines
from tariffs.charges.tax import KIND as TAX
from tariffs.charges.tax import TaxCharge, tax_lines
from tariffs.exact import Exact, total_of
from tariffs.lines import lines_table
from tariffs.model import Charge, Version
from tariffs.rated import RatedLines, RatingInputs
from tariffs.rounding import HALF_UP, Places, minor_unit_places
from tariffs.scalars import QUANTITY_PLACES
from tariffs.spans import VersionSpan

Columns = dict[tuple[int, str], list[LineColumn]]
"""Lines by version and charge id."""


def rate(inputs: RatingInputs) -> RatedLines:
    """Price the quantities of n agreements.

    Args:
        inputs: see ``RatingInputs``.

    Returns:
        lines and totals.

    Raises:
        TariffError: ``tariff.no_version``: the period begins before the tariff's first version.
        InvariantError: ``rating.inputs``: a determinant that a charge names is absent, or quantities do not fit the tariff.
    """
    spans = version_spans(inputs.tariff, starts_at=inputs.starts_at, ends_at=inputs.ends_at, billing_clock=inputs.billing_clock)
    work = _Rating(inputs, spans)
    by_charge = work.charges()
    ids = dict.fromkeys(charge.id for span in spans for charge in work.version(span).charges)
    columns = [column for name in (*ids, EXPORT_ID) for span in spans for column in by_charge.get((span.version, name), ())]
    taxes = work.taxes(by_charge)
    return _totals(inputs, columns, taxes, newest=spans[-1].version)


def _totals(inputs: RatingInputs, columns: list[LineColumn], taxes: list[LineColumn], *, newest: int) -> RatedLines:
    tariff, rows = inputs.tariff, len(inputs.export_taxed)
    every = [*columns, *taxes]
    total = total_of([column.amount for column in every], rows)
    sum_of_lines = total_of([column.rounded for column in every], rows)
    rule = tariff.rounding.total_rule(tariff.currency)
    rounded = sum_of_lines if rule is None else total.rounded(rule.places, rule.mode)
    due = rounded.rounded(minor_unit_places(tariff.currency), HALF_UP)
    return RatedLines(
        lines=lines_table(every, tariff, export_taxed=inputs.export_taxed),
        total=total.to_arrow(AMOUNT),
        total_rounded=rounded.to_arrow(AMOUNT),
        tax=total_of([column.rounded for column in taxes], rows).to_arrow(AMOUNT),
        rounding=total_of([due, -sum_of_lines], rows).to_arrow(AMOUNT),
        total_due=due.to_arrow(CENTS),
        currency=tariff.currency,
        last_version=tariff.versions[newest].from_.isoformat(),
    )


@dataclass(frozen=True)
class _Rating:
    """One call of ``rate``: its inputs and how the billing period falls to the versions."""

    inputs: RatingInputs
    spans: tuple[VersionSpan, ...]

    @property
    def rows(self) -> int:
        return len(self.inputs.export_taxed)

    def version(self, span: VersionSpan) -> Version:
        return self.inputs.tariff.versions[span.version]

    def charges(self) -> Columns:
        """Return the lines of all charges but taxes, and of export."""
        done: Columns = {}
        for span in self.spans:
            charges = [charge for charge in self.version(span).charges if not isinstance(charge, TaxCharge)]
            # percentages come after what they are a share of, wherever it stands
            for charge in sorted(charges, key=lambda charge: isinstance(charge, PercentCharge)):
                lines = self._lines(charge, span, done)
                codes = tuple(tax.tax_code for tax in self._taxes_of(span) if charge.id in _ids(tax, self.version(span)))
                header = LineHeader(charge.id, charge.kind, span.version, codes)
                done[span.version, charge.id] = [line.finish(header, self.line_rule) for line in lines]
            done[span.version, EXPORT_ID] = self._export(span)
        return done

    def _lines(self, charge: Charge, span: VersionSpan, done: Columns) -> list[Line]:
        rows, currency = self.rows, self.inputs.tariff.currency
        if isinstance(charge, FixedCharge):
            return fixed_lines(charge, span, agreements=rows, currency=currency)
        if isinstance(charge, PercentCharge):
            base = _named(charge.of, span, done)
            return percent_lines(charge, base=base, agreements=rows, currency=currency)
        if isinstance(charge, EnergyCharge | RiderCharge):
            if charge.quantity not in self.inputs.quantities:
                what = f"charge {charge.id} is on {charge.quantity}, which was not given"
                raise _bad(what)
            use, unit = self._use(charge.quantity, span)
            if isinstance(charge, RiderCharge):
                return rider_lines(charge, use=use, agreements=rows, unit=unit, currency=currency)
            return energy_lines(charge, span, use=use, agreements=rows, unit=unit, currency=currency)
        what = f"charge {charge.id} is of kind {charge.kind}, which nothing here prices"
        raise _bad(what)

    def _export(self, span: VersionSpan) -> list[LineColumn]:
        export = self.version(span).export
        if export is None or EXPORT_KWH not in self.inputs.quantities:
            return []
        use, unit = self._use(EXPORT_KWH, span)
        lines = export_lines(export, use=use, agreements=self.rows, unit=unit, currency=self.inputs.tariff.currency)
        codes = tuple(tax.tax_code for tax in self._taxes_of(span) if export.bears(tax.id))
        header = LineHeader(EXPORT_ID, EXPORT, span.version, codes)
        return [line.finish(header, self.line_rule) for line in lines]

    def _use(self, name: str, span: VersionSpan) -> tuple[dict[str | None, Exact], str]:
        """Return what was used of a determinant in each period of a version, and its unit."""
        determinant = self.inputs.quantities[name]
        if determinant.values.shape != (self.rows, len(determinant.combos)) or determinant.exponent < -QUANTITY_PLACES:
            what = f"{name}: values {determinant.values.shape} for {self.rows} agreements, exponent {determinant.exponent}"
            raise _bad(what)
        bands = self.version(span).bands_for("export" if name == EXPORT_KWH else "import")
        columns = {combo: determinant.column(place) for place, combo in enumerate(determinant.combos)}
        use = {band: columns.pop(Combo(span.version, band)) for band in bands if (span.version, band) in columns}
        strange = [
            combo for combo in columns if combo[0] not in {span.version for span in self.spans} or combo[0] == span.version
        ]
        if strange:
            what = f"{name}: {strange} are no periods of the tariff in this billing period"
            raise _bad(what)
        return use, determinant.unit

    @property
    def line_rule(self) -> Places | None:
        """How the tariff rounds lines."""
        return self.inputs.tariff.rounding.line_rule(self.inputs.tariff.currency)

    def _taxes_of(self, span: VersionSpan) -> list[TaxCharge]:
        return [charge for charge in self.version(span).charges if isinstance(charge, TaxCharge)]

    def taxes(self, by_charge: Columns) -> list[LineColumn]:
        """Return one line for each tax rate, over all versions."""
        rates: dict[tuple[object, ...], list[tuple[TaxCharge, VersionSpan]]] = {}
        for span in self.spans:
            for tax in self._taxes_of(span):
                rates.setdefault(tax.rate_key(), []).append((tax, span))
        return [column for parts in rates.values() for column in self._tax(parts, by_charge)]

    def _tax(self, parts: list[tuple[TaxCharge, VersionSpan]], by_charge: Columns) -> list[LineColumn]:
        tariff = self.inputs.tariff
        base: list[LineColumn] = []
        export: list[LineColumn] = []
        for tax, span in parts:
            base += [column for name in _ids(tax, self.version(span)) for column in by_charge[span.version, name]]
            bought = self.version(span).export
            if bought is not None and bought.bears(tax.id):
                export += by_charge[span.version, EXPORT_ID]
        tax, span = parts[-1]
        taxed = self.inputs.export_taxed
        lines = tax_lines(tax, base=base, export=export, export_taxed=taxed, currency=tariff.currency)
        header = LineHeader(tax.id, TAX, span.version, (tax.tax_code,))
        return [line.finish(header, tariff.rounding.tax_rule(tariff.currency)) for line in lines]


def _ids(tax: TaxCharge, version: Version) -> tuple[str, ...]:
    """Return the charges of a version that a tax is laid on."""
    if tax.of != ALL:
        return tuple(tax.of)
    return tuple(charge.id for charge in version.charges if not isinstance(charge, TaxCharge))


def _named(of: str | tuple[str, ...], span: VersionSpan, done: Columns) -> list[LineColumn]:
    """Return the lines that a percentage is a share of; for ``all``, those made before it."""
    names = [name for version, name in done if version == span.version] if of == ALL else of
    return [column for name in names for column in done[span.version, name]]


def _bad(what: str) -> InvariantError:
    code = "rating.inputs"
    return InvariantError(code, what)
