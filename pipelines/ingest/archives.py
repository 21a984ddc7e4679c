"""Archives: the members of a delivered file, streamed, with limits on what a hostile one may cost.

A plain file is its own only member. A gzip file is one member of several parts; a zip file has named members, which are
never extracted to disk. Names inside an archive are labels for people, nothing is ever written under them. What an
archive declares is checked before it is unpacked, what it gives is counted while it is.
"""

from __future__ import annotations

import gzip
import io
import lzma
import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from pipelines.ingest.refusals import unfit_file

MOST_FILE_BYTES = 64 * 2**30
"""Six times the interval data of a million meters and a month; a larger file is a mistake or an attack."""
MOST_MEMBERS = 1000
MOST_MEMBER_BYTES = 2 * 2**30
MOST_TOTAL_BYTES = 8 * 2**30
HIGHEST_RATIO = 200
"""Unpacked bytes a packed byte may become, looked at once more than ``RATIO_FROM_BYTES`` are unpacked."""
RATIO_FROM_BYTES = 10 * 2**20
BUFFER_BYTES = 2**18
GZIP_MAGIC = b"\x1f\x8b"
ZIP_MAGIC = b"PK\x03\x04"
EMPTY_ZIP_MAGIC = b"PK\x05\x06"
MOST_DIRECTORY_BYTES = 16 * 2**20
"""A table of contents is read whole before its members can be counted."""
_DIRECTORY_END = struct.Struct("<4s4H2LH")
_NOT_DATA = re.compile(r"(^|/)(__MACOSX/|\.DS_Store$|Thumbs\.db$)")
"""What file managers add on their own."""
_BROKEN = (
    EOFError,
    OSError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What the unpackers of the standard library raise on damaged data."""


def open_members(path: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Yield every member of a file with its name; a plain or gzip file has one without a name.

    A member is closed when the next one comes.

    Raises:
        InputRefusedError: ``file.special``, ``file.unreadable``, ``file.limit``, ``file.empty``, ``archive.corrupt``,
            ``archive.encrypted``, ``archive.limit``, ``archive.name``, ``archive.nested``. While a member is read, too.
    """
    with _open_regular(path) as file:
        head = file.read(4)
        file.seek(0)
        if head.startswith(GZIP_MAGIC):
            size = os.fstat(file.fileno()).st_size
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield "", _limited(unpacked, size, _Budget(), "")
        elif head in (ZIP_MAGIC, EMPTY_ZIP_MAGIC):
            yield from _zip_members(file)
        else:
            yield "", file


def _open_regular(path: Path) -> BinaryIO:
    """Open a regular file; what is looked at and what is opened is one and the same, and a pipe is not waited for."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as problem:
        if path.is_symlink():
            raise unfit_file("file.special", f"{path.name} is a link, not a regular file") from None
        raise unfit_file("file.unreadable", f"{path.name} cannot be read: {problem.strerror}") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise unfit_file("file.special", f"{path.name} is a folder, a pipe or a device, not a regular file")
    if (size := os.fstat(descriptor).st_size) > MOST_FILE_BYTES:
        os.close(descriptor)
        raise unfit_file("file.limit", f"{path.name} has {size >> 30} GiB, at most {MOST_FILE_BYTES >> 30} are read")
    return os.fdopen(descriptor, "rb")


def _zip_members(file: BinaryIO) -> Iterator[tuple[str, BinaryIO]]:
    """Yield the members of a zip file in the order of their names."""
    _check_directory(file)
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as problem:
        raise unfit_file("archive.corrupt", f"the zip file cannot be read: {problem}") from None
    members = [info for info in archive.infolist() if not info.is_dir() and not _NOT_DATA.search(info.filename)]
    _check_members(members)
    budget = _Budget()
    for info in sorted(members, key=lambda one: one.filename):
        try:
            unpacked = archive.open(info)
        except _BROKEN as problem:
            raise unfit_file("archive.corrupt", f"member {info.filename} cannot be unpacked: {problem}") from None
        with unpacked:
            yield info.filename, _limited(unpacked, info.compress_size, budget, info.filename)


def _check_directory(file: BinaryIO) -> None:
    """Refuse a zip file whose table of contents is larger than that of a delivery, before it is read."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _DIRECTORY_END.size - 2**16))
    tail = file.read()
    place = tail.rfind(EMPTY_ZIP_MAGIC)
    if not 0 <= place <= len(tail) - _DIRECTORY_END.size:
        raise unfit_file("archive.corrupt", "the end of the zip file is missing")
    directory_bytes = _DIRECTORY_END.unpack_from(tail, place)[5]
    if directory_bytes > MOST_DIRECTORY_BYTES:
        raise unfit_file("archive.limit", f"a table of contents of {directory_bytes} bytes")
    file.seek(0)


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    """Refuse an archive whose table of contents is not that of a delivery."""
    if not members:
        raise unfit_file("file.empty", "the zip file holds no file")
    if len(members) > MOST_MEMBERS:
        raise unfit_file("archive.limit", f"{len(members)} members, at most {MOST_MEMBERS} are taken")
    if len({info.filename for info in members}) != len(members):
        raise unfit_file("archive.name", "two members have the same name")
    if max(info.file_size for info in members) > MOST_MEMBER_BYTES or sum(info.file_size for info in members) > MOST_TOTAL_BYTES:
        raise unfit_file("archive.limit", "it declares to unpack to more than a delivery does")
    ends = 0
    for info in sorted(members, key=lambda one: one.header_offset):
        name = info.filename
        if name.startswith("/") or ".." in name.split("/") or "\\" in name or ":" in name or not name.isprintable():
            raise unfit_file("archive.name", f"a member is called {name!r}")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise unfit_file("archive.name", f"member {name} is a symbolic link")
        if info.flag_bits & 1:
            raise unfit_file("archive.encrypted", f"member {name} is encrypted")
        if info.header_offset < ends:
            raise unfit_file("archive.corrupt", f"member {name} overlaps another one")
        ends = info.header_offset + info.compress_size


class _Budget:
    """Bytes an archive has unpacked to."""

    def __init__(self) -> None:
        self.total = 0


class _Limited(io.RawIOBase):
    """A member that stops when it unpacks to more than a delivery ever does."""

    def __init__(self, source: Any, packed: int, budget: _Budget, name: str) -> None:  # noqa: ANN401 - any binary stream
        super().__init__()
        self._source, self._packed, self._budget, self._name = source, max(packed, 1), budget, name
        self._read = 0

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any, /) -> int:  # noqa: ANN401 - any writable buffer; the type has a name from 3.12 on
        """Fill ``buffer`` and count what was unpacked."""
        room = memoryview(buffer)
        try:
            piece = self._source.read(len(room))
        except _BROKEN as problem:
            raise unfit_file("archive.corrupt", f"{self._name or 'the gzip file'} cannot be unpacked: {problem}") from None
        if not self._read and piece.startswith((GZIP_MAGIC, ZIP_MAGIC)):
            raise unfit_file("archive.nested", f"{self._name or 'the gzip file'} holds another archive")
        self._read += len(piece)
        self._budget.total += len(piece)
        too_large = self._read > MOST_MEMBER_BYTES or self._budget.total > MOST_TOTAL_BYTES
        if too_large or (self._read > RATIO_FROM_BYTES and self._read > HIGHEST_RATIO * self._packed):
            raise unfit_file("archive.limit", f"{self._name or 'the gzip file'} unpacks to more than a delivery does")
        room[: len(piece)] = piece
        return len(piece)


def _limited(source: Any, packed: int, budget: _Budget, name: str) -> BinaryIO:  # noqa: ANN401 - any binary stream
    return io.BufferedReader(_Limited(source, packed, budget, name), BUFFER_BYTES)
