"""What one billing period hands to the next: names of exact decimals, one column each over the agreements.

| name | what | unit |
|---|---|---|
| ``bank.kwh|<period>`` | surplus of a period of the tariff (nothing after the bar where it has none) | kWh |
| ``bank.money`` | money that export earned and that nothing has used yet | currency |
| ``minimum|<charge>|<year>`` | what of a calendar year counts towards a yearly minimum so far | currency |
| ``ladder|<charge>|<first day>`` | what of a ladder's year was used so far | kWh |
| ``peak|<charge>|<month>`` | a month's peak, for ratchets (``*`` in the charge's place: for the billing demand) | kW |
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from tariffs.exact import Exact

BANK_MONEY = "bank.money"
_BANK_KWH, _MINIMUM, _LADDER, _PEAK = "bank.kwh", "minimum", "ladder", "peak"
_LONGEST_LOOK_BACK_MONTHS = 120
"""No ratchet looks further back [month]."""


def bank_kwh(band: str | None) -> str:
    """Return the name of the bank of a period of the tariff."""
    return f"{_BANK_KWH}|{band or ''}"


def banks_in(carried: Mapping[str, Exact]) -> dict[str, Exact]:
    """Return every bank of kWh, whatever the period: those of a version before may be among them."""
    return {name: kwh for name, kwh in carried.items() if name.startswith(f"{_BANK_KWH}|")}


def counted_to_minimum(charge_id: str, year: int) -> str:
    """Return the name of what counts towards a yearly minimum."""
    return f"{_MINIMUM}|{charge_id}|{year}"


def handed_on(before: Mapping[str, Exact], made: Mapping[str, Exact], *, next_day: date) -> dict[str, Exact]:
    """Return the whole state for the billing period after this one.

    A charge that wrote anything under its name decides about all of that name; what no charge of this billing period
    looked at goes on as it came, until its time is over: the year of a minimum or a ladder, the look-back of a peak.

    Args:
        before: what this billing period was given.
        made: what its charges wrote.
        next_day: first local day after this billing period.
    """
    written = {_owner(name) for name in made}
    kept = {name: each for name, each in before.items() if _owner(name) not in written and _still_counts(name, next_day)}
    return kept | dict(made)


def _owner(name: str) -> tuple[str, ...]:
    return tuple(name.split("|")[:2])


def _still_counts(name: str, next_day: date) -> bool:
    kind, *parts = name.split("|")
    if kind == _MINIMUM:
        return int(parts[1]) == next_day.year
    if kind == _LADDER:
        first = date.fromisoformat(parts[1])
        return (next_day.year - first.year, next_day.month, next_day.day) < (1, first.month, first.day)
    if kind == _PEAK:
        year, month = (int(part) for part in parts[1].split("-"))
        return (next_day.year - year) * 12 + next_day.month - month <= _LONGEST_LOOK_BACK_MONTHS
    return True
