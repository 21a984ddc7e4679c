from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from pipelines.bill.agreement_facts import FactBook
from pipelines.bill.holds import HoldCode
from schemas.master_data import AGREEMENT_FACTS, AGREEMENT_OPTIONS

BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
STARTS_AT, ENDS_AT = datetime(2026, 2, 28, 14, tzinfo=UTC), datetime(2026, 3, 31, 14, tzinfo=UTC)
MIDDLE = datetime(2026, 3, 15, 14, tzinfo=UTC)


def fact(value, since=BEGAN, until=None, name="contracted_kw"):
    row = {"agreement_id": "A1", "fact": name, "value": Decimal(value), "valid_from": since, "valid_to": until}
    return row | {"loaded_run_id": "r0"}


def option(since=BEGAN, until=None):
    return {"agreement_id": "A1", "option": "low_income", "valid_from": since, "valid_to": until, "loaded_run_id": "r0"}


@pytest.fixture
def book(master_of):
    def make(*facts, options=()):
        said = {
            "facts": pa.Table.from_pylist(list(facts), schema=AGREEMENT_FACTS.schema),
            "options": pa.Table.from_pylist(list(options), schema=AGREEMENT_OPTIONS.schema),
        }
        return FactBook(replace(master_of(), **said))

    return make


class TestFacts:
    def test_the_value_in_force_is_taken(self, book, due_of):
        found = book(fact(40, until=STARTS_AT), fact(50, since=STARTS_AT)).facts(due_of(), ["contracted_kw"])
        assert found == {"contracted_kw": Decimal(50)}

    def test_only_what_the_tariff_asks_for_is_looked_at(self, book, due_of):
        changing = [fact(1, until=MIDDLE, name="other"), fact(2, since=MIDDLE, name="other")]
        assert book(fact(50), *changing).facts(due_of(), ["contracted_kw"]) == {"contracted_kw": Decimal(50)}

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param([], id="nothing"),
            pytest.param([fact(50, until=STARTS_AT)], id="ended when the period begins"),
            pytest.param([fact(50, since=ENDS_AT)], id="begins when it ends"),
            pytest.param([fact(50, name="contracted_kw.p1")], id="of a period of the tariff"),
        ],
    )
    def test_without_one_the_agreement_is_held(self, book, due_of, facts):
        held = book(*facts).facts(due_of(), ["contracted_kw"])
        assert (held.code, "A1 has no contracted_kw" in held.message) == (HoldCode.FACT_MISSING, True)

    @pytest.mark.parametrize(
        "facts",
        [
            pytest.param([fact(50, until=MIDDLE), fact(60, since=MIDDLE)], id="another value"),
            pytest.param([fact(50, since=MIDDLE)], id="nothing before"),
            pytest.param([fact(50, until=MIDDLE)], id="nothing after"),
        ],
    )
    def test_one_that_changes_inside_the_period_holds_it_too(self, book, due_of, facts):
        held = book(*facts).facts(due_of(), ["contracted_kw"])
        assert held.code is HoldCode.FACT_CHANGED
        assert "changes at 2026-03-15 14:00 UTC" in held.message

    def test_two_rows_that_say_the_same_are_no_change(self, book, due_of):
        found = book(fact(50, until=MIDDLE), fact(50, since=MIDDLE)).facts(due_of(), ["contracted_kw"])
        assert found == {"contracted_kw": Decimal(50)}

    def test_a_register_read_on_the_day_before_does_not_ask_for_that_day(self, book, due_of):
        due = due_of(billing_basis="register", valid_from=STARTS_AT, starts_at=STARTS_AT.replace(hour=2))
        assert book(fact(50, since=STARTS_AT)).facts(due, ["contracted_kw"]) == {"contracted_kw": Decimal(50)}


class TestOptions:
    def test_an_agreement_has_it_or_not(self, book, due_of):
        assert book(options=[option()]).entitled(due_of(), ["low_income"]) == {"low_income"}
        assert book().entitled(due_of(), ["low_income"]) == frozenset()
        assert book(options=[option()]).entitled(due_of(), []) == frozenset()

    def test_one_that_ended_before_is_gone(self, book, due_of):
        assert book(options=[option(until=STARTS_AT)]).entitled(due_of(), ["low_income"]) == frozenset()

    def test_one_that_ends_inside_the_period_holds_the_agreement(self, book, due_of):
        assert book(options=[option(until=MIDDLE)]).entitled(due_of(), ["low_income"]).code is HoldCode.FACT_CHANGED
