"""Splits a capture into units: HDLC frames, wrapped units, bare application units and bare lists.

A frame is told by its flags, a wrapped unit by its length. A bare unit has neither: its values alone tell where it ends,
so it counts only where something else agrees: the end of a line or of the file, or another unit that begins there.
What cannot be taken is handed on as such, and the next line or frame is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from head_end.dlms.apdu import CIPHERED, ENDLESS, TAGS, WITHOUT_VALUES, Apdu, decode_apdu
from head_end.dlms.axdr import Data, Tag, decode
from head_end.dlms.blocks import LARGEST_BYTES
from head_end.dlms.errors import ChecksumError, DlmsError, IncompleteError, MalformedError, incomplete
from head_end.dlms.hdlc import FLAG, Frame, decode_frame, frame_length
from head_end.dlms.wrapper import HEADER_BYTES, VERSION, unwrap
from pipelines.ingest.dlms.byte_source import ByteSource
from pipelines.ingest.rejected import RAW_CHARACTERS, Fault

_FILLERS = b"\r\n \t"
_BODIES = frozenset({Tag.ARRAY, Tag.STRUCTURE})
_BARE = TAGS - set(WITHOUT_VALUES)
_DROP_AT = 2**16
_FIRST_WINDOW = 4096
_TYPE_MASK, _TYPE_3 = 0xF0, 0xA0
_LOOK_AHEAD_BYTES = 64
_COUNT = rb"(?:[\x01-\x7f]|\x81.|\x82..)"
_CODE = rb"\x09\x06[\x00-\x0f]"
_CLOCK = rb"(?:\x09\x0c|\x19)[\x07\x08\xff]"
_LIST = re.compile(
    rb"[\x01\x02](?:"
    rb"%(count)s\x02[\x02\x03]%(code)s"  # codes and values in structures
    rb"|(?:[\x04-\x7f]|\x81.|\x82..)(?:%(clock)s.{11})?%(code)s"  # in turn
    rb"|%(count)s[\x09\x0a].(?:KFM_|Kamstrup_V)"
    rb"|%(count)s\x01%(count)s\x02\x04\x12..%(code)s"  # the objects of a push setup, then their values
    rb"|%(count)s\x02%(count)s(?:\x11.)?%(clock)s"  # rows of a profile
    rb")" % {b"count": _COUNT, b"code": _CODE, b"clock": _CLOCK},
    re.DOTALL,
)
_SHORT_KAIFA = re.compile(rb"\x02\x01\x06.{4}(?=\Z|[\x02\r\n])", re.DOTALL)


class Framed(NamedTuple):
    """An HDLC frame whose checksum fits."""

    place: str
    frame: Frame


class Plain(NamedTuple):
    """A unit without a checksum.

    Attributes:
        place: where it begins.
        ends: the wrapper ports between which it went, in no order; none where it is bare.
        raw: its bytes.
        content: what they say, where that had to be read to find their end.
    """

    place: str
    ends: tuple[str, ...]
    raw: bytes
    content: Data | Apdu | None


class Broken(NamedTuple):
    """Bytes that cannot be taken.

    Attributes:
        place: where they begin.
        fault: why.
        raw: the bytes.
        rows: values that are lost with them, as far as anybody can tell.
    """

    place: str
    fault: Fault
    raw: bytes
    rows: int = 1


Unit: TypeAlias = Framed | Plain | Broken


def is_body(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a list or an array of values seems to begin at ``at``."""
    return len(data) > at and data[at] in _BODIES


def is_list(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a list seems to begin at ``at`` that some maker writes; a part of one does not look like it."""
    return _LIST.match(data, at) is not None or _SHORT_KAIFA.match(data, at) is not None


def is_wrapper(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a wrapped unit seems to begin at ``at``."""
    if data[at : at + 2] != VERSION or len(data) <= at + HEADER_BYTES or data[at + HEADER_BYTES] not in TAGS:
        return False
    return any(data[at + HEADER_BYTES - 2 : at + HEADER_BYTES])


def is_bare_apdu(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a bare application unit that matters seems to begin at ``at``."""
    return data[at] in _BARE


def is_frame(data: bytes | bytearray, at: int = 0) -> bool:
    """Whether a frame seems to begin at ``at``."""
    return data[at] == FLAG and len(data) > at + 1 and data[at + 1] & _TYPE_MASK == _TYPE_3


@dataclass
class Splitter:
    """Walks through a capture.

    Attributes:
        source: the capture.
        at: the next byte that belongs to no unit yet.
        trusts_bare: whether a bare unit may begin here: at the beginning, or where the unit before agreed.
    """

    source: ByteSource
    at: int = 0
    trusts_bare: bool = True

    def units(self) -> Iterator[Unit]:
        """Yield the units of the capture, in order."""
        while True:
            yield from self._broken_lines()
            if self.at >= _DROP_AT:
                self.source.drop(self.at)
                self.at = 0
            if not self._has(1):
                yield from self._broken_lines()
                return
            if not self._skip_filler():
                yield from self._next()

    def _broken_lines(self) -> Iterator[Broken]:
        for line in self.source.broken:
            yield Broken(line.place, Fault("hex.invalid", "the line is not made of whole bytes in hex"), line.raw)
        self.source.broken.clear()

    def _has(self, count: int) -> bool:
        """Whether ``count`` bytes are there from here on; reads on where they are not."""
        while len(self.source.data) < self.at + count:
            if not self.source.more():
                return False
        return True

    def _skip_filler(self) -> bool:
        """Pass over line ends between units of bytes, and flags between frames; return whether there were any."""
        data = self.source.data
        begin = self.at
        if not self.source.is_text:
            while self.at < len(data) and data[self.at] in _FILLERS:
                self.at += 1
        while self._has(1) and data[self.at] == FLAG and not (self._has(2) and data[self.at + 1] & _TYPE_MASK == _TYPE_3):
            self.at += 1
        return self.at > begin

    def _next(self) -> Iterator[Unit]:
        self._has(_LOOK_AHEAD_BYTES)
        data = self.source.data
        if is_frame(data, self.at):
            yield from self._frame()
        elif is_wrapper(data, self.at):
            yield from self._wrapped()
        elif self._may_be_bare():
            yield from self._bare()
        else:
            yield self._set_aside(Fault("frame.unknown", "no frame, no unit and no list begins like this"))

    # --- frames

    def _frame(self) -> Iterator[Unit]:
        self._has(3)
        data = self.source.data
        try:
            length = frame_length(data, self.at)
        except IncompleteError:
            length = None
        if length is None:
            yield self._set_aside(Fault("frame.incomplete", "a frame begins and has no length"))
            return
        end = self.at + 1 + length
        whole = self._has(length + 1)
        if not whole or (self._has(length + 2) and data[end] != FLAG):
            yield self._broken_frame(end)
            return
        place = self.source.place(self.at)
        try:
            frame = decode_frame(bytes(data[self.at + 1 : end]))
        except (ChecksumError, MalformedError) as error:
            yield self._broken(Fault("frame.checksum", error.message), end)
            return
        self.at = end
        self.trusts_bare = False
        yield Framed(place, frame)

    def _broken_frame(self, end: int) -> Broken:
        """Hand on a frame that has no flag at ``end``, where its length says that it ends."""
        close = self._flag_after(self.at + 1)
        if end > len(self.source.data) or (close is not None and close < end):
            fault = Fault("frame.incomplete", "the frame is shorter than it says")
        else:
            fault = Fault("frame.checksum", "the frame does not end where it says")
        return self._set_aside(fault) if close is None else self._broken(fault, close)

    def _flag_after(self, at: int) -> int | None:
        """Return the next flag that another frame may begin with, among the bytes that are there."""
        while (found := self.source.data.find(FLAG, at)) >= 0:
            if is_frame(self.source.data, found):
                return found
            at = found + 1
        return None

    # --- units without a checksum

    def _wrapped(self) -> Iterator[Unit]:
        data = self.source.data
        length = int.from_bytes(data[self.at + 6 : self.at + HEADER_BYTES], "big")
        if not self._has(HEADER_BYTES + length):
            yield self._set_aside(Fault("frame.incomplete", f"the wrapper announces {length} bytes; fewer are left"))
            return
        found = unwrap(data, self.at)
        if not self._ends_well(found.end):
            yield self._set_aside(Fault("frame.incomplete", "the wrapped unit does not end where its line ends"))
            return
        place = self.source.place(self.at)
        self.at = found.end
        yield Plain(place, tuple(sorted((str(found.source), str(found.destination)))), found.apdu, None)

    def _may_be_bare(self) -> bool:
        """Whether a bare unit is looked for here.

        Bytes without lines show no border: after something that failed, anything could look like a unit.
        """
        data = self.source.data
        if self.source.is_line_start(self.at):
            return is_bare_apdu(data, self.at) or is_body(data, self.at)
        return self.trusts_bare and (is_bare_apdu(data, self.at) or is_list(data, self.at))

    def _bare(self) -> Iterator[Unit]:
        if self.source.data[self.at] in ENDLESS:
            yield self._set_aside(
                Fault("encrypted.no_key", f"{CIPHERED[self.source.data[self.at]]}: encrypted, and no key is known")
            )
            return
        try:
            content, end = self._read_bare()
        except DlmsError as error:
            yield self._set_aside(Fault(error.code, error.message), keeps=isinstance(error, IncompleteError))
            return
        if not self._ends_well(end):
            yield self._set_aside(Fault("apdu.malformed", "after the unit's last value come bytes that begin nothing"))
            return
        place, raw = self.source.place(self.at), bytes(self.source.data[self.at : end])
        self.at = end
        yield Plain(place, (), raw, content)

    def _read_bare(self) -> tuple[Data | Apdu, int]:
        """Return the bare unit that begins here, and its end: inside its line, or at the end of a later line.

        Raises:
            DlmsError: it is none, or cut.
        """
        if not self.source.is_text:
            return self._read_within(None)
        while not self.source.has_line_end(self.at) and self.source.line_end(self.at) - self.at <= LARGEST_BYTES:
            self.source.more()
        try:
            return self._read_within(self.source.line_end(self.at))
        except IncompleteError as cut:
            # A unit of several lines may begin at the start of a paragraph, or after another one that ended well.
            if not (self.source.opens_paragraph(self.at) or (self.trusts_bare and self.source.is_line_start(self.at))):
                raise
            try:
                content, end = self._read_within(None)
            except DlmsError:
                raise cut from None
        if end < len(self.source.data) and not self.source.is_line_start(end):
            message = "the unit is cut: its values do not end where a line ends"
            raise incomplete(message)
        return content, end

    def _read_within(self, line_end: int | None) -> tuple[Data | Apdu, int]:
        """Return the unit that begins here, and its end, at most the end of its line where there is one.

        Raises:
            DlmsError: it is none, or cut.
        """
        window = _FIRST_WINDOW
        while True:
            border = self.at + window if line_end is None else min(self.at + window, line_end)
            raw = bytes(self.source.data[self.at : border])
            try:
                content, length = decode(raw) if is_body(raw) else decode_apdu(raw)
            except IncompleteError:
                if border == line_end or window > LARGEST_BYTES:
                    raise
                if border > len(self.source.data) and not self.source.more():
                    raise
                window *= 8 if border <= len(self.source.data) else 1
            else:
                return content, self.at + length

    def _ends_well(self, end: int) -> bool:
        """Whether something agrees that a unit ends at ``end``."""
        while len(self.source.data) <= end + _LOOK_AHEAD_BYTES and self.source.more():
            pass
        data = self.source.data
        if end >= len(data) or self.source.is_line_start(end):
            self.trusts_bare = True
            return True
        if self.source.is_text and end > self.source.line_end(self.at):
            return False
        while not self.source.is_text and end < len(data) and data[end] in _FILLERS:
            end += 1
        self.trusts_bare = end >= len(data) or is_list(data, end) or is_bare_apdu(data, end) or is_wrapper(data, end)
        return self.trusts_bare or is_frame(data, end)

    # --- what cannot be taken

    def _set_aside(self, fault: Fault, *, keeps: bool = False) -> Broken:
        """Hand on what stands here as broken, up to the next line or frame.

        Args:
            fault: what is wrong.
            keeps: all its bytes, where a true beginning may be among them; else only the first ones.
        """
        self.trusts_bare = False
        place = self.source.place(self.at)
        raw = b""
        most = LARGEST_BYTES if keeps else RAW_CHARACTERS
        while True:
            end = self.source.line_end(self.at) if self.source.is_text else len(self.source.data)
            flag = self._flag_after(self.at + 1)
            found = end < len(self.source.data) or flag is not None
            stop = end if flag is None else min(end, flag)
            raw += bytes(self.source.data[self.at : min(stop, self.at + most - len(raw))])
            self.at = stop
            if found or self.source.ended:
                return Broken(place, fault, raw)
            self.source.drop(self.at)
            self.at = 0
            if not self.source.more() or self.source.is_line_start(0):
                return Broken(place, fault, raw)

    def _broken(self, fault: Fault, end: int) -> Broken:
        """Hand on the bytes up to ``end`` as broken."""
        self.trusts_bare = False
        found = Broken(self.source.place(self.at), fault, bytes(self.source.data[self.at : end]))
        self.at = end
        return found
