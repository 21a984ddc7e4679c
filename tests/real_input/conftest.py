"""Real files in stores of their own; what may not be copied into the project lies beside it, and is skipped where it does not."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.operations.flow import FlowRequest, run_flow
from tests.scenarios.stage import Stage


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
