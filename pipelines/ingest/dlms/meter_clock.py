"""The time of a meter as an instant: by the deviation it sends, or by the clock somebody names for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from head_end.dlms.clock import CosemTime, microseconds
from pipelines.ingest.collector import Collector
from pipelines.ingest.reader import ReadContext
from pipelines.ingest.rejected import Fault
from schemas.errors import InputRefusedError
from schemas.periods import parse_clock


@dataclass(frozen=True)
class MeterClock:
    """How local times of a capture become instants.

    Attributes:
        override: the clock that holds whatever the meter says; None to believe its deviation.
        override_name: its name.
        zone: the clock of times without a deviation.
        zone_name: its name.
    """

    override: tzinfo | None
    override_name: str | None
    zone: tzinfo
    zone_name: str

    @classmethod
    def of(cls, context: ReadContext) -> MeterClock:
        """Return the clock of a file.

        Raises:
            InputRefusedError: the clock that overrides is none (``clock.invalid``).
        """
        override = None
        if context.clock is not None:
            try:
                override = parse_clock(context.clock)
            except InputRefusedError as error:
                code = "clock.invalid"
                raise InputRefusedError(code, error.message, "write it like +01:00") from None
        return cls(override, context.clock, parse_clock(context.zone), context.zone)

    def instant_us(self, time: CosemTime | None, collector: Collector) -> int | Fault | None:
        """Return an instant [us since 1970 UTC]; None where the meter does not know the time; or why there is none.

        Args:
            time: what the meter's clock showed.
            collector: told which clock was used, and what is doubtful.
        """
        if time is None or time.is_invalid:
            because = "no clock in the message" if time is None else "the meter says that its clock lost the time"
            collector.warn("time.missing", f"{because}: its values have no time, and no other clock stands in for it")
            return None
        if time.is_doubtful:
            collector.warn("clock.doubtful", "the meter says that its clock may be wrong; its times are taken as they are")
        clock, name = (self.zone, self.zone_name) if self.override is None else (self.override, self.override_name)
        if self.override is None and time.utc is not None:
            return microseconds(time.utc.replace(tzinfo=None))
        collector.clock = name
        return _instant_us(time, clock, str(name))


def _instant_us(time: CosemTime, clock: tzinfo, name: str) -> int | Fault:
    """Return the instant of a wall-clock time; in the hour that comes twice the clock's status tells which."""
    first, second = (_by_fold(time.local, clock, fold) for fold in (0, 1))
    if first > second:
        return Fault("time.invalid", f"{time.local.isoformat()} does not exist in {name}: the clock leapt over it")
    if first < second and time.is_daylight_saving is None:
        return Fault("time.invalid", f"{time.local.isoformat()} comes twice in {name}, and nothing says which is meant")
    return microseconds(first if first == second or time.is_daylight_saving else second)


def _by_fold(local: datetime, clock: tzinfo, fold: int) -> datetime:
    """Return the instant, naive in UTC; the edge of the calendar has none beyond it."""
    offset = local.replace(tzinfo=clock, fold=fold).utcoffset() or timedelta()
    return (local.replace(tzinfo=UTC) - offset).replace(tzinfo=None)
