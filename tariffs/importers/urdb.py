"""URDB v8, the Utility Rate Database of OpenEI: one record to a tariff document.

A record has tables of 12 months by 24 hours and ladders of prices a period; it has no clock and no rounding, and does not
say how a ladder fills under time of use: an overlay says that. Every price is carried exactly or its field is refused.

Source: OpenEI, "Utility Rate Database API", response fields.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from schemas.errors import TariffError
from tariffs.importers.carried_fields import FieldBook, is_empty
from tariffs.importers.document_text import scalar_text
from tariffs.importers.exact_json import parse_exact_json
from tariffs.importers.hour_tables import MONTHS, HourTables, period_rules
from tariffs.importers.importer import UNKNOWN, ImportedTariff, ImportOptions
from tariffs.importers.urdb_fields import INFORMATION, KNOWN, LOOKBACK_MONTHS, METERING, REFUSED, REFUSED_UNLESS_ZERO
from tariffs.importers.urdb_ladders import Ladder, PricedLadder, energy_ladder, limits_of
from tariffs.importers.urdb_values import (
    KWH,
    KWH_DAILY,
    KWH_PER_KW,
    SELL,
    Tier,
    date_of,
    invalid,
    months_of,
    number_of,
    price_of,
    structure_of,
    table_of,
    text_of,
    unsupported,
)

NAME = "URDB v8"
DEFAULT_CLOCK = "+00:00"
DEFAULT_FROM = date(1970, 1, 1)
_HOUR = 60
_MOST_LETTERS = 20_000
"""Of one field of information; longer ones would not leave a document that people read."""
_PER = {"$/month": "month", "$/day": "day", "$/year": "year"}
_DEMAND_UNITS = ("kW", "kVA")
_HOLIDAYS = (
    "new_years_day",
    "mlk_day",
    "washingtons_birthday",
    "memorial_day",
    "juneteenth",
    "independence_day",
    "labor_day",
    "columbus_day",
    "veterans_day",
    "thanksgiving",
    "day_after_thanksgiving",
    "christmas",
)
_MARKS = tuple(
    f'"{name}"'.encode()
    for name in ("energyratestructure", "energyweekdayschedule", "flatdemandstructure", "fixedchargefirstmeter")
)


class UrdbImporter:
    """Reads one record, alone or as ``{"items": [record]}``."""

    name = NAME

    def recognise(self, content: bytes) -> bool:
        """Tell whether a file is meant to be a URDB record."""
        return content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and any(mark in content for mark in _MARKS)

    def read(self, content: bytes, options: ImportOptions) -> ImportedTariff:
        """Return the tariff of a record.

        Raises:
            TariffError: ``import.syntax``, ``import.invalid``, ``import.unsupported``, ``import.unknown``; every field that
                is refused is in the message, and ``where`` is the first of them.
        """
        record = _record_of(parse_exact_json(content, options.where), options.where)
        return _Reader(record, options).tariff()


def _record_of(found: object, where: str) -> Mapping[str, Any]:
    if isinstance(found, dict) and "items" in found:
        items = found["items"]
        if len(found) > 1:
            raise invalid(next(name for name in found if name != "items"), "stands beside 'items'; one record is expected")
        if not isinstance(items, list) or len(items) != 1:
            count = len(items) if isinstance(items, list) else 0
            raise invalid("items", f"{count} records, and one is expected; split the file")
        found = items[0]
    if not isinstance(found, dict):
        raise invalid("document", f"{where} holds no record")
    return found


class _Reader:
    """One record on its way: its fields are told off as they are read."""

    def __init__(self, record: Mapping[str, Any], options: ImportOptions) -> None:
        self.record = record
        self.without = options.without
        self.book = FieldBook(record, options.without)
        self.notes: list[str] = []
        self.refusals: list[TariffError] = []
        self.energy_tables: HourTables | None = None
        self.charges: list[dict[str, Any]] = []

    def tariff(self) -> ImportedTariff:
        sections: tuple[Callable[[], None], ...] = (
            self._refused_fields,
            self._information,
            self._fixed,
            self._energy,
            self._flat_demand,
            self._demand_by_period,
            self._demand_window,
            self._minimum,
        )
        for section in sections:
            self._try(section)
        head: dict[str, Any] = {}
        self._try(lambda: head.update(self._head()))
        version: dict[str, Any] = {}
        self._try(lambda: version.update(self._version()))
        self._try(self._unknown_fields)
        if self.refusals:
            raise _together(self.refusals)
        assumed = {"clock": f"{NAME} has no clock; {DEFAULT_CLOCK} stands for it until an overlay names the customers' own"}
        missing = {} if "currency" in head else {"currency": "country"}
        return ImportedTariff(NAME, head | {"versions": [version]}, self.book.fates(), tuple(self.notes), assumed, missing)

    def _try(self, section: Callable[[], None]) -> None:
        try:
            section()
        except TariffError as refusal:
            self.refusals.append(refusal)

    # what cannot be carried, and what is nothing but information

    def _refused_fields(self) -> None:
        for name, why in REFUSED_UNLESS_ZERO.items():
            field = self._as_written(name)
            value = self.book.value(field)
            if value is None:
                continue
            if all(number == 0 for number in _numbers_in(value, field)):
                self.book.information(field, "zero throughout: it costs nothing")
            else:
                self.refusals.append(unsupported(field, why))
        for name, why in REFUSED.items():
            if self.book.value(name) is not None:
                self.refusals.append(unsupported(name, why))

    def _as_written(self, name: str) -> str:
        """Return a field's name in the record's own letters: the look-back fields are written in two ways."""
        return next((each for each in self.record if each.casefold() == name), name)

    def _information(self) -> None:
        for name, meaning in INFORMATION.items():
            self.book.information(name, meaning)
        self.book.information(self._as_written(LOOKBACK_MONTHS), "months of a ratchet that there is not")
        for name, meaning in METERING.items():
            value = self.book.value(name)
            if value is not None:
                self.book.information(name, meaning)
                if value is not False:
                    what = f"{name} is {_shown(value)}" if isinstance(value, str) else name
                    self.notes.append(f"{what}: nothing is paid for export until an overlay says what it earns")
        if self.book.value("enddate") is not None:
            ended = date_of(self.book.value("enddate"), "enddate")
            self.book.information("enddate", f"{ended}; a version stays in force until the next one")
            self.notes.append(f"the rate ended on {ended}; add a version from the day after")

    def _unknown_fields(self) -> None:
        for name in self.book.untold:
            if name in KNOWN or name.casefold() in KNOWN:
                continue
            hint = f"leave it out on purpose with --without {name}"
            self.refusals.append(
                TariffError(UNKNOWN, f"{name}: {NAME} has no such field here, and it may have a price", hint, name)
            )

    # the head of the document

    def _head(self) -> dict[str, Any]:
        head: dict[str, Any] = {"tariff": self._tariff_name()}
        country = self.book.value("country")
        if country in (None, "USA", "US"):
            head["currency"] = "USD"
        head["clock"] = DEFAULT_CLOCK
        holidays = self._holidays()
        if holidays is not None:
            head["holidays"] = holidays
        head["rounding"] = {"line": {"places": 2, "mode": "half_up"}, "total": "sum_of_lines"}
        return head

    def _tariff_name(self) -> str:
        words = [text_of(self.book.value(name), name) for name in ("utility", "name") if self.book.value(name) is not None]
        slug = re.sub(r"[^a-z0-9]+", "-", " ".join(words).lower()).strip("-")[:128].strip("-")
        return slug or "urdb"

    def _holidays(self) -> dict[str, Any] | None:
        names, policy = (self.book.value(field) for field in ("x_holidays", "x_holiday_policy"))
        if names is None:
            self.book.information("x_holiday_policy", "no holidays are named")
            return None
        if policy is None:
            raise unsupported("x_holidays", "x_holiday_policy does not say how they are priced")
        if policy != "as_weekend":
            raise unsupported("x_holiday_policy", f"{_shown(policy)}; carried is 'as_weekend'")
        if not isinstance(names, list):
            raise invalid("x_holidays", "a list of names is expected")
        unknown = [name for name in names if name not in _HOLIDAYS]
        if unknown:
            raise unsupported("x_holidays", f"nobody here knows when {_shown(unknown[0])} is")
        self.book.carried("x_holidays", "holidays")
        self.book.carried("x_holiday_policy", "holidays.priced_as weekend")
        return {"calendar": "US", "names": list(names), "priced_as": "weekend", "observe": "sunday_to_monday"}

    def _version(self) -> dict[str, Any]:
        start = self.book.value("startdate")
        version: dict[str, Any] = {"from": DEFAULT_FROM if start is None else date_of(start, "startdate")}
        if start is None:
            self.notes.append(f"the record has no startdate; {DEFAULT_FROM} stands for it")
        self.book.carried("startdate", "versions[0].from")
        version["source"] = {"format": NAME} | {
            name: _kept(self.record[name], name)
            for name in self.record
            if (name in INFORMATION or name in METERING) and self.book.value(name) is not None
        }
        if self.energy_tables is not None:
            version["periods"] = period_rules(self.energy_tables)
        version["charges"] = self.charges
        return version

    # charges

    def _fixed(self) -> None:
        first, monthly = "fixedchargefirstmeter", "fixedmonthlycharge"
        charge = None
        if self.book.value(first) is not None:
            charge = self._by_time(first, "fixedchargeunits")
            if charge is not None:
                self.charges.append({"id": "basic", "kind": "fixed", "price": charge[0], "per": charge[1]})
                self.book.carried(first, "charge basic")
        self.book.information("fixedchargeunits", "unit of fixedchargefirstmeter")
        if self.book.value(monthly) is None:
            return
        price = price_of(self.book.value(monthly), monthly)
        if self.book.value(first) is None:
            if price:
                self.charges.append({"id": "basic", "kind": "fixed", "price": price, "per": "month"})
            self.book.carried(monthly, "charge basic")
        elif price and charge != (price, "month"):
            raise unsupported(monthly, f"it says another charge than {first}")
        else:
            self.book.information(monthly, f"repeats {first}")

    def _by_time(self, field: str, units: str) -> tuple[Decimal, str] | None:
        """Return a price and the time it is for; None, and the field told off, where it is zero."""
        price = price_of(self.book.value(field), field)
        if not price:
            self.book.information(field, "zero: it costs nothing")
            return None
        unit = self.book.value(units)
        if unit is None:
            raise invalid(field, f"{units} does not say what it is for")
        if unit not in _PER:
            raise unsupported(units, f"{_shown(unit)}; carried are {', '.join(_PER)}")
        self.book.carried(units, f"per {_PER[unit]}")
        return price, _PER[unit]

    def _minimum(self) -> None:
        found = []
        if self.book.value("mincharge") is not None:
            amount = self._by_time("mincharge", "minchargeunits")
            found += [("mincharge", *amount)] if amount is not None else []
        self.book.information("minchargeunits", "unit of mincharge")
        for field, per in (("minmonthlycharge", "month"), ("annualmincharge", "year")):
            if self.book.value(field) is not None:
                price = price_of(self.book.value(field), field)
                found += [(field, price, per)] if price else []
                if not price:
                    self.book.information(field, "zero: it costs nothing")
        for field, amount_of, per in found:
            if amount_of < 0:
                raise invalid(field, f"a minimum of {amount_of}")
            if any(other[2] == per and other[1] != amount_of for other in found):
                raise unsupported(field, "two minimums for the same time that differ")
            charge = "minimum" if per == found[0][2] else f"minimum_{per}"
            if all(each["id"] != charge for each in self.charges):
                self.charges.append({"id": charge, "kind": "minimum", "amount": amount_of, "per": per})
            self.book.carried(field, f"charge {charge}")

    def _energy(self) -> None:
        field, weekday, weekend = "energyratestructure", "energyweekdayschedule", "energyweekendschedule"
        value = self.book.value(field)
        if value is None:
            if field not in self.without:
                raise invalid(field, "no energy has a price; if that is meant, say --without energyratestructure")
            for table in (weekday, weekend):
                self.book.information(table, f"hours of {field}")
            return
        structure = structure_of(value, field, units=(KWH, KWH_DAILY, KWH_PER_KW), default=KWH)
        self._sell(structure, field)
        tables = self._tables(weekday, weekend, len(structure))
        ladders = {period: energy_ladder(structure[period], field, period) for period in tables.periods}
        self._unused_periods(field, len(structure), tables.periods)
        groups = _by_ladder(ladders)
        ids = ["energy"] if len(groups) == 1 else [f"energy_{number}" for number in range(1, len(groups) + 1)]
        for charge_id, periods in zip(ids, groups, strict=True):
            price = {f"p{period}": ladders[period].price for period in periods}
            charge: dict[str, Any] = {"id": charge_id, "kind": "energy", "quantity": "import_kwh", "price": price}
            tiers = ladders[periods[0]].ladder.document()
            self.charges.append(charge | ({} if tiers is None else {"tiers": tiers}))
        for period, ladder in ladders.items():
            for tier in ladder.unused:
                width = f"{field}: period {period}, tier {tier} is the width of a block that the next tiers price"
                self.notes.append(f"{width}; its own price {structure[period][tier].price} is not charged")
        self.energy_tables = tables
        self.book.carried(field, f"{_charges(ids)}: rate + adj")
        for table in (weekday, weekend):
            self.book.carried(table, "periods")

    def _sell(self, structure: Sequence[Sequence[Tier]], field: str) -> None:
        if SELL in self.without and any(tier.sell is not None for period in structure for tier in period):
            self.book.left_out(SELL, f"left out of the tiers of {field} on request")
        elif any(tier.sell for period in structure for tier in period):
            self.refusals.append(
                unsupported(SELL, f"a price for export in the tiers of {field}; say it as 'export' in an overlay")
            )

    def _tables(self, weekday: str, weekend: str, periods: int) -> HourTables:
        if periods == 1 and self.book.value(weekday) is None and self.book.value(weekend) is None:
            row = (0,) * 24
            return HourTables((row,) * MONTHS, (row,) * MONTHS)
        missing = next((table for table in (weekday, weekend) if self.book.value(table) is None), None)
        if missing is not None:
            raise invalid(missing, "the hours of the periods are not said")
        return HourTables(
            table_of(self.book.value(weekday), weekday, periods), table_of(self.book.value(weekend), weekend, periods)
        )

    def _unused_periods(self, field: str, count: int, used: Sequence[int]) -> None:
        unused = [period for period in range(count) if period not in used]
        if unused:
            self.notes.append(f"{field}: period {', '.join(map(str, unused))} occurs in no hour or month and is not carried")

    def _flat_demand(self) -> None:
        field, months_field, unit_field = "flatdemandstructure", "flatdemandmonths", "flatdemandunit"
        ladders = self._demand_ladders(field, (months_field, unit_field))
        if ladders is None:
            return
        if self.book.value(months_field) is None:
            raise invalid(months_field, f"the months of {field} are not said")
        months = months_of(self.book.value(months_field), months_field, len(ladders))
        self._unused_periods(field, len(ladders), months)
        groups: dict[PricedLadder, list[int]] = {}
        for month, period in enumerate(months, start=1):
            groups.setdefault(ladders[period], []).append(month)
        priced = {ladder: when for ladder, when in groups.items() if any(ladder.prices)}
        ids = []
        for ladder, when in priced.items():
            charge_id = "demand_flat" if len(priced) == 1 else f"demand_flat_p{ladders.index(ladder)}"
            ids.append(charge_id)
            charge: dict[str, Any] = {"id": charge_id, "kind": "demand"}
            charge |= {"months": when} if len(when) < MONTHS else {}
            charge |= {"price": ladder.price} | _demand_tiers(ladder)
            self.charges.append(charge | self._measure(unit_field))
        self.book.carried(field, f"{_charges(ids)}: rate + adj")
        self.book.carried(months_field, "months of the charges")
        self.book.information(unit_field, "the unit of demand charges")

    def _demand_by_period(self) -> None:
        field, weekday, weekend = "demandratestructure", "demandweekdayschedule", "demandweekendschedule"
        ladders = self._demand_ladders(field, (weekday, weekend, "demandrateunit"))
        if ladders is None:
            return
        tables = self._tables(weekday, weekend, len(ladders))
        self._unused_periods(field, len(ladders), tables.periods)
        groups = _by_ladder({period: ladders[period] for period in tables.periods if any(ladders[period].prices)})
        own = {} if tables == self.energy_tables else {"periods": period_rules(tables)}
        ids = ["demand_tou"] if len(groups) == 1 else [f"demand_tou_{number}" for number in range(1, len(groups) + 1)]
        for charge_id, periods in zip(ids, groups, strict=True):
            price = {f"p{period}": ladders[period].price for period in periods}
            charge: dict[str, Any] = (
                {"id": charge_id, "kind": "demand", "price": price} | own | _demand_tiers(ladders[periods[0]])
            )
            self.charges.append(charge | self._measure("demandrateunit"))
        self.book.carried(field, f"{_charges(ids)}: rate + adj" if ids else "no charge: what occurs is free")
        for table in (weekday, weekend):
            self.book.carried(table, "periods of the charges" if own else "periods")
        self.book.information("demandrateunit", "the unit of demand charges")

    def _demand_ladders(self, field: str, companions: tuple[str, ...]) -> list[PricedLadder] | None:
        """Return the ladder of each demand period; None, and the fields told off, where no demand has a price."""
        value = self.book.value(field)
        structure = [] if value is None else structure_of(value, field, default="kW")
        self._sell(structure, field)
        if not any(tier.price for period in structure for tier in period):
            self.book.information(field, "zero throughout: it costs nothing")
            for companion in companions:
                self.book.information(companion, f"of {field}, which prices nothing")
            return None
        return [
            PricedLadder(Ladder(limits_of(tiers, field, position)), tuple(tier.price for tier in tiers))
            for position, tiers in enumerate(structure)
        ]

    def _measure(self, unit_field: str) -> dict[str, Any]:
        """Return how a demand is measured, where that is not the interval's own kW."""
        measure: dict[str, Any] = {}
        unit = self.book.value(unit_field)
        if unit not in (None, *_DEMAND_UNITS):
            raise unsupported(unit_field, f"{_shown(unit)}; carried are {', '.join(_DEMAND_UNITS)}")
        window = self._window_minutes()
        if window:
            measure["window_min"] = window
        if unit == "kVA":
            measure["unit"] = unit
        return {"measure": measure} if measure else {}

    def _window_minutes(self) -> int:
        """Return the length of the windows that demand is measured in [min]; 0 where the record says none."""
        value = self.book.value("demandwindow")
        minutes = Decimal(0) if value is None else number_of(value, "demandwindow")
        if minutes not in range(_HOUR + 1) or (minutes and _HOUR % int(minutes)):
            raise unsupported("demandwindow", f"{minutes} minutes do not divide the hour")
        return int(minutes)

    def _demand_window(self) -> None:
        minutes = self._window_minutes()
        if not minutes:
            self.book.information("demandwindow", "zero: the interval's own length")
        elif any("blocks" in charge.get("tiers", {}) for charge in self.charges):
            raise unsupported("demandwindow", "hours use by windows of their own; say it as billing_demand in an overlay")
        elif any(charge["kind"] == "demand" for charge in self.charges):
            self.book.carried("demandwindow", f"measure.window_min {minutes} of the demand charges")
        else:
            self.book.information("demandwindow", "no demand has a price")


def _by_ladder(ladders: Mapping[int, PricedLadder]) -> list[list[int]]:
    """Return periods in groups of the same ladder."""
    groups: dict[object, list[int]] = {}
    for period, priced in ladders.items():
        groups.setdefault(priced.ladder, []).append(period)
    return list(groups.values())


def _demand_tiers(priced: PricedLadder) -> dict[str, Any]:
    return {"tiers": {"limits": list(priced.ladder.limits)}} if priced.ladder.limits else {}


def _charges(ids: Sequence[str]) -> str:
    return f"charge{'s' if len(ids) > 1 else ''} {', '.join(ids)}"


def _numbers_in(value: object, field: str) -> list[Decimal]:
    """Return the numbers that stand anywhere in a value."""
    if isinstance(value, dict):
        return [number for name, each in value.items() if name != "max" for number in _numbers_in(each, field)]
    if isinstance(value, list):
        return [number for each in value for number in _numbers_in(each, field)]
    return [] if is_empty(value) else [number_of(value, field)]


def _kept(value: object, field: str) -> object:
    """Return information as the document keeps it: texts and numbers, or a list of them."""
    members = value if isinstance(value, list) else [value]
    for each in members:
        if isinstance(each, Decimal):
            number_of(each, field)
        elif not isinstance(each, str | bool | None):
            raise invalid(field, "a text or a number is expected")
    if sum(len(scalar_text(each)) for each in members) > _MOST_LETTERS:
        raise invalid(field, f"more than {_MOST_LETTERS:,} letters, and it is information only")
    return value


def _shown(value: object) -> str:
    return f"{value!r:.60}"


def _together(refusals: Sequence[TariffError]) -> TariffError:
    """Return one refusal that tells all; the first gives the code and the place."""
    first = refusals[0]
    return TariffError(first.code, "\n".join(refusal.message for refusal in refusals), first.hint, first.where)
