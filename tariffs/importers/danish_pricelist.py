"""Energinet's public data set "Datahub Price List": records of charges with a price, or 24 of them, and dates.

``Price1`` to ``Price24`` are the hours of a day; of a charge with one price only ``Price1`` is used. ``ValidTo`` is not included.

Source: Energi Data Service, dataset ``DatahubPricelist``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from schemas.errors import TariffError
from tariffs.importers.carried_fields import CarriedField, Fate, is_empty
from tariffs.importers.danish_charges import (
    FEE,
    HOURS,
    MISSING_PRICES,
    SUBSCRIPTION,
    TARIFF,
    DanishCharge,
    PriceList,
    PriceRange,
    Prices,
    held_on,
    invalid,
    joined,
    names_of,
    unsupported,
)
from tariffs.importers.importer import UNKNOWN
from tariffs.importers.urdb_values import price_of

RECORDS = "records"
_KINDS = {"D01": SUBSCRIPTION, "D02": FEE, "D03": TARIFF}
_VAT = {"D01": False, "D02": True}
_RESOLUTIONS = {TARIFF: ("PT1H", "P1D"), SUBSCRIPTION: ("P1M",), FEE: ("P1D", "P1M")}
_PRICES = tuple(f"Price{hour}" for hour in range(1, HOURS + 1))
_ENVELOPE = ("total", "filters", "sort", "limit", "offset", "dataset")
_FATES = {
    "ChargeOwner": (Fate.INFORMATION, "who receives the charge"),
    "GLN_Number": (Fate.INFORMATION, "id of the owner"),
    "ChargeType": (Fate.CARRIED, "kind of charge"),
    "ChargeTypeCode": (Fate.CARRIED, "id of the charge"),
    "Note": (Fate.INFORMATION, "name of the charge"),
    "Description": (Fate.INFORMATION, "text"),
    "ValidFrom": (Fate.CARRIED, "versions"),
    "ValidTo": (Fate.CARRIED, "versions"),
    "VATClass": (Fate.CARRIED, "charge vat"),
    "TransparentInvoicing": (Fate.INFORMATION, "whether the owner wants a line of its own on the bill"),
    "TaxIndicator": (Fate.INFORMATION, "whether the charge is a levy; it is priced as any other"),
    "ResolutionDuration": (Fate.CARRIED, "one price, or one for each hour"),
} | dict.fromkeys(_PRICES, (Fate.CARRIED, "price"))


def read_pricelist(found: Any, without: frozenset[str], where: str) -> PriceList:  # noqa: ANN401 - whatever JSON holds
    """Return the charges of the data set's records, as the API or a download gives them."""
    records = found.get(RECORDS) if isinstance(found, dict) else found
    if isinstance(found, dict):
        for name in found:
            if name not in (RECORDS, *_ENVELOPE):
                raise invalid(name, "stands beside the records, and nobody here knows it")
    if not isinstance(records, list) or not records or not all(isinstance(each, dict) for each in records):
        raise invalid(RECORDS, f"{where} has no list of records")
    columns = list(dict.fromkeys(name for record in records for name in record))
    for name in columns:
        if name not in _FATES and name not in without and any(not is_empty(record.get(name)) for record in records):
            hint = f"leave it out on purpose with --without {name}"
            raise TariffError(UNKNOWN, f"{name}: the price list has no such field here, and it may have a price", hint, name)
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for record in records:
        key = tuple(_text(record, name) for name in ("ChargeTypeCode", "ChargeType"))
        groups.setdefault((*key, _text(record, "GLN_Number", needed=False)), []).append(record)
    names = names_of(list(groups))
    charges = [_charge(key, names[key], rows, without) for key, rows in groups.items() if key[0] not in without]
    fields = [_told(name, records, without) for name in columns]
    if MISSING_PRICES in without:
        fields.append(CarriedField(MISSING_PRICES, Fate.LEFT_OUT, "days without a price are charged nothing"))
    fields += [
        CarriedField(f"charge {key[0]}", Fate.LEFT_OUT, "left out on request")
        if key[0] in without
        else CarriedField(f"charge {key[0]}", Fate.CARRIED, f"charge {names[key]}")
        for key in groups
    ]
    owners = {_text(record, "ChargeOwner", needed=False) for record in records}
    owner = owners.pop() if len(owners) == 1 else ""
    return PriceList(tuple(_ended(charges)), owner, tuple(fields), tuple(_notes(charges)))


def _ended(charges: Sequence[DanishCharge]) -> list[DanishCharge]:
    """Return the charges; where all of them end, the last ones hold on, as a list without successor does."""
    ends = [charge.ranges[-1].end for charge in charges]
    if not ends or None in ends:
        return list(charges)
    last = max(end for end in ends if end is not None)
    return [held_on(charge) if charge.ranges[-1].end == last else charge for charge in charges]


def _notes(charges: Sequence[DanishCharge]) -> Iterator[str]:
    for charge, after in zip(charges, _ended(charges), strict=True):
        end = charge.ranges[-1].end
        if end is not None:
            yield f"charge {charge.id} ends on {end}{'; its last prices hold on' if after.ranges[-1].end is None else ''}"


def _told(name: str, records: Sequence[Mapping[str, Any]], without: frozenset[str]) -> CarriedField:
    if name not in _FATES:
        empty = all(is_empty(record.get(name)) for record in records)
        return (
            CarriedField(name, Fate.INFORMATION, "empty") if empty else CarriedField(name, Fate.LEFT_OUT, "left out on request")
        )
    if name in without:
        raise invalid(name, "every record needs it; leave a charge out by its code")
    return CarriedField(name, *_FATES[name])


def _charge(key: tuple[str, ...], charge_id: str, records: Sequence[Mapping[str, Any]], without: frozenset[str]) -> DanishCharge:
    code, kind_code, _ = key
    if kind_code not in _KINDS:
        raise invalid("ChargeType", f"{kind_code!r:.20} of {code} is none of {', '.join(_KINDS)}")
    kind = _KINDS[kind_code]
    if kind == FEE:
        raise unsupported("ChargeType", f"{code} is a fee, and the list does not say when it is paid", way_out=code)
    vat = {_vat(record, code) for record in records}
    if len(vat) > 1:
        raise unsupported("VATClass", f"{code} bears VAT at some times only", way_out=code)
    ranges = [
        PriceRange(_date(record, "ValidFrom"), _date_or_none(record, "ValidTo"), _prices(record, code, kind))
        for record in records
    ]
    found = joined(ranges, f"charge {code}")
    hole = next((before.end for before, after in pairwise(found) if before.end != after.start), None)
    if hole is not None and MISSING_PRICES not in without:
        raise unsupported("ValidTo", f"{code} has no price on {hole}, and later it has", way_out=MISSING_PRICES)
    return DanishCharge(charge_id, code, kind, found, vat.pop())


def _vat(record: Mapping[str, Any], code: str) -> bool | None:
    value = record.get("VATClass")
    if is_empty(value):
        return None
    if not isinstance(value, str) or value not in _VAT:
        raise unsupported("VATClass", f"{value!r:.20} of {code}; known are {', '.join(_VAT)}", way_out=code)
    return _VAT[value]


def _prices(record: Mapping[str, Any], code: str, kind: str) -> Prices:
    resolution = record.get("ResolutionDuration")
    if not is_empty(resolution) and resolution not in _RESOLUTIONS[kind]:
        raise unsupported("ResolutionDuration", f"{resolution!r:.20} of {code}, a {kind}", way_out=code)
    prices = [None if is_empty(record.get(name)) else price_of(record[name], name) for name in _PRICES]
    if prices[0] is None:
        raise invalid(_PRICES[0], f"{code} has no price from {record.get('ValidFrom')}")
    more = [price for price in prices[1:] if price is not None]
    if not more or (kind != TARIFF and set(more) == {prices[0]}):
        return (prices[0],)
    if len(more) < HOURS - 1:
        raise invalid(_PRICES[prices.index(None)], f"{code} has prices for some hours only from {record.get('ValidFrom')}")
    if kind != TARIFF or (resolution == "P1D" and set(more) != {prices[0]}):
        raise invalid(_PRICES[1], f"{code} has prices for hours, and it is a {kind} of {resolution}")
    return (prices[0],) if set(more) == {prices[0]} else tuple(prices)


def _text(record: Mapping[str, Any], name: str, *, needed: bool = True) -> str:
    value = record.get(name)
    if isinstance(value, Decimal):
        value = str(value)
    if is_empty(value) and not needed:
        return ""
    if not isinstance(value, str) or not value.strip():
        raise invalid(name, "a text is expected in every record")
    return value


def _date_or_none(record: Mapping[str, Any], name: str) -> date | None:
    return None if is_empty(record.get(name)) else _date(record, name)


def _date(record: Mapping[str, Any], name: str) -> date:
    text = _text(record, name)
    day, _, clock = text.partition("T")
    try:
        found = date.fromisoformat(day)
    except ValueError:
        raise invalid(name, f"{text!r:.40} is no date such as 2026-01-01T00:00:00") from None
    if clock.strip("0:."):
        raise unsupported(name, f"{text!r:.40} is not the beginning of a day")
    return found
