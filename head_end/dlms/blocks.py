"""Blocks: an answer or a unit that comes in numbered parts (IEC 62056-5-3, long get and general block transfer).

Both number their blocks from 1. A block that is missing ends the sequence: what came before it is a true beginning, what
comes after it cannot be placed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

LARGEST_BYTES = 4 * 2**20
"""A sequence larger than this is no answer of a meter."""


@dataclass
class Blocks:
    """A sequence of blocks while it comes in.

    Attributes:
        place: where its first block stands.
        collected: the content of the blocks so far.
        newest: number of the newest block.
        is_whole: whether the last block has come.
    """

    place: str
    collected: bytearray = field(default_factory=bytearray)
    newest: int = 0
    is_whole: bool = False

    def takes(self, number: int, content: bytes) -> bool:
        """Whether a block is the next one, and not one too many."""
        return not self.is_whole and number == self.newest + 1 and len(self.collected) + len(content) <= LARGEST_BYTES

    def add(self, number: int, content: bytes, *, is_last: bool) -> None:
        """Take the next block."""
        self.collected += content
        self.newest = number
        self.is_whole = is_last
