"""Planted holes are found with the first minute that shows them, in true local time."""

from __future__ import annotations

import pytest

from tariffs.prover import walk as walked

USE = 'charges: [{id: use, kind: energy, price: "0.3"}]'


def holes(proof, told):
    return [(path, minute) for path, minute, _ in told(proof, "tariff.gap")]


class TestOneHole:
    def test_of_one_minute_on_29_february(self, proof_of, told):
        proof = proof_of(
            f"""
seasons: {{leap: {{from: 02-29, to: 03-01}}, rest: {{from: 03-01, to: 02-29}}}}
periods:
  day: [{{season: rest}}, {{season: leap, to: "12:34"}}, {{season: leap, from: "12:35"}}]
{USE}
"""
        )
        assert holes(proof, told) == [("versions[0].periods", "2028-02-29T12:34+01:00")]
        assert (
            told(proof, "tariff.gap")[0][2] == "no period takes 12:34 to 12:35 on Tuesdays in month 2: one minute of the horizon"
        )

    def test_in_the_last_minute_of_the_day(self, proof_of, told):
        proof = proof_of(f'periods: {{day: [{{from: "00:00", to: "23:59"}}]}}\n{USE}')
        ((_, minute, what),) = told(proof, "tariff.gap")
        assert minute == "2026-01-01T23:59+01:00"
        # 365 + 365 + 366 days
        assert what == "no period takes 23:59 to 24:00 on all days of the week: 1,096 minutes of the horizon"

    def test_of_a_weekend(self, proof_of, told):
        proof = proof_of(f"periods: {{week: [{{days: mon-fri}}]}}\n{USE}", to_year=2026)
        ((_, minute, what),) = told(proof, "tariff.gap")
        assert minute == "2026-01-03T00:00+01:00"
        # 52 Saturdays and 52 Sundays of 1,440 minutes; the Sundays of the two changes have 1,380 and 1,500
        assert what == "no period takes 00:00 to 24:00 on Saturdays and Sundays: 149,760 minutes of the horizon"

    def test_on_the_one_holiday_that_falls_on_a_wednesday(self, proof_of, told):
        # 25 December is a Wednesday in 2030 and, as a holiday, is no day of the week; New Year's Day has a rule
        top = "holidays: {calendar: DE, names: [christmas_day], observe: none}\n"
        proof = proof_of(f"periods: {{week: [{{days: mon-sun}}]}}\n{USE}", top=top, from_year=2030, to_year=2030)
        assert holes(proof, told) == [("versions[0].periods", "2030-12-25T00:00+01:00")]
        assert "on holidays in month 12: 1,440 minutes" in told(proof, "tariff.gap")[0][2]

    def test_on_a_holiday_that_the_last_sunday_of_the_year_hands_on(self, proof_of, told):
        # New Year's Eve of 2028 is a Sunday, kept on Monday too: 1 January 2029 is a holiday, and no day of the week
        top = "holidays: {calendar: LV, names: [new_years_eve], observe: sunday_to_monday}\n"
        proof = proof_of(f"periods: {{week: [{{days: mon-sun}}]}}\n{USE}", top=top, from_year=2029, to_year=2029)
        assert holes(proof, told) == [("versions[0].periods", "2029-01-01T00:00+01:00")]
        assert told(proof, "tariff.gap")[0][2].endswith("2,880 minutes of the horizon")

    def test_of_the_hour_that_comes_twice_has_both_hours(self, proof_of, told):
        proof = proof_of(
            f"""
seasons: {{change: {{from: 10-25, to: 10-26}}, rest: {{from: 10-26, to: 10-25}}}}
periods: {{day: [{{season: rest}}, {{season: change, from: "03:00", to: "02:00"}}]}}
{USE}
""",
            to_year=2026,
        )
        assert holes(proof, told) == [("versions[0].periods", "2026-10-25T02:00+02:00")]
        assert told(proof, "tariff.gap")[0][2].endswith("120 minutes of the horizon")

    def test_of_the_hour_that_is_skipped_is_no_minute(self, proof_of, told):
        text = f"""
seasons: {{change: {{from: 03-29, to: 03-30}}, rest: {{from: 03-30, to: 03-29}}}}
periods: {{day: [{{season: rest}}, {{season: change, from: "03:00", to: "02:00"}}]}}
{USE}
"""
        # 29 March 2026 is the Sunday of the change, that of 2027 a Monday
        assert proof_of(text, to_year=2026).seen.bought.holes == {}
        assert holes(proof_of(text, to_year=2027), told) == [("versions[0].periods", "2027-03-29T02:00+02:00")]

    def test_of_export_alone_is_told_at_its_periods(self, proof_of, told):
        proof = proof_of(
            f"""
{USE}
export: {{mode: net_billing, periods: {{day: [{{from: "06:00", to: "20:00"}}]}}, price: {{day: "0.1"}}}}
""",
            to_year=2026,
        )
        assert holes(proof, told) == [
            ("versions[0].export.periods", "2026-01-01T00:00+01:00"),
            ("versions[0].export.periods", "2026-01-01T20:00+01:00"),
        ]

    def test_of_the_second_version_is_told_there(self, proof_of, told):
        versions = f"""\
- from: 2026-01-01
  {USE}
- from: 2026-07-01
  periods: {{week: [{{days: mon-sat}}]}}
  {USE}
"""
        # 5 July 2026 is the first Sunday of the second version
        assert holes(proof_of(versions=versions, to_year=2026), told) == [("versions[1].periods", "2026-07-05T00:00+02:00")]

    def test_of_import_is_not_told_of_export_without_periods_of_its_own(self, proof_of, told):
        own = 'periods: {day: [{else: true}]}, price: {day: "0.1"}'
        versions = f"""\
- from: 2026-01-01
  periods: {{week: [{{days: mon-sat}}]}}
  {USE}
  export: {{mode: net_billing, price: "0.1"}}
- from: 2026-07-01
  {USE}
  export: {{mode: net_billing, {own}}}
"""
        assert holes(proof_of(versions=versions, to_year=2026), told) == [("versions[0].periods", "2026-01-04T00:00+01:00")]


class TestBeyondTheHorizon:
    LEAP = f"""
seasons: {{leap: {{from: 02-29, to: 03-01}}, rest: {{from: 03-01, to: 02-29}}}}
periods:
  day: [{{season: rest}}, {{season: leap, days: [mon, tue, wed, thu, fri, sun]}}]
{USE}
"""

    def test_a_hole_of_a_saturday_of_29_february_is_found_years_ahead(self, proof_of, told):
        # 29 February falls on a Saturday in 2048, and before that in 2020
        proof = proof_of(self.LEAP, to_year=None)
        ((path, minute, what),) = told(proof, "tariff.gap")
        assert (path, minute) == ("versions[0].periods", "2048-02-29T00:00+01:00")
        assert what.endswith("in month 2: no minute of the horizon, but later")

    def test_a_last_year_that_is_given_ends_the_search(self, proof_of):
        proof = proof_of(self.LEAP, to_year=2028)
        assert proof.seen.bought.holes == {}
        assert proof.by_day == 0

    def test_what_a_load_refuses_is_refused_though_no_minute_shows_it(self, proof_of, told):
        proof = proof_of(self.LEAP, to_year=2028)
        assert [(path, minute) for path, minute, _ in told(proof, "tariff.gap")] == [("versions[0].periods", None)]
        assert not proof.holds


class TestBillingCycles:
    TEXT = """
seasons:
  summer: {{from: {summer}, to: 11-01, by: billing_cycle, at: end}}
  winter: {{from: 11-01, to: {winter}, by: billing_cycle, at: end}}
periods:
  hot: [{{season: summer}}]
  cold: [{{season: winter}}]
charges: [{{id: use, kind: energy, price: {{hot: "0.3", cold: "0.2"}}}}]
"""

    def test_seasons_that_close_the_year_close_it_for_every_billing_period(self, proof_of):
        assert proof_of(self.TEXT.format(summer="05-01", winter="05-01")).seen.bought.holes == {}

    @pytest.mark.parametrize(("at", "days"), [("start", 30 + 31 + 31 + 30 + 31), ("end", 31 + 30 + 31 + 31 + 30 + 31)])
    def test_the_first_or_the_last_day_of_the_month_decides(self, proof_of, at, days):
        # 1 May is before the season, 31 May in it: by its last day May is summer, as October is by either
        text = self.TEXT.format(summer="05-15", winter="05-15").replace("at: end", f"at: {at}")
        hot = proof_of(text, to_year=2026, clock="+01:00").tables[0].rows[0]
        assert (hot.period, hot.minutes) == ("hot", days * 1440)

    def test_a_hole_that_no_calendar_month_shows_is_found(self, proof_of, told):
        # calendar months end on the 28th or later; a bill that is read on 15 April is in no season, whatever dates it holds
        proof = proof_of(self.TEXT.format(summer="04-20", winter="04-10"), to_year=2026)
        (found,) = [entry for entry in told(proof, "tariff.gap") if entry[1] is not None]
        assert found[:2] == ("versions[0].periods", "2026-01-01T00:00+01:00")
        assert found[2].endswith("in a billing period of no season: no calendar month shows it")

    def test_a_hole_of_a_calendar_month_is_counted(self, proof_of, told):
        proof = proof_of(self.TEXT.format(summer="05-01", winter="04-10"), to_year=2026)
        assert ("versions[0].periods", "2026-04-01T00:00+02:00") in [entry[:2] for entry in told(proof, "tariff.gap")]


class TestVersions:
    TEXT = f"- from: 2026-07-01\n  {USE}\n"

    def test_the_proof_begins_with_the_first_version(self, proof_of):
        proof = proof_of(versions=self.TEXT, to_year=2026)
        assert proof.holds
        assert proof.seen.minutes == 184 * 1440 + 60

    def test_a_year_before_it_shows_the_first_minute_without_a_version(self, proof_of, told):
        proof = proof_of(versions=self.TEXT, from_year=2026, to_year=2026)
        assert told(proof, "tariff.no_version") == [
            (
                "versions[0].from",
                "2026-01-01T00:00+01:00",
                "260,580 minutes of the horizon lie before the first version, from 2026-07-01",
            )
        ]

    def test_a_clock_that_goes_back_over_midnight_brings_the_old_version_back(self, proof_of, told):
        # Newfoundland went from 00:01 back to 23:01 until 2011
        versions = f"- from: 2010-01-01\n  {USE}\n- from: 2010-11-07\n  {USE}\n"
        proof = proof_of(versions=versions, clock="America/St_Johns", to_year=2010)
        assert [(path, minute) for path, minute, _ in told(proof, "version.returns")] == [("versions", "2010-11-06T23:01-03:30")]
        assert proof.holds

    def test_minutes_that_come_back_over_the_end_of_a_month_are_counted(self, proof_of):
        # on 1 November 2009, at 00:01, it was 23:01 of 31 October once more
        proof = proof_of(versions=f"- from: 2009-01-01\n  {USE}\n", clock="America/St_Johns", to_year=2009)
        (row,) = proof.tables[0].rows
        assert row.minutes == proof.seen.minutes == 365 * 1440
        october = [counts.sum() for stretch, counts in proof.seen.bought.minutes.items() if stretch.month == 10]
        assert sum(october) == 31 * 1440 + 59

    def test_a_version_that_begins_at_an_ordinary_midnight_does_not_return(self, proof_of, told):
        versions = f"- from: 2010-01-01\n  {USE}\n- from: 2010-11-08\n  {USE}\n"
        assert told(proof_of(versions=versions, clock="America/St_Johns", to_year=2010), "version.returns") == []


class TestTwoReadings:
    PERIODS = f'periods: {{peak: [{{days: mon-fri, from: "15:00", to: "21:00"}}], off: [{{else: true}}]}}\n{USE}'

    def test_the_calendar_that_bills_agrees(self, proof_of):
        assert proof_of(self.PERIODS).holds

    @pytest.mark.parametrize(("shift", "minute"), [(1, "2026-01-01T14:59+01:00"), (-1, "2026-01-01T15:00+01:00")])
    def test_a_calendar_a_minute_off_is_found_out(self, proof_of, told, monkeypatch, shift, minute):
        right = walked.combos_at
        # 1 January 2026 is a Thursday; the calendar that bills would go a minute fast or slow
        monkeypatch.setattr(
            walked, "combos_at", lambda tariff, *, starts, **more: right(tariff, starts=starts + 60 * shift, **more)
        )
        proof = proof_of(self.PERIODS, to_year=2026)
        ((path, found, what),) = told(proof, "tariff.two_readings")
        if shift == -1:
            # the first minute of every month would belong to no billing period
            assert found == "2026-01-01T00:00+01:00"
        else:
            assert (path, found) == ("versions[0].periods", minute)
            assert "off of the version from 2026-01-01 by the document, peak" in what
        assert proof.is_ours

    def test_it_is_compared_from_the_first_day_of_a_version_in_the_middle_of_a_month(self, proof_of, told, monkeypatch):
        right = walked.combos_at
        monkeypatch.setattr(walked, "combos_at", lambda tariff, *, starts, **more: right(tariff, starts=starts + 60, **more))
        text = "- from: 2026-07-15\n" + "".join(f"  {line}\n" for line in self.PERIODS.splitlines())
        ((_, minute, _),) = told(proof_of(versions=text, from_year=2026, to_year=2026), "tariff.two_readings")
        assert minute == "2026-07-15T14:59+02:00"


class TestWhatCannotBeFollowed:
    def test_no_minute_is_examined_where_a_season_is_not_there(self, proof_of, told):
        proof = proof_of(f"periods: {{day: [{{season: sumer}}, {{else: true}}]}}\n{USE}")
        assert proof.seen is None
        assert [path for path, _, _ in told(proof, "tariff.invalid")] == ["versions[0].periods.day[0].season"]

    def test_many_holes_are_counted(self, proof_of, told):
        rules = ", ".join(f'{{from: "{hour:02d}:00", to: "{hour:02d}:30"}}' for hour in range(24))
        proof = proof_of(f"periods: {{day: [{rules}]}}\n{USE}", to_year=2026)
        entries = told(proof, "tariff.gap")
        assert len(entries) == 11
        assert entries[-1] == ("versions[0].periods", "2026-01-01T10:30+01:00", "14 more times of day have no period")
