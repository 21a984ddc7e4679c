"""Days, parts and periods of the reference, by hand."""

from __future__ import annotations

import ast
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from schemas.errors import TariffError
from tariffs.reference.days import first_instant
from tests.tariffs.reference.by_hand import HEAD, amounts, document, made, only, rows

PACKAGE = Path(__file__).parents[3] / "tariffs" / "reference"
SHARED = ("tariffs.model", "tariffs.charges.", "tariffs.conversion", "tariffs.scalars", "tariffs.series", "tariffs.reference.")


def test_it_imports_the_parsed_document_and_nothing_else_of_tariffs():
    imported = {
        node.module
        for path in PACKAGE.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tariffs")
    }
    assert imported
    assert [name for name in sorted(imported) if not name.startswith(SHARED)] == []


class TestDays:
    DAILY = 'charges: [{id: supply, kind: fixed, price: "1", per: day}]'

    @pytest.mark.parametrize(
        ("first", "after", "days"),
        [
            pytest.param("2026-03-29", "2026-03-30", "1", id="a day of 23 hours"),
            pytest.param("2026-10-25", "2026-10-26", "1", id="a day of 25 hours"),
            pytest.param("2028-02-01", "2028-03-01", "29", id="a leap year's February"),
            pytest.param("2026-01-01T12:00", "2026-01-03T12:00", "2", id="from noon to noon"),
            pytest.param("2026-01-01T01:00", "2026-01-01T12:00", "0", id="hours of one day"),
        ],
    )
    def test_each_that_begins_in_the_period_counts(self, first, after, days):
        assert only(made(document(self.DAILY), {}, first=first, after=after), "quantity") == days

    def test_are_those_of_the_billing_clock(self):
        tariff = document(self.DAILY)
        # seven hours before Berlin: the midnight of 1 January in New York is 06:00 in Berlin
        bill = made(tariff, {}, first="2026-01-01", after="2026-01-02T18:00", billing_clock="America/New_York")
        assert only(bill, "quantity") == "2"

    def test_begin_where_the_clock_leaps_over_midnight(self):
        # at 23:30 on 30 March 1919 the clocks of Toronto went to 00:30
        assert first_instant(date(1919, 3, 31), ZoneInfo("America/Toronto")) == datetime(1919, 3, 31, 4, 30, tzinfo=UTC)

    @pytest.mark.parametrize(("clock", "day"), [("America/Havana", "2026-11-01"), ("America/Santiago", "2026-09-06")])
    def test_begin_once_where_midnight_comes_twice_or_never(self, clock, day):
        tariff = document(self.DAILY, head=f"tariff: t\ncurrency: EUR\nclock: {clock}\n")
        start, _, number = day.rpartition("-")
        bill = made(tariff, {}, first=f"{start}-{int(number) + 1:02d}", after=f"{start}-{int(number) + 2:02d}")
        assert only(bill, "quantity") == "1"


CHANGED = """\
versions:
- from: 2020-01-01
  charges:
  - {id: supply, kind: fixed, price: "31", per: month}
  - {id: use, kind: energy, price: "1"}
- from: 2026-01-11
  charges:
  - {id: supply, kind: fixed, price: "62", per: month}
  - {id: use, kind: energy, price: "2"}
"""


class TestVersions:
    def test_each_has_its_days_and_its_intervals(self):
        use = {"import_kwh": {"2026-01-10T23:00": "3", "2026-01-11T00:00": "5"}}
        found = rows(made(document(CHANGED), use), "charge_id", "quantity", "price", "amount")
        # 10 and 21 of 31 days
        assert found == [
            ("supply", "0.322580645", "31", "10"),
            ("use", "3", "1", "3"),
            ("supply", "0.677419355", "62", "42"),
            ("use", "5", "2", "10"),
        ]

    def test_before_the_first_nothing_is_priced(self):
        with pytest.raises(TariffError, match="no version of t is in force on 2019-12-01"):
            made(document(CHANGED), {}, first="2019-12-01", after="2020-01-01")


def priced(periods: str, *, head: str = HEAD, seasons: str = "{}") -> str:
    names = [line.strip().partition(":")[0] for line in periods.strip().splitlines()]
    prices = ", ".join(f'{name}: "1"' for name in names)
    return f"seasons: {seasons}\nperiods:\n{periods}\ncharges: [{{id: use, kind: energy, price: {{{prices}}}}}]"


class TestPeriods:
    def band(self, body, moment, *, head=HEAD, **more):
        bill = made(document(body, head=head), {"import_kwh": {moment: "1"}}, **more)
        return only(bill, "band", kind="energy")

    @pytest.mark.parametrize(
        ("moment", "band"),
        [("2026-01-05T14:00", "off"), ("2026-01-05T15:00", "on"), ("2026-01-05T20:00", "on"), ("2026-01-05T21:00", "off"),
         ("2026-01-04T15:00", "off")],
    )  # fmt: skip
    def test_both_sides_of_each_border(self, moment, band):
        assert self.band(priced('  on: [{days: mon-fri, from: "15:00", to: "21:00"}]\n  off: [{else: true}]'), moment) == band

    @pytest.mark.parametrize(
        ("moment", "band"), [("2026-01-09T22:00", "on"), ("2026-01-09T05:00", "on"), ("2026-01-10T05:00", "off")]
    )
    def test_over_midnight_minutes_belong_to_their_own_date(self, moment, band):
        # 9 January 2026 is a Friday
        assert self.band(priced('  on: [{days: fri, from: "22:00", to: "06:00"}]\n  off: [{else: true}]'), moment) == band

    def test_the_first_that_takes_a_minute_has_it_and_else_takes_what_is_left(self):
        body = priced("  rest: [{else: true}]\n  one: [{days: sat}]\n  two: [{days: weekend}]")
        assert [self.band(body, f"2026-01-{day:02d}T00:00") for day in (9, 10, 11)] == ["rest", "one", "two"]

    @pytest.mark.parametrize(
        ("day", "band"), [("2026-09-30", "off"), ("2026-10-01", "on"), ("2027-03-31", "on"), ("2027-04-01", "off")]
    )
    def test_a_season_goes_round_new_year(self, day, band):
        body = priced("  on: [{season: warm}]\n  off: [{else: true}]", seasons="{warm: {from: 10-01, to: 04-01}}")
        after = (
            f"{day[:8]}{int(day[8:]) + 1:02d}"
            if not day.endswith(("30", "31"))
            else {"09": "2026-10-01", "03": "2027-04-01"}[day[5:7]]
        )
        assert self.band(body, f"{day}T12:00", first=day, after=after) == band

    @pytest.mark.parametrize(("at", "bands"), [("start", {"off"}), ("end", {"on"})])
    def test_a_season_by_billing_cycle_holds_for_all_of_the_period(self, at, bands):
        body = priced(
            "  on: [{season: warm}]\n  off: [{else: true}]",
            seasons=f"{{warm: {{from: 06-01, to: 10-01, by: billing_cycle, at: {at}}}}}",
        )
        use = {"import_kwh": {"2026-05-20T00:00": "1", "2026-06-10T00:00": "1"}}
        bill = made(document(body), use, first="2026-05-15", after="2026-06-15")
        assert {line.band for line in bill.lines} == bands

    @pytest.mark.parametrize(
        ("moment", "band"), [("15:00", "off"), ("16:00", "critical"), ("20:00", "critical"), ("21:00", "off")]
    )
    def test_an_event_takes_the_minutes_of_its_windows(self, moment, band):
        head = HEAD + 'events: {hot: [{from: "2026-01-15T16:00", to: "2026-01-15T21:00"}]}\n'
        body = priced("  critical: [{events: hot}]\n  off: [{else: true}]")
        assert self.band(body, f"2026-01-15T{moment}", head=head) == band

    def test_the_hour_that_comes_twice_is_in_the_period_twice(self):
        body = priced('  on: [{from: "02:00", to: "03:00"}]\n  off: [{else: true}]')
        # at 00:00 and 01:00 UTC the clock shows 02:00, at 02:00 UTC it shows 03:00
        hours = ["2026-10-25T00:00Z", "2026-10-25T01:00Z", "2026-10-25T02:00Z"]
        bill = made(document(body), {"import_kwh": dict.fromkeys(hours, "1")}, first="2026-10-25", after="2026-10-26")
        assert rows(bill, "band", "quantity") == [("on", "2"), ("off", "1")]


class TestHolidays:
    BODY = priced("  work: [{days: mon-fri}]\n  rest: [{else: true}]")

    def band(self, rule, moment, **more):
        bill = made(document(self.BODY, head=f"{HEAD}holidays: {rule}\n"), {"import_kwh": {moment: "1"}}, **more)
        return only(bill, "band")

    def test_are_priced_as_a_weekend(self):
        assert self.band("{calendar: DE, priced_as: weekend}", "2026-01-01T12:00") == "rest"
        assert self.band("{calendar: DE, priced_as: weekend}", "2026-01-02T12:00") == "work"

    def test_of_a_region_are_its_own(self):
        # Epiphany is kept in Bavaria
        assert self.band("{calendar: DE-BY, priced_as: weekend}", "2026-01-06T12:00") == "rest"
        assert self.band("{calendar: DE, priced_as: weekend}", "2026-01-06T12:00") == "work"

    @pytest.mark.parametrize(("observe", "band"), [("none", "work"), ("sunday_to_monday", "rest")])
    def test_on_a_sunday_may_be_kept_on_monday_too(self, observe, band):
        # 4 July 2027 is a Sunday
        rule = f"{{calendar: US, names: [independence_day], priced_as: weekend, observe: {observe}}}"
        assert self.band(rule, "2027-07-05T12:00", first="2027-07-01", after="2027-08-01") == band

    @pytest.mark.parametrize(
        ("name", "day"),
        [
            ("new_years_day", "2026-01-01"),
            ("mlk_day", "2026-01-19"),
            ("washingtons_birthday", "2026-02-16"),
            ("memorial_day", "2026-05-25"),
            ("juneteenth", "2026-06-19"),
            ("labor_day", "2026-09-07"),
            ("columbus_day", "2026-10-12"),
            ("veterans_day", "2026-11-11"),
            ("thanksgiving", "2026-11-26"),
            ("day_after_thanksgiving", "2026-11-27"),
            ("christmas", "2026-12-25"),
        ],
    )
    def test_of_the_united_states_are_named_one_by_one(self, name, day):
        rule = f"{{calendar: US, names: [{name}], priced_as: weekend}}"
        month = day[:8]
        more = {"first": f"{month}01", "after": f"{month}28"}
        assert self.band(rule, f"{day}T12:00", **more) == "rest"
        kept = {quantity for band, quantity in self._days(rule, day) if band == "rest"}
        assert kept == {"1"}

    def _days(self, rule, day):
        """The working days around the holiday: exactly one of them is priced as a weekend."""
        number = int(day[8:])
        around = [f"{day[:8]}{each:02d}T12:00" for each in range(max(1, number - 3), min(27, number + 3) + 1)]
        weekdays = [moment for moment in around if _is_weekday(moment)]
        bill = made(
            document(self.BODY, head=f"{HEAD}holidays: {rule}\n"),
            {"import_kwh": dict.fromkeys(weekdays, "1")},
            first=f"{day[:8]}01",
            after=f"{day[:8]}28",
        )
        return rows(bill, "band", "quantity")

    def test_that_are_no_other_day_have_rules_of_their_own(self):
        body = priced("  feast: [{days: holiday}]\n  rest: [{else: true}]")
        bill = made(document(body, head=f"{HEAD}holidays: {{calendar: DE}}\n"), {"import_kwh": {"2026-01-01T00:00": "1"}})
        assert only(bill, "band") == "feast"


def _is_weekday(moment):
    return date.fromisoformat(moment[:10]).weekday() < 5


def test_months_and_options_say_where_a_charge_stands():
    tariff = document(
        'charges: [{id: a, kind: fixed, price: "1", per: month, months: [1]}, '
        '{id: b, kind: fixed, price: "2", per: month, only_for: low_income}]'
    )
    assert amounts(made(tariff, {})) == {"a": "1"}
    # a period belongs to the month of its last day
    assert amounts(made(tariff, {}, first="2026-01-15", after="2026-02-15")) == {}
    assert amounts(made(tariff, {}, first="2025-12-15", after="2026-01-02")) == {"a": "1"}
