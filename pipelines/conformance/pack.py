"""The pack: cases in folders, read and checked."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from schemas.errors import InputRefusedError

SHIPPED = Path(__file__).parent / "cases"
DEFAULT = "default"
CASE_FILE = "case.yaml"
TABLES = ("service_points", "meters", "registers", "agreements", "accounts", "customers", "agreement_facts")
DELIVERED = ("readings", "reads", "events")
FOLLOWS = ("readings", "exceptions")
Row = dict[str, str]
_HINT = "the pack's README says what a case may hold"


class CaseDocument(BaseModel):
    """``case.yaml``.

    ``claims`` names the rules whose findings are compared and the steps that the case shows; ``profiles`` the shipped profiles
    it holds for.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    title: str = Field(min_length=1)
    claims: tuple[str, ...] = Field(min_length=1, strict=False)
    profiles: tuple[str, ...] = Field(default=("generic",), min_length=1, strict=False)
    vector: str | None = None
    thresholds: dict[str, Any] = {}
    severities: dict[str, str] = {}


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        name: its folder.
        says: its document.
        given: master data by table.
        steps: for each delivery the delivered tables by name.
        then: what follows, by table; a table that is not there is not compared.
    """

    name: str
    says: CaseDocument
    given: dict[str, list[Row]]
    steps: list[dict[str, list[Row]]]
    then: dict[str, list[Row]] = field(default_factory=dict)


def read_pack(folder: Path) -> list[Case]:
    """Return the cases of a folder by name.

    Raises:
        InputRefusedError: there is none, or one cannot be read.
    """
    folders = sorted(path.parent for path in folder.glob(f"*/{CASE_FILE}"))
    if not folders:
        code = "conformance.empty"
        raise InputRefusedError(code, f"{folder} holds no case: no folder in it has a {CASE_FILE}", _HINT, str(folder))
    default = {path.stem: _rows(path) for path in sorted((folder / DEFAULT / "given").glob("*.csv"))}
    return [_case(path, default) for path in folders]


def _case(folder: Path, default: dict[str, list[Row]]) -> Case:
    given = default | _tables(folder / "given", TABLES)
    steps = [_tables(path, DELIVERED) for path in _steps(folder / "when")]
    then = _tables(folder / "then", FOLLOWS)
    if not then or not any(steps):
        code = "conformance.case"
        raise InputRefusedError(code, f"{folder.name}: nothing is delivered, or nothing follows", _HINT, str(folder))
    return Case(folder.name, _document(folder / CASE_FILE), given, steps, then)


def _document(path: Path) -> CaseDocument:
    code = "conformance.case"
    try:
        parsed = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
        return CaseDocument.model_validate_json(json.dumps(parsed, default=str))
    except (YAMLError, ValidationError, UnicodeDecodeError) as problem:
        raise InputRefusedError(code, f"{path} cannot be read: {problem}", _HINT, str(path)) from problem


def _steps(when: Path) -> list[Path]:
    """Return the folders of the deliveries in order: ``when/1``, ``when/2``; ``when`` itself where there is but one."""
    numbered = sorted((path for path in when.iterdir() if path.is_dir()), key=lambda path: path.name) if when.is_dir() else []
    return numbered or [when]


def _tables(folder: Path, known: tuple[str, ...]) -> dict[str, list[Row]]:
    found = {path.stem: path for path in sorted(folder.glob("*.csv"))}
    for name, path in found.items():
        if name not in known:
            code = "conformance.case"
            raise InputRefusedError(code, f"{path}: no table {name} belongs there", f"there may be {', '.join(known)}", str(path))
    return {name: _rows(path) for name, path in found.items()}


def _rows(path: Path) -> list[Row]:
    return list(_numbered(path))


def _numbered(path: Path) -> Iterator[Row]:
    """Yield the rows of a table, each with its place for people under the name ``""``."""
    with path.open(encoding="utf-8", newline="") as opened:
        for row in csv.DictReader(opened, strict=True):
            place = f"{path.parent.parent.name}/{path.name}"
            if None in row or None in row.values():
                code = "conformance.case"
                raise InputRefusedError(code, f"{place}: a row has not as many cells as there are names", _HINT, str(path))
            yield {**row, "": place}
