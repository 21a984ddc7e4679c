"""A tariff document as YAML that people read and review: stable order, decimals in quotes, one rule or charge a line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from tariffs.exact import plain

WIDTH = 130
"""Columns that a mapping or list may fill before it is broken into lines."""
_ORDER = {
    "versions": ("tariff", "currency", "clock", "holidays", "rounding", "events", "versions"),
    "charges": ("from", "source", "seasons", "periods", "charges", "billing_demand", "conversion", "export"),
    "kind": ("id", "kind"),
}
"""What stands first in a document, a version and a charge, which are known by one key each; the rest follows as it comes."""
_OPEN = ("versions", "charges", "periods", "seasons", "source", "events")
"""Broken into lines however short they are."""
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./+-]*")
_NULLS = ("null", "Null", "NULL")
_SAFE = re.compile(r"[^\x20\x21\x23-\x5b\x5d-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd]")


def document_text(document: Mapping[str, Any], *, comments: Sequence[str] = ()) -> str:
    """Return a document as YAML.

    Args:
        document: mappings, lists, texts, ``Decimal``, ``int``, ``date`` and ``bool``; None is written as ``null``.
        comments: lines of the head.

    >>> print(document_text({"versions": [{"charges": [{"kind": "fixed", "id": "basic", "price": Decimal("16.360")}]}]}), end="")
    versions:
    - charges:
      - {id: basic, kind: fixed, price: "16.36"}
    """
    head = [f"# {_one_line(comment)}".rstrip() for comment in comments]
    return "\n".join([*head, *_mapping(_sorted(document), 0)]) + "\n"


def scalar_text(value: object) -> str:
    r"""Return a scalar as it is written: decimals and texts in quotes, plain words, whole numbers and dates without.

    >>> scalar_text(Decimal("0.120")), scalar_text("mon-fri"), scalar_text("15:00"), scalar_text('6" pipe')
    ('"0.12"', 'mon-fri', '"15:00"', '"6\\" pipe"')
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f'"{plain(value)}"'
    if isinstance(value, int | date):
        return str(value)
    text = str(value)
    return text if _WORD.fullmatch(text) and text not in _NULLS else f'"{_SAFE.sub(_escaped, text)}"'


def _escaped(match: re.Match[str]) -> str:
    letter = match[0]
    known = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(letter)
    code = ord(letter)
    return known or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}")  # noqa: PLR2004 - widths of YAML's escapes


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _sorted(value: Any) -> Any:  # noqa: ANN401 - a document of any depth
    """Return the same document with the known keys of each mapping in their order."""
    if isinstance(value, Mapping):
        order = next((names for key, names in _ORDER.items() if key in value), ())
        keys = [*(name for name in order if name in value), *(name for name in value if name not in order)]
        return {key: _sorted(value[key]) for key in keys}
    return [_sorted(each) for each in value] if isinstance(value, list | tuple) else value


def _flow(value: Any) -> str:  # noqa: ANN401 - a document of any depth
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar_text(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return scalar_text(value)


def _mapping(mapping: Mapping[str, Any], indent: int) -> Iterator[str]:
    margin = " " * indent
    for key, value in mapping.items():
        name = f"{margin}{scalar_text(key)}:"
        line = f"{name} {_flow(value)}"
        if not isinstance(value, Mapping | list) or not value or (key not in _OPEN and len(line) <= WIDTH):
            yield line
        else:
            yield name
            yield from _mapping(value, indent + 2) if isinstance(value, Mapping) else _list(key, value, indent)


def _list(key: str, members: list[Any], indent: int) -> Iterator[str]:
    margin = " " * indent
    for member in members:
        line = f"{margin}- {_flow(member)}"
        if not isinstance(member, Mapping | list) or not member or (key != "versions" and len(line) <= WIDTH):
            yield line
        elif isinstance(member, Mapping):
            first, *rest = _mapping(member, indent + 2)
            yield f"{margin}- {first[indent + 2 :]}"
            yield from rest
        else:
            yield f"{margin}-"
            yield from _list(key, member, indent + 2)
