"""Frames of a NEM12 file: which header and channel the records of a line belong to."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from pipelines.ingest.digits import Ints
from pipelines.ingest.mdff.fields import Header
from pipelines.ingest.mdff.nem12_records import BadChannel, Channel, ChannelKind
from pipelines.ingest.numbers import NO_TIME

_NOBODY = Channel("", "", ChannelKind("", "", "", "", 0, 0, 0))


@dataclass
class Frames:
    """Frames: runs of lines that have one 100 record and one 200 record.

    Attributes:
        lines: line after which each frame begins, ascending; the first is -1.
        headers: 100 record of each frame.
        channels: 200 record of each frame.
    """

    lines: list[int]
    headers: list[Header]
    channels: list[Channel | BadChannel]

    def put(self, line: int, header: Header, channel: Channel | BadChannel) -> None:
        """Begin a frame."""
        self.lines.append(line)
        self.headers.append(header)
        self.channels.append(channel)

    def at(self, line: int) -> tuple[Header, Channel | BadChannel]:
        """Return header and channel of a line."""
        frame = bisect_right(self.lines, line) - 1
        return self.headers[frame], self.channels[frame]

    def of(self, lines: Ints) -> Ints:
        """Return the frame of each line."""
        return np.searchsorted(np.array(self.lines), lines, side="right") - 1

    @cached_property
    def known(self) -> list[Channel]:
        """The channels; one without slots in place of those that cannot be followed."""
        return [channel if isinstance(channel, Channel) else _NOBODY for channel in self.channels]

    @cached_property
    def kinds(self) -> dict[str, tuple[str | int, ...]]:
        """The columns of the channels' kinds, by name, each (frames,)."""
        return dict(zip(ChannelKind._fields, zip(*(channel.kind for channel in self.known), strict=True), strict=True))

    @cached_property
    def slots(self) -> Ints:
        """(frames,) intervals of a day; 0 where the channel cannot be followed."""
        return np.array(self.kinds["slots"], dtype=np.int64)

    @cached_property
    def exponent(self) -> Ints:
        """(frames,) power of ten from the source's unit to the store's."""
        return np.array(self.kinds["exponent"], dtype=np.int64)

    @cached_property
    def clock_minutes(self) -> Ints:
        """(frames,) offset of the clock [min]."""
        return np.array([header.clock_minutes for header in self.headers], dtype=np.int64)

    @cached_property
    def sent_at(self) -> Ints:
        """(frames,) time of the 100 record [us since 1970, UTC]; ``NO_TIME`` where it has none."""
        return np.array([NO_TIME if header.sent_at is None else header.sent_at for header in self.headers], dtype=np.int64)
