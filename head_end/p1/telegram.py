"""Telegram: whose values they are, when they were sent, and by which version of the standard."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from head_end.p1.framing import Frame
from head_end.p1.objects import P1Object, Unreadable, parse_objects

FIRST_VERSION_WITH_CRC = 4
MOST_ID_CHARACTERS = 96
"""An identifier has at most 48 octets, two characters each."""
_OF_THE_METER = ("0-0:96.1.1", "0-0:42.0.0", "0-0:96.1.0", "0-0:0.0.0", "1-0:0.0.0")
"""Objects that name the meter, the first one that does: the Netherlands and Belgium; Luxembourg, Hungary; others."""
_OF_A_DEVICE = ("96.1.0", "96.1.1")
"""Objects of an M-Bus channel that name its meter: the Netherlands, Belgium."""
_CLOCK, _DUTCH_VERSION, _BELGIAN_VERSION, _DEVICE_TYPE = "0-0:1.0.0", "1-3:0.2.8", "0-0:96.1.4", "24.1.0"
_ID = re.compile(r"[!-~](?:[ -~]*[!-~])?")


@dataclass(frozen=True)
class Telegram:
    """A frame whose lines were read.

    Attributes:
        identification: what follows the ``/``: maker, speed, model.
        objects: its objects in order.
        unreadable: lines that hold none.
    """

    identification: str
    objects: Sequence[P1Object]
    unreadable: Sequence[Unreadable]

    @classmethod
    def of(cls, frame: Frame) -> Telegram:
        """Read the lines of a frame, whole or not."""
        first = frame.lines[0].text.decode("ascii", "backslashreplace").strip() if frame.begins else ""
        lines = frame.lines[1:] if frame.begins else frame.lines
        return cls(first.removeprefix("/"), *parse_objects(lines))

    @cached_property
    def version(self) -> int | None:
        """Number of the Dutch standard it follows: 4, 5; None where it does not say.

        The clock object came with version 4: a telegram that has one and no version follows 4 or later.
        """
        belgian, dutch = self._said(_BELGIAN_VERSION), self._said(_DUTCH_VERSION)
        said = belgian or dutch or ""
        if said[:1].isascii() and said[:1].isdecimal():
            return int(said[0])
        return FIRST_VERSION_WITH_CRC if self.stamp is not None else None

    @property
    def should_have_crc(self) -> bool:
        """Whether its version closes a telegram with a CRC."""
        return self.version is not None and self.version >= FIRST_VERSION_WITH_CRC

    @cached_property
    def is_belgian(self) -> bool:
        """Whether it follows e-MUCS, the Belgian standard."""
        return self._said(_BELGIAN_VERSION) is not None or self.identification.upper().startswith("FLU")

    @cached_property
    def stamp(self) -> str | None:
        """When it was sent, as written; None where it does not say."""
        return self._said(_CLOCK) or None

    @cached_property
    def equipment_id(self) -> str | None:
        """Identifier of the meter as written; None where the telegram names a model alone."""
        return next((said for name in _OF_THE_METER if (said := self._said(name))), None)

    def device_id(self, device: int) -> str | None:
        """Return the identifier of an M-Bus meter as written; None where the telegram names none."""
        names = (f"0-{device}:{name}" for name in _OF_A_DEVICE)
        return next((said for name in names if (said := self._said(name))), None)

    def device_type(self, device: int) -> int | None:
        """Return the type of an M-Bus meter: 3 gas, 4 heat, 7 water; None where the telegram does not say."""
        said = self._said(f"0-{device}:{_DEVICE_TYPE}") or ""
        return int(said) if said.isascii() and said.isdecimal() and len(said) <= 3 else None  # noqa: PLR2004 - digits

    @cached_property
    def is_spliced(self) -> bool:
        """Whether it names two meters or two times of its own: then these are parts of two telegrams."""
        said_once = (*_OF_THE_METER, _CLOCK)
        return any(
            len(texts) > 1 for name, texts in self._texts.items() if name in said_once or name.partition(":")[2] in _OF_A_DEVICE
        )

    @cached_property
    def has_bad_id(self) -> bool:
        """Whether an identifier is longer than any, or holds characters nobody can print."""
        ids = [self.equipment_id or self.identification, *(self.device_id(device) or "-" for device in range(1, 5))]
        return any(len(text) > MOST_ID_CHARACTERS or _ID.fullmatch(text) is None for text in ids)

    def _said(self, name: str) -> str | None:
        """Return the only text of an object; None where it is not there."""
        return next(iter(self._texts.get(name, ())), None)

    @cached_property
    def _texts(self) -> dict[str, dict[str, None]]:
        """The different texts of each object that has one cell, by its code without a billing period."""
        found: dict[str, dict[str, None]] = {}
        for source in self.objects:
            if len(source.cells) == 1:
                name = source.code.channel if source.code.f is not None else source.written
                found.setdefault(name, {})[source.cells[0].strip()] = None
        return found
