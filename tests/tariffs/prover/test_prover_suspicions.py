"""What is legal and looks like a slip: warned of, on the right side of each border."""

from __future__ import annotations

import pytest

PERIODS = 'periods: {peak: [{days: mon-fri, from: "15:00", to: "21:00"}], off: [{else: true}]}\n'


def use(price, more=""):
    return f"{PERIODS}charges: [{{id: use, kind: energy, price: {price}{more}}}]"


def codes(proof):
    return sorted({finding.code for finding in proof.of("warning")})


class TestPrices:
    @pytest.mark.parametrize(
        ("price", "code"),
        [
            pytest.param('"10"', None, id="ten euros a kWh"),
            pytest.param('"10.01"', "price.unit", id="more than ten"),
            pytest.param('"0.001"', None, id="a tenth of a cent"),
            pytest.param('"0.0009"', "price.unit", id="less than that"),
            pytest.param('"0"', None, id="nothing"),
            pytest.param('"-0.01"', "price.negative", id="less than nothing"),
            pytest.param('{peak: "0.299", off: "0.03"}', None, id="periods 9.97 times apart"),
            pytest.param('{peak: "0.3", off: "0.03"}', "price.jump", id="periods ten times apart"),
        ],
    )
    def test_of_energy(self, proof_of, price, code):
        assert codes(proof_of(use(price))) == ([code] if code else [])

    def test_are_told_with_the_first_minute_they_hold(self, proof_of, told):
        proof = proof_of(use('{peak: "0.3", off: "-0.03"}'))
        assert told(proof, "price.negative") == [
            ("versions[0].charges[0].price.off", "2026-01-01T00:00+01:00", "use in off is negative: -0.03")
        ]

    @pytest.mark.parametrize(("price", "warned"), [('"29"', False), ('"1000"', False), ('"1000.5"', True), ('"0.09"', True)])
    def test_are_measured_by_the_coin(self, proof_of, price, warned):
        assert codes(proof_of(use(price), currency="JPY")) == (["price.unit"] if warned else [])

    def test_a_rider_may_be_a_fraction_of_a_mill(self, proof_of):
        text = use('"0.3"', '}, {id: fund, kind: rider, price: "0.0004"')
        assert codes(proof_of(text)) == []

    @pytest.mark.parametrize(("second", "warned"), [('"2.9"', False), ('"3"', True)])
    def test_of_the_next_step(self, proof_of, second, warned):
        proof = proof_of(use(f'["0.3", {second}]', ', tiers: {limits: ["200"]}'))
        assert codes(proof) == (["price.jump"] if warned else [])

    @pytest.mark.parametrize(("later", "warned"), [('"2.9"', False), ('"3.2"', True), ('"0.02"', True)])
    def test_of_the_version_before(self, proof_of, told, later, warned):
        versions = "".join(
            f"- from: {day}\n  charges: [{{id: use, kind: energy, price: {price}}}]\n"
            for day, price in (("2026-01-01", '"0.3"'), ("2027-01-01", later))
        )
        proof = proof_of(versions=versions)
        assert [path for path, _, _ in told(proof, "price.jump")] == (["versions[1].charges[0].price"] if warned else [])

    @pytest.mark.parametrize(
        ("steps", "warned"),
        [
            ('["0.1", "0.2", "0.3"]', False),
            ('["0.3", "0.2", "0.1"]', False),
            ('["0.1", "0.3", "0.2"]', True),
            ('["0.1", "0.1", "0.2"]', False),
        ],
    )
    def test_of_steps_rise_or_fall_throughout(self, proof_of, steps, warned):
        proof = proof_of(use(steps, ', tiers: {limits: ["200", "400"]}'))
        assert codes(proof) == (["steps.crooked"] if warned else [])

    @pytest.mark.parametrize(("percent", "warned"), [("100", False), ("100.5", True), ("-101", True)])
    def test_a_percentage_is_part_of_a_whole(self, proof_of, percent, warned):
        text = use('"0.3"', f"}}, {{id: p, kind: percent, of: [use], percent: {percent}")
        assert codes(proof_of(text)) == (["percent.large"] if warned else [])


class TestExport:
    TEXT = use('{peak: "0.3", off: "0.1"}', '}, {id: grid, kind: energy, price: "0.05"')

    @pytest.mark.parametrize(
        ("price", "minute"), [("0.15", None), ("0.151", "2026-01-01T00:00+01:00"), ("0.36", "2026-01-01T00:00+01:00")]
    )
    def test_that_earns_more_than_import_costs_is_told_with_the_minute(self, proof_of, told, price, minute):
        proof = proof_of(self.TEXT + f'\nexport: {{mode: net_billing, price: "{price}"}}')
        assert [found for _, found, _ in told(proof, "export.above_import")] == ([minute] if minute else [])

    @pytest.mark.parametrize(("price", "warned"), [("0.1", False), ("0.11", True)])
    def test_is_compared_with_the_cheapest_step(self, proof_of, told, price, warned):
        text = use('["0.3", "0.1"]', ', tiers: {limits: ["200"]}') + f'\nexport: {{mode: net_billing, price: "{price}"}}'
        assert bool(told(proof_of(text), "export.above_import")) == warned

    def test_is_compared_with_what_stands_in_the_month(self, proof_of, told):
        text = """
charges:
- {id: winter, kind: energy, price: "0.3", months: [1, 2, 3, 10, 11, 12]}
- {id: summer, kind: energy, price: "0.2", months: [4, 5, 6, 7, 8, 9]}
export: {mode: net_billing, price: "0.25"}
"""
        found = told(proof_of(text), "export.above_import")
        assert [minute for _, minute, _ in found] == ["2026-04-01T00:00+02:00"]

    def test_is_compared_in_the_same_minute(self, proof_of, told):
        # evening earns more than off costs; they meet on Saturdays alone, and 3 January 2026 is the first
        periods = 'periods: {evening: [{from: "15:00", to: "21:00"}], rest: [{else: true}]}'
        proof = proof_of(self.TEXT + f'\nexport: {{mode: net_billing, {periods}, price: {{evening: "0.2", rest: "0.02"}}}}')
        assert [(path, minute) for path, minute, _ in told(proof, "export.above_import")] == [
            ("versions[0].export.price", "2026-01-03T15:00+01:00")
        ]
        assert "earns 0.2 EUR/kWh, and a kWh of import costs 0.15" in told(proof, "export.above_import")[0][2]


class TestRulesThatNeverTakeAMinute:
    def charges(self, periods):
        return f'periods: {{{periods}}}\ncharges: [{{id: use, kind: energy, price: "0.3"}}]'

    def test_as_another_period_is_there_first(self, proof_of, told):
        proof = proof_of(self.charges("day: [{days: all}], night: [{days: mon-fri, from: '22:00', to: '06:00'}]"))
        assert told(proof, "rule.never") == [
            ("versions[0].periods.night[0]", None, "this rule never takes a minute: day[0] takes them first")
        ]

    def test_but_not_where_one_minute_a_year_is_left(self, proof_of, told):
        early = "day: [{days: all, months: [1,2,3,4,5,6,7,8,9,10,11]}, {days: all, months: [12], from: '00:01', to: '24:00'}]"
        assert told(proof_of(self.charges(f"{early}, night: [{{from: '00:00', to: '00:01'}}]")), "rule.never") == []

    def test_but_not_where_it_takes_one_years_after_the_horizon(self, proof_of, told):
        # 29 February is a Saturday in 2048
        text = "seasons: {leap: {from: 02-29, to: 03-01}}\n" + self.charges(
            "odd: [{season: leap, days: sat}], rest: [{else: true}]"
        )
        assert told(proof_of(text, to_year=None), "rule.never") == []
        assert [path for path, _, _ in told(proof_of(text), "rule.never")] == ["versions[0].periods.odd[0]"]

    def test_as_the_season_has_no_such_month(self, proof_of, told):
        text = "seasons: {hot: {from: 06-01, to: 09-01}}\n" + self.charges(
            "odd: [{season: hot, months: [1]}], rest: [{else: true}]"
        )
        assert told(proof_of(text), "rule.never")[0][2] == "this rule never takes a minute: hot has no such day in 1"

    def test_as_the_holiday_is_never_kept(self, proof_of, told):
        text = self.charges("rest: [{days: mon-sun}], free: [{days: holiday, months: [2]}], high: [{days: holiday}]")
        proof = proof_of(text, top="holidays: {calendar: DE, names: [christmas_day], observe: none}\n")
        assert told(proof, "rule.never") == [
            ("versions[0].periods.free[0]", None, "this rule never takes a minute: no holiday that fits is kept")
        ]

    def test_as_the_event_lies_in_the_hour_that_is_skipped(self, proof_of, told):
        top = 'events: {heat: [{from: "2026-03-29T02:00", to: "2026-03-29T03:00"}]}\n'
        proof = proof_of(self.charges("critical: [{events: heat}], rest: [{else: true}]"), top=top, to_year=None)
        assert told(proof, "rule.never") == [
            ("versions[0].periods.critical[0]", None, "this rule never takes a minute: the clock skips those it is first to take")
        ]

    def test_an_event_of_one_minute_takes_it(self, proof_of, told):
        top = 'events: {heat: [{from: "2026-03-29T03:00", to: "2026-03-29T03:01"}]}\n'
        proof = proof_of(self.charges("critical: [{events: heat}], rest: [{else: true}]"), top=top)
        assert told(proof, "rule.never") == []
        assert proof.seen.bought.total().tolist() == [1, proof.seen.minutes - 1]

    def test_within_one_period_it_is_only_noted(self, proof_of, told):
        proof = proof_of(self.charges("day: [{days: all}, {days: sat}], rest: [{else: true}]"))
        assert [path for path, _, _ in told(proof, "rule.twice")] == ["versions[0].periods.day[1]"]
        assert [path for path, _, _ in told(proof, "else.empty")] == ["versions[0].periods.rest[0]"]
        assert proof.of("warning") == []


class TestHolidays:
    def test_a_name_that_the_calendar_lacks_in_some_years_is_told(self, proof_of, told):
        # a public holiday in Berlin in 2025 and 2028 alone
        name = "80th_anniversary_of_the_liberation_from_nazism_and_the_end_of_the_second_world_war_in_europe"
        top = f"holidays: {{calendar: DE-BE, names: [{name}], priced_as: weekend}}\n"
        text = use('"0.3"')
        ((path, _, what),) = told(proof_of(text, top=top, from_year=2026, to_year=2026), "holiday.missing")
        assert path == "holidays.names[0]"
        assert what.endswith("in 2026")

    def test_holidays_that_no_rule_knows_are_told(self, proof_of, told):
        top = "holidays: {calendar: DE, observe: none}\n"
        assert [path for path, _, _ in told(proof_of(use('"0.3"'), top=top), "holiday.unused")] == ["versions[0].periods"]

    def test_holidays_priced_as_a_weekend_need_no_rule(self, proof_of, told):
        top = "holidays: {calendar: DE, observe: none, priced_as: weekend}\n"
        assert told(proof_of(use('"0.3"'), top=top), "holiday.unused") == []


class TestEvents:
    def proof(self, proof_of, windows):
        text = 'periods: {critical: [{events: heat}], rest: [{else: true}]}\ncharges: [{id: use, kind: energy, price: "0.3"}]'
        return proof_of(text, top=f"events: {{heat: [{windows}]}}\n")

    def test_a_window_before_the_version_is_told(self, proof_of, told):
        proof = self.proof(
            proof_of, '{from: "2025-12-31T10:00", to: "2026-01-01T00:00"}, {from: "2026-07-01T10:00", to: "2026-07-01T11:00"}'
        )
        assert [entry[:2] for entry in told(proof, "event.outside")] == [("events.heat[0]", "2025-12-31T10:00+01:00")]

    def test_a_window_whose_last_minute_is_in_the_version_is_none(self, proof_of, told):
        assert told(self.proof(proof_of, '{from: "2025-12-31T10:00", to: "2026-01-01T00:01"}'), "event.outside") == []

    @pytest.mark.parametrize(("begins", "warned"), [("11:00", False), ("10:59", True)])
    def test_windows_that_overlap_are_told(self, proof_of, told, begins, warned):
        windows = f'{{from: "2026-07-01T{begins}", to: "2026-07-01T12:00"}}, {{from: "2026-07-01T10:00", to: "2026-07-01T11:00"}}'
        found = told(self.proof(proof_of, windows), "event.overlap")
        assert [entry[:2] for entry in found] == ([("events.heat[0]", f"2026-07-01T{begins}+02:00")] if warned else [])

    def test_events_that_nobody_uses_are_told(self, proof_of, told):
        proof = proof_of(use('"0.3"'), top='events: {heat: [{from: "2026-07-01T10:00", to: "2026-07-01T11:00"}]}\n')
        assert [path for path, _, _ in told(proof, "event.unused")] == ["events.heat"]


class TestClock:
    def test_a_zone_whose_law_changes_is_told(self, proof_of, told):
        # Jordan gave up winter time in October 2022
        versions = '- from: 2021-01-01\n  charges: [{id: use, kind: energy, price: "0.3"}]\n'
        proof = proof_of(versions=versions, clock="Asia/Amman", to_year=2024)
        assert told(proof, "clock.law") == [
            ("clock", "2023-01-01T00:00+03:00", "Asia/Amman is +02:00 and +03:00 in 2022 and +03:00 in 2023: the law changed")
        ]

    @pytest.mark.parametrize("clock", ["Europe/Berlin", "+05:30", "America/New_York"])
    def test_a_zone_that_does_the_same_each_year_is_not(self, proof_of, told, clock):
        assert told(proof_of(use('"0.3"'), clock=clock), "clock.law") == []


class TestShares:
    def test_a_tax_on_nothing_is_told(self, proof_of, told):
        text = """
charges:
- {id: use, kind: energy, price: "0.3", months: [1, 2]}
- {id: rest, kind: energy, price: "0.3", months: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]}
- {id: vat, kind: tax, of: [use], percent: 20, months: [3]}
"""
        assert told(proof_of(text), "tax.nothing") == [
            ("versions[0].charges[2].of", None, "vat is a share of no charge: use stands in other months")
        ]

    def test_a_percentage_of_all_there_is_none_is_told(self, proof_of, told):
        text = "charges: [{id: p, kind: percent, of: all, percent: 20}]"
        assert [what for _, _, what in told(proof_of(text), "percent.nothing")] == ["p is a share of no charge: there is none"]

    def test_a_tax_on_a_charge_of_one_common_month_is_laid_on_something(self, proof_of, told):
        text = 'charges: [{id: use, kind: energy, price: "0.3"}, {id: vat, kind: tax, of: [use], percent: 20, months: [3]}]'
        assert told(proof_of(text), "tax.nothing") == []


class TestMinimums:
    def told_of(self, proof_of, told, *charges):
        text = f'charges: [{{id: use, kind: energy, price: "0.3"}}, {", ".join(charges)}]'
        return [(path, what) for path, _, what in told(proof_of(text), "minimum.never")]

    @pytest.mark.parametrize(("amount", "warned"), [("30", True), ("30.01", False)])
    def test_that_the_fixed_charges_reach_alone_are_told(self, proof_of, told, amount, warned):
        fixed = '{id: a, kind: fixed, price: "20", per: month}', '{id: b, kind: fixed, price: "10", per: month}'
        found = self.told_of(proof_of, told, *fixed, f'{{id: floor, kind: minimum, amount: "{amount}", per: month}}')
        assert [path for path, _ in found] == (["versions[0].charges[3].amount"] if warned else [])

    @pytest.mark.parametrize(("amount", "warned"), [("360", True), ("361", False)])
    def test_of_a_year_below_twelve_months_are_told(self, proof_of, told, amount, warned):
        month = '{id: month, kind: minimum, amount: "30", per: month}'
        found = self.told_of(proof_of, told, month, f'{{id: year, kind: minimum, amount: "{amount}", per: year}}')
        assert [path for path, _ in found] == (["versions[0].charges[2].amount"] if warned else [])

    def test_of_nothing_are_told(self, proof_of, told):
        assert [what for _, what in self.told_of(proof_of, told, '{id: floor, kind: minimum, amount: "0", per: month}')] == [
            "floor is 0: it raises no bill"
        ]


class TestOthers:
    def test_a_fee_outside_its_version_is_told(self, proof_of, told):
        fees = (f'{{id: f{day[-1]}, kind: fee, price: "45", when: {day}}}' for day in ("2025-12-31", "2026-01-01"))
        text = f'charges: [{{id: use, kind: energy, price: "0.3"}}, {", ".join(fees)}]'
        assert [path for path, _, _ in told(proof_of(text), "fee.never")] == ["versions[0].charges[1].when"]

    def test_a_conversion_for_no_charge_is_told(self, proof_of, told):
        text = use('"0.3"') + "\nconversion: {volume: v, energy: gas_kwh, calorific_value: '39', divide_by: '3.6'}"
        assert [path for path, _, _ in told(proof_of(text), "conversion.unused")] == ["versions[0].conversion.energy"]
