from __future__ import annotations

from types import SimpleNamespace

import pytest

from pipelines.bill import cross_check


@pytest.fixture
def nothing_engine(monkeypatch):
    """An engine for which every bill is empty."""
    bill = SimpleNamespace(lines=[], total=0, total_rounded=0, carried={})
    engine = SimpleNamespace(
        Interval=lambda *parts: parts,
        Agreement=SimpleNamespace,
        bill=lambda *_, **__: bill,
        bill_sums=lambda *_, **__: bill,
    )
    monkeypatch.setattr(cross_check, "reference_engine", lambda: engine)


@pytest.mark.parametrize("command", [["bill", "run"], ["run", "{inbox}"]])
def test_a_disagreement_ends_with_five_and_publishes_nothing(m2b, demo_copy, demo_data, nothing_engine, command) -> None:
    store = demo_copy / "store"
    before = m2b("runs", "list", "--store", store, "--json").data
    words = [word.format(inbox=demo_data["inbox"]) for word in command]
    called = m2b(*words, "--month", "2026-01", "--cross-check", 3, "--store", store, "--json")
    assert (called.code, called.error["code"]) == (5, "cross_check.differs")
    assert "by the reference engine 0" in called.error["message"]
    assert called.error["where"] in called.error["message"]
    assert m2b("runs", "list", "--store", store, "--json").data == before


def test_a_negative_sample_is_no_sample(m2b, demo_copy) -> None:
    assert m2b("bill", "run", "--month", "2026-01", "--cross-check", "-1", "--store", demo_copy / "store").code == 2
