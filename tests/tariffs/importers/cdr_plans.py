"""Energy plans in the words of the Consumer Data Standards, made up for tests."""

from __future__ import annotations

import copy
import json
from typing import Any

WEEKDAYS = ["MON", "TUE", "WED", "THU", "FRI"]
WEEKEND = ["SAT", "SUN"]
WEEK = [*WEEKDAYS, *WEEKEND]
HOLIDAYS = "PUBLIC_HOLIDAYS"
FLAT: dict[str, Any] = {
    "displayName": "Anytime",
    "startDate": "01-01",
    "endDate": "12-31",
    "dailySupplyChargeType": "SINGLE",
    "dailySupplyCharge": "1.05",
    "rateBlockUType": "singleRate",
    "singleRate": {"displayName": "General usage", "rates": [{"unitPrice": "0.30", "measureUnit": "KWH"}]},
}
PLAN: dict[str, Any] = {
    "planId": "EXA100001MRE1@EME",
    "effectiveFrom": "2025-07-01T00:00:00+10:00",
    "lastUpdated": "2025-06-20T03:04:05Z",
    "displayName": "Everyday Saver",
    "type": "MARKET",
    "fuelType": "ELECTRICITY",
    "brand": "example",
    "brandName": "Example Energy",
    "customerType": "RESIDENTIAL",
    "geography": {"distributors": ["Example Networks"], "includedPostcodes": ["2000-2234"]},
    "electricityContract": {
        "pricingModel": "SINGLE_RATE",
        "timeZone": "AEST",
        "isFixed": False,
        "variation": "Prices may change with five days' notice.",
        "paymentOption": ["DIRECT_DEBIT", "BPAY"],
        "termType": "ONGOING",
        "billFrequency": ["P1M"],
        "tariffPeriod": [FLAT],
    },
}


def window(days: list[str], start: str, end: str) -> dict[str, Any]:
    """A window of days and times."""
    return {"days": days, "startTime": start, "endTime": end}


def rate(kind: str, price: str, *windows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A time-of-use rate."""
    return {"displayName": kind, "type": kind, "rates": [{"unitPrice": price}], "timeOfUse": list(windows)} | more


def by_time(*rates: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A tariff period with rates by time of use."""
    period = {name: value for name, value in FLAT.items() if name != "singleRate"}
    return period | {"rateBlockUType": "timeOfUseRates", "timeOfUseRates": list(rates)} | changes


def demand(amount: str = "0.35", start: str = "01-01", end: str = "12-31", **changes: Any) -> dict[str, Any]:
    """A tariff period with a demand charge."""
    charge = {
        "displayName": "Demand",
        "amount": amount,
        "measureUnit": "KW",
        "startTime": "15:00",
        "endTime": "20:59",
        "days": WEEKDAYS,
        "measurementPeriod": "MONTH",
        "chargePeriod": "DAY",
    } | changes
    charge = {name: value for name, value in charge.items() if value is not None}
    return {
        "displayName": "Demand",
        "startDate": start,
        "endDate": end,
        "rateBlockUType": "demandCharges",
        "demandCharges": [charge],
    }


def plan_text(*, plan: dict[str, Any] | None = None, enclosed: bool = True, **contract: Any) -> bytes:
    """The plan as its owner's server answers, with fields of the contract, and of the plan, changed; None takes one away."""
    made = copy.deepcopy(PLAN) | (plan or {})
    made["electricityContract"] = {
        name: value for name, value in (made["electricityContract"] | contract).items() if value is not None
    }
    made = {name: value for name, value in made.items() if value is not None}
    return json.dumps({"data": made, "links": {"self": "https://example.com"}, "meta": {}} if enclosed else made).encode()
