"""Summaries: what a sender billed and totalled, as rows of costs.

They are no readings: a total of a billing period would count every interval of it twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from pipelines.ingest.collector import Collector
from pipelines.ingest.espi.feed import Leaf
from pipelines.ingest.espi.readings import parse_amount
from pipelines.ingest.espi.resources import parse_currency, parse_measure
from pipelines.ingest.espi.times import parse_duration, parse_epoch
from pipelines.ingest.numbers import as_decimal, number_of
from pipelines.ingest.rejected import Fault

_AMOUNTS = ("billLastPeriod", "billToDate", "costAdditionalLastPeriod")
_LINE_ITEM = "costAdditionalDetailLastPeriod"
_MEASURES = (
    "overallConsumptionLastPeriod", "currentBillingPeriodOverAllConsumption", "currentDayLastYearNetConsumption",
    "currentDayNetConsumption", "currentDayOverallConsumption", "peakDemand", "previousDayLastYearOverallConsumption",
    "previousDayNetConsumption", "previousDayOverallConsumption", "ratchetDemand",
)  # fmt: skip
_OF_THE_PERIOD = ("billLastPeriod", _LINE_ITEM, "costAdditionalLastPeriod", "overallConsumptionLastPeriod")
"""What is said of the billing period; everything else is said of the time at which the summary was made."""
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class Span(NamedTuple):
    """What something is said of: times in UTC [us since 1970], None where the source does not say."""

    from_us: int | None
    to_us: int | None


class Stated(NamedTuple):
    """An item of a summary."""

    item: str
    span: Span
    amount: Decimal | None = None
    quantity: Decimal | None = None
    unit: str | None = None
    native_code: str | None = None
    note: str | None = None


def take_summary(collector: Collector, service_point_id: str, facts: Sequence[Leaf], record: str, version_us: int | None) -> None:
    """Take the items of a UsageSummary or ElectricPowerUsageSummary.

    Args:
        collector: takes them as costs.
        service_point_id: whose they are.
        facts: leaves of the summary.
        record: where it stands in the file.
        version_us: when the sender made it.
    """
    summary, lines = _split(facts)
    currency = parse_currency(summary.get("currency"), collector.warn)
    items = [*_amounts(summary), *_measures(summary), *(_line_item(line, summary) for line in lines)]
    for place, stated in enumerate(items, start=1):
        if stated.amount is None and stated.quantity is None:
            collector.warn("cost.invalid", f"{stated.item} of a summary is no amount or quantity: it is left out")
            continue
        collector.add_cost(
            service_point_id, "", stated.item, f"{record}/{place}",
            period_from_us=stated.span.from_us, period_to_us=stated.span.to_us, amount=stated.amount,
            currency=currency if stated.amount is not None else None, quantity=stated.quantity, unit=stated.unit,
            native_code=stated.native_code, note=stated.note, version_us=version_us,
        )  # fmt: skip


def item_name(element: str) -> str:
    """Return the item of an element.

    >>> item_name("currentBillingPeriodOverAllConsumption")
    'current_billing_period_over_all_consumption'
    """
    return _CAPITAL.sub("_", element).lower()


def _split(facts: Sequence[Leaf]) -> tuple[dict[str, str], list[dict[str, str]]]:
    """Return the facts of a summary, and those of each of its line items: one begins where a name comes again."""
    summary: dict[str, str] = {}
    lines: list[dict[str, str]] = []
    for path, text in facts:
        first, _, rest = path.partition("/")
        if first != _LINE_ITEM:
            summary[path] = text
        elif not lines or rest in lines[-1]:
            lines.append({rest: text})
        else:
            lines[-1][rest] = text
    return summary, lines


def _amounts(summary: dict[str, str]) -> Iterator[Stated]:
    for name in _AMOUNTS:
        if summary.get(name):
            yield Stated(item_name(name), _span(name, summary), amount=parse_amount(summary[name]))


def _measures(summary: dict[str, str]) -> Iterator[Stated]:
    for name in _MEASURES:
        if summary.get(f"{name}/value"):
            quantity, unit = _measure(summary, f"{name}/")
            yield Stated(item_name(name), _span(name, summary), quantity=quantity, unit=unit)


def _line_item(line: dict[str, str], summary: dict[str, str]) -> Stated:
    quantity, unit = _measure(line, "measurement/")
    span = _interval(line, "itemPeriod/")
    return Stated(
        item_name(_LINE_ITEM),
        span if span.from_us is not None else _span(_LINE_ITEM, summary),
        amount=parse_amount(line.get("amount", "")),
        quantity=quantity,
        unit=unit,
        native_code=line.get("itemKind") or None,
        note=line.get("note") or None,
    )


def _measure(facts: dict[str, str], prefix: str) -> tuple[Decimal | None, str | None]:
    """Return quantity and unit of a measurement; None where there is none, or nobody knows its unit."""
    known = parse_measure(facts.get(f"{prefix}uom") or None, facts.get(f"{prefix}powerOfTenMultiplier") or None)
    number = number_of(facts.get(f"{prefix}value", ""), 0)
    if known is None or isinstance(number, Fault):
        return None, None
    unit, exponent = known
    found = as_decimal(number, exponent)
    if isinstance(found, Fault) or isinstance(number_of(found, 0), Fault):
        return None, None
    return found, unit.unit or None


def _span(name: str, summary: dict[str, str]) -> Span:
    """Return what an item is said of: the billing period, or the moment at which it was true."""
    if name in _OF_THE_PERIOD:
        return _interval(summary, "billingPeriod/")
    stamp = summary.get(f"{name}/timeStamp") or summary.get("statusTimeStamp", "")
    return Span(None, parse_epoch(stamp))


def _interval(facts: dict[str, str], prefix: str) -> Span:
    start, length = parse_epoch(facts.get(f"{prefix}start", "")), parse_duration(facts.get(f"{prefix}duration", ""))
    return Span(start, start + length if start is not None and length is not None else None)
