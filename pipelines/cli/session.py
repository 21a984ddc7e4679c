"""What every command is told by the command line: who listens, and what time it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

Clock = Callable[[], datetime]
utc_clock: Clock = partial(datetime.now, UTC)
"""The one clock of the program: nothing below the command line looks at one."""


@dataclass(frozen=True)
class Session:
    """One call of the program.

    Attributes:
        as_json: a program listens: one JSON object on stdout.
        now: the clock.
        program: how people started the program, for the commands it tells them to try.
    """

    as_json: bool = False
    now: Clock = utc_clock
    program: str = "m2b"

    def today(self) -> date:
        """Return today's date in UTC: what ``--as-at`` means when it is not given."""
        return self.now().astimezone(UTC).date()
