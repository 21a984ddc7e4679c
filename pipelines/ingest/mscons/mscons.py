"""MSCONS: load profiles, meter readings and quantities of the German and Swiss energy markets, in UN/EDIFACT.

A value with a period of whole minutes, an hour at most, is a slot of a channel; any other quantity is a read of kind
period; an index is a read of kind index. The channel is the OBIS code as the sender writes it.

Specification: BDEW, EDI@Energy MSCONS message description 2.2a to 2.4c, on UN/EDIFACT D.04B (older: D.99A); ISO 9735.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from pipelines.ingest.collector import Collector
from pipelines.ingest.mscons.messages import Messages
from pipelines.ingest.mscons.segments import PIECE_BYTES, read_segments
from pipelines.ingest.mscons.times import OWN_CLOCK
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.times.clocks import clock_of

_HEAD = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:UNA.{6}\s*)?UNB(?P<mark>[^\w\s])[A-Z]{4}", re.DOTALL)
_MESSAGE = re.compile(rb"UNH(?P<mark>[^\w\s])[^\r\n]{0,40}?(?P=mark)MSCONS\b")


def recognise_mscons(head: bytes) -> bool:
    """Whether a file begins as an EDIFACT interchange that holds an MSCONS message."""
    return _HEAD.match(head) is not None and _MESSAGE.search(head) is not None


def read_mscons(stream: BinaryIO, context: ReadContext, piece_bytes: int = PIECE_BYTES) -> Iterator[Parsed]:
    """Read an MSCONS file in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` overrides legal time in Germany for times without an offset.
        piece_bytes: read at a time.

    Yields:
        interval data, reads and rejections as they come.

    Raises:
        InputRefusedError: the file holds nothing (``file.empty``) or no MSCONS message (``format.unknown``), its service
            characters cannot be told apart (``edifact.una``), or a segment has no end (``record.size``).
    """
    collector = Collector(context.prefix)
    messages = Messages(collector, clock_of(context, OWN_CLOCK), context.name)
    for segment in read_segments(stream, piece_bytes):
        messages.take(segment)
        if collector.is_full:
            yield collector.hand_over()
    messages.end()
    yield collector.hand_over()
