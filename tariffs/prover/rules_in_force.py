"""Every rule that a tariff is followed by, the ones it leaves out included: nothing is a default in silence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from tariffs.charges.base import ChargeDocument
from tariffs.charges.demand import DemandCharge
from tariffs.charges.export import NEM_KWH, NEM_MONEY, NET_BILLING, Export
from tariffs.charges.fixed import FixedCharge
from tariffs.charges.measure import KVA, MAX, Measure, Ratchet
from tariffs.charges.minimum import MinimumCharge
from tariffs.charges.tax import TaxCharge
from tariffs.charges.tiers import EACH_PERIOD, Block, Tiers
from tariffs.exact import plain
from tariffs.model import Holidays, Tariff, Version
from tariffs.periods import BILLING_CYCLE, Season
from tariffs.rounding import Places, minor_unit_places
from tariffs.scalars import Document, MonthDay

DAY_WORDS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
_NO_RULES = {
    Tariff: {"tariff", "currency", "rounding", "versions", "events"},
    Version: {"from_", "source", "periods", "charges", "export", "billing_demand", "conversion"},
    ChargeDocument: {"id", "kind", "price", "amount", "percent", "contracted"},
    Export: {"price", "periods", "pays"},
}
"""Fields that say how much and when, not by which rule: prices and periods have tables of their own."""
_LEFT_OUT = {
    (ChargeDocument, "months"): "all months",
    (ChargeDocument, "only_for"): "all agreements",
    (Measure, "window_min"): "the interval's own length",
    (Measure, "days"): "all days",
    (Export, "tax"): "all taxes, where the agreement says that its export bears tax",
    (Holidays, "names"): "all of the calendar",
    (Holidays, "priced_as"): "a day of its own",
}
"""What it means to leave a field out that has no word for it."""
ALWAYS = (
    "An interval belongs to the version and to the period in force at its start.",
    "A minute belongs to the first period of the document that takes it; 'else' takes what is left.",
    "Hours after midnight belong to their own date: a rule over midnight takes those of the day it names.",
    "A billing period belongs to the calendar month of its last local day.",
    "A demand window lies wholly inside one version's part of the billing period.",
    "Each version's part of a billing period has its own ladders, limits and fixed charges in proportion to its days.",
    "A share is taken of exact amounts, never of rounded ones.",
)
"""Rules of the program that no field changes."""


def _has_bank(export: Export) -> bool:
    return export.carry is not None or export.mode in (NEM_KWH, NEM_MONEY)


_IDLE: dict[tuple[type, str], Callable[[Any], bool]] = {
    (Season, "at"): lambda season: season.by != BILLING_CYCLE,
    (FixedCharge, "days"): lambda charge: charge.per != "day",
    (FixedCharge, "prorate"): lambda charge: charge.per != "month",
    (DemandCharge, "prorate"): lambda charge: charge.per != "month",
    (MinimumCharge, "prorate"): lambda charge: charge.per != "month",
    (TaxCharge, "code"): lambda _: True,
    (TaxCharge, "round_"): lambda tax: not tax.inclusive,
    (Tiers, "limits"): lambda tiers: tiers.blocks is not None,
    (Tiers, "blocks"): lambda tiers: tiers.limits is not None,
    (Tiers, "year_from"): lambda tiers: tiers.per != "year",
    (Tiers, "reset"): lambda tiers: tiers.per != "day",
    (Tiers, "prorate"): lambda tiers: tiers.per in ("day", "year"),
    (Tiers, "fill"): lambda tiers: tiers.scope == EACH_PERIOD,
    (Block, "limits"): lambda _: True,
    (Block, "kwh_per_kw"): lambda _: True,
    (Measure, "n"): lambda measure: measure.agg == MAX,
    (Measure, "reactive"): lambda measure: measure.unit != KVA,
    (Export, "true_up"): lambda export: not _has_bank(export),
    (Export, "offsets"): lambda export: not _has_bank(export),
    (Export, "expires"): lambda export: not _has_bank(export),
    (Export, "carry"): lambda export: export.mode != NET_BILLING,
    (Ratchet, "percent"): lambda ratchet: ratchet.percent_by_month is not None,
    (Ratchet, "percent_by_month"): lambda ratchet: ratchet.percent is not None,
}
"""Fields that mean nothing beside what another one says; left out, they are not told."""
_SAYINGS: dict[type, Callable[[Any], str]] = {
    bool: lambda value: "true" if value else "false",
    Decimal: plain,
    MonthDay: lambda day: f"{day.month:02d}-{day.day:02d}",
    datetime: lambda instant: instant.isoformat(timespec="minutes"),
}
"""How a value is said, by its type."""


class Rule(NamedTuple):
    """One rule in force.

    Attributes:
        path: whose it is and which field: ``usage.tiers.fill``.
        value: what it says.
        is_default: the document leaves it out.
        versions: positions of the versions it holds in; empty where it is the whole document's.
    """

    path: str
    value: str
    is_default: bool
    versions: tuple[int, ...] = ()


def rules_in_force(tariff: Tariff) -> list[Rule]:
    """Return every rule of a tariff, in document order; one that several versions share stands once."""
    found = list(_rounding(tariff))
    found += [Rule(*each) for each in _fields(tariff, "")]
    by_rule: dict[tuple[str, str, bool], list[int]] = {}
    for number, version in enumerate(tariff.versions):
        for each in _of_version(tariff, version):
            by_rule.setdefault(each, []).append(number)
    return found + [Rule(*each, tuple(numbers)) for each, numbers in by_rule.items()]


def _rounding(tariff: Tariff) -> Iterator[Rule]:
    rounding, currency = tariff.rounding, tariff.currency
    given = rounding.model_fields_set
    quantity = rounding.quantity if isinstance(rounding.quantity, Places) else None
    yield Rule("rounding.interval_quantity", _places(rounding.interval_rule, "none"), "interval_quantity" not in given)
    yield Rule("rounding.quantity", _places(quantity, "none"), "quantity" not in given)
    yield Rule("rounding.line", _places(rounding.line_rule(currency), "none"), "line" not in given)
    yield Rule("rounding.total", _places(rounding.total_rule(currency), "sum_of_lines"), "total" not in given)
    yield Rule("rounding.tax", _places(rounding.tax_rule(currency), "none"), "tax" not in given)
    of_tax = rounding.tax.on if rounding.tax is not None else "rate_sum"
    yield Rule("rounding.tax.on", of_tax, rounding.tax is None or "on" not in rounding.tax.model_fields_set)
    yield Rule("rounding of what is due", f"{minor_unit_places(currency)} places, half_up, by the currency", True)  # noqa: FBT003 - a field


def _places(rule: Places | None, word: str) -> str:
    return f"{rule.places} places, {rule.mode}" if rule is not None else word


def _of_version(tariff: Tariff, version: Version) -> Iterator[tuple[str, str, bool]]:
    yield from _fields(version, "")
    for charge in version.charges:
        for path, value, default in _fields(charge, charge.id):
            if isinstance(charge, TaxCharge) and path == f"{charge.id}.base" and charge.base is None:
                lines = tariff.rounding.line_rule(tariff.currency)
                yield path, "rounded" if lines is not None else "exact", default
            else:
                yield path, value, default
    for name, part in (
        ("export", version.export),
        ("billing_demand", version.billing_demand),
        ("conversion", version.conversion),
    ):
        if part is not None:
            yield from _fields(part, name)


def _fields(document: Document, path: str) -> Iterator[tuple[str, str, bool]]:
    """Yield the rules of a part of the document: path, value, and whether it was left out."""
    for name, field in type(document).model_fields.items():
        if any(isinstance(document, kind) and name in names for kind, names in _NO_RULES.items()):
            continue
        at = f"{path}.{field.alias or name}" if path else field.alias or name
        left_out = name not in document.model_fields_set
        if left_out and any(isinstance(document, kind) and name == of and idle(document) for (kind, of), idle in _IDLE.items()):
            continue
        value = getattr(document, name)
        if value is None or value == ():
            yield at, _absent(document, name), left_out
        else:
            yield from _value(value, at, left_out=left_out)


def _value(value: object, at: str, *, left_out: bool) -> Iterator[tuple[str, str, bool]]:
    if isinstance(value, Document):
        yield from _fields(value, at)
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _value(each, f"{at}.{name}", left_out=left_out)
    elif isinstance(value, tuple) and any(isinstance(each, Document) for each in value):
        for position, each in enumerate(value):
            yield from _value(each, f"{at}[{position}]", left_out=left_out)
    else:
        yield at, _shown(value, at), left_out


def _absent(document: Document, name: str) -> str:
    return next((text for (kind, field), text in _LEFT_OUT.items() if isinstance(document, kind) and field == name), "none")


def _shown(value: object, at: str) -> str:
    for kind, say in _SAYINGS.items():
        if isinstance(value, kind):
            return say(value)
    if at.endswith((".days", "priced_as")):
        numbers = value if isinstance(value, tuple) else (value,)
        return ", ".join(DAY_WORDS[number] if isinstance(number, int) else str(number) for number in numbers)
    if isinstance(value, tuple):
        return ", ".join(_shown(each, "") for each in value)
    return str(value)
