"""``tariff catalogue``: real published tariffs that come with the program."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import json_option
from pipelines.cli.outcome import Outcome
from pipelines.operations.exports import replaced
from schemas.errors import InputRefusedError
from tariffs.catalogue.entries import CatalogueEntry, entry, names
from tariffs.determinants import required_determinants, required_facts, required_series

_COLUMNS = ["tariff", "country", "what it is", "in force from", "published by"]


@click.command(name="catalogue")
@click.option("--show", metavar="NAME", help="Print the document of this tariff.")
@click.option(
    "--to", "target", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write it to FILE, replaced whole."
)
@json_option
def command(*, show: str | None, target: Path | None) -> Outcome:
    """List real published tariffs that come with the program, each with its source.

    They are documents like your own: show one, write it to a file, change it, load it.
    """
    if show is None:
        if target is not None:
            message = "--to goes with --show NAME"
            raise click.UsageError(message)
        return _all()
    chosen = entry(show)
    data = _told(chosen) | {"document": chosen.text}
    if target is None:
        return Outcome(data, [chosen.text.rstrip("\n")], talk=_open_events(chosen))
    _write(target, chosen.text)
    return Outcome(data | {"path": target}, [f"{chosen.name}: {target}"], talk=_open_events(chosen))


def _all() -> Outcome:
    entries = [entry(name) for name in names()]
    rows = [
        [each.name, each.source["country"], each.source["summary"], _in_force(each), each.source["publisher"]] for each in entries
    ]
    return Outcome({"tariffs": [_told(each) for each in entries]}, [Grid(_COLUMNS, rows)])


def _told(chosen: CatalogueEntry) -> dict[str, Any]:
    return {
        "tariff_id": chosen.name,
        "currency": chosen.tariff.currency,
        "clock": chosen.tariff.clock,
        "determinants": sorted(required_determinants(chosen.tariff)),
        "series": sorted(required_series(chosen.tariff)),
        "facts": sorted(required_facts(chosen.tariff)),
        "open_events": list(chosen.open_events),
        "versions": [{"from": version.from_, "source": version.source} for version in chosen.tariff.versions],
    }


def _in_force(chosen: CatalogueEntry) -> str:
    return ", ".join(version.from_.isoformat() for version in chosen.tariff.versions)


def _open_events(chosen: CatalogueEntry) -> list[str]:
    return [
        f"note: no price list says when {name} are; write their windows into the document before a bill needs them"
        for name in chosen.open_events
    ]


def _write(target: Path, text: str) -> None:
    try:
        with replaced(target) as out:
            out.write(text.encode())
    except OSError as problem:
        code = "file.unwritable"
        raise InputRefusedError(code, f"{target} cannot be written: {problem.strerror}", "check the path", str(target)) from None
