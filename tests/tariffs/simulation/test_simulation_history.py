from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from schemas.errors import InputRefusedError
from schemas.table import AMOUNT
from tariffs.simulation.history import carried_peaks, read_history

JANUARY = date(2026, 1, 1)
RATCHET = "{percent: '80', months: 11}"


def read(rows, before=JANUARY):
    return read_history("\n".join(["month,peak_kw", *rows]) + "\n", "history.csv", before=before)


def refused(rows, before=JANUARY):
    with pytest.raises(InputRefusedError) as caught:
        read(rows, before)
    return caught.value


def test_peaks_are_exact_by_month():
    peaks = read(["2025-11,623.109000", "2025-12,0.1"])
    assert {month: peak.to_arrow(AMOUNT)[0].as_py() for month, peak in peaks.items()} == {
        "2025-11": Decimal("623.109"),
        "2025-12": Decimal("0.1"),
    }


def test_the_month_in_which_the_simulation_begins_has_days_before_it_unless_it_begins_on_the_first():
    assert list(read(["2026-01,5"], before=date(2026, 1, 2))) == ["2026-01"]
    assert refused(["2026-01,5"]).code == "history.month"
    assert refused(["2026-02,5"], before=date(2026, 1, 2)).code == "history.month"


def test_a_month_that_stands_twice_is_refused():
    error = refused(["2025-12,5", "2025-12,6"])
    assert (error.code, error.where) == ("history.month", "history.csv:3")


def test_a_negative_peak_is_refused():
    assert refused(["2025-12,-5"]).code == "history.negative"
    assert list(read(["2025-12,0"])) == ["2025-12"]


@pytest.mark.parametrize("month", ["2025-13", "2025-1", "12/2025", "2025-12-01", ""])
def test_what_is_no_month_is_refused(month):
    error = refused([f"{month},5"])
    assert (error.code, error.where) == ("table.cell", "history.csv:2")


class TestWhoLooksBack:
    def test_the_billing_demand_of_a_version(self, version_of):
        tariff = version_of(f"""
        charges: [{{id: plain, kind: demand, price: "5"}}]
        billing_demand: {RATCHET}
        """)
        carried = carried_peaks(read(["2025-11,7", "2025-12,8"]), tariff)
        assert {name: peak.values.tolist() for name, peak in carried.items()} == {"peak|*|2025-11": [7], "peak|*|2025-12": [8]}

    def test_every_charge_with_a_ratchet(self, version_of):
        tariff = version_of(f"""
        charges:
        - {{id: plain, kind: demand, price: "5"}}
        - {{id: grid, kind: demand, price: "5", ratchet: {RATCHET}}}
        """)
        carried = carried_peaks(read(["2025-11,7", "2025-12,8"]), tariff)
        assert {name: peak.values.tolist() for name, peak in carried.items()} == {
            "peak|grid|2025-11": [7],
            "peak|grid|2025-12": [8],
        }

    def test_nobody_without_a_ratchet(self, version_of):
        assert carried_peaks(read(["2025-12,8"]), version_of('charges: [{id: plain, kind: demand, price: "5"}]')) == {}
