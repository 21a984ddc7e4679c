"""Families of plain tables that portals and data sets publish: mappings that come with the package.

Each family is a document of ``families/`` with the names its header must have and a mapping as ``--map`` takes it. A
file is of a family when one of its first lines holds all names of the header and no other; what a reader of tables
cannot tell from the header, such as whether a load curve is use or generation, the preamble must say. A mapping that
was given with a file wins over every family.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from importlib.resources import files
from typing import Annotated, BinaryIO

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from pipelines.ingest.reader import Parsed, ReadContext, Reader
from pipelines.ingest.tables.mapped_csv import read_table
from pipelines.ingest.tables.mapping import CsvMapping, read_yaml
from pipelines.ingest.tables.rows import below, split_line

PREFIX = "csv_"
"""Begins the format's name of every family."""
_ENDING = ".yaml"
_FOLDER = files("pipelines.ingest.tables") / "families"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Family(BaseModel):
    """A family of tables.

    Attributes:
        title: what it is, for a person.
        columns: names that the header must have, in any order.
        more: names that it may have.
        intervals: the header also names the intervals of a day, which the mapping checks.
        delimiter: between the names.
        within: the header is one of so many lines.
        preamble: what must stand below names of the preamble.
        mapping: which column is what.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    columns: tuple[str, ...]
    more: tuple[str, ...] = ()
    intervals: Annotated[bool, BeforeValidator(lambda text: text == "true")] = False
    delimiter: str = ","
    within: Annotated[int, BeforeValidator(int), Field(ge=1)] = 1
    preamble: dict[str, str] = {}
    mapping: CsvMapping

    @cached_property
    def _allowed(self) -> frozenset[str]:
        return frozenset((*self.columns, *self.more, ""))

    def recognises(self, lines: Sequence[bytes]) -> bool:
        """Whether a file that begins with ``lines`` is of this family."""
        before: list[list[str]] = []
        for line in lines[: self.within]:
            names = [name.strip() for name in split_line(line, self.delimiter.encode())]
            if self._is_header(names):
                return all(below(before, name) == said for name, said in self.preamble.items())
            before.append(names)
        return False

    def _is_header(self, names: Sequence[str]) -> bool:
        known = set(names)
        one_each = all(names.count(name) == 1 for name in self.columns)
        return one_each and (self.intervals or known <= self._allowed)


def family_names() -> list[str]:
    """Return the format names of the families, sorted."""
    return sorted(PREFIX + entry.name.removesuffix(_ENDING) for entry in _FOLDER.iterdir() if entry.name.endswith(_ENDING))


@cache
def family(name: str) -> Family:
    """Return the family of a format's name."""
    text = (_FOLDER / (name.removeprefix(PREFIX) + _ENDING)).read_text("utf-8")
    return Family.model_validate(read_yaml(text))


def recognise_family(head: bytes) -> str | None:
    r"""Return the format's name of the family that a file's first bytes show; None where they show none.

    >>> recognise_family(b"LCLid,tstp,energy(kWh/hh)\nMAC000002,2013-01-01 00:00:00, 0.219 \n")
    'csv_low_carbon_london'
    """
    text = head.removeprefix(_BYTE_ORDER_MARK)
    ends = b"\r" if b"\n" not in text else b"\n"
    lines = [line.strip(b"\r\n") for line in text.split(ends)[:-1]]
    lines = [line for line in lines if line.strip()]
    return next((name for name in family_names() if family(name).recognises(lines)), None)


def family_reader(name: str) -> Reader:
    """Return the reader of a family."""

    def read_family(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
        return read_table(stream, context, family(name).mapping)

    return read_family
