"""Random customers of random tariffs: loads, billing periods in a row, series."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from tariffs.load import parse_tariff
from tests.tariffs.reference.documents import EXPORTING, SERIES, Draw, Plan, decimal_text, random_tariff
from tests.tariffs.reference.engines import Case, Customer, intervals_between, series_of

_NEEDS = {
    "windows": ("demand",),
    "demand_tiers": ("demand",),
    "ratchet": ("demand",),
    "billing_demand": ("demand",),
    "demand_power_factor": ("demand",),
    "excess": ("contracted",),
}
"""What a feature is a feature of."""
_CLOCKS = ("Europe/Berlin", "America/New_York", "Australia/Perth", "Asia/Kolkata", "-08:00")
_BEGINNINGS = (
    date(2025, 12, 20), date(2026, 3, 6), date(2026, 3, 26), date(2026, 10, 22), date(2026, 10, 29), date(2028, 2, 26),
    date(2026, 6, 29), date(2026, 1, 1), date(2026, 4, 20), date(2027, 7, 2),
)  # fmt: skip
"""Before New Year, both changes of the clock, the leap day, holidays on a weekday and on a Sunday, and plain days."""
_ZONES = {"-08:00": "Etc/GMT+8"}
_HOUR = 60
_DAY = timedelta(days=1)


def random_load(draw: Draw, plan: Plan, minutes: int, starts_at: datetime, ends_at: datetime) -> Customer:
    """A customer whose intervals are zero, negative, large and small by chance."""
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - a load, no secret
    names = ["import_kwh"]
    names += ["export_kwh"] if plan.sells else []
    reactive = ("windows", "reactive", "power_factor", "demand_power_factor")
    names += ["kvarh"] if any(plan.has(feature) for feature in reactive) else []
    names += ["controlled_load_kwh"] if plan.has("any_determinant") else []
    names += ["volume_m3"] if plan.has("gas") else []
    zeros, negatives = draw(st.sampled_from([0.0, 0.0, 0.5, 0.97, 1.0])), draw(st.sampled_from([0.0, 0.0, 0.2]))
    largest = draw(st.sampled_from([3, 500, 3000]))
    use = {
        name: _values(random, minutes, starts_at, ends_at, zeros, 0.0 if name == "export_kwh" else negatives, largest)
        for name in names
    }
    facts = {f"contracted_kw{band}": Fraction(random.randrange(0, 800), 100) for band in ("", *(f".{each}" for each in _BANDS))}
    return Customer(
        minutes,
        intervals_between(starts_at, ends_at, minutes, use),
        facts,
        frozenset({"low_income"}) if draw(st.booleans()) else frozenset(),
        draw(st.booleans()),
    )


_BANDS = ("critical", "peak", "shoulder", "mid", "off")


def _values(
    random: Random, minutes: int, starts_at: datetime, ends_at: datetime, zeros: float, negatives: float, largest: int
) -> dict[datetime, Fraction]:
    values = {}
    instant = starts_at
    while instant < ends_at:
        if random.random() >= zeros:
            sign = -1 if random.random() < negatives else 1
            values[instant] = Fraction(sign * random.randrange(largest + 1), 1000)
        instant += timedelta(minutes=minutes)
    return values


@st.composite
def random_cases(draw: Draw, features: Sequence[str], *, at_least: Sequence[str] = ()) -> Case:
    """Customers of one random tariff, billed for some periods in a row.

    Args:
        draw: hypothesis.
        features: what the document may have.
        at_least: what it has.
    """
    some = draw(st.sets(st.sampled_from(features), min_size=min(4, len(features)), max_size=9)) if features else set()
    wanted = {*some, *at_least}
    selling = sorted(wanted.intersection(EXPORTING))
    wanted -= set(selling) - {draw(st.sampled_from(selling))} if selling else set()
    wanted |= {needed for feature in wanted for needed in _NEEDS.get(feature, ())}
    clock = draw(st.sampled_from(_CLOCKS))
    zone = ZoneInfo(_ZONES.get(clock, clock))
    lengths, grid = _lengths(draw)
    first = draw(st.sampled_from(_BEGINNINGS))
    borders = [first]
    for length in lengths:
        borders.append(borders[-1] + length * _DAY)
    plan = Plan(frozenset(wanted), clock, tuple(borders), tuple(grid))
    text = random_tariff(draw, plan)
    noon = draw(st.integers(0, 5)) == 0 and not plan.events
    instants = tuple(datetime.combine(day, time(12 if noon else 0), zone).astimezone(UTC) for day in borders)
    customers = tuple(random_load(draw, plan, minutes, instants[0], instants[-1]) for minutes in grid)
    series = {
        name: _random_series(draw, name, instants[0], instants[-1], low)
        for name, low in ((SERIES, -50_000), ("calorific", 30_000_000))
    }
    billing_clock = draw(st.sampled_from(_CLOCKS)) if plan.has("billing_clock") else None
    return Case(text, parse_tariff(text, "random.yaml"), customers, instants, billing_clock, series)


def _lengths(draw: Draw) -> tuple[list[int], list[int]]:
    """Lengths of the billing periods [days] and of the customers' intervals [min]: few days where intervals are short."""
    finest = draw(st.sampled_from([15, 30, 60, 60]))
    if finest == _HOUR and draw(st.booleans()):
        return [draw(st.integers(27, 34))], [finest]
    days = draw(st.lists(st.integers(1, finest // 6), min_size=1, max_size=3))
    return days, [finest, *draw(st.lists(st.sampled_from([finest, 60]), max_size=1))]


def _random_series(draw: Draw, name: str, starts_at: datetime, ends_at: datetime, low: int):
    random = Random(draw(st.integers(0, 2**32)))  # noqa: S311 - prices, no secret
    begins = starts_at - timedelta(hours=draw(st.sampled_from([0, 0, 0, 5])))
    hours = max(1, (ends_at - begins) // timedelta(hours=1))
    step = draw(st.sampled_from([1, 1, 24]))
    rows = {
        begins + timedelta(hours=hour): decimal_text(Fraction(low + random.randrange(10**7), 10**6))
        for hour in range(0, hours, step)
    }
    return series_of(name, rows)
