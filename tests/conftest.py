from __future__ import annotations

import os
from collections import Counter
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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tell, by format, how many real files every test that speaks of them was content with."""
    content: dict[str, bool] = {}
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            for name, file in getattr(report, "user_properties", ()):
                if name == "real_file":
                    content[file] = content.get(file, True) and outcome == "passed"
    if content:
        all_of, right = (
            Counter(file.split("/")[0] for file, good in content.items() if good or wanted) for wanted in (True, False)
        )
        score = ", ".join(f"{folder} {right[folder]}/{count}" for folder, count in sorted(all_of.items()))
        terminalreporter.write_line(f"real files read as they must be: {sum(right.values())}/{len(content)} ({score})")
