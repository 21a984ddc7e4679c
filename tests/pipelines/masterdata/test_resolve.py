from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.masterdata.resolve import ACTIVE_AGREEMENTS, REGISTER_MAP, agreements_active, installations, register_map
from schemas.errors import SchemaMismatchError
from schemas.periods import billing_period


def day(number):
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=number)


def channels(*rows):
    """Delivered channels: ("S1", "M1", "E1"), of a NEM12 file unless a fourth word says otherwise."""
    names = ("service_point_id", "meter_id", "channel", "source_format")
    return pa.Table.from_pylist([dict(zip(names, (*row, "nem12")[:4], strict=True)) for row in rows])


def asked(meters, registers, delivered, until=31):
    return register_map(meters, registers, delivered, starts_at=day(0), ends_at=day(until)).to_pylist()


def pieces(rows):
    return [((row["valid_from"] - day(0)).days, (row["valid_to"] - day(0)).days, row["determinant"]) for row in rows]


@pytest.fixture
def m1(stored):
    return stored("meters", {})


class TestRegisterMap:
    def test_a_described_channel_is_what_its_register_says(self, stored, m1):
        register = {"channel": "K1", "determinant": "kvarh", "multiplier": Decimal(20), "intervals": "secondary", "dials": 6}
        (row,) = asked(m1, stored("registers", register), channels(("S1", "M1", "K1")))
        assert row == {
            "service_point_id": "S1", "meter_id": "M1", "channel": "K1", "role": "main", "direction": "import",
            "quantity": "active_energy", "unit": "kWh", "determinant": "kvarh", "rate_band": None, "multiplier": Decimal(20),
            "dials": 6, "decimals": None, "intervals": "secondary", "valid_from": day(0), "valid_to": day(31), "mapped": True,
        }  # fmt: skip

    def test_a_register_that_is_not_billed_is_mapped_all_the_same(self, stored, m1):
        (row,) = asked(m1, stored("registers", {"determinant": None}), channels(("S1", "M1", "E1")))
        assert (row["mapped"], row["determinant"]) == (True, None)

    def test_a_channel_nobody_mapped_is_not_guessed(self, stored, m1):
        (row,) = asked(m1, stored("registers", {}), channels(("S1", "M1", "B1")))
        assert (row["mapped"], row["role"], row["determinant"]) == (False, None, None)

    def test_a_new_row_counts_from_its_first_instant(self, stored, m1):
        old, new = {"valid_to": day(10)}, {"valid_from": day(10), "determinant": "controlled_load_kwh"}
        rows = asked(m1, stored("registers", old, new), channels(("S1", "M1", "E1")))
        assert pieces(rows) == [(0, 10, "import_kwh"), (10, 31, "controlled_load_kwh")]

    def test_time_without_a_register_is_not_mapped(self, stored, m1):
        rows = asked(m1, stored("registers", {"valid_from": day(5), "valid_to": day(10)}), channels(("S1", "M1", "E1")))
        assert pieces(rows) == [(0, 5, None), (5, 10, "import_kwh"), (10, 31, None)]

    @pytest.mark.parametrize("change", [{"valid_to": day(0)}, {"valid_from": day(31)}])
    def test_a_register_that_only_touches_the_time_says_nothing(self, stored, m1, change):
        assert pieces(asked(m1, stored("registers", change), channels(("S1", "M1", "E1")))) == [(0, 31, None)]

    def test_a_channel_asked_for_twice_is_answered_once(self, stored, m1):
        assert len(asked(m1, stored("registers", {}), channels(("S1", "M1", "E1"), ("S1", "M1", "E1", "p1")))) == 1

    def test_rows_come_sorted_by_key_and_as_declared(self, stored, m1):
        delivered = channels(("S2", "M2", "E1"), ("S1", "M1", "E1"), ("S1", "M1", "B1"))
        found = register_map(m1, stored("registers", {"valid_from": day(5)}), delivered, starts_at=day(0), ends_at=day(31))
        assert found.schema == REGISTER_MAP.schema
        assert found == found.sort_by([(name, "ascending") for name in REGISTER_MAP.key])

    def test_no_channel_has_no_row(self, stored, m1):
        assert asked(m1, stored("registers", {}), channels(("S1", "M1", "E1")).slice(1)) == []


class TestNem12Defaults:
    @pytest.mark.parametrize(
        ("channel", "determinant", "direction"), [("E1", "import_kwh", "import"), ("B1", "export_kwh", "export")]
    )
    def test_a_meter_without_registers_has_its_usual_suffixes(self, stored, m1, channel, determinant, direction):
        (row,) = asked(m1, stored("registers"), channels(("S1", "M1", channel)))
        assert (row["determinant"], row["direction"], row["role"], row["multiplier"], row["intervals"]) == (
            determinant, direction, "main", Decimal(1), "primary",
        )  # fmt: skip

    @pytest.mark.parametrize("channel", ["E2", "B2", "K1", "Q1", "e1", "11"])
    def test_another_suffix_stays_unmapped(self, stored, m1, channel):
        assert [row["mapped"] for row in asked(m1, stored("registers"), channels(("S1", "M1", channel)))] == [False]

    def test_any_register_of_the_meter_ends_the_defaults(self, stored, m1):
        ended = stored("registers", {"channel": "K1", "valid_to": datetime(2021, 1, 1, tzinfo=UTC)})
        assert [row["mapped"] for row in asked(m1, ended, channels(("S1", "M1", "E1")))] == [False]

    def test_registers_of_another_meter_do_not(self, stored, m1):
        assert [row["mapped"] for row in asked(m1, stored("registers", {"meter_id": "M2"}), channels(("S1", "M1", "E1")))] == [
            True
        ]

    def test_another_format_has_no_defaults(self, stored, m1):
        assert [row["mapped"] for row in asked(m1, stored("registers"), channels(("S1", "M1", "E1", "espi")))] == [False]

    def test_a_meter_without_a_name_has_them_too(self, stored, m1):
        assert [row["mapped"] for row in asked(m1, stored("registers"), channels(("S1", "", "E1")))] == [True]


class TestSourcesWithoutMeter:
    def test_the_installed_meter_is_meant(self, stored, m1):
        assert pieces(asked(m1, stored("registers", {}), channels(("S1", "", "E1")))) == [(0, 31, "import_kwh")]

    def test_an_exchange_changes_which(self, stored):
        meters = stored("meters", {"installed_to": day(10)}, {"meter_id": "M2", "installed_from": day(12)})
        registers = stored("registers", {}, {"meter_id": "M2", "determinant": "controlled_load_kwh"})
        rows = asked(meters, registers, channels(("S1", "", "E1")))
        assert pieces(rows) == [(0, 10, "import_kwh"), (10, 12, None), (12, 31, "controlled_load_kwh")]

    def test_of_two_the_one_that_has_the_channel(self, stored):
        meters = stored("meters", {}, {"meter_id": "M2"})
        registers = stored("registers", {}, {"meter_id": "M2", "channel": "E2"})
        assert pieces(asked(meters, registers, channels(("S1", "", "E1")))) == [(0, 31, "import_kwh")]

    def test_of_two_that_have_it_neither_is_guessed(self, stored):
        meters = stored("meters", {"installed_to": day(10)}, {"meter_id": "M2", "installed_from": day(8)})
        registers = stored("registers", {}, {"meter_id": "M2"})
        rows = asked(meters, registers, channels(("S1", "", "E1")))
        assert pieces(rows) == [(0, 8, "import_kwh"), (8, 10, None), (10, 31, "import_kwh")]

    def test_a_meter_at_another_service_point_is_not_meant(self, stored, m1):
        assert [row["mapped"] for row in asked(m1, stored("registers", {}), channels(("S2", "", "E1", "espi")))] == [False]


SPANS = st.lists(st.tuples(st.integers(-2, 12), st.none() | st.integers(-1, 14)), max_size=5)


class TestRegisterMapProperties:
    @settings(max_examples=50, deadline=None)
    @given(SPANS)
    def test_the_rows_of_a_channel_tile_the_asked_time(self, stored, spans):
        meters = stored(
            "meters",
            *({"meter_id": f"M{n}", "installed_from": day(a), "installed_to": b and day(b)} for n, (a, b) in enumerate(spans)),
        )
        registers = stored("registers", *({"meter_id": f"M{n}"} for n in range(len(spans))))
        rows = asked(meters, registers, channels(("S1", "", "E1", "espi")), until=10)
        edges = [(row["valid_from"], row["valid_to"]) for row in rows]
        assert (edges[0][0], edges[-1][1]) == (day(0), day(10))
        assert all(before[1] == after[0] for before, after in pairwise(edges))

    @settings(max_examples=50, deadline=None)
    @given(SPANS, st.integers(0, 9))
    def test_a_day_is_mapped_where_exactly_one_register_is_in_force(self, stored, spans, number):
        meters = stored(
            "meters",
            *({"meter_id": f"M{n}", "installed_from": day(a), "installed_to": b and day(b)} for n, (a, b) in enumerate(spans)),
        )
        registers = stored("registers", *({"meter_id": f"M{n}"} for n in range(len(spans))))
        rows = asked(meters, registers, channels(("S1", "", "E1", "espi")), until=10)
        (mapped,) = (row["mapped"] for row in rows if row["valid_from"] <= day(number) < row["valid_to"])
        assert mapped == (sum(a <= number < (99 if b is None else b) for a, b in spans) == 1)


class TestInstallations:
    def test_only_those_of_the_asked_service_points(self, stored):
        meters = stored("meters", {"service_point_id": "S2"}, {"meter_id": "M2", "service_point_id": "S3"})
        assert installations(meters, ["S1", "S3"])["meter_id"].to_pylist() == ["M2"]

    def test_they_come_in_the_order_of_time(self, stored):
        meters = stored(
            "meters", {"installed_from": day(10)}, {"meter_id": "M2", "installed_from": day(0), "installed_to": day(10)}
        )
        assert installations(meters, pa.array(["S1"])).to_pylist() == [
            {"service_point_id": "S1", "meter_id": "M2", "installed_from": day(0), "installed_to": day(10)},
            {"service_point_id": "S1", "meter_id": "M1", "installed_from": day(10), "installed_to": None},
        ]

    def test_nobody_asked_for_has_none(self, stored):
        assert installations(stored("meters", {}), []).num_rows == 0


class TestAgreementsActive:
    OCTOBER = (date(2026, 10, 1), date(2026, 11, 1))

    def active(self, stored, *rows, accounts=({},), **options):
        return agreements_active(stored("agreements", *rows), stored("accounts", *accounts), *self.OCTOBER, **options).to_pylist()

    def test_the_period_is_local_in_the_billing_clock(self, stored):
        (row,) = self.active(stored, {"billing_clock": "Europe/Prague"})
        assert (row["starts_at"], row["ends_at"]) == (
            datetime(2026, 9, 30, 22, tzinfo=UTC),
            datetime(2026, 10, 31, 23, tzinfo=UTC),
        )

    def test_each_agreement_has_its_own_clock(self, stored):
        rows = self.active(stored, {}, {"agreement_id": "A2", "billing_clock": "+10:00"})
        assert [row["starts_at"].hour for row in rows] == [22, 14]

    def test_it_is_clipped_to_the_agreement(self, stored):
        (row,) = self.active(
            stored, {"valid_from": datetime(2026, 10, 4, 22, tzinfo=UTC), "valid_to": datetime(2026, 10, 19, 22, tzinfo=UTC)}
        )
        assert (row["period_from"], row["period_to"]) == (date(2026, 10, 5), date(2026, 10, 20))

    @pytest.mark.parametrize(
        ("change", "active"),
        [
            pytest.param({"valid_to": datetime(2026, 9, 30, 22, tzinfo=UTC)}, False, id="it ended when the month began"),
            pytest.param({"valid_to": datetime(2026, 9, 30, 22, 1, tzinfo=UTC)}, True, id="a minute into the month"),
            pytest.param({"valid_from": datetime(2026, 10, 31, 23, tzinfo=UTC)}, False, id="it begins when the month ends"),
            pytest.param({"valid_from": datetime(2026, 10, 31, 22, 59, tzinfo=UTC)}, True, id="a minute before the month ends"),
        ],
    )
    def test_only_those_of_the_time(self, stored, change, active):
        assert len(self.active(stored, change)) == active

    def test_two_versions_of_one_have_two_periods(self, stored):
        change = datetime(2026, 10, 14, 22, tzinfo=UTC)
        rows = self.active(stored, {"valid_to": change}, {"valid_from": change, "tariff_id": "green"})
        assert [(row["tariff_id"], row["period_from"].day, row["period_to"].day) for row in rows] == [
            ("flat", 1, 15),
            ("green", 15, 1),
        ]

    def test_the_account_that_pays_comes_with_it(self, stored):
        (row,) = self.active(stored, {}, accounts=[{"currency": "EUR", "cycle": "7", "export_tax": True}])
        assert (row["customer_id"], row["currency"], row["cycle"], row["export_tax"]) == ("P1", "EUR", "7", True)

    @pytest.mark.parametrize(("cycle", "found"), [(None, 2), ("7", 1), ("8", 0)])
    def test_a_cycle_bills_its_own_accounts(self, stored, cycle, found):
        accounts = [{"cycle": "7"}, {"account_id": "C2"}]
        assert len(self.active(stored, {}, {"agreement_id": "A2", "account_id": "C2"}, accounts=accounts, cycle=cycle)) == found

    def test_an_agreement_of_nobody_is_not_dropped_in_silence(self, stored):
        with pytest.raises(SchemaMismatchError, match="customer_id: 1 null"):
            self.active(stored, {"account_id": "C9"})

    def test_without_agreements_there_is_none(self, stored):
        assert agreements_active(stored("agreements"), stored("accounts"), *self.OCTOBER) == ACTIVE_AGREEMENTS.empty()

    @settings(max_examples=40, deadline=None)
    @given(
        st.lists(
            st.tuples(st.sampled_from(["Europe/Prague", "America/Santiago", "+10:00"]), st.integers(-40, 40), st.integers(1, 60)),
            min_size=1, max_size=6,
        )
    )  # fmt: skip
    def test_each_period_is_the_one_computed_alone(self, stored, spans):
        begin = datetime(2026, 10, 1, 3, tzinfo=UTC)
        rows = [
            {
                "agreement_id": f"A{n}",
                "billing_clock": clock,
                "valid_from": begin + timedelta(days=a),
                "valid_to": begin + timedelta(days=a + length),
            }
            for n, (clock, a, length) in enumerate(spans)
        ]
        alone = [billing_period("2026-10", row["billing_clock"], row["valid_from"], row["valid_to"]) for row in rows]
        names = ("period_from", "period_to", "starts_at", "ends_at")
        assert [tuple(row[name] for name in names) for row in self.active(stored, *rows)] == [
            period for period in alone if period
        ]
