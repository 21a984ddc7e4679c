from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipelines.cli.main import run


class Called(NamedTuple):
    """What a call of the program left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def error(self) -> Any:
        return self.json["error"]


def clock() -> datetime:
    """A day on which January 2026 can be billed."""
    return datetime(2026, 2, 10, 3, tzinfo=UTC)


def call(*arguments: object, now: Callable[[], datetime] = clock) -> Called:
    """Run the program in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments], now)
    return Called(code, out.getvalue(), err.getvalue())


@pytest.fixture(autouse=True)
def somewhere_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Run every command in an empty folder: a store left beside the program is none of a test's."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def m2b() -> Callable[..., Called]:
    return call


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo of sixty service points; nobody writes to it."""
    folder = tmp_path_factory.mktemp("demo")
    made = call("demo", "--folder", folder, "--service-points", 60, "--seed", 7, "--json")
    assert made.code == 0, made.err
    (folder / "demo.out.json").write_text(made.out, "utf-8")
    return folder


@pytest.fixture(scope="session")
def demo_data(demo_folder: Path) -> dict[str, Any]:
    """What the demo said of itself."""
    return json.loads((demo_folder / "demo.out.json").read_text("utf-8"))["data"]


@pytest.fixture
def demo_copy(demo_folder: Path, tmp_path: Path) -> Path:
    """A demo to write to."""
    target = tmp_path / "copy"
    shutil.copytree(demo_folder, target, copy_function=os.link, ignore=shutil.ignore_patterns(".writer.lock"))
    return target
