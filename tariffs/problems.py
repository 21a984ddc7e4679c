"""What is wrong with a tariff document: where, under which code, in which words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """Something in a document that cannot be followed."""

    path: Path
    code: str
    what: str


def listed(names: Iterable[str]) -> str:
    """Return names in a row; the word none where there are none."""
    return ", ".join(names) or "none"
