"""The page on re-rating the book says what the program says."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from datetime import UTC, datetime

import pytest

from pipelines.cli.main import run
from pipelines.operations.book_simulation.files import ENDINGS
from pipelines.operations.book_simulation.groups import GROUPINGS
from tests.docs.pages import blocks, prose, read, rows_of_keys

PAGE = "operating/rerating_the_book.md"
NOW = datetime(2026, 2, 10, 3, tzinfo=UTC)
_RUN_ID = re.compile(r"\d{8}T\d{9}Z-[0-9a-f]{6}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the draft of the page and the demo that it speaks of."""
    here = tmp_path_factory.mktemp("page")
    for name, text in re.findall(r"`([\w-]+\.\w+)`\n\n```\w+\n(.*?)```", read(PAGE), re.DOTALL):
        (here / name).write_text(text, "utf-8")
    with contextlib.chdir(here):
        said(commands()[0])
    return here


def commands() -> list[str]:
    return [line for block in blocks(PAGE, "bash") for line in block.text.splitlines()]


def said(command: str, *more: str) -> str:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run([*shlex.split(command)[1:], *more], lambda: NOW)
    assert code == 0
    return out.getvalue()


def test_the_command_prints_the_text_under_it(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (block,) = blocks(PAGE, "text")
    answer = said(commands()[1])
    assert _RUN_ID.sub("RUN", answer) == _RUN_ID.sub("RUN", block.text)


def test_the_files_of_the_page_are_written_and_programs_get_its_object(folder, monkeypatch):
    monkeypatch.chdir(folder)
    answer = json.loads(said(commands()[2], "--by", "generation", "--json"))
    assert {path.name for path in folder.iterdir()} >= {"report.html", "rows.parquet"}
    (block,) = blocks(PAGE, "json")
    (group,) = [each for each in answer["data"]["currencies"][0]["by"]["generation"] if each["group"] == "no"]
    told = json.loads(block.text)
    assert {name: group[name] for name in told} == told


def test_every_grouping_and_every_ending_is_told():
    groups = rows_of_keys(read(PAGE), "`--by`")
    assert set(groups) == set(GROUPINGS)
    assert set(rows_of_keys(read(PAGE), "ending")) == set(ENDINGS)


def test_the_keys_of_the_answer_are_told(folder, monkeypatch):
    monkeypatch.chdir(folder)
    data = json.loads(said(commands()[1], "--json"))["data"]
    words = set(re.findall(r"`([^`]+)`", prose(read(PAGE))))
    assert set(data) <= words
    assert set(data["currencies"][0]) - {"currency"} <= words
