"""The view ``register_advances`` says what the kernel says, whatever registers showed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.lakehouse.register_view import register_advances
from pipelines.masterdata.master import MasterData
from pipelines.vee.profile.book import ProfileBook
from pipelines.vee.profile.thresholds import VeeProfile
from pipelines.vee.register_spans import register_book
from schemas.master_data import ACCOUNTS, AGREEMENTS, METERS, REGISTERS, SERVICE_POINTS
from schemas.register_reads import REGISTER_READS

START = datetime(2026, 1, 1, tzinfo=UTC)
PROFILE = VeeProfile()
NONE = (None, None, None, None)


def at(day):
    return START + timedelta(days=day)


def service_point(fuse_kw):
    return {
        "service_point_id": "S", "zone": "+00:00", "standard_offset_minutes": 0, "commodity": "electricity",
        "billing_basis": "register", "fuse_kw": fuse_kw, "loaded_run_id": "R",
    }  # fmt: skip


def meter(meter_id, since, until):
    return {
        "meter_id": meter_id, "service_point_id": "S", "installed_from": since, "installed_to": until, "loaded_run_id": "R",
    }  # fmt: skip


def register(meter_id, since, until, facts):
    dials, wraps_at, decimals, multiplier = facts
    return {
        "meter_id": meter_id, "channel": "1", "role": "main", "direction": "import", "quantity": "active_energy", "unit": "kWh",
        "determinant": "import_kwh", "multiplier": multiplier or Decimal(1), "dials": dials, "wraps_at": wraps_at,
        "decimals": decimals, "intervals": "primary", "valid_from": since, "valid_to": until, "loaded_run_id": "R",
    }  # fmt: skip


def read(place, told):
    meter_id, day, value, quality, version = told
    return {
        "batch": "R", "bucket": 0, "service_point_id": "S", "meter_id": meter_id, "channel": "1", "quantity": "active_energy",
        "direction": "import", "unit": "kWh", "read_at": at(day), "value": Decimal(value), "quality": quality, "kind": "index",
        "version": version and at(version), "record": str(place), "file_id": "F",
    }  # fmt: skip


def ordered(rows):
    return sorted(rows, key=lambda row: (*row[:5], row[6]))


class Case:
    """Master data of one service point and reads of one register."""

    def __init__(self, reads, *, fuse_kw=None, facts=(NONE, NONE), exchange=None, changed=None, described=True, returns=None):
        spans = [("M1", at(-99), exchange and at(exchange))]
        spans += [("M2", at(exchange), returns and at(returns))] if exchange else []
        spans += [("M1", at(returns), None)] if exchange and returns else []
        registers = []
        for number, (meter_id, since, _) in enumerate(spans[:2]):
            own = facts[number]
            if changed and number == 0:
                registers.append(register(meter_id, at(-99), at(changed), own))
                registers.append(register(meter_id, at(changed), None, (*own[:3], Decimal(7))))
            else:
                registers.append(register(meter_id, since if number else at(-99), None, own))
        self.tables = {
            "service_points": pa.Table.from_pylist([service_point(fuse_kw)], schema=SERVICE_POINTS.schema),
            "meters": pa.Table.from_pylist([meter(*span) for span in spans], schema=METERS.schema),
            "registers": pa.Table.from_pylist(registers if described else [], schema=REGISTERS.schema),
        }
        self.reads = pa.Table.from_pylist([read(n, told) for n, told in enumerate(reads)], schema=REGISTER_READS.schema)

    def of_kernel(self):
        master = MasterData(**self.tables, agreements=AGREEMENTS.empty(), accounts=ACCOUNTS.empty())
        book = register_book(self.reads, master, ProfileBook(), "2026-01")
        return ordered(
            (
                a.period_from, a.period_to, a.meter_id, a.index_from, a.index_to, a.advance if not a.code else None,
                a.status.value if not a.code else a.code, a.estimated,
            )
            for found in book.advances.values() for a in found
        )  # fmt: skip

    def of_view(self):
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'; CREATE SCHEMA store")
            for name, rows in self.tables.items():
                connection.register(name, rows)
            connection.register("arrived", self.reads)
            connection.execute("CREATE VIEW store.register_reads AS SELECT * FROM arrived")
            query = register_advances(rollover_guard=PROFILE.rollover_guard, fuse_factor=PROFILE.fuse_factor)
            rows = connection.sql(query).to_arrow_table().to_pylist()
        return ordered(
            (
                row["read_from"], row["read_to"], row["meter_id"], row["index_from"], row["index_to"], row["advance"],
                row["code"] or row["verdict"], row["estimated"],
            )
            for row in rows
        )  # fmt: skip


def told(*values, meter_id="M1", first=0, every=30):
    return [(meter_id, first + every * n, value, "measured", None) for n, value in enumerate(values)]


FIVE = (5, None, 0, Decimal(40))
VALUES = st.sampled_from(
    ["0", "0", "0.1", "3", "41", "100", "130", "350", "45118", "45120", "79999", "80000", "80001", "99987", "100000"]
)
READS = st.lists(
    st.tuples(
        st.sampled_from(["M1", "M1", "M1", "M2", ""]), st.sampled_from([0, 10, 20, 30, 40, 60, 90]), VALUES,
        st.sampled_from(["measured", "measured", "estimated", "unverified"]), st.sampled_from([None, None, 200, 201]),
    ),
    max_size=9,
)  # fmt: skip
FACTS = st.tuples(
    st.sampled_from([None, 5]), st.sampled_from([None, Decimal("80000.5")]), st.sampled_from([None, 0, 1]),
    st.sampled_from([None, Decimal(40), Decimal("0.1")]),
)  # fmt: skip


def agree(case):
    assert case.of_view() == case.of_kernel()


@settings(max_examples=40)
@given(
    READS,
    st.sampled_from([None, Decimal("0.5"), Decimal(100)]),
    st.tuples(FACTS, FACTS),
    st.sampled_from([None, 20, 30]),
    st.sampled_from([None, 30]),
    st.booleans(),
    st.sampled_from([None, 60]),
)
def test_the_view_and_the_kernel_say_the_same(reads, fuse_kw, facts, exchange, changed, described, returns):
    agree(Case(reads, fuse_kw=fuse_kw, facts=facts, exchange=exchange, changed=changed, described=described, returns=returns))


@settings(max_examples=40)
@given(st.lists(VALUES, max_size=12), st.sampled_from([None, Decimal("0.5")]), FACTS)
def test_they_do_over_long_series_of_one_meter(values, fuse_kw, facts):
    agree(Case(told(*values), fuse_kw=fuse_kw, facts=(facts, NONE)))


EXAMPLES = {
    "a rollover": Case(told("99987", "00041"), fuse_kw=Decimal(100), facts=(FIVE, NONE)),
    "a recovery after several low reads": Case(told("13423.7", "0", "0.1", "13423.9", "13424")),
    "a dip of zeros": Case(told("100", "0", "0", "0", "101", "102"), facts=(FIVE, NONE)),
    "a dip after a dip": Case(told("100", "50", "120", "60", "130")),
    "a reset": Case(told("45120", "3", "350", "700"), fuse_kw=Decimal("0.5")),
    "a peak": Case(told("100", "40000", "130", "160"), facts=(FIVE, NONE)),
    "a peak that nobody believes": Case(told("100", "99999", "130"), facts=(FIVE, NONE)),
    "a level that is reached again": Case(told("1000", "0", "300", "600", "900", "1100", "1900")),
    "a meter that comes back": Case(
        told("1000", "1030") + told("0", "41", meter_id="M2", first=30) + told("1030", "1050", first=60),
        facts=(NONE, FIVE), exchange=30, returns=60,
    ),
    "an exchange without a closing read": Case(told("1000") + told("0", "41", meter_id="M2", first=30), exchange=30),
    "a multiplier that changes between reads": Case(told("100", "130"), changed=15),
    "two values of one instant": Case([*told("100", "130", "160"), ("M1", 30, "131", "measured", None)]),
    "a newer version": Case([*told("100", "130"), ("M1", 30, "131", "measured", 200)]),
    "an estimate and a reading": Case([*told("100", "130"), ("M1", 30, "120", "estimated", None)]),
}  # fmt: skip


@pytest.mark.parametrize("case", EXAMPLES.values(), ids=EXAMPLES)
def test_the_cases_of_the_kernel_are_those_of_the_view(case):
    assert case.of_view()
    agree(case)


class TestGolden:
    """Vectors 10.7 of the validation catalogue, as an analyst sees them."""

    @pytest.mark.parametrize(
        ("values", "facts", "expected"),
        [
            (("99987", "00041"), FIVE, [(2160, "rollover")]),
            (("838857.6", "12.5"), (None, Decimal("838860.8"), 1, None), [(Decimal("15.7"), "rollover")]),
            (("45120", "45118"), (5, None, 0, None), [(None, "register.decrease")]),
            (("13423.7", "0", "13423.9"), (5, None, 1, None), [(Decimal("0.2"), "dip_dropped")]),
        ],
        ids=["dials", "binary counter", "error", "dip"],
    )
    def test_a_fall_is_what_it_is(self, values, facts, expected):
        case = Case(told(*values), fuse_kw=Decimal(100), facts=(facts, NONE))
        assert [row[5:7] for row in case.of_view()] == expected

    @pytest.mark.parametrize(("old", "new", "total"), [(1, 1, "71.5"), (20, 40, "2260.0")])
    def test_an_exchange_counts_each_meter_by_its_own_multiplier(self, old, new, total):
        facts = ((5, None, 1, Decimal(old)), (5, None, 1, Decimal(new)))
        reads = told("1000.0", "1030.0") + told("0.0", "41.5", meter_id="M2", first=30)
        assert sum(row[5] for row in Case(reads, facts=facts, exchange=30).of_view()) == Decimal(total)

    def test_a_read_without_a_meter_is_that_of_the_meter_that_was_there(self):
        case = Case(told("100", "130", meter_id=""), facts=(FIVE, NONE))
        assert [(row[2], row[5]) for row in case.of_view()] == [("M1", 1200)]

    def test_a_meter_that_nobody_described_counts_nothing_where_others_are(self):
        case = Case(told("100", "130", meter_id="M9"), facts=(FIVE, NONE))
        assert [row[5:7] for row in case.of_view()] == [(None, "register.unknown")]
