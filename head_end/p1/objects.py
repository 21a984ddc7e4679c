"""Objects: the lines of a telegram, ``1-0:1.8.1(000123.456*kWh)``: an OBIS code and values in parentheses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from head_end.p1.framing import Line
from schemas.obis import Obis, parse_obis

_OBJECT = re.compile(r"(?P<code>[0-9]{1,3}-[0-9]{1,3}:[0-9.]{3,11}(?:[*&][0-9]{1,3})?)(?P<cells>(?:\([^()]*\))+)")
_CELLS = re.compile(r"(?:\([^()]*\))+")


class P1Object(NamedTuple):
    """An object of a telegram.

    Attributes:
        line: number of its line.
        written: its OBIS code as the meter writes it.
        code: the code by its groups.
        cells: what stands in its parentheses.
    """

    line: int
    written: str
    code: Obis
    cells: tuple[str, ...]

    @property
    def raw(self) -> str:
        """The object as a line."""
        return self.written + "".join(f"({cell})" for cell in self.cells)


class Unreadable(NamedTuple):
    """A line that holds no object."""

    line: int
    raw: bytes


def parse_objects(lines: Iterable[Line]) -> tuple[list[P1Object], list[Unreadable]]:
    """Return the objects of some lines, and the lines that hold none.

    A line that begins with a parenthesis goes on with the object before it, as the gas readings of DSMR 2.2 and 3 do.

    Args:
        lines: of a telegram, without its identification; blank ones are passed over.
    """
    objects: list[P1Object] = []
    unreadable: list[Unreadable] = []
    for line in lines:
        text = line.text.strip().decode("ascii", "replace")
        if not text:
            continue
        match = _OBJECT.fullmatch(text)
        code = parse_obis_once(match["code"]) if match else None
        if match is not None and code is not None:
            objects.append(P1Object(line.number, match["code"], code, _cells(match["cells"])))
        elif objects and _CELLS.fullmatch(text):
            before = objects[-1]
            objects[-1] = before._replace(cells=before.cells + _cells(text))
        else:
            unreadable.append(Unreadable(line.number, line.text))
    return objects, unreadable


@lru_cache(maxsize=4096)
def parse_obis_once(text: str) -> Obis | None:
    """Return an OBIS code; telegrams name the same ones again and again."""
    return parse_obis(text)


def _cells(text: str) -> tuple[str, ...]:
    return tuple(text[1:-1].split(")("))
