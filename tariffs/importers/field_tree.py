"""A foreign document of any depth, told off field by field: what nobody has told of when it is read is refused.

Each field has a path as people write it (``electricityContract.fees[2].amount``). Telling of a field tells of all that is
inside it. A field that is empty says nothing and counts as not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, TypeVar

from schemas.errors import TariffError
from tariffs.importers.carried_fields import CarriedField, Fate, is_empty
from tariffs.importers.document_text import scalar_text
from tariffs.importers.importer import INVALID, UNKNOWN, UNSUPPORTED

Made = TypeVar("Made")

_INDEX = re.compile(r"\[[0-9]+\]")
_MOST_LETTERS = 2_000
"""Of one text that is kept as information; the rest of a longer one is cut."""


def invalid(path: str, what: str) -> TariffError:
    """Return the refusal of a field that says something that cannot be."""
    return TariffError(INVALID, f"{path}: {what}", "", path)


def unsupported(path: str, what: str) -> TariffError:
    """Return the refusal of a field that cannot be carried."""
    return TariffError(UNSUPPORTED, f"{path}: {what}", f"leave it out on purpose with --without '{path}'", path)


def unknown(source: str, path: str) -> TariffError:
    """Return the refusal of a field that nobody here knows."""
    what = f"{path}: {source} has no such field here, and it may have a price"
    return TariffError(UNKNOWN, what, f"leave it out on purpose with --without '{path}'", path)


@dataclass
class FieldTree:
    """A document on its way.

    Attributes:
        source: name of the format, for messages.
        document: the whole document.
        without: fields that are left out on purpose: a path, its end, or either without positions (``fees``).
        refusals: what was refused so far.
        notes: sentences for the reader of the written file.
    """

    source: str
    document: Mapping[str, Any]
    without: frozenset[str]
    refusals: list[TariffError] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _fates: dict[str, CarriedField] = field(default_factory=dict)

    @property
    def root(self) -> FieldNode:
        """The outermost object."""
        return FieldNode(self, "", self.document)

    def is_left_out(self, path: str) -> bool:
        """Tell whether a field is left out on purpose, and remember it."""
        plain = _INDEX.sub("", path)
        named = any(name == each or each.endswith(f".{name}") for name in self.without for each in (path, plain))
        if named:
            self.tell(path, Fate.LEFT_OUT, "left out on request")
        return named

    def tell(self, path: str, fate: Fate, carried_as: str) -> None:
        """Tell what became of a field; what was told first stands."""
        self._fates.setdefault(path, CarriedField(path, fate, carried_as))

    def attempt(self, section: Callable[[], None]) -> None:
        """Run a part of the reading; what it refuses is kept, so that one message tells all."""
        try:
            section()
        except TariffError as refusal:
            self.refusals.append(refusal)

    def attempt_each(self, nodes: Sequence[FieldNode], make: Callable[[int, FieldNode], Iterator[Made]]) -> Iterator[Made]:
        """Yield what is made of each object, numbered from 1; what one refuses is kept, and the next is read."""
        for number, node in enumerate(nodes, start=1):
            made: list[Made] = []
            try:
                made.extend(make(number, node))
            except TariffError as refusal:
                self.refusals.append(refusal)
            yield from made

    def finish(self) -> tuple[CarriedField, ...]:
        """Return what became of every field, in the order of the document.

        Raises:
            TariffError: all that was refused on the way; and ``import.unknown`` for fields that nobody told of.
        """
        fates: dict[str, CarriedField] = {}
        strange: list[TariffError] = []
        for path, value in _leaves("", self.document):
            told = next((each for each in _ancestors(path) if each in self._fates), None)
            if told is not None:
                fates.setdefault(told, self._fates[told])
            elif is_empty(value):
                fates[path] = CarriedField(path, Fate.INFORMATION, "empty")
            else:
                strange.append(unknown(self.source, path))
        # what was refused on the way left fields untold that are known
        refusals = self.refusals or strange
        if refusals:
            raise together(refusals)
        return tuple(fates.values())


@dataclass(frozen=True)
class FieldNode:
    """An object of the document.

    Attributes:
        tree: the document it is part of.
        path: where it stands; empty for the outermost.
        value: its fields.
    """

    tree: FieldTree
    path: str
    value: Mapping[str, Any]

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self.path}.{name}" if self.path else name

    def get(self, name: str) -> Any:  # noqa: ANN401 - whatever a document holds
        """Return what a field says; None where it is not there, empty or left out."""
        value = self.value.get(name)
        return None if is_empty(value) or self.tree.is_left_out(self.at(name)) else value

    def text(self, name: str) -> str | None:
        """Return a text; None where there is none."""
        value = self.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid(self.at(name), f"a text is expected, not {shape_of(value)}")
        return value

    def word(self, name: str, words: Sequence[str]) -> str | None:
        """Return one of a closed set of words; None where there is none."""
        value = self.text(name)
        if value is not None and value not in words:
            raise invalid(self.at(name), f"{value!r:.60} is none of {', '.join(words)}")
        return value

    def needed(self, name: str, value: Any) -> Any:  # noqa: ANN401 - whatever a document holds
        """Return a value, and refuse that there is none."""
        if value is None:
            raise invalid(self.at(name), "is missing")
        return value

    def child(self, name: str) -> FieldNode | None:
        """Return an object inside this one; None where there is none."""
        value = self.get(name)
        if value is not None and not isinstance(value, dict):
            raise invalid(self.at(name), f"an object is expected, not {shape_of(value)}")
        return None if value is None else FieldNode(self.tree, self.at(name), value)

    def children(self, name: str) -> list[FieldNode]:
        """Return the objects of a list; those left out on purpose are not there."""
        value = self.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise invalid(self.at(name), f"a list is expected, not {shape_of(value)}")
        found = []
        for position, each in enumerate(value):
            path = f"{self.at(name)}[{position}]"
            if not isinstance(each, dict):
                raise invalid(path, f"an object is expected, not {shape_of(each)}")
            if not self.tree.is_left_out(path):
                found.append(FieldNode(self.tree, path, each))
        return found

    def carried(self, name: str, carried_as: str) -> None:
        """Tell that a field is carried; without a name, all of this object."""
        self.tree.tell(self.at(name) if name else self.path, Fate.CARRIED, carried_as)

    def information(self, name: str, why: str) -> None:
        """Tell that a field is kept as information; without a name, all of this object."""
        self.tree.tell(self.at(name) if name else self.path, Fate.INFORMATION, why)

    def left_out(self, what: str) -> None:
        """Tell that all of this object was left out on request."""
        self.tree.tell(self.path, Fate.LEFT_OUT, what)

    def inform(self, fields: Mapping[str, str]) -> None:
        """Tell that fields are kept as information, each with what it means."""
        for name, meaning in fields.items():
            if name in self.value and not self.tree.is_left_out(self.at(name)):
                self.information(name, meaning)

    def only(self, *names: str) -> None:
        """Refuse fields that are not among the known ones: needed where an object is told of as a whole."""
        for name, value in self.value.items():
            if name not in names and not is_empty(value) and not self.tree.is_left_out(self.at(name)):
                self.tree.refusals.append(unknown(self.tree.source, self.at(name)))


def together(refusals: Sequence[TariffError]) -> TariffError:
    """Return one refusal that tells all; the first gives the code and the place."""
    first = refusals[0]
    return TariffError(first.code, "\n".join(refusal.message for refusal in refusals), first.hint, first.where)


def kept(value: object) -> object:
    """Return information as the document keeps it: long texts are cut, the rest stands as it is."""
    if isinstance(value, dict):
        return {str(key): kept(each) for key, each in value.items() if not is_empty(each)}
    if isinstance(value, list):
        return [kept(each) for each in value]
    if isinstance(value, str) and len(scalar_text(value)) > _MOST_LETTERS:
        return f"{value[:_MOST_LETTERS]} […]"
    if isinstance(value, Decimal):
        return str(value)
    return value


def shape_of(value: object) -> str:
    """Return what a value is, in words."""
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(
        type(value), str(value)
    )


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a document of any depth
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _leaves(f"{path}.{key}" if path else str(key), each)
    elif isinstance(value, list) and value:
        for position, each in enumerate(value):
            yield from _leaves(f"{path}[{position}]", each)
    else:
        yield path, value


def _ancestors(path: str) -> Iterator[str]:
    """Yield a path and those of all that it is inside of.

    >>> list(_ancestors("fees[2].amount"))
    ['fees[2].amount', 'fees[2]', 'fees']
    """
    yield path
    for place in range(len(path) - 1, 0, -1):
        if path[place] in ".[":
            yield path[:place]
