"""A new text that changes the prices of dates gone by is warned of, with the dates."""

from __future__ import annotations

from datetime import date

import pytest


def versions(*rows):
    return "".join(f'- from: {day}\n  charges: [{{id: use, kind: energy, price: "{price}"}}]\n' for day, price in rows)


def found(proof, told, code="past.repriced"):
    return [(path, what) for path, _, what in told(proof, code)]


OLD = versions(("2025-01-01", "0.30"), ("2026-01-01", "0.32"))


class TestThePast:
    def test_is_not_touched_by_a_version_that_begins_tomorrow(self, proof_of, draft, told):
        new = OLD + versions(("2026-02-02", "0.40"))
        proof = proof_of(versions=new, loaded=draft(versions=OLD), today=date(2026, 2, 1))
        assert found(proof, told) == []
        assert found(proof, told, "future.repriced") == [
            ("versions[2]", "from 2026-02-02 on the loaded text says otherwise: charges.use.price was 0.32, is 0.4")
        ]

    def test_is_not_touched_by_a_version_that_begins_today(self, proof_of, draft, told):
        new = OLD + versions(("2026-02-01", "0.40"))
        assert found(proof_of(versions=new, loaded=draft(versions=OLD), today=date(2026, 2, 1)), told) == []

    def test_ends_yesterday(self, proof_of, draft, told):
        proof = proof_of(versions=OLD.replace("0.30", "0.31"), loaded=draft(versions=OLD), today=date(2026, 1, 1))
        assert [path for path, _ in found(proof, told)] == ["versions[0]"]
        assert found(proof, told, "future.repriced") == []

    def test_is_told_by_stretches_where_one_between_is_the_same(self, proof_of, draft, told):
        old, new = (
            versions(("2023-01-01", price), ("2024-01-01", "0.31"), ("2025-01-01", price), ("2026-01-01", "0.32"))
            for price in ("0.30", "0.33")
        )
        assert [path for path, _ in found(proof_of(versions=new, loaded=draft(versions=old)), told)] == [
            "versions[0]",
            "versions[2]",
        ]

    def test_is_priced_anew_by_one_that_began_yesterday(self, proof_of, draft, told):
        new = OLD + versions(("2026-01-31", "0.40"))
        proof = proof_of(versions=new, loaded=draft(versions=OLD), today=date(2026, 2, 1))
        assert found(proof, told) == [
            (
                "versions[2]",
                (
                    "from 2026-01-31 until 2026-02-01 (not included) the loaded text says otherwise: "
                    "charges.use.price was 0.32, is 0.4"
                ),
            )
        ]
        assert [minute for _, minute, _ in told(proof, "past.repriced")] == ["2026-01-31T00:00+01:00"]

    def test_is_priced_anew_by_another_price_of_an_old_version(self, proof_of, draft, told):
        proof = proof_of(versions=OLD.replace("0.30", "0.31"), loaded=draft(versions=OLD))
        assert found(proof, told) == [
            (
                "versions[0]",
                (
                    "from 2025-01-01 until 2026-01-01 (not included) the loaded text says otherwise: "
                    "charges.use.price was 0.3, is 0.31"
                ),
            )
        ]
        assert found(proof, told, "future.repriced") == []

    def test_is_the_same_with_a_zero_more_and_another_source(self, proof_of, draft):
        new = OLD.replace('"0.30"', '"0.300"').replace("  charges", "  source: {by: somebody}\n  charges")
        assert proof_of(versions=new, loaded=draft(versions=OLD)).findings == ()

    @pytest.mark.parametrize(
        ("top", "change"),
        [
            ("rounding: {line: none}\n", "rounding.line was not there, is none"),
            ("holidays: {calendar: DE, priced_as: weekend}\n", "holidays.calendar was not there, is DE"),
        ],
    )
    def test_is_priced_anew_by_rules_of_the_whole_document(self, proof_of, draft, told, top, change):
        proof = proof_of(versions=OLD, top=top, loaded=draft(versions=OLD))
        # one stretch for both versions
        ((path, what),) = found(proof, told)
        assert path == "versions[0]"
        assert "from 2025-01-01 until 2026-02-01" in what
        assert change in what

    def test_that_loses_its_version_is_told(self, proof_of, draft, told):
        proof = proof_of(versions=versions(("2026-01-01", "0.32")), loaded=draft(versions=OLD))
        ((_, what),) = found(proof, told)
        assert what.startswith("from 2025-01-01 until 2026-01-01")
        assert what.endswith("no version is in force any more")

    def test_a_version_before_the_loaded_ones_changes_nothing(self, proof_of, draft):
        new = versions(("2024-01-01", "0.28")) + OLD
        assert proof_of(versions=new, loaded=draft(versions=OLD)).findings == ()

    def test_a_charge_that_is_added_is_told(self, proof_of, draft, told):
        new = OLD.replace('"0.32"}', '"0.32"}, {id: fuel, kind: rider, price: "0.01"}')
        ((_, what),) = found(proof_of(versions=new, loaded=draft(versions=OLD)), told)
        assert "order of charges was use, is use, fuel" in what
        assert "charges.fuel.price was not there, is 0.01" in what

    def test_many_changes_are_counted(self, proof_of, draft, told):
        new = OLD.replace('"0.32"}', '"0.32"}, {id: fuel, kind: rider, price: "0.01"}, {id: more, kind: rider, price: "0.01"}')
        ((_, what),) = found(proof_of(versions=new, loaded=draft(versions=OLD)), told)
        assert what.endswith(" more")
