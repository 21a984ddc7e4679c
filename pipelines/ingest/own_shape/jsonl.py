"""JSON lines of the own shape: each line is an object, and a line of its own when something is wrong with it.

The last line may be ``{"lines": N}``: how many there are before it. Then a file that was cut between two lines is known to be.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import BinaryIO, NamedTuple

from pipelines.ingest.collector import Collector
from pipelines.ingest.own_shape.rows import take_row
from pipelines.ingest.own_shape.shapes import shape_of
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.rejected import Fault
from pipelines.ingest.strict_json import parse_json
from schemas.errors import InputRefusedError

MOST_LINE_BYTES = 4 * 2**20
CONTROL = "lines"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_HEAD = re.compile(rb'\A(?:\xef\xbb\xbf)?\s*\{[^\n]*"service_point_id"[ \t]*:')
_OF_A_CUT = frozenset({"json.malformed", "json.text"})
_TRUNCATED = Fault("file.truncated", "the file ends in the middle of this line")
_TOO_LONG = Fault("json.limit", f"a line of more than {MOST_LINE_BYTES >> 20} MiB")


class _Line(NamedTuple):
    """A line: its number from 1, its bytes, the first of them where it is too long, and whether its end is there."""

    number: int
    raw: bytes
    too_long: bool
    ended: bool


def recognise_jsonl(head: bytes) -> bool:
    """Whether the first line begins an object of the own shape."""
    return _HEAD.match(head) is not None


def read_jsonl(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read JSON lines in pieces of bounded memory.

    Args:
        stream: the bytes of the file: UTF-8, a byte order mark is skipped.
        context: name and prefix; every time in the file says its own offset.

    Raises:
        InputRefusedError: nothing in it (``file.empty``), or not as many lines as its last one says (``file.truncated``).
    """
    collector = Collector(prefix=context.prefix)
    met, told = 0, None
    for line in _lines(stream):
        if not line.raw.strip(_BLANK):
            continue
        if told is not None:
            raise _cut(context, "there are lines after the one that says how many there are")
        told = _take(collector, line, context.name)
        met += told is None
        if collector.is_full:
            yield collector.hand_over()
    if told is not None and told != met:
        raise _cut(context, f"its last line says {told} lines, here are {met}")
    if not met and told is None:
        code = "file.empty"
        raise InputRefusedError(code, f"{context.name} is empty", "ask the sender for the file again")
    yield collector.hand_over()


def _lines(stream: BinaryIO) -> Iterator[_Line]:
    """Yield the lines; of one that is too long only its beginning is held."""
    number, raw = 1, stream.readline(MOST_LINE_BYTES + 1).removeprefix(_BYTE_ORDER_MARK)
    while raw:
        ended, too_long = raw.endswith(b"\n"), len(raw) > MOST_LINE_BYTES
        while too_long and not ended:
            rest = stream.readline(MOST_LINE_BYTES)
            ended = rest.endswith(b"\n") or not rest
        yield _Line(number, raw, too_long, ended)
        number, raw = number + 1, stream.readline(MOST_LINE_BYTES + 1)


def _take(collector: Collector, line: _Line, name: str) -> Decimal | None:
    """Take a line, or set it aside; return the number of lines where that is what it says."""
    record = str(line.number)
    if line.too_long:
        collector.reject(record, _TOO_LONG, line.raw)
        return None
    try:
        found = parse_json(line.raw, name)
    except InputRefusedError as refusal:
        cut = not line.ended and refusal.code in _OF_A_CUT
        collector.reject(record, _TRUNCATED if cut else Fault(refusal.code, refusal.message), line.raw)
        return None
    if isinstance(found, dict) and found.keys() == {CONTROL} and isinstance(found[CONTROL], Decimal):
        return found[CONTROL]
    shape = shape_of(found) if isinstance(found, dict) else Fault("shape.unknown", "the line is no object")
    if isinstance(shape, Fault):
        collector.reject(record, shape, line.raw)
    else:
        take_row(collector, shape, found, record, line.raw)
    return None


def _cut(context: ReadContext, message: str) -> InputRefusedError:
    code = "file.truncated"
    return InputRefusedError(code, f"{context.name}: {message}", "ask the sender for the file again")
