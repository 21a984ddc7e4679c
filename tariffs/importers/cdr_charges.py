"""Charges of a CDR contract beside usage: supply, demand, controlled load, discounts, green power, fees, metering.

What the standard leaves open is refused by the field's name. Tax: rates, supply and demand are exclusive of GST by the
standard's text. Fees, metering charges and amounts of green power are inclusive by the list of the Data Standards Body
(standards-maintenance, issue 474).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from tariffs.exact import plain
from tariffs.importers.cdr_items import Base, Gst, Item
from tariffs.importers.cdr_ladders import YEAR, part_of, priced_steps
from tariffs.importers.cdr_usage import TariffPeriod, window_of
from tariffs.importers.cdr_values import Duration, amount_of, date_of, duration_of, percent_of, volume_of
from tariffs.importers.cdr_windows import is_every_day
from tariffs.importers.field_tree import FieldNode, invalid, unsupported
from tariffs.scalars import MINUTES_OF_DAY, PRICE_PLACES

_LEAP_YEAR = 2024
_UNITS = {"KW": "kW", "KVA": "kVA"}
_TIMES = ("DAY", "MONTH", "TARIFF_PERIOD")
_DEMAND = (
    "displayName",
    "description",
    "amount",
    "measureUnit",
    "minDemand",
    "maxDemand",
    "measurementPeriod",
    "chargePeriod",
)
CONTROLLED_LOAD = "controlled_load"
_DISCOUNT_TYPES = ("CONDITIONAL", "GUARANTEED", "OTHER")
_CATEGORIES = ("PAY_ON_TIME", "DIRECT_DEBIT", "GUARANTEED_DISCOUNT", "OTHER")
_METHODS = ("percentOfBill", "percentOfUse", "fixedAmount", "percentOverThreshold")
_GREEN_TYPES = ("FIXED_PER_DAY", "FIXED_PER_WEEK", "FIXED_PER_MONTH", "FIXED_PER_UNIT", "PERCENT_OF_USE", "PERCENT_OF_BILL")
_GREEN_TIMES = {f"FIXED_PER_{unit.upper()}": Duration(1, unit) for unit in ("day", "week", "month")}
_FEE_TERMS = (
    *("FIXED", "1_YEAR", "2_YEAR", "3_YEAR", "4_YEAR", "5_YEAR", "PERCENT_OF_BILL", "ANNUAL", "DAILY", "WEEKLY", "MONTHLY"),
    *("BIANNUAL", "VARIABLE"),
)
_FEE_TIMES = {
    "DAILY": Duration(1, "day"),
    "WEEKLY": Duration(1, "week"),
    "MONTHLY": Duration(1, "month"),
    "ANNUAL": YEAR,
}
_ONCE = {
    "ESTABLISHMENT": "start",
    "CONNECTION": "start",
    "EXIT": "end",
    "DISCONNECTION": "end",
    "DISCONNECT_MOVE_OUT": "end",
}
"""Fixed fees by the moment of the agreement they belong to."""
_FOR_ALL = ("ESTABLISHMENT", "MEMBERSHIP", "CONTRIBUTION")
"""Fees that every customer of the plan pays; others need an option of the agreement."""
_REPEATED = ("MEMBERSHIP", "CONTRIBUTION", "PAPER_BILL")
_SHARES = ("CC_PROCESSING", "PAYMENT_PROCESSING")


def supply(periods: Sequence[TariffPeriod]) -> Iterator[Item]:
    """Yield the daily supply charges: those of all tariff periods that hold on a day, which must be the same all the year."""
    amounts = [_supply_of(period.node) for period in periods]
    days = [date(_LEAP_YEAR, 1, 1) + timedelta(days=number) for number in range(366)]
    held = {
        tuple(sorted(amount for period, amount in zip(periods, amounts, strict=True) if amount and _holds(period, day)))
        for day in days
    }
    if len(held) > 1:
        node = next(period.node for period, amount in zip(periods, amounts, strict=True) if amount)
        raise unsupported(node.at("dailySupplyCharge"), "the supply charge of a day is not the same all the year")
    for number, amount in enumerate(next(iter(held)), start=1):
        charge_id = "supply" if number == 1 else f"supply_{number}"
        yield Item({"id": charge_id, "kind": "fixed", "price": amount, "per": "day"})


def _holds(period: TariffPeriod, day: date) -> bool:
    return period.part.holds((day.month, day.day))


def _supply_of(node: FieldNode) -> Decimal | None:
    node.word("dailySupplyChargeType", ("SINGLE", "BAND"))
    node.information("dailySupplyChargeType", "says which of the two fields holds the charge")
    bands = node.children("bandedDailySupplyCharges")
    found = [amount for name in ("dailySupplyCharge", "dailySupplyCharges") if (amount := amount_of(node, name)) is not None]
    for band in bands:
        band.only("unitPrice", "measureUnit", "volume")
        if len(bands) > 1 or volume_of(band, "volume") is not None:
            raise unsupported(node.at("bandedDailySupplyCharges"), "of which days or volumes a band counts is not said")
        if (band.text("measureUnit") or "DAYS") != "DAYS":
            raise unsupported(band.at("measureUnit"), "a supply charge is for days")
        found.append(band.needed("unitPrice", amount_of(band, "unitPrice")))
    if len(found) > 1:
        raise unsupported(node.at("dailySupplyCharge"), "two supply charges in one tariff period")
    for name in ("dailySupplyCharge", "dailySupplyCharges", "bandedDailySupplyCharges"):
        node.carried(name, "charge supply")
    return found[0] if found else None


def demand(periods: Sequence[TariffPeriod], seasons: dict[str, dict[str, str]], *, holidays: bool) -> Iterator[Item]:
    """Yield the demand charges; seasons that they need are added to those of usage."""
    number = 0
    for period in periods:
        for node in period.node.children("demandCharges") if period.block == "demandCharges" else ():
            number += 1
            item = _demand(node, period, "demand" if number == 1 else f"demand_{number}", seasons, holidays=holidays)
            if item is not None:
                yield item


def _demand(
    node: FieldNode, period: TariffPeriod, charge_id: str, seasons: dict[str, dict[str, str]], *, holidays: bool
) -> Item | None:
    amount = node.needed("amount", amount_of(node, "amount"))
    if not amount:
        node.information("", "zero: it costs nothing")
        return None
    unit = node.text("measureUnit") or "KWH"
    if unit not in _UNITS:
        raise unsupported(node.at("measureUnit"), f"a demand priced per {unit:.20}; carried are {', '.join(_UNITS)}")
    if amount_of(node, "minDemand") or amount_of(node, "maxDemand") is not None:
        bound = "minDemand" if amount_of(node, "minDemand") else "maxDemand"
        why = "whether it bounds the kW that are billed, or says for which the charge holds, is not said"
        raise unsupported(node.at(bound), why)
    measured, charged = (node.needed(name, node.word(name, _TIMES)) for name in ("measurementPeriod", "chargePeriod"))
    if measured != "MONTH":
        raise unsupported(node.at("measurementPeriod"), f"a peak of each {measured}; carried is that of a month")
    if charged == "TARIFF_PERIOD":
        raise unsupported(node.at("chargePeriod"), "a charge for the whole tariff period; carried are MONTH and DAY")
    if not (period.part.is_year or period.part.is_of_months):
        raise unsupported(period.node.at("startDate"), "a demand charge of a part of the year that is not made of whole months")
    window = window_of(node, whole_day=True, also=_DEMAND)
    charge: dict[str, Any] = {"id": charge_id, "kind": "demand", "price": amount}
    whole = (window.start, window.end) == (0, MINUTES_OF_DAY) and is_every_day(window.days, holidays=holidays)
    if not (whole and period.part.is_year):
        season = None if period.part.is_year else _season_named(period, seasons)
        rule = window.rule(season, holidays=holidays)
        charge |= {"price": {charge_id: amount}, "periods": {charge_id: [rule], "other": [{"else": True}]}}
    charge |= {"measure": {"unit": _UNITS[unit]}} if unit == "KVA" else {}
    charge |= {"per": "day"} if charged == "DAY" else {"per": "month", "prorate": "days_of_month"}
    node.carried("", f"charge {charge_id}")
    node.tree.notes.append(
        f"{node.path}: the peak of a month is that of a billing period here, of the intervals' own length; bill calendar months"
    )
    return Item(charge)


def _season_named(period: TariffPeriod, seasons: dict[str, dict[str, str]]) -> str:
    wanted = period.part.season()
    name = next((name for name, season in seasons.items() if season == wanted), f"s{len(seasons) + 1}")
    seasons[name] = wanted
    return name


def controlled_loads(contract: FieldNode) -> Iterator[Item]:
    """Yield the charges of controlled loads: energy on registers of their own, and their supply."""
    for number, node in enumerate(contract.children("controlledLoad"), start=1):
        name = CONTROLLED_LOAD if number == 1 else f"{CONTROLLED_LOAD}_{number}"
        block = node.needed("rateBlockUType", node.word("rateBlockUType", ("singleRate", "timeOfUseRates")))
        rates = [rate] if (rate := node.child("singleRate")) is not None else []
        rates += node.children("timeOfUseRates")
        if len(rates) != 1:
            what = "rates by time of use of a controlled load; the load of each must have a register of its own"
            raise unsupported(node.at(block), what)
        starts, ends = date_of(node, "startDate"), date_of(node, "endDate")
        for each in ("startDate", "endDate"):
            node.carried(each, "a version of its own")
        node.inform({"displayName": "name of the controlled load", "rateBlockUType": f"says that {block} is what holds"})
        rate = rates[0]
        rate.inform({"displayName": "name of the rate", "description": "text", "type": "kind of the rate"})
        for window in rate.children("timeOfUse"):
            window.only("days", "startTime", "endTime", "additionalInfo", "additionalInfoUri")
        rate.information("timeOfUse", "when the load is switched on; its register has one price")
        priced = priced_steps(rate, f"charge {name}", default_period=YEAR)
        energy: dict[str, Any] = {"id": name, "kind": "energy", "quantity": f"{name}_kwh", "price": priced.price}
        yield Item(energy | priced.steps.document(each_period=False), starts=starts, ends=ends)
        daily = amount_of(rate, "dailySupplyCharge")
        rate.carried("dailySupplyCharge", f"charge {name}_supply")
        if daily:
            fixed = {"id": f"{name}_supply", "kind": "fixed", "price": daily, "per": "day", "only_for": name}
            yield Item(fixed, starts=starts, ends=ends)


def discounts(contract: FieldNode) -> Iterator[Item]:
    """Yield the discounts; one that has a condition needs an option of the agreement."""
    yield from contract.tree.attempt_each(contract.children("discounts"), _discount)


def _discount(number: int, node: FieldNode) -> Iterator[Item]:
    kind = node.needed("type", node.word("type", _DISCOUNT_TYPES))
    category = node.word("category", _CATEGORIES)
    method = node.needed("methodUType", node.word("methodUType", _METHODS))
    for other in _METHODS:
        if other != method and node.get(other) is not None:
            raise unsupported(node.at(other), f"stands beside {method}, which is said to hold")
    how = node.child(method)
    if how is None:
        raise invalid(node.at(method), "is missing")
    node.inform({"displayName": "name of the discount", "description": "text"})
    node.information("methodUType", f"says that {method} is what holds")
    how.only("rate", "amount", "usageAmount")
    charge: dict[str, Any] = {"id": f"discount_{number}", "kind": "percent"}
    if method == "fixedAmount":
        if how.needed("amount", amount_of(how, "amount")):
            raise unsupported(how.at("amount"), "whether the amount is for a bill, a year or once is not said")
        how.information("", "zero: it costs nothing")
        return
    rate = how.needed("rate", percent_of(how, "rate"))
    if rate < 0:
        raise invalid(how.at("rate"), f"a discount of {rate} %")
    charge["percent"] = -rate
    if method == "percentOverThreshold":
        charge["above"] = how.needed("usageAmount", amount_of(how, "usageAmount"))
    how.carried("", f"charge {charge['id']}")
    if kind == "GUARANTEED":
        node.information("type", "for everybody")
    else:
        charge["only_for"] = charge["id"] if category in (None, "OTHER") else category.lower()
        node.carried("type", f"only_for {charge['only_for']}")
    node.information("category", "the condition")
    ends = date_of(node, "endDate")
    node.carried("endDate", "a version of its own")
    yield Item(charge, base=Base.BILL if method == "percentOfBill" else Base.USAGE, ends=ends)


def green_power(contract: FieldNode) -> Iterator[Item]:
    """Yield the charges of green power: one for each share that a customer may take, which is an option of the agreement."""
    nodes = contract.children("greenPowerCharges")
    names = {} if len(nodes) == 1 else {node.path: f"{number}_" for number, node in enumerate(nodes, start=1)}
    for node in nodes:
        kind = node.needed("type", node.word("type", _GREEN_TYPES))
        node.word("scheme", ("GREENPOWER", "OTHER"))
        node.inform({"displayName": "name of the charge", "description": "text", "scheme": "name of the scheme"})
        tiers = node.children("tiers")
        shares = [plain(tier.needed("percentGreen", percent_of(tier, "percentGreen"))) for tier in tiers]
        if len(set(shares)) < len(shares) or any(share.startswith("-") for share in shares):
            raise invalid(node.at("tiers"), "shares of green power are not below 0, each once")
        ids = {tier.path: f"green_{names.get(node.path, '')}{share}" for tier, share in zip(tiers, shares, strict=True)}
        yield from node.tree.attempt_each(tiers, partial(_green, kind, ids))
        node.carried("type", "kind of the charges")


def _green(kind: str, ids: Mapping[str, str], _: int, tier: FieldNode) -> Iterator[Item]:
    charge_id = ids[tier.path]
    tier.only("percentGreen", "rate", "amount")
    charge: dict[str, Any] = {"id": charge_id, "only_for": charge_id}
    if kind.startswith("PERCENT"):
        rate = tier.needed("rate", percent_of(tier, "rate"))
        _alone(tier, "amount")
        yield Item(charge | {"kind": "percent", "percent": rate}, base=Base.USAGE if kind == "PERCENT_OF_USE" else Base.BILL)
    else:
        amount = tier.needed("amount", amount_of(tier, "amount"))
        _alone(tier, "rate")
        time = _GREEN_TIMES.get(kind)
        rest = {"kind": "rider", "price": amount} if time is None else _fixed(amount, time, tier.path)
        yield Item(charge | rest, Gst.INCLUSIVE)
    tier.carried("", f"charge {charge_id}")


def _alone(node: FieldNode, name: str) -> None:
    if amount_of(node, name):
        raise unsupported(node.at(name), "a second price beside the one that the type says")


def fees(contract: FieldNode) -> Iterator[Item]:
    """Yield the fees that the length of a billing period, its first or its last day bring about."""
    nodes = contract.children("fees")
    kinds = [node.needed("type", node.text("type")) for node in nodes]
    same = [kinds[:place].count(kind) + 1 if kinds.count(kind) > 1 else 0 for place, kind in enumerate(kinds)]
    yield from contract.tree.attempt_each(nodes, lambda number, node: _fee(node, same[number - 1]))


def _fee(node: FieldNode, same: int) -> Iterator[Item]:
    """Yield the charge of a fee; ``same`` numbers those of one type, 0 where there is one."""
    node.only("type", "term", "amount", "rate", "description")
    kind, term = str(node.text("type")), node.needed("term", node.word("term", _FEE_TERMS))
    amount, rate = amount_of(node, "amount"), percent_of(node, "rate")
    if not amount and not rate and term != "VARIABLE":
        node.information("", "zero: it costs nothing")
        return
    name = f"{kind.lower()}_{same}" if same else kind.lower()
    charge: dict[str, Any] = {"id": f"fee_{name}"}
    charge |= {} if kind in _FOR_ALL and not same else {"only_for": name}
    if term == "PERCENT_OF_BILL" and kind in _SHARES and not amount:
        yield Item(charge | {"kind": "percent", "percent": rate}, base=Base.BILL)
    else:
        yield Item(charge | _fee_by_date(node, kind, term, None if rate else amount), Gst.INCLUSIVE)
    node.carried("", f"charge fee_{name}")


def _fee_by_date(node: FieldNode, kind: str, term: str, amount: Decimal | None) -> dict[str, Any]:
    if amount and term == "FIXED" and kind in _ONCE:
        return {"kind": "fee", "price": amount, "when": _ONCE[kind]}
    if amount and term == "FIXED" and kind == "PAPER_BILL":
        return {"kind": "fixed", "price": amount, "per": "month", "prorate": "none"}
    if amount and term in _FEE_TIMES and kind in _REPEATED:
        return _fixed(amount, _FEE_TIMES[term], node.path)
    raise unsupported(node.path, f"a fee {kind:.30} {term}: when it falls due is not said by readings and dates")


def metering(plan: FieldNode) -> Iterator[Item]:
    """Yield the metering charges that have one price and a time that it is for."""
    yield from plan.tree.attempt_each(plan.children("meteringCharges"), _metering)


def _metering(number: int, node: FieldNode) -> Iterator[Item]:
    node.only("displayName", "description", "minimumValue", "maximumValue", "period")
    least = node.needed("minimumValue", amount_of(node, "minimumValue"))
    most = amount_of(node, "maximumValue")
    period = duration_of(node, "period")
    if most not in (None, least):
        raise unsupported(node.path, f"a charge between {least} and {most}")
    if not least:
        node.information("", "zero: it costs nothing")
        return
    if period is None:
        raise unsupported(node.path, "a charge without the time that it is for")
    yield Item({"id": f"metering_{number}"} | _fixed(least, period, node.path), Gst.INCLUSIVE)
    node.carried("", f"charge metering_{number}")


def _fixed(amount: Decimal, time: Duration, path: str) -> dict[str, Any]:
    """Return a fixed charge of so much for a time."""
    count = time.number * 7 if time.unit == "week" else time.number
    price = part_of(amount, count, path, places=PRICE_PLACES)
    charge: dict[str, Any] = {"kind": "fixed", "price": price}
    if time.unit == "month":
        return charge | {"per": "month", "prorate": "days_of_month"}
    return charge | {"per": "year" if time.unit == "year" else "day"}
