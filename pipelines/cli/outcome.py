"""What a command came to, said once for people and once for programs.

A command returns an ``Outcome``; this module is the only place that prints it. Data go to stdout, talk to stderr;
with ``--json`` stdout carries exactly one object: ``ok``, ``run_id``, and ``data`` or ``error``.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.cli.grid import Grid, show
from schemas.errors import MeterToBillError

BUG = 1
USAGE = 2
INTERRUPTED = 130
"""Exit code of a program that was stopped from the keyboard: 128 + SIGINT."""


@dataclass(frozen=True)
class Outcome:
    """What a command came to.

    Attributes:
        data: what ``--json`` prints: dicts, lists, text, numbers, dates, decimals.
        shown: what people read on stdout: sentences and tables.
        talk: what people read on stderr.
        run_id: the run that was published; None where none was.
        exit_code: 0 done, 3 done with rejections or holds, 99 nothing to do.
        error: why it counts as failed though there are data; its exit code counts then.
        printed: the command wrote its own output already.
    """

    data: Any = None
    shown: Sequence[str | Grid] = ()
    talk: Sequence[str] = ()
    run_id: str | None = None
    exit_code: int = 0
    error: MeterToBillError | None = None
    printed: bool = field(default=False, kw_only=True)


def emit(outcome: Outcome, *, as_json: bool) -> int:
    """Print an outcome and return the exit code.

    Args:
        outcome: what a command came to.
        as_json: for programs.
    """
    error = outcome.error
    code = error.exit_code if error is not None else outcome.exit_code
    if outcome.printed:
        return code
    if as_json:
        body: dict[str, Any] = {"ok": error is None, "run_id": outcome.run_id}
        if error is not None:
            body["error"] = error_object(error)
        write_json(body | ({"data": outcome.data} if outcome.data is not None or error is None else {}))
        return code
    for part in outcome.shown:
        show(part, sys.stdout)
    for line in outcome.talk:
        say(line)
    if error is not None:
        say(f"error: {error}")
    return code


def emit_error(error: MeterToBillError, *, as_json: bool) -> int:
    """Print an anticipated failure and return its exit code."""
    return emit(Outcome(error=error), as_json=as_json)


def emit_usage(message: str, hint: str, *, as_json: bool) -> int:
    """Print a mistake in the command itself and return 2."""
    if as_json:
        error = {"code": "usage", "message": message, "hint": hint, "where": ""}
        write_json({"ok": False, "run_id": None, "error": error})
    else:
        say(f"error: {message}" + (f"\nhint: {hint}" if hint else ""))
    return USAGE


def emit_bug(failure: BaseException, *, as_json: bool) -> int:
    """Print a failure nobody anticipated, the traceback to stderr, and return 1."""
    traceback.print_exception(failure, file=sys.stderr)
    if as_json:
        message = f"{type(failure).__name__}: {failure}"
        error = {"code": "bug", "message": message, "hint": "report it with the traceback on stderr", "where": ""}
        write_json({"ok": False, "run_id": None, "error": error})
    return BUG


def error_object(error: MeterToBillError) -> dict[str, str]:
    """Return an error as programs read it."""
    return {"code": error.code, "message": error.message, "hint": error.hint, "where": error.where}


def write_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON holds
    """Write one JSON value and a line end to stdout."""
    sys.stdout.write(json.dumps(value, default=plain_value) + "\n")
    sys.stdout.flush()


def plain_value(value: object) -> str:
    """Return what JSON has no word for: decimals, dates and paths as text, instants in UTC with a Z.

    >>> plain_value(Decimal("1.50")), plain_value(datetime(2026, 1, 1, tzinfo=UTC))
    ('1.50', '2026-01-01T00:00:00Z')
    """
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z") if value.tzinfo is not None else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    return str(value)


def say(line: str) -> None:
    """Write a line of talk to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def hush_stdout() -> None:
    """Point stdout at nothing after its reader has gone, so that Python's own flush at exit stays quiet."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
