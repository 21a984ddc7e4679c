"""Random tariffs as YAML text over the whole grammar, sound by construction, and random loads for them.

What a document may hold is drawn by features: words that the tests name. A document always has a fixed and an energy charge.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Tree = dict[str, Any]

FEATURES = (
    "ladder", "rider", "percent", "tax", "export", "holidays", "two_versions", "billing_clock", "months", "only_for",
    "any_determinant", "days_of_month", "time_order", "daily_ladder", "year_ladder", "hours_use", "series",
    "percent_above", "inclusive_tax", "tax_on_tax", "tax_by_line", "quantity_rounding", "interval_rounding", "demand", "windows",
    "demand_tiers", "billing_demand", "ratchet", "demand_power_factor", "contracted", "excess", "coincident", "reactive",
    "power_factor", "minimum", "year_minimum", "fee", "buy_all_sell_all", "export_series", "net_billing_carry", "nem_kwh",
    "nem_money", "gas", "events", "billing_cycle", "own_periods", "shared_periods", "three_versions",
)  # fmt: skip
"""What a document may have beyond a fixed and an energy charge."""
_PAID_AT_ONCE = ("export", "buy_all_sell_all", "export_series")
EXPORTING = ("export", "buy_all_sell_all", "export_series", "net_billing_carry", "nem_kwh", "nem_money")

_DAY = timedelta(days=1)
_MONTHS = ("nominal_month", "month")
SERIES = "spot"


@dataclass
class Plan:
    """What a document is drawn for: features, the local dates that are billed, and its clock."""

    features: frozenset[str]
    clock: str
    borders: tuple[date, ...]
    minutes: tuple[int, ...]
    bands: tuple[str, ...] = ()
    events: Tree = field(default_factory=dict)

    def has(self, feature: str) -> bool:
        return feature in self.features

    @property
    def nets(self) -> bool:
        return self.has("nem_kwh") or self.has("nem_money")

    @property
    def sells(self) -> bool:
        return any(self.has(feature) for feature in EXPORTING)


def number(draw: Draw, low: int, high: int, places: int) -> str:
    """A decimal between low and high of at most so many decimals, often a round one."""
    scale = 10 ** draw(st.sampled_from(range(places + 1)))
    value = Fraction(draw(st.integers(low * scale, high * scale)), scale)
    return decimal_text(value)


def decimal_text(value: Fraction) -> str:
    """A decimal of at most twelve decimals as documents write it."""
    text = f"{Decimal(int(value * 10**12)).scaleb(-12):f}"
    return text.rstrip("0").rstrip(".")


def price(draw: Draw, *, low: int = -1) -> str:
    return number(draw, low, 3, 6)


def rising(draw: Draw, low: int, high: int, *, least: int = 1, most: int = 3) -> list[str]:
    values = draw(st.lists(st.integers(low * 10, high * 10), min_size=least, max_size=most, unique=True))
    return [decimal_text(Fraction(value, 10)) for value in sorted(values)]


def random_tariff(draw: Draw, plan: Plan) -> str:
    """The text of a tariff for a plan."""
    first, last = plan.borders[0], plan.borders[-1]
    if plan.has("events") or plan.has("coincident"):
        plan.events = {"peaks": _windows(draw, first, last)}
    document: Tree = {"tariff": "random", "currency": draw(st.sampled_from(["EUR", "EUR", "JPY", "KWD"])), "clock": plan.clock}
    if plan.has("holidays"):
        document["holidays"] = _holidays(draw)
    if plan.events:
        document["events"] = plan.events
    document["rounding"] = _rounding(draw, plan)
    begins = [first - 400 * _DAY]
    if plan.has("two_versions") or plan.has("three_versions"):
        days = draw(st.sets(st.integers(0, (last - first).days), min_size=1, max_size=2 if plan.has("three_versions") else 1))
        begins += [first + day * _DAY for day in sorted(days)]
    document["versions"] = _versions(draw, plan, begins, has_holidays="holidays" in document)
    return json.dumps(document, indent=1)


def _windows(draw: Draw, first: date, last: date) -> list[Tree]:
    """Windows of two hours and more, each of them begins in a day of its own, and some end on the next."""
    days = draw(st.lists(st.integers(0, (last - first).days - 1), min_size=1, max_size=4, unique=True))
    windows = []
    for day in sorted(days):
        begins = draw(st.integers(0, 21))
        ends = draw(st.integers(begins + 2, 28 if day + 1 not in days else 23))
        on, until = first + day * _DAY, first + (day + ends // 24) * _DAY
        windows.append({"from": f"{on}T{begins:02d}:00", "to": f"{until}T{ends % 24:02d}:00"})
    return windows


def _holidays(draw: Draw) -> Tree:
    rule: Tree = {"calendar": draw(st.sampled_from(["DE", "US", "AU-NSW"]))}
    rule["observe"] = draw(st.sampled_from(["none", "sunday_to_monday", "calendar"]))
    if draw(st.booleans()):
        rule["priced_as"] = draw(st.sampled_from(["weekend", "mon"]))
    if rule["calendar"] == "US" and rule["observe"] != "calendar" and draw(st.booleans()):
        rule["names"] = ["new_years_day", "independence_day", "day_after_thanksgiving"]
    return rule


def _rounding(draw: Draw, plan: Plan) -> Tree:
    mode = st.sampled_from(["half_up", "half_even"])
    rule: Tree = {}
    line = draw(st.sampled_from(["none", "places", "default"]))
    if line != "default":
        rule["line"] = "none" if line == "none" else {"places": str(draw(st.integers(0, 4))), "mode": draw(mode)}
    total = draw(st.sampled_from(["sum_of_lines", "places", "default"]))
    if total != "default":
        rule["total"] = total if total == "sum_of_lines" else {"places": "2", "mode": draw(mode)}
    if plan.has("quantity_rounding") and not (plan.has("series") or plan.has("export_series")):
        rule["quantity"] = {"places": str(draw(st.integers(0, 3))), "mode": draw(mode)}
    if plan.has("interval_rounding"):
        rule["interval_quantity"] = {"places": str(draw(st.integers(0, 2))), "mode": draw(mode)}
    if plan.has("tax_by_line"):
        rule["tax"] = {"on": "line", "places": "2"}
    elif draw(st.booleans()):
        rule["tax"] = {"on": "rate_sum"}
    if "tax" in rule and draw(st.booleans()):
        rule["tax"]["mode"] = draw(mode)
    return rule


def _versions(draw: Draw, plan: Plan, begins: Sequence[date], *, has_holidays: bool) -> list[Tree]:
    versions: list[Tree] = []
    for since in begins:
        version: Tree = {"from": str(since)}
        seasons = _seasons(draw, plan)
        plan.bands = ()
        if draw(st.integers(0, 3)) or plan.has("events"):
            version["periods"] = _periods(draw, plan, tuple(seasons))
            plan.bands = tuple(version["periods"])
            version |= {"seasons": seasons} if seasons else {}
        if versions and draw(st.booleans()):
            # the same price list with other prices is what a new version mostly is
            versions.append(json.loads(json.dumps(versions[-1])) | {"from": str(since)})
            plan.bands = tuple(versions[-1].get("periods", ()))
            continue
        if plan.has("billing_demand"):
            version["billing_demand"] = _ratchet(draw, plan)
        if plan.has("gas"):
            version["conversion"] = _conversion(draw, plan)
        version["charges"] = _charges(draw, plan)
        if plan.sells:
            taxes = [charge["id"] for charge in version["charges"] if charge["kind"] == "tax"]
            version["export"] = _export(draw, plan, taxes)
        versions.append(version)
    return versions


def _seasons(draw: Draw, plan: Plan) -> Tree:
    if not draw(st.booleans()) and not plan.has("billing_cycle"):
        return {}
    border = f"{draw(st.integers(1, 12)):02d}-{draw(st.integers(1, 28)):02d}"
    other = f"{draw(st.integers(1, 12)):02d}-{draw(st.integers(1, 28)):02d}"
    if border == other:
        other = "02-29"
    cycle = {"by": "billing_cycle", "at": draw(st.sampled_from(["start", "end"]))} if plan.has("billing_cycle") else {}
    return {"warm": {"from": border, "to": other} | cycle, "cold": {"from": other, "to": border} | cycle}


def _clock_time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _rule(draw: Draw, plan: Plan, seasons: Sequence[str]) -> Tree:
    """A rule of a period: any of its keys."""
    rule: Tree = {"days": draw(st.sampled_from(["all", "mon-fri", "weekend", "sat", ["sun", "wed"], "fri-mon"]))}
    begins = draw(st.integers(0, 95)) * 15
    ends = draw(st.integers(1, 96)) * 15
    if begins != ends:
        rule |= {"from": _clock_time(begins), "to": _clock_time(ends)}
    if seasons and draw(st.booleans()):
        rule["season"] = draw(st.sampled_from(seasons))
    if draw(st.integers(0, 4)) == 0:
        rule["months"] = [str(month) for month in sorted(draw(st.sets(st.integers(1, 12), min_size=1, max_size=11)))]
    if plan.has("events") and draw(st.booleans()):
        rule["events"] = "peaks"
    return rule


def _periods(draw: Draw, plan: Plan, seasons: Sequence[str]) -> Tree:
    names = ["peak", "shoulder", "mid"][: draw(st.integers(1, 3))]
    periods: Tree = {name: [_rule(draw, plan, seasons) for _ in range(draw(st.integers(1, 2)))] for name in names}
    if plan.has("events"):
        periods = {"critical": [{"events": "peaks"}]} | periods
    return periods | {"off": [{"else": "true"}]}


def _conversion(draw: Draw, plan: Plan) -> Tree:
    value: Any = number(draw, 30, 45, 2)
    shape = draw(st.sampled_from(["one", "dated", "series"]))
    if shape == "dated":
        first = plan.borders[0]
        changes = [first - 1000 * _DAY, first + draw(st.integers(0, (plan.borders[-1] - first).days)) * _DAY]
        value = [{"from": str(since), "value": number(draw, 30, 45, 2)} for since in changes]
    elif shape == "series":
        value = {"series": "calorific"}
    rule: Tree = {"volume": "volume_m3", "energy": "gas_kwh", "calorific_value": value, "divide_by": "3.6"}
    return rule | ({"correction": "1.02264"} if draw(st.booleans()) else {})


def _export(draw: Draw, plan: Plan, taxes: Sequence[str]) -> Tree:
    mode = next(feature for feature in EXPORTING if plan.has(feature))
    month = str(draw(st.sampled_from([plan.borders[0].month, plan.borders[-1].month, 6])))
    export: Tree = {}
    if mode in _PAID_AT_ONCE:
        export["mode"] = "buy_all_sell_all" if mode == "buy_all_sell_all" else "net_billing"
        bands = plan.bands
        if draw(st.booleans()):
            export["periods"] = {"evening": [{"days": "all", "from": "15:00", "to": "21:00"}], "other": [{"else": "true"}]}
            bands = ("evening", "other")
        export["price"] = {"series": SERIES, "per": "MWh"} if mode == "export_series" else _by_band(draw, bands, price)
    elif mode == "net_billing_carry":
        export = {"mode": "net_billing", "carry": "next_month", "price": _by_band(draw, plan.bands, _earned)}
        export |= _bank(draw, month) | _offsets(draw)
    elif mode == "nem_money":
        export = {"mode": mode, "price": _by_band(draw, plan.bands, _earned)} | _bank(draw, month) | _offsets(draw)
    else:
        export = {"mode": mode} | _bank(draw, month)
        if "true_up" in export and "expires" not in export:
            export["pays"] = _earned(draw)
    if taxes and mode in _PAID_AT_ONCE and draw(st.booleans()):
        export["tax"] = [draw(st.sampled_from(taxes))]
    return export


def _earned(draw: Draw) -> str:
    return price(draw, low=0)


def _bank(draw: Draw, month: str) -> Tree:
    bank: Tree = {}
    if draw(st.booleans()):
        bank["true_up"] = month
        bank |= {"expires": "true"} if draw(st.booleans()) else {}
    return bank


def _offsets(draw: Draw) -> Tree:
    return {"offsets": ["use", "supply"]} if draw(st.booleans()) else {}


def _by_band(draw: Draw, bands: Sequence[str], make: Callable[[Draw], Any]) -> Any:
    if bands and draw(st.booleans()):
        return {band: make(draw) for band in bands}
    return make(draw)


def _priced_periods(draw: Draw, plan: Plan, make: Callable[[Draw], Any]) -> Any:
    """A price for some of the periods, or one for all."""
    if not plan.bands or draw(st.booleans()):
        return make(draw)
    bands = sorted(draw(st.sets(st.sampled_from(plan.bands), min_size=1)))
    return {band: make(draw) for band in bands}


def _charges(draw: Draw, plan: Plan) -> list[Tree]:
    own = [_fixed(draw), *_in_parts(draw, plan, _energy(draw, plan))]
    own += [make(draw, plan) for feature, make in _OWN.items() if plan.has(feature)]
    own = draw(st.permutations(own))
    ids = [charge["id"] for charge in own]
    charges = [_with_common(draw, plan, charge) for charge in own]
    if plan.has("percent") or plan.has("percent_above"):
        charges.append(_with_common(draw, plan, _percent(draw, plan, ids, "discount")))
        charges.append(_with_common(draw, plan, _percent(draw, plan, [*ids, "discount"], "surcharge")))
    if plan.has("power_factor"):
        charges.append(_with_common(draw, plan, _power_factor(draw, ids)))
    charges += [_minimum(draw, plan, feature, ids) for feature in ("minimum", "year_minimum") if plan.has(feature)]
    return [*charges, *(_with_common(draw, plan, tax) for tax in _taxes(draw, plan, ids))]


def _power_factor(draw: Draw, ids: Sequence[str]) -> Tree:
    charge = {"id": "pf", "kind": "power_factor", "of": _some(draw, ids), "percent": number(draw, 0, 3, 2)}
    charge |= {"target": draw(st.sampled_from(["0.9", "1"])), "step": draw(st.sampled_from(["0.01", "0.05"]))}
    return charge | {"places": str(draw(st.integers(2, 5)))}


def _some(draw: Draw, names: Sequence[str]) -> list[str]:
    return draw(st.lists(st.sampled_from(names), min_size=1, unique=True))


def _with_common(draw: Draw, plan: Plan, charge: Tree) -> Tree:
    months = sorted({border.month for border in plan.borders})
    if plan.has("months") and draw(st.booleans()):
        charge["months"] = [str(month) for month in sorted(draw(st.sets(st.sampled_from(months), min_size=1)))]
    if plan.has("only_for") and draw(st.booleans()):
        charge["only_for"] = "low_income"
    return charge


def _in_parts(draw: Draw, plan: Plan, charge: Tree) -> list[Tree]:
    """A charge, or two that share the periods among them; one stands in the months, and for the agreements, of the other."""
    priced = charge["price"]
    alone = not plan.has("shared_periods") or plan.has("months") or plan.has("only_for")
    if alone or not isinstance(priced, dict) or "series" in priced or len(priced) == 1:
        return [charge]
    some = draw(st.sets(st.sampled_from(sorted(priced)), min_size=1, max_size=len(priced) - 1))
    parts = [{band: each for band, each in priced.items() if (band in some) == chosen} for chosen in (True, False)]
    if "tiers" in charge and not all(any(isinstance(each, list) for each in part.values()) for part in parts):
        return [charge]
    return [charge | {"price": part} | ({} if place == 0 else {"id": "rest"}) for place, part in enumerate(parts)]


def _fixed(draw: Draw) -> Tree:
    by_month = [{"per": "month", "prorate": f"days_of_{each}"} for each in _MONTHS]
    by_time = [{"per": "day"}, {"per": "day", "days": "nominal_month"}, {"per": "month"}, {"per": "year"}]
    rule = draw(st.sampled_from([*by_time, *by_month]))
    return {"id": "supply", "kind": "fixed", "price": number(draw, -2, 50, 4)} | rule


def _energy(draw: Draw, plan: Plan) -> Tree:
    charge: Tree = {"id": "use", "kind": "energy"}
    ladders = [name for name in _LADDERS if plan.has(name) and not (plan.nets and name in _BY_INTERVAL)]
    if not ladders or draw(st.integers(0, 3)) == 0:
        return charge | {"price": _by_band(draw, plan.bands, price)}
    return charge | _laddered(draw, plan, _LADDERS[draw(st.sampled_from(ladders))](draw, plan))


def _laddered(draw: Draw, plan: Plan, tiers: Tree) -> Tree:
    """A ladder with its list of prices, or one for each period."""
    steps = sum(len(block.get("limits", ())) + 1 for block in tiers.get("blocks", [tiers]))
    if not plan.bands or draw(st.booleans()):
        return {"price": [price(draw) for _ in range(steps)], "tiers": tiers}
    bands: Tree = {band: [price(draw) for _ in range(steps)] for band in plan.bands}
    if len(plan.bands) > 1 and draw(st.booleans()):
        bands[plan.bands[0]] = price(draw)
    return {"price": bands, "tiers": tiers}


def _scope(draw: Draw) -> Tree:
    return {"scope": draw(st.sampled_from(["all_periods", "charge", "each_period"]))}


def _by_period_or_day(draw: Draw, _plan: Plan) -> Tree:
    if draw(st.booleans()):
        return {"limits": rising(draw, 1, 20), "per": "day"} | _scope(draw)
    said = st.sampled_from([{}, {"per": "month"}, {"per": "billing_period"}, {"prorate": "days_of_nominal_month"}])
    return {"limits": rising(draw, 1, 400)} | _scope(draw) | draw(said)


def _by_days_of_month(draw: Draw, _plan: Plan) -> Tree:
    return {"limits": rising(draw, 1, 400), "prorate": "days_of_month"} | _scope(draw)


def _in_time_order(draw: Draw, _plan: Plan) -> Tree:
    prorate = draw(st.sampled_from([{}, *({"prorate": f"days_of_{each}"} for each in _MONTHS)]))
    return {"limits": rising(draw, 1, 400), "fill": "time_order"} | _scope(draw) | prorate


def _anew_each_day(draw: Draw, _plan: Plan) -> Tree:
    return {"limits": rising(draw, 1, 15), "per": "day", "reset": "day", "fill": "time_order"} | _scope(draw)


def _of_a_year(draw: Draw, plan: Plan) -> Tree:
    tiers: Tree = {"limits": rising(draw, 1, 900), "per": "year", "scope": draw(st.sampled_from(["all_periods", "charge"]))}
    tiers |= {"year_from": draw(st.sampled_from(["01-01", "04-01", "10-25", "02-29"]))} if draw(st.booleans()) else {}
    return tiers | ({"fill": "time_order"} if not plan.nets and draw(st.booleans()) else {})


def _of_hours_use(draw: Draw, _plan: Plan) -> Tree:
    blocks: list[Tree] = [*({"kwh_per_kw": width} for width in rising(draw, 1, 60, most=2)), {}]
    for block in blocks:
        if draw(st.booleans()):
            block["limits"] = rising(draw, 1, 40, most=2)
    return {"blocks": blocks, "prorate": draw(st.sampled_from(["none", "days_of_month"]))}


_LADDERS: dict[str, Callable[[Draw, Plan], Tree]] = {
    "ladder": _by_period_or_day,
    "days_of_month": _by_days_of_month,
    "time_order": _in_time_order,
    "daily_ladder": _anew_each_day,
    "year_ladder": _of_a_year,
    "hours_use": _of_hours_use,
}
"""Ladders, by feature."""
_BY_INTERVAL = ("time_order", "daily_ladder")
"""Ladders that look at single intervals, which net kWh do not have."""


def _measure(draw: Draw, plan: Plan) -> Tree:
    measure: Tree = {}
    if plan.has("windows"):
        if draw(st.booleans()):
            fitting = [window for window in (15, 30, 60) if all(window % each == 0 for each in plan.minutes)]
            measure["window_min"] = str(draw(st.sampled_from(fitting)))
            measure |= {"sliding": "true"} if draw(st.booleans()) else {}
        agg = draw(st.sampled_from(["max", "mean_of_top_n", "mean_of_n_daily_max"]))
        measure |= {} if agg == "max" else {"agg": agg, "n": str(draw(st.integers(1, 4)))}
        measure |= {"days": draw(st.sampled_from(["mon-fri", "weekend", ["sat", "mon"]]))} if draw(st.booleans()) else {}
        measure |= {"unit": "kVA"} if draw(st.booleans()) else {}
    return measure


def _ratchet(draw: Draw, plan: Plan) -> Tree:
    rule: Tree = {"months": str(draw(st.integers(0, 13)))}
    if draw(st.booleans()):
        rule["percent"] = number(draw, 0, 120, 1)
    else:
        rule["percent_by_month"] = [number(draw, 0, 120, 0) for _ in range(12)]
    rule |= {"minimum": number(draw, 0, 6, 1)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        rule["at_least_actual"] = [str(month) for month in sorted(draw(st.sets(st.integers(1, 12), max_size=12)))]
    measure = _measure(draw, plan)
    return rule | ({"measure": measure} if measure and draw(st.booleans()) else {})


def _demand(draw: Draw, plan: Plan) -> Tree:
    charge: Tree = {"id": "power", "kind": "demand"}
    beside = plan.has("billing_demand")
    measure = {} if beside else _measure(draw, plan)
    charge |= {"measure": measure} if measure else {}
    bands = plan.bands
    if plan.has("own_periods") and draw(st.booleans()):
        rules = {"peak": [_rule(draw, plan, ())], "night": [_rule(draw, plan, ())], "else": [{"else": "true"}]}
        charge["periods"] = rules
        bands = tuple(rules)
    ratchet = not beside and plan.has("ratchet") and draw(st.booleans())
    priced = _priced_bands(draw, bands, every="periods" in charge, one=ratchet)
    if plan.has("demand_tiers") and draw(st.booleans()):
        limits = rising(draw, 1, 5)
        charge["tiers"] = {"limits": limits}
        make = lambda drawn: [number(drawn, -1, 20, 3) for _ in range(len(limits) + 1)]  # noqa: E731 - as many as there are steps
    else:
        make = lambda drawn: number(drawn, -1, 20, 3)  # noqa: E731 - one
    charge["price"] = {band: make(draw) for band in priced} if priced else make(draw)
    charge |= {"minimum": number(draw, 0, 5, 1)} if draw(st.booleans()) else {}
    charge |= draw(st.sampled_from([{}, {"per": "day"}, {"prorate": "days_of_month"}, {"prorate": "days_of_nominal_month"}]))
    if ratchet:
        charge["ratchet"] = _ratchet(draw, plan)
        if "measure" in charge["ratchet"]:
            units = {name: unit for name, unit in measure.items() if name == "unit"}
            charge["ratchet"]["measure"] = {**charge["ratchet"]["measure"], "unit": "kW"} | units
        if priced or (bands and draw(st.booleans())):
            charge["ratchet"]["of"] = priced[0] if priced else draw(st.sampled_from(bands))
    correctable = not beside and measure.get("unit") != "kVA"
    if correctable and plan.has("demand_power_factor") and draw(st.booleans()):
        charge["power_factor"] = {"target": draw(st.sampled_from(["0.9", "1", "0.95"])), "places": str(draw(st.integers(2, 6)))}
    return charge


def _priced_bands(draw: Draw, bands: Sequence[str], *, every: bool, one: bool) -> list[str]:
    """The periods that have prices of their own: none, some, or one alone; some in every case where that is said."""
    if not bands or not (every or draw(st.booleans())):
        return []
    return sorted(draw(st.sets(st.sampled_from(bands), min_size=1, max_size=1 if one else None)))


def _contracted(draw: Draw, plan: Plan) -> Tree:
    charge: Tree = {"id": "contract", "kind": "contracted", "per": draw(st.sampled_from(["day", "month", "year"]))}
    charge["price"] = _priced_periods(draw, plan, price)
    if draw(st.booleans()):
        kw = lambda drawn: number(drawn, 0, 6, 2)  # noqa: E731 - the shape of the price decides the shape of the contract
        bands = charge["price"] if isinstance(charge["price"], dict) else ()
        charge["contracted"] = {band: kw(draw) for band in bands} if bands else kw(draw)
    if plan.has("excess"):
        charge["excess"] = {"below_percent": "85", "above_percent": "105", "times": draw(st.sampled_from(["2", "1.5"]))}
        measure = _measure(draw, plan)
        charge |= {"measure": measure} if measure else {}
    return charge


def _coincident(draw: Draw, _plan: Plan) -> Tree:
    agg = draw(st.sampled_from(["mean", "max", "sum"]))
    return {"id": "system", "kind": "coincident", "price": price(draw), "events": "peaks", "agg": agg}


def _reactive(draw: Draw, plan: Plan) -> Tree:
    price_ = _priced_periods(draw, plan, price)
    return {"id": "idle", "kind": "reactive", "price": price_, "free_percent": number(draw, 0, 60, 1)}


def _fee(draw: Draw, plan: Plan) -> Tree:
    days = (plan.borders[-1] - plan.borders[0]).days
    on = str(plan.borders[0] + draw(st.integers(-1, days)) * _DAY)
    return {"id": "once", "kind": "fee", "price": price(draw), "when": draw(st.sampled_from(["start", "end", on]))}


def _series(draw: Draw, plan: Plan) -> Tree:
    per = draw(st.sampled_from(["kWh", "MWh"]))
    # net kWh have no intervals: a rider on all that was imported has
    kind = "rider" if plan.nets or draw(st.booleans()) else "energy"
    return {"id": "spot", "kind": kind, "price": {"series": SERIES, "per": per, "times": number(draw, 0, 2, 2)}}


def _rider(draw: Draw, plan: Plan) -> Tree:
    charge = {"id": "fuel", "kind": "rider", "price": price(draw)}
    return charge | ({"net": "true"} if plan.nets and draw(st.booleans()) else {})


def _other(draw: Draw, _plan: Plan) -> Tree:
    return {"id": "heater", "kind": "energy", "quantity": "controlled_load_kwh", "price": price(draw)}


def _gas(draw: Draw, plan: Plan) -> Tree:
    charge: Tree = {"id": "gas", "kind": "energy", "quantity": "gas_kwh"}
    if draw(st.booleans()):
        return charge | {"price": [price(draw), price(draw)], "tiers": {"limits": rising(draw, 1, 400, most=1)}}
    return charge | {"price": _by_band(draw, plan.bands, price)}


_OWN: dict[str, Callable[[Draw, Plan], Tree]] = {
    "rider": _rider,
    "any_determinant": _other,
    "series": _series,
    "demand": _demand,
    "contracted": _contracted,
    "coincident": _coincident,
    "reactive": _reactive,
    "fee": _fee,
    "gas": _gas,
}
"""Charges on what was used, by feature."""


def _percent(draw: Draw, plan: Plan, ids: Sequence[str], name: str) -> Tree:
    of = "all" if draw(st.booleans()) else _some(draw, ids)
    charge = {"id": name, "kind": "percent", "of": of, "percent": number(draw, -20, 20, 2)}
    return charge | ({"above": number(draw, 0, 100, 1)} if plan.has("percent_above") else {})


def _minimum(draw: Draw, plan: Plan, feature: str, ids: Sequence[str]) -> Tree:
    charge: Tree = {"id": feature, "kind": "minimum", "amount": number(draw, 0, 200, 2)}
    if feature == "year_minimum":
        return charge | {"per": "year"} | ({"only_for": "low_income"} if plan.has("only_for") and draw(st.booleans()) else {})
    charge = _with_common(draw, plan, charge)
    charge |= draw(
        st.sampled_from([{"per": "day"}, {"per": "month"}, *({"per": "month", "prorate": f"days_of_{each}"} for each in _MONTHS)])
    )
    return charge | ({"covers": _some(draw, ids)} if draw(st.booleans()) else {})


def _taxes(draw: Draw, plan: Plan, ids: Sequence[str]) -> list[Tree]:
    if not any(plan.has(feature) for feature in ("tax", "inclusive_tax", "tax_on_tax", "tax_by_line")):
        return []
    base = st.sampled_from([{}, {"base": "exact"}, {"base": "rounded"}])
    of = "all" if draw(st.booleans()) else _some(draw, ids)
    vat: Tree = {"id": "vat", "kind": "tax", "of": of, "percent": number(draw, 0, 25, 1)} | draw(base)
    if plan.has("inclusive_tax") and draw(st.booleans()):
        return [vat | {"inclusive": "true", "round": draw(st.sampled_from(["tax", "net"]))}]
    if plan.has("tax_on_tax"):
        more = {"id": "city", "kind": "tax", "of": [*_some(draw, ids), "vat"], "percent": number(draw, 0, 10, 1)}
        return [vat, more | draw(base)]
    return [vat]
