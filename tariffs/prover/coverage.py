"""Findings of the walk: minutes without a version or a period, and minutes that the calendar that bills puts elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from tariffs.problems import Path
from tariffs.prover.findings import FAILURE, WARNING, Finding, listed, local_text
from tariffs.prover.reading import kinds_text
from tariffs.prover.walk import Direction, Hole, HoleKey, Walk
from tariffs.scalars import GAP

NO_VERSION = "tariff.no_version"
TWO_READINGS = "tariff.two_readings"
MOST = 10
"""Holes told of one version and direction; the rest are counted."""


def coverage(seen: Walk) -> Iterator[Finding]:
    """Yield what keeps a minute from having exactly one version and one period."""
    tariff = seen.bought.reading.tariff
    if seen.before_first is not None:
        first, count = seen.before_first
        what = f"{count:,} minutes of the horizon lie before the first version, from {tariff.versions[0].from_}"
        yield Finding(FAILURE, NO_VERSION, ("versions", 0, "from"), what, first)
    if seen.returns is not None:
        what = "the clock goes back over midnight here: the older version is in force again until it is midnight once more"
        yield Finding(WARNING, "version.returns", ("versions",), what, seen.returns)
    for direction in seen.directions:
        yield from _untaken(direction)
        if direction.difference is not None:
            yield _difference(direction)


def _untaken(direction: Direction) -> Iterator[Finding]:
    """Yield the holes of a direction by version; those of export only where it has periods of its own."""
    for number, version in enumerate(direction.reading.tariff.versions):
        own = version.export is not None and version.export.periods is not None
        if direction.reading.direction == "export" and not own:
            continue
        path: Path = ("versions", number, *(("export",) if direction.reading.direction == "export" else ()), "periods")
        holes = sorted(((key, hole) for key, hole in direction.holes.items() if key.version == number), key=_by_first)
        for key, hole in holes[:MOST]:
            yield Finding(FAILURE, GAP, path, _hole_text(key, hole), hole.first)
        if len(holes) > MOST:
            what = f"{len(holes) - MOST} more times of day have no period"
            yield Finding(FAILURE, GAP, path, what, holes[MOST][1].first)


def _by_first(item: tuple[HoleKey, Hole]) -> int:
    return item[1].first


def _hole_text(key: HoleKey, hole: Hole) -> str:
    months = "" if len(hole.months) == 12 else f" in {_months(hole.months)}"  # noqa: PLR2004 - months of the year
    seen = f"{hole.minutes:,} minutes of the horizon" if hole.minutes else "no minute of the horizon, but later"
    if hole.minutes == 1:
        seen = "one minute of the horizon"
    if key.cycle is not None:
        seen = "no calendar month shows it"
    cycle = ""
    if key.cycle is not None:
        cycle = f" in a billing period of {listed(sorted(key.cycle))}" if key.cycle else " in a billing period of no season"
    return f"no period takes {_clock(key.run.first)} to {_clock(key.run.end)} on {kinds_text(hole.kinds)}{months}{cycle}: {seen}"


def _months(months: set[int]) -> str:
    return f"{'month' if len(months) == 1 else 'months'} {listed(str(month) for month in sorted(months))}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _difference(direction: Direction) -> Finding:
    found = direction.difference
    if found is None:
        message = "the two readings agree"
        raise ValueError(message)
    tariff = direction.reading.tariff
    read, billed = (
        "no period" if band is None else f"{band[1] or 'the one price'} of the version from {tariff.versions[band[0]].from_}"
        for band in (found.read, found.billed)
    )
    what = (
        f"{direction.reading.direction}: {read} by the document, {billed} by the calendar that bills, {found.minutes:,} minutes"
    )
    return Finding(FAILURE, TWO_READINGS, ("versions", found.read[0], "periods"), what, found.minute)


def summary_of_changes(seen: Walk) -> list[dict[str, object]]:
    """Return the changes of the clock in the horizon: local time after each, and by how many minutes it goes forward."""
    clock = seen.bought.reading.tariff.tariff_clock
    return [{"at": local_text(clock, change.instant), "minutes": (change.after - change.before) // 60} for change in seen.changes]
