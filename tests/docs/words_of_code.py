"""Stable words found in the code itself: codes, names of rules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.docs.pages import REPOSITORY

_CODE = re.compile(r"[a-z_]+\.[a-z_]+")
_FILE_NAME = re.compile(r".*\.(?:csv|json|yaml|zip|gz)")


def trees(*folders: str) -> Iterator[ast.Module]:
    """Yield the parsed modules below some folders of the project."""
    for folder in folders:
        for path in sorted((REPOSITORY / folder).rglob("*.py")):
            yield ast.parse(path.read_text("utf-8"), str(path))


def is_code(text: object) -> bool:
    """Tell a stable code, ``words.joined``, from other text."""
    return isinstance(text, str) and _CODE.fullmatch(text) is not None and _FILE_NAME.fullmatch(text) is None


def codes_in(folder: str) -> set[str]:
    """Return every literal of a folder that has the form of a code."""
    constants = (node.value for tree in trees(folder) for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {str(text) for text in constants if is_code(text)}


def error_codes(*folders: str) -> set[str]:
    """Return the codes of errors: values given to a name ``code``, first arguments of ``…Error(…)``, constants of problems."""
    return {str(text) for tree in trees(*folders) for node in ast.walk(tree) for text in _given(node) if is_code(text)}


def _given(node: ast.AST) -> Iterator[object]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _assigned(target, node.value)
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name.endswith("Error"):
            yield node.args[0].value


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[object]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for name, part in zip(target.elts, value.elts, strict=True):
            yield from _assigned(name, part)
    elif isinstance(target, ast.Name) and target.id in (
        "code",
        "INVALID",
        "IMPOSSIBLE",
        "UNSUPPORTED",
        "GAP",
        "SYNTAX",
        "UNKNOWN",
        "UNRECOGNISED",
    ):
        either = (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,)
        yield from (part.value for part in either if isinstance(part, ast.Constant))


def rules() -> set[str]:
    """Return the rules that validation reports: values given to ``rule``, and words that stand before a severity."""
    found: set[str] = set()
    for path in sorted((REPOSITORY / "pipelines" / "vee").rglob("*.py")):
        text = path.read_text("utf-8")
        found |= set(re.findall(r'\brule(?:, message)? ?= ?"([a-z_.]+)"', text))
        found |= set(re.findall(r'"([a-z_.]+)",\s*Severity\.', text))
    return found
