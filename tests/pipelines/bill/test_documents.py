from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import numpy as np
import pytest

from pipelines.bill import documents
from pipelines.bill.agreement_facts import Said
from pipelines.bill.documents import bill_id, draw_up
from pipelines.bill.due import LoadedTariff, Ready
from pipelines.bill.interval_basis import Measured
from pipelines.bill.terms import Terms
from schemas.bills import BILLS, CHARGE_LINES
from schemas.errors import TariffError
from schemas.usage import USAGE
from tariffs.calendar import combos_of
from tariffs.exact import Exact
from tariffs.rated import Determinant
from tariffs.rated import Measured as Peak
from tariffs.rating import rate
from tariffs.series import PriceSeries
from tariffs.timeline import Stretch, Timeline

CHARGES = (
    '{id: supply, kind: fixed, price: "1", per: day}, {id: usage, kind: energy, price: "0.3"}, '
    '{id: gst, kind: tax, of: [supply, usage], percent: "10"}'
)
EXPORT = '  export: {mode: net_billing, price: "0.1"}\n'


@pytest.fixture(scope="module")
def drawn(due_of, plan_of, tariff_of):
    """Documents of homes that imported and exported some kWh each."""

    def make(*homes, estimated="0", registers=(), terms=None, timeline=None, charges=CHARGES, exponent=-3, **changes):
        tariff = tariff_of(charges, more=EXPORT)
        dues = [replace(due_of(agreement_id=f"A{number}"), **changes) for number in range(1, len(homes) + 1)]
        quantities = {}
        for place, (name, direction) in enumerate((("import_kwh", "import"), ("export_kwh", "export"))):
            combos = combos_of(tariff, direction=direction, starts_at=dues[0].starts_at, ends_at=dues[0].ends_at)
            values = np.array([[home[place] * 10**-exponent] for home in homes], dtype=np.int64)
            quantities[name] = Determinant(combos, exponent, values, "kWh")
        ready = [
            Ready(due, Decimal(sum(home)), Decimal(estimated), list(registers)) for due, home in zip(dues, homes, strict=True)
        ]
        measured = Measured(ready, [], quantities, timeline)
        return draw_up(measured, LoadedTariff(tariff, "f" * 64), plan_of(), 0, terms)

    return make


class TestBills:
    def test_have_the_total_of_their_lines(self, drawn):
        bills = drawn((744, 0)).bills.to_pylist()
        # 31.00 + 223.20 + 25.42
        assert [(bill["net"], bill["tax"], bill["total"]) for bill in bills] == [
            (Decimal("254.20"), Decimal("25.42"), Decimal("279.62"))
        ]

    def test_are_drafts_of_the_first_revision(self, drawn):
        (bill,) = drawn((744, 0)).bills.to_pylist()
        assert (bill["status"], bill["revision"], bill["replaces"]) == ("draft", 0, None)

    def test_are_issued_at_the_read_deadline_and_due_two_weeks_later(self, drawn):
        (bill,) = drawn((744, 0)).bills.to_pylist()
        assert (bill["issue_date"], bill["due_date"]) == (date(2026, 4, 6), date(2026, 4, 20))

    @pytest.mark.parametrize(
        ("exported", "kind"),
        [
            pytest.param(340, "invoice", id="ten cents to pay"),
            pytest.param(341, "invoice", id="nothing to pay is still an invoice"),
            pytest.param(342, "credit_note", id="ten cents to get"),
        ],
    )
    def test_with_a_negative_total_are_credit_notes(self, drawn, exported, kind):
        # 31.00 supply and 3.10 tax are earned back by 341 kWh at 0.10
        assert drawn((0, exported)).bills["document_type"].to_pylist() == [kind]

    def test_are_rows_of_their_tables(self, drawn):
        made = drawn((744, 310), (10, 0))
        for table, rows in ((BILLS, made.bills), (CHARGE_LINES, made.lines), (USAGE, made.usage)):
            table.check(rows)

    def test_before_the_first_version_cannot_be_drawn_up(self, drawn, due_of):
        early = due_of().starts_at.replace(year=2019)
        with pytest.raises(TariffError):
            drawn((744, 0), starts_at=early, ends_at=early.replace(month=3))


class TestLines:
    def test_belong_to_the_bill_of_their_agreement(self, drawn):
        made = drawn((744, 0), (10, 0))
        usage = [line for line in made.lines.to_pylist() if line["charge_id"] == "usage"]
        ids = made.bills["bill_id"].to_pylist()
        assert {line["bill_id"]: line["quantity"] for line in usage} == {ids[0]: Decimal(744), ids[1]: Decimal(10)}

    def test_of_export_are_credits_with_a_positive_quantity(self, drawn):
        (line,) = (line for line in drawn((744, 310)).lines.to_pylist() if line["kind"] == "export")
        assert (line["charge_id"], line["quantity"], line["amount"]) == ("export", Decimal(310), Decimal("-31.00"))


class TestUsage:
    def test_leaves_out_what_was_not_used(self, drawn):
        rows = drawn((744, 0), (0, 5)).usage.to_pylist()
        assert [(row["agreement_id"], row["determinant"], row["value"]) for row in rows] == [
            ("A2", "export_kwh", Decimal(5)),
            ("A1", "import_kwh", Decimal(744)),
        ]


def peak(name, *values, version=0, band=None, at=None, unit="kW"):
    instants = None if at is None else np.array(at, dtype=np.int64)
    return Peak(name, version, band, Exact(np.array(values, dtype=np.int64), 1), unit, instants)


class TestPeaks:
    """What charges had measured stands beside what they multiplied."""

    @pytest.fixture
    def measuring(self, drawn, monkeypatch):
        def make(*peaks):
            monkeypatch.setattr(documents, "rate", lambda inputs: replace(rate(inputs), measured=peaks))
            rows = drawn((744, 0), (10, 0)).usage.to_pylist()
            return [row for row in rows if row["determinant"] != "import_kwh"]

        return make

    def test_a_peak_stands_there_with_its_window(self, measuring):
        (first, second) = measuring(peak("peak_kw", 125, 80, at=[1772287200, 1772290800]))
        assert (first["agreement_id"], first["value"], first["unit"]) == ("A1", Decimal("12.5"), "kW")
        assert [row["at"] for row in (first, second)] == [
            datetime(2026, 2, 28, 14, tzinfo=UTC),
            datetime(2026, 2, 28, 15, tzinfo=UTC),
        ]

    def test_one_without_a_window_has_no_time(self, measuring):
        rows = measuring(peak("peak_kw", 125, 80, at=[1772287200, -1]), peak("billing_demand_kw", 200, 0))
        assert [(row["agreement_id"], row["determinant"], row["at"] is None) for row in rows] == [
            ("A1", "peak_kw", False),
            ("A2", "peak_kw", True),
            ("A1", "billing_demand_kw", True),
        ]

    def test_two_charges_that_measure_alike_are_one_row(self, measuring):
        assert len(measuring(peak("peak_kw", 125, 0), peak("peak_kw", 125, 0))) == 1

    def test_two_that_measure_differently_are_told_apart(self, measuring):
        rows = measuring(peak("peak_kw", 125, 0), peak("peak_kw", 130, 0), peak("peak_kw", 110, 0, band="day"))
        assert [(row["determinant"], row["band"]) for row in rows] == [("peak_kw", None), ("peak_kw.2", None), ("peak_kw", "day")]


class TestState:
    def test_of_a_tariff_that_hands_nothing_on_there_are_no_rows(self, drawn):
        made = drawn((744, 0))
        assert (made.state.num_rows, made.closing) == (0, [{}])

    def test_what_was_handed_and_what_is_handed_on_stand_in_one_row(self, drawn, monkeypatch):
        bank = {"bank.money": Exact(np.array([75, 0]), 1), "bank.kwh|": Exact(np.array([0, 3]), 0)}
        monkeypatch.setattr(documents, "rate", lambda inputs: replace(rate(inputs), carried=bank))
        terms = Terms([Said(), Said()], [{"bank.money": Decimal("20.5")}, {"bank.money": Decimal(1)}], state=True)
        rows = drawn((744, 0), (10, 0), terms=terms).state.to_pylist()
        assert [(row["agreement_id"], row["name"], row["opening"], row["closing"]) for row in rows] == [
            ("A1", "bank.money", Decimal("20.5"), Decimal("7.5")),
            ("A2", "bank.kwh|", Decimal(0), Decimal(3)),
            ("A2", "bank.money", Decimal(1), Decimal(0)),
        ]


class TestBillId:
    def test_is_the_same_for_the_same_agreement_and_period(self, due_of):
        assert bill_id(due_of()) == bill_id(due_of(tariff_id="other", currency="EUR"))

    @pytest.mark.parametrize(
        "change", [{"agreement_id": "A2"}, {"period_from": date(2026, 3, 2)}, {"period_to": date(2026, 3, 9)}]
    )
    def test_is_another_for_another(self, due_of, change):
        assert bill_id(due_of()) != bill_id(due_of(**change))

    def test_is_another_for_a_rebill(self, due_of):
        assert bill_id(due_of()) != bill_id(due_of(), revision=1)


class TestInputsHash:
    """A draft stays as it is while what it was made from stays the same."""

    @pytest.fixture(scope="class")
    @classmethod
    def made_from(cls, drawn):
        return lambda *homes, **changes: drawn(*homes, **changes).bills["inputs_sha256"].to_pylist()[-1]

    def test_is_the_same_for_the_same(self, made_from):
        assert made_from((744, 0)) == made_from((744, 0))

    def test_does_not_depend_on_the_neighbours(self, made_from):
        assert made_from((5, 0), (744, 0)) == made_from((9, 9), (744, 0))

    @pytest.mark.parametrize(
        "changes",
        [
            pytest.param({"estimated": "1"}, id="quality"),
            pytest.param({"registers": [{"opening": "1"}]}, id="reads"),
            pytest.param({"account_id": "C2"}, id="account"),
            pytest.param({"export_taxed": True}, id="tax on export"),
        ],
    )
    def test_is_another_when_something_else_changed(self, made_from, changes):
        assert made_from((744, 0)) != made_from((744, 0), **changes)

    def test_is_another_for_another_quantity(self, made_from):
        assert made_from((744, 0)) != made_from((745, 0))

    def test_does_not_depend_on_how_fine_the_neighbours_are_metered(self, made_from):
        assert made_from((744, 0)) == made_from((744, 0), exponent=-6)

    @pytest.mark.parametrize(
        "terms",
        [
            pytest.param(Terms([Said({"contracted_kw": Decimal(50)})], [{}]), id="a fact"),
            pytest.param(Terms([Said({}, frozenset({"low_income"}))], [{}]), id="an option"),
            pytest.param(Terms([Said()], [{"bank.money": Decimal("0.01")}]), id="carried state"),
            pytest.param(Terms([Said()], [{}], {"da": PriceSeries("da", np.array([0]), np.array([1]), 0, 2**40)}), id="a price"),
        ],
    )
    def test_is_another_for_other_terms(self, made_from, terms):
        assert made_from((744, 0)) != made_from((744, 0), terms=terms)

    def test_zero_state_is_no_state(self, made_from):
        assert made_from((744, 0)) == made_from((744, 0), terms=Terms([Said()], [{"bank.money": Decimal("0.000")}]))

    def test_another_price_in_time_is_another_input(self, made_from):
        series = [Terms([Said()], [{}], {"da": PriceSeries("da", np.array([0]), np.array([n]), 0, 2**40)}) for n in (1, 2)]
        assert made_from((744, 0), terms=series[0]) != made_from((744, 0), terms=series[1])

    def test_the_same_energy_at_another_hour_is_another_input_where_single_intervals_count(self, made_from):
        def timeline(*values, exponent=-3):
            starts = np.array([0, 1800], dtype=np.int64)
            used = {"import_kwh": np.array([values], dtype=np.int64)}
            return Timeline((Stretch(np.array([0]), 30, starts, used, {"import_kwh": exponent}),))

        one = made_from((744, 0), timeline=timeline(1, 2))
        assert one != made_from((744, 0), timeline=timeline(2, 1))
        assert one == made_from((744, 0), timeline=timeline(1000, 2000, exponent=-6))

    def test_that_an_agreement_begins_matters_only_where_a_fee_asks_for_it(self, made_from, due_of):
        begins = {"began_at": due_of().starts_at}
        assert made_from((744, 0)) == made_from((744, 0), **begins)
        fee = Terms([Said()], [{}], borders=True)
        assert made_from((744, 0), terms=fee) != made_from((744, 0), terms=fee, **begins)
