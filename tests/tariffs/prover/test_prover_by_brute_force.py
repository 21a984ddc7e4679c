"""The prover and a plain count of every minute of one year come to the same verdict, the same minute and the same hours."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tariffs.prover.horizon import Horizon
from tariffs.prover.reading import Reading
from tariffs.prover.walk import walk

YEAR = 2028
ZONE = "Australia/Lord_Howe"
"""A zone of half an hour of daylight saving."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOLIDAYS = {date(YEAR, 1, 1), date(YEAR, 12, 25)}

times = st.sampled_from([0, 1, 119, 120, 121, 150, 360, 719, 720, 1260, 1439])
rules = st.fixed_dictionaries(
    {},
    optional={
        "days": st.lists(st.sampled_from([*DAYS, "holiday"]), min_size=1, max_size=8, unique=True),
        "months": st.lists(st.integers(1, 12), min_size=1, max_size=12, unique=True),
        "season": st.sampled_from(["hot", "cold"]),
        "from": times,
        "to": times.filter(bool) | st.just(1440),
    },
).filter(lambda rule: rule.get("from", 0) != rule.get("to", 1440))
tariffs_of_periods = st.tuples(st.lists(st.lists(rules, min_size=1, max_size=3), min_size=1, max_size=3), st.booleans())


def clock_text(minutes):
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def rule_text(rule):
    parts = [f"{key}: [{', '.join(map(str, rule[key]))}]" for key in ("days", "months") if key in rule]
    parts += [f'{key}: "{clock_text(rule[key])}"' for key in ("from", "to") if key in rule]
    parts += [f"season: {rule['season']}"] if "season" in rule else []
    return "{" + ", ".join(parts) + "}"


def document_of(periods, closed):
    named = {f"p{number}": [rule_text(rule) for rule in of] for number, of in enumerate(periods)}
    if closed:
        named["rest"] = ["{else: true}"]
    shown = "\n".join(f"  {name}: [{', '.join(of)}]" for name, of in named.items())
    seasons = "seasons: {hot: {from: 11-15, to: 03-01}, cold: {from: 05-01, to: 10-02}}"
    return f'{seasons}\nperiods:\n{shown}\ncharges: [{{id: use, kind: energy, price: "0.3"}}]'


def taker(periods, closed, day, minute):
    """The period that takes a minute of a local date, as the document says it in words; None for none."""
    word = "holiday" if day in HOLIDAYS else DAYS[day.weekday()]
    month_day = (day.month, day.day)
    for number, of in enumerate(periods):
        for rule in of:
            first, end = rule.get("from", 0), rule.get("to", 1440)
            in_time = first <= minute < end if first < end else minute >= first or minute < end
            hot = month_day >= (11, 15) or month_day < (3, 1)
            cold = (5, 1) <= month_day < (10, 2)
            in_season = {"hot": hot, "cold": cold}.get(rule.get("season"), True)
            if in_time and in_season and word in rule.get("days", [word]) and day.month in rule.get("months", [day.month]):
                return f"p{number}"
    return "rest" if closed else None


def minutes_of_year():
    """Every minute of the year as (instant, local date, minute of the dial)."""
    zone = ZoneInfo(ZONE)
    instant = datetime(YEAR, 1, 1, tzinfo=zone).astimezone(UTC)
    end = datetime(YEAR + 1, 1, 1, tzinfo=zone).astimezone(UTC)
    while instant < end:
        local = instant.astimezone(zone)
        yield int(instant.timestamp()), local.date(), local.hour * 60 + local.minute
        instant += timedelta(minutes=1)


@pytest.fixture(scope="module")
def every_minute():
    return list(minutes_of_year())


@settings(max_examples=8, deadline=None)
@given(tariffs_of_periods)
def test_the_walk_is_a_count_of_every_minute(draft, every_minute, made):
    periods, closed = made
    tariff = draft(
        document_of(periods, closed),
        clock=ZONE,
        top="holidays: {calendar: DE, names: [new_years_day, christmas_day], observe: none}\n",
    )
    seen = walk(tariff, Horizon(date(YEAR, 1, 1), date(YEAR + 1, 1, 1), date(YEAR + 1, 1, 1)))
    known = {}
    counted, firsts = Counter(), {}
    for instant, day, minute in every_minute:
        key = (day, minute)
        if key not in known:
            known[key] = taker(periods, closed, day, minute)
        counted[known[key]] += 1
        firsts.setdefault(known[key], instant)
    totals, places = seen.bought.total(), seen.bought.reading.places
    found = Counter()
    for place, total in zip(places, totals.tolist(), strict=True):
        found[place.period] += total
    holes = seen.bought.holes.values()
    found[None] = sum(hole.minutes for hole in holes)
    assert +found == +counted
    assert min((hole.first for hole in holes), default=None) == firsts.get(None)
    assert {name: seen.bought.first_of(0, name) for name in firsts if name is not None} == {
        name: first for name, first in firsts.items() if name is not None
    }
    assert seen.bought.difference is None


def test_the_year_has_both_changes_of_the_clock(draft, every_minute):
    assert len(every_minute) == 366 * 1440
    spring = [minute for _, day, minute in every_minute if day == date(YEAR, 10, 1)]
    autumn = [minute for _, day, minute in every_minute if day == date(YEAR, 4, 2)]
    assert (len(spring), len(autumn)) == (1410, 1470)
    assert 135 not in spring
    assert autumn.count(105) == 2


def test_both_kinds_of_verdict_are_met(draft):
    closed, open_ = (draft(document_of([[{"days": ["mon"]}]], closed)) for closed in (True, False))
    horizon = Horizon(date(YEAR, 1, 1), date(YEAR + 1, 1, 1), date(YEAR + 1, 1, 1))
    assert walk(closed, horizon).bought.holes == {}
    assert walk(open_, horizon).bought.holes != {}
    assert Reading(open_, "import").places == walk(open_, horizon).bought.reading.places
