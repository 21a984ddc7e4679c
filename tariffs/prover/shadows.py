"""Rules that never take a minute: what they name never comes, or other rules are there before them."""

from __future__ import annotations

from collections.abc import Iterator

from tariffs.periods import HOLIDAY, PeriodRule
from tariffs.problems import Path
from tariffs.prover.findings import NOTE, WARNING, Finding, listed
from tariffs.prover.reading import Place
from tariffs.prover.walk import Direction


def shadows(direction: Direction, taking: set[int]) -> Iterator[Finding]:
    """Yield the rules of a direction that take no minute.

    Args:
        direction: what the walk found.
        taking: places that take minutes of dates examined by kind of day.
    """
    reading, totals = direction.reading, direction.total()
    for position, place in enumerate(reading.places):
        version = reading.tariff.versions[place.version]
        own = version.export is not None and version.export.periods is not None
        if place.period is None or place.rule is None or (reading.direction == "export" and not own):
            continue
        if totals[position] or position in taking:
            continue
        base: Path = ("versions", place.version, *(("export",) if reading.direction == "export" else ()), "periods")
        path = (*base, place.period, place.rule)
        rule = (version.periods_for(reading.direction) or {})[place.period][place.rule]
        if rule.else_ is not None:
            yield Finding(NOTE, "else.empty", path, f"nothing is left for {place.period}: other periods take every minute")
            continue
        taken = reading.taken.get(position, set())
        before = [reading.places[other] for other in sorted(taken)]
        if position in taken:
            yield Finding(
                WARNING, "rule.never", path, "this rule never takes a minute: the clock skips those it is first to take"
            )
        elif not before:
            yield Finding(WARNING, "rule.never", path, f"this rule never takes a minute: {_why(direction, place, rule)}")
        elif all(other.period == place.period for other in before):
            what = f"this rule never takes a minute: {_names(before)} of the same period takes them first"
            yield Finding(NOTE, "rule.twice", path, what)
        else:
            yield Finding(WARNING, "rule.never", path, f"this rule never takes a minute: {_names(before)} takes them first")


def _names(places: list[Place]) -> str:
    return listed(f"{place.period}[{place.rule}]" for place in places)


def _why(direction: Direction, place: Place, rule: PeriodRule) -> str:
    """Return which of the things a rule names never comes."""
    tariff = direction.reading.tariff
    version = tariff.versions[place.version]
    if not any(
        stretch for stretch, counts in direction.minutes.items() if counts[:, _of_version(direction, place.version)].any()
    ):
        return "its version has no minute in the horizon"
    if rule.events is not None:
        return f"no window of {rule.events} has a minute that fits"
    if rule.days == (HOLIDAY,):
        return "no holiday that fits is kept"
    held = [name for name in rule.season if name == "all" or name in version.seasons]
    if "all" not in rule.season and held:
        months = listed(str(month) for month in rule.months) if len(rule.months) < 12 else "any month"  # noqa: PLR2004 - of the year
        return f"{listed(held)} has no such day in {months}"
    return "no such day comes in the life of its version"


def _of_version(direction: Direction, version: int) -> list[int]:
    return [position for position, place in enumerate(direction.reading.places) if place.version == version]
