"""YAML text to a tariff: every problem at once, each with its line and the path of its field.

The text is YAML 1.2 without anchors, aliases and tags; every scalar is text (``off`` is a word, ``12:30`` a time), and a
key that stands twice is refused. What a scalar means, its field says.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)

from schemas.errors import TariffError
from tariffs.checks import problems_of
from tariffs.model import Tariff
from tariffs.problems import Path, Problem
from tariffs.scalars import GAP, INVALID, UNSUPPORTED

SYNTAX = "tariff.syntax"
"""Code: the text is no YAML of the kind described above."""
MAX_BYTES = 1_000_000
MAX_DEPTH = 20
_NULLS = ("", "~", "null", "Null", "NULL")
_CODES = (UNSUPPORTED, GAP, INVALID)
"""The code of a refusal is the first of these that any problem has."""
_WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a tariff here",
    "too_short": "is empty",
    "model_type": "a mapping is expected here",
    "dict_type": "a mapping is expected here",
    "tuple_type": "a list is expected here",
}


class YamlTree(NamedTuple):
    """A document as dicts, lists and text, and where each part of it stands."""

    value: Any
    lines: dict[Path, int]


def parse_tariff(text: str, where: str) -> Tariff:
    """Return the tariff that a YAML text says.

    Args:
        text: the document.
        where: its file name, for messages.

    Raises:
        TariffError: ``tariff.syntax``, ``tariff.unsupported``, ``tariff.gap`` or ``tariff.invalid``; the message lists every
            problem as ``file:line: field.path: what``, and ``error.where`` is the path of the field that gave the code.
    """
    tariff, tree = read_tariff(text, where)
    problems = problems_of(tariff)
    if problems:
        raise refusal(problems, tree, where)
    return tariff


def read_tariff(text: str, where: str) -> tuple[Tariff, YamlTree]:
    """Return what a YAML text of the right shape says, whether it can be followed or not, and where each part stands.

    Raises:
        TariffError: ``tariff.syntax``, ``tariff.unsupported`` or ``tariff.invalid``, as in ``parse_tariff``.
    """
    tree = read_yaml(text, where)
    try:
        return Tariff.model_validate(tree.value), tree
    except ValidationError as error:
        raise refusal(_shape_problems(error), tree, where) from None


def refusal(problems: list[Problem], tree: YamlTree, where: str) -> TariffError:
    """Return the error that lists problems by line."""
    placed = sorted(problems, key=lambda problem: (line_of(problem.path, tree), path_text(problem.path)))
    lines = [f"{where}:{line_of(each.path, tree)}: {path_text(each.path)}: {each.what}" for each in placed]
    code = next(code for code in _CODES if any(each.code == code for each in placed))
    first = next(each for each in placed if each.code == code)
    return TariffError(code, "\n".join(lines), "", path_text(first.path))


def path_text(path: Path) -> str:
    """Return a path as people write it.

    >>> path_text(("versions", 0, "charges", 2, "price", "peak"))
    'versions[0].charges[2].price.peak'
    """
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".") or "document"


def _shape_problems(error: ValidationError) -> list[Problem]:
    problems = [_problem_of(each) for each in error.errors()]
    # a list whose members were refused is called empty as well
    return [
        each
        for each in problems
        if each.what != _WORDS["too_short"]
        or not any(other.path[: len(each.path)] == each.path for other in problems if other is not each)
    ]


def _problem_of(error: Any) -> Problem:  # noqa: ANN401 - pydantic's own error detail
    path = tuple(part for part in error["loc"] if not (isinstance(part, str) and part.startswith("~")))
    if path and path[-1] == "[key]":
        path = path[:-1]
    code = error["type"] if error["type"] in _CODES else INVALID
    return Problem(path, code, _WORDS.get(error["type"], error["msg"]))


def line_of(path: Path, tree: YamlTree) -> int:
    """Return the line that a path, or the nearest part of the document above it, stands on."""
    while path and path not in tree.lines:
        path = path[:-1]
    return tree.lines.get(path, 1)


def read_yaml(text: str, where: str) -> YamlTree:
    """Return a YAML text as dicts, lists and text (an empty scalar, ``~`` or ``null`` is None).

    Raises:
        TariffError: ``tariff.syntax``: no YAML, too large, too deep, a key twice, an anchor, alias, tag or second document.
    """
    if len(text.encode()) > MAX_BYTES:
        raise TariffError(SYNTAX, f"{where} is larger than {MAX_BYTES:,} bytes", "split the tariff", where)
    reader = _Reader(where)
    try:
        return reader.read(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        raise reader.refuse(mark.line + 1 if mark is not None else 1, what) from None


class _Reader:
    """Makes a tree of the parser's events; the parser's own objects never get to construct anything."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: dict[Path, int] = {}

    def refuse(self, line: int, what: str) -> TariffError:
        return TariffError(SYNTAX, f"{self.where}:{line}: {what}", "", f"{self.where}:{line}")

    def read(self, text: str) -> YamlTree:
        events = iter(YAML(typ="safe", pure=True).parse(io.StringIO(text)))
        value: Any = None
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self.refuse(event.start_mark.line + 1, "a second document begins here; one file holds one tariff")
                value = self._node(next(events), events, ())
            elif isinstance(event, StreamEndEvent):
                break
        return YamlTree(value, self.lines)

    def _node(self, event: Any, events: Iterator[Any], path: Path) -> Any:  # noqa: ANN401 - the parser is untyped
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None) is not None:
            raise self.refuse(line, "anchors and aliases are not used in a tariff")
        if getattr(event, "ctag", None):
            raise self.refuse(line, "tags are not used in a tariff")
        if len(path) > MAX_DEPTH:
            raise self.refuse(line, f"more than {MAX_DEPTH} levels deep")
        self.lines.setdefault(path, line)
        if isinstance(event, MappingStartEvent):
            return self._mapping(events, path)
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, path)
        return None if event.style is None and event.value in _NULLS else event.value

    def _mapping(self, events: Iterator[Any], path: Path) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for event in events:
            if isinstance(event, MappingEndEvent):
                break
            line = event.start_mark.line + 1
            if not isinstance(event, ScalarEvent):
                raise self.refuse(line, "a key is a plain word")
            self._node(event, events, (*path, event.value))
            if event.value in mapping:
                raise self.refuse(line, f"{path_text((*path, event.value))} stands twice")
            mapping[event.value] = self._node(next(events), events, (*path, event.value))
        return mapping

    def _sequence(self, events: Iterator[Any], path: Path) -> list[Any]:
        sequence: list[Any] = []
        for event in events:
            if isinstance(event, SequenceEndEvent):
                break
            sequence.append(self._node(event, events, (*path, len(sequence))))
        return sequence
