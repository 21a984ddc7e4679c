"""The documents of the catalogue, found beside this module wherever the program is installed."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

from schemas.errors import InputRefusedError
from tariffs.load import parse_tariff
from tariffs.model import Tariff

SUFFIX = ".yaml"


class CatalogueEntry(NamedTuple):
    """A published tariff.

    Attributes:
        name: what agreements call it; its file is called the same.
        text: the document as it is shipped.
        tariff: the document, read and checked.
    """

    name: str
    text: str
    tariff: Tariff

    @property
    def source(self) -> Mapping[str, str]:
        """What the newest version says of its source: ``publisher``, ``title``, ``url``, ``country``, ``summary``, ..."""
        told: Mapping[str, str] = self.tariff.versions[-1].source
        return told

    @property
    def open_events(self) -> tuple[str, ...]:
        """Events whose windows no price list holds: they are written into the document as they are announced."""
        return tuple(name for name, windows in self.tariff.events.items() if not windows)


def names() -> tuple[str, ...]:
    """Return the names of all tariffs of the catalogue, sorted."""
    found = (each.name for each in files(__package__).iterdir())
    return tuple(sorted(name.removesuffix(SUFFIX) for name in found if name.endswith(SUFFIX)))


def entry(name: str) -> CatalogueEntry:
    """Return a tariff of the catalogue.

    Args:
        name: of the tariff.

    Raises:
        InputRefusedError: ``catalogue.unknown``.
    """
    if name not in names():
        code, way_out = "catalogue.unknown", "'m2b tariff catalogue' lists them"
        raise InputRefusedError(code, f"the catalogue has no tariff {name!r}", way_out, name)
    file = name + SUFFIX
    text = (files(__package__) / file).read_text("utf-8")
    return CatalogueEntry(name, text, parse_tariff(text, file))
