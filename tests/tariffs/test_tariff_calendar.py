from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import TariffError
from tariffs.calendar import Combo, band_map, combos_of, kind_of_day, version_spans
from tariffs.clock import Clock
from tariffs.load import parse_tariff
from tariffs.periods import HOLIDAY, days_of

NIGHT_AND_DAY = 'periods: {night: [{from: "22:00", to: "06:00"}], day: [{else: true}]}\ncharges: []'
# standard offset of each zone [min]; the days are those of section 10.10 of the validation rules' reference
CHANGEOVERS = [
    ("Europe/Berlin", 60, "2026-03-29", 92),
    ("Europe/Berlin", 60, "2026-10-25", 100),
    ("Europe/London", 0, "2026-03-29", 92),
    ("Europe/London", 0, "2026-10-25", 100),
    ("America/New_York", -300, "2026-03-08", 92),
    ("America/New_York", -300, "2026-11-01", 100),
    ("Australia/Lord_Howe", 630, "2026-04-05", 98),
    ("Australia/Lord_Howe", 630, "2026-10-04", 94),
    ("Australia/Brisbane", 600, "2026-10-04", 96),
    ("Asia/Kolkata", 330, "2026-10-04", 96),
    ("America/Santiago", -240, "2026-09-06", 92),
    ("America/Santiago", -240, "2026-04-04", 100),
]


def utc(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day_map(tariff, standard, instants, *, minutes=15, **more):
    """A map with days of standard time to spare on both sides of the billing period."""
    first = instants["starts_at"].date() - timedelta(days=1)
    days = (instants["ends_at"].date() - first).days + 2
    facts = {"direction": "import", "interval_minutes": minutes, "standard_offset_minutes": standard} | more
    return band_map(tariff, first_day=first, days=days, **facts, **instants)


def starts_of(first_day, days, minutes, standard):
    """The start of every slot, one by one."""
    midnight = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC) - timedelta(minutes=standard)
    return [midnight + timedelta(minutes=minutes * slot) for slot in range(days * 1440 // minutes)]


@pytest.fixture(scope="module")
def berlin(tariff_of):
    return tariff_of(NIGHT_AND_DAY)


class TestChangeovers:
    @pytest.mark.parametrize(("zone", "standard", "day", "slots"), CHANGEOVERS)
    def test_every_slot_of_the_local_day_has_one_price(self, tariff_of, instants_of, zone, standard, day, slots):
        tariff = tariff_of(NIGHT_AND_DAY, head=f"tariff: t\ncurrency: EUR\nclock: {zone}\n")
        after = str(date.fromisoformat(day) + timedelta(days=1))
        bands = day_map(tariff, standard, instants_of(tariff, day, after))
        assert np.count_nonzero(bands.index >= 0) == slots

    @pytest.mark.parametrize(("zone", "standard", "day", "slots"), CHANGEOVERS)
    def test_the_day_before_the_day_and_the_day_after_share_no_slot(self, tariff_of, instants_of, zone, standard, day, slots):
        tariff = tariff_of(NIGHT_AND_DAY, head=f"tariff: t\ncurrency: EUR\nclock: {zone}\n")
        middle = date.fromisoformat(day)
        edges = [str(middle + timedelta(days=step)) for step in (-1, 0, 1, 2)]
        whole = instants_of(tariff, edges[0], edges[3])
        first = whole["starts_at"].date() - timedelta(days=1)
        facts = {
            "direction": "import",
            "first_day": first,
            "days": 6,
            "interval_minutes": 15,
            "standard_offset_minutes": standard,
        }
        parts = [band_map(tariff, **facts, **instants_of(tariff, *edge)).index >= 0 for edge in pairwise(edges)]
        assert np.array_equal(
            sum(part.astype(int) for part in parts), (band_map(tariff, **facts, **whole).index >= 0).astype(int)
        )

    def test_the_hour_that_comes_twice_is_priced_twice_by_the_local_clock(self, tariff_of, instants_of):
        tariff = tariff_of('periods: {two: [{from: "02:00", to: "03:00"}], rest: [{else: true}]}\ncharges: []')
        bands = day_map(tariff, 60, instants_of(tariff, "2026-10-25", "2026-10-26"))
        assert np.count_nonzero(bands.index == 0) == 8

    def test_the_hour_that_is_left_out_is_not_priced(self, tariff_of, instants_of):
        tariff = tariff_of('periods: {two: [{from: "02:00", to: "03:00"}], rest: [{else: true}]}\ncharges: []')
        bands = day_map(tariff, 60, instants_of(tariff, "2026-03-29", "2026-03-30"))
        assert np.count_nonzero(bands.index == 0) == 0

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "America/Santiago"])
    def test_prices_follow_the_local_clock_all_year(self, tariff_of, instants_of, zone):
        tariff = tariff_of(NIGHT_AND_DAY, head=f"tariff: t\ncurrency: EUR\nclock: {zone}\n")
        instants = instants_of(tariff, "2026-01-01", "2027-01-01")
        bands = day_map(tariff, 60, instants, minutes=30)
        first = instants["starts_at"].date() - timedelta(days=1)
        for start, found in zip(starts_of(first, len(bands.index), 30, 60), bands.index.ravel().tolist(), strict=True):
            hour = start.astimezone(Clock(zone).zone).hour
            wanted = 0 if hour >= 22 or hour < 6 else 1
            assert found == (wanted if instants["starts_at"] <= start < instants["ends_at"] else -1)


class TestGrid:
    def test_a_slot_that_crosses_a_border_has_the_price_of_its_start(self, tariff_of, instants_of):
        tariff = tariff_of('periods: {early: [{from: "00:00", to: "00:45"}], late: [{else: true}]}\ncharges: []')
        bands = day_map(tariff, 60, instants_of(tariff, "2026-01-10", "2026-01-11"), minutes=30)
        assert np.count_nonzero(bands.index == 0) == 2

    def test_slots_may_start_after_midnight(self, berlin, instants_of):
        instants = instants_of(berlin, "2026-01-10", "2026-01-11")
        bands = day_map(berlin, 60, instants, minutes=60, slot_offset_minutes=30)
        # 22:30, 23:30 and 00:30 to 05:30
        assert np.count_nonzero(bands.index == 0) == 8

    def test_slots_that_do_not_divide_the_day_are_a_mistake_of_the_caller(self, berlin, instants_of):
        with pytest.raises(ValueError, match="7 minutes"):
            day_map(berlin, 60, instants_of(berlin, "2026-01-10", "2026-01-11"), minutes=7)

    def test_every_interval_length_has_the_same_combos(self, berlin, instants_of):
        instants = instants_of(berlin, "2026-01-10", "2026-01-11")
        assert day_map(berlin, 60, instants, minutes=5).combos == day_map(berlin, 60, instants, minutes=60).combos

    def test_without_periods_there_is_one_band_without_a_name(self, tariff_of, instants_of):
        tariff = tariff_of("charges: []")
        assert day_map(tariff, 60, instants_of(tariff, "2026-01-10", "2026-01-11")).combos == (Combo(0, None),)

    def test_a_map_is_read_only(self, berlin, instants_of):
        bands = day_map(berlin, 60, instants_of(berlin, "2026-01-10", "2026-01-11"))
        with pytest.raises(ValueError, match="read-only"):
            bands.index[0, 0] = 0

    @given(st.integers(0, 3000), st.integers(1, 3000))
    @settings(max_examples=30, deadline=None)
    def test_any_span_of_quarter_hours_is_priced_slot_by_slot(self, berlin, first, slots):
        starts = utc("2026-03-15T00:00") + timedelta(minutes=15 * first)
        instants = {"starts_at": starts, "ends_at": starts + timedelta(minutes=15 * slots)}
        assert np.count_nonzero(day_map(berlin, 60, instants).index >= 0) == slots


class TestExport:
    def test_has_its_own_periods_where_it_says_so(self, tariff_of, instants_of):
        body = f'{NIGHT_AND_DAY}\nexport: {{mode: net_billing, periods: {{all_day: [{{else: true}}]}}, price: {{all_day: "1"}}}}'
        tariff = tariff_of(body)
        bands = day_map(tariff, 60, instants_of(tariff, "2026-01-10", "2026-01-11"), direction="export")
        assert bands.combos == (Combo(0, "all_day"),)

    def test_has_the_periods_of_import_otherwise(self, berlin, instants_of):
        bands = day_map(berlin, 60, instants_of(berlin, "2026-01-10", "2026-01-11"), direction="export")
        assert bands.combos == (Combo(0, "night"), Combo(0, "day"))


TWO_VERSIONS = """\
tariff: t
currency: EUR
clock: Europe/Berlin
versions:
- {from: 2026-01-01, charges: []}
- {from: 2026-03-15, charges: []}
"""


class TestVersions:
    @pytest.fixture(scope="class")
    @classmethod
    def tariff(cls):
        return parse_tariff(TWO_VERSIONS, "t.yaml")

    def test_a_version_begins_at_local_midnight(self, tariff, instants_of):
        bands = day_map(tariff, 60, instants_of(tariff, "2026-03-01", "2026-04-01"), minutes=60)
        # 14 days of 24 hours, and 17 of which one has 23
        assert np.bincount(bands.index[bands.index >= 0]).tolist() == [14 * 24, 17 * 24 - 1]

    def test_only_versions_in_force_in_the_period_are_combos(self, tariff, instants_of):
        instants = instants_of(tariff, "2026-01-01", "2026-03-15")
        assert combos_of(tariff, direction="import", **instants) == (Combo(0, None),)

    def test_a_period_before_the_first_version_is_refused(self, tariff, instants_of):
        with pytest.raises(TariffError) as refused:
            day_map(tariff, 60, instants_of(tariff, "2025-12-31", "2026-01-02"))
        assert refused.value.code == "tariff.no_version"

    def test_spare_days_before_the_first_version_are_no_matter(self, tariff, instants_of):
        bands = day_map(tariff, 60, instants_of(tariff, "2026-01-01", "2026-01-02"))
        assert np.count_nonzero(bands.index >= 0) == 96

    def test_days_fall_to_the_version_in_force_on_their_date(self, tariff, instants_of):
        spans = version_spans(tariff, **instants_of(tariff, "2026-03-01", "2026-04-01"))
        assert [(span.version, span.days) for span in spans] == [(0, 14), (1, 17)]

    def test_shares_add_up_to_the_whole_period(self, tariff, instants_of):
        spans = version_spans(tariff, **instants_of(tariff, "2026-03-01", "2026-04-01"))
        assert sum(span.share for span in spans) == 1
        assert sum(span.share_parts for span in spans) == 10**9


class TestDaysOfAPeriod:
    @pytest.mark.parametrize(
        ("first", "after", "days"),
        [
            pytest.param("2026-03-01", "2026-04-01", 31, id="a month with a day of 23 hours"),
            pytest.param("2026-10-01", "2026-11-01", 31, id="a month with a day of 25 hours"),
            pytest.param("2024-02-01", "2024-03-01", 29, id="February of a leap year"),
            pytest.param("2026-02-01", "2026-03-01", 28, id="February of another year"),
        ],
    )
    def test_local_days_count_once_each(self, berlin, instants_of, first, after, days):
        (span,) = version_spans(berlin, **instants_of(berlin, first, after))
        assert (span.days, span.month_shares) == (days, 1)

    def test_a_day_belongs_to_whoever_has_its_start(self, berlin):
        noon = utc("2026-01-15T11:00")
        before = version_spans(berlin, starts_at=utc("2025-12-31T23:00"), ends_at=noon)
        after = version_spans(berlin, starts_at=noon, ends_at=utc("2026-01-31T23:00"))
        assert (before[0].days, after[0].days) == (15, 16)

    def test_days_are_those_of_the_billing_clock(self, tariff_of):
        tariff = tariff_of(NIGHT_AND_DAY, head='tariff: t\ncurrency: AUD\nclock: "+10:00"\n')
        # October in Adelaide, where clocks go forward on the 4th: from 00:00 +09:30 to 00:00 +10:30
        instants = {"starts_at": utc("2026-09-30T14:30"), "ends_at": utc("2026-10-31T13:30")}
        (span,) = version_spans(tariff, **instants, billing_clock="Australia/Adelaide")
        assert span.days == 31

    def test_a_period_of_some_hours_has_no_day_and_the_whole_share(self, berlin):
        (span,) = version_spans(berlin, starts_at=utc("2026-01-15T11:00"), ends_at=utc("2026-01-15T13:00"))
        assert (span.days, span.share) == (0, 1)

    def test_days_on_which_a_period_occurs_are_counted(self, tariff_of, instants_of):
        tariff = tariff_of("periods: {work: [{days: mon-fri}], free: [{else: true}]}\ncharges: []")
        (span,) = version_spans(tariff, **instants_of(tariff, "2026-02-01", "2026-03-01"))
        assert span.days_with == {"work": 20, "free": 8}


def bands_at(tariff, instants_of, day):
    after = str(date.fromisoformat(day) + timedelta(days=1))
    bands = day_map(tariff, 60, instants_of(tariff, day, after))
    return {bands.combos[place].band for place in bands.index[bands.index >= 0]}


class TestDayTypes:
    SEASONAL = "seasons: {winter: {from: 10-01, to: 04-01}}\nperiods: {w: [{season: winter}], s: [{else: true}]}\ncharges: []"

    @pytest.mark.parametrize(
        ("day", "band"),
        [
            ("2026-09-30", "s"),
            ("2026-10-01", "w"),
            ("2026-12-31", "w"),
            ("2027-01-01", "w"),
            ("2027-03-31", "w"),
            ("2027-04-01", "s"),
        ],
    )
    def test_a_season_may_go_round_new_year(self, tariff_of, instants_of, day, band):
        assert bands_at(tariff_of(self.SEASONAL), instants_of, day) == {band}

    @pytest.mark.parametrize(
        ("day", "band"), [("2024-02-28", "s"), ("2024-02-29", "w"), ("2026-02-28", "s"), ("2026-03-01", "w")]
    )
    def test_a_season_may_begin_on_a_leap_day(self, tariff_of, instants_of, day, band):
        assert bands_at(tariff_of(self.SEASONAL.replace("10-01", "02-29")), instants_of, day) == {band}

    @pytest.mark.parametrize(
        ("day", "band"), [("2026-05-31", "rest"), ("2026-06-01", "june"), ("2026-06-30", "june"), ("2026-07-01", "rest")]
    )
    def test_months_select_days(self, tariff_of, instants_of, day, band):
        tariff = tariff_of("periods: {june: [{months: [6]}], rest: [{else: true}]}\ncharges: []")
        assert bands_at(tariff, instants_of, day) == {band}

    def test_the_first_period_that_takes_a_minute_has_it(self, tariff_of, instants_of):
        tariff = tariff_of("periods: {one: [{days: mon}], two: [{days: all}]}\ncharges: []")
        assert bands_at(tariff, instants_of, "2026-01-05") == {"one"}

    def test_else_takes_what_is_left_wherever_it_stands(self, tariff_of, instants_of):
        tariff = tariff_of("periods: {rest: [{else: true}], mon: [{days: mon}]}\ncharges: []")
        assert bands_at(tariff, instants_of, "2026-01-05") == {"mon"}
        assert bands_at(tariff, instants_of, "2026-01-06") == {"rest"}

    def test_hours_after_midnight_are_those_of_their_own_date(self, tariff_of, instants_of):
        tariff = tariff_of('periods: {fri: [{days: fri, from: "22:00", to: "06:00"}], rest: [{else: true}]}\ncharges: []')
        assert bands_at(tariff, instants_of, "2026-01-09") == {"fri", "rest"}
        assert bands_at(tariff, instants_of, "2026-01-10") == {"rest"}

    @pytest.mark.parametrize(
        ("words", "days"),
        [
            ("all", tuple(range(8))),
            ("weekdays", (0, 1, 2, 3, 4)),
            ("mon-fri", (0, 1, 2, 3, 4)),
            ("sat,sun", (5, 6)),
            (["sat", "sun"], (5, 6)),
            ("weekend", (5, 6)),
            ("holiday", (HOLIDAY,)),
            ("fri-mon", (0, 4, 5, 6)),
            ("Sunday".lower(), (6,)),
        ],
    )
    def test_days_are_named_in_many_ways(self, words, days):
        assert days_of(words) == days


class TestHolidays:
    WORK = "periods: {work: [{days: mon-fri}], free: [{else: true}]}\ncharges: []"
    HEAD = "tariff: t\ncurrency: USD\nclock: America/Los_Angeles\nholidays: {calendar: US-OR, names: [independence_day], "

    @pytest.mark.parametrize(
        ("day", "band"),
        [
            pytest.param("2027-07-02", "work", id="Friday before"),
            pytest.param("2027-07-04", "free", id="the Sunday itself"),
            pytest.param("2027-07-05", "free", id="the Monday after"),
            pytest.param("2027-07-06", "work", id="Tuesday"),
            pytest.param("2028-07-04", "free", id="a Tuesday of another year"),
            pytest.param("2028-07-05", "work", id="and no Wednesday"),
        ],
    )
    def test_one_on_a_sunday_is_kept_on_monday_too(self, tariff_of, instants_of, day, band):
        tariff = tariff_of(self.WORK, head=self.HEAD + "priced_as: weekend, observe: sunday_to_monday}\n")
        assert bands_at(tariff, instants_of, day) == {band}

    def test_one_may_have_rules_of_its_own(self, tariff_of, instants_of):
        tariff = tariff_of(self.WORK.replace("{work", "{kept: [{days: holiday}], work"), head=self.HEAD + "observe: none}\n")
        assert bands_at(tariff, instants_of, "2028-07-04") == {"kept"}

    def test_one_may_be_priced_as_a_weekday(self, tariff_of):
        tariff = tariff_of(self.WORK, head=self.HEAD + "priced_as: saturday}\n")
        assert kind_of_day(tariff, date(2028, 7, 4)) == 5

    def test_a_sunday_at_the_end_of_the_year_is_kept_on_new_years_day(self, tariff_of):
        head = self.HEAD.replace("US-OR", "PH").replace("independence_day", "new_years_eve")
        tariff = tariff_of(self.WORK, head=head + "priced_as: weekend, observe: sunday_to_monday}\n")
        assert kind_of_day(tariff, date(2024, 1, 1)) == 6
