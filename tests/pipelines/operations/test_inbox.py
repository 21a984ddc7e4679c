from __future__ import annotations

import os

import pytest

from pipelines.operations import inbox as module
from pipelines.operations.inbox import Inbox
from schemas.errors import InputRefusedError


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.csv").write_text("a", "utf-8")
    return tmp_path


class _Known:
    """A store that knows some files by their hash."""

    def __init__(self, *known: str) -> None:
        self.known = known

    def snapshot(self):
        return self

    def read(self, *_: object, **__: object):
        return {"file_id": self}

    def to_pylist(self) -> list[str]:
        return list(self.known)


def names(paths) -> list[str]:
    return [path.name for path in paths]


def test_a_file_is_taken_when_two_looks_found_it_the_same(folder) -> None:
    box = Inbox(folder)
    assert (names(box.settled()), names(box.settled())) == ([], ["a.csv"])


def test_a_file_that_still_grows_waits(folder) -> None:
    box = Inbox(folder)
    box.settled()
    (folder / "a.csv").write_text("ab", "utf-8")
    assert (names(box.settled()), names(box.settled())) == ([], ["a.csv"])


def test_a_file_touched_since_the_last_look_waits(folder) -> None:
    box = Inbox(folder)
    box.settled()
    os.utime(folder / "a.csv", ns=(1, 1))
    assert names(box.settled()) == []


@pytest.mark.parametrize("name", [".hidden", "b.tmp", "b.part"])
def test_hidden_and_unfinished_files_are_none_of_ours(folder, name) -> None:
    (folder / name).write_text("b", "utf-8")
    box = Inbox(folder)
    box.settled()
    assert names(box.settled()) == ["a.csv"]


def test_a_file_that_was_taken_is_not_offered_again(folder) -> None:
    box = Inbox(folder)
    box.settled()
    box.taken(box.settled())
    assert names(box.settled()) == []


def test_a_taken_file_with_new_content_is_offered_again(folder) -> None:
    box = Inbox(folder)
    box.settled()
    box.taken(box.settled())
    (folder / "a.csv").write_text("another", "utf-8")
    box.settled()
    assert names(box.settled()) == ["a.csv"]


def test_what_the_store_knows_is_left_out_and_not_looked_at_again(folder) -> None:
    (folder / "b.csv").write_text("b", "utf-8")
    box = Inbox(folder)
    box.settled()
    known = _Known("ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb")  # sha-256 of "a"
    assert names(box.batch(known, box.settled())) == ["b.csv"]
    assert names(box.settled()) == ["b.csv"]


def test_a_batch_has_no_more_files_than_its_bound(folder, monkeypatch) -> None:
    monkeypatch.setattr(module, "BATCH_FILES", 2)
    for name in ("b", "c"):
        (folder / f"{name}.csv").write_text(name, "utf-8")
    box = Inbox(folder)
    box.settled()
    assert names(box.batch(_Known(), box.settled())) == ["a.csv", "b.csv"]


def test_a_batch_has_no_more_bytes_than_its_bound_but_at_least_one_file(folder, monkeypatch) -> None:
    monkeypatch.setattr(module, "BATCH_BYTES", 3)
    (folder / "a.csv").write_text("large", "utf-8")
    (folder / "b.csv").write_text("b", "utf-8")
    box = Inbox(folder)
    box.settled()
    assert names(box.batch(_Known(), box.settled())) == ["a.csv"]


def test_an_inbox_that_is_not_there_is_refused(tmp_path) -> None:
    with pytest.raises(InputRefusedError):
        Inbox(tmp_path / "none").settled()
