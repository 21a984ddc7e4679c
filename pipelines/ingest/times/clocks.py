"""Clocks: whose clock the local times of a file are read by, and what its account says of that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipelines.ingest.collector import Collector
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.rejected import Fault
from pipelines.ingest.times.durations import A_DAY, after
from pipelines.ingest.times.stamps import STAMP_YEARS, instant_us, parse_stamp
from schemas.errors import InputRefusedError
from schemas.instants import instant_of, microseconds_of
from schemas.periods import parse_clock, parse_offset, start_of_day

_MISSING = Fault("time.missing", "a value without its time")


def given_offset_minutes(context: ReadContext) -> int | None:
    """Return the clock that a person gave for a file [min]; None where nobody gave one.

    Raises:
        InputRefusedError: ``clock.invalid``, it is no offset.
    """
    if context.clock is None:
        return None
    try:
        return parse_offset(context.clock)
    except InputRefusedError as refusal:
        code = "clock.invalid"
        raise InputRefusedError(code, f"'{context.clock}' is no clock", "give an offset such as +10:00") from refusal


def clock_of(context: ReadContext, default: str) -> str:
    """Return the clock of a file's local times: the one a person gave, else ``default``.

    Args:
        context: what the reader was told.
        default: the format's own clock, or the store's zone: zone name or offset.

    Raises:
        InputRefusedError: ``clock.invalid``, the clock a person gave is no offset; ``clock.unknown``, the default is none.
    """
    if given_offset_minutes(context) is None or context.clock is None:
        parse_clock(default)
        return default
    return context.clock


@dataclass(frozen=True)
class DocumentClock:
    """The clock by which a document's times without an offset are read; the collector learns when it is used.

    Attributes:
        name: zone name or offset.
        collector: of the file.
        years: in which the document's times can lie.
    """

    name: str
    collector: Collector
    years: range = STAMP_YEARS

    def instant_us(self, text: str | None) -> int | Fault:
        """Return the instant of an ISO 8601 date or time [us since 1970, UTC], or why it is none; see ``instant_us``."""
        if text is None:
            return _MISSING
        stamp = parse_stamp(text, self.years)
        if stamp is not None and stamp.offset is None:
            self.use()
        return instant_us(text, self.name, self.years)

    def midnight_us(self, day: date) -> int:
        """Return the first instant of a local day [us since 1970, UTC]."""
        self.use()
        return microseconds_of(start_of_day(day, self.name))

    def day_later_us(self, start_us: int) -> int:
        """Return the instant one local day after another: 23, 24 or 25 hours later [us since 1970, UTC]."""
        self.use()
        return microseconds_of(after(instant_of(start_us), A_DAY, self.name))

    def use(self) -> None:
        """Say in the file's account that the clock was used."""
        self.collector.clock = self.name
