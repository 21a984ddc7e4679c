"""Local days: which instant a date begins at, which dates a billing period has, and how they fall to tariff versions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo

from schemas.errors import TariffError
from tariffs.model import Tariff
from tariffs.reference.figures import share_out

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
BILLIONTHS = 10**9
NOMINAL_MONTH_DAYS = Fraction(365, 12)


def zone_of(clock: str) -> tzinfo:
    """Return the zone of a clock: a name of the zone database, or an offset such as ``+10:00``."""
    if clock[0] not in "+-":
        return ZoneInfo(clock)
    offset = datetime.strptime(clock, "%z").tzinfo
    if offset is None:
        message = f"{clock} is no offset"
        raise ValueError(message)
    return offset


def local_time(instant: datetime, zone: tzinfo) -> datetime:
    """Return what the clock on the wall shows at an instant."""
    return instant.astimezone(zone).replace(tzinfo=None)


def instant_of(wall: datetime, zone: tzinfo) -> datetime:
    """Return the first instant at which the clock shows a time; where it leaps over it, the first one after the leap."""
    instant = wall.replace(tzinfo=zone).astimezone(UTC)
    while local_time(instant - MINUTE, zone) >= wall:
        instant -= MINUTE
    return instant


def first_instant(day: date, zone: tzinfo) -> datetime:
    """Return the first instant of a local date; where its midnight is skipped, the first one after."""
    return instant_of(datetime(day.year, day.month, day.day), zone)  # noqa: DTZ001 - what the clock on the wall shows


def length_of_month(day: date) -> int:
    """Return the number of days of the calendar month that holds a date."""
    after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return (after - day.replace(day=1)).days


@dataclass(frozen=True)
class Part:
    """The part of a billing period in which one version of the tariff is in force.

    Attributes:
        version: position of the version in the document.
        days: the local dates that fall to it.
        share: part of the billing period's days.
        shown: the same in billionths, all parts adding up to one (largest remainder).
        starts_at: first instant of the billing period in which the version is in force (UTC).
        ends_at: end, exclusive (UTC).
    """

    version: int
    days: tuple[date, ...]
    share: Fraction
    shown: Fraction
    starts_at: datetime
    ends_at: datetime

    @property
    def months(self) -> Fraction:
        """Days of each calendar month / its length, added up [month]."""
        return sum((Fraction(1, length_of_month(day)) for day in self.days), Fraction(0))


@dataclass(frozen=True)
class Period:
    """A billing period.

    Attributes:
        starts_at: first instant billed (UTC).
        ends_at: end of what is billed, exclusive (UTC).
        first_day: local date of the first instant, by the billing clock.
        last_day: local date of the last second billed.
        days: the local dates whose first instant lies in the period.
        parts: how it falls to the versions of the tariff.
    """

    starts_at: datetime
    ends_at: datetime
    first_day: date
    last_day: date
    days: tuple[date, ...]
    parts: tuple[Part, ...]

    @property
    def month(self) -> int:
        """The month of a billing period: that of its last local day."""
        return self.last_day.month

    @property
    def ends_the_year(self) -> bool:
        """Whether it is the last billing period of a calendar year: it holds 31 December."""
        return (self.last_day + DAY).year > self.first_day.year


def period_of(tariff: Tariff, *, starts_at: datetime, ends_at: datetime, billing_clock: str | None) -> Period:
    """Return the local days of a billing period and how they fall to versions.

    Raises:
        TariffError: ``tariff.no_version``.
    """
    zone = zone_of(billing_clock or tariff.clock)
    first_day = local_time(starts_at, zone).date()
    last_day = max(first_day, local_time(ends_at - SECOND, zone).date())
    span = [first_day + number * DAY for number in range((last_day - first_day).days + 1)]
    days = tuple(day for day in span if starts_at <= first_instant(day, zone) < ends_at)
    return Period(starts_at, ends_at, first_day, last_day, days, _parts(tariff, days, starts_at, ends_at))


def version_on(tariff: Tariff, day: date) -> int:
    """Return the position of the version in force on a local date.

    Raises:
        TariffError: ``tariff.no_version``.
    """
    begun = [number for number, version in enumerate(tariff.versions) if version.from_ <= day]
    if not begun:
        code = "tariff.no_version"
        raise TariffError(code, f"no version of {tariff.tariff} is in force on {day}")
    return begun[-1]


def _parts(tariff: Tariff, days: tuple[date, ...], starts_at: datetime, ends_at: datetime) -> tuple[Part, ...]:
    zone = zone_of(tariff.clock)
    first = version_on(tariff, local_time(starts_at, zone).date())
    last = version_on(tariff, local_time(max(starts_at, ends_at - SECOND), zone).date())
    # a version may have hours of the period and none of its days, or a day by a billing clock that is not the tariff's
    versions = sorted({*range(first, last + 1), *(version_on(tariff, day) for day in days)})
    fallen = {number: tuple(day for day in days if version_on(tariff, day) == number) for number in versions}
    counts = [Fraction(len(fallen[number])) if days else Fraction(1) for number in versions]
    shown = share_out(counts, BILLIONTHS)
    parts = []
    for place, number in enumerate(versions):
        begins = max(starts_at, first_instant(tariff.versions[number].from_, zone))
        after = tariff.versions[number + 1].from_ if number + 1 < len(tariff.versions) else None
        ends = ends_at if after is None else min(ends_at, first_instant(after, zone))
        share = counts[place] / sum(counts)
        parts.append(Part(number, fallen[number], share, Fraction(shown[place], BILLIONTHS), begins, ends))
    return tuple(parts)
