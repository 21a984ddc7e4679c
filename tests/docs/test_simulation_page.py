"""The page on simulating tariffs says what the program says."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex

import pytest

from pipelines.cli.main import run
from tests.docs.pages import blocks, read

PAGE = "operating/simulating_tariffs.md"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files of the page."""
    for name, text in re.findall(r"`(\w+\.\w+)`\n\n```\w+\n(.*?)```", read(PAGE), re.DOTALL):
        (tmp_path / name).write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(command, *more):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        code = run([*shlex.split(command)[1:], *more])
    assert code == 0
    return out.getvalue()


def test_it_has_two_tariffs_and_a_load(folder):
    assert sorted(path.name for path in folder.iterdir()) == ["flat.yaml", "load.csv", "tariff.yaml"]


def test_each_command_prints_the_text_under_it(folder):
    commands = [block.text for block in blocks(PAGE, "bash")]
    assert [said(command) for command in commands] == [block.text for block in blocks(PAGE, "text")]
    assert len(commands) == 2


def test_programs_get_the_objects_of_the_page(folder):
    bill, comparison = (json.loads(block.text) for block in blocks(PAGE, "json"))
    first, second = (json.loads(said(block.text, "--json")) for block in blocks(PAGE, "bash"))
    first["data"]["periods"] = first["data"]["periods"][:1]
    assert json.dumps(first) == json.dumps(bill)
    assert json.dumps(second["data"]["compared"][:1]) == json.dumps(comparison["compared"])
