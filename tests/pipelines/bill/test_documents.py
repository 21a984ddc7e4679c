from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import numpy as np
import pytest

from pipelines.bill.documents import bill_id, draw_up
from pipelines.bill.due import LoadedTariff, Ready
from pipelines.bill.interval_basis import Measured
from schemas.bills import BILLS, CHARGE_LINES
from schemas.errors import TariffError
from schemas.usage import USAGE
from tariffs.calendar import combos_of
from tariffs.rated import Determinant

CHARGES = (
    '{id: supply, kind: fixed, price: "1", per: day}, {id: usage, kind: energy, price: "0.3"}, '
    '{id: gst, kind: tax, of: [supply, usage], percent: "10"}'
)
EXPORT = '  export: {mode: net_billing, price: "0.1"}\n'


@pytest.fixture(scope="module")
def drawn(due_of, plan_of, tariff_of):
    """Documents of homes that imported and exported some kWh each."""

    def make(*homes, estimated="0", registers=(), **changes):
        tariff = tariff_of(CHARGES, more=EXPORT)
        dues = [replace(due_of(agreement_id=f"A{number}"), **changes) for number in range(1, len(homes) + 1)]
        quantities = {}
        for place, (name, direction) in enumerate((("import_kwh", "import"), ("export_kwh", "export"))):
            combos = combos_of(tariff, direction=direction, starts_at=dues[0].starts_at, ends_at=dues[0].ends_at)
            values = np.array([[home[place] * 1000] for home in homes], dtype=np.int64)
            quantities[name] = Determinant(combos, -3, values, "kWh")
        ready = [
            Ready(due, Decimal(sum(home)), Decimal(estimated), list(registers)) for due, home in zip(dues, homes, strict=True)
        ]
        return draw_up(Measured(ready, [], quantities), LoadedTariff(tariff, "f" * 64), plan_of(), 0)

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
