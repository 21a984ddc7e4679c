"""Segments of an EDIFACT interchange, one after the other, in bounded memory.

ISO 9735: data elements are parted by ``+``, their components by ``:``, segments end with ``'``, and ``?`` takes its
meaning from the character after it. A service string advice, ``UNA`` and six characters, may name others before the
interchange it holds for. Line ends after a segment belong to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import BinaryIO, NamedTuple

from schemas.errors import InputRefusedError

PIECE_BYTES = 256 * 2**10
"""Read at a time."""
MOST_SEGMENT_BYTES = 64 * 2**10
"""The longest segment of the directory has some 2,600 characters."""
_ADVICE = b"UNA"
_ADVICE_BYTES = 9
_UNUSED = " "
_BLANK = re.compile(rb"[ \t\r\n\x1a]*")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RELEASED = "\ud800\ud801\ud802"
"""Stand for released marks while a segment is parted: no decoder makes half a character."""
_DECIMAL_MARKS = ".,"
_NEVER_MARKS = _DECIMAL_MARKS + "- \t"

# ISO 9735, syntax identifiers: the repertoire of an interchange. Levels A and B are ASCII.
_ENCODINGS = {
    "UNOD": "iso8859-2", "UNOE": "iso8859-5", "UNOF": "iso8859-7", "UNOG": "iso8859-3", "UNOH": "iso8859-4",
    "UNOI": "iso8859-6", "UNOJ": "iso8859-8", "UNOK": "iso8859-9", "UNOW": "utf-8", "UNOX": "utf-8", "UNOY": "utf-8",
}  # fmt: skip
_LATIN_1 = "latin-1"


@dataclass(frozen=True)
class Marks:
    """The service characters of an interchange.

    Attributes:
        component: parts the components of a data element.
        element: parts data elements.
        decimal: the decimal mark; None where no advice names one: then ``.`` and ``,`` both are.
        release: the character after it is text; None where none is used.
        terminator: ends a segment.
    """

    component: str = ":"
    element: str = "+"
    decimal: str | None = None
    release: str | None = "?"
    terminator: str = "'"

    @cached_property
    def whole_segment(self) -> re.Pattern[bytes]:
        """Matches a segment up to and with its terminator."""
        end = re.escape(self.terminator)
        if self.release is None:
            return re.compile(f"[^{end}]*+{end}".encode("ascii"))
        release = re.escape(self.release)
        plain = f"[^{release}{end}]*+"
        return re.compile(f"{plain}(?:{release}.{plain})*+{end}".encode("ascii"), re.DOTALL)

    def split(self, text: str) -> list[list[str]]:
        """Return the data elements of a segment, each a list of its components; the first is the tag.

        >>> Marks().split("PIA+5+1-1?:1.29.0:SRW++??")
        [['PIA'], ['5'], ['1-1:1.29.0', 'SRW'], [''], ['?']]
        """
        if self.release is None or self.release not in text:
            return [element.split(self.component) for element in text.split(self.element)]
        # A run of release characters begins unreleased: pairs from its left are released release characters.
        released = (self.release, self.element, self.component)
        for mark, stand_in in zip(released, _RELEASED, strict=True):
            text = text.replace(self.release + mark, stand_in)
        text = text.replace(self.release, "")
        return [[self._restored(part) for part in element.split(self.component)] for element in text.split(self.element)]

    def _restored(self, part: str) -> str:
        """Return a component with the marks that were released in it."""
        if part.isascii():
            return part
        for mark, stand_in in zip((self.release or "", self.element, self.component), _RELEASED, strict=True):
            part = part.replace(stand_in, mark)
        return part


def parse_advice(raw: bytes) -> Marks:
    """Return the service characters that a service string advice names.

    Args:
        raw: ``UNA`` and six characters.

    Raises:
        InputRefusedError: ``edifact.una``, two of them are the same, a letter or a digit, or the decimal mark is none.

    >>> parse_advice(b"UNA:+,? '").decimal
    ','
    """
    component, element, decimal, release, _, terminator = list(raw[len(_ADVICE) :].decode(_LATIN_1))
    used = [component, element, terminator] + [release] * (release != _UNUSED)
    fit = all(mark.isascii() and not mark.isalnum() and mark not in _NEVER_MARKS for mark in used)
    if not fit or len(set(used)) != len(used) or decimal not in _DECIMAL_MARKS:
        code = "edifact.una"
        raise InputRefusedError(code, f"{raw!r} is no service string advice", "ask the sender for the file again")
    return Marks(component, element, decimal, None if release == _UNUSED else release, terminator)


class Segment(NamedTuple):
    """A segment.

    Attributes:
        tag: its three letters; ``UNA`` for a service string advice.
        elements: data elements, each a list of components; the first is the tag.
        raw: its bytes without the terminator.
        decimal: the decimal mark in force; None where ``.`` and ``,`` both are.
        is_cut: whether the file ends before its terminator.
    """

    tag: str
    elements: list[list[str]]
    raw: bytes
    decimal: str | None
    is_cut: bool = False

    def part(self, element: int, component: int = 0) -> str:
        """Return a component, or the empty text where the segment is shorter: trailing ones may be left out."""
        if element >= len(self.elements) or component >= len(self.elements[element]):
            return ""
        return self.elements[element][component].strip()


def read_segments(stream: BinaryIO, piece_bytes: int = PIECE_BYTES) -> Iterator[Segment]:
    """Read a file segment by segment.

    Args:
        stream: its bytes; a byte order mark is skipped.
        piece_bytes: read at a time.

    Yields:
        its segments; last, where the file ends inside one, what there is of it.

    Raises:
        InputRefusedError: ``edifact.una``; ``record.size``, no segment ends in 64 KiB.
    """
    file = _File(stream, piece_bytes)
    file.fill()
    file.held = file.held.removeprefix(_BYTE_ORDER_MARK)
    while True:
        file.skip_blanks()
        if file.held.startswith(_ADVICE, file.at) and len(file.held) - file.at >= _ADVICE_BYTES:
            yield file.take_advice()
        elif match := file.marks.whole_segment.match(file.held, file.at):
            yield file.take_segment(match.end())
        elif not file.fill():
            break
    if file.at < len(file.held):
        yield file.segment_of(file.held[file.at :], is_cut=True)


@dataclass
class _File:
    """A file while it is read: what is held of it, the place reached, and the service characters in force."""

    stream: BinaryIO
    piece_bytes: int
    held: bytes = b""
    at: int = 0
    marks: Marks = Marks()
    encoding: str = _LATIN_1

    def fill(self) -> bool:
        """Hold another piece; return whether there was one.

        Raises:
            InputRefusedError: ``record.size``.
        """
        _check_size(len(self.held) - self.at)
        more = self.stream.read(self.piece_bytes)
        self.held = self.held[self.at :] + more
        self.at = 0
        return bool(more)

    def skip_blanks(self) -> None:
        """Go to where the next segment begins, with enough of it to see whether it is an advice."""
        while True:
            blank = _BLANK.match(self.held, self.at)
            self.at = blank.end() if blank else self.at
            if len(self.held) - self.at >= _ADVICE_BYTES or not self.fill():
                return

    def take_advice(self) -> Segment:
        """Follow a service string advice."""
        raw = self.held[self.at : self.at + _ADVICE_BYTES]
        self.marks = parse_advice(raw)
        self.at += _ADVICE_BYTES
        return Segment("UNA", [["UNA"]], raw, self.marks.decimal)

    def take_segment(self, end: int) -> Segment:
        """Return the segment that ends at ``end``; an interchange brings its repertoire and takes its marks with it.

        Raises:
            InputRefusedError: ``record.size``.
        """
        raw = self.held[self.at : end - 1]
        _check_size(len(raw))
        self.at = end
        segment = self.segment_of(raw)
        if segment.tag == "UNB":
            self.encoding = _ENCODINGS.get(segment.part(1), _LATIN_1)
        elif segment.tag == "UNZ":
            self.marks, self.encoding = Marks(), _LATIN_1
        return segment

    def segment_of(self, raw: bytes, *, is_cut: bool = False) -> Segment:
        """Return the segment of some bytes."""
        elements = self.marks.split(raw.decode(self.encoding, "replace"))
        return Segment(elements[0][0], elements, raw, self.marks.decimal, is_cut)


def _check_size(size_bytes: int) -> None:
    """Refuse a segment that is longer than any."""
    if size_bytes > MOST_SEGMENT_BYTES:
        code = "record.size"
        raise InputRefusedError(code, f"no segment ends in {MOST_SEGMENT_BYTES >> 10} KiB", "check the format of the file")
