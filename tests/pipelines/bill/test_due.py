from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.bill.due import Ready, by_terms, due_agreements, first_obstacle, loaded_tariffs
from pipelines.bill.holds import HoldCode
from schemas.master_data import TARIFFS

TEXT = """\
tariff: home
currency: AUD
clock: Australia/Brisbane
versions:
- from: 2020-01-01
  charges: [{id: usage, kind: energy, price: "%s"}]
"""


def documents(*prices):
    rows = [
        {
            "tariff_id": "home", "sha256": hashlib.sha256(price.encode()).hexdigest(), "sequence": number, "text": TEXT % price,
            "loaded_run_id": "r0",
        }
        for number, price in enumerate(prices, 1)
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=TARIFFS.schema)


@pytest.fixture(scope="module")
def tariffs():
    return loaded_tariffs(documents("0.3"))


class TestDueAgreements:
    def test_an_agreement_is_due_for_the_whole_period(self, master_of, plan_of):
        (due,) = due_agreements(master_of(), plan_of())
        assert (due.agreement_id, due.period_from, due.period_to, due.currency) == (
            "A1",
            date(2026, 3, 1),
            date(2026, 4, 1),
            "AUD",
        )

    def test_one_that_ended_before_it_is_not(self, master_of, plan_of):
        master = master_of(agreements=[{"valid_to": datetime(2026, 2, 28, 14, tzinfo=UTC)}])
        assert due_agreements(master, plan_of()) == []

    def test_one_that_begins_inside_it_is_due_from_then(self, master_of, plan_of):
        master = master_of(agreements=[{"valid_from": datetime(2026, 3, 12, 14, tzinfo=UTC)}])
        assert [due.period_from for due in due_agreements(master, plan_of())] == [date(2026, 3, 13)]

    def test_nothing_is_due_when_nothing_is_billed(self, master_of, plan_of):
        assert due_agreements(master_of(), plan_of(billing=None)) == []

    def test_supply_beside_feed_in_exports_elsewhere(self, master_of, plan_of):
        master = master_of(agreements=[{}, {"agreement_id": "A2", "role": "feed_in"}])
        assert {due.role: due.exports_elsewhere for due in due_agreements(master, plan_of())} == {
            "supply": True,
            "feed_in": False,
        }

    def test_supply_after_feed_in_ended_does_not(self, master_of, plan_of):
        ended = {"agreement_id": "A2", "role": "feed_in", "valid_to": datetime(2026, 2, 28, 14, tzinfo=UTC)}
        assert [due.exports_elsewhere for due in due_agreements(master_of(agreements=[{}, ended]), plan_of())] == [False]


class TestWhatAnAgreementBills:
    @pytest.mark.parametrize(
        ("role", "exports_elsewhere", "determinant", "billed"),
        [
            pytest.param("supply", False, "import_kwh", True, id="supply bills import"),
            pytest.param("supply", False, "controlled_load_kwh", True, id="supply bills controlled load"),
            pytest.param("supply", False, "export_kwh", True, id="supply bills export where nobody else does"),
            pytest.param("supply", True, "export_kwh", False, id="supply leaves export to feed-in"),
            pytest.param("feed_in", False, "export_kwh", True, id="feed-in bills export"),
            pytest.param("feed_in", False, "import_kwh", False, id="feed-in bills nothing else"),
        ],
    )
    def test_by_role(self, due_of, role, exports_elsewhere, determinant, billed):
        assert due_of(role=role, exports_elsewhere=exports_elsewhere).bills(determinant) is billed


class TestFirstObstacle:
    @pytest.mark.parametrize(
        ("as_at", "code"),
        [
            pytest.param(date(2026, 4, 5), HoldCode.PERIOD_OPEN, id="on the fifth day reads may still come"),
            pytest.param(date(2026, 4, 6), None, id="after it nothing is in the way"),
        ],
    )
    def test_the_read_deadline(self, due_of, plan_of, tariffs, as_at, code):
        held = first_obstacle(due_of(), plan_of(as_at=as_at), tariffs)
        assert (held.code if held else None) == code

    def test_a_tariff_that_is_not_loaded(self, due_of, plan_of, tariffs):
        held = first_obstacle(due_of(tariff_id="gone"), plan_of(), tariffs)
        assert (held.code, "m2b tariff load" in held.message) == (HoldCode.TARIFF_MISSING, True)

    def test_a_tariff_in_another_currency(self, due_of, plan_of, tariffs):
        assert first_obstacle(due_of(currency="EUR"), plan_of(), tariffs).code is HoldCode.CURRENCY

    def test_an_open_period_is_said_before_anything_else(self, due_of, plan_of, tariffs):
        held = first_obstacle(due_of(tariff_id="gone"), plan_of(as_at=date(2026, 4, 1)), tariffs)
        assert held.code is HoldCode.PERIOD_OPEN


def test_the_document_loaded_last_is_in_force():
    loaded = loaded_tariffs(documents("0.3", "0.4"))["home"]
    assert str(loaded.tariff.versions[0].charges[0].price) == "0.4"


class TestTerms:
    def test_agreements_of_one_tariff_and_period_are_rated_together(self, due_of):
        assert [len(group) for group in by_terms([due_of(), due_of(agreement_id="A2")])] == [2]

    @pytest.mark.parametrize(
        "change",
        [
            {"tariff_id": "other"},
            {"role": "feed_in"},
            {"billing_clock": "+10:00"},
            {"starts_at": datetime(2026, 3, 12, 14, tzinfo=UTC)},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_others_are_not(self, due_of, change):
        assert [len(group) for group in by_terms([due_of(), due_of(agreement_id="A2", **change)])] == [1, 1]


class TestEstimatedShare:
    @pytest.mark.parametrize(
        ("energy", "estimated", "share"),
        [
            pytest.param("744", "40", "0.053763", id="six places"),
            pytest.param("744", "744", "1.000000", id="all of it"),
            pytest.param("0", "0", "0", id="no energy has no share and no division"),
        ],
    )
    def test_is_a_fraction_of_the_energy(self, due_of, energy, estimated, share):
        assert Ready(due_of(), Decimal(energy), Decimal(estimated)).estimated_share == Decimal(share)


class TestMonth:
    def test_a_period_is_stored_under_the_month_of_its_last_day(self, due_of):
        assert due_of().month == "2026-03"

    def test_one_that_ends_on_the_second_is_stored_under_that_month(self, due_of):
        assert due_of(period_to=date(2026, 4, 2)).month == "2026-04"


class TestBorders:
    """Whether an agreement begins or ends in a period."""

    MIDDLE = datetime(2026, 3, 12, 14, tzinfo=UTC)
    FIRST, END = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 31, 14, tzinfo=UTC)

    @pytest.fixture
    def borders(self, master_of, plan_of):
        def of(*rows):
            return [(due.started, due.ended) for due in due_agreements(master_of(agreements=list(rows)), plan_of())]

        return of

    def test_one_that_goes_on_does_neither(self, borders):
        assert borders({}) == [(False, False)]

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ({"valid_from": MIDDLE}, (True, False)),
            ({"valid_from": FIRST}, (True, False)),
            ({"valid_from": FIRST - timedelta(seconds=1)}, (False, False)),
            ({"valid_to": MIDDLE}, (False, True)),
            ({"valid_to": END}, (False, True)),
            ({"valid_to": END + timedelta(seconds=1)}, (False, False)),
            ({"valid_from": FIRST, "valid_to": END}, (True, True)),
        ],
    )
    def test_it_does_where_its_dates_meet_the_period(self, borders, row, expected):
        assert borders(row) == [expected]

    def test_another_tariff_of_the_same_agreement_is_no_new_agreement(self, borders):
        rows = ({"valid_to": self.MIDDLE}, {"valid_from": self.MIDDLE, "tariff_id": "other"})
        assert borders(*rows) == [(False, False), (False, False)]

    @pytest.mark.parametrize(("hours", "started"), [(0, True), (24, True), (-24, True), (25, False), (-25, False)])
    def test_a_read_about_the_day_opens_it(self, due_of, hours, started):
        due = due_of(billing_basis="register", began_at=self.FIRST, starts_at=self.FIRST + timedelta(hours=hours))
        assert due.started is started

    def test_an_interval_a_little_later_does_not(self, due_of):
        assert not due_of(began_at=self.FIRST, starts_at=self.FIRST + timedelta(minutes=30)).started
