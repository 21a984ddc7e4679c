"""A URDB v8 record as a tariff of one version, by hand: enough for the bills that other engines computed.

URDB has a schedule for energy and one of its own for demand; a version has one set of periods. So a record is two documents:
one with the periods of energy and all that is not demand per period, one with the periods of demand and that alone.
"""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import groupby

from tariffs.load import parse_tariff
from tariffs.model import Tariff

_HOURS = range(24)
_MONTHS = range(12)


def read_record(path) -> dict:
    record = json.loads(path.read_text(), parse_float=Decimal)
    return record.get("items", [record])[0]


def tariff_by_energy(record: dict, *, clock: str, extra: dict | None = None, add: list | None = None) -> Tariff:
    """The tariff with the periods of energy; ``extra`` are keys of the version, ``add`` charges."""
    charges = [_fixed(record), _energy(record), *_flat_demand(record), *_minimum(record), *(add or [])]
    periods = _periods(record, "energy")
    return _tariff(record, clock, periods, [each for each in charges if each is not None], extra or {})


def tariff_by_demand(record: dict, *, clock: str) -> Tariff:
    """The tariff with the periods of demand."""
    price = {
        f"p{place}": _list_or_one([_rate(tier) for tier in tiers]) for place, tiers in enumerate(record["demandratestructure"])
    }
    charge = {"id": "demand", "kind": "demand", "price": price}
    return _tariff(record, clock, _periods(record, "demand"), [charge], {})


def _tariff(record: dict, clock: str, periods: dict, charges: list, extra: dict) -> Tariff:
    document = {
        "tariff": "from-urdb",
        "currency": "USD",
        "clock": clock,
        "rounding": {"line": "none", "total": {"places": "2", "mode": "half_up"}},
        "versions": [{"from": "2010-01-01", "periods": periods, "charges": charges} | extra],
    }
    if "x_holidays" in record:
        names = record["x_holidays"]
        document["holidays"] = {"calendar": "US", "names": names, "priced_as": "weekend", "observe": "sunday_to_monday"}
    return parse_tariff(json.dumps(document), "from-urdb.yaml")


def _periods(record: dict, which: str) -> dict:
    """Rules for each period: its runs of hours by kind of day, months with the same run together."""
    runs: dict[int, dict[tuple[str, int, int], list[str]]] = {}
    for days, key in (("weekdays", f"{which}weekdayschedule"), ("weekend", f"{which}weekendschedule")):
        for month in _MONTHS:
            for period, hours in groupby(_HOURS, key=lambda hour: record[key][month][hour]):
                run = list(hours)
                runs.setdefault(period, {}).setdefault((days, run[0], run[-1] + 1), []).append(str(month + 1))
    return {
        f"p{period}": [
            {"months": months, "days": days, "from": f"{first:02d}:00", "to": f"{after:02d}:00"}
            for (days, first, after), months in rules.items()
        ]
        for period, rules in sorted(runs.items())
    }


def _rate(tier: dict) -> str:
    return f"{Decimal(str(tier.get('rate', 0))) + Decimal(str(tier.get('adj', 0))):f}"


def _list_or_one(prices: list[str]):
    return prices if len(prices) > 1 else prices[0]


def _energy(record: dict) -> dict:
    structure = record["energyratestructure"]
    occurring = {period for key in ("weekday", "weekend") for month in record[f"energy{key}schedule"] for period in month}
    tiers, kept = _tiers(structure[0])
    price = {
        f"p{place}": _list_or_one([_rate(each[at]) for at in kept]) for place, each in enumerate(structure) if place in occurring
    }
    charge = {"id": "energy", "kind": "energy", "price": price}
    return charge | ({"tiers": tiers} if tiers is not None else {})


def _tiers(rows: list[dict]) -> tuple[dict | None, list[int]]:
    """The ladder, and the rows that have a price: one that only gives a block's width has none."""
    if len(rows) == 1:
        return None, [0]
    unit = rows[0].get("unit", "kWh")
    if unit != "kWh/kW":
        limits = [str(row["max"]) for row in rows[:-1]]
        return {"limits": limits, "per": "day" if unit == "kWh daily" else "month"}, list(range(len(rows)))
    blocks: list[dict] = []
    kept = []
    for place, row in enumerate(rows):
        if row["unit"] == "kWh/kW":
            inner = _following_steps(rows, place)
            kept += inner or [place]
            block = {} if row.get("max") is None else {"kwh_per_kw": str(row["max"])}
            blocks.append(block | ({"limits": [str(rows[at]["max"]) for at in inner[:-1]]} if inner[:-1] else {}))
    return {"blocks": blocks}, kept


def _following_steps(rows: list[dict], place: int) -> list[int]:
    steps = []
    for at in range(place + 1, len(rows)):
        if rows[at]["unit"] != "kWh":
            break
        steps.append(at)
    return steps


def _fixed(record: dict) -> dict | None:
    if "fixedchargefirstmeter" not in record:
        return None
    per = {"$/month": "month", "$/day": "day", "$/year": "year"}[record["fixedchargeunits"]]
    return {"id": "basic", "kind": "fixed", "price": str(record["fixedchargefirstmeter"]), "per": per}


def _flat_demand(record: dict) -> list[dict]:
    charges = []
    for place, tiers in enumerate(record.get("flatdemandstructure", [])):
        months = [str(month + 1) for month in _MONTHS if record["flatdemandmonths"][month] == place]
        ladder = {"tiers": {"limits": [str(tier["max"]) for tier in tiers[:-1]]}} if len(tiers) > 1 else {}
        price = _list_or_one([_rate(tier) for tier in tiers])
        charges.append({"id": f"flat{place}", "kind": "demand", "price": price, "months": months} | ladder)
    return charges


def _minimum(record: dict) -> list[dict]:
    if "mincharge" not in record:
        return []
    per = {"$/month": "month", "$/day": "day", "$/year": "year"}[record["minchargeunits"]]
    return [{"id": "floor", "kind": "minimum", "amount": str(record["mincharge"]), "per": per}]
