"""OpenTariff 1.2: one tariff of a British supplier, alone or with its product, to a tariff document.

Prices are pence, rates hold from their first minute to their last, days and months of a rate are both included; a rate that
ends at midnight ends with the day. The schema has no clock, no tax and no rounding.

Source: OpenTariff 1.2.0, ``models/tariff_models.py`` and ``models/product_models.py``; what its fields mean: the cost calculator
of the same project.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from tariffs.importers.exact_json import parse_exact_json
from tariffs.importers.field_tree import FieldNode, FieldTree, invalid, kept, unsupported
from tariffs.importers.importer import ImportedTariff, ImportOptions, SeriesRow
from tariffs.importers.opentariff_rates import (
    BOTH,
    DYNAMIC,
    FUELS,
    RATE_TYPES,
    SINGLE,
    STATIC,
    TIERED,
    Rate,
    dynamic_rows,
    periods_of,
    pounds_of,
    rates_of,
)

NAME = "OpenTariff 1.2"
CLOCK = "Europe/London"
DEFAULT_FROM = date(1970, 1, 1)
UNIT_RATE = "unit_rate"
"""Name of the price series of rates by date and time."""
_MARKS = (b'"standing_charges"', b'"rates"', b'"dno_region"')
_REGIONS = range(10, 24)
_PRODUCT = {
    "name": "name of the product",
    "domestic": "who may have the tariff",
    "description": "text",
    "type": "whether prices may change",
    "available_to": "until when the product is offered",
    "supplier_name": "who offers the product",
    "smart": "who may have the tariff",
    "ev": "who may have the tariff",
    "exclusive": "who may have the tariff",
    "retention": "who may have the tariff",
    "acquisition": "who may have the tariff",
    "collective_switch": "who may have the tariff",
    "green_percentage": "share of green power that the prices contain",
    "bundled_products": "what comes with the tariff; it has no price",
}
_TARIFF = {
    "dno_region": "where the tariff is offered",
    "payment_method": "who may have the tariff",
    "contract_length_months": "term of the contract",
    "contract_end_date": "term of the contract",
    "supplier_tariff_code": "id of the tariff",
    "annual_cost": "what the supplier says that a year costs",
}


class OpenTariffImporter:
    """Reads one tariff, or ``{"product": …, "tariff": …}``."""

    name = NAME

    def recognise(self, content: bytes) -> bool:
        """Tell whether a file is meant to be an OpenTariff tariff."""
        is_object = content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
        return is_object and all(mark in content for mark in _MARKS)

    def read(self, content: bytes, options: ImportOptions) -> ImportedTariff:
        """Return the tariff.

        Raises:
            TariffError: ``import.syntax``, ``import.invalid``, ``import.unsupported``, ``import.unknown``; every field that
                is refused is in the message, and ``where`` is the first of them.
        """
        found = parse_exact_json(content, options.where)
        if not isinstance(found, dict):
            raise invalid("document", f"{options.where} holds no tariff")
        return _Reader(FieldTree(NAME, found, options.without)).tariff()


class _Reader:
    """One tariff on its way."""

    def __init__(self, tree: FieldTree) -> None:
        self.tree = tree
        root = tree.root
        inside = "tariff" in root.value
        self.node = root.needed("tariff", root.child("tariff")) if inside else root
        self.product = root.child("product") if inside else None
        self.version: dict[str, Any] = {}
        self.charges: list[dict[str, Any]] = []
        self.fuel = "electricity"
        self.rates: list[Rate] = []
        self.series: dict[str, tuple[SeriesRow, ...]] = {}

    def tariff(self) -> ImportedTariff:
        for section in (self._information, self._fuel, self._rates, self._exit_fee):
            self.tree.attempt(section)
        for section in (self._standing, self._import, self._export, self._dates):
            if not self.tree.refusals or section is not self._dates:
                self.tree.attempt(section)
        fields = self.tree.finish()
        head = {
            "tariff": self._name(),
            "currency": "GBP",
            "clock": CLOCK,
            "rounding": {"line": {"places": 2, "mode": "half_up"}, "total": "sum_of_lines"},
        }
        version = {"from": self.version.pop("from"), "source": self._source()} | self.version | {"charges": self.charges}
        assumed = {
            "clock": f"{NAME} has no clock; {CLOCK} stands for it (meters of two rates often keep +00:00 all the year)",
            "add_charges": f"{NAME} does not say whether prices contain VAT; none is laid on them",
        }
        document = head | {"versions": [version]}
        return ImportedTariff(NAME, document, fields, tuple(self.tree.notes), assumed, series=self.series)

    def _information(self) -> None:
        if self.product is not None:
            self.product.inform(_PRODUCT)
            self.product.information("direction", "the direction of rates that have none")
            for each in self.product.children("bundled_products"):
                self.tree.notes.append(f"{each.path}: comes with the tariff, without a price: {each.get('name')}")
        self.node.inform(_TARIFF)
        region = self.node.get("dno_region")
        if region is not None and region not in _REGIONS:
            raise invalid(
                self.node.at("dno_region"), f"{region!s:.20} is no distributor of {_REGIONS.start} to {_REGIONS.stop - 1}"
            )

    def _fuel(self) -> None:
        fuel = self.node.needed("fuel_type", self.node.word("fuel_type", (*FUELS, BOTH)))
        self.node.information("fuel_type", "the fuel of rates and charges")
        wanted = [each for each in FUELS if each not in self.tree.without]
        if fuel == BOTH and len(wanted) != 1:
            what = f"{BOTH}: a bill is for one of the two; leave the other out with --without gas or --without electricity"
            raise unsupported(self.node.at("fuel_type"), what)
        self.fuel = wanted[0] if fuel == BOTH else fuel

    def _rates(self) -> None:
        kind = self.node.needed("rate_type", self.node.word("rate_type", RATE_TYPES))
        self.node.information("rate_type", "how the rates differ")
        direction = None if self.product is None else self.product.word("direction", ("import", "export", "bi_directional"))
        self.rates = rates_of(self.node, kind, self.fuel, default=direction or "import")

    def _exit_fee(self) -> None:
        value = self.node.get("exit_fee_value")
        if value is not None and pounds_of(self.node, "exit_fee_value"):
            what = "whether it is pence, pounds or a share, and when it is not charged, is not said"
            raise unsupported(self.node.at("exit_fee_value"), what)
        self.node.inform({"exit_fee_type": "what an exit costs", "exit_fee_value": "zero: it costs nothing"})

    def _standing(self) -> None:
        found = [node for node in self.node.children("standing_charges") if self._is_of_fuel(node)]
        banded = [node for node in found if node.get("min_consumption") is not None or node.get("max_consumption") is not None]
        banded += [node for node in found if node not in banded and node.get("tcr_band") is not None]
        for number, node in enumerate(found, start=1):
            price = node.needed("standing_charge", pounds_of(node, "standing_charge"))
            charge_id = "standing" if number == 1 else f"standing_{number}"
            charge: dict[str, Any] = {"id": charge_id, "kind": "fixed", "price": price, "per": "day"}
            band = node.word("tcr_band", ("1", "2", "3", "4"))
            if node in banded and len(banded) > 1:
                if band is None:
                    raise unsupported(node.path, "one of several standing charges by consumption, which a bill does not know")
                charge["only_for"] = f"tcr_band_{band}"
                node.carried("tcr_band", f"only_for tcr_band_{band}")
            self.charges.append(charge)
            node.carried("standing_charge", f"charge {charge_id}")
            who = dict.fromkeys(("tcr_band", "tcrbandtype", "max_consumption", "min_consumption", "line_loss"), "who pays it")
            node.inform(who | {"fuel": "the fuel of the tariff"})

    def _is_of_fuel(self, node: FieldNode) -> bool:
        fuel = node.needed("fuel", node.word("fuel", FUELS))
        if fuel in self.tree.without:
            node.left_out(f"{fuel} was left out on request")
            return False
        if fuel != self.fuel:
            raise invalid(node.at("fuel"), f"{fuel} in a tariff for {self.fuel}")
        return True

    def _import(self) -> None:
        rates = [rate for rate in self.rates if rate.direction == "import"]
        quantity = "import_kwh" if self.fuel == "electricity" else "gas_kwh"
        if not rates:
            return
        kind = rates[0].kind
        charge: dict[str, Any] = {"id": "energy", "kind": "energy", "quantity": quantity}
        if kind == SINGLE:
            self._alone(rates)
            self.charges.append(charge | {"price": rates[0].price})
        elif kind == STATIC:
            self.version["periods"], prices = periods_of(rates, self.node.at("rates"))
            self.charges.append(charge | {"price": prices})
        elif kind == DYNAMIC:
            self.series[UNIT_RATE] = dynamic_rows(rates)
            self.tree.notes.append(f"rates by date and time end at {rates[-1].node.get('datetime_to')}; the last holds on")
            self.charges.append(charge | {"price": {"series": UNIT_RATE}})
        elif kind == TIERED:
            raise unsupported(rates[0].node.at("consumption_from"), "for which time the kWh of a step are counted is not said")
        else:
            self._by_use(rates, charge)
        if self.fuel == "gas":
            self.tree.notes.append("gas_kwh is energy: give it by registers in kWh, or say the 'conversion' in an overlay")

    def _by_use(self, rates: Sequence[Rate], charge: dict[str, Any]) -> None:
        for rate in rates:
            quantity = charge["quantity"] if rate.use == "any" else f"{rate.use}_kwh"
            others = [each for each in self.charges if each["id"] == f"energy_{rate.use}"]
            if others:
                raise unsupported(rate.node.path, f"a second rate for {rate.use}")
            self.charges.append(charge | {"id": f"energy_{rate.use}", "quantity": quantity, "price": rate.price})
            if rate.use != "any":
                what = f"{quantity} has a register of its own, and other registers do not count it"
                self.tree.notes.append(f"{rate.node.path}: {what}")

    def _export(self) -> None:
        rates = [rate for rate in self.rates if rate.direction == "export"]
        if not rates:
            return
        if self.fuel == "gas":
            raise unsupported(rates[0].node.at("direction"), "export of gas")
        export: dict[str, Any] = {"mode": "net_billing"}
        kind = rates[0].kind
        if kind == SINGLE:
            self._alone(rates)
            export["price"] = rates[0].price
        elif kind == STATIC:
            export["periods"], export["price"] = periods_of(rates, self.node.at("rates"))
        elif kind == DYNAMIC:
            self.series[f"export_{UNIT_RATE}"] = dynamic_rows(rates)
            export["price"] = {"series": f"export_{UNIT_RATE}"}
        else:
            raise unsupported(rates[0].node.at("rate_type"), f"export with rates of type {kind}")
        self.version["export"] = export

    def _alone(self, rates: Sequence[Rate]) -> None:
        if len(rates) > 1:
            raise unsupported(rates[1].node.path, f"a second rate of {rates[1].direction}, and when it holds is not said")

    def _dates(self) -> None:
        start = self._date(self.node, "on_supply_from")
        self.node.carried("on_supply_from", "versions[0].from")
        if self.product is not None:
            available = self._date(self.product, "available_from")
            if start is None and available is not None:
                start = available
                self.product.carried("available_from", "versions[0].from")
            self.product.information("available_from", "since when the product is offered")
        if start is None:
            self.tree.notes.append(f"the tariff has no on_supply_from; {DEFAULT_FROM} stands for it")
        self.version["from"] = DEFAULT_FROM if start is None else start
        end = self._date(self.node, "on_supply_to")
        self.node.information("on_supply_to", "a version stays in force until the next one")
        if end is not None:
            self.tree.notes.append(f"the tariff ends on {end}; add a version from then on")

    def _date(self, node: FieldNode, name: str) -> date | None:
        text = node.text(name)
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise invalid(node.at(name), f"{text!r:.40} is no date and time") from None
        return (instant if instant.tzinfo is None else instant.astimezone(ZoneInfo(CLOCK))).date()

    def _name(self) -> str:
        words = [self.product.get(name) for name in ("supplier_name", "name")] if self.product is not None else []
        words = [word for word in (*words, self.node.get("supplier_tariff_code")) if isinstance(word, str)]
        return re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")[:128].strip("-") or "opentariff"

    def _source(self) -> dict[str, Any]:
        both = ((self.product.value if self.product is not None else {}, _PRODUCT), (self.node.value, _TARIFF))
        named = {
            name: kept(value)
            for fields, known in both
            for name, value in fields.items()
            if name in known and value not in (None, "", [], {}) and not self.tree.is_left_out(name)
        }
        return {"format": NAME} | named
