"""``tariff check``: a price list proven, minute by minute, before it bills."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from pipelines.cli.options import FILE, common
from pipelines.cli.outcome import Outcome
from pipelines.cli.proof_text import finding_text, proof_parts
from pipelines.cli.proof_tree import finding_tree, proof_tree
from pipelines.cli.session import Session
from pipelines.cli.tariff_entry import entry_of
from pipelines.lakehouse.settings import SETTINGS_FILE
from pipelines.lakehouse.store import Store
from pipelines.operations.tariff_documents import newest_hashes, newest_text, read_text
from schemas.errors import InvariantError, MeterToBillError, TariffError
from tariffs.load import YamlTree, path_text, read_tariff
from tariffs.model import Tariff
from tariffs.prover.findings import FAILURE, WARNING, Finding
from tariffs.prover.proof import Proof, prove
from tariffs.scalars import GAP, INVALID, UNSUPPORTED

_CODES = (UNSUPPORTED, GAP, INVALID)
"""The code of a refusal is the first of these that any failure has, as at load."""
_YEAR = click.IntRange(1900, 2900)
_STORED = {"absent": "not in the store", "same": "in the store as it is here", "other": "in the store with another text"}


@click.command()
@click.argument("path", type=FILE, metavar="FILE")
@click.option(
    "--from",
    "from_year",
    type=_YEAR,
    metavar="YEAR",
    show_default="that of the first version's date",
    help="First year of the proof.",
)
@click.option(
    "--to",
    "to_year",
    type=_YEAR,
    metavar="YEAR",
    show_default="five after the newest version, or after today, and 40 more by kind of day",
    help="Last year of the proof.",
)
@click.option("--strict", is_flag=True, help="Refuse a tariff with warnings too: exit 4.")
@common
@click.pass_obj
def check(session: Session, path: Path, from_year: int | None, to_year: int | None, strict: bool, root: Path) -> Outcome:  # noqa: FBT001 - click's signature
    """Prove a tariff document: every minute has one price, every rule is told.

    Every minute of every year of the proof has exactly one version, one period and one energy price per direction; what
    does not hold is told with its line, the path of its field and the minute that shows it. Prices and rules that are
    legal and look like a slip are warnings; where the store has the tariff with another text, so are dates in the past
    whose prices it changes.
    """
    text, sha256 = read_text(path)
    tariff, tree = read_tariff(text, str(path))
    in_store, loaded, talk = _loaded(root, tariff, sha256)
    proof = prove(tariff, today=session.today(), loaded=loaded, from_year=from_year, to_year=to_year)
    data = entry_of(tariff, path, sha256) | {"in_store": in_store, "proof": proof_tree(proof)}
    data["findings"] = [finding_tree(finding, proof, tree) for finding in proof.findings]
    told = [finding_text(finding, proof, tree, path) for finding in proof.findings if finding.severity != FAILURE]
    shown = [*proof_parts(proof, sha256, _STORED[in_store]), *told]
    return Outcome(data, shown, talk, error=_error(proof, tree, path, strict=strict))


def _loaded(root: Path, tariff: Tariff, sha256: str) -> tuple[str, Tariff | None, list[str]]:
    """Return whether the store has this text, the tariff it has in its place, and what is to be said of it."""
    if not (root / SETTINGS_FILE).exists():
        return "absent", None, []
    snapshot = Store(root).snapshot()
    known = newest_hashes(snapshot).get(tariff.tariff)
    text = newest_text(snapshot, tariff.tariff)
    if known is None or text is None:
        return "absent", None, []
    if known == sha256:
        return "same", None, []
    try:
        return "other", read_tariff(text, f"{tariff.tariff} in the store")[0], []
    except TariffError as problem:
        return "other", None, [f"dates in common were not compared: the loaded text cannot be read by this version: {problem}"]


def _error(proof: Proof, tree: YamlTree, path: Path, *, strict: bool) -> MeterToBillError | None:
    """Return why the tariff may not bill; None where it may."""
    failures, warnings = proof.of(FAILURE), proof.of(WARNING)
    if proof.is_ours:
        code, first = "tariff.two_readings", failures[0]
        what = _lines(failures, proof, tree, path)
        return InvariantError(code, what, "report it: the document is not to blame", path_text(first.path))
    if failures:
        codes = [*_CODES, *(finding.code for finding in failures)]
        first = next(finding for code in codes for finding in failures if finding.code == code)
        return TariffError(first.code, _lines(failures, proof, tree, path), "", path_text(first.path))
    if strict and warnings:
        code = "tariff.suspicious"
        hint = "mend it, or let the warnings pass without --strict"
        return TariffError(code, _lines(warnings, proof, tree, path), hint, path_text(warnings[0].path))
    return None


def _lines(findings: Sequence[Finding], proof: Proof, tree: YamlTree, path: Path) -> str:
    return "\n".join(finding_text(finding, proof, tree, path, named=False) for finding in findings)
