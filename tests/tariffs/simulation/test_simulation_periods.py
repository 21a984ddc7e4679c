from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import InputRefusedError
from tariffs.simulation.load import read_load
from tariffs.simulation.periods import billing_periods, calendar_months, part_days, part_days_note, read_periods
from tariffs.simulation.report import lines_of

BERLIN = "Europe/Berlin"


def dates_of(periods):
    return [(str(period.period_from), str(period.period_to)) for period in periods]


def refused(call, *arguments, **more):
    with pytest.raises(InputRefusedError) as caught:
        call(*arguments, **more)
    return caught.value


class TestCalendarMonths:
    def test_a_load_of_whole_months_has_these(self, load_of):
        periods = billing_periods(load_of("2026-01-01", 59 * 24), BERLIN)
        assert dates_of(periods) == [("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01")]
        assert periods[0].starts_at == datetime(2025, 12, 31, 23, tzinfo=UTC)
        assert periods[0].ends_at == periods[1].starts_at == datetime(2026, 1, 31, 23, tzinfo=UTC)

    def test_the_first_and_last_month_are_clipped_to_the_days_of_the_load(self, load_of):
        periods = billing_periods(load_of("2026-01-30", 3 * 24), BERLIN)
        assert dates_of(periods) == [("2026-01-30", "2026-02-01"), ("2026-02-01", "2026-02-02")]

    def test_the_months_with_clock_changes_are_23_and_25_hours_off(self, load_of):
        assert dates_of(billing_periods(load_of("2026-03-29", 23), BERLIN)) == [("2026-03-29", "2026-03-30")]
        assert dates_of(billing_periods(load_of("2026-10-25", 25), BERLIN)) == [("2026-10-25", "2026-10-26")]

    def test_dates_asked_for_leave_the_rest_of_the_load_out(self, load_of):
        load = load_of("2026-01-01", 59 * 24)
        periods = billing_periods(load, BERLIN, first=date(2026, 1, 10), after=date(2026, 2, 3))
        assert dates_of(periods) == [("2026-01-10", "2026-02-01"), ("2026-02-01", "2026-02-03")]
        assert dates_of(billing_periods(load, BERLIN, first=date(2026, 2, 28))) == [("2026-02-28", "2026-03-01")]
        assert dates_of(billing_periods(load, BERLIN, after=date(2026, 1, 2))) == [("2026-01-01", "2026-01-02")]

    @given(st.dates(date(1999, 1, 1), date(2030, 1, 1)), st.integers(1, 900))
    def test_months_tile_any_days_and_none_crosses_the_end_of_one(self, first, days):
        after = date.fromordinal(first.toordinal() + days)
        months = calendar_months(first, after)
        assert [months[0][0], *(end for _, end in months)] == [*(start for start, _ in months), after]
        assert all((start.year, start.month) == (date.fromordinal(end.toordinal() - 1).timetuple()[:2]) for start, end in months)


class TestPartsOfADay:
    """Without a date all that the load covers is priced; a date that is asked for has to be covered."""

    def test_a_load_that_ends_inside_a_day_is_priced_to_its_end(self, load_of):
        load = load_of("2026-01-01", 30)
        periods = billing_periods(load, BERLIN)
        assert dates_of(periods) == [("2026-01-01", "2026-01-03")]
        assert part_days(load, periods, BERLIN) == [date(2026, 1, 2)]
        assert part_days_note(load, [date(2026, 1, 2)], BERLIN) == (
            "the load goes from 2026-01-01 00:00 to 2026-01-02 06:00 (Europe/Berlin): of 2026-01-02 only a part is priced; "
            "whole days: --from 2026-01-01 --to 2026-01-02"
        )

    def test_a_year_of_utc_begins_and_ends_inside_a_local_day(self, load_of):
        load = load_of("2026-01-01", 365 * 24, zone="UTC")
        periods = billing_periods(load, BERLIN)
        assert (len(periods), *dates_of(periods)[::12]) == (13, ("2026-01-01", "2026-02-01"), ("2027-01-01", "2027-01-02"))
        assert part_days(load, periods, BERLIN) == [date(2026, 1, 1), date(2027, 1, 1)]
        assert "--from 2026-01-02 --to 2027-01-01" in part_days_note(load, part_days(load, periods, BERLIN), BERLIN)

    def test_a_summer_month_of_standard_time_is_an_hour_off(self, load_of):
        load = load_of("2026-07-01", 31 * 24, zone="Etc/GMT-1")
        periods = billing_periods(load, BERLIN)
        assert dates_of(periods) == [("2026-07-01", "2026-08-01"), ("2026-08-01", "2026-08-02")]

    def test_no_energy_of_the_load_is_left_out_of_the_bills(self, load_of, version_of, priced):
        flat = version_of('charges: [{id: use, kind: energy, price: "1"}, {id: basic, kind: fixed, price: "10", per: day}]')
        for zone, hours, days in (("UTC", 365 * 24, 366), ("Etc/GMT-1", 31 * 24, 31), ("Asia/Kolkata", 49, 3)):
            found = {}
            for period in priced(flat, load_of("2026-01-01", hours, zone=zone)):
                for line in lines_of(period):
                    found[line["charge_id"]] = found.get(line["charge_id"], 0) + line["quantity"]
            assert found == {"use": hours, "basic": days}, zone

    def test_whole_days_are_no_parts(self, load_of):
        load = load_of("2026-01-01", 59 * 24)
        assert part_days(load, billing_periods(load, BERLIN), BERLIN) == []

    def test_a_part_that_no_period_prices_is_not_told(self, load_of):
        load = load_of("2026-01-01", 365 * 24, zone="UTC")
        periods = billing_periods(load, BERLIN, first=date(2026, 1, 2), after=date(2027, 1, 1))
        assert part_days(load, periods, BERLIN) == []

    def test_a_date_asked_for_ends_the_ragged_side(self, load_of):
        load = load_of("2026-01-01", 30)
        assert dates_of(billing_periods(load, BERLIN, after=date(2026, 1, 2))) == [("2026-01-01", "2026-01-02")]
        assert dates_of(billing_periods(load, BERLIN, first=date(2026, 1, 2))) == [("2026-01-02", "2026-01-03")]

    def test_a_date_beyond_the_load_or_inside_its_part_of_a_day_is_refused(self, load_of):
        load = load_of("2026-01-01", 30)
        for asked in ({"first": date(2025, 12, 31), "after": date(2026, 1, 2)}, {"after": date(2026, 1, 3)}):
            error = refused(billing_periods, load, BERLIN, **asked)
            assert (error.code, "from 2026-01-01 to 2026-01-02" in error.message) == ("load.short", True)

    def test_a_load_without_a_whole_day_is_a_day(self, load_of):
        load = load_of("2026-01-01", 5)
        periods = billing_periods(load, BERLIN)
        assert dates_of(periods) == [("2026-01-01", "2026-01-02")]
        assert part_days_note(load, part_days(load, periods, BERLIN), BERLIN).endswith("of 2026-01-01 only a part is priced")
        error = refused(billing_periods, load, BERLIN, first=date(2026, 1, 1), after=date(2026, 1, 2))
        assert (error.code, "no whole day" in error.message) == ("load.short", True)

    def test_hours_that_do_not_begin_at_local_midnight_belong_to_the_day_of_their_start(self):
        # 00:00 in Kolkata is 18:30 UTC: the first whole hour of UTC inside 2 January begins at 19:00, the last at 18:00
        hours = [f"2026-01-{1 + (19 + n) // 24:02d}T{(19 + n) % 24:02d}:00:00Z,1" for n in range(48)]
        load = read_load("\n".join(["interval_start,import_kwh", *hours]), "load.csv")
        assert dates_of(billing_periods(load, "Asia/Kolkata")) == [("2026-01-02", "2026-01-04")]

    def test_dates_that_leave_no_day_are_refused(self, load_of):
        assert refused(billing_periods, load_of("2026-01-01", 48), BERLIN, first=date(2026, 1, 3)).code == "periods.none"


class TestPeriodsOfAFile:
    def test_periods_are_those_of_the_file_and_the_load_around_them_is_left_out(self, load_of):
        given_periods = read_periods("period_from,period_to\n2026-01-08,2026-02-06\n2026-02-06,2026-02-20\n", "p.csv")
        periods = billing_periods(load_of("2026-01-01", 59 * 24), BERLIN, given=given_periods)
        assert dates_of(periods) == [("2026-01-08", "2026-02-06"), ("2026-02-06", "2026-02-20")]

    def test_a_period_that_the_load_does_not_cover_is_refused(self, load_of):
        for period in (("2025-12-31", "2026-01-02"), ("2026-01-02", "2026-01-04")):
            given_periods = [tuple(map(date.fromisoformat, period))]
            assert refused(billing_periods, load_of("2026-01-01", 48), BERLIN, given=given_periods).code == "load.short"

    def test_periods_outside_the_dates_asked_for_are_left_out(self, load_of):
        weeks = [(date(2026, 1, 1 + 7 * n), date(2026, 1, 8 + 7 * n)) for n in range(3)]
        periods = billing_periods(load_of("2026-01-01", 31 * 24), BERLIN, first=weeks[1][0], after=weeks[1][1], given=weeks)
        assert dates_of(periods) == [("2026-01-08", "2026-01-15")]

    def test_a_period_is_not_cut_by_the_dates_asked_for(self, load_of):
        week = [(date(2026, 1, 1), date(2026, 1, 8))]
        for asked in ({"first": date(2026, 1, 2)}, {"after": date(2026, 1, 7)}):
            error = refused(billing_periods, load_of("2026-01-01", 31 * 24), BERLIN, given=week, **asked)
            assert error.code == "periods.cut"

    @pytest.mark.parametrize(
        ("rows", "where"),
        [
            (["2026-01-08,2026-01-08"], "p.csv:2"),
            (["2026-02-08,2026-01-08"], "p.csv:2"),
            (["2026-01-08,2026-02-06", "2026-02-05,2026-03-01"], "p.csv:3"),
            (["2026-02-06,2026-03-01", "2026-01-08,2026-02-06"], "p.csv:3"),
        ],
        ids=["empty", "backwards", "overlapping", "out of order"],
    )
    def test_periods_that_do_not_follow_each_other_are_refused(self, rows, where):
        error = refused(read_periods, "\n".join(["period_from,period_to", *rows]), "p.csv")
        assert (error.code, error.where) == ("periods.order", where)

    @pytest.mark.parametrize("cell", ["2026-02-30", "01.02.2026", "20260201", "2026-02-01T00:00", ""])
    def test_what_is_no_date_is_refused_with_its_line(self, cell):
        error = refused(read_periods, f"period_from,period_to\n2026-01-01,{cell}\n", "p.csv")
        assert (error.code, error.where) == ("table.cell", "p.csv:2")
