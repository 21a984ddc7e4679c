"""Captures of what meters send over DLMS/COSEM: pushes, answers and profile buffers become register reads.

Read are HDLC frames, wrapped units, bare application units and bare lists, one or many, as bytes or as hex text. Values
that came in frames with the right checksum are ``measured``; what had none to check is ``unverified``. Times come from the
meter alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from head_end.dlms.apdu import decode_apdu
from head_end.dlms.errors import DlmsError
from head_end.dlms.hdlc import FLAG, Assembler, Message, decode_frame, frame_length
from head_end.dlms.wrapper import HEADER_BYTES
from pipelines.ingest.collector import Collector
from pipelines.ingest.dlms.byte_source import HEAD_BYTES, PIECE_BYTES, ByteSource
from pipelines.ingest.dlms.conversation import Conversation, Finding, Refused, Said
from pipelines.ingest.dlms.meter_clock import MeterClock
from pipelines.ingest.dlms.registers import RegisterBook
from pipelines.ingest.dlms.units import Broken, Framed, Plain, Splitter, Unit, is_bare_apdu, is_frame, is_list, is_wrapper
from pipelines.ingest.file_names import name_of_file
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.rejected import Fault
from schemas.errors import InputRefusedError

_MOST_LINKS = 32
_LINK_HEADERS = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
_LONGEST_FRAME_HEADER = 16
_BEGINNING = re.compile(
    rb"\x0f.{4}(?:\x00|\x0c[\x07\xff].{11}|\x09\x0c[\x07\xff].{11})[\x01\x02\x09]"
    rb"|\xc4\x01.\x00[\x01\x02]|\xc4\x02.[\x00\x01]\x00.{3}\x00|\xc4\x03.[\x01-\x20][\x00\x01]"
    rb"|\xc0[\x01\x03].{1,2}\x00.[\x00-\x0f].{5}"
    rb"|\xe0.\x00.\x00."
    rb"|[\xdb\xdc]\x08.{8}",
    re.DOTALL,
)
_ARRAY, _NORMAL_RESPONSE, _VALUE_ARRAY = b"\x01", b"\xc4\x01", b"\x00\x01"
_RAW_BYTES = 100
"""Bytes of what is set aside that are kept, as hex."""


def recognise_dlms(head: bytes) -> bool:
    """Whether a file begins as a capture: with a frame, a wrapped or bare unit, or a list, in bytes or hex text."""
    source = ByteSource(io.BytesIO(head[:HEAD_BYTES]))
    while source.more():
        pass
    data = bytes(source.data)
    return bool(data) and (_begins(data.lstrip(bytes([FLAG]))) or _holds_frame(data))


def _begins(data: bytes) -> bool:
    """Whether bytes begin as a unit without a frame does."""
    if not data:
        return False
    if is_wrapper(data):
        return _begins_unit(data[HEADER_BYTES:])
    if is_bare_apdu(data):
        return _begins_unit(data)
    return is_list(data)


def _begins_unit(data: bytes) -> bool:
    """Whether bytes begin with an application unit: one that is whole, or the telling part of one."""
    if _BEGINNING.match(data):
        return True
    try:
        return decode_apdu(data)[1] == len(data)
    except DlmsError:
        return False


def _holds_frame(data: bytes) -> bool:
    """Whether bytes begin with a frame, whole or cut, or hold a frame whose checksum fits."""
    at = data.find(FLAG)
    while at >= 0:
        if is_frame(data, at) and _is_told(data, at):
            return True
        at = data.find(FLAG, at + 1)
    return False


def _is_told(data: bytes, at: int) -> bool:
    """Whether the frame at ``at`` is one: by its checksum, or at the beginning by its header."""
    try:
        length = frame_length(data, at)
        if length is None:
            return False
        if at == 0 and any(header in data[:_LONGEST_FRAME_HEADER] for header in _LINK_HEADERS):
            return True
        decode_frame(data[at + 1 : at + 1 + length])
    except DlmsError:
        return False
    return True


def read_dlms(stream: BinaryIO, context: ReadContext, piece_bytes: int = PIECE_BYTES) -> Iterator[Parsed]:
    """Read a capture in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: ``clock`` overrides the deviations that meters send; ``zone`` is the clock of times without one.
        piece_bytes: read at a time.

    Yields:
        reads and rejections, in the order of the file.

    Raises:
        InputRefusedError: the file is empty (``file.empty``) or holds no value at all (``format.unknown``).
    """
    capture = _Capture.of(context)
    source = ByteSource(stream, piece_bytes)
    rows = 0
    for unit in Splitter(source).units():
        capture.take(unit)
        if capture.collector.is_full:
            parsed = capture.collector.hand_over()
            rows += parsed.rows_read
            yield parsed
    capture.end()
    parsed = capture.collector.hand_over()
    if rows + parsed.rows_read == 0:
        if source.is_empty:
            code = "file.empty"
            raise InputRefusedError(code, f"{context.name} is empty", "ask the sender for the file again")
        code = "format.unknown"
        reasons = "".join(f"; {warning.message}" for warning in parsed.warnings)
        raise InputRefusedError(code, f"{context.name} holds no value of a meter{reasons}", "name its format with --format")
    yield parsed


class _Link(NamedTuple):
    """Two ends that talk: whether their frames carry checksums, and their addresses, in no order."""

    is_checked: bool
    ends: tuple[str, ...]


_NO_LINK = _Link(is_checked=False, ends=())


@dataclass
class _Capture:
    """A capture while it is read.

    Attributes:
        collector: takes what is found.
        book: writes lists into it.
        frames: joins the segments of HDLC messages.
        conversations: what was said, by link; the one that was silent longest makes room.
    """

    collector: Collector
    book: RegisterBook
    frames: Assembler = field(default_factory=Assembler)
    conversations: dict[_Link, Conversation] = field(default_factory=dict)

    @classmethod
    def of(cls, context: ReadContext) -> _Capture:
        """Begin a capture.

        Raises:
            InputRefusedError: the clock that overrides is none (``clock.invalid``).
        """
        collector = Collector(context.prefix)
        return cls(collector, RegisterBook(collector, MeterClock.of(context), name_of_file(context.name)))

    def take(self, unit: Unit) -> None:
        """Take the next unit."""
        match unit:
            case Framed():
                link = _Link(is_checked=True, ends=tuple(sorted((unit.frame.destination.hex(), unit.frame.source.hex()))))
                for found in self.frames.feed(unit.frame, unit.place):
                    if isinstance(found, Message):
                        self._write(self._conversation(link).take(found.apdu, found.place), link)
                    else:
                        self._reject(found.place, Fault("frame.incomplete", found.reason), found.raw)
            case Plain():
                link = _Link(is_checked=False, ends=unit.ends)
                conversation = self._conversation(link)
                if unit.content is None:
                    self._write(conversation.take(unit.raw, unit.place), link)
                else:
                    self._write(conversation.follow(unit.content, unit.raw, unit.place), link)
            case Broken():
                beginning = _array_of(unit)
                if beginning is None:
                    self._reject(unit.place, unit.fault, unit.raw, unit.rows)
                else:
                    self._write(self._conversation(_NO_LINK).take_beginning(beginning, unit.place), _NO_LINK)

    def end(self) -> None:
        """Set aside what is still open."""
        for lost in self.frames.drop_all():
            self._reject(lost.place, Fault("frame.incomplete", lost.reason), lost.raw)
        for link, conversation in self.conversations.items():
            self._write(conversation.end(), link)

    def _conversation(self, link: _Link) -> Conversation:
        found = self.conversations.pop(link, None)
        if found is None:
            found = Conversation()
            if len(self.conversations) >= _MOST_LINKS:
                oldest = next(iter(self.conversations))
                self._write(self.conversations.pop(oldest).end(), oldest)
        self.conversations[link] = found
        return found

    def _write(self, findings: Iterator[Finding], link: _Link) -> None:
        for found in findings:
            match found:
                case Said():
                    self.book.write(found, verified=link.is_checked)
                case Refused():
                    text = f"the meter gave no value but the reason {found.reason} (data-access-result)"
                    self.collector.warn("access.refused", text)
                case Broken():
                    self._reject(found.place, found.fault, found.raw, found.rows)

    def _reject(self, place: str, fault: Fault, raw: bytes, rows: int = 1) -> None:
        self.collector.reject(place, fault, raw[:_RAW_BYTES].hex(), rows)


def _array_of(unit: Broken) -> bytes | None:
    """Return the array that a cut unit began; None where it is something else."""
    if unit.fault.code != "frame.incomplete":
        return None
    if unit.raw[:1] == _ARRAY:
        return unit.raw
    return unit.raw[4:] if unit.raw[:2] == _NORMAL_RESPONSE and unit.raw[3:5] == _VALUE_ARRAY else None
