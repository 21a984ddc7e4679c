"""The report of a simulated book: one HTML file without scripts, tables and charts inside, nothing loaded from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from pipelines.operations.book_simulation.chart import chart_svg
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

MOST_HELD = 1000
"""Held agreements that are listed one by one; rows have all."""
_STYLE = """
body { font: 15px/1.45 "Liberation Sans", Arial, Helvetica, sans-serif; color: #1a1a1a; }
body { max-width: 1100px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.5em; } h2 { font-size: 1.2em; margin-top: 2.2em; } h3 { font-size: 1em; margin: 1.6em 0 .4em; }
.wide { overflow-x: auto; } svg { max-width: 100%; height: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9em; }
th, td { padding: .25em .7em; border-bottom: 1px solid #ddd; text-align: left; white-space: nowrap; }
td:last-child { white-space: normal; } th { border-bottom: 2px solid #888; } .right { text-align: right; }
tr:hover td { background: #f5f5f5; } .note { color: #555; font-size: .9em; }
@media print { body { max-width: none; } tr { page-break-inside: avoid; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_NOTE = (
    "Revenue and bills are compared over the bills that both make. Every figure of how bills move is the difference of one "
    "real bill (nearest rank). A bin of rises includes its upper end, a bin of falls its lower end. A percentage stands where "
    "the revenue now is above zero."
)


def title_of(book: SimulatedBook) -> str:
    """Return what a report is called."""
    return "The book on " + ", ".join(dict.fromkeys(f"draft {draft.name}" for draft in book.drafts))


def charts_of(book: SimulatedBook) -> str | None:
    """Return the charts of a book; None where no bill is compared."""
    figures = [each for each in book.figures if each.whole is not None]
    return chart_svg(figures, title_of(book), facts_of(book)) if figures else None


def report_html(book: SimulatedBook, charts: str | None) -> str:
    """Return the report of a simulated book, with its charts as ``charts_of`` draws them."""
    title = title_of(book)
    parts = [
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<style>{_STYLE}</style>\n</head>\n<body>',
        f"<h1>{escape(title)}</h1>\n<ul>",
        *(f"<li>{escape(fact)}</li>" for fact in facts_of(book)),
        f'</ul>\n<p class="note">{escape(_NOTE)}</p>',
    ]
    for figures in book.figures:
        parts += _in_currency(figures)
    if charts is not None:
        parts.append(f'<h2>Charts</h2>\n<div class="wide">{charts}</div>')
    if book.held.num_rows:
        parts.append("<h2>Held</h2>")
        parts += [_table(sheet) for sheet in (held_sheet(book), held_agreements_sheet(book.held, MOST_HELD))]
    return "\n".join([*parts, "</body>\n</html>\n"])


def _in_currency(figures: BookFigures) -> Iterator[str]:
    """Yield the tables of a currency."""
    if figures.whole is None:
        return
    for name, groups in figures.groups.items():
        yield f"<h2>By {escape(name)} [{escape(figures.currency)}]</h2>"
        for sheet in (
            revenue_sheet(figures, name),
            spread_sheet(figures, name),
            histogram_sheet(figures, groups, name),
            moved_sheet(figures, groups, name),
        ):
            yield _table(sheet)
    yield f"<h2>By charge [{escape(figures.currency)}]</h2>"
    yield _table(charges_sheet(figures))


def _table(sheet: Sheet) -> str:
    """Return a table; whatever its cells say, it is text."""

    def cell(tag: str, header: str, text: str) -> str:
        return f'<{tag} class="right">{escape(text)}</{tag}>' if header in sheet.right else f"<{tag}>{escape(text)}</{tag}>"

    head = "".join(cell("th", header, header) for header in sheet.headers)
    body = "\n".join(
        "<tr>" + "".join(cell("td", header, text) for header, text in zip(sheet.headers, row, strict=True)) + "</tr>"
        for row in sheet.rows
    )
    table = f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>"
    return f'<h3>{escape(sheet.title)}</h3>\n<div class="wide">{table}</div>'
