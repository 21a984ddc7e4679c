"""A progress bar on a terminal, fed by the journal that the workers write."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any

from pipelines.journal import journal_path, read_journal

_LOOK_SECONDS = 0.2


@contextmanager
def progress(root: Path) -> Iterator[None]:
    """Show a bar on stderr while a run is under way in the store at ``root``; elsewhere than on a terminal, nothing."""
    if not sys.stderr.isatty():
        yield
        return
    folder = journal_path(root, "any").parent
    before = {path.stem for path in folder.glob("*.jsonl")}
    stop = Event()
    follower = Thread(target=_follow, args=(root, folder, before, stop), daemon=True)
    follower.start()
    try:
        yield
    finally:
        stop.set()
        follower.join()


def _follow(root: Path, folder: Path, before: set[str], stop: Event) -> None:
    """Tail the journal of the run that began after ``before`` was listed, until told to stop."""
    from rich.console import Console  # noqa: PLC0415 - only where somebody looks
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}
        run_id, offset = "", 0
        last = False
        while not last:
            last = stop.wait(_LOOK_SECONDS)
            if not run_id:
                fresh = sorted({path.stem for path in folder.glob("*.jsonl")} - before)
                run_id = fresh[0] if fresh else ""
                continue
            for line, after in read_journal(root, run_id, offset):
                _advance(bars, tasks, line)
                offset = after


def _advance(bars: Any, tasks: dict[str, Any], line: dict[str, Any]) -> None:  # noqa: ANN401 - rich is imported when it is needed
    """Move the bar of a stage by what one line of the journal says was done."""
    if line["stage"] == "plan":
        stages = {"ingest": line["files"], "vee": line["validates"] * line["buckets"], "bill": line["bills"] * line["buckets"]}
        titles = {"ingest": "take in files", "vee": "validate", "bill": "bill"}
        tasks.update({stage: bars.add_task(titles[stage], total=total) for stage, total in stages.items() if total})
    elif line["stage"] in tasks:
        bars.advance(tasks[line["stage"]], line.get("files", 1))
