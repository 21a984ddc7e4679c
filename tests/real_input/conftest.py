"""Real files in stores of their own; what may not be copied into the project lies beside it, and is skipped where it does not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.operations.flow import FlowRequest, run_flow
from tests.conftest import REFERENCE_DATA
from tests.scenarios.stage import Stage

SPOKEN_OF = "real_file"
"""Property of a test that names the real file it speaks of, as folder/file."""


@pytest.fixture(scope="session")
def nem12_facts(reference_data: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """What nemreader found in each NEM12 file: file to NMI and channel to facts."""
    entries = json.loads((reference_data / "real_data" / "FACTS.json").read_text("utf-8"))
    return {entry["dest"]: entry["facts"].get("nemreader") or {} for entry in entries if entry["fmt"] == "nem12"}


@pytest.fixture(scope="session")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Sequence[Path]], Stage]:
    """Take files into a store without master data."""

    def take(files: Sequence[Path]) -> Stage:
        stage = Stage.at(tmp_path_factory.mktemp("ingested") / "store")
        request = FlowRequest("ingest", tuple(files), validates=False, workers=1)
        stage.reports.append(run_flow(stage.store, request, stage.now))
        return stage

    return take


def real_files() -> list[str]:
    """Every file of the reference data as folder/file; none where they are not there."""
    facts = REFERENCE_DATA / "real_data" / "FACTS.json"
    entries = json.loads(facts.read_text("utf-8")) if facts.is_file() else []
    return [f"{entry['fmt']}/{entry['dest']}" for entry in entries]


def _names(item: pytest.Item) -> Iterator[str]:
    """The words by which a test may name a file: its parameters, and what its mark says."""
    for mark in item.iter_markers("real_files"):
        yield from mark.args
    callspec = getattr(item, "callspec", None)
    yield from (value for value in (callspec.params if callspec else {}).values() if isinstance(value, str))


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Note which real files each test of this folder speaks of."""
    known: Mapping[str, set[str]] = defaultdict(set)
    for file in real_files():
        for name in (file, file.split("/", 1)[1], file.rsplit("/", 1)[1]):
            known[name].add(file)
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.user_properties += [(SPOKEN_OF, file) for name in _names(item) for file in sorted(known.get(name, ()))]
