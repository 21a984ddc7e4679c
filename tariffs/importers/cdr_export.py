"""Solar feed-in tariffs of a CDR contract as what a tariff pays for export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tariffs.importers.cdr_ladders import YEAR, priced_steps
from tariffs.importers.cdr_usage import window_of
from tariffs.importers.cdr_values import date_of
from tariffs.importers.cdr_windows import DayWindow, rest_of
from tariffs.importers.field_tree import FieldNode, invalid, unsupported

_SCHEMES = ("PREMIUM", "CURRENT", "VARIABLE", "OTHER")
_OTHER = "other"


class FeedIn(NamedTuple):
    """A feed-in tariff.

    Attributes:
        node: where it stands.
        export: as in a tariff document.
        starts: first date it stands; None where it always has.
        ends: last date it stands; None where it always will.
    """

    node: FieldNode
    export: dict[str, Any]
    starts: date | None
    ends: date | None

    def stands_on(self, day: date) -> bool:
        """Tell whether it is paid on a date."""
        return (self.starts is None or self.starts <= day) and (self.ends is None or day <= self.ends)


def feed_ins(contract: FieldNode, *, holidays: bool) -> list[FeedIn]:
    """Return the feed-in tariffs of a contract; ``holidays``: public holidays are days of their own."""
    nodes = contract.children("solarFeedInTariff")
    return list(contract.tree.attempt_each(nodes, lambda _, node: iter([_feed_in(node, holidays=holidays)])))


def paid_on(found: Sequence[FeedIn], day: date) -> dict[str, Any] | None:
    """Return what a version pays for export from a date on; None where it pays nothing.

    Raises:
        TariffError: ``import.unsupported``: two feed-in tariffs hold at once.
    """
    standing = [each for each in found if each.stands_on(day)]
    if len(standing) > 1:
        what = f"a second feed-in tariff beside {standing[0].node.path}; whether they add up or customers have one is not said"
        raise unsupported(standing[1].node.path, what)
    return standing[0].export if standing else None


def _feed_in(node: FieldNode, *, holidays: bool) -> FeedIn:
    node.word("scheme", _SCHEMES)
    node.word("payerType", ("GOVERNMENT", "RETAILER"))
    shape = node.needed("tariffUType", node.word("tariffUType", ("singleTariff", "timeVaryingTariffs")))
    node.inform({"displayName": "name of the tariff", "description": "text", "scheme": "name of the scheme"})
    node.inform({"payerType": "who pays in the end", "tariffUType": f"says that {shape} is what holds"})
    other = "singleTariff" if shape == "timeVaryingTariffs" else "timeVaryingTariffs"
    if node.get(other) is not None:
        raise unsupported(node.at(other), f"stands beside {shape}, which is said to hold")
    starts, ends = date_of(node, "startDate"), date_of(node, "endDate")
    for each in ("startDate", "endDate"):
        node.carried(each, "a version of its own")
    if shape == "singleTariff":
        rate = node.child("singleTariff")
        if rate is None:
            raise invalid(node.at("singleTariff"), "is missing")
        export: dict[str, Any] = {"mode": "net_billing", "price": _price(rate)}
        return FeedIn(node, export, starts, ends)
    return FeedIn(node, _varying(node, holidays=holidays), starts, ends)


def _price(rate: FieldNode) -> Decimal:
    priced = priced_steps(rate, "export.price", default_period=YEAR)
    if len(priced.prices) > 1:
        raise unsupported(rate.at("rates"), "export has one price a period, not one for each step of a volume")
    return priced.prices[0]


def _varying(node: FieldNode, *, holidays: bool) -> dict[str, Any]:
    """Return export with periods of its own; a minute in none of them earns nothing."""
    one = node.get("timeVaryingTariffs")
    rates = [node.needed("timeVaryingTariffs", node.child("timeVaryingTariffs"))] if isinstance(one, dict) else []
    rates = rates or node.children("timeVaryingTariffs")
    windows: dict[str, list[DayWindow]] = {}
    prices: dict[str, Decimal] = {}
    for rate in rates:
        kind = rate.word("type", ("PEAK", "OFF_PEAK", "SHOULDER"))
        rate.inform({"displayName": "name of the rate", "type": "kind of the period"})
        base = (kind or "feed_in").lower()
        name = base if base not in windows else f"{base}_{len(windows) + 1}"
        found = [window_of(each, whole_day=True) for each in rate.children("timeVariations")]
        if not found:
            raise invalid(rate.at("timeVariations"), "no window")
        rate.carried("timeVariations", f"export.periods.{name}")
        windows[name], prices[name] = found, _price(rate)
    if not windows:
        raise invalid(node.at("timeVaryingTariffs"), "is missing")
    rest = rest_of(windows, node.at("timeVaryingTariffs"), holidays=holidays)
    if len(windows) == 1 and not rest:
        return {"mode": "net_billing", "price": next(iter(prices.values()))}
    periods: dict[str, Any] = {
        name: [window.rule(None, holidays=holidays) for window in found] for name, found in windows.items()
    }
    if rest:
        periods[_OTHER], prices[_OTHER] = [{"else": True}], Decimal(0)
        node.tree.notes.append(f"{node.at('timeVaryingTariffs')}: no price is said for some hours; export earns nothing in them")
    return {"mode": "net_billing", "periods": periods, "price": prices}
