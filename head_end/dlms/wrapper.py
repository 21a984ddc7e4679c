"""The wrapper of DLMS over TCP and UDP: ``0001 | source port | destination port | length``, 16 bits each (IEC 62056-47)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from head_end.dlms.errors import incomplete

HEADER_BYTES = 8
VERSION = b"\x00\x01"
_HEADER = struct.Struct(">HHHH")


class Wrapped(NamedTuple):
    """An application unit as a wrapper carries it.

    Attributes:
        source: wrapper port of the sender.
        destination: wrapper port of the receiver.
        apdu: the unit.
        end: first byte after it.
    """

    source: int
    destination: int
    apdu: bytes
    end: int


def unwrap(data: bytes | bytearray, at: int) -> Wrapped:
    """Return the unit whose wrapper begins at ``at``.

    Raises:
        IncompleteError: the bytes end before it does.
    """
    if len(data) < at + HEADER_BYTES:
        message = "the wrapper's header is cut"
        raise incomplete(message)
    _, source, destination, length = _HEADER.unpack_from(data, at)
    end = at + HEADER_BYTES + length
    if len(data) < end:
        message = f"the wrapper announces {length} bytes; the bytes end before"
        raise incomplete(message)
    return Wrapped(source, destination, bytes(data[at + HEADER_BYTES : end]), end)
