"""Values in A-XDR: a tag, then what the tag says (IEC 62056-6-2, data types; IEC 61334-6).

Numbers stay exact: a float becomes the shortest decimal that reads back as the same float, which is what a meter that
computes in floats meant to say. Depth and count of values are bounded.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from head_end.dlms.errors import IncompleteError, LimitError, beyond_limit, incomplete, malformed

DEEPEST = 20
MOST_VALUES = 500_000
"""A year of quarter hours with ten columns has 390,000."""
_MOST_LENGTH_BYTES = 4
_MOST_BITS = 4096
_SINGLE_DIGITS = range(6, 10)
"""Digits that may tell a float of 32 bits: nine always do."""


class Tag(IntEnum):
    """Data types of COSEM attributes."""

    NULL = 0
    ARRAY = 1
    STRUCTURE = 2
    BOOLEAN = 3
    BIT_STRING = 4
    DOUBLE_LONG = 5
    DOUBLE_LONG_UNSIGNED = 6
    OCTET_STRING = 9
    VISIBLE_STRING = 10
    UTF8_STRING = 12
    BCD = 13
    INTEGER = 15
    LONG = 16
    UNSIGNED = 17
    LONG_UNSIGNED = 18
    COMPACT_ARRAY = 19
    LONG64 = 20
    LONG64_UNSIGNED = 21
    ENUM = 22
    FLOAT32 = 23
    FLOAT64 = 24
    DATE_TIME = 25
    DATE = 26
    TIME = 27
    DELTA_INTEGER = 28
    DELTA_LONG = 29
    DELTA_DOUBLE_LONG = 30
    DELTA_UNSIGNED = 31
    DELTA_LONG_UNSIGNED = 32
    DELTA_DOUBLE_LONG_UNSIGNED = 33
    DONT_CARE = 255


DELTAS = frozenset(range(Tag.DELTA_INTEGER, Tag.DELTA_DOUBLE_LONG_UNSIGNED + 1))
"""Differences to the value before, in profile buffers."""
_WITHOUT_BYTES = frozenset({Tag.NULL, Tag.DONT_CARE})
_CODES = frozenset({Tag.BOOLEAN, Tag.BIT_STRING, Tag.ENUM})
_TEXTS = frozenset({Tag.OCTET_STRING, Tag.VISIBLE_STRING, Tag.UTF8_STRING})

Value: TypeAlias = int | Decimal | bytes | str | tuple["Data", ...] | None


class Data(NamedTuple):
    """A value with its type.

    Attributes:
        tag: its type.
        value: None; int; Decimal, NaN included; bytes of strings, dates and times; text of zeros and ones of a
            bit-string; elements of an array or a structure.
    """

    tag: Tag
    value: Value

    @property
    def elements(self) -> tuple[Data, ...]:
        """The elements of an array or a structure; none of any other value."""
        return self.value if isinstance(self.value, tuple) else ()

    @property
    def is_container(self) -> bool:
        """Whether it is an array or a structure."""
        return isinstance(self.value, tuple)

    @property
    def is_null(self) -> bool:
        """Whether it says nothing."""
        return self.value is None

    @property
    def octets(self) -> bytes | None:
        """The bytes of an octet-string or of a date and time; None of any other value."""
        return self.value if isinstance(self.value, bytes) and self.tag in (Tag.OCTET_STRING, Tag.DATE_TIME) else None

    @property
    def text(self) -> str | None:
        """A string as printable text, without the blanks and zeros that fill it up; None where it is none."""
        if self.tag not in _TEXTS or not isinstance(self.value, bytes):
            return None
        try:
            text = self.value.rstrip(b"\0 ").decode("utf-8" if self.tag is Tag.UTF8_STRING else "ascii").strip()
        except UnicodeDecodeError:
            return None
        return text if text and text.isprintable() else None

    @property
    def number(self) -> int | Decimal | None:
        """A measured number; None of a code, a string or nothing."""
        return self.value if isinstance(self.value, int | Decimal) and self.tag not in _CODES else None

    @property
    def status(self) -> str | None:
        """A status code as text: bits of a bit-string, digits of a number; None where it is none."""
        return str(self.value) if isinstance(self.value, int | str) else None


def decode(data: bytes, at: int = 0) -> tuple[Data, int]:
    """Return the value that begins at ``at`` and the first byte after it.

    Raises:
        IncompleteError: the bytes end before the value does.
        MalformedError: a tag or a length that the encoding does not know.
        LimitError: nested deeper than ``DEEPEST``, or more than ``MOST_VALUES`` values.

    >>> decode(bytes.fromhex("02020ffe1623"))[0].elements
    (Data(tag=<Tag.INTEGER: 15>, value=-2), Data(tag=<Tag.ENUM: 22>, value=35))
    """
    cursor = _Cursor(data, at)
    return cursor.value(0), cursor.at


class Beginning(NamedTuple):
    """An array as far as it is there.

    Attributes:
        announced: elements the array says it has.
        elements: those that are there to the end.
        end: first byte after the last of them.
    """

    announced: int
    elements: tuple[Data, ...]
    end: int


def decode_beginning(data: bytes) -> Beginning:
    """Return the elements of an array that is cut.

    Raises:
        IncompleteError: not even the number of its elements is there.
        MalformedError: it is no array, or one of its elements is malformed.
        LimitError: see ``decode``.
    """
    cursor = _Cursor(data, 0)
    if cursor.byte() != Tag.ARRAY:
        message = "only an array can be taken in part"
        raise malformed(message)
    announced = cursor.length()
    elements: list[Data] = []
    end = cursor.at
    try:
        while len(elements) < announced:
            elements.append(cursor.value(1))
            end = cursor.at
    except IncompleteError:
        pass
    return Beginning(announced, tuple(elements), end)


def decode_length(data: bytes, at: int) -> tuple[int, int]:
    """Return the length that is encoded at ``at`` and the first byte after it.

    Raises:
        IncompleteError: the bytes end inside it.
        MalformedError: it is encoded as no length is.
    """
    cursor = _Cursor(data, at)
    return cursor.length(), cursor.at


class _Cursor:
    """Where a decoder stands in its bytes, and how many values it has met."""

    __slots__ = ("at", "data", "met")

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at
        self.met = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if end > len(self.data):
            message = f"{end - len(self.data)} bytes are missing at the end"
            raise incomplete(message)
        taken = self.data[self.at : end]
        self.at = end
        return bytes(taken)

    def byte(self) -> int:
        if self.at >= len(self.data):
            raise _no_more()
        self.at += 1
        return self.data[self.at - 1]

    def length(self) -> int:
        first = self.byte()
        if first < 0x80:  # noqa: PLR2004 - the highest bit says that the length has bytes of its own
            return first
        count = first & 0x7F
        if not 1 <= count <= _MOST_LENGTH_BYTES:
            message = f"a length of {count} bytes"
            raise malformed(message)
        return int.from_bytes(self.take(count), "big")

    def value(self, depth: int) -> Data:
        if self.at >= len(self.data):
            raise _no_more()
        number = self.data[self.at]
        self.at += 1
        self.met += 1
        if depth > DEEPEST or self.met > MOST_VALUES:
            raise _beyond(depth)
        read = _READ_BY_NUMBER[number]
        if read is not None:
            return Data(_TAGS[number], read(self))
        tag = _tag(number)
        return self._compact_array(depth) if tag is Tag.COMPACT_ARRAY else self._container(tag, depth)

    def count(self, depth: int) -> None:
        """Count a value and look whether it is one too many."""
        self.met += 1
        if depth > DEEPEST or self.met > MOST_VALUES:
            raise _beyond(depth)

    def _container(self, tag: Tag, depth: int) -> Data:
        count = self.length()
        if count > len(self.data) - self.at:  # each element takes a byte at least
            message = f"{count} elements are announced, and {len(self.data) - self.at} bytes are left"
            raise incomplete(message)
        return Data(tag, tuple([self.value(depth + 1) for _ in range(count)]))

    def _compact_array(self, depth: int) -> Data:
        description = self._description(depth)
        contents = _Cursor(self.take(self.length()), 0)
        contents.met = self.met
        elements: list[Data] = []
        while contents.at < len(contents.data):
            try:
                elements.append(contents.described(description, depth + 1))
            except IncompleteError:
                message = "the contents of a compact array do not fit its description"
                raise malformed(message) from None
        self.met = contents.met
        return Data(Tag.ARRAY, tuple(elements))

    def _description(self, depth: int) -> _Description:
        self.count(depth)
        tag = _tag(self.byte())
        if tag is Tag.COMPACT_ARRAY:
            message = "a compact array inside a compact array"
            raise malformed(message)
        times = 1
        members: tuple[_Description, ...] = ()
        if tag is Tag.ARRAY:
            times, members = int.from_bytes(self.take(2), "big"), (self._description(depth + 1),)
        elif tag is Tag.STRUCTURE:
            members = tuple(self._description(depth + 1) for _ in range(self.length()))
        if tag in _WITHOUT_BYTES or times == 0 or (tag is Tag.STRUCTURE and not members):
            message = "values of a compact array that take no bytes: nothing bounds their number"
            raise malformed(message)
        return _Description(tag, times, members)

    def described(self, description: _Description, depth: int) -> Data:
        """Return a value whose type stands in a description instead of before it."""
        self.count(depth)
        tag, times, members = description
        if tag is Tag.ARRAY:
            return Data(tag, tuple(self.described(members[0], depth + 1) for _ in range(times)))
        if tag is Tag.STRUCTURE:
            return Data(tag, tuple(self.described(member, depth + 1) for member in members))
        return Data(tag, _READ[tag](self))


class _Description(NamedTuple):
    """The type of the elements of a compact array: tag, times an array repeats, types of the members."""

    tag: Tag
    times: int
    members: tuple[_Description, ...]


def _no_more() -> IncompleteError:
    return incomplete("the bytes end where a value should begin")


def _beyond(depth: int) -> LimitError:
    """Return the error of a value too deep, or too many."""
    text = f"nested deeper than {DEEPEST} levels" if depth > DEEPEST else f"more than {MOST_VALUES} values"
    return beyond_limit(text)


def _tag(byte: int) -> Tag:
    tag = _KNOWN.get(byte)
    if tag is None:
        message = f"no data type has the tag {byte}"
        raise malformed(message)
    return tag


def _null(_: _Cursor) -> None:
    return None


def _bits(cursor: _Cursor) -> str:
    count = cursor.length()
    if count > _MOST_BITS:
        message = f"a bit-string of {count} bits"
        raise beyond_limit(message)
    raw = cursor.take((count + 7) // 8)
    return "".join(f"{byte:08b}" for byte in raw)[:count]


def _integer(count: int, *, signed: bool) -> Callable[[_Cursor], int]:
    return lambda cursor: int.from_bytes(cursor.take(count), "big", signed=signed)


def _bcd(cursor: _Cursor) -> int:
    digits = f"{cursor.byte():02x}"
    if not digits.isdecimal():
        message = f"'{digits}' are no two decimal digits"
        raise malformed(message)
    return int(digits)


def _string(cursor: _Cursor) -> bytes:
    return cursor.take(cursor.length())


def _fixed(count: int) -> Callable[[_Cursor], bytes]:
    return lambda cursor: cursor.take(count)


def _single(cursor: _Cursor) -> Decimal:
    raw = cursor.take(4)
    number: float = struct.unpack(">f", raw)[0]
    if not math.isfinite(number):
        return Decimal("NaN")
    texts = (f"{number:.{digits}g}" for digits in _SINGLE_DIGITS)
    return Decimal(next(text for text in texts if _is_single(text, raw)))


def _is_single(text: str, raw: bytes) -> bool:
    try:
        return struct.pack(">f", float(text)) == raw
    except OverflowError:  # rounded up beyond the largest number of 32 bits
        return False


def _double(cursor: _Cursor) -> Decimal:
    number: float = struct.unpack(">d", cursor.take(8))[0]
    return Decimal(repr(number)) if math.isfinite(number) else Decimal("NaN")


_READ: dict[Tag, Callable[[_Cursor], Value]] = {
    Tag.NULL: _null,
    Tag.BOOLEAN: _Cursor.byte,
    Tag.BIT_STRING: _bits,
    Tag.DOUBLE_LONG: _integer(4, signed=True),
    Tag.DOUBLE_LONG_UNSIGNED: _integer(4, signed=False),
    Tag.OCTET_STRING: _string,
    Tag.VISIBLE_STRING: _string,
    Tag.UTF8_STRING: _string,
    Tag.BCD: _bcd,
    Tag.INTEGER: _integer(1, signed=True),
    Tag.LONG: _integer(2, signed=True),
    Tag.UNSIGNED: _integer(1, signed=False),
    Tag.LONG_UNSIGNED: _integer(2, signed=False),
    Tag.LONG64: _integer(8, signed=True),
    Tag.LONG64_UNSIGNED: _integer(8, signed=False),
    Tag.ENUM: _Cursor.byte,
    Tag.FLOAT32: _single,
    Tag.FLOAT64: _double,
    Tag.DATE_TIME: _fixed(12),
    Tag.DATE: _fixed(5),
    Tag.TIME: _fixed(4),
    Tag.DELTA_INTEGER: _integer(1, signed=True),
    Tag.DELTA_LONG: _integer(2, signed=True),
    Tag.DELTA_DOUBLE_LONG: _integer(4, signed=True),
    Tag.DELTA_UNSIGNED: _integer(1, signed=False),
    Tag.DELTA_LONG_UNSIGNED: _integer(2, signed=False),
    Tag.DELTA_DOUBLE_LONG_UNSIGNED: _integer(4, signed=False),
    Tag.DONT_CARE: _null,
}
"""How the value of each simple type is read."""

_KNOWN = {int(tag): tag for tag in Tag}
_TAGS = [_KNOWN.get(number, Tag.NULL) for number in range(256)]
_READ_BY_NUMBER = [_READ.get(_TAGS[number]) if number in _KNOWN else None for number in range(256)]
