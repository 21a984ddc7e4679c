"""A new price never re-prices the past: what two texts of one tariff say of the same dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple

from tariffs.exact import plain
from tariffs.model import Tariff
from tariffs.prover.findings import NOTE, WARNING, Finding

_MOST = 6
"""Changes told of one stretch of dates; the rest are counted."""


class _Stretch(NamedTuple):
    """Dates on which neither text changes: from a date until before another; None for open."""

    begins: date
    ends: date | None
    changes: tuple[str, ...]
    version: int


def repriced(old: Tariff, new: Tariff, *, today: date) -> Iterator[Finding]:
    """Yield the dates whose prices or rules differ between two texts: before today a warning, from today on a note.

    Args:
        old: the text that bills were made by.
        new: the text that is to take its place.
        today: the day of the proof.
    """
    for stretch in _joined(_stretches(old, new)):
        begins, ends = stretch.begins, stretch.ends
        told = "; ".join(stretch.changes[:_MOST])
        more = f"; and {len(stretch.changes) - _MOST} more" if len(stretch.changes) > _MOST else ""
        path = ("versions", stretch.version)
        if begins < today:
            past = min(ends, today) if ends is not None else today
            what = f"from {begins} until {past} (not included) the loaded text says otherwise: {told}{more}"
            yield Finding(WARNING, "past.repriced", path, what, new.tariff_clock.midnight(begins))
        if ends is None or ends > today:
            until = f" until {ends} (not included)" if ends is not None else " on"
            what = f"from {max(begins, today)}{until} the loaded text says otherwise: {told}{more}"
            yield Finding(NOTE, "future.repriced", path, what)


def _stretches(old: Tariff, new: Tariff) -> Iterator[_Stretch]:
    dates = sorted({version.from_ for tariff in (old, new) for version in tariff.versions})
    for begins, ends in [*pairwise(dates), (dates[-1], None)]:
        before, after = old.version_on(begins), new.version_on(begins)
        if before is None:
            continue
        if after is None:
            yield _Stretch(begins, ends, ("no version is in force any more",), 0)
            continue
        changes = tuple(_changes(_said(old, before), _said(new, after)))
        if changes:
            yield _Stretch(begins, ends, changes, after)


def _joined(stretches: Iterator[_Stretch]) -> Iterator[_Stretch]:
    """Yield stretches, those that follow each other with the same changes as one."""
    last: _Stretch | None = None
    for stretch in stretches:
        if last is not None and last.ends == stretch.begins and last.changes == stretch.changes:
            last = last._replace(ends=stretch.ends)
            continue
        if last is not None:
            yield last
        last = stretch
    if last is not None:
        yield last


def _said(tariff: Tariff, number: int) -> dict[str, Any]:
    """Return all that a tariff says of the dates of a version, one value a path."""
    whole = tariff.model_dump(by_alias=True, include={"currency", "clock", "holidays", "rounding", "events"})
    version = tariff.versions[number].model_dump(by_alias=True, exclude={"from_", "source"})
    charges = {charge.pop("id"): charge for charge in version.pop("charges")}
    return dict(_flat("", whole | version | {"order of charges": tuple(charges), "charges": charges}))


def _flat(path: str, value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _flat(f"{path}.{name}" if path else str(name), each)
    elif isinstance(value, tuple | list) and value and not isinstance(value[0], str | int):
        for position, each in enumerate(value):
            yield from _flat(f"{path}[{position}]", each)
    elif value is not None:
        yield path, value


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for path in dict.fromkeys([*before, *after]):
        was, is_ = before.get(path), after.get(path)
        if was != is_:
            yield f"{path} was {_shown(was)}, is {_shown(is_)}"


def _shown(value: object) -> str:
    if value is None:
        return "not there"
    if isinstance(value, Decimal):
        return plain(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else str(value)
