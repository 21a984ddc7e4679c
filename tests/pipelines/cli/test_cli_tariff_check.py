"""``m2b tariff check`` as billing people and programs use it."""

from __future__ import annotations

import re

import pytest

from tariffs.prover import walk as walked

TARIFF = """\
tariff: plain
currency: EUR
clock: Europe/Prague
versions:
- from: 2026-01-01
  periods:
    peak: [{days: mon-fri, from: "15:00", to: "21:00"}]
    off: [{else: true}]
  charges:
  - {id: usage, kind: energy, price: {peak: "0.30", off: "0.20"}}
"""
HOLE = TARIFF.replace(
    "{else: true}", '{days: mon-fri, to: "15:00"}, {days: mon-fri, from: "21:00"}, {days: sat}, {days: sun, from: "00:01"}'
)
SUSPICIOUS = TARIFF.replace('"0.30"', '"3.00"')


@pytest.fixture
def check(m2b, tmp_path):
    def run(text: str, *options: object):
        path = tmp_path / "plain.yaml"
        path.write_text(text)
        return m2b("tariff", "check", path, "--store", tmp_path / "store", *options)

    return run


class TestProven:
    def test_a_program_reads_the_horizon_and_every_period(self, check):
        called = check(TARIFF, "--json", "--to", 2026)
        proof = called.data["proof"]
        assert (called.code, proof["proven"], proof["failures"], proof["warnings"]) == (0, True, 0, 0)
        horizon = proof["horizon"]
        assert (horizon["first_day"], horizon["last_day"], horizon["minutes"]) == ("2026-01-01", "2026-12-31", 525_600)
        assert horizon["clock_changes"] == [
            {"at": "2026-03-29T03:00+02:00", "minutes": 60},
            {"at": "2026-10-25T02:00+01:00", "minutes": -60},
        ]
        (table,) = proof["tables"]
        assert table["periods"][0] == {
            "period": "peak",
            "minutes": 261 * 6 * 60,
            "minutes_by_year": {"2026": 261 * 6 * 60},
            "prices": {"usage": "0.3"},
        }
        assert table["calendar"]["weekday"][0][14:16] == [["off"], ["peak"]]
        assert {"rule": "usage.tiers", "value": "none", "default": True, "versions": ["2026-01-01"]} in proof["rules"]
        assert called.data["findings"] == []

    def test_people_read_it_to_sign_it(self, check):
        out = check(TARIFF, "--to", 2026).out
        assert "plain: proven, 0 warnings (EUR, Europe/Prague)" in out
        assert "2026-01-01 to 2026-12-31: 525,600 minutes in 365 days, 0 leap days and 2 changes of the clock; each with" in out
        assert "peak    1,566         1,566  17.88 %    0.3" in out
        assert "jan  OOOOOOOOOOOOOOOPPPPPPOOO  OOOOOOOOOOOOOOOOOOOOOOOO" in out
        assert "P peak; O off; + several; . not in force" in out
        assert re.search(r"^usage\.quantity +import_kwh +default$", out, re.MULTILINE)
        assert "An interval belongs to the version and to the period in force at its start." in out

    def test_versions_with_one_calendar_share_it(self, check):
        body = TARIFF[TARIFF.index("- from") :]
        out = check(TARIFF + body.replace("2026-01-01", "2027-01-01"), "--to", 2027).out
        assert "calendar: as import, version from 2026-01-01" in out
        assert out.count("jan  ") == 1

    def test_by_default_it_looks_years_ahead(self, check):
        horizon = check(TARIFF, "--json").data["proof"]["horizon"]
        assert (horizon["last_day"], horizon["days_by_kind_to"], horizon["days_by_kind"]) == ("2031-12-31", "2071-12-31", 14_610)


class TestNotProven:
    def test_the_minute_is_told_with_line_and_field(self, check, tmp_path):
        called = check(HOLE, "--json", "--to", 2026)
        assert (called.code, called.error["code"], called.error["where"]) == (4, "tariff.gap", "versions[0].periods")
        assert called.error["message"] == (
            f"{tmp_path}/plain.yaml:6: versions[0].periods: no period takes 00:00 to 00:01 on Sundays: "
            "52 minutes of the horizon, first at 2026-01-04T00:00+01:00"
        )
        (found,) = called.data["findings"]
        assert (found["severity"], found["line"], found["minute"]) == ("failure", 6, "2026-01-04T00:00+01:00")
        assert called.data["proof"]["proven"] is False

    def test_people_are_told_on_stderr_and_see_the_calendar(self, check):
        called = check(HOLE, "--to", 2026)
        assert "NOT proven, 1 failure" in called.out
        assert "each with one version" not in called.out
        assert "first at 2026-01-04T00:00+01:00" in called.err

    def test_without_seasons_to_follow_no_minute_is_examined(self, check):
        called = check(TARIFF.replace("days: mon-fri", "season: hot"))
        assert called.code == 4
        assert "no minute was examined" in called.out
        assert "there is no season 'hot'" in called.err

    def test_a_year_before_the_first_version_has_no_price(self, check):
        called = check(TARIFF, "--from", 2025, "--to", 2026, "--json")
        assert (called.code, called.error["code"], called.error["where"]) == (4, "tariff.no_version", "versions[0].from")

    def test_a_program_that_contradicts_itself_says_so(self, check, monkeypatch):
        right = walked.combos_at
        monkeypatch.setattr(walked, "combos_at", lambda tariff, *, starts, **more: right(tariff, starts=starts + 60, **more))
        called = check(TARIFF, "--json", "--to", 2026)
        assert (called.code, called.error["code"]) == (5, "tariff.two_readings")

    def test_an_empty_span_is_refused(self, check):
        called = check(TARIFF, "--to", 2025, "--json")
        assert (called.code, called.error["code"]) == (4, "horizon.empty")


class TestWarnings:
    def test_are_told_and_let_pass(self, check, tmp_path):
        called = check(SUSPICIOUS, "--to", 2026)
        assert called.code == 0
        assert (
            f"warning price.jump: {tmp_path}/plain.yaml:10: versions[0].charges[0].price.peak: usage in peak is 3" in called.out
        )

    def test_are_refused_where_the_check_is_strict(self, check):
        called = check(SUSPICIOUS, "--to", 2026, "--strict", "--json")
        assert (called.code, called.error["code"]) == (4, "tariff.suspicious")
        assert called.error["where"] == "versions[0].charges[0].price.peak"
        assert called.data["proof"]["proven"] is True

    def test_strict_lets_pass_what_has_none(self, check):
        assert check(TARIFF, "--to", 2026, "--strict").code == 0


class TestStore:
    @pytest.fixture
    def loaded(self, m2b, tmp_path):
        m2b("init", "--store", tmp_path / "store", "--buckets", 1)
        path = tmp_path / "loaded.yaml"
        path.write_text(TARIFF)
        m2b("tariff", "load", path, "--store", tmp_path / "store")

    def test_a_new_text_that_prices_january_anew_is_warned_of(self, check, loaded):
        # the clock of the test stands on 10 February 2026
        called = check(TARIFF.replace("0.20", "0.21"), "--to", 2026, "--json")
        (found,) = [each for each in called.data["findings"] if each["severity"] == "warning"]
        assert (called.code, found["code"], found["minute"]) == (0, "past.repriced", "2026-01-01T00:00+01:00")
        assert "from 2026-01-01 until 2026-02-10 (not included)" in found["what"]
        assert "charges.usage.price.off was 0.2, is 0.21" in found["what"]

    def test_the_same_text_is_not(self, check, loaded):
        called = check(TARIFF, "--to", 2026, "--json")
        assert (called.data["in_store"], called.data["findings"]) == ("same", [])

    def test_another_text_that_says_the_same_is_not(self, check, loaded):
        called = check(TARIFF + "# seen by the regulator\n", "--to", 2026, "--json")
        assert (called.data["in_store"], called.data["findings"]) == ("other", [])
