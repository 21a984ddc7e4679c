r"""Decimal numbers out of text, many at once, exactly.

A field of a text table that holds at most eight characters fits one 64-bit word. One gather lifts every field of a
piece into such words; a dozen integer operations on the words then check each character, take the decimal point out
and add the digits up, eight characters at a time and without a Python object or a float per field. Nine to sixteen
characters take two words. The steps from digits to number are those of Daniel Lemire, "Quickly parsing eight
digits" (2018).

What counts as a number is ``\d*\.?\d*`` with at least one digit. Whatever else a field may be, such as a sign, a
space, an exponent or more than sixteen characters, is left to the caller's slower and complete reading.

>>> table = text_table(b"12.50,,.125,1e5,7\n")
>>> numbers = read_numbers(table)
>>> numbers.digits[numbers.good].tolist(), numbers.decimals[numbers.good].tolist()
([1250, 125, 7], [2, 3, 0])
>>> numbers.good.tolist()
[True, False, True, False, True]
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Ints = np.ndarray[Any, np.dtype[np.int64]]
Words = np.ndarray[Any, np.dtype[np.uint64]]
Bytes = np.ndarray[Any, np.dtype[np.uint8]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

PAD = 16
"""Bytes put before a text, so that the two words before any field lie inside the buffer; eight follow it."""
_WORD = 8
_BLOCK = 1 << 13  # fields a block: the block's words stay in the cache of one core


def _every_byte(value: int) -> np.uint64:
    return np.uint64(int.from_bytes(bytes([value]) * _WORD, "little"))


_ZEROS = _every_byte(ord("0"))
_DOT_BIT = _every_byte(
    0x10
)  # '.' xor '0' is 0x1E, a digit's at most 0x09: among the characters of a number only the point has it
_DOT = np.uint64(ord(".") ^ ord("0"))
_ABOVE_NINE = _every_byte(0x7F - 9)
_HIGH_BIT = _every_byte(0x80)
_POINT_PLACE = np.uint64(0x0706050403020100)  # byte k times 256^k lands in the top byte: the point's place from the right
_FOUR, _EIGHT, _SIXTEEN, _THIRTY_TWO, _TOP = (np.uint64(n) for n in (4, 8, 16, 32, 56))
_ONE, _NINE, _SHIFTED_LESS_ITSELF = np.uint64(1), np.uint64(9), np.uint64(255)
_PAIRS, _PAIR_MASK = np.uint64(10 * 2**8 + 1), np.uint64(0x00FF00FF00FF00FF)
_FOURS, _FOUR_MASK = np.uint64(100 * 2**16 + 1), np.uint64(0x0000FFFF0000FFFF)
_EIGHTS = np.uint64(10_000 * 2**32 + 1)
_OWN_BYTES = np.array([2**64 - 2 ** (64 - 8 * length) for length in range(_WORD + 1)], dtype=np.uint64)
POWERS_OF_TEN = np.array([10**n for n in range(19)], dtype=np.int64)


class TextTable(NamedTuple):
    """A text of comma separated lines and where its fields lie.

    Attributes:
        buffer: (PAD + bytes of the text + 8,) the text between two fillings.
        words: (bytes of the buffer - 7,) the eight bytes from each place on as one little-endian word; a view, not a copy.
        borders: (fields + 1,) places of the separators; field i lies between border i and border i + 1.
        line_ends: (lines,) the borders that end a line, as indexes into ``borders``.
    """

    buffer: Bytes
    words: Words
    borders: Ints
    line_ends: Ints

    def lengths(self, fields: Ints) -> Ints:
        """Return the characters of ``fields``, of any shape."""
        return self.borders[fields + 1] - self.borders[fields] - 1


class Numbers(NamedTuple):
    """Each field of a text as a number, where it is one: ``digits / 10 ** decimals``.

    Attributes:
        digits: (fields,) the field without its point; without meaning where not good.
        decimals: (fields,) digits after the point.
        good: (fields,) whether the field is a number; an empty one is not.
    """

    digits: Ints
    decimals: Bytes
    good: Flags


def text_table(text: bytes, delimiter: bytes = b",") -> TextTable:
    """Find the fields of ``text``, whose every line ends in a line feed.

    Args:
        text: the lines.
        delimiter: one byte between fields.
    """
    buffer = np.frombuffer(b"".join((b"0" * (PAD - 1), b"\n", text, b"0" * _WORD)), dtype=np.uint8)
    ends = buffer == ord("\n")
    places = np.flatnonzero(ends)
    borders = np.flatnonzero(np.logical_or(ends, buffer == ord(delimiter), out=ends))
    words = np.ndarray((len(buffer) - _WORD + 1,), dtype="<u8", buffer=buffer, strides=(1,))
    return TextTable(buffer, words, borders, np.searchsorted(borders, places[1:]))


def read_numbers(table: TextTable) -> Numbers:
    """Read every field of ``table`` as a number.

    Args:
        table: a text and its fields.

    Returns:
        digits, decimals and whether it is a number, of each field.
    """
    fields = len(table.borders) - 1
    read = Numbers(np.empty(fields, np.int64), np.empty(fields, np.uint8), np.empty(fields, np.bool_))
    long = []
    for begin in range(0, max(fields, 1), _BLOCK):
        block = slice(begin, min(begin + _BLOCK, fields))
        ends = table.borders[block.start + 1 : block.stop + 1]
        lengths = ends - table.borders[block]
        lengths -= 1
        word = _read_word(table.words[ends - _WORD], lengths)
        read.digits[block] = word.digits
        read.decimals[block] = word.decimals
        np.logical_and(word.right, lengths > word.points.view(np.int64), out=read.good[block])
        long.append(np.flatnonzero(lengths > _WORD) + begin)
    _read_long(table, read, np.concatenate(long))
    return read


class _Word(NamedTuple):
    """Up to eight characters read as a number; ``points`` is 1 where one is the decimal point."""

    digits: Words
    decimals: Words
    points: Words
    right: Flags


def _read_word(word: Words, lengths: Ints) -> _Word:
    """Read the last ``lengths`` characters of each word; ``word`` is overwritten.

    ``point`` holds the byte 1 where a character may be the decimal point and ``points`` the number 1 in words that
    have it. A byte is wrong if it is above nine, or above zero where the point was taken out.
    """
    word ^= _ZEROS
    word &= np.take(_OWN_BYTES, lengths, mode="clip")
    point = word & _DOT_BIT
    point >>= _FOUR
    word ^= point * _DOT
    wrong = point * _NINE
    wrong += _ABOVE_NINE
    wrong += word
    wrong |= word
    wrong &= _HIGH_BIT
    second = point - _ONE
    second &= point
    wrong |= second
    points = np.minimum(point, _ONE)
    before = point - points
    before &= word
    before *= _SHIFTED_LESS_ITSELF
    word += before  # the digits before the point move into its place
    point *= _POINT_PLACE
    point >>= _TOP
    word *= _PAIRS
    word >>= _EIGHT
    word &= _PAIR_MASK
    word *= _FOURS
    word >>= _SIXTEEN
    word &= _FOUR_MASK
    word *= _EIGHTS
    word >>= _THIRTY_TWO
    return _Word(word, point, points, wrong == 0)


def _read_long(table: TextTable, read: Numbers, fields: Ints) -> None:
    """Put ``fields``, of more than eight characters, into ``read``."""
    ends = table.borders[fields + 1]
    lengths = table.lengths(fields)
    last = _read_word(table.words[ends - _WORD], np.full_like(lengths, _WORD))
    first = _read_word(table.words[ends - 2 * _WORD], lengths - _WORD)
    points = (first.points + last.points).view(np.int64)
    shift = POWERS_OF_TEN[_WORD - last.points.view(np.int64)]
    read.digits[fields] = first.digits.view(np.int64) * shift + last.digits.view(np.int64)
    read.decimals[fields] = np.where(first.points > 0, first.decimals + _EIGHT, last.decimals)
    read.good[fields] = first.right & last.right & (points <= 1) & (lengths <= 2 * _WORD)
