"""A simulated book as people read it on a terminal: revenue and spread by group, what moves most, what is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pipelines.cli.grid import Grid
from pipelines.operations.book_simulation.figures import BookFigures
from pipelines.operations.book_simulation.simulation import SimulatedBook
from pipelines.operations.book_simulation.tables import (
    Sheet,
    charges_sheet,
    facts_of,
    held_agreements_sheet,
    held_sheet,
    histogram_sheet,
    moved_sheet,
    revenue_sheet,
    spread_sheet,
)

MOST_HELD = 10
"""Held agreements that are shown one by one; ``--json`` and rows have all."""


def book_parts(book: SimulatedBook) -> list[str | Grid]:
    """Return what was compared, then the tables."""
    parts: list[str | Grid] = list(facts_of(book))
    sheets = [sheet for figures in book.figures for sheet in _in_currency(figures)]
    if book.held.num_rows:
        sheets += [held_sheet(book), held_agreements_sheet(book.held, MOST_HELD)]
    for sheet in sheets:
        parts += ["", sheet.title, Grid(sheet.headers, sheet.rows, right=sheet.right)]
    return parts


def _in_currency(figures: BookFigures) -> Iterator[Sheet]:
    if figures.whole is None:
        return
    for name in figures.groups:
        yield revenue_sheet(figures, name)
        yield spread_sheet(figures, name)
    yield _of_all(histogram_sheet(figures, [figures.whole], "of"))
    yield _of_all(moved_sheet(figures, [figures.whole], "of"))
    yield charges_sheet(figures)


def _of_all(sheet: Sheet) -> Sheet:
    """Return a table of one group without the column that names it."""
    return replace(sheet, headers=sheet.headers[1:], rows=[row[1:] for row in sheet.rows])
