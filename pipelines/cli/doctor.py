"""``doctor``: is this computer fit to run?"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import common
from pipelines.cli.outcome import Outcome
from pipelines.operations.fitness import examine
from schemas.errors import StoreError


@click.command()
@common
def doctor(root: Path) -> Outcome:
    """Check this computer: versions, time zones, disk, lock.

    Beam and the store are looked at too. Exit code 4: something is not fit.
    """
    checks = examine(root)
    grid = Grid(["check", "", "found"], [[check.name, "ok" if check.ok else "NOT OK", check.found] for check in checks])
    bad = [check for check in checks if not check.ok]
    error = None
    if bad:
        code = "doctor.unfit"
        error = StoreError(code, "; ".join(f"{check.name}: {check.found}" for check in bad), "see the table above")
    return Outcome({"checks": [asdict(check) for check in checks]}, [grid], error=error)
