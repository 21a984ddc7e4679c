"""The charts of a simulated book: what each group brings, how its bills move, which charge does it. SVG, offline, the same twice.

Blue is a bill or a revenue that falls, vermilion one that rises (Okabe and Ito's colours, which colour-blind people tell apart).
Numbers become floats here and nowhere else: they place marks, and no axis is read to the cent.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import altair as alt
import vl_convert

from pipelines.operations.book_simulation.figures import Amounts, BookFigures, GroupFigures
from pipelines.operations.book_simulation.groups import GROUPINGS
from schemas.bill_document import money

MOST_GROUPS = 12
"""Groups that are drawn: those with most bills; tables have all."""
MOST_CHARGES = 20
"""Charges that are drawn: those that change most."""
FALLS, EQUAL, RISES = "falls", "stays equal", "rises"
_COLOURS = {FALLS: "#0072B2", EQUAL: "#6E6E6E", RISES: "#D55E00"}
_FONT = "Liberation Sans, Arial, Helvetica, sans-serif"
_WIDTH = 800
_HALF = 380
_BAND = 34
_LABELS = 180
_ZERO_SHARE = Decimal("0.12")
"""Half the width of the bar of bills that stay equal, in bins."""
_Rows = list[dict[str, Any]]
_Spec = dict[str, Any]
_STYLE: _Spec = {
    "font": _FONT,
    "background": "white",
    "padding": 16,
    "axis": {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "gridColor": "#E6E6E6", "labelLimit": 300},
    "title": {"anchor": "start", "fontSize": 13, "subtitleFontSize": 11, "subtitleColor": "#444444", "offset": 8},
    "view": {"stroke": None},
    "header": {"labelFontSize": 11, "labelAnchor": "start", "labelLimit": _HALF + 60},
    "legend": {"orient": "top", "title": None, "labelFontSize": 12, "symbolType": "square", "symbolOpacity": 1},
}


def chart_svg(figures: Sequence[BookFigures], title: str, subtitle: Sequence[str]) -> str:
    """Return every chart of a book as one SVG.

    Args:
        figures: of the currencies in which bills are billed under both sets of tariffs; at least one.
        title: what was simulated.
        subtitle: what was compared, line by line.
    """
    data = _Data()
    parts: list[_Spec] = []
    for book in figures:
        parts += [_grouping(data, book, name, groups) for name, groups in book.groups.items()]
        parts += [_charges(data, book)] if book.charges else []
    spec = {
        "title": {"text": title, "subtitle": list(subtitle), "fontSize": 18, "offset": 16},
        "vconcat": parts,
        "spacing": 44,
        "resolve": {"scale": {"color": "shared"}},
        "config": _STYLE,
        "datasets": data.sets,
    }
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    return str(vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=version))


@dataclass(frozen=True)
class _Data:
    """The rows of every chart, by the name that it knows them by."""

    sets: dict[str, _Rows] = field(default_factory=dict)

    def add(self, rows: _Rows) -> alt.NamedData:
        """Keep rows, and return the name that a chart knows them by."""
        name = f"rows{len(self.sets)}"
        self.sets[name] = rows
        return alt.NamedData(name=name)


def _spec_of(chart: alt.LayerChart | alt.FacetChart) -> _Spec:
    """Return a chart as altair checked it: put together by altair, charts are copied whole at every step, for seconds."""
    spec: _Spec = chart.to_dict()
    return {name: part for name, part in spec.items() if name not in ("$schema", "config")}


def drawn(groups: Sequence[GroupFigures]) -> list[GroupFigures]:
    """Return the groups that are drawn, in their order: those with most bills where there are too many."""
    most = sorted(groups, key=lambda group: (-group.bills, group.label))[:MOST_GROUPS]
    return [group for group in groups if group in most]


def _grouping(data: _Data, book: BookFigures, name: str, groups: Sequence[GroupFigures]) -> _Spec:
    """Return the charts of a grouping: revenue, spread, histograms."""
    shown = drawn(groups)
    said = f"; the {len(shown)} groups with most bills of {len(groups)}" if len(shown) < len(groups) else ""
    title = {"text": f"By {GROUPINGS[name]} [{book.currency}]{said}", "fontSize": 16}
    top = {"hconcat": [_revenue(data, book, shown), _spread(data, book, shown)], "spacing": 24}
    return {"title": title, "vconcat": [top, _histograms(data, book, shown)], "spacing": 28}


def _revenue(data: _Data, book: BookFigures, groups: Sequence[GroupFigures]) -> _Spec:
    rows = [{"name": group.label} | _change(group.total) for group in groups]
    return _bars(data, rows, f"revenue, tax included: draft less now [{book.currency}]", width=_HALF, title="Revenue")


def _charges(data: _Data, book: BookFigures) -> _Spec:
    changed = [charge for charge in book.charges if charge.amount.difference] or list(book.charges)
    moved = sorted(changed, key=lambda charge: -abs(charge.amount.difference))[:MOST_CHARGES]
    shown = [charge for charge in book.charges if charge in moved]
    several = len({charge.tariff for charge in shown}) > 1
    rows = [
        {"name": (f"{charge.tariff}: " if several else "") + charge.charge_id + _kind_of(charge.charge_id, charge.kind)}
        | _change(charge.amount)
        for charge in shown
    ]
    said = f"; {len(shown)} that change of {len(book.charges)}" if len(shown) < len(book.charges) else ""
    title = alt.TitleParams(f"By charge [{book.currency}]{said}", fontSize=16)
    return _bars(data, rows, f"revenue of the charge: draft less now [{book.currency}]", width=_WIDTH, title=title)


def _kind_of(charge_id: str, kind: str) -> str:
    return "" if kind == charge_id else f" ({kind})"


def _change(amounts: Amounts) -> dict[str, Any]:
    """Return a difference as a bar shows it."""
    change, percent = amounts.difference, amounts.percent
    said = ("+" if change > 0 else "") + money(change) + ("" if percent is None else f" ({percent:+} %)")
    return {"difference": float(change), "direction": _direction(change), "said": said}


def _direction(difference: Decimal) -> str:
    return RISES if difference > 0 else FALLS if difference < 0 else EQUAL


def _colour() -> alt.Color:
    scale = alt.Scale(domain=list(_COLOURS), range=list(_COLOURS.values()))
    return alt.Color("direction:N", scale=scale, legend=alt.Legend())


def _zero(data: _Data) -> alt.Chart:
    return alt.Chart(data.add([{"zero": 0}])).mark_rule(color="#222222").encode(x="zero:Q")


def _bars(data: _Data, rows: _Rows, axis: str, *, width: int, title: str | alt.TitleParams) -> _Spec:
    """Return bars from zero, one a row in their order, each with its number behind it."""
    lowest, highest = (pick(0.0, *(row["difference"] for row in rows)) for pick in (min, max))
    room = 130 * (highest - lowest or 1) / max(width - 260, 100)  # for the numbers at the ends of the bars
    domain = [lowest - room * (lowest < 0), highest + room * (highest > 0 or lowest == 0)]
    base = alt.Chart(data.add(rows)).encode(
        y=alt.Y("name:N", sort=[row["name"] for row in rows], title=None, axis=alt.Axis(minExtent=_LABELS)),
        x=alt.X("difference:Q", title=axis, scale=alt.Scale(domain=domain, nice=False), axis=alt.Axis(tickCount=5)),
    )
    bars = base.mark_bar(height={"band": 0.6}).encode(color=_colour())
    rise = base.transform_filter("datum.difference >= 0").mark_text(align="left", dx=4, fontSize=11).encode(text="said:N")
    fall = base.transform_filter("datum.difference < 0").mark_text(align="right", dx=-4, fontSize=11).encode(text="said:N")
    return _spec_of(
        alt.LayerChart(layer=[bars, _zero(data), rise, fall]).properties(width=width, height=_BAND * len(rows), title=title)
    )


def _spread(data: _Data, book: BookFigures, groups: Sequence[GroupFigures]) -> _Spec:
    """Return a line with bars and a tick for each group: from the lowest to the highest difference of a bill."""
    rows: _Rows = [
        {"name": group.label, "direction": _direction(group.per_bill["median"])}
        | {name: float(value) for name, value in group.per_bill.items()}
        for group in groups
    ]
    y = alt.Y("name:N", sort=[row["name"] for row in rows], title=None, axis=alt.Axis(labels=False, ticks=False))
    base = alt.Chart(data.add(rows)).encode(y=y, color=_colour())
    axis = alt.X("min:Q", title=f"total of a bill: draft less now [{book.currency}]", axis=alt.Axis(tickCount=6))
    layers = (
        base.mark_rule(strokeWidth=1.5).encode(x=axis, x2="max:Q"),
        base.mark_bar(height={"band": 0.2}, opacity=0.6).encode(x="p5:Q", x2="p95:Q"),
        base.mark_bar(height={"band": 0.45}, opacity=0.9).encode(x="p25:Q", x2="p75:Q"),
        base.mark_tick(thickness=2.5, height={"band": 0.7}).encode(x="median:Q", color=alt.value("black")),
    )
    title = alt.TitleParams("Bills", subtitle="line: lowest to highest; bars: 90 and 50 of 100 bills; tick: the median")
    return _spec_of(alt.LayerChart(layer=[_zero(data), *layers]).properties(width=_HALF, height=_BAND * len(rows), title=title))


def _histograms(data: _Data, book: BookFigures, groups: Sequence[GroupFigures]) -> _Spec:
    """Return a histogram for each group, each over its own bins."""
    rows = [row for group in groups for row in _bins(group, book.currency)]
    columns = 1 if len(groups) == 1 else 2
    bars = alt.Chart().mark_bar(stroke="white", strokeWidth=0.5)
    bars = bars.encode(
        x=alt.X("low:Q", bin="binned", title=f"total of a bill: draft less now [{book.currency}]", axis=alt.Axis(tickCount=8)),
        x2="high:Q",
        y=alt.Y("bills:Q", title="bills", axis=alt.Axis(tickMinStep=1, format="d", tickCount=4)),
        color=_colour(),
        opacity=alt.Opacity("open:N", scale=alt.Scale(domain=[False, True], range=[1, 0.55]), legend=None),
    )
    one = alt.layer(bars, data=data.add(rows)).properties(width=_WIDTH if columns == 1 else _HALF, height=110)
    names = [_named(group, book.currency) for group in groups]
    facet = alt.Facet("group:N", sort=names, header=alt.Header(title=None))
    title = alt.TitleParams("How many bills move by how much", subtitle=_bins_said(rows))
    return _spec_of(
        one.facet(facet=facet, columns=columns).resolve_scale(x="independent", y="independent").properties(title=title)
    )


def _bins_said(rows: _Rows) -> str:
    said = "every group has bins of its own; grey at zero: bills that stay equal"
    return said + ("; paler, at the ends: everything beyond" if any(row["open"] for row in rows) else "")


def _named(group: GroupFigures, currency: str) -> str:
    counts = ((group.falls, "fall"), (group.equal, "equal"), (group.rises, "rise"))
    moved = ", ".join(f"{count:,} {word}" for count, word in counts if count)
    bills = f"{group.bills:,} bill{'s' if group.bills > 1 else ''}"
    return f"{group.label}: {bills} ({moved}), bins of {money(group.histogram.width)} {currency}"


def _bins(group: GroupFigures, currency: str) -> _Rows:
    """Return the bins of a group that hold a bill as bars: an open one is as wide as the others, that of equal bills narrow."""
    width = group.histogram.width
    rows = []
    for bin_ in group.histogram.bins:
        low, high = bin_.low, bin_.high
        if bin_.is_equal:
            low, high = -width * _ZERO_SHARE, width * _ZERO_SHARE
        elif low is None:
            low = (high or 0) - width
        elif high is None:
            high = low + width
        direction = EQUAL if bin_.is_equal else FALLS if low < 0 else RISES
        bar = {"low": float(low), "high": float(high or 0), "bills": bin_.bills, "direction": direction, "open": bin_.is_open}
        if bin_.bills:
            rows.append({"group": _named(group, currency)} | bar)
    return rows
