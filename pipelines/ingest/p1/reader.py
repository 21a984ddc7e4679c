"""P1: captures of the consumer port of a smart meter, one or many telegrams.

A telegram whose CRC is right is measured; one that has none is taken as unverified. One whose CRC is wrong is set aside
with all its values, and so is what a capture holds of a telegram it did not see whole. The rest of the file goes on.
Values of the meter have the telegram's time, readings of gas, water and heat meters their own. A telegram without a
time gives values without one, never the time of this computer.

Sources: see ``head_end.p1``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from head_end.p1.framing import Check, Frame, frames_of
from head_end.p1.telegram import Telegram
from head_end.p1.times import P1Clock
from head_end.p1.values import Found, Measurement, Odd, read_objects
from pipelines.ingest.collector import READ_QUALITY, UNVERIFIED, Collector
from pipelines.ingest.p1.telegram_values import TelegramValues
from pipelines.ingest.reader import Parsed, ReadContext
from pipelines.ingest.refusals import empty_file, other_format
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.clocks import given_offset_minutes
from schemas.codes import Quality

_BEGIN = rb"(?:\A(?:\xef\xbb\xbf)?|[\r\n])"
_OBJECT_LINE = re.compile(_BEGIN + rb"[0-9]{1,3}-[0-9]{1,3}:[0-9]{1,3}\.[0-9]{1,3}(?:\.[0-9]{1,3})?(?:[*&][0-9]{1,3})?\(")
_MARK_LINE = re.compile(_BEGIN + rb"(?:/[A-Za-z]{3}[!-~]|![0-9A-Fa-f]{0,4}[ \t]*(?:[\r\n]|\Z))")
_MOST_SHOWN = 40


def recognise_p1(head: bytes) -> bool:
    """Whether a file begins as a capture of telegrams does, wherever in a telegram it starts."""
    return _OBJECT_LINE.search(head) is not None and _MARK_LINE.search(head) is not None


def read_p1(stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
    """Read a file of P1 telegrams in pieces of bounded memory.

    Args:
        stream: the bytes of the file.
        context: name and prefix of its records; ``clock`` is the standard time of its country where that is not
            Central European Time.

    Yields:
        reads, events and rejections, in the order of the file.

    Raises:
        InputRefusedError: the file holds no part of a telegram (``format.unknown``) or nothing (``file.empty``);
            ``clock.invalid``.
    """
    capture = _Capture(_clock_of(context), Collector(context.prefix, context.clock))
    for frame in frames_of(stream):
        capture.take(frame)
        if capture.collector.is_full:
            yield capture.hand_over()
    _check_format(capture, context.name)
    yield capture.hand_over()


def _clock_of(context: ReadContext) -> P1Clock:
    """Return the clock of the file's times."""
    offset_minutes = given_offset_minutes(context)
    return P1Clock() if offset_minutes is None else P1Clock.at(offset_minutes)


def _check_format(capture: _Capture, name: str) -> None:
    """Refuse a file in which nothing of a telegram was met."""
    if not capture.frames:
        raise empty_file(name)
    if not capture.objects:
        raise other_format(name, "P1 telegram")


@dataclass
class _Capture:
    """A file while it is read.

    Attributes:
        clock: of its times.
        collector: what was met.
        frames: frames met, whole or not.
        objects: objects met.
        told: events since the last piece was handed over: a meter repeats its log with every telegram.
    """

    clock: P1Clock
    collector: Collector
    frames: int = 0
    objects: int = 0
    told: set[tuple[object, ...]] = field(default_factory=set)

    def hand_over(self) -> Parsed:
        """Hand over what was collected."""
        self.told.clear()
        return self.collector.hand_over()

    def take(self, frame: Frame) -> None:
        """Take a frame, or set its values aside."""
        self.frames += 1
        telegram = Telegram.of(frame)
        found = list(read_objects(telegram.objects))
        self.objects += len(telegram.objects)
        check = frame.check
        fault = _fault_of(frame, telegram, check)
        if fault is not None:
            record = frame.lines[0].number if frame.lines else 1
            self.collector.reject(str(record), fault, frame.raw, max(1, sum(map(_values_of, found))))
            return
        if check is Check.ABSENT and telegram.should_have_crc:
            message = f"telegrams of {telegram.identification} end without the CRC that their version has: they are unverified"
            self.collector.warn("crc.missing", message)
        quality = READ_QUALITY[Quality.MEASURED] if check is Check.RIGHT else UNVERIFIED
        TelegramValues(telegram, self.clock, quality, self.collector, self.told).take(found)


def _fault_of(frame: Frame, telegram: Telegram, check: Check) -> Fault | None:
    """Return why a frame is no telegram whose values count."""
    if not frame.begins:
        return Fault("frame.incomplete", "the capture begins in the middle of this telegram, or its beginning was lost")
    if frame.closing is None or (check is Check.ABSENT and not frame.ended and telegram.should_have_crc):
        return Fault("frame.incomplete", "the end of this telegram is missing")
    if check is Check.WRONG:
        sent = frame.closing[:_MOST_SHOWN].decode("ascii", "replace").strip()
        return Fault("crc.mismatch", f"the CRC '{sent}' is not that of the text: characters were lost or changed")
    if telegram.is_spliced:
        return Fault("frame.spliced", "the telegram names two meters or two times: these are parts of two telegrams")
    if telegram.has_bad_id:
        return Fault("record.identifier", "an identifier of the telegram is too long or holds characters nobody can print")
    return None


def _values_of(found: Found) -> int:
    """Return how many values of a set aside telegram could have become reads."""
    match found:
        case Measurement():
            return 1
        case Odd(values=values):
            return values
        case _:
            return 0
