"""Telegrams made up for tests, with the CRC a meter would send."""

from __future__ import annotations

METER = "4B31323334353637383930313233343536"
GAS = "47303031323334353637383930313233"
V5 = (
    "/TST5\\253000001",
    "",
    "1-3:0.2.8(50)",
    "0-0:1.0.0(260115120000W)",
    f"0-0:96.1.1({METER})",
    "1-0:1.8.1(001234.567*kWh)",
    "1-0:2.8.1(000007.890*kWh)",
    "0-0:96.14.0(0002)",
    "1-0:1.7.0(00.244*kW)",
    "1-0:32.7.0(0230.1*V)",
    "0-1:24.1.0(003)",
    f"0-1:96.1.0({GAS})",
    "0-1:24.2.1(260115110000W)(00321.098*m3)",
)
"""A short telegram of version 5: four values of the meter's own, one of a gas meter."""
VALUES_OF_V5 = 5


def crc_of(text: bytes) -> int:
    """The CRC bit by bit, as the standard describes it."""
    crc = 0
    for byte in text:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc


def sent(lines: tuple[str, ...] | list[str] = V5, *, crc: str | None = None, ends: bytes = b"\r\n") -> bytes:
    """A telegram as a capture holds it; ``crc`` replaces the right one."""
    text = "".join(line + "\r\n" for line in lines).encode() + b"!"
    closing = f"{crc_of(text):04X}" if crc is None else crc
    return (text + closing.encode() + b"\r\n").replace(b"\r\n", ends)


def changed(**lines: str | None) -> tuple[str, ...]:
    """The lines of ``V5`` with some replaced, by what their code begins with; None takes one out.

    >>> changed(**{"1-0:1.7.0": None}) == tuple(line for line in V5 if "1.7.0" not in line)
    True
    """
    found = list(V5)
    for code, line in lines.items():
        place = next((at for at, old in enumerate(found) if old.startswith(code)), len(found))
        found[place : place + 1] = [] if line is None else [line]
    return tuple(found)
