"""Event codes by companion standard: the same number means different things to different families of meters.

One table a standard, beside this module; ``SOURCES.md`` says where each comes from. A code that a table does not have
is nobody's guess: it stays as the meter wrote it.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

from schemas.event_types import EventType

COMPANIONS = ("dsmr4", "idis", "is15959", "smr5")
"""Standards whose codes are known."""
_MOST_DIGITS = 9


def event_type_of(companion: str, code: str | int) -> str | None:
    """Return what a code of a standard means, in the project's words; None where nobody knows the pair.

    Args:
        companion: the standard that the meter follows: one of ``COMPANIONS``, in any case.
        code: its code as a number, or as text: decimal, or hexadecimal after ``0x``.

    >>> [str(event_type_of(companion, 80)) for companion in COMPANIONS]
    ['sag', 'over_voltage', 'None', 'over_voltage']
    >>> event_type_of("smr5", "0x8083"), event_type_of("dsmr9", 1)
    (<EventType.TAMPER: 'tamper'>, None)
    """
    name = companion.strip().lower()
    number = code if isinstance(code, int) else _number(code)
    return _table(name).get(number) if name in COMPANIONS and number is not None else None


@cache
def _table(companion: str) -> dict[int, EventType]:
    """Return the codes of a standard."""
    text = files(__name__).joinpath(f"{companion}.csv").read_text("utf-8")
    return {_number(row["code"]) or 0: EventType(row["event_type"]) for row in csv.DictReader(text.splitlines())}


def _number(code: str) -> int | None:
    """Return a code as a number; None where it is none."""
    text = code.strip().lower()
    base, digits = (16, text[2:]) if text.startswith("0x") else (10, text)
    allowed = "0123456789abcdef" if base == 16 else "0123456789"  # noqa: PLR2004 - a base of numbers
    if not digits or len(digits) > _MOST_DIGITS or not set(digits) <= set(allowed):
        return None
    return int(digits, base)
