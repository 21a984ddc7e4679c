"""The page about proofs names every finding there is, and its example comes out as it says."""

from __future__ import annotations

import contextlib
import io
from datetime import UTC, datetime

import pytest

from pipelines.cli.main import run
from tests.docs.pages import first_cells, read, section
from tests.docs.words_of_code import codes_in

PAGE = "operating/proving_tariffs.md"


def block(kind: str) -> str:
    text = read(PAGE)
    return text.split(f"```{kind}\n", 1)[1].split("```", 1)[0]


@pytest.fixture
def check(tmp_path, monkeypatch):
    def call(text: str) -> tuple[str, str]:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "two_rates.yaml").write_text(text)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            run(["tariff", "check", "two_rates.yaml", "--to", "2026"], lambda: datetime(2026, 2, 10, tzinfo=UTC))
        return out.getvalue(), err.getvalue()

    return call


def test_every_code_is_told_and_no_other():
    # codes of findings have the form of names of rules such as rounding.line
    known = {code for code in codes_in("tariffs/prover") if not code.startswith("rounding.")} - {"horizon.empty"}
    told = {word for cell in first_cells(section(read(PAGE), "What is told")) for word in cell}
    assert {code for code in told if "." in code} == known | {"tariff.gap", "tariff.invalid", "tariff.unsupported"}


def test_the_example_is_proven_and_looks_like_that(check):
    out, _ = check(block("yaml tariff"))
    assert "two-rates: proven, 0 warnings" in out
    assert block("text review") in out


def test_the_hole_is_found_as_it_says(check):
    _, err = check(block("yaml tariff").replace('{from: "22:00", to: "06:00"}', '{from: "22:00", to: "06:00", days: mon-sat}'))
    assert block("text failure").strip() in err
