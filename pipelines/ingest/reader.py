"""What every reader of a format gives back, and what it is told.

A reader turns bytes into Arrow tables of interval data, register reads, events and costs, plus rejections. It keeps
one promise: ``rows_read = slots in intervals + reads + rows of rejections``, plus the events in a file of events alone. It
never looks at the store, the clock of this computer or another file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from schemas.delivered_costs import PARSED_COSTS
from schemas.events import PARSED_EVENTS
from schemas.files import PARSED_REJECTIONS
from schemas.readings import PARSED_INTERVALS
from schemas.register_reads import PARSED_READS


class FileWarning(NamedTuple):
    """Something a person should know that cost no row."""

    code: str
    message: str


@dataclass(frozen=True)
class Parsed:
    """What a reader made of one piece of a file.

    Attributes:
        intervals: rows of ``PARSED_INTERVALS``.
        reads: rows of ``PARSED_READS``.
        events: rows of ``PARSED_EVENTS``.
        rejections: rows of ``PARSED_REJECTIONS``.
        rows_read: values met, taken or not.
        event_rows: events that are rows of the file themselves, as in an event file; those told beside readings are none.
        warnings: what a person should know.
        clock: the clock its local times were read by, such as ``+10:00``; None where every time names its own.
        costs: rows of ``PARSED_COSTS``; they are no rows of the file.
    """

    intervals: pa.Table = field(default_factory=PARSED_INTERVALS.empty)
    reads: pa.Table = field(default_factory=PARSED_READS.empty)
    events: pa.Table = field(default_factory=PARSED_EVENTS.empty)
    rejections: pa.Table = field(default_factory=PARSED_REJECTIONS.empty)
    rows_read: int = 0
    event_rows: int = 0
    warnings: tuple[FileWarning, ...] = ()
    clock: str | None = None
    costs: pa.Table = field(default_factory=PARSED_COSTS.empty)

    @property
    def rows_taken(self) -> int:
        """Slots of the intervals, reads, and events that are rows."""
        slots = pc.sum(slots_of(self.intervals)).as_py() or 0
        return slots + self.reads.num_rows + self.event_rows


def slots_of(intervals: pa.Table) -> pa.ChunkedArray:
    """Return the number of slots of each row of interval data, whichever width holds it."""
    return pc.max_element_wise(pc.list_value_length(intervals["values"]), pc.list_value_length(intervals["values64"]))


@dataclass(frozen=True)
class ReadContext:
    """What a reader is told about a file.

    Attributes:
        name: name as delivered; a member of an archive by its own name.
        prefix: put before every ``record``: ``"member.csv:"`` inside an archive, else empty.
        clock: an offset such as ``+08:00`` that overrides the format's own clock; None to follow the format.
        zone: the store's zone or fixed offset, the clock of local times that name none.
        mapping: text of the mapping file for plain tables; None where there is none.
    """

    name: str
    prefix: str = ""
    clock: str | None = None
    zone: str = "+00:00"
    mapping: str | None = None


class Reader(Protocol):
    """A format: recognises its files by their first bytes and reads them piece by piece."""

    def __call__(self, stream: BinaryIO, context: ReadContext) -> Iterator[Parsed]:
        """Read ``stream`` in pieces of bounded memory.

        Raises:
            InputRefusedError: the file as a whole is not what it claims to be.
        """
