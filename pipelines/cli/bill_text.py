"""A bill and its explanation, as people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pipelines.cli.grid import Grid
from pipelines.cli.outcome import plain_value
from pipelines.operations.explain import LineExplanation
from pipelines.operations.interval_evidence import Interval, Source
from pipelines.operations.metered_energy import Metered
from pipelines.operations.power_evidence import Peak
from schemas.bill_document import BillDocument, money, plain

_MOST_SOURCES = 3
"""Places shown for one day; with --line every interval has its own."""


def document_parts(bill: BillDocument) -> list[str | Grid]:
    """Return a bill: head, lines, totals, registers, estimated share."""
    kind = bill.document_type.replace("_", " ")
    head = [
        f"{kind} {bill.bill_number} ({bill.bill_id}), {bill.status}",
        f"account {bill.account_id}, agreement {bill.agreement_id}, service point {bill.service_point_id}",
        f"period {bill.period_from} to {bill.period_to} (exclusive), {bill.billing_clock}",
        f"issued {bill.issue_date}, due {bill.due_date}",
    ]
    rows = [
        [
            str(line.line_no),
            line.charge_id,
            line.band or "",
            "" if line.tier is None else str(line.tier),
            plain(line.quantity),
            line.unit,
            plain(line.price),
            money(line.amount),
        ]
        for line in bill.lines
    ]
    grid = Grid(
        ["line", "charge", "period", "step", "quantity", "unit", "price", "amount"],
        rows,
        right=["line", "step", "quantity", "price", "amount"],
    )
    sums = f"net {money(bill.net)}, tax {money(bill.tax)}, total {money(bill.total)} {bill.currency}"
    share = f"energy {plain(bill.energy_kwh)} kWh, {bill.estimated_share:.2%} of it estimated"
    reads = [
        f"meter {r.meter_id} register {r.channel}: {r.opening} on {r.opened_at}, {r.closing} on {r.closed_at}, "
        f"times {r.multiplier} makes {r.advance} ({r.status})"
        for r in bill.registers
    ]
    powers = [
        f"{power.determinant}{f' in {power.band}' if power.band else ''}: {plain(power.value)} {power.unit}"
        + (f", from {plain_value(power.at)}" if power.at is not None else "")
        for power in bill.measured
    ]
    carried = [f"{state.name}: {plain(state.opening)} before, {plain(state.closing)} after this bill" for state in bill.carried]
    return [*head, "", grid, "", sums, share, *reads, *powers, *carried, f"why: m2b bill explain {bill.bill_id}"]


def explanation_parts(bill: dict[str, Any], lines: Sequence[LineExplanation], *, with_intervals: bool) -> list[str | Grid]:
    """Return the explanation of lines."""
    total = f"{money(bill['total'])} {bill['currency']}"
    period = f"{bill['period_from']} to {bill['period_to']} (exclusive)"
    parts: list[str | Grid] = [f"bill {bill['bill_number']} ({bill['bill_id']}), {period}, total {total}"]
    for line in lines:
        parts += _line_parts(line, with_intervals=with_intervals)
    return parts


def _line_parts(line: LineExplanation, *, with_intervals: bool) -> list[str | Grid]:
    tariff = f"tariff {line.tariff_id}, version from {line.tariff_version}, document {line.tariff_sha256}"
    parts: list[str | Grid] = ["", f"line {line.line_no}: {line.text}", f"  {line.formula}", f"  {tariff}"]
    if line.metered is not None:
        parts += _metered_parts(line, line.metered, with_intervals=with_intervals)
    for peak in line.peaks:
        parts += _peak_parts(peak)
    for state in line.carried:
        parts.append(f"  {state.name}: {plain(state.opening)} before this bill, {plain(state.closing)} after it")
    return parts


def _peak_parts(peak: Peak) -> list[str | Grid]:
    """Return a measured power and the intervals of its window."""
    band = f" in {peak.band}" if peak.band else ""
    at = f", {peak.minutes or '?'} minutes from {plain_value(peak.at)}" if peak.at is not None else ""
    parts: list[str | Grid] = [f"  {peak.determinant}{band}: {plain(peak.value)} {peak.unit}{at}"]
    return [*parts, _interval_grid(peak.intervals)] if peak.intervals else parts


def _metered_parts(line: LineExplanation, metered: Metered, *, with_intervals: bool) -> list[str | Grid]:
    """Return what was metered for a line, and that it adds up."""
    bands = f" in {', '.join(metered.bands)}" if metered.bands else ""
    parts: list[str | Grid] = [f"  {metered.determinant}{bands} of {', '.join(metered.channels) or 'no channel'}"]
    parts += [f"  {_quality(one)}" for one in metered.qualities]
    parts += [
        f"  {found.day} {found.channel} {found.rule} ({found.severity}, {found.status}): {found.message}"
        for found in metered.findings
    ]
    if metered.reads:
        rows = [[r.meter_id, r.channel, r.place, r.read_at, r.index, _place(r.source)] for r in metered.reads]
        parts.append(Grid(["meter", "register", "read", "at", "index", "from"], rows, right=["index"]))
    elif with_intervals:
        parts.append(_interval_grid(metered.intervals))
    else:
        rows = [[str(d.day), d.channel, plain(d.quantity), str(d.slots), _places(d.sources)] for d in metered.days]
        parts.append(Grid(["day", "channel", "quantity", "slots", "from"], rows, right=["quantity", "slots"]))
    for other in metered.less:
        parts.append(f"  less {other.determinant} of {', '.join(other.channels) or 'no channel'}: {plain(other.quantity)}")
        parts += [_interval_grid(other.intervals)] if with_intervals else []
    shared = f"lines {', '.join(map(str, metered.lines))} together" if len(metered.lines) > 1 else f"line {line.line_no}"
    said = f"{metered.note}, of {shared}" if metered.note else f"equal to the quantity of {shared}"
    parts.append(f"  sum {plain(metered.quantity)}: {said}")
    return parts


def _quality(share: Any) -> str:  # noqa: ANN401 - a QualityShare
    method = "" if share.method == "none" else f" by {share.method}"
    return f"{share.slots:,} slots {share.quality}{method}: {plain(share.quantity)}"


def _interval_grid(intervals: Sequence[Interval]) -> Grid:
    priced = any(interval.price is not None for interval in intervals)
    rows = [
        [
            plain_value(i.interval_start),
            str(i.interval_minutes),
            i.channel,
            "missing" if i.value is None else plain(i.value),
            *(["" if i.price is None else plain(i.price)] if priced else []),
            i.quality,
            i.method,
            _place(i.source),
        ]
        for i in intervals
    ]
    price = ["price"] if priced else []
    headers = ["interval start", "minutes", "channel", "value", *price, "quality", "method", "from"]
    return Grid(headers, rows, right=["minutes", "value", *price])


def _place(source: Source | None) -> str:
    return "" if source is None else f"{source.name}:{source.record}"


def _places(sources: Sequence[Source]) -> str:
    more = f" and {len(sources) - _MOST_SOURCES} more" if len(sources) > _MOST_SOURCES else ""
    return ", ".join(_place(source) for source in sources[:_MOST_SOURCES]) + more
