"""Hours of each period, its prices, and the calendar, against numbers counted by hand."""

from __future__ import annotations

from tariffs.prover.tables import ladders_of

TEXT = """
periods:
  peak: [{days: mon-fri, from: "15:00", to: "21:00"}]
  night: [{from: "22:30", to: "06:00"}]
  off: [{else: true}]
charges:
- {id: use, kind: energy, price: {peak: ["0.3", "0.4"], night: ["0.1", "0.1"], off: ["0.2", "0.2"]}, tiers: {limits: ["200"]}}
- {id: grid, kind: energy, price: {series: spot, per: MWh, times: "1.08"}}
export: {mode: nem_kwh}
"""


def test_hours_of_a_year(proof_of):
    table = proof_of(TEXT, to_year=2026).tables[0]
    hours = {row.period: row.minutes / 60 for row in table.rows}
    # 2026 has 261 Mondays to Fridays; 365 nights of seven hours and a half, one shorter in March and one longer in October
    assert hours == {"peak": 261 * 6, "night": 365 * 7.5, "off": 365 * 16.5 - 261 * 6}
    assert [row.by_year for row in table.rows] == [{2026: row.minutes} for row in table.rows]


def test_hours_of_a_year_that_a_version_does_not_fill_are_told_as_a_whole_only(proof_of):
    versions = "- from: 2026-07-01\n  charges: [{id: use, kind: energy, price: '0.3'}]\n"
    (row,) = proof_of(versions=versions, to_year=2027).tables[0].rows
    assert row.by_year == {2027: 365 * 1440}
    assert row.minutes == (184 + 365) * 1440 + 60


def test_prices_stand_beside_their_periods(proof_of):
    bought, sold = proof_of(TEXT, to_year=2026).tables
    assert bought.rows[0].prices == (("use", "0.3 / 0.4"), ("grid", "series spot x 1.08 per MWh"))
    assert {row.prices for row in sold.rows} == {(("export", "kWh are kept"),)}


def test_the_calendar_names_the_periods_of_each_hour(proof_of):
    calendar = proof_of(TEXT, to_year=2026).tables[0].calendar
    assert list(calendar) == ["weekday", "weekend"]
    weekday = [("night",)] * 6 + [("off",)] * 9 + [("peak",)] * 6 + [("off",), ("night", "off"), ("night",)]
    assert calendar["weekday"] == [weekday] * 12
    assert calendar["weekend"][0][15] == ("off",)


def test_the_calendar_is_empty_where_a_version_is_not_in_force(proof_of):
    versions = "- from: 2026-07-01\n  periods: {all: [{else: true}]}\n  charges: [{id: use, kind: energy, price: '0.3'}]\n"
    calendar = proof_of(versions=versions, to_year=2026).tables[0].calendar
    assert [set(month) for month in calendar["weekday"]] == [{()}] * 6 + [{("all",)}] * 6


def test_a_holiday_with_rules_of_its_own_has_a_calendar(proof_of):
    text = "periods: {free: [{days: holiday}], rest: [{else: true}]}\ncharges: [{id: use, kind: energy, price: '0.3'}]"
    proof = proof_of(text, top="holidays: {calendar: DE, names: [christmas_day], observe: none}\n", to_year=2026)
    assert proof.tables[0].calendar["holiday"][11] == [("free",)] * 24
    assert proof.tables[0].calendar["weekday"][11] == [("rest",)] * 24


def test_ladders_begin_at_nothing_and_end_open(draft):
    text = """
charges:
- {id: use, kind: energy, price: ["0.1", "0.2", "0.3"], tiers: {limits: ["200", "450"]}}
- {id: kw, kind: demand, price: ["7", "8"], tiers: {limits: ["50"]}}
- {id: hours, kind: energy, price: ["0.3", "0.2", "0.1"], tiers: {blocks: [{kwh_per_kw: "200", limits: ["3000"]}, {}]}}
"""
    assert ladders_of(draft(text).versions[0]) == [
        ("use", ("0 to 200", "200 to 450", "above 450")),
        ("kw", ("0 to 50 kW", "above 50 kW")),
        ("hours", ("block 1 (to 200 kWh/kW): 0 to 3000", "block 1 (to 200 kWh/kW): above 3000", "block 2 (open): all of it")),
    ]
