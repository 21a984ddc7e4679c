"""``tariff import``: price lists of foreign formats as tariff documents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pipelines.cli.grid import Grid
from pipelines.cli.options import FILE, json_option
from pipelines.cli.outcome import Outcome
from pipelines.cli.session import Session
from pipelines.operations.exports import replaced
from schemas.errors import InputRefusedError, TariffError
from tariffs.importers.exact_json import MAX_BYTES
from tariffs.importers.importer import ImportOptions
from tariffs.importers.tariff_file import TariffFile, import_tariff
from tariffs.load import MAX_BYTES as MAX_OVERLAY_BYTES


@click.command("import")
@click.argument("path", type=FILE, metavar="FILE")
@click.option(
    "--to", "target", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The tariff document, replaced whole."
)
@click.option("--overlay", "overlay_path", type=FILE, metavar="OVERLAY", help="YAML file with what FILE cannot say; merged in.")
@click.option("--without", multiple=True, metavar="FIELD", help="Leave this field of FILE out on purpose; repeat for more.")
@json_option
@click.pass_obj
def import_command(session: Session, path: Path, target: Path, overlay_path: Path | None, without: tuple[str, ...]) -> Outcome:
    """Make a tariff document of a rate in a foreign format.

    It may be URDB v8, an AU CDR energy plan, OpenTariff 1.2 or Danish charges; which one, the file tells.

    Every field is told: carried, kept as information or left out. A price that cannot be carried refuses the file by
    the name of its field, and nothing is written.
    """
    _keep_apart(target, path, overlay_path)
    overlay = None if overlay_path is None else _text_of(overlay_path)
    made = import_tariff(
        _bytes_of(path, MAX_BYTES),
        ImportOptions(str(path), frozenset(without)),
        imported_on=session.now().date(),
        overlay=overlay,
        overlay_where=str(overlay_path),
    )
    series = {name: target.with_name(f"{target.stem}.{name}.csv") for name in made.series}
    for name, beside in series.items():
        _keep_apart(beside, path, overlay_path)
        _write(beside, made.series[name])
    _write(target, made.text)
    grid = Grid(["field", "", "as"], [[each.field, each.fate.value.replace("_", " "), each.carried_as] for each in made.fields])
    return Outcome(
        _data(made, target) | {"series": series},
        [grid, f"{made.tariff.tariff}: {target}"],
        talk=[f"note: {note}" for note in (*made.notes, *(f"series {name}: {beside}" for name, beside in series.items()))],
    )


def _data(made: TariffFile, target: Path) -> dict[str, Any]:
    return {
        "path": target,
        "format": made.source,
        "tariff_id": made.tariff.tariff,
        "fields": [{"field": each.field, "fate": each.fate.value, "as": each.carried_as} for each in made.fields],
        "notes": list(made.notes),
    }


def _keep_apart(target: Path, path: Path, overlay: Path | None) -> None:
    for source in (path, overlay):
        if source is not None and target.exists() and source.exists() and target.samefile(source):
            message = f"--to is {source} itself"
            raise click.UsageError(message)


def _bytes_of(path: Path, most: int) -> bytes:
    """Return a file, or as much more of it than is allowed as shows that it is too large."""
    try:
        with path.open("rb") as file:
            return file.read(most + 1)
    except OSError as problem:
        code = "file.missing" if isinstance(problem, FileNotFoundError) else "file.unreadable"
        raise InputRefusedError(code, f"{path} cannot be read: {problem.strerror}", "check the path", str(path)) from None


def _text_of(path: Path) -> str:
    try:
        return _bytes_of(path, MAX_OVERLAY_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError:
        code = "tariff.syntax"
        raise TariffError(code, f"{path}: the text is not UTF-8", "save it as UTF-8", str(path)) from None


def _write(target: Path, text: str) -> None:
    """Write a file whole or not at all."""
    try:
        with replaced(target) as out:
            out.write(text.encode())
    except OSError as problem:
        code = "file.unwritable"
        raise InputRefusedError(code, f"{target} cannot be written: {problem.strerror}", "check the path", str(target)) from None
