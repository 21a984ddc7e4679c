"""What can be wrong with a document: where, of which kind, and what."""

from __future__ import annotations

from typing import NamedTuple

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """Something in a document that cannot be followed."""

    path: Path
    code: str
    what: str
