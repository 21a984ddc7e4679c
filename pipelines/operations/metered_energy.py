"""What was metered for a line: its intervals or reads, by day and by quality, held against the quantities on the bill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn

import numpy as np

from pipelines.operations.interval_evidence import Interval, Source
from schemas.errors import InvariantError
from tariffs.model import Tariff
from tariffs.rounding import Places, round_integers
from tariffs.scalars import QUANTITY_PLACES


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
        less: what was subtracted before the charge: the export of a net-metered home.
        note: how the quantity came of what is listed, where that is more than a sum.
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
    less: tuple[Metered, ...] = ()
    note: str = ""


def as_metered(
    determinant: str,
    bands: tuple[str, ...],
    intervals: Sequence[Interval],
    lines: Sequence[dict[str, Any]],
    findings: tuple[Finding, ...],
) -> Metered:
    """Return intervals with their sums by day and by quality."""
    channels = {(interval.meter_id, interval.channel) for interval in intervals}
    return Metered(
        determinant=determinant,
        bands=bands,
        channels=tuple(sorted("/".join(channel) for channel in channels)),
        lines=tuple(other["line_no"] for other in lines),
        quantity=sum((i.value for i in intervals if i.value is not None), Decimal(0)),
        days=_by_day(intervals),
        qualities=_by_quality(intervals),
        findings=findings,
        intervals=tuple(intervals),
    )


def billed_of(intervals: Sequence[Interval], rule: Places | None) -> dict[datetime, Decimal]:
    """Return what counts of each instant: the sum of its channels, as the tariff rounds the quantity of an interval.

    Args:
        intervals: of one determinant.
        rule: the tariff's ``rounding.interval_quantity``; None where it has none.
    """
    sums: dict[datetime, Decimal] = {}
    for interval in intervals:
        if interval.value is not None:
            sums[interval.interval_start] = sums.get(interval.interval_start, Decimal(0)) + interval.value
    if rule is None or not sums:
        return sums
    finest = np.array([int(value.scaleb(QUANTITY_PLACES)) for value in sums.values()], dtype=object)
    rounded = round_integers(finest, digits=QUANTITY_PLACES - rule.places, mode=rule.mode)
    return {start: Decimal(value).scaleb(-rule.places) for start, value in zip(sums, rounded.tolist(), strict=True)}


def sum_in(intervals: Sequence[Interval], band: str | None, rule: Places | None) -> Decimal:
    """Return what counts of the intervals of a period, see ``billed_of``."""
    return sum(billed_of([i for i in intervals if i.band == band], rule).values(), Decimal(0))


def rounding_note(rule: Places, billed: Decimal) -> str:
    """Return how intervals were rounded and what they make then, in words."""
    return f"each interval rounded to {rule.places} decimals ({rule.mode}), together {plain(billed)}"


def plain(value: Decimal) -> str:
    """Return a decimal without needless zeros."""
    return f"{value.normalize():f}"


def require_sum(line: dict[str, Any], same: Sequence[dict[str, Any]], total: Fraction, tolerance: Fraction) -> None:
    """Raise if the quantities of some lines are not what is listed.

    Args:
        line: the line that is explained.
        same: all lines that share the quantity.
        total: sum of what is listed.
        tolerance: what rounding each line's quantity may make of it, see ``rounding_of``.

    Raises:
        InvariantError: ``explain.sum``.
    """
    billed = sum((Fraction(other["quantity"]) for other in same), Fraction(0))
    if abs(billed - total) > tolerance:
        refuse_sum(line, billed, total)


def rounding_of(tariff: Tariff, lines: int, *, converted: bool = False) -> Fraction:
    """Return what the sum of some lines' quantities may be off by: half of the last digit a line, where they are rounded."""
    rule = tariff.rounding.quantity
    if isinstance(rule, str) and not converted:
        return Fraction(0)
    places = QUANTITY_PLACES if isinstance(rule, str) else rule.places
    return Fraction(lines, 2 * 10**places)


OTHER_INPUTS = "the store holds other readings or prices than the bill was made from; run: m2b verify"


def refuse_sum(line: dict[str, Any], billed: Fraction, total: Fraction) -> NoReturn:
    """Refuse an explanation that does not add up.

    Raises:
        InvariantError: ``explain.sum``, always.
    """
    code = "explain.sum"
    shown = [plain(Decimal(round(each * 10**QUANTITY_PLACES)).scaleb(-QUANTITY_PLACES)) for each in (billed, total)]
    what = (
        f"line {line['line_no']} ({line['charge_id']}): the bill has {shown[0]} {line['unit']}, what is stored makes {shown[1]}"
    )
    raise InvariantError(code, what, OTHER_INPUTS, f"bill {line['bill_id']}")


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
