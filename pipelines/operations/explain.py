"""Why a bill is what it is: each line down to the intervals or reads it rests on, their method, file and row.

Pure: Arrow tables and a tariff in, dataclasses out. What is listed is added up again and held against the bill's own
quantities; an explanation that does not add up is an error, never an explanation.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pyarrow as pa

from pipelines.operations.interval_evidence import Interval, IntervalRows, intervals_of
from pipelines.operations.line_formula import formula_text
from pipelines.operations.metered_energy import (
    OTHER_INPUTS,
    Finding,
    Metered,
    ReadRow,
    as_metered,
    billed_of,
    plain,
    require_sum,
    rounding_note,
    rounding_of,
    sum_in,
)
from pipelines.operations.power_evidence import POWERS, Peak, event_peaks, peaks_of
from schemas.errors import InvariantError
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.charges.export import KIND as EXPORT
from tariffs.charges.export import NEM_KWH, NEM_MONEY
from tariffs.charges.prices import SeriesPrice
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tiers import EACH_PERIOD
from tariffs.conversion import Conversion, SeriesValue
from tariffs.exact import constant
from tariffs.model import Tariff, Version
from tariffs.rounding import Places
from tariffs.scalars import QUANTITY_PLACES

_ON_USE = ("energy", "rider", "export")
"""Kinds of lines whose quantity was metered."""
_IMPORT = "import_kwh"
_STATE_OF = {"bank": "bank.", "true_up": "bank.", "minimum": "minimum|{id}|", "energy": "ladder|{id}|"}
"""Kinds of lines that carried state may stand behind, and how its names begin."""


@dataclass(frozen=True)
class Carried:
    """What the bill was handed by the period before under a name, and what it hands to the next."""

    name: str
    opening: Decimal
    closing: Decimal


@dataclass(frozen=True)
class Price:
    """A row of a price series: the value holds from its start to its end, exclusive."""

    starts_at: datetime
    ends_at: datetime
    value: Decimal


@dataclass(frozen=True)
class LineExplanation:
    """One line of a bill, explained."""

    line_no: int
    charge_id: str
    kind: str
    band: str | None
    tier: int | None
    text: str
    formula: str
    tariff_id: str
    tariff_version: str
    tariff_sha256: str
    metered: Metered | None = None
    peaks: tuple[Peak, ...] = ()
    carried: tuple[Carried, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What a bill rests on, at the versions its run pinned.

    Attributes:
        bill: its row of ``BILLS``.
        lines: its rows of ``CHARGE_LINES``, in order.
        tariff: the document it was rated by.
        role: of its agreement: supply or feed_in.
        rows: readings, deliveries and the meaning of channels.
        exceptions: rows of ``EXCEPTIONS`` of its service point.
        reads: rows of ``REGISTER_READS`` of its service point.
        registers: reads on the bill, as it keeps them.
        determinants: (meter, channel) to what the register feeds.
        usage: its rows of ``USAGE``.
        carried: what it was handed and hands on.
        series: rows of the price series around its period, by name, in order.
    """

    bill: dict[str, Any]
    lines: pa.Table
    tariff: Tariff
    role: str
    rows: IntervalRows
    exceptions: pa.Table
    reads: pa.Table
    registers: Sequence[dict[str, Any]] = ()
    determinants: dict[tuple[str, str], str] = field(default_factory=dict)
    usage: Sequence[dict[str, Any]] = ()
    carried: Sequence[Carried] = ()
    series: Mapping[str, Sequence[Price]] = field(default_factory=dict)


def explain(evidence: Evidence) -> list[LineExplanation]:
    """Explain every line of a bill.

    Raises:
        InvariantError: ``explain.sum``, what is listed does not make the quantity on the bill.
    """
    book = _Book(evidence)
    return [book.explain(line) for line in evidence.lines.to_pylist()]


class _Book:
    """The bill's lines and what was metered for them, each determinant looked at once."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.lines = evidence.lines.to_pylist()
        self._intervals: dict[str, list[Interval]] = {}

    def explain(self, line: dict[str, Any]) -> LineExplanation:
        bill = self.evidence.bill
        names = ("line_no", "charge_id", "kind", "band", "tier", "text", "tariff_id", "tariff_version")
        return LineExplanation(
            **{name: line[name] for name in names},
            formula=formula_text(line, bill, self.evidence.tariff),
            tariff_sha256=bill["tariff_sha256"],
            metered=self._metered(line) if line["kind"] in _ON_USE else None,
            peaks=self._peaks(line) if line["kind"] in POWERS else (),
            carried=self._carried(line),
        )

    def _version(self, line: dict[str, Any]) -> Version:
        return next(v for v in self.evidence.tariff.versions if v.from_.isoformat() == line["tariff_version"])

    def _peaks(self, line: dict[str, Any]) -> tuple[Peak, ...]:
        if self.evidence.bill["billing_basis"] == "register":
            return ()
        rule, evidence = self._interval_rule, self.evidence
        if line["kind"] == "coincident":
            return event_peaks(line, evidence.bill, evidence.tariff, self._slots, rule)
        return peaks_of(line, evidence.usage, self._version(line), self._slots, rule)

    def _slots(self, determinant: str) -> list[Interval]:
        return self._of(determinant, _direction(determinant))

    def _carried(self, line: dict[str, Any]) -> tuple[Carried, ...]:
        begins = [_STATE_OF[line["kind"]].format(id=line["charge_id"])] if line["kind"] in _STATE_OF else []
        if line["kind"] in POWERS:
            begins = [f"peak|{line['charge_id']}|", "peak|*|"]
        elif line["kind"] == "energy" and _nets(line, self._version(line)):
            begins.append("bank.kwh|")
        return tuple(state for state in self.evidence.carried if state.name.startswith(tuple(begins))) if begins else ()

    def _metered(self, line: dict[str, Any]) -> Metered:
        version = self._version(line)
        determinant = _determinant(line, version)
        conversion = version.conversion if version.conversion is not None and version.conversion.energy == determinant else None
        volume = conversion.volume if conversion is not None else determinant
        if self.evidence.bill["billing_basis"] == "register":
            return self._read(line, determinant, volume, conversion)
        whole = _one_ladder(line, version)
        every = version.bands_for(_direction(volume))
        bands = set(every) if whole or line["band"] is None else {line["band"]}
        same = [
            other
            for other in self.lines
            if (other["charge_id"], other["tariff_version"]) == (line["charge_id"], line["tariff_version"])
            and (whole or other["band"] == line["band"])
        ]
        named = tuple(band for band in every if band in bands and band is not None)
        found = self._listed(volume, line["tariff_version"], bands)
        metered = as_metered(determinant, named, found, same, self._findings(found))
        price = _series_price(line, version)
        if price is not None:
            metered = self._priced(line, metered, price)
        if conversion is not None:
            return self._converted(line, metered, conversion, same)
        if _nets(line, version):
            return self._netted(line, metered, version, bands, same)
        rule = self._interval_rule
        billed = sum(billed_of(found, rule).values(), Decimal(0))
        require_sum(line, same, Fraction(billed), rounding_of(self.evidence.tariff, len(same)))
        # a price in time has said already what its intervals make
        return metered if rule is None or metered.note else replace(metered, note=rounding_note(rule, billed))

    @property
    def _interval_rule(self) -> Places | None:
        return self.evidence.tariff.rounding.interval_rule

    def _listed(self, determinant: str, tariff_version: str, bands: set[str | None]) -> list[Interval]:
        """Return the intervals of a determinant in some periods of a version."""
        every = self._of(determinant, _direction(determinant))
        return [interval for interval in every if interval.tariff_version == tariff_version and interval.band in bands]

    def _netted(
        self, line: dict[str, Any], metered: Metered, version: Version, bands: set[str | None], same: Sequence[dict[str, Any]]
    ) -> Metered:
        """Return import with the export and the bank that were taken off it, period by period."""
        exported = self._listed(EXPORT_KWH, line["tariff_version"], bands)
        banks = version.export is not None and version.export.mode == NEM_KWH
        opening = {state.name: state.opening for state in self.evidence.carried}
        billed = Decimal(0)
        for band in bands:
            bank = opening.get(f"bank.kwh|{band or ''}", Decimal(0)) if banks else Decimal(0)
            imported, fed_in = (sum_in(intervals, band, self._interval_rule) for intervals in (metered.intervals, exported))
            billed += max(Decimal(0), imported - fed_in - bank)
        require_sum(line, same, Fraction(billed), rounding_of(self.evidence.tariff, len(same)))
        less = as_metered(EXPORT_KWH, metered.bands, exported, same, self._findings(exported))
        taken = "export and the bank" if banks else "export"
        note = f"what is left of it when {taken} {'are' if banks else 'is'} taken off, nothing below zero: {plain(billed)}"
        return replace(metered, less=(less,), note=note)

    def _priced(self, line: dict[str, Any], metered: Metered, price: SeriesPrice) -> Metered:
        """Return the intervals with the price that each had; together they make the amount on the bill.

        Raises:
            InvariantError: ``explain.sum``.
        """
        rows = self.evidence.series.get(price.series, ())
        starts = [row.starts_at for row in rows]
        intervals = []
        prices: dict[datetime, Decimal | None] = {}
        for interval in metered.intervals:
            place = bisect_right(starts, interval.interval_start) - 1
            value = rows[place].value if place >= 0 and interval.interval_start < rows[place].ends_at else None
            prices[interval.interval_start] = value
            intervals.append(replace(interval, price=value))
        billed = billed_of(metered.intervals, self._interval_rule)
        total = sum((Fraction(used) * Fraction(prices[start] or 0) for start, used in billed.items()), Fraction(0))
        total *= Fraction(price.factor)
        total = -total if line["kind"] == EXPORT else total
        rule = self.evidence.tariff.rounding.line_rule(self.evidence.bill["currency"])
        exact = constant(total, 1)
        exact = exact if rule is None else exact.rounded(rule.places, rule.mode)
        amount = Decimal(int(exact.values[0])).scaleb(-exact.scale)
        if amount != line["amount"]:
            code = "explain.sum"
            what = f"line {line['line_no']} ({line['charge_id']}): the bill has {line['amount']}, the prices stored make {amount}"
            raise InvariantError(code, what, OTHER_INPUTS, f"bill {line['bill_id']}")
        times = "" if price.times == 1 else f" times {plain(price.times)}"
        rule = self._interval_rule
        said = "" if rule is None else f"{rounding_note(rule, sum(billed.values(), Decimal(0)))}; "
        note = f"{said}each interval at its own price of {price.series} per {price.per}{times}: {plain(amount)}"
        return replace(metered, intervals=tuple(intervals), note=note)

    def _converted(
        self, line: dict[str, Any], metered: Metered, conversion: Conversion, same: Sequence[dict[str, Any]]
    ) -> Metered:
        """Return a volume and the energy that it makes."""
        volumes = billed_of(metered.intervals, self._interval_rule)
        total = sum((Fraction(used) * self._factor(conversion, start) for start, used in volumes.items()), Fraction(0))
        require_sum(line, same, total, rounding_of(self.evidence.tariff, len(same), converted=True))
        return replace(metered, note=_conversion_note(conversion, total))

    def _factor(self, conversion: Conversion, instant: datetime) -> Fraction:
        """Return the energy of a unit of volume at an instant."""
        value = conversion.value_on(self.evidence.tariff.tariff_clock.day_of(instant))
        if isinstance(conversion.calorific_value, SeriesValue):
            rows = self.evidence.series.get(conversion.calorific_value.series, ())
            place = bisect_right([row.starts_at for row in rows], instant) - 1
            value = rows[place].value if place >= 0 else None
        return Fraction(conversion.correction) * Fraction(value or 0) / Fraction(conversion.divide_by)

    def _of(self, determinant: str, direction: str) -> list[Interval]:
        if determinant not in self._intervals:
            billed = determinant == EXPORT_KWH or self.evidence.role == "supply"
            rows = self.evidence.rows
            self._intervals[determinant] = intervals_of(rows, self.evidence.tariff, determinant, direction) if billed else []
        return self._intervals[determinant]

    def _findings(self, intervals: Sequence[Interval]) -> tuple[Finding, ...]:
        channels = {(interval.meter_id, interval.channel) for interval in intervals}
        days = {interval.day for interval in intervals}
        names = ("day", "meter_id", "channel", "rule", "severity", "message", "status")
        rows = [
            Finding(**{name: row[name] for name in names})
            for row in self.evidence.exceptions.to_pylist()
            if (row["meter_id"], row["channel"]) in channels and row["day"] in days
        ]
        return tuple(sorted(rows, key=lambda row: (row.day, row.meter_id, row.channel, row.rule)))

    def _read(self, line: dict[str, Any], determinant: str, counted: str, conversion: Conversion | None) -> Metered:
        """Return what registers counted: all lines of the charge share their advances."""
        evidence = self.evidence
        used = [r for r in evidence.registers if evidence.determinants.get((r["meter_id"], r["channel"])) == counted]
        same = [other for other in self.lines if other["charge_id"] == line["charge_id"]]
        total = sum((Decimal(register["advance"]) for register in used), Decimal(0))
        note = ""
        if conversion is not None:
            steady = isinstance(conversion.calorific_value, Decimal)
            energy = Fraction(total) * self._factor(conversion, evidence.bill["starts_at"]) if steady else None
            if energy is not None:
                require_sum(line, same, energy, rounding_of(evidence.tariff, len(same), converted=True))
            note = _conversion_note(conversion, energy)
        elif _nets(line, self._version(line)):
            note = "net of what was exported, period by period; see the registers of the bill"
        else:
            require_sum(line, same, Fraction(total), rounding_of(evidence.tariff, len(same)))
        ends = (("opening", "opened_at"), ("closing", "closed_at"))
        return Metered(
            determinant=determinant,
            bands=tuple(sorted({other["band"] for other in same if other["band"] is not None})),
            channels=tuple(sorted({f"{register['meter_id']}/{register['channel']}" for register in used})),
            lines=tuple(other["line_no"] for other in same),
            quantity=total,
            reads=tuple(self._read_row(register, place, register[at]) for register in used for place, at in ends),
            note=note,
        )

    def _read_row(self, register: dict[str, Any], place: str, read_at: str) -> ReadRow:
        """Return one end of an advance with the file and record that delivered it."""
        meter_id, channel, index = register["meter_id"], register["channel"], register[place]
        found = [
            row
            for row in self.evidence.reads.to_pylist()
            if (row["channel"], row["value"]) == (channel, Decimal(index))
            and row["meter_id"] in (meter_id, "")
            and row["read_at"] == datetime.fromisoformat(read_at)
        ]
        found.sort(key=lambda row: (row["kind"] != "index", row["batch"], row["file_id"], row["record"]))
        source = self.evidence.rows.source(found[0]["file_id"], found[0]["record"]) if found else None
        return ReadRow(meter_id, channel, place, read_at, index, source)


def _determinant(line: dict[str, Any], version: Version) -> str:
    """Return the billing determinant that a line multiplies."""
    if line["kind"] == EXPORT:
        return EXPORT_KWH
    charge = next(charge for charge in version.charges if charge.id == line["charge_id"])
    return charge.quantity if isinstance(charge, EnergyCharge | RiderCharge) else ""


def _one_ladder(line: dict[str, Any], version: Version) -> bool:
    """Tell whether all periods of a charge climb one ladder: its lines share one quantity then."""
    charge = next((charge for charge in version.charges if charge.id == line["charge_id"]), None)
    return isinstance(charge, EnergyCharge) and charge.tiers is not None and charge.tiers.scope != EACH_PERIOD


def _direction(determinant: str) -> str:
    return "export" if determinant == EXPORT_KWH else "import"


def _charge_of(line: dict[str, Any], version: Version) -> EnergyCharge | RiderCharge | None:
    charge = next((charge for charge in version.charges if charge.id == line["charge_id"]), None)
    return charge if isinstance(charge, EnergyCharge | RiderCharge) else None


def _series_price(line: dict[str, Any], version: Version) -> SeriesPrice | None:
    """Return the series that prices a line; None where it has a price of its own."""
    charge = _charge_of(line, version)
    price: object = charge.price if charge is not None else None
    if line["kind"] == EXPORT and version.export is not None:
        price = version.export.price
    return price if isinstance(price, SeriesPrice) else None


def _nets(line: dict[str, Any], version: Version) -> bool:
    """Tell whether a line is on what is left of import when export is taken off."""
    if version.export is None or version.export.mode not in (NEM_KWH, NEM_MONEY):
        return False
    charge = _charge_of(line, version)
    if charge is None or charge.quantity != _IMPORT:
        return False
    return isinstance(charge, EnergyCharge) or charge.net


def _conversion_note(conversion: Conversion, energy: Fraction | None) -> str:
    value = conversion.calorific_value
    shown = plain(value) if isinstance(value, Decimal) else "the calorific value in force"
    how = f"{conversion.volume} x {plain(conversion.correction)} x {shown} / {plain(conversion.divide_by)}"
    if energy is None:
        return how
    return f"{how} = {plain(Decimal(round(energy * 10**QUANTITY_PLACES)).scaleb(-QUANTITY_PLACES))}"
