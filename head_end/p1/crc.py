"""The CRC of a telegram: CRC-16 with the polynomial x^16 + x^15 + x^2 + 1, least significant bit first, from 0.

Two bytes are as long as the CRC itself, so one look-up takes both at once.
"""

from __future__ import annotations

import struct
from functools import cache

_POLYNOMIAL = 0xA001


def _shift(value: int, bits: int) -> int:
    for _ in range(bits):
        value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
    return value


_OF_BYTE = tuple(_shift(byte, 8) for byte in range(256))


@cache
def _of_pair() -> tuple[int, ...]:
    """Return what two bytes make of a CRC of 0, by their value as a little-endian number."""
    once = [value >> 8 ^ _OF_BYTE[value & 0xFF] for value in range(1 << 16)]
    return tuple(value >> 8 ^ _OF_BYTE[value & 0xFF] for value in once)


def crc16(text: bytes) -> int:
    """Return the CRC of a text, as P1 computes it from the ``/`` to the ``!``.

    >>> f"{crc16(b'123456789'):04X}"
    'BB3D'
    """
    table = _of_pair()
    crc = 0
    for pair in struct.unpack_from(f"<{len(text) // 2}H", text):
        crc = table[crc ^ pair]
    return crc >> 8 ^ _OF_BYTE[(crc ^ text[-1]) & 0xFF] if len(text) % 2 else crc
