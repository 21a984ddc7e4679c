"""The pages of the documentation as tests read them: headings, table rows, code blocks, links."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
_FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class CodeBlock(NamedTuple):
    """A fenced block: its page, the line it begins in, its language and text."""

    page: str
    line: int
    language: str
    text: str

    @property
    def name(self) -> str:
        """What a test's report calls it."""
        return f"{self.page}:{self.line}"


def pages() -> list[Path]:
    """Return every page of the documentation."""
    return sorted(DOCS.rglob("*.md"))


def read(name: str) -> str:
    """Return the text of a page by its path below ``docs/``."""
    return (DOCS / name).read_text("utf-8")


def prose(text: str) -> str:
    """Return a page without its code blocks."""
    return _FENCE.sub("", text)


def blocks(name: str, language: str) -> list[CodeBlock]:
    """Return the code blocks of a page in one language, in order."""
    text = read(name)
    return [
        CodeBlock(name, text.count("\n", 0, match.start()) + 1, match[1], match[2])
        for match in _FENCE.finditer(text)
        if match[1] == language
    ]


def blocks_of_all_pages(language: str) -> list[CodeBlock]:
    """Return the code blocks of every page in one language."""
    return [block for page in pages() for block in blocks(page.relative_to(DOCS).as_posix(), language)]


def headings(text: str) -> list[str]:
    """Return the headings of a page, their marks left out."""
    return re.findall(r"^#+ (.*)$", prose(text), re.MULTILINE)


def anchor(heading: str) -> str:
    """Return the anchor of a heading as GitHub makes it.

    >>> anchor("Versions, copies, conflicts"), anchor("`fixed`")
    ('versions-copies-conflicts', 'fixed')
    """
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def first_cells(text: str) -> list[list[str]]:
    """Return the code words of the first cell of each table row that begins with one."""
    rows = re.findall(r"^\| (`[^|]*?) \|", prose(text), re.MULTILINE)
    return [re.findall(r"`([^`]+)`", row) for row in rows]


def rows_of_keys(text: str, header: str) -> dict[str, str]:
    """Return the rows of the one table whose first column is called ``header``, by the code words of their first cell.

    A row whose first cell is empty goes on with the row above.

    Raises:
        ValueError: there is not exactly one such table.
    """
    tables = re.findall(rf"^\| {re.escape(header)} \|.*\n\|[-|]+\n((?:\|.*\n?)*)", prose(text), re.MULTILINE)
    if len(tables) != 1:
        message = f"{len(tables)} tables have the first column {header!r}"
        raise ValueError(message)
    rows: dict[str, str] = {}
    words: list[str] = []
    for line in tables[0].splitlines():
        words = re.findall(r"`([^`]+)`", line[1:].split(" | ")[0]) or words
        for word in words:
            rows[word] = rows.get(word, "") + line + "\n"
    return rows


def table_under(text: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, its header and rule left out."""
    lines = section(text, heading).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("|"))
    rows = list(takewhile(lambda line: line.startswith("|"), lines[first + 2 :]))
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def section(text: str, heading: str) -> str:
    """Return what stands under a heading, up to the next one of the same or a higher level."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.lstrip("#").strip() == heading and line.startswith("#"))
    level = len(lines[start]) - len(lines[start].lstrip("#"))
    end = next(
        (n for n in range(start + 1, len(lines)) if re.match(rf"#{{1,{level}}} ", lines[n])),
        len(lines),
    )
    return "\n".join(lines[start + 1 : end])
