"""Tables of 12 months by 24 hours, one for weekdays and one for weekends, as rules of periods that people can read.

Every month's row is cut into runs of hours; a run round midnight is one rule; months with the same run share a rule, and so
do weekdays and weekends. The period that would need most rules takes what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

MONTHS, HOURS = 12, 24
WEEKDAYS, WEEKEND = "mon-fri", "sat-sun"

Row = tuple[int, ...]


class HourTables(NamedTuple):
    """Which period each hour belongs to.

    Attributes:
        weekday: 12 rows (January first) of 24 positions of periods, Monday to Friday.
        weekend: the same for Saturday and Sunday.
    """

    weekday: tuple[Row, ...]
    weekend: tuple[Row, ...]

    @property
    def periods(self) -> tuple[int, ...]:
        """The periods that occur, in order."""
        return tuple(sorted({period for table in self for row in table for period in row}))


class _Run(NamedTuple):
    """Hours of a day, ``last`` not included; below ``first`` where the run goes round midnight."""

    first: int
    last: int


def period_rules(tables: HourTables) -> dict[str, list[dict[str, Any]]]:
    """Return the periods ``p<position>`` of a tariff document that say the same as two tables.

    >>> night = (0,) * 7 + (1,) * 15 + (0,) * 2
    >>> period_rules(HourTables((night,) * 12, ((0,) * 24,) * 12))
    {'p0': [{'else': True}], 'p1': [{'days': 'mon-fri', 'from': '07:00', 'to': '22:00'}]}
    """
    rules = {period: list(_rules(tables, period)) for period in tables.periods}
    hours = {period: sum(row.count(period) for table in tables for row in table) for period in rules}
    rest = max(rules, key=lambda period: (len(rules[period]), hours[period], -period))
    return {f"p{period}": [{"else": True}] if period == rest else rules[period] for period in rules}


def _rules(tables: HourTables, period: int) -> Iterator[dict[str, Any]]:
    weekday, weekend = (_months_by_run(table, period) for table in tables)
    for run in sorted({*weekday, *weekend}):
        on_weekdays, on_weekends = weekday.get(run, ()), weekend.get(run, ())
        always = tuple(month for month in on_weekdays if month in on_weekends)
        for days, months in (
            (None, always),
            (WEEKDAYS, tuple(month for month in on_weekdays if month not in always)),
            (WEEKEND, tuple(month for month in on_weekends if month not in always)),
        ):
            if months:
                yield _rule(run, days, months)


def _rule(run: _Run, days: str | None, months: tuple[int, ...]) -> dict[str, Any]:
    rule: dict[str, Any] = {}
    if len(months) < MONTHS:
        rule["months"] = list(months)
    if days is not None or not rule:
        rule["days"] = days or "all"
    if run != _Run(0, HOURS):
        rule["from"], rule["to"] = f"{run.first:02d}:00", f"{run.last:02d}:00"
    return rule


def _months_by_run(table: tuple[Row, ...], period: int) -> dict[_Run, tuple[int, ...]]:
    months: dict[_Run, tuple[int, ...]] = {}
    for month, row in enumerate(table, start=1):
        for run in _runs(row, period):
            months[run] = (*months.get(run, ()), month)
    return months


def _runs(row: Row, period: int) -> list[_Run]:
    """Return the runs of hours of a period in a row.

    >>> _runs((1,) * 6 + (0,) * 16 + (1,) * 2, 1)
    [_Run(first=22, last=6)]
    """
    runs: list[_Run] = []
    for hour, found in enumerate(row):
        if found == period:
            joins = bool(runs) and runs[-1].last == hour
            runs[-1:] = [_Run(runs[-1].first, hour + 1)] if joins else [*runs[-1:], _Run(hour, hour + 1)]
    if len(runs) > 1 and runs[0].first == 0 and runs[-1].last == HOURS:
        runs = [*runs[1:-1], _Run(runs[-1].first, runs[0].last)]
    return runs
