"""What one billing period hands to the next: the whole state, and nothing whose time is over."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from tariffs.carried import bank_kwh, counted_to_minimum, handed_on
from tariffs.exact import Exact

ONE, TWO = Exact(np.array([1]), 0), Exact(np.array([2]), 0)


@pytest.mark.parametrize(
    ("name", "next_day", "goes_on"),
    [
        pytest.param("bank.kwh|peak", "2030-01-01", True, id="a bank of kWh, however old"),
        pytest.param("bank.kwh|", "2030-01-01", True, id="without periods"),
        pytest.param("bank.money", "2030-01-01", True, id="a bank of money"),
        pytest.param("minimum|floor|2026", "2026-12-31", True, id="a minimum in its year"),
        pytest.param("minimum|floor|2026", "2027-01-01", False, id="a minimum after it"),
        pytest.param("ladder|use|2025-07-01", "2026-06-30", True, id="the last day of a ladder"),
        pytest.param("ladder|use|2025-07-01", "2026-07-01", False, id="a ladder that begins anew"),
        pytest.param("ladder|use|2025-07-01", "2027-01-01", False, id="a ladder long over"),
        pytest.param("peak|*|2016-01", "2026-01-15", True, id="a peak of ten years ago"),
        pytest.param("peak|power|2016-01", "2026-02-01", False, id="a peak that no ratchet looks back to"),
    ],
)
def test_what_nobody_looked_at_goes_on_until_its_time_is_over(name, next_day, goes_on):
    assert handed_on({name: ONE}, {}, next_day=date.fromisoformat(next_day)) == ({name: ONE} if goes_on else {})


def test_what_a_charge_wrote_replaces_all_that_stood_under_its_name():
    before = {"peak|power|2026-01": ONE, "peak|power|2026-02": ONE, "peak|other|2026-01": ONE}
    after = handed_on(before, {"peak|power|2026-02": TWO}, next_day=date(2026, 3, 1))
    assert after == {"peak|power|2026-02": TWO, "peak|other|2026-01": ONE}


def test_periods_have_banks_of_their_own():
    before = {bank_kwh("peak"): ONE, bank_kwh("off"): ONE}
    assert handed_on(before, {bank_kwh("off"): TWO}, next_day=date(2026, 3, 1)) == {bank_kwh("peak"): ONE, bank_kwh("off"): TWO}


def test_names():
    assert (bank_kwh("peak"), bank_kwh(None), counted_to_minimum("floor", 2026)) == (
        "bank.kwh|peak",
        "bank.kwh|",
        "minimum|floor|2026",
    )


STATE = dict.fromkeys(("bank.kwh|peak", "bank.money", "minimum|floor|2026", "ladder|use|2026-01-01", "peak|*|2025-12"), ONE)


@pytest.mark.parametrize(
    "export",
    [
        pytest.param("", id="a version without export"),
        pytest.param('export: {mode: net_billing, price: "0.1"}', id="a version without a bank"),
    ],
)
def test_a_version_that_knows_none_of_it_hands_all_of_it_on(tariff_of, bill, export):
    tariff = tariff_of('charges: [{id: flat, kind: energy, price: "0.1"}]\n' + export)
    assert bill(tariff, {"import_kwh": [[5]], "export_kwh": [[3]]}, carried=STATE).carried == STATE


@pytest.mark.parametrize(
    ("export", "name"),
    [
        pytest.param('mode: nem_kwh, true_up: 1, pays: "1"', "bank.money", id="money"),
        pytest.param('mode: nem_money, price: "1", true_up: 1', "bank.kwh|", id="kWh"),
    ],
)
def test_a_bank_of_the_other_kind_waits(tariff_of, bill, export, name):
    tariff = tariff_of(f'charges: [{{id: flat, kind: energy, price: "0.1"}}]\nexport: {{{export}}}')
    rated = bill(tariff, {"import_kwh": [[50]], "export_kwh": [[0]]}, carried={name: ONE}, exponent=0)
    assert (rated.carried[name], rated.total[0].as_py()) == (ONE, 5)
