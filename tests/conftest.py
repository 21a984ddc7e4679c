from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines are shared and slow at times: a property fails for what it says, never for how long it took; and the same
# commit tries the same examples.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")

REFERENCE_DATA = Path(os.environ.get("M2B_REFERENCE_DATA", Path(__file__).parents[2] / "shared"))


@pytest.fixture(scope="session")
def reference_data() -> Path:
    """Real files and other engines' bills that may not be copied into the project."""
    if not REFERENCE_DATA.is_dir():
        pytest.skip("the reference data do not lie beside this checkout (set M2B_REFERENCE_DATA)")
    return REFERENCE_DATA
