"""``vee conform``: play the conformance pack under a profile."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import json_option
from pipelines.cli.outcome import Outcome
from pipelines.conformance.pack import SHIPPED, Case, read_pack
from pipelines.conformance.play import play
from pipelines.conformance.verdict import Verdict, judge
from pipelines.vee.profile.load import load_profile, shipped_profiles, shipped_text
from schemas.errors import InputRefusedError, InvariantError


@click.command(name="conform")
@click.argument("profile")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of cases; the shipped pack where none is named.",
)
@click.option("--case", "names", multiple=True, metavar="NAME", help="Only this case. Repeatable.")
@json_option
def command(profile: str, folder: Path | None, names: tuple[str, ...]) -> Outcome:
    """Play given/when/then cases under a profile, a shipped one by its name or a file.

    Exit code 5 where one does not end as it must. Cases that are not of a shipped profile are left out; a profile of your own
    plays the cases of the profile it extends.
    """
    text = shipped_text(profile) if profile in shipped_profiles() else _read(profile)
    book = load_profile(text)
    of = book.profile if book.profile in shipped_profiles() else book.extends or "generic"
    cases = _chosen(read_pack(folder or SHIPPED), of, names)
    verdicts = [judge(case, made) for case, made in zip(cases, play(cases, book), strict=True)]
    failed = [verdict for verdict in verdicts if not verdict.passed]
    data = {
        "profile": book.profile,
        "signed_by": book.signed_by,
        "source": book.source,
        "source_read": book.source_read,
        "passed": len(verdicts) - len(failed),
        "failed": len(failed),
        "cases": [_entry(verdict) for verdict in verdicts],
    }
    shown: list[str | Grid] = [_grid(verdicts)]
    shown += [f"{verdict.case.name}: {difference}" for verdict in failed for difference in verdict.differences]
    shown.append(f"profile {book.profile}: {len(verdicts) - len(failed)} of {len(verdicts)} cases end as they must")
    return Outcome(data, shown, error=_error(failed))


def _read(path: str) -> str:
    try:
        return Path(path).read_text("utf-8")
    except OSError as problem:
        code = "profile.unknown"
        names = ", ".join(shipped_profiles())
        raise InputRefusedError(code, f"{path} is no file and no shipped profile", f"shipped: {names}", path) from problem


def _chosen(cases: list[Case], profile: str, names: tuple[str, ...]) -> list[Case]:
    known = {case.name for case in cases}
    for name in names:
        if name not in known:
            code = "conformance.unknown"
            raise InputRefusedError(code, f"no case is called {name}", "leave --case out to see them all", "--case")
    chosen = [case for case in cases if (case.name in names if names else profile in case.says.profiles)]
    if not chosen:
        code = "conformance.empty"
        raise InputRefusedError(code, f"no case is of the profile {profile}", "name cases with --case")
    return chosen


def _entry(verdict: Verdict) -> dict[str, object]:
    says = verdict.case.says
    return {
        "case": verdict.case.name,
        "title": says.title,
        "claims": says.claims,
        "vector": says.vector,
        "passed": verdict.passed,
        "differences": verdict.differences,
    }


def _grid(verdicts: list[Verdict]) -> Grid:
    rows = [
        ["ok" if one.passed else "DIFFERS", one.case.name, one.case.says.vector or "", ", ".join(one.case.says.claims)]
        for one in verdicts
    ]
    return Grid(["", "case", "vector", "claims"], rows)


def _error(failed: list[Verdict]) -> InvariantError | None:
    if not failed:
        return None
    code = "conformance.failed"
    names = ", ".join(verdict.case.name for verdict in failed[:5])
    return InvariantError(code, f"{len(failed)} cases do not end as they must: {names}", "the differences stand above")
