from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.operations.book_simulation.figures import OUTLIERS, PERCENTILES, Amounts, book_figures
from pipelines.operations.book_simulation.groups import GROUPINGS
from schemas.bills import CHARGE_LINES
from schemas.table import AMOUNT
from tests.pipelines.operations.book_simulation.bills import moved, position, positions

NO_LINES = CHARGE_LINES.empty()
BILLS = st.lists(
    st.tuples(
        st.decimals(-200, 900, places=2), st.decimals(-200, 900, places=2), st.sampled_from(["home", "shop", "farm"]),
        st.decimals(0, 2000, places=3),
    ),
    min_size=1, max_size=40,
)  # fmt: skip


def figures_of(table, *by):
    (found,) = book_figures(table, NO_LINES, NO_LINES, by)
    return found


def lines(*rows):
    """Charge lines of bill, charge, kind and amount."""
    names = ("bill_id", "charge_id", "kind", "amount")
    arrays = [pa.array(column) for column in zip(*rows, strict=True)] if rows else [pa.array([], pa.string())] * len(names)
    table = pa.table(arrays, names=list(names))
    return table.set_column(3, "amount", table["amount"].cast(AMOUNT))


class TestNearestRank:
    def test_of_one_bill_every_figure_is_its_own(self):
        assert set(figures_of(moved("4.20")).whole.per_bill.values()) == {Decimal("4.20")}

    def test_of_two_the_median_is_the_lower(self):
        assert figures_of(moved("1", "3")).whole.per_bill["median"] == 1

    def test_of_twenty_5_of_100_end_with_the_first_and_95_with_the_nineteenth(self):
        found = figures_of(moved(*(str(n) for n in range(1, 21)))).whole.per_bill
        assert found == {"min": 1, "p5": 1, "p25": 5, "median": 10, "p75": 15, "p95": 19, "max": 20}

    def test_of_twenty_one_they_end_one_later(self):
        found = figures_of(moved(*(str(n) for n in range(1, 22)))).whole.per_bill
        assert found == {"min": 1, "p5": 2, "p25": 6, "median": 11, "p75": 16, "p95": 20, "max": 21}


class TestNamedBills:
    def test_the_largest_come_first_and_no_more_than_five(self):
        whole = figures_of(moved("-9", "-1", "1", "2", "3", "4", "5", "6")).whole
        assert [bill.difference for bill in whole.largest_rises] == [6, 5, 4, 3, 2]
        assert [bill.difference for bill in whole.largest_falls] == [-9, -1]

    def test_of_equals_the_first_agreement_is_named(self):
        whole = figures_of(moved(*["2"] * (OUTLIERS + 3))).whole
        assert [bill.agreement_id for bill in whole.largest_rises] == [f"A{n:05}" for n in range(1, OUTLIERS + 1)]

    def test_a_bill_that_stays_equal_is_neither(self):
        whole = figures_of(moved("0", "0")).whole
        assert (whole.largest_rises, whole.largest_falls) == ((), ())


class TestPercent:
    @pytest.mark.parametrize(
        ("before", "after", "percent"),
        [("200", "201", "0.50"), ("3", "4", "33.33"), ("300", "200", "-33.33"), ("8", "8.0002", "0.00")],
    )
    def test_of_the_revenue_before(self, before, after, percent):
        assert Amounts(Decimal(before), Decimal(after)).percent == Decimal(percent)

    @pytest.mark.parametrize("before", ["0", "-12.50"])
    def test_is_not_said_of_nothing_or_less(self, before):
        assert Amounts(Decimal(before), Decimal(5)).percent is None


class TestHeld:
    def test_a_bill_of_one_side_counts_in_all_bills_of_that_side_alone(self):
        found = figures_of(positions([position(1, "10", "12"), position(2, "5", None), position(3, None, "7.5")]), "tariff")
        assert (found.before.bills, found.before.total, found.after.bills, found.after.total) == (2, 15, 2, Decimal("19.5"))
        assert (found.whole.bills, found.whole.total) == (1, Amounts(Decimal(10), Decimal(12)))

    def test_where_no_bill_is_compared_there_is_no_whole(self):
        found = figures_of(positions([position(1, "5", None)]), *GROUPINGS)
        assert found.whole is None
        assert set(found.groups.values()) == {()}

    def test_held_under_both_it_has_no_currency_and_is_in_none(self):
        assert book_figures(positions([position(1, None, None, currency=None)]), NO_LINES, NO_LINES, ("tariff",)) == []


def test_currencies_are_never_added():
    found = book_figures(positions([position(1, "10", "12"), position(2, "5", "4", currency="AUD")]), NO_LINES, NO_LINES, ())
    assert [(each.currency, each.whole.total.difference) for each in found] == [("AUD", -1), ("EUR", 2)]


def test_a_charge_that_one_side_alone_has_counts_nothing_on_the_other():
    rows = positions([position(1, "10", "12"), position(2, "5", None)])
    now = lines(
        ("b1", "usage", "energy", Decimal("9.25")), ("b1", "fee", "fixed", Decimal("0.75")), ("b2", "usage", "energy", Decimal(5))
    )
    then = lines(("b1", "usage", "energy", Decimal(11)), ("b1", "power", "demand", Decimal(1)))
    (found,) = book_figures(rows, now, then, ())
    assert [(charge.charge_id, *charge.amount) for charge in found.charges] == [
        ("fee", Decimal("0.75"), 0), ("power", 0, 1), ("usage", Decimal("9.25"), 11),
    ]  # fmt: skip


def test_an_amount_with_18_decimals_stays_exact():
    tiny = Decimal("0.000000000000000001")
    (found,) = book_figures(
        positions([position(1, "1", "2")]), lines(("b1", "a", "energy", tiny)), lines(("b1", "a", "energy", 3 * tiny)), ()
    )
    assert found.charges[0].amount.difference == 2 * tiny


@settings(max_examples=15)
@given(BILLS)
def test_figures_are_what_a_loop_over_the_bills_finds(bills):
    rows = [position(n, str(now), str(then), tariff=tariff, import_kwh=kwh) for n, (now, then, tariff, kwh) in enumerate(bills)]
    found = figures_of(positions(rows), "tariff", "usage")
    for group in found.groups["tariff"]:
        own = [(now, then) for now, then, tariff, _ in bills if tariff == group.label]
        moves = sorted(then - now for now, then in own)
        assert group.bills == len(own)
        assert group.total == Amounts(sum(now for now, _ in own), sum(then for _, then in own))
        assert (group.rises, group.falls, group.equal) == (
            sum(move > 0 for move in moves), sum(move < 0 for move in moves), sum(move == 0 for move in moves),
        )  # fmt: skip
        for name, percent in PERCENTILES.items():
            # the lowest difference that at least so many of 100 bills do not exceed
            assert group.per_bill[name] == min(x for x in moves if 100 * sum(y <= x for y in moves) >= percent * len(moves))
        assert (group.per_bill["min"], group.per_bill["max"]) == (moves[0], moves[-1])
    assert sum(group.bills for group in found.groups["usage"]) == len(bills)


@settings(max_examples=6)
@given(BILLS, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(bills, random):
    rows = [position(n, str(now), str(then), tariff=tariff, import_kwh=kwh) for n, (now, then, tariff, kwh) in enumerate(bills)]
    shuffled = rows.copy()
    random.shuffle(shuffled)
    assert figures_of(positions(rows), "tariff", "usage") == figures_of(positions(shuffled), "tariff", "usage")
