"""Slots in short: how a table of the pack writes a row of values.

``4x0.5 - 2x1.25`` is 0.5 four times, a slot without a value, 1.25 twice; qualities and methods are written alike.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from schemas.errors import InputRefusedError

NOTHING = "-"
_PIECE = re.compile(r"(?:(\d+)x)?((?!\d+x)\S+)")
_MOST = 100_000


def spread(text: str, where: str) -> list[str]:
    """Return the words of a row of slots, one a slot.

    Args:
        text: words with or without a number of times in front.
        where: file and line, for people.

    Raises:
        InputRefusedError: ``conformance.slots``, it cannot be read.

    >>> spread("2x0.5 - 1", "a table")
    ['0.5', '0.5', '-', '1']
    """
    words: list[str] = []
    for piece in text.split():
        found = _PIECE.fullmatch(piece)
        times = int(found[1] or 1) if found else 0
        if found is None or not 0 < times <= _MOST - len(words):
            code = "conformance.slots"
            raise InputRefusedError(code, f"{piece!r} is no slot, nor slots such as 48x0.5", "see the pack's README", where)
        words += [found[2]] * times
    return words


def in_short(words: Sequence[str]) -> str:
    """Return words as the pack writes them.

    >>> in_short(["0.5", "0.5", "-", "1"])
    '2x0.5 - 1'
    """
    runs = [(word, len(list(same))) for word, same in groupby(words)]
    return " ".join(f"{count}x{word}" if count > 1 else word for word, count in runs)
