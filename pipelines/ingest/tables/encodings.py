"""The bytes of a plain table as UTF-8 with line feeds, whatever the file was written in."""

from __future__ import annotations

import codecs
import io
import re
from typing import Any, BinaryIO

from schemas.errors import InputRefusedError

ENCODINGS = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "windows-1252", "cp850")
"""What a mapping may declare; nothing but UTF-8 is ever assumed."""
PROBE_BYTES = 64 * 1024
_READ_BYTES = 256 * 1024
_WIDE = ("utf-16", "utf-16-le", "utf-16-be")
_TEXT = re.compile(rb"\A[\t\r\n\x20-\x7e\x80-\xff]*\Z")


def known_encoding(name: str) -> str:
    """Return the encoding's name in lower case.

    Raises:
        ValueError: it is none of ``ENCODINGS``.
    """
    if name.lower() not in ENCODINGS:
        message = f"'{name}' is none of {', '.join(ENCODINGS)}"
        raise ValueError(message)
    return name.lower()


def is_text(head: bytes, encoding: str) -> bool:
    """Whether the first bytes of a file may be text of an encoding: no control characters but tabs and line ends."""
    return encoding in _WIDE or _TEXT.match(head) is not None


def open_text(stream: BinaryIO, encoding: str) -> BinaryIO:
    """Return ``stream`` as UTF-8.

    A file whose lines end in carriage returns alone, as old spreadsheets on a Mac wrote them, gets line feeds: it is
    told from its first 64 KiB.

    Args:
        stream: the bytes of the file.
        encoding: one of ``ENCODINGS``.
    """
    plain = stream if encoding == "utf-8" else io.BufferedReader(_Transcoded(stream, encoding), _READ_BYTES)
    head = plain.read(PROBE_BYTES)
    ends = "\r" if b"\r" in head[:-1] and b"\n" not in head else ""
    return io.BufferedReader(_Probed(head, plain, returns=bool(ends)), _READ_BYTES)


class Counted(io.RawIOBase):
    """A stream that counts the bytes read from it.

    Attributes:
        count: bytes read so far.
    """

    def __init__(self, source: BinaryIO) -> None:
        """Count from here on."""
        super().__init__()
        self.count = 0
        self._source = source

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer; the type has a name from 3.12 on
        """Fill ``buffer``."""
        room = memoryview(buffer)
        part = self._source.read(len(room))
        room[: len(part)] = part
        self.count += len(part)
        return len(part)


class _Transcoded(io.RawIOBase):
    """A stream in another encoding, read as UTF-8."""

    def __init__(self, source: BinaryIO, encoding: str) -> None:
        super().__init__()
        self._source = source
        self._encoding = encoding
        self._decoder = codecs.getincrementaldecoder(encoding)("strict")
        self._held = b""
        self._ended = False

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer; the type has a name from 3.12 on
        """Fill ``buffer``.

        Raises:
            InputRefusedError: ``encoding.invalid``.
        """
        while not self._held and not self._ended:
            data = self._source.read(_READ_BYTES)
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeError as problem:
                code = "encoding.invalid"
                message = f"the file is not {self._encoding}: {str(problem)[:100]}"
                raise InputRefusedError(code, message, "correct 'encoding' in the mapping") from None
            self._held = text.encode("utf-8", "replace")
        room = memoryview(buffer)
        part = self._held[: len(room)]
        self._held = self._held[len(part) :]
        room[: len(part)] = part
        return len(part)


class _Probed(io.RawIOBase):
    """A stream whose first bytes were looked at; carriage returns become line feeds where they end its lines."""

    def __init__(self, head: bytes, rest: BinaryIO, *, returns: bool) -> None:
        super().__init__()
        self._head = head
        self._rest = rest
        self._returns = returns

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer; the type has a name from 3.12 on
        """Fill ``buffer`` from the bytes looked at, then from the rest."""
        room = memoryview(buffer)
        part = self._head[: len(room)] if self._head else self._rest.read(len(room))
        self._head = self._head[len(part) :]
        part = part.replace(b"\r", b"\n") if self._returns else part
        room[: len(part)] = part
        return len(part)
