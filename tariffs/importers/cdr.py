"""AU CDR: generic energy plans of the Consumer Data Standards, detail of version 2 and 3, to a tariff document.

A plan has no rounding, no holidays of its own and, where its times are local, no clock; an overlay says those. Every price is
carried exactly or its field is refused.

Source: Consumer Data Standards, Energy API, ``EnergyPlanDetailV3`` (1.36.0) and ``EnergyPlanDetailV2`` (1.29.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Any

from tariffs.importers.cdr_charges import controlled_loads, demand, discounts, fees, green_power, metering, supply
from tariffs.importers.cdr_export import FeedIn, feed_ins, paid_on
from tariffs.importers.cdr_items import Gst, Item, charges_on
from tariffs.importers.cdr_usage import TariffPeriod, Usage, tariff_periods, usage_of
from tariffs.importers.cdr_values import AEST, date_of
from tariffs.importers.cdr_windows import tells_holidays_apart
from tariffs.importers.exact_json import parse_exact_json
from tariffs.importers.field_tree import FieldNode, FieldTree, invalid, kept, unknown, unsupported
from tariffs.importers.importer import ImportedTariff, ImportOptions

NAME = "AU CDR energy plan"
DEFAULT_FROM = date(1970, 1, 1)
_CONTRACT = "electricityContract"
_MARKS = (b'"electricityContract"', b'"gasContract"')
_PLAN = {
    "planId": "id of the plan",
    "lastUpdated": "when the plan was changed",
    "displayName": "name of the plan",
    "description": "text",
    "type": "kind of plan",
    "brand": "who offers the plan",
    "brandName": "who offers the plan",
    "applicationUri": "page of the plan",
    "additionalInformation": "pages of the plan",
    "customerType": "who may have the plan",
    "geography": "who may have the plan",
}
_TERMS = {
    "additionalFeeInformation": "text",
    "isFixed": "whether prices may change",
    "variation": "text",
    "onExpiryDescription": "text",
    "paymentOption": "how bills may be paid",
    "intrinsicGreenPower": "share of green power that the prices contain",
    "eligibility": "who may have the plan",
    "termType": "term of the contract",
    "benefitPeriod": "text",
    "terms": "text",
    "meterTypes": "who may have the plan",
    "coolingOffDays": "term of the contract",
    "billFrequency": "how often bills are sent",
}
_MODELS = ("SINGLE_RATE", "TIME_OF_USE")
_VARYING = ("FLEXIBLE", "FLEXIBLE_CONT_LOAD", "QUOTA")


class CdrImporter:
    """Reads one plan, alone or as ``{"data": plan, "links": …, "meta": …}``."""

    name = NAME

    def recognise(self, content: bytes) -> bool:
        """Tell whether a file is meant to be the detail of an energy plan."""
        is_object = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        return is_object and any(mark in content for mark in _MARKS)

    def read(self, content: bytes, options: ImportOptions) -> ImportedTariff:
        """Return the tariff of a plan.

        Raises:
            TariffError: ``import.syntax``, ``import.invalid``, ``import.unsupported``, ``import.unknown``; every field that
                is refused is in the message, and ``where`` is the first of them.
        """
        found = parse_exact_json(content, options.where)
        plan = found
        if isinstance(found, dict) and "data" in found:
            plan = found["data"]
            beside = next((name for name in found if name not in ("data", "links", "meta", *options.without)), None)
            if beside is not None:
                raise unknown(NAME, beside)
        if not isinstance(plan, dict):
            raise invalid("data", f"{options.where} holds no plan")
        return _Plan(FieldTree(NAME, plan, options.without)).tariff()


class _Plan:
    """One plan on its way."""

    def __init__(self, tree: FieldTree) -> None:
        self.tree = tree
        self.plan = tree.root
        self.items: list[Item] = []
        self.feed_ins: list[FeedIn] = []
        self.periods: list[TariffPeriod] = []
        self.usage = Usage({}, None, [])
        self.holidays = False
        self.missing: dict[str, str] = {}
        self.head: dict[str, Any] = {}
        self.versions: list[dict[str, Any]] = []

    def tariff(self) -> ImportedTariff:
        self.plan.inform(_PLAN)
        self.tree.attempt(self._contracts)
        contract = self.plan.child(_CONTRACT) if isinstance(self.plan.get(_CONTRACT), dict) else None
        if contract is not None:
            self._charges(contract)
            self.tree.attempt(lambda: self._clock(contract))
        self.tree.attempt(self._head)
        if not self.tree.refusals:
            self.tree.attempt(self._versions)
        fields = self.tree.finish()
        return ImportedTariff(NAME, self.head | {"versions": self.versions}, fields, tuple(self.tree.notes), {}, self.missing)

    def _contracts(self) -> None:
        fuel = self.plan.word("fuelType", ("ELECTRICITY", "GAS", "DUAL"))
        self.plan.information("fuelType", "which contract there is")
        if self.plan.get("gasContract") is not None:
            what = "the standard has no unit of gas, so nobody knows what a unit price is for"
            self.tree.refusals.append(unsupported("gasContract", what))
        if self.plan.get(_CONTRACT) is None and not self.tree.refusals:
            raise invalid(_CONTRACT, f"is missing; fuelType is {fuel}")
        if self.plan.get(_CONTRACT) is not None:
            self.plan.child(_CONTRACT)

    def _charges(self, contract: FieldNode) -> None:
        contract.inform(_TERMS)
        self.holidays = tells_holidays_apart(contract.value)
        for each in contract.children("incentives") if isinstance(contract.get("incentives"), list) else ():
            what = f"an incentive is told in words and is not in the tariff: {each.get('displayName')}"
            self.tree.notes.append(f"{each.path}: {what}")
        contract.information("incentives", "told in words; a note says so")
        sections: tuple[Callable[[], None], ...] = (
            lambda: self._model(contract),
            lambda: self.periods.extend(tariff_periods(contract)),
            self._usage,
            lambda: self.items.extend(supply(self.periods)),
            lambda: self.items.extend(Item(charge) for charge in self.usage.charges),
            lambda: self.items.extend(controlled_loads(contract)),
            lambda: self.items.extend(demand(self.periods, self.usage.seasons, holidays=self.holidays)),
            lambda: self.items.extend(discounts(contract)),
            lambda: self.items.extend(green_power(contract)),
            lambda: self.items.extend(fees(contract)),
            lambda: self.items.extend(metering(self.plan)),
            lambda: self.feed_ins.extend(feed_ins(contract, holidays=self.holidays)),
        )
        for section in sections:
            self.tree.attempt(section)

    def _usage(self) -> None:
        if self.periods:
            self.usage = usage_of(self.periods, f"{_CONTRACT}.tariffPeriod", holidays=self.holidays)

    def _model(self, contract: FieldNode) -> None:
        model = contract.text("pricingModel")
        if model in _VARYING:
            raise unsupported(contract.at("pricingModel"), f"{model}: prices that vary by what is not in the plan")
        if model is not None and model.removesuffix("_CONT_LOAD") not in _MODELS:
            raise invalid(contract.at("pricingModel"), f"{model!r:.40} is no pricing model")
        contract.information("pricingModel", "the rates say the same")

    def _clock(self, contract: FieldNode) -> None:
        zones = {"electricityContract.timeZone": contract.word("timeZone", ("LOCAL", "AEST")) or "AEST"}
        contract.carried("timeZone", "clock")
        for period in self.periods:
            zones[period.node.at("timeZone")] = period.node.word("timeZone", ("LOCAL", "AEST")) or next(iter(zones.values()))
            period.node.carried("timeZone", "clock")
        other = next((path for path, zone in zones.items() if zone != next(iter(zones.values()))), None)
        if other is not None:
            raise unsupported(other, "another clock than the contract's; a tariff has one")
        if next(iter(zones.values())) == "AEST":
            self.head["clock"] = AEST
        else:
            self.missing["clock"] = next(iter(zones))

    def _head(self) -> None:
        name = self.plan.text("planId") or self.plan.text("displayName") or "cdr"
        tariff = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:128].strip("-") or "cdr"
        self.head = {"tariff": tariff, "currency": "AUD"} | self.head
        self.head["rounding"] = {"line": {"places": 2, "mode": "half_up"}, "total": "sum_of_lines"}
        if self.holidays:
            self.missing["holidays"] = f"{_CONTRACT}.tariffPeriod"

    def _versions(self) -> None:
        start = date_of(self.plan, "effectiveFrom")
        self.plan.carried("effectiveFrom", "versions[0].from")
        if start is None:
            self.tree.notes.append(f"the plan has no effectiveFrom; {DEFAULT_FROM} stands for it")
        end = date_of(self.plan, "effectiveTo")
        self.plan.information("effectiveTo", "until when the plan is offered; prices hold until a new version")
        if end is not None:
            self.tree.notes.append(f"the plan is offered until {end}; its prices stay in force until a new version")
        first = DEFAULT_FROM if start is None else start
        cuts = {cut for item in self.items for cut in item.cuts()}
        cuts |= {cut for each in self.feed_ins for cut in Item({}, starts=each.starts, ends=each.ends).cuts()}
        source = {"format": NAME} | self._information()
        for day in sorted({first, *(cut for cut in cuts if cut > first)}):
            self.versions.append({"from": day, "source": source} | self._version(day))
            source = {"format": NAME, "see": f"the version from {first}"}
        if any(item.gst is Gst.INCLUSIVE for item in self.items):
            self.tree.notes.append("fees, metering charges and amounts of green power contain GST, all other prices do not")

    def _version(self, day: date) -> dict[str, Any]:
        version: dict[str, Any] = {"seasons": self.usage.seasons} if self.usage.seasons else {}
        version |= {"periods": self.usage.periods} if self.usage.periods is not None else {}
        version["charges"] = charges_on(self.items, day)
        export = paid_on(self.feed_ins, day)
        return version | ({} if export is None else {"export": export})

    def _information(self) -> dict[str, Any]:
        contract = self.plan.value.get(_CONTRACT)
        both = ((self.plan.value, _PLAN), (contract if isinstance(contract, dict) else {}, _TERMS | {"incentives": ""}))
        return {
            name: kept(value)
            for fields, known in both
            for name, value in fields.items()
            if name in known and value not in (None, "", [], {}) and not self.tree.is_left_out(name)
        }
