"""What agreements say beside their tariff: facts in numbers, and options that they are entitled to, each for its own time.

A bill has one value of each for its whole period. Where one changes inside it, nobody says which days count, so the agreement
is held: a new row of the agreement on that day makes two bills, each with its own value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from pipelines.bill.due import Due, Held
from pipelines.bill.holds import HoldCode
from pipelines.masterdata.master import MasterData


@dataclass(frozen=True)
class Said:
    """What an agreement says in one billing period.

    Attributes:
        facts: numbers by name.
        options: words it is entitled to.
    """

    facts: Mapping[str, Decimal] = field(default_factory=dict)
    options: frozenset[str] = frozenset()


@dataclass(frozen=True)
class FactBook:
    """Facts and options of the agreements of a bucket."""

    master: MasterData

    @cached_property
    def _facts(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        return _grouped(self.master.facts.to_pylist(), "fact")

    @cached_property
    def _options(self) -> dict[tuple[str, str], list[dict[str, Any]]]:
        return _grouped(self.master.options.to_pylist(), "option")

    def entitled(self, due: Due, options: Sequence[str]) -> frozenset[str] | Held:
        """Return which of some words an agreement is entitled to, or why it is held.

        Args:
            due: the agreement and period.
            options: the words.
        """
        found = set()
        for word in options:
            rows = self._lasting(self._options, due, word)
            if rows and not _cover(rows, due):
                return Held(due, HoldCode.FACT_CHANGED, _changed(due, word, rows))
            found |= {word} if rows else set()
        return frozenset(found)

    def facts(self, due: Due, facts: Sequence[str]) -> dict[str, Decimal] | Held:
        """Return the numbers that an agreement says, or why it is held.

        Args:
            due: the agreement and period.
            facts: names that it must have a value of.
        """
        found: dict[str, Decimal] = {}
        for name in facts:
            rows = self._lasting(self._facts, due, name)
            values = {row["value"] for row in rows}
            if not rows:
                what = f"agreement {due.agreement_id} has no {name} in the period, and tariff {due.tariff_id} asks for it"
                return Held(due, HoldCode.FACT_MISSING, what)
            if len(values) > 1 or not _cover(rows, due):
                return Held(due, HoldCode.FACT_CHANGED, _changed(due, name, rows))
            found[name] = values.pop()
        return found

    def _lasting(self, rows: dict[tuple[str, str], list[dict[str, Any]]], due: Due, name: str) -> list[dict[str, Any]]:
        """Return the rows in force at some time of the period, in order."""
        begin, end = _span(due)
        return [
            row
            for row in rows.get((due.agreement_id, name), ())
            if row["valid_from"] < end and (row["valid_to"] is None or row["valid_to"] > begin)
        ]


def _grouped(rows: Sequence[dict[str, Any]], name: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["valid_from"]):
        found.setdefault((row["agreement_id"], row[name]), []).append(row)
    return found


def _span(due: Due) -> tuple[datetime, datetime]:
    """Return the time that counts; a register may be read a day before its agreement begins or after it ends."""
    return max(due.starts_at, due.valid_from), min(due.ends_at, due.ended_at or due.ends_at)


def _cover(rows: Sequence[dict[str, Any]], due: Due) -> bool:
    """Tell whether rows that do not overlap cover the whole period."""
    begin, end = _span(due)
    for row in rows:
        if row["valid_from"] > begin:
            return False
        begin = end if row["valid_to"] is None else row["valid_to"]
    return begin >= end


def _changed(due: Due, name: str, rows: Sequence[dict[str, Any]]) -> str:
    begin, end = _span(due)
    cuts = [at for row in rows for at in (row["valid_from"], row["valid_to"]) if at is not None and begin < at < end]
    when = min(cuts)
    return (
        f"{name} of agreement {due.agreement_id} changes at {when:%Y-%m-%d %H:%M} UTC, inside the period; "
        "give the agreement a row from then on, which makes two bills"
    )
