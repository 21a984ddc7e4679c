"""Verdicts: what a case asks for, held against what was made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from pipelines.conformance.pack import Case, Row
from pipelines.conformance.play import Made
from pipelines.conformance.slots import NOTHING, in_short, spread

_OF_SLOT = ("quality", "method")


@dataclass(frozen=True)
class Verdict:
    """What came of a case.

    Attributes:
        case: the case.
        differences: one sentence each; empty where all is as it must be.
    """

    case: Case
    differences: list[str]

    @property
    def passed(self) -> bool:
        """Whether everything is as it must be."""
        return not self.differences


def judge(case: Case, made: Made) -> Verdict:
    """Hold what was made of a case against what follows from it.

    Of readings the rows named are compared, slot by slot; of exceptions all of the rules that the case claims.
    """
    differences = [f"set aside: {sentence}" for sentence in made.rejected]
    if "readings" in case.then:
        differences += _readings(case.then["readings"], made.slots)
    if "exceptions" in case.then or made.exceptions:
        differences += _exceptions(case, made.exceptions)
    return Verdict(case, differences)


def _readings(rows: list[Row], slots: list[dict[str, Any]]) -> Iterator[str]:
    found = {(slot["meter_id"], slot["channel"], slot["interval_start"].astimezone(UTC)): slot for slot in slots}
    for row in rows:
        start = datetime.fromisoformat(row["start"]).astimezone(UTC)
        step = timedelta(minutes=int(row["interval_minutes"]))
        wanted = {name: spread(row[name], row[""]) for name in ("values", *_OF_SLOT) if row.get(name)}
        length = len(wanted["values"])
        here = [found.get((row["meter_id"], row["channel"], start + place * step)) for place in range(length)]
        is_made = {"values": [_value(slot) for slot in here]}
        is_made |= {name: [str(slot[name]) if slot is not None else NOTHING for slot in here] for name in _OF_SLOT}
        for name, words in wanted.items():
            asked = [_plain(word) for word in words]
            if is_made[name] != asked:
                yield f"{row['channel']} from {row['start']}: {name} {in_short(is_made[name])}, must be {in_short(asked)}"


def _value(slot: dict[str, Any] | None) -> str:
    return NOTHING if slot is None or slot["value"] is None else _plain(str(slot["value"]))


def _plain(word: str) -> str:
    """Return a number without needless zeros, anything else as it stands.

    >>> _plain("0.500"), _plain("linear"), _plain("-0.0")
    ('0.5', 'linear', '0')
    """
    try:
        number = Decimal(word)
    except InvalidOperation:
        return word
    return f"{number.normalize():f}" if number else "0"


def _exceptions(case: Case, exceptions: list[dict[str, Any]]) -> Iterator[str]:
    rows = case.then.get("exceptions", [])
    columns = [name for name in rows[0] if name] if rows else ["channel", "day", "slot_from", "slot_to", "rule", "severity"]
    asked = sorted(_told(row, columns) for row in rows)
    made = sorted(_told(row, columns) for row in exceptions if row["rule"] in case.says.claims)
    for told in _more(asked, made):
        yield f"not found: {told}"
    for told in _more(made, asked):
        yield f"found, and must not be: {told}"


def _told(row: dict[str, Any], columns: list[str]) -> str:
    return ", ".join(f"{name} {_plain(str('' if row[name] is None else row[name]))}" for name in columns)


def _more(some: list[str], others: list[str]) -> list[str]:
    """Return what is in ``some`` more often than in ``others``."""
    spare = Counter(some) - Counter(others)
    return sorted(spare.elements())
