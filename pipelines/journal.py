"""The journal: one line per finished unit of work, appended by the workers, tailed by the command line.

A runner says nothing until it has ended, and what it says differs from runner to runner. Lines in a file are the
same everywhere; the plan of the run is the first line, so a reader knows how much is to come.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def journal_path(root: Path, run_id: str) -> Path:
    """Return the journal of a run."""
    return root / "journal" / f"{run_id}.jsonl"


def note(root: Path, run_id: str, stage: str, **facts: Any) -> None:  # noqa: ANN401 - facts are whatever JSON holds
    """Append one line; a line is one write, so lines of several workers never mix."""
    path = journal_path(root, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"stage": stage, **facts}, sort_keys=True) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)


def read_journal(root: Path, run_id: str, offset: int = 0) -> Iterator[tuple[dict[str, Any], int]]:
    """Yield the whole lines after ``offset`` and the offset after each."""
    path = journal_path(root, run_id)
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return
            offset += len(line)
            yield json.loads(line), offset
