"""Reading a profile: YAML in, a book out that can be followed; or every reason why not, at once."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any, NoReturn

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipelines.vee.estimation.steps import STEPS
from pipelines.vee.profile.book import ALWAYS, ProfileBook, Says, Version, merged, resolved
from pipelines.vee.profile.thresholds import OFF, VeeProfile
from pipelines.vee.rules.catalogue import rule_named
from schemas.codes import Severity
from schemas.errors import InputRefusedError

_HINT = "docs/reference/vee/profiles.md says what a profile may hold; m2b vee profiles lists the shipped ones"
_HEAD = ("profile", "extends", "source", "source_read", "signed_by")
_SAID = ("source", "signed_by", "thresholds", "severities", "classes", "meters")


@lru_cache(maxsize=16)
def load_profile(text: str) -> ProfileBook:
    """Return the book of a profile's text; an empty text is the shipped profile ``generic``.

    Args:
        text: YAML 1.2 (or JSON), see ``pipelines.vee.profile.book``; decimals may be quoted.

    Raises:
        InputRefusedError: no YAML mapping, a parameter, rule or step nobody knows, a value out of its range, versions that do
            not begin on the first of a month, a severity that a rule cannot have or that nobody signed; all reasons at once.

    >>> load_profile("spike_percent: 250").newest().spike_percent
    250
    """
    try:
        parsed = YAML(typ="safe", pure=True).load(io.StringIO(text))
        document = json.loads(json.dumps({} if parsed is None else parsed, default=str))
    except (YAMLError, TypeError) as error:
        _refuse(f"is no YAML mapping: {error}", error)
    if not isinstance(document, dict):
        _refuse("is no YAML mapping", None)
    try:
        book = ProfileBook.model_validate_json(json.dumps(_on_its_base(_in_versions(document))))
    except ValidationError as error:
        _refuse(f"cannot be followed: {'; '.join(_reasons(error, ''))}", error)
    problems = list(_problems(book))
    if problems:
        _refuse(f"cannot be followed: {'; '.join(problems)}", None)
    return book


def shipped_profiles() -> list[str]:
    """Return the names of the profiles that come with the program."""
    return sorted(path.name.removesuffix(".yaml") for path in _folder().iterdir() if path.name.endswith(".yaml"))


def shipped_text(name: str) -> str:
    """Return the text of a profile that comes with the program.

    Raises:
        InputRefusedError: there is none of that name.
    """
    if name not in shipped_profiles():
        code = "profile.unknown"
        raise InputRefusedError(code, f"no profile {name!r} is shipped", f"there are: {', '.join(shipped_profiles())}")
    return _folder().joinpath(f"{name}.yaml").read_text("utf-8")


def _folder() -> Any:  # noqa: ANN401 - importlib's own protocol
    return files("pipelines.vee").joinpath("profiles")


def _in_versions(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with versions; one that has none has one for ever, its thresholds may stand at the top."""
    document = dict(document)
    if "name" in document and "profile" not in document:
        document["profile"] = document.pop("name")
    if "versions" in document:
        return document
    head = {name: value for name, value in document.items() if name in _HEAD}
    version = {name: value for name, value in document.items() if name in _SAID[2:]}
    loose = {name: value for name, value in document.items() if name not in head and name not in version}
    version["thresholds"] = merged(version.get("thresholds", {}), loose)
    return head | {"versions": [version | {"from": ALWAYS.isoformat()}]}


def _on_its_base(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with the thresholds of the shipped profile that it extends underneath."""
    name = document.get("extends")
    versions = document["versions"]
    if name is None or not isinstance(versions, list) or not all(isinstance(version, dict) for version in versions):
        return document
    base = load_profile(shipped_text(str(name)))
    own = sorted(versions, key=lambda version: str(version.get("from", ALWAYS)))
    first = str(own[0].get("from", ALWAYS)) if own else ALWAYS.isoformat()
    starts = {str(version.get("from", ALWAYS)) for version in own}
    starts |= {version.since.isoformat() for version in base.versions if version.since.isoformat() > first}
    made = []
    for start in sorted(starts):
        above: dict[str, Any] = next((v for v in reversed(own) if str(v.get("from", ALWAYS)) <= start), {})
        below = base.version_of(start[:7]).model_dump(mode="json", by_alias=True, exclude_none=True)
        made.append(merged(below, above) | {"from": start})
    return document | {"versions": made}


def _refuse(what: str, cause: Exception | None) -> NoReturn:
    code = "profile.invalid"
    raise InputRefusedError(code, f"the VEE profile {what}", _HINT) from cause


def _reasons(error: ValidationError, where: str) -> Iterator[str]:
    for problem in error.errors():
        path = ".".join([*([where] if where else []), *map(str, problem["loc"])]) or "profile"
        yield f"{path}: {problem['msg']} (got {problem['input']!r})"


def _problems(book: ProfileBook) -> Iterator[str]:
    """Yield what is wrong with a book, one sentence each."""
    starts = [version.since for version in book.versions]
    if starts != sorted(set(starts)):
        yield "versions: each begins later than the one before it"
    for version in book.versions:
        if version.since.day != 1:
            yield f"versions: {version.since} is not the first of a month"
        where = "" if version.since == ALWAYS else str(version.since)
        signed = version.signed_by or book.signed_by
        yield from _said_problems((version,), where, signed)
        for name, said in version.classes.items():
            yield from _said_problems((version, said), f"{where}.classes.{name}".strip("."), signed)
        for name, said in version.meters.items():
            yield from _said_problems((version, said), f"{where}.meters.{name}".strip("."), signed)


def _said_problems(said: tuple[Version | Says, ...], where: str, signed_by: str | None) -> Iterator[str]:
    try:
        profile = resolved(*said)
    except ValidationError as error:
        yield from _reasons(error, where)
        return
    prefix = f"{where}." if where else ""
    yield from (f"{prefix}ladder: no step is called {name!r}, there are {', '.join(STEPS)}" for name in _unknown_steps(profile))
    for name, severity in said[-1].severities.items():
        rule = rule_named(name)
        if rule is None:
            yield f"{prefix}severities.{name}: no rule is called that"
        elif severity not in {OFF, *(s.value for s in Severity)} or not rule.allows(severity):
            yield f"{prefix}severities.{name}: {severity!r}, it may be {', '.join(rule.allowed)}"
        elif rule.is_statistical and severity == Severity.EST.value and not signed_by:
            yield f"{prefix}severities.{name}: a statistical rule replaces measured values only in a profile with signed_by"


def _unknown_steps(profile: VeeProfile) -> Iterator[str]:
    return (name for name in profile.ladder if name not in STEPS)
