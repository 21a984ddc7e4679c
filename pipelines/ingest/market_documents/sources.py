"""A part of a document, whether it is written in XML or in JSON: texts and parts by their names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from pipelines.ingest.strict_json import value_at
from pipelines.ingest.strict_xml import Element, children, local_name, text_at

_WRAPPERS = ("value", "name")
"""Keys that hold the scalar where JSON wraps it with its coding scheme."""


class Source(Protocol):
    """A part of a document."""

    def value(self, *path: str) -> str | Decimal | None:
        """Return the scalar at a path of names; None where there is none or it is empty."""

    def scalars(self) -> Mapping[str, str | Decimal]:
        """Return the scalars right in this part by their names, all at once: points are many."""

    def parts(self, name: str) -> Iterator[Source]:
        """Yield the parts of a name, in order."""


@dataclass(frozen=True)
class XmlSource:
    """An element, by the local names in it."""

    element: Element

    def value(self, *path: str) -> str | None:
        """Return the text at a path of local names."""
        return text_at(self.element, *path)

    def scalars(self) -> dict[str, str]:
        """Return the texts of the children by their local names; several of one name make a text that is no number."""
        found: dict[str, str] = {}
        for inner in self.element:
            text = "".join(inner.itertext()) if len(inner) else inner.text or ""
            if text.strip():
                name = local_name(inner)
                found[name] = f"{found[name]} {text.strip()}" if name in found else text.strip()
        return found

    def parts(self, name: str) -> Iterator[XmlSource]:
        """Yield the children of a local name."""
        return (XmlSource(inner) for inner in children(self.element, name))


@dataclass(frozen=True)
class JsonSource:
    """An object; scalars may be wrapped as ``{"value": ...}``, lists of one may be written as the one."""

    content: Any

    def value(self, *path: str) -> str | Decimal | None:
        """Return the text or number at a path of keys.

        >>> JsonSource({"a": {"value": " x "}, "b": {"c": {"codingScheme": "A10", "name": "y"}}}).value("b", "c")
        'y'
        """
        return _scalar(value_at(self.content, *path))

    def scalars(self) -> dict[str, str | Decimal]:
        """Return the texts and numbers of the object by their keys."""
        content = self.content if isinstance(self.content, dict) else {}
        return {key: found for key, held in content.items() if (found := _scalar(held)) is not None}

    def parts(self, name: str) -> Iterator[JsonSource]:
        """Yield what a key holds: the members of a list, or the one that stands there."""
        found = value_at(self.content, name)
        members = found if isinstance(found, list) else () if found is None else (found,)
        return (JsonSource(member) for member in members)


def _scalar(found: object) -> str | Decimal | None:
    """Return a text or number, unwrapped; None where it is neither, or empty."""
    if isinstance(found, dict):
        found = next((found[key] for key in _WRAPPERS if key in found), None)
    if isinstance(found, str):
        return found.strip() or None
    return found if isinstance(found, Decimal) else None


def text_of(source: Source, *path: str) -> str | None:
    """Return the scalar at a path as text."""
    found = source.value(*path)
    return str(found) if isinstance(found, Decimal) else found


def first_text(source: Source, *paths: tuple[str, ...]) -> str | None:
    """Return the text at the first path that leads to one."""
    return next((text for path in paths if (text := text_of(source, *path)) is not None), None)
