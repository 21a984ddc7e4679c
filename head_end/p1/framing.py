"""Frames: what a capture of a P1 port holds, from a ``/`` to the ``!`` that ends it.

A capture begins and ends wherever somebody started and stopped it, may have lost characters, and often has line feeds
alone where the meter sent CR LF. So a frame is cut out first, whole or not, and its CRC is taken over the text the
meter sent: lines joined by CR LF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import BinaryIO, NamedTuple

from head_end.p1.crc import crc16

MOST_FRAME_BYTES = 64 * 1024
"""No telegram is as long; the longest known has 4 KiB, most of them a text message."""
_PIECE_BYTES = 256 * 1024
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r*\n|\r(?!\r*\n)")
_BLANK = b" \t\x00\x1a"
# An identification inside a line: the line end before it was lost. Elsewhere a slash may be part of a unit.
_LOST_START = re.compile(rb"(?<=.)(?=/[A-Za-z]{3}[0-9]\S)")
_CHECK = re.compile(rb"[0-9A-Fa-f]{1,4}")


class Check(Enum):
    """What the CRC of a frame says."""

    RIGHT = auto()
    WRONG = auto()
    ABSENT = auto()
    """The frame ends with ``!`` alone, as DSMR 2.2 and 3 do."""


class Line(NamedTuple):
    """A line of a capture.

    Attributes:
        number: from 1.
        text: without its end.
        ended: whether it has an end; only the last line may lack it.
    """

    number: int
    text: bytes
    ended: bool


class Frame(NamedTuple):
    """A part of a capture between two marks.

    Attributes:
        lines: without blank lines before the first one and without the line of the ``!``.
        closing: what follows the ``!``; None where the frame has no ``!``.
        ended: whether the line of the ``!`` has an end; without one the CRC may be cut off.
    """

    lines: tuple[Line, ...]
    closing: bytes | None
    ended: bool

    @property
    def begins(self) -> bool:
        """Whether the frame begins with the identification of a meter."""
        return bool(self.lines) and self.lines[0].text.startswith(b"/")

    @property
    def is_whole(self) -> bool:
        """Whether both marks are there."""
        return self.begins and self.closing is not None

    @property
    def check(self) -> Check:
        """What the CRC says of the text from the ``/`` to the ``!``; some meters leave out its leading zeros."""
        closing = (self.closing or b"").strip(_BLANK)
        if not closing:
            return Check.ABSENT
        if _CHECK.fullmatch(closing) is None:
            return Check.WRONG
        sent = b"\r\n".join([*(line.text for line in self.lines), b"!"])
        return Check.RIGHT if crc16(sent) == int(closing, 16) else Check.WRONG

    @property
    def raw(self) -> bytes:
        """The text, for a person."""
        lines = [line.text for line in self.lines]
        return b"\n".join(lines if self.closing is None else [*lines, b"!" + self.closing])


def frames_of(stream: BinaryIO) -> Iterator[Frame]:
    """Yield the frames of a capture, whole or not, in order; blank lines between them belong to none.

    A frame that grows beyond ``MOST_FRAME_BYTES`` is handed over without its end: it is none.
    """
    held: list[Line] = []
    size = 0
    for line in lines_of(stream):
        for part in (line,) if line.text.find(b"/", 1) < 0 else _apart(line):
            first = part.text[:1]
            if first == b"/" and held:
                yield Frame(tuple(held), None, ended=False)
                held, size = [], 0
            if first == b"!":
                yield Frame(tuple(held), part.text[1:], part.ended)
                held, size = [], 0
            elif held or part.text.strip(_BLANK):
                held.append(part)
                size += len(part.text) + 2
                if size > MOST_FRAME_BYTES:
                    yield Frame(tuple(held), None, ended=False)
                    held, size = [], 0
    if held:
        yield Frame(tuple(held), None, ended=False)


def lines_of(stream: BinaryIO) -> Iterator[Line]:
    """Yield the lines of a text, whichever end they have: CR LF, LF or CR. One without end in sight comes in parts."""
    number = 1
    held = b""
    first = True
    while piece := stream.read(_PIECE_BYTES):
        held = held + piece
        if first:
            held, first = held.removeprefix(_BYTE_ORDER_MARK), False
        # CRs at the end of a piece may belong to the LF that the next one begins with.
        undecided = held[len(held.rstrip(b"\r")) :]
        *whole, rest = _LINE_END.split(held[: len(held) - len(undecided)])
        for text in whole:
            yield Line(number, text, ended=True)
            number += 1
        held = rest + undecided
        if len(held) > MOST_FRAME_BYTES:
            yield Line(number, held, ended=False)
            held = b""
    *whole, rest = _LINE_END.split(held)
    for text in whole:
        yield Line(number, text, ended=True)
        number += 1
    if rest:
        yield Line(number, rest, ended=False)


def _apart(line: Line) -> list[Line]:
    """Return the parts of a line in which a telegram begins."""
    return [Line(line.number, part, line.ended) for part in _LOST_START.split(line.text)]
