"""The billing periods of a simulation: the calendar months that a load covers, or those that a file says.

Dates are local to the tariff's clock. An interval belongs to the day that holds its start, and a day is covered when every
interval that begins in it is in the load. Where no date is asked for, all that the load covers is priced: a day that it has in
part, at its beginning or end, is a day of the billing period like any other. A date that is asked for has to be covered.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from schemas.errors import InputRefusedError
from schemas.periods import BillingPeriod, start_of_day
from tariffs.clock import Clock
from tariffs.simulation.csv_table import read_table
from tariffs.simulation.load import Load

Dates = tuple[date, date]
"""A first day, and the day after the last one."""
_DAY = timedelta(days=1)


def read_periods(text: str, where: str) -> list[Dates]:
    """Return the periods of a CSV text with columns ``period_from`` and ``period_to`` (not included).

    Raises:
        InputRefusedError: ``table.…``: see ``read_table``; ``periods.order``: a period is empty, or begins before the one
            before it ends.
    """
    table = read_table(text, where, ["period_from", "period_to"])
    periods = list(zip(table.dates("period_from"), table.dates("period_to"), strict=True))
    code = "periods.order"
    for row, (first, after) in enumerate(periods):
        if after <= first:
            raise table.refusal(code, row, f"{first} to {after} holds no day", "period_to is the day after the last one")
        if row and first < periods[row - 1][1]:
            raise table.refusal(code, row, f"{first} lies before the end of the period before, {periods[row - 1][1]}")
    return periods


def calendar_months(first: date, after: date) -> list[Dates]:
    """Return the calendar months of some days, the first and last of them clipped to these.

    >>> calendar_months(date(2026, 1, 15), date(2026, 2, 3))
    [(datetime.date(2026, 1, 15), datetime.date(2026, 2, 1)), (datetime.date(2026, 2, 1), datetime.date(2026, 2, 3))]
    """
    months: list[Dates] = []
    while first < after:
        end = min(date(first.year + first.month // 12, first.month % 12 + 1, 1), after)
        months.append((first, end))
        first = end
    return months


def billing_periods(
    load: Load, clock: str, *, first: date | None = None, after: date | None = None, given: list[Dates] | None = None
) -> list[BillingPeriod]:
    """Return the billing periods that a load is priced by.

    Args:
        load: the load.
        clock: clock of the dates.
        first: first day priced; None for what the load, or the given periods, cover.
        after: day after the last one; None likewise.
        given: the periods; None for calendar months. Those outside ``first`` and ``after`` are left out.

    Raises:
        InputRefusedError: ``load.short``: a day that was asked for is not in the load, or in part; ``periods.cut``: ``first``
            or ``after`` lies inside a given period; ``periods.none``: no period is left.
    """
    touched = _touched_days(load, clock)
    if given is None:
        dates = calendar_months(first or touched[0], after or touched[1])
    else:
        dates = [each for each in given if (first is None or each[1] > first) and (after is None or each[0] < after)]
        for day in (first, after):
            _refuse_cut(dates, day)
    if not dates:
        code = "periods.none"
        raise InputRefusedError(code, "no day is left to be priced", "look at --from, --to and --periods", load.where)
    periods = [BillingPeriod(start, end, start_of_day(start, clock), start_of_day(end, clock)) for start, end in dates]
    whole = _whole_days(load, clock)
    begins = touched[0] if given is None and first is None else whole[0]
    ends = touched[1] if given is None and after is None else whole[1]
    if periods[0].period_from < begins or periods[-1].period_to > ends:
        raise _short(load, periods, clock)
    return periods


def part_days(load: Load, periods: Sequence[BillingPeriod], clock: str) -> list[date]:
    """Return the local days that are priced, and that the load has in part only: its first, its last, both or none.

    Args:
        load: the load.
        periods: the billing periods that it is priced by.
        clock: clock of the dates.
    """
    (first, after), (whole_first, whole_after) = _touched_days(load, clock), _whole_days(load, clock)
    cut = {day for day, is_cut in ((first, whole_first > first), (after - _DAY, whole_after < after)) if is_cut}
    return sorted(day for day in cut if periods[0].period_from <= day < periods[-1].period_to)


def part_days_note(load: Load, days: Sequence[date], clock: str) -> str:
    """Return a sentence for people that says which of the days priced are no whole ones, and how to price whole days."""
    begins, ends = (f"{_local(instant, clock):%Y-%m-%d %H:%M}" for instant in (int(load.starts[0]), load.ends_at))
    first, after = _whole_days(load, clock)
    cut = f"the load goes from {begins} to {ends} ({clock}): of {' and '.join(map(str, days))} only a part is priced"
    return f"{cut}; whole days: --from {first} --to {after}" if first < after else cut


def _refuse_cut(dates: list[Dates], day: date | None) -> None:
    for start, end in dates:
        if day is not None and start < day < end:
            code, hint = "periods.cut", "a period of a file is priced whole"
            raise InputRefusedError(code, f"{day} lies inside the period {start} to {end}", hint)


def _touched_days(load: Load, clock: str) -> Dates:
    """Return the local day in which the load's first interval begins, and the day after that of its last."""
    return _local_day(int(load.starts[0]), clock), _local_day(int(load.starts[-1]), clock) + _DAY


def _whole_days(load: Load, clock: str) -> Dates:
    """Return the first local day of which the load has every interval, and the day after the last."""
    first, after = _touched_days(load, clock)
    midnight = Clock(clock).midnight
    return (
        first if midnight(first) > int(load.starts[0]) - load.step else first + _DAY,
        after if midnight(after) <= load.ends_at else after - _DAY,
    )


def _short(load: Load, periods: Sequence[BillingPeriod], clock: str) -> InputRefusedError:
    first, after = _whole_days(load, clock)
    code, wanted = "load.short", f"{periods[0].period_from} to {periods[-1].period_to}"
    covers = f"the whole days from {first} to {after}" if first < after else "no whole day"
    what = f"{wanted} is to be priced, and the load covers {covers} ({clock}; the end is not included)"
    return InputRefusedError(code, what, "give the load of every day, or other dates", load.where)


def _local_day(instant: int, clock: str) -> date:
    return Clock(clock).day_of(datetime.fromtimestamp(instant, UTC))


def _local(instant: int, clock: str) -> datetime:
    return datetime.fromtimestamp(instant, UTC).astimezone(Clock(clock).zone)
