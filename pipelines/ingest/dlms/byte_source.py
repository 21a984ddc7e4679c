"""The bytes of a capture in order, whether they come as bytes or as hex text, each with its place in the file."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

PIECE_BYTES = 2**18
HEAD_BYTES = 4096
_LONGEST_LINE_PIECE = 2**20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEX_TEXT = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?:0[xX])?[0-9A-Fa-f]{2}[0-9A-Fa-fxX \t\r]*(?:\n[\t\r\n -~]*)?")
_PREFIX = re.compile(rb"(?<![0-9A-Fa-fxX])0[xX]")
_NOT_HEX = re.compile(rb"[^0-9A-Fa-f]")
_BLANKS = b" \t\r\v\f"


class BrokenLine(NamedTuple):
    """A line of a hex text that is none."""

    place: str
    raw: bytes


class _Line(NamedTuple):
    """Where a line of a hex text begins among the bytes, its number, and whether a blank line or nothing is before it."""

    offset: int
    number: int
    opens_paragraph: bool


def is_hex_text(head: bytes) -> bool:
    """Whether a file begins as hex text: its first line is digits of bytes, blanks and ``0x``, and the rest is text too."""
    return _HEX_TEXT.fullmatch(head[:HEAD_BYTES]) is not None


@dataclass
class ByteSource:
    """A capture while it is read.

    Attributes:
        stream: the file.
        piece_bytes: read at a time.
        data: bytes read and not yet dropped.
        ended: whether there are no more.
        is_text: whether the file is hex text.
        broken: lines of a hex text that are none, not yet told.
    """

    stream: BinaryIO
    piece_bytes: int = PIECE_BYTES
    data: bytearray = field(default_factory=bytearray)
    ended: bool = False
    is_text: bool = False
    broken: list[BrokenLine] = field(default_factory=list)
    _base: int = 0
    _lines: list[_Line] = field(default_factory=list)
    _rest: bytes = b""
    _line_number: int = 1
    _line_bytes: int = 0
    _nibble: bytes = b""
    _paragraph_opens: bool = True
    _skips_line: bool = False

    def __post_init__(self) -> None:
        """Read the head and tell text from bytes."""
        head = self.stream.read(HEAD_BYTES)
        self.is_text = is_hex_text(head)
        self._take(head.removeprefix(_BYTE_ORDER_MARK) if self.is_text else head)

    @property
    def is_empty(self) -> bool:
        """Whether no byte has come so far."""
        return not self._base and not self.data

    def more(self) -> bool:
        """Read on; return whether anything came."""
        if self.ended:
            return False
        before = len(self.data)
        while len(self.data) == before and not self.ended:
            # Doubling keeps the work linear where a long unit is tried again and again.
            self._take(self.stream.read(max(self.piece_bytes, len(self.data))))
        return len(self.data) > before

    def drop(self, count: int) -> None:
        """Forget the first ``count`` bytes."""
        del self.data[:count]
        self._base += count
        last = bisect_right(self._lines, self._base, key=lambda line: line.offset) - 1
        del self._lines[: max(0, last)]

    def place(self, at: int) -> str:
        """Return where the byte at ``at`` stands in the file: its line, or its number from 0."""
        if not self.is_text:
            return f"Byte/{self._base + at}"
        line = self._line(at)
        column = self._base + at - line.offset
        return f"Line/{line.number}" + (f"/Byte/{column}" if column else "")

    def line_end(self, at: int) -> int:
        """Return where the line of the byte at ``at`` ends among the bytes read so far; bytes are one line."""
        place = bisect_right(self._lines, self._base + at, key=lambda line: line.offset)
        return self._lines[place].offset - self._base if place < len(self._lines) else len(self.data)

    def has_line_end(self, at: int) -> bool:
        """Whether the end of the line of the byte at ``at`` has been read."""
        return self.ended or self.line_end(at) < len(self.data)

    def is_line_start(self, at: int) -> bool:
        """Whether a line of a hex text begins at ``at``."""
        return self.is_text and self._line(at).offset == self._base + at

    def opens_paragraph(self, at: int) -> bool:
        """Whether a hex text, or a part of it after a blank line, begins at ``at``."""
        return self.is_line_start(at) and self._line(at).opens_paragraph

    def _line(self, at: int) -> _Line:
        place = bisect_right(self._lines, self._base + at, key=lambda line: line.offset) - 1
        return self._lines[place] if place >= 0 else _Line(self._base, self._line_number, opens_paragraph=True)

    def _take(self, piece: bytes) -> None:
        self.ended = not piece
        if not self.is_text:
            self.data += piece
            return
        text = self._rest + piece
        if self.ended:
            self._take_line(text, is_whole=True)
            self._rest = b""
            return
        *lines, self._rest = text.split(b"\n")
        for line in lines:
            self._take_line(line, is_whole=True)
        if len(self._rest) > _LONGEST_LINE_PIECE:
            # A prefix may be cut in two only where a blank stands before it: keep what follows the last blank.
            cut = max(self._rest.rfind(b" ") + 1, 0) or len(self._rest) - 2
            self._take_line(self._rest[:cut], is_whole=False)
            self._rest = self._rest[cut:]

    def _take_line(self, raw: bytes, *, is_whole: bool) -> None:
        """Take a line, or a piece of a long one."""
        digits = self._nibble + _PREFIX.sub(b"", raw).translate(None, _BLANKS)
        is_blank = not digits and not self._line_bytes
        if self._skips_line or _NOT_HEX.search(digits):
            if not self._skips_line:
                self.broken.append(BrokenLine(f"Line/{self._line_number}", raw[:_LONGEST_LINE_PIECE]))
            digits = b""
            self._skips_line = not is_whole
        self._nibble = digits[-1:] if len(digits) % 2 else b""
        found = bytes.fromhex(digits[: len(digits) - len(self._nibble)].decode("ascii"))
        if found and not self._line_bytes:
            self._lines.append(_Line(self._base + len(self.data), self._line_number, self._paragraph_opens))
            self._paragraph_opens = False
        self.data += found
        self._line_bytes += len(found)
        if not is_whole:
            return
        if self._nibble:
            self.broken.append(BrokenLine(f"Line/{self._line_number}", raw[-200:]))
        self._paragraph_opens |= is_blank
        self._nibble, self._line_bytes = b"", 0
        self._line_number += 1
