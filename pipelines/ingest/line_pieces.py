"""A file of lines in pieces of bounded memory, cut where a record with its followers ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

import numpy as np

from schemas.errors import InputRefusedError

PIECE_BYTES = 2 * 2**20
"""Read at a time: few enough for the cache, enough to make the cost per piece nothing."""
_MOST_BYTES = 64 * 2**20
_KEPT_BYTES = 31 * 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class LinePiece(NamedTuple):
    """Lines that belong together.

    Attributes:
        text: whole lines, each ended by a line feed alone.
        last: whether the file ends here.
        cut: whether the last line came without its line end.
    """

    text: bytes
    last: bool
    cut: bool


def read_pieces(stream: BinaryIO, marks: Sequence[bytes], piece_bytes: int = PIECE_BYTES) -> Iterator[LinePiece]:
    """Read ``stream`` in pieces that end before a line beginning with one of ``marks``.

    Args:
        stream: bytes of a file; a byte order mark is skipped.
        marks: beginnings of lines before which a file may be cut, the most frequent first.
        piece_bytes: read at a time; a piece may be larger until a mark comes.

    Raises:
        InputRefusedError: no mark in 64 MiB: this is no file of such records (``record.size``).
    """
    _keep_freed_memory()
    held = stream.read(max(piece_bytes, len(_BYTE_ORDER_MARK))).removeprefix(_BYTE_ORDER_MARK)
    starts = [b"\n" + mark for mark in marks]
    more = stream.read(piece_bytes)
    while more:
        place = _last_start(held, starts)
        if place > 0:
            yield LinePiece(_plain_ends(held[:place]), last=False, cut=False)
        held = held[place:] + more
        _check_size(held, starts)
        more = stream.read(piece_bytes if place > 0 else max(piece_bytes, len(held)))
    cut = bool(held) and not held.endswith(b"\n")
    yield LinePiece(_plain_ends(held + b"\n" if cut else held), last=True, cut=cut)


def _check_size(held: bytes, starts: Sequence[bytes]) -> None:
    """Refuse to hold more when no record begins in what is held."""
    if len(held) > _MOST_BYTES and not _last_start(held, starts):
        code = "record.size"
        raise InputRefusedError(code, f"no record begins in {_MOST_BYTES >> 20} MiB", "check the format of the file")


def _keep_freed_memory() -> None:
    """Have the memory of one piece serve the next.

    glibc gives freed blocks back to the system above a threshold, and each piece would fault its arrays in anew: a
    fifth of the time of reading. It raises the threshold to the largest block freed, up to 32 MiB. No byte is touched.
    """
    np.empty(_KEPT_BYTES, dtype=np.uint8)


def _last_start(held: bytes, starts: Sequence[bytes]) -> int:
    """Return where the last line with a mark begins; 0 where none does after the first byte."""
    for start in starts:
        place = held.rfind(start) + 1
        if place > 0:
            return place
    return 0


def _plain_ends(text: bytes) -> bytes:
    """Return ``text`` with CR LF turned into LF."""
    return text.replace(b"\r\n", b"\n") if b"\r" in text else text
