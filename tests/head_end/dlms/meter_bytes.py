"""Bytes as a meter would send them, written by the rules of the standard: the decoder's other half, kept apart from it."""

from __future__ import annotations


def fcs16(data: bytes) -> bytes:
    """CRC-16/X-25, bit by bit, lowest byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    return (crc ^ 0xFFFF).to_bytes(2, "little")


def frame(
    information: bytes,
    *,
    more: bool = False,
    destination: bytes = b"\xcf",
    source: bytes = b"\x02\x23",
    control: int = 0x13,
) -> bytes:
    """An HDLC frame with its flags."""
    length = 2 + len(destination) + len(source) + 1 + (2 + len(information) if information else 0) + 2
    head = (0xA000 | (0x0800 if more else 0) | length).to_bytes(2, "big") + destination + source + bytes([control])
    body = head + (fcs16(head) + information if information else b"")
    return b"\x7e" + body + fcs16(body) + b"\x7e"


def segments(message: bytes, size: int) -> list[bytes]:
    """A message in frames of ``size`` bytes each."""
    parts = [message[at : at + size] for at in range(0, len(message), size)]
    return [frame(part, more=number < len(parts)) for number, part in enumerate(parts, start=1)]


def wrapped(apdu: bytes, source: int = 1, destination: int = 16) -> bytes:
    """A unit in a wrapper."""
    return b"".join(part.to_bytes(2, "big") for part in (1, source, destination, len(apdu))) + apdu


def length(count: int) -> bytes:
    """A length as A-XDR writes it."""
    if count < 0x80:
        return bytes([count])
    raw = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(raw)]) + raw


def structure(*members: bytes) -> bytes:
    return b"\x02" + length(len(members)) + b"".join(members)


def array(*elements: bytes) -> bytes:
    return b"\x01" + length(len(elements)) + b"".join(elements)


def octets(raw: bytes) -> bytes:
    return b"\x09" + length(len(raw)) + raw


def code(text: str) -> bytes:
    """The logical name of ``1-0:1.8.0``."""
    groups = [int(part) for part in text.replace("-", ".").replace(":", ".").split(".")]
    return octets(bytes([*groups, 255]))


def u16(value: int) -> bytes:
    return b"\x12" + value.to_bytes(2, "big")


def u32(value: int) -> bytes:
    return b"\x06" + value.to_bytes(4, "big")


def scale(scaler: int, unit: int) -> bytes:
    return structure(b"\x0f" + scaler.to_bytes(1, "big", signed=True), b"\x16" + bytes([unit]))


def clock(text: str, deviation: int | None = None, status: int = 0) -> bytes:
    """Twelve bytes of ``2026-01-31 13:45:00``."""
    date, time = text.split()
    year, month, day = (int(part) for part in date.split("-"))
    parts = year.to_bytes(2, "big") + bytes([month, day, 0xFF]) + bytes(int(part) for part in time.split(":")) + b"\xff"
    return parts + (-0x8000 if deviation is None else deviation).to_bytes(2, "big", signed=True) + bytes([status])


def notification(body: bytes, time: bytes = b"") -> bytes:
    """A push."""
    return b"\x0f\x40\x00\x00\x00" + length(len(time)) + time + body


LINK = b"\xe6\xe7\x00"
"""What stands before a message in its first frame."""

METER = structure(code("0-0:96.1.0"), octets(b"0007359992892587"))
WH, W, V, NUMBER = 30, 27, 35, 255


def register(name: str, value: int, scaler: int = 0, unit: int = WH) -> bytes:
    """Code, value, scaler and unit in a structure, as Aidon and Iskraemeco write it."""
    return structure(code(name), u32(value), scale(scaler, unit))


def hourly_list(at: str = "2026-01-31 14:00:00", deviation: int | None = -60, energy: int = 123_456) -> bytes:
    """A list with its meter, its clock, a power and an energy."""
    return array(
        METER,
        structure(code("0-0:1.0.0"), octets(clock(at, deviation))),
        register("1-0:1.7.0", 1500, 0, W),
        register("1-0:1.8.0", energy, 1, WH),
    )
