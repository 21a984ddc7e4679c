"""What an importer is: bytes of a foreign format to a tariff document, and what became of every field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple, Protocol

from tariffs.importers.carried_fields import CarriedField

UNSUPPORTED = "import.unsupported"
"""Code: the field is known, and what it says cannot be carried into a tariff document."""
INVALID = "import.invalid"
"""Code: the field says something that cannot be."""
UNKNOWN = "import.unknown"
"""Code: nobody here knows the field, so nobody knows whether it has a price."""
SYNTAX = "import.syntax"
"""Code: the file is not written in the language of its format."""
UNRECOGNISED = "import.unrecognised"
"""Code: no importer knows the format."""


class ImportOptions(NamedTuple):
    """How a file is imported.

    Attributes:
        where: name of the file, for messages.
        without: fields that are left out on purpose; one that the file lacks is no mistake.
    """

    where: str
    without: frozenset[str] = frozenset()


class SeriesRow(NamedTuple):
    """A price that holds from an instant until the next row."""

    start: datetime
    price: Decimal


@dataclass(frozen=True)
class ImportedTariff:
    """A tariff document made of a foreign one.

    Attributes:
        source: name of the format.
        document: the tariff document: mappings, lists, texts, ``Decimal``, ``int``, ``date`` and ``bool``. What stands in
            ``missing`` is not in it.
        fields: what became of every field of the source, in its order.
        notes: sentences that a reader of the written file needs.
        assumed: for keys of the document that the source does not have: the sentence that says so. It is told unless an
            overlay sets the key.
        missing: for keys that the source does not have and nothing can stand for: the field that leaves it open. An
            overlay must set them.
        series: rows of the price series that the document names, in order.
    """

    source: str
    document: dict[str, Any]
    fields: tuple[CarriedField, ...]
    notes: tuple[str, ...] = ()
    assumed: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)
    series: Mapping[str, tuple[SeriesRow, ...]] = field(default_factory=dict)


class Importer(Protocol):
    """A foreign format."""

    name: str
    """As people call it: ``URDB v8``."""

    def recognise(self, content: bytes) -> bool:
        """Tell whether a file is meant to be of this format; it may still be broken."""
        ...

    def read(self, content: bytes, options: ImportOptions) -> ImportedTariff:
        """Return the tariff that a file says.

        Raises:
            TariffError: one of the codes above; ``where`` is the name of the field.
        """
        ...
