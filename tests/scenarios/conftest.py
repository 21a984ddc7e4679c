from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines.lakehouse.store import Store
from tests.scenarios.stage import Stage

EVERY_BILL = 1000
"""More than any scenario has."""


@pytest.fixture(scope="session")
def new_stage(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Stage]:
    """``new_stage(root, zone="+10:00")``: a stage with an empty store, copied from the first one with the same settings.

    The reference engine rates every bill of its runs again.
    """
    empty: dict[tuple[tuple[str, object], ...], Path] = {}

    def make(root: Path, **settings: object) -> Stage:
        key = tuple(sorted(settings.items()))
        if key not in empty:
            empty[key] = tmp_path_factory.mktemp("empty") / "store"
            Stage.at(empty[key], **settings)
        return Stage(Store(shutil.copytree(empty[key], root)), cross_check=EVERY_BILL)

    return make
