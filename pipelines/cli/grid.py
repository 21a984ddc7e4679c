"""Tables for people: as wide as they need to be in a file, fitted to the window on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        headers: names of the columns.
        rows: cells as text.
        right: columns set flush right: numbers.
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    right: Sequence[str] = ()


def show(part: str | Grid, out: IO[str]) -> None:
    """Write a sentence or a table.

    Args:
        part: what to write.
        out: where to; colours and fitting only on a terminal, and NO_COLOR is respected.
    """
    if isinstance(part, str):
        out.write(part + "\n")
        return
    if not out.isatty():
        out.write("".join(line.rstrip() + "\n" for line in plain_lines(part)))
        return
    from rich import box  # noqa: PLC0415 - only where somebody looks
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for number, header in enumerate(part.headers, start=1):
        # the last column, often a sentence, gives way first
        whole = number < len(part.headers)
        table.add_column(header, justify="right" if header in part.right else "left", overflow="fold", no_wrap=whole)
    for row in part.rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(file=out).print(table)


def plain_lines(grid: Grid) -> list[str]:
    """Return a table as lines of aligned columns.

    >>> plain_lines(Grid(["bill", "total"], [["b1", "10.50"], ["b22", "9.00"]], right=["total"]))
    ['bill  total', '----  -----', 'b1    10.50', 'b22    9.00']
    """
    widths = [max(len(row[place]) for row in (grid.headers, *grid.rows)) for place in range(len(grid.headers))]
    flush = [str.rjust if header in grid.right else str.ljust for header in grid.headers]
    rows = [grid.headers, ["-" * width for width in widths], *grid.rows]
    return ["  ".join(put(cell, width) for put, cell, width in zip(flush, row, widths, strict=True)).rstrip() for row in rows]
