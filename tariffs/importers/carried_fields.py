"""The fate of every field of a foreign record: carried, kept as information, or left out on purpose. None goes unnoticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Fate(StrEnum):
    """What became of a field."""

    CARRIED = "carried"
    """It is in the charges, periods or dates of the document."""
    INFORMATION = "information"
    """It has no price and is kept, or repeats what is said otherwise."""
    LEFT_OUT = "left_out"
    """It was left out on request."""


@dataclass(frozen=True)
class CarriedField:
    """What became of a field.

    Attributes:
        field: its name in the source.
        fate: what became of it.
        carried_as: where it stands in the document, or why it has no effect.
    """

    field: str
    fate: Fate
    carried_as: str


class FieldBook:
    """The fields of a record as they are told off, one by one.

    A field that is empty (``null``, an empty text, list or object) says nothing and counts as not there.
    """

    def __init__(self, record: Mapping[str, Any], without: frozenset[str]) -> None:
        """Begin with no field told off but those left out."""
        self._record = record
        self._fates: dict[str, CarriedField] = {}
        for name, value in record.items():
            if name in without:
                self._tell(name, Fate.LEFT_OUT, "left out on request")
            elif is_empty(value):
                self._tell(name, Fate.INFORMATION, "empty")

    def value(self, name: str) -> Any:  # noqa: ANN401 - whatever a record holds
        """Return what a field says; None where it is not there, empty or left out."""
        gone = name in self._fates and (self._fates[name].fate is Fate.LEFT_OUT or is_empty(self._record[name]))
        return None if gone else self._record.get(name)

    def carried(self, name: str, carried_as: str) -> None:
        """Tell that a field is carried."""
        self._tell(name, Fate.CARRIED, carried_as)

    def information(self, name: str, why: str) -> None:
        """Tell that a field is kept as information."""
        self._tell(name, Fate.INFORMATION, why)

    def left_out(self, name: str, what: str) -> None:
        """Tell that a part of a field was left out on request."""
        self._fates[name] = CarriedField(name, Fate.LEFT_OUT, what)

    @property
    def untold(self) -> tuple[str, ...]:
        """The fields of the record that nothing was told of yet."""
        return tuple(name for name in self._record if name not in self._fates)

    def fates(self) -> tuple[CarriedField, ...]:
        """Return what became of every field, in the order of the record; parts of fields last."""
        whole = [self._fates[name] for name in self._record]
        return (*whole, *(each for name, each in self._fates.items() if name not in self._record))

    def _tell(self, name: str, fate: Fate, carried_as: str) -> None:
        if name in self._record and name not in self._fates:
            self._fates[name] = CarriedField(name, fate, carried_as)


def is_empty(value: object) -> bool:
    """Tell whether a value says nothing.

    >>> [is_empty(value) for value in (None, "", " ", [], {}, 0, False)]
    [True, True, True, True, True, False, False]
    """
    return value is None or (isinstance(value, str) and not value.strip()) or value in ([], {})
