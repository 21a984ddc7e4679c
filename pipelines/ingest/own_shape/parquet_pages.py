"""Footer and pages of a Parquet file, looked at before anything is decoded: what they unpack to, and whether they have checksums.

A page says its own size and number of values, and Arrow's reader makes room for what it says: a page of a few bytes may
unpack to gigabytes. So each page's header (Thrift's compact protocol, as the Apache Parquet format defines it) is read here
first, and a column chunk that does not keep the limits is refused before it is read. Where the pages are is read here as
well: asked about some damaged footers, Arrow ends the whole process.
"""

from __future__ import annotations

from typing import Any, BinaryIO, NamedTuple

from schemas.errors import InputRefusedError

MOST_GROUPS = 2000
MOST_PAGES = 100_000
"""Of a column chunk."""
MOST_PAGE_BYTES = 64 * 2**20
"""Bytes a page may unpack to."""
_HEADER_BYTES = 512
_MOST_HEADER_BYTES = 2**16
"""A header may repeat the smallest and largest text of its page."""
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_ROW_GROUPS, _COLUMNS, _FILE_PATH, _META, _CRYPTO = 4, 1, 1, 3, 8
_CHUNK_VALUES, _DATA_OFFSET, _DICTIONARY_OFFSET = 5, 9, 11
_TYPE, _UNPACKED, _PACKED, _CHECKSUM = 1, 2, 3, 4
_DATA, _DICTIONARY, _DATA_V2 = 0, 2, 3
_DETAILS = {_DATA: 5, _DICTIONARY: 7, _DATA_V2: 8}
"""Field of the page header that says more, by type of page."""
_VALUES = 1
_ENCODING = {_DATA: 2, _DICTIONARY: 2, _DATA_V2: 4}
_ENCODINGS = frozenset({0, 2, 3, 4, 5, 6, 8, 9})
"""All but the delta of texts, in which a text of one byte may repeat all of the one before it."""
_DEEPEST = 10
_MOST_STRUCTS = 400_000
_LONGEST_VARINT = 10
Fields = dict[tuple[int, int], Any]
"""What stands in a structure, by number and type: a reader skips a field of another type than it expects."""


class Chunk(NamedTuple):
    """Where the pages of a column of a row group begin, and how many values they hold."""

    start: int
    values: int


class PageSizes(NamedTuple):
    """What the pages of a column chunk unpack to.

    Attributes:
        unpacked_bytes: of all pages, as each says itself.
        checked: every page carries a checksum.
    """

    unpacked_bytes: int
    checked: bool


def column_chunks(footer: bytes) -> list[list[Chunk]]:
    """Return the column chunks of each row group.

    Raises:
        InputRefusedError: ``parquet.corrupt``, ``parquet.limit``, ``encrypted.no_key``.
    """
    reader = _Compact(footer)
    try:
        file = reader.struct()
    except IndexError:
        raise refusal("parquet.corrupt", "its footer does not end") from None
    groups = _structs(file, _ROW_GROUPS)
    if len(groups) > MOST_GROUPS:
        raise refusal("parquet.limit", f"{len(groups)} row groups", "write larger ones")
    return [[_chunk(chunk) for chunk in _structs(group, _COLUMNS)] for group in groups]


def _chunk(chunk: Fields) -> Chunk:
    if (_CRYPTO, _STRUCT) in chunk:
        raise refusal("encrypted.no_key", "a column is encrypted, and nobody gave a key", "deliver it plain")
    meta = chunk.get((_META, _STRUCT))
    if meta is None or (_FILE_PATH, _BINARY) in chunk:
        raise refusal("parquet.corrupt", "a column lies in another file")
    starts = [_count(meta, _DATA_OFFSET, _I64)]
    if meta.get((_DICTIONARY_OFFSET, _I64)):
        starts.append(_count(meta, _DICTIONARY_OFFSET, _I64))
    return Chunk(min(starts), _count(meta, _CHUNK_VALUES, _I64))


def _structs(fields: Fields, number: int) -> list[Fields]:
    """Return a list of structures that must be there."""
    kind, found = fields.get((number, _LIST), (None, []))
    if kind != _STRUCT and found:
        raise refusal("parquet.corrupt", "its footer is none")
    return found


def page_sizes(file: BinaryIO, start: int, values: int, end: int) -> PageSizes:
    """Walk the pages of a column chunk.

    Args:
        file: the file.
        start: where its first page begins.
        values: how many values its pages hold.
        end: where the pages of the file end.

    Raises:
        InputRefusedError: ``parquet.corrupt``, ``parquet.limit``.
    """
    unpacked, met, pages, checked, at = 0, 0, 0, True, start
    while met < values:
        fields, length = _header(file, at, end)
        pages += 1
        kind, size, packed = (_count(fields, number) for number in (_TYPE, _UNPACKED, _PACKED))
        details = fields.get((_DETAILS.get(kind, 0), _STRUCT))
        if not isinstance(details, dict):
            raise refusal("parquet.corrupt", "a page of a kind nobody writes")
        if _count(details, _ENCODING[kind]) not in _ENCODINGS:
            raise refusal("parquet.limit", "texts written as differences of each other: write them plain or by dictionary")
        if size > MOST_PAGE_BYTES or pages > MOST_PAGES:
            raise refusal("parquet.limit", f"a page that unpacks to {size >> 20} MiB, or more than {MOST_PAGES} pages")
        met += _count(details, _VALUES) if kind != _DICTIONARY else 0
        unpacked += size
        checked &= (_CHECKSUM, _I32) in fields
        at += length + packed
    if met > values or at > end:
        raise refusal("parquet.corrupt", "its pages hold more than their column")
    return PageSizes(unpacked, checked)


def refusal(code: str, message: str, hint: str = "ask the sender for the file again") -> InputRefusedError:
    """Return the refusal of a Parquet file."""
    return InputRefusedError(code, f"the Parquet file: {message}", hint)


def _header(file: BinaryIO, at: int, end: int) -> tuple[Fields, int]:
    """Return the fields of a page's header, and its length."""
    for most in (_HEADER_BYTES, _MOST_HEADER_BYTES):
        if not 0 < at < end:
            raise refusal("parquet.corrupt", "a page lies outside of it")
        file.seek(at)
        reader = _Compact(file.read(min(most, end - at)))
        try:
            return reader.struct(), reader.place
        except IndexError:
            continue
    raise refusal("parquet.corrupt", "the header of a page does not end")


def _count(fields: Fields, number: int, kind: int = _I32) -> int:
    """Return a number that must be there."""
    found = fields.get((number, kind), -1)
    if found < 0:
        raise refusal("parquet.corrupt", "a number of its footer or of a page's header is not there")
    return int(found)


class _Compact:
    """Bytes of Thrift's compact protocol; the end of the bytes is an ``IndexError``."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._structs = 0
        self.place = 0

    def struct(self, depth: int = 0) -> Fields:
        """Read fields up to the stop: numbers, structures and lists of them; of texts only that they are there."""
        self._structs += 1
        if depth > _DEEPEST or self._structs > _MOST_STRUCTS:
            raise refusal("parquet.limit", "a footer that is nested, or has more parts than one of readings")
        found: Fields = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self._zigzag()
            found[number, head & 15] = self._value(head & 15, depth)
        return found

    def _list(self, depth: int) -> tuple[int, list[Any]]:
        """Read a list: the type of its entries, and those."""
        head = self._byte()
        kind, size = head & 15, head >> 4
        size = self._varint() if size == 15 else size  # noqa: PLR2004 - 15: the size follows
        if size > len(self._text) - self.place:
            raise IndexError
        return kind, [self._byte() if kind in (1, 2) else self._value(kind, depth) for _ in range(size)]

    def _value(self, kind: int, depth: int) -> object:
        found: object = None
        match kind:
            case 1 | 2:
                found = kind == 1
            case 3:
                found = self._byte()
            case 4 | 5 | 6:
                found = self._zigzag()
            case 7 | 8:
                self._skip(8 if kind == 7 else self._varint())  # noqa: PLR2004 - a double
            case 9 | 10:
                found = self._list(depth + 1)
            case 12:
                found = self.struct(depth + 1)
            case _:
                raise refusal("parquet.corrupt", "its footer or the header of a page is none")
        return found

    def _byte(self) -> int:
        self.place += 1
        return self._text[self.place - 1]

    def _skip(self, count: int) -> None:
        self.place += count
        if self.place > len(self._text):
            raise IndexError

    def _varint(self) -> int:
        value = 0
        for turn in range(_LONGEST_VARINT):
            byte = self._byte()
            value |= (byte & 127) << (7 * turn)
            if byte < 128:  # noqa: PLR2004 - the highest bit says that more follow
                return value
        raise refusal("parquet.corrupt", "its footer or the header of a page is none")

    def _zigzag(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)
