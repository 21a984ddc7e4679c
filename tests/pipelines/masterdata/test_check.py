from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.masterdata.check import check, require_possible
from pipelines.masterdata.read import STORED
from schemas.errors import MasterDataError


def day(number):
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


ENDED, GOES_ON = {"valid_from": day(0), "valid_to": day(10)}, {"valid_from": day(10)}


class TestCheck:
    def test_usual_master_data_are_possible(self, everything):
        assert check(everything()) == []

    def test_tables_without_rows_are_possible(self, everything):
        assert check(everything(**{name: [] for name in STORED})) == []

    def test_a_tariff_nobody_loaded_is_possible(self, everything):
        assert check(everything(agreements=[{"tariff_id": "not loaded"}])) == []


class TestAgreements:
    def test_one_may_follow_another(self, everything):
        assert check(everything(agreements=[ENDED, {"agreement_id": "A2"} | GOES_ON])) == []

    def test_one_may_not_begin_before_the_other_ends(self, everything):
        late = {"agreement_id": "A2", "valid_from": day(10) - timedelta(microseconds=1)}
        (problem,) = check(everything(agreements=[ENDED, late]))
        assert "overlaps agreements A1 from 2026-01-01T00:00Z (service_point_id S1, role supply)" in problem.what

    def test_two_without_end_overlap(self, everything):
        assert len(check(everything(agreements=[{}, {"agreement_id": "A2"} | GOES_ON]))) == 1

    def test_two_rows_of_one_agreement_overlap_too(self, everything):
        assert len(check(everything(agreements=[{}, GOES_ON]))) == 1

    def test_supply_and_feed_in_stand_beside_each_other(self, everything):
        assert check(everything(agreements=[{}, {"agreement_id": "A2", "role": "feed_in"}])) == []

    def test_two_service_points_have_nothing_to_do_with_each_other(self, everything):
        points = [{}, {"service_point_id": "S2"}]
        assert check(everything(service_points=points, agreements=[{}, {"agreement_id": "A2", "service_point_id": "S2"}])) == []

    def test_a_long_one_overlaps_every_later_one(self, everything):
        rows = [{}, {"agreement_id": "A2"} | ENDED, {"agreement_id": "A3"} | GOES_ON]
        assert [problem.where.split()[1] for problem in check(everything(agreements=rows))] == ["A2", "A3"]


class TestWhatAgreementsSay:
    def test_a_fact_may_change(self, everything):
        assert check(everything(agreement_facts=[ENDED, {"value": Decimal(60)} | GOES_ON])) == []

    def test_a_fact_has_one_value_at_a_time(self, everything):
        (problem,) = check(everything(agreement_facts=[{}, {"value": Decimal(60)} | GOES_ON]))
        assert "the fact has two values at that time" in problem.what

    def test_two_facts_have_nothing_to_do_with_each_other(self, everything):
        assert check(everything(agreement_facts=[{}, {"fact": "contracted_kw.p2"}])) == []

    def test_an_option_stands_there_once_at_a_time(self, everything):
        assert check(everything(agreement_options=[ENDED, GOES_ON])) == []
        assert len(check(everything(agreement_options=[{}, GOES_ON]))) == 1

    @pytest.mark.parametrize("table", ["agreement_facts", "agreement_options", "opening_state"])
    def test_they_are_of_an_agreement_that_exists(self, everything, table):
        (problem,) = check(everything(**{table: [{"agreement_id": "A9"}]}))
        assert problem.what == "agreement_id A9 is not in agreements"

    @pytest.mark.parametrize("table", ["agreement_facts", "agreement_options"])
    def test_they_end_after_they_begin(self, everything, table):
        (problem,) = check(everything(**{table: [{"valid_from": day(1), "valid_to": day(1)}]}))
        assert problem.what == "valid_to is not after valid_from"


class TestMeters:
    def test_a_meter_may_move(self, everything):
        points = [{}, {"service_point_id": "S2"}]
        meters = [{"installed_to": day(0)}, {"service_point_id": "S2", "installed_from": day(0)}]
        assert check(everything(service_points=points, meters=meters)) == []

    def test_a_meter_is_not_at_two_service_points_at_once(self, everything):
        points = [{}, {"service_point_id": "S2"}]
        meters = [{"installed_to": day(1)}, {"service_point_id": "S2", "installed_from": day(0)}]
        assert len(check(everything(service_points=points, meters=meters))) == 1

    def test_a_meter_is_not_installed_twice_at_one(self, everything):
        assert len(check(everything(meters=[{}, {"installed_from": day(0)}]))) == 1

    def test_two_meters_may_be_at_one_service_point(self, everything):
        assert check(everything(meters=[{}, {"meter_id": "M2"}])) == []


class TestRegisters:
    def test_one_row_may_follow_another(self, everything):
        assert check(everything(registers=[ENDED, GOES_ON])) == []

    def test_a_channel_has_one_row_at_a_time(self, everything):
        assert len(check(everything(registers=[ENDED, {"valid_from": day(9)}]))) == 1

    def test_two_channels_stand_beside_each_other(self, everything):
        assert check(everything(registers=[{}, {"channel": "E2"}])) == []


class TestCountedTwice:
    def test_a_total_and_its_rate_register_are_refused(self, everything):
        (problem,) = check(everything(registers=[{}, {"channel": "E2", "role": "rate"}]))
        assert problem.what == "import_kwh would be counted twice: by this rate register and by the main register E1"

    def test_a_check_register_that_is_billed_is_refused(self, everything):
        assert len(check(everything(registers=[{}, {"channel": "E2", "role": "check"}]))) == 1

    def test_each_rate_register_is_told(self, everything):
        rates = [{"channel": channel, "role": "rate"} for channel in ("E2", "E3")]
        assert len(check(everything(registers=[{}, *rates]))) == 2

    @pytest.mark.parametrize(
        "change",
        [
            pytest.param({"determinant": None}, id="it is not billed"),
            pytest.param({"determinant": "kvarh"}, id="it feeds another determinant"),
            pytest.param({"direction": "export"}, id="it measures the other direction"),
            pytest.param({"role": "controlled_load"}, id="it measures another load"),
            pytest.param({"role": "main"}, id="it is another phase"),
            pytest.param({"valid_from": day(10)}, id="it begins when the total ends"),
            pytest.param({"meter_id": "M2"}, id="it is on another meter"),
        ],
    )
    def test_a_register_beside_a_total_is_possible_where(self, everything, change):
        rate = {"channel": "E2", "role": "rate"} | change
        assert check(everything(meters=[{}, {"meter_id": "M2"}], registers=[ENDED, rate])) == []

    def test_rate_registers_alone_are_possible(self, everything):
        assert check(everything(registers=[{"role": "rate"}, {"role": "rate", "channel": "E2"}])) == []

    def test_a_rate_register_one_instant_too_early_is_refused(self, everything):
        rate = {"channel": "E2", "role": "rate", "valid_from": day(10) - timedelta(microseconds=1)}
        assert len(check(everything(registers=[ENDED, rate]))) == 1


class TestReferences:
    @pytest.mark.parametrize(
        ("table", "change", "told"),
        [
            ("meters", {"service_point_id": "S9"}, "service_point_id S9 is not in service_points"),
            ("registers", {"meter_id": "M9"}, "meter_id M9 is not in meters"),
            ("agreements", {"service_point_id": "S9"}, "service_point_id S9 is not in service_points"),
            ("agreements", {"account_id": "C9"}, "account_id C9 is not in accounts"),
            ("accounts", {"customer_id": "P9"}, "customer_id P9 is not in customers"),
        ],
    )
    def test_a_row_nobody_knows_is_told(self, everything, table, change, told):
        assert [problem.what for problem in check(everything(**{table: [change]}))] == [told]

    def test_a_store_may_be_without_customers(self, everything):
        assert check(everything(customers=[])) == []


class TestPeriods:
    @pytest.mark.parametrize(
        ("table", "since", "until"),
        [
            ("service_points", "connected_from", "connected_to"),
            ("meters", "installed_from", "installed_to"),
            ("registers", "valid_from", "valid_to"),
            ("agreements", "valid_from", "valid_to"),
        ],
    )
    @pytest.mark.parametrize(
        ("length", "possible"), [(timedelta(microseconds=1), True), (timedelta(0), False), (timedelta(-1), False)]
    )
    def test_an_end_is_after_its_beginning(self, everything, table, since, until, length, possible):
        problems = check(everything(**{table: [{since: day(0), until: day(0) + length}]}))
        assert [problem.what for problem in problems] == ([] if possible else [f"{until} is not after {since}"])


class TestValues:
    @pytest.mark.parametrize(
        ("table", "column", "value", "possible"),
        [
            ("registers", "multiplier", Decimal("0.000000001"), True),
            ("registers", "multiplier", Decimal(0), False),
            ("registers", "multiplier", Decimal(-1), False),
            ("registers", "dials", 1, True),
            ("registers", "dials", 0, False),
            ("registers", "dials", 12, True),
            ("registers", "dials", 13, False),
            ("registers", "decimals", 0, True),
            ("registers", "decimals", -1, False),
            ("registers", "decimals", 9, True),
            ("registers", "decimals", 10, False),
            ("service_points", "fuse_kw", Decimal("0.1"), True),
            ("service_points", "fuse_kw", Decimal(0), False),
        ],
    )
    def test_a_value_is_inside_its_limits(self, everything, table, column, value, possible):
        problems = check(everything(**{table: [{column: value}]}))
        assert [problem.what.split(" is")[0] for problem in problems] == ([] if possible else [f"{column} {value}"])


class TestRequirePossible:
    def test_it_tells_every_reason_in_one_refusal(self, everything):
        with pytest.raises(MasterDataError) as refused:
            require_possible(
                everything(agreements=[{}, {"agreement_id": "A2"}], accounts=[{"customer_id": "P9"}], registers=[{"dials": 0}])
            )
        assert refused.value.code == "masterdata.impossible"
        assert all(word in refused.value.message for word in ("3 problems", "A2", "P9", "dials 0"))

    def test_it_says_nothing_about_possible_data(self, everything):
        require_possible(everything())


# Small times and few places, so that about every second draw overlaps somewhere.
SPANS = st.lists(
    st.tuples(
        st.sampled_from(["S1", "S2"]), st.sampled_from(["supply", "feed_in"]), st.integers(0, 6), st.none() | st.integers(1, 8)
    ),
    max_size=8,
)


class TestProperties:
    @settings(max_examples=40, deadline=None)
    @given(SPANS)
    def test_overlaps_are_those_a_comparison_of_all_pairs_finds(self, everything, spans):
        rows = [
            {
                "agreement_id": f"A{n}",
                "service_point_id": point,
                "role": role,
                "valid_from": day(since),
                "valid_to": until and day(until),
            }
            for n, (point, role, since, until) in enumerate(spans)
        ]
        problems = check(everything(service_points=[{}, {"service_point_id": "S2"}], agreements=rows))
        told = {problem.where.split()[1] for problem in problems if "overlaps" in problem.what}
        expected = set()
        groups = defaultdict(list)
        for n, (point, role, since, until) in enumerate(spans):
            if until is None or until > since:
                groups[point, role].append((since, n, until or 99))
        for group in groups.values():
            for since, n, until in group:
                earlier = [other for other in group if other[:2] < (since, n)]
                if any(since < other_until and other_since < until for other_since, _, other_until in earlier):
                    expected.add(f"A{n}")
        assert told == expected

    @settings(max_examples=40, deadline=None)
    @given(st.permutations(range(4)))
    def test_the_order_of_rows_does_not_matter(self, everything, order):
        rows = [{"agreement_id": f"A{n}", "valid_from": day(n)} for n in range(4)]
        assert check(everything(agreements=[rows[n] for n in order])) == check(everything(agreements=rows))
