"""What is wrong with master data: collected, then refused together, so that one look shows everything to correct."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from schemas.errors import MasterDataError
from schemas.table import Table

INVALID = "masterdata.invalid"
"""A file cannot be read as what it is named after."""
IMPOSSIBLE = "masterdata.impossible"
"""The rows can be read, and contradict each other."""
MOST_SHOWN = 50


class Problem(NamedTuple):
    """One reason for a refusal.

    Attributes:
        where: ``file:line: column`` of a delivered cell, or the table and key of a row.
        what: the reason in one sentence.
    """

    where: str
    what: str

    def __str__(self) -> str:
        """Return place and reason in one line."""
        return f"{self.where}: {self.what}"


def row_name(table: Table, row: Mapping[str, object]) -> str:
    """Return the table and key of a row, as people name it: ``meters 007 from 2026-01-01T00:00Z``."""
    words = [table.name]
    for name in table.key:
        value = row[name]
        words.append(f"from {value.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if isinstance(value, datetime) else str(value))
    return " ".join(words)


def refuse_if_any(problems: Sequence[Problem], *, code: str) -> None:
    """Raise one error that tells every problem, the first ``MOST_SHOWN`` of them in full.

    Args:
        problems: in the order they are to be shown.
        code: ``INVALID`` or ``IMPOSSIBLE``.

    Raises:
        MasterDataError: there is at least one problem.
    """
    if not problems:
        return
    shown = "".join(f"\n  {problem}" for problem in problems[:MOST_SHOWN])
    more = f"\n  and {len(problems) - MOST_SHOWN} more" if len(problems) > MOST_SHOWN else ""
    count = f"{len(problems)} problem" + ("s" if len(problems) > 1 else "")
    message = f"master data refused, nothing of it was loaded: {count}{shown}{more}"
    raise MasterDataError(code, message, hint="correct the files and load them together again", where=problems[0].where)
