"""Overlays: what a foreign format cannot say, merged into the imported document.

``currency``, ``clock``, ``holidays``, ``rounding``, ``events`` and ``tariff`` replace those of the document. Every other key is
merged into each version: a mapping into a mapping, anything else replaces, ``null`` removes. ``charges`` is a mapping from a
kind of charge to what is merged into every charge of that kind; ``add_charges`` is a list of charges to add.

Whoever writes an overlay does not know into how many charges a price list falls: where one charge names others
(``of: [energy]``), a name that no charge has stands for those that an importer divided it into (``energy_1``, ``energy_2``),
else for all imported ones of that kind.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel

from schemas.errors import TariffError
from tariffs.charges.tiers import Tiers
from tariffs.load import path_text, read_yaml
from tariffs.model import Charge, Version

INVALID = "overlay.invalid"
"""Code: the overlay is no mapping of the shape above."""
UNKNOWN = "overlay.unknown"
"""Code: the overlay names a key, or a kind of charge, that a tariff does not have."""

_CHARGES, _ADD = "charges", "add_charges"
_HEAD = ("tariff", "currency", "clock", "holidays", "rounding", "events")
_GOES_WITH = {
    ("fixed", "days"): ("per", "day"),
    ("fixed", "prorate"): ("per", "month"),
    ("minimum", "prorate"): ("per", "month"),
    ("demand", "prorate"): ("per", "month"),
}
"""Rules of one kind of charge that mean something with one value of another key only."""


def _kinds() -> dict[str, type[BaseModel]]:
    models = [get_args(each)[0] for each in get_args(get_args(Charge)[0])]
    tags = [get_args(each)[1].tag for each in get_args(get_args(Charge)[0])]
    return {tag.removeprefix("~"): model for tag, model in zip(tags, models, strict=True)}


KINDS = _kinds()
"""The shape of each kind of charge."""


@dataclass(frozen=True)
class Merged:
    """A document with an overlay in it.

    Attributes:
        document: the document.
        without_effect: sentences on rules of the overlay that nothing in the document needs.
        from_overlay: number of the last charges that the overlay added.
    """

    document: dict[str, Any]
    without_effect: tuple[str, ...]
    from_overlay: int


def read_overlay(text: str, where: str) -> dict[str, Any]:
    """Return an overlay of a YAML text.

    Args:
        text: the overlay; an empty one changes nothing.
        where: its file name, for messages.

    Raises:
        TariffError: ``tariff.syntax``; ``overlay.invalid``; ``overlay.unknown``; ``where`` is the path of the key.
    """
    overlay = read_yaml(text, where).value
    if overlay is None:
        return {}
    if not isinstance(overlay, dict):
        raise _invalid((), "an overlay is a mapping")
    known = (*_HEAD, *_names_of(Version), _ADD)
    for key in overlay:
        if key not in known:
            raise _unknown((key,), f"a tariff has no {key!r} that an overlay may set; it may set {', '.join(known)}")
    _check_charges(overlay.get(_CHARGES, {}))
    if not isinstance(overlay.get(_ADD, []), list) or not all(isinstance(each, dict) for each in overlay.get(_ADD, [])):
        raise _invalid((_ADD,), "a list of charges is expected")
    return overlay


def _check_charges(charges: object) -> None:
    if not isinstance(charges, dict):
        raise _invalid((_CHARGES,), "a mapping from a kind of charge to rules is expected")
    for kind, rules in charges.items():
        if kind not in KINDS:
            raise _unknown((_CHARGES, kind), f"there is no kind {kind!r}; there are {', '.join(KINDS)}")
        if not isinstance(rules, dict):
            raise _invalid((_CHARGES, kind), "a mapping is expected")
        names = _names_of(KINDS[kind])
        for name in rules:
            if name in ("id", "kind") or name not in names:
                raise _unknown((_CHARGES, kind, name), f"a charge of kind {kind} has no {name!r} that an overlay may set")
        tiers = rules.get("tiers")
        if tiers is not None and not isinstance(tiers, dict):
            raise _invalid((_CHARGES, kind, "tiers"), "a mapping is expected")
        for name in tiers or ():
            if kind == "energy" and name not in _names_of(Tiers):
                raise _unknown((_CHARGES, kind, "tiers", name), f"tiers have no {name!r}")


def merge(document: Mapping[str, Any], overlay: Mapping[str, Any]) -> Merged:
    """Return a document with an overlay merged into it; neither is changed.

    Args:
        document: a tariff document; ``versions`` with their ``charges`` are there.
        overlay: as ``read_overlay`` returns it.
    """
    merged = dict(document)
    for key in _HEAD:
        if key in overlay:
            merged[key] = overlay[key]
    rest = {key: value for key, value in overlay.items() if key not in (*_HEAD, _CHARGES, _ADD)}
    added = list(overlay.get(_ADD, []))
    versions: list[dict[str, Any]] = []
    idle: list[str] = []
    for version in document["versions"]:
        charges = list(version["charges"])
        for kind, rules in overlay.get(_CHARGES, {}).items():
            charges = list(_ruled(charges, frozenset(version.get("periods") or ()), kind, rules, idle))
        versions.append(_with_names(_into(version | {_CHARGES: [*charges, *added]}, rest), charges))
    return Merged(_without_nulls(merged | {"versions": versions}), tuple(dict.fromkeys(idle)), len(added))


def _with_names(version: dict[str, Any], imported: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a version in which names of charges that the import divided, and of kinds, are the charges they stand for."""
    ids = {charge.get("id") for charge in version[_CHARGES]}

    def meant(name: object) -> list[object]:
        if not isinstance(name, str) or name in ids:
            return [name]
        divided = [charge["id"] for charge in imported if re.fullmatch(rf"{re.escape(name)}_p?[0-9]+", charge["id"])]
        return divided or [charge["id"] for charge in imported if charge["kind"] == name] or [name]

    def told(part: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
        lists = {key: part[key] for key in keys if isinstance(part.get(key), list)}
        return part | {key: list(dict.fromkeys(each for name in names for each in meant(name))) for key, names in lists.items()}

    export = version.get("export")
    named = version | {_CHARGES: [told(charge, ("of", "covers")) for charge in version[_CHARGES]]}
    return named | ({"export": told(export, ("offsets", "tax"))} if isinstance(export, dict) else {})


def _ruled(
    charges: list[dict[str, Any]], periods: frozenset[str], kind: str, rules: Mapping[str, Any], idle: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the charges, those of a kind with rules merged in; say in ``idle`` what had no effect."""
    found = [charge for charge in charges if charge["kind"] == kind]
    if not found:
        idle.append(f"{_CHARGES}.{kind}: the tariff has no charge of this kind")
    shared = {name for charge in found if _shares(charge, periods) for name in charge["price"]}
    one_for_all: set[str] = set()
    for charge in charges:
        if charge["kind"] != kind:
            yield charge
            continue
        below, above = dict(charge), dict(rules)
        if isinstance(rules.get("price"), dict) and "series" in rules["price"]:
            # a series prices every interval: prices by period and step go, and with them the ladders they belong to
            below = {key: value for key, value in charge.items() if key not in ("price", "tiers")}
            quantity = str(charge.get("quantity"))
            if _shares(charge, periods) and quantity in one_for_all:
                idle.append(f"{_CHARGES}.{kind}.price: the series prices what {charge['id']} priced; it is left out")
                continue
            one_for_all.update([quantity] if _shares(charge, periods) else [])
        elif isinstance(rules.get("price"), dict) and _shares(charge, periods):
            above["price"] = {key: each for key, each in rules["price"].items() if key in charge["price"] or key not in shared}
        yield _into(below, {key: each for key, each in above.items() if not _is_idle(kind, key, below, above, idle)})


def _shares(charge: Mapping[str, Any], periods: frozenset[str]) -> bool:
    """Tell whether a charge prices some of the version's periods, and others of its kind the rest."""
    return charge["kind"] == "energy" and isinstance(charge.get("price"), dict) and set(charge["price"]) < periods


def _is_idle(kind: str, key: str, charge: Mapping[str, Any], rules: Mapping[str, Any], idle: list[str]) -> bool:
    """Tell whether a rule has no effect on a charge, and say so in ``idle``."""
    rule, why = rules[key], None
    if key == "tiers" and isinstance(rule, dict) and "tiers" not in charge and not {"limits", "blocks"} & set(rule):
        why = "has no tiers"
    if (kind, key) in _GOES_WITH:
        name, wanted = _GOES_WITH[kind, key]
        usual = KINDS[kind].model_fields[name].get_default()
        why = None if rules.get(name, charge.get(name, usual)) == wanted else f"is not per {wanted}"
    if why is not None:
        idle.append(f"{_CHARGES}.{kind}.{key}: {charge['id']} {why}")
    return why is not None


def _into(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _into(merged[key], value) if both else value
    return merged


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - a document of any depth
    if isinstance(value, Mapping):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value


def _names_of(model: type[BaseModel]) -> tuple[str, ...]:
    """Return the keys of a part of a document as people write them."""
    names = [field.alias or name for name, field in model.model_fields.items()]
    return (*names, "series") if model is KINDS.get("rider") else tuple(names)


def _invalid(path: tuple[str | int, ...], what: str) -> TariffError:
    return TariffError(INVALID, f"overlay: {path_text(path)}: {what}", "", path_text(path))


def _unknown(path: tuple[str | int, ...], what: str) -> TariffError:
    return TariffError(UNKNOWN, f"overlay: {path_text(path)}: {what}", "", path_text(path))
