from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.vee.registers import AdvanceStatus, IndexRead, RegisterFacts, advances

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(day):
    return START + timedelta(days=day)


def reads(*values, meter="M1", every=30, first=0):
    """Reads of one meter, one every 30 days."""
    return [IndexRead(meter, at(first + every * i), Decimal(value)) for i, value in enumerate(values)]


def register(**changes):
    facts = {"meter_id": "M1", "valid_from": at(-1000), "modulus": Decimal(10**5)}
    return RegisterFacts(**(facts | changes))


def outcome(series, *facts):
    return [(str(a.advance), a.status.value, a.code) for a in advances(series, facts or [register()])]


class TestRise:
    def test_the_difference_is_the_advance(self):
        assert outcome(reads("100.5", "130.7", "131.0")) == [("30.2", "ok", ""), ("0.3", "ok", "")]

    def test_the_multiplier_scales_it_once(self):
        assert outcome(reads("100", "130"), register(multiplier=Decimal("0.1"))) == [("3.0", "ok", "")]

    def test_one_read_says_nothing(self):
        assert outcome(reads("100")) == []

    def test_no_advance_is_an_advance_of_zero(self):
        assert outcome(reads("100", "100")) == [("0", "ok", "")]

    def test_the_order_of_arrival_does_not_matter(self):
        assert outcome([*reversed(reads("100", "130", "131"))]) == [("30", "ok", ""), ("1", "ok", "")]

    @pytest.mark.parametrize(("value", "code"), [("1301", ""), ("1302", "register.above_limit")])
    def test_the_connection_passes_a_days_maximum_and_one_step_of_the_register(self, value, code):
        assert outcome(reads("100", value), register(daily_maximum=Decimal(40)))[0][2] == code

    @pytest.mark.parametrize(("value", "code"), [("99999", ""), ("100000", "register.dials")])
    def test_a_read_has_no_more_digits_than_the_register(self, value, code):
        assert outcome(reads("99990", value))[0][2] == code

    @pytest.mark.parametrize(
        ("changes", "step"), [({"resolution": Decimal("0.001")}, "0.040"), ({}, "4.0")], ids=["declared", "as read"]
    )
    def test_the_resolution_is_one_step_multiplied(self, changes, step):
        made = advances(reads("100", "130.1"), [register(multiplier=Decimal(40), **changes)])
        assert str(made[0].resolution) == step

    @pytest.mark.parametrize("quality", ["estimated", "substituted", "final_substituted"])
    def test_an_estimated_read_makes_an_estimated_advance(self, quality):
        series = reads("100", "130")
        series[1] = series[1]._replace(quality=quality)
        assert advances(series, [register()])[0].estimated


class TestFall:
    def test_golden_rollover_of_five_dials(self):
        # Catalogue vector 10.7.
        facts = register(multiplier=Decimal(40), daily_maximum=Decimal(500))
        assert outcome(reads("99987", "00041"), facts) == [("2160", "rollover", "")]

    def test_golden_rollover_of_a_binary_counter(self):
        # Catalogue vector 10.7: 23 bits at 0.1 Wh wrap at 838,860.8 Wh.
        assert outcome(reads("838857.6", "12.5"), register(modulus=Decimal("838860.8"))) == [("15.7", "rollover", "")]

    def test_golden_decrease_far_from_the_capacity_blocks(self):
        # Catalogue vector 10.7: modulo would give 99,998.
        assert outcome(reads("45120", "45118")) == [("0", "blocked", "register.decrease")]

    def test_golden_dip_to_zero_is_dropped_and_its_recovery_not_booked(self):
        # Catalogue vector 10.7, a real case.
        assert outcome(reads("13423.7", "0", "13423.9")) == [("0.2", "dip_dropped", "")]

    def test_the_period_of_a_dropped_read_is_that_of_its_neighbours(self):
        made = advances(reads("13423.7", "0", "13423.9"), [register()])[0]
        assert (made.period_from, made.period_to) == (at(0), at(60))

    def test_several_zeros_are_one_dip(self):
        assert outcome(reads("100", "0", "0", "0", "101", "102")) == [("1", "dip_dropped", ""), ("1", "ok", "")]

    @pytest.mark.parametrize("low", ["96", "0.1"])
    def test_a_fall_to_anything_but_zero_is_no_dip(self, low):
        # misread, 6 were used; begun again from zero, 150: nobody can tell
        assert outcome(reads("144", low, "150")) == [("0", "blocked", "register.decrease"), ("0", "blocked", "register.recovery")]

    def test_a_dip_that_does_not_recover_blocks(self):
        assert outcome(reads("100", "0", "99"))[0] == ("0", "blocked", "register.decrease")

    def test_a_dip_near_the_capacity_is_no_rollover(self):
        assert outcome(reads("99987", "0", "99988")) == [("1", "dip_dropped", "")]

    def test_a_recovery_beyond_the_possible_blocks(self):
        facts = register(daily_maximum=Decimal(1))
        assert outcome(reads("100", "0", "900"), facts) == [("0", "blocked", "register.above_limit")]

    @pytest.mark.parametrize(("value", "status"), [("80000", "blocked"), ("80001", "rollover")])
    def test_a_rollover_starts_above_four_fifths_of_the_capacity(self, value, status):
        assert outcome(reads(value, "00041"))[0][1] == status

    @pytest.mark.parametrize(("daily", "status"), [("72", "rollover"), ("71.9", "rollover"), ("70.6", "blocked")])
    def test_a_rollover_is_plausible_for_the_connection(self, daily, status):
        # 2,160 kWh less one step of 40 in 30 days are 70.67 a day.
        facts = register(multiplier=Decimal(40), daily_maximum=Decimal(daily))
        assert outcome(reads("99987", "00041"), facts)[0][1] == status

    @pytest.mark.parametrize(("value", "status"), [("49998", "rollover"), ("49999", "blocked")])
    def test_a_rollover_of_half_the_register_is_not_believed_unless_the_limit_is_known(self, value, status):
        assert outcome(reads("99999", value))[0][1] == status

    def test_without_a_known_capacity_a_fall_blocks(self):
        assert outcome(reads("99987", "00041"), register(modulus=None))[0][2] == "register.decrease"


class TestReset:
    LIMITED = register(daily_maximum=Decimal(40))

    @pytest.mark.parametrize(("value", "code"), [("1200", "register.reset"), ("1201", "register.decrease")])
    def test_a_reset_shows_no_more_than_can_have_been_used_since(self, value, code):
        # 30 days of 40 are 1,200.
        assert outcome(reads("45120", value, "1300"), self.LIMITED)[0] == ("0", "blocked", code)

    def test_what_is_counted_from_a_reset_on_counts(self):
        assert outcome(reads("45120", "3", "350", "700"), self.LIMITED)[1:] == [("347", "ok", ""), ("350", "ok", "")]

    def test_without_a_later_read_nobody_can_tell_a_reset_from_a_dip(self):
        assert outcome(reads("45120", "3"), self.LIMITED) == [("0", "blocked", "register.decrease")]

    def test_without_a_known_limit_nobody_can_tell_a_reset(self):
        assert outcome(reads("45120", "3", "350"))[0][2] == "register.decrease"

    @pytest.mark.parametrize(("value", "code"), [("1100", "register.reset"), ("1101", "register.decrease")])
    def test_a_reset_falls_by_more_than_half(self, value, code):
        assert outcome(reads("2201", value, "1150"), self.LIMITED)[0][2] == code


class TestRecovery:
    """A dip that recovers is never booked as use, whatever shape it has."""

    def test_a_recovery_that_stays_a_little_below_is_not_booked(self):
        assert outcome(reads("13423.7", "0", "13423.2")) == [
            ("0", "blocked", "register.decrease"),
            ("0", "blocked", "register.recovery"),
        ]

    def test_a_recovery_after_several_low_reads_is_not_booked(self):
        made = outcome(reads("13423.7", "0", "0.1", "13423.9", "13424.0"))
        assert [code for _, _, code in made] == ["register.decrease", "", "register.recovery", ""]
        assert sum(Decimal(advance) for advance, _, _ in made) == Decimal("0.2")

    @pytest.mark.parametrize(("value", "code"), [("50", ""), ("51", "register.recovery")])
    def test_a_rise_by_more_than_half_of_the_fall_may_be_its_recovery(self, value, code):
        assert outcome(reads("100", "0", value))[1][2] == code

    def test_once_the_old_level_is_reached_the_matter_is_closed(self):
        made = outcome(reads("1000", "0", "300", "600", "900", "1100", "1900"))
        assert [code for _, _, code in made] == ["register.decrease", "", "", "", "", ""]
        assert made[-1][0] == "800"

    def test_a_dip_at_the_border_of_two_bills_counts_in_the_second(self):
        made = advances(reads("13423.7", "0", "13423.9"), [register()])
        assert [(a.period_from, a.period_to, str(a.advance)) for a in made] == [(at(0), at(60), "0.2")]

    def test_a_rollover_leaves_no_level_behind(self):
        assert outcome(reads("99000", "00041", "30000"))[1] == ("29959", "ok", "")


class TestPeak:
    def test_a_misread_peak_is_booked_neither_up_nor_down(self):
        assert outcome(reads("100", "40000", "130", "160")) == [
            ("0", "blocked", "register.peak"),
            ("0", "blocked", "register.decrease"),
            ("30", "ok", ""),
        ]

    def test_a_peak_that_nobody_believes_does_not_roll_over(self):
        codes = [code for _, _, code in outcome(reads("100", "99999", "130"))]
        assert codes == ["register.above_limit", "register.decrease"]

    @pytest.mark.parametrize(("after", "code"), [("115", ""), ("114", "register.peak")])
    def test_a_fall_that_takes_back_more_than_half_of_a_rise_doubts_it(self, after, code):
        assert outcome(reads("100", "130", after))[0][2] == code

    def test_what_was_used_before_a_reset_is_use(self):
        assert outcome(reads("45100", "45120", "3", "350"), register(daily_maximum=Decimal(40)))[0] == ("20", "ok", "")

    @pytest.mark.parametrize(("value", "code"), [("50099", ""), ("50100", "register.above_limit")])
    def test_a_rise_of_half_the_register_is_not_believed_unless_the_limit_is_known(self, value, code):
        assert outcome(reads("100", value))[0][2] == code
        assert outcome(reads("100", value), register(daily_maximum=Decimal(2000)))[0][2] == ""


class TestExchange:
    # Catalogue vector 10.8: old 1000.0 -> 1030.0, new 0.0 -> 41.5.
    @staticmethod
    def exchanged(old=1, new=1):
        facts = [
            register(valid_to=at(30), multiplier=Decimal(old)),
            register(meter_id="M2", valid_from=at(30), multiplier=Decimal(new)),
        ]
        return reads("1000.0", "1030.0"), reads("0.0", "41.5", meter="M2", first=30), facts

    @pytest.mark.parametrize(("old", "new", "expected"), [(1, 1, "71.5"), (20, 40, "2260.0")])
    def test_golden_each_meter_by_its_own_multiplier(self, old, new, expected):
        before, after, facts = self.exchanged(old, new)
        made = advances([*before, *after], facts)
        assert {a.status for a in made} == {AdvanceStatus.OK}
        assert sum(a.advance for a in made) == Decimal(expected)

    def test_without_a_closing_read_the_exchange_blocks(self):
        before, after, facts = self.exchanged()
        early = [before[0], before[1]._replace(read_at=at(20))]
        made = advances([*early, *after], facts)
        assert [(a.code, a.period_from, a.period_to) for a in made if a.code] == [("register.exchange", at(20), at(30))]

    def test_without_supply_between_removal_and_installation_nothing_is_missing(self):
        before, after, _ = self.exchanged()
        facts = [register(valid_to=at(30)), register(meter_id="M2", valid_from=at(31))]
        late = [after[0]._replace(read_at=at(31)), after[1]]
        assert [a.code for a in advances([*before, *late], facts)] == ["", ""]

    def test_two_exchanges_are_three_meters_one_after_another(self):
        facts = [
            register(valid_to=at(30)),
            register(meter_id="M2", valid_from=at(30), valid_to=at(60), multiplier=Decimal(20)),
            register(meter_id="M3", valid_from=at(60), multiplier=Decimal(40)),
        ]
        series = [*reads("1000", "1030"), *reads("7", "9", meter="M2", first=30), *reads("0", "1", meter="M3", first=60)]
        made = advances(series, facts)
        assert [(a.meter_id, a.advance, a.code) for a in made] == [("M1", 30, ""), ("M2", 40, ""), ("M3", 40, "")]

    def test_a_meter_that_comes_back_counts_only_while_it_is_there(self):
        facts = [
            register(valid_to=at(30)),
            register(meter_id="M2", valid_from=at(30), valid_to=at(60)),
            register(valid_from=at(60)),
        ]
        series = [*reads("1000", "1030"), *reads("0", "41", meter="M2", first=30), *reads("1030", "1050", first=60)]
        made = advances(series, facts)
        assert [(a.meter_id, a.period_from, a.advance, a.code) for a in made] == [
            ("M1", at(0), 30, ""), ("M2", at(30), 41, ""), ("M1", at(60), 20, ""),
        ]  # fmt: skip

    def test_an_index_that_falls_at_an_exchange_is_no_rollover(self):
        facts = [register(valid_to=at(30)), register(meter_id="M2", valid_from=at(30))]
        made = advances([*reads("99000", "99990"), *reads("0", "10", meter="M2", first=30)], facts)
        assert [(a.advance, a.status.value) for a in made] == [(990, "ok"), (10, "ok")]

    def test_a_read_outside_the_installation_blocks(self):
        before, _, facts = self.exchanged()
        late = before[1]._replace(read_at=at(31))
        assert [a.code for a in advances([before[0], late], facts)] == ["register.unknown"]

    def test_a_multiplier_that_changes_between_reads_blocks(self):
        facts = [register(valid_to=at(15)), register(valid_from=at(15), multiplier=Decimal(2))]
        assert [a.code for a in advances(reads("100", "130"), facts)] == ["register.unknown"]

    def test_a_multiplier_that_changes_at_a_read_does_not(self):
        facts = [register(valid_to=at(30)), register(valid_from=at(30), multiplier=Decimal(2))]
        assert [a.advance for a in advances(reads("100", "130", "140"), facts)] == [30, 20]


class TestOneInstant:
    def test_exact_copies_count_once(self):
        assert outcome(reads("100", "130") + reads("100", "130")) == [("30", "ok", "")]

    def test_different_reads_of_one_instant_block_the_time_on_either_side(self):
        series = [*reads("100", "130", "160"), IndexRead("M1", at(30), Decimal(131))]
        assert outcome(series) == [("0", "blocked", "register.conflict")] * 2

    def test_a_conflict_is_not_taken_for_a_dip(self):
        series = [*reads("100", "50", "160"), IndexRead("M1", at(30), Decimal(131))]
        assert outcome(series) == [("0", "blocked", "register.conflict")] * 2

    def test_a_measured_read_outranks_an_estimated_one(self):
        series = [*reads("100", "130"), IndexRead("M1", at(30), Decimal(120), "estimated")]
        made = advances(series, [register()])
        assert [(a.advance, a.estimated) for a in made] == [(30, False)]


@given(st.lists(st.integers(0, 9999), min_size=1, max_size=12), st.integers(0, 99999))
def test_a_register_that_only_rises_and_wraps_counts_what_was_used(used, start):
    # Steps below a fifth of the capacity can only wrap from above four fifths of it.
    total, series = start, [IndexRead("M1", at(0), Decimal(start))]
    for i, energy in enumerate(used, start=1):
        total += energy
        series.append(IndexRead("M1", at(i), Decimal(total % 10**5)))
    made = advances(series, [register()])
    assert [a.period_from for a in made[1:]] == [a.period_to for a in made[:-1]]
    assert sum(a.advance for a in made) == sum(used)


@given(st.lists(st.integers(0, 99999), max_size=12))
def test_whatever_the_reads_their_periods_follow_each_other(values):
    made = advances(reads(*map(str, values)), [register()])
    assert [a.period_from for a in made[1:]] == [a.period_to for a in made[:-1]]
    assert all(a.advance >= 0 for a in made)
