"""HDLC frames of type 3, as meters send them over serial lines and customer ports (IEC 62056-46).

``7E | A|S|length (2) | destination (1, 2, 4) | source (1, 2, 4) | control | HCS (2) | information | FCS (2) | 7E``. The length
counts all between the flags, so there is no byte stuffing and a flag may stand inside a frame. HCS and information are
left out together. A message longer than a frame comes in segments: all but the last have the segmentation bit.
"""

from __future__ import annotations

from binascii import crc_hqx
from dataclasses import dataclass, field
from typing import NamedTuple

from head_end.dlms.errors import checksum, incomplete, malformed

FLAG = 0x7E
LONGEST_MESSAGE_BYTES = 4 * 2**20
"""A message of segments larger than this is no message of a meter."""
_TYPE_MASK, _TYPE_3 = 0xF0, 0xA0
_SEGMENTED, _LENGTH_MASK = 0x0800, 0x07FF
_CHECK_BYTES = 2
_ADDRESS_BYTES = (1, 2, 4)
_SHORTEST_BYTES = 2 + 1 + 1 + 1 + _CHECK_BYTES
_UNNUMBERED_INFORMATION = 0x03
_POLL_FINAL = 0x10
_LOGICAL_LINK = (b"\xe6\xe7\x00", b"\xe6\xe6\x00")
_GENERAL_BLOCK = 0xE0
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Frame(NamedTuple):
    """A frame whose check sequences fit.

    Attributes:
        destination: address as sent.
        source: address as sent.
        control: kind of frame and sequence numbers.
        segmented: whether the message goes on in the next frame.
        information: what it carries; empty for frames that only steer the link.
    """

    destination: bytes
    source: bytes
    control: int
    segmented: bool
    information: bytes

    @property
    def is_information(self) -> bool:
        """Whether the frame carries a message, or a part of one: an I or UI frame."""
        return self.control & 1 == 0 or self.control & ~_POLL_FINAL == _UNNUMBERED_INFORMATION

    @property
    def number(self) -> int | None:
        """The send sequence number of an I frame; None for a UI frame, which has none."""
        return self.control >> 1 & 7 if self.control & 1 == 0 else None


def frame_check(data: bytes) -> int:
    """Return the check sequence FCS-16 (CRC-16/X-25) of some bytes.

    >>> hex(frame_check(b"123456789"))
    '0x906e'
    """
    # The CRC of the standard library goes from the highest bit down; X-25 goes from the lowest up.
    remainder = crc_hqx(data.translate(_MIRRORED), 0xFFFF) ^ 0xFFFF
    return _MIRRORED[remainder & 0xFF] << 8 | _MIRRORED[remainder >> 8]


def frame_length(data: bytes | bytearray, at: int) -> int | None:
    """Return the bytes between the flags of the frame whose opening flag is at ``at``; None where none begins there.

    Raises:
        IncompleteError: the bytes end before the length.
    """
    if len(data) < at + 3:
        message = "the frame ends before its length"
        raise incomplete(message)
    if data[at] != FLAG or data[at + 1] & _TYPE_MASK != _TYPE_3:
        return None
    length = int.from_bytes(data[at + 1 : at + 3], "big") & _LENGTH_MASK
    return length if length >= _SHORTEST_BYTES else None


def decode_frame(data: bytes) -> Frame:
    """Return a frame.

    Args:
        data: all bytes between its flags.

    Raises:
        ChecksumError: FCS or HCS do not fit.
        MalformedError: addresses or length are none.
    """
    if len(data) < _SHORTEST_BYTES or frame_check(data[:-_CHECK_BYTES]) != int.from_bytes(data[-_CHECK_BYTES:], "little"):
        message = "the frame check sequence does not fit the frame's bytes"
        raise checksum(message)
    head = int.from_bytes(data[:2], "big")
    if data[0] & _TYPE_MASK != _TYPE_3 or head & _LENGTH_MASK != len(data):
        message = "no frame of type 3, or of another length than it says"
        raise malformed(message)
    destination = _address(data, 2)
    source = _address(data, 2 + len(destination))
    control_at = 2 + len(destination) + len(source)
    body = data[control_at + 1 : -_CHECK_BYTES]
    if body:
        if len(body) < _CHECK_BYTES or frame_check(data[: control_at + 1]) != int.from_bytes(body[:_CHECK_BYTES], "little"):
            message = "the header check sequence does not fit the frame's header"
            raise checksum(message)
        body = body[_CHECK_BYTES:]
    return Frame(destination, source, data[control_at], bool(head & _SEGMENTED), body)


def _address(data: bytes, at: int) -> bytes:
    """Return the address at ``at``: its last byte, and no other, is odd."""
    for length in range(1, max(_ADDRESS_BYTES) + 1):
        if at + length + _CHECK_BYTES >= len(data):
            break
        if data[at + length - 1] & 1:
            if length in _ADDRESS_BYTES:
                return data[at : at + length]
            break
    message = "an address of the frame has no end after 1, 2 or 4 bytes"
    raise malformed(message)


class Message(NamedTuple):
    """An application unit that is whole: where it began, and its bytes without the LLC header."""

    place: str
    apdu: bytes


class Lost(NamedTuple):
    """A message, or the rest of one, that cannot be put together: where it began, its bytes so far, and why."""

    place: str
    raw: bytes
    reason: str


@dataclass
class Assembler:
    """Joins the segments of messages, link by link."""

    _pending: dict[tuple[bytes, bytes], _Pending] = field(default_factory=dict)

    def feed(self, frame: Frame, place: str) -> list[Message | Lost]:
        """Return what ``frame`` completes, and what it shows to be lost.

        Args:
            frame: the next frame.
            place: where it stands.
        """
        if not frame.is_information or not frame.information:
            return []
        link = (frame.destination, frame.source)
        pending = self._pending.get(link)
        if pending is not None and pending.has_seen(frame):
            return []
        if pending is not None and pending.is_continued_by(frame):
            return self._go_on(link, pending, frame)
        found: list[Message | Lost] = []
        if pending is not None:
            found.append(self._pending.pop(link).lost("the message has no last segment"))
        # Some meters leave out the LLC header in the later blocks of a block transfer.
        if _begins_message(frame) or frame.information[0] == _GENERAL_BLOCK:
            if not frame.segmented:
                return [*found, Message(place, _without_link_header(frame.information))]
            self._pending[link] = _Pending(place, bytearray(frame.information), frame.number, frame.information)
            return found
        return [*found, Lost(place, frame.information, "the frame goes on with a message whose beginning is not there")]

    def drop_all(self) -> list[Lost]:
        """Forget the messages that have no end yet, and return them."""
        dropped = [pending.lost("the message has no last segment") for pending in self._pending.values()]
        self._pending.clear()
        return dropped

    def _go_on(self, link: tuple[bytes, bytes], pending: _Pending, frame: Frame) -> list[Message | Lost]:
        """Add a segment to its message."""
        pending.collected += frame.information
        pending.number, pending.newest = frame.number, frame.information
        if frame.segmented and len(pending.collected) <= LONGEST_MESSAGE_BYTES:
            return []
        del self._pending[link]
        if frame.segmented:
            return [pending.lost("the message of segments does not end")]
        return [Message(pending.place, _without_link_header(bytes(pending.collected)))]


@dataclass
class _Pending:
    """A message whose last segment is not there yet.

    Attributes:
        place: where it began.
        collected: its bytes so far.
        number: of its newest segment, where segments have numbers.
        newest: the newest segment.
    """

    place: str
    collected: bytearray
    number: int | None
    newest: bytes

    def has_seen(self, frame: Frame) -> bool:
        """Whether the frame is the newest segment once more: I frames are sent again when nobody answers."""
        return frame.number is not None and frame.number == self.number and frame.information == self.newest

    def is_continued_by(self, frame: Frame) -> bool:
        """Whether the frame is the next segment, as far as it can tell."""
        follows = self.number is None or frame.number is None or frame.number == (self.number + 1) % 8
        return follows and not _begins_message(frame)

    def lost(self, reason: str) -> Lost:
        """Return the message as one that cannot be put together."""
        return Lost(self.place, bytes(self.collected), reason)


def _begins_message(frame: Frame) -> bool:
    return frame.information[:3] in _LOGICAL_LINK


def _without_link_header(message: bytes) -> bytes:
    return message[3:] if message[:3] in _LOGICAL_LINK else message
