"""How a billing period falls to the versions of a tariff: local days, calendar months, shares."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction


@dataclass(frozen=True)
class VersionSpan:
    """The part of one billing period during which one tariff version is in force.

    Attributes:
        version: position of the version in the tariff.
        days: local days that begin in the part [day].
        period_days: local days that begin in the whole billing period [day].
        share: part of the billing period that falls to the version, by days; all shares add up to 1.
        share_parts: the same in billionths, adding up to 10^9 exactly (largest remainder).
        month_shares: sum over calendar months of its days / the month's length [month].
        days_with: for each period of the version, local days on which it occurs [day].
        dates: the local days themselves, in order.
    """

    version: int
    days: int
    period_days: int
    share: Fraction
    share_parts: int
    month_shares: Fraction
    days_with: dict[str, int] = field(default_factory=dict)
    dates: tuple[date, ...] = ()
