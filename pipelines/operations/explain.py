"""Why a bill is what it is: each line down to the intervals or reads it rests on, their method, file and row.

Pure: Arrow tables and a tariff in, dataclasses out. What is listed is added up again and held against the bill's own
quantities; an explanation that does not add up is an error, never an explanation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from pipelines.operations.interval_evidence import Interval, IntervalRows, Source, intervals_of
from schemas.errors import InvariantError
from tariffs.charges.energy import EnergyCharge
from tariffs.charges.export import DETERMINANT as EXPORT_KWH
from tariffs.charges.export import KIND as EXPORT
from tariffs.charges.rider import RiderCharge
from tariffs.charges.tiers import EACH_PERIOD
from tariffs.model import Tariff, Version

_ON_USE = ("energy", "rider", "export")
"""Kinds of lines whose quantity was metered."""


@dataclass(frozen=True)
class ReadRow:
    """A register read behind a bill: what it says and where it came from."""

    meter_id: str
    channel: str
    place: str
    read_at: str
    index: str
    source: Source | None


@dataclass(frozen=True)
class DayUse:
    """What one channel used on one standard-time day, within the line's periods."""

    day: date
    meter_id: str
    channel: str
    quantity: Decimal
    slots: int
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class QualityShare:
    """Slots of one quality and method, and their quantity."""

    quality: str
    method: str
    slots: int
    quantity: Decimal


@dataclass(frozen=True)
class Finding:
    """An exception of validation on a channel of the line."""

    day: date
    meter_id: str
    channel: str
    rule: str
    severity: str
    message: str
    status: str


@dataclass(frozen=True)
class Metered:
    """The metered energy behind a line.

    Attributes:
        determinant: what the charge multiplies.
        bands: periods of the tariff that count.
        channels: meter/channel pairs that feed it.
        lines: numbers of the lines that share the quantity: a ladder's steps, else the line alone.
        quantity: sum of what is listed, equal to the quantity of ``lines``.
        days: what each channel used on each day; empty where registers were read.
        qualities: slots by quality and method.
        findings: exceptions of validation.
        intervals: every interval.
        reads: opening and closing reads, where registers were read.
    """

    determinant: str
    bands: tuple[str, ...]
    channels: tuple[str, ...]
    lines: tuple[int, ...]
    quantity: Decimal
    days: tuple[DayUse, ...] = ()
    qualities: tuple[QualityShare, ...] = ()
    findings: tuple[Finding, ...] = ()
    intervals: tuple[Interval, ...] = ()
    reads: tuple[ReadRow, ...] = ()


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


def explain(evidence: Evidence) -> list[LineExplanation]:
    """Explain every line of a bill.

    Raises:
        InvariantError: ``explain.sum``, what is listed does not make the quantity on the bill.
    """
    book = _Book(evidence)
    return [book.explain(line) for line in evidence.lines.to_pylist()]


def formula(line: dict[str, Any], currency: str) -> str:
    """Return quantity times price equals amount; the exact product too where the bill has it rounded.

    >>> formula({"quantity": Decimal("2.5"), "unit": "kWh", "price": Decimal("0.31"), "amount": Decimal("0.78")}, "AUD")
    '2.5 kWh x 0.31 AUD/kWh = 0.775, on the bill 0.78 AUD'
    """
    quantity, price, amount = (f"{line[name].normalize():f}" for name in ("quantity", "price", "amount"))
    product = line["quantity"] * line["price"]
    exact = "" if product == line["amount"] else f"{product.normalize():f}, on the bill "
    per = "" if line["unit"] == currency else f" {currency}/{line['unit']}"
    return f"{quantity} {line['unit']} x {price}{per} = {exact}{amount} {currency}"


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
            formula=formula(line, bill["currency"]),
            tariff_sha256=bill["tariff_sha256"],
            metered=self._metered(line) if line["kind"] in _ON_USE else None,
        )

    def _metered(self, line: dict[str, Any]) -> Metered:
        version = next(v for v in self.evidence.tariff.versions if v.from_.isoformat() == line["tariff_version"])
        determinant = _determinant(line, version)
        if self.evidence.bill["billing_basis"] == "register":
            return self._read(line, determinant)
        whole = _one_ladder(line, version)
        direction = "export" if determinant == EXPORT_KWH else "import"
        every = version.bands_for(direction)
        bands = set(every) if whole or line["band"] is None else {line["band"]}
        same = [
            other
            for other in self.lines
            if (other["charge_id"], other["tariff_version"]) == (line["charge_id"], line["tariff_version"])
            and (whole or other["band"] == line["band"])
        ]
        wanted = (line["tariff_version"], bands)
        found = [i for i in self._of(determinant, direction) if i.tariff_version == wanted[0] and i.band in wanted[1]]
        total = sum((i.value for i in found if i.value is not None), Decimal(0))
        _require_sum(line, same, total)
        channels = {(i.meter_id, i.channel) for i in found}
        return Metered(
            determinant=determinant,
            bands=tuple(band for band in every if band in bands and band is not None),
            channels=tuple(sorted("/".join(channel) for channel in channels)),
            lines=tuple(other["line_no"] for other in same),
            quantity=total,
            days=_by_day(found),
            qualities=_by_quality(found),
            findings=self._findings(channels, {i.day for i in found}),
            intervals=tuple(found),
        )

    def _of(self, determinant: str, direction: str) -> list[Interval]:
        if determinant not in self._intervals:
            billed = determinant == EXPORT_KWH or self.evidence.role == "supply"
            rows = self.evidence.rows
            self._intervals[determinant] = intervals_of(rows, self.evidence.tariff, determinant, direction) if billed else []
        return self._intervals[determinant]

    def _findings(self, channels: set[tuple[str, str]], days: set[date]) -> tuple[Finding, ...]:
        names = ("day", "meter_id", "channel", "rule", "severity", "message", "status")
        rows = [
            Finding(**{name: row[name] for name in names})
            for row in self.evidence.exceptions.to_pylist()
            if (row["meter_id"], row["channel"]) in channels and row["day"] in days
        ]
        return tuple(sorted(rows, key=lambda row: (row.day, row.meter_id, row.channel, row.rule)))

    def _read(self, line: dict[str, Any], determinant: str) -> Metered:
        """Return what registers counted: all lines of the charge share their advances."""
        evidence = self.evidence
        used = [r for r in evidence.registers if evidence.determinants.get((r["meter_id"], r["channel"])) == determinant]
        same = [other for other in self.lines if other["charge_id"] == line["charge_id"]]
        total = sum((Decimal(register["advance"]) for register in used), Decimal(0))
        _require_sum(line, same, total)
        ends = (("opening", "opened_at"), ("closing", "closed_at"))
        return Metered(
            determinant=determinant,
            bands=tuple(sorted({other["band"] for other in same if other["band"] is not None})),
            channels=tuple(sorted({f"{register['meter_id']}/{register['channel']}" for register in used})),
            lines=tuple(other["line_no"] for other in same),
            quantity=total,
            reads=tuple(self._read_row(register, place, register[at]) for register in used for place, at in ends),
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


def _require_sum(line: dict[str, Any], same: Sequence[dict[str, Any]], total: Decimal) -> None:
    """Raise if what is listed is not what the lines multiply."""
    billed = sum((other["quantity"] for other in same), Decimal(0))
    if billed != total:
        code = "explain.sum"
        raise InvariantError(
            code,
            f"line {line['line_no']} ({line['charge_id']}): the bill has {billed} {line['unit']}, what is stored makes {total}",
            "the store holds other readings than the bill was made from; run: m2b verify",
            f"bill {line['bill_id']}",
        )


def _by_day(intervals: Sequence[Interval]) -> tuple[DayUse, ...]:
    days: dict[tuple[date, str, str], list[Interval]] = {}
    for interval in intervals:
        days.setdefault((interval.day, interval.meter_id, interval.channel), []).append(interval)
    return tuple(
        DayUse(
            *key,
            quantity=sum((i.value for i in found if i.value is not None), Decimal(0)),
            slots=len(found),
            sources=tuple(dict.fromkeys(i.source for i in found if i.source is not None)),
        )
        for key, found in sorted(days.items())
    )


def _by_quality(intervals: Sequence[Interval]) -> tuple[QualityShare, ...]:
    kinds: dict[tuple[str, str], list[Interval]] = {}
    for interval in intervals:
        kinds.setdefault((interval.quality, interval.method), []).append(interval)
    return tuple(
        QualityShare(*key, slots=len(found), quantity=sum((i.value for i in found if i.value is not None), Decimal(0)))
        for key, found in sorted(kinds.items())
    )
