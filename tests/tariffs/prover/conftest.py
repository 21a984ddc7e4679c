from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tariffs.load import path_text, read_tariff
from tariffs.model import Tariff
from tariffs.prover.findings import local_text
from tariffs.prover.proof import Proof, prove

TODAY = date(2026, 2, 1)


@pytest.fixture(scope="session")
def draft() -> Callable[..., Tariff]:
    """A tariff that need not load: one version from 2026 of some text, or whole versions as they stand."""

    def make(
        version: str = "", *, versions: str = "", clock: str = "Europe/Berlin", currency: str = "EUR", top: str = ""
    ) -> Tariff:
        body = versions or "- from: 2026-01-01\n" + "".join(f"  {line}\n" for line in version.strip("\n").splitlines())
        text = f'tariff: example\ncurrency: {currency}\nclock: "{clock}"\n{top}versions:\n{body}'
        return read_tariff(text, "example.yaml")[0]

    return make


@pytest.fixture(scope="session")
def proof_of(draft) -> Callable[..., Proof]:
    """The proof of a draft, in the horizon of 2026 to 2028 unless told otherwise."""

    def make(version: str = "", *, today: date = TODAY, loaded: Tariff | None = None, **more: Any) -> Proof:
        span = {"from_year": more.pop("from_year", None), "to_year": more.pop("to_year", 2028)}
        return prove(draft(version, **more), today=today, loaded=loaded, **span)

    return make


@pytest.fixture(scope="session")
def told() -> Callable[[Proof, str], list[tuple[str, str | None, str]]]:
    """The findings of one code: path, minute in local time, sentence."""

    def tell(proof: Proof, code: str) -> list[tuple[str, str | None, str]]:
        clock = proof.tariff.tariff_clock
        return [
            (path_text(each.path), None if each.minute is None else local_text(clock, each.minute), each.what)
            for each in proof.findings
            if each.code == code
        ]

    return tell
