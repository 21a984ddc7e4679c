"""What a proof finds: failures that break it, warnings about what is legal and suspicious, notes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from tariffs.clock import Clock
from tariffs.problems import Path

FAILURE, WARNING, NOTE = "failure", "warning", "note"


class Finding(NamedTuple):
    """One finding.

    Attributes:
        severity: ``failure``, ``warning`` or ``note``.
        code: stable, lower case, words joined by a dot.
        path: the field of the document.
        what: one sentence.
        minute: the counter-example: start of a minute [s since 1970 UTC]; None where time does not come into it.
    """

    severity: str
    code: str
    path: Path
    what: str
    minute: int | None = None


def local_text(clock: Clock, instant: int) -> str:
    """Return an instant as local time with its offset.

    Args:
        clock: the tariff's clock.
        instant: [s since 1970 UTC].

    >>> local_text(Clock("Europe/Berlin"), 1792886400), local_text(Clock("Europe/Berlin"), 1792890000)
    ('2026-10-25T02:00+02:00', '2026-10-25T02:00+01:00')
    """
    return datetime.fromtimestamp(instant, clock.zone).isoformat(timespec="minutes")


def listed(words: Iterable[str]) -> str:
    """Return words as people list them.

    >>> listed(["peak", "off", "soak"]), listed(["peak"]), listed([])
    ('peak, off and soak', 'peak', 'none')
    """
    *first, last = list(words) or ["none"]
    return f"{', '.join(first)} and {last}" if first else last
